/** Examples of D1–D4, D6, D7, D9, D10, D12 and D13: where the bridge goes further than its model. */
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  close,
  closed,
  collaborator,
  del,
  type Example,
  example,
  frame,
  fromFuture,
  gap,
  type Happening,
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotless,
  knotOpened,
  knotTimer,
  member,
  MINUTE,
  open,
  opened,
  OWNER,
  passing,
  poisoned,
  put,
  refused,
  rejected,
  repo,
  rev,
  row,
  started,
  stop,
  subscribe,
  timer,
  tombstone,
  unsubscribe,
  US,
  wake,
  wakeKnot,
  type WrittenEffect
} from './support.js'

const identity = (timeUs: number, received: number) =>
  frame({ did: ALICE, time_us: timeUs, kind: 'identity', identity: { did: ALICE, handle: 'alice.example' } }, received)

// ---------------------------------------------------------------------------------------- D1

const D1: ReadonlyArray<Example> = [
  example('D1.1 the cursor never moves back', {
    given: [passing(at(10))],
    when: [passing(at(9)), passing(at(10)), put(ALICE, 'app', repo(), at(5)), account(ALICE, 'active', at(6))],
    then: { cursor: at(10), effects: [subscribe(K1, 1)] }
  }),
  example('D1.2 the cursor does not move back in a crash loop: every start asks for the same', {
    given: [passing(at(100))],
    when: [
      started(at(101)),
      passing(at(95), { connection: 1 }),
      started(at(102)),
      passing(at(95), { connection: 2 }),
      started(at(103)),
      passing(at(95), { connection: 3 })
    ],
    then: { cursor: at(100), effects: [open(1, at(95)), open(2, at(95)), open(3, at(95))] }
  }),
  example('D1.3 an event from more than five minutes after its receipt is applied and reported, and the cursor stays', {
    given: [passing(at(0))],
    when: [put(ALICE, 'app', repo(), at(10 + 5 * MINUTE) + 1, { at: at(10) })],
    then: {
      rows: [row(ALICE, 'app', repo())],
      cursor: at(0),
      effects: [subscribe(K1, 1)],
      reports: [fromFuture(ALICE, at(310) + 1, at(10))]
    }
  }),
  example('D1.4 an event from exactly five minutes after its receipt moves the cursor', {
    given: [passing(at(0))],
    when: [put(ALICE, 'app', repo(), at(10 + 5 * MINUTE), { at: at(10) })],
    then: { cursor: at(310), effects: [subscribe(K1, 1)] }
  }),
  example('D1.5 a frame of no interest from the future is reported, and the cursor stays', {
    given: [passing(at(0))],
    when: [identity(at(1_000), at(10)), identity(at(11), at(12))],
    then: { cursor: at(11), reports: [fromFuture(null, at(1_000), at(10))] }
  }),
  example('D1.6 an account event from the future is reported, and the cursor stays', {
    given: [put(ALICE, 'app', repo(), at(0))],
    when: [account(ALICE, 'suspended', at(1_000), { at: at(10) })],
    then: { rows: [], cursor: at(0), effects: [unsubscribe(K1, 1)], reports: [fromFuture(ALICE, at(1_000), at(10))] }
  }),
  example('D1.18 a rejected frame from the future is reported without a DID, though the rejection names it', {
    when: [
      frame({ did: ALICE, time_us: at(1_000), kind: 'account', account: {} }, at(10)),
      frame({ did: 'alice', time_us: at(1_001), kind: 'account', account: {} }, at(10))
    ],
    then: {
      cursor: null,
      reports: [
        fromFuture(null, at(1_000), at(10)),
        rejected('account', at(10), { did: ALICE }),
        fromFuture(null, at(1_001), at(10)),
        rejected('did', at(10), { did: 'alice' })
      ]
    }
  }),
  example('D1.7 a very first event from the future leaves no cursor', {
    when: [passing(at(1_000), { at: at(10) })],
    then: { cursor: null, reports: [fromFuture(null, at(1_000), at(10))] }
  })
]

// ---------------------------------------------------------------------------------------- D2

const D2: ReadonlyArray<Example> = [
  example('D2.1 an identity event moves the cursor', { when: [identity(at(1), at(2))], then: { cursor: at(1) } }),
  example('D2.2 an account event moves the cursor', {
    when: [frame({ did: BOB, time_us: at(1), kind: 'account', account: { active: true } }, at(2))],
    then: { cursor: at(1) }
  }),
  example('D2.3 a commit of another collection moves the cursor', {
    when: [
      frame(
        {
          did: BOB,
          time_us: at(1),
          kind: 'commit',
          commit: { rev: rev(at(1)), operation: 'create', collection: 'app.bsky.feed.like', rkey: 'x', record: {} }
        },
        at(2)
      )
    ],
    then: { cursor: at(1) }
  }),
  example('D2.4 a commit that changes nothing moves the cursor', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo(), at(2), { rev: rev(at(1)) })],
    then: { cursor: at(2) }
  }),
  example('D2.5 a rejected frame moves the cursor if its stamp can be read', {
    when: [frame({ did: 'alice', time_us: at(1), kind: 'commit' }, at(2))],
    then: { cursor: at(1), reports: [rejected('did', at(2), { did: 'alice' })] }
  }),
  example('D2.6 a rejected frame leaves the cursor if its stamp cannot be read', {
    given: [passing(at(1))],
    when: [
      frame('{"did":"did:plc:alice2222222222222222222","time_us":"1767225602000000"}', at(3)),
      frame('{"time_us":17672256020', at(4))
    ],
    then: { cursor: at(1), changes: ['counters'], reports: [rejected('time', at(3), { did: ALICE }), rejected('json', at(4))] }
  })
]

// ---------------------------------------------------------------------------------------- D3

