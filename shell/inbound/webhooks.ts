/**
 * Webhooks of providers. Nothing is decided here, and nothing unsigned is believed: each report becomes an event, and the machine
 * decides what comes of it.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import { excerpt } from '../../core/index.js'
import type { Clock, Log, Submit } from '../ports.js'
import type { Provider, WebhookAnswer, WebhookRequest } from '../providers/provider.js'
import { reportOf } from '../providers/report.js'
import { type Budget, readBody } from './http/body.js'
import { type HttpReply, text, unsaved } from './http/responses.js'
import type { Asked } from './http/routes.js'

/** Outcomes of webhooks, as counted. */
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

/** What a provider makes of a webhook. */
type Webhook = NonNullable<Provider['webhook']>

/** A repeated header is a list, and refused: it is unclear which of two signatures counts. */
const headersOf = ({ headersDistinct }: IncomingMessage): WebhookRequest['headers'] =>
  Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, values?.length === 1 ? values[0] : values]))

const ask = (webhook: Webhook, request: IncomingMessage, body: Buffer, nowMs: number): E.Either<string, WebhookAnswer> =>
  E.tryCatch(() => webhook({ body, headers: headersOf(request), nowMs }), String)

/**
 * A webhook that no provider takes: the operator is told, because the CI alone would see it, in its own log. `isThere`: the provider exists, but was made
 * without the secret that its webhooks are signed with.
 */
export const missWebhook = (log: Log, name: string, isThere: boolean, { address }: Asked): HttpReply => {
  const hint = isThere
    ? 'this provider takes no webhooks; where its kind can, they need "webhookSecret"'
    : 'there is no such provider; the path is /webhooks/ and the name under "providers"'
  log.warn('webhook rejected: nobody takes it', { from: address, provider: excerpt(name), hint })
  return text(404, hint)
}

/** `POST /webhooks/{provider}`. */
export const takeWebhook = async (
  ports: WebhookPorts,
  name: string,
  webhook: Webhook,
  { address }: Asked,
  request: IncomingMessage
): Promise<HttpReply | null> => {
  const { budget, clock, count, limitBytes, log, submit } = ports
  const result = (kind: WebhookResult, answer: HttpReply): HttpReply => {
    count(name, kind)
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
        return result('too_busy', text(503, 'too much data at once; retry later', { 'retry-after': '5' }))
    }
  const at = clock.now()
  const answer = ask(webhook, request, body.right, Math.floor(at / 1000))
  if (E.isLeft(answer)) {
    log.error('webhook failed', { provider: name, reason: excerpt(answer.left) })
    return result('error', text(500, 'internal error; it has been logged'))
  }
  switch (answer.right._tag) {
    case 'Unauthorized':
      log.warn('webhook rejected: bad signature', { provider: name, from: address, reason: excerpt(answer.right.reason) })
      return result('unauthorized', text(401, 'bad signature or token', { 'www-authenticate': 'Signature' }))
    case 'BadRequest':
      log.warn('webhook rejected: bad request', { provider: name, reason: excerpt(answer.right.reason) })
      return result('bad_request', text(400, excerpt(answer.right.reason)))
    case 'Reports': {
      const safe = await Promise.all(
        answer.right.reports.map(({ build, progress }) => submit(reportOf(at, name, build, progress)))
      )
      return safe.every(Boolean) ? result('reports', { status: 204 }) : result('error', unsaved)
    }
  }
}
