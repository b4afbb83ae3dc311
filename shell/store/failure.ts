/**
 * The errors of the store. Inside the store a failure is a rejected promise, because `await` and lowdb know nothing else. At its interface `attempt`
 * turns it into data, so that no caller can forget it.
 */
import * as TE from 'fp-ts/lib/TaskEither.js'

export interface StoreError {
  /**
   * - `Refused`: the store does not understand what is there, and has left it unchanged; a retry is useless.
   * - `Held`: another process uses the folder.
   * - `Failed`: the platform failed (no space, no permission, an unreadable medium). A retry may work later.
   */
  readonly _tag: 'Refused' | 'Held' | 'Failed'
  readonly path: string
  /** A sentence for the operator. It does not repeat the path. */
  readonly message: string
}

class Rejection extends Error {
  constructor(readonly error: StoreError) {
    super(error.message)
  }
}

const WHAT_TO_DO = 'Nothing was changed. Restore a backup of the whole folder, or move the folder away to start anew'

/** The store cannot continue from the file at `path`. */
export const refusedError = (path: string, what: string): Error =>
  new Rejection({ _tag: 'Refused', path, message: `${what}. ${WHAT_TO_DO}` })

/** Only the version that wrote the journal at `path` can fold it. */
export const unfinishedError = (path: string, what: string): Error =>
  new Rejection({
    _tag: 'Refused',
    path,
    message: `${what}. Nothing was changed. Start that version once and stop it: a clean stop leaves nothing after its snapshot`
  })

/** Another process uses the folder, or may be using it. */
export const heldError = (path: string, message: string): Error => new Rejection({ _tag: 'Held', path, message })

/** Runs `act`, and turns a rejection into data. `path` is named if the platform reports an error. */
export const attempt = <A>(path: string, act: () => Promise<A>): TE.TaskEither<StoreError, A> =>
  TE.tryCatch(act, (cause) =>
    cause instanceof Rejection
      ? cause.error
      : { _tag: 'Failed', path, message: cause instanceof Error ? cause.message : String(cause) }
  )
