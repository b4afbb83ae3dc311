/** The ordered map at its edges. That it is a map at all is a matter of laws; here are the cases that laws meet by luck. */
import * as E from 'fp-ts/lib/Either.js'
import * as N from 'fp-ts/lib/number.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { OrderedMap as M } from '../../core/index.js'
import { orderedMap } from '../../core/data/ordered-map-codec.js'

type Numbers = M.OrderedMap<string, number>

const of = (...keys: ReadonlyArray<string>): Numbers => keys.reduce<Numbers>((map, key, i) => M.upsertAt(key, i)(map), M.empty())
const has = (k: string) => M.has(k)
const put = (k: string, n: number) => M.upsertAt(k, n)
const lookup = (k: string) => M.lookup(k)
const without = (k: string) => M.deleteAt(k)
const key = (n: number): string => String(n).padStart(6, '0')
const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

describe('edges', () => {
  test('the empty map has no entries', () => {
    const empty: Numbers = M.empty()
    expect([M.size(empty), M.isEmpty(empty), M.keys(empty), M.toEntries(empty), has('')(empty), lookup('')(empty)]).toEqual([
      0,
      true,
      [],
      [],
      false,
      O.none
    ])
    expect([...M.entriesFrom(empty, '')]).toEqual([])
    expect(without('a')(empty)).toBe(empty)
    expect(M.isBalanced(empty)).toBe(true)
  })

  test('one entry is found', () => {
    const one = M.singleton<string, number>('a', 1)
    expect([M.size(one), M.isEmpty(one), M.toEntries(one), lookup('a')(one), has('b')(one)]).toEqual([
      1,
      false,
      [['a', 1]],
      O.some(1),
      false
    ])
    expect(M.isEmpty(without('a')(one))).toBe(true)
  })

  test('a key that is put again has the new value, and is one key', () => {
    const map = put('b', 9)(of('a', 'b', 'c'))
    expect(M.toEntries(map)).toEqual([
      ['a', 0],
      ['b', 9],
      ['c', 2]
    ])
    expect(M.size(map)).toBe(3)
  })

  test('a delete of a missing key returns the same map', () => {
    const map = of('b', 'd')
    for (const absent of ['a', 'c', 'e', '']) expect(without(absent)(map)).toBe(map)
  })

  test('put and delete leave the original map unchanged', () => {
    const map = of('a', 'b', 'c')
    put('d', 1)(map)
    put('a', 7)(map)
    without('b')(map)
    expect(M.toEntries(map)).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2]
    ])
  })

  test('any text is a key, and has no other meaning', () => {
    const keys = ['', '10', '9', '__proto__', 'constructor', 'toString', '\u0000', 'é', '\ud83d\ude00', '\ufb33']
    const map = of(...keys)
    expect(M.keys(map)).toEqual(['', '\u0000', '10', '9', '__proto__', 'constructor', 'toString', 'é', '\ud83d\ude00', '\ufb33'])
    expect(keys.map((k) => lookup(k)(map))).toEqual(keys.map((_, i) => O.some(i)))
    expect(has('hasOwnProperty')(map)).toBe(false)
  })

  test('a value may be anything, even undefined', () => {
    const map = M.upsertAt<string, number | undefined>('a', undefined)(M.empty())
    expect([has('a')(map), lookup('a')(map), M.size(map)]).toEqual([true, O.some(undefined), 1])
  })
})

describe('from sorted entries', () => {
  test('builds a map of any size', () => {
    for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 31, 100]) {
      const entries = range(n).map((i): readonly [string, number] => [key(i), i])
      const map = M.fromSorted(entries)
      expect(O.isSome(map) && [M.toEntries(map.value), M.size(map.value), M.isBalanced(map.value)]).toEqual([entries, n, true])
    }
  })

  test('refuses keys that do not rise', () => {
    const refused = [
      ['a', 'a'],
      ['b', 'a'],
      ['a', 'c', 'b'],
      ['a', 'b', 'b', 'c'],
      ['9', '10']
    ]
    expect(refused.map((keys) => O.isNone(M.fromSorted(keys.map((k) => [k, 0]))))).toEqual(refused.map(() => true))
  })
})

