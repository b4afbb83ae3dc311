/**
 * `sh.tangled.repo.collaboratorUpdate`: somebody may push to a repository from now on, or no longer may.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { CollaboratorUpdate } from '../../event.js'
import { didAt, type Fields, mapAt, type Read } from '../fields.js'

const opAt = (u: unknown): Read<CollaboratorUpdate['op']> =>
  u === 'add' || u === 'remove' ? E.right(u) : E.left('op is neither add nor remove')

const read = ({ op, repo, subject }: Fields): Read<CollaboratorUpdate> =>
  pipe(
    E.Do,
    E.apS('op', opAt(op)),
    E.apS('repo', didAt('repo', repo)),
    E.apS('subject', didAt('subject', subject))
  )

/** What the event says; `Left` with a sentence if it cannot be understood. */
export const collaboratorUpdate = (event: unknown): Read<CollaboratorUpdate> =>
  pipe(mapAt('event', event), E.chain(read))
