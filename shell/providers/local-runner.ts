/**
 * The process that runs the steps of one local build: started by local.ts in a session of its own, so that the build goes on when tack ends, and
 * can be followed when tack is back.
 *
 * Everything that the steps start is in the process group of this process, unless it leaves it. So all of it can be killed at once, this process
 * included, which is the last thing that it does.
 *
 * There is one for every build, so it loads no library, nor the core: only node, and what of this project does the same.
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

/** How long to wait for output after a step: it may leave some in the pipe, or a process that holds it open for ever. */
const DRAIN_MS = 1_000

/** An endless line is cut into pieces of this many characters. */
const LONGEST_LINE = 8_192

/** bash if available, as workflows are mostly written for it. */
const SHELL = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh'

type Outcome = Pick<Result, 'error' | 'exitCode' | 'status'>

const CANCELLED: Outcome = { error: null, exitCode: null, status: 'cancelled' }

let isCancelled = false
/** Called when the grace of the steps is over. */
let giveUp = (): void => undefined

/** The part of it that is needed here. */
type RequestFile = Pick<t.TypeOf<typeof Request>, 'plan'>

const signalAll = (signal: NodeJS.Signals): void => {
  try {
    process.kill(-process.pid, signal)
  } catch {
    // No such group: this process does not lead one, and nothing else is killed instead.
  }
}

const cancel = (): void => {
  if (isCancelled) return
  isCancelled = true
  // This process receives it as well, and ignores it.
  signalAll('SIGTERM')
  setTimeout(() => giveUp(), Number(graceMs))
}

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, cancel)

/** Calls `line` with every line read, without line feeds. Returns a function that ends it. */
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
    // Reading goes on: whoever writes into a pipe that nobody reads is ended, and it may be a server for the next step.
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

/** Why a step failed; `null` when it succeeded. */
const failureOf = (name: string, code: number | null, signal: NodeJS.Signals | null): Outcome | null => {
  if (isCancelled) return CANCELLED
  if (code === 0) return null
  const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  const how = signal === null ? `ended with exit code ${String(exitCode)}` : `was ended by ${signal}`
  return { error: `The step "${name}" ${how}.`, exitCode: exitCode as Result['exitCode'], status: 'failed' }
}

const run = async (): Promise<Outcome> => {
  // Whoever started this process has just read the same file, by its codec.
  const { plan } = JSON.parse(await readFile(join(folder, 'request.json'), 'utf8')) as RequestFile
  const { steps, variables } = plan
  const work = join(folder, workName(token))
  const log = openLog(folder, token, Number(logBytes), Date.now)
  const base = { HOME: join(work, 'home'), PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', TMPDIR: join(work, 'tmp') }

  const runStep = (number: number, { command, environment, name }: (typeof steps)[number]): Promise<Outcome | null> =>
    new Promise((resolve, reject) => {
      let isLost = false
      /** Writes output into the log. Where that fails, the disk is full, mostly: thrown from here it would end us before we can say so. */
      const write = (stream: 'stderr' | 'stdout') => (text: string): void => {
        // The log is closed by then, and the number of its file may be that of another.
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
        // A NUL in the command or in a variable.
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
      // What the steps have left may be what fills the disk, and nobody needs it any more.
      await removeFolder(join(folder, workName(token))).catch(() => undefined)
      await writeOnce(folder, 'result.json', result)
    })
  } finally {
    signalAll('SIGKILL')
  }
}

await main()
// Reached by a runner that came second, or that has no group of its own.
process.exit(0)
