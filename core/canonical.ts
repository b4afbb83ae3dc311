/**
 * Canonical JSON: RFC 8785, restricted to what the machine uses. One value, one text, in every language.
 *
 * Restricted means: numbers are integers from −(2⁵³−1) to 2⁵³−1, wider ones are strings of digits; strings are
 * well-formed Unicode; maps are arrays of entries, so that a key may be any text; what is absent is `null`. Then the
 * rules are few: no white space, keys ascending by UTF-16 code unit, strings escaped as in RFC 8785 §3.2.2.2.
 */

/** A value that has a canonical text. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Whether every object in `value` has its keys in ascending order. */
const isSorted = (value: Json): boolean => {
  if (typeof value !== 'object' || value === null) return true
  if (isArray(value)) return value.every(isSorted)
  let last = ''
  for (const key in value) {
    if (key < last || !isSorted(value[key] ?? null)) return false
    last = key
  }
  return true
}

/** The same value with the keys of every object in ascending order. */
const sorted = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) return value.map(sorted)
  const fields = Object.keys(value).map((key): readonly [string, Json] => [key, sorted(value[key] ?? null)])
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/**
 * The canonical text of `value`.
 *
 * `JSON.stringify` escapes strings and writes integers as RFC 8785 does, so only the order of keys is left to see to.
 * What is sorted already, and that is nearly everything, is not copied: a journal line is made of thousands of events.
 *
 * Objects whose keys are all digits are not supported: the platform would reorder them. There are none in the machine.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonical } from '@tack-ci/core'
 *
 * assert.strictEqual(canonical({ b: [1, null], a: 'ä\n' }), '{"a":"ä\\n","b":[1,null]}')
 */
export const canonical = (value: Json): string => JSON.stringify(isSorted(value) ? value : sorted(value))
