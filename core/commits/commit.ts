/**
 * A commit: through the gates, into its row, and what follows.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  EMPTY,
  irrelevant,
  type Reduction,
  report,
  type ReportEffect,
  type Transition,
  transitionTo
} from '../base/transition.js'
import type { Config } from '../config.js'
import { valueAt } from '../data/balanced-tree.js'
import { canonicalHost, type HostPolicy } from '../data/host-name.js'
import {
  COLLABORATOR,
  type Collection,
  laterOf,
  MEMBER,
  REPO,
  type Rkey,
  type Tid,
  type TimeUs
} from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import { excerpt } from '../data/text.js'
import type { CommitReceived, RepoRecord } from '../event.js'
import { overlong, withinLimits } from '../model/record-limits.js'
import { type Account, knownAccount, type Repo, type Slot, type Slots, stampOf, withRows } from './account.js'
import { isOurs, isStranger, roomFor } from './admission.js'
import { settleNamed } from './change.js'
import { count, didsOf, membersChanged, reindex, repoDidOf, subjectOf } from './derived.js'
import { isNewsAt, usableRev } from './gates.js'
import { claimOf, repoChanged, repoChanges } from './holds.js'
import {
  accountOf,
  type CommitsState,
  type MemberChanged,
  type RepoChanged,
  rowAt,
  type Rows,
  type RowsOutcome
} from './model.js'

/**
 * The slots with the commit applied at a key where `slot` was. A delete leaves a tombstone, even if there was no slot.
 */
const write = <R>(
  map: Slots<R>,
  slot: Slot<unknown> | null,
  { rkey, timeUs }: CommitReceived,
  record: R | null,
  rev: Tid | null
): Slots<R> => {
  const written: Slot<R> =
    slot === null
      ? { record, rev, timeUs }
      : { record, rev: rev ?? slot.rev, timeUs: laterOf(slot.timeUs, timeUs) }
  return M.upsertAt(rkey, written)(map)
}

/** The row of a repo record under `hosts`: its knot in canonical form, or `null`. */
export const repoOf = (hosts: HostPolicy, record: RepoRecord): Repo => ({
  createdAt: record.createdAt,
  knot: O.toNullable(canonicalHost(hosts)(record.knot)),
  name: record.name,
  repoDid: record.repoDid,
  spindle: record.spindle
})

/** The slot at a key of the account. */
export const slotAt = (
  { collaborators, members, repos }: Account,
  collection: Collection,
  rkey: Rkey
): Slot<unknown> | null => {
  switch (collection) {
    case MEMBER:
      return valueAt(members.root, rkey)
    case REPO:
      return valueAt(repos.root, rkey)
    case COLLABORATOR:
      return valueAt(collaborators.root, rkey)
  }
}

/** The account with the commit applied, at a key where `slot` was. */
const writeTo = (
  account: Account,
  { hosts }: Config,
  event: CommitReceived,
  slot: Slot<unknown> | null,
  rev: Tid | null
): Account => {
  const { collaborators, members, repos } = account
  switch (event.collection) {
    case MEMBER:
      return withRows(account, { collaborators, members: write(members, slot, event, event.record, rev), repos })
    case REPO: {
      const row = event.record === null ? null : repoOf(hosts, event.record)
      return withRows(account, { collaborators, members, repos: write(repos, slot, event, row, rev) })
    }
    case COLLABORATOR:
      return withRows(account, {
        collaborators: write(collaborators, slot, event, event.record, rev),
        members,
        repos
      })
  }
}

/** The event with overlong fields of its record emptied. */
const cutToLimits = (event: CommitReceived): CommitReceived =>
  event.record === null
    ? event
    : ({ ...event, record: withinLimits(event.collection, event.record) } as CommitReceived)

/** The reports of overlong fields, which count as absent. */
export const tooLong = (
  {
    collection,
    record,
    rkey
  }: {
    readonly collection: Collection
    readonly record: { readonly [field: string]: string } | null
    readonly rkey: Rkey
  },
  { at, did }: Pick<CommitReceived, 'at' | 'did'>
): ReadonlyArray<ReportEffect> =>
  record === null
    ? EMPTY
    : overlong(collection, record).map(({ field, limit }) =>
        report({ _tag: 'FieldTooLong', at, collection, did, field, limit: limit as Natural, rkey })
      )

