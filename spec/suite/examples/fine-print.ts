/** Examples of the fine print, points 1 to 10 (F1–F10): the edges of the rules. */
import { MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  del,
  type Example,
  example,
  frame,
  fromFuture,
  gap,
  K1,
  K2,
  knotless,
  member,
  MINUTE,
  open,
  OWNER,
  passedOver,
  passing,
  put,
  refused,
  rejected,
  repo,
  rev,
  row,
  started,
  stop,
  subscribe,
  unsubscribe,
  US
} from './support.js'

// ---------------------------------------------------------------------------------------- F1

/** A frame that says nothing, with its stamp written as `digits`. */
const stamped = (digits: string, received: number) => frame(`{"did":"${ALICE}","time_us":${digits},"kind":"identity"}`, received)

const F1: ReadonlyArray<Example> = [
  ...(
    [
      ['1e15', 1_000_000_000_000_000],
      ['1767225601000000', 1_767_225_601_000_000],
      ['1767225601000000.0', 1_767_225_601_000_000],
      ['1.767225601e15', 1_767_225_601_000_000],
      ['17672256010000000e-1', 1_767_225_601_000_000],
      ['0', 0],
      ['-0', 0],
      ['1', 1]
    ] as const
  ).map(([digits, value], i) =>
    example(`F1.1.${String(i + 1)} ${digits} is a stamp`, {
      when: [stamped(digits, at(2))],
      then: { cursor: value, changes: ['counters', 'cursor'] }
    })
  ),
  example('F1.2 the greatest integer that a double holds is a stamp', {
    when: [stamped('9007199254740991', 9_007_199_254_740_991)],
    then: { cursor: 9_007_199_254_740_991 }
  }),
  ...[
    '-1',
    '1.5',
    '1767225601000000.5',
    '9007199254740992',
    '9007199254740993',
    '1e400',
    '-1e400',
    '"1767225601000000"',
    'null',
    'true',
    '[1]',
    '{}'
  ].map((digits, i) =>
    example(`F1.3.${String(i + 1)} ${digits} is not a stamp: rejected, and nothing moves`, {
      given: [passing(at(1))],
      when: [stamped(digits, at(2))],
      then: { cursor: at(1), changes: ['counters'], reports: [rejected('time', at(2), { did: ALICE })] }
    })
  ),
  example('F1.4 a frame without a stamp is rejected', {
    when: [frame({ did: ALICE, kind: 'identity', timeUs: at(1), time: at(1) }, at(2))],
    then: { cursor: null, changes: ['counters'], reports: [rejected('time', at(2), { did: ALICE })] }
  }),
  example('F1.5 a rejection that moves nothing does not end the wait for the first event', {
    given: [passing(at(100)), started(at(150))],
    when: [frame('{}', at(151), 1), passing(at(151), { connection: 1 })],
    then: { cursor: at(151), reports: [rejected('time', at(151))] }
  })
]

// ---------------------------------------------------------------------------------------- F2

const bad = {
  did: 'nobody',
  time_us: -1 as number,
  kind: 'commit',
  commit: { rev: 7, collection: 7 as unknown, rkey: '..' as unknown, operation: 7 as unknown, record: 7 as unknown }
}

