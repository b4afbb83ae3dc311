/** Starts local builds: the process that claims a build prepares its files and starts its runner. After a crash, everything on disk is recovered. */
import type * as t from 'io-ts'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemDisk } from '../store/disk.js'
import { systemProcesses } from '../store/processes.js'
import { wordsOf } from './common.js'
import { ASIDE, IS_ID, isOurs, type LocalBuilds, LOOK_MS, SURELY_KEPT_MS } from './local-builds.js'
import { CANCELLED, type LocalEnds } from './local-ends.js'
import { openLog, removeFolder, replaceFile, workName, writeOnce } from './local-files.js'
import { Hand, readFileOf, Request } from './local-records.js'
import { isAlive } from './local-processes.js'
import type { Surroundings } from './provider.js'

export interface LocalStarts {
  /** Starts a build that has got a slot. */
  readonly begin: (id: string) => void
  /** Recovers everything on disk, after a crash or a restart. */
  readonly recover: () => Promise<void>
  /** While builds are queued, checks whether running ones that are not our children have ended. */
  readonly watch: () => Promise<void>
}

export const createLocalStarts = (
  builds: LocalBuilds,
  { fail, finish, finishUnrun, isToEnd, over, prune, release, resultOf }: LocalEnds,
  { checkout, runnerFile }: { readonly checkout: Surroundings['checkout']; readonly runnerFile: string }
): LocalStarts => {
  const { children, folderOf, places, preparing, root, settings, warn, work } = builds
  const { graceMs, logBytes } = settings
  const { nowMs, say } = work

  /** Claims the build; `false` if somebody else has. */
  const claim = async (id: string, token: string): Promise<boolean> => {
    const hand = { process: await systemProcesses.self(), token }
    if (await writeOnce(folderOf(id), 'claim.json', hand)) return true
    const other = await readFileOf(Hand, folderOf(id), 'claim.json')
    if (other !== null && (await isAlive(other))) return false
    await replaceFile(folderOf(id), 'claim.json', hand)
    return true
  }

  /** Checks out the files, and logs that. Resolves with why the build cannot continue; `null` if it can. */
  const prepare = async (id: string, token: string, request: t.TypeOf<typeof Request>, signal: AbortSignal): Promise<string | null> => {
    const { build, key, plan } = request
    const place = join(folderOf(id), workName(token))
    for (const inner of ['source', 'home', 'tmp']) await mkdir(join(place, inner), { mode: 0o700, recursive: true })
    const lines = openLog(folderOf(id), token, logBytes, nowMs)
    const what = { command: '', kind: 'system', name: 'Checkout' } as const
    try {
      lines.step(0, 'start', what)
      if (plan.clone.skip) lines.text(0, 'stdout', 'The workflow skips the checkout.')
      else await checkout({ build, key, plan }, join(place, 'source'), signal)
      return null
    } catch (error) {
      const words = say(wordsOf(error))
      lines.text(0, 'stderr', words)
      return `The files could not be checked out: ${words}`
    } finally {
      try {
        lines.step(0, 'end', what)
      } finally {
        lines.close()
      }
    }
  }

  const run = (id: string, token: string): void => {
    const child = spawn(process.execPath, [runnerFile, folderOf(id), token, String(graceMs), String(logBytes)], {
      cwd: folderOf(id),
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin' },
      stdio: 'ignore'
    })
    // The runner may outlive this process.
    child.unref()
    children.set(id, child)
    const ended = (): void => {
      children.delete(id)
      if (work.signal.aborted) return
      const look = async (): Promise<void> => {
        const result = await resultOf(id)
        if (result !== null) await over(id)
        // The runner ended before it could write its runner.json; or it was the second one, and the first one, of a tack that was killed, goes on.
        else if ((await readFileOf(Hand, folderOf(id), 'runner.json')) === null) await finishUnrun(id, token)
        await prune()
      }
      work.track(look()).catch((error: unknown) => warn('build could not be finished', error))
    }
    child.once('error', ended)
    child.once('exit', ended)
  }

  const launch = async (id: string, token: string): Promise<void> => {
    const folder = folderOf(id)
    const stopping = new AbortController()
    preparing.set(id, () => stopping.abort())
    try {
      if (!(await claim(id, token))) {
        places.vacate(id)
        return
      }
      const request = await readFileOf(Request, folder, 'request.json')
      if (request === null) throw new Error('request.json is missing')
      const failure = (await isToEnd(id)) ? null : await prepare(id, token, request, AbortSignal.any([work.signal, stopping.signal]))
      if (await isToEnd(id)) await finish(id, CANCELLED, token)
      else if (work.signal.aborted) await release(id, token)
      else if (failure !== null) await finish(id, fail(failure), token)
      else run(id, token)
    } finally {
      preparing.delete(id)
    }
  }

  const begin = (id: string): void => {
    const token = randomUUID()
    work.track(launch(id, token)).catch((error: unknown) => {
      warn('build could not be started', error)
      const ending = finishUnrun(id, token, `The build could not be started: ${wordsOf(error)}`)
      work.track(ending).catch((reason: unknown) => warn('result of a failed start could not be written', reason))
    })
  }

  const watch = async (): Promise<void> => {
    while (places.isAnyWaiting() && !work.signal.aborted) {
      await work.pause(LOOK_MS)
      for (const id of [...places.active])
        if (!isOurs(builds, id) && (await resultOf(id).catch(() => null)) !== null)
          await over(id).catch((error: unknown) => warn(`the build in ${id} could not be cleaned up`, error))
    }
  }

  const recover = async (): Promise<void> => {
    await systemDisk.makeFolder(root)
    const waiting: Array<{ readonly account: string; readonly createdMs: number; readonly id: string }> = []
    const look = async (entry: string): Promise<void> => {
      if (ASIDE.test(entry)) {
        // It may be about to become a build.
        if ((await stat(join(root, entry))).mtimeMs < Date.now() - SURELY_KEPT_MS) await removeFolder(join(root, entry))
      } else if (IS_ID.test(entry)) {
        const request = await readFileOf(Request, folderOf(entry), 'request.json')
        if (request === null) return
        const account = request.plan.repository.owner
        if ((await resultOf(entry)) !== null) await over(entry)
        else if ((await readFileOf(Hand, folderOf(entry), 'runner.json')) !== null) places.occupy(entry, account)
        else waiting.push({ account, createdMs: request.createdMs, id: entry })
      }
    }
    // A build may have damaged its own files; that must not hide the others.
    for (const entry of await readdir(root)) {
      // There may be thousands. A stop need not wait: the next start recovers them.
      if (work.signal.aborted) return
      await look(entry).catch((error: unknown) => warn(`the build in ${entry} could not be inspected`, error))
    }
    await prune()
    for (const { account, id } of waiting.sort((a, b) => a.createdMs - b.createdMs)) {
      const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
      if (hand === null || !(await isAlive(hand))) places.enqueue(id, account)
    }
  }

  return { begin, recover, watch }
}
