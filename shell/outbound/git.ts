/**
 * Reads the workflow files of a repository at a commit. git itself fetches them from the knot, and as little else as possible.
 *
 * A knot is run by a stranger. git reaches it through a proxy of ours that leads nowhere else (proxy.ts). It runs in an empty folder, without access
 * to anything of ours (git-program.ts), and with a limit of time and of bytes.
 *
 * git fetches the commit with its trees, without its history, and then the files by their object names.
 *
 * - A server that cannot leave out files sends all of them. One that can, but does not announce it, is asked to all the same (git-pack.ts).
 * - A server that refuses to send a commit by its name is asked for its branches and tags, with more and more of their history.
 *
 * Nothing foreign can be taken for an option: an object name is passed to git only if it consists of hexadecimal digits, our own paths are constants,
 * and the address of the repository begins with its scheme.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Did, excerpt, type HostName, type ReadWorkflows, Sha, WORKFLOW_BYTES_MAX, type WorkflowName, WORKFLOWS_MAX } from '../../core/index.js'
import type { Clock } from '../ports.js'
import { contentsIn, failureOf, filesIn, headOf, NO_COMMIT, NO_REPOSITORY, NOT_GIVEN_OUT, sizesIn, unreadBecause, type Unread } from './git-output.js'
import { packWithoutFiles } from './git-pack.js'
import { gitProgram, type Program, type Ran } from './git-program.js'
import { type Policy, type Resolve, resolverFor } from './guard.js'
import { httpClient } from './http-client.js'
import { type Proxy, startProxy } from './proxy.js'

// ---------------------------------------------------------------------------------------- model

export interface GitOptions {
  /** CA certificates for knots, as a PEM file. git's own by default. */
  readonly caFile?: string
  readonly clock: Clock
  /** The git program. `git` by default. */
  readonly git?: string
  /** Whether to connect to knots without TLS, for development. */
  readonly isInsecure: boolean
  /** The limit of bytes from a knot, for each address of the repository. 32 MiB by default. */
  readonly maxBytes?: number
  readonly policy: Policy
  /** The policy's resolver by default. */
  readonly resolve?: Resolve
  /** The parent of the temporary folders. Those that a killed process leaves are removed elsewhere. */
  readonly tmp: string
  /** The time limit of one read. 60 s by default. */
  readonly timeoutMs?: number
}

/** A file of `.tangled/workflows`. `bytes` is `null` if the file is too long. */
export interface WorkflowFile {
  readonly bytes: Buffer | null
  readonly name: WorkflowName
}

export type FilesRead =
  | {
      readonly _tag: 'Files'
      /** The branch that HEAD points to; `null` if there is none. */
      readonly defaultBranch: string | null
      /** In the order of the bytes of their names; the first fifty if there are more. */
      readonly files: ReadonlyArray<WorkflowFile>
      /** How many more files there are. */
      readonly left: number
      /** Names that no build can have, as excerpts: the first fifty. */
      readonly unkept: ReadonlyArray<string>
    }
  | Unread

export interface FilesAsked extends Pick<ReadWorkflows, 'knot' | 'repository' | 'sha'> {
  /** Whether to read every regular file of the folder, not only those that are named like a workflow. */
  readonly every?: boolean
}

/** Reads workflow files. Never rejects. After `signal` aborts, it resolves as soon as no process and no connection is left. */
export type ReadFiles = (asked: FilesAsked, signal: AbortSignal) => Promise<FilesRead>

// ---------------------------------------------------------------------------------------- addresses

/** Invalid repository names: the empty one, those that lead elsewhere, and those with characters that git refuses in a URL. */
const NO_NAME = /^\.{0,2}$|\p{Cc}/u

/** `text` as a segment of a path; `null` if it is no repository name. Colons are not escaped: Tangled does not escape them either. */
const segment = (text: string): string | null =>
  NO_NAME.test(text) ? null : encodeURIComponent(Buffer.from(text).toString()).replaceAll('%3A', ':')

const serverOf = (knot: HostName, isInsecure: boolean): string => `${isInsecure ? 'http' : 'https'}://${knot}`

/**
 * The URLs that a repository may have on its knot: by its owner and name and, on newer knots, by its own DID. Empty if the platform rejects the name
 * of the knot.
 */
export const addressesOf = (knot: HostName, { did, name, owner }: FilesAsked['repository'], isInsecure: boolean): ReadonlyArray<URL> => {
  const server = serverOf(knot, isInsecure)
  if (!URL.canParse(server)) return []
  const [named, itself] = [segment(name), Did.is(did) ? segment(did) : null]
  return [named === null ? null : `${segment(owner) ?? ''}/${named}`, itself]
    .filter((at): at is string => at !== null)
    .map((at) => new URL(`${server}/${at}`))
}

