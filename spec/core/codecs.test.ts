/**
 * The written form of events and effects, field by field: each is read as it stands, each of its fields must be there and be
 * of its kind, and each codec bears the name by which a refusal speaks of it.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import {
  AccountEntry,
  AccountReceived,
  Admission,
  Backoff,
  CloseJetstream,
  Collaborator,
  Collection,
  CommitReceived,
  Commits,
  Config,
  Connections,
  Counters,
  Cursor,
  Did,
  Effect,
  Event,
  FrameRejected,
  Head,
  HostName,
  HostPolicy,
  JetstreamClosed,
  JetstreamOpened,
  KnotClosed,
  KnotFrameRejected,
  KnotOpened,
  KnotReceived,
  KnotRejection,
  Knots,
  Member,
  Nanos,
  Natural,
  Nsid,
  OpenJetstream,
  ReconnectKnot,
  Rejection,
  RepoRecord,
  Report,
  Rkey,
  Started,
  State,
  StopRequested,
  StreamAdvanced,
  SubscribeKnot,
  Tid,
  Timer,
  TimerFired,
  TimeUs,
  UnsubscribeKnot,
  WakeAfter
} from '../../core/index.js'
import { ALICE, at, CONFIG, K1, rev, type WrittenEffect, type WrittenEvent } from '../examples/support.js'

/** One of each kind, with every field that can be `null` filled in. */
const EVENTS: ReadonlyArray<WrittenEvent> = [
  { _tag: 'Started', at: at(1), config: CONFIG, resumeFrom: at(0) },
  { _tag: 'StopRequested', at: at(1) },
  { _tag: 'TimerFired', at: at(1), timer: { _tag: 'JetstreamTimer', connection: 1 } },
  { _tag: 'TimerFired', at: at(1), timer: { _tag: 'KnotTimer', connection: 1, host: K1 } },
  { _tag: 'JetstreamOpened', at: at(1), connection: 1 },
  { _tag: 'JetstreamClosed', at: at(1), connection: 1, poisoned: true },
  {
    _tag: 'CommitReceived',
    at: at(1),
    collection: 'sh.tangled.spindle.member',
    connection: 1,
    did: ALICE,
    record: { createdAt: 'c', instance: 'i', subject: 's' },
    rev: rev(at(0)),
    rkey: 'r',
    timeUs: at(0)
  },
  {
    _tag: 'CommitReceived',
    at: at(1),
    collection: 'sh.tangled.repo',
    connection: 1,
    did: ALICE,
    record: { createdAt: 'c', knot: 'k', name: 'n', repoDid: 'd', spindle: 's' },
    rev: rev(at(0)),
    rkey: 'r',
    timeUs: at(0)
  },
  {
    _tag: 'CommitReceived',
    at: at(1),
    collection: 'sh.tangled.repo.collaborator',
    connection: 1,
    did: ALICE,
    record: { createdAt: 'c', repo: 'r', repoDid: 'd', subject: 's' },
    rev: rev(at(0)),
    rkey: 'r',
    timeUs: at(0)
  },
  { _tag: 'AccountReceived', active: false, at: at(1), connection: 1, did: ALICE, status: 'deleted', timeUs: at(0) },
  { _tag: 'StreamAdvanced', at: at(1), connection: 1, count: 2, firstUs: at(-1), lastUs: at(0) },
  {
    _tag: 'FrameRejected',
    at: at(1),
    collection: 'c',
    connection: 1,
    detail: 'd',
    did: 'x',
    operation: 'o',
    reason: 'record',
    rkey: 'r',
    timeUs: at(0)
  },
  { _tag: 'KnotOpened', at: at(1), connection: 1, host: K1 },
  { _tag: 'KnotClosed', at: at(1), connection: 1, host: K1 },
  { _tag: 'KnotReceived', at: at(1), connection: 1, created: '1767225600000000001', host: K1, nsid: 'a.b.c', rkey: 'r', trigger: 'why' },
  { _tag: 'KnotFrameRejected', at: at(1), connection: 1, detail: 'd', host: K1, reason: 'created' }
]

