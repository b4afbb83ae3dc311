/**
 * `sh.tangled.git.refUpdate`: a push, as knots of every generation announce it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { RefUpdateShape, RepoClaim, Trigger } from '../../model/trigger.js'
import { didAt, type Fields, isAbsent, nameAt, optional, type Read } from '../fields.js'
import { pushOf } from './push.js'

const claimOf = ({ ownerDid, repo, repoDid, repoName }: Fields): Read<RepoClaim> => {
  const isOwner = isAbsent(repo) && isAbsent(ownerDid) && !isAbsent(repoName)
  return pipe(
    E.Do,
    E.apS('did', isOwner ? E.right(null) : isAbsent(repo) ? optional(didAt)('repoDid', repoDid) : didAt('repo', repo)),
    E.apS('knot', E.right(null)),
    E.apS('name', optional(nameAt)('repoName', repoName)),
    E.apS('owner', isOwner ? didAt('repoDid', repoDid) : optional(didAt)('ownerDid', ownerDid)),
    // Where there is a name and no DID, there is an owner by now.
    E.filterOrElse(
      ({ did, name }) => did !== null || name !== null,
      () => 'no repository is named'
    )
  )
}

const shapeOf = ({ changedFiles, pushOptions, repo }: Fields): RefUpdateShape => {
  if (isAbsent(repo)) return 'bare'
  return isAbsent(changedFiles) && isAbsent(pushOptions) ? 'named' : 'detailed'
}

export const refUpdate = (fields: Fields): Read<Trigger> =>
  pipe(
    E.Do,
    E.apS('actor', optional(didAt)('committerDid', fields['committerDid'])),
    E.apS('cause', pushOf('', fields)),
    E.apS('defaultBranch', E.right(null)),
    E.apS('kind', E.right('refUpdate' as const)),
    E.apS('repo', claimOf(fields)),
    E.apS('shape', E.right(shapeOf(fields))),
    E.apS('unkept', E.right([])),
    E.apS('workflows', E.right(null))
  )
