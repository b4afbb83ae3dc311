/** Frames of the stream: for which reason each is rejected, in which order, and what the rejection names (F1–F4). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeFrame, Natural, rejectFrame, TimeUs } from '../../core/index.js'
import { ALICE, at, must, rev } from '../suite/examples/support.js'

const receipt = () => ({ at: must(TimeUs.decode(at(9))), connection: must(Natural.decode(3)) })

const decode = (text: string) => decodeFrame(receipt())(text)
const decodeValue = (value: unknown) => decode(JSON.stringify(value))

const REPO = 'sh.tangled.repo'
const COMMIT = {
  rev: rev(at(1)),
  operation: 'create',
  collection: REPO,
  rkey: 'app',
  record: { name: 'app', knot: 'Knot.example' }
}
const FRAME = { did: ALICE, time_us: at(1), kind: 'commit', commit: COMMIT }
const commit = (over: object) => ({ ...FRAME, commit: { ...COMMIT, ...over } })

interface Names {
  readonly collection?: string | undefined
  readonly did?: string | undefined
  readonly operation?: string | undefined
  readonly rkey?: string | undefined
}

const rejection = (reason: string, detail: string, timeUs: number | null, { collection, did, operation, rkey }: Names) => ({
  _tag: 'FrameRejected',
  at: at(9),
  collection: collection ?? null,
  connection: 3,
  detail,
  did: did ?? null,
  operation: operation ?? null,
  ordinal: null,
  reason,
  rkey: rkey ?? null,
  timeUs
})

const KEY = { collection: REPO, did: ALICE, operation: 'create', rkey: 'app' }

type Case = readonly [name: string, frame: unknown, reason: string, detail: string, timeUs: number | null, names: Names]

describe('rejected', () => {
  const texts: ReadonlyArray<readonly [text: string, reason: string, detail: string]> = [
    ['', 'json', ''],
    ['{', 'json', '{'],
    ['x'.repeat(200), 'json', `${'x'.repeat(120)}…`],
    ['\ufeff{}', 'json', '\ufeff{}'],
    ['\u0000', 'json', '\u0000'],
    ['null', 'frame', 'not an object'],
    ['[]', 'frame', 'not an object'],
    ['"x"', 'frame', 'not an object'],
    ['7', 'frame', 'not an object'],
    ['{}', 'time', 'time_us is missing'],
    ['{"time_us":1e400}', 'time', 'time_us is not well-formed: Infinity'],
    ['{"time_us":9007199254740993}', 'time', 'time_us is not well-formed: 9007199254740992']
  ]
  for (const [text, reason, detail] of texts)
    test(`the text ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(decode(text)).toEqual(E.left(rejection(reason, detail, null, {})))
    })

  const cases: ReadonlyArray<Case> = [
    ['a stamp below zero', { ...FRAME, time_us: -1 }, 'time', 'time_us is not well-formed: -1', null, { did: ALICE }],
    ['a stamp with a fraction', { ...FRAME, time_us: 1.5 }, 'time', 'time_us is not well-formed: 1.5', null, { did: ALICE }],
    ['a stamp that is text', { ...FRAME, time_us: '1' }, 'time', 'time_us is not well-formed: 1', null, { did: ALICE }],
    ['a stamp that is null', { ...FRAME, time_us: null }, 'time', 'time_us is of another type', null, { did: ALICE }],
    ['a stamp that is true', { ...FRAME, time_us: true }, 'time', 'time_us is of another type', null, { did: ALICE }],
    ['a stamp that is a list', { ...FRAME, time_us: [1] }, 'time', 'time_us is of another type', null, { did: ALICE }],
    ['no stamp, and a DID that is not text', { did: 7 }, 'time', 'time_us is missing', null, {}],

    ['no DID', { ...FRAME, did: undefined }, 'did', 'did is missing', at(1), {}],
    ['a DID that is null', { ...FRAME, did: null }, 'did', 'did is of another type', at(1), {}],
    ['a DID that is a number', { ...FRAME, did: 7 }, 'did', 'did is not well-formed: 7', at(1), {}],
    ['a DID that is none', { ...FRAME, did: 'alice' }, 'did', 'did is not well-formed: alice', at(1), { did: 'alice' }],
    [
      'a DID that is too long',
      { ...FRAME, did: `did:m:${'x'.repeat(3000)}` },
      'did',
      `did is not well-formed: did:m:${'x'.repeat(90)}…`,
      at(1),
      { did: `did:m:${'x'.repeat(114)}…` }
    ],

    [
      'an account event without account',
      { ...FRAME, kind: 'account' },
      'account',
      'active is not a boolean',
      at(1),
      { did: ALICE }
    ],
    [
      'an account that is null',
      { ...FRAME, kind: 'account', account: null },
      'account',
      'active is not a boolean',
      at(1),
      { did: ALICE }
    ],
    [
      'an account that is a list',
      { ...FRAME, kind: 'account', account: [] },
      'account',
      'active is not a boolean',
      at(1),
      { did: ALICE }
    ],
    [
      'an account that does not say',
      { ...FRAME, kind: 'account', account: {} },
      'account',
      'active is not a boolean',
      at(1),
      { did: ALICE }
    ],
    [
      'an account that says yes',
      { ...FRAME, kind: 'account', account: { active: 'yes' } },
      'account',
      'active is not a boolean',
      at(1),
      { did: ALICE }
    ],

    ['a commit that is text', { ...FRAME, commit: 'x' }, 'commit', 'commit is not an object', at(1), { did: ALICE }],
    ['a commit that is a list', { ...FRAME, commit: [COMMIT] }, 'commit', 'commit is not an object', at(1), { did: ALICE }],
    ['a commit that is false', { ...FRAME, commit: false }, 'commit', 'commit is not an object', at(1), { did: ALICE }],

    [
      'a collection that is a number',
      commit({ collection: 7 }),
      'collection',
      'collection is not text',
      at(1),
      { ...KEY, collection: undefined }
    ],
    [
      'a collection that is a list',
      commit({ collection: [REPO] }),
      'collection',
      'collection is not text',
      at(1),
      { ...KEY, collection: undefined }
    ],

    ['no rkey', commit({ rkey: undefined }), 'rkey', 'rkey is missing', at(1), { ...KEY, rkey: undefined }],
    ['an rkey that is a number', commit({ rkey: 7 }), 'rkey', 'rkey is not well-formed: 7', at(1), { ...KEY, rkey: undefined }],
    ['an rkey that is none', commit({ rkey: 'a/b' }), 'rkey', 'rkey is not well-formed: a/b', at(1), { ...KEY, rkey: 'a/b' }],
    [
      'an rkey that is none, in a delete',
      commit({ rkey: '..', operation: 'delete' }),
      'rkey',
      'rkey is not well-formed: ..',
      at(1),
      { ...KEY, operation: 'delete', rkey: '..' }
    ],

    [
      'an operation that is a number',
      commit({ operation: 7 }),
      'operation',
      'operation is not text',
      at(1),
      { ...KEY, operation: undefined }
    ],
    [
      'an operation that is an object',
      commit({ operation: {} }),
      'operation',
      'operation is not text',
      at(1),
      { ...KEY, operation: undefined }
    ],

    ['no record', commit({ record: undefined }), 'record', 'record is not an object', at(1), KEY],
    ['a record that is a list', commit({ record: [] }), 'record', 'record is not an object', at(1), KEY],
    ['a record with a knot that is a number', commit({ record: { knot: 7 } }), 'record', 'knot is not text', at(1), KEY],
    [
      'a record with several faults: the first field in the order of names',
      commit({ record: { spindle: 1, createdAt: 1, name: 1 } }),
      'record',
      'createdAt is not text',
      at(1),
      KEY
    ],
    [
      'a member whose subject is a list',
      commit({ collection: 'sh.tangled.spindle.member', operation: 'update', record: { subject: [] } }),
      'record',
      'subject is not text',
      at(1),
      { ...KEY, collection: 'sh.tangled.spindle.member', operation: 'update' }
    ],
    [
      'a collaborator whose repo is false',
      commit({ collection: 'sh.tangled.repo.collaborator', record: { repo: false } }),
      'record',
      'repo is not text',
      at(1),
      { ...KEY, collection: 'sh.tangled.repo.collaborator' }
    ]
  ]
  for (const [name, frame, reason, detail, timeUs, names] of cases)
    test(name, () => {
      expect(decodeValue(frame)).toEqual(E.left(rejection(reason, detail, timeUs, names)))
    })
})

describe('a decoded frame', () => {
  const key = { _tag: 'CommitReceived', at: at(9), connection: 3, did: ALICE, ordinal: null, rev: rev(at(1)), rkey: 'app', timeUs: at(1) }
  const record = { createdAt: '', knot: 'Knot.example', name: 'app', repoDid: '', spindle: '' }

  const cases: ReadonlyArray<readonly [name: string, frame: unknown, event: unknown]> = [
    ['a create', FRAME, { ...key, collection: REPO, record }],
    ['an update', commit({ operation: 'update' }), { ...key, collection: REPO, record }],
    ['a delete', commit({ operation: 'delete', record: undefined }), { ...key, collection: REPO, record: null }],
    ['a delete with a record', commit({ operation: 'delete', record: 'x' }), { ...key, collection: REPO, record: null }],
    [
      'a member',
      commit({ collection: 'sh.tangled.spindle.member', record: { subject: ALICE, instance: 'i', createdAt: 'c' } }),
      { ...key, collection: 'sh.tangled.spindle.member', record: { createdAt: 'c', instance: 'i', subject: ALICE } }
    ],
    [
      'a collaborator',
      commit({ collection: 'sh.tangled.repo.collaborator', record: { subject: 's', repo: 'r', repoDid: 'd', createdAt: 'c' } }),
      { ...key, collection: 'sh.tangled.repo.collaborator', record: { createdAt: 'c', repo: 'r', repoDid: 'd', subject: 's' } }
    ],
    ['a rev that is none', commit({ rev: 'x' }), { ...key, collection: REPO, record, rev: null }],
    ['a rev that is not text', commit({ rev: 7 }), { ...key, collection: REPO, record, rev: null }],
    ['no rev', commit({ rev: undefined }), { ...key, collection: REPO, record, rev: null }],
    [
      'an account that is active',
      { did: ALICE, time_us: at(1), kind: 'account', account: { active: true, seq: 1 } },
      { _tag: 'AccountReceived', active: true, at: at(9), changedUs: null, connection: 3, did: ALICE, ordinal: null, seq: 1, status: null, timeUs: at(1) }
    ],
    [
      'an account that is deleted',
      { did: ALICE, time_us: at(1), kind: 'account', account: { active: false, status: 'deleted', time: '2026-01-01T00:00:00.000001999Z' } },
      { _tag: 'AccountReceived', active: false, at: at(9), changedUs: at(0) + 1, connection: 3, did: ALICE, ordinal: null, seq: null, status: 'deleted', timeUs: at(1) }
    ],
    [
      'an account with a long status',
      { did: ALICE, time_us: at(1), kind: 'account', account: { active: false, status: 'x'.repeat(200) } },
      {
        _tag: 'AccountReceived',
        active: false,
        at: at(9),
        changedUs: null,
        connection: 3,
        did: ALICE,
        ordinal: null,
        seq: null,
        status: `${'x'.repeat(120)}…`,
        timeUs: at(1)
      }
    ]
  ]
  for (const [name, frame, event] of cases) test(name, () => expect(decodeValue(frame)).toEqual(E.right(event)))

  const nothing: ReadonlyArray<readonly [name: string, frame: unknown]> = [
    ['an identity event', { ...FRAME, kind: 'identity' }],
    ['a kind that is not known', { ...FRAME, kind: 'Commit' }],
    ['no kind', { ...FRAME, kind: undefined }],
    ['a commit event without commit', { ...FRAME, commit: undefined }],
    ['a commit that is null', { ...FRAME, commit: null }],
    ['another collection', commit({ collection: 'app.bsky.feed.post', rkey: 7 })],
    ['no collection', commit({ collection: undefined, rkey: 7 })],
    ['a collection that is null', commit({ collection: null })],
    ['another operation', commit({ operation: 'Create', record: 7 })],
    ['no operation', commit({ operation: undefined, record: 7 })],
    ['an operation that is null', commit({ operation: null, record: 7 })],
    ['whatever else a newer server says', { ...FRAME, kind: 'identity', kinds: [] }]
  ]
  for (const [name, frame] of nothing)
    test(`of no interest: ${name}`, () => {
      expect(decodeValue(frame)).toEqual(
        E.right({ _tag: 'StreamAdvanced', at: at(9), connection: 3, count: 1, firstUs: at(1), lastUs: at(1), ordinal: null })
      )
    })

  const ordinals: ReadonlyArray<readonly [source: string, ordinal: number | null]> = [
    ['7', 7],
    ['0', 0],
    ['-0', 0],
    ['1e3', 1_000],
    ['999999999999999', 999_999_999_999_999],
    ['1000000000000000', null],
    ['-1', null],
    ['7.5', null],
    ['"7"', null],
    ['null', null],
    ['[7]', null]
  ]
  for (const [source, ordinal] of ordinals)
    test(`has the number ${source}, whatever else it says`, () => {
      const numbered = (frame: unknown) => decode(JSON.stringify(frame).replace('{', `{"cursor":${source},`))
      const found = [FRAME, { ...FRAME, kind: 'account', account: { active: true } }, { ...FRAME, kind: 'identity' }, { ...FRAME, did: 'x' }, commit({ rkey: '.' })]
      expect(found.map((frame) => E.toUnion(numbered(frame)).ordinal)).toEqual(found.map(() => ordinal))
      expect(Object.is(E.toUnion(numbered(FRAME)).ordinal, -0)).toBe(false)
    })

  test('has no number without a stamp', () => {
    expect(E.toUnion(decode('{"cursor":7}')).ordinal).toBeNull()
  })

  test('reads a minus zero as zero', () => {
    const decoded = decode(`{"did":"${ALICE}","time_us":-0}`)
    expect(E.isRight(decoded) && decoded.right._tag === 'StreamAdvanced' && Object.is(decoded.right.firstUs, 0)).toBe(true)
  })

  test('does not take keys that every object has for fields', () => {
    const record = '{"__proto__":{"name":"x"},"constructor":7,"toString":8}'
    const text = JSON.stringify(commit({ rkey: '__proto__', record: 'R' })).replace('"R"', record)
    const decoded = decode(text)
    expect(E.isRight(decoded) && decoded.right._tag === 'CommitReceived' && [decoded.right.rkey, decoded.right.record]).toEqual([
      '__proto__',
      { createdAt: '', knot: '', name: '', repoDid: '', spindle: '' }
    ])
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('reads or rejects a record of a hundred thousand levels like any other, and throws nothing', () => {
    const deep = 100_000
    const text = JSON.stringify(commit({ record: { name: 'app', x: 'X' } })).replace(
      '"X"',
      `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`
    )
    const decoded = decode(text)
    expect(E.isRight(decoded) ? decoded.right._tag : decoded.left.reason).toBe('CommitReceived')
  })
})

describe('a frame that never becomes text', () => {
  test('is rejected with what is known: the reason', () => {
    expect(rejectFrame(receipt(), 'size', '9 MB')).toEqual(rejection('size', '9 MB', null, {}))
    expect(rejectFrame(receipt(), 'binary', '')).toEqual(rejection('binary', '', null, {}))
    expect(rejectFrame(receipt(), 'utf8', '')).toEqual(rejection('utf8', '', null, {}))
  })
})
