/**
 * Events: what has happened outside, in the past tense, source first. Everything the machine learns, time included, it
 * learns from these; folding the same events gives the same state, everywhere.
 *
 * Every event is plain JSON as it stands: the journal, a trace and a bug report hold exactly these objects. Keys are
 * written in ascending order throughout, which makes the canonical form cheap (canonical.ts).
 *
 * `at` is the time of receipt by the clock of the shell; `timeUs` is the stamp that the sender put on.
 */
import * as t from 'io-ts'
import { BuildName, ExitCode, Status } from './model/build.js'
import { Config, Natural } from './config.js'
import { HostName } from './data/host-name.js'
import { COLLABORATOR, Collection, Did, MEMBER, Nanos, Nsid, REPO, Rkey, Tid, TimeUs, WorkflowName } from './data/identifiers.js'
import { Trigger, WorkflowSource } from './model/trigger.js'
import { Workflow } from './model/workflow.js'

// ---------------------------------------------------------------------------------------- records

/** `sh.tangled.spindle.member`. In every text field, `""` means absent (S9). */
export const Member = t.readonly(t.strict({ createdAt: t.string, instance: t.string, subject: t.string }), 'Member')
export type Member = t.TypeOf<typeof Member>

/** `sh.tangled.repo` as it was written: `knot` is any text. */
export const RepoRecord = t.readonly(
  t.strict({ createdAt: t.string, knot: t.string, name: t.string, repoDid: t.string, spindle: t.string }),
  'RepoRecord'
)
export type RepoRecord = t.TypeOf<typeof RepoRecord>

/** `sh.tangled.repo.collaborator`. */
export const Collaborator = t.readonly(
  t.strict({ createdAt: t.string, repo: t.string, repoDid: t.string, subject: t.string }),
  'Collaborator'
)
export type Collaborator = t.TypeOf<typeof Collaborator>

// ---------------------------------------------------------------------------------------- the bridge itself

/** The bridge runs (again): no connection is open, no timer is armed. A changed configuration takes effect here. */
export const Started = t.readonly(
  t.strict({
    _tag: t.literal('Started'),
    at: TimeUs,
    config: Config,
    /** Where an operator wants the stream to be read from; `null`: from where we are. */
    resumeFrom: t.union([TimeUs, t.null])
  }),
  'Started'
)
export type Started = t.TypeOf<typeof Started>

/** Somebody wants the bridge to end. */
export const StopRequested = t.readonly(t.strict({ _tag: t.literal('StopRequested'), at: TimeUs }), 'StopRequested')
export type StopRequested = t.TypeOf<typeof StopRequested>

/**
 * The operator has an event passed over whose step did not end. What has to be known of it all the same comes in events of its own, after
 * this one (pass-over.ts).
 */
export const PassedOver = t.readonly(
  t.strict({
    _tag: t.literal('PassedOver'),
    /** Which one it was, in a few words. */
    about: t.string,
    at: TimeUs,
    /** The kind of event. */
    of: t.string
  }),
  'PassedOver'
)
export type PassedOver = t.TypeOf<typeof PassedOver>

/** What a timer is for: opening the connection of that number, or asking again for what is outstanding under that number. */
export const Timer = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('JetstreamTimer'), connection: Natural })),
    t.readonly(t.strict({ _tag: t.literal('KnotTimer'), connection: Natural, host: HostName })),
    /** The next page of an account's records. */
    t.readonly(t.strict({ _tag: t.literal('RecordsTimer'), did: Did, number: Natural })),
    /** The end of the time for which a push waits for its pipeline. */
    t.readonly(t.strict({ _tag: t.literal('PushTimer'), knot: HostName, number: Natural, rkey: Rkey })),
    /** The end of the time for which a knot that nobody holds is remembered. */
    t.readonly(t.strict({ _tag: t.literal('SourceTimer'), knot: HostName, number: Natural })),
    /** The workflow files of a trigger. */
    t.readonly(t.strict({ _tag: t.literal('WorkflowsTimer'), knot: HostName, number: Natural, rkey: Rkey })),
    /** The next attempt to have a build started, found or cancelled. */
    t.readonly(t.strict({ _tag: t.literal('BuildTimer'), build: BuildName, number: Natural })),
    /** The end of the time that a build may be pending, or may run. */
    t.readonly(t.strict({ _tag: t.literal('DeadlineTimer'), build: BuildName, number: Natural }))
  ],
  'Timer'
)
export type Timer = t.TypeOf<typeof Timer>

