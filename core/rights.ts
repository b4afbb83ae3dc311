/**
 * Who may have what built: both gates of T2, as queries on the rows.
 */
import { type AccessState, entryOf } from './access/index.js'
import { NOBODY, type Slot } from './commits/account.js'
import { holdOf, isHeld } from './commits/holds.js'
import { accountOf, liveRecord, recordOf, type Rows, rowAt } from './commits/model.js'
import { ascending } from './data/ascending.js'
import type { HostName } from './data/host-name.js'
import { Did, REPO, type Rkey } from './data/identifiers.js'
import { valuesAt } from './data/multimap.js'
import * as M from './data/ordered-map.js'
import type { Collaborator } from './event.js'
import type { Access } from './model/access.js'
import type { Repository } from './model/build.js'
import type { RepoClaim } from './model/trigger.js'

/**
 * What a trigger's claim comes to: a repository of ours, none, one that `actor` has no say in, or one of which that is
 * not known yet.
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

/** The repository of a record, if it counts, is admitted, and holds a knot through us. */
export const heldAt = (rows: Rows, [did, rkey]: readonly [Did, Rkey]): ReadonlyArray<HeldRepository> => {
  const account = accountOf(rows, did)
  const row = liveRecord(account, rkey)
  const knot = holdOf(rows, did, account, rkey)
  if (row === null || knot === null) return []
  return [{ knot, repository: { did: row.repoDid, name: row.name === '' ? rkey : row.name, owner: did, rkey } }]
}

/** The same, if it is that knot. */
const repositoryAt = (rows: Rows, knot: HostName, record: readonly [Did, Rkey]): ReadonlyArray<Repository> =>
  heldAt(rows, record)
    .filter((held) => held.knot === knot)
    .map(({ repository }) => repository)

/** The repositories on the knot that the claim may mean: by their own DID, or, where none has it, by owner and name. */
export const claimed = (
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

/** Whether `record`, of the owner's, makes its subject a collaborator on the repository. */
const isAbout = (record: Collaborator, { did, owner, rkey }: Repository): boolean =>
  record.repo === `at://${owner}/${REPO}/${rkey}` || (did !== '' && (record.repo === did || record.repoDid === did))

/** Somebody, and a repository on a knot: what every question of rights is about. */
export interface RightsQuestion {
  /** `null` where the knot does not name anybody. */
  readonly actor: Did | null
  readonly knot: HostName
  readonly repository: Repository
}

/** Whether somebody has a say; `unknown` while it is not known yet what the knot says, and nothing is granted. */
export type Verdict = 'granted' | 'refused' | 'unknown'

/** The rows, and what knots say of who may push. */
export interface Grounds extends Rows {
  readonly access: Pick<AccessState, 'entries'>
}

const BY_RECORDS: Access = { _tag: 'ByRecords' }
const UNASKED: Access = { _tag: 'Denied', detail: 'the knot is not asked about it', keepsLists: false }

/** What counts of who may push to the repository; `null` while it is not known. */
const accessOf = ({ access, config }: Grounds, knot: HostName, { did }: Repository): Access | null => {
  if (config.collaborators === 'records') return BY_RECORDS
  const entry = entryOf(access, knot, Did.is(did) ? did : '')
  return entry === null ? UNASKED : entry.access
}

/**
 * Whether the knot, or the DID document of the repository, says otherwise than its record: that it is not there, or is
 * somebody else's. Such a record grants nothing.
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
 * Whether the actor has a say in the repository: may have it built, and may cancel and repeat what was built. This is
 * the one place that decides it, whoever asks, and in whatever way.
 *
 * On a knot that keeps lists, whose the repository is and who else may push is for the knot alone to say. Elsewhere
 * its owner has a say, and whom a live record of the owner makes a collaborator on it. Where the knot does not name
 * anybody, it answers for that itself: it is the knot that lets people push.
 */
export const verdictOn = (grounds: Grounds, { actor, knot, repository }: RightsQuestion): Verdict => {
  const access = accessOf(grounds, knot, repository)
  if (access === null) return 'unknown'
  if (isDenied(grounds, knot, repository)) return 'refused'
  if (actor === null || actor === repository.owner) return 'granted'
  const isOne =
    access._tag === 'ByKnot' ? access.collaborators.includes(actor) : isByRecord(grounds, actor, repository)
  return isOne ? 'granted' : 'refused'
}

/**
 * Both gates of T2. A knot speaks only for repositories whose live record names us on that very knot, and only for
 * those of accounts that are admitted; a record that the knot denies counts for nothing; and who caused the trigger
 * must have a say in the repository. Where records of several owners claim one repository, the actor's own counts; else
 * it cannot be told whose it is, and nobody has a say.
 */
export const entitlement = (grounds: Grounds, knot: HostName, claim: RepoClaim, actor: Did | null): Entitlement => {
  const repositories = claimed(grounds, knot, claim).filter((repository) => !isDenied(grounds, knot, repository))
  const [first] = repositories
  if (first === undefined) return { _tag: 'Unknown' }
  const own = repositories.filter(({ owner }) => owner === actor)
  const isOneOwners = repositories.every(({ owner }) => owner === first.owner)
  const judged = (own.length > 0 ? own : isOneOwners ? repositories : []).map((repository) => ({
    repository,
    say: verdictOn(grounds, { actor, knot, repository })
  }))
  const granted = judged.find(({ say }) => say === 'granted')
  if (granted !== undefined) return { _tag: 'Entitled', repository: granted.repository }
  const undecided = judged.find(({ say }) => say === 'unknown')
  return undecided === undefined
    ? { _tag: 'NotEntitled', repository: first }
    : { _tag: 'Undecided', repository: undecided.repository }
}

/** The repositories that live records give that DID, each with the knot that it holds through us, by owner and key. */
export const repositoriesOf = (rows: Rows, did: Did): ReadonlyArray<HeldRepository> =>
  M.keys(valuesAt<string>(did)(rows.commits.repoDids)).flatMap((holder) => heldAt(rows, recordOf(holder)))

/**
 * The repository of that DID in which whoever calls has a say; `null` when there is none. It is asked of each knot on
 * which the repository is held, as of a trigger from there; where that comes to several, it cannot be told which is
 * meant, and nobody has a say.
 */
export const repositoryOfCaller = (rows: Grounds, did: Did, caller: Did): HeldRepository | null => {
  const knots = ascending(repositoriesOf(rows, did).map(({ knot }) => knot))
  const [only, ...others] = knots.flatMap((knot) => {
    const found = entitlement(rows, knot, { did, knot: null, name: null, owner: null }, caller)
    return found._tag === 'Entitled' ? [{ knot, repository: found.repository }] : []
  })
  return only === undefined || others.length > 0 ? null : only
}

/** Whose repository a run is of, and who caused it. */
export interface Right {
  readonly actor: Did | null
  readonly repository: Repository
}

/**
 * Whether the right to a run on the knot is there still: the record of its repository holds the knot through us, and
 * whoever caused it has a say in it (T2).
 */
export const rightTo = (grounds: Grounds, knot: HostName, { actor, repository }: Right): Verdict =>
  isHeld(grounds, knot, repository) ? verdictOn(grounds, { actor, knot, repository }) : 'refused'
