/**
 * Rows: what the records on the network say, who may say it, and what follows from it for the knots.
 *
 * Rows are keyed by (collection, DID, rkey) and kept by account, because three things are decided for an account as a whole:
 * whether its rows count (D5), from when on its commits count (the floor), and when it can be forgotten.
 *
 * A commit is let through by its rev, per key, so that a replay changes nothing and causes nothing (D3). What the change
 * means for the knots comes out as holds made and released; the knots' reducer turns them into subscriptions.
 */
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { type Account, isNews, known, NOBODY, type Floor, type Repo, sizeOf, type Slot, type Slots, stampOf, standing, withRows } from './accounts.js'
import type { Repository } from './build.js'
import { Admission, Caps, type Config, type Natural, NonEmpty } from './config.js'
import { canonicalHost, type HostName, HostPolicy } from './data/host-name.js'
import { COLLABORATOR, type Collection, Did, FUTURE_US, isTidAfter, laterOf, MEMBER, REPO, type Rkey, type Tid, type TimeUs } from './data/identifiers.js'
import { insertAt, type MultiMap, removeAt, valuesAt } from './data/multimap.js'
import * as M from './data/ordered-map.js'
import { excerpt } from './data/text.js'
import type { AccountReceived, Collaborator, CommitReceived, Event, ListedRecord, Member, RecordsRead, RepoRecord } from './event.js'
import { overlong, withinLimits } from './limits.js'
import { chain, NOTHING, type ReportEffect, report, type Transition, unchanged } from './transition.js'
import type { RepoClaim } from './trigger.js'

// ---------------------------------------------------------------------------------------- model

/** The part of the configuration that decides what rows mean. */
export const Policy = t.readonly(
  t.strict({ admission: Admission, backfill: t.boolean, caps: Caps, hostname: NonEmpty, hosts: HostPolicy, owner: Did }),
  'Policy'
)
export type Policy = t.TypeOf<typeof Policy>

export interface CommitsState {
  readonly accounts: M.OrderedMap<Did, Account>
  /** Derived: how many live records of the owner make this subject a member: those of `named`, or none while the owner is set aside. */
  readonly members: M.OrderedMap<string, number>
  /** Derived: how many records of the owner name this subject, also while the owner is set aside. Keys are any text. */
  readonly named: M.OrderedMap<string, number>
  readonly policy: Policy
  /** Derived: by the DID of a repository, the records with our hostname as spindle that give it. Keys are any text. */
  readonly repoDids: MultiMap<string, Holder>
  /** Derived: how many keys there are of accounts that are neither the owner's nor named by a record of the owner. */
  readonly strangerKeys: number
}

/** What holds a knot: `<did>/<rkey>` of a repo record. A DID has no slash, so no two records share a name. */
export type Holder = `${Did}/${Rkey}`

/** The name of a holder. */
export const holder = (did: Did, rkey: Rkey): Holder => `${did}/${rkey}`

/** The account and the key that a holder names. */
const recordOf = (name: Holder): readonly [Did, Rkey] => {
  const slash = name.indexOf('/')
  return [name.slice(0, slash) as Did, name.slice(slash + 1) as Rkey]
}

/** A live, admitted repo record holds a knot through us, or does not any more. */
export interface HoldChanged {
  readonly _tag: 'HoldMade' | 'HoldReleased'
  readonly did: Did
  readonly knot: HostName
  readonly rkey: Rkey
}

/** A live record of the owner makes this account a member, or none does any more. */
export interface MemberChanged {
  readonly _tag: 'Admitted' | 'Dismissed'
  readonly did: Did
}

const policyOf = ({ admission, backfill, caps, hostname, hosts, owner }: Config): Policy => ({ admission, backfill, caps, hostname, hosts, owner })

export const initial = (config: Config): CommitsState => ({
  accounts: M.empty(),
  members: M.empty(),
  named: M.empty(),
  policy: policyOf(config),
  repoDids: M.empty(),
  strangerKeys: 0
})

// ---------------------------------------------------------------------------------------- who is known

/**
 * Whether only those are known who are admitted: under `members`, where what is not kept of others can be read once they are
 * admitted. Otherwise whoever has rows is known, as far as there is room.
 */
const isSelective = ({ admission, backfill }: Policy): boolean => admission === 'members' && backfill

/** Whether the account is the owner's, or a record of the owner names it. It is so also while the owner is set aside. */
const isOurs = ({ named, policy }: Pick<CommitsState, 'named' | 'policy'>, did: Did): boolean => did === policy.owner || M.has<string>(did)(named)

