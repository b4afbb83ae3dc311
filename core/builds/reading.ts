/**
 * Workflow files: they are read, and what is in them is judged (T3).
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { ascending } from '../data/ascending.js'
import { budgetOf } from '../data/glob.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { AnnouncedWorkflow, Effect } from '../effect.js'
import type { Requested, RequestFailed, WorkflowsRead } from '../event.js'
import type { WorkflowSource } from '../model/trigger.js'
import { byName, type Condition, type Workflow, WORKFLOWS_MAX } from '../model/workflow.js'
import * as Request from '../request.js'
import * as Rights from '../rights.js'
import { chain, nothing, report, to } from '../transition.js'
import { allowanceOf } from './allow.js'
import { begin } from './provider-requests.js'
import { modest, narrower, roomFor, RUN_ROOM, unitsOfBuild, unitsOfRun } from './quota.js'
import { rememberedFrom } from './counterparts.js'
import { announcedOf, announcedUnread, decide, drop, isBuilt, type Judging, withoutChangedFiles } from './selection.js'
import type { BuildsAnswer, BuildsState, BuildsStep, Context, Run, RunPhase } from './model.js'
import { workflowCalled } from './named.js'
import { shaOf } from './plan.js'
import { isKeyOurs, numbered, runOf, andThen, withoutRun, withRun } from './runs.js'
import { withSpent } from './sources.js'
import { announce, failed } from './statuses.js'
import { appliesWithin, WHEN_COST_MAX } from './when.js'

/** What a name must be, to be that of a build. */
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
  const [after, number] = numbered(state)
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

export const filesFailed = (
  context: Context,
  state: BuildsState,
  event: RequestFailed,
  { knot, rkey }: Extract<Requested, { readonly _tag: 'Workflows' }>
): BuildsAnswer => {
  const { at, error, isFinal } = event
  const reading = readingRun(state, knot, rkey, event.number)
  if (reading === null) return nothing
  const [run, phase] = reading
  if (phase.request.attempt >= (isFinal ? finalAttempts(run) : Request.ATTEMPTS)) {
    const told = report({ _tag: 'WorkflowsReadFailed', at, detail: error, knot, rkey })
    if (run.only === null) return to(nothingOf(state, knot, rkey), [told])
    // Somebody asked for these, and hears what became of them.
    const only = ascending(run.only)
    const known: Run = { ...run, cause: withoutChangedFiles(run.cause), only: null, phase: { _tag: 'Read' } }
    const announced = announce(context, state, knot, rkey, known, only.map(announcedUnread))
    const begun = andThen(announced, (after) =>
      chain(after, only, (before, workflow) =>
        begin(context, before, { knot, rkey, workflow }, null, failed(`The workflow files could not be read: ${error}`))
      )
    )
    return O.some(andThen(begun, (after) => [after, [told]]))
  }
  const [after, number] = numbered(state)
  const [request, timer] = Request.failed(context.config.builds.backoff, event, number, phase.request)
  return to(withRun(after, knot, rkey, { ...run, phase: { ...phase, request } }), [timer])
}

/** The files are there, and whoever caused the run may have no say: they are read again when that is known. */
const UNDECIDED = 'it is not known yet who may push to the repository'

const undecided = (context: Context, state: BuildsState, { at, knot, number, rkey }: WorkflowsRead): BuildsAnswer => {
  const requested = { _tag: 'Workflows' as const, knot, rkey }
  const waitMs = 0 as Natural
  const event = { _tag: 'RequestFailed' as const, at, error: UNDECIDED, isFinal: false, number, requested, waitMs }
  return filesFailed(context, state, event, requested)
}

/** How often a "no" is doubted: a knot may tell of a commit before it gives it out. With the pauses, for a minute. */
const FINAL_ATTEMPTS = 5

/** Whether a call began the run. */
const isCall = ({ kind, retryOf }: Run): boolean => kind === 'call' && retryOf === null

/** Of a commit that somebody names, a "no" is not doubted: whoever knows it can have it. */
const finalAttempts = (run: Run): number => (isCall(run) ? 0 : FINAL_ATTEMPTS)

/** The run, which waited for its files or for its pipeline, has come to nothing: its trigger must not count again. */
export const nothingOf = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const run = runOf(state, knot, rkey)
  const gone = withoutRun(state, knot, rkey)
  return run === null || isKeyOurs(run) ? gone : withSpent(gone, knot, rkey, rememberedFrom(run))
}

