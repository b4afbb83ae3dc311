/**
 * The messages of the embedded network, and the identifiers that it invents: frames of Jetstream and of knots, in the formats of the real ones.
 *
 * Keys in Jetstream's frames have the order in which the real servers write them, so that a frame from here can be compared with a recorded one. All
 * randomness comes from a seed: the same seed gives the same bytes.
 *
 * Sources: github.com/bluesky-social/jetstream; tangled.org/core, `knotserver/events.go`; atproto.com/specs/tid.
 */
import { createHash } from 'node:crypto'
import type { Did, TimeUs } from '../../core/index.js'
import type { Random } from '../ports.js'

// ---------------------------------------------------------------------------------------- chance

/** A random source (mulberry32) that gives the same sequence for the same `seed`. For scripts, not for secrets. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    const a = Math.imul(state ^ (state >>> 15), state | 1)
    const b = a ^ (a + Math.imul(a ^ (a >>> 7), a | 61))
    return (b ^ (b >>> 14)) >>> 0
  }
  return { between: (low, high) => low + (next() % (high - low + 1)) }
}

// ---------------------------------------------------------------------------------------- identifiers

const SORTABLE = '234567abcdefghijklmnopqrstuvwxyz'
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

const sortable = (n: number, digits: number): string =>
  digits === 0 ? '' : sortable(Math.floor(n / 32), digits - 1) + SORTABLE.charAt(n % 32)

/** The TID for the time `timeUs`, with a clock id of 0 to 1 023: what an account server uses as a rev or rkey. */
export const tid = (timeUs: number, clockId = 0): string => sortable(timeUs, 11) + sortable(clockId, 2)

/** A random DID of the method `plc`. */
export const plc = (random: Random): Did =>
  `did:plc:${Array.from({ length: 24 }, () => BASE32.charAt(random.between(0, 31))).join('')}` as Did

/** A random git object name: 40 hexadecimal digits. */
export const sha = (random: Random): string => Array.from({ length: 40 }, () => random.between(0, 15).toString(16)).join('')

const base32 = (bytes: Buffer): string => {
  let text = ''
  for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
    // The five bits lie in these two bytes; past the end there are zeros.
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    text += BASE32.charAt((pair >> (11 - (bit & 7))) & 31)
  }
  return text
}

/** The first bytes of a CID: version 1, DAG-CBOR, SHA-256 of 32 bytes. */
const CID_HEAD = Buffer.from([0x01, 0x71, 0x12, 0x20])

/** A CID that depends on the record. It is computed from the JSON text, since nobody here reads blocks. */
const cidOf = (record: unknown): string =>
  `b${base32(Buffer.concat([CID_HEAD, createHash('sha256').update(JSON.stringify(record)).digest()]))}`

/** A time in microseconds as RFC 3339 text. */
export const rfc3339 = (timeUs: number): string => new Date(Math.floor(timeUs / 1000)).toISOString()

// ---------------------------------------------------------------------------------------- Jetstream

/** One change of a record. `create` and `update` differ in name only. */
export type Operation =
  | { readonly operation: 'create' | 'update'; readonly collection: string; readonly rkey: string; readonly record: unknown }
  | { readonly operation: 'delete'; readonly collection: string; readonly rkey: string }

/** An event of an account, without the envelope that a server puts around it. */
export interface Body {
  readonly did: string
  readonly kind: 'commit' | 'identity' | 'account'
  /** The collection by which the frame is filtered; `null` if it bypasses the filter. */
  readonly collection: string | null
  /** The field of the envelope that is named after the kind. */
  readonly content: unknown
}

export const commitBody = (did: string, rev: string, change: Operation): Body => {
  const { operation, collection, rkey } = change
  const content =
    change.operation === 'delete'
      ? { rev, operation, collection, rkey }
      : { rev, operation, collection, rkey, record: change.record, cid: cidOf(change.record) }
  return { did, kind: 'commit', collection, content }
}

/** `handle` is usually absent, and left out then. */
export const identityBody = (did: string, seq: number, timeUs: number, handle?: string): Body => ({
  did,
  kind: 'identity',
  collection: null,
  content: { did, handle, seq, time: rfc3339(timeUs) }
})

/** `status` is absent for an account in good standing, and left out then. */
export const accountBody = (did: string, seq: number, timeUs: number, active: boolean, status?: string): Body => ({
  did,
  kind: 'account',
  collection: null,
  content: { active, did, seq, status, time: rfc3339(timeUs) }
})

/** The text of a frame. Servers of the newer generation give each frame a sequence number, `cursor`; older ones do not. */
export const frameText = ({ did, kind, content }: Body, timeUs: TimeUs, cursor?: number): string =>
  JSON.stringify({ did, time_us: timeUs, cursor, kind, [kind]: content })

// ---------------------------------------------------------------------------------------- knots

/** An event of a knot: `event` is the record, `nsid` its kind. */
export interface KnotEvent {
  readonly nsid: string
  readonly rkey: string
  readonly event: unknown
}

