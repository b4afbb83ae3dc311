/**
 * Gitea Actions: starts runs of workflows with a `workflow_dispatch` trigger, at a Gitea of one's own (1.27 or later).
 *
 * Gitea stores nothing searchable with a run. So the workflow takes the key of the build as an input and shows it in the name of the run (`run-name`),
 * where tack finds it again. A run is listed as soon as it is there.
 *
 * The API cannot cancel a run. What ends one is another run of its concurrency group. So the workflow has a group named by the key, and a second workflow,
 * `tack-cancel.yml`, has the same: tack dispatches it, and looks whether the build has ended.
 *
 * Source: the description that every Gitea serves of its own API, at `/api/swagger`.
 */
import { isFinal } from '../../core/index.js'
import { createClient } from './common.js'
import { externalOf, LISTED, markOf, runAt, settingOf, workflowOf, type WorkflowRef } from './dispatched.js'
import { CANCEL_WORKFLOW, progressOf, Repository, Workflow } from './gitea-answers.js'
import { createGiteaApi } from './gitea-api.js'
import { createGiteaLogs } from './gitea-logs.js'
import { createGiteaSearch } from './gitea-search.js'
import { logOfParts } from './hosted.js'
import type { Accepted, Acknowledged, Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, listOf, secondsFrom, token } from './settings.js'

const SETTINGS = {
  /** How often to poll a run. */
  pollSeconds: secondsFrom(1, 5),
  /** The repositories whose workflows may be used: `owner/name`, or `owner/*`. The first one is the default for workflows that name none. */
  repositories: listOf('owner/name or owner/*', (one) => LISTED.test(one)),
  token: token('TACK_GITEA_TOKEN'),
  /** The address of the web pages, without `/api/v1`. */
  url: address('the address of the Gitea')
}

interface Settings {
  readonly pollSeconds: number
  readonly repositories: ReadonlyArray<string>
  readonly token: string
  readonly url: string
}

/** The limit of all inputs of a dispatch together. A runner passes them to a process as one variable, and Linux takes 128 KiB. */
const MAX_INPUTS = 65_535

const LOG_EVERY_MS = 2_000

