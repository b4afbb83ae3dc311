/** What is kept of who may push, and how much of it: the reducer of access alone, at its limits. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { Access, type AccessAnswer, Commits, Config, type Did, Event, type HostName, type Natural, OrderedMap as M, type Rkey, State, type TimeUs } from '../../core/index.js'
import { repositoryKey } from '../../core/access/model.js'
import { ALICE, at, BOB, CONFIG, foldOf, initialOf, K1, must, OWNER, put, repo, started } from '../suite/examples/support.js'

const configOf = (): Config => must(Config.decode({ ...CONFIG, collaborators: 'knots' }))
const knot = K1 as HostName
const did = (text: string): Did => text as Did
const APP = 'did:plc:app'
const LIB = 'did:plc:lib'
const DAY = 86_400_000_000

type Given = Partial<Access.AccessGiven>
type Written = { readonly [key: string]: unknown }

const event = (written: Written): Event => must(Event.decode(written))
const passes = (): Event => event({ _tag: 'PassedOver', about: '', at: at(1), of: '' })

const claim = (repo: string, rkey = 'a', of = OWNER, tag: 'ClaimMade' | 'ClaimReleased' = 'ClaimMade') =>
  ({ _tag: tag, did: did(of), knot, repo, rkey: rkey as Rkey }) as const

/** What comes of an event; `null` when it is nothing. */
const take = (state: Access.AccessState, happens: Event, given: Given = {}): { readonly outcomes: ReadonlyArray<Access.AccessOutcome>; readonly state: Access.AccessState } | null => {
  const answer = Access.reduce(state, happens, { claims: [], commits: Commits.initial, config: configOf(), isStopped: false, told: [], ...given })
  return O.isNone(answer) ? null : { outcomes: answer.value[1], state: answer.value[0] }
}

const after = (state: Access.AccessState, happens: Event, given: Given = {}): Access.AccessState => take(state, happens, given)?.state ?? expect.fail('it is nothing')

const entry = (access: AccessAnswer | null, parts: Partial<Access.Entry> = {}): Access.Entry => ({
  access,
  asOfUs: access === null ? null : at(1) as TimeUs,
  isOutdated: false,
  request: { attempt: 0 as Natural, number: 1 as Natural, phase: 'Asked' },
  ...parts
})

/** The owner's repository is claimed, and the knot is being asked about it, under number 1. */
const asked = (access: AccessAnswer | null = null, parts: Partial<Access.Entry> = {}): Access.AccessState => ({
  ...after(Access.initial, passes(), { claims: [claim(APP)] }),
  collaborators: access?._tag === 'ByKnot' ? access.collaborators.length : 0,
  listed: tallyOf(OWNER, access?._tag === 'ByKnot' ? access.collaborators.length : 0),
  listing: access?._tag === 'ByKnot' ? M.singleton(knot, 1) : M.empty(),
  entries: M.singleton(repositoryKey(knot, APP), entry(access, parts))
})

const byKnot = (collaborators: ReadonlyArray<string>, owner = OWNER): AccessAnswer => ({ _tag: 'ByKnot', collaborators: collaborators.map(did), owner: did(owner) })
const DENIED: AccessAnswer = { _tag: 'Denied', detail: '', keepsLists: false }
const BY_RECORDS: AccessAnswer = { _tag: 'ByRecords' }
const tallyOf = (of: string, count: number) => (count === 0 ? M.empty<Did, number>() : M.singleton(did(of), count))
const people = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `did:plc:${String(i)}`)

const says = (access: AccessAnswer, when = at(2), number = 1): Event => event({ _tag: 'AccessRead', access, at: when, knot: K1, number, repo: APP })
const fails = (when: number, number = 1): Event =>
  event({ _tag: 'RequestFailed', at: when, error: 'no', isFinal: false, number, requested: { _tag: 'Access', knot: K1, repo: APP }, waitMs: 0 })

