/** `tack logs`: against the real server, against servers that are something else, and as a command. */
import { describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import type { BuildName } from '../../../core/index.js'
import { type LogOptions, type LogRequest, showLog } from '../../../shell/cli/build-log.js'
import { draw, hasColour } from '../../../shell/cli/text.js'
import type { LogLine } from '../../../shell/providers/provider.js'
import { createWorld, eventually, fakeProvider, KNOT, serve } from '../inbound/support.js'
import { manualClock } from '../support/bridge.js'
import { start, tack } from '../support/process.js'
import { httpServer, type Upgrade } from '../support/sockets.js'

const AT = 1_767_225_600_000

const step = (status: 'start' | 'end', hasFailed = false): LogLine => ({
  _tag: 'Step', command: 'make all', kind: 'user', name: 'make', status, step: 0, timeMs: AT, ...(hasFailed ? { hasFailed } : {})
})
const said = (text: string): LogLine => ({ _tag: 'Text', step: 0, stream: 'stdout', text, timeMs: AT })

/** A running build behind the real server. */
const running = async (workflows: ReadonlyArray<string> = ['ci.yml']) => {
  const world = createWorld()
  world.openStream()
  world.publishRepo()
  world.openKnot()
  const [build] = world.push({ workflows })
  if (build === undefined) throw new Error('a push has builds')
  world.report(build, 'n1', 'running')
  const provider = fakeProvider()
  const serving = await serve(world, { providers: [provider] })
  return { build, provider, world, ...serving }
}

/** The command, begun: what it says so far, and what it comes to. */
const begin = ({ knot, rkey, workflow }: LogRequest, options: Partial<LogOptions>, hasColour = false) => {
  const clock = manualClock()
  const [printed, complaints]: [Array<string>, Array<string>] = [[], []]
  const terminal = { clock, complain: (text: string) => void complaints.push(text), hasColour, print: (text: string) => void printed.push(text) }
  const code = showLog({ knot, rkey, ...(workflow === undefined ? {} : { workflow }) }, { listen: { port: 1 }, ...options }, terminal)
  return { clock, code, complaints, printed }
}

const runOf = ({ knot, rkey }: BuildName): LogRequest => ({ knot, rkey })

describe('the log of a build', () => {
  test('is followed with -f, from the first line until the build ends', async () => {
    const { build, provider, url } = await running()
    provider.say(step('start'), said('one\ntwo'))
    const { code, complaints, printed } = begin(runOf(build), { follow: true, server: new URL(url) })
    await eventually(() => expect(printed).toEqual(['==> make: make all', 'one', 'two']))
    provider.say(said('three'), step('end', true), null)
    expect(await code).toBe(0)
    expect([printed.slice(3), complaints]).toEqual([['three', '==> make failed'], []])
  })

  test('is shown as far as it goes without -f, which is named', async () => {
    const { build, provider, url } = await running()
    provider.say(step('start'), said('one'))
    const { clock, code, complaints, printed } = begin(build, { server: new URL(url) })
    await eventually(() => expect(printed).toEqual(['==> make: make all', 'one']))
    clock.advance(999)
    expect(complaints).toEqual([])
    clock.advance(1)
    expect(await code).toBe(0)
    expect([complaints, clock.armed()]).toEqual([['ci.yml is still running: with -f its log is followed to the end'], 0])
  })

  test('is shown to its end without -f where the build has ended, however slow the provider is', async () => {
    const { build, provider, url, world } = await running()
    world.report(build, 'n1', 'success')
    const { clock, code, complaints, printed } = begin(build, { server: new URL(url) })
    // Its silence is watched, and nothing else.
    await eventually(() => expect(clock.armed()).toBeGreaterThan(0))
    expect(clock.armed()).toBe(1)
    clock.advance(60_000)
    provider.say(said('late'), null)
    expect(await code).toBe(0)
    expect([printed, complaints]).toEqual([['late'], []])
  })

  test('is why it never began, where it did not', async () => {
    const { url, world } = await running()
    const [faulty] = world.push({ faulty: { 'broken.yml': 'line 3: a tab' }, workflows: [] })
    const { code, complaints, printed } = begin(faulty ?? { knot: '', rkey: '' }, { server: new URL(url) })
    expect([await code, printed, complaints]).toEqual([0, ['==> workflow', 'line 3: a tab'], []])
  })

  test('comes as frames with --json, one a line', async () => {
    const { build, provider, url } = await running()
    provider.say(said('\u001b[1mbold\u202e'), null)
    const { code, printed } = begin(build, { follow: true, json: true, server: new URL(url) })
    expect(await code).toBe(0)
    expect(printed.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ content: '\u001b[1mbold\u202e', kind: 'data', step_id: 0 }])
    expect(printed.join('')).not.toMatch(/[\u001b\u202e]/)
  })

  test('lets no stranger move the cursor, and shows colours where they are wanted', async () => {
    const { build, provider, url } = await running()
    provider.say(step('start'), said('\u001b[32mgreen\u001b[2J\u0007'), step('end', true), null)
    const [plain, coloured] = [begin(build, { follow: true, server: new URL(url) }), begin(build, { follow: true, server: new URL(url) }, true)]
    expect([await plain.code, await coloured.code]).toEqual([0, 0])
    expect(plain.printed).toEqual(['==> make: make all', 'green\\u0007', '==> make failed'])
    expect(coloured.printed).toEqual(['\u001b[1m==> make: make all\u001b[0m', '\u001b[32mgreen\\u0007\u001b[0m', '\u001b[31m==> make failed\u001b[0m'])
  })
})

