/**
 * The mutation gate of the shell, on a project of a few lines, each of whose mutants has a verdict that is known beforehand. Then the gate
 * itself is broken, one line at a time, and what it says must not be the same.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../embedding/project.js'
import { nameFor, readConfiguration, sourcesIn, testsOf } from './shell/configuration.js'
import { readRecord } from './shell/record.js'

const PARTS = `export const isPositive = (n: number): boolean => n > 0
export const count = (to: number): number => {
  let n = 0
  while (n < to) n++
  return n
}
export const unseen = (): string => 'unseen'
`

const PROCESSES = `export const end = (isOver: boolean): void => {
  if (isOver) process.exit(3)
}
export const greeting = (): string => 'hello'
export const tell = (listener: () => void): void => void [0].forEach(listener)
`

const PROGRAM = `import { greeting } from './processes.js'

process.stdout.write(greeting())
`

/** What a test starts in a session of its own, and ends itself, unless it does not come to that. */
const ORPHAN = 'setInterval(() => {}, 1000)'

/** Starts it, says its number, and ends: it is nobody's child then. */
const STARTER = `
const orphan = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(ORPHAN)}], { detached: true, env: {}, stdio: 'ignore' })
orphan.unref()
console.log(orphan.pid)
`

const TESTS = (pids: string): string => `
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { count, isPositive } from '../../shell/parts.js'
import { end, tell } from '../../shell/processes.js'

describe('numbers', () => {
  it.each([[1, true], [-1, false]])('%i: %j', (n, is) => expect(isPositive(n)).toBe(is))
  it('counts', () => expect(count(3)).toBe(3))
})

it('goes on', () => end(false))

it('greets, in a process with an environment of its own', () => {
  const program = fileURLToPath(new URL('../../dist/shell/program.js', import.meta.url))
  expect(execFileSync(process.execPath, [program], { encoding: 'utf8', env: {} })).toBe('hello')
})

it('tells', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'orphan-'))
  const orphan = Number(execFileSync(process.execPath, ['-e', ${JSON.stringify(STARTER)}], { cwd, encoding: 'utf8' }))
  appendFileSync(${JSON.stringify(pids)}, String(orphan) + '\\n')
  await new Promise<void>((resolve) => tell(resolve))
  process.kill(orphan, 'SIGKILL')
})
`

interface Report {
  readonly mutants: ReadonlyArray<{ readonly _tag: string; readonly file: string; readonly how?: string; readonly line: number; readonly mutator: string; readonly replacement: string }>
  readonly score: number
}

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly verdicts: ReadonlyArray<string>
}

let world = ''
const at = (...names: ReadonlyArray<string>): string => path.join(world, ...names)

const RECORD = 'caught.json'

const OWN = ['spec/shell/parts.test.ts']

const configure = (wanted: number, more: { readonly [source: string]: ReadonlyArray<string> } = {}): void =>
  writeFileSync(
    at('project/gate.json'),
    JSON.stringify({ break: wanted, leftOut: {}, minutes: 60, mutants: 100, notRun: {}, record: RECORD, tests: { 'shell/parts.ts': OWN, 'shell/processes.ts': OWN, ...more } })
  )

const writeTests = (change: (text: string) => string = (text) => text): void => writeFileSync(at('project/spec/shell/parts.test.ts'), change(TESTS(at('pids'))))

const writeSources = (change: (text: string) => string = (text) => text): void => {
  writeFileSync(at('project/shell/parts.ts'), change(PARTS))
  writeFileSync(at('project/shell/processes.ts'), change(PROCESSES))
}

/** How many mutants are in the record. */
const recorded = (): number => [...readRecord(at('project', RECORD)).values()].reduce((sum, { size }) => sum + size, 0)

/** Runs a gate on the project: the one at hand, or a copy of it with something changed. */
const gate = (args: ReadonlyArray<string>, folder = path.join(ROOT, 'dist/spec/kit/gate/shell')): Ran => {
  const report = at('project/reports/mutation-shell.json')
  rmSync(report, { force: true })
  const { status, stderr, stdout } = spawnSync(process.execPath, [path.join(folder, 'main.js'), 'gate.json', '--places', '3', ...args], {
    cwd: at('project'),
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: at('tmp') }
  })
  const { mutants } = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : { mutants: [] }
  return {
    code: status,
    out: stdout + stderr,
    verdicts: mutants.map(({ _tag, file, how, line, mutator, replacement }) => `${path.basename(file, '.ts')} ${String(line)} ${mutator} ${replacement.replace(/\s+/g, ' ')}: ${how ?? _tag}`).sort()
  }
}

