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

/**
 * Creates a queue that runs at most `max` jobs at a time, and at most `maxPerKey` with the same key. Accounts take turns (round robin): the first job
 * of one account waits for at most one job of each other account, however many those have queued, and for whatever keys. Jobs of one account run in
 * order, as far as their keys have room.
 */
export const createFairQueue = (max: number, maxPerKey: number): FairQueue => {
  /** By account, in the order of their next turns. */
  const waiting = new Map<string, Array<{ readonly job: () => Promise<void>; readonly key: string }>>()
  const running = new Map<Promise<void>, string>()
  let isClosed = false

  const fullKeys = (): ReadonlySet<string> => {
    const keys = [...running.values()]
    return new Set(keys.filter((key) => keys.filter((other) => other === key).length >= maxPerKey))
  }

  /** Takes the next job that may run. Its account moves to the end of the line. */
  const taken = (): { readonly job: () => Promise<void>; readonly key: string } | null => {
    const full = fullKeys()
    for (const [account, jobs] of waiting) {
      const at = jobs.findIndex(({ key }) => !full.has(key))
      const next = jobs[at]
      if (next === undefined) continue
      jobs.splice(at, 1)
      waiting.delete(account)
      if (jobs.length > 0) waiting.set(account, jobs)
      return next
    }
    return null
  }

  const next = (): void => {
    while (running.size < max) {
      const found = taken()
      if (found === null) return
      const over = (): void => {
        running.delete(run)
        next()
      }
      const run = begun(found.job).then(over, over)
      running.set(run, found.key)
    }
  }

  return {
    add: (key, account, job) => {
      if (isClosed) return
      const jobs = waiting.get(account) ?? []
      jobs.push({ job, key })
      waiting.set(account, jobs)
      next()
    },
    close: async () => {
      isClosed = true
      waiting.clear()
      await Promise.all(running.keys())
    }
  }
}
