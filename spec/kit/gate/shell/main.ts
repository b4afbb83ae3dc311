/**
 * The mutation gate of the shell.
 *
 *     node dist/spec/kit/gate/shell/main.js spec/kit/gate/shell.conf.json [--seed N] [--mutants N|all] [--source PATH]… [--mutator NAME]… [--minutes N]
 *         [--places N] [--record] [--recorded]
 *
 * It draws mutants by a seed, and tries each with the tests of its source that come by it. It ends with 1 when one survives that has been
 * caught before, when the score is too low, and when the tests fail without any mutant. `--record` adds to the record what was caught;
 * `--recorded` draws from the record alone.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readConfiguration, testsOf } from './configuration.js'
import type { Mutant } from './instrument.js'
import { createWorkspace, imageOf, type Workspace } from './workspace.js'
import { usedSeconds } from './processes.js'
import { caughtBy, fileOf, isMarked, mark, readRecord, writeRecord } from './record.js'
import { breakOff, type Ending, type Outcome, tryIn } from './trial.js'

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    mutants: { type: 'string' },
    mutator: { default: [], multiple: true, type: 'string' },
    places: { type: 'string' },
    record: { default: false, type: 'boolean' },
    recorded: { default: false, type: 'boolean' },
    seed: { type: 'string' },
    source: { default: [], multiple: true, type: 'string' }
  }
})
const [configurationPath] = positionals
if (configurationPath === undefined) throw new Error('which configuration?')

const root = process.cwd()
const say = (line: string): void => void process.stdout.write(`${line}\n`)

// ---------------------------------------------------------------------------------------- the draw

/** Numbers from 0 to below `below`, all of them decided by the seed (mulberry32). */
const randomOf = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z ^= z + Math.imul(z ^ (z >>> 7), 61 | z)
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const drawn = <A>(items: ReadonlyArray<A>, count: number, seed: number): ReadonlyArray<A> => {
  const random = randomOf(seed)
  const left = [...items]
  return Array.from({ length: Math.min(count, items.length) }, () => left.splice(random(left.length), 1)).flat()
}

// ---------------------------------------------------------------------------------------- what the tests do without a mutant

interface Run {
  /** How often the file came by each mutant at most, in one test; 0: in another process. */
  readonly hits: ReadonlyMap<string, number>
  /** How long the tests took, in milliseconds. */
  readonly ms: ReadonlyMap<string, number>
  /** Which tests came by which mutant; `null`: the loading of the file, or a hook of many tests. */
  readonly met: ReadonlyMap<string, ReadonlySet<string | null>>
  /** How long the loading of the file took, or what lay between tests. */
  readonly otherMs: number
}

const runOf = (ended: Outcome['ended']): Run => {
  const hits = new Map<string, number>()
  const met = new Map<string, Set<string | null>>()
  for (const one of ended)
    for (const [id, times] of one.met) {
      hits.set(id, Math.max(hits.get(id) ?? 0, times))
      met.set(id, (met.get(id) ?? new Set()).add(one.test))
    }
  return {
    hits,
    met,
    ms: new Map(ended.flatMap(({ ms, test }) => (test === null ? [] : [[test, ms]]))),
    otherMs: Math.max(...ended.map(({ ms, test }) => (test === null ? ms : 0)))
  }
}

const FREE = { active: null, hits: 0 } as const
/** For one that hangs alone: on a busy machine, not all that a test has waited for a processor is known. */
const FREE_LIMIT_MS = 600_000
/** A busy machine may fail tests that find nothing wrong. */
const MORE_TIMES = 2

const wordsOf = (file: string, ending: Ending): string => {
  if (ending._tag === 'Passed') return 'passed'
  const where = `${file}${ending.test === null ? '' : ` > ${ending.test}`}`
  return ending._tag === 'Hung' ? `${where}: it did not end in time` : `${where}: ${ending.why}`
}

/** What a file of tests does without a mutant; `null` when it fails. */
const free = async (place: Workspace, file: string, without: ReadonlyArray<string>): Promise<Run | null> => {
  const once = (): Promise<Outcome> => tryIn(place, { file, limitMs: () => FREE_LIMIT_MS, switch: FREE, tests: null, without })
  for (let time = 0; time <= MORE_TIMES; time++) {
    const { ended, ending } = await once()
    if (ending._tag === 'Passed') return runOf(ended)
    say(`fails without a mutant: ${wordsOf(file, ending)}`)
  }
  return null
}

// ---------------------------------------------------------------------------------------- trials

/** What became of a mutant: `by` is the test that caught it, as the record has it. */
type Verdict = { readonly _tag: 'Caught'; readonly by: string; readonly how: Exclude<Ending['_tag'], 'Passed'> } | { readonly _tag: 'Survived' } | { readonly _tag: 'NotReached' }

