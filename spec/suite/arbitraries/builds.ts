/**
 * Lives of builds: a world of two repositories, two knots and two providers, and what may happen to it in any order. A move is a few
 * numbers; what it means is read off the state it meets, so that most of what is drawn happens to something that is there.
 */
import fc from 'fast-check'
import {
  type BuildName,
  type Builds,
  COLLABORATOR,
  type Config,
  type Did,
  type Effect,
  type Event,
  type ExitCode,
  type HostName,
  initial,
  MEMBER,
  type Nanos,
  type Natural,
  type Nsid,
  OrderedMap as M,
  REPO,
  type Rkey,
  type Sha,
  type State,
  type Status,
  step,
  type Timer,
  tidOf,
  type TokenId,
  type TimeUs,
  type Trigger,
  type Workflow,
  WorkflowName,
  type WorkflowSource
} from '../../../core/index.js'
import { type Change, commitOf, tidAt } from '../laws/events.js'
import { nameText, type Outcome, type PushLife } from '../laws/builds.js'
import { type Run, runOf, unfold } from '../laws/run.js'
import { configWith } from './config.js'
import { ALICE, BOB, EPOCH_US, HOSTNAME, OWNER, pick, SECOND_US, weighted } from './data.js'

// ---------------------------------------------------------------------------------------- the world

const K1 = 'knot1.example' as HostName
const K2 = 'knot2.example' as HostName
const OWNERS_REPO = 'did:plc:owners-repo'
const SHAS = ['1', '2', '3'].map((digit) => digit.repeat(40) as Sha)
const ZERO = '0'.repeat(40) as Sha
const RKEYS = ['a', 'b', 'c', '__proto__', '3mbd35yo2w222'].map((rkey) => rkey as Rkey)

export const policy = (changes: object = {}): Config =>
  configWith({
    backfill: false,
    builds: {
      allow: [{ pipelines: 'app', provider: 'ci', repos: `${ALICE}/*` }],
      backoff: { baseMs: 2_000 as Natural, capMs: 60_000 as Natural, healthyAfterMs: 0 as Natural },
      keepStatuses: 40 as Natural,
      keepUnits: 67_108_864 as Natural,
      owedUnits: 134_217_728 as Natural,
      pendingMs: 3_600_000 as Natural,
      providers: ['ci', 'local'],
      runningMs: 7_200_000 as Natural,
      ...changes
    }
  })

/** Configurations that an operator may go over to. */
const POLICIES: ReadonlyArray<Config> = [
  policy(),
  policy({ keepStatuses: 3 as Natural }),
  policy({ allow: [] }),
  policy({ providers: ['local'] })
]

/** Some in which runs meet what they may keep, and one in which they keep more than they may. */
const CROWDED: ReadonlyArray<Config> = [40_960, 32_768, 65_536, 1_024].map((owedUnits) =>
  policy({ keepUnits: (owedUnits / 4) as Natural, owedUnits: owedUnits as Natural })
)

const repoRecord = (knot: HostName, name: string, repoDid: string, spindle = HOSTNAME): Change => ({
  collection: REPO,
  record: { createdAt: '', knot, name, repoDid, spindle }
})

/** What the records say at first, and may say again. */
const RECORDS: ReadonlyArray<readonly [Did, Rkey, Change]> = [
  [OWNER, 'app' as Rkey, repoRecord(K1, 'app', OWNERS_REPO)],
  [OWNER, 'm' as Rkey, { collection: MEMBER, record: { createdAt: '', instance: HOSTNAME, subject: ALICE } }],
  [ALICE, 'hers' as Rkey, repoRecord(K1, 'hers', '')],
  [ALICE, 'else' as Rkey, repoRecord(K2, 'else', 'did:plc:else')],
  [ALICE, 'c' as Rkey, { collection: COLLABORATOR, record: { createdAt: '', repo: `at://${ALICE}/${REPO}/hers`, repoDid: '', subject: BOB } }]
]

const commit = (did: Did, rkey: Rkey, change: Change, at: number, connection: number): Event =>
  commitOf(change, { at, connection, did, rev: tidAt(at), rkey, timeUs: at })

const without = ({ collection }: Change): Change => ({ collection, record: null })

export const beginningWith = (config: Config): ReadonlyArray<Event> => [
  ...RECORDS.map(([did, rkey, change], i) => commit(did, rkey, change, EPOCH_US + i, 0)),
  { _tag: 'Started', at: (EPOCH_US + 100) as TimeUs, config, resumeFrom: null }
]

