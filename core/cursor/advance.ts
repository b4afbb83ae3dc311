/**
 * A frame moves the cursor, and may show that something was lost before it (D1, D10).
 */
import { report, type Transition, withoutEffects } from '../base/transition.js'
import type { Config } from '../config.js'
import { isFromFuture, laterOf, type TimeUs as Time } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { Effect } from '../effect.js'
import type { FrameEvent, FrameRejected, StreamAdvanced } from '../event.js'
import type { CursorState } from './model.js'
import { byTime, isAwaited, positionOf } from './position.js'

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
 * Whether the frame shows that the server resumed at another frame than the one with the number we gave. Such a frame
 * is neither applied nor counted: it comes again. The frame belongs to the present connection.
 */
export const isAstray = (config: Config, state: CursorState, event: FrameEvent): boolean =>
  isAwaited(config, state) && !isMarked(state, event)

/** Whether this is the frame on which the cursor stands, as far as number and stamp can tell. */
const isMarked = ({ cursor, mark }: CursorState, event: FrameEvent): boolean =>
  mark !== null && event.ordinal === mark.ordinal && stampsOf(event)?.first === cursor

/**
 * Whether the rejected frame has most likely been seen before: one that was rejected once is not counted again at every
 * replay.
 */
export const isRepeated = ({ replayUs }: CursorState, { timeUs }: FrameRejected): boolean =>
  timeUs !== null && replayUs !== null && timeUs <= replayUs

const didOf = (event: FrameEvent) =>
  event._tag === 'CommitReceived' || event._tag === 'AccountReceived' ? event.did : null

const markOf = ({ jetstream: url }: Config, { ordinal }: FrameEvent): CursorState['mark'] =>
  ordinal === null || url === '' ? null : { ordinal, url }

/** A frame of the present connection came. */
export const onFrame = (config: Config, state: CursorState, event: FrameEvent): Transition<CursorState, Effect> => {
  if (!isAwaited(config, state)) return reported(advance(config, state, event), state, event)
  // The very frame with that number: this also answers a request by time, and nothing can have been missed.
  return isMarked(state, event)
    ? reported(advance(config, { ...state, askedUs: null }, event), state, event)
    : byTime(config, state)
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

const advance = (config: Config, state: CursorState, event: FrameEvent): Transition<CursorState, Effect> => {
  const stamps = stampsOf(event)
  if (stamps === null) return withoutEffects(state)
  const { first, last } = stamps
  if (isFromFuture(last, event.at))
    return [state, [report({ _tag: 'FrameFromFuture', at: event.at, did: didOf(event), timeUs: last })]]

  const asked = state.askedUs
  const isGap = asked !== null && first > asked + config.toleranceUs
  const position = positionOf(state)
  const moves = position === null || last > position
  const isLast = state.cursor === null || last >= state.cursor
  return [
    {
      askedUs: null,
      connection: state.connection,
      cursor: isLast ? last : state.cursor,
      mark: isLast ? markOf(config, event) : state.mark,
      passedUs: state.passedUs,
      poisonings: moves ? (0 as Natural) : state.poisonings,
      replayUs: state.replayUs,
      rereadUs:
        state.rereadUs === null || state.cursor === null || last >= state.cursor ? null : laterOf(state.rereadUs, last)
    },
    isGap ? [report({ _tag: 'Gap', askedUs: asked, at: event.at, gotUs: first })] : []
  ]
}

/**
 * One event in place of two successive ones that only move the cursor. It has the effect of both, except that a gap is
 * reported as of the later receipt. Neither may be from the future.
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
