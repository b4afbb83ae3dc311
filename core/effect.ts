/**
 * Effects: what the machine wants done, in the imperative, without mechanism. Whoever executes them reports the outcome
 * as an event; that none ever comes back is fine (S16).
 *
 * Plain JSON as they stand, like events.
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
 * Connect, and ask for everything from `cursor` on, inclusive; `null` asks for what comes from now on (S3). Where
 * `ordinal` is not `null`, ask for everything from the frame of that number on instead (D10).
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

/** Connect to the knot: it is wanted, and was not before, or it is wanted still, and its connection was lost. */
export const SubscribeKnot = t.readonly(
  t.strict({
    _tag: t.literal('SubscribeKnot'),
    connection: Natural,
    /** Ask for what was created after this; `null`: from now on. */
    cursor: t.union([Nanos, t.null]),
    host: HostName
  }),
  'SubscribeKnot'
)

export type SubscribeKnot = t.TypeOf<typeof SubscribeKnot>

/** The knot is not wanted any more, or the bridge stops: close the connection of that number, if it is open. */
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
    /** Where the page begins, in the server's words; `null`: at the beginning. */
    cursor: t.union([t.string, t.null]),
    did: Did,
    number: Natural
  }),
  'ReadRecords'
)

export type ReadRecords = t.TypeOf<typeof ReadRecords>

/**
 * Find out who may push to a repository: of the knot whether it keeps lists, of the repository's DID document on which
 * knot it is, and of that knot whose it is and who else may push.
 */
export const ReadAccess = t.readonly(
  t.strict({
    _tag: t.literal('ReadAccess'),
    /** In whose turns it is asked: accounts take turns, so whoever has many repositories keeps nobody else waiting. */
    account: Did,
    knot: HostName,
    number: Natural,
    /** Its own DID; `""`: only whether the knot keeps lists. */
    repo: t.string
  }),
  'ReadAccess'
)

export type ReadAccess = t.TypeOf<typeof ReadAccess>

/** Read the workflow files that a trigger calls for: those it brought along, or those of the repository at a commit. */
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

/** Have the build started. It must not be there yet: whoever is not sure asks `FindBuild` first. */
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

/** Report how the build stands, whenever that changes, until it has ended. Asked for again after every start. */
export const FollowBuild = t.readonly(
  t.strict({ _tag: t.literal('FollowBuild'), build: BuildName, external: t.string, plan: Plan }),
  'FollowBuild'
)

export type FollowBuild = t.TypeOf<typeof FollowBuild>

/** The provider’s reports of the build are of no use any more. */
export const UnfollowBuild = t.readonly(
  t.strict({ _tag: t.literal('UnfollowBuild'), build: BuildName }),
  'UnfollowBuild'
)

export type UnfollowBuild = t.TypeOf<typeof UnfollowBuild>

/** Ask the provider to end the build. */
export const CancelBuild = t.readonly(
  t.strict({ _tag: t.literal('CancelBuild'), build: BuildName, external: t.string, number: Natural, plan: Plan }),
  'CancelBuild'
)

export type CancelBuild = t.TypeOf<typeof CancelBuild>

/** A workflow of a run, as it is announced. */
export const AnnouncedWorkflow = t.readonly(
  t.strict({
    clone: Clone,
    /** `""` for a file that does not say. */
    engine: t.string,
    name: WorkflowName,
    /** The file; `""` where it is not known, or too long to be repeated. */
    text: t.string
  }),
  'AnnouncedWorkflow'
)

export type AnnouncedWorkflow = t.TypeOf<typeof AnnouncedWorkflow>

/** A line of the log that tells of a run, before its first status. */
export const PipelineEntry = t.readonly(
  t.strict({
    cause: Cause,
    /** As of a status: all stamps of the log rise together. */
    createdUs: TimeUs,
    defaultBranch: t.union([t.string, t.null]),
    knot: HostName,
    repository: Repository,
    /** The key that the statuses of the run bear. */
    rkey: Rkey,
    workflows: t.readonlyArray(AnnouncedWorkflow)
  }),
  'PipelineEntry'
)

export type PipelineEntry = t.TypeOf<typeof PipelineEntry>

/** A line of the log of statuses, which Tangled reads. Whoever resumes at `createdUs` has it and all before it. */
export const StatusEntry = t.readonly(
  t.strict({
    build: BuildName,
    /** Strictly rising, over restarts and clocks set back. */
    createdUs: TimeUs,
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    status: Status
  }),
  'StatusEntry'
)

export type StatusEntry = t.TypeOf<typeof StatusEntry>

/** A line of the log. What has a status is one; what has none announces a run. */
export type LogEntry = PipelineEntry | StatusEntry

/**
 * A fact, for whoever observes: there is a run. Nobody has to do anything; readers of `/events` are served from the
 * state. Like a report it is said while the bridge is stopped, too.
 */
export const PublishPipeline = t.readonly(
  t.strict({ _tag: t.literal('PublishPipeline'), entry: PipelineEntry }),
  'PublishPipeline'
)

export type PublishPipeline = t.TypeOf<typeof PublishPipeline>

/** A fact, for whoever observes: a build has this status from now on. */
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
