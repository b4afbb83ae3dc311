/**
 * Workflow files: they are read, and what is in them is judged (T3).
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Rights from '../access/rights.js'
import * as Request from '../base/request.js'
import { chain, irrelevant, report, transitionTo } from '../base/transition.js'
import { ascending } from '../data/ascending.js'
import { budgetOf } from '../data/glob.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { AnnouncedWorkflow, Effect, Report } from '../effect.js'
import type { Requested, RequestFailed, WorkflowsRead } from '../event.js'
import type { WorkflowSource } from '../model/trigger.js'
import { byName, type Condition, type Workflow, WORKFLOWS_MAX } from '../model/workflow.js'
import { allowanceOf } from './allow.js'
import { rememberedFrom } from './counterparts.js'
import type { BuildsReduction, BuildsState, BuildsStep, Context, Run, RunPhase } from './model.js'
import { workflowCalled } from './named.js'
import { shaOf } from './plan.js'
import { begin } from './provider-requests.js'
import { roomFor, RUN_ROOM, tighterRoom, unitsOfBuild, unitsOfRun, withinTextLimit } from './quota.js'
import { andThen, isKeyOurs, runOf, takeNumber, withoutRun, withRun } from './runs.js'
import { announcedOf, announcedUnread, decide, drop, isBuilt, type Judging, withoutChangedFiles } from './selection.js'
import { withSpent } from './sources.js'
import { announce, failedStatus } from './statuses.js'
import { appliesWithin, WHEN_COST_MAX } from './when.js'

/** The rule for names of builds. */
const NAME_LIMIT =
  'the name of a workflow has 1 to 100 characters below U+D800, and no slash or control character among them'

export const namesRefused = (
  at: TimeUs,
  knot: HostName,
  rkey: Rkey,
  names: ReadonlyArray<string>
): ReadonlyArray<Effect> =>
  names.map((name) => report({ _tag: 'WorkflowNameRefused', at, detail: NAME_LIMIT, knot, name, rkey }))

/** Asks for the workflow files of a run. */
export const askForFiles = (
  state: BuildsState,
  knot: HostName,
  rkey: Rkey,
  run: Run,
  workflows: ReadonlyArray<WorkflowSource> | null,
  attempt: Natural = Request.FIRST
): BuildsStep => {
  const [after, number] = takeNumber(state)
  const phase: RunPhase = { _tag: 'Reading', request: Request.asked(number, attempt), workflows }
  return [
    withRun(after, knot, rkey, { ...run, phase }),
    [{ _tag: 'ReadWorkflows', knot, number, repository: run.repository, rkey, sha: shaOf(run.cause), workflows }]
  ]
}

type Reading = Extract<RunPhase, { readonly _tag: 'Reading' }>

/** The run whose files are being read under that number, and its phase. */
const readingRun = (
  state: BuildsState,
  knot: HostName,
  rkey: Rkey,
  number: Natural
): readonly [Run, Reading] | null => {
  const run = runOf(state, knot, rkey)
  return run?.phase._tag === 'Reading' && Request.isAsked(run.phase.request, number) ? [run, run.phase] : null
}

export const onFilesFailed = (
  context: Context,
  state: BuildsState,
  event: RequestFailed,
  { knot, rkey }: Extract<Requested, { readonly _tag: 'Workflows' }>
): BuildsReduction => {
  const { at, error, isFinal } = event
  const reading = readingRun(state, knot, rkey, event.number)
  if (reading === null) return irrelevant
  const [run, phase] = reading
  if (phase.request.attempt >= (isFinal ? attemptsAfterFinal(run) : Request.ATTEMPTS)) {
    const told = report({ _tag: 'WorkflowsReadFailed', at, detail: error, knot, rkey })
    if (run.only === null) return transitionTo(abandonRun(state, knot, rkey), [told])
    // These were asked for by name, so whoever asked is told what became of each.
    const only = ascending(run.only)
    const known: Run = { ...run, cause: withoutChangedFiles(run.cause), only: null, phase: { _tag: 'Read' } }
    const announced = announce(context, state, knot, rkey, known, only.map(announcedUnread))
    const begun = andThen(announced, (after) =>
      chain(after, only, (before, workflow) =>
        begin(
          context,
          before,
          { knot, rkey, workflow },
          null,
          failedStatus(`The workflow files could not be read: ${error}`)
        )
      )
    )
    return O.some(andThen(begun, (after) => [after, [told]]))
  }
  const [after, number] = takeNumber(state)
  const [request, timer] = Request.retryLater(context.config.builds.backoff, event, number, phase.request)
  return transitionTo(withRun(after, knot, rkey, { ...run, phase: { ...phase, request } }), [timer])
}

