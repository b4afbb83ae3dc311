/** The reducers one by one, as somebody meets them who takes only one: what each leaves alone, and what it says. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { Access, Backfill, Builds, Commits, CONCERNS, type Concern, Cursor, Event, Knots, MEMBER, OrderedMap as M, REPO, State, step, type Transition } from '../../core/index.js'
import { piped } from '../suite/examples/build-world.js'
import {
  account,
  ALICE,
  at,
  BOB,
  closed,
  collaborator,
  CONFIG,
  del,
  foldOf,
  frame,
  type Happening,
  initialOf,
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotOpened,
  knotTimer,
  member,
  must,
  opened,
  OWNER,
  passedOver,
  passing,
  poisoned,
  put,
  refused,
  repo,
  rev,
  started,
  stop,
  timer,
  type WrittenConfig,
  type WrittenEvent
} from '../suite/examples/support.js'

const event = (written: WrittenEvent): Event => must(Event.decode(written))
const report = (content: object) => ({ _tag: 'Report', report: content })

const stateAfter = (happenings: ReadonlyArray<Happening>, config: Partial<WrittenConfig> = {}): State =>
  foldOf(initialOf({ ...CONFIG, ...config }), happenings)[0]

const BUILD = { knot: K1, rkey: 't', workflow: 'w' }

/** One event of each kind, each of which would do something if it came to the right reducer. */
const EVENTS: ReadonlyArray<WrittenEvent> = [
  started(at(60), { admission: 'members' }),
  stop(at(60)),
  passedOver('o', 'a', at(60)),
  timer(2, at(60)),
  knotTimer(K1, 2, at(60)),
  opened(1, at(60)),
  closed(1, at(60)),
  put(ALICE, 'b', repo({ knot: K2 }), at(60), { connection: 1 }),
  account(ALICE, 'deleted', at(60), { connection: 1 }),
  passing(at(60), { connection: 1 }),
  {
    _tag: 'FrameRejected',
    at: at(60),
    collection: null,
    connection: 1,
    detail: '',
    did: null,
    operation: null,
    ordinal: null,
    reason: 'json',
    rkey: null,
    timeUs: at(60)
  },
  knotOpened(K1, 1, at(60)),
  knotClosed(K1, 1, at(60)),
  { _tag: 'KnotReceived', at: at(60), connection: 1, created: null, host: K1, nsid: 'a.b.c', payload: { _tag: 'Other' }, rkey: 'r' },
  { _tag: 'CollaboratorUpdated', at: at(60), connection: 1, created: null, host: K1, rkey: 'r', update: { op: 'add', repo: ALICE, subject: BOB } },
  { _tag: 'KnotFrameRejected', at: at(60), connection: 1, detail: '', host: K1, reason: 'json' },
  {
    _tag: 'RecordsRead',
    at: at(60),
    collection: 'sh.tangled.spindle.member',
    did: OWNER,
    next: null,
    number: 2,
    records: [{ ...member(), rkey: 'm' }]
  },
  { _tag: 'RequestFailed', at: at(60), error: '', isFinal: false, number: 2, requested: { _tag: 'Records', did: OWNER }, waitMs: 0 },
  { _tag: 'AccessRead', access: { _tag: 'ByRecords' }, at: at(60), knot: K1, number: 1, repo: '' },
  { _tag: 'WorkflowsRead', at: at(60), defaultBranch: null, knot: K1, number: 5, rkey: 't2', sources: null, unkept: [], workflows: [] },
  { _tag: 'RequestFailed', at: at(60), error: '', isFinal: true, number: 5, requested: { _tag: 'Workflows', knot: K1, rkey: 't2' }, waitMs: 0 },
  { _tag: 'BuildAccepted', at: at(60), build: BUILD, external: 'x', number: 4 },
  { _tag: 'RequestFailed', at: at(60), error: '', isFinal: true, number: 4, requested: { _tag: 'Build', build: BUILD }, waitMs: 0 },
  { _tag: 'BuildMissing', at: at(60), build: BUILD, number: 4, settleMs: 0 },
  { _tag: 'RequestFailed', at: at(60), error: '', isFinal: false, number: 4, requested: { _tag: 'Build', build: BUILD }, waitMs: 0 },
  { _tag: 'BuildReported', at: at(60), build: BUILD, error: null, exitCode: 0, external: 'x', provider: 'p', status: 'success' },
  { _tag: 'CancelAcknowledged', at: at(60), build: BUILD, number: 4 },
  { _tag: 'CancelRequested', at: at(60), knot: K1, rkey: 't', workflow: null },
  { _tag: 'RetryRequested', at: at(60), knot: K1, rkey: 't', workflow: null },
  {
    _tag: 'CallReceived',
    at: at(60),
    call: { _tag: 'CancelPipeline', pipeline: '3mbd3542k2222', repo: 'did:plc:app', workflows: null },
    caller: 'did:plc:alice',
    token: { id: 'x', untilUs: at(90) }
  }
]

