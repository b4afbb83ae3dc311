/** What polls and reads of logs share with the work of their adapter: its clock, its end, and its words without secrets. */
import type { Refused, Uncertain } from './provider.js'

/** The building blocks of polling and reading. */
export interface Background {
  /** The time in milliseconds. */
  readonly nowMs: () => number
  /** Resolves after `ms`, or when `signal` aborts, or at the close. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly refuse: (words: string) => Refused
  /** A text as one sentence, without secrets. */
  readonly say: (text: string) => string
  /** Aborts at the close. */
  readonly signal: AbortSignal
  /** Tracks a promise, so that a close can wait for it. */
  readonly track: <A>(work: Promise<A>) => Promise<A>
  readonly uncertain: (error: unknown, waitMs?: number) => Uncertain
}
