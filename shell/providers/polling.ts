/** Polls a build until it has ended, and reports every change. Failures lengthen the pauses. */
import { isFinal } from '../../core/index.js'
import type { Background } from './background.js'
import type { Missing, Progress, Uncertain } from './provider.js'

/** The longest pause after a failure. The pause doubles with each failure in a row, up to a minute. */
const LONGEST_PAUSE_MS = 60_000

/** The pause after the `failures`th failure in a row, in milliseconds. It is never shorter than `everyMs` or `waitMs`. */
export const pauseAfter = (everyMs: number, failures: number, waitMs: number): number =>
  Math.max(everyMs, waitMs, Math.min(everyMs * 2 ** Math.min(failures, 16), LONGEST_PAUSE_MS))

const isSameProgress = (a: Progress | null, b: Progress): boolean =>
  a?.status === b.status && a.error === b.error && a.exitCode === b.exitCode && a.external === b.external

/** Polls a build until it has ended, and reports every change. Returns a function that stops it. */
export type Poll = (
  everyMs: number,
  ask: () => Promise<Missing | Progress | Uncertain>,
  report: (progress: Progress) => void
) => () => void

export const createPoll =
  ({ pause, say, signal, track, uncertain }: Background): Poll =>
  (everyMs, question, report) => {
    const stopped = new AbortController()
    const isOver = (): boolean => stopped.signal.aborted || signal.aborted
    const loop = async (): Promise<void> => {
      let last: Progress | null = null
      let failures = 0
      while (!isOver()) {
        const result: Missing | Progress | Uncertain = await question().catch((error: unknown) => uncertain(error))
        if (isOver()) return
        // An error may quote the build itself: it may have any length, and contain secrets.
        const answer = 'status' in result && result.error !== null ? { ...result, error: say(result.error) } : result
        if ('status' in answer) {
          failures = 0
          if (!isSameProgress(last, answer)) report(answer)
          if (isFinal(answer.status)) return
          last = answer
          await pause(everyMs, stopped.signal)
        } else {
          failures++
          await pause(pauseAfter(everyMs, failures, 'waitMs' in answer ? answer.waitMs : 0), stopped.signal)
        }
      }
    }
    // If a listener throws, the polling ends silently.
    track(loop()).catch(() => undefined)
    return () => stopped.abort()
  }
