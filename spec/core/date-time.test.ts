/** Moments as RFC 3339 writes them, beside what the platform makes of the same text. */
import * as O from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { timeOfDateTime } from '../../core/index.js'

const timeOf = (text: string): number | null => O.toNullable(timeOfDateTime(text))
const two = (n: number): string => String(n).padStart(2, '0')

test('every day of three centuries is where the platform has it, and no other day is valid', () => {
  const wrong: Array<string> = []
  for (let year = 1970; year < 2260; year++)
    for (let month = 1; month <= 12; month++) {
      const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
      for (const day of [1, 28, 29, 30, 31]) {
        const text = `${String(year)}-${two(month)}-${two(day)}T12:34:56Z`
        const us = Math.min(Date.UTC(year, month - 1, day, 12, 34, 56) * 1000, Number.MAX_SAFE_INTEGER)
        if (timeOf(text) !== (day <= days ? us : null)) wrong.push(text)
      }
    }
  expect(wrong).toEqual([])
})

test.each<readonly [string, number]>([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01t00:00:00z', 0],
  ['1970-01-01T00:00:01Z', 1_000_000],
  ['1970-01-01T00:01:00Z', 60_000_000],
  ['1970-01-01T01:00:00Z', 3_600_000_000],
  ['1970-01-01T23:59:60Z', 86_400_000_000],
  ['1970-01-01T00:00:00.5Z', 500_000],
  ['1970-01-01T00:00:00.000001Z', 1],
  ['1970-01-01T00:00:00.0000019Z', 1],
  ['1970-01-01T00:00:00.1234567890Z', 123_456],
  ['1970-01-01T00:00:00-01:00', 3_600_000_000],
  ['1970-01-01T00:00:00-00:01', 60_000_000],
  ['1970-01-01T00:00:00-23:59', 86_340_000_000],
  ['1970-01-02T00:00:00+01:30', 81_000_000_000],
  ['1970-01-01T00:00:00+00:00', 0],
  // Before the beginning, and beyond what a stamp can say.
  ['1970-01-01T00:00:00+00:01', 0],
  ['1969-12-31T23:59:59Z', 0],
  ['0001-01-01T00:00:00Z', 0],
  ['0000-02-29T00:00:00Z', 0],
  ['9999-12-31T23:59:59Z', Number.MAX_SAFE_INTEGER],
  [`1970-01-01T00:00:00.${'1'.repeat(43)}Z`, 111_111]
])('%s is %i microseconds', (text, us) => {
  expect(timeOf(text)).toBe(us)
})

test.each([
  '',
  '1970-01-01',
  '1970-01-01T00:00Z',
  '1970-01-01T00:00:00',
  '1970-01-01 00:00:00Z',
  '1970-1-01T00:00:00Z',
  '1970-01-1T00:00:00Z',
  '170-01-01T00:00:00Z',
  '11970-01-01T00:00:00Z',
  ' 1970-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z ',
  '1970-01-01T00:00:00Z\n',
  '1970-01-01T0:00:00Z',
  '1970-01-01T00:0:00Z',
  '1970-01-01T00:00:0Z',
  '1970-01-01T00:00:00.Z',
  '1970-01-01T00:00:00,5Z',
  '1970-01-01T00:00:00x5Z',
  '1970-01-01T00:00:00+1:00',
  '1970-01-01T00:00:00+01:0',
  '1970-01-01T00:00:00+0100',
  '1970-01-01T00:00:00 01:00',
  '1970-01-01T00:00:00Z+01:00',
  '1970-00-01T00:00:00Z',
  '1970-13-01T00:00:00Z',
  '1970-01-00T00:00:00Z',
  '1970-01-32T00:00:00Z',
  '1970-01-01T24:00:00Z',
  '1970-01-01T00:60:00Z',
  '1970-01-01T00:00:61Z',
  '1970-01-01T00:00:00+24:00',
  '1970-01-01T00:00:00+00:60',
  'x970-01-01T00:00:00Z',
  '1970-0x-01T00:00:00Z',
  '1970-01-0xT00:00:00Z',
  '1970-01-01T0x:00:00Z',
  '1970-01-01T00:0x:00Z',
  '1970-01-01T00:00:0xZ',
  '1970-01-01T00:00:00.xZ',
  '1970-01-01T00:00:00+0x:00',
  '1970-01-01T00:00:00+00:0x',
  `1970-01-01T00:00:00.${'1'.repeat(44)}Z`
])('%j is not a time', (text) => {
  expect(timeOf(text)).toBeNull()
})
