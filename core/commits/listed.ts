/**
 * Records that were read from the account's own server (B2).
 */
import type { HostPolicy } from '../data/host-name.js'
import { COLLABORATOR, MEMBER, REPO, type Rkey, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { ListedRecord, RecordsRead } from '../event.js'
import { withinLimits } from '../limits.js'
import { chain, NOTHING, type ReportEffect, type Transition, unchanged } from '../transition.js'
import { type Account, NOBODY, sizeOf, type Slot, type Slots } from './account.js'
import { roomFor } from './admission.js'
import { withAccount } from './change.js'
import { keyRefused, refusedKnot, repoOf, slotAt, tooLong } from './commit.js'
import { isUntouched } from './gates.js'
import { accountOf, type CommitsState, type Outcome } from './model.js'

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
 * What the account's own server lists, where no commit is known: a later commit at such a key is news, whatever its
 * rev, and so is any account event. An account that was deleted is left alone: what its server lists may be from
 * before.
 */
export const read = (
  state: CommitsState,
  event: RecordsRead,
  cursor: TimeUs | null
): Transition<CommitsState, Outcome> => {
  const before = accountOf(state, event.did) ?? NOBODY
  if (before.floor !== null || event.records.length === 0) return unchanged(state)

  const greatest = sizeOf(before) + Math.max(0, roomFor(state, event.did, before))
  const records = event.records.map(
    (listed) => ({ ...listed, record: withinLimits(listed.collection, listed.record) }) as ListedRecord
  )
  const [account, refusals] = chain<Account, ReportEffect, ListedRecord>(before, records, (acc, listed) => {
    const slot = slotAt(acc, listed.collection, listed.rkey)
    if (!isUntouched(slot)) return unchanged(acc)
    if (slot === null && sizeOf(acc) >= greatest) return [acc, [keyRefused(event, listed)]]
    const knot =
      listed.collection === REPO
        ? refusedKnot(repoOf(state.policy.hosts, listed.record), listed.record, {
            at: event.at,
            did: event.did,
            rkey: listed.rkey
          })
        : NOTHING
    return [putIn(acc, state.policy.hosts, listed), knot]
  })
  if (account === before) return [state, refusals]
  const [after, changes] = withAccount(state, event.did, account, cursor)
  const long = event.records.flatMap((listed) => {
    const isPut =
      slotAt(account, listed.collection, listed.rkey) !== null &&
      isUntouched(slotAt(before, listed.collection, listed.rkey))
    return isPut ? tooLong(listed, event) : NOTHING
  })
  return [after, [...changes, ...refusals, ...long]]
}
