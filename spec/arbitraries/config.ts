/** Configurations: near the defaults, but each setting different sometimes. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { type Admission, type Backoff, Config, defaults } from '../../core/index.js'
import { ALICE, HOSTNAME, OTHER_HOSTNAME, OWNER, SECOND_US, weighted } from './data.js'

/** A configuration from its written form. */
export const configOf = (written: unknown): Config => {
  const decoded = Config.decode(written)
  if (E.isLeft(decoded)) throw new Error('not a configuration')
  return decoded.right
}

/** The configuration for the public network, with some of it changed. */
export const configWith = (changes: Partial<Config>): Config =>
  configOf({ ...defaults({ hostname: HOSTNAME, owner: OWNER }), ...changes })

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
  { defaultPort: weighted([3, 443], [1, 80]), loopback: weighted([1, false], [1, true]), ports: weighted([2, false], [1, true]) },
  { noNullPrototype: true }
)

/** Configurations, of which one in `usual` + 1 has another hostname, and as many another owner. */
export const configs = (admissions: fc.Arbitrary<Admission>, usual = 6): fc.Arbitrary<Config> =>
  fc
    .record(
      {
        admission: admissions,
        hostname: weighted([usual, HOSTNAME], [1, OTHER_HOSTNAME]),
        hosts: hostPolicies,
        jetstreamBackoff: backoffs,
        knotBackoff: backoffs,
        owner: weighted([usual, OWNER], [1, ALICE]),
        rewindUs: weighted([5, 5 * SECOND_US], [1, 0], [1, 3_600 * SECOND_US]),
        toleranceUs: weighted([5, 60 * SECOND_US], [1, 0])
      },
      { noNullPrototype: true }
    )
    .map(configOf)

export const anyAdmission: fc.Arbitrary<Admission> = weighted<Admission>([1, 'open'], [2, 'members'])
