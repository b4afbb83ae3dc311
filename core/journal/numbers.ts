/**
 * Numbers: answers, connections and timers carry the number under which they were requested. Here: which number is open
 * for what an event is about; and, if numbers are given out differently than when a journal was written, which of
 * today's numbers an event of that journal means.
 */
import * as O from 'fp-ts/lib/Option.js'
import { entryOf } from '../access/index.js'
import type { Phase } from '../base/connection.js'
import type { Request } from '../base/request.js'
import { limitMs, requestOf } from '../builds/provider-requests.js'
import { buildOf, runOf } from '../builds/runs.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type {
  CollaboratorUpdated,
  Event,
  KnotClosed,
  KnotFrameRejected,
  KnotOpened,
  KnotReceived,
  Requested,
  TimerFired
} from '../event.js'
import type { BuildName } from '../model/build.js'
import type { State } from '../state.js'

// ---------------------------------------------------------------------------------------- what is open

/** The number of the connection to a knot, if it is in one of these phases; with `null`, in any. */
const ofConnection = (
  state: State,
  host: HostName,
  phases: ReadonlyArray<Phase['_tag']> | null
): Natural | null => {
  const subscription = O.toNullable(M.lookup(host)(state.knots.subscriptions))
  if (subscription === null) return null
  const { number, phase } = subscription.connection
  return phases === null || phases.includes(phase._tag) ? number : null
}

/** The request about that, if there is one. */
const requestAbout = (state: State, requested: Requested): Request | null => {
  switch (requested._tag) {
    case 'Records':
      return O.toNullable(M.lookup(requested.did)(state.backfill.accounts))?.request ?? null
    case 'Access':
      return entryOf(state.access, requested.knot, requested.repo)?.request ?? null
    case 'Workflows': {
      const phase = runOf(state.builds, requested.knot, requested.rkey)?.phase
      return phase?._tag === 'Reading' ? phase.request : null
    }
    case 'Build': {
      const build = buildOf(state.builds, requested.build)
      return build === null ? null : requestOf(build.phase)
    }
  }
}

/** The number of the request about that, if it is in such a phase. */
const ofRequest = (state: State, requested: Requested, phase: Request['phase']): Natural | null => {
  const request = requestAbout(state, requested)
  return request !== null && request.phase === phase ? request.number : null
}

/** What the event answers; `null` for one that answers nothing. */
const answered = (event: Event): Requested | null => {
  switch (event._tag) {
    case 'RecordsRead':
      return { _tag: 'Records', did: event.did }
    case 'AccessRead':
      return { _tag: 'Access', knot: event.knot, repo: event.repo }
    case 'WorkflowsRead':
      return { _tag: 'Workflows', knot: event.knot, rkey: event.rkey }
    case 'BuildAccepted':
    case 'BuildMissing':
    case 'CancelAcknowledged':
      return { _tag: 'Build', build: event.build }
    case 'RequestFailed':
      return event.requested
    default:
      return null
  }
}

/** The number of a push's wait for its pipeline. */
const ofWait = (state: State, knot: HostName, rkey: Rkey): Natural | null => {
  const phase = runOf(state.builds, knot, rkey)?.phase
  return phase?._tag === 'Waiting' ? phase.number : null
}

/** How much too early a timer may have fired. */
const EARLY_US = 1_000_000

/** The number of a build's deadline, if it can have passed: timers of statuses that the build has left fire as well. */
const ofDeadline = (state: State, at: TimeUs, name: BuildName): Natural | null => {
  const build = buildOf(state.builds, name)
  if (build === null) return null
  return at - build.statusUs >= limitMs(state.config, build) * 1_000 - EARLY_US ? build.deadline : null
}

/** The number of what a timer is for. */
const ofTimer = (state: State, { at, timer }: TimerFired): Natural | null => {
  switch (timer._tag) {
    case 'JetstreamTimer':
      return null
    case 'KnotTimer':
      return ofConnection(state, timer.host, ['Waiting'])
    case 'RequestTimer':
      return ofRequest(state, timer.requested, 'Pausing')
    case 'PushTimer':
      return ofWait(state, timer.knot, timer.rkey)
    case 'SourceTimer':
      return O.toNullable(M.lookup(timer.knot)(state.builds.sources))?.leaving?.number ?? null
    case 'DeadlineTimer':
      return ofDeadline(state, at, timer.build)
  }
}

