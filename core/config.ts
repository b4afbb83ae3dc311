/** The operator's decisions, as far as the machine needs them. */
import * as t from 'io-ts'
import { HostPolicy } from './data/host-name.js'
import { Did } from './data/identifiers.js'
import { Natural } from './data/natural.js'

export interface NonEmptyBrand {
  readonly NonEmpty: unique symbol
}
export const NonEmpty = t.brand(t.string, (s): s is t.Branded<string, NonEmptyBrand> => s !== '', 'NonEmpty')

/** The pause before attempt `n` is drawn from 0 to `min(capMs, baseMs · 2ⁿ)`; see `base/connection.ts`. */
export const Backoff = t.readonly(
  t.strict({
    baseMs: Natural,
    capMs: Natural,
    /** A connection that was open for at least this long starts again from the first attempt when it closes. */
    healthyAfterMs: Natural
  }),
  'Backoff'
)
export type Backoff = t.TypeOf<typeof Backoff>

/** Whose records may make us listen to a knot (D7): anybody's that name us, or only the owner's and the members'. */
export const Admission = t.union([t.literal('open'), t.literal('members')], 'Admission')
export type Admission = t.TypeOf<typeof Admission>

/** One line of the operator's list: repositories with these names may use these pipelines of that provider. */
export const Allowed = t.readonly(
  t.strict({
    /** Pattern for the provider's pipelines. */
    pipelines: t.string,
    provider: t.string,
    /** Pattern for `<DID of the owner>/<name>`. */
    repos: t.string
  }),
  'Allowed'
)
export type Allowed = t.TypeOf<typeof Allowed>

/** The operator's decisions about builds. */
export const BuildPolicy = t.readonly(
  t.strict({
    /** What is not listed here is built only for the owner's own repositories, with any pipeline (T3). */
    allow: t.readonlyArray(Allowed),
    /** Pauses between attempts at a request to a provider, a knot or an account's server. */
    backoff: Backoff,
    /** How many statuses are kept for readers. A build is remembered as long as its last status is kept. */
    keepStatuses: Natural,
    /** How much all runs that have ended may keep, in units (T6). Beyond it the oldest statuses are dropped. */
    keepUnits: Natural,
    /** How much all runs that have not ended may keep. Beyond it, or beyond a share of it, triggers are refused. */
    owedUnits: Natural,
    /** How long a build may be pending. */
    pendingMs: Natural,
    /** The names of the configured providers. */
    providers: t.readonlyArray(t.string),
    /** How long a build may run. */
    runningMs: Natural
  }),
  'BuildPolicy'
)
export type BuildPolicy = t.TypeOf<typeof BuildPolicy>

/** How many keys are kept, tombstones included; beyond that, new keys are refused. */
export const Caps = t.readonly(
  t.strict({
    /** Of the owner, and of each account that a record of the owner names. */
    admitted: Natural,
    /** Of any other account. */
    stranger: Natural,
    /** Of all those other accounts together. */
    strangers: Natural
  }),
  'Caps'
)
export type Caps = t.TypeOf<typeof Caps>

/** The operator's decisions. */
export const Config = t.readonly(
  t.strict({
    admission: Admission,
    /** Whether records from before the stream began are read from their accounts' servers. */
    backfill: t.boolean,
    builds: BuildPolicy,
    caps: Caps,
    /**
     * Who decides who may push to a repository: knots that keep lists are asked, or the records decide everywhere (T2).
     */
    collaborators: t.union([t.literal('knots'), t.literal('records')]),
    /** What repositories name as their spindle; compared byte for byte. */
    hostname: NonEmpty,
    hosts: HostPolicy,
    /**
     * A text that identifies the stream's server: numbers of frames are valid on that server alone (D10). `""`: the
     * stream is never requested by number.
     */
    jetstream: t.string,
    jetstreamBackoff: Backoff,
    knotBackoff: Backoff,
    owner: Did,
    /** How far before the saved cursor a connection asks to start (S4). */
    rewindUs: Natural,
    /** How much later than requested the first event may be before a gap is reported (D10). */
    toleranceUs: Natural
  }),
  'Config'
)
export type Config = t.TypeOf<typeof Config>

/** What has no default. */
export interface Identity {
  readonly hostname: string
  readonly owner: string
}

/**
 * The configuration for the public network: admission by membership, a rewind of 5 s, a tolerance of 60 s, pauses from
 * 2 s up to 60 s (Jetstream) and 5 min (knots), no ports and no loopback names. It is not validated: pass it, with your
 * changes, through `Config.decode`.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults } from '@tack-ci/core'
 *
 * const identity = { hostname: 'ci.example', owner: 'did:plc:owner' }
 * const config = Config.decode({ ...defaults(identity), admission: 'open' })
 * assert(config._tag === 'Right')
 * assert.strictEqual(config.right.rewindUs, 5_000_000)
 *
 * assert.strictEqual(Config.decode(defaults({ ...identity, owner: 'somebody' }))._tag, 'Left')
 */
export const defaults = ({ hostname, owner }: Identity) => ({
  admission: 'members' as const,
  backfill: true,
  builds: {
    allow: [],
    backoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 0 },
    keepStatuses: 20_000,
    keepUnits: 67_108_864,
    owedUnits: 134_217_728,
    pendingMs: 86_400_000,
    providers: [],
    runningMs: 21_600_000
  },
  caps: { admitted: 30_000, stranger: 1_000, strangers: 100_000 },
  collaborators: 'records' as const,
  hostname,
  hosts: { defaultPort: 443, loopback: false, ports: false },
  jetstream: '',
  jetstreamBackoff: { baseMs: 2_000, capMs: 60_000, healthyAfterMs: 30_000 },
  knotBackoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 30_000 },
  owner,
  rewindUs: 5_000_000,
  toleranceUs: 60_000_000
})
