/**
 * The third fence round the core, at run time. The compiler and the reading of the sources keep clocks, chance and mutation
 * out of it; this shows that they are out: inputs are deeply frozen, the clock, chance and timers throw while the core
 * computes, and every step is taken twice and must come out the same.
 *
 * Laws and arbitraries call the core through this file only.
 */
import { type Effect, type Event, type State, step } from '../../../core/index.js'
import { same } from './law.js'

// ---------------------------------------------------------------------------------------- clock and chance

const SHUT: ReadonlyArray<readonly [object, string]> = [
  [globalThis, 'Date'],
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [globalThis, 'queueMicrotask'],
  [Math, 'random'],
  [performance, 'now']
]

const forbidden = (name: string) => {
  const use = (): never => {
    throw new Error(`the core used ${name}`)
  }
  return Object.assign(use, { now: use })
}

const restore = (owner: object, name: string, descriptor: PropertyDescriptor | undefined): void => {
  if (descriptor === undefined) Reflect.deleteProperty(owner, name)
  else Object.defineProperty(owner, name, descriptor)
}

let isShut = false

/** The result of `compute`, during which nothing can ask for the time, for chance, or to be called later. */
export const pure = <A>(compute: () => A): A => {
  if (isShut) return compute()
  const before = SHUT.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name))
  for (const [owner, name] of SHUT) Object.defineProperty(owner, name, { configurable: true, value: forbidden(name) })
  isShut = true
  try {
    return compute()
  } finally {
    isShut = false
    SHUT.forEach(([owner, name], i) => restore(owner, name, before[i]))
  }
}

// ---------------------------------------------------------------------------------------- mutation

/** `value`, frozen with everything in it. What is frozen already is not walked again: states share most of their parts. */
export const deepFreeze = <A>(value: A): A => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  const parts: ReadonlyArray<unknown> = Object.values(value)
  for (const part of parts) deepFreeze(part)
  return value
}

// ---------------------------------------------------------------------------------------- steps

/** A step with what was before it and what came of it. */
export interface Step {
  readonly after: State
  readonly before: State
  readonly effects: ReadonlyArray<Effect>
  readonly event: Event
}

/** One step inside the fence. Throws when the core is not a function of the state and the event. */
export const take = (before: State, event: Event): Step =>
  pure(() => {
    deepFreeze(before)
    deepFreeze(event)
    const [after, effects] = step(before, event)
    const [again, effectsAgain] = step(before, event)
    if (!same(after, again) || !same(effects, effectsAgain)) throw new Error('the same step came out differently')
    return { after, before, effects, event }
  })

/** All steps of `events` from `start` on. */
export const steps = (start: State, events: ReadonlyArray<Event>): ReadonlyArray<Step> => {
  let state = start
  return events.map((event) => {
    const taken = take(state, event)
    state = taken.after
    return taken
  })
}
