/** The adapter for any CI at all: the contract, what goes over the wire, and the example of its page, run as it stands there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { silentLog } from '../../../shell/lib/log.js'
import { httpClient } from '../../../shell/outbound/http-client.js'
import { hmacOf } from '../../../shell/providers/common.js'
import type { Progress, Provider } from '../../../shell/providers/provider.js'
import { webhook } from '../../../shell/providers/webhook.js'
import { signature } from '../../../shell/providers/webhook-api.js'
import { answeredBy, type Question, saidIn } from './servers/bench.js'
import { type Bench, BUILD, describeProvider, echo, FAULTS, jobOf, openWorkshop, type Ports, REFUSALS, type Target } from './contract.js'
import { type Call, createLedger, type Reply, startServer } from './ledger.js'
import { inFolder } from '../support/process.js'

const SECRET = 'canary-7c2f19d0a4e8b6'

const makeWith = (settings: unknown, { clock, log }: Ports, fetch = httpClient({ clock, policy: { allowLoopback: true, trusted: true } }).fetch) =>
  webhook.make(settings, {
    checkout: () => Promise.reject(new Error('nothing is checked out')),
    clock,
    environment: {},
    fetch,
    folder: '',
    log,
    name: 'our-ci'
  })

const isCall = (body: Buffer): { readonly action: string; readonly key: string } => JSON.parse(body.toString()) as never

/** A CI that does what the page asks for. */
const open = async (): Promise<Bench & { readonly calls: () => ReadonlyArray<Call>; readonly url: string }> => {
  const ledger = createLedger()

  const isSignedCall = ({ body, headers, method, query }: Call): boolean => {
    const [, seconds = '', hex = ''] = /^t=(\d+),v1=(.*)$/.exec(String(headers['x-tack-signature'])) ?? []
    const text = method === 'GET' ? query.toString() : body.toString()
    return hmacOf(SECRET, `${seconds}.${text}`) === hex
  }

  const handle = (call: Call): Reply => {
    if (!isSignedCall(call)) return { body: { message: 'wrong signature' }, status: 401 }
    if (call.method === 'POST') {
      const { action, key } = isCall(call.body)
      const there = ledger.byKey(key)
      if (action === 'start') {
        if (call.headers['idempotency-key'] !== key) return { body: 'the key is missing', status: 400 }
        return { body: { id: (there ?? ledger.start(key)).external }, status: 201 }
      }
      if (there === null) return { status: 404 }
      if (there.status !== 'pending' && there.status !== 'running') return { body: { message: 'it has ended' }, status: 409 }
      there.isCancelled = true
      there.status = 'cancelled'
      return { status: 204 }
    }
    const there = ledger.byKey(call.query.get('key') ?? '')
    if (there === null) return { status: 404 }
    if (call.query.get('log') === '1') return { body: there.log.map((line) => `${line}\n`).join(''), status: 200 }
    return { body: { id: there.external, status: there.status }, status: 200 }
  }

  const server = await startServer(handle, (status) => ({ body: { message: echo([SECRET]) }, status }))
  const clients: Array<ReturnType<typeof httpClient>> = []

  return {
    busy: server.busy,
    calls: server.calls,
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
      await server.close()
    },
    connections: server.connections,
    held: server.held,
    isCancelled: (key) => ledger.byKey(key)?.isCancelled ?? false,
    misbehave: server.misbehave,
    move: (key, status) => {
      const entry = ledger.byKey(key)
      if (entry !== null) entry.status = status
    },
    plan: {},
    provider: (ports): Provider => {
      const client = httpClient({ clock: ports.clock, policy: { allowLoopback: true, trusted: true } })
      clients.push(client)
      const made = makeWith({ secret: SECRET, url: `${server.url}/hook?team=a` }, ports, client.fetch)
      if (made._tag === 'Left') throw new Error(made.left)
      return made.right
    },
    say: (key, line) => void ledger.byKey(key)?.log.push(line),
    secrets: [SECRET],
    signing: {
      body: (key) => {
        const entry = ledger.byKey(key)
        return Buffer.from(JSON.stringify({ id: entry?.external, key, status: entry?.status }))
      },
      coversBody: true,
      hasTime: true,
      header: 'x-tack-signature',
      sign: (body, atMs) => {
        const seconds = String(atMs / 1000)
        return { 'x-tack-signature': `t=${seconds},v1=${hmacOf(SECRET, Buffer.concat([Buffer.from(`${seconds}.`), body]))}` }
      }
    },
    started: ledger.count,
    url: server.url
  }
}

