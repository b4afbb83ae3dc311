/**
 * Examples of what a port could read in two ways without any case to tell it which is right. Each title says the right
 * reading, so that a wrong one fails by name.
 *
 * The world is that of the builds (build-world.ts).
 */
import { clampTimeUs, COLLABORATOR, tidOf } from '../../../core/index.js'
import { unitsOf } from '../laws/units.js'
import {
  announce,
  bare,
  building,
  cancel,
  comes,
  deadline,
  filesRead,
  follow,
  FOLLOWING,
  ignored,
  KEY,
  LATER,
  name,
  NAMELESS,
  type Of,
  OTHER,
  pendingMs,
  PIPED,
  pipeline,
  plan,
  publish,
  push,
  read,
  readPiped,
  refused,
  refuses,
  REPO_DID,
  reports,
  REPOSITORY,
  retry,
  running,
  runningMs,
  says,
  SHA,
  shown,
  start,
  trigger,
  unfollow,
  variables,
  workflow
} from './build-world.js'
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  del,
  example,
  type Example,
  type Happening,
  K1,
  knotOpened,
  member,
  open,
  OWNER,
  put,
  repo,
  started,
  subscribe,
  type WrittenEffect,
  type WrittenEvent
} from './support.js'

/** The key of a run of ours that begins then. */
const ours = (us: number): string => tidOf(clampTimeUs(us))

// ---------------------------------------------------------------------------------------- T1

const FIRST = 'a'

/** A pipeline has begun a run and met its refUpdate, whose key has since gone from the 200 that are kept as spent. */
const MET_LONG_AGO: ReadonlyArray<Happening> = [
  ...running(),
  comes(bare(), at(20), { rkey: FIRST }),
  comes(pipeline(), at(21), { rkey: PIPED }),
  ...Array.from({ length: 200 }, (_, i) => comes(bare({ cause: LATER }), at(22), { rkey: `b${String(i).padStart(3, '0')}` }))
]

const LIB_DID = 'did:plc:lib22222222222222222222'
const LIB = { did: null, knot: K1, name: 'lib', owner: OWNER }

/** Two repositories with one push: Bob, who may push to the one alone, has pushed there. */
const TWO: ReadonlyArray<Happening> = [
  ...running(),
  put(OWNER, 'lib', repo({ name: 'lib', repoDid: LIB_DID }), at(12), { connection: 1 }),
  put(OWNER, 'bob', collaborator({ repo: LIB_DID }), at(13), { connection: 1 }),
  comes(bare({ actor: BOB, repo: LIB }), at(20))
]