/** The processes that tests have started, and that are alive. */
const alive = (): ReadonlyArray<string> =>
  readFileSync(at('pids'), 'utf8')
    .trim()
    .split('\n')
    .filter((pid) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(ORPHAN))

beforeAll(() => {
  world = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-gates-')))
  for (const name of ['project/shell', 'project/spec/shell', 'tmp']) mkdirSync(at(name), { recursive: true })
  for (const name of ['', 'project']) symlinkSync(path.join(ROOT, 'node_modules'), at(name, 'node_modules'), 'dir')
  writeFileSync(at('project/package.json'), '{ "private": true, "type": "module" }')
  writeSources()
  writeFileSync(at('project/shell/program.ts'), PROGRAM)
  configure(0)
  writeTests()
})
afterAll(() => rmSync(world, { force: true, recursive: true }))

const VERDICTS = [
  'parts 1 ArrowFunction () => undefined: Failed',
  'parts 1 ConditionalExpression false: Failed',
  'parts 1 ConditionalExpression true: Failed',
  'parts 1 EqualityOperator n <= 0: Failed',
  // No test says what 0 is.
  'parts 1 EqualityOperator n >= 0: Survived',
  'parts 2 BlockStatement {}: Failed',
  'parts 4 ConditionalExpression false: Failed',
  'parts 4 EqualityOperator n <= to: Failed',
  'parts 4 EqualityOperator n >= to: Failed',
  'parts 4 Statement {}: Failed',
  // It never ends, and is stopped by the count of its rounds, long before its time is up.
  'parts 4 UpdateOperator n--: Failed',
  'parts 7 ArrowFunction () => undefined: Survived',
  'parts 7 StringLiteral "": NotReached',
  'processes 1 BlockStatement {}: Survived',
  'processes 2 ConditionalExpression false: Survived',
  'processes 2 ConditionalExpression true: Died',
  'processes 2 Statement {}: NotReached',
  // These run in a process that the test starts.
  'processes 4 ArrowFunction () => undefined: Failed',
  'processes 4 StringLiteral "": Failed',
  // Nobody is told, and what the test has started is left to the gate.
  'processes 5 ArrayDeclaration []: Hung',
  'processes 5 ArrowFunction () => undefined: Hung'
]

/** The verdicts on what these mutators make of a source, and how the gate is asked for them alone. */
const only = (source: string, mutator: string) => ({
  args: ['--seed', '1', '--source', `shell/${source}.ts`, '--mutator', mutator],
  verdicts: VERDICTS.filter((verdict) => verdict.startsWith(`${source} `) && verdict.includes(` ${mutator} `))
})

/** Where the tests do not look any more. */
const blind = (text: string): string => text.replace('expect(count(3)).toBe(3)', 'expect(count(3)).toBeTypeOf("number")')