/** Whether nothing is kept of the account: its commits and account events only move the cursor. */
export const isStranger = (state: CommitsState, did: Did): boolean =>
  isSelective(state.policy) && did !== state.policy.owner && !M.has(did)(state.accounts)

/** Whether there is anything to remember the account for. */
const isRemembered = (state: Pick<CommitsState, 'named' | 'policy'>, did: Did, account: Account): boolean =>
  isSelective(state.policy) ? isOurs(state, did) : account.floor !== null || sizeOf(account) > 0

/** What cannot be in a state that came about, as a sentence; `null` when all is in order. */
export const incoherence = (state: CommitsState): string | null => {
  const { accounts, members, policy } = state
  const every = (holds: (did: Did, account: Account) => boolean): boolean =>
    M.reduceWithKey<Did, Account, boolean>(true, (did, ok, account) => ok && holds(did, account))(accounts)
  if (!every((did, account) => isRemembered(state, did, account)))
    return isSelective(policy)
      ? 'an account is neither the owner’s nor named by a record of the owner'
      : 'an account has no rows, no tombstones and no floor'
  if (!isSelective(policy)) return every((_, { horizonUs }) => horizonUs === null) ? null : 'an account has a horizon where everybody is known'
  return M.keys(members).filter(Did.is).every((did) => M.has(did)(accounts)) ? null : 'a member has no account'
}

/** How many more keys of the account there is room for (D7). */
const roomFor = (state: CommitsState, did: Did, account: Account): number => {
  const { caps } = state.policy
  return isOurs(state, did)
    ? caps.admitted - sizeOf(account)
    : Math.min(caps.stranger - sizeOf(account), caps.strangers - state.strangerKeys)
}

// ---------------------------------------------------------------------------------------- what rows mean

const accountOf = (state: CommitsState, did: Did): Account | null => O.toNullable(M.lookup(did)(state.accounts))

/** The repo record in a slot of `account`, whether or not it counts. */
const rowAt = (account: Account, rkey: Rkey): Repo | null => {
  const slot = M.lookup(rkey)(account.repos)
  return O.isNone(slot) ? null : slot.value.record
}

/** The record in a slot of `account` that counts: none of an account that is not there, or is set aside. */
const liveRecord = (account: Account | null, rkey: Rkey): Repo | null => {
  return account === null || !account.active ? null : rowAt(account, rkey)
}

/** The repo record at (did, rkey), if it counts. */
export const liveRepo = (state: CommitsState, did: Did, rkey: Rkey): O.Option<Repo> =>
  O.fromNullable(liveRecord(accountOf(state, did), rkey))

/** Whether a record of the owner that counts makes `subject` a member. */
export const isMember = (state: CommitsState, subject: string): boolean => M.has(subject)(state.members)

/** Whether the records of `did` may make us act (D7). */
export const isAdmitted = (state: CommitsState, did: Did): boolean =>
  state.policy.admission === 'open' || did === state.policy.owner || isMember(state, did)

/** The knot that a record of `did` that counts holds through us, if it does (S13). */
const knotHeld = (state: CommitsState, did: Did, repo: Repo | null): HostName | null =>
  repo !== null && repo.spindle === state.policy.hostname && isAdmitted(state, did) ? repo.knot : null

/** The knot that the record at (did, rkey) holds through us, if it does. */
const holdOf = (state: CommitsState, did: Did, account: Account | null, rkey: Rkey): HostName | null =>
  knotHeld(state, did, liveRecord(account, rkey))

/** What has changed at one key between two states: the exact difference, nothing for what is as it was (D4). */
const holdChanged = (old: HostName | null, now: HostName | null, did: Did, rkey: Rkey): ReadonlyArray<HoldChanged> => {
  if (old === now) return NOTHING
  return [
    ...(now === null ? [] : [{ _tag: 'HoldMade' as const, did, knot: now, rkey }]),
    ...(old === null ? [] : [{ _tag: 'HoldReleased' as const, did, knot: old, rkey }])
  ]
}

/** The keys of the repo records in either. A deletion takes keys away, a commit or a reading adds some. */
const keysOf = (old: Account, now: Account): ReadonlyArray<Rkey> =>
  old.repos === now.repos ? M.keys(now.repos) : [...new Set([...M.keys(old.repos), ...M.keys(now.repos)])].sort()

/** What has changed between two states at the repo records of `dids`. */
const holdChanges = (before: CommitsState, after: CommitsState, dids: ReadonlyArray<Did>): ReadonlyArray<HoldChanged> =>
  dids.flatMap((did) => {
    const old = accountOf(before, did)
    const now = accountOf(after, did)
    return keysOf(old ?? NOBODY, now ?? NOBODY).flatMap((rkey) =>
      holdChanged(holdOf(before, did, old, rkey), holdOf(after, did, now, rkey), did, rkey)
    )
  })

