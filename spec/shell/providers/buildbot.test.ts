/** The adapter for Buildbot: the contract, against a server that stands in for it; and builds by a real one, where there is one. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BuildName, Plan, Status } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import type { Clock } from '../../../shell/ports.js'
import { buildbot } from '../../../shell/providers/buildbot.js'
import type { Job, LogLine, Progress, Provider } from '../../../shell/providers/provider.js'
import { type Bench, BUILD, describeProvider, FAULTS, faultsOfLog, jobOf, ODD, openWorkshop, REFUSALS, type Target, type Workshop } from './contract.js'
import { answeredBy, benchOf, faultOf, make, type Question, saidIn, surround, type Surrounded } from './servers/bench.js'
import { type BuildbotServer, type BuildbotServerOptions, CANARIES, PASSWORD, startBuildbot, USER, WORKERS } from './servers/buildbot.js'
import { type RealBuildbot, startRealBuildbot, whyNot } from './servers/real-buildbot.js'

const open = async (options: BuildbotServerOptions = {}, more: { readonly [name: string]: unknown } = {}): Promise<Bench & { readonly server: BuildbotServer }> => {
  const server = await startBuildbot(options)
  const login = options.isGuarded === false ? {} : { password: PASSWORD, user: USER }
  const settings = { settleSeconds: 0.25, url: `${server.url}/`, ...login, ...more }
  return {
    ...benchOf({ kind: buildbot, ledger: server.ledger, server, settings }, { plan: { pipeline: 'demo' }, secrets: options.isGuarded === false ? [WORKERS] : [WORKERS, ...CANARIES], signing: null }),
    server
  }
}

const targetOf = (name: string, options: BuildbotServerOptions): Target => ({
  ends: ['success', 'failed'],
  faults: FAULTS,
  isIdempotent: false,
  name,
  open: () => open(options),
  refusals: REFUSALS
})

describeProvider(targetOf('buildbot', {}))

if (whyNot !== null) console.warn(`No build is run by a real Buildbot: ${whyNot}.`)

// ---------------------------------------------------------------------------------------- what is Buildbot's own

const withShop = async (
  use: (shop: Workshop, server: BuildbotServer) => Promise<void>,
  options: BuildbotServerOptions = {},
  more: { readonly [name: string]: unknown } = {}
): Promise<void> => {
  const bench = await open(options, more)
  const shop = await openWorkshop({ ...targetOf('', options), open: () => Promise.resolve(bench) })
  try {
    await use(shop, bench.server)
  } finally {
    await shop.close()
  }
}

const job = (plan: Partial<Plan> = {}, build: BuildName = BUILD): Job => jobOf(build, { pipeline: 'demo', ...plan })

const errorOf = (answer: object): unknown => ('error' in answer ? answer.error : null)

describe('a start', () => {
  test('gives the scheduler the key, the variables and the source', () =>
    withShop(async ({ answer, restart }, server) => {
      const variables: Plan['variables'] = [
        ['CI', 'true'],
        ['TANGLED_REPO_URL', 'https://knot.example/hello'],
        ['__proto__', 'x']
      ]
      await answer((await restart()).start(job({ variables })))
      expect(server.forced()[0]?.params).toEqual({
        branch: 'main',
        builderNames: ['demo'],
        project: job().key,
        reason: 'ci.yml for Tangled',
        repository: 'https://knot.example/hello',
        revision: 'a'.repeat(40),
        tack_key: job().key,
        tack_variables: '{"CI":"true","TANGLED_REPO_URL":"https://knot.example/hello","__proto__":"x"}'
      })
    }))

  test('a start of an unknown builder is refused, and nothing is requested', () =>
    withShop(async ({ answer, restart }, server) => {
      const outcome = await answer((await restart()).start(job({ pipeline: 'nope' })))
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', 'The force scheduler "tack" of Buildbot has no builder "nope".'])
      expect(server.calls().some(({ method }) => method === 'POST')).toBe(false)
    }))

  test.each<[BuildbotServerOptions['fields']]>([[[['tack_variables', 'textarea']]], [[['tack_key', 'fixed']]]])(
    'a start by a scheduler that keeps no key (%j) is refused: the build could never be found again',
    (fields = []) =>
      withShop(
        async ({ answer, restart }, server) => {
          const provider = await restart()
          const outcome = await answer(provider.start(job()))
          expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('tack_key')])
          expect(server.forced()).toEqual([])
          const { isFine, sentence } = await answer(provider.check())
          expect([isFine, sentence]).toEqual([false, expect.stringContaining('tack_key')])
        },
        { fields }
      )
  )

  test('a start by an unknown scheduler is refused', () =>
    withShop(
      async ({ answer, restart }) => {
        const outcome = await answer((await restart()).start(job()))
        expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('"else"')])
      },
      {},
      { scheduler: 'else' }
    ))
})

describe('a session', () => {
  test('is not needed where no login is required', () =>
    withShop(
      async ({ answer, restart, until }, server) => {
        const provider = await restart()
        expect(await answer(provider.check())).toMatchObject({ isFine: true })
        expect(await answer(provider.start(job()))).toEqual({ _tag: 'Accepted', external: '1000' })
        expect(await answer((await restart()).find(job()))).toEqual({ _tag: 'Accepted', external: '1000' })
        expect(await answer(provider.cancel(job(), '1000'))).toEqual({ _tag: 'Acknowledged' })
        const reports: Array<Progress> = []
        provider.follow(job(), '1000', (progress) => reports.push(progress))
        await until(() => reports.length > 0)
        expect(reports).toMatchObject([{ status: 'cancelled' }])
        expect(server.calls().some(({ headers, path }) => path === '/auth/login' || headers.authorization !== undefined)).toBe(false)
      },
      { isGuarded: false }
    ))

  test('is renewed when it has expired, and the rejected request is repeated', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      server.forget()
      await answer(provider.start(job()))
      server.forget()
      expect((await answer(provider.find(job())))._tag).toBe('Accepted')
      server.forget()
      expect(await answer(provider.cancel(job(), '1000'))).toEqual({ _tag: 'Acknowledged' })
      expect(server.forced()).toHaveLength(1)
    }))

  test('fails with a wrong password: refused, without the password in the message', () =>
    withShop(
      async ({ answer, restart }) => {
        const outcome = await answer((await restart()).start(job()))
        expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('admins')])
      },
      {},
      { password: 'wrong' }
    ))
})

describe('an insufficient session', () => {
  test.each(['broken', 'busy', 'done, then 502'] as const)('leaves everything open because the login is %s', (fault) =>
    withShop(async ({ answer, restart }, server) => {
      server.misbehave(({ path }) => (path === '/auth/login' ? fault : null))
      expect((await answer((await restart()).start(job())))._tag).toBe('Uncertain')
      expect(server.forced()).toEqual([])
    })
  )

  test('is a refusal that does not show the session', () =>
    withShop(
      async ({ answer, restart }, server) => {
        const outcome = await answer((await restart()).start(job()))
        expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining("you need to have role 'admins', TWISTED_SESSION=***")])
        // It has tried to log in anew, once.
        expect(server.calls().map(({ path }) => path)).toEqual(['/auth/login', '/api/v2/forceschedulers/tack', '/auth/login', '/api/v2/forceschedulers/tack'])
      },
      { isBarred: true }
    ))
})

describe('a look-up', () => {
  test('turns pages, and takes the first of several', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      const { outcome } = { outcome: await answer(provider.start(job())) }
      for (let n = 0; n < 201; n++) server.ledger.start('x')
      for (let n = 0; n < 105; n++) await answer(provider.start(job({}, ODD[n % 5] ?? BUILD)))
      expect(await answer(provider.find(job()))).toEqual(outcome)
    }))

  test('ignores what is older than the trigger can be', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.find(job()))
      const [query] = server.calls().filter(({ path }) => path.endsWith('/buildrequests'))
      // The rkey is of 2026-01-01T00:00:00Z; a day is left for a knot whose clock is wrong.
      expect(query?.query.get('submitted_at__ge')).toBe(String(1_767_225_600 - 86_400))
      const [one] = ODD.filter(({ rkey }) => rkey === 'a:b~c._-')
      await answer(provider.find(job({}, one)))
      expect(server.calls().at(-1)?.query.has('submitted_at__ge')).toBe(false)
    }))

  test('proves nothing in an unknown builder', () =>
    withShop(async ({ answer, restart }) => {
      expect((await answer((await restart()).find(job({ pipeline: 'nope' }))))._tag).toBe('Uncertain')
    }))
})

describe('a report', () => {
  test.each<[Parameters<BuildbotServer['amend']>[1], Status, string | null]>([
    [{ request: { complete: true, results: 0 } }, 'success', null],
    [{ request: { complete: true, results: 1 } }, 'success', null],
    [{ build: { state_string: 'failed make (failure)' }, request: { complete: true, results: 2 } }, 'failed', 'failed make (failure)'],
    [{ request: { complete: true, results: 3 } }, 'success', null],
    [{ build: null, request: { complete: true, results: 3 } }, 'cancelled', 'collapseRequests'],
    [{ request: { complete: true, results: 4 } }, 'failed', 'Buildbot failed to run the build'],
    [{ request: { complete: true, results: 6 } }, 'cancelled', null],
    [{ build: null, request: { complete: true, results: 6 } }, 'cancelled', null],
    [{ request: { complete: true, results: 9 } }, 'failed', '(9)'],
    [{ request: { complete: false, results: -1 } }, 'running', null],
    [{ build: null, request: { complete: false, results: -1 } }, 'pending', null]
  ])('a report of %j is %s', (change, status, error) =>
    withShop(async ({ answer, restart, until }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      for (const entry of server.ledger.all()) entry.status = 'running'
      server.amend(job().key, change)
      const reports: Array<Progress> = []
      const stop = provider.follow(job(), '1000', (progress) => reports.push(progress))
      await until(() => reports.length > 0)
      stop()
      expect(reports).toMatchObject([{ exitCode: null, external: '1000', status }])
      if (error === null) expect(reports[0]?.error).toBeNull()
      else expect(reports[0]?.error).toContain(error)
    })
  )
})

describe('a log', () => {
  test('hides the environment of the worker, and says how it ended', () =>
    withShop(async ({ answer, restart }, server) => {
      const provider = await restart()
      await answer(provider.start(job()))
      const [entry] = server.ledger.all()
      entry?.log.push('one', '', 'three')
      if (entry !== undefined) entry.status = 'success'
      const lines: Array<LogLine> = []
      const read = async (): Promise<void> => {
        for await (const line of provider.logs(job(), '1000', new AbortController().signal)) lines.push(line)
      }
      await answer(read())
      expect(lines.map((line) => (line._tag === 'Text' ? line.text : `${line.name} ${line.status}`))).toEqual([
        'make start',
        'one',
        '',
        'three',
        'program finished with exit code 0',
        'make end'
      ])
    }))
})

/** What a master without a login says about a request that has two builds, of which the first was to be tried again. */
const master = (own: (question: Question) => unknown): ((question: Question) => unknown) => (question) => {
  const { method, url } = question
  const said = own(question)
  if (said !== undefined) return said
  if (method === 'POST') return { id: 1, jsonrpc: '2.0', result: null }
  const path = new URL(url).pathname.replace('/api/v2', '')
  if (path === '/buildrequests/7') return { buildrequests: [{ buildrequestid: 7, complete: true, results: 2 }] }
  if (path === '/buildrequests/7/builds')
    return { builds: [{ buildid: 70, complete: true, state_string: 'retry' }, { buildid: 71, complete: false, state_string: 'failed make' }] }
  if (/^\/builds\/7[01]\/steps$/.test(path)) return { steps: path.includes('70') ? [] : [{ hidden: false, name: 'make', stepid: 1 }, { hidden: true, name: 'hidden', stepid: 2 }] }
  const logs = [
    { complete: true, logid: 1, name: 'stdio', num_lines: 1, type: 's' },
    { complete: true, logid: 2, name: 'warnings', num_lines: 1, type: 't' },
    { complete: true, logid: 3, name: 'page', num_lines: 1, type: 'h' },
    { complete: true, logid: 4, name: 'empty', num_lines: 0, type: 't' }
  ]
  if (path === '/steps/1/logs') return { logs }
  const [, id = ''] = /^\/logs\/(\d)/.exec(path) ?? []
  if (path.endsWith('/contents')) return { logchunks: [{ content: id === '1' ? 'oone\n' : 'h is no header\n' }] }
  return id === '' ? new Response('{"error":"gone"}', { status: 404 }) : { logs: logs.filter(({ logid }) => String(logid) === id) }
}