const STEPS_MAX = 70

// ---------------------------------------------------------------------------------------- moves


interface Move {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly kind: 'push' | 'answer' | 'report' | 'timer' | 'stale' | 'people' | 'call' | 'record' | 'life' | 'again'
}

const movesOf = (kind: fc.Arbitrary<Move['kind']>): fc.Arbitrary<Move> =>
  fc.record({ a: fc.nat(1_000), b: fc.nat(1_000), c: fc.nat(1_000), kind }, { noNullPrototype: true })

const moves = movesOf(
  weighted<Move['kind']>([6, 'push'], [14, 'answer'], [8, 'report'], [6, 'timer'], [2, 'stale'], [2, 'people'], [2, 'record'], [2, 'life'], [3, 'again'])
)

/** Those of a world in which people call. */
const callMoves = movesOf(
  weighted<Move['kind']>([4, 'push'], [12, 'answer'], [3, 'report'], [3, 'timer'], [1, 'people'], [2, 'record'], [2, 'life'], [1, 'again'], [9, 'call'])
)

const condition = (branch: string): Extract<Workflow, { readonly _tag: 'Defined' }>['when'] => [
  { branch: [branch], event: ['push'], paths: null, tag: [], types: null, unknown: null }
]

const workflow = (name: string, changes: Partial<Extract<Workflow, { readonly _tag: 'Defined' }>> = {}): Workflow => ({
  _tag: 'Defined',
  clone: { depth: 1 as Natural, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [],
  name: name as WorkflowName,
  steps: [],
  targets: [{ pipeline: 'app', provider: 'ci', settings: [] }],
  units: 400 as Natural,
  when: [],
  ...changes
})

/** What only a build needs. */
const SAID = {
  environment: [['A', 'b']],
  steps: [{ command: 'make', environment: [['C', 'd']], name: 'Make' }],
  targets: [{ pipeline: 'app', provider: 'ci', settings: [['branch', 'main']] }]
} as const

const FILES: ReadonlyArray<ReadonlyArray<Workflow>> = [
  [workflow('ci.yml', SAID)],
  [workflow('ci.yml'), workflow('__proto__', { targets: [{ pipeline: 'x', provider: 'local', settings: [] }] })],
  [workflow('a', { ...SAID, when: condition('main') }), workflow('c', { ...SAID, when: condition('nowhere') }), { _tag: 'Faulty', content: '', error: 'not YAML', name: 'b' as WorkflowName, when: null }],
  [workflow('a', { when: condition('[') }), workflow('b', { engine: null }), workflow('c', { engine: 'other' }), workflow('d', { ...SAID, targets: [] })],
  []
]

/** As they stand in the repository, where they were read from it: of one file nothing, of another more than an announcement repeats. */
const SOURCES: ReadonlyArray<WorkflowSource> = [
  { name: 'ci.yml' as WorkflowName, text: 'engine: tack' },
  { name: 'a' as WorkflowName, text: 'x'.repeat(65_537) },
  { name: 'b' as WorkflowName, text: 'no: [' }
]

/** What knots of three generations send, and what those of the last send most of the time. */
const SHAPES: ReadonlyArray<Trigger['shape']> = ['detailed', 'named', 'bare', 'detailed']

const pushOf = ({ a, b, c }: Move, kind: Trigger['kind']): Trigger => {
  const repos: ReadonlyArray<Trigger['repo']> = [
    { did: OWNERS_REPO as Did, knot: null, name: null, owner: null },
    { did: null, knot: K1, name: 'hers', owner: ALICE },
    { did: OWNERS_REPO as Did, knot: K1, name: 'app', owner: OWNER },
    { did: 'did:plc:else' as Did, knot: K2, name: null, owner: null },
    { did: 'did:plc:nobody' as Did, knot: null, name: null, owner: null }
  ]
  return {
    actor: pick([null, OWNER, null, ALICE, BOB], b),
    cause:
      c % 7 === 6
        ? { _tag: 'Manual', inputs: a % 2 === 0 ? [] : [['level', 'debug']], ref: null, sha: a % 3 === 0 ? null : pick(SHAS, b) }
        : c % 14 === 5
        ? { _tag: 'PullRequest', action: a % 2 === 0 ? null : 'opened', sourceBranch: 'x', sourceSha: pick(SHAS, b), targetBranch: 'main' }
        : {
            _tag: 'Push',
            changedFiles: b % 2 === 0 ? null : ['README.md', 'src/a.c'],
            newSha: pick([...SHAS, ZERO], a + b),
            oldSha: pick([...SHAS, ZERO], b + c),
            ref: pick(['refs/heads/main', 'refs/heads/main', 'refs/tags/v1', 'refs/heads/x', 'refs/notes/n'], c),
            skipsCi: c % 11 === 10
          },
    defaultBranch: null,
    kind,
    repo: pick(repos, a),
    shape: kind === 'pipeline' ? null : pick(SHAPES, c),
    unkept: kind === 'pipeline' && b % 5 === 4 ? ['a/b.yml'] : [],
    workflows: kind === 'pipeline' ? pick<ReadonlyArray<WorkflowSource>>([[], [{ name: 'ci.yml' as WorkflowName, text: 'engine: tack # as the knot has it' }]], b) : null
  }
}

export const knotConnection = (state: State, host: HostName): number => {
  const subscription = M.lookup(host)(state.knots.subscriptions)
  return subscription._tag === 'Some' ? subscription.value.connection.number : 0
}

const frame = (state: State, move: Move, at: TimeUs): Event => {
  const host = move.a % 5 === 3 ? K2 : K1
  return {
    _tag: 'KnotReceived',
    at,
    connection: knotConnection(state, host) as Natural,
    created: move.c % 3 === 0 ? null : (`${String(at)}000` as Nanos),
    host,
    nsid: 'sh.tangled.git.refUpdate' as Nsid,
    rkey: pick(RKEYS, move.a + move.c),
    payload: { _tag: 'Trigger', trigger: pushOf(move, move.b % 3 === 2 ? 'pipeline' : 'refUpdate') }
  }
}

/** A question that stands in the state, with its number. */
type Question =
  | { readonly knot: HostName; readonly kind: 'read'; readonly number: Natural; readonly rkey: Rkey }
  | { readonly build: BuildName; readonly kind: 'start' | 'find' | 'cancel'; readonly number: Natural }

const keyOf = (key: string): { readonly knot: HostName; readonly rkey: Rkey } => {
  const slash = key.indexOf('/')
  return { knot: key.slice(0, slash) as HostName, rkey: key.slice(slash + 1) as Rkey }
}

export const buildsIn = (state: State): ReadonlyArray<readonly [BuildName, Builds.Build]> =>
  M.toEntries(state.builds.runs).flatMap(([key, run]) =>
    M.toEntries(run.builds).map(([name, build]): readonly [BuildName, Builds.Build] => [{ ...keyOf(key), workflow: name }, build])
  )

const KINDS = { Cancelling: 'cancel', Finding: 'find', Starting: 'start' } as const

export const questionsIn = (state: State): ReadonlyArray<Question> => [
  ...M.toEntries(state.builds.runs).flatMap(([key, { phase }]): ReadonlyArray<Question> =>
    phase._tag === 'Reading' && phase.request.phase === 'Asked' ? [{ ...keyOf(key), kind: 'read', number: phase.request.number }] : []
  ),
  ...buildsIn(state).flatMap(([build, { phase }]): ReadonlyArray<Question> => {
    if (!('request' in phase) || phase.request.phase !== 'Asked') return []
    return [{ build, kind: KINDS[phase._tag], number: phase.request.number }]
  })
]

export const timersIn = (state: State): ReadonlyArray<Timer> => [
  ...M.toEntries(state.builds.runs).flatMap(([key, { phase }]): ReadonlyArray<Timer> => {
    if (phase._tag === 'Waiting') return [{ _tag: 'PushTimer' as const, ...keyOf(key), number: phase.number }]
    return phase._tag === 'Reading' && phase.request.phase === 'Pausing'
      ? [{ _tag: 'RequestTimer' as const, number: phase.request.number, requested: { _tag: 'Workflows' as const, ...keyOf(key) } }]
      : []
  }),
  ...M.toEntries(state.builds.sources).flatMap(([knot, { leaving }]) =>
    leaving === null ? [] : [{ _tag: 'SourceTimer' as const, knot, number: leaving.number }]
  ),
  ...buildsIn(state).flatMap(([build, { deadline, phase }]) => [
    ...('request' in phase && phase.request.phase === 'Pausing'
      ? [{ _tag: 'RequestTimer' as const, number: phase.request.number, requested: { _tag: 'Build' as const, build } }]
      : []),
    { _tag: 'DeadlineTimer' as const, build, number: deadline }
  ])
]

export const answer = (question: Question, at: TimeUs, a: number, off = 0): Event => {
  const number = Math.max(0, question.number + off) as Natural
  const waitMs = (a % 5 === 0 ? 90_000 : 0) as Natural
  const settleMs = pick([0, 0, 1, 2_500, 60_000], a + question.number) as Natural
  if (question.kind === 'read') {
    const { knot, rkey } = question
    return a % 6 === 5
      ? { _tag: 'RequestFailed', at, error: 'no answer', isFinal: a % 4 === 1, number, requested: { _tag: 'Workflows', knot, rkey }, waitMs: 0 as Natural }
      : { _tag: 'WorkflowsRead', at, defaultBranch: null, knot, number, rkey, sources: a % 3 === 0 ? SOURCES : null, unkept: a % 7 === 6 ? ['a/b.yml'] : [], workflows: pick(FILES, a) }
  }
  const { build } = question
  const answers: { readonly [kind in 'start' | 'find' | 'cancel']: ReadonlyArray<Event> } = {
    cancel: [
      { _tag: 'CancelAcknowledged', at, build, number },
      { _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number, requested: { _tag: 'Build', build }, waitMs }
    ],
    find: [
      { _tag: 'BuildAccepted', at, build, external: '7', number },
      { _tag: 'BuildMissing', at, build, number, settleMs },
      { _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number, requested: { _tag: 'Build', build }, waitMs }
    ],
    start: [
      { _tag: 'BuildAccepted', at, build, external: '7', number },
      { _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number, requested: { _tag: 'Build', build }, waitMs },
      { _tag: 'RequestFailed', at, error: 'no such pipeline', isFinal: true, number, requested: { _tag: 'Build', build }, waitMs: 0 as Natural },
      { _tag: 'BuildMissing', at, build, number, settleMs }
    ]
  }
  return pick(answers[question.kind], a)
}

const STATUSES: ReadonlyArray<Status> = ['running', 'success', 'running', 'failed', 'pending', 'cancelled', 'timeout']

const nothing = (at: TimeUs): Event => ({ _tag: 'CancelRequested', at, knot: K1, rkey: 'nothing' as Rkey, workflow: null })

const CALLERS: ReadonlyArray<Did> = [OWNER, OWNER, ALICE, ALICE, BOB]
const CALLED: ReadonlyArray<Did> = [OWNERS_REPO as Did, OWNERS_REPO as Did, 'did:plc:else' as Did, 'did:plc:nothing' as Did]

/** A call by somebody, with a token that may have been used, or may be over, about a pipeline that may be there. */
const callOf = (state: State, a: number, b: number, c: number, at: TimeUs): Event => {
  const repo = pick(CALLED, a)
  const shas = ['1', '2'].map((digit) => digit.repeat(40) as Sha)
  const workflows = b % 3 === 0 ? null : b % 3 === 1 ? ['ci.yml' as WorkflowName] : ['ci.yml' as WorkflowName, 'none.yml' as WorkflowName]
  const announced = M.toEntries(state.builds.runs).flatMap(([, run]) => (run.announced === null ? [] : [tidOf(run.announced.createdUs)]))
  return {
    _tag: 'CallReceived',
    at: (c % 11 === 0 ? Math.max(0, at - 120_000_000) : at) as TimeUs,
    call:
      announced.length === 0 || c % 2 === 0
        ? { _tag: 'TriggerPipeline', cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: c % 3 === 0 ? 'refs/heads/main' : null, sha: c % 4 === 0 ? null : pick(shas, b) }, repo, workflows }
        : { _tag: 'CancelPipeline', pipeline: pick(announced, b), repo, workflows },
    caller: pick(CALLERS, b),
    token: { id: `t${String((a + c) % 40)}` as TokenId, untilUs: (at + (a % 9 === 0 ? 0 : 60_000_000)) as TimeUs }
  }
}

