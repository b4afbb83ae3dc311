/** The life of the connection to a knot, and of what holds it, found by driving the reducer of the knots. */
import * as O from 'fp-ts/lib/Option.js'
import {
  type Commits,
  type Did,
  type Effect,
  type Event,
  type HostName,
  Knots,
  type Nanos,
  type Natural,
  type Nsid,
  OrderedMap as M,
  type Rkey,
  type TimeUs
} from '../../../core/index.js'
import { CONFIG } from './config.js'
import { EPOCH_US, type Machine, MINUTE_US, type Move } from './explore.js'
import { type Sliced, sliced, slicedBy } from './sliced.js'

type State = Knots.KnotsState

/** An event, and what holds of the knot have changed with it. */
interface Input {
  readonly event: Event
  readonly holds: ReadonlyArray<Commits.HoldChanged>
}

const us = (n: number): TimeUs => n as TimeUs
const KNOT = 'knot1.example' as HostName
const FIRST = 'first' as Rkey
const SECOND = 'second' as Rkey

const subscription = (state: State): Knots.Subscription | null => O.toNullable(M.lookup(KNOT)(state.subscriptions))

/** The number of the connection that is there, or 0, which no connection of a knot has. */
const numberIn = (state: State): Natural => subscription(state)?.connection.number ?? (0 as Natural)

const input = (event: Event): Input => ({ event, holds: [] })

/** Holds change with an event that is nothing to the knots themselves. */
const held = (_tag: Commits.HoldChanged['_tag'], rkey: Rkey): Input => ({
  event: { _tag: 'PassedOver', about: '', at: us(EPOCH_US), of: '' },
  holds: [{ _tag, did: 'did:plc:alice' as Did, knot: KNOT, rkey }]
})

const received = (at: number, connection: Natural, created: string | null): Input => input({
  _tag: 'KnotReceived',
  at: us(at),
  connection,
  created: created as Nanos | null,
  host: KNOT,
  nsid: 'sh.tangled.knot.memberUpdate' as Nsid,
  rkey: 'self' as Rkey,
  payload: { _tag: 'Other' }
})

const MOVES: ReadonlyArray<Move<State, Input>> = [
  { label: 'a record holds it', event: () => held('HoldMade', FIRST) },
  { label: 'no record holds it any more', event: () => held('HoldReleased', FIRST) },
  { label: 'Started', event: (_, at) => input({ _tag: 'Started', at: us(at), config: CONFIG, resumeFrom: null }) },
  { label: 'StopRequested', event: (_, at) => input({ _tag: 'StopRequested', at: us(at) }) },
  ...[0, 1].flatMap((more): ReadonlyArray<Move<State, Input>> => {
    const suffix = more === 0 ? '' : ' of another connection'
    const number = (state: State): Natural => (numberIn(state) + more) as Natural
    return [
      {
        label: `TimerFired${suffix}`,
        event: (state, at) => input({
          _tag: 'TimerFired',
          at: us(at),
          timer: { _tag: 'KnotTimer', connection: number(state), host: KNOT }
        })
      },
      {
        label: `KnotOpened${suffix}`,
        event: (state, at) => input({ _tag: 'KnotOpened', at: us(at), connection: number(state), host: KNOT })
      },
      {
        label: `KnotClosed${suffix}`,
        event: (state, at) => input({ _tag: 'KnotClosed', at: us(at), connection: number(state), host: KNOT })
      },
      {
        label: `CollaboratorUpdated${suffix}`,
        event: (state, at) => input({
          _tag: 'CollaboratorUpdated',
          at: us(at),
          connection: number(state),
          created: `${String(EPOCH_US)}000` as Nanos,
          host: KNOT,
          rkey: 'self' as Rkey,
          update: { op: 'add', repo: 'did:plc:app' as Did, subject: 'did:plc:bob' as Did }
        })
      },
      { label: `KnotReceived${suffix}`, event: (state, at) => received(at, number(state), `${String(EPOCH_US)}000`) },
      {
        label: `KnotFrameRejected${suffix}`,
        event: (state, at) => input({
          _tag: 'KnotFrameRejected',
          at: us(at),
          connection: number(state),
          detail: '',
          host: KNOT,
          reason: 'nsid'
        })
      }
    ]
  }),
  { label: 'KnotReceived without a stamp', event: (state, at) => received(at, numberIn(state), null) },
  {
    label: 'KnotReceived from the future',
    event: (state, at) => received(at, numberIn(state), `${String(at + 5 * MINUTE_US)}001`)
  }
]

const phaseOf = (state: State): string => subscription(state)?.connection.phase._tag ?? 'not wanted'

const reduce = slicedBy<State, Input, Effect | Knots.KnotOutcome>((slice, { event, holds }, given) => Knots.reduce(slice, event, { ...given, holds }))

/** One knot, and one record that may hold it. */
export const KNOT_MACHINE: Machine<Sliced<State>, Input> = sliced({
  start: Knots.initial,
  moves: MOVES,
  kindOf: phaseOf,
  reduce,
  view: (state) => {
    const { connection, cursor } = subscription(state) ?? { connection: null, cursor: null }
    return { attempt: connection?.attempt ?? 0, cursor, next: state.next, number: connection?.number ?? 0 }
  }
})

/** One knot, and two records that may hold it. */
export const HOLDERS_MACHINE: Machine<Sliced<State>, Input> = sliced({
  start: Knots.initial,
  moves: [
    { label: 'the first record holds it', event: () => held('HoldMade', FIRST) },
    { label: 'the second record holds it', event: () => held('HoldMade', SECOND) },
    { label: 'the first record lets go', event: () => held('HoldReleased', FIRST) },
    { label: 'the second record lets go', event: () => held('HoldReleased', SECOND) }
  ],
  kindOf: ({ holders }) => {
    const those = O.toNullable(M.lookup(KNOT)(holders))
    return those === null ? 'not wanted' : `held by ${M.keys(those).map((name) => name.replace(/^.*\//, 'the ')).join(' and ')}`
  },
  reduce,
  view: () => ({})
})
