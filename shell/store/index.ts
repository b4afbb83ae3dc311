/**
 * The store keeps the state. A crash, a power cut or a full disk loses nothing that was acknowledged, and data that the store does not understand is
 * never taken for something else.
 *
 *     state.json                        the snapshot: the state after the first n batches (store/snapshot.ts)
 *     journal-<first batch>.jsonl …     every batch after that (store/journal.ts)
 *     lock                              the process that has the folder (store/lock.ts)
 *     step.jsonl, hung.json             steps that may take long, and one that did not end (store/steps.ts)
 *
 * The state is exactly the fold of the journal over the snapshot. A first start writes a snapshot of the initial state, so a journal without a
 * snapshot always means a loss, and is refused like any other.
 *
 * The store has a version number (store/snapshot.ts). Opening a store of an earlier number upgrades it: a snapshot is written before anything is
 * appended, so that no journal continues from a snapshot of another number.
 */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { Low } from 'lowdb'
import { basename, join } from 'node:path'
import type { Event, State } from '../../core/index.js'
import { type Disk, type DiskFile, ifThere, systemDisk } from './disk.js'
import { attempt, refusedError, type StoreError } from './failure.js'
import { folding } from './fold.js'
import { cutTail, isJournal, journalPath, lineOf, readJournals, removeSuperseded } from './journal.js'
import { acquire, isRemainder, type Lock } from './lock.js'
import { type Processes, systemProcesses } from './processes.js'
import { type Format, FORMAT, type Snapshot, snapshotPath, type Snapshots, snapshots, unfinishedPath } from './snapshot.js'
import { adviceOn, eventName, hungEvent, openSteps, type OpenedSteps, type Steps } from './steps.js'

export type { Disk, DiskFile } from './disk.js'
export type { StoreError } from './failure.js'
export type { Process, Processes } from './processes.js'
export type { Format } from './snapshot.js'
export { type Contents, readReplay, readsAsJournal, readStore, type Replay } from './read.js'

export interface Store {
  /** The state when the store was opened. */
  readonly state: State
  /**
   * Makes the events durable, as one batch: once it resolves, a power cut cannot undo them. Batches are written in the order of the calls. After a
   * `Left` the contents of the journal are unknown, and it accepts no more: see `rescue`.
   */
  readonly append: (events: ReadonlyArray<Event>) => TE.TaskEither<StoreError, void>
  /**
   * Writes a snapshot, and removes the journal that it includes. `state` must be the fold of everything given to `append` before. Appends continue
   * meanwhile. After a `Left` nothing is lost; a `Left` of `append` says whether a rescue is needed. An abort of `signal` soon ends it with a `Left`,
   * and leaves the previous snapshot.
   */
  readonly snapshot: (state: State, signal?: AbortSignal) => TE.TaskEither<StoreError, void>
  /**
   * After a failed append: writes a snapshot and starts a new journal, so that nothing depends on the old one. `state` must be the fold of everything
   * given to `append`, whether that succeeded or not. After a `Left` it may be retried.
   */
  readonly rescue: (state: State) => TE.TaskEither<StoreError, void>
  /** Notes of steps that may take long. Without it, none are noted or passed over. */
  readonly steps?: Steps
  /** The bytes appended since the last snapshot. */
  readonly journalBytes: () => number
  /** The size of the last snapshot, in bytes. */
  readonly snapshotBytes: () => number
  /** Waits for running operations, and releases the folder. Idempotent. */
  readonly close: () => TE.TaskEither<StoreError, void>
}

export interface StoreOptions {
  readonly disk?: Disk
  /** Overrides today's format, to test what another version does. */
  readonly format?: Format
  /** Created if missing. */
  readonly folder: string
  /** The state of a new store. */
  readonly initial: () => State
  /** Called with one sentence about anything that an operator should know of what was found. */
  readonly onReport?: (message: string) => void
  readonly processes?: Processes
}

/**
 * Opens the store in a folder, for one process at a time.
 *
 * Fails with `Held` if another process uses the folder, with `Refused` if the store does not understand what is there, and with `Failed` if the
 * platform fails. `Held` and `Refused` leave everything unchanged.
 */
export const openStore = (options: StoreOptions): TE.TaskEither<StoreError, Store> => {
  const { disk = systemDisk, folder, format = FORMAT, onReport = () => undefined, processes = systemProcesses } = options
  return attempt(folder, async () => {
    await disk.makeFolder(folder)
    const lock = await acquire(disk, processes, folder)
    try {
      if (lock.replaced !== null)
        onReport(`process ${String(lock.replaced.pid)} ended without releasing the folder: stale lock replaced`)
      return await boot(disk, folder, format, options.initial(), onReport, lock)
    } catch (error) {
      await lock.release()
      throw error
    }
  })
}

