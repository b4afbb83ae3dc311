/**
 * Backfill: the records from before the stream began.
 *
 * A stream that starts from now does not say what is there already. So the records of the owner and of every member are
 * read from their own servers, page by page, once the stream is open: from then on the stream tells of every change,
 * and it takes precedence over what is read (commits/). What is outstanding is part of the state.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Request from '../base/request.js'
import {
  transitionOf,
  chain,
  EMPTY,
  irrelevant,
  type Reduction,
  report,
  transitionTo,
  type Transition,
  withoutEffects
} from '../base/transition.js'
import type { MemberChanged } from '../commits/index.js'
import type { Config } from '../config.js'
import { COLLECTIONS, Did } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Effect } from '../effect.js'
import type { Event, RecordsRead, RequestFailed, Timer } from '../event.js'
import type { BackfillGiven, BackfillState, Reading } from './model.js'

export { type BackfillGiven, BackfillState, initial, Reading } from './model.js'

type Read = Transition<BackfillState, Effect>

// ---------------------------------------------------------------------------------------- reading

/** A server that claims more pages than this is not believed: 100 pages of 100 records. */
const PAGES_MAX = 100

const withAccount = (state: BackfillState, did: Did, reading: Reading): BackfillState => ({
  ...state,
  accounts: M.upsertAt(did, reading)(state.accounts)
})

/** A page of an account's records: of which collection, and which one. */
type Page = Pick<Reading, 'collection' | 'cursor' | 'pages'>

/** Asks for the page, or waits for the stream to open. */
const ask = (
  isStopped: boolean,
  state: BackfillState,
  did: Did,
  { collection, cursor, pages }: Page,
  attempt: Natural = Request.FIRST
): Read => {
  const number = state.next
  const mayAsk = state.isOpen && !isStopped
  const request = (mayAsk ? Request.asked : Request.waiting)(number, attempt)
  return [
    { ...withAccount(state, did, { collection, cursor, pages, request }), next: (number + 1) as Natural },
    mayAsk ? [{ _tag: 'ReadRecords', collection, cursor, did, number }] : []
  ]
}

const NO_PAGES = 0 as Natural

/** Reads an account from the beginning. */
const begin = (isStopped: boolean, state: BackfillState, did: Did): Read =>
  ask(isStopped, state, did, { collection: COLLECTIONS[0], cursor: null, pages: NO_PAGES })

const withoutAccount = (state: BackfillState, did: Did): BackfillState => ({
  ...state,
  accounts: M.deleteAt(did)(state.accounts)
})

const readingOf = (state: BackfillState, did: Did): Reading | null => O.toNullable(M.lookup(did)(state.accounts))

/** Whether the page is the one that was last asked for. No other may change a row. */
export const isAwaited = (state: BackfillState, { collection, did, number }: RecordsRead): boolean => {
  const reading = readingOf(state, did)
  return reading?.collection === collection && Request.isAsked(reading.request, number)
}

const isLast = (reading: Reading, { next }: RecordsRead): boolean =>
  next === null || next === reading.cursor || reading.pages + 1 >= PAGES_MAX

const onRecordsRead = (
  { isStopped }: BackfillGiven,
  state: BackfillState,
  event: RecordsRead
): Reduction<BackfillState, Effect> => {
  const reading = readingOf(state, event.did)
  if (reading === null || !isAwaited(state, event)) return irrelevant
  if (!isLast(reading, event))
    return O.some(
      ask(isStopped, state, event.did, {
        collection: reading.collection,
        cursor: event.next,
        pages: (reading.pages + 1) as Natural
      })
    )
  const following = COLLECTIONS[COLLECTIONS.indexOf(reading.collection) + 1]
  return following === undefined
    ? transitionTo(withoutAccount(state, event.did))
    : O.some(ask(isStopped, state, event.did, { collection: following, cursor: null, pages: NO_PAGES }))
}

/** Asks again, however often it fails and for whatever reason. */
const onRequestFailed = (
  { builds: { backoff } }: Config,
  state: BackfillState,
  event: RequestFailed
): Reduction<BackfillState, Effect> => {
  if (event.requested._tag !== 'Records') return irrelevant
  const { did } = event.requested
  const reading = readingOf(state, did)
  if (reading === null || !Request.isAsked(reading.request, event.number)) return irrelevant
  const [request, timer] = Request.retryLater(backoff, event, state.next, reading.request)
  return transitionTo({ ...withAccount(state, did, { ...reading, request }), next: (state.next + 1) as Natural }, [
    timer,
    report({ _tag: 'RecordsReadFailed', at: event.at, detail: event.error, did })
  ])
}

/** The pause is over. */
const onTimer = (
  isStopped: boolean,
  state: BackfillState,
  { number, requested }: Extract<Timer, { readonly _tag: 'RequestTimer' }>
): Reduction<BackfillState, Effect> => {
  if (requested._tag !== 'Records') return irrelevant
  const reading = readingOf(state, requested.did)
  return reading !== null && Request.isPausing(reading.request, number)
    ? O.some(ask(isStopped, state, requested.did, reading, reading.request.attempt))
    : irrelevant
}