/** The files are there, but it is unknown whether the run's actor may push: they are read again later. */
const UNKNOWN_RIGHT = 'it is not known yet who may push to the repository'

const undecided = (
  context: Context,
  state: BuildsState,
  { at, knot, number, rkey }: WorkflowsRead
): BuildsReduction => {
  const requested = { _tag: 'Workflows' as const, knot, rkey }
  const waitMs = 0 as Natural
  const event = { _tag: 'RequestFailed' as const, at, error: UNKNOWN_RIGHT, isFinal: false, number, requested, waitMs }
  return onFilesFailed(context, state, event, requested)
}

/** How often a "no" is retried: a knot may announce a commit before it serves it. With the pauses, a minute. */
const FINAL_ATTEMPTS = 5

/** Whether a call began the run. */
const isCall = ({ kind, retryOf }: Run): boolean => kind === 'call' && retryOf === null

/** How often a final "no" is retried. Never for a call: a commit that its caller can name is already served. */
const attemptsAfterFinal = (run: Run): number => (isCall(run) ? 0 : FINAL_ATTEMPTS)

/** Removes a run that waited for its files or its pipeline, and remembers its key: the trigger must not count again. */
export const abandonRun = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const run = runOf(state, knot, rkey)
  const gone = withoutRun(state, knot, rkey)
  return run === null || isKeyOurs(run) ? gone : withSpent(gone, knot, rkey, rememberedFrom(run))
}

/** The workflows asked for, each once, ascending. A call may use the short name that clients are shown. */
const askedFor = (
  run: Run,
  files: ReadonlyArray<Workflow>,
  names: ReadonlyArray<WorkflowName>
): ReadonlyArray<WorkflowName> => {
  const there = files.map(({ name }) => name)
  return ascending(isCall(run) ? names.map((name) => workflowCalled(name, there) ?? name) : names)
}

/** Whether each workflow applies. They share one budget. */
const verdictsOn = (
  workflows: ReadonlyArray<Workflow>,
  run: Run
): ReadonlyArray<readonly [Workflow, E.Either<string, boolean>]> => {
  const work = budgetOf(WHEN_COST_MAX)
  return workflows.map((workflow) => {
    if (workflow.when === null) return [workflow, E.right(true)]
    return [workflow, appliesWithin(work, knowsPaths(run) ? workflow.when : withoutPaths(workflow.when), run.cause)]
  })
}

/**
 * Whether the paths that a push changed are to be matched. Not for a pipeline: its knot has matched them. Not for
 * workflows that are judged again: they were matched the first time, and the paths are not kept.
 */
const knowsPaths = ({ kind, only }: Run): boolean => {
  switch (kind) {
    case 'pipeline':
      return false
    case 'call':
    case 'refUpdate':
      return only === null
  }
}

const withoutPaths = (when: ReadonlyArray<Condition>): ReadonlyArray<Condition> =>
  when.map((condition) => ({ ...condition, paths: null }))

/**
 * The room for the recipes of a run together, and the limit that sets it.
 *
 * @param kept The run before it is announced, without builds.
 * @param announced The workflows that will become builds.
 */
const roomIn = (
  context: Context,
  state: BuildsState,
  knot: HostName,
  rkey: Rkey,
  kept: Run,
  announced: ReadonlyArray<AnnouncedWorkflow>
): Pick<Judging, 'limit' | 'room'> => {
  const others = withoutRun(state, knot, rkey).kept
  const { left, limit } = tighterRoom(RUN_ROOM, roomFor(context, others, knot, kept.repository.owner))
  const told: Run = { ...kept, announced: { createdUs: context.at, workflows: withinTextLimit(announced) } }
  return { limit, room: budgetOf(left - unitsOfRun(told) - announced.length * unitsOfBuild(null)) }
}

