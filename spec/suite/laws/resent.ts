/**
 * Streams of which parts are sent again, under the same stamps or new ones, while records are read. The words are in laws.md.
 *
 * What cannot be had is written down here as `limits`: exactly those that behaviour.md states, found in what happened.
 */
import {
  type AccountReceived,
  COLLABORATOR,
  type Collection,
  type CommitReceived,
  type Commits,
  type Did,
  isMember,
  MEMBER,
  OrderedMap as M,
  REPO,
  type Rkey,
  type State
} from '../../../core/index.js'
import { timeOf } from './events.js'
import { pure } from './fence.js'
import { because, type Laws } from './law.js'
import { accountOf, accountsOf, end, FUTURE_US, isSelective, type Run, slotOf } from './run.js'

/** A run, and which frame of the stream each of its events is; `null`: none. A frame that is sent again has the same number. */
export interface Numbered {
  readonly frames: ReadonlyArray<number | null>
  readonly run: Run
}

/** A stream as it came once, and the same stream with parts of it sent again. All readings that can end have ended in both. */
export interface Resent {
  readonly again: Numbered
  readonly once: Numbered
}

// ---------------------------------------------------------------------------------------- ends

/** Whether the rows of the account count. */
const counts = (state: State, did: Did, { active }: Commits.Account): boolean =>
  active && (state.config.admission === 'open' || did === state.config.owner || isMember(did)(state))

const keyOf = (did: string, collection: Collection, rkey: string): string => `${did} ${collection} ${rkey}`

/** The rows that count, by key, as text. */
const rowsThatCount = (state: State): ReadonlyMap<string, string> => {
  const rows = new Map<string, string>()
  const note = (did: Did, collection: Collection, slots: M.OrderedMap<Rkey, Commits.Slot<unknown>>): void => {
    for (const [rkey, { record }] of M.toEntries(slots)) if (record !== null) rows.set(keyOf(did, collection, rkey), JSON.stringify(record))
  }
  for (const [did, account] of accountsOf(state)) {
    if (!counts(state, did, account)) continue
    note(did, MEMBER, account.members)
    note(did, REPO, account.repos)
    note(did, COLLABORATOR, account.collaborators)
  }
  return rows
}

const didOf = (key: string): string => key.slice(0, key.indexOf(' '))

/** The keys at which the two ends differ. Nothing is said of accounts that are still being read, or that only one of the ends admits. */
export const elsewhere = ({ again, once }: Resent): ReadonlyArray<string> =>
  pure(() => {
    const [a, b] = [end(once.run), end(again.run)]
    const [rowsA, rowsB] = [rowsThatCount(a), rowsThatCount(b)]
    const isRead = (did: string): boolean => [a, b].every(({ backfill }) => !M.has<string>(did)(backfill.accounts))
    const isAdmitted = (state: State, did: string): boolean => state.config.admission === 'open' || did === state.config.owner || isMember(did)(state)
    if (!isRead(a.config.owner)) return []
    return [...new Set([...rowsA.keys(), ...rowsB.keys()])].filter(
      (key) => rowsA.get(key) !== rowsB.get(key) && isRead(didOf(key)) && isAdmitted(a, didOf(key)) === isAdmitted(b, didOf(key))
    )
  })

// ---------------------------------------------------------------------------------------- limits

/** The limits that behaviour.md states, in its order. */
export type Limit = 'S14 account' | 'D7 late' | 'D7 before' | 'F9 account' | 'F9 deletion' | 'F9 rev'

const isUsable = ({ rev, timeUs }: CommitReceived): boolean => rev !== null && timeOf(rev) <= BigInt(timeUs) + BigInt(FUTURE_US)

/** What is known of a frame from the times that it came before. */
interface Past {
  /** Whether it counted when it came first. */
  readonly counted: boolean
  readonly first: number
  readonly leastUs: number
}

