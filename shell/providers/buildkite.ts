/**
 * Buildkite: starts builds of pipelines that the operator has set up there.
 *
 * Three pieces of meta data identify a build. Buildkite returns them in lists and in webhooks, so nothing has to be stored here. Buildkite has no
 * idempotency key: before a build is started again, tack looks whether it exists.
 *
 * Sources: https://buildkite.com/docs/apis/rest-api/builds, …/jobs, …/limits, https://buildkite.com/docs/apis/webhooks/pipelines.
 */
import * as t from 'io-ts'
import { isFinal } from '../../core/index.js'
import {
  AccessToken,
  branchOf,
  Build,
  BuildData,
  buildOf,
  externalOf,
  isBuild,
  messageOf,
  progressOf,
  SLUG,
  wordsOf
} from './buildkite-answers.js'
import { type BuildkiteAccount, createBuildkiteApi, EXTERNAL } from './buildkite-api.js'
import { type BuildkiteHook, readWebhook } from './buildkite-hooks.js'
import { createBuildkiteLogs } from './buildkite-logs.js'
import { createClient, decodeAnswer, isRefusal } from './common.js'
import type { Accepted, Acknowledged, Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, listOf, secondsFrom, signingSecret, text, token } from './settings.js'

// ---------------------------------------------------------------------------------------- settings

/** The public API. Only for its builds is the address of the web pages known. */
const PUBLIC = 'https://api.buildkite.com'

const SETTINGS = {
  /** The slugs of the organizations whose pipelines may be used. The first one is the default for workflows that name none. */
  organizations: listOf('slugs of Buildkite organizations', (one) => SLUG.test(one)),
  /** How often to poll a build. Buildkite allows an organization 200 requests a minute. */
  pollSeconds: secondsFrom(1, 15),
  /** How long a new build may be missing from lists. */
  settleSeconds: secondsFrom(0, 10),
  token: token('TACK_BUILDKITE_TOKEN'),
  url: address('the address of the API', PUBLIC),
  /** What a webhook carries: the secret itself, or a signature made with it. */
  webhookMode: text({
    allowed: '"token" or "signature"',
    matches: (mode) => mode === 'signature' || mode === 'token',
    otherwise: 'token',
    variable: 'TACK_BUILDKITE_WEBHOOK_MODE'
  }),
  /** If empty, there is no webhook. */
  webhookSecret: signingSecret('TACK_BUILDKITE_WEBHOOK_SECRET', '')
}

interface Options extends BuildkiteAccount {
  readonly pollMs: number
  readonly settleMs: number
  /** `null` if there is no secret: there is no webhook then, and builds are only polled. */
  readonly webhook: BuildkiteHook | null
}

/** The scopes that the token needs. */
const SCOPES = ['read_builds', 'write_builds', 'read_build_logs', 'read_pipelines'] as const

/** Larger than the limit of other providers: a build contains all its jobs. */
const MAX_BYTES = 16_777_216

/** How many builds to list at once; then, the limit of pages. One trigger cannot have more builds. */
const PAGE = 30
const MAX_PAGES = 20

// ---------------------------------------------------------------------------------------- the adapter

