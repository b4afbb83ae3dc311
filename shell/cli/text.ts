/** Text for a terminal: tables and times, without anything that could move the cursor. */
import { escapeInvisible } from '../lib/log.js'

/** Rows of cells as aligned columns, indented by two. The first row is the header. Ends with a newline. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const cells = rows.map((row) => row.map(escapeInvisible))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>): string =>
    `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}\n`
  return cells.map(line).join('')
}

/** A value as JSON that is safe for a terminal: invisible characters that JSON would leave as they are become escapes, with the same meaning. */
export const jsonText = (value: unknown): string => withoutControls(JSON.stringify(value, null, 2))

/** JSON with all invisible characters as escapes. They occur only within its strings; line feeds, which occur only between its values, stay. */
export const withoutControls = (json: string): string => json.split('\n').map(escapeInvisible).join('\n')

/** A timestamp in microseconds as a date, with the timestamp itself; `never` for `null`. */
export const when = (timeUs: number | null): string => {
  if (timeUs === null) return 'never'
  const date = new Date(timeUs / 1000)
  return Number.isNaN(date.getTime()) ? String(timeUs) : `${date.toISOString()} (${String(timeUs)})`
}

const SPANS: ReadonlyArray<readonly [unit: string, ms: number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000]
]

/** A time span in its largest unit: `3 h`. Less than a second, and a negative one, is `0 s`. */
export const age = (ms: number): string => {
  const [unit, one] = SPANS.find(([, least]) => ms >= least) ?? ['s', 1_000]
  return `${String(Math.max(0, Math.floor(ms / one)))} ${unit}`
}

/** A duration in its two largest units: `3 min 12 s`. */
export const span = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1_000))
  const [min, h] = [Math.floor(s / 60), Math.floor(s / 3_600)]
  return h > 0 ? `${String(h)} h ${String(min % 60)} min` : min > 0 ? `${String(min)} min ${String(s % 60)} s` : `${String(s)} s`
}

/** Whether a build with this status has ended. */
export const isOver = (status: string): boolean => status !== 'pending' && status !== 'running'

// ---------------------------------------------------------------------------------------- colour

/** Whether to colour the output: it is a terminal with colours, and the user has not turned them off (https://no-color.org). */
export const hasColour = ({ isTTY }: { readonly isTTY?: boolean }, { NO_COLOR = '', TERM }: NodeJS.ProcessEnv): boolean => isTTY === true && NO_COLOR === '' && TERM !== 'dumb'

const RESET = '\u001b[0m'

export const bold = (text: string): string => `\u001b[1m${text}${RESET}`
export const red = (text: string): string => `\u001b[31m${text}${RESET}`

// Terminal sequences. Those for colours and weights are kept; all others would move the cursor, or worse.
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g
const STYLE = /^\u001b\[[0-9;:]*m$/
const PLAIN = /\u001b\[0*m$/

/** A style longer than this is not carried into the next line. */
const STYLE_CHARS = 64

/** Text without sequences, made visible; tabs stay. */
const shownIn = (plain: string): string => plain.split('\t').map(escapeInvisible).join('\t')

/**
 * What a terminal would show of a line of a log, which begins in the style in which the line before it ended. If the line overwrites itself, only its
 * last version is shown. Without colour, only the text. Other invisible characters are escaped.
 */
export const draw = (line: string, before: string, hasColour: boolean): { readonly style: string; readonly text: string } => {
  let style = before
  let text = ''
  for (const part of line.split('\r')) {
    let now = hasColour ? style : ''
    let from = 0
    for (const { 0: sequence, index } of part.matchAll(TERMINAL)) {
      now += shownIn(part.slice(from, index))
      from = index + sequence.length
      if (!hasColour || !STYLE.test(sequence)) continue
      now += sequence
      style = PLAIN.test(sequence) || style.length + sequence.length > STYLE_CHARS ? '' : style + sequence
    }
    now += shownIn(part.slice(from))
    if (part.replaceAll(TERMINAL, '') !== '') text = now
  }
  return { style, text: text.includes('\u001b') ? `${text}${RESET}` : text }
}
