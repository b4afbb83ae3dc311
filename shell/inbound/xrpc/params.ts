/**
 * The parameters of a call. A parameter that the method does not have, and one that comes twice and is no list, are refused: what the caller
 * means cannot be told, and an answer to another question misleads.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Did, excerpt, Tid } from '../../../core/index.js'

export interface Params {
  /** The values of a list, in order. */
  readonly all: (name: string) => ReadonlyArray<string>
  /** The value of a parameter; `null` where it is not given, or empty. */
  readonly one: (name: string) => string | null
}

/** The parameters, of which `single` come once at most. @returns `Left` with a sentence. */
export const paramsOf = (query: URLSearchParams, single: ReadonlyArray<string>, lists: ReadonlyArray<string> = []): E.Either<string, Params> => {
  const unknown = [...query.keys()].find((name) => !single.includes(name) && !lists.includes(name))
  if (unknown !== undefined) return E.left(`unknown parameter "${excerpt(unknown)}": there are ${[...single, ...lists].join(', ')}`)
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

/** A DID that must be there. */
export const didIn = (name: string) => (params: Params): E.Either<string, Did> =>
  pipe(
    given(name, 'the DID of a repository')(params),
    E.filterOrElse(Did.is, () => `"${name}" is not a DID`)
  )

/** A TID that must be there. */
export const tidIn = (name: string) => (params: Params): E.Either<string, Tid> =>
  pipe(
    given(name, 'the id of a pipeline, a TID')(params),
    E.filterOrElse(Tid.is, () => `"${name}" is not a TID`)
  )