const D3: ReadonlyArray<Example> = [
  example('D3.1 a commit whose rev is the last one applied at the key changes nothing and causes nothing', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo({ knot: K2 }), at(2), { rev: rev(at(1)) })],
    then: { rows: [row(ALICE, 'app', repo())], subscriptions: [K1], changes: ['counters', 'cursor'] }
  }),
  example('D3.2 a commit with an older rev changes nothing, whatever its stamp says', {
    given: [put(ALICE, 'app', repo(), at(2))],
    when: [
      put(ALICE, 'app', repo({ knot: K2 }), at(3), { rev: rev(at(1)) }),
      del(ALICE, REPO, 'app', at(4), { rev: rev(at(1)) })
    ],
    then: { rows: [row(ALICE, 'app', repo())], subscriptions: [K1], changes: ['counters', 'cursor'] }
  }),
  example('D3.3 a commit with a newer rev is applied, whatever its stamp says', {
    given: [put(ALICE, 'app', repo(), at(2))],
    when: [put(ALICE, 'app', repo({ knot: K2 }), at(1), { rev: rev(at(3)) })],
    then: { rows: [row(ALICE, 'app', repo({ knot: K2 }))], effects: [subscribe(K2, 2), unsubscribe(K1, 1)] }
  }),
  example('D3.4 the clock id counts in the order of revs', {
    given: [put(ALICE, 'app', repo(), at(2), { rev: rev(at(2), 7) })],
    when: [
      put(ALICE, 'app', repo({ name: 'older' }), at(2), { rev: rev(at(2), 6) }),
      put(ALICE, 'app', repo({ name: 'newer' }), at(2), { rev: rev(at(2), 8) })
    ],
    then: { rows: [row(ALICE, 'app', repo({ name: 'newer' }))] }
  }),
  example('D3.5 the gate belongs to one key: not to its account, nor to the same rkey elsewhere', {
    given: [put(ALICE, 'app', repo(), at(9))],
    when: [
      put(ALICE, 'app', member(), at(10), { rev: rev(at(1)) }),
      put(ALICE, 'app', collaborator(), at(10), { rev: rev(at(1)) }),
      put(ALICE, 'bpp', repo(), at(10), { rev: rev(at(1)) }),
      put(BOB, 'app', repo(), at(10), { rev: rev(at(1)) })
    ],
    then: {
      rows: [
        row(ALICE, 'app', member()),
        row(ALICE, 'app', repo()),
        row(ALICE, 'bpp', repo()),
        row(ALICE, 'app', collaborator()),
        row(BOB, 'app', repo())
      ]
    }
  }),
  example('D3.6 several operations of one commit share a rev and a stamp, at different keys', {
    when: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'b', repo(), at(1)), del(ALICE, REPO, 'c', at(1))],
    then: {
      rows: [row(ALICE, 'a', repo()), row(ALICE, 'b', repo())],
      tombstones: [tombstone(ALICE, REPO, 'c', rev(at(1)))],
      effects: [subscribe(K1, 1)]
    }
  }),
  example('D3.7 a delete leaves a tombstone with its rev', {
    given: [put(ALICE, 'app', repo(), at(1)), put(ALICE, 'app', member(), at(1)), put(ALICE, 'app', collaborator(), at(1))],
    when: [del(ALICE, REPO, 'app', at(2)), del(ALICE, MEMBER, 'app', at(3)), del(ALICE, COLLABORATOR, 'app', at(4))],
    then: {
      rows: [],
      tombstones: [
        tombstone(ALICE, MEMBER, 'app', rev(at(3))),
        tombstone(ALICE, REPO, 'app', rev(at(2))),
        tombstone(ALICE, COLLABORATOR, 'app', rev(at(4)))
      ],
      effects: [unsubscribe(K1, 1)]
    }
  }),
  example('D3.8 a delete leaves a tombstone at a key that was not known', {
    when: [del(ALICE, REPO, 'app', at(2))],
    then: { rows: [], tombstones: [tombstone(ALICE, REPO, 'app', rev(at(2)))] }
  }),
  example('D3.9 a create repeated after a delete does not bring the record back', {
    given: [del(ALICE, REPO, 'app', at(2))],
    when: [put(ALICE, 'app', repo(), at(1)), put(ALICE, 'app', repo(), at(2))],
    then: { rows: [], subscriptions: [], changes: ['counters'] }
  }),
  example('D3.10 a newer create after a delete brings the record back', {
    given: [put(ALICE, 'app', repo(), at(1)), del(ALICE, REPO, 'app', at(2))],
    when: [put(ALICE, 'app', repo(), at(3))],
    then: { rows: [row(ALICE, 'app', repo())], tombstones: [], effects: [subscribe(K1, 2)] }
  }),
  example('D3.11 a delete that is not newer deletes nothing and leaves no tombstone', {
    given: [put(ALICE, 'app', repo(), at(2))],
    when: [del(ALICE, REPO, 'app', at(3), { rev: rev(at(2)) })],
    then: { rows: [row(ALICE, 'app', repo())], tombstones: [] }
  }),
  example('D3.12 a rejected record does not raise the gate', {
    when: [
      frame(
        {
          did: ALICE,
          time_us: at(3),
          kind: 'commit',
          commit: { rev: rev(at(3)), operation: 'create', collection: REPO, rkey: 'app', record: 7 }
        },
        at(4)
      ),
      put(ALICE, 'app', repo(), at(5), { rev: rev(at(2)) })
    ],
    then: {
      rows: [row(ALICE, 'app', repo())],
      effects: [subscribe(K1, 1)],
      reports: [rejected('record', at(4), { collection: REPO, did: ALICE, operation: 'create', rkey: 'app' })]
    }
  }),
  example('D3.13 a commit without a rev is applied if its stamp is later than the greatest that was applied at the key', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(2))],
    when: [put(ALICE, 'app', repo({ name: 'two' }), at(2) + 1, { rev: null })],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))] }
  }),
  example('D3.14 a commit without a rev is not applied if its stamp is the greatest applied at the key, or earlier', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(2))],
    when: [
      put(ALICE, 'app', repo({ name: 'two' }), at(2), { rev: null }),
      put(ALICE, 'app', repo({ name: 'three' }), at(1), { rev: null })
    ],
    then: { rows: [row(ALICE, 'app', repo({ name: 'one' }))], changes: ['counters'] }
  }),
  example('D3.15 a commit without a rev does not raise the rev gate', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(2)), put(ALICE, 'app', repo({ name: 'two' }), at(9), { rev: null })],
    when: [put(ALICE, 'app', repo({ name: 'three' }), at(10), { rev: rev(at(3)) })],
    then: { rows: [row(ALICE, 'app', repo({ name: 'three' }))] }
  }),
  example('D3.16 a commit without a rev does not lower the rev gate', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(2)), put(ALICE, 'app', repo({ name: 'two' }), at(9), { rev: null })],
    when: [put(ALICE, 'app', repo({ name: 'three' }), at(10), { rev: rev(at(2)) })],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))] }
  }),
  example('D3.17 the greatest stamp need not be that of the commit applied last', {
    given: [
      put(ALICE, 'app', repo({ name: 'one' }), at(9), { rev: rev(at(1)) }),
      put(ALICE, 'app', repo({ name: 'two' }), at(5), { rev: rev(at(2)) })
    ],
    when: [
      put(ALICE, 'app', repo({ name: 'three' }), at(7), { rev: null }),
      put(ALICE, 'app', repo({ name: 'four' }), at(9), { rev: null }),
      put(ALICE, 'app', repo({ name: 'five' }), at(9) + 1, { rev: null }),
      put(ALICE, 'app', repo({ name: 'six' }), at(9), { rev: null })
    ],
    then: { rows: [row(ALICE, 'app', repo({ name: 'five' }))] }
  }),
  example('D3.26 a replay ends where the stream did, even where stamps go back', {
    given: [
      put(ALICE, 'app', repo(), at(9), { rev: null }),
      del(ALICE, REPO, 'app', at(5)),
      put(ALICE, 'app', repo({ name: 'late' }), at(7), { rev: null })
    ],
    when: [
      put(ALICE, 'app', repo(), at(9), { rev: null }),
      del(ALICE, REPO, 'app', at(5)),
      put(ALICE, 'app', repo({ name: 'late' }), at(7), { rev: null })
    ],
    then: { rows: [], subscriptions: [], tombstones: [tombstone(ALICE, REPO, 'app', rev(at(5)))], changes: ['counters'] }
  }),
  example('D3.18 a commit without a rev is applied at an unknown key, and so is whatever has a rev after it', {
    when: [
      put(ALICE, 'app', repo({ name: 'one' }), at(5), { rev: null }),
      put(ALICE, 'app', repo({ name: 'two' }), at(6), { rev: rev(at(1)) })
    ],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))], effects: [subscribe(K1, 1)] }
  }),
  example('D3.19 a create without a rev, then a delete with one, then both again: it stays deleted', {
    given: [put(ALICE, 'app', repo(), at(1), { rev: null }), del(ALICE, REPO, 'app', at(2))],
    when: [put(ALICE, 'app', repo(), at(1), { rev: null }), del(ALICE, REPO, 'app', at(2))],
    then: { rows: [], subscriptions: [], tombstones: [tombstone(ALICE, REPO, 'app', rev(at(2)))], changes: ['counters'] }
  }),
  example('D3.20 a delete without a rev, at a key without one, leaves a tombstone without one', {
    given: [put(ALICE, 'app', repo(), at(1), { rev: null })],
    when: [del(ALICE, REPO, 'app', at(2), { rev: null }), put(ALICE, 'app', repo(), at(1), { rev: null })],
    then: { rows: [], tombstones: [tombstone(ALICE, REPO, 'app', null)], effects: [unsubscribe(K1, 1)] }
  }),
  example('D3.21 a rev from more than five minutes after the stamp of its event counts as none, and blocks nothing', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(1), { rev: rev(at(1 + 5 * MINUTE) + 1) })],
    when: [put(ALICE, 'app', repo({ name: 'two' }), at(2))],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))] }
  }),
  example('D3.22 a rev from five minutes after the stamp of its event is valid', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(1), { rev: rev(at(1 + 5 * MINUTE)) })],
    when: [put(ALICE, 'app', repo({ name: 'two' }), at(2))],
    then: { rows: [row(ALICE, 'app', repo({ name: 'one' }))] }
  }),
  example('D3.23 the stamp of an event decides about its rev, not its receipt', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(1), { at: at(1_000), rev: rev(at(900)) })],
    when: [put(ALICE, 'app', repo({ name: 'two' }), at(2), { at: at(1_000) })],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))] }
  }),
  example('D3.24 a rev from the future is applied only by its stamp', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(5))],
    when: [put(ALICE, 'app', repo({ name: 'two' }), at(5), { rev: rev(at(1_000)) })],
    then: { rows: [row(ALICE, 'app', repo({ name: 'one' }))] }
  }),
  example('D3.25 a rev that is not a TID counts as none', {
    given: [put(ALICE, 'app', repo({ name: 'one' }), at(5))],
    when: ['zzzzzzzzzzzzz', '3LZZZZZZZZZZZ', '3lzzzzzzzzzz', '3lzzzzzzzzzzzz', '3lzzzzzzzzzz1', ''].map((text, i) =>
      frame(
        {
          did: ALICE,
          time_us: at(5) - i,
          kind: 'commit',
          commit: { rev: text, operation: 'update', collection: REPO, rkey: 'app', record: { knot: K2, spindle: US } }
        },
        at(6)
      )
    ),
    then: { rows: [row(ALICE, 'app', repo({ name: 'one' }))], changes: ['counters'] }
  })
]

