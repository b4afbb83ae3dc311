/**
 * Accounts: the rows of one DID, whether they count, and what an account event changes about that (D5).
 *
 * An event may come again, under the same stamp or a new one, and the events of one account may arrive in another order
 * than the one in which they happened. So besides its rows, an account remembers three things: the stamp of the latest
 * news about it (the gate), when it was deleted (the floor), and the event that last set it aside, so that a repeat of
 * that event is recognised.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { isFromFuture, laterOf, Rkey, Tid, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import { type AccountReceived, Collaborator, type CommitReceived, Member } from '../event.js'

// ---------------------------------------------------------------------------------------- model

/**
 * A repo row: like the record, but its knot is canonical, or `null` if the record names none that we may listen to
 * (D6).
 */
export const Repo = t.readonly(
  t.strict({
    createdAt: t.string,
    knot: t.union([HostName, t.null]),
    name: t.string,
    repoDid: t.string,
    spindle: t.string
  }),
  'Repo'
)
export type Repo = t.TypeOf<typeof Repo>

/** What is known of one key. A slot without a record is a tombstone: a record was deleted here (D3). */
export interface Slot<R> {
  readonly record: R | null
  /** The gate: the greatest rev applied at this key; `null` if none was. */
  readonly rev: Tid | null
  /** The greatest `time_us` of any commit applied at this key. */
  readonly timeUs: TimeUs
}

/** The slots of one collection, by key. */
export type Slots<R> = M.OrderedMap<Rkey, Slot<R>>

const slots = <R>(record: t.Type<R, unknown>): t.Type<Slots<R>, unknown> =>
  orderedMap(
    Rkey,
    t.readonly(t.strict({ record: t.union([record, t.null]), rev: t.union([Tid, t.null]), timeUs: TimeUs }))
  )

/** When the account was deleted. Commits of the account that are not later than this change nothing (D5). */
export const Floor = t.readonly(t.strict({ rev: t.union([Tid, t.null]), timeUs: TimeUs }), 'Floor')
export type Floor = t.TypeOf<typeof Floor>

/**
 * The last event that set the account aside, identified by what stays the same whenever it is sent: the time and the
 * number that its sender gave it.
 */
export const SetAside = t.readonly(
  t.strict({
    changedUs: TimeUs,
    /** Whether an event that gives a later time has made the account active since. */
    isOver: t.boolean,
    seq: Natural
  }),
  'SetAside'
)
export type SetAside = t.TypeOf<typeof SetAside>

/** An account: what is kept of one DID (D5). */
export const Account = t.readonly(
  t.strict({
    /** Whether its rows count. */
    active: t.boolean,
    /** The stamp of the latest news about the account; account events older than this change nothing. */
    asOfUs: TimeUs,
    collaborators: slots(Collaborator),
    floor: t.union([Floor, t.null]),
    /**
     * How far the stream had come when the account was admitted; `null` if the stream had not begun, or if strangers
     * are kept, too (D7).
     */
    horizonUs: t.union([TimeUs, t.null]),
    members: slots(Member),
    repos: slots(Repo),
    /** `null` if the account was never set aside, or if the last event that did so lacked the time or the number. */
    setAside: t.union([SetAside, t.null])
  }),
  'Account'
)
export type Account = t.TypeOf<typeof Account>

/** An account without rows, active as of that stamp. */
export const knownAccount = (asOfUs: TimeUs, horizonUs: TimeUs | null = null): Account => ({
  active: true,
  asOfUs,
  collaborators: M.empty(),
  floor: null,
  horizonUs,
  members: M.empty(),
  repos: M.empty(),
  setAside: null
})

export const NOBODY = knownAccount(0 as TimeUs)

/**
 * The account with these rows. Written out field by field: an object made by a spread has another hidden class each
 * time, and is slow to read.
 */
export const withRows = (
  { active, asOfUs, floor, horizonUs, setAside }: Account,
  { collaborators, members, repos }: Pick<Account, 'collaborators' | 'members' | 'repos'>
): Account => ({ active, asOfUs, collaborators, floor, horizonUs, members, repos, setAside })

/** How many keys of the account are known, tombstones included. */
export const sizeOf = ({ collaborators, members, repos }: Account): number =>
  M.size(collaborators) + M.size(members) + M.size(repos)

// ---------------------------------------------------------------------------------------- stamps

/**
 * The stamp as far as it may raise the gate of an account: a stamp from the future counts as the time of receipt (D5).
 */
export const stampOf = (event: CommitReceived | AccountReceived): TimeUs =>
  isFromFuture(event.timeUs, event.at) ? event.at : event.timeUs

/**
 * When it happened: the earliest of the times given. So nobody can date a deletion so late that it erases what came
 * after it.
 */
const happenedUs = ({ at, changedUs, timeUs }: AccountReceived): TimeUs =>
  Math.min(changedUs ?? timeUs, timeUs, at) as TimeUs

// ---------------------------------------------------------------------------------------- account events

/** Whether the event is the one that set the account aside last, sent again. */
const isRepeat = ({ setAside }: Account, { active, changedUs, seq }: AccountReceived): boolean =>
  !active && setAside !== null && setAside.changedUs === changedUs && setAside.seq === seq

/**
 * Whether the event says something new about the account. It does not if it is older than what we know; if it is from
 * before the account was admitted, for the account's own server answers for that time; or if it repeats the event that
 * set the account aside before the account became active again: that one is out of date, whatever its stamp.
 */
export const saysMore = (account: Account, event: AccountReceived): boolean =>
  event.timeUs >= account.asOfUs &&
  !(account.horizonUs !== null && event.timeUs <= account.horizonUs) &&
  !(isRepeat(account, event) && account.setAside?.isOver === true)

const setAsideBy = (account: Account, event: AccountReceived): SetAside | null => {
  const { active, changedUs, seq } = event
  const { setAside } = account
  if (active)
    return setAside === null || changedUs === null || changedUs <= setAside.changedUs
      ? setAside
      : { ...setAside, isOver: true }
  return changedUs === null || seq === null ? null : { changedUs, isOver: false, seq }
}

const greatestRev = <R>(map: Slots<R>, start: Tid | null): Tid | null =>
  M.reduceWithKey<Rkey, Slot<R>, Tid | null>(start, (_, rev, slot) =>
    slot.rev !== null && (rev === null || slot.rev > rev) ? slot.rev : rev
  )(map)

/** The floor that a deletion leaves: its time, and the greatest rev that was ever applied for the account. */
const floorOf = ({ collaborators, floor, members, repos }: Account, timeUs: TimeUs): Floor => ({
  rev: greatestRev(repos, greatestRev(members, greatestRev(collaborators, floor?.rev ?? null))),
  timeUs
})

/** Whether the event deletes the account. It does not if the account was already deleted by then, or admitted later. */
const isDeletion = (account: Account, event: AccountReceived): boolean =>
  !event.active &&
  event.status === 'deleted' &&
  !isRepeat(account, event) &&
  (account.floor === null || happenedUs(event) > account.floor.timeUs) &&
  (account.horizonUs === null || happenedUs(event) > account.horizonUs)

/** The account after an account event that is news. */
export const accountAfter = (account: Account, event: AccountReceived): Account => {
  const asOfUs = laterOf(account.asOfUs, stampOf(event))
  const setAside = setAsideBy(account, event)
  return isDeletion(account, event)
    ? {
        ...knownAccount(asOfUs, account.horizonUs),
        active: false,
        floor: floorOf(account, happenedUs(event)),
        setAside
      }
    : { ...account, active: event.active, asOfUs, setAside }
}