/** The workflows of a run that are judged, and those that it asks for by names that no file has. */
interface Selected {
  readonly missing: ReadonlyArray<WorkflowName>
  readonly workflows: ReadonlyArray<Workflow>
}

const selected = (run: Run, files: ReadonlyArray<Workflow>): Selected => {
  if (run.only === null) return { missing: [], workflows: files }
  const only = askedFor(run, files, run.only)
  const workflows = files.filter(({ name }) => only.includes(name))
  return { missing: only.filter((asked) => !workflows.some(({ name }) => name === asked)), workflows }
}

/** Handles the workflow files of a run: each is built, is dropped, or fails with a sentence. */
export const onFilesRead = (context: Context, state: BuildsState, event: WorkflowsRead): BuildsReduction => {
  const { at, knot, number, rkey } = event
  const reading = readingRun(state, knot, rkey, number)
  if (reading === null) return irrelevant
  const [run, phase] = reading
  const abandoned = (reported: Report): BuildsReduction =>
    transitionTo(abandonRun(state, knot, rkey), [report(reported)])
  const right = Rights.rightTo(context, knot, run)
  if (right === 'unknown')
    return undecided(context, state, event)
  if (right === 'refused')
    return abandoned({ _tag: 'TriggerRefused', at, detail: run.actor ?? '', knot, reason: 'actor', rkey })
  const found = selected(run, byName(event.workflows))
  // A call names the workflows it wants, and its caller is told at once if there are none of those names.
  if (isCall(run) && run.only !== null && found.workflows.length === 0)
    return abandoned({ _tag: 'TriggerIgnored', at, knot, reason: 'workflows', rkey })
  const sources = event.sources ?? phase.workflows ?? []
  const [after, effects] = judged(context, state, { event, run, sources }, found)
  // A run without builds is over; one that is missing was forgotten with its last build.
  const still = runOf(after, knot, rkey)
  if (still === null || !M.isEmpty(still.builds)) return transitionTo(after, effects)
  const ignored = report({ _tag: 'TriggerIgnored', at, knot, reason: 'workflows', rkey })
  return transitionTo(abandonRun(after, knot, rkey), [...effects, ignored])
}

/** A run, and the event that has brought its files. */
interface RunRead {
  readonly event: WorkflowsRead
  readonly run: Run
  /** The files as text, to be announced. */
  readonly sources: ReadonlyArray<WorkflowSource>
}

/** Announces a run and judges its workflows. Files over the limit, or with invalid names, are reported. */
const judged = (
  context: Context,
  state: BuildsState,
  { event, run, sources }: RunRead,
  { missing, workflows }: Selected
): BuildsStep => {
  const { at, defaultBranch, knot, rkey } = event
  const known: Run = { ...run, defaultBranch: defaultBranch ?? run.defaultBranch, phase: { _tag: 'Read' } }
  const verdicts = verdictsOn(workflows.slice(0, WORKFLOWS_MAX), known)
  const announced = [
    ...verdicts.filter(isBuilt(state, run)).map(([workflow]) => announcedOf(workflow, sources)),
    ...missing.map(announcedUnread)
  ]
  const kept: Run = { ...known, cause: withoutChangedFiles(run.cause), only: null }
  const list = allowanceOf(context.config, run.repository)
  const judging: Judging = { list, context, run: known, ...roomIn(context, state, knot, rkey, kept, announced) }
  const told = announce(context, state, knot, rkey, kept, announced)
  const decided = andThen(told, (after) =>
    chain(after, verdicts, (before, [workflow, verdict]) =>
      decide(before, judging, { knot, rkey, workflow: workflow.name }, workflow, verdict)
    )
  )
  const begun = andThen(decided, (after) =>
    chain(after, missing, (before, workflow) =>
      begin(context, before, { knot, rkey, workflow }, null, failedStatus('There is no such workflow file any more.'))
    )
  )
  const surplus = workflows
    .slice(WORKFLOWS_MAX)
    .map(({ name }) => drop(at, { knot, rkey, workflow: name }, 'limit', `more than ${String(WORKFLOWS_MAX)}`))
  return andThen(begun, (after) => [after, [...surplus, ...namesRefused(at, knot, rkey, event.unkept)]])
}
