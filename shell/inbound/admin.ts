/** Requests of the operator to cancel or retry builds, with the admin token. */
import * as O from 'fp-ts/lib/Option.js'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Builds, State, WorkflowName } from '../../core/index.js'
import type { Clock, HandleAdmin, Log } from '../ports.js'
import { type HttpReply, json, notFound, text, unsaved } from './http/responses.js'
import type { Asked } from './http/routes.js'
import { buildOf, runNamed } from './readers/lookup.js'

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Compares digests, which have one length: timing reveals neither the bytes nor the length of the token. */
const isToken = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token))

const BEARER = /^Bearer +([^\s]+) *$/i

/** Outcomes of admin requests, as counted. */
export const ADMIN_RESULTS = ['accepted', 'refused', 'unauthorized', 'error'] as const
export type AdminResult = (typeof ADMIN_RESULTS)[number]

export interface AdminPorts {
  readonly clock: Clock
  readonly count: (result: AdminResult) => void
  readonly durable: () => State
  readonly log: Log
  readonly handle: HandleAdmin
  /** `undefined`: admin requests are off, and answered as unknown paths are. */
  readonly token: string | undefined
}

/** Why an admin request is refused. */
const REFUSALS: { readonly [refusal in Builds.OrderRefusal]: string } = {
  ended: 'the build has already ended',
  limit: 'no room for another run: too many are waiting, or unfinished runs hold too much; retry later',
  right: 'the repository no longer names this spindle, or whoever caused the run may no longer push to it',
  running: 'the build has not ended yet',
  undecided: 'it is not known yet who may push to the repository: its knot is being asked; retry later',
  unknown: 'no such run or build'
}

/** `POST /builds/{knot}/{rkey}[/{workflow}]/{cancel|retry}`. A request that would come to nothing is refused. */
export const takeAdmin = async (ports: AdminPorts, asked: Asked, names: ReadonlyArray<string>, action: 'cancel' | 'retry'): Promise<HttpReply> => {
  const { clock, count, durable, handle, log, token } = ports
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
  const outcome = await handle(wanted)
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
