/**
 * How far a long replay has come: on a terminal one line that is written over, elsewhere a log line every ten seconds. Silent
 * as long as the cursor is within a minute of now.
 */
import type { State } from '../core/index.js'
import type { Clock, Log } from './ports.js'

const BEHIND_US = 60_000_000
const TERMINAL_US = 200_000
const LOG_US = 10_000_000

/** A duration in words: `2 h 05 min`, `3 min 20 s`, `8 s`. */
export const duration = (us: number): string => {
  const s = Math.max(0, Math.round(us / 1_000_000))
  if (s >= 3600) return `${String(Math.floor(s / 3600))} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`
  return s >= 60 ? `${String(Math.floor(s / 60))} min ${String(s % 60).padStart(2, '0')} s` : `${String(s)} s`
}

interface Look {
  readonly at: number
  readonly cursor: number
  readonly frames: number
}

/** What an observer of the bridge calls with every durable state. */
export const createProgress = (clock: Clock, log: Log, terminal: NodeJS.WritableStream | null): ((durable: State) => void) => {
  let last: Look | null = null
  return ({ counters, cursor: { cursor } }) => {
    const at = clock.now()
    if (cursor === null) return
    const behindUs = at - cursor
    if (behindUs < BEHIND_US) {
      if (last !== null) {
        terminal?.write(CLEAR)
        log.info('caught up with the stream')
      }
      last = null
      return
    }
    if (last !== null && at - last.at < (terminal === null ? LOG_US : TERMINAL_US)) return
    const look = { at, cursor, frames: counters.frames }
    const fields = { behind: duration(behindUs), ...(last === null ? {} : speedOf(last, look, behindUs)) }
    last = look
    if (terminal === null) log.info('catching up with the stream', fields)
    else terminal.write(`${CLEAR}catching up: ${Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`).join(', ')}`)
  }
}

/** Back to the beginning of the line, and nothing on it. */
const CLEAR = '\r\u001b[K'

/** How fast it went between two looks, and how long the rest will take if it goes on so. */
const speedOf = (last: Look, now: Look, behindUs: number): { readonly framesPerSecond: number; readonly left?: string } => {
  const elapsedUs = now.at - last.at
  const gainedUs = now.cursor - last.cursor - elapsedUs
  const framesPerSecond = Math.round(((now.frames - last.frames) * 1_000_000) / elapsedUs)
  return gainedUs <= 0 ? { framesPerSecond } : { framesPerSecond, left: duration((behindUs / gainedUs) * elapsedUs) }
}