const F2: ReadonlyArray<Example> = [
  example('F2.1 the stamp is named first of a frame in which everything is wrong', {
    when: [frame(bad, at(2))],
    then: { cursor: null, reports: [rejected('time', at(2), { did: 'nobody' })] }
  }),
  example('F2.2 the DID is checked after the stamp', {
    when: [frame({ ...bad, time_us: at(1) }, at(2))],
    then: { cursor: at(1), reports: [rejected('did', at(2), { did: 'nobody' })] }
  }),
  example('F2.3 the kind is checked after the DID, with what belongs to it', {
    when: [
      frame({ ...bad, did: ALICE, time_us: at(1), kind: 'account' }, at(2)),
      frame({ ...bad, did: ALICE, time_us: at(3), commit: [] }, at(4)),
      frame({ ...bad, did: ALICE, time_us: at(5), kind: 7 }, at(6))
    ],
    then: { cursor: at(5), reports: [rejected('account', at(2), { did: ALICE }), rejected('commit', at(4), { did: ALICE })] }
  }),
  example('F2.4 the collection is checked after the kind', {
    when: [frame({ ...bad, did: ALICE, time_us: at(1) }, at(2))],
    then: { cursor: at(1), reports: [rejected('collection', at(2), { did: ALICE, rkey: '..' })] }
  }),
  example('F2.5 the rkey is checked after the collection', {
    when: [frame({ ...bad, did: ALICE, time_us: at(1), commit: { ...bad.commit, collection: REPO } }, at(2))],
    then: { cursor: at(1), reports: [rejected('rkey', at(2), { collection: REPO, did: ALICE, rkey: '..' })] }
  }),
  example('F2.6 the operation is checked after the rkey', {
    when: [frame({ ...bad, did: ALICE, time_us: at(1), commit: { ...bad.commit, collection: REPO, rkey: 'a' } }, at(2))],
    then: { cursor: at(1), reports: [rejected('operation', at(2), { collection: REPO, did: ALICE, rkey: 'a' })] }
  }),
  example('F2.7 the record is checked after the operation', {
    when: [
      frame(
        { ...bad, did: ALICE, time_us: at(1), commit: { ...bad.commit, collection: REPO, rkey: 'a', operation: 'create' } },
        at(2)
      )
    ],
    then: {
      cursor: at(1),
      reports: [rejected('record', at(2), { collection: REPO, did: ALICE, operation: 'create', rkey: 'a' })]
    }
  }),
  example('F2.8 a commit whose rev is not text counts as one without a rev', {
    given: [put(ALICE, 'a', repo({ name: 'old' }), at(1))],
    when: [
      frame(
        {
          ...bad,
          did: ALICE,
          time_us: at(2),
          commit: { rev: 7, collection: REPO, rkey: 'a', operation: 'update', record: { knot: K1, name: 'new', spindle: US } }
        },
        at(3)
      ),
      frame(
        { did: ALICE, time_us: at(2), kind: 'commit', commit: { rev: {}, collection: REPO, rkey: 'a', operation: 'delete' } },
        at(3)
      )
    ],
    then: { rows: [row(ALICE, 'a', repo({ createdAt: '', name: 'new' }))] }
  }),
  example('F2.9 an unknown operation ends the checks: its record may be anything', {
    when: [
      frame({ ...bad, did: ALICE, time_us: at(1), commit: { ...bad.commit, collection: REPO, rkey: 'a', operation: 'x' } }, at(2))
    ],
    then: { cursor: at(1), reports: [] }
  }),
  example('F2.10 records are decoded before the gate: a bad record that is repeated is reported again', {
    given: [put(ALICE, 'a', repo(), at(9))],
    when: [
      frame(
        {
          did: ALICE,
          time_us: at(10),
          kind: 'commit',
          commit: { rev: rev(at(1)), collection: REPO, rkey: 'a', operation: 'update', record: [] }
        },
        at(11)
      ),
      frame(
        {
          did: ALICE,
          time_us: at(10),
          kind: 'commit',
          commit: { rev: rev(at(1)), collection: REPO, rkey: 'a', operation: 'update', record: [] }
        },
        at(12)
      )
    ],
    then: {
      rows: [row(ALICE, 'a', repo())],
      reports: [
        rejected('record', at(11), { collection: REPO, did: ALICE, operation: 'update', rkey: 'a' }),
        rejected('record', at(12), { collection: REPO, did: ALICE, operation: 'update', rkey: 'a' })
      ]
    }
  }),
  example('F2.11 a bad record in a replay is not reported again: whatever is stamped no later than the cursor at the opening has been', {
    given: [frame({ did: 'x', time_us: at(10) }, at(11)), started(at(20))],
    when: [frame({ did: 'x', time_us: at(10) }, at(21), 1), frame({ did: 'x', time_us: at(10) + 1 }, at(21), 1)],
    then: { reports: [rejected('did', at(21), { did: 'x' })] }
  }),
  example('F2.12 a rejected frame without a readable stamp is reported each time', {
    given: [frame('{', at(11)), passing(at(10)), started(at(20))],
    when: [frame('{', at(21), 1)],
    then: { reports: [rejected('json', at(21))] }
  })
]