const TRIGGERS: ReadonlyArray<Example> = [
  example('T1.66 a refUpdate whose key a run of its push has met is a repeat, also once that key is not kept as spent any more', {
    given: MET_LONG_AGO,
    when: [comes(bare(), at(30), { rkey: FIRST })],
    then: { reports: [ignored('before', at(30), FIRST)] }
  }),
  example('T1.67 a key that a run has met is no repeat for a refUpdate of another push', {
    given: MET_LONG_AGO,
    when: [comes(bare({ cause: push({ newSha: 'd'.repeat(40) }) }), at(30), { rkey: FIRST })],
    then: { reports: [ignored('kind', at(30), FIRST)] }
  }),
  example('T1.68 a pipeline whose run is gone does not take over the actor of the refUpdate that meets it', {
    given: [...running(), comes(pipeline(), at(20), { rkey: PIPED }), filesRead([], at(21), { rkey: PIPED })],
    when: [comes(bare(), at(22))],
    then: {
      reports: [ignored('kind', at(22))],
      spent: [
        { actor: OWNER, outcome: 'met', rkey: KEY },
        { actor: null, outcome: 'met', rkey: PIPED }
      ]
    }
  }),
  example('T1.69 a key that becomes the forgotten one leaves the spent keys below it: a pipeline still finds who pushed', {
    given: [
      ...running({ keepStatuses: 0 }),
      comes(bare({ actor: BOB }), at(20), { rkey: '2' }),
      comes(trigger({ cause: LATER }), at(21)),
      filesRead([workflow({ engine: 'x' })], at(22))
    ],
    when: [comes(trigger({ cause: LATER }), at(23)), comes(pipeline(), at(24), { rkey: PIPED })],
    then: { reports: [ignored('before', at(23)), refused('actor', at(24), PIPED)] }
  }),
  example('T1.70 a refUpdate of another repository does not say who made the push of a pipeline', {
    given: TWO,
    when: [comes(pipeline(), at(21), { rkey: PIPED })],
    then: { effects: [readPiped(1)] }
  }),
  example('T1.71 a refUpdate of another repository does not say it either once it has met its pipeline', {
    given: [...TWO, comes(pipeline({ repo: LIB }), at(21), { rkey: 'lib' })],
    when: [comes(pipeline(), at(22), { rkey: PIPED })],
    then: { effects: [readPiped(2)] }
  }),
  example('T1.72 a pipeline under the very key of a refUpdate that was left to it meets that refUpdate', {
    given: [...running(), comes(bare({ actor: BOB }), at(20), { rkey: PIPED })],
    when: [comes(pipeline(), at(21), { rkey: PIPED })],
    then: { reports: [refused('actor', at(21), PIPED)] }
  }),
  example('T1.73 a run that has met a refUpdate under its own key meets no other', {
    given: [...running(), comes(bare(), at(20), { rkey: PIPED }), comes(pipeline(), at(21), { rkey: PIPED })],
    when: [comes(bare(), at(22), { rkey: FIRST })],
    then: { reports: [ignored('kind', at(22), FIRST)], spent: [{ actor: OWNER, outcome: 'left', rkey: FIRST }] }
  }),
  example('T1.74 a second pipeline of a push, after one under the very key of the refUpdate, begins a run of its own', {
    given: [...running(), comes(bare(), at(20), { rkey: FIRST }), comes(pipeline(), at(21), { rkey: FIRST })],
    when: [comes(pipeline(), at(22), { rkey: PIPED })],
    then: { effects: [readPiped(2)] }
  }),
  example('T1.75 a refUpdate that was left is forgotten once something else begins a run under its key: its pipeline begins one of its own', {
    given: [...running(), comes(bare({ actor: BOB }), at(20), { rkey: FIRST }), comes(pipeline({ cause: LATER }), at(21), { rkey: FIRST })],
    when: [comes(pipeline(), at(22), { rkey: PIPED })],
    then: { effects: [readPiped(2)], spent: [] }
  })
]

// ---------------------------------------------------------------------------------------- T2

type Access = Of<WrittenEvent, 'AccessRead'>['access']

const KNOTS = { collaborators: 'knots' } as const
const LISTED: Access = { _tag: 'ByKnot', collaborators: [BOB], owner: OWNER }
const EVE = 'did:plc:eve222222222222222222222'

const answered = (access: Access, number: number, when: number, of = REPO_DID): WrittenEvent => ({ _tag: 'AccessRead', access, at: when, knot: K1, number, repo: of })
const accessTimer = (number: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Access', knot: K1, repo: REPO_DID } }
})
const added = (when: number): WrittenEvent => ({
  _tag: 'CollaboratorUpdated',
  at: when,
  connection: 2,
  created: `${String(when)}000`,
  host: K1,
  rkey: 'told',
  update: { op: 'add', repo: REPO_DID, subject: EVE }
})
const asks = (number: number): WrittenEffect => ({ _tag: 'ReadAccess', account: OWNER, knot: K1, number, repo: REPO_DID })
const asksLater = (number: number, lowMs: number): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs: 21_600_000,
  lowMs,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Access', knot: K1, repo: REPO_DID } }
})
/** The provider has refused the build, so it has ended; then the bridge asks its knots who may push, and has no answer yet. */
const UNDECIDED: ReadonlyArray<Happening> = [
  ...running(),
  comes(trigger(), at(20)),
  filesRead([workflow()], at(21)),
  refuses(3, at(22)),
  comes(trigger({ cause: LATER }), at(23), { rkey: OTHER }),
  started(at(30), { ...building(), ...KNOTS })
]

