/**
 * Plays one trace, or answers the vectors of one subject, and says where the core departs from it.
 *
 *     node dist/spec/kit/check.js minimal.gap
 *     node dist/spec/kit/check.js host
 *
 * Ends with 0 when it does not, with 3 when it does. By mutate.js this is how a mutant is tried (mutants.test.ts).
 */
import { readFileSync } from 'node:fs'
import { canonical, Config, Event, initial, type Json, State, step } from '../../core/index.js'
import { must } from '../examples/support.js'
import { stateHash, writtenState } from './hash.js'
import { EndLine, InitLine, StepLine, type Subject, SUBJECTS, TraceHeader, Vector } from './format.js'
import { SUBJECT } from './subjects.js'

const DEPARTS = 3

/** This module runs in `dist/spec/kit`. */
const SPEC = new URL('../../../spec/', import.meta.url)

const linesOf = (path: string): ReadonlyArray<unknown> =>
  readFileSync(new URL(path, SPEC), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))

const same = (a: unknown, b: unknown): boolean => canonical(a as Json) === canonical(b as Json)

/** The lines of the trace of that name: a file is called after what comes before the first dot in the names of its traces. */
const traceOf = (name: string): ReadonlyArray<unknown> => {
  const lines = linesOf(`traces/${name.split('.')[0] ?? ''}.jsonl`)
  const from = lines.findIndex((line) => TraceHeader.is(line) && line.name === name)
  if (from < 0) throw new Error(`there is no trace ${name}`)
  return lines.slice(from + 1, lines.findIndex((line, i) => i > from && EndLine.is(line)) + 1)
}

const played = (lines: ReadonlyArray<unknown>): string | null => {
  const [first, ...rest] = lines
  const init = must(InitLine.decode(first))
  let state = 'config' in init ? initial(must(Config.decode(init.config))) : must(State.decode(init.state))
  if (stateHash(state) !== init.hash) return 'the state at the beginning'
  for (const [i, line] of rest.entries()) {
    if (EndLine.is(line)) return same(writtenState(state), line.state) ? null : 'the state in the end'
    const { effects, event, hash } = must(StepLine.decode(line))
    const [after, actual] = step(state, must(Event.decode(event)))
    if (!same(actual, effects)) return `the effects of step ${String(i + 1)}`
    if (stateHash(after) !== hash) return `the state after step ${String(i + 1)}`
    state = after
  }
  return 'the trace has no end'
}

const answered = (subject: Subject, lines: ReadonlyArray<unknown>): string | null => {
  for (const line of lines) {
    const { input, name, output } = must(Vector.decode(line))
    if (!same(SUBJECT[subject](input), output)) return `the answer to "${name}"`
  }
  return null
}

/** Where the core departs; to throw is to depart. What is not there to be played is another matter, and is found first. */
const departure = (name: string): string | null => {
  const subject = SUBJECTS.find((known) => known === name)
  const lines = subject === undefined ? traceOf(name) : linesOf(`vectors/${subject}.jsonl`).slice(1)
  try {
    return subject === undefined ? played(lines) : answered(subject, lines)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const [name] = process.argv.slice(2)
if (name === undefined) throw new Error('usage: check.js NAME, of a trace or of the subject of vectors')
const found = departure(name)
if (found !== null) {
  console.log(found)
  process.exitCode = DEPARTS
}
