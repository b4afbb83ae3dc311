/**
 * Notifies systemd's watchdog while tack is alive. A step that hangs stops the notifications, and systemd restarts the process (`WatchdogSec`).
 * Without systemd nothing is notified.
 *
 * Node cannot send to the kind of socket that systemd listens on, and a library would have to be compiled; so this starts `systemd-notify`, which
 * exists wherever systemd does.
 */
import { spawn } from 'node:child_process'
import type { Log } from '../ports.js'

export interface Watchdog {
  /** Tells the watchdog that tack is alive, at most a few times per interval. */
  readonly beat: () => void
  readonly everyMs: number
}

/** Notifications per interval of systemd. */
const OFTEN = 4

/** The watchdog that the environment requests; `null` when it requests none. */
export const systemdWatchdog = (environment: NodeJS.ProcessEnv, log: Log): Watchdog | null => {
  const us = Number(environment['WATCHDOG_USEC'] ?? '')
  if ((environment['NOTIFY_SOCKET'] ?? '') === '' || !Number.isSafeInteger(us) || us <= 0) return null
  const everyMs = Math.max(10, Math.floor(us / 1000 / OFTEN))
  // The monotonic clock: a wall clock that is set back must not silence it.
  let nextMs = 0
  let isTelling = false
  let hasFailed = false
  const over = (why: string | null): void => {
    isTelling = false
    if (why !== null && !hasFailed) log.error('systemd watchdog cannot be notified: systemd will restart tack', { reason: why })
    hasFailed = why !== null
  }
  return {
    beat: () => {
      const now = performance.now()
      if (isTelling || now < nextMs) return
      nextMs = now + everyMs
      isTelling = true
      const child = spawn('systemd-notify', ['WATCHDOG=1'], { env: environment, stdio: 'ignore' })
      child.once('error', (error) => over(error.message))
      child.once('exit', (code) => over(code === 0 ? null : `systemd-notify ended with ${String(code)}`))
    },
    everyMs
  }
}

/** Notifies the watchdog while `work` runs before the loop does. A step that hangs keeps its timer from firing. */
export const beatingDuring = async <A>(watchdog: Watchdog | null, work: () => Promise<A>): Promise<A> => {
  if (watchdog === null) return work()
  watchdog.beat()
  const beats = setInterval(watchdog.beat, watchdog.everyMs)
  try {
    return await work()
  } finally {
    clearInterval(beats)
  }
}
