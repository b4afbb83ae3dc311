/**
 * Canonical JSON: RFC 8785, restricted to what the machine uses. One value, one text, in every language.
 *
 * Restricted means: numbers are integers from −(2⁵³−1) to 2⁵³−1, wider ones are strings of digits; strings are well-formed
 * Unicode; maps are arrays of entries, so that a key may be any text; what is absent is `null`. Then the rules are few:
 * no white space, keys ascending by UTF-16 code unit, strings escaped as in RFC 8785 §3.2.2.2.
 */

/** A value that has a canonical text. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

const ascending = (keys: ReadonlyArray<string>): boolean => keys.every((key, i) => i === 0 || (keys[i - 1] ?? '') < key)

/** The same value with the keys of every object in ascending order; itself where they are already. */
const sorted = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) {
    const items = value.map(sorted)
    return items.every((item, i) => item === value[i]) ? value : items
  }
  const keys = Object.keys(value)
  const fields = keys.map((key): readonly [string, Json] => [key, sorted(value[key] ?? null)])
  if (ascending(keys) && fields.every(([key, field]) => field === value[key])) return value
  return Object.fromEntries([...fields].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/**
 * The canonical text of `value`.
 *
 * `JSON.stringify` escapes strings and writes integers as RFC 8785 does, so only the order of keys is left to see to.
 * Objects whose keys are all digits are not supported: the platform would reorder them. There are none in the machine.
 */
export const canonical = (value: Json): string => JSON.stringify(sorted(value))
