/** MAP, tried. */
import { describe } from 'vitest'
import { alike, entryLists, histories, longHistories, shapes, slices, twoHistories } from '../arbitraries/maps.js'
import { keepsBalance, MAP, mapOf, modelOf } from '../laws/map.js'
import { check } from './support.js'

describe('MAP', () => {
  check(MAP, 'MAP-1', histories, {
    'a deleted key': (operations) => operations.some(([, value]) => value === null) && modelOf(operations).size > 1,
    'the key __proto__': (operations) => modelOf(operations).has('__proto__')
  })
  check(MAP, 'MAP-2', longHistories, { 'a deep tree': (operations) => modelOf(operations).size > 15 })
  check(MAP, 'MAP-3', shapes, {
    'a balanced tree': (shape) => shape !== null && shape.size > 2 && keepsBalance(shape),
    'an unbalanced tree': (shape) => !keepsBalance(shape)
  })
  check(MAP, 'MAP-4', twoHistories, {
    'something taken away': ({ earlier, later }) => later.some(([key, value]) => value === null && modelOf(earlier).has(key))
  })
  check(MAP, 'MAP-5', entryLists, {
    'a list that does not rise': (entries) => entries.some(([key], i) => key === entries[i - 1]?.[0]),
    'a long list that rises': (entries) => entries.length > 15 && new Set(entries.map(([key]) => key)).size === entries.length
  })
  check(MAP, 'MAP-6', slices, {
    'a slice from the middle': ({ from, operations }) => {
      const keys = [...modelOf(operations).keys()]
      return keys.some((key) => key < from) && keys.some((key) => key > from)
    },
    'a slice from a key that is there': ({ from, operations }) => modelOf(operations).has(from)
  })
  check(MAP, 'MAP-7', alike, {
    'equal maps of other shapes': ({ one, other }) =>
      JSON.stringify(mapOf(one)) !== JSON.stringify(mapOf(other)) && sorted(one) === sorted(other),
    'maps that differ in a value': ({ one, other }) => keysOf(one) === keysOf(other) && sorted(one) !== sorted(other),
    'maps that differ in a key': ({ one, other }) => keysOf(one) !== keysOf(other) && modelOf(one).size === modelOf(other).size
  })
})

type Operations = Parameters<typeof modelOf>[0]

const sorted = (operations: Operations): string => JSON.stringify([...modelOf(operations)].sort(([a], [b]) => (a < b ? -1 : 1)))
const keysOf = (operations: Operations): string => JSON.stringify([...modelOf(operations).keys()].sort())
