/**
 * Examples of B1–B3: who was there before the stream began. The numbers in requests and answers count from 1; a reading takes one
 * as soon as it is called for, and another for each page.
 */
import { COLLABORATOR, type Collection, COLLECTIONS, MEMBER, REPO } from '../../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  closed,
  collaborator,
  del,
  type Example,
  example,
  type Happening,
  K1,
  K2,
  knotless,
  member,
  opened,
  OWNER,
  put,
  refused,
  repo,
  row,
  started,
  stop,
  subscribe,
  tooLong,
  unsubscribe,
  type WrittenEffect,
  type WrittenEvent,
  type WrittenReport
} from './support.js'

type Of<T, Tag> = Extract<T, { readonly _tag: Tag }>
type Read = Of<WrittenEvent, 'RecordsRead'>
type Listed = Read['records'][number]

const ON = { backfill: true }

export const reads = (did: string, collection: Collection, number: number, cursor: string | null = null): WrittenEffect => ({
  _tag: 'ReadRecords',
  collection,
  cursor,
  did,
  number
})

export const page = (
  did: string,
  collection: Collection,
  number: number,
  when: number,
  records: ReadonlyArray<Listed> = [],
  next: string | null = null
): Read => ({ _tag: 'RecordsRead', at: when, collection, did, next, number, records })

const listed = (rkey: string, written: ReturnType<typeof member> | ReturnType<typeof repo> | ReturnType<typeof collaborator>): Listed => ({
  ...written,
  rkey
})

export const fails = (did: string, number: number, when: number, waitMs = 0): Of<WrittenEvent, 'RequestFailed'> => ({
  _tag: 'RequestFailed',
  at: when,
  error: 'no answer',
  isFinal: false,
  number,
  requested: { _tag: 'Records', did },
  waitMs
})

const recordsTimer = (did: string, number: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Records', did } }
})

const pause = (did: string, number: number, lowMs: number, highMs: number): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs,
  lowMs,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Records', did } }
})

export const unread = (did: string, when: number): WrittenReport => ({ _tag: 'RecordsReadFailed', at: when, did })

export const open = (connection: number, cursor: number | null = null): WrittenEffect => ({ _tag: 'OpenJetstream', connection, cursor, ordinal: null })

/** The bridge runs for the first time; the owner's records are asked for, under number 2. */
const READING: ReadonlyArray<Happening> = [started(at(10), ON), opened(1, at(11))]

/** All of an account has been read, from the page of this number on, and there was nothing. */
const nothing = (did: string, number: number, when: number): ReadonlyArray<Happening> =>
  COLLECTIONS.map((collection, i) => page(did, collection, number + i, when))

export const config = { ...ON, admission: 'members' } as const

