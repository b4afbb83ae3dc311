/**
 * Reads workflow files, from a repository or from the trigger itself, and parses them as YAML. The core decodes the parsed values.
 *
 * Strangers write these files, and they are parsed in the main thread. So the parser stops at the first error, takes time linear in the length of the
 * file (40 ms for the longest, at worst), and limits depth. Aliases stay references, and are not expanded.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import {
  byName,
  decodeWorkflow,
  excerpt,
  type HostName,
  isWorkflowFile,
  type Natural,
  type ReadWorkflows,
  type RequestFailed,
  type Workflow,
  WORKFLOW_BYTES_MAX,
  type WorkflowName,
  WORKFLOWS_MAX,
  type WorkflowSource
} from '../../core/index.js'
import { setNewest } from '../lib/newest.js'
import { createFairQueue } from '../lib/queue.js'
import type { Clock, Deliver, Log, Workflows } from '../ports.js'
import { type FilesRead, type ReadFiles, type WorkflowFile } from './git.js'
import { parseSpelled, type YamlFault } from './yaml.js'

// ---------------------------------------------------------------------------------------- one file

const faulty = (name: WorkflowName, content: string, error: string): Workflow => ({ _tag: 'Faulty', content, error, name, when: null })

/** The number of values that a file of the maximum length can hold. Only aliases can make more. */
const MAX_VALUES = WORKFLOW_BYTES_MAX

/** The name under which a repository that is too large to be read is reported. */
const UNREAD = 'workflows.yml' as WorkflowName

const NEWLINE = 10

/** The number of the first line that is not UTF-8; 0 if there is none. (A newline byte is never part of another character.) */
const firstBadLine = (bytes: Buffer): number => {
  if (isUtf8(bytes)) return 0
  let line = 1
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(NEWLINE, start)) {
    line += 1
    start = end + 1
  }
  return line
}

const ALIAS = '. Put what begins with * in quotes, like "**"'

/** What to do, where the parser only says what it stumbled over: by the beginning of its words. */
const REMEDIES: ReadonlyArray<readonly [string, string]> = [
  ['bad indentation of a mapping entry', '. Indent it like its neighbours, and put text that contains ": " in quotes'],
  ['duplicated mapping key', '. Keep one of the two'],
  ['expected a single document in the stream', '. Remove the line "---", or what follows it'],
  ['name of an alias node must contain', ALIAS],
  ['tab characters must not be used in indentation', '. Indent with spaces'],
  ['unidentified alias', ALIAS]
]

const remedyFor = (reason: string): string => REMEDIES.find(([words]) => reason.startsWith(words))?.[1] ?? ''

/** The error message for the author of a file. */
const complaint = (fault: YamlFault): string => {
  if (fault._tag === 'Immodest') return 'its aliases expand to too much'
  const place = fault.line === null ? 'the file' : `line ${String(fault.line)}`
  return fault.reason === '' ? `${place} is not valid YAML` : `${place} is not valid YAML: ${fault.reason}${remedyFor(fault.reason)}`
}

/** Parses a workflow file. Never throws: an error is part of the result, as a sentence for the author. */
export const parseWorkflow = ({ bytes, name }: WorkflowFile): Workflow => {
  if (bytes === null || bytes.length > WORKFLOW_BYTES_MAX) return faulty(name, '', `the file is longer than ${String(WORKFLOW_BYTES_MAX / 1024)} KiB`)
  const content = createHash('sha256').update(bytes).digest('hex')
  const bad = firstBadLine(bytes)
  if (bad > 0) return faulty(name, content, `line ${String(bad)} is not UTF-8`)
  const value = parseSpelled(bytes.toString(), MAX_VALUES)
  return E.isLeft(value) ? faulty(name, content, complaint(value.left)) : decodeWorkflow(name, content, value.right)
}

/** The file as text; empty if it is not UTF-8 or too long. */
const textOf = ({ bytes, name }: WorkflowFile): ReadonlyArray<WorkflowSource> =>
  bytes === null || bytes.length > WORKFLOW_BYTES_MAX || !isUtf8(bytes) ? [] : [{ name, text: bytes.toString() }]

// ---------------------------------------------------------------------------------------- all of a trigger

export interface WorkflowsOptions {
  readonly clock: Clock
  readonly log: Log
  /** The limit of concurrent reads; the rest wait. 4 by default. */
  readonly maxReadings?: number
  /** The limit of concurrent reads from slow knots, which have their own queue; one per knot. 2 by default. */
  readonly maxSlowReadings?: number
  /** The limit of concurrent reads from one knot: a slow one must not delay others. 2 by default. */
  readonly maxReadingsPerKnot?: number
  /** A read that takes longer than this starts again in the slow queue. 10 s by default. */
  readonly promptMs?: number
  /** Reads files from repositories (git.ts). */
  readonly readFiles: ReadFiles
}