// ---------------------------------------------------------------------------------------- one repository

const FOLDER = '.tangled/workflows/'

/** The depths to which branches and tags are fetched from a server that does not send commits by name. */
const DEPTHS = [16, 256, 4_096]

interface Reading {
  readonly folder: string
  /** Fetches a pack of the commit without files, from a server that can leave them out but does not announce it (git-pack.ts). */
  readonly packOf: (address: URL, sha: Sha) => Promise<Buffer | null>
  readonly git: Program
  readonly proxy: Proxy
  readonly timedOut: () => string | null
}

const OPTIONS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules']

/** Reads the files of one commit from one URL. */
const readCommit = async (
  { folder, git, packOf, proxy, timedOut }: Reading,
  address: URL,
  sha: Sha,
  every: boolean
): Promise<Omit<Extract<FilesRead, { readonly _tag: 'Files' }>, '_tag' | 'defaultBranch'> | (Unread & { readonly hasAnswered: boolean })> => {
  const failed = (ran: Ran) => failureOf(ran, proxy, timedOut)

  const attempt = async (inner: string, leavesFilesOut: boolean): ReturnType<typeof readCommit> => {
    const config = path.join(folder, inner, 'config')
    const format = sha.length === 64 ? ['--object-format=sha256'] : []
    const made = await git.run(['init', '--quiet', '--bare', '--template=', ...format, '--', inner])
    if (made.code !== 0) return failed(made)
    // The settings that git writes when it fetches without files would make it fetch each missing file on access, one by one.
    const plain = `${await readFile(config, 'utf8')}[remote "origin"]\n\turl = "${address.href}"\n`
    await writeFile(config, plain)
    const fetch = async (args: ReadonlyArray<string>): Promise<Ran> => {
      const ran = await git.run(['fetch', ...OPTIONS, ...args], { folder: inner })
      await writeFile(config, plain)
      return ran
    }
    const withoutFiles = leavesFilesOut ? ['--filter=blob:none'] : []
    const inside = (args: ReadonlyArray<string>, options: { readonly input?: string | Buffer; readonly maxBytes?: number } = {}): Promise<Ran> =>
      git.run(args, { ...options, folder: inner })
    const isThere = async (): Promise<boolean> => (await inside(['cat-file', '-e', `${sha}^{tree}`])).code === 0

    const pack = leavesFilesOut ? await packOf(address, sha) : null
    const taken = pack === null ? null : await inside(['index-pack', '--stdin'], { input: pack })
    const exact = taken?.code === 0 && (await isThere()) ? taken : await fetch(['--depth=1', ...withoutFiles, 'origin', `+${sha}:refs/tack/commit`])
    if (exact.code !== 0 && !NOT_GIVEN_OUT.test(exact.said)) return failed(exact)
    for (const depth of exact.code === 0 ? [] : DEPTHS) {
      const ran = await fetch([`--depth=${String(depth)}`, ...withoutFiles, 'origin', '+refs/heads/*:refs/tack/heads/*', '+refs/tags/*:refs/tack/tags/*'])
      if (ran.code !== 0) return failed(ran)
      if (await isThere()) break
    }
    if (!(await isThere())) return timedOut() === null ? { ...NO_COMMIT, hasAnswered: true } : failed(exact)

    const listing = await inside(['ls-tree', '-z', '--full-tree', sha, '--', FOLDER])
    if (listing.code !== 0) return failed(listing)
    const { files: all, unkept } = filesIn(listing.stdout, every)
    const files = all.slice(0, WORKFLOWS_MAX)
    const wanted = [...new Set(files.map((file) => file.sha))]
    const sizes = async (): Promise<ReadonlyMap<string, number>> =>
      sizesIn((await inside(['cat-file', '--batch-check'], { input: wanted.map((one) => `${one}\n`).join('') })).stdout)

    let known = await sizes()
    const missing = wanted.filter((one) => !known.has(one))
    if (missing.length > 0) {
      const ran = await fetch(['origin', ...missing])
      // The server left the files out, and does not send them by name either. Fetch everything.
      if (ran.code !== 0 && leavesFilesOut && proxy.failure() === null && timedOut() === null) return attempt('whole.git', false)
      if (ran.code !== 0) return failed(ran)
      known = await sizes()
    }
    const short = wanted.filter((one) => (known.get(one) ?? Infinity) <= WORKFLOW_BYTES_MAX)
    const maxBytes = short.length * (WORKFLOW_BYTES_MAX + 256)
    const read = await inside(['cat-file', '--batch'], { input: short.map((one) => `${one}\n`).join(''), maxBytes })
    const contents = contentsIn(read.stdout)
    // A file that is listed, but whose content is missing, could not be read.
    if (read.code !== 0 || wanted.some((one) => !known.has(one)) || short.some((one) => !contents.has(one))) return failed(read)
    return { files: files.map((file) => ({ bytes: contents.get(file.sha) ?? null, name: file.name })), left: all.length - files.length, unkept }
  }

  return attempt('part.git', true)
}

