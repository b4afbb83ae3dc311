/**
 * Workflow files, as they are in a repository at a commit: read from the knot by git itself, and no more of the repository than
 * that takes.
 *
 * A knot is run by a stranger. git speaks to it through a proxy of ours that leads nowhere else (proxy.ts), in an empty folder,
 * with nothing of ours in reach (git/program.ts), for a bounded time and a bounded number of bytes.
 *
 * What is fetched: the commit with its trees, without its history, then the files by their names.
 *
 * - A server that cannot leave out files sends all of them. One that can, but does not say so, is asked all the same (git/pack.ts).
 * - A server that gives out commits only by their branches is asked for the branches, with more and more of their history.
 *
 * Nothing foreign can be taken for an option: object names are passed to git only when they are hexadecimal digits, paths of ours are
 * constant, and the address of the repository begins with its scheme.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Did, excerpt, type HostName, type ReadWorkflows, Sha, WORKFLOW_BYTES_MAX, type WorkflowName, WORKFLOWS_MAX } from '../../core/index.js'
import type { Clock } from '../ports.js'
import { contentsIn, failureOf, filesIn, headOf, NO_COMMIT, NO_REPOSITORY, NOT_GIVEN_OUT, sizesIn, unread, type Unread } from './git/output.js'
import { packWithoutFiles } from './git/pack.js'
import { gitProgram, type Program, type Ran } from './git/program.js'
import { type Policy, type Resolve, resolverFor } from './guard.js'
import { httpClient } from './http-client.js'
import { type Proxy, startProxy } from './proxy.js'

// ---------------------------------------------------------------------------------------- model

export interface GitOptions {
  /** CA certificates for knots, as a PEM file; those that git knows by default. */
  readonly caFile?: string
  readonly clock: Clock
  /** The git program. `git` by default. */
  readonly git?: string
  /** Whether to connect to knots without TLS, for development. */
  readonly isInsecure: boolean
  /** The limit of bytes from a knot, for each place where it may have the repository. 32 MiB by default. */
  readonly maxBytes?: number
  readonly policy: Policy
  /** The resolver of the policy by default. */
  readonly resolve?: Resolve
  /** The folder for temporary folders. Leftovers of a killed process are removed elsewhere. */
  readonly tmp: string
  /** The time limit of one reading. 60 s by default. */
  readonly timeoutMs?: number
}

/** A file of `.tangled/workflows`; `null` for one that is too long. */
export interface WorkflowFile {
  readonly bytes: Buffer | null
  readonly name: WorkflowName
}

export type FilesRead =
  | {
      readonly _tag: 'Files'
      /** The branch that HEAD names; `null` where it names none. */
      readonly defaultBranch: string | null
      /** By name, in the order of its bytes; the first fifty if there are more. */
      readonly files: ReadonlyArray<WorkflowFile>
      /** How many files there are beyond those. */
      readonly left: number
      /** The names, as excerpts, of the first fifty more that no build can bear. */
      readonly unkept: ReadonlyArray<string>
    }
  | Unread

export interface FilesAsked extends Pick<ReadWorkflows, 'knot' | 'repository' | 'sha'> {
  /** Every regular file of the folder, and not only those with the name of a workflow. */
  readonly every?: boolean
}

/** Reads workflow files. Never rejects. When `signal` aborts, it is over as soon as no process and no connection is left. */
export type ReadFiles = (asked: FilesAsked, signal: AbortSignal) => Promise<FilesRead>

// ---------------------------------------------------------------------------------------- addresses

/** Invalid repository names: nothing, a path to somewhere else, and characters that git takes no URLs with. */
const NO_NAME = /^\.{0,2}$|\p{Cc}/u

/** A segment of a path. Colons stay as they are, as Tangled writes them; what is no name of a repository has no segment. */
const segment = (text: string): string | null =>
  NO_NAME.test(text) ? null : encodeURIComponent(Buffer.from(text).toString()).replaceAll('%3A', ':')

