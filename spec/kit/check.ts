/**
 * Plays one trace, or answers the vectors of one subject, and says where the core departs from it.
 *
 *     node dist/spec/kit/check.js minimal.gap
 *     node dist/spec/kit/check.js host
 *
 * Ends with 0 when it does not, with 3 when it does. By mutate.js this is how a mutant is tried (mutants.test.ts).
 */
import { readFileSync } from 'node:fs'
import { canonical, Config, Event, initial, type Json, step } from '../../core/index.js'
import { must } from '../examples/support.js'
import { stateHash, writtenState } from './hash.js'
import { EndLine, InitLine, StepLine, SUBJECTS, TraceHeader, Vector } from './format.js'
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

const played = (name: string): string | null => {
  const [first, ...rest] = traceOf(name)
  const init = must(InitLine.decode(first))
  if (!('config' in init)) throw new Error(`${name} does not begin with a configuration`)
  let state = initial(must(Config.decode(init.config)))
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

const answered = (subject: (typeof SUBJECTS)[number]): string | null => {
  for (const line of linesOf(`vectors/${subject}.jsonl`).slice(1)) {
    const { input, name, output } = must(Vector.decode(line))
    if (!same(SUBJECT[subject](input), output)) return `the answer to "${name}"`
  }
  return null
}

const departure = (name: string): string | null => {
  const subject = SUBJECTS.find((known) => known === name)
  try {
    return subject === undefined ? played(name) : answered(subject)
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
