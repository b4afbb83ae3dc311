/**
 * The stream and the cursor: how far it was read, where to resume, and whether something was lost in between.
 *
 * The cursor is the greatest `time_us` of a frame that has been processed. It never moves back, never follows a stamp
 * from the future, and is never taken from our own clock. Every frame whose stamp can be read moves it, whatever else
 * is in it: on a quiet network the cursor would otherwise fall out of what the server keeps (S3, S4, S11; D1, D2, D9,
 * D10, D12).
 *
 * A server may number its frames. It is then asked to continue at the number of the frame at the cursor, and believed
 * only if that very frame comes first. Otherwise we resume by time, before anything received is applied (D10).
 */
import * as O from 'fp-ts/lib/Option.js'
import { afterLoss, afterOpening, afterPause, connecting, idle, isConnecting, isLive } from '../base/connection.js'
import { irrelevant, type Reduction, report, type Transition, transitionTo } from '../base/transition.js'
import type { Config } from '../config.js'
import { laterOf, type TimeUs as Time, usAfter } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { CloseJetstream, Effect, WakeAfter } from '../effect.js'
import type { Event } from '../event.js'
import { onFrame } from './advance.js'
import type { CursorState } from './model.js'
import { answerTimer, byTime, isAwaited, nextNumber, open, positionOf, POISONINGS } from './position.js'

export { isAstray, isRepeated, merge } from './advance.js'
export { CursorState, initial, isCoherent } from './model.js'
export { isAwaited, resumeAt } from './position.js'

/** Whether the event says that the stream has opened, over the connection that we wait for. */
export const isOpenedBy = ({ connection }: CursorState, event: Event): boolean =>
  event._tag === 'JetstreamOpened' && event.connection === connection.number && isConnecting(connection)

/** The first step over a frame that cannot be taken in; each further loss at the same place doubles it. */
const STEP_US = 1_000_000

const DOUBLINGS = 20

/**
 * The reducer of the stream. It takes every event; one of another kind, with the number of another connection, or that
 * does not fit the phase has no effect.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, Cursor, decodeFrame, defaults } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const state = Cursor.initial
 * const receipt = { at: clampTimeUs(1_767_225_600_000_000), connection: state.connection.number }
 * const frame = decodeFrame(receipt)('{"did":"did:plc:alice","kind":"identity","time_us":1767225599000000}')
 * assert(frame._tag === 'Right')
 *
 * const answer = Cursor.reduce(state, frame.right, { config: config.right })
 * assert(answer._tag === 'Some')
 * const [moved] = answer.value
 * assert.strictEqual(moved.cursor, 1_767_225_599_000_000)
 * assert.strictEqual(Cursor.resumeAt(config.right, moved), 1_767_225_594_000_000)
 */
export const reduce = (
  state: CursorState,
  event: Event,
  { config }: { readonly config: Config }
): Reduction<CursorState, Effect> => {
  switch (event._tag) {
    case 'Started': {
      const from = event.resumeFrom === null ? state : resuming(state, event.resumeFrom)
      return O.some(open(config, from, connecting(nextNumber(state))))
    }

    case 'StopRequested': {
      const close: CloseJetstream = { _tag: 'CloseJetstream', connection: state.connection.number }
      return transitionTo({ ...state, connection: idle(nextNumber(state)) }, isLive(state.connection) ? [close] : [])
    }

    case 'TimerFired':
      return event.timer._tag === 'JetstreamTimer' && event.timer.connection === state.connection.number
        ? fired(config, state)
        : irrelevant

    case 'JetstreamOpened':
      return isOpenedBy(state, event)
        ? transitionTo(
            { ...state, connection: afterOpening(event.at, state.connection) },
            isAwaited(config, state) ? [answerTimer(state)] : []
          )
        : irrelevant

    case 'JetstreamClosed':
      return event.connection === state.connection.number && isLive(state.connection)
        ? O.some(closed(config, state, event.at, event.poisoned))
        : irrelevant

    case 'CommitReceived':
    case 'AccountReceived':
    case 'StreamAdvanced':
    case 'FrameRejected':
      return event.connection === state.connection.number ? O.some(onFrame(config, state, event)) : irrelevant

    default:
      return irrelevant
  }
}

/** The pause is over; or a number has not been answered. */
const fired = (config: Config, state: CursorState): Reduction<CursorState, Effect> => {
  switch (state.connection.phase._tag) {
    case 'Waiting':
      return O.some(open(config, state, afterPause(state.connection)))
    case 'Open':
      return isAwaited(config, state) ? O.some(byTime(config, state)) : irrelevant
    default:
      return irrelevant
  }
}

/**
 * An operator asks to start at `from`. Everything between `from` and the cursor is read again, over as many connections
 * as it takes.
 */
const resuming = (state: CursorState, from: Time): CursorState => ({
  ...state,
  askedUs: from,
  mark: null,
  poisonings: 0 as Natural,
  rereadUs: state.cursor !== null && from < state.cursor ? from : null
})

/**
 * How far the stream was read: the position or, if a resume asked for a later one, that. Without either there is no
 * replay.
 */
const furthest = (state: CursorState): Time | null => {
  const { askedUs } = state
  const position = positionOf(state)
  return askedUs === null || position === null ? (askedUs ?? position) : laterOf(askedUs, position)
}

const closed = (
  config: Config,
  state: CursorState,
  at: Time,
  poisoned: boolean
): Transition<CursorState, Effect> => {
  const [connection, pause] = afterLoss(config.jetstreamBackoff, at, nextNumber(state), state.connection)
  const wake: WakeAfter = {
    _tag: 'WakeAfter',
    ...pause,
    timer: { _tag: 'JetstreamTimer', connection: connection.number }
  }
  const reached = furthest(state)
  if (!poisoned || reached === null) return [{ ...state, connection }, [wake]]

  const poisonings = (state.poisonings + 1) as Natural
  if (poisonings < POISONINGS) return [{ ...state, connection, poisonings }, [wake]]

  const passedUs = usAfter(reached, STEP_US * 2 ** Math.min(poisonings - POISONINGS, DOUBLINGS))
  return [
    { ...state, connection, mark: null, passedUs, poisonings },
    [wake, report({ _tag: 'Gap', askedUs: reached, at, gotUs: passedUs })]
  ]
}