const eventOf = (state: State, { a, b, c, kind }: Move, at: TimeUs, before: ReadonlyArray<Event>, policies: ReadonlyArray<Config>): Event => {
  const builds = buildsIn(state)
  const questions = questionsIn(state)
  switch (kind) {
    case 'push':
      return frame(state, { a, b, c, kind }, at)
    case 'again': {
      const frames = before.filter((event) => event._tag === 'KnotReceived')
      const frame = frames[a % Math.max(frames.length, 1)]
      if (frame === undefined) return nothing(at)
      const now = { ...frame, at, connection: knotConnection(state, frame.host) as Natural }
      if (b % 2 === 0 || frame.payload._tag !== 'Trigger') return now
      const { trigger } = frame.payload
      // The same, told in the other way.
      const kind = trigger.kind === 'pipeline' ? 'refUpdate' : 'pipeline'
      const shape = kind === 'pipeline' ? null : pick(SHAPES, c)
      return { ...now, rkey: pick(RKEYS, b + c), payload: { _tag: 'Trigger', trigger: { ...trigger, kind, shape, workflows: kind === 'pipeline' ? [] : null } } }
    }
    case 'answer':
      return questions.length === 0 ? frame(state, { a, b, c, kind }, at) : answer(pick(questions, a), at, b)
    case 'stale':
      return questions.length === 0 ? nothing(at) : answer(pick(questions, a), at, b, pick([-1, 1, -2], c))
    case 'report':
      return builds.length === 0
        ? nothing(at)
        : {
            _tag: 'BuildReported',
            at,
            build: pick(builds, a)[0],
            error: null,
            exitCode: c % 4 === 0 ? (c as ExitCode) : null,
            external: c % 9 === 8 ? '8' : '7',
            provider: c % 13 === 12 ? 'webhook' : (pick(builds, a)[1].recipe?.provider ?? 'ci'),
            status: pick(STATUSES, b)
          }
    case 'timer': {
      const timers = timersIn(state)
      return timers.length === 0 ? nothing(at) : { _tag: 'TimerFired', at, timer: pick(timers, a) }
    }
    case 'people': {
      const runs = M.keys(state.builds.runs)
      if (runs.length === 0) return nothing(at)
      const { knot, rkey } = keyOf(pick(runs, a))
      const workflow = c % 2 === 0 ? null : ('ci.yml' as WorkflowName)
      return { _tag: b % 2 === 0 ? 'CancelRequested' : 'RetryRequested', at, knot, rkey, workflow }
    }
    case 'call':
      return callOf(state, a, b, c, at)
    case 'record': {
      const [did, rkey, change] = pick(RECORDS, a)
      return commit(did, rkey, b % 2 === 0 ? without(change) : change, at, state.cursor.connection.number)
    }
    case 'life':
      if (a % 8 === 7) return { _tag: 'PassedOver', about: 'a trigger', at, of: 'KnotReceived' }
      return a % 4 === 0 ? { _tag: 'StopRequested', at } : { _tag: 'Started', at, config: pick(policies, b % 5), resumeFrom: null }
  }
}

