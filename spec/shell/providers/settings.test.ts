/** What the settings of adapters that ask a server come to: whom they ask, how often, with which secrets, and how long they wait. */
import { describe, expect, test } from 'vitest'
import { buildKey, type Plan } from '../../../core/index.js'
import { buildbot } from '../../../shell/providers/buildbot.js'
import { buildkite } from '../../../shell/providers/buildkite.js'
import { hmacOf } from '../../../shell/providers/common.js'
import { gitea } from '../../../shell/providers/gitea.js'
import { github } from '../../../shell/providers/github.js'
import type { Kind, Surroundings } from '../../../shell/providers/provider.js'
import { webhook } from '../../../shell/providers/webhook.js'
import { signature } from '../../../shell/providers/webhook-api.js'
import { BUILD, jobOf } from './contract.js'
import { answeredBy, type Question } from './servers/bench.js'

interface Case {
  /** What the server answers: no build of ours to who looks for one, and one that runs to who asks how it stands. */
  readonly answer: (url: string) => unknown
  readonly environment: Surroundings['environment']
  readonly external: string
  readonly kind: Kind
  readonly plan: Partial<Plan>
  readonly pollS: number
  readonly settings: { readonly [name: string]: unknown }
  /** Absent where a build that is not there is missing at once. */
  readonly settleS?: number
  /** The header in which the secret of the environment is, with the text of it. */
  readonly signs: (question: Question) => boolean
  readonly url: string
}

const SECRET = 'canary-3f0b9a7c51d2'

const CASES: ReadonlyArray<Case> = [
  {
    answer: (url) => (/\/builds\/7$/.test(url) ? { number: 7, state: 'running' } : []),
    environment: { TACK_BUILDKITE_TOKEN: SECRET },
    external: 'acme/demo/7',
    kind: buildkite,
    plan: { pipeline: 'demo' },
    pollS: 15,
    settings: { organizations: ['acme'] },
    settleS: 10,
    signs: ({ headers }) => headers.get('authorization') === `Bearer ${SECRET}`,
    url: 'https://api.buildkite.com/v2/organizations/acme/'
  },
  {
    answer: (url) => (/\/runs\/7$/.test(url) ? { created_at: '2026-01-01T00:00:00Z', display_title: buildKey(BUILD), id: 7, status: 'in_progress' } : { workflow_runs: [] }),
    environment: { TACK_GITHUB_TOKEN: SECRET },
    external: 'acme/app/7',
    kind: github,
    plan: { pipeline: 'ci.yml' },
    pollS: 15,
    settings: { repositories: ['acme/app'] },
    settleS: 60,
    signs: ({ headers }) => headers.get('authorization') === `Bearer ${SECRET}`,
    url: 'https://api.github.com/repos/acme/app/'
  },
  {
    answer: (url) =>
      /\/runs\/7$/.test(url)
        ? { display_title: buildKey(BUILD), html_url: 'https://git.example/acme/app/actions/runs/7', id: 7, started_at: '2026-01-01T00:00:00Z', status: 'in_progress' }
        : { total_count: 0, workflow_runs: [] },
    environment: { TACK_GITEA_TOKEN: SECRET },
    external: 'acme/app/7',
    kind: gitea,
    plan: { pipeline: 'ci.yml' },
    pollS: 5,
    settings: { repositories: ['acme/app'], url: 'https://git.example' },
    signs: ({ headers }) => headers.get('authorization') === `token ${SECRET}`,
    url: 'https://git.example/api/v1/repos/acme/app/'
  },
  {
    answer: (url) =>
      /\/builders\/demo$/.test(url)
        ? { builders: [{ builderid: 1 }] }
        : /\/buildrequests\/7$/.test(url)
          ? { buildrequests: [{ buildrequestid: 7, complete: false, results: -1 }] }
          : { buildrequests: [], builds: [{ buildid: 70, complete: false, state_string: 'building' }] },
    environment: { TACK_BUILDBOT_PASSWORD: SECRET, TACK_BUILDBOT_USER: 'tack' },
    external: '7',
    kind: buildbot,
    plan: { pipeline: 'demo' },
    pollS: 5,
    settings: { url: 'https://ci.example/' },
    settleS: 10,
    signs: ({ headers }) => headers.get('authorization') === `Basic ${Buffer.from(`tack:${SECRET}`).toString('base64')}`,
    url: 'https://ci.example/'
  },
  {
    answer: () => ({ status: 'running' }),
    environment: { TACK_WEBHOOK_SECRET: SECRET },
    external: 'b/7',
    kind: webhook,
    plan: { pipeline: 'demo' },
    pollS: 15,
    settings: { url: 'https://ci.example/hook' },
    signs: ({ atMs, headers, url }) => headers.get('x-tack-signature') === signature(SECRET, atMs / 1000, new URL(url).search.slice(1)),
    url: 'https://ci.example/hook?'
  }
]

