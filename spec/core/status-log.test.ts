/** Where readers of the log go on: after a stamp of ours, or from a margin before what their own clocks say. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { Builds, decodeCursor, OrderedMap as M, StatusEntry, TimeUs } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const us = (n: number): TimeUs => must(TimeUs.decode(n))
const MINUTE = 60_000_000

const entry = (createdUs: number): StatusEntry =>
  must(
    StatusEntry.decode({
      build: { knot: 'knot.example', rkey: 'x', workflow: 'ci.yml' },
      createdUs,
      error: null,
      exitCode: null,
      status: 'pending'
    })
  )

const BASE = 1_767_225_600_000_000

/** Statuses of the seconds 100, 101 and 200 are kept, and one of second 99 is not any more. */
const LOG: Builds.StatusLog = {
  announcements: M.empty(),
  floorUs: us(BASE + 99_000_000),
  lastUs: us(BASE + 200_000_000),
  log: must(
    E.fromOption(() => [])(
      M.fromSorted([100, 101, 200].map((second) => [String(BASE + second * 1_000_000), entry(BASE + second * 1_000_000)] as const))
    )
  )
}

/** After which second a reader is served whose cursor says so many nanoseconds after the base. */
const servedAfter = (nanos: bigint): number =>
  (Builds.servedAfter(LOG, must(E.mapLeft(() => [])(decodeCursor(String(BigInt(BASE) * 1_000n + nanos))))) - BASE) / 1_000_000

const SECOND = 1_000_000_000n

describe('a reader is served', () => {
  test('from behind a stamp of ours: one that is kept, the last one, or the one dropped last', () => {
    expect([99n, 100n, 101n, 200n].map((second) => servedAfter(second * SECOND))).toEqual([99, 100, 101, 200])
  })

  test('from a margin before anything that is no stamp: between two, a nanosecond beside one, or one dropped before', () => {
    expect(servedAfter(150n * SECOND)).toBe(90)
    expect(servedAfter(101n * SECOND + 1n)).toBe(41)
    expect(servedAfter(101n * SECOND - 1n)).toBe(40.999999)
    expect(servedAfter(101n * SECOND + 999n)).toBe(41)
    expect(servedAfter(98n * SECOND)).toBe(38)
    expect(Builds.READER_MARGIN_US).toBe(MINUTE)
  })

  test('at the latest from now on, however far ahead its clock is', () => {
    expect(servedAfter(260n * SECOND - 1n)).toBe(199.999999)
    expect(servedAfter(260n * SECOND)).toBe(200)
    expect(servedAfter(260n * SECOND + 1n)).toBe(200)
    expect(servedAfter(100_000n * SECOND)).toBe(200)
  })

  test('from now on without a cursor, and from the beginning with 0', () => {
    expect(Builds.servedAfter(LOG, null)).toBe(LOG.lastUs)
    expect(Builds.servedAfter(LOG, { isWhole: true, timeUs: us(0) })).toBe(0)
    expect(Builds.servedAfter(LOG, { isWhole: true, timeUs: us(MINUTE - 1) })).toBe(0)
    expect(Builds.servedAfter(LOG, { isWhole: true, timeUs: us(MINUTE + 1) })).toBe(1)
  })

  test('from an empty log', () => {
    const empty: Builds.StatusLog = { announcements: M.empty(), floorUs: null, lastUs: us(0), log: M.empty() }
    expect([0, 5, BASE].map((timeUs) => Builds.servedAfter(empty, { isWhole: false, timeUs: us(timeUs) }))).toEqual([0, 0, 0])
  })
})
