/**
 * The life of one request, the same for an account's records, for who may push, for workflow files, and for requests to
 * providers: it is sent; an answer ends it; after a failure there is a pause, and then it is sent again.
 *
 *     Waiting ──► Asked ──► Pausing ──► Asked …
 *
 * Each attempt and each pause has its own number, and an event with another number changes nothing. So an answer that
 * comes late, twice or never does no harm, and neither does the timer of a pause that something else has ended.
 */
import * as t from 'io-ts'
import type { Backoff } from '../config.js'
import { Natural } from '../data/natural.js'
import type { WakeAfter } from '../effect.js'
import type { Requested, RequestFailed } from '../event.js'
import { type Pause, pause } from './connection.js'

// ---------------------------------------------------------------------------------------- model

/** Where a request stands. */
export const Request = t.readonly(
  t.strict({
    /** How many pauses there have been since the last answer that counted. */
    attempt: Natural,
    /** The number of the present attempt or pause; earlier numbers are void. */
    number: Natural,
    /** `Waiting`: it may not be sent yet. */
    phase: t.keyof({ Waiting: null, Asked: null, Pausing: null })
  }),
  'Request'
)

export type Request = t.TypeOf<typeof Request>

/** No pauses yet. */
export const FIRST = 0 as Natural

/** How often a request is sent before it is given up, if nothing else ends it. With the longest pauses, two hours. */
export const ATTEMPTS = 30

// ---------------------------------------------------------------------------------------- transitions

/** It is sent, under that number. */
export const asked = (number: Natural, attempt: Natural = FIRST): Request => ({ attempt, number, phase: 'Asked' })

/** It is to be sent once that is allowed. */
export const waiting = (number: Natural, attempt: Natural = FIRST): Request => ({ attempt, number, phase: 'Waiting' })

/** Whether an answer with `number` is the answer to this. */
export const isAsked = (request: Request, number: Natural): boolean =>
  request.phase === 'Asked' && request.number === number

/** Whether a timer with `number` ends this pause. */
export const isPausing = (request: Request, number: Natural): boolean =>
  request.phase === 'Pausing' && request.number === number

// ---------------------------------------------------------------------------------------- pauses

/**
 * The pause before a request is sent again: the latter half of a connection's, so that what the last attempt may have
 * done has time to show; or at least `waitMs`, if the server asks for longer.
 */
export const retryDelay = (backoff: Backoff, attempt: number, waitMs: number): Pause => {
  const { highMs } = pause(backoff, attempt)
  const lowMs = Math.max(Math.floor(highMs / 2), waitMs)
  return { highMs: Math.max(highMs, lowMs) as Natural, lowMs: lowMs as Natural }
}

/** A pause, and its timer. */
const pausing = (
  requested: Requested,
  number: Natural,
  attempt: Natural,
  { highMs, lowMs }: Pause
): readonly [Request, WakeAfter] => [
  { attempt, number, phase: 'Pausing' },
  { _tag: 'WakeAfter', highMs, lowMs, timer: { _tag: 'RequestTimer', number, requested } }
]

/** It has failed: a pause with that number, and then another attempt. */
export const retryLater = (
  backoff: Backoff,
  { requested, waitMs }: RequestFailed,
  number: Natural,
  { attempt }: Request
): readonly [Request, WakeAfter] =>
  pausing(requested, number, (attempt + 1) as Natural, retryDelay(backoff, attempt, waitMs))

/** It is sent again after `ms`. It has not failed, so `attempt` stays. */
export const postpone = (
  requested: Requested,
  ms: Natural,
  number: Natural,
  { attempt }: Request
): readonly [Request, WakeAfter] => pausing(requested, number, attempt, { highMs: ms, lowMs: ms })

/** It was answered, and is sent again after that pause. */
export const repeatLater = (requested: Requested, number: Natural, pause: Pause): readonly [Request, WakeAfter] =>
  pausing(requested, number, FIRST, pause)
