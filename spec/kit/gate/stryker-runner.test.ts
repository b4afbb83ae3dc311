/** The mutation gate itself: Stryker goes through a core of a few lines, each of whose mutants has a verdict that is known beforehand. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../embedding/project.js'

const CORE = `export const WORD = 'word'
export const FIRST = [WORD][0].toUpperCase()
export const isPositive = (n: number): boolean => n > 0
export const count = (to: number): number => {
  let n = 0
  while (n < to) n++
  return n
}
export const unseen = (): string => 'unseen'
export const late = (n: number): boolean => n > 0
`

const EXAMPLES = `
import { expect, test } from 'vitest'
import { FIRST, WORD } from '../../../core/index.js'

test('words', () => expect([WORD, FIRST]).toEqual(['word', 'WORD']))
`

const UNITS = `
import { describe, expect, test } from 'vitest'
import { count, isPositive, late } from '../../core/index.js'

describe('numbers', () => {
  test.each([[1, true], [-1, false]])('%i: %j', (n, is) => expect(isPositive(n)).toBe(is))
  test('counted', () => expect(count(3)).toBe(3))
  test('in time', async () => {
    await Promise.resolve()
    expect(late(1)).toBe(true)
    expect(late(0)).toBe(false)
  })
})
`

const CONFIGURATION = {
  allowEmpty: false,
  coverageAnalysis: 'perTest',
  ignoreStatic: false,
  jsonReporter: { fileName: 'mutation.json' },
  logLevel: 'error',
  mutate: ['core/*.ts'],
  plugins: [path.join(ROOT, 'dist/spec/kit/gate/stryker-runner.js')],
  reporters: ['json'],
  testRunner: 'gate',
  timeoutMS: 60_000
}

interface Mutant {
  readonly location: { readonly start: { readonly line: number } }
  readonly replacement: string
  readonly static: boolean
  readonly status: string
}

/** What Stryker says of the mutants of `CORE`, a line each. */
const verdicts = (): ReadonlyArray<string> => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-gate-')))
  try {
    for (const name of ['core', 'spec/core', 'spec/suite/examples']) mkdirSync(path.join(folder, name), { recursive: true })
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'dir')
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "sideEffects": false, "type": "module" }')
    writeFileSync(path.join(folder, 'core/index.ts'), CORE)
    writeFileSync(path.join(folder, 'spec/core/units.test.ts'), UNITS)
    writeFileSync(path.join(folder, 'spec/suite/examples/examples.test.ts'), EXAMPLES)
    writeFileSync(path.join(folder, 'stryker.conf.json'), JSON.stringify(CONFIGURATION))
    execFileSync(path.join(ROOT, 'node_modules/.bin/stryker'), ['run', 'stryker.conf.json'], { cwd: folder, stdio: 'pipe' })
    const report = JSON.parse(readFileSync(path.join(folder, 'mutation.json'), 'utf8')) as {
      readonly files: { readonly [file: string]: { readonly mutants: ReadonlyArray<Mutant> } }
    }
    return (report.files['core/index.ts']?.mutants ?? [])
      .map(({ location, replacement, static: isStatic, status }) => `${String(location.start.line)} ${isStatic ? 'static' : 'runtime'} ${replacement}: ${status}`)
      .sort()
  } finally {
    rmSync(folder, { force: true, recursive: true })
  }
}

test('every mutant gets the verdict it deserves', () => {
  expect(verdicts()).toEqual([
    '1 static "": Killed',
    // These need a test that waits.
    '10 runtime false: Killed',
    '10 runtime n <= 0: Killed',
    '10 runtime n >= 0: Killed',
    '10 runtime true: Killed',
    '10 static () => undefined: Killed',
    '2 static [WORD][0].toLowerCase(): Killed',
    // It breaks the loading of the core.
    '2 static []: Killed',
    '3 runtime false: Killed',
    '3 runtime n <= 0: Killed',
    // No test says what 0 is.
    '3 runtime n >= 0: Survived',
    '3 runtime true: Killed',
    '3 static () => undefined: Killed',
    '4 runtime {}: Killed',
    '6 runtime false: Killed',
    '6 runtime n <= to: Killed',
    '6 runtime n >= to: Killed',
    // It never ends, and is stopped by the count of its rounds, long before its time is up.
    '6 runtime n--: Timeout',
    '9 runtime "": NoCoverage',
    '9 static () => undefined: Survived'
  ])
})
