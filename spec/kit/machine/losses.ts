/** What comes of losses in a row: how pauses grow, and how a frame that closes every connection is passed. */
import * as O from 'fp-ts/lib/Option.js'
import * as Connections from '../../../core/base/connection.js'
import { type Backoff, Cursor, type Effect, type Event, type Natural, type TimeUs } from '../../../core/index.js'
import { CONFIG } from './config.js'
import { EPOCH_US } from './explore.js'
import { code, table } from './markdown.js'
import { STREAM_MACHINE } from './stream.js'

const START = EPOCH_US as TimeUs

/** From 0 to `n` − 1. */
const upTo = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

// ---------------------------------------------------------------------------------------- pauses

const LOSSES = 9

/** The longest pause after each loss of a connection that never opens, in seconds; and after it was open for a while. */
const pausesOf = (backoff: Backoff): ReadonlyArray<number> => {
  let connection = Connections.connecting(1 as Natural)
  const pauses = upTo(LOSSES).map(() => {
    const [after, pause] = Connections.afterLoss(backoff, START, (connection.number + 1) as Natural, connection)
    connection = Connections.afterPause(after)
    return pause.highMs / 1_000
  })
  const healthyUs = (EPOCH_US + backoff.healthyAfterMs * 1_000) as TimeUs
  const [, pause] = Connections.afterLoss(backoff, healthyUs, connection.number, Connections.afterOpening(START, connection))
  return [...pauses, pause.highMs / 1_000]
}

export const pausesTable = (): string =>
  table(
    ['', ...upTo(LOSSES).map((i) => `loss ${String(i + 1)}`), 'after it was healthy'],
    [
      ['the stream', ...pausesOf(CONFIG.jetstreamBackoff).map(String)],
      ['a knot', ...pausesOf(CONFIG.knotBackoff).map(String)]
    ]
  )

// ---------------------------------------------------------------------------------------- poisonous frames

const POISONED = 6

const secondsFromCursor = (us: number): string => `${us < EPOCH_US ? '−' : '+'}${String(Math.abs(us - EPOCH_US) / 1_000_000)} s`

/** After each loss to one frame: what is reported, and where the next connection starts. */
export const poisoningsTable = (): string => {
  const started: Event = { _tag: 'Started', at: START, config: CONFIG, resumeFrom: null }
  let state = STREAM_MACHINE.start.slice
  const take = (event: Event): ReadonlyArray<Effect> => {
    const answer = Cursor.reduce(state, event, { config: CONFIG })
    if (O.isNone(answer)) return []
    state = answer.value[0]
    return answer.value[1]
  }
  take(started)
  const rows = upTo(POISONED).map((i) => {
    const effects = [
      ...take({ _tag: 'JetstreamClosed', at: START, connection: state.connection.number, poisoned: true }),
      ...take({ _tag: 'TimerFired', at: START, timer: { _tag: 'JetstreamTimer', connection: state.connection.number } })
    ]
    const reports = effects.flatMap((effect) => (effect._tag === 'Report' ? [code(effect.report._tag)] : []))
    const starts = effects.flatMap((effect) => (effect._tag === 'OpenJetstream' ? [secondsFromCursor(effect.cursor ?? 0)] : []))
    return [String(i + 1), reports.join(', ') || '–', starts.join(', ')]
  })
  return table(['loss', 'report', 'the next connection starts at'], rows)
}
