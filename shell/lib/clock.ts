/**
 * The real clock and real random numbers.
 *
 * The machine must never see time run backwards, so time comes from the monotonic clock, starting at the wall clock's time. If the wall clock gets
 * ahead (the machine was suspended, or its clock was set), time jumps forward to it: frames that are sent now must not seem to come from the future.
 * A wall clock that was set back is followed only at the next start.
 */
import { randomInt } from 'node:crypto'
import { clampTimeUs } from '../../core/index.js'
import type { Clock, Random } from '../ports.js'

/** The longest delay of a platform timer. Beyond it, Node fires after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1

/** A larger difference between the two clocks is not drift: one of them has jumped. */
const JUMP_MS = 1_000

export const systemClock = (): Clock => {
  let beginMs = Date.now() - performance.now()
  return {
    now: () => {
      const wallMs = Date.now()
      const steadyMs = beginMs + performance.now()
      if (wallMs - steadyMs <= JUMP_MS) return clampTimeUs(steadyMs * 1000)
      beginMs += wallMs - steadyMs
      return clampTimeUs(wallMs * 1000)
    },
    after: (ms, then) => {
      let timer: NodeJS.Timeout
      const wait = (leftMs: number): void => {
        timer = setTimeout(() => (leftMs > LONGEST_MS ? wait(leftMs - LONGEST_MS) : then()), Math.min(leftMs, LONGEST_MS))
      }
      wait(ms)
      return () => clearTimeout(timer)
    }
  }
}

export const systemRandom: Random = {
  between: (low, high) => randomInt(low, high + 1)
}
