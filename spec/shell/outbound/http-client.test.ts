/** HTTP, on real sockets: where requests must not lead, and that whatever answers costs a bounded time and a bounded memory. */
import { getEventListeners } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../shell/lib/clock.js'
import { type HttpClient, httpClient, type HttpOptions } from '../../../shell/outbound/http-client.js'
import type { Resolve } from '../../../shell/outbound/websocket.js'
import { manualClock } from '../support/bridge.js'
import { CERTIFICATE, KEY } from '../support/certificate.js'
import { countingClock, eventually, httpServer, tcpServer, turns } from '../support/sockets.js'

const client = (changes: Partial<HttpOptions> = {}): HttpClient => {
  const made = httpClient({ clock: systemClock(), policy: { allowLoopback: true }, timeoutMs: 10_000, ...changes })
  onTestFinished(made.close)
  return made
}

const resolvingTo =
  (...addresses: string[]): Resolve =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))

const PUBLIC_ONLY = { policy: { allowLoopback: false } }

/** What was wrong with a request, its body included. */
const wrong = async (response: Promise<Response>): Promise<string> => {
  try {
    await (await response).arrayBuffer()
    return 'nothing'
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  }
}

const at = (port: number, rest = '/', host = 'localhost', scheme = 'http'): string => `${scheme}://${host}:${String(port)}${rest}`

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

describe('a request', () => {
  it('is sent as it is written, and answered', async () => {
    const server = await httpServer((request, response) => {
      void bodyOf(request).then((body) => {
        response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-given': request.headers['x-given'] ?? 'no' })
        response.end(`${String(request.method)} ${String(request.url)} ${body} ${String(request.headers['user-agent'])} ${String(request.headers['accept-encoding'])}`)
      })
    })
    const { fetch } = client()
    const url = at(server.port, '/a/b?c=d')
    const response = await fetch(url, { body: 'body', headers: { 'X-Given': 'yes' }, method: 'patch' })
    expect(await response.text()).toBe('PATCH /a/b?c=d body tack identity')
    expect([response.status, response.ok, response.url]).toEqual([201, true, url])
    expect(response.headers.get('x-given')).toBe('yes')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await (await fetch(new URL(url), { headers: new Headers({ 'user-agent': 'other' }) })).text()).toBe('GET /a/b?c=d  other identity')
  })

  it('reuses the connection of an earlier one, where several are allowed', async () => {
    const server = await httpServer((_, response) => response.end('{"a":1}'))
    const { fetch } = client({ maxConnections: 2 })
    for (let i = 0; i < 5; i++) expect(await (await fetch(at(server.port))).json()).toEqual({ a: 1 })
    const before = server.connections()
    expect(before).toBeLessThan(3)
    await Promise.all(Array.from({ length: 10 }, async () => (await fetch(at(server.port))).text()))
    expect(server.connections()).toBe(2)
  })

  it.each([204, 205, 304])('may be answered without a body: %i', async (status) => {
    const server = await httpServer((_, response) => response.writeHead(status).end())
    const { fetch } = client()
    const response = await fetch(at(server.port))
    expect([response.status, response.body, await response.text()]).toEqual([status, null, ''])
  })

  it('a request with HEAD has no body, however long one is announced', async () => {
    const server = await httpServer((_, response) => response.writeHead(200, { 'content-length': '99999999' }).end())
    const response = await client().fetch(at(server.port), { method: 'HEAD' })
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['99999999', ''])
  })

  it('sends bytes as they are', async () => {
    const server = await httpServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => response.end(Buffer.concat(chunks)))
    })
    const bytes = Buffer.from([0, 255, 10, 128])
    const response = await client().fetch(at(server.port), { body: bytes, method: 'POST' })
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
  })
})

describe('a connection, once made,', () => {
  it('has all the time there is', async () => {
    const clock = manualClock()
    const server = await httpServer((_, response) => response.end('x'))
    const { fetch } = client({ clock })
    expect(await (await fetch(at(server.port))).text()).toBe('x')
    await eventually(() => expect(clock.armed()).toBe(0))
  })
})

