/** The adapter for Buildkite: the contract, in both modes of its webhook, and what is Buildkite's own. */
import { describe, expect, test } from 'vitest'
import type { BuildName, Plan } from '../../../core/index.js'
import { buildkite } from '../../../shell/providers/buildkite.js'
import type { Progress, WebhookRequest } from '../../../shell/providers/provider.js'
import { type Bench, BUILD, describeProvider, FAULTS, jobOf, openWorkshop, REFUSALS, type Signing, type Target, type Workshop } from './contract.js'
import { answeredBy, benchOf, faultOf, failedIn, saidIn } from './servers/bench.js'
import { type BuildkiteServer, ORGANIZATION, SECRET, signature, startBuildkite, TOKEN } from './servers/buildkite.js'

const SETTINGS = { organizations: [ORGANIZATION], settleSeconds: 0.25, token: TOKEN }

type Mode = 'signature' | 'token'

const open = async (mode: Mode = 'signature', more: { readonly [name: string]: unknown } = {}): Promise<Bench & { readonly server: BuildkiteServer }> => {
  const server = await startBuildkite()
  const signing: Signing = {
    body: server.event,
    coversBody: mode === 'signature',
    hasTime: mode === 'signature',
    header: mode === 'signature' ? 'x-buildkite-signature' : 'x-buildkite-token',
    sign: (body, atMs) => (mode === 'signature' ? { 'x-buildkite-signature': signature(body, atMs) } : { 'x-buildkite-token': SECRET })
  }
  const settings = { ...SETTINGS, url: server.url, webhookMode: mode, webhookSecret: SECRET, ...more }
  return {
    ...benchOf({ kind: buildkite, ledger: server.ledger, server, settings }, { plan: { pipeline: 'demo' }, secrets: [TOKEN, SECRET], signing }),
    server
  }
}

const targetOf = (mode: Mode): Target => ({
  ends: ['success', 'failed'],
  faults: FAULTS,
  isIdempotent: false,
  name: `buildkite, webhooks with a ${mode}`,
  open: () => open(mode),
  refusals: REFUSALS
})

describeProvider(targetOf('signature'))
describeProvider(targetOf('token'))

// ---------------------------------------------------------------------------------------- what is Buildkite's own

const withShop = async (use: (shop: Workshop, server: BuildkiteServer) => Promise<void>, more: { readonly [name: string]: unknown } = {}): Promise<void> => {
  const bench = await open('signature', more)
  const shop = await openWorkshop({ ...targetOf('signature'), open: () => Promise.resolve(bench) })
  try {
    await use(shop, bench.server)
  } finally {
    await shop.close()
  }
}

const job = (plan: Partial<Plan> = {}) => jobOf(BUILD, { pipeline: 'demo', ...plan })

