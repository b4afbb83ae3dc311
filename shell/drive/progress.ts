/**
 * Progress of a long replay: on a terminal one line that is overwritten, elsewhere a log line every ten seconds. Silent while the cursor is within
 * a minute of now, and while there is no connection.
 *
 * The replay is over when the newest stamp is recent. A quiet stream has none: then it is over when the connection has been open for a minute and
 * a half without any frame. (A dead one would be closed by then: websocket.ts.) However old the newest stamp becomes, the replay stays over until
 * a frame or another connection comes.
 *
 * It is not part of the core because only these lines depend on it: no state, no effect, no law.
 */
import type { State } from '../../core/index.js'
import type { Clock, Log } from '../ports.js'

const BEHIND_US = 60_000_000
const TERMINAL_US = 200_000
const LOG_US = 10_000_000

/** How long an open stream must be silent to count as drained: longer than it takes to notice that it is dead. */
export const QUIET_MS = 90_000

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

export interface Progress {
  readonly close: () => void
  /** To be called with every durable state. */
  readonly look: (durable: State) => void
}

/** @param backlog - the number of events that have arrived and are not folded yet */
export const createProgress = (
  clock: Clock,
  log: Log,
  terminal: NodeJS.WritableStream | null,
  backlog: () => number = () => 0
): Progress => {
  let last: Look | null = null
  /** The open connection, its frame count when a frame last arrived, and whether nothing was left to take in after that. */
  let heard: { readonly frames: number; readonly isDrained: boolean; readonly number: number } | null = null
  let cancel = (): void => undefined

  const over = (): void => {
    if (last === null) return
    last = null
    terminal?.write(CLEAR)
    log.info('caught up with the stream')
  }

  const drained = (frames: number, number: number): void => {
    cancel()
    heard = { frames, isDrained: true, number }
    over()
  }

  /** Whether the open connection has nothing left, as far as is known; begins to wait for silence after a frame. */
  const isDrained = (frames: number, number: number): boolean => {
    if (heard !== null && heard.frames === frames && heard.number === number) return heard.isDrained
    cancel()
    heard = { frames, isDrained: false, number }
    const wait = (): void => {
      cancel = clock.after(QUIET_MS, () => (backlog() > 0 ? wait() : drained(frames, number)))
    }
    wait()
    return false
  }

  const look = (durable: State): void => {
    const { counters, cursor } = durable
    const { number, phase } = cursor.connection
    if (phase._tag !== 'Open') {
      cancel()
      heard = null
      return
    }
    if (cursor.cursor === null) return
    const at = clock.now()
    const behindUs = at - cursor.cursor
    if (behindUs < BEHIND_US) return drained(counters.frames, number)
    if (isDrained(counters.frames, number) || (last !== null && at - last.at < (terminal === null ? LOG_US : TERMINAL_US))) return
    const now = { at, cursor: cursor.cursor, frames: counters.frames }
    const fields = { behind: duration(behindUs), ...(last === null ? {} : speedOf(last, now, behindUs)) }
    last = now
    if (terminal === null) log.info('catching up with the stream', fields)
    else terminal.write(`${CLEAR}catching up: ${Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`).join(', ')}`)
  }

  return { close: () => cancel(), look }
}

/** Return to the beginning of the line, and erase it. */
const CLEAR = '\r\u001b[K'

/** The speed between two looks, and how long the rest will take at that speed. */
const speedOf = (last: Look, now: Look, behindUs: number): { readonly framesPerSecond: number; readonly left?: string } => {
  const elapsedUs = now.at - last.at
  const gainedUs = now.cursor - last.cursor - elapsedUs
  const framesPerSecond = Math.round(((now.frames - last.frames) * 1_000_000) / elapsedUs)
  return gainedUs <= 0 ? { framesPerSecond } : { framesPerSecond, left: duration((behindUs / gainedUs) * elapsedUs) }
}