// ---------------------------------------------------------------------------------------- D4

const D4: ReadonlyArray<Example> = [
  example('D4.1 a subscribed knot is not subscribed to again, whatever record calls for it', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [put(ALICE, 'b', repo(), at(2)), put(BOB, 'a', repo(), at(3)), put(ALICE, 'a', repo({ name: 'new' }), at(4))],
    then: { subscriptions: [K1], effects: [] }
  }),
  example('D4.2 an event that makes several records count asks for each of their knots once, by host', {
    config: { admission: 'members' },
    given: [
      put(ALICE, 'a', repo({ knot: K2 }), at(1)),
      put(ALICE, 'b', repo({ knot: K1 }), at(2)),
      put(ALICE, 'c', repo({ knot: K2 }), at(3))
    ],
    when: [put(OWNER, 'm', member({ subject: ALICE }), at(4))],
    then: { subscriptions: [K1, K2], effects: [subscribe(K1, 1), subscribe(K2, 2)] }
  }),
  example('D4.3 an event that makes several records stop counting releases only the knots that nobody else holds', {
    given: [
      put(ALICE, 'a', repo({ knot: K2 }), at(1)),
      put(ALICE, 'b', repo({ knot: K1 }), at(2)),
      put(BOB, 'a', repo({ knot: K2 }), at(3))
    ],
    when: [account(ALICE, 'deleted', at(4))],
    then: { subscriptions: [K2], effects: [unsubscribe(K1, 2)] }
  }),
  example('D4.4 a record that names nothing new causes nothing', {
    config: { admission: 'members' },
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'a', repo(), at(2))],
    when: [
      put(OWNER, 'n', member({ subject: ALICE }), at(3)),
      put(OWNER, 'm', member({ createdAt: '' }), at(4)),
      account(ALICE, 'active', at(5))
    ],
    then: { subscriptions: [K1], effects: [] }
  })
]

// ---------------------------------------------------------------------------------------- D6

