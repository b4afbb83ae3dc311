/** Logs of runs at GitHub: those of their jobs, one after the other. */
import { decodeAnswer, type TextLog } from './common.js'
import { runAt, TIME_MARK } from './dispatched.js'
import { Jobs, MAX_PAGES, PAGE, wordsOf } from './github-answers.js'
import type { GithubApi } from './github-api.js'
import { continuesAt, type LogPart, type LogParts } from './hosted.js'
import { isUrl } from './settings.js'
import type { Refused, Uncertain } from './provider.js'

/** How often to look for a log that should exist. */
const LOG_TRIES = 5

export interface GithubLogs {
  /** The jobs of a run. */
  readonly jobsOf: (external: string) => Promise<LogParts | Refused | Uncertain>
  /** Reads the logs of the jobs of a run. */
  readonly logReader: (external: string) => (part: LogPart) => Promise<TextLog | Refused | Uncertain>
}

/** @param url - the URL of the API: if it is https, logs are read over https only */
export const createGithubLogs = ({ ask, client, doubt, isNo, nameless, runOf }: GithubApi, url: string): GithubLogs => {
  const GONE = 'GitHub no longer has the run.'

  const jobsOf = async (external: string): Promise<LogParts | Refused | Uncertain> => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    // Read the run first: once it has ended, no more jobs come.
    const run = await runOf(external)
    if ('_tag' in run) return run._tag === 'Missing' ? client.refuse(GONE) : run
    const parts: Array<LogPart> = []
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await ask('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', { ...at, page, per_page: PAGE })
      if (answer._tag === 'Uncertain') return answer
      const jobs = answer.status === 200 ? decodeAnswer(Jobs, answer)?.jobs : undefined
      if (jobs === undefined) return answer.status === 404 ? client.refuse(GONE) : doubt(answer)
      for (const { conclusion, id, name: job, status } of jobs)
        parts.push({ hasFailed: conclusion === 'failure' || conclusion === 'timed_out', id: String(id), isReadable: status === 'completed' && conclusion !== 'skipped', name: job })
      if (jobs.length < PAGE) break
    }
    return { _tag: 'LogParts', hasEnded: run.status === 'completed', parts }
  }

  /** The answer redirects to the log. The address is valid for a minute and needs no authorisation, so the token is not sent there. */
  const logReader = (external: string) => {
    const tries = new Map<string, number>()
    return async ({ hasFailed = false, id }: LogPart): Promise<TextLog | Refused | Uncertain> => {
      const at = runAt(external)
      if (at === null) return nameless(external)
      const answer = await ask('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', { job_id: Number(id), owner: at.owner, repo: at.repo })
      if (answer._tag === 'Uncertain') return answer
      if (answer.status === 410) return { _tag: 'None', sentence: 'GitHub no longer has the log of this job.' }
      if (answer.status === 404) {
        // A log may appear a little after the end of its job.
        const count = (tries.get(id) ?? 0) + 1
        tries.set(id, count)
        return count < LOG_TRIES ? { _tag: 'NotYet' } : { _tag: 'None', sentence: 'GitHub has no log of this job.' }
      }
      if (answer.status !== 302) return isNo(answer) ? client.refuse(wordsOf(answer)) : doubt(answer)
      const to = answer.headers.get('location') ?? ''
      if (!isUrl(to) || (url.startsWith('https:') && !to.startsWith('https:'))) return client.uncertain('GitHub does not say where the log is')
      const log = await client.ask({ overflow: 'cut', url: to })
      if (log._tag === 'Uncertain') return log
      if (log.status !== 200) return client.doubt(log, '')
      const lines = log.text.replace(TIME_MARK, '')
      return { _tag: 'Text', hasFailed, isComplete: true, text: log.isCut ? `${lines}\n${continuesAt('GitHub')}` : lines }
    }
  }

  return { jobsOf, logReader }
}
