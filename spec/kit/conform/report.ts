/** What people read. Pure: text from results. */
import { canonical, type Json } from '../../../core/index.js'
import type { Breakdown } from './client.js'
import type { Difference } from './difference.js'
import type { Case } from './load.js'
import { type Failure, type Outcome, type Played, type Run, type Search, type Totals, totalsOf } from './result.js'

const WIDTH = 400

/** What would move about on a terminal, or not be seen. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Foreign text, made fit for a terminal. */
export const visible = (text: string): string =>
  text.replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const cut = (text: string): string => (text.length <= WIDTH ? text : `${text.slice(0, WIDTH)}… (${String(text.length)} characters)`)

const shown = (value: unknown): string => (value === undefined ? 'nothing' : visible(cut(canonical(value as Json))))

const plural = (n: number, word: string): string => `${String(n)} ${word}${n === 1 ? '' : 's'}`

// ---------------------------------------------------------------------------------------- one failure

const SHOWN_DIFFERENCES = 12

const differenceLine = ({ actual, expected, path }: Difference): string =>
  `${visible(path)}: expected ${shown(expected)}, got ${shown(actual)}`

const listed = (values: unknown): ReadonlyArray<string> =>
  Array.isArray(values) ? (values.length === 0 ? ['none'] : values.map(shown)) : [shown(values)]

const effectLines = (effects: Failure['effects']): ReadonlyArray<string> =>
  effects === null
    ? []
    : [
        ...listed(effects.expected).map((line, i) => `${i === 0 ? 'expected' : '        '}  ${line}`),
        ...listed(effects.actual).map((line, i) => `${i === 0 ? 'got' : '   '}       ${line}`)
      ]

const placeOf = (one: Case, step: number | null): string => {
  if (one._tag === 'vector') return 'input'
  const count = plural(one.trace.steps.length, 'step')
  return step === null ? `at the end, after ${count}` : step === 0 ? 'at the init' : `at step ${String(step)} of ${count}`
}

const givenLine = (one: Case, step: number | null, given: unknown): string =>
  given === null && one._tag === 'trace' ? placeOf(one, step) : `${placeOf(one, step)}: ${shown(given)}`

const failureLines = (one: Case, failure: Failure): ReadonlyArray<string> => {
  const { differences, effects, given, hashes, remarks, step } = failure
  // Of an output that is a single value, the values are all there is to say.
  const told = differences.filter(({ path }) => path !== 'output')
  return [
    givenLine(one, step, given),
    ...effectLines(effects),
    ...(hashes === null ? [] : [`hash of the state: expected ${hashes.expected}, got ${hashes.actual}`]),
    ...told.slice(0, SHOWN_DIFFERENCES).map(differenceLine),
    ...(told.length > SHOWN_DIFFERENCES ? [`and ${plural(told.length - SHOWN_DIFFERENCES, 'more difference')}`] : []),
    ...remarks.map(visible)
  ]
}

export const breakdownLines = ({ asked, line, stderr, what }: Breakdown): ReadonlyArray<string> => [
  visible(what),
  ...(line === null ? [] : [`line ${String(line.number)} of its output: ${visible(line.text)}`]),
  ...(asked === null ? [] : [`asked: ${visible(asked.where)}`, `  ${visible(asked.request)}`, `expected: ${asked.expected}`]),
  ...(stderr.trim() === '' ? [] : ['its standard error ends with', ...stderr.trim().split('\n').slice(-20).map((text) => `  ${visible(text)}`)])
]

/** What is to be said about an outcome; nothing about what is right. */
export const outcomeLines = ({ one, outcome }: Played): ReadonlyArray<string> => {
  switch (outcome._tag) {
    case 'failed':
      return failureLines(one, outcome.failure)
    case 'errored':
      return [givenLine(one, outcome.step, outcome.given), `the port answered errored: ${visible(outcome.message)}`]
    case 'broken':
      return breakdownLines(outcome.breakdown)
    case 'skipped':
      return [visible(outcome.reason)]
    case 'passed':
    case 'unreached':
      return []
  }
}

/** One failure, under its name. */
const section = (played: Played): ReadonlyArray<string> => {
  const { one } = played
  const rules = one.rules.length === 0 ? '' : ` [${one.rules.join(', ')}]`
  const subject = one._tag === 'vector' ? `${one.subject}: ` : ''
  const about = one._tag === 'trace' ? [one.about] : []
  return [
    '',
    `✗ ${visible(`${subject}${one.name}`)}${rules}  ${one.file}:${String(one.line)}`,
    ...[...about.map(visible), ...outcomeLines(played)].map((line) => `    ${line}`)
  ]
}

