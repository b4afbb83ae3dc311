/**
 * Knots that no record holds any longer are forgotten, but only once a repeat of their triggers can do no harm (T1).
 */
import { chain, irrelevant, transitionTo, withoutEffects } from '../base/transition.js'
import type { HostName } from '../data/host-name.js'
import { FUTURE_US, laterOf, microsOf, type TimeUs, usAfter } from '../data/identifiers.js'
import { type Natural, ZERO } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Timer } from '../event.js'
import type { KnotLeft } from '../knots/index.js'
import { type BuildsReduction, type BuildsState, type BuildsStep, type Context } from './model.js'
import { takeNumber } from './runs.js'
import { sourceOf, withSource } from './sources.js'

/** Sets the timer after which nothing of the knot is remembered. */
export const forgetLater = (state: BuildsState, at: TimeUs, knot: HostName, untilUs: TimeUs): BuildsStep => {
  const [after, number] = takeNumber(state)
  // Bounded even if our clock was set: by twice the tolerance for stamps from the future.
  const ms = Math.min(Math.max(Math.ceil((untilUs - at) / 1_000), 0), (2 * FUTURE_US) / 1_000) as Natural
  return [
    withSource(after, knot, { ...sourceOf(after, knot), leaving: { number, untilUs } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'SourceTimer', knot, number } }]
  ]
}

/**
 * If such a knot were held again within five minutes, its triggers could count again (T1). So it is remembered for that
 * long.
 *
 * @param isStart Whether this happens at a start, which sets all timers itself.
 */
export const onKnotsLeft = (
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
        ? withoutEffects(withSource(before, host, { ...sourceOf(before, host), leaving: { number: ZERO, untilUs } }))
        : forgetLater(before, at, host, untilUs)
    }
  )

/** Forgets the knot, unless it is held again. */
export const forget = (
  { knots }: Context,
  state: BuildsState,
  { knot, number }: Extract<Timer, { readonly _tag: 'SourceTimer' }>
): BuildsReduction => {
  const source = sourceOf(state, knot)
  if (source.leaving?.number !== number) return irrelevant
  return transitionTo(
    M.has(knot)(knots.subscriptions)
      ? withSource(state, knot, { ...source, leaving: null })
      : { ...state, sources: M.deleteAt(knot)(state.sources) }
  )
}
