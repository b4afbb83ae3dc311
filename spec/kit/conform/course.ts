/**
 * Runs made smaller. When events are taken out of a run, connections and requests that came after them have other numbers; so that what
 * is left still means what it meant, an event is remembered with the distance of its number from the one that was there.
 */
import * as E from 'fp-ts/lib/Either.js'
import {
  type BuildName,
  type Builds,
  Config,
  defaults,
  type Did,
  type Event,
  type HostName,
  type Natural,
  OrderedMap as M,
  type Requested,
  type Rkey,
  type State,
  step,
  type Timer,
  type TimeUs
} from '../../../core/index.js'
import { type Beginning, stateAt } from '../../../shell/lib/trace.js'
import type { Course } from './inputs.js'

export interface Relative {
  /** `null` when there was nothing that the number could be compared with. */
  readonly distance: number | null
  readonly event: Event
}

// ---------------------------------------------------------------------------------------- numbers

const knotNumber = (state: State, host: HostName): number | null => {
  const subscription = M.toEntries(state.knots.subscriptions).find(([name]) => name === host)?.[1]
  return subscription?.connection.number ?? null
}

const readingNumber = (state: State, did: Did): number | null =>
  M.toEntries(state.backfill.accounts).find(([name]) => name === did)?.[1].request.number ?? null

const runOf = (state: State, knot: HostName, rkey: Rkey): Builds.Run | null =>
  M.toEntries(state.builds.runs).find(([key]) => key === `${knot}/${rkey}`)?.[1] ?? null

const filesNumber = (state: State, knot: HostName, rkey: Rkey): number | null => {
  const phase = runOf(state, knot, rkey)?.phase
  if (phase === undefined || phase._tag === 'Read') return null
  return phase._tag === 'Waiting' ? phase.number : phase.request.number
}

const accessNumber = (state: State, knot: HostName, repo: string): number | null => {
  const entry = M.toEntries(state.access.entries).find(([key]) => key === `${knot}/${repo}`)
  return entry?.[1].request.number ?? null
}

const sourceNumber = (state: State, knot: HostName): number | null => {
  const source = M.lookup(knot)(state.builds.sources)
  return source._tag === 'Some' ? (source.value.leaving?.number ?? null) : null
}

const buildOf = (state: State, { knot, rkey, workflow }: BuildName): Builds.Build | null => {
  const run = runOf(state, knot, rkey)
  return run === null ? null : (M.toEntries(run.builds).find(([name]) => name === workflow)?.[1] ?? null)
}

const buildNumber = (state: State, name: BuildName): number | null => {
  const phase = buildOf(state, name)?.phase
  return phase !== undefined && 'request' in phase ? phase.request.number : null
}

const requestNumber = (state: State, requested: Requested): number | null => {
  switch (requested._tag) {
    case 'Records':
      return readingNumber(state, requested.did)
    case 'Access':
      return accessNumber(state, requested.knot, requested.repo)
    case 'Workflows':
      return filesNumber(state, requested.knot, requested.rkey)
    case 'Build':
      return buildNumber(state, requested.build)
  }
}

/** The number that is there for a timer. */
const presentFor = (state: State, timer: Timer): number | null => {
  switch (timer._tag) {
    case 'JetstreamTimer':
      return state.cursor.connection.number
    case 'KnotTimer':
      return knotNumber(state, timer.host)
    case 'RequestTimer':
      return requestNumber(state, timer.requested)
    case 'SourceTimer':
      return sourceNumber(state, timer.knot)
    case 'PushTimer':
      return filesNumber(state, timer.knot, timer.rkey)
    case 'DeadlineTimer':
      return buildOf(state, timer.build)?.deadline ?? null
  }
}

/** The number that an event carries, and the one that is there; `null` when it carries none. */
const numbersOf = (state: State, event: Event): { readonly carried: number; readonly present: number | null } | null => {
  switch (event._tag) {
    case 'Started':
    case 'StopRequested':
    case 'PassedOver':
    case 'BuildReported':
    case 'CancelRequested':
    case 'RetryRequested':
    case 'CallReceived':
      return null
    case 'TimerFired': {
      const { timer } = event
      return { carried: 'number' in timer ? timer.number : timer.connection, present: presentFor(state, timer) }
    }
    case 'RecordsRead':
      return { carried: event.number, present: readingNumber(state, event.did) }
    case 'AccessRead':
      return { carried: event.number, present: accessNumber(state, event.knot, event.repo) }
    case 'WorkflowsRead':
      return { carried: event.number, present: filesNumber(state, event.knot, event.rkey) }
    case 'BuildAccepted':
    case 'BuildMissing':
    case 'CancelAcknowledged':
      return { carried: event.number, present: buildNumber(state, event.build) }
    case 'RequestFailed':
      return { carried: event.number, present: requestNumber(state, event.requested) }
    case 'KnotOpened':
    case 'KnotClosed':
    case 'CollaboratorUpdated':
    case 'KnotReceived':
    case 'KnotFrameRejected':
      return { carried: event.connection, present: knotNumber(state, event.host) }
    default:
      return { carried: event.connection, present: state.cursor.connection.number }
  }
}

