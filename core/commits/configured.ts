/**
 * The configuration changes: the same rows may mean something else.
 */
import type { HostPolicy } from '../data/host-name.js'
import { type Did, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { type Transition, unchanged } from '../transition.js'
import type { Account, Repo, Slot } from './account.js'
import { isMember, isRemembered, isSelective } from './admission.js'
import { settled } from './change.js'
import { repoOf } from './commit.js'
import { derive, didsOf, membersChanged } from './derived.js'
import { holdChanges } from './holds.js'
import { type CommitsState, type HoldChanged, type MemberChanged, type Policy } from './model.js'

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
        slot.record === null
          ? slot
          : { ...slot, record: repoOf(hosts, { ...slot.record, knot: slot.record.knot ?? '' }) }
      )(account.repos)
    }))(accounts)

/**
 * The accounts of which something is to be remembered under the policy; horizons are of use only where strangers are
 * not known.
 */
const remembered = (state: CommitsState): CommitsState['accounts'] =>
  M.reduceWithKey<Did, Account, CommitsState['accounts']>(state.accounts, (did, kept, account) => {
    if (!isRemembered(state, did, account)) return M.deleteAt(did)(kept)
    return account.horizonUs === null || isSelective(state.policy)
      ? kept
      : M.upsertAt<Did, Account>(did, { ...account, horizonUs: null })(kept)
  })(state.accounts)

/**
 * A changed configuration takes effect: another hostname, owner or admission makes other holds of the same rows. Where
 * only those are known who are admitted, the others go; and whoever is admitted and not known is known from now on, and
 * read.
 */
export const started = (
  state: CommitsState,
  policy: Policy,
  cursor: TimeUs | null
): Transition<CommitsState, HoldChanged | MemberChanged> => {
  const isSame = samePolicy(state.policy, policy)
  if (isSame && (!isSelective(policy) || M.has(policy.owner)(state.accounts))) return unchanged(state)
  const derived = isSame ? state : derive(policy, reread(policy.hosts)(state.accounts))
  const kept = isSame ? state : derive(policy, remembered(derived))
  const after = settled(kept, kept, didsOf([policy.owner, ...M.keys(kept.members)]), cursor)
  const subjects = didsOf([policy.owner, ...M.keys(state.members), ...M.keys(after.members)])
  const readAgain = (did: Did): boolean =>
    isMember(state, did) === isMember(after, did) && M.has(did)(after.accounts) && !M.has(did)(kept.accounts)
  return [
    after,
    [
      ...holdChanges(state, after, M.keys(state.accounts)),
      ...subjects.flatMap((did) =>
        readAgain(did) ? [{ _tag: 'Admitted' as const, did }] : membersChanged(state, after, [did])
      )
    ]
  ]
}
