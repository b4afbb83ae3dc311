/** What others may tell the spindle: providers, if they sign it; the operator, with the token. */
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { BuildName } from '../../../core/index.js'
import type { Provider, WebhookAnswer, WebhookRequest } from '../../../shell/providers/provider.js'
import { startServer } from '../../../shell/inbound/server.js'
import { manualClock } from '../support/bridge.js'
import { rememberingLog } from '../support/sockets.js'
import { ask, createWorld, eventually, fakeProvider, KNOT, OWNER, PROVIDER, raw, serve, type World } from './support.js'

/** Of a knot's runs that wait, no more than two hundred are those of one stranger. */
const STRANGER = 'did:plc:ssssssssssssssssssssssss'

const started = (): World => {
  const world = createWorld()
  world.openStream()
  return world
}

/** Believes the one token; its body is a list of statuses for one build. */
const listening = (build: BuildName, asked: Array<WebhookRequest> = []): Provider =>
  fakeProvider((request): WebhookAnswer => {
    asked.push(request)
    if (request.headers['x-token'] !== 'right') return { _tag: 'Unauthorized', reason: 'the token does not fit:\n\u001b[31mred' }
    const text = request.body.toString()
    if (text === 'throw') throw new Error('secret: hunter2')
    if (text === '') return { _tag: 'BadRequest', reason: 'no body' }
    return {
      _tag: 'Reports',
      reports: text.split(',').filter((status) => status === 'running' || status === 'success').map((status) => ({ build, progress: { error: null, exitCode: status === 'success' ? 0 : null, external: 'n1', status } }))
    }
  })

const TOKEN = 'canary-7f3a'
const NAME = { knot: KNOT, rkey: '3mbd3542k2222', workflow: 'ci.yml' } as BuildName

/** Those that are not 0. */
const metricsOf = async (url: string, name: string): Promise<ReadonlyArray<string>> =>
  (await ask(url, '/metrics')).body.split('\n').filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'))