/** The limits met in one of the two runs: at a key, or for a whole account under its DID. */
const metIn = ({ frames, run }: Numbered, stampOnce: ReadonlyMap<number, number>, wentBack: Set<number>): ReadonlyMap<string, ReadonlySet<Limit>> => {
  const met = new Map<string, Set<Limit>>()
  const note = (where: string, limit: Limit): void => void met.set(where, (met.get(where) ?? new Set()).add(limit))
  const admittedAt = new Map<string, number>()
  /** Keys at which a commit from before the admission was applied under a new stamp. */
  const revived = new Map<string, ReadonlyArray<string>>()
  const past = new Map<number, Past>()
  const latest = new Map<string, { readonly accountUs: number; readonly isNew: boolean; readonly us: number }>()

  run.steps.forEach((step, i) => {
    const { after, before, event } = step
    if (after.commits.accounts !== before.commits.accounts)
      for (const [did] of accountsOf(after)) if (accountOf(before, did) === undefined) admittedAt.set(did, i)
    const frame = frames[i] ?? null
    if (frame === null || (event._tag !== 'CommitReceived' && event._tag !== 'AccountReceived')) return

    const { did, timeUs } = event
    const account = accountOf(before, did)
    const earlier = past.get(frame)
    const isNewStamp = timeUs !== stampOnce.get(frame)
    const horizonUs = account?.horizonUs ?? null
    const isFromBefore = earlier !== undefined && earlier.first < (admittedAt.get(did) ?? 0)
    const isBehind = horizonUs !== null && timeUs <= horizonUs
    const last = latest.get(did) ?? { accountUs: -1, isNew: false, us: -1 }
    if (event._tag === 'CommitReceived') {
      const key = keyOf(did, event.collection, event.rkey)
      if (!isUsable(event) && isNewStamp) note(key, 'F9 rev')
      if (isBehind && !isFromBefore && (slotOf(before, event.collection, did, event.rkey)?.rev ?? null) === null) note(key, 'D7 late')
      if (horizonUs !== null && !isBehind && isFromBefore && after.commits !== before.commits) revived.set(did, [...(revived.get(did) ?? []), key])
      // The first commit makes the account known as of its own stamp.
      if (timeUs <= last.accountUs && !isSelective(before)) note(did, 'S14 account')
    } else {
      if (isBehind && !isFromBefore) note(did, 'D7 late')
      if (event.status === 'deleted' && isFromBefore) for (const key of revived.get(did) ?? []) note(key, 'D7 before')
      if (takesAway(account, accountOf(after, did)) && isUnrecognized(event, earlier, horizonUs)) note(did, 'F9 deletion')
      if (event.status === 'deleted' && event.changedUs === null && isNewStamp) note(did, 'F9 deletion')
      if (timeUs <= last.us && !isSelective(before)) note(did, 'S14 account')
      if (timeUs <= last.accountUs) wentBack.add(frame)
      // It may count under the one stamp and not under the other; so may an event of the account that came under an old stamp since.
      if (wentBack.has(frame) && (isNewStamp || last.isNew)) note(did, 'F9 account')
    }
    const isAccount = event._tag === 'AccountReceived'
    latest.set(did, {
      accountUs: isAccount ? Math.max(last.accountUs, timeUs) : last.accountUs,
      isNew: last.isNew || (isAccount && isNewStamp),
      us: Math.max(last.us, timeUs)
    })
    past.set(frame, {
      counted: earlier?.counted ?? after.commits !== before.commits,
      first: earlier?.first ?? i,
      leastUs: Math.min(earlier?.leastUs ?? timeUs, timeUs)
    })
  })
  return met
}

/** Whether the account was deleted by the event, so that the floor is another. */
const takesAway = (before: Commits.Account | undefined, after: Commits.Account | undefined): boolean =>
  before !== undefined && after !== undefined && after.floor !== null && after.floor.timeUs !== before.floor?.timeUs

/**
 * Whether a deletion that came before may be taken for a new one: its time is another, or it did not count when it came first. None from before the
 * admission may.
 */
const isUnrecognized = ({ changedUs, timeUs }: AccountReceived, earlier: Past | undefined, horizonUs: number | null): boolean =>
  earlier !== undefined &&
  (changedUs === null || earlier.leastUs < changedUs || !earlier.counted) &&
  (horizonUs === null || Math.min(changedUs ?? timeUs, timeUs) > horizonUs)

const stampsOf = ({ frames, run }: Numbered): ReadonlyMap<number, number> => {
  const stamps = new Map<number, number>()
  run.events.forEach((event, i) => {
    const frame = frames[i] ?? null
    if (frame !== null && 'timeUs' in event && event.timeUs !== null && !stamps.has(frame)) stamps.set(frame, event.timeUs)
  })
  return stamps
}

/** Which limits each key that ends elsewhere has met; none would be a fault. */
export const limitsOf = (input: Resent): ReadonlyMap<string, ReadonlySet<Limit>> => {
  const stampOnce = stampsOf(input.once)
  const wentBack = new Set<number>()
  const found = [metIn(input.once, stampOnce, wentBack), metIn(input.again, stampOnce, wentBack)]
  return new Map(
    elsewhere(input).map((key) => [key, new Set(found.flatMap((met) => [...(met.get(key) ?? []), ...(met.get(didOf(key)) ?? [])]))])
  )
}

// ---------------------------------------------------------------------------------------- laws

export const RESENT = {
  'COMMIT-26': (input: Resent) => {
    const unexplained = [...limitsOf(input)].filter(([, limits]) => limits.size === 0).map(([key]) => key)
    return because(unexplained.length === 0, () => `it ends elsewhere at ${unexplained.join(', ')}`)
  }
} satisfies Laws
