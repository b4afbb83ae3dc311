/** The machine: which part sees which event, in which order effects come out, and what a batch may leave out. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { asAdvance, canonical, CONCERNS, decodeFrame, Event, fold, type Json, Natural, run, State, step, TimeUs } from '../../core/index.js'
import {
  account,
  ALICE,
  at,
  BOB,
  CONFIG,
  foldOf,
  frame,
  fromFuture,
  gap,
  type Happening,
  initialOf,
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotOpened,
  MINUTE,
  must,
  open,
  opened,
  OWNER,
  passing,
  poisoned,
  put,
  refused,
  repo,
  started,
  stop,
  subscribe,
  unsubscribe,
  wake,
  type WrittenEvent
} from '../suite/examples/support.js'

const empty = () => initialOf(CONFIG)
const event = (written: WrittenEvent): Event => must(Event.decode(written))
const textOf = (state: State): string => canonical(State.encode(state) as Json)
const report = (content: object) => ({ _tag: 'Report', report: content })

describe('concerns', () => {
  test('are as the table says', () => {
    expect(CONCERNS).toEqual({
      Started: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
      StopRequested: ['cursor', 'knots'],
      PassedOver: [],
      TimerFired: ['cursor', 'knots', 'access', 'backfill', 'builds'],
      JetstreamOpened: ['cursor', 'backfill'],
      JetstreamClosed: ['cursor'],
      CommitReceived: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
      AccountReceived: ['cursor', 'commits', 'knots', 'access', 'backfill', 'builds'],
      StreamAdvanced: ['cursor'],
      FrameRejected: ['cursor'],
      KnotOpened: ['knots', 'builds'],
      KnotClosed: ['knots'],
      KnotReceived: ['knots', 'builds'],
      CollaboratorUpdated: ['knots', 'access'],
      KnotFrameRejected: ['knots'],
      RecordsRead: ['commits', 'knots', 'access', 'backfill', 'builds'],
      AccessRead: ['access', 'builds'],
      WorkflowsRead: ['builds'],
      BuildAccepted: ['builds'],
      BuildMissing: ['builds'],
      BuildReported: ['builds'],
      CancelAcknowledged: ['builds'],
      RequestFailed: ['access', 'backfill', 'builds'],
      CancelRequested: ['builds'],
      RetryRequested: ['builds'],
      CallReceived: ['builds']
    })
  })
})

describe('the order of effects', () => {
  test('is the stream, subscriptions by host, unsubscriptions by host, reports', () => {
    const [before] = foldOf(empty(), [
      passing(at(0)),
      started(at(10)),
      put(ALICE, 'a', repo({ knot: 'b.example' }), at(-1), { at: at(10), connection: 1 }),
      put(ALICE, 'b', repo({ knot: 'a.example' }), at(-1), { at: at(10), connection: 1 })
    ])
    const [, moved] = foldOf(before, [
      put(ALICE, 'a', repo({ knot: '0' }), at(5_000), { at: at(12), connection: 1 }),
      started(at(20), { hostname: 'other.example' })
    ])
    expect(moved).toEqual([
      unsubscribe('b.example', 1),
      report(fromFuture(ALICE, at(5_000), at(12))),
      report(refused(ALICE, 'a', '0', at(12))),
      open(2, at(-5))
    ])
  })

  test('begins with the pause at a loss with a gap', () => {
    const [before] = foldOf(empty(), [
      passing(at(0)),
      started(at(1)),
      poisoned(1, at(2)),
      started(at(3)),
      poisoned(3, at(4)),
      started(at(5))
    ])
    const [, effects] = foldOf(before, [poisoned(5, at(6))])
    expect(effects).toEqual([wake(6, 2_000), report(gap(at(0), at(1), at(6)))])
  })

  test('holds for several subscriptions and unsubscriptions of one event', () => {
    const hosts = ['d.example', 'b.example', 'c.example', 'a.example']
    const [before] = foldOf(
      empty(),
      hosts.map((knot, i) => put(ALICE, knot, repo({ knot }), at(i)))
    )
    const [, effects] = foldOf(before, [account(ALICE, 'suspended', at(9)), account(ALICE, 'active', at(10))])
    expect(effects).toEqual([
      unsubscribe('a.example', 4),
      unsubscribe('b.example', 2),
      unsubscribe('c.example', 3),
      unsubscribe('d.example', 1),
      subscribe('a.example', 5),
      subscribe('b.example', 6),
      subscribe('c.example', 7),
      subscribe('d.example', 8)
    ])
  })
})

describe('an event of another connection than the one that is there', () => {
  const before = () =>
    foldOf(empty(), [
      started(at(0)),
      opened(1, at(1)),
      passing(at(2), { connection: 1 }),
      put(ALICE, 'a', repo(), at(3), { connection: 1 }),
      knotOpened(K1, 1, at(4))
    ])[0]
  const stale: ReadonlyArray<Happening> = [
    put(ALICE, 'b', repo({ knot: K2 }), at(10), { connection: 0 }),
    put(ALICE, 'b', repo({ knot: K2 }), at(10), { connection: 2 }),
    account(ALICE, 'deleted', at(10), { connection: 2 }),
    passing(at(10), { connection: 0 }),
    frame('{', at(10), 2),
    frame({ did: 'x', time_us: at(10) }, at(11), 0),
    opened(2, at(10)),
    poisoned(2, at(10)),
    knotOpened(K1, 2, at(10)),
    knotClosed(K1, 2, at(10)),
    knotFrame(K1, '{"rkey":"x","nsid":"a.b.c","created":1767225610000000000}', at(10), 2),
    knotFrame(K1, '{', at(10), 0),
    knotFrame(K2, '{"rkey":"x","nsid":"a.b.c","created":1767225610000000000}', at(10), 1)
  ]
  for (const happening of stale)
    test(`${happening._tag} of ${String('connection' in happening && happening.connection)} changes and causes nothing`, () => {
      const [after, effects] = foldOf(before(), [happening])
      expect([effects, textOf(after)]).toEqual([[], textOf(before())])
    })
})

describe('cursors of knots', () => {
  const before = () =>
    foldOf(empty(), [
      put(ALICE, 'a', repo({ knot: K1 }), at(0)),
      put(ALICE, 'b', repo({ knot: K2 }), at(0)),
      knotOpened(K1, 1, at(1))
    ])[0]
  const cursorsAfter = (...happenings: ReadonlyArray<Happening>) => {
    const [after] = foldOf(before(), happenings)
    return [...foldOf(after, [started(at(100))])[1]].flatMap((effect) => (effect._tag === 'SubscribeKnot' ? [effect.cursor] : []))
  }
  const created = (digits: string, received = at(50)) =>
    knotFrame(K1, `{"rkey":"x","nsid":"a.b.c","created":${digits}}`, received, 1)

  test('are those of the latest stamp, each for itself', () => {
    expect(cursorsAfter(created('1767225610000000005'))).toEqual(['1767225610000000004', null])
    expect(cursorsAfter(created('1767225610000000005'), created('1767225610000000009'))).toEqual(['1767225610000000008', null])
    expect(cursorsAfter(created('1767225610000000005'), created('1767225610000000004'))).toEqual(['1767225610000000004', null])
    expect(cursorsAfter(created('0'))).toEqual(['0', null])
  })

  test('are a while before the receipt without a stamp', () => {
    expect(cursorsAfter(knotFrame(K1, '{"rkey":"x","nsid":"a.b.c"}', at(50), 1))).toEqual(['1767225644999999999', null])
  })

  test('stay where a frame is from the future, or was rejected', () => {
    expect(cursorsAfter(created('1767225610000000005'), created('1767225950000000001'), knotFrame(K1, '{', at(51), 1))).toEqual([
      '1767225610000000004',
      null
    ])
    expect(cursorsAfter(created('1767225950000000000'))).toEqual(['1767225949999999999', null])
  })

  test('report a frame from the future', () => {
    expect(foldOf(before(), [created('1767225950000000001')])[1]).toEqual([
      report({ _tag: 'KnotFrameFromFuture', at: at(50), created: '1767225950000000001', host: K1 })
    ])
  })

  test('report a rejected frame', () => {
    expect(foldOf(before(), [knotFrame(K1, '{', at(51), 1)])[1]).toEqual([
      report({ _tag: 'KnotFrameRejected', at: at(51), detail: '{', host: K1, reason: 'json' })
    ])
  })

  test('stay over a loss, and over a stop', () => {
    expect(cursorsAfter(created('1767225610000000005'), knotClosed(K1, 1, at(51)))).toEqual(['1767225610000000004', null])
    expect(cursorsAfter(created('1767225610000000005'), stop(at(51)))).toEqual(['1767225610000000004', null])
  })
})

describe('a stopped machine', () => {
  test('keeps rows and subscriptions in line, and asks for nothing', () => {
    const [stopped] = foldOf(empty(), [put(ALICE, 'a', repo({ knot: K1 }), at(0)), stop(at(1))])
    const [after, effects] = foldOf(stopped, [put(ALICE, 'a', repo({ knot: K2 }), at(2), { connection: 1 })])
    expect(effects).toEqual([])
    expect(foldOf(after, [started(at(3))])[1]).toEqual([open(2, at(-3)), subscribe(K2, 4)])
  })
})

describe('events that only move the cursor', () => {
  const state = () => foldOf(empty(), [put(ALICE, 'a', repo(), at(0)), started(at(1))])[0]
  const advanceOf = (written: WrittenEvent) => asAdvance(state(), event(written))
  const on1 = { connection: 1 }

  test('are an advance, and an account event about somebody unknown', () => {
    expect(advanceOf(passing(at(2), on1))).toEqual(passing(at(2), on1))
    expect(advanceOf(account(BOB, 'deleted', at(2), on1))).toEqual(passing(at(2), on1))
  })

  test('are no account event about somebody known, nor any other event', () => {
    expect(
      [
        account(ALICE, 'active', at(2), on1),
        put(BOB, 'a', repo(), at(2), on1),
        opened(1, at(2)),
        stop(at(2)),
        started(at(2))
      ].map(advanceOf)
    ).toEqual([null, null, null, null, null])
  })

  test('are rejections that a replay repeats, and no others', () => {
    const receipt = { at: must(TimeUs.decode(at(2))), connection: must(Natural.decode(1)) }
    const badAt = (timeUs: number) => E.toUnion(decodeFrame(receipt)(`{"time_us":${String(timeUs)}}`))
    const found = [at(0) - 1, at(0), at(0) + 1].map((timeUs) => asAdvance(state(), badAt(timeUs))?.lastUs)
    expect(found).toEqual([at(0) - 1, at(0), undefined])
    expect(asAdvance(state(), E.toUnion(decodeFrame(receipt)('{')))).toBeNull()
  })

  test('are none while a number is awaited', () => {
    const [awaiting] = foldOf(empty(), [passing(at(0), { ordinal: 7 }), started(at(1))])
    expect(asAdvance(awaiting, event(passing(at(0), { ...on1, ordinal: 7 })))).toBeNull()
    const batch = [passing(at(0), { ...on1, ordinal: 7 }), passing(at(1), on1), passing(at(2), on1)]
    expect(fold(awaiting, batch.map(event)).events).toEqual([batch[0], { ...passing(at(1), on1), at: at(3), count: 2, lastUs: at(2) }])
    const astray = fold(awaiting, [passing(at(0), { ...on1, ordinal: 8 }), passing(at(1), on1)].map(event))
    expect([astray.events.length, astray.isLazy, astray.state.counters.frames]).toEqual([1, false, 1])
  })

  test('are none from another connection, or from the future', () => {
    expect(
      [
        passing(at(2)),
        account(BOB, 'active', at(2), { connection: 2 }),
        passing(at(10 + 5 * MINUTE) + 1, { ...on1, at: at(10) }),
        account(BOB, 'active', at(10 + 5 * MINUTE) + 1, { ...on1, at: at(10) })
      ].map(advanceOf)
    ).toEqual([null, null, null, null])
    expect(advanceOf(passing(at(10 + 5 * MINUTE), { ...on1, at: at(10) }))).not.toBeNull()
  })
})

describe('a batch', () => {
  const start = () => foldOf(empty(), [started(at(0))])[0]
  const on1 = { connection: 1 }
  const folded = (...written: ReadonlyArray<WrittenEvent>) => fold(start(), written.map(event))
  const merged = (count: number, firstUs: number, lastUs: number, when: number) => ({
    _tag: 'StreamAdvanced',
    at: when,
    connection: 1,
    count,
    firstUs,
    lastUs,
    ordinal: null
  })

  test('may be empty', () => {
    expect(folded()).toEqual({ effects: [], events: [], isLazy: true, state: start() })
  })

  test('merges runs of events that only move the cursor, up to one that does more', () => {
    const { effects, events, isLazy, state } = folded(
      passing(at(1), on1),
      account(BOB, 'active', at(2), on1),
      put(ALICE, 'a', repo(), at(3), on1),
      passing(at(4), on1),
      passing(at(6), on1),
      passing(at(5), on1)
    )
    expect(events).toEqual([merged(2, at(1), at(2), at(3)), put(ALICE, 'a', repo(), at(3), on1), merged(3, at(4), at(6), at(6))])
    expect([effects, isLazy, state.counters.frames]).toEqual([[subscribe(K1, 1)], false, 6])
    expect(textOf(state)).toBe(textOf(run(start(), events)[0]))
  })

  test('may begin with an event that does more', () => {
    expect(folded(opened(1, at(1))).events).toEqual([opened(1, at(1))])
  })

  test('leaves out what changes nothing and causes nothing', () => {
    expect(folded(passing(at(1)), opened(7, at(2)), passing(at(3), on1), stop(at(4)), stop(at(5))).events).toEqual([
      passing(at(3), on1),
      stop(at(4))
    ])
    expect(folded(passing(at(1)))).toEqual({ effects: [], events: [], isLazy: true, state: start() })
  })

  test('merges nothing across a clock that was set back', () => {
    const batch = [
      passing(at(1_000), { ...on1, at: at(1_000) }),
      passing(at(10), { ...on1, at: at(10) }),
      passing(at(11), { ...on1, at: at(11) })
    ]
    const { events, state } = folded(...batch)
    expect(events).toEqual([batch[0], merged(2, at(10), at(11), at(11))])
    expect(state.cursor.cursor).toBe(at(1_000))
  })

  test('is lazy when the cursor is all that moved', () => {
    expect(folded(passing(at(1), on1), passing(at(2), on1)).isLazy).toBe(true)
    expect(folded(passing(at(1), on1), opened(1, at(2))).isLazy).toBe(false)
    expect(folded(account(OWNER, 'active', at(1), on1)).isLazy).toBe(true)
  })

  test('is not lazy when it says something of an account that is being read, though it has no rows', () => {
    const reading = foldOf(empty(), [started(at(0), { backfill: true })])[0]
    const about = (did: string) => fold(reading, [event(account(did, 'active', at(1), on1))])
    expect([about(OWNER).isLazy, about(OWNER).events, about(BOB).isLazy]).toEqual([false, [account(OWNER, 'active', at(1), on1)], true])
  })

  test('is not lazy when something is to be done', () => {
    const [resumed] = foldOf(empty(), [passing(at(0)), started(at(100))])
    const { effects, isLazy } = fold(resumed, [event(passing(at(90), on1))])
    expect([effects, isLazy]).toEqual([[report(gap(at(-5), at(90), at(91)))], false])
  })

  test('ends in the state of its events one by one', () => {
    const written = [
      passing(at(1), on1),
      passing(at(2), on1),
      put(ALICE, 'a', repo(), at(3), on1),
      passing(at(4), on1),
      account(ALICE, 'suspended', at(5), on1)
    ]
    const [one, effects] = run(start(), written.map(event))
    const batch = folded(...written)
    expect([textOf(batch.state), batch.effects]).toEqual([textOf(one), effects])
  })
})

test('a run is the fold of the steps, with all effects', () => {
  const events = [started(at(0)), put(ALICE, 'a', repo(), at(1), { connection: 1 })].map(event)
  const [one, first] = step(empty(), events[0] ?? event(stop(at(0))))
  const [two, second] = step(one, events[1] ?? event(stop(at(0))))
  const [all, effects] = run(empty(), events)
  expect([textOf(all), effects]).toEqual([textOf(two), [...first, ...second]])
})
