/**
 * Rate-limits log lines that strangers cause: of each kind, ten are written at once, then one in five minutes, which says how many were suppressed.
 * This allows about three hundred lines of a kind a day.
 */
import type { Clock, Log } from '../ports.js'

const AT_ONCE = 10
const REFILL_US = 300_000_000

/** How many lines of a kind may be written, as of a moment, and how many were suppressed since the last one. */
interface Room {
  readonly atUs: number
  readonly leftOut: number
  readonly lines: number
}

/** Whether to write a line of this kind now, and how many were suppressed before it. That number must be logged first. */
export interface Allowance {
  readonly isWritten: boolean
  readonly leftOut: number
}

/** Limits lines by kind. The number of kinds must be small: nothing evicts them. */
export const createLogLimit = (clock: Clock): ((kind: string) => Allowance) => {
  const rooms = new Map<string, Room>()
  return (kind) => {
    const now = clock.now()
    const before = rooms.get(kind) ?? { atUs: now, leftOut: 0, lines: AT_ONCE }
    const lines = Math.min(AT_ONCE, before.lines + (now - before.atUs) / REFILL_US)
    const isWritten = lines >= 1
    rooms.set(kind, { atUs: now, leftOut: isWritten ? 0 : before.leftOut + 1, lines: isWritten ? lines - 1 : lines })
    return { isWritten, leftOut: isWritten ? before.leftOut : 0 }
  }
}

/** `log`, with the limit applied to each message. */
export const limitedLog = (clock: Clock, log: Log): Log => {
  const allowanceOf = createLogLimit(clock)
  const limited =
    (level: 'error' | 'info' | 'warn'): Log['warn'] =>
    (message, fields) => {
      const { isWritten, leftOut } = allowanceOf(message)
      if (leftOut > 0) log[level]('similar messages suppressed', { count: leftOut, of: message })
      if (isWritten) log[level](message, fields)
    }
  return { ...log, error: limited('error'), info: limited('info'), warn: limited('warn') }
}
