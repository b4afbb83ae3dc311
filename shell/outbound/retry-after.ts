/** How long a server asks us to wait before the next request. */

/** The longest wait that we respect: an hour. */
const LONGEST_MS = 3_600_000

const SECONDS = /^[0-9]+(?:\.[0-9]+)?$/
/** RFC 9110, 10.2.3: a date begins with the name of a day. `Date.parse` alone would read `-5` as the month of May. */
const DATE = /^[A-Z][a-z]{2}/

/** A larger number of seconds counts from 1970. */
const LONGEST_SPAN_S = 1_000_000_000

const within = (ms: number): number => Math.min(Math.max(Math.ceil(ms), 0), LONGEST_MS)

/** The wait that `Retry-After` (seconds, or a date) asks for, in milliseconds from `nowMs` on; 0 if it is missing or invalid. */
export const retryAfterMs = (value: string | null, nowMs: number): number => {
  const text = (value ?? '').trim()
  if (SECONDS.test(text)) return within(Number(text) * 1000)
  const at = DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? 0 : within(at - nowMs)
}

/** The same for `RateLimit-Reset` and similar headers: seconds, which some servers count from now, and others from 1970. */
export const resetMs = (value: string | null, nowMs: number): number => {
  const text = (value ?? '').trim()
  if (!SECONDS.test(text)) return 0
  const seconds = Number(text)
  return within(seconds * 1000 - (seconds > LONGEST_SPAN_S ? nowMs : 0))
}
