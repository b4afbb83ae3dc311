/** The life of a reading of an account's records, found by driving the machine. */
import * as O from 'fp-ts/lib/Option.js'
import { type Backfill, type Collection, COLLECTIONS, type Did, MEMBER, type Natural, OrderedMap as M, type State } from '../../../core/index.js'
import { account, ALICE, CONFIG, del, eventOf, foldOf, type Happening as Happened, initialOf, member, OWNER, put, started, stop, type WrittenEvent } from '../../suite/examples/support.js'
import type { Machine, Move } from './explore.js'
import { ATTEMPT, counted, happen, type Happening, NEXT } from './happenings.js'

const config = { ...CONFIG, admission: 'members', backfill: true } as const

const WHO = ALICE as Did

const readingIn = (state: State): Backfill.Reading | null => O.toNullable(M.lookup(WHO)(state.backfill.accounts))

const withReading = (state: State, changes: Partial<Backfill.Reading>): State => {
  const reading = readingIn(state)
  return reading === null
    ? state
    : { ...state, backfill: { ...state.backfill, accounts: M.upsertAt(WHO, { ...reading, ...changes })(state.backfill.accounts) } }
}

/** The reading with these changes, where a page is waited for. */
const asked = (state: State, changes: Partial<Backfill.Reading>): State =>
  readingIn(state)?.request.phase === 'Asked' ? withReading(state, changes) : state

const connection = (state: State): number => state.cursor.connection.number

type Happens = (state: State, at: number) => Happened

const move = (label: string, happens: Happens, given?: (state: State) => State): Move<State, Happening> => ({
  label,
  event: (state, at) => ({ event: eventOf(happens(state, at)), ...(given === undefined ? {} : { given }) })
})

const LAST: Collection = COLLECTIONS[2]

const page =
  (next: string | null, more = 0): Happens =>
  (state, at): WrittenEvent => ({
    _tag: 'RecordsRead',
    at,
    collection: readingIn(state)?.collection ?? MEMBER,
    did: ALICE,
    next,
    number: (readingIn(state)?.request.number ?? 0) + more,
    records: []
  })

const lastPage: Happens = (state, at) => ({ ...page(null)(state, at), collection: LAST }) as WrittenEvent

const afterPages = (state: State): State => asked(state, { pages: 99 as Natural })

const MOVES: ReadonlyArray<Move<State, Happening>> = [
  move('the account becomes a member', (state, at) => ({ ...put(OWNER, 'a', member(), at, { connection: connection(state) }), at })),
  move('it is a member no more', (state, at) => ({ ...del(OWNER, MEMBER, 'a', at, { connection: connection(state) }), at })),
  move('an account event of it', (state, at) => ({ ...account(ALICE, 'active', at, { connection: connection(state) }), at })),
  move('JetstreamOpened', (state, at) => ({ _tag: 'JetstreamOpened', at, connection: connection(state) })),
  move('RecordsRead, `next` another page', page('more')),
  move('RecordsRead, `next` `null`', page(null)),
  move('RecordsRead, the hundredth page of the collection', page('more'), afterPages),
  move('RecordsRead, `next` `null`, of the third collection', lastPage, (state) => asked(state, { collection: LAST })),
  move('RecordsRead of another number', page('more', 1)),
  move('RequestFailed', (state, at) => ({ _tag: 'RequestFailed', at, error: 'no answer', isFinal: false, number: readingIn(state)?.request.number ?? 0, requested: { _tag: 'Records', did: ALICE }, waitMs: 0 })),
  move('RequestTimer', (state, at) => ({ _tag: 'TimerFired', at, timer: { _tag: 'RequestTimer', number: readingIn(state)?.request.number ?? 0, requested: { _tag: 'Records', did: ALICE } } })),
  move('StopRequested', (_, at) => stop(at)),
  move('Started', (_, at) => started(at, config))
]

const kindOf = (state: State): string => {
  const phase = readingIn(state)?.request.phase ?? 'none'
  const { isOpen } = state.backfill
  return `${phase}${state.isStopped ? ', stopped' : isOpen ? '' : ', not open'}`
}

/** The owner has been read, and whoever she makes a member is. */
export const READING_MACHINE: Machine<State, Happening> = {
  start: ((): State => {
    const state = foldOf(initialOf(config), [started(0, config)])[0]
    return { ...state, backfill: { ...state.backfill, accounts: M.empty() } }
  })(),
  moves: MOVES,
  kindOf,
  prepared: (state) => {
    const request = readingIn(state)?.request
    const counting = { ...state, backfill: { ...state.backfill, next: NEXT } }
    return request === undefined ? counting : withReading(counting, { request: { ...request, attempt: ATTEMPT } })
  },
  reduce: happen,
  view: (state) => ({
    ...counted(state.backfill.next, readingIn(state)?.request.attempt ?? ATTEMPT),
    collection: readingIn(state)?.collection ?? MEMBER
  })
}
