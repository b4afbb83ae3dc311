/**
 * A persistent ordered map: a weight-balanced search tree whose keys are strings, compared by UTF-16
 * code unit (for ASCII keys, which are all the keys that are ever written down, that is byte order).
 *
 * Why not `ReadonlyMap` or a record: copying one costs a second at a million rows, and a plain object loses
 * the entry `__proto__`. Why a tree and not hashing: it iterates in canonical order, needs no hash function in
 * the specification, and cannot be degraded by chosen keys.
 *
 * The shape of the tree is not part of the value: two maps with the same entries are equal however they were made.
 */
import type { Eq } from 'fp-ts/lib/Eq.js'
import * as O from 'fp-ts/lib/Option.js'
import { find, isBalancedTree, node, type Node, put, remove, type Tree, weight } from './balanced-tree.js'

export type { Node } from './balanced-tree.js'

/** An immutable map from `K` (a string) to `A`. Read it only through the functions of this module. */
export interface OrderedMap<K extends string, A> {
  readonly root: Tree<K, A>
}

const nothing: OrderedMap<never, never> = { root: null }

/**
 * The empty map.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.strictEqual(M.isEmpty(M.empty()), true)
 */
export const empty = <K extends string, A>(): OrderedMap<K, A> => nothing

/**
 * The map with one entry.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(M.toEntries(M.singleton('a', 1)), [['a', 1]])
 */
export const singleton = <K extends string, A>(key: K, value: A): OrderedMap<K, A> => ({
  root: node(null, key, value, null)
})

/**
 * The map of `entries`, whose keys must strictly rise. Linear.
 *
 * @returns `None` when a key is not greater than the one before it: such a list is not canonical.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.fromSorted([['a', 1], ['b', 2]])
 * assert(map._tag === 'Some')
 * assert.strictEqual(M.size(map.value), 2)
 * assert.strictEqual(M.fromSorted([['b', 2], ['a', 1]])._tag, 'None')
 */
export const fromSorted = <K extends string, A>(
  entries: ReadonlyArray<readonly [K, A]>
): O.Option<OrderedMap<K, A>> => {
  for (let i = 1; i < entries.length; i++) {
    const before = entries[i - 1]
    const here = entries[i]
    if (before !== undefined && here !== undefined && !(before[0] < here[0])) return O.none
  }
  const build = (from: number, to: number): Tree<K, A> => {
    const middle = (from + to) >> 1
    const entry = from < to ? entries[middle] : undefined
    return entry === undefined ? null : node(build(from, middle), entry[0], entry[1], build(middle + 1, to))
  }
  return O.some({ root: build(0, entries.length) })
}

/**
 * The map with `value` at `key`. O(log n).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const before = M.singleton<string, number>('a', 1)
 * const after = M.upsertAt<string, number>('__proto__', 2)(before)
 * assert.deepStrictEqual(M.toEntries(after), [['__proto__', 2], ['a', 1]])
 * assert.deepStrictEqual(M.toEntries(before), [['a', 1]])
 */
export const upsertAt =
  <K extends string, A>(key: K, value: A) =>
  (map: OrderedMap<K, A>): OrderedMap<K, A> => ({ root: put(map.root, key, value) })

/**
 * The map without `key`; the same map when it was not there. O(log n).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.singleton<string, number>('a', 1)
 * assert.strictEqual(M.isEmpty(M.deleteAt<string>('a')(map)), true)
 * assert.strictEqual(M.deleteAt<string>('b')(map), map)
 */
export const deleteAt =
  <K extends string>(key: K) =>
  <A>(map: OrderedMap<K, A>): OrderedMap<K, A> =>
    has(key)(map) ? { root: remove(map.root, key) } : map

/**
 * The value at `key`. O(log n).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.singleton<string, number>('a', 1)
 * assert.deepStrictEqual(M.lookup<string>('a')(map), { _tag: 'Some', value: 1 })
 * assert.deepStrictEqual(M.lookup<string>('b')(map), { _tag: 'None' })
 */
export const lookup =
  <K extends string>(key: K) =>
  <A>(map: OrderedMap<K, A>): O.Option<A> => {
    const found = find(map.root, key)
    return found === null ? O.none : O.some(found.value)
  }

/**
 * Whether there is a value at `key`. O(log n).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.strictEqual(M.has('a')(M.singleton('a', 1)), true)
 */
export const has =
  <K extends string>(key: K) =>
  <A>(map: OrderedMap<K, A>): boolean =>
    find(map.root, key) !== null

/**
 * The number of entries. O(1).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.strictEqual(M.size(M.singleton('a', 1)), 1)
 */
export const size = <K extends string, A>(map: OrderedMap<K, A>): number => weight(map.root) - 1

