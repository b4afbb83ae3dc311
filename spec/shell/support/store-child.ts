/**
 * A process that has a store and can be killed: it appends batches as fast as it can, takes snapshots in between, and says on
 * its standard output how many have been acknowledged, one number a line. The n-th batch moves the cursor to n.
 *
 *     node dist/spec/shell/support/store-child.js write FOLDER
 *
 * Or it opens a store and closes it again, and kills itself before the N-th change that it makes to it (its lock is not counted):
 *
 *     node dist/spec/shell/support/store-child.js open FOLDER N
 */
import { writeSync } from 'node:fs'
import { basename } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import {
  Config,
  defaults,
  initial,
  type Natural,
  type State,
  step,
  type StreamAdvanced,
  type TimeUs
} from '../../../core/index.js'
import { type Disk, type DiskFile, openStore } from '../../../shell/store/index.js'
import { systemDisk } from '../../../shell/store/disk.js'

const fail = (message: string): never => {
  writeSync(2, `${message}\n`)
  process.exit(1)
}

const config = Config.decode(defaults({ hostname: 'spindle.example', owner: 'did:plc:ownerownerownerownerowne' }))

/** The state that it begins with. */
export const begin = (): State => (E.isRight(config) ? initial(config.right) : fail('the configuration is not valid'))

/** The n-th batch. */
export const advance = (n: number): StreamAdvanced => ({
  _tag: 'StreamAdvanced',
  at: n as TimeUs,
  connection: 0 as Natural,
  count: 1 as Natural,
  firstUs: n as TimeUs,
  lastUs: n as TimeUs,
  ordinal: null
})

const SNAPSHOT_BYTES = 3_000

const main = async (folder: string): Promise<never> => {
  const opened = await openStore({ folder, initial: begin })()
  if (E.isLeft(opened)) return fail(`${opened.left._tag} ${opened.left.path}: ${opened.left.message}`)
  const store = opened.right
  let state: State = store.state
  let snapshot: Promise<void> | null = null
  for (let n = (state.cursor.cursor ?? 0) + 1; ; n++) {
    const saved = await store.append([advance(n)])()
    if (E.isLeft(saved)) return fail(saved.left.message)
    writeSync(1, `${String(n)}\n`)
    state = step(state, advance(n))[0]
    if (snapshot === null && store.journalBytes() > SNAPSHOT_BYTES)
      snapshot = store
        .snapshot(state)()
        .then((taken) => {
          if (E.isLeft(taken)) fail(taken.left.message)
          snapshot = null
        })
  }
}

/** A disk on which the process kills itself before that change. */
const mortalDisk = (until: number): Disk => {
  let left = until
  const change = <R>(path: string, act: () => Promise<R>): Promise<R> => {
    if (!basename(path).startsWith('lock')) left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
    return act()
  }
  const { open, remove, rename, syncFolder } = systemDisk
  const mortalFile = (path: string, { append, note, sync, truncate, ...file }: DiskFile): DiskFile => ({
    ...file,
    append: (bytes) => change(path, () => append(bytes)),
    note: (bytes) => {
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
      note(bytes)
    },
    sync: () => change(path, sync),
    truncate: (length) => change(path, () => truncate(length))
  })
  return {
    ...systemDisk,
    open: async (path, mode) => (mode === 'read' ? open(path, mode) : mortalFile(path, await change(path, () => open(path, mode)))),
    remove: (path) => change(path, () => remove(path)),
    rename: (from, to) => change(to, () => rename(from, to)),
    syncFolder: (path) => change(path, () => syncFolder(path))
  }
}

const openAndClose = async (folder: string, until: number): Promise<void> => {
  const opened = await openStore({ disk: mortalDisk(until), folder, initial: begin })()
  if (E.isLeft(opened)) return fail(`${opened.left._tag} ${opened.left.path}: ${opened.left.message}`)
  await opened.right.close()()
}

const [, , command, folder, until] = process.argv
if (command === 'write') void main(folder ?? fail('which folder?'))
if (command === 'open') void openAndClose(folder ?? fail('which folder?'), Number(until))
