/** Taking turns: only so many things at a time, the rest in the order in which they came. */

export interface Turns {
  /** No turn begins any more. Resolves when those that have begun are over. Idempotent. */
  readonly close: () => Promise<void>
  /** Runs `job` when it is its turn. What it fails with is its own concern: the next one has its turn all the same. */
  readonly take: (job: () => Promise<void>) => void
}

/** What comes of a job, also when it fails before it has begun. */
const begun = async (job: () => Promise<void>): Promise<void> => job()

/** Turns, of which at most `max` go on at a time. */
export const turns = (max: number): Turns => {
  const waiting: Array<() => Promise<void>> = []
  const running = new Set<Promise<void>>()
  let isClosed = false

  const next = (): void => {
    while (running.size < max) {
      const job = waiting.shift()
      if (job === undefined) return
      const over = (): void => {
        running.delete(turn)
        next()
      }
      const turn = begun(job).then(over, over)
      running.add(turn)
    }
  }

  return {
    close: async () => {
      isClosed = true
      waiting.length = 0
      await Promise.all(running)
    },
    take: (job) => {
      if (isClosed) return
      waiting.push(job)
      next()
    }
  }
}

export interface Lanes {
  /** No turn begins any more. Resolves when those that have begun are over. Idempotent. */
  readonly close: () => Promise<void>
  /** Runs `job` when it is its turn among those of the same key, and then among all. What it fails with is its own concern. */
  readonly take: (key: string, job: () => Promise<void>) => void
}

/**
 * Turns, of which at most `max` go on at a time, and at most `maxPerKey` of those of one key: whoever is slow keeps those waiting who
 * want the same, and nobody else. After each, `rest` passes before the next of the same key.
 */
export const lanes = (max: number, maxPerKey: number, rest: () => Promise<void> = () => Promise.resolve()): Lanes => {
  const all = turns(max)
  const byKey = new Map<string, { count: number; readonly queue: Turns }>()
  return {
    // What waits in a lane has its turn among all, and so none any more.
    close: all.close,
    take: (key, job) => {
      const lane = byKey.get(key) ?? { count: 0, queue: turns(maxPerKey) }
      byKey.set(key, lane)
      lane.count += 1
      lane.queue.take(async () => {
        await new Promise<void>((done) => all.take(() => begun(job).finally(done)))
        await rest()
        lane.count -= 1
        if (lane.count === 0) byKey.delete(key)
      })
    }
  }
}