/** Every hold that the rows make: what the knots' reducer is told when it starts from rows alone. */
export const allHolds = (state: CommitsState): ReadonlyArray<HoldChanged> =>
  holdChanges({ ...state, accounts: M.empty() }, state, M.keys(state.accounts))

// ---------------------------------------------------------------------------------------- members

/** The subject that the owner's record makes a member, `""` when it makes none. */
const subjectOf = (policy: Policy, record: Member | null): string =>
  record !== null && record.instance === policy.hostname ? record.subject : ''

const count =
  (subject: string, by: 1 | -1) =>
  (members: M.OrderedMap<string, number>): M.OrderedMap<string, number> => {
    if (subject === '') return members
    const n = pipe(
      M.lookup(subject)(members),
      O.getOrElse(() => 0)
    )
    return n + by === 0 ? M.deleteAt(subject)(members) : M.upsertAt(subject, n + by)(members)
  }

/** Whom the owner's rows name. */
const namedBy = (policy: Policy, accounts: CommitsState['accounts']): CommitsState['named'] =>
  pipe(
    M.lookup(policy.owner)(accounts),
    O.match(
      () => M.empty<string, number>(),
      (owner) =>
        M.reduceWithKey<Rkey, Slot<Member>, CommitsState['members']>(M.empty(), (_, members, slot) =>
          count(subjectOf(policy, slot.record), 1)(members)
        )(owner.members)
    )
  )

/** The members: those who are named, and none while the owner's account is set aside. */
const membersOf = (policy: Policy, accounts: CommitsState['accounts'], named: CommitsState['named']): CommitsState['members'] =>
  pipe(
    M.lookup(policy.owner)(accounts),
    O.match(
      () => M.empty(),
      (owner) => (owner.active ? named : M.empty())
    )
  )

/** The subjects that are DIDs, each once, ascending: so is told what becomes of them. */
const didsOf = (subjects: ReadonlyArray<string>): ReadonlyArray<Did> => [...new Set(subjects)].filter(Did.is).sort()

/** Who has become a member, and who has ceased to be one, of these subjects. */
const membersChanged = (before: CommitsState, after: CommitsState, subjects: ReadonlyArray<Did>): ReadonlyArray<MemberChanged> =>
  subjects.flatMap((did): ReadonlyArray<MemberChanged> => {
    const is = isMember(after, did)
    return is === isMember(before, did) ? [] : [{ _tag: is ? 'Admitted' : 'Dismissed', did }]
  })

// ---------------------------------------------------------------------------------------- repositories by their DIDs

/** The DID that a row gives its repository, `""` when it gives none or does not name us: only what names us is ever asked for. */
const repoDidOf = (policy: Policy, row: Repo | null): string => (row !== null && row.spindle === policy.hostname ? row.repoDid : '')

/** The index after the row at a key gave `old` and gives `now`. */
const reindexed = (index: CommitsState['repoDids'], did: Did, rkey: Rkey, old: string, now: string): CommitsState['repoDids'] => {
  if (old === now) return index
  const name = holder(did, rkey)
  const without = old === '' ? index : removeAt(old, name)(index)
  return now === '' ? without : insertAt(now, name)(without)
}

/** The index after the rows of an account were `old` and are `now`. */
const reindexedAll = (index: CommitsState['repoDids'], policy: Policy, did: Did, old: Slots<Repo>, now: Slots<Repo>): CommitsState['repoDids'] => {
  if (old === now) return index
  const without = M.reduceWithKey<Rkey, Slot<Repo>, CommitsState['repoDids']>(index, (rkey, acc, { record }) =>
    reindexed(acc, did, rkey, repoDidOf(policy, record), '')
  )(old)
  return M.reduceWithKey<Rkey, Slot<Repo>, CommitsState['repoDids']>(without, (rkey, acc, { record }) =>
    reindexed(acc, did, rkey, '', repoDidOf(policy, record))
  )(now)
}

/** The slice with these rows, and with what is derived from them. Linear in the rows. */
export const derive = (policy: Policy, accounts: CommitsState['accounts']): CommitsState => {
  const named = namedBy(policy, accounts)
  return {
    accounts,
    members: membersOf(policy, accounts, named),
    named,
    policy,
    repoDids: M.reduceWithKey<Did, Account, CommitsState['repoDids']>(M.empty(), (did, index, { repos }) =>
      reindexedAll(index, policy, did, NOBODY.repos, repos)
    )(accounts),
    strangerKeys: M.reduceWithKey<Did, Account, number>(0, (did, n, account) => (isOurs({ named, policy }, did) ? n : n + sizeOf(account)))(accounts)
  }
}