/** A test, the loading of a file, and what lies between tests may take so many times as long as without a mutant, and a moment more. */
const PATIENCE = 8
const MOMENT_MS = 4_000

/**
 * A mutant is tried with so many milliseconds of tests, on a machine that is free: one that survives the quickest of them is not worth the
 * time that a hundred others take. One that was caught before is tried with all.
 */
const ENOUGH_MS = 15_000

/**
 * What was caught before may survive once by the chance of a moment, and it is not lost by that: it is tried so many times with the test that
 * caught it, and then with all. What is taken into the record has been caught as many times.
 */
const TIMES = 3

/** One process may come by a mutant so many times as often as any test did without it, and some times more. */
const ROUNDS = 100
const MORE_ROUNDS = 100_000
/** Where that is not known, because another process came by it. */
const MANY_ROUNDS = 10_000_000

const createTrials = (
  tests: { readonly [source: string]: ReadonlyArray<string> },
  runs: ReadonlyMap<string, Run>,
  withoutOf: (file: string) => ReadonlyArray<string>
) => {
  const once = async (place: Workspace, mutant: Mutant, file: string, names: ReadonlyArray<string> | null): Promise<Verdict> => {
    const run = runs.get(file)
    if (run === undefined) return { _tag: 'NotReached' }
    const times = run.hits.get(mutant.id) ?? 0
    for (let time = 0; time < 2; time++) {
      const { ending, isMet } = await tryIn(place, {
        file,
        limitMs: (test) => PATIENCE * (test === null ? run.otherMs : (run.ms.get(test) ?? 0)) + MOMENT_MS,
        switch: { active: mutant.id, hits: times === 0 ? MANY_ROUNDS : ROUNDS * times + MORE_ROUNDS },
        tests: names,
        without: withoutOf(file)
      })
      if (ending._tag === 'Passed') return { _tag: 'Survived' }
      // A failure before the mutant was come by is none of its doing.
      if (isMet) return { _tag: 'Caught', by: mark(file, ending.test ?? ''), how: ending._tag }
    }
    return { _tag: 'Survived' }
  }

  /** The test that is marked so; where its file has gone, one of that name in another. */
  const find = (by: string): { readonly file: string; readonly names: ReadonlyArray<string> | null } | null => {
    for (const [file, run] of runs) {
      if (mark(file, '') === by) return { file, names: null }
      for (const name of run.ms.keys()) if (mark(file, name) === by) return { file, names: [name] }
    }
    for (const [file, run] of runs) for (const name of run.ms.keys()) if (isMarked(by, name)) return { file, names: [name] }
    return null
  }

  /** With the test that caught it before, and nothing else. */
  const again = async (place: Workspace, mutant: Mutant, by: string): Promise<Verdict> => {
    const found = find(by)
    return found === null ? { _tag: 'NotReached' } : once(place, mutant, found.file, found.names)
  }

  /** The quickest of the tests, as many as there is time for, and at least one. */
  const within = (run: Run, names: ReadonlyArray<string>, leftMs: number): ReadonlyArray<string> => {
    let ms = 0
    return [...names]
      .sort((a, b) => (run.ms.get(a) ?? 0) - (run.ms.get(b) ?? 0))
      .filter((name, i) => (ms += run.ms.get(name) ?? 0) <= leftMs || i === 0)
  }

  /** With the tests of its source that come by it, the quickest first; or with all of its source, however long they take. */
  const all = async (place: Workspace, mutant: Mutant, isThorough: boolean): Promise<Verdict> => {
    const files = (tests[mutant.file] ?? [])
      .flatMap((file) => {
        const run = runs.get(file)
        const met = run?.met.get(mutant.id)
        if (run === undefined || (met === undefined && !isThorough)) return []
        const names = met === undefined || met.has(null) || isThorough ? [...run.ms.keys()] : [...met].filter((name) => name !== null)
        return [{ file, ms: names.reduce((sum, name) => sum + (run.ms.get(name) ?? 0), run.otherMs), names, run }]
      })
      .sort((a, b) => a.ms - b.ms)
    let leftMs = isThorough ? Infinity : ENOUGH_MS
    for (const { file, names, run } of files) {
      const some = within(run, names, leftMs)
      leftMs -= some.reduce((sum, name) => sum + (run.ms.get(name) ?? 0), run.otherMs)
      const verdict = await once(place, mutant, file, some.length === run.ms.size ? null : some)
      if (verdict._tag === 'Caught') return verdict
      if (leftMs <= 0) break
    }
    return files.length === 0 ? { _tag: 'NotReached' } : { _tag: 'Survived' }
  }

  return { again, all }
}

