/**
 * The stream and the cursor: how far we have come, where to resume, whether something was lost on the way.
 *
 * The cursor is the greatest `time_us` of a frame that has been processed. It never moves back, never follows a stamp from
 * the future, and is never taken from our own clock. Every frame whose stamp can be read moves it, whatever else is in it:
 * on a quiet network the cursor would otherwise fall out of what the server keeps (S3, S4, S11; D1, D2, D9, D10, D12).
 *
 * A server may number its frames. It is then asked to go on at the number of the frame that the cursor stands on, and believed only if
 * that very frame comes first; else we resume by time, before anything that came is applied (D10).
 */
import * as t from 'io-ts'
import { Backoff, type Config, Natural } from './config.js'
import { Connection, connecting, idle, isConnecting, isLive, lost, opened, renewed, woken } from './connection.js'
import { isFromFuture, laterOf, type TimeUs as Time, TimeUs, usAfter, usBefore } from './data/identifiers.js'
import type { CloseJetstream, Effect, OpenJetstream, WakeAfter } from './effect.js'
import type { Event, FrameEvent, FrameRejected, StreamAdvanced } from './event.js'
import { report, type Transition, unchanged } from './transition.js'

// ---------------------------------------------------------------------------------------- model

export const CursorState = t.readonly(
  t.strict({
    /** Where the present resume asked to start, until its first event has been compared with it (D10). */
    askedUs: t.union([TimeUs, t.null]),
    connection: Connection,
    /** `null`: nothing has been processed yet. */
    cursor: t.union([TimeUs, t.null]),
    /** The number of the frame that the cursor stands on, and whose number that is; `null` when it has none, or none to go by (D10). */
    mark: t.union([t.readonly(t.strict({ ordinal: Natural, url: t.string })), t.null]),
    /** Where the last step over a frame that could not be taken in ended: no rewind goes back before it (D12). */
    passedUs: TimeUs,
    /** How often in a row a frame closed the connection while our position stood where it stands (D12). */
    poisonings: Natural,
    /** The cursor as it stood when the present connection was opened: what is stamped no later has been here before, most likely. */
    replayUs: t.union([TimeUs, t.null]),
    /** How far a re-reading that an operator asked for has come; `null` when there is none, or it has reached the cursor. */
    rereadUs: t.union([TimeUs, t.null]),
    settings: t.readonly(t.strict({ backoff: Backoff, rewindUs: Natural, toleranceUs: Natural, url: t.string })),
    stopped: t.boolean
  }),
  'CursorState'
)
export type CursorState = t.TypeOf<typeof CursorState>

const settingsOf = (config: Config): CursorState['settings'] => ({
  backoff: config.jetstreamBackoff,
  rewindUs: config.rewindUs,
  toleranceUs: config.toleranceUs,
  url: config.jetstream
})

/** Nothing processed, nothing connected. Frames that bear connection number 0 are taken without further ceremony. */
export const initial = (config: Config): CursorState => ({
  askedUs: null,
  connection: idle(0 as Natural),
  cursor: null,
  mark: null,
  passedUs: 0 as Time,
  poisonings: 0 as Natural,
  replayUs: null,
  rereadUs: null,
  settings: settingsOf(config),
  stopped: false
})

/**
 * Whether what is read again lies before the cursor (where it has reached it, it is over), and a mark is that of a cursor which nothing is
 * read again before.
 */
export const isCoherent = ({ cursor, mark, rereadUs }: CursorState): boolean =>
  (rereadUs === null || (cursor !== null && rereadUs < cursor)) && (mark === null || (cursor !== null && rereadUs === null))

// ---------------------------------------------------------------------------------------- resuming

/** After this many losses to a frame at one place, the frame is passed (D12). */
const POISONINGS = 3

/** The first step over a frame that cannot be taken in; each further loss at the same place doubles it. */
const STEP_US = 1_000_000
const DOUBLINGS = 20

/** How far we have read: the cursor, or, while an operator has us read again what lies before it, how far that has come. */
const positionOf = (state: CursorState): Time | null => state.rereadUs ?? state.cursor

/**
 * Where the next connection starts, inclusive: a little before the position, because cursors filter by time and a replay from
 * the exact boundary is not promised to be complete (S4); beyond it, to pass a frame that has closed three connections; and
 * where the last one asked to start, as long as no event has answered that.
 *
 * @returns `null` when nothing has been processed yet: start from now (S3).
 */
