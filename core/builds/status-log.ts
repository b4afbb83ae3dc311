/**
 * The log that readers of `/events` follow: where each of them goes on, and what comes next.
 *
 * A reader says how far it has come in nanoseconds. Ours save the stamp of what they read last; others save what their
 * own clock said when they read it, and clocks differ. So a stamp that we gave out is taken at its word, and anything
 * else is served from a margin before.
 */
import { type TimeUs, usBefore } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { LogEntry, PipelineEntry, StatusEntry } from '../effect.js'
import type { ReaderCursor } from '../wire/status.js'

/** `createdUs` with 16 digits: as text in the order of time. */
export type LogKey = string

export const logKey = (us: number): LogKey => String(us).padStart(16, '0')

/** What readers are told: announcements and statuses, by their stamps. */
export interface StatusLog {
  /**
   * The announcements of the runs that are remembered, each for as long as its run is: so it outlives the statuses of
   * the run.
   */
  readonly announcements: M.OrderedMap<LogKey, PipelineEntry>
  /** The stamp of the last status that was dropped; `null` while all are there. Readers below it start at it. */
  readonly floorUs: TimeUs | null
  /** The stamp of the newest entry there ever was. */
  readonly lastUs: TimeUs
  /** The log of statuses that Tangled reads, oldest first, at most `keepStatuses`. */
  readonly log: M.OrderedMap<LogKey, StatusEntry>
}

/** What follows a cursor. */
export interface Page {
  readonly entries: ReadonlyArray<LogEntry>
  /** Whether statuses between the cursor and the first of these are not kept any more. */
  readonly isBelowFloor: boolean
}

/**
 * The first `limit` (≥ 1) entries from a key on, announcements and statuses in the order of their stamps, of which no
 * two are equal.
 */
const entriesFrom = ({ announcements, log }: StatusLog, key: LogKey, limit: number): ReadonlyArray<LogEntry> => {
  const entries: Array<LogEntry> = []
  const runs = M.entriesFrom(announcements, key)
  const statuses = M.entriesFrom(log, key)
  let run = runs.next()
  let status = statuses.next()
  while (entries.length < limit) {
    if (run.done !== true && (status.done === true || run.value[0] < status.value[0])) {
      entries.push(run.value[1])
      run = runs.next()
    } else if (status.done !== true) {
      entries.push(status.value[1])
      status = statuses.next()
    } else break
  }
  return entries
}

/** The oldest `limit` (≥ 1) statuses. */
export const oldestStatuses = ({ log }: StatusLog, limit: number): ReadonlyArray<StatusEntry> => {
  const entries: Array<StatusEntry> = []
  for (const [, entry] of M.entriesFrom(log, '')) {
    entries.push(entry)
    if (entries.length === limit) break
  }
  return entries
}

/**
 * The oldest entries created after `afterUs`, at most `limit` (≥ 1): what a reader who has come so far gets next
 * (STREAM).
 */
export const pageAfter = (log: StatusLog, afterUs: TimeUs, limit: number): Page => ({
  entries: entriesFrom(log, logKey(afterUs + 1), limit),
  isBelowFloor: log.floorUs !== null && afterUs < log.floorUs
})

/**
 * How far the clock of a reader may be ahead of ours without a loss: what it is served begins so long before its
 * cursor. It covers as well what an entry takes from its stamp to the socket. A reader with an honest clock gets the
 * last minute again, and knows it by its keys.
 */
export const READER_MARGIN_US = 60_000_000

/**
 * Whether the cursor is a stamp that we gave out, to the digit: that of an entry that is kept, of the last one, or of
 * the last one dropped.
 */
const isStamp = ({ announcements, floorUs, lastUs, log }: StatusLog, { isWhole, timeUs }: ReaderCursor): boolean =>
  isWhole &&
  (timeUs === lastUs || timeUs === floorUs || M.has(logKey(timeUs))(log) || M.has(logKey(timeUs))(announcements))

/**
 * After which stamp a reader who comes with this cursor is served: after the cursor, if it is a stamp of ours; else
 * after the cursor less the margin; without one (`null`), from now on. Never after what is yet to come, however far
 * ahead the clock of the reader is.
 */
export const servedAfter = (log: StatusLog, cursor: ReaderCursor | null): TimeUs => {
  if (cursor === null) return log.lastUs
  if (isStamp(log, cursor)) return cursor.timeUs
  const early = usBefore(cursor.timeUs, READER_MARGIN_US)
  return early < log.lastUs ? early : log.lastUs
}