const D6: ReadonlyArray<Example> = [
  example('D6.1 letters are lowered and one trailing dot is dropped: two spellings, one knot', {
    when: [put(ALICE, 'a', repo({ knot: 'KNOT1.example' }), at(1)), put(ALICE, 'b', repo({ knot: 'knot1.Example.' }), at(2))],
    then: {
      rows: [row(ALICE, 'a', repo({ knot: K1 })), row(ALICE, 'b', repo({ knot: K1 }))],
      subscriptions: [K1],
      effects: [subscribe(K1, 1)]
    }
  }),
  example('D6.2 a change from one spelling to the other causes nothing', {
    given: [put(ALICE, 'a', repo({ knot: 'KNOT1.example' }), at(1))],
    when: [put(ALICE, 'a', repo({ knot: 'knot1.example.' }), at(2))],
    then: { subscriptions: [K1], effects: [] }
  }),
  ...[
    'knot1.example..',
    ' knot1.example',
    'https://knot1.example',
    'knot1.example/x',
    'user@knot1.example',
    'knot1.example:443',
    '127.0.0.1',
    '[::1]',
    'knot_1.example',
    'knöt.example',
    'localhost',
    'knot.localhost'
  ].map((knot, i) =>
    example(`D6.${String(3 + i)} a record whose knot is "${knot}" is applied with no knot, and reported`, {
      when: [put(ALICE, 'a', repo({ knot }), at(1))],
      then: { rows: [knotless(ALICE, 'a', repo())], subscriptions: [], effects: [], reports: [refused(ALICE, 'a', knot, at(2))] }
    })
  ),
  example('D6.15 an invalid knot is reported whatever spindle the record names', {
    when: [put(ALICE, 'a', repo({ knot: '0', spindle: '' }), at(1))],
    then: { rows: [knotless(ALICE, 'a', repo({ spindle: '' }))], reports: [refused(ALICE, 'a', '0', at(2))] }
  }),
  example('D6.16 a record that named a knot, and now names an invalid one, releases it', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [put(ALICE, 'a', repo({ knot: '10.0.0.1' }), at(2))],
    then: {
      rows: [knotless(ALICE, 'a', repo())],
      effects: [unsubscribe(K1, 1)],
      reports: [refused(ALICE, 'a', '10.0.0.1', at(3))]
    }
  }),
  example('D6.17 a record that is not applied is not reported for its knot', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [put(ALICE, 'a', repo({ knot: '10.0.0.1' }), at(2), { rev: rev(at(1)) })],
    then: { rows: [row(ALICE, 'a', repo())], subscriptions: [K1] }
  }),
  example('D6.18 ports and loopback names are valid where the configuration allows them', {
    config: { hosts: { defaultPort: 80, loopback: true, ports: true } },
    when: [
      put(ALICE, 'a', repo({ knot: 'localhost:5555' }), at(1)),
      put(ALICE, 'b', repo({ knot: 'One.Localhost' }), at(2)),
      put(ALICE, 'c', repo({ knot: 'knot1.example:8443' }), at(3)),
      put(ALICE, 'd', repo({ knot: 'knot1.example:80' }), at(4))
    ],
    then: {
      subscriptions: ['knot1.example', 'knot1.example:8443', 'localhost:5555', 'one.localhost'],
      effects: [
        subscribe('localhost:5555', 1),
        subscribe('one.localhost', 2),
        subscribe('knot1.example:8443', 3),
        subscribe('knot1.example', 4)
      ]
    }
  }),
  example('D6.19 ports can be allowed on their own', {
    config: { hosts: { defaultPort: 443, loopback: true, ports: false } },
    when: [put(ALICE, 'a', repo({ knot: 'localhost' }), at(1)), put(ALICE, 'b', repo({ knot: 'localhost:1' }), at(2))],
    then: { effects: [subscribe('localhost', 1)], reports: [refused(ALICE, 'b', 'localhost:1', at(3))] }
  }),
  example('D6.20 loopback names can be allowed on their own', {
    config: { hosts: { defaultPort: 443, loopback: false, ports: true } },
    when: [put(ALICE, 'a', repo({ knot: 'knot1.example:1' }), at(1)), put(ALICE, 'b', repo({ knot: 'localhost:1' }), at(2))],
    then: { effects: [subscribe('knot1.example:1', 1)], reports: [refused(ALICE, 'b', 'localhost:1', at(3))] }
  }),
  example('D6.21 443 is a port like any other where it is not the default one, even in names that come back', {
    config: { hosts: { defaultPort: 80, loopback: false, ports: true } },
    when: [put(ALICE, 'a', repo({ knot: 'knot1.example:443' }), at(1)), knotOpened('knot1.example:443', 1, at(2)), knotClosed('knot1.example:443', 1, at(3))],
    then: { subscriptions: ['knot1.example:443'], effects: [subscribe('knot1.example:443', 1), wakeKnot('knot1.example:443', 2, 2_000)] }
  })
]

// ---------------------------------------------------------------------------------------- D7

const members = { admission: 'members' } as const