const serverOf = (knot: HostName, isInsecure: boolean): string => `${isInsecure ? 'http' : 'https'}://${knot}`

/** Where a repository may be on its knot: under its owner and name, and, on newer ones, under its own DID. Nowhere, if the platform refuses the name of the knot. */
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

/** How much history of its branches is looked through for a commit that the server does not give out by name. */
const DEPTHS = [16, 256, 4_096]

interface Reading {
  readonly folder: string
  /** A pack of the commit without files, of a server that does not say that it can leave them out (git/pack.ts). */
  readonly packOf: (address: URL, sha: Sha) => Promise<Buffer | null>
  readonly git: Program
  readonly proxy: Proxy
  readonly timedOut: () => string | null
}

const OPTIONS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules']

/** Reads the files of one commit from one address. */
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
    // What git notes down on fetching without files would make it fetch each of them, one by one, as soon as it is looked at.
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
      // The server leaves files out, and does not give them out one by one either: everything, then.
      if (ran.code !== 0 && leavesFilesOut && proxy.failure() === null && timedOut() === null) return attempt('whole.git', false)
      if (ran.code !== 0) return failed(ran)
      known = await sizes()
    }
    const short = wanted.filter((one) => (known.get(one) ?? Infinity) <= WORKFLOW_BYTES_MAX)
    const maxBytes = short.length * (WORKFLOW_BYTES_MAX + 256)
    const read = await inside(['cat-file', '--batch'], { input: short.map((one) => `${one}\n`).join(''), maxBytes })
    const contents = contentsIn(read.stdout)
    // Files that are there, and whose contents are not, are files that could not be read.
    if (read.code !== 0 || wanted.some((one) => !known.has(one)) || short.some((one) => !contents.has(one))) return failed(read)
    return { files: files.map((file) => ({ bytes: contents.get(file.sha) ?? null, name: file.name })), left: all.length - files.length, unkept }
  }

  return attempt('part.git', true)
}

// ---------------------------------------------------------------------------------------- reading

/** A reader of workflow files. Readings do not share anything. */
export const gitReader = (options: GitOptions): ReadFiles => {
  const { caFile = null, clock, git = 'git', isInsecure, maxBytes = 32 * 2 ** 20, policy, tmp } = options
  const { resolve = resolverFor(policy), timeoutMs = 60_000 } = options

  const readFrom = async (reading: Reading, address: URL, sha: Sha | null, every: boolean): Promise<FilesRead & { readonly hasAnswered: boolean }> => {
    const listed = await reading.git.run(['ls-remote', '--symref', '--', address.href, 'HEAD'])
    if (listed.code !== 0) return failureOf(listed, reading.proxy, reading.timedOut)
    const head = headOf(listed.stdout)
    const commit = sha ?? head.sha
    if (commit === null) return { _tag: 'Files', defaultBranch: head.branch, files: [], hasAnswered: true, left: 0, unkept: [] }
    // A repository has names of one length.
    if (head.sha !== null && head.sha.length !== commit.length) return { ...NO_COMMIT, hasAnswered: true }
    const read = await readCommit(reading, address, commit, every)
    return '_tag' in read ? read : { _tag: 'Files', defaultBranch: head.branch, hasAnswered: true, ...read }
  }

  /** Tries one address after the other, until one has the commit, or the knot does not answer at all. */
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
        // Prefer the failure that may pass, and then one that is about more than a repository being elsewhere.
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
    // A last check: git is never given an address that the platform cannot parse.
    if (sha !== null && !Sha.is(sha)) return NO_COMMIT
    if (!URL.canParse(serverOf(knot, isInsecure))) return unread('the knot cannot be reached: its name does not resolve', false)
    try {
      return await readAny(addressesOf(knot, repository, isInsecure), asked, signal)
    } catch (error) {
      return unread(`the repository could not be read: ${excerpt(error instanceof Error ? error.message : String(error))}`, false)
    }
  }
}
