/**
 * The real clock and the real dice.
 *
 * The machine must never see time run backwards while it lives, so the wall clock is read once, at the start, and from then on
 * only advanced by the monotonic one. A jump of the wall clock is noticed at the next start, where it may set time back (T19).
 */
import { randomInt } from 'node:crypto'
import { clampTimeUs } from '../core/index.js'
import type { Clock, Random } from './ports.js'

/** The longest pause a platform timer holds; beyond it, Node fires after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1

export const systemClock = (): Clock => {
  const anchorUs = Date.now() * 1000
  const anchor = performance.now()
  return {
    now: () => clampTimeUs(anchorUs + (performance.now() - anchor) * 1000),
    after: (ms, then) => {
      const timer = setTimeout(then, Math.min(ms, LONGEST_MS))
      return () => clearTimeout(timer)
    }
  }
}

export const systemRandom: Random = {
  between: (low, high) => randomInt(low, high + 1)
}