const target: Target = {
  ends: ['success', 'failed', 'timeout'],
  faults: FAULTS,
  isIdempotent: true,
  name: 'webhook',
  open,
  refusals: REFUSALS
}

describeProvider(target)

// ---------------------------------------------------------------------------------------- over the wire

const withShop = async (use: (shop: Awaited<ReturnType<typeof openWorkshop>>, bench: Awaited<ReturnType<typeof open>>) => Promise<void>) => {
  const bench = await open()
  const shop = await openWorkshop({ ...target, open: () => Promise.resolve(bench) })
  try {
    await use(shop, bench)
  } finally {
    await shop.close()
  }
}

describe('the webhook provider on the wire', () => {
  test('sends a start with everything there is to say, signed, with its key', () =>
    withShop(async ({ answer, clock, restart }, bench) => {
      const plan: Partial<Plan> = {
        pipeline: 'deploy',
        settings: [['__proto__', 'x']],
        steps: [{ command: 'make', environment: [['A', '1']], name: 'build' }]
      }
      const job = jobOf(BUILD, plan)
      await answer((await restart()).start(job))
      const [call] = bench.calls()
      expect([call?.method, call?.path, call?.query.toString()]).toEqual(['POST', '/hook', 'team=a'])
      expect(call?.headers).toMatchObject({
        'content-type': 'application/json',
        'idempotency-key': job.key,
        'x-tack-signature': signature(SECRET, Math.floor(clock.now() / 1_000_000), call?.body.toString() ?? '')
      })
      expect(JSON.parse(call?.body.toString() ?? '')).toEqual({
        action: 'start',
        build: BUILD,
        clone: { depth: 1, skip: false, submodules: false },
        key: job.key,
        pipeline: 'deploy',
        ref: 'refs/heads/main',
        repository: job.plan.repository,
        settings: JSON.parse('{"__proto__":"x"}') as unknown,
        sha: 'a'.repeat(40),
        steps: [{ command: 'make', environment: { A: '1' }, name: 'build' }],
        variables: { CI: 'true', TANGLED_PIPELINE_ID: job.key, TANGLED_REF: 'refs/heads/main', TANGLED_SHA: 'a'.repeat(40) }
      })
    }))

  test('takes a call that omits the id for the build that is followed', () =>
    withShop(async ({ answer, restart, until }, bench) => {
      const { signing } = bench
      const provider = await restart()
      const job = jobOf(BUILD, {})
      const started = await answer(provider.start(job))
      const external = started._tag === 'Accepted' ? started.external : ''
      const told = (said: object) => {
        const body = Buffer.from(JSON.stringify({ key: job.key, status: 'running', ...said }))
        const heard = provider.webhook?.({ body, headers: signing?.sign(body, 1_767_225_600_000) ?? {}, nowMs: 1_767_225_600_000 })
        return heard?._tag === 'Reports' ? heard.reports[0]?.progress : heard
      }
      const unknown = { error: null, exitCode: null, external: job.key, status: 'running' }
      expect(told({})).toEqual(unknown)
      const reports: Array<Progress> = []
      const stop = provider.follow(job, external, (progress) => reports.push(progress))
      expect(told({})).toEqual({ ...unknown, external })
      expect(told({ error: 'x', exitCode: 7, id: 'another', status: 'failed' })).toEqual({ error: 'x', exitCode: 7, external: 'another', status: 'failed' })
      stop()
      expect(told({})).toEqual(unknown)
      provider.follow(job, external, (progress) => reports.push(progress))
      bench.move(job.key, 'success')
      await until(() => reports.length > 0)
      expect(told({})).toEqual(unknown)
    }))

  /** A server that gives one answer. */
  const answering = async (reply: Reply, use: (url: string) => Promise<void>) => {
    const server = await startServer(() => reply, (status) => ({ status }))
    try {
      await use(server.url)
    } finally {
      await server.close()
    }
  }

  const startAt = async (url: string, settings: { readonly [name: string]: unknown } = {}, plan: Partial<Plan> = {}) => {
    const clock = systemClock()
    const client = httpClient({ clock, policy: { allowLoopback: true, trusted: true } })
    const made = makeWith({ secret: SECRET, url, ...settings }, { clock, log: silentLog }, client.fetch)
    if (made._tag === 'Left') throw new Error(made.left)
    try {
      return await made.right.start(jobOf(BUILD, plan))
    } finally {
      await made.right.close()
      await client.close()
    }
  }

  const KEY = 'knot.example/3mbd3542k2222/ci.yml'

  test.each<readonly [name: string, reply: Reply, outcome: object]>([
    ['nothing', { status: 204 }, { _tag: 'Accepted', external: KEY }],
    ['an empty 200', { body: '  ', status: 200 }, { _tag: 'Accepted', external: KEY }],
    ['an id', { body: { id: 'b/1' }, status: 202 }, { _tag: 'Accepted', external: 'b/1' }],
    ['null for an id', { body: { id: null }, status: 201 }, { _tag: 'Accepted', external: KEY }],
    ['an empty id', { body: { id: '' }, status: 201 }, { _tag: 'Uncertain' }],
    ['an id of 501 characters', { body: { id: 'x'.repeat(501) }, status: 201 }, { _tag: 'Uncertain' }],
    ['a number for an id', { body: { id: 7 }, status: 201 }, { _tag: 'Uncertain' }],
    ['a list', { body: [], status: 200 }, { _tag: 'Uncertain' }],
    ['a redirect', { headers: { location: 'http://127.0.0.1:1/' }, status: 307 }, { _tag: 'Uncertain' }],
    ['400 in plain words', { body: 'no such branch', status: 400 }, { _tag: 'Refused', error: 'no such branch' }],
    ['an error', { body: { error: 'no such branch' }, status: 400 }, { _tag: 'Refused', error: 'no such branch' }],
    ['a page of HTML', { body: '<html>', status: 404 }, { _tag: 'Refused', error: 'Nothing takes builds at the URL that the operator has set for this provider (HTTP status 404).' }],
    ['408', { status: 408 }, { _tag: 'Uncertain' }],
    ['409', { body: 'busy with it', status: 409 }, { _tag: 'Uncertain', error: 'the server answered 409: busy with it', waitMs: 0 }],
    ['425', { status: 425 }, { _tag: 'Uncertain' }],
    ['429', { headers: { 'retry-after': '2' }, status: 429 }, { _tag: 'Uncertain', waitMs: 2_000 }],
    ['503 until a time', { headers: { 'retry-after': 'Sat, 01 Jan 2000 00:00:00 GMT' }, status: 503 }, { _tag: 'Uncertain', waitMs: 0 }],
    ['503 until a time to come', { headers: { 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' }, status: 503 }, { _tag: 'Uncertain', waitMs: 3_600_000 }],
    ['an endless sentence', { body: 'y'.repeat(10_000), status: 400 }, { _tag: 'Refused', error: `${'y'.repeat(500)}…` }],
    ['a bell', { body: 'a\u0007b', status: 400 }, { _tag: 'Refused', error: 'a\\u0007b' }]
  ])('the answer to a start is %s', (_name, reply, outcome) =>
    answering(reply, async (url) => expect(await startAt(url)).toMatchObject(outcome)))

  const SETTINGS = { pollSeconds: 1, secret: SECRET, url: 'https://ci.example/hook?team=a#there' }
  const not = (status: number, body = '') => new Response(body, { status })

  test('takes what polling brings for the build that is followed, whatever the answer calls it', async () => {
    const { pass, provider } = answeredBy(webhook, SETTINGS, () => ({ error: `exit with ${SECRET}`, exitCode: 0, id: 'another', status: 'running' }))
    const reports: Array<Progress> = []
    provider.follow(jobOf(BUILD, {}), 'b/1', (progress) => reports.push(progress))
    await pass(1)
    expect(reports).toEqual([{ error: 'exit with ***', exitCode: 0, external: 'b/1', status: 'running' }])
    await provider.close()
  })

  test('sends a query with the URL’s parameters, but not with what is behind the #', async () => {
    const { answer, asked, provider } = answeredBy(webhook, SETTINGS, () => ({ id: 'b/1', status: 'running' }))
    expect(await answer(provider.find(jobOf(BUILD, {})))).toEqual({ _tag: 'Accepted', external: 'b/1' })
    expect(asked.map(({ method, url }) => [method, url])).toEqual([['GET', `https://ci.example/hook?team=a&key=${encodeURIComponent(KEY)}`]])
    await provider.close()
  })

  const isLog = ({ url }: Question): boolean => url.includes('log=1')
  test.each<[string, (question: Question, nth: number) => unknown, ReadonlyArray<string>]>([
    ['is there', (question) => (isLog(question) ? 'one\ntwo' : { status: 'success' }), ['[Build]', 'one', 'two']],
    ['comes late', (question, nth) => (isLog(question) ? (nth > 3 ? 'one\n' : not(404)) : { status: nth > 3 ? 'failed' : 'running' }), ['[Build]', 'one']],
    ['is none', (question) => (isLog(question) ? not(404) : { id: 'b/1', status: 'success' }), ['[Log]', 'There is no log here; look for "b/1" at ci.example.']],
    ['is of no build', () => not(404), ['[Log]', `There is no log here; look for "${KEY}" at ci.example.`]],
    ['is too long', (question) => (isLog(question) ? 'x'.repeat(4_194_305) : { status: 'running' }), ['[Build]', ...Array<string>(256).fill('x'.repeat(16_384)), 'The log is longer than what is shown here.']],
    ['may not be read', (question) => (isLog(question) ? not(403, 'not for you') : { status: 'success' }), ['[Log]', 'The log is unavailable: not for you']],
    [
      'cannot be had at the moment',
      (question, nth) => (isLog(question) ? (nth > 3 ? 'one\n' : not(500, 'away')) : { status: 'success' }),
      ['[Log]', 'The log is unavailable at the moment: the server answered 500: away', '[Build]', 'one']
    ]
  ])('a log that %s', async (_, reply, said) => {
    let asked = 0
    const { answer, provider } = answeredBy(webhook, SETTINGS, (question) => reply(question, ++asked))
    expect(await answer(saidIn(provider.logs(jobOf(BUILD, {}), 'b/1', new AbortController().signal)))).toEqual(said)
    await provider.close()
  })

  test.each<[string, (question: Question) => unknown, object]>([
    ['404', () => not(404), { _tag: 'Acknowledged' }],
    ['410', () => not(410), { _tag: 'Acknowledged' }],
    ['nothing', () => new Response(null, { status: 204 }), { _tag: 'Acknowledged' }],
    ['409, of one that has ended', ({ method }) => (method === 'POST' ? not(409) : { status: 'failed' }), { _tag: 'Acknowledged' }],
    ['409, of one that goes on', ({ method }) => (method === 'POST' ? not(409, 'later') : { status: 'running' }), { _tag: 'Uncertain', error: 'the server answered 409: later', waitMs: 0 }],
    ['a page', () => '<html>', { _tag: 'Uncertain' }],
    ['500', () => not(500), { _tag: 'Uncertain' }]
  ])('the answer to a cancel is %s', async (_, reply, outcome) => {
    const { answer, asked, provider } = answeredBy(webhook, SETTINGS, reply)
    expect(await answer(provider.cancel(jobOf(BUILD, {}), 'b/1'))).toMatchObject(outcome)
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ action: 'cancel', id: 'b/1', key: KEY })
    await provider.close()
  })

  test.each([
    [500, 'Accepted'],
    [501, 'Uncertain']
  ])('takes an id of 500 characters, and no longer one: %i', async (length, result) => {
    const { answer, provider } = answeredBy(webhook, SETTINGS, () => ({ id: 'x'.repeat(length), status: 'running' }))
    const started = await answer(provider.start(jobOf(BUILD, {})))
    expect([started._tag, 'external' in started && started.external.length]).toEqual([result, result === 'Accepted' && length])
    await provider.close()
  })

  test('calls a former pipeline missing, which need not be ended', async () => {
    const { answer, asked, provider } = answeredBy(webhook, { pipelines: { deploy: 'https://ci.example' }, secret: SECRET }, () => ({ status: 'running' }))
    const job = jobOf(BUILD, { pipeline: 'gone' })
    expect([await answer(provider.find(job)), await answer(provider.cancel(job, 'b/1'))]).toEqual([{ _tag: 'Missing' }, { _tag: 'Acknowledged' }])
    expect(asked).toEqual([])
    await provider.close()
  })

  const isSigned = ({ headers }: Question): boolean => headers.has('x-tack-signature')

  test('checks each address once, and names the one that is not well', async () => {
    const settings = { pipelines: { a: 'https://a.example', b: 'https://b.example', c: 'https://a.example' }, secret: SECRET, url: 'https://ci.example' }
    for (const [status, isFine] of [[404, true], [401, false]] as const) {
      const { answer, asked, provider } = answeredBy(webhook, settings, (asked) => (!isSigned(asked) ? not(401) : asked.url.includes('//b.') ? not(status, 'who are you?') : not(404)))
      expect(await answer(provider.check())).toEqual(
        isFine
          ? { isFine, sentence: 'The CI answers.' }
          : { isFine, sentence: 'b.example answered 401: who are you? Check that "secret" is the same there as here, and both clocks.' }
      )
      expect(asked.filter(isSigned).map(({ url }) => new URL(url).host)).toEqual(['ci.example', 'a.example', 'b.example'])
      await provider.close()
    }
  })

  test.each<[string, (question: Question) => unknown, string]>([
    ['a wrong path', () => not(404, '<html>'), 'ci.example answers 404, with a signature and without one: is the path of its URL right? A receiver refuses with 401 what is not signed.'],
    ['a page for everybody', () => '<html>', 'ci.example answered 200 when asked for a build that it cannot know: is its URL right? A receiver answers 404 then.'],
    [
      'a receiver that has every build',
      () => ({ status: 'success' }),
      'ci.example answered 200 when asked for a build that it cannot know: is its URL right? A receiver answers 404 then.'
    ],
    [
      'a receiver that looks at no signature',
      (question) => (isSigned(question) ? not(404) : { status: 'success' }),
      'ci.example answers what is not signed (200): whoever finds its address can start builds. A receiver refuses that with 401.'
    ],
    ['a redirect', () => new Response(null, { status: 301 }), 'ci.example answered 301: redirects are not followed. Set the URL to which it leads.'],
    ['what is out of order', () => not(500, 'boom'), 'ci.example answered 500: boom.']
  ])('the check names %s', async (_, reply, sentence) => {
    const { answer, provider } = answeredBy(webhook, { secret: SECRET, url: 'https://ci.example/tack' }, reply)
    expect(await answer(provider.check())).toEqual({ isFine: false, sentence })
    await provider.close()
  })

  test.each([401, 403, 400, 429])('the check takes it for a refusal of what is not signed: %i', async (status) => {
    const { answer, provider } = answeredBy(webhook, SETTINGS, (question) => not(isSigned(question) ? 404 : status))
    expect(await answer(provider.check())).toMatchObject({ isFine: true })
    await provider.close()
  })

  test('has URLs for pipelines, and none without one', () =>
    answering({ status: 204 }, async (url) => {
      // The one of the pipeline comes before the one for all others.
      expect(await startAt('http://127.0.0.1:1', { pipelines: { deploy: url } }, { pipeline: 'deploy' })).toMatchObject({ _tag: 'Accepted' })
      const settings = { pipelines: { deploy: url }, url: undefined }
      expect(await startAt('', settings, { pipeline: 'deploy' })).toMatchObject({ _tag: 'Accepted' })
      for (const pipeline of ['other', '__proto__', 'constructor', ''])
        expect(await startAt('', settings, { pipeline })).toEqual({
          _tag: 'Refused',
          error: `There is no pipeline "${pipeline}" here.`
        })
    }))
})

// ---------------------------------------------------------------------------------------- settings

describe('settings', () => {
  const ports = { clock: systemClock(), log: silentLog }

  test.each([
    [{ secret: SECRET, url: 'https://ci.example' }, null],
    [{ pipelines: { a: 'https://ci.example' }, secret: SECRET }, null],
    [{ secret: SECRET }, '"url" is missing: set it, or "pipelines" with a URL each.'],
    [{ secret: SECRET, url: 'ftp://me:word@ci.example' }, '"url" must be a URL that begins with https:// or http://; it is "ftp://***@ci.example".'],
    [{ pipelines: { a: 'x' }, secret: SECRET, url: 'https://ci.example' }, '"pipelines" must be names of pipelines, each with a URL that begins with https:// or http://; it is settings.'],
    [{ secret: 'x'.repeat(15), url: 'https://ci.example' }, '"secret" must be text of at least 16 characters.'],
    [{ secret: 'x'.repeat(16), url: 'https://ci.example' }, null],
    [{ pollSeconds: 0.5, secret: SECRET, url: 'https://ci.example' }, '"pollSeconds" must be a number from 1 to 3600; it is 0.5.'],
    [{ pollSeconds: Number.NaN, secret: SECRET, url: 'https://ci.example' }, '"pollSeconds" must be a number from 1 to 3600; it is NaN.'],
    [{ pollSeconds: 3601, secret: SECRET, url: 'https://ci.example' }, '"pollSeconds" must be a number from 1 to 3600; it is 3601.']
  ])('%j', (settings, wrong) => {
    const made = makeWith(settings, ports, () => Promise.reject(new Error('nobody is asked')))
    expect(made._tag === 'Left' ? made.left : null).toBe(wrong)
  })

  test.each([[null], [7], [[]], [{ url: 7 }], [{ pipelines: [] }]])('are refused in a sentence: %j', (settings) => {
    expect(makeWith(settings, ports)._tag).toBe('Left')
  })

  test('may take the secret from the environment', () => {
    const made = webhook.make({ url: 'https://ci.example' }, {
      checkout: () => Promise.resolve(),
      environment: { TACK_WEBHOOK_SECRET: SECRET },
      fetch: () => Promise.reject(new Error('nobody is asked')),
      folder: '',
      name: 'webhook',
      ...ports
    })
    expect(made._tag).toBe('Right')
  })
})

// ---------------------------------------------------------------------------------------- the page

describe('the example on its page', () => {
  /** Runs the example with `command` for builds, and has `use` told of every webhook that is believed. */
  const running = (command: string, use: (provider: Provider, next: () => Promise<Progress>) => Promise<void>) =>
    inFolder(async (folder) => {
      const page = await readFile(new URL('../../../shell/deploy/providers/webhook.md', import.meta.url), 'utf8')
      const [, code = ''] = /^```js\n(.*?)^```$/ms.exec(page) ?? []
      const file = join(folder, 'receiver.mjs')
      await writeFile(file, code)
      const told: Array<Progress> = []
      const waiting: Array<(progress: Progress) => void> = []
      let provider: Provider | null = null
      const spindle = createServer((request, response) => {
        void request.toArray().then((chunks) => {
          const answer = provider?.webhook?.({ body: Buffer.concat(chunks as Array<Buffer>), headers: request.headers, nowMs: Date.now() })
          response.writeHead(answer?._tag === 'Reports' ? 204 : 401).end()
          for (const { progress } of answer?._tag === 'Reports' ? answer.reports : []) {
            const waiter = waiting.shift()
            if (waiter === undefined) told.push(progress)
            else waiter(progress)
          }
        })
      })
      await new Promise<void>((resolve) => spindle.listen(0, '127.0.0.1', resolve))
      const child = spawn(process.execPath, [file], {
        env: {
          COMMAND: command,
          PATH: process.env['PATH'],
          PORT: '0',
          SECRET,
          TACK_URL: `http://127.0.0.1:${String((spindle.address() as AddressInfo).port)}/webhooks/our-ci`
        },
        stdio: ['ignore', 'pipe', 'inherit']
      })
      const clock = systemClock()
      const client = httpClient({ clock, policy: { allowLoopback: true, trusted: true } })
      try {
        const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
        const made = makeWith({ secret: SECRET, url: `http://127.0.0.1:${port}/` }, { clock, log: silentLog }, client.fetch)
        if (made._tag === 'Left') throw new Error(made.left)
        provider = made.right
        await use(provider, () => {
          const progress = told.shift()
          return progress === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(progress)
        })
        await provider.close()
      } finally {
        child.kill('SIGKILL')
        await client.close()
        await new Promise((resolve) => spindle.close(resolve))
      }
    })

  const job = jobOf(BUILD, {})

  test.each([
    ['test "$TANGLED_REF" = refs/heads/main', { exitCode: 0, status: 'success' }],
    ['exit 3', { exitCode: 3, status: 'failed' }]
  ])('runs %s', (command, end) =>
    running(command, async (provider, next) => {
      expect(await provider.check()).toMatchObject({ isFine: true })
      expect(await provider.find(job)).toEqual({ _tag: 'Missing' })
      expect(await provider.start(job)).toMatchObject({ _tag: 'Accepted' })
      expect(await next()).toMatchObject({ status: 'running' })
      expect(await next()).toMatchObject(end)
      expect(await provider.start(job)).toMatchObject({ _tag: 'Accepted' })
      expect(await provider.find(job)).toMatchObject({ _tag: 'Accepted' })
      const lines = []
      for await (const line of provider.logs(job, job.key, new AbortController().signal)) lines.push(line)
      expect(lines).toContainEqual(expect.objectContaining({ _tag: 'Text', text: expect.stringMatching(/^There is no log here; look for /) as unknown }))
    }))

  test('ends a build that is cancelled', () =>
    running('exec sleep 600', async (provider, next) => {
      await provider.start(job)
      expect(await next()).toMatchObject({ status: 'running' })
      expect(await provider.cancel(job, job.key)).toEqual({ _tag: 'Acknowledged' })
      expect(await next()).toMatchObject({ status: 'cancelled' })
    }))
})
