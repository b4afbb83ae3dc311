/** The life of a connection: its phases, its numbers, and the pauses between attempts (D9). */
import { describe, expect, test } from 'vitest'
import * as Connections from '../../core/base/connection.js'
import { Backoff, Natural, TimeUs } from '../../core/index.js'
import { at, must } from '../suite/examples/support.js'

const natural = (n: number) => must(Natural.decode(n))
const us = (n: number) => must(TimeUs.decode(n))

const backoff = () => must(Backoff.decode({ baseMs: 2_000, capMs: 60_000, healthyAfterMs: 30_000 }))

const idle = () => Connections.idle(natural(1))
const connecting = () => Connections.connecting(natural(1))
const open = () => Connections.afterOpening(us(at(0)), connecting())
const waiting = () => Connections.afterLoss(backoff(), us(at(1)), natural(2), open())[0]

describe('pauses', () => {
  test('double from the base to the cap, and all of the range may be drawn', () => {
    expect(Array.from({ length: 8 }, (_, n) => Connections.pause(backoff(), n))).toEqual(
      [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000].map((highMs) => ({ highMs, lowMs: 0 }))
    )
  })

  test('stay within the range for any number of attempts', () => {
    for (let n = 0; n <= 1_000_000; n = n < 100 ? n + 1 : Math.ceil(n * 1.1)) {
      const { highMs, lowMs } = Connections.pause(backoff(), n)
      if (lowMs !== 0 || highMs < 2_000 || highMs > 60_000)
        expect.unreachable(`${String(lowMs)}–${String(highMs)} ms after ${String(n)} attempts`)
    }
    expect(Connections.pause(backoff(), 1_000_000)).toEqual({ highMs: 60_000, lowMs: 0 })
    expect(Connections.pause(backoff(), Number.MAX_SAFE_INTEGER)).toEqual({ highMs: 60_000, lowMs: 0 })
  })

  test('double thirty times at most: then they are long enough, and still numbers', () => {
    const uncapped = { ...backoff(), baseMs: natural(1), capMs: natural(Number.MAX_SAFE_INTEGER) }
    expect([29, 30, 31, 1_000_000].map((n) => Connections.pause(uncapped, n).highMs)).toEqual([
      2 ** 29,
      2 ** 30,
      2 ** 30,
      2 ** 30
    ])
  })

  test('are the base where the cap is below it', () => {
    expect(Connections.pause({ ...backoff(), capMs: natural(500) }, 0)).toEqual({ highMs: 500, lowMs: 0 })
  })

  test('are zero without a base', () => {
    expect(Connections.pause({ ...backoff(), baseMs: natural(0) }, 9)).toEqual({ highMs: 0, lowMs: 0 })
  })
})

describe('phases', () => {
  test('a connection is asked for, opens, is lost, and is asked for again', () => {
    expect(connecting()).toEqual({ attempt: 0, number: 1, phase: { _tag: 'Connecting' } })
    expect(open()).toEqual({ attempt: 0, number: 1, phase: { _tag: 'Open', openedAt: at(0) } })
    expect(waiting()).toEqual({ attempt: 1, number: 2, phase: { _tag: 'Waiting' } })
    expect(Connections.afterPause(waiting())).toEqual({ attempt: 1, number: 2, phase: { _tag: 'Connecting' } })
    expect(idle()).toEqual({ attempt: 0, number: 1, phase: { _tag: 'Idle' } })
  })

  test('an opening counts only while a connection is being made', () => {
    expect([idle(), connecting(), open(), waiting()].map(Connections.isConnecting)).toEqual([false, true, false, false])
  })

  test('a loss counts while a connection is being made, and while it is open', () => {
    expect([idle(), connecting(), open(), waiting()].map(Connections.isLive)).toEqual([false, true, true, false])
  })
})

describe('attempts', () => {
  const lostAfter = (attempt: number, openForUs: number | null) => {
    const before = { ...(openForUs === null ? connecting() : open()), attempt: natural(attempt) }
    const [after, { highMs }] = Connections.afterLoss(backoff(), us(at(0) + (openForUs ?? 0)), natural(9), before)
    return [after.attempt, highMs]
  }

  test('go on counting after an unhealthy connection', () => {
    expect([lostAfter(0, null), lostAfter(3, null), lostAfter(3, 0), lostAfter(3, 29_999_999)]).toEqual([
      [1, 2_000],
      [4, 16_000],
      [4, 16_000],
      [4, 16_000]
    ])
  })

  test('begin again after a healthy connection', () => {
    expect([lostAfter(3, 30_000_000), lostAfter(3, 30_000_001), lostAfter(0, 30_000_000)]).toEqual([
      [1, 2_000],
      [1, 2_000],
      [1, 2_000]
    ])
  })

  test('go on counting when the clock went back while it was open', () => {
    const [after] = Connections.afterLoss(backoff(), us(at(-1_000)), natural(9), { ...open(), attempt: natural(3) })
    expect(after.attempt).toBe(4)
  })
})
