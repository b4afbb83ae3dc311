/**
 * Builds: from triggers to statuses (T1 to T7). Triggers become runs, runs read workflow files and begin builds, builds
 * are started at their providers and followed to their end, and readers of `/events` get every status.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { AccessLost } from '../access/index.js'
import { inTurn, irrelevant, isNotice } from '../base/transition.js'
import type { HoldChanged } from '../commits/index.js'
import type { Event } from '../event.js'
import type { KnotLeft, KnotOutcome, TriggerArrived } from '../knots/index.js'
import { onCall } from './calls.js'
import { onAccepted, onCancelAcknowledged, onMissing, onReported, onRequestFailed } from './life.js'
import type { BuildsReduction, BuildsState, BuildsStep, Context } from './model.js'
import { cancel, retry } from './orders.js'
import { onFilesFailed, onFilesRead } from './reading.js'
import { onStarted } from './resume.js'
import { onKnotsLeft } from './retention.js'
import { withinKeepUnits } from './statuses.js'
import { onTimer } from './timers.js'
import { onKnotOpened, onTrigger } from './triggers.js'
import { cancelDenied, cancelReleased } from './withdrawn.js'

export { LIST_COST_MAX } from './allow.js'
export {
  Build,
  BuildPhase,
  type BuildsState,
  initial,
  type Context,
  Run,
  RunKey,
  RunKind,
  type RunKeyBrand,
  RunPhase,
  Source,
  TokenKey
} from './model.js'
export { answerTo, type CallAnswer, type CallRefusal } from './calls.js'
export { cancelRefusal, type OrderRefusal, retryRefusal } from './orders.js'
export { buildOf, runKey, runOf, splitKey } from './runs.js'
export { slim } from './slim.js'
export { fromWritten, RunEntry, toWritten, WrittenBuilds } from './written.js'

/** What the reducer is given with an event: the other slices after this step, and what has changed in them. */
export interface BuildsGiven extends Omit<Context, 'at'> {
  /** The holds that were made and released. */
  readonly holds: ReadonlyArray<HoldChanged>
  /** The repositories that, according to their knots, no longer belong to their owners. */
  readonly lost: ReadonlyArray<AccessLost>
  /** What has happened among the knots in this step. */
  readonly outcomes: ReadonlyArray<KnotOutcome>
  /** Whether the bridge was stopped before the event. A start that ends that asks for everything itself. */
  readonly wasStopped: boolean
}

const isLeft = (outcome: KnotOutcome): outcome is KnotLeft => outcome._tag === 'KnotLeft'

const isTrigger = (outcome: KnotOutcome): outcome is TriggerArrived => outcome._tag === 'TriggerArrived'

const see = (context: Context, state: BuildsState, event: Event): BuildsReduction => {
  switch (event._tag) {
    case 'Started':
      return O.some(onStarted(context, state))
    case 'TimerFired':
      return onTimer(context, state, event.timer)
    case 'KnotOpened':
      return onKnotOpened(state, event.host)
    case 'WorkflowsRead':
      return onFilesRead(context, state, event)
    case 'BuildAccepted':
      return onAccepted(state, event)
    case 'BuildMissing':
      return onMissing(context, state, event)
    case 'BuildReported':
      return onReported(context, state, event)
    case 'CancelAcknowledged':
      return onCancelAcknowledged(state, event)
    case 'RequestFailed':
      return event.requested._tag === 'Workflows'
        ? onFilesFailed(context, state, event, event.requested)
        : onRequestFailed(context, state, event)
    case 'CancelRequested':
      return cancel(context, state, event)
    case 'RetryRequested':
      return retry(context, state, event)
    case 'CallReceived':
      return onCall(context, state, event)
    default:
      return irrelevant
  }
}

/** Leaves out requests and timers while the bridge is stopped. */
const withoutRequests = (isStopped: boolean, [state, effects]: BuildsStep): BuildsStep => [
  state,
  isStopped ? effects.filter(isNotice) : effects
]

/**
 * The reducer of builds. It takes every event and ignores those that are not its own, as well as answers to requests
 * that are not open. Withdrawn rights and knots that are gone come first, then triggers, then the event: so a start
 * does not resume a build whose right is gone.
 *
 * @example
 * import assert from 'node:assert'
 * import { Access, Builds, Commits, Config, defaults, Event, Knots } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const cancel = Event.decode({
 *   _tag: 'CancelRequested', at: 1_767_225_600_000_000, knot: 'knot.example', rkey: '3mbd3542k2222', workflow: null
 * })
 * assert(cancel._tag === 'Right')
 *
 * const answer = Builds.reduce(Builds.initial, cancel.right, {
 *   access: Access.initial,
 *   commits: Commits.initial,
 *   config: config.right,
 *   holds: [],
 *   knots: Knots.initial,
 *   lost: [],
 *   outcomes: [],
 *   wasStopped: false
 * })
 * assert.strictEqual(answer._tag, 'None')
 */
export const reduce = (state: BuildsState, event: Event, given: BuildsGiven): BuildsReduction =>
  pipe(
    answered(state, event, given),
    O.map(([next, effects]): BuildsStep => [withinKeepUnits(given.config, next), effects])
  )

const answered = (state: BuildsState, event: Event, given: BuildsGiven): BuildsReduction => {
  const { access, commits, config, holds, knots, lost, outcomes, wasStopped } = given
  const context: Context = { access, at: event.at, commits, config, knots }
  if (holds.length === 0 && lost.length === 0 && outcomes.length === 0) return see(context, state, event)
  const gone = holds.filter(({ _tag }) => _tag === 'HoldReleased')
  const left = outcomes.filter(isLeft)
  return inTurn(
    state,
    (acc) => (gone.length === 0 ? irrelevant : O.some(withoutRequests(wasStopped, cancelReleased(context, acc, gone)))),
    (acc) => (lost.length === 0 ? irrelevant : O.some(withoutRequests(wasStopped, cancelDenied(context, acc, lost)))),
    (acc) => (left.length === 0 ? irrelevant : O.some(onKnotsLeft(context, acc, left, event._tag === 'Started'))),
    ...outcomes.filter(isTrigger).map((trigger) => (acc: BuildsState) => onTrigger(context, acc, trigger)),
    (acc) => see(context, acc, event)
  )
}
