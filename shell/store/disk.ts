/**
 * The disk as the store needs it: a small port, so that tests can run the store on a simulated disk that forgets what was not made durable. A real
 * disk keeps everything through kill -9, and would hide a missing sync until the power fails.
 *
 * Two things are volatile until they are synced: the contents of a file (`DiskFile.sync`) and the names in a folder (`Disk.syncFolder`). Every
 * function rejects with the platform's error, which has a `code`.
 */
import { writeSync } from 'node:fs'
import { link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

export interface DiskFile {
  /** Appends all of `bytes`. */
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Appends a few bytes synchronously. They survive the end of the process, but not a power cut. @throws the platform's error. */
  readonly note: (bytes: Uint8Array) => void
  /** Reads at most `length` bytes from `position` on; none at the end. */
  readonly read: (position: number, length: number) => Promise<Buffer>
  readonly truncate: (length: number) => Promise<void>
  /** Makes the contents durable. After a failure nothing is known about them, and a second attempt may falsely succeed. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface Disk {
  /** Creates the folder and its parents if they are missing, and makes what it created durable. */
  readonly makeFolder: (path: string) => Promise<void>
  /** The names in the folder, in any order. */
  readonly list: (path: string) => Promise<ReadonlyArray<string>>
  /** `create` fails with EEXIST, `read` with ENOENT; `append` opens an existing file, or creates one. */
  readonly open: (path: string, mode: Mode) => Promise<DiskFile>
  /** Gives the file a second name; fails with EEXIST if the name is taken. */
  readonly link: (from: string, to: string) => Promise<void>
  /** Renames, and atomically replaces what was at `to`. */
  readonly rename: (from: string, to: string) => Promise<void>
  readonly remove: (path: string) => Promise<void>
  /** Makes the folder's entries durable. */
  readonly syncFolder: (path: string) => Promise<void>
}

const FLAGS = { append: 'a', create: 'wx', read: 'r' } as const

export type Mode = keyof typeof FLAGS

/** Opens the file, passes it to `act`, and always closes it. */
export const withFile = async <A>(disk: Disk, path: string, mode: Mode, act: (file: DiskFile) => Promise<A>): Promise<A> => {
  const file = await disk.open(path, mode)
  try {
    return await act(file)
  } finally {
    await file.close()
  }
}

/** The `code` of a platform error; `null` for anything else. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null

/** The result of `act`; `fallback` if it rejects because the file is missing. */
export const ifThere = <A, B>(act: Promise<A>, fallback: B): Promise<A | B> =>
  act.catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return fallback
    throw error
  })

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The disk of this machine. */
export const systemDisk: Disk = {
  makeFolder: async (path) => {
    const first = await mkdir(path, { recursive: true })
    if (first === undefined) return
    for (let made = resolve(path); made.length >= resolve(first).length; made = dirname(made)) await syncFolder(dirname(made))
  },
  list: (path) => readdir(path),
  open: async (path, mode) => {
    const handle = await open(path, FLAGS[mode])
    return {
      append: (bytes) => handle.appendFile(bytes),
      note: (bytes) => void writeSync(handle.fd, bytes),
      read: async (position, length) => {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
        return buffer.subarray(0, bytesRead)
      },
      truncate: (length) => handle.truncate(length),
      // fdatasync also writes the size. It does not write the times, which nobody uses.
      sync: () => handle.datasync(),
      close: () => handle.close()
    }
  },
  link,
  rename,
  remove: unlink,
  syncFolder
}
