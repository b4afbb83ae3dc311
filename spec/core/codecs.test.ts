/**
 * The written form of events and effects, field by field: each is read as it stands, each of its fields must be there and be
 * of its kind, and each codec has the name by which a refusal speaks of it.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import {
  AccountEntry,
  AccountReceived,
  Admission,
  Allowed,
  Backfill,
  Backoff,
  BuildAccepted,
  BuildMissing,
  BuildName,
  BuildPolicy,
  BuildReported,
  Builds,
  CancelBuild,
  CancelAcknowledged,
  CancelRequested,
  Cause,
  Clone,
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
  Condition,
  Effect,
  Event,
  ExitCode,
  FindBuild,
  FollowBuild,
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
  ListedRecord,
  Manual,
  Member,
  Nanos,
  Natural,
  Nsid,
  OpenJetstream,
  Pair,
  PipelineEntry,
  PassedOver,
  Plan,
  PublishPipeline,
  PublishStatus,
  PullRequest,
  Push,
  ReadRecords,
  ReadWorkflows,
  RecordsRead,
  RequestFailed,
  Requested,
  Rejection,
  RepoClaim,
  Repository,
  RepoRecord,
  Report,
  RetryRequested,
  Rkey,
  Sha,
  StartBuild,
  Started,
  State,
  Status,
  StatusEntry,
  Step,
  StopRequested,
  StreamAdvanced,
  SubscribeKnot,
  Target,
  Tid,
  Timer,
  TimerFired,
  TimeUs,
  Trigger,
  IgnoreReason,
  TriggerRefusal,
  UnsubscribeKnot,
  WakeAfter,
  Workflow,
  WorkflowDrop,
  WorkflowName,
  WorkflowSource,
  WorkflowsRead
} from '../../core/index.js'
import { ALICE, at, CONFIG, K1, rev, type WrittenEffect, type WrittenEvent } from '../suite/examples/support.js'

const SHA = 'a'.repeat(40)
const BUILD = { knot: K1, rkey: 'r', workflow: 'w' }
const REPOSITORY = { did: 'd', name: 'n', owner: ALICE, rkey: 'r' }

const TIMERS: ReadonlyArray<t.OutputOf<typeof Timer>> = [
  { _tag: 'JetstreamTimer', connection: 1 },
  { _tag: 'KnotTimer', connection: 1, host: K1 },
  { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Records', did: ALICE } },
  { _tag: 'PushTimer', knot: K1, number: 1, rkey: 'r' },
  { _tag: 'SourceTimer', knot: K1, number: 1 },
  { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: 'r' } },
  { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Build', build: BUILD } },
  { _tag: 'DeadlineTimer', build: BUILD, number: 1 }
]

const CAUSES: ReadonlyArray<t.OutputOf<typeof Cause>> = [
  { _tag: 'Push', changedFiles: ['f'], newSha: SHA, oldSha: '0'.repeat(64), ref: 'refs/heads/main', skipsCi: false },
  { _tag: 'PullRequest', action: 'opened', sourceBranch: 's', sourceSha: SHA, targetBranch: 't' },
  { _tag: 'Manual', inputs: [['k', 'v']], ref: 'refs/heads/main', sha: SHA }
]

const TRIGGER = {
  actor: ALICE,
  cause: CAUSES[0] ?? expect.fail(),
  defaultBranch: 'main',
  kind: 'pipeline' as const,
  repo: { did: ALICE, knot: 'k', name: 'n', owner: ALICE },
  shape: null,
  unkept: [],
  workflows: [{ name: 'w', text: 't' }]
}

const LISTED = [
  { collection: 'sh.tangled.spindle.member' as const, record: { createdAt: 'c', instance: 'i', subject: 's' }, rkey: 'r' },
  { collection: 'sh.tangled.repo' as const, record: { createdAt: 'c', knot: 'k', name: 'n', repoDid: 'd', spindle: 's' }, rkey: 'r' },
  { collection: 'sh.tangled.repo.collaborator' as const, record: { createdAt: 'c', repo: 'r', repoDid: 'd', subject: 's' }, rkey: 'r' }
]

const WORKFLOWS: ReadonlyArray<t.OutputOf<typeof Workflow>> = [
  {
    _tag: 'Defined',
    clone: { depth: 1, skip: false, submodules: true },
    content: '',
    engine: 'tack',
    environment: [['k', 'v']],
    name: 'w',
    steps: [{ command: 'c', environment: [['k', 'v']], name: 'n' }],
    targets: [{ pipeline: 'p', provider: 'q', settings: [['k', 'v']] }],
    units: 200,
    when: [{ branch: ['b'], event: ['push'], paths: ['f'], tag: ['t'], types: ['opened'], unknown: 'u' }]
  },
  { _tag: 'Faulty', content: '', error: 'e', name: 'w', when: null }
]

const PLAN: t.OutputOf<typeof Plan> = {
  clone: { depth: 0, skip: true, submodules: false },
  pipeline: 'p',
  provider: 'q',
  ref: 'refs/heads/main',
  repository: REPOSITORY,
  settings: [['k', 'v']],
  sha: SHA,
  steps: [{ command: 'c', environment: [['k', 'v']], name: 'n' }],
  variables: [['k', 'v']]
}

const ENTRY: t.OutputOf<typeof StatusEntry> = { build: BUILD, createdUs: at(1), error: 'e', exitCode: 2, status: 'failed' }

const ANNOUNCED: t.OutputOf<typeof PipelineEntry> = {
  cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'b', sourceSha: SHA, targetBranch: 'main' },
  createdUs: at(1),
  defaultBranch: 'main',
  knot: K1,
  repository: REPOSITORY,
  rkey: 'r',
  workflows: [{ clone: { depth: 1, skip: false, submodules: true }, engine: 'tack', name: 'w', text: 't' }]
}

/** One of each kind, with every field that can be `null` filled in. */
const EVENTS: ReadonlyArray<WrittenEvent> = [
  { _tag: 'Started', at: at(1), config: CONFIG, resumeFrom: at(0) },
  { _tag: 'StopRequested', at: at(1) },
  { _tag: 'PassedOver', about: 'a', at: at(1), of: 'o' },
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
    ordinal: 7,
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
    ordinal: 7,
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
    ordinal: 7,
    record: { createdAt: 'c', repo: 'r', repoDid: 'd', subject: 's' },
    rev: rev(at(0)),
    rkey: 'r',
    timeUs: at(0)
  },
  { _tag: 'AccountReceived', active: false, at: at(1), changedUs: at(-1), connection: 1, did: ALICE, ordinal: 7, seq: 7, status: 'deleted', timeUs: at(0) },
  { _tag: 'StreamAdvanced', at: at(1), connection: 1, count: 2, firstUs: at(-1), lastUs: at(0), ordinal: 7 },
  {
    _tag: 'FrameRejected',
    at: at(1),
    collection: 'c',
    connection: 1,
    detail: 'd',
    did: 'x',
    operation: 'o',
    ordinal: 7,
    reason: 'record',
    rkey: 'r',
    timeUs: at(0)
  },
  { _tag: 'KnotOpened', at: at(1), connection: 1, host: K1 },
  { _tag: 'KnotClosed', at: at(1), connection: 1, host: K1 },
  { _tag: 'KnotReceived', at: at(1), connection: 1, created: '1767225600000000001', host: K1, nsid: 'a.b.c', payload: { _tag: 'Trigger', trigger: TRIGGER }, rkey: 'r' },
  { _tag: 'KnotReceived', at: at(1), connection: 1, created: '1767225600000000001', host: K1, nsid: 'a.b.c', payload: { _tag: 'Unreadable', detail: 'why' }, rkey: 'r' },
  { _tag: 'KnotReceived', at: at(1), connection: 1, created: '1767225600000000001', host: K1, nsid: 'a.b.c', payload: { _tag: 'Other' }, rkey: 'r' },
  { _tag: 'KnotFrameRejected', at: at(1), connection: 1, detail: 'd', host: K1, reason: 'created' },
  ...TIMERS.slice(2).map((timer) => ({ _tag: 'TimerFired' as const, at: at(1), timer })),
  ...LISTED.map((record) => ({
    _tag: 'RecordsRead' as const,
    at: at(1),
    collection: record.collection,
    did: ALICE,
    next: 'n',
    number: 1,
    records: [record]
  })),
  { _tag: 'RequestFailed', at: at(1), error: 'e', isFinal: false, number: 1, requested: { _tag: 'Records', did: ALICE }, waitMs: 2 },
  { _tag: 'WorkflowsRead', at: at(1), defaultBranch: 'main', knot: K1, number: 1, rkey: 'r', sources: [{ name: 'ci.yml', text: 't' }], unkept: ['n'], workflows: WORKFLOWS },
  { _tag: 'RequestFailed', at: at(1), error: 'e', isFinal: true, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: 'r' }, waitMs: 0 },
  { _tag: 'BuildAccepted', at: at(1), build: BUILD, external: 'x', number: 1 },
  { _tag: 'RequestFailed', at: at(1), error: 'e', isFinal: true, number: 1, requested: { _tag: 'Build', build: BUILD }, waitMs: 0 },
  { _tag: 'BuildMissing', at: at(1), build: BUILD, number: 1, settleMs: 0 },
  { _tag: 'RequestFailed', at: at(1), error: 'e', isFinal: false, number: 1, requested: { _tag: 'Build', build: BUILD }, waitMs: 2 },
  { _tag: 'BuildReported', at: at(1), build: BUILD, error: 'e', exitCode: -1, external: 'x', provider: 'p', status: 'failed' },
  { _tag: 'CancelAcknowledged', at: at(1), build: BUILD, number: 1 },
  { _tag: 'CancelRequested', at: at(1), knot: K1, rkey: 'r', workflow: 'w' },
  { _tag: 'RetryRequested', at: at(1), knot: K1, rkey: 'r', workflow: 'w' },
  {
    _tag: 'CallReceived',
    at: at(1),
    call: { _tag: 'CancelPipeline', pipeline: '3mbd3542k2222', repo: ALICE, workflows: ['w'] },
    caller: ALICE,
    token: { id: 'x', untilUs: at(2) }
  },
  {
    _tag: 'CallReceived',
    at: at(1),
    call: { _tag: 'TriggerPipeline', cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: 'r', sha: 'a'.repeat(40) }, repo: ALICE, workflows: ['w'] },
    caller: ALICE,
    token: { id: 'x', untilUs: at(2) }
  }
]

