/**
 * Knots that say who may push: a few repositories that several claim, on two knots, of which any may keep lists, tell of changes, answer late, or not
 * at all. A move is a few numbers; what it means is read off the state it meets.
 */
import fc from 'fast-check'
import {
  type AccessAnswer,
  COLLABORATOR,
  type Config,
  type Did,
  type Event,
  type HostName,
  MEMBER,
  type Nanos,
  type Natural,
  type Nsid,
  OrderedMap as M,
  REPO,
  type Rkey,
  type Sha,
  type State,
  type TimeUs,
  type TokenId
} from '../../../core/index.js'
import { ACTORS } from '../laws/access.js'
import { type Change, commitOf, tidAt } from '../laws/events.js'
import { type Run, unfold } from '../laws/run.js'
import { answer, buildsIn, knotConnection, policy, questionsIn, timersIn } from './builds.js'
import { EPOCH_US, HOSTNAME, OWNER, pick, SECOND_US, weighted } from './data.js'

const KNOTS = ['knot1.example', 'knot2.example'].map((knot) => knot as HostName)
const APP = 'did:plc:app' as Did
const OTHER = 'did:plc:other' as Did
const RKEYS = ['a', 'b'].map((rkey) => rkey as Rkey)
const KEYS = ['x', 'y', 'z', '3mbd35yo2w222'].map((rkey) => rkey as Rkey)
const HOUR_US = 3_600_000_000

interface Move {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly kind: 'answer' | 'build' | 'call' | 'failure' | 'life' | 'push' | 'record' | 'stray' | 'timer' | 'told'
  /** How long after the last event, in microseconds. */
  readonly pauseUs: number
}

const moves: fc.Arbitrary<Move> = fc.record(
  {
    a: fc.nat(1_000),
    b: fc.nat(1_000),
    c: fc.nat(1_000),
    kind: weighted<Move['kind']>([9, 'answer'], [6, 'push'], [6, 'build'], [4, 'record'], [4, 'told'], [4, 'timer'], [3, 'failure'], [2, 'call'], [2, 'stray'], [1, 'life']),
    pauseUs: weighted([12, SECOND_US], [2, 5 * HOUR_US], [1, 25 * HOUR_US])
  },
  { noNullPrototype: true }
)

const configWith = (collaborators: Config['collaborators']): Config => ({ ...policy(), admission: 'open', collaborators })
const CONFIGS = [configWith('knots'), configWith('knots'), configWith('knots'), configWith('records')]

const repoChange = (a: number, b: number): Change => ({
  collection: REPO,
  record: { createdAt: '', knot: pick(KNOTS, Math.floor(a / 3) % 5 === 4 ? 1 : 0), name: 'app', repoDid: pick([APP, APP, '', OTHER], a), spindle: b % 9 === 8 ? 'elsewhere.example' : HOSTNAME }
})

const collaboratorChange = (a: number): Change => ({
  collection: COLLABORATOR,
  record: { createdAt: '', repo: pick([APP, OTHER], a), repoDid: '', subject: pick(ACTORS, a + 1) }
})

/** What an answer says: of a knot with lists, whose it is, and who else may push. One that has none yet has often none. */
const accessOf = (a: number, b: number, hasLists: boolean): AccessAnswer => {
  if (a % 7 === 5 || (a % 7 < 3 && !hasLists)) return { _tag: 'ByRecords' }
  if (a % 7 === 6) return { _tag: 'Denied', detail: 'its document names another knot', keepsLists: b % 2 === 1 }
  return { _tag: 'ByKnot', collaborators: ACTORS.filter((_, i) => (b >> i) % 2 === 1), owner: pick([OWNER, OWNER, OWNER, pick(ACTORS, 1)], a) }
}

const partsOf = (key: string): { readonly knot: HostName; readonly repo: string } => {
  const slash = key.indexOf('/')
  return { knot: key.slice(0, slash) as HostName, repo: key.slice(slash + 1) }
}

const entriesIn = (state: State, phase: 'Asked' | 'Pausing') => M.toEntries(state.access.entries).filter(([, { request }]) => request.phase === phase)

const nothing = (at: TimeUs): Event => ({ _tag: 'PassedOver', about: '', at, of: '' })

const answered = (state: State, { a, b, c, kind }: Move, at: TimeUs): Event => {
  const open = entriesIn(state, 'Asked')
  if (open.length === 0) return nothing(at)
  const [key, { request }] = pick(open, c)
  const number = Math.max(0, request.number + (kind === 'stray' ? pick([-1, 1], b) : 0)) as Natural
  const { knot, repo } = partsOf(key)
  if (kind !== 'failure') return { _tag: 'AccessRead', access: accessOf(a, b, M.has(knot)(state.access.listing)), at, knot, number, repo }
  return { _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number, requested: { _tag: 'Access', knot, repo }, waitMs: 0 as Natural }
}

