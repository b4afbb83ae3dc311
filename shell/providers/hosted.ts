/**
 * What adapters of CIs that run elsewhere have in common beyond asking (common.ts): a few checks of their settings, looking for a build
 * that may be about to appear, and logs that come in several parts.
 */
import { Tid, timeOfTid } from '../../core/index.js'
import type { Client, TextLog } from './common.js'
import type { Accepted, Job, LogLine, Missing, Refused, Uncertain } from './provider.js'

// ---------------------------------------------------------------------------------------- settings

export const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** Whether `seconds` is a time to wait that somebody may have meant: at most an hour. */
export const isPeriod = (seconds: number, least: number): boolean => seconds >= least && seconds <= 3600

/** A shorter secret could be guessed from one signature, by trying. */
export const SHORTEST_SECRET = 16

// ---------------------------------------------------------------------------------------- looking for a build

/**
 * Keeps "missing" from being a guess. A CI may take on a build and list it only a while later, and a request that we gave up may still
 * be carried out; so a build is missing only when it is not there `settleMs` after the last moment at which somebody may have asked for
 * it. Who that was is known from the beginning of this adapter on; before that, it may have been the one before us, up to its end.
 */
export interface Settling {
  /** Looks, and, where nothing is found too early, waits and looks once more. */
  readonly find: (job: Job, look: () => Promise<Accepted | Missing | Uncertain>) => Promise<Accepted | Missing | Uncertain>
  /** Runs a start: the moments of its beginning and its end count as attempts. */
  readonly start: <A>(job: Job, start: () => Promise<A>) => Promise<A>
}

export const createSettling = (client: Client, settleMs: number): Settling => {
  const bornMs = client.nowMs()
  /** When a start of a key was last under way, oldest first. */
  const attempts = new Map<string, number>()

  const note = (key: string): void => {
    const nowMs = client.nowMs()
    attempts.delete(key)
    attempts.set(key, nowMs)
    for (const [other, atMs] of attempts) {
      if (atMs + settleMs > nowMs) break
      attempts.delete(other)
    }
  }

  const leftMs = (key: string): number => (attempts.get(key) ?? bornMs) + settleMs - client.nowMs()

  return {
    find: async ({ key }, look) => {
      const first = await look()
      const ms = leftMs(key)
      if (first._tag !== 'Missing' || ms <= 0) return first
      await client.pause(ms)
      return client.signal.aborted ? client.uncertain('tack is shutting down') : look()
    },
    start: async ({ key }, start) => {
      note(key)
      const outcome = await start()
      note(key)
      return outcome
    }
  }
}

/** How much later than it says a knot's clock may have named a trigger: a day, against clocks that are wrong. */
const MARGIN_MS = 86_400_000

/**
 * The earliest time, in milliseconds, at which the build can have been started; `null` where that cannot be told. The rkey of a trigger
 * is the time at which it was written; one from the future says nothing.
 */
export const earliestMs = ({ build }: Job, nowMs: number, marginMs = MARGIN_MS): number | null => {
  if (!Tid.is(build.rkey)) return null
  const atMs = Math.floor(timeOfTid(build.rkey) / 1000)
  return atMs > nowMs ? null : Math.max(atMs - marginMs, 0)
}

// ---------------------------------------------------------------------------------------- logs in parts

/** A part of a build that has a log of its own: a job, a step. */
export interface Part {
  readonly id: string
  /** Whether there is, or may be, something to read. */
  readonly isReadable: boolean
  readonly name: string
}

export interface Parts {
  readonly _tag: 'Parts'
  /** Whether the build has ended: no part will come to be readable any more. */
  readonly hasEnded: boolean
  readonly parts: ReadonlyArray<Part>
}

export interface LogOfParts {
  readonly everyMs: number
  readonly list: () => Promise<Parts | Refused | Uncertain>
  /** Reads the log of a part. What comes before the character `at` is not needed any more. */
  readonly read: (part: Part, at: number) => Promise<TextLog | Refused | Uncertain>
  readonly signal: AbortSignal
}

/**
 * The log of a build as its parts come to be readable, one after the other, each a step. Parts that run side by side follow each other:
 * whoever reads along sees one of them live, and then the others.
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