export const commit = (
  rows: Rows,
  event: CommitReceived,
  cursor: TimeUs | null
): Reduction<CommitsState, RowsOutcome> => {
  if (isStranger(rows, event.did)) return irrelevant
  const before = accountOf(rows, event.did) ?? knownAccount(stampOf(event))
  const slot = slotAt(before, event.collection, event.rkey)
  const rev = usableRev(event)
  if (!isNewsAt(before, slot, rev, event.timeUs)) return irrelevant
  if (slot === null && roomFor(rows, event.did, before) <= 0)
    return transitionTo(rows.commits, [keyRefused(event, event)])
  const reports = tooLong(event, event)
  if (reports.length === 0) return O.some(written(rows, event, before, slot, rev, cursor))
  const [after, outcomes] = written(rows, cutToLimits(event), before, slot, rev, cursor)
  return transitionTo(after, [...outcomes, ...reports])
}

/** Writes the commit to its row: the state after, and what follows. */
const written = (
  rows: Rows,
  event: CommitReceived,
  before: Account,
  slot: Slot<unknown> | null,
  rev: Tid | null,
  cursor: TimeUs | null
): Transition<CommitsState, RowsOutcome> => {
  const { commits, config } = rows
  const account = writeTo(before, config, event, slot, rev)
  const accounts = M.upsertAt(event.did, account)(commits.accounts)
  const isStrangerKey = slot === null && !isOurs(config, commits, event.did)
  const strangerKeys = isStrangerKey ? commits.strangerKeys + 1 : commits.strangerKeys
  const { members, named } = commits
  switch (event.collection) {
    case REPO: {
      const was = rowAt(before, event.rkey)
      const is = rowAt(account, event.rkey)
      const repoDids = reindex(commits.repoDids, event.did, event.rkey, repoDidOf(config, was), repoDidOf(config, is))
      const changes = account.active
        ? repoChanged(claimOf(rows, event.did, was), claimOf(rows, event.did, is), event.did, event.rkey)
        : EMPTY
      const refused = refusedKnot(is, event.record, event)
      return [
        { accounts, members, named, repoDids, strangerKeys },
        refused.length === 0 ? changes : [...changes, ...refused]
      ]
    }
    case MEMBER: {
      const after = { accounts, members, named, repoDids: commits.repoDids, strangerKeys }
      return event.did === config.owner ? ownersMember(rows, after, before, event, cursor) : [after, EMPTY]
    }
    case COLLABORATOR:
      return [{ accounts, members, named, repoDids: commits.repoDids, strangerKeys }, EMPTY]
  }
}

/** The report about a key for which there is no room. */
export const keyRefused = (
  { at, did }: Pick<CommitReceived, 'at' | 'did'>,
  { collection, rkey }: { readonly collection: Collection; readonly rkey: Rkey }
): ReportEffect => report({ _tag: 'KeyRefused', at, collection, did, rkey })

/**
 * The report about a repo record that names something that is not a knot we may listen to. No report if it names
 * nothing.
 */
export const refusedKnot = (
  row: Repo | null,
  record: RepoRecord | null,
  { at, did, rkey }: Pick<CommitReceived, 'at' | 'did' | 'rkey'>
): ReadonlyArray<ReportEffect> =>
  record === null || record.knot === '' || row === null || row.knot !== null
    ? EMPTY
    : [report({ _tag: 'KnotRefused', at, did, knot: excerpt(record.knot), rkey })]

/**
 * The owner's record at a key has changed: the subject that it named may no longer be a member, and another may be one
 * now.
 */
const ownersMember = (
  rows: Rows,
  after: CommitsState,
  owner: Account,
  event: CommitReceived & { readonly collection: typeof MEMBER },
  cursor: TimeUs | null
): Transition<CommitsState, MemberChanged | RepoChanged> => {
  const { commits, config } = rows
  const old = pipe(
    M.lookup(event.rkey)(owner.members),
    O.match(
      () => '',
      (slot) => subjectOf(config, slot.record)
    )
  )
  const now = subjectOf(config, event.record)
  const named = pipe(commits.named, count(now, 1), count(old, -1))
  const subjects = didsOf([old, now])
  const counted = { ...after, members: owner.active ? named : commits.members, named }
  const settledRows = { commits: settleNamed(commits, { commits: counted, config }, subjects, cursor), config }
  return [
    settledRows.commits,
    [...repoChanges(rows, settledRows, subjects), ...membersChanged(rows, settledRows, subjects)]
  ]
}
