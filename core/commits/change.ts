/**
 * A change to a whole account: what follows for the members and the holds.
 */
import * as O from 'fp-ts/lib/Option.js'
import { irrelevant, type Reduction, type Transition } from '../base/transition.js'
import { type Did, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { AccountReceived } from '../event.js'
import { type Account, accountAfter, knownAccount, NOBODY, saysMore, sizeOf } from './account.js'
import { isAdmitted, isOurs, isSelective } from './admission.js'
import { didsOf, membersChanged, membersOf, namedBy, reindexAll } from './derived.js'
import { repoChanges } from './holds.js'
import { accountOf, type CommitsState, type MemberChanged, type RepoChanged, type Rows } from './model.js'

/** The state without the account and everything that was kept of it, its floor included. */
export const withoutAccount = ({ commits, config }: Rows, did: Did, { repos }: Account): CommitsState => ({
  ...commits,
  accounts: M.deleteAt(did)(commits.accounts),
  repoDids: reindexAll(commits.repoDids, config, did, repos, NOBODY.repos)
})

/**
 * The state after the owner's records have changed. Where only admitted accounts are known, an account that is no
 * longer named is forgotten, and a new member is known from now on: active as of the horizon, which is how far the
 * stream has come. Elsewhere, the change only affects which limit the account's keys count against.
 */
export const settleNamed = (
  before: Pick<CommitsState, 'named'>,
  { commits: after, config }: Rows,
  subjects: ReadonlyArray<Did>,
  cursor: TimeUs | null
): CommitsState =>
  subjects.reduce((commits, did) => {
    const account = accountOf({ commits }, did)
    const isOne = isOurs(config, commits, did)
    if (!isSelective(config)) {
      if (account === null || isOurs(config, before, did) === isOne) return commits
      return { ...commits, strangerKeys: commits.strangerKeys + (isOne ? -sizeOf(account) : sizeOf(account)) }
    }
    if (account !== null) return isOne ? commits : withoutAccount({ commits, config }, did, account)
    return isAdmitted({ commits, config }, did)
      ? { ...commits, accounts: M.upsertAt(did, knownAccount(cursor ?? (0 as TimeUs), cursor))(commits.accounts) }
      : commits
  }, after)

/** Whether we know the account and the event says nothing new about it. */
export const isOutdated = (rows: Rows, event: AccountReceived): boolean => {
  const account = accountOf(rows, event.did)
  return account !== null && !saysMore(account, event)
}

export const accountChanged = (
  rows: Rows,
  event: AccountReceived,
  cursor: TimeUs | null
): Reduction<CommitsState, MemberChanged | RepoChanged> => {
  const before = accountOf(rows, event.did)
  return before === null || !saysMore(before, event)
    ? irrelevant
    : O.some(withAccount(rows, event.did, accountAfter(before, event), cursor))
}

/**
 * The slice with a changed account, and what follows. A change to the owner's account may make or unmake any member.
 */
export const withAccount = (
  before: Rows,
  did: Did,
  now: Account,
  cursor: TimeUs | null
): Transition<CommitsState, MemberChanged | RepoChanged> => {
  const { commits, config } = before
  const old = accountOf(before, did) ?? NOBODY
  const accounts = M.upsertAt(did, now)(commits.accounts)
  const isOwner = did === config.owner
  const named = isOwner ? namedBy(config, accounts) : commits.named
  const subjects = isOwner ? didsOf([did, ...M.keys(commits.named), ...M.keys(named)]) : [did]
  const isOne = isOurs(config, commits, did)
  const written = {
    accounts,
    members: isOwner ? membersOf(config, accounts, named) : commits.members,
    named,
    repoDids: reindexAll(commits.repoDids, config, did, old.repos, now.repos),
    strangerKeys: isOne ? commits.strangerKeys : commits.strangerKeys + sizeOf(now) - sizeOf(old)
  }
  const after: Rows = { commits: settleNamed(commits, { commits: written, config }, subjects, cursor), config }
  return [after.commits, [...repoChanges(before, after, subjects), ...membersChanged(before, after, subjects)]]
}
