/**
 * Effects: what the machine wants done, without saying how. The shell executes them and reports each outcome as an
 * event; an outcome that never comes does no harm (S16).
 *
 * Effects are plain JSON, like events.
 */
import * as t from 'io-ts'
import { HostName } from './data/host-name.js'
import { Collection, Did, Nanos, Rkey, Sha, TimeUs, WorkflowName } from './data/identifiers.js'
import { Natural } from './data/natural.js'
import { Timer } from './event.js'
import { BuildName, ExitCode, Plan, Repository, Status } from './model/build.js'
import { Cause, WorkflowSource } from './model/trigger.js'
import { Clone } from './model/workflow.js'
import { Report } from './report.js'

export * from './report.js'

/**
 * Connect, and ask for everything from `cursor` on, inclusive; `null` asks for new events only (S3). If `ordinal` is
 * not `null`, ask for everything from the frame of that number on instead (D10).
 */
export const OpenJetstream = t.readonly(
  t.strict({
    _tag: t.literal('OpenJetstream'),
    connection: Natural,
    cursor: t.union([TimeUs, t.null]),
    ordinal: t.union([Natural, t.null])
  }),
  'OpenJetstream'
)

export type OpenJetstream = t.TypeOf<typeof OpenJetstream>

/** End the connection to the stream. */
export const CloseJetstream = t.readonly(
  t.strict({ _tag: t.literal('CloseJetstream'), connection: Natural }),
  'CloseJetstream'
)

export type CloseJetstream = t.TypeOf<typeof CloseJetstream>

/** Connect to the knot: it has just become wanted, or it is still wanted and its connection was lost. */
export const SubscribeKnot = t.readonly(
  t.strict({
    _tag: t.literal('SubscribeKnot'),
    connection: Natural,
    /** Ask for what was created after this; `null`: for new events only. */
    cursor: t.union([Nanos, t.null]),
    host: HostName
  }),
  'SubscribeKnot'
)

export type SubscribeKnot = t.TypeOf<typeof SubscribeKnot>

/** Close the connection of that number, if it is open: the knot is no longer wanted, or the bridge stops. */
export const UnsubscribeKnot = t.readonly(
  t.strict({ _tag: t.literal('UnsubscribeKnot'), connection: Natural, host: HostName }),
  'UnsubscribeKnot'
)

export type UnsubscribeKnot = t.TypeOf<typeof UnsubscribeKnot>

/** Read the next page of an account's records of a collection from the account's own server. */
export const ReadRecords = t.readonly(
  t.strict({
    _tag: t.literal('ReadRecords'),
    collection: Collection,
    /** The server's cursor for this page; `null` for the first. */
    cursor: t.union([t.string, t.null]),
    did: Did,
    number: Natural
  }),
  'ReadRecords'
)

export type ReadRecords = t.TypeOf<typeof ReadRecords>

/**
 * Find out who may push to a repository: ask the knot whether it keeps lists, the repository's DID document which knot
 * it is on, and that knot who owns it and who else may push.
 */
export const ReadAccess = t.readonly(
  t.strict({
    _tag: t.literal('ReadAccess'),
    /**
     * The account in whose turn the question is asked: accounts take turns, so one with many repositories delays no
     * other.
     */
    account: Did,
    knot: HostName,
    number: Natural,
    /** The repository's own DID; `""`: only ask whether the knot keeps lists. */
    repo: t.string
  }),
  'ReadAccess'
)

export type ReadAccess = t.TypeOf<typeof ReadAccess>

/** Read the workflow files that a trigger calls for: those that it brought, or those of the repository at a commit. */
export const ReadWorkflows = t.readonly(
  t.strict({
    _tag: t.literal('ReadWorkflows'),
    knot: HostName,
    number: Natural,
    repository: Repository,
    rkey: Rkey,
    /** `null`: the head of the default branch. */
    sha: t.union([Sha, t.null]),
    /** `null`: they are in the repository. */
    workflows: t.union([t.readonlyArray(WorkflowSource), t.null])
  }),
  'ReadWorkflows'
)

export type ReadWorkflows = t.TypeOf<typeof ReadWorkflows>

/** Start the build. The provider must not have it yet: if that is not certain, `FindBuild` comes first. */
export const StartBuild = t.readonly(
  t.strict({ _tag: t.literal('StartBuild'), build: BuildName, number: Natural, plan: Plan }),
  'StartBuild'
)

export type StartBuild = t.TypeOf<typeof StartBuild>