const NAMED = CASES.map((one) => [one.kind.kind, one] as const)

const opened = ({ answer, environment, kind, settings }: Case, more: { readonly [name: string]: unknown } = {}) =>
  answeredBy(kind, { ...settings, ...more }, ({ url }) => (url.endsWith('/auth/login') ? new Response('there is nothing to log in to', { status: 501 }) : answer(url)), environment)

const job = ({ plan }: Case) => jobOf(BUILD, plan)

describe.each(NAMED)('an adapter for %s', (_, one) => {
  test.each<[{ readonly pollSeconds?: number }, number]>([
    [{}, one.pollS],
    [{ pollSeconds: 7 }, 7]
  ])('an adapter with %j asks how a build stands every %i s', async (more, everyS) => {
    const { asked, clock, pass, provider } = opened(one, more)
    const begunMs = clock.now() / 1000
    const stop = provider.follow(job(one), one.external, () => undefined)
    await pass(2 * everyS + 1)
    stop()
    expect([...new Set(asked.map(({ atMs }) => (atMs - begunMs) / 1000))]).toEqual([0, everyS, 2 * everyS])
    await provider.close()
    expect(clock.armed()).toBe(0)
  })

  test('reports its findings under the name by which the build is followed', async () => {
    const { pass, provider } = opened(one)
    const reports: Array<unknown> = []
    provider.follow(job(one), one.external, (progress) => reports.push(progress))
    await pass(1)
    expect(reports).toEqual([{ error: null, exitCode: null, external: one.external, status: 'running' }])
    await provider.close()
  })

  test.each<[{ readonly settleSeconds?: number }, number]>(
    one.settleS === undefined
      ? []
      : [
          [{}, one.settleS],
          [{ settleSeconds: 3 }, 3]
        ]
  )('an adapter with %j says at once that a build is missing, and that it may take %i s to show one', async (more, settleS) => {
    const { pass, provider } = opened(one, more)
    let found: unknown = null
    void provider.find(job(one)).then((answer) => (found = answer))
    await pass(0)
    expect([found, provider.settleMs]).toEqual([{ _tag: 'Missing' }, settleS * 1_000])
    await provider.close()
  })

  if (one.kind !== webhook) test('takes a URL with a slash at its end for the same as one without', async () => {
    const { asked, pass, provider } = opened(one, { url: 'https://ci.example/base//' })
    provider.follow(job(one), one.external, () => undefined)
    await pass(1)
    expect(asked.length).toBeGreaterThan(0)
    for (const { url } of asked) expect(url).toMatch(/^https:\/\/ci\.example\/base\/(?!\/)/)
    await provider.close()
  })

  test('calls the configured address, with the secret from the environment, and has the operator’s name for it', async () => {
    const { asked, pass, provider } = opened(one)
    provider.follow(job(one), one.external, () => undefined)
    await pass(1)
    expect(provider.name).toBe('of-the-operator')
    expect(asked.length).toBeGreaterThan(0)
    for (const question of asked) expect([question.url.slice(0, one.url.length), question.url.includes('//', 8), one.signs(question)]).toEqual([one.url, false, true])
    await provider.close()
  })
})

describe('a webhook', () => {
  const secret = 'canary-webhook-8d21'
  test.each<[string, Kind, Surroundings['environment'], { readonly [name: string]: unknown }, boolean]>([
    ['buildkite, without a secret', buildkite, {}, { organizations: ['a'], token: 'x' }, false],
    ['buildkite, with one in the environment', buildkite, { TACK_BUILDKITE_WEBHOOK_SECRET: secret }, { organizations: ['a'], token: 'x' }, true],
    ['github, without a secret', github, {}, { repositories: ['a/b'], token: 'x' }, false],
    ['github, with one in the environment', github, { TACK_GITHUB_WEBHOOK_SECRET: secret }, { repositories: ['a/b'], token: 'x' }, true]
  ])('a webhook of %s', async (_, kind, environment, settings, isThere) => {
    const { provider } = answeredBy(kind, settings, () => null, environment)
    const body = Buffer.from('{"event":"ping"}')
    const headers = { 'x-buildkite-token': secret, 'x-hub-signature-256': `sha256=${hmacOf(secret, body)}` }
    expect(provider.webhook?.({ body, headers, nowMs: 0 })).toEqual(isThere ? { _tag: 'Reports', reports: [] } : undefined)
    await provider.close()
  })
})
