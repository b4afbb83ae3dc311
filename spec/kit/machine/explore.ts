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
  /** What is made of a state that stands for its kind, so that what changes can be seen. */
  readonly prepared?: (state: S) => S
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

/** A state that stands for its kind, and when the next event comes. */
interface Stand<S> {
  readonly at: number
  readonly state: S
}

/** Every kind of state that can be reached, in the order in which it is met. Each step of the way takes a minute. */
export const kindsOf = <S, E>({ start, moves, kindOf, prepared = (same) => same, reduce }: Machine<S, E>): ReadonlyMap<string, Stand<S>> => {
  const met = new Map([[kindOf(start), { at: EPOCH_US + MINUTE_US, state: prepared(start) }]])
  // A map that grows while it is walked: what is put in is walked as well.
  for (const [, { at, state }] of met)
    for (const { event } of moves) {
      const [after] = reduce(state, event(state, at))
      if (!met.has(kindOf(after))) met.set(kindOf(after), { at: at + MINUTE_US, state: prepared(after) })
    }
  return met
}

/** Every outcome: each move, tried from each kind of state. */
export const explore = <S, E>(machine: Machine<S, E>): ReadonlyArray<Outcome> => {
  const { moves, kindOf, reduce, view } = machine
  return [...kindsOf(machine)].flatMap(([from, { at, state }]) =>
    moves.map(({ event, label }): Outcome => {
      const [after, effects] = reduce(state, event(state, at))
      const [was, is] = [view(state), view(after)]
      return {
        changes: Object.keys(is).filter((field) => canonical(was[field] ?? null) !== canonical(is[field] ?? null)),
        effects: effects.filter(({ report }) => report === undefined).map(({ _tag }) => _tag),
        from,
        label,
        reports: effects.flatMap(({ report }) => (report === undefined ? [] : [report._tag])),
        to: kindOf(after)
      }
    })
  )
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