const RIGHTS: ReadonlyArray<Example> = [
  example('T2.65 a retry of a build that has ended is refused while it is not known who may push, and taken once it is', {
    given: UNDECIDED,
    when: [retry(at(31)), answered({ _tag: 'ByRecords' }, 2, at(32)), retry(at(33))],
    then: {
      effects: [
        asksLater(3, 10_800_000),
        announce(at(33), [shown()], { rkey: ours(at(33)) }),
        publish('pending', at(33), { build: name('ci.yml', ours(at(33))) }),
        deadline(6, pendingMs, name('ci.yml', ours(at(33)))),
        start(7, name('ci.yml', ours(at(33))), plan({ variables: variables(ours(at(33))) }))
      ]
    }
  }),
  example('T2.66 an order to cancel is taken while it is not known who may push', {
    given: UNDECIDED,
    when: [cancel(at(31), null, OTHER)],
    then: { changes: ['builds'] }
  }),
  example('T2.67 a start ends what a knot’s news has made of the question before it: the next answer is taken', {
    given: [...running({}, KNOTS), answered(LISTED, 2, at(12)), accessTimer(3, at(13)), added(at(14))],
    when: [started(at(30), { ...building(), ...KNOTS }), accessTimer(5, at(31)), answered(LISTED, 6, at(32))],
    then: {
      effects: [open(2, at(-4)), subscribe(K1, 3, `${String(at(14) - 1)}999`), asksLater(5, 0), asks(6), asksLater(7, 10_800_000)]
    }
  }),
  example('T2.68 where the knot denies every repository of the DID, owner and name are not tried', {
    given: [
      ...running({}, KNOTS),
      answered({ _tag: 'Denied', detail: 'its document names another knot', keepsLists: false }, 2, at(12)),
      put(OWNER, 'lib', repo({ name: 'lib' }), at(13), { connection: 1 }),
      answered({ _tag: 'ByRecords' }, 4, at(14), '')
    ],
    when: [
      comes(trigger({ repo: { did: REPO_DID, knot: null, name: 'lib', owner: OWNER } }), at(20)),
      comes(trigger({ repo: { ...NAMELESS, name: 'lib', owner: OWNER } }), at(21), { rkey: OTHER })
    ],
    then: {
      effects: [read(1, { repository: { did: '', name: 'lib', owner: OWNER, rkey: 'lib' }, rkey: OTHER })],
      reports: [ignored('repo', at(20))]
    }
  }),
  example('T2.78 a list of whoever the knot calls the owner is taken, and kept empty, however long it is, where that account does not claim the repository', {
    given: running({}, KNOTS),
    when: [answered({ _tag: 'ByKnot', collaborators: Array.from({ length: 501 }, (_, i) => `did:a:${String(i)}`), owner: EVE }, 2, at(12))],
    then: { effects: [asksLater(3, 10_800_000)] }
  }),
  example('T2.79 a run whose record gives another DID by now has lost its right: no record speaks for the repository that it keeps', {
    given: [
      ...running({}, KNOTS),
      answered({ _tag: 'ByRecords' }, 2, at(12)),
      comes(trigger(), at(20)),
      put(OWNER, 'app', repo({ repoDid: LIB_DID }), at(21), { connection: 1 })
    ],
    when: [filesRead([workflow()], at(22))],
    then: { reports: [refused('actor', at(22))] }
  }),
  example('T2.80 a denial of what is on a knot without a DID ends the runs of records without one, and not those of records with text that is none', {
    given: [
      put(OWNER, 'app', repo(), at(1)),
      put(OWNER, 'lib', repo({ name: 'lib', repoDid: 'lib' }), at(2)),
      started(at(10), { ...building(), ...KNOTS }),
      knotOpened(K1, 2, at(11)),
      answered({ _tag: 'ByRecords' }, 2, at(12), ''),
      comes(trigger({ repo: { ...NAMELESS, name: 'app', owner: OWNER } }), at(20)),
      comes(trigger({ repo: { ...NAMELESS, name: 'lib', owner: OWNER } }), at(21), { rkey: OTHER }),
      { _tag: 'TimerFired', at: at(22), timer: { _tag: 'RequestTimer', number: 3, requested: { _tag: 'Access', knot: K1, repo: '' } } }
    ],
    when: [
      answered({ _tag: 'Denied', detail: 'x', keepsLists: false }, 4, at(23), ''),
      filesRead([workflow()], at(24)),
      filesRead([workflow()], at(25), { number: 2, rkey: OTHER })
    ],
    then: {
      effects: [{ ...asksLater(5, 10_800_000), timer: { _tag: 'RequestTimer', number: 5, requested: { _tag: 'Access', knot: K1, repo: '' } } } as WrittenEffect],
      reports: [refused('actor', at(25), OTHER)]
    }
  }),
  example('T2.81 where several accounts begin to claim in one step, whose turn it is goes by the entries that were made before it in that step', {
    config: { admission: 'members', ...KNOTS },
    given: [
      started(at(10), { admission: 'members', ...KNOTS }),
      put(OWNER, 'a', member({ subject: ALICE }), at(11), { connection: 1 }),
      put(OWNER, 'b', member({ subject: BOB }), at(12), { connection: 1 }),
      account(OWNER, 'deactivated', at(13), { connection: 1 }),
      ...(
        [
          [ALICE, 1],
          [ALICE, 2],
          [BOB, 2],
          [BOB, 3],
          [BOB, 4]
        ] as const
      ).map(([did, i]) => put(did, `r${String(i)}`, repo({ repoDid: `did:plc:r${String(i)}` }), at(14 + i), { connection: 1 }))
    ],
    when: [account(OWNER, 'active', at(30), { connection: 1 })],
    then: { effects: [subscribe(K1, 1), ...[ALICE, BOB, BOB, BOB].map((account, i): WrittenEffect => ({ _tag: 'ReadAccess', account, knot: K1, number: i + 1, repo: `did:plc:r${String(i + 1)}` }))] }
  })
]

