/**
 * Knots that nobody holds any more: what is remembered of them goes when their triggers would count again (T1).
 */
import type { HostName } from '../data/host-name.js'
import { FUTURE_US, laterOf, microsOf, type TimeUs, usAfter } from '../data/identifiers.js'
import { type Natural, ZERO } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Timer } from '../event.js'
import type { KnotLeft } from '../knots/index.js'
import { chain, nothing, to, unchanged } from '../transition.js'
import { type BuildsAnswer, type BuildsState, type BuildsStep, type Context } from './model.js'
import { numbered } from './runs.js'
import { sourceOf, withSource } from './sources.js'

/** Sets the timer after which nothing of the knot is remembered. */
export const forgetLater = (state: BuildsState, at: TimeUs, knot: HostName, untilUs: TimeUs): BuildsStep => {
  const [after, number] = numbered(state)
  // However our clock was set, it is no longer than a stamp from the future may make it.
  const ms = Math.min(Math.max(Math.ceil((untilUs - at) / 1_000), 0), (2 * FUTURE_US) / 1_000) as Natural
  return [
    withSource(after, knot, { ...sourceOf(after, knot), leaving: { number, untilUs } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'SourceTimer', knot, number } }]
  ]
}

/**
 * What was told by a knot would count again, if it were held once more, for five minutes after it was created (T1). So
 * long it is remembered.
 *
 * @param isStart Whether a start has brought that about, which sets all timers itself.
 */
export const knotsLeft = (
  { at }: Context,
  state: BuildsState,
  left: ReadonlyArray<KnotLeft>,
  isStart: boolean
): BuildsStep =>
  chain(
    state,
    left.filter(({ host }) => M.has(host)(state.sources)),
    (before, { cursor, host }) => {
      const untilUs = usAfter(cursor === null ? at : laterOf(at, microsOf(cursor)), FUTURE_US)
      return isStart
        ? unchanged(withSource(before, host, { ...sourceOf(before, host), leaving: { number: ZERO, untilUs } }))
        : forgetLater(before, at, host, untilUs)
    }
  )

/** The time is over after which nothing of a knot is remembered, if it is not held again. */
export const forget = (
  { knots }: Context,
  state: BuildsState,
  { knot, number }: Extract<Timer, { readonly _tag: 'SourceTimer' }>
): BuildsAnswer => {
  const source = sourceOf(state, knot)
  if (source.leaving?.number !== number) return nothing
  return to(
    M.has(knot)(knots.subscriptions)
      ? withSource(state, knot, { ...source, leaving: null })
      : { ...state, sources: M.deleteAt(knot)(state.sources) }
  )
}
