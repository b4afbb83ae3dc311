/** Makes a failure small: fewer items first (delta debugging), then simpler ones. Knows nothing of what the items are. */

/** Whether a candidate still fails. */
export type Fails<A> = (candidate: A) => Promise<boolean>

const without = <A>(items: ReadonlyArray<A>, from: number, length: number): ReadonlyArray<A> => [
  ...items.slice(0, from),
  ...items.slice(from + length)
]

/**
 * A part of `items`, in their order, that still fails, and of which no single item can be left out.
 *
 * Leaves out half of them, then quarters and so on, as long as that fails; begins again with what is left. Later parts go first:
 * what came before a failure is more often needed for it than what came in between.
 *
 * @param items - of which it is known that they fail
 */
export const fewest = async <A>(items: ReadonlyArray<A>, fails: Fails<ReadonlyArray<A>>): Promise<ReadonlyArray<A>> => {
  let rest = items
  let length = Math.ceil(rest.length / 2)
  while (rest.length > 0) {
    let isShorter = false
    for (let from = rest.length - length; from > -length; from -= length) {
      const start = Math.max(0, from)
      const candidate = without(rest, start, length + Math.min(0, from))
      if (candidate.length < rest.length && (await fails(candidate))) {
        rest = candidate
        isShorter = true
      }
    }
    if (length === 1 && !isShorter) return rest
    if (length > 1) length = Math.ceil(length / 2)
  }
  return rest
}

/**
 * The value after every simplification that still fails.
 *
 * @param simplify - what may be tried on a value, most drastic first; each is tried on what the ones before have left
 */
export const simplest = async <A>(value: A, simplify: ReadonlyArray<(value: A) => A>, fails: Fails<A>): Promise<A> => {
  let best = value
  for (const change of simplify) {
    const candidate = change(best)
    if (JSON.stringify(candidate) !== JSON.stringify(best) && (await fails(candidate))) best = candidate
  }
  return best
}