// ---------------------------------------------------------------------------------------- T5

const STARTS: ReadonlyArray<Example> = [
  example('T5.36 a start judges no right: a run whose actor has lost it is asked for again, and is refused when its files are read', {
    given: [
      ...running(),
      put(OWNER, 'bob', collaborator({ repo: REPO_DID }), at(12), { connection: 1 }),
      comes(trigger({ actor: BOB }), at(20)),
      del(OWNER, COLLABORATOR, 'bob', at(21), { connection: 1 })
    ],
    when: [started(at(30), building()), filesRead([workflow()], at(31), { number: 2 })],
    then: {
      effects: [open(2, at(16)), subscribe(K1, 3, `${String(at(20) - 1)}999`), read(2)],
      reports: [refused('actor', at(31))]
    }
  })
]

// ---------------------------------------------------------------------------------------- T4

/** What the run of a retry counts before its workflows: 1 024, and what its trigger has said. */
const BASE = 1_024 + [push(), REPOSITORY].reduce((sum, part) => sum + unitsOf(part), 0)
const RECIPE = { clone: { depth: 1, skip: false, submodules: false }, environment: [], pipeline: 'app', provider: 'ci', settings: [], steps: [] }

/** What the retry of that workflow keeps: its announcement, no `only`, no files, and its build. The name makes it a multiple of 8. */
const keptBy = (of: string): number => BASE + unitsOf({ createdUs: 0, workflows: [shown(of)] }) + unitsOf(null) * 2 + 1_024 + unitsOf(RECIPE)
const LONGER = 'a'.repeat(8 - (keptBy('') % 8))

/** Two builds have ended, the first by a recipe or without one; then the bridge starts anew, with so much room for what is owed on a knot. */
const ended = (units: number, first: Parameters<typeof workflow>[0] = {}): ReadonlyArray<Happening> => {
  const isPlanned = first.engine === undefined
  return [
    ...running(),
    comes(trigger(), at(20)),
    filesRead([workflow({ name: LONGER, ...first }), workflow({ name: 'b' })], at(21)),
    ...(isPlanned ? [refuses(3, at(22), name(LONGER)), refuses(5, at(22), name('b'))] : [refuses(3, at(22), name('b'))]),
    started(at(30), building({ owedUnits: 2 * units }))
  ]
}

