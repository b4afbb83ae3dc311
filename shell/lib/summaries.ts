/**
 * Summaries of large ordered maps, and their entries by another order than that of the keys, at a cost that depends on what has changed and what is
 * asked for, and not on how much there is.
 *
 * A map that has changed shares all but a few of its nodes with the one before it, and nodes never change. So a summary is kept beside each node, for
 * as long as that node is part of any map: after a change it is made anew for some twenty of twenty thousand. This is the one place outside of the
 * core that looks at the nodes of a map.
 */
import type { OrderedMap } from '../../core/index.js'
import { placeIn } from './place.js'

type Tree<K extends string, A> = OrderedMap.Node<K, A> | null

/** How entries are summed up: `plus` is associative, and `zero` changes nothing. */
export interface Summing<K extends string, A, S> {
  readonly of: (key: K, value: A) => S
  readonly plus: (a: S, b: S) => S
  readonly zero: S
}

/** The summary of a part of a map. A map as a whole is its `root`. */
export type Summary<K extends string, A, S> = (part: Tree<K, A>) => S

/** Sums up maps, and remembers the summaries. */
export const summary = <K extends string, A, S>({ of, plus, zero }: Summing<K, A, S>): Summary<K, A, S> => {
  const known = new WeakMap<OrderedMap.Node<K, A>, S>()
  const summed: Summary<K, A, S> = (part) => {
    if (part === null) return zero
    const before = known.get(part)
    if (before !== undefined) return before
    const sum = plus(plus(summed(part.left), of(part.key, part.value)), summed(part.right))
    known.set(part, sum)
    return sum
  }
  return summed
}

/** The least and the greatest number in a part of a map; of none, `Infinity` and `-Infinity`. */
export interface Span {
  readonly greatest: number
  readonly least: number
}

export const NO_SPAN: Span = { greatest: -Infinity, least: Infinity }

export const spanOf = (at: number): Span => ({ greatest: at, least: at })

export const union = (a: Span, b: Span): Span => ({ greatest: Math.max(a.greatest, b.greatest), least: Math.min(a.least, b.least) })

/** What has a number, and is to be found by it. */
export interface Numbered<E> {
  readonly at: number
  readonly entry: E
}

/**
 * What is in a map, by descending numbers below `below`. Looks only into parts whose span can hold the next one.
 *
 * @param span - of all that `inside` gives for the entries of a part
 */
export function* descending<K extends string, A, E>(
  map: OrderedMap.OrderedMap<K, A>,
  span: (part: Tree<K, A>) => Span,
  inside: (key: K, value: A) => Iterable<Numbered<E>>,
  below: number
): Generator<Numbered<E>, void, undefined> {
  type Candidate = { readonly at: number; readonly part: OrderedMap.Node<K, A> } | { readonly at: number; readonly found: Numbered<E> }
  /** Parts by the greatest number in them, and what was found in others, ascending. */
  const candidates: Array<Candidate> = []
  const add = (candidate: Candidate): void => void candidates.splice(placeIn(candidates, ({ at }) => at < candidate.at), 0, candidate)
  const addPart = (part: Tree<K, A>): void => {
    const { greatest, least } = span(part)
    if (part !== null && least < below && greatest > -Infinity) add({ at: greatest, part })
  }
  addPart(map.root)
  for (let next = candidates.pop(); next !== undefined; next = candidates.pop()) {
    if ('found' in next) {
      yield next.found
      continue
    }
    const { key, left, right, value } = next.part
    for (const found of inside(key, value)) if (found.at < below) add({ at: found.at, found })
    addPart(left)
    addPart(right)
  }
}