/** A push of Alice's, by a frame that brings its workflow files along. */
const pushed = (rkey: string, when: number): WrittenEvent =>
  piped(rkey, when, { repo: { did: null, knot: null, name: 'app', owner: ALICE } })

/** A machine that reads the owner's records, has asked for one build, and reads the workflow files of another trigger. */
const state = () =>
  stateAfter([
    started(at(0), { backfill: true, collaborators: 'knots', builds: { ...CONFIG.builds, allow: [{ pipelines: '*', provider: 'p', repos: '**' }], providers: ['p'] } }),
    opened(1, at(0)),
    put(ALICE, 'a', repo(), at(1), { connection: 1 }),
    pushed('t', at(2)),
    {
      _tag: 'WorkflowsRead',
      at: at(3),
      defaultBranch: null,
      knot: K1,
      number: 1,
      rkey: 't',
      sources: null,
      unkept: [],
      workflows: [
        {
          _tag: 'Defined',
          clone: { depth: 1, skip: false, submodules: false },
          content: '',
          engine: 'tack',
          environment: [],
          name: 'w',
          steps: [],
          targets: [{ pipeline: 'x', provider: 'p', settings: [] }],
          units: 200,
          when: []
        }
      ]
    },
    pushed('t2', at(4))
  ])

describe('a reducer takes every event, and ignores what is not its own', () => {
  const others = (concern: Concern) => EVENTS.filter(({ _tag }) => !CONCERNS[_tag].includes(concern))

  test('the events are one of each kind', () => {
    expect(new Set(EVENTS.map(({ _tag }) => _tag))).toEqual(new Set(Object.keys(CONCERNS)))
  })

  for (const written of others('commits'))
    test(`commits: ${written._tag}`, () => {
      const { commits, config } = state()
      expect(Commits.reduce(commits, event(written), { config, cursor: null })).toEqual(O.none)
    })

  for (const written of others('cursor'))
    test(`cursor: ${written._tag}`, () => {
      const { config, cursor } = state()
      expect(Cursor.reduce(cursor, event(written), { config })).toEqual(O.none)
    })

  for (const written of others('knots'))
    test(`knots: ${written._tag}`, () => {
      const { config, knots } = state()
      expect(Knots.reduce(knots, event(written), { config, holds: [], isStopped: false })).toEqual(O.none)
    })

  for (const written of others('backfill'))
    test(`backfill: ${written._tag}`, () => {
      const { backfill, commits, config } = state()
      expect(Backfill.reduce(backfill, event(written), { commits, config, isStopped: false, members: [] })).toEqual(O.none)
    })

  for (const written of others('access'))
    test(`access: ${written._tag}`, () => {
      const { access, config } = state()
      expect(Access.reduce(access, event(written), { claims: [], commits: Commits.initial, config, isStopped: false, told: [] })).toEqual(O.none)
    })

  for (const written of others('builds'))
    test(`builds: ${written._tag}`, () => {
      const { access, builds, commits, config, knots } = state()
      expect(Builds.reduce(builds, event(written), { access, commits, config, holds: [], knots, lost: [], outcomes: [], wasStopped: false })).toEqual(O.none)
    })
})