const boot = async (
  disk: Disk,
  folder: string,
  format: Format,
  initial: State,
  onReport: (message: string) => void,
  lock: Lock
): Promise<Store> => {
  const writing: Writing = { signal: null }
  const { version } = format
  const adapter = snapshots(disk, folder, format, () => writing.signal?.aborted === true)
  const db = new Low<Snapshot>(adapter, { seq: 0, state: initial, version })
  const names = await disk.list(folder)
  if (names.includes(basename(snapshotPath(folder)))) await db.read()
  else if (names.some(isJournal))
    throw refusedError(snapshotPath(folder), 'it is missing, but a journal continues from it')
  else await db.write()

  const was = db.data
  const rules = { snapshot: was.version, version }
  const steps = await openSteps(disk, folder, names, onReport)
  if (steps.found !== null) onReport(`the last process ended while processing ${hungEvent(steps.found)}; ${adviceOn(steps.found)}`)
  const fold = folding(was.state, steps.passing, steps.reading)
  const { bytes, seq, torn } = await readJournals(disk, folder, rules, was.seq, fold.take).catch(async (error: unknown) => {
    await steps.abandon()
    throw error
  })
  const state = fold.state()
  if (torn !== null) {
    await cutTail(disk, torn)
    onReport(`${torn.path}: line ${String(torn.number)} was truncated: ${torn.why}`)
  }
  const remainders = names.filter((name) => name === basename(unfinishedPath(folder)) || isRemainder(name))
  for (const name of remainders) await ifThere(disk.remove(join(folder, name)), undefined)
  // A snapshot includes the event that was passed over, so no later fold meets it again.
  const isAnew = was.version !== version || fold.hasPassed()
  if (isAnew) {
    db.data = { seq, state, version }
    await db.write()
  }
  if (was.version !== version)
    onReport(`store upgraded from version ${String(was.version)} to ${String(version)}; older versions of tack cannot read it`)
  if (steps.passing !== null && steps.passing.seq > was.seq) {
    const { seq: batch } = steps.passing
    const event = `"${eventName(steps.passing)}"`
    onReport(
      fold.hasPassed()
        ? `${event} from batch ${String(batch)} of the journal was passed over, as requested`
        : `nothing was passed over: ${event} is not in batch ${String(batch)} of the journal`
    )
  }
  await steps.hasRead()
  await removeSuperseded(disk, folder, db.data.seq)
  const file = await beginJournal(disk, folder, seq + 1)
  return running({ adapter, bytes: isAnew ? 0 : bytes, db, disk, file, folder, lock, seq, state, steps, version, writing })
}

/** Opens the journal for batches from `first` on. It does not exist yet, or is empty. */
const beginJournal = async (disk: Disk, folder: string, first: number): Promise<DiskFile> => {
  const file = await disk.open(journalPath(folder, first), 'append')
  try {
    await disk.syncFolder(folder)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Runs tasks one after another, in the order of the calls. A failed task does not stop the next one. */
const inTurn = (): (<A>(task: () => Promise<A>) => Promise<A>) => {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task, task)
    last = result
    return result
  }
}

/** Controls the snapshot that is being written. */
interface Writing {
  /** Cancels it; `null` if it cannot be cancelled. */
  signal: AbortSignal | null
}

interface Opened {
  readonly adapter: Snapshots
  readonly bytes: number
  readonly db: Low<Snapshot>
  readonly disk: Disk
  readonly file: DiskFile
  readonly folder: string
  readonly lock: Lock
  readonly seq: number
  readonly state: State
  readonly steps: OpenedSteps
  readonly version: number
  readonly writing: Writing
}

const running = ({ adapter, bytes, db, disk, folder, lock, state, steps, version, writing, ...opened }: Opened): Store => {
  const onJournal = inTurn()
  const onSnapshot = inTurn()
  let { file, seq } = opened
  /** All bytes of journal ever written, and how many of them the snapshot includes. */
  let written = bytes
  let included = 0
  /** `Unknown`: a write failed, so the contents of the journal are unknown. */
  let journal: 'Usable' | 'Unknown' | 'Closed' = 'Usable'

  /** Applies `act` to the journal. Unless it succeeds, the contents of the journal are unknown. */
  const change = async <A>(act: () => Promise<A>): Promise<A> => {
    if (journal === 'Closed') throw new Error('the store is closed')
    journal = 'Unknown'
    const result = await act()
    journal = 'Usable'
    return result
  }

  const onUsable = <A>(act: () => Promise<A>): Promise<A> => {
    if (journal === 'Unknown') throw new Error('an earlier write failed, and no new journal has been started since')
    return change(act)
  }

  const save = async (snapshot: Omit<Snapshot, 'version'>, bytesIncluded: number, signal: AbortSignal | null = null): Promise<void> => {
    db.data = { ...snapshot, version }
    writing.signal = signal
    await db.write()
    included = bytesIncluded
    await removeSuperseded(disk, folder, snapshot.seq)
  }

  const begin = async (): Promise<void> => {
    const next = await beginJournal(disk, folder, seq + 1)
    const old = file
    file = next
    await old.close()
  }

  return {
    state,
    steps,
    append: (events) =>
      attempt(folder, () =>
        onJournal(() =>
          onUsable(async () => {
            seq += 1
            const line = lineOf(version, { events, seq })
            await file.append(line)
            await file.sync()
            written += line.length
          })
        )
      ),
    snapshot: (now, signal) =>
      attempt(folder, async () => {
        // The new journal starts in turn. The snapshot is written while appends continue.
        const { saved } = await onJournal(() =>
          onUsable(async () => {
            await begin()
            const includes = { seq, written }
            return { saved: onSnapshot(() => save({ seq: includes.seq, state: now }, includes.written, signal)) }
          })
        )
        await saved
      }),
    rescue: (now) =>
      attempt(folder, () =>
        onJournal(() =>
          change(async () => {
            // The snapshot comes first: the old journal may be torn, and only the snapshot makes it superfluous.
            await onSnapshot(() => save({ seq, state: now }, written))
            await begin()
            await removeSuperseded(disk, folder, seq)
          })
        )
      ),
    journalBytes: () => written - included,
    snapshotBytes: adapter.bytes,
    close: () =>
      attempt(folder, () =>
        onJournal(async () => {
          if (journal === 'Closed') return
          journal = 'Closed'
          await onSnapshot(() => Promise.resolve())
          try {
            await file.close()
            await steps.close()
          } finally {
            await lock.release()
          }
        })
      )
  }
}