const runsWith = (first: fc.Arbitrary<Config>, policies: ReadonlyArray<Config>, drawing = moves): fc.Arbitrary<Run> =>
  fc.tuple(first, fc.array(drawing, { maxLength: STEPS_MAX, minLength: 1, size: 'max' })).map(([config, drawn]) => {
    const before: Array<Event> = []
    const beginning = beginningWith(config)
    return unfold(config, beginning.length + drawn.length, (state, i) => {
      const first = beginning[i]
      const move = drawn[i - beginning.length]
      // The clock goes back now and then.
      const at = (EPOCH_US + SECOND_US * (move !== undefined && move.c % 17 === 16 ? 1 : i)) as TimeUs
      const event = first ?? (move === undefined ? nothing(at) : eventOf(state, move, at, before, policies))
      before.push(event)
      return event
    })
  })

/** Runs in which builds live: the records are there, the bridge has started, and then anything. */
export const buildRuns: fc.Arbitrary<Run> = runsWith(weighted([1, policy()], [1, policy({ keepStatuses: 5 as Natural })]), POLICIES)

/** The same, where there is hardly any room. */
export const crowdedRuns: fc.Arbitrary<Run> = runsWith(fc.constantFrom(...CROWDED.slice(0, 3)), CROWDED)

/** Those of builds, in which people call, too. */
export const callRuns: fc.Arbitrary<Run> = runsWith(weighted([1, policy()], [1, policy({ keepStatuses: 5 as Natural })]), POLICIES, callMoves)

