/** Logs of builds at Buildbot: those of their steps, one after the other. */
import { Chunks, Logs, Steps, textOf } from './buildbot-answers.js'
import type { BuildbotApi } from './buildbot-api.js'
import type { TextLog } from './common.js'
import { continuesAt, logOfParts, type LogPart, type LogParts } from './hosted.js'
import type { Provider, Refused, Uncertain } from './provider.js'

/** How many lines of a log to request at once; then, how much of a log to show, in UTF-16 units. */
const LINES = 1_000
const LONGEST_LOG = 4_194_304

/** @param everyMs - how often to read a log that still grows */
export const createBuildbotLogs = ({ client, get, standing }: BuildbotApi, everyMs: number): Provider['logs'] => {
  const GONE = 'Buildbot no longer has the build.'

  const logsOf = async (external: string): Promise<LogParts | Refused | Uncertain> => {
    const stands = await standing(external)
    if (stands._tag !== 'Standing') return stands._tag === 'Missing' ? client.refuse(GONE) : stands
    const parts: Array<LogPart> = []
    for (const { buildid } of stands.builds) {
      const steps = await get(`/builds/${String(buildid)}/steps?order=number`, Steps)
      if (steps._tag !== 'Got') return steps._tag === 'Missing' ? client.refuse(GONE) : steps
      for (const { hidden, name: step, stepid } of steps.value.steps) {
        const logs = hidden ? null : await get(`/steps/${String(stepid)}/logs`, Logs)
        if (logs?._tag === 'Uncertain') return logs
        for (const { logid, name: log, num_lines: lines, type } of logs?._tag === 'Got' ? logs.value.logs : [])
          // Other types are HTML pages. An empty log may still be written to while the build runs.
          if (type === 's' || type === 't')
            parts.push({ id: String(logid), isReadable: lines > 0, name: log === 'stdio' ? step : `${step}: ${log}` })
      }
    }
    return { _tag: 'LogParts', hasEnded: stands.request.complete, parts }
  }

  /** Reads one log incrementally: requests only new lines, and remembers only where chunks begin. */
  const logReader = (part: LogPart): ((wanted: number) => Promise<TextLog | Refused | Uncertain>) => {
    interface Mark {
      readonly at: number
      readonly line: number
    }
    let marks: Array<Mark> = [{ at: 0, line: 0 }]
    return async (wanted) => {
      const found = await get(`/logs/${part.id}`, Logs)
      if (found._tag === 'Uncertain') return found
      const [log] = found._tag === 'Got' ? found.value.logs : []
      if (log === undefined) return { _tag: 'None', sentence: 'Buildbot no longer has this log.' }
      const { at: from, line: first } = marks.filter(({ at }) => at <= wanted).at(-1) ?? { at: 0, line: 0 }
      marks = [{ at: from, line: first }]
      let text = ''
      for (let line = first; line < log.num_lines && from + text.length < LONGEST_LOG; ) {
        const count = Math.min(LINES, log.num_lines - line)
        const chunks = await get(`/logs/${part.id}/contents?offset=${String(line)}&limit=${String(count)}`, Chunks)
        // Return what has arrived. If the next request fails as well, it reports the error.
        if (chunks._tag === 'Uncertain') return text === '' ? chunks : { _tag: 'Text', from, isComplete: false, text }
        const [chunk] = chunks._tag === 'Got' ? chunks.value.logchunks : []
        if (chunk === undefined) break
        text += textOf(log.type, chunk.content)
        line += count
        marks.push({ at: from + text.length, line })
      }
      if (from + text.length < LONGEST_LOG) return { _tag: 'Text', from, isComplete: log.complete, text }
      return { _tag: 'Text', from, isComplete: true, text: `${text}${continuesAt('Buildbot')}` }
    }
  }

  return (_job, external, signal) => {
    const readers = new Map<string, ReturnType<typeof logReader>>()
    const read = (part: LogPart, at: number): Promise<TextLog | Refused | Uncertain> => {
      const reader = readers.get(part.id) ?? logReader(part)
      readers.set(part.id, reader)
      return reader(at)
    }
    return logOfParts(client, { everyMs, list: () => logsOf(external), read, signal })
  }
}
