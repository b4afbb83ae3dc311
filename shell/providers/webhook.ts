/**
 * Any CI, by a signed JSON request to a URL of the operator's, and signed calls back. shell/deploy/providers/webhook.md describes what the other side
 * has to do, with an example.
 *
 * The key of the build is sent as `Idempotency-Key`, so a receiver that remembers keys never starts a build twice, not even on a request that arrives
 * after we have given up on it.
 */
import { isFinal } from '../../core/index.js'
import { createClient, isRefusal, type TextLog } from './common.js'
import type { Job, Kind, Provider, Refused, Surroundings, Uncertain, WebhookRequest } from './provider.js'
import { defineKind, isUrl, type Setting, secondsFrom, signingSecret, text } from './settings.js'
import { createWebhookApi, type WebhookSettings } from './webhook-api.js'
import { hearWebhook } from './webhook-hooks.js'

// ---------------------------------------------------------------------------------------- settings

const isUrls = (u: unknown): u is { readonly [pipeline: string]: string } =>
  typeof u === 'object' && u !== null && !Array.isArray(u) && Object.values(u).every((one: unknown) => typeof one === 'string' && isUrl(one))

const SETTINGS = {
  /** The URLs of pipelines that have their own. */
  pipelines: {
    allowed: 'names of pipelines, each with a URL that begins with https:// or http://',
    isSecret: false,
    otherwise: {},
    read: (u) => (isUrls(u) ? u : undefined)
  } satisfies Setting<{ readonly [pipeline: string]: string }>,
  /** How often to poll a build, in case calls do not come. */
  pollSeconds: secondsFrom(1, 15),
  secret: signingSecret('TACK_WEBHOOK_SECRET'),
  /** The URL for all other pipelines. If empty, there are none. */
  url: text({ allowed: 'a URL that begins with https:// or http://', matches: isUrl, otherwise: '' })
}

// ---------------------------------------------------------------------------------------- the provider

/** The body of a start. */
const startOf = ({ build, key, plan }: Job): string =>
  JSON.stringify({
    action: 'start',
    build,
    clone: plan.clone,
    key,
    pipeline: plan.pipeline,
    ref: plan.ref,
    repository: plan.repository,
    settings: Object.fromEntries(plan.settings),
    sha: plan.sha,
    steps: plan.steps.map(({ command, environment, name }) => ({ command, environment: Object.fromEntries(environment), name })),
    variables: Object.fromEntries(plan.variables)
  })

/** A key that no build has: `check` asks for it. */
const NO_BUILD = 'tack/check/-'

const LOG_EVERY_MS = 2_000

const NO_TAKER = 'Nothing takes builds at the URL that the operator has set for this provider (HTTP status 404).'

/** The end of the sentence about an unexpected status: the words of the server, and what to do. */
const adviceOn = (status: number, words: string): string => {
  if (status >= 300 && status < 400) return ': redirects are not followed. Set the URL to which it leads.'
  const said = words === '' ? '.' : `: ${words}${/[.!?]$/.test(words) ? '' : '.'}`
  return status === 401 || status === 403 ? `${said} Check that "secret" is the same there as here, and both clocks.` : said
}

