/**
 * Builds: from a trigger that both gates let through to a status that never changes again.
 *
 * A run is what one trigger comes to; it has one build for each workflow that applies. What is asked of the world (read the workflow
 * files, start, find, cancel) stands in the state until the world has answered, so that a crash can take nothing away and double
 * nothing: after a restart, a build whose start was asked for is looked for before it is started again (T5).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { type Room, modest, NO_ROOM, roomIn } from './budget.js'
import { type BuildName, ExitCode, isFinal, Recipe, Repository, Status } from './build.js'
import type { HoldChanged } from './commits/index.js'
import type { Entitlement } from './rights.js'
import { BuildPolicy, type Config, Natural } from './config.js'
import { unhurried } from './connection.js'
import { globNameOf, globOf, type Points, tryGlob, type Work, workOf } from './data/glob.js'
import { canonicalHost, HostName, HostPolicy } from './data/host-name.js'
import { Did, FUTURE_US, isTidAfter, isZeroSha, laterOf, microsOf, type Nanos, Rkey, Tid, tidOf, TimeUs, usAfter, usBefore, WorkflowName } from './data/identifiers.js'
import { insertAt, type MultiMap, removeAt, valuesAt } from './data/multimap.js'
import { orderedMap } from './data/ordered-map-codec.js'
import * as M from './data/ordered-map.js'
import { cut } from './data/text.js'
import { AnnouncedWorkflow, type Effect, type PipelineEntry, type PublishStatus, type StatusEntry, type TriggerIgnorance, type TriggerRefusal } from './effect.js'
import type {
  BuildAccepted,
  BuildMissing,
  BuildRefused,
  BuildReported,
  BuildUncertain,
  CancelHeard,
  CancelRequested,
  Event,
  RetryRequested,
  Timer,
  WorkflowsRead,
  WorkflowsUnread
} from './event.js'
import type { HoldsChanged, TriggerArrived } from './knots/index.js'
import { planOf, recipeOf, shaOf } from './plan.js'
import { courseOf, isSamePush, Told, toldOf, type Telling, WAIT_MS } from './pushes.js'
import { type LogKey, logKey, oldestStatuses, type StatusLog } from './status-log.js'
import { chain, report, type Transition, unchanged } from './transition.js'
import { Cause, type Push, type Trigger, TriggerKind, WorkflowSource } from './trigger.js'
import { appliesWithin, mistakeIn, shortName, WHEN_COST_MAX } from './when.js'
import { type Condition, ENGINE, type Target, type Workflow } from './workflow.js'

// ---------------------------------------------------------------------------------------- model

/** What is asked of the provider about a build, and under which number. */
export const BuildPhase = t.union(
  [
    /** It is asked to start it. */
    t.readonly(t.strict({ _tag: t.literal('Starting'), number: Natural })),
    /** It is asked whether it has it: it may have been started. */
    t.readonly(t.strict({ _tag: t.literal('Finding'), number: Natural })),
    /** A pause, and then it is asked whether it has it. */
    t.readonly(t.strict({ _tag: t.literal('Pausing'), number: Natural })),
    /** It has it. */
    t.readonly(t.strict({ _tag: t.literal('Following'), external: t.string })),
    /** It is asked to end it. */
    t.readonly(t.strict({ _tag: t.literal('Cancelling'), external: t.string, number: Natural })),
    /** A pause, and then it is asked again to end it. */
    t.readonly(t.strict({ _tag: t.literal('CancelPausing'), external: t.string, number: Natural })),
    /** Nothing is owed. `external` is `null` for a build that never reached its provider. */
    t.readonly(t.strict({ _tag: t.literal('Settled'), external: t.union([t.string, t.null]) }))
  ],
  'BuildPhase'
)
export type BuildPhase = t.TypeOf<typeof BuildPhase>

export const Build = t.readonly(
  t.strict({
    /** How many pauses there have been since the provider last answered. */
    attempt: Natural,
    /** The number of the timer that ends its time; the timers before it are void. */
    deadline: Natural,
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    phase: BuildPhase,
    /** `null` for a workflow that never became one for a provider. */
    recipe: t.union([Recipe, t.null]),
    status: Status,
    /** When its status last changed: the key of its last entry in the log. */
    statusUs: TimeUs
  }),
  'Build'
)
export type Build = t.TypeOf<typeof Build>

/** Whether the workflow files are known yet. */
export const RunPhase = t.union(
  [
    /** It is a push that waits for its pipeline, and is acted on when a timer of that number fires. */
    t.readonly(t.strict({ _tag: t.literal('Waiting'), number: Natural })),
    t.readonly(t.strict({ _tag: t.literal('Reading'), number: Natural, workflows: t.union([t.readonlyArray(WorkflowSource), t.null]) })),
    t.readonly(t.strict({ _tag: t.literal('ReadPausing'), number: Natural, workflows: t.union([t.readonlyArray(WorkflowSource), t.null]) })),
    t.readonly(t.strict({ _tag: t.literal('Read') }))
  ],
  'RunPhase'
)
export type RunPhase = t.TypeOf<typeof RunPhase>

export const Run = t.readonly(
  t.strict({
    /** Who caused it; `null` where the knot answers for that. */
    actor: t.union([Did, t.null]),
    /** When its readers were told of it, and of what; `null` before its first status, and in runs that began before there were announcements. */
    announced: t.union([t.readonly(t.strict({ createdUs: TimeUs, workflows: t.readonlyArray(AnnouncedWorkflow) })), t.null]),
    /** How many pauses there have been. */
    attempt: Natural,
    /** By the names of their workflows. */
    builds: orderedMap(WorkflowName, Build),
    cause: Cause,
    defaultBranch: t.union([t.string, t.null]),
    /** The kind of the trigger. */
    kind: TriggerKind,
    /** The key of the other kind of trigger that told of the same push; `null` while none has come. */
    met: t.union([Rkey, t.null]),
    /** Of one that repeats another: which of its workflows, where they are judged anew. `null`: all that apply. */
    only: t.union([t.readonlyArray(WorkflowName), t.null]),
    phase: RunPhase,
    repository: Repository,
    /** The rkey of the trigger that this one repeats; `null` for one that came from the knot. */
    retryOf: t.union([Rkey, t.null])
  }),
  'Run'
)
export type Run = t.TypeOf<typeof Run>

export interface RunKeyBrand {
  readonly RunKey: unique symbol
}

/** `<knot>/<rkey>` of a trigger: a host has no slash, so no two triggers share a name. */
export const RunKey = t.brand(t.string, (s): s is t.Branded<string, RunKeyBrand> => /^[^/]+\/[^/]+$/.test(s), 'RunKey')
export type RunKey = t.TypeOf<typeof RunKey>

/** What is remembered about a knot from which triggers came. */
export const Source = t.readonly(
  t.strict({
    /** Whether a refUpdate came with `changedFiles` or `pushOptions`. */
    details: t.boolean,
    /**
     * Triggers whose keys do not come after this one are forgotten, so a repeat of one could not be told; `null` while all are
     * remembered. A TID: the keys of a knot tell the time, and rise.
     */
    forgotten: t.union([Rkey, t.null]),
    /** When nobody holds the knot any more: the number of the timer that ends its memory, and when that is due. */
    leaving: t.union([t.readonly(t.strict({ number: Natural, untilUs: TimeUs })), t.null]),
    /** Whether a `sh.tangled.pipeline` of a push came. */
    pipelines: t.boolean,
    /** How many runs are waiting for their workflow files, or for their pipeline. */
    reading: Natural,
    /**
     * Keys of triggers of which there is no run, and which begin none when they are repeated, but for those that were left; with what they
     * told of, where a counterpart may come. The greatest 200.
     */
    spent: orderedMap(Rkey, t.union([Told, t.null]))
  }),
  'Source'
)
export type Source = t.TypeOf<typeof Source>

const Settings = t.readonly(t.strict({ hosts: HostPolicy, owner: t.string, policy: BuildPolicy }))

export interface BuildsState extends StatusLog {
  /** Workflow files of which it was said that a key by mistake keeps them from ever applying: the last 1 000, as `mistakeKey` has them. */
  readonly mistaken: ReadonlyArray<string>
  /** The number of the next request or timer. */
  readonly next: Natural
  /** Derived: the keys of the runs that pushes began, by knot, commits and ref. */
  readonly pushes: MultiMap<string, Rkey>
  readonly runs: M.OrderedMap<RunKey, Run>
  readonly settings: t.TypeOf<typeof Settings>
  readonly sources: M.OrderedMap<HostName, Source>
  readonly stopped: boolean
}

const settingsOf = ({ builds, hosts, owner }: Config): BuildsState['settings'] => ({ hosts, owner, policy: builds })

