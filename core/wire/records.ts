/**
 * The records of the three collections, as strangers write them (S9).
 *
 * Only the named fields are read, spelled exactly so. For each, absent, `null` and `""` are one thing; a value of
 * another JSON type makes the record invalid. Everything else in a record, `$type` included, is neither checked nor
 * kept.
 *
 * Of an overlong field (record-limits.ts), one character beyond the limit is kept, which shows that it is too long.
 */
import * as t from 'io-ts'
import { COLLABORATOR, MEMBER, REPO } from '../data/identifiers.js'
import { wellFormed } from '../data/text.js'
import { Collaborator, Member, RepoRecord } from '../event.js'
import { LIMITS } from '../model/record-limits.js'
import { isObject } from './json.js'

type Fields = { readonly [field in string]?: unknown }

/** What a field says, up to one character beyond its limit: `""` if it is absent, `null` if it is not text. */
const text = (u: unknown, limit: number): string | null =>
  typeof u === 'string'
    ? wellFormed(u.length > limit ? u.slice(0, limit + 1) : u)
    : u === undefined || u === null
      ? ''
      : null

/**
 * The codec of a record whose fields are all text. `read` names each field by hand: every frame that concerns us passes
 * here, and a generic reader takes three times as long.
 */
const textRecord = <R extends { readonly [field in keyof R]: string }>(
  codec: t.Type<R>,
  read: (fields: Fields) => { readonly [field in keyof R]: string | null }
) => {
  const isWhole = (record: { readonly [field in keyof R]: string | null }): record is R => {
    for (const field in record) if (record[field] === null) return false
    return true
  }
  const firstBad = (record: { readonly [field in keyof R]: string | null }): string =>
    Object.entries(record).find(([, value]) => value === null)?.[0] ?? ''
  return new t.Type<R, R, unknown>(
    codec.name,
    codec.is,
    (u, context) => {
      if (!isObject(u)) return t.failure(u, context, 'record is not an object')
      const record = read(u)
      return isWhole(record) ? t.success(record) : t.failure(u, context, `${firstBad(record)} is not text`)
    },
    t.identity
  )
}

export const MemberFromWire = textRecord(Member, (fields) => ({
  createdAt: text(fields['createdAt'], LIMITS[MEMBER].createdAt),
  instance: text(fields['instance'], LIMITS[MEMBER].instance),
  subject: text(fields['subject'], LIMITS[MEMBER].subject)
}))

export const RepoFromWire = textRecord(RepoRecord, (fields) => ({
  createdAt: text(fields['createdAt'], LIMITS[REPO].createdAt),
  knot: text(fields['knot'], LIMITS[REPO].knot),
  name: text(fields['name'], LIMITS[REPO].name),
  repoDid: text(fields['repoDid'], LIMITS[REPO].repoDid),
  spindle: text(fields['spindle'], LIMITS[REPO].spindle)
}))

export const CollaboratorFromWire = textRecord(Collaborator, (fields) => ({
  createdAt: text(fields['createdAt'], LIMITS[COLLABORATOR].createdAt),
  repo: text(fields['repo'], LIMITS[COLLABORATOR].repo),
  repoDid: text(fields['repoDid'], LIMITS[COLLABORATOR].repoDid),
  subject: text(fields['subject'], LIMITS[COLLABORATOR].subject)
}))
