/** Pipelines: maps from their end, the index of repositories, the limits of a page, and what one costs. */
import { describe, expect, test } from 'vitest'
import { indexOf, placeAt, placeOf, withoutPlaces, withPlaces } from '../../core/builds/pipeline-index.js'
import type { Node } from '../../core/data/balanced-tree.js'
import { entriesBelow } from '../../core/data/descending.js'
import { timeOfTid } from '../../core/data/identifiers.js'
import * as M from '../../core/data/ordered-map.js'
import { Cause, Did, HostName, pipelineAt, type PipelineQuery, pipelineRun, queryPipelines, repositoriesCalled, Rkey, run, shownName, State, Tid, tidOf, TimeUs, WorkflowName, workflowCalled } from '../../core/index.js'
import { writtenState } from '../../shell/lib/trace.js'
import { ALICE, at, BOB, CONFIG, initialOf, K1, K2, member, must, OWNER, put, repo, US } from '../suite/examples/support.js'
import { eventsOf } from '../kit/generate/presets.js'

const REPO = must(Did.decode('did:plc:repository'))
const time = (us: number): TimeUs => must(TimeUs.decode(us))

describe('the entries below a key', () => {
  const keys = Array.from({ length: 50 }, (_, i) => String(i).padStart(2, '0'))
  const map = keys.reduce((acc, key) => M.upsertAt(key, Number(key))(acc), M.empty<string, number>())

  test('descend from the last', () => {
    expect([...entriesBelow(map, null)]).toEqual([...M.toEntries(map)].reverse())
    expect([...entriesBelow(M.empty(), null)]).toEqual([])
  })

  test.each(['00', '07', '075', '49', '99', ''])('are those below %s', (below) => {
    expect([...entriesBelow(map, below)].map(([key]) => key)).toEqual(keys.filter((key) => key < below).reverse())
  })
})

describe('the index', () => {
  const push = must(Cause.decode({ _tag: 'Push', changedFiles: null, newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ref: 'refs/heads/main', skipsCi: false }))
  const wish = must(Cause.decode({ _tag: 'Manual', inputs: [], ref: null, sha: null }))
  const repository = { did: REPO, name: 'app', owner: must(Did.decode(ALICE)), rkey: must(Rkey.decode('app')) }
  const index = withPlaces(withPlaces(M.empty(), '1', { cause: push, repository }), '2', { cause: wish, repository })

  test('has a pipeline at its repository and kind, and at its commit where it has one', () => {
    expect(M.toEntries(index).map(([place, those]) => [place, M.keys(those)])).toEqual([
      [placeOf(REPO, 'manual'), ['2']],
      [placeOf(REPO, 'push'), ['1']],
      [placeAt(REPO, 'push', 'a'.repeat(40)), ['1']]
    ])
    expect(M.isEmpty(withPlaces(M.empty(), '1', { cause: push, repository: { ...repository, did: '' } }))).toBe(true)
  })

  test('is the same made at once, and loses what goes', () => {
    const made = indexOf([['1', { cause: push, repository }], ['2', { cause: wish, repository }]])
    const written = (of: typeof made) => M.toEntries(of).map(([place, those]) => [place, M.toEntries(those)])
    expect(written(made)).toEqual(written(index))
    expect(written(withoutPlaces(withoutPlaces(made, '1', { cause: push, repository }), '2', { cause: wish, repository }))).toEqual([])
  })
})

// ---------------------------------------------------------------------------------------- states of many

interface Made {
  readonly cause?: object
  readonly error?: string
  readonly inputs?: ReadonlyArray<readonly [string, string]>
  readonly workflow?: string
}

/** A state with so many pipelines of one repository, announced from 1 µs on. */
const stateWith = (count: number, make: (n: number) => Made = () => ({})): State => {
  const written = writtenState(initialOf(CONFIG)) as { readonly head: { readonly builds: object } }
  const runs = Array.from({ length: count }, (_, n) => {
    const { error = null, inputs = [], workflow = 'ci.yml', cause = { _tag: 'Manual', inputs, ref: null, sha: n.toString(16).padStart(40, '0') } } = make(n)
    const build = { deadline: 0, doubtUs: null, error, exitCode: null, phase: { _tag: 'Settled', external: null }, recipe: null, startedUs: null, status: 'failed', statusUs: 0 }
    const run = {
      actor: null,
      announced: { createdUs: n + 1, workflows: [] },
      builds: [[workflow, build]],
      cause,
      defaultBranch: null,
      kind: 'pipeline',
      met: null,
      only: null,
      phase: { _tag: 'Read' },
      repository: { did: REPO, name: 'app', owner: OWNER, rkey: 'app' },
      retryOf: null
    }
    return [`${K1}/${String(n).padStart(6, '0')}`, run]
  })
  return must(State.decode({ ...written, head: { ...written.head, builds: { ...written.head.builds, lastUs: count } }, runs }))
}

