/**
 * Knots, `/events`: what a frame means.
 *
 * Source: tangled.org/core, `knotserver/events.go`. `created` is in nanoseconds, which a double cannot hold, so its
 * digits are taken from the text. Older knots send no `created`.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../../data/host-name.js'
import { COLLABORATOR_UPDATE, Nanos, Nsid, Rkey, type TimeUs } from '../../data/identifiers.js'
import type { Natural } from '../../data/natural.js'
import { excerpt } from '../../data/text.js'
import type { CollaboratorUpdated, KnotFrameRejected, KnotReceived, KnotRejection } from '../../event.js'
import { isObject, parseJson, sourceAt } from '../json.js'
import { collaboratorUpdate } from './collaborator-update.js'
import { decodeTrigger, unreadable } from './decode-trigger.js'

/** When a frame came, from which knot, and over which connection. */
export interface KnotReceipt {
  readonly at: TimeUs
  readonly connection: Natural
  readonly host: HostName
}

/**
 * The event of a frame that was not understood, or that never became text.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, clampTimeUs, Natural, rejectKnotFrame } from '@tack-ci/core'
 *
 * const host = canonicalHost({ defaultPort: 443, loopback: false, ports: false })('knot.example')
 * const connection = Natural.decode(1)
 * assert(host._tag === 'Some' && connection._tag === 'Right')
 * const receipt = { at: clampTimeUs(1_767_225_600_000_000), connection: connection.right, host: host.value }
 *
 * assert.strictEqual(rejectKnotFrame(receipt, 'binary', 'not text').reason, 'binary')
 */
export const rejectKnotFrame = (
  { at, connection, host }: KnotReceipt,
  reason: KnotRejection,
  detail: string
): KnotFrameRejected => ({
  _tag: 'KnotFrameRejected',
  at,
  connection,
  detail: excerpt(detail),
  host,
  reason
})

/** The fields of a frame. Any of them may be missing. */
interface WireKnotFrame {
  readonly event?: unknown
  readonly nsid?: unknown
  readonly rkey?: unknown
}

/** `created` as it is written: `None` if it is not a stamp, `Some(null)` if it is absent. Plain digits only. */
const createdIn = (text: string): O.Option<Nanos | null> =>
  pipe(
    sourceAt('created')(text),
    O.match(
      () => O.some(null),
      (source) => (source === 'null' ? O.some(null) : O.fromPredicate(Nanos.is)(source))
    )
  )

/**
 * The event that the text of a knot's frame stands for. Total.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, clampTimeUs, decodeKnotFrame, Natural } from '@tack-ci/core'
 *
 * const host = canonicalHost({ defaultPort: 443, loopback: false, ports: false })('knot.example')
 * const connection = Natural.decode(1)
 * assert(host._tag === 'Some' && connection._tag === 'Right')
 * const receipt = { at: clampTimeUs(1_767_225_600_000_000), connection: connection.right, host: host.value }
 *
 * // A double would make 1767225600000000000 of it.
 * const frame = decodeKnotFrame(receipt)(
 *   '{"created":1767225600000000001,"nsid":"sh.tangled.git.refUpdate","rkey":"self"}'
 * )
 * assert(frame._tag === 'Right')
 * assert.strictEqual(frame.right.created, '1767225600000000001')
 */
export const decodeKnotFrame =
  (receipt: KnotReceipt) =>
  (text: string): E.Either<KnotFrameRejected, CollaboratorUpdated | KnotReceived> => {
    const reject = (reason: KnotRejection, detail: string) => E.left(rejectKnotFrame(receipt, reason, detail))
    const frame = parseJson(text)
    if (O.isNone(frame)) return reject('json', text)
    if (!isObject(frame.value)) return reject('frame', 'not an object')
    const { event, nsid, rkey }: WireKnotFrame = frame.value
    if (!Nsid.is(nsid)) return reject('nsid', typeof nsid === 'string' ? nsid : 'not text')
    if (!Rkey.is(rkey)) return reject('rkey', typeof rkey === 'string' ? rkey : 'not text')
    const created = createdIn(text)
    if (O.isNone(created)) return reject('created', 'not a stamp in nanoseconds')
    const { at, connection, host } = receipt
    const update = nsid === COLLABORATOR_UPDATE ? collaboratorUpdate(event) : null
    if (update?._tag === 'Right') {
      const told = { _tag: 'CollaboratorUpdated' as const, at, connection, created: created.value, host, rkey }
      return E.right({ ...told, update: update.right })
    }
    return E.right({
      _tag: 'KnotReceived',
      at,
      connection,
      created: created.value,
      host,
      nsid,
      payload: update === null ? decodeTrigger(nsid, event) : unreadable(update.left),
      rkey
    })
  }