describe('a start', () => {
  test('sends what Buildkite documents, and the three pieces of meta data', () =>
    withShop(async ({ answer, restart }, server) => {
      const variables: Plan['variables'] = [
        ['BUILDKITE_CLEAN_CHECKOUT', 'true'],
        ['CI', 'true'],
        ['__proto__', 'x']
      ]
      expect(await answer((await restart()).start(job({ variables })))).toEqual({ _tag: 'Accepted', external: 'acme/demo/1' })
      const [call] = server.calls()
      expect([call?.method, call?.path]).toEqual(['POST', '/v2/organizations/acme/pipelines/demo/builds'])
      expect(call?.headers.authorization).toBe(`Bearer ${TOKEN}`)
      expect(call?.body.toString()).toBe(
        JSON.stringify({
          branch: 'main',
          commit: 'a'.repeat(40),
          env: { CI: 'true', ['__proto__']: 'x' },
          ignore_pipeline_branch_filters: true,
          message: 'ci.yml of hello for Tangled',
          meta_data: { 'tack:knot': 'knot.example', 'tack:pipeline_rkey': '3mbd3542k2222', 'tack:workflow': 'ci.yml' }
        })
      )
    }))

  test('passes on the author’s settings, except those that steer the agent', () =>
    withShop(async ({ answer, restart }, server) => {
      const steering = [
        'BUILDKITE', 'BUILDKITE_REPO', 'PATH', 'ENV', 'BASH_ENV', 'SHELLOPTS', 'BASHOPTS', 'PS4', 'PROMPT_COMMAND', 'IFS', 'HOME', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES',
        'GIT_SSH_COMMAND', 'SSH_ASKPASS', 'NODE_OPTIONS', 'PYTHONPATH', 'PERL5OPT', 'RUBYOPT', 'RUBYLIB'
      ]
      const harmless = ['MY_PATH', 'PATH_TO', 'ENVIRONMENT', 'HOMEPAGE', 'BUILD', 'GITHUB', 'MY_LD_PRELOAD', 'RUBY', 'NODE_ENV', 'TANGLED_SHA']
      const variables = [...steering, ...harmless].map((name): Plan['variables'][number] => [name, 'x'])
      await answer((await restart()).start(job({ variables })))
      expect(Object.keys(server.made()[0]?.body['env'] ?? {})).toEqual(harmless)
    }))

  test.each<[Partial<Plan>, string, string]>([
    [{ ref: 'refs/tags/v1/a' }, 'v1/a', 'a'.repeat(40)],
    [{ ref: null, sha: null, variables: [['TANGLED_REPO_DEFAULT_BRANCH', 'trunk']] }, 'trunk', 'HEAD'],
    [{ ref: null, sha: null, variables: [] }, 'HEAD', 'HEAD']
  ])('a start of %j is of branch %s, commit %s', (plan, branch, commit) =>
    withShop(async ({ answer, restart }, server) => {
      await answer((await restart()).start(job(plan)))
      expect(server.made()[0]?.body).toMatchObject({ branch, commit })
    })
  )

  test('takes message and organization from the workflow, where the operator lists it', () =>
    withShop(
      async ({ answer, restart }, server) => {
        const provider = await restart()
        const settings: Plan['settings'] = [
          ['message', 'Nightly'],
          ['org', 'other']
        ]
        expect(await answer(provider.start(job({ settings })))).toEqual({ _tag: 'Accepted', external: 'other/demo/1' })
        expect(server.made()[0]?.body['message']).toBe('Nightly')
        expect(await answer(provider.find(job({ settings })))).toEqual({ _tag: 'Accepted', external: 'other/demo/1' })
        expect(await answer(provider.find(job()))).toEqual({ _tag: 'Missing' })
        const third = await answer(provider.start(job({ settings: [['org', 'third']] })))
        expect([third._tag, 'error' in third ? third.error : '']).toEqual(['Refused', expect.stringContaining('"third"')])
      },
      { organizations: [ORGANIZATION, 'other'] }
    ))

  test.each(['', '..', 'a/b', 'a b', '%2e', '-a'])('a start of the pipeline %j is refused before anything is requested', (pipeline) =>
    withShop(async ({ answer, restart }, server) => {
      expect((await answer((await restart()).start(job({ pipeline }))))._tag).toBe('Refused')
      expect(server.calls()).toEqual([])
    })
  )

  test('a start of an unknown pipeline is refused in a sentence', () =>
    withShop(async ({ answer, restart }) => {
      expect(await answer((await restart()).start(job({ pipeline: 'nowhere' })))).toEqual({
        _tag: 'Refused',
        error: 'Buildkite does not start the pipeline "acme/nowhere" (404): No pipeline found'
      })
    }))
})

describe('a look-up', () => {
  test('takes the first of a rebuilt build, over pages', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      for (let n = 0; n < 65; n++) await answer(provider.start(job()))
      expect(await answer((await restart()).find(job()))).toEqual({ _tag: 'Accepted', external: 'acme/demo/1' })
      const pages = server.calls().filter(({ method }) => method === 'GET')
      expect(pages.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3'])
      expect(pages[0]?.query.get('meta_data[tack:pipeline_rkey]')).toBe('3mbd3542k2222')
    }))
})

