/**
 * The machine: the reducers composed. This file alone decides in which order concerns see an event, in which order
 * effects come out, and what each reducer is given: the configuration, whether the bridge is stopped, the slices that
 * it may read, as they are after the event, and what has become of them in this step.
 *
 *     event ─┬─► cursor ────────────────────────────────────► the stream    ┐
 *            ├─► commits ─┬─ members ─────────► backfill ───► readings      │
 *            │            ├─ holds, claims ───► access ─────► who may push  ├─► counters
 *            │            └─ holds ───────────► knots ──────► subscriptions │
 *            └─► builds ◄─ holds, triggers, lost rights ────► builds        ┘
 */
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Access from './access/index.js'
import * as Backfill from './backfill/index.js'
import {
  transitionOf,
  type Reduction,
  chain,
  isNotice,
  EMPTY,
  irrelevant,
  type ReportEffect,
  transitionTo,
  type Transition
} from './base/transition.js'
import * as Builds from './builds/index.js'
import * as Commits from './commits/index.js'
import type { Config } from './config.js'
import * as Counters from './counters/index.js'
import * as Cursor from './cursor/index.js'
import type { Effect } from './effect.js'
import type { Event, FrameEvent } from './event.js'
import * as Knots from './knots/index.js'
import type { State } from './state.js'

/** The slices that an event may change. `counters` follows from the reports of the others. */
export type Concern = 'access' | 'backfill' | 'builds' | 'commits' | 'cursor' | 'knots'

/**
 * Which concerns see which event. An event that is not in a concern's column does not reach its reducer; the rows come
 * in the order of the events' declaration.
 */
export const CONCERNS: { readonly [T in Event['_tag']]: ReadonlyArray<Concern> } = {
  Started: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
  StopRequested: ['cursor', 'knots'],
  PassedOver: [],
  TimerFired: ['cursor', 'knots', 'access', 'backfill', 'builds'],
  JetstreamOpened: ['cursor', 'backfill'],
  JetstreamClosed: ['cursor'],
  CommitReceived: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
  AccountReceived: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
  StreamAdvanced: ['cursor'],
  FrameRejected: ['cursor'],
  KnotOpened: ['knots', 'builds'],
  KnotClosed: ['knots'],
  KnotReceived: ['knots', 'builds'],
  CollaboratorUpdated: ['knots', 'access'],
  KnotFrameRejected: ['knots'],
  RecordsRead: ['commits', 'knots', 'access', 'backfill', 'builds'],
  AccessRead: ['access', 'builds'],
  WorkflowsRead: ['builds'],
  BuildAccepted: ['builds'],
  BuildMissing: ['builds'],
  BuildReported: ['builds'],
  CancelAcknowledged: ['builds'],
  RequestFailed: ['access', 'backfill', 'builds'],
  CancelRequested: ['builds'],
  RetryRequested: ['builds'],
  CallReceived: ['builds']
}

/** Whether the event is of a frame of the stream. */
export const isFrame = (event: Event): event is FrameEvent =>
  event._tag === 'CommitReceived' ||
  event._tag === 'AccountReceived' ||
  event._tag === 'StreamAdvanced' ||
  event._tag === 'FrameRejected'

/** How many frames of the stream an event stands for; 0 for every other event. */
const framesIn = (event: Event): number => {
  switch (event._tag) {
    case 'CommitReceived':
    case 'AccountReceived':
    case 'FrameRejected':
      return 1
    case 'StreamAdvanced':
      return event.count
    default:
      return 0
  }
}

type Outcome = Access.AccessOutcome | Effect | Commits.RowsOutcome | Knots.KnotOutcome

const isReport = (outcome: Outcome): outcome is ReportEffect => outcome._tag === 'Report'

const isMemberChanged = (outcome: Commits.RowsOutcome): outcome is Commits.MemberChanged =>
  outcome._tag === 'Admitted' || outcome._tag === 'Dismissed'

const isKnotOutcome = (outcome: Effect | Knots.KnotOutcome): outcome is Knots.KnotOutcome =>
  outcome._tag === 'CollaboratorTold' || outcome._tag === 'KnotLeft' || outcome._tag === 'TriggerArrived'

const isEffect = (outcome: Effect | Knots.KnotOutcome): outcome is Effect => !isKnotOutcome(outcome)