/** The pause that a `WakeAfter` asked for is over. */
export const TimerFired = t.readonly(t.strict({ _tag: t.literal('TimerFired'), at: TimeUs, timer: Timer }), 'TimerFired')
export type TimerFired = t.TypeOf<typeof TimerFired>

// ---------------------------------------------------------------------------------------- Jetstream

export const JetstreamOpened = t.readonly(
  t.strict({ _tag: t.literal('JetstreamOpened'), at: TimeUs, connection: Natural }),
  'JetstreamOpened'
)
export type JetstreamOpened = t.TypeOf<typeof JetstreamOpened>

export const JetstreamClosed = t.readonly(
  t.strict({
    _tag: t.literal('JetstreamClosed'),
    at: TimeUs,
    connection: Natural,
    /** Whether a frame that cannot be taken in at all (too large) was what closed the connection (D12). */
    poisoned: t.boolean
  }),
  'JetstreamClosed'
)
export type JetstreamClosed = t.TypeOf<typeof JetstreamClosed>

/** The number that a server gave the frame: its own count, which no other server has. `null`: it gave none (D10). */
const Ordinal = t.union([Natural, t.null], 'Ordinal')

const commitReceived = <C extends string, R extends t.Mixed>(collection: C, record: R) =>
  t.readonly(
    t.strict({
      _tag: t.literal('CommitReceived'),
      at: TimeUs,
      collection: t.literal(collection),
      connection: Natural,
      did: Did,
      ordinal: Ordinal,
      /** What is put at the key (`create` and `update` alike, S8); `null` deletes it. */
      record: t.union([record, t.null]),
      /** `null` when there was none that is a TID. */
      rev: t.union([Tid, t.null]),
      rkey: Rkey,
      timeUs: TimeUs
    }),
    `CommitReceived(${collection})`
  )

/** A record of one of the three collections was put at, or deleted from, the key (collection, did, rkey). */
export const CommitReceived = t.union(
  [commitReceived(MEMBER, Member), commitReceived(REPO, RepoRecord), commitReceived(COLLABORATOR, Collaborator)],
  'CommitReceived'
)
export type CommitReceived = t.TypeOf<typeof CommitReceived>

/** An account was deactivated, deleted or made active again. */
export const AccountReceived = t.readonly(
  t.strict({
    _tag: t.literal('AccountReceived'),
    active: t.boolean,
    at: TimeUs,
    /** When it happened, by the account's own side: the same whenever the event is sent. `null` when that is not said. */
    changedUs: t.union([TimeUs, t.null]),
    connection: Natural,
    did: Did,
    ordinal: Ordinal,
    /** The number that the sender gave it: the same in a repeat, and of this sender alone. `null` when there was none. */
    seq: t.union([Natural, t.null]),
    /** `deleted`, or any other text; `null` when there was none. */
    status: t.union([t.string, t.null]),
    timeUs: TimeUs
  }),
  'AccountReceived'
)
export type AccountReceived = t.TypeOf<typeof AccountReceived>

/** `count` frames that carry nothing for us, the first and the last of which bore these stamps: the cursor moves on (D2). */
export const StreamAdvanced = t.readonly(
  t.strict({
    _tag: t.literal('StreamAdvanced'),
    at: TimeUs,
    connection: Natural,
    count: Natural,
    firstUs: TimeUs,
    /** The greatest stamp among them. */
    lastUs: TimeUs,
    /** That of the last frame that bears `lastUs`. */
    ordinal: Ordinal
  }),
  'StreamAdvanced'
)
export type StreamAdvanced = t.TypeOf<typeof StreamAdvanced>

/** What a frame was rejected for, in the order in which it is looked at. */
export const Rejection = t.keyof(
  { size: null, binary: null, utf8: null, json: null, frame: null, time: null, did: null, account: null, commit: null, collection: null, rkey: null, operation: null, record: null },
  'Rejection'
)
export type Rejection = t.TypeOf<typeof Rejection>

/** A frame was not understood. It names what it can; foreign text is cut to an excerpt. */
export const FrameRejected = t.readonly(
  t.strict({
    _tag: t.literal('FrameRejected'),
    at: TimeUs,
    collection: t.union([t.string, t.null]),
    connection: Natural,
    detail: t.string,
    did: t.union([t.string, t.null]),
    operation: t.union([t.string, t.null]),
    ordinal: Ordinal,
    reason: Rejection,
    rkey: t.union([t.string, t.null]),
    /** `null` when the stamp itself was not readable: then nothing moves. */
    timeUs: t.union([TimeUs, t.null])
  }),
  'FrameRejected'
)
export type FrameRejected = t.TypeOf<typeof FrameRejected>

