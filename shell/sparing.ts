/**
 * Strangers must not decide how much is written: of each kind of line that they cause, the first few in ten seconds are written, the rest
 * are counted.
 */
import type { Clock, Log } from './ports.js'

const WINDOW_US = 10_000_000
const WRITTEN = 10

interface Window {
  readonly count: number
  readonly from: number
}

/** Whether a line of this kind is to be written now, and how many were left out in a window that is over: to be said first. */
export interface Turn {
  readonly isWritten: boolean
  readonly leftOut: number
}

/** Counts lines by kind. There must be few kinds. */
export const createSparing = (clock: Clock): ((kind: string) => Turn) => {
  const windows = new Map<string, Window>()
  return (kind) => {
    const now = clock.now()
    const before = windows.get(kind)
    const isNew = before === undefined || now - before.from >= WINDOW_US
    const window = isNew ? { count: 1, from: now } : { count: before.count + 1, from: before.from }
    windows.set(kind, window)
    return { isWritten: window.count <= WRITTEN, leftOut: isNew ? Math.max(0, (before?.count ?? 0) - WRITTEN) : 0 }
  }
}

/** `log`, but for warnings and errors, of which few of each message are written. */
export const sparingLog = (clock: Clock, log: Log): Log => {
  const turnOf = createSparing(clock)
  const sparing =
    (level: 'error' | 'warn'): Log['warn'] =>
    (message, fields) => {
      const { isWritten, leftOut } = turnOf(message)
      if (leftOut > 0) log.warn('more of these were counted, not written', { count: leftOut, of: message })
      if (isWritten) log[level](message, fields)
    }
  return { ...log, error: sparing('error'), warn: sparing('warn') }
}
