/**
 * An account changes as a whole: what follows from it for the members and the holds.
 */
import { type Did, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { AccountReceived } from '../event.js'
import { type Transition, unchanged } from '../transition.js'
import { type Account, isNews, known, NOBODY, sizeOf, standing } from './account.js'
import { isAdmitted, isOurs, isSelective } from './admission.js'
import { didsOf, membersChanged, membersOf, namedBy, reindexedAll } from './derived.js'
import { holdChanges } from './holds.js'
import { accountOf, type CommitsState, type HoldChanged, type MemberChanged } from './model.js'

/** The state without the account: all that was kept of it goes, its floor included. */
export const without = (state: CommitsState, did: Did, { repos }: Account): CommitsState => ({
  ...state,
  accounts: M.deleteAt(did)(state.accounts),
  repoDids: reindexedAll(state.repoDids, state.policy, did, repos, NOBODY.repos)
})

/**
 * The state after the owner's records have changed. Where only those are known who are admitted, whoever is not named
 * any more goes, and whoever has become a member is known from now on: active as of the horizon, which is how far the
 * stream has come. Elsewhere they only change the room that their keys take.
 */
export const settled = (
  before: CommitsState,
  after: CommitsState,
  subjects: ReadonlyArray<Did>,
  cursor: TimeUs | null
): CommitsState =>
  subjects.reduce((state, did) => {
    const account = accountOf(state, did)
    if (!isSelective(state.policy)) {
      if (account === null || isOurs(before, did) === isOurs(state, did)) return state
      return { ...state, strangerKeys: state.strangerKeys + (isOurs(state, did) ? -sizeOf(account) : sizeOf(account)) }
    }
    if (account !== null) return isOurs(state, did) ? state : without(state, did, account)
    return isAdmitted(state, did)
      ? { ...state, accounts: M.upsertAt(did, known(cursor ?? (0 as TimeUs), cursor))(state.accounts) }
      : state
  }, after)

/** Whether the event tells nothing new of an account that we know. */
export const isOutdated = (state: CommitsState, event: AccountReceived): boolean => {
  const account = accountOf(state, event.did)
  return account !== null && !isNews(account, event)
}

export const accountChanged = (
  state: CommitsState,
  event: AccountReceived,
  cursor: TimeUs | null
): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const before = accountOf(state, event.did)
  return before === null || !isNews(before, event)
    ? unchanged(state)
    : withAccount(state, event.did, standing(before, event), cursor)
}

/**
 * The slice with another account, and what follows from that. With the owner's account, all members may come and go.
 */
export const withAccount = (
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
