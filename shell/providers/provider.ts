/**
 * Providers: the CI systems that run builds for us. One file each in this folder; all of them pass one suite of tests
 * (spec/shell/providers/contract.ts).
 *
 * A provider decides nothing. It is told to start, find, follow or cancel a build, does that once, and says what came of it; when
 * to try again, when to give up and what a report is worth is the core's to decide. No method rejects or throws: what goes wrong is an
 * answer too.
 */
import type { Either } from 'fp-ts/lib/Either.js'
import type { BuildName, Plan, Status } from '../../core/index.js'
import type { Fetch } from '../http-client.js'
import type { Clock, Log } from '../ports.js'

/** A build to be run, found, followed or cancelled. */
export interface Job {
  readonly build: BuildName
  /** `buildKey(build)`: the name of the build as one text. What a provider is told to remember it by. */
  readonly key: string
  readonly plan: Plan
}

/** The provider has the build; `external` is its own name for it, never empty. */
export interface Accepted {
  readonly _tag: 'Accepted'
  readonly external: string
}

/** The provider will not run the build, and has not begun to: why, in a sentence for the author of the workflow, without secrets. */
export interface Refused {
  readonly _tag: 'Refused'
  readonly error: string
}

/** The provider does not have the build. Said only where the provider was asked and answered so. */
export interface Missing {
  readonly _tag: 'Missing'
}

/** Nobody knows whether it was done: no answer, an answer that does not say, "too many requests", "come back later". */
export interface Uncertain {
  readonly _tag: 'Uncertain'
  readonly error: string
  /** How long the provider asks us to wait (`Retry-After`); 0 when it does not. */
  readonly waitMs: number
}

/** The provider has heard that the build is to end, or does not have it any more, or it has ended. */
export interface Heard {
  readonly _tag: 'Heard'
}

/** How a build stands. */
export interface Progress {
  readonly error: string | null
  readonly exitCode: number | null
  readonly external: string
  readonly status: Status
}

/**
 * A line of a build's log. Steps are numbered from 0; text belongs to a step that has started and not ended, and comes without its line
 * feed. A line that is too long to be shown as one may come in pieces.
 */
export type LogLine =
  | {
      readonly _tag: 'Step'
      /** What is run, to be shown; may be empty. */
      readonly command: string
      /** `system`: what tack or the provider does by itself; shown collapsed. */
      readonly kind: 'system' | 'user'
      readonly name: string
      readonly status: 'start' | 'end'
      readonly step: number
      readonly timeMs: number
    }
  | { readonly _tag: 'Text'; readonly step: number; readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly timeMs: number }

/** A request to `/webhooks/<name>`, with the body as it came: signatures are over bytes. */
export interface WebhookRequest {
  readonly body: Buffer
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly nowMs: number
}

/** What a webhook says: nothing that is believed, or how builds stand (also of builds that nobody knows; the core will see). */
export type WebhookAnswer =
  | { readonly _tag: 'Unauthorized'; readonly reason: string }
  | { readonly _tag: 'BadRequest'; readonly reason: string }
  | { readonly _tag: 'Reports'; readonly reports: ReadonlyArray<{ readonly build: BuildName; readonly progress: Progress }> }

export interface Provider {
  /** What workflows and the operator's configuration call it. */
  readonly name: string

  /** Starts the build. It is called when the build is not there, as far as anybody knows. */
  readonly start: (job: Job) => Promise<Accepted | Refused | Uncertain>
  /** Looks for the build by its key, whoever started it and however long ago. */
  readonly find: (job: Job) => Promise<Accepted | Missing | Uncertain>
  /** Asks for the build to be ended. */
  readonly cancel: (job: Job, external: string) => Promise<Heard | Uncertain>
  /**
   * Reports how the build stands, at first and whenever that changes, until it has ended or the returned function is called. Polls
   * where webhooks may be late or missing. What it cannot find out it tries again, for ever.
   */
  readonly follow: (job: Job, external: string, report: (progress: Progress) => void) => () => void
  /**
   * The log, from the first line on, until the build has ended or `signal` aborts. What cannot be had is said in a system step of the log.
   */
  readonly logs: (job: Job, external: string, signal: AbortSignal) => AsyncIterable<LogLine>
  /** Absent where the provider calls nobody. */
  readonly webhook?: (request: WebhookRequest) => WebhookAnswer
  /** Whether the provider can be reached with what is configured, in a sentence: for `tack check`. */
  readonly check: () => Promise<{ readonly isFine: boolean; readonly sentence: string }>
  /** Ends all that goes on; what is being asked is answered `Uncertain`. Idempotent. Resolves when no connection, timer or process of its own is left that need not outlive us. */
  readonly close: () => Promise<void>
}

// ---------------------------------------------------------------------------------------- how providers are made

/** Puts the files of the build's commit into `folder`, which is empty. Rejects with a sentence for the author of the workflow. */
export type Checkout = (job: Job, folder: string, signal: AbortSignal) => Promise<void>

/** What a provider may use. All of it is given. */
export interface Surroundings {
  readonly checkout: Checkout
  readonly clock: Clock
  /** The environment of the process, for what an operator would rather not write into a file. */
  readonly environment: { readonly [name: string]: string | undefined }
  /** A guarded client that may go wherever the operator says (`trusted`). */
  readonly fetch: Fetch
  /** A folder for this provider alone. It need not be there. */
  readonly folder: string
  readonly log: Log
  /** What the operator's configuration calls this provider. */
  readonly name: string
}

/** A kind of provider: what `kind` of an entry under `providers` in the configuration chooses. */
export interface Kind {
  readonly kind: string
  /** A provider, or a sentence for the operator about what is wrong with the settings: those of its entry, `kind` left out. */
  readonly make: (settings: unknown, surroundings: Surroundings) => Either<string, Provider>
}
