/**
 * The test runner of the mutation gate, a plugin of Stryker's. It bundles the tests of the core, loads them once, and goes from mutant to
 * mutant in one process. Stryker's runner for Vitest loads all of it again for every mutant, the one for Mocha starts a process for every
 * static one: they take two to four times as long, for the same verdicts.
 */
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  type CompleteDryRunResult,
  determineHitLimitReached,
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
  toMutantRunResult
} from '@stryker-mutator/api/test-runner'
import { build } from 'esbuild'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Script } from 'node:vm'
import { listing, type Test } from './tests.js'

/** Whose tests are the tests of the core: examples and units, which draw nothing. */
const FOLDERS = ['spec/core', 'spec/suite/examples']

/** Up to so many mutants may be met while the tests load, whatever their share. */
const LOADED_MOST = 300

type Load = (require: (name: string) => unknown) => void

/** Where Stryker's instrumenter has a test noted that comes by mutants. Only the dry run asks for it, and it takes most of the time. */
const COVERED = /\bstryCov_\w+\((?:"\d+"(?:, )?)+\)/g

const loading = (source: string): Load => {
  const script = new Script(`(function (require) {${source}\n})`, { filename: 'tests-of-the-core.js' })
  return (require) => {
    const load = script.runInThisContext() as Load
    load(require)
  }
}

/** All test files of the sandbox as one script. Running it loads them, and the core, anew: for the dry run, and for mutants. */
const bundled = async (): Promise<{ readonly covering: Load; readonly mutating: Load }> => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `./${folder}/${name}`)
  )
  const { outputFiles } = await build({
    bundle: true,
    external: ['vitest'],
    format: 'cjs',
    // That the package's modules have no side effects is not true of test files, which are imported for them.
    ignoreAnnotations: true,
    platform: 'node',
    stdin: { contents: files.map((file) => `import ${JSON.stringify(file)}`).join('\n'), resolveDir: process.cwd() },
    write: false
  })
  const source = outputFiles.map(({ text }) => text).join('\n')
  return { covering: loading(source), mutating: loading(source.replace(COVERED, '0')) }
}

/** What the instrumented core and its runner tell each other. */
type Context = { [K in keyof InstrumenterContext]?: InstrumenterContext[K] | undefined }

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

class GateRunner implements TestRunner {
  readonly #context: Context
  #isFresh = false
  /** How many mutants each test has killed so far, by file. */
  readonly #killed = new Map<string, Map<string, number>>()
  #load: { readonly covering: Load; readonly mutating: Load } = { covering: () => undefined, mutating: () => undefined }
  readonly #require = createRequire(import.meta.url)
  /** How long each test took when it ran last, in milliseconds. */
  readonly #took = new Map<string, number>()
  #tests: ReadonlyArray<Test> = []

  constructor() {
    const global: Record<string, Context> = globalThis as never
    this.#context = global[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {}
  }

  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: true }
  }

  async init(): Promise<void> {
    this.#load = await bundled()
  }

  async dryRun({ disableBail }: DryRunOptions): Promise<DryRunResult> {
    this.#loadTests(this.#load.covering)
    const result = await this.#run(this.#tests, new Map(), disableBail)
    const { mutantCoverage } = this.#context
    if (mutantCoverage === undefined) return result
    const met = Object.keys(mutantCoverage.static).length
    const all = new Set([mutantCoverage.static, ...Object.values(mutantCoverage.perTest)].flatMap(Object.keys)).size
    // Each would be tried with all tests, which are loaded anew for it: the gate would take hours.
    return met > LOADED_MOST && 3 * met > all
      ? { errorMessage: `a test file runs the core while it loads: ${String(met)} of ${String(all)} mutants are met there`, status: DryRunStatus.Error }
      : { ...result, mutantCoverage }
  }

  async mutantRun({ activeMutant, disableBail, hitLimit, mutantActivation, reloadEnvironment, testFilter }: MutantRunOptions): Promise<MutantRunResult> {
    this.#context.hitLimit = hitLimit
    this.#context.hitCount = hitLimit === undefined ? undefined : 0
    if (reloadEnvironment || !this.#isFresh) {
      this.#context.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined
      this.#loadTests(this.#load.mutating)
      this.#isFresh = mutantActivation === 'runtime'
    }
    this.#context.activeMutant = activeMutant.id
    const wanted = testFilter === undefined ? null : new Set(testFilter)
    const killed = this.#killed.get(activeMutant.fileName) ?? new Map<string, number>()
    this.#killed.set(activeMutant.fileName, killed)
    const result = await this.#run(wanted === null ? this.#tests : this.#tests.filter(({ name }) => wanted.has(name)), killed, disableBail)
    for (const { name, status } of result.tests) if (status === TestStatus.Failed) killed.set(name, (killed.get(name) ?? 0) + 1)
    return toMutantRunResult(determineHitLimitReached(this.#context.hitCount, this.#context.hitLimit) ?? result)
  }

  /** A mutant that breaks the loading itself is killed by that: it becomes a test that fails. */
  #loadTests(load: Load): void {
    const { tests, vitest } = listing()
    try {
      load((name) => (name === 'vitest' ? vitest : this.#require(name)))
      this.#tests = tests
    } catch (error) {
      this.#tests = [
        {
          body: () => {
            throw error
          },
          name: 'the tests can be loaded'
        }
      ]
    }
  }

  /**
   * The tests that have killed others in the same file go first, and then what is quick: a static mutant would else be found, on average,
   * by half of all tests.
   */
  async #run(tests: ReadonlyArray<Test>, killed: ReadonlyMap<string, number>, disableBail: boolean): Promise<CompleteDryRunResult> {
    const took = ({ name }: Test): number => this.#took.get(name) ?? 0
    const kills = ({ name }: Test): number => killed.get(name) ?? 0
    const results: Array<TestResult> = []
    for (const test of [...tests].sort((a, b) => kills(b) - kills(a) || took(a) - took(b))) {
      const result = await this.#try(test)
      results.push(result)
      if (result.status === TestStatus.Failed && !disableBail) break
    }
    return { status: DryRunStatus.Complete, tests: results }
  }

  async #try({ body, name }: Test): Promise<TestResult> {
    const start = performance.now()
    const ended = (): { readonly id: string; readonly name: string; readonly timeSpentMs: number } => {
      const timeSpentMs = performance.now() - start
      this.#took.set(name, timeSpentMs)
      return { id: name, name, timeSpentMs }
    }
    this.#context.currentTestId = name
    try {
      await body()
      return { ...ended(), status: TestStatus.Success }
    } catch (error) {
      return { ...ended(), failureMessage: messageOf(error), status: TestStatus.Failed }
    } finally {
      this.#context.currentTestId = undefined
    }
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'gate', GateRunner)]
