/**
 * The machine: the reducers composed. This file alone decides in which order concerns see an event, and in which order
 * effects come out.
 *
 *     event ─► cursor ──────────────────────────────────► stream effects    ┐
 *         └──► commits ─► holds ────► knots ─────────────► knot effects     │
 *                   │  └─ members ─► backfill ───────────► reading          ├─► counters
 *                   │  └─ holds ┬──► builds ─────────────► builds, statuses │
 *                   │   triggers ┘ (from knots, judged by the rows)         │
 *                   └────────────────────────────────────► reports          ┘
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Backfill from './backfill.js'
import * as Builds from './builds/index.js'
import * as Commits from './commits/index.js'
import * as Counters from './counters.js'
import * as Cursor from './cursor/index.js'
import type { HostName } from './data/host-name.js'
import { Did, type Rkey } from './data/identifiers.js'
import * as M from './data/ordered-map.js'
import type { Effect } from './effect.js'
import type { Event, FrameEvent } from './event.js'
import * as Knots from './knots/index.js'
import * as Rights from './rights.js'
import type { State } from './state.js'
import { chain, NOTHING, type ReportEffect, type Transition, unchanged } from './transition.js'

/** The parts of the state that an event may change. `counters` follows from what the others report. */
export type Concern = 'backfill' | 'builds' | 'commits' | 'cursor' | 'knots'

/**
 * Which concerns see which event. An event that is not in a concern's column does not reach its reducer; the rows come in the
 * order of the events' declaration.
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

const isHoldChanged = (outcome: Outcome): outcome is Commits.HoldChanged => outcome._tag === 'HoldMade' || outcome._tag === 'HoldReleased'

const isMemberChanged = (outcome: Outcome): outcome is Commits.MemberChanged => outcome._tag === 'Admitted' || outcome._tag === 'Dismissed'

const isTrigger = (outcome: Effect | Knots.TriggerArrived): outcome is Knots.TriggerArrived => outcome._tag === 'TriggerArrived'

const isEffect = (outcome: Effect | Knots.TriggerArrived): outcome is Effect => outcome._tag !== 'TriggerArrived'

/** Those of `all` that `is` says yes to. */
const only = <A, B extends A>(all: ReadonlyArray<A>, is: (a: A) => a is B): ReadonlyArray<B> => (all.length === 0 ? NOTHING : all.filter(is))

/** One list of all. */
const joined = (...all: ReadonlyArray<ReadonlyArray<Effect>>): ReadonlyArray<Effect> =>
  all.every((effects) => effects.length === 0) ? NOTHING : all.flat()

/** The reports go last, and each group keeps its order. */
const inOrder = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> =>
  effects.length < 2 ? effects : [...effects.filter((effect) => !isReport(effect)), ...effects.filter(isReport)]

/**
 * One step: the state after `event`, and what is to be done about it.
 *
 * Total: whatever the event, it returns. An event that comes from an older connection changes nothing. Effects come in a
 * fixed order: the stream, subscriptions by host, unsubscriptions by host, records to read, builds, reports.
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
  const [cursor, streamEffects] = concerns.includes('cursor') ? Cursor.reduce(state.cursor, event) : unchanged(state.cursor)
  const [commits, outcomes] = concerns.includes('commits') ? Commits.reduce(state.commits, event, cursor.cursor) : unchanged(state.commits)
  const holds = only(outcomes, isHoldChanged)
  const [knots, knotOutcomes] = concerns.includes('knots') ? stepKnots(state.knots, event, holds) : unchanged(state.knots)
  // An opened connection that is not the one we wait for has not opened the stream; what is no news of an account is none to its reading.
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
  const effects = inOrder(joined(streamEffects, only(knotOutcomes, isEffect), readEffects, buildEffects, only(outcomes, isReport), own))
  const changesNothing =
    frames === 0 &&
    backfill === state.backfill &&
    builds === state.builds &&
    commits === state.commits &&
    cursor === state.cursor &&
    knots === state.knots
  if (changesNothing && effects.length === 0) return unchanged(state)
  return [{ backfill, builds, commits, counters: Counters.reduce(state.counters, frames, effects), cursor, knots }, effects]
}

/** Whether a frame comes from another connection than the one that is there. */
export const isStale = (state: State, event: Event): boolean =>
  'connection' in event && event.connection !== state.cursor.connection.number

/** The knots see first what the rows hold now, then the event. */
const stepKnots = (
  state: Knots.KnotsState,
  event: Event,
  changes: ReadonlyArray<Commits.HoldChanged>
): Transition<Knots.KnotsState, Effect | Knots.TriggerArrived> => {
  if (changes.length === 0) return Knots.reduce(state, event)
  const [held, difference] = Knots.reduce(state, { _tag: 'HoldsChanged', at: event.at, changes })
  const [after, effects] = Knots.reduce(held, event)
  // At a start nothing is connected, so there is nothing to take back: the subscriptions that `Started` asks for are all.
  return event._tag === 'Started' ? [after, effects] : [after, [...difference, ...effects]]
}

