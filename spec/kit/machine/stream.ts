/** The life of the connection to Jetstream, found by driving the reducer of the stream. */
import { COLLABORATOR, Cursor, type Did, type Effect, type Event, type Natural, type Rkey, type TimeUs } from '../../../core/index.js'
import { CONFIG } from './config.js'
import { EPOCH_US, type Machine, MINUTE_US, type Move } from './explore.js'
import { type Sliced, sliced, slicedBy } from './sliced.js'

type State = Cursor.CursorState

const us = (n: number): TimeUs => n as TimeUs
const another = (n: Natural): Natural => (n + 1) as Natural

const advanced = (at: number, connection: Natural, timeUs: number): Event => ({
  _tag: 'StreamAdvanced',
  at: us(at),
  connection,
  count: 1 as Natural,
  firstUs: us(timeUs),
  lastUs: us(timeUs),
  ordinal: null
})

const DID = 'did:plc:alice' as Did

const MOVES: ReadonlyArray<Move<State, Event>> = [
  { label: 'Started', event: (_, at) => ({ _tag: 'Started', at: us(at), config: CONFIG, resumeFrom: null }) },
  {
    label: 'Started with resumeFrom',
    event: (_, at) => ({ _tag: 'Started', at: us(at), config: CONFIG, resumeFrom: us(EPOCH_US - MINUTE_US) })
  },
  { label: 'StopRequested', event: (_, at) => ({ _tag: 'StopRequested', at: us(at) }) },
  {
    label: 'TimerFired',
    event: ({ connection }, at) => ({
      _tag: 'TimerFired',
      at: us(at),
      timer: { _tag: 'JetstreamTimer', connection: connection.number }
    })
  },
  {
    label: 'JetstreamOpened',
    event: ({ connection }, at) => ({ _tag: 'JetstreamOpened', at: us(at), connection: connection.number })
  },
  {
    label: 'JetstreamClosed',
    event: ({ connection }, at) => ({ _tag: 'JetstreamClosed', at: us(at), connection: connection.number, poisoned: false })
  },
  {
    label: 'JetstreamClosed, poisoned',
    event: ({ connection }, at) => ({ _tag: 'JetstreamClosed', at: us(at), connection: connection.number, poisoned: true })
  },
  {
    label: 'CommitReceived',
    event: ({ connection: { number: connection } }, at) => ({
      _tag: 'CommitReceived',
      at: us(at),
      collection: COLLABORATOR,
      connection,
      did: DID,
      ordinal: null,
      record: null,
      rev: null,
      rkey: 'self' as Rkey,
      timeUs: us(EPOCH_US + 1)
    })
  },
  {
    label: 'AccountReceived',
    event: ({ connection: { number: connection } }, at) => ({
      _tag: 'AccountReceived',
      active: true,
      at: us(at),
      changedUs: null,
      connection,
      did: DID,
      ordinal: null,
      seq: null,
      status: null,
      timeUs: us(EPOCH_US + 1)
    })
  },
  { label: 'StreamAdvanced', event: ({ connection }, at) => advanced(at, connection.number, EPOCH_US + 1) },
  ...[EPOCH_US + 1, null].map(
    (timeUs): Move<State, Event> => ({
      label: timeUs === null ? 'FrameRejected without a stamp' : 'FrameRejected',
      event: ({ connection: { number: connection } }, at) => ({
        _tag: 'FrameRejected',
        at: us(at),
        collection: null,
        connection,
        detail: '',
        did: null,
        operation: null,
        ordinal: null,
        reason: 'record',
        rkey: null,
        timeUs: timeUs === null ? null : us(timeUs)
      })
    })
  ),
  {
    label: 'a frame later than the tolerance',
    event: ({ connection }, at) => advanced(at, connection.number, EPOCH_US + CONFIG.toleranceUs + 1)
  },
  { label: 'a frame from the future', event: ({ connection }, at) => advanced(at, connection.number, at + 5 * MINUTE_US + 1) },
  ...(['JetstreamOpened', 'JetstreamClosed', 'TimerFired', 'StreamAdvanced'] as const).map(
    (tag): Move<State, Event> => ({
      label: `${tag} of another connection`,
      event: (state, at) => {
        const connection = another(state.connection.number)
        switch (tag) {
          case 'JetstreamOpened':
            return { _tag: tag, at: us(at), connection }
          case 'JetstreamClosed':
            return { _tag: tag, at: us(at), connection, poisoned: false }
          case 'TimerFired':
            return { _tag: tag, at: us(at), timer: { _tag: 'JetstreamTimer', connection } }
          case 'StreamAdvanced':
            return advanced(at, connection, EPOCH_US + 1)
        }
      }
    })
  )
]

const ADVANCED = Cursor.reduce(Cursor.initial, advanced(EPOCH_US, 0 as Natural, EPOCH_US), { config: CONFIG })

/** What happens to the stream. */
export const streamBy = (reduce: typeof Cursor.reduce) => slicedBy<Cursor.CursorState, { readonly event: Event }, Effect>((slice, { event }, given) => reduce(slice, event, given))

/** A stream that has come as far as the epoch before it is started. */
export const STREAM_MACHINE: Machine<Sliced<State>, { readonly event: Event }> = sliced({
  start: ADVANCED._tag === 'Some' ? ADVANCED.value[0] : Cursor.initial,
  moves: MOVES.map(({ event, label }) => ({ event: (state, at) => ({ event: event(state, at) }), label })),
  kindOf: ({ connection }) => connection.phase._tag,
  reduce: streamBy(Cursor.reduce),
  view: ({ askedUs, connection, cursor, passedUs, poisonings, rereadUs }) => ({
    askedUs,
    attempt: connection.attempt,
    cursor,
    number: connection.number,
    passedUs,
    poisonings,
    rereadUs
  })
})