const create = (options: Options, { clock, fetch, name }: Surroundings): Provider => {
  const { organizations, pollMs, settleMs, token, url, webhook } = options
  const client = createClient({ clock, fetch, maxBytes: MAX_BYTES, secrets: [token, webhook?.secret ?? ''] })
  const api = createBuildkiteApi(client, options)
  const { ask, buildAt, doubt, nameless, pathOf, pathOfBuild, placeOf } = api

  // -------------------------------------------------------------------------------------- start and find

  const start = async (job: Job): Promise<Accepted | Refused | Uncertain> => {
    const place = placeOf(job)
    if (place._tag === 'Refused') return place
    const { build, plan } = job
    const answer = await ask(`${pathOf(place)}/builds`, {
      body: JSON.stringify({
        branch: branchOf(job),
        commit: plan.sha ?? 'HEAD',
        // A workflow must not set the agent's own variables.
        env: Object.fromEntries(plan.variables.filter(([key]) => !STEERING.test(key))),
        // `when` has already decided that the push needs a build.
        ignore_pipeline_branch_filters: true,
        message: messageOf(job),
        meta_data: { 'tack:knot': build.knot, 'tack:pipeline_rkey': build.rkey, 'tack:workflow': build.workflow }
      }),
      method: 'POST'
    })
    if (answer._tag === 'Uncertain') return answer
    const made = answer.status === 201 || answer.status === 200 ? decodeAnswer(BuildData, answer) : null
    if (made !== null) return { _tag: 'Accepted', external: externalOf(place, made.number) }
    if (!isRefusal(answer.status)) return doubt(answer)
    const what = `Buildkite does not start the pipeline "${place.organization}/${place.pipeline}"`
    return client.refuse(`${what} (${String(answer.status)}): ${wordsOf(answer)}`)
  }

  const find = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const place = placeOf(job)
    if (place._tag === 'Refused') return client.uncertain(place.error)
    const query = `meta_data[${encodeURIComponent('tack:pipeline_rkey')}]=${encodeURIComponent(job.build.rkey)}&per_page=${String(PAGE)}`
    // Newest first. If several match (somebody has pressed "Rebuild"), the first one is ours.
    let oldest: number | null = null
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await ask(`${pathOf(place)}/builds?${query}&page=${String(page)}`)
      if (answer._tag === 'Uncertain') return answer
      const builds = answer.status === 200 ? decodeAnswer(t.array(Build), answer) : null
      if (builds === null) return doubt(answer)
      for (const { meta_data: meta, number } of builds) if (isBuild(buildOf(meta), job.build)) oldest = Math.min(oldest ?? number, number)
      if (builds.length < PAGE) return oldest === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: externalOf(place, oldest) }
    }
    return oldest === null
      ? client.uncertain('Buildkite lists more builds of this trigger than tack can search')
      : { _tag: 'Accepted', external: externalOf(place, oldest) }
  }

  // -------------------------------------------------------------------------------------- follow and cancel

  const progressAt = async (external: string): Promise<Progress | Missing | Uncertain> => {
    const build = await buildAt(external)
    if ('_tag' in build) return build
    return progressOf(build, external) ?? client.uncertain(`Buildkite reports an unknown state: ${build.state}`)
  }

  const cancel = async (_job: Job, external: string): Promise<Acknowledged | Uncertain> => {
    const path = pathOfBuild(external)
    if (path === null) return nameless(external)
    const answer = await ask(`${path}/cancel`, { method: 'PUT' })
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 200 && decodeAnswer(BuildData, answer) !== null) return { _tag: 'Acknowledged' }
    if (answer.status !== 404 && answer.status !== 422) return doubt(answer)
    // The build has ended, or is gone. If we lack the permission to see it, that proves nothing.
    const stands = await progressAt(external)
    if ('status' in stands) return isFinal(stands.status) ? { _tag: 'Acknowledged' } : doubt(answer)
    if (stands._tag === 'Uncertain') return stands
    const pipeline = await ask(path.replace(/\/builds\/[0-9]+$/, ''))
    return pipeline._tag === 'HttpResponse' && pipeline.status === 200 ? { _tag: 'Acknowledged' } : doubt(answer)
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    const answer = await ask('/access-token')
    if (answer._tag === 'Uncertain') return bad(`Buildkite is not reachable: ${answer.error}`)
    const accessToken = answer.status === 200 ? decodeAnswer(AccessToken, answer) : null
    if (accessToken === null) {
      const words = wordsOf(answer)
      return bad(
        answer.status === 401 || answer.status === 403
          ? `Buildkite rejected the token (${String(answer.status)}): ${words}`
          : `Buildkite’s API does not answer at ${new URL(url).host} (${String(answer.status)})${words === '' ? '' : `: ${words}`}. Check "url", or try again later.`
      )
    }
    const missing = SCOPES.filter((scope) => !accessToken.scopes.includes(scope))
    if (missing.length > 0) return bad(`The Buildkite token lacks the scopes ${missing.join(', ')}.`)
    for (const organization of organizations) {
      const reached = await ask(`/organizations/${encodeURIComponent(organization)}/pipelines?per_page=1`)
      if (reached._tag === 'Uncertain') return bad(`Buildkite is not reachable: ${reached.error}`)
      if (reached.status !== 200)
        return bad(`The token may not use the organization "${organization}" (${String(reached.status)}): ${wordsOf(reached)}`)
    }
    return { isFine: true, sentence: `Buildkite accepts the token, for ${organizations.join(', ')}.` }
  }

  return {
    cancel,
    check,
    close: client.close,
    find,
    follow: (_job, external, report) => client.poll(pollMs, () => progressAt(external), report),
    pageOf: (external) => {
      const [, organization = '', pipeline = '', number = ''] = EXTERNAL.exec(external) ?? []
      return url !== PUBLIC || number === '' ? null : `https://buildkite.com/${encodeURIComponent(organization)}/${encodeURIComponent(pipeline)}/builds/${number}`
    },
    logs: createBuildkiteLogs(api, Math.min(pollMs, 5_000)),
    name,
    settleMs,
    start,
    ...(webhook === null ? {} : { webhook: (request) => readWebhook(request, webhook) })
  }
}

/**
 * Variables with which an author could control the agent, its hooks and its checkout, outside of the environment in which the operator's pipeline
 * runs steps.
 */
const STEERING =
  /^(?:BUILDKITE.*|PATH|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|PROMPT_COMMAND|IFS|HOME|LD_.*|DYLD_.*|GIT_.*|SSH_.*|NODE_OPTIONS|PYTHON.*|PERL5.*|RUBY(?:OPT|LIB))$/

export const buildkite: Kind = defineKind({
  create: ({ organizations, pollSeconds, settleSeconds, token: apiToken, url, webhookMode, webhookSecret }, surroundings) =>
    create(
      {
        organizations,
        pollMs: pollSeconds * 1000,
        settleMs: settleSeconds * 1000,
        token: apiToken,
        url,
        webhook: webhookSecret === '' ? null : { mode: webhookMode === 'signature' ? 'signature' : 'token', secret: webhookSecret }
      },
      surroundings
    ),
  kind: 'buildkite',
  reads: { pipeline: 'required', settings: ['message', 'org'], steps: 'ignored' },
  settings: SETTINGS,
  variables: ['TACK_BUILDKITE_ORGANIZATIONS']
})