export const BACKFILL: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- B1
  example('B1.1 the owner’s records are read on a first start, once the stream is open', {
    config: ON,
    when: [started(at(10), ON), opened(1, at(11))],
    then: { effects: [open(1), reads(OWNER, MEMBER, 2)], changes: ['backfill', 'cursor'] }
  }),
  example('B1.2 an account is read collection by collection, page by page, until there is no more', {
    config: ON,
    given: READING,
    when: [
      page(OWNER, MEMBER, 2, at(12), [], 'p2'),
      page(OWNER, MEMBER, 3, at(13), [], 'p3'),
      page(OWNER, MEMBER, 4, at(14)),
      page(OWNER, REPO, 5, at(15)),
      page(OWNER, COLLABORATOR, 6, at(16))
    ],
    then: {
      effects: [
        reads(OWNER, MEMBER, 3, 'p2'),
        reads(OWNER, MEMBER, 4, 'p3'),
        reads(OWNER, REPO, 5),
        reads(OWNER, COLLABORATOR, 6)
      ],
      changes: ['backfill']
    }
  }),
  example('B1.3 the next start reads nothing again', {
    config: ON,
    given: [...READING, ...nothing(OWNER, 2, at(12)), stop(at(13))],
    when: [started(at(20), ON), opened(3, at(21))],
    then: { effects: [open(3)] }
  }),
  example('B1.4 an unfinished reading goes on at the next start, once the stream is open', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12), [], 'p2'), stop(at(13))],
    when: [started(at(20), ON), opened(2, at(21)), opened(3, at(22)), page(OWNER, MEMBER, 3, at(23))],
    then: { effects: [open(3), reads(OWNER, MEMBER, 5, 'p2')] }
  }),
  example('B1.5 whoever is admitted is read, by a record that is read or one that arrives', {
    config,
    given: [started(at(10), config), opened(1, at(11))],
    when: [page(OWNER, MEMBER, 2, at(12), [listed('a', member())]), put(OWNER, 'b', member({ subject: BOB }), at(13), { connection: 1 })],
    then: { effects: [reads(OWNER, REPO, 3), reads(ALICE, MEMBER, 4), reads(BOB, MEMBER, 5)] }
  }),
  example('B1.6 whoever is admitted again is read again', {
    config,
    given: [
      started(at(10), config),
      opened(1, at(11)),
      ...nothing(OWNER, 2, at(12)),
      put(OWNER, 'a', member(), at(13), { connection: 1 }),
      ...nothing(ALICE, 5, at(14)),
      del(OWNER, MEMBER, 'a', at(15), { connection: 1 })
    ],
    when: [put(OWNER, 'b', member(), at(16), { connection: 1 })],
    then: { effects: [reads(ALICE, MEMBER, 8)] }
  }),
  example('B1.7 whoever is no longer a member is not read any further', {
    config,
    given: [started(at(10), config), opened(1, at(11)), put(OWNER, 'a', member(), at(13), { connection: 1 })],
    when: [del(OWNER, MEMBER, 'a', at(15), { connection: 1 }), page(ALICE, MEMBER, 3, at(16), [], 'more')],
    then: { effects: [] }
  }),
  example('B1.8 the owner is read, even if a record calls the owner no member', {
    config,
    given: [started(at(10), config), opened(1, at(11)), put(OWNER, 'a', member({ subject: OWNER }), at(12), { connection: 1 })],
    when: [del(OWNER, MEMBER, 'a', at(15), { connection: 1 }), page(OWNER, MEMBER, 3, at(16))],
    then: { effects: [reads(OWNER, REPO, 4)] }
  }),
  example('B1.9 a new owner is read as the first one was', {
    config: ON,
    given: [...READING, ...nothing(OWNER, 2, at(12))],
    when: [started(at(20), { ...ON, owner: ALICE }), opened(2, at(21))],
    then: { effects: [open(2), reads(ALICE, MEMBER, 6)] }
  }),
  example('B1.10 the backfill can be turned off', {
    when: [started(at(10)), opened(1, at(11)), put(OWNER, 'a', member(), at(12), { connection: 1 })],
    then: { effects: [open(1)] }
  }),
  example('B1.11 turning the backfill off drops an unfinished reading, which begins anew when it is turned on again', {
    config: ON,
    given: READING,
    when: [started(at(20)), opened(2, at(21)), page(OWNER, MEMBER, 2, at(22)), started(at(30), ON), opened(3, at(31))],
    then: { effects: [open(2), open(3), reads(OWNER, MEMBER, 4)] }
  }),
  example('B1.13 existing members are read along with the owner', {
    config: { admission: 'members' },
    given: [started(at(10), { admission: 'members' }), opened(1, at(11)), put(OWNER, 'a', member(), at(12), { connection: 1 })],
    when: [started(at(20), config), opened(2, at(21))],
    then: { effects: [open(2, at(12) - 5_000_000), reads(ALICE, MEMBER, 3), reads(OWNER, MEMBER, 4)] }
  }),
  example('B1.14 a change of owner stops reading the former owner and members, and reads the new ones', {
    config,
    given: [
      started(at(10), config),
      opened(1, at(11)),
      put(OWNER, 'a', member(), at(12), { connection: 1 }),
      put(OWNER, 'b', member({ subject: BOB }), at(12), { connection: 1 }),
      put(BOB, 'a', member({ subject: 'did:plc:carol' }), at(13), { connection: 1 })
    ],
    when: [started(at(20), { ...config, owner: BOB }), opened(2, at(21)), page(OWNER, MEMBER, 2, at(22), [], 'more'), page(ALICE, MEMBER, 3, at(23), [], 'more')],
    then: { effects: [open(2, at(13) - 5_000_000), reads(BOB, MEMBER, 9), reads('did:plc:carol', MEMBER, 10)] }
  }),
  example('B1.15 a former owner goes on being read as a member', {
    config,
    given: [
      started(at(10), config),
      opened(1, at(11)),
      put(OWNER, 'b', member({ subject: BOB }), at(12), { connection: 1 }),
      put(BOB, 'a', member({ subject: OWNER }), at(13), { connection: 1 })
    ],
    when: [started(at(20), { ...config, owner: BOB }), opened(2, at(21))],
    then: { effects: [open(2, at(13) - 5_000_000), reads(BOB, MEMBER, 7), reads(OWNER, MEMBER, 8)] }
  }),
  example('B1.12 a lost and reopened stream does not disturb a reading', {
    config: ON,
    given: [...READING, closed(1, at(12)), { _tag: 'TimerFired', at: at(13), timer: { _tag: 'JetstreamTimer', connection: 2 } }],
    when: [opened(2, at(14)), page(OWNER, MEMBER, 2, at(15))],
    then: { effects: [reads(OWNER, REPO, 3)] }
  }),

  // ---------------------------------------------------------------------------------------- B2
  example('B2.1 records that are read apply, and knots are subscribed to', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12))],
    when: [page(OWNER, REPO, 3, at(13), [listed('app', repo()), listed('b', repo({ knot: K2, name: 'b' }))])],
    then: {
      effects: [subscribe(K1, 1), subscribe(K2, 2), reads(OWNER, COLLABORATOR, 4)],
      rows: [row(OWNER, 'app', repo()), row(OWNER, 'b', repo({ knot: K2, name: 'b' }))],
      accounts: [{ active: true, asOfUs: 0, did: OWNER, floor: null }],
      changes: ['backfill', 'commits', 'knots']
    }
  }),
  example('B2.14 a delete without a rev that is stamped 0 counts as read: a reading puts the record there', {
    config: ON,
    given: [...READING, del(OWNER, REPO, 'app', 0, { at: at(12), connection: 1, rev: null }), page(OWNER, MEMBER, 2, at(13))],
    when: [page(OWNER, REPO, 3, at(14), [listed('app', repo())])],
    then: { effects: [subscribe(K1, 1), reads(OWNER, COLLABORATOR, 4)], rows: [row(OWNER, 'app', repo())], tombstones: [] }
  }),
  example('B2.2 a key with a known commit keeps its record or tombstone when it is read', {
    config: ON,
    given: [
      ...READING,
      page(OWNER, MEMBER, 2, at(12)),
      put(OWNER, 'app', repo({ name: 'new' }), at(13), { connection: 1 }),
      del(OWNER, REPO, 'gone', at(14), { connection: 1 })
    ],
    when: [page(OWNER, REPO, 3, at(15), [listed('app', repo({ knot: K2 })), listed('gone', repo({ knot: K2 })), listed('other', repo())])],
    then: {
      effects: [reads(OWNER, COLLABORATOR, 4)],
      rows: [row(OWNER, 'app', repo({ name: 'new' })), row(OWNER, 'other', repo())]
    }
  }),
  example('B2.3 every commit supersedes what was read, whatever its rev and time', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12)), page(OWNER, REPO, 3, at(13), [listed('a', repo()), listed('b', repo({ knot: K2 }))])],
    when: [
      put(OWNER, 'a', repo({ name: 'older' }), at(1), { at: at(20), connection: 1 }),
      del(OWNER, REPO, 'b', 1, { at: at(21), connection: 1, rev: null })
    ],
    then: { effects: [unsubscribe(K2, 2)], rows: [row(OWNER, 'a', repo({ name: 'older' }))] }
  }),
  example('B2.4 a later reading supersedes an earlier one', {
    config: ON,
    given: [
      ...READING,
      page(OWNER, MEMBER, 2, at(12)),
      page(OWNER, REPO, 3, at(13), [listed('a', repo())]),
      account(OWNER, 'active', at(14), { connection: 1 }),
      page(OWNER, MEMBER, 5, at(15))
    ],
    when: [page(OWNER, REPO, 6, at(16), [listed('a', repo({ name: 'b' }))])],
    then: { effects: [reads(OWNER, COLLABORATOR, 7)], rows: [row(OWNER, 'a', repo({ name: 'b' }))] }
  }),
  example('B2.5 an account event during a reading begins it anew, even if nothing is known of the account', {
    config: ON,
    given: READING,
    when: [account(OWNER, 'deleted', at(12), { connection: 1 }), page(OWNER, MEMBER, 2, at(13), [listed('a', member())])],
    then: { effects: [reads(OWNER, MEMBER, 3)], rows: [] }
  }),
  example('B2.13 an account event that counts begins the reading anew, also where it changes nothing', {
    config: ON,
    given: [...READING, account(OWNER, 'active', at(12), { connection: 1 })],
    when: [account(OWNER, 'active', at(12), { connection: 1 })],
    then: { effects: [reads(OWNER, MEMBER, 4)], rows: [] }
  }),
  example('B2.6 records listed for a deleted account do not count', {
    config: ON,
    given: [
      ...READING,
      put(OWNER, 'x', repo({ spindle: '' }), at(12), { connection: 1 }),
      account(OWNER, 'deleted', at(13), { connection: 1 }),
      page(OWNER, MEMBER, 3, at(14))
    ],
    when: [page(OWNER, REPO, 4, at(15), [listed('a', repo())]), account(OWNER, 'active', at(16), { connection: 1 })],
    then: { effects: [reads(OWNER, COLLABORATOR, 5), reads(OWNER, MEMBER, 6)], rows: [] }
  }),
  example('B2.7 records read for an account that is set aside are set aside with it', {
    config: ON,
    given: [
      ...READING,
      put(OWNER, 'x', repo({ spindle: '' }), at(12), { connection: 1 }),
      account(OWNER, 'deactivated', at(13), { connection: 1 }),
      page(OWNER, MEMBER, 3, at(14))
    ],
    when: [page(OWNER, REPO, 4, at(15), [listed('a', repo())]), account(OWNER, 'active', at(16), { connection: 1 })],
    then: {
      effects: [reads(OWNER, COLLABORATOR, 5), subscribe(K1, 1), reads(OWNER, MEMBER, 6)],
      rows: [row(OWNER, 'a', repo()), row(OWNER, 'x', repo({ spindle: '' }))]
    }
  }),
  example('B2.8 an invalid knot is refused in a record that is read, as in a commit', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12))],
    when: [page(OWNER, REPO, 3, at(13), [listed('a', repo({ knot: '127.0.0.1' })), listed('b', repo({ knot: '' }))])],
    then: { effects: [reads(OWNER, COLLABORATOR, 4)], reports: [refused(OWNER, 'a', '127.0.0.1', at(13))] }
  }),
  example('B2.10 an invalid knot is not reported where a commit is known: the record was not applied', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12)), put(OWNER, 'a', repo({ knot: '127.0.0.1' }), at(13), { connection: 1 })],
    when: [page(OWNER, REPO, 3, at(14), [listed('a', repo({ knot: '127.0.0.1' }))])],
    then: { effects: [reads(OWNER, COLLABORATOR, 4)] }
  }),
  example('B2.11 the last of two records at one key stands, and each knot is judged by itself', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12))],
    when: [
      page(OWNER, REPO, 3, at(13), [
        listed('a', repo()),
        listed('a', repo({ knot: '127.0.0.1' })),
        listed('b', repo({ knot: '127.0.0.1' })),
        listed('b', repo())
      ])
    ],
    then: {
      effects: [subscribe(K1, 1), reads(OWNER, COLLABORATOR, 4)],
      reports: [refused(OWNER, 'a', '127.0.0.1', at(13)), refused(OWNER, 'b', '127.0.0.1', at(13))],
      rows: [knotless(OWNER, 'a', repo()), row(OWNER, 'b', repo())]
    }
  }),
  example('B2.12 an overlong field counts as absent, as in a commit; nothing is reported at a key with a known commit', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12)), put(OWNER, 'b', repo(), at(13), { connection: 1 })],
    when: [page(OWNER, REPO, 3, at(14), [listed('a', repo({ name: 'n'.repeat(513), spindle: '' })), listed('b', repo({ name: 'n'.repeat(513) }))])],
    then: {
      effects: [reads(OWNER, COLLABORATOR, 4)],
      reports: [tooLong(OWNER, REPO, 'a', ['name', 512], at(14))],
      rows: [row(OWNER, 'a', repo({ name: '', spindle: '' })), row(OWNER, 'b', repo())]
    }
  }),
  example('B2.9 collaborators are read like everybody else', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12)), page(OWNER, REPO, 3, at(13))],
    when: [page(OWNER, COLLABORATOR, 4, at(14), [listed('c', collaborator())])],
    then: { effects: [], rows: [row(OWNER, 'c', collaborator())] }
  }),

  // ---------------------------------------------------------------------------------------- B3
  example('B3.1 a page that cannot be read is asked for again, after growing pauses', {
    config: ON,
    given: READING,
    when: [fails(OWNER, 2, at(12)), recordsTimer(OWNER, 3, at(14)), fails(OWNER, 4, at(15)), recordsTimer(OWNER, 5, at(19)), page(OWNER, MEMBER, 6, at(20))],
    then: {
      effects: [pause(OWNER, 3, 1_000, 2_000), reads(OWNER, MEMBER, 4), pause(OWNER, 5, 2_000, 4_000), reads(OWNER, MEMBER, 6), reads(OWNER, REPO, 7)],
      reports: [unread(OWNER, at(12)), unread(OWNER, at(15))]
    }
  }),
  example('B3.10 a page of which it is said that it is no use is asked for again all the same', {
    config: ON,
    given: READING,
    when: [{ ...fails(OWNER, 2, at(12)), isFinal: true }, recordsTimer(OWNER, 3, at(14))],
    then: { effects: [pause(OWNER, 3, 1_000, 2_000), reads(OWNER, MEMBER, 4)], reports: [unread(OWNER, at(12))] }
  }),
  example('B3.2 pauses are short again after a page could be read; a server that asks for a longer one gets it', {
    config: ON,
    given: [...READING, fails(OWNER, 2, at(12)), recordsTimer(OWNER, 3, at(14)), page(OWNER, MEMBER, 4, at(15), [], 'p2')],
    when: [fails(OWNER, 5, at(16), 90_000), recordsTimer(OWNER, 6, at(107)), page(OWNER, MEMBER, 7, at(108)), fails(OWNER, 8, at(109))],
    then: {
      effects: [pause(OWNER, 6, 90_000, 90_000), reads(OWNER, MEMBER, 7, 'p2'), reads(OWNER, REPO, 8), pause(OWNER, 9, 1_000, 2_000)],
      reports: [unread(OWNER, at(16)), unread(OWNER, at(109))]
    }
  }),
  example('B3.3 a server that names the same page again has reached its end', {
    config: ON,
    given: [...READING, page(OWNER, MEMBER, 2, at(12), [], 'p2')],
    when: [page(OWNER, MEMBER, 3, at(13), [], 'p2')],
    then: { effects: [reads(OWNER, REPO, 4)] }
  }),
  example('B3.4 a server that goes on for a hundred pages has reached its end', {
    config: ON,
    given: [...READING, ...Array.from({ length: 99 }, (_, i) => page(OWNER, MEMBER, 2 + i, at(12), [], `p${String(i)}`))],
    when: [page(OWNER, MEMBER, 101, at(13), [], 'more')],
    then: { effects: [reads(OWNER, REPO, 102)] }
  }),
  example('B3.8 each collection has a hundred pages of its own', {
    config: ON,
    given: [
      ...READING,
      ...Array.from({ length: 99 }, (_, i) => page(OWNER, MEMBER, 2 + i, at(12), [], `p${String(i)}`)),
      page(OWNER, MEMBER, 101, at(13), [], 'more')
    ],
    when: [page(OWNER, REPO, 102, at(14), [], 'q1'), page(OWNER, REPO, 103, at(15), [], 'q2')],
    then: { effects: [reads(OWNER, REPO, 103, 'q1'), reads(OWNER, REPO, 104, 'q2')] }
  }),
  example('B3.5 an answer that nobody waits for changes nothing', {
    config: ON,
    given: READING,
    when: [
      page(OWNER, MEMBER, 1, at(12), [listed('a', member())]),
      page(OWNER, REPO, 2, at(12), [listed('a', repo())]),
      page(ALICE, MEMBER, 2, at(12), [listed('a', member())]),
      fails(OWNER, 3, at(12)),
      fails(ALICE, 2, at(12)),
      recordsTimer(OWNER, 2, at(12)),
      opened(1, at(13)),
      opened(9, at(13))
    ],
    then: { effects: [], changes: [] }
  }),
  example('B3.6 an answer that arrives during the pause before the next request changes nothing', {
    config: ON,
    given: [...READING, fails(OWNER, 2, at(12))],
    when: [page(OWNER, MEMBER, 3, at(13), [listed('a', member())]), fails(OWNER, 3, at(14))],
    then: { effects: [], changes: [] }
  }),
  example('B3.7 nothing is requested while the bridge is stopped', {
    config,
    given: [started(at(10), config), opened(1, at(11)), stop(at(12))],
    when: [page(OWNER, MEMBER, 2, at(13), [listed('a', member())]), stop(at(14)), started(at(20), config), opened(3, at(21))],
    then: { effects: [open(3), reads(ALICE, MEMBER, 7), reads(OWNER, REPO, 8)] }
  })
]
