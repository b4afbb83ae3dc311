/**
 * What becomes of a workflow that was read: it is built, is dropped, or fails with a sentence (T3).
 */
import * as E from 'fp-ts/lib/Either.js'
import { report, withoutEffects } from '../base/transition.js'
import type { Budget } from '../data/budget.js'
import type { TimeUs, WorkflowName } from '../data/identifiers.js'
import { ZERO } from '../data/natural.js'
import { type AnnouncedWorkflow, type Effect } from '../effect.js'
import { type BuildName, type Repository } from '../model/build.js'
import type { Cause, TriggerKind, WorkflowSource } from '../model/trigger.js'
import type { Workflow } from '../model/workflow.js'
import { type Allowance, targetOf } from './allow.js'
import { type BuildsState, type BuildsStep, type Context, type Run } from './model.js'
import { recipeOf } from './plan.js'
import { begin, start } from './provider-requests.js'
import { andThen } from './runs.js'
import { failedStatus } from './statuses.js'
import { mistakeIn } from './when.js'

/** Whether the workflow becomes a build, even one that fails before it starts. */
export const isBuilt =
  (state: BuildsState, run: Run) =>
  ([workflow, verdict]: readonly [Workflow, E.Either<string, boolean>]): boolean => {
    if (run.only !== null) return true
    if (E.isLeft(verdict)) return false
    if (verdict.right) return workflow._tag === 'Faulty' || workflow.engine !== null
    return (
      workflow.when !== null &&
      mistakeIn(workflow.when) !== null &&
      !state.mistaken.includes(mistakeKey(run.repository, workflow))
    )
  }

/** The checkout options of a file that cannot be understood: the defaults. */
const PLAIN_CLONE: AnnouncedWorkflow['clone'] = { depth: ZERO, skip: false, submodules: false }

/** What is announced of a workflow whose file is not there. */
export const announcedUnread = (name: WorkflowName): AnnouncedWorkflow => ({
  clone: PLAIN_CLONE,
  engine: '',
  name,
  text: ''
})

export const announcedOf = (workflow: Workflow, sources: ReadonlyArray<WorkflowSource>): AnnouncedWorkflow => {
  const { name } = workflow
  const text = sources.find((source) => source.name === name)?.text ?? ''
  return workflow._tag === 'Faulty'
    ? { clone: PLAIN_CLONE, engine: '', name, text }
    : { clone: workflow.clone, engine: workflow.engine ?? '', name, text }
}

/** The cause; for a pipeline, without its changed files, which are not matched: its knot has chosen the workflows. */
export const withoutChanges = (kind: TriggerKind, cause: Cause): Cause => {
  switch (kind) {
    case 'pipeline':
      return withoutChangedFiles(cause)
    case 'refUpdate':
      return cause
  }
}

/** The cause without its changed files, which serve only to choose workflows. */
export const withoutChangedFiles = (cause: Cause): Cause =>
  cause._tag === 'Push' ? { ...cause, changedFiles: null } : cause

export const drop = (at: TimeUs, build: BuildName, reason: 'when' | 'engine' | 'limit', detail: string): Effect =>
  report({ _tag: 'WorkflowDropped', at, build, detail, reason })

/** What all workflows of a run are judged by. */
export interface Judging {
  /** Why there is no more room. */
  readonly limit: string
  readonly list: Allowance
  readonly context: Context
  /** For their recipes, in units. */
  readonly room: Budget
  readonly run: Run
}

/** What a workflow becomes: nothing, a build that has failed already, or one that its provider is asked to start. */
export const decide = (
  state: BuildsState,
  { limit, list, context, room, run }: Judging,
  name: BuildName,
  workflow: Workflow,
  isMeant: E.Either<string, boolean>
): BuildsStep => {
  const { at } = context
  // A workflow that was asked for by name gets a status in any case.
  const nothing = (sentence: string, otherwise: BuildsStep): BuildsStep =>
    run.only === null ? otherwise : begin(context, state, name, null, failedStatus(sentence))
  if (E.isLeft(isMeant))
    return nothing(`It cannot be told whether the workflow applies: ${isMeant.left}.`, [
      state,
      [drop(at, name, 'when', isMeant.left)]
    ])
  if (!isMeant.right) {
    const mistake = workflow.when === null ? null : mistakeIn(workflow.when)
    return nothing(
      mistake ?? 'The workflow does not apply.',
      mistake === null ? withoutEffects(state) : failOnceForMistake(context, state, name, run, workflow, mistake)
    )
  }
  if (workflow._tag === 'Faulty') return begin(context, state, name, null, failedStatus(workflow.error))
  if (workflow.engine === null)
    return nothing('The workflow names no engine.', [state, [drop(at, name, 'engine', 'the workflow names no engine')]])
  const found = targetOf(context.config, list, workflow.engine, workflow.targets, run.repository)
  if (E.isLeft(found)) return begin(context, state, name, null, failedStatus(found.left))
  if (!room.take(workflow.units)) {
    const begun = begin(context, state, name, null, failedStatus(`There is no room for this workflow: ${limit}.`))
    return andThen(begun, (after) => [after, [drop(at, name, 'limit', limit)]])
  }
  return start(context, state, name, recipeOf(workflow, found.right))
}

/** For how many files it is remembered that their mistake has been reported. */
const MISTAKEN_MAX = 1_000

/** Names one content of a workflow file in a repository. */
const mistakeKey = ({ owner, rkey }: Repository, { content, name }: Workflow): string =>
  [owner, rkey, name, content].join('/')

/** Fails a workflow that can never apply because of a mistake, once for each content of the file. */
const failOnceForMistake = (
  context: Context,
  state: BuildsState,
  name: BuildName,
  { repository }: Run,
  workflow: Workflow,
  mistake: string
): BuildsStep => {
  const key = mistakeKey(repository, workflow)
  if (state.mistaken.includes(key)) return withoutEffects(state)
  const mistaken = [...state.mistaken, key].slice(-MISTAKEN_MAX)
  return begin(context, { ...state, mistaken }, name, null, failedStatus(mistake))
}