describe('reading in order', () => {
  const six = () => of('b', 'd', 'f', 'a', 'c', 'e')

  test('begins at a key, whether it is there or not', () => {
    const from = (start: string) => [...M.entriesFrom(six(), start)].map(([k]) => k).join('')
    expect(['', 'a', 'b', 'bb', 'd', 'e', 'f', 'ff', 'g'].map(from)).toEqual([
      'abcdef',
      'abcdef',
      'bcdef',
      'cdef',
      'def',
      'ef',
      'f',
      '',
      ''
    ])
  })

  test('yields one entry at a time, from a map that does not change', () => {
    const reading = M.entriesFrom(six(), 'b')
    expect(reading.next().value).toEqual(['b', 0])
    expect(M.size(without('c')(six()))).toBe(5)
    expect(reading.next().value).toEqual(['c', 4])
    reading.return()
    expect(reading.next().done).toBe(true)
  })

  test('folds', () => {
    expect(M.reduceWithKey<string, number, string>('', (k, acc, n) => `${acc}${k}${String(n)}`)(six())).toBe('a3b0c4d1e5f2')
  })

  test('maps values, and keeps keys, order, size and balance', () => {
    const doubled = M.map((n: number) => n * 2)(six())
    expect([M.toEntries(doubled), M.size(doubled), M.isBalanced(doubled)]).toEqual([
      [
        ['a', 6],
        ['b', 0],
        ['c', 8],
        ['d', 2],
        ['e', 10],
        ['f', 4]
      ],
      6,
      true
    ])
  })
})

describe('equality', () => {
  const equals = (a: Numbers, b: Numbers) => M.getEq<string, number>(N.Eq).equals(a, b)

  test('compares entries, not the way they came in', () => {
    const up = range(50).reduce<Numbers>((map, i) => M.upsertAt(key(i), i)(map), M.empty())
    const down = range(50).reduce<Numbers>((map, i) => M.upsertAt(key(49 - i), 49 - i)(map), M.empty())
    expect([equals(up, down), JSON.stringify(up) === JSON.stringify(down)]).toEqual([true, false])
  })

  test('notices another key, another value and another entry', () => {
    expect([
      equals(of('a', 'b'), of('a', 'c')),
      equals(of('', 'A'), of('', 'B')),
      equals(of('a'), M.singleton<string, number>('a', 1)),
      equals(of('a'), of('a', 'b')),
      equals(of('a', 'b'), of('a')),
      equals(M.empty(), M.empty())
    ]).toEqual([false, false, false, false, false, true])
  })
})