export const initial = (config: Config): BuildsState => ({
  announcements: M.empty(),
  floorUs: null,
  lastUs: 0 as TimeUs,
  log: M.empty(),
  mistaken: [],
  next: 1 as Natural,
  pushes: M.empty(),
  runs: M.empty(),
  settings: settingsOf(config),
  sources: M.empty(),
  stopped: false
})

// ---------------------------------------------------------------------------------------- runs and builds, by name

type Step = Transition<BuildsState, Effect>

const runKey = (knot: HostName, rkey: Rkey): RunKey => `${knot}/${rkey}` as RunKey

/** The run of that trigger; `null` when there is none. */
export const runOf = (state: BuildsState, knot: HostName, rkey: Rkey): Run | null => O.toNullable(M.lookup(runKey(knot, rkey))(state.runs))

/** Whose repository a run is of, and who caused it; `null` when there is no such run. */
export const rightOf = (state: BuildsState, knot: HostName, rkey: Rkey): Pick<Run, 'actor' | 'repository'> | null => runOf(state, knot, rkey)

const buildOf = (state: BuildsState, { knot, rkey, workflow }: BuildName): Build | null => {
  const run = runOf(state, knot, rkey)
  return run === null ? null : O.toNullable(M.lookup(workflow)(run.builds))
}

const pushKey = (knot: HostName, { newSha, oldSha, ref }: Push): string => `${knot}/${newSha}/${oldSha}/${ref}`

/** The push that began the run; `null` where something else did. */
const pushThatBegan = ({ cause, retryOf }: Run): Push | null => (cause._tag === 'Push' && retryOf === null ? cause : null)

const withRun = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): BuildsState => {
  const key = runKey(knot, rkey)
  const push = M.has(key)(state.runs) ? null : pushThatBegan(run)
  return {
    ...state,
    pushes: push === null ? state.pushes : insertAt(pushKey(knot, push), rkey)(state.pushes),
    runs: M.upsertAt(key, run)(state.runs)
  }
}

/** The state without the run, and without what was said of it before its first status. */
const withoutRun = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const run = runOf(state, knot, rkey)
  const announced = run?.announced ?? null
  const push = run === null ? null : pushThatBegan(run)
  return {
    ...state,
    announcements: announced === null ? state.announcements : M.deleteAt(logKey(announced.createdUs))(state.announcements),
    pushes: push === null ? state.pushes : removeAt(pushKey(knot, push), rkey)(state.pushes),
    runs: M.deleteAt(runKey(knot, rkey))(state.runs)
  }
}

const withBuild = (state: BuildsState, { knot, rkey, workflow }: BuildName, build: Build): BuildsState =>
  pipe(
    M.lookup(runKey(knot, rkey))(state.runs),
    O.match(
      () => state,
      (run) => withRun(state, knot, rkey, { ...run, builds: M.upsertAt(workflow, build)(run.builds) })
    )
  )

/** A step about a build that a provider has, or may have: nothing where there is none of that name. */
const about = (state: BuildsState, name: BuildName, step: (build: Build, recipe: Recipe, run: Run) => Step): Step => {
  const run = runOf(state, name.knot, name.rkey)
  const build = run === null ? null : O.toNullable(M.lookup(name.workflow)(run.builds))
  return run === null || build === null || build.recipe === null ? unchanged(state) : step(build, build.recipe, run)
}

/** The builds of a run, by name. */
const buildsOf = (knot: HostName, rkey: Rkey, run: Run): ReadonlyArray<readonly [BuildName, Build]> =>
  M.toEntries(run.builds).map(([workflow, build]) => [{ knot, rkey, workflow }, build])

/** The state with a number taken, and that number. */
const numbered = (state: BuildsState): readonly [BuildsState, Natural] => [{ ...state, next: (state.next + 1) as Natural }, state.next]

/** `step`, and then `more` from where it leads. */
const then = ([state, effects]: Step, more: (state: BuildsState) => Step): Step => {
  const [after, further] = more(state)
  return [after, [...effects, ...further]]
}

const splitKey = (key: RunKey): readonly [HostName, Rkey] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash) as HostName, key.slice(slash + 1) as Rkey]
}

// ---------------------------------------------------------------------------------------- statuses

const RANKS: { readonly [S in Status]: number } = { pending: 0, running: 1, success: 2, failed: 2, timeout: 2, cancelled: 2 }

/** Forgets a build of which nothing is owed, and whose last status is not kept any more. With its last build, a run goes. */
const forget = (state: BuildsState, name: BuildName): BuildsState => {
  const run = runOf(state, name.knot, name.rkey)
  const build = buildOf(state, name)
  if (run === null || build?.phase._tag !== 'Settled' || M.has(logKey(build.statusUs))(state.log)) return state
  const builds = M.deleteAt(name.workflow)(run.builds)
  if (!M.isEmpty(builds)) return withRun(state, name.knot, name.rkey, { ...run, builds })
  const gone = withoutRun(state, name.knot, name.rkey)
  const source = O.toNullable(M.lookup(name.knot)(state.sources))
  // The keys of retries are ours: they say nothing about those of the knot. Of a knot that is forgotten, none counts again (T1).
  if (run.retryOf !== null || source === null || isForgotten(source, name.rkey)) return gone
  // Nor does one that is no time, or one from the future, say anything about others.
  const isTime = Tid.is(name.rkey) && !isTidAfter(name.rkey, state.lastUs, FUTURE_US)
  return isTime ? withSource(gone, name.knot, { ...source, forgotten: name.rkey }) : withSpent(gone, name.knot, name.rkey, toldIn(run))
}

/** Drops the oldest statuses until there are not more than are kept. */
const trimmed = (state: BuildsState): BuildsState => {
  const surplus = M.size(state.log) - state.settings.policy.keepStatuses
  if (surplus <= 0) return state
  return oldestStatuses(state, surplus).reduce(
    (acc, { build, createdUs }) => forget({ ...acc, floorUs: createdUs, log: M.deleteAt(logKey(createdUs))(acc.log) }, build),
    state
  )
}

/** The stamp of the next status: rising, also when the clock is set back. */
const nextStamp = (state: BuildsState, at: TimeUs): TimeUs => laterOf(at, (state.lastUs + 1) as TimeUs)

/** What readers are told of a run, before its first status. */
const announcementOf = (
  knot: HostName,
  rkey: Rkey,
  { cause, defaultBranch, repository }: Run,
  { createdUs, workflows }: NonNullable<Run['announced']>
): PipelineEntry => ({ cause, createdUs, defaultBranch, knot, repository, rkey, workflows })

/** The run, and an announcement of it in the log: there are statuses to come of each of these workflows. */
const announce = (state: BuildsState, at: TimeUs, knot: HostName, rkey: Rkey, run: Run, workflows: ReadonlyArray<AnnouncedWorkflow>): Step => {
  if (workflows.length === 0) return unchanged(withRun(state, knot, rkey, run))
  // A moment before the event, if there is room, so that the first status has its time.
  const createdUs = nextStamp(state, usBefore(at, 1))
  const announced = { createdUs, workflows: modest(workflows) }
  const entry = announcementOf(knot, rkey, run, announced)
  const told = withRun(state, knot, rkey, { ...run, announced })
  return [
    { ...told, announcements: M.upsertAt(logKey(createdUs), entry)(told.announcements), lastUs: createdUs },
    [{ _tag: 'PublishPipeline', entry }]
  ]
}

interface Outcome {
  readonly error: string | null
  readonly exitCode: ExitCode | null
  readonly status: Status
}

/** How much of a sentence of somebody else's is kept. */
const SENTENCE_MAX = 1_000

/** The build with this status, and the status in the log. */
const publish = (state: BuildsState, at: TimeUs, name: BuildName, build: Build, { error: said, exitCode, status }: Outcome): Step => {
  const error = said === null ? null : cut(said, SENTENCE_MAX)
  const createdUs = nextStamp(state, at)
  const entry: StatusEntry = { build: name, createdUs, error, exitCode, status }
  const written = withBuild(state, name, { ...build, error, exitCode, status, statusUs: createdUs })
  const logged = { ...written, lastUs: createdUs, log: M.upsertAt(logKey(createdUs), entry)(written.log) }
  const effect: PublishStatus = { _tag: 'PublishStatus', entry }
  return [trimmed(logged), [effect]]
}

/** Another status of a build. */
const become = (state: BuildsState, at: TimeUs, name: BuildName, outcome: Outcome): Step =>
  about(state, name, (build) => publish(state, at, name, build, outcome))

const failed = (error: string): Outcome => ({ error, exitCode: null, status: 'failed' })

// ---------------------------------------------------------------------------------------- asking

const NONE = 0 as Natural

/** How often something is tried before it is left alone, where nothing else ends it: with the longest pauses, for two hours. */
const ATTEMPTS = 30

const wake = (state: BuildsState, attempt: number, waitMs: number, timer: Timer): Effect => ({
  _tag: 'WakeAfter',
  ...unhurried(state.settings.policy.backoff, attempt, waitMs),
  timer
})