const REPORTS: ReadonlyArray<t.OutputOf<typeof Report>> = [
  { _tag: 'FrameRejected', at: at(1), collection: 'c', detail: 'd', did: 'x', operation: 'o', reason: 'json', rkey: 'r' },
  { _tag: 'FrameFromFuture', at: at(1), did: ALICE, timeUs: at(1_000) },
  { _tag: 'Gap', askedUs: at(0), at: at(1), gotUs: at(1) },
  { _tag: 'KnotRefused', at: at(1), did: ALICE, knot: '0', rkey: 'r' },
  { _tag: 'KnotFrameRejected', at: at(1), detail: 'd', host: K1, reason: 'nsid' },
  { _tag: 'KnotFrameFromFuture', at: at(1), created: '9000000000000000000', host: K1 }
]

const EFFECTS: ReadonlyArray<WrittenEffect> = [
  { _tag: 'OpenJetstream', connection: 1, cursor: at(0) },
  { _tag: 'CloseJetstream', connection: 1 },
  { _tag: 'SubscribeKnot', connection: 1, cursor: '1767225600000000001', host: K1 },
  { _tag: 'ReconnectKnot', connection: 1, cursor: '1767225600000000001', host: K1 },
  { _tag: 'UnsubscribeKnot', connection: 1, host: K1 },
  { _tag: 'WakeAfter', highMs: 2, lowMs: 1, timer: { _tag: 'JetstreamTimer', connection: 1 } },
  { _tag: 'WakeAfter', highMs: 2, lowMs: 1, timer: { _tag: 'KnotTimer', connection: 1, host: K1 } },
  ...REPORTS.map((report) => ({ _tag: 'Report' as const, report }))
]

/** The fields that may be `null`. A record that is `null` is a delete. */
const NULLABLE = [
  'resumeFrom',
  'record',
  'rev',
  'status',
  'cursor',
  'created',
  'timeUs',
  'collection',
  'did',
  'operation',
  'rkey'
]

interface Codec {
  readonly decode: (u: unknown) => E.Either<t.Errors, unknown>
  readonly is: (u: unknown) => boolean
  readonly name: string
}

const takesFieldByField = (codec: Codec, values: ReadonlyArray<{ readonly _tag: string }>): void => {
  for (const value of values) {
    const shown = JSON.stringify(value).slice(0, 100)
    test(`${shown} is read as it stands`, () => {
      expect(codec.decode(JSON.parse(JSON.stringify(value)))).toEqual(E.right(value))
      expect(codec.is(value)).toBe(true)
    })
    for (const field of Object.keys(value)) {
      test(`${shown} is refused when its ${field} is missing or of another kind`, () => {
        for (const other of [undefined, { _tag: 'Nothing' }, ['x'], Symbol('x'), -1])
          expect(E.isLeft(codec.decode({ ...value, [field]: other }))).toBe(true)
      })
      if (!NULLABLE.includes(field))
        test(`${shown} is refused when its ${field} is null`, () =>
          expect(E.isLeft(codec.decode({ ...value, [field]: null }))).toBe(true))
    }
  }
}

describe('events', () => takesFieldByField(Event, EVENTS))
describe('effects', () => takesFieldByField(Effect, EFFECTS))
describe('reports', () => takesFieldByField(Report, REPORTS))

describe('what is not there is null', () => {
  const withNull = (tag: string, values: ReadonlyArray<{ readonly _tag: string }>, ...fields: ReadonlyArray<string>) =>
    values
      .filter(({ _tag }) => _tag === tag)
      .map((value) => ({ ...value, ...Object.fromEntries(fields.map((field) => [field, null])) }))

  test('in events', () => {
    const values = [
      ...withNull('Started', EVENTS, 'resumeFrom'),
      ...withNull('CommitReceived', EVENTS, 'record', 'rev'),
      ...withNull('AccountReceived', EVENTS, 'status'),
      ...withNull('FrameRejected', EVENTS, 'collection', 'did', 'operation', 'rkey', 'timeUs'),
      ...withNull('KnotReceived', EVENTS, 'created')
    ]
    expect(values.map((value) => Event.decode(value))).toEqual(values.map((value) => E.right(value)))
  })

  test('in effects', () => {
    const values = [
      ...withNull('OpenJetstream', EFFECTS, 'cursor'),
      ...withNull('SubscribeKnot', EFFECTS, 'cursor'),
      ...withNull('ReconnectKnot', EFFECTS, 'cursor')
    ]
    expect(values.map((value) => Effect.decode(value))).toEqual(values.map((value) => E.right(value)))
  })

  test('in reports', () => {
    const values = [
      ...withNull('FrameRejected', REPORTS, 'collection', 'did', 'operation', 'rkey'),
      ...withNull('FrameFromFuture', REPORTS, 'did')
    ]
    expect(values.map((value) => Report.decode(value))).toEqual(values.map((value) => E.right(value)))
  })

  test('and nowhere else', () => {
    const commit = withNull('CommitReceived', EVENTS, 'did')
    expect(
      [...commit, ...withNull('CommitReceived', EVENTS, 'rkey'), ...withNull('CommitReceived', EVENTS, 'timeUs')].map((value) =>
        E.isLeft(Event.decode(value))
      )
    ).toEqual(Array.from({ length: 9 }, () => true))
  })
})