// ---------------------------------------------------------------------------------------- coming and going

/** The state without the account: all that was kept of it goes, its floor included. */
const without = (state: CommitsState, did: Did, { repos }: Account): CommitsState => ({
  ...state,
  accounts: M.deleteAt(did)(state.accounts),
  repoDids: reindexedAll(state.repoDids, state.policy, did, repos, NOBODY.repos)
})

/**
 * The state after the owner's records have changed. Where only those are known who are admitted, whoever is not named any more
 * goes, and whoever has become a member is known from now on: active as of the horizon, which is how far the stream has come. Elsewhere
 * they only change the room that their keys take.
 */
const settled = (before: CommitsState, after: CommitsState, subjects: ReadonlyArray<Did>, cursor: TimeUs | null): CommitsState =>
  subjects.reduce((state, did) => {
    const account = accountOf(state, did)
    if (!isSelective(state.policy)) {
      if (account === null || isOurs(before, did) === isOurs(state, did)) return state
      return { ...state, strangerKeys: state.strangerKeys + (isOurs(state, did) ? -sizeOf(account) : sizeOf(account)) }
    }
    if (account !== null) return isOurs(state, did) ? state : without(state, did, account)
    return isAdmitted(state, did) ? { ...state, accounts: M.upsertAt(did, known(cursor ?? (0 as TimeUs), cursor))(state.accounts) } : state
  }, after)

// ---------------------------------------------------------------------------------------- the gates

/** The rev, if it is one to go by: none, or one from the future of its own event, is not (D3). */
const usableRev = (event: CommitReceived): Tid | null =>
  event.rev !== null && !isTidAfter(event.rev, event.timeUs, FUTURE_US) ? event.rev : null

/** Whether the commit is later than the deletion of its account, if there was one (D5). */
const passesFloor = (floor: Floor | null, rev: Tid | null): boolean =>
  floor === null || (rev !== null && isTidAfter(rev, floor.timeUs, 0) && (floor.rev === null || rev > floor.rev))

/** Whether the commit is news at its key: by its rev, or, without a usable one, by its time (D3). */
const passesGate = (slot: Slot<unknown>, rev: Tid | null, timeUs: TimeUs): boolean =>
  rev === null ? timeUs > slot.timeUs : slot.rev === null || rev > slot.rev

/**
 * Whether no commit is known at the key: there is no slot, or one that only reading left. (A record that was read may have been
 * read too early, and gives way to every commit.)
 */
const isUntouched = (slot: Slot<unknown> | null): boolean => slot === null || (slot.rev === null && slot.timeUs === 0)

/**
 * Whether the commit is news. What came before the account was admitted is none where no commit is known since: of that its own
 * server says what came of it (B2). A replay from before the admission would else show old states.
 */
const isNewsAt = ({ floor, horizonUs }: Account, slot: Slot<unknown> | null, rev: Tid | null, timeUs: TimeUs): boolean =>
  passesFloor(floor, rev) &&
  !(horizonUs !== null && timeUs <= horizonUs && isUntouched(slot)) &&
  (slot === null || passesGate(slot, rev, timeUs))

// ---------------------------------------------------------------------------------------- commits

/** The slots with the commit applied. A delete leaves a tombstone, also where nothing was. */
const write = <R>(map: Slots<R>, rkey: Rkey, record: R | null, rev: Tid | null, timeUs: TimeUs): Slots<R> => {
  const slot = M.lookup(rkey)(map)
  if (O.isNone(slot)) return M.upsertAt<Rkey, Slot<R>>(rkey, { record, rev, timeUs })(map)
  return M.upsertAt<Rkey, Slot<R>>(rkey, { record, rev: rev ?? slot.value.rev, timeUs: laterOf(slot.value.timeUs, timeUs) })(map)
}

/** The row of a repo record under `hosts`: its knot in canonical form, or none. */
const repoOf = (hosts: HostPolicy, record: RepoRecord): Repo => ({
  createdAt: record.createdAt,
  knot: O.toNullable(canonicalHost(hosts)(record.knot)),
  name: record.name,
  repoDid: record.repoDid,
  spindle: record.spindle
})

