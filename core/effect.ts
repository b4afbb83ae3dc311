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
import { KnotRejection, Rejection, Timer } from './event.js'
import { BuildName, ExitCode, Plan, Repository, Status } from './model/build.js'
import { Cause, WorkflowSource } from './model/trigger.js'
import { Clone } from './model/workflow.js'

// ---------------------------------------------------------------------------------------- Jetstream

/**
 * Connect, and ask for everything from `cursor` on, inclusive; `null` asks for what comes from now on (S3). Where `ordinal` is not `null`, ask
 * for everything from the frame of that number on instead (D10).
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

export const CloseJetstream = t.readonly(t.strict({ _tag: t.literal('CloseJetstream'), connection: Natural }), 'CloseJetstream')
export type CloseJetstream = t.TypeOf<typeof CloseJetstream>

// ---------------------------------------------------------------------------------------- knots

const toKnot = <T extends string>(tag: T) =>
  t.readonly(
    t.strict({
      _tag: t.literal(tag),
      connection: Natural,
      /** Ask for what was created after this; `null`: from now on. */
      cursor: t.union([Nanos, t.null]),
      host: HostName
    }),
    tag
  )

/** The knot is wanted, and was not before: connect. */
export const SubscribeKnot = toKnot('SubscribeKnot')
export type SubscribeKnot = t.TypeOf<typeof SubscribeKnot>

/** The knot is wanted still, and its connection was lost: connect again. */
export const ReconnectKnot = toKnot('ReconnectKnot')
export type ReconnectKnot = t.TypeOf<typeof ReconnectKnot>

/** The knot is not wanted any more, or the bridge stops: close the connection of that number, if it is open. */
export const UnsubscribeKnot = t.readonly(
  t.strict({ _tag: t.literal('UnsubscribeKnot'), connection: Natural, host: HostName }),
  'UnsubscribeKnot'
)
export type UnsubscribeKnot = t.TypeOf<typeof UnsubscribeKnot>

// ---------------------------------------------------------------------------------------- records

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

// ---------------------------------------------------------------------------------------- builds

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

/** Tell whoever reads along that there is a run. Those who come later find it in the state. */
export const PublishPipeline = t.readonly(
  t.strict({ _tag: t.literal('PublishPipeline'), entry: PipelineEntry }),
  'PublishPipeline'
)
export type PublishPipeline = t.TypeOf<typeof PublishPipeline>

/** Tell whoever reads along. Those who come later find it in the state. */
export const PublishStatus = t.readonly(t.strict({ _tag: t.literal('PublishStatus'), entry: StatusEntry }), 'PublishStatus')
export type PublishStatus = t.TypeOf<typeof PublishStatus>

// ---------------------------------------------------------------------------------------- time

/** Come back with `TimerFired` after a pause drawn evenly from `lowMs` to `highMs`. */
export const WakeAfter = t.readonly(
  t.strict({ _tag: t.literal('WakeAfter'), highMs: Natural, lowMs: Natural, timer: Timer }),
  'WakeAfter'
)
export type WakeAfter = t.TypeOf<typeof WakeAfter>

// ---------------------------------------------------------------------------------------- reports

/** Why a trigger calls for nothing: the ref was deleted; it did not move; it is neither branch nor tag; no CI was asked for; no
 * repository of ours; the knot's other kind of event counts; it happened before we listened; no workflow applies. */
export const TriggerIgnorance = t.keyof(
  { deleted: null, unmoved: null, ref: null, skipped: null, repo: null, kind: null, before: null, workflows: null },
  'TriggerIgnorance'
)
export type TriggerIgnorance = t.TypeOf<typeof TriggerIgnorance>

/** Why a trigger is refused: it names another knot; who caused it may not; its key is too long for one; too many wait already. */
export const TriggerRefusal = t.keyof({ knot: null, actor: null, rkey: null, limit: null }, 'TriggerRefusal')
export type TriggerRefusal = t.TypeOf<typeof TriggerRefusal>

/** Why a workflow is dropped: a bad pattern in `when`; no `engine`; more than can be taken. */
export const WorkflowDrop = t.keyof({ when: null, engine: null, limit: null }, 'WorkflowDrop')