// ---------------------------------------------------------------------------------------- F3

const LONG_DID = `did:web:${'a'.repeat(2040)}`

const putAs = (did: string) =>
  frame(
    {
      did,
      time_us: at(1),
      kind: 'commit',
      commit: { rev: rev(at(1)), operation: 'create', collection: REPO, rkey: 'a', record: { knot: K1, spindle: US } }
    },
    at(2)
  )

const F3: ReadonlyArray<Example> = [
  ...['did:plc:x', 'did:web:localhost%3A1234', 'did:constructor:x', 'did:key:z6Mk', 'did:a:B.c_d-e:f', LONG_DID].map((did, i) =>
    example(`F3.1.${String(i + 1)} ${did.slice(0, 40)} is a DID: whether it may be acted on is another question`, {
      when: [putAs(did)],
      then: { rows: [row(did, 'a', repo({ createdAt: '', name: '' }))], effects: [subscribe(K1, 1)] }
    })
  ),
  example('F3.2 a DID of 2 049 characters is not valid', {
    when: [putAs(`${LONG_DID}a`)],
    then: { rows: [], cursor: at(1), reports: [rejected('did', at(2), { did: `${LONG_DID.slice(0, 120)}…` })] }
  }),
  example('F3.3 a bad DID rejects every kind of frame', {
    when: ['commit', 'identity', 'account', 'unheard of', undefined].map((kind, i) =>
      frame(
        { did: 'alice.example', time_us: at(i), kind, account: { active: true }, commit: { collection: 'app.bsky.feed.like' } },
        at(10 + i)
      )
    ),
    then: { cursor: at(4), reports: [0, 1, 2, 3, 4].map((i) => rejected('did', at(10 + i), { did: 'alice.example' })) }
  }),
  example('F3.4 a DID that is missing, or not text, rejects every kind of frame', {
    when: [
      frame({ time_us: at(1), kind: 'identity' }, at(2)),
      frame({ did: 7, time_us: at(3), kind: 'identity' }, at(4)),
      frame({ did: null, time_us: at(5) }, at(6))
    ],
    then: { cursor: at(5), reports: [rejected('did', at(2)), rejected('did', at(4)), rejected('did', at(6))] }
  }),
  example('F3.5 an rkey has at most 512 characters', {
    when: [
      put(ALICE, 'k'.repeat(512), repo(), at(1)),
      frame(
        { did: ALICE, time_us: at(2), kind: 'commit', commit: { operation: 'delete', collection: REPO, rkey: 'k'.repeat(513) } },
        at(3)
      )
    ],
    then: {
      rows: [row(ALICE, 'k'.repeat(512), repo())],
      effects: [subscribe(K1, 1)],
      reports: [rejected('rkey', at(3), { collection: REPO, did: ALICE, operation: 'delete', rkey: `${'k'.repeat(120)}…` })]
    }
  }),
  example('F3.6 an rkey must be there, and be text', {
    when: [
      frame({ did: ALICE, time_us: at(1), kind: 'commit', commit: { operation: 'delete', collection: REPO } }, at(2)),
      frame({ did: ALICE, time_us: at(3), kind: 'commit', commit: { operation: 'delete', collection: MEMBER, rkey: 7 } }, at(4))
    ],
    then: {
      cursor: at(3),
      reports: [
        rejected('rkey', at(2), { collection: REPO, did: ALICE, operation: 'delete' }),
        rejected('rkey', at(4), { collection: MEMBER, did: ALICE, operation: 'delete' })
      ]
    }
  }),
  example('F3.7 the first rev of all is valid, and so is the last one of the last stamp', {
    when: [
      frame(
        {
          did: ALICE,
          time_us: at(1),
          kind: 'commit',
          commit: { rev: '2222222222222', operation: 'delete', collection: REPO, rkey: 'a' }
        },
        at(2)
      ),
      frame(
        {
          did: ALICE,
          time_us: 9_007_199_254_740_991,
          kind: 'commit',
          commit: { rev: 'bzzzzzzzzzzzz', operation: 'delete', collection: REPO, rkey: 'b' }
        },
        9_007_199_254_740_991
      )
    ],
    then: {
      tombstones: [
        { collection: REPO, did: ALICE, rev: '2222222222222', rkey: 'a' },
        { collection: REPO, did: ALICE, rev: 'bzzzzzzzzzzzz', rkey: 'b' }
      ]
    }
  }),
  example('F3.8 a rev is later than a deletion by the time in it, whatever its clock id', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(10)), account(ALICE, 'active', at(11))],
    when: [
      put(ALICE, 'b', repo(), at(12), { rev: rev(at(10), 1023) }),
      put(ALICE, 'c', repo({ knot: K2 }), at(12), { rev: rev(at(10) + 1, 0) })
    ],
    then: { rows: [row(ALICE, 'c', repo({ knot: K2 }))], effects: [subscribe(K2, 2)] }
  }),
  example('F3.9 a rev is from the future by the time in it, whatever its clock id', {
    given: [put(ALICE, 'a', repo({ name: 'one' }), at(1), { rev: rev(at(1 + 5 * MINUTE), 1023) })],
    when: [put(ALICE, 'a', repo({ name: 'two' }), at(2), { rev: rev(at(1 + 5 * MINUTE), 1022) })],
    then: { rows: [row(ALICE, 'a', repo({ name: 'one' }))] }
  })
]

