/**
 * The process that runs the steps of one local build. local.ts starts it in a session of its own, so that the build continues when tack ends, and can
 * be followed when tack is back.
 *
 * The steps and everything that they start are in the process group of this process, unless they leave it. So all of it can be killed at once, this
 * process included; that is the last thing it does.
 *
 * There is one for every build, so it imports no library, and not the core: only node, and files of this project that do the same.
 *
 * `node local-runner.js <folder of the build> <token> <grace in ms> <bytes of log>`
 */
import type * as t from 'io-ts'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { systemProcesses } from '../store/processes.js'
import { openLog, removeFolder, workName, writeOnce } from './local-files.js'
import type { Request, Result } from './local-records.js'

const [folder = '', token = '', graceMs = '', logBytes = ''] = process.argv.slice(2)

/** How long to wait for output after a step: it may leave some in the pipe, or a process that holds the pipe open for ever. */
const DRAIN_MS = 1_000

/** A longer line is cut into pieces of this many characters. */
const LONGEST_LINE = 8_192

/** bash if it is available, because most workflows are written for it. */
const SHELL = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh'

type Outcome = Pick<Result, 'error' | 'exitCode' | 'status'>

const CANCELLED: Outcome = { error: null, exitCode: null, status: 'cancelled' }

let isCancelled = false
/** Called when the grace period of the steps is over. */
let giveUp = (): void => undefined

/** The part of the request that is needed here. */
type RequestFile = Pick<t.TypeOf<typeof Request>, 'plan'>

const signalAll = (signal: NodeJS.Signals): void => {
  try {
    process.kill(-process.pid, signal)
  } catch {
    // This process does not lead a group, so there is nothing to signal.
  }
}

const cancel = (): void => {
  if (isCancelled) return
  isCancelled = true
  // This process receives the signal as well, and ignores it.
  signalAll('SIGTERM')
  setTimeout(() => giveUp(), Number(graceMs))
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, cancel)

/** Calls `line` with every line read, without line feeds. Returns a function that stops it. */
const eachLine = (from: Readable, line: (text: string) => void): (() => void) => {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let isOver = false
  /** Emits pieces of `text` while it is too long for a line, and returns the rest. */
  const cut = (text: string): string => {
    let at = 0
    for (; text.length - at > LONGEST_LINE; at += LONGEST_LINE) line(text.slice(at, at + LONGEST_LINE))
    return text.slice(at)
  }
  from.on('data', (chunk: Buffer) => {
    // Keep reading: a process that writes into a pipe without a reader is killed, and it may be a server for the next step.
    if (isOver) return
    const lines = (rest + decoder.write(chunk)).split('\n')
    const last = lines.pop() ?? ''
    for (const one of lines) line(cut(one.replace(/\r$/, '')))
    rest = cut(last)
  })
  return () => {
    if (!isOver && rest !== '') line(rest)
    isOver = true
  }
}

/** Why a step failed; `null` if it succeeded. */
const failureOf = (name: string, code: number | null, signal: NodeJS.Signals | null): Outcome | null => {
  if (isCancelled) return CANCELLED
  if (code === 0) return null
  const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  const how = signal === null ? `ended with exit code ${String(exitCode)}` : `was killed by ${signal}`
  return { error: `The step "${name}" ${how}.`, exitCode: exitCode as Result['exitCode'], status: 'failed' }
}

const run = async (): Promise<Outcome> => {
  // The process that started this one has just decoded the same file.
  const { plan } = JSON.parse(await readFile(join(folder, 'request.json'), 'utf8')) as RequestFile
  const { steps, variables } = plan
  const work = join(folder, workName(token))
  const log = openLog(folder, token, Number(logBytes), Date.now)
  const base = { HOME: join(work, 'home'), PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', TMPDIR: join(work, 'tmp') }

  const runStep = (number: number, { command, environment, name }: (typeof steps)[number]): Promise<Outcome | null> =>
    new Promise((resolve, reject) => {
      let isLost = false
      /**
       * Writes output into the log. A write fails mostly because the disk is full. If it threw here, this process would end before it could report
       * that.
       */
      const write = (stream: 'stderr' | 'stdout') => (text: string): void => {
        // The log is closed by then, and its file descriptor may belong to another file.
        if (isLost) return
        try {
          log.text(number, stream, text)
        } catch (error) {
          isLost = true
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      const fail = (error: Error): void => {
        write('stderr')(error.message)
        resolve({ error: `The step "${name}" could not be started: ${error.message}`, exitCode: null, status: 'failed' })
      }
      let child: ChildProcessByStdio<null, Readable, Readable>
      try {
        child = spawn(SHELL, ['-e', '-c', command], {
          cwd: join(work, 'source'),
          env: { ...base, ...Object.fromEntries(variables), ...Object.fromEntries(environment) },
          stdio: ['ignore', 'pipe', 'pipe']
        })
      } catch (error) {
        // The command or a variable contains a NUL.
        return fail(error instanceof Error ? error : new Error(String(error)))
      }
      const endOutput = eachLine(child.stdout, write('stdout'))
      const endErrors = eachLine(child.stderr, write('stderr'))
      const done = (outcome: Outcome | null): void => {
        endOutput()
        endErrors()
        resolve(outcome)
      }
      child.once('error', fail)
      child.once('exit', (code, signal) => {
        const outcome = failureOf(name, code, signal)
        const drained = setTimeout(() => done(outcome), DRAIN_MS)
        child.once('close', () => {
          clearTimeout(drained)
          done(outcome)
        })
      })
      giveUp = () => done(CANCELLED)
    })

  try {
    for (const [index, step] of steps.entries()) {
      if (isCancelled) return CANCELLED
      const what = { command: step.command, kind: 'user', name: step.name } as const
      log.step(index + 1, 'start', what)
      const failure = await runStep(index + 1, step)
      log.step(index + 1, 'end', failure?.status === 'failed' ? { ...what, hasFailed: true } : what)
      if (failure !== null) return failure
    }
    return isCancelled ? CANCELLED : { error: null, exitCode: 0 as Result['exitCode'], status: 'success' }
  } finally {
    log.close()
  }
}

const main = async (): Promise<void> => {
  const isFirst = await writeOnce(folder, 'runner.json', { process: await systemProcesses.self(), token })
  if (!isFirst) return
  if (existsSync(join(folder, 'cancel.json'))) isCancelled = true
  const outcome = await run().catch(
    (error: unknown): Outcome => ({
      error: `The build could not go on: ${error instanceof Error ? error.message : String(error)}`,
      exitCode: null,
      status: 'failed'
    })
  )
  const result = { endedMs: Date.now(), ...outcome }
  try {
    await writeOnce(folder, 'result.json', result).catch(async () => {
      // The files that the steps left may be what fills the disk, and nobody needs them any more.
      await removeFolder(join(folder, workName(token))).catch(() => undefined)
      await writeOnce(folder, 'result.json', result)
    })
  } finally {
    signalAll('SIGKILL')
  }
}

await main()
// Reached by a second runner of the same build, and by one that leads no process group.
process.exit(0)
