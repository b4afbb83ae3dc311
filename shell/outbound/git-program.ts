/**
 * Runs the git program in isolation: its working folder is also its home, it sees none of our environment, settings, credentials, hooks or helpers,
 * and its memory and output are limited. On abort, git and all processes that it started are killed.
 */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/** The result of a run. `code` is `null` if git was killed, or never started. */
export interface Ran {
  readonly code: number | null
  /** Whether it was killed for writing too much. */
  readonly isTooLong: boolean
  /** The beginning of stderr. */
  readonly said: string
  readonly stdout: Buffer
}

export interface Program {
  /** Runs `git ...args` in the folder, or in a subfolder, with `input` on stdin. `maxBytes` limits stdout; 1 MiB by default. Never rejects. */
  readonly run: (args: ReadonlyArray<string>, options?: { readonly folder?: string; readonly input?: string | Buffer; readonly maxBytes?: number }) => Promise<Ran>
}

export interface ProgramOptions {
  /** CA certificates for knots, as a PEM file. `null` uses git's own. */
  readonly caFile: string | null
  /** The absolute path of an empty folder that nobody else can write to. */
  readonly folder: string
  /** The path or name of the git program. */
  readonly git: string
  /** Whether `http:` is allowed. */
  readonly isInsecure: boolean
  /** The limit of a file's size. 128 MiB by default. */
  readonly maxFileBytes?: number
  /** The URL of the proxy for all connections. */
  readonly proxy: string
  readonly signal: AbortSignal
}

/** The limit of the address space, in KiB. */
const MEMORY_KIB = 1_048_576

/** The shell sets the limits, then becomes git. If a platform lacks a limit, the shell prints a message and goes on. */
const limited = (maxFileBytes: number): string =>
  `ulimit -v ${String(MEMORY_KIB)}; ulimit -f ${String(Math.ceil(maxFileBytes / 512))}; ulimit -c 0; exec "$@"`

const SAID_BYTES = 16_384
const OUTPUT_BYTES = 1_048_576

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

/** The settings of every run. They switch off all that git would read, run or request unasked. */
const settings = ({ caFile, isInsecure, proxy }: ProgramOptions): string => `
[core]
	askPass =
	attributesFile = /dev/null
	bigFileThreshold = 1m
	excludesFile = /dev/null
	fsmonitor = false
	hooksPath = /dev/null
[credential]
	helper =
[fetch]
	fsckObjects = false
	negotiationAlgorithm = noop
	recurseSubmodules = false
	unpackLimit = 1
	writeCommitGraph = false
[gc]
	auto = 0
[maintenance]
	auto = false
[http]
	followRedirects = false
	proxy = ${quoted(proxy)}
	proxyAuthMethod = basic
	sslVerify = true
${caFile === null ? '' : `	sslCAInfo = ${quoted(caFile)}`}
[pack]
	threads = 1
[protocol]
	allow = never
	version = 2
[protocol "https"]
	allow = always
[protocol "http"]
	allow = ${isInsecure ? 'always' : 'never'}
[submodule]
	recurse = false
[transfer]
	bundleURI = false
`

/** Writes the settings into the folder, and returns the program. */
export const gitProgram = async (options: ProgramOptions): Promise<Program> => {
  const { folder, git, maxFileBytes = 128 * 2 ** 20, signal } = options
  // With a relative path, git would not find its settings, and would run without proxy and limits.
  if (!path.isAbsolute(folder)) throw new RangeError(`the git folder must be an absolute path: ${folder}`)
  await writeFile(path.join(folder, '.gitconfig'), settings(options), { mode: 0o600 })
  const env = {
    GIT_ATTR_NOSYSTEM: '1',
    // Ignore a repository that contains the folder: its settings would override those above.
    GIT_CEILING_DIRECTORIES: path.dirname(folder),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    HOME: folder,
    // output.ts parses git's messages.
    LC_ALL: 'C',
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    TMPDIR: folder,
    XDG_CONFIG_HOME: folder
  }

  return {
    run: (args, { folder: inner = '', input = '', maxBytes = OUTPUT_BYTES } = {}) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve({ code: null, isTooLong: false, said: '', stdout: Buffer.alloc(0) })
        const stdout: Array<Buffer> = []
        let said = ''
        let left = maxBytes
        const child = spawn('/bin/sh', ['-c', limited(maxFileBytes), 'sh', git, ...args], {
          cwd: path.join(folder, inner),
          // A process group of its own, which can be killed as a whole.
          detached: true,
          env,
          stdio: ['pipe', 'pipe', 'pipe']
        })
        const kill = (): void => {
          if (child.pid === undefined) return
          try {
            process.kill(-child.pid, 'SIGKILL')
          } catch {
            // It has ended already.
          }
        }
        signal.addEventListener('abort', kill)
        child.stdin.on('error', () => undefined)
        child.stdin.end(input)
        child.stdout.on('data', (chunk: Buffer) => {
          left -= chunk.length
          if (left >= 0) stdout.push(chunk)
          else kill()
        })
        child.stderr.on('data', (chunk: Buffer) => {
          if (said.length < SAID_BYTES) said += chunk.toString('utf8', 0, SAID_BYTES)
        })
        // Child processes must not outlive git, nor keep its output open.
        child.once('exit', kill)
        const over = (code: number | null): void => {
          signal.removeEventListener('abort', kill)
          resolve({ code, isTooLong: left < 0, said, stdout: Buffer.concat(stdout) })
        }
        child.once('error', (error) => {
          said += error.message
          over(null)
        })
        child.once('close', (code) => over(code))
      })
  }
}
