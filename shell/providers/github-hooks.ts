/** Calls of GitHub: who makes them, and what they say of the runs that are known to be ours. */
import * as E from 'fp-ts/lib/Either.js'
import type { BuildName } from '../../core/index.js'
import { setNewest } from '../lib/newest.js'
import { decodeText } from '../store/json.js'
import { headerOf, isSigned } from './common.js'
import { externalOf, Hook, progressOf } from './github-answers.js'
import type { WebhookAnswer, WebhookRequest } from './provider.js'

/** How many runs are remembered for the webhook: more than can be going on. */
const MAX_KNOWN = 10_000

export interface GithubHooks {
  /** What a call says, if it is from GitHub. */
  readonly hear: (request: WebhookRequest) => WebhookAnswer
  /** From now on reports of the run are reports of the build. */
  readonly know: (external: string, build: BuildName) => void
}

/** @param secret - with which GitHub signs */
export const createGithubHooks = (secret: string): GithubHooks => {
  /** The runs that are known to be ours. What a name says is not enough for a report: whoever may push there can write one. */
  const known = new Map<string, { readonly build: BuildName; readonly external: string }>()
  /** GitHub does not tell small letters from capitals, and writes names as their owners do. */
  const keyOf = (external: string): string => external.toLowerCase()
  const know = (external: string, build: BuildName): void => setNewest(known, keyOf(external), { build, external }, MAX_KNOWN)

  const hear = (request: WebhookRequest): WebhookAnswer => {
    const [, digest = null] = /^sha256=([0-9a-f]{64})$/.exec(headerOf(request, 'x-hub-signature-256') ?? '') ?? []
    if (!isSigned(secret, request.body, digest)) return { _tag: 'Unauthorized', reason: 'X-Hub-Signature-256 does not match the body' }
    // A new webhook is tried with a ping; others may be for everything.
    if (headerOf(request, 'x-github-event') !== 'workflow_run') return { _tag: 'Reports', reports: [] }
    const said = decodeText(Hook, request.body.toString())
    if (E.isLeft(said)) return { _tag: 'BadRequest', reason: 'not an event about a workflow run' }
    const { repository, workflow_run: run } = said.right
    const [owner = '', repo = ''] = repository.full_name.split('/')
    const ours = known.get(keyOf(externalOf({ owner, repo }, run.id)))
    return { _tag: 'Reports', reports: ours === undefined ? [] : [{ build: ours.build, progress: progressOf(run, ours.external) }] }
  }

  return { hear, know }
}
