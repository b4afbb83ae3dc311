/**
 * Builds on this machine: the steps of the workflow, as child processes in a temporary checkout. Off unless the operator turns it on: whoever may
 * push can then run anything here, as the user that runs tack (shell/deploy/providers/local.md).
 *
 * Everything is on disk (local-files.ts), and the steps run in a process of their own (local-runner.ts). Nothing is kept in memory that is not
 * found again after a crash: waiting builds wait again, in their order; builds in preparation are prepared again; running ones are followed; those
 * whose runner has died have failed.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOf, systemDisk } from '../store/disk.js'
import { decode, decodeText } from '../store/json.js'
import { systemProcesses } from '../store/lock.js'
import { createWork, wordsOf } from './common.js'
import { Cancel, Hand, Line, logName, openLog, readFileOf, removeFolder, replaceFile, Request, Result, workName, writeOnce } from './local-files.js'
import type { Job, Kind, LogLine, Missing, Progress, Provider, Surroundings, Uncertain } from './provider.js'

// ---------------------------------------------------------------------------------------- settings

const Settings = t.intersection(
  [
    t.strict({}),
    t.partial({
      /** How many builds run at a time. 2 by default. */
      concurrent: t.Int,
      /** How long steps may take to end when told to. 10 by default. */
      graceSeconds: t.number,
      /** How many ended builds are kept. 200 by default. */
      keepBuilds: t.Int,
      /** How long ended builds are kept. 14 by default. */
      keepDays: t.number,
      /** How much of a build's log is kept. 2 MiB by default. */
      logBytes: t.Int
    })
  ],
  'Settings'
)

export interface LocalSettings {
  readonly concurrent: number
  readonly graceMs: number
  readonly keepBuilds: number
  readonly keepMs: number
  readonly logBytes: number
  /** The compiled local-runner.ts, if it is not beside this file. */
  readonly runner?: string
}

const RUNNER = fileURLToPath(new URL('./local-runner.js', import.meta.url))

/** How often files are polled while somebody is interested. */
const LOOK_MS = 200

/** A build that ended less than this ago is kept in any case: somebody may be about to ask for its result. */
const SURELY_KEPT_MS = 3_600_000

/** How long beyond the grace a runner may take to report its end. */
const RUNNER_GRACE_MS = 10_000

const DIED = 'The runner ended without a result.'

// ---------------------------------------------------------------------------------------- folders

/** The folder name of a build: keys may be longer than file names. */
const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 40)

const IS_ID = /^[0-9a-f]{40}$/

/** Folders that are not builds yet, or not any more, until they are removed. */
const ASIDE = /^(?:new|gone)-/

