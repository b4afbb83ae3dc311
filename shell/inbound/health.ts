/**
 * `/healthz`: whether the spindle works, as a status for machines and in sentences for people.
 *
 * A lost stream raises no alarm for some minutes: servers restart, and what was missed is read afterwards. A failure to save does at once: while
 * it lasts, nothing is taken in.
 */
import type { State } from '../../core/index.js'
import type { Clock } from '../ports.js'
import { type HttpReply, json } from './http/responses.js'

export interface Health {
  readonly answer: () => HttpReply
  readonly isHealthy: () => boolean
  /** To be called when the durable state may have changed. */
  readonly look: () => void
  /** How long the stream has been disconnected; 0 while it is connected. */
  readonly lostMs: () => number
}

export interface HealthPorts {
  readonly clock: Clock
  readonly durable: () => State
  /** Whether saving works. */
  readonly isSaving: () => boolean
  readonly lostLimitMs: number
}

const seconds = (ms: number): number => Math.floor(ms / 1000)

export const createHealth = ({ clock, durable, isSaving, lostLimitMs }: HealthPorts): Health => {
  /** When the stream was lost; initially, the start of the process. */
  let lostAt: number | null = clock.now()

  const look = (): void => {
    if (durable().cursor.connection.phase._tag === 'Open') lostAt = null
    else lostAt ??= clock.now()
  }

  const lostMs = (): number => (lostAt === null ? 0 : (clock.now() - lostAt) / 1000)

  const reasons = (): ReadonlyArray<string> => [
    ...(lostMs() >= lostLimitMs ? [`the stream has been disconnected for ${String(seconds(lostMs()))} seconds`] : []),
    ...(isSaving() ? [] : ['the state cannot be saved: see the log']),
    ...(durable().isStopped ? ['the spindle is stopping'] : [])
  ]

  return {
    answer: () => {
      const why = reasons()
      const { connection, cursor } = durable().cursor
      return json(why.length === 0 ? 200 : 503, {
        status: why.length === 0 ? 'ok' : 'failing',
        reasons: why,
        stream: {
          connected: connection.phase._tag === 'Open',
          cursorAgeSeconds: cursor === null ? null : seconds((clock.now() - cursor) / 1000),
          lostForSeconds: seconds(lostMs())
        },
        saving: isSaving()
      })
    },
    isHealthy: () => reasons().length === 0,
    look,
    lostMs
  }
}
