/** The messages of reports, for the log and the page. */
import type { Report } from '../../core/index.js'

/** The message of a report, without its details, which are fields. */
export const sentenceOf = (report: Report): string => {
  switch (report._tag) {
    case 'FrameRejected':
      return 'stream frame rejected'
    case 'FrameFromFuture':
      return 'stream frame from the future: applied, cursor unchanged'
    case 'Gap':
      return 'stream gap: events may have been missed'
    case 'KnotRefused':
      return 'repo record names an invalid knot: applied without it'
    case 'FieldTooLong':
      return 'record field too long: treated as absent'
    case 'KeyRefused':
      return 'record not stored: no room for another key'
    case 'KnotFrameRejected':
      return 'knot frame rejected'
    case 'KnotFrameFromFuture':
      return 'knot frame from the future: cursor unchanged'
    case 'AccessReadFailed':
      return 'push rights of a repository could not be read: retrying'
    case 'RecordsReadFailed':
      return 'account records could not be read: retrying'
    case 'TriggerIgnored':
      return 'trigger ignored'
    case 'TriggerRefused':
      return 'trigger refused'
    case 'WorkflowsReadFailed':
      return 'workflow files could not be read: trigger dropped'
    case 'WorkflowDropped':
      return 'workflow dropped'
    case 'WorkflowNameRefused':
      return 'workflow file ignored: invalid name'
    case 'ProviderUncertain':
      return 'provider gave no clear answer: retrying'
    case 'BuildAbandoned':
      return 'unwanted build abandoned: its provider never said whether it exists'
    case 'PassedOver':
      return 'event passed over: its step did not end'
    case 'ReportRefused':
      return 'build report rejected: it is not from the build’s provider'
  }
}
