/**
 * Jetstream, `/subscribe`: what a frame means.
 *
 * Source: github.com/bluesky-social/jetstream. Both generations of servers send these frames; newer ones add keys,
 * which are ignored. The parts of a frame are checked in a fixed order: stamp, DID, kind, collection, rkey, operation,
 * record. The first fault found is the one that is reported. A valid frame that does not concern us only moves the
 * cursor (S6, S7, D2).
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import { timeOfDateTime } from '../data/date-time.js'
import { COLLABORATOR, Collection, Did, MEMBER, REPO, Rkey, Tid, TimeUs } from '../data/identifiers.js'
import { Natural, ONE } from '../data/natural.js'
import { excerpt } from '../data/text.js'
import type { AccountReceived, CommitReceived, FrameRejected, Rejection, StreamAdvanced } from '../event.js'
import { isObject, parseJson } from './json.js'
import { CollaboratorFromWire, MemberFromWire, RepoFromWire } from './records.js'

/** When a frame came, and over which connection. */
export interface Receipt {
  readonly at: TimeUs
  readonly connection: Natural
}

type Decoded = E.Either<FrameRejected, CommitReceived | AccountReceived | StreamAdvanced>

/** The fields of a rejected frame that are known. */
type Known = Partial<Pick<FrameRejected, 'collection' | 'did' | 'operation' | 'ordinal' | 'rkey' | 'timeUs'>>

/**
 * The event of a frame that was not understood. The shell calls it for frames that never become text: too large
 * (`size`), binary (`binary`), or not UTF-8 (`utf8`).
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, defaults, initial, rejectFrame } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const receipt = {
 *   at: clampTimeUs(1_767_225_600_000_000),
 *   connection: initial(config.right).cursor.connection.number
 * }
 * const event = rejectFrame(receipt, 'size', 'more than 1 MiB')
 *
 * assert.strictEqual(event._tag, 'FrameRejected')
 * assert.strictEqual(event.timeUs, null)
 */
export const rejectFrame = (
  { at, connection }: Receipt,
  reason: Rejection,
  detail: string,
  known: Known = {}
): FrameRejected => ({
  _tag: 'FrameRejected',
  at,
  collection: known.collection ?? null,
  connection,
  detail: excerpt(detail),
  did: known.did ?? null,
  operation: known.operation ?? null,
  ordinal: known.ordinal ?? null,
  reason,
  rkey: known.rkey ?? null,
  timeUs: known.timeUs ?? null
})

/** A foreign value as it is shown in a report. */
const shown = (u: unknown): string => {
  if (u === undefined) return 'missing'
  if (typeof u === 'string') return `not well-formed: ${u}`
  return typeof u === 'number' ? `not well-formed: ${String(u)}` : 'of another type'
}

/** `u` cut to an excerpt for a report; `null` if it is not text. */
const named = (u: unknown): string | null => (typeof u === 'string' ? excerpt(u) : null)

/** A frame's place in the stream: its stamp, and the number that its server gave it. */
interface FramePosition {
  readonly ordinal: Natural | null
  readonly timeUs: TimeUs
}

const nothingForUs = ({ at, connection }: Receipt, { ordinal, timeUs }: FramePosition): Decoded =>
  E.right({ _tag: 'StreamAdvanced', at, connection, count: ONE, firstUs: timeUs, lastUs: timeUs, ordinal })

/** The number from which a server takes a cursor for microseconds. */
const FIRST_TIME = 1e15

/** The number of a frame. An invalid one counts as absent, and does not reject the frame. */
const ordinalOf = (u: unknown): Natural | null => (Natural.is(u) && u < FIRST_TIME ? ((u + 0) as Natural) : null)

/**
 * The event that the text of a frame stands for. Total: any string gives an event, or a rejection that names as much of
 * the frame as is known.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, decodeFrame, defaults, initial } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const receipt = {
 *   at: clampTimeUs(1_767_225_600_000_000),
 *   connection: initial(config.right).cursor.connection.number
 * }
 * const decode = decodeFrame(receipt)
 *
 * const frame = decode('{"did":"did:plc:alice","kind":"identity","time_us":1767225599000000}')
 * assert(frame._tag === 'Right')
 * assert.strictEqual(frame.right._tag, 'StreamAdvanced')
 *
 * const noise = decode('no JSON')
 * assert(noise._tag === 'Left')
 * assert.strictEqual(noise.left.reason, 'json')
 */
export const decodeFrame =
  (receipt: Receipt) =>
  (text: string): Decoded => {
    const frame = parseJson(text)
    return O.isNone(frame) ? E.left(rejectFrame(receipt, 'json', text)) : decodeValue(receipt, frame.value)
  }

/** The fields of a frame. Any of them may be missing. */
interface WireFrame {
  readonly account?: unknown
  readonly commit?: unknown
  readonly cursor?: unknown
  readonly did?: unknown
  readonly kind?: unknown
  readonly time_us?: unknown
}

