/** Answers by key: each is asked for once at a time, kept for a while, and asked for again when it is old. */
import type { Clock } from '../ports.js'
import { setNewest } from './newest.js'

interface Answered<A> {
  readonly answer: Promise<A>
  untilUs: number
}

export interface Keeper<A> {
  /** The answer that is kept, or else what `ask` says. */
  readonly get: (key: string, ask: () => Promise<A>) => Promise<A>
  /** Whether an answer is kept, and has not only just been asked for. */
  readonly has: (key: string) => boolean
  /** What is kept is not good enough: what `ask` says takes its place. */
  readonly renew: (key: string, ask: () => Promise<A>) => Promise<A>
}

/** Keeps the answers to `max` keys, each for as long as `keepUs` says, in microseconds. `ask` never rejects. */
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
