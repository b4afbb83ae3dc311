/**
 * Logs of running builds, each read once for all its readers.
 *
 * The provider is asked for the next line when the first reader wants it; the others find it here. The end of each log is kept, so
 * a reader who joins while that still includes the first line can share it. One who comes later, or falls behind, gets a reading of their own.
 */
import type { Builds } from '../../../core/index.js'
import type { Job, LogLine, Provider } from '../../providers/provider.js'

export interface SharedLogsLimits {
  /** The limit of what is kept of one log, in characters. */
  readonly keptChars: number
  /** The limit of what is kept of all logs. */
  readonly keptOfAllChars: number
}

export const defaultSharedLogsLimits: SharedLogsLimits = { keptChars: 2_097_152, keptOfAllChars: 33_554_432 }

export interface SharedLogs {
  /** The lines of a log, from the first on. Ends when the log does, or `signal` aborts. */
  readonly read: (provider: Provider, job: Job, build: Pick<Builds.Build, 'status'>, external: string, signal: AbortSignal) => AsyncIterable<LogLine>
}

/** The cost of a line beyond its text, in characters. */
const LINE_CHARS = 128

const charsOf = (line: LogLine): number => LINE_CHARS + (line._tag === 'Text' ? line.text.length : line.name.length + line.command.length)

interface Reading {
  chars: number
  end: { readonly error: unknown } | 'ended' | null
  /** The number of the first line that is kept. */
  first: number
  readonly iterator: AsyncIterator<LogLine>
  lines: Array<LogLine>
  pulling: Promise<void> | null
  readers: number
  readonly stop: AbortController
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** @param isOver Whether a build has ended: then its log no longer grows, and each reader takes it at their own pace. */
export const createSharedLogs = (isOver: (build: Pick<Builds.Build, 'status'>) => boolean, limits: SharedLogsLimits): SharedLogs => {
  /** The readings that a new reader can join. */
  const readings = new Map<string, Reading>()
  /** All readings under way, including those that can no longer be joined: they hold what their readers have yet to take. */
  const going = new Set<Reading>()

  /** Drops the oldest lines, in large pieces. */
  const trim = (reading: Reading): void => {
    const limit = Math.min(limits.keptChars, limits.keptOfAllChars / going.size)
    if (reading.chars <= limit) return
    let dropped = 0
    while (reading.chars > limit / 2 && dropped < reading.lines.length - 1) {
      const line = reading.lines[dropped]
      reading.chars -= line === undefined ? 0 : charsOf(line)
      dropped++
    }
    reading.lines = reading.lines.slice(dropped)
    reading.first += dropped
  }

  const pull = (reading: Reading): Promise<void> =>
    (reading.pulling ??= reading.iterator
      .next()
      .then(
        (next) => {
          if (next.done === true) {
            reading.end = 'ended'
            return
          }
          reading.lines.push(next.value)
          reading.chars += charsOf(next.value)
          trim(reading)
        },
        (error: unknown) => {
          reading.end = { error }
        }
      )
      .finally(() => {
        reading.pulling = null
      }))

  const joinedIn = (key: string, provider: Provider, job: Job, external: string): Reading => {
    const known = readings.get(key)
    if (known?.first === 0 && known.end === null) return known
    const stop = new AbortController()
    const iterator = provider.logs(job, external, stop.signal)[Symbol.asyncIterator]()
    const reading: Reading = { chars: 0, end: null, first: 0, iterator, lines: [], pulling: null, readers: 0, stop }
    readings.set(key, reading)
    going.add(reading)
    // Each of the others has less room now.
    for (const one of going) trim(one)
    return reading
  }

  const leave = (key: string, reading: Reading): void => {
    reading.readers--
    if (reading.readers > 0) return
    going.delete(reading)
    if (readings.get(key) === reading) readings.delete(key)
    reading.stop.abort()
    // Nobody reads what it still says.
    reading.iterator.return?.().catch(() => undefined)
  }

  async function* follow(provider: Provider, job: Job, external: string, signal: AbortSignal): AsyncGenerator<LogLine, void, undefined> {
    const key = `${job.key}\n${external}`
    const reading = joinedIn(key, provider, job, external)
    reading.readers++
    const aborted = abortOf(signal)
    let at = 0
    try {
      while (!signal.aborted && at >= reading.first) {
        const line = reading.lines[at - reading.first]
        if (line !== undefined) {
          at++
          yield line
        } else if (reading.end === null) await Promise.race([pull(reading), aborted])
        else if (reading.end === 'ended') return
        else throw reading.end.error
      }
    } finally {
      leave(key, reading)
    }
    if (signal.aborted) return
    let skipped = 0
    for await (const line of provider.logs(job, external, signal)) if (skipped++ >= at) yield line
  }

  return { read: (provider, job, build, external, signal) => (isOver(build) ? provider.logs(job, external, signal) : follow(provider, job, external, signal)) }
}
