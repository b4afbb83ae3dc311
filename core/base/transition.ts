/** What reducers return, and how to combine it. */
import * as O from 'fp-ts/lib/Option.js'
import type { Effect, Report } from '../effect.js'

/** The state after a step, and its effects, in order. */
export type Transition<S, A> = readonly [state: S, effects: ReadonlyArray<A>]

/**
 * What a reducer makes of an event. `none`: the event does not concern it, so nothing changes and there are no effects.
 * Use this to tell whether an event did anything, never whether two states are the same object.
 */
export type Reduction<S, A> = O.Option<Transition<S, A>>

/** The empty list. One for all, because nearly every list in a step is empty. */
export const EMPTY: ReadonlyArray<never> = []

/** A state without effects. */
export const withoutEffects = <S>(state: S): Transition<S, never> => [state, EMPTY]

/** The event does not concern the reducer. */
export const irrelevant: Reduction<never, never> = O.none

/** The event leads to `state` and has these effects. */
export const transitionTo = <S, A = never>(state: S, effects: ReadonlyArray<A> = EMPTY): Reduction<S, A> =>
  O.some([state, effects])

/** The transition of a reduction; from `none`, the same state. */
export const transitionOf = <S, A>(state: S, answer: Reduction<S, A>): Transition<S, A> =>
  O.isSome(answer) ? answer.value : withoutEffects(state)

export type ReportEffect = Extract<Effect, { readonly _tag: 'Report' }>

/** The effect that tells the operator something. */
export const report = (content: Report): ReportEffect => ({ _tag: 'Report', report: content })

/** Whether the effect only tells something and asks for nothing. Notices come out even while the bridge is stopped. */
export const isNotice = ({ _tag }: Effect): boolean =>
  _tag === 'PublishPipeline' || _tag === 'PublishStatus' || _tag === 'Report'

/** Applies `step` for each of `items`, in order. */
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

/** One reduction after another, each from the state that the last one led to; `none` if all are. */
export const inTurn = <S, A>(start: S, ...turns: ReadonlyArray<(state: S) => Reduction<S, A>>): Reduction<S, A> => {
  const effects: Array<A> = []
  let state = start
  let isNothing = true
  for (const turn of turns) {
    const answer = turn(state)
    if (O.isSome(answer)) isNothing = false
    const [next, more] = transitionOf(state, answer)
    state = next
    for (const effect of more) effects.push(effect)
  }
  return isNothing ? irrelevant : transitionTo(state, effects)
}
