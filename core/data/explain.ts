/** A decoding error in one sentence: where, what was expected, what was there. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { excerpt } from './text.js'

const shown = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return `"${excerpt(value)}"`
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
  }
}

/** The deepest of `errors`: where alternatives were tried, it is the one that came nearest. */
const nearest = (errors: t.Errors): t.ValidationError | undefined =>
  errors.reduce<t.ValidationError | undefined>(
    (best, error) => (best === undefined || error.context.length > best.context.length ? error : best),
    undefined
  )

/**
 * A decoding error in one sentence, with the place, what was expected there, and what was found.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, explain } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'somebody' }))
 * assert(config._tag === 'Left')
 * assert.strictEqual(explain(config.left), 'at owner: expected Did, found "somebody"')
 */
export const explain = (errors: t.Errors): string => {
  const error = nearest(errors)
  if (error === undefined) return 'not valid'
  const path = error.context
    .map((entry) => entry.key)
    .filter((key) => key !== '')
    .join('.')
  const expected = error.context[error.context.length - 1]?.type.name ?? 'another value'
  return `${path === '' ? '' : `at ${path}: `}${error.message ?? `expected ${expected}, found ${shown(error.value)}`}`
}

/**
 * A value of a branded type, made without a cast from a value of your own program, such as a number or a name.
 *
 * @returns what is wrong with it, as `explain` says it.
 *
 * @example
 * import assert from 'node:assert'
 * import { checked, Did, HostName, Natural } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(checked(Natural)(3), { _tag: 'Right', right: 3 })
 * assert.deepStrictEqual(checked(HostName)('knot.example'), { _tag: 'Right', right: 'knot.example' })
 * assert.deepStrictEqual(checked(Did)('somebody'), { _tag: 'Left', left: 'expected Did, found "somebody"' })
 */
export const checked =
  <A>(codec: t.Type<A, unknown>) =>
  (value: unknown): E.Either<string, A> =>
    E.mapLeft(explain)(codec.decode(value))
