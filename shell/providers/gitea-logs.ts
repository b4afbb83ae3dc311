/** Logs of runs at Gitea: those of their jobs, one after the other. */
import type { TextLog } from './common.js'
import { runAt, TIME_MARK } from './dispatched.js'
import { Job, Jobs } from './gitea-answers.js'
import type { GiteaApi } from './gitea-api.js'
import { continuesAt, type LogPart, type LogParts } from './hosted.js'
import type { Refused, Uncertain } from './provider.js'

/** How many pages of jobs to read. */
const MAX_PAGES = 20

export interface GiteaLogs {
  /** The jobs of a run. */
  readonly jobsOf: (external: string) => Promise<LogParts | Refused | Uncertain>
  /** Reads the logs of the jobs of a run. */
  readonly logReader: (external: string) => (part: LogPart) => Promise<TextLog | Refused | Uncertain>
}

export const createGiteaLogs = ({ client, doubt, get, isNo, nameless, readLog, runOf, wordsOf }: GiteaApi): GiteaLogs => {
  const jobsOf = async (external: string): Promise<LogParts | Refused | Uncertain> => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    // Read the run first: once it has ended, no more jobs come.
    const run = await runOf(external)
    if ('_tag' in run) return run._tag === 'Missing' ? client.refuse('Gitea no longer has the run.') : run
    const parts: Array<LogPart> = []
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await get(Jobs, [at.owner, at.repo, 'actions', 'runs', String(at.run_id), 'jobs'], { limit: '50', page: String(page) })
      if (answer._tag !== 'Good') return doubt(answer)
      for (const { conclusion, id, name, status } of answer.value.jobs)
        parts.push({ hasFailed: conclusion === 'failure', id: String(id), isReadable: (status === 'in_progress' || status === 'completed') && conclusion !== 'skipped', name })
      if (answer.value.jobs.length === 0 || parts.length >= answer.value.total_count) break
    }
    return { _tag: 'LogParts', hasEnded: run.status === 'completed', parts }
  }

  const logReader =
    (external: string) =>
    async ({ id }: LogPart): Promise<TextLog | Refused | Uncertain> => {
      const at = runAt(external)
      if (at === null) return nameless(external)
      // Read the status first: what is read after the job has ended is complete.
      const job = await get(Job, [at.owner, at.repo, 'actions', 'jobs', id])
      if (job._tag === 'Uncertain') return job
      if (job._tag === 'HttpResponse') return isNo(job) ? client.refuse(wordsOf(job)) : doubt(job)
      const isComplete = job.value.status === 'completed'
      const log = await readLog([at.owner, at.repo, 'actions', 'jobs', id, 'logs'])
      if (log._tag === 'Uncertain') return log
      // A job that was cancelled before it started has no log; that of an old one may have been removed.
      if (log.status === 404) return isComplete ? { _tag: 'None', sentence: client.say(`Gitea has no log of this job: ${wordsOf(log)}.`) } : { _tag: 'NotYet' }
      if (log.status !== 200) return isNo(log) ? client.refuse(wordsOf(log)) : doubt(log)
      const lines = log.text.replace(TIME_MARK, '')
      return {
        _tag: 'Text',
        hasFailed: job.value.conclusion === 'failure',
        isComplete: isComplete || log.isCut,
        text: log.isCut ? `${lines}\n${continuesAt('Gitea')}` : lines
      }
    }

  return { jobsOf, logReader }
}