const isTold = (outcome: Effect | Knots.KnotOutcome): outcome is Knots.CollaboratorTold =>
  outcome._tag === 'CollaboratorTold'

const isLost = (outcome: Access.AccessOutcome): outcome is Access.AccessLost => outcome._tag === 'AccessLost'

const isAccessEffect = (outcome: Access.AccessOutcome): outcome is Effect => !isLost(outcome)

/** The items of `all` for which `is` holds. */
const only = <A, B extends A>(all: ReadonlyArray<A>, is: (a: A) => a is B): ReadonlyArray<B> =>
  all.length === 0 ? EMPTY : all.filter(is)

/** All effects in one list, reports last. */
const joined = (...all: ReadonlyArray<ReadonlyArray<Effect>>): ReadonlyArray<Effect> => {
  const effects = all.every((some) => some.length === 0) ? EMPTY : all.flat()
  return effects.length < 2 ? effects : [...effects.filter((effect) => !isReport(effect)), ...effects.filter(isReport)]
}

/** The configuration from the event on. */
const configAfter = ({ config }: State, event: Event): Config => (event._tag === 'Started' ? event.config : config)

/** Whether the bridge is stopped from the event on. */
const isStoppedAfter = ({ isStopped }: State, event: Event): boolean =>
  event._tag === 'StopRequested' || (isStopped && event._tag !== 'Started')

/** Whether no concern takes the event: it is stale, or answers no request. */
const isVoid = (state: State, event: Event): boolean => {
  switch (event._tag) {
    case 'StopRequested':
      return state.isStopped
    case 'RecordsRead':
      return !Backfill.isAwaited(state.backfill, event)
    default:
      return isFrame(event) && isStale(state, event)
  }
}

/** Whether the concern sees the event in this state. */
const sees = (state: State, concern: Concern, event: Event): boolean => {
  if (!CONCERNS[event._tag].includes(concern)) return false
  switch (event._tag) {
    // Only the connection that is awaited can open.
    case 'JetstreamOpened':
      return concern === 'cursor' || Cursor.isOpenedBy(state.cursor, event)
    case 'KnotOpened':
      return concern === 'knots' || Knots.isOpenedBy(state.knots, event)
    // An outdated account event does not affect the reading of its records either.
    case 'AccountReceived':
      return concern !== 'backfill' || !Commits.isOutdated(state, event)
    default:
      return true
  }
}

/** Whether the rows are the last to see a frame: nothing came of it there, and it is not about an account. */
const endsAtRows = (event: FrameEvent, outcomes: ReadonlyArray<unknown>): boolean =>
  event._tag !== 'AccountReceived' && outcomes.length === 0

/** Ends a step by counting its frames and reports. */
const counted = (state: State, frames: number, effects: ReadonlyArray<Effect>): Reduction<State, Effect> => {
  const { access, backfill, builds, commits, config, cursor, isStopped, knots } = state
  const counters = Counters.reduce(state.counters, frames, effects)
  return transitionTo({ access, backfill, builds, commits, config, counters, cursor, isStopped, knots }, effects)
}

/**
 * One step: the state after `event`, and what is to be done about it.
 *
 * Total: whatever the event, it returns. An event that comes from an older connection changes nothing. Effects come in
 * a fixed order: the stream, subscriptions by host, unsubscriptions by host, who may push, records to read, builds,
 * reports.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, step } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const started = Event.decode({ _tag: 'Started', at: 1_767_225_600_000_000, config: config.right, resumeFrom: null })
 * assert(started._tag === 'Right')
 *
 * const [state, effects] = step(initial(config.right), started.right)
 * assert.strictEqual(state.cursor.connection.phase._tag, 'Connecting')
 * assert.deepStrictEqual(effects, [{ _tag: 'OpenJetstream', connection: 1, cursor: null, ordinal: null }])
 */
export const step = (state: State, event: Event): Transition<State, Effect> => transitionOf(state, reduce(state, event))

