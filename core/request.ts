/**
 * The life of one request, the same for an account's records, for who may push, for workflow files, and for what a
 * provider is asked: it is asked; an answer ends it; a failure is followed by a pause, and then it is asked again.
 *
 *     Waiting ──► Asked ──► Pausing ──► Asked …
 *
 * Each question and each pause has a number of its own, and what bears another changes nothing. So an answer that comes
 * late, twice or never does no harm, and neither does a timer of a pause that something else has ended.
 */
import * as t from 'io-ts'
import type { Backoff } from './config.js'
import { type Pause, pause } from './connection.js'
import { Natural } from './data/natural.js'
import type { WakeAfter } from './effect.js'
import type { Requested, RequestFailed } from './event.js'

// ---------------------------------------------------------------------------------------- model

/** Where a request stands. */
export const Request = t.readonly(
  t.strict({
    /** How many pauses there have been since it was last answered with something that was believed. */
    attempt: Natural,
    /** The number of the question, or of the pause; the numbers before it are void. */
    number: Natural,
    /** `Waiting`: it may not be asked yet. */
    phase: t.keyof({ Waiting: null, Asked: null, Pausing: null })
  }),
  'Request'
)

export type Request = t.TypeOf<typeof Request>

/** No pauses yet. */
export const FIRST = 0 as Natural

/**
 * How often a request is made before it is left alone, where nothing else ends it: with the longest pauses, for two
 * hours.
 */
export const ATTEMPTS = 30

// ---------------------------------------------------------------------------------------- transitions

/** It is asked, under that number. */
export const asked = (number: Natural, attempt: Natural = FIRST): Request => ({ attempt, number, phase: 'Asked' })

/** It is asked when that may be. */
export const waiting = (number: Natural, attempt: Natural = FIRST): Request => ({ attempt, number, phase: 'Waiting' })

/** Whether it is the answer to this that bears `number`. */
export const isAsked = (request: Request, number: Natural): boolean =>
  request.phase === 'Asked' && request.number === number

/** Whether it is the end of this pause that bears `number`. */
export const isPausing = (request: Request, number: Natural): boolean =>
  request.phase === 'Pausing' && request.number === number

// ---------------------------------------------------------------------------------------- pauses

/**
 * The pause before a request is made again: the latter half of that of a connection, so that what was asked for has
 * time to show, or, where whoever is asked wants a longer one, at least `waitMs`.
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

/** It has failed: a pause, numbered `number`, and then another attempt. */
export const failed = (
  backoff: Backoff,
  { requested, waitMs }: RequestFailed,
  number: Natural,
  { attempt }: Request
): readonly [Request, WakeAfter] =>
  pausing(requested, number, (attempt + 1) as Natural, retryDelay(backoff, attempt, waitMs))

/** It is made again after `ms`. It has not failed, so the attempts stay as they are. */
export const postponed = (
  requested: Requested,
  ms: Natural,
  number: Natural,
  { attempt }: Request
): readonly [Request, WakeAfter] => pausing(requested, number, attempt, { highMs: ms, lowMs: ms })

/** It was answered, and is made again after a pause drawn from `low` to `high`. */
export const renewed = (requested: Requested, number: Natural, pause: Pause): readonly [Request, WakeAfter] =>
  pausing(requested, number, FIRST, pause)