/** What is known at a key of the account. */
const slotAt = ({ collaborators, members, repos }: Account, collection: Collection, rkey: Rkey): Slot<unknown> | null => {
  switch (collection) {
    case MEMBER:
      return O.toNullable(M.lookup(rkey)(members))
    case REPO:
      return O.toNullable(M.lookup(rkey)(repos))
    case COLLABORATOR:
      return O.toNullable(M.lookup(rkey)(collaborators))
  }
}

/** The account with the commit applied. */
const writeTo = (account: Account, policy: Policy, event: CommitReceived, rev: Tid | null): Account => {
  const { collaborators, members, repos } = account
  switch (event.collection) {
    case MEMBER:
      return withRows(account, { collaborators, members: write(members, event.rkey, event.record, rev, event.timeUs), repos })
    case REPO: {
      const row = event.record === null ? null : repoOf(policy.hosts, event.record)
      return withRows(account, { collaborators, members, repos: write(repos, event.rkey, row, rev, event.timeUs) })
    }
    case COLLABORATOR:
      return withRows(account, { collaborators: write(collaborators, event.rkey, event.record, rev, event.timeUs), members, repos })
  }
}

type Outcome = HoldChanged | MemberChanged | ReportEffect

/** The event without what is too long in its record. */
const cutToLimits = (event: CommitReceived): CommitReceived => {
  if (event.record === null) return event
  const record = withinLimits(event.collection, event.record)
  return record === event.record ? event : ({ ...event, record } as CommitReceived)
}

/** The reports about fields of a record that count as absent, because they are too long. */
const tooLong = (
  { collection, record, rkey }: { readonly collection: Collection; readonly record: { readonly [field: string]: string } | null; readonly rkey: Rkey },
  { at, did }: Pick<CommitReceived, 'at' | 'did'>
): ReadonlyArray<ReportEffect> =>
  record === null
    ? NOTHING
    : overlong(collection, record).map(({ field, limit }) =>
        report({ _tag: 'FieldTooLong', at, collection, did, field, limit: limit as Natural, rkey })
      )

const commit = (state: CommitsState, event: CommitReceived, cursor: TimeUs | null): Transition<CommitsState, Outcome> => {
  if (isStranger(state, event.did)) return unchanged(state)
  const [after, outcomes] = applied(state, cutToLimits(event), cursor)
  if (after === state) return [after, outcomes]
  const reports = tooLong(event, event)
  return reports.length === 0 ? [after, outcomes] : [after, [...outcomes, ...reports]]
}

const applied = (state: CommitsState, event: CommitReceived, cursor: TimeUs | null): Transition<CommitsState, Outcome> => {
  const before = accountOf(state, event.did) ?? known(stampOf(event))
  const slot = slotAt(before, event.collection, event.rkey)
  const rev = usableRev(event)
  if (!isNewsAt(before, slot, rev, event.timeUs)) return unchanged(state)
  if (slot === null && roomFor(state, event.did, before) <= 0) return [state, [keyRefused(event, event)]]

  const account = writeTo(before, state.policy, event, rev)
  const accounts = M.upsertAt(event.did, account)(state.accounts)
  const strangerKeys = slot === null && !isOurs(state, event.did) ? state.strangerKeys + 1 : state.strangerKeys
  const { members, named, policy } = state
  switch (event.collection) {
    case REPO: {
      const was = rowAt(before, event.rkey)
      const is = rowAt(account, event.rkey)
      const repoDids = reindexed(state.repoDids, event.did, event.rkey, repoDidOf(policy, was), repoDidOf(policy, is))
      const changes = account.active
        ? holdChanged(knotHeld(state, event.did, was), knotHeld(state, event.did, is), event.did, event.rkey)
        : NOTHING
      const refused = refusedKnot(is, event.record, event)
      return [{ accounts, members, named, policy, repoDids, strangerKeys }, refused.length === 0 ? changes : [...changes, ...refused]]
    }
    case MEMBER: {
      const after = { accounts, members, named, policy, repoDids: state.repoDids, strangerKeys }
      return event.did === policy.owner ? ownersMember(state, after, before, event, cursor) : [after, []]
    }
    case COLLABORATOR:
      return [{ accounts, members, named, policy, repoDids: state.repoDids, strangerKeys }, []]
  }
}

/** The report about a key for which there is no room. */
const keyRefused = (
  { at, did }: Pick<CommitReceived, 'at' | 'did'>,
  { collection, rkey }: { readonly collection: Collection; readonly rkey: Rkey }
): ReportEffect => report({ _tag: 'KeyRefused', at, collection, did, rkey })