// ---------------------------------------------------------------------------------------- F4

const F4: ReadonlyArray<Example> = [
  ...([undefined, null, 0, 1, 'false', 'true', {}] as const).map((value, i) =>
    example(`F4.1.${String(i + 1)} an account event whose active is ${JSON.stringify(value)} is rejected`, {
      given: [put(ALICE, 'a', repo(), at(1))],
      when: [frame({ did: ALICE, time_us: at(2), kind: 'account', account: { active: value, status: 'deleted' } }, at(3))],
      then: {
        rows: [row(ALICE, 'a', repo())],
        cursor: at(2),
        changes: ['counters', 'cursor'],
        reports: [rejected('account', at(3), { did: ALICE })]
      }
    })
  ),
  example('F4.2 an account event without an account is rejected', {
    when: [
      frame({ did: ALICE, time_us: at(2), kind: 'account' }, at(3)),
      frame({ did: ALICE, time_us: at(4), kind: 'account', account: [false] }, at(5))
    ],
    then: { cursor: at(4), reports: [rejected('account', at(3), { did: ALICE }), rejected('account', at(5), { did: ALICE })] }
  }),
  example('F4.3 the DID at the top is the one that counts', {
    given: [put(ALICE, 'a', repo({ knot: K1 }), at(1)), put(BOB, 'a', repo({ knot: K2 }), at(2))],
    when: [
      frame({ did: ALICE, time_us: at(3), kind: 'account', account: { active: false, did: BOB, status: 'suspended' } }, at(4))
    ],
    then: { rows: [row(BOB, 'a', repo({ knot: K2 }))], effects: [unsubscribe(K1, 1)] }
  }),
  example('F4.4 the DID at the top counts even when the inner one is not a DID', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [frame({ did: ALICE, time_us: at(3), kind: 'account', account: { active: false, did: 7 } }, at(4))],
    then: { rows: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('F4.5 a status that is not text counts as none', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [frame({ did: ALICE, time_us: at(3), kind: 'account', account: { active: false, status: ['deleted'] } }, at(4))],
    then: { rows: [], accounts: [{ active: false, asOfUs: at(3), did: ALICE, floor: null }], effects: [unsubscribe(K1, 1)] }
  })
]

// ---------------------------------------------------------------------------------------- F5

const LABEL = 'a'.repeat(63)
const NAME_253 = `${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(61)}`

const PORTS = { hosts: { defaultPort: 443, loopback: true, ports: true } }

const F5: ReadonlyArray<Example> = [
  ...(
    [
      [NAME_253, NAME_253],
      [`${LABEL}.example`, `${LABEL}.example`],
      ['single', 'single'],
      ['a-b.example', 'a-b.example'],
      ['1.example', '1.example'],
      ['0x1.example', '0x1.example'],
      ['127.0.0.1x', '127.0.0.1x'],
      ['xn--knt-sna.example', 'xn--knt-sna.example'],
      ['localhost.example', 'localhost.example'],
      ['notlocalhost', 'notlocalhost'],
      [`${NAME_253}.`, NAME_253]
    ] as const
  ).map(([knot, canonical], i) =>
    example(`F5.1.${String(i + 1)} ${knot.slice(0, 30)} is a host name`, {
      when: [put(ALICE, 'a', repo({ knot }), at(1))],
      then: { rows: [row(ALICE, 'a', repo({ knot: canonical }))], effects: [subscribe(canonical, 1)] }
    })
  ),
  ...[
    `${NAME_253}a`,
    `${LABEL}a.example`,
    '-a.example',
    'a-.example',
    'a..example',
    '.example',
    '.',
    'knot.1',
    'knot.123.',
    'knot.0x7f',
    'knot.0xyz',
    '0x',
    '2130706433',
    'localhost',
    'LOCALHOST.',
    'a.b.localhost'
  ].map((knot, i) =>
    example(`F5.2.${String(i + 1)} ${knot.slice(0, 30)} is not a host name`, {
      when: [put(ALICE, 'a', repo({ knot }), at(1))],
      then: {
        rows: [knotless(ALICE, 'a', repo())],
        effects: [],
        reports: [refused(ALICE, 'a', knot.length > 120 ? `${knot.slice(0, 120)}…` : knot, at(2))]
      }
    })
  ),
  ...(
    [
      ['knot1.example:1', 'knot1.example:1'],
      ['knot1.example:65535', 'knot1.example:65535'],
      ['KNOT1.example.:8443', 'knot1.example:8443'],
      ['knot1.example:443', 'knot1.example'],
      ['a.localhost:80', 'a.localhost:80']
    ] as const
  ).map(([knot, canonical], i) =>
    example(`F5.3.${String(i + 1)} ${knot} is a host name where ports are allowed`, {
      config: PORTS,
      when: [put(ALICE, 'a', repo({ knot }), at(1))],
      then: { rows: [row(ALICE, 'a', repo({ knot: canonical }))], effects: [subscribe(canonical, 1)] }
    })
  ),
  ...[
    'knot1.example:',
    'knot1.example:0',
    'knot1.example:080',
    'knot1.example:65536',
    'knot1.example:99999',
    'knot1.example:100000',
    'knot1.example:8x',
    'knot1.example:+80',
    'knot1.example:80:80',
    '127.0.0.1:80',
    '[::1]:80',
    ':80'
  ].map((knot, i) =>
    example(`F5.4.${String(i + 1)} ${knot} is not a host name even where ports are allowed`, {
      config: PORTS,
      when: [put(ALICE, 'a', repo({ knot }), at(1))],
      then: { rows: [knotless(ALICE, 'a', repo())], effects: [], reports: [refused(ALICE, 'a', knot, at(2))] }
    })
  ),
  example('F5.5 the default port is the one in the configuration', {
    config: { hosts: { defaultPort: 80, loopback: false, ports: true } },
    when: [
      put(ALICE, 'a', repo({ knot: 'knot1.example:80' }), at(1)),
      put(ALICE, 'b', repo({ knot: 'knot1.example:443' }), at(2))
    ],
    then: {
      subscriptions: ['knot1.example', 'knot1.example:443'],
      effects: [subscribe('knot1.example', 1), subscribe('knot1.example:443', 2)]
    }
  }),
  example('F5.6 the empty string counts as no knot, and is not reported', {
    when: [put(ALICE, 'a', repo({ knot: '' }), at(1))],
    then: { rows: [knotless(ALICE, 'a', repo())], effects: [], reports: [] }
  }),
  example('F5.7 rows hold the canonical name', {
    when: [put(ALICE, 'a', repo({ knot: 'KNOT1.Example.', spindle: '' }), at(1))],
    then: { rows: [row(ALICE, 'a', repo({ knot: 'knot1.example', spindle: '' }))] }
  })
]

// ---------------------------------------------------------------------------------------- F6

const F6: ReadonlyArray<Example> = [
  ...(['open', 'members'] as const).map((admission) =>
    example(`F6.1 ${admission}: a member is a subject of a live record that the owner wrote with our hostname as instance`, {
      config: { admission },
      given: [
        put(OWNER, 'm', member({ subject: ALICE }), at(1)),
        put(OWNER, 'n', member({ instance: 'other.example', subject: BOB }), at(2)),
        put(ALICE, 'm', member({ subject: BOB }), at(3)),
        put(OWNER, 'o', member({ subject: 'did:plc:gone' }), at(4)),
        del(OWNER, MEMBER, 'o', at(5))
      ],
      when: [],
      then: {
        questions: [
          { ask: 'isMember', did: ALICE, answer: true },
          { ask: 'isMember', did: BOB, answer: false },
          { ask: 'isMember', did: 'did:plc:gone', answer: false },
          { ask: 'isMember', did: OWNER, answer: false }
        ]
      }
    })
  ),
  example('F6.2 the owner’s rows count only while the owner’s account is active', {
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(OWNER, 'a', repo(), at(2)),
      account(OWNER, 'suspended', at(3))
    ],
    when: [],
    then: { rows: [], subscriptions: [], questions: [{ ask: 'isMember', did: ALICE, answer: false }] }
  }),
  example('F6.3 an inactive owner’s account takes no rows of others away', {
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'a', repo(), at(2))],
    when: [account(OWNER, 'suspended', at(3))],
    then: { rows: [row(ALICE, 'a', repo())], subscriptions: [K1], effects: [] }
  }),
  example('F6.4 a member whose own account is inactive still is a subject of the record', {
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo(), at(2)),
      account(ALICE, 'suspended', at(3))
    ],
    when: [],
    then: { questions: [{ ask: 'isMember', did: ALICE, answer: true }], subscriptions: [] }
  }),
  example('F6.5 a deletion of the owner’s account ends memberships, even after its return', {
    config: { admission: 'members' },
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'a', repo(), at(2)), account(OWNER, 'deleted', at(3))],
    when: [account(OWNER, 'active', at(4)), put(OWNER, 'm', member({ subject: ALICE }), at(1))],
    then: { subscriptions: [], effects: [], questions: [{ ask: 'isMember', did: ALICE, answer: false }] }
  })
]