export const resumeAt = (state: CursorState): Time | null => {
  if (state.poisonings >= POISONINGS) return state.passedUs
  const position = positionOf(state)
  if (state.askedUs !== null || position === null) return state.askedUs
  const passed = state.passedUs < position ? state.passedUs : position
  return laterOf(passed, usBefore(position, state.settings.rewindUs))
}

/** A server that has not answered a number in so many attempts in a row is asked by time: it may refuse what it is asked. */
const ATTEMPTS = 5

/** How long an open connection may be silent that was asked for by number: the frame of that number is there, or it is not. */
const ANSWER_MS = 10_000 as Natural

/** The number that the present connection asks for, beside the time (D10). */
const ordinalToAsk = ({ connection, mark, poisonings, settings }: CursorState): Natural | null =>
  mark !== null && mark.url === settings.url && poisonings < POISONINGS && connection.attempt < ATTEMPTS ? mark.ordinal : null

const next = (state: CursorState): Natural => (state.connection.number + 1) as Natural

/** Asks for the connection that `connection` describes. */
const open = (state: CursorState, connection: Connection): Transition<CursorState, Effect> => {
  const cursor = resumeAt(state)
  const after = { ...state, askedUs: cursor, connection, replayUs: state.cursor, stopped: false }
  const effect: OpenJetstream = { _tag: 'OpenJetstream', connection: connection.number, cursor, ordinal: ordinalToAsk(after) }
  return [after, [effect]]
}

/** Whether the present connection was asked for by number, and nothing has come that answers. */
export const isAwaited = (state: CursorState): boolean =>
  isLive(state.connection) && state.askedUs !== null && ordinalToAsk(state) !== null

/** The number did not lead to where we were. It is forgotten, and another connection asks for the time, at once. */
const byTime = (state: CursorState): Transition<CursorState, Effect> => {
  const close: CloseJetstream = { _tag: 'CloseJetstream', connection: state.connection.number }
  const [after, effects] = open({ ...state, mark: null }, renewed(next(state), state.connection))
  return [after, [close, ...effects]]
}

// ---------------------------------------------------------------------------------------- advancing

/** The stamp of the first frame in `event`, and the greatest; `null` when there is none to go by. */
const stampsOf = (event: FrameEvent): { readonly first: Time; readonly last: Time } | null => {
  switch (event._tag) {
    case 'StreamAdvanced':
      return { first: event.firstUs, last: event.lastUs }
    default:
      return event.timeUs === null ? null : { first: event.timeUs, last: event.timeUs }
  }
}

/**
 * Whether the frame shows that a number has led elsewhere than to the frame that bore it. It is not applied, nor counted: it comes again. The
 * frame is one of the present connection.
 */
export const isAstray = (state: CursorState, event: FrameEvent): boolean => isAwaited(state) && !isMarked(state, event)

/** Whether this is the frame on which the cursor stands, as far as number and stamp can tell. */
const isMarked = ({ cursor, mark }: CursorState, event: FrameEvent): boolean =>
  mark !== null && event.ordinal === mark.ordinal && stampsOf(event)?.first === cursor

/** Whether the rejected frame has been here before, most likely: what was refused once is not to be counted at every replay. */
export const isRepeated = ({ replayUs }: CursorState, { timeUs }: FrameRejected): boolean =>
  timeUs !== null && replayUs !== null && timeUs <= replayUs

const didOf = (event: FrameEvent) => (event._tag === 'CommitReceived' || event._tag === 'AccountReceived' ? event.did : null)

const markOf = ({ settings: { url } }: CursorState, { ordinal }: FrameEvent): CursorState['mark'] =>
  ordinal === null || url === '' ? null : { ordinal, url }

/** A frame of the present connection came. */
const received = (state: CursorState, event: FrameEvent): Transition<CursorState, Effect> => {
  if (!isAwaited(state)) return reported(advance(state, event), state, event)
  // The very frame: whatever was asked for by time besides is answered, and nothing can have been missed.
  return isMarked(state, event) ? reported(advance({ ...state, askedUs: null }, event), state, event) : byTime(state)
}