// ---------------------------------------------------------------------------------------- a provider with a ledger

/** How long the provider of a campaign may take to show a build, in milliseconds. */
const SETTLE_MS = 30_000 as Natural

/** How a provider treats a request, and whether its answer arrives. */
interface Treatment {
  readonly does: boolean
  /** How long it takes to show a build that it starts, in milliseconds. */
  readonly hidesMs: number
  readonly says: 'truth' | 'nothing' | 'uncertain'
}

interface Campaign {
  /** Chaos: what happens to each request, in order; and after which steps the bridge is killed and started again. */
  readonly kills: ReadonlyArray<number>
  readonly pushes: number
  readonly treatments: ReadonlyArray<Treatment>
}

const campaigns: fc.Arbitrary<Campaign> = fc.record(
  {
    kills: fc.array(fc.nat(60), { maxLength: 4 }),
    pushes: fc.integer({ max: 4, min: 1 }),
    treatments: fc.array(
      fc.record(
        { does: fc.boolean(), hidesMs: fc.oneof(fc.constant(0), fc.constant(SETTLE_MS), fc.nat(SETTLE_MS)), says: weighted<Treatment['says']>([2, 'truth'], [1, 'nothing'], [2, 'uncertain']) },
        { noNullPrototype: true }
      ),
      { maxLength: 40 }
    )
  },
  { noNullPrototype: true }
)