/** Gives the build so long, from now on, to leave its status. */
const armed = (state: BuildsState, name: BuildName): Step =>
  about(state, name, (build) => {
    const [after, deadline] = numbered(state)
    const { pendingMs, runningMs } = state.settings.policy
    const ms = build.status === 'running' ? runningMs : pendingMs
    return [
      withBuild(after, name, { ...build, deadline }),
      [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'DeadlineTimer', build: name, number: deadline } }]
    ]
  })

/** Asks the provider to start the build, or whether it has it. */
const ask = (state: BuildsState, name: BuildName, _tag: 'Starting' | 'Finding'): Step =>
  about(state, name, (build, recipe, run) => {
    const [after, number] = numbered(state)
    return [
      withBuild(after, name, { ...build, phase: { _tag, number } }),
      [{ _tag: _tag === 'Starting' ? 'StartBuild' : 'FindBuild', build: name, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** Asks the provider to end the build, for the `attempt`th time. */
const askToEnd = (state: BuildsState, name: BuildName, external: string, attempt: Natural = NONE): Step =>
  about(state, name, (build, recipe, run) => {
    const [after, number] = numbered(state)
    return [
      withBuild(after, name, { ...build, attempt, phase: { _tag: 'Cancelling', external, number } }),
      [{ _tag: 'CancelBuild', build: name, external, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** The provider has the build, and we want it. */
const follow = (state: BuildsState, name: BuildName, external: string): Step =>
  about(state, name, (build, recipe, run) => [
    withBuild(state, name, { ...build, attempt: NONE, phase: { _tag: 'Following', external } }),
    [{ _tag: 'FollowBuild', build: name, external, plan: planOf(name, run, recipe) }]
  ])

/** Nothing more is owed to or by the provider. */
const settled = (state: BuildsState, name: BuildName, external: string | null): Step =>
  about(state, name, (build) => unchanged(forget(withBuild(state, name, { ...build, phase: { _tag: 'Settled', external } }), name)))

/** The build ends here and now, whatever its provider does; one that the provider has, or may have, is to end there as well. */
const end = (state: BuildsState, at: TimeUs, name: BuildName, outcome: Outcome): Step =>
  about(state, name, ({ phase }) => {
    const ended = become(state, at, name, outcome)
    return phase._tag === 'Following' ? then(ended, (after) => askToEnd(after, name, phase.external)) : ended
  })

/** The provider's name for the build; `null` while none is known. */
const externalOf = (phase: BuildPhase): string | null => ('external' in phase ? phase.external : null)

// ---------------------------------------------------------------------------------------- sources

const NEW_SOURCE: Source = { details: false, forgotten: null, leaving: null, pipelines: false, reading: NONE, spent: M.empty() }

const sourceOf = (state: BuildsState, knot: HostName): Source =>
  pipe(
    M.lookup(knot)(state.sources),
    O.getOrElse(() => NEW_SOURCE)
  )

/** Whether a trigger with this key was acted on once, or came to nothing, so that a repeat must not count. */
const isForgotten = ({ forgotten, spent }: Source, rkey: Rkey): boolean =>
  (forgotten !== null && rkey <= forgotten) ||
  pipe(
    M.lookup(rkey)(spent),
    O.exists((told) => told?.outcome !== 'left')
  )

const SPENT_MAX = 200

/** The state in which the key never counts again, unless the push that it told of was left. */
const withSpent = (state: BuildsState, knot: HostName, rkey: Rkey, told: Told | null): BuildsState => {
  const source = sourceOf(state, knot)
  const spent = M.upsertAt(rkey, told)(source.spent)
  const [least] = M.keys(spent)
  return withSource(state, knot, { ...source, spent: M.size(spent) > SPENT_MAX && least !== undefined ? M.deleteAt(least)(spent) : spent })
}

/** The state in which the key may count again. */
const withoutSpent = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const source = sourceOf(state, knot)
  return M.has(rkey)(source.spent) ? withSource(state, knot, { ...source, spent: M.deleteAt(rkey)(source.spent) }) : state
}

/** The state in which so many more, or fewer, runs of the knot wait. */
const withReading = (state: BuildsState, knot: HostName, by: 1 | -1): BuildsState => {
  const source = sourceOf(state, knot)
  return withSource(state, knot, { ...source, reading: (source.reading + by) as Natural })
}

const withSource = (state: BuildsState, knot: HostName, source: Source): BuildsState => ({
  ...state,
  sources: M.upsertAt(knot, source)(state.sources)
})

/** The runs of a knot, by rkey. */
const runsOf = (state: BuildsState, knot: HostName): ReadonlyArray<readonly [Rkey, Run]> => {
  const runs: Array<readonly [Rkey, Run]> = []
  for (const [key, run] of M.entriesFrom(state.runs, `${knot}/`)) {
    const [host, rkey] = splitKey(key)
    if (host !== knot) break
    runs.push([rkey, run])
  }
  return runs
}

// ---------------------------------------------------------------------------------------- triggers

/** A trigger with what the records say about its repository and whoever caused it. */
export interface TriggerJudged {
  readonly _tag: 'TriggerJudged'
  /** Who caused it, as far as the knot has said; `null` where it answers for that itself. */
  readonly actor: Did | null
  readonly entitlement: Entitlement
  /** The repositories that it may mean. */
  readonly meant: ReadonlyArray<Repository>
  readonly trigger: TriggerArrived
}

/** One that is about a repository of ours. */
interface OursJudged extends TriggerJudged {
  readonly entitlement: Exclude<Entitlement, { readonly _tag: 'Unknown' }>
}

/** Keys of triggers become names of files, of which a system has the first word; those of knots are 13 characters. */
const RKEY_MAX = 80

/** How many runs of one knot may wait for their files: what a flood of triggers costs is bounded. */
const READING_MAX = 500

/** Why the cause calls for no builds, whoever's it is; `null` when it may. */
const idleness = (cause: Cause): TriggerIgnorance | null => {
  if (cause._tag !== 'Push') return null
  if (shortName(cause.ref) === null) return 'ref'
  if (isZeroSha(cause.newSha)) return 'deleted'
  if (cause.newSha === cause.oldSha) return 'unmoved'
  return cause.skipsCi ? 'skipped' : null
}

/** The push of the run, told of without it from now on: it came to nothing. `null` where no counterpart may come. */
const toldIn = (run: Run): Told | null => {
  const push = pushThatBegan(run)
  return push === null ? null : toldOf(push, run.repository, { actor: run.actor, kind: run.kind, outcome: run.met === null ? 'over' : 'met' })
}

/** A trigger that told of a push before. */
interface Teller {
  readonly actor: Did | null
  /** Whether its push may still begin a run under another key. */
  readonly isOpen: boolean
  readonly met: boolean
  readonly rkey: Rkey
}

/** The triggers of that kind that have told of the push, by key. */
const tellersOf = (state: BuildsState, knot: HostName, kind: TriggerKind, telling: Telling): ReadonlyArray<Teller> => {
  const isSame = (push: Pick<Push, 'newSha' | 'oldSha' | 'ref'>, owner: Did, record: Rkey) => isSamePush(telling, push, owner, record)
  const acted = M.keys(valuesAt(pushKey(knot, telling.push))(state.pushes)).flatMap((rkey): ReadonlyArray<readonly [Rkey, Teller]> => {
    const run = runOf(state, knot, rkey)
    const push = run === null ? null : pushThatBegan(run)
    if (run === null || push === null || run.kind !== kind || !isSame(push, run.repository.owner, run.repository.rkey)) return []
    return [[rkey, { actor: run.actor, isOpen: run.phase._tag === 'Waiting', met: run.met !== null, rkey }]]
  })
  const told = M.toEntries(sourceOf(state, knot).spent).flatMap(([rkey, told]): ReadonlyArray<readonly [Rkey, Teller]> =>
    told?.kind === kind && isSame(told, told.owner, told.record)
      ? [[rkey, { actor: told.actor, isOpen: told.outcome === 'left', met: told.outcome === 'met', rkey }]]
      : []
  )
  return M.toEntries([...acted, ...told].reduce((all, [rkey, teller]) => M.upsertAt(rkey, teller)(all), M.empty<Rkey, Teller>())).map(
    ([, teller]) => teller
  )
}

const last = <A>(list: ReadonlyArray<A>): A | null => list[list.length - 1] ?? null

/** The trigger of the other kind that a trigger of a push is the counterpart of: the last that has not met one. */
const counterpartOf = (state: BuildsState, knot: HostName, kind: TriggerKind, telling: Telling): Teller | null =>
  last(tellersOf(state, knot, kind === 'pipeline' ? 'refUpdate' : 'pipeline', telling).filter(({ met }) => !met))

/** Who made the push that a pipeline tells of: the last refUpdate of it has said that, if one has come. */
export const tellerOf = (state: BuildsState, knot: HostName, { cause, kind }: Trigger, meant: ReadonlyArray<Repository>): Did | null => {
  if (kind !== 'pipeline' || cause._tag !== 'Push') return null
  const telling = { meant, push: cause }
  return (counterpartOf(state, knot, kind, telling) ?? last(tellersOf(state, knot, 'refUpdate', telling)))?.actor ?? null
}

/** Whether the key is that of a trigger that a run of the same push has met. */
const isMet = (state: BuildsState, knot: HostName, rkey: Rkey, push: Push): boolean =>
  M.keys(valuesAt(pushKey(knot, push))(state.pushes)).some((other) => runOf(state, knot, other)?.met === rkey)

/** The state in which the teller has met its counterpart, whose key is `rkey` and who caused it `actor`, if the knot says so. */
const meeting = (state: BuildsState, knot: HostName, teller: Teller, rkey: Rkey, actor: Did | null): BuildsState => {
  const run = runOf(state, knot, teller.rkey)
  if (run !== null) return withRun(state, knot, teller.rkey, { ...run, actor: run.actor ?? actor, met: rkey })
  return pipe(
    M.lookup(teller.rkey)(sourceOf(state, knot).spent),
    O.match(
      () => state,
      (told) => withSpent(state, knot, teller.rkey, told === null ? null : { ...told, outcome: 'met' })
    )
  )
}

/** What the knot has shown by a trigger, whatever it is about. */
const withShown = (state: BuildsState, knot: HostName, { cause, kind, shape }: Trigger): BuildsState => {
  const source = sourceOf(state, knot)
  const details = source.details || shape === 'detailed'
  const pipelines = source.pipelines || (kind === 'pipeline' && cause._tag === 'Push')
  return details === source.details && pipelines === source.pipelines ? state : withSource(state, knot, { ...source, details, pipelines })
}

const ignored = (state: BuildsState, { at, knot, rkey }: TriggerArrived, reason: TriggerIgnorance): Step => [
  state,
  [report({ _tag: 'TriggerIgnored', at, knot, reason, rkey })]
]

const refusedFor = (state: BuildsState, { at, knot, rkey }: TriggerArrived, reason: TriggerRefusal, detail: string): Step => [
  state,
  [report({ _tag: 'TriggerRefused', at, detail, knot, reason, rkey })]
]

const judged = (before: BuildsState, input: TriggerJudged): Step => {
  const { actor, entitlement, meant, trigger: arrived } = input
  const { knot, rkey, trigger } = arrived
  const { cause, repo } = trigger
  if (rkey.length > RKEY_MAX) return refusedFor(before, arrived, 'rkey', `a key of ${String(rkey.length)} characters`)
  if (repo.knot !== null && !isSameHost(before.settings.hosts, knot, repo.knot)) return refusedFor(before, arrived, 'knot', repo.knot)
  const state = withShown(before, knot, trigger)
  if (entitlement._tag === 'Unknown') return ignored(state, arrived, 'repo')
  const ours: OursJudged = { ...input, entitlement }
  const idle = idleness(cause)
  if (idle !== null) return ignored(state, arrived, idle)
  if (runOf(state, knot, rkey) !== null) return unchanged(state)
  if (isForgotten(sourceOf(state, knot), rkey)) return ignored(state, arrived, 'before')
  if (cause._tag === 'Push') {
    if (isMet(state, knot, rkey, cause)) return ignored(state, arrived, 'before')
    const counterpart = counterpartOf(state, knot, trigger.kind, { meant, push: cause })
    return trigger.kind === 'pipeline' ? pushPiped(state, ours, counterpart) : pushUpdated(state, ours, cause, counterpart)
  }
  if (entitlement._tag === 'NotEntitled') return refusedFor(state, arrived, 'actor', actor ?? '')
  return isFull(state, knot) ? full(state, arrived) : readOf(state, arrived, runBy(ours, null))
}

/** Asks for the workflow files of a run that a trigger begins, as far as they can be kept. */
const readOf = (state: BuildsState, { at, knot, rkey, trigger: { unkept, workflows } }: TriggerArrived, run: Run): Step =>
  then(read(withReading(state, knot, 1), knot, rkey, run, workflows), (after) => [after, namesRefused(at, knot, rkey, unkept)])

/** What a name must be, to be that of a build. */
const NAME_LIMIT = 'the name of a workflow has 1 to 100 characters below U+D800, and no slash or control character among them'

const namesRefused = (at: TimeUs, knot: HostName, rkey: Rkey, names: ReadonlyArray<string>): ReadonlyArray<Effect> =>
  names.map((name) => report({ _tag: 'WorkflowNameRefused', at, detail: NAME_LIMIT, knot, name, rkey }))

const isFull = (state: BuildsState, knot: HostName): boolean => sourceOf(state, knot).reading >= READING_MAX

const full = (state: BuildsState, arrived: TriggerArrived): Step =>
  refusedFor(state, arrived, 'limit', `${String(READING_MAX)} triggers of this knot are waiting`)

/** What a trigger begins. */
const runBy = ({ actor, entitlement: { repository }, trigger: { trigger } }: OursJudged, met: Rkey | null): Run => ({
  actor,
  announced: null,
  attempt: NONE,
  builds: M.empty(),
  cause: withoutChanges(trigger.kind, trigger.cause),
  defaultBranch: trigger.defaultBranch,
  kind: trigger.kind,
  met,
  only: null,
  phase: { _tag: 'Read' },
  repository,
  retryOf: null
})

/** A pipeline of a push: it takes the place of the refUpdate that waits for it or was left to it, and comes after one that was acted on. */
const pushPiped = (state: BuildsState, input: OursJudged, counterpart: Teller | null): Step => {
  const { actor, entitlement, trigger: arrived } = input
  const { knot, rkey } = arrived
  if (counterpart !== null && !counterpart.isOpen)
    return ignored(withSpent(meeting(state, knot, counterpart, rkey, null), knot, rkey, null), arrived, 'kind')
  if (entitlement._tag === 'NotEntitled') return refusedFor(state, arrived, 'actor', actor ?? '')
  const met = counterpart === null ? state : meeting(state, knot, counterpart, rkey, null)
  const alone = counterpart === null || runOf(met, knot, counterpart.rkey) === null ? met : nothingOf(met, knot, counterpart.rkey)
  return isFull(alone, knot)
    ? full(state, arrived)
    : readOf(alone, arrived, runBy(input, counterpart?.rkey ?? null))
}

/** A refUpdate of a push: it comes after a pipeline that was acted on, or takes its course. */
const pushUpdated = (state: BuildsState, input: OursJudged, push: Push, counterpart: Teller | null): Step => {
  const { actor, entitlement, trigger: arrived } = input
  const { knot, rkey, trigger } = arrived
  const told = (outcome: Told['outcome']): Told => toldOf(push, entitlement.repository, { actor, kind: 'refUpdate', outcome })
  const isRefused = entitlement._tag === 'NotEntitled'
  if (counterpart !== null) {
    const met = withSpent(meeting(state, knot, counterpart, rkey, actor), knot, rkey, told('met'))
    return isRefused ? refusedFor(met, arrived, 'actor', actor ?? '') : ignored(met, arrived, 'kind')
  }
  const left = withSpent(state, knot, rkey, told('left'))
  const course = courseOf(trigger.shape ?? 'past', sourceOf(state, knot))
  if (course === 'left') return ignored(left, arrived, 'kind')
  if (isRefused) return refusedFor(left, arrived, 'actor', actor ?? '')
  if (isFull(state, knot)) return full(left, arrived)
  const counted = withReading(withoutSpent(state, knot, rkey), knot, 1)
  return course === 'now' ? read(counted, knot, rkey, runBy(input, null), null) : wait(counted, knot, rkey, runBy(input, null))
}

/** The run waits for its pipeline, from now on. */
const wait = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): Step => {
  const [after, number] = numbered(state)
  const ms = WAIT_MS as Natural
  return [
    withRun(after, knot, rkey, { ...run, phase: { _tag: 'Waiting', number } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'PushTimer', knot, number, rkey } }]
  ]
}

/** What may have been sent while nobody listened comes now: whoever waits begins to wait anew. */
const connected = (state: BuildsState, knot: HostName): Step =>
  sourceOf(state, knot).reading === 0
    ? unchanged(state)
    : chain(
        state,
        runsOf(state, knot).filter(([, { phase }]) => phase._tag === 'Waiting'),
        (before, [rkey, run]) => wait(before, knot, rkey, run)
      )

// ---------------------------------------------------------------------------------------- knots that nobody holds

/** Nobody holds these knots any more. */
export interface KnotsLeft {
  readonly _tag: 'KnotsLeft'
  readonly at: TimeUs
  /** Whether a start has brought that about, which sets all timers. */
  readonly isStart: boolean
  /** With the cursor of each: its triggers were created no later. */
  readonly knots: ReadonlyArray<{ readonly cursor: Nanos | null; readonly host: HostName }>
}

/** A timer of a knot has fired. */
export interface KnotJudged {
  readonly _tag: 'KnotJudged'
  readonly at: TimeUs
  readonly isHeld: boolean
  /** Whether we are connected. */
  readonly isOpen: boolean
  readonly timer: Extract<Timer, { readonly _tag: 'PushTimer' | 'SourceTimer' }>
}

/** Sets the timer after which nothing of the knot is remembered. */
const leave = (state: BuildsState, at: TimeUs, knot: HostName, untilUs: TimeUs): Step => {
  const [after, number] = numbered(state)
  // However our clock was set, it is no longer than a stamp from the future may make it.
  const ms = Math.min(Math.max(Math.ceil((untilUs - at) / 1_000), 0), (2 * FUTURE_US) / 1_000) as Natural
  return [
    withSource(after, knot, { ...sourceOf(after, knot), leaving: { number, untilUs } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'SourceTimer', knot, number } }]
  ]
}

/**
 * What was told by a knot would count again, if it were held once more, for five minutes after it was created (T1). So long it is
 * remembered.
 */
const left = (state: BuildsState, { at, isStart, knots }: KnotsLeft): Step =>
  chain(
    state,
    knots.filter(({ host }) => M.has(host)(state.sources)),
    (before, { cursor, host }) => {
      const untilUs = usAfter(cursor === null ? at : laterOf(at, microsOf(cursor)), FUTURE_US)
      return isStart
        ? unchanged(withSource(before, host, { ...sourceOf(before, host), leaving: { number: NONE, untilUs } }))
        : leave(before, at, host, untilUs)
    }
  )

const knotJudged = (state: BuildsState, { isHeld, isOpen, timer: fired }: KnotJudged): Step => {
  if (fired._tag === 'PushTimer') {
    const run = runOf(state, fired.knot, fired.rkey)
    return isOpen && run?.phase._tag === 'Waiting' && run.phase.number === fired.number
      ? read(state, fired.knot, fired.rkey, run, null)
      : unchanged(state)
  }
  const source = sourceOf(state, fired.knot)
  if (source.leaving?.number !== fired.number) return unchanged(state)
  return unchanged(
    isHeld ? withSource(state, fired.knot, { ...source, leaving: null }) : { ...state, sources: M.deleteAt(fired.knot)(state.sources) }
  )
}

const isSameHost = (hosts: HostPolicy, knot: HostName, name: string): boolean =>
  pipe(
    canonicalHost(hosts)(name),
    O.exists((host) => host === knot)
  )

// ---------------------------------------------------------------------------------------- workflows

/** Asks for the workflow files of a run. */
const read = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run, workflows: ReadonlyArray<WorkflowSource> | null): Step => {
  const [after, number] = numbered(state)
  return [
    withRun(after, knot, rkey, { ...run, phase: { _tag: 'Reading', number, workflows } }),
    [{ _tag: 'ReadWorkflows', knot, number, repository: run.repository, rkey, sha: shaOf(run.cause), workflows }]
  ]
}

type Reading = Extract<RunPhase, { readonly _tag: 'Reading' }>

/** The run whose files are being read under that number, and its phase. */
const readingRun = (state: BuildsState, knot: HostName, rkey: Rkey, number: Natural): readonly [Run, Reading] | null => {
  const run = runOf(state, knot, rkey)
  return run?.phase._tag === 'Reading' && run.phase.number === number ? [run, run.phase] : null
}

const unread = (state: BuildsState, event: WorkflowsUnread): Step => {
  const { at, error, isFinal, knot, number, rkey } = event
  const reading = readingRun(state, knot, rkey, number)
  if (reading === null) return unchanged(state)
  const [run, { workflows }] = reading
  if (run.attempt >= (isFinal ? FINAL_ATTEMPTS : ATTEMPTS)) {
    const told = report({ _tag: 'WorkflowsUnread', at, detail: error, knot, rkey })
    if (run.only === null) return [nothingOf(state, knot, rkey), [told]]
    // Somebody asked for these, and hears what became of them.
    const { only } = run
    const known: Run = { ...run, cause: small(run.cause), only: null, phase: { _tag: 'Read' } }
    const announced = announce(withReading(state, knot, -1), at, knot, rkey, known, only.map(announcedUnread))
    const begun = then(announced, (after) =>
      chain(after, only, (before, workflow) =>
        begin(before, at, { knot, rkey, workflow }, null, failed(`The workflow files could not be read: ${error}`))
      )
    )
    return then(begun, (after) => [after, [told]])
  }
  const [after, next] = numbered(state)
  const phase: RunPhase = { _tag: 'ReadPausing', number: next, workflows }
  return [
    withRun(after, knot, rkey, { ...run, attempt: (run.attempt + 1) as Natural, phase }),
    [wake(state, run.attempt, 0, { _tag: 'WorkflowsTimer', knot, number: next, rkey })]
  ]
}

/** How often a "no" is doubted: a knot may tell of a commit before it gives it out. With the pauses, for a minute. */
const FINAL_ATTEMPTS = 5

/** The run, which waited for its files or for its pipeline, has come to nothing: its trigger must not count again. */
const nothingOf = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const run = runOf(state, knot, rkey)
  const gone = withReading(withoutRun(state, knot, rkey), knot, -1)
  // The key of a retry is ours: no trigger bears it.
  return run?.retryOf === null ? withSpent(gone, knot, rkey, toldIn(run)) : gone
}

/** As many as a pipeline of Tangled may have. */
const WORKFLOWS_MAX = 50

/** No two of one name, names rising, and not more than can be taken. */
const inOrder = (workflows: ReadonlyArray<Workflow>): ReadonlyArray<Workflow> =>
  M.toEntries(
    workflows.reduce<M.OrderedMap<WorkflowName, Workflow>>(
      (acc, workflow) => (M.has(workflow.name)(acc) ? acc : M.upsertAt(workflow.name, workflow)(acc)),
      M.empty()
    )
  ).map(([, workflow]) => workflow)

/** For each workflow, whether it applies; all of them together within one limit. */
const verdictsOn = (workflows: ReadonlyArray<Workflow>, run: Run): ReadonlyArray<readonly [Workflow, E.Either<string, boolean>]> => {
  const work = workOf(WHEN_COST_MAX)
  return workflows.map((workflow) => {
    if (workflow.when === null) return [workflow, E.right(true)]
    return [workflow, appliesWithin(work, knowsPaths(run) ? workflow.when : withoutPaths(workflow.when), run.cause)]
  })
}

/**
 * Whether what the push changed is for us to look at. What a ready-made pipeline brings along has been chosen by the knot, which knew; of
 * what is judged anew, it was looked at the first time, and is not kept.
 */
const knowsPaths = ({ kind, only }: Run): boolean => kind !== 'pipeline' && only === null

const withoutPaths = (when: ReadonlyArray<Condition>): ReadonlyArray<Condition> => when.map((condition) => ({ ...condition, paths: null }))

const filesRead = (state: BuildsState, event: WorkflowsRead, isEntitled: boolean): Step => {
  const { at, defaultBranch, knot, number, rkey } = event
  const reading = readingRun(state, knot, rkey, number)
  if (reading === null) return unchanged(state)
  const [run, phase] = reading
  if (!isEntitled)
    return [nothingOf(state, knot, rkey), [report({ _tag: 'TriggerRefused', at, detail: run.actor ?? '', knot, reason: 'actor', rkey })]]
  const known: Run = { ...run, defaultBranch: defaultBranch ?? run.defaultBranch, phase: { _tag: 'Read' } }
  const list = allowanceOf(state, run.repository)
  const { only } = run
  const workflows = inOrder(event.workflows).filter(({ name }) => only === null || only.includes(name))
  const verdicts = verdictsOn(workflows.slice(0, WORKFLOWS_MAX), known)
  const missed = (only ?? []).filter((workflow) => !workflows.some(({ name }) => name === workflow))
  const announced = [
    ...verdicts.filter(isBuilt(state, run)).map(([workflow]) => announcedOf(workflow, event.sources ?? phase.workflows ?? [])),
    ...missed.map(announcedUnread)
  ]
  const kept: Run = { ...known, cause: small(run.cause), only: null }
  const started = announce(withReading(state, knot, -1), at, knot, rkey, kept, announced)
  const judging: Judging = { at, list, room: roomIn({ ...kept, builds: [] }, announced), run: known }
  const decided = then(started, (told) =>
    chain(told, verdicts, (before, [workflow, verdict]) => decide(before, judging, { knot, rkey, workflow: workflow.name }, workflow, verdict))
  )
  const begun = then(decided, (told) =>
    chain(told, missed, (before, workflow) =>
      begin(before, at, { knot, rkey, workflow }, null, failed('There is no such workflow file any more.'))
    )
  )
  const dropped = then(begun, (after) => [
    after,
    [
      ...workflows.slice(WORKFLOWS_MAX).map(({ name }) => drop(at, { knot, rkey, workflow: name }, 'limit', `more than ${String(WORKFLOWS_MAX)}`)),
      ...namesRefused(at, knot, rkey, event.unkept)
    ]
  ])
  const [after, effects] = dropped
  // Nothing has come of it, if the run has no build (and has not been forgotten with the last of them).
  return pipe(
    M.lookup(runKey(knot, rkey))(after.runs),
    O.filter(({ builds }) => M.isEmpty(builds)),
    O.match(
      () => dropped,
      (nothing) => [
        withSpent(withoutRun(after, knot, rkey), knot, rkey, toldIn(nothing)),
        [...effects, report({ _tag: 'TriggerIgnored', at, knot, reason: 'workflows', rkey })]
      ]
    )
  )
}

/** Whether a build comes of the workflow, be it one that has failed before it began. */
const isBuilt =
  (state: BuildsState, run: Run) =>
  ([workflow, verdict]: readonly [Workflow, E.Either<string, boolean>]): boolean => {
    if (run.only !== null) return true
    if (E.isLeft(verdict)) return false
    if (verdict.right) return workflow._tag === 'Faulty' || workflow.engine !== null
    return workflow.when !== null && mistakeIn(workflow.when) !== null && !state.mistaken.includes(mistakeKey(run.repository, workflow))
  }

/** How a file that cannot be understood would be checked out: as one that says nothing of that. */
const PLAIN_CLONE: AnnouncedWorkflow['clone'] = { depth: NONE, skip: false, submodules: false }

/** What is announced of a workflow whose file is not there. */
const announcedUnread = (name: WorkflowName): AnnouncedWorkflow => ({ clone: PLAIN_CLONE, engine: '', name, text: '' })

const announcedOf = (workflow: Workflow, sources: ReadonlyArray<WorkflowSource>): AnnouncedWorkflow => {
  const { name } = workflow
  const text = sources.find((source) => source.name === name)?.text ?? ''
  return workflow._tag === 'Faulty'
    ? { clone: PLAIN_CLONE, engine: '', name, text }
    : { clone: workflow.clone, engine: workflow.engine ?? '', name, text }
}

/** The cause without what changed, where that is not looked at: what a ready-made pipeline brings along has been chosen. */
export const withoutChanges = (kind: TriggerKind, cause: Cause): Cause => (kind === 'pipeline' ? small(cause) : cause)

/** The cause without what was needed only to choose workflows. */
const small = (cause: Cause): Cause => (cause._tag === 'Push' ? { ...cause, changedFiles: null } : cause)

const drop = (at: TimeUs, build: BuildName, reason: 'when' | 'engine' | 'limit', detail: string): Effect =>
  report({ _tag: 'WorkflowDropped', at, build, detail, reason })

/** By what the workflows of a run are judged, all of them. */
interface Judging {
  readonly at: TimeUs
  readonly list: Allowance
  readonly room: Room
  readonly run: Run
}

/** What a workflow comes to: nothing, a build that has failed before it began, or one that its provider is asked to start. */
const decide = (
  state: BuildsState,
  { at, list, room, run }: Judging,
  name: BuildName,
  workflow: Workflow,
  isMeant: E.Either<string, boolean>
): Step => {
  // Who has a single workflow judged anew hears what it comes to, whatever that is.
  const nothing = (sentence: string, otherwise: Step): Step => (run.only === null ? otherwise : begin(state, at, name, null, failed(sentence)))
  if (E.isLeft(isMeant)) return nothing(`It cannot be told whether the workflow applies: ${isMeant.left}.`, [state, [drop(at, name, 'when', isMeant.left)]])
  if (!isMeant.right) {
    const mistake = workflow.when === null ? null : mistakeIn(workflow.when)
    return nothing(mistake ?? 'The workflow does not apply.', mistake === null ? unchanged(state) : mistaken(state, at, name, run, workflow, mistake))
  }
  if (workflow._tag === 'Faulty') return begin(state, at, name, null, failed(workflow.error))
  if (workflow.engine === null)
    return nothing('The workflow names no engine.', [state, [drop(at, name, 'engine', 'the workflow names no engine')]])
  const found = targetOf(state, list, workflow.engine, workflow.targets, run.repository)
  if (E.isLeft(found)) return begin(state, at, name, null, failed(found.left))
  if (!room.take(workflow.bytes)) return then(begin(state, at, name, null, failed(NO_ROOM)), (after) => [after, [drop(at, name, 'limit', 'more than 1,048,576 bytes')]])
  return start(state, at, name, recipeOf(workflow, found.right))
}

/** How many files are remembered of which a mistake was told. */
const MISTAKEN_MAX = 1_000

/** A content of a workflow file of a repository. */
const mistakeKey = ({ owner, rkey }: Repository, { content, name }: Workflow): string => [owner, rkey, name, content].join('/')

/** A workflow that never applies, by a mistake of which its author is told once for each content of the file. */
const mistaken = (state: BuildsState, at: TimeUs, name: BuildName, { repository }: Run, workflow: Workflow, mistake: string): Step => {
  const key = mistakeKey(repository, workflow)
  if (state.mistaken.includes(key)) return unchanged(state)
  return begin({ ...state, mistaken: [...state.mistaken, key].slice(-MISTAKEN_MAX) }, at, name, null, failed(mistake))
}

/** What the workflow is to be built by; `Left` says why it cannot be built here, in a sentence for its author. */
const targetOf = (state: BuildsState, list: Allowance, engine: string, targets: ReadonlyArray<Target>, repository: Repository): E.Either<string, Target> => {
  if (engine !== ENGINE) return E.left(`This spindle builds workflows of engine "${ENGINE}", and this one names "${engine}".`)
  const [target, another] = targets
  if (target === undefined)
    return E.left('The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".')
  if (another !== undefined)
    return E.left(`The workflow names several providers: ${targets.map(({ provider }) => provider).join(', ')}. One is needed.`)
  const fault = targetFault(state, list, target, repository)
  return fault === null ? E.right(target) : E.left(fault)
}

/**
 * What it may cost to look through the operator's list for one event, be it about fifty builds: names are written by strangers, and it must
 * take less time than a hundred thousand steps that do nothing.
 */
export const LIST_COST_MAX = 2_000_000

/** What the operator's list says of one repository. */
interface Allowance {
  /** The lines whose repositories it is one of. */
  readonly lines: BuildsState['settings']['policy']['allow']
  /** What looking through them for pipelines may cost yet. */
  readonly work: Work
}

/** A pattern that cannot be read allows nothing. */
const matches = (pattern: string, name: Points, work: Work): boolean => !work.isSpent() && tryGlob(globOf(pattern, work), name, work) === 'match'

const allowanceOf = (state: BuildsState, { name, owner }: Repository): Allowance => {
  const work = workOf(LIST_COST_MAX)
  const { owner: operator, policy } = state.settings
  if (owner === operator) return { lines: [], work }
  const repo = globNameOf(`${owner}/${name}`, work)
  return { lines: policy.allow.filter(({ repos }) => matches(repos, repo, work)), work }
}

/** Why that pipeline of that provider cannot be used for the repository; `null` when it can. */
const targetFault = (
  state: BuildsState,
  { lines, work }: Allowance,
  { pipeline, provider }: Pick<Target, 'pipeline' | 'provider'>,
  repository: Repository
): string | null => {
  const { owner, policy } = state.settings
  const { providers } = policy
  if (!providers.includes(provider)) return `There is no provider "${provider}" here. There are: ${providers.join(', ') || 'none'}.`
  if (repository.owner === owner) return null
  const name = globNameOf(pipeline, work)
  if (lines.some((line) => line.provider === provider && matches(line.pipelines, name, work))) return null
  const use = `${repository.owner}/${repository.name} use pipeline "${pipeline}" of provider "${provider}"`
  return work.isSpent()
    ? `It takes too long to find out whether the operator of this spindle lets ${use}.`
    : `The operator of this spindle does not let ${use}.`
}

/** A build that is not there yet, with its first status. */
const begin = (state: BuildsState, at: TimeUs, name: BuildName, recipe: Recipe | null, outcome: Outcome): Step => {
  const build: Build = {
    attempt: NONE,
    deadline: NONE,
    error: null,
    exitCode: null,
    phase: { _tag: 'Settled', external: null },
    recipe,
    status: 'pending',
    statusUs: 0 as TimeUs
  }
  return publish(state, at, name, build, outcome)
}

/** A build that its provider is asked to start. */
const start = (state: BuildsState, at: TimeUs, name: BuildName, recipe: Recipe): Step =>
  then(
    then(begin(state, at, name, recipe, { error: null, exitCode: null, status: 'pending' }), (after) => armed(after, name)),
    (after) => ask(after, name, 'Starting')
  )

// ---------------------------------------------------------------------------------------- what providers answer

/** The build that is asked about under that number, if it is. */
const askedBuild = (state: BuildsState, name: BuildName, number: Natural): Build | null => {
  const build = buildOf(state, name)
  return build !== null && 'number' in build.phase && build.phase.number === number ? build : null
}

const isAsking = ({ phase }: Build): boolean => phase._tag === 'Starting' || phase._tag === 'Finding'

const accepted = (state: BuildsState, event: BuildAccepted): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return unchanged(state)
  return isFinal(build.status) ? askToEnd(state, event.build, event.external) : follow(state, event.build, event.external)
}

const refused = (state: BuildsState, event: BuildRefused): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return unchanged(state)
  const ended = isFinal(build.status) ? unchanged(state) : become(state, event.at, event.build, failed(event.error))
  return then(ended, (after) => settled(after, event.build, null))
}

const missing = (state: BuildsState, event: BuildMissing, isEntitled: boolean): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build?.phase._tag !== 'Finding') return unchanged(state)
  if (isFinal(build.status)) return settled(state, event.build, null)
  return about(state, event.build, (_, recipe, { repository }) => {
    if (!isEntitled) return then(become(state, event.at, event.build, WITHDRAWN), (after) => settled(after, event.build, null))
    // The operator's list may be another one by now.
    const fault = targetFault(state, allowanceOf(state, repository), recipe, repository)
    if (fault === null) return ask(state, event.build, 'Starting')
    return then(become(state, event.at, event.build, failed(fault)), (after) => settled(after, event.build, null))
  })
}

