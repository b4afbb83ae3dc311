/**
 * Background work of an adapter: its timers, polls and reads. All of it has ended when `close` resolves, nothing rejects, and no sentence contains a
 * secret.
 */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../ports.js'
import type { Background } from './background.js'
import { createTextLogs, type TextLogs } from './growing-log.js'
import { createTurns, defaultLogTextLimits, type LogTextLimits } from './log-texts.js'
import { createPoll, type Poll } from './polling.js'
import type { Uncertain } from './provider.js'
import { redactor, sentence, wordsOf } from './secrets.js'

export interface WorkOptions {
  readonly clock: Clock
  readonly logTexts?: LogTextLimits
  /** Secrets, which must not appear in messages. */
  readonly secrets: ReadonlyArray<string>
}

/** Background work: everything it starts has ended when `close` resolves. */
export interface Work extends Background, TextLogs {
  readonly close: () => Promise<void>
  readonly poll: Poll
}

export const createWork = ({ clock, logTexts = defaultLogTextLimits, secrets }: WorkOptions): Work => {
  const redact = redactor(secrets)
  const over = new AbortController()
  // One listener for each request and reader is not a leak.
  setMaxListeners(0, over.signal)
  /**
   * The functions that end running pauses. They are not listeners of the signal: it would scan all of its listeners whenever one is added or removed,
   * and thousands of builds may wait.
   */
  const pauses = new Set<() => void>()
  over.signal.addEventListener('abort', () => {
    for (const end of [...pauses]) end()
  })
  const going = new Set<Promise<unknown>>()

  const say = (text: string): string => sentence(redact, text)

  const uncertain = (error: unknown, waitMs = 0): Uncertain => ({ _tag: 'Uncertain', error: say(wordsOf(error)), waitMs })

  const nowMs = (): number => Math.floor(clock.now() / 1000)

  const track = <A>(work: Promise<A>): Promise<A> => {
    going.add(work)
    const forget = (): void => void going.delete(work)
    work.then(forget, forget)
    return work
  }

  const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (over.signal.aborted || signal?.aborted === true) return resolve()
      const done = (): void => {
        cancel()
        pauses.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(ms, done)
      pauses.add(done)
      signal?.addEventListener('abort', done)
    })

  const background: Background = {
    nowMs,
    pause,
    refuse: (words) => ({ _tag: 'Refused', error: say(words) }),
    say,
    signal: over.signal,
    track,
    uncertain
  }

  return {
    ...background,
    ...createTextLogs(background, redact, createTurns(clock, logTexts)),
    close: async () => {
      over.abort()
      await Promise.allSettled(going)
    },
    poll: createPoll(background)
  }
}
