/** The adapter for GitHub Actions: the contract, and what is GitHub's own. */
import type { Endpoints } from '@octokit/types'
import { describe, expect, test } from 'vitest'
import type { BuildName, Plan, Status } from '../../../core/index.js'
import { github } from '../../../shell/providers/github.js'
import { markOf } from '../../../shell/providers/dispatched.js'
import type { Job, LogLine, Progress, WebhookAnswer } from '../../../shell/providers/provider.js'
import { type Bench, BUILD, describeProvider, FAULTS, jobOf, ODD, openWorkshop, REFUSALS, type Target, type Workshop } from './contract.js'
import { answeredBy, benchOf, faultOf, failedIn, saidIn } from './servers/bench.js'
import { type GitHubServer, type GitHubServerOptions, SECRET, signature, startGitHub, TOKEN } from './servers/github.js'

type More = { readonly [name: string]: unknown }

const SETTINGS = { repositories: ['acme/app'], settleSeconds: 0.25, token: TOKEN }

const open = async (options: GitHubServerOptions = {}, more: More = {}): Promise<Bench & { readonly server: GitHubServer }> => {
  const server = await startGitHub(options)
  const settings = { ...SETTINGS, url: server.url, webhookSecret: SECRET, ...more }
  return {
    ...benchOf(
      { kind: github, ledger: server.ledger, nameOf: markOf, server, settings },
      {
        plan: { pipeline: 'ci.yml', settings: [['ref', 'main']] },
        secrets: [TOKEN, SECRET],
        signing: {
          body: (key) => server.event(markOf(key)),
          coversBody: true,
          hasTime: false,
          header: 'x-hub-signature-256',
          sign: (body) => ({ 'x-github-event': 'workflow_run', 'x-hub-signature-256': signature(body) })
        }
      }
    ),
    server
  }
}

const target: Target = {
  ends: ['success', 'failed', 'timeout'],
  faults: FAULTS,
  isIdempotent: false,
  name: 'github',
  open: () => open(),
  refusals: REFUSALS
}

describeProvider(target)

// ---------------------------------------------------------------------------------------- what is GitHub's own

const withShop = async (
  use: (shop: Workshop, server: GitHubServer) => Promise<void>,
  options: GitHubServerOptions = {},
  more: More = {}
): Promise<void> => {
  const bench = await open(options, more)
  const shop = await openWorkshop({ ...target, open: () => Promise.resolve(bench) })
  try {
    await use(shop, bench.server)
  } finally {
    await shop.close()
  }
}

const job = (plan: Partial<Plan> = {}, build: BuildName = BUILD): Job => jobOf(build, { pipeline: 'ci.yml', settings: [['ref', 'main']], ...plan })

const errorOf = (answer: object): string => ('error' in answer ? String(answer.error) : '')

const LONG: BuildName = { ...BUILD, workflow: `${'ö'.repeat(80)}.yml` as BuildName['workflow'] }

