/**
 * Rights: which repositories a trigger means, and who has a right to them (T2), as queries on the rows.
 */
import { NOBODY, type Slot } from '../commits/account.js'
import { holdOf, isHeld } from '../commits/holds.js'
import { accountOf, liveRecord, recordOf, type Rows, rowAt } from '../commits/model.js'
import { ascending } from '../data/ascending.js'
import type { HostName } from '../data/host-name.js'
import { Did, REPO, type Rkey } from '../data/identifiers.js'
import { valuesAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { Collaborator } from '../event.js'
import type { Access } from '../model/access.js'
import type { Repository } from '../model/build.js'
import type { RepoClaim } from '../model/trigger.js'
import { type AccessState, entryOf } from './index.js'

/**
 * What a trigger's claim amounts to: a repository in which the actor has a right, one in which they have none, one for
 * which that is not known yet, or no repository of ours.
 */
export type Entitlement =
  | { readonly _tag: 'Undecided'; readonly repository: Repository }
  | { readonly _tag: 'Entitled'; readonly repository: Repository }
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'NotEntitled'; readonly repository: Repository }

/** A repository, and the knot that its record holds through us. */
export interface HeldRepository {
  readonly knot: HostName
  readonly repository: Repository
}

/** The repository of a record, if the record counts, is admitted, and holds a knot through us. */
export const heldAt = (rows: Rows, [did, rkey]: readonly [Did, Rkey]): ReadonlyArray<HeldRepository> => {
  const account = accountOf(rows, did)
  const row = liveRecord(account, rkey)
  const knot = holdOf(rows, did, account, rkey)
  if (row === null || knot === null) return []
  return [{ knot, repository: { did: row.repoDid, name: row.name === '' ? rkey : row.name, owner: did, rkey } }]
}

/** The same, if it holds that knot. */
const repositoryAt = (rows: Rows, knot: HostName, record: readonly [Did, Rkey]): ReadonlyArray<Repository> =>
  heldAt(rows, record)
    .filter((held) => held.knot === knot)
    .map(({ repository }) => repository)

/** The repositories on the knot that the claim may mean: those with its DID; if there are none, by owner and name. */
export const repositoriesClaimed = (
  rows: Rows,
  knot: HostName,
  { did, name, owner }: RepoClaim
): ReadonlyArray<Repository> => {
  const byDid = did === null ? [] : M.keys(valuesAt<string>(did)(rows.commits.repoDids)).map(recordOf)
  const those = byDid.filter(([of]) => owner === null || of === owner).flatMap((key) => repositoryAt(rows, knot, key))
  if (those.length > 0 || owner === null || name === null) return those
  const account = accountOf(rows, owner) ?? NOBODY
  return M.keys(account.repos)
    .filter((rkey) => rkey === name || rowAt(account, rkey)?.name === name)
    .flatMap((rkey) => repositoryAt(rows, knot, [owner, rkey]))
}

/** Whether `record`, written by the owner, is about that repository. */
const isAbout = (record: Collaborator, { did, owner, rkey }: Repository): boolean =>
  record.repo === `at://${owner}/${REPO}/${rkey}` || (did !== '' && (record.repo === did || record.repoDid === did))

/** What every question of rights is about: somebody, and a repository on a knot. */
export interface RightsQuestion {
  /** `null` if the knot names nobody. */
  readonly actor: Did | null
  readonly knot: HostName
  readonly repository: Repository
}

/** Whether somebody has a right. `unknown`: the knot has not answered yet; nothing is granted until it does. */
export type Verdict = 'granted' | 'refused' | 'unknown'

/** What verdicts are based on: the rows, and what knots say about who may push. */
export interface Grounds extends Rows {
  readonly access: Pick<AccessState, 'entries'>
}

const BY_RECORDS: Access = { _tag: 'ByRecords' }
const UNASKED: Access = { _tag: 'Denied', detail: 'the knot is not asked about it', keepsLists: false }

/** Who decides who may push to the repository, and what they say; `null` while that is not known. */
const accessOf = ({ access, config }: Grounds, knot: HostName, { did }: Repository): Access | null => {
  if (config.collaborators === 'records') return BY_RECORDS
  const entry = entryOf(access, knot, Did.is(did) ? did : '')
  return entry === null ? UNASKED : entry.access
}

/**
 * Whether the knot, or the repository's DID document, contradicts the record: the repository is not there, or belongs
 * to somebody else. Such a record grants nothing.
 */
