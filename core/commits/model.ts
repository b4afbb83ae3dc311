/**
 * What is kept of rows, and how a row is looked up.
 */
import * as O from 'fp-ts/lib/Option.js'
import type { Config } from '../config.js'
import { valueAt } from '../data/balanced-tree.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey } from '../data/identifiers.js'
import type { MultiMap } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { ReportEffect } from '../transition.js'
import type { Account, Repo } from './account.js'

/** The rows, account by account, and what follows from them. */
export interface CommitsState {
  readonly accounts: M.OrderedMap<Did, Account>
  /**
   * Derived: how many live records of the owner make this subject a member: those of `named`, or none while the owner
   * is set aside.
   */
  readonly members: M.OrderedMap<string, number>
  /** Derived: how many records of the owner name this subject, also while the owner is set aside. Keys are any text. */
  readonly named: M.OrderedMap<string, number>
  /** Derived: by the DID of a repository, the records with our hostname as spindle that give it. Keys are any text. */
  readonly repoDids: MultiMap<string, Holder>
  /** Derived: how many keys there are of accounts that are neither the owner's nor named by a record of the owner. */
  readonly strangerKeys: number
}

/**
 * The rows, and the configuration that says what they mean: whose they are, which spindle they must name, who is
 * admitted. A state is one, so whatever is asked of the rows may be asked of a state.
 */
export interface Rows {
  readonly commits: CommitsState
  readonly config: Config
}

/** What holds a knot: `<did>/<rkey>` of a repo record. A DID has no slash, so no two records share a name. */
export type Holder = `${Did}/${Rkey}`

/** The name of a holder. */
export const holder = (did: Did, rkey: Rkey): Holder => `${did}/${rkey}`

/** The account and the key that a holder names. */
export const recordOf = (name: Holder): readonly [Did, Rkey] => {
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

/** A live, admitted repo record claims a repository on a knot through us, or does so no more. */
export interface ClaimChanged {
  readonly _tag: 'ClaimMade' | 'ClaimReleased'
  readonly did: Did
  readonly knot: HostName
  /** The repository's own DID; `""` where the record gives none. */
  readonly repo: string
  readonly rkey: Rkey
}

/** What has changed about what a repo record makes of us. */
export type RepoChanged = ClaimChanged | HoldChanged

/** A live record of the owner makes this account a member, or none does any more. */
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

/** The repo record in a slot of `account`, whether or not it counts. */
export const rowAt = (account: Account, rkey: Rkey): Repo | null => valueAt(account.repos.root, rkey)?.record ?? null

/** The record in a slot of `account` that counts: none of an account that is not there, or is set aside. */
export const liveRecord = (account: Account | null, rkey: Rkey): Repo | null => {
  return account === null || !account.active ? null : rowAt(account, rkey)
}

/** The repo record at (did, rkey), if it counts. */
export const liveRepo = (rows: Pick<Rows, 'commits'>, did: Did, rkey: Rkey): O.Option<Repo> =>
  O.fromNullable(liveRecord(accountOf(rows, did), rkey))

/** What a change of the rows means for others, and what is to be said of it. */
export type RowsOutcome = MemberChanged | RepoChanged | ReportEffect

/** Whether anything is known of the account. */
export const isKnown = ({ commits }: Pick<Rows, 'commits'>, did: Did): boolean => M.has(did)(commits.accounts)
