/** Configurations: near the defaults, but each setting different sometimes. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { type Admission, type Backoff, Config, defaults, type HostPolicy } from '../../../core/index.js'
import { ALICE, HOSTNAME, OTHER_HOSTNAME, OWNER, pick, SECOND_US, weighted } from './data.js'

/** A configuration from its written form. */
export const configOf = (written: unknown): Config => {
  const decoded = Config.decode(written)
  if (E.isLeft(decoded)) throw new Error('not a configuration')
  return decoded.right
}

/** The configuration for the public network, with some of it changed. */
export const configWith = (changes: Partial<Config>): Config =>
  configOf({ ...defaults({ hostname: HOSTNAME, owner: OWNER }), ...changes })

export const anyAdmission: fc.Arbitrary<Admission> = weighted<Admission>([1, 'open'], [2, 'members'])

/** Durations in milliseconds, the longest of them twelve days. */
export const backoffs: fc.Arbitrary<Backoff> = fc
  .record(
    {
      baseMs: weighted([4, 2_000], [1, 1], [1, 0]),
      capMs: weighted([3, 60_000], [1, 5_000], [1, 0], [1, 2 ** 30]),
      healthyAfterMs: weighted([3, 30_000], [1, 0])
    },
    { noNullPrototype: true }
  )
  .map((durations) => durations as Backoff)

export const hostPolicies = fc.record(
  { defaultPort: weighted([3, 443], [1, 80]), loopback: weighted([1, false], [1, true]), ports: weighted([1, false], [1, true]) },
  { noNullPrototype: true }
)

/** Policies of builds that are near the defaults, but for how much is remembered. */
export const buildPolicies = fc.record(
  {
    allow: fc.subarray([
      { pipelines: '*', provider: 'local', repos: `${ALICE}/*` },
      { pipelines: 'app', provider: 'other', repos: '**' }
    ]),
    backoff: backoffs,
    keepStatuses: weighted([4, 20_000], [1, 3], [1, 1]),
    keepUnits: weighted([4, 67_108_864], [1, 5_000]),
    owedUnits: weighted([4, 134_217_728], [1, 65_536]),
    pendingMs: weighted([4, 86_400_000], [1, 0]),
    providers: weighted([4, ['local', 'other']], [1, ['local']], [1, []]),
    runningMs: weighted([4, 21_600_000], [1, 60_000])
  },
  { noNullPrototype: true }
)

/** Room for far more than a run writes, or for very little. */
const caps = weighted(
  [5, { admitted: 30_000, stranger: 1_000, strangers: 100_000 }],
  [1, { admitted: 3, stranger: 2, strangers: 3 }],
  [1, { admitted: 1, stranger: 0, strangers: 0 }]
)

export const configs = (admissions: fc.Arbitrary<Admission>): fc.Arbitrary<Config> =>
  fc
    .record(
      {
        admission: admissions,
        backfill: weighted([3, false], [1, true]),
        builds: buildPolicies,
        caps,
        hostname: weighted([6, HOSTNAME], [1, OTHER_HOSTNAME]),
        hosts: hostPolicies,
        jetstream: weighted([6, 'wss://one.example/subscribe'], [1, 'wss://two.example/subscribe'], [1, '']),
        jetstreamBackoff: backoffs,
        knotBackoff: backoffs,
        owner: weighted([6, OWNER], [1, ALICE]),
        rewindUs: weighted([5, 5 * SECOND_US], [1, 0], [1, 3_600 * SECOND_US]),
        toleranceUs: weighted([5, 60 * SECOND_US], [1, 0])
      },
      { noNullPrototype: true }
    )
    // What knots say of who may push is tried by examples.
    .map((drawn) => configOf({ ...drawn, collaborators: 'records' }))

/** The policies of hosts that differ from one in one thing. */
const otherHosts = (hosts: HostPolicy): ReadonlyArray<HostPolicy> => [
  { ...hosts, ports: !hosts.ports },
  { ...hosts, loopback: !hosts.loopback },
  { ...hosts, defaultPort: hosts.defaultPort === 443 ? 8443 : 443 }
]

/** Two configurations that differ in which hosts they allow. */
export const hostChanges: fc.Arbitrary<{ readonly after: Config; readonly before: Config }> = fc
  .record({ hosts: hostPolicies, way: fc.nat(2) })
  .map(({ hosts, way }) => ({
    after: configWith({ hosts: pick(otherHosts(hosts), way) }),
    before: configWith({ hosts })
  }))

const CHANGES: ReadonlyArray<(config: Config) => object> = [
  ({ owner }) => ({ owner: owner === OWNER ? ALICE : OWNER }),
  ({ hostname }) => ({ hostname: hostname === HOSTNAME ? OTHER_HOSTNAME : HOSTNAME }),
  ({ backfill }) => ({ backfill: !backfill }),
  ({ hosts }) => ({ hosts: pick(otherHosts(hosts), 0) }),
  ({ hosts }) => ({ hosts: pick(otherHosts(hosts), 1) }),
  ({ hosts }) => ({ hosts: pick(otherHosts(hosts), 2) })
]

/** A configuration, and another that differs from it in one thing, or in its admission, or in everything. */
export const configPairs = (admissions: fc.Arbitrary<Admission>): fc.Arbitrary<readonly [Config, Config]> =>
  fc.tuple(configs(admissions), configs(admissions), fc.nat(CHANGES.length + 1)).map(([config, other, way]) => {
    const change = CHANGES[way]
    if (change !== undefined) return [config, configOf({ ...config, ...change(config) })]
    return [config, way === CHANGES.length ? { ...config, admission: other.admission } : other]
  })
