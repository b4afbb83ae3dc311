/** Measuring: time, heap, blocks of the event loop, and medians, because other programs run beside this one. */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'

/** The middle of `values`; of an even number of them, the upper of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN

/** The median of `a[i] / b[i]`: what was measured in one round stays together. */
export const ratio = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => median(a.map((value, i) => value / (b[i] ?? NaN)))

/** What `task` gives. A bench has no use for a failure but to end. */
export const succeed = async <A>(task: TE.TaskEither<{ readonly message: string }, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

/** Bytes of heap in use, garbage not counted. @throws when Node was started without `--expose-gc`. */
export const heapBytes = (): number => {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** Starts a stopwatch. What it returns says how long that was ago, and for how long processors have worked for this process. */
export const stopwatch = (): (() => { readonly cpuSeconds: number; readonly seconds: number }) => {
  const start = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { system, user } = process.cpuUsage(before)
    return { cpuSeconds: (system + user) / 1e6, seconds: (performance.now() - start) / 1000 }
  }
}

/** How often the event loop is looked at. A block is measured to within that. */
const RESOLUTION_MS = 1

const severalLooks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10 * RESOLUTION_MS))

/**
 * For how long a processor has worked for this thread, in milliseconds; 0 where the system does not say. Linux does, to within a tick of its clock,
 * which is 4 ms at most; of one thread, Node 20 does not.
 */
const workedMs = (): number => {
  try {
    return Number(readFileSync(`/proc/self/task/${String(process.pid)}/schedstat`, 'latin1').split(' ')[0]) / 1e6
  } catch {
    return 0
  }
}

export interface Watched<A> {
  /** For how long nothing else could happen, at most. */
  readonly blockMs: number
  readonly ms: number
  readonly result: A
  /** For how long the thread worked without a pause, at most. What a block takes beyond that, it waited for a processor that others had. */
  readonly workMs: number
}

/** Does `act`, and watches the event loop meanwhile. */
export const watch = async <A>(act: () => Promise<A>): Promise<Watched<A>> => {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  // What is recorded is the time between two looks, so there has to be one before, and one after.
  await severalLooks()
  let worked = workedMs()
  let workMs = 0
  const looking = setInterval(() => {
    const now = workedMs()
    workMs = Math.max(workMs, now - worked)
    worked = now
  }, RESOLUTION_MS)
  const start = performance.now()
  const result = await act()
  const ms = performance.now() - start
  await severalLooks()
  clearInterval(looking)
  delay.disable()
  return { blockMs: delay.max / 1e6, ms, result, workMs }
}