describe('within a record', () => {
  for (const event of EVENTS)
    if (event._tag === 'CommitReceived' && event.record !== null)
      for (const field of Object.keys(event.record))
        test(`${event.collection}: a ${field} that is missing, null or not text is refused`, () => {
          for (const other of [undefined, null, 7])
            expect(E.isLeft(Event.decode({ ...event, record: { ...event.record, [field]: other } }))).toBe(true)
        })

  test('a record of another collection is refused', () => {
    expect(E.isLeft(Event.decode({ ...EVENTS[6], collection: 'sh.tangled.repo' }))).toBe(true)
    expect(E.isLeft(Event.decode({ ...EVENTS[6], collection: 'app.bsky.feed.like' }))).toBe(true)
  })
})

describe('reasons', () => {
  test('for which a frame of the stream is rejected, in the order in which they are looked at', () => {
    expect(Object.keys(Rejection.keys)).toEqual([
      ...[
        'size',
        'binary',
        'utf8',
        'json',
        'frame',
        'time',
        'did',
        'account',
        'commit',
        'collection',
        'rkey',
        'operation',
        'record'
      ]
    ])
  })

  test('for which a frame of a knot is', () => {
    expect(Object.keys(KnotRejection.keys)).toEqual(['size', 'binary', 'utf8', 'json', 'frame', 'nsid', 'rkey', 'created'])
  })
})

describe('identifiers', () => {
  test('a collection is one of three names', () => {
    expect(
      ['sh.tangled.spindle.member', 'sh.tangled.repo', 'sh.tangled.repo.collaborator', 'sh.tangled', ''].map((name) =>
        Collection.is(name)
      )
    ).toEqual([true, true, true, false, false])
  })
})

test('each codec bears its own name', () => {
  const named: { readonly [name: string]: Codec } = {
    Account: Commits.Account,
    AccountEntry,
    AccountReceived,
    Admission,
    Backoff,
    CloseJetstream,
    Collaborator,
    Collection,
    CommitReceived,
    Config,
    Connection: Connections.Connection,
    Counters: Counters.Counters,
    CursorState: Cursor.CursorState,
    Did,
    Effect,
    Event,
    Floor: Commits.Floor,
    FrameRejected,
    Head,
    HostName,
    HostPolicy,
    JetstreamClosed,
    JetstreamOpened,
    KnotClosed,
    KnotFrameRejected,
    KnotOpened,
    KnotReceived,
    KnotRejection,
    Knots: Knots.WrittenKnots,
    Member,
    Nanos,
    Natural,
    Nsid,
    OpenJetstream,
    Phase: Connections.Phase,
    Policy: Commits.Policy,
    ReconnectKnot,
    Rejection,
    Repo: Commits.Repo,
    RepoRecord,
    Report,
    Rkey,
    Started,
    State,
    StopRequested,
    StreamAdvanced,
    SubscribeKnot,
    Subscription: Knots.Subscription,
    Tid,
    TimeUs,
    Timer,
    TimerFired,
    UnsubscribeKnot,
    WakeAfter
  }
  expect(Object.values(named).map((codec) => codec.name)).toEqual(Object.keys(named))
  expect(CommitReceived.types.map((codec) => codec.name)).toEqual([
    'CommitReceived(sh.tangled.spindle.member)',
    'CommitReceived(sh.tangled.repo)',
    'CommitReceived(sh.tangled.repo.collaborator)'
  ])
})