const pushed = (state: State, { a, b, c }: Move, at: TimeUs): Event => {
  const host = pick(KNOTS, c % 5 === 4 ? 1 : 0)
  const did = pick([APP, APP, null, OTHER], a)
  return {
    _tag: 'KnotReceived',
    at,
    connection: knotConnection(state, host) as Natural,
    created: null,
    host,
    nsid: 'sh.tangled.git.refUpdate' as Nsid,
    rkey: pick(KEYS, a + c),
    payload: {
      _tag: 'Trigger',
      trigger: {
        actor: b % 6 === 5 ? null : pick(ACTORS, b),
        cause: { _tag: 'Push', changedFiles: null, newSha: '1'.repeat(40) as Sha, oldSha: '2'.repeat(40) as Sha, ref: 'refs/heads/main', skipsCi: false },
        defaultBranch: null,
        kind: 'refUpdate',
        repo: { did, knot: null, name: did === null ? 'app' : null, owner: did === null ? OWNER : null },
        shape: 'detailed',
        unkept: [],
        workflows: null
      }
    }
  }
}

const eventOf = (state: State, move: Move, at: TimeUs): Event => {
  const { a, b, c } = move
  switch (move.kind) {
    case 'answer':
    case 'failure':
    case 'stray':
      return answered(state, move, at)
    case 'told': {
      const host = pick(KNOTS, c % 5 === 4 ? 1 : 0)
      const connection = (knotConnection(state, host) + (c % 9 === 8 ? 1 : 0)) as Natural
      const created = c % 3 === 0 ? null : (`${String(at - (c % 7 === 6 ? 24 * HOUR_US : 0))}000` as Nanos)
      return { _tag: 'CollaboratorUpdated', at, connection, created, host, rkey: 't' as Rkey, update: { op: b % 3 === 0 ? 'add' : 'remove', repo: a % 4 === 3 ? OTHER : APP, subject: pick(ACTORS, b) } }
    }
    case 'timer': {
      const access = entriesIn(state, 'Pausing').map(([key, { request }]) => ({ _tag: 'RequestTimer' as const, number: request.number, requested: { _tag: 'Access' as const, ...partsOf(key) } }))
      const timers = [...access, ...access, ...timersIn(state)]
      return timers.length === 0 ? nothing(at) : { _tag: 'TimerFired', at, timer: pick(timers, a) }
    }
    case 'push':
      return pushed(state, move, at)
    case 'build': {
      const questions = questionsIn(state)
      if (questions.length > 0) return answer(pick(questions, a), at, b)
      const builds = buildsIn(state)
      if (builds.length === 0) return pushed(state, move, at)
      const { knot, rkey } = pick(builds, a)[0]
      return { _tag: 'RetryRequested', at, knot, rkey, workflow: null }
    }
    case 'call':
      return {
        _tag: 'CallReceived',
        at,
        call: { _tag: 'TriggerPipeline', cause: { _tag: 'Manual', inputs: [], ref: null, sha: null }, repo: APP, workflows: null },
        caller: pick(ACTORS, b),
        token: { id: `t${String(a)}` as TokenId, untilUs: (at + 60 * SECOND_US) as TimeUs }
      }
    case 'record': {
      const did = pick(ACTORS, c % 3 === 0 ? c : 0)
      const isCollaborator = a % 3 === 0
      const change = isCollaborator ? collaboratorChange(b) : repoChange(a, b)
      const kept: Change = b % 4 === 3 ? { ...change, record: null } : change
      return commitOf(kept, { at, connection: state.cursor.connection.number, did, rev: tidAt(at), rkey: pick(RKEYS, isCollaborator ? a : b), timeUs: at })
    }
    case 'life':
      return a % 4 === 0 ? { _tag: 'StopRequested', at } : { _tag: 'Started', at, config: pick(CONFIGS, b), resumeFrom: null }
  }
}

const FIRST: ReadonlyArray<readonly [Did, Rkey, Change]> = [
  [OWNER, 'a' as Rkey, repoChange(0, 0)],
  [OWNER, 'm' as Rkey, { collection: MEMBER, record: { createdAt: '', instance: HOSTNAME, subject: pick(ACTORS, 1) } }],
  [OWNER, 'c' as Rkey, { collection: COLLABORATOR, record: { createdAt: '', repo: 'did:plc:app', repoDid: '', subject: pick(ACTORS, 2) } }]
]

const runsOf = (maxLength: number): fc.Arbitrary<Run> => fc.tuple(fc.constantFrom(...CONFIGS.slice(2)), fc.array(moves, { maxLength, minLength: 1, size: 'max' })).map(([config, drawn]) => {
  let at = EPOCH_US
  return unfold(config, FIRST.length + 1 + drawn.length, (state, i): Event => {
    const first = FIRST[i]
    const move = drawn[i - FIRST.length - 1]
    at += move?.pauseUs ?? SECOND_US
    if (first !== undefined) return commitOf(first[2], { at, connection: 0, did: first[0], rev: tidAt(at), rkey: first[1], timeUs: at })
    if (move === undefined) return { _tag: 'Started', at: at as TimeUs, config, resumeFrom: null }
    return eventOf(state, move, at as TimeUs)
  })
})

/** Runs in which knots are asked who may push: a repository is claimed, the bridge has started, and then anything. */
export const accessRuns: fc.Arbitrary<Run> = runsOf(60)

/** The same, but short. */
export const shortAccessRuns: fc.Arbitrary<Run> = runsOf(15)

/** The same, and long. */
export const longAccessRuns: fc.Arbitrary<Run> = runsOf(400)
