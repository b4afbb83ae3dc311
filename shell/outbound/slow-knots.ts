/**
 * Sorts knots into a prompt queue and a slow queue. Pure: the time is an argument.
 *
 * A knot that was late once counts as slow for a while. Slow knots have places of their own, so they never take those of prompt ones, however many
 * they are. A limited number of slow knots is remembered.
 */
import type { HostName, TimeUs } from '../../core/index.js'
import { withNewest } from '../lib/newest.js'

/** Concurrent requests of each queue, one per knot. */
export const PLACES = { prompt: 16, slow: 8 } as const

/** The queue in which a knot waits. */
export type QueueName = keyof typeof PLACES

/** How long a late knot counts as slow: ten minutes. */
export const SLOW_US = 600_000_000

/** How many knots may count as slow. Beyond that, the one that was late longest ago counts as prompt again. */
export const SLOW_MAX = 10_000

/** Until when each late knot counts as slow, in the order in which they were late. */
export type SlowKnots = ReadonlyMap<HostName, TimeUs>

export const NONE_SLOW: SlowKnots = new Map()

/** The queue in which the next request to the knot waits. */
export const queueOf = (slow: SlowKnots, knot: HostName, nowUs: TimeUs): QueueName => (nowUs < (slow.get(knot) ?? 0) ? 'slow' : 'prompt')

/**
 * Updates the slow knots after a call in the prompt queue, answered or not.
 *
 * @param promptUs A call that took at least this long is late, in microseconds.
 */
export const afterCall = (
  slow: SlowKnots,
  { knot, nowUs, sinceUs }: { readonly knot: HostName; readonly nowUs: TimeUs; readonly sinceUs: TimeUs },
  promptUs: number
): SlowKnots => (nowUs - sinceUs < promptUs ? slow : withNewest(slow, knot, (nowUs + SLOW_US) as TimeUs, SLOW_MAX))
