/**
 * Any CI at all, by a signed JSON request to a URL of the operator's, and signed calls back: shell/deploy/providers/webhook.md is what the
 * other side has to do, with an example.
 *
 * The key of the build goes out as `Idempotency-Key`, so a receiver that remembers keys cannot be made to start one build twice, not
 * even by a request that arrives after we have given it up.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { isFinal, Status } from '../../core/index.js'
import { decode } from '../store/json.js'
import {
  type Answer,
  buildOfKey,
  createClient,
  decoded,
  headerOf,
  hmacOf,
  isRefusal,
  isSigned,
  isTimely,
  type TextLog
} from './common.js'
import type { Job, Kind, Missing, Progress, Provider, Refused, Surroundings, Uncertain, WebhookAnswer, WebhookRequest } from './provider.js'

// ---------------------------------------------------------------------------------------- settings

const Settings = t.intersection(
  [
    t.strict({}),
    t.partial({
      /** URLs of pipelines that have one of their own. */
      pipelines: t.record(t.string, t.string),
      /** How often is asked how a build stands, for calls that do not come. */
      pollSeconds: t.number,
      secret: t.string,
      /** Where builds of all other pipelines are asked for. */
      url: t.string
    })
  ],
  'Settings'
)

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** A short secret could be guessed from one signature, by trying. */
const SHORTEST_SECRET = 16

// ---------------------------------------------------------------------------------------- what is said

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined])

const ID_MAX = 500
const Id = t.refinement(t.string, (id) => id !== '' && id.length <= ID_MAX, 'Id')

/** The answer to a start; the id may be missing, and then the key stands for it. */
const Started = t.type({ id: optional(Id) }, 'Started')

const Standing = t.type({ error: optional(t.string), exitCode: optional(t.Int), id: optional(Id), status: Status }, 'Standing')
type Standing = t.TypeOf<typeof Standing>

const Callback = t.intersection([t.type({ key: t.string }), Standing], 'Callback')

/** How a refusal is put into words. */
const Complaint = t.union([t.type({ message: t.string }), t.type({ error: t.string })], 'Complaint')

const SIGNATURE = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/

/** The header that signs `text` at `seconds`: the body of a POST, and of a GET all that stands behind the `?`. */
export const signature = (secret: string, seconds: number, text: string): string =>
  `t=${String(seconds)},v1=${hmacOf(secret, `${String(seconds)}.${text}`)}`

/** What a start says of the build. */
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

// ---------------------------------------------------------------------------------------- the provider

/** The status of builds that nobody has asked for: what `check` looks for. */
const NO_BUILD = 'tack/check/-'

const LOG_EVERY_MS = 2_000

export interface WebhookSettings {
  readonly pipelines: ReadonlyMap<string, string>
  readonly pollMs: number
  readonly secret: string
  readonly url: string | null
}