const uncertain = (state: BuildsState, event: BuildUncertain): Step => {
  const { at, build: name, error, number, waitMs } = event
  const asked = askedBuild(state, name, number)
  if (asked === null || !(isAsking(asked) || asked.phase._tag === 'Cancelling')) return unchanged(state)
  return about(state, name, ({ attempt, phase, status }, { provider }) => {
    if (isFinal(status) && attempt >= ATTEMPTS)
      return then(settled(state, name, externalOf(phase)), (after) => [
        after,
        [report({ _tag: 'BuildAbandoned', at, build: name, detail: error, provider })]
      ])
    const [after, next] = numbered(state)
    const pausing: BuildPhase =
      phase._tag === 'Cancelling' ? { _tag: 'CancelPausing', external: phase.external, number: next } : { _tag: 'Pausing', number: next }
    return [
      withBuild(after, name, { ...asked, attempt: (attempt + 1) as Natural, phase: pausing }),
      [
        wake(state, attempt, waitMs, { _tag: 'BuildTimer', build: name, number: next }),
        report({ _tag: 'ProviderUncertain', at, build: name, detail: error, provider })
      ]
    ]
  })
}

const cancelHeard = (state: BuildsState, event: CancelHeard): Step => {
  const build = askedBuild(state, event.build, event.number)
  return build?.phase._tag === 'Cancelling' ? settled(state, event.build, build.phase.external) : unchanged(state)
}

