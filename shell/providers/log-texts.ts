/**
 * Limits how many texts of logs are held in memory.
 *
 * Most CIs return a log as one text, which may be long, and a reader may stop reading in the middle for as long as it likes. So few texts are held at
 * a time. A reader waits for a turn to hold one. When somebody else waits, a turn that has lasted long enough is taken away. Its reader then keeps
 * only its place in the log, and continues there in a later turn, with a text that is requested again.
 */
import type { Clock } from '../ports.js'

/** The longest piece of a line, in characters. The rest of a longer line follows in the next piece. */
export const PIECE_CHARS = 16_384

export interface LogTextLimits {
  /** How many texts all readers of a provider may hold together. Each is at most as large as the largest answer. */
  readonly held: number
  /** A text up to this length, in UTF-16 units, is held without a turn: to request it again would cost more. */
  readonly shortChars: number
  /** The minimum length of a turn, in milliseconds. */
  readonly turnMs: number
}

export const defaultLogTextLimits: LogTextLimits = { held: 8, shortChars: 65_536, turnMs: 5_000 }

// ---------------------------------------------------------------------------------------- pieces

/** The end of the piece of `line` that begins at `at` and has at most `chars` characters. Never splits a surrogate pair. */
const pieceEnd = (line: string, at: number, chars: number): number => {
  if (line.length - at <= chars) return line.length
  let end = at
  for (let n = 0; n < chars && end < line.length; n++) end += (line.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  return end
}

/** Splits a line into pieces of at most `chars` characters. An empty line is one piece. */
export const piecesOf = (line: string, chars: number): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let at = 0
  do {
    const end = pieceEnd(line, at, chars)
    pieces.push(line.slice(at, end))
    at = end
  } while (at < line.length)
  return pieces
}

/** Copies a slice. A slice that a reader holds would keep the whole text in memory. */
const copied = (slice: string): string => Buffer.from(slice, 'utf16le').toString('utf16le')

/** The line without carriage returns at its end. A regular expression would take quadratic time on a long run of them. */
const withoutReturns = (line: string): string => {
  let end = line.length
  while (line[end - 1] === '\r') end--
  return line.slice(0, end)
}

/**
 * A place in a log: the line that begins at the character `at`, of which `given` characters have been delivered, counted after secrets were removed.
 */
export interface LogPosition {
  readonly at: number
  readonly given: number
}

export const BEGINNING: LogPosition = { at: 0, given: 0 }

export interface Reading {
  /** The piece at a place, and the place after it; `null` if no complete line is left. */
  readonly next: (place: LogPosition) => { readonly piece: string; readonly then: LogPosition } | null
}

/** Reads a text that begins at the character `from` of a log. Unless it is complete, it may end in the middle of a line. */
export const readingOf = (
  { from, isComplete, text }: { readonly from: number; readonly isComplete: boolean; readonly text: string },
  redact: (text: string) => string
): Reading => {
  interface Line {
    readonly at: number
    readonly line: string
    readonly next: number
  }
  /** The line that is being delivered. Secrets are removed before it is split: a cut must not hide one. */
  let current: Line | null = null

  const lineAt = (at: number): Line | null => {
    const begin = at - from
    const feed = text.indexOf('\n', begin)
    if (begin >= text.length || (feed === -1 && !isComplete)) return null
    const end = feed === -1 ? text.length : feed
    return { at, line: redact(withoutReturns(text.slice(begin, end))), next: from + end + 1 }
  }

  return {
    next: ({ at, given }) => {
      if (current?.at !== at) current = lineAt(at)
      if (current === null) return null
      const { line, next } = current
      const end = pieceEnd(line, given, PIECE_CHARS)
      return { piece: copied(line.slice(given, end)), then: end < line.length ? { at, given: end } : { at: next, given: 0 } }
    }
  }
}

// ---------------------------------------------------------------------------------------- turns

export interface Turn {
  readonly end: () => void
  /** Holds a text of `chars` characters. From then on the turn may be taken away. */
  readonly hold: (reading: Reading, chars: number) => void
  /** The text; `null` after `end`, or once the turn has been taken away. A short text is never taken away. */
  readonly reading: () => Reading | null
}

/** Grants turns, first come, first served; `null` if a signal aborts before. */
export type Turns = (signals: ReadonlyArray<AbortSignal>) => Promise<Turn | null>

export const createTurns = (clock: Clock, { held, shortChars, turnMs }: LogTextLimits): Turns => {
  let free = held
  const waiting = new Set<() => void>()
  /** The `end` functions of turns that have lasted long enough, the oldest first. */
  const due = new Set<() => void>()

  const begin = (): Turn => {
    let reading: Reading | null = null
    let isOver = false
    let disarm = (): void => undefined
    const end = (): void => {
      reading = null
      if (isOver) return
      isOver = true
      disarm()
      due.delete(end)
      const [next] = waiting
      if (next === undefined) free++
      else next()
    }
    return {
      end,
      hold: (given, chars) => {
        if (chars <= shortChars) end()
        else
          disarm = clock.after(turnMs, () => {
            if (waiting.size === 0) due.add(end)
            else end()
          })
        reading = given
      },
      reading: () => reading
    }
  }

  return (signals) =>
    new Promise((resolve) => {
      const [oldest] = due
      if (free === 0) oldest?.()
      if (free > 0) {
        free--
        return resolve(begin())
      }
      const leave = (): void => {
        waiting.delete(go)
        for (const signal of signals) signal.removeEventListener('abort', giveUp)
      }
      const go = (): void => {
        leave()
        resolve(begin())
      }
      const giveUp = (): void => {
        leave()
        resolve(null)
      }
      waiting.add(go)
      for (const signal of signals) signal.addEventListener('abort', giveUp)
    })
}