describe('a start', () => {
  test('passes the key and the variables to the workflow, and returns the run', () =>
    withShop(async ({ answer, restart }, server) => {
      const variables: Plan['variables'] = [
        ['CI', 'true'],
        ['__proto__', '"x"']
      ]
      expect(await answer((await restart()).start(job({ variables })))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
      const [call] = server.calls()
      expect([call?.method, call?.path, server.calls().length]).toEqual(['POST', '/repos/acme/app/actions/workflows/ci.yml/dispatches', 1])
      expect(JSON.parse(call?.body.toString() ?? '')).toEqual({
        inputs: { tack_key: 'knot.example/3mbd3542k2222/ci.yml', tack_variables: '{"CI":"true","__proto__":"\\"x\\""}' },
        ref: 'main',
        return_run_details: true
      })
    }))

  test('uses the default branch where the workflow names none', () =>
    withShop(async ({ answer, restart }, server) => {
      await answer((await restart()).start(job({ settings: [] })))
      expect(server.made()[0]?.body.ref).toBe('trunk')
    }))

  test.each<[Partial<Plan>, string]>([
    [{ settings: [['repo', 'acme/other']] }, 'acme/other/1000'],
    [{ settings: [['repo', 'Acme/Other']] }, 'Acme/Other/1000'],
    [{ pipeline: 'acme/other/ci.yml', settings: [['repo', 'acme/app']] }, 'acme/other/1000']
  ])('a start of %j is in that repository', (plan, external) =>
    withShop(
      async ({ answer, restart }) => {
        const provider = await restart()
        expect(await answer(provider.start(job(plan)))).toEqual({ _tag: 'Accepted', external })
        expect(await answer((await restart()).find(job(plan)))).toEqual({ _tag: 'Accepted', external })
      },
      {},
      { repositories: ['acme/*'] }
    )
  )

  test.each<[Partial<Plan>, string]>([
    [{ settings: [['repo', 'acme/other']] }, 'are not started here'],
    [{ pipeline: 'acme/other/ci.yml' }, 'are not started here'],
    [{ settings: [['repo', 'acme']] }, 'owner/name'],
    [{ settings: [['repo', 'acme/app/../other']] }, 'owner/name'],
    [{ settings: [['repo', '../app']] }, 'owner/name'],
    [{ pipeline: '' }, 'workflow file'],
    [{ pipeline: '..' }, 'workflow file'],
    [{ pipeline: 'a b.yml' }, 'workflow file'],
    [{ pipeline: 'app/ci.yml' }, 'owner/name']
  ])('a start of %j is refused before anything is requested', (plan, words) =>
    withShop(async ({ answer, restart }, server) => {
      const outcome = await answer((await restart()).start(job(plan)))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining(words)])
      expect(server.calls()).toEqual([])
    })
  )

  test.each<[Partial<Plan>, string]>([
    [{ pipeline: 'nowhere.yml' }, 'GitHub does not start the workflow "acme/app/nowhere.yml" (404): Not Found'],
    [{ settings: [['ref', 'gone']] }, 'GitHub does not start the workflow "acme/app/ci.yml" (422): No ref found for: gone']
  ])('a start of %j is refused in the words of GitHub', (plan, error) =>
    withShop(async ({ answer, restart }) => {
      expect(await answer((await restart()).start(job(plan)))).toEqual({ _tag: 'Refused', error })
    })
  )

  test('a start with more variables than GitHub accepts is refused', () =>
    withShop(async ({ answer, restart }, server) => {
      const of = (length: number) => job({ variables: [['A', 'x'.repeat(length)]] })
      const over = '{"tack_key":"knot.example/3mbd3542k2222/ci.yml","tack_variables":"{\\"A\\":\\"\\"}"}'.length
      expect((await answer((await restart()).start(of(65_535 - over))))._tag).toBe('Accepted')
      const outcome = await answer((await restart()).start(of(65_536 - over)))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('65535')])
      expect(server.made()).toHaveLength(1)
    }))

  test('is uncertain at a server that does not name the run, which is found later', () =>
    withShop(
      async ({ answer, restart }) => {
        const provider = await restart()
        expect((await answer(provider.start(job())))._tag).toBe('Uncertain')
        expect(await answer(provider.find(job()))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
      },
      { isOld: true },
      { returnsRun: false }
    ))

  test('is refused at a server that cannot name the run, and nothing is started', () =>
    withShop(
      async ({ answer, restart }, server) => {
        expect((await answer((await restart()).start(job())))._tag).toBe('Refused')
        expect(server.made()).toEqual([])
      },
      { isOld: true }
    ))
})

