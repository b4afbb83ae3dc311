/**
 * The longest that a field of a record may be, in UTF-16 code units. A longer one counts as absent: the author of a
 * record does not decide how much we keep, and a new text withdraws the old one even if it is too long.
 */
import { COLLABORATOR, type Collection, MEMBER, REPO } from '../data/identifiers.js'
import type { Collaborator, Member, RepoRecord } from './record.js'

type Limits<R> = { readonly [field in keyof R]: number }

const TIME = 64
/** A name of 253, a final dot, a colon, and five digits of a port. */
const HOST = 260
const NAME = 512
const DID = 2_048
/** The address of a record: a DID, a collection, a key. */
const ADDRESS = 2_600

/** The limits, by collection and field. */
export const LIMITS: {
  readonly [MEMBER]: Limits<Member>
  readonly [REPO]: Limits<RepoRecord>
  readonly [COLLABORATOR]: Limits<Collaborator>
} = {
  [MEMBER]: { createdAt: TIME, instance: HOST, subject: DID },
  [REPO]: { createdAt: TIME, knot: HOST, name: NAME, repoDid: DID, spindle: HOST },
  [COLLABORATOR]: { createdAt: TIME, repo: ADDRESS, repoDid: DID, subject: DID }
}

/** The fields of each collection, listed once: every commit that is news is checked against them. */
const FIELDS = {
  [MEMBER]: Object.entries(LIMITS[MEMBER]),
  [REPO]: Object.entries(LIMITS[REPO]),
  [COLLABORATOR]: Object.entries(LIMITS[COLLABORATOR])
}

/** A field that is too long, and its limit. */
export interface Overlong {
  readonly field: string
  readonly limit: number
}

const NONE: ReadonlyArray<Overlong> = []

/**
 * The overlong fields of a record, in ascending order. A field that is not text is never overlong.
 *
 * @example
 * import assert from 'node:assert'
 * import { overlong, REPO } from '@tack-ci/core'
 *
 * const record = { createdAt: '', knot: 'knot.example', name: 'n'.repeat(513), repoDid: '', spindle: 'ci.example' }
 * assert.deepStrictEqual(overlong(REPO, record), [{ field: 'name', limit: 512 }])
 */
export const overlong = (
  collection: Collection,
  record: { readonly [field: string]: unknown }
): ReadonlyArray<Overlong> => {
  let found: ReadonlyArray<Overlong> = NONE
  for (const [field, limit] of FIELDS[collection]) {
    const text = record[field]
    if (typeof text === 'string' && text.length > limit) found = [...found, { field, limit }]
  }
  return found
}

/**
 * The record with its overlong fields emptied.
 *
 * @example
 * import assert from 'node:assert'
 * import { REPO, withinLimits } from '@tack-ci/core'
 *
 * const record = { createdAt: '', knot: 'knot.example', name: 'n'.repeat(513), repoDid: '', spindle: 'ci.example' }
 * assert.deepStrictEqual(withinLimits(REPO, record), { ...record, name: '' })
 */
export const withinLimits = <R extends { readonly [field: string]: unknown }>(collection: Collection, record: R): R => {
  const fields = overlong(collection, record)
  return fields.length === 0 ? record : { ...record, ...Object.fromEntries(fields.map(({ field }) => [field, ''])) }
}
