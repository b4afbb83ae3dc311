/**
 * Examples of D7 where only those are known who are admitted: of strangers nothing is kept, whoever is admitted has a horizon, and whoever
 * is dismissed goes with all that was kept. And of the room there is where everybody is known.
 */
import { MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  CONFIG,
  del,
  type Example,
  example,
  K1,
  K2,
  member,
  open,
  opened,
  OWNER,
  passing,
  put,
  repo,
  rev,
  row,
  started,
  subscribe,
  tombstone,
  unsubscribe,
  type WrittenEffect,
  type WrittenEvent,
  type WrittenReport
} from './support.js'

const config = { admission: 'members', backfill: true } as const

/** There is room for two keys of whoever is admitted, one of a stranger, two of all strangers. */
const NARROW = { ...CONFIG.caps, admitted: 2, stranger: 1, strangers: 2 }

type Page = Extract<WrittenEvent, { readonly _tag: 'RecordsRead' }>

const page = (did: string, collection: Page['collection'], number: number, when: number, records: Page['records'] = []): Page => ({
  _tag: 'RecordsRead',
  at: when,
  collection,
  did,
  next: null,
  number,
  records
})

const reads = (did: string, collection: Page['collection'], number: number): WrittenEffect => ({ _tag: 'ReadRecords', collection, cursor: null, did, number })

const keyRefused = (did: string, collection: Page['collection'], rkey: string, when: number): WrittenReport => ({
  _tag: 'KeyRefused',
  at: when,
  collection,
  did,
  rkey
})

/** A step of the machine that has started: everything comes over connection 1. */
const on = { connection: 1 }

/** The bridge runs, and the stream has come as far as `at(20)`. */
const RUNNING = [started(at(10), config), opened(1, at(11)), passing(at(20), on)]

/** The owner's record makes Alice a member: her records are asked for under number 3. */
const ADMITTED = [...RUNNING, put(OWNER, 'm', member(), at(21), on)]

const standing = (did: string, asOfUs: number, active = true) => ({ active, asOfUs, did, floor: null })
const OWNERS = standing(OWNER, 0)

