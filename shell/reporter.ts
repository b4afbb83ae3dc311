/**
 * Reports, as log lines. Strangers cause most of them, so strangers must not decide how much is written: of each kind the
 * first few in ten seconds are written, the rest are counted. (The state counts all of them; `inspect` shows how many.)
 */
import type { Report } from '../core/index.js'
import type { Clock, Log } from './ports.js'

const WINDOW_US = 10_000_000
const WRITTEN = 10

/** What a report says, without the particulars, which are its fields. */
const sentence = (report: Report): string => {
  switch (report._tag) {
    case 'FrameRejected':
      return 'a frame of the stream was rejected'
    case 'FrameFromFuture':
      return 'a frame bears a stamp from the future: it was applied, the cursor stays'
    case 'Gap':
      return 'events may have been missed'
    case 'KnotRefused':
      return 'a repo record names no acceptable knot: it was applied without one'
    case 'KnotFrameRejected':
      return 'a frame of a knot was rejected'
    case 'KnotFrameFromFuture':
      return 'a frame of a knot bears a stamp from the future: its cursor stays'
    case 'RecordsUnread':
      return 'the records of an account could not be read; trying again'
    case 'TriggerIgnored':
      return 'a trigger calls for nothing here'
    case 'TriggerRefused':
      return 'a trigger was refused'
    case 'WorkflowsUnread':
      return 'the workflow files of a trigger could not be read: it comes to nothing'
    case 'WorkflowDropped':
      return 'a workflow was dropped'
    case 'ProviderUncertain':
      return 'a provider may not have done what it was asked to; trying again'
    case 'BuildAbandoned':
      return 'a provider never said whether it has a build that nobody wants any more'
    case 'ReportRefused':
      return 'a report on a build came from somebody who does not have it'
  }
}

interface Window {
  readonly from: number
  readonly reports: number
}

/** A function that writes reports to `log`. */
export const createReporter = (clock: Clock, log: Log): ((report: Report) => void) => {
  const windows = new Map<Report['_tag'], Window>()
  return (report) => {
    const now = clock.now()
    const before = windows.get(report._tag)
    const isNew = before === undefined || now - before.from >= WINDOW_US
    if (isNew && before !== undefined && before.reports > WRITTEN)
      log.warn('more reports of this kind were counted, not written', { kind: report._tag, count: before.reports - WRITTEN })
    const window = isNew ? { from: now, reports: 1 } : { from: before.from, reports: before.reports + 1 }
    windows.set(report._tag, window)
    if (window.reports <= WRITTEN) log[report._tag === 'TriggerIgnored' ? 'debug' : 'warn'](sentence(report), { ...report })
  }
}