const nothing = (): undefined => undefined

describe('a request with several builds', () => {
  const asking = (own: (question: Question) => unknown = nothing) => answeredBy(buildbot, { url: 'http://ci.example' }, master(own))

  test('ends as the last of them did', async () => {
    const { pass, provider } = asking()
    const reports: Array<Progress> = []
    provider.follow(job(), '7', (progress) => reports.push(progress))
    await pass(1)
    expect(reports).toEqual([{ error: 'The build failed: failed make', exitCode: null, external: '7', status: 'failed' }])
    await provider.close()
  })

  test('has the logs of its builds, by the names of their steps, and no HTML pages', async () => {
    const { answer, provider } = asking()
    expect(await answer(saidIn(provider.logs(job(), '7', new AbortController().signal)))).toEqual(['[make]', 'one', '[make: warnings]', 'h is no header'])
    await provider.close()
  })

  test('is cancelled with its running builds; one that does not acknowledge leaves a doubt', async () => {
    const { answer, asked, provider } = asking()
    expect(await answer(provider.cancel(job(), '7'))).toEqual({ _tag: 'Acknowledged' })
    expect(asked.filter(({ method }) => method === 'POST').map(({ body, url }) => [new URL(url).pathname, (JSON.parse(body) as { readonly method: string }).method])).toEqual([
      ['/api/v2/buildrequests/7', 'cancel'],
      ['/api/v2/builds/71', 'stop']
    ])
    await provider.close()
    for (const what of ['/buildrequests/7', '/builds/71']) {
      const deaf = asking(({ method, url }) => (method === 'POST' && url.endsWith(what) ? new Response('{"error":"no"}', { status: 500 }) : undefined))
      expect((await deaf.answer(deaf.provider.cancel(job(), '7')))._tag).toBe('Uncertain')
      await deaf.provider.close()
    }
  })

  test('can disappear with its log', async () => {
    const { answer, provider } = asking()
    expect(await answer(saidIn(provider.logs(job(), '8', new AbortController().signal)))).toEqual(['[Log]', 'The log is unavailable: Buildbot no longer has the build.'])
    await provider.close()
  })
})