describe('balance', () => {
  const height = (node: M.Node<string, number> | null): number =>
    node === null ? 0 : 1 + Math.max(height(node.left), height(node.right))

  const weight = (node: M.Node<string, number> | null): number => (node === null ? 1 : node.size + 1)

  /** Whether each tree it is asked for is balanced. A node never changes: one that was found to be in order is not looked at again. */
  const observer = (): ((node: M.Node<string, number> | null) => boolean) => {
    const known = new WeakSet<M.Node<string, number>>()
    const isBalanced = (node: M.Node<string, number> | null): boolean => {
      if (node === null || known.has(node)) return true
      const [left, right] = [weight(node.left), weight(node.right)]
      if (node.size !== left + right - 1 || left > 3 * right || right > 3 * left) return false
      if (!isBalanced(node.left) || !isBalanced(node.right)) return false
      known.add(node)
      return true
    }
    return isBalanced
  }

  const orders: ReadonlyArray<readonly [name: string, order: (i: number, n: number) => number]> = [
    ['ascending', (i) => i],
    ['descending', (i, n) => n - 1 - i],
    ['from both ends', (i, n) => (i % 2 === 0 ? i / 2 : n - 1 - (i - 1) / 2)],
    ['from the middle', (i, n) => (i % 2 === 0 ? n / 2 + i / 2 : n / 2 - 1 - (i - 1) / 2)],
    ['scattered', (i, n) => (i * 367) % n]
  ]
  // Of two numbers, because one wrong comparison in a rotation shows with two hundred keys and not with six hundred.
  const sizes = orders.flatMap(([name, order]) => [200, 600].map((n) => [n, name, order] as const))
  for (const [n, name, order] of sizes)
    test(`holds at every step while ${String(n)} keys are put and deleted in ${name} order`, () => {
      const isBalanced = observer()
      let map: Numbers = M.empty()
      for (const i of range(n)) {
        map = M.upsertAt(key(order(i, n)), i)(map)
        if (!isBalanced(map.root)) expect.unreachable(`not balanced after ${String(i)} puts`)
      }
      expect([M.size(map), M.isBalanced(map)]).toEqual([n, true])
      expect(height(map.root)).toBeLessThan(20)
      expect(M.keys(map)).toEqual(range(n).map(key))
      for (const i of range(n)) {
        map = without(key(order(i, n)))(map)
        if (!isBalanced(map.root) || M.size(map) !== n - 1 - i) expect.unreachable(`not balanced after ${String(i)} deletions`)
      }
      expect(M.isEmpty(map)).toBe(true)
    })

  test('allows the root to be deleted until nothing is left', () => {
    let map = range(200).reduce<Numbers>((acc, i) => M.upsertAt(key((i * 37) % 200), i)(acc), M.empty())
    let left = [...M.keys(map)]
    while (map.root !== null) {
      const root = map.root.key
      map = without(root)(map)
      left = left.filter((k) => k !== root)
      expect([M.keys(map), M.isBalanced(map)]).toEqual([left, true])
    }
    expect(left).toEqual([])
  })

  test('is missing in a tree that leans, or whose sizes are wrong', () => {
    type Tree = M.Node<string, number>
    const leaf = (k: string): Tree => ({ key: k, left: null, right: null, size: 1, value: 0 })
    const right = (k: string, tree: Tree): Tree => ({ key: k, left: null, right: tree, size: tree.size + 1, value: 0 })
    const left = (k: string, tree: Tree): Tree => ({ key: k, left: tree, right: null, size: tree.size + 1, value: 0 })
    const both = (l: Tree, k: string, r: Tree): Tree => ({ key: k, left: l, right: r, size: l.size + r.size + 1, value: 0 })
    const falling = left('d', left('c', left('b', leaf('a'))))
    const rising = right('a', right('b', right('c', leaf('d'))))
    const balanced = [
      leaf('a'),
      right('a', leaf('b')),
      left('b', leaf('a')),
      both(leaf('a'), 'b', leaf('c')),
      right('a', right('b', leaf('c')))
    ]
    const not = [
      falling,
      rising,
      both(falling, 'e', right('f', leaf('g'))),
      both(left('b', leaf('a')), 'c', right('d', right('e', right('f', leaf('g'))))),
      { ...leaf('a'), size: 2 },
      both({ ...leaf('a'), size: 2 }, 'b', leaf('c')),
      { ...both(leaf('a'), 'b', leaf('c')), size: 2 }
    ]
    expect(balanced.map((root) => M.isBalanced({ root }))).toEqual(balanced.map(() => true))
    expect(not.map((root) => M.isBalanced({ root }))).toEqual(not.map(() => false))
  })
})

describe('the written form', () => {
  const codec = () => orderedMap(t.string, t.number)

  test('is the array of the entries, ascending', () => {
    expect(codec().encode(of('b', '__proto__', 'a'))).toEqual([
      ['__proto__', 1],
      ['a', 2],
      ['b', 0]
    ])
  })

  test('is read back', () => {
    const map = codec().decode([
      ['__proto__', 1],
      ['a', 2]
    ])
    expect(E.isRight(map) && M.toEntries(map.right)).toEqual([
      ['__proto__', 1],
      ['a', 2]
    ])
  })

  test('admits no other order, no doubled key, no object', () => {
    const refused: ReadonlyArray<unknown> = [
      [
        ['b', 1],
        ['a', 2]
      ],
      [
        ['a', 1],
        ['a', 2]
      ],
      [['a', 'x']],
      [['a']],
      { a: 1 },
      null,
      'ab',
      [7]
    ]
    expect(refused.map((u) => E.isLeft(codec().decode(u)))).toEqual(refused.map(() => true))
  })

  test('is distinguished from anything else', () => {
    expect([codec().is(M.empty()), codec().is(of('a')), codec().is([]), codec().is(null), codec().is('root')]).toEqual([
      true,
      true,
      false,
      false,
      false
    ])
    expect(codec().name).toBe('OrderedMap<string, number>')
  })
})
