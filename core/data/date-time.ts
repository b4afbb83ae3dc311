/**
 * Moments in the format of RFC 3339, in microseconds. Not parsed by the platform, because every port must accept the
 * same texts, and platforms differ in what they accept as a date.
 *
 * Source: rfc-editor.org/rfc/rfc3339, section 5.6.
 */
import * as O from 'fp-ts/lib/Option.js'
import { clampTimeUs, type TimeUs } from './identifiers.js'

/** `2026-01-01T00:00:00.000001Z`; of `T` and `Z` the lower case will do. */
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/** What is longer is no moment, whatever it says. */
const LONGEST = 64

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysIn = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : (MONTHS[month - 1] ?? 0))

/** The leap days of the years from 1 to `year`. */
const leapDays = (year: number): number => Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)

/** The days from the first of 1970 to that date. */
const daysFrom1970 = (year: number, month: number, day: number): number => {
  let days = (year - 1970) * 365 + leapDays(year - 1) - leapDays(1969) + day - 1
  for (let before = 1; before < month; before++) days += daysIn(year, before)
  return days
}

/** The first six digits of a fraction of a second, as microseconds. */
const microseconds = (fraction: string): number => Number(fraction.slice(0, 6).padEnd(6, '0'))

/**
 * The moment that `text` names, truncated to the microsecond. A moment before 1970 counts as the beginning of 1970, one
 * beyond the last stamp as the last stamp. Second 60 is the first second of the next minute.
 *
 * @example
 * import assert from 'node:assert'
 * import { timeOfDateTime } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(timeOfDateTime('2026-01-01T01:00:00.0000019+01:00'), {
 *   _tag: 'Some',
 *   value: 1_767_225_600_000_001
 * })
 * assert.deepStrictEqual(timeOfDateTime('2026-02-29T00:00:00Z'), { _tag: 'None' })
 */
export const timeOfDateTime = (text: string): O.Option<TimeUs> => {
  const parts = text.length > LONGEST ? null : DATE_TIME.exec(text)
  if (parts === null) return O.none
  const part = (i: number): number => Number(parts[i] ?? 0)
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  const [offsetHours, offsetMinutes] = [part(9), part(10)]
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
  const isTime = hour <= 23 && minute <= 59 && second <= 60
  if (!isDate || !isTime || offsetHours > 23 || offsetMinutes > 59) return O.none
  const offset = (offsetHours * 60 + offsetMinutes) * (parts[8] === '-' ? -1 : 1)
  const minutes = (daysFrom1970(year, month, day) * 24 + hour) * 60 + minute - offset
  return O.some(clampTimeUs((minutes * 60 + second) * 1_000_000 + microseconds(parts[7] ?? '')))
}
