/** Tallies: how many there are of each key. A key whose count is 0 is left out. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as M from './ordered-map.js'

export type Tally<K extends string> = M.OrderedMap<K, number>

export const countAt = <K extends string>(tally: Tally<K>, key: K): number =>
  pipe(
    M.lookup(key)(tally),
    O.getOrElse(() => 0)
  )

/** The tally with `more` added at `key`, or taken away where that is negative. */
export const addAt = <K extends string>(tally: Tally<K>, key: K, more: number): Tally<K> => {
  const count = countAt(tally, key) + more
  return count === 0 ? M.deleteAt(key)(tally) : M.upsertAt(key, count)(tally)
}