/** Find out whether the provider has the build. */
export const FindBuild = t.readonly(
  t.strict({ _tag: t.literal('FindBuild'), build: BuildName, number: Natural, plan: Plan }),
  'FindBuild'
)

export type FindBuild = t.TypeOf<typeof FindBuild>

/** Report the status of the build whenever it changes, until it has ended. Requested again after every start. */
export const FollowBuild = t.readonly(
  t.strict({ _tag: t.literal('FollowBuild'), build: BuildName, external: t.string, plan: Plan }),
  'FollowBuild'
)

export type FollowBuild = t.TypeOf<typeof FollowBuild>

/** Stop reporting the status of the build. */
export const UnfollowBuild = t.readonly(
  t.strict({ _tag: t.literal('UnfollowBuild'), build: BuildName }),
  'UnfollowBuild'
)

export type UnfollowBuild = t.TypeOf<typeof UnfollowBuild>

/** Ask the provider to cancel the build. */
export const CancelBuild = t.readonly(
  t.strict({ _tag: t.literal('CancelBuild'), build: BuildName, external: t.string, number: Natural, plan: Plan }),
  'CancelBuild'
)

export type CancelBuild = t.TypeOf<typeof CancelBuild>

/** A workflow of a run, as it is announced. */
export const AnnouncedWorkflow = t.readonly(
  t.strict({
    clone: Clone,
    /** `""` for a file that names none. */
    engine: t.string,
    name: WorkflowName,
    /** The text of the file; `""` if it is not known, or too long to be repeated. */
    text: t.string
  }),
  'AnnouncedWorkflow'
)

export type AnnouncedWorkflow = t.TypeOf<typeof AnnouncedWorkflow>

/** An entry of the log that announces a run, before its first status. */
export const PipelineEntry = t.readonly(
  t.strict({
    cause: Cause,
    /** In one sequence with the stamps of statuses: all stamps of the log rise together. */
    createdUs: TimeUs,
    defaultBranch: t.union([t.string, t.null]),
    knot: HostName,
    repository: Repository,
    /** The key that the statuses of the run carry. */
    rkey: Rkey,
    workflows: t.readonlyArray(AnnouncedWorkflow)
  }),
  'PipelineEntry'
)

export type PipelineEntry = t.TypeOf<typeof PipelineEntry>

/** A status in the log that Tangled reads. A reader that resumes at `createdUs` has it and everything before it. */
export const StatusEntry = t.readonly(
  t.strict({
    build: BuildName,
    /** Strictly rising, even across restarts and when the clock is set back. */
    createdUs: TimeUs,
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    status: Status
  }),
  'StatusEntry'
)

export type StatusEntry = t.TypeOf<typeof StatusEntry>

/** An entry of the log: with a `status` it is one, without it announces a run. */
export type LogEntry = PipelineEntry | StatusEntry

/**
 * For observers: a run has been announced. Nobody has to act on it; readers of `/events` are served from the state.
 * Like a report, it comes out even while the bridge is stopped.
 */
export const PublishPipeline = t.readonly(
  t.strict({ _tag: t.literal('PublishPipeline'), entry: PipelineEntry }),
  'PublishPipeline'
)

export type PublishPipeline = t.TypeOf<typeof PublishPipeline>

/** For observers: a build has this status from now on. */
export const PublishStatus = t.readonly(
  t.strict({ _tag: t.literal('PublishStatus'), entry: StatusEntry }),
  'PublishStatus'
)

export type PublishStatus = t.TypeOf<typeof PublishStatus>

/** Come back with `TimerFired` after a pause drawn evenly from `lowMs` to `highMs`. */
export const WakeAfter = t.readonly(
  t.strict({ _tag: t.literal('WakeAfter'), highMs: Natural, lowMs: Natural, timer: Timer }),
  'WakeAfter'
)

export type WakeAfter = t.TypeOf<typeof WakeAfter>

/** What the machine wants done. */
export const Effect = t.union(
  [
    OpenJetstream,
    CloseJetstream,
    SubscribeKnot,
    UnsubscribeKnot,
    WakeAfter,
    ReadAccess,
    ReadRecords,
    ReadWorkflows,
    StartBuild,
    FindBuild,
    FollowBuild,
    UnfollowBuild,
    CancelBuild,
    PublishPipeline,
    PublishStatus,
    t.readonly(t.strict({ _tag: t.literal('Report'), report: Report }))
  ],
  'Effect'
)

export type Effect = t.TypeOf<typeof Effect>
