/**
 * What a law is: a predicate over an arbitrary input. Laws know nothing of how inputs are made or how often they are tried,
 * so a port can bind the same predicates to another library.
 *
 * Each family of laws is a record from ids to predicates. The words of a law stand once, in laws.md, under the same id.
 */
import { OrderedMap as M } from '../../../core/index.js'

/** `true`: the law holds for this input. Anything else: it does not, and a text says how. */
export type Verdict = boolean | string

/** A family of laws, by id. */
export interface Laws {
  readonly [id: string]: (input: never) => Verdict
}

/** Whether `holds` for every item; the first that fails says where. */
export const every = <A>(items: Iterable<A>, holds: (item: A, index: number) => Verdict): Verdict => {
  let index = 0
  for (const item of items) {
    const verdict = holds(item, index)
    if (verdict !== true) return `at ${String(index)}: ${verdict === false ? 'it does not hold' : verdict}`
    index++
  }
  return true
}

/** Whether all of `verdicts` hold; the first that does not is the answer. */
export const all = (...verdicts: ReadonlyArray<Verdict>): Verdict => verdicts.find((verdict) => verdict !== true) ?? true

/** `premise` implies what follows. That the premise was met often enough is for the property to count. */
export const when = (premise: boolean, follows: () => Verdict): Verdict => !premise || follows()

/** The premise, or the words for its failure. */
export const because = (holds: boolean, words: () => string): Verdict => holds || words()

/** Equality of plain data by structure, of maps by their entries; what is shared is not walked. */
export const same = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (isMap(a) && isMap(b)) return same(M.toEntries(a), M.toEntries(b))
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)))
  )
}

const isMap = (value: object): value is M.OrderedMap<string, unknown> => 'root' in value

/** `same`, with both sides in the words of its failure. */
export const equal = (what: string, found: unknown, expected: unknown): Verdict =>
  same(found, expected) || `${what}: found ${shown(found)}, expected ${shown(expected)}`

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
