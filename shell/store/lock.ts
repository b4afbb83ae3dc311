/**
 * The lock: one process per store.
 *
 * A file that says who holds the folder. It appears complete or not at all, because it is written under another name and then
 * linked, and linking fails when the name is taken. It outlives a process that is killed, so whether its holder is still there
 * is asked of the system; a number may have been given to another process since, so the time at which the process began is
 * compared, too.
 *
 * A dead holder's lock is replaced by whoever gets the claim on it, which is a lock of its own, `lock.claim-<token of the
 * dead>`: only its holder may replace that lock, by renaming the claim to it. So two processes that start at one time cannot
 * both find the same dead holder and then remove each other's locks.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { canonical, Natural } from '../../core/index.js'
import { codeOf, type Disk, ifThere, withFile } from './disk.js'
import { held } from './failure.js'
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
    /** When the process began; its number may be given again. `null` where the system does not say. */
    startedAt: t.union([t.string, t.null]),
    /** Becomes part of a file name. */
    token: Token
  },
  'Lock'
)
type Holder = t.TypeOf<typeof Holder>

// ---------------------------------------------------------------------------------------- the lock

export interface Lock {
  /** The process whose lock this one replaces: it is gone, and did not release it. */
  readonly replaced: Process | null
  readonly release: () => Promise<void>
}

/** What is left of a lock that was being taken. Whoever has the lock may remove these. */
export const isRemainder = (name: string): boolean => name.startsWith('lock.new-') || name.startsWith('lock.claim-')

/** Who holds what is at `path`; `null` when there is nothing. */
const holderOf = async (disk: Disk, path: string): Promise<Holder | null> => {
  const bytes = await ifThere(
    withFile(disk, path, 'read', (file) => file.read(0, 4096)),
    null
  )
  if (bytes === null) return null
  const holder = decodeText(Holder, bytes.toString())
  if (E.isLeft(holder)) throw held(path, 'not a lock file of tack; delete it if no other process uses the folder')
  return holder.right
}

/** Takes the lock of the folder, at once or not at all. */
export const acquire = async (disk: Disk, processes: Processes, folder: string): Promise<Lock> => {
  const mine = { ...(await processes.self()), token: randomUUID() }
  const path = join(folder, 'lock')
  const unlinked = join(folder, `lock.new-${mine.token}`)

  /** Whether the file could be made: complete, with us as its holder. */
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
          // Whoever has the lock has just tidied up.
          if (codeOf(error) === 'ENOENT') return make(at)
          throw error
        }
      )
    } finally {
      await ifThere(disk.remove(unlinked), undefined)
    }
  }

  /** Makes the file ours; resolves with its dead holder, if there was one. */
  const take = async (at: string): Promise<Process | null> => {
    if (await make(at)) return null
    const other = await holderOf(disk, at)
    if (other === null) return take(at)
    const name = `process ${String(other.pid)} on host ${other.hostname}`
    if (other.hostname !== mine.hostname)
      throw held(path, `${name} uses this folder; if you are certain that it is gone, delete this file`)
    if (!(await processes.isGone(other))) throw held(path, `${name} uses this folder; stop it first`)
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
