/**
 * Triggers, as the knots of two generations send them.
 *
 * Source: tangled.org/core, lexicons `sh.tangled.pipeline` and `sh.tangled.git.refUpdate`. What a knot says about the
 * repository is recorded and not believed: the two gates decide whether the knot may speak for it.
 *
 * `repoDid` of a ref update has meant three things. Alone, it is the repository; beside a `repoName` it is the owner;
 * beside an `ownerDid` it is the repository again. Today the repository is called `repo`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PIPELINE, REF_UPDATE } from '../../data/identifiers.js'
import { excerpt } from '../../data/text.js'
import type { KnotPayload } from '../../event.js'
import type { Trigger } from '../../model/trigger.js'
import { type Fields, mapAt, type Read } from '../fields.js'
import { pipeline } from './pipeline.js'
import { refUpdate } from './ref-update.js'

/** A payload that is not understood, for that reason. */
export const unreadable = (why: string): KnotPayload => ({ _tag: 'Unreadable', detail: excerpt(why) })

const payloadBy = (read: (fields: Fields) => Read<Trigger>, event: unknown): KnotPayload =>
  pipe(
    mapAt('event', event),
    E.chain(read),
    E.match(unreadable, (trigger): KnotPayload => ({ _tag: 'Trigger', trigger }))
  )

/**
 * What an event of kind `nsid` calls for. Total.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeTrigger } from '@tack-ci/core'
 *
 * const update = { ref: 'refs/heads/main', oldSha: 'a'.repeat(40), newSha: 'b'.repeat(40), repo: 'did:plc:app' }
 * const payload = decodeTrigger('sh.tangled.git.refUpdate', update)
 * assert(payload._tag === 'Trigger')
 * assert.deepStrictEqual(payload.trigger.repo, { did: 'did:plc:app', knot: null, name: null, owner: null })
 *
 * const other = decodeTrigger('sh.tangled.git.refUpdate', { ...update, ref: 7 })
 * assert.deepStrictEqual(other, { _tag: 'Unreadable', detail: 'ref is not text' })
 * assert.deepStrictEqual(decodeTrigger('sh.tangled.knot.memberUpdate', update), { _tag: 'Other' })
 */
export const decodeTrigger = (nsid: string, event: unknown): KnotPayload => {
  if (nsid === PIPELINE) return payloadBy(pipeline, event)
  if (nsid === REF_UPDATE) return payloadBy(refUpdate, event)
  return { _tag: 'Other' }
}
