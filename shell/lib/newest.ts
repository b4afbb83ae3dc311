/** Bounded maps that evict the oldest entry. */

/** Sets the entry in `map` as the newest, and evicts the oldest ones beyond `max`. */
export const setNewest = <K, V>(map: Map<K, V>, key: K, value: V, max: number): void => {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= max) break
    map.delete(oldest)
  }
}

/** A copy of the map with the entry as the newest, without the oldest ones beyond `max`. */
export const withNewest = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V, max: number): ReadonlyMap<K, V> => {
  const next = new Map(map)
  setNewest(next, key, value, max)
  return next
}
