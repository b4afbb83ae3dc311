/**
 * The fields of a YAML file, each read together with its place, so that an error can tell the author where it is.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { sortedPairs } from '../data/ascending.js'
import { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import { excerpt, wellFormed } from '../data/text.js'
import { utf8Length } from '../data/utf8.js'

/** Also the limit for the value of a variable: more does not fit into one argument of a process. */
const COMMAND_MAX = 65_536

/**
 * A YAML value, as it is spelled. `scalar`: a plain value that a parser takes for something other than text, a number
 * or a boolean, with its source text. A map is a list of its entries: an object would lose the key `__proto__`.
 */
export type Yaml = null | string | YamlScalar | ReadonlyArray<Yaml> | YamlMap

/** A plain scalar that is not text, as it is spelled. */
export interface YamlScalar {
  readonly scalar: string
}

/** A map of a YAML file: its entries, in file order. */
export interface YamlMap {
  readonly map: ReadonlyArray<readonly [key: string, value: Yaml]>
}

export type Read<A> = E.Either<string, A>

export type Entries = YamlMap['map']

/**
 * A place in the file as its author would write it: that of a key below another place.
 *
 * @example
 * import assert from 'node:assert'
 * import { inside } from '@tack-ci/core'
 *
 * assert.strictEqual(inside('steps[0]', 'command'), 'steps[0].command')
 */
export const inside = (place: string, key: string): string => `${place}.${excerpt(key)}`

/**
 * Whether the value is a list.
 *
 * @example
 * import assert from 'node:assert'
 * import { isList } from '@tack-ci/core'
 *
 * assert.deepStrictEqual([isList([]), isList({ map: [] }), isList('')], [true, false, false])
 */
export const isList = (u: Yaml): u is ReadonlyArray<Yaml> => Array.isArray(u)

/**
 * Whether the value is a map.
 *
 * @example
 * import assert from 'node:assert'
 * import { isMap } from '@tack-ci/core'
 *
 * assert.deepStrictEqual([isMap([]), isMap({ map: [] }), isMap({ scalar: '7' })], [false, true, false])
 */
export const isMap = (u: Yaml): u is YamlMap => typeof u === 'object' && u !== null && !isList(u) && 'map' in u

export const isScalar = (u: Yaml): u is YamlScalar => typeof u === 'object' && u !== null && !isList(u) && 'scalar' in u

export const mapAt = (place: string, u: Yaml): Read<Entries> =>
  u === null ? E.right([]) : isMap(u) ? E.right(u.map) : E.left(`${place} is not a map`)

/** The value of a key; `null` if the key is absent. */
export const under = (entries: Entries, key: string): Yaml => entries.find(([name]) => name === key)?.[1] ?? null

/** Text without NUL, which ends a string in C: no process accepts one in an argument or variable. */
const cleanAt = (place: string, text: string): Read<string> =>
  text.includes('\u0000') ? E.left(`${place} holds a NUL`) : E.right(wellFormed(text))

export const textAt = (place: string, u: Yaml): Read<string> =>
  typeof u === 'string' ? cleanAt(place, u) : E.left(`${place} is not text`)

/** Text, or a number or boolean as it is spelled: an author who writes `1.10` as a name gets `1.10`. */
export const scalarAt = (place: string, u: Yaml): Read<string> => textAt(place, isScalar(u) ? u.scalar : u)

/** `text` if it is no longer than a command may be. */
export const shortAt =
  (place: string) =>
  (text: string): Read<string> =>
    utf8Length(text) > COMMAND_MAX ? E.left(`${place} is longer than 65,536 bytes`) : E.right(text)

/** The spellings of YAML 1.1, which other readers of these files accept. */
const TRUE: ReadonlyArray<string> = ['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']

const FALSE: ReadonlyArray<string> = ['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']

export const booleanAt = (place: string, u: Yaml): Read<boolean> => {
  if (u === null) return E.right(false)
  const text = isScalar(u) ? u.scalar : u
  if (typeof text !== 'string') return E.left(`${place} is neither true nor false`)
  if (TRUE.includes(text)) return E.right(true)
  return FALSE.includes(text) ? E.right(false) : E.left(`${place} is neither true nor false`)
}

const DIGITS = /^(?:0|[1-9][0-9]{0,15})$/

export const naturalAt = (place: string, u: Yaml, otherwise: Natural): Read<Natural> => {
  if (u === null) return E.right(otherwise)
  const number = isScalar(u) && DIGITS.test(u.scalar) ? Number(u.scalar) : -1
  return Natural.is(number) ? E.right(number) : E.left(`${place} is not a whole number`)
}

/** Reads every item of a list, or gives the first fault. */
const eachAt = <A>(
  place: string,
  items: ReadonlyArray<Yaml>,
  read: (place: string, u: Yaml) => Read<A>
): Read<ReadonlyArray<A>> =>
  E.traverseReadonlyArrayWithIndex((i: number, u: Yaml) => read(`${place}[${String(i)}]`, u))(items)

export const listAt = <A>(
  place: string,
  max: number,
  u: Yaml,
  read: (place: string, u: Yaml) => Read<A>
): Read<ReadonlyArray<A>> => {
  if (u === null) return E.right([])
  if (!isList(u)) return E.left(`${place} is not a list`)
  return u.length > max ? E.left(`${place} has more than ${String(max)} items`) : eachAt(place, u, read)
}

/** The first entry of each name. (Parsers that refuse duplicate names never make any other.) */
const firstOfEach = (entries: Entries): Entries => {
  let seen: M.OrderedMap<string, true> = M.empty()
  return entries.filter(([name]) => {
    if (M.has(name)(seen)) return false
    seen = M.upsertAt<string, true>(name, true)(seen)
    return true
  })
}

/** Reads every entry of a map, by name, ascending. */
export const entriesAt = <A>(
  place: string,
  max: number,
  u: Yaml,
  read: (place: string, u: Yaml) => Read<A>
): Read<ReadonlyArray<readonly [string, A]>> =>
  pipe(
    mapAt(place, u),
    E.map(firstOfEach),
    E.filterOrElse(
      (entries) => entries.length <= max,
      () => `${place} has more than ${String(max)} entries`
    ),
    E.chain(
      E.traverseArray(([name, value]) =>
        pipe(
          name === wellFormed(name) ? cleanAt(`a name in ${place}`, name) : E.left(`a name in ${place} is not text`),
          E.chain(() => read(inside(place, name), value)),
          E.map((a): readonly [string, A] => [name, a])
        )
      )
    ),
    E.map(sortedPairs)
  )
