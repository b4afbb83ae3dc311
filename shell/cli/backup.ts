/**
 * `tack backup` and `tack restore`: copies a store into one folder, and makes a store from it again.
 *
 * A backup is a store as a clean stop leaves it: one snapshot, and the files of providers. It can be made while tack runs. The state is read first
 * and the files are copied after that, so the files of every build that the state counts as started are included. A build that starts in between has
 * files as well, so it is found by them and not started twice.
 *
 * A restored folder gets an empty journal first: tack never starts with a journal and no snapshot, so nobody takes half of a backup for a new store.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { OrderedMap } from '../../core/index.js'
import { type Contents, readStore, type StoreError } from '../store/index.js'
import { ifThere, systemDisk, withFile } from '../store/disk.js'
import { attempt, heldError } from '../store/failure.js'
import { journalPath } from '../store/journal.js'
import { acquire } from '../store/lock.js'
import { systemProcesses } from '../store/processes.js'
import { FORMAT, snapshots } from '../store/snapshot.js'
import { storeTrouble } from './finding.js'

type Print = (text: string) => void

const PROVIDERS = 'providers'

// ---------------------------------------------------------------------------------------- files

/** Files that are useless elsewhere: working folders of builds, and files that are being written or removed. */
const IS_PASSING = /^(?:work|new|gone)-|\.json\.[0-9a-f-]{36}$/

/**
 * The order in which the files of a build are copied. An earlier file must not be older than a later one: a build with a claim but without a runner
 * starts again, and one with a result must have its complete log.
 */
const ORDER = ['request.json', 'claim.json', 'cancel.json', 'runner.json', 'result.json']
const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)

const copyFile = async (from: string, to: string): Promise<number> => {
  const bytes = await ifThere(readFile(from), null)
  if (bytes === null) return 0
  await withFile(systemDisk, to, 'create', async (file) => {
    await file.append(bytes)
    await file.sync()
  })
  return bytes.length
}

/** Copies a folder that others may be writing to. A folder that disappears meanwhile is left out with all its files. @returns the number of bytes. */
const copyFolder = async (from: string, to: string): Promise<number> => {
  const entries = await ifThere(readdir(from, { withFileTypes: true }), [])
  if (entries.length === 0) return 0
  await systemDisk.makeFolder(to)
  let bytes = 0
  for (const entry of entries.sort((a, b) => rank(a.name) - rank(b.name))) {
    if (IS_PASSING.test(entry.name)) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) bytes += await copyFolder(source, target)
    else if (entry.isFile()) bytes += await copyFile(source, target)
  }
  if ((await ifThere(stat(from), null)) === null) {
    await rm(to, { force: true, recursive: true })
    return 0
  }
  await systemDisk.syncFolder(to)
  return bytes
}

/** Rejects if a file of a provider cannot be read. All of them are JSON, except logs. */
const checkFiles = async (folder: string): Promise<void> => {
  for (const entry of await ifThere(readdir(folder, { withFileTypes: true }), [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await checkFiles(path)
    else {
      const text = await readFile(path, 'utf8')
      if (!entry.name.endsWith('.json')) continue
      try {
        JSON.parse(text)
      } catch {
        throw new Error(`${path} is not JSON`)
      }
    }
  }
}

// ---------------------------------------------------------------------------------------- stores

const orThrow = async <A>(task: TE.TaskEither<StoreError, A>): Promise<A> => {
  const result = await task()
  if (E.isRight(result)) return result.right
  throw new Error(storeTrouble(result.left, 'read'))
}

/** Reads a whole backup. Rejects if any of it cannot be read. */
const readAll = async (folder: string): Promise<Contents> => {
  const contents = await orThrow(readStore(folder))
  await checkFiles(join(folder, PROVIDERS))
  return contents
}

const countOf = (count: number, what: string): string => `${String(count)} ${what}${count === 1 ? '' : 's'}`

const sentenceOf = ({ seq, state }: Contents, bytes: number): string => {
  const [accounts, runs] = [OrderedMap.size(state.commits.accounts), OrderedMap.size(state.builds.runs)]
  return `${countOf(accounts, 'account')} and ${countOf(runs, 'run')} as of batch ${String(seq)}, and ${countOf(bytes, 'byte')} of provider files`
}

/** Runs `act`, and returns the exit code: 0, or 1 after an error message. */
const reportingErrors = async (complain: Print, act: () => Promise<void>): Promise<number> => {
  try {
    await act()
    return 0
  } catch (error) {
    complain(`error: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}

/** The names in a folder; `null` if it does not exist. */
const namesIn = (folder: string): Promise<ReadonlyArray<string> | null> => ifThere(systemDisk.list(folder), null)

/** Copies the store to `into`. The folder appears only when the copy is complete and has been read back. */
export const backup = (store: string, into: string, print: Print, complain: Print): Promise<number> =>
  reportingErrors(complain, async () => {
    const to = resolve(into)
    const isInside = !relative(store, to).startsWith('..')
    if (isInside) throw new Error(`${to} is inside the store: name a folder elsewhere`)
    if (((await namesIn(to)) ?? []).length > 0) throw new Error(`${to} is not empty: name a folder that does not exist yet`)
    const { seq, state } = await orThrow(readStore(store))
    const aside = join(dirname(to), `.${basename(to)}.unfinished-${String(process.pid)}`)
    try {
      await systemDisk.makeFolder(aside)
      const bytes = await copyFolder(join(store, PROVIDERS), join(aside, PROVIDERS))
      await snapshots(systemDisk, aside).write({ seq, state, version: FORMAT.version })
      const read = await readAll(aside)
      await rename(aside, to)
      await systemDisk.syncFolder(dirname(to))
      print(`${to}: ${sentenceOf(read, bytes)}. All of it has been read back.`)
    } finally {
      await rm(aside, { force: true, recursive: true })
    }
  })

/** Makes a store from a backup, in an empty folder. */
export const restore = (from: string, store: string, print: Print, complain: Print): Promise<number> =>
  reportingErrors(complain, async () => {
    const source = resolve(from)
    if (!((await namesIn(source)) ?? []).includes('state.json')) throw new Error(`${source} is not a backup of tack: it has no state.json`)
    const { seq, state } = await readAll(source)
    const bytes = await orThrow(
      attempt(store, async () => {
        await systemDisk.makeFolder(store)
        const lock = await acquire(systemDisk, systemProcesses, store)
        try {
          const others = (await systemDisk.list(store)).filter((name) => name !== 'lock')
          if (others.length > 0) throw heldError(store, `it is not empty (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''}): restore into an empty folder`)
          await (await systemDisk.open(journalPath(store, seq + 1), 'append')).close()
          await systemDisk.syncFolder(store)
          const copied = await copyFolder(join(source, PROVIDERS), join(store, PROVIDERS))
          await snapshots(systemDisk, store).write({ seq, state, version: FORMAT.version })
          return copied
        } finally {
          await lock.release()
        }
      })
    )
    print(`${store}: ${sentenceOf(await readAll(store), bytes)}.`)
  })