describe('a webhook', () => {
  it.each<[string, { readonly body?: string | Buffer; readonly headers?: Readonly<Record<string, string>>; readonly method?: string; readonly path?: string }, number, string | null]>([
    ['that is signed', { body: 'running', headers: { 'x-token': 'right' } }, 204, 'reports'],
    ['that says nothing of ours', { body: 'other', headers: { 'x-token': 'right' } }, 204, 'reports'],
    ['without a token', { body: 'running' }, 401, 'unauthorized'],
    ['with another token', { body: 'running', headers: { 'x-token': 'wrong' } }, 401, 'unauthorized'],
    ['with a token twice as long', { body: 'running', headers: { 'x-token': 'rightright' } }, 401, 'unauthorized'],
    ['without a body', { headers: { 'x-token': 'right' } }, 400, 'bad_request'],
    ['that makes the provider stumble', { body: 'throw', headers: { 'x-token': 'right' } }, 500, 'error'],
    ['of just the size', { body: Buffer.alloc(1_000), headers: { 'x-token': 'right' } }, 204, 'reports'],
    ['of one byte more', { body: Buffer.alloc(1_001), headers: { 'x-token': 'right' } }, 413, 'too_large'],
    ['of one byte more, in pieces', { body: Buffer.alloc(1_001), headers: { 'transfer-encoding': 'chunked', 'x-token': 'right' } }, 413, 'too_large'],
    ['for another provider', { body: 'running', headers: { 'x-token': 'right' }, path: '/webhooks/other' }, 404, null],
    ['for a provider named like a member of every object', { body: 'running', path: '/webhooks/constructor' }, 404, null],
    ['for no provider', { body: 'running', path: '/webhooks/' }, 404, null],
    ['that is a GET', { method: 'GET' }, 405, null]
  ])('%s is answered with %s', async (_, { path = `/webhooks/${PROVIDER}`, ...request }, status, result) => {
    const serving = await serve(started(), { limits: { webhookBytes: 1_000 }, providers: [listening(NAME)] })
    const heard = await ask(serving.url, path, { method: 'POST', ...request })
    expect(heard.status).toBe(status)
    expect(heard.body).not.toContain('hunter2')
    expect(await metricsOf(serving.url, 'tack_webhooks_total')).toEqual(result === null ? [] : [`tack_webhooks_total{provider="fake",result="${result}"} 1`])
    expect(serving.delivered).toHaveLength(request.body === 'running' && status === 204 ? 1 : 0)
  })

  it('is asked to come again when its content may not be safe', async () => {
    const { setSaving, url } = await serve(started(), { providers: [listening(NAME)] })
    setSaving(false)
    const { headers, status } = await ask(url, `/webhooks/${PROVIDER}`, { body: 'running', headers: { 'x-token': 'right' }, method: 'POST' })
    expect([status, headers['retry-after']]).toEqual([503, '5'])
    expect(await metricsOf(url, 'tack_webhooks_total')).toEqual(['tack_webhooks_total{provider="fake",result="error"} 1'])
  })

  it('reaches its provider byte by byte, with its headers', async () => {
    const asked: Array<WebhookRequest> = []
    const { url } = await serve(started(), { providers: [listening(NAME, asked)] })
    const body = Buffer.from([0, 255, 13, 10, 195, 40])
    await ask(url, `/webhooks/${PROVIDER}`, { body, headers: { 'X-Token': 'right' }, method: 'POST' })
    const twice = await raw(url)
    twice.write(`POST /webhooks/${PROVIDER} HTTP/1.1\r\nHost: x\r\nX-Token: right\r\nX-Token: wrong\r\nContent-Length: 0\r\n\r\n`)
    const [answer] = (await once(twice, 'data')) as ReadonlyArray<Buffer>
    expect(answer?.toString()).toMatch(/^HTTP\/1.1 401 /)
    expect(asked.pop()?.headers['x-token']).toEqual(['right', 'wrong'])
    expect(asked.map((one) => [one.body.equals(body), one.headers['x-token'], Math.abs(one.nowMs - Date.now()) < 5_000])).toEqual([[true, 'right', true]])
  })

  it('becomes one event for each report, in order, and the machine believes what it may', async () => {
    const world = started()
    const [build] = world.push()
    if (build === undefined) throw new Error('no build')
    world.accept(build, 'n1')
    const { delivered, url } = await serve(world, { providers: [listening(build)] })
    const heard = await ask(url, `/webhooks/${PROVIDER}`, { body: 'running,success', headers: { 'x-token': 'right' }, method: 'POST' })
    expect([heard.status, heard.body]).toEqual([204, ''])
    expect(delivered).toMatchObject([
      { _tag: 'BuildReported', build, external: 'n1', provider: PROVIDER, status: 'running' },
      { _tag: 'BuildReported', build, exitCode: 0, provider: PROVIDER, status: 'success' }
    ])
    delivered.forEach(world.apply)
    expect(world.build(build).status).toBe('success')
  })

  it.each([
    ['for a provider that has no secret for them', PROVIDER, 'this provider takes no webhooks; where its kind can, they need "webhookSecret"'],
    ['for a provider that is not there', 'faek', 'there is no such provider; the path is /webhooks/ and the name under "providers"']
  ])('%s is told to the CI and to the operator', async (_, provider, hint) => {
    const { log, url } = await serve(started(), { providers: [fakeProvider()] })
    const { body, status } = await ask(url, `/webhooks/${provider}`, { method: 'POST' })
    expect([status, body.trimEnd()]).toEqual([404, hint])
    expect(log.lines).toContainEqual(expect.objectContaining({ fields: expect.objectContaining({ hint, provider }) as unknown, message: 'webhook rejected: nobody takes it' }))
  })

  it('is refused while too much of others is being received', async () => {
    const { url } = await serve(started(), { limits: { webhookBytes: 1_000, webhooksBytes: 1_500 }, providers: [listening(NAME)] })
    const post = () => ask(url, `/webhooks/${PROVIDER}`, { body: 'x'.repeat(700), headers: { 'x-token': 'right' }, method: 'POST' })
    // What has been received takes no room any more, and gives back no more than it took.
    for (let n = 0; n < 3; n++) expect((await post()).status).toBe(204)
    const slow = await raw(url)
    slow.write(`POST /webhooks/${PROVIDER} HTTP/1.1\r\nHost: x\r\nX-Token: right\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(900)}`)
    // Of what was sent before a hundred answers came, nothing is still on its way.
    await eventually(async () => expect(await post()).toMatchObject({ headers: { 'retry-after': '5' }, status: 503 }), 100)
    expect(await metricsOf(url, 'tack_webhooks_total')).toContainEqual(expect.stringMatching(/result="too_busy"} [1-9]/))
    slow.destroy()
    await eventually(async () => expect((await post()).status).toBe(204), 100)
  })

  it('is logged ten times when unsigned, as is an admin request without the token, then once in five minutes, however many come', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const { log, url } = await serve(world, { adminToken: TOKEN, providers: [listening(NAME)] })
    const all = async (): Promise<void> => {
      for (let n = 0; n < 15; n++) {
        await ask(url, `/webhooks/${PROVIDER}`, { body: 'running', method: 'POST' })
        await ask(url, `/builds/${KNOT}/${NAME.rkey}/cancel`, { headers: { authorization: 'Bearer wrong' }, method: 'POST' })
      }
    }
    const said = (message: string) => log.lines.filter((line) => line.message === message)
    const [unsigned, unknown] = ['webhook rejected: bad signature', 'admin request rejected: bad token']
    await all()
    expect([said(unsigned).length, said(unknown).length]).toEqual([10, 10])
    clock.advance(300_000)
    await all()
    expect([said(unsigned).length, said(unknown).length]).toEqual([11, 11])
    expect(said('similar messages suppressed').map(({ fields }) => fields)).toEqual([unsigned, unknown].map((of) => ({ count: 5, of })))
    expect(await metricsOf(url, 'tack_webhooks_total')).toEqual(['tack_webhooks_total{provider="fake",result="unauthorized"} 30'])
  })

  it('is not read when it is announced as too large', async () => {
    const { url } = await serve(started(), { providers: [listening(NAME)] })
    const announcing = await raw(url)
    let heard = ''
    announcing.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    announcing.write(`POST /webhooks/${PROVIDER} HTTP/1.1\r\nHost: x\r\nX-Token: right\r\nContent-Length: 1048577\r\n\r\n`)
    await eventually(() => expect(heard).toMatch(/^HTTP\/1.1 413 [^]*\r\nconnection: close\r\n/i))
    const body = Buffer.alloc(1_048_576)
    expect((await ask(url, `/webhooks/${PROVIDER}`, { body, headers: { 'x-token': 'right' }, method: 'POST' })).status).toBe(204)
  })

  it('says why it is not believed or understood: to the operator in the log, to its sender as far as useful', async () => {
    const { log, url } = await serve(started(), { providers: [listening(NAME)] })
    const unsigned = await ask(url, `/webhooks/${PROVIDER}`, { body: 'running', method: 'POST' })
    expect([unsigned.body, unsigned.headers['www-authenticate']]).toEqual(['bad signature or token\n', 'Signature'])
    expect((await ask(url, `/webhooks/${PROVIDER}`, { headers: { 'x-token': 'right' }, method: 'POST' })).body).toBe('no body\n')
    await ask(url, `/webhooks/${PROVIDER}`, { body: 'throw', headers: { 'x-token': 'right' }, method: 'POST' })
    expect(log.lines).toMatchObject([
      { fields: { from: '127.0.0.1', provider: PROVIDER, reason: expect.stringContaining('the token does not fit') as string }, level: 'warn' },
      { fields: { provider: PROVIDER, reason: 'no body' }, level: 'warn' },
      { fields: { provider: PROVIDER }, level: 'error' }
    ])
  })

  it('is passed to the machine with its time, and with its error; an invalid exit code is left out', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const said = (exitCode: number) => ({ build: NAME, progress: { error: 'no space left', exitCode, external: 'n1', status: 'failed' } }) as const
    const { delivered, url } = await serve(world, { providers: [fakeProvider(() => ({ _tag: 'Reports', reports: [said(28), said(0.5)] }))] })
    await ask(url, `/webhooks/${PROVIDER}`, { method: 'POST' })
    const event = { _tag: 'BuildReported', at: clock.now(), build: NAME, error: 'no space left', external: 'n1', provider: PROVIDER, status: 'failed' }
    expect(delivered).toEqual([
      { ...event, exitCode: 28 },
      { ...event, exitCode: null }
    ])
  })

  it('is not acknowledged as safe when one of its reports is not', async () => {
    const other = { ...NAME, workflow: 'other.yml' } as BuildName
    const reports = [NAME, other].map((build) => ({ build, progress: { error: null, exitCode: null, external: 'n1', status: 'running' } }) as const)
    const world = started()
    const server = await startServer(
      {
        backlog: () => 0,
        clock: world.clock,
        durable: world.state,
        isSaving: () => true,
        log: rememberingLog(),
        admin: () => Promise.resolve('unsafe'),
        providers: [fakeProvider(() => ({ _tag: 'Reports', reports }))],
        submit: (event) => Promise.resolve(event._tag === 'BuildReported' && event.build === NAME)
      },
      { listen: { host: '127.0.0.1', port: 0 }, owner: OWNER }
    )
    onTestFinished(() => server.close())
    expect((await ask(`http://127.0.0.1:${String(server.port)}`, `/webhooks/${PROVIDER}`, { method: 'POST' })).status).toBe(503)
  })
})