describe('a long log', () => {
  const logOf = async (lines: number, line: string) => {
    const { answer, asked, provider } = answeredBy(
      buildbot,
      { url: 'http://ci.example' },
      master(({ url }) => {
        const { pathname, searchParams } = new URL(url)
        if (pathname === '/api/v2/logs/1') return { logs: [{ complete: true, logid: 1, name: 'stdio', num_lines: lines, type: 's' }] }
        if (pathname !== '/api/v2/logs/1/contents') return undefined
        const [offset, limit] = ['offset', 'limit'].map((name) => Number(searchParams.get(name))) as [number, number]
        return { logchunks: [{ content: Array.from({ length: Math.min(limit, lines - offset) }, (_, n) => `o${String(offset + n)}${line}\n`).join('') }] }
      })
    )
    const said = await answer(saidIn(provider.logs(job(), '7', new AbortController().signal)))
    await provider.close()
    const asks = asked.flatMap(({ url }) => (url.includes('/logs/1/contents') ? [new URL(url).search] : []))
    return { asks, said: said.slice(1, said.indexOf('[make: warnings]')) }
  }

  test('is asked for a thousand lines at a time', async () => {
    const { asks, said } = await logOf(2_500, '')
    expect(said).toEqual(Array.from({ length: 2_500 }, (_, n) => String(n)))
    expect(asks).toEqual(['?offset=0&limit=1000', '?offset=1000&limit=1000', '?offset=2000&limit=500'])
  })

  test('is asked for from where it is needed, when an answer is missing or there is more', async () => {
    let [complete, fails] = [false, 1]
    const { answer, asked, provider } = answeredBy(
      buildbot,
      { url: 'http://ci.example' },
      master(({ url }) => {
        const { pathname, searchParams } = new URL(url)
        const lines = complete ? 1_502 : 1_500
        if (pathname === '/api/v2/logs/1') return { logs: [{ complete, logid: 1, name: 'stdio', num_lines: lines, type: 's' }] }
        if (pathname !== '/api/v2/logs/1/contents') return undefined
        const [offset, limit] = ['offset', 'limit'].map((name) => Number(searchParams.get(name))) as [number, number]
        if (offset === 1_000 && fails-- > 0) return new Response('', { status: 502 })
        complete = offset === 1_000
        return { logchunks: [{ content: Array.from({ length: limit }, (_, n) => `o${String(offset + n)}\n`).join('') }] }
      })
    )
    const said = await answer(saidIn(provider.logs(job(), '7', new AbortController().signal)))
    await provider.close()
    expect(said.slice(1, 1_503)).toEqual(Array.from({ length: 1_502 }, (_, n) => String(n)))
    expect(asked.flatMap(({ url }) => (url.includes('/logs/1/contents') ? [new URL(url).search] : []))).toEqual([
      '?offset=0&limit=1000',
      '?offset=1000&limit=500',
      '?offset=1000&limit=500',
      '?offset=1500&limit=2'
    ])
  })

  test('is shown as far as it goes', async () => {
    const { asks, said } = await logOf(10_000, 'x'.repeat(2_000))
    expect(said.at(-1)).toBe('(The log continues at Buildbot; the rest is not shown here.)')
    expect([said.length, asks.length]).toEqual([3_001, 3])
  })
})

