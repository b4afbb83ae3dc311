/**
 * A change of configuration: the same rows may mean something else.
 */
import { irrelevant, type Reduction, transitionTo } from '../base/transition.js'
import type { Config } from '../config.js'
import type { HostPolicy } from '../data/host-name.js'
import { type Did, type TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { Account, Repo, Slot } from './account.js'
import { isMember, isRemembered, isSelective } from './admission.js'
import { settleNamed } from './change.js'
import { repoOf } from './commit.js'
import { derive, didsOf, membersChanged } from './derived.js'
import { repoChanges } from './holds.js'
import type { CommitsState, MemberChanged, RepoChanged, Rows } from './model.js'

/** Whether rows mean the same under both configurations. */
const isSameToRows = (a: Config, b: Config): boolean =>
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

/** The rows with every knot read again under `hosts`: a knot that is no longer allowed is no longer dialled. */
const rereadUnder =
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
 * The accounts that are still to be remembered under the policy. A horizon is kept only where strangers are not known.
 */
const remembered = (rows: Rows): CommitsState['accounts'] =>
  M.reduceWithKey<Did, Account, CommitsState['accounts']>(rows.commits.accounts, (did, kept, account) => {
    if (!isRemembered(rows, did, account)) return M.deleteAt(did)(kept)
    return account.horizonUs === null || isSelective(rows.config)
      ? kept
      : M.upsertAt<Did, Account>(did, { ...account, horizonUs: null })(kept)
  })(rows.commits.accounts)

/**
 * Puts a changed configuration into effect: under another hostname, owner or admission policy, the same rows make other
 * holds. Where only admitted accounts are known, all others are forgotten, and an account that is admitted but not
 * known yet is known from now on, and read.
 */
export const onConfigured = (
  before: Rows,
  config: Config,
  cursor: TimeUs | null
): Reduction<CommitsState, MemberChanged | RepoChanged> => {
  const { accounts, members } = before.commits
  const isSame = isSameToRows(before.config, config)
  if (isSame && (!isSelective(config) || M.has(config.owner)(accounts))) return irrelevant
  const reread = isSame ? before.commits : derive(config, rereadUnder(config.hosts)(accounts))
  const kept = isSame ? before.commits : derive(config, remembered({ commits: reread, config }))
  const after = {
    commits: settleNamed(kept, { commits: kept, config }, didsOf([config.owner, ...M.keys(kept.members)]), cursor),
    config
  }
  const subjects = didsOf([config.owner, ...M.keys(members), ...M.keys(after.commits.members)])
  const isReadAgain = (did: Did): boolean =>
    isMember(before, did) === isMember(after, did) &&
    M.has(did)(after.commits.accounts) &&
    !M.has(did)(kept.accounts)
  return transitionTo(after.commits, [
    ...repoChanges(before, after, M.keys(accounts)),
    ...subjects.flatMap((did) =>
      isReadAgain(did) ? [{ _tag: 'Admitted' as const, did }] : membersChanged(before, after, [did])
    )
  ])
}
