/** A push, as the knots of both generations send it. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { wellFormed } from '../../data/text.js'
import type { Push } from '../../model/trigger.js'
import { type Fields, isText, nameAt, type Read, shaAt } from '../fields.js'

const FILES_MAX = 10_000

/** `null` also for a value that is not a list of text, or is too long: the list only decides about `paths`. */
const filesIn = (u: unknown): ReadonlyArray<string> | null =>
  Array.isArray(u) && u.length <= FILES_MAX && u.every(isText) ? u.map(wellFormed) : null

const SKIP: ReadonlyArray<unknown> = ['skip-ci', 'ci-skip']

const skipsCi = (u: unknown): boolean => Array.isArray(u) && u.some((option) => SKIP.includes(option))

export const pushOf = (place: string, fields: Fields): Read<Push> =>
  pipe(
    E.Do,
    E.apS('_tag', E.right('Push' as const)),
    E.apS('changedFiles', E.right(filesIn(fields['changedFiles']))),
    E.apS('newSha', shaAt(`${place}newSha`, fields['newSha'])),
    E.apS('oldSha', shaAt(`${place}oldSha`, fields['oldSha'])),
    E.apS('ref', nameAt(`${place}ref`, fields['ref'])),
    E.apS('skipsCi', E.right(skipsCi(fields['pushOptions'])))
  )
