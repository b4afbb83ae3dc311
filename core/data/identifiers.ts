/**
 * The identifiers of the AT Protocol, and time stamps, as branded types: a value with a brand is well-formed, and not
 * checked again.
 *
 * All of them are ASCII, so "as text" means the same order in every language (behaviour D13).
 *
 * Sources: atproto.com/specs/did, /specs/record-key, /specs/tid, /specs/nsid.
 */
import * as t from 'io-ts'
import type { HostName } from './host-name.js'

// ---------------------------------------------------------------------------------------- DID

export interface DidBrand {
  readonly Did: unique symbol
}

const DID = /^did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]$/
const DID_MAX = 2048

/** The id of an account: `did:plc:…`, `did:web:…`, or of any other method; at most 2 048 characters. */
export const Did = t.brand(t.string, (s): s is t.Branded<string, DidBrand> => s.length <= DID_MAX && DID.test(s), 'Did')
export type Did = t.TypeOf<typeof Did>

// ---------------------------------------------------------------------------------------- rkey

export interface RkeyBrand {
  readonly Rkey: unique symbol
}

const RKEY = /^[A-Za-z0-9_~.:-]{1,512}$/

/**
 * The key of one record in one collection of an account: 1 to 512 of `A–Z a–z 0–9 _ ~ . : -`, and neither `.` nor `..`.
 * `__proto__` and `constructor` are valid ones.
 */
export const Rkey = t.brand(
  t.string,
  (s): s is t.Branded<string, RkeyBrand> => RKEY.test(s) && s !== '.' && s !== '..',
  'Rkey'
)
export type Rkey = t.TypeOf<typeof Rkey>

// ---------------------------------------------------------------------------------------- time

export interface TimeUsBrand {
  readonly TimeUs: unique symbol
}

/** Unix time in microseconds, 0 to 2⁵³−1: safe as a double. Wire name `time_us`. */
export const TimeUs = t.brand(
  t.number,
  (n): n is t.Branded<number, TimeUsBrand> => Number.isSafeInteger(n) && n >= 0,
  'TimeUs'
)
export type TimeUs = t.TypeOf<typeof TimeUs>

/**
 * `n`, rounded towards zero and clamped to the range of a stamp.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs } from '@tack-ci/core'
 *
 * assert.strictEqual(clampTimeUs(1.9), 1)
 * assert.strictEqual(clampTimeUs(-1), 0)
 * assert.strictEqual(clampTimeUs(2 ** 60), 2 ** 53 - 1)
 */
export const clampTimeUs = (n: number): TimeUs =>
  Math.trunc(Math.min(Math.max(n, 0), Number.MAX_SAFE_INTEGER)) as TimeUs

/** The stamp `us` microseconds after `base`, at most the last there is. */
export const usAfter = (base: TimeUs, us: number): TimeUs => clampTimeUs(base + us)

/** The stamp `us` microseconds before `base`, at least 0. */
export const usBefore = (base: TimeUs, us: number): TimeUs => clampTimeUs(base - us)

/** The later of two stamps. */
export const laterOf = (a: TimeUs, b: TimeUs): TimeUs => (a < b ? b : a)

/** How far ahead of its receipt a stamp may be before it counts as one from the future: five minutes (D1). */
export const FUTURE_US = 300_000_000

/** Whether `timeUs` is a stamp from the future for something received at `at`. */
export const isFromFuture = (timeUs: TimeUs, at: TimeUs): boolean => timeUs > at + FUTURE_US

export interface NanosBrand {
  readonly Nanos: unique symbol
}

const NANOS = /^(?:0|[1-9][0-9]{0,18})$/
const NANOS_MAX = '9223372036854775807'

/** Shorter is smaller, and of two equally long digit strings the text decides: digits without leading zeros sort so. */
const digitsBefore = (a: string, b: string): boolean => a.length < b.length || (a.length === b.length && a < b)

/**
 * Unix time in nanoseconds as decimal digits, 0 to 2⁶³−1. A string because doubles are 256 apart at the present time,
 * so two different stamps would compare equal. Wire name `created`.
 */
