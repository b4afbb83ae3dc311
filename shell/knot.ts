/**
 * Knots: each one's stream of events, `/events`.
 *
 * A knot is run by a stranger, and named by a stranger's record. Whom we connect to at all is decided by the core; that the
 * name does not lead into a private network is seen to in net/guard.ts, and that the knot costs no more than it may in net.ts.
 */
import * as E from 'fp-ts/lib/Either.js'
import { decodeKnotFrame, type KnotReceipt, rejectKnotFrame } from '../core/index.js'
import { type NetOptions, openSocket, withDefaults } from './net.js'
import type { Network } from './ports.js'

/** `isInsecure`: whether knots are spoken to without TLS, for development. */
export type KnotOptions = NetOptions & { readonly isInsecure: boolean }

/** Connections to knots. */
export const knotClient = ({ isInsecure, ...options }: KnotOptions): Network['openKnot'] => {
  const settings = withDefaults(options)
  return (connection, host, cursor, deliver) => {
    const receipt = (): KnotReceipt => ({ at: settings.clock.now(), connection, host })
    const events = `${isInsecure ? 'ws' : 'wss'}://${host}/events`
    return openSocket(settings, cursor === null ? events : `${events}?cursor=${cursor}`, {
      closed: () => deliver({ _tag: 'KnotClosed', ...receipt() }),
      host,
      opened: () => deliver({ _tag: 'KnotOpened', ...receipt() }),
      rejected: (reason, detail) => deliver(rejectKnotFrame(receipt(), reason, detail)),
      text: (text) => deliver(E.toUnion(decodeKnotFrame(receipt())(text)), text.length)
    })
  }
}