export const isDenied = (grounds: Grounds, knot: HostName, repository: Repository): boolean => {
  const access = accessOf(grounds, knot, repository)
  return access?._tag === 'Denied' || (access?._tag === 'ByKnot' && access.owner !== repository.owner)
}

/** Whether a live record of the owner makes the actor a collaborator. */
const isByRecord = (rows: Rows, actor: Did, repository: Repository): boolean => {
  const { collaborators } = accountOf(rows, repository.owner) ?? NOBODY
  return M.reduceWithKey<Rkey, Slot<Collaborator>, boolean>(
    false,
    (_, found, { record }) => found || (record !== null && record.subject === actor && isAbout(record, repository))
  )(collaborators)
}

/**
 * Whether the actor has a right to the repository: may have it built, and may cancel and retry its builds. Nothing else
 * decides this, for triggers, calls and orders alike.
 *
 * On a knot that keeps lists, the knot alone says who owns the repository and who else may push. Elsewhere the owner
 * has the right, and so do those whom a live record of the owner makes collaborators. A knot that names nobody vouches
 * for the pusher, because the knot itself let them push.
 */
export const verdictOn = (grounds: Grounds, { actor, knot, repository }: RightsQuestion): Verdict => {
  const access = accessOf(grounds, knot, repository)
  if (access === null) return 'unknown'
  if (isDenied(grounds, knot, repository)) return 'refused'
  if (actor === null || actor === repository.owner) return 'granted'
  const isCollaborator =
    access._tag === 'ByKnot' ? access.collaborators.includes(actor) : isByRecord(grounds, actor, repository)
  return isCollaborator ? 'granted' : 'refused'
}

/**
 * Both gates of T2. First, a knot speaks only for repositories of admitted accounts whose live record names us on that
 * very knot, and which the knot does not deny. Second, the actor must have a right to the repository. If records of
 * several owners claim one repository, the actor's own record counts; without one, it cannot be told whose repository
 * it is, and nobody has a right.
 */
export const entitlement = (grounds: Grounds, knot: HostName, claim: RepoClaim, actor: Did | null): Entitlement => {
  const repositories = repositoriesClaimed(grounds, knot, claim).filter(
    (repository) => !isDenied(grounds, knot, repository)
  )
  const [first] = repositories
  if (first === undefined) return { _tag: 'Unknown' }
  const own = repositories.filter(({ owner }) => owner === actor)
  const isOneOwners = repositories.every(({ owner }) => owner === first.owner)
  const judged = (own.length > 0 ? own : isOneOwners ? repositories : []).map((repository) => ({
    repository,
    verdict: verdictOn(grounds, { actor, knot, repository })
  }))
  const granted = judged.find(({ verdict }) => verdict === 'granted')
  if (granted !== undefined) return { _tag: 'Entitled', repository: granted.repository }
  const undecided = judged.find(({ verdict }) => verdict === 'unknown')
  return undecided === undefined
    ? { _tag: 'NotEntitled', repository: first }
    : { _tag: 'Undecided', repository: undecided.repository }
}

/** The repositories to which live records give that DID, each with the knot it holds through us, by owner and key. */
export const repositoriesOf = (rows: Rows, did: Did): ReadonlyArray<HeldRepository> =>
  M.keys(valuesAt<string>(did)(rows.commits.repoDids)).flatMap((holder) => heldAt(rows, recordOf(holder)))

/**
 * The repository of that DID to which the caller has a right; `null` if there is none. Each knot on which the
 * repository is held is judged as for a trigger from there. If that comes to several, it cannot be told which one is
 * meant, and the caller has no right.
 */
export const repositoryOfCaller = (rows: Grounds, did: Did, caller: Did): HeldRepository | null => {
  const knots = ascending(repositoriesOf(rows, did).map(({ knot }) => knot))
  const [only, ...others] = knots.flatMap((knot) => {
    const found = entitlement(rows, knot, { did, knot: null, name: null, owner: null }, caller)
    return found._tag === 'Entitled' ? [{ knot, repository: found.repository }] : []
  })
  return only === undefined || others.length > 0 ? null : only
}

/** The repository of a run, and who caused the run. */
export interface Right {
  readonly actor: Did | null
  readonly repository: Repository
}

/**
 * Whether there still is a right to a run on the knot: the record of its repository holds the knot through us, and the
 * actor has a right to the repository (T2).
 */
export const rightTo = (grounds: Grounds, knot: HostName, { actor, repository }: Right): Verdict =>
  isHeld(grounds, knot, repository) ? verdictOn(grounds, { actor, knot, repository }) : 'refused'
