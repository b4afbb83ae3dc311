/**
 * Limits on what is kept of who may push (T2). Each account has limits of its own, which other accounts' records cannot
 * use up, nor can knots on which it has no repository. Strangers cost nothing to create, so they share a total limit as
 * well.
 */
import { isOurs } from '../commits/admission.js'
import type { Did } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { countAt } from '../data/tally.js'
import type { Access } from '../model/access.js'
import type { Named } from './asked.js'
import { listOwner, withEntry } from './entries.js'
import { type AccessGiven, type AccessState, repositoryKey, type RepositoryKey } from './model.js'

/** The most collaborators of one repository. */
const COLLABORATORS_MAX = 500

interface Room {
  /** Collaborators on the lists of an account's repositories. */
  readonly collaborators: number
  /** Repositories that an account claims and that have an entry. */
  readonly entries: number
}

/** The limits of the owner, and of each account that a record of the owner names. */
const OURS: Room = { collaborators: 50_000, entries: 5_000 }

/** The limits of each stranger, where strangers are admitted. */
const STRANGER: Room = { collaborators: 5_000, entries: 500 }

/** The limits of all accounts together, which apply when something of a stranger is added. */
const WITH_STRANGERS: Room = { collaborators: 100_000, entries: 25_000 }

type Given = Pick<AccessGiven, 'commits' | 'config'>

/** Whether there is room for the entry of a repository that the account claims. */
export const hasRoom = ({ commits, config }: Given, { entries, ofAccounts }: AccessState, did: Did): boolean => {
  const own = countAt(ofAccounts, did)
  return isOurs(config, commits, did)
    ? own < OURS.entries
    : own < STRANGER.entries && M.size(entries) < WITH_STRANGERS.entries
}

/** The answer as it is kept: without its list, if no account that claims the repository owns it. */
export const withoutIdleList = (state: AccessState, key: RepositoryKey, access: Access): Access =>
  access._tag === 'ByKnot' && listOwner(state, key, access) === null ? { ...access, collaborators: [] } : access

/** Whether there is room for the collaborators of an answer, in place of those in the entry. */
export const hasRoomFor = (
  { commits, config }: Given,
  state: AccessState,
  [knot, repo, entry]: Named,
  access: Access
): boolean => {
  const owner = listOwner(state, repositoryKey(knot, repo), access)
  if (access._tag !== 'ByKnot' || owner === null) return true
  const count = access.collaborators.length
  const others = withEntry(state, knot, repo, { ...entry, access: null })
  const own = countAt(others.listed, owner) + count
  if (count > COLLABORATORS_MAX) return false
  return isOurs(config, commits, owner)
    ? own <= OURS.collaborators
    : own <= STRANGER.collaborators && others.collaborators + count <= WITH_STRANGERS.collaborators
}
