/** Examples of S13–S17: from the rows to the knots we listen to, and the questions that the rows answer. */
import { MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  del,
  type Example,
  example,
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotless,
  knotOpened,
  knotTimer,
  member,
  open,
  OWNER,
  put,
  repo,
  rev,
  row,
  started,
  subscribe,
  unsubscribe,
  US,
  wakeKnot
} from './support.js'

/** The text of a frame with that stamp. */
const sent = (created: string): string => `{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":${created}}`

/** The text of a frame without a stamp. */
const keyed = (rkey: string): string => `{"event":{},"nsid":"sh.tangled.knot.memberUpdate","rkey":"${rkey}"}`

export const KNOTS: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- S13
  example('S13.1 subscribes when a record names us and a knot', {
    when: [put(ALICE, 'app', repo({ knot: K1, spindle: US }), at(1))],
    then: { subscriptions: [K1], effects: [subscribe(K1, 1)] }
  }),
  example('S13.2 stays subscribed when the record is put again', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo({ name: 'renamed' }), at(2))],
    then: { subscriptions: [K1], effects: [], changes: ['commits', 'counters', 'cursor'] }
  }),
  example('S13.3 does nothing when a record names another spindle, or none', {
    when: [
      put(ALICE, 'a', repo({ spindle: 'other.example' }), at(1)),
      put(ALICE, 'b', repo({ spindle: '' }), at(2)),
      put(ALICE, 'c', repo({ knot: '', spindle: US }), at(3))
    ],
    then: { subscriptions: [], effects: [] }
  }),
  example('S13.4 compares names with ours byte for byte', {
    when: [
      put(ALICE, 'a', repo({ spindle: 'CI.example' }), at(1)),
      put(ALICE, 'b', repo({ spindle: 'ci.example.' }), at(2)),
      put(ALICE, 'c', repo({ spindle: ' ci.example' }), at(3)),
      put(ALICE, 'd', repo({ spindle: 'ci.example:443' }), at(4)),
      put(ALICE, 'e', repo({ spindle: 'https://ci.example' }), at(5))
    ],
    then: { subscriptions: [], effects: [] }
  }),
  example('S13.5 unsubscribes when the record names another spindle instead', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo({ spindle: 'other.example' }), at(2))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.6 unsubscribes when the record stops naming a spindle', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo({ spindle: '' }), at(2))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.7 subscribes to the new knot and unsubscribes from the old one when the record moves', {
    given: [put(ALICE, 'app', repo({ knot: K1 }), at(1))],
    when: [put(ALICE, 'app', repo({ knot: K2 }), at(2))],
    then: { subscriptions: [K2], effects: [subscribe(K2, 2), unsubscribe(K1, 1)] }
  }),
  example('S13.8 subscribes before unsubscribing even when the new knot comes first in the alphabet', {
    given: [put(ALICE, 'app', repo({ knot: K2 }), at(1))],
    when: [put(ALICE, 'app', repo({ knot: K1 }), at(2))],
    then: { subscriptions: [K1], effects: [subscribe(K1, 2), unsubscribe(K2, 1)] }
  }),
  example('S13.9 unsubscribes when the record stops naming a knot', {
    given: [put(ALICE, 'app', repo({ knot: K1 }), at(1))],
    when: [put(ALICE, 'app', repo({ knot: '' }), at(2))],
    then: { rows: [knotless(ALICE, 'app', repo())], subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.10 unsubscribes when the record is deleted', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [del(ALICE, REPO, 'app', at(2))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.11 stays subscribed while another record of the account holds the knot', {
    given: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'b', repo(), at(2))],
    when: [del(ALICE, REPO, 'a', at(3))],
    then: { subscriptions: [K1], effects: [] }
  }),
  example('S13.12 stays subscribed while a record of another account holds the knot', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo(), at(2))],
    when: [put(ALICE, 'a', repo({ spindle: '' }), at(3))],
    then: { subscriptions: [K1], effects: [] }
  }),
  example('S13.13 unsubscribes with the last record that holds the knot', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo(), at(2)), del(ALICE, REPO, 'a', at(3))],
    when: [del(BOB, REPO, 'a', at(4))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.14 a record on the same knot that does not name us holds nothing', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo({ spindle: 'other.example' }), at(2))],
    when: [del(ALICE, REPO, 'a', at(3))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.15 a record that moves to a knot already held releases the old one, and does not subscribe to the new one again', {
    given: [put(ALICE, 'a', repo({ knot: K1 }), at(1)), put(BOB, 'a', repo({ knot: K2 }), at(2))],
    when: [put(ALICE, 'a', repo({ knot: K2 }), at(3))],
    then: {
      subscriptions: [K2],
      effects: [unsubscribe(K1, 1)],
      questions: [{ ask: 'holdersOf', host: K2, answer: [`${ALICE}/a`, `${BOB}/a`] }]
    }
  }),
  example('S13.16 a record of the other collections holds no knot', {
    when: [put(ALICE, 'm', member({ instance: US }), at(1)), put(ALICE, 'c', collaborator({ repo: K1 }), at(2))],
    then: { subscriptions: [], effects: [] }
  }),
  example('S13.17 the deletion of a record that did not hold its knot releases nothing', {
    given: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'b', repo({ spindle: 'other.example' }), at(2))],
    when: [del(ALICE, REPO, 'b', at(3))],
    then: { subscriptions: [K1], effects: [] }
  }),
  example('S13.18 brings subscriptions in line after a change of members (D7)', {
    config: { admission: 'members' },
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(OWNER, 'm', member({ subject: ALICE }), at(2))],
    then: { subscriptions: [K1], effects: [subscribe(K1, 1)] }
  }),
  example('S13.19 brings subscriptions in line after a change of an account (D5)', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [account(ALICE, 'suspended', at(2))],
    then: { subscriptions: [], effects: [unsubscribe(K1, 1)] }
  }),
  example('S13.20 starts from now at a knot that was released and is wanted again', {
    given: [
      put(ALICE, 'app', repo(), at(1)),
      knotOpened(K1, 1, at(2)),
      knotFrame(K1, '{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":1767225603000000001}', at(3), 1),
      del(ALICE, REPO, 'app', at(4))
    ],
    when: [put(ALICE, 'app', repo(), at(5))],
    then: { subscriptions: [K1], effects: [subscribe(K1, 2, null)] }
  }),

  // ---------------------------------------------------------------------------------------- S14
  example('S14.1 a replayed suffix of the stream ends in the same rows and the same subscriptions, and causes nothing', {
    given: [
      put(ALICE, 'app', repo({ knot: K1 }), at(1)),
      put(OWNER, 'm', member(), at(2)),
      put(ALICE, 'app', repo({ knot: K2 }), at(3)),
      del(ALICE, REPO, 'app', at(4)),
      put(ALICE, 'app', repo({ knot: K1 }), at(5)),
      del(OWNER, MEMBER, 'm', at(6))
    ],
    when: [
      put(OWNER, 'm', member(), at(2)),
      put(ALICE, 'app', repo({ knot: K2 }), at(3)),
      del(ALICE, REPO, 'app', at(4)),
      put(ALICE, 'app', repo({ knot: K1 }), at(5)),
      del(OWNER, MEMBER, 'm', at(6))
    ],
    then: { rows: [row(ALICE, 'app', repo({ knot: K1 }))], subscriptions: [K1], cursor: at(6), changes: ['counters'] }
  }),
  example('S14.2 put is idempotent', {
    given: [put(ALICE, 'app', repo(), at(1))],
    when: [put(ALICE, 'app', repo(), at(1)), put(ALICE, 'app', repo(), at(1))],
    then: { rows: [row(ALICE, 'app', repo())], subscriptions: [K1], changes: ['counters'] }
  }),
  example('S14.3 delete is idempotent', {
    given: [put(ALICE, 'app', repo(), at(1)), del(ALICE, REPO, 'app', at(2))],
    when: [del(ALICE, REPO, 'app', at(2)), del(ALICE, REPO, 'app', at(2))],
    then: { rows: [], subscriptions: [], changes: ['counters'] }
  }),
  example('S14.4 a deletion from before the first commit counts in a replay if that commit had an earlier stamp', {
    given: [
      account(ALICE, 'deleted', at(10), { changedUs: at(3), seq: 1 }),
      account(ALICE, 'active', at(8), { changedUs: at(4), seq: 2 }),
      put(ALICE, 'app', repo(), at(5))
    ],
    when: [
      account(ALICE, 'deleted', at(10), { changedUs: at(3), seq: 1 }),
      account(ALICE, 'active', at(8), { changedUs: at(4), seq: 2 }),
      put(ALICE, 'app', repo(), at(5))
    ],
    then: {
      rows: [],
      accounts: [{ active: false, asOfUs: at(10), did: ALICE, floor: { rev: rev(at(5)), timeUs: at(3) } }],
      subscriptions: [],
      effects: [unsubscribe(K1, 1)]
    }
  }),

  // ---------------------------------------------------------------------------------------- S15
  example('S15.1 a start subscribes to the knots that the stored records call for, by host', {
    given: [
      put(ALICE, 'a', repo({ knot: K2 }), at(1)),
      put(BOB, 'a', repo({ knot: K1 }), at(2)),
      put(BOB, 'b', repo({ knot: K1 }), at(3))
    ],
    when: [started(at(60))],
    then: { subscriptions: [K1, K2], effects: [open(1, at(-2)), subscribe(K1, 3), subscribe(K2, 4)] }
  }),
  example('S15.2 a start subscribes to nothing when nothing calls for it', {
    given: [put(ALICE, 'a', repo({ spindle: '' }), at(1)), put(BOB, 'a', repo(), at(2)), account(BOB, 'deactivated', at(3))],
    when: [started(at(60))],
    then: { subscriptions: [], effects: [open(1, at(-2))] }
  }),
  example('S15.3 a knot goes on from where it was, the last stamp included', {
    given: [
      started(at(0)),
      put(ALICE, 'a', repo(), at(1), { connection: 1 }),
      knotOpened(K1, 1, at(2)),
      knotFrame(K1, '{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":1767225603000000001}', at(4), 1)
    ],
    when: [started(at(60))],
    then: { effects: [open(2, at(-4)), subscribe(K1, 2, '1767225603000000000')] }
  }),
  example('S15.4 a start with another hostname calls for other knots', {
    given: [put(ALICE, 'a', repo({ knot: K1 }), at(1)), put(ALICE, 'b', repo({ knot: K2, spindle: 'new.example' }), at(2))],
    when: [started(at(60), { hostname: 'new.example' })],
    then: { subscriptions: [K2], effects: [open(1, at(-3)), subscribe(K2, 3)] }
  }),
  example('S15.5 a start with another admission calls for other knots', {
    given: [put(ALICE, 'a', repo({ knot: K1 }), at(1)), put(OWNER, 'a', repo({ knot: K2 }), at(2))],
    when: [started(at(60), { admission: 'members' })],
    then: { subscriptions: [K2], effects: [open(1, at(-3)), subscribe(K2, 3)] }
  }),
  example('S15.6 a start with another owner calls for other knots', {
    config: { admission: 'members' },
    given: [
      put(BOB, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2)),
      put(OWNER, 'a', repo({ knot: K2 }), at(3))
    ],
    when: [started(at(60), { admission: 'members', owner: BOB })],
    then: {
      subscriptions: [K1],
      effects: [open(1, at(-2)), subscribe(K1, 3)],
      questions: [{ ask: 'isMember', did: ALICE, answer: true }]
    }
  }),
  example('S15.7 a start does not subscribe to names that a changed configuration no longer accepts', {
    config: { hosts: { defaultPort: 443, loopback: true, ports: true } },
    given: [
      put(ALICE, 'a', repo({ knot: 'localhost:5555' }), at(1)),
      put(ALICE, 'b', repo({ knot: 'knot1.example:8443' }), at(2)),
      put(ALICE, 'c', repo({ knot: K2 }), at(3))
    ],
    when: [started(at(60), { hosts: { defaultPort: 443, loopback: false, ports: false } })],
    then: {
      rows: [knotless(ALICE, 'a', repo()), knotless(ALICE, 'b', repo()), row(ALICE, 'c', repo({ knot: K2 }))],
      subscriptions: [K2],
      effects: [open(1, at(-2)), subscribe(K2, 4)]
    }
  }),
  ...(
    [
      [
        'loopback names',
        { defaultPort: 443, loopback: true, ports: true },
        { defaultPort: 443, loopback: false, ports: true },
        'localhost:1',
        null
      ],
      [
        'ports',
        { defaultPort: 443, loopback: true, ports: true },
        { defaultPort: 443, loopback: true, ports: false },
        'a.example:1',
        null
      ],
      [
        'a default port',
        { defaultPort: 443, loopback: true, ports: true },
        { defaultPort: 1, loopback: true, ports: true },
        'a.example:1',
        'a.example'
      ]
    ] as const
  ).map(([what, before, after, knot, now], i) =>
    example(`S15.${String(8 + i)} a start applies a changed configuration even when only ${what} changes`, {
      config: { hosts: before },
      given: [put(ALICE, 'a', repo({ knot }), at(1))],
      when: [started(at(60), { hosts: after })],
      then: {
        rows: [now === null ? knotless(ALICE, 'a', repo()) : row(ALICE, 'a', repo({ knot: now }))],
        subscriptions: now === null ? [] : [now],
        effects: [open(1, at(-4)), ...(now === null ? [] : [subscribe(now, 3)])]
      }
    })
  ),

  // ---------------------------------------------------------------------------------------- S16
  example('S16.1 rows and subscriptions follow the records even if no subscription ever answers', {
    when: [
      put(ALICE, 'a', repo({ knot: K1 }), at(1)),
      put(ALICE, 'b', repo({ knot: K2 }), at(2)),
      put(ALICE, 'a', repo({ knot: K2 }), at(3)),
      del(ALICE, REPO, 'b', at(4)),
      del(ALICE, REPO, 'a', at(5)),
      put(ALICE, 'a', repo({ knot: K1 }), at(6))
    ],
    then: {
      rows: [row(ALICE, 'a', repo({ knot: K1 }))],
      subscriptions: [K1],
      effects: [subscribe(K1, 1), subscribe(K2, 2), unsubscribe(K1, 1), unsubscribe(K2, 2), subscribe(K1, 3)]
    }
  }),
  example('S16.2 an answer that comes too late changes nothing', {
    given: [put(ALICE, 'a', repo(), at(1)), del(ALICE, REPO, 'a', at(2)), put(ALICE, 'a', repo(), at(3))],
    when: [knotOpened(K1, 1, at(4)), knotClosed(K1, 1, at(5)), knotTimer(K1, 1, at(6)), knotOpened(K2, 2, at(7))],
    then: { subscriptions: [K1], effects: [], changes: [] }
  }),
  example('S16.3 a lost knot is connected again, from its last stamp', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      knotOpened(K1, 1, at(2)),
      knotFrame(K1, '{"rkey":"x","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":1767225603000000001}', at(3), 1)
    ],
    when: [knotClosed(K1, 1, at(4)), knotTimer(K1, 2, at(6))],
    then: { subscriptions: [K1], effects: [wakeKnot(K1, 2, 2_000), subscribe(K1, 2, '1767225603000000000')] }
  }),
  example('S16.4 stamps a nanosecond apart are two, and the later one counts, whichever comes last', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      put(BOB, 'a', repo({ knot: K2 }), at(1)),
      ...['1767225603000000001', '1767225603000000002'].map((created) => knotFrame(K1, sent(created), at(3), 1)),
      ...['1767225603000000002', '1767225603000000001'].map((created) => knotFrame(K2, sent(created), at(3), 2))
    ],
    when: [knotClosed(K1, 1, at(4)), knotTimer(K1, 3, at(6)), knotClosed(K2, 2, at(7)), knotTimer(K2, 4, at(9))],
    then: {
      effects: [
        wakeKnot(K1, 3, 2_000),
        subscribe(K1, 3, '1767225603000000001'),
        wakeKnot(K2, 4, 2_000),
        subscribe(K2, 4, '1767225603000000001')
      ]
    }
  }),
  example('S16.5 a backlog without stamps sets the cursor to the time in the key of the last frame, not to its receipt', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      knotOpened(K1, 1, at(2)),
      ...[rev(at(1)), rev(at(1) + 1)].map((rkey) => knotFrame(K1, keyed(rkey), at(500), 1))
    ],
    when: [knotClosed(K1, 1, at(500)), knotTimer(K1, 2, at(502))],
    then: { effects: [wakeKnot(K1, 2, 2_000), subscribe(K1, 2, '1767225601000000999')] }
  }),
  example('S16.6 a key that is no TID, or one from the future, counts as now, less the margin', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      put(BOB, 'a', repo({ knot: K2 }), at(1)),
      knotFrame(K1, keyed('x'), at(9), 1),
      knotFrame(K2, keyed(rev(at(9) + 300_000_001)), at(9), 2)
    ],
    when: [knotClosed(K1, 1, at(9)), knotTimer(K1, 3, at(11)), knotClosed(K2, 2, at(12)), knotTimer(K2, 4, at(14))],
    then: {
      effects: [
        wakeKnot(K1, 3, 2_000),
        subscribe(K1, 3, '1767225603999999999'),
        wakeKnot(K2, 4, 2_000),
        subscribe(K2, 4, '1767225603999999999')
      ]
    }
  }),

  // ---------------------------------------------------------------------------------------- S17
  example('S17.1 is this DID a member?', {
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(BOB, 'm', member({ subject: BOB }), at(2))],
    when: [],
    then: {
      questions: [
        { ask: 'isMember', did: ALICE, answer: true },
        { ask: 'isMember', did: BOB, answer: false },
        { ask: 'isMember', did: OWNER, answer: false },
        { ask: 'isMember', did: '', answer: false }
      ]
    }
  }),
  example('S17.2 which repo is at this key?', {
    given: [
      put(ALICE, 'a', repo({ name: 'one' }), at(1)),
      put(ALICE, 'b', repo(), at(2)),
      del(ALICE, REPO, 'b', at(3)),
      put(ALICE, 'c', member(), at(4))
    ],
    when: [],
    then: {
      questions: [
        {
          ask: 'repoAt',
          did: ALICE,
          rkey: 'a',
          answer: { createdAt: '2026-01-01T00:00:00Z', knot: K1, name: 'one', repoDid: '', spindle: US }
        },
        { ask: 'repoAt', did: ALICE, rkey: 'b', answer: null },
        { ask: 'repoAt', did: ALICE, rkey: 'c', answer: null },
        { ask: 'repoAt', did: BOB, rkey: 'a', answer: null }
      ]
    }
  }),
  example('S17.3 is this knot wanted, and by which records?', {
    given: [
      put(BOB, 'a', repo(), at(1)),
      put(ALICE, 'z', repo(), at(2)),
      put(ALICE, 'b', repo(), at(3)),
      put(ALICE, 'c', repo({ knot: K2, spindle: '' }), at(4))
    ],
    when: [],
    then: {
      questions: [
        { ask: 'isWanted', host: K1, answer: true },
        { ask: 'holdersOf', host: K1, answer: [`${ALICE}/b`, `${ALICE}/z`, `${BOB}/a`] },
        { ask: 'isWanted', host: K2, answer: false },
        { ask: 'holdersOf', host: K2, answer: [] }
      ]
    }
  }),
  example('S17.4 which knots are wanted?', {
    given: [
      put(ALICE, 'a', repo({ knot: K2 }), at(1)),
      put(ALICE, 'b', repo({ knot: K1 }), at(2)),
      put(BOB, 'a', repo({ knot: K2 }), at(3))
    ],
    when: [],
    then: { questions: [{ ask: 'wantedKnots', answer: [K1, K2] }] }
  }),
  example('S17.5 rows that are set aside do not count for any query (D5)', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'takendown', at(2))],
    when: [],
    then: {
      questions: [
        { ask: 'repoAt', did: ALICE, rkey: 'a', answer: null },
        { ask: 'isWanted', host: K1, answer: false },
        { ask: 'holdersOf', host: K1, answer: [] },
        { ask: 'wantedKnots', answer: [] }
      ]
    }
  })
]
