/**
 * Jetstream, the stream of all record changes on the network, filtered to our collections.
 *
 * Nothing is decided here. The core decodes frames into events; its effects say where to start, and when to reconnect.
 */
import * as E from 'fp-ts/lib/Either.js'
import { COLLECTIONS, decodeFrame, type Natural, type Receipt, rejectFrame, type TimeUs } from '../../core/index.js'
import type { Log, Network } from '../ports.js'
import { type NetOptions, openSocket, withDefaults } from './websocket.js'

/** Sets our query parameters, and keeps others that the operator put into the URL. */
const subscription = (base: URL, cursor: TimeUs | Natural | null, maxMessageBytes: number): string => {
  const url = new URL(base)
  const query = url.searchParams
  query.delete('wantedCollections')
  COLLECTIONS.forEach((collection) => query.append('wantedCollections', collection)) // S1
  // Compressed frames are not supported, and with `requireHello` the stream stays silent until a greeting.
  for (const name of ['cursor', 'compress', 'requireHello']) query.delete(name)
  if (cursor !== null) query.set('cursor', String(cursor)) // S3
  query.set('maxMessageSizeBytes', String(maxMessageBytes))
  return url.href
}

/** The server's URL without query and credentials. Sequence numbers are stored together with it. */
export const serverOf = ({ host, pathname, protocol }: URL): string => `${protocol}//${host}${pathname}`

/** What to do when a server answered, but with no websocket; `null` for other errors. */
export const streamHint = (error: unknown): string | null =>
  typeof error === 'string' && /^Unexpected server response/.test(error)
    ? 'Check the path of --jetstream: that of a Jetstream is /subscribe, as in wss://jetstream1.us-east.bsky.network/subscribe.'
    : null

/** Adds the hint to the fields of a warning. */
const hinting = (log: Log): Log => ({
  ...log,
  warn: (message, fields = {}) => {
    const hint = streamHint(fields['error'])
    log.warn(message, hint === null ? fields : { ...fields, hint })
  }
})

/** `url` is the server's address, for example `wss://jetstream1.us-east.bsky.network/subscribe`. */
export type JetstreamOptions = NetOptions & { readonly url: URL }

/** Opens connections to a Jetstream server. */
export const jetstreamClient = ({ url, ...options }: JetstreamOptions): Network['openJetstream'] => {
  const settings = withDefaults({ ...options, log: hinting(options.log) })
  return (connection, cursor, deliver) => {
    const receipt = (): Receipt => ({ at: settings.clock.now(), connection })
    return openSocket(settings, subscription(url, cursor, settings.maxMessageBytes), {
      closed: (poisoned) => deliver({ _tag: 'JetstreamClosed', ...receipt(), poisoned }),
      host: url.host,
      opened: () => deliver({ _tag: 'JetstreamOpened', ...receipt() }),
      rejected: (reason, detail) => deliver(rejectFrame(receipt(), reason, detail)),
      text: (text) => deliver(E.toUnion(decodeFrame(receipt())(text)), text.length)
    })
  }
}
