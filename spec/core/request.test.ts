/** The life of a request: its phases, its numbers, and the pauses between attempts. */
import { describe, expect, test } from 'vitest'
import type { Backoff, Natural, Request, RequestFailed, Requested } from '../../core/index.js'
import * as Requests from '../../core/base/request.js'
import { ALICE } from '../suite/examples/support.js'

const natural = (n: number): Natural => n as Natural

const BACKOFF: Backoff = { baseMs: natural(1_001), capMs: natural(60_000), healthyAfterMs: natural(0) }

const REQUESTED = { _tag: 'Records', did: ALICE } as Requested

const failure = (waitMs = 0): RequestFailed =>
  ({ _tag: 'RequestFailed', at: 1, error: 'e', isFinal: false, number: 3, requested: REQUESTED, waitMs }) as RequestFailed

const pausing = (attempt: number, number: number): Request => ({ attempt: natural(attempt), number: natural(number), phase: 'Pausing' })

describe('a request', () => {
  test('is asked for the first time, and again after its pauses', () => {
    expect(Requests.asked(natural(3))).toEqual({ attempt: 0, number: 3, phase: 'Asked' })
    expect(Requests.asked(natural(5), natural(2))).toEqual({ attempt: 2, number: 5, phase: 'Asked' })
    expect(Requests.waiting(natural(5), natural(2))).toEqual({ attempt: 2, number: 5, phase: 'Waiting' })
  })

  test('takes the answer that carries its number, and that only while it is asked', () => {
    const [three, four] = [natural(3), natural(4)]
    const phases = [Requests.asked(three), Requests.waiting(three), pausing(0, 3)]
    expect(phases.map((request) => Requests.isAsked(request, three))).toEqual([true, false, false])
    expect(phases.map((request) => Requests.isPausing(request, three))).toEqual([false, false, true])
    expect(phases.flatMap((request) => [Requests.isAsked(request, four), Requests.isPausing(request, four)])).not.toContain(true)
  })

  test('a request that fails is made again after a pause under another number, and counts it', () => {
    expect(Requests.retryLater(BACKOFF, failure(), natural(4), Requests.asked(natural(3), natural(2)))).toEqual([
      pausing(3, 4),
      { _tag: 'WakeAfter', highMs: 4_004, lowMs: 2_002, timer: { _tag: 'RequestTimer', number: 4, requested: REQUESTED } }
    ])
  })

  test('a request that is put off is made again at that very moment, and counts nothing', () => {
    expect(Requests.postpone(REQUESTED, natural(250), natural(4), Requests.asked(natural(3), natural(2)))).toEqual([
      pausing(2, 4),
      { _tag: 'WakeAfter', highMs: 250, lowMs: 250, timer: { _tag: 'RequestTimer', number: 4, requested: REQUESTED } }
    ])
  })
})

describe('the pause before a request is made again', () => {
  const pauseOf = (attempt: number, waitMs: number): readonly [number, number] => {
    const { highMs, lowMs } = Requests.retryDelay(BACKOFF, attempt, waitMs)
    return [lowMs, highMs]
  }

  test('is the latter half of that of a connection, rounded down, up to the cap', () => {
    expect([0, 1, 6, 30].map((attempt) => pauseOf(attempt, 0))).toEqual([[500, 1_001], [1_001, 2_002], [30_000, 60_000], [30_000, 60_000]])
  })

  test('is at least what whoever is asked wants', () => {
    expect([700, 1_001, 90_000].map((waitMs) => pauseOf(0, waitMs))).toEqual([[700, 1_001], [1_001, 1_001], [90_000, 90_000]])
  })
})