const D7: ReadonlyArray<Example> = [
  example('D7.1 anybody’s record makes us listen under open admission', {
    config: { admission: 'open' },
    when: [put(ALICE, 'a', repo(), at(1))],
    then: { effects: [subscribe(K1, 1)] }
  }),
  example('D7.2 a stranger’s record becomes a row and nothing else under members’ admission', {
    config: members,
    when: [put(ALICE, 'a', repo(), at(1))],
    then: { rows: [row(ALICE, 'a', repo())], subscriptions: [], effects: [] }
  }),
  example('D7.3 a record of the owner makes us listen under members’ admission', {
    config: members,
    when: [put(OWNER, 'a', repo(), at(1))],
    then: { effects: [subscribe(K1, 1)] }
  }),
  example('D7.4 a record of a member makes us listen, whichever came first', {
    config: members,
    given: [put(ALICE, 'a', repo(), at(1)), put(OWNER, 'm', member({ subject: ALICE }), at(2))],
    when: [put(ALICE, 'b', repo({ knot: K2 }), at(3))],
    then: { subscriptions: [K1, K2], effects: [subscribe(K2, 2)] }
  }),
  example('D7.5 a member record that somebody else wrote makes nobody a member', {
    config: members,
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [put(ALICE, 'm', member({ subject: ALICE }), at(2)), put(BOB, 'm', member({ subject: ALICE }), at(3))],
    then: { subscriptions: [], effects: [] }
  }),
  example('D7.6 a member record for another instance makes nobody a member', {
    config: members,
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [
      put(OWNER, 'm', member({ instance: 'other.example', subject: ALICE }), at(2)),
      put(OWNER, 'n', member({ instance: '', subject: ALICE }), at(3)),
      put(OWNER, 'o', member({ instance: 'CI.example', subject: ALICE }), at(4))
    ],
    then: { subscriptions: [], effects: [] }
  }),
  example('D7.7 a membership that ends ends the subscriptions at once', {
    config: members,
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K2 }), at(2)),
      put(ALICE, 'b', repo({ knot: K1 }), at(3))
    ],
    when: [del(OWNER, MEMBER, 'm', at(4))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 2), unsubscribe(K2, 1)] }
  }),
  example('D7.8 a membership ends when the record names another instance', {
    config: members,
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'a', repo(), at(2))],
    when: [put(OWNER, 'm', member({ instance: 'other.example', subject: ALICE }), at(3))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('D7.9 a membership passes on when the record names another subject', {
    config: members,
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2)),
      put(BOB, 'a', repo({ knot: K2 }), at(3))
    ],
    when: [put(OWNER, 'm', member({ subject: BOB }), at(4))],
    then: { subscriptions: [K2], effects: [subscribe(K2, 2), unsubscribe(K1, 1)] }
  }),
  example('D7.10 a subject of two records is a member until the second of them goes', {
    config: members,
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(OWNER, 'n', member({ subject: ALICE }), at(2)),
      put(ALICE, 'a', repo(), at(3)),
      del(OWNER, MEMBER, 'm', at(4))
    ],
    when: [del(OWNER, MEMBER, 'n', at(5))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('D7.11 the first of two deletions takes nothing away from a subject of two records', {
    config: members,
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(OWNER, 'n', member({ subject: ALICE }), at(2)),
      put(ALICE, 'a', repo(), at(3))
    ],
    when: [del(OWNER, MEMBER, 'm', at(4))],
    then: { subscriptions: [K1], effects: [], questions: [{ ask: 'isMember', did: ALICE, answer: true }] }
  }),
  example('D7.12 the owner need not be a member', {
    config: members,
    given: [put(OWNER, 'm', member({ subject: OWNER }), at(1)), put(OWNER, 'a', repo(), at(2))],
    when: [del(OWNER, MEMBER, 'm', at(3))],
    then: { subscriptions: [K1], effects: [] }
  }),
  example('D7.13 a subject that is not a DID admits nobody', {
    config: members,
    when: [
      put(OWNER, 'm', member({ subject: 'alice' }), at(1)),
      put(OWNER, 'n', member({ subject: '' }), at(2)),
      del(OWNER, MEMBER, 'm', at(3))
    ],
    then: { subscriptions: [], effects: [], questions: [{ ask: 'isMember', did: '', answer: false }] }
  }),
  example('D7.14 a member who has a member record of his own cannot admit others', {
    config: members,
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(BOB, 'a', repo(), at(2))],
    when: [put(ALICE, 'm', member({ subject: BOB }), at(3))],
    then: { subscriptions: [], effects: [] }
  })
]

// ---------------------------------------------------------------------------------------- D9

/** Attempt after attempt that fails at once, and the effects: each a longer pause, and a new attempt. */
const failures = (count: number): ReadonlyArray<Happening> =>
  Array.from({ length: count }, (_, i) => [closed(i + 1, at(10 * i + 1)), timer(i + 2, at(10 * i + 9))]).flat()

const pauses = (highs: ReadonlyArray<number>): ReadonlyArray<WrittenEffect> =>
  highs.flatMap((highMs, i) => [wake(i + 2, highMs), open(i + 2, null)])

const D9: ReadonlyArray<Example> = [
  example('D9.1 pauses begin at up to 2 s and double, up to a cap', {
    given: [started(at(0))],
    when: failures(8),
    then: { effects: pauses([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]) }
  }),
  example('D9.2 base and cap of the pauses are configurable', {
    config: { jetstreamBackoff: { baseMs: 100, capMs: 300, healthyAfterMs: 1_000 } },
    given: [started(at(0), { jetstreamBackoff: { baseMs: 100, capMs: 300, healthyAfterMs: 1_000 } })],
    when: failures(3),
    then: { effects: pauses([100, 200, 300]) }
  }),
  example('D9.3 a connection open for less than the healthy time does not reset the pauses', {
    given: [started(at(0)), closed(1, at(1)), timer(2, at(2)), opened(2, at(3))],
    when: [closed(2, at(33) - 1)],
    then: { effects: [wake(3, 4_000)] }
  }),
  example('D9.4 a connection open for the healthy time resets the pauses', {
    given: [started(at(0)), closed(1, at(1)), timer(2, at(2)), opened(2, at(3))],
    when: [closed(2, at(33))],
    then: { effects: [wake(3, 2_000)] }
  }),
  example('D9.13 a connection during which the clock was set back is not healthy, even where no time is needed for that', {
    config: { jetstreamBackoff: { baseMs: 2_000, capMs: 60_000, healthyAfterMs: 0 } },
    given: [
      started(at(0), { jetstreamBackoff: { baseMs: 2_000, capMs: 60_000, healthyAfterMs: 0 } }),
      closed(1, at(1)),
      timer(2, at(2)),
      opened(2, at(10))
    ],
    when: [closed(2, at(10) - 1), timer(3, at(20)), opened(3, at(30)), closed(3, at(30))],
    then: { effects: [wake(3, 4_000), open(3, null), wake(4, 2_000)] }
  }),
  example('D9.5 an opening alone resets nothing: health is judged when the connection closes', {
    given: [
      started(at(0)),
      closed(1, at(1)),
      timer(2, at(2)),
      opened(2, at(3)),
      closed(2, at(4)),
      timer(3, at(5)),
      opened(3, at(6))
    ],
    when: [closed(3, at(7))],
    then: { effects: [wake(4, 8_000)] }
  }),
  example('D9.6 pauses double again after a reset', {
    given: [started(at(0)), closed(1, at(1)), timer(2, at(2)), opened(2, at(3)), closed(2, at(60)), timer(3, at(61))],
    when: [closed(3, at(62))],
    then: { effects: [wake(4, 4_000)] }
  }),
  example('D9.7 a start resets the pauses', {
    given: [started(at(0)), ...failures(4), started(at(100))],
    when: [closed(6, at(101))],
    then: { effects: [wake(7, 2_000)] }
  }),
  example('D9.8 an attempt that never opened is no healthy connection, however long it took', {
    given: [started(at(0)), closed(1, at(1)), timer(2, at(2))],
    when: [closed(2, at(1_000))],
    then: { effects: [wake(3, 4_000)] }
  }),
  example('D9.9 knots have pauses of their own, up to 5 min', {
    given: [put(ALICE, 'a', repo(), at(0))],
    when: Array.from({ length: 9 }, (_, i) => [
      knotClosed(K1, i + 1, at(10 * i + 1)),
      knotTimer(K1, i + 2, at(10 * i + 9))
    ]).flat(),
    then: {
      effects: [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000].flatMap((highMs, i) => [
        wakeKnot(K1, i + 2, highMs),
        subscribe(K1, i + 2)
      ])
    }
  }),
  example('D9.10 pauses of knots are reset in the same way, each for itself', {
    given: [
      put(ALICE, 'a', repo({ knot: K1 }), at(0)),
      put(ALICE, 'b', repo({ knot: K2 }), at(0)),
      knotClosed(K1, 1, at(1)),
      knotClosed(K2, 2, at(1)),
      knotTimer(K1, 3, at(2)),
      knotTimer(K2, 4, at(2)),
      knotOpened(K1, 3, at(3)),
      knotOpened(K2, 4, at(3))
    ],
    when: [knotClosed(K2, 4, at(4)), knotClosed(K1, 3, at(33))],
    then: { effects: [wakeKnot(K2, 5, 4_000), wakeKnot(K1, 6, 2_000)] }
  }),
  example('D9.11 a stop takes effect at once, on every connection, in whatever phase', {
    given: [
      started(at(0)),
      opened(1, at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2), { connection: 1 }),
      put(ALICE, 'b', repo({ knot: K2 }), at(3), { connection: 1 }),
      knotOpened(K1, 1, at(4)),
      knotClosed(K2, 2, at(5))
    ],
    when: [stop(at(6))],
    then: { subscriptions: [K1, K2], effects: [close(1), unsubscribe(K1, 1), unsubscribe(K2, 3)] }
  }),
  example('D9.12 nothing that was under way undoes a stop', {
    given: [
      started(at(0)),
      opened(1, at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2), { connection: 1 }),
      put(ALICE, 'b', repo({ knot: K2 }), at(3), { connection: 1 }),
      knotOpened(K1, 1, at(4)),
      knotClosed(K2, 2, at(5)),
      stop(at(6))
    ],
    when: [
      // What had been read before the stop.
      passing(at(7), { connection: 1 }),
      knotFrame(K1, '{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":1767225606000000001}', at(7), 1),
      knotFrame(K1, '{}', at(7), 1),
      closed(1, at(7)),
      knotClosed(K1, 1, at(7)),
      knotTimer(K2, 3, at(8)),
      timer(2, at(9)),
      knotOpened(K2, 3, at(10))
    ],
    then: { effects: [], changes: [] }
  })
]

