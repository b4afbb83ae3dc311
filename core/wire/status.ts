/**
 * Our own `/events`: runs and statuses as Tangled reads them, and the cursors with which readers resume.
 *
 * Source: tangled.org/core, `spindle/stream.go`, lexicons `sh.tangled.pipeline` and `sh.tangled.pipeline.status`.
 * Stamps go out in nanoseconds, which a double cannot hold, so the digits are written by hand.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import {
  clampTimeUs,
  Nanos,
  nanosOf,
  PIPELINE,
  pipelineUri,
  STATUS,
  tidOf,
  TimeUs,
  usBefore
} from '../data/identifiers.js'
import type { LogEntry, PipelineEntry, StatusEntry } from '../effect.js'
import type { Status } from '../model/build.js'

const SECOND_US = 1_000_000
const DAY_S = 86_400

const padded = (n: number, digits: number): string => String(n).padStart(digits, '0')

/**
 * The date `days` after 1970-01-01 in the Gregorian calendar, counted in eras of 400 years (146 097 days) that begin in
 * March.
 */
const dateOf = (days: number): string => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const day = shifted - era * 146_097
  const year = Math.floor((day - Math.floor(day / 1_460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365)
  const inYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const month = Math.floor((5 * inYear + 2) / 153)
  const dayOfMonth = inYear - Math.floor((153 * month + 2) / 5) + 1
  const [number, calendar] = month < 10 ? [month + 3, year] : [month - 9, year + 1]
  return `${padded(calendar + era * 400, 4)}-${padded(number, 2)}-${padded(dayOfMonth, 2)}`
}

/**
 * `time` in RFC 3339, UTC, with its microseconds.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, rfc3339 } from '@tack-ci/core'
 *
 * assert.strictEqual(rfc3339(clampTimeUs(1_767_225_600_000_001)), '2026-01-01T00:00:00.000001Z')
 */
export const rfc3339 = (time: TimeUs): string => {
  const seconds = Math.floor(time / SECOND_US)
  const days = Math.floor(seconds / DAY_S)
  const inDay = seconds - days * DAY_S
  const [h, m, s] = [Math.floor(inDay / 3_600), Math.floor(inDay / 60) % 60, inDay % 60]
  return `${dateOf(days)}T${padded(h, 2)}:${padded(m, 2)}:${padded(s, 2)}.${padded(time % SECOND_US, 6)}Z`
}

/**
 * How long before its stamp a status claims to have been made. A reader may truncate that time to whole seconds and,
 * within one second, take the status that arrived last as current; it may also replace a time in its future by its own
 * clock's. So later statuses of a build are at least a second apart, and none claims a time after its stamp.
 */
const EARLIER_US: { readonly [S in Status]: number } = {
  pending: 2 * SECOND_US,
  running: SECOND_US,
  success: 0,
  failed: 0,
  timeout: 0,
  cancelled: 0
}

/**
 * The text of the frame that carries a status.
 *
 * @example
 * import assert from 'node:assert'
 * import { statusFrame, StatusEntry } from '@tack-ci/core'
 *
 * const entry = StatusEntry.decode({
 *   build: { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' },
 *   createdUs: 1_767_225_600_000_000,
 *   error: null,
 *   exitCode: null,
 *   status: 'pending'
 * })
 * assert(entry._tag === 'Right')
 * assert(statusFrame(entry.right).endsWith('"created":1767225600000000000}'))
 */
export const statusFrame = ({ build, createdUs, error, exitCode, status }: StatusEntry): string => {
  const event = {
    $type: STATUS,
    pipeline: pipelineUri(build.knot, build.rkey),
    workflow: build.workflow,
    status,
    createdAt: rfc3339(usBefore(createdUs, EARLIER_US[status])),
    ...(error === null ? {} : { error }),
    ...(exitCode === null ? {} : { exitCode })
  }
  return frameOf(tidOf(createdUs), STATUS, event, createdUs)
}

/** The frame with its stamp, whose digits a double cannot hold. */
const frameOf = (rkey: string, nsid: string, event: object, createdUs: TimeUs): string =>
  `${JSON.stringify({ rkey, nsid, event }).slice(0, -1)},"created":${nanosOf(createdUs)}}`

/** What caused the run, complete for its kind. */
const causeOf = (cause: PipelineEntry['cause'], repo: object): object => {
  switch (cause._tag) {
    case 'Push': {
      const { newSha, oldSha, ref } = cause
      return { kind: 'push', repo, push: { ref, oldSha, newSha } }
    }
    case 'PullRequest': {
      const { action, sourceBranch, sourceSha, targetBranch } = cause
      return {
        kind: 'pull_request',
        repo,
        pullRequest: { sourceBranch, targetBranch, sourceSha, ...(action === null ? {} : { action }) }
      }
    }
    case 'Manual':
      return { kind: 'manual', repo, manual: { inputs: cause.inputs.map(([key, value]) => ({ key, value })) } }
  }
}

/**
 * The text of the frame that announces a run, under the key that its statuses carry.
 *
 * @example
 * import assert from 'node:assert'
 * import { pipelineFrame, PipelineEntry } from '@tack-ci/core'
 *
 * const entry = PipelineEntry.decode({
 *   cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
 *   createdUs: 1_767_225_600_000_000,
 *   defaultBranch: 'main',
 *   knot: 'knot.example',
 *   repository: { did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' },
 *   rkey: '3mbd3542k2222',
 *   workflows: [
 *     { clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name: 'ci.yml', text: 'engine: tack' }
 *   ]
 * })
 * assert(entry._tag === 'Right')
 * assert(pipelineFrame(entry.right).startsWith('{"rkey":"3mbd3542k2222","nsid":"sh.tangled.pipeline","event":{'))
 */
export const pipelineFrame = ({
  cause,
  createdUs,
  defaultBranch,
  knot,
  repository,
  rkey,
  workflows
}: PipelineEntry): string => {
  const { did, name, owner } = repository
  const repo = {
    knot,
    did: owner,
    repo: name,
    ...(did === '' ? {} : { repoDid: did }),
    defaultBranch: defaultBranch ?? ''
  }
  const event = {
    $type: PIPELINE,
    triggerMetadata: causeOf(cause, repo),
    workflows: workflows.map(({ clone: { depth, skip, submodules }, engine, name: file, text }) => ({
      name: file,
      engine,
      raw: text,
      clone: { skip, depth, submodules }
    }))
  }
  return frameOf(rkey, PIPELINE, event, createdUs)
}

/**
 * The text of the frame that carries an entry of the log.
 *
 * @example
 * import assert from 'node:assert'
 * import { logFrame, StatusEntry, statusFrame } from '@tack-ci/core'
 *
 * const entry = StatusEntry.decode({
 *   build: { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' },
 *   createdUs: 1_767_225_600_000_000,
 *   error: null,
 *   exitCode: null,
 *   status: 'running'
 * })
 * assert(entry._tag === 'Right')
 * assert.strictEqual(logFrame(entry.right), statusFrame(entry.right))
 */
export const logFrame = (entry: LogEntry): string => ('status' in entry ? statusFrame(entry) : pipelineFrame(entry))

/** A reader's cursor. */
export const ReaderCursor = t.readonly(
  t.strict({
    /** Whether it is a whole number of microseconds, as all our stamps are. */
    isWhole: t.boolean,
    /** Rounded down. Entries created after the exact cursor are those created after this. */
    timeUs: TimeUs
  }),
  'ReaderCursor'
)
export type ReaderCursor = t.TypeOf<typeof ReaderCursor>

/**
 * A reader's cursor, from its text in nanoseconds.
 *
 * @returns `Left` with the rule for what is no such number.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeCursor } from '@tack-ci/core'
 *
 * assert.deepStrictEqual(decodeCursor('1767225600000000999'), {
 *   _tag: 'Right',
 *   right: { isWhole: false, timeUs: 1_767_225_600_000_000 }
 * })
 * assert.strictEqual(decodeCursor('1e18')._tag, 'Left')
 */
export const decodeCursor = (text: string): E.Either<string, ReaderCursor> => {
  if (!Nanos.is(text))
    return E.left(
      'a cursor is a time in nanoseconds: decimal digits without leading zeros, from 0 to 9223372036854775807'
    )
  const timeUs = clampTimeUs(Number(text.slice(0, -3)))
  return E.right({ isWhole: nanosOf(timeUs) === text, timeUs })
}
