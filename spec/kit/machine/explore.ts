/**
 * Finding out what a reducer does by driving it: from every kind of state that can be reached, every kind of event is tried.
 * So the diagrams of machine.md show what the code does, and change when it does.
 */
import { canonical, type Json, type Transition } from '../../../core/index.js'

/** One kind of event: how it is called, and one of it that fits the state. */
export interface Move<S, E> {
  readonly label: string
  readonly event: (state: S, at: number) => E
}

/** What a reducer lets out: an effect, or a hold that is made or released. */
type Caused = { readonly _tag: string; readonly report?: { readonly _tag: string } }

export interface Machine<S, E> {
  readonly start: S
  readonly moves: ReadonlyArray<Move<S, E>>
  /** The kind of a state. Of the states of one kind, the first that is met stands for all. */
  readonly kindOf: (state: S) => string
  readonly reduce: (state: S, event: E) => Transition<S, Caused>
  /** What is looked at in a state, by name. */
  readonly view: (state: S) => { readonly [field: string]: Json }
}

/** What one kind of event does in one kind of state. */
export interface Outcome {
  readonly from: string
  readonly label: string
  readonly to: string
  /** The names of what has changed. */
  readonly changes: ReadonlyArray<string>
  /** The names of the effects, but for reports. */
  readonly effects: ReadonlyArray<string>
  readonly reports: ReadonlyArray<string>
}

/** 2026-01-01. */
export const EPOCH_US = 1_767_225_600_000_000
export const MINUTE_US = 60_000_000

/** Every outcome, in the order in which the kinds of state are met. Each step of the way takes a minute. */
export const explore = <S, E>({ start, moves, kindOf, reduce, view }: Machine<S, E>): ReadonlyArray<Outcome> => {
  const met = new Map([[kindOf(start), { at: EPOCH_US, state: start }]])
  const outcomes: Array<Outcome> = []
  // A map that grows while it is walked: what is put in is walked as well.
  for (const [from, { at: before, state }] of met) {
    const at = before + MINUTE_US
    for (const { event, label } of moves) {
      const [after, effects] = reduce(state, event(state, at))
      const to = kindOf(after)
      const [was, is] = [view(state), view(after)]
      const changes = Object.keys(is).filter((field) => canonical(was[field] ?? null) !== canonical(is[field] ?? null))
      outcomes.push({
        changes,
        effects: effects.filter(({ report }) => report === undefined).map(({ _tag }) => _tag),
        from,
        label,
        reports: effects.flatMap(({ report }) => (report === undefined ? [] : [report._tag])),
        to
      })
      if (!met.has(to)) met.set(to, { at, state: after })
    }
  }
  return outcomes
}

/** The outcomes that lead from one to another of coarser kinds, each once. */
export const coarser = (outcomes: ReadonlyArray<Outcome>, kindOf: (kind: string) => string): ReadonlyArray<Outcome> => {
  const seen = new Map<string, Outcome>()
  for (const outcome of outcomes) {
    const [from, to] = [kindOf(outcome.from), kindOf(outcome.to)]
    if (from !== to) seen.set(`${from}|${outcome.label}|${to}`, { ...outcome, changes: [], effects: [], from, to })
  }
  return [...seen.values()]
}
