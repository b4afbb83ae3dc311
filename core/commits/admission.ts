/**
 * Who is known, who is admitted, and how many keys of an account there is room for (D7).
 */
import type { Config } from '../config.js'
import { Did } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { type Account, sizeOf } from './account.js'
import type { CommitsState, Rows } from './model.js'

/**
 * Whether only admitted accounts are known: under `members`, if backfill can read what was not kept of an account once
 * it is admitted. Otherwise any account with rows is known, as far as there is room.
 */
export const isSelective = ({ admission, backfill }: Config): boolean => admission === 'members' && backfill

/**
 * Whether the account is the owner's, or a record of the owner names it. This holds even while the owner is set aside.
 */
export const isOurs = ({ owner }: Config, { named }: Pick<CommitsState, 'named'>, did: Did): boolean =>
  did === owner || M.has<string>(did)(named)

/** Whether nothing is kept of the account, so that its commits and account events only move the cursor. */
export const isStranger = ({ commits, config }: Rows, did: Did): boolean =>
  isSelective(config) && did !== config.owner && !M.has(did)(commits.accounts)

/** Whether there is still a reason to keep the account. */
export const isRemembered = ({ commits, config }: Rows, did: Did, account: Account): boolean =>
  isSelective(config) ? isOurs(config, commits, did) : account.floor !== null || sizeOf(account) > 0

/** Why no sequence of events leads to this state, as a sentence; `null` if one may. */
export const incoherence = (rows: Rows): string | null => {
  const { accounts, members } = rows.commits
  const every = (holds: (did: Did, account: Account) => boolean): boolean =>
    M.reduceWithKey<Did, Account, boolean>(true, (did, ok, account) => ok && holds(did, account))(accounts)
  if (!every((did, account) => isRemembered(rows, did, account)))
    return isSelective(rows.config)
      ? 'an account is neither the owner’s nor named by a record of the owner'
      : 'an account has no rows, no tombstones and no floor'
  if (!isSelective(rows.config))
    return every((_, { horizonUs }) => horizonUs === null) ? null : 'an account has a horizon where everybody is known'
  return M.keys(members)
    .filter(Did.is)
    .every((did) => M.has(did)(accounts))
    ? null
    : 'a member has no account'
}

/** How many more keys of the account there is room for (D7). */
export const roomFor = ({ commits, config }: Rows, did: Did, account: Account): number => {
  const { caps } = config
  return isOurs(config, commits, did)
    ? caps.admitted - sizeOf(account)
    : Math.min(caps.stranger - sizeOf(account), caps.strangers - commits.strangerKeys)
}

/** Whether a live record of the owner makes `subject` a member. */
export const isMember = ({ commits }: Pick<Rows, 'commits'>, subject: string): boolean =>
  M.has(subject)(commits.members)

/** Whether the records of `did` may make us act (D7). */
export const isAdmitted = (rows: Rows, did: Did): boolean =>
  rows.config.admission === 'open' || did === rows.config.owner || isMember(rows, did)
