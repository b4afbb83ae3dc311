/** Finds a reader's position in a log whose stamps never decrease. Both kinds of server resume their readers with it. */

/**
 * The index of the first entry of `log` for which `isBefore` is false; the length of `log` if there is none. A binary search: `isBefore` must be true
 * of a prefix.
 */
export const placeIn = <T>(log: ReadonlyArray<T>, isBefore: (entry: T) => boolean): number => {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = log[middle]
    if (entry !== undefined && isBefore(entry)) low = middle + 1
    else high = middle
  }
  return low
}