// ---------------------------------------------------------------------------------------- the run

/** Does the work for all items, as many at a time as there are places. */
const each = async <A>(places: ReadonlyArray<Workspace>, items: ReadonlyArray<A>, work: (place: Workspace, item: A) => Promise<void>): Promise<void> => {
  const left = [...items]
  await Promise.all(
    places.map(async (place) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(place, item)
    })
  )
}

const SHOWN_CHARS = 100

const shown = (text: string): string => {
  const line = text.replace(/\s+/g, ' ')
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line
}

const placeOf = ({ file, line, mutator, original, replacement }: Mutant): string =>
  `${file}:${String(line)} ${mutator}\n    - ${shown(original)}\n    + ${shown(replacement)}`

/** A trial waits for half of its time, for sockets, processes and timers: with a place or two for each core, a third of a machine is idle. */
const PLACES_A_CORE = 2

const gate = async (folder: string): Promise<boolean> => {
  const begin = performance.now()
  const configuration = readConfiguration(path.join(root, configurationPath))
  const minutes = Number(options.minutes ?? configuration.minutes)
  const seed = Number(options.seed ?? Date.now() % 1_000_000)
  const record = readRecord(path.join(root, configuration.record))

  const tests = testsOf(root, configuration)
  const sources = Object.keys(tests)
  const image = await imageOf(root, sources)
  const wanted = options.mutants === 'all' ? Infinity : Number(options.mutants ?? configuration.mutants)
  const isWanted = (one: string, wantedOnes: ReadonlyArray<string>): boolean => wantedOnes.length === 0 || wantedOnes.includes(one)
  const recorded = caughtBy(record, image.mutants)
  const among = image.mutants.filter(
    (mutant) => isWanted(mutant.file, options.source) && isWanted(mutant.mutator, options.mutator) && (!options.recorded || recorded(mutant) !== undefined)
  )
  const mutants = drawn(among, wanted, seed)
  if (mutants.length === 0) throw new Error('There are no mutants.')
  say(`seed ${String(seed)}: ${String(mutants.length)} of ${String(among.length)} mutants`)

  const withoutOf = (file: string): ReadonlyArray<string> =>
    Object.keys(configuration.notRun).flatMap((test) => (test.startsWith(`${file} > `) ? [test.slice(file.length + 3)] : []))
  const places = Array.from({ length: Number(options.places ?? PLACES_A_CORE * availableParallelism() + 1) }, (_, n) => createWorkspace(image, path.join(folder, String(n))))
  const runs = new Map<string, Run>()
  const taken = new Map<string, Promise<void>>()
  /** Runs the file without a mutant, once, whoever asks for it: what it does then must be known before it can catch one. */
  const take = (place: Workspace, file: string): Promise<void> => {
    const begun =
      taken.get(file) ??
      free(place, file, withoutOf(file)).then((run) => {
        if (run === null) throw new Error('The tests fail without a mutant: they can catch none.')
        runs.set(file, run)
      })
    taken.set(file, begun)
    return begun
  }
  const known = new Set(Object.values(tests).flat())
  /** What is taken first: of what is recorded, the file that caught it. The others of the source are asked when that does not catch it. */
  const firstOf = (mutant: Mutant): ReadonlyArray<string> => {
    const file = fileOf(recorded(mutant) ?? '')
    return options.recorded && known.has(file) ? [file] : (tests[mutant.file] ?? [])
  }
  const files = new Set(mutants.flatMap(firstOf))
  // All that fail are told.
  await each(places, [...files], (place, file) => take(place, file).catch(() => undefined))
  await Promise.all(taken.values())
  const seconds = (): string => ((performance.now() - begin) / 1000).toFixed(0)
  say(`the tests pass without a mutant: ${String(files.size)} files, ${String([...runs.values()].reduce((sum, { ms }) => sum + ms.size, 0))} tests, ${seconds()} s, ${usedSeconds().toFixed(0)} s of processors`)

  const trials = createTrials(tests, runs, withoutOf)
  const verdicts = new Map<Mutant, Verdict>()
  const lost: Array<Mutant> = []
  /** Writes the record, and says how many are in it. What has gone from the sources goes from there. */
  const save = (): number => {
    const keys = new Map<string, Map<string, string>>(sources.map((source) => [source, new Map()]))
    for (const mutant of image.mutants) {
      const verdict = verdicts.get(mutant)
      // What only took long may have done so by the machine.
      const by = verdict?._tag === 'Caught' && verdict.how !== 'Hung' ? verdict.by : recorded(mutant)
      if (by !== undefined) keys.get(mutant.file)?.set(mutant.key, by)
    }
    writeRecord(path.join(root, configuration.record), keys)
    return [...keys.values()].reduce((sum, { size }) => sum + size, 0)
  }
  const isOver = (): boolean => performance.now() - begin > minutes * 60_000
  const tried = each(places, mutants, async (place, mutant) => {
    if (isOver()) return
    const by = recorded(mutant)
    let verdict: Verdict = { _tag: 'NotReached' }
    for (let time = 0; time < TIMES && by !== undefined && verdict._tag !== 'Caught'; time++) verdict = await trials.again(place, mutant, by)
    if (verdict._tag !== 'Caught') {
      for (const file of tests[mutant.file] ?? []) await take(place, file)
      verdict = await trials.all(place, mutant, false)
    }
    if (verdict._tag !== 'Caught' && by !== undefined) verdict = await trials.all(place, mutant, true)
    // What is recorded must be caught every time.
    for (let time = 1; time < TIMES && verdict._tag === 'Caught' && by === undefined && options.record; time++)
      if ((await trials.again(place, mutant, verdict.by))._tag !== 'Caught') {
        say(`caught once, and not again: ${placeOf(mutant)}`)
        verdict = { _tag: 'Survived' }
      }
    verdicts.set(mutant, verdict)
    if (verdict._tag !== 'Caught') {
      say(`${verdict._tag === 'Survived' ? 'survived' : 'not reached'}: ${placeOf(mutant)}`)
      if (by !== undefined) lost.push(mutant)
    }
    if (verdicts.size % 50 !== 0) return
    say(`${String(verdicts.size)} tried, ${seconds()} s, ${usedSeconds().toFixed(0)} s of processors`)
    if (options.record) save()
  })
  // What is under way when the time is up is broken off: it has no verdict.
  const over = new AbortController()
  const end = setTimeout(minutes * 60_000 - (performance.now() - begin), null, { signal: over.signal }).catch(() => undefined)
  await Promise.race([tried, end])
  over.abort()
  await breakOff()

  const count = (is: (verdict: Verdict) => boolean): number => [...verdicts.values()].filter(is).length
  const caught = count(({ _tag }) => _tag === 'Caught')
  const isCut = verdicts.size < mutants.length
  // The score of a few says little, and what is drawn from the record has been caught before.
  const isJudged = !options.recorded && verdicts.size >= Math.min(configuration.mutants, among.length)
  const score = (100 * caught) / Math.max(verdicts.size, 1)
  const ways = (['Failed', 'Hung', 'Died'] as const).map((how) => String(count((verdict) => verdict._tag === 'Caught' && verdict.how === how)))
  say(
    `${String(verdicts.size)} mutants, seed ${String(seed)}, ${seconds()} s, ${usedSeconds().toFixed(0)} s of processors: ${String(caught)} caught (${ways[0] ?? ''} by a test that failed, ${ways[1] ?? ''} by one that hung, ` +
      `${ways[2] ?? ''} by the end of its process), ${String(count(({ _tag }) => _tag === 'Survived'))} survived, ${String(count(({ _tag }) => _tag === 'NotReached'))} not reached`
  )
  for (const mutant of lost) say(`LOST: it was caught before, by ${recorded(mutant) ?? ''}: ${placeOf(mutant)}`)
  if (isCut) say(`The time was up: ${String(mutants.length - verdicts.size)} mutants were not tried.`)
  say(`score ${score.toFixed(1)} %, ${isJudged ? `at least ${String(configuration.break)} % are wanted` : 'not judged'}`)

  mkdirSync(path.join(root, 'reports'), { recursive: true })
  writeFileSync(
    path.join(root, 'reports/mutation-shell.json'),
    JSON.stringify(
      {
        ms: Object.fromEntries([...runs].map(([file, { ms, otherMs }]) => [file, Math.round([...ms.values()].reduce((sum, one) => sum + one, otherMs))])),
        mutants: [...verdicts].map(([mutant, verdict]) => ({ ...mutant, ...verdict })),
        score,
        seed
      },
      null,
      1
    )
  )
  if (options.record) say(`recorded: ${String(save())} mutants`)
  return lost.length === 0 && (!isJudged || score >= configuration.break)
}

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-gate-')))
const remove = (): void => rmSync(folder, { force: true, maxRetries: 5, recursive: true })
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const)
  process.on(signal, () => void breakOff().then(() => (remove(), process.exit(code))))
try {
  process.exitCode = (await gate(folder)) ? 0 : 1
} catch (error) {
  process.exitCode = 1
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  await breakOff()
} finally {
  remove()
}