describe('over TLS', () => {
  const tlsServer = async (): Promise<{ readonly connections: () => number; readonly port: number }> => {
    const sockets: Socket[] = []
    const server = createHttpsServer({ cert: CERTIFICATE, key: KEY }, (request, response) => response.end(request.headers.host))
    server.on('connection', (socket: Socket) => sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return { connections: () => sockets.length, port: (server.address() as AddressInfo).port }
  }

  it('the server must show a certificate for its name', async () => {
    const server = await tlsServer()
    const { fetch } = client({ ca: CERTIFICATE, resolve: resolvingTo('127.0.0.1') })
    for (const host of ['localhost', 'knot.example', 'localhost'])
      expect(await (await fetch(at(server.port, '/', host, 'https'))).text()).toBe(`${host}:${String(server.port)}`)
    expect(await wrong(fetch(at(server.port, '/', 'other.example', 'https')))).toMatch(/does not match certificate/)
  })

  it('the certificate must come from a trusted authority', async () => {
    const server = await tlsServer()
    expect(await wrong(client().fetch(at(server.port, '/', 'localhost', 'https')))).toMatch(/certificate/)
  })

  it('nothing is sent to an address other than the one that was checked', async () => {
    let received = 0
    const server = await tcpServer((socket) => socket.on('data', (chunk) => (received += chunk.length)))
    let looks = 0
    // An answer that is public when it is judged, and loopback when it is used.
    const turning = { family: 4, get address() { return looks++ === 0 ? '8.8.8.8' : '127.0.0.1' } }
    const { fetch } = client({ ...PUBLIC_ONLY, resolve: () => Promise.resolve([turning]) })
    expect(await wrong(fetch(at(server.port, '/', 'pds.example', 'https')))).toBe('connected to a forbidden address: 127.0.0.1')
    expect(received).toBe(0)
  })
})

describe('a TLS handshake that never ends', () => {
  /** A client with one connection, on a clock that stands still, and a server that takes connections and says nothing. */
  const silent = async () => {
    let closed = 0
    const server = await tcpServer((socket) => socket.resume().on('close', () => (closed += 1)))
    const clock = manualClock()
    const { close, fetch } = client({ clock, maxConnections: 1, resolve: resolvingTo('127.0.0.1') })
    return { clock, close, closed: () => closed, fetch: () => wrong(fetch(at(server.port, '/', 'pds.example', 'https'))), server }
  }

  it('is given up in the time of a request: whoever has but one connection gets another', async () => {
    const { clock, closed, fetch, server } = await silent()
    for (const n of [1, 2, 3]) {
      const asked = fetch()
      await eventually(() => expect(server.connections()).toBe(n))
      clock.advance(10_000)
      expect(await asked).toBe('no answer within 10 s')
      await turns()
      expect(closed()).toBe(n)
    }
    expect(clock.armed()).toBe(0)
  })

  it('does not hold up the close of the client', async () => {
    const { clock, close, closed, fetch, server } = await silent()
    const asked = fetch()
    await eventually(() => expect(server.connections()).toBe(1))
    await close()
    expect(await asked).toBe('shutting down')
    await turns()
    expect([closed(), clock.armed()]).toEqual([1, 0])
  })
})

describe('no request leads into a private network', () => {
  it.each([
    '127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '①②⑦.0.0.1', '%31%32%37.0.0.1', '127.0.0.1.', '0', '[::1]', '[::]',
    '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '169.254.169.254', '10.0.0.1', '[fc00::1]', '127。0。0。1', '8.8.8.8'
  ])('an address literal is refused, however it is spelt: %s', async (host) => {
    const server = await tcpServer(() => undefined)
    expect(await wrong(client(PUBLIC_ONLY).fetch(at(server.port, '/', host, 'https')))).toMatch(/is not a host name$/)
    expect(server.connections()).toBe(0)
  })

  it.each(['localhost', 'x.localhost', 'LOCALHOST.', 'pds.example', 'knot。example'])('a name that resolves to this machine is refused: %s', async (host) => {
    const server = await tcpServer(() => undefined)
    const { fetch } = client({ ...PUBLIC_ONLY, resolve: resolvingTo('8.8.8.8', '127.0.0.1') })
    expect(await wrong(fetch(at(server.port, '/', host, 'https')))).toBe('the name resolves to a forbidden address: 127.0.0.1')
    expect(server.connections()).toBe(0)
  })

  it('a public name that changes to this machine at the next connection is refused then', async () => {
    const server = await httpServer((_, response) => response.writeHead(200, { connection: 'close' }).end())
    let asked = 0
    const resolve: Resolve = () => Promise.resolve([{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }])
    const { fetch } = client({ resolve })
    expect(await wrong(fetch(at(server.port, '/', 'pds.example')))).toBe('nothing')
    expect(await wrong(fetch(at(server.port, '/', 'pds.example')))).toBe('the name resolves to a forbidden address: 10.0.0.1')
    expect(server.connections()).toBe(1)
  })

  it.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
    const forbidden = await httpServer((_, response) => response.end())
    const server = await httpServer((_, response) => response.writeHead(status, { location: at(forbidden.port) }).end('elsewhere'))
    const { fetch } = client()
    for (const redirect of [undefined, 'error', 'follow'])
      expect(await wrong(fetch(at(server.port), redirect === undefined ? {} : { redirect }))).toBe(
        `the server redirects (${String(status)}), and redirects are not followed`
      )
    const response = await fetch(at(server.port), { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([status, at(forbidden.port)])
    expect(forbidden.connections()).toBe(0)
  })

  it.each([
    ['http://pds.example/', 'the address is not https'],
    ['ftp://pds.example/', 'neither http nor https: ftp:'],
    ['file:///etc/passwd', 'neither http nor https: file:'],
    ['ws://pds.example/', 'neither http nor https: ws:'],
    ['https://user:canary@pds.example/', 'the address contains a user name or password'],
    ['https://exa mple/canary', 'invalid URL'],
    ['', 'invalid URL']
  ])('%s is refused', async (address, why) => {
    expect(await wrong(client({ ...PUBLIC_ONLY, resolve: resolvingTo('127.0.0.1') }).fetch(address))).toBe(why)
  })

  it('addresses that the operator wrote down may be anywhere, and without TLS', async () => {
    const server = await httpServer((_, response) => response.end('here'))
    const { fetch } = client({ policy: { allowLoopback: false, trusted: true } })
    expect(await (await fetch(at(server.port, '/', '127.0.0.1'))).text()).toBe('here')
    expect(await (await fetch(at(server.port, '/', 'localhost'))).text()).toBe('here')
    const elsewhere = client({ policy: { allowLoopback: false, trusted: true }, resolve: resolvingTo('no address') })
    expect(await wrong(elsewhere.fetch('https://ci.internal/'))).toBe('the name resolves to a forbidden address: no address')
  })
})

describe('the client limits', () => {
  it('the body, whatever length is announced', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/announced') response.writeHead(200, { 'content-length': '1001' })
      response.write('x'.repeat(1000))
      response.end(request.url === '/exact' ? '' : 'x')
    })
    const { fetch } = client({ maxBodyBytes: 1000 })
    expect((await (await fetch(at(server.port, '/exact'))).text()).length).toBe(1000)
    expect(await wrong(fetch(at(server.port, '/announced')))).toBe('response larger than 1000 bytes')
    expect(await wrong(fetch(at(server.port, '/more')))).toBe('response larger than 1000 bytes')
    expect(await wrong(fetch(at(server.port, '/more'), { maxBodyBytes: 1001 }))).toBe('nothing')
    expect(await wrong(fetch(at(server.port, '/exact'), { maxBodyBytes: 999 }))).toBe('response larger than 999 bytes')
  })

  it('a body without an end, which ends the connection', async () => {
    let sent = 0
    let isOver = false
    const server = await httpServer((_, response) => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more).on('close', () => (isOver = true))
      more()
    })
    expect(await wrong(client().fetch(at(server.port)))).toBe('response larger than 4194304 bytes')
    await eventually(() => expect(isOver).toBe(true))
    expect(sent).toBeLessThan(40_000_000)
  })

  it('a body that nobody reads: unread data stays with the sender', async () => {
    let sent = 0
    const server = await httpServer((_, response) => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more)
      more()
    })
    const clock = manualClock()
    const response = await client({ clock, maxBodyBytes: 1e9, timeoutMs: 500 }).fetch(at(server.port))
    await turns()
    clock.advance(500)
    await expect(response.text()).rejects.toThrow('no answer within 0.5 s')
    expect(sent).toBeLessThan(40_000_000)
  })

  it.each([
    ['is silent', () => undefined],
    ['says nothing but hello, for ever', (socket: Socket) => {
      const dripping = setInterval(() => socket.write('HTTP/1.1 200 OK\r\nX: '.slice(0, 1)), 20)
      socket.once('close', () => clearInterval(dripping))
    }],
    ['sends its body by drops', (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n')
      const dripping = setInterval(() => socket.write('x'), 20)
      socket.once('close', () => clearInterval(dripping))
    }]
  ])('the time of a request, when a server %s', async (_, talk: (socket: Socket) => void) => {
    let closed = 0
    const server = await tcpServer((socket) => {
      socket.resume().once('close', () => (closed += 1))
      talk(socket)
    })
    const { fetch } = client({ timeoutMs: 300 })
    expect(await wrong(fetch(at(server.port)))).toMatch(/^no answer within 0\.3 s$|HTTP\/1\.1 protocol/)
    await eventually(() => expect(closed).toBeGreaterThan(0))
    expect(await wrong(fetch(at(server.port), { timeoutMs: 100 }))).toMatch(/^no answer within 0\.1 s$|HTTP\/1\.1 protocol/)
  })

  it('the time, even for requests that wait for another’s connection', async () => {
    const server = await tcpServer((socket) => void socket.resume())
    const { armed, clock } = countingClock()
    const { fetch } = client({ clock, maxConnections: 1 })
    const stop = new AbortController()
    const first = wrong(fetch(at(server.port), { signal: stop.signal }))
    await eventually(() => expect(server.connections()).toBe(1))
    expect(await wrong(fetch(at(server.port), { timeoutMs: 100 }))).toBe('no answer within 0.1 s')
    const third = wrong(fetch(at(server.port), { signal: stop.signal }))
    stop.abort()
    expect(await Promise.all([first, third])).toEqual(['the request was aborted', 'the request was aborted'])
    expect(armed()).toBe(0)
  })

  it('the time of a look-up', async () => {
    const { fetch } = client({ resolve: () => new Promise(() => undefined), timeoutMs: 100 })
    expect(await wrong(fetch('https://pds.example/'))).toBe('no answer within 0.1 s')
  })

  it('the headers', async () => {
    const server = await tcpServer((socket) => socket.write(`HTTP/1.1 200 OK\r\n${Array.from({ length: 2_000 }, (_, i) => `X-${String(i)}: yyyyyyyyyyyy\r\n`).join('')}\r\n`))
    expect(await wrong(client().fetch(at(server.port)))).toMatch(/header/i)
  })

  it('the encoding: a compressed answer is refused', async () => {
    const server = await httpServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1e7))))
    expect(await wrong(client().fetch(at(server.port)))).toBe('the response is compressed, though no compression was accepted')
  })

  it('the protocol: a server that hangs up, or speaks something else, is an error', async () => {
    const silent = await tcpServer((socket) => socket.destroy())
    expect(await wrong(client().fetch(at(silent.port)))).not.toBe('nothing')
    const other = await tcpServer((socket) => socket.end('220 mail.example\r\n'))
    expect(await wrong(client().fetch(at(other.port)))).not.toBe('nothing')
    const half = await tcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
    expect(await wrong(client().fetch(at(half.port)))).not.toBe('nothing')
    expect(await wrong(client().fetch(at(1)))).toMatch(/ECONNREFUSED/)
  })
})

