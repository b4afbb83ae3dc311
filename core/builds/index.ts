/**
 * Builds: from triggers to statuses. Triggers become runs, runs read workflow files and begin builds, builds are
 * started at their providers and followed to their end, and every status is told to whoever reads `/events` (T1 to T6).
 */
import type { Event } from '../event.js'
import type { HoldsChanged } from '../knots/index.js'
import { unchanged } from '../transition.js'
import { accepted, cancelHeard, missing, refused, reported, uncertain } from './answers.js'
import { type KnotJudged, knotJudged, type KnotsLeft, left } from './leaving.js'
import type { BuildsState, Step } from './model.js'
import { cancel, retry, type RightJudged } from './orders.js'
import { filesRead, unread } from './reading.js'
import { isNews, started } from './resume.js'
import { timer } from './timers.js'
import { connected, judged, type TriggerJudged } from './triggers.js'
import { released } from './withdrawn.js'

export { LIST_COST_MAX } from './allow.js'
export { tellerOf } from './counterparts.js'
export { withoutChanges } from './judging.js'
export { type KnotJudged, type KnotsLeft } from './leaving.js'
export {
  Build,
  BuildPhase,
  type BuildsState,
  initial,
  Run,
  RunKey,
  type RunKeyBrand,
  RunPhase,
  Source
} from './model.js'
export { cancelRefusal, type OrderRefusal, retryRefusal, type RightJudged } from './orders.js'
export { rightOf, runOf } from './runs.js'
export { type TriggerJudged } from './triggers.js'
export { fromWritten, RunEntry, toWritten, WrittenBuilds } from './written.js'

/** What the builds take from the other reducers. */
export type BuildsInput = Event | HoldsChanged | KnotJudged | KnotsLeft | RightJudged | TriggerJudged

const rightJudged = (state: BuildsState, { event, isEntitled }: RightJudged): Step => {
  switch (event._tag) {
    case 'BuildMissing':
      return missing(state, event, isEntitled)
    case 'RetryRequested':
      return retry(state, event, isEntitled)
    case 'WorkflowsRead':
      return filesRead(state, event, isEntitled)
  }
}

const reduceAwake = (state: BuildsState, event: BuildsInput): Step => {
  switch (event._tag) {
    case 'Started':
      return started(state, event.at, event.config)
    case 'StopRequested':
      return state.stopped ? unchanged(state) : [{ ...state, stopped: true }, []]
    case 'TimerFired':
      return timer(state, event.at, event.timer)
    case 'HoldsChanged':
      return released(
        state,
        event.at,
        event.changes.filter(({ _tag }) => _tag === 'HoldReleased')
      )
    case 'KnotsLeft':
      return left(state, event)
    case 'KnotJudged':
      return knotJudged(state, event)
    case 'KnotOpened':
      return connected(state, event.host)
    case 'TriggerJudged':
      return judged(state, event)
    case 'RightJudged':
      return rightJudged(state, event)
    case 'WorkflowsUnread':
      return unread(state, event)
    case 'BuildAccepted':
      return accepted(state, event)
    case 'BuildRefused':
      return refused(state, event)
    case 'BuildUncertain':
      return uncertain(state, event)
    case 'BuildReported':
      return reported(state, event)
    case 'CancelHeard':
      return cancelHeard(state, event)
    case 'CancelRequested':
      return cancel(state, event)
    default:
      return unchanged(state)
  }
}

/**
 * The reducer of builds. It takes every event and knows its own; an answer to a question that is not open changes
 * nothing and causes nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { Builds, Config, defaults, Event, OrderedMap } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const cancel = Event.decode({
 *   _tag: 'CancelRequested', at: 1_767_225_600_000_000, knot: 'knot.example', rkey: '3mbd3542k2222', workflow: null
 * })
 * assert(cancel._tag === 'Right')
 *
 * const [state, effects] = Builds.reduce(Builds.initial(config.right), cancel.right)
 * assert.deepStrictEqual([OrderedMap.size(state.runs), effects], [0, []])
 */
export const reduce = (state: BuildsState, event: BuildsInput): Step => {
  const transition = reduceAwake(state, event)
  const [after, effects] = transition
  return after.stopped && effects.length > 0 ? [after, effects.filter(isNews)] : transition
}
