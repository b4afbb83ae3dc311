/** Text for a terminal: tables and times, without anything that could move the cursor. */
import { visible } from '../lib/log.js'

/** Rows of cells as aligned columns, indented by two. The first row is the header. Ends with a newline. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const cells = rows.map((row) => row.map(visible))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>): string =>
    `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}\n`
  return cells.map(line).join('')
}

/** A value as JSON, which a terminal may show: what cannot be seen, and JSON lets through, is written as escapes, and means the same. */
export const jsonText = (value: unknown): string => withoutControls(JSON.stringify(value, null, 2))

/** JSON with all that cannot be seen as escapes, which only its texts can hold; line feeds stay, which stand between its values. */
export const withoutControls = (json: string): string => json.split('\n').map(visible).join('\n')

/** A stamp in microseconds as a date, with the stamp itself; `never` for `null`. */
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

/** A time span in its largest unit: `3 h`. Less than a second, and a time to come, is `0 s`. */
export const age = (ms: number): string => {
  const [unit, one] = SPANS.find(([, least]) => ms >= least) ?? ['s', 1_000]
  return `${String(Math.max(0, Math.floor(ms / one)))} ${unit}`
}