// ---------------------------------------------------------------------------------------- F7

const F7: ReadonlyArray<Example> = [
  example('F7.1 the tolerance is 60 s', {
    given: [passing(at(100)), started(at(200))],
    when: [passing(at(156), { at: at(201), connection: 1 })],
    then: { reports: [gap(at(95), at(156), at(201))] }
  }),
  example('F7.2 the tolerance can be configured', {
    given: [passing(at(100)), started(at(200), { toleranceUs: 61_000_000 })],
    when: [passing(at(156), { at: at(201), connection: 1 })],
    then: { reports: [] }
  }),
  example('F7.3 the tolerance can be zero', {
    given: [passing(at(100)), started(at(200), { toleranceUs: 0 })],
    when: [passing(at(95) + 1, { at: at(201), connection: 1 })],
    then: { reports: [gap(at(95), at(95) + 1, at(201))] }
  }),
  example('F7.4 an event from the future is not the first event', {
    given: [passing(at(100)), started(at(200))],
    when: [passing(at(9_000), { at: at(201), connection: 1 }), passing(at(96), { at: at(202), connection: 1 })],
    then: { cursor: at(100), reports: [fromFuture(null, at(9_000), at(201))] }
  }),
  example('F7.5 the first event after one from the future is the first event', {
    given: [passing(at(100)), started(at(200))],
    when: [passing(at(9_000), { at: at(201), connection: 1 }), passing(at(190), { at: at(202), connection: 1 })],
    then: { cursor: at(190), reports: [fromFuture(null, at(9_000), at(201)), gap(at(95), at(190), at(202))] }
  })
]

