/** Requests to the CI behind a webhook: signs them, and decodes the answers. */
import * as t from 'io-ts'
import { Status } from '../../core/index.js'
import type { Clock } from '../ports.js'
import { type HttpResponse, type Client, decodeAnswer, hmacOf } from './common.js'
import type { Job, Missing, Progress, Refused, Uncertain } from './provider.js'

// ---------------------------------------------------------------------------------------- what is said

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined])

const ID_MAX = 500
const Id = t.refinement(t.string, (id) => id !== '' && id.length <= ID_MAX, 'Id')

/** The answer to a start. If the id is missing, the key stands for it. */
const Started = t.type({ id: optional(Id) }, 'Started')

export const Standing = t.type({ error: optional(t.string), exitCode: optional(t.Int), id: optional(Id), status: Status }, 'Standing')
export type Standing = t.TypeOf<typeof Standing>

/** The forms in which the CI may explain a refusal. */
const Complaint = t.union([t.type({ message: t.string }), t.type({ error: t.string })], 'Complaint')

/** The header that signs `text` at `seconds`: the body of a POST, or everything after the `?` of a GET. */
export const signature = (secret: string, seconds: number, text: string): string =>
  `t=${String(seconds)},v1=${hmacOf(secret, `${String(seconds)}.${text}`)}`

// ---------------------------------------------------------------------------------------- requests

export interface WebhookSettings {
  readonly pipelines: ReadonlyMap<string, string>
  readonly pollMs: number
  readonly secret: string
  readonly url: string | null
}

export interface WebhookApi {
  readonly client: Client
  /** The result of an unexpected answer. */
  readonly doubt: (answer: HttpResponse) => Uncertain
  /** Asks `to`; unsigned only to see whether that is refused. */
  readonly get: (to: string, question: { readonly [name: string]: string }, overflow?: 'cut' | 'fail', isSigned?: boolean) => Promise<HttpResponse | Uncertain>
  readonly isGood: (answer: HttpResponse) => boolean
  readonly post: (to: string, body: string, headers?: { readonly [name: string]: string }) => Promise<HttpResponse | Uncertain>
  /** The progress that the CI reports. `otherwise` is the build's name if the CI gives no id. */
  readonly progressOf: (standing: Standing, otherwise: string) => Progress
  /** Reads the status of a build. */
  readonly standing: (job: Job) => Promise<Missing | Progress | Uncertain>
  /** The answer to a start; `null` if it is not from the CI, for example a page of a proxy in between. */
  readonly startedBy: (answer: HttpResponse) => { readonly id: string | null } | null
  /** The URL for a job's builds. */
  readonly urlOf: (job: Job) => string | Refused
  /** The CI's explanation of its refusal. */
  readonly wordsOf: (answer: HttpResponse) => string
}

export const createWebhookApi = (client: Client, clock: Clock, { pipelines, secret, url }: WebhookSettings): WebhookApi => {
  const signed = (text: string): { readonly [name: string]: string } => ({
    'x-tack-signature': signature(secret, Math.floor(clock.now() / 1_000_000), text)
  })

  const urlOf = (job: Job): string | Refused => {
    const found = pipelines.get(job.plan.pipeline) ?? url
    return found ?? client.refuse(`There is no pipeline "${job.plan.pipeline}" here.`)
  }

  const get: WebhookApi['get'] = (to, question, overflow = 'fail', isSigned = true) => {
    const target = new URL(to)
    for (const [field, value] of Object.entries(question)) target.searchParams.set(field, value)
    target.hash = ''
    return client.ask({ headers: isSigned ? signed(target.search.slice(1)) : {}, overflow, url: target.href })
  }

  const post: WebhookApi['post'] = (to, body, headers = {}) =>
    client.ask({ body, headers: { ...headers, ...signed(body), 'content-type': 'application/json' }, method: 'POST', url: to })

  const wordsOf = (answer: HttpResponse): string => {
    const complaint = decodeAnswer(Complaint, answer)
    if (complaint === null) return /^\s*[<{[]/.test(answer.text) ? '' : answer.text
    return 'message' in complaint ? complaint.message : complaint.error
  }

  const doubt = (answer: HttpResponse): Uncertain => client.doubt(answer, wordsOf(answer))

  const isGood = ({ status }: HttpResponse): boolean => status >= 200 && status < 300

  const startedBy = (answer: HttpResponse): { readonly id: string | null } | null => {
    if (answer.text.trim() === '') return { id: null }
    const started = decodeAnswer(Started, answer)
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
    const reported = isGood(answer) ? decodeAnswer(Standing, answer) : null
    return reported === null ? doubt(answer) : progressOf(reported, job.key)
  }

  return { client, doubt, get, isGood, post, progressOf, standing, startedBy, urlOf, wordsOf }
}