describe('an event that does not fit the phase leaves the very same state, so that no journal remembers it', () => {
  const before = () => stateAfter([started(at(0)), opened(1, at(0)), put(ALICE, 'a', repo(), at(1), { connection: 1 }), knotOpened(K1, 1, at(1))])
  const late = [opened(1, at(2)), timer(1, at(2)), knotOpened(K1, 1, at(2)), knotTimer(K1, 1, at(2))]
  for (const written of late)
    test(written._tag + ('timer' in written ? ` ${written.timer._tag}` : ''), () => {
      const state = before()
      const [after, effects] = step(state, event(written))
      expect([after === state, effects]).toEqual([true, []])
    })
})

describe('commits reports which holds were made and released, who came and went, and nothing else', () => {
  const made = (did: string, rkey: string, knot: string) => ({ _tag: 'HoldMade', did, knot, rkey })
  const released = (did: string, rkey: string, knot: string) => ({ _tag: 'HoldReleased', did, knot, rkey })
  const admitted = (did: string) => ({ _tag: 'Admitted', did })
  const dismissed = (did: string) => ({ _tag: 'Dismissed', did })

  type Case = readonly [name: string, given: ReadonlyArray<WrittenEvent>, when: WrittenEvent, outcomes: ReadonlyArray<object>]

  const open: ReadonlyArray<Case> = [
    ['a first hold', [], put(ALICE, 'a', repo(), at(1)), [made(ALICE, 'a', K1)]],
    ['a second one of the same knot', [put(BOB, 'a', repo(), at(1))], put(ALICE, 'a', repo(), at(2)), [made(ALICE, 'a', K1)]],
    [
      'another knot',
      [put(ALICE, 'a', repo(), at(1))],
      put(ALICE, 'a', repo({ knot: K2 }), at(2)),
      [made(ALICE, 'a', K2), released(ALICE, 'a', K1)]
    ],
    ['the same knot', [put(ALICE, 'a', repo(), at(1))], put(ALICE, 'a', repo({ name: 'b' }), at(2)), []],
    [
      'no knot any more',
      [put(ALICE, 'a', repo(), at(1))],
      put(ALICE, 'a', repo({ knot: '' }), at(2)),
      [released(ALICE, 'a', K1)]
    ],
    ['none, and none before', [], put(ALICE, 'a', repo({ spindle: '' }), at(2)), []],
    ['a deletion', [put(ALICE, 'a', repo(), at(1))], del(ALICE, REPO, 'a', at(2)), [released(ALICE, 'a', K1)]],
    ['a deletion of nothing', [], del(ALICE, REPO, 'a', at(2)), []],
    ['no news', [put(ALICE, 'a', repo(), at(1))], put(ALICE, 'a', repo({ knot: K2 }), at(1)), []],
    [
      'a knot that is refused',
      [put(ALICE, 'a', repo(), at(1))],
      put(ALICE, 'a', repo({ knot: '0' }), at(2)),
      [released(ALICE, 'a', K1), report(refused(ALICE, 'a', '0', at(3)))]
    ],
    ['a collaborator', [], put(ALICE, 'a', collaborator(), at(1)), []],
    ['a member record of a stranger', [], put(ALICE, 'a', member(), at(1)), []],
    ['one of the owner', [], put(OWNER, 'a', member(), at(1)), [admitted(ALICE)]],
    ['one of the owner that names no account', [], put(OWNER, 'a', member({ subject: 'alice' }), at(1)), []],
    ['a second one of the same account', [put(OWNER, 'a', member(), at(1))], put(OWNER, 'b', member(), at(2)), []],
    ['one less of two', [put(OWNER, 'a', member(), at(1)), put(OWNER, 'b', member(), at(1))], del(OWNER, MEMBER, 'a', at(2)), []],
    ['the last one', [put(OWNER, 'a', member(), at(1))], del(OWNER, MEMBER, 'a', at(2)), [dismissed(ALICE)]],
    [
      'one that names another account now',
      [put(OWNER, 'a', member(), at(1))],
      put(OWNER, 'a', member({ subject: BOB }), at(2)),
      [dismissed(ALICE), admitted(BOB)]
    ],
    [
      'the account of the owner, with all members',
      [put(OWNER, 'a', member(), at(1)), put(OWNER, 'b', member({ subject: BOB }), at(1))],
      account(OWNER, 'suspended', at(2)),
      [dismissed(ALICE), dismissed(BOB)]
    ],
    [
      'a start with another owner',
      [put(OWNER, 'a', member(), at(1)), put(BOB, 'a', member({ subject: BOB }), at(1))],
      started(at(3), { owner: BOB }),
      [dismissed(ALICE), admitted(BOB)]
    ],
    [
      'one of the owner while that account is not active',
      [put(OWNER, 'b', repo(), at(1)), account(OWNER, 'suspended', at(2))],
      put(OWNER, 'a', member(), at(3)),
      []
    ],
    [
      'an account that goes',
      [put(ALICE, 'b', repo({ knot: K2 }), at(1)), put(ALICE, 'a', repo(), at(2)), put(ALICE, 'c', repo({ spindle: '' }), at(2))],
      account(ALICE, 'suspended', at(3)),
      [released(ALICE, 'a', K1), released(ALICE, 'b', K2)]
    ],
    ['an account of which nothing is known', [], account(ALICE, 'suspended', at(3)), []],
    ['a start that changes nothing', [put(ALICE, 'a', repo(), at(1))], started(at(3)), []],
    [
      'a start with another hostname',
      [put(ALICE, 'a', repo(), at(1)), put(BOB, 'b', repo({ spindle: 'new.example' }), at(2))],
      started(at(3), { hostname: 'new.example' }),
      [released(ALICE, 'a', K1), made(BOB, 'b', K1)]
    ]
  ]
  const listed = (did: string, ...records: ReadonlyArray<ReturnType<typeof repo | typeof member> & { readonly rkey: string }>): WrittenEvent => ({
    _tag: 'RecordsRead',
    at: at(9),
    collection: records[0]?.collection ?? REPO,
    did,
    next: null,
    number: 1,
    records
  })
  const reading: ReadonlyArray<Case> = [
    ['a page without records', [], listed(ALICE), []],
    ['a first record', [], listed(ALICE, { ...repo(), rkey: 'a' }), [made(ALICE, 'a', K1)]],
    ['one that names no knot', [], listed(ALICE, { ...repo({ knot: '' }), rkey: 'a' }), []],
    ['one whose knot is refused', [], listed(ALICE, { ...repo({ knot: '0' }), rkey: 'a' }), [report(refused(ALICE, 'a', '0', at(9)))]],
    ['one where a commit is known', [put(ALICE, 'a', repo(), at(1))], listed(ALICE, { ...repo({ knot: K2 }), rkey: 'a' }), []],
    ['one where a commit without a rev is known', [put(ALICE, 'a', repo(), at(1), { rev: null })], listed(ALICE, { ...repo({ knot: K2 }), rkey: 'a' }), []],
    [
      'one where a commit from the beginning of time is known',
      [put(ALICE, 'a', repo(), 0, { rev: rev(0) })],
      listed(ALICE, { ...repo({ knot: K2 }), rkey: 'a' }),
      []
    ],
    [
      'one that was listed before',
      [listed(ALICE, { ...repo(), rkey: 'a' })],
      listed(ALICE, { ...repo({ knot: K2 }), rkey: 'a' }),
      [made(ALICE, 'a', K2), released(ALICE, 'a', K1)]
    ],
    [
      'a member at the key of a repository whose knot is refused',
      [listed(OWNER, { ...repo({ knot: '0' }), rkey: 'a' })],
      listed(OWNER, { ...member(), rkey: 'a' }),
      [admitted(ALICE)]
    ],
    ['records of an account that was deleted', [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(2))], listed(ALICE, { ...repo(), rkey: 'b' }), []]
  ]
  const members: ReadonlyArray<Case> = [
    [
      'a membership',
      [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'b', repo(), at(1))],
      put(OWNER, 'm', member(), at(2)),
      [made(ALICE, 'a', K1), made(ALICE, 'b', K1), admitted(ALICE)]
    ],
    [
      'a membership for another instance',
      [put(ALICE, 'a', repo(), at(1))],
      put(OWNER, 'm', member({ instance: 'x' }), at(2)),
      []
    ],
    [
      'a second membership',
      [put(ALICE, 'a', repo(), at(1)), put(OWNER, 'm', member(), at(2))],
      put(OWNER, 'n', member(), at(3)),
      []
    ],
    ['a record of a stranger', [], put(ALICE, 'a', repo(), at(1)), []]
  ]
  for (const [admission, cases] of [
    ['open', open],
    ['open', reading],
    ['members', members]
  ] as const)
    for (const [name, given, when, outcomes] of cases)
      test(`${admission}: ${name}`, () => {
        const { commits: start, config } = initialOf({ ...CONFIG, admission })
        const reduced = (commits: Commits.CommitsState, written: WrittenEvent) =>
          O.getOrElse((): Transition<Commits.CommitsState, Commits.RowsOutcome> => [commits, []])(Commits.reduce(commits, event(written), { config, cursor: null }))
        const before = given.reduce((commits, written) => reduced(commits, written)[0], start)
        // What is claimed goes with what is held; it is looked at below.
        expect(reduced(before, when)[1].filter(({ _tag }) => !_tag.startsWith('Claim'))).toEqual(outcomes)
      })

  test.each<readonly [name: string, repoDid: string, knot: string, claims: ReadonlyArray<readonly [tag: string, knot: string, repo: string]>]>([
    ['of another repository of the knot', 'did:plc:two', K1, [['ClaimMade', K1, 'did:plc:two'], ['ClaimReleased', K1, 'did:plc:one']]],
    ['of the same repository of another knot', 'did:plc:one', K2, [['ClaimMade', K2, 'did:plc:one'], ['ClaimReleased', K1, 'did:plc:one']]],
    ['without a DID', '', K1, [['ClaimMade', K1, ''], ['ClaimReleased', K1, 'did:plc:one']]],
    ['with a DID that is none', 'one', K1, [['ClaimMade', K1, ''], ['ClaimReleased', K1, 'did:plc:one']]],
    ['of the same', 'did:plc:one', K1, []]
  ])('a record %s claims what it names, and what it named no more', (_, repoDid, knot, claims) => {
    const { commits, config } = stateAfter([put(ALICE, 'a', repo({ repoDid: 'did:plc:one' }), at(1))])
    const answer = Commits.reduce(commits, event(put(ALICE, 'a', repo({ knot, repoDid }), at(2))), { config, cursor: null })
    const outcomes = O.isSome(answer) ? answer.value[1] : []
    expect(outcomes.flatMap((outcome) => ('repo' in outcome ? [[outcome._tag, outcome.knot, outcome.repo]] : []))).toEqual(claims)
  })

  test('a start with the same settings is nothing to the rows', () => {
    const { commits, config } = stateAfter([put(ALICE, 'a', repo(), at(1))])
    expect(Commits.reduce(commits, event(started(at(3))), { config, cursor: null })).toEqual(O.none)
  })
})