const REPORTS: ReadonlyArray<t.OutputOf<typeof Report>> = [
  { _tag: 'FrameRejected', at: at(1), collection: 'c', detail: 'd', did: 'x', operation: 'o', reason: 'json', rkey: 'r' },
  { _tag: 'FrameFromFuture', at: at(1), did: ALICE, timeUs: at(1_000) },
  { _tag: 'Gap', askedUs: at(0), at: at(1), gotUs: at(1) },
  { _tag: 'KnotRefused', at: at(1), did: ALICE, knot: '0', rkey: 'r' },
  { _tag: 'KnotFrameRejected', at: at(1), detail: 'd', host: K1, reason: 'nsid' },
  { _tag: 'KnotFrameFromFuture', at: at(1), created: '9000000000000000000', host: K1 },
  { _tag: 'RecordsReadFailed', at: at(1), detail: 'd', did: ALICE },
  { _tag: 'TriggerIgnored', at: at(1), knot: K1, reason: 'kind', rkey: 'r' },
  { _tag: 'TriggerRefused', at: at(1), detail: 'd', knot: K1, reason: 'actor', rkey: 'r' },
  { _tag: 'WorkflowsReadFailed', at: at(1), detail: 'd', knot: K1, rkey: 'r' },
  { _tag: 'WorkflowDropped', at: at(1), build: BUILD, detail: 'd', reason: 'limit' },
  { _tag: 'WorkflowNameRefused', at: at(1), detail: 'd', knot: K1, name: 'n', rkey: 'r' },
  { _tag: 'ProviderUncertain', at: at(1), build: BUILD, detail: 'd', provider: 'p' },
  { _tag: 'BuildAbandoned', at: at(1), build: BUILD, detail: 'd', provider: 'p' },
  { _tag: 'ReportRefused', at: at(1), build: BUILD, provider: 'p' },
  { _tag: 'PassedOver', about: 'a', at: at(1), of: 'o' }
]

