/** How much a JSON text makes is seen before it is parsed. */
import { expect, test } from 'vitest'
import { hasManyParts, MAX_JSON_PARTS } from '../../../shell/outbound/json-size.js'

test.each([
  ['lists', '['],
  ['objects', '{'],
  ['keys', ':']
])('%s count, and so does what looks like them in a string', (_, one) => {
  const text = `"${one.repeat(9)}"`
  expect([8, 9].map((most) => hasManyParts(text, most))).toEqual([true, false])
})

test('nothing but lists, objects and keys counts', () => {
  expect(hasManyParts(`"${'a,}]1'.repeat(9)}"`, 0)).toBe(false)
})

test('lists, objects and keys count together, up to a hundred thousand', () => {
  const some = '{"a":['
  expect(hasManyParts(some, 2)).toBe(true)
  expect(hasManyParts(some, 3)).toBe(false)
  expect(hasManyParts('['.repeat(MAX_JSON_PARTS))).toBe(false)
  expect(hasManyParts('['.repeat(MAX_JSON_PARTS + 1))).toBe(true)
  expect(MAX_JSON_PARTS).toBe(100_000)
})