/** Signals the process, or the whole group that it leads. A missing one is no error. */
const signalTo = (pid: number, signal: NodeJS.Signals, whom: 'group' | 'process'): void => {
  try {
    process.kill(whom === 'group' ? -pid : pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

/** The boot of the machine that a process belongs to: the part before the slash of its start time. */
const bootOf = (startedAt: string | null): string | null => startedAt?.split('/')[0] ?? null

/**
 * Ends what a dead runner has left behind. Its number is that of the group, and is not given again while anybody is in the group: if
 * there is a process of that number now, or the machine was started again, nobody is.
 */
const endGroup = async ({ process: runner }: Hand): Promise<void> => {
  const self = await systemProcesses.self()
  if (bootOf(self.startedAt) !== bootOf(runner.startedAt) || self.hostname !== runner.hostname) return
  const isThere = await systemProcesses.isGone({ ...runner, startedAt: null }).then((isGone) => !isGone)
  if (!isThere) signalTo(runner.pid, 'SIGKILL', 'group')
}

// ---------------------------------------------------------------------------------------- the provider

export const createLocal = (settings: LocalSettings, surroundings: Pick<Surroundings, 'checkout' | 'clock' | 'folder' | 'log' | 'name'>): Provider => {
  const { concurrent, graceMs, keepBuilds, keepMs, logBytes, runner: runnerFile = RUNNER } = settings
  const { checkout, clock, folder: root, log, name } = surroundings
  const work = createWork({ clock, secrets: [] })
  const { nowMs, say, uncertain } = work

  /** Waiting builds, in order. */
  let queue: ReadonlyArray<string> = []
  /** Builds in preparation or running. */
  const active = new Set<string>()
  /** Aborts the preparation of a build. */
  const preparing = new Map<string, () => void>()
  /** The runners started by this process. */
  const children = new Map<string, ChildProcess>()
  let isWatching = false

  const folderOf = (id: string): string => join(root, id)

  const isAlive = async ({ process: holder }: Hand): Promise<boolean> => !(await systemProcesses.isGone(holder))

  const warn = (what: string, error: unknown): void => log.warn(what, { error: say(wordsOf(error)), provider: name })

  // -------------------------------------------------------------------------------------- the end of builds

  /** Removes the working folders of a build: all of them, or that of one token. */
  const clear = async (id: string, token = ''): Promise<void> => {
    for (const entry of await readdir(folderOf(id)))
      if (entry.startsWith(workName(token))) await removeFolder(join(folderOf(id), entry)).catch((error: unknown) => warn('build folder could not be removed', error))
  }

  /** Frees a place for another build. */
  const leave = (id: string): void => {
    active.delete(id)
    queue = queue.filter((one) => one !== id)
    wake()
  }

  /** Cleans up after a build with a result, and frees its place. */
  const over = async (id: string): Promise<void> => {
    leave(id)
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
  const CANCELLED = { error: null, exitCode: null, status: 'cancelled' } as const

  const isToEnd = async (id: string): Promise<boolean> => (await readFileOf(Cancel, folderOf(id), 'cancel.json')) !== null

  /** Releases a build of which no step has run: it begins anew. */
  const release = async (id: string, token: string): Promise<void> => {
    const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
    if (hand?.token === token) await rm(join(folderOf(id), 'claim.json'), { force: true })
    await rm(join(folderOf(id), logName(token)), { force: true })
    await removeFolder(join(folderOf(id), workName(token)))
  }

  /** Records the end of a build of which no step has run; if not even that can be written, it begins anew. */
  const finishUnrun = async (id: string, token: string, error: string): Promise<void> => {
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
        leave(id)
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
        leave(id)
        throw error
      })
    }
    return last ?? (await readFileOf(Result, folder, 'result.json'))
  }

  /** Removes builds beyond the limits of number and age. */
  const prune = async (): Promise<void> => {
    const ended: Array<{ readonly endedMs: number; readonly id: string }> = []
    for (const id of await readdir(root)) {
      const result = IS_ID.test(id) ? await readFileOf(Result, folderOf(id), 'result.json').catch(() => null) : null
      if (result !== null) ended.push({ endedMs: result.endedMs, id })
    }
    const now = nowMs()
    ended.sort((a, b) => b.endedMs - a.endedMs)
    for (const [index, { endedMs, id }] of ended.entries()) {
      if ((index < keepBuilds && endedMs > now - keepMs) || endedMs > now - SURELY_KEPT_MS) continue
      const gone = join(root, `gone-${randomUUID()}`)
      await rename(folderOf(id), gone)
      await removeFolder(gone)
    }
  }

  // -------------------------------------------------------------------------------------- the beginning of builds

  /** Claims the build; `false` when somebody else has. */
  const claim = async (id: string, token: string): Promise<boolean> => {
    const hand = { process: await systemProcesses.self(), token }
    if (await writeOnce(folderOf(id), 'claim.json', hand)) return true
    const other = await readFileOf(Hand, folderOf(id), 'claim.json')
    if (other !== null && (await isAlive(other))) return false
    await replaceFile(folderOf(id), 'claim.json', hand)
    return true
  }

  /** Checks out the files, and logs that. Resolves with why the build cannot go on; `null` when it can. */
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
    // It may outlive this process.
    child.unref()
    children.set(id, child)
    const ended = (): void => {
      children.delete(id)
      if (work.signal.aborted) return
      const look = async (): Promise<void> => {
        const result = await resultOf(id)
        if (result !== null) await over(id)
        // It ended before it could say who it is, unless it came second: then the first goes on, one of a tack that was killed.
        else if ((await readFileOf(Hand, folderOf(id), 'runner.json')) === null) await finishUnrun(id, token, DIED)
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
    const stop = (): void => stopping.abort()
    preparing.set(id, stop)
    work.signal.addEventListener('abort', stop)
    try {
      if (!(await claim(id, token))) {
        active.delete(id)
        return
      }
      const request = await readFileOf(Request, folder, 'request.json')
      if (request === null) throw new Error('request.json is missing')
      const failure = (await isToEnd(id)) ? null : await prepare(id, token, request, stopping.signal)
      if (await isToEnd(id)) await finish(id, CANCELLED, token)
      else if (work.signal.aborted) await release(id, token)
      else if (failure !== null) await finish(id, fail(failure), token)
      else run(id, token)
    } finally {
      work.signal.removeEventListener('abort', stop)
      preparing.delete(id)
    }
  }

  /** Starts as many builds as allowed. */
  const wake = (): void => {
    while (active.size < concurrent && !work.signal.aborted) {
      const [id, ...rest] = queue
      if (id === undefined) break
      queue = rest
      active.add(id)
      const token = randomUUID()
      work.track(launch(id, token)).catch((error: unknown) => {
        warn('build could not be started', error)
        const ending = finishUnrun(id, token, `The build could not be started: ${wordsOf(error)}`)
        work.track(ending).catch((reason: unknown) => warn('result of a failed start could not be written', reason))
      })
    }
    if (queue.length > 0 && !isWatching && !work.signal.aborted) {
      isWatching = true
      work.track(watch()).catch((error: unknown) => warn('local builds are no longer supervised', error))
    }
  }

  /** While builds wait, checks whether running ones that are not our children have ended. */
  const watch = async (): Promise<void> => {
    while (queue.length > 0 && !work.signal.aborted) {
      await work.pause(LOOK_MS)
      for (const id of [...active])
        if (!children.has(id) && !preparing.has(id) && (await resultOf(id).catch(() => null)) !== null)
          await over(id).catch((error: unknown) => warn(`the build in ${id} could not be cleared up after`, error))
    }
    isWatching = false
  }

  const enqueue = (id: string): void => {
    if (active.has(id) || queue.includes(id)) return
    queue = [...queue, id]
    wake()
  }

  /** Recovers everything on disk, after a crash or a restart. */
  const recover = async (): Promise<void> => {
    await systemDisk.makeFolder(root)
    const waiting: Array<{ readonly createdMs: number; readonly id: string }> = []
    const look = async (entry: string): Promise<void> => {
      if (ASIDE.test(entry)) {
        // It may be about to become a build.
        if ((await stat(join(root, entry))).mtimeMs < Date.now() - SURELY_KEPT_MS) await removeFolder(join(root, entry))
      } else if (IS_ID.test(entry)) {
        const request = await readFileOf(Request, folderOf(entry), 'request.json')
        if (request === null) return
        if ((await resultOf(entry)) !== null) await over(entry)
        else if ((await readFileOf(Hand, folderOf(entry), 'runner.json')) !== null) active.add(entry)
        else waiting.push({ createdMs: request.createdMs, id: entry })
      }
    }
    // A build may have damaged its own files; that must not hide the others.
    for (const entry of await readdir(root)) await look(entry).catch((error: unknown) => warn(`the build in ${entry} could not be looked at`, error))
    await prune()
    for (const { id } of waiting.sort((a, b) => a.createdMs - b.createdMs)) {
      const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
      if (hand === null || !(await isAlive(hand))) enqueue(id)
    }
  }

  const ready = work.track(
    recover().catch((error: unknown) => {
      warn('folder of local builds could not be read', error)
    })
  )

  // -------------------------------------------------------------------------------------- answers

  const requestOf = (job: Job) => readFileOf(Request, folderOf(idOf(job.key)), 'request.json')

  /** Runs `act` after the recovery; a rejection is uncertain. */
  const answer = <A>(act: () => Promise<A>): Promise<A | Uncertain> =>
    work.track(
      ready
        .then<A | Uncertain>(() => (work.signal.aborted ? uncertain('tack is shutting down') : act()))
        .catch((error: unknown) => uncertain(error))
    )

  const standing = async (job: Job): Promise<Missing | Progress> => {
    const id = idOf(job.key)
    if ((await requestOf(job)) === null) return { _tag: 'Missing' }
    const result = await resultOf(id)
    // Nobody else reports the end of a runner that is not our child.
    if (result !== null && active.has(id) && !children.has(id) && !preparing.has(id)) await over(id)
    if (result !== null) return { error: result.error, exitCode: result.exitCode, external: id, status: result.status }
    const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
    const isRunning = hand !== null && ((await readFileOf(Hand, folderOf(id), 'runner.json')) !== null || (await isAlive(hand)))
    // Its starter is gone.
    if (!isRunning) enqueue(id)
    return { error: null, exitCode: null, external: id, status: isRunning ? 'running' : 'pending' }
  }

  const start = async (job: Job): ReturnType<Provider['start']> => {
    const { build, key, plan } = job
    if (plan.steps.length === 0) return work.refuse('The workflow has no steps to run.')
    const id = idOf(key)
    if ((await requestOf(job)) === null) {
      const aside = join(root, `new-${randomUUID()}`)
      try {
        await systemDisk.makeFolder(aside)
        await writeOnce(aside, 'request.json', { build, createdMs: nowMs(), key, plan })
        await rename(aside, folderOf(id)).catch((error: unknown) => {
          // A concurrent call won.
          if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
        })
      } finally {
        // It is the build's by now, or nobody's.
        await removeFolder(aside)
      }
      await systemDisk.syncFolder(root)
      enqueue(id)
    }
    return { _tag: 'Accepted', external: id }
  }

  const cancel = async (job: Job): ReturnType<Provider['cancel']> => {
    const id = idOf(job.key)
    if ((await requestOf(job)) === null || (await resultOf(id)) !== null) return { _tag: 'Heard' }
    await writeOnce(folderOf(id), 'cancel.json', { atMs: nowMs() })
    const runner = await readFileOf(Hand, folderOf(id), 'runner.json')
    if (runner !== null) {
      if (await isAlive(runner)) signalTo(runner.process.pid, 'SIGTERM', 'process')
      return { _tag: 'Heard' }
    }
    preparing.get(id)?.()
    children.get(id)?.kill('SIGTERM')
    if (!active.has(id) && (await readFileOf(Hand, folderOf(id), 'claim.json')) === null) await finish(id, CANCELLED)
    return { _tag: 'Heard' }
  }

  /** The whole lines in the `size` bytes that have been written from `at` on, and where they end. */
  const linesSince = async (
    path: string,
    at: number,
    size = 262_144
  ): Promise<{ readonly at: number; readonly lines: ReadonlyArray<LogLine> }> => {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, at)
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1
      // A line may be longer: that of a step holds all of its command.
      if (end === 0 && bytesRead === size) return await linesSince(path, at, 2 * size)
      const lines = buffer
        .subarray(0, end)
        .toString()
        .split('\n')
        .map((line) => decodeText(Line, line))
      return { at: at + end, lines: lines.flatMap((line) => (E.isRight(line) ? [line.right] : [])) }
    } finally {
      await file.close()
    }
  }

  /** The token under which the build was started; `null` while it waits. */
  const tokenOf = async (id: string): Promise<string | null> =>
    (await readFileOf(Hand, folderOf(id), 'runner.json'))?.token ?? (await readFileOf(Hand, folderOf(id), 'claim.json'))?.token ?? null

  async function* logs(job: Job, signal: AbortSignal): AsyncGenerator<LogLine> {
    const id = idOf(job.key)
    const isOver = (): boolean => signal.aborted || work.signal.aborted
    const openSteps = new Map<number, LogLine & { readonly _tag: 'Step' }>()
    let steps = 0
    let at = 0
    await ready
    while (!isOver()) {
      try {
        if ((await requestOf(job)) === null) return yield* work.note(steps, 'The log is gone: the build was removed.')
        // In this order: what is read after the build has ended is all of it.
        const hasResult = (await readFileOf(Result, folderOf(id), 'result.json')) !== null
        const token = await tokenOf(id)
        const path = token === null ? null : join(folderOf(id), logName(token))
        let isAll = path === null || !existsSync(path)
        while (path !== null && !isAll && !isOver()) {
          const read = await linesSince(path, at)
          isAll = read.at === at
          at = read.at
          for (const line of read.lines) {
            if (line._tag === 'Step') {
              steps = Math.max(steps, line.step + 1)
              if (line.status === 'start') openSteps.set(line.step, line)
              else openSteps.delete(line.step)
            }
            yield line
          }
        }
        if (isOver()) return
        if (hasResult) {
          // A killed runner could not end its step.
          for (const step of openSteps.values()) yield { ...step, status: 'end', timeMs: nowMs() }
          if (steps === 0) yield* work.note(0, 'The build ended before it began.')
          return
        }
      } catch (error) {
        return yield* work.note(steps, `The log cannot be read: ${say(wordsOf(error))}`)
      }
      await work.pause(LOOK_MS, signal)
    }
  }

  return {
    cancel: (job) => answer(() => cancel(job)),
    check: async () => {
      const checked = await answer(async () => {
        await systemDisk.makeFolder(root)
        await access(root, constants.R_OK | constants.W_OK | constants.X_OK)
        await access(runnerFile, constants.R_OK)
        return `Builds run on this machine as ${userInfo().username}, at most ${String(concurrent)} at a time.`
      })
      return typeof checked === 'string' ? { isFine: true, sentence: checked } : { isFine: false, sentence: `Builds cannot run here: ${checked.error}.` }
    },
    close: work.close,
    // It answers from files of its own, so it always knows.
    settleMs: 0,
    find: (job) =>
      answer(async () => ((await requestOf(job)) === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: idOf(job.key) })),
    follow: (job, external, report) => {
      let hasRun = false
      return work.poll(
        LOOK_MS,
        () => answer(() => standing(job)),
        (progress) => {
          // A build may run and end between two polls; report both all the same.
          if (!hasRun && progress.exitCode !== null) report({ error: null, exitCode: null, external, status: 'running' })
          hasRun ||= progress.status === 'running'
          report({ ...progress, external })
        }
      )
    },
    logs: (job, _external, signal) => logs(job, signal),
    name,
    start: (job) => answer(() => start(job))
  }
}

const isWithin = (value: number, low: number, high: number): boolean => value >= low && value <= high

const DAY_MS = 86_400_000

export const local: Kind = {
  kind: 'local',
  make: (settings, surroundings) => {
    const known = decode(Settings, settings)
    if (E.isLeft(known)) return known
    const { concurrent = 2, graceSeconds = 10, keepBuilds = 200, keepDays = 14, logBytes = 2_097_152 } = known.right
    if (!isWithin(concurrent, 1, 100)) return E.left('"concurrent" must be from 1 to 100')
    if (!isWithin(graceSeconds, 0, 300)) return E.left('"graceSeconds" must be from 0 to 300')
    if (!isWithin(keepBuilds, 0, 10_000)) return E.left('"keepBuilds" must be from 0 to 10000')
    if (!isWithin(keepDays, 0, 3_650)) return E.left('"keepDays" must be from 0 to 3650')
    if (!isWithin(logBytes, 1_024, 1_073_741_824)) return E.left('"logBytes" must be from 1024 to 1073741824')
    return E.right(createLocal({ concurrent, graceMs: graceSeconds * 1000, keepBuilds, keepMs: keepDays * DAY_MS, logBytes }, surroundings))
  }
}
