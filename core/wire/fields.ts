/**
 * The fields of what knots and callers send, each read together with its place, so that an error can say where it is.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Did, Sha } from '../data/identifiers.js'
import { wellFormed } from '../data/text.js'
import { isObject } from './json.js'

/** The limit for refs, names of branches and repositories, and keys of inputs. */
const NAME_MAX = 1_024

export type Read<A> = E.Either<string, A>

export type Fields = { readonly [key: string]: unknown }

/** For an absent field, knots omit it, or send `null` or `""`. */
export const isAbsent = (u: unknown): boolean => u === undefined || u === null || u === ''

export const mapAt = (place: string, u: unknown): Read<Fields> =>
  isObject(u) ? E.right(u) : E.left(`${place} is not an object`)

/** A reader for a field that may be absent. */
export const optional =
  <A>(read: (place: string, u: unknown) => Read<A>) =>
  (place: string, u: unknown): Read<A | null> =>
    isAbsent(u) ? E.right(null) : read(place, u)

export const textAt = (place: string, u: unknown): Read<string> =>
  typeof u === 'string' ? E.right(wellFormed(u)) : E.left(`${place} is not text`)

const NOT_IN_A_NAME = /[\u0000-\u0020\u007f]/

/** A name that git would accept: not empty, not too long, and without spaces and control characters. */
export const nameAt = (place: string, u: unknown): Read<string> =>
  pipe(
    textAt(place, u),
    E.filterOrElse(
      (text) => text !== '' && text.length <= NAME_MAX && !NOT_IN_A_NAME.test(text),
      () => `${place} is not a name`
    )
  )

export const shaAt = (place: string, u: unknown): Read<Sha> =>
  Sha.is(u) ? E.right(u) : E.left(`${place} is not the name of an object`)

export const didAt = (place: string, u: unknown): Read<Did> =>
  Did.is(u) ? E.right(u) : E.left(`${place} is not a DID`)

export const listAt = <A>(
  place: string,
  max: number,
  u: unknown,
  read: (place: string, u: unknown) => Read<A>
): Read<ReadonlyArray<A>> => {
  if (isAbsent(u)) return E.right([])
  if (!Array.isArray(u)) return E.left(`${place} is not a list`)
  if (u.length > max) return E.left(`${place} has more than ${String(max)} items`)
  return E.traverseReadonlyArrayWithIndex((i: number, item: unknown) => read(`${place}[${String(i)}]`, item))(u)
}

export const isText = (u: unknown): u is string => typeof u === 'string'
