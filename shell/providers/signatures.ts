/** Verifies the sender of a webhook: headers, signatures, and their age. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookRequest } from './provider.js'

/** How far the time of a signature may differ from ours, in seconds. */
const WINDOW_S = 300

/** The value of a header that occurs once; `null` otherwise. `name` must be in lower case. */
export const headerOf = ({ headers }: WebhookRequest, name: string): string | null => {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

/** HMAC-SHA256 in hex. */
export const hmacOf = (secret: string, bytes: string | Buffer): string => createHmac('sha256', secret).update(bytes).digest('hex')

/** Whether `given` equals `expected`, in a time that reveals neither the expected text nor its length. */
export const isSame = (expected: string, given: string | null): boolean => {
  // Digests have the same length, which the comparison requires.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(expected), digest(given ?? '')) && given !== null
}

/** Whether `given` is the HMAC-SHA256 of `bytes` in lower-case hex. `false` if the secret is empty. */
export const isSigned = (secret: string, bytes: string | Buffer, given: string | null): boolean =>
  isSame(hmacOf(secret, bytes), given) && secret !== ''

/** Whether a signature made at `seconds` (Unix time, digits) is still acceptable at `nowMs`. */
export const isTimely = (seconds: string, nowMs: number): boolean =>
  /^[0-9]{1,12}$/.test(seconds) && Math.abs(Math.floor(nowMs / 1000) - Number(seconds)) <= WINDOW_S
