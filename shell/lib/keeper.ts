/** A cache of answers by key. Concurrent requests for a key share one call, and an answer expires. */
import type { Clock } from '../ports.js'
import { setNewest } from './newest.js'

interface Answered<A> {
  readonly answer: Promise<A>
  untilUs: number
}

export interface Keeper<A> {
  /** The cached answer, or else the answer of `ask`. */
  readonly get: (key: string, ask: () => Promise<A>) => Promise<A>
  /** Whether an answer is cached, or a call for it is running. */
  readonly has: (key: string) => boolean
  /** Replaces the cached answer with that of `ask`. */
  readonly renew: (key: string, ask: () => Promise<A>) => Promise<A>
}

/** Caches the answers to `max` keys, each for `keepUs(answer)` microseconds. `ask` must never reject. */
export const createKeeper = <A>(clock: Clock, max: number, keepUs: (answer: A) => number): Keeper<A> => {
  const kept = new Map<string, Answered<A>>()
  const isFresh = (known: Answered<A> | undefined): known is Answered<A> => known !== undefined && clock.now() < known.untilUs
  const renew: Keeper<A>['renew'] = (key, ask) => {
    const answered: Answered<A> = { answer: ask(), untilUs: Infinity }
    setNewest(kept, key, answered, max)
    void answered.answer.then((answer) => {
      answered.untilUs = clock.now() + keepUs(answer)
    })
    return answered.answer
  }
  return {
    get: (key, ask) => {
      const known = kept.get(key)
      return isFresh(known) ? known.answer : renew(key, ask)
    },
    has: (key) => isFresh(kept.get(key)),
    renew
  }
}
