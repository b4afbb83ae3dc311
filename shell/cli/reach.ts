/** How commands reach the running tack: at the address in the configuration, on this machine, or at another one. */
import type { ListenAddress } from '../inbound/http/address.js'
import { systemClock } from '../lib/clock.js'
import { type Fetch, httpClient } from '../outbound/http-client.js'
import { wordsOf } from './finding.js'

export type Print = (text: string) => void

export interface ServerOptions {
  readonly listen: ListenAddress
  readonly server?: URL
}

/** The URL of a tack that listens on `address`, as seen from the same machine. */
export const urlOf = ({ host, port }: ListenAddress): string => {
  const at = host === undefined || host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${at.includes(':') ? `[${at}]` : at}:${String(port)}`
}

/** A URL without the slash at its end, ready to append paths. */
export const withoutSlash = ({ href }: URL): string => href.replace(/\/+$/, '')

export const baseOf = ({ listen, server }: ServerOptions): string => (server === undefined ? urlOf(listen) : withoutSlash(server))

/** The message if nobody answers, with what to do. */
export const unreachable = (base: string, error: unknown): string =>
  `error: ${base} cannot be reached: ${wordsOf(error)}; is tack running there? Set its address with --server`

const MAX_BYTES = 4_194_304
const ANSWER_MS = 15_000

/** Passes `use` a client that may go wherever the operator says, and closes it afterwards. */
export const asking = async <A>(use: (fetch: Fetch) => Promise<A>): Promise<A> => {
  const client = httpClient({ clock: systemClock(), maxBodyBytes: MAX_BYTES, policy: { allowLoopback: true, trusted: true }, timeoutMs: ANSWER_MS })
  try {
    return await use(client.fetch)
  } finally {
    await client.close()
  }
}