/** The report about a repo record whose knot is none that we would listen to. That it names no knot is not reported. */
const refusedKnot = (
  row: Repo | null,
  record: RepoRecord | null,
  { at, did, rkey }: Pick<CommitReceived, 'at' | 'did' | 'rkey'>
): ReadonlyArray<ReportEffect> =>
  record === null || record.knot === '' || row === null || row.knot !== null
    ? NOTHING
    : [report({ _tag: 'KnotRefused', at, did, knot: excerpt(record.knot), rkey })]

/** The owner's record at a key has changed: the subject it named may not be a member any more, another may be one now. */
const ownersMember = (
  state: CommitsState,
  written: CommitsState,
  owner: Account,
  event: CommitReceived & { readonly collection: typeof MEMBER },
  cursor: TimeUs | null
): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const old = pipe(
    M.lookup(event.rkey)(owner.members),
    O.match(
      () => '',
      (slot) => subjectOf(state.policy, slot.record)
    )
  )
  const now = subjectOf(state.policy, event.record)
  const named = pipe(state.named, count(now, 1), count(old, -1))
  const subjects = didsOf([old, now])
  const after = settled(state, { ...written, members: owner.active ? named : state.members, named }, subjects, cursor)
  return [after, [...holdChanges(state, after, subjects), ...membersChanged(state, after, subjects)]]
}

// ---------------------------------------------------------------------------------------- accounts

/** Whether anything is known of the account. */
export const isKnown = (state: CommitsState, did: Did): boolean => M.has(did)(state.accounts)

/** Whether the event tells nothing new of an account that we know. */
export const isOutdated = (state: CommitsState, event: AccountReceived): boolean => {
  const account = accountOf(state, event.did)
  return account !== null && !isNews(account, event)
}

const accountChanged = (state: CommitsState, event: AccountReceived, cursor: TimeUs | null): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const before = accountOf(state, event.did)
  return before === null || !isNews(before, event) ? unchanged(state) : withAccount(state, event.did, standing(before, event), cursor)
}

/** The slice with another account, and what follows from that. With the owner's account, all members may come and go. */
const withAccount = (
  state: CommitsState,
  did: Did,
  now: Account,
  cursor: TimeUs | null
): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const old = accountOf(state, did) ?? NOBODY
  const accounts = M.upsertAt(did, now)(state.accounts)
  const isOwner = did === state.policy.owner
  const named = isOwner ? namedBy(state.policy, accounts) : state.named
  const subjects = isOwner ? didsOf([did, ...M.keys(state.named), ...M.keys(named)]) : [did]
  const written = {
    accounts,
    members: isOwner ? membersOf(state.policy, accounts, named) : state.members,
    named,
    policy: state.policy,
    repoDids: reindexedAll(state.repoDids, state.policy, did, old.repos, now.repos),
    strangerKeys: isOurs(state, did) ? state.strangerKeys : state.strangerKeys + sizeOf(now) - sizeOf(old)
  }
  const after = settled(state, written, subjects, cursor)
  return [after, [...holdChanges(state, after, subjects), ...membersChanged(state, after, subjects)]]
}

// ---------------------------------------------------------------------------------------- configuration

const samePolicy = (a: Policy, b: Policy): boolean =>
  a.admission === b.admission &&
  a.backfill === b.backfill &&
  a.caps.admitted === b.caps.admitted &&
  a.caps.stranger === b.caps.stranger &&
  a.caps.strangers === b.caps.strangers &&
  a.hostname === b.hostname &&
  a.owner === b.owner &&
  a.hosts.defaultPort === b.hosts.defaultPort &&
  a.hosts.loopback === b.hosts.loopback &&
  a.hosts.ports === b.hosts.ports

/** The rows with every knot read again under `hosts`: what is not allowed any more is not dialled any more. */
const reread =
  (hosts: HostPolicy) =>
  (accounts: CommitsState['accounts']): CommitsState['accounts'] =>
    M.map((account: Account) => ({
      ...account,
      repos: M.map((slot: Slot<Repo>) =>
        slot.record === null ? slot : { ...slot, record: repoOf(hosts, { ...slot.record, knot: slot.record.knot ?? '' }) }
      )(account.repos)
    }))(accounts)

/** The accounts of which something is to be remembered under the policy; horizons are of use only where strangers are not known. */
const remembered = (state: CommitsState): CommitsState['accounts'] =>
  M.reduceWithKey<Did, Account, CommitsState['accounts']>(state.accounts, (did, kept, account) => {
    if (!isRemembered(state, did, account)) return M.deleteAt(did)(kept)
    return account.horizonUs === null || isSelective(state.policy) ? kept : M.upsertAt<Did, Account>(did, { ...account, horizonUs: null })(kept)
  })(state.accounts)