/** A rejection is reported, if it is none that a replay brings again. */
const reported = (
  [after, effects]: Transition<CursorState, Effect>,
  before: CursorState,
  event: FrameEvent
): Transition<CursorState, Effect> => {
  if (event._tag !== 'FrameRejected' || isRepeated(before, event)) return [after, effects]
  const { _tag, at, collection, detail, did, operation, reason, rkey } = event
  return [after, [...effects, report({ _tag, at, collection, detail, did, operation, reason, rkey })]]
}

const advance = (state: CursorState, event: FrameEvent): Transition<CursorState, Effect> => {
  const stamps = stampsOf(event)
  if (stamps === null) return unchanged(state)
  const { first, last } = stamps
  if (isFromFuture(last, event.at))
    return [state, [report({ _tag: 'FrameFromFuture', at: event.at, did: didOf(event), timeUs: last })]]

  const asked = state.askedUs
  const isGap = asked !== null && first > asked + state.settings.toleranceUs
  const position = positionOf(state)
  const moves = position === null || last > position
  const isLast = state.cursor === null || last >= state.cursor
  return [
    {
      askedUs: null,
      connection: state.connection,
      cursor: isLast ? last : state.cursor,
      mark: isLast ? markOf(state, event) : state.mark,
      passedUs: state.passedUs,
      poisonings: moves ? (0 as Natural) : state.poisonings,
      replayUs: state.replayUs,
      rereadUs: state.rereadUs === null || state.cursor === null || last >= state.cursor ? null : laterOf(state.rereadUs, last),
      settings: state.settings,
      stopped: state.stopped
    },
    isGap ? [report({ _tag: 'Gap', askedUs: asked, at: event.at, gotUs: first })] : []
  ]
}

// ---------------------------------------------------------------------------------------- reducer

/**
 * The reducer of the stream. It takes every event and knows its own; an event that bears another connection's number, or
 * does not fit the phase, changes nothing and causes nothing.
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
        { ...(event.resumeFrom === null ? state : resuming(state, event.resumeFrom)), settings: settingsOf(event.config) },
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

const answerTimer = ({ connection }: CursorState): WakeAfter => ({
  _tag: 'WakeAfter',
  highMs: ANSWER_MS,
  lowMs: ANSWER_MS,
  timer: { _tag: 'JetstreamTimer', connection: connection.number }
})

/** An operator asks to start at `from`. What lies between that and the cursor is read again, over as many connections as it takes. */
const resuming = (state: CursorState, from: Time): CursorState => ({
  ...state,
  askedUs: from,
  mark: null,
  poisonings: 0 as Natural,
  rereadUs: state.cursor !== null && from < state.cursor ? from : null
})

/** How far we have come: our position or, where a resume asked for something later, that. Without either there is no replay. */
const furthest = (state: CursorState): Time | null => {
  const { askedUs } = state
  const position = positionOf(state)
  return askedUs === null || position === null ? (askedUs ?? position) : laterOf(askedUs, position)
}

const closed = (state: CursorState, at: Time, poisoned: boolean): Transition<CursorState, Effect> => {
  const [connection, pause] = lost(state.settings.backoff, at, next(state), state.connection)
  const wake: WakeAfter = { _tag: 'WakeAfter', ...pause, timer: { _tag: 'JetstreamTimer', connection: connection.number } }
  const reached = furthest(state)
  if (!poisoned || reached === null) return [{ ...state, connection }, [wake]]

  const poisonings = (state.poisonings + 1) as Natural
  if (poisonings < POISONINGS) return [{ ...state, connection, poisonings }, [wake]]

  const passedUs = usAfter(reached, STEP_US * 2 ** Math.min(poisonings - POISONINGS, DOUBLINGS))
  return [{ ...state, connection, mark: null, passedUs, poisonings }, [wake, report({ _tag: 'Gap', askedUs: reached, at, gotUs: passedUs })]]
}

// ---------------------------------------------------------------------------------------- merging

/**
 * One event for two that only move the cursor, the second right after the first: stepping it is stepping them both (a gap is
 * reported as of the last receipt), as long as neither is from the future.
 */
export const merge = (a: StreamAdvanced, b: StreamAdvanced): StreamAdvanced => ({
  _tag: 'StreamAdvanced',
  at: b.at,
  connection: b.connection,
  count: (a.count + b.count) as Natural,
  firstUs: a.firstUs,
  lastUs: a.lastUs < b.lastUs ? b.lastUs : a.lastUs,
  ordinal: a.lastUs <= b.lastUs ? b.ordinal : a.ordinal
})