describe('a line of a log', () => {
  test.each<[string, string, string, string, string]>([
    ['that is written over is its end', '10 %\r20 %\r', '', '20 %', ''],
    ['keeps its tabs', 'a\tb', '', 'a\tb', ''],
    ['goes on in the style of the one before', 'x', '\u001b[1m', '\u001b[1mx\u001b[0m', '\u001b[1m'],
    ['ends a style', '\u001b[0mx', '\u001b[1m', '\u001b[1m\u001b[0mx\u001b[0m', ''],
    ['loses what sets a title', '\u001b]0;title\u0007x', '', 'x', ''],
    ['shows an escape that begins nothing', '\u001b\u0001', '', '\\u001b\\u0001', '']
  ])('%s', (_, line, before, text, style) => expect(draw(line, before, true)).toEqual({ style, text }))

  test('carries no style for ever', () => {
    let style = ''
    for (let n = 0; n < 100; n++) style = draw('\u001b[1mx', style, true).style
    expect(style.length).toBeLessThanOrEqual(64)
  })
})

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: '' }, true],
  [{ isTTY: true }, { NO_COLOR: '0' }, false],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
  [{}, {}, false]
])('%j with %j: colour is %j', (out, environment, has) => expect(hasColour(out, environment)).toBe(has))

describe('tack logs says what is wrong, and what to do', () => {
  const finished = async (request: LogRequest, server: string): Promise<readonly [number, string]> => {
    const { code, complaints, printed } = begin(request, { follow: true, server: new URL(server) })
    const ended = await code
    expect(printed).toEqual([])
    return [ended, complaints.join('\n')]
  }
  const local = ({ port }: { readonly port: number }): string => `http://127.0.0.1:${String(port)}`

  test('tack logs says what is wrong where nobody listens, or something else does', async () => {
    expect(await finished({ knot: KNOT, rkey: 'x' }, 'http://127.0.0.1:1')).toEqual([
      1, expect.stringMatching(/^error: http:\/\/127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED .*; is tack running there\? Set its address with --server$/)
    ])
    expect(await finished({ knot: KNOT, rkey: 'x' }, local(await httpServer((_, response) => response.writeHead(400).end())))).toEqual([
      1, expect.stringMatching(/answered 400; is that the address of tack\?/)
    ])
  })

  test('tack logs says what is wrong where there is no such build, or more than one', async () => {
    const { build, url } = await running(['ci.yml', 'lint.yml'])
    expect(await finished({ knot: KNOT, rkey: 'nothing' }, url)).toEqual([1, `error: ${url} has no build of run ${KNOT} nothing; "tack builds" lists builds, and "tack inspect" runs whose workflow files are still being read`])
    expect(await finished({ ...runOf(build), workflow: 'no.yml' }, url)).toEqual([1, `error: run ${KNOT} ${build.rkey} has no workflow no.yml; it has ci.yml, lint.yml`])
    expect(await finished(runOf(build), url)).toEqual([2, `error: run ${KNOT} ${build.rkey} has several builds: add the name of one of them: ci.yml, lint.yml`])
  })

  /** A server that lists the build, and does something else when its log is asked for. */
  const otherwise = async (upgrade: Upgrade) => {
    const { build, url } = await running()
    const page = await (await fetch(`${url}/api/builds.json?before=9007199254740991`)).text()
    return finished(build, local(await httpServer((_, response) => response.end(page), upgrade)))
  }

  test.each<[string, string, RegExp]>([
    ['is refused', '503 Service Unavailable', /^error: .* has too many readers of logs \(503\): try again later$/],
    ['is gone', '404 Not Found', /^error: .* has no log of knot\.example [a-z2-7]+ ci\.yml any more: /],
    ['is kept back by a proxy', '400 Bad Request', /^error: .* answered 400: it, or a proxy in front of it, does not forward websockets to \/logs$/]
  ])('tack logs says what is wrong where the log %s', async (_, answer, line) => {
    expect(await otherwise((_request, socket) => socket.end(`HTTP/1.1 ${answer}\r\ncontent-length: 0\r\n\r\n`))).toEqual([1, expect.stringMatching(line)])
  })

  test('tack logs says what is wrong where the log breaks off, or is none', async () => {
    const acceptor = new WebSocketServer({ noServer: true })
    const broken = (act: (socket: WebSocket) => void) => otherwise((request, socket, head) => acceptor.handleUpgrade(request, socket, head, act))
    expect(await broken((socket) => socket.close(1001, 'going away'))).toEqual([1, 'error: the log broke off: going away; the build goes on: ask again for all of it'])
    expect(await broken((socket) => socket.terminate())).toEqual([1, expect.stringMatching(/^error: the log broke off: the connection was lost \(1006\)/)])
    expect(await broken((socket) => socket.send('{"kind":1}'))).toEqual([1, expect.stringMatching(/^error: the log broke off: that is not a log of tack/)])
  })

  test('tack logs says what is wrong where the server falls silent', async () => {
    const { build, provider, url } = await running()
    provider.say(said('one'))
    const { clock, code, complaints, printed } = begin(build, { follow: true, server: new URL(url) })
    await eventually(() => expect(printed).toEqual(['one']))
    clock.advance(90_000)
    expect([await code, complaints]).toEqual([1, ['error: the log broke off: nothing was heard for 90 s; the build goes on: ask again for all of it']])
  })
})

test('the program takes the address of the configuration, follows, and leaves nothing open', async () => {
  const { build, provider, server } = await running()
  provider.say(said('one'))
  const environment = { TACK_LISTEN_ADDR: `127.0.0.1:${String(server.port)}` }
  const following = start(['logs', KNOT, build.rkey, '--follow'], { env: environment })
  await following.says('one')
  provider.say(null)
  expect(await following.end('SIGCONT')).toBe(0)
  expect(await tack(['logs', KNOT, build.rkey, 'ci.yml', '-f'], environment)).toEqual({ code: 0, err: '', out: 'one\n' })
})
