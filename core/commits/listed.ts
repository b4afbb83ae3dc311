/**
 * Records that were read from the account's own server (B2).
 */
import { chain, EMPTY, irrelevant, type Reduction, type ReportEffect, transitionTo } from '../base/transition.js'
import type { HostPolicy } from '../data/host-name.js'
import { COLLABORATOR, MEMBER, REPO, type Rkey, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { ListedRecord, RecordsRead } from '../event.js'
import { withinLimits } from '../model/record-limits.js'
import { type Account, NOBODY, sizeOf, type Slot, type Slots } from './account.js'
import { roomFor } from './admission.js'
import { withAccount } from './change.js'
import { keyRefused, refusedKnot, repoOf, slotAt, tooLong } from './commit.js'
import { isUntouched } from './gates.js'
import { accountOf, type CommitsState, type Rows, type RowsOutcome } from './model.js'

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

/** The report about a listed repo record that names something that is not a knot. */
const knotRefused = (
  hosts: HostPolicy,
  { at, did }: RecordsRead,
  { collection, record, rkey }: ListedRecord
): ReadonlyArray<ReportEffect> =>
  collection === REPO ? refusedKnot(repoOf(hosts, record), record, { at, did, rkey }) : EMPTY

/**
 * Takes what the account's own server lists, for keys at which no commit is known. A later commit at such a key is
 * news, whatever its rev, and so is any account event. An account that was deleted is left alone: its server may still
 * list what was there before the deletion.
 */
export const onListed = (
  rows: Rows,
  event: RecordsRead,
  cursor: TimeUs | null
): Reduction<CommitsState, RowsOutcome> => {
  const { hosts } = rows.config
  const before = accountOf(rows, event.did) ?? NOBODY
  const untouched = event.records.filter(({ collection, rkey }) => isUntouched(slotAt(before, collection, rkey)))
  if (before.floor !== null || untouched.length === 0) return irrelevant

  const greatest = sizeOf(before) + Math.max(0, roomFor(rows, event.did, before))
  const [account, refusals] = chain<Account, ReportEffect, ListedRecord>(before, untouched, (acc, one) => {
    const isNewKey = slotAt(acc, one.collection, one.rkey) === null
    if (isNewKey && sizeOf(acc) >= greatest) return [acc, [keyRefused(event, one)]]
    const kept = { ...one, record: withinLimits(one.collection, one.record) } as ListedRecord
    return [putIn(acc, hosts, kept), knotRefused(hosts, event, kept)]
  })
  const put = untouched.filter(({ collection, rkey }) => slotAt(account, collection, rkey) !== null)
  if (put.length === 0) return transitionTo(rows.commits, refusals)
  const [after, changes] = withAccount(rows, event.did, account, cursor)
  return transitionTo(after, [...changes, ...refusals, ...put.flatMap((one) => tooLong(one, event))])
}
