/** Summaries of ordered maps: right whatever has changed, and made anew only for what has. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OrderedMap } from '../../../core/index.js'
import { descending, NO_SPAN, type Numbered, type Span, spanOf, summary, union } from '../../../shell/lib/summaries.js'

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
    fc.property(fc.array(change, { maxLength: 80 }), fc.integer({ max: 61, min: 0 }), (changes, below) => {
      const span = summary<string, number, Span>({ of: (_, value) => spanOf(value), plus: union, zero: NO_SPAN })
      const map = changes.reduce(changed, OrderedMap.empty<string, number>())
      const found = [...descending(map, span, inside, below)]
      const expected = OrderedMap.toEntries(map).filter(([, value]) => value < below)
      expect(found.map(({ at }) => at)).toEqual(expected.map(([, value]) => value).sort((a, b) => b - a))
      expect(found.map(({ entry }) => entry).sort()).toEqual(expected.map(([key]) => key).sort())
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
  const found: Array<number> = []
  for (const { at } of descending(map, span, looking, below)) {
    if (found.push(at) === 100) break
  }
  const last = Math.min(below, 20_000)
  expect(found).toEqual(Array.from({ length: 100 }, (_, i) => last - 1 - i))
  expect(looks).toBeLessThan(200)
})
