/**
 * The fields of a YAML file: read with their place, so that its author can be told what is wrong.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { sortedPairs } from '../data/ascending.js'
import { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import { excerpt, wellFormed } from '../data/text.js'
import { utf8Length } from '../data/utf8.js'

/** Also of the value of a variable: more does not fit into an argument of a process. */
const COMMAND_MAX = 65_536

/**
 * What YAML says, as it is spelled. `scalar`: what a parser takes for something else than text, a number or a truth
 * value, with the text that it was read from. A map is a list of its entries: as an object it would lose the key
 * `__proto__`.
 */
export type Yaml = null | string | YamlScalar | ReadonlyArray<Yaml> | YamlMap

/** What is plain in a YAML file and means something else than text, as it is spelled. */
export interface YamlScalar {
  readonly scalar: string
}

/** A map of a YAML file: its entries, in their order. */
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
 * Whether it is a list.
 *
 * @example
 * import assert from 'node:assert'
 * import { isList } from '@tack-ci/core'
 *
 * assert.deepStrictEqual([isList([]), isList({ map: [] }), isList('')], [true, false, false])
 */
export const isList = (u: Yaml): u is ReadonlyArray<Yaml> => Array.isArray(u)

/**
 * Whether it is a map.
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

/** What stands under a key; `null` where nothing does. */
export const under = (entries: Entries, key: string): Yaml => entries.find(([name]) => name === key)?.[1] ?? null

/** A NUL ends the text of a program in C: no process takes one. */
const cleanAt = (place: string, text: string): Read<string> =>
  text.includes('\u0000') ? E.left(`${place} holds a NUL`) : E.right(wellFormed(text))

export const textAt = (place: string, u: Yaml): Read<string> =>
  typeof u === 'string' ? cleanAt(place, u) : E.left(`${place} is not text`)

/** Text, or a number or truth value as it is spelled: who writes `1.10` and means a name gets `1.10`. */
export const scalarAt = (place: string, u: Yaml): Read<string> => textAt(place, isScalar(u) ? u.scalar : u)

/** `text` if it is no longer than a command may be. */
export const shortAt =
  (place: string) =>
  (text: string): Read<string> =>
    utf8Length(text) > COMMAND_MAX ? E.left(`${place} is longer than 65,536 bytes`) : E.right(text)

/** As YAML 1.1 spells them: other readers of these files take them. */
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

/** Every item of a list read, or the first fault. */
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

/** The first entry of each name. (A parser that refuses a name that comes twice makes no other.) */
const firstOfEach = (entries: Entries): Entries => {
  let seen: M.OrderedMap<string, true> = M.empty()
  return entries.filter(([name]) => {
    if (M.has(name)(seen)) return false
    seen = M.upsertAt<string, true>(name, true)(seen)
    return true
  })
}

/** Every entry of a map read, names rising. */
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
