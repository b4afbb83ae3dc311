/**
 * Backfill: who was there before the stream began.
 *
 * A stream that starts from now does not say what is there already. So the records of the owner, and of everybody who
 * is admitted as a member, are read from their own servers, once the stream is open: what changes from then on, the
 * stream says, and what it says counts for more than what is read (commits/). Page by page; what is outstanding
 * stands in the state.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import type { MemberChanged } from './commits/index.js'
import { Backoff, type Config } from './config.js'
import { retryDelay } from './connection.js'
import { Collection, COLLECTIONS, Did } from './data/identifiers.js'
import { Natural } from './data/natural.js'
import { orderedMap } from './data/ordered-map-codec.js'
import * as M from './data/ordered-map.js'
import type { Effect } from './effect.js'
import type { Event, RecordsRead, RecordsUnread } from './event.js'
import { chain, report, type Transition, unchanged } from './transition.js'

// ---------------------------------------------------------------------------------------- model

/** How far the reading of one account has come. */
export const Reading = t.readonly(
  t.strict({
    attempt: Natural,
    collection: Collection,
    /** Where the next page begins, in the server's words. */
    cursor: t.union([t.string, t.null]),
    /** The number of the request or pause that is outstanding; the numbers before it are void. */
    number: Natural,
    /** How many pages of the collection have been read. */
    pages: Natural,
    phase: t.keyof({ Waiting: null, Reading: null, Pausing: null })
  }),
  'Reading'
)
export type Reading = t.TypeOf<typeof Reading>

export const BackfillState = t.readonly(
  t.strict({
    /** The accounts that are being read. */
    accounts: orderedMap(Did, Reading),
    backoff: Backoff,
    /** Whether anything is to be read at all. */
    isWanted: t.boolean,
    /**
     * Whether the stream has been open since the start: nothing is read before, for nobody would say what changes
     * meanwhile.
     */
    isOpen: t.boolean,
    next: Natural,
    /** The owner whose reading was begun; `null` before the first, and while nothing is to be read. */
    owner: t.union([Did, t.null]),
    stopped: t.boolean
  }),
  'Backfill'
)
export type BackfillState = t.TypeOf<typeof BackfillState>

export const initial = (config: Config): BackfillState => ({
  accounts: M.empty(),
  backoff: config.builds.backoff,
  isOpen: false,
  isWanted: config.backfill,
  next: 1 as Natural,
  owner: null,
  stopped: false
})

type Step = Transition<BackfillState, Effect>

// ---------------------------------------------------------------------------------------- reading

/** Beyond this, a server that has ever more pages is not believed: 100 pages of 100 records. */
const PAGES_MAX = 100

const withAccount = (state: BackfillState, did: Did, reading: Reading): BackfillState => ({
  ...state,
  accounts: M.upsertAt(did, reading)(state.accounts)
})

/** Asks for the page that `reading` describes, or waits for the stream to open. */
const ask = (state: BackfillState, did: Did, reading: Reading): Step => {
  const number = state.next
  const mayAsk = state.isOpen && !state.stopped
  const { collection, cursor } = reading
  return [
    {
      ...withAccount(state, did, { ...reading, number, phase: mayAsk ? 'Reading' : 'Waiting' }),
      next: (number + 1) as Natural
    },
    mayAsk ? [{ _tag: 'ReadRecords', collection, cursor, did, number }] : []
  ]
}

const NO_PAGES = 0 as Natural

/** Reads an account from the beginning. */
const begin = (state: BackfillState, did: Did): Step =>
  ask(state, did, {
    attempt: NO_PAGES,
    collection: COLLECTIONS[0],
    cursor: null,
    number: NO_PAGES,
    pages: NO_PAGES,
    phase: 'Waiting'
  })

const done = (state: BackfillState, did: Did): BackfillState => ({
  ...state,
  accounts: M.deleteAt(did)(state.accounts)
})

const readingOf = (state: BackfillState, did: Did): Reading | null => O.toNullable(M.lookup(did)(state.accounts))

/** The reading that an answer with this number is about, if it is the one that is outstanding. */
const current = (state: BackfillState, did: Did, number: Natural, phase: Reading['phase']): Reading | null => {
  const reading = readingOf(state, did)
  return reading !== null && reading.number === number && reading.phase === phase ? reading : null
}

/** Whether the page is the one that was asked for last: no other may change a row. */
export const isAwaited = (state: BackfillState, { collection, did, number }: RecordsRead): boolean =>
  current(state, did, number, 'Reading')?.collection === collection

const isLast = (reading: Reading, { next }: RecordsRead): boolean =>
  next === null || next === reading.cursor || reading.pages + 1 >= PAGES_MAX

