/** WIRE: frames say what they say, however they are spelled. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import {
  decodeFrame,
  decodeKnotFrame,
  excerpt,
  type CommitReceived,
  type FrameEvent,
  type KnotReceived,
  type Rejection
} from '../../../core/index.js'
import { pure } from './fence.js'
import { all, because, equal, type Laws, type Verdict } from './law.js'

/** A frame as a server might spell it, and what it means. */
export interface Spelled<A> {
  readonly event: A
  readonly text: string
}

/** A frame in which something is wrong, and the first thing that is. */
export interface Damaged {
  readonly event: CommitReceived
  readonly reason: Rejection
  readonly text: string
}

export const WIRE = {
  'WIRE-1': ({ event, text }: Spelled<FrameEvent>): Verdict =>
    equal(
      'decoded',
      pure(() => decodeFrame(event)(text)),
      E.right(event)
    ),

  'WIRE-2': ({ event, text }: Spelled<KnotReceived>): Verdict =>
    equal(
      'decoded',
      pure(() => decodeKnotFrame(event)(text)),
      E.right(event)
    ),

  'WIRE-3': ({ event, reason, text }: Damaged): Verdict => {
    const decoded = pure(() => decodeFrame(event)(text))
    if (E.isRight(decoded)) return 'it is understood'
    const { left } = decoded
    const isAfterDid = !['json', 'frame', 'time', 'did'].includes(reason)
    return all(
      equal('reason', left.reason, reason),
      equal('receipt', [left.at, left.connection], [event.at, event.connection]),
      equal('stamp', left.timeUs, ['json', 'frame', 'time'].includes(reason) ? null : event.timeUs),
      because(!isAfterDid || left.did === event.did, () => 'it does not name the DID')
    )
  },
  'WIRE-4': (text: string): Verdict => {
    const shown = pure(() => excerpt(text))
    return all(
      because(Buffer.from(shown, 'utf8').toString('utf8') === shown, () => 'it is not well-formed'),
      equal('excerpt', shown, Buffer.from(text.length > 120 ? `${text.slice(0, 120)}…` : text, 'utf8').toString('utf8'))
    )
  }
} satisfies Laws