describe('a build with a long name', () => {
  test('gets its own source by its digest, for which Buildbot has room', () =>
    withShop(async ({ answer, restart }, server) => {
      const [odd = BUILD] = ODD.filter(({ rkey }) => rkey.length > 500)
      await answer((await restart()).start(job({}, odd)))
      expect(server.forced()[0]?.params).toMatchObject({ project: expect.stringMatching(/^[0-9a-f]{64}$/) as string, tack_key: job({}, odd).key })
    }))

  test.each([
    ['refs/tags/v1/a', 'v1/a'],
    ['refs/heads/a', 'a'],
    [null, '']
  ])('a build with a long name of %s is of the branch %j', (ref, branch) =>
    withShop(async ({ answer, restart }, server) => {
      await answer((await restart()).start(job({ ref, sha: null })))
      expect(server.forced()[0]?.params).toMatchObject({ branch, revision: '' })
    })
  )
})

describe('the check', () => {
  test.each<[BuildbotServerOptions, boolean, string]>([
    [{}, true, 'Buildbot takes builds of demo, other.'],
    [{ fields: [['tack_key', 'text']] }, false, 'The force scheduler "tack" lacks the parameters tack_variables.']
  ])('the check of a master with %j', (options, isFine, sentence) =>
    withShop(async ({ answer, restart }) => expect(await answer((await restart()).check())).toEqual({ isFine, sentence }), options)
  )

  test('the check of an address that is none of the web interface says what to look at', async () => {
    const { answer, provider } = answeredBy(buildbot, { url: 'http://ci.example/api/v2' }, () => new Response('<html>', { status: 404 }))
    expect(await answer(provider.check())).toEqual({
      isFine: false,
      sentence: 'Buildbot does not show the force scheduler "tack" (404): check "scheduler", and that "url" is the address of the web interface, without /api/v2.'
    })
    await provider.close()
  })
})

