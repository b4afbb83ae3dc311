/** Logs reports, a few of each kind. (The state counts all of them; `inspect` shows how many.) */
import type { Report } from '../../core/index.js'
import { createLogLimit } from '../lib/log-limit.js'
import { sentenceOf } from '../lib/report-text.js'
import type { Clock, Log } from '../ports.js'

/** A function that writes reports to `log`. */
export const createReporter = (clock: Clock, log: Log): ((report: Report) => void) => {
  const allowanceOf = createLogLimit(clock)
  return (report) => {
    const { isWritten, leftOut } = allowanceOf(report._tag)
    const level = report._tag === 'TriggerIgnored' ? 'debug' : 'warn'
    if (leftOut > 0) log[level]('similar reports suppressed', { kind: report._tag, count: leftOut })
    if (isWritten) log[level](sentenceOf(report), { ...report })
  }
}
