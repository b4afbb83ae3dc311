/**
 * Builds on this machine: runs the steps of a workflow as child processes in a temporary checkout. Off unless the operator turns it on: whoever may
 * push can then run anything here, as the user that runs tack (shell/deploy/providers/local.md).
 *
 * Everything is on disk (local-files.ts), and the steps run in a process of their own (local-runner.ts). Nothing is kept only in memory. After a
 * crash, queued builds are queued again, builds in preparation are prepared again, and running ones are followed; those whose runner has died have
 * failed.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, rename } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createQueue } from '../lib/queue.js'
import { codeOf, systemDisk } from '../store/disk.js'
import { createWork, wordsOf } from './common.js'
import { AT_A_TIME, createPlaces, idOf, isOurs, type LocalBuilds, type LocalSettings, LOOK_MS } from './local-builds.js'
import { CANCELLED, createLocalEnds } from './local-ends.js'
import { removeFolder, writeOnce } from './local-files.js'
import { Hand, readFileOf, Request } from './local-records.js'
import { createLocalLogs } from './local-logs.js'
import { isAlive, signalTo } from './local-processes.js'
import { createLocalStarts } from './local-starts.js'
import type { Job, Kind, Missing, Progress, Provider, Surroundings, Uncertain } from './provider.js'
import { defineKind, numberFrom } from './settings.js'

// ---------------------------------------------------------------------------------------- settings

const SETTINGS = {
  /** How many builds may run at a time. */
  concurrent: numberFrom(1, 100, 2, true),
  /** How long steps may take to end after a cancel. */
  graceSeconds: numberFrom(0, 300, 10),
  /** How many ended builds to keep. */
  keepBuilds: numberFrom(0, 10_000, 200, true),
  /** How long to keep ended builds, in days. */
  keepDays: numberFrom(0, 3_650, 14),
  /** How much of a build's log to keep, in bytes. */
  logBytes: numberFrom(1_024, 1_073_741_824, 2_097_152, true)
}

const RUNNER = fileURLToPath(new URL('./local-runner.js', import.meta.url))

// ---------------------------------------------------------------------------------------- the provider

export const createLocal = (settings: LocalSettings, surroundings: Pick<Surroundings, 'checkout' | 'clock' | 'folder' | 'log' | 'name'>): Provider => {
  const { concurrent, runner: runnerFile = RUNNER } = settings
  const { checkout, clock, folder: root, log, name } = surroundings
  const work = createWork({ clock, secrets: [] })
  const { nowMs, uncertain } = work
  const warn = (what: string, error: unknown): void => log.warn(what, { error: work.say(wordsOf(error)), provider: name })

  let isWatching = false
  const watch = (): void => {
    if (isWatching) return
    isWatching = true
    const watching = starts.watch().then(() => {
      isWatching = false
    })
    work.track(watching).catch((error: unknown) => warn('local builds are no longer supervised', error))
  }
  const places = createPlaces(concurrent, () => work.signal.aborted, (id) => starts.begin(id), watch)
  work.signal.addEventListener('abort', places.close)
  const builds: LocalBuilds = {
    children: new Map(),
    folderOf: (id) => join(root, id),
    places,
    preparing: new Map(),
    root,
    settings,
    warn,
    work
  }
  const { folderOf } = builds
  const ends = createLocalEnds(builds)
  const starts = createLocalStarts(builds, ends, { checkout, runnerFile })
  const ready = work.track(starts.recover().catch((error: unknown) => warn('folder of local builds could not be read', error)))
  const logs = createLocalLogs(builds, ready)

  // -------------------------------------------------------------------------------------- answers

  const requestOf = (job: Job) => readFileOf(Request, folderOf(idOf(job.key)), 'request.json')

  const turns = createQueue(AT_A_TIME)
  const inTurn = <A>(act: () => Promise<A>): Promise<A> =>
    new Promise((resolve, reject) => turns.add(() => act().then(resolve, reject)))

  /** Runs `act` in turn, once the recovery is done. A rejection becomes uncertain. */
  const answer = <A>(act: () => Promise<A>): Promise<A | Uncertain> =>
    work.track(
      ready
        .then(() => inTurn<A | Uncertain>(async () => (work.signal.aborted ? uncertain('tack is shutting down') : act())))
        .catch((error: unknown) => uncertain(error))
    )

  const standing = async (job: Job): Promise<Missing | Progress> => {
    const id = idOf(job.key)
    // Thousands may be queued: read no files for them.
    if (places.isWaiting(id)) return { error: null, exitCode: null, external: id, status: 'pending' }
    if ((await requestOf(job)) === null) return { _tag: 'Missing' }
    const result = await ends.resultOf(id)
    // Nobody else reports the end of a runner that is not our child.
    if (result !== null && places.active.has(id) && !isOurs(builds, id)) await ends.over(id)
    if (result !== null) return { error: result.error, exitCode: result.exitCode, external: id, status: result.status }
    const hand = await readFileOf(Hand, folderOf(id), 'claim.json')
    const isRunning = hand !== null && ((await readFileOf(Hand, folderOf(id), 'runner.json')) !== null || (await isAlive(hand)))
    // The tack that started it is gone.
    if (!isRunning) places.enqueue(id, job.plan.repository.owner)
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
        // After the rename, or if it failed, this name is no longer needed.
        await removeFolder(aside)
      }
      await systemDisk.syncFolder(root)
      places.enqueue(id, plan.repository.owner)
    }
    return { _tag: 'Accepted', external: id }
  }

  const cancel = async (job: Job): ReturnType<Provider['cancel']> => {
    const id = idOf(job.key)
    if ((await requestOf(job)) === null || (await ends.resultOf(id)) !== null) return { _tag: 'Acknowledged' }
    await writeOnce(folderOf(id), 'cancel.json', { atMs: nowMs() })
    const runner = await readFileOf(Hand, folderOf(id), 'runner.json')
    if (runner !== null) {
      if (await isAlive(runner)) signalTo(runner.process.pid, 'SIGTERM', 'process')
      return { _tag: 'Acknowledged' }
    }
    builds.preparing.get(id)?.()
    builds.children.get(id)?.kill('SIGTERM')
    if (!places.active.has(id) && (await readFileOf(Hand, folderOf(id), 'claim.json')) === null) await ends.finish(id, CANCELLED)
    return { _tag: 'Acknowledged' }
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
    // The answers come from files of its own, so they are always right.
    settleMs: 0,
    find: (job) =>
      answer(async () => ((await requestOf(job)) === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: idOf(job.key) })),
    follow: (job, external, report) => {
      let hasRun = false
      let isKnown = false
      return work.poll(
        LOOK_MS,
        async () => {
          // While the build is queued, there is nothing new to see.
          if (isKnown) await places.whenBegun(idOf(job.key))
          isKnown = true
          return answer(() => standing(job))
        },
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

const DAY_MS = 86_400_000

export const local: Kind = defineKind({
  create: ({ concurrent, graceSeconds, keepBuilds, keepDays, logBytes }, surroundings) =>
    createLocal({ concurrent, graceMs: graceSeconds * 1000, keepBuilds, keepMs: keepDays * DAY_MS, logBytes }, surroundings),
  kind: 'local',
  reads: { pipeline: 'ignored', settings: [], steps: 'required' },
  settings: SETTINGS
})
