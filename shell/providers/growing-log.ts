/**
 * A log that the CI returns as one text. It is read again while it grows, and delivered as one step. Few texts are held at a time (log-texts.ts).
 * Failures are reported in a system step.
 */
import type { Background } from './background.js'
import { BEGINNING, type createTurns, readingOf, type Turn } from './log-texts.js'
import { pauseAfter } from './polling.js'
import type { LogLine, Refused, Uncertain } from './provider.js'

/** The text of a log, as far as it exists. */
export type TextLog =
  | {
      readonly _tag: 'Text'
      /** The character of the log at which the text begins: 0 by default, and at most the one requested. */
      readonly from?: number
      /** For a complete log: whether its job or step has failed, if known. */
      readonly hasFailed?: boolean
      readonly isComplete: boolean
      readonly text: string
    }
  /** There is no log, and there will be none. The sentence tells the reader why. */
  | { readonly _tag: 'None'; readonly sentence: string }
  /** There is no log yet. */
  | { readonly _tag: 'NotYet' }

export interface TextLogOptions {
  /** How often to read the log while it grows. */
  readonly everyMs: number
  /** The name of the step. */
  readonly name: string
  /** Reads the log. Text before the character `at` may be left out. */
  readonly read: (at: number) => Promise<TextLog | Refused | Uncertain>
  readonly signal: AbortSignal
}

export interface TextLogs {
  /** Delivers a log that is one text, as one step. */
  readonly log: (options: TextLogOptions) => AsyncGenerator<LogLine>
  /** A system step with a sentence, as step `number` of a log. */
  readonly note: (number: number, words: string) => ReadonlyArray<LogLine>
}

type Held = { readonly _tag: 'Held'; readonly hasFailed: boolean; readonly isComplete: boolean }

/**
 * @param redact - removes secrets from a text
 * @param turns - limits how many texts are held
 */
export const createTextLogs = (
  { nowMs, pause, signal: closing, uncertain }: Background,
  redact: (text: string) => string,
  turns: ReturnType<typeof createTurns>
): TextLogs => {
  const step = (number: number, name: string, kind: 'system' | 'user', status: 'end' | 'start'): LogLine => ({
    _tag: 'Step',
    command: '',
    kind,
    name,
    status,
    step: number,
    timeMs: nowMs()
  })

  const textOf = (number: number, text: string): LogLine => ({ _tag: 'Text', step: number, stream: 'stdout', text, timeMs: nowMs() })

  const note = (number: number, words: string): ReadonlyArray<LogLine> => [
    step(number, 'Log', 'system', 'start'),
    textOf(number, words),
    step(number, 'Log', 'system', 'end')
  ]

  async function* log({ everyMs, name, read: readText, signal }: TextLogOptions): AsyncGenerator<LogLine> {
    const isOver = (): boolean => signal.aborted || closing.aborted
    let steps = 0
    /** The number of the step that holds the text; `null` before there is text. */
    let open: number | null = null
    let place = BEGINNING
    let failures = 0

    /** Requests the log. Only the turn holds its text, so that the text can be taken away from a slow reader. */
    const ask = async (turn: Turn): Promise<Exclude<TextLog, { _tag: 'Text' }> | Held | Refused | Uncertain> => {
      const found: TextLog | Refused | Uncertain = await readText(place.at).catch((error: unknown) => uncertain(error))
      if (found._tag !== 'Text') return found
      turn.hold(readingOf({ from: 0, ...found }, redact), found.text.length)
      return { _tag: 'Held', hasFailed: found.hasFailed === true, isComplete: found.isComplete }
    }

    const following = (turn: Turn): string | null => {
      const next = turn.reading()?.next(place) ?? null
      if (next !== null) place = next.then
      return next?.piece ?? null
    }

    while (!isOver()) {
      const turn = await turns([signal, closing])
      if (turn === null) return
      let waitMs = 0
      try {
        const found = await ask(turn)
        if (isOver()) return
        if (found._tag === 'Held') {
          failures = 0
          if (open === null) {
            open = steps++
            yield step(open, name, 'user', 'start')
          }
          for (let piece = following(turn); piece !== null; piece = following(turn)) yield textOf(open, piece)
          // The turn was given to another reader: request the rest at once.
          if (turn.reading() === null) continue
        }
        // From here on, this reader holds no text.
        turn.end()
        if (found._tag === 'Held') {
          if (found.isComplete) {
            yield { ...step(open ?? 0, name, 'user', 'end'), ...(found.hasFailed ? { hasFailed: true } : {}) }
            return
          }
        } else if (found._tag === 'Uncertain') {
          failures++
          waitMs = found.waitMs
          if (failures === 1) yield* note(steps++, `The log is unavailable at the moment: ${found.error}`)
        } else if (found._tag !== 'NotYet') {
          yield* note(steps++, found._tag === 'Refused' ? `The log is unavailable: ${found.error}` : found.sentence)
          if (open !== null) yield step(open, name, 'user', 'end')
          return
        }
      } finally {
        turn.end()
      }
      await pause(pauseAfter(everyMs, failures, waitMs), signal)
    }
  }

  return { log, note }
}