describe('the default', () => {
  it('is 30 s for a request, and eight connections to a server', async () => {
    const server = await httpServer(() => undefined)
    const { asked, clock } = countingClock()
    const made = httpClient({ clock, policy: { allowLoopback: true } })
    onTestFinished(made.close)
    const asking = Promise.all(Array.from({ length: 10 }, () => wrong(made.fetch(at(server.port)))))
    await eventually(() => expect(server.connections()).toBe(8))
    expect(new Set(asked)).toEqual(new Set([30_000]))
    await made.close()
    await asking
    expect(server.connections()).toBe(8)
  })
})

describe('an ended request leaves nothing running, and its connection free', () => {
  const ways: ReadonlyArray<readonly [how: string, over: (fetch: HttpClient['fetch'], url: string) => Promise<unknown>]> = [
    ['read', async (fetch, url) => (await fetch(`${url}short`)).text()],
    ['without a body', (fetch, url) => fetch(`${url}nothing`)],
    ['for the head only', (fetch, url) => fetch(`${url}short`, { method: 'HEAD' })],
    ['not wanted any more', async (fetch, url) => (await fetch(`${url}endless`)).body?.cancel()],
    ['too long', (fetch, url) => wrong(fetch(`${url}announced`))],
    ['too long in the end', (fetch, url) => wrong(fetch(`${url}endless`))],
    ['led elsewhere', (fetch, url) => wrong(fetch(`${url}elsewhere`))],
    ['compressed', (fetch, url) => wrong(fetch(`${url}compressed`))],
    ['of a status that there is not', (fetch, url) => wrong(fetch(`${url}odd`))],
    ['without a body, which comes all the same', (fetch, url) => fetch(`${url}reset`)],
    ['with a bad header', (fetch, url) => wrong(fetch(url, { headers: { a: '\n' } }))],
    ['aborted', (fetch, url) => wrong(fetch(url, { signal: AbortSignal.abort() }))]
  ]
  it.each(ways)('%s', async (_, over) => {
    const endings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      '/announced': { 'content-length': '99999' },
      '/compressed': { 'content-encoding': 'gzip' },
      '/elsewhere': { location: 'http://x.example' }
    }
    const server = await httpServer((request, response) => {
      const url = request.url ?? ''
      if (url === '/nothing') response.writeHead(204).end()
      else if (url === '/short') response.end('x')
      else {
        response.writeHead({ '/elsewhere': 302, '/odd': 999, '/reset': 205 }[url] ?? 200, endings[url] ?? {})
        const dripping = setInterval(() => response.write('x'.repeat(100)), 5)
        response.once('close', () => clearInterval(dripping))
      }
    })
    const { armed, clock } = countingClock()
    const { fetch } = client({ clock, maxBodyBytes: 1_000, maxConnections: 1 })
    await over(fetch, at(server.port))
    expect(armed()).toBe(0)
    expect(await (await fetch(at(server.port, '/short'))).text()).toBe('x')
  })
})

