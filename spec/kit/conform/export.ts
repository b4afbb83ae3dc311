/** Results for other people's CI: JSON, and JUnit XML. */
import type { Breakdown } from './client.js'
import { breakdownLines, outcomeLines } from './report.js'
import { type Outcome, type Played, type Run, type Search, type Totals, totalsOf } from './result.js'

// ---------------------------------------------------------------------------------------- JSON

/** One trace or vector in the JSON. In the differences of an outcome, what is not there is left out. */
interface JsonResult {
  readonly about: string
  readonly file: string
  readonly kind: 'trace' | 'vector'
  readonly line: number
  readonly name: string
  readonly outcome: Outcome
  readonly rules: ReadonlyArray<string>
  readonly subject: string | null
}

/** One random search: `found` is the smallest case that fails, `null` when there is none. */
interface JsonSearch {
  readonly count: number
  readonly skipped: number
  readonly found: JsonResult | null
  readonly outcome: Outcome
}

/** What `--json` writes. */
interface JsonReport {
  readonly breakdown: Breakdown | null
  readonly command: ReadonlyArray<string>
  readonly port: string | null
  readonly random: { readonly inputs: JsonSearch; readonly seed: number; readonly steps: JsonSearch } | null
  readonly results: ReadonlyArray<JsonResult>
  readonly seconds: number
  readonly totals: Totals
}

const jsonResult = ({ one, outcome }: Played): JsonResult => ({
  about: one.about,
  file: one.file,
  kind: one._tag,
  line: one.line,
  name: one.name,
  outcome,
  rules: one.rules,
  subject: one._tag === 'vector' ? one.subject : null
})

const jsonSearch = ({ count, found, outcome, skipped }: Search): JsonSearch => ({
  count,
  skipped,
  found: found === null ? null : jsonResult({ one: found, outcome }),
  outcome
})

export const jsonOf = ({ breakdown, command, name, played, random, seconds }: Run): string => {
  const report: JsonReport = {
    breakdown,
    command,
    port: name,
    random: random === null ? null : { inputs: jsonSearch(random.inputs), seed: random.seed, steps: jsonSearch(random.steps) },
    results: played.map(jsonResult),
    seconds,
    totals: totalsOf(played.map(({ outcome }) => outcome))
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

// ---------------------------------------------------------------------------------------- JUnit

const ENTITIES: { readonly [c: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** What XML 1.0 cannot hold at all, not even escaped. */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

export const escapeXml = (text: string): string => text.replace(NO_XML, '\ufffd').replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c)

const attributes = (values: { readonly [name: string]: string | number }): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replace(/[\t\n\r]/g, ' ')}"`)
    .join('')

/** One test: `lines` says what is wrong with it. */
interface Test {
  readonly lines: ReadonlyArray<string>
  readonly name: string
  readonly outcome: Outcome['_tag']
}

const inside = ({ lines, outcome }: Test): string => {
  const message = attributes({ message: lines[0] ?? outcome })
  const text = escapeXml(lines.join('\n'))
  switch (outcome) {
    case 'passed':
      return ''
    case 'failed':
      return `<failure${message}>${text}</failure>`
    case 'errored':
    case 'broken':
      return `<error${message}>${text}</error>`
    case 'skipped':
      return `<skipped${message}/>`
    case 'unreached':
      return `<skipped${attributes({ message: 'not reached' })}/>`
  }
}

const suite = (name: string, tests: ReadonlyArray<Test>): string => {
  const count = (...outcomes: ReadonlyArray<Outcome['_tag']>): number => tests.filter(({ outcome }) => outcomes.includes(outcome)).length
  const counts = {
    name,
    tests: tests.length,
    failures: count('failed'),
    errors: count('errored', 'broken'),
    skipped: count('skipped', 'unreached')
  }
  const cases = tests.map((test) => `    <testcase${attributes({ classname: name, name: test.name })}>${inside(test)}</testcase>`)
  return [`  <testsuite${attributes(counts)}>`, ...cases, '  </testsuite>'].join('\n')
}

const testOf = (played: Played): Test => {
  const rules = played.one.rules.length === 0 ? '' : ` [${played.one.rules.join(', ')}]`
  return { lines: outcomeLines(played), name: `${played.one.name}${rules}`, outcome: played.outcome._tag }
}

const searchTest = (name: string, { found, outcome }: Search): Test => ({
  lines: found === null ? (outcome._tag === 'broken' ? breakdownLines(outcome.breakdown) : []) : outcomeLines({ one: found, outcome }),
  name,
  outcome: outcome._tag
})

/** A suite for each file, a test for each trace and vector; random searches and the process are a test each. */
export const junitOf = ({ breakdown, name, played, random, seconds }: Run): string => {
  const files = [...new Set(played.map(({ one }) => one.file))]
  const process: Test = {
    lines: breakdown === null ? [] : breakdownLines(breakdown),
    name: 'starts, answers and ends',
    outcome: breakdown === null ? 'passed' : 'broken'
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: `tack conform: ${name ?? 'not started'}`, time: seconds.toFixed(3) })}>`,
    suite('port', [process]),
    ...files.map((file) => suite(file, played.filter(({ one }) => one.file === file).map(testOf))),
    ...(random === null ? [] : [suite('random', [searchTest('steps', random.steps), searchTest('inputs', random.inputs)])]),
    '</testsuites>',
    ''
  ].join('\n')
}
