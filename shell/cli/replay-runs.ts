/** Runs as they are read from a file, a journal or traces, and as they go. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { basename } from 'node:path'
import { canonical, type Effect, type Event, type Json, type State, step } from '../../core/index.js'
import { type About, type Beginning, readTraces, type Recorded, stateAt, stateHash, writtenState } from '../lib/trace.js'
import { readReplay, readsAsJournal, type StoreError } from '../store/index.js'

/** Which steps, counted over all of a file from 1, both ends included; without `to`, to the last one. */
export interface Range {
  readonly from: number
  readonly to: number | null
}

export interface Run {
  readonly about: About
  readonly beginning: Beginning
  /** The state in which a trace ends; `null` where none is expected, or not all of its steps are there. */
  readonly end: { readonly state: Json } | null
  readonly events: ReadonlyArray<Event>
  /** What a trace expects of each step; a journal expects nothing. */
  readonly expected: Recorded['steps']
  /** The number of its first step in the file. */
  readonly first: number
  readonly isTrace: boolean
}

/** A step as it went. */
export interface Taken {
  readonly after: State
  readonly effects: ReadonlyArray<Effect>
  readonly event: Event
  readonly number: number
  /** What the trace expects instead, in sentences. */
  readonly surprises: ReadonlyArray<string>
}

const isSame = (a: Json, b: Json): boolean => canonical(a) === canonical(b)

const surprisesOf = ({ effects, hash }: Recorded['steps'][number], after: State, done: ReadonlyArray<Effect>): ReadonlyArray<string> => [
  ...(isSame(effects, done) ? [] : [`the trace has the effects ${canonical(effects)}`]),
  ...(hash === stateHash(after) ? [] : [`the trace has another state after this: its hash is ${hash}, not ${stateHash(after)}`])
]

/** The steps of a run, one at a time. Returns what is wrong with the end, in a sentence, or `null`. */
export function* stepsOf({ beginning, end, events, expected, first }: Run): Generator<Taken, string | null, undefined> {
  let state = stateAt(beginning)
  for (const [n, event] of events.entries()) {
    const [after, effects] = step(state, event)
    state = after
    const said = expected[n]
    yield { after, effects, event, number: first + n, surprises: said === undefined ? [] : surprisesOf(said, after, effects) }
  }
  return end === null || isSame(end.state, writtenState(state)) ? null : 'the trace ends in another state'
}

/** The part of a run that is in the range, in the state before its first step; `null` when there is none. */
const within = (run: Run, { from, to }: Range): Run | null => {
  const skipped = Math.max(0, from - run.first)
  const kept = Math.min(run.events.length, to === null ? Infinity : to - run.first + 1)
  if (kept <= skipped) return null
  const state = (): State => run.events.slice(0, skipped).reduce((before, event) => step(before, event)[0], stateAt(run.beginning))
  return {
    ...run,
    beginning: skipped === 0 ? run.beginning : { state: state() },
    end: kept === run.events.length ? run.end : null,
    events: run.events.slice(skipped, kept),
    expected: run.expected.slice(skipped, kept),
    first: run.first + skipped
  }
}

const journalRun = (path: string): TE.TaskEither<StoreError, ReadonlyArray<Run>> =>
  pipe(
    readReplay(path),
    TE.chainEitherK(({ events, start }) => {
      const [first] = events
      const about = { about: `the journal ${basename(path)}`, name: basename(path), rules: [] }
      const run = { about, end: null, events, expected: [], first: 1, isTrace: false }
      if (start !== null) return E.right([{ ...run, beginning: { state: start } }])
      return first?._tag === 'Started'
        ? E.right([{ ...run, beginning: { config: first.config } }])
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
    TE.map((traces) => {
      let first = 1
      return traces.map(({ beginning, end, header, steps }): Run => {
        const run = { about: header, beginning, end: { state: end }, events: steps.map(({ event }) => event), expected: steps, first, isTrace: true }
        first += steps.length
        return run
      })
    })
  )

/** What of a file is asked for. */
export interface Chosen {
  readonly runs: ReadonlyArray<Run>
  /** How many steps all of the file has. */
  readonly total: number
}

/** Reads a journal or traces, and chooses the steps in the range. A range without a step is refused, with how many there are. */
export const readRuns = (path: string, range: Range | null): TE.TaskEither<StoreError, Chosen> =>
  pipe(
    readsAsJournal(path),
    TE.chain((isJournal) => (isJournal ? journalRun(path) : traceRuns(path))),
    TE.chainEitherK((all) => {
      const total = all.reduce((sum, { events }) => sum + events.length, 0)
      const runs = range === null ? all : all.flatMap((run) => within(run, range) ?? [])
      return runs.length > 0
        ? E.right({ runs, total })
        : E.left({ _tag: 'Refused' as const, message: `it has ${String(total)} steps, and none of them is in that range: see --from and --to`, path })
    })
  )