const withNumber = (event: Event, wanted: number): Event => {
  const number = Math.max(0, wanted) as Natural
  if (event._tag === 'TimerFired') {
    const { timer } = event
    return { ...event, timer: 'number' in timer ? { ...timer, number } : { ...timer, connection: number } }
  }
  if ('number' in event) return { ...event, number }
  return 'connection' in event ? { ...event, connection: number } : event
}

const relativeTo = (state: State, event: Event): Relative => {
  const numbers = numbersOf(state, event)
  return { distance: numbers?.present == null ? null : numbers.carried - numbers.present, event }
}

const absoluteIn = (state: State, { distance, event }: Relative): Event => {
  const present = numbersOf(state, event)?.present ?? null
  return distance === null || present === null ? event : withNumber(event, present + distance)
}

/** Makes something of each item in the state that it comes to. */
const walk = <A, B>(
  beginning: Beginning,
  items: ReadonlyArray<A>,
  make: (state: State, item: A) => B,
  eventOf: (item: A, made: B) => Event
): ReadonlyArray<B> => {
  let state = stateAt(beginning)
  return items.map((item) => {
    const made = make(state, item)
    state = step(state, eventOf(item, made))[0]
    return made
  })
}

export const toRelative = ({ beginning, events }: Course): ReadonlyArray<Relative> =>
  walk(beginning, events, relativeTo, (event) => event)

export const toAbsolute = (beginning: Beginning, items: ReadonlyArray<Relative>): Course => ({
  beginning,
  events: walk(beginning, items, absoluteIn, (_, event) => event)
})

/** The last `count` events, from the state that the ones before lead to. */
export const lastOf = ({ beginning, events }: Course, count: number): Course => {
  const from = Math.max(0, events.length - count)
  const state = events.slice(0, from).reduce((before, event) => step(before, event)[0], stateAt(beginning))
  return { beginning: { state }, events: events.slice(from) }
}

// ---------------------------------------------------------------------------------------- simpler

type Change = (course: Course) => Course

const PLAIN: Config = (() => {
  const plain = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
  if (E.isLeft(plain)) throw new Error('the defaults are no configuration')
  return plain.right
})()

/** One setting as it is by default, wherever a configuration is. */
const plainSetting = (setting: keyof Config): Change => {
  const change = (config: Config): Config => ({ ...config, [setting]: PLAIN[setting] })
  return ({ beginning, events }) => ({
    beginning: 'config' in beginning ? { config: change(beginning.config) } : beginning,
    events: events.map((event) => (event._tag === 'Started' ? { ...event, config: change(event.config) } : event))
  })
}

const sameConfig: Change = ({ beginning, events }) => ({
  beginning,
  events: events.map((event) => (event._tag === 'Started' && 'config' in beginning ? { ...event, config: beginning.config } : event))
})

/** The frame as one that only moves the cursor. */
const asAdvance = (event: Event): Event => {
  switch (event._tag) {
    case 'CommitReceived':
    case 'AccountReceived':
    case 'FrameRejected': {
      const stamp = event.timeUs ?? (0 as TimeUs)
      const { at, connection, ordinal } = event
      return { _tag: 'StreamAdvanced', at, connection, count: 1 as Natural, firstUs: stamp, lastUs: stamp, ordinal }
    }
    case 'StreamAdvanced':
      return { ...event, count: 1 as Natural, firstUs: event.lastUs }
    default:
      return event
  }
}

const withoutRev = (event: Event): Event => (event._tag === 'CommitReceived' ? { ...event, rev: null } : event)

const withoutExtras = (event: Event): Event => {
  switch (event._tag) {
    case 'Started':
      return { ...event, resumeFrom: null }
    case 'JetstreamClosed':
      return { ...event, poisoned: false }
    case 'CollaboratorUpdated':
    case 'KnotReceived':
      return { ...event, created: null }
    case 'AccountReceived':
      return { ...event, status: null }
    default:
      return event
  }
}

/** A commit with nothing written into one of the fields of its record. */
const emptied =
  (field: string) =>
  (event: Event): Event =>
    event._tag === 'CommitReceived' && event.record !== null && field in event.record
      ? ({ ...event, record: { ...event.record, [field]: '' } } as Event)
      : event

const FIELDS = ['createdAt', 'instance', 'knot', 'name', 'repo', 'repoDid', 'spindle', 'subject']

const EVENT_CHANGES: ReadonlyArray<(event: Event) => Event> = [asAdvance, withoutRev, withoutExtras, ...FIELDS.map(emptied)]

/** What may be tried on a course of `length` events, most drastic first. */
export const simplifications = (length: number): ReadonlyArray<Change> => [
  ...(Object.keys(PLAIN) as ReadonlyArray<keyof Config>).map(plainSetting),
  sameConfig,
  ...Array.from({ length }, (_, at) =>
    EVENT_CHANGES.map(
      (change): Change =>
        ({ beginning, events }) => ({ beginning, events: events.map((event, i) => (i === at ? change(event) : event)) })
    )
  ).flat()
]
