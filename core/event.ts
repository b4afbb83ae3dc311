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
import { Config, Natural } from './config.js'
import { HostName } from './data/host-name.js'
import { COLLABORATOR, Did, MEMBER, Nanos, Nsid, REPO, Rkey, Tid, TimeUs } from './data/identifiers.js'

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

/** What a timer is for: opening the connection of that number. */
export const Timer = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('JetstreamTimer'), connection: Natural })),
    t.readonly(t.strict({ _tag: t.literal('KnotTimer'), connection: Natural, host: HostName }))
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

const commitReceived = <C extends string, R extends t.Mixed>(collection: C, record: R) =>
  t.readonly(
    t.strict({
      _tag: t.literal('CommitReceived'),
      at: TimeUs,
      collection: t.literal(collection),
      connection: Natural,
      did: Did,
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
    connection: Natural,
    did: Did,
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
    lastUs: TimeUs
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
    rkey: Rkey
  }),
  'KnotReceived'
)
export type KnotReceived = t.TypeOf<typeof KnotReceived>

/** What a frame of a knot was rejected for. */
export const KnotRejection = t.keyof(
  { size: null, binary: null, utf8: null, json: null, frame: null, nsid: null, rkey: null, created: null },
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

// ---------------------------------------------------------------------------------------- all of them

export const Event = t.union(
  [
    Started,
    StopRequested,
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
    KnotFrameRejected
  ],
  'Event'
)
export type Event = t.TypeOf<typeof Event>

/** A frame of the stream, understood or not. */
export type FrameEvent = CommitReceived | AccountReceived | StreamAdvanced | FrameRejected
