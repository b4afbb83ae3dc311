/** Compares a port with the core on random runs and inputs, and makes the first failure of each as small as it can be made. */
import { canonical, type Json } from '../../../core/index.js'
import { type Trace, type Vector, VERSION } from '../format.js'
import { SUBJECT } from '../subjects.js'
import { answersTo, type Port, PortFailure } from './client.js'
import { lastOf, simplifications, toAbsolute, toRelative } from './course.js'
import { type Course, courses, type Input, inputs, textOf, withText } from './inputs.js'
import type { Case } from './load.js'
import { judgeVector, playTrace, questionOf } from './play.js'
import { traceOf } from '../../../shell/lib/trace.js'
import type { Outcome, Search } from './result.js'
import { fewest, simplest } from './shrink.js'

const isFailure = ({ _tag }: Outcome): boolean => _tag === 'failed' || _tag === 'errored' || _tag === 'broken'

const PASSED: Outcome = { _tag: 'passed' }

// ---------------------------------------------------------------------------------------- a port that is started again

/** A port that is started again after what broke it. */
export class Restarting {
  private port: Port | null = null

  constructor(private readonly start: () => Promise<Port>) {}

  /** What has come of `play`; a port that breaks down is an outcome, too. */
  async attempt(play: (port: Port) => Promise<Outcome>): Promise<Outcome> {
    try {
      this.port ??= await this.start()
      return await play(this.port)
    } catch (error) {
      if (!(error instanceof PortFailure)) throw error
      this.port = null
      return { _tag: 'broken', breakdown: error.breakdown }
    }
  }

  /** Ends the port; the next attempt starts another. */
  async stop(): Promise<Outcome> {
    if (this.port === null) return PASSED
    return this.attempt(async (port) => {
      this.port = null
      await port.stop()
      return PASSED
    })
  }
}

/** Whether a candidate fails, as long as there is time: with a port that hangs, each takes as long as an answer is waited for. */
const inTime = <A>(shrinkMs: number, fails: (candidate: A) => Promise<boolean>): ((candidate: A) => Promise<boolean>) => {
  const deadline = Date.now() + shrinkMs
  return async (candidate) => Date.now() < deadline && (await fails(candidate))
}

// ---------------------------------------------------------------------------------------- steps

const traceCase = (file: string, trace: Trace): Case => {
  const { about, name, rules } = trace.header
  return { _tag: 'trace', about, file, line: 1, name, rules, trace }
}

/** The course up to the step that was wrong. */
const upTo = ({ beginning, events }: Course, outcome: Outcome): Course => {
  const step = outcome._tag === 'failed' ? outcome.failure.step : outcome._tag === 'errored' ? outcome.step : null
  return { beginning, events: step === null ? events : events.slice(0, step) }
}

type CourseFails = (course: Course) => Promise<boolean>

const shortest = async ({ beginning, events }: Course, fails: CourseFails): Promise<Course> => {
  const items = toRelative({ beginning, events })
  return toAbsolute(beginning, await fewest(items, (candidate) => fails(toAbsolute(beginning, candidate))))
}

const smallest = async (course: Course, fails: CourseFails): Promise<Course> => {
  const short = await shortest(course, fails)
  return shortest(await simplest(short, simplifications(short.events.length), fails), fails)
}

/** A failure of more steps than this is hard to read. */
const SHORT = 10

/** How many failures are made small, until one is short. */
const ATTEMPTS = 5

/** What is common to both searches. */
export interface SearchSettings {
  readonly seed: number
  /** How long a failure is made smaller. */
  readonly shrinkMs: number
}

