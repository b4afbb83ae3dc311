/**
 * A real Buildbot, where there is one: setup.sh installs it into `.buildbot`, or wherever `TACK_BUILDBOT` says. It runs in a folder of
 * its own, on a free port of 127.0.0.1, with master and worker in one process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PASSWORD, USER } from './buildbot.js'

const HERE = new URL('../buildbot/', import.meta.url).pathname

const GIVEN = process.env['TACK_BUILDBOT'] ?? ''

const FOLDER = resolve(GIVEN === '' ? new URL('../../../../.buildbot', import.meta.url).pathname : GIVEN)

const PROGRAM = join(FOLDER, 'bin/buildbot')

/** Why there is none to be tried; `null` where there is. One that was installed by half is none. */
export const whyNot: string | null = existsSync(GIVEN === '' ? join(FOLDER, 'installed') : PROGRAM)
  ? null
  : `there is no Buildbot in ${FOLDER}; spec/shell/providers/buildbot/setup.sh installs it`

export interface RealBuildbot {
  readonly close: () => Promise<void>
  /** A folder for whatever builds are to wait for. */
  readonly folder: string
  readonly url: string
}

const ENVIRONMENT = {
  LANG: 'C.UTF-8',
  PATH: process.env['PATH'],
  PYTHONDONTWRITEBYTECODE: '1',
  TACK_BUILDBOT_PASSWORD: PASSWORD,
  TACK_BUILDBOT_USER: USER
}

const run = (args: ReadonlyArray<string>, cwd: string): ChildProcess => spawn(PROGRAM, args, { cwd, env: ENVIRONMENT, stdio: 'ignore' })

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** The port that it listens on, once it does. Rejects when it ends before that. */
const portOf = async (child: ChildProcess, log: string): Promise<number> => {
  for (;;) {
    const text = await readFile(log, 'utf8').catch(() => '')
    const [, port] = /BuildbotSite starting on ([0-9]+)/.exec(text) ?? []
    // It says so a moment before it has read its database.
    if (port !== undefined && text.includes('BuildMaster is running')) return Number(port)
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Buildbot ended: ${text.slice(-2_000)}`)
    await new Promise((then) => setTimeout(then, 50))
  }
}

export const startRealBuildbot = async (): Promise<RealBuildbot> => {
  const folder = await mkdtemp(join(tmpdir(), 'tack-buildbot-'))
  const master = join(folder, 'master')
  const made = run(['create-master', '--quiet', master], folder)
  await ended(made)
  if (made.exitCode !== 0) throw new Error('Buildbot could not make a master')
  await copyFile(join(HERE, 'master.cfg'), join(master, 'master.cfg'))
  const child = run(['start', '--nodaemon', master], master)
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended(child)
    await rm(folder, { force: true, recursive: true })
  }
  try {
    return { close, folder, url: `http://127.0.0.1:${String(await portOf(child, join(master, 'twistd.log')))}` }
  } catch (error) {
    await close()
    throw error
  }
}
