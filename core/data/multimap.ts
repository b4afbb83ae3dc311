/** Maps of sets: to a key belong values, each once and ascending; a key without values is not there. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { sortedPairs } from './ascending.js'
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

/** The map of these pairs of key and value, each there once. The values of each key rise as they come. */
export const fromPairs = <K extends string, V extends string>(
  pairs: ReadonlyArray<readonly [K, V]>
): MultiMap<K, V> => {
  const groups: Array<readonly [K, Array<readonly [V, true]>]> = []
  for (const [key, value] of sortedPairs(pairs)) {
    const last = groups.at(-1)
    if (last?.[0] === key) last[1].push([value, true])
    else groups.push([key, [[value, true]]])
  }
  return mapOf(groups.map(([key, values]) => [key, mapOf(values)] as const))
}

/** The map of entries that are known to rise. */
const mapOf = <K extends string, A>(entries: ReadonlyArray<readonly [K, A]>): M.OrderedMap<K, A> =>
  pipe(
    M.fromSorted(entries),
    O.getOrElse(() => M.empty<K, A>())
  )
