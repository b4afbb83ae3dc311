/**
 * What a knot answers about itself and its repositories: whether it keeps lists of who may push, who owns a repository,
 * and who may push to it.
 *
 * Sources: tangled.org/core, lexicons `sh.tangled.knot.version`, `sh.tangled.repo.describeRepo` and
 * `sh.tangled.repo.listCollaborators`. A knot is run by a stranger, and may answer anything.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { Did } from '../data/identifiers.js'
import { wellFormed } from '../data/text.js'
import { isObject, parseJson } from './json.js'

/** How many collaborators a page has at most. */
export const COLLABORATORS_PAGE = 100

/** The longest DID that is taken from a knot's list. DIDs of people are shorter: a host name has 253 characters. */
const SUBJECT_MAX = 270

/** The longest cursor that is taken from a knot. */
const CURSOR_MAX = 512

type Fields = { readonly [key: string]: unknown }

const objectIn = (text: string): E.Either<string, Fields> => {
  const value = parseJson(text)
  if (O.isNone(value)) return E.left('not JSON')
  return isObject(value.value) ? E.right(value.value) : E.left('not an object')
}

/**
 * Whether the knot keeps its own lists of who may push, judging by its version. Older knots do not say what they can
 * do.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeKnotVersion } from '@tack-ci/core'
 *
 * const today = decodeKnotVersion('{"capabilities":["knot-acl"],"version":"1.15"}')
 * assert.deepStrictEqual(today, { _tag: 'Right', right: true })
 * assert.deepStrictEqual(decodeKnotVersion('{"version":"1.11"}'), { _tag: 'Right', right: false })
 */
export const decodeKnotVersion = (text: string): E.Either<string, boolean> => {
  const fields = objectIn(text)
  if (E.isLeft(fields)) return fields
  const { capabilities } = fields.right
  return E.right(Array.isArray(capabilities) && capabilities.includes('knot-acl'))
}

/** Who owns a repository, or that the knot does not have it. */
export type RepoDescription =
  | { readonly _tag: 'Described'; readonly owner: Did }
  | { readonly _tag: 'RepoNotFound' }

/**
 * Who owns the repository of that DID.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeDescribeRepo, Did } from '@tack-ci/core'
 *
 * const repo = Did.decode('did:plc:app')
 * assert(repo._tag === 'Right')
 * const decode = decodeDescribeRepo(repo.right)
 * const answer = decode('{"ownerDid":"did:plc:alice","repoDid":"did:plc:app","rkey":"app"}')
 * assert.deepStrictEqual(answer, { _tag: 'Right', right: { _tag: 'Described', owner: 'did:plc:alice' } })
 * const error = decode('{"error":"RepoNotFound","message":"failed to access repository"}')
 * assert.deepStrictEqual(error, { _tag: 'Right', right: { _tag: 'RepoNotFound' } })
 */
export const decodeDescribeRepo =
  (repo: Did) =>
  (text: string): E.Either<string, RepoDescription> => {
    const fields = objectIn(text)
    if (E.isLeft(fields)) return fields
    const { error, ownerDid, repoDid } = fields.right
    if (error === 'RepoNotFound') return E.right({ _tag: 'RepoNotFound' })
    if (repoDid !== repo) return E.left('the answer is about another repository')
    return Did.is(ownerDid) ? E.right({ _tag: 'Described', owner: ownerDid }) : E.left('ownerDid is not a DID')
  }

/** A page of the list of who may push. */
export interface CollaboratorsPage {
  /** The knot's cursor for the next page; `null` if this was the last. */
  readonly next: string | null
  readonly subjects: ReadonlyArray<Did>
}

/** Whether `u` can be sent back in a URL as it is. */
const isCursor = (u: unknown): u is string => typeof u === 'string' && u.length <= CURSOR_MAX && wellFormed(u) === u

const subjectIn = (item: unknown): ReadonlyArray<Did> => {
  if (!isObject(item)) return []
  const { subject } = item
  return Did.is(subject) && subject.length <= SUBJECT_MAX ? [subject] : []
}

/**
 * A page of the list; `asked` is the cursor it was requested with. Items that name nobody are skipped. A page without
 * items is the last, and so is one whose next cursor is the one it was requested with.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeCollaborators } from '@tack-ci/core'
 *
 * const page = decodeCollaborators(null)('{"items":[{"subject":"did:plc:bob"},{"subject":"bob"}],"cursor":"1"}')
 * assert.deepStrictEqual(page, { _tag: 'Right', right: { next: '1', subjects: ['did:plc:bob'] } })
 */
export const decodeCollaborators =
  (asked: string | null) =>
  (text: string): E.Either<string, CollaboratorsPage> => {
    const fields = objectIn(text)
    if (E.isLeft(fields)) return fields
    const { cursor, items } = fields.right
    if (!Array.isArray(items)) return E.left('items is not a list')
    if (items.length > COLLABORATORS_PAGE) return E.left('more items than were asked for')
    const next = cursor === undefined || cursor === null || cursor === '' ? null : cursor
    if (next !== null && !isCursor(next)) return E.left('cursor is not well-formed')
    return E.right({
      next: items.length === 0 || next === asked ? null : next,
      subjects: items.flatMap(subjectIn)
    })
  }
