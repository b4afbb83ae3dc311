/** Cases of batches: what is merged and what is not, what is left out, and which batch may wait. */
import { initial, type Json, run } from '../../../core/index.js'
import { cancel, comes, filesRead, OTHER, push, running, trigger, workflow } from '../../suite/examples/build-world.js'
import { account, ALICE, at, BOB, closed, collaborator, CONFIG as USUAL, del, opened, foldOf, initialOf, OWNER, passing, put, repo, rejected, started, stop, type WrittenEvent } from '../../suite/examples/support.js'
import { writtenState } from '../../../shell/lib/trace.js'
import { type Case, of } from './cases.js'
import { eventsOf, minimal, MINIMAL, OWNER as SPINDLE_OWNER } from './presets.js'

const OPEN = { ...MINIMAL, admission: 'open' } as const
const CONFIG = minimal(OPEN)

const after = (...events: ReadonlyArray<WrittenEvent>): Json => writtenState(run(initial(CONFIG), eventsOf(events))[0])

const FRESH = after()
/** Alice is known. */
const KNOWN = after(put(ALICE, 'app', repo(), 10))
/** Alice is known, and inactive. */
const SET_ASIDE = after(put(ALICE, 'app', repo(), 10), account(ALICE, 'suspended', 11))
/** What its own side says of the account event that set Alice's account aside. */
const SAID_ONCE = { changedUs: 8, seq: 1 }
/** The account was set aside, and is active again by an event that is no later; by one that is later, that is over. */
const REPEATABLE = after(put(ALICE, 'app', repo(), 10), account(ALICE, 'suspended', 11, SAID_ONCE), account(ALICE, 'active', 12, { changedUs: 8, seq: 2 }))
const SUPERSEDED = after(put(ALICE, 'app', repo(), 10), account(ALICE, 'suspended', 11, SAID_ONCE), account(ALICE, 'active', 12, { changedUs: 9, seq: 2 }))
const READ = { ...MINIMAL, backfill: true } as const
/** The owner is known since the stream had come to 10. */
const ADMITTED = writtenState(run(initial(minimal(READ)), eventsOf([passing(10, { at: 10 }), started(20, READ), passing(10, { at: 21, connection: 1 })]))[0])
/** A resume asked for 8, and connection 1 is to answer. */
const ASKED = after(put(ALICE, 'app', repo(), 10), started(20, OPEN))

/** Number 7 was asked for, and connection 1 is to answer. */
const AWAITED = after(passing(10, { at: 10, ordinal: 7 }), started(20, OPEN))

const rejection = (timeUs: number, connection = 0): WrittenEvent =>
  ({ ...rejected('rkey', timeUs), connection, detail: 'x', ordinal: null, timeUs }) as WrittenEvent

const numbered = (ordinal: number, timeUs: number): WrittenEvent => passing(timeUs, { at: 30, connection: 1, ordinal })

/** 22 reports in `recent`, as no machine would leave it. */
const CROWDED = ((): Json => {
  const state = run(initial(CONFIG), eventsOf(Array.from({ length: 20 }, (_, i) => rejection(i + 1))))[0]
  const [first, second] = state.counters.recent
  if (first === undefined || second === undefined) throw new Error('a rejection is reported')
  return writtenState({ ...state, counters: { ...state.counters, recent: [first, second, ...state.counters.recent] } })
})()

/** A stamp received at `at`, later than 5 min before it unless said otherwise. */
const tick = (timeUs: number, at: number, connection = 0): WrittenEvent => passing(timeUs, { at, connection })

const FIVE_MINUTES = 300_000_000

/** How many events are stepped, how many effects there are, and whether the batch is lazy. */
const folds = (name: string, state: Json, events: ReadonlyArray<WrittenEvent>, stepped: number, effects: number, isLazy: boolean): Case =>
  of('D2')(name, { events, state }, [stepped, effects, isLazy])

// ---------------------------------------------------------------------------------------- what triggers bring

const listening = (...more: ReadonlyArray<WrittenEvent>): Json => writtenState(foldOf(initialOf(USUAL), [...running(), ...more])[0])