/** A branch or tag has moved. `repo` is the DID of the repository. */
export interface Push {
  readonly changedFiles?: ReadonlyArray<string>
  readonly committerDid: string
  readonly ownerDid: string
  readonly pushOptions?: ReadonlyArray<string>
  readonly repo: string
  readonly ref: string
  readonly oldSha: string
  readonly newSha: string
}

/** What knots report about the commits. Nobody here reads it. */
const metaOf = (ref: string) => ({
  commitCount: { byEmail: [{ count: 1, email: 'someone@example.com' }] },
  isDefaultRef: ref === 'refs/heads/main',
  langBreakdown: { inputs: [{ lang: '', size: 2 }] }
})

/** The trigger of newer knots, `sh.tangled.git.refUpdate`, which names the changed files. */
export const refUpdate = (rkey: string, push: Push): KnotEvent => ({
  nsid: 'sh.tangled.git.refUpdate',
  rkey,
  event: { $type: '', changedFiles: ['README.md'], ...push, meta: metaOf(push.ref) }
})

/**
 * The `refUpdate` of older knots, which send a `pipeline` after it. Generation 1 names the repository by its owner (as `repoDid`) and its name,
 * generation 2 by both DIDs and its name, generation 3 by its DID (`repo`), as newer ones do.
 */
export const olderRefUpdate = (rkey: string, generation: 1 | 2 | 3, name: string, push: Push): KnotEvent => {
  const { committerDid, newSha, oldSha, ownerDid, ref, repo } = push
  const named = { 1: { repoDid: ownerDid, repoName: name }, 2: { ownerDid, repoDid: repo, repoName: name }, 3: { ownerDid, repo } }
  return {
    nsid: 'sh.tangled.git.refUpdate',
    rkey,
    event: { $type: '', committerDid, meta: metaOf(ref), newSha, oldSha, ref, ...named[generation] }
  }
}

/** A workflow in a pipeline. */
export const pipelineWorkflow = (name: string, raw: string, engine = 'tack') => ({
  clone: { depth: 0, skip: false, submodules: false },
  engine,
  name,
  raw
})

const pipelineOf = (rkey: string, triggerMetadata: object, workflows: ReadonlyArray<unknown>): KnotEvent => ({
  nsid: 'sh.tangled.pipeline',
  rkey,
  event: { $type: '', triggerMetadata, workflows }
})

/** The trigger of older knots, `sh.tangled.pipeline`: a push together with the workflows that match it. */
export const pipeline = (
  rkey: string,
  knot: string,
  name: string,
  { newSha, oldSha, ownerDid, ref }: Push,
  workflows: ReadonlyArray<unknown>
): KnotEvent => {
  const repo = { defaultBranch: '', did: ownerDid, knot, repo: name }
  return pipelineOf(rkey, { kind: 'push', push: { newSha, oldSha, ref }, repo }, workflows)
}

/** How a knot reports pushes: the newest by a refUpdate alone, older ones as `olderRefUpdate` describes. */
export type KnotGeneration = 1 | 2 | 3 | 'newest'

/**
 * All events that a knot sends for one push, in order. `key` creates their keys, each later than the one before. Older knots leave out the pipeline
 * if the push asks for no CI (`skip-ci`) or no workflow applies, and report neither in any other way.
 */
export const pushEvents = (
  generation: KnotGeneration,
  knot: string,
  name: string,
  push: Push,
  workflows: ReadonlyArray<unknown>,
  key: () => string
): ReadonlyArray<KnotEvent> => {
  if (generation === 'newest') return [refUpdate(key(), push)]
  const update = olderRefUpdate(key(), generation, name, push)
  const isBuilt = workflows.length > 0 && push.pushOptions?.includes('skip-ci') !== true
  return isBuilt ? [update, pipeline(key(), knot, name, push, workflows)] : [update]
}

/** Reports that a pull request was opened. Generation 1 calls that `create`, and knows no other action. */
export const pullRequest = (
  rkey: string,
  knot: string,
  name: string,
  ownerDid: string,
  branches: { readonly sourceBranch: string; readonly sourceSha: string; readonly targetBranch: string },
  workflows: ReadonlyArray<unknown>
): KnotEvent => {
  const repo = { defaultBranch: '', did: ownerDid, knot, repo: name }
  return pipelineOf(rkey, { kind: 'pull_request', pullRequest: { action: 'create', ...branches }, repo }, workflows)
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

/** Escapes JSON as knots do: characters with a meaning in HTML or older JavaScript. */
const escaped = (text: string): string =>
  text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * The text of a knot's frame. `created` is in nanoseconds, which a double cannot hold, so its digits are inserted into the text. Older knots write
 * none (`null`), and sort all keys.
 */
export const knotFrameText = ({ nsid, rkey, event }: KnotEvent, created: bigint | null): string =>
  created === null
    ? escaped(JSON.stringify(sorted({ event, nsid, rkey })))
    : `${escaped(JSON.stringify({ rkey, nsid, event })).slice(0, -1)},"created":${String(created)}}`
