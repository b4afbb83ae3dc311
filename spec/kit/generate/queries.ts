/** Cases of the questions that rows answer (S17), each with an answer and without one; of pipelines; and of pages of statuses. */
import { initial, type Json, run, tidOf, type TimeUs } from '../../../core/index.js'
import { account, del, put, repo, member, ALICE, BOB, K1, K2, OWNER, US } from '../../suite/examples/support.js'
import { writtenState } from '../../../shell/lib/trace.js'
import { type Case, of } from './cases.js'
import { eventsOf, minimal } from './presets.js'

const REPO_RECORD = repo({ createdAt: '', knot: K1 })

/** Few rows: a member with two repositories, one of them on a knot; one who is no member; one who has gone. */
const events = eventsOf([
  put(OWNER, 'alice', member({ createdAt: '' }), 1),
  put(OWNER, 'anybody', member({ createdAt: '', subject: 'anybody' }), 2),
  put(ALICE, '__proto__', REPO_RECORD, 3),
  put(ALICE, 'app', REPO_RECORD, 4),
  put(ALICE, 'lib', repo({ createdAt: '', spindle: 'other.example' }), 5),
  put(BOB, 'app', REPO_RECORD, 6),
  put(OWNER, 'nobody', member({ createdAt: '', subject: '' }), 6),
  put('did:web:a.b', 'x', REPO_RECORD, 6),
  put('did:web:a', 'x', REPO_RECORD, 6),
  put(ALICE, 'deleted', REPO_RECORD, 6),
  del(ALICE, 'sh.tangled.repo', 'deleted', 7),
  put(OWNER, 'web', member({ createdAt: '', subject: 'did:web:a.b' }), 6),
  put(OWNER, 'webs', member({ createdAt: '', subject: 'did:web:a' }), 6),
  put('did:plc:gone', 'app', REPO_RECORD, 7),
  account('did:plc:gone', 'deactivated', 8)
])

const [STATE] = run(initial(minimal({ owner: OWNER })), events)
const EMPTY = initial(minimal({ owner: OWNER }))

const full = writtenState(STATE)
const empty = writtenState(EMPTY)

const ask = (name: string, question: { readonly [key: string]: Json }, answer: Json): Case =>
  of('S17')(name, { ...question, state: full }, answer)
const askEmpty = (name: string, question: { readonly [key: string]: Json }, answer: Json): Case =>
  of('S17')(name, { ...question, state: empty }, answer)

const row = (spindle = US): Json => ({ createdAt: '', knot: K1, name: 'app', repoDid: '', spindle })

/** Statuses of 4, 5 and 9 µs; those up to 3 are not kept any more. */
const ENTRIES: ReadonlyArray<Json> = [4, 5, 9].map((createdUs) => ({
  build: { knot: K1, rkey: 'x', workflow: 'ci.yml' },
  createdUs,
  error: null,
  exitCode: null,
  status: 'running'
}))
const LOGGED: Json = (() => {
  const written = empty as { readonly head: { readonly builds: object } }
  return { ...written, head: { ...written.head, builds: { ...written.head.builds, floorUs: 3, lastUs: 9 } }, statuses: ENTRIES }
})()

const read = (name: string, after: number, limit: number, entries: ReadonlyArray<Json>, isBelowFloor: boolean, state: Json = LOGGED): Case =>
  of('T6')(name, { after, ask: 'statuses', limit, state }, { entries, isBelowFloor })

/** The moments at which statuses were created, with the margin between the first and the others. */
const LATER: Json = (() => {
  const written = empty as { readonly head: { readonly builds: object } }
  const statuses = [70_000_000, 100_000_000, 130_000_000].map((createdUs) => ({ ...(ENTRIES[0] as object), createdUs }))
  return { ...written, head: { ...written.head, builds: { ...written.head.builds, floorUs: 60_000_000, lastUs: 130_000_000 } }, statuses }
})()