const BROUGHT = [{ name: 'ci.yml', text: 'engine: tack' }]
const MANY = push({ changedFiles: ['a', 'b'] })
const pushed = (changes: object = {}): WrittenEvent => comes(trigger({ cause: MANY, ...changes }), at(20))
const piped = (changes: object = {}): WrittenEvent => comes(trigger({ actor: null, cause: MANY, kind: 'pipeline', workflows: BROUGHT, ...changes }), at(20))
const BY_HAND = { cause: { _tag: 'Manual', inputs: [['level', 'debug']], ref: null, sha: null } }
const OF_NOBODY = { repo: { did: 'did:plc:nobody222222222222222222', knot: null, name: null, owner: null } }
const PULLED = { cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'b', sourceSha: 'a'.repeat(40), targetBranch: 'main' } }

const SAID = {
  environment: [['A', 'b']],
  steps: [{ command: 'make', environment: [], name: 'Make' }],
  targets: [{ pipeline: 'app', provider: 'ci', settings: [['c', 'd']] }]
} as const
const NEVER = { when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }

const read = (changes: object = {}): WrittenEvent => ({
  ...filesRead(
    [
      workflow(SAID),
      workflow({ ...SAID, name: 'long.yml' }),
      workflow({ ...SAID, ...NEVER, name: 'never.yml' }),
      workflow({ ...SAID, name: 'none.yml', targets: [{ ...SAID.targets[0], provider: 'other' }] }),
      { _tag: 'Faulty', content: '', error: 'e', name: 'odd.yml', when: null }
    ],
    at(21)
  ),
  ...changes
})
const SOURCES = [
  { name: 'ci.yml', text: 'x' },
  { name: 'ci.yml', text: 'again' },
  { name: 'long.yml', text: 'x'.repeat(65_535) },
  { name: 'never.yml', text: 'y' },
  { name: 'none.yml', text: 'z' },
  { name: 'odd.yml', text: '' }
]

/** What gives Bob his say. */
const HAS = collaborator({ repo: 'did:plc:app22222222222222222222', subject: BOB })
const ON_ONE = { connection: 1 }

const slims = (name: string, state: Json, event: WrittenEvent, effects: number): Case => of('T1 T3')(name, { events: [event], state }, [1, effects, false])

const SLIM: ReadonlyArray<Case> = [
  slims('a push that begins a run', listening(), pushed(), 1),
  slims('a push that waits for its pipeline', listening(), pushed({ shape: 'named' }), 1),
  slims('a push that is left to its pipeline', listening(), pushed({ shape: 'bare' }), 1),
  slims('a push by somebody who has no say', listening(), pushed({ actor: BOB }), 1),
  slims('a pipeline that begins a run', listening(), piped(), 1),
  slims('a pipeline that comes too late', listening(pushed()), { ...piped(), rkey: 'other' } as WrittenEvent, 1),
  slims('a pipeline of a repository of nobody', listening(), piped(OF_NOBODY), 1),
  slims('a trigger by hand', listening(), piped(BY_HAND), 1),
  slims('a trigger by hand, again under another stamp', listening(piped(BY_HAND)), { ...piped(BY_HAND), created: `${String(at(30))}000` } as WrittenEvent, 0),
  slims('a trigger by hand for a repository of nobody', listening(), piped({ ...BY_HAND, ...OF_NOBODY }), 1),
  slims('a pull request for a repository of nobody', listening(), piped({ ...PULLED, ...OF_NOBODY }), 1),
  slims('files of which some come to nothing', listening(pushed()), read({ sources: SOURCES }), 9),
  slims('files that came along', listening(piped()), read(), 9),
  slims('files that nobody may have built any more', listening(put(OWNER, 'c', HAS, at(12), ON_ONE), pushed({ actor: BOB }), del(OWNER, 'sh.tangled.repo.collaborator', 'c', at(21), ON_ONE)), read({ sources: SOURCES }), 1)
]

// ---------------------------------------------------------------------------------------- states that no machine leaves

/** The state with every value of that name replaced. */
const changed = (state: Json, name: string, to: (value: Json) => Json): Json =>
  JSON.parse(JSON.stringify(state), (key, value: Json) => (key === name ? to(value) : value)) as Json

const begun = listening(pushed(), filesRead([workflow()], at(21)))
const OVER_LIMIT = changed(listening(pushed(), filesRead([workflow({ engine: 'x' })], at(21))), 'keepUnits', () => 0)
const WITHOUT_RECIPE = changed(begun, 'recipe', () => null)
/** There is room for a run of this push, and not for two. */
const WITHOUT_BUILDS = changed(
  changed(begun, 'builds', (value) => (value instanceof Array ? [] : value)),
  'owedUnits',
  () => 5_000
)