// ---------------------------------------------------------------------------------------- reducer

/** The readings that go on at a start. That of a former owner does not, unless the account turns out to be a member. */
const keptReadings = ({ accounts, owner }: BackfillState, config: Config): BackfillState['accounts'] => {
  if (!config.backfill) return M.empty()
  return owner === null || owner === config.owner ? accounts : M.deleteAt(owner)(accounts)
}

const onStarted = (state: BackfillState, config: Config): Read => {
  const owner = config.backfill ? config.owner : null
  const idle: BackfillState = { ...state, accounts: keptReadings(state, config), isOpen: false, owner }
  const [waiting] = chain(idle, M.toEntries(idle.accounts), (before, [did, reading]) =>
    ask(false, before, did, reading)
  )
  return beginsOwner(state, config) ? begin(false, waiting, config.owner) : withoutEffects(waiting)
}

/** Whether a start begins the reading of the owner. */
const beginsOwner = ({ owner }: BackfillState, config: Config): boolean => config.backfill && owner !== config.owner

/** Members who have come and gone. When the owner's reading begins, all present members count as new. */
const changesIn = (
  state: BackfillState,
  event: Event,
  { commits, config, members }: BackfillGiven
): ReadonlyArray<MemberChanged> => {
  if (event._tag !== 'Started' || !beginsOwner(state, config)) return members
  return [
    ...members.filter(({ _tag }) => _tag === 'Dismissed'),
    ...M.keys(commits.members)
      .filter(Did.is)
      .map((did) => ({ _tag: 'Admitted' as const, did }))
  ]
}

/**
 * The reducer of the backfill. It takes every event and ignores those that are not its own, and answers that are not
 * awaited. The event comes first, because a start or an opened stream allows requests; then members come and go.
 *
 * @example
 * import assert from 'node:assert'
 * import { Backfill, Commits, Config, defaults, Event } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const started = Event.decode({ _tag: 'Started', at: 1_767_225_600_000_000, config: config.right, resumeFrom: null })
 * const opened = Event.decode({ _tag: 'JetstreamOpened', at: 1_767_225_600_000_000, connection: 1 })
 * assert(started._tag === 'Right' && opened._tag === 'Right')
 *
 * const given = { commits: Commits.initial, config: config.right, isStopped: false, members: [] }
 * const waiting = Backfill.reduce(Backfill.initial, started.right, given)
 * assert(waiting._tag === 'Some')
 * const reading = Backfill.reduce(waiting.value[0], opened.right, given)
 * assert(reading._tag === 'Some')
 * assert.deepStrictEqual(reading.value[1], [
 *   { _tag: 'ReadRecords', collection: 'sh.tangled.spindle.member', cursor: null, did: 'did:plc:owner', number: 2 }
 * ])
 */
export const reduce = (state: BackfillState, event: Event, given: BackfillGiven): Reduction<BackfillState, Effect> => {
  const changes = given.config.backfill ? changesIn(state, event, given) : EMPTY
  if (changes.length === 0) return see(state, event, given)
  const [seen, first] = transitionOf(state, see(state, event, given))
  const [next, then] = chain<BackfillState, Effect, MemberChanged>(seen, changes, (before, { _tag, did }) => {
    if (_tag === 'Admitted') return begin(given.isStopped, before, did)
    return withoutEffects(did === before.owner ? before : withoutAccount(before, did))
  })
  return transitionTo(next, [...first, ...then])
}

const see = (state: BackfillState, event: Event, given: BackfillGiven): Reduction<BackfillState, Effect> => {
  const { config, isStopped } = given
  switch (event._tag) {
    case 'Started':
      return O.some(onStarted(state, event.config))

    case 'JetstreamOpened':
      return state.isOpen
        ? irrelevant
        : O.some(
            chain<BackfillState, Effect, readonly [Did, Reading]>(
              { ...state, isOpen: true },
              M.toEntries(state.accounts),
              (before, [did, reading]) => ask(isStopped, before, did, reading, reading.request.attempt)
            )
          )

    // What has been read so far may be outdated: read all of it again.
    case 'AccountReceived':
      return isReading(state, event.did) ? O.some(begin(isStopped, state, event.did)) : irrelevant

    case 'RecordsRead':
      return onRecordsRead(given, state, event)

    case 'RequestFailed':
      return onRequestFailed(config, state, event)

    case 'TimerFired':
      return event.timer._tag === 'RequestTimer' ? onTimer(isStopped, state, event.timer) : irrelevant

    default:
      return irrelevant
  }
}

/** Whether the account is being read, so that what happens to it matters though it has no rows. */
export const isReading = (state: BackfillState, did: Did): boolean => pipe(state.accounts, M.has(did))
