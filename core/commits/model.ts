/**
 * The state of rows, and how a row is looked up.
 */
import * as O from 'fp-ts/lib/Option.js'
import type { ReportEffect } from '../base/transition.js'
import type { Config } from '../config.js'
import { valueAt } from '../data/balanced-tree.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey } from '../data/identifiers.js'
import type { MultiMap } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { Account, Repo } from './account.js'

/** The rows by account, and what is derived from them. */
export interface CommitsState {
  readonly accounts: M.OrderedMap<Did, Account>
  /**
   * Derived: how many live records of the owner make this subject a member. The same as `named`, but empty while the
   * owner is set aside.
   */
  readonly members: M.OrderedMap<string, number>
  /** Derived: how many records of the owner name this subject, even while the owner is set aside. Keys are any text. */
  readonly named: M.OrderedMap<string, number>
  /**
   * Derived: the records that name our hostname as their spindle, by the DID that each gives its repository. Keys are
   * any text.
   */
  readonly repoDids: MultiMap<string, Holder>
  /** Derived: how many keys are kept of accounts that are neither the owner's nor named by a record of the owner. */
  readonly strangerKeys: number
}

/**
 * The rows, and the configuration that says what they mean: who the owner is, which spindle records must name, who is
 * admitted. A `State` has both fields, so it can be queried like rows.
 */
export interface Rows {
  readonly commits: CommitsState
  readonly config: Config
}

/**
 * The name of a repo record as a holder of knots: `<did>/<rkey>`. A DID has no slash, so no two records share a name.
 */
export type Holder = `${Did}/${Rkey}`

/** The name of a holder. */
export const holder = (did: Did, rkey: Rkey): Holder => `${did}/${rkey}`

/** The account and the key that a holder names. */
export const recordOf = (name: Holder): readonly [Did, Rkey] => {
  const slash = name.indexOf('/')
  return [name.slice(0, slash) as Did, name.slice(slash + 1) as Rkey]
}

/** A live, admitted repo record holds a knot through us, or no longer does. */
export interface HoldChanged {
  readonly _tag: 'HoldMade' | 'HoldReleased'
  readonly did: Did
  readonly knot: HostName
  readonly rkey: Rkey
}

/** A live, admitted repo record claims a repository on a knot through us, or no longer does. */
export interface ClaimChanged {
  readonly _tag: 'ClaimMade' | 'ClaimReleased'
  readonly did: Did
  readonly knot: HostName
  /** The repository's own DID; `""` if the record gives none. */
  readonly repo: string
  readonly rkey: Rkey
}

/** What has changed about what a repo record holds or claims. */
export type RepoChanged = ClaimChanged | HoldChanged

/** A live record of the owner makes this account a member, or no such record is left. */
export interface MemberChanged {
  readonly _tag: 'Admitted' | 'Dismissed'
  readonly did: Did
}

/** The initial state. */
export const initial: CommitsState = {
  accounts: M.empty(),
  members: M.empty(),
  named: M.empty(),
  repoDids: M.empty(),
  strangerKeys: 0
}

export const accountOf = ({ commits }: Pick<Rows, 'commits'>, did: Did): Account | null =>
  valueAt(commits.accounts.root, did)

/** The repo record in a slot of `account`, whether or not it counts; `null` if there is none. */
export const rowAt = (account: Account, rkey: Rkey): Repo | null => valueAt(account.repos.root, rkey)?.record ?? null

/**
 * The repo record in a slot of `account`, if it counts; `null` if there is none, or the account is unknown or set
 * aside.
 */
export const liveRecord = (account: Account | null, rkey: Rkey): Repo | null => {
  return account === null || !account.active ? null : rowAt(account, rkey)
}

/** The repo record at (did, rkey), if it counts. */
export const liveRepo = (rows: Pick<Rows, 'commits'>, did: Did, rkey: Rkey): O.Option<Repo> =>
  O.fromNullable(liveRecord(accountOf(rows, did), rkey))

/** What a change of the rows means for other slices, and what is reported. */
export type RowsOutcome = MemberChanged | RepoChanged | ReportEffect

/** Whether anything is known of the account. */
export const isKnown = ({ commits }: Pick<Rows, 'commits'>, did: Did): boolean => M.has(did)(commits.accounts)