describe('members', () => {
  const countsAfter = (...happenings: ReadonlyArray<Happening>) => M.toEntries(stateAfter(happenings).commits.members)

  test('are counted by subject, and nothing else is', () => {
    expect(
      countsAfter(
        put(OWNER, 'a', member(), at(1)),
        put(OWNER, 'b', member(), at(2)),
        put(OWNER, 'c', member({ subject: BOB }), at(3))
      )
    ).toEqual([
      [ALICE, 2],
      [BOB, 1]
    ])
    expect(
      countsAfter(
        put(OWNER, 'a', member({ instance: 'x' }), at(1)),
        put(OWNER, 'b', member({ subject: '' }), at(2)),
        del(OWNER, 'sh.tangled.spindle.member', 'c', at(3))
      )
    ).toEqual([])
    expect(countsAfter(put(ALICE, 'a', member(), at(1)))).toEqual([])
  })

  test('are counted down to nothing', () => {
    const two = [put(OWNER, 'a', member(), at(1)), put(OWNER, 'b', member(), at(2))]
    expect(countsAfter(...two, del(OWNER, MEMBER, 'a', at(3)))).toEqual([[ALICE, 1]])
    expect(countsAfter(...two, del(OWNER, MEMBER, 'a', at(3)), del(OWNER, MEMBER, 'b', at(4)))).toEqual([])
    expect(countsAfter(...two, put(OWNER, 'a', member({ subject: BOB }), at(3)))).toEqual([
      [ALICE, 1],
      [BOB, 1]
    ])
  })

  test('are counted anew when the owner’s account changes', () => {
    expect(
      countsAfter(
        put(OWNER, 'a', member(), at(1)),
        put(OWNER, 'b', member({ instance: 'x' }), at(1)),
        account(OWNER, 'suspended', at(2)),
        account(OWNER, 'active', at(3))
      )
    ).toEqual([[ALICE, 1]])
  })
})

