/** One trial: the tests of one file against what is switched on in a place, in a process that is watched, and ended with all that it has started. */
import { fork } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Workspace } from './workspace.js'
import { createWaiting, killAll } from './processes.js'
import type { Switch } from './switch.js'
import type { Met, Said, Work } from './worker.js'

/** How a trial ended: with `test`, while that ran; without, while the file was loaded, or between tests. */
export type Ending =
  | { readonly _tag: 'Passed' }
  | { readonly _tag: 'Failed'; readonly test: string | null; readonly why: string }
  /** It did not end in time. */
  | { readonly _tag: 'Hung'; readonly test: string | null }
  /** The process was gone before the tests were through. */
  | { readonly _tag: 'Died'; readonly test: string | null; readonly why: string }

export interface Outcome {
  readonly ending: Ending
  /** What has ended, in order: `null` is the loading of the file, and what lies between tests. */
  readonly ended: ReadonlyArray<{ readonly met: Met; readonly ms: number; readonly test: string | null }>
  /** Whether any process came by the mutant that was on. */
  readonly isMet: boolean
}

export interface Trial {
  /** The file with the tests, as the project calls it. */
  readonly file: string
  /** How long a test may take, and the loading of the file, and what lies between tests (`null`), in milliseconds on a machine that is free. */
  readonly limitMs: (test: string | null) => number
  readonly switch: Switch
  /** The tests to run; `null` for all. */
  readonly tests: ReadonlyArray<string> | null
  /** Those of them that are never run. */
  readonly without: ReadonlyArray<string>
}

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))

const LOOK_MS = 200

/** However much others have of the machine, a trial ends after so many times its time. */
const BUSY = 20

const TAIL_CHARS = 2_000

/** The trials under way. */
const running = new Map<number, string>()
let isBrokenOff = false
const hasBrokenOff = (): boolean => isBrokenOff

/** Ends all trials; none begins any more. */
export const breakOff = async (): Promise<void> => {
  isBrokenOff = true
  await Promise.all([...running].map(([pid, folder]) => killAll(pid, folder)))
}

export const tryIn = async (place: Workspace, { file, limitMs, switch: to, tests, without }: Trial): Promise<Outcome> => {
  const entry = await place.entry(file)
  if (hasBrokenOff()) return new Promise(() => undefined)
  place.prepare(to)
  const outputPath = path.join(place.folder, 'output')
  const output = openSync(outputPath, 'w')
  const work: Work = { file: entry, root: place.folder, tests, without }
  const child = fork(WORKER, [JSON.stringify(work)], {
    cwd: place.folder,
    // A group of its own, by which it is ended.
    detached: true,
    env: { ...process.env, TMPDIR: place.tmp },
    execArgv: [],
    stdio: ['ignore', output, output, 'ipc']
  })
  closeSync(output)
  const { pid } = child
  if (pid === undefined) throw new Error('no process could be started')
  running.set(pid, place.folder)
  const ended: Array<Outcome['ended'][number]> = []
  let current: string | null = null
  let since = performance.now()
  const waiting = createWaiting(pid)

  const ending = await new Promise<Ending>((resolve) => {
    const watch = setInterval(() => {
      const ms = performance.now() - since
      const limit = limitMs(current)
      // To look costs time, too.
      if (ms < limit / 2) return
      const waited = waiting.ms()
      if (ms - waited > limit || ms > BUSY * limit) end({ _tag: 'Hung', test: current })
    }, LOOK_MS)
    const end = (how: Ending): void => {
      clearInterval(watch)
      resolve(how)
    }
    const phase = (test: string | null): void => {
      current = test
      since = performance.now()
      waiting.again()
    }
    child.on('message', (said: Said) => {
      if ('begins' in said) phase(said.begins)
      else if ('ended' in said) {
        ended.push({ met: said.met, ms: said.ms, test: said.ended })
        phase(null)
      } else if ('failed' in said) end({ _tag: 'Failed', test: said.failed, why: said.why })
      else end({ _tag: 'Passed' })
    })
    // Not when it ends: what it has said may still be on its way then.
    child.once('close', (code, signal) => end({ _tag: 'Died', test: current, why: String(signal ?? code) }))
    child.on('error', (error) => end({ _tag: 'Died', test: current, why: error.message }))
  })
  await killAll(pid, place.folder)
  running.delete(pid)
  // It was ended from here, which says nothing of the tests.
  if (hasBrokenOff()) return new Promise(() => undefined)
  const told = (): string => readFileSync(outputPath, 'utf8').slice(-TAIL_CHARS)
  return {
    ended,
    ending: ending._tag === 'Died' ? { ...ending, why: `${ending.why} ${told()}` } : ending,
    isMet: existsSync(path.join(place.folder, 'reached'))
  }
}
