/** Cases of the questions that rows answer (S17), each with an answer and without one; and of pages of statuses. */
import { initial, type Json, run } from '../../../core/index.js'
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
    attempt: 0,
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

export const QUERIES: ReadonlyArray<Case> = [
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
