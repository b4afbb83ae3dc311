/**
 * What adapters of hosted CIs share beyond common.ts: the earliest time at which a build can have started, and logs in several parts.
 */
import { Tid, timeOfTid } from '../../core/index.js'
import type { Client, TextLog } from './common.js'
import type { Job, LogLine, Refused, Uncertain } from './provider.js'

// ---------------------------------------------------------------------------------------- looking for a build

/** The tolerance for wrong clocks of knots: a day. */
const MARGIN_MS = 86_400_000

/**
 * The earliest time, in milliseconds, at which the build can have been started; `null` if unknown. The rkey of a trigger encodes the time at which it
 * was written. A time in the future is useless.
 */
export const earliestMs = ({ build }: Job, nowMs: number, marginMs = MARGIN_MS): number | null => {
  if (!Tid.is(build.rkey)) return null
  const atMs = Math.floor(timeOfTid(build.rkey) / 1000)
  return atMs > nowMs ? null : Math.max(atMs - marginMs, 0)
}

// ---------------------------------------------------------------------------------------- logs in parts

/** The last line of a log of which only the beginning is shown. */
export const continuesAt = (ci: string): string => `(The log continues at ${ci}; the rest is not shown here.)\n`

/** A part of a build with a log of its own: a job, a step. */
export interface LogPart {
  /** Whether it has failed, if known. */
  readonly hasFailed?: boolean
  readonly id: string
  /** Whether it has, or may have, a log to read. */
  readonly isReadable: boolean
  readonly name: string
}

export interface LogParts {
  readonly _tag: 'LogParts'
  /** Whether the build has ended: no more parts will become readable. */
  readonly hasEnded: boolean
  readonly parts: ReadonlyArray<LogPart>
}

export interface LogOfParts {
  readonly everyMs: number
  readonly list: () => Promise<LogParts | Refused | Uncertain>
  /** Reads the log of a part. Text before the character `at` may be left out. */
  readonly read: (part: LogPart, at: number) => Promise<TextLog | Refused | Uncertain>
  readonly signal: AbortSignal
}

/**
 * Delivers the log of a build part by part as they become readable, each as a step. Parts that run in parallel are delivered one after another: a
 * reader follows one of them live, and gets the others afterwards.
 */
export async function* logOfParts(client: Client, { everyMs, list, read, signal }: LogOfParts): AsyncGenerator<LogLine> {
  const isOver = (): boolean => signal.aborted || client.signal.aborted
  const done = new Set<string>()
  let steps = 0
  let failures = 0
  while (!isOver()) {
    const found = await list().catch((error: unknown) => client.uncertain(error))
    if (isOver()) return
    if (found._tag === 'Refused') {
      yield* client.note(steps, `The log is unavailable: ${found.error}`)
      return
    }
    if (found._tag === 'Uncertain') {
      if (failures++ === 0) yield* client.note(steps++, `The log is unavailable at the moment: ${found.error}`)
    } else {
      failures = 0
      const next = found.parts.find(({ id, isReadable }) => isReadable && !done.has(id))
      if (next !== undefined) {
        const first = steps
        for await (const line of client.log({ everyMs, name: next.name, read: (at) => read(next, at), signal })) {
          steps = Math.max(steps, first + line.step + 1)
          yield { ...line, step: first + line.step }
        }
        done.add(next.id)
        continue
      }
      if (found.hasEnded) return
    }
    await client.pause(Math.max(everyMs, 'waitMs' in found ? found.waitMs : 0, failures === 0 ? 0 : Math.min(everyMs * 2 ** Math.min(failures, 10), 60_000)), signal)
  }
}
