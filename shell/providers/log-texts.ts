/**
 * The texts of logs, and how many of them are held.
 *
 * Most CIs give a log as one text, which may be long; and who reads it from us may stop reading in the middle, for as long as it likes. So
 * few texts are held at a time. Whoever wants to hold one waits for its turn. A turn that has lasted a while is taken away when somebody
 * else waits: what is left then is the place in the log, from which its reader goes on in a later turn, with a text that is asked for anew.
 */
import type { Clock } from '../ports.js'

/** Characters of a line that are handed out at once; a longer line goes on in the next piece. */
export const PIECE_CHARS = 16_384

export interface LogTextLimits {
  /** Texts that are held at a time for all readers of a provider together, each as large as its largest answer. */
  readonly held: number
  /** A text up to this length is held without a turn: to ask for it anew would cost more. In UTF-16 units. */
  readonly shortChars: number
  /** How long a turn lasts at least, in milliseconds. */
  readonly turnMs: number
}

export const defaultLogTextLimits: LogTextLimits = { held: 8, shortChars: 65_536, turnMs: 5_000 }

// ---------------------------------------------------------------------------------------- pieces

/** Where the piece of `line` ends that begins at `at` and has at most `chars` characters: never between the halves of a pair. */
const pieceEnd = (line: string, at: number, chars: number): number => {
  if (line.length - at <= chars) return line.length
  let end = at
  for (let n = 0; n < chars && end < line.length; n++) end += (line.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  return end
}

/** A line in pieces of at most `chars` characters; an empty one is one piece. */
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

/** A text of its own: a slice, which a reader may keep waiting, would keep all of the text that it is from. */
const copied = (slice: string): string => Buffer.from(slice, 'utf16le').toString('utf16le')

/** A line without the carriage returns at its end. By hand: an expression would begin anew at each one of a long line of them. */
const withoutReturns = (line: string): string => {
  let end = line.length
  while (line[end - 1] === '\r') end--
  return line.slice(0, end)
}

/** A place in a log: the line that begins at the character `at`, of which `given` have been handed out, counted without secrets. */
export interface Place {
  readonly at: number
  readonly given: number
}

export const BEGINNING: Place = { at: 0, given: 0 }

export interface Reading {
  /** What comes at a place, and the place behind it; `null` when no whole line is left. */
  readonly next: (place: Place) => { readonly piece: string; readonly then: Place } | null
}

/** Reads a text that begins at the character `from` of a log, and may end with half a line unless it is complete. */
export const readingOf = (
  { from, isComplete, text }: { readonly from: number; readonly isComplete: boolean; readonly text: string },
  redact: (text: string) => string
): Reading => {
  interface Line {
    readonly at: number
    readonly line: string
    readonly next: number
  }
  /** The line that is being handed out. It is cleaned as a whole: a cut must not hide a secret. */
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
  /** Holds a text of so many characters. From then on the turn may be taken away. */
  readonly hold: (reading: Reading, chars: number) => void
  /** The text, as long as it is held. */
  readonly reading: () => Reading | null
}

/** Gives out turns, first come, first served; `null` when a signal aborts before. */
export type Turns = (signals: ReadonlyArray<AbortSignal>) => Promise<Turn | null>

export const createTurns = (clock: Clock, { held, shortChars, turnMs }: LogTextLimits): Turns => {
  let free = held
  const waiting = new Set<() => void>()
  /** The ends of turns that have lasted long enough, the oldest first. */
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