// ---------------------------------------------------------------------------------------- admin requests

describe('an admin request', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  it.each<[string, (rkey: string) => string, Readonly<Record<string, string>>, number]>([
    ['to cancel a run', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, bearer(TOKEN), 202],
    ['to cancel a build', (rkey) => `/builds/${KNOT}/${rkey}/ci.yml/cancel`, bearer(TOKEN), 202],
    ['to retry a run', (rkey) => `/builds/${KNOT}/${rkey}/retry`, bearer(TOKEN), 202],
    ['to retry a build', (rkey) => `/builds/${KNOT}/${rkey}/ci.yml/retry`, bearer(TOKEN), 202],
    ['with the scheme in small letters', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, { authorization: `bearer ${TOKEN}` }, 202],
    ['without a token', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, {}, 401],
    ['with another token', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, bearer('canary-7f3b'), 401],
    ['with the token in capitals', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, bearer(TOKEN.toUpperCase()), 401],
    ['with part of the token', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, bearer('canary'), 401],
    ['with more than the token', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, bearer(`${TOKEN}x`), 401],
    ['with another scheme', (rkey) => `/builds/${KNOT}/${rkey}/cancel`, { authorization: `Basic ${TOKEN}` }, 401],
    ['about another run', () => `/builds/${KNOT}/3mbd3542k2222/cancel`, bearer(TOKEN), 404],
    ['about another workflow', (rkey) => `/builds/${KNOT}/${rkey}/other.yml/cancel`, bearer(TOKEN), 404],
    ['of another kind', (rkey) => `/builds/${KNOT}/${rkey}/delete`, bearer(TOKEN), 404],
    ['that leads up', () => '/builds/..%2f../x/cancel', bearer(TOKEN), 404]
  ])('%s', async (_, path, headers, status) => {
    const world = started()
    const [build] = world.push()
    if (build === undefined) throw new Error('no build')
    if (path('').endsWith('retry')) world.refuse(build, 'no')
    const { delivered, log, url } = await serve(world, { adminToken: TOKEN })
    const heard = await ask(url, path(build.rkey), { headers, method: 'POST' })
    expect([heard.status, heard.body]).toEqual([status, status === 202 ? '{"accepted":true}\n' : expect.any(String)])
    const workflow = path('').includes('ci.yml') ? 'ci.yml' : null
    expect(delivered).toMatchObject(
      status === 202 ? [{ _tag: path('').endsWith('cancel') ? 'CancelRequested' : 'RetryRequested', knot: KNOT, rkey: build.rkey, workflow }] : []
    )
    expect(JSON.stringify([heard.body, heard.headers, log.lines])).not.toContain('canary')
    const action = path('').split('/').at(-1)
    expect(log.lines).toMatchObject(
      status === 202
        ? [{ fields: { action, knot: KNOT, rkey: build.rkey, workflow }, level: 'info', message: 'admin request' }]
        : status === 401
          ? [{ fields: { from: '127.0.0.1' }, level: 'warn', message: 'admin request rejected: bad token' }]
          : []
    )
    expect(heard.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
    expect(await metricsOf(url, 'tack_orders_total')).toEqual(
      status === 202 ? ['tack_orders_total{result="accepted"} 1'] : status === 401 ? ['tack_orders_total{result="unauthorized"} 1'] : []
    )
  })

  const refusing: ReadonlyArray<readonly [string, string, (world: World, build: BuildName) => void, string]> = [
    ['to cancel what has ended', 'cancel', (world, build) => world.refuse(build, 'no'), 'the build has already ended'],
    ['to retry what goes on', 'retry', () => undefined, 'the build has not ended yet'],
    [
      'to retry without a right',
      'retry',
      (world, build) => {
        world.refuse(build, 'no')
        world.retractRepo()
      },
      'the repository no longer names this spindle, or whoever caused the run may no longer push to it'
    ],
    [
      'to retry what would have to be read, where too much is',
      'retry',
      (world) => {
        for (let n = 0; n < 200; n++) world.pushUnread({ owner: STRANGER })
      },
      'no room for another run: too many are waiting, or unfinished runs hold too much; retry later'
    ]
  ]

  it.each(refusing)('is refused with the reason: %s', async (what, action, prepare, reason) => {
    const world = started()
    const [build] = world.push(what.includes('would have to be read') ? { faulty: { 'ci.yml': 'bad' }, owner: STRANGER, workflows: [] } : {})
    if (build === undefined) throw new Error('no build')
    prepare(world, build)
    const { delivered, url } = await serve(world, { adminToken: TOKEN })
    const heard = await ask(url, `/builds/${KNOT}/${build.rkey}/${action}`, { headers: bearer(TOKEN), method: 'POST' })
    expect([heard.status, JSON.parse(heard.body)]).toEqual([409, { accepted: false, reason }])
    expect(await metricsOf(url, 'tack_orders_total')).toEqual(['tack_orders_total{result="refused"} 1'])
    // What is said is so: it changes nothing.
    const before = world.state().builds
    delivered.forEach(world.apply)
    expect([delivered.length, world.state().builds]).toEqual([1, before])
  })

  it('is not accepted when it may not be safe', async () => {
    const world = started()
    const [build] = world.push()
    if (build === undefined) throw new Error('no build')
    const { setSaving, url } = await serve(world, { adminToken: TOKEN })
    setSaving(false)
    const { headers, status } = await ask(url, `/builds/${KNOT}/${build.rkey}/cancel`, { headers: bearer(TOKEN), method: 'POST' })
    expect([status, headers['retry-after']]).toEqual([503, '5'])
    expect(await metricsOf(url, 'tack_orders_total')).toEqual(['tack_orders_total{result="error"} 1'])
  })

  it('is understood by the machine', async () => {
    const clock = manualClock()
    clock.advance(5)
    const world = createWorld({ clock })
    world.openStream()
    const [build] = world.push()
    if (build === undefined) throw new Error('no build')
    const { delivered, url } = await serve(world, { adminToken: TOKEN })
    await ask(url, `/builds/${KNOT}/${build.rkey}/cancel`, { headers: bearer(TOKEN), method: 'POST' })
    expect(delivered).toMatchObject([{ at: clock.now() }])
    delivered.forEach(world.apply)
    expect(world.build(build).status).toBe('cancelled')
  })

  it('is impossible where no token is configured, with any token', async () => {
    const world = started()
    const [build] = world.push()
    const { url } = await serve(world)
    for (const headers of [{}, bearer(''), bearer('undefined')])
      expect((await ask(url, `/builds/${KNOT}/${build?.rkey ?? ''}/cancel`, { headers, method: 'POST' })).status).toBe(404)
    expect((await ask(url, `/builds/${KNOT}/${build?.rkey ?? ''}/cancel`)).status).toBe(405)
  })
})
