/**
 * GitHub Actions: starts runs of workflows with a `workflow_dispatch` trigger.
 *
 * GitHub has no idempotency key for dispatches, and stores nothing searchable with a run. So the workflow takes the key of the build as an input and
 * shows it in the name of the run (`run-name`), where tack finds it again. The answer to a dispatch contains the run; lists show it only some seconds
 * later.
 *
 * Octokit builds requests from GitHub's published API description: what is not in it does not compile.
 *
 * Sources: https://docs.github.com/rest/actions/workflows, …/workflow-runs, …/workflow-jobs,
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api,
 * https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run.
 */
import { isFinal } from '../../core/index.js'
import { createClient, decodeAnswer } from './common.js'
import { externalOf, LISTED, markOf, runAt, settingOf, workflowOf, type WorkflowRef } from './dispatched.js'
import { Dispatched, progressOf, Repository, wordsOf } from './github-answers.js'
import { createGithubApi } from './github-api.js'
import { createGithubHooks } from './github-hooks.js'
import { createGithubLogs } from './github-logs.js'
import { createGithubSearch } from './github-search.js'
import { createGithubWatch } from './github-watch.js'
import { logOfParts } from './hosted.js'
import type { Accepted, Acknowledged, Job, Kind, Missing, Provider, Refused, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, listOf, secondsFrom, signingSecret, token, trueOrFalse } from './settings.js'

// ---------------------------------------------------------------------------------------- settings

const SETTINGS = {
  /** How often to poll a run. An unchanged one does not count towards the rate limit. */
  pollSeconds: secondsFrom(1, 15),
  /** The repositories whose workflows may be used: `owner/name`, or `owner/*`. The first one is the default for workflows that name none. */
  repositories: listOf('owner/name or owner/*', (one) => LISTED.test(one)),
  /** Whether to ask a dispatch to return its run. GitHub Enterprise Server supports this from 3.21 on. */
  returnsRun: trueOrFalse(true),
  /** How long a new run may be missing from lists. */
  settleSeconds: secondsFrom(0, 60),
  token: token('TACK_GITHUB_TOKEN'),
  /** For GitHub Enterprise Server: `https://<host>/api/v3`. */
  url: address('the address of the API', 'https://api.github.com'),
  /** If empty, there is no webhook. */
  webhookSecret: signingSecret('TACK_GITHUB_WEBHOOK_SECRET', '')
}

interface Options {
  readonly pollMs: number
  readonly repositories: ReadonlyArray<string>
  readonly returnsRun: boolean
  readonly settleMs: number
  readonly token: string
  readonly url: string
  /** `''` if there is no webhook. */
  readonly webhookSecret: string
}

/** The limit of all inputs of a dispatch together. */
const MAX_INPUTS = 65_535

/** The address of the web pages that belong to an API; `null` if unknown. */
const pagesOf = (url: string): string | null =>
  url === 'https://api.github.com' ? 'https://github.com' : (/^(https?:\/\/[^/]+)\/api\/v3$/.exec(url)?.[1] ?? null)

// ---------------------------------------------------------------------------------------- the adapter

