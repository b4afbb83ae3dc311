/**
 * Parses what git prints: why it failed, where HEAD is, the files of a folder, their sizes and their contents. A knot can influence each of these
 * texts.
 */
import { isUtf8 } from 'node:buffer'
import { byName, excerpt, isWorkflowFile, Sha, WorkflowName, WORKFLOWS_MAX } from '../../core/index.js'
import type { Proxy } from './proxy.js'
import type { Ran } from './git-program.js'

// ---------------------------------------------------------------------------------------- failures

/** Why files were not read. */
export interface Unread {
  readonly _tag: 'Unread'
  readonly error: string
  /** Whether a retry is useless. */
  readonly isFinal: boolean
  /** Set if the commit exists, but the knot sends more with its files than the limit allows. */
  readonly isTooLarge?: true
}

export const unreadBecause = (error: string, isFinal: boolean): Unread => ({ _tag: 'Unread', error, isFinal })

export const NO_COMMIT = unreadBecause('no such commit', true)
export const NO_REPOSITORY = unreadBecause('no such repository on the knot', true)

const STATUS = /The requested URL returned error: ([0-9]{3})/
const NOT_FOUND = /^fatal: repository '.*' not found$|could not read Username|Authentication failed/m
/** The object does not exist, or its name has the format of another hash. */
const NO_OBJECT = /not our ref|mismatched algorithms|unsupported (?:hash|object) format/
/** The server does not send objects by name. */
export const NOT_GIVEN_OUT = /Server does not allow request for|not valid|unadvertised/
const FATAL = /^(?:fatal|error): (.*)$/m

/** The exit codes of a shell that cannot find a program, or may not run it. */
const NOT_FOUND_BY_SHELL = 127
const NOT_RUN_BY_SHELL = 126

/** Why a run failed, whether that is final, and whether the knot answered: if it did not, its other URLs are not tried. */
export const failureOf = ({ code, isTooLong, said }: Ran, proxy: Proxy, timedOut: () => string | null): Unread & { readonly hasAnswered: boolean } => {
  const late = timedOut()
  if (late !== null) return { ...unreadBecause(late, false), hasAnswered: false }
  if (code === NOT_FOUND_BY_SHELL || code === NOT_RUN_BY_SHELL) return { ...unreadBecause('git cannot be run here', false), hasAnswered: false }
  const failure = proxy.failure()
  if (failure !== null)
    return failure.isTooLarge
      ? { ...unreadBecause(`the repository is too large: ${failure.reason}`, true), hasAnswered: true, isTooLarge: true }
      : { ...unreadBecause(`the knot cannot be reached: ${excerpt(failure.reason)}`, false), hasAnswered: false }
  if (isTooLong) return { ...unreadBecause('the knot sent too much output', true), hasAnswered: true }
  if (NOT_FOUND.test(said)) return { ...NO_REPOSITORY, hasAnswered: true }
  const status = Number(STATUS.exec(said)?.[1] ?? 0)
  if (status >= 300 && status < 400) return { ...unreadBecause('the knot redirects, and redirects are not followed', true), hasAnswered: true }
  if ([400, 401, 403, 404, 410].includes(status)) return { ...NO_REPOSITORY, hasAnswered: true }
  if (status !== 0) return { ...unreadBecause(`the knot answered ${String(status)}`, false), hasAnswered: true }
  if (NO_OBJECT.test(said)) return { ...NO_COMMIT, hasAnswered: true }
  return { ...unreadBecause(`git could not read the repository: ${excerpt(FATAL.exec(said)?.[1] ?? 'it was killed')}`, false), hasAnswered: false }
}

// ---------------------------------------------------------------------------------------- answers

interface RemoteHead {
  readonly branch: string | null
  readonly sha: Sha | null
}

/** A longer name is no default branch. */
const SYMREF = /^ref: refs\/heads\/(.{1,1024})\tHEAD$/m
const HEAD = /^([0-9a-f]+)\tHEAD$/m

/** HEAD, as `ls-remote --symref` prints it. Both fields are `null` in an empty repository. */
export const headOf = (stdout: Buffer): RemoteHead => {
  const text = stdout.toString()
  const sha = HEAD.exec(text)?.[1]
  return { branch: SYMREF.exec(text)?.[1] ?? null, sha: Sha.is(sha) ? sha : null }
}

/** An entry of a tree: mode, kind, object name, path. */
const ENTRY = /^100(?:644|755|664) blob ([0-9a-f]+)\t\.tangled\/workflows\/([^/]+)$/

interface Listed {
  readonly name: WorkflowName
  readonly sha: string
}

/** The regular workflow files of a listing, each name once, sorted by name; and the names that are skipped because no build can have them. */
export const filesIn = (listing: Buffer, every: boolean): { readonly files: ReadonlyArray<Listed>; readonly unkept: ReadonlyArray<string> } => {
  const files: Array<Listed> = []
  const unkept: Array<string> = []
  for (let start = 0, end = listing.indexOf(0); end >= 0; start = end + 1, end = listing.indexOf(0, start)) {
    const bytes = listing.subarray(start, end)
    // Bytes that are not UTF-8 become U+FFFD; such a name is skipped below.
    const [, sha = '', name = ''] = ENTRY.exec(bytes.toString()) ?? []
    if (name === '' || !(every || isWorkflowFile(name))) continue
    if (!isUtf8(bytes) || !WorkflowName.is(name)) {
      if (unkept.length < WORKFLOWS_MAX) unkept.push(excerpt(name))
    } else files.push({ name, sha })
  }
  return { files: byName(files), unkept }
}

/** The sizes that `cat-file --batch-check` prints. A missing object has none. */
export const sizesIn = (stdout: Buffer): ReadonlyMap<string, number> =>
  new Map(
    stdout
      .toString()
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([sha = '', kind, size]) => (kind === 'blob' ? [[sha, Number(size)] as const] : []))
  )

/** The contents that `cat-file --batch` prints: a line that ends with the size, that many bytes, and a newline. */
export const contentsIn = (stdout: Buffer): ReadonlyMap<string, Buffer> => {
  const contents = new Map<string, Buffer>()
  for (let at = 0, newline = stdout.indexOf(10); newline >= 0; newline = stdout.indexOf(10, at)) {
    const [sha = '', , size = '0'] = stdout.toString('latin1', at, newline).split(' ')
    at = newline + 1 + Number(size) + 1
    contents.set(sha, stdout.subarray(newline + 1, at - 1))
  }
  return contents
}
