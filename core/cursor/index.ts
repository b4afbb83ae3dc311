/**
 * The stream and the cursor: how far we have come, where to resume, whether something was lost on the way.
 *
 * The cursor is the greatest `time_us` of a frame that has been processed. It never moves back, never follows a stamp
 * from the future, and is never taken from our own clock. Every frame whose stamp can be read moves it, whatever else
 * is in it: on a quiet network the cursor would otherwise fall out of what the server keeps (S3, S4, S11; D1, D2, D9,
 * D10, D12).
 *
 * A server may number its frames. It is then asked to go on at the number of the frame that the cursor stands on, and
 * believed only if that very frame comes first; else we resume by time, before anything that came is applied (D10).
 */
import { connecting, idle, isConnecting, isLive, lost, opened, woken } from '../connection.js'
import { laterOf, type TimeUs as Time, usAfter } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { CloseJetstream, Effect, WakeAfter } from '../effect.js'
import type { Event } from '../event.js'
import { report, type Transition, unchanged } from '../transition.js'
import { received } from './advance.js'
import { type CursorState, settingsOf } from './model.js'
import { answerTimer, byTime, isAwaited, next, open, positionOf, POISONINGS } from './position.js'

export { isAstray, isRepeated, merge } from './advance.js'
export { CursorState, initial, isCoherent } from './model.js'
export { isAwaited, resumeAt } from './position.js'

/** The first step over a frame that cannot be taken in; each further loss at the same place doubles it. */
const STEP_US = 1_000_000

const DOUBLINGS = 20

/**
 * The reducer of the stream. It takes every event and knows its own; an event that bears another connection's number,
 * or does not fit the phase, changes nothing and causes nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, Cursor, decodeFrame, defaults } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const state = Cursor.initial(config.right)
 * const receipt = { at: clampTimeUs(1_767_225_600_000_000), connection: state.connection.number }
 * const frame = decodeFrame(receipt)('{"did":"did:plc:alice","kind":"identity","time_us":1767225599000000}')
 * assert(frame._tag === 'Right')
 *
 * const [moved] = Cursor.reduce(state, frame.right)
 * assert.strictEqual(moved.cursor, 1_767_225_599_000_000)
 * assert.strictEqual(Cursor.resumeAt(moved), 1_767_225_594_000_000)
 */
export const reduce = (state: CursorState, event: Event): Transition<CursorState, Effect> => {
  switch (event._tag) {
    case 'Started':
      return open(
        {
          ...(event.resumeFrom === null ? state : resuming(state, event.resumeFrom)),
          settings: settingsOf(event.config)
        },
        connecting(next(state))
      )

    case 'StopRequested': {
      if (state.stopped) return unchanged(state)
      const close: CloseJetstream = { _tag: 'CloseJetstream', connection: state.connection.number }
      return [{ ...state, connection: idle(next(state)), stopped: true }, isLive(state.connection) ? [close] : []]
    }

    case 'TimerFired':
      return event.timer._tag === 'JetstreamTimer' && event.timer.connection === state.connection.number
        ? fired(state)
        : unchanged(state)

    case 'JetstreamOpened':
      return event.connection === state.connection.number && isConnecting(state.connection)
        ? [{ ...state, connection: opened(event.at, state.connection) }, isAwaited(state) ? [answerTimer(state)] : []]
        : unchanged(state)

    case 'JetstreamClosed':
      return event.connection === state.connection.number && isLive(state.connection)
        ? closed(state, event.at, event.poisoned)
        : unchanged(state)

    case 'CommitReceived':
    case 'AccountReceived':
    case 'StreamAdvanced':
    case 'FrameRejected':
      return event.connection === state.connection.number ? received(state, event) : unchanged(state)

    default:
      return unchanged(state)
  }
}

/** The pause is over; or a number has not been answered. */
const fired = (state: CursorState): Transition<CursorState, Effect> => {
  switch (state.connection.phase._tag) {
    case 'Waiting':
      return open(state, woken(state.connection))
    case 'Open':
      return isAwaited(state) ? byTime(state) : unchanged(state)
    default:
      return unchanged(state)
  }
}

/**
 * An operator asks to start at `from`. What lies between that and the cursor is read again, over as many connections as
 * it takes.
 */
const resuming = (state: CursorState, from: Time): CursorState => ({
  ...state,
  askedUs: from,
  mark: null,
  poisonings: 0 as Natural,
  rereadUs: state.cursor !== null && from < state.cursor ? from : null
})

/**
 * How far we have come: our position or, where a resume asked for something later, that. Without either there is no
 * replay.
 */
const furthest = (state: CursorState): Time | null => {
  const { askedUs } = state
  const position = positionOf(state)
  return askedUs === null || position === null ? (askedUs ?? position) : laterOf(askedUs, position)
}

const closed = (state: CursorState, at: Time, poisoned: boolean): Transition<CursorState, Effect> => {
  const [connection, pause] = lost(state.settings.backoff, at, next(state), state.connection)
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
