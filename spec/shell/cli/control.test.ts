/** `tack cancel`, `tack retry` and `tack builds`: against the server itself, against servers that are something else, and against stores. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test, vi } from 'vitest'
import { initial } from '../../../core/index.js'
import { type AdminOptions, type AdminRequest, control } from '../../../shell/cli/control.js'
import { builds, type BuildsOptions, buildsTable } from '../../../shell/cli/list-builds.js'
import { urlOf } from '../../../shell/cli/reach.js'
import { age, span } from '../../../shell/cli/text.js'
import type { ShownBuild } from '../../../shell/inbound/shown-builds.js'
import { openStore } from '../../../shell/store/index.js'
import { createWorld, KNOT, OWNER, PROVIDER, serve, type World } from '../inbound/support.js'
import { config } from '../support/bridge.js'
import { inFolder, tack } from '../support/process.js'
import { httpServer, tcpServer } from '../support/sockets.js'

const TOKEN = 'canary-0123456789abcdef'

interface Said {
  readonly code: number
  readonly complaints: ReadonlyArray<string>
  readonly printed: ReadonlyArray<string>
}

const heard = async (act: (print: (text: string) => void, complain: (text: string) => void) => Promise<number>): Promise<Said> => {
  const printed: Array<string> = []
  const complaints: Array<string> = []
  const code = await act(
    (text) => printed.push(text),
    (text) => complaints.push(text)
  )
  expect([...printed, ...complaints].join('')).not.toContain(TOKEN)
  return { code, complaints, printed }
}

/** A spindle with a push of these workflows, of which the first runs. */
const built = (workflows: ReadonlyArray<string> = ['ci.yml', 'lint all.yml']) => {
  const world = createWorld()
  world.openStream()
  world.publishRepo()
  world.openKnot()
  const [first] = world.push({ workflows })
  if (first === undefined) throw new Error('a push has builds')
  world.report(first, 'external', 'running')
  return { first, world }
}

// ---------------------------------------------------------------------------------------- cancel, retry

const give = (what: Partial<AdminRequest>, options: Partial<AdminOptions>): Promise<Said> =>
  heard((print, complain) =>
    control({ action: 'cancel', knot: KNOT, rkey: 'x', ...what }, { adminToken: TOKEN, listen: { port: 1 }, ...options }, print, complain)
  )

