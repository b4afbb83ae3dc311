/** How local builds end: their results are written once, and their files go. */
import { randomUUID } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { IS_ID, type LocalBuilds, SURELY_KEPT_MS } from './local-builds.js'
import { logName, removeFolder, workName, writeOnce } from './local-files.js'
import { Cancel, Hand, readFileOf, Result } from './local-records.js'
import { endGroup, isAlive, signalTo } from './local-processes.js'

const DIED = 'The runner ended without a result.'

/** How long beyond the grace a runner may take to report its end. */
const RUNNER_GRACE_MS = 10_000

export const CANCELLED = { error: null, exitCode: null, status: 'cancelled' } as const

export type Ended = Pick<Result, 'error' | 'exitCode' | 'status'>

export interface LocalEnds {
  readonly fail: (error: string) => Ended
  readonly finish: (id: string, outcome: Ended, token?: string) => Promise<void>
  readonly finishUnrun: (id: string, token: string, error?: string) => Promise<void>
  readonly isToEnd: (id: string) => Promise<boolean>
  readonly over: (id: string) => Promise<void>
  readonly prune: () => Promise<void>
  readonly release: (id: string, token: string) => Promise<void>
  readonly resultOf: (id: string) => Promise<Result | null>
}

export const createLocalEnds = ({ folderOf, places, root, settings, warn, work }: LocalBuilds): LocalEnds => {
  const { graceMs, keepBuilds, keepMs } = settings
  const { nowMs, say } = work

  /** Removes the working folders of a build: all of them, or that of one token. */
  const clear = async (id: string, token = ''): Promise<void> => {
    for (const entry of await readdir(folderOf(id)))
      if (entry.startsWith(workName(token))) await removeFolder(join(folderOf(id), entry)).catch((error: unknown) => warn('build folder could not be removed', error))
  }

  /** Cleans up after a build with a result, and frees its place. */
  const over = async (id: string): Promise<void> => {
    places.leave(id)
    await clear(id)
  }

  /** Records how the build ended, unless somebody has, and cleans up. Nobody works under `token` any more. */
  const finish = async (id: string, outcome: Pick<Result, 'error' | 'exitCode' | 'status'>, token?: string): Promise<void> => {
    // This first, as it may be what fills the disk. Nothing is known from it: whoever comes after a crash between the two says the same.
    await clear(id, token)
    await writeOnce(folderOf(id), 'result.json', { endedMs: nowMs(), ...outcome })
    await over(id)
  }

  const fail = (error: string) => ({ error: say(error), exitCode: null, status: 'failed' }) as const

  const isToEnd = async (id: string): Promise<boolean> => (await readFileOf(Cancel, folderOf(id), 'cancel.json')) !== null

  /** Releases a build of which no step has run: it begins anew. */
  const release = async (id: string, token: string): Promise<void> => {
    const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
    if (hand?.token === token) await rm(join(folderOf(id), 'claim.json'), { force: true })
    await rm(join(folderOf(id), logName(token)), { force: true })
    await removeFolder(join(folderOf(id), workName(token)))
  }

  /** Records the end of a build of which no step has run; if not even that can be written, it begins anew. */
  const finishUnrun = async (id: string, token: string, error = DIED): Promise<void> => {
    try {
      await finish(id, (await isToEnd(id)) ? CANCELLED : fail(error), token)
    } catch (reason) {
      try {
        const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
        const isOurs = hand === null || hand.token === token || !(await isAlive(hand))
        // A tack that was killed may have filled the disk. If it has left a runner that has not said who it is, that finds no room for it either.
        if (isOurs && (await readFileOf(Hand, folderOf(id), 'runner.json')) === null) await clear(id)
        // As long as it bears our claim, it seems to run.
        await release(id, token)
      } finally {
        // Only now: nobody else may start it in between.
        places.leave(id)
      }
      throw reason
    }
  }

  /** How the build ended; `null` while it runs. Ends a build whose runner is gone. */
  const resultOf = async (id: string): Promise<Result | null> => {
    const folder = folderOf(id)
    const said = await readFileOf(Result, folder, 'result.json')
    if (said !== null) return said
    const runner = await readFileOf(Hand, folder, 'runner.json')
    if (runner === null) return null
    if (await isAlive(runner)) {
      const cancel = await readFileOf(Cancel, folder, 'cancel.json')
      if (cancel === null || nowMs() < cancel.atMs + graceMs + RUNNER_GRACE_MS) return null
      // It does not respond. Only SIGKILL ends a stopped process.
      signalTo(runner.process.pid, 'SIGKILL', 'group')
    }
    // Its result may have been written between the two checks.
    const last = await readFileOf(Result, folder, 'result.json')
    if (last === null) {
      await endGroup(runner)
      await finish(id, (await isToEnd(id)) ? CANCELLED : fail(DIED), runner.token).catch((error: unknown) => {
        // Nothing runs, though that cannot be written. Whoever asks how the build stands has it tried again.
        places.leave(id)
        throw error
      })
    }
    return last ?? (await readFileOf(Result, folder, 'result.json'))
  }

  /** When builds have ended, as far as that was read. */
  const known = new Map<string, number>()

  const endOf = async (id: string): Promise<number | null> => {
    const endedMs = known.get(id) ?? (await readFileOf(Result, folderOf(id), 'result.json').catch(() => null))?.endedMs ?? null
    if (endedMs !== null) known.set(id, endedMs)
    return endedMs
  }

  /** Removes builds beyond the limits of number and age. */
  const prune = async (): Promise<void> => {
    const ended: Array<{ readonly endedMs: number; readonly id: string }> = []
    for (const id of await readdir(root)) {
      if (work.signal.aborted) return
      // It has not ended. Thousands may wait, and this is done after each.
      if (!IS_ID.test(id) || places.isWaiting(id) || places.active.has(id)) continue
      const endedMs = await endOf(id)
      if (endedMs !== null) ended.push({ endedMs, id })
    }
    const now = nowMs()
    ended.sort((a, b) => b.endedMs - a.endedMs)
    for (const [index, { endedMs, id }] of ended.entries()) {
      if ((index < keepBuilds && endedMs > now - keepMs) || endedMs > now - SURELY_KEPT_MS) continue
      known.delete(id)
      const gone = join(root, `gone-${randomUUID()}`)
      await rename(folderOf(id), gone)
      await removeFolder(gone)
    }
  }

  return { fail, finish, finishUnrun, isToEnd, over, prune, release, resultOf }
}