/** The backfill sees first the event, by which a start or an opened stream lets it ask, then who has come and gone. */
const stepBackfill = (
  state: Backfill.BackfillState,
  event: Event,
  commits: Commits.CommitsState,
  outcomes: ReadonlyArray<Commits.MemberChanged>
): Transition<Backfill.BackfillState, Effect> => {
  const [seen, first] = Backfill.reduce(state, event)
  // Where the owner's reading begins, so do those of members that are known from before.
  const changes =
    seen.owner === state.owner
      ? outcomes
      : [
          ...outcomes.filter(({ _tag }) => _tag === 'Dismissed'),
          ...M.keys(commits.members)
            .filter(Did.is)
            .map((did) => ({ _tag: 'Admitted' as const, did }))
        ]
  if (changes.length === 0) return [seen, first]
  const [after, then] = Backfill.reduce(seen, { _tag: 'MembersChanged', changes })
  return [after, [...first, ...then]]
}

/**
 * The builds see first what rights are gone, then the event: at a start, nothing is asked for again that nobody may have any more. A
 * trigger, and a wish to build again, come with what the rows say about them now.
 */
const stepBuilds = (
  state: Builds.BuildsState,
  event: Event,
  commits: Commits.CommitsState,
  changes: ReadonlyArray<Commits.HoldChanged>,
  [before, knots]: readonly [Knots.KnotsState, Knots.KnotsState],
  triggers: ReadonlyArray<Knots.TriggerArrived>
): Transition<Builds.BuildsState, Effect> => {
  const own = judged(state, commits, knots, event)
  if (changes.length === 0 && triggers.length === 0) return Builds.reduce(state, own)
  const inputs: ReadonlyArray<Builds.BuildsInput> = [
    ...(changes.length === 0
      ? []
      : [
          { _tag: 'HoldsChanged' as const, at: event.at, changes },
          { _tag: 'KnotsLeft' as const, at: event.at, isStart: event._tag === 'Started', knots: leftAmong(changes, before, knots) }
        ]),
    ...triggers.map((trigger) => triggerJudged(state, commits, trigger)),
    own
  ]
  return chain(state, inputs, Builds.reduce)
}

/** The knots that nobody holds any more, each with how far it had come. */
const leftAmong = (
  changes: ReadonlyArray<Commits.HoldChanged>,
  before: Knots.KnotsState,
  after: Knots.KnotsState
): Builds.KnotsLeft['knots'] =>
  [...new Set(changes.map(({ knot }) => knot))].sort().flatMap((host) => {
    const was = O.toNullable(M.lookup(host)(before.subscriptions))
    return was === null || M.has(host)(after.subscriptions) ? [] : [{ cursor: was.cursor, host }]
  })

/** The trigger with what the rows say. Who made the push that a pipeline tells of, its refUpdate has said. */
const triggerJudged = (state: Builds.BuildsState, commits: Commits.CommitsState, arrived: Knots.TriggerArrived): Builds.TriggerJudged => {
  const { knot, trigger } = arrived
  const meant = Rights.claimed(commits, knot, trigger.repo)
  const actor = trigger.actor ?? Builds.tellerOf(state, knot, trigger, meant)
  return { _tag: 'TriggerJudged', actor, entitlement: Rights.entitlement(commits, knot, trigger.repo, actor), meant, trigger: arrived }
}

/** What may have something started comes with the right to it, as it is now; a timer of a knot, with how things stand with that. */
const judged = (state: Builds.BuildsState, commits: Commits.CommitsState, knots: Knots.KnotsState, event: Event): Builds.BuildsInput => {
  switch (event._tag) {
    case 'TimerFired': {
      const { at, timer } = event
      if (timer._tag !== 'PushTimer' && timer._tag !== 'SourceTimer') return event
      const subscription = O.toNullable(M.lookup(timer.knot)(knots.subscriptions))
      return { _tag: 'KnotJudged', at, isHeld: subscription !== null, isOpen: subscription?.connection.phase._tag === 'Open', timer }
    }
    case 'WorkflowsRead':
    case 'RetryRequested':
      return { _tag: 'RightJudged', event, isEntitled: isEntitled(state, commits, event.knot, event.rkey) }
    case 'BuildMissing':
      return { _tag: 'RightJudged', event, isEntitled: isEntitled(state, commits, event.build.knot, event.build.rkey) }
    default:
      return event
  }
}

/** Whether the right to a run is there still, by what the rows say now (T2). */
export const isEntitled = (state: Builds.BuildsState, commits: Commits.CommitsState, knot: HostName, rkey: Rkey): boolean => {
  const right = Builds.rightOf(state, knot, rkey)
  return right !== null && Commits.isHeld(commits, knot, right.repository) && Rights.mayTrigger(commits, right.repository, right.actor)
}

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
