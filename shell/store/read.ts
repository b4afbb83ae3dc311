/**
 * Looking at a store without having it: no lock is taken, nothing is changed, and the process that has it need not know.
 * What is read is durable, or becomes so at this moment.
 */
import { dirname } from 'node:path'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { type Event, type State, step } from '../../core/index.js'
import { type Disk, systemDisk, withFile } from './disk.js'
import { attempt, type StoreError } from './failure.js'
import { type Batch, readJournal, readJournals } from './journal.js'
import { snapshots } from './snapshot.js'

/** The state after `events`. Effects of what has happened long ago are nobody's business. */
export const after = (state: State, events: ReadonlyArray<Event>): State =>
  events.reduce((before, event) => step(before, event)[0], state)

// ---------------------------------------------------------------------------------------- the state

export interface Contents {
  /** How many batches there have been. */
  readonly seq: number
  readonly state: State
}

/** How often a reading begins again because files were replaced meanwhile. */
const ATTEMPTS = 10

const readOnce = async (disk: Disk, folder: string): Promise<Contents> => {
  const snapshot = await snapshots(disk, folder).read()
  if (snapshot === null) throw new Error('there is no store of tack here')
  let { state } = snapshot
  const { seq } = await readJournals(disk, folder, snapshot.seq, ({ events }) => (state = after(state, events)))
  return { seq, state }
}

const readAgain = (disk: Disk, folder: string, attempts: number): Promise<Contents> =>
  readOnce(disk, folder).catch((error: unknown) => {
    if (attempts > 1) return readAgain(disk, folder, attempts - 1)
    throw error
  })

/** What the store in `folder` holds, also while another process has it. A torn tail is passed over. */
export const readStore = (folder: string, disk = systemDisk): TE.TaskEither<StoreError, Contents> =>
  attempt(folder, () => readAgain(disk, folder, ATTEMPTS))

// ---------------------------------------------------------------------------------------- one journal

export interface Replay {
  readonly events: ReadonlyArray<Event>
  /** The state before the first of `events`; `null` when it is not known, because there is no snapshot beside the file. */
  readonly start: State | null
}

const replayOf = async (disk: Disk, path: string): Promise<Replay> => {
  const batches: Array<Batch> = []
  await readJournal(disk, path, (batch) => batches.push(batch))
  const snapshot = await snapshots(disk, dirname(path)).read()
  if (snapshot === null) return { events: batches.flatMap(({ events }) => events), start: null }

  const first = batches[0]?.seq ?? 0
  let start = snapshot.state
  await readJournals(disk, dirname(path), snapshot.seq, ({ events, seq }) => {
    if (seq < first) start = after(start, events)
  })
  return { events: batches.filter(({ seq }) => seq > snapshot.seq).flatMap(({ events }) => events), start }
}

/** The events in a journal of a store, after what a snapshot beside it includes. */
export const readReplay = (path: string, disk = systemDisk): TE.TaskEither<StoreError, Replay> => attempt(path, () => replayOf(disk, path))

const BATCH = '{"seq":'

/** Whether the file begins as a journal does, or is as empty as one that was just begun. */
export const readsAsJournal = (path: string, disk = systemDisk): TE.TaskEither<StoreError, boolean> =>
  attempt(path, () => withFile(disk, path, 'read', async (file) => BATCH.startsWith((await file.read(0, BATCH.length)).toString())))
