/** MAP: the ordered map is a map, ordered, balanced and persistent. The words are in laws.md. */
import * as N from 'fp-ts/lib/number.js'
import * as O from 'fp-ts/lib/Option.js'
import { OrderedMap as M } from '../../../core/index.js'
import { deepFreeze, pure } from './fence.js'
import { all, because, equal, every, type Laws, type Verdict } from './law.js'

/** Something done to a map: an entry put, or a key taken away. */
export type Operation = readonly [key: string, value: number | null]

type Numbers = M.OrderedMap<string, number>
type Entries = ReadonlyArray<readonly [string, number]>

const act = (map: Numbers, [key, value]: Operation): Numbers =>
  pure(() => (value === null ? M.deleteAt(key)(map) : M.upsertAt(key, value)(map)))

/** The map after all of `operations`. */
export const mapOf = (operations: ReadonlyArray<Operation>): Numbers => operations.reduce(act, M.empty<string, number>())

/** The plain map after all of `operations`. */
export const modelOf = (operations: ReadonlyArray<Operation>): ReadonlyMap<string, number> => {
  const model = new Map<string, number>()
  for (const [key, value] of operations)
    if (value === null) model.delete(key)
    else model.set(key, value)
  return model
}

/** By UTF-16 code unit, as `<` compares text. */
const ascending = (model: ReadonlyMap<string, number>): Entries => [...model].sort(([a], [b]) => (a < b ? -1 : 1))

const entriesOf = (map: Numbers): Entries => pure(() => M.toEntries(map))

/** A tree of any shape, as nobody but a law would make one. */
export type Shape = null | { readonly left: Shape; readonly right: Shape; readonly size: number }

const treeOf = (shape: Shape): M.Node<string, number> | null =>
  shape === null ? null : { key: '', left: treeOf(shape.left), right: treeOf(shape.right), size: shape.size, value: 0 }

const countIn = (tree: Shape): number => (tree === null ? 0 : countIn(tree.left) + 1 + countIn(tree.right))

/** The balance of Adams' trees with the parameter 3, and sizes that are true, at every node. */
export const keepsBalance = (tree: Shape): boolean => {
  if (tree === null) return true
  const [left, right] = [countIn(tree.left) + 1, countIn(tree.right) + 1]
  return (
    tree.size === left + right - 1 &&
    left <= 3 * right &&
    right <= 3 * left &&
    keepsBalance(tree.left) &&
    keepsBalance(tree.right)
  )
}

export const MAP = {
  'MAP-1': (operations: ReadonlyArray<Operation>): Verdict => {
    const [map, model] = [mapOf(operations), modelOf(operations)]
    const expected = ascending(model)
    return all(
      equal('entries', entriesOf(map), expected),
      equal(
        'keys',
        M.keys(map),
        expected.map(([key]) => key)
      ),
      equal('size', [M.size(map), M.isEmpty(map)], [model.size, model.size === 0]),
      equal(
        'folded',
        M.reduceWithKey<string, number, string>('', (key, acc, value) => `${acc}${key}=${String(value)};`)(map),
        expected.map(([key, value]) => `${key}=${String(value)};`).join('')
      ),
      equal(
        'mapped',
        entriesOf(M.map((value: number) => value + 1)(map)),
        expected.map(([key, value]) => [key, value + 1])
      ),
      every([...operations.map(([key]) => key), 'nowhere'], (key) =>
        equal(key, [O.toNullable(M.lookup(key)(map)), M.has(key)(map)], [model.get(key) ?? null, model.has(key)])
      )
    )
  },

  'MAP-2': (operations: ReadonlyArray<Operation>): Verdict => {
    let map = M.empty<string, number>()
    const stays = every(operations, (operation) => {
      map = act(map, operation)
      return keepsBalance(map.root)
    })
    const copy = pure(() => M.fromSorted(entriesOf(map)))
    return all(
      stays,
      because(keepsBalance(M.map((value: number) => value)(map).root), () => 'a mapped one is out of balance'),
      because(O.isSome(copy) && keepsBalance(copy.value.root), () => 'one made at once is out of balance')
    )
  },

  'MAP-3': (shape: Shape): Verdict =>
    equal(
      'balanced',
      pure(() => M.isBalanced({ root: treeOf(shape) })),
      keepsBalance(shape)
    ),

  'MAP-4': ({
    earlier,
    later
  }: {
    readonly earlier: ReadonlyArray<Operation>
    readonly later: ReadonlyArray<Operation>
  }): Verdict => {
    const map = deepFreeze(mapOf(earlier))
    const before = entriesOf(map)
    later.reduce(act, map)
    return all(
      equal('entries', entriesOf(map), before),
      because(
        later.every((op) => op[1] !== null || M.has(op[0])(map) || act(map, op) === map),
        () => 'deleting nothing made a new map'
      )
    )
  },

  'MAP-5': (entries: Entries): Verdict => {
    const rises = entries.every(([key], i) => i === 0 || (entries[i - 1]?.[0] ?? '') < key)
    const made = pure(() => M.fromSorted(entries))
    return rises
      ? O.isSome(made) && equal('entries', entriesOf(made.value), entries)
      : because(O.isNone(made), () => 'it takes what does not rise')
  },

  'MAP-6': ({ from, operations }: { readonly from: string; readonly operations: ReadonlyArray<Operation> }): Verdict =>
    equal(
      'entries',
      pure(() => [...M.entriesFrom(mapOf(operations), from)]),
      ascending(modelOf(operations)).filter(([key]) => key >= from)
    ),

  'MAP-7': ({ one, other }: { readonly one: ReadonlyArray<Operation>; readonly other: ReadonlyArray<Operation> }): Verdict => {
    const isEqual = (a: Numbers, b: Numbers) => pure(() => M.getEq<string, number>(N.Eq).equals(a, b))
    const [a, b] = [mapOf(one), mapOf(other)]
    // The same entries in another order of arrival make another tree.
    const reshaped = mapOf([...entriesOf(a)].reverse())
    return all(
      because(isEqual(a, reshaped) && isEqual(reshaped, a), () => 'the shape of the tree counts'),
      equal('equality', isEqual(a, b), JSON.stringify(entriesOf(a)) === JSON.stringify(entriesOf(b)))
    )
  }
} satisfies Laws
