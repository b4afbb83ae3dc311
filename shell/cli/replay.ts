/**
 * `tack replay FILE` steps through the journal of a store, or through traces, and prints what happens. `--trace` prints a trace, for a bug report;
 * `--html` prints a page that steps through it in a browser.
 *
 * A journal that continues from a snapshot needs it: the snapshot is read from the folder of the journal. A trace includes the expected results. If
 * this machine does something else, that is printed as well, and the exit code is 1.
 */
import * as E from 'fp-ts/lib/Either.js'
import { basename } from 'node:path'
import { canonical, type Effect, type Event, type Json } from '../../core/index.js'
import { escapeInvisible } from '../lib/log.js'
import { stateAt, traceLines } from '../lib/trace.js'
import { PAGE_LIMITS, pageBuilder, type PageLimits } from './replay-page.js'
import { type Chosen, type Range, readRuns, type Run, stepsOf, type Taken } from './replay-runs.js'
import { withoutControls } from './text.js'

export type Format = 'html' | 'json' | 'text' | 'trace'

const brief = (fields: { readonly [name: string]: Json }): string =>
  Object.entries(fields)
    .filter(([name, value]) => name !== '_tag' && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')

const eventLine = (n: number, event: Event): string => escapeInvisible(`${String(n).padStart(6)}  ${event._tag}  ${brief(event)}`)
const effectLine = (effect: Effect): string => escapeInvisible(`        → ${effect._tag}  ${brief(effect._tag === 'Report' ? effect.report : effect)}`)
const surpriseLine = (sentence: string): string => escapeInvisible(`        ✗ ${sentence}`)

/** Prints the run, step by step. Returns whether it went as the trace says. */
const show = (run: Run, format: 'json' | 'text', print: (text: string) => void): boolean => {
  const textOf = ({ effects, event, number, surprises }: Taken): string =>
    format === 'json'
      ? withoutControls(canonical({ effects, event }))
      : [eventLine(number, event), ...effects.map(effectLine), ...surprises.map(surpriseLine)].join('\n')
  let asExpected = true
  const steps = stepsOf(run)
  let next = steps.next()
  for (; next.done !== true; next = steps.next()) {
    asExpected &&= next.value.surprises.length === 0
    print(textOf(next.value))
  }
  if (next.value !== null) print(surpriseLine(next.value))
  return asExpected && next.value === null
}

/** Prints the page, and complains if it does not contain everything that was asked for. Returns whether everything went as the traces say. */
const showPage = ({ runs, total }: Chosen, path: string, limits: PageLimits, print: (text: string) => void, complain: (text: string) => void): boolean => {
  const page = pageBuilder(limits)
  let asExpected = true
  let missing: number | null = null
  for (const run of runs) {
    if (missing !== null) break
    page.begin(run.isTrace ? `${run.about.name}: ${run.about.about}` : run.about.about, stateAt(run.beginning))
    const steps = stepsOf(run)
    let next = steps.next()
    while (missing === null && next.done !== true) {
      const taken = next.value
      next = steps.next()
      const surprises = [...taken.surprises, ...(next.done === true && next.value !== null ? [next.value] : [])]
      asExpected &&= surprises.length === 0
      if (!page.take({ ...taken, surprises })) missing = taken.number
    }
  }
  print(page.end(basename(path), total))
  if (missing !== null)
    complain(
      `${path}: the page ends before step ${String(missing)} of ${String(total)}: it holds at most ${String(limits.steps)} steps, and ` +
        `${String(limits.characters)} characters. For the steps after it, use --from ${String(missing)}`
    )
  return asExpected
}

export interface ReplayOptions {
  readonly format: Format
  /** `null` for all steps. */
  readonly range?: Range | null
  readonly limits?: PageLimits
}

/** The flags of the command line: at most one format, and a range of steps. */
export interface ReplayFlags {
  readonly from?: number
  readonly html?: true
  readonly json?: true
  readonly to?: number
  readonly trace?: true
}

export const optionsOf = ({ from, html, json, to, trace }: ReplayFlags): ReplayOptions => ({
  format: html ? 'html' : json ? 'json' : trace ? 'trace' : 'text',
  range: from === undefined && to === undefined ? null : { from: from ?? 1, to: to ?? null }
})

/** Prints the file in a format. Returns the exit code: 0, or 1 if the file cannot be read, or if a trace expects something else. */
export const replay = async (
  path: string,
  { format, limits = PAGE_LIMITS, range = null }: ReplayOptions,
  print: (text: string) => void,
  complain: (text: string) => void
): Promise<number> => {
  const read = await readRuns(path, range)()
  if (E.isLeft(read)) {
    const { message, path: file } = read.left
    // A file that is invalid from its first line on is neither a journal nor a trace.
    complain(`error: ${file}: ${message}${message.startsWith('line 1: ') ? '; name a journal of a store (journal-….jsonl), or a file with traces' : ''}`)
    return 1
  }
  if (format === 'html') return showPage(read.right, path, limits, print, complain) ? 0 : 1
  let asExpected = true
  for (const run of read.right.runs) {
    if (format === 'trace') for (const line of traceLines(run.about, run.beginning, run.events)) print(line)
    else {
      if (format === 'text' && run.isTrace) print(escapeInvisible(`${run.about.name}: ${run.about.about}`))
      asExpected = show(run, format, print) && asExpected
    }
  }
  return asExpected ? 0 : 1
}