/**
 * A changed configuration takes effect: another hostname, owner or admission makes other holds of the same rows. Where only those
 * are known who are admitted, the others go; and whoever is admitted and not known is known from now on, and read.
 */
const started = (state: CommitsState, policy: Policy, cursor: TimeUs | null): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const isSame = samePolicy(state.policy, policy)
  if (isSame && (!isSelective(policy) || M.has(policy.owner)(state.accounts))) return unchanged(state)
  const derived = isSame ? state : derive(policy, reread(policy.hosts)(state.accounts))
  const kept = isSame ? state : derive(policy, remembered(derived))
  const after = settled(kept, kept, didsOf([policy.owner, ...M.keys(kept.members)]), cursor)
  const subjects = didsOf([policy.owner, ...M.keys(state.members), ...M.keys(after.members)])
  const readAgain = (did: Did): boolean => isMember(state, did) === isMember(after, did) && M.has(did)(after.accounts) && !M.has(did)(kept.accounts)
  return [
    after,
    [
      ...holdChanges(state, after, M.keys(state.accounts)),
      ...subjects.flatMap((did) => (readAgain(did) ? [{ _tag: 'Admitted' as const, did }] : membersChanged(state, after, [did])))
    ]
  ]
}

// ---------------------------------------------------------------------------------------- records, read

const put = <R>(map: Slots<R>, rkey: Rkey, record: R): Slots<R> =>
  M.upsertAt<Rkey, Slot<R>>(rkey, { record, rev: null, timeUs: 0 as TimeUs })(map)

const putIn = (account: Account, hosts: HostPolicy, listed: ListedRecord): Account => {
  switch (listed.collection) {
    case MEMBER:
      return { ...account, members: put(account.members, listed.rkey, listed.record) }
    case REPO:
      return { ...account, repos: put(account.repos, listed.rkey, repoOf(hosts, listed.record)) }
    case COLLABORATOR:
      return { ...account, collaborators: put(account.collaborators, listed.rkey, listed.record) }
  }
}

/**
 * What the account's own server lists, where no commit is known: a later commit at such a key is news, whatever its rev, and so is any
 * account event. An account that was deleted is left alone: what its server lists may be from before.
 */
const read = (state: CommitsState, event: RecordsRead, cursor: TimeUs | null): Transition<CommitsState, Outcome> => {
  const before = accountOf(state, event.did) ?? NOBODY
  if (before.floor !== null || event.records.length === 0) return unchanged(state)

  const greatest = sizeOf(before) + Math.max(0, roomFor(state, event.did, before))
  const records = event.records.map((listed) => ({ ...listed, record: withinLimits(listed.collection, listed.record) }) as ListedRecord)
  const [account, refusals] = chain<Account, ReportEffect, ListedRecord>(before, records, (acc, listed) => {
    const slot = slotAt(acc, listed.collection, listed.rkey)
    if (!isUntouched(slot)) return unchanged(acc)
    if (slot === null && sizeOf(acc) >= greatest) return [acc, [keyRefused(event, listed)]]
    const knot =
      listed.collection === REPO
        ? refusedKnot(repoOf(state.policy.hosts, listed.record), listed.record, { at: event.at, did: event.did, rkey: listed.rkey })
        : NOTHING
    return [putIn(acc, state.policy.hosts, listed), knot]
  })
  if (account === before) return [state, refusals]
  const [after, changes] = withAccount(state, event.did, account, cursor)
  const long = event.records.flatMap((listed) => {
    const isPut = slotAt(account, listed.collection, listed.rkey) !== null && isUntouched(slotAt(before, listed.collection, listed.rkey))
    return isPut ? tooLong(listed, event) : NOTHING
  })
  return [after, [...changes, ...refusals, ...long]]
}

// ---------------------------------------------------------------------------------------- who may have what built

/** What a trigger's claim comes to: a repository of ours, none, or one that `actor` has no say in. */
export type Entitlement =
  | { readonly _tag: 'Entitled'; readonly repository: Repository }
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'NotEntitled'; readonly repository: Repository }

/** The repository of a record, if it counts, is admitted, and holds that knot through us. */
const repositoryAt = (state: CommitsState, knot: HostName, [did, rkey]: readonly [Did, Rkey]): ReadonlyArray<Repository> => {
  const account = accountOf(state, did)
  const row = liveRecord(account, rkey)
  return row === null || holdOf(state, did, account, rkey) !== knot
    ? []
    : [{ did: row.repoDid, name: row.name === '' ? rkey : row.name, owner: did, rkey }]
}

