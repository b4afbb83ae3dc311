/**
 * The files of a store on a simulated disk, and the life that is written into them.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import type { Event, State } from '../../../core/index.js'
import { type Contents, type Disk, openStore, type Process, type Processes, type Store, type StoreError } from '../../../shell/store/index.js'
import { FORMAT } from '../../../shell/store/snapshot.js'
import { type Image, randomOf, type SimulatedDisk, simulatedDisk } from './disk.js'
import { after, batchesOf, lifeOf, start, written } from './store-events.js'

export const right = <A>(result: E.Either<StoreError, A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left._tag} ${result.left.path}: ${result.left.message}`)
  return result.right
}

export const left = <A>(result: E.Either<StoreError, A>): StoreError => {
  if (E.isRight(result)) throw new Error('it succeeded')
  return result.left
}

export const initial = () => start

/** A state that was read, in its written form. The shape of trees is no part of it. */
export const contents = ({ seq, state }: Contents) => ({ seq, state: written(state) })

export const appendAll = async (store: Store, batches: ReadonlyArray<ReadonlyArray<Event>>): Promise<State> => {
  for (const batch of batches) right(await store.append(batch)())
  return batches.reduce(after, store.state)
}

export const closed = async (store: Store): Promise<void> => right(await store.close()())

export const LIFE = lifeOf(7, 24)
export const BATCHES = batchesOf(LIFE, randomOf(7))
export const STATES = BATCHES.reduce<ReadonlyArray<State>>(
  (states, batch) => [...states, after(states[states.length - 1] ?? start, batch)],
  [start]
)
export const LAST = STATES[STATES.length - 1] ?? start

export const JOURNAL = /^journal-\d{16}\.jsonl$/
export const journalName = (first: number): string => `journal-${String(first).padStart(16, '0')}.jsonl`

export const FOLDER = '/store'

export const processOf = (pid: number, hostname = 'host'): Process => ({ hostname, pid, startedAt: null })

/** The process of that number, on a host where these others are gone. */
export const processes = (pid: number, gone: (pid: number) => boolean = () => true): Processes => ({
  isGone: (other) => Promise.resolve(gone(other.pid)),
  self: () => Promise.resolve(processOf(pid))
})

export const openOn = (disk: Disk, onReport: (message: string) => void = () => undefined, format = FORMAT) =>
  openStore({ disk, folder: FOLDER, format, initial, onReport, processes: processes(1) })()

export const diskOf = (image: Image): SimulatedDisk => simulatedDisk({ from: image, seed: 1 })

/** The files of a store in which all batches have happened, the first `inSnapshot` of them before the snapshot. */
export const imageOf = async (inSnapshot: number, batches = BATCHES): Promise<Image> => {
  const disk = diskOf(new Map())
  const store = right(await openOn(disk))
  const state = await appendAll(store, batches.slice(0, inSnapshot))
  right(await store.snapshot(state)())
  await appendAll(store, batches.slice(inSnapshot))
  await closed(store)
  return disk.now()
}

export const withFile = (image: Image, name: string, contents: Buffer | string): Image =>
  new Map([...image, [name, Buffer.from(contents)]])
export const withoutFile = (image: Image, name: string): Image => new Map([...image].filter(([other]) => other !== name))
export const fileIn = (image: Image, name: string): Buffer => image.get(name) ?? expect.fail(`no ${name}`)
