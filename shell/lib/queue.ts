/** Queues: a limited number of jobs at a time, the rest in order of arrival. */

export interface Queue {
  /** Runs `job` when there is room. Its failure is its own concern: the next one runs all the same. */
  readonly add: (job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones are over. Idempotent. */
  readonly close: () => Promise<void>
}

/** A job’s promise, even when it fails before it has begun. */
const begun = async (job: () => Promise<void>): Promise<void> => job()

/** A queue of which at most `max` jobs run at a time. */
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
  /** Runs `job` when there is room among those of its key, and then among all. Its failure is its own concern. */
  readonly add: (key: string, job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones are over. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * A queue of which at most `max` jobs run at a time, and at most `maxPerKey` of one key: a slow server holds up the jobs that want the same one, and no
 * others. After each, `rest` passes before the next of the same key.
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
    // A job that waits for its key has to pass through here, too, and does not any more.
    close: all.close
  }
}

export interface FairQueue {
  /** Runs `job`, which is for that account, when there is room among those of its key, and among all. Its failure is its own concern. */
  readonly add: (key: string, account: string, job: () => Promise<void>) => void
  /** Starts no more jobs. Resolves when the running ones are over. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * A queue of which at most `max` jobs run at a time, and at most `maxPerKey` of one key. Accounts take turns: whoever has thousands of jobs, on
 * whatever keys, keeps another's first one waiting for a turn of each alone. Jobs of one account run in order, as far as their keys have room.
 */
export const createFairQueue = (max: number, maxPerKey: number): FairQueue => {
  /** By account, in the order in which they have their next turn. */
  const waiting = new Map<string, Array<{ readonly job: () => Promise<void>; readonly key: string }>>()
  const running = new Map<Promise<void>, string>()
  let isClosed = false

  const fullKeys = (): ReadonlySet<string> => {
    const keys = [...running.values()]
    return new Set(keys.filter((key) => keys.filter((other) => other === key).length >= maxPerKey))
  }

  /** The next job that may run; its account goes to the end of the line. */
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