const reported = (state: BuildsState, event: BuildReported): Step => {
  const { at, build: name, error, exitCode, provider, status } = event
  return about(state, name, (build, recipe) => {
    if (build.phase._tag === 'Settled') return unchanged(state)
    if (provider !== recipe.provider) return [state, [report({ _tag: 'ReportRefused', at, build: name, provider })]]
    // Before we know the provider's own name for it, the report may be about another that somebody has given our name: we look at once.
    const known = externalOf(build.phase)
    if (known === null) return build.phase._tag === 'Pausing' ? ask(state, name, 'Finding') : unchanged(state)
    if (known !== event.external) return unchanged(state)
    const isNews = RANKS[status] > RANKS[build.status]
    const told = isNews ? become(state, at, name, { error, exitCode, status }) : unchanged(state)
    if (isFinal(status)) return then(told, (after) => settled(after, name, event.external))
    return isNews ? then(told, (after) => armed(after, name)) : told
  })
}

// ---------------------------------------------------------------------------------------- time

const minutes = (ms: number): string => `${String(Math.ceil(ms / 60_000))} min`

const timeout = (state: BuildsState, at: TimeUs, name: BuildName, number: Natural): Step => {
  const build = buildOf(state, name)
  if (build === null || isFinal(build.status) || build.deadline !== number) return unchanged(state)
  const { pendingMs, runningMs } = state.settings.policy
  const error =
    build.status === 'running' ? `The build ran for more than ${minutes(runningMs)}.` : `The build did not begin within ${minutes(pendingMs)}.`
  return end(state, at, name, { error, exitCode: null, status: 'timeout' })
}

