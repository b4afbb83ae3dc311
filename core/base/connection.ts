/**
 * The life of one connection, the same for Jetstream and for every knot.
 *
 *     Idle ──► Connecting ──► Open ──► Waiting ──► Connecting …
 *
 * Connections are numbered. A connection gets its number when it is requested or, after a loss, when its pause begins;
 * from then on, events with an older number are ignored. So a late event of an old socket, or the timer of a pause that
 * a stop has ended, can never be mistaken for a current one.
 *
 * Pauses grow exponentially up to a cap, and start from the beginning only if the connection that closes had been open
 * for a while (D9): servers that accept and then close are not hammered.
 */
import * as t from 'io-ts'
import type { Backoff } from '../config.js'
import { TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'

// ---------------------------------------------------------------------------------------- model

/** Where a connection stands. */
export const Phase = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('Idle') })),
    t.readonly(t.strict({ _tag: t.literal('Connecting') })),
    t.readonly(t.strict({ _tag: t.literal('Open'), openedAt: TimeUs })),
    t.readonly(t.strict({ _tag: t.literal('Waiting') }))
  ],
  'Phase'
)
export type Phase = t.TypeOf<typeof Phase>

/** A connection through all attempts to reach its server. */
export const Connection = t.readonly(
  t.strict({
    /** How many pauses there have been since the connection was last healthy. */
    attempt: Natural,
    /** The number of the present connection, or of the next one. */
    number: Natural,
    phase: Phase
  }),
  'Connection'
)
export type Connection = t.TypeOf<typeof Connection>

/** A pause: the shell draws its length evenly from this range. */
export interface Pause {
  readonly highMs: Natural
  readonly lowMs: Natural
}

const IDLE: Phase = { _tag: 'Idle' }
const CONNECTING: Phase = { _tag: 'Connecting' }
const WAITING: Phase = { _tag: 'Waiting' }

// ---------------------------------------------------------------------------------------- transitions

/** Nothing is connected, and nothing is meant to be. */
export const idle = (number: Natural): Connection => ({ attempt: 0 as Natural, number, phase: IDLE })

/** A first attempt. */
export const connecting = (number: Natural): Connection => ({ attempt: 0 as Natural, number, phase: CONNECTING })

/** The attempt succeeded. For a connection that is `Connecting`. */
export const afterOpening = (at: TimeUs, connection: Connection): Connection => ({
  ...connection,
  phase: { _tag: 'Open', openedAt: at }
})

/** The pause is over. For a connection that is `Waiting`. */
export const afterPause = (connection: Connection): Connection => ({ ...connection, phase: CONNECTING })

/** Another attempt at once, which replaces this one. */
export const connectAgain = (number: Natural, connection: Connection): Connection => ({
  ...connection,
  number,
  phase: CONNECTING
})

/** Whether an attempt is under way. */
export const isConnecting = (connection: Connection): boolean => connection.phase._tag === 'Connecting'

/** Whether there is a connection, or an attempt, that can be lost. */
export const isLive = (connection: Connection): boolean =>
  connection.phase._tag === 'Connecting' || connection.phase._tag === 'Open'

/**
 * The connection is lost, or the attempt failed: a pause, and then an attempt with the number `next`.
 *
 * @returns the connection, and the pause.
 */
export const afterLoss = (
  backoff: Backoff,
  at: TimeUs,
  next: Natural,
  connection: Connection
): readonly [Connection, Pause] => {
  const wasHealthy = connection.phase._tag === 'Open' && at - connection.phase.openedAt >= backoff.healthyAfterMs * 1000
  const attempt = wasHealthy ? 0 : connection.attempt
  return [{ attempt: (attempt + 1) as Natural, number: next, phase: WAITING }, pause(backoff, attempt)]
}

/** From here on every pause is the longest: 2³⁰ ms are twelve days. */
const DOUBLINGS = 30

/**
 * The pause before attempt `attempt` + 1: from 0 to `min(capMs, baseMs · 2^attempt)`. Full jitter, so that clients that
 * lost a server together do not come back together.
 */
export const pause = (backoff: Backoff, attempt: number): Pause => ({
  highMs: Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, DOUBLINGS)) as Natural,
  lowMs: 0 as Natural
})
