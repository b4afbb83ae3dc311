/**
 * Computes the differences between two JSON values, as pieces that can be applied one after the other, forward or backward.
 *
 * A list of pairs whose first items are texts is how maps are written. Such lists are compared by these keys: an inserted entry moves no other.
 */
import { canonical, type Json } from '../../core/index.js'

/** A path in a value: strings are names of fields and keys of maps, numbers are indexes of lists. */
export type Path = ReadonlyArray<string | number>

/** One piece. Without `before` the value is added, without `after` it is removed; in a list, the items after it move. */
export interface Difference {
  readonly after?: Json
  readonly before?: Json
  readonly path: Path
}

type Fields = { readonly [name: string]: Json }

const isList = (json: Json): json is ReadonlyArray<Json> => Array.isArray(json)
const isObject = (json: Json): json is Fields => typeof json === 'object' && json !== null && !isList(json)
const isSame = (a: Json, b: Json): boolean => a === b || canonical(a) === canonical(b)

/** The entries of a map that is written as a list; an empty list is an empty map. `null` for any other list. */
const entriesOf = (list: ReadonlyArray<Json>): ReadonlyMap<string, Json> | null => {
  const entries = new Map<string, Json>()
  for (const item of list) {
    if (!isList(item) || item.length !== 2) return null
    const [key, value] = item
    if (typeof key !== 'string' || value === undefined) return null
    entries.set(key, value)
  }
  return entries.size === list.length ? entries : null
}

const ofEntries = (before: ReadonlyMap<string, Json>, after: ReadonlyMap<string, Json>, path: Path): ReadonlyArray<Difference> => [
  ...[...before].flatMap(([key, value]) => (after.has(key) ? [] : [{ before: value, path: [...path, key] }])),
  ...[...after].flatMap(([key, value]) => {
    const old = before.get(key)
    return old === undefined ? [{ after: value, path: [...path, key] }] : between(old, value, [...path, key])
  })
]

/** How many items at the start of `before` are gone: those before the first item of `after`; 0 if `before` does not contain that item. */
const dropped = (before: ReadonlyArray<Json>, after: ReadonlyArray<Json>): number => {
  const [first] = after
  return first === undefined ? 0 : Math.max(0, before.findIndex((item) => isSame(item, first)))
}

const ofLists = (before: ReadonlyArray<Json>, after: ReadonlyArray<Json>, path: Path): ReadonlyArray<Difference> => {
  const isSameAt = (i: number, j: number): boolean => {
    const [a, b] = [before[i], after[j]]
    return a !== undefined && b !== undefined && isSame(a, b)
  }
  const gone = dropped(before, after)
  let start = 0
  while (isSameAt(gone + start, start)) start++
  let end = 0
  while (before.length - end > gone + start && after.length - end > start && isSameAt(before.length - end - 1, after.length - end - 1)) end++
  const old = before.slice(gone + start, before.length - end)
  const now = after.slice(start, after.length - end)
  const both = Math.min(old.length, now.length)
  return [
    ...before.slice(0, gone).map((item) => ({ before: item, path: [...path, 0] })),
    ...old.slice(0, both).flatMap((item, i) => {
      const other = now[i]
      return other === undefined ? [] : between(item, other, [...path, start + i])
    }),
    ...old.slice(both).map((item) => ({ before: item, path: [...path, start + both] })),
    ...now.slice(both).map((item, i) => ({ after: item, path: [...path, start + both + i] }))
  ]
}

const between = (before: Json, after: Json, path: Path): ReadonlyArray<Difference> => {
  if (before === after) return []
  if (isObject(before) && isObject(after)) return ofEntries(new Map(Object.entries(before)), new Map(Object.entries(after)), path)
  if (isList(before) && isList(after)) {
    const [old, now] = [entriesOf(before), entriesOf(after)]
    if (old !== null && now !== null) return ofEntries(old, now, path)
    // An empty list may be either.
    const isListNow = (now === null && (old === null || old.size === 0)) || (old === null && now?.size === 0)
    if (isListNow) return ofLists(before, after, path)
  }
  return isSame(before, after) ? [] : [{ after, before, path }]
}

/** The pieces that turn `before` into `after`, in the order in which to apply them; to go backward, apply them in reverse. */
export const differences = (before: Json, after: Json): ReadonlyArray<Difference> => between(before, after, [])