export const ADMISSION: ReadonlyArray<Example> = [
  // ------------------------------------------------------------------ strangers
  example('D7.15 nothing is kept of a stranger: commits and account events only move the cursor', {
    config,
    given: RUNNING,
    when: [
      put(ALICE, 'a', repo(), at(30), on),
      del(ALICE, REPO, 'b', at(31), on),
      put(BOB, 'a', repo({ knot: '127.0.0.1' }), at(32), on),
      account(ALICE, 'deleted', at(33), on)
    ],
    then: { rows: [], tombstones: [], accounts: [OWNERS], subscriptions: [], cursor: at(33), changes: ['counters', 'cursor'] }
  }),
  example('D7.16 the owner is known from the start, rows or not', {
    config,
    when: [started(at(10), config)],
    then: { accounts: [OWNERS], effects: [open(1, null)] }
  }),

  // ------------------------------------------------------------------ admission
  example('D7.17 whoever is admitted is known from then on, active as of how far the stream has come', {
    config,
    given: RUNNING,
    when: [put(OWNER, 'm', member(), at(21), on)],
    then: { accounts: [standing(ALICE, at(21)), OWNERS], effects: [reads(ALICE, MEMBER, 3)] }
  }),
  example('D7.18 a commit from before the admission is no news at a key without later commits: a replay causes nothing', {
    config,
    given: [...RUNNING, put(ALICE, 'a', repo(), at(20), on), put(OWNER, 'm', member(), at(21), on)],
    when: [put(ALICE, 'a', repo(), at(20), on), put(ALICE, 'b', repo(), at(21), on), del(ALICE, REPO, 'c', at(19), { ...on, rev: null })],
    then: { rows: [row(OWNER, 'm', member())], tombstones: [], subscriptions: [], changes: ['counters'] }
  }),
  example('D7.19 a commit from before the admission is no news at a key that only a reading filled, which stands', {
    config,
    given: [...ADMITTED, page(ALICE, MEMBER, 3, at(22)), page(ALICE, REPO, 4, at(23), [{ ...repo({ name: 'new' }), rkey: 'a' }])],
    when: [put(ALICE, 'a', repo({ name: 'old' }), at(19), on), del(ALICE, REPO, 'a', at(20), on)],
    then: { rows: [row(ALICE, 'a', repo({ name: 'new' })), row(OWNER, 'm', member())], subscriptions: [K1], changes: ['counters'] }
  }),
  example('D7.20 a commit from after the admission meets the usual gates, even without a rev', {
    config,
    given: [...ADMITTED, page(ALICE, MEMBER, 3, at(22)), page(ALICE, REPO, 4, at(23), [{ ...repo({ name: 'read' }), rkey: 'a' }])],
    when: [
      put(ALICE, 'a', repo({ name: 'later', knot: K2 }), at(21) + 1, { ...on, rev: null }),
      put(ALICE, 'b', repo(), at(40), on),
      put(ALICE, 'b', repo({ knot: K2 }), at(20), { ...on, rev: rev(at(39)) })
    ],
    then: {
      rows: [row(ALICE, 'a', repo({ name: 'later', knot: K2 })), row(ALICE, 'b', repo()), row(OWNER, 'm', member())],
      effects: [subscribe(K2, 2), unsubscribe(K1, 1), subscribe(K1, 3)]
    }
  }),
  example('D7.21 a rev decides at a key with commits since the admission, whatever the stamp', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(40), on)],
    when: [put(ALICE, 'a', repo({ name: 'new' }), at(20), { ...on, rev: rev(at(41), 0) })],
    then: { rows: [row(ALICE, 'a', repo({ name: 'new' })), row(OWNER, 'm', member())] }
  }),
  example('D7.22 an account event that is not later than the horizon changes nothing; a later one applies', {
    config,
    given: ADMITTED,
    when: [account(ALICE, 'suspended', at(21), on), account(ALICE, 'deactivated', at(21) + 1, on)],
    then: { accounts: [standing(ALICE, at(21) + 1, false), OWNERS], effects: [reads(ALICE, MEMBER, 4)] }
  }),
  example('D7.39 a commit from before the admission is no news where only one without a rev was applied since', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo({ name: 'new' }), at(30), { ...on, rev: null })],
    when: [put(ALICE, 'a', repo({ name: 'old' }), at(19), on)],
    then: { rows: [row(ALICE, 'a', repo({ name: 'new' })), row(OWNER, 'm', member())] }
  }),
  example('D7.23 a deletion from before the admission makes inactive, and removes nothing', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on)],
    when: [account(ALICE, 'deleted', at(31), { ...on, changedUs: at(21), seq: 1 }), account(ALICE, 'active', at(32), on)],
    then: {
      rows: [row(ALICE, 'a', repo()), row(OWNER, 'm', member())],
      accounts: [standing(ALICE, at(32)), OWNERS],
      effects: [unsubscribe(K1, 1), reads(ALICE, MEMBER, 4), subscribe(K1, 2), reads(ALICE, MEMBER, 5)]
    }
  }),
  example('D7.24 a deletion from after the admission removes everything, and sets the usual floor', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on)],
    when: [account(ALICE, 'deleted', at(31), { ...on, changedUs: at(21) + 1, seq: 1 })],
    then: {
      rows: [row(OWNER, 'm', member())],
      accounts: [{ ...standing(ALICE, at(31), false), floor: { rev: rev(at(30)), timeUs: at(21) + 1 } }, OWNERS],
      effects: [unsubscribe(K1, 1), reads(ALICE, MEMBER, 4)]
    }
  }),
  example('D7.38 a deletion leaves the horizon: no stamp behind it is news where no commit is known', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on), account(ALICE, 'deleted', at(31), on), account(ALICE, 'active', at(32), on)],
    when: [put(ALICE, 'b', repo(), at(21), { ...on, rev: rev(at(33), 0) })],
    then: { rows: [row(OWNER, 'm', member())] }
  }),
  example('D7.40 a record deleted with its account before the admission is back when both are sent again under new stamps', {
    config,
    given: [
      ...RUNNING,
      put(ALICE, 'a', repo(), at(17), on),
      account(ALICE, 'deleted', at(18), { ...on, changedUs: at(18), seq: 1 }),
      account(ALICE, 'active', at(19), { ...on, changedUs: at(19), seq: 2 }),
      put(OWNER, 'm', member(), at(21), on)
    ],
    when: [
      put(ALICE, 'a', repo(), at(30), { ...on, rev: rev(at(17)) }),
      account(ALICE, 'deleted', at(31), { ...on, changedUs: at(18), seq: 1 }),
      account(ALICE, 'active', at(32), { ...on, changedUs: at(19), seq: 2 })
    ],
    then: {
      rows: [row(ALICE, 'a', repo()), row(OWNER, 'm', member())],
      accounts: [standing(ALICE, at(32)), OWNERS],
      effects: [subscribe(K1, 1), unsubscribe(K1, 1), reads(ALICE, MEMBER, 4), subscribe(K1, 2), reads(ALICE, MEMBER, 5)]
    }
  }),
  example('D7.41 a commit from after the admission that a stamp behind the horizon had stopped applies under a new one', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(20), { ...on, rev: rev(at(22)) })],
    when: [put(ALICE, 'a', repo(), at(40), { ...on, rev: rev(at(22)) })],
    then: { rows: [row(ALICE, 'a', repo()), row(OWNER, 'm', member())], effects: [subscribe(K1, 1)] }
  }),
  example('D7.25 an admission before the stream has begun sets no horizon: a replay applies as usual', {
    config,
    given: [started(at(10), config), opened(1, at(11)), page(OWNER, MEMBER, 2, at(12), [{ ...member(), rkey: 'm' }])],
    when: [put(ALICE, 'a', repo(), at(1), on)],
    then: { rows: [row(ALICE, 'a', repo()), row(OWNER, 'm', member())], accounts: [standing(ALICE, 0), OWNERS], effects: [subscribe(K1, 1)] }
  }),

  // ------------------------------------------------------------------ dismissal
  example('D7.26 whoever is no longer named goes, with all that was kept, the floor included', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on), account(ALICE, 'deleted', at(31), on), account(ALICE, 'active', at(32), on), put(ALICE, 'b', repo(), at(33), on)],
    when: [del(OWNER, MEMBER, 'm', at(40), on)],
    then: { rows: [], accounts: [OWNERS], subscriptions: [], effects: [unsubscribe(K1, 2)] }
  }),
  example('D7.27 an account that is admitted again has a new horizon, and is read again', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on), del(OWNER, MEMBER, 'm', at(40), on), put(ALICE, 'b', repo(), at(41), on)],
    when: [put(OWNER, 'm', member(), at(42), on), put(ALICE, 'a', repo(), at(30), on), put(ALICE, 'b', repo(), at(41), on), put(ALICE, 'c', repo(), at(43), on)],
    then: {
      rows: [row(ALICE, 'c', repo()), row(OWNER, 'm', member())],
      accounts: [standing(ALICE, at(42)), OWNERS],
      effects: [reads(ALICE, MEMBER, 4), subscribe(K1, 2)]
    }
  }),
  example('D7.28 nobody goes while the owner is only set aside: members’ commits are applied, and set aside with the owner’s', {
    config,
    given: [...ADMITTED, account(OWNER, 'deactivated', at(30), on)],
    when: [put(ALICE, 'a', repo(), at(31), on), account(OWNER, 'active', at(32), on)],
    then: {
      rows: [row(ALICE, 'a', repo()), row(OWNER, 'm', member())],
      accounts: [standing(ALICE, at(21)), standing(OWNER, at(32))],
      effects: [subscribe(K1, 1), reads(OWNER, MEMBER, 5), reads(ALICE, MEMBER, 6)]
    }
  }),
  example('D7.29 a member named while the owner is inactive is admitted with the reactivation; one no longer named goes at once', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(25), on), account(OWNER, 'deactivated', at(30), on)],
    when: [put(OWNER, 'm', member({ subject: BOB }), at(31), on), put(BOB, 'a', repo(), at(32), on), account(OWNER, 'active', at(33), on)],
    then: {
      rows: [row(OWNER, 'm', member({ subject: BOB }))],
      accounts: [standing(BOB, at(33)), standing(OWNER, at(33))],
      effects: [reads(OWNER, MEMBER, 5), reads(BOB, MEMBER, 6)]
    }
  }),
  example('D7.30 a deleted owner account sends everybody away but the owner', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(25), on)],
    when: [account(OWNER, 'deleted', at(30), on)],
    then: {
      rows: [],
      accounts: [{ ...standing(OWNER, at(30), false), floor: { rev: rev(at(21)), timeUs: at(30) } }],
      effects: [unsubscribe(K1, 1), reads(OWNER, MEMBER, 4)]
    }
  }),

  // ------------------------------------------------------------------ another configuration
  example('D7.31 a start that admits members only drops everybody else; those who stay keep everything, without a horizon', {
    config: { ...config, backfill: false },
    given: [
      put(OWNER, 'm', member(), at(1)),
      put(OWNER, 'n', member({ subject: 'did:plc:carol' }), at(2)),
      put(ALICE, 'a', repo(), at(3)),
      put(BOB, 'a', repo(), at(4))
    ],
    when: [started(at(10), config), put(ALICE, 'b', repo(), at(3), on), put('did:plc:carol', 'a', repo(), at(4), on)],
    then: {
      rows: [row(ALICE, 'a', repo()), row(ALICE, 'b', repo()), row(OWNER, 'm', member()), row(OWNER, 'n', member({ subject: 'did:plc:carol' }))],
      accounts: [standing(ALICE, at(3)), standing('did:plc:carol', at(4)), standing(OWNER, at(1))],
      effects: [open(1, at(-1)), subscribe(K1, 2)]
    }
  }),
  example('D7.32 a start that makes everybody known finds those who were admitted; others come as they write', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on), put(BOB, 'a', repo({ knot: K2 }), at(31), on)],
    when: [started(at(40), { admission: 'open' }), put(BOB, 'b', repo({ knot: K2 }), at(41), { connection: 2 })],
    then: {
      rows: [row(ALICE, 'a', repo()), row(BOB, 'b', repo({ knot: K2 })), row(OWNER, 'm', member())],
      effects: [open(2, at(26)), subscribe(K1, 2), subscribe(K2, 3)]
    }
  }),
  example('D7.33 a new owner sends away those whom the new owner does not name', {
    config,
    given: [...ADMITTED, put(ALICE, 'a', repo(), at(30), on)],
    when: [started(at(40), { ...config, owner: ALICE })],
    then: { rows: [row(ALICE, 'a', repo())], accounts: [standing(ALICE, at(21))], effects: [open(2, at(25)), subscribe(K1, 2)] }
  }),

  // ------------------------------------------------------------------ room
  example('D7.34 each account has room for a limited number of keys where everybody is known, tombstones included; known keys change as usual', {
    config: { caps: NARROW },
    given: [put(ALICE, 'a', repo(), at(1))],
    when: [
      put(ALICE, 'b', repo(), at(2)),
      del(ALICE, MEMBER, 'c', at(3)),
      put(ALICE, 'a', repo({ knot: K2 }), at(4)),
      del(ALICE, REPO, 'a', at(5)),
      put(ALICE, 'a', repo(), at(6))
    ],
    then: {
      rows: [row(ALICE, 'a', repo())],
      tombstones: [],
      effects: [subscribe(K2, 2), unsubscribe(K1, 1), unsubscribe(K2, 2), subscribe(K1, 3)],
      reports: [keyRefused(ALICE, REPO, 'b', at(3)), keyRefused(ALICE, MEMBER, 'c', at(4))]
    }
  }),
  example('D7.35 strangers share one limited room, which takes none of the owner’s or of a member’s', {
    config: { caps: NARROW },
    given: [put(ALICE, 'a', repo(), at(1)), put(BOB, 'a', repo(), at(2))],
    when: [
      put('did:plc:carol', 'a', repo(), at(3)),
      put(OWNER, 'm', member({ subject: 'did:plc:carol' }), at(4)),
      put('did:plc:carol', 'a', repo({ knot: K2 }), at(5)),
      put('did:plc:carol', 'b', repo({ knot: K2 }), at(6)),
      put('did:plc:carol', 'c', repo({ knot: K2 }), at(7)),
      put(OWNER, 'm', member({ subject: ALICE }), at(8)),
      put('did:plc:dan', 'a', repo(), at(9))
    ],
    then: {
      rows: [
        row(ALICE, 'a', repo()),
        row(BOB, 'a', repo()),
        row('did:plc:carol', 'a', repo({ knot: K2 })),
        row('did:plc:carol', 'b', repo({ knot: K2 })),
        row(OWNER, 'm', member({ subject: ALICE }))
      ],
      effects: [subscribe(K2, 2)],
      reports: [keyRefused('did:plc:carol', REPO, 'a', at(4)), keyRefused('did:plc:carol', REPO, 'c', at(8)), keyRefused('did:plc:dan', REPO, 'a', at(10))]
    }
  }),
  example('D7.36 a commit that a gate stops is not refused for lack of room, and known keys are deleted as usual', {
    config: { caps: NARROW },
    given: [put(ALICE, 'a', repo(), at(1)), account(ALICE, 'deleted', at(5)), put(ALICE, 'b', repo(), at(6))],
    when: [put(ALICE, 'c', repo(), at(7), { rev: rev(at(4)) }), del(ALICE, REPO, 'b', at(8)), put(ALICE, 'c', repo(), at(9))],
    then: { rows: [], tombstones: [tombstone(ALICE, REPO, 'b', rev(at(8)))], reports: [keyRefused(ALICE, REPO, 'c', at(10))] }
  }),
  example('D7.37 records that are read take room, too', {
    config: { ...config, caps: NARROW },
    given: [started(at(10), { ...config, caps: NARROW }), opened(1, at(11)), page(OWNER, MEMBER, 2, at(12))],
    when: [page(OWNER, REPO, 3, at(13), ['a', 'b', 'c'].map((rkey) => ({ ...repo({ spindle: '' }), rkey })))],
    then: {
      rows: [row(OWNER, 'a', repo({ spindle: '' })), row(OWNER, 'b', repo({ spindle: '' }))],
      effects: [reads(OWNER, 'sh.tangled.repo.collaborator', 4)],
      reports: [keyRefused(OWNER, REPO, 'c', at(13))]
    }
  })
]