const create = (options: Options, { clock, fetch, log, name }: Surroundings): Provider => {
  const { pollMs, repositories, returnsRun, settleMs, token, url, webhookSecret } = options
  const client = createClient({ clock, fetch, maxBytes: 8_388_608, secrets: [token, webhookSecret] })

  const api = createGithubApi(client, { token, url })
  const { ask, doubt, isNo, nameless, runOf } = api
  const logs = createGithubLogs(api, url)
  const search = createGithubSearch(api)
  const pages = pagesOf(url)
  const { readWebhook, remember } = createGithubHooks(webhookSecret)

  /** The result for a build that runs at GitHub as `external`. */
  const accepted = ({ build }: Job, external: string): Accepted => {
    remember(external, build)
    return { _tag: 'Accepted', external }
  }

  // -------------------------------------------------------------------------------------- find and start

  const find = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const place = workflowOf(client, 'GitHub', repositories, job)
    if (place._tag === 'Refused') return client.uncertain(place.error)
    const found = await search(job, place)
    return typeof found === 'string' ? accepted(job, found) : found
  }

  const refFor = async (job: Job, { owner, repo }: WorkflowRef): Promise<string | Refused | Uncertain> => {
    const given = settingOf(job, 'ref')
    if (given !== null) return given
    const answer = await ask('GET /repos/{owner}/{repo}', { owner, repo })
    if (answer._tag === 'Uncertain') return answer
    const found = answer.status === 200 ? decodeAnswer(Repository, answer) : null
    if (found !== null) return found.default_branch
    return isNo(answer) ? client.refuse(`GitHub does not show the repository "${owner}/${repo}" (${String(answer.status)}): ${wordsOf(answer)}`) : doubt(answer)
  }

  const start = async (job: Job): Promise<Accepted | Refused | Uncertain> => {
    const place = workflowOf(client, 'GitHub', repositories, job)
    if (place._tag === 'Refused') return place
    const inputs = { tack_key: markOf(job.key), tack_variables: JSON.stringify(Object.fromEntries(job.plan.variables)) }
    if (JSON.stringify(inputs).length > MAX_INPUTS)
      return client.refuse(`The variables of the build are longer than GitHub accepts: ${String(MAX_INPUTS)} characters in total.`)
    const ref = await refFor(job, place)
    if (typeof ref !== 'string') return ref
    const { owner, repo, workflow } = place
    const answer = await ask('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
      inputs,
      owner,
      ref,
      repo,
      workflow_id: workflow,
      ...(returnsRun ? { return_run_details: true } : {})
    })
    if (answer._tag === 'Uncertain') return answer
    const made = answer.status === 200 ? decodeAnswer(Dispatched, answer) : null
    if (made !== null) return accepted(job, externalOf(place, made.workflow_run_id))
    if (isNo(answer)) return client.refuse(`GitHub does not start the workflow "${owner}/${repo}/${workflow}" (${String(answer.status)}): ${wordsOf(answer)}`)
    // An older server only acknowledges. The core looks for a run if the answer is uncertain.
    return answer.status === 204 ? client.uncertain('GitHub accepted the run, but does not say which run it is') : doubt(answer)
  }

  // -------------------------------------------------------------------------------------- cancel

  const cancel = async (_job: Job, external: string): Promise<Acknowledged | Uncertain> => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    const answer = await ask('POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel', at)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 202) return { _tag: 'Acknowledged' }
    if (answer.status !== 404 && answer.status !== 409) return doubt(answer)
    // The run has ended, or is gone. If we lack the permission to see it, that proves nothing.
    const run = await runOf(external)
    if (!('_tag' in run)) return isFinal(progressOf(run, external).status) ? { _tag: 'Acknowledged' } : doubt(answer)
    if (run._tag === 'Uncertain') return run
    const repository = await ask('GET /repos/{owner}/{repo}', { owner: at.owner, repo: at.repo })
    return repository._tag === 'HttpResponse' && repository.status === 200 && decodeAnswer(Repository, repository) !== null ? { _tag: 'Acknowledged' } : doubt(answer)
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    for (const one of repositories) {
      const [owner = '', repo = ''] = one.split('/')
      // `owner/*` does not name a repository that could be checked.
      const answer = await (repo === '*'
        ? ask('GET /users/{username}', { username: owner })
        : ask('GET /repos/{owner}/{repo}/actions/workflows', { owner, per_page: 1, repo }))
      if (answer._tag === 'Uncertain') return bad(`GitHub is not reachable: ${answer.error}`)
      if (answer.status !== 200) return bad(`GitHub does not show ${one} with this token (${String(answer.status)}): ${wordsOf(answer)}`)
    }
    return { isFine: true, sentence: `GitHub accepts the token, for ${repositories.join(', ')}.` }
  }

  return {
    cancel,
    check,
    close: client.close,
    find,
    follow: (job, external, report) => {
      remember(external, job.build)
      return client.poll(pollMs, createGithubWatch(api, log, job, external), report)
    },
    pageOf: (external) => {
      const at = runAt(external)
      return pages === null || at === null ? null : `${pages}/${encodeURIComponent(at.owner)}/${encodeURIComponent(at.repo)}/actions/runs/${String(at.run_id)}`
    },
    logs: (_job, external, signal) =>
      logOfParts(client, { everyMs: Math.min(pollMs, 10_000), list: () => logs.jobsOf(external), read: logs.logReader(external), signal }),
    name,
    settleMs,
    start,
    ...(webhookSecret === '' ? {} : { webhook: readWebhook })
  }
}

export const github: Kind = defineKind({
  create: ({ pollSeconds, repositories, returnsRun, settleSeconds, token: apiToken, url, webhookSecret }, surroundings) =>
    create({ pollMs: pollSeconds * 1000, repositories, returnsRun, settleMs: settleSeconds * 1000, token: apiToken, url, webhookSecret }, surroundings),
  kind: 'github',
  reads: { pipeline: 'required', settings: ['ref', 'repo'], steps: 'ignored' },
  settings: SETTINGS
})