// ---------------------------------------------------------------------------------------- reading

/** Creates a reader of workflow files. Two reads share nothing. */
export const gitReader = (options: GitOptions): ReadFiles => {
  const { caFile = null, clock, git = 'git', isInsecure, maxBytes = 32 * 2 ** 20, policy, tmp } = options
  const { resolve = resolverFor(policy), timeoutMs = 60_000 } = options

  const readFrom = async (reading: Reading, address: URL, sha: Sha | null, every: boolean): Promise<FilesRead & { readonly hasAnswered: boolean }> => {
    const listed = await reading.git.run(['ls-remote', '--symref', '--', address.href, 'HEAD'])
    if (listed.code !== 0) return failureOf(listed, reading.proxy, reading.timedOut)
    const head = headOf(listed.stdout)
    const commit = sha ?? head.sha
    if (commit === null) return { _tag: 'Files', defaultBranch: head.branch, files: [], hasAnswered: true, left: 0, unkept: [] }
    // All object names of a repository have the same length.
    if (head.sha !== null && head.sha.length !== commit.length) return { ...NO_COMMIT, hasAnswered: true }
    const read = await readCommit(reading, address, commit, every)
    return '_tag' in read ? read : { _tag: 'Files', defaultBranch: head.branch, hasAnswered: true, ...read }
  }

  /** Tries one URL after the other, until one has the commit or the knot does not answer at all. */
  const readAny = async (addresses: ReadonlyArray<URL>, { every = false, sha }: Pick<FilesAsked, 'every' | 'sha'>, signal: AbortSignal): Promise<FilesRead> => {
    const stopping = new AbortController()
    const [first] = addresses
    if (first === undefined) return NO_REPOSITORY
    const ca = caFile === null ? {} : { ca: await readFile(caFile, 'utf8') }
    let isLate = false
    const disarm = clock.after(timeoutMs, () => {
      isLate = true
      stopping.abort()
    })
    const timedOut = (): string | null =>
      isLate ? `the knot took more than ${String(timeoutMs / 1000)} s` : signal.aborted ? 'shutting down' : null
    const stop = (): void => stopping.abort()
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    let folder: string | null = null
    let proxy: Proxy | null = null
    const client = httpClient({ ...ca, clock, policy, resolve, timeoutMs })
    try {
      folder = await mkdtemp(path.join(tmp, 'tack-git-'))
      let failure: Unread | null = null
      for (const [index, address] of addresses.entries()) {
        const home = path.join(folder, String(index))
        await mkdir(home)
        proxy = await startProxy({ maxBytes, policy, resolve, target: address })
        const program = await gitProgram({ caFile, folder: home, git, isInsecure, proxy: proxy.url, signal: stopping.signal })
        const { hasAnswered, ...read } = await readFrom(
          { folder: home, git: program, packOf: (at, commit) => packWithoutFiles(client, at, commit, stopping.signal), proxy, timedOut },
          address,
          sha,
          every
        )
        await proxy.close()
        if (read._tag === 'Files') return read
        // Report a failure that may pass rather than a final one, and any final one rather than "no such repository".
        if (failure === null || (failure.isFinal && (!read.isFinal || failure.error === NO_REPOSITORY.error))) failure = read
        if (!hasAnswered) break
      }
      return failure ?? NO_REPOSITORY
    } finally {
      disarm()
      signal.removeEventListener('abort', stop)
      await Promise.all([proxy?.close(), client.close()])
      if (folder !== null) await rm(folder, { force: true, maxRetries: 5, recursive: true })
    }
  }

  return async (asked, signal) => {
    const { knot, repository, sha } = asked
    // git never gets a commit that is not a hash, nor an address that the platform cannot parse.
    if (sha !== null && !Sha.is(sha)) return NO_COMMIT
    if (!URL.canParse(serverOf(knot, isInsecure))) return unreadBecause('the knot cannot be reached: its name does not resolve', false)
    try {
      return await readAny(addressesOf(knot, repository, isInsecure), asked, signal)
    } catch (error) {
      return unreadBecause(`the repository could not be read: ${excerpt(error instanceof Error ? error.message : String(error))}`, false)
    }
  }
}
