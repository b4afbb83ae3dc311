/** Builds, as the rest of the system knows them: names, statuses, and all that a provider must know to run one. */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { Did, Rkey, Sha, WorkflowName } from '../data/identifiers.js'
import { Pair } from './trigger.js'
import { Clone, Step } from './workflow.js'

/**
 * The name of a build: the knot and the rkey of its trigger, and the workflow. No two builds ever share a name (T5).
 */
export const BuildName = t.readonly(t.strict({ knot: HostName, rkey: Rkey, workflow: WorkflowName }), 'BuildName')
export type BuildName = t.TypeOf<typeof BuildName>

/** `pending` < `running` < any other. */
export const Status = t.keyof(
  { pending: null, running: null, success: null, failed: null, timeout: null, cancelled: null },
  'Status'
)
export type Status = t.TypeOf<typeof Status>

/**
 * Whether no other status can follow: the build has ended.
 *
 * @example
 * import assert from 'node:assert'
 * import { isFinal } from '@tack-ci/core'
 *
 * assert.strictEqual(isFinal('running'), false)
 * assert.strictEqual(isFinal('cancelled'), true)
 */
export const isFinal = (status: Status): boolean => status !== 'pending' && status !== 'running'

/** The brand of `ExitCode`. */
export interface ExitCodeBrand {
  readonly ExitCode: unique symbol
}

/** The exit code of a command: an integer, as providers report it. */
export const ExitCode = t.brand(
  t.number,
  (n): n is t.Branded<number, ExitCodeBrand> => Number.isSafeInteger(n),
  'ExitCode'
)
export type ExitCode = t.TypeOf<typeof ExitCode>

/** The repository that is built. */
export const Repository = t.readonly(
  t.strict({
    /** The repository's own DID; `""` if it has none. */
    did: t.string,
    name: t.string,
    owner: Did,
    /** The key of its record. */
    rkey: Rkey
  }),
  'Repository'
)
export type Repository = t.TypeOf<typeof Repository>

/** All that a provider must know to run a build. */
export const Plan = t.readonly(
  t.strict({
    clone: Clone,
    pipeline: t.string,
    provider: t.string,
    /** The whole ref; `null` if there is none. */
    ref: t.union([t.string, t.null]),
    repository: Repository,
    settings: t.readonlyArray(Pair),
    /** `null`: the head of the default branch. */
    sha: t.union([Sha, t.null]),
    steps: t.readonlyArray(Step),
    /** The job's variables, by name, ascending. A workflow cannot override those that tack sets. */
    variables: t.readonlyArray(Pair)
  }),
  'Plan'
)
export type Plan = t.TypeOf<typeof Plan>

/** What a build takes from its workflow. Together with what the run holds, it makes a plan (plan.ts). */
export const Recipe = t.readonly(
  t.strict({
    clone: Clone,
    /** The variables that the workflow adds, by name, ascending. */
    environment: t.readonlyArray(Pair),
    pipeline: t.string,
    provider: t.string,
    settings: t.readonlyArray(Pair),
    steps: t.readonlyArray(Step)
  }),
  'Recipe'
)
export type Recipe = t.TypeOf<typeof Recipe>

const isPlain = (c: string): boolean => /[a-z0-9._-]/.test(c)

const hex = (byte: number): string => `=${byte.toString(16).padStart(2, '0')}`

/** The UTF-8 bytes of a code point. */
const utf8 = (point: number): ReadonlyArray<number> => {
  if (point < 0x80) return [point]
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 0x3f)]
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)]
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)]
}

/**
 * `text` as a file name for any file system: everything but lower-case letters, digits, `-`, `_` and inner dots is
 * written as its bytes, `=xx` each. Different texts give different names, even where case is ignored.
 */
const segment = (text: string): string =>
  Array.from(text, (c, i) =>
    isPlain(c) && !(i === 0 && c === '.')
      ? c
      : utf8(c.codePointAt(0) ?? 0)
          .map(hex)
          .join('')
  ).join('')

/**
 * The name of a build as one text of three segments, `knot/rkey/workflow`. It is safe as a path below any folder, and
 * no two builds share one.
 *
 * @example
 * import assert from 'node:assert'
 * import { BuildName, buildKey } from '@tack-ci/core'
 *
 * const name = BuildName.decode({ knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'CI.yml' })
 * assert(name._tag === 'Right')
 * assert.strictEqual(buildKey(name.right), 'knot.example/3mbd3542k2222/=43=49.yml')
 */
export const buildKey = ({ knot, rkey, workflow }: BuildName): string => [knot, rkey, workflow].map(segment).join('/')