const read = (state: BackfillState, event: RecordsRead): Step => {
  const reading = readingOf(state, event.did)
  if (reading === null || !isAwaited(state, event)) return unchanged(state)
  if (!isLast(reading, event))
    return ask(state, event.did, {
      ...reading,
      attempt: NO_PAGES,
      cursor: event.next,
      pages: (reading.pages + 1) as Natural
    })
  const following = COLLECTIONS[COLLECTIONS.indexOf(reading.collection) + 1]
  return following === undefined
    ? [done(state, event.did), []]
    : ask(state, event.did, { ...reading, attempt: NO_PAGES, collection: following, cursor: null, pages: NO_PAGES })
}

const unread = (state: BackfillState, { at, did, error, number, waitMs }: RecordsUnread): Step => {
  const reading = current(state, did, number, 'Reading')
  if (reading === null) return unchanged(state)
  const next = state.next
  const wake: Effect = {
    _tag: 'WakeAfter',
    ...retryDelay(state.backoff, reading.attempt, waitMs),
    timer: { _tag: 'RecordsTimer', did, number: next }
  }
  const told = report({ _tag: 'RecordsUnread', at, detail: error, did })
  return [
    {
      ...withAccount(state, did, {
        ...reading,
        attempt: (reading.attempt + 1) as Natural,
        number: next,
        phase: 'Pausing'
      }),
      next: (next + 1) as Natural
    },
    // The next start asks again: until then there is nothing to wait for.
    state.stopped ? [told] : [wake, told]
  ]
}

// ---------------------------------------------------------------------------------------- reducer

/** Who has become a member, and who has ceased to be one: the input by which the rows reach the backfill. */
export interface MembersChanged {
  readonly _tag: 'MembersChanged'
  readonly changes: ReadonlyArray<MemberChanged>
}

/** The readings that go on at a start: of who was the owner, none, unless the account turns out to be a member. */
const kept = ({ accounts, owner }: BackfillState, config: Config): BackfillState['accounts'] => {
  if (!config.backfill) return M.empty()
  return owner === null || owner === config.owner ? accounts : M.deleteAt(owner)(accounts)
}

const started = (state: BackfillState, config: Config): Step => {
  const idle: BackfillState = {
    ...state,
    accounts: kept(state, config),
    backoff: config.builds.backoff,
    isOpen: false,
    isWanted: config.backfill,
    owner: config.backfill ? config.owner : null,
    stopped: false
  }
  const [waiting] = chain(idle, M.toEntries(idle.accounts), (before, [did, reading]) =>
    ask(before, did, { ...reading, attempt: NO_PAGES })
  )
  return waiting.owner === null || waiting.owner === state.owner ? [waiting, []] : begin(waiting, waiting.owner)
}

/**
 * The reducer of the backfill. It takes every event and knows its own; an answer that is not awaited changes nothing
 * and causes nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { Backfill, Config, defaults, Event } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const started = Event.decode({ _tag: 'Started', at: 1_767_225_600_000_000, config: config.right, resumeFrom: null })
 * const opened = Event.decode({ _tag: 'JetstreamOpened', at: 1_767_225_600_000_000, connection: 1 })
 * assert(started._tag === 'Right' && opened._tag === 'Right')
 *
 * const [waiting] = Backfill.reduce(Backfill.initial(config.right), started.right)
 * const [, effects] = Backfill.reduce(waiting, opened.right)
 * assert.deepStrictEqual(effects, [
 *   { _tag: 'ReadRecords', collection: 'sh.tangled.spindle.member', cursor: null, did: 'did:plc:owner', number: 2 }
 * ])
 */
export const reduce = (state: BackfillState, event: Event | MembersChanged): Step => {
  switch (event._tag) {
    case 'Started':
      return started(state, event.config)

    case 'StopRequested':
      return state.stopped ? unchanged(state) : [{ ...state, stopped: true }, []]

    case 'JetstreamOpened':
      return state.isOpen
        ? unchanged(state)
        : chain<BackfillState, Effect, readonly [Did, Reading]>(
            { ...state, isOpen: true },
            M.toEntries(state.accounts),
            (before, [did, reading]) => ask(before, did, reading)
          )

    case 'MembersChanged':
      if (!state.isWanted) return unchanged(state)
      return chain(state, event.changes, (before, { _tag, did }) =>
        _tag === 'Admitted' ? begin(before, did) : did === before.owner ? unchanged(before) : [done(before, did), []]
      )

    // What was read so far may be from before: read all of it again.
    case 'AccountReceived':
      return M.has(event.did)(state.accounts) ? begin(state, event.did) : unchanged(state)

    case 'RecordsRead':
      return read(state, event)

    case 'RecordsUnread':
      return unread(state, event)

    case 'TimerFired': {
      const { timer } = event
      if (timer._tag !== 'RecordsTimer') return unchanged(state)
      const reading = current(state, timer.did, timer.number, 'Pausing')
      return reading === null ? unchanged(state) : ask(state, timer.did, reading)
    }

    default:
      return unchanged(state)
  }
}

/** Whether the account is being read, so that what happens to it matters though it has no rows. */
export const isReading = (state: BackfillState, did: Did): boolean => pipe(state.accounts, M.has(did))