describe('admin commands', () => {
  test.each<[AdminRequest['action'], string | undefined, string]>([
    ['cancel', undefined, 'CancelRequested'],
    ['cancel', 'lint all.yml', 'CancelRequested'],
    ['retry', 'ci.yml', 'RetryRequested'],
    ['retry', undefined, 'RetryRequested']
  ])('%s of %s reaches the machine', async (action, workflow, tag) => {
    const { first, world } = built()
    if (action === 'retry') world.report(first, 'external', 'success')
    const { delivered, server } = await serve(world, { adminToken: TOKEN })
    const { rkey } = first
    const said = await give({ action, rkey, ...(workflow === undefined ? {} : { workflow }) }, { listen: { host: '127.0.0.1', port: server.port } })
    expect(said).toEqual({ code: 0, complaints: [], printed: [`${action} of ${KNOT} ${rkey}${workflow === undefined ? '' : ` ${workflow}`} accepted. Follow it with: tack builds`] })
    expect(delivered).toMatchObject([{ _tag: tag, knot: KNOT, rkey, workflow: workflow ?? null }])
  })

  test.each<[AdminRequest['action'], string, string]>([
    ['cancel', 'success', 'the build has already ended'],
    ['retry', 'running', 'the build has not ended yet']
  ])('%s of what is at %s is refused, with the reason', async (action, status, reason) => {
    const { first, world } = built(['ci.yml'])
    world.report(first, 'external', status)
    const { url } = await serve(world, { adminToken: TOKEN })
    const complaint = `error: ${action} of ${KNOT} ${first.rkey} ci.yml refused: ${reason}`
    expect(await give({ action, rkey: first.rkey, workflow: 'ci.yml' }, { server: new URL(url) })).toEqual({ code: 1, complaints: [complaint], printed: [] })
  })

  test('leave no connection open, however long the server would keep it', async () => {
    const isClosed: Array<boolean> = []
    const { port } = await tcpServer((socket) => {
      const n = isClosed.push(false) - 1
      socket.once('data', () => socket.write('HTTP/1.1 202 Accepted\r\nKeep-Alive: timeout=600\r\nContent-Length: 0\r\n\r\n'))
      socket.once('close', () => (isClosed[n] = true))
    })
    expect((await give({}, { server: new URL(`http://127.0.0.1:${String(port)}`) })).code).toBe(0)
    await vi.waitFor(() => expect(isClosed).toEqual([true]), { interval: 5, timeout: 120_000 })
  })

  test.each([
    ['{"reason":"\\u001b[2J"}', '\\u001b[2J'],
    ['{}', 'no reason given'],
    ['no', 'no reason given']
  ])('a refusal that says %s is told as "%s"', async (body, told) => {
    const { port } = await httpServer((_, response) => response.writeHead(409).end(body))
    const said = await give({}, { server: new URL(`http://127.0.0.1:${String(port)}`) })
    expect(said).toEqual({ code: 1, complaints: [`error: cancel of ${KNOT} x refused: ${told}`], printed: [] })
  })

  test('take the address from --server, with a path as well', async () => {
    const paths: Array<string> = []
    const { port } = await httpServer((request, response) => {
      paths.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`)
      response.writeHead(202).end()
    })
    const odd = { knot: 'localhost:3000', rkey: '../..', workflow: 'a/b?.yml' }
    expect(await give(odd, { server: new URL(`http://localhost:${String(port)}/tack/`) })).toMatchObject({ code: 0, complaints: [] })
    expect(paths).toEqual([`POST /tack/builds/localhost%3A3000/..%2F../a%2Fb%3F.yml/cancel Bearer ${TOKEN}`])
  })

  test('report a failure, and what to do', async () => {
    const { first, world } = built()
    const [withToken, without] = [await serve(world, { adminToken: 'another-0123456789abcdef' }), await serve(world)]
    const broken = await httpServer((_, response) => response.writeHead(500).end())
    const full = await httpServer((_, response) => response.writeHead(503).end())
    const elsewhere = await httpServer((_, response) => response.writeHead(302, { location: 'http://x.example' }).end())
    const at = (url: string) => give({ rkey: first.rkey }, { server: new URL(url) })
    const local = (port: number): string => `http://127.0.0.1:${String(port)}`
    expect(await at(withToken.url)).toEqual({ code: 1, complaints: [expect.stringMatching(`^error: ${withToken.url} rejected the admin token: .* TACK_ADMIN_TOKEN_FILE$`)], printed: [] })
    expect(await at(without.url)).toMatchObject({ code: 1, complaints: [`error: ${without.url} has no run ${KNOT} ${first.rkey}, or was started without an admin token; "tack builds" lists builds`] })
    expect(await at(local(broken.port))).toMatchObject({ code: 1, complaints: [`error: ${local(broken.port)} answered 500; is that the address of tack? Set it with --server`] })
    expect(await at(local(full.port))).toEqual({
      code: 1,
      complaints: [`error: ${local(full.port)} cannot save now, and may have missed this: check "tack builds" before you repeat it`],
      printed: []
    })
    expect(await at(local(elsewhere.port))).toMatchObject({ code: 1, complaints: [expect.stringMatching(/cannot be reached: the server redirects \(302\), and redirects are not followed; is tack running there\?/)] })
    expect(await at(local(1))).toMatchObject({ code: 1, complaints: [expect.stringMatching(/^error: http:\/\/127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED .*; is tack running there\? Set its address with --server$/)] })
  })

  test('ask nothing without a token', async () => {
    const said = await heard((print, complain) => control({ action: 'retry', knot: KNOT, rkey: 'x' }, { listen: { port: 1 } }, print, complain))
    expect(said).toEqual({ code: 2, complaints: [expect.stringMatching(/^error: admin token required: use --admin-token, TACK_ADMIN_TOKEN, or "adminToken"/)], printed: [] })
  })

  test('warn about a token that crosses a network in the clear', async () => {
    const said = await give({}, { server: new URL('http://tack.tack-control.invalid:8080') })
    expect(said.complaints[0]).toBe('warning: the admin token is sent to tack.tack-control.invalid unencrypted; use https://')
    expect(said.code).toBe(1)
  })

  test.each([
    [{ port: 8080 }, 'http://127.0.0.1:8080'],
    [{ host: '0.0.0.0', port: 1 }, 'http://127.0.0.1:1'],
    [{ host: '::', port: 1 }, 'http://[::1]:1'],
    [{ host: '10.1.2.3', port: 1 }, 'http://10.1.2.3:1'],
    [{ host: 'fd00::1', port: 1 }, 'http://[fd00::1]:1']
  ])('%j is reached at %s', (address, url) => expect(urlOf(address)).toBe(url))
})

// ---------------------------------------------------------------------------------------- lists

const list = (options: Partial<BuildsOptions>): Promise<Said> => heard((print, complain) => builds({ limit: 40, store: '/nowhere', ...options }, print, complain))

/** A store that holds what the world came to. */
const inStore = <A>(world: World, use: (folder: string) => Promise<A>): Promise<A> =>
  inFolder(async (folder) => {
    const store = join(folder, 'store')
    await mkdir(store)
    const opened = await openStore({ folder: store, initial: () => initial(config) })()
    if (E.isLeft(opened)) throw new Error(opened.left.message)
    await opened.right.snapshot(world.state())()
    try {
      return await use(store)
    } finally {
      await opened.right.close()()
    }
  })

describe('lists', () => {
  test('are the same from a store and from a running tack, the latest change first', () => {
    const { first, world } = built()
    return inStore(world, async (store) => {
      const { url } = await serve(world)
      const [stored, served] = [await list({ json: true, store }), await list({ json: true, server: new URL(url) })]
      expect(stored).toEqual(served)
      expect(JSON.parse(stored.printed.join('')) as ReadonlyArray<ShownBuild>).toMatchObject([
        { knot: KNOT, provider: PROVIDER, repository: { name: 'app', owner: OWNER }, rkey: first.rkey, status: 'running', workflow: 'ci.yml' },
        { rkey: first.rkey, status: 'pending', workflow: 'lint all.yml' }
      ])
      const { printed } = await list({ store })
      const [header = '', line = ''] = printed.join('').split('\n')
      expect(header.trim().split(/ {2,}/)).toEqual(['status', 'age', 'duration', 'knot', 'rkey', 'workflow', 'provider', 'repository', 'commit', 'what'])
      const [spent, build] = [expect.stringMatching(/^[0-9]+ s$/) as string, [KNOT, first.rkey, 'ci.yml', PROVIDER]]
      expect(line.trim().split(/ {2,}/)).toEqual(['running', spent, spent, ...build, `${OWNER}/app`, expect.stringMatching(/^[0-9a-f]{7}$/), 'push refs/heads/main'])
    })
  })

  test('say how long a build has run: to its end, or until now, and nothing of one that never did', () => {
    const build: ShownBuild = {
      cause: 'push', error: null, exitCode: null, knot: KNOT, pipeline: null, provider: null, ref: null, repository: { name: 'app', owner: OWNER },
      retryOf: null, rkey: 'r', sha: '0123456789abcdef', startedMs: 1_000, status: 'success', statusMs: 73_000, triggeredMs: 0, url: null, workflow: 'ci.yml'
    }
    const all = [build, { ...build, status: 'running' }, { ...build, sha: null, startedMs: null }]
    const cells = buildsTable(all, 4_000_000).trimEnd().split('\n').slice(1).map((line) => line.trim().split(/ {2,}/))
    expect(cells.map(([, , duration]) => duration)).toEqual(['1 min 12 s', '1 h 6 min', '-'])
    expect(cells.map((row) => row[8])).toEqual(['0123456', '0123456', '-'])
  })

  test('go on page by page, as far as requested', async () => {
    const { world } = built()
    for (let push = 0; push < 5; push++) world.push({ workflows: Array.from({ length: 50 }, (_, n) => `${String(push)}-${String(n)}.yml`) })
    const { url } = await serve(world)
    const all = await list({ json: true, limit: 999, server: new URL(url) })
    expect(new Set((JSON.parse(all.printed.join('')) as ReadonlyArray<ShownBuild>).map(({ workflow }) => workflow)).size).toBe(252)
    const { printed } = await list({ limit: 150, server: new URL(url) })
    expect(printed.join('').split('\n')).toHaveLength(152)
    expect(printed.join('')).toContain('… and more; --limit 1500 shows some of them')
  })

  test('say when they are empty', () => inStore(createWorld(), async (store) => expect(await list({ store })).toEqual({ code: 0, complaints: [], printed: ['There are no builds.'] })))

  test('let no foreign text move the cursor', () => {
    const { first, world } = built()
    world.report(first, 'external', 'failed', { error: '\u001b[2J\u009b2J' })
    return inStore(world, async (store) => {
      const said = (await list({ store })).printed.join('')
      expect(said).toContain('\\u001b[2J\\u009b2J')
      expect(said).not.toMatch(/[\u001b\u009b]/)
      const json = (await list({ json: true, store })).printed.join('')
      expect(json).not.toMatch(/[\u001b\u009b]/)
      expect(JSON.parse(json) as ReadonlyArray<ShownBuild>).toMatchObject([{ error: '\u001b[2J\u009b2J' }, {}])
    })
  })

  test('end when they come from something other than tack, or go in circles', async () => {
    const page = (text: string) => httpServer((_, response) => response.end(text))
    const circle = await page('{"builds":[],"next":9007199254740991}')
    expect(await list({ json: true, server: new URL(`http://127.0.0.1:${String(circle.port)}`) })).toEqual({ code: 0, complaints: [], printed: ['[]'] })
    const other = await page('{"builds":[{}]}')
    expect(await list({ server: new URL(`http://127.0.0.1:${String(other.port)}`) })).toMatchObject({ code: 1, complaints: [expect.stringContaining('not an answer of tack: at ')] })
    expect(await list({ server: new URL('http://127.0.0.1:1') })).toMatchObject({ code: 1, complaints: [expect.stringContaining('cannot be reached: connect ECONNREFUSED')] })
    expect(await list({})).toMatchObject({ code: 1, complaints: [expect.stringContaining('/nowhere')] })
  })

  test.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 0 s'],
    [3_599_999, '59 min 59 s'],
    [90_000_000, '25 h 0 min']
  ])('%d ms last %s', (ms, said) => expect(span(ms)).toBe(said))

  test.each([
    [-5, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [200_000_000, '2 d']
  ])('%d ms are %s', (ms, said) => expect(age(ms)).toBe(said))
})

// ---------------------------------------------------------------------------------------- the program

describe('the program', () => {
  test('uses the token and the address of the configuration for admin commands, and lists what there is', () => {
    const { first, world } = built()
    return inStore(world, async (store) => {
      const { delivered, server } = await serve(world, { adminToken: TOKEN })
      const environment = { TACK_ADMIN_TOKEN: TOKEN, TACK_DB_PATH: store, TACK_LISTEN_ADDR: `127.0.0.1:${String(server.port)}` }
      const cancelled = await tack(['cancel', KNOT, first.rkey, 'ci.yml'], environment)
      expect(cancelled).toMatchObject({ code: 0, err: '' })
      expect(delivered).toMatchObject([{ _tag: 'CancelRequested', workflow: 'ci.yml' }])
      expect(await tack(['builds', '--limit', '1'], environment)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('… and more') as string })
      expect(await tack(['retry', KNOT, first.rkey], {})).toMatchObject({ code: 2, out: '' })
      expect(await tack(['retry', KNOT], environment)).toMatchObject({ code: 2, err: "error: missing required argument 'rkey'\n" })
      expect(await tack(['builds', '--limit', '0'], environment)).toMatchObject({ code: 2, err: expect.stringContaining('Allowed: a whole number') as string })
    })
  })
})
