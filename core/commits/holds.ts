/**
 * Which record holds which knot through us (S13), and how that differs between two states.
 */
import { EMPTY } from '../base/transition.js'
import { ascending } from '../data/ascending.js'
import type { HostName } from '../data/host-name.js'
import { Did, type Rkey } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { Repository } from '../model/build.js'
import { type Account, NOBODY, type Repo } from './account.js'
import { isAdmitted } from './admission.js'
import { accountOf, type ClaimChanged, type HoldChanged, liveRecord, type RepoChanged, type Rows } from './model.js'

/** The knot that a live record of `did` holds through us; `null` if it holds none (S13). */
export const knotHeld = (rows: Rows, did: Did, repo: Repo | null): HostName | null =>
  repo !== null && repo.spindle === rows.config.hostname && isAdmitted(rows, did) ? repo.knot : null

/** The knot that the record at (did, rkey) holds through us; `null` if it holds none. */
export const holdOf = (rows: Rows, did: Did, account: Account | null, rkey: Rkey): HostName | null =>
  knotHeld(rows, did, liveRecord(account, rkey))

/** A repository on a knot, as described by a record that holds the knot through us. */
export interface Claim {
  readonly knot: HostName
  /** Its own DID; `""` if the record gives none. */
  readonly repo: string
}

/** What a live record of `did` claims through us; `null` if it holds no knot. */
export const claimOf = (rows: Rows, did: Did, repo: Repo | null): Claim | null => {
  const knot = knotHeld(rows, did, repo)
  return knot === null || repo === null ? null : { knot, repo: Did.is(repo.repoDid) ? repo.repoDid : '' }
}

/** What has changed at one key between two states: exactly the difference, and nothing where nothing changed (D4). */
export const repoChanged = (
  old: Claim | null,
  now: Claim | null,
  did: Did,
  rkey: Rkey
): ReadonlyArray<RepoChanged> => {
  const isSameKnot = old?.knot === now?.knot
  if (isSameKnot && old?.repo === now?.repo) return EMPTY
  return [
    ...(now === null || isSameKnot ? [] : [{ _tag: 'HoldMade' as const, did, knot: now.knot, rkey }]),
    ...(old === null || isSameKnot ? [] : [{ _tag: 'HoldReleased' as const, did, knot: old.knot, rkey }]),
    ...(now === null ? [] : [{ _tag: 'ClaimMade' as const, ...now, did, rkey }]),
    ...(old === null ? [] : [{ _tag: 'ClaimReleased' as const, ...old, did, rkey }])
  ]
}

/** The keys of the repo records in either. A deletion removes keys; a commit or a reading adds some. */
const keysOf = (old: Account, now: Account): ReadonlyArray<Rkey> =>
  old.repos === now.repos ? M.keys(now.repos) : ascending([...M.keys(old.repos), ...M.keys(now.repos)])

/** What has changed at the repo records of `dids`. */
export const repoChanges = (
  before: Rows,
  after: Rows,
  dids: ReadonlyArray<Did>
): ReadonlyArray<RepoChanged> =>
  dids.flatMap((did) => {
    const old = accountOf(before, did)
    const now = accountOf(after, did)
    return keysOf(old ?? NOBODY, now ?? NOBODY).flatMap((rkey) =>
      repoChanged(claimOf(before, did, liveRecord(old, rkey)), claimOf(after, did, liveRecord(now, rkey)), did, rkey)
    )
  })

/** Whether the change is a hold that was made or released. */
export const isHoldChanged = (change: { readonly _tag: string }): change is HoldChanged =>
  change._tag === 'HoldMade' || change._tag === 'HoldReleased'

/** Whether the change is a claim that was made or withdrawn. */
export const isClaimChanged = (change: { readonly _tag: string }): change is ClaimChanged =>
  change._tag === 'ClaimMade' || change._tag === 'ClaimReleased'

/** What `madeBy` says of each claim that the rows make, by owner and key. A boot asks it of all rows. */
const all = <A>(rows: Rows, madeBy: (claim: Claim, did: Did, rkey: Rkey) => A): ReadonlyArray<A> =>
  M.reduceWithKey<Did, Account, Array<A>>([], (did, made, account) =>
    M.reduceWithKey<Rkey, unknown, Array<A>>(made, (rkey, more) => {
      const claim = claimOf(rows, did, liveRecord(account, rkey))
      if (claim !== null) more.push(madeBy(claim, did, rkey))
      return more
    })(account.repos)
  )(rows.commits.accounts)

/** Every hold that the rows make: the input of the knots' reducer when it starts from rows alone. */
export const allHolds = (rows: Rows): ReadonlyArray<HoldChanged> =>
  all(rows, ({ knot }, did, rkey) => ({ _tag: 'HoldMade', did, knot, rkey }))

/** Every claim that the rows make. */
export const allClaims = (rows: Rows): ReadonlyArray<ClaimChanged> =>
  all(rows, (claim, did, rkey) => ({ _tag: 'ClaimMade', ...claim, did, rkey }))

/** Whether the record of the repository still holds that knot through us. */
export const isHeld = (rows: Rows, knot: HostName, { owner, rkey }: Repository): boolean =>
  holdOf(rows, owner, accountOf(rows, owner), rkey) === knot
