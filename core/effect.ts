/**
 * Effects: what the machine wants done, in the imperative, without mechanism. Whoever executes them reports the outcome
 * as an event; that none ever comes back is fine (S16).
 *
 * Plain JSON as they stand, like events.
 */
import * as t from 'io-ts'
import { Natural } from './config.js'
import { HostName } from './data/host-name.js'
import { Did, Nanos, Rkey, TimeUs } from './data/identifiers.js'
import { KnotRejection, Rejection, Timer } from './event.js'

// ---------------------------------------------------------------------------------------- Jetstream

/** Connect, and ask for everything from `cursor` on, inclusive; `null` asks for what comes from now on (S3). */
export const OpenJetstream = t.readonly(
  t.strict({ _tag: t.literal('OpenJetstream'), connection: Natural, cursor: t.union([TimeUs, t.null]) }),
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

// ---------------------------------------------------------------------------------------- time

/** Come back with `TimerFired` after a pause drawn evenly from `lowMs` to `highMs`. */
export const WakeAfter = t.readonly(
  t.strict({ _tag: t.literal('WakeAfter'), highMs: Natural, lowMs: Natural, timer: Timer }),
  'WakeAfter'
)
export type WakeAfter = t.TypeOf<typeof WakeAfter>

// ---------------------------------------------------------------------------------------- reports

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
    /** A frame of a knot was rejected. */
    t.readonly(
      t.strict({ _tag: t.literal('KnotFrameRejected'), at: TimeUs, detail: t.string, host: HostName, reason: KnotRejection })
    ),
    /** A frame of a knot bears a stamp more than five minutes after its receipt; the knot's cursor stays. */
    t.readonly(t.strict({ _tag: t.literal('KnotFrameFromFuture'), at: TimeUs, created: Nanos, host: HostName }))
  ],
  'Report'
)
export type Report = t.TypeOf<typeof Report>

// ---------------------------------------------------------------------------------------- all of them

export const Effect = t.union(
  [OpenJetstream, CloseJetstream, SubscribeKnot, ReconnectKnot, UnsubscribeKnot, WakeAfter, t.readonly(t.strict({ _tag: t.literal('Report'), report: Report }))],
  'Effect'
)
export type Effect = t.TypeOf<typeof Effect>
