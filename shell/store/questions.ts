/**
 * Answers, connections and timers bear the number under which they were asked for. Where numbers are given out otherwise than when a journal
 * was written, this says which question it is that an event answers.
 */
import * as O from 'fp-ts/lib/Option.js'
import {
  type BuildName,
  Builds,
  type Connections,
  type Did,
  type Event,
  type HostName,
  type Natural,
  OrderedMap as M,
  type Rkey,
  type State,
  type TimerFired,
  type TimeUs
} from '../../core/index.js'

// ---------------------------------------------------------------------------------------- what is open

export const runAt = (state: State, knot: HostName, rkey: Rkey): Builds.Run | null => Builds.runOf(state.builds, knot, rkey)

export const buildAt = (state: State, { knot, rkey, workflow }: BuildName): Builds.Build | null => {
  const run = runAt(state, knot, rkey)
  return run === null ? null : O.toNullable(M.lookup(workflow)(run.builds))
}

/** The number of the connection to a knot, if it is in such a phase. */
const ofConnection = (state: State, host: HostName, phases: ReadonlyArray<Connections.Connection['phase']['_tag']>): Natural | null => {
  const subscription = O.toNullable(M.lookup(host)(state.knots.subscriptions))
  return subscription !== null && phases.includes(subscription.connection.phase._tag) ? subscription.connection.number : null
}

/** That of what is asked about an account's records. */
const ofRecords = (state: State, did: Did, phase: 'Reading' | 'Pausing'): Natural | null => {
  const reading = O.toNullable(M.lookup(did)(state.backfill.accounts))
  return reading !== null && reading.phase === phase ? reading.number : null
}

/** That of what is asked about a run. */
const ofRun = (state: State, knot: HostName, rkey: Rkey, phase: Builds.RunPhase['_tag']): Natural | null => {
  const run = runAt(state, knot, rkey)
  return run !== null && 'number' in run.phase && run.phase._tag === phase ? run.phase.number : null
}

/** That of what is asked about a build. */
const ofBuild = (state: State, name: BuildName, phases: ReadonlyArray<Builds.BuildPhase['_tag']>): Natural | null => {
  const build = buildAt(state, name)
  return build !== null && 'number' in build.phase && phases.includes(build.phase._tag) ? build.phase.number : null
}

/** How much sooner than it should a timer may have fired. */
const EARLY_US = 1_000_000

/** That of a build's time, if it can be over: timers of a status that it has left fire, too. */
const ofDeadline = (state: State, at: TimeUs, name: BuildName): Natural | null => {
  const build = buildAt(state, name)
  if (build === null) return null
  const { pendingMs, runningMs } = state.config.builds
  const ms = build.status === 'running' ? runningMs : pendingMs
  return at - build.statusUs >= ms * 1_000 - EARLY_US ? build.deadline : null
}

/** That of what a timer is for. */
const ofTimer = (state: State, { at, timer }: TimerFired): Natural | null => {
  switch (timer._tag) {
    case 'JetstreamTimer':
      return null
    case 'KnotTimer':
      return ofConnection(state, timer.host, ['Waiting'])
    case 'RecordsTimer':
      return ofRecords(state, timer.did, 'Pausing')
    case 'PushTimer':
      return ofRun(state, timer.knot, timer.rkey, 'Waiting')
    case 'SourceTimer':
      return O.toNullable(M.lookup(timer.knot)(state.builds.sources))?.leaving?.number ?? null
    case 'WorkflowsTimer':
      return ofRun(state, timer.knot, timer.rkey, 'ReadPausing')
    case 'BuildTimer':
      return ofBuild(state, timer.build, ['Pausing', 'CancelPausing'])
    case 'DeadlineTimer':
      return ofDeadline(state, at, timer.build)
  }
}

/** The number of the question that is open, and of which the event tells; `null` when there is none. */
export const openNumber = (state: State, event: Event): Natural | null => {
  switch (event._tag) {
    case 'KnotOpened':
      return ofConnection(state, event.host, ['Connecting'])
    case 'KnotClosed':
      return ofConnection(state, event.host, ['Connecting', 'Open'])
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return ofConnection(state, event.host, ['Open'])
    case 'RecordsRead':
    case 'RecordsUnread':
      return ofRecords(state, event.did, 'Reading')
    case 'WorkflowsRead':
    case 'WorkflowsUnread':
      return ofRun(state, event.knot, event.rkey, 'Reading')
    case 'BuildAccepted':
    case 'BuildRefused':
      return ofBuild(state, event.build, ['Starting', 'Finding'])
    case 'BuildMissing':
      return ofBuild(state, event.build, ['Finding'])
    case 'BuildUncertain':
      return ofBuild(state, event.build, ['Starting', 'Finding', 'Cancelling'])
    case 'CancelAcknowledged':
      return ofBuild(state, event.build, ['Cancelling'])
    case 'TimerFired':
      return ofTimer(state, event)
    default:
      return null
  }
}

// ---------------------------------------------------------------------------------------- what an event says

/** The number that the event bears of a question of ours; `null` for none. (The stream's own are no such numbers.) */
export const numberIn = (event: Event): Natural | null => {
  switch (event._tag) {
    case 'KnotOpened':
    case 'KnotClosed':
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return event.connection
    case 'TimerFired':
      if (event.timer._tag === 'JetstreamTimer') return null
      return event.timer._tag === 'KnotTimer' ? event.timer.connection : event.timer.number
    default:
      return 'number' in event ? event.number : null
  }
}

/** The event with another number, if it bears one. */
const withNumber = (event: Event, number: Natural): Event => {
  switch (event._tag) {
    case 'KnotOpened':
    case 'KnotClosed':
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return { ...event, connection: number }
    case 'TimerFired': {
      const { timer } = event
      if (timer._tag === 'JetstreamTimer') return event
      return { ...event, timer: timer._tag === 'KnotTimer' ? { ...timer, connection: number } : { ...timer, number } }
    }
    default:
      return 'number' in event ? { ...event, number } : event
  }
}

/** Which numbers it is of: connections to knots, readings of accounts, and what is asked for builds are counted each by themselves. */
const countOf = (event: Event): 'builds' | 'knots' | 'records' => {
  switch (event._tag) {
    case 'KnotOpened':
    case 'KnotClosed':
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return 'knots'
    case 'RecordsRead':
    case 'RecordsUnread':
      return 'records'
    case 'TimerFired':
      return event.timer._tag === 'KnotTimer' ? 'knots' : event.timer._tag === 'RecordsTimer' ? 'records' : 'builds'
    default:
      return 'builds'
  }
}

/** An event as it is to be told in a state in which fewer numbers have been given out than when it came. */
export type Renumbering = (state: State, event: Event) => Event

/**
 * Tells events that come one after the other. A number that is still to come can only be that of the question which is open, and stands for
 * it from then on.
 */
export const renumbering = (): Renumbering => {
  const known = { builds: new Map<Natural, Natural>(), knots: new Map<Natural, Natural>(), records: new Map<Natural, Natural>() }
  return (state, event) => {
    const number = numberIn(event)
    if (number === null) return event
    const numbers = known[countOf(event)]
    const open = openNumber(state, event)
    const now = numbers.get(number) ?? (open !== null && number > open ? open : number)
    if (open === now) numbers.set(number, now)
    return now === number ? event : withNumber(event, now)
  }
}