// ---------------------------------------------------------------------------------------- D10

/** Resuming: cursor at(100), asked for at(95). */
const resuming = [passing(at(100)), started(at(200)), opened(1, at(201))]

const first = (timeUs: number) => passing(timeUs, { at: at(202), connection: 1 })

/** Resuming by number: the frame at(100) had number 7. */
const numbered = [passing(at(100), { ordinal: 7 }), started(at(200)), opened(1, at(201))]

const next = (timeUs: number, ordinal: number) => passing(timeUs, { at: at(202), connection: 1, ordinal })

const D10: ReadonlyArray<Example> = [
  example('D10.1 a first event at the requested time means that nothing was lost', {
    given: resuming,
    when: [first(at(95))],
    then: { reports: [] }
  }),
  example('D10.2 a first event may be later by the tolerance', {
    given: resuming,
    when: [first(at(95 + MINUTE))],
    then: { cursor: at(155), reports: [] }
  }),
  example('D10.3 a first event later than the tolerance is a gap, with both times: the server may no longer have had what came before', {
    given: resuming,
    when: [first(at(95 + MINUTE) + 1)],
    then: { cursor: at(155) + 1, reports: [gap(at(95), at(155) + 1, at(202))] }
  }),
  example('D10.4 an earlier first event is a replay from further back, and no gap', {
    given: resuming,
    when: [first(at(95) - 1), first(at(0)), first(at(180))],
    then: { cursor: at(180), reports: [] }
  }),
  example('D10.5 only the first event is compared', {
    given: [...resuming, first(at(95))],
    when: [first(at(180)), first(at(50))],
    then: { cursor: at(180), reports: [] }
  }),
  example('D10.6 a gap is reported once', {
    given: [...resuming, first(at(180))],
    when: [first(at(190)), first(at(50))],
    then: { cursor: at(190), reports: [] }
  }),
  example('D10.7 each resume can report a gap anew', {
    given: [...resuming, first(at(95)), closed(1, at(203)), timer(2, at(204)), opened(2, at(205))],
    when: [passing(at(300), { at: at(301), connection: 2 })],
    then: { cursor: at(300), reports: [gap(at(95), at(300), at(301))] }
  }),
  example('D10.8 a resume without a cursor asks for nothing, and can miss nothing', {
    given: [started(at(0)), opened(1, at(1))],
    when: [passing(at(1_000), { connection: 1 })],
    then: { cursor: at(1_000), reports: [] }
  }),
  example('D10.9 any frame with a readable stamp is a first event: an account event, a rejected one', {
    given: resuming,
    when: [frame({ did: 'x', time_us: at(180) }, at(202), 1), first(at(190))],
    then: { cursor: at(190), reports: [gap(at(95), at(180), at(202)), rejected('did', at(202), { did: 'x' })] }
  }),
  example('D10.10 a frame without a readable stamp is no first event', {
    given: resuming,
    when: [frame('{}', at(202), 1), first(at(180))],
    then: { cursor: at(180), reports: [rejected('time', at(202)), gap(at(95), at(180), at(202))] }
  }),
  example('D10.11 a commit can be the first event, and is applied', {
    given: resuming,
    when: [put(ALICE, 'a', repo(), at(180), { at: at(202), connection: 1 })],
    then: { rows: [row(ALICE, 'a', repo())], effects: [subscribe(K1, 1)], reports: [gap(at(95), at(180), at(202))] }
  }),
  example('D10.12 a server that numbers its frames is asked to go on at the last one', {
    given: [passing(at(100), { ordinal: 7 })],
    when: [started(at(200))],
    then: { effects: [open(1, at(95), 7)] }
  }),
  example('D10.13 a server is believed if that very frame comes first', {
    given: numbered,
    when: [next(at(100), 7), next(at(400), 8)],
    then: { cursor: at(400), effects: [], reports: [] }
  }),
  example('D10.14 a server is believed whatever that frame contains', {
    given: [frame({ did: 'x', time_us: at(100), cursor: 7 }, at(101)), started(at(200)), opened(1, at(201))],
    when: [frame({ did: 'x', time_us: at(100), cursor: 7 }, at(202), 1), next(at(400), 8)],
    then: { cursor: at(400), effects: [], reports: [] }
  }),
  example('D10.15 another frame under that number means that the server counts anew: it is asked by time at once, and nothing is applied', {
    given: numbered,
    when: [put(ALICE, 'a', repo(), at(150), { at: at(202), connection: 1, ordinal: 7 }), next(at(151), 8)],
    then: { cursor: at(100), rows: [], effects: [close(1), open(2, at(95))], reports: [] }
  }),
  example('D10.16 a frame of another number first means that the server counts anew', {
    given: numbered,
    when: [put(ALICE, 'a', repo(), at(100), { at: at(202), connection: 1, ordinal: 8 })],
    then: { cursor: at(100), rows: [], effects: [close(1), open(2, at(95))], reports: [] }
  }),
  example('D10.17 a first frame without a number, or one that cannot be read, means that the server counts anew', {
    given: numbered,
    when: [frame('{', at(202), 1)],
    then: { cursor: at(100), effects: [close(1), open(2, at(95))], reports: [] }
  }),
  example('D10.18 the first event after a fallback answers for the time', {
    given: [...numbered, next(at(150), 9), opened(2, at(203))],
    when: [passing(at(180), { at: at(204), connection: 2, ordinal: 3 })],
    then: { cursor: at(180), effects: [], reports: [gap(at(95), at(180), at(204))] }
  }),
  example('D10.19 a number that is not answered within ten seconds falls back to the time', {
    given: [passing(at(100), { ordinal: 7 }), started(at(200))],
    when: [opened(1, at(201)), timer(1, at(211))],
    then: { effects: [wake(1, 10_000, 10_000), close(1), open(2, at(95))] }
  }),
  example('D10.20 a timer that fires after the number was answered does nothing', {
    given: [...numbered, next(at(100), 7)],
    when: [timer(1, at(211))],
    then: { effects: [], changes: [] }
  }),
  example('D10.21 a server is not asked for the number of another server', {
    given: [passing(at(100), { ordinal: 7 })],
    when: [started(at(200), { jetstream: 'wss://other.example/subscribe' }), started(at(201))],
    then: { effects: [open(1, at(95)), open(2, at(95), 7)] }
  }),
  example('D10.22 a server that gave no number for the last frame is not asked by number', {
    given: [passing(at(100), { ordinal: 7 }), passing(at(100))],
    when: [started(at(200))],
    then: { effects: [open(1, at(95))] }
  }),
  example('D10.23 a frame of a replay does not change the number to resume at', {
    given: [passing(at(100), { ordinal: 7 }), passing(at(99), { ordinal: 4 }), passing(at(98))],
    when: [started(at(200))],
    then: { effects: [open(1, at(95), 7)] }
  }),
  example('D10.24 a server is asked by time after five attempts in a row', {
    given: [
      passing(at(100), { ordinal: 7 }),
      started(at(200)),
      ...[1, 2, 3, 4].flatMap((n) => [closed(n, at(200 + n)), timer(n + 1, at(200 + n))])
    ],
    when: [closed(5, at(210)), timer(6, at(211))],
    then: { effects: [wake(6, 32_000), open(6, at(95))] }
  }),
  example('D10.25 an operator who asks for a time is not answered by a number', {
    given: [passing(at(100), { ordinal: 7 })],
    when: [started(at(200), {}, at(10)), started(at(201))],
    then: { effects: [open(1, at(10)), open(2, at(10))] }
  }),
  example('D10.26 a frame that was skipped is not met again by number', {
    given: [
      passing(at(100), { ordinal: 7 }),
      started(at(200)),
      poisoned(1, at(201)),
      timer(2, at(202)),
      poisoned(2, at(203)),
      timer(3, at(204))
    ],
    when: [poisoned(3, at(205)), timer(4, at(206))],
    then: { effects: [wake(4, 8_000), open(4, at(101))], reports: [gap(at(100), at(101), at(205))] }
  })
]

