/**
 * Reads a store without taking its lock and without changing anything; a process that uses the store does not notice. What is read is durable, or is
 * becoming durable at this moment.
 */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { dirname } from 'node:path'
import type { Event, State } from '../../core/index.js'
import { type Disk, systemDisk, withFile } from './disk.js'
import { attempt, type StoreError } from './failure.js'
import { folding } from './fold.js'
import { type Batch, readJournal, readJournals } from './journal.js'
import { type Format, FORMAT, snapshots } from './snapshot.js'
import { readPassing } from './steps.js'

// ---------------------------------------------------------------------------------------- the state

export interface Contents {
  /** The number of batches so far. */
  readonly seq: number
  readonly state: State
}

/** How often to start again because files were replaced during the read. */
const ATTEMPTS = 10

const readOnce = async (disk: Disk, folder: string, format: Format): Promise<Contents> => {
  const snapshot = await snapshots(disk, folder, format).read()
  if (snapshot === null) throw new Error('there is no store here: name its folder with --store or TACK_DB_PATH')
  const rules = { snapshot: snapshot.version, version: format.version }
  const { state, take } = folding(snapshot.state, await readPassing(disk, folder))
  const { seq } = await readJournals(disk, folder, rules, snapshot.seq, take)
  return { seq, state: state() }
}

const readAgain = (disk: Disk, folder: string, format: Format, attempts: number): Promise<Contents> =>
  readOnce(disk, folder, format).catch((error: unknown) => {
    if (attempts > 1) return readAgain(disk, folder, format, attempts - 1)
    throw error
  })

/** Reads the store in `folder`, even while another process uses it. Skips a torn tail. */
export const readStore = (folder: string, disk = systemDisk, format = FORMAT): TE.TaskEither<StoreError, Contents> =>
  attempt(folder, () => readAgain(disk, folder, format, ATTEMPTS))

// ---------------------------------------------------------------------------------------- one journal

export interface Replay {
  readonly events: ReadonlyArray<Event>
  /** The state before the first of `events`; `null` if there is no snapshot beside the file. */
  readonly start: State | null
}

const replayOf = async (disk: Disk, path: string, format: Format): Promise<Replay> => {
  const folder = dirname(path)
  const snapshot = await snapshots(disk, folder, format).read()
  const rules = { snapshot: snapshot?.version ?? null, version: format.version }
  const batches: Array<Batch> = []
  await readJournal(disk, path, rules, snapshot?.seq ?? 0, (batch) => Promise.resolve(void batches.push(batch)))
  if (snapshot === null) return { events: batches.flatMap(({ events }) => events), start: null }

  const [first, last] = [batches[0]?.seq ?? 0, batches.at(-1)?.seq ?? 0]
  const { state, take } = folding(snapshot.state, await readPassing(disk, folder))
  let start = snapshot.state
  const events: Array<Event> = []
  await readJournals(disk, folder, rules, snapshot.seq, async (batch) => {
    if (batch.seq === first) start = state()
    if (batch.seq > last) return
    const folded = await take(batch)
    if (batch.seq >= first) for (const event of folded) events.push(event)
  })
  return { events, start }
}

/** Reads the events of a journal that the snapshot beside it does not include. */
export const readReplay = (path: string, disk = systemDisk, format = FORMAT): TE.TaskEither<StoreError, Replay> =>
  attempt(path, () => replayOf(disk, path, format))

/** The beginning of a batch: of today's version, and of versions 1 and 2. */
const BATCH = /^\{"(version":\d+,"seq|seq)":/
const BATCH_LENGTH = 40

/** Whether the file begins like a journal, or is empty, like one that was just started. */
export const readsAsJournal = (path: string, disk = systemDisk): TE.TaskEither<StoreError, boolean> =>
  attempt(path, () =>
    withFile(disk, path, 'read', async (file) => {
      const beginning = (await file.read(0, BATCH_LENGTH)).toString()
      return beginning === '' || BATCH.test(beginning)
    })
  )
