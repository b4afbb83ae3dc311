/** What differs between two values of JSON: applied to the one it gives the other, forward and back, and it says no more than that. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical, type Json } from '../../../core/index.js'
import { type Difference, differences } from '../../../shell/lib/differences.js'

type Tree = Json | Map<string, Tree> | Array<Tree>

/** Objects and written maps as maps: what is compared has no order of names. An empty list is the map without entries. */
const treeOf = (json: Json): Tree => {
  if (typeof json !== 'object' || json === null) return json
  if (!(json instanceof Array)) return new Map(Object.entries(json).map(([name, value]) => [name, treeOf(value)]))
  const pairs = json.flatMap((item: Json): ReadonlyArray<readonly [string, Json]> =>
    item instanceof Array && item.length === 2 && typeof item[0] === 'string' && item[1] !== undefined ? [[item[0], item[1]]] : []
  )
  const isMap = pairs.length === json.length && new Set(pairs.map(([key]) => key)).size === json.length
  return isMap ? new Map(pairs.map(([key, value]) => [key, treeOf(value)])) : json.map(treeOf)
}

const textOf = (tree: Tree): string =>
  tree instanceof Map
    ? `{${[...tree].map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).sort().join()}}`
    : tree instanceof Array
      ? tree.length === 0 ? '{}' : `[${tree.map(textOf).join()}]`
      : JSON.stringify(tree)

/** The tree with a piece applied: what had `from` has `to`. */
const applied = (tree: Tree, { path, ...values }: Difference, from: 'after' | 'before', to: 'after' | 'before'): Tree => {
  const [at, ...rest] = path
  const value = values[to]
  if (at === undefined) return value === undefined ? null : treeOf(value)
  if (typeof at === 'string') {
    const map = tree instanceof Map ? tree : new Map<string, Tree>()
    if (rest.length === 0 && value === undefined) map.delete(at)
    else map.set(at, applied(map.get(at) ?? null, { path: rest, ...values }, from, to))
    return map
  }
  const list: Array<Tree> = tree instanceof Array ? [...tree as ReadonlyArray<Tree>] : []
  if (rest.length > 0) list[at] = applied(list[at] ?? null, { path: rest, ...values }, from, to)
  else if (value === undefined) list.splice(at, 1)
  else list.splice(at, values[from] === undefined ? 0 : 1, treeOf(value))
  return list
}

const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json; leaf: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor'), tie('json'), { maxKeys: 3 }),
    fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('json')), { maxLength: 4, selector: ([key]) => key })
  ),
  leaf: fc.constantFrom<Json>(null, true, 0, 1, '', 'a')
})).json

describe('differences', () => {
  test('make the one value of the other, forward and back, and are none where nothing differs', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const pieces = differences(before, after)
        expect(textOf(pieces.reduce((tree: Tree, piece) => applied(tree, piece, 'before', 'after'), treeOf(before)))).toBe(textOf(treeOf(after)))
        expect(textOf(pieces.reduceRight((tree: Tree, piece) => applied(tree, piece, 'after', 'before'), treeOf(after)))).toBe(textOf(treeOf(before)))
        if (canonical(before) === canonical(after)) expect(pieces).toEqual([])
      }),
      { numRuns: 2_000 }
    )
  })

  test('name the entry of a map that came, went or changed, and no other', () => {
    expect(differences({ accounts: [['b', { on: true }], ['c', 1]] }, { accounts: [['a', 2], ['b', { on: false }]] })).toEqual([
      { before: 1, path: ['accounts', 'c'] },
      { after: 2, path: ['accounts', 'a'] },
      { after: false, before: true, path: ['accounts', 'b', 'on'] }
    ])
  })

  test('say of a list what fell off its front and came to its end', () => {
    expect(differences([1, 2, 3, 4], [3, 4, 5])).toEqual([
      { before: 1, path: [0] },
      { before: 2, path: [0] },
      { after: 5, path: [2] }
    ])
    expect(differences([1, 2, 3], [1, 9, 3])).toEqual([{ after: 9, before: 2, path: [1] }])
  })
})
