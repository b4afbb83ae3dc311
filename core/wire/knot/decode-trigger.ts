/**
 * Triggers, as the knots of two generations send them.
 *
 * Source: tangled.org/core, lexicons `sh.tangled.pipeline` and `sh.tangled.git.refUpdate`. What a knot says of the
 * repository is taken down and not believed: whether it may speak for it is for the two gates to say.
 *
 * `repoDid` of a ref update has meant three things. Alone, it is the repository; beside a `repoName` it is the owner;
 * beside an `ownerDid` it is the repository again. Today the repository is called `repo`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { PIPELINE, REF_UPDATE } from '../../data/identifiers.js'
import type { Trigger } from '../../model/trigger.js'
import { type Fields, mapAt, type Read } from './fields.js'
import { pipeline } from './pipeline.js'
import { refUpdate } from './ref-update.js'

/** The trigger, or a sentence that says why it is none. */
const either = (read: (fields: Fields) => Read<Trigger>, event: unknown): Trigger | string =>
  pipe(
    mapAt('event', event),
    E.chain(read),
    E.getOrElseW((why) => why)
  )

/**
 * What an event of kind `nsid` calls for. Total on anything.
 *
 * @returns `null` for other kinds; a sentence for what cannot be understood.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeTrigger } from 'tack/core'
 *
 * const update = { ref: 'refs/heads/main', oldSha: 'a'.repeat(40), newSha: 'b'.repeat(40), repo: 'did:plc:app' }
 * const trigger = decodeTrigger('sh.tangled.git.refUpdate', update)
 * assert(trigger !== null && typeof trigger !== 'string')
 * assert.deepStrictEqual(trigger.repo, { did: 'did:plc:app', knot: null, name: null, owner: null })
 *
 * assert.strictEqual(decodeTrigger('sh.tangled.git.refUpdate', { ...update, ref: 7 }), 'ref is not text')
 * assert.strictEqual(decodeTrigger('sh.tangled.knot.memberUpdate', update), null)
 */
export const decodeTrigger = (nsid: string, event: unknown): Trigger | string | null => {
  if (nsid === PIPELINE) return either(pipeline, event)
  if (nsid === REF_UPDATE) return either(refUpdate, event)
  return null
}
