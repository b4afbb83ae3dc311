/**
 * From claims to entries: one entry for every repository that a record claims, as far as there is room, and no other.
 */
import * as Request from '../base/request.js'
import { chain, irrelevant, type Reduction, report, transitionTo, withoutEffects } from '../base/transition.js'
import type { ClaimChanged } from '../commits/index.js'
import type { Did, TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { addAt, type Tally } from '../data/tally.js'
import type { Event } from '../event.js'
import { ask } from './asked.js'
import { claimantsOf, entryOf, withClaims, withoutEntry } from './entries.js'
import {
  type AccessGiven,
  type AccessOutcome,
  type AccessState,
  type AccessStep,
  repositoryKey,
  type RepositoryKey,
  splitName
} from './model.js'
import { hasRoom } from './room.js'

/** Who claims each repository, after a record has begun or ceased to claim one. */
export const claimantsAfter = (
  claimants: AccessState['claimants'],
  { _tag, did, knot, repo }: ClaimChanged
): AccessState['claimants'] => {
  const key = repositoryKey(knot, repo)
  const those = addAt(claimantsOf({ claimants }, key), did, _tag === 'ClaimMade' ? 1 : -1)
  return M.isEmpty(those) ? M.deleteAt(key)(claimants) : M.upsertAt(key, those)(claimants)
}

/** An entry for the repository, of which nothing is known yet, if any account that claims it has room. */
const begin = (
  given: AccessGiven,
  state: AccessState,
  key: RepositoryKey,
  dids: ReadonlyArray<Did>,
  at: TimeUs
): AccessStep => {
  const [knot, repo] = splitName(key)
  if (!dids.some((did) => hasRoom(given, state, did)))
    return [state, [report({ _tag: 'AccessReadFailed', at, detail: 'there are too many repositories', knot, repo })]]
  const entry = { access: null, asOfUs: null, isOutdated: false, request: Request.waiting(Request.FIRST) }
  return ask(state, [knot, repo, entry], given.isStopped)
}

/** The state after these accounts have begun to claim the repository. */
const come =
  (given: AccessGiven, { at }: Event) =>
  (state: AccessState, [key, dids]: readonly [RepositoryKey, ReadonlyArray<Did>]): AccessStep => {
    const [knot, repo] = splitName(key)
    const entry = entryOf(state, knot, repo)
    if (entry === null) return begin(given, state, key, dids, at)
    // While its owner did not claim it, the list was not kept: it has to be read again.
    const { access } = entry
    return access?._tag === 'ByKnot' && dids.includes(access.owner)
      ? ask(state, [knot, repo, entry], given.isStopped)
      : withoutEffects(state)
  }

/** Brings the entries in line with the claims. */
export const reconcile = (
  state: AccessState,
  event: Event,
  given: AccessGiven
): Reduction<AccessState, AccessOutcome> => {
  const isStart = event._tag === 'Started'
  if (given.claims.length === 0 && !isStart) return irrelevant
  const isAsking = given.config.collaborators === 'knots'
  const more = M.toEntries(given.claims.reduce(claimantsAfter, M.empty<RepositoryKey, Tally<Did>>()))
  const after = more.reduce(
    (acc, [key, those]) => M.toEntries(those).reduce((each, [did, by]) => withClaims(each, key, did, by), acc),
    state
  )
  const isClaimed = (key: RepositoryKey): boolean => isAsking && M.has(key)(after.claimants)
  const gone = (isStart ? M.keys(after.entries) : more.map(([key]) => key)).filter((key) => !isClaimed(key))
  const kept = gone.reduce((acc, key) => withoutEntry(acc, ...splitName(key)), after)
  const isNew = (key: RepositoryKey, did: Did): boolean =>
    M.has(did)(claimantsOf(after, key)) && !M.has(did)(claimantsOf(state, key))
  const isTriedAnew = (key: RepositoryKey): boolean => isStart && !M.has(key)(kept.entries)
  const newcomers = (isStart ? M.toEntries(after.claimants) : more)
    .filter(([key]) => isClaimed(key))
    .map(([key, those]) => [key, M.keys(those).filter((did) => isTriedAnew(key) || isNew(key, did))] as const)
    .filter(([, dids]) => dids.length > 0)
  // A start asks for all lists itself.
  const [next, effects] = chain(kept, newcomers, come({ ...given, isStopped: given.isStopped || isStart }, event))
  return transitionTo(next, effects)
}