/** The repositories on the knot that the claim may mean: by their own DID, or, where none has it, by owner and name. */
export const claimed = (state: CommitsState, knot: HostName, { did, name, owner }: RepoClaim): ReadonlyArray<Repository> => {
  const byDid = did === null ? [] : M.keys(valuesAt<string>(did)(state.repoDids)).map(recordOf)
  const those = byDid.filter(([of]) => owner === null || of === owner).flatMap((key) => repositoryAt(state, knot, key))
  if (those.length > 0 || owner === null || name === null) return those
  const account = accountOf(state, owner) ?? NOBODY
  return M.keys(account.repos)
    .filter((rkey) => rkey === name || rowAt(account, rkey)?.name === name)
    .flatMap((rkey) => repositoryAt(state, knot, [owner, rkey]))
}

/** Whether `record`, of the owner's, makes its subject a collaborator on the repository. */
const isAbout = (record: Collaborator, { did, owner, rkey }: Repository): boolean =>
  record.repo === `at://${owner}/${REPO}/${rkey}` || (did !== '' && (record.repo === did || record.repoDid === did))

/**
 * Whether `actor` may push to the repository: its owner may, and whom a live record of the owner makes a collaborator on it. Where the
 * knot does not name anybody (`null`), it answers for that itself: it is the knot that lets people push.
 */
export const maySay = (state: CommitsState, repository: Repository, actor: Did | null): boolean => {
  if (actor === null || actor === repository.owner) return true
  const { collaborators } = accountOf(state, repository.owner) ?? NOBODY
  return M.reduceWithKey<Rkey, Slot<Collaborator>, boolean>(
    false,
    (_, found, { record }) => found || (record !== null && record.subject === actor && isAbout(record, repository))
  )(collaborators)
}

/**
 * Both gates of T2. A knot speaks only for repositories whose live record names us on that very knot, and only for those of
 * accounts that are admitted; and who caused the trigger must have a say in the repository. Where records of several owners claim one
 * repository, the actor's own counts; else it cannot be told whose it is, and nobody has a say.
 */
export const entitlement = (state: CommitsState, knot: HostName, claim: RepoClaim, actor: Did | null): Entitlement => {
  const repositories = claimed(state, knot, claim)
  const [first] = repositories
  if (first === undefined) return { _tag: 'Unknown' }
  const own = repositories.find(({ owner }) => owner === actor)
  if (own !== undefined) return { _tag: 'Entitled', repository: own }
  const isOneOwners = repositories.every(({ owner }) => owner === first.owner)
  const entitled = isOneOwners ? repositories.find((repository) => maySay(state, repository, actor)) : undefined
  return entitled === undefined ? { _tag: 'NotEntitled', repository: first } : { _tag: 'Entitled', repository: entitled }
}

/** Whether the record of the repository still holds that knot through us. */
export const isHeld = (state: CommitsState, knot: HostName, { owner, rkey }: Repository): boolean =>
  holdOf(state, owner, accountOf(state, owner), rkey) === knot

// ---------------------------------------------------------------------------------------- reducer

/**
 * The reducer of rows. It takes every event and knows its own, and how far the stream has come with it: the horizon of whoever is admitted.
 *
 * @example
 * import assert from 'node:assert'
 * import { Commits, Config, defaults, Event, REPO } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const commit = Event.decode({
 *   _tag: 'CommitReceived',
 *   at: 1_767_225_600_000_000,
 *   collection: REPO,
 *   connection: 0,
 *   did: 'did:plc:owner',
 *   ordinal: null,
 *   record: { createdAt: '', knot: 'knot.example', name: 'app', repoDid: '', spindle: 'ci.example' },
 *   rev: null,
 *   rkey: 'self',
 *   timeUs: 1_767_225_600_000_000
 * })
 * assert(commit._tag === 'Right')
 *
 * const [state, outcomes] = Commits.reduce(Commits.initial(config.right), commit.right)
 * assert.deepStrictEqual(outcomes, [{ _tag: 'HoldMade', did: 'did:plc:owner', knot: 'knot.example', rkey: 'self' }])
 *
 * // The same again is no news.
 * assert.deepStrictEqual(Commits.reduce(state, commit.right), [state, []])
 */
export const reduce = (state: CommitsState, event: Event, cursor: TimeUs | null = null): Transition<CommitsState, Outcome> => {
  switch (event._tag) {
    case 'Started':
      return started(state, policyOf(event.config), cursor)
    case 'CommitReceived':
      return commit(state, event, cursor)
    case 'AccountReceived':
      return accountChanged(state, event, cursor)
    case 'RecordsRead':
      return read(state, event, cursor)
    default:
      return unchanged(state)
  }
}