describe('a report', () => {
  test.each<[{ readonly [name: string]: unknown }, string, number | null, string | null]>([
    [{ state: 'creating' }, 'pending', null, null],
    [{ state: 'scheduled' }, 'pending', null, null],
    [{ state: 'running' }, 'running', null, null],
    [{ state: 'failing' }, 'running', null, null],
    [{ state: 'canceling' }, 'running', null, null],
    [{ state: 'waiting' }, 'running', null, null],
    [{ state: 'waiting_failed' }, 'running', null, null],
    [{ state: 'blocked' }, 'running', null, 'block step'],
    [{ blocked: true, state: 'passed' }, 'running', null, 'block step'],
    [{ state: 'passed' }, 'success', null, null],
    [{ blocked: true, state: 'failed' }, 'failed', 2, '":hammer: Test" ended with exit status 2'],
    [{ jobs: [{ id: 'a', name: null, command: 'make', exit_status: -1, state: 'timed_out' }], state: 'failed' }, 'failed', -1, '"make" took too long'],
    [{ jobs: [{ id: 'a', exit_status: 1, soft_failed: true, state: 'failed' }], state: 'failed' }, 'failed', null, 'The build failed'],
    [{ cancel_reason: 'enough', state: 'canceled' }, 'cancelled', null, 'enough'],
    [{ state: 'canceled' }, 'cancelled', null, null],
    [{ state: 'skipped' }, 'cancelled', null, 'skipped'],
    [{ state: 'not_run' }, 'failed', null, 'did not run']
  ])('a report of %j is %s', (fields, status, exitCode, error) =>
    withShop(async ({ answer, restart, until }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      server.amend(job().key, fields)
      if (status === 'failed' && exitCode === 2) server.ledger.all().forEach((entry) => (entry.status = 'failed'))
      const reports: Array<Progress> = []
      const stop = provider.follow(job(), 'acme/demo/1', (progress) => reports.push(progress))
      await until(() => reports.length > 0)
      stop()
      expect(reports).toMatchObject([{ exitCode, external: 'acme/demo/1', status }])
      if (error === null) expect(reports[0]?.error).toBeNull()
      else expect(reports[0]?.error).toContain(error)
    })
  )

  test('a report of an unknown state is left out; the state is requested again', () =>
    withShop(async ({ answer, restart, until }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      server.amend(job().key, { state: 'levitating' })
      const reports: Array<unknown> = []
      provider.follow(job(), 'acme/demo/1', (progress) => reports.push(progress))
      await until(() => server.calls().length > 4)
      expect(reports).toEqual([])
      server.amend(job().key, { state: 'passed' })
      await until(() => reports.length > 0)
      expect(reports).toMatchObject([{ status: 'success' }])
    }))
})

describe('a rate limit', () => {
  test('lasts until its window is over', () =>
    withShop(async ({ answer, clock, restart }, server) => {
      const provider = await restart()
      const reset = { 'RateLimit-Limit': '200', 'RateLimit-Remaining': '0', 'RateLimit-Reset': '42' }
      const limited = buildkite.make(
        { ...SETTINGS, url: server.url },
        {
          checkout: () => Promise.reject(new Error()),
          clock,
          environment: {},
          fetch: () => Promise.resolve(new Response('{"message":"slow down"}', { headers: reset, status: 429 })),
          folder: '',
          log: { debug: () => undefined, error: () => undefined, info: () => undefined, warn: () => undefined },
          name: 'limited'
        }
      )
      if (limited._tag === 'Left') throw new Error(limited.left)
      expect(await answer(limited.right.start(job()))).toEqual({
        _tag: 'Uncertain',
        error: 'the server answered 429: slow down',
        waitMs: 42_000
      })
      await limited.right.close()
      await provider.close()
    }))
})

describe('a cancel', () => {
  test('a cancel of a missing build is acknowledged, and of a build that we may not see is not', () =>
    withShop(async ({ answer, restart }) => {
      const provider = await restart()
      expect(await answer(provider.cancel(job(), 'acme/demo/77'))).toEqual({ _tag: 'Acknowledged' })
      expect((await answer(provider.cancel(job(), 'acme/nowhere/77')))._tag).toBe('Uncertain')
      for (const external of ['', '77', 'acme/../77', 'acme/demo/77/x', 'acme/demo/x'])
        expect((await answer(provider.cancel(job(), external)))._tag).toBe('Uncertain')
    }))
})

describe('a log', () => {
  test('leaves out what agents draw between its lines', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const [entry] = server.ledger.all()
      entry?.log.push('--- :hammer: make', 'ok')
      if (entry !== undefined) entry.status = 'success'
      const lines: Array<unknown> = []
      const read = async (): Promise<void> => {
        for await (const line of provider.logs(job(), 'acme/demo/1', new AbortController().signal)) lines.push(line)
      }
      await answer(read())
      expect(lines).toMatchObject([
        { _tag: 'Step', kind: 'user', name: ':hammer: Test', status: 'start' },
        { _tag: 'Text', text: '--- :hammer: make' },
        { _tag: 'Text', text: 'ok' },
        { _tag: 'Step', status: 'end' }
      ])
    }))
})