describe('settings', () => {
  test.each<[unknown, string]>([
    [{}, 'url'],
    [{ url: 'buildbot' }, '"url"'],
    [{ url: 'http://x', user: 'a' }, '"password"'],
    [{ password: 'a', url: 'http://x' }, '"user"'],
    [{ password: 'b', url: 'http://x', user: 'a:c' }, 'colon'],
    [{ scheduler: '', url: 'http://x' }, '"scheduler"'],
    [{ pollSeconds: Number.NaN, url: 'http://x' }, '"pollSeconds"'],
    [{ settleSeconds: 3601, url: 'http://x' }, '"settleSeconds"']
  ])('%j are refused in a sentence', (settings, words) => {
    expect(faultOf(buildbot, settings)).toContain(words)
  })

  test('may come from the environment', () => {
    expect(faultOf(buildbot, { url: 'http://x' })).toBeNull()
    expect(faultOf(buildbot, { url: 'http://x' }, { TACK_BUILDBOT_USER: 'a' })).toContain('"password"')
    expect(faultOf(buildbot, { url: 'http://x' }, { TACK_BUILDBOT_PASSWORD: 'b', TACK_BUILDBOT_USER: 'a' })).toBeNull()
  })
})

// ---------------------------------------------------------------------------------------- a real one

