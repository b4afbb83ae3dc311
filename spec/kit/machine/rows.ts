/** The life of one key and of its account, found by driving the reducer of the rows. */
import * as O from 'fp-ts/lib/Option.js'
import { Commits, type Did, type Event, type Natural, OrderedMap as M, REPO, type Rkey, type TimeUs } from '../../../core/index.js'
import { tidAt } from '../../suite/laws/events.js'
import { CONFIG } from './config.js'
import { EPOCH_US, type Machine, MINUTE_US, type Move } from './explore.js'

type State = Commits.CommitsState

const us = (n: number): TimeUs => n as TimeUs
const DID = 'did:plc:alice' as Did
const RKEY = 'self' as Rkey
const CONNECTION = 0 as Natural

/** Earlier than anything else that happens. */
const EARLY_US = EPOCH_US - MINUTE_US

const RECORD = { createdAt: '', knot: 'knot1.example', name: 'app', repoDid: '', spindle: CONFIG.hostname }

interface Commit {
  readonly hasRev?: boolean
  readonly isPut: boolean
  readonly timeUs: number
}

const commit = ({ hasRev = true, isPut, timeUs }: Commit): Event => ({
  _tag: 'CommitReceived',
  at: us(timeUs),
  collection: REPO,
  connection: CONNECTION,
  did: DID,
  ordinal: null,
  record: isPut ? RECORD : null,
  rev: hasRev ? tidAt(timeUs) : null,
  rkey: RKEY,
  timeUs: us(timeUs)
})

const account = (timeUs: number, status: string | null): Event => ({
  _tag: 'AccountReceived',
  active: status === null,
  at: us(timeUs),
  changedUs: null,
  connection: CONNECTION,
  did: DID,
  ordinal: null,
  seq: null,
  status,
  timeUs: us(timeUs)
})

const MOVES: ReadonlyArray<Move<State, Event>> = [
  { label: 'put', event: (_, at) => commit({ isPut: true, timeUs: at }) },
  { label: 'delete', event: (_, at) => commit({ isPut: false, timeUs: at }) },
  { label: 'put without rev', event: (_, at) => commit({ hasRev: false, isPut: true, timeUs: at }) },
  { label: 'delete without rev', event: (_, at) => commit({ hasRev: false, isPut: false, timeUs: at }) },
  { label: 'old put', event: () => commit({ isPut: true, timeUs: EARLY_US }) },
  { label: 'old delete', event: () => commit({ isPut: false, timeUs: EARLY_US }) },
  { label: 'account active', event: (_, at) => account(at, null) },
  { label: 'account inactive', event: (_, at) => account(at, 'deactivated') },
  { label: 'account deleted', event: (_, at) => account(at, 'deleted') },
  { label: 'old account inactive', event: () => account(EARLY_US - 1, 'deactivated') },
  { label: 'old account deleted', event: () => account(EARLY_US - 1, 'deleted') }
]

/** What an account is, and what is at the key: `active, row`. */
const kindOf = (state: State): string => {
  const known = O.toNullable(M.lookup(DID)(state.accounts))
  if (known === null) return 'unknown'
  const slot = O.toNullable(M.lookup(RKEY)(known.repos))
  return [
    known.active ? 'active' : 'set aside',
    ...(known.floor === null ? [] : ['floor']),
    slot === null ? 'no slot' : slot.record === null ? 'tombstone' : 'row'
  ].join(', ')
}

/** One key of one account, with a record that holds a knot. */
export const ROW_MACHINE: Machine<State, Event> = {
  start: Commits.initial,
  moves: MOVES,
  kindOf,
  reduce: (state, event) => {
    const answer = Commits.reduce(state, event, { config: CONFIG, cursor: null })
    return O.isSome(answer) ? answer.value : [state, []]
  },
  view: (state) => {
    const known = O.toNullable(M.lookup(DID)(state.accounts))
    const slot = known === null ? null : O.toNullable(M.lookup(RKEY)(known.repos))
    const gate = slot === null ? null : { rev: slot.rev, timeUs: slot.timeUs }
    return { asOf: known?.asOfUs ?? 0, floor: known?.floor ?? null, gate }
  }
}

/** What is at the key, whatever the account is. */
export const slotIn = (kind: string): string => (kind === 'unknown' ? 'no slot' : kind.replace(/^.*, /, ''))

/** What the account is, whatever is at the key. */
export const accountIn = (kind: string): string => kind.replace(/, [^,]*$/, '')