const lostOf = (out: string): ReadonlyArray<string> => out.split('\n').flatMap((line) => /^LOST: it was caught before, by spec\/shell\/parts\.test\.ts#\S{6}: (\S+)/.exec(line)?.[1] ?? [])

describe('a project with known verdicts', { timeout: 600_000 }, () => {
  test('gives every mutant the verdict it deserves', () => {
    const { code, out, verdicts } = gate(['--seed', '1'])
    expect(verdicts, out).toEqual(VERDICTS)
    expect(out).toContain('score 71.4 %')
    expect(code).toBe(0)
    expect(recorded()).toBe(0)
    // Neither folders nor processes are left.
    expect(readdirSync(at('tmp'))).toEqual([])
    expect(alive()).toEqual([])
  })

  test('records what was caught', () => {
    const { code, out } = gate(['--record', '--seed', '1', '--mutator', 'ConditionalExpression'])
    expect(out).toContain('recorded: 4 mutants')
    expect(code).toBe(0)
    expect(recorded()).toBe(4)
  })

  test('tries what is recorded alone when it is asked to', () => {
    const { code, out, verdicts } = gate(['--recorded', '--seed', '1', '--source', 'shell/parts.ts'])
    expect(verdicts, out).toEqual(only('parts', 'ConditionalExpression').verdicts)
    expect(out).toContain('score 100.0 %, not judged')
    expect(code).toBe(0)
  })

  test('fails the gate by a recorded mutant that survives, wherever it stands by now', () => {
    writeTests(blind)
    writeSources((text) => `/** More\n * lines. */\n${text}`)
    try {
      const { code, out } = gate(only('parts', 'ConditionalExpression').args)
      expect(lostOf(out), out).toEqual(['shell/parts.ts:6'])
      expect(code).toBe(1)
      // What is not recorded is left as it is.
      expect(recorded()).toBe(4)
    } finally {
      writeTests()
      writeSources()
    }
  })

  test('knows a recorded mutant again that has moved into another source', () => {
    const line = "export const unseen = (): string => 'unseen'\n"
    const moved = PARTS.replace(line, '')
    writeTests((text) => blind(text).replaceAll('shell/parts.js', 'shell/pieces.js'))
    writeFileSync(at('project/shell/pieces.ts'), moved)
    writeSources((text) => (text === PARTS ? line : text))
    configure(0, { 'shell/pieces.ts': OWN })
    try {
      const { code, out } = gate(only('pieces', 'ConditionalExpression').args)
      expect(lostOf(out), out).toEqual(['shell/pieces.ts:4'])
      expect(code).toBe(1)
    } finally {
      rmSync(at('project/shell/pieces.ts'))
      configure(0)
      writeTests()
      writeSources()
    }
  })

  test('passes the gate without a recorded mutant that no longer exists', () => {
    writeSources((text) => text.replace('process.exit(3)', 'process.exit(4)'))
    try {
      const { code, out } = gate(['--record', ...only('processes', 'BlockStatement').args])
      expect(lostOf(out), out).toEqual([])
      expect(code).toBe(0)
      expect(recorded()).toBe(3)
    } finally {
      writeSources()
    }
  })

  test('does not take a recorded mutant for lost when it survives four times by chance', () => {
    // Only every fifth process sees what is wrong.
    writeTests((text) =>
      text
        .replace("describe('numbers'", `appendFileSync(${JSON.stringify(at('times'))}, '.')\nconst sees = readFileSync(${JSON.stringify(at('times'))}).length % 5 === 0\n\ndescribe('numbers'`)
        .replace('import { appendFileSync,', 'import { appendFileSync, readFileSync,')
        .replace('expect(isPositive(n)).toBe(is)', 'expect(isPositive(n) === is || !sees).toBe(true)')
    )
    try {
      const { args, verdicts } = only('parts', 'ConditionalExpression')
      const { code, out, verdicts: given } = gate([...args, '--places', '1'])
      expect(given, out).toEqual(verdicts)
      expect(code).toBe(0)
    } finally {
      writeTests()
    }
  })

  test('only lowers the score by a surviving mutant that was never caught; the gate fails below the required score', () => {
    rmSync(at('project', RECORD))
    writeTests(blind)
    configure(30)
    try {
      const { args } = only('parts', 'ConditionalExpression')
      const { code, out } = gate(args)
      expect(lostOf(out), out).toEqual([])
      expect(out).toMatch(/\nscore \d\d\.\d %, at least 30 % are wanted/)
      expect(code).toBe(0)
      configure(90)
      expect(gate(args).code).toBe(1)
    } finally {
      configure(0)
      writeTests()
    }
  })

  test('draws mutants by a seed, which is printed', () => {
    const among = ['--source', 'shell/parts.ts', '--mutator', 'ConditionalExpression', '--mutator', 'EqualityOperator']
    const drawn = (seed: string): ReadonlyArray<string> => gate([...among, '--mutants', '2', '--seed', seed]).verdicts
    const first = drawn('7')
    expect(first).toHaveLength(2)
    expect(drawn('7')).toEqual(first)
    expect(drawn('8')).not.toEqual(first)
  })

  test('tries no more when the time is up, and does not judge the score', () => {
    configure(100)
    try {
      const { code, out, verdicts } = gate(['--minutes', '0'])
      // Where none is asked for, there is one all the same.
      expect(out).toMatch(/^seed \d+: 21 of 21 mutants\n/)
      expect(out).toContain('The time was up: 21 mutants were not tried.\nscore 0.0 %, not judged')
      expect([code, verdicts]).toEqual([0, []])
    } finally {
      configure(0)
    }
  })

  test('breaks off what is under way when the time is up', () => {
    // That one would be given four seconds, and what its tests took many times over.
    const { code, out, verdicts } = gate([...only('processes', 'ArrayDeclaration').args, '--minutes', '0.07'])
    expect(out).toContain('The time was up: 1 mutants were not tried.')
    expect([code, verdicts]).toEqual([0, []])
    expect(readdirSync(at('tmp'))).toEqual([])
    expect(alive()).toEqual([])
  })

  test('fails the gate by tests that fail without a mutant', () => {
    writeTests((text) => text.replace(".toBe('hello')", ".toBe('hallo')"))
    try {
      const { code, out } = gate(['--mutants', '1'])
      expect(out).toContain('fails without a mutant: spec/shell/parts.test.ts > greets, in a process with an environment of its own')
      expect(code).toBe(1)
      expect(readdirSync(at('tmp'))).toEqual([])
    } finally {
      writeTests()
    }
  })
})

describe('a mistake in the gate itself is noticed', { timeout: 600_000 }, () => {
  /** Each with a mutator, and a source, on whose mutants it shows. */
  const mistakes: ReadonlyArray<readonly [file: string, from: string, to: string, source: string, mutator: string]> = [
    ['switch.js', 'context.activeMutant = active', '', 'parts', 'ConditionalExpression'],
    ['switch.js', "readFileSync(place('switch.json'), 'utf8')", 'process.env.MUTATION_SWITCH', 'parts', 'ConditionalExpression'],
    ['worker.js', "test.result?.state === 'fail'", 'false', 'parts', 'ConditionalExpression'],
    ['worker.js', 'wanted.has(', '!wanted.has(', 'parts', 'ConditionalExpression'],
    ['trial.js', 'isMet: existsSync(', 'isMet: !existsSync(', 'parts', 'ConditionalExpression'],
    ['trial.js', "_tag: 'Hung'", "_tag: 'Passed'", 'processes', 'ArrayDeclaration'],
    ['trial.js', "end({ _tag: 'Died', test: current, why: String(", "end({ _tag: 'Passed', test: current, why: String(", 'processes', 'ConditionalExpression'],
    ['processes.js', 'worksIn(one.pid, folder)', 'false', 'processes', 'ArrayDeclaration'],
    ['instrument.js', 'allMutators.push(statementMutator)', '0', 'parts', 'Statement']
  ]
  test.each(mistakes)('%s: %s', (file, from, to, source, mutator) => {
    const copy = at('gate')
    rmSync(copy, { force: true, recursive: true })
    cpSync(path.join(ROOT, 'dist/spec/kit/gate/shell'), copy, { recursive: true })
    const text = readFileSync(path.join(copy, file), 'utf8')
    expect(text.split(from)).toHaveLength(2)
    writeFileSync(path.join(copy, file), text.replace(from, to))
    const asked = only(source, mutator)
    const { code, out, verdicts } = gate(asked.args, copy)
    const left = alive()
    for (const pid of left) process.kill(Number(pid), 'SIGKILL')
    expect({ code, left, verdicts }, out).not.toEqual({ code: 0, left: [], verdicts: asked.verdicts })
  })
})

describe('the sources', () => {
  const configuration = readConfiguration(path.join(ROOT, 'spec/kit/gate/shell.conf.json'))
  const { leftOut, notRun, tests } = configuration

  test('are each mutated, or left out for a reason; every line is about some', () => {
    const sources = sourcesIn(ROOT, 'shell')
    const names = [...Object.keys(tests), ...Object.keys(leftOut)]
    expect(sources.filter((source) => nameFor(source, names) === null)).toEqual([])
    const used = new Set(sources.map((source) => nameFor(source, names)))
    // A line for a whole folder is for what comes into it, too.
    expect(names.filter((name) => !used.has(name) && !(name.endsWith('/') && sources.some((source) => source.startsWith(name))))).toEqual([])
    expect(Object.keys(tests).filter((name) => name in leftOut)).toEqual([])
    for (const reason of Object.values(leftOut)) expect(reason).toMatch(/\w \w/)
  })

  test('are mutated as the longest name says that fits', () => {
    const of = testsOf(ROOT, { ...configuration, leftOut: { 'shell/store/': 'not these' }, tests: { 'shell/': ['a'], 'shell/store/disk.ts': ['b'] } })
    expect([of['shell/main.ts'], of['shell/store/index.ts'], of['shell/store/disk.ts']]).toEqual([['a'], undefined, ['b']])
  })

  test('are each tried with tests, which exist', () => {
    const files = sourcesIn(ROOT, 'spec/shell')
    expect(Object.entries(tests).filter(([, own]) => own.length === 0 || own.some((file) => !files.includes(file)))).toEqual([])
    for (const test of Object.keys(notRun)) {
      const [file = '', name = ''] = test.split(' > ')
      expect(readFileSync(path.join(ROOT, file), 'utf8')).toContain(`'${name}'`)
    }
  })
})
