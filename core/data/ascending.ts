/**
 * Lists in the order of all written forms: ascending by UTF-16 code unit.
 */

/** Each text once, ascending. */
export const ascending = <A extends string>(texts: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...texts].sort().filter((text, i, sorted) => text !== sorted[i - 1])

/** The pairs, their first parts ascending; those that share one stay in the order in which they came. */
export const sortedPairs = <K extends string, A>(
  pairs: ReadonlyArray<readonly [K, A]>
): ReadonlyArray<readonly [K, A]> => [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