test('a log says which jobs have failed', async () => {
  const job1 = (name: string, how: object) => ({ finished_at: 'then', id: name, name, started_at: 'before', ...how })
  const jobs = [job1('passed', { exit_status: 0, state: 'passed' }), job1('failed', { exit_status: 1, state: 'failed' }), job1('soft', { exit_status: 1, soft_failed: true, state: 'failed' })]
  const { answer, provider } = answeredBy(buildkite, { ...SETTINGS, pollSeconds: 1 }, ({ url }) => (url.endsWith('/log') ? 'one\n' : { jobs, number: 7, state: 'failed' }))
  expect(await answer(failedIn(provider.logs(job(), 'acme/demo/7', new AbortController().signal)))).toEqual(['failed end'])
  await provider.close()
})

describe('a log that cannot be shown', () => {
  const ended = { finished_at: 'then', id: 'a', name: 'test', started_at: 'before' }
  const passed = (...jobs: ReadonlyArray<object>) => ({ jobs, number: 7, state: 'passed' })
  const not = (status: number) => () => new Response('{"message":"no"}', { status })

  test.each<[string, { readonly builds?: ReadonlyArray<object | (() => Response)>; readonly log?: ReadonlyArray<() => unknown> }, ReadonlyArray<string>]>([
    ['is kept no more', { log: [not(404)] }, ['[Log]', 'Buildkite does not keep a log of this job.']],
    ['may not be read', { log: [not(403)] }, ['[Log]', 'The log is unavailable: no']],
    [
      'comes late',
      { builds: [...Array<object>(2).fill({ jobs: [{ ...ended, finished_at: null }], number: 7, state: 'running' }), passed(ended)], log: [not(404), () => 'one\n'] },
      ['[test]', 'one']
    ],
    ['is too long', { log: [() => 'x'.repeat(16_777_217)] }, ['[test]', ...Array<string>(1_024).fill('x'.repeat(16_384)), '(The log continues at Buildkite; the rest is not shown here.)']],
    // What takes the square of the length takes minutes here.
    [
      'has marks that do not end',
      { log: [() => `\u001b_bk;t=1\u0007one\n${`${'\u001b_bk;'.repeat(1_000)}\n`.repeat(200)}`] },
      ['[test]', 'one', ...Array<string>(200).fill('\u001b_bk;'.repeat(1_000))]
    ],
    ['is of a build that is gone', { builds: [not(404)] }, ['[Log]', 'The log is unavailable: Buildkite no longer has the build.']],
    [
      'is of jobs of which some are none, and some never began',
      { builds: [passed({ ...ended, id: 'w', type: 'waiter' }, { ...ended, id: 'b', started_at: null }, { ...ended, id: 'c', type: 'manual' }, { ...ended, name: null })] },
      ['[job]', 'one']
    ]
  ])('says that it %s', async (_, { builds = [passed(ended)], log = [() => 'one\n'] }, said) => {
    let [readBuilds, readLogs] = [0, 0]
    const { answer, provider } = answeredBy(buildkite, { ...SETTINGS, pollSeconds: 1 }, ({ url }) => {
      if (url.endsWith('/log')) return log[Math.min(readLogs++, log.length - 1)]?.()
      const build = builds[Math.min(readBuilds++, builds.length - 1)]
      return typeof build === 'function' ? build() : build
    })
    expect(await answer(saidIn(provider.logs(job(), 'acme/demo/7', new AbortController().signal)))).toEqual(said)
    await provider.close()
  })
})

