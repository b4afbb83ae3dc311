/** With what checks ask a server, and how they learn why a connection failed. */
import type * as E from 'fp-ts/lib/Either.js'
import { silentLog } from '../lib/log.js'
import type { Log } from '../ports.js'

/** The answer of a server. `dateMs` is the server's time. */
export interface ProbeResponse {
  readonly dateMs: number | null
  readonly status: number
  readonly text: string
}

export type Ask = (url: string, isTrusted?: boolean) => Promise<E.Either<string, ProbeResponse>>

/** A log that keeps the last reason. */
export const reasons = (): Log & { readonly last: () => string } => {
  let last = 'it was closed'
  const record: Log['warn'] = (_, { code, error, reason } = {}) => {
    const words = [error, reason].find((one) => typeof one === 'string' && one !== '')
    last = typeof words === 'string' ? words : `closed with code ${String(code)}`
  }
  return { ...silentLog, debug: record, last: () => last, warn: record }
}