describe('connections that an event is not about stay as they are', () => {
  const unchangedBy = (before: State, ...happenings: ReadonlyArray<Happening>) => {
    const [after, effects] = foldOf(before, happenings)
    expect([State.encode(after), effects]).toEqual([State.encode(before), []])
  }

  const waiting = () =>
    stateAfter([started(at(0)), put(ALICE, 'a', repo(), at(1), { connection: 1 }), closed(1, at(2)), knotClosed(K1, 1, at(2))])

  test('the pause of the stream is ended by its own timer alone', () => {
    unchangedBy(
      waiting(),
      knotTimer(K2, 2, at(3)),
      timer(1, at(3)),
      timer(3, at(3)),
      opened(2, at(3)),
      closed(2, at(3)),
      poisoned(2, at(3))
    )
  })

  test('the pause of a knot is ended by its own timer alone', () => {
    unchangedBy(
      waiting(),
      knotTimer(K1, 1, at(3)),
      knotTimer(K1, 3, at(3)),
      knotTimer(K2, 2, at(3)),
      timer(1, at(3)),
      knotClosed(K1, 2, at(3))
    )
  })

  test('a timer that fires twice opens once', () => {
    const [woken] = foldOf(waiting(), [timer(2, at(3)), knotTimer(K1, 2, at(3))])
    unchangedBy(woken, timer(2, at(4)), knotTimer(K1, 2, at(4)))
    const [open] = foldOf(woken, [opened(2, at(4)), knotOpened(K1, 2, at(4))])
    unchangedBy(open, timer(2, at(5)), knotTimer(K1, 2, at(5)))
  })

  test('an attempt is ended by its own outcome alone', () => {
    const [woken] = foldOf(waiting(), [timer(2, at(3)), knotTimer(K1, 2, at(3))])
    unchangedBy(
      woken,
      opened(1, at(4)),
      opened(3, at(4)),
      closed(1, at(4)),
      knotOpened(K1, 1, at(4)),
      knotOpened(K1, 3, at(4)),
      knotClosed(K1, 1, at(4))
    )
  })

  test('an opening causes nothing', () => {
    const [woken] = foldOf(waiting(), [timer(2, at(3)), knotTimer(K1, 2, at(3))])
    const [, effects] = foldOf(woken, [opened(2, at(4)), knotOpened(K1, 2, at(4))])
    expect(effects).toEqual([])
  })

  test('a frame of a knot causes nothing', () => {
    const [, effects] = foldOf(state(), [knotFrame(K1, '{"rkey":"x","nsid":"a.b.c","created":1767225603000000001}', at(4), 1)])
    expect(effects).toEqual([])
  })

  test('the cursor takes no frame of another connection', () => {
    const { config, cursor } = state()
    for (const connection of [0, 2]) expect(Cursor.reduce(cursor, event(passing(at(9), { connection })), { config })).toEqual(O.none)
  })
})

describe('a step that changes nothing and causes nothing gives back the state itself', () => {
  const same: ReadonlyArray<Happening> = [
    passing(at(9), { connection: 0 }),
    frame('{', at(9), 2),
    opened(2, at(9)),
    timer(9, at(9)),
    knotOpened(K2, 1, at(9)),
    knotFrame(K1, '{', at(9), 2)
  ]
  for (const happening of same)
    test(happening._tag, () => {
      const before = state()
      expect(foldOf(before, [happening])[0]).toBe(before)
    })

  test('a frame counts even when it is no news', () => {
    const before = state()
    const [after] = step(before, event(put(ALICE, 'a', repo(), at(1), { connection: 1 })))
    expect([after === before, after.counters.frames]).toEqual([false, 2])
  })
})
