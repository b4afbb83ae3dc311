/** HTTP as the spindle speaks it: what each route answers, what is bounded, and what a stranger cannot do with it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createConnection, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { PassThrough } from 'node:stream'
import { queryObjects } from 'node:v8'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../../../shell/lib/log.js'
import { startServer } from '../../../shell/inbound/server.js'
import { listenAddress } from '../../../shell/inbound/http/address.js'
import { createBudget } from '../../../shell/inbound/http/body.js'
import { clientOf } from '../../../shell/inbound/http/clients.js'
import { VERSION } from '../../../shell/lib/version.js'
import { manualClock } from '../support/bridge.js'
import { rememberingLog } from '../support/sockets.js'
import { ask, createWorld, eventually, fakeProvider, HOSTNAME, KNOT, OWNER, PROVIDER, raw, read, serve, UPGRADE, type World } from './support.js'

const started = (): World => {
  const world = createWorld()
  world.openStream()
  return world
}

// ---------------------------------------------------------------------------------------- routes

describe('xrpc', () => {
  it('says whose spindle this is, to anybody', async () => {
    const { url } = await serve(started())
    const { body, headers, status } = await ask(url, '/xrpc/sh.tangled.owner?x=y')
    expect([status, JSON.parse(body), headers['access-control-allow-origin']]).toEqual([200, { owner: OWNER }, '*'])
  })

  it.each(['sh.tangled.ci.cancelPipeline', 'com.atproto.server.describeServer', 'x', '%00', '__proto__'])('does not know %s', async (method) => {
    const { url } = await serve(started())
    for (const verb of ['GET', 'POST']) {
      const { body, status } = await ask(url, `/xrpc/${method}`, { method: verb })
      expect([status, JSON.parse(body)]).toEqual([501, { error: 'MethodNotImplemented', message: 'method not implemented by this spindle' }])
    }
  })
})

describe('healthz', () => {
  const health = async (url: string) => {
    const { body, status } = await ask(url, '/healthz')
    return { status, ...(JSON.parse(body) as { readonly reasons: ReadonlyArray<string>; readonly stream: { readonly connected: boolean; readonly lostForSeconds: number } }) }
  }

  it('is healthy while the stream is connected, was lost lately, or has only just been missing; not after some minutes', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    const { url } = await serve(world)
    expect(await health(url)).toMatchObject({ status: 'ok', stream: { connected: false, lostForSeconds: 0 } })
    clock.advance(300_000)
    expect((await ask(url, '/healthz')).status).toBe(503)
    world.openStream()
    expect(await health(url)).toMatchObject({ stream: { connected: true, lostForSeconds: 0 } })
    clock.advance(3_600_000)
    expect((await ask(url, '/healthz')).status).toBe(200)
    world.loseStream()
    clock.advance(299_999)
    expect((await ask(url, '/healthz')).status).toBe(200)
    clock.advance(1)
    expect((await ask(url, '/healthz')).status).toBe(503)
    expect((await health(url)).reasons).toEqual(['the stream has been disconnected for 300 seconds'])
  })

  it('counts the loss from its beginning, whatever happens meanwhile, and reports it in seconds', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    const { url } = await serve(world)
    world.openStream()
    clock.advance(7_000)
    world.publishRepo()
    world.loseStream()
    for (let n = 0; n < 3; n++) {
      clock.advance(99_000)
      world.publishRepo({ name: String(n) })
    }
    const { body, status } = await ask(url, '/healthz')
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { reasons: [], saving: true, status: 'ok', stream: { connected: false, cursorAgeSeconds: 0, lostForSeconds: 297 } }
    ])
    clock.advance(3_000)
    expect(JSON.parse((await ask(url, '/healthz')).body)).toMatchObject({ status: 'failing', stream: { cursorAgeSeconds: 3, lostForSeconds: 300 } })
  })

  it('is unhealthy while nothing can be saved, and while the spindle stops', async () => {
    const world = started()
    const { setSaving, url } = await serve(world)
    setSaving(false)
    expect((await ask(url, '/healthz')).status).toBe(503)
    expect(await health(url)).toMatchObject({ reasons: ['the state cannot be saved: see the log'], saving: false })
    setSaving(true)
    expect((await ask(url, '/healthz')).status).toBe(200)
    world.apply({ _tag: 'StopRequested', at: world.clock.now() })
    expect((await health(url)).reasons).toEqual(['the spindle is stopping'])
  })
})

it('a budget is used to the last byte, and no further', () => {
  const { give, take } = createBudget(10)
  expect([take(4), take(6), take(1)]).toEqual([true, true, false])
  give(6)
  expect([take(7), take(6)]).toEqual([false, true])
})

it('shows Prometheus everything, under its name and in its unit', async () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  const serving = await serve(world, { adminToken: 'canary', providers: [fakeProvider(() => ({ _tag: 'Reports', reports: [] }))] })
  const { setSaving, url } = serving
  world.openStream()
  const [build, other] = world.push({ workflows: ['a.yml', 'b.yml'] })
  if (build === undefined || other === undefined) throw new Error('no builds')
  world.openKnot()
  world.accept(build, 'n1')
  world.report(build, 'n1', 'running')
  world.publishRepo({ knot: '127.0.0.1', name: 'trap' })
  await read(url, '/events?cursor=0')
  await read(url, `/logs/${KNOT}/${other.rkey}/b.yml`)
  await ask(url, `/webhooks/${PROVIDER}`, { method: 'POST' })
  await ask(url, `/builds/${KNOT}/${build.rkey}/cancel`, { headers: { authorization: 'Bearer canary' }, method: 'POST' })
  clock.advance(1_500)
  world.loseStream()
  clock.advance(6_000)
  setSaving(false)
  const shown = async (): Promise<ReadonlyArray<string>> => (await ask(url, '/metrics')).body.split('\n').filter((line) => /^tack_(?!.*_total\{.* 0$)/.test(line))
  const lines = [
    `tack_build_info{version="${VERSION}"} 1`,
    'tack_stream_frames_total 2',
    'tack_stream_connected 0',
    'tack_stream_lost_seconds 6',
    'tack_stream_cursor_seconds 1767225600',
    'tack_stream_cursor_age_seconds 7.5',
    'tack_saving 0',
    'tack_backlog_events 3',
    'tack_reports_total{kind="KnotRefused",reason=""} 1',
    'tack_accounts 1',
    'tack_members 0',
    'tack_rows{collection="collaborators"} 0',
    'tack_rows{collection="members"} 0',
    'tack_rows{collection="repos"} 2',
    'tack_rows{collection="tombstones"} 0',
    'tack_knots{phase="Idle"} 0',
    'tack_knots{phase="Connecting"} 0',
    'tack_knots{phase="Open"} 1',
    'tack_knots{phase="Waiting"} 0',
    'tack_runs 1',
    'tack_builds{status="cancelled"} 0',
    'tack_builds{status="failed"} 0',
    'tack_builds{status="pending"} 1',
    'tack_builds{status="running"} 1',
    'tack_builds{status="success"} 0',
    'tack_builds{status="timeout"} 0',
    'tack_statuses 3',
    'tack_events_readers 1',
    'tack_events_sent_total 4',
    'tack_events_cut_total 0',
    'tack_events_truncated_total 0',
    'tack_log_readers 1',
    'tack_webhooks_total{provider="fake",result="reports"} 1',
    'tack_orders_total{result="accepted"} 1'
  ]
  expect(await shown()).toEqual(lines)
  // Asked for again, nothing is counted twice; connected, nothing is lost.
  setSaving(true)
  world.openStream()
  world.openKnot()
  expect(await shown()).toEqual(
    lines.map((line) => line.replace(/^(tack_(?:stream_connected|saving)) 0$/, '$1 1').replace(/^(tack_stream_lost_seconds) 6$/, '$1 0'))
  )
})

it('shows Prometheus no time where there is none', async () => {
  const world = createWorld()
  const { url } = await serve(world)
  const cursors = async () => (await ask(url, '/metrics')).body.split('\n').filter((line) => line.startsWith('tack_stream_cursor_'))
  expect(await cursors()).toEqual([])
  world.openStream()
  world.publishRepo({ knot: KNOT, name: 'app' })
  expect(await cursors()).toHaveLength(2)
})

it('shows Prometheus the kinds of its numbers, with those of the process', async () => {
  const { url } = await serve(started())
  const { body, headers } = await ask(url, '/metrics')
  expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/)
  expect(body).toMatch(/^process_resident_memory_bytes \d+$/m)
  for (const [, name = '', kind] of body.matchAll(/^# TYPE (tack_\w+) (\w+)$/gm)) expect(`${name} ${kind ?? ''}`).toBe(`${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`)
})

it('shows what has not happened yet as 0, and every count once', async () => {
  const world = started()
  const { url } = await serve(world, { providers: [fakeProvider(() => ({ _tag: 'Reports', reports: [] }))] })
  const counts = async () => (await ask(url, '/metrics')).body.split('\n').filter((line) => /^tack_(reports|webhooks|orders)_total\{/.test(line))
  const before = await counts()
  expect(before).toHaveLength(61)
  expect(new Set(before.map((line) => line.replace(/ \d+$/, ''))).size).toBe(61)
  for (const labels of [
    'reports_total{kind="AccessReadFailed",reason=""}',
    'reports_total{kind="Gap",reason=""}',
    'reports_total{kind="FrameRejected",reason="json"}',
    'reports_total{kind="TriggerRefused",reason="actor"}',
    'webhooks_total{provider="fake",result="unauthorized"}',
    'orders_total{result="accepted"}'
  ])
    expect(before).toContain(`tack_${labels} 0`)
  world.publishRepo({ knot: '127.0.0.1', name: 'trap' })
  expect((await counts()).filter((line) => !before.includes(line))).toEqual(['tack_reports_total{kind="KnotRefused",reason=""} 1'])
})

it('shows that reports have a kind and a reason', async () => {
  const world = started()
  const { url } = await serve(world)
  world.apply({ _tag: 'FrameRejected', at: world.clock.now(), collection: null, connection: world.state().cursor.connection.number, detail: 'x', did: null, operation: null, ordinal: null, reason: 'rkey', rkey: null, timeUs: null })
  expect((await ask(url, '/metrics')).body).toContain('tack_reports_total{kind="FrameRejected",reason="rkey"} 1\n')
})

it('counts the rows of a large state in slices, and leaves no timer when it ends', async () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  world.openStream()
  for (let n = 0; n < 2_500; n++) world.publishRepo({ name: `r${String(n)}`, owner: `did:plc:${n.toString(26).replace(/[0-9]/g, 'z').padStart(24, 'a')}${String(n)}` })
  const { server, url } = await serve(world)
  await eventually(async () => expect((await ask(url, '/metrics')).body).toContain('tack_rows{collection="repos"} 2500\n'))
  expect(clock.armed()).toBe(1)
  await server.close()
  expect(clock.armed()).toBe(0)
})

// ---------------------------------------------------------------------------------------- what the page is told

describe('the overview', () => {
  it('shows why knots are held, what is built and who may build, and nothing of what builds are given', async () => {
    const world = started()
    const { url } = await serve(world, { adminToken: 'canary' })
    const [build] = world.push({ faulty: { 'broken.yml': '<img src=x onerror=alert(1)>' }, name: '<b>app</b>' })
    if (build === undefined) throw new Error('no build')
    world.accept(build, 'n1')
    world.report(build, 'n1', 'running')
    world.pushUnread({ name: '<b>app</b>' })
    const { body } = await ask(url, '/api/overview.json')
    expect(JSON.parse(body)).toMatchObject({
      active: [{ cause: 'push', pipeline: 'main', provider: PROVIDER, ref: 'refs/heads/main', repository: { name: '<b>app</b>', owner: OWNER }, status: 'running', workflow: 'ci.yml' }],
      admission: 'open',
      builds: [{ status: 'running' }, { error: '<img src=x onerror=alert(1)>', status: 'failed' }],
      counts: { builds: { failed: 1, running: 1 }, knots: 1, repositories: 1, runs: 2 },
      hostname: HOSTNAME,
      isHealthy: true,
      knots: [{ holders: [{ name: '<b>app</b>', owner: OWNER, rkey: 'repo1' }], holding: 1, host: KNOT, phase: 'Connecting' }],
      next: null,
      owner: OWNER,
      reading: [{ knot: KNOT }],
      repositories: [{ knot: KNOT, name: '<b>app</b>' }],
      stream: { phase: 'Open' }
    })
    expect(body).not.toMatch(/never-to-be-shown|canary/)
  })

  it('shows times in milliseconds, the latest first, and everything there is to say of a build', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    const { setSaving, url } = await serve(world)
    const startMs = clock.now() / 1000
    world.openStream()
    clock.advance(1_000)
    const [a, b] = world.push({ workflows: ['a.yml', 'b.yml'] })
    if (a === undefined || b === undefined) throw new Error('no builds')
    clock.advance(1_000)
    world.openKnot()
    for (const [knot, name] of [['127.0.0.1', 'trap'], ['127.0.0.2', 'trap'], ...Array.from({ length: 12 }, (_, n) => [KNOT, `n${String(n)}`])] as const) world.publishRepo({ knot, name })
    world.accept(a, 'n1')
    world.accept(b, 'n2')
    clock.advance(1_000)
    world.report(b, 'n2', 'running')
    clock.advance(1_000)
    world.report(a, 'n1', 'failed', { error: 'exit code 2', exitCode: 2 })
    clock.advance(1_000)
    world.apply({ _tag: 'RetryRequested', at: clock.now(), knot: KNOT, rkey: a.rkey, workflow: a.workflow })
    setSaving(false)
    const sha = `00000001${'b'.repeat(32)}`
    const build = { cause: 'push', error: null, exitCode: null, knot: KNOT, pipeline: 'main', provider: PROVIDER, ref: 'refs/heads/main', retryOf: null, rkey: a.rkey, sha, triggeredMs: startMs + 1_000, url: null }
    const retried = { ...build, retryOf: a.rkey, rkey: expect.not.stringContaining(a.rkey) as string, status: 'pending', statusMs: startMs + 5_000, triggeredMs: startMs + 5_000, workflow: 'a.yml' }
    const running = { ...build, status: 'running', statusMs: startMs + 3_000, workflow: 'b.yml' }
    const shown = JSON.parse((await ask(url, '/api/overview.json')).body) as { readonly knots: ReadonlyArray<{ readonly holders: ReadonlyArray<unknown> }> }
    expect(shown).toMatchObject({
      active: [retried, running],
      builds: [retried, { ...build, error: 'exit code 2', exitCode: 2, status: 'failed', statusMs: startMs + 4_000, workflow: 'a.yml' }, running],
      counts: { builds: { cancelled: 0, failed: 1, pending: 1, running: 1, success: 0, timeout: 0 }, knots: 1, members: 0, repositories: 13, runs: 2 },
      isHealthy: false,
      isSaving: false,
      knots: [{ attempt: 0, holding: 13, phase: 'Open', sinceMs: startMs + 2_000 }],
      noticed: [
        { about: [['did', OWNER], ['knot', '127.0.0.2'], ['rkey', 'repo3']], atMs: startMs + 2_000, kind: 'KnotRefused' },
        { about: [['did', OWNER], ['knot', '127.0.0.1'], ['rkey', 'repo2']] }
      ],
      reading: [],
      stream: { attempt: 0, cursorMs: startMs + 2_000, frames: 15, phase: 'Open', sinceMs: startMs }
    })
    expect(shown.knots[0]?.holders).toHaveLength(12)
  })

  it.each<[object, object]>([
    [{}, { cause: 'push', ref: 'refs/heads/main', sha: `00000001${'b'.repeat(32)}` }],
    [
      { _tag: 'PullRequest', action: 'opened', sourceBranch: 'feature', sourceSha: 'c'.repeat(40), targetBranch: 'main' },
      { cause: 'pull request', ref: 'feature → main', sha: 'c'.repeat(40) }
    ],
    [{ _tag: 'Manual', inputs: [], ref: 'refs/heads/other', sha: 'd'.repeat(40) }, { cause: 'manual', ref: 'refs/heads/other', sha: 'd'.repeat(40) }],
    [{ _tag: 'Manual', inputs: [], ref: null, sha: null }, { cause: 'manual', ref: null, sha: null }]
  ])('shows a trigger of %j as it was, while its workflows are read', async (cause, shown) => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const { url } = await serve(world)
    const { rkey } = world.pushUnread({ cause })
    const { reading } = JSON.parse((await ask(url, '/api/overview.json')).body) as { readonly reading: unknown }
    expect(reading).toEqual([{ ...shown, knot: KNOT, repository: { name: 'app', owner: OWNER }, retryOf: null, rkey, triggeredMs: clock.now() / 1000 }])
  })

  it('says who may have builds, and is made anew for another state, but not more than four times a second', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    world.openStream()
    const { setSaving, url } = await serve(world)
    const shown = async () => JSON.parse((await ask(url, '/api/overview.json')).body) as { readonly isSaving: boolean; readonly members: ReadonlyArray<string> }
    expect(await shown()).toMatchObject({ isSaving: true, members: [] })
    const subject = `did:plc:${'m'.repeat(24)}`
    const record = { createdAt: '', instance: HOSTNAME, subject }
    world.apply({ _tag: 'CommitReceived', at: clock.now(), collection: 'sh.tangled.spindle.member', connection: world.state().cursor.connection.number, did: OWNER, ordinal: null, record, rev: null, rkey: 'm', timeUs: clock.now() })
    clock.advance(249)
    expect(await shown()).toMatchObject({ members: [] })
    clock.advance(1)
    expect(await shown()).toMatchObject({ counts: { members: 1 }, isSaving: true, members: [subject] })
    setSaving(false)
    clock.advance(250)
    expect(await shown()).toMatchObject({ isHealthy: false, isSaving: false })
  })

  it('is made anew when health changes and nothing else does: the page neither goes on with an alarm nor keeps one back', async () => {
    const clock = manualClock()
    const world = createWorld({ clock })
    const { setSaving, url } = await serve(world, { limits: { lostMs: 300_000 } })
    const before = world.state()
    const shown = async () => {
      const { isHealthy, isSaving } = JSON.parse((await ask(url, '/api/overview.json')).body) as { readonly isHealthy: boolean; readonly isSaving: boolean }
      return [isHealthy, isSaving, (await ask(url, '/healthz')).status]
    }
    expect(await shown()).toEqual([true, true, 200])
    clock.advance(300_000)
    expect(await shown()).toEqual([false, true, 503])
    // Another reason for the same alarm.
    setSaving(false)
    clock.advance(250)
    expect(await shown()).toEqual([false, false, 503])
    expect(world.state()).toBe(before)
    setSaving(true)
    clock.advance(250)
    expect(await shown()).toEqual([false, true, 503])
    world.openStream()
    clock.advance(250)
    expect(await shown()).toEqual([true, true, 200])
  })

  it('is sent again only when something has changed, and compressed for clients that accept that', async () => {
    const world = started()
    const { url } = await serve(world)
    const first = await ask(url, '/api/overview.json')
    const etag = first.headers.etag ?? ''
    expect((await ask(url, '/api/overview.json', { headers: { 'if-none-match': etag } })).status).toBe(304)
    world.push()
    await eventually(async () => expect((await ask(url, '/api/overview.json', { headers: { 'if-none-match': etag } })).status).toBe(200))
    const second = await ask(url, '/api/overview.json', { headers: { 'if-none-match': etag } })
    expect([second.headers['access-control-allow-origin'], second.headers.etag === etag]).toEqual(['*', false])
    const zipped = await fetch(`${url}/api/overview.json`, { headers: { 'accept-encoding': 'gzip' } })
    expect([zipped.headers.get('content-encoding'), zipped.headers.get('vary'), await zipped.text()]).toEqual(['gzip', 'accept-encoding', second.body])
  })

  it('cuts what strangers made long', async () => {
    const world = started()
    const { url } = await serve(world)
    const [build] = world.push({ cause: { ref: `refs/heads/${'r'.repeat(100_000)}` }, name: 'n'.repeat(512) })
    if (build === undefined) throw new Error('no build')
    world.refuse(build, 'e'.repeat(100_000))
    const { body } = await ask(url, '/api/overview.json')
    expect(body.length).toBeLessThan(4_000)
    for (const long of ['eee…"', 'nnn…"', 'rrr…"']) expect(body).toContain(long)
  })

  it('stays small in a large state, and gives older builds page by page', async () => {
    const world = started()
    const { url } = await serve(world)
    for (let n = 0; n < 230; n++) {
      const [one] = world.push({ knot: `k${String(n % 210)}.example`, name: `repo-${String(n % 210)}` })
      if (one !== undefined && n % 2 === 0) world.refuse(one, 'no')
    }
    const overview = await ask(url, '/api/overview.json')
    const shown = JSON.parse(overview.body) as {
      readonly active: ReadonlyArray<unknown>
      readonly builds: ReadonlyArray<{ readonly knot: string; readonly rkey: string }>
      readonly knots: ReadonlyArray<unknown>
      readonly next: number
      readonly repositories: ReadonlyArray<unknown>
    }
    expect([shown.active.length, shown.builds.length, shown.knots.length, shown.repositories.length]).toEqual([100, 100, 200, 200])
    expect(overview.body.length).toBeLessThan(250_000)
    const rkeys = shown.builds.map(({ rkey }) => rkey)
    let next: number | null = shown.next
    for (let pages = 0; next !== null; pages++) {
      expect(pages).toBeLessThan(3)
      const page = JSON.parse((await ask(url, `/api/builds.json?before=${String(next)}`)).body) as { readonly builds: ReadonlyArray<{ readonly rkey: string }>; readonly next: number | null }
      rkeys.push(...page.builds.map(({ rkey }) => rkey))
      next = page.next
    }
    expect(rkeys).toHaveLength(230)
    expect(new Set(rkeys).size).toBe(230)
    expect((await ask(url, '/api/builds.json?before=0')).body).toBe('{"builds":[],"handles":{},"next":null}\n')
    expect((await ask(url, '/api/builds.json')).body).toBe((await ask(url, '/api/builds.json?before=9007199254740991')).body)
    const [first] = shown.builds
    const ofRun = JSON.parse((await ask(url, `/api/builds.json?knot=${String(first?.knot)}&rkey=${String(first?.rkey)}`)).body) as { readonly builds: ReadonlyArray<unknown> }
    expect(ofRun.builds).toEqual([first])
    for (const query of ['?before=', '?before=x', '?before=-1', '?knot=a.example', '?rkey=x', '?knot=a.example&rkey=x&before=1']) expect((await ask(url, `/api/builds.json${query}`)).status).toBe(400)
  })
})

describe('the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', /<!doctype html>/],
    ['/page.css', 'text/css; charset=utf-8', /:root/],
    ['/page.js', 'text/javascript; charset=utf-8', /overview/],
    ['/icon.svg', 'image/svg+xml', /<svg/]
  ])('%s comes with a policy that lets nothing foreign in', async (path, type, content) => {
    const { url } = await serve(started())
    const { body, headers, status } = await ask(url, path)
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, type, 'no-cache'])
    expect(body).toMatch(content)
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    expect((await ask(url, path, { headers: { 'if-none-match': headers.etag ?? '' } })).status).toBe(304)
  })
})

// ---------------------------------------------------------------------------------------- hardening

/** Error and sentence of an answer, as it came over the wire. */
const refusedIn = (heard: string): string => {
  const { error, message } = JSON.parse(heard.split('\r\n\r\n')[1] ?? '') as { readonly error: string; readonly message: string }
  return `${error}: ${message}`
}

