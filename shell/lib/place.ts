/** Finding one's place in a log whose stamps never fall: both kinds of server resume their readers by it. */

/** The index of the first entry of `log` that is not before the place, or its length; entries before it all come first. */
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