/** The workflows that are asked for, each once, names ascending; a call may name a file as clients are shown it. */
const askedFor = (
  run: Run,
  files: ReadonlyArray<Workflow>,
  names: ReadonlyArray<WorkflowName>
): ReadonlyArray<WorkflowName> => {
  const there = files.map(({ name }) => name)
  return ascending(isCall(run) ? names.map((name) => workflowCalled(name, there) ?? name) : names)
}

/** For each workflow, whether it applies; all of them together within one limit. */
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
 * Whether what the push changed is for us to look at. What a ready-made pipeline brings along has been chosen by the
 * knot, which knew; of what is judged anew, it was looked at the first time, and is not kept.
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
 * What there is for the recipes of a run, all of them together, and why no more.
 *
 * @param kept The run as it is before it is announced, and without a build.
 * @param announced The workflows of which it will have a build.
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
  const { left, limit } = narrower(RUN_ROOM, roomFor(context, others, knot, kept.repository.owner))
  const told: Run = { ...kept, announced: { createdUs: context.at, workflows: modest(announced) } }
  return { limit, room: budgetOf(left - unitsOfRun(told) - announced.length * unitsOfBuild(null)) }
}

export const filesRead = (context: Context, state: BuildsState, event: WorkflowsRead): BuildsAnswer => {
  const { at, defaultBranch, knot, number, rkey } = event
  const reading = readingRun(state, knot, rkey, number)
  if (reading === null) return nothing
  const [run, phase] = reading
  const right = Rights.rightTo(context, knot, run)
  if (right === 'unknown')
    return undecided(context, state, event)
  if (right === 'refused')
    return to(nothingOf(state, knot, rkey), [
      report({ _tag: 'TriggerRefused', at, detail: run.actor ?? '', knot, reason: 'actor', rkey })
    ])
  const known: Run = { ...run, defaultBranch: defaultBranch ?? run.defaultBranch, phase: { _tag: 'Read' } }
  const list = allowanceOf(context.config, run.repository)
  const files = byName(event.workflows)
  const only = run.only === null ? null : askedFor(run, files, run.only)
  const workflows = files.filter(({ name }) => only === null || only.includes(name))
  const verdicts = verdictsOn(workflows.slice(0, WORKFLOWS_MAX), known)
  const missed = (only ?? []).filter((workflow) => !workflows.some(({ name }) => name === workflow))
  // Who calls names what is to be built, and hears it at once when there is none of it.
  if (isCall(run) && only !== null && workflows.length === 0)
    return to(nothingOf(state, knot, rkey), [report({ _tag: 'TriggerIgnored', at, knot, reason: 'workflows', rkey })])
  const announced = [
    ...verdicts
      .filter(isBuilt(state, run))
      .map(([workflow]) => announcedOf(workflow, event.sources ?? phase.workflows ?? [])),
    ...missed.map(announcedUnread)
  ]
  const kept: Run = { ...known, cause: withoutChangedFiles(run.cause), only: null }
  const told = announce(context, state, knot, rkey, kept, announced)
  const judging: Judging = { list, context, run: known, ...roomIn(context, state, knot, rkey, kept, announced) }
  const decided = andThen(told, (after) =>
    chain(after, verdicts, (before, [workflow, verdict]) =>
      decide(before, judging, { knot, rkey, workflow: workflow.name }, workflow, verdict)
    )
  )
  const begun = andThen(decided, (after) =>
    chain(after, missed, (before, workflow) =>
      begin(context, before, { knot, rkey, workflow }, null, failed('There is no such workflow file any more.'))
    )
  )
  const dropped = andThen(begun, (after) => [
    after,
    [
      ...workflows
        .slice(WORKFLOWS_MAX)
        .map(({ name }) => drop(at, { knot, rkey, workflow: name }, 'limit', `more than ${String(WORKFLOWS_MAX)}`)),
      ...namesRefused(at, knot, rkey, event.unkept)
    ]
  ])
  const [after, effects] = dropped
  // Nothing has come of it, if the run has no build (and has not been forgotten with the last of them).
  const judged = runOf(after, knot, rkey)
  return judged === null || !M.isEmpty(judged.builds)
    ? O.some(dropped)
    : to(nothingOf(after, knot, rkey), [
        ...effects,
        report({ _tag: 'TriggerIgnored', at, knot, reason: 'workflows', rkey })
      ])
}