describe('a look-up', () => {
  test('does not show a run that is listed late, and finds it as soon as it is listed', () =>
    withShop(
      async ({ answer, restart }, server) => {
        const provider = await restart()
        server.misbehave(() => 'done, then reset')
        expect((await answer(provider.start(job())))._tag).toBe('Uncertain')
        server.misbehave(() => null)
        server.hide(true)
        expect(await answer(provider.find(job()))).toEqual({ _tag: 'Missing' })
        server.hide(false)
        expect(await answer(provider.find(job()))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
      }
    ))

  test('asks for the runs that can belong to the trigger, turns pages, and searches anew beyond a thousand', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      for (let n = 0; n < 1_234; n++) server.add(`tack a/b/${String(n)}`, `2026-01-02T00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}Z`)
      expect(await answer(provider.find(job()))).toEqual({ _tag: 'Accepted', external: 'acme/app/1000' })
      const asked = server.calls().filter(({ path }) => path.endsWith('/runs'))
      expect(asked).toHaveLength(13)
      expect(asked[0]?.query.get('created')).toBe('>=2025-12-31T00:00:00Z')
      expect(asked[10]?.query.get('created')).toBe('2025-12-31T00:00:00Z..2026-01-02T00:03:54Z')
    }))

  test('a look-up of a trigger whose key is no time goes back to the beginning', () =>
    withShop(async ({ answer, restart }, server) => {
      const [odd = BUILD] = ODD.filter(({ rkey }) => rkey === 'a:b~c._-')
      expect(await answer((await restart()).find(job({}, odd)))).toEqual({ _tag: 'Missing' })
      expect(server.calls()[0]?.query.has('created')).toBe(false)
    }))

  test.each([
    ['tack knot.example/3mbd3542k2222/ci.yml', true],
    ['CI (knot.example/3mbd3542k2222/ci.yml)', true],
    ['[knot.example/3mbd3542k2222/ci.yml] by Ann', true],
    ['knot.example/3mbd3542k2222/ci.yml2', false],
    ['xknot.example/3mbd3542k2222/ci.yml', false],
    ['knot.example/3mbd3542k2222/ci.yml/x a/b/c', false],
    ['KNOT.example/3mbd3542k2222/ci.yml a/b/c', false]
  ])('knows a run named "%s": %s', (title, isOurs) =>
    withShop(async ({ answer, restart }, server) => {
      server.add(title, '2026-01-01T00:00:00Z')
      expect((await answer((await restart()).find(job())))._tag).toBe(isOurs ? 'Accepted' : 'Missing')
    })
  )

  test('proves nothing among runs that do not name their build; those from before the trigger do not matter', () =>
    withShop(
      async ({ answer, restart }, server) => {
        const provider = await restart()
        server.add('CI', '2025-12-31T23:54:59Z')
        expect(await answer(provider.find(job()))).toEqual({ _tag: 'Missing' })
        server.misbehave(() => 'done, then reset')
        await answer(provider.start(job()))
        server.misbehave(() => null)
        const outcome = await answer(provider.find(job()))
        expect([outcome._tag, errorOf(outcome)]).toEqual(['Uncertain', expect.stringContaining('${{ inputs.tack_key }}')])
      },
      { runName: () => 'CI' }
    ))

  test('finds a long key by its digest', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      const outcome = await answer(provider.start(job({}, LONG)))
      expect(server.made()[0]?.title).toBe(`tack ${markOf(job({}, LONG).key)}`)
      expect(markOf(job({}, LONG).key)).toMatch(/^sha256\/[0-9a-f]{64}\/long$/)
      expect(await answer((await restart()).find(job({}, LONG)))).toEqual(outcome)
    }))
})