const EFFECTS: ReadonlyArray<WrittenEffect> = [
  { _tag: 'OpenJetstream', connection: 1, cursor: at(0), ordinal: 7 },
  { _tag: 'CloseJetstream', connection: 1 },
  { _tag: 'SubscribeKnot', connection: 1, cursor: '1767225600000000001', host: K1 },
  { _tag: 'UnsubscribeKnot', connection: 1, host: K1 },
  ...TIMERS.map((timer) => ({ _tag: 'WakeAfter' as const, highMs: 2, lowMs: 1, timer })),
  { _tag: 'ReadRecords', collection: 'sh.tangled.repo', cursor: 'c', did: ALICE, number: 1 },
  { _tag: 'ReadWorkflows', knot: K1, number: 1, repository: REPOSITORY, rkey: 'r', sha: SHA, workflows: [{ name: 'w', text: 't' }] },
  { _tag: 'StartBuild', build: BUILD, number: 1, plan: PLAN },
  { _tag: 'FindBuild', build: BUILD, number: 1, plan: PLAN },
  { _tag: 'FollowBuild', build: BUILD, external: 'x', plan: PLAN },
  { _tag: 'CancelBuild', build: BUILD, external: 'x', number: 1, plan: PLAN },
  { _tag: 'PublishPipeline', entry: ANNOUNCED },
  { _tag: 'PublishStatus', entry: ENTRY },
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
  'ordinal',
  'rkey'
]

