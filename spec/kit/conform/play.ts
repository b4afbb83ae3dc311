/** Plays a trace or a vector on a port, and compares: up to the first thing that is wrong. */
import type { Json } from '../../../core/index.js'
import type { Answer, Trace, Vector } from '../format.js'
import type { Question } from './answer.js'
import { answersTo, type Breakdown, type Port, PortFailure } from './client.js'
import { type Difference, differences, isSame } from './difference.js'
import type { Case } from './load.js'
import { stateAfter } from './reference.js'
import type { Failure, Outcome } from './result.js'

const PASSED: Outcome = { _tag: 'passed' }

interface Asked {
  readonly question: Question
  readonly where: string
}

/** What is not an answer of the expected kind. */
const declined = (answer: Answer, step: number | null, given: unknown): Outcome | null => {
  switch (answer._tag) {
    case 'skipped':
      return { _tag: 'skipped', reason: answer.reason }
    case 'errored':
      return { _tag: 'errored', given, message: answer.message, step }
    default:
      return null
  }
}

// ---------------------------------------------------------------------------------------- traces

const initOf = ({ init }: Trace): Question => ('config' in init ? { _tag: 'init', config: init.config } : { _tag: 'init', state: init.state })

/** The questions of the first `count` steps, and then for the state. */
function* questionsOf(trace: Trace, count: number): Generator<Asked, void, undefined> {
  const { name } = trace.header
  yield { question: initOf(trace), where: `init of the trace ${name}` }
  for (const [i, { event }] of trace.steps.slice(0, count).entries())
    yield { question: { _tag: 'step', event }, where: `step ${String(i + 1)} of ${String(trace.steps.length)} of the trace ${name}` }
  yield { question: { _tag: 'state' }, where: `the state after step ${String(count)} of the trace ${name}` }
}

/** The state of the port after `count` steps: its answer to the last of the questions. */
const stateOfPort = async (port: Port, trace: Trace, count: number): Promise<Answer | null> => {
  let last: Answer | null = null
  for await (const answer of answersTo(port, questionsOf(trace, count))) last = answer
  return last
}

/** What there is to say about effects that are not the expected ones. */
export const effectRemarks = (expected: ReadonlyArray<Json>, actual: ReadonlyArray<Json>): ReadonlyArray<string> => {
  const texts = (effects: ReadonlyArray<Json>): Json => effects.map((effect) => JSON.stringify(sortedKeys(effect))).sort()
  return !isSame(expected, actual) && isSame(texts(expected), texts(actual)) ? ['these are the right effects, in another order'] : []
}

const sortedKeys = (value: Json): Json =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, part]) => [key, sortedKeys(part)])
      )

/** What differs in the state, if the port tells it. */
const stateDifferences = async (port: Port, trace: Trace, count: number): Promise<Pick<Failure, 'differences' | 'remarks'>> => {
  const answer = await stateOfPort(port, trace, count)
  if (answer?._tag !== 'state') {
    const why = answer?._tag === 'skipped' ? answer.reason : answer?._tag === 'errored' ? answer.message : 'no answer'
    return { differences: [], remarks: [`the port does not tell its state: ${why}`] }
  }
  const expected = stateAfter(trace, count)
  if (expected === null) return { differences: [], remarks: ['the core of this kit does not come to the state of the trace either'] }
  const found = differences(expected, answer.state)
  const isDerived = ({ path }: Difference): boolean => path.startsWith('head.counters')
  return {
    // What is counted follows from the effects: it is never the reason.
    differences: [...found.filter((one) => !isDerived(one)), ...found.filter(isDerived)],
    remarks: found.length > 0 ? [] : ['the state is right: only the hash of it is not (see canonical JSON in formats.md)']
  }
}

const failed = (failure: Failure): Outcome => ({ _tag: 'failed', failure })

/** What is wrong with the state in the end. */
const judgeEnd = (trace: Trace, state: Json): Failure | null => {
  const found = differences(trace.end.state, state)
  const remarks = ['the hash after the last step was right: what the port hashes is not what it writes']
  return found.length === 0 ? null : { differences: found, effects: null, given: null, hashes: null, remarks, step: null }
}

/** What is wrong with the answer after `n` steps, as far as the answer itself shows; `null`: nothing. */
const judge = (trace: Trace, n: number, answer: Answer): Failure | null => {
  if (answer._tag === 'state') return judgeEnd(trace, answer.state)
  if (answer._tag !== 'done' && answer._tag !== 'stepped') return null
  const line = trace.steps[n - 1]
  const { hash } = line ?? trace.init
  const was = (line?.effects ?? [])
  const is = (answer._tag === 'stepped' ? answer.effects : [])
  const found = differences(was, is, 'effects')
  if (found.length === 0 && answer.hash === hash) return null
  return {
    differences: found,
    effects: found.length === 0 ? null : { actual: is, expected: was },
    given: line?.event ?? null,
    hashes: answer.hash === hash ? null : { actual: answer.hash, expected: hash },
    remarks: effectRemarks(was, is),
    step: n
  }
}

