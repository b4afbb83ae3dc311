/** Reports, as log lines, of each kind a few. (The state counts all of them; `inspect` shows how many.) */
import type { Report } from '../core/index.js'
import type { Clock, Log } from './ports.js'
import { createSparing } from './sparing.js'

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
    case 'FieldTooLong':
      return 'a field of a record is too long: it was applied as if that were absent'
    case 'KeyRefused':
      return 'a key of an account is not kept: there is no room for it'
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
    case 'WorkflowNameRefused':
      return 'a workflow file is left out: no build can bear its name'
    case 'ProviderUncertain':
      return 'a provider may not have done what it was asked to; trying again'
    case 'BuildAbandoned':
      return 'a provider never said whether it has a build that nobody wants any more'
    case 'PassedOver':
      return 'an event whose step did not end was passed over, as the operator wished'
    case 'ReportRefused':
      return 'a report on a build came from somebody who does not have it'
  }
}

/** A function that writes reports to `log`. */
export const createReporter = (clock: Clock, log: Log): ((report: Report) => void) => {
  const turnOf = createSparing(clock)
  return (report) => {
    const { isWritten, leftOut } = turnOf(report._tag)
    const level = report._tag === 'TriggerIgnored' ? 'debug' : 'warn'
    if (leftOut > 0) log[level]('more reports of this kind were counted, not written', { kind: report._tag, count: leftOut })
    if (isWritten) log[level](sentence(report), { ...report })
  }
}
