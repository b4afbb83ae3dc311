/**
 * The git program, run so that it can do nothing but what it is told to: in a folder of its own that is its home as well, without
 * our environment, settings, credentials, hooks or helpers, with bounded memory and output, and with an end: when it is told to stop,
 * it and all that it has started are killed.
 */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/** What a run of the program came to. `code` is `null` when it was killed, or never started. */
export interface Ran {
  readonly code: number | null
  /** Whether it was ended because it wrote more than it may. */
  readonly isTooLong: boolean
  /** The beginning of what it said about itself. */
  readonly said: string
  readonly stdout: Buffer
}

export interface Program {
  /** `git ...args`, in the folder, or in a folder in it. `input` is what it reads. Never rejects. */
  readonly run: (args: ReadonlyArray<string>, options?: { readonly folder?: string; readonly input?: string | Buffer; readonly maxBytes?: number }) => Promise<Ran>
}

export interface ProgramOptions {
  /** Certificates, a PEM file, of those who sign for knots. Those that git knows, if `null`. */
  readonly caFile: string | null
  /** An empty folder that nobody else can write to: an absolute path. */
  readonly folder: string
  /** The program. */
  readonly git: string
  /** Whether `http:` may be spoken. */
  readonly isInsecure: boolean
  /** The length of one file, beyond which the program is ended. 128 MiB. */
  readonly maxFileBytes?: number
  /** The address of the proxy that all connections are made through. */
  readonly proxy: string
  readonly signal: AbortSignal
}

/** The address space, in KiB, beyond which the program is ended. */
const MEMORY_KIB = 1_048_576

/** Limits are set by a shell that then becomes the program. What a platform cannot limit it says so about, and goes on. */
const limited = (maxFileBytes: number): string =>
  `ulimit -v ${String(MEMORY_KIB)}; ulimit -f ${String(Math.ceil(maxFileBytes / 512))}; ulimit -c 0; exec "$@"`

const SAID_BYTES = 16_384
const OUTPUT_BYTES = 1_048_576

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

/** The settings of every run. Whatever git would read, run or ask of its own accord is switched off. */
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

/** Sets the folder up. */
export const gitProgram = async (options: ProgramOptions): Promise<Program> => {
  const { folder, git, maxFileBytes = 128 * 2 ** 20, signal } = options
  // It works in the folder: another path would not lead there, and git would read no settings, know of no proxy and keep no limit.
  if (!path.isAbsolute(folder)) throw new RangeError(`the git folder must be an absolute path: ${folder}`)
  await writeFile(path.join(folder, '.gitconfig'), settings(options), { mode: 0o600 })
  const env = {
    GIT_ATTR_NOSYSTEM: '1',
    // A repository that the folder happens to be in is none of its business: its settings would count for more than those above.
    GIT_CEILING_DIRECTORIES: path.dirname(folder),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    HOME: folder,
    // What git says is looked at.
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
          // A group of its own, that can be killed as a whole.
          detached: true,
          env,
          stdio: ['pipe', 'pipe', 'pipe']
        })
        const kill = (): void => {
          if (child.pid === undefined) return
          try {
            process.kill(-child.pid, 'SIGKILL')
          } catch {
            // It has ended.
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
        // What it has started must not outlive it, nor keep its output open.
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
