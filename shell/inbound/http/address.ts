/** Where a server listens. */
import * as E from 'fp-ts/lib/Either.js'
import { excerpt } from '../../../core/index.js'

/** Without a host, every address of this machine; with port 0, any free one. */
export interface ListenAddress {
  readonly host?: string
  readonly port: number
}

const LISTEN = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):([0-9]{1,5})$/

/** Parses `:8080`, `127.0.0.1:8080`, `[::1]:8080`. @returns `Left` with a sentence for anything else. */
export const listenAddress = (text: string): E.Either<string, ListenAddress> => {
  const [, v6, name, port] = LISTEN.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) return E.left(`not an address to listen on: ${excerpt(text)} (it looks like :8080 or 127.0.0.1:8080)`)
  const host = v6 ?? name ?? ''
  return E.right(host === '' ? { port: Number(port) } : { host, port: Number(port) })
}