// ---------------------------------------------------------------------------------------- F8

const F8: ReadonlyArray<Example> = [
  example('F8.1 a clock of ours that is more than five minutes slow holds the cursor, and that is reported', {
    given: [passing(at(0), { at: at(0) })],
    when: [put(ALICE, 'a', repo(), at(400), { at: at(90) }), put(ALICE, 'b', repo({ knot: K2 }), at(401), { at: at(91) })],
    then: {
      rows: [row(ALICE, 'a', repo()), row(ALICE, 'b', repo({ knot: K2 }))],
      cursor: at(0),
      effects: [subscribe(K1, 1), subscribe(K2, 2)],
      reports: [fromFuture(ALICE, at(400), at(90)), fromFuture(ALICE, at(401), at(91))]
    }
  }),
  example('F8.2 a clock of ours that is fast moves the cursor on', {
    when: [passing(at(10), { at: at(10_000) }), passing(at(11), { at: at(10_001) })],
    then: { cursor: at(11), reports: [] }
  }),
  example('F8.3 the cursor moves on when the clock has been set', {
    given: [passing(at(0), { at: at(0) }), passing(at(400), { at: at(90) })],
    when: [started(at(402)), passing(at(401), { at: at(402), connection: 1 })],
    then: { cursor: at(401), effects: [open(1, at(-5))], reports: [gap(at(-5), at(401), at(402))] }
  })
]

