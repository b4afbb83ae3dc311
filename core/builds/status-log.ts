/**
 * The log that readers of `/events` follow: where each of them resumes, and what comes next.
 *
 * A reader resumes with a cursor in nanoseconds. Some readers save the stamp of the last entry they read; others save
 * what their own clock said when they read it, and clocks differ. So a stamp that we gave out is taken at its word, and
 * any other cursor is served from a margin before it.
 */
import { type TimeUs, usBefore } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { LogEntry, PipelineEntry, StatusEntry } from '../effect.js'
import type { ReaderCursor } from '../wire/status.js'

/** `createdUs` padded to 16 digits, so that text sorts by time. */
export type LogKey = string

export const logKey = (us: number): LogKey => String(us).padStart(16, '0')

/** The log that readers follow: announcements and statuses, by their stamps. */
export interface StatusLog {
  /** The announcements of all runs. Each stays as long as its run does. */
  readonly announcements: M.OrderedMap<LogKey, PipelineEntry>
  /** The stamp of the last status that was dropped; `null` if none was. Readers below it start there. */
  readonly floorUs: TimeUs | null
  /** The stamp of the newest entry ever added. */
  readonly lastUs: TimeUs
  /** The log of statuses that Tangled reads, oldest first, at most `keepStatuses`. */
  readonly log: M.OrderedMap<LogKey, StatusEntry>
}

/** A page of entries after a cursor. */
export interface Page {
  readonly entries: ReadonlyArray<LogEntry>
  /** Whether statuses between the cursor and the first of these have been dropped. */
  readonly isBelowFloor: boolean
}

/** The first `limit` (≥ 1) entries from a key on, announcements and statuses merged by their stamps, all different. */
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
 * The oldest entries created after `afterUs`, at most `limit` (≥ 1): what a reader at that point gets next (STREAM).
 */
export const pageAfter = (log: StatusLog, afterUs: TimeUs, limit: number): Page => ({
  entries: entriesFrom(log, logKey(afterUs + 1), limit),
  isBelowFloor: log.floorUs !== null && afterUs < log.floorUs
})

/**
 * How far a reader's clock may be ahead of ours without a loss: a reader is served from this long before its cursor. It
 * also covers the time from an entry's stamp to the socket. A reader whose clock is right gets the last minute again,
 * and recognises it by its keys.
 */
export const READER_MARGIN_US = 60_000_000

/**
 * Whether the cursor is exactly a stamp that we gave out: of an entry that is kept, the last one, or the last dropped.
 */
const isStamp = ({ announcements, floorUs, lastUs, log }: StatusLog, { isWhole, timeUs }: ReaderCursor): boolean =>
  isWhole &&
  (timeUs === lastUs || timeUs === floorUs || M.has(logKey(timeUs))(log) || M.has(logKey(timeUs))(announcements))

/**
 * The stamp after which a reader with this cursor is served: the cursor itself if it is one of our stamps, otherwise
 * the cursor less the margin; with no cursor (`null`), the newest stamp. Never later than the newest stamp, however far
 * ahead the reader's clock is.
 */
export const servedAfter = (log: StatusLog, cursor: ReaderCursor | null): TimeUs => {
  if (cursor === null) return log.lastUs
  if (isStamp(log, cursor)) return cursor.timeUs
  const early = usBefore(cursor.timeUs, READER_MARGIN_US)
  return early < log.lastUs ? early : log.lastUs
}
