/**
 * Our own `/events`: statuses as Tangled reads them, and what its readers say of how far they have come.
 *
 * Source: tangled.org/core, `spindle/stream.go`, lexicon `sh.tangled.pipeline.status`. Stamps go out in nanoseconds, which a double
 * cannot hold, so the digits are written by hand.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Status } from '../build.js'
import { clampTimeUs, Nanos, nanosOf, STATUS, tidOf, TimeUs, usBefore } from '../data/identifiers.js'
import type { StatusEntry } from '../effect.js'
import { pipelineUri } from '../variables.js'

const SECOND_US = 1_000_000
const DAY_S = 86_400

const padded = (n: number, digits: number): string => String(n).padStart(digits, '0')

/** The day `days` after 1970-01-01 in the Gregorian calendar, as eras of 400 years of 146 097 days that begin in March. */
const dateOf = (days: number): string => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const day = shifted - era * 146_097
  const year = Math.floor((day - Math.floor(day / 1_460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365)
  const inYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const month = Math.floor((5 * inYear + 2) / 153)
  const dayOfMonth = inYear - Math.floor((153 * month + 2) / 5) + 1
  const [number, calendar] = month < 10 ? [month + 3, year] : [month - 9, year + 1]
  return `${padded(calendar + era * 400, 4)}-${padded(number, 2)}-${padded(dayOfMonth, 2)}`
}

/**
 * `time` in RFC 3339, UTC, with its microseconds.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, rfc3339 } from 'tack/core'
 *
 * assert.strictEqual(rfc3339(clampTimeUs(1_767_225_600_000_001)), '2026-01-01T00:00:00.000001Z')
 */
export const rfc3339 = (time: TimeUs): string => {
  const seconds = Math.floor(time / SECOND_US)
  const days = Math.floor(seconds / DAY_S)
  const inDay = seconds - days * DAY_S
  const [h, m, s] = [Math.floor(inDay / 3_600), Math.floor(inDay / 60) % 60, inDay % 60]
  return `${dateOf(days)}T${padded(h, 2)}:${padded(m, 2)}:${padded(s, 2)}.${padded(time % SECOND_US, 6)}Z`
}

/**
 * How long before its stamp a status is said to have been made. A reader may cut that time to whole seconds, and of one second take what
 * came last for what is; it may also replace a time in its future by its own. So what comes later in a build lies at least a second later,
 * and nothing lies after its stamp.
 */
const EARLIER_US: { readonly [S in Status]: number } = {
  pending: 2 * SECOND_US,
  running: SECOND_US,
  success: 0,
  failed: 0,
  timeout: 0,
  cancelled: 0
}

/**
 * The text of the frame that tells of a status.
 *
 * @example
 * import assert from 'node:assert'
 * import { statusFrame, StatusEntry } from 'tack/core'
 *
 * const entry = StatusEntry.decode({
 *   build: { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' },
 *   createdUs: 1_767_225_600_000_000,
 *   error: null,
 *   exitCode: null,
 *   status: 'pending'
 * })
 * assert(entry._tag === 'Right')
 * assert(statusFrame(entry.right).endsWith('"created":1767225600000000000}'))
 */
export const statusFrame = ({ build, createdUs, error, exitCode, status }: StatusEntry): string => {
  const event = {
    $type: STATUS,
    pipeline: pipelineUri(build.knot, build.rkey),
    workflow: build.workflow,
    status,
    createdAt: rfc3339(usBefore(createdUs, EARLIER_US[status])),
    ...(error === null ? {} : { error }),
    ...(exitCode === null ? {} : { exitCode })
  }
  const head = JSON.stringify({ rkey: tidOf(createdUs), nsid: STATUS, event })
  return `${head.slice(0, -1)},"created":${nanosOf(createdUs)}}`
}

/** How far a reader says it has come. */
export const ReaderCursor = t.readonly(
  t.strict({
    /** Whether it is a whole number of microseconds, as all stamps of ours are. */
    isWhole: t.boolean,
    /** Rounded down: what was created after the one was created after the other. */
    timeUs: TimeUs
  }),
  'ReaderCursor'
)
export type ReaderCursor = t.TypeOf<typeof ReaderCursor>

/**
 * How far a reader says it has come, from its cursor in nanoseconds.
 *
 * @returns `Left` with the rule for what is no such number.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeCursor } from 'tack/core'
 *
 * assert.deepStrictEqual(decodeCursor('1767225600000000999'), { _tag: 'Right', right: { isWhole: false, timeUs: 1_767_225_600_000_000 } })
 * assert.strictEqual(decodeCursor('1e18')._tag, 'Left')
 */
export const decodeCursor = (text: string): E.Either<string, ReaderCursor> => {
  if (!Nanos.is(text))
    return E.left('a cursor is a time in nanoseconds: decimal digits without leading zeros, from 0 to 9223372036854775807')
  const timeUs = clampTimeUs(Number(text.slice(0, -3)))
  return E.right({ isWhole: nanosOf(timeUs) === text, timeUs })
}
