/** Maps of what came last: what is remembered of strangers has a bound. */

/** Puts the entry into `map` as the newest, and lets the oldest go beyond `max`. */
export const setNewest = <K, V>(map: Map<K, V>, key: K, value: V, max: number): void => {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= max) break
    map.delete(oldest)
  }
}

/** The map with the entry as the newest, and without the oldest beyond `max`. */
export const withNewest = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V, max: number): ReadonlyMap<K, V> => {
  const next = new Map(map)
  setNewest(next, key, value, max)
  return next
}
