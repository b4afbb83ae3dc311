/** tack as a process, as an operator starts it: the compiled program, a store of its own, the embedded network. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../../dist/shell/main.js', import.meta.url))

/** The environment without anything of ours in it. */
const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TACK_'))),
  ...more
})

export interface Finished {
  readonly code: number | null
  readonly err: string
  readonly out: string
}

/** Runs a command to its end. */
export const tack = async (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}, cwd = process.cwd()): Promise<Finished> => {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: environment(more), stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Array<Buffer> = []
  const err: Array<Buffer> = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  await once(child, 'close')
  return { code: child.exitCode, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

export interface Running {
  readonly child: ChildProcess
  /** The lines it has written to standard output. */
  readonly lines: ReadonlyArray<string>
  /** Resolves when a line has been written that holds `text`, also one that is there already. Rejects when the process ends without it. */
  readonly says: (text: string) => Promise<void>
  /** Sends the signal, and resolves with the exit code when the process is gone. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

/** What a shell does to have a program that may not write more than so many KiB to a file, as on a full disk. */
const LIMITED = 'ulimit -f "$1"; shift; trap "" XFSZ; exec "$0" "$@"'

interface StartOptions {
  /** The working folder. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly maxFileKiB?: number
}

/** Starts a command that goes on until it is ended. */
export const start = (args: ReadonlyArray<string>, { cwd = process.cwd(), env = {}, maxFileKiB }: StartOptions = {}): Running => {
  const given = [MAIN, ...args]
  const [program, all] =
    maxFileKiB === undefined ? [process.execPath, given] : ['bash', ['-c', LIMITED, process.execPath, String(maxFileKiB), ...given]]
  const child = spawn(program, all, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Array<string> = []
  const waiting = new Set<() => void>()
  let hasClosed = false
  const lookAll = (): void => {
    for (const look of waiting) look()
  }
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      lines.push(line)
      lookAll()
    })
    .once('close', () => {
      hasClosed = true
      lookAll()
    })
  return {
    child,
    lines,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const isSaid = lines.some((line) => line.includes(text))
          if (!isSaid && !hasClosed) return
          waiting.delete(look)
          if (isSaid) resolve()
          else reject(new Error(`it ended, and never said ${text}; its last words:\n${lines.slice(-5).join('\n')}`))
        }
        waiting.add(look)
        look()
      }),
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        await once(child, 'exit')
      }
      return child.exitCode
    }
  }
}

/** An empty folder for as long as `use` lasts. */
export const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'tack-test-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const SHORTEST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 200

/** Some two minutes on a machine with nothing else to do. On a busy one looking takes longer, too. */
const LOOKS = 600

/**
 * Looks again until it holds, at first after 20 ms, and less and less often: looking mostly reads a whole store, and takes the processor from
 * those who are waited for. Gives up after so many looks, and says what was waited for.
 */
export const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  let ms = SHORTEST_PAUSE_MS
  for (let looks = 1; !(await holds()); looks++) {
    if (looks === LOOKS) throw new Error(`looked ${String(looks)} times, and it never was so: ${String(holds)}`)
    await new Promise((resolve) => setTimeout(resolve, ms))
    ms = Math.min(1.3 * ms, LONGEST_PAUSE_MS)
  }
}