/** Plays a trace. What breaks the port is thrown. */
export const playTrace = async (port: Port, trace: Trace): Promise<Outcome> => {
  let failure: Failure | null = null
  let n = 0
  for await (const answer of answersTo(port, questionsOf(trace, trace.steps.length))) {
    const isEnd = n > trace.steps.length
    // The hashes were right: whoever does not tell the state has shown it.
    if (isEnd && answer._tag === 'skipped') break
    const outcome = declined(answer, isEnd ? null : n, isEnd ? null : (trace.steps[n - 1]?.event ?? null))
    if (outcome !== null) return outcome
    failure = judge(trace, n, answer)
    if (failure !== null) break
    n++
  }
  if (failure === null) return PASSED
  if (failure.hashes === null) return failed(failure)
  const { differences: found, remarks } = await stateDifferences(port, trace, n)
  return failed({ ...failure, differences: [...failure.differences, ...found], remarks: [...failure.remarks, ...remarks] })
}

// ---------------------------------------------------------------------------------------- vectors

/** The subjects whose outputs may hold prose. */
const PROSE = ['jetstream', 'knot', 'trigger', 'workflow']

/** The output as far as it is compared: `detail`, its own or that of its `payload`, is prose, but must be some. */
const comparable = (subject: string, expected: Json, actual: Json): Json => {
  if (!PROSE.includes(subject)) return actual
  const [said, meant] = [fieldsOf(actual), fieldsOf(expected)]
  if (said['payload'] === undefined) return withDetail(expected, actual)
  return { ...said, payload: withDetail(meant['payload'] ?? null, said['payload']) }
}

/** `actual` with the `detail` of `expected`, if both have some. */
const withDetail = (expected: Json, actual: Json): Json => {
  const [said, meant] = [textAt(actual, 'detail'), textAt(expected, 'detail')]
  return said === null || meant === null ? actual : { ...fieldsOf(actual), detail: meant }
}

const fieldsOf = (value: Json): { readonly [field: string]: Json } =>
  typeof value !== 'object' || value === null || Array.isArray(value) ? {} : (value as { readonly [field: string]: Json })

/** The text in a field of an object; `null` when there is none. */
const textAt = (value: Json, field: string): string | null => {
  const text = fieldsOf(value)[field]
  return typeof text === 'string' ? text : null
}

/** Compares the answer to a vector. */
export const judgeVector = (subject: string, { input, output }: Pick<Vector, 'input' | 'output'>, answer: Answer): Outcome => {
  const outcome = declined(answer, null, input)
  if (outcome !== null || answer._tag !== 'decoded') return outcome ?? PASSED
  const expected = output
  const found = differences(expected, comparable(subject, expected, answer.output), 'output')
  if (found.length === 0) return PASSED
  const effects = { actual: answer.output, expected: output }
  return failed({ differences: found, effects, given: input, hashes: null, remarks: [], step: null })
}

export const questionOf = (subject: string, input: unknown, name: string): Asked => ({
  question: { _tag: 'decode', input, subject },
  where: `the ${subject} ${name}`
})

// ---------------------------------------------------------------------------------------- everything

/** Neighbours of one kind: vectors are asked many at a time, each trace begins anew. */
const groups = (cases: ReadonlyArray<Case>): ReadonlyArray<ReadonlyArray<Case>> => {
  const all: Array<Array<Case>> = []
  for (const one of cases) {
    const last = all[all.length - 1]
    if (one._tag === 'vector' && last?.[0]?._tag === 'vector') last.push(one)
    else all.push([one])
  }
  return all
}

const playVectors = async (port: Port, cases: ReadonlyArray<Case>, report: (outcome: Outcome) => void): Promise<void> => {
  const vectors = cases.flatMap((one) => (one._tag === 'vector' ? [one] : []))
  const asked = vectors.map(({ name, subject, vector }) => questionOf(subject, vector.input, name))
  let n = 0
  for await (const answer of answersTo(port, asked)) {
    const one = vectors[n++]
    if (one !== undefined) report(judgeVector(one.subject, one.vector, answer))
  }
}

export interface Played {
  /** Why the port was given up, if it was. */
  readonly breakdown: Breakdown | null
  readonly name: string | null
  /** One for each case, in their order. */
  readonly outcomes: ReadonlyArray<Outcome>
}

/** The outcomes of those that were not played to the end: the first of them met what broke the port, if it had started. */
const unplayed = (breakdown: Breakdown, count: number, hasStarted: boolean): ReadonlyArray<Outcome> =>
  Array.from({ length: count }, (_, i) => (i === 0 && hasStarted ? { _tag: 'broken', breakdown } : { _tag: 'unreached' }))

/** Plays all of `cases` on one port. */
export const playAll = async (start: () => Promise<Port>, cases: ReadonlyArray<Case>): Promise<Played> => {
  const outcomes: Array<Outcome> = []
  let name: string | null = null
  try {
    const port = await start()
    name = port.name
    for (const group of groups(cases)) {
      const [first] = group
      if (first?._tag === 'trace') outcomes.push(await playTrace(port, first.trace))
      else await playVectors(port, group, (outcome) => void outcomes.push(outcome))
    }
    await port.stop()
    return { breakdown: null, name, outcomes }
  } catch (error) {
    if (!(error instanceof PortFailure)) throw error
    const { breakdown } = error
    return { breakdown, name, outcomes: [...outcomes, ...unplayed(breakdown, cases.length - outcomes.length, name !== null)] }
  }
}
