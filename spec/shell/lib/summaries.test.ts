/** Summaries of ordered maps: right whatever has changed, and made anew only for what has. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OrderedMap } from '../../../core/index.js'
import { latestBelow, NO_SPAN, type Numbered, type Span, spanOf, summary, union } from '../../../shell/lib/summaries.js'

type Numbers = OrderedMap.OrderedMap<string, number>

const keyOf = (n: number): string => String(n).padStart(6, '0')

/** Put under a key, or taken away from it. */
const change = fc.record({ key: fc.integer({ max: 40, min: 0 }).map(keyOf), value: fc.option(fc.integer({ max: 60, min: 0 })) })

const changed = (map: Numbers, { key, value }: { readonly key: string; readonly value: number | null }): Numbers =>
  value === null ? OrderedMap.deleteAt(key)(map) : OrderedMap.upsertAt(key, value)(map)

const inside = (key: string, at: number): ReadonlyArray<Numbered<string>> => [{ at, entry: key }]

const large = (count: number): Numbers => {
  let map: Numbers = OrderedMap.empty()
  for (let n = 0; n < count; n++) map = OrderedMap.upsertAt(keyOf(n), n)(map)
  return map
}

it('sums up what is there, in the order of the keys, after any changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const joined = summary<string, number, string>({ of: (key, value) => `${key}=${String(value)} `, plus: (a, b) => a + b, zero: '' })
      let map: Numbers = OrderedMap.empty()
      for (const one of changes) {
        map = changed(map, one)
        expect(joined(map.root)).toBe(OrderedMap.toEntries(map).map(([key, value]) => `${key}=${String(value)} `).join(''))
      }
    })
  )
})

it('finds entries by descending numbers below any, after any changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), fc.integer({ max: 61, min: 0 }), fc.integer({ max: 50, min: 1 }), (changes, below, limit) => {
      const span = summary<string, number, Span>({ of: (_, value) => spanOf(value), plus: union, zero: NO_SPAN })
      const map = changes.reduce(changed, OrderedMap.empty<string, number>())
      const found = latestBelow(map, span, inside, below, limit)
      const expected = OrderedMap.toEntries(map).filter(([, value]) => value < below)
      expect(found.map(({ at }) => at)).toEqual(expected.map(([, value]) => value).sort((a, b) => b - a).slice(0, limit))
      const keys = new Set(found.map(({ at, entry }) => `${entry} ${String(at)}`))
      expect(keys.size).toBe(found.length)
      for (const key of keys) expect(expected.map(([of, value]) => `${of} ${String(value)}`)).toContain(key)
    })
  )
})

it('sums up anew only what a change has not left as it was', () => {
  let sums = 0
  const counted = summary<string, number, number>({
    of: () => {
      sums += 1
      return 1
    },
    plus: (a, b) => a + b,
    zero: 0
  })
  const map = large(20_000)
  expect(counted(map.root)).toBe(20_000)
  sums = 0
  expect(counted(OrderedMap.upsertAt(keyOf(12_345), -1)(map).root)).toBe(20_000)
  expect(counted(OrderedMap.deleteAt(keyOf(777))(map).root)).toBe(19_999)
  expect(sums).toBeLessThan(100)
})

it.each([Infinity, 20_000, 12_000, 300])('looks into few of twenty thousand entries for the hundred that come next below %d', (below) => {
  const span = summary<string, number, Span>({ of: (_, value) => spanOf(value), plus: union, zero: NO_SPAN })
  const map = large(20_000)
  let looks = 0
  const looking = (key: string, at: number): ReadonlyArray<Numbered<string>> => {
    looks += 1
    return inside(key, at)
  }
  const found = latestBelow(map, span, looking, below, 100).map(({ at }) => at)
  const last = Math.min(below, 20_000)
  expect(found).toEqual(Array.from({ length: 100 }, (_, i) => last - 1 - i))
  expect(looks).toBeLessThan(200)
})

it('compares each entry with few others, also where the order of the keys says nothing about that of the numbers', () => {
  // Whoever runs a knot chooses the keys. Three entries each, whose numbers are far apart: no part of the map can be passed over.
  const span = summary<string, number, Span>({ of: (_, value) => union(spanOf(value), spanOf(value + 2e6)), plus: union, zero: NO_SPAN })
  let map: Numbers = OrderedMap.empty()
  for (let n = 0; n < 20_000; n++) map = OrderedMap.upsertAt(keyOf((n * 7_919) % 20_000), n)(map)
  let reads = 0
  const counted = (entry: string, number: number): Numbered<string> => ({
    get at() {
      reads += 1
      return number
    },
    entry
  })
  const three = (key: string, at: number): ReadonlyArray<Numbered<string>> => [counted(key, at), counted(key, at + 1e6), counted(key, at + 2e6)]
  const found = latestBelow(map, span, three, 1e6 + 10_000, 100).map(({ at }) => at)
  expect(found).toEqual(Array.from({ length: 100 }, (_, i) => 1e6 + 9_999 - i))
  expect(reads).toBeLessThan(3 * 60_000)
})
