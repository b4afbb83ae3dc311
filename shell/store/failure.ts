/**
 * How the store fails. Inside, a failure is a rejected promise, because `await` and lowdb know nothing else; at the door
 * (`attempt`) it becomes data, so that no caller can forget it.
 */
import * as TE from 'fp-ts/lib/TaskEither.js'

export interface StoreError {
  /**
   * - `Refused`: what is there cannot be understood. It was left as it is; trying again is of no use.
   * - `Held`: another process has the folder.
   * - `Failed`: the platform could not do it (no space, no permission, an unreadable medium). It may work later.
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

/** The file at `path` cannot be continued from. */
export const refused = (path: string, what: string): Error =>
  new Rejection({ _tag: 'Refused', path, message: `${what}. ${WHAT_TO_DO}` })

/** Only the version that wrote the journal at `path` can fold it. */
export const unfinished = (path: string, what: string): Error =>
  new Rejection({
    _tag: 'Refused',
    path,
    message: `${what}. Nothing was changed. Start that version once, and stop it: a clean stop leaves nothing after its snapshot`
  })

/** The folder is in use, or may be. */
export const held = (path: string, message: string): Error => new Rejection({ _tag: 'Held', path, message })

/** Runs `act` and turns what it rejects with into data. `path` is what an error of the platform is about. */
export const attempt = <A>(path: string, act: () => Promise<A>): TE.TaskEither<StoreError, A> =>
  TE.tryCatch(act, (cause) =>
    cause instanceof Rejection
      ? cause.error
      : { _tag: 'Failed', path, message: cause instanceof Error ? cause.message : String(cause) }
  )