/** Those that may be `null` in some kinds only. */
const NULLABLE_IN: { readonly [tag: string]: ReadonlyArray<string> } = {
  AccountReceived: ['changedUs', 'seq'],
  BuildReported: ['error', 'exitCode'],
  CancelRequested: ['workflow'],
  ReadWorkflows: ['sha', 'workflows'],
  RecordsRead: ['next'],
  RetryRequested: ['workflow'],
  WorkflowsRead: ['defaultBranch', 'sources']
}

/** These are not, though others of their name are. */
const NEVER_NULL: { readonly [tag: string]: ReadonlyArray<string> } = {
  BuildReported: ['status'],
  ReadRecords: ['collection', 'did'],
  ReadWorkflows: ['rkey'],
  RecordsRead: ['collection', 'did'],
  RecordsReadFailed: ['did']
}

const isNullable = (tag: string, field: string): boolean =>
  NULLABLE_IN[tag]?.includes(field) === true || (NULLABLE.includes(field) && NEVER_NULL[tag]?.includes(field) !== true)

/** The value of every kind but its own. A command may end with a number below zero. */
const othersThan = (field: string): ReadonlyArray<unknown> => [
  undefined,
  { _tag: 'Nothing' },
  ...(field === 'unkept' ? [[7]] : [['x']]),
  Symbol('x'),
  ...(field === 'exitCode' ? [0.5] : [-1])
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
        for (const other of othersThan(field))
          expect(E.isLeft(codec.decode({ ...value, [field]: other }))).toBe(true)
      })
      if (!isNullable(value._tag, field))
        test(`${shown} is refused when its ${field} is null`, () =>
          expect(E.isLeft(codec.decode({ ...value, [field]: null }))).toBe(true))
    }
  }
}

describe('events', () => takesFieldByField(Event, EVENTS))
describe('effects', () => takesFieldByField(Effect, EFFECTS))
describe('reports', () => takesFieldByField(Report, REPORTS))