describe('requests', () => {
  it.each([
    '/nothing', '//', '//events', '/events/x', '/healthz/', '/healthz%2f', '/%2e%2e/etc/passwd', '/../../etc/passwd', '/page/../page.js', '/page%2ejs/', '/page.html',
    '/api', '/api/', '/api/x', '/xrpc', '/constructor', '/__proto__', '/%', '/%ff', '/%00', '/%c0%ae%c0%ae', `/${'x'.repeat(5_000)}`
  ])('requests for %s find nothing', async (path) => {
    const { url } = await serve(started())
    const { body, headers, status } = await ask(url, path)
    expect([status, body, headers['content-security-policy']]).toEqual([404, 'not found\n', "default-src 'none'; frame-ancestors 'none'"])
    expect((await ask(url, path, { headers: UPGRADE })).status).toBe(404)
  })

  it('may be HEAD and OPTIONS, and nothing that is not meant', async () => {
    const { url } = await serve(started(), { providers: [fakeProvider(() => ({ _tag: 'Reports', reports: [] }))] })
    const head = await ask(url, '/api/overview.json', { method: 'HEAD' })
    expect([head.status, head.body, Number(head.headers['content-length']) > 100]).toEqual([200, '', true])
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE']) {
      const { headers, status } = await ask(url, '/healthz', { method })
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
    }
    const allowed = async (path: string) => (await ask(url, path, { method: 'OPTIONS' })).headers['access-control-allow-methods']
    expect([await allowed('/healthz'), await allowed('/xrpc/x'), await allowed(`/webhooks/${PROVIDER}`), await allowed('/events')]).toEqual([
      'GET, HEAD, OPTIONS',
      'GET, POST, HEAD, OPTIONS',
      'POST, OPTIONS',
      'GET'
    ])
    const preflight = await ask(url, '/xrpc/sh.tangled.owner', { method: 'OPTIONS' })
    expect([preflight.status, preflight.headers['access-control-allow-origin'], preflight.headers['access-control-allow-headers']]).toEqual([204, '*', 'authorization, content-type'])
    expect((await ask(url, `/webhooks/${PROVIDER}`, { method: 'OPTIONS' })).headers['access-control-allow-origin']).toBeUndefined()
    expect((await ask(url, '/healthz', { headers: UPGRADE })).status).toBe(400)
  })

  const PATHS = ['/', '/page.js', '/healthz', '/metrics', '/api/overview.json', '/api/builds.json', '/xrpc/sh.tangled.owner', '/nothing']
  it.each(PATHS)('requests for %s are answered with headers that keep browsers from guessing, and are cached only where allowed', async (path) => {
    const { url } = await serve(started())
    const { headers } = await ask(url, path)
    expect(headers).toMatchObject({ 'cross-origin-opener-policy': 'same-origin', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' })
    expect(headers['cache-control']).toBe(/^\/(?:page\.js|api\/overview\.json)?$/.test(path) ? 'no-cache' : 'no-store')
  })

  it('carry no more headers than fit', async () => {
    const { url } = await serve(started())
    const many = await raw(url)
    let heard = ''
    many.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    many.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 2_000 }, (_, n) => `X-Header-${String(n)}: y\r\n`).join('')}\r\n`)
    await once(many, 'close')
    expect(heard).toMatch(/^HTTP\/1.1 431 /)
    expect(refusedIn(heard)).toEqual('InvalidRequest: the URL and the headers are longer than 24576 bytes: ask for less at a time')
    const address = await ask(url, `/xrpc/sh.tangled.ci.queryPipelines?repo=${'x'.repeat(30_000)}`)
    expect([address.status, address.headers['access-control-allow-origin'], JSON.parse(address.body)]).toMatchObject([431, '*', { error: 'InvalidRequest' }])
    expect((await ask(url, '/healthz')).status).toBe(200)
  })

  it.each([
    ['no HTTP', '\u0016\u0003\u0001\r\n\r\n'],
    ['two lengths', 'POST /webhooks/fake HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length and chunks', 'POST /webhooks/fake HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a header with a line feed in it', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\nGET /y HTTP/1.1\r\n\r\n'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n']
  ])('requests with %s end the connection, and say nothing of the inside', async (_, bytes) => {
    const { url } = await serve(started())
    const socket = await raw(url)
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    socket.write(bytes, 'latin1')
    await once(socket, 'close')
    expect(heard).toMatch(/^HTTP\/1.1 400 /)
    expect(heard).not.toMatch(/node:|at /)
    expect((await ask(url, '/healthz')).status).toBe(200)
  })

  it.each([
    ['after the answer to one before', 2, (socket: Socket, heard: () => string) => eventually(() => expect(heard()).toMatch(/^HTTP\/1.1 200 [\s\S]*ok/)).then(() => socket.write('no HTTP\r\n\r\n'))],
    ['before that', 1, (socket: Socket) => Promise.resolve(socket.write('no HTTP\r\n\r\n'))]
  ])('what is no HTTP, %s, gets an answer of its own or none, and ends the connection', async (_, answers, write) => {
    const { url } = await serve(started())
    const socket = await raw(url)
    let heard = ''
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    socket.cork()
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    if (answers === 2) socket.uncork()
    await write(socket, () => heard)
    socket.uncork()
    await once(socket, 'close')
    const said = heard.split(/(?=HTTP\/1\.1 \d)/)
    expect(said).toHaveLength(answers)
    expect(refusedIn(said.at(-1) ?? '')).toBe('InvalidRequest: this is not a valid HTTP/1.1 request')
  })

  it('have limited time to arrive', async () => {
    const { url } = await serve(started(), { limits: { http: { headersMs: 100, requestMs: 200 } }, providers: [fakeProvider(() => ({ _tag: 'Reports', reports: [] }))] })
    const headers = await raw(url)
    headers.write('GET /healthz HTTP/1.1\r\nHo')
    const body = await raw(url)
    const heard = [headers, body].map((socket) => {
      const chunks: Array<Buffer> = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      return chunks
    })
    body.write('POST /webhooks/fake HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    await Promise.all([once(headers, 'close'), once(body, 'close')])
    expect(heard.map((chunks) => refusedIn(Buffer.concat(chunks).toString()))).toEqual(Array(2).fill('InvalidRequest: the request took too long to arrive: send it again'))
    expect((await ask(url, '/healthz')).status).toBe(200)
  })

  it('come over a limited number of connections', async () => {
    const { url } = await serve(started(), { limits: { http: { connections: 2 } } })
    const one = await raw(url)
    await raw(url)
    const third = await raw(url)
    let heard = ''
    third.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    third.on('error', () => undefined)
    third.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await once(third, 'close')
    expect(heard).toBe('')
    one.destroy()
    await eventually(async () => expect((await ask(url, '/healthz')).status).toBe(200))
  })

  it('are a hundred at most on one connection, however fast they come', async () => {
    const { url } = await serve(started())
    const client = await raw(url)
    let heard = ''
    client.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000))
    await once(client, 'close')
    expect(heard.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(100)
    expect((await ask(url, '/healthz')).status).toBe(200)

    const polite = await raw(url)
    let answers = 0
    let last = ''
    polite.on('data', (chunk: Buffer) => {
      last = chunk.toString('latin1')
      if (last.includes('HTTP/1.1 ')) answers++
      if (answers < 100) polite.write('GET /xrpc/sh.tangled.owner HTTP/1.1\r\nHost: x\r\n\r\n')
    })
    polite.write('GET /xrpc/sh.tangled.owner HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(polite, 'end')
    expect(answers).toBe(100)
    expect(last).toMatch(/connection: close/i)
  })

  it('may follow one another on a connection after a pause of five seconds', async () => {
    const { url } = await serve(started())
    const client = await raw(url)
    client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    const [chunk] = (await once(client, 'data')) as [Buffer]
    expect(chunk.toString('latin1')).toMatch(/\r\nkeep-alive: timeout=5(?:,.*)?\r\n/i)
    client.destroy()
  })

  it('come at once by the thousand, and none has to knock twice', async () => {
    const { url } = await serve(started())
    // Systems have limits of their own: this one says its.
    const limit = await readFile('/proc/sys/net/core/somaxconn', 'utf8').then(Number, () => 128)
    const count = Math.min(1_500, limit)
    let connected = 0
    for (let n = 0; n < count; n++) {
      const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) }, () => connected++)
      onTestFinished(() => void socket.destroy())
    }
    // Who has to knock twice is not there before a second has gone by: much longer than so many turns.
    for (let turns = 0; turns < 2_000; turns++) await new Promise(setImmediate)
    expect(connected).toBe(count)
  })

  it('requests for websockets that are refused do not keep a connection, though the client does not end it', async () => {
    const { url } = await serve(started(), { limits: { http: { connections: 1 } } })
    const deaf = createConnection({ allowHalfOpen: true, host: '127.0.0.1', port: Number(new URL(url).port) })
    onTestFinished(() => void deaf.destroy())
    deaf.write(`GET /nothing HTTP/1.1\r\nHost: x\r\n${Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    await once(deaf.resume(), 'end')
    await eventually(async () => expect((await ask(url, '/healthz')).status).toBe(200))
  })

  it('requests for websockets leave nothing behind when their connections have ended, refused or not', async () => {
    const { url } = await serve(started())
    const visit = async (path: string): Promise<void> => {
      const client = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) })
      client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
      await once(client, 'data')
      client.destroy()
      await once(client, 'close')
    }
    const sockets = (): number => queryObjects(Socket, { format: 'count' })
    for (const path of ['/events', '/nothing']) await visit(path)
    const before = sockets()
    for (let n = 0; n < 50; n++) for (const path of ['/events', '/nothing']) await visit(path)
    await eventually(() => expect(sockets() - before).toBeLessThan(20))
  })

  it('requests for websockets that are reset before they are refused end nothing else', async () => {
    const { url } = await serve(started())
    for (let n = 0; n < 20; n++) {
      const client = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) })
      await once(client, 'connect')
      // Both are there before the server reads, so what it writes fails.
      client.write(`GET /nothing HTTP/1.1\r\nHost: x\r\n${Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
      client.resetAndDestroy()
      await once(client, 'close')
    }
    expect((await ask(url, '/healthz')).status).toBe(200)
  })

  it('requests with answers that nobody reads do not keep a connection', async () => {
    // Nothing but the time ends it: as many requests may come as there are.
    const { url } = await serve(started(), { limits: { http: { connections: 1, headersMs: 100, requestMs: 100, requestsPerConnection: 10_000 } } })
    const deaf = await raw(url)
    deaf.pause()
    deaf.write('GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000))
    await eventually(async () => expect((await ask(url, '/healthz')).status).toBe(200))
  })

  it('are logged when they fail, one line each, whatever is in them', async () => {
    const out = new PassThrough()
    let logged = ''
    out.on('data', (chunk: Buffer) => (logged += chunk.toString()))
    const world = started()
    const server = await startServer(
      {
        backlog: () => {
          throw new Error('inside: {"level":"fatal"}\n{"level":"fatal"}')
        },
        clock: world.clock,
        durable: world.state,
        isSaving: () => true,
        log: createLog('json', 'debug', out),
        admin: () => Promise.resolve('unsafe'),
        providers: [],
        submit: () => Promise.resolve(false)
      },
      { listen: { host: '127.0.0.1', port: 0 }, owner: OWNER }
    )
    const { body, status } = await ask(`http://127.0.0.1:${String(server.port)}`, '/metrics?%0a{"level":"fatal"}\u2028'.replace('\u2028', '%e2%80%a8'))
    expect([status, body]).toEqual([500, 'internal error; it has been logged\n'])
    await server.close()
    const lines = logged.trim().split('\n').map((line) => JSON.parse(line) as { readonly level: string })
    expect(lines.map(({ level }) => level)).toEqual(['error'])
  })
})