describe('following', () => {
  test('following only asks for news', () =>
    withShop(async ({ answer, restart, until }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const reports: Array<Progress> = []
      provider.follow(job(), 'acme/app/1000', (progress) => reports.push(progress))
      await until(() => server.unchanged() > 2)
      for (const entry of server.ledger.all()) entry.status = 'success'
      await until(() => reports.length > 1)
      expect(reports.map(({ status }) => status)).toEqual(['pending', 'success'])
    }))

  test('tells the operator that a workflow does not name its runs as it must', () =>
    withShop(
      async ({ answer, heard, restart, until }) => {
        const provider = await restart()
        await answer(provider.start(job()))
        const reports: Array<Progress> = []
        const stop = provider.follow(job(), 'acme/app/1000', (progress) => reports.push(progress))
        await until(() => reports.length > 0)
        stop()
        expect(heard.filter((line) => line.includes('run-name'))).toHaveLength(1)
      },
      { runName: () => 'CI' }
    ))

  test.each<[Parameters<GitHubServer['amend']>[1], Status, string | null]>([
    [{ status: 'queued' }, 'pending', null],
    [{ status: 'requested' }, 'pending', null],
    [{ status: 'pending' }, 'pending', null],
    [{ status: 'waiting' }, 'pending', 'waiting for somebody to approve it'],
    [{ status: 'in_progress' }, 'running', null],
    [{ conclusion: 'success', status: 'completed' }, 'success', null],
    [{ conclusion: 'neutral', status: 'completed' }, 'success', null],
    [{ conclusion: 'skipped', status: 'completed' }, 'success', null],
    [{ conclusion: 'failure', status: 'completed' }, 'failed', 'The run failed: https://github.com/acme/app/actions/runs/1000'],
    [{ conclusion: 'cancelled', status: 'completed' }, 'cancelled', null],
    [{ conclusion: 'timed_out', status: 'completed' }, 'timeout', 'took longer'],
    [{ conclusion: 'startup_failure', status: 'completed' }, 'failed', 'invalid'],
    [{ conclusion: 'action_required', status: 'completed' }, 'failed', 'needs somebody to act'],
    [{ conclusion: 'stale', status: 'completed' }, 'failed', '"stale"'],
    [{ conclusion: null, status: 'completed' }, 'failed', '"unknown"']
  ])('a run that stands at %j is %s', (fields, status, error) =>
    withShop(async ({ answer, restart, until }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      server.amend(job().key, fields)
      const reports: Array<Progress> = []
      const stop = provider.follow(job(), 'acme/app/1000', (progress) => reports.push(progress))
      await until(() => reports.length > 0)
      stop()
      expect(reports).toMatchObject([{ exitCode: null, external: 'acme/app/1000', status }])
      if (error === null) expect(reports[0]?.error).toBeNull()
      else expect(reports[0]?.error).toContain(error)
    })
  )
})

describe('requests', () => {
  type Parameters<R extends keyof Endpoints> = Endpoints[R]['parameters']

  test('requests not described by GitHub do not compile', () => {
    const at = { owner: 'acme', repo: 'app' }
    const dispatch: Parameters<'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches'> = {
      ...at,
      // @ts-expect-error There is no such field.
      branch: 'main',
      ref: 'main',
      workflow_id: 'ci.yml'
    }
    // @ts-expect-error A status of GitHub's is not one of ours.
    const list: Parameters<'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs'> = { ...at, status: 'running', workflow_id: 'ci.yml' }
    // @ts-expect-error There is no such request.
    const route: keyof Endpoints = 'POST /repos/{owner}/{repo}/actions/runs/{run_id}/stop'
    expect([dispatch, list, route]).toHaveLength(3)
  })
})

describe('limits', () => {
  const NOW_S = 1_767_225_600
  test.each<[number, { readonly [name: string]: string }, string, number]>([
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_S + 90) }, 'API rate limit exceeded', 90_000],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_S + 90) }, 'x', 90_000],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_S - 5) }, 'API rate limit exceeded', 1_000],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' }, 'API rate limit exceeded', 3_600_000],
    [403, { 'retry-after': '30' }, 'You have exceeded a secondary rate limit', 30_000],
    [403, {}, 'You have exceeded a secondary rate limit', 60_000],
    [403, {}, 'Secondary Rate Limit', 60_000],
    [429, {}, 'slow down', 60_000]
  ])('a %i with %j, "%s", is a wait of %i ms', (status, headers, message, waitMs) =>
    withShop(async ({ answer, clock }) => {
      const made = github.make(
        { ...SETTINGS, url: 'https://api.github.com' },
        {
          checkout: () => Promise.reject(new Error()),
          clock,
          environment: {},
          fetch: () => Promise.resolve(new Response(JSON.stringify({ message }), { headers, status })),
          folder: '',
          log: { debug: () => undefined, error: () => undefined, info: () => undefined, warn: () => undefined },
          name: 'limited'
        }
      )
      if (made._tag === 'Left') throw new Error(made.left)
      expect(await answer(made.right.start(job()))).toEqual({ _tag: 'Uncertain', error: `the server answered ${String(status)}: ${message}`, waitMs })
      await made.right.close()
    })
  )
})

