/**
 * Events: what has happened outside, named in the past tense, source first. Everything the machine learns, including
 * the time, it learns from events. Folding the same events gives the same state, everywhere.
 *
 * Every event is plain JSON: the journal, a trace and a bug report hold exactly these objects. Their keys are declared
 * in ascending order throughout, which makes the canonical form cheap (data/canonical.ts).
 *
 * `at` is the time of receipt by the shell's clock; `timeUs` is the sender's stamp.
 */
import * as t from 'io-ts'
import { PassedOver, Started, StopRequested, TimerFired } from './events/bridge.js'
import {
  BuildAccepted,
  BuildMissing,
  BuildReported,
  CancelAcknowledged,
  CancelRequested,
  RetryRequested,
  WorkflowsRead
} from './events/build-events.js'
import { CallReceived } from './events/call-received.js'
import { CollaboratorUpdated, KnotClosed, KnotFrameRejected, KnotOpened, KnotReceived } from './events/knot-frames.js'
import { AccessRead, RecordsRead } from './events/listings.js'
import { RequestFailed } from './events/requests.js'
import {
  AccountReceived,
  CommitReceived,
  FrameRejected,
  JetstreamClosed,
  JetstreamOpened,
  StreamAdvanced
} from './events/stream.js'

export * from './events/bridge.js'
export * from './events/build-events.js'
export * from './events/call-received.js'
export * from './events/knot-frames.js'
export * from './events/listings.js'
export * from './events/requests.js'
export * from './events/stream.js'
export * from './model/call.js'
export * from './model/record.js'

/** What has happened outside. */
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
    CollaboratorUpdated,
    KnotFrameRejected,
    RecordsRead,
    AccessRead,
    WorkflowsRead,
    BuildAccepted,
    BuildMissing,
    BuildReported,
    CancelAcknowledged,
    RequestFailed,
    CancelRequested,
    RetryRequested,
    CallReceived
  ],
  'Event'
)

export type Event = t.TypeOf<typeof Event>

/** A frame of the stream, understood or not. */
export type FrameEvent = CommitReceived | AccountReceived | StreamAdvanced | FrameRejected
