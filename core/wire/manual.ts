/**
 * A manual request, as older knots send it in `sh.tangled.pipeline`, and callers in `sh.tangled.ci.triggerPipeline`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { utf8Length } from '../data/utf8.js'
import type { Manual, Pair } from '../model/trigger.js'
import { type Fields, listAt, mapAt, nameAt, optional, type Read, shaAt, textAt } from './fields.js'

const INPUTS_MAX = 100

/** The limit of all inputs together, keys and values, in bytes: each becomes a variable of every build. */
const INPUTS_BYTES_MAX = 65_536

const inputAt = (place: string, u: unknown): Read<Pair> =>
  pipe(
    mapAt(place, u),
    E.chain(({ key, value }) =>
      pipe(
        nameAt(`${place}.key`, key),
        E.chain((name) =>
          pipe(
            textAt(`${place}.value`, value ?? ''),
            E.map((text): Pair => [name, text])
          )
        )
      )
    )
  )

const inputsAt = (place: string, u: unknown): Read<ReadonlyArray<Pair>> =>
  pipe(
    listAt(place, INPUTS_MAX, u, inputAt),
    E.filterOrElse(
      (inputs) =>
        inputs.reduce((bytes, [key, value]) => bytes + utf8Length(key) + utf8Length(value), 0) <= INPUTS_BYTES_MAX,
      () => `${place} has more than ${String(INPUTS_BYTES_MAX)} bytes`
    )
  )

/** A manual request, whose fields are at that place. */
export const manualOf = (place: string, fields: Fields): Read<Manual> =>
  pipe(
    E.Do,
    E.apS('_tag', E.right('Manual' as const)),
    E.apS('inputs', inputsAt(`${place}inputs`, fields['inputs'])),
    E.apS('ref', optional(nameAt)(`${place}ref`, fields['ref'])),
    E.apS('sha', optional(shaAt)(`${place}sha`, fields['sha']))
  )