/**
 * Whether the map is empty. O(1).
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.strictEqual(M.isEmpty(M.singleton('a', 1)), false)
 */
export const isEmpty = <K extends string, A>(map: OrderedMap<K, A>): boolean => map.root === null

/**
 * Folds the entries in ascending order of their keys.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.upsertAt<string, number>('b', 2)(M.singleton('a', 1))
 * const text = M.reduceWithKey(
 *   '',
 *   (key: string, before: string, value: number) => `${before}${key}${String(value)}`
 * )(map)
 * assert.strictEqual(text, 'a1b2')
 */
export const reduceWithKey =
  <K extends string, A, B>(start: B, f: (key: K, acc: B, value: A) => B) =>
  (map: OrderedMap<K, A>): B => {
    const walk = (t: Tree<K, A>, acc: B): B => (t === null ? acc : walk(t.right, f(t.key, walk(t.left, acc), t.value)))
    return walk(map.root, start)
  }

/**
 * The map with every value replaced by `f` of it.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(M.toEntries(M.map((n: number) => n + 1)(M.singleton('a', 1))), [['a', 2]])
 */
export const map =
  <A, B>(f: (value: A) => B) =>
  <K extends string>(m: OrderedMap<K, A>): OrderedMap<K, B> => {
    const walk = (t: Tree<K, A>): Tree<K, B> =>
      t === null ? null : { key: t.key, value: f(t.value), size: t.size, left: walk(t.left), right: walk(t.right) }
    return { root: walk(m.root) }
  }

/**
 * The keys, ascending.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.upsertAt<string, number>('a', 1)(M.singleton('b', 2))
 * assert.deepStrictEqual(M.keys(map), ['a', 'b'])
 */
export const keys = <K extends string, A>(map: OrderedMap<K, A>): ReadonlyArray<K> =>
  reduceWithKey<K, A, Array<K>>([], (key, acc) => (acc.push(key), acc))(map)

/**
 * The entries, ascending by key.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.upsertAt<string, number>('a', 1)(M.singleton('b', 2))
 * assert.deepStrictEqual(M.toEntries(map), [['a', 1], ['b', 2]])
 */
export const toEntries = <K extends string, A>(map: OrderedMap<K, A>): ReadonlyArray<readonly [K, A]> =>
  reduceWithKey<K, A, Array<readonly [K, A]>>([], (key, acc, value) => (acc.push([key, value]), acc))(map)

/**
 * The entries whose keys are not less than `from`, ascending, one at a time: for a reader that pauses, or stops, in a
 * large map. The map cannot change under it.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const map = M.fromSorted([['a', 1], ['c', 3], ['d', 4]])
 * assert(map._tag === 'Some')
 * assert.deepStrictEqual([...M.entriesFrom(map.value, 'b')], [['c', 3], ['d', 4]])
 */
export function* entriesFrom<K extends string, A>(
  map: OrderedMap<K, A>,
  from: string
): Generator<readonly [K, A], void, undefined> {
  const path: Array<Node<K, A>> = []
  let here = map.root
  for (;;) {
    while (here !== null) {
      if (here.key < from) here = here.right
      else {
        path.push(here)
        here = here.left
      }
    }
    const next = path.pop()
    if (next === undefined) return
    yield [next.key, next.value]
    here = next.right
  }
}

/**
 * Equality by entries, given equality of values; the shape of the trees does not count.
 *
 * @example
 * import assert from 'node:assert'
 * import * as N from 'fp-ts/lib/number.js'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * const rising = M.upsertAt<string, number>('b', 2)(M.singleton('a', 1))
 * const falling = M.upsertAt<string, number>('a', 1)(M.singleton('b', 2))
 * assert.strictEqual(M.getEq<string, number>(N.Eq).equals(rising, falling), true)
 */
export const getEq = <K extends string, A>(value: Eq<A>): Eq<OrderedMap<K, A>> => ({
  equals: (a, b) => {
    if (size(a) !== size(b)) return false
    const others = entriesFrom(b, '')
    for (const [key, left] of entriesFrom(a, '')) {
      const other = others.next()
      if (other.done === true || other.value[0] !== key || !value.equals(left, other.value[1])) return false
    }
    return true
  }
})

/**
 * Whether every node keeps the balance that makes the costs above true. For the laws, not for use.
 *
 * @example
 * import assert from 'node:assert'
 * import { OrderedMap as M } from '@tack-ci/core'
 *
 * assert.strictEqual(M.isBalanced(M.singleton('a', 1)), true)
 */
export const isBalanced = <K extends string, A>(map: OrderedMap<K, A>): boolean => isBalancedTree(map.root)