const accessIn = (state: Access.AccessState, repo = APP): AccessAnswer | null | undefined => O.toNullable(M.lookup(repositoryKey(knot, repo))(state.entries))?.access
const reportsIn = (outcomes: ReadonlyArray<Access.AccessOutcome> = []): ReadonlyArray<unknown> =>
  outcomes.flatMap((outcome) => (outcome._tag === 'Report' && 'detail' in outcome.report ? [outcome.report.detail] : []))

const named: Given = { commits: { named: M.singleton(ALICE, 1) } }
const ofAlice = { claims: [claim(APP, 'a', ALICE)] }

describe('how many repositories there is room for', () => {
  test.each([
    ['the owner', OWNER, {}, 5_000],
    ['an account that a record of the owner names', ALICE, named, 5_000],
    ['a stranger', ALICE, {}, 500]
  ])('of %s', (_, who, given, most) => {
    for (const count of [most - 1, most]) {
      const before = { ...Access.initial, ofAccounts: M.singleton(did(who), count) }
      const taken = take(before, passes(), { ...given, claims: [claim(APP, 'a', who)] })
      expect(taken?.outcomes.map(({ _tag }) => _tag)).toEqual(count < most ? ['ReadAccess'] : ['Report'])
      expect(reportsIn(taken?.outcomes)).toEqual(count < most ? [] : ['there are too many repositories'])
      expect(accessIn(taken?.state ?? before)).toBe(count < most ? null : undefined)
    }
  })

  test('is counted for each who claims them, as they come and go', () => {
    const two = after(Access.initial, passes(), { claims: [claim(LIB, 'b'), claim(APP), claim(APP, 'c'), claim(APP, 'a', ALICE)] })
    expect(M.toEntries(two.ofAccounts)).toEqual([[ALICE, 1], [OWNER, 2]])
    const still = after(two, passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] })
    expect(M.toEntries(still.ofAccounts)).toEqual([[ALICE, 1], [OWNER, 2]])
    const one = after(still, passes(), { claims: [claim(APP, 'c', OWNER, 'ClaimReleased')] })
    expect([M.toEntries(one.ofAccounts), M.keys(one.entries)]).toEqual([[[ALICE, 1], [OWNER, 1]], [`${K1}/${APP}`, `${K1}/${LIB}`]])
    const none = after(one, passes(), { claims: [claim(LIB, 'b', OWNER, 'ClaimReleased'), claim(APP, 'a', ALICE, 'ClaimReleased')] })
    expect([M.toEntries(none.ofAccounts), M.keys(none.claimants)]).toEqual([[], []])
  })

  test('what goes that was never taken in is nothing', () => {
    const full = { ...Access.initial, ofAccounts: M.singleton(did(OWNER), 5_000) }
    const refused = after(full, passes(), { claims: [claim(APP)] })
    expect(M.toEntries(after(refused, passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] }).ofAccounts)).toEqual([[OWNER, 5_000]])
  })

  test('what one had no room for is taken in for another, and tried again at a start', () => {
    const full = { ...Access.initial, ofAccounts: M.singleton(did(ALICE), 500) }
    const refused = after(full, passes(), ofAlice)
    expect(accessIn(after(refused, passes(), { claims: [claim(APP, 'b')] }))).toBe(null)
    expect(accessIn(after(refused, passes(), { claims: [claim(APP, 'b', ALICE)] }))).toBe(undefined)
    expect(accessIn(after({ ...refused, ofAccounts: M.empty() }, event({ _tag: 'Started', at: at(2), config: configOf(), resumeFrom: null })))).toBe(null)
  })

  test('one that two claim stays until neither does', () => {
    const both = after(asked(byKnot([])), passes(), { claims: [claim(APP, 'x', ALICE)] })
    const one = after(both, passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] })
    expect(accessIn(one)).toEqual(byKnot([]))
    expect(accessIn(after(one, passes(), { claims: [claim(APP, 'x', ALICE, 'ClaimReleased')] }))).toBe(undefined)
  })
})