// ---------------------------------------------------------------------------------------- knots

export const KnotOpened = t.readonly(
  t.strict({ _tag: t.literal('KnotOpened'), at: TimeUs, connection: Natural, host: HostName }),
  'KnotOpened'
)
export type KnotOpened = t.TypeOf<typeof KnotOpened>

export const KnotClosed = t.readonly(
  t.strict({ _tag: t.literal('KnotClosed'), at: TimeUs, connection: Natural, host: HostName }),
  'KnotClosed'
)
export type KnotClosed = t.TypeOf<typeof KnotClosed>

/** A frame came from a knot. */
export const KnotReceived = t.readonly(
  t.strict({
    _tag: t.literal('KnotReceived'),
    at: TimeUs,
    connection: Natural,
    /** `null` from older knots, which send none. */
    created: t.union([Nanos, t.null]),
    host: HostName,
    nsid: Nsid,
    rkey: Rkey,
    /** What may call for builds; text says why it is not understood; `null` when the frame is about something else. */
    trigger: t.union([Trigger, t.string, t.null])
  }),
  'KnotReceived'
)
export type KnotReceived = t.TypeOf<typeof KnotReceived>

/** What a frame of a knot was rejected for. */
export const KnotRejection = t.keyof(
  { size: null, binary: null, utf8: null, json: null, frame: null, nsid: null, rkey: null, created: null, trigger: null },
  'KnotRejection'
)
export type KnotRejection = t.TypeOf<typeof KnotRejection>

/** A frame of a knot was not understood. The knot's cursor stays where it is. */
export const KnotFrameRejected = t.readonly(
  t.strict({
    _tag: t.literal('KnotFrameRejected'),
    at: TimeUs,
    connection: Natural,
    detail: t.string,
    host: HostName,
    reason: KnotRejection
  }),
  'KnotFrameRejected'
)
export type KnotFrameRejected = t.TypeOf<typeof KnotFrameRejected>

// ---------------------------------------------------------------------------------------- records, read

const listed = <C extends string, R extends t.Mixed>(collection: C, record: R) =>
  t.readonly(t.strict({ collection: t.literal(collection), record, rkey: Rkey }))

/** A record as its own server lists it. */
export const ListedRecord = t.union([listed(MEMBER, Member), listed(REPO, RepoRecord), listed(COLLABORATOR, Collaborator)], 'ListedRecord')
export type ListedRecord = t.TypeOf<typeof ListedRecord>

/** A page of an account's records came from its own server. */
export const RecordsRead = t.readonly(
  t.strict({
    _tag: t.literal('RecordsRead'),
    at: TimeUs,
    collection: Collection,
    did: Did,
    /** Where the next page of this collection begins, in the server's words; `null` when this was the last. */
    next: t.union([t.string, t.null]),
    number: Natural,
    records: t.readonlyArray(ListedRecord)
  }),
  'RecordsRead'
)
export type RecordsRead = t.TypeOf<typeof RecordsRead>

/** A page of an account's records could not be read. */
export const RecordsUnread = t.readonly(
  t.strict({
    _tag: t.literal('RecordsUnread'),
    at: TimeUs,
    did: Did,
    error: t.string,
    number: Natural,
    /** How long the server asks us to wait. */
    waitMs: Natural
  }),
  'RecordsUnread'
)
export type RecordsUnread = t.TypeOf<typeof RecordsUnread>

// ---------------------------------------------------------------------------------------- builds

/** The workflow files of a trigger have been read, each as far as it can be understood. */
export const WorkflowsRead = t.readonly(
  t.strict({
    _tag: t.literal('WorkflowsRead'),
    at: TimeUs,
    /** The branch that the repository's HEAD names; `null` when that is not known. */
    defaultBranch: t.union([t.string, t.null]),
    knot: HostName,
    number: Natural,
    rkey: Rkey,
    /** The files as they stand in the repository, as far as they are text; `null` where they came along with the trigger. */
    sources: t.union([t.readonlyArray(WorkflowSource), t.null]),
    /** The names, as excerpts, of files that are left out, because no build can bear them. */
    unkept: t.readonlyArray(t.string),
    workflows: t.readonlyArray(Workflow)
  }),
  'WorkflowsRead'
)
export type WorkflowsRead = t.TypeOf<typeof WorkflowsRead>