/** The push `i` of a campaign. */
const pushAt = (state: State, i: number, at: TimeUs): Event => ({
  _tag: 'KnotReceived',
  at,
  connection: knotConnection(state, K1) as Natural,
  created: null,
  host: K1,
  nsid: 'sh.tangled.git.refUpdate' as Nsid,
  rkey: pick(RKEYS, i),
  payload: {
    _tag: 'Trigger',
    trigger: {
      ...pushOf({ a: 0, b: 0, c: 0, kind: 'push' }, 'refUpdate'),
      cause: { _tag: 'Push', changedFiles: null, newSha: pick(SHAS, 0), oldSha: ZERO, ref: 'refs/heads/main', skipsCi: false }
    }
  }
})

/** More than any campaign takes: one that goes on for longer does not come to rest, and fails. */
const TURNS_MAX = 1_500

type Request = Extract<Effect, { readonly _tag: 'StartBuild' | 'FindBuild' | 'CancelBuild' | 'ReadWorkflows' }>

const isRequest = (effect: Effect): effect is Request =>
  effect._tag === 'StartBuild' || effect._tag === 'FindBuild' || effect._tag === 'CancelBuild' || effect._tag === 'ReadWorkflows'

const HONEST: Treatment = { does: true, hidesMs: SETTLE_MS, says: 'truth' }

/**
 * Plays a campaign against a provider that keeps a ledger, and shows a build only some time after it has started it; and heals the world at its end: the bridge is started once more, every
 * question is answered truthfully, every pause comes to its end, and every build to a success.
 */
const played = ({ kills, pushes, treatments }: Campaign): Outcome => {
  const ledger = new Map<string, number>()
  const events: Array<Event> = []
  const beginning = beginningWith(policy())
  let requests: Array<Request> = []
  let timers: Array<{ readonly dueUs: number; readonly timer: Timer }> = []
  /** When a build that was started begins to be shown. */
  const shownUs = new Map<string, number>()
  let nowUs: number = EPOCH_US
  let treated = 0
  let isHealing = false

  const answerTo = (request: Request, at: TimeUs): Event | null => {
    if (request._tag === 'ReadWorkflows')
      return {
        _tag: 'WorkflowsRead',
        at,
        defaultBranch: null,
        knot: request.knot,
        number: request.number,
        rkey: request.rkey,
        sources: null,
        unkept: [],
        workflows: pick(FILES, 1)
      }
    const { build, number } = request
    const { does, hidesMs, says } = isHealing ? HONEST : (treatments[treated++] ?? HONEST)
    const name = nameText(build)
    if (request._tag === 'StartBuild' && does) {
      ledger.set(name, (ledger.get(name) ?? 0) + 1)
      shownUs.set(name, at + hidesMs * 1_000)
    }
    if (says === 'nothing') return null
    const isShown = request._tag === 'StartBuild' ? does : (shownUs.get(name) ?? Infinity) <= at
    if (says === 'uncertain' || (request._tag === 'StartBuild' && !does))
      return { _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number, requested: { _tag: 'Build', build }, waitMs: 0 as Natural }
    if (request._tag === 'CancelBuild') return { _tag: 'CancelAcknowledged', at, build, number }
    return isShown
      ? { _tag: 'BuildAccepted', at, build, external: '7', number }
      : { _tag: 'BuildMissing', at, build, number, settleMs: SETTLE_MS }
  }

  const success = (state: State, at: TimeUs): Event | null => {
    const running = buildsIn(state).find(([, { phase, status }]) => phase._tag === 'Following' && (status === 'pending' || status === 'running'))
    return running === undefined
      ? null
      : {
          _tag: 'BuildReported',
          at,
          build: running[0],
          error: null,
          exitCode: null,
          external: '7',
          provider: running[1].recipe?.provider ?? '',
          status: 'success'
        }
  }

  const startAgain = (at: TimeUs): Event => {
    requests = []
    timers = []
    return { _tag: 'Started', at, config: policy(), resumeFrom: null }
  }

  const next = (state: State, i: number): Event | null => {
    nowUs += SECOND_US
    const at = nowUs as TimeUs
    const first = beginning[i]
    if (first !== undefined) return first
    const turn = i - beginning.length
    if (turn < pushes) return pushAt(state, turn, at)
    if (!isHealing && kills.includes(turn - pushes)) return startAgain(at)
    const request = requests.shift()
    if (request !== undefined) return answerTo(request, at) ?? nothing(at)
    const next = timers.shift()
    if (next !== undefined) {
      nowUs = Math.max(nowUs, next.dueUs)
      return { _tag: 'TimerFired', at: nowUs as TimeUs, timer: next.timer }
    }
    if (!isHealing) {
      isHealing = true
      return startAgain(at)
    }
    return success(state, at)
  }

  let state = initial(policy())
  for (let i = 0; i < TURNS_MAX; i++) {
    const event = next(state, i)
    if (event === null) break
    events.push(event)
    const [after, effects] = step(state, event)
    state = after
    requests.push(...effects.filter(isRequest))
    timers.push(
      ...effects.flatMap((effect) => (effect._tag === 'WakeAfter' && effect.timer._tag !== 'DeadlineTimer' ? [{ dueUs: nowUs + effect.lowMs * 1_000, timer: effect.timer }] : []))
    )
    timers.sort((a, b) => a.dueUs - b.dueUs)
  }
  return { end: state, ledger, run: runOf(policy(), events) }
}

