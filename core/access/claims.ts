/**
 * From what records claim to entries: one for every repository that is claimed, as far as there is room, and no other.
 */
import type { ClaimChanged } from '../commits/index.js'
import { holder } from '../commits/index.js'
import { ascending } from '../data/ascending.js'
import { insertAt, removeAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { Event } from '../event.js'
import * as Request from '../request.js'
import { type Answer, chain, nothing, report, to } from '../transition.js'
import { ask } from './asked.js'
import { entryOf, hasRoom, withoutEntry } from './entries.js'
import {
  type AccessGiven,
  type AccessOutcome,
  type AccessState,
  type AccessStep,
  repositoryKey,
  type RepositoryKey,
  splitName
} from './model.js'

/** The claimants after a record has claimed a repository, or does so no more. */
export const applied = (
  claimants: AccessState['claimants'],
  { _tag, did, knot, repo, rkey }: ClaimChanged
): AccessState['claimants'] =>
  (_tag === 'ClaimMade' ? insertAt : removeAt)(repositoryKey(knot, repo), holder(did, rkey))(claimants)

/** An entry for the repository, of which nothing is known yet. */
const begin =
  ({ at }: Event, isStopped: boolean) =>
  (state: AccessState, key: RepositoryKey): AccessStep => {
    const [knot, repo] = splitName(key)
    if (entryOf(state, knot, repo) !== null) return [state, []]
    if (!hasRoom(state, knot))
      return [state, [report({ _tag: 'AccessReadFailed', at, detail: 'there are too many repositories', knot, repo })]]
    const entry = { access: null, asOfUs: null, isOutdated: false, request: Request.waiting(Request.FIRST) }
    return ask(state, [knot, repo, entry], isStopped)
  }

/** Brings the entries in line with what is claimed. */
export const reconciled = (
  state: AccessState,
  event: Event,
  { claims, config, isStopped }: AccessGiven
): Answer<AccessState, AccessOutcome> => {
  const isStart = event._tag === 'Started'
  if (claims.length === 0 && !isStart) return nothing
  const after = { ...state, claimants: claims.reduce(applied, state.claimants) }
  const isAsking = config.collaborators === 'knots'
  const isClaimed = (key: RepositoryKey): boolean => isAsking && M.has(key)(after.claimants)
  const touched = ascending(claims.map(({ knot, repo }) => repositoryKey(knot, repo)))
  const gone = (isStart ? M.keys(after.entries) : touched).filter((key) => !isClaimed(key))
  const come = (isStart ? M.keys(after.claimants) : touched).filter(isClaimed)
  const kept = gone.reduce((acc, key) => withoutEntry(acc, ...splitName(key)), after)
  // A start asks for all of them itself.
  const [next, effects] = chain(kept, come, begin(event, isStopped || isStart))
  return to(next, effects)
}
