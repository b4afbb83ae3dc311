/** Checks the clock of this machine against the times that servers send. */
import type { Clock, Log } from '../ports.js'

/** More than an answer may take, and far less than the accepted age of a signature. */
const TOLERATED_MS = 60_000

/** How long to stay silent after a warning. */
const PAUSE_MS = 3_600_000

/** A sentence about the clock if it differs from that of `source`; `null` if it does not. */
export const skewOf = (source: string, theirMs: number, oursMs: number): string | null => {
  const offMs = oursMs - theirMs
  if (Math.abs(offMs) <= TOLERATED_MS) return null
  const seconds = String(Math.round(Math.abs(offMs) / 1000))
  const off = `${seconds} s ${offMs < 0 ? 'behind' : 'ahead of'} that of ${source}`
  return `The clock of this machine is ${off}: set it, and keep it synchronized (timedatectl set-ntp true). Until then webhooks and admin requests may be rejected.`
}

export interface ClockWatch {
  /** `source` says that it is `theirMs` now. */
  readonly observe: (source: string, theirMs: number) => void
  /** `source` has sent something that it wrote at `theirMs`, perhaps long ago. */
  readonly observePast: (source: string, theirMs: number) => void
}

/** Warns of a wrong clock, at most once an hour. */
export const createClockWatch = (clock: Clock, log: Pick<Log, 'warn'>): ClockWatch => {
  let nextMs = 0
  const observe: ClockWatch['observe'] = (source, theirMs) => {
    const nowMs = clock.now() / 1000
    if (nowMs < nextMs) return
    const sentence = skewOf(source, theirMs, nowMs)
    if (sentence === null) return
    nextMs = nowMs + PAUSE_MS
    log.warn(sentence)
  }
  return {
    observe,
    observePast: (source, theirMs) => {
      if (theirMs > clock.now() / 1000) observe(source, theirMs)
    }
  }
}
