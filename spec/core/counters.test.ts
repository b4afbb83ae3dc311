/** Counters: every report is counted under its kind, the last twenty are kept, and every frame is counted once. */
import { describe, expect, test } from 'vitest'
import { OrderedMap as M, type State } from '../../core/index.js'
import { comes, running, trigger } from '../suite/examples/build-world.js'
import {
  ALICE,
  at,
  type Happening,
  foldOf,
  frame,
  initialOf,
  CONFIG,
  K1,
  knotFrame,
  passing,
  put,
  repo,
  started
} from '../suite/examples/support.js'

const after = (...happenings: ReadonlyArray<Happening>): State['counters'] => foldOf(initialOf(CONFIG), happenings)[0].counters

const countsOf = (counters: State['counters']) => M.toEntries(counters.reports)

describe('counters', () => {
  test('begin at zero', () => {
    expect(after()).toEqual({ frames: 0, recent: [], reports: M.empty() })
  })

  test('count reports under their kind, and rejections under their reason', () => {
    const counters = after(
      started(at(0)),
      frame('{', at(1), 1),
      frame('}', at(2), 1),
      frame('[]', at(3), 1),
      frame({ did: ALICE, time_us: at(4), kind: 'account' }, at(5), 1),
      passing(at(1_000), { at: at(6), connection: 1 }),
      put(ALICE, 'a', repo({ knot: '0' }), at(7), { connection: 1 }),
      put(ALICE, 'b', repo({ knot: K1 }), at(8), { connection: 1 }),
      knotFrame(K1, '{', at(9), 1),
      knotFrame(K1, '{}', at(10), 1),
      knotFrame(K1, '{"rkey":"x","nsid":"a.b.c","created":9000000000000000000}', at(11), 1)
    )
    expect(countsOf(counters)).toEqual([
      ['FrameFromFuture', 1],
      ['FrameRejected/account', 1],
      ['FrameRejected/frame', 1],
      ['FrameRejected/json', 2],
      ['KnotFrameFromFuture', 1],
      ['KnotFrameRejected/json', 1],
      ['KnotFrameRejected/nsid', 1],
      ['KnotRefused', 1]
    ])
  })

  test('count frames of every kind, understood or not, and no other events', () => {
    const counters = after(
      started(at(0)),
      frame('{', at(1), 1),
      passing(at(2), { connection: 1 }),
      { _tag: 'StreamAdvanced', at: at(9), connection: 1, count: 40, firstUs: at(3), lastUs: at(4), ordinal: null },
      frame({ did: ALICE, time_us: at(5), kind: 'account', account: { active: true } }, at(6), 1),
      put(ALICE, 'a', repo(), at(7), { connection: 1 }),
      put(ALICE, 'a', repo(), at(7), { connection: 1 }),
      passing(at(1_000), { at: at(8), connection: 1 }),
      knotFrame(K1, '{}', at(9), 1)
    )
    expect(counters.frames).toBe(46)
  })

  test('leave out frames of another connection', () => {
    const counters = after(started(at(0)), frame('{', at(1), 0), passing(at(2), { connection: 2 }))
    expect([counters.frames, counters.recent]).toEqual([0, []])
  })

  test('keep the last twenty reports, oldest first', () => {
    const rejections = (n: number) => after(...Array.from({ length: n }, (_, i) => frame('{', at(i), 0)))
    expect(rejections(19).recent.map((report) => report.at)).toEqual(Array.from({ length: 19 }, (_, i) => at(i)))
    expect(rejections(20).recent.map((report) => report.at)).toEqual(Array.from({ length: 20 }, (_, i) => at(i)))
    expect(rejections(23).recent.map((report) => report.at)).toEqual(Array.from({ length: 20 }, (_, i) => at(i + 3)))
    expect(countsOf(rejections(23))).toEqual([['FrameRejected/json', 23]])
  })

  test('only count the triggers that call for nothing: others’ pushes are no news', () => {
    const stranger = { did: 'did:plc:unknown', knot: null, name: null, owner: null }
    const counters = after(...running(), comes(trigger({ repo: stranger }), at(20)), comes(trigger({ actor: ALICE }), at(21)))
    expect(countsOf(counters)).toEqual([
      ['TriggerIgnored/repo', 1],
      ['TriggerRefused/actor', 1]
    ])
    expect(counters.recent.map(({ _tag }) => _tag)).toEqual(['TriggerRefused'])
  })

  test('keep reports as they were reported', () => {
    expect(after(frame('{', at(1), 0)).recent).toEqual([
      { _tag: 'FrameRejected', at: at(1), collection: null, detail: '{', did: null, operation: null, reason: 'json', rkey: null }
    ])
  })
})
