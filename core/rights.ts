/**
 * Who may have what built: both gates of T2, as queries on the rows.
 */
import { NOBODY, type Slot } from './commits/account.js'
import { holdOf } from './commits/holds.js'
import { accountOf, type CommitsState, liveRecord, recordOf, rowAt } from './commits/model.js'
import type { HostName } from './data/host-name.js'
import { type Did, REPO, type Rkey } from './data/identifiers.js'
import { valuesAt } from './data/multimap.js'
import * as M from './data/ordered-map.js'
import type { Collaborator } from './event.js'
import type { Repository } from './model/build.js'
import type { RepoClaim } from './model/trigger.js'

/** What a trigger's claim comes to: a repository of ours, none, or one that `actor` has no say in. */
export type Entitlement =
  | { readonly _tag: 'Entitled'; readonly repository: Repository }
  | { readonly _tag: 'Unknown' }
  | { readonly _tag: 'NotEntitled'; readonly repository: Repository }

/** The repository of a record, if it counts, is admitted, and holds that knot through us. */
const repositoryAt = (
  state: CommitsState,
  knot: HostName,
  [did, rkey]: readonly [Did, Rkey]
): ReadonlyArray<Repository> => {
  const account = accountOf(state, did)
  const row = liveRecord(account, rkey)
  return row === null || holdOf(state, did, account, rkey) !== knot
    ? []
    : [{ did: row.repoDid, name: row.name === '' ? rkey : row.name, owner: did, rkey }]
}

/** The repositories on the knot that the claim may mean: by their own DID, or, where none has it, by owner and name. */
export const claimed = (
  state: CommitsState,
  knot: HostName,
  { did, name, owner }: RepoClaim
): ReadonlyArray<Repository> => {
  const byDid = did === null ? [] : M.keys(valuesAt<string>(did)(state.repoDids)).map(recordOf)
  const those = byDid.filter(([of]) => owner === null || of === owner).flatMap((key) => repositoryAt(state, knot, key))
  if (those.length > 0 || owner === null || name === null) return those
  const account = accountOf(state, owner) ?? NOBODY
  return M.keys(account.repos)
    .filter((rkey) => rkey === name || rowAt(account, rkey)?.name === name)
    .flatMap((rkey) => repositoryAt(state, knot, [owner, rkey]))
}

/** Whether `record`, of the owner's, makes its subject a collaborator on the repository. */
const isAbout = (record: Collaborator, { did, owner, rkey }: Repository): boolean =>
  record.repo === `at://${owner}/${REPO}/${rkey}` || (did !== '' && (record.repo === did || record.repoDid === did))

/**
 * Whether `actor` may push to the repository: its owner may, and whom a live record of the owner makes a collaborator
 * on it. Where the knot does not name anybody (`null`), it answers for that itself: it is the knot that lets people
 * push.
 */
export const mayTrigger = (state: CommitsState, repository: Repository, actor: Did | null): boolean => {
  if (actor === null || actor === repository.owner) return true
  const { collaborators } = accountOf(state, repository.owner) ?? NOBODY
  return M.reduceWithKey<Rkey, Slot<Collaborator>, boolean>(
    false,
    (_, found, { record }) => found || (record !== null && record.subject === actor && isAbout(record, repository))
  )(collaborators)
}

/**
 * Both gates of T2. A knot speaks only for repositories whose live record names us on that very knot, and only for
 * those of accounts that are admitted; and who caused the trigger must have a say in the repository. Where records of
 * several owners claim one repository, the actor's own counts; else it cannot be told whose it is, and nobody has a
 * say.
 */
export const entitlement = (state: CommitsState, knot: HostName, claim: RepoClaim, actor: Did | null): Entitlement => {
  const repositories = claimed(state, knot, claim)
  const [first] = repositories
  if (first === undefined) return { _tag: 'Unknown' }
  const own = repositories.find(({ owner }) => owner === actor)
  if (own !== undefined) return { _tag: 'Entitled', repository: own }
  const isOneOwners = repositories.every(({ owner }) => owner === first.owner)
  const entitled = isOneOwners ? repositories.find((repository) => mayTrigger(state, repository, actor)) : undefined
  return entitled === undefined
    ? { _tag: 'NotEntitled', repository: first }
    : { _tag: 'Entitled', repository: entitled }
}
