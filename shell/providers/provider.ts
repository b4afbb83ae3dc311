/**
 * Providers: the CI systems that run builds. The code of each begins in a file of its own in this folder; all of them pass one test suite
 * (spec/shell/providers/contract.ts).
 *
 * A provider decides nothing. It is told to start, find, follow or cancel a build, does that once, and returns the result. The core decides when to
 * retry, when to give up, and what a report is worth. No method rejects or throws: failures are results, too.
 */
import type { Either } from 'fp-ts/lib/Either.js'
import type { BuildName, Plan, Status } from '../../core/index.js'
import type { Fetch } from '../outbound/http-client.js'
import type { Clock, Log } from '../ports.js'

/** A build to start, find, follow or cancel. */
export interface Job {
  readonly build: BuildName
  /** `buildKey(build)`: the name of the build as one text, which the provider stores to find it again. */
  readonly key: string
  readonly plan: Plan
}

/** The provider has the build. `external` is the provider's name for it, never empty. */
export interface Accepted {
  readonly _tag: 'Accepted'
  readonly external: string
}

/** The provider will not run the build, and has not started it. The reason is a sentence for the author of the workflow, without secrets. */
export interface Refused {
  readonly _tag: 'Refused'
  readonly error: string
}

/** The provider does not show the build. Only returned if the provider was asked and said so; the core decides when to believe it. */
export interface Missing {
  readonly _tag: 'Missing'
}

/** It is unknown whether it was done: there was no response, or an inconclusive one, "too many requests", or "come back later". */
export interface Uncertain {
  readonly _tag: 'Uncertain'
  readonly error: string
  /** How long the provider asks us to wait (`Retry-After`), in milliseconds; 0 if it does not. */
  readonly waitMs: number
}

/** The provider has acknowledged the cancel, or no longer has the build, or the build has ended. */
export interface Acknowledged {
  readonly _tag: 'Acknowledged'
}

/** The status of a build. */
export interface Progress {
  readonly error: string | null
  readonly exitCode: number | null
  readonly external: string
  readonly status: Status
}

/**
 * A line of a build's log. Steps are numbered from 0. Text belongs to a running step, and comes without its line feed. A line that is too long may
 * come in several pieces.
 */
export type LogLine =
  | {
      readonly _tag: 'Step'
      /** The command, for display; may be empty. */
      readonly command: string
      /** For an end: whether the step failed, if known. */
      readonly hasFailed?: boolean
      /** `system` for what tack or the provider does by itself; shown collapsed. */
      readonly kind: 'system' | 'user'
      readonly name: string
      readonly status: 'start' | 'end'
      readonly step: number
      readonly timeMs: number
    }
  | { readonly _tag: 'Text'; readonly step: number; readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly timeMs: number }

/** A request to `/webhooks/<name>`, with the raw body: signatures cover bytes. */
export interface WebhookRequest {
  readonly body: Buffer
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly nowMs: number
}

/** The result of a webhook: rejected, or the status of builds (even of unknown ones; the core decides). */
export type WebhookAnswer =
  | { readonly _tag: 'Unauthorized'; readonly reason: string }
  | { readonly _tag: 'BadRequest'; readonly reason: string }
  | { readonly _tag: 'Reports'; readonly reports: ReadonlyArray<{ readonly build: BuildName; readonly progress: Progress }> }

export interface Provider {
  /** The name in workflows and in the operator's configuration. */
  readonly name: string
  /** How long a new build may be invisible to `find`, in milliseconds. "Missing" is not believed within that time (T5). 0 if `find` always knows. */
  readonly settleMs: number

  /** Starts the build. Called when the build does not exist, as far as anybody knows. */
  readonly start: (job: Job) => Promise<Accepted | Refused | Uncertain>
  /** Looks for the build by its key, whoever started it and however long ago. */
  readonly find: (job: Job) => Promise<Accepted | Missing | Uncertain>
  /** Cancels the build. */
  readonly cancel: (job: Job, external: string) => Promise<Acknowledged | Uncertain>
  /**
   * Reports the build's status, at first and on every change, until the build has ended or the returned function is called. Polls if webhooks may be
   * late or missing. Retries failures for ever.
   */
  readonly follow: (job: Job, external: string, report: (progress: Progress) => void) => () => void
  /** The log, from the first line on, until the build has ended or `signal` aborts. Failures are reported in a system step of the log. */
  readonly logs: (job: Job, external: string, signal: AbortSignal) => AsyncIterable<LogLine>
  /**
   * The address of the build's page at its CI, for people; `null` if unknown. It is built from the configuration and `external`, which came from a
   * server. Absent if builds have no pages.
   */
  readonly pageOf?: (external: string) => string | null
  /** Absent if the provider sends no webhooks. */
  readonly webhook?: (request: WebhookRequest) => WebhookAnswer
  /** Whether the provider works as configured, with a sentence, for `tack check`. */
  readonly check: () => Promise<{ readonly isFine: boolean; readonly sentence: string }>
  /**
   * Stops everything; pending requests resolve with `Uncertain`. Idempotent. Resolves when no connection or timer is left, and no process except
   * those that are meant to outlive tack.
   */
  readonly close: () => Promise<void>
}

// ---------------------------------------------------------------------------------------- how providers are made

/** Checks out the build's commit into `folder`, which is empty. Rejects with a sentence for the author of the workflow. */
export type Checkout = (job: Job, folder: string, signal: AbortSignal) => Promise<void>

/** Everything that a provider may use. */
export interface Surroundings {
  readonly checkout: Checkout
  readonly clock: Clock
  /** The environment of the process, for settings that do not belong in a file. */
  readonly environment: { readonly [name: string]: string | undefined }
  /** The `fetch` of a guarded client that may go wherever the operator says (`trusted`). */
  readonly fetch: Fetch
  /** A folder for this provider alone. It may not exist yet. */
  readonly folder: string
  readonly log: Log
  /** The provider's name in the operator's configuration. */
  readonly name: string
}

/** What a kind of provider reads in a workflow, for `tack lint`. */
export interface Reads {
  readonly pipeline: 'ignored' | 'optional' | 'required'
  /** The settings beside the pipeline; `null` if any are allowed. */
  readonly settings: ReadonlyArray<string> | null
  readonly steps: 'ignored' | 'optional' | 'required'
}

/** What is wrong with a setting. */
export interface SettingFault {
  /** Whether it comes from the environment of the process, and so may be missing where another command runs. */
  readonly isOfEnvironment: boolean
  /** What is required, as a continuation of the setting's name. Never shows a secret. */
  readonly sentence: string
  /** Its name in the entry; empty for the entry itself. */
  readonly setting: string
}

/** A kind of provider, selected by `kind` of an entry under `providers` in the configuration. */
export interface Kind {
  /** All faults of the settings: those of an entry, without `kind`. */
  readonly faults: (settings: unknown, environment: Surroundings['environment']) => ReadonlyArray<SettingFault>
  readonly kind: string
  /** Creates a provider; `Left` with the faults of the settings, as one text. */
  readonly make: (settings: unknown, surroundings: Surroundings) => Either<string, Provider>
  readonly reads: Reads
  /** The environment variables that it reads. */
  readonly variables: ReadonlyArray<string>
}
