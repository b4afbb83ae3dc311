/**
 * Entries by knot and repository: how they are looked up, kept and counted.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import type { Did } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { addAt, countAt, type Tally } from '../data/tally.js'
import type { Access } from '../model/access.js'
import { type AccessState, type Entry, repositoryKey, type RepositoryKey, splitName } from './model.js'

/** The entry of the repository; `null` if there is none. */
export const entryOf = ({ entries }: Pick<AccessState, 'entries'>, knot: HostName, repo: string): Entry | null =>
  O.toNullable(M.lookup(repositoryKey(knot, repo))(entries))

/** The accounts that claim the repository. */
export const claimantsOf = ({ claimants }: Pick<AccessState, 'claimants'>, key: RepositoryKey): Tally<Did> =>
  pipe(
    M.lookup(key)(claimants),
    O.getOrElse(() => M.empty())
  )

/**
 * The account whose limit a repository's list counts against: the one that the knot calls its owner, if that account
 * claims the repository. Nobody else's record counts beside such a list, and nobody can use up another account's limit
 * by claiming its repositories.
 */
export const listOwner = (state: Pick<AccessState, 'claimants'>, key: RepositoryKey, access: Access): Did | null =>
  access._tag === 'ByKnot' && M.has(access.owner)(claimantsOf(state, key)) ? access.owner : null

/**
 * The account in whose turn a repository is asked about: the one that its knot calls the owner, if that account claims
 * it; else, of those that claim it, the one with the fewest entries. So an account that claims many repositories does
 * not delay the question about one that another account claims, too. `null`: nobody claims it.
 */
export const askedFor = (state: AccessState, key: RepositoryKey, access: Access | null): Did | null => {
  const owner = access === null ? null : listOwner(state, key, access)
  if (owner !== null) return owner
  const count = (did: Did): number => countAt(state.ofAccounts, did)
  return M.reduceWithKey<Did, number, Did | null>(null, (did, least) =>
    least === null || count(did) < count(least) ? did : least
  )(claimantsOf(state, key))
}

/** The state with a list counted or, if `sign` is -1, no longer counted. */
const counted = (state: AccessState, key: RepositoryKey, entry: Entry | null, sign: 1 | -1): AccessState => {
  const access = entry?.access ?? null
  if (access?._tag !== 'ByKnot') return state
  const owner = listOwner(state, key, access)
  if (owner === null) return state
  const more = sign * access.collaborators.length
  return { ...state, collaborators: state.collaborators + more, listed: addAt(state.listed, owner, more) }
}

/** Whether an entry says that its knot keeps lists, as a number: 1 or 0. */
const listingIn = (entry: Entry | null): number => {
  const access = entry?.access ?? null
  return access?._tag === 'ByKnot' || (access?._tag === 'Denied' && access.keepsLists) ? 1 : 0
}

/** Whether any entry of the knot says that it keeps lists. */
export const knotKeepsLists = ({ listing }: AccessState, knot: HostName): boolean => M.has(knot)(listing)

/** The number of entries of each account, after one that these claim was added or removed. */
const ofAccountsWith = (state: AccessState, claimants: Tally<Did>, more: 1 | -1): AccessState['ofAccounts'] =>
  M.reduceWithKey<Did, number, AccessState['ofAccounts']>(state.ofAccounts, (did, all) => addAt(all, did, more))(
    claimants
  )

/** The state with that entry for the repository. */
export const withEntry = (before: AccessState, knot: HostName, repo: string, entry: Entry): AccessState => {
  const key = repositoryKey(knot, repo)
  const was = entryOf(before, knot, repo)
  const state = counted(counted(before, key, was, -1), key, entry, 1)
  return {
    ...state,
    entries: M.upsertAt(key, entry)(state.entries),
    listing: addAt(state.listing, knot, listingIn(entry) - listingIn(was)),
    ofAccounts: was === null ? ofAccountsWith(state, claimantsOf(state, key), 1) : state.ofAccounts
  }
}

/** The state without an entry for the repository. */
export const withoutEntry = (before: AccessState, knot: HostName, repo: string): AccessState => {
  const key = repositoryKey(knot, repo)
  const was = entryOf(before, knot, repo)
  if (was === null) return before
  const state = counted(before, key, was, -1)
  return {
    ...state,
    entries: M.deleteAt(key)(state.entries),
    listing: addAt(state.listing, knot, -listingIn(was)),
    ofAccounts: ofAccountsWith(state, claimantsOf(state, key), -1)
  }
}

/**
 * The state after the number of an account's records that claim the repository has changed by `more`. If the account is
 * the one that the knot calls the owner, and begins or ceases to claim the repository, the list is emptied.
 */
export const withClaims = (state: AccessState, key: RepositoryKey, did: Did, more: number): AccessState => {
  const was = claimantsOf(state, key)
  const now = addAt(was, did, more)
  const claimants = M.isEmpty(now) ? M.deleteAt(key)(state.claimants) : M.upsertAt(key, now)(state.claimants)
  const entry = O.toNullable(M.lookup(key)(state.entries))
  if (entry === null || M.has(did)(was) === M.has(did)(now)) return { ...state, claimants }
  const ofAccounts = addAt(state.ofAccounts, did, M.has(did)(now) ? 1 : -1)
  if (entry.access?._tag !== 'ByKnot' || entry.access.owner !== did) return { ...state, claimants, ofAccounts }
  const [knot, repo] = splitName(key)
  const access = { ...entry.access, collaborators: [] }
  return { ...withEntry(state, knot, repo, { ...entry, access }), claimants, ofAccounts }
}

/** The repositories with entries, by name. */
export const repositoriesIn = ({
  entries
}: Pick<AccessState, 'entries'>): ReadonlyArray<readonly [HostName, string, Entry]> =>
  M.toEntries(entries).map(([key, entry]) => [...splitName(key), entry])
