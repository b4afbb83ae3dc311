/** Webhooks of Buildkite: verifies the sender, and reads what they say of builds. */
import * as E from 'fp-ts/lib/Either.js'
import { decodeText } from '../store/json.js'
import { BuildHook, buildOf, externalOf, Hook, progressOf } from './buildkite-answers.js'
import { headerOf, isSame, isSigned, isTimely } from './common.js'
import type { WebhookAnswer, WebhookRequest } from './provider.js'

/** What a webhook carries: the secret itself, or a signature made with it. */
export interface BuildkiteHook {
  readonly mode: 'signature' | 'token'
  readonly secret: string
}

const notTheSecret = (what: string): string =>
  `the ${what} does not match: is "webhookSecret" (TACK_BUILDKITE_WEBHOOK_SECRET) the token of the webhook there?`

/** Why the request is not from Buildkite; `null` if it is. */
const refusal = (request: WebhookRequest, { mode, secret }: BuildkiteHook): string | null => {
  if (mode === 'token') {
    const token = headerOf(request, 'x-buildkite-token')
    if (token === null) return 'X-Buildkite-Token is missing: does Buildkite sign? Then set "webhookMode" to signature'
    return secret !== '' && isSame(secret, token) ? null : notTheSecret('token')
  }
  const header = headerOf(request, 'x-buildkite-signature') ?? ''
  const [, seconds = '', signature = ''] = /^timestamp=([0-9]{1,12}),signature=([0-9a-f]{64})$/.exec(header) ?? []
  if (signature === '') return 'X-Buildkite-Signature is missing or malformed: does Buildkite send the token? Then set "webhookMode" to token'
  if (!isSigned(secret, Buffer.concat([Buffer.from(`${seconds}.`), request.body]), signature)) return notTheSecret('signature')
  return isTimely(seconds, request.nowMs) ? null : 'the signature is more than 300 s old, or ahead'
}

/** Reads a webhook, if it is from Buildkite. */
export const readWebhook = (request: WebhookRequest, hook: BuildkiteHook): WebhookAnswer => {
  const reason = refusal(request, hook)
  if (reason !== null) return { _tag: 'Unauthorized', reason }
  const text = request.body.toString()
  const event = decodeText(Hook, text)
  if (E.isLeft(event)) return { _tag: 'BadRequest', reason: 'not a Buildkite event' }
  if (!event.right.event.startsWith('build.')) return { _tag: 'Reports', reports: [] }
  const about = decodeText(BuildHook, text)
  if (E.isLeft(about)) return { _tag: 'BadRequest', reason: 'the event has no build' }
  const { build } = about.right
  const [, organization, pipeline] = /\/v2\/organizations\/([^/]+)\/pipelines\/([^/]+)\/builds\/[0-9]+$/.exec(build.url) ?? []
  const whose = buildOf(build.meta_data)
  if (whose === null || organization === undefined || pipeline === undefined) return { _tag: 'Reports', reports: [] }
  const progress = progressOf(build, externalOf({ _tag: 'PipelineRef', organization, pipeline }, build.number))
  return { _tag: 'Reports', reports: progress === null ? [] : [{ build: whose, progress }] }
}
