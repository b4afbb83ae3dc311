/** Job queues with limited concurrency. */

export interface Queue {
  /** Runs `job` when there is room. If it fails, the next one runs all the same. */
  readonly add: (job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones have ended. Idempotent. */
  readonly close: () => Promise<void>
}

/** The promise of a job, even if the job throws synchronously. */
const begun = async (job: () => Promise<void>): Promise<void> => job()

/** Creates a queue that runs at most `max` jobs at a time, in order of arrival. */
export const createQueue = (max: number): Queue => {
  const waiting: Array<() => Promise<void>> = []
  const running = new Set<Promise<void>>()
  let isClosed = false

  const next = (): void => {
    while (running.size < max) {
      const job = waiting.shift()
      if (job === undefined) return
      const over = (): void => {
        running.delete(run)
        next()
      }
      const run = begun(job).then(over, over)
      running.add(run)
    }
  }

  return {
    add: (job) => {
      if (isClosed) return
      waiting.push(job)
      next()
    },
    close: async () => {
      isClosed = true
      waiting.length = 0
      await Promise.all(running)
    }
  }
}

export interface KeyedQueue {
  /** Runs `job` when there is room, first among the jobs of its key, then among all. Its failure affects no other job. */
  readonly add: (key: string, job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones have ended. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * Creates a queue that runs at most `max` jobs at a time, and at most `maxPerKey` with the same key: a slow server delays only the jobs that need it.
 * Waits for `rest` after each job before the next one with the same key.
 */
export const createKeyedQueue = (max: number, maxPerKey: number, rest: () => Promise<void> = () => Promise.resolve()): KeyedQueue => {
  const all = createQueue(max)
  const byKey = new Map<string, { count: number; readonly queue: Queue }>()
  return {
    add: (key, job) => {
      const own = byKey.get(key) ?? { count: 0, queue: createQueue(maxPerKey) }
      byKey.set(key, own)
      own.count += 1
      own.queue.add(async () => {
        await new Promise<void>((done) => all.add(() => begun(job).finally(done)))
        await rest()
        own.count -= 1
        if (own.count === 0) byKey.delete(key)
      })
    },
    // Jobs that wait for their key would have to enter this queue next, and no longer can.
    close: all.close
  }
}

export interface FairQueue {
  /** Runs `job` on behalf of `account` when there is room, both for its key and in all. Its failure affects no other job. */
  readonly add: (key: string, account: string, job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones have ended. Idempotent. */
  readonly close: () => Promise<void>
}

/** A job that waits; `number` is its place in the order of arrival. */
interface WaitingJob {
  readonly job: () => Promise<void>
  readonly key: string
  readonly number: number
}

/**
 * Creates a queue that runs at most `max` jobs at a time, and at most `maxPerKey` with the same key. Accounts take turns (round robin): the first job
 * of one account waits for at most one job of each other account, however many those have queued, and for whatever keys. Jobs of one account run in
 * order, as far as their keys have room. With `rest`, waits for it after each job before the next one with the same key.
 */
export const createFairQueue = (max: number, maxPerKey: number, rest: (() => Promise<void>) | null = null): FairQueue => {
  /** By account, in the order of their next turns, then by key. Sets of jobs, because the first of many is taken from them at no cost. */
  const waiting = new Map<string, Map<string, Set<WaitingJob>>>()
  const running = new Set<Promise<void>>()
  /** How many jobs of each key run or rest. */
  const taken = new Map<string, number>()
  let count = 0
  let isClosed = false

  const isFull = (key: string): boolean => (taken.get(key) ?? 0) >= maxPerKey

  const firstOf = (jobs: ReadonlyMap<string, ReadonlySet<WaitingJob>>): WaitingJob | null => {
    let first: WaitingJob | null = null
    for (const [key, those] of jobs) {
      if (isFull(key)) continue
      for (const one of those) {
        if (first === null || one.number < first.number) first = one
        break
      }
    }
    return first
  }

  const run = ({ job, key }: WaitingJob): void => {
    taken.set(key, (taken.get(key) ?? 0) + 1)
    const released = (): void => {
      const left = (taken.get(key) ?? 0) - 1
      if (left > 0) taken.set(key, left)
      else taken.delete(key)
      next()
    }
    const over = (): void => {
      running.delete(promise)
      // Its key is free in this very turn, or whoever is first in line for it would be passed over.
      if (rest === null) return released()
      void rest().then(released, released)
      next()
    }
    const promise = begun(job).then(over, over)
    running.add(promise)
  }

  /** Takes the next job that may run. Its account moves to the end of the line. */
  const take = (): WaitingJob | null => {
    for (const [account, jobs] of waiting) {
      const found = firstOf(jobs)
      if (found === null) continue
      const those = jobs.get(found.key)
      those?.delete(found)
      if (those?.size === 0) jobs.delete(found.key)
      waiting.delete(account)
      if (jobs.size > 0) waiting.set(account, jobs)
      return found
    }
    return null
  }

  const next = (): void => {
    while (running.size < max) {
      const found = take()
      if (found === null) return
      run(found)
    }
  }

  return {
    add: (key, account, job) => {
      if (isClosed) return
      const one = { job, key, number: count++ }
      // With a place free, all that wait do so for their keys. So nobody is overtaken, and nothing is searched.
      if (running.size < max && !isFull(key)) return run(one)
      const jobs = waiting.get(account) ?? new Map<string, Set<WaitingJob>>()
      const those = jobs.get(key) ?? new Set<WaitingJob>()
      jobs.set(key, those.add(one))
      waiting.set(account, jobs)
    },
    close: async () => {
      isClosed = true
      waiting.clear()
      await Promise.all(running)
    }
  }
}
