/** Examples of D5: accounts that go, and come back. */
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  del,
  type Example,
  example,
  frame,
  fromFuture,
  K1,
  K2,
  member,
  open,
  OWNER,
  put,
  repo,
  rev,
  row,
  type Standing,
  started,
  subscribe,
  tombstone,
  unsubscribe
} from './support.js'

const active = (did: string, asOfUs: number, floor: Standing['floor'] = null): Standing => ({ active: true, asOfUs, did, floor })
const inactive = (did: string, asOfUs: number, floor: Standing['floor'] = null): Standing => ({
  active: false,
  asOfUs,
  did,
  floor
})
const floor = (timeUs: number, rev: string | null): Standing['floor'] => ({ rev, timeUs })

/** Alice's account was deleted at `at(10)`, when the greatest rev applied was one of `at(5)`. */
const deleted = [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'c', collaborator(), at(5)), account(ALICE, 'deleted', at(10))]

export const ACCOUNTS: ReadonlyArray<Example> = [
  // ------------------------------------------------------------------ set aside, brought back
  example('D5.1 an inactive account has its rows set aside, for every query and every subscription', {
    given: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'c', collaborator(), at(2)), put(ALICE, 'm', member(), at(3))],
    when: [account(ALICE, 'deactivated', at(4))],
    then: {
      rows: [],
      tombstones: [],
      accounts: [inactive(ALICE, at(4))],
      subscriptions: [],
      effects: [unsubscribe(K1, 1)],
      questions: [
        { ask: 'repoAt', did: ALICE, rkey: 'a', answer: null },
        { ask: 'holdersOf', host: K1, answer: [] }
      ]
    }
  }),
  example('D5.2 an inactive account has its rows set aside whatever status is given, or none', {
    given: ['a', 'b', 'c', 'd'].map((rkey, i) => put(`did:web:${rkey}.example`, rkey, repo({ spindle: '' }), at(i))),
    when: [
      account('did:web:a.example', 'takendown', at(10)),
      account('did:web:b.example', 'suspended', at(11)),
      account('did:web:c.example', 'of a kind unheard of', at(12)),
      account('did:web:d.example', null, at(13))
    ],
    then: {
      rows: [],
      accounts: [
        inactive('did:web:a.example', at(10)),
        inactive('did:web:b.example', at(11)),
        inactive('did:web:c.example', at(12)),
        inactive('did:web:d.example', at(13))
      ]
    }
  }),
  example('D5.3 reactivation brings the rows back', {
    given: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'c', collaborator(), at(2)), account(ALICE, 'deactivated', at(4))],
    when: [account(ALICE, 'active', at(5))],
    then: {
      rows: [row(ALICE, 'a', repo()), row(ALICE, 'c', collaborator())],
      accounts: [active(ALICE, at(5))],
      subscriptions: [K1],
      effects: [subscribe(K1, 2)]
    }
  }),
  example('D5.4 a deactivation leaves the rows of other accounts alone', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo(), at(2))],
    when: [account(ALICE, 'suspended', at(3))],
    then: {
      rows: [row(BOB, 'a', repo())],
      accounts: [inactive(ALICE, at(3)), active(BOB, at(2))],
      subscriptions: [K1],
      effects: []
    }
  }),
  example('D5.5 a second deactivation sets nothing aside again', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(2))],
    when: [account(ALICE, 'deactivated', at(3)), account(ALICE, 'suspended', at(4))],
    then: { rows: [], accounts: [inactive(ALICE, at(4))], effects: [] }
  }),
  example('D5.6 tombstones stay while an account is inactive', {
    given: [put(ALICE, 'a', repo(), at(1)), del(ALICE, REPO, 'a', at(2)), account(ALICE, 'suspended', at(3))],
    when: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'active', at(4))],
    then: { rows: [], tombstones: [tombstone(ALICE, REPO, 'a', rev(at(2)))], subscriptions: [] }
  }),

  // ------------------------------------------------------------------ deletion, and its floor
  example('D5.7 a deletion removes rows and tombstones, and sets a floor: its time, and the greatest rev applied', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      put(ALICE, 'c', collaborator(), at(5)),
      del(ALICE, MEMBER, 'm', at(3)),
      put(ALICE, 'b', repo(), at(7), { rev: null })
    ],
    when: [account(ALICE, 'deleted', at(10))],
    then: {
      rows: [],
      tombstones: [],
      accounts: [inactive(ALICE, at(10), floor(at(10), rev(at(5))))],
      subscriptions: [],
      effects: [unsubscribe(K1, 1)]
    }
  }),
  ...(
    [
      ['repo', put(ALICE, 'a', repo({ spindle: '' }), at(5)), put(ALICE, 'b', member(), at(1))],
      ['member', put(ALICE, 'a', member(), at(5)), put(ALICE, 'b', repo({ spindle: '' }), at(1))],
      ['collaborator', put(ALICE, 'a', collaborator(), at(5)), put(ALICE, 'b', member(), at(1))],
      ['tombstone', del(ALICE, REPO, 'a', at(5)), put(ALICE, 'b', repo({ spindle: '' }), at(1))]
    ] as const
  ).map(([what, greatest, other], i) =>
    example(`D5.${String(8 + i)} the greatest rev counts even when it is that of a ${what}`, {
      given: [greatest, other],
      when: [account(ALICE, 'deleted', at(10))],
      then: { accounts: [inactive(ALICE, at(10), floor(at(10), rev(at(5))))] }
    })
  ),
  example('D5.12 an account without any rev gets a floor without one', {
    given: [put(ALICE, 'a', repo({ spindle: '' }), at(1), { rev: null })],
    when: [account(ALICE, 'deleted', at(10))],
    then: { accounts: [inactive(ALICE, at(10), floor(at(10), null))] }
  }),
  example('D5.13 a commit whose rev is not later than the time of the deletion changes nothing, at any key', {
    given: deleted,
    when: [
      put(ALICE, 'a', repo(), at(11), { rev: rev(at(9)) }),
      put(ALICE, 'new', repo(), at(11), { rev: rev(at(10)) }),
      put(ALICE, 'new', member(), at(11), { rev: rev(at(10), 1023) }),
      del(ALICE, COLLABORATOR, 'new', at(11), { rev: rev(at(8)) }),
      account(ALICE, 'active', at(12))
    ],
    then: { rows: [], tombstones: [], accounts: [active(ALICE, at(12), floor(at(10), rev(at(5))))] }
  }),
  example('D5.14 a commit whose rev is not later than the greatest one applied before the deletion changes nothing', {
    given: [
      put(ALICE, 'a', repo(), at(1), { rev: rev(at(100)) }),
      account(ALICE, 'deleted', at(10)),
      account(ALICE, 'active', at(11))
    ],
    when: [
      put(ALICE, 'b', repo(), at(101), { rev: rev(at(99)) }),
      put(ALICE, 'c', repo(), at(101), { rev: rev(at(100)) }),
      put(ALICE, 'd', repo({ knot: K2 }), at(101), { rev: rev(at(100), 1) })
    ],
    then: {
      rows: [row(ALICE, 'd', repo({ knot: K2 }))],
      accounts: [active(ALICE, at(11), floor(at(10), rev(at(100))))],
      effects: [subscribe(K2, 2)]
    }
  }),
  example('D5.15 a commit without a valid rev changes nothing below a floor, whatever its stamp says', {
    given: [...deleted, account(ALICE, 'active', at(11))],
    when: [
      put(ALICE, 'a', repo(), at(20), { rev: null }),
      put(ALICE, 'b', repo(), at(21), { rev: rev(at(21 + 301)) }),
      frame(
        {
          did: ALICE,
          time_us: at(22),
          kind: 'commit',
          commit: { rev: 'not a tid', operation: 'create', collection: REPO, rkey: 'c', record: {} }
        },
        at(23)
      )
    ],
    then: { rows: [], tombstones: [], accounts: [active(ALICE, at(11), floor(at(10), rev(at(5))))], subscriptions: [] }
  }),
  example('D5.16 a commit later than the floor is applied', {
    given: [...deleted, account(ALICE, 'active', at(11))],
    when: [put(ALICE, 'a', repo(), at(12), { rev: rev(at(10) + 1) })],
    then: { rows: [row(ALICE, 'a', repo())], effects: [subscribe(K1, 2)] }
  }),
  example('D5.48 the time decides above a floor without a rev', {
    given: [put(ALICE, 'a', repo(), at(1), { rev: null }), account(ALICE, 'deleted', at(10)), account(ALICE, 'active', at(11))],
    when: [put(ALICE, 'b', repo(), at(12), { rev: rev(at(10)) }), put(ALICE, 'c', repo({ knot: K2 }), at(12))],
    then: { rows: [row(ALICE, 'c', repo({ knot: K2 }))], effects: [subscribe(K2, 2)] }
  }),
  example('D5.17 the floor survives reactivation, and another deactivation', {
    given: [...deleted, account(ALICE, 'active', at(11)), account(ALICE, 'suspended', at(12)), account(ALICE, 'active', at(13))],
    when: [put(ALICE, 'a', repo(), at(14), { rev: rev(at(10)) })],
    then: { rows: [], accounts: [active(ALICE, at(13), floor(at(10), rev(at(5))))] }
  }),
  example('D5.18 a later deletion raises the floor', {
    given: [...deleted, account(ALICE, 'active', at(11)), put(ALICE, 'b', repo({ spindle: '' }), at(15))],
    when: [account(ALICE, 'deleted', at(20))],
    then: { rows: [], accounts: [inactive(ALICE, at(20), floor(at(20), rev(at(15))))] }
  }),
  example('D5.19 a later deletion does not forget the greatest rev of the one before', {
    given: [...deleted, account(ALICE, 'active', at(11))],
    when: [account(ALICE, 'deleted', at(20))],
    then: { accounts: [inactive(ALICE, at(20), floor(at(20), rev(at(5))))] }
  }),
  example('D5.20 an active account deletes nothing, whatever status it has', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [
      frame({ did: ALICE, time_us: at(2), kind: 'account', account: { active: true, did: ALICE, status: 'deleted' } }, at(3))
    ],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(2))], subscriptions: [K1] }
  }),

  // ------------------------------------------------------------------ the gate of account events
  example('D5.21 an account event older than the last one changes nothing', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(10))],
    when: [account(ALICE, 'active', at(10) - 1), account(ALICE, 'deleted', at(9))],
    then: { rows: [], accounts: [inactive(ALICE, at(10))], subscriptions: [] }
  }),
  example('D5.22 a deactivation older than the last account event changes nothing', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(10)), account(ALICE, 'active', at(12))],
    when: [account(ALICE, 'suspended', at(10)), account(ALICE, 'deleted', at(11))],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(12))], subscriptions: [K1], effects: [] }
  }),
  example('D5.23 an account event with the same stamp as the last one applies', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'active', at(10))],
    when: [account(ALICE, 'suspended', at(10))],
    then: { rows: [], accounts: [inactive(ALICE, at(10))], effects: [unsubscribe(K1, 1)] }
  }),
  example('D5.24 the gate of account events belongs to one DID', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo({ knot: K2 }), at(2)), account(ALICE, 'active', at(100))],
    when: [account(BOB, 'suspended', at(3))],
    then: { rows: [row(ALICE, 'a', repo())], effects: [unsubscribe(K2, 2)] }
  }),
  example('D5.25 a commit does not move the gate of account events', {
    given: [put(ALICE, 'a', repo(), at(1)), put(ALICE, 'b', repo(), at(50))],
    when: [account(ALICE, 'suspended', at(10))],
    then: { rows: [], accounts: [inactive(ALICE, at(10))], effects: [unsubscribe(K1, 1)] }
  }),

  // ------------------------------------------------------------------ a deletion that comes again
  example('D5.26 a deletion no later than the last one applied sets the status and nothing else', {
    given: [...deleted, account(ALICE, 'active', at(10)), put(ALICE, 'a', repo(), at(11))],
    when: [account(ALICE, 'deleted', at(10))],
    then: {
      rows: [],
      accounts: [inactive(ALICE, at(10), floor(at(10), rev(at(5))))],
      subscriptions: [],
      effects: [unsubscribe(K1, 2)]
    }
  }),
  example('D5.27 rows written before a repeated deletion are there when the account is active again', {
    given: [...deleted, account(ALICE, 'active', at(10)), put(ALICE, 'a', repo(), at(11)), account(ALICE, 'deleted', at(10))],
    when: [account(ALICE, 'active', at(12))],
    then: {
      rows: [row(ALICE, 'a', repo())],
      accounts: [active(ALICE, at(12), floor(at(10), rev(at(5))))],
      effects: [subscribe(K1, 3)]
    }
  }),
  example('D5.28 a replay of a whole deletion and reactivation makes nothing flicker', {
    given: [...deleted, account(ALICE, 'active', at(11)), put(ALICE, 'a', repo(), at(12))],
    when: [...deleted, account(ALICE, 'active', at(11)), put(ALICE, 'a', repo(), at(12))],
    then: { rows: [row(ALICE, 'a', repo())], subscriptions: [K1], effects: [], changes: ['counters'] }
  }),

  // ------------------------------------------------------------------ from the future
  example('D5.29 an account event from the future raises the gate no further than its receipt', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(1_000), { at: at(10) })],
    when: [account(ALICE, 'active', at(10))],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(10))], effects: [subscribe(K1, 2)] }
  }),
  example('D5.30 a deletion from the future raises the floor no further than its receipt', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(1_000), { at: at(10) }),
      account(ALICE, 'active', at(11))
    ],
    when: [put(ALICE, 'a', repo(), at(10)), put(ALICE, 'b', repo({ knot: K2 }), at(12), { rev: rev(at(10) + 1) })],
    then: {
      rows: [row(ALICE, 'b', repo({ knot: K2 }))],
      accounts: [active(ALICE, at(11), floor(at(10), rev(at(1))))],
      effects: [subscribe(K2, 2)]
    }
  }),
  example('D5.31 an account event from the future never lowers the gate or the floor', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(20))],
    when: [account(ALICE, 'deleted', at(1_000), { at: at(10) })],
    then: { accounts: [inactive(ALICE, at(20), floor(at(20), rev(at(1))))], reports: [fromFuture(ALICE, at(1_000), at(10))] }
  }),
  example('D5.32 a first row from the future makes its account known as of the receipt', {
    given: [put(ALICE, 'a', repo(), at(1_000), { at: at(10), rev: rev(at(9)) })],
    when: [account(ALICE, 'suspended', at(10))],
    then: { rows: [], accounts: [inactive(ALICE, at(10))], effects: [unsubscribe(K1, 1)] }
  }),

  example('D5.57 a stamp from the future counts in full at the gate of an account, even when its receipt lies before what is known', {
    given: [put(ALICE, 'a', repo(), at(100))],
    when: [account(ALICE, 'suspended', at(1_000), { at: at(50) })],
    then: {
      rows: [],
      accounts: [inactive(ALICE, at(100))],
      effects: [unsubscribe(K1, 1)],
      reports: [fromFuture(ALICE, at(1_000), at(50))]
    }
  }),
  example('D5.58 the receipt of a deletion counts beside its time: it sets the rows aside, and removes none', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(100)), account(ALICE, 'active', at(101)), put(ALICE, 'b', repo(), at(102))],
    when: [account(ALICE, 'deleted', at(1_000), { at: at(50) }), account(ALICE, 'active', at(103))],
    then: {
      rows: [row(ALICE, 'b', repo())],
      accounts: [active(ALICE, at(103), floor(at(100), rev(at(1))))],
      effects: [unsubscribe(K1, 2), subscribe(K1, 3)],
      reports: [fromFuture(ALICE, at(1_000), at(50))]
    }
  }),

  // ------------------------------------------------------------------ when it was by its own side
  example('D5.59 rows written after a deletion survive, though a lagging server stamps the deletion later', {
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [
      account(ALICE, 'deleted', at(100), { changedUs: at(10), seq: 1 }),
      account(ALICE, 'active', at(100) + 1, { changedUs: at(11), seq: 2 }),
      put(ALICE, 'a', repo({ knot: K2 }), at(100) + 2, { rev: rev(at(12)) })
    ],
    then: {
      rows: [row(ALICE, 'a', repo({ knot: K2 }))],
      accounts: [active(ALICE, at(100) + 1, floor(at(10), rev(at(1))))],
      effects: [unsubscribe(K1, 1), subscribe(K2, 2)]
    }
  }),
  example('D5.60 the floor is at the least of the three times: the deleting side cannot date a deletion late', {
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo(), at(1))],
    when: [
      account(ALICE, 'deleted', at(10), { changedUs: at(9_000), seq: 1 }),
      account(BOB, 'deleted', at(20), { at: at(15), changedUs: at(9_000), seq: 2 })
    ],
    then: {
      accounts: [inactive(ALICE, at(10), floor(at(10), rev(at(1)))), inactive(BOB, at(20), floor(at(15), rev(at(1))))],
      effects: [unsubscribe(K1, 1)]
    }
  }),
  example('D5.61 a deletion from long ago removes what there is; a second one removes nothing, and still sets aside', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10), { changedUs: 0, seq: 1 }),
      account(ALICE, 'active', at(11)),
      put(ALICE, 'b', repo(), at(12))
    ],
    when: [account(ALICE, 'deleted', at(13), { changedUs: 0, seq: 2 })],
    then: {
      rows: [],
      accounts: [inactive(ALICE, at(13), floor(0, rev(at(1))))],
      effects: [unsubscribe(K1, 2)]
    }
  }),
  example('D5.62 a deletion that is sent again after a reactivation with a later time changes nothing at all', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(12), { changedUs: at(11), seq: 2 }),
      put(ALICE, 'a', repo(), at(13))
    ],
    when: [
      account(ALICE, 'deleted', at(50), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(51), { changedUs: at(11), seq: 2 }),
      account(ALICE, 'deleted', at(52), { changedUs: at(9), seq: 1 })
    ],
    then: {
      rows: [row(ALICE, 'a', repo())],
      accounts: [active(ALICE, at(51), floor(at(9), rev(at(1))))],
      subscriptions: [K1],
      effects: []
    }
  }),
  example('D5.63 a deactivation that is sent again after a reactivation with a later time changes nothing', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deactivated', at(10), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(12), { changedUs: at(11), seq: 2 })
    ],
    when: [account(ALICE, 'deactivated', at(50), { changedUs: at(9), seq: 1 })],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(12))], effects: [] }
  }),
  example('D5.64 a deletion sent again after an older activation sets the rows aside, and removes none', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10), { changedUs: at(9), seq: 2 }),
      put(ALICE, 'b', repo(), at(11)),
      account(ALICE, 'active', at(12), { changedUs: at(8), seq: 1 })
    ],
    when: [account(ALICE, 'deleted', at(50), { changedUs: at(9), seq: 2 }), account(ALICE, 'active', at(60), { changedUs: at(55), seq: 3 })],
    then: {
      rows: [row(ALICE, 'b', repo())],
      accounts: [active(ALICE, at(60), floor(at(9), rev(at(1))))],
      effects: [unsubscribe(K1, 2), subscribe(K1, 3)]
    }
  }),
  example('D5.65 a deletion stamped before its own time, by a slow clock, removes no rows when it is sent again', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'deleted', at(10), { changedUs: at(20), seq: 2 }),
      put(ALICE, 'b', repo(), at(11), { rev: rev(at(15)) }),
      account(ALICE, 'active', at(12), { changedUs: at(8), seq: 1 })
    ],
    when: [account(ALICE, 'deleted', at(50), { changedUs: at(20), seq: 2 }), account(ALICE, 'active', at(60), { changedUs: at(55), seq: 3 })],
    then: { rows: [row(ALICE, 'b', repo({}))], accounts: [active(ALICE, at(60), floor(at(10), rev(at(1))))], effects: [unsubscribe(K1, 2), subscribe(K1, 3)] }
  }),
  example('D5.66 the same time under another number, or the same number at another time, is another event', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(10), { changedUs: at(9), seq: 1 }), account(ALICE, 'active', at(12), { changedUs: at(11), seq: 2 })],
    when: [
      account(ALICE, 'suspended', at(20), { changedUs: at(9), seq: 3 }),
      account(ALICE, 'active', at(21), { changedUs: at(20), seq: 4 }),
      account(ALICE, 'suspended', at(22), { changedUs: at(9) + 1, seq: 3 })
    ],
    then: { rows: [], accounts: [inactive(ALICE, at(22))], effects: [unsubscribe(K1, 2), subscribe(K1, 3), unsubscribe(K1, 3)] }
  }),
  example('D5.67 two events that each say only one of time and number are not recognized as repeats', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      put(BOB, 'a', repo({ knot: K2 }), at(1)),
      account(ALICE, 'suspended', at(10), { changedUs: at(9) }),
      account(BOB, 'suspended', at(10), { seq: 1 }),
      account(ALICE, 'active', at(12), { changedUs: at(11) }),
      account(BOB, 'active', at(12), { seq: 2 })
    ],
    when: [account(ALICE, 'suspended', at(20), { changedUs: at(9) }), account(BOB, 'suspended', at(20), { seq: 1 })],
    then: { rows: [], accounts: [inactive(ALICE, at(20)), inactive(BOB, at(20))], effects: [unsubscribe(K1, 3), unsubscribe(K2, 4)] }
  }),
  example('D5.68 an activation that does not say when it was supersedes nothing: the deactivation, sent again, counts', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'suspended', at(10), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(12))
    ],
    when: [account(ALICE, 'suspended', at(50), { changedUs: at(9), seq: 1 })],
    then: { rows: [], accounts: [inactive(ALICE, at(50))], effects: [unsubscribe(K1, 2)] }
  }),
  example('D5.69 an activation of the very moment of the deactivation is not later: the deactivation, sent again, counts', {
    given: [
      put(ALICE, 'a', repo(), at(1)),
      account(ALICE, 'suspended', at(10), { changedUs: at(9), seq: 1 }),
      account(ALICE, 'active', at(12), { changedUs: at(9), seq: 2 })
    ],
    when: [account(ALICE, 'suspended', at(50), { changedUs: at(9), seq: 1 })],
    then: { rows: [], accounts: [inactive(ALICE, at(50))], effects: [unsubscribe(K1, 2)] }
  }),

  // ------------------------------------------------------------------ what is remembered
  example('D5.33 an account without records leaves nothing behind, not even that it was deleted', {
    when: [account(ALICE, 'suspended', at(1)), account(BOB, 'deleted', at(2)), account(OWNER, 'active', at(3))],
    then: { rows: [], accounts: [], cursor: at(3), changes: ['counters', 'cursor'] }
  }),
  example('D5.34 a first row makes an account known: active, as of that commit', {
    given: [account(ALICE, 'suspended', at(5))],
    when: [put(ALICE, 'a', repo(), at(6))],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(6))], effects: [subscribe(K1, 1)] }
  }),
  example('D5.35 a first tombstone makes an account known: active, as of that commit', {
    when: [del(ALICE, REPO, 'a', at(6))],
    then: { accounts: [active(ALICE, at(6))] }
  }),
  example('D5.36 account events older than the commit that made the account known change nothing', {
    given: [put(ALICE, 'a', repo(), at(6))],
    when: [account(ALICE, 'suspended', at(6) - 1), account(ALICE, 'deleted', at(5))],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [active(ALICE, at(6))], subscriptions: [K1] }
  }),
  example('D5.37 an account event of the same time as the commit that made the account known applies', {
    given: [put(ALICE, 'a', repo(), at(6))],
    when: [account(ALICE, 'suspended', at(6))],
    then: { rows: [], accounts: [inactive(ALICE, at(6))], effects: [unsubscribe(K1, 1)] }
  }),
  example('D5.38 a tombstone is enough for an account to be remembered', {
    given: [del(ALICE, REPO, 'a', at(1))],
    when: [account(ALICE, 'suspended', at(2)), put(ALICE, 'b', repo(), at(3))],
    then: { rows: [], accounts: [inactive(ALICE, at(2))], subscriptions: [] }
  }),
  example('D5.39 a floor keeps an account remembered for good', {
    given: deleted,
    when: [account(ALICE, 'active', at(11)), account(ALICE, 'suspended', at(12))],
    then: { accounts: [inactive(ALICE, at(12), floor(at(10), rev(at(5))))] }
  }),

  // ------------------------------------------------------------------ commits of an inactive account
  example('D5.40 a commit never reactivates: it is applied, and set aside', {
    given: [put(ALICE, 'a', repo({ name: 'old' }), at(1)), account(ALICE, 'deactivated', at(2))],
    when: [put(ALICE, 'a', repo({ name: 'new' }), at(3)), put(ALICE, 'b', repo({ knot: K2 }), at(4))],
    then: { rows: [], accounts: [inactive(ALICE, at(2))], subscriptions: [], effects: [] }
  }),
  example('D5.41 a commit applied while the account is inactive shows when it is active again', {
    given: [
      put(ALICE, 'a', repo({ name: 'old' }), at(1)),
      put(ALICE, 'd', repo(), at(1)),
      account(ALICE, 'deactivated', at(2)),
      put(ALICE, 'a', repo({ name: 'new' }), at(3)),
      put(ALICE, 'b', repo({ knot: K2 }), at(4)),
      del(ALICE, REPO, 'd', at(5))
    ],
    when: [account(ALICE, 'active', at(6))],
    then: {
      rows: [row(ALICE, 'a', repo({ name: 'new' })), row(ALICE, 'b', repo({ knot: K2 }))],
      subscriptions: [K1, K2],
      effects: [subscribe(K1, 2), subscribe(K2, 3)]
    }
  }),
  example('D5.42 a commit later than a deletion is applied, set aside, and back after the reactivation', {
    given: [...deleted, put(ALICE, 'b', repo({ knot: K2 }), at(12))],
    when: [account(ALICE, 'active', at(13))],
    then: { rows: [row(ALICE, 'b', repo({ knot: K2 }))], effects: [subscribe(K2, 2)] }
  }),

  // ------------------------------------------------------------------ the account of a member, of the owner
  example('D5.43 an inactive member holds no knots; reactivation subscribes to all of them again', {
    config: { admission: 'members' },
    given: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'a', repo(), at(2))],
    when: [account(ALICE, 'suspended', at(3)), account(ALICE, 'active', at(4))],
    then: {
      subscriptions: [K1],
      effects: [unsubscribe(K1, 1), subscribe(K1, 2)],
      questions: [{ ask: 'isMember', did: ALICE, answer: true }]
    }
  }),
  example('D5.44 an inactive owner takes along all members, and the owner’s own knots', {
    config: { admission: 'members' },
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2)),
      put(OWNER, 'a', repo({ knot: K2 }), at(3))
    ],
    when: [account(OWNER, 'deactivated', at(4))],
    then: {
      rows: [row(ALICE, 'a', repo({ knot: K1 }))],
      subscriptions: [],
      effects: [unsubscribe(K1, 1), unsubscribe(K2, 2)],
      questions: [{ ask: 'isMember', did: ALICE, answer: false }]
    }
  }),
  example('D5.45 members and knots come back with the owner', {
    config: { admission: 'members' },
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2)),
      put(OWNER, 'a', repo({ knot: K2 }), at(3)),
      account(OWNER, 'deactivated', at(4))
    ],
    when: [account(OWNER, 'active', at(5))],
    then: {
      subscriptions: [K1, K2],
      effects: [subscribe(K1, 3), subscribe(K2, 4)],
      questions: [{ ask: 'isMember', did: ALICE, answer: true }]
    }
  }),
  example('D5.46 member records that the owner wrote while inactive count from the reactivation on', {
    config: { admission: 'members' },
    given: [
      put(OWNER, 'm', member({ subject: ALICE }), at(1)),
      put(ALICE, 'a', repo({ knot: K1 }), at(2)),
      put(BOB, 'a', repo({ knot: K2 }), at(3)),
      account(OWNER, 'deactivated', at(4)),
      put(OWNER, 'm', member({ subject: BOB }), at(5))
    ],
    when: [account(OWNER, 'active', at(6))],
    then: {
      subscriptions: [K2],
      effects: [subscribe(K2, 2)],
      questions: [
        { ask: 'isMember', did: ALICE, answer: false },
        { ask: 'isMember', did: BOB, answer: true }
      ]
    }
  }),
  example('D5.47 rows that are set aside stay so over a restart', {
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'suspended', at(2))],
    when: [started(at(60)), account(ALICE, 'active', at(50), { at: at(61), connection: 1 })],
    then: { subscriptions: [K1], effects: [open(1, at(-3)), subscribe(K1, 2)] }
  })
]