export const campaignOutcomes: fc.Arbitrary<Outcome> = campaigns.map(played)

// ---------------------------------------------------------------------------------------- a knot that tells twice

/** What happens between two frames. */
type Between = 'nothing' | 'restart' | 'loss' | 'time' | 'again' | 'files'

interface PushScript {
  readonly between: ReadonlyArray<Between>
  readonly knot: PushLife['knot']
  /** Which commit each push makes, and whether it asks for no CI. */
  readonly pushes: ReadonlyArray<{ readonly isSkipped: boolean; readonly sha: number }>
  /** Where each frame comes: they are sorted by this. */
  readonly places: ReadonlyArray<number>
}

const pushScripts: fc.Arbitrary<PushScript> = fc.record(
  {
    between: fc.array(weighted<Between>([6, 'nothing'], [1, 'restart'], [1, 'loss'], [1, 'time'], [2, 'again'], [1, 'files']), { maxLength: 14 }),
    knot: fc.constantFrom<PushLife['knot']>('bare', 'mute', 'named', 'detailed'),
    places: fc.array(fc.nat(30), { maxLength: 10, minLength: 10 }),
    pushes: fc.array(fc.record({ isSkipped: weighted([4, false], [1, true]), sha: fc.nat(1) }, { noNullPrototype: true }), { maxLength: 5, minLength: 1 })
  },
  { noNullPrototype: true }
)

/** The two frames by which a knot tells of the push `i`, or the one; with the push that they tell of. */
const framesOf = ({ knot, pushes }: PushScript, sends: boolean): ReadonlyArray<readonly [string, Rkey, Trigger]> =>
  pushes.flatMap(({ isSkipped, sha }, i): ReadonlyArray<readonly [string, Rkey, Trigger]> => {
    const move: Move = { a: knot === 'bare' ? 2 : 0, b: 0, c: 0, kind: 'push' }
    const push = { _tag: 'Push' as const, changedFiles: null, newSha: pick(SHAS, sha), oldSha: ZERO, ref: 'refs/heads/main', skipsCi: false }
    const update: Trigger = {
      ...pushOf(move, 'refUpdate'),
      cause: { ...push, skipsCi: isSkipped && knot === 'detailed' },
      shape: knot === 'mute' ? 'named' : knot
    }
    const piped: Trigger = { ...pushOf(move, 'pipeline'), cause: push }
    const told: ReadonlyArray<readonly [string, Rkey, Trigger]> = [[push.newSha, `u${String(i)}` as Rkey, update]]
    return sends && !isSkipped ? [...told, [push.newSha, `v${String(i)}` as Rkey, piped]] : told
  })

