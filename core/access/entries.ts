/**
 * Entries by knot and repository: how they are looked up, kept and counted.
 */
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import * as M from '../data/ordered-map.js'
import { addAt, countAt } from '../data/tally.js'
import type { Access } from '../model/access.js'
import { type AccessState, type Entry, repositoryKey, splitName } from './model.js'

/** How many repositories of one knot it is known of who may push. */
export const ENTRIES_PER_KNOT_MAX = 10_000

/** The same of all knots together. */
export const ENTRIES_MAX = 50_000

/** How many collaborators one repository may have. */
export const COLLABORATORS_MAX = 500

/** How many all repositories together may have. */
export const ALL_COLLABORATORS_MAX = 200_000

/** What is kept of the repository; `null` when nothing is. */
export const entryOf = ({ entries }: Pick<AccessState, 'entries'>, knot: HostName, repo: string): Entry | null =>
  O.toNullable(M.lookup(repositoryKey(knot, repo))(entries))

/** How many collaborators an entry has. */
const collaboratorsIn = (entry: Entry | null): number =>
  entry?.access?._tag === 'ByKnot' ? entry.access.collaborators.length : 0

/** Whether an entry says that its knot keeps lists, as a number: 1 or 0. */
const listingIn = (entry: Entry | null): number => {
  const access = entry?.access ?? null
  return access?._tag === 'ByKnot' || (access?._tag === 'Denied' && access.keepsLists) ? 1 : 0
}

/** Whether any entry of the knot says that it keeps lists. */
export const keepsLists = ({ listing }: AccessState, knot: HostName): boolean => M.has(knot)(listing)

/** The state in which that is the entry of the repository. */
export const withEntry = (state: AccessState, knot: HostName, repo: string, entry: Entry): AccessState => {
  const before = entryOf(state, knot, repo)
  return {
    ...state,
    collaborators: state.collaborators - collaboratorsIn(before) + collaboratorsIn(entry),
    entries: M.upsertAt(repositoryKey(knot, repo), entry)(state.entries),
    listing: addAt(state.listing, knot, listingIn(entry) - listingIn(before)),
    ofKnots: before === null ? addAt(state.ofKnots, knot, 1) : state.ofKnots
  }
}

/** The state in which nothing is kept of the repository. */
export const withoutEntry = (state: AccessState, knot: HostName, repo: string): AccessState => {
  const before = entryOf(state, knot, repo)
  if (before === null) return state
  return {
    ...state,
    collaborators: state.collaborators - collaboratorsIn(before),
    entries: M.deleteAt(repositoryKey(knot, repo))(state.entries),
    listing: addAt(state.listing, knot, -listingIn(before)),
    ofKnots: addAt(state.ofKnots, knot, -1)
  }
}

/** Whether there is room for an entry of the knot. */
export const hasRoom = (state: AccessState, knot: HostName): boolean =>
  M.size(state.entries) < ENTRIES_MAX && countAt(state.ofKnots, knot) < ENTRIES_PER_KNOT_MAX

/** Whether there is room for the collaborators of an answer, in place of those that the entry has. */
export const hasRoomFor = ({ collaborators }: AccessState, entry: Entry, access: Access): boolean =>
  access._tag !== 'ByKnot' ||
  (access.collaborators.length <= COLLABORATORS_MAX &&
    collaborators - collaboratorsIn(entry) + access.collaborators.length <= ALL_COLLABORATORS_MAX)

/** The repositories of which there are entries, by name. */
export const repositoriesIn = ({
  entries
}: Pick<AccessState, 'entries'>): ReadonlyArray<readonly [HostName, string, Entry]> =>
  M.toEntries(entries).map(([key, entry]) => [...splitName(key), entry])