/** Something an operator should be able to see. Every report is counted (counters.ts). */
export const Report = t.union(
  [
    /** A frame was rejected. */
    t.readonly(
      t.strict({
        _tag: t.literal('FrameRejected'),
        at: TimeUs,
        collection: t.union([t.string, t.null]),
        detail: t.string,
        did: t.union([t.string, t.null]),
        operation: t.union([t.string, t.null]),
        reason: Rejection,
        rkey: t.union([t.string, t.null])
      })
    ),
    /** A frame bears a stamp more than five minutes after its receipt; it was applied, the cursor stays (D1). */
    t.readonly(t.strict({ _tag: t.literal('FrameFromFuture'), at: TimeUs, did: t.union([Did, t.null]), timeUs: TimeUs })),
    /** Events between these two times may have been missed (D10, D12). */
    t.readonly(t.strict({ _tag: t.literal('Gap'), askedUs: TimeUs, at: TimeUs, gotUs: TimeUs })),
    /** A repo record names something that is no host name of a knot; it was applied without a knot (D6). */
    t.readonly(t.strict({ _tag: t.literal('KnotRefused'), at: TimeUs, did: Did, knot: t.string, rkey: Rkey })),
    /** A field of a record is longer than its limit; the record was applied as if it were absent. */
    t.readonly(
      t.strict({ _tag: t.literal('FieldTooLong'), at: TimeUs, collection: Collection, did: Did, field: t.string, limit: Natural, rkey: Rkey })
    ),
    /** There is no room for another key of the account: what was written there is not kept (D7). */
    t.readonly(t.strict({ _tag: t.literal('KeyRefused'), at: TimeUs, collection: Collection, did: Did, rkey: Rkey })),
    /** A frame of a knot was rejected. */
    t.readonly(
      t.strict({ _tag: t.literal('KnotFrameRejected'), at: TimeUs, detail: t.string, host: HostName, reason: KnotRejection })
    ),
    /** A frame of a knot bears a stamp more than five minutes after its receipt; the knot's cursor stays. */
    t.readonly(t.strict({ _tag: t.literal('KnotFrameFromFuture'), at: TimeUs, created: Nanos, host: HostName })),
    /** A page of an account's records could not be read; it is tried again. */
    t.readonly(t.strict({ _tag: t.literal('RecordsUnread'), at: TimeUs, detail: t.string, did: Did })),
    /** A trigger calls for nothing here, as most do on a knot that others use too. */
    t.readonly(t.strict({ _tag: t.literal('TriggerIgnored'), at: TimeUs, knot: HostName, reason: TriggerIgnorance, rkey: Rkey })),
    /** A trigger is not one that the knot, or whoever caused it, is entitled to. */
    t.readonly(t.strict({ _tag: t.literal('TriggerRefused'), at: TimeUs, detail: t.string, knot: HostName, reason: TriggerRefusal, rkey: Rkey })),
    /** The workflow files of a trigger could not be read: it comes to nothing. */
    t.readonly(t.strict({ _tag: t.literal('WorkflowsUnread'), at: TimeUs, detail: t.string, knot: HostName, rkey: Rkey })),
    /** A workflow applies to the trigger, or that cannot be told, but it is not one of ours to build. */
    t.readonly(t.strict({ _tag: t.literal('WorkflowDropped'), at: TimeUs, build: BuildName, detail: t.string, reason: WorkflowDrop })),
    /** A workflow file is left out, because no build can bear its name: it has more than 100 characters, or one that cannot be. */
    t.readonly(
      t.strict({ _tag: t.literal('WorkflowNameRefused'), at: TimeUs, detail: t.string, knot: HostName, name: t.string, rkey: Rkey })
    ),
    /** What was asked of a provider may not have been done; it is tried again. */
    t.readonly(t.strict({ _tag: t.literal('ProviderUncertain'), at: TimeUs, build: BuildName, detail: t.string, provider: t.string })),
    /** A provider never said whether a build that nobody wants any more was there, or has ended. */
    t.readonly(t.strict({ _tag: t.literal('BuildAbandoned'), at: TimeUs, build: BuildName, detail: t.string, provider: t.string })),
    /** Somebody reported on a build who is not the one that has it. */
    t.readonly(t.strict({ _tag: t.literal('ReportRefused'), at: TimeUs, build: BuildName, provider: t.string })),
    /** The operator had an event passed over whose step did not end. */
    t.readonly(t.strict({ _tag: t.literal('PassedOver'), about: t.string, at: TimeUs, of: t.string }))
  ],
  'Report'
)
export type Report = t.TypeOf<typeof Report>

// ---------------------------------------------------------------------------------------- all of them

export const Effect = t.union(
  [
    OpenJetstream,
    CloseJetstream,
    SubscribeKnot,
    ReconnectKnot,
    UnsubscribeKnot,
    WakeAfter,
    ReadRecords,
    ReadWorkflows,
    StartBuild,
    FindBuild,
    FollowBuild,
    CancelBuild,
    PublishPipeline,
    PublishStatus,
    t.readonly(t.strict({ _tag: t.literal('Report'), report: Report }))
  ],
  'Effect'
)
export type Effect = t.TypeOf<typeof Effect>