describe.skipIf(whyNot !== null)(`a real Buildbot${whyNot === null ? '' : ` (skipped: ${whyNot})`}`, () => {
  let buildbotHere: RealBuildbot | null = null
  let surrounded: Surrounded | null = null
  const providers: Array<Provider> = []

  /** A real server has the same two cores as all other tests: on such a machine an answer may take longer than the 20 s that an operator waits. */
  const patient = (): Clock => {
    const clock = systemClock()
    return { ...clock, after: (ms, act) => clock.after(ms < 20_000 ? ms : ms * 10, act) }
  }

  beforeAll(async () => {
    buildbotHere = await startRealBuildbot()
    surrounded = surround({ clock: patient() })
  })

  afterAll(async () => {
    await Promise.all(providers.map((provider) => provider.close()))
    await surrounded?.close()
    await buildbotHere?.close()
  })

  const real = (more: { readonly [name: string]: unknown } = {}): Provider => {
    if (buildbotHere === null || surrounded === null) throw new Error('Buildbot did not start')
    const settings = { password: PASSWORD, pollSeconds: 1, settleSeconds: 0, url: buildbotHere.url, user: USER, ...more }
    const provider = make(buildbot, settings, surrounded.surroundings)
    providers.push(provider)
    return provider
  }

  const gate = (name: string): string => join(buildbotHere?.folder ?? '', name)

  /** A build that goes on until its gate is there, and then ends with the code. */
  const jobFor = (build: BuildName, name: string, code: number, pipeline = 'demo'): Job =>
    job(
      {
        pipeline,
        variables: [
          ['CODE', String(code)],
          ['GATE', gate(name)],
          ['TANGLED_SHA', 'a'.repeat(40)]
        ]
      },
      build
    )

  const started = async (provider: Provider, one: Job): Promise<string> => {
    const outcome = await provider.start(one)
    if (outcome._tag !== 'Accepted') throw new Error(JSON.stringify(outcome))
    return outcome.external
  }

  /** All that is reported until the status is reached. */
  const until = (provider: Provider, one: Job, external: string, status: Status): Promise<ReadonlyArray<Progress>> =>
    new Promise((resolve) => {
      const reports: Array<Progress> = []
      const stop = provider.follow(one, external, (progress) => {
        reports.push(progress)
        if (progress.status !== status) return
        stop()
        resolve(reports)
      })
    })

  const logOf = async (provider: Provider, one: Job, external: string): Promise<ReadonlyArray<LogLine>> => {
    const lines: Array<LogLine> = []
    for await (const line of provider.logs(one, external, new AbortController().signal)) lines.push(line)
    return lines
  }

  const textOf = (lines: ReadonlyArray<LogLine>): ReadonlyArray<string> => lines.flatMap((line) => (line._tag === 'Text' ? [line.text] : []))

  test('is ready', async () => {
    expect(await real().check()).toEqual({ isFine: true, sentence: 'Buildbot takes builds of demo, idle.' })
    expect((await real({ scheduler: 'else' }).check()).isFine).toBe(false)
  })

  test.each([
    { code: 0, end: 'success', error: null, name: 'a' },
    { code: 3, end: 'failed', error: /^The build failed: failed/, name: 'b' }
  ] as const)(
    'runs a build that waits, runs and ends with $end, with its log',
    async ({ code, end, error, name }) => {
      const [build = BUILD] = ODD.slice(name === 'a' ? 6 : 7)
      const one = jobFor(build, name, code)
      const provider = real()
      expect(await provider.find(one)).toEqual({ _tag: 'Missing' })
      const external = await started(provider, one)
      expect(await real().find(one)).toEqual({ _tag: 'Accepted', external })
      const running = await until(provider, one, external, 'running')
      expect(running.map(({ status }) => status)).toEqual(running.length === 2 ? ['pending', 'running'] : ['running'])
      const reading = logOf(provider, one, external)
      await writeFile(gate(name), '')
      const reports = await until(provider, one, external, end)
      const last = reports.at(-1)
      expect(last).toMatchObject({ exitCode: null, external, status: end })
      if (error === null) expect(last?.error).toBeNull()
      else expect(last?.error).toMatch(error)
      const lines = await reading
      expect(faultsOfLog(lines)).toEqual([])
      expect(textOf(lines)).toEqual([`building ${'a'.repeat(40)}`, 'größe', `program finished with exit code ${String(code)}`])
      expect(textOf(await logOf(real(), one, external))).toEqual(textOf(lines))
      expect(await real().find(one)).toEqual({ _tag: 'Accepted', external })
      expect(await provider.cancel(one, external)).toEqual({ _tag: 'Acknowledged' })
      expect(await until(real(), one, external, end)).toHaveLength(1)
    }
  )

  test('leaves an untaken build pending, and cancels it', async () => {
    const one = jobFor(BUILD, 'c', 0, 'idle')
    const provider = real()
    const external = await started(provider, one)
    expect((await until(provider, one, external, 'pending')).map(({ status }) => status)).toEqual(['pending'])
    expect(await provider.cancel(one, external)).toEqual({ _tag: 'Acknowledged' })
    expect((await until(provider, one, external, 'cancelled')).at(-1)?.error).toBeNull()
    expect(await logOf(provider, one, external)).toEqual([])
  })

  test('ends a running build when it is cancelled', async () => {
    const [, , build = BUILD] = ODD
    const one = jobFor(build, 'd', 0)
    const provider = real()
    const external = await started(provider, one)
    await until(provider, one, external, 'running')
    expect(await provider.cancel(one, external)).toEqual({ _tag: 'Acknowledged' })
    expect((await until(provider, one, external, 'cancelled')).at(-1)?.status).toBe('cancelled')
  })

  test('keeps two builds of one commit apart, even while both wait', async () => {
    const [a = BUILD, b = BUILD] = ODD.slice(3)
    const provider = real()
    const [first, second] = [jobFor(a, 'e', 0, 'idle'), jobFor(b, 'e', 0, 'idle')]
    const externals = [await started(provider, first), await started(provider, second)]
    expect(new Set(externals).size).toBe(2)
    for (const [n, one] of [first, second].entries()) {
      expect(await real().find(one)).toEqual({ _tag: 'Accepted', external: externals[n] })
      expect((await until(provider, one, externals[n] ?? '', 'pending')).map(({ status }) => status)).toEqual(['pending'])
      await provider.cancel(one, externals[n] ?? '')
    }
  })

  test('refuses unknown users and unknown names, in a sentence', async () => {
    const one = jobFor(BUILD, 'f', 0)
    for (const provider of [real({ password: 'wrong' }), real({ password: '', user: '' })]) {
      const outcome = await provider.start(one)
      expect([outcome._tag, errorOf(outcome)]).toEqual(['Refused', expect.stringContaining('(403)')])
      expect(JSON.stringify(outcome)).not.toContain(PASSWORD)
    }
    const [unknown, elsewhere] = [await real().start(jobFor(BUILD, 'f', 0, 'nope')), await real({ scheduler: 'else' }).start(one)]
    expect([unknown._tag, elsewhere._tag]).toEqual(['Refused', 'Refused'])
    expect((await real().find(jobFor(BUILD, 'f', 0, 'nope')))._tag).toBe('Uncertain')
    expect(await real().cancel(one, '424242')).toEqual({ _tag: 'Acknowledged' })
  })
})