test('what nobody claims is asked of nobody', () => {
  const state = { ...asked(byKnot([]), { request: { attempt: 0 as Natural, number: 1 as Natural, phase: 'Pausing' } }), claimants: Access.initial.claimants }
  const taken = take(state, event({ _tag: 'TimerFired', at: at(3), timer: { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Access', knot: K1, repo: APP } } }))
  expect(taken?.outcomes).toEqual([])
  expect(M.toEntries(taken?.state.entries ?? M.empty())).toMatchObject([[`${K1}/${APP}`, { request: { phase: 'Waiting' } }]])
})

describe('how many collaborators there is room for', () => {
  test.each([
    [500, 0, true],
    [501, 0, false],
    [1, 49_999, true],
    [2, 49_999, false]
  ])('%i, where the other lists of the owner have %i', (count, others, isTaken) => {
    const { outcomes, state } = take({ ...asked(), collaborators: others, listed: tallyOf(OWNER, others) }, says(byKnot(people(count)))) ?? expect.fail()
    expect(accessIn(state)).toEqual(isTaken ? byKnot([...people(count)].sort()) : null)
    expect(reportsIn(outcomes)).toEqual(isTaken ? [] : ['there are too many collaborators'])
    expect([state.collaborators, M.toEntries(state.listed)]).toEqual([isTaken ? others + count : others, others + (isTaken ? count : 0) === 0 ? [] : [[OWNER, isTaken ? others + count : others]]])
  })

  test.each([
    ['a stranger’s own lists', 5_000, 0],
    ['all lists, where it is a stranger’s', 0, 100_000]
  ])('up to the limit of %s', (_, own, all) => {
    const of = (less: number) => ({
      ...after(Access.initial, passes(), ofAlice),
      collaborators: Math.max(own, all) - less,
      listed: tallyOf(ALICE, Math.max(0, own - less))
    })
    expect(accessIn(after(of(1), says(byKnot([BOB], ALICE))))).toEqual(byKnot([BOB], ALICE))
    expect(accessIn(after(of(0), says(byKnot([BOB], ALICE))))).toBe(null)
    expect(accessIn(after(of(0), says(byKnot([BOB], ALICE)), named))).toEqual(own > 0 || all > 0 ? byKnot([BOB], ALICE) : null)
  })

  test('those that the list had before make room', () => {
    const full = { ...asked(byKnot([ALICE, BOB])), collaborators: 50_000, listed: tallyOf(OWNER, 50_000) }
    expect(after(full, says(byKnot([BOB, 'did:plc:carol'])))).toMatchObject({ collaborators: 50_000 })
    expect(after(full, says(DENIED)).collaborators).toBe(49_998)
    expect(accessIn(after(full, says(byKnot(people(3)))))).toEqual(byKnot([ALICE, BOB]))
  })

  test('they go with the repository', () => {
    const gone = after(asked(byKnot([ALICE])), passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] })
    expect([gone.collaborators, M.toEntries(gone.listed)]).toEqual([0, []])
  })
})

describe('a list that is nobody’s', () => {
  const idle = after(after(Access.initial, passes(), ofAlice), says(byKnot([BOB])))

  test('is empty, of whatever length, and takes nobody’s room', () => {
    expect([accessIn(idle), idle.collaborators, M.toEntries(idle.listed)]).toEqual([byKnot([]), 0, []])
    expect(accessIn(after(after(Access.initial, passes(), ofAlice), says(byKnot(people(501)))))).toEqual(byKnot([]))
  })

  test('is asked for when it becomes somebody’s, and not again for a second record', () => {
    const { outcomes, state } = take(idle, passes(), { claims: [claim(APP)] }) ?? expect.fail()
    expect(outcomes.map(({ _tag }) => _tag)).toEqual(['ReadAccess'])
    expect(accessIn(after(state, says(byKnot([BOB]), at(3), idle.next)))).toEqual(byKnot([BOB]))
    expect(take(state, passes(), { claims: [claim(APP, 'b')] })?.outcomes).toEqual([])
    expect(take(idle, passes(), { claims: [claim(APP, 'b', BOB)] })?.outcomes).toEqual([])
  })

  test('is empty again when it is not theirs any more', () => {
    const both = after(asked(byKnot([BOB])), passes(), ofAlice)
    expect([accessIn(both), M.toEntries(both.listed)]).toEqual([byKnot([BOB]), [[OWNER, 1]]])
    const left = after(both, passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] })
    expect([accessIn(left), left.collaborators, M.toEntries(left.listed)]).toEqual([byKnot([]), 0, []])
  })

  test('stays while one record of several goes, and in a step that puts one in place of another', () => {
    const moved = after(asked(byKnot([BOB])), passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased'), claim(APP, 'b')] })
    expect(accessIn(moved)).toEqual(byKnot([BOB]))
  })
})

test('a list is kept in order, each once', () => {
  expect(accessIn(after(asked(), says(byKnot([BOB, ALICE, BOB]))))).toEqual(byKnot([ALICE, BOB]))
})

describe('a repository is lost to who was its owner', () => {
  test.each<readonly [name: string, was: AccessAnswer | null, now: AccessAnswer, isLost: boolean]>([
    ['where the knot denies it', byKnot([]), DENIED, true],
    ['where the knot denies it at first', null, DENIED, true],
    ['not again', DENIED, { ...DENIED, detail: 'else' }, false],
    ['where it is somebody else’s', byKnot([]), byKnot([], ALICE), true],
    ['where it is the knot’s to say now', BY_RECORDS, byKnot([]), true],
    ['where that is known at first', null, byKnot([]), true],
    ['not where it is the same', byKnot([]), byKnot([BOB]), false],
    ['not where the records decide', null, BY_RECORDS, false]
  ])('%s', (_, was, now, isLost) => {
    const lost = take(asked(was), says(now))?.outcomes.filter(({ _tag }) => _tag === 'AccessLost')
    expect(lost).toEqual(isLost ? [{ _tag: 'AccessLost', knot: K1, repo: APP }] : [])
  })
})

describe('what cannot be read again', () => {
  test.each([
    [at(1) + DAY, byKnot([BOB])],
    [at(1) + DAY + 1, null]
  ])('counts for a day: at %i', (when, access) => {
    expect(accessIn(after(asked(byKnot([BOB])), fails(when)))).toEqual(access)
    expect(accessIn(after(asked(byKnot([BOB])), event({ _tag: 'Started', at: when, config: configOf(), resumeFrom: null })))).toEqual(access)
  })

  test('counts for a day from when it was read last, however often it could not be since', () => {
    const wakes = event({ _tag: 'TimerFired', at: at(3), timer: { _tag: 'RequestTimer', number: 2, requested: { _tag: 'Access', knot: K1, repo: APP } } })
    const twice = after(after(asked(byKnot([BOB])), fails(at(1) + DAY / 2)), wakes)
    expect([DAY, DAY + 1].map((later) => accessIn(after(twice, fails(at(1) + later, 3))))).toEqual([byKnot([BOB]), null])
  })

  test('is asked for again after a pause that grows', () => {
    const once = take(asked(), fails(at(2)))
    expect(once?.outcomes.map(({ _tag }) => _tag)).toEqual(['WakeAfter', 'Report'])
    const wakes = event({ _tag: 'TimerFired', at: at(3), timer: { _tag: 'RequestTimer', number: 2, requested: { _tag: 'Access', knot: K1, repo: APP } } })
    const again = take(once?.state ?? Access.initial, wakes)
    expect(again?.outcomes).toEqual([{ _tag: 'ReadAccess', account: OWNER, knot: K1, number: 3, repo: APP }])
    expect(M.toEntries(again?.state.entries ?? M.empty())).toMatchObject([[`${K1}/${APP}`, { request: { attempt: 1, number: 3, phase: 'Asked' } }]])
  })
})

describe('a knot keeps lists', () => {
  const listingAfter = (was: AccessAnswer | null, now: AccessAnswer) => M.toEntries(after(asked(was), says(now)).listing)

  test.each<readonly [string, AccessAnswer | null, AccessAnswer, number]>([
    ['where it has one', null, byKnot([]), 1],
    ['where it has one again', byKnot([]), byKnot([BOB]), 1],
    ['where it does not know the repository', null, { ...DENIED, keepsLists: true }, 1],
    ['not where the repository is elsewhere', null, DENIED, 0],
    ['not any more where the repository is elsewhere', byKnot([]), DENIED, 0],
    ['not where the records decide', null, BY_RECORDS, 0]
  ])('%s', (_, was, now, count) => {
    expect(listingAfter(was, now)).toEqual(count === 0 ? [] : [[K1, count]])
  })

  test('as long as one of its repositories says so', () => {
    const two = { ...after(asked(byKnot([])), passes(), { claims: [claim(LIB, 'b')] }), listing: M.singleton(knot, 2) }
    expect(M.toEntries(after(two, passes(), { claims: [claim(APP, 'a', OWNER, 'ClaimReleased')] }).listing)).toEqual([[K1, 1]])
  })

  test('for a day more, where it says for a moment that it does not', () => {
    expect([DAY, DAY + 1].map((later) => accessIn(after(asked(byKnot([BOB])), says(BY_RECORDS, at(1) + later))))).toEqual([byKnot([BOB]), null])
    const taken = take(asked(byKnot([BOB])), says(BY_RECORDS))
    expect(reportsIn(taken?.outcomes)).toEqual(['the knot, which keeps lists, says that it keeps none'])
  })

  test('another knot does not', () => {
    expect(accessIn(after({ ...asked(), listing: M.singleton('other.example' as HostName, 1) }, says(BY_RECORDS)))).toEqual(BY_RECORDS)
  })

  test('of repositories with a DID', () => {
    const nameless = { ...after(Access.initial, passes(), { claims: [claim('')] }), listing: M.singleton(knot, 1) }
    const says = event({ _tag: 'AccessRead', access: BY_RECORDS, at: at(2), knot: K1, number: 1, repo: '' })
    expect(accessIn(after(nameless, says), '')).toEqual(BY_RECORDS)
  })
})

describe('what is nothing', () => {
  const timer = (repo: string) => event({ _tag: 'TimerFired', at: at(2), timer: { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Access', knot: K1, repo } } })

  test.each<readonly [string, () => Event]>([
    ['an answer under another number', () => says(DENIED, at(2), 2)],
    ['a failure under another number', () => fails(at(2), 2)],
    ['a timer while the knot is being asked', () => timer(APP)],
    ['a timer of another repository', () => timer(LIB)]
  ])('%s', (_, happens) => {
    expect(take(asked(), happens())).toBe(null)
  })

  test('what a knot tells of a repository that nobody claims', () => {
    expect(take(asked(), passes(), { told: [{ _tag: 'CollaboratorTold', knot, update: { op: 'add', repo: did(LIB), subject: did(BOB) } }] })).toBe(null)
  })
})

describe('what a knot tells', () => {
  const told = (op: 'add' | 'remove', subject = BOB) => ({ told: [{ _tag: 'CollaboratorTold' as const, knot, update: { op, repo: did(APP), subject: did(subject) } }] })
  const phase = (is: Access.Entry['request']['phase']): Partial<Access.Entry> => ({ request: { attempt: 0 as Natural, number: 1 as Natural, phase: is } })

  test.each<readonly [string, () => Access.AccessState, () => Given, ReadonlyArray<string>, AccessAnswer | null]>([
    ['a removal takes away at once, and asks for nothing', () => asked(byKnot([ALICE, BOB]), phase('Pausing')), () => told('remove'), [], byKnot([ALICE])],
    ['one while the knot is being asked, too', () => asked(byKnot([ALICE, BOB])), () => told('remove'), [], byKnot([ALICE])],
    ['an addition is asked about', () => asked(byKnot([ALICE]), phase('Pausing')), () => told('add'), ['ReadAccess'], byKnot([ALICE])],
    ['a removal where there is no list is asked about', () => asked(BY_RECORDS, phase('Pausing')), () => told('remove'), ['ReadAccess'], BY_RECORDS],
    ['an addition while the bridge is stopped waits', () => asked(byKnot([]), phase('Waiting')), () => ({ ...told('add'), isStopped: true }), [], byKnot([])],
    [
      'nothing where the records decide everywhere',
      () => asked(byKnot([BOB]), phase('Pausing')),
      () => ({ ...told('remove'), claims: [claim(APP)], config: must(Config.decode(CONFIG)) }),
      [],
      null
    ]
  ])('%s', (_, stateOf, givenOf, tags, access) => {
    const state = stateOf()
    const taken = take(state, passes(), givenOf())
    expect(taken?.outcomes.map(({ _tag }) => _tag)).toEqual(tags)
    expect(accessIn(taken?.state ?? state) ?? null).toEqual(access)
  })

  test('an answer that it has overtaken is asked for again, or waits while the bridge is stopped', () => {
    const overtaken = after(asked(), passes(), told('add'))
    expect(take(overtaken, says(byKnot([])))?.outcomes).toEqual([{ _tag: 'ReadAccess', account: OWNER, knot: K1, number: 2, repo: APP }])
    const stopped = take(overtaken, says(byKnot([])), { isStopped: true })
    expect(stopped?.outcomes).toEqual([])
    expect(M.toEntries(stopped?.state.entries ?? M.empty())).toMatchObject([[`${K1}/${APP}`, { access: null, isOutdated: false, request: { phase: 'Waiting' } }]])
  })
})

describe('as it is written', () => {
  interface Written {
    readonly head: { readonly access: { readonly entries: ReadonlyArray<readonly [string, object]>; readonly next: number } }
  }
  const known = (): State =>
    foldOf(initialOf({ ...CONFIG, collaborators: 'knots' }), [
      put(OWNER, 'app', repo({ repoDid: APP }), at(1)),
      started(at(2), { collaborators: 'knots' }),
      { _tag: 'AccessRead', access: byKnot([BOB]), at: at(3), knot: K1, number: 2, repo: APP }
    ])[0]
  const written = (): Written => State.encode(known()) as Written

  /** The state with another name for its entry, or another next number. */
  const changed = (name: string, next: number): unknown => {
    const state = written()
    return { ...state, head: { ...state.head, access: { entries: [[name, state.head.access.entries[0]?.[1]]], next } } }
  }

  test('it is read back, with what is counted', () => {
    const { access } = known()
    expect(must(State.decode(written())).access).toEqual(access)
    expect(access).toMatchObject({ collaborators: 1, next: 4 })
  })

  test.each([
    ['of a repository that nobody claims', `${K1}/${LIB}`, 4],
    ['with a number that was never issued', `${K1}/${APP}`, 3],
    ['under a name that is none', 'knot', 4],
    ['under a name without a knot', `/${APP}`, 4],
    ['under a name with more', `${K1}/${APP}/x`, 4]
  ])('it is refused %s', (_, name, next) => {
    expect(E.isLeft(State.decode(changed(name, next)))).toBe(true)
  })

  test('its number may be the last that was given out', () => {
    expect(E.isRight(State.decode(changed(`${K1}/${APP}`, 4)))).toBe(true)
  })
})
