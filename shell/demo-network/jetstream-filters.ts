/**
 * The filters of a Jetstream server's clients, in the query of the URL or in a later message. They are parsed as the real servers do it, with the
 * same limits and error messages.
 *
 * Source: github.com/bluesky-social/jetstream.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { IncomingMessage } from 'node:http'
import { Did, Nsid } from '../../core/index.js'
import type { Goodbye } from './endpoint.js'

/** Which frames a client wants. An empty list means all. */
export interface Wanted {
  readonly collections: ReadonlyArray<string>
  readonly dids: ReadonlyArray<string>
  /** 0 for no limit. */
  readonly maxMessageSizeBytes: number
}

/** What a client asks for, as it wrote it. */
export interface JetstreamAsked extends Wanted {
  /** `null` if it gave none. */
  readonly cursor: string | null
  /** Whether to send nothing before the client has sent its options. */
  readonly requireHello: boolean
}

const MAX_COLLECTIONS = 100
const MAX_DIDS = 10_000
const INTEGER = /^[0-9]{1,19}$/

const distinct = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(texts)]

const isPattern = (collection: string): boolean => collection.endsWith('.*')

/** The filter of a client, or what is wrong with it. Like the real servers, this does not look at what comes before `.*`. */
const wanted = (collections: ReadonlyArray<string>, dids: ReadonlyArray<string>, maxSize: number): E.Either<string, Wanted> => {
  const noName = collections.find((collection) => !isPattern(collection) && !Nsid.is(collection))
  if (noName !== undefined) return E.left(`invalid collection: ${noName}`)
  if (collections.length > MAX_COLLECTIONS) return E.left(`too many wanted collections: > ${String(MAX_COLLECTIONS)}`)
  const noDid = dids.find((did) => !Did.is(did))
  if (noDid !== undefined) return E.left(`invalid DID: ${noDid}`)
  if (dids.length > MAX_DIDS) return E.left(`too many wanted DIDs: > ${String(MAX_DIDS)}`)
  return E.right({ collections, dids, maxMessageSizeBytes: maxSize })
}

/** The filter in the query. A size that is not a number means no limit, and an empty cursor means none. */
export const askedIn = (query: URLSearchParams, headers: IncomingMessage['headers']): E.Either<string, JetstreamAsked> => {
  if (query.get('compress') === 'true' || headers['socket-encoding']?.includes('zstd') === true)
    return headers['sec-websocket-extensions']?.includes('permessage-deflate') === true
      ? E.left('choose one compression scheme: zstd or permessage-deflate, not both')
      : E.left('compression is not supported here')
  const cursor = query.get('cursor') === '' ? null : query.get('cursor')
  if (cursor !== null && !INTEGER.test(cursor)) return E.left(`invalid cursor: ${cursor}`)

  const size = query.get('maxMessageSizeBytes') ?? ''
  const wants = wanted(
    distinct(query.getAll('wantedCollections')),
    distinct(query.getAll('wantedDids')),
    INTEGER.test(size) ? Number(size) : 0
  )
  return E.isLeft(wants) ? wants : E.right({ ...wants.right, cursor, requireHello: query.get('requireHello') === 'true' })
}

const Message = t.type({ type: t.string })
const Texts = t.union([t.array(t.string), t.null])
const OptionsUpdate = t.type({
  payload: t.partial({ maxMessageSizeBytes: t.number, wantedCollections: Texts, wantedDids: Texts })
})

/** A close frame has room for 123 bytes, and a character takes three at most. */
const REASON_MAX = 41

/** The new filter in a client's message; `null` if the message is of an unknown kind. */
export const updateIn = (text: string): E.Either<Goodbye, Wanted | null> => {
  const parsed = E.tryCatch(() => JSON.parse(text) as unknown, String)
  if (E.isLeft(parsed) || !Message.is(parsed.right)) return E.left({ code: 1007, reason: 'bad envelope' })
  if (parsed.right.type !== 'options_update') return E.right(null)
  if (!OptionsUpdate.is(parsed.right)) return E.left({ code: 1007, reason: 'bad options_update payload' })
  const { maxMessageSizeBytes = 0, wantedCollections, wantedDids } = parsed.right.payload
  const wants = wanted(distinct(wantedCollections ?? []), distinct(wantedDids ?? []), Math.max(maxMessageSizeBytes, 0))
  return E.isLeft(wants) ? E.left({ code: 1008, reason: wants.left.slice(0, REASON_MAX) }) : wants
}

/** The properties of a frame that decide who gets it. */
export interface Filtered {
  /** `null` if it is not a commit. */
  readonly collection: string | null
  /** `null` for a raw frame, which is not filtered. */
  readonly did: string | null
  readonly sizeBytes: number
}

/** Returns a function that says whether the client gets a frame. */
export const filterOf = ({ collections, dids, maxMessageSizeBytes }: Wanted): ((entry: Filtered) => boolean) => {
  const names = new Set(collections)
  const prefixes = collections.filter(isPattern).map((pattern) => pattern.slice(0, -1))
  const accounts = new Set(dids)
  const wantsCollection = (collection: string): boolean =>
    names.size === 0 || names.has(collection) || prefixes.some((prefix) => collection.startsWith(prefix))
  return ({ collection, did, sizeBytes }) =>
    did === null ||
    ((collection === null || wantsCollection(collection)) &&
      (accounts.size === 0 || accounts.has(did)) &&
      (maxMessageSizeBytes === 0 || sizeBytes <= maxMessageSizeBytes))
}
