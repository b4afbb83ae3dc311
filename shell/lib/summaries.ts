/**
 * Summaries of large ordered maps, and traversal of their entries in another order than that of the keys. The cost depends on what has changed and on
 * what is asked for, not on the size of the map.
 *
 * A changed map shares all but a few of its nodes with the one before it, and nodes never change. So each node's summary is cached for as long as the
 * node is part of any map: after a change, about twenty of twenty thousand are computed again. This is the only place outside of the core that looks
 * at the nodes of a map.
 */
import type { OrderedMap } from '../../core/index.js'
import { placeIn } from './place.js'

type Tree<K extends string, A> = OrderedMap.Node<K, A> | null

/** How to sum up entries: `plus` must be associative, and `zero` neutral. */
export interface Summing<K extends string, A, S> {
  readonly of: (key: K, value: A) => S
  readonly plus: (a: S, b: S) => S
  readonly zero: S
}

/** The summary of a part of a map. The `root` of a map stands for the whole map. */
export type Summary<K extends string, A, S> = (part: Tree<K, A>) => S

/** Returns a function that sums up maps, and caches the summary of each node. */
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

/** The least and the greatest number in a part of a map; `Infinity` and `-Infinity` if it has none. */
export interface Span {
  readonly greatest: number
  readonly least: number
}

export const NO_SPAN: Span = { greatest: -Infinity, least: Infinity }

export const spanOf = (at: number): Span => ({ greatest: at, least: at })

export const union = (a: Span, b: Span): Span => ({ greatest: Math.max(a.greatest, b.greatest), least: Math.min(a.least, b.least) })

/** An entry, and the number that it is ordered by. */
export interface Numbered<E> {
  readonly at: number
  readonly entry: E
}

/**
 * The `limit` entries of a map whose numbers come next below `below`, in descending order. Looks only into parts whose span can contain one of them,
 * and keeps no more than it returns. Where keys and numbers have nothing to do with each other, as a stranger may choose keys, it may have to look at
 * all entries; each is then compared with the least of those kept.
 *
 * @param span - the span of all entries that `inside` returns for a part
 */
export const latestBelow = <K extends string, A, E>(
  map: OrderedMap.OrderedMap<K, A>,
  span: (part: Tree<K, A>) => Span,
  inside: (key: K, value: A) => Iterable<Numbered<E>>,
  below: number,
  limit: number
): ReadonlyArray<Numbered<E>> => {
  /** In ascending order. */
  const best: Array<Numbered<E>> = []
  /** What does not exceed this is not among them any more. */
  let leastAt = -Infinity

  const add = (found: Numbered<E>): void => {
    const { at } = found
    if (at >= below || at <= leastAt) return
    best.splice(placeIn(best, (one) => one.at < at), 0, found)
    if (best.length > limit) best.shift()
    if (best.length === limit) leastAt = best[0]?.at ?? leastAt
  }

  const visit = (part: Tree<K, A>): void => {
    const { greatest, least } = span(part)
    if (part === null || least >= below || greatest <= leastAt) return
    const isLeftLater = span(part.left).greatest > span(part.right).greatest
    visit(isLeftLater ? part.left : part.right)
    for (const found of inside(part.key, part.value)) add(found)
    visit(isLeftLater ? part.right : part.left)
  }

  visit(map.root)
  return best.reverse()
}