describe('a cancel', () => {
  test('a cancel of a missing run is acknowledged, and of a run that we may not see is not', () =>
    withShop(async ({ answer, restart }) => {
      const provider = await restart()
      expect(await answer(provider.cancel(job(), 'acme/app/77'))).toEqual({ _tag: 'Acknowledged' })
      expect((await answer(provider.cancel(job(), 'acme/hidden/77')))._tag).toBe('Uncertain')
      for (const external of ['', '77', 'acme/../77', 'acme/app/77/x', 'acme/app/x'])
        expect((await answer(provider.cancel(job(), external)))._tag).toBe('Uncertain')
    }))
})

describe('a log', () => {
  test('is fetched from where it lies, without the token, and loses its timestamps', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const [entry] = server.ledger.all()
      entry?.log.push('##[group]Run make', 'ok', '')
      if (entry !== undefined) entry.status = 'success'
      const lines: Array<LogLine> = []
      const read = async (): Promise<void> => {
        for await (const line of provider.logs(job(), 'acme/app/1000', new AbortController().signal)) lines.push(line)
      }
      await answer(read())
      expect(lines.map((line) => (line._tag === 'Text' ? line.text : `${line.name} ${line.status}`))).toEqual([
        'test (20) start',
        '##[group]Run make',
        'ok',
        '',
        'test (20) end'
      ])
      expect(server.storage.calls().map(({ headers }) => headers.authorization)).toEqual([undefined])
    }))
})

test('a log says which jobs have failed', async () => {
  const conclusions = ['success', 'failure', 'cancelled', 'timed_out', 'neutral']
  const jobs = conclusions.map((conclusion, id) => ({ conclusion, id, name: conclusion, status: 'completed' }))
  const { answer, provider } = answeredBy(github, { ...SETTINGS, pollSeconds: 1 }, ({ url }) => {
    if (url === 'https://logs.example/1') return 'hello\n'
    if (/\/logs$/.test(url)) return new Response(null, { headers: { location: 'https://logs.example/1' }, status: 302 })
    return /\/jobs\?/.test(url) ? { jobs } : { created_at: '2026-01-01T00:00:00Z', id: 7, status: 'completed' }
  })
  expect(await answer(failedIn(provider.logs(job(), 'acme/app/7', new AbortController().signal)))).toEqual(['failure end', 'timed_out end'])
  await provider.close()
})