const create = ({ pollSeconds, repositories, token, url }: Settings, { clock, fetch, name }: Surroundings): Provider => {
  const client = createClient({ clock, fetch, maxBytes: 8_388_608, secrets: [token] })
  const api = createGiteaApi(client, { token, url })
  const { dispatch, doubt, get, isNo, nameless, runOf, wordsOf } = api
  const search = createGiteaSearch(api)
  const logs = createGiteaLogs(api)

  const buildable = (job: Job): WorkflowRef | Refused => {
    const place = workflowOf(client, 'Gitea', repositories, job)
    return place._tag === 'WorkflowRef' && place.workflow === CANCEL_WORKFLOW
      ? client.refuse(`"${CANCEL_WORKFLOW}" ends runs of other workflows: it is none to build with.`)
      : place
  }

  // -------------------------------------------------------------------------------------- find and start

  const find = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const place = buildable(job)
    return place._tag === 'Refused' ? client.uncertain(place.error) : search(job, place)
  }

  const defaultBranch = async ({ owner, repo }: Pick<WorkflowRef, 'owner' | 'repo'>): Promise<string | Refused | Uncertain> => {
    const answer = await get(Repository, [owner, repo])
    if (answer._tag === 'Good') return answer.value.default_branch
    if (answer._tag === 'Uncertain') return answer
    return isNo(answer) ? client.refuse(`Gitea does not show the repository "${owner}/${repo}" (${String(answer.status)}): ${wordsOf(answer)}`) : doubt(answer)
  }

  const start = async (job: Job): Promise<Accepted | Refused | Uncertain> => {
    const place = buildable(job)
    if (place._tag === 'Refused') return place
    const inputs = { tack_key: markOf(job.key), tack_variables: JSON.stringify(Object.fromEntries(job.plan.variables)) }
    if (Buffer.byteLength(JSON.stringify(inputs)) > MAX_INPUTS)
      return client.refuse(`The variables of the build are longer than a runner can take: ${String(MAX_INPUTS)} bytes in total.`)
    const ref = settingOf(job, 'ref') ?? (await defaultBranch(place))
    if (typeof ref !== 'string') return ref
    const answer = await dispatch(place, { inputs, ref })
    if (answer._tag === 'Good') return { _tag: 'Accepted', external: externalOf(place, answer.value.workflow_run_id) }
    if (answer._tag === 'Uncertain') return answer
    return isNo(answer)
      ? client.refuse(`Gitea does not start the workflow "${place.owner}/${place.repo}/${place.workflow}" (${String(answer.status)}): ${wordsOf(answer)}`)
      : doubt(answer)
  }

  // -------------------------------------------------------------------------------------- follow and cancel

  const standing = async (external: string): Promise<Missing | Progress | Uncertain> => {
    const run = await runOf(external)
    return '_tag' in run ? run : progressOf(run, external)
  }

  const cancel = async ({ key }: Job, external: string): Promise<Acknowledged | Uncertain> => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    const hasEnded = async (): Promise<boolean | Uncertain> => {
      const now = await standing(external)
      return 'status' in now ? isFinal(now.status) : now._tag === 'Missing' || now
    }
    const before = await hasEnded()
    if (before !== false) return before === true ? { _tag: 'Acknowledged' } : before
    const ref = await defaultBranch(at)
    if (typeof ref !== 'string') return ref._tag === 'Refused' ? client.uncertain(ref.error) : ref
    const answer = await dispatch({ ...at, workflow: CANCEL_WORKFLOW }, { inputs: { tack_key: markOf(key) }, ref })
    if (answer._tag !== 'Good')
      return answer._tag === 'Uncertain' || answer.status !== 404
        ? doubt(answer)
        : client.uncertain(`Gitea cannot cancel the run: "${at.owner}/${at.repo}" has no workflow "${CANCEL_WORKFLOW}" that can be dispatched: ${wordsOf(answer)}`)
    const after = await hasEnded()
    if (after === true) return { _tag: 'Acknowledged' }
    return after === false ? client.uncertain('the run has not ended yet: its workflow needs a concurrency group with ${{ inputs.tack_key }} and cancel-in-progress') : after
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    for (const one of repositories) {
      const [owner = '', repo = ''] = one.split('/')
      // `owner/*` does not name a repository that could be checked.
      const answer = repo === '*' ? await api.getUser(owner) : await get(Repository, [owner, repo])
      if (answer._tag === 'Uncertain') return bad(`Gitea is not reachable: ${answer.error}`)
      if (answer._tag === 'HttpResponse') return bad(`Gitea does not show ${one} with this token (${String(answer.status)}): ${wordsOf(answer)}`)
      if (repo === '*') continue
      if ('permissions' in answer.value && !answer.value.permissions.push) return bad(`The token may not start workflows of ${one}: it needs write access to the repository.`)
      const canceller = await get(Workflow, [owner, repo, 'actions', 'workflows', CANCEL_WORKFLOW])
      if (canceller._tag === 'Uncertain') return bad(`Gitea is not reachable: ${canceller.error}`)
      if (canceller._tag === 'HttpResponse') {
        const status = String(canceller.status)
        return bad(`Builds in ${one} cannot be cancelled: it has no workflow "${CANCEL_WORKFLOW}" on its default branch (${status}).`)
      }
    }
    return { isFine: true, sentence: `Gitea accepts the token, for ${repositories.join(', ')}.` }
  }

  return {
    cancel,
    check,
    close: client.close,
    find,
    follow: (_job, external, report) => client.poll(pollSeconds * 1_000, () => standing(external), report),
    logs: (_job, external, signal) =>
      logOfParts(client, { everyMs: LOG_EVERY_MS, list: () => logs.jobsOf(external), read: logs.logReader(external), signal }),
    name,
    pageOf: (external) => {
      const at = runAt(external)
      return at === null ? null : `${url}/${at.owner}/${at.repo}/actions/runs/${String(at.run_id)}`
    },
    settleMs: 0,
    start
  }
}

export const gitea: Kind = defineKind({
  create,
  kind: 'gitea',
  reads: { pipeline: 'required', settings: ['ref', 'repo'], steps: 'ignored' },
  settings: SETTINGS
})
