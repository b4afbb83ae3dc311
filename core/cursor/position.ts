/**
 * Where to resume: by time, or at the number of the frame at the cursor (D2, D10).
 */
import { connectAgain, type Connection, isLive } from '../base/connection.js'
import type { Transition } from '../base/transition.js'
import type { Config } from '../config.js'
import { laterOf, type TimeUs as Time, usBefore } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { CloseJetstream, Effect, OpenJetstream, WakeAfter } from '../effect.js'
import type { CursorState } from './model.js'

/** After this many losses to a frame at one place, the frame is passed (D12). */
export const POISONINGS = 3

/**
 * How far the stream was read: the cursor or, during a replay that an operator asked for, how far that has come.
 */
export const positionOf = (state: CursorState): Time | null => state.rereadUs ?? state.cursor

/**
 * Where the next connection starts, inclusive: a little before the position, because cursors filter by time and a
 * replay from the exact boundary is not promised to be complete (S4); beyond it, to pass a frame that has closed three
 * connections; and where the last one asked to start, as long as no event has answered that.
 *
 * @returns `null` when nothing has been processed yet: start from now (S3).
 */
export const resumeAt = (config: Config, state: CursorState): Time | null => {
  if (state.poisonings >= POISONINGS) return state.passedUs
  const position = positionOf(state)
  if (state.askedUs !== null || position === null) return state.askedUs
  const passed = state.passedUs < position ? state.passedUs : position
  return laterOf(passed, usBefore(position, config.rewindUs))
}

/**
 * After so many attempts in a row without an answer to a number, a server is asked by time: it may refuse numbers.
 */
const ATTEMPTS = 5

/**
 * How long an open connection may be silent after a request by number: the server either has that frame or not.
 */
const ANSWER_MS = 10_000 as Natural

/** The frame number that the present connection asks for, beside the time (D10). */
const ordinalToAsk = (config: Config, { connection, mark, poisonings }: CursorState): Natural | null =>
  mark !== null && mark.url === config.jetstream && poisonings < POISONINGS && connection.attempt < ATTEMPTS
    ? mark.ordinal
    : null

export const nextNumber = (state: CursorState): Natural => (state.connection.number + 1) as Natural

/** Asks for the connection that `connection` describes. */
export const open = (config: Config, state: CursorState, connection: Connection): Transition<CursorState, Effect> => {
  const cursor = resumeAt(config, state)
  const after = { ...state, askedUs: cursor, connection, replayUs: state.cursor }
  const effect: OpenJetstream = {
    _tag: 'OpenJetstream',
    connection: connection.number,
    cursor,
    ordinal: ordinalToAsk(config, after)
  }
  return [after, [effect]]
}

/** Whether the present connection was asked for by number, and nothing has come that answers. */
export const isAwaited = (config: Config, state: CursorState): boolean =>
  isLive(state.connection) && state.askedUs !== null && ordinalToAsk(config, state) !== null

/** The number did not lead to where we were. It is forgotten, and another connection asks for the time, at once. */
export const byTime = (config: Config, state: CursorState): Transition<CursorState, Effect> => {
  const close: CloseJetstream = { _tag: 'CloseJetstream', connection: state.connection.number }
  const [after, effects] = open(config, { ...state, mark: null }, connectAgain(nextNumber(state), state.connection))
  return [after, [close, ...effects]]
}

export const answerTimer = ({ connection }: CursorState): WakeAfter => ({
  _tag: 'WakeAfter',
  highMs: ANSWER_MS,
  lowMs: ANSWER_MS,
  timer: { _tag: 'JetstreamTimer', connection: connection.number }
})