/** The workflow files of a trigger could not be read. */
export const WorkflowsUnread = t.readonly(
  t.strict({
    _tag: t.literal('WorkflowsUnread'),
    at: TimeUs,
    error: t.string,
    /** Whether it is no use to try again: the commit is not there. */
    isFinal: t.boolean,
    knot: HostName,
    number: Natural,
    rkey: Rkey
  }),
  'WorkflowsUnread'
)
export type WorkflowsUnread = t.TypeOf<typeof WorkflowsUnread>

/** The provider has the build: it took it on, or had done so before. */
export const BuildAccepted = t.readonly(
  t.strict({
    _tag: t.literal('BuildAccepted'),
    at: TimeUs,
    build: BuildName,
    /** The provider's own name for it. */
    external: t.string,
    number: Natural
  }),
  'BuildAccepted'
)
export type BuildAccepted = t.TypeOf<typeof BuildAccepted>

/** The provider will not take the build on: nothing was started. */
export const BuildRefused = t.readonly(
  t.strict({ _tag: t.literal('BuildRefused'), at: TimeUs, build: BuildName, error: t.string, number: Natural }),
  'BuildRefused'
)
export type BuildRefused = t.TypeOf<typeof BuildRefused>

/** The provider was asked for the build, and does not have it. */
export const BuildMissing = t.readonly(
  t.strict({ _tag: t.literal('BuildMissing'), at: TimeUs, build: BuildName, number: Natural }),
  'BuildMissing'
)
export type BuildMissing = t.TypeOf<typeof BuildMissing>

/** Whether what was asked of the provider was done is not known: no answer, or none that says. */
export const BuildUncertain = t.readonly(
  t.strict({
    _tag: t.literal('BuildUncertain'),
    at: TimeUs,
    build: BuildName,
    error: t.string,
    number: Natural,
    /** How long the provider asks us to wait. */
    waitMs: Natural
  }),
  'BuildUncertain'
)
export type BuildUncertain = t.TypeOf<typeof BuildUncertain>

/** The provider says how the build stands. */
export const BuildReported = t.readonly(
  t.strict({
    _tag: t.literal('BuildReported'),
    at: TimeUs,
    build: BuildName,
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    external: t.string,
    /** Who says so. */
    provider: t.string,
    status: Status
  }),
  'BuildReported'
)
export type BuildReported = t.TypeOf<typeof BuildReported>

/** The provider was asked to end the build, and has heard it: nothing more is owed. */
export const CancelHeard = t.readonly(
  t.strict({ _tag: t.literal('CancelHeard'), at: TimeUs, build: BuildName, number: Natural }),
  'CancelHeard'
)
export type CancelHeard = t.TypeOf<typeof CancelHeard>

/** Somebody entitled wants builds of a trigger to end: that workflow's, or, with `null`, all of them. */
export const CancelRequested = t.readonly(
  t.strict({ _tag: t.literal('CancelRequested'), at: TimeUs, knot: HostName, rkey: Rkey, workflow: t.union([WorkflowName, t.null]) }),
  'CancelRequested'
)
export type CancelRequested = t.TypeOf<typeof CancelRequested>

/** Somebody entitled wants what has ended to be built again: that workflow, or, with `null`, all of the trigger. */
export const RetryRequested = t.readonly(
  t.strict({ _tag: t.literal('RetryRequested'), at: TimeUs, knot: HostName, rkey: Rkey, workflow: t.union([WorkflowName, t.null]) }),
  'RetryRequested'
)
export type RetryRequested = t.TypeOf<typeof RetryRequested>

// ---------------------------------------------------------------------------------------- all of them

export const Event = t.union(
  [
    Started,
    StopRequested,
    PassedOver,
    TimerFired,
    JetstreamOpened,
    JetstreamClosed,
    CommitReceived,
    AccountReceived,
    StreamAdvanced,
    FrameRejected,
    KnotOpened,
    KnotClosed,
    KnotReceived,
    KnotFrameRejected,
    RecordsRead,
    RecordsUnread,
    WorkflowsRead,
    WorkflowsUnread,
    BuildAccepted,
    BuildRefused,
    BuildMissing,
    BuildUncertain,
    BuildReported,
    CancelHeard,
    CancelRequested,
    RetryRequested
  ],
  'Event'
)
export type Event = t.TypeOf<typeof Event>

/** A frame of the stream, understood or not. */
export type FrameEvent = CommitReceived | AccountReceived | StreamAdvanced | FrameRejected