const timer = (state: BuildsState, at: TimeUs, fired: Timer): Step => {
  switch (fired._tag) {
    case 'WorkflowsTimer': {
      const run = runOf(state, fired.knot, fired.rkey)
      return run?.phase._tag === 'ReadPausing' && run.phase.number === fired.number
        ? read(state, fired.knot, fired.rkey, run, run.phase.workflows)
        : unchanged(state)
    }
    case 'BuildTimer': {
      const build = askedBuild(state, fired.build, fired.number)
      if (build?.phase._tag === 'Pausing') return ask(state, fired.build, 'Finding')
      return build?.phase._tag === 'CancelPausing' ? askToEnd(state, fired.build, build.phase.external, build.attempt) : unchanged(state)
    }
    case 'DeadlineTimer':
      return timeout(state, at, fired.build, fired.number)
    default:
      return unchanged(state)
  }
}

// ---------------------------------------------------------------------------------------- what people want

/** Ends what a run has not ended: while its files are being read, all of it. */
const cancelRun = (state: BuildsState, at: TimeUs, [knot, rkey, run]: readonly [HostName, Rkey, Run], outcome: Outcome): Step =>
  run.phase._tag === 'Read'
    ? chain(
        state,
        buildsOf(knot, rkey, run).filter(([, { status }]) => !isFinal(status)),
        (before, [name]) => end(before, at, name, outcome)
      )
    : unchanged(nothingOf(state, knot, rkey))