const strangely = (rules: string, name: string, state: Json, events: ReadonlyArray<WrittenEvent>, stepped: number, effects: number): Case =>
  of(rules)(name, { events, state }, [stepped, effects, stepped === 0])

const STRANGE: ReadonlyArray<Case> = [
  strangely('T6', 'runs that are over keep too much: an event that the builds do not take drops nothing', OVER_LIMIT, [cancel(at(30), null, OTHER)], 0, 0),
  strangely('T6', 'and one that they take drops all that is too much', OVER_LIMIT, [comes(trigger({ cause: MANY }), at(30), { rkey: OTHER })], 1, 1),
  strangely('T5', 'a build that has not ended, without a recipe: a start asks for nothing', WITHOUT_RECIPE, [started(at(30), USUAL)], 1, 2),
  strangely('T6', 'a run that was read and has no builds counts as owed: there is no room for another', WITHOUT_BUILDS, [comes(trigger({ cause: MANY }), at(30), { rkey: OTHER })], 1, 1)
]

export const FOLDS: ReadonlyArray<Case> = [
  ...SLIM,
  ...STRANGE,
  folds('nothing', FRESH, [], 0, 0, true),
  folds('one frame that says nothing to us', FRESH, [tick(1, 5)], 1, 0, true),
  folds('the next report cuts recent to 20', CROWDED, [rejection(40)], 1, 1, false),
  folds('two become one', FRESH, [tick(1, 5), tick(2, 6)], 1, 0, true),
  folds('many become one: the last receipt, the first stamp, the greatest stamp', FRESH, [tick(3, 5), tick(9, 6), tick(4, 7)], 1, 0, true),
  folds('the same stamp thrice', FRESH, [tick(3, 5), tick(3, 5), tick(3, 5)], 1, 0, true),
  folds('stamps that fall', KNOWN, [tick(9, 15), tick(8, 16)], 1, 0, true),
  folds('one that counts several', FRESH, [{ ...tick(1, 5), count: 4, lastUs: 7 } as WrittenEvent, tick(2, 6)], 1, 0, true),
  folds('account events of somebody unknown', FRESH, [account(BOB, 'deleted', 1), account(ALICE, 'active', 2), tick(3, 9)], 1, 0, true),
  folds('an account event of somebody known who is inactive', SET_ASIDE, [account(ALICE, 'active', 12)], 1, 1, false),
  folds('a first stamp beyond the last one: the last one decides what is from the future', FRESH, [{ ...tick(5, 5), firstUs: FIVE_MINUTES + 6 } as WrittenEvent], 1, 0, true),
  folds('one account event of somebody unknown', FRESH, [account(BOB, 'deleted', 1)], 1, 0, true),
  folds('an account event of somebody known is stepped', KNOWN, [tick(11, 15), account(ALICE, 'active', 12), tick(13, 16)], 3, 0, false),
  folds('one that deactivates', KNOWN, [account(ALICE, 'deactivated', 12)], 1, 1, false),
  folds('one that is older than what is known is such an event, too', KNOWN, [account(ALICE, 'active', 1)], 1, 0, true),
  folds('an account event that changes nothing, under the stamp that is known, is stepped', KNOWN, [tick(10, 15), account(ALICE, 'active', 10), tick(10, 16)], 3, 0, false),
  folds('an account event equal to the last one is stepped', SET_ASIDE, [account(ALICE, 'suspended', 11)], 1, 0, false),
  folds('a repeat of what set the account aside is stepped while nothing later has made it active', REPEATABLE, [account(ALICE, 'suspended', 13, SAID_ONCE)], 1, 1, false),
  folds('a repeat of it only moves the cursor once something later has made the account active', SUPERSEDED, [account(ALICE, 'suspended', 13, SAID_ONCE)], 1, 0, true),
  folds('an account event stamped at the horizon only moves the cursor', ADMITTED, [account(SPINDLE_OWNER, 'suspended', 10, { connection: 1 })], 1, 0, true),
  folds('who becomes known in the batch is known from then on', FRESH, [account(ALICE, 'active', 1), put(ALICE, 'app', repo(), 2), account(ALICE, 'active', 3)], 3, 1, false),
  folds('a commit between two', FRESH, [tick(1, 5), put(ALICE, 'app', repo(), 2), tick(3, 6)], 3, 1, false),
  folds('a commit that causes nothing is not lazy', FRESH, [put(ALICE, 'app', repo({ spindle: '' }), 2)], 1, 0, false),
  folds('a commit that is no news is stepped', KNOWN, [put(ALICE, 'app', repo(), 10)], 1, 0, false),
  folds('a delete where nothing is', FRESH, [del(ALICE, 'sh.tangled.repo', 'app', 2)], 1, 0, false),
  folds('a rejection between two', FRESH, [tick(1, 5), rejection(2), tick(3, 6)], 3, 1, false),
  folds('an event of another connection is left out', FRESH, [tick(1, 5, 7)], 0, 0, true),
  folds('but keeps its neighbours apart', FRESH, [tick(1, 5), tick(9, 5, 7), tick(2, 6)], 2, 0, true),
  folds('a commit of another connection is left out', FRESH, [put(ALICE, 'app', repo(), 2, { connection: 7 })], 0, 0, true),
  folds('an opening of another connection is left out', FRESH, [opened(7, 1)], 0, 0, true),
  folds('exactly 5 min ahead is merged', FRESH, [tick(1, 5), tick(FIVE_MINUTES + 6, 6)], 1, 0, true),
  folds('from the future is not merged', FRESH, [tick(1, 5), tick(FIVE_MINUTES + 7, 6), tick(2, 7)], 3, 1, false),
  folds('two from the future are two', FRESH, [tick(FIVE_MINUTES + 6, 5), tick(FIVE_MINUTES + 7, 6)], 2, 2, false),
  folds('an account event from the future, of somebody unknown', FRESH, [account(BOB, 'active', FIVE_MINUTES + 6, { at: 5 })], 1, 1, false),
  folds('a clock set back: what was not from the future stays so', FRESH, [tick(FIVE_MINUTES + 100, 100), tick(101, 50)], 2, 0, true),
  folds('a clock set back, and the sum is merged where it can be', FRESH, [tick(100, 100), tick(101, 50), tick(102, 51)], 1, 0, true),
  folds('a clock set back, with three in a row', FRESH, [tick(FIVE_MINUTES + 100, 100), tick(101, 50), tick(102, 51)], 2, 0, true),
  folds('a gap is reported with the receipt of the last', ASKED, [tick(30, 40, 1), tick(31, 41, 1)], 1, 1, false),
  folds('no gap: the first stamp decides', ASKED, [tick(8, 40, 1), tick(90, 41, 1)], 1, 0, true),
  folds('a gap: the first stamp decides', ASKED, [tick(30, 40, 1), tick(8, 41, 1)], 1, 1, false),
  folds('a replay from further back is no gap', ASKED, [tick(1, 40, 1), tick(30, 41, 1)], 1, 0, true),
  folds('a rejection that comes again in a replay moves the cursor at most', ASKED, [rejection(9, 1), tick(10, 41, 1), rejection(10, 1)], 1, 0, true),
  folds('another one is stepped', ASKED, [tick(10, 41, 1), rejection(11, 1), tick(12, 41, 1)], 3, 1, false),
  folds('the frame that a number is to bring is stepped by itself', AWAITED, [numbered(7, 10), numbered(8, 11), numbered(9, 12)], 2, 0, true),
  folds('also an account event of somebody unknown', AWAITED, [account(BOB, 'active', 10, { connection: 1, ordinal: 7 }), numbered(8, 11)], 2, 0, false),
  folds('another one opens another connection, and what follows is left out', AWAITED, [numbered(8, 11), numbered(9, 12)], 1, 2, false),
  folds('the number of the last with the greatest stamp', FRESH, [passing(3, { ordinal: 4 }), passing(3, { ordinal: 5 }), passing(2, { ordinal: 6 })], 1, 0, true),
  folds('or none', FRESH, [passing(3, { ordinal: 4 }), passing(3), passing(2, { ordinal: 6 })], 1, 0, true),
  folds('frames of the old connection, and of the new', ASKED, [tick(9, 40, 0), tick(9, 41, 1)], 1, 0, true),
  folds('a start within the batch: what follows carries the new number', FRESH, [tick(1, 5), started(6, OPEN), tick(2, 7, 1)], 3, 1, false),
  folds('a frame of the connection that a loss ended is left out', ASKED, [opened(1, 21), closed(1, 22), tick(9, 23, 1)], 2, 1, false),
  folds('a stop is not lazy', ASKED, [stop(30)], 1, 2, false),
  folds('a second stop is left out', ASKED, [stop(30), stop(31)], 1, 2, false)
]
