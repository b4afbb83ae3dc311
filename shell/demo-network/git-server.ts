/**
 * Git repositories on loopback, served over HTTP by git itself (`git http-backend`): reading from a knot meets the real server and its protocol.
 *
 * A repository is at `/<DID of the owner>/<name>`, at `/<its own DID>`, or at both. It is filled with `git fast-import`, which can make any commit,
 * however strange, in one run.
 *
 * Source: git-http-backend(1), RFC 3875.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../ports.js'

// ---------------------------------------------------------------------------------------- model

/** The abilities of a knot's git. By default it has all, as today's git does. */
export interface GitOptions {
  /** Whether a client may leave out files, and fetch them later. `unannounced`: it may, but the server does not announce it. */
  readonly filters?: boolean | 'unannounced'
  /** Whether commits are sent that no branch or tag points at. (With version 2 of the protocol they always are.) */
  readonly givesOutAny?: boolean
  /** The highest version of the protocol. */
  readonly protocol?: 0 | 2
}

export interface RepoOptions {
  /** The repository's own DID. */
  readonly did?: string
  /** The branch that HEAD points to; `main` by default. */
  readonly defaultBranch?: string
  readonly format?: 'sha1' | 'sha256'
  readonly name?: string
  readonly owner?: string
}

/** A file as a commit leaves it; `content: null` removes it. Modes are git's; `100644` by default. */
export interface Change {
  readonly content: string | Buffer | null
  readonly mode?: '100644' | '100755' | '120000'
  readonly path: string
}

/** A branch or tag has moved, as `sh.tangled.git.refUpdate` reports it. */
export interface Moved {
  readonly newSha: string
  readonly oldSha: string
  readonly ref: string
}

export interface Repo {
  /** Removes all objects that no branch or tag reaches. */
  readonly collectGarbage: () => Promise<void>
  /** Commits on top of the branch or, with `anew`, without a parent, like a rewritten branch that is pushed by force. */
  readonly commitAndPush: (files: ReadonlyArray<Change>, options?: { readonly anew?: boolean; readonly ref?: string }) => Promise<Moved>
  readonly deleteRef: (ref: string) => Promise<Moved>
  /** The folder that contains it. */
  readonly folder: string
  /** The paths at which the server serves it. */
  readonly paths: ReadonlyArray<string>
}

export interface GitServer {
  /** @throws if it has neither a DID nor an owner and a name. */
  readonly createRepository: (options: RepoOptions) => Promise<Repo>
  /** Answers a request for a repository; returns `false` for any other request. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => boolean
  /** The request lines so far, `GET /path?query`, in order. */
  readonly asked: ReadonlyArray<string>
  /** Ends all processes, and removes all repositories. Idempotent. */
  readonly stop: () => Promise<void>
}

// ---------------------------------------------------------------------------------------- the program

/** Hides the settings and the identity of the user. */
const environment = (): NodeJS.ProcessEnv => ({
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  PATH: process.env['PATH'],
  TZ: 'UTC'
})

const run = (args: ReadonlyArray<string>, input: Buffer | string = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('git', args, { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] })
    let [said, out] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`git ${args.join(' ')}: ${said}`))))
  })

// ---------------------------------------------------------------------------------------- repositories

const quoted = (name: string): string => `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`

const data = (content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from(`data ${String(bytes.length)}\n`), bytes, Buffer.from('\n')])
}

/** A commit in the format of `git fast-import`. */
const commitOf = (ref: string, parent: string | null, seconds: number, files: ReadonlyArray<Change>): Buffer =>
  Buffer.concat([
    // Into a ref of its own: an import does not move a branch back.
    Buffer.from(`commit refs/tack/import\ncommitter Somebody <somebody@example> ${String(seconds)} +0000\n`),
    data(`Change ${ref}`),
    Buffer.from(parent === null ? '' : `from ${parent}\n`),
    ...files.map(({ content, mode = '100644', path: name }) =>
      content === null
        ? Buffer.from(`D ${quoted(name)}\n`)
        : Buffer.concat([Buffer.from(`M ${mode} inline ${quoted(name)}\n`), data(content)])
    ),
    Buffer.from('\n')
  ])

const repoIn = (folder: string, paths: ReadonlyArray<string>, format: 'sha1' | 'sha256', clock: Clock): Repo => {
  const git = (args: ReadonlyArray<string>, input?: Buffer): Promise<string> => run(['-C', folder, ...args], input)
  const nothing = '0'.repeat(format === 'sha1' ? 40 : 64)
  const shaOf = (ref: string): Promise<string> => git(['rev-parse', '--verify', '--quiet', ref]).catch(() => nothing)
  return {
    collectGarbage: async () => {
      await git(['gc', '--quiet', '--prune=now'])
    },
    commitAndPush: async (files, { anew = false, ref = 'refs/heads/main' } = {}) => {
      const oldSha = await shaOf(ref)
      const parent = anew || oldSha === nothing ? null : oldSha
      await git(['fast-import', '--quiet', '--force'], commitOf(ref, parent, Math.floor(clock.now() / 1e6), files))
      const newSha = await shaOf('refs/tack/import')
      await git(['update-ref', ref, newSha])
      await git(['update-ref', '-d', 'refs/tack/import'])
      return { newSha, oldSha, ref }
    },
    deleteRef: async (ref) => {
      const oldSha = await shaOf(ref)
      await git(['update-ref', '-d', ref])
      return { newSha: nothing, oldSha, ref }
    },
    folder,
    paths
  }
}