/** An address of this machine that is not loopback, if it has one. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

it.skipIf(outside === undefined)('one address has only so many connections and websockets', async () => {
  const world = started()
  const server = await startServer(
    { backlog: () => 0, clock: world.clock, durable: world.state, isSaving: () => true, log: rememberingLog(), admin: () => Promise.resolve('unsafe'), providers: [], submit: () => Promise.resolve(false) },
    { limits: { http: { connectionsPerAddress: 4, socketsPerAddress: 2 } }, listen: { host: '0.0.0.0', port: 0 }, owner: OWNER }
  )
  onTestFinished(() => server.close())
  const near = `http://127.0.0.1:${String(server.port)}`
  const far = `http://${outside ?? ''}:${String(server.port)}`
  const first = await read(far, '/events')
  await read(far, '/events')
  expect((await ask(far, '/events', { headers: UPGRADE })).status).toBe(503)
  expect((await ask(near, '/events', { headers: UPGRADE })).status).toBe(101)
  const idle = [await raw(far), await raw(far)]
  await expect(ask(far, '/healthz')).rejects.toThrow()
  expect((await ask(near, '/healthz')).status).toBe(200)
  for (const socket of idle) socket.destroy()
  first.socket.terminate()
  await eventually(async () => expect((await ask(far, '/events', { headers: UPGRADE })).status).toBe(101))
})

describe('a websocket', () => {
  it('may be asked for in capitals', async () => {
    const { url } = await serve(started())
    const asked = { ...UPGRADE, connection: 'UPGRADE', upgrade: 'WebSocket' }
    expect((await ask(url, '/events', { headers: asked })).status).toBe(101)
  })

  it('is refused on a connection that may fail twice', async () => {
    const sockets: Array<Socket> = []
    const keep = (message: unknown): void => {
      if (message instanceof Object && 'socket' in message && message.socket instanceof Socket) sockets.push(message.socket)
    }
    subscribe('net.server.socket', keep)
    onTestFinished(() => void unsubscribe('net.server.socket', keep))
    const { url } = await serve(started())
    expect((await ask(url, '/nothing', { headers: UPGRADE })).status).toBe(404)
    expect(sockets).toHaveLength(1)
    // An error that nobody listens for is thrown.
    for (const time of ['first', 'second']) sockets[0]?.emit('error', new Error(time))
  })

  it('is closed when it sends more than a reader has to say', async () => {
    const { url } = await serve(started())
    const { closed, socket } = await read(url, '/events')
    socket.send('x'.repeat(4_096))
    socket.send('x'.repeat(4_097))
    expect((await closed).code).toBe(1009)
  })

  it('is cut when it asks for pongs and does not read them', async () => {
    const { url } = await serve(started())
    const { closed, socket } = await read(url, '/events', { isStalled: true })
    let isOver = false
    void closed.then(() => (isOver = true))
    const flood = (): void => {
      while (!isOver && socket.bufferedAmount < 1_000_000) socket.ping(Buffer.alloc(125))
      if (!isOver) setImmediate(flood)
    }
    flood()
    // Reading goes on when the connection is gone, so that the client sees it.
    await eventually(async () => {
      socket.resume()
      socket.pause()
      expect((await ask(url, '/metrics')).body).toContain('tack_events_readers 0\n')
    })
    socket.resume()
    expect((await closed).code).toBe(1006)
  })
})

it('counts clients by address, an IPv6 network as one, and nobody on this machine', () => {
  expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', 'nonsense', ''].map(clientOf)).toEqual([null, null, null, null, null])
  expect(clientOf('::ffff:192.0.2.1')).toBe(clientOf('192.0.2.1'))
  expect(clientOf('2001:db8:1:2::1')).toBe(clientOf('2001:db8:1:2:ffff::9'))
  expect(clientOf('2001:db8:1:2::1')).not.toBe(clientOf('2001:db8:1:3::1'))
})

it.each([
  [':8080', { port: 8080 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }]
])('listens on %s', (text, address) => {
  expect(listenAddress(text)).toEqual({ _tag: 'Right', right: address })
})

it.each(['', '8080', ':', ':65536', 'x:', '::1:80', '[x]:80', 'a:80:90', 'http://x:80'])('does not listen on %j', (text) => {
  expect(listenAddress(text)._tag).toBe('Left')
})
