/**
 * The switch of the mutants: every mutated module imports it first, from the place where this process runs. What is switched on is
 * said by a file of that place, not by the environment, so that processes which are started with an environment of their own,
 * as the runner of a build is, run the same mutant.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

/** What a place is to do: `null` as the mutant observes which mutants are come by. */
export interface Switch {
  /** The mutant that is on. */
  readonly active: string | null
  /** How often a process may come by it: what goes round for ever is stopped by that, long before its time is up. */
  readonly hits: number
}

const place = (name: string): URL => new URL(`./${name}`, import.meta.url)

const { active, hits } = JSON.parse(readFileSync(place('switch.json'), 'utf8')) as Switch

type Counts = Record<string, number>

/** What the instrumented modules, and the process that runs the tests, see of the switch. */
interface Context {
  activeMutant?: string
  /** For the process that runs the tests: how often each mutant was come by since this was asked last. */
  counted?: () => ReadonlyMap<string, number>
  hitCount?: number
  hitLimit?: number
  mutantCoverage?: unknown
}

const context: Context = ((globalThis as { __stryker__?: Context }).__stryker__ ??= {})

if (active === null) {
  const isWorker = process.env['MUTATION_WORKER'] === String(process.pid)
  // The processes that a test starts tell of themselves in a file, at once: many of them are killed.
  // Only what is not there yet is looked for in the prototype: from the second time on, counting costs nothing.
  const told: Counts = Object.create(
    new Proxy(
      {},
      {
        get: () => 0,
        set: (_, id, times, counts: Counts) => {
          appendFileSync(place('met'), `${String(id)}\n`)
          return Reflect.defineProperty(counts, id, { value: times, writable: true })
        }
      }
    )
  ) as Counts
  const coverage: { perTest: object; static: Counts } = { perTest: {}, static: isWorker ? {} : told }
  context.mutantCoverage = coverage
  if (isWorker)
    context.counted = () => {
      const last = coverage.static
      coverage.static = {}
      return new Map(Object.entries(last))
    }
} else {
  let count = 0
  context.activeMutant = active
  context.hitLimit = hits
  Object.defineProperty(context, 'hitCount', {
    get: () => count,
    set: (now: number) => {
      // That the mutant was there at all: a test that fails without it says nothing about it.
      if (count === 0) writeFileSync(place('reached'), '')
      count = now
    }
  })
}