const create = (settings: WebhookSettings, { clock, fetch, name }: Surroundings): Provider => {
  const { pipelines, pollMs, secret, url } = settings
  const client = createClient({ clock, fetch, secrets: [secret] })
  const { doubt, get, isGood, post, progressOf, standing, startedBy, urlOf, wordsOf } = createWebhookApi(client, clock, settings)
  /** The names of builds that are being followed: a call need not repeat the id, and must not rename the build. */
  const externals = new Map<string, string>()

  const textOf = async (job: Job): Promise<TextLog | Refused | Uncertain> => {
    const to = urlOf(job)
    if (typeof to !== 'string') return to
    // Read the status first: what is read after the build has ended is complete.
    const progress = await standing(job)
    if ('error' in progress && !('status' in progress)) return progress
    const isComplete = !('status' in progress) || isFinal(progress.status)
    const answer = await get(to, { key: job.key, log: '1' }, 'cut')
    if (answer._tag === 'Uncertain') return answer
    if (isGood(answer))
      return answer.isCut
        ? { _tag: 'Text', isComplete: true, text: `${answer.text}\nThe log is longer than what is shown here.` }
        : { _tag: 'Text', isComplete, text: answer.text }
    if (answer.status === 404 && !isComplete) return { _tag: 'NotYet' }
    if (answer.status === 404) {
      const external = 'status' in progress ? progress.external : job.key
      return { _tag: 'None', sentence: client.say(`There is no log here; look for "${external}" at ${new URL(to).host}.`) }
    }
    return isRefusal(answer.status) ? client.refuse(wordsOf(answer)) : doubt(answer)
  }

  const start: Provider['start'] = async (job) => {
    const to = urlOf(job)
    if (typeof to !== 'string') return to
    const answer = await post(to, startOf(job), { 'idempotency-key': job.key })
    if (answer._tag === 'Uncertain') return answer
    const started = isGood(answer) ? startedBy(answer) : null
    if (started !== null) return { _tag: 'Accepted', external: started.id ?? job.key }
    if (!isRefusal(answer.status)) return doubt(answer)
    const words = wordsOf(answer)
    if (words === '' && answer.status === 404) return client.refuse(NO_TAKER)
    return client.refuse(words === '' ? `The CI refused the build with HTTP status ${String(answer.status)}.` : words)
  }

  const cancel: Provider['cancel'] = async (job, external) => {
    const to = urlOf(job)
    if (typeof to !== 'string') return { _tag: 'Acknowledged' }
    const answer = await post(to, JSON.stringify({ action: 'cancel', id: external, key: job.key }))
    if (answer._tag === 'Uncertain') return answer
    if ((isGood(answer) && startedBy(answer) !== null) || answer.status === 404 || answer.status === 410) return { _tag: 'Acknowledged' }
    // The CI may mean that there is nothing left to cancel.
    const progress = answer.status === 409 ? await standing(job) : null
    return progress !== null && 'status' in progress && isFinal(progress.status) ? { _tag: 'Acknowledged' } : doubt(answer)
  }

  /**
   * What is wrong with the receiver at `to`; `null` if nothing is. It says 404 of a build that nobody started, but so does any server of a wrong path: only
   * a receiver tells a request that is signed from one that is not.
   */
  const faultOf = async (to: string): Promise<string | null> => {
    const { host } = new URL(to)
    const answer = await get(to, { key: NO_BUILD })
    if (answer._tag === 'Uncertain') return `${host} is not reachable: ${answer.error}.`
    if (isGood(answer))
      return `${host} answered ${String(answer.status)} when asked for a build that it cannot know: is its URL right? A receiver answers 404 then.`
    if (answer.status !== 404) return `${host} answered ${String(answer.status)}${adviceOn(answer.status, wordsOf(answer))}`
    const unsigned = await get(to, { key: NO_BUILD }, 'fail', false)
    if (unsigned._tag === 'Uncertain') return `${host} is not reachable: ${unsigned.error}.`
    if (isGood(unsigned))
      return `${host} answers what is not signed (${String(unsigned.status)}): whoever finds its address can start builds. A receiver refuses that with 401.`
    return unsigned.status === 404
      ? `${host} answers 404, with a signature and without one: is the path of its URL right? A receiver refuses with 401 what is not signed.`
      : null
  }

  const check: Provider['check'] = async () => {
    for (const to of new Set([...(url === null ? [] : [url]), ...pipelines.values()])) {
      const fault = await faultOf(to)
      if (fault !== null) return { isFine: false, sentence: client.say(fault) }
    }
    return { isFine: true, sentence: 'The CI answers.' }
  }

  return {
    cancel,
    check,
    close: client.close,
    find: async (job) => {
      const progress = await standing(job)
      return 'status' in progress ? { _tag: 'Accepted', external: progress.external } : progress
    },
    follow: (job, external, report) => {
      externals.set(job.key, external)
      const stop = client.poll(
        pollMs,
        () => standing(job),
        (progress) => {
          if (isFinal(progress.status)) externals.delete(job.key)
          report({ ...progress, external })
        }
      )
      return () => {
        externals.delete(job.key)
        stop()
      }
    },
    logs: (job, _external, signal) => client.log({ everyMs: LOG_EVERY_MS, name: 'Build', read: () => textOf(job), signal }),
    name,
    settleMs: 0,
    start,
    webhook: (request: WebhookRequest) => hearWebhook(request, secret, externals, progressOf)
  }
}

export const webhook: Kind = defineKind({
  create: ({ pipelines, pollSeconds, secret, url }, surroundings) =>
    create({ pipelines: new Map(Object.entries(pipelines)), pollMs: pollSeconds * 1000, secret, url: url === '' ? null : url }, surroundings),
  kind: 'webhook',
  reads: { pipeline: 'optional', settings: null, steps: 'optional' },
  settings: SETTINGS,
  together: ({ pipelines, url }) =>
    url === '' && Object.keys(pipelines).length === 0 ? [{ sentence: 'is missing: set it, or "pipelines" with a URL each.', setting: 'url' }] : []
})
