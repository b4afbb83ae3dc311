/** Logs of builds at Buildkite: those of their jobs, one after the other. */
import { isFinal } from '../../core/index.js'
import { AGENT_MARKS, failedJob, type JobData, nameOfJob, statusOf, wordsOf } from './buildkite-answers.js'
import type { BuildkiteApi } from './buildkite-api.js'
import { isRefusal, type TextLog } from './common.js'
import { continuesAt, logOfParts, type LogPart, type LogParts } from './hosted.js'
import type { Provider, Refused, Uncertain } from './provider.js'

const hasFinished = ({ finished_at: at }: JobData): boolean => typeof at === 'string'

/** @param everyMs - how often to read a log that still grows */
export const createBuildkiteLogs = ({ ask, buildAt, client, doubt, nameless, pathOfBuild }: BuildkiteApi, everyMs: number): Provider['logs'] => {
  const jobsOf = async (external: string): Promise<LogParts | Refused | Uncertain> => {
    const build = await buildAt(external)
    if ('_tag' in build) return build._tag === 'Missing' ? client.refuse('Buildkite no longer has the build.') : build
    const standing = statusOf(build)
    return {
      _tag: 'LogParts',
      hasEnded: standing !== null && isFinal(standing.status),
      parts: (build.jobs ?? [])
        // Wait, block and trigger steps have no log.
        .filter(({ type = 'script' }) => type === 'script')
        .map((job) => ({ id: job.id, isReadable: typeof job.started_at === 'string', name: nameOfJob(job) }))
    }
  }

  const logOfJob = async (external: string, { id }: LogPart): Promise<TextLog | Refused | Uncertain> => {
    const path = pathOfBuild(external)
    if (path === null) return nameless(external)
    // Read the state of the job first: the log of a job that has ended by then is complete.
    const build = await buildAt(external)
    if ('_tag' in build) return build._tag === 'Missing' ? client.refuse('Buildkite no longer has the build.') : build
    const job = (build.jobs ?? []).find((one) => one.id === id)
    const answer = await ask(`${path}/jobs/${encodeURIComponent(id)}/log`, { headers: { accept: 'text/plain' }, overflow: 'cut' })
    if (answer._tag === 'Uncertain') return answer
    const isComplete = job === undefined || hasFinished(job)
    const hasFailed = job !== undefined && failedJob([job]) !== undefined
    if (answer.status === 404) return isComplete ? { _tag: 'None', sentence: 'Buildkite does not keep a log of this job.' } : { _tag: 'NotYet' }
    if (answer.status !== 200) return isRefusal(answer.status) ? client.refuse(wordsOf(answer)) : doubt(answer)
    const text = answer.text.replace(AGENT_MARKS, '')
    return answer.isCut
      ? { _tag: 'Text', hasFailed, isComplete: true, text: `${text}\n${continuesAt('Buildkite')}` }
      : { _tag: 'Text', hasFailed, isComplete, text }
  }

  return (_job, external, signal) =>
    logOfParts(client, { everyMs, list: () => jobsOf(external), read: (part) => logOfJob(external, part), signal })
}
