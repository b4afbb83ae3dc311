/**
 * The state of the stream, and its initial value.
 */
import * as t from 'io-ts'
import { Connection, idle } from '../base/connection.js'
import { TimeUs, type TimeUs as Time } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'

/** The position in the stream, and the connection to it. */
export const CursorState = t.readonly(
  t.strict({
    /** Where the present resume asked to start, until its first event has been compared with it (D10). */
    askedUs: t.union([TimeUs, t.null]),
    connection: Connection,
    /** `null` until something has been processed. */
    cursor: t.union([TimeUs, t.null]),
    /**
     * The number of the frame at the cursor, and the server that gave it; `null` without a number that can be used
     * (D10).
     */
    mark: t.union([t.readonly(t.strict({ ordinal: Natural, url: t.string })), t.null]),
    /** Where the last step over a frame that could not be taken in ended: no rewind goes back before it (D12). */
    passedUs: TimeUs,
    /** How often in a row a frame closed the connection while our position stood where it stands (D12). */
    poisonings: Natural,
    /**
     * The cursor when the present connection was opened: a frame with no later stamp has most likely been seen before.
     */
    replayUs: t.union([TimeUs, t.null]),
    /**
     * How far a replay that an operator asked for has come; `null` if there is none, or it has reached the cursor.
     */
    rereadUs: t.union([TimeUs, t.null])
  }),
  'CursorState'
)

export type CursorState = t.TypeOf<typeof CursorState>

/** Nothing processed, nothing connected. Frames that carry connection number 0 are taken without further ceremony. */
export const initial: CursorState = {
  askedUs: null,
  connection: idle(0 as Natural),
  cursor: null,
  mark: null,
  passedUs: 0 as Time,
  poisonings: 0 as Natural,
  replayUs: null,
  rereadUs: null
}

/**
 * Whether what is read again lies before the cursor (where it has reached it, it is over), and a mark is that of a
 * cursor which nothing is read again before.
 */
export const isCoherent = ({ cursor, mark, rereadUs }: CursorState): boolean =>
  (rereadUs === null || (cursor !== null && rereadUs < cursor)) &&
  (mark === null || (cursor !== null && rereadUs === null))
