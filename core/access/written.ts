/**
 * The written form of access; the claimants follow from the rows.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClaimChanged } from '../commits/index.js'
import * as M from '../data/ordered-map.js'
import { claimantsAfter } from './claims.js'
import { repositoriesIn, withEntry } from './entries.js'
import { type AccessState, initial, type WrittenAccess } from './model.js'

export const toWritten = ({ entries, next }: AccessState): WrittenAccess => ({ entries, next })

/**
 * The slice with these claims.
 *
 * @returns `Left` with a sentence when there is an entry of a repository that nobody claims, or a request carries a
 *   number that was never issued.
 */
export const fromWritten = (
  written: WrittenAccess,
  claims: ReadonlyArray<ClaimChanged>
): E.Either<string, AccessState> => {
  const claimants = claims.reduce<AccessState['claimants']>(claimantsAfter, M.empty())
  if (M.keys(written.entries).some((key) => !M.has(key)(claimants)))
    return E.left('something is kept of who may push to a repository that no record claims')
  const entries = repositoriesIn(written)
  if (entries.some(([, , { request }]) => request.number >= written.next))
    return E.left('a request for who may push has a number that was never issued')
  const empty: AccessState = { ...initial, claimants, next: written.next }
  return E.right(entries.reduce((state, [knot, repo, entry]) => withEntry(state, knot, repo, entry), empty))
}