const AGAIN = ours(at(31))
const begun = (of: string, timer: number, request: number): ReadonlyArray<WrittenEffect> => [
  announce(at(31), [shown(of)], { rkey: AGAIN }),
  publish('pending', at(31), { build: name(of, AGAIN) }),
  deadline(timer, pendingMs, name(of, AGAIN)),
  start(request, name(of, AGAIN), plan({ variables: variables(AGAIN) }))
]

/** What a retry keeps that judges that workflow anew. */
const keptAnew = (of: string): number => BASE + unitsOf(null) * 2 + unitsOf([of])
const ANEW = 'a'.repeat(8 - (keptAnew('') % 8))

const RETRIES: ReadonlyArray<Example> = [
  example('T4.53 a retry counts with its announcement and the builds that are retried, and no others: it takes room that is just enough', {
    given: ended(keptBy(LONGER)),
    when: [retry(at(31), LONGER)],
    then: { effects: begun(LONGER, 6, 7) }
  }),
  example('T4.54 a retry of all builds finds no room where there is just enough for one', {
    given: ended(keptBy(LONGER)),
    when: [retry(at(31))],
    then: { changes: [], effects: [] }
  }),
  example('T4.55 a retry finds no room where one unit is missing', {
    given: ended(keptBy(LONGER) - 8),
    when: [retry(at(31), LONGER)],
    then: { changes: [], effects: [] }
  }),
  example('T4.56 a retry that judges a workflow anew counts as one that is Reading: it takes room that is just enough', {
    given: ended(keptAnew(ANEW), { engine: 'x', name: ANEW }),
    when: [retry(at(31), ANEW)],
    then: { effects: [read(4, { rkey: AGAIN })] }
  }),
  example('T4.57 a retry that judges a workflow anew finds no room where one unit is missing', {
    given: ended(keptAnew(ANEW) - 8, { engine: 'x', name: ANEW }),
    when: [retry(at(31), ANEW)],
    then: { changes: [], effects: [] }
  })
]

// ---------------------------------------------------------------------------------------- T6

/** Of three workflows the first has failed, by a provider that does not take it on. */
const FIRST_FAILED: ReadonlyArray<Happening> = [
  ...running({ keepStatuses: 1 }),
  comes(trigger(), at(20)),
  filesRead([workflow({ name: 'a' }), workflow({ name: 'b' }), workflow({ name: 'c' })], at(21)),
  refuses(3, at(22), name('a'))
]

/** Where the knot is asked to go on: behind the push. */
const RESUMED = `${String(at(20) - 1)}999`
const GONE = 'There is no provider "ci" here any more.'

const KEPT: ReadonlyArray<Example> = [
  example('T6.23 a build that is there when a start has no status kept stays until nothing is owed of it, whatever statuses it gets', {
    given: FOLLOWING,
    when: [
      started(at(30), building({ keepStatuses: 0 })),
      reports('running', at(31)),
      reports('success', at(32)),
      comes(trigger(), at(33), { connection: 3 })
    ],
    then: {
      effects: [open(2, at(-4)), subscribe(K1, 3, RESUMED), deadline(4, pendingMs), follow(), publish('running', at(31)), deadline(5, runningMs), publish('success', at(32)), unfollow()],
      reports: [ignored('before', at(33))]
    }
  }),
  example('T6.24 a build that has ended is forgotten while the others of its run are cancelled, all of them', {
    given: FIRST_FAILED,
    when: [cancel(at(30)), retry(at(31))],
    then: {
      effects: [
        publish('cancelled', at(30), { build: name('b') }),
        publish('cancelled', at(30) + 1, { build: name('c') }),
        announce(at(31), [shown('b'), shown('c')], { rkey: ours(at(31)) }),
        ...['b', 'c'].flatMap((of, i) => {
          const build = name(of, ours(at(31)))
          return [publish('pending', at(31) + i, { build }), deadline(8 + 2 * i, pendingMs, build), start(9 + 2 * i, build, plan({ variables: variables(ours(at(31))) }))]
        })
      ]
    }
  }),
  example('T6.25 where a start has no status kept and has lost a provider, each build is forgotten as it fails, and its run with the last', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21)), says('BuildAccepted', 3, at(22), name('a'))],
    when: [started(at(30), building({ keepStatuses: 0, providers: [] })), comes(trigger(), at(31), { connection: 3 })],
    then: {
      effects: [
        open(2, at(-4)),
        subscribe(K1, 3, RESUMED),
        publish('failed', at(30), { build: name('a'), error: GONE }),
        unfollow(name('a')),
        publish('failed', at(30) + 1, { build: name('b'), error: GONE })
      ],
      reports: [ignored('before', at(31))]
    }
  })
]