describe('a log that cannot be shown', () => {
  const RUN = { created_at: '2026-01-01T00:00:00Z', id: 7, status: 'completed' }
  const JOBS = { jobs: [{ conclusion: 'success', id: 1, name: 'test', status: 'completed' }] }
  const to = (location: string) => () => new Response(null, { headers: { location }, status: 302 })
  const not = (status: number) => () => new Response('{"message":"no"}', { status })
  const SKIPPED = Array.from({ length: 100 }, (_, n) => ({ conclusion: 'skipped', id: 100 + n, name: 'skipped', status: 'completed' }))

  test.each<[string, { readonly jobs?: ReadonlyArray<() => unknown>; readonly logs?: ReadonlyArray<() => unknown>; readonly run?: ReadonlyArray<() => unknown>; readonly stored?: string }, ReadonlyArray<string>]>([
    ['is kept no more', { logs: [not(410)] }, ['[Log]', 'GitHub no longer has the log of this job.']],
    ['comes late', { logs: [not(404), not(404), not(404), not(404), to('https://logs.example/1')] }, ['[test]', 'hello']],
    ['does not come', { logs: [not(404)] }, ['[Log]', 'GitHub has no log of this job.']],
    ['may not be read', { logs: [not(403)] }, ['[Log]', 'The log is unavailable: no']],
    [
      'lies where anybody could read along, or nowhere',
      { logs: [to('http://logs.example/1'), to('logs'), to('https://logs.example/1')] },
      ['[Log]', 'The log is unavailable at the moment: GitHub does not say where the log is', '[test]', 'hello']
    ],
    [
      'is too long',
      { stored: 'x'.repeat(8_388_609) },
      ['[test]', ...Array<string>(512).fill('x'.repeat(16_384)), '(The log continues at GitHub; the rest is not shown here.)']
    ],
    ['is of a run that is gone', { run: [not(404)] }, ['[Log]', 'The log is unavailable: GitHub no longer has the run.']],
    ['is of jobs that are gone', { jobs: [not(404)] }, ['[Log]', 'The log is unavailable: GitHub no longer has the run.']],
    ['is of a job on the second page', { jobs: [() => ({ jobs: SKIPPED }), () => JOBS, () => ({ jobs: SKIPPED }), () => JOBS] }, ['[test]', 'hello']],
    [
      'is of a job that has not ended, while the run has not',
      { jobs: [() => ({ jobs: [{ id: 1, name: 'test', status: 'in_progress' }] }), () => JOBS], run: [() => ({ ...RUN, status: 'in_progress' }), () => RUN] },
      ['[test]', 'hello']
    ]
  ])('says that it %s', async (_, { jobs = [() => JOBS], logs = [to('https://logs.example/1')], run = [() => RUN], stored = '2026-01-01T00:00:00.1234567Z hello\n' }, said) => {
    const counts = new Map<string, number>()
    const next = (of: string, replies: ReadonlyArray<() => unknown>): unknown => {
      const n = counts.get(of) ?? 0
      counts.set(of, n + 1)
      return replies[Math.min(n, replies.length - 1)]?.()
    }
    const { answer, provider } = answeredBy(github, { ...SETTINGS, pollSeconds: 1 }, ({ url }) =>
      url === 'https://logs.example/1' ? stored : /\/logs$/.test(url) ? next('logs', logs) : /\/jobs\?/.test(url) ? next('jobs', jobs) : next('run', run)
    )
    expect(await answer(saidIn(provider.logs(job(), 'acme/app/7', new AbortController().signal)))).toEqual(said)
    await provider.close()
  })
})

