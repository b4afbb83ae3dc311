/**
 * The lock: one process per store.
 *
 * The lock is a file that names the process that uses the folder. It is written under another name and then linked, so it appears complete or not at
 * all, and linking fails if another lock exists. The file survives if its process is killed, so the system is asked whether the process still runs.
 * Another process may have its pid by now, so the start time is compared, too.
 *
 * To replace the lock of a dead process, a process first takes a claim on it. The claim is a lock of its own, `lock.claim-<token of the dead one>`.
 * Only its holder may replace the dead lock, by renaming the claim to it. So two processes that start at the same time cannot both find a dead lock
 * and then remove each other's new ones.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { canonical, Natural } from '../../core/index.js'
import { codeOf, type Disk, ifThere, withFile } from './disk.js'
import { heldError } from './failure.js'
import { decodeText } from './json.js'
import type { Process, Processes } from './processes.js'

interface TokenBrand {
  readonly Token: unique symbol
}
const TOKEN = /^[0-9a-f-]{36}$/
const Token = t.brand(t.string, (s): s is t.Branded<string, TokenBrand> => TOKEN.test(s), 'Token')

const Holder = t.strict(
  {
    hostname: t.string,
    pid: Natural,
    /** When the process began, because its pid may be reused; `null` if the system does not say. */
    startedAt: t.union([t.string, t.null]),
    /** Becomes part of a file name. */
    token: Token
  },
  'Lock'
)
type Holder = t.TypeOf<typeof Holder>

// ---------------------------------------------------------------------------------------- the lock

export interface Lock {
  /** The process whose lock this one replaces: it has ended without releasing it. */
  readonly replaced: Process | null
  readonly release: () => Promise<void>
}

/** Files of a lock that was being taken. The holder of the lock may remove them. */
export const isRemainder = (name: string): boolean => name.startsWith('lock.new-') || name.startsWith('lock.claim-')

/** The holder of the lock at `path`; `null` if there is no file. */
const holderOf = async (disk: Disk, path: string): Promise<Holder | null> => {
  const bytes = await ifThere(
    withFile(disk, path, 'read', (file) => file.read(0, 4096)),
    null
  )
  if (bytes === null) return null
  const holder = decodeText(Holder, bytes.toString())
  if (E.isLeft(holder)) throw heldError(path, 'not a lock file of tack; delete it if no other process uses the folder')
  return holder.right
}

/** Takes the lock of the folder, or fails at once. */
export const acquire = async (disk: Disk, processes: Processes, folder: string): Promise<Lock> => {
  const mine = { ...(await processes.self()), token: randomUUID() }
  const path = join(folder, 'lock')
  const unlinked = join(folder, `lock.new-${mine.token}`)

  /** Creates the complete file, with this process as its holder. Resolves with `false` if a file is there. */
  const make = async (at: string): Promise<boolean> => {
    try {
      await withFile(disk, unlinked, 'create', async (file) => {
        await file.append(Buffer.from(canonical(mine)))
        await file.sync()
      })
      return await disk.link(unlinked, at).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === 'EEXIST') return false
          // The holder of the lock has just removed our file as a remainder.
          if (codeOf(error) === 'ENOENT') return make(at)
          throw error
        }
      )
    } finally {
      await ifThere(disk.remove(unlinked), undefined)
    }
  }

  /** Takes the lock at `at`. Resolves with the dead process whose lock it replaces; `null` if there is none. */
  const take = async (at: string): Promise<Process | null> => {
    if (await make(at)) return null
    const other = await holderOf(disk, at)
    if (other === null) return take(at)
    const name = `process ${String(other.pid)} on host ${other.hostname}`
    if (other.hostname !== mine.hostname)
      throw heldError(path, `${name} uses this folder; if you are certain that it is gone, delete this file`)
    if (!(await processes.isGone(other))) throw heldError(path, `${name} uses this folder; stop it first`)
    const claim = join(folder, `lock.claim-${other.token}`)
    await take(claim)
    if ((await holderOf(disk, at))?.token === other.token) {
      await disk.rename(claim, at)
      return other
    }
    await ifThere(disk.remove(claim), undefined)
    return take(at)
  }

  const replaced = await take(path)
  return {
    replaced,
    release: async () => {
      if ((await holderOf(disk, path))?.token === mine.token) await disk.remove(path)
    }
  }
}
