/** Webhooks of GitHub: verifies the sender, and reads what they say of runs that tack has started. */
import * as E from 'fp-ts/lib/Either.js'
import type { BuildName } from '../../core/index.js'
import { setNewest } from '../lib/newest.js'
import { decodeText } from '../store/json.js'
import { headerOf, isSigned } from './common.js'
import { externalOf } from './dispatched.js'
import { Hook, progressOf } from './github-answers.js'
import type { WebhookAnswer, WebhookRequest } from './provider.js'

/** How many runs to remember for the webhook: more than can be running at once. */
const MAX_KNOWN = 10_000

export interface GithubHooks {
  /** Reads a webhook, if it is from GitHub. */
  readonly readWebhook: (request: WebhookRequest) => WebhookAnswer
  /** Makes reports of the run count as reports of the build. */
  readonly remember: (external: string, build: BuildName) => void
}

/** @param secret - the secret with which GitHub signs */
export const createGithubHooks = (secret: string): GithubHooks => {
  /** The runs that tack has started. The name of a run proves nothing: whoever may push to the repository can choose it. */
  const known = new Map<string, { readonly build: BuildName; readonly external: string }>()
  /** GitHub's names are case-insensitive, and it writes them as their owners do. */
  const keyOf = (external: string): string => external.toLowerCase()
  const remember = (external: string, build: BuildName): void => setNewest(known, keyOf(external), { build, external }, MAX_KNOWN)

  const readWebhook = (request: WebhookRequest): WebhookAnswer => {
    const [, digest = null] = /^sha256=([0-9a-f]{64})$/.exec(headerOf(request, 'x-hub-signature-256') ?? '') ?? []
    if (digest === null) return { _tag: 'Unauthorized', reason: 'X-Hub-Signature-256 is missing or malformed: has the webhook at GitHub a secret?' }
    if (!isSigned(secret, request.body, digest))
      return { _tag: 'Unauthorized', reason: 'the signature does not match: is "webhookSecret" (TACK_GITHUB_WEBHOOK_SECRET) the secret of the webhook there?' }
    // GitHub tests a new webhook with a ping, and an operator may have subscribed to other events.
    if (headerOf(request, 'x-github-event') !== 'workflow_run') return { _tag: 'Reports', reports: [] }
    const event = decodeText(Hook, request.body.toString())
    if (E.isLeft(event)) return { _tag: 'BadRequest', reason: 'not an event about a workflow run' }
    const { repository, workflow_run: run } = event.right
    const [owner = '', repo = ''] = repository.full_name.split('/')
    const ours = known.get(keyOf(externalOf({ owner, repo }, run.id)))
    return { _tag: 'Reports', reports: ours === undefined ? [] : [{ build: ours.build, progress: progressOf(run, ours.external) }] }
  }

  return { readWebhook, remember }
}
