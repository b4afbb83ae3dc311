/**
 * The state of runs and builds.
 */
import * as t from 'io-ts'
import type { AccessState } from '../access/index.js'
import { Request } from '../base/request.js'
import type { Reduction, Transition } from '../base/transition.js'
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
import type { PipelineIndex } from './pipeline-index.js'
import { RememberedPush } from './pushes.js'
import type { StatusLog } from './status-log.js'

/** What is asked of the provider about a build. */
export const BuildPhase = t.union(
  [
    /** It was asked to start the build. */
    t.readonly(t.strict({ _tag: t.literal('Starting'), request: Request })),
    /** It was asked whether it has the build, which may have been started; or it will be, after a pause. */
    t.readonly(t.strict({ _tag: t.literal('Finding'), request: Request })),
    /** It has the build. */
    t.readonly(t.strict({ _tag: t.literal('Following'), external: t.string })),
    /** It was asked to cancel the build; or it will be, after a pause. */
    t.readonly(t.strict({ _tag: t.literal('Cancelling'), external: t.string, request: Request })),
    /** Nothing is owed. `external` is `null` for a build that never reached its provider. */
    t.readonly(t.strict({ _tag: t.literal('Settled'), external: t.union([t.string, t.null]) }))
  ],
  'BuildPhase'
)

export type BuildPhase = t.TypeOf<typeof BuildPhase>

/** A workflow of a run, at its provider. */
export const Build = t.readonly(
  t.strict({
    /** The number of its deadline timer; earlier timers are void. */
    deadline: Natural,
    /** Until when a start request without an answer may have been under way; `null` if each was answered. */
    doubtUs: t.union([TimeUs, t.null]),
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    phase: BuildPhase,
    /** `null` if the workflow never became a build for a provider. */
    recipe: t.union([Recipe, t.null]),
    /** The stamp of its first `running` status; `null` while there is none. */
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
    /** It is a push that waits for its pipeline, until the timer of that number fires. */
    t.readonly(t.strict({ _tag: t.literal('Waiting'), number: Natural })),
    /** They are being read: those that the trigger brought, or, with `null`, those of the repository. */
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

/** What began a run: a trigger of that kind, or a call. */
export const RunKind = t.union([TriggerKind, t.literal('call')], 'RunKind')

export type RunKind = t.TypeOf<typeof RunKind>

/** What a trigger or a call has begun. */
export const Run = t.readonly(
  t.strict({
    /** Who caused it; `null` if the knot vouches for them. */
    actor: t.union([Did, t.null]),
    /** Its announcement in the log; `null` before its first status, and for runs from before there were any. */
    announced: t.union([
      t.readonly(t.strict({ createdUs: TimeUs, workflows: t.readonlyArray(AnnouncedWorkflow) })),
      t.null
    ]),
    /** By the names of their workflows. */
    builds: orderedMap(WorkflowName, Build),
    cause: Cause,
    defaultBranch: t.union([t.string, t.null]),
    kind: RunKind,
    /** The key of the counterpart, the other trigger of the same push; `null` while none has come. */
    met: t.union([Rkey, t.null]),
    /** The workflows to build: those that a retry judges again, or that a call names. `null`: all that apply. */
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

/** What is remembered of a knot as a source of triggers. */
export const Source = t.readonly(
  t.strict({
    /** Whether a refUpdate came with `changedFiles` or `pushOptions`. */
    details: t.boolean,
    /**
     * Triggers up to this key are forgotten, so none of them counts any longer: a repeat could not be told from a new
     * one. `null` while all are remembered. A TID, because a knot's keys hold the time, and rise.
     */
    forgotten: t.union([Rkey, t.null]),
    /** For a knot that no record holds: when it is forgotten, and the number of that timer. */
    leaving: t.union([t.readonly(t.strict({ number: Natural, untilUs: TimeUs })), t.null]),
    /** Whether a `sh.tangled.pipeline` of a push came. */
    pipelines: t.boolean,
    /**
     * Keys of triggers without a run that begin none when repeated, unless they were `left`; with their push, if a
     * counterpart may come. The greatest 200.
     */
    spent: orderedMap(Rkey, t.union([RememberedPush, t.null]))
  }),
  'Source'
)

export type Source = t.TypeOf<typeof Source>

/** How much the runs keep, in units. */
export interface Kept {
  /** Of runs that have not ended, by knot. */
  readonly ofKnots: M.OrderedMap<HostName, number>
  /** Of runs that have not ended, by the account that owns the repository. */
  readonly ofOwners: M.OrderedMap<Did, number>
  /** Of all runs that have not ended. */
  readonly owed: number
  /** Of all runs that have ended. */
  readonly over: number
}

/** The runs of a knot that wait for their workflow files, or for their pipeline. */
export interface Waiting {
  readonly keys: M.OrderedMap<Rkey, true>
  /** How many of them there are for each account's repositories. */
  readonly ofOwners: M.OrderedMap<Did, number>
}

/** The runs, the log of statuses, and what is remembered of each knot. */
export interface BuildsState extends StatusLog {
  /** Workflow files whose mistake has been reported to their author: the last 1 000, as `mistakeKey` names them. */
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
  /** Used tokens, each with the moment at which it expires. */
  readonly tokens: M.OrderedMap<TokenKey, TimeUs>
  /** The latest moment at which a token was used. A token that had expired by then never counts. */
  readonly tokensUs: TimeUs
  /** Derived: the runs that wait, by knot. */
  readonly waiting: M.OrderedMap<HostName, Waiting>
}

/** The initial state. */
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

/** What the reducer reads besides its own slice: the time, the rows, the knots, and what knots say of who may push. */
export interface Context extends Rows {
  readonly access: Pick<AccessState, 'entries'>
  readonly at: TimeUs
  readonly knots: Pick<KnotsState, 'subscriptions'>
}

export type BuildsStep = Transition<BuildsState, Effect>

export type BuildsReduction = Reduction<BuildsState, Effect>
