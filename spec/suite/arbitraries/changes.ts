/** What commits do at a key: records as strangers write them, most of them to the point. */
import fc from 'fast-check'
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import type { Change } from '../laws/events.js'
import { ALICE, DIDS, HOSTNAME, KNOTS, OTHER_HOSTNAME, weighted } from './data.js'

const cleanHostnames = weighted([8, HOSTNAME], [1, OTHER_HOSTNAME], [1, ''], [1, HOSTNAME.toUpperCase()])

/** One in twenty is too long to count. */
const hostnames = fc.oneof({ arbitrary: cleanHostnames, weight: 19 }, { arbitrary: fc.constant(HOSTNAME.padEnd(261, '.')), weight: 1 })

const subjects = weighted(
  ...DIDS.map((did): readonly [number, string] => [did === ALICE ? 9 : 2, did]),
  [1, ''],
  [1, 'nobody in particular']
)

const records = { noNullPrototype: true } as const

const members = fc.record({ createdAt: fc.constant(''), instance: hostnames, subject: subjects }, records)

const cleanMembers = fc.record({ createdAt: fc.constant(''), instance: cleanHostnames, subject: subjects }, records)

/** Weighted towards the first of `KNOTS`, which are clean. */
const knots = weighted(...KNOTS.map((knot, i): readonly [number, string] => [i < 3 ? 5 : 1, knot]))

const repos = fc.record(
  {
    createdAt: weighted([2, ''], [2, '2026-01-01T00:00:00Z'], [1, 'then \ufffd']),
    knot: knots,
    name: weighted([9, 'app'], [9, 'lib'], [1, 'n'.repeat(513)]),
    repoDid: fc.constant(''),
    spindle: hostnames
  },
  records
)

const collaborators = fc.record(
  { createdAt: fc.constant(''), repo: fc.constant(''), repoDid: fc.constant(''), subject: subjects },
  records
)

/** A record in three of four cases, a deletion in the fourth. */
const orDeleted = <R>(record: fc.Arbitrary<R>) => fc.option(record, { freq: 3 })

export const puts: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: repos.map((record): Change => ({ collection: REPO, record })), weight: 4 },
  { arbitrary: members.map((record): Change => ({ collection: MEMBER, record })), weight: 3 },
  { arbitrary: collaborators.map((record): Change => ({ collection: COLLABORATOR, record })), weight: 1 }
)

export const changes: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: orDeleted(repos).map((record): Change => ({ collection: REPO, record })), weight: 4 },
  { arbitrary: orDeleted(members).map((record): Change => ({ collection: MEMBER, record })), weight: 3 },
  { arbitrary: orDeleted(collaborators).map((record): Change => ({ collection: COLLABORATOR, record })), weight: 1 }
)

/** The records of a clean stream: what they name is spelled as it is kept. */
export const cleanChanges: fc.Arbitrary<Change> = fc.oneof(
  {
    arbitrary: orDeleted(
      fc.record(
        {
          createdAt: fc.constant(''),
          knot: weighted(...KNOTS.slice(0, 3).map((knot): readonly [number, string] => [3, knot]), [1, '']),
          name: fc.constantFrom('app', 'lib'),
          repoDid: fc.constant(''),
          spindle: cleanHostnames
        },
        records
      )
    ).map((record): Change => ({ collection: REPO, record })),
    weight: 4
  },
  { arbitrary: orDeleted(cleanMembers).map((record): Change => ({ collection: MEMBER, record })), weight: 1 },
  { arbitrary: orDeleted(collaborators).map((record): Change => ({ collection: COLLABORATOR, record })), weight: 1 }
)

export interface Status {
  readonly active: boolean
  readonly status: string | null
}

export const statuses: fc.Arbitrary<Status> = weighted<Status>(
  [3, { active: false, status: 'deactivated' }],
  [4, { active: true, status: null }],
  [4, { active: false, status: 'deleted' }],
  [1, { active: false, status: null }],
  [1, { active: true, status: 'deleted' }]
)
