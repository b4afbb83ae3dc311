/**
 * Ports: the interfaces through which anything outside reaches the shell. They are created at the composition root (cli/run.ts), so that a whole
 * bridge can run on a simulated clock, disk and network: same code, one seed, one run.
 */
import type { Builds, CallReceived, CancelRequested, Event, HostName, Nanos, Natural, ReadAccess, ReadRecords, ReadWorkflows, RetryRequested, TimeUs } from '../core/index.js'

/** Time. `now` never goes back within a process; it may jump ahead. */
export interface Clock {
  readonly now: () => TimeUs
  /** Calls `then` once after `ms` (at least 0), never earlier. Returns a function that cancels it. */
  readonly after: (ms: number, then: () => void) => () => void
}

/** Randomness. `between(low, high)` is an integer from `low` to `high`, both included. */
export interface Random {
  readonly between: (low: number, high: number) => number
}

/** Delivers an event. `chars` is the length of the text it came from, where others decide about that. */
export type Deliver = (event: Event, chars?: number) => void

/** Delivers an event, and resolves to `true` when it is safe; to `false` when it may never be: saving fails, or the bridge has ended. */
export type Submit = (event: Event) => Promise<boolean>

/**
 * Handles an admin request: `accepted`, or why it is refused, judged in the state in which it is taken in. `unsafe`: nobody can say
 * whether it ever will be (as above).
 */
export type HandleAdmin = (request: CancelRequested | RetryRequested) => Promise<Builds.OrderRefusal | 'accepted' | 'unsafe'>

/** Handles a call: what it comes to, judged in the state in which it is taken in. `unsafe` as above. */
export type HandleCall = (call: CallReceived) => Promise<Builds.CallAnswer | 'unsafe'>

/** A connection that is being opened, or is open. */
export interface Link {
  /** Stops reading; what the peer sends waits in the kernel. */
  readonly pause: () => void
  readonly resume: () => void
  /** Closes it, politely at first, within `graceMs` in any case. Resolves when the socket is gone. Idempotent. */
  readonly close: () => Promise<void>
  /** Resolves when the socket is gone, whoever closed it. */
  readonly gone: Promise<void>
}

/** Opens connections. Both kinds deliver `…Opened`, frames, and exactly one `…Closed`, with the number they were given. */
export interface Network {
  /** `cursor` is a time, or the number that the server gave a frame. */
  readonly openJetstream: (connection: Natural, cursor: TimeUs | Natural | null, deliver: Deliver) => Link
  readonly openKnot: (connection: Natural, host: HostName, cursor: Nanos | null, deliver: Deliver) => Link
}

/** Reads accounts' records from their own servers. Answers each request with exactly one `RecordsRead` or `RequestFailed`. */
export interface Records {
  readonly read: (request: ReadRecords, deliver: Deliver) => void
  /** Ends all reading. Resolves when no connection is left. */
  readonly close: () => Promise<void>
}

/** Asks who may push to a repository. Answers each request with exactly one `AccessRead` or `RequestFailed`. */
export interface AccessReader {
  readonly read: (request: ReadAccess, deliver: Deliver) => void
  /** Ends all asking. Resolves when no connection is left. */
  readonly close: () => Promise<void>
}

/** Reads workflow files. Answers each request with exactly one `WorkflowsRead` or `RequestFailed`. */
export interface Workflows {
  readonly read: (request: ReadWorkflows, deliver: Deliver) => void
  /** Ends all reading. Resolves when no process and no connection is left. */
  readonly close: () => Promise<void>
}

/** The log: one JSON object a line, or prose on a terminal. */
export interface Log {
  readonly debug: (message: string, fields?: Fields) => void
  readonly info: (message: string, fields?: Fields) => void
  readonly warn: (message: string, fields?: Fields) => void
  readonly error: (message: string, fields?: Fields) => void
}
export type Fields = { readonly [name: string]: unknown }
