/**
 * The parameters of a call. One that comes twice and is no list is refused: what the caller means cannot be told, and an answer to another
 * question misleads. One that the method does not have is passed over, as servers of XRPC do: newer clients send more.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Did, Tid } from '../../../core/index.js'

export interface Params {
  /** The values of a list, in order. */
  readonly all: (name: string) => ReadonlyArray<string>
  /** The value of a parameter; `null` where it is not given, or empty. */
  readonly one: (name: string) => string | null
}

/** The parameters, of which `single` come once at most. @returns `Left` with a sentence. */
export const paramsOf = (query: URLSearchParams, single: ReadonlyArray<string>): E.Either<string, Params> => {
  const repeated = single.find((name) => query.getAll(name).length > 1)
  if (repeated !== undefined) return E.left(`"${repeated}" may be given only once`)
  const valueOf = (name: string): string | null => query.get(name)
  return E.right({
    all: (name) => query.getAll(name),
    one: (name) => {
      const value = valueOf(name)
      return value === '' ? null : value
    }
  })
}

const given = (name: string, what: string) => (params: Params) =>
  pipe(
    params.one(name),
    E.fromNullable(`"${name}" is missing: it is ${what}`)
  )

/** A required DID. */
export const didIn = (name: string) => (params: Params): E.Either<string, Did> =>
  pipe(
    given(name, 'the DID of a repository')(params),
    E.filterOrElse(Did.is, () => `"${name}" is not a DID`)
  )

/** A required TID. */
export const tidIn = (name: string) => (params: Params): E.Either<string, Tid> =>
  pipe(
    given(name, 'the id of a pipeline, a TID')(params),
    E.filterOrElse(Tid.is, () => `"${name}" is not a TID`)
  )