// ---------------------------------------------------------------------------------------- D12

/** A frame that cannot be taken in closes connection after connection, before anything else has come. */
const poisonings = (from: number, count: number): ReadonlyArray<Happening> =>
  Array.from({ length: count }, (_, i) => [
    ...(from + i === 1 ? [] : [timer(from + i, at(200 + 10 * i))]),
    opened(from + i, at(201 + 10 * i)),
    poisoned(from + i, at(202 + 10 * i))
  ]).flat()

const D12: ReadonlyArray<Example> = [
  example('D12.1 an undecodable frame is a rejection, counted and reported; the connection stays', {
    given: [started(at(0)), opened(1, at(1)), passing(at(2), { connection: 1 })],
    when: [
      frame('{', at(3), 1),
      frame('', at(4), 1),
      frame('null', at(5), 1),
      frame('[]', at(6), 1),
      passing(at(7), { connection: 1 })
    ],
    then: {
      cursor: at(7),
      effects: [],
      reports: [rejected('json', at(3)), rejected('json', at(4)), rejected('frame', at(5)), rejected('frame', at(6))]
    }
  }),
  example('D12.2 a frame that closes the connection is met again, once and twice', {
    given: [passing(at(100)), started(at(150))],
    when: poisonings(1, 2),
    then: { cursor: at(100), effects: [wake(2, 2_000), open(2, at(95)), wake(3, 4_000)], reports: [] }
  }),
  example('D12.3 a frame that closes the connection three times at one cursor is skipped, with a gap', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 2)],
    when: [...poisonings(3, 1), timer(4, at(300))],
    then: {
      cursor: at(100),
      effects: [open(3, at(95)), wake(4, 8_000), open(4, at(101))],
      reports: [gap(at(100), at(101), at(202))]
    }
  }),
  example('D12.4 a frame that closes the connection there too is skipped by twice as much, and again', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 3)],
    when: [...poisonings(4, 2), timer(6, at(300))],
    then: {
      effects: [open(4, at(101)), wake(5, 16_000), open(5, at(103)), wake(6, 32_000), open(6, at(107))],
      reports: [gap(at(101), at(103), at(202)), gap(at(103), at(107), at(212))]
    }
  }),
  example('D12.5 no resume goes back before a skipped frame once something behind it has come', {
    given: [
      passing(at(100)),
      started(at(150)),
      ...poisonings(1, 3),
      timer(4, at(300)),
      opened(4, at(301)),
      passing(at(103), { connection: 4 })
    ],
    when: [closed(4, at(302)), timer(5, at(303))],
    then: { cursor: at(103), effects: [wake(5, 16_000), open(5, at(101))] }
  }),
  example('D12.6 resumes ask for five seconds again later on', {
    given: [
      passing(at(100)),
      started(at(150)),
      ...poisonings(1, 3),
      timer(4, at(300)),
      opened(4, at(301)),
      passing(at(120), { connection: 4 })
    ],
    when: [closed(4, at(302)), timer(5, at(303))],
    then: { cursor: at(120), effects: [wake(5, 16_000), open(5, at(115))] }
  }),
  example('D12.7 a cursor that moves in between restarts the count', {
    given: [
      passing(at(100)),
      started(at(150)),
      ...poisonings(1, 2),
      timer(3, at(220)),
      opened(3, at(221)),
      passing(at(110), { at: at(222), connection: 3 })
    ],
    when: [poisoned(3, at(223)), timer(4, at(224))],
    then: { cursor: at(110), effects: [wake(4, 8_000), open(4, at(105))], reports: [] }
  }),
  example('D12.8 a replay up to the cursor does not restart the count', {
    given: [
      passing(at(100)),
      started(at(150)),
      ...poisonings(1, 2),
      timer(3, at(220)),
      opened(3, at(221)),
      passing(at(96), { at: at(222), connection: 3 }),
      passing(at(100), { at: at(222), connection: 3 })
    ],
    when: [poisoned(3, at(223)), timer(4, at(224))],
    then: { effects: [wake(4, 8_000), open(4, at(101))], reports: [gap(at(100), at(101), at(223))] }
  }),
  example('D12.9 a connection that closes for another reason does not count', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 2), timer(3, at(220))],
    when: [closed(3, at(223)), timer(4, at(224))],
    then: { effects: [wake(4, 8_000), open(4, at(95))], reports: [] }
  }),
  example('D12.10 a poisoned connection without a cursor skips nothing: from now on is behind it already', {
    given: [started(at(150))],
    when: [...poisonings(1, 4), timer(5, at(300))],
    then: {
      cursor: null,
      effects: [
        wake(2, 2_000),
        open(2, null),
        wake(3, 4_000),
        open(3, null),
        wake(4, 8_000),
        open(4, null),
        wake(5, 16_000),
        open(5, null)
      ],
      reports: []
    }
  }),
  example('D12.11 a poisoned connection without a cursor skips from the time that an operator asked for', {
    given: [started(at(150), {}, at(50))],
    when: [...poisonings(1, 3), timer(4, at(300))],
    then: {
      cursor: null,
      effects: [wake(2, 2_000), open(2, at(50)), wake(3, 4_000), open(3, at(50)), wake(4, 8_000), open(4, at(51))],
      reports: [gap(at(50), at(51), at(222))]
    }
  }),
  example('D12.14 a start time set by the operator holds after a skip, and restarts the count', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 3)],
    when: [started(at(300), {}, at(50)), opened(5, at(301)), poisoned(5, at(302)), timer(6, at(303))],
    then: { effects: [open(5, at(50)), wake(6, 2_000), open(6, at(50))] }
  }),
  example('D12.15 a frame met while older events are read again is skipped from where that has come to, not from beyond the cursor', {
    given: [passing(at(100)), started(at(150), {}, at(50)), passing(at(60), { at: at(151), connection: 1 })],
    when: [...poisonings(1, 3), timer(4, at(300))],
    then: {
      cursor: at(100),
      effects: [wake(2, 2_000), open(2, at(55)), wake(3, 4_000), open(3, at(55)), wake(4, 8_000), open(4, at(61))],
      reports: [gap(at(60), at(61), at(222))]
    }
  }),
  example('D12.16 progress in reading again sets the count back to 0', {
    given: [passing(at(100)), started(at(150), {}, at(50)), passing(at(60), { at: at(151), connection: 1 }), ...poisonings(1, 2)],
    when: [timer(3, at(300)), passing(at(61), { at: at(301), connection: 3 }), poisoned(3, at(302)), timer(4, at(303))],
    then: { cursor: at(100), effects: [open(3, at(55)), wake(4, 8_000), open(4, at(56))] }
  }),
  example('D12.12 a restart does not forget the count', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 2)],
    when: [started(at(300)), opened(4, at(301)), poisoned(4, at(302)), timer(5, at(303))],
    then: { effects: [open(4, at(95)), wake(5, 2_000), open(5, at(101))], reports: [gap(at(100), at(101), at(302))] }
  }),
  example('D12.13 the first event after a skip is compared with what the skip asked for', {
    given: [passing(at(100)), started(at(150)), ...poisonings(1, 3), timer(4, at(300)), opened(4, at(301))],
    when: [passing(at(101), { at: at(302), connection: 4 })],
    then: { cursor: at(101), reports: [] }
  })
]

