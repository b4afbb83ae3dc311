/** Numbers and tables, to be read by people. */
import { median } from './measure.js'

/** Three significant digits; from 1 000 on, whole numbers with their thousands set apart. */
export const number = (value: number): string =>
  Math.abs(value) < 1000 ? String(Number(value.toPrecision(3))) : String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ' ')

export const percent = (share: number): string => `${number(share * 100)} %`

/** The median of `values`, and how far they are apart. */
export const range = (values: ReadonlyArray<number>): string =>
  `${number(median(values))} (${number(Math.min(...values))}–${number(Math.max(...values))})`

/** Rows of cells as columns; the first is aligned to the left, the others to the right. The first row is the header. */
export const columns = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   ')
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}
