/**
 * The machine: the reducers composed. This file alone decides in which order concerns see an event, and in which order
 * effects come out; what each is given with the event besides is said in given.ts.
 *
 *     event ─► cursor ──────────────────────────────────► stream effects    ┐
 *         └──► commits ─► holds ────► knots ─────────────► knot effects     │
 *                   │  └─ members ─► backfill ───────────► reading          ├─► counters
 *                   │  └─ holds ┬──► builds ─────────────► builds, statuses │
 *                   │   triggers ┘ (from knots, judged by the rows)         │
 *                   └────────────────────────────────────► reports          ┘
 */
import * as Backfill from './backfill.js'
import * as Commits from './commits/index.js'
import * as Counters from './counters.js'
import * as Cursor from './cursor/index.js'
import type { Effect } from './effect.js'
import type { Event, FrameEvent } from './event.js'
import { stepBackfill, stepBuilds, stepKnots } from './given.js'
import type * as Knots from './knots/index.js'
import type { State } from './state.js'
import { chain, NOTHING, type ReportEffect, type Transition, unchanged } from './transition.js'

/** The parts of the state that an event may change. `counters` follows from what the others report. */
export type Concern = 'backfill' | 'builds' | 'commits' | 'cursor' | 'knots'

/**
 * Which concerns see which event. An event that is not in a concern's column does not reach its reducer; the rows come
 * in the order of the events' declaration.
 */
export const CONCERNS: { readonly [T in Event['_tag']]: ReadonlyArray<Concern> } = {
  Started: ['cursor', 'commits', 'knots', 'backfill', 'builds'],
  StopRequested: ['cursor', 'knots', 'backfill', 'builds'],
  PassedOver: [],
  TimerFired: ['cursor', 'knots', 'backfill', 'builds'],
  JetstreamOpened: ['cursor', 'backfill'],
  JetstreamClosed: ['cursor'],
  CommitReceived: ['cursor', 'commits', 'knots', 'backfill', 'builds'],
  AccountReceived: ['cursor', 'commits', 'knots', 'backfill', 'builds'],
  StreamAdvanced: ['cursor'],
  FrameRejected: ['cursor'],
  KnotOpened: ['knots', 'builds'],
  KnotClosed: ['knots'],
  KnotReceived: ['knots', 'builds'],
  KnotFrameRejected: ['knots'],
  RecordsRead: ['commits', 'knots', 'backfill', 'builds'],
  RecordsUnread: ['backfill'],
  WorkflowsRead: ['builds'],
  WorkflowsUnread: ['builds'],
  BuildAccepted: ['builds'],
  BuildRefused: ['builds'],
  BuildMissing: ['builds'],
  BuildUncertain: ['builds'],
  BuildReported: ['builds'],
  CancelHeard: ['builds'],
  CancelRequested: ['builds'],
  RetryRequested: ['builds']
}

const isFrame = (event: Event): event is FrameEvent =>
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

type Outcome = Commits.HoldChanged | Commits.MemberChanged | ReportEffect

const isReport = (effect: Effect | Outcome | Knots.TriggerArrived): effect is ReportEffect => effect._tag === 'Report'

const isHoldChanged = (outcome: Outcome): outcome is Commits.HoldChanged =>
  outcome._tag === 'HoldMade' || outcome._tag === 'HoldReleased'

const isMemberChanged = (outcome: Outcome): outcome is Commits.MemberChanged =>
  outcome._tag === 'Admitted' || outcome._tag === 'Dismissed'

const isTrigger = (outcome: Effect | Knots.TriggerArrived): outcome is Knots.TriggerArrived =>
  outcome._tag === 'TriggerArrived'

const isEffect = (outcome: Effect | Knots.TriggerArrived): outcome is Effect => outcome._tag !== 'TriggerArrived'

/** Those of `all` that `is` says yes to. */
const only = <A, B extends A>(all: ReadonlyArray<A>, is: (a: A) => a is B): ReadonlyArray<B> =>
  all.length === 0 ? NOTHING : all.filter(is)

/** One list of all. */
const joined = (...all: ReadonlyArray<ReadonlyArray<Effect>>): ReadonlyArray<Effect> =>
  all.every((effects) => effects.length === 0) ? NOTHING : all.flat()

