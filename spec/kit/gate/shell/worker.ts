/**
 * Runs the tests of one file, in a process of its own, as Vitest runs them, but without Vite and its pool: Vitest's own collector,
 * hooks, `expect` and `vi`, on modules that have been compiled before. Half a second less for each of a thousand runs.
 *
 *     node worker.js '{"file":"…/spec/shell/store.test.js","root":"…","tests":null,"without":[]}'
 *
 * It says over the channel to its parent what it is at. Whether it lives, and how long it may take, is the parent's to watch.
 */
import type { Suite, Task, Test, VitestRunner } from '@vitest/runner'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** What to run. */
export interface Work {
  /** The compiled file. */
  readonly file: string
  /** Where the sources are. */
  readonly root: string
  /** The tests of it, by what they are called; `null` for all. */
  readonly tests: ReadonlyArray<string> | null
  /** Those that are never run. */
  readonly without: ReadonlyArray<string>
}

/** What came by which mutants how often: a test, or what lies between tests. 0: in another process. */
export type Met = ReadonlyArray<readonly [mutant: string, times: number]>

/** What the worker says. */
export type Said =
  /** It begins to load the file (`null`) or to run a test. */
  | { readonly begins: string | null }
  /** It has loaded the file, or run the test, or was between tests. */
  | { readonly ended: string | null; readonly met: Met; readonly ms: number }
  /** The test (`null`: the file, or a hook) failed, for this reason. */
  | { readonly failed: string | null; readonly why: string }
  | { readonly done: true }

const work = JSON.parse(process.argv[2] ?? '') as Work

const say = (said: Said): void => void process.send?.(said)

process.env['MUTATION_WORKER'] = String(process.pid)
// What `vi` and `expect` ask of the worker of Vitest that they take this process for.
Object.defineProperty(globalThis, '__vitest_worker__', {
  value: { config: { expect: {}, fakeTimers: { toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date', 'performance'] } }, metaEnv: process.env }
})

const MET = path.join(work.root, 'met')

/** Which mutants have been come by since this was asked last. */
const met = (): Met => {
  const all = new Map((globalThis as { __stryker__?: { counted?: () => ReadonlyMap<string, number> } }).__stryker__?.counted?.() ?? [])
  try {
    for (const id of readFileSync(MET, 'utf8').split('\n')) if (id !== '' && !all.has(id)) all.set(id, 0)
    rmSync(MET)
  } catch {
    // No other process has come by one.
  }
  return [...all]
}

const nameOf = (test: Task): string => (test.suite === undefined ? test.name : `${nameOf(test.suite)} > ${test.name}`)

/** The same name for two tests of a file is no name: the second is another one. */
const namesOf = (tests: ReadonlyArray<Test>): ReadonlyMap<Test, string> => {
  const times = new Map<string, number>()
  return new Map(
    tests.map((test) => {
      const name = nameOf(test)
      const before = times.get(name) ?? 0
      times.set(name, before + 1)
      return [test, before === 0 ? name : `${name} (${String(before + 1)})`]
    })
  )
}

const testsOf = (suite: Suite): ReadonlyArray<Test> => suite.tasks.flatMap((task) => (task.type === 'test' ? [task] : testsOf(task)))

const why = ({ result }: Task): string => result?.errors?.map(({ message, stack }) => stack ?? message).join('\n') ?? ''

let names: ReadonlyMap<Test, string> = new Map()
let current: string | null = null

/** The time, in milliseconds, but for that in which this process waited for a processor: how long a test takes does not tell how busy the machine is. */
const ownMs = (): number => {
  try {
    return performance.now() - Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1_000_000
  } catch {
    return performance.now()
  }
}

let since = ownMs()

const begins = (test: string | null): void => {
  current = test
  since = ownMs()
  say({ begins: test })
}

/** Only the first run of the tests is asked which mutants it comes by. */
const ended = (test: string | null): void => say({ ended: test, met: met(), ms: ownMs() - since })

const failed = (error: unknown): void => say({ failed: current, why: error instanceof Error ? (error.stack ?? error.message) : String(error) })

/** How long a test may take is the parent's to watch, which knows how busy the machine is. */
const NEVER_MS = 86_400_000

const runner: VitestRunner = {
  config: {
    allowOnly: false,
    chaiConfig: undefined,
    hookTimeout: NEVER_MS,
    includeTaskLocation: false,
    maxConcurrency: 5,
    name: undefined,
    passWithNoTests: false,
    retry: 0,
    root: work.root,
    sequence: { concurrent: false, hooks: 'stack', seed: 0, setupFiles: 'list', shuffle: false },
    setupFiles: [],
    strictTags: false,
    tags: [],
    tagsFilter: undefined,
    testNamePattern: undefined,
    testTimeout: NEVER_MS
  },
  importFile: (file) => import(pathToFileURL(file).href),
  onCollected: (files) => {
    names = namesOf(files.flatMap(testsOf))
    ended(null)
    const wanted = new Set((work.tests ?? [...names.values()]).filter((name) => !work.without.includes(name)))
    const choose = (suite: Suite): boolean => {
      const chosen = suite.tasks.map((task) => {
        const is = task.type === 'test' ? wanted.has(names.get(task) ?? '') : choose(task)
        if (!is) task.mode = 'skip'
        return is
      })
      return chosen.includes(true)
    }
    for (const file of files) if (!choose(file) && file.result?.state !== 'fail') file.mode = 'skip'
  },
  onBeforeRunTask: (test) => {
    if (test.mode !== 'run') return
    // What the hooks of a block have come by belongs to all its tests.
    ended(null)
    begins(names.get(test) ?? '')
  },
  onAfterRunTask: (test) => {
    if (test.mode !== 'run' || test.result?.state === 'skip') return
    if (test.result?.state === 'fail') failed(why(test))
    else ended(current)
    current = null
    since = ownMs()
  },
  onAfterRunSuite: (suite) => {
    if (suite.result?.errors !== undefined && suite.result.errors.length > 0) failed(why(suite))
  }
}

process.on('unhandledRejection', failed)
process.on('uncaughtException', failed)
process.on('disconnect', () => process.exit())

begins(null)
// After the state above: both look for it as they load.
const { startTests } = await import('@vitest/runner')
for (const file of await startTests([work.file], runner)) if (file.result?.state === 'fail' && (file.result.errors ?? []).length > 0) failed(why(file))
ended(null)
process.send?.({ done: true } satisfies Said, () => process.exit())