// ---------------------------------------------------------------------------------------- all of them

const WORDS: { readonly [tag in Outcome['_tag']]: string } = {
  passed: 'passed',
  failed: 'failed',
  errored: 'errored',
  skipped: 'skipped',
  broken: 'broke the port',
  unreached: 'not reached'
}

const totalsText = (totals: Totals): string => {
  const parts = (Object.keys(WORDS) as ReadonlyArray<Outcome['_tag']>).filter((tag) => tag === 'passed' || totals[tag] > 0)
  return parts.map((tag) => `${String(totals[tag])} ${WORDS[tag]}`).join(', ')
}

/** One line a file. */
const fileLines = (played: ReadonlyArray<Played>): ReadonlyArray<string> => {
  const files = [...new Set(played.map(({ one }) => one.file))]
  const width = Math.max(0, ...files.map((file) => file.length))
  return files.map((file) => {
    const outcomes = played.flatMap(({ one, outcome }) => (one.file === file ? [outcome] : []))
    return `  ${file.padEnd(width)}  ${totalsText(totalsOf(outcomes))}`
  })
}

/** Why things were skipped, each reason once. */
const skippedLines = (played: ReadonlyArray<Played>): ReadonlyArray<string> => {
  const reasons = played.flatMap(({ outcome }) => (outcome._tag === 'skipped' ? [outcome.reason] : []))
  return [...new Set(reasons)].map((reason) => `skipped, ${plural(reasons.filter((other) => other === reason).length, 'time')}: ${visible(reason)}`)
}

const isBad = ({ outcome: { _tag } }: Played): boolean => _tag === 'failed' || _tag === 'errored' || _tag === 'broken'

/** The failures, the first `limit` of them in full. */
const failureSections = (played: ReadonlyArray<Played>, limit: number): ReadonlyArray<string> => {
  const bad = played.filter(isBad)
  // What broke the port explains what was not reached, so it is never among those that are left out.
  const told = bad.filter(({ outcome }, i) => i < limit || outcome._tag === 'broken')
  const rest = bad.length - told.length
  return [...told.flatMap(section), ...(rest === 0 ? [] : ['', `… and ${String(rest)} more that failed: --all shows them, --only chooses`])]
}

// ---------------------------------------------------------------------------------------- random

const searchLines = (what: string, unit: string, { count, found, outcome, size, skipped }: Search): ReadonlyArray<string> => {
  if (found === null) {
    switch (outcome._tag) {
      case 'skipped':
        return [`  ${what}: skipped: ${visible(outcome.reason)}`]
      case 'broken':
        return [`  ${what}: after ${String(count)}`, ...breakdownLines(outcome.breakdown).map((line) => `    ${line}`)]
      default:
        return [`  ${what}: ${String(count)}, all as the reference has them${skipped === 0 ? '' : `; ${String(skipped)} were skipped`}`]
    }
  }
  const smaller = found._tag === 'trace' ? `, and has ${String(found.trace.steps.length)} now` : ''
  return [
    `  ${what}: among ${String(count)}, a failure; it had ${plural(size, unit)}${smaller}: see ${found.file}`,
    ...section({ one: found, outcome })
  ]
}

const randomLines = (random: NonNullable<Run['random']>): ReadonlyArray<string> => [
  '',
  `random, seed ${String(random.seed)}`,
  ...searchLines('steps', 'step', random.steps),
  ...searchLines('inputs', 'character', random.inputs)
]

// ---------------------------------------------------------------------------------------- everything

/** All that is printed; of the failures, the first `limit` in full. */
export const reportLines = ({ breakdown, command, name, played, random, seconds }: Run, limit: number): ReadonlyArray<string> => {
  const totals = totalsOf(played.map(({ outcome }) => outcome))
  return [
    visible(`${name ?? 'a port that did not start'}: ${command.join(' ')}`),
    ...fileLines(played),
    ...failureSections(played, limit),
    ...(random === null ? [] : randomLines(random)),
    '',
    ...skippedLines(played),
    ...(breakdown === null || totals.broken > 0 ? [] : breakdownLines(breakdown)),
    ...(played.length > 0 && totals.passed === 0 ? ['nothing was found to be right'] : []),
    `${played.length === 0 ? '' : `${totalsText(totals)}, `}in ${seconds.toFixed(1)} s`
  ]
}
