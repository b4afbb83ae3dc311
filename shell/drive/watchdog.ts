/**
 * systemd's watchdog: as long as it is told that tack goes on, it lets it. A step that does not end keeps tack from telling it, and then
 * systemd ends the process and starts another (`WatchdogSec` in the unit). Without systemd nobody is told anything.
 *
 * Node has no sockets of the kind that systemd listens at, and a library would have to be compiled; so `systemd-notify` is started, which is
 * there wherever systemd is.
 */
import { spawn } from 'node:child_process'
import type { Log } from '../ports.js'

export interface Watchdog {
  /** Says that tack goes on. Idle most of the time it is called. */
  readonly beat: () => void
  readonly everyMs: number
}

/** So often in the time in which systemd wants to hear something. */
const OFTEN = 4

/** The watchdog that the environment asks for; `null` when it asks for none. */
export const systemdWatchdog = (environment: NodeJS.ProcessEnv, log: Log): Watchdog | null => {
  const us = Number(environment['WATCHDOG_USEC'] ?? '')
  if ((environment['NOTIFY_SOCKET'] ?? '') === '' || !Number.isSafeInteger(us) || us <= 0) return null
  const everyMs = Math.max(10, Math.floor(us / 1000 / OFTEN))
  // The process's own clock: a clock that is set back must not silence it.
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