/** The reports go last, and each group keeps its order. */
const inOrder = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> =>
  effects.length < 2 ? effects : [...effects.filter((effect) => !isReport(effect)), ...effects.filter(isReport)]

/**
 * One step: the state after `event`, and what is to be done about it.
 *
 * Total: whatever the event, it returns. An event that comes from an older connection changes nothing. Effects come in
 * a fixed order: the stream, subscriptions by host, unsubscriptions by host, records to read, builds, reports.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, step } from 'tack/core'
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
export const step = (state: State, event: Event): Transition<State, Effect> => {
  const frames = framesIn(event)
  if (frames > 0 && isStale(state, event)) return unchanged(state)
  if (isFrame(event) && Cursor.isAstray(state.cursor, event)) {
    const [cursor, effects] = Cursor.reduce(state.cursor, event)
    return [{ ...state, cursor }, effects]
  }
  // A page that nobody waits for, or no more, changes no row.
  if (event._tag === 'RecordsRead' && !Backfill.isAwaited(state.backfill, event)) return unchanged(state)

  const concerns = CONCERNS[event._tag]
  const [cursor, streamEffects] = concerns.includes('cursor')
    ? Cursor.reduce(state.cursor, event)
    : unchanged(state.cursor)
  const [commits, outcomes] = concerns.includes('commits')
    ? Commits.reduce(state.commits, event, cursor.cursor)
    : unchanged(state.commits)
  const holds = only(outcomes, isHoldChanged)
  const [knots, knotOutcomes] = concerns.includes('knots')
    ? stepKnots(state.knots, event, holds)
    : unchanged(state.knots)
  // An opened connection that is not the one we wait for has not opened the stream; what is no news of an account is
  // none to its reading.
  const isForBackfill =
    concerns.includes('backfill') &&
    !(event._tag === 'JetstreamOpened' && cursor === state.cursor) &&
    !(event._tag === 'AccountReceived' && Commits.isOutdated(state.commits, event))
  const [backfill, readEffects] = isForBackfill
    ? stepBackfill(state.backfill, event, commits, only(outcomes, isMemberChanged))
    : unchanged(state.backfill)
  const isForBuilds = concerns.includes('builds') && !(event._tag === 'KnotOpened' && knots === state.knots)
  const [builds, buildEffects] = isForBuilds
    ? stepBuilds(state.builds, event, commits, holds, [state.knots, knots], only(knotOutcomes, isTrigger))
    : unchanged(state.builds)

  const own: ReadonlyArray<Effect> = event._tag === 'PassedOver' ? [{ _tag: 'Report', report: event }] : NOTHING
  const effects = inOrder(
    joined(streamEffects, only(knotOutcomes, isEffect), readEffects, buildEffects, only(outcomes, isReport), own)
  )
  const changesNothing =
    frames === 0 &&
    backfill === state.backfill &&
    builds === state.builds &&
    commits === state.commits &&
    cursor === state.cursor &&
    knots === state.knots
  if (changesNothing && effects.length === 0) return unchanged(state)
  return [
    { backfill, builds, commits, counters: Counters.reduce(state.counters, frames, effects), cursor, knots },
    effects
  ]
}

/** Whether a frame comes from another connection than the one that is there. */
export const isStale = (state: State, event: Event): boolean =>
  'connection' in event && event.connection !== state.cursor.connection.number

/**
 * The fold of `step` over `events`, with all effects.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, run } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const started = Event.decode({ _tag: 'Started', at: 1_767_225_600_000_000, config: config.right, resumeFrom: null })
 * const stopped = Event.decode({ _tag: 'StopRequested', at: 1_767_225_601_000_000 })
 * assert(started._tag === 'Right' && stopped._tag === 'Right')
 *
 * const [state, effects] = run(initial(config.right), [started.right, stopped.right])
 * assert.strictEqual(state.cursor.stopped, true)
 * assert.deepStrictEqual(effects.map(({ _tag }) => _tag), ['OpenJetstream', 'CloseJetstream'])
 */
export const run = (state: State, events: ReadonlyArray<Event>): Transition<State, Effect> => chain(state, events, step)