// ---------------------------------------------------------------------------------------- F9

const F9: ReadonlyArray<Example> = [
  example('F9.1 a deletion that is sent again with a new stamp takes away what a later create had brought back', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10)),
      account(ALICE, 'active', at(11)),
      put(ALICE, 'a', repo(), at(12))
    ],
    when: [account(ALICE, 'deleted', at(20)), account(ALICE, 'active', at(21))],
    then: {
      rows: [],
      accounts: [{ active: true, asOfUs: at(21), did: ALICE, floor: { rev: rev(at(12)), timeUs: at(20) } }],
      effects: [unsubscribe(K1, 2)]
    }
  }),
  example('F9.2 a record that a repeated deletion took away is back when it changes again', {
    given: [
      put(ALICE, 'a', repo(), at(12)),
      account(ALICE, 'deleted', at(20)),
      account(ALICE, 'active', at(21)),
      put(ALICE, 'a', repo(), at(12))
    ],
    when: [put(ALICE, 'a', repo({ name: 'new' }), at(22))],
    then: { rows: [row(ALICE, 'a', repo({ name: 'new' }))], effects: [subscribe(K1, 2)] }
  }),
  example('F9.3 a deletion sent again that says when it was takes nothing away', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(11), { changedUs: at(10), seq: 2 }),
      put(ALICE, 'a', repo(), at(12))
    ],
    when: [account(ALICE, 'deleted', at(20), { changedUs: at(9), seq: 7 }), account(ALICE, 'active', at(21))],
    then: {
      rows: [row(ALICE, 'a', repo())],
      accounts: [{ active: true, asOfUs: at(21), did: ALICE, floor: { rev: rev(at(1)), timeUs: at(9) } }],
      effects: [unsubscribe(K1, 2), subscribe(K1, 3)]
    }
  }),
  example('F9.4 a deletion from the future that does not say when it was counts as a second one under the same stamp', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(1_000), { at: at(10) }),
      account(ALICE, 'active', at(11)),
      put(ALICE, 'a', repo(), at(12))
    ],
    when: [account(ALICE, 'deleted', at(1_000), { at: at(20) })],
    then: {
      rows: [],
      accounts: [{ active: false, asOfUs: at(20), did: ALICE, floor: { rev: rev(at(12)), timeUs: at(20) } }],
      effects: [unsubscribe(K1, 2)],
      reports: [fromFuture(ALICE, at(1_000), at(20))]
    }
  }),
  example('F9.5 a deletion sent again after another deactivation counts as a second one if its first stamp was earlier than its own time', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deactivated', at(8), { changedUs: at(8), seq: 1 }),
      account(ALICE, 'deleted', at(10), { changedUs: at(12), seq: 2 }),
      account(ALICE, 'active', at(13), { changedUs: at(13), seq: 3 }),
      put(ALICE, 'a', repo(), at(14))
    ],
    when: [
      account(ALICE, 'deactivated', at(20), { changedUs: at(8), seq: 1 }),
      account(ALICE, 'deleted', at(21), { changedUs: at(12), seq: 2 }),
      account(ALICE, 'active', at(22), { changedUs: at(13), seq: 3 }),
      put(ALICE, 'a', repo(), at(23), { rev: rev(at(14)) })
    ],
    then: {
      rows: [],
      accounts: [{ active: true, asOfUs: at(22), did: ALICE, floor: { rev: rev(at(14)), timeUs: at(12) } }],
      effects: [unsubscribe(K1, 2)]
    }
  }),
  example('F9.6 an activation without a time of its own, sent again, gives way to the repeated deactivation that had followed it', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'active', at(5)),
      account(ALICE, 'deactivated', at(6), { changedUs: at(6), seq: 1 })
    ],
    when: [account(ALICE, 'active', at(20)), account(ALICE, 'deactivated', at(21), { changedUs: at(6), seq: 1 })],
    then: {
      rows: [],
      accounts: [{ active: false, asOfUs: at(21), did: ALICE, floor: null }],
      effects: [subscribe(K1, 2), unsubscribe(K1, 2)]
    }
  }),
  example('F9.7 a commit without a rev, sent again under a new stamp, counts as a new one', {
    given: [put(ALICE, 'a', repo({ name: 'old' }), at(1), { rev: null }), put(ALICE, 'a', repo({ name: 'new' }), at(2))],
    when: [put(ALICE, 'a', repo({ name: 'old' }), at(20), { rev: null }), put(ALICE, 'a', repo({ name: 'new' }), at(21), { rev: rev(at(2)) })],
    then: { rows: [row(ALICE, 'a', repo({ name: 'old' }))], effects: [] }
  }),
  example('F9.8 an account event that did not count because its stamp went back counts under a new one', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deactivated', at(10), { changedUs: at(10), seq: 1 }),
      account(ALICE, 'active', at(9), { changedUs: at(11), seq: 2 })
    ],
    when: [account(ALICE, 'active', at(20), { changedUs: at(11), seq: 2 })],
    then: {
      rows: [row(ALICE, 'a', repo())],
      accounts: [{ active: true, asOfUs: at(20), did: ALICE, floor: null }],
      effects: [subscribe(K1, 2)]
    }
  })
]

// ---------------------------------------------------------------------------------------- F10

const F10: ReadonlyArray<Example> = [
  example('F10.1 an event that was passed over is reported and counted, and changes nothing else', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [passedOver('WorkflowsRead', `${K1}/3mbd354mf2222`, at(2))],
    then: { reports: [passedOver('WorkflowsRead', `${K1}/3mbd354mf2222`, at(2))], changes: ['counters'] }
  }),
  example('F10.2 an event that was passed over is reported after a stop, too', {
    given: [stop(at(1))],
    when: [passedOver('KnotReceived', 'x', at(2))],
    then: { reports: [passedOver('KnotReceived', 'x', at(2))], changes: ['counters'] }
  })
]

export const FINE_PRINT: ReadonlyArray<Example> = [...F1, ...F2, ...F3, ...F4, ...F5, ...F6, ...F7, ...F8, ...F9, ...F10]