/** The same with an announcement of 80 s, and one from before all that is kept. */
const ANNOUNCED: Json = (() => {
  const written = LATER as { readonly head: Json; readonly statuses: Json }
  const run = (createdUs: number): Json => ({
    actor: null,
    announced: { createdUs, workflows: [] },
    builds: [],
    cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
    defaultBranch: null,
    kind: 'pipeline',
    met: null,
    phase: { _tag: 'Read' },
    repository: { did: '', name: 'app', owner: OWNER, rkey: 'app' },
    only: null,
    retryOf: null
  })
  return { ...written, runs: [[`${K1}/a`, run(80_000_000)], [`${K1}/b`, run(50_000_000)]] }
})()

const announcement = (rkey: string, createdUs: number): Json => ({
  cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
  createdUs,
  defaultBranch: null,
  knot: K1,
  repository: { did: '', name: 'app', owner: OWNER, rkey: 'app' },
  rkey,
  workflows: []
})

const served = (name: string, cursor: Json, after: number): Case => of('T6')(name, { ask: 'servedAfter', cursor, state: LATER }, after)
const whole = (timeUs: number): Json => ({ isWhole: true, timeUs })
const within = (timeUs: number): Json => ({ isWhole: false, timeUs })

// ---------------------------------------------------------------------------------------- pipelines