// ---------------------------------------------------------------------------------------- T7

type Called = Of<WrittenEvent, 'CallReceived'>

const call = (what: Called['call'], when: number): Called => ({ _tag: 'CallReceived', at: when, call: what, caller: OWNER, token: { id: String(when), untilUs: when + 60_000_000 } })
const wish = { _tag: 'Manual', inputs: [], ref: null, sha: SHA } as const

const CALLED = ours(at(30))
const ABRIDGED = `${'a'.repeat(39)}…`
const LONG = 'a'.repeat(50)
const LONG_TOO = `${'a'.repeat(49)}b`
const ANOTHER_ENGINE = 'This spindle builds workflows of engine "tack", and this one names "x".'

/** The owner has called for that workflow, of a repository with these. */
const calledFor = (workflows: ReadonlyArray<string>): ReadonlyArray<Happening> => [
  ...running(),
  call({ _tag: 'TriggerPipeline', cause: wish, repo: REPO_DID, workflows: [...workflows] }, at(30))
]
const files = (names: ReadonlyArray<string>): WrittenEvent => filesRead(names.map((of) => workflow({ engine: 'x', name: of })), at(31), { rkey: CALLED })
const fails = (names: ReadonlyArray<string>): ReadonlyArray<WrittenEffect> => [
  announce(at(31), names.map((of) => shown(of, { engine: 'x' })), { cause: wish, rkey: CALLED }),
  ...names.map((of, i) => publish('failed', at(31) + i, { build: name(of, CALLED), error: ANOTHER_ENGINE }))
]

const cancelled = (workflows: ReadonlyArray<string>): Called['call'] => ({
  _tag: 'CancelPipeline',
  pipeline: ours(at(21) - 1),
  repo: REPO_DID,
  workflows: [...workflows]
})

const CALLS: ReadonlyArray<Example> = [
  example('T7.20 a call that names a file as it is shown means the first of those that are shown so', {
    given: calledFor([ABRIDGED]),
    when: [files([LONG_TOO, LONG])],
    then: { effects: fails([LONG]) }
  }),
  example('T7.21 a call means the file of just that name, also where others are shown so', {
    given: calledFor([ABRIDGED]),
    when: [files([LONG, ABRIDGED])],
    then: { effects: fails([ABRIDGED]) }
  }),
  example('T7.22 a call that names one file in both ways has it built once', {
    given: calledFor([ABRIDGED, LONG]),
    when: [files([LONG, LONG_TOO])],
    then: { effects: fails([LONG]) }
  }),
  example('T7.23 a call to cancel that names a workflow as it is shown means the first of those that are shown so', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ name: LONG_TOO }), workflow({ name: LONG })], at(21))],
    when: [call(cancelled([ABRIDGED]), at(30))],
    then: { effects: [publish('cancelled', at(30), { build: name(LONG) })] }
  }),
  example('T7.24 a call to cancel means the workflow of just that name, also where others are shown so', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ name: ABRIDGED }), workflow({ name: LONG })], at(21))],
    when: [call(cancelled([ABRIDGED]), at(30))],
    then: { effects: [publish('cancelled', at(30), { build: name(ABRIDGED) })] }
  })
]

export const GUESSED: ReadonlyArray<Example> = [...TRIGGERS, ...RIGHTS, ...STARTS, ...RETRIES, ...KEPT, ...CALLS]
