/** Maps of sets: to a key belong values, each once and ascending; a key without values is not there. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as M from './ordered-map.js'

export type MultiMap<K extends string, V extends string> = M.OrderedMap<K, M.OrderedMap<V, true>>

/** The values that belong to `key`. */
export const valuesAt =
  <K extends string>(key: K) =>
  <V extends string>(map: MultiMap<K, V>): M.OrderedMap<V, true> =>
    pipe(
      M.lookup(key)(map),
      O.getOrElse(() => M.empty<V, true>())
    )

/** The map in which `value` belongs to `key`. */
export const insertAt =
  <K extends string, V extends string>(key: K, value: V) =>
  (map: MultiMap<K, V>): MultiMap<K, V> =>
    M.upsertAt(key, M.upsertAt<V, true>(value, true)(valuesAt(key)(map)))(map)

/** The map in which `value` does not belong to `key`. */
export const removeAt =
  <K extends string, V extends string>(key: K, value: V) =>
  (map: MultiMap<K, V>): MultiMap<K, V> => {
    const rest = M.deleteAt(value)(valuesAt(key)(map))
    return M.isEmpty(rest) ? M.deleteAt(key)(map) : M.upsertAt(key, rest)(map)
  }
