/**
 * What git prints: why it failed, where HEAD is, which files a folder lists, how long they are, and what is in them. A knot may have a say in each of
 * these texts.
 */
import { isUtf8 } from 'node:buffer'
import { byName, excerpt, isWorkflowFile, Sha, WorkflowName, WORKFLOWS_MAX } from '../../../core/index.js'
import type { Proxy } from '../proxy.js'
import type { Ran } from './program.js'

// ---------------------------------------------------------------------------------------- failures

/** Why files were not read. */
export interface Unread {
  readonly _tag: 'Unread'
  readonly error: string
  /** Whether trying again is useless. */
  readonly isFinal: boolean
  /** Whether the commit exists, and the knot sends more along with its files than allowed. */
  readonly isTooLarge?: true
}

export const unread = (error: string, isFinal: boolean): Unread => ({ _tag: 'Unread', error, isFinal })

export const NO_COMMIT = unread('no such commit', true)
export const NO_REPOSITORY = unread('no such repository on the knot', true)

const STATUS = /The requested URL returned error: ([0-9]{3})/
const NOT_FOUND = /^fatal: repository '.*' not found$|could not read Username|Authentication failed/m
/** No object of that name, or one that is not in this kind of repository. */
const NO_OBJECT = /not our ref|mismatched algorithms|unsupported (?:hash|object) format/
/** The server forbids it. */
export const NOT_GIVEN_OUT = /Server does not allow request for|not valid|unadvertised/
const FATAL = /^(?:fatal|error): (.*)$/m

/** How a shell says that there is no such program, or that it may not run it. */
const NOT_FOUND_BY_SHELL = 127
const NOT_RUN_BY_SHELL = 126

/** Why a run failed: whether that is final, and, for the next address, whether the knot answered at all. */
export const failureOf = ({ code, isTooLong, said }: Ran, proxy: Proxy, timedOut: () => string | null): Unread & { readonly hasAnswered: boolean } => {
  const late = timedOut()
  if (late !== null) return { ...unread(late, false), hasAnswered: false }
  if (code === NOT_FOUND_BY_SHELL || code === NOT_RUN_BY_SHELL) return { ...unread('git cannot be run here', false), hasAnswered: false }
  const failure = proxy.failure()
  if (failure !== null)
    return failure.isTooLarge
      ? { ...unread(`the repository is too large: ${failure.reason}`, true), hasAnswered: true, isTooLarge: true }
      : { ...unread(`the knot cannot be reached: ${excerpt(failure.reason)}`, false), hasAnswered: false }
  if (isTooLong) return { ...unread('the knot sent too much output', true), hasAnswered: true }
  if (NOT_FOUND.test(said)) return { ...NO_REPOSITORY, hasAnswered: true }
  const status = Number(STATUS.exec(said)?.[1] ?? 0)
  if (status >= 300 && status < 400) return { ...unread('the knot redirects, which is not followed', true), hasAnswered: true }
  if ([400, 401, 403, 404, 410].includes(status)) return { ...NO_REPOSITORY, hasAnswered: true }
  if (status !== 0) return { ...unread(`the knot answered ${String(status)}`, false), hasAnswered: true }
  if (NO_OBJECT.test(said)) return { ...NO_COMMIT, hasAnswered: true }
  return { ...unread(`git could not read the repository: ${excerpt(FATAL.exec(said)?.[1] ?? 'it was ended')}`, false), hasAnswered: false }
}

// ---------------------------------------------------------------------------------------- answers

interface RemoteHead {
  readonly branch: string | null
  readonly sha: Sha | null
}

/** (A branch of a longer name is nobody's default.) */
const SYMREF = /^ref: refs\/heads\/(.{1,1024})\tHEAD$/m
const HEAD = /^([0-9a-f]+)\tHEAD$/m

/** What `ls-remote --symref` says of HEAD; nothing in an empty repository. */
export const headOf = (stdout: Buffer): RemoteHead => {
  const text = stdout.toString()
  const sha = HEAD.exec(text)?.[1]
  return { branch: SYMREF.exec(text)?.[1] ?? null, sha: Sha.is(sha) ? sha : null }
}

/** What a folder lists: mode, kind, object name, path. */
const ENTRY = /^100(?:644|755|664) blob ([0-9a-f]+)\t\.tangled\/workflows\/([^/]+)$/

interface Listed {
  readonly name: WorkflowName
  readonly sha: string
}

/** The workflow files of a listing, which are regular, each name once, by name; and the names of those that are left out for them. */
export const filesIn = (listing: Buffer, every: boolean): { readonly files: ReadonlyArray<Listed>; readonly unkept: ReadonlyArray<string> } => {
  const files: Array<Listed> = []
  const unkept: Array<string> = []
  for (let start = 0, end = listing.indexOf(0); end >= 0; start = end + 1, end = listing.indexOf(0, start)) {
    const bytes = listing.subarray(start, end)
    // What is no UTF-8 shows U+FFFD in its place, and is no name.
    const [, sha = '', name = ''] = ENTRY.exec(bytes.toString()) ?? []
    if (name === '' || !(every || isWorkflowFile(name))) continue
    if (!isUtf8(bytes) || !WorkflowName.is(name)) {
      if (unkept.length < WORKFLOWS_MAX) unkept.push(excerpt(name))
    } else files.push({ name, sha })
  }
  return { files: byName(files), unkept }
}

/** The sizes that `cat-file --batch-check` gives; what is missing has none. */
export const sizesIn = (stdout: Buffer): ReadonlyMap<string, number> =>
  new Map(
    stdout
      .toString()
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([sha = '', kind, size]) => (kind === 'blob' ? [[sha, Number(size)] as const] : []))
  )

/** The contents that `cat-file --batch` gives: a line with the size, that many bytes, and a newline. */
export const contentsIn = (stdout: Buffer): ReadonlyMap<string, Buffer> => {
  const contents = new Map<string, Buffer>()
  for (let at = 0, newline = stdout.indexOf(10); newline >= 0; newline = stdout.indexOf(10, at)) {
    const [sha = '', , size = '0'] = stdout.toString('latin1', at, newline).split(' ')
    at = newline + 1 + Number(size) + 1
    contents.set(sha, stdout.subarray(newline + 1, at - 1))
  }
  return contents
}