/** The open number for what the event is about; `null` if there is none. */
export const openNumber = (state: State, event: Event): Natural | null => {
  switch (event._tag) {
    case 'KnotOpened':
      return ofConnection(state, event.host, ['Connecting'])
    case 'KnotClosed':
      return ofConnection(state, event.host, ['Connecting', 'Open'])
    case 'CollaboratorUpdated':
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return ofConnection(state, event.host, null)
    case 'TimerFired':
      return ofTimer(state, event)
    default: {
      const requested = answered(event)
      return requested === null ? null : ofRequest(state, requested, 'Asked')
    }
  }
}

// ---------------------------------------------------------------------------------------- what an event says

/** Whether the event is about a connection to a knot. */
const isOfKnot = (
  event: Event
): event is CollaboratorUpdated | KnotClosed | KnotFrameRejected | KnotOpened | KnotReceived =>
  event._tag === 'CollaboratorUpdated' ||
  event._tag === 'KnotOpened' ||
  event._tag === 'KnotClosed' ||
  event._tag === 'KnotFrameRejected' ||
  event._tag === 'KnotReceived'

/** The number of ours that the event carries; `null` if it carries none. (The stream's own do not count.) */
export const numberIn = (event: Event): Natural | null => {
  if (isOfKnot(event)) return event.connection
  if (event._tag !== 'TimerFired') return 'number' in event ? event.number : null
  const { timer } = event
  if (timer._tag === 'JetstreamTimer') return null
  return timer._tag === 'KnotTimer' ? timer.connection : timer.number
}

/** The event with another number, if it carries one. */
export const withNumber = (event: Event, number: Natural): Event => {
  if (isOfKnot(event)) return { ...event, connection: number }
  if (event._tag !== 'TimerFired') return 'number' in event ? { ...event, number } : event
  const { timer } = event
  if (timer._tag === 'JetstreamTimer') return event
  return { ...event, timer: timer._tag === 'KnotTimer' ? { ...timer, connection: number } : { ...timer, number } }
}

/** The counts that numbers come from. */
type Count = 'access' | 'builds' | 'knots' | 'records'

/**
 * The count that an event's number comes from. Connections to knots, readings of accounts, readings of who may push,
 * and requests for builds are counted separately.
 */
const countOf = (event: Event): Count => {
  if (isOfKnot(event)) return 'knots'
  if (event._tag === 'TimerFired' && event.timer._tag === 'KnotTimer') return 'knots'
  const requested =
    event._tag === 'TimerFired' && event.timer._tag === 'RequestTimer' ? event.timer.requested : answered(event)
  if (requested?._tag === 'Access') return 'access'
  return requested?._tag === 'Records' ? 'records' : 'builds'
}

/** For each number in the journal, the number of today that it stands for. */
export type Renumbered = { readonly [C in Count]: M.OrderedMap<string, Natural> }

/** No number stands for another yet. */
export const NONE_RENUMBERED: Renumbered = {
  access: M.empty(),
  builds: M.empty(),
  knots: M.empty(),
  records: M.empty()
}

/**
 * The event with today's number, for a state in which fewer numbers have been given out than when the event came; and
 * what is known of numbers after it. A number that has not been given out yet can only mean the one that is open, and
 * stands for it from then on.
 */
export const renumber = (known: Renumbered, state: State, event: Event): readonly [Renumbered, Event] => {
  const number = numberIn(event)
  if (number === null) return [known, event]
  const count = countOf(event)
  const key = String(number)
  const open = openNumber(state, event)
  const meant = O.toNullable(M.lookup(key)(known[count]))
  const now = meant ?? (open !== null && number > open ? open : number)
  const learnt = open === now ? { ...known, [count]: M.upsertAt(key, now)(known[count]) } : known
  return [learnt, now === number ? event : withNumber(event, now)]
}