const EVERY = { commits: null, cursor: null, kinds: null, limit: 250, repo: REPO }

describe('a pipeline', () => {
  const SHA = 'a'.repeat(40)
  const MANUAL = { _tag: 'Manual', inputs: [], ref: null, sha: null }
  const PULL = { _tag: 'PullRequest', action: null, sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' }
  const $type = (kind: string): string => `sh.tangled.ci.trigger#${kind}`

  test.each<readonly [string, object, string, object]>([
    [
      'a push',
      { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: 'b'.repeat(40), ref: 'refs/heads/main', skipsCi: false },
      SHA,
      { $type: $type('push'), newSha: SHA, oldSha: 'b'.repeat(40), ref: 'refs/heads/main' }
    ],
    [
      'a pull request',
      { ...PULL, action: 'opened' },
      SHA,
      { $type: $type('pullRequest'), action: 'opened', sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' }
    ],
    ['a pull request without an action', PULL, SHA, { $type: $type('pullRequest'), sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' }],
    ['somebody, of no known commit', MANUAL, '0'.repeat(40), { $type: $type('manual'), sha: '0'.repeat(40) }],
    [
      'somebody, with inputs',
      { ...MANUAL, inputs: [['a', '1']], ref: 'refs/heads/main', sha: SHA },
      SHA,
      { $type: $type('manual'), inputs: [{ key: 'a', value: '1' }], ref: 'refs/heads/main', sha: SHA }
    ]
  ])('says that it was begun by %s', (_, cause, commit, trigger) => {
    expect(queryPipelines(EVERY)(stateWith(1, () => ({ cause }))).pipelines).toEqual([
      {
        commit,
        createdAt: '1970-01-01T00:00:00.000001Z',
        id: tidOf(time(1)),
        repo: REPO,
        trigger,
        workflows: [{ finishedAt: '1970-01-01T00:00:00.000000Z', id: 'ci.yml', name: 'ci.yml', status: 'failed' }]
      }
    ])
  })
})

describe('a page', () => {
  test.each<[string, (n: number) => Made]>([
    ['errors', () => ({ error: 'e'.repeat(131_066) })],
    ['inputs', () => ({ inputs: [['k', 'v'.repeat(131_065)]] })],
    ['keys of inputs', () => ({ inputs: [['k'.repeat(131_065), 'v']] })]
  ])('ends with the pipeline with which its %s are too long', (_, make) => {
    // Each has 131 072 with its workflow's name: two are not too many, and with a third they are.
    const page = queryPipelines(EVERY)(stateWith(5, make))
    expect([page.pipelines.length, page.cursor, page.total]).toEqual([3, tidOf(time(3)), 5])
    const rest = queryPipelines({ ...EVERY, cursor: page.cursor })(stateWith(5, make))
    expect([rest.pipelines.length, rest.cursor]).toEqual([2, null])
  })

  test('looks at what it shows, and not at what there is', () => {
    const looks = (count: number): number => {
      const { builds, ...rest } = stateWith(count)
      let seen = 0
      const watched = <K extends string, A>(node: Node<K, A> | null): Node<K, A> | null =>
        node === null
          ? null
          : {
              ...node,
              get key() {
                seen += 1
                return node.key
              },
              get left() {
                return watched(node.left)
              },
              get right() {
                return watched(node.right)
              }
            }
      const announcements = { ...builds.announcements, root: watched(builds.announcements.root) }
      const pipelines = { ...builds.pipelines, root: watched(builds.pipelines.root) }
      const runs = { ...builds.runs, root: watched(builds.runs.root) }
      const page = queryPipelines({ ...EVERY, limit: 50 })({ ...rest, builds: { ...builds, announcements, pipelines, runs } })
      expect([page.pipelines.length, page.total]).toEqual([50, count])
      return seen
    }
    expect(looks(100)).toBeGreaterThan(50)
    expect(looks(4_000) / looks(100)).toBeLessThan(3)
  })
})

describe('what is asked for', () => {
  const causeOf = (n: number, commit: string): object =>
    n % 3 === 0
      ? { _tag: 'Manual', inputs: [], ref: null, sha: commit }
      : n % 3 === 1
        ? { _tag: 'Push', changedFiles: null, newSha: commit, oldSha: 'b'.repeat(40), ref: 'refs/heads/main', skipsCi: false }
        : { _tag: 'PullRequest', action: 'opened', sourceBranch: 'topic', sourceSha: commit, targetBranch: 'main' }
  const sha = (n: number): string => n.toString(16).padStart(40, '0')
  /** Nine pipelines of three kinds in turn, the first six of two commits in turn, the others of the third. */
  const commitOf = (n: number): string => sha(n < 6 ? n % 2 : 2)
  const state = stateWith(9, (n) => ({ cause: causeOf(n, commitOf(n)) }))
  const numbers = (query: Partial<PipelineQuery>): ReadonlyArray<number> => queryPipelines({ ...EVERY, ...query })(state).pipelines.map(({ id }) => timeOfTid(id))

  test('is all of it, the newest first, whatever its kind', () => {
    expect(numbers({})).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1])
    expect(numbers({ limit: 4 })).toEqual([9, 8, 7, 6])
    expect(numbers({ cursor: tidOf(time(6)), limit: 2 })).toEqual([5, 4])
    expect(numbers({ cursor: tidOf(time(1)) })).toEqual([])
  })

  test('is of some kinds', () => {
    expect(numbers({ kinds: ['push'] })).toEqual([8, 5, 2])
    expect(numbers({ kinds: ['pull_request', 'manual'] })).toEqual([9, 7, 6, 4, 3, 1])
    expect(numbers({ kinds: [] })).toEqual([])
    expect(queryPipelines({ ...EVERY, kinds: ['push'], limit: 1 })(state).total).toBe(3)
  })

  test('is the newest of each commit', () => {
    expect(numbers({ commits: [sha(0), sha(2)] })).toEqual([9, 5])
    expect(numbers({ commits: [sha(1), sha(1), sha(7), sha(0)] })).toEqual([6, 5])
    expect(numbers({ commits: [sha(0), sha(1), sha(2)], kinds: ['manual'] })).toEqual([7, 4, 1])
    expect(numbers({ commits: [sha(0), sha(1)], cursor: tidOf(time(6)) })).toEqual([5])
    expect(queryPipelines({ ...EVERY, commits: [sha(0), sha(1)], limit: 1 })(state)).toMatchObject({ cursor: tidOf(time(6)), total: 2 })
  })

  test('is of one repository', () => {
    expect(numbers({ repo: must(Did.decode('did:plc:repositor')) })).toEqual([])
  })
})

test('a pipeline goes by one name, and its run by its knot and key', () => {
  const state = stateWith(1)
  expect(pipelineRun(tidOf(time(1)))(state)).toMatchObject({ knot: K1, rkey: '000000' })
  expect(pipelineAt(must(Tid.decode('2222222222323')))(state)).toBeNull()
  expect(pipelineAt(must(Tid.decode('jzzzzzzzzzzzz')))(state)).toBeNull()
  expect(pipelineAt(tidOf(time(1)))(initialOf(CONFIG))).toBeNull()
})

test('a workflow is known by its whole name before any other, and by what is shown of it', () => {
  const names = ['a', `${'n'.repeat(39)}…`, 'n'.repeat(50)].map((name) => must(WorkflowName.decode(name)))
  expect(names.map(shownName)).toEqual(['a', `${'n'.repeat(39)}…`, `${'n'.repeat(39)}…`])
  expect(workflowCalled(`${'n'.repeat(39)}…`, names)).toBe(`${'n'.repeat(39)}…`)
  expect(workflowCalled(`${'n'.repeat(39)}…`, names.slice(2))).toBe('n'.repeat(50))
  expect(workflowCalled('b', names)).toBeNull()
})

test('the repositories of a DID are those of live records that hold a knot through us', () => {
  const [state] = run(
    initialOf({ ...CONFIG, admission: 'members' }),
    eventsOf([
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'one', repo({ name: 'app', repoDid: REPO }), at(2)),
      put(ALICE, 'two', repo({ knot: K2, name: '', repoDid: REPO }), at(3)),
      put(ALICE, 'else', repo({ repoDid: 'did:plc:else' }), at(4)),
      put(ALICE, 'other', repo({ repoDid: REPO, spindle: `not.${US}` }), at(5)),
      put(BOB, 'his', repo({ repoDid: REPO }), at(6))
    ])
  )
  expect(repositoriesCalled(REPO)(state)).toEqual([
    { knot: must(HostName.decode(K1)), repository: { did: REPO, name: 'app', owner: ALICE, rkey: 'one' } },
    { knot: must(HostName.decode(K2)), repository: { did: REPO, name: 'two', owner: ALICE, rkey: 'two' } }
  ])
})