/** How many slow knots are remembered. */
const MAX_SLOW_KNOTS = 10_000

/** The workflow files that a trigger brought: each name once, sorted by name, the first fifty. */
const inlineFiles = (sources: NonNullable<ReadWorkflows['workflows']>): { readonly files: ReadonlyArray<WorkflowFile>; readonly left: number } => {
  const all = byName(sources.filter(({ name }) => isWorkflowFile(name))).map(({ name, text }): WorkflowFile => ({ bytes: Buffer.from(text), name }))
  return { files: all.slice(0, WORKFLOWS_MAX), left: Math.max(0, all.length - WORKFLOWS_MAX) }
}

/**
 * Creates a reader. Reads that are running at a close get no answer: the core asks again at the next start.
 *
 * A slow knot must not delay other people's pushes, so its reads go to a second queue until one of them is prompt. Accounts take turns, so an account
 * with many repositories does not delay others either.
 */
export const workflowReader = (options: WorkflowsOptions): Workflows => {
  const { clock, log, maxReadings = 4, maxReadingsPerKnot = 2, maxSlowReadings = 2, promptMs = 10_000, readFiles } = options
  const prompt = createFairQueue(maxReadings, maxReadingsPerKnot)
  const slow = createFairQueue(maxSlowReadings, 1)
  const slowKnots = new Map<HostName, true>()
  const closing = new AbortController()
  const isClosing = (): boolean => closing.signal.aborted

  /** The files; `null` if the read took too long, or the knot is known to be slow. It then goes to the slow queue. */
  const filesPromptly = async (request: ReadWorkflows): Promise<FilesRead | null> => {
    if (slowKnots.has(request.knot)) return null
    const late = new AbortController()
    const disarm = clock.after(promptMs, () => late.abort())
    const found = await readFiles(request, AbortSignal.any([closing.signal, late.signal])).finally(disarm)
    if (found._tag === 'Files' || !late.signal.aborted) return found
    setNewest(slowKnots, request.knot, true, MAX_SLOW_KNOTS)
    return null
  }

  const filesSlowly = async (request: ReadWorkflows): Promise<FilesRead> => {
    const sinceUs = clock.now()
    const found = await readFiles(request, closing.signal)
    if (clock.now() - sinceUs < promptMs * 1_000) slowKnots.delete(request.knot)
    return found
  }

  const failed = ({ knot, number, rkey }: ReadWorkflows, error: string, isFinal: boolean): RequestFailed =>
    ({ _tag: 'RequestFailed', at: clock.now(), error, isFinal, number, requested: { _tag: 'Workflows', knot, rkey }, waitMs: 0 as Natural })

  const tell = async (request: ReadWorkflows, found: FilesRead, deliver: Deliver): Promise<void> => {
    const { knot, number, rkey } = request
    if (isClosing()) return
    if (found._tag === 'Unread') {
      const { error, isFinal, isTooLarge } = found
      if (isTooLarge === true) {
        // Every push would fail like this, and the author can fix it: report it as a build.
        const workflows = [faulty(UNREAD, '', `the workflow files cannot be read: ${error}. The knot can only send them with the whole repository`)]
        deliver({ _tag: 'WorkflowsRead', at: clock.now(), defaultBranch: null, knot, number, rkey, sources: null, unkept: [], workflows })
        return
      }
      deliver(failed(request, error, isFinal))
      return
    }
    const { defaultBranch, files, left, unkept } = found
    if (left > 0) log.warn('too many workflow files: the rest are ignored', { knot, left, read: files.length, rkey })
    const workflows: Workflow[] = []
    for (const file of files) {
      workflows.push(parseWorkflow(file))
      // Let others run between two files.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const sources = request.workflows === null ? files.flatMap(textOf) : null
    if (!isClosing()) deliver({ _tag: 'WorkflowsRead', at: clock.now(), defaultBranch, knot, number, rkey, sources, unkept, workflows })
  }

  const read = (request: ReadWorkflows, deliver: Deliver, isSlow: boolean): void => {
    const { knot, repository, workflows } = request
    const queue = isSlow ? slow : prompt
    queue.add(knot, repository.owner, async () => {
      try {
        const found =
          workflows !== null
            ? { _tag: 'Files' as const, defaultBranch: null, ...inlineFiles(workflows), unkept: [] }
            : await (isSlow ? filesSlowly : filesPromptly)(request)
        if (found === null) read(request, deliver, true)
        else await tell(request, found, deliver)
      } catch (error) {
        if (!isClosing()) deliver(failed(request, excerpt(String(error)), false))
      }
    })
  }

  return {
    close: async () => {
      closing.abort()
      await Promise.all([prompt.close(), slow.close()])
    },
    read: (request, deliver) => read(request, deliver, false)
  }
}
