/**
 * Connections to the event stream of a knot, `/events`.
 *
 * A knot is run by a stranger, and named by a stranger's record. The core decides which knots to connect to, guard.ts keeps names from leading into a
 * private network, and websocket.ts limits what a knot may cost.
 */
import * as E from 'fp-ts/lib/Either.js'
import { decodeKnotFrame, type KnotReceipt, rejectKnotFrame } from '../../core/index.js'
import { limitedLog } from '../lib/log-limit.js'
import type { Network } from '../ports.js'
import { hasManyParts, MANY_PARTS } from './json-size.js'
import { type NetOptions, openSocket, withDefaults } from './websocket.js'

/** `isInsecure` connects without TLS, for development. */
export type KnotOptions = NetOptions & { readonly isInsecure: boolean }

/** Opens connections to knots. The log lines that they cause are rate-limited, for all knots together. */
export const knotClient = ({ isInsecure, ...options }: KnotOptions): Network['openKnot'] => {
  const settings = withDefaults({ ...options, log: limitedLog(options.clock, options.log) })
  return (connection, host, cursor, deliver) => {
    const receipt = (): KnotReceipt => ({ at: settings.clock.now(), connection, host })
    const events = `${isInsecure ? 'ws' : 'wss'}://${host}/events`
    return openSocket(settings, cursor === null ? events : `${events}?cursor=${cursor}`, {
      closed: () => deliver({ _tag: 'KnotClosed', ...receipt() }),
      host,
      opened: () => deliver({ _tag: 'KnotOpened', ...receipt() }),
      rejected: (reason, detail) => deliver(rejectKnotFrame(receipt(), reason, detail)),
      text: (text) => {
        const event = hasManyParts(text) ? rejectKnotFrame(receipt(), 'size', MANY_PARTS) : E.toUnion(decodeKnotFrame(receipt())(text))
        deliver(event, text.length)
      }
    })
  }
}
