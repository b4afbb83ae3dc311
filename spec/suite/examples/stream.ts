/** Examples of S1–S5, S11 and S12: the stream, from connecting to what is kept of it. */
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import {
  ALICE,
  at,
  BOB,
  close,
  closed,
  collaborator,
  del,
  example,
  frame,
  K1,
  K2,
  member,
  open,
  opened,
  OWNER,
  passing,
  put,
  receipt,
  repo,
  rev,
  row,
  started,
  stop,
  subscribe,
  timer,
  unsubscribe,
  US,
  wake
} from './support.js'

/** Connected as number 1, with one frame processed at `at(10)`. */
const connected = [started(at(0)), opened(1, at(1)), passing(at(10), { connection: 1 })]

export const STREAM = [
  // ---------------------------------------------------------------------------------------- S1
  example('S1.1 a record of each of the three collections becomes a row', {
    when: [
      frame(
        {
          did: OWNER,
          time_us: at(1),
          kind: 'commit',
          commit: {
            rev: rev(at(1)),
            operation: 'create',
            collection: 'sh.tangled.spindle.member',
            rkey: 'm',
            record: { $type: 'sh.tangled.spindle.member', subject: ALICE, instance: US, createdAt: '2026-01-01T00:00:00Z' },
            cid: 'bafyreia'
          }
        },
        at(2)
      ),
      frame(
        {
          did: ALICE,
          time_us: at(3),
          kind: 'commit',
          commit: {
            rev: rev(at(3)),
            operation: 'create',
            collection: 'sh.tangled.repo',
            rkey: 'r',
            record: { $type: 'sh.tangled.repo', name: 'app', knot: K1, spindle: US, createdAt: '2026-01-01T00:00:00Z' },
            cid: 'bafyreib'
          }
        },
        at(4)
      ),
      frame(
        {
          did: ALICE,
          time_us: at(5),
          kind: 'commit',
          commit: {
            rev: rev(at(5)),
            operation: 'create',
            collection: 'sh.tangled.repo.collaborator',
            rkey: 'c',
            record: { $type: 'sh.tangled.repo.collaborator', repo: 'at://x', subject: BOB, createdAt: '2026-01-01T00:00:00Z' },
            cid: 'bafyreic'
          }
        },
        at(6)
      )
    ],
    then: {
      rows: [row(ALICE, 'r', repo()), row(ALICE, 'c', collaborator({ repo: 'at://x' })), row(OWNER, 'm', member())],
      effects: [subscribe(K1, 1)],
      cursor: at(5)
    }
  }),

  // ---------------------------------------------------------------------------------------- S2
  example('S2.1 a member who was added before her record arrived may make us act', {
    config: { admission: 'members' },
    when: [put(OWNER, 'm', member({ subject: ALICE }), at(1)), put(ALICE, 'app', repo(), at(2))],
    then: { subscriptions: [K1], effects: [subscribe(K1, 1)], cursor: at(2) }
  }),
  example('S2.2 the last of two states of one key to arrive stands', {
    when: [put(ALICE, 'app', repo({ name: 'one' }), at(1)), put(ALICE, 'app', repo({ name: 'two' }), at(2))],
    then: { rows: [row(ALICE, 'app', repo({ name: 'two' }))], effects: [subscribe(K1, 1)] }
  }),
  example('S2.3 events are taken one by one: changes within a batch are seen as they come and go', {
    when: [put(ALICE, 'app', repo(), at(1)), del(ALICE, REPO, 'app', at(2)), put(ALICE, 'app', repo({ knot: K2 }), at(3))],
    then: { subscriptions: [K2], effects: [subscribe(K1, 1), unsubscribe(K1, 1), subscribe(K2, 2)] }
  }),

  // ---------------------------------------------------------------------------------------- S3
  example('S3.1 a first start has no cursor, and asks for events from now on', {
    when: [started(at(0))],
    then: { cursor: null, effects: [open(1, null)] }
  }),
  example('S3.2 a lost connection resumes from the cursor', {
    given: connected,
    when: [closed(1, at(11)), timer(2, at(12))],
    then: { cursor: at(10), effects: [wake(2, 2_000), open(2, at(5))] }
  }),
  example('S3.3 a second resume starts from the cursor as it is by then', {
    given: [...connected, closed(1, at(11)), timer(2, at(12)), opened(2, at(13)), passing(at(20), { connection: 2 })],
    when: [closed(2, at(21)), timer(3, at(22))],
    then: { cursor: at(20), effects: [wake(3, 4_000), open(3, at(15))] }
  }),
  example('S3.4 a restart resumes from the saved cursor', {
    given: connected,
    when: [started(at(60))],
    then: { cursor: at(10), effects: [open(2, at(5))] }
  }),
  example('S3.5 a reconnect without any frame received has no cursor either', {
    given: [started(at(0)), opened(1, at(1))],
    when: [closed(1, at(2)), timer(2, at(3))],
    then: { cursor: null, effects: [wake(2, 2_000), open(2, null)] }
  }),
  example('S3.6 an operator’s start time is asked for, to the microsecond', {
    given: connected,
    when: [started(at(60), {}, at(3))],
    then: { cursor: at(10), effects: [open(2, at(3))] }
  }),
  example('S3.7 an operator’s start time is asked for at a first start, and when it is later than the cursor', {
    when: [started(at(0), {}, at(-100)), started(at(60), {}, at(20))],
    then: { cursor: null, effects: [open(1, at(-100)), open(2, at(20))] }
  }),
  example('S3.8 an operator’s start time is asked for again at a reconnect or a restart, until an event has answered', {
    given: [...connected, started(at(60), {}, at(3))],
    when: [closed(2, at(61)), timer(3, at(62)), started(at(70)), passing(at(3), { at: at(71), connection: 4 }), started(at(80))],
    then: { cursor: at(10), effects: [wake(3, 2_000), open(3, at(3)), open(4, at(3)), open(5, at(-2))] }
  }),
  example('S3.9 older events are read again up to the cursor, over as many connections as it takes', {
    given: [...connected, started(at(60), {}, at(-100)), passing(at(-60), { at: at(61), connection: 2 })],
    when: [
      closed(2, at(62)),
      timer(3, at(63)),
      passing(at(-65), { at: at(64), connection: 3 }),
      started(at(70)),
      passing(at(-60), { at: at(71), connection: 4 }),
      passing(at(10) - 1, { at: at(72), connection: 4 }),
      started(at(80))
    ],
    then: { cursor: at(10), effects: [wake(3, 2_000), open(3, at(-65)), open(4, at(-65)), open(5, at(5) - 1)] }
  }),
  example('S3.10 resumes are as before once older events have been read again', {
    given: [...connected, started(at(60), {}, at(-100)), passing(at(-60), { at: at(61), connection: 2 })],
    when: [passing(at(10), { at: at(62), connection: 2 }), passing(at(-50), { at: at(63), connection: 2 }), started(at(70))],
    then: { cursor: at(10), effects: [open(3, at(5))] }
  }),
  example('S3.11 a start time at the cursor, or later, has nothing read again', {
    given: [...connected, started(at(60), {}, at(10)), passing(at(12), { at: at(61), connection: 2 })],
    when: [started(at(70), {}, at(40)), passing(at(11), { at: at(71), connection: 3 }), started(at(80))],
    then: {
      cursor: at(12),
      effects: [open(3, at(40)), open(4, at(7))]
    }
  }),
  example('S3.12 a new start time replaces the first', {
    given: [...connected, started(at(60), {}, at(-100)), passing(at(-60), { at: at(61), connection: 2 })],
    when: [started(at(70), {}, at(-50)), passing(at(-50), { at: at(71), connection: 3 }), started(at(80))],
    then: { cursor: at(10), effects: [open(3, at(-50)), open(4, at(-55))] }
  }),

  // ---------------------------------------------------------------------------------------- S4
  example('S4.1 a connection asks for five seconds before the cursor', {
    given: [passing(at(100))],
    when: [started(at(101))],
    then: { effects: [open(1, at(95))] }
  }),
  example('S4.2 a connection never asks for less than 0', {
    given: [passing(4_999_999)],
    when: [started(6_000_000)],
    then: { effects: [open(1, 0)] }
  }),
  example('S4.3 a cursor of six seconds asks for one', {
    given: [passing(6_000_000)],
    when: [started(7_000_000)],
    then: { effects: [open(1, 1_000_000)] }
  }),
  example('S4.4 the margin before the cursor is configurable', {
    config: { rewindUs: 1_500_000 },
    given: [passing(at(100))],
    when: [started(at(101), { rewindUs: 2_500_000 })],
    then: { effects: [open(1, at(97.5))] }
  }),
  example('S4.5 the duplicates that the margin brings change and cause nothing', {
    given: [
      started(at(0)),
      opened(1, at(1)),
      put(ALICE, 'app', repo(), at(10), { connection: 1 }),
      put(ALICE, 'app', repo({ name: 'new' }), at(11), { connection: 1 }),
      closed(1, at(13)),
      timer(2, at(14)),
      opened(2, at(15))
    ],
    when: [
      put(ALICE, 'app', repo(), at(10), { connection: 2 }),
      put(ALICE, 'app', repo({ name: 'new' }), at(11), { connection: 2 })
    ],
    then: {
      rows: [row(ALICE, 'app', repo({ name: 'new' }))],
      subscriptions: [K1],
      cursor: at(11),
      changes: ['counters', 'cursor']
    }
  }),

  // ---------------------------------------------------------------------------------------- S5
  example('S5.1 a failed attempt is followed by a pause', {
    given: [started(at(0))],
    when: [closed(1, at(1))],
    then: { effects: [wake(2, 2_000)] }
  }),
  example('S5.2 a pause is followed by another attempt', {
    given: [started(at(0)), closed(1, at(1))],
    when: [timer(2, at(3))],
    then: { effects: [open(2, null)] }
  }),
  example('S5.3 attempts go on for as long as it takes', {
    given: [started(at(0))],
    when: [closed(1, at(1)), timer(2, at(2)), closed(2, at(3)), timer(3, at(5)), closed(3, at(6)), timer(4, at(9))],
    then: { effects: [wake(2, 2_000), open(2, null), wake(3, 4_000), open(3, null), wake(4, 8_000), open(4, null)] }
  }),
  example('S5.4 a stop closes an open connection', {
    given: [started(at(0)), opened(1, at(1))],
    when: [stop(at(2))],
    then: { effects: [close(1)] }
  }),
  example('S5.5 a stop is not followed by another attempt', {
    given: [started(at(0)), opened(1, at(1)), stop(at(2))],
    when: [closed(1, at(3)), timer(2, at(4)), timer(1, at(5)), opened(2, at(6))],
    then: { effects: [], changes: [] }
  }),
  example('S5.6 a stop ends an attempt that is under way', {
    given: [started(at(0))],
    when: [stop(at(1)), opened(1, at(2)), closed(1, at(3))],
    then: { effects: [close(1)] }
  }),
  example('S5.7 a stop ends a pause: a timer that still fires opens nothing', {
    given: [started(at(0)), closed(1, at(1))],
    when: [stop(at(2)), timer(2, at(3))],
    then: { effects: [] }
  }),
  example('S5.8 a second stop request changes nothing', {
    given: [started(at(0)), opened(1, at(1)), stop(at(2))],
    when: [stop(at(3))],
    then: { effects: [], changes: [] }
  }),
  example('S5.9 a frame that was still under way at the stop is not processed', {
    given: [...connected, stop(at(11))],
    when: [put(ALICE, 'app', repo(), at(12), { connection: 1 })],
    then: { rows: [], cursor: at(10), changes: [] }
  }),
  example('S5.10 the machine can be started again after a stop', {
    given: [...connected, stop(at(11)), closed(1, at(11))],
    when: [started(at(60))],
    then: { effects: [open(3, at(5))] }
  }),

  // ---------------------------------------------------------------------------------------- S11
  example('S11.1 the cursor is the stamp of the event, not the time of its receipt', {
    when: [put(ALICE, 'app', repo(), at(10), { at: at(25) })],
    then: { cursor: at(10), effects: [subscribe(K1, 1)] }
  }),
  example('S11.2 a replay of the event after a crash applies it once', {
    given: [put(ALICE, 'app', repo(), at(10))],
    when: [started(at(20)), put(ALICE, 'app', repo(), at(10), { connection: 1 })],
    then: { rows: [row(ALICE, 'app', repo())], cursor: at(10), effects: [open(1, at(5)), subscribe(K1, 2)] }
  }),

  // ---------------------------------------------------------------------------------------- S12
  example(
    'S12.1 rows, subscriptions and cursor change in one step: there is no moment at which the cursor alone could be saved',
    {
      when: [put(ALICE, 'app', repo(), at(10))],
      then: {
        rows: [row(ALICE, 'app', repo())],
        subscriptions: [K1],
        cursor: at(10),
        changes: ['commits', 'counters', 'cursor', 'knots'],
        effects: [subscribe(K1, 1)]
      }
    }
  ),
  example('S12.2 a lost state that could not be saved comes again: the same events give the same state', {
    given: [put(OWNER, 'm', member(), at(1)), del(OWNER, MEMBER, 'm', at(2)), put(ALICE, 'c', collaborator(), at(3))],
    when: [
      put(OWNER, 'm', member(), at(1)),
      del(OWNER, MEMBER, 'm', at(2)),
      put(ALICE, 'c', collaborator(), at(3)),
      del(ALICE, COLLABORATOR, 'c', at(4), { at: receipt(at(4)) })
    ],
    then: { rows: [], cursor: at(4), changes: ['commits', 'counters', 'cursor'] }
  })
]
