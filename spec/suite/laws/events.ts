/** Revs and events, written down briefly: what laws and arbitraries need to say what happens next. */
import {
  type AccountReceived,
  COLLABORATOR,
  type Collaborator,
  type Collection,
  type CommitReceived,
  type Did,
  type Member,
  MEMBER,
  type Natural,
  REPO,
  type RepoRecord,
  type Rkey,
  type Tid,
  type TimeUs
} from '../../../core/index.js'

// ---------------------------------------------------------------------------------------- revs

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz'
const CLOCK_BITS = 10n
const LAST_RAW = (1n << 64n) - 1n

/** The TID that stands for the 64-bit number `raw`, brought into the range of TIDs. */
export const tidOf = (raw: bigint): Tid => {
  let rest = raw < 0n ? 0n : raw > LAST_RAW ? LAST_RAW : raw
  let text = ''
  for (let i = 0; i < 13; i++) {
    text = (DIGITS[Number(rest % 32n)] ?? '') + text
    rest /= 32n
  }
  return text as Tid
}

/** The number a TID stands for. */
export const rawOf = (tid: Tid): bigint => Array.from(tid).reduce((raw, digit) => raw * 32n + BigInt(DIGITS.indexOf(digit)), 0n)

/** The time in a TID, microseconds; up to 2⁵⁴, which a double does not hold. */
export const timeOf = (tid: Tid): bigint => rawOf(tid) >> CLOCK_BITS

/** The TID of a time and a clock id (0–1023). */
export const tidAt = (us: number | bigint, clock = 0): Tid => tidOf((BigInt(us) << CLOCK_BITS) | BigInt(clock))

// ---------------------------------------------------------------------------------------- events

/** What is put at a key, or that the key is deleted. */
export type Change =
  | { readonly collection: typeof MEMBER; readonly record: Member | null }
  | { readonly collection: typeof REPO; readonly record: RepoRecord | null }
  | { readonly collection: typeof COLLABORATOR; readonly record: Collaborator | null }

/** Whose key it is, when the commit was stamped and received, and over which connection it came. */
export interface Where {
  readonly at: number
  readonly connection: number
  readonly did: Did
  readonly ordinal?: number | null
  readonly rev: Tid | null
  readonly rkey: Rkey
  readonly timeUs: number
}

export const commitOf = (change: Change, { at, connection, did, ordinal = null, rev, rkey, timeUs }: Where): CommitReceived => {
  const place = { at: at as TimeUs, connection: connection as Natural, did, ordinal: ordinal as Natural | null, rev, rkey, timeUs: timeUs as TimeUs }
  const _tag = 'CommitReceived'
  // One branch a collection: the type of the record goes with it.
  switch (change.collection) {
    case MEMBER:
      return { ...place, _tag, collection: change.collection, record: change.record }
    case REPO:
      return { ...place, _tag, collection: change.collection, record: change.record }
    case COLLABORATOR:
      return { ...place, _tag, collection: change.collection, record: change.record }
  }
}

/** The change that deletes a key of `collection`. */
export const deletion = (collection: Collection): Change => ({ collection, record: null })

/** What the account's own side says of an account event: when it was, and its number. */
export interface Said {
  readonly changedUs?: number | null
  readonly seq?: number | null
}

export const accountOf = (
  did: Did,
  active: boolean,
  status: string | null,
  { at, connection, ordinal = null, timeUs }: Pick<Where, 'at' | 'connection' | 'ordinal' | 'timeUs'>,
  { changedUs, seq }: Said = {}
): AccountReceived => ({
  _tag: 'AccountReceived',
  active,
  at: at as TimeUs,
  changedUs: (changedUs ?? null) as TimeUs | null,
  connection: connection as Natural,
  did,
  ordinal: ordinal as Natural | null,
  seq: (seq ?? null) as Natural | null,
  status,
  timeUs: timeUs as TimeUs
})
