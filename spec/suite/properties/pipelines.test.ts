/** PIPE, tried. */
import fc from 'fast-check'
import { describe } from 'vitest'
import { type CauseKind, OrderedMap as M } from '../../../core/index.js'
import { buildRuns } from '../arbitraries/builds.js'
import { pick } from '../arbitraries/data.js'
import { busyRuns, REPOS } from '../arbitraries/pipelines.js'
import { announced, published } from '../laws/stream.js'
import { pageThrough, type Paging, PIPE, scanned } from '../laws/pipelines.js'
import { some } from './cases.js'
import { check } from './support.js'

const COMMITS = ['1', '2', '3'].map((digit) => digit.repeat(40))
const KINDS: ReadonlyArray<CauseKind> = ['push', 'pull_request', 'manual']

const pagings: fc.Arbitrary<Paging> = fc.record(
  {
    commits: fc.option(fc.uniqueArray(fc.constantFrom(...COMMITS, 'main'), { minLength: 1 })),
    from: fc.nat(1_000),
    kinds: fc.option(fc.subarray([...KINDS], { minLength: 1 })),
    limit: fc.integer({ max: 4, min: 1 }),
    repo: fc.nat(3).map((n) => pick(REPOS, n === 3 ? 1 : 0)),
    rhythm: fc.array(fc.integer({ max: 12, min: 1 }), { maxLength: 4 }),
    run: fc.oneof({ arbitrary: busyRuns, weight: 3 }, buildRuns)
  },
  { noNullPrototype: true }
)

const counted = (paging: Paging): number => Math.max(0, ...paging.run.steps.map(({ after }) => scanned(after, paging).length))

describe('PIPE', () => {
  check(PIPE, 'PIPE-1', pagings, {
    'several pages': (paging) => pageThrough(paging).pages > 1,
    'a filter of commits': (paging) => paging.commits !== null && pageThrough(paging).got.length > 0,
    'a filter of kinds': (paging) => paging.kinds !== null && pageThrough(paging).got.length > 0,
    'something that went meanwhile, or was replaced': (paging) => pageThrough(paging).got.length > pageThrough(paging).constant.length
  })
  check(PIPE, 'PIPE-2', pagings, {
    'more than a page': (paging) => counted(paging) > paging.limit,
    'one of several of a commit': (paging) => paging.commits !== null && counted(paging) < counted({ ...paging, commits: null }),
    'a pull request': (paging) => counted({ ...paging, commits: null, kinds: ['pull_request'] }) > 0
  })
  check(PIPE, 'PIPE-3', pagings, {
    'a page with pipelines': (paging) => counted(paging) > 0,
    'a failure before it began': ({ run }) => some(({ effects }) => published(effects).some(({ error }) => error !== null))(run)
  })
  check(PIPE, 'PIPE-4', buildRuns, {
    'a repeated run': some(({ effects, event }) => event._tag === 'RetryRequested' && announced(effects).length > 0),
    'a build that runs': some(({ effects }) => published(effects).some(({ status }) => status === 'running')),
    'a run that is forgotten': some(({ after, before }) => M.size(after.builds.announcements) < M.size(before.builds.announcements))
  })
})
