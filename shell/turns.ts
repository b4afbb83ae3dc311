/** Taking turns: only so many things at a time, the rest in the order in which they came. */

export interface Turns {
  /** No turn begins any more. Resolves when those that have begun are over. Idempotent. */
  readonly close: () => Promise<void>
  /** Runs `job` when it is its turn. It must not reject. */
  readonly take: (job: () => Promise<void>) => void
}

/** Turns, of which at most `max` go on at a time. */
export const turns = (max: number): Turns => {
  const waiting: Array<() => Promise<void>> = []
  const running = new Set<Promise<void>>()
  let isClosed = false

  const next = (): void => {
    while (!isClosed && running.size < max) {
      const job = waiting.shift()
      if (job === undefined) return
      const turn = job().finally(() => {
        running.delete(turn)
        next()
      })
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
