/** Parses JSON without exceptions: an error is a sentence. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { explain } from '../../core/index.js'

/** The value of a JSON text. */
export const parseJson = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    () => 'it is not JSON'
  )

/** `json` decoded by `codec`. */
export const decode = <A>(codec: t.Type<A, unknown>, json: unknown): E.Either<string, A> => {
  const decoded = codec.decode(json)
  return E.isLeft(decoded) ? E.left(explain(decoded.left)) : decoded
}

/** The JSON text decoded by `codec`. */
export const decodeText = <A>(codec: t.Type<A, unknown>, text: string): E.Either<string, A> => {
  const json = parseJson(text)
  return E.isLeft(json) ? json : decode(codec, json.right)
}
