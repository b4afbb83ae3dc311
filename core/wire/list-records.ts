/**
 * An account's records, as its own server lists them: the answer of `com.atproto.repo.listRecords`.
 *
 * Source: the lexicon `com.atproto.repo.listRecords`. The account chooses its server, which may answer anything. An
 * invalid record is skipped and counted; an invalid page is rejected as a whole.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { COLLABORATOR, type Collection, type Did, MEMBER, REPO, Rkey } from '../data/identifiers.js'
import { wellFormed } from '../data/text.js'
import type { ListedRecord } from '../event.js'
import { isObject, parseJson } from './json.js'
import { CollaboratorFromWire, MemberFromWire, RepoFromWire } from './records.js'

/** How many records a page has at most. */
export const RECORDS_PAGE = 100

/** The longest cursor that is taken from a server. */
const CURSOR_MAX = 512

/** Whether `u` can be sent back in a URL as it is. */
const isCursor = (u: unknown): u is string => typeof u === 'string' && u.length <= CURSOR_MAX && wellFormed(u) === u

/** What was asked for. */
export interface ListAsked {
  readonly collection: Collection
  readonly cursor: string | null
  readonly did: Did
}

/** A page of records. */
export interface ListedPage {
  /** The server's cursor for the next page; `null` if this was the last. */
  readonly next: string | null
  readonly records: ReadonlyArray<ListedRecord>
  /** How many records were skipped. */
  readonly rejected: number
}

/** The key in the AT-URI of a record, if it is of that account and collection. */
const rkeyOf = ({ collection, did }: ListAsked, uri: unknown): O.Option<Rkey> => {
  const start = `at://${did}/${collection}/`
  if (typeof uri !== 'string' || !uri.startsWith(start)) return O.none
  const rkey = uri.slice(start.length)
  return Rkey.is(rkey) ? O.some(rkey) : O.none
}

const decodeRecord = (collection: Collection, rkey: Rkey, value: unknown): O.Option<ListedRecord> => {
  switch (collection) {
    case MEMBER: {
      const member = MemberFromWire.decode(value)
      return E.isLeft(member) ? O.none : O.some({ collection: MEMBER, record: member.right, rkey })
    }
    case REPO: {
      const repo = RepoFromWire.decode(value)
      return E.isLeft(repo) ? O.none : O.some({ collection: REPO, record: repo.right, rkey })
    }
    case COLLABORATOR: {
      const collaborator = CollaboratorFromWire.decode(value)
      return E.isLeft(collaborator) ? O.none : O.some({ collection: COLLABORATOR, record: collaborator.right, rkey })
    }
  }
}

const decodeItem = (asked: ListAsked, item: unknown): O.Option<ListedRecord> => {
  if (!isObject(item)) return O.none
  const rkey = rkeyOf(asked, item['uri'])
  return O.isNone(rkey) ? O.none : decodeRecord(asked.collection, rkey.value, item['value'])
}

/**
 * The page that the text of an answer stands for. Total: any string gives a page, or a few words on what is wrong with
 * it.
 *
 * A page without records is the last, and so is one whose next cursor is the one it was requested with: a server must
 * not keep us reading in vain.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeListRecords, Did } from '@tack-ci/core'
 *
 * const did = Did.decode('did:plc:alice')
 * assert(did._tag === 'Right')
 * const decode = decodeListRecords({ collection: 'sh.tangled.spindle.member', cursor: null, did: did.right })
 *
 * const uri = 'at://did:plc:alice/sh.tangled.spindle.member/k'
 * const page = decode(`{"cursor":"k","records":[{"uri":"${uri}","value":{"subject":"did:plc:bob"}},7]}`)
 * assert(page._tag === 'Right')
 * assert.strictEqual(page.right.next, 'k')
 * assert.strictEqual(page.right.records[0]?.rkey, 'k')
 * assert.strictEqual(page.right.rejected, 1)
 *
 * assert.deepStrictEqual(decode('[]'), { _tag: 'Left', left: 'not an object' })
 */
export const decodeListRecords =
  (asked: ListAsked) =>
  (text: string): E.Either<string, ListedPage> => {
    const page = parseJson(text)
    if (O.isNone(page)) return E.left('not JSON')
    if (!isObject(page.value)) return E.left('not an object')
    const { cursor, records: items }: { readonly cursor?: unknown; readonly records?: unknown } = page.value
    if (!Array.isArray(items)) return E.left('records is not a list')
    if (items.length > RECORDS_PAGE) return E.left('more records than were asked for')
    const next = cursor === undefined || cursor === '' ? null : cursor
    if (next !== null && !isCursor(next)) return E.left('cursor is not well-formed')
    const records: Array<ListedRecord> = []
    for (const item of items) {
      const record = decodeItem(asked, item)
      if (O.isSome(record)) records.push(record.value)
    }
    return E.right({
      next: items.length === 0 || next === asked.cursor ? null : next,
      records,
      rejected: items.length - records.length
    })
  }