// ---------------------------------------------------------------------------------------- the server

/** A request below the path of a repository. */
const SERVICE = /^\/(.+)\/(info\/refs|git-upload-pack)$/

const END_OF_HEAD = '\r\n\r\n'

const headerOf = (request: IncomingMessage, name: string): string => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}

/** Passes on the output of the program: headers, `Status` among them, and a body. */
const answer = (child: ChildProcess, response: ServerResponse): void => {
  let head: Buffer | null = Buffer.alloc(0)
  child.stdout?.on('data', (chunk: Buffer) => {
    if (head === null) {
      if (!response.write(chunk)) child.stdout?.pause()
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf(END_OF_HEAD)
    if (end < 0) return
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/s)
      if (name === 'Status') response.statusCode = Number(value.slice(0, 3))
      else response.setHeader(name, value)
    }
    response.write(head.subarray(end + END_OF_HEAD.length))
    head = null
  })
  response.on('drain', () => child.stdout?.resume())
  child.once('close', () => {
    if (head !== null) response.statusCode = 500
    response.end()
  })
}

/**
 * Kills the program and its children. Nobody reads their output any more; its end, which the event `close` waits for, comes only when all of them are
 * gone.
 */
const end = (child: ChildProcess): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
  child.stdout?.removeAllListeners('data').resume()
}

/** A server whose repositories live as long as it does. Their folder is created with the first one. */
export const gitServer = ({ clock, filters = true, givesOutAny = true, protocol = 2 }: GitOptions & { readonly clock: Clock }): GitServer => {
  const folders = new Map<string, string>()
  const running = new Set<ChildProcess>()
  const asked: Array<string> = []
  let root: string | null = null
  let count = 0

  const serve = (request: IncomingMessage, response: ServerResponse): boolean => {
    const [, pathname = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? []
    const [, repo = '', service = ''] = SERVICE.exec(pathname) ?? []
    if (service === '') return false
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const folder = folders.get(repo)
    if (folder === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('not found\n')
      return true
    }
    const child = spawn('git', ['http-backend'], {
      // A process group of its own, which can be killed as a whole.
      detached: true,
      env: {
        ...environment(),
        CONTENT_TYPE: headerOf(request, 'content-type'),
        GIT_HTTP_EXPORT_ALL: '1',
        ...(filters === 'unannounced' && service === 'git-upload-pack'
          ? { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'uploadpack.allowFilter', GIT_CONFIG_VALUE_0: 'true' }
          : {}),
        GIT_PROJECT_ROOT: folder,
        GIT_PROTOCOL: protocol === 0 ? '' : headerOf(request, 'git-protocol'),
        HTTP_CONTENT_ENCODING: headerOf(request, 'content-encoding'),
        PATH_INFO: `/${service}`,
        QUERY_STRING: query,
        REMOTE_ADDR: '127.0.0.1',
        REQUEST_METHOD: request.method ?? 'GET',
        // Without a length, as with a chunked body, the program reads to the end of its input.
        ...(headerOf(request, 'content-length') === '' ? {} : { CONTENT_LENGTH: headerOf(request, 'content-length') })
      },
      stdio: ['pipe', 'pipe', 'ignore']
    })
    running.add(child)
    child.once('error', () => response.destroy())
    child.once('close', () => running.delete(child))
    response.once('close', () => end(child))
    child.stdin.on('error', () => undefined)
    request.pipe(child.stdin)
    answer(child, response)
    return true
  }

  return {
    asked,
    createRepository: async ({ defaultBranch = 'main', did, format = 'sha1', name, owner }) => {
      const paths = [owner === undefined || name === undefined ? null : `${owner}/${name}`, did ?? null].filter((one) => one !== null)
      if (paths.length === 0) throw new RangeError('a repository needs a DID, or an owner and a name')
      root ??= mkdtempSync(path.join(tmpdir(), 'tack-knot-'))
      const folder = path.join(root, `${String((count += 1))}.git`)
      await mkdir(folder)
      await run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, `--initial-branch=${defaultBranch}`, folder])
      await run(['-C', folder, 'config', 'uploadpack.allowFilter', String(filters === true)])
      await run(['-C', folder, 'config', 'uploadpack.allowAnySHA1InWant', String(givesOutAny)])
      for (const at of paths) folders.set(encodeURIComponent(at).replaceAll('%2F', '/').replaceAll('%3A', ':'), folder)
      return repoIn(folder, paths, format, clock)
    },
    serve,
    stop: async () => {
      const ended = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)))
      for (const child of running) end(child)
      await Promise.all(ended)
      if (root !== null) await rm(root, { force: true, recursive: true })
      root = null
    }
  }
}