// ---------------------------------------------------------------------------------------- D13

const commitBy = (did: string, rkey: string) =>
  frame(
    {
      did,
      time_us: at(1),
      kind: 'commit',
      commit: { rev: rev(at(1)), operation: 'create', collection: REPO, rkey, record: { spindle: US, knot: K1 } }
    },
    at(2)
  )

const D13: ReadonlyArray<Example> = [
  ...[
    'alice.example',
    'did:plc',
    'did:plc:',
    'DID:plc:x',
    'did:Plc:x',
    'did:plc:x y',
    'did:plc:ä',
    'did:plc:x:',
    'did:plc:x%',
    ' did:plc:x'
  ].map((did, i) =>
    example(`D13.${String(1 + i)} "${did}" is not a DID: the commit is rejected`, {
      when: [commitBy(did, 'app')],
      then: { rows: [], cursor: at(1), changes: ['counters', 'cursor'], reports: [rejected('did', at(2), { did })] }
    })
  ),
  ...['', '.', '..', 'a/b', 'a b', '%2e', 'ä', 'x\u0000', 'x\r\n', 'a@b'].map((rkey, i) =>
    example(`D13.${String(11 + i)} ${JSON.stringify(rkey)} is not an rkey: the commit is rejected`, {
      when: [commitBy(ALICE, rkey)],
      then: {
        rows: [],
        cursor: at(1),
        changes: ['counters', 'cursor'],
        reports: [rejected('rkey', at(2), { collection: REPO, did: ALICE, operation: 'create', rkey })]
      }
    })
  ),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '10', '~', '...', 'a:b.c_d-e~f', 'x'.repeat(512)].map((rkey, i) =>
    example(`D13.${String(21 + i)} "${rkey.slice(0, 20)}" is a valid rkey`, {
      when: [commitBy(ALICE, rkey)],
      then: {
        rows: [row(ALICE, rkey, repo({ createdAt: '', name: '' }))],
        effects: [subscribe(K1, 1)],
        questions: [
          { ask: 'repoAt', did: ALICE, rkey, answer: { createdAt: '', knot: K1, name: '', repoDid: '', spindle: US } },
          { ask: 'holdersOf', host: K1, answer: [`${ALICE}/${rkey}`] }
        ]
      }
    })
  ),
  example('D13.30 keys are in the order of their bytes', {
    when: ['b', 'B', '10', '9', '_', '~', 'a'].map((rkey, i) => put(ALICE, rkey, repo({ spindle: '' }), at(i))),
    then: { rows: ['10', '9', 'B', '_', 'a', 'b', '~'].map((rkey) => row(ALICE, rkey, repo({ spindle: '' }))) }
  })
]

export const DECISIONS: ReadonlyArray<Example> = [...D1, ...D2, ...D3, ...D4, ...D6, ...D7, ...D9, ...D10, ...D12, ...D13]
