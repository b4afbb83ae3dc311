/**
 * Looking at a store without having it: no lock is taken, nothing is changed, and the process that has it need not know.
 * What is read is durable, or becomes so at this moment.
 */
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { Event, type State, step } from '../../core/index.js'
import { type Disk, systemDisk, withFile } from './disk.js'
import { attempt, type StoreError } from './failure.js'
import { type Batch, readJournal, readJournals } from './journal.js'
import { decodeText } from './json.js'
import { linesOf } from './lines.js'
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

// ---------------------------------------------------------------------------------------- one journal, or a trace

export interface Replay {
  readonly events: ReadonlyArray<Event>
  /** The state before the first of `events`; `null` when it is not known, because there is no snapshot beside the file. */
  readonly start: State | null
}

/** A trace: one event a line. */
const readTrace = (disk: Disk, path: string): Promise<Replay> =>
  withFile(disk, path, 'read', async (file) => {
    const events: Array<Event> = []
    for await (const line of linesOf(file)) {
      const event = decodeText(Event, line.bytes.toString())
      if (E.isLeft(event)) throw new Error(`line ${String(line.number)}: ${event.left}`)
      events.push(event.right)
    }
    return { events, start: null }
  })

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

const BATCH = '{"seq":'

/**
 * The events in a journal of a store, after what a snapshot beside it includes; or those of a trace, which has one event a
 * line.
 */
export const readReplay = (path: string, disk = systemDisk): TE.TaskEither<StoreError, Replay> =>
  attempt(path, async () => {
    const beginning = await withFile(disk, path, 'read', (file) => file.read(0, BATCH.length))
    return beginning.toString() === BATCH ? replayOf(disk, path) : readTrace(disk, path)
  })
