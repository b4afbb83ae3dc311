/**
 * Plays one trace, or answers the vectors of one subject, and says where the core departs from it.
 *
 *     node dist/spec/kit/check.js minimal.gap
 *     node dist/spec/kit/check.js host
 *
 * Ends with 0 when it does not, with 3 when it does. Started by mutate.js, it tries a mutant; mutants.test.ts tries all of them.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { canonical, Event, type Json, step } from '../../core/index.js'
import { beginningOf, stateAt, stateHash, type Trace, writtenState } from '../../shell/lib/trace.js'
import { must } from '../suite/examples/support.js'
import { type Case, casesIn } from './conform/load.js'
import { type Subject, SUBJECTS } from './format.js'
import { SUBJECT } from './subjects.js'

const DEPARTS = 3

/** This module runs in `dist/spec/kit`. */
const DATA = new URL('../../../spec/data/', import.meta.url)

const textOf = (path: string): string => readFileSync(new URL(path, DATA), 'utf8')

const casesOf = (path: string): ReadonlyArray<Case> => casesIn(path, textOf(path))

const same = (a: Json, b: Json): boolean => canonical(a) === canonical(b)

/** How each trace of a file begins: keys are in order. */
const HEADER = '{"_tag":"trace",'

/**
 * The trace of that name: a file is called after what comes before the first dot in the names of its traces. Only its own lines are decoded:
 * those of all others would take longer than to play it.
 */
const traceCalled = (name: string): Trace => {
  const path = `traces/${name.split('.')[0] ?? ''}.jsonl`
  const texts = `\n${textOf(path)}`.split(`\n${HEADER}`).slice(1)
  const text = texts.find((one) => one.slice(0, one.indexOf('\n')).includes(`"name":${JSON.stringify(name)},`))
  const [found] = text === undefined ? [] : casesIn(path, `${HEADER}${text}${text.endsWith('\n') ? '' : '\n'}`)
  if (found?._tag !== 'trace') throw new Error(`there is no trace ${name}`)
  return found.trace
}

const played = ({ end, init, steps }: Trace): string | null => {
  const beginning = beginningOf(init)
  if (E.isLeft(beginning)) return beginning.left
  let state = stateAt(beginning.right)
  if (stateHash(state) !== init.hash) return 'the state at the beginning'
  for (const [i, { effects, event, hash }] of steps.entries()) {
    const [after, actual] = step(state, must(Event.decode(event)))
    if (!same(actual, effects)) return `the effects of step ${String(i + 1)}`
    if (stateHash(after) !== hash) return `the state after step ${String(i + 1)}`
    state = after
  }
  return same(writtenState(state), end.state) ? null : 'the state in the end'
}

const answered = (subject: Subject, cases: ReadonlyArray<Case>): string | null => {
  for (const one of cases)
    if (one._tag === 'vector' && !same(SUBJECT[subject](one.vector.input), one.vector.output)) return `the answer to "${one.name}"`
  return null
}

/** What plays the trace, or answers the vectors, of that name. What is not there to be played is found here already. */
const player = (name: string): (() => string | null) => {
  const subject = SUBJECTS.find((known) => known === name)
  if (subject === undefined) {
    const trace = traceCalled(name)
    return () => played(trace)
  }
  const cases = casesOf(`vectors/${subject}.jsonl`)
  return () => answered(subject, cases)
}

/** Where the core departs; to throw is to depart. */
const departure = (play: () => string | null): string | null => {
  try {
    return play()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Where the core departs from the trace, or from the vectors, of that name; `null` when it does not. */
export const check = (name: string): string | null => departure(player(name))

const [script, name] = process.argv.slice(1)
if (script !== undefined && pathToFileURL(script).href === import.meta.url) {
  if (name === undefined) throw new Error('usage: check.js NAME, of a trace or of the subject of vectors')
  const found = check(name)
  if (found !== null) {
    console.log(found)
    process.exitCode = DEPARTS
  }
}
