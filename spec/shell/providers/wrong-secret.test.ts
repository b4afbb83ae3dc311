/** Webhooks that are signed with another secret, over HTTP: the warning in the log says which settings to compare, and shows neither secret. */
import { expect, test } from 'vitest'
import { buildkite } from '../../../shell/providers/buildkite.js'
import { github } from '../../../shell/providers/github.js'
import { hmacOf } from '../../../shell/providers/signatures.js'
import type { Kind } from '../../../shell/providers/provider.js'
import { webhook } from '../../../shell/providers/webhook.js'
import { ask, createWorld, serve } from '../inbound/support.js'
import { answeredBy } from './servers/bench.js'

const [OURS, THEIRS, TOKEN] = ['canary-of-ours-0123456789', 'canary-of-theirs-9876543210', 'canary-of-the-api-0123456']

const BODY = '{"key":"x"}'
const SECONDS = String(Math.floor(Date.now() / 1000))
const signed = hmacOf(THEIRS, `${SECONDS}.${BODY}`)
const OF_BUILDKITE = { organizations: ['acme'], token: TOKEN, webhookSecret: OURS }
const SIGNS = { ...OF_BUILDKITE, webhookMode: 'signature' }
const OF_GITHUB = { repositories: ['acme/app'], token: TOKEN, webhookSecret: OURS }
const OF_WEBHOOK = { secret: OURS, url: 'https://ci.example' }

test.each<[string, Kind, unknown, Readonly<Record<string, string>>, string]>([
  ['webhook, another secret', webhook, OF_WEBHOOK, { 'x-tack-signature': `t=${SECONDS},v1=${signed}` }, 'the signature does not match: is "secret" (TACK_WEBHOOK_SECRET) the one with which the CI signs?'],
  ['webhook, unsigned', webhook, OF_WEBHOOK, {}, 'X-Tack-Signature is missing, or not of the form t=<seconds>,v1=<64 hex digits>'],
  [
    'github, another secret',
    github,
    OF_GITHUB,
    { 'x-hub-signature-256': `sha256=${hmacOf(THEIRS, BODY)}` },
    'the signature does not match: is "webhookSecret" (TACK_GITHUB_WEBHOOK_SECRET) the secret of the webhook there?'
  ],
  ['github, unsigned', github, OF_GITHUB, {}, 'X-Hub-Signature-256 is missing or malformed: has the webhook at GitHub a secret?'],
  [
    'buildkite, another secret',
    buildkite,
    SIGNS,
    { 'x-buildkite-signature': `timestamp=${SECONDS},signature=${signed}` },
    'the signature does not match: is "webhookSecret" (TACK_BUILDKITE_WEBHOOK_SECRET) the token of the webhook there?'
  ],
  [
    'buildkite, another token',
    buildkite,
    OF_BUILDKITE,
    { 'x-buildkite-token': THEIRS },
    'the token does not match: is "webhookSecret" (TACK_BUILDKITE_WEBHOOK_SECRET) the token of the webhook there?'
  ],
  ['buildkite, the token for a signature', buildkite, SIGNS, { 'x-buildkite-token': OURS }, 'X-Buildkite-Signature is missing or malformed: does Buildkite send the token? Then set "webhookMode" to token'],
  [
    'buildkite, a signature for the token',
    buildkite,
    OF_BUILDKITE,
    { 'x-buildkite-signature': `timestamp=${SECONDS},signature=${signed}` },
    'X-Buildkite-Token is missing: does Buildkite sign? Then set "webhookMode" to signature'
  ],
  [
    'buildkite, an old signature',
    buildkite,
    SIGNS,
    { 'x-buildkite-signature': `timestamp=1,signature=${hmacOf(OURS, `1.${BODY}`)}` },
    'the signature is more than 300 s old, or ahead'
  ]
])('%s: the log says what to compare', async (_, kind, settings, headers, reason) => {
  const { provider } = answeredBy(kind, settings, () => ({}))
  const world = createWorld()
  world.openStream()
  const { log, url } = await serve(world, { providers: [provider] })
  const heard = await ask(url, `/webhooks/${provider.name}`, { body: BODY, headers, method: 'POST' })
  expect([heard.status, heard.body]).toEqual([401, 'bad signature or token\n'])
  expect(log.lines).toMatchObject([{ fields: { provider: provider.name, reason }, level: 'warn', message: 'webhook rejected: bad signature' }])
  const all = JSON.stringify(log.lines)
  for (const secret of [OURS, THEIRS, TOKEN, signed]) expect(all).not.toContain(secret)
})
