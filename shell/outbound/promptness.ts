/**
 * Which knots are asked among the prompt, and which among the slow: pure, with the time given.
 *
 * A knot that was late once is taken for slow for a while, and waits among its like: however many there are, those that answer at once have places
 * that no slow one takes. Of strangers that are late, a limited number is remembered.
 */
import type { HostName, TimeUs } from '../../core/index.js'
import { withNewest } from '../lib/newest.js'

/** How many knots of each line are asked at a time, one question each. */
export const PLACES = { prompt: 16, slow: 8 } as const

/** In which line a knot waits. */
export type Line = keyof typeof PLACES

/** For how long a knot that was late counts as slow. */
export const SLOW_US = 600_000_000

/** How many knots count as slow at most: beyond them, the one that was late longest ago is prompt again. */
export const SLOW_MAX = 10_000

/** Until when each knot that was late counts as slow, the one that was late last at the end. */
export type SlowKnots = ReadonlyMap<HostName, TimeUs>

/** None was late. */
export const NONE_SLOW: SlowKnots = new Map()

/** Where the knot is asked next. */
export const lineOf = (slow: SlowKnots, knot: HostName, nowUs: TimeUs): Line => (nowUs < (slow.get(knot) ?? 0) ? 'slow' : 'prompt')

/**
 * What is known after a knot of the prompt line has taken so long to be heard, or not to be.
 *
 * @param promptUs From which time on an answer is late.
 */
export const afterCall = (
  slow: SlowKnots,
  { knot, nowUs, sinceUs }: { readonly knot: HostName; readonly nowUs: TimeUs; readonly sinceUs: TimeUs },
  promptUs: number
): SlowKnots => (nowUs - sinceUs < promptUs ? slow : withNewest(slow, knot, (nowUs + SLOW_US) as TimeUs, SLOW_MAX))
