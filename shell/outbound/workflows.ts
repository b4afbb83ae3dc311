/**
 * Reads workflow files, wherever they are, and parses them as YAML. What the parsed value means is up to the core.
 *
 * A file is written by a stranger, and parsed in the same thread as everything else. Hence a parser that stops at the first error, takes time
 * linear in the length of the file whatever is in it (40 ms for the longest, at worst), and has a depth limit; aliases are kept as references, not
 * expanded.
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

/** The number of values that a file of the greatest length can hold; more can only come from aliases to each other, or to themselves. */
const MAX_VALUES = WORKFLOW_BYTES_MAX

/** Stands for all files of a repository that is too large to be read. */
const UNREAD = 'workflows.yml' as WorkflowName

const NEWLINE = 10

/** The number of the first line that is not UTF-8; 0 if there is none. (A newline is never part of another character.) */
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

/** The error message for the author of a file. */
const complaint = (fault: YamlFault): string => {
  if (fault._tag === 'Immodest') return 'its aliases expand to too much'
  const place = fault.line === null ? 'the file' : `line ${String(fault.line)}`
  return fault.reason === '' ? `${place} is not valid YAML` : `${place} is not valid YAML: ${fault.reason}`
}

/** Parses a workflow file. Never throws: an error is part of the result, as a sentence for its author. */
export const parseWorkflow = ({ bytes, name }: WorkflowFile): Workflow => {
  if (bytes === null || bytes.length > WORKFLOW_BYTES_MAX) return faulty(name, '', `the file is longer than ${String(WORKFLOW_BYTES_MAX / 1024)} KiB`)
  const content = createHash('sha256').update(bytes).digest('hex')
  const bad = firstBadLine(bytes)
  if (bad > 0) return faulty(name, content, `line ${String(bad)} is not UTF-8`)
  const value = parseSpelled(bytes.toString(), MAX_VALUES)
  return E.isLeft(value) ? faulty(name, content, complaint(value.left)) : decodeWorkflow(name, content, value.right)
}

/** The file as text, if it is one and not too long. */
const textOf = ({ bytes, name }: WorkflowFile): ReadonlyArray<WorkflowSource> =>
  bytes === null || bytes.length > WORKFLOW_BYTES_MAX || !isUtf8(bytes) ? [] : [{ name, text: bytes.toString() }]

// ---------------------------------------------------------------------------------------- all of a trigger

export interface WorkflowsOptions {
  readonly clock: Clock
  readonly log: Log
  /** The limit of readings at a time; the rest wait. 4 by default. */
  readonly maxReadings?: number
  /** The same of those from slow knots, which go on beside the others, one from each. 2 by default. */
  readonly maxSlowReadings?: number
  /** The limit of readings from one knot, which may be slow: the others must not wait for it. 2 by default. */
  readonly maxReadingsPerKnot?: number
  /** A reading that takes longer than this is begun again among the slow ones. 10 s by default. */
  readonly promptMs?: number
  /** Reads files from repositories (git.ts). */
  readonly readFiles: ReadFiles
}

/** How many knots are remembered as slow. */
const MAX_SLOW_KNOTS = 10_000

/** The workflow files that a trigger brought: each name once, by name, the first fifty. */
const inlineFiles = (sources: NonNullable<ReadWorkflows['workflows']>): { readonly files: ReadonlyArray<WorkflowFile>; readonly left: number } => {
  const all = byName(sources.filter(({ name }) => isWorkflowFile(name))).map(({ name, text }): WorkflowFile => ({ bytes: Buffer.from(text), name }))
  return { files: all.slice(0, WORKFLOWS_MAX), left: Math.max(0, all.length - WORKFLOWS_MAX) }
}

/**
 * Reads workflows. Readings under way at a close are not answered: the core asks again at the next start.
 *
 * A knot whose answers are slow, or never end, must not keep pushes of others waiting: its readings go on beside theirs, until one is prompt.
 * Nor must an account of which many repositories are to be read: accounts take turns.
 */
export const workflowReader = (options: WorkflowsOptions): Workflows => {
  const { clock, log, maxReadings = 4, maxReadingsPerKnot = 2, maxSlowReadings = 2, promptMs = 10_000, readFiles } = options
  const prompt = createFairQueue(maxReadings, maxReadingsPerKnot)
  const slow = createFairQueue(maxSlowReadings, 1)
  const slowKnots = new Map<HostName, true>()
  const closing = new AbortController()
  const isClosing = (): boolean => closing.signal.aborted

  /** The files, or `null` for a reading that would take too long among the prompt ones. */
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
        // Every push would fail so, and whoever pushed can help it: report it as a build.
        const workflows = [faulty(UNREAD, '', `the workflow files cannot be read: ${error}. The knot sends them with all of the repository`)]
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
      // Yield to others between two files.
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