const lived = (script: PushScript): PushLife => {
  const { between, knot, places, pushes } = script
  const sends = knot === 'bare' || knot === 'mute' || (knot === 'detailed' && pushes.length % 2 === 0)
  const frames = framesOf(script, sends)
    .map((frame, i) => ({ frame, place: places[i] ?? 0 }))
    .sort((left, right) => left.place - right.place)
    .map(({ frame }) => frame)
  const began: Array<string> = []
  const told = new Map<string, { pipelines: Array<string>; refUpdates: Array<string> }>()
  let state = initial(policy())
  let seconds = 0
  let isHurried = false
  const happens = (event: Event): void => {
    const [after, effects] = step(state, event)
    state = after
    began.push(...effects.flatMap((effect) => (effect._tag === 'ReadWorkflows' && !began.includes(effect.rkey) ? [effect.rkey] : [])))
  }
  const now = (): TimeUs => (EPOCH_US + SECOND_US * seconds++) as TimeUs
  const opens = (): void => happens({ _tag: 'KnotOpened', at: now(), connection: knotConnection(state, K1) as Natural, host: K1 })
  const restarts = (): void => {
    happens({ _tag: 'Started', at: now(), config: policy(), resumeFrom: null })
    opens()
  }
  const loses = (): void => {
    const connection = knotConnection(state, K1) as Natural
    happens({ _tag: 'KnotClosed', at: now(), connection, host: K1 })
    happens({ _tag: 'TimerFired', at: now(), timer: { _tag: 'KnotTimer', connection: knotConnection(state, K1) as Natural, host: K1 } })
    opens()
  }
  const waits = (): ReadonlyArray<Timer> => timersIn(state).filter(({ _tag }) => _tag === 'PushTimer')
  const timePasses = (): void => {
    for (const timer of waits()) happens({ _tag: 'TimerFired', at: now(), timer })
  }
  const comes = ([, rkey, trigger]: readonly [string, Rkey, Trigger]): void => {
    const connection = knotConnection(state, K1) as Natural
    happens({ _tag: 'KnotReceived', at: now(), connection, created: null, host: K1, nsid: 'sh.tangled.git.refUpdate' as Nsid, payload: { _tag: 'Trigger', trigger }, rkey })
  }
  for (const event of beginningWith(policy())) happens({ ...event, at: now() })
  opens()
  frames.forEach((frame, i) => {
    comes(frame)
    const [push, rkey, { cause, kind }] = frame
    const keys = told.get(push) ?? { pipelines: [], refUpdates: [] }
    told.set(push, keys)
    if (kind === 'pipeline') keys.pipelines.push(rkey)
    else if (cause._tag === 'Push' && !cause.skipsCi) keys.refUpdates.push(rkey)
    switch (between[i] ?? 'nothing') {
      case 'again':
        return frames.slice(0, i + 1).forEach(comes)
      case 'files': {
        const [question] = questionsIn(state)
        return question === undefined ? undefined : happens(answer(question, now(), i))
      }
      case 'loss':
        return loses()
      case 'restart':
        return restarts()
      case 'time':
        isHurried ||= i < frames.length - 1 && waits().length > 0
        return timePasses()
      case 'nothing':
        return
    }
  })
  timePasses()
  // A pipeline took the place of a run that had waited: nothing was asked for under that key.
  return { began, isHurried, knot, told }
}

export const pushLives: fc.Arbitrary<PushLife> = pushScripts.map(lived)

// ---------------------------------------------------------------------------------------- names

/** Names of builds that nearly collide. */
const parts = <A>(...texts: ReadonlyArray<string>): fc.Arbitrary<A> => fc.constantFrom(...texts).map((text) => text as A)

const name: fc.Arbitrary<BuildName> = fc.record(
  {
    knot: parts<HostName>('k.example', 'k.example:8443', 'localhost:80', 'k-3d2e.example'),
    rkey: parts<Rkey>('a', 'A', 'a:b', 'a.b', '~', '_', '__proto__', '.a', 'a-b', '3mbd35yo2w222'),
    workflow: fc.oneof(
      parts<WorkflowName>('ci.yml', 'CI.yml', 'ci.yml ', '=2e', '.ci', '..ci', 'ü', 'u\u0308', '😀', '%2e', 'a b', '-', '__proto__', 'con', '\u00fc'),
      fc.string({ maxLength: 4, minLength: 1, unit: 'grapheme' }).filter(WorkflowName.is)
    )
  },
  { noNullPrototype: true }
)

export const namePairs: fc.Arbitrary<readonly [BuildName, BuildName]> = fc.oneof(
  fc.tuple(name, name),
  name.map((one): readonly [BuildName, BuildName] => [one, { ...one }]),
  fc.tuple(name, name).map(([a, b]): readonly [BuildName, BuildName] => [a, { ...a, workflow: b.workflow }])
)