const decodeValue = (receipt: Receipt, frame: unknown): Decoded => {
  if (!isObject(frame)) return E.left(rejectFrame(receipt, 'frame', 'not an object'))
  const { account, commit, cursor, did, kind, time_us }: WireFrame = frame
  if (!TimeUs.is(time_us))
    return E.left(rejectFrame(receipt, 'time', `time_us is ${shown(time_us)}`, { did: named(did) }))
  // Turns −0 into 0.
  const place: FramePosition = { ordinal: ordinalOf(cursor), timeUs: (time_us + 0) as TimeUs }
  if (!Did.is(did)) return E.left(rejectFrame(receipt, 'did', `did is ${shown(did)}`, { did: named(did), ...place }))
  switch (kind) {
    case 'commit':
      return decodeCommit(receipt, place, did, commit)
    case 'account':
      return decodeAccount(receipt, place, did, account)
    default:
      return nothingForUs(receipt, place)
  }
}

/** The fields of an account event. Any of them may be missing. */
interface WireAccount {
  readonly active?: unknown
  readonly seq?: unknown
  readonly status?: unknown
  readonly time?: unknown
}

const decodeAccount = (receipt: Receipt, place: FramePosition, did: Did, account: unknown): Decoded => {
  const { at, connection } = receipt
  const { active, seq, status, time }: WireAccount = isObject(account) ? account : {}
  if (typeof active !== 'boolean')
    return E.left(rejectFrame(receipt, 'account', 'active is not a boolean', { did, ...place }))
  return E.right({
    _tag: 'AccountReceived',
    active,
    at,
    changedUs: typeof time === 'string' ? O.toNullable(timeOfDateTime(time)) : null,
    connection,
    did,
    ordinal: place.ordinal,
    // Turns −0 into 0.
    seq: Natural.is(seq) ? ((seq + 0) as Natural) : null,
    status: named(status),
    timeUs: place.timeUs
  })
}

const isAbsent = (u: unknown): boolean => u === undefined || u === null

/** The fields of a commit. Any of them may be missing. */
interface WireCommit {
  readonly collection?: unknown
  readonly operation?: unknown
  readonly record?: unknown
  readonly rev?: unknown
  readonly rkey?: unknown
}

const decodeCommit = (receipt: Receipt, place: FramePosition, did: Did, commit: unknown): Decoded => {
  if (isAbsent(commit)) return nothingForUs(receipt, place)
  if (!isObject(commit)) return E.left(rejectFrame(receipt, 'commit', 'commit is not an object', { did, ...place }))
  const { collection, operation, record, rev, rkey }: WireCommit = commit
  const reject = (reason: Rejection, detail: string): Decoded =>
    E.left(
      rejectFrame(receipt, reason, detail, {
        collection: named(collection),
        did,
        operation: named(operation),
        rkey: named(rkey),
        ...place
      })
    )

  if (!Collection.is(collection))
    return typeof collection === 'string' || isAbsent(collection)
      ? nothingForUs(receipt, place)
      : reject('collection', 'collection is not text')
  if (!Rkey.is(rkey)) return reject('rkey', `rkey is ${shown(rkey)}`)

  const key: Key = {
    at: receipt.at,
    connection: receipt.connection,
    did,
    ...place,
    rev: Tid.is(rev) ? rev : null,
    rkey
  }
  switch (operation) {
    case 'create':
    case 'update': {
      const put = decodePut(key, collection, record)
      return E.isLeft(put) ? reject('record', put.left) : put
    }
    case 'delete':
      return E.right(commitReceived(key, collection, null))
    default:
      return typeof operation === 'string' || isAbsent(operation)
        ? nothingForUs(receipt, place)
        : reject('operation', 'operation is not text')
  }
}

type Key = Pick<CommitReceived, 'at' | 'connection' | 'did' | 'ordinal' | 'rev' | 'rkey' | 'timeUs'>

const commitReceived = <C extends Collection, R>(key: Key, collection: C, record: R) => ({
  _tag: 'CommitReceived' as const,
  at: key.at,
  collection,
  connection: key.connection,
  did: key.did,
  ordinal: key.ordinal,
  record,
  rev: key.rev,
  rkey: key.rkey,
  timeUs: key.timeUs
})

const firstMessage = (errors: t.Errors): string => errors[0]?.message ?? 'not a record'

/** A record put at the key, or what is wrong with the record. */
const decodePut = (key: Key, collection: Collection, u: unknown): E.Either<string, CommitReceived> => {
  switch (collection) {
    case MEMBER: {
      const member = MemberFromWire.decode(u)
      return E.isLeft(member) ? E.left(firstMessage(member.left)) : E.right(commitReceived(key, MEMBER, member.right))
    }
    case REPO: {
      const repo = RepoFromWire.decode(u)
      return E.isLeft(repo) ? E.left(firstMessage(repo.left)) : E.right(commitReceived(key, REPO, repo.right))
    }
    case COLLABORATOR: {
      const collaborator = CollaboratorFromWire.decode(u)
      return E.isLeft(collaborator)
        ? E.left(firstMessage(collaborator.left))
        : E.right(commitReceived(key, COLLABORATOR, collaborator.right))
    }
  }
}
