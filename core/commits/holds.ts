/**
 * Which record holds which knot through us (S13), and what has changed about that between two states.
 */
import type { HostName } from '../data/host-name.js'
import { type Did, type Rkey } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { Repository } from '../model/build.js'
import { NOTHING } from '../transition.js'
import { type Account, NOBODY, type Repo } from './account.js'
import { isAdmitted } from './admission.js'
import { accountOf, type HoldChanged, liveRecord, type Rows } from './model.js'

/** The knot that a record of `did` that counts holds through us, if it does (S13). */
export const knotHeld = (rows: Rows, did: Did, repo: Repo | null): HostName | null =>
  repo !== null && repo.spindle === rows.config.hostname && isAdmitted(rows, did) ? repo.knot : null

/** The knot that the record at (did, rkey) holds through us, if it does. */
export const holdOf = (rows: Rows, did: Did, account: Account | null, rkey: Rkey): HostName | null =>
  knotHeld(rows, did, liveRecord(account, rkey))

/** What has changed at one key between two states: the exact difference, nothing for what is as it was (D4). */
export const holdChanged = (
  old: HostName | null,
  now: HostName | null,
  did: Did,
  rkey: Rkey
): ReadonlyArray<HoldChanged> => {
  if (old === now) return NOTHING
  return [
    ...(now === null ? [] : [{ _tag: 'HoldMade' as const, did, knot: now, rkey }]),
    ...(old === null ? [] : [{ _tag: 'HoldReleased' as const, did, knot: old, rkey }])
  ]
}

/** The keys of the repo records in either. A deletion takes keys away, a commit or a reading adds some. */
const keysOf = (old: Account, now: Account): ReadonlyArray<Rkey> =>
  old.repos === now.repos ? M.keys(now.repos) : [...new Set([...M.keys(old.repos), ...M.keys(now.repos)])].sort()

/** What has changed at the repo records of `dids`. */
export const holdChanges = (
  before: Rows,
  after: Rows,
  dids: ReadonlyArray<Did>
): ReadonlyArray<HoldChanged> =>
  dids.flatMap((did) => {
    const old = accountOf(before, did)
    const now = accountOf(after, did)
    return keysOf(old ?? NOBODY, now ?? NOBODY).flatMap((rkey) =>
      holdChanged(holdOf(before, did, old, rkey), holdOf(after, did, now, rkey), did, rkey)
    )
  })

/** Every hold that the rows make: what the knots' reducer is told when it starts from rows alone. */
export const allHolds = (rows: Rows): ReadonlyArray<HoldChanged> =>
  holdChanges({ ...rows, commits: { ...rows.commits, accounts: M.empty() } }, rows, M.keys(rows.commits.accounts))

/** Whether the record of the repository still holds that knot through us. */
export const isHeld = (rows: Rows, knot: HostName, { owner, rkey }: Repository): boolean =>
  holdOf(rows, owner, accountOf(rows, owner), rkey) === knot
