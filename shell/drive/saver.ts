/**
 * The saver: makes folded events durable. A batch that only moved the cursor is not worth a write of its own: it waits up to a second for
 * others. When an append to the journal fails, the whole state is saved as a snapshot, again and again until that works.
 */
import * as E from 'fp-ts/lib/Either.js'
import { type Event, fold, type State } from '../../core/index.js'
import type { Clock, Log } from '../ports.js'
import type { Store } from '../store/index.js'
import type { Limits } from './limits.js'

/** The batches that have become durable, or why no more will. */
export type Saved = E.Either<string, ReadonlyArray<Event>>

export interface Saver {
  /** The durable state. */
  readonly durable: () => State
  readonly isSaving: () => boolean
  /** Takes the outcome of a batch. `isLazy`: it only moved the cursor. */
  readonly take: (state: State, events: ReadonlyArray<Event>, isLazy: boolean) => void
  /** Defers the write: what has been taken becomes due after a while. */
  readonly wait: () => void
  /** Whether a deferred write is due. */
  readonly isDue: () => boolean
  /** Makes everything taken so far durable. */
  readonly save: () => Promise<Saved>
  /** Begins a snapshot if the journal is large enough and none is being written. */
  readonly snapshot: () => void
  /** Closes; if saving works, time and disk space permitting, with a snapshot, so that no journal is left. */
  readonly end: (isSaving: boolean) => Promise<void>
  /** Aborts the snapshot that is written at the end. */
  readonly hurry: () => void
}

export interface SaverPorts {
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Log
  readonly store: Store
  /** Called before each new attempt to save. */
  readonly beat: () => void
  /** Called when saving fails, and when it works again. */
  readonly onFailure: () => void
  readonly onRecovery: () => void
  /** Called when a deferred write is due. */
  readonly onDue: () => void
  /** Resolves when the bridge is to stop, which limits the attempts to save. */
  readonly stopping: Promise<void>
}

const sentenceOf = ({ message, path }: { readonly message: string; readonly path: string }): string => `${path}: ${message}`

export const createSaver = ({ beat, clock, limits, log, onDue, onFailure, onRecovery, stopping, store }: SaverPorts): Saver => {
  let durable = store.state
  /** The folded state, ahead of the durable one by `unsaved`. */
  let state = store.state
  let unsaved: ReadonlyArray<Event> = []
  let isSaving = true
  let isStopping = false
  void stopping.then(() => (isStopping = true))
  let cancelWait: (() => void) | null = null
  let isDue = false
  let writing: Promise<void> | null = null
  /** Aborts the running snapshot: because another one follows, or because time is up. */
  const isReplaced = new AbortController()
  const isLate = new AbortController()
  /** The size of the journal before which a failed snapshot is not tried again. */
  let retryBytes = 0

  const stopWaiting = (): void => {
    cancelWait?.()
    cancelWait = null
    isDue = false
  }

  /** Waits `ms`, or until the bridge is to stop. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      void stopping.then(() => {
        cancel()
        resolve()
      })
    })

  /** Saves the whole state, until that works: after a failed append, the end of the journal cannot be trusted. */
  const rescue = async (): Promise<E.Either<string, void>> => {
    isSaving = false
    onFailure()
    for (let ms = limits.rescueMs.first; ; ms = Math.min(ms * 2, limits.rescueMs.last)) {
      await pause(ms)
      beat()
      const saved = await store.rescue(state)()
      if (E.isRight(saved)) break
      log.error('save failed again', { path: saved.left.path, reason: saved.left.message })
      if (isStopping) return E.left(sentenceOf(saved.left))
    }
    isSaving = true
    log.info('saving recovered; nothing was lost')
    onRecovery()
    return E.right(undefined)
  }

  return {
    durable: () => durable,
    end: async (isWorking) => {
      stopWaiting()
      if (!isWorking) {
        await writing
        return
      }
      isReplaced.abort()
      await writing
      if (store.journalBytes() === 0) return
      const saved = await store.snapshot(durable, isLate.signal)()
      if (E.isLeft(saved))
        log.warn('snapshot at stop failed: nothing is lost, but start and stop tack once more before an upgrade', {
          path: saved.left.path,
          reason: saved.left.message
        })
    },
    hurry: () => isLate.abort(),
    isDue: () => isDue,
    isSaving: () => isSaving,
    save: async () => {
      stopWaiting()
      const events = unsaved
      if (events.length > 0) {
        const saved = await store.append(events)()
        if (E.isLeft(saved)) {
          log.error('save failed: reading is paused until saving recovers', { path: saved.left.path, reason: saved.left.message })
          const rescued = await rescue()
          if (E.isLeft(rescued)) return rescued
        }
        unsaved = []
        durable = state
      }
      return E.right(events)
    },
    snapshot: () => {
      const { least, most, timesSnapshot } = limits.journalBytes
      const due = Math.min(most, Math.max(least, timesSnapshot * store.snapshotBytes()))
      if (writing !== null || store.journalBytes() < Math.max(due, retryBytes)) return
      writing = store
        .snapshot(durable, isReplaced.signal)()
        .then((saved) => {
          if (E.isLeft(saved) && !isReplaced.signal.aborted)
            log.warn('snapshot failed: the journal goes on', { path: saved.left.path, reason: saved.left.message })
          // A failed snapshot is not retried at once: it takes disk space that the journal may need.
          retryBytes = E.isLeft(saved) ? store.journalBytes() + due / 4 : 0
          writing = null
        })
    },
    take: (after, events, isLazy) => {
      state = after
      const all = [...unsaved, ...events]
      // One event for all moves of the cursor: what strangers write must not make the journal grow.
      unsaved = isLazy ? fold(durable, all).events : all
    },
    wait: () => {
      cancelWait ??= clock.after(limits.lazyMs, () => {
        isDue = true
        onDue()
      })
    }
  }
}
