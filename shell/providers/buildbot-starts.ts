/** Starts builds at Buildbot, and finds them: a force scheduler creates requests, each with the key of its build. */
import { branchOf, Builders, flat, Forced, projectOf, Requests, Schedulers, variableOf } from './buildbot-answers.js'
import type { BuildbotApi } from './buildbot-api.js'
import { decodeAnswer, isRefusal } from './common.js'
import { earliestMs } from './hosted.js'
import type { Accepted, Job, Missing, Provider, Refused, Uncertain } from './provider.js'

/** How many requests to list at once; then, the limit of pages. The master has to read the properties of every request. */
const PAGE = 100
const MAX_PAGES = 100

const builderOf = ({ plan }: Job): string => plan.pipeline

/** @param scheduler - the name of the force scheduler */
export const createBuildbotStarts = (
  { ask, client, command, doubt, get, refusal }: BuildbotApi,
  scheduler: string
): Pick<Provider, 'find' | 'start'> => {
  /**
   * Checks the scheduler. It must know the builder: otherwise Buildbot answers with an internal error. It must keep the key: without it the build
   * could never be found again.
   */
  const readiness = async (job: Job): Promise<Refused | Uncertain | null> => {
    const answer = await ask(`/forceschedulers/${encodeURIComponent(scheduler)}`)
    if (answer._tag === 'Uncertain') return answer
    if (isRefusal(answer.status)) return refusal(`Buildbot does not let us use the force scheduler "${scheduler}"`, answer)
    const [found] = (answer.status === 200 ? decodeAnswer(Schedulers, answer) : null)?.forceschedulers ?? []
    if (found === undefined) return doubt(answer)
    if (!found.builder_names.includes(builderOf(job)))
      return client.refuse(`The force scheduler "${scheduler}" of Buildbot has no builder "${builderOf(job)}".`)
    const key = flat(found.all_fields).find(({ fullName }) => fullName === 'tack_key')
    if (key === undefined || key.type === 'fixed')
      return client.refuse(`The force scheduler "${scheduler}" of Buildbot has no parameter "tack_key", which tack needs to find builds again.`)
    return null
  }

  const start = async (job: Job): Promise<Accepted | Refused | Uncertain> => {
    const unready = await readiness(job)
    if (unready !== null) return unready
    const answer = await command(`/forceschedulers/${encodeURIComponent(scheduler)}`, 'force', {
      branch: branchOf(job),
      builderNames: [builderOf(job)],
      // Buildbot merges waiting requests of the same source, whatever their properties are. A project of its own makes each a different source.
      project: projectOf(job),
      reason: `${job.build.workflow} for Tangled`,
      repository: variableOf(job, 'TANGLED_REPO_URL'),
      revision: job.plan.sha ?? '',
      tack_key: job.key,
      tack_variables: JSON.stringify(Object.fromEntries(job.plan.variables))
    })
    if (answer._tag === 'Uncertain') return answer
    const [request] = Object.values((answer.status === 200 ? decodeAnswer(Forced, answer) : null)?.result[1] ?? {})
    if (request !== undefined) return { _tag: 'Accepted', external: String(request) }
    return isRefusal(answer.status) ? refusal(`Buildbot does not start "${builderOf(job)}"`, answer) : doubt(answer)
  }

  const find = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const builder = await get(`/builders/${encodeURIComponent(builderOf(job))}`, Builders)
    if (builder._tag === 'Uncertain') return builder
    const [found] = builder._tag === 'Got' ? builder.value.builders : []
    if (found === undefined) return client.uncertain(`Buildbot has no builder "${builderOf(job)}" to look for the build in`)
    const fromMs = earliestMs(job, client.nowMs())
    const since = fromMs === null ? '' : `&submitted_at__ge=${String(Math.floor(fromMs / 1000))}`
    // Newest first: a request that arrives meanwhile pushes others to later pages, so none is missed. If several match, the first one is ours.
    let oldest: number | null = null
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `property=tack_key&order=-buildrequestid&limit=${String(PAGE)}&offset=${String(page * PAGE)}${since}`
      const requests = await get(`/builders/${String(found.builderid)}/buildrequests?${query}`, Requests)
      if (requests._tag !== 'Got') return requests._tag === 'Uncertain' ? requests : client.uncertain('Buildbot does not list its requests')
      for (const { buildrequestid: id, properties } of requests.value.buildrequests) {
        const value = properties?.['tack_key']
        if (Array.isArray(value) && value[0] === job.key) oldest = Math.min(oldest ?? id, id)
      }
      if (requests.value.buildrequests.length < PAGE) return oldest === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: String(oldest) }
    }
    return oldest === null
      ? client.uncertain('Buildbot lists more requests than tack can search')
      : { _tag: 'Accepted', external: String(oldest) }
  }

  return { find, start }
}
