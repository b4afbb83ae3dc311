/**
 * How much room there is for what knots say of who may push (T2). Each account has room of its own: nobody else's
 * records take of it, and no knot does on which it has no repository. Strangers come and go at no cost, so for theirs
 * there is an end besides to what is kept of all.
 */
import { isOurs } from '../commits/admission.js'
import type { Did } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { countAt } from '../data/tally.js'
import type { Access } from '../model/access.js'
import type { Named } from './asked.js'
import { listOwner, withEntry } from './entries.js'
import { type AccessGiven, type AccessState, repositoryKey, type RepositoryKey } from './model.js'

/** The limit of collaborators of one repository. */
const COLLABORATORS_MAX = 500

interface Room {
  /** Collaborators on the lists of an account's repositories. */
  readonly collaborators: number
  /** Repositories that an account claims, of which it is known who may push. */
  readonly entries: number
}

/** The room of the owner, and of each account that a record of the owner names. */
const OURS: Room = { collaborators: 50_000, entries: 5_000 }

/** The room of each stranger, where strangers are admitted. */
const STRANGER: Room = { collaborators: 5_000, entries: 500 }

/** What there may be of all accounts together while a stranger's is added. */
const WITH_STRANGERS: Room = { collaborators: 100_000, entries: 25_000 }

type Given = Pick<AccessGiven, 'commits' | 'config'>

/** Whether there is room for the entry of a repository that the account claims. */
export const hasRoom = ({ commits, config }: Given, { entries, ofAccounts }: AccessState, did: Did): boolean => {
  const own = countAt(ofAccounts, did)
  return isOurs(config, commits, did)
    ? own < OURS.entries
    : own < STRANGER.entries && M.size(entries) < WITH_STRANGERS.entries
}

/** The answer as it is kept: without a list, where that is nobody's. */
export const withoutIdleList = (state: AccessState, key: RepositoryKey, access: Access): Access =>
  access._tag === 'ByKnot' && listOwner(state, key, access) === null ? { ...access, collaborators: [] } : access

/** Whether there is room for the collaborators of an answer, in place of those that the entry has. */
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
