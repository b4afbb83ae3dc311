/** What a reducer returns, and the four words that reducers say most often. */
import type { Effect, Report } from './effect.js'

/** A reducer's answer: the state after the event, and what is to be done about it, in order. */
export type Transition<S, A> = readonly [state: S, effects: ReadonlyArray<A>]

/** No effects, no outcomes, no changes: one empty list for all, because nearly every list of a step is empty. */
export const NOTHING: ReadonlyArray<never> = []

/** The event changes nothing and causes nothing. */
export const unchanged = <S>(state: S): Transition<S, never> => [state, NOTHING]

export type ReportEffect = Extract<Effect, { readonly _tag: 'Report' }>

/** The effect of saying something to the operator. */
export const report = (content: Report): ReportEffect => ({ _tag: 'Report', report: content })

/** A step for each of `items`, in order. */
export const chain = <S, A, X>(
  start: S,
  items: ReadonlyArray<X>,
  step: (state: S, item: X) => Transition<S, A>
): Transition<S, A> => {
  const effects: Array<A> = []
  let state = start
  for (const item of items) {
    const [after, more] = step(state, item)
    state = after
    // One by one: a start may ask for more than fits into the arguments of one call.
    for (const effect of more) effects.push(effect)
  }
  return [state, effects]
}
