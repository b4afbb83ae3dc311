/**
 * Buildkite: builds of pipelines that the operator has set up there.
 *
 * A build is remembered by three pieces of meta data, which Buildkite gives back in lists and in webhooks; so nothing need be kept here.
 * Buildkite has no key that would make a second request the same as the first: whether a build is there is asked before it is started
 * again.
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
import { type BuildkiteHook, hear } from './buildkite-hooks.js'
import { createBuildkiteLogs } from './buildkite-logs.js'
import { createClient, decoded, isRefusal } from './common.js'
import type { Accepted, Heard, Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain } from './provider.js'
import { address, defineKind, listOf, secondsFrom, signingSecret, text, token } from './settings.js'

// ---------------------------------------------------------------------------------------- settings

/** Where the API is, for everybody. Only of its builds it is known where their pages are. */
const PUBLIC = 'https://api.buildkite.com'

const SETTINGS = {
  /** The slugs of the organizations whose pipelines may be used; the first is meant where a workflow names none. */
  organizations: listOf('slugs of Buildkite organizations', (one) => SLUG.test(one)),
  /** How often a build is looked at: an organization may ask 200 times a minute. */
  pollSeconds: secondsFrom(1, 15),
  /** How long a build may take to be listed. */
  settleSeconds: secondsFrom(0, 10),
  token: token('TACK_BUILDKITE_TOKEN'),
  url: address('the address of the API', PUBLIC),
  /** What a call of Buildkite carries: the secret itself, or a signature made with it. */
  webhookMode: text({
    allowed: '"token" or "signature"',
    matches: (mode) => mode === 'signature' || mode === 'token',
    otherwise: 'token',
    variable: 'TACK_BUILDKITE_WEBHOOK_MODE'
  }),
  /** Without one there is no webhook. */
  webhookSecret: signingSecret('TACK_BUILDKITE_WEBHOOK_SECRET', '')
}

interface Options extends BuildkiteAccount {
  readonly pollMs: number
  readonly settleMs: number
  /** Without a secret, there is no webhook: then builds are only asked for. */
  readonly webhook: BuildkiteHook | null
}

/** The scopes that the token needs, and what for. */
const SCOPES = ['read_builds', 'write_builds', 'read_build_logs', 'read_pipelines'] as const

/** Larger than others' answers: a build comes with all its jobs. */
const MAX_BYTES = 16_777_216

/** How many builds are asked for at once, and how many pages are turned: more of one trigger there cannot be. */
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
        // Names that are the agent's own are not the workflow's to set.
        env: Object.fromEntries(plan.variables.filter(([key]) => !STEERING.test(key))),
        // Whether a push calls for a build has been decided by `when`.
        ignore_pipeline_branch_filters: true,
        message: messageOf(job),
        meta_data: { 'tack:knot': build.knot, 'tack:pipeline_rkey': build.rkey, 'tack:workflow': build.workflow }
      }),
      method: 'POST'
    })
    if (answer._tag === 'Uncertain') return answer
    const made = answer.status === 201 || answer.status === 200 ? decoded(BuildData, answer) : null
    if (made !== null) return { _tag: 'Accepted', external: externalOf(place, made.number) }
    if (!isRefusal(answer.status)) return doubt(answer)
    const what = `Buildkite does not start the pipeline "${place.organization}/${place.pipeline}"`
    return client.refuse(`${what} (${String(answer.status)}): ${wordsOf(answer)}`)
  }

  const find = async (job: Job): Promise<Accepted | Missing | Uncertain> => {
    const place = placeOf(job)
    if (place._tag === 'Refused') return client.uncertain(place.error)
    const query = `meta_data[${encodeURIComponent('tack:pipeline_rkey')}]=${encodeURIComponent(job.build.rkey)}&per_page=${String(PAGE)}`
    // Newest first; of several (somebody has pressed "Rebuild"), the first is ours.
    let oldest: number | null = null
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await ask(`${pathOf(place)}/builds?${query}&page=${String(page)}`)
      if (answer._tag === 'Uncertain') return answer
      const builds = answer.status === 200 ? decoded(t.array(Build), answer) : null
      if (builds === null) return doubt(answer)
      for (const { meta_data: meta, number } of builds) if (isBuild(buildOf(meta), job.build)) oldest = Math.min(oldest ?? number, number)
      if (builds.length < PAGE) return oldest === null ? { _tag: 'Missing' } : { _tag: 'Accepted', external: externalOf(place, oldest) }
    }
    return oldest === null
      ? client.uncertain('Buildkite lists more builds of this trigger than can be looked through')
      : { _tag: 'Accepted', external: externalOf(place, oldest) }
  }

  // -------------------------------------------------------------------------------------- follow and cancel

  const progressAt = async (external: string): Promise<Progress | Missing | Uncertain> => {
    const build = await buildAt(external)
    if ('_tag' in build) return build
    return progressOf(build, external) ?? client.uncertain(`Buildkite reports an unknown state: ${build.state}`)
  }

  const cancel = async (_job: Job, external: string): Promise<Heard | Uncertain> => {
    const path = pathOfBuild(external)
    if (path === null) return nameless(external)
    const answer = await ask(`${path}/cancel`, { method: 'PUT' })
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 200 && decoded(BuildData, answer) !== null) return { _tag: 'Heard' }
    if (answer.status !== 404 && answer.status !== 422) return doubt(answer)
    // It has ended, or is gone; or we are not let near it, which is no answer.
    const stands = await progressAt(external)
    if ('status' in stands) return isFinal(stands.status) ? { _tag: 'Heard' } : doubt(answer)
    if (stands._tag === 'Uncertain') return stands
    const pipeline = await ask(path.replace(/\/builds\/[0-9]+$/, ''))
    return pipeline._tag === 'Answer' && pipeline.status === 200 ? { _tag: 'Heard' } : doubt(answer)
  }

  // -------------------------------------------------------------------------------------- check

  const check = async (): Promise<{ readonly isFine: boolean; readonly sentence: string }> => {
    const bad = (sentence: string) => ({ isFine: false, sentence: client.say(sentence) })
    const answer = await ask('/access-token')
    if (answer._tag === 'Uncertain') return bad(`Buildkite is not reachable: ${answer.error}`)
    const known = answer.status === 200 ? decoded(AccessToken, answer) : null
    if (known === null) return bad(`Buildkite rejected the token (${String(answer.status)}): ${wordsOf(answer)}`)
    const missing = SCOPES.filter((scope) => !known.scopes.includes(scope))
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
    ...(webhook === null ? {} : { webhook: (request) => hear(request, webhook) })
  }
}

/**
 * Variables by which an author could steer the agent itself, its hooks and its checkout, outside of what the operator's pipeline runs
 * steps in.
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
