/**
 * Orders: to cancel, and to retry (T4).
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Rights from '../access/rights.js'
import { chain, irrelevant, report, transitionTo, withoutEffects } from '../base/transition.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { AnnouncedWorkflow } from '../effect.js'
import type { CancelRequested, RetryRequested } from '../event.js'
import { isFinal } from '../model/build.js'
import { ENGINE } from '../model/workflow.js'
import { allowanceOf, targetFault } from './allow.js'
import { fullness, noRoom } from './fullness.js'
import type { Build, BuildsReduction, BuildsState, BuildsStep, Context, Run } from './model.js'
import { begin, end, start } from './provider-requests.js'
import { withinTextLimit } from './quota.js'
import { abandonRun, askForFiles } from './reading.js'
import { andThen, buildsOf, freeKey, runOf } from './runs.js'
import { withSourceKept } from './sources.js'
import { announce, failedStatus, type NewStatus, nextStamp } from './statuses.js'
import { isWaiting } from './waiting.js'

/** Cancels the unfinished builds of a run; if its files are still being read, the run itself. */
export const cancelRun = (
  context: Context,
  state: BuildsState,
  [knot, rkey, run]: readonly [HostName, Rkey, Run],
  last: NewStatus
): BuildsStep =>
  isWaiting(run)
    ? withoutEffects(abandonRun(state, knot, rkey))
    : chain(
        state,
        buildsOf(knot, rkey, run).filter(([, { status }]) => !isFinal(status)),
        (before, [name]) => end(context, before, name, last)
      )

export const CANCELLED: NewStatus = { error: null, exitCode: null, status: 'cancelled' }

export const cancel = (context: Context, state: BuildsState, event: CancelRequested): BuildsReduction => {
  const { knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  if (run === null || cancelRefusal(state, event) !== null) return irrelevant
  return O.some(
    workflow === null
      ? cancelRun(context, state, [knot, rkey, run], CANCELLED)
      : end(context, state, { knot, rkey, workflow }, CANCELLED)
  )
}

/**
 * Why an order is refused, in this order: there is no such run or build; it is not known yet who may push; the right is
 * gone; the build has not ended; the build has ended; there is no room for another run.
 */
export type OrderRefusal = 'unknown' | 'undecided' | 'right' | 'running' | 'ended' | 'limit'

/** Why that cannot be cancelled; `null` if it can. */
export const cancelRefusal = (
  state: BuildsState,
  { knot, rkey, workflow }: Pick<CancelRequested, 'knot' | 'rkey' | 'workflow'>
): OrderRefusal | null => {
  const run = runOf(state, knot, rkey)
  if (run === null) return 'unknown'
  if (workflow === null && isWaiting(run)) return null
  const builds = buildsOf(knot, rkey, run).filter(([name]) => workflow === null || name.workflow === workflow)
  if (builds.length === 0) return 'unknown'
  return builds.some(([, { status }]) => !isFinal(status)) ? null : 'ended'
}

/** Why that cannot be retried; `null` if it can. */
export const retryRefusal = (
  grounds: Rights.Grounds,
  state: BuildsState,
  { knot, rkey, workflow }: Pick<RetryRequested, 'knot' | 'rkey' | 'workflow'>
): OrderRefusal | null => {
  const run = runOf(state, knot, rkey)
  if (run === null) return 'unknown'
  const right = Rights.rightTo(grounds, knot, run)
  if (right !== 'granted') return right === 'refused' ? 'right' : 'undecided'
  if (workflow !== null && !M.has(workflow)(run.builds)) return 'unknown'
  const again = endedOf(run, workflow)
  if (again.length === 0) return 'running'
  const limit = isPlanned(again)
    ? noRoom(grounds, state, knot, startedAgain(run, rkey, again))
    : fullness(grounds, state, knot, judgedAnew(run, rkey, again), null)
  return limit === null ? null : 'limit'
}

type Ended = ReadonlyArray<readonly [WorkflowName, Build]>

/** The builds of a run that have ended; with a workflow, at most that one. */
const endedOf = (run: Run, workflow: WorkflowName | null): Ended =>
  M.toEntries(run.builds).filter(([name, { status }]) => isFinal(status) && (workflow === null || name === workflow))

/** Whether each of them was a build for a provider, so that its recipe is known. */
const isPlanned = (builds: Ended): boolean => builds.every(([, { recipe }]) => recipe !== null)

/** The retry of a run, as it begins. */
const repeating = (run: Run, rkey: Rkey): Run => ({
  ...run,
  announced: null,
  builds: M.empty(),
  met: null,
  only: null,
  phase: { _tag: 'Read' },
  retryOf: run.retryOf ?? rkey
})

/** The retry of a run that judges these workflows again, from their files. */
const judgedAnew = (run: Run, rkey: Rkey, again: Ended): Run => ({
  ...repeating(run, rkey),
  only: again.map(([name]) => name)
})

/** The announcement of builds that are started again, all of which have a recipe. */
const announcedAgain = ({ announced }: Run, again: Ended): ReadonlyArray<AnnouncedWorkflow> =>
  again.flatMap(([name, { recipe }]) => {
    if (recipe === null) return []
    const before = announced?.workflows.find((workflow) => workflow.name === name)
    return [before ?? { clone: recipe.clone, engine: ENGINE, name, text: '' }]
  })

/** The retry of a run that starts these builds again, with all that it will keep. */
const startedAgain = (run: Run, rkey: Rkey, again: Ended): Run => ({
  ...repeating(run, rkey),
  announced: { createdUs: 0 as TimeUs, workflows: withinTextLimit(announcedAgain(run, again)) },
  builds: again.reduce((all, [name, build]) => M.upsertAt(name, build)(all), M.empty<WorkflowName, Build>())
})

/**
 * A build that has ended stays ended, so a retry is a new run, under a key of ours. If any of the workflows never
 * became a build for a provider, all of them are judged again, from their files.
 */
export const retry = (context: Context, state: BuildsState, event: RetryRequested): BuildsReduction => {
  const { at, knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  const refusal = retryRefusal(context, state, event)
  if (refusal === 'right')
    return transitionTo(state, [report({ _tag: 'TriggerIgnored', at, knot, reason: 'repo', rkey })])
  if (run === null || refusal !== null) return irrelevant
  const again = endedOf(run, workflow)
  const key = freeKey(state, knot, nextStamp(state, at))
  if (!isPlanned(again))
    return O.some(askForFiles(withSourceKept(state, knot), knot, key, judgedAnew(run, rkey, again), null))
  const list = allowanceOf(context.config, run.repository)
  const planned = again.flatMap(([name, { recipe }]) => (recipe === null ? [] : [[name, recipe] as const]))
  const told = announce(context, state, knot, key, repeating(run, rkey), announcedAgain(run, again))
  return O.some(
    andThen(told, (after) =>
      chain(after, planned, (before, [name, recipe]) => {
        const build = { knot, rkey: key, workflow: name }
        const fault = targetFault(context.config, list, recipe, run.repository)
        if (fault !== null) return begin(context, before, build, null, failedStatus(fault))
        return start(context, before, build, recipe)
      })
    )
  )
}