describe('null stands for what is absent', () => {
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
      ...withNull('KnotReceived', EVENTS, 'created'),
      ...withNull('RecordsRead', EVENTS, 'next'),
      ...withNull('WorkflowsRead', EVENTS, 'defaultBranch', 'sources'),
      ...withNull('BuildReported', EVENTS, 'error', 'exitCode'),
      ...withNull('CancelRequested', EVENTS, 'workflow'),
      ...withNull('RetryRequested', EVENTS, 'workflow')
    ]
    expect(values.map((value) => Event.decode(value))).toEqual(values.map((value) => E.right(value)))
  })

  test('in effects', () => {
    const values = [
      ...withNull('OpenJetstream', EFFECTS, 'cursor'),
      ...withNull('SubscribeKnot', EFFECTS, 'cursor'),
      ...withNull('SubscribeKnot', EFFECTS, 'cursor'),
      ...withNull('ReadRecords', EFFECTS, 'cursor'),
      ...withNull('ReadWorkflows', EFFECTS, 'sha', 'workflows'),
      { _tag: 'StartBuild', build: BUILD, number: 1, plan: { ...PLAN, ref: null, sha: null } },
      { _tag: 'PublishPipeline', entry: { ...ANNOUNCED, defaultBranch: null } },
      { _tag: 'PublishStatus', entry: { ...ENTRY, error: null, exitCode: null } }
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

  test('in no other field', () => {
    const commit = withNull('CommitReceived', EVENTS, 'did')
    expect(
      [...commit, ...withNull('CommitReceived', EVENTS, 'rkey'), ...withNull('CommitReceived', EVENTS, 'timeUs')].map((value) =>
        E.isLeft(Event.decode(value))
      )
    ).toEqual(Array.from({ length: 9 }, () => true))
  })
})

describe('a trigger', () => {
  const decoded = (trigger: unknown) => Event.decode({ ...(EVENTS.find(({ _tag }) => _tag === 'KnotReceived') ?? expect.fail()), payload: { _tag: 'Trigger', trigger } })

  test.each(CAUSES)('every cause: $_tag', (cause) => expect(E.isRight(decoded({ ...TRIGGER, cause }))).toBe(true))

  test('null stands for what a knot does not say', () => {
    const [push, pull, manual] = CAUSES
    const silent = { ...TRIGGER, actor: null, defaultBranch: null, kind: 'refUpdate', repo: { did: null, knot: null, name: null, owner: null }, workflows: null }
    for (const cause of [{ ...push, changedFiles: null }, { ...pull, action: null }, { ...manual, ref: null, sha: null }])
      expect(E.isRight(decoded({ ...silent, cause }))).toBe(true)
  })

  test('an unknown kind is refused', () => expect(E.isLeft(decoded({ ...TRIGGER, kind: 'push' }))).toBe(true))
})

describe('required fields at any depth', () => {
  /** The value with each field of each object in it gone, one at a time; a record that is not whole is none. */
  const maimed = (value: unknown): ReadonlyArray<unknown> => {
    if (Array.isArray(value)) return value.flatMap((item, i) => maimed(item).map((other) => value.map((one: unknown, j) => (i === j ? other : one))))
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, inner]) => [
      Object.fromEntries(Object.entries(value).filter(([other]) => other !== key)),
      { ...value, [key]: Symbol('x') },
      ...maimed(inner).map((other) => ({ ...value, [key]: other }))
    ])
  }

  for (const [codec, values] of [
    [Event, EVENTS],
    [Effect, EFFECTS]
  ] as const)
    for (const value of values)
      test(`${JSON.stringify(value).slice(0, 100)}: each field must be there`, () => {
        expect(maimed(value).filter((other) => E.isRight((codec as Codec).decode(other)))).toEqual([])
      })
})

describe('a record', () => {
  for (const event of EVENTS)
    if (event._tag === 'CommitReceived' && event.record !== null)
      for (const field of Object.keys(event.record))
        test(`${event.collection}: a ${field} that is missing, null or not text is refused`, () => {
          for (const other of [undefined, null, 7])
            expect(E.isLeft(Event.decode({ ...event, record: { ...event.record, [field]: other } }))).toBe(true)
        })

  test('a record of another collection is refused', () => {
    expect(E.isLeft(Event.decode({ ...EVENTS[7], collection: 'sh.tangled.repo' }))).toBe(true)
    expect(E.isLeft(Event.decode({ ...EVENTS[7], collection: 'app.bsky.feed.like' }))).toBe(true)
  })
})