describe('the end of a request', () => {
  it('is not awaited when the request is over', async () => {
    const server = await httpServer((_, response) => response.end('x'))
    const { signal } = new AbortController()
    const { fetch } = client()
    await (await fetch(at(server.port), { signal })).text()
    await wrong(fetch(at(1), { signal }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('comes when the caller wants it', async () => {
    const server = await tcpServer(() => undefined)
    const { fetch } = client()
    const stop = new AbortController()
    const asking = fetch(at(server.port), { signal: stop.signal })
    await eventually(() => expect(server.connections()).toBe(1))
    stop.abort()
    await expect(asking).rejects.toMatchObject({ message: 'the request was aborted', name: 'AbortError' })
    await expect(fetch(at(server.port), { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('comes to all, with their sockets, when the client is closed', async () => {
    let open = 0
    const talk = (socket: Socket): void => {
      open += 1
      // Who does not read does not hear of the end either.
      socket.resume()
      socket.once('close', () => (open -= 1))
    }
    const silent = await tcpServer(talk)
    const half = await tcpServer((socket) => {
      talk(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    })
    const { close, fetch } = client()
    const waiting = wrong(fetch(at(silent.port)))
    const reading = await fetch(at(half.port))
    await eventually(() => expect(open).toBe(2))
    await Promise.all([close(), close()])
    expect(await waiting).toBe('shutting down')
    await expect(reading.text()).rejects.toThrow('shutting down')
    await eventually(() => expect(open).toBe(0))
    expect(await wrong(fetch(at(silent.port)))).toBe('shutting down')
  })
})

describe('messages about a request', () => {
  it.each([
    ['refused', 'https://10.0.0.1/canary?token=canary'],
    ['not reachable', 'http://localhost:1/canary?token=canary'],
    ['with a user', 'https://canary:canary@localhost/']
  ])('has no secrets: %s', async (_, address) => {
    expect(await wrong(client().fetch(address, { headers: { authorization: 'Bearer canary' } }))).not.toMatch(/canary|^nothing$/)
  })

  it('contain no secrets when a header is bad', async () => {
    const why = await wrong(client().fetch('http://localhost:1/', { headers: { authorization: 'Bearer canary\nx' } }))
    expect(why).toBe('malformed request header')
  })
})
