/**
 * What others may tell us: providers how builds stand, the operator what to do. Nothing is decided here, and nothing believed that
 * is not signed: what is said becomes an event, and the machine sees what it is worth.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { type Builds, excerpt, ExitCode, type State, type WorkflowName } from '../../core/index.js'
import type { Clock, Log, Submit, TakeOrder } from '../ports.js'
import type { Provider, WebhookAnswer, WebhookRequest } from '../providers/provider.js'
import { type Answer, type Asked, type Budget, json, notFound, readBody, text } from './http.js'
import { buildOf, runNamed } from './names.js'

// ---------------------------------------------------------------------------------------- webhooks

/** What became of a webhook, as it is counted. */
export const WEBHOOK_RESULTS = ['reports', 'unauthorized', 'bad_request', 'too_large', 'too_busy', 'error'] as const
export type WebhookResult = (typeof WEBHOOK_RESULTS)[number]

export interface WebhookPorts {
  readonly budget: Budget
  readonly clock: Clock
  readonly count: (provider: string, result: WebhookResult) => void
  readonly limitBytes: number
  readonly log: Log
  readonly submit: Submit
}

/** A header that comes more than once is a list: of two signatures, nobody can say which one counts. */
const headersOf = ({ headersDistinct }: IncomingMessage): WebhookRequest['headers'] =>
  Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, values?.length === 1 ? values[0] : values]))

const ask = (provider: Provider, request: IncomingMessage, body: Buffer, nowMs: number): E.Either<string, WebhookAnswer | null> =>
  E.tryCatch(() => provider.webhook?.({ body, headers: headersOf(request), nowMs }) ?? null, String)

/** What is accepted is safe. What may not be must be said again. */
const unsaved = text(503, 'cannot be saved now; retry later', { 'retry-after': '5' })

/** `POST /webhooks/{provider}`. */
export const takeWebhook = async (ports: WebhookPorts, provider: Provider, asked: Asked, request: IncomingMessage): Promise<Answer | null> => {
  const { budget, clock, count, limitBytes, log, submit } = ports
  const result = (kind: WebhookResult, answer: Answer): Answer => {
    count(provider.name, kind)
    return answer
  }
  const body = await readBody(request, limitBytes, budget)
  if (E.isLeft(body))
    switch (body.left) {
      case 'gone':
        return null
      case 'large':
        return result('too_large', text(413, `body larger than ${String(limitBytes)} bytes`))
      case 'busy':
        return result('too_busy', text(503, 'too much is being sent at once; retry later', { 'retry-after': '5' }))
    }
  const at = clock.now()
  const answer = ask(provider, request, body.right, Math.floor(at / 1000))
  if (E.isLeft(answer)) {
    log.error('webhook failed', { provider: provider.name, reason: excerpt(answer.left) })
    return result('error', text(500, 'internal error; it has been logged'))
  }
  if (answer.right === null) return notFound
  switch (answer.right._tag) {
    case 'Unauthorized':
      log.warn('webhook rejected: bad signature', { provider: provider.name, from: asked.address, reason: excerpt(answer.right.reason) })
      return result('unauthorized', text(401, 'bad signature or token', { 'www-authenticate': 'Signature' }))
    case 'BadRequest':
      log.warn('webhook rejected: bad request', { provider: provider.name, reason: excerpt(answer.right.reason) })
      return result('bad_request', text(400, excerpt(answer.right.reason)))
    case 'Reports': {
      const safe = await Promise.all(
        answer.right.reports.map(({ build, progress: { error, exitCode, external, status } }) =>
          submit({ _tag: 'BuildReported', at, build, error, exitCode: ExitCode.is(exitCode) ? exitCode : null, external, provider: provider.name, status })
        )
      )
      return safe.every(Boolean) ? result('reports', { status: 204 }) : result('error', unsaved)
    }
  }
}

// ---------------------------------------------------------------------------------------- the operator

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Compared by their digests: these are of one length, and neither bytes nor length of the token can be told from the time it takes. */
const isToken = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token))

const BEARER = /^Bearer +([^\s]+) *$/i

/** What became of an order, as it is counted. */
export const ORDER_RESULTS = ['accepted', 'refused', 'unauthorized', 'error'] as const
export type OrderResult = (typeof ORDER_RESULTS)[number]

export interface AdminPorts {
  readonly clock: Clock
  readonly count: (result: OrderResult) => void
  readonly durable: () => State
  readonly log: Log
  readonly order: TakeOrder
  /** `undefined`: nobody may tell us anything, and nobody is told that somebody could. */
  readonly token: string | undefined
}

/** Why an order comes to nothing, for whoever gave it. */
const REFUSALS: { readonly [refusal in Builds.OrderRefusal]: string } = {
  ended: 'the build has already ended',
  limit: 'too many runs of this knot are waiting for their workflow files; retry later',
  right: 'the repository no longer names this spindle, or whoever caused the run no longer has rights in it',
  running: 'the build has not ended yet',
  unknown: 'no such run or build'
}

/** `POST /builds/{knot}/{rkey}[/{workflow}]/{cancel|retry}`. What can come to nothing is not accepted. */
export const takeOrder = async (ports: AdminPorts, asked: Asked, names: ReadonlyArray<string>, action: 'cancel' | 'retry'): Promise<Answer> => {
  const { clock, count, durable, log, order, token } = ports
  if (token === undefined) return notFound
  const [, given] = BEARER.exec(asked.headers.authorization ?? '') ?? []
  if (given === undefined || !isToken(given, token)) {
    count('unauthorized')
    log.warn('admin request rejected: bad token', { from: asked.address })
    return text(401, 'admin token required', { 'www-authenticate': 'Bearer' })
  }
  const [knot = '', rkey = '', workflow] = names
  const run = runNamed(durable(), knot, rkey)
  if (O.isNone(run)) return notFound
  let which: WorkflowName | null = null
  if (workflow !== undefined) {
    const build = buildOf(run.value, workflow)
    if (O.isNone(build)) return notFound
    which = build.value.name.workflow
  }
  const { knot: host, rkey: key } = run.value
  const wanted = { _tag: action === 'cancel' ? 'CancelRequested' : 'RetryRequested', at: clock.now(), knot: host, rkey: key, workflow: which } as const
  log.info('admin request', { action, knot: host, rkey: key, workflow: which })
  const outcome = await order(wanted)
  switch (outcome) {
    case 'accepted':
      count('accepted')
      return json(202, { accepted: true })
    case 'unsafe':
      count('error')
      return unsaved
    default:
      count('refused')
      return json(409, { accepted: false, reason: REFUSALS[outcome] })
  }
}
