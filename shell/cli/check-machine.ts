/** Checks this machine: the store, and git. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, open, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { excerpt, OrderedMap } from '../../core/index.js'
import { codeOf, systemDisk } from '../store/disk.js'
import { readStore } from '../store/index.js'
import { decodeText } from '../store/json.js'
import { systemProcesses } from '../store/processes.js'
import { adviceOn, hungEvent, lastHung } from '../store/steps.js'
import { ANSWER_MS, fullStop, type Finding, fine, wordsOf, wrong } from './finding.js'
import type { RunOptions } from './options.js'

const Holder = t.type({ hostname: t.string, pid: t.Int, startedAt: t.union([t.string, t.null]) }, 'Lock')

/** The process that uses the folder, in words; `null` if none does. */
const holderOf = async (folder: string): Promise<{ readonly isRunning: boolean; readonly words: string } | null> => {
  const text = await readFile(join(folder, 'lock'), 'utf8').catch(() => null)
  if (text === null) return null
  const holder = decodeText(Holder, text)
  if (E.isLeft(holder)) return { isRunning: false, words: 'it contains a file "lock" that tack did not write: remove it before tack can start' }
  const { hostname, pid } = holder.right
  const self = await systemProcesses.self()
  const who = `process ${String(pid)} on host ${excerpt(hostname)}`
  if (hostname !== self.hostname)
    return { isRunning: false, words: `it is locked by ${who}: if that is certainly gone, delete its file "lock" so that tack can start` }
  return (await systemProcesses.isGone({ hostname, pid, startedAt: holder.right.startedAt })) ? null : { isRunning: true, words: `A running tack uses it (${who})` }
}

const LEAST_FREE_BYTES = 67_108_864

/** Why no file can be created in the folder; `null` if one can. Creating one proves more than looking at permissions. */
const probe = async (folder: string): Promise<string | null> => {
  const path = join(folder, `check-${randomUUID()}`)
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
    await rm(path)
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize < LEAST_FREE_BYTES ? `only ${String(Math.floor((bavail * bsize) / 1_048_576))} MiB are free` : null
  } catch (error) {
    return wordsOf(error)
  }
}

/** The user that tack runs as. In a container it may have a number alone. */
const nameOfUser = (): string => E.getOrElse(() => String(process.getuid?.()))(E.tryCatch(() => userInfo().username, String))

/** Whether this user may read and write the file. */
const isOpenTo = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false
  )

const existingAbove = (folder: string): string => (existsSync(folder) || folder === dirname(folder) ? folder : existingAbove(dirname(folder)))

const VERSION = /^\{"format":"tack-state","version":([0-9]{1,9}),/

const versionOf = async (folder: string): Promise<string> => {
  const file = await open(join(folder, 'state.json'))
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0)
    return VERSION.exec(buffer.toString('latin1', 0, bytesRead))?.[1] ?? '?'
  } finally {
    await file.close()
  }
}

export const checkStore = async (options: RunOptions, isOurs = isOpenTo): Promise<Finding> => {
  const what = 'store'
  const folder = options.store
  if (!existsSync(folder)) {
    const above = existingAbove(folder)
    const isWritable = await access(above, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false
    )
    return isWritable
      ? fine(what, `${folder} does not exist yet: the first start creates it.`)
      : wrong(what, `${folder} does not exist, and cannot be created in ${above}: create it, and make it writable for the user that runs tack.`)
  }
  const fault = await probe(folder)
  if (fault !== null) return wrong(what, `${folder} is not writable: ${fullStop(fault)} Make it writable for the user that runs tack, with free space.`)
  const holder = await holderOf(folder)
  if (holder?.isRunning === false) return wrong(what, `${folder}: ${fullStop(holder.words)}`)
  const held = holder === null ? '' : ` ${fullStop(holder.words)}`
  const names = await readdir(folder)
  for (const name of names) {
    if (await isOurs(join(folder, name))) continue
    const username = nameOfUser()
    return wrong(what, `${join(folder, name)} is closed to ${username}: was tack run, or the store restored, as another user? chown -R ${username}: ${folder}`)
  }
  if (!names.some((name) => name === 'state.json' || name.startsWith('journal-'))) return fine(what, `${folder} is empty: the first start begins from nothing.${held}`)
  const hung = await lastHung(systemDisk, folder).then(E.right, (error: unknown) => E.left(wordsOf(error)))
  const stuck =
    E.isRight(hung) && hung.right !== null
      ? wrong(what, `${folder}: tack is processing ${hungEvent(hung.right)}, or ended while it did; ${adviceOn(hung.right)}.${held}`)
      : null
  // Reading a journal with a step that hangs would hang as well.
  if (stuck !== null && E.isRight(hung) && hung.right?.journal != null && !hung.right.isPassedOver) return stuck
  const read = await readStore(folder)()
  if (E.isLeft(read)) {
    // A refusal includes its own advice.
    const advice = read.left._tag === 'Refused' ? '' : ' Nothing has been overwritten; restore a backup.'
    return wrong(what, `${read.left.path}: ${fullStop(read.left.message)}${advice}`)
  }
  if (E.isLeft(hung)) return wrong(what, fullStop(hung.left))
  if (stuck !== null) return stuck
  const { builds, commits, config } = read.right.state
  const version = await versionOf(folder).catch(() => '?')
  const other =
    config.hostname === options.hostname && config.owner === options.owner
      ? ''
      : ` Until now it belonged to ${config.hostname}, owner ${config.owner}; from the next start on it belongs to this one.`
  return fine(
    what,
    `${folder} is in order (version ${version}): ${String(OrderedMap.size(commits.accounts))} accounts, ${String(OrderedMap.size(builds.runs))} runs.${other}${held}`
  )
}

/** The first version that has everything that tack uses (`fetch --no-write-fetch-head`). */
const LEAST_GIT = [2, 29] as const

const run = promisify(execFile)

/** Whether git is installed, and new enough. */
export const checkGit = async (git = 'git'): Promise<Finding> => {
  const what = 'git'
  try {
    const said = (await run(git, ['--version'], { timeout: ANSWER_MS })).stdout.trim()
    const [, major, minor] = /^git version ([0-9]+)\.([0-9]+)/.exec(said) ?? []
    const isOld = Number(major) < LEAST_GIT[0] || (Number(major) === LEAST_GIT[0] && Number(minor) < LEAST_GIT[1])
    if (major === undefined || isOld) return wrong(what, `${excerpt(said) || 'It'} is too old: ${LEAST_GIT.join('.')} or later is needed to read workflow files.`)
    const helpers = (await run(git, ['--exec-path'], { timeout: ANSWER_MS })).stdout.trim()
    return existsSync(join(helpers, 'git-remote-https'))
      ? fine(what, `${excerpt(said)} is installed.`)
      : wrong(what, `${excerpt(said)} has no HTTPS support: git-remote-https is missing; install it.`)
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT'
    return wrong(what, isMissing ? 'git is missing: install it, workflow files are read with it.' : `git cannot be run: ${fullStop(wordsOf(error))}`)
  }
}