describe('a webhook', () => {
  const hooked = async (body: (server: BuildkiteServer) => Buffer) => {
    const answers: Array<unknown> = []
    await withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const bytes = body(server)
      const request: WebhookRequest = { body: bytes, headers: { 'x-buildkite-signature': signature(bytes, 1_767_225_600_000) }, nowMs: 1_767_225_600_000 }
      answers.push(provider.webhook?.(request))
    })
    return answers[0]
  }
  const change = (server: BuildkiteServer, fields: { readonly [name: string]: unknown }): Buffer => {
    const said = JSON.parse(server.event(job().key).toString()) as { readonly build: object }
    return Buffer.from(JSON.stringify({ ...said, build: { ...said.build, ...fields } }))
  }

  test('about somebody else’s build, or no build, reports nothing', async () => {
    expect(await hooked((server) => change(server, { meta_data: {} }))).toEqual({ _tag: 'Reports', reports: [] })
    expect(await hooked((server) => change(server, { meta_data: null }))).toEqual({ _tag: 'Reports', reports: [] })
    expect(await hooked((server) => change(server, { url: 'https://elsewhere.example' }))).toEqual({ _tag: 'Reports', reports: [] })
    expect(await hooked(() => Buffer.from('{"event":"ping","service":{}}'))).toEqual({ _tag: 'Reports', reports: [] })
    expect(await hooked(() => Buffer.from('{"event":"job.finished","job":{}}'))).toEqual({ _tag: 'Reports', reports: [] })
    expect(await hooked(() => Buffer.from('{"event":"build.finished"}'))).toMatchObject({ _tag: 'BadRequest' })
  })

  test('about a finished build that is blocked reports that it waits', async () => {
    expect(await hooked((server) => change(server, { blocked: true, state: 'passed' }))).toMatchObject({
      reports: [{ build: BUILD satisfies BuildName, progress: { status: 'running' } }]
    })
  })
})

describe('settings', () => {
  test.each<[unknown, string]>([
    [null, 'must have settings'],
    [{}, 'organizations'],
    [{ organizations: [] }, 'organizations'],
    [{ organizations: ['a/b'] }, 'organizations'],
    [{ organizations: ['a'] }, 'TACK_BUILDKITE_TOKEN'],
    [{ ...SETTINGS, url: 'ftp://x' }, '"url"'],
    [{ ...SETTINGS, pollSeconds: 0 }, '"pollSeconds"'],
    [{ ...SETTINGS, settleSeconds: -1 }, '"settleSeconds"'],
    [{ ...SETTINGS, webhookMode: 'basic' }, '"webhookMode"'],
    [{ ...SETTINGS, webhookSecret: 'short' }, '"webhookSecret"']
  ])('%j are refused in a sentence', (settings, words) => {
    expect(faultOf(buildkite, settings)).toContain(words)
  })

  test('may come from the environment, under Buildkite’s own names', () => {
    const settings = { organizations: ['acme'] }
    expect(faultOf(buildkite, settings, { TACK_BUILDKITE_TOKEN: TOKEN })).toBeNull()
    expect(faultOf(buildkite, settings, { TACK_BUILDKITE_TOKEN: TOKEN, TACK_BUILDKITE_WEBHOOK_MODE: 'x' })).toContain('"webhookMode"')
    expect(faultOf(buildkite, settings, { TACK_BUILDKITE_TOKEN: TOKEN, TACK_BUILDKITE_WEBHOOK_SECRET: 'x' })).toContain('"webhookSecret"')
  })
})

describe('the check', () => {
  test.each([
    [401, '{"message":"Authentication required"}', 'Buildkite rejected the token (401): Authentication required'],
    [404, '<html>', 'Buildkite’s API does not answer at ci.example (404). Check "url", or try again later.'],
    [200, '<html>', 'Buildkite’s API does not answer at ci.example (200). Check "url", or try again later.'],
    [503, '{"message":"Maintenance"}', 'Buildkite’s API does not answer at ci.example (503): Maintenance. Check "url", or try again later.']
  ])('tells a token from a wrong address: %i, %s', async (status, body, sentence) => {
    const { answer, provider } = answeredBy(buildkite, { ...SETTINGS, url: 'https://ci.example' }, () => new Response(body, { status }))
    expect(await answer(provider.check())).toEqual({ isFine: false, sentence })
    await provider.close()
  })

  test('names the scopes that the token lacks', async () => {
    const server = await startBuildkite({ scopes: ['read_builds'] })
    const bench = benchOf({ kind: buildkite, ledger: server.ledger, server, settings: { ...SETTINGS, url: server.url } }, { plan: {}, secrets: [TOKEN], signing: null })
    const shop = await openWorkshop({ ...targetOf('token'), open: () => Promise.resolve(bench) })
    const { isFine, sentence } = await shop.answer((await shop.restart()).check())
    expect([isFine, sentence]).toEqual([false, 'The Buildkite token lacks the scopes write_builds, read_build_logs, read_pipelines.'])
    await shop.close()
  })

  test('names the organization that cannot be used', () =>
    withShop(
      async ({ answer, restart }) => {
        const { isFine, sentence } = await answer((await restart()).check())
        expect([isFine, sentence]).toEqual([false, expect.stringContaining('"closed"')])
      },
      { organizations: [ORGANIZATION, 'closed'] }
    ))
})