describe('the order of reasons', () => {
  test('to reject a frame of the stream is the order of the checks', () => {
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

  test('to reject a frame of a knot is the order of the checks', () => {
    expect(Object.keys(KnotRejection.keys)).toEqual(['size', 'binary', 'utf8', 'json', 'frame', 'nsid', 'rkey', 'created', 'trigger'])
  })
})

describe('the order of words', () => {
  test('for the state of a build is fixed', () => {
    expect(Object.keys(Status.keys)).toEqual(['pending', 'running', 'success', 'failed', 'timeout', 'cancelled'])
  })

  test('for ignoring or refusing a trigger, and for dropping a workflow, is fixed', () => {
    expect([IgnoreReason, TriggerRefusal, WorkflowDrop].map(({ keys }) => Object.keys(keys))).toEqual([
      ['deleted', 'unmoved', 'ref', 'skipped', 'repo', 'kind', 'before', 'workflows'],
      ['knot', 'actor', 'rkey', 'limit'],
      ['when', 'engine', 'limit']
    ])
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

test('each codec has its own name', () => {
  const named: { readonly [name: string]: Codec } = {
    Account: Commits.Account,
    AccountEntry,
    AccountReceived,
    Admission,
    Allowed,
    Backfill: Backfill.BackfillState,
    Backoff,
    Build: Builds.Build,
    BuildAccepted,
    BuildMissing,
    BuildName,
    BuildPhase: Builds.BuildPhase,
    BuildPolicy,
      BuildReported,
      Builds: Builds.WrittenBuilds,
    CancelBuild,
    CancelAcknowledged,
    CancelRequested,
    Cause,
    Clone,
    CloseJetstream,
    Collaborator,
    Collection,
    CommitReceived,
    Condition,
    Config,
    Connection: Connections.Connection,
    Counters: Counters.Counters,
    CursorState: Cursor.CursorState,
    Did,
    Effect,
    Event,
    ExitCode,
    FindBuild,
    Floor: Commits.Floor,
    FollowBuild,
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
    ListedRecord,
    Manual,
    Member,
    Nanos,
    Natural,
    Nsid,
    OpenJetstream,
    Pair,
    PassedOver,
    Phase: Connections.Phase,
    PipelineEntry,
    Plan,
    PublishPipeline,
    PublishStatus,
    PullRequest,
    Push,
    ReadRecords,
    ReadWorkflows,
    Reading: Backfill.Reading,
    RecordsRead,
    RequestFailed,
    Requested,
    Rejection,
    Repo: Commits.Repo,
    RepoClaim,
    RepoRecord,
    Report,
    Repository,
    RetryRequested,
    Rkey,
    Run: Builds.Run,
    RunEntry: Builds.RunEntry,
    RunKey: Builds.RunKey,
    RunPhase: Builds.RunPhase,
    Sha,
    Source: Builds.Source,
    StartBuild,
    Started,
    State,
    Status,
    StatusEntry,
    Step,
    StopRequested,
    StreamAdvanced,
    SubscribeKnot,
    Subscription: Knots.Subscription,
    Target,
    Tid,
    TimeUs,
    Timer,
    TimerFired,
    Trigger,
    IgnoreReason,
    TriggerRefusal,
    UnsubscribeKnot,
    WakeAfter,
    Workflow,
    WorkflowDrop,
    WorkflowName,
    WorkflowSource,
    WorkflowsRead
  }
  expect(Object.values(named).map((codec) => codec.name)).toEqual(Object.keys(named))
  expect(CommitReceived.types.map((codec) => codec.name)).toEqual([
    'CommitReceived(sh.tangled.spindle.member)',
    'CommitReceived(sh.tangled.repo)',
    'CommitReceived(sh.tangled.repo.collaborator)'
  ])
})
