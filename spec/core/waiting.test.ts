/** How many runs of a knot may wait, and for whom (T6). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { type Builds, type Did, HostName, OrderedMap as M, Rkey } from '../../core/index.js'
import { tooManyWait, waitingKeys, waitingWith, waitingWithout } from '../../core/builds/waiting.js'
import { building, cancel, comes, pushTimer, running, trigger } from '../suite/examples/build-world.js'
import { ALICE, at, BOB, CONFIG, foldOf, initialOf, K1, K2, knotOpened, member, must, OWNER, put, started } from '../suite/examples/support.js'

const CAROL = 'did:plc:carol'

const knot = (): HostName => must(HostName.decode(K1))
const key = (n: number): Rkey => must(Rkey.decode(`k${String(n)}`))

const runFor = (owner: string): Builds.Run => {
  const [state] = foldOf(initialOf(CONFIG), [...running(), comes(trigger(), at(20))])
  const run = M.toEntries(state.builds.runs)[0]?.[1]
  if (run === undefined) throw new Error('no run began')
  return { ...run, repository: { ...run.repository, owner: owner as Did } }
}

/** Two of Alice's wait, and one of Bob's. */
const three = (): Builds.BuildsState['waiting'] =>
  [ALICE, ALICE, BOB].reduce((waiting, did, i) => waitingWith(waiting, knot(), key(i), runFor(did)), initialOf(CONFIG).builds.waiting)

const sorted = <K extends string, A>(entries: ReadonlyArray<readonly [K, A]>): M.OrderedMap<K, A> => must(E.fromOption(() => [])(M.fromSorted(entries)))

type Counts = ReadonlyArray<readonly [did: string, count: number]>

/** So many wait for each of these accounts, in the order of their DIDs. */
const waits = (counts: Counts): Pick<Builds.BuildsState, 'waiting'> => {
  const keys = Array.from({ length: counts.reduce((sum, [, count]) => sum + count, 0) }, (_, i) => [String(1_000_000 + i) as Rkey, true] as const)
  const ofOwners = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([did, count]) => [did as Did, count] as const)
  return { waiting: M.singleton(knot(), { keys: sorted(keys), ofOwners: sorted(ofOwners) }) }
}

const answer = (counts: Counts, did: string, on = K1): string | null => {
  const [{ commits, config }] = foldOf(initialOf(CONFIG), [put(OWNER, 'm', member(), at(1))])
  return tooManyWait({ commits, config }, waits(counts), must(HostName.decode(on)), did as Did)
}

describe('runs that wait on a knot', () => {
  const many = (count: number): string => `${String(count)} triggers of this knot are waiting`
  const forOne = (count: number): string => `${many(count)} for one account`

  test.each<readonly [string, ReadonlyArray<readonly [did: string, count: number]>, did: string, string | null]>([
    ['a stranger: a sixteenth', [[BOB, 200]], BOB, forOne(200)],
    ['a stranger: one less', [[BOB, 199]], BOB, null],
    ['a stranger, where others wait', [[CAROL, 200], [ALICE, 400], [OWNER, 200 - 1]], BOB, null],
    ['a stranger: half of all', [[CAROL, 200], [ALICE, 400], [OWNER, 1_000]], BOB, many(1_600)],
    ['a stranger: half of all, and a sixteenth', [[BOB, 200], [OWNER, 1_400]], BOB, many(1_600)],
    ['a member: two sixteenths', [[ALICE, 400]], ALICE, forOne(400)],
    ['a member: one less, with more than half of all', [[ALICE, 399], [OWNER, 1_900]], ALICE, null],
    ['a member: three quarters of all', [[ALICE, 1], [OWNER, 2_399]], ALICE, many(2_400)],
    ['the owner: all but one', [[OWNER, 3_199]], OWNER, null],
    ['the owner: all', [[OWNER, 3_000], [BOB, 200]], OWNER, many(3_200)]
  ])('%s', (_, counts, did, sentence) => {
    expect(answer(counts, did)).toBe(sentence)
  })

  test('take no place on another knot', () => {
    expect(answer([[BOB, 200]], BOB, K2)).toBeNull()
  })

  test('are known by key and account, until each has been read or given up', () => {
    const less = waitingWithout(three(), knot(), key(0), runFor(ALICE))
    expect(waitingKeys({ waiting: less }, knot())).toEqual([key(1), key(2)])
    const known = M.toEntries(less).map(([host, { keys, ofOwners }]) => [host, M.keys(keys), M.toEntries(ofOwners)])
    expect(known).toEqual([[K1, [key(1), key(2)], [[ALICE, 1], [BOB, 1]]]])
    const none = waitingWithout(waitingWithout(less, knot(), key(1), runFor(ALICE)), knot(), key(2), runFor(BOB))
    expect(M.isEmpty(none)).toBe(true)
    expect(waitingKeys({ waiting: none }, knot())).toEqual([])
  })

  test('are neither those that have been read, nor those that are not there', () => {
    const [waiting, read] = [three(), { ...runFor(BOB), phase: { _tag: 'Read' } } as const]
    expect(waitingWith(waiting, knot(), key(5), read)).toBe(waiting)
    expect(waitingWithout(waiting, knot(), key(2), read)).toBe(waiting)
    expect(waitingWithout(waiting, knot(), key(5), null)).toBe(waiting)
  })

  test('count once, also when they begin to wait anew', () => {
    const [state] = foldOf(initialOf(CONFIG), [...running(), comes(trigger({ shape: 'named' }), at(20))])
    const [again] = foldOf(state, [cancel(at(21), null), comes(trigger(), at(22))])
    expect(M.toEntries(state.builds.waiting).map(([, { ofOwners }]) => M.toEntries(ofOwners))).toEqual([[[OWNER, 1]]])
    expect(M.isEmpty(again.builds.waiting)).toBe(true)
  })
})

test('the end of an earlier wait is none of a later one', () => {
  const given = [...running(), comes(trigger({ shape: 'named' }), at(20)), started(at(21), building()), knotOpened(K1, 3, at(60))]
  const [waits] = foldOf(initialOf(CONFIG), given)
  const [after, early] = foldOf(waits, [pushTimer(1, at(61))])
  expect(early).toEqual([])
  expect(foldOf(after, [pushTimer(2, at(65))])[1]).toMatchObject([{ _tag: 'ReadWorkflows' }])
})
