/**
 * How a law becomes a test: tried on many arbitrary inputs, counted, and reported so that a failure can be repeated.
 *
 * The name of the test is the law's id and its words in laws.md. A property that never met the cases it is about proves
 * nothing, so each names them, and fails when they were too rare.
 *
 *     TACK_RUNS   how many inputs each law is tried on (200; a quarter of them where an input is as large as a run may be)
 *     TACK_SEED   where the inputs begin (fixed, so that two runs are the same)
 *     TACK_PATH   where, from that seed, a failure was found: repeats that one alone
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'vitest'
import { traceLines } from '../../../shell/lib/trace.js'
import { pure } from '../laws/fence.js'
import type { Laws, Verdict } from '../laws/law.js'
import { eventText, type Run } from '../laws/run.js'

// ---------------------------------------------------------------------------------------- the words of the laws

const HEADING = /^- \*\*([A-Z]+-\d+)\*\* (.*?)(?:\.|$)/gm

/** The laws of laws.md: their ids, and the first sentence of each. */
export const lawsInWords = (): ReadonlyMap<string, string> => {
  const text = readFileSync(new URL('../../laws.md', import.meta.url), 'utf8')
  return new Map([...text.matchAll(HEADING)].map(([, id = '', words = '']) => [id, words]))
}

const WORDS = lawsInWords()

// ---------------------------------------------------------------------------------------- settings

const numberFrom = (name: string, otherwise: number): number => {
  const text = process.env[name]
  const value = text === undefined || text === '' ? otherwise : Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be an integer`)
  return value
}

const RUNS = numberFrom('TACK_RUNS', 200)
const SEED = numberFrom('TACK_SEED', 20_261_124)
const PATH = process.env['TACK_PATH'] ?? ''

/** Each interesting case must be met once in this many inputs, at least. */
const RARE = 100

// ---------------------------------------------------------------------------------------- checking

type InputOf<L> = L extends (input: infer A) => Verdict ? A : never

/** The cases a law is about, each with a name. */
export type Interesting<A> = { readonly [name: string]: (input: A) => boolean }

const isRun = (input: object): input is Run => 'config' in input && 'events' in input && 'thrown' in input

/** The trace of a run, as `tack replay` takes it. What the core throws at ends it early. */
const linesOf = (run: Run): ReadonlyArray<string> => {
  const lines: Array<string> = []
  try {
    for (const line of traceLines({ about: 'a counterexample', name: 'counterexample', rules: [] }, run, run.events)) lines.push(line)
  } catch {
    return [...lines, ...run.events.slice(Math.max(0, lines.length - 2)).map(eventText)]
  }
  return lines
}

/** The runs in an input as traces, the rest of it as it is. */
const written = (input: unknown): string => {
  if (typeof input !== 'object' || input === null) return fc.stringify(input)
  if (isRun(input)) return linesOf(input).join('\n')
  return Object.entries(input)
    .map(([key, part]) => `${key}:\n${written(part)}`)
    .join('\n')
}

const COMMAND = 'npx vitest run --config spec/vitest.config.ts spec/suite/properties'

const describe = <A>(id: string, details: fc.RunDetails<[A]>, reason: string): string =>
  [
    `${id} does not hold: ${reason}`,
    `TACK_SEED=${String(details.seed)} TACK_PATH=${details.counterexamplePath ?? ''} ${COMMAND} -t '${id} '`,
    `after ${String(details.numRuns)} inputs and ${String(details.numShrinks)} simplifications:`,
    written(details.counterexample?.[0])
  ].join('\n')

/**
 * The test of one law.
 *
 * @param laws - the family the law belongs to
 * @param id - the law
 * @param arbitrary - where inputs come from
 * @param interesting - the cases the law is about: the test fails when one of them was met in fewer than 1 of 100 inputs
 * @param part - which part of the usual number of inputs is tried, where each is large
 */
export const check = <L extends Laws, I extends string & keyof L>(
  laws: L,
  id: I,
  arbitrary: fc.Arbitrary<InputOf<L[I]>>,
  interesting: Interesting<InputOf<L[I]>>,
  part = 1
): void => {
  const runs = Math.ceil(RUNS * part)
  const holds = laws[id] as (input: InputOf<L[I]>) => Verdict
  test(`${id} ${WORDS.get(id) ?? '(not in laws.md)'}`, () => {
    const met = new Map(Object.keys(interesting).map((name) => [name, 0]))
    let reason = ''
    let isShrinking = false
    // A law asks the core many things; the fence is shut once for all of them.
    const property = fc.property(arbitrary, (input) => {
      for (const [name, isCase] of Object.entries(interesting))
        if (!isShrinking && isCase(input)) met.set(name, (met.get(name) ?? 0) + 1)
      const verdict = thrownIn(input) ?? attempt(() => pure(() => holds(input)))
      if (verdict === true) return true
      isShrinking = true
      reason = verdict === false ? 'it is false' : verdict
      return false
    })
    const details = fc.check(property, { numRuns: runs, path: PATH, seed: SEED })
    if (details.failed) throw new Error(describe(id, details, reason))
    if (PATH !== '') return
    const missed = [...met]
      .filter(([, count]) => count < Math.ceil(runs / RARE))
      .map(([name, count]) => `${name} (${String(count)})`)
    if (missed.length > 0) throw new Error(`${id} was hardly tried: too few inputs with ${missed.join(', ')}`)
  })
}

/** What the core threw while the input was made: of such an input no law is asked. */
const thrownIn = (input: unknown): string | null => {
  if (typeof input !== 'object' || input === null) return null
  const thrown: unknown = Reflect.get(input, 'thrown')
  if (typeof thrown === 'string') return thrown
  return 'events' in input
    ? null
    : (Object.values(input)
        .map(thrownIn)
        .find((found) => found !== null) ?? null)
}

/** What the law says; that it threw is a reason too. */
const attempt = (holds: () => Verdict): Verdict => {
  try {
    return holds()
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : 'it threw'
  }
}
