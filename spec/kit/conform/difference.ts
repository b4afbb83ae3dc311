/** Where two values differ, in words that somebody can search for in a program: `head.cursor.cursor: expected 5, got 4`. */
import type { Json } from '../../../core/index.js'

/** What stands at a path in what was expected and in what came; `undefined` where there is nothing. */
export interface Difference {
  readonly path: string
  readonly expected: Json | undefined
  readonly actual: Json | undefined
}

type Entry = readonly [key: string, value: Json]

const isArray = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !isArray(value)

/** A map of the machine is written as the array of its entries. An empty array may be one. */
const isMap = (value: ReadonlyArray<Json>): value is ReadonlyArray<Entry> =>
  value.every((entry) => isArray(entry) && entry.length === 2 && typeof entry[0] === 'string')

/** Whether every key is there once, and they rise: else it must be shown place by place. */
const rises = (entries: ReadonlyArray<Entry>): boolean => entries.every(([key], i) => i === 0 || (entries[i - 1]?.[0] ?? '') < key)

const byKey = (path: (key: string) => string, expected: ReadonlyArray<Entry>, actual: ReadonlyArray<Entry>): ReadonlyArray<Difference> => {
  const [was, is] = [new Map(expected), new Map(actual)]
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort()
  return keys.flatMap((key) => differencesAt(path(key), was.get(key), is.get(key)))
}

const differencesAt = (path: string, expected: Json | undefined, actual: Json | undefined): ReadonlyArray<Difference> => {
  if (expected === actual) return []
  if (isArray(expected) && isArray(actual)) {
    const item = (key: string): string => `${path}[${key}]`
    if (isMap(expected) && isMap(actual) && rises(expected) && rises(actual)) return byKey(item, expected, actual)
    const length = Math.max(expected.length, actual.length)
    return Array.from({ length }, (_, i) => differencesAt(item(String(i)), expected[i], actual[i])).flat()
  }
  // Variants that are not the same have nothing to compare part by part.
  if (isObject(expected) && isObject(actual) && expected['_tag'] === actual['_tag'])
    return byKey((key) => (path === '' ? key : `${path}.${key}`), Object.entries(expected), Object.entries(actual))
  return [{ path, expected, actual }]
}

/** Every place at which the two differ, from the outside in; none when they are one value. */
export const differences = (expected: Json, actual: Json, at = ''): ReadonlyArray<Difference> => differencesAt(at, expected, actual)

export const isSame = (a: Json, b: Json): boolean => differences(a, b).length === 0
