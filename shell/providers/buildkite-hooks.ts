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

const isFromBuildkite = (request: WebhookRequest, { mode, secret }: BuildkiteHook): boolean => {
  if (mode === 'token') return secret !== '' && isSame(secret, headerOf(request, 'x-buildkite-token'))
  const header = headerOf(request, 'x-buildkite-signature') ?? ''
  const [, seconds = '', signature = ''] = /^timestamp=([0-9]{1,12}),signature=([0-9a-f]{64})$/.exec(header) ?? []
  return isSigned(secret, Buffer.concat([Buffer.from(`${seconds}.`), request.body]), signature) && isTimely(seconds, request.nowMs)
}

/** Reads a webhook, if it is from Buildkite. */
export const hear = (request: WebhookRequest, hook: BuildkiteHook): WebhookAnswer => {
  if (!isFromBuildkite(request, hook)) return { _tag: 'Unauthorized', reason: `the ${hook.mode} does not match, or is too old` }
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
  const progress = progressOf(build, externalOf({ _tag: 'Place', organization, pipeline }, build.number))
  return { _tag: 'Reports', reports: progress === null ? [] : [{ build: whose, progress }] }
}
