/** Calls from the CI behind a webhook: verifies the sender, and reads what they say of builds. */
import * as t from 'io-ts'
import { buildOfKey, decodeAnswer, headerOf, isSigned, isTimely } from './common.js'
import type { WebhookAnswer, WebhookRequest } from './provider.js'
import { Standing, type WebhookApi } from './webhook-api.js'

const Callback = t.intersection([t.type({ key: t.string }), Standing], 'Callback')

const SIGNATURE = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/

/**
 * Reads a call, if it is signed with `secret`.
 *
 * @param externals - the names of builds that are being followed: a call need not repeat the id, and must not rename the build
 */
export const hearWebhook = (
  request: WebhookRequest,
  secret: string,
  externals: ReadonlyMap<string, string>,
  progressOf: WebhookApi['progressOf']
): WebhookAnswer => {
  const [, seconds = '', hex = ''] = SIGNATURE.exec(headerOf(request, 'x-tack-signature') ?? '') ?? []
  if (hex === '') return { _tag: 'Unauthorized', reason: 'X-Tack-Signature is missing, or not of the form t=<seconds>,v1=<64 hex digits>' }
  if (!isSigned(secret, Buffer.concat([Buffer.from(`${seconds}.`), request.body]), hex))
    return { _tag: 'Unauthorized', reason: 'the signature does not match: is "secret" (TACK_WEBHOOK_SECRET) the one with which the CI signs?' }
  if (!isTimely(seconds, request.nowMs)) return { _tag: 'Unauthorized', reason: 'the signature is more than 300 s old, or ahead' }
  const callback = decodeAnswer(Callback, { text: request.body.toString() })
  if (callback === null) return { _tag: 'BadRequest', reason: 'expected {"key": text, "status": a status, "id"?, "error"?, "exitCode"?}' }
  const build = buildOfKey(callback.key)
  if (build === null) return { _tag: 'BadRequest', reason: 'unknown "key"' }
  const progress = progressOf(callback, externals.get(callback.key) ?? callback.key)
  return { _tag: 'Reports', reports: [{ build, progress }] }
}