export const Nanos = t.brand(
  t.string,
  (s): s is t.Branded<string, NanosBrand> => NANOS.test(s) && !digitsBefore(NANOS_MAX, s),
  'Nanos'
)
export type Nanos = t.TypeOf<typeof Nanos>

/** Whether `a` is earlier than `b`. */
export const nanosBefore = (a: Nanos, b: Nanos): boolean => digitsBefore(a, b)

/** The stamp one nanosecond before `n`; 0 stays 0. */
export const previousNano = (n: Nanos): Nanos => (n === '0' ? n : (String(BigInt(n) - 1n) as Nanos))

/** A stamp in microseconds as one in nanoseconds: the last of the one is below the last of the other. */
export const nanosOf = (us: TimeUs): Nanos => (us === 0 ? '0' : `${String(us)}000`) as Nanos

/** The microsecond in which a nanosecond lies, as far as a stamp can hold it. */
export const microsOf = (n: Nanos): TimeUs => clampTimeUs(Number(n.slice(0, -3)))

// ---------------------------------------------------------------------------------------- TID

export interface TidBrand {
  readonly Tid: unique symbol
}

const TID = /^[2-7a-j][2-7a-z]{12}$/

/**
 * The version stamp of a commit (`rev`): 13 characters of base32-sortable, the first of them below `k`. Sorts as text
 * in the order of its time.
 */
export const Tid = t.brand(t.string, (s): s is t.Branded<string, TidBrand> => TID.test(s), 'Tid')
export type Tid = t.TypeOf<typeof Tid>

/** The value of one base32-sortable digit, `234567abcdefghijklmnopqrstuvwxyz`. */
const digit = (code: number): number => (code < 97 ? code - 50 : code - 91)

const digits = (tid: Tid, from: number, to: number): number => {
  let value = 0
  for (let i = from; i < to; i++) value = value * 32 + digit(tid.charCodeAt(i))
  return value
}

/**
 * Whether the time in `tid` is later than `time` plus `toleranceUs` (an integer, 0 to 2³²). Exact for every TID: the
 * time has 54 bits, one more than a double holds, so it is compared in two halves of 29 and 25 bits. The last two
 * characters are a clock id and do not count.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, isTidAfter, Tid } from '@tack-ci/core'
 *
 * // Of 2026-01-01T00:00:00Z.
 * const rev = Tid.decode('3mbd3542k2222')
 * assert(rev._tag === 'Right')
 * assert.strictEqual(isTidAfter(rev.right, clampTimeUs(1_767_225_599_999_999), 0), true)
 * assert.strictEqual(isTidAfter(rev.right, clampTimeUs(1_767_225_600_000_000), 0), false)
 */
export const isTidAfter = (tid: Tid, time: TimeUs, toleranceUs: number): boolean =>
  digits(tid, 0, 6) * 33_554_432 - toleranceUs + digits(tid, 6, 11) > time

/** The digits of a TID, in the order of their values. */
const BASE32 = '234567abcdefghijklmnopqrstuvwxyz'

/** The lowest `count` base32 digits of `n`, highest first. */
const base32 = (n: number, count: number): string => {
  let text = ''
  for (let rest = n, i = 0; i < count; i++, rest = Math.floor(rest / 32)) text = BASE32.charAt(rest % 32) + text
  return text
}

/**
 * The TID of `time`, with clock id 0: eleven digits of time, two of the clock.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, tidOf } from '@tack-ci/core'
 *
 * assert.strictEqual(tidOf(clampTimeUs(1_767_225_600_000_000)), '3mbd3542k2222')
 */
export const tidOf = (time: TimeUs): Tid => `${base32(time, 11)}22` as Tid

/**
 * The time in `tid`, clamped to the range of a stamp.
 *
 * @example
 * import assert from 'node:assert'
 * import { Tid, timeOfTid } from '@tack-ci/core'
 *
 * const tid = Tid.decode('3mbd3542k2222')
 * assert(tid._tag === 'Right')
 * assert.strictEqual(timeOfTid(tid.right), 1_767_225_600_000_000)
 */
export const timeOfTid = (tid: Tid): TimeUs => clampTimeUs(digits(tid, 0, 6) * 33_554_432 + digits(tid, 6, 11))

