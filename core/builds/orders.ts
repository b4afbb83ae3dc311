/**
 * What people want: to cancel, and to build again (T4).
 */
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { AnnouncedWorkflow } from '../effect.js'
import type { CancelRequested, RetryRequested } from '../event.js'
import { isFinal } from '../model/build.js'
import { ENGINE } from '../model/workflow.js'
import * as Rights from '../rights.js'
import { chain, nothing, report, to, unchanged } from '../transition.js'
import { allowanceOf, targetFault } from './allow.js'
import { begin, end, start } from './provider-requests.js'
import type { Build, BuildsAnswer, BuildsState, BuildsStep, Context, Run } from './model.js'
import { fullness, noRoom } from './fullness.js'
import { askForFiles, nothingOf } from './reading.js'
import { modest } from './quota.js'
import { andThen, buildsOf, freeKey, runOf } from './runs.js'
import { remembering } from './sources.js'
import { announce, failed, type NewStatus, nextStamp } from './statuses.js'
import { isWaiting } from './waiting.js'

/** Ends what a run has not ended: while its files are being read, all of it. */
export const cancelRun = (
  context: Context,
  state: BuildsState,
  [knot, rkey, run]: readonly [HostName, Rkey, Run],
  last: NewStatus
): BuildsStep =>
  isWaiting(run)
    ? unchanged(nothingOf(state, knot, rkey))
    : chain(
        state,
        buildsOf(knot, rkey, run).filter(([, { status }]) => !isFinal(status)),
        (before, [name]) => end(context, before, name, last)
      )

export const CANCELLED: NewStatus = { error: null, exitCode: null, status: 'cancelled' }

export const cancel = (context: Context, state: BuildsState, event: CancelRequested): BuildsAnswer => {
  const { knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  if (run === null || cancelRefusal(state, event) !== null) return nothing
  return O.some(
    workflow === null
      ? cancelRun(context, state, [knot, rkey, run], CANCELLED)
      : end(context, state, { knot, rkey, workflow }, CANCELLED)
  )
}

/**
 * Why an order can come to nothing: there is no such run or build; who may push is not known yet; its right is gone;
 * it has not ended; it has; there is no room for another run.
 */
export type OrderRefusal = 'unknown' | 'undecided' | 'right' | 'running' | 'ended' | 'limit'

/** Why to cancel that comes to nothing; `null` when it does not. */
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

/** Why to retry that comes to nothing; `null` when it does not. */
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

/** The builds of a run that have ended, or the one of a workflow, if it has. */
const endedOf = (run: Run, workflow: WorkflowName | null): Ended =>
  M.toEntries(run.builds).filter(([name, { status }]) => isFinal(status) && (workflow === null || name === workflow))

/** Whether all of them were builds for a provider, so that what was to be built is known. */
const isPlanned = (builds: Ended): boolean => builds.every(([, { recipe }]) => recipe !== null)

/** A run that repeats the run, as it begins. */
const repeating = (run: Run, rkey: Rkey): Run => ({
  ...run,
  announced: null,
  builds: M.empty(),
  met: null,
  only: null,
  phase: { _tag: 'Read' },
  retryOf: run.retryOf ?? rkey
})

/** A run that judges these of its workflows anew. */
const judgedAnew = (run: Run, rkey: Rkey, again: Ended): Run => ({
  ...repeating(run, rkey),
  only: again.map(([name]) => name)
})

/** What is announced when these are started again, all of which have a recipe. */
const announcedAgain = ({ announced }: Run, again: Ended): ReadonlyArray<AnnouncedWorkflow> =>
  again.flatMap(([name, { recipe }]) => {
    if (recipe === null) return []
    const before = announced?.workflows.find((workflow) => workflow.name === name)
    return [before ?? { clone: recipe.clone, engine: ENGINE, name, text: '' }]
  })

/** A run that starts these again, with all that it will keep. */
const startedAgain = (run: Run, rkey: Rkey, again: Ended): Run => ({
  ...repeating(run, rkey),
  announced: { createdUs: 0 as TimeUs, workflows: modest(announcedAgain(run, again)) },
  builds: again.reduce((all, [name, build]) => M.upsertAt(name, build)(all), M.empty<WorkflowName, Build>())
})

/**
 * What has ended is final, so to build again is a run of its own, with a key of ours. Where a workflow never became a
 * build of a provider, all of them are judged anew, from their files.
 */
export const retry = (context: Context, state: BuildsState, event: RetryRequested): BuildsAnswer => {
  const { at, knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  const refusal = retryRefusal(context, state, event)
  if (refusal === 'right') return to(state, [report({ _tag: 'TriggerIgnored', at, knot, reason: 'repo', rkey })])
  if (run === null || refusal !== null) return nothing
  const again = endedOf(run, workflow)
  const key = freeKey(state, knot, nextStamp(state, at))
  if (!isPlanned(again))
    return O.some(askForFiles(remembering(state, knot), knot, key, judgedAnew(run, rkey, again), null))
  const list = allowanceOf(context.config, run.repository)
  const planned = again.flatMap(([name, { recipe }]) => (recipe === null ? [] : [[name, recipe] as const]))
  const told = announce(context, state, knot, key, repeating(run, rkey), announcedAgain(run, again))
  return O.some(
    andThen(told, (after) =>
      chain(after, planned, (before, [name, recipe]) => {
        const build = { knot, rkey: key, workflow: name }
        const fault = targetFault(context.config, list, recipe, run.repository)
        if (fault !== null) return begin(context, before, build, null, failed(fault))
        return start(context, before, build, recipe)
      })
    )
  )
}
