/** Polls a run at GitHub. Answers with status 304 do not count towards the rate limit. */
import type { Log } from '../ports.js'
import { decodeAnswer } from './common.js'
import { markOf, marksIn, runAt } from './dispatched.js'
import { progressOf, Run } from './github-answers.js'
import type { GithubApi } from './github-api.js'
import type { Job, Missing, Progress, Uncertain } from './provider.js'

/** Returns a function that reads the status of a run. Warns once if the name of the run does not contain the mark of its build. */
export const createGithubWatch = (
  { ask, doubt, nameless }: GithubApi,
  log: Log,
  job: Job,
  external: string
): (() => Promise<Progress | Missing | Uncertain>) => {
  let seen: { readonly etag: string; readonly progress: Progress } | null = null
  let isWarned = false
  const warn = ({ display_title: title }: Run): void => {
    if (isWarned || marksIn(title ?? '').includes(markOf(job.key))) return
    isWarned = true
    log.warn('workflow does not name its runs after their builds: give it a run-name with ${{ inputs.tack_key }}', { run: external })
  }
  return async () => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    const answer = await ask('GET /repos/{owner}/{repo}/actions/runs/{run_id}', at, seen === null ? {} : { 'if-none-match': seen.etag })
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 304 && seen !== null) return seen.progress
    if (answer.status === 404) return { _tag: 'Missing' }
    const run = answer.status === 200 ? decodeAnswer(Run, answer) : null
    if (run === null) return doubt(answer)
    warn(run)
    const progress = progressOf(run, external)
    const etag = answer.headers.get('etag')
    seen = etag === null ? null : { etag, progress }
    return progress
  }
}
