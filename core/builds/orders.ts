/**
 * What people want: to cancel, and to build again (BUILD-12).
 */
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { AnnouncedWorkflow } from '../effect.js'
import type { BuildMissing, CancelRequested, RetryRequested, WorkflowsRead } from '../event.js'
import { isFinal } from '../model/build.js'
import { ENGINE } from '../model/workflow.js'
import { chain, report, unchanged } from '../transition.js'
import { allowanceOf, targetFault } from './allow.js'
import { begin, end, start } from './asking.js'
import { type Build, type BuildsState, NONE, type Run, type Step } from './model.js'
import { nothingOf, read } from './reading.js'
import { buildOf, buildsOf, freeKey, runOf, andThen } from './runs.js'
import { sourceOf, withReading } from './sources.js'
import { announce, failed, nextStamp, type Outcome } from './statuses.js'
import { READING_MAX } from './triggers.js'

/** Ends what a run has not ended: while its files are being read, all of it. */
export const cancelRun = (
  state: BuildsState,
  at: TimeUs,
  [knot, rkey, run]: readonly [HostName, Rkey, Run],
  outcome: Outcome
): Step =>
  run.phase._tag === 'Read'
    ? chain(
        state,
        buildsOf(knot, rkey, run).filter(([, { status }]) => !isFinal(status)),
        (before, [name]) => end(before, at, name, outcome)
      )
    : unchanged(nothingOf(state, knot, rkey))

const CANCELLED: Outcome = { error: null, exitCode: null, status: 'cancelled' }

export const cancel = (state: BuildsState, { at, knot, rkey, workflow }: CancelRequested): Step => {
  const run = runOf(state, knot, rkey)
  if (run === null) return unchanged(state)
  if (workflow === null) return cancelRun(state, at, [knot, rkey, run], CANCELLED)
  const name = { knot, rkey, workflow }
  const build = buildOf(state, name)
  return build === null || isFinal(build.status) ? unchanged(state) : end(state, at, name, CANCELLED)
}

/** What may have something started, with what the rows say now of the right to it. */
export interface RightJudged {
  readonly _tag: 'RightJudged'
  readonly event: BuildMissing | RetryRequested | WorkflowsRead
  /**
   * Whether the record of the repository still holds the knot through us, and whoever caused the trigger still has a
   * say in it.
   */
  readonly isEntitled: boolean
}

/**
 * Why an order can come to nothing: there is no such run or build; its right is gone; it has not ended; it has; too
 * many runs wait.
 */
export type OrderRefusal = 'unknown' | 'right' | 'running' | 'ended' | 'limit'

/** Why to cancel that comes to nothing; `null` when it does not. */
export const cancelRefusal = (
  state: BuildsState,
  { knot, rkey, workflow }: Pick<CancelRequested, 'knot' | 'rkey' | 'workflow'>
): OrderRefusal | null => {
  const run = runOf(state, knot, rkey)
  if (run === null) return 'unknown'
  if (workflow === null && run.phase._tag !== 'Read') return null
  const builds = buildsOf(knot, rkey, run).filter(([name]) => workflow === null || name.workflow === workflow)
  if (builds.length === 0) return 'unknown'
  return builds.some(([, { status }]) => !isFinal(status)) ? null : 'ended'
}

/** Why to retry that comes to nothing; `null` when it does not. */
export const retryRefusal = (
  state: BuildsState,
  { knot, rkey, workflow }: Pick<RetryRequested, 'knot' | 'rkey' | 'workflow'>,
  isEntitled: boolean
): OrderRefusal | null => {
  const run = runOf(state, knot, rkey)
  if (run === null) return 'unknown'
  if (!isEntitled) return 'right'
  if (workflow !== null && !M.has(workflow)(run.builds)) return 'unknown'
  const again = endedOf(run, workflow)
  if (again.length === 0) return 'running'
  return isPlanned(again) || sourceOf(state, knot).reading < READING_MAX ? null : 'limit'
}

type Ended = ReadonlyArray<readonly [WorkflowName, Build]>

/** The builds of a run that have ended, or the one of a workflow, if it has. */
const endedOf = (run: Run, workflow: WorkflowName | null): Ended =>
  M.toEntries(run.builds).filter(([name, { status }]) => isFinal(status) && (workflow === null || name === workflow))

/** Whether all of them were builds for a provider, so that what was to be built is known. */
const isPlanned = (builds: Ended): boolean => builds.every(([, { recipe }]) => recipe !== null)

/**
 * What has ended is final, so to build again is a run of its own, with a key of ours. Where a workflow never became a
 * build of a provider, all of them are judged anew, from their files.
 */
export const retry = (state: BuildsState, event: RetryRequested, isEntitled: boolean): Step => {
  const { at, knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  const refusal = retryRefusal(state, event, isEntitled)
  if (refusal === 'right') return [state, [report({ _tag: 'TriggerIgnored', at, knot, reason: 'repo', rkey })]]
  if (run === null || refusal !== null) return unchanged(state)
  const again = endedOf(run, workflow)
  const key = freeKey(state, knot, nextStamp(state, at))
  const repeated: Run = {
    ...run,
    announced: null,
    attempt: NONE,
    builds: M.empty(),
    met: null,
    only: null,
    phase: { _tag: 'Read' },
    retryOf: run.retryOf ?? rkey
  }
  if (!isPlanned(again)) {
    const only = again.map(([name]) => name)
    return read(withReading(state, knot, 1), knot, key, { ...repeated, only }, null)
  }
  const list = allowanceOf(state, run.repository)
  const planned = again.flatMap(([name, { recipe }]) => (recipe === null ? [] : [[name, recipe] as const]))
  const announced = planned.map(
    ([name, { clone }]): AnnouncedWorkflow =>
      run.announced?.workflows.find((workflow) => workflow.name === name) ?? { clone, engine: ENGINE, name, text: '' }
  )
  return andThen(announce(state, at, knot, key, repeated, announced), (told) =>
    chain(told, planned, (before, [name, recipe]) => {
      const build = { knot, rkey: key, workflow: name }
      const fault = targetFault(before, list, recipe, run.repository)
      return fault === null ? start(before, at, build, recipe) : begin(before, at, build, null, failed(fault))
    })
  )
}