const SHA = 'a'.repeat(40)
const OTHER_SHA = 'b'.repeat(64)
const DID = 'did:plc:repository'
const PUSH: Json = { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: OTHER_SHA, ref: 'refs/heads/main', skipsCi: false }
const PULL: Json = { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' }
const SETTLED: Json = {
  deadline: 0,
  doubtUs: null,
  error: null,
  exitCode: 0,
  phase: { _tag: 'Settled', external: '7' },
  recipe: null,
  startedUs: null,
  status: 'success',
  statusUs: 5
}

interface Built {
  readonly builds?: ReadonlyArray<readonly [string, Json]>
  readonly cause?: Json
  readonly did?: string
}

const built = (createdUs: number | null, { builds = [['ci.yml', SETTLED]], cause = PUSH, did = DID }: Built = {}): Json => ({
  actor: null,
  announced: createdUs === null ? null : { createdUs, workflows: [] },
  builds: builds.map(([name, build]) => [name, build]),
  cause,
  defaultBranch: null,
  kind: 'pipeline',
  met: null,
  only: null,
  phase: { _tag: 'Read' },
  repository: { did, name: 'app', owner: OWNER, rkey: 'app' },
  retryOf: null
})

/** The state with these runs, by their keys. */
const withRuns = (runs: { readonly [key: string]: Json }): Json => {
  const written = empty as { readonly head: { readonly builds: object } }
  const entries = Object.entries(runs).map(([key, run]) => [`${K1}/${key}`, run])
  return { ...written, head: { ...written.head, builds: { ...written.head.builds, lastUs: 1_000_000, next: 9 } }, runs: entries }
}

const idOf = (us: number): string => tidOf(us as TimeUs)

/** A run of every kind, and one that is no pipeline yet; one of another repository, and one of a repository without a DID. */
const PIPELINES: Json = withRuns({
  a: built(10, { cause: { ...(PUSH as object), newSha: OTHER_SHA } as Json }),
  b: built(20),
  c: built(30, { cause: PULL }),
  d: built(40, { cause: { _tag: 'Manual', inputs: [['level', 'debug']], ref: 'refs/heads/main', sha: SHA } }),
  e: built(50, { cause: { _tag: 'Manual', inputs: [], ref: null, sha: null } }),
  f: built(null, { builds: [] }),
  g: built(60, { did: 'did:plc:other' }),
  h: built(70, { did: '' })
})

interface Asked {
  readonly commits?: ReadonlyArray<string>
  readonly cursor?: string
  readonly kinds?: ReadonlyArray<string>
  readonly limit?: number
  readonly repo?: string
}

const pipelines = (asked: Asked, state: Json): Json => ({
  ask: 'pipelines',
  commits: asked.commits ?? null,
  cursor: asked.cursor ?? null,
  kinds: asked.kinds ?? null,
  limit: asked.limit ?? 50,
  repo: asked.repo ?? DID,
  state
})

const seen = (us: number, changes: { readonly [field: string]: Json } = {}): Json => ({
  commit: SHA,
  createdAt: `1970-01-01T00:00:00.0000${String(us)}Z`,
  id: idOf(us),
  repo: DID,
  trigger: { $type: 'sh.tangled.ci.trigger#push', newSha: SHA, oldSha: OTHER_SHA, ref: 'refs/heads/main' },
  workflows: [{ finishedAt: '1970-01-01T00:00:00.000005Z', id: 'ci.yml', name: 'ci.yml', status: 'success' }],
  ...changes
})

const ZERO = '0'.repeat(40)
const [AT10, AT20, AT30, AT40, AT50]: ReadonlyArray<Json> = [
  seen(10, { commit: OTHER_SHA, trigger: { $type: 'sh.tangled.ci.trigger#push', newSha: OTHER_SHA, oldSha: OTHER_SHA, ref: 'refs/heads/main' } }),
  seen(20),
  seen(30, { trigger: { $type: 'sh.tangled.ci.trigger#pullRequest', action: 'opened', sourceBranch: 'x', sourceSha: SHA, targetBranch: 'main' } }),
  seen(40, { trigger: { $type: 'sh.tangled.ci.trigger#manual', inputs: [{ key: 'level', value: 'debug' }], ref: 'refs/heads/main', sha: SHA } }),
  seen(50, { commit: ZERO, trigger: { $type: 'sh.tangled.ci.trigger#manual', sha: ZERO } })
]

const paged = (name: string, asked: Asked, pages: ReadonlyArray<Json | undefined>, total: number, cursor: string | null = null): Case =>
  of('S17')(name, pipelines(asked, PIPELINES), { cursor, pipelines: pages.map((page) => page ?? null), total })

const viewed = (name: string, runs: { readonly [key: string]: Json }, us: number, view: Json): Case =>
  of('S17')(name, { ask: 'pipeline', id: idOf(us), state: withRuns(runs) }, view)

const LONG_NAME = `${'n'.repeat(37)}.yml`

/** Workflows in every state, and names as long as may be shown, and longer. */
const STATES = built(10, {
  builds: [
    ['a', { ...(SETTLED as object), phase: { _tag: 'Starting', request: { attempt: 0, number: 1, phase: 'Asked' } }, status: 'pending' }],
    ['b', { ...(SETTLED as object), phase: { _tag: 'Following', external: '7' }, startedUs: 15, status: 'running', statusUs: 15 }],
    ['c', { ...(SETTLED as object), error: 'no such thing', startedUs: 15, status: 'failed', statusUs: 25 }],
    [LONG_NAME.slice(1), SETTLED],
    [LONG_NAME, SETTLED]
  ]
})

const PIPED: ReadonlyArray<Case> = [
  paged('all pipelines of a repository, the newest first', {}, [AT50, AT40, AT30, AT20, AT10], 5),
  paged('pipelines of another repository', { repo: 'did:plc:other' }, [seen(60, { repo: 'did:plc:other' })], 1),
  paged('pipelines of a repository of which nothing is known', { repo: 'did:plc:nobody' }, [], 0),
  paged('a page of pipelines, and where the next begins', { limit: 2 }, [AT50, AT40], 5, idOf(40)),
  paged('a page of pipelines from there', { cursor: idOf(40), limit: 2 }, [AT30, AT20], 5, idOf(20)),
  paged('the last page of pipelines', { cursor: idOf(20), limit: 2 }, [AT10], 5),
  paged('a page of exactly those that are left', { cursor: idOf(30), limit: 2 }, [AT20, AT10], 5),
  paged('pipelines from between two', { cursor: idOf(35) }, [AT30, AT20, AT10], 5),
  paged('pipelines after the last', { cursor: idOf(10) }, [], 5),
  paged('pipelines from the end of time', { cursor: 'jzzzzzzzzzzzz' }, [AT50, AT40, AT30, AT20, AT10], 5),
  paged('pipelines of one kind', { kinds: ['push'] }, [AT20, AT10], 2),
  paged('pipelines of two kinds', { kinds: ['push', 'manual'], limit: 3 }, [AT50, AT40, AT20], 4, idOf(20)),
  paged('pipelines of no kind', { kinds: [] }, [], 0),
  paged('of each commit the newest pipeline', { commits: [OTHER_SHA, SHA, SHA] }, [AT40, AT10], 2),
  paged('of each commit the newest pipeline, page by page', { commits: [SHA, OTHER_SHA], limit: 1 }, [AT40], 2, idOf(40)),
  paged('of each commit the newest pipeline, the last page', { commits: [SHA, OTHER_SHA], cursor: idOf(40), limit: 1 }, [AT10], 2),
  paged('of a commit the newest pipeline of a kind', { commits: [SHA], kinds: ['push'] }, [AT20], 1),
  paged('pipelines of commits that are none', { commits: ['main', ZERO, ''] }, [], 0),
  paged('pipelines of no commits', { commits: [] }, [], 0),
  viewed('a pipeline by its name', { x: built(20) }, 20, seen(20)),
  viewed('a pipeline of a repository without a DID', { x: built(20, { did: 'not a DID' }) }, 20, {
    commit: SHA,
    createdAt: '1970-01-01T00:00:00.000020Z',
    id: idOf(20),
    trigger: { $type: 'sh.tangled.ci.trigger#push', newSha: SHA, oldSha: OTHER_SHA, ref: 'refs/heads/main' },
    workflows: [{ finishedAt: '1970-01-01T00:00:00.000005Z', id: 'ci.yml', name: 'ci.yml', status: 'success' }]
  }),
  viewed('a name that no pipeline has', { x: built(20) }, 21, null),
  of('S17')('another name of the same moment', { ask: 'pipeline', id: `${idOf(20).slice(0, 11)}23`, state: withRuns({ x: built(20) }) }, null),
  viewed('workflows in every state, with long names', { x: STATES }, 10, seen(10, {
    workflows: [
      { id: 'a', name: 'a', status: 'pending' },
      { id: 'b', name: 'b', startedAt: '1970-01-01T00:00:00.000015Z', status: 'running' },
      { error: 'no such thing', finishedAt: '1970-01-01T00:00:00.000025Z', id: 'c', name: 'c', startedAt: '1970-01-01T00:00:00.000015Z', status: 'failed' },
      { finishedAt: '1970-01-01T00:00:00.000005Z', id: LONG_NAME.slice(1), name: LONG_NAME.slice(1), status: 'success' },
      { finishedAt: '1970-01-01T00:00:00.000005Z', id: LONG_NAME, name: `${LONG_NAME.slice(0, 39)}…`, status: 'success' }
    ]
  }))
]

export const QUERIES: ReadonlyArray<Case> = [
  ...PIPED,
  ask('a member', { ask: 'isMember', did: ALICE }, true),
  ask('a member that is no DID', { ask: 'isMember', did: 'anybody' }, true),
  ask('the owner is admitted without being a member', { ask: 'isMember', did: OWNER }, false),
  ask('no member, with rows', { ask: 'isMember', did: BOB }, false),
  ask('the empty subject', { ask: 'isMember', did: '' }, false),
  ask('a hostile subject', { ask: 'isMember', did: '__proto__' }, false),
  askEmpty('nobody is a member at first', { ask: 'isMember', did: ALICE }, false),
  ask('a knot that is wanted', { ask: 'isWanted', host: K1 }, true),
  ask('a knot that nobody names', { ask: 'isWanted', host: K2 }, false),
  ask('a hostile host', { ask: 'isWanted', host: 'constructor' }, false),
  askEmpty('no knot is wanted at first', { ask: 'isWanted', host: K1 }, false),
  ask('the holders, in order', { ask: 'holdersOf', host: K1 }, [
    `${ALICE}/__proto__`,
    `${ALICE}/app`,
    'did:web:a.b/x',
    'did:web:a/x'
  ]),
  ask('the holders of a knot that is not wanted', { ask: 'holdersOf', host: K2 }, []),
  ask('the holders of a hostile host', { ask: 'holdersOf', host: 'constructor' }, []),
  ask('the knots that are wanted', { ask: 'wantedKnots' }, [K1]),
  askEmpty('none at first', { ask: 'wantedKnots' }, []),
  ask('the repository at a key', { ask: 'repoAt', did: ALICE, rkey: 'app' }, row()),
  ask('at a hostile key', { ask: 'repoAt', did: ALICE, rkey: '__proto__' }, row()),
  ask('at another hostile key there is none', { ask: 'repoAt', did: ALICE, rkey: 'constructor' }, null),
  ask('one that names another spindle', { ask: 'repoAt', did: ALICE, rkey: 'lib' }, row('other.example')),
  ask('one of somebody who is not admitted', { ask: 'repoAt', did: BOB, rkey: 'app' }, row()),
  ask('none where it was deleted', { ask: 'repoAt', did: ALICE, rkey: 'deleted' }, null),
  ask('none of somebody who has gone', { ask: 'repoAt', did: 'did:plc:gone', rkey: 'app' }, null),
  ask('none at a key of another collection', { ask: 'repoAt', did: OWNER, rkey: 'alice' }, null),
  ask('none of somebody unknown', { ask: 'repoAt', did: 'did:plc:nobody', rkey: 'app' }, null),
  ask('the cursor', { ask: 'cursor' }, 8),
  askEmpty('no cursor at first', { ask: 'cursor' }, null),
  read('statuses from the first', 0, 100, ENTRIES, true),
  read('statuses after the one before the floor', 2, 100, ENTRIES, true),
  read('statuses after the floor', 3, 100, ENTRIES, false),
  read('statuses after one', 4, 100, ENTRIES.slice(1), false),
  read('statuses after a moment between two', 6, 100, ENTRIES.slice(2), false),
  read('after the last there are none', 9, 100, [], false),
  read('after the end of time there are none', Number.MAX_SAFE_INTEGER, 100, [], false),
  read('a page of one', 0, 1, ENTRIES.slice(0, 1), true),
  read('a page of as many as there are', 3, 3, ENTRIES, false),
  read('a page of fewer', 3, 2, ENTRIES.slice(0, 2), false),
  read('no statuses, and no floor', 0, 100, [], false, empty),
  read('announcements among statuses, in order', 40_000_000, 3, [announcement('b', 50_000_000), { ...(ENTRIES[0] as object), createdUs: 70_000_000 }, announcement('a', 80_000_000)], true, ANNOUNCED),
  read('an announcement from below the floor only to who stands below it', 50_000_000, 1, [{ ...(ENTRIES[0] as object), createdUs: 70_000_000 }], true, ANNOUNCED),
  of('T6')('one with the stamp of an announcement, after it', { ask: 'servedAfter', cursor: whole(80_000_000), state: ANNOUNCED }, 80_000_000),
  served('a reader without a cursor is served from now on', null, 130_000_000),
  served('one with a stamp that is kept, after it', whole(100_000_000), 100_000_000),
  served('one with the last stamp, after it', whole(130_000_000), 130_000_000),
  served('one with the stamp that was dropped last, after it', whole(60_000_000), 60_000_000),
  served('one with a stamp that was dropped before, from the margin', whole(59_999_999), 0),
  served('one with a moment between two stamps, from the margin', whole(100_000_001), 40_000_001),
  served('one with a stamp and some nanoseconds, from the margin', within(100_000_000), 40_000_000),
  served('one whose clock is ahead, from the margin', within(190_000_000 - 1), 129_999_999),
  served('one whose clock is far ahead, from now on', within(190_000_001), 130_000_000),
  served('one from the beginning, from there', whole(0), 0),
  served('one from near the beginning, from there', within(59_999_999), 0)
]