const create = ({ pipelines, pollMs, secret, url }: WebhookSettings, { clock, fetch, name }: Surroundings): Provider => {
  const client = createClient({ clock, fetch, secrets: [secret] })
  /** What builds that are followed are known by: a call back need not repeat the id, and must not rename the build. */
  const externals = new Map<string, string>()

  const signed = (text: string): { readonly [name: string]: string } => ({
    'x-tack-signature': signature(secret, Math.floor(clock.now() / 1_000_000), text)
  })

  const urlOf = (job: Job): string | Refused => {
    const found = pipelines.get(job.plan.pipeline) ?? url
    return found ?? client.refuse(`There is no pipeline "${job.plan.pipeline}" here.`)
  }

  const get = (to: string, question: { readonly [name: string]: string }, overflow: 'cut' | 'fail' = 'fail') => {
    const target = new URL(to)
    for (const [field, value] of Object.entries(question)) target.searchParams.set(field, value)
    target.hash = ''
    return client.ask({ headers: signed(target.search.slice(1)), overflow, url: target.href })
  }

  const post = (to: string, body: string, headers: { readonly [name: string]: string } = {}) =>
    client.ask({ body, headers: { ...headers, ...signed(body), 'content-type': 'application/json' }, method: 'POST', url: to })

  /** What the other side says about its refusal. */
  const wordsOf = (answer: Answer): string => {
    const complaint = decoded(Complaint, answer)
    if (complaint === null) return /^\s*[<{[]/.test(answer.text) ? '' : answer.text
    return 'message' in complaint ? complaint.message : complaint.error
  }

  const doubt = (answer: Answer): Uncertain => client.doubt(answer, wordsOf(answer))

  const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300

  /** What a good answer says; `null` when it is not from whom we asked, such as a page that a proxy puts in between. */
  const startedBy = (answer: Answer): { readonly id: string | null } | null => {
    if (answer.text.trim() === '') return { id: null }
    const started = decoded(Started, answer)
    return started === null ? null : { id: started.id ?? null }
  }

  const progressOf = ({ error, exitCode, id, status }: Standing, otherwise: string): Progress => ({
    error: error === null || error === undefined ? null : client.say(error),
    exitCode: exitCode ?? null,
    external: id ?? otherwise,
    status
  })

  const standing = async (job: Job): Promise<Missing | Progress | Uncertain> => {
    const to = urlOf(job)
    if (typeof to !== 'string') return { _tag: 'Missing' }
    const answer = await get(to, { key: job.key })
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    const said = isGood(answer) ? decoded(Standing, answer) : null
    return said === null ? doubt(answer) : progressOf(said, job.key)
  }

  const textOf = async (job: Job): Promise<TextLog | Refused | Uncertain> => {
    const to = urlOf(job)
    if (typeof to !== 'string') return to
    // In this order: what is read after the build has ended is all of it.
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
    return client.refuse(words === '' ? `The CI refused the build with HTTP status ${String(answer.status)}.` : words)
  }

  const cancel: Provider['cancel'] = async (job, external) => {
    const to = urlOf(job)
    if (typeof to !== 'string') return { _tag: 'Heard' }
    const answer = await post(to, JSON.stringify({ action: 'cancel', id: external, key: job.key }))
    if (answer._tag === 'Uncertain') return answer
    if ((isGood(answer) && startedBy(answer) !== null) || answer.status === 404 || answer.status === 410) return { _tag: 'Heard' }
    // It may be a complaint that there is nothing to be ended any more.
    const progress = answer.status === 409 ? await standing(job) : null
    return progress !== null && 'status' in progress && isFinal(progress.status) ? { _tag: 'Heard' } : doubt(answer)
  }

  const webhook = (request: WebhookRequest): WebhookAnswer => {
    const [, seconds = '', hex = ''] = SIGNATURE.exec(headerOf(request, 'x-tack-signature') ?? '') ?? []
    if (hex === '') return { _tag: 'Unauthorized', reason: 'X-Tack-Signature is missing, or not of the form t=<seconds>,v1=<64 hex digits>' }
    if (!isSigned(secret, Buffer.concat([Buffer.from(`${seconds}.`), request.body]), hex))
      return { _tag: 'Unauthorized', reason: 'the signature does not match the body' }
    if (!isTimely(seconds, request.nowMs)) return { _tag: 'Unauthorized', reason: 'the signature is more than 300 s old, or ahead' }
    const said = decoded(Callback, { text: request.body.toString() })
    if (said === null) return { _tag: 'BadRequest', reason: 'expected {"key": text, "status": a status, "id"?, "error"?, "exitCode"?}' }
    const build = buildOfKey(said.key)
    if (build === null) return { _tag: 'BadRequest', reason: 'unknown "key"' }
    const progress = progressOf(said, externals.get(said.key) ?? said.key)
    return { _tag: 'Reports', reports: [{ build, progress }] }
  }

  const check: Provider['check'] = async () => {
    for (const to of new Set([...(url === null ? [] : [url]), ...pipelines.values()])) {
      const { host } = new URL(to)
      const answer = await get(to, { key: NO_BUILD })
      if (answer._tag === 'Uncertain') return { isFine: false, sentence: `${host} is not reachable: ${answer.error}.` }
      if (!isGood(answer) && answer.status !== 404)
        return { isFine: false, sentence: client.say(`${host} answered ${String(answer.status)}. ${wordsOf(answer)}`) }
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
    webhook
  }
}

export const webhook: Kind = {
  kind: 'webhook',
  make: (settings, surroundings) => {
    const known = decode(Settings, settings)
    if (E.isLeft(known)) return known
    const { pipelines = {}, pollSeconds = 15, secret = surroundings.environment['TACK_WEBHOOK_SECRET'] ?? '', url = null } = known.right
    const urls = [...(url === null ? [] : [url]), ...Object.values(pipelines)]
    if (urls.length === 0) return E.left('set "url", or "pipelines" with a URL each')
    if (!urls.every(isUrl)) return E.left('a URL must begin with https:// or http://')
    if (secret.length < SHORTEST_SECRET)
      return E.left(`"secret" must have at least ${String(SHORTEST_SECRET)} characters; set it, or TACK_WEBHOOK_SECRET in the environment`)
    if (!(pollSeconds >= 1 && pollSeconds <= 3600)) return E.left('"pollSeconds" must be from 1 to 3600')
    return E.right(create({ pipelines: new Map(Object.entries(pipelines)), pollMs: pollSeconds * 1000, secret, url }, surroundings))
  }
}
