/** Reads runs from a journal or from traces, and steps through them. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { basename } from 'node:path'
import { canonical, type Effect, type Event, type Json, type State, step } from '../../core/index.js'
import { type About, type Beginning, readTraces, type Recorded, stateAt, stateHash, writtenState } from '../lib/trace.js'
import { readReplay, readsAsJournal, type StoreError } from '../store/index.js'

/** A range of steps, both ends included, counted from 1 through the whole file. Without `to`, it ends with the last step. */
export interface Range {
  readonly from: number
  readonly to: number | null
}

export interface Run {
  readonly about: About
  readonly beginning: Beginning
  /** The final state of a trace; `null` if none is expected, or if its last step is out of range. */
  readonly end: { readonly state: Json } | null
  readonly events: ReadonlyArray<Event>
  /** What a trace expects of each step; a journal expects nothing. */
  readonly expected: Recorded['steps']
  /** The number of its first step in the file. */
  readonly first: number
  readonly isTrace: boolean
}

/** The result of a step. */
export interface Taken {
  readonly after: State
  readonly effects: ReadonlyArray<Effect>
  readonly event: Event
  readonly number: number
  /** How the result differs from the trace, in sentences. */
  readonly surprises: ReadonlyArray<string>
}

const isSame = (a: Json, b: Json): boolean => canonical(a) === canonical(b)

const surprisesOf = ({ effects, hash }: Recorded['steps'][number], after: State, done: ReadonlyArray<Effect>): ReadonlyArray<string> => [
  ...(isSame(effects, done) ? [] : [`the trace has the effects ${canonical(effects)}`]),
  ...(hash === stateHash(after) ? [] : [`the trace has another state after this: its hash is ${hash}, not ${stateHash(after)}`])
]

/** The steps of a run, one at a time. Returns a sentence if the final state is wrong, otherwise `null`. */
export function* stepsOf({ beginning, end, events, expected, first }: Run): Generator<Taken, string | null, undefined> {
  let state = stateAt(beginning)
  for (const [n, event] of events.entries()) {
    const [after, effects] = step(state, event)
    state = after
    const expectation = expected[n]
    yield { after, effects, event, number: first + n, surprises: expectation === undefined ? [] : surprisesOf(expectation, after, effects) }
  }
  return end === null || isSame(end.state, writtenState(state)) ? null : 'the trace ends in another state'
}

/** The part of a run that is in the range, beginning with the state before its first step; `null` if none of it is. */
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

/** The selected part of a file. */
export interface Chosen {
  readonly runs: ReadonlyArray<Run>
  /** The number of steps in the whole file. */
  readonly total: number
}

/** Reads a journal or traces, and selects the steps in the range. Fails if the range contains no step, and says how many steps there are. */
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