const CANCELLED: Outcome = { error: null, exitCode: null, status: 'cancelled' }

const cancel = (state: BuildsState, { at, knot, rkey, workflow }: CancelRequested): Step => {
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
  /** Whether the record of the repository still holds the knot through us, and whoever caused the trigger still has a say in it. */
  readonly isEntitled: boolean
}

/** Why an order can come to nothing: there is no such run or build; its right is gone; it has not ended; it has; too many runs wait. */
export type OrderRefusal = 'unknown' | 'right' | 'running' | 'ended' | 'limit'

/** Why to cancel that comes to nothing; `null` when it does not. */
export const cancelRefusal = (state: BuildsState, { knot, rkey, workflow }: Pick<CancelRequested, 'knot' | 'rkey' | 'workflow'>): OrderRefusal | null => {
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
 * What has ended is final, so to build again is a run of its own, with a key of ours. Where a workflow never became a build of a provider,
 * all of them are judged anew, from their files.
 */
const retry = (state: BuildsState, event: RetryRequested, isEntitled: boolean): Step => {
  const { at, knot, rkey, workflow } = event
  const run = runOf(state, knot, rkey)
  const refusal = retryRefusal(state, event, isEntitled)
  if (refusal === 'right') return [state, [report({ _tag: 'TriggerIgnored', at, knot, reason: 'repo', rkey })]]
  if (run === null || refusal !== null) return unchanged(state)
  const again = endedOf(run, workflow)
  const key = freeKey(state, knot, nextStamp(state, at))
  const repeated: Run = { ...run, announced: null, attempt: NONE, builds: M.empty(), met: null, only: null, phase: { _tag: 'Read' }, retryOf: run.retryOf ?? rkey }
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
  return then(announce(state, at, knot, key, repeated, announced), (told) =>
    chain(told, planned, (before, [name, recipe]) => {
      const build = { knot, rkey: key, workflow: name }
      const fault = targetFault(before, list, recipe, run.repository)
      return fault === null ? start(before, at, build, recipe) : begin(before, at, build, null, failed(fault))
    })
  )
}

/** A key of this time, or of the next moment at which no trigger of the knot has one. */
const freeKey = (state: BuildsState, knot: HostName, us: TimeUs): Rkey => {
  const key = tidOf(us) as string as Rkey
  return runOf(state, knot, key) === null ? key : freeKey(state, knot, (us + 1) as TimeUs)
}

// ---------------------------------------------------------------------------------------- rights withdrawn

const WITHDRAWN: Outcome = {
  error: 'The repository does not name this spindle any more, or its owner is not a member any more.',
  exitCode: null,
  status: 'cancelled'
}

/** The keys of the runs on these knots, by knot and record: looked for once, however many records let go of one knot. */
const keysByRecord = (state: BuildsState, knots: ReadonlyArray<HostName>): ReadonlyMap<string, ReadonlyArray<Rkey>> => {
  const keys = new Map<string, Array<Rkey>>()
  for (const knot of new Set(knots))
    for (const [key, { repository }] of runsOf(state, knot)) {
      const name = recordName(knot, repository.owner, repository.rkey)
      const those = keys.get(name)
      if (those === undefined) keys.set(name, [key])
      else those.push(key)
    }
  return keys
}

const recordName = (knot: HostName, did: Did, rkey: Rkey): string => `${knot}/${did}/${rkey}`

/** Records do not hold their knots any more: nothing of their repositories is begun after this, and what goes on is to end (T2). */
const released = (state: BuildsState, at: TimeUs, changes: ReadonlyArray<HoldChanged>): Step => {
  const keys = keysByRecord(
    state,
    changes.map(({ knot }) => knot)
  )
  return chain(state, changes, (now, { did, knot, rkey }) =>
    chain(
      now,
      (keys.get(recordName(knot, did, rkey)) ?? []).flatMap((key) => {
        // To end one may have dropped the last status of another.
        const run = runOf(now, knot, key)
        return run === null ? [] : [[key, run] as const]
      }),
      (before, [key, run]) => cancelRun(before, at, [knot, key, run], WITHDRAWN)
    )
  )
}

// ---------------------------------------------------------------------------------------- starting and stopping

/** Asks for all that is outstanding. What may have been started is looked for first. */
const resume = (state: BuildsState, at: TimeUs, name: BuildName): Step =>
  about(state, name, (build, recipe) => {
    const { phase } = build
    if (phase._tag === 'Settled') return unchanged(state)
    if (!state.settings.policy.providers.includes(recipe.provider)) return orphaned(state, at, name, build, recipe)
    const anew = withBuild(state, name, { ...build, attempt: NONE })
    const timed = isFinal(build.status) ? unchanged(anew) : armed(anew, name)
    switch (phase._tag) {
      case 'Following':
        return then(timed, (after) => follow(after, name, phase.external))
      case 'Cancelling':
      case 'CancelPausing':
        return then(timed, (after) => askToEnd(after, name, phase.external))
      default:
        return then(timed, (after) => ask(after, name, 'Finding'))
    }
  })

/** The provider is not there any more: nobody will ever say how the build ends. */
const orphaned = (state: BuildsState, at: TimeUs, name: BuildName, { phase, status }: Build, { provider }: Recipe): Step => {
  const ended = isFinal(status) ? unchanged(state) : become(state, at, name, failed(`There is no provider "${provider}" here any more.`))
  return then(ended, (after) => settled(after, name, externalOf(phase)))
}

const started = (before: BuildsState, at: TimeUs, config: Config): Step => {
  const state = trimmed({ ...before, settings: settingsOf(config), stopped: false })
  const remembered = chain(
    state,
    M.toEntries(state.sources).flatMap(([knot, { leaving }]) => (leaving === null ? [] : [[knot, leaving.untilUs] as const])),
    (acc, [knot, untilUs]) => leave(acc, at, knot, untilUs)
  )
  const taken = chain(remembered[0], M.toEntries(state.runs), (acc, [key, run]): Step => {
    const [knot, rkey] = splitKey(key)
    // Who waits for a pipeline waits from when the knot is connected.
    if (run.phase._tag === 'Waiting') return unchanged(withRun(acc, knot, rkey, { ...run, attempt: NONE }))
    return run.phase._tag === 'Read'
      ? chain(acc, buildsOf(knot, rkey, run), (inner, [name]) => resume(inner, at, name))
      : read(acc, knot, rkey, { ...run, attempt: NONE }, run.phase.workflows)
  })
  return [taken[0], [...remembered[1], ...taken[1]]]
}

/** What may be let out while the bridge is stopped: news, but no requests. They are made at the next start. */
const isNews = ({ _tag }: Effect): boolean => _tag === 'PublishPipeline' || _tag === 'PublishStatus' || _tag === 'Report'

// ---------------------------------------------------------------------------------------- reducer

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
 * The reducer of builds. It takes every event and knows its own; an answer to a question that is not open changes nothing and causes
 * nothing.
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

// ---------------------------------------------------------------------------------------- written form

/** One run with its key: the unit in which many are written and read. */
export const RunEntry = t.tuple([RunKey, Run], 'RunEntry')
export type RunEntry = t.TypeOf<typeof RunEntry>

/** The slice without runs and log: small, however many there are. */
export const WrittenBuilds = t.readonly(
  t.strict({
    floorUs: t.union([TimeUs, t.null]),
    lastUs: TimeUs,
    mistaken: t.readonlyArray(t.string),
    next: Natural,
    settings: Settings,
    sources: orderedMap(HostName, Source),
    stopped: t.boolean
  }),
  'Builds'
)
export type WrittenBuilds = t.TypeOf<typeof WrittenBuilds>

export const toWritten = ({ floorUs, lastUs, mistaken, next, settings, sources, stopped }: BuildsState): WrittenBuilds => ({
  floorUs,
  lastUs,
  mistaken,
  next,
  settings,
  sources,
  stopped
})

/** The slice of its parts. @returns `Left` with a sentence when they cannot come from one slice. */
export const fromWritten = (
  written: WrittenBuilds,
  runs: ReadonlyArray<RunEntry>,
  statuses: ReadonlyArray<StatusEntry>
): E.Either<string, BuildsState> =>
  pipe(
    M.fromSorted(runs),
    E.fromOption(() => 'the runs are not in ascending order of their keys'),
    E.chain((map) =>
      pipe(
        M.fromSorted(statuses.map((entry): readonly [LogKey, StatusEntry] => [logKey(entry.createdUs), entry])),
        E.fromOption(() => 'the statuses are not in the order of their stamps'),
        E.filterOrElse(
          () => statuses.every(({ createdUs }) => createdUs <= written.lastUs),
          () => 'a status is later than the last'
        ),
        E.filterOrElse(
          () => runs.every(([, run]) => numbersOf(run).every((number) => number < written.next)),
          () => 'a request bears a number that was never given out'
        ),
        E.bindTo('log'),
        E.bind('announcements', ({ log }) => announcementsOf(runs, log, written.lastUs)),
        E.map(({ announcements, log }) => ({
          ...written,
          announcements,
          log,
          pushes: runs.reduce(withPush, M.empty<string, M.OrderedMap<Rkey, true>>()),
          runs: map
        })),
        E.filterOrElse(
          (state) => areCounted(state, runs),
          () => 'the runs that wait are not as many as is said'
        ),
        E.filterOrElse(
          ({ sources }) => M.toEntries(sources).every(([, { leaving }]) => leaving === null || leaving.number < written.next),
          () => 'a timer of a knot bears a number that was never given out'
        )
      )
    )
  )

/** The announcements of all runs. @returns `Left` with a sentence when their stamps cannot come from one log. */
const announcementsOf = (
  runs: ReadonlyArray<RunEntry>,
  log: BuildsState['log'],
  lastUs: TimeUs
): E.Either<string, BuildsState['announcements']> => {
  const entries = runs.flatMap(([key, run]) =>
    run.announced === null ? [] : [[logKey(run.announced.createdUs), announcementOf(...splitKey(key), run, run.announced)] as const]
  )
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return pipe(
    M.fromSorted(sorted),
    E.fromOption(() => 'two runs are announced with one stamp'),
    E.filterOrElse(
      (map) => M.keys(map).every((key) => !M.has(key)(log)),
      () => 'a run is announced with the stamp of a status'
    ),
    E.filterOrElse(
      () => entries.every(([, { createdUs }]) => createdUs <= lastUs),
      () => 'a run is announced later than the last status'
    )
  )
}

const withPush = (pushes: BuildsState['pushes'], [key, run]: RunEntry): BuildsState['pushes'] => {
  const [knot, rkey] = splitKey(key)
  const push = pushThatBegan(run)
  return push === null ? pushes : insertAt(pushKey(knot, push), rkey)(pushes)
}

/** Whether as many runs of each knot wait as its source says. */
const areCounted = (state: BuildsState, runs: ReadonlyArray<RunEntry>): boolean => {
  const waiting = new Map<HostName, number>()
  for (const [key, { phase }] of runs) {
    const [knot] = splitKey(key)
    if (phase._tag !== 'Read') waiting.set(knot, (waiting.get(knot) ?? 0) + 1)
  }
  return [...M.keys(state.sources), ...waiting.keys()].every((knot) => sourceOf(state, knot).reading === (waiting.get(knot) ?? 0))
}

const numbersOf = ({ builds, phase }: Run): ReadonlyArray<number> => [
  ...('number' in phase ? [phase.number] : []),
  ...M.toEntries(builds).flatMap(([, build]) => [build.deadline, ...('number' in build.phase ? [build.phase.number] : [])])
]