/** The same; `none` where the event changes nothing and causes nothing. */
export const reduce = (state: State, event: Event): Reduction<State, Effect> => {
  if (isVoid(state, event)) return irrelevant
  const frames = framesIn(event)
  const config = configAfter(state, event)
  const isStopped = isStoppedAfter(state, event)
  if (isFrame(event) && Cursor.isAstray(config, state.cursor, event))
    return pipe(
      Cursor.reduce(state.cursor, event, { config }),
      O.map(([cursor, effects]) => [{ ...state, cursor }, effects])
    )

  const forCursor = sees(state, 'cursor', event) ? Cursor.reduce(state.cursor, event, { config }) : irrelevant
  const [cursor, streamEffects] = transitionOf(state.cursor, forCursor)
  const forCommits = sees(state, 'commits', event)
    ? Commits.reduce(state.commits, event, { config: state.config, cursor: cursor.cursor })
    : irrelevant
  const [commits, rowsOutcomes] = transitionOf(state.commits, forCommits)
  // Most frames end here. The other reducers would get nothing and do nothing (a property of the suite checks that), so
  // they are not called: that saves a sixth of a step.
  if (isFrame(event) && endsAtRows(event, rowsOutcomes)) {
    const { access, backfill, builds, counters, knots } = state
    const now = { access, backfill, builds, commits, config, counters, cursor, isStopped, knots }
    return counted(now, frames, streamEffects)
  }
  const holds = only(rowsOutcomes, Commits.isHoldChanged)
  const forKnots = sees(state, 'knots', event)
    ? Knots.reduce(state.knots, event, { config, holds, isStopped })
    : irrelevant
  const [knots, knotOutcomes] = transitionOf(state.knots, forKnots)
  const claims = only(rowsOutcomes, Commits.isClaimChanged)
  const forAccess = sees(state, 'access', event)
    ? Access.reduce(state.access, event, { claims, commits, config, isStopped, told: only(knotOutcomes, isTold) })
    : irrelevant
  const [access, accessOutcomes] = transitionOf(state.access, forAccess)
  const members = only(rowsOutcomes, isMemberChanged)
  const forBackfill = sees(state, 'backfill', event)
    ? Backfill.reduce(state.backfill, event, { commits, config, isStopped, members })
    : irrelevant
  const [backfill, readEffects] = transitionOf(state.backfill, forBackfill)
  const outcomes = only(knotOutcomes, isKnotOutcome)
  const forBuilds = sees(state, 'builds', event)
    ? Builds.reduce(state.builds, event, {
        access,
        commits,
        config,
        holds,
        knots,
        lost: only(accessOutcomes, isLost),
        outcomes,
        wasStopped: state.isStopped
      })
    : irrelevant
  const [builds, buildEffects] = transitionOf(state.builds, forBuilds)

  const isNothing =
    O.isNone(forCursor) &&
    O.isNone(forCommits) &&
    O.isNone(forKnots) &&
    O.isNone(forAccess) &&
    O.isNone(forBackfill) &&
    O.isNone(forBuilds) &&
    event._tag !== 'PassedOver'
  if (isNothing && frames === 0) return irrelevant
  const own: ReadonlyArray<Effect> = event._tag === 'PassedOver' ? [{ _tag: 'Report', report: event }] : EMPTY
  const effects = joined(
    streamEffects,
    only(knotOutcomes, isEffect),
    only(accessOutcomes, isAccessEffect),
    readEffects,
    buildEffects,
    only(rowsOutcomes, isReport),
    own
  )
  // The next start asks for whatever is left out here.
  const all = state.isStopped && isStopped ? effects.filter(isNotice) : effects
  const { counters } = state
  return counted({ access, backfill, builds, commits, config, counters, cursor, isStopped, knots }, frames, all)
}

/** Whether a frame comes from another connection than the present one. */
export const isStale = (state: State, event: Event): boolean =>
  'connection' in event && event.connection !== state.cursor.connection.number

/**
 * The fold of `step` over `events`, with all effects.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, run } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const started = Event.decode({ _tag: 'Started', at: 1_767_225_600_000_000, config: config.right, resumeFrom: null })
 * const stopped = Event.decode({ _tag: 'StopRequested', at: 1_767_225_601_000_000 })
 * assert(started._tag === 'Right' && stopped._tag === 'Right')
 *
 * const [state, effects] = run(initial(config.right), [started.right, stopped.right])
 * assert.strictEqual(state.isStopped, true)
 * assert.deepStrictEqual(effects.map(({ _tag }) => _tag), ['OpenJetstream', 'CloseJetstream'])
 */
export const run = (state: State, events: ReadonlyArray<Event>): Transition<State, Effect> => chain(state, events, step)