/** Tries random runs of so many steps together. */
export const searchSteps = async (port: Restarting, { seed, shrinkMs }: SearchSettings, steps: number, file: string): Promise<Search> => {
  const header = { about: `found at random with seed ${String(seed)}`, name: `random steps of seed ${String(seed)}`, rules: [] }
  const recorded = ({ beginning, events }: Course): Trace => traceOf(header, beginning, events)
  const play = (course: Course): Promise<Outcome> => port.attempt((present) => playTrace(present, recorded(course)))
  const fails = inTime(shrinkMs, async (course: Course) => isFailure(await play(course)))
  let attempts = 0
  let best: { readonly course: Course; readonly outcome: Outcome; readonly size: number } | null = null
  let count = 0
  let skipped = 0
  let refusal: Outcome = PASSED

  /** Keeps what is smaller than the best so far, and can be had again: a port may fail by chance. */
  const keep = async (course: Course, size: number): Promise<void> => {
    if (best !== null && course.events.length >= best.course.events.length) return
    const outcome = await play(course)
    if (isFailure(outcome)) best = { course, outcome, size }
  }

  for (const course of courses(seed, steps)) {
    const outcome = await play(course)
    if (outcome._tag === 'skipped') {
      skipped += course.events.length
      refusal = outcome
      continue
    }
    count += course.events.length
    if (!isFailure(outcome)) continue
    const begun = upTo(course, outcome)
    best ??= { course, outcome, size: begun.events.length }
    await keep(await smallest(begun, fails), begun.events.length)
    if (best.course.events.length <= SHORT || ++attempts === ATTEMPTS) break
  }
  if (best === null) {
    const ended = await port.stop()
    return { count, found: null, outcome: count === 0 && ended._tag === 'passed' ? refusal : ended, size: 0, skipped }
  }

  // What takes long to come about is shown from a state in which it is about to.
  const late = lastOf(best.course, SHORT)
  if (best.course.events.length > SHORT && (await fails(late))) await keep(await shortest(late, fails), best.size)
  return { count, found: traceCase(file, recorded(best.course)), outcome: best.outcome, size: best.size, skipped }
}

// ---------------------------------------------------------------------------------------- inputs

const vectorOf = ({ input, subject }: Input, seed: number): Vector => ({
  _tag: 'vector',
  input,
  name: `random input of seed ${String(seed)}`,
  output: SUBJECT[subject](input),
  rules: []
})

const vectorCase = (file: string, one: Input, seed: number): Case => {
  const vector = vectorOf(one, seed)
  return { _tag: 'vector', about: 'found at random', file, line: 2, name: vector.name, rules: [], subject: one.subject, vector }
}

const BATCH = 200

/** The items in lists of at most `BATCH`. */
function* batches<A>(items: Iterable<A>): Generator<ReadonlyArray<A>, void, undefined> {
  let batch: Array<A> = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Tries so many random inputs of decoders. Subjects that the port skips are left out. */
export const searchInputs = async (port: Restarting, { seed, shrinkMs }: SearchSettings, count: number, file: string): Promise<Search> => {
  const ask = async (batch: ReadonlyArray<Input>, take: (one: Input, outcome: Outcome) => void): Promise<Outcome> =>
    port.attempt(async (present) => {
      let n = 0
      const asked = batch.map(({ input, subject }) => questionOf(subject, input, `random input of seed ${String(seed)}`))
      for await (const answer of answersTo(present, asked)) {
        const one = batch[n++]
        if (one !== undefined) take(one, judgeVector(one.subject, vectorOf(one, seed), answer))
      }
      return PASSED
    })
  const play = async (one: Input): Promise<Outcome> => {
    const outcomes: Array<Outcome> = []
    const run = await ask([one], (_, outcome) => void outcomes.push(outcome))
    return outcomes[0] ?? run
  }
  let compared = 0
  const skipped: Array<Outcome> = []
  for (const batch of batches(inputs(seed, count))) {
    let answered = 0
    const wrong: Array<readonly [Input, Outcome]> = []
    const run = await ask(batch, (one, outcome) => {
      answered++
      if (outcome._tag === 'skipped') skipped.push(outcome)
      else compared++
      if (isFailure(outcome)) wrong.push([one, outcome])
    })
    const broke = batch[answered]
    if (run._tag === 'broken' && broke !== undefined) wrong.push([broke, run])
    const [first] = wrong
    if (first === undefined) continue
    const [one, outcome] = first
    const still = inTime(shrinkMs, async (candidate: ReadonlyArray<string>) => isFailure(await play(withText(one, candidate.join('')))))
    const small = withText(one, (await fewest(Array.from(textOf(one)), still)).join(''))
    const again = await play(small)
    const [found, result] = isFailure(again) ? [small, again] : [one, outcome]
    return { count: compared, found: vectorCase(file, found, seed), outcome: result, size: textOf(one).length, skipped: skipped.length }
  }
  return { count: compared, found: null, outcome: compared === 0 && skipped[0] !== undefined ? skipped[0] : await port.stop(), size: 0, skipped: skipped.length }
}

// ---------------------------------------------------------------------------------------- written down

/** A case as a file of its own, which `--from` plays again; a trace is shown by `tack replay`, too. */
export const fileOf = (one: Case): string => {
  const lines: ReadonlyArray<object> =
    one._tag === 'trace'
      ? [one.trace.header, one.trace.init, ...one.trace.steps, one.trace.end]
      : [{ _tag: 'vectors', about: one.about, subject: one.subject, version: VERSION }, one.vector]
  return lines.map((line) => `${canonical(line as Json)}\n`).join('')
}
