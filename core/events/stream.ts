/**
 * Events of the record stream: its connection, and its frames.
 */
import * as t from 'io-ts'
import { COLLABORATOR, Did, MEMBER, REPO, Rkey, Tid, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { Collaborator, Member, RepoRecord } from '../model/record.js'

/** The connection to the stream has opened. */
export const JetstreamOpened = t.readonly(
  t.strict({ _tag: t.literal('JetstreamOpened'), at: TimeUs, connection: Natural }),
  'JetstreamOpened'
)

export type JetstreamOpened = t.TypeOf<typeof JetstreamOpened>

/** The connection to the stream was lost, or could not be made. */
export const JetstreamClosed = t.readonly(
  t.strict({
    _tag: t.literal('JetstreamClosed'),
    at: TimeUs,
    connection: Natural,
    /** Whether the connection was closed by a frame that cannot be received at all, because it is too large (D12). */
    poisoned: t.boolean
  }),
  'JetstreamClosed'
)

export type JetstreamClosed = t.TypeOf<typeof JetstreamClosed>

/**
 * The number that a server gave the frame: its own count, which no other server shares; `null` if it gave none (D10).
 */
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
      /** `null` if there was none that is a TID. */
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
    /**
     * When it happened, according to the account's own server: the same whenever the event is sent. `null` if it did
     * not say.
     */
    changedUs: t.union([TimeUs, t.null]),
    connection: Natural,
    did: Did,
    ordinal: Ordinal,
    /**
     * The number that the sender gave it: the same in a repeat, and unique for this sender only. `null` if there was
     * none.
     */
    seq: t.union([Natural, t.null]),
    /** `deleted`, or any other text; `null` if there was none. */
    status: t.union([t.string, t.null]),
    timeUs: TimeUs
  }),
  'AccountReceived'
)

export type AccountReceived = t.TypeOf<typeof AccountReceived>

/** `count` frames that carry nothing for us; the first and the last carried these stamps. The cursor moves on (D2). */
export const StreamAdvanced = t.readonly(
  t.strict({
    _tag: t.literal('StreamAdvanced'),
    at: TimeUs,
    connection: Natural,
    count: Natural,
    firstUs: TimeUs,
    /** The greatest stamp among them. */
    lastUs: TimeUs,
    /** The number of the last frame that carries `lastUs`. */
    ordinal: Ordinal
  }),
  'StreamAdvanced'
)

export type StreamAdvanced = t.TypeOf<typeof StreamAdvanced>

/** Why a frame was rejected, in the order in which its parts are checked. */
export const Rejection = t.keyof(
  {
    size: null,
    binary: null,
    utf8: null,
    json: null,
    frame: null,
    time: null,
    did: null,
    account: null,
    commit: null,
    collection: null,
    rkey: null,
    operation: null,
    record: null
  },
  'Rejection'
)

export type Rejection = t.TypeOf<typeof Rejection>

/** A frame was not understood. The event names what is known of it; foreign text is cut to an excerpt. */
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
    /** `null` if the stamp itself could not be read: then nothing moves. */
    timeUs: t.union([TimeUs, t.null])
  }),
  'FrameRejected'
)

export type FrameRejected = t.TypeOf<typeof FrameRejected>