// ---------------------------------------------------------------------------------------- git

export interface ShaBrand {
  readonly Sha: unique symbol
}

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** The name of a git object: 40 hex digits, or 64 in a repository that uses SHA-256. */
export const Sha = t.brand(t.string, (s): s is t.Branded<string, ShaBrand> => SHA.test(s), 'Sha')
export type Sha = t.TypeOf<typeof Sha>

/**
 * The null object id: the branch did not exist before, or no longer exists.
 *
 * @example
 * import assert from 'node:assert'
 * import { isZeroSha, Sha } from '@tack-ci/core'
 *
 * const sha = Sha.decode('0'.repeat(40))
 * assert(sha._tag === 'Right')
 * assert.strictEqual(isZeroSha(sha.right), true)
 */
export const isZeroSha = (sha: Sha): boolean => /^0+$/.test(sha)

export interface WorkflowNameBrand {
  readonly WorkflowName: unique symbol
}

/** What is neither a control character, a slash of either kind, nor half of a character. */
const WORKFLOW_NAME = /^[ -.0-[\]-~\u0080-\ud7ff]{1,100}$/

/**
 * The name of a workflow: that of its file, 1 to 100 characters below U+D800, neither slashes nor control characters,
 * not `.` or `..`. (Below U+D800 there is one order of text, by bytes of UTF-8, by code units and by code points.)
 */
export const WorkflowName = t.brand(
  t.string,
  (s): s is t.Branded<string, WorkflowNameBrand> => WORKFLOW_NAME.test(s) && s !== '.' && s !== '..',
  'WorkflowName'
)
export type WorkflowName = t.TypeOf<typeof WorkflowName>

// ---------------------------------------------------------------------------------------- NSID

export interface NsidBrand {
  readonly Nsid: unique symbol
}

const NSID = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+\.[a-z][a-z0-9]{0,62}$/i

/** The name of a kind of record or event, at most 317 characters. */
export const Nsid = t.brand(t.string, (s): s is t.Branded<string, NsidBrand> => s.length <= 317 && NSID.test(s), 'Nsid')
export type Nsid = t.TypeOf<typeof Nsid>

/** The collection of records that make somebody a member. */
export const MEMBER = 'sh.tangled.spindle.member'
/** The collection of records of repositories. */
export const REPO = 'sh.tangled.repo'
/** The collection of records that give somebody rights in a repository. */
export const COLLABORATOR = 'sh.tangled.repo.collaborator'
export const PIPELINE = 'sh.tangled.pipeline'
export const REF_UPDATE = 'sh.tangled.git.refUpdate'
export const STATUS = 'sh.tangled.pipeline.status'
/** The kind of event by which a knot tells who may push from now on, or may not any more. */
export const COLLABORATOR_UPDATE = 'sh.tangled.repo.collaboratorUpdate'

/** The collections that the bridge follows, in the order in which the filter names them (S1). */
export const COLLECTIONS = [MEMBER, REPO, COLLABORATOR] as const

/** One of the three collections that the stream is asked for. */
export const Collection = t.union([t.literal(MEMBER), t.literal(REPO), t.literal(COLLABORATOR)], 'Collection')
export type Collection = t.TypeOf<typeof Collection>

/**
 * The AT-URI of a trigger's pipeline: its record, kept under the knot's name. A port follows a plain `:`, not `%3A` as
 * in a DID: readers take the text after `did:web:` for the name of the knot, and compare it.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, pipelineUri, Rkey } from '@tack-ci/core'
 *
 * const host = canonicalHost({ defaultPort: 443, loopback: true, ports: true })('localhost:5555')
 * const rkey = Rkey.decode('3mbd3542k2222')
 * assert(host._tag === 'Some' && rkey._tag === 'Right')
 * assert.strictEqual(
 *   pipelineUri(host.value, rkey.right),
 *   'at://did:web:localhost:5555/sh.tangled.pipeline/3mbd3542k2222'
 * )
 */
export const pipelineUri = (knot: HostName, rkey: Rkey): string => `at://did:web:${knot}/${PIPELINE}/${rkey}`
