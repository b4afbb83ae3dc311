/** What a reducer returns, and the words that reducers say most often. */
import * as O from 'fp-ts/lib/Option.js'
import type { Effect, Report } from './effect.js'

/** The state after something, and what is to be done about it, in order. */
export type Transition<S, A> = readonly [state: S, effects: ReadonlyArray<A>]

/**
 * A reducer's answer to an event. `none`: the event is nothing to it, so it changes nothing and causes nothing. What
 * depends on whether an event has done something goes by this, never by whether two states are one object.
 */
export type Answer<S, A> = O.Option<Transition<S, A>>

/** No effects, no outcomes, no changes: one empty list for all, because nearly every list of a step is empty. */
export const NOTHING: ReadonlyArray<never> = []

/** A state, and nothing to be done. */
export const unchanged = <S>(state: S): Transition<S, never> => [state, NOTHING]

/** The event is nothing to the reducer. */
export const nothing: Answer<never, never> = O.none

/** The event leads to `state`, and to these effects. */
export const to = <S, A = never>(state: S, effects: ReadonlyArray<A> = NOTHING): Answer<S, A> =>
  O.some([state, effects])

/** Where an answer leads from `state`. */
export const after = <S, A>(state: S, answer: Answer<S, A>): Transition<S, A> =>
  O.isSome(answer) ? answer.value : unchanged(state)

export type ReportEffect = Extract<Effect, { readonly _tag: 'Report' }>

/** The effect of saying something to the operator. */
export const report = (content: Report): ReportEffect => ({ _tag: 'Report', report: content })

/**
 * Whether the effect only says something: it is let out while the bridge is stopped, too. What asks for something is
 * not.
 */
export const isNotice = ({ _tag }: Effect): boolean =>
  _tag === 'PublishPipeline' || _tag === 'PublishStatus' || _tag === 'Report'

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

/** One answer after the other, each from where the last has led; `none` when all are. */
export const inTurn = <S, A>(start: S, ...turns: ReadonlyArray<(state: S) => Answer<S, A>>): Answer<S, A> => {
  const effects: Array<A> = []
  let state = start
  let isNothing = true
  for (const turn of turns) {
    const answer = turn(state)
    if (O.isSome(answer)) isNothing = false
    const [next, more] = after(state, answer)
    state = next
    for (const effect of more) effects.push(effect)
  }
  return isNothing ? nothing : to(state, effects)
}
