/**
 * `tack replay FILE` steps through a journal of a store, or through traces, and prints what happens; `--trace` prints a trace, for a bug report.
 *
 * A journal that continues after a snapshot needs it: the snapshot is read from the folder of the journal. A trace includes what was expected; if
 * this machine does something else, that is printed as well, and the exit code is 1.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { basename } from 'node:path'
import { canonical, type Effect, type Event, type Json, type State, step } from '../../core/index.js'
import { visible } from '../lib/log.js'
import { type About, type Beginning, readTraces, type Recorded, stateAt, stateHash, traceLines, writtenState } from '../lib/trace.js'
import { readReplay, readsAsJournal, type StoreError } from '../store/index.js'
import { withoutControls } from './text.js'

export type Format = 'json' | 'text' | 'trace'

const brief = (fields: { readonly [name: string]: Json }): string =>
  Object.entries(fields)
    .filter(([name, value]) => name !== '_tag' && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')

const eventLine = (n: number, event: Event): string => visible(`${String(n).padStart(6)}  ${event._tag}  ${brief(event)}`)
const effectLine = (effect: Effect): string => visible(`        → ${effect._tag}  ${brief(effect._tag === 'Report' ? effect.report : effect)}`)

const isSame = (a: Json, b: Json): boolean => canonical(a) === canonical(b)

/** What a trace expected of a step, if something else happened. */
const surprises = ({ effects, hash }: Recorded['steps'][number], after: State, done: ReadonlyArray<Effect>): ReadonlyArray<string> => [
  ...(isSame(effects, done) ? [] : [visible(`        ✗ the trace has the effects ${canonical(effects)}`)]),
  ...(hash === stateHash(after) ? [] : [`        ✗ the trace has another state after this: its hash is ${hash}, not ${stateHash(after)}`])
]

// ---------------------------------------------------------------------------------------- one run

interface Run {
  readonly about: About
  readonly beginning: Beginning
  readonly events: ReadonlyArray<Event>
  /** What a trace expects; a journal expects nothing. */
  readonly recorded: Recorded | null
}

/** Prints the run, step by step. Returns whether it went as the trace says. */
const show = ({ beginning, events, recorded }: Run, format: 'json' | 'text', print: (text: string) => void): boolean => {
  let state = stateAt(beginning)
  let asExpected = true
  for (const [n, event] of events.entries()) {
    const [after, effects] = step(state, event)
    state = after
    const expected = recorded?.steps[n]
    const odd = expected === undefined ? [] : surprises(expected, after, effects)
    asExpected &&= odd.length === 0
    print(
      format === 'json'
        ? withoutControls(canonical({ effects, event }))
        : [eventLine(n + 1, event), ...effects.map(effectLine), ...odd].join('\n')
    )
  }
  if (recorded !== null && !isSame(recorded.end, writtenState(state))) {
    print('        ✗ the trace ends in another state')
    return false
  }
  return asExpected
}

const journalRun = (path: string): TE.TaskEither<StoreError, ReadonlyArray<Run>> =>
  pipe(
    readReplay(path),
    TE.chainEitherK(({ events, start }) => {
      const [first] = events
      const about = { about: `the journal ${basename(path)}`, name: basename(path), rules: [] }
      if (start !== null) return E.right([{ about, beginning: { state: start }, events, recorded: null }])
      return first?._tag === 'Started'
        ? E.right([{ about, beginning: { config: first.config }, events, recorded: null }])
        : E.left({
            _tag: 'Refused' as const,
            message: 'it does not begin with Started, and there is no snapshot beside it that it goes on from',
            path
          })
    })
  )

const traceRuns = (path: string): TE.TaskEither<StoreError, ReadonlyArray<Run>> =>
  pipe(
    readTraces(path),
    TE.map((traces) =>
      traces.map((recorded) => ({
        about: recorded.header,
        beginning: recorded.beginning,
        events: recorded.steps.map(({ event }) => event),
        recorded
      }))
    )
  )

/** Prints the file in a format. Returns the exit code: 0, or 1 when the file cannot be read, or when a trace expects something else. */
export const replay = async (path: string, format: Format, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const runs = await pipe(
    readsAsJournal(path),
    TE.chain((isJournal) => (isJournal ? journalRun(path) : traceRuns(path)))
  )()
  if (E.isLeft(runs)) {
    complain(`${runs.left.path}: ${runs.left.message}`)
    return 1
  }
  let asExpected = true
  for (const run of runs.right) {
    if (format === 'trace') for (const line of traceLines(run.about, run.beginning, run.events)) print(line)
    else {
      if (format === 'text' && run.recorded !== null) print(visible(`${run.about.name}: ${run.about.about}`))
      asExpected = show(run, format, print) && asExpected
    }
  }
  return asExpected ? 0 : 1
}
