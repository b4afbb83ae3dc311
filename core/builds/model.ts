/**
 * What is kept of runs and builds.
 */
import * as t from 'io-ts'
import type { AccessState } from '../access/index.js'
import type { Rows } from '../commits/index.js'
import type { HostName } from '../data/host-name.js'
import { Did, Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import type { MultiMap } from '../data/multimap.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import { AnnouncedWorkflow, type Effect } from '../effect.js'
import type { KnotsState } from '../knots/index.js'
import { ExitCode, Recipe, Repository, Status } from '../model/build.js'
import { Cause, TriggerKind, WorkflowSource } from '../model/trigger.js'
import { Request } from '../request.js'
import type { Answer, Transition } from '../transition.js'
import type { PipelineIndex } from './pipeline-index.js'
import { RememberedPush } from './pushes.js'
import type { StatusLog } from './status-log.js'

/** What is asked of the provider about a build. */
export const BuildPhase = t.union(
  [
    /** It is asked to start it. */
    t.readonly(t.strict({ _tag: t.literal('Starting'), request: Request })),
    /** It is asked whether it has it, since it may have been started; or, after a pause, it will be. */
    t.readonly(t.strict({ _tag: t.literal('Finding'), request: Request })),
    /** It has it. */
    t.readonly(t.strict({ _tag: t.literal('Following'), external: t.string })),
    /** It is asked to end it; or, after a pause, it will be. */
    t.readonly(t.strict({ _tag: t.literal('Cancelling'), external: t.string, request: Request })),
    /** Nothing is owed. `external` is `null` for a build that never reached its provider. */
    t.readonly(t.strict({ _tag: t.literal('Settled'), external: t.union([t.string, t.null]) }))
  ],
  'BuildPhase'
)

export type BuildPhase = t.TypeOf<typeof BuildPhase>

/** What one workflow comes to at its provider. */
export const Build = t.readonly(
  t.strict({
    /** The number of the timer that ends its time; the timers before it are void. */
    deadline: Natural,
    /**
     * When a request to start it may last have been on its way without an answer that was heard; `null` while each was
     * answered.
     */
    doubtUs: t.union([TimeUs, t.null]),
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    phase: BuildPhase,
    /** `null` for a workflow that never became one for a provider. */
    recipe: t.union([Recipe, t.null]),
    /** The stamp of the status by which it began to run; `null` before, and where none said so. */
    startedUs: t.union([TimeUs, t.null]),
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
    /** They are asked for: those that came along, or, with `null`, those of the repository. */
    t.readonly(
      t.strict({
        _tag: t.literal('Reading'),
        request: Request,
        workflows: t.union([t.readonlyArray(WorkflowSource), t.null])
      })
    ),
    t.readonly(t.strict({ _tag: t.literal('Read') }))
  ],
  'RunPhase'
)

export type RunPhase = t.TypeOf<typeof RunPhase>

/** What a run began by: a trigger of that kind, or a call. */
export const RunKind = t.union([TriggerKind, t.literal('call')], 'RunKind')

export type RunKind = t.TypeOf<typeof RunKind>

/** What one trigger, or one call, comes to. */
export const Run = t.readonly(
  t.strict({
    /** Who caused it; `null` where the knot answers for that. */
    actor: t.union([Did, t.null]),
    /**
     * When its readers were told of it, and of what; `null` before its first status, and in runs that began before
     * there were announcements.
     */
    announced: t.union([
      t.readonly(t.strict({ createdUs: TimeUs, workflows: t.readonlyArray(AnnouncedWorkflow) })),
      t.null
    ]),
    /** By the names of their workflows. */
    builds: orderedMap(WorkflowName, Build),
    cause: Cause,
    defaultBranch: t.union([t.string, t.null]),
    kind: RunKind,
    /** The key of the other kind of trigger that told of the same push; `null` while none has come. */
    met: t.union([Rkey, t.null]),
    /**
     * Of one that repeats another: which of its workflows, where they are judged anew; of a call: those that it names.
     * `null`: all that apply.
     */
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

export interface TokenKeyBrand {
  readonly TokenKey: unique symbol
}

/** `<caller> <id>` of a token that was used: a DID has no blank, so no two tokens share one. */
export const TokenKey = t.brand(
  t.string,
  (s): s is t.Branded<string, TokenKeyBrand> => /^did:[!-~]+ [!-~]{1,256}$/.test(s),
  'TokenKey'
)

export type TokenKey = t.TypeOf<typeof TokenKey>

/** What is remembered about a knot from which triggers came. */
export const Source = t.readonly(
  t.strict({
    /** Whether a refUpdate came with `changedFiles` or `pushOptions`. */
    details: t.boolean,
    /**
     * Triggers whose keys do not come after this one are forgotten, so a repeat of one could not be told; `null` while
     * all are remembered. A TID: the keys of a knot tell the time, and rise.
     */
    forgotten: t.union([Rkey, t.null]),
    /** When nobody holds the knot any more: the number of the timer that ends its memory, and when that is due. */
    leaving: t.union([t.readonly(t.strict({ number: Natural, untilUs: TimeUs })), t.null]),
    /** Whether a `sh.tangled.pipeline` of a push came. */
    pipelines: t.boolean,
    /**
     * Keys of triggers of which there is no run, and which begin none when they are repeated, but for those that were
     * left; with what they told of, where a counterpart may come. The greatest 200.
     */
    spent: orderedMap(Rkey, t.union([RememberedPush, t.null]))
  }),
  'Source'
)

export type Source = t.TypeOf<typeof Source>

/** How much runs keep, in units. */
export interface Kept {
  /** Those of which something is owed, by knot. */
  readonly ofKnots: M.OrderedMap<HostName, number>
  /** The same, by the account whose repositories they are for. */
  readonly ofOwners: M.OrderedMap<Did, number>
  /** The same, together. */
  readonly owed: number
  /** Those of which nothing is owed, together. */
  readonly over: number
}

/** The runs of a knot that wait for their workflow files, or for their pipeline. */
export interface Waiting {
  readonly keys: M.OrderedMap<Rkey, true>
  /** How many of them are for repositories of which account. */
  readonly ofOwners: M.OrderedMap<Did, number>
}

/** The runs, the log of statuses, and what is remembered of each knot. */
export interface BuildsState extends StatusLog {
  /**
   * Workflow files of which it was said that a key by mistake keeps them from ever applying: the last 1 000, as
   * `mistakeKey` has them.
   */
  readonly mistaken: ReadonlyArray<string>
  /** The number of the next request or timer. */
  readonly next: Natural
  /** Derived: how much the runs keep. */
  readonly kept: Kept
  /** Derived: the keys of announcements, by repository, kind and commit. */
  readonly pipelines: PipelineIndex
  /** Derived: the keys of the runs that pushes began, by knot, commits and ref. */
  readonly pushes: MultiMap<string, Rkey>
  readonly runs: M.OrderedMap<RunKey, Run>
  readonly sources: M.OrderedMap<HostName, Source>
  /** Tokens that were used, each with when it could not be used any more. */
  readonly tokens: M.OrderedMap<TokenKey, TimeUs>
  /** The latest moment at which a token was used: none counts that could not be used by then. */
  readonly tokensUs: TimeUs
  /** Derived: those that wait, by knot. */
  readonly waiting: M.OrderedMap<HostName, Waiting>
}

/** Before anything has happened. */
export const initial: BuildsState = {
  announcements: M.empty(),
  floorUs: null,
  kept: { ofKnots: M.empty(), ofOwners: M.empty(), owed: 0, over: 0 },
  lastUs: 0 as TimeUs,
  log: M.empty(),
  mistaken: [],
  next: 1 as Natural,
  pipelines: M.empty(),
  pushes: M.empty(),
  runs: M.empty(),
  sources: M.empty(),
  tokens: M.empty(),
  tokensUs: 0 as TimeUs,
  waiting: M.empty()
}

/** What is read besides the slice: when it happens, and the rows, the knots and what these say as they are then. */
export interface Context extends Rows {
  readonly access: Pick<AccessState, 'entries'>
  readonly at: TimeUs
  readonly knots: Pick<KnotsState, 'subscriptions'>
}

export type BuildsStep = Transition<BuildsState, Effect>

export type BuildsAnswer = Answer<BuildsState, Effect>

export const NONE = 0 as Natural
