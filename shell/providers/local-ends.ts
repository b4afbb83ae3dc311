/** Ends local builds: records each result once, and removes files. */
import { randomUUID } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { IS_ID, type LocalBuilds, SURELY_KEPT_MS } from './local-builds.js'
import { logName, removeFolder, workName, writeOnce } from './local-files.js'
import { Cancel, Hand, readFileOf, Result } from './local-records.js'
import { endGroup, isAlive, signalTo } from './local-processes.js'

const DIED = 'The runner ended without a result.'

/** How long after the grace period a runner may take to report its end. */
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

  /** Cleans up after a build with a result, and frees its slot. */
  const over = async (id: string): Promise<void> => {
    places.leave(id)
    await clear(id)
  }

  /** Records how the build ended, unless that is recorded, and cleans up. Nobody may still be working under `token`. */
  const finish = async (id: string, outcome: Pick<Result, 'error' | 'exitCode' | 'status'>, token?: string): Promise<void> => {
    // Clear first, because these files may be what fills the disk. It loses nothing: after a crash between the two, the next process records the same
    // result.
    await clear(id, token)
    await writeOnce(folderOf(id), 'result.json', { endedMs: nowMs(), ...outcome })
    await over(id)
  }

  const fail = (error: string) => ({ error: say(error), exitCode: null, status: 'failed' }) as const

  const isToEnd = async (id: string): Promise<boolean> => (await readFileOf(Cancel, folderOf(id), 'cancel.json')) !== null

  /** Releases a build that has run no step, so that it starts again. */
  const release = async (id: string, token: string): Promise<void> => {
    const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
    if (hand?.token === token) await rm(join(folderOf(id), 'claim.json'), { force: true })
    await rm(join(folderOf(id), logName(token)), { force: true })
    await removeFolder(join(folderOf(id), workName(token)))
  }

  /** Records the end of a build that has run no step. If even that cannot be written, the build starts again. */
  const finishUnrun = async (id: string, token: string, error = DIED): Promise<void> => {
    try {
      await finish(id, (await isToEnd(id)) ? CANCELLED : fail(error), token)
    } catch (reason) {
      try {
        const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
        const isOurs = hand === null || hand.token === token || !(await isAlive(hand))
        // A tack that was killed may have filled the disk. A runner that it left behind and that has not written its runner.json cannot write it
        // either.
        if (isOurs && (await readFileOf(Hand, folderOf(id), 'runner.json')) === null) await clear(id)
        // The build seems to be running as long as it carries our claim.
        await release(id, token)
      } finally {
        // Only now, so that nobody else starts it in between.
        places.leave(id)
      }
      throw reason
    }
  }

  /** How the build ended; `null` while it runs. Ends a build whose runner is gone. */
  const resultOf = async (id: string): Promise<Result | null> => {
    const folder = folderOf(id)
    const recorded = await readFileOf(Result, folder, 'result.json')
    if (recorded !== null) return recorded
    const runner = await readFileOf(Hand, folder, 'runner.json')
    if (runner === null) return null
    if (await isAlive(runner)) {
      const cancel = await readFileOf(Cancel, folder, 'cancel.json')
      if (cancel === null || nowMs() < cancel.atMs + graceMs + RUNNER_GRACE_MS) return null
      // The runner does not respond. Only SIGKILL ends a stopped process.
      signalTo(runner.process.pid, 'SIGKILL', 'group')
    }
    // Its result may have been written between the two checks.
    const last = await readFileOf(Result, folder, 'result.json')
    if (last === null) {
      await endGroup(runner)
      await finish(id, (await isToEnd(id)) ? CANCELLED : fail(DIED), runner.token).catch((error: unknown) => {
        // Nothing runs, although that could not be written. The next poll of the build tries again.
        places.leave(id)
        throw error
      })
    }
    return last ?? (await readFileOf(Result, folder, 'result.json'))
  }

  /** A cache of the times at which builds ended. */
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
      // It has not ended. Skip it without reading a file: thousands may wait, and this runs after each build.
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
