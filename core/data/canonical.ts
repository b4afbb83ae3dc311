/**
 * Canonical JSON: RFC 8785, restricted to what the machine uses. One value, one text, in every language.
 *
 * The restrictions: numbers are integers from −(2⁵³−1) to 2⁵³−1, and wider ones are strings of digits; strings are
 * well-formed Unicode; maps are arrays of entries, so that a key may be any text; absent values are `null`. That leaves
 * few rules: no white space, keys ascending by UTF-16 code unit, strings escaped as in RFC 8785 §3.2.2.2.
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
 * `JSON.stringify` escapes strings and writes integers as RFC 8785 does, so only the order of keys remains. What is
 * sorted already, as nearly everything is, is not copied: a line of the journal may hold thousands of events.
 *
 * Objects whose keys are all digits are not supported, because the platform would reorder them. The machine has none.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonical } from '@tack-ci/core'
 *
 * assert.strictEqual(canonical({ b: [1, null], a: 'ä\n' }), '{"a":"ä\\n","b":[1,null]}')
 */
export const canonical = (value: Json): string => JSON.stringify(isSorted(value) ? value : sorted(value))