describe('a webhook', () => {
  const hooked = async (use: (tell: (body: Buffer, event?: string) => WebhookAnswer | undefined, shop: Workshop, server: GitHubServer) => Promise<void>) =>
    withShop(async (shop, server) => {
      const provider = await shop.restart()
      await shop.answer(provider.start(job()))
      await use(
        (body, event = 'workflow_run') =>
          provider.webhook?.({ body, headers: { 'x-github-event': event, 'x-hub-signature-256': signature(body) }, nowMs: 1_767_225_600_000 }),
        shop,
        server
      )
    })

  test('about a run that only calls itself ours reports nothing', () =>
    hooked(async (tell, shop, server) => {
      server.add(`tack ${job().key}`, '2026-01-01T00:00:00Z')
      expect(tell(server.event(`by hand tack ${job().key}`))).toEqual({ _tag: 'Reports', reports: [] })
      const other = await shop.restart()
      const body = server.event(job().key)
      const request = { body, headers: { 'x-github-event': 'workflow_run', 'x-hub-signature-256': signature(body) }, nowMs: 0 }
      expect(other.webhook?.(request)).toEqual({ _tag: 'Reports', reports: [] })
      // Whoever is followed is known again.
      other.follow(job(), 'acme/app/1000', () => undefined)()
      expect(other.webhook?.(request)).toMatchObject({ reports: [{ build: BUILD, progress: { external: 'acme/app/1000', status: 'pending' } }] })
    }))

  test('may spell the repository as its owner does', () =>
    hooked((tell, _shop, server) => {
      expect(tell(server.event(job().key, 'Acme/App'))).toMatchObject({ reports: [{ progress: { external: 'acme/app/1000' } }] })
      return Promise.resolve()
    }))

  test.each(['Acme/App', 'acme/app'])('belongs to the run that is followed, whatever the workflow calls the repository: %s', (repo) =>
    withShop(
      async ({ answer, restart }, server) => {
        const provider = await restart()
        const settings: Plan['settings'] = [['ref', 'main'], ['repo', repo]]
        expect(await answer(provider.start(job({ settings })))).toEqual({ _tag: 'Accepted', external: `${repo}/1000` })
        for (const fullName of ['acme/app', 'ACME/App']) {
          const body = server.event(job().key, fullName)
          const headers = { 'x-github-event': 'workflow_run', 'x-hub-signature-256': signature(body) }
          expect(provider.webhook?.({ body, headers, nowMs: 0 })).toMatchObject({ reports: [{ build: BUILD, progress: { external: `${repo}/1000` } }] })
        }
      },
      {},
      { repositories: ['Acme/*'] }
    )
  )

  test('is believed about the last ten thousand runs that were followed', async () => {
    const { provider } = answeredBy(github, { ...SETTINGS, webhookSecret: SECRET }, () => ({}))
    // Then nothing is asked about them, which would take long.
    await provider.close()
    for (let id = 1; id <= 10_001; id++) provider.follow(job(), `acme/app/${String(id)}`, () => undefined)()
    const reports = [1, 2, 10_001].map((id) => {
      const body = Buffer.from(JSON.stringify({ repository: { full_name: 'acme/app' }, workflow_run: { created_at: '', id, status: 'queued' } }))
      const answer = provider.webhook?.({ body, headers: { 'x-github-event': 'workflow_run', 'x-hub-signature-256': signature(body) }, nowMs: 0 })
      return answer?._tag === 'Reports' ? answer.reports.length : answer
    })
    expect(reports).toEqual([0, 1, 1])
  })

  test('about something else reports nothing', () =>
    hooked((tell, _shop, server) => {
      expect(tell(Buffer.from('{"zen":"x"}'), 'ping')).toEqual({ _tag: 'Reports', reports: [] })
      expect(tell(server.event(job().key), 'workflow_job')).toEqual({ _tag: 'Reports', reports: [] })
      expect(tell(server.event(job().key, 'acme/else'))).toEqual({ _tag: 'Reports', reports: [] })
      return Promise.resolve()
    }))
})

describe('settings', () => {
  test.each<[unknown, string]>([
    [{}, 'repositories'],
    [{ repositories: [] }, '"repositories"'],
    [{ repositories: ['acme'] }, '"repositories"'],
    [{ repositories: ['*/*'] }, '"repositories"'],
    [{ repositories: ['a/b/c'] }, '"repositories"'],
    [{ repositories: ['a/b'] }, 'TACK_GITHUB_TOKEN'],
    [{ ...SETTINGS, url: 'github' }, '"url"'],
    [{ ...SETTINGS, pollSeconds: 0.5 }, '"pollSeconds"'],
    [{ ...SETTINGS, settleSeconds: 4_000 }, '"settleSeconds"'],
    [{ ...SETTINGS, webhookSecret: 'short' }, '"webhookSecret"']
  ])('%j are refused in a sentence', (settings, words) => {
    expect(faultOf(github, settings)).toContain(words)
  })

  test('may come from the environment', () => {
    expect(faultOf(github, { repositories: ['a/*'] }, { TACK_GITHUB_TOKEN: TOKEN })).toBeNull()
    expect(faultOf(github, { repositories: ['a/b'] }, { TACK_GITHUB_TOKEN: TOKEN, TACK_GITHUB_WEBHOOK_SECRET: 'x' })).toContain('"webhookSecret"')
  })
})

describe('the check', () => {
  test('names the repository that the token cannot see', () =>
    withShop(
      async ({ answer, restart }) => {
        const { isFine, sentence } = await answer((await restart()).check())
        expect([isFine, sentence]).toEqual([false, expect.stringContaining('acme/hidden')])
      },
      {},
      { repositories: ['acme/*', 'acme/app', 'acme/hidden'] }
    ))
})
