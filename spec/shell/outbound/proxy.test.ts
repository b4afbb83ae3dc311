/** The proxy that git goes through: for whom it does anything at all, and where it leads. */
import { connect as connectTcp, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Proxy, type ProxyOptions, startProxy } from '../../../shell/outbound/proxy.js'
import { platformResolve } from '../../../shell/outbound/resolver.js'
import { eventually, httpServer, type Listening, tcpServer } from '../support/sockets.js'

const started = async (target: string, changes: Partial<ProxyOptions> = {}): Promise<Proxy> => {
  const proxy = await startProxy({ maxBytes: 1_000_000, policy: { allowLoopback: true }, resolve: platformResolve, target: new URL(target), ...changes })
  onTestFinished(proxy.close)
  return proxy
}

/** What comes back for `text`, until the end; `PASSWORD` stands for the right one. */
const talk = async (proxy: Proxy, text: string): Promise<string> => {
  const url = new URL(proxy.url)
  const right = Buffer.from(`${url.username}:${url.password}`).toString('base64')
  const socket = connectTcp(Number(url.port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1'))).on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(text.replace('PASSWORD', `Proxy-Authorization: Basic ${right}`))
  await closed
  return answer
}

const statusOf = (answer: string): string => answer.split(' ')[1] ?? ''

const echo = (): Promise<Listening> => tcpServer((socket: Socket) => socket.pipe(socket))

const web = (): Promise<Listening> =>
  httpServer((request, response) => response.end(`${String(request.method)} ${String(request.url)} ${JSON.stringify(request.headers)}`))

const GET = (address: string, headers = 'PASSWORD\r\n'): string => `GET ${address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
const CONNECT = (authority: string, headers = 'PASSWORD\r\n', rest = ''): string => `CONNECT ${authority} HTTP/1.1\r\n${headers}\r\n${rest}`

describe('requests', () => {
  it('go to the one server, without the headers between the two of us', async () => {
    const server = await web()
    const at = `http://localhost:${String(server.port)}`
    const proxy = await started(at)
    const answer = await talk(proxy, GET(`${at}/a?b`, 'PASSWORD\r\nGit-Protocol: version=2\r\nTE: trailers\r\n'))
    expect(statusOf(answer)).toBe('200')
    expect(answer).toContain('GET /a?b ')
    expect(answer).toContain('"git-protocol":"version=2"')
    expect(answer).not.toMatch(/proxy-authorization|"te"/)
    expect(proxy.failure()).toBeNull()
  })

  it.each([
    ['without a password', '', '407'],
    ['with another one', 'Proxy-Authorization: Basic dGFjazp4\r\n', '407'],
    ['with an empty one', 'Proxy-Authorization: Basic\r\n', '407']
  ])('%s reach nobody', async (_, headers, status) => {
    const server = await web()
    const at = `http://localhost:${String(server.port)}`
    expect(statusOf(await talk(await started(at), GET(`${at}/`, headers)))).toBe(status)
    expect(statusOf(await talk(await started(at.replace('http', 'https')), CONNECT(`localhost:${String(server.port)}`, headers)))).toBe(status)
    expect(server.connections()).toBe(0)
  })

  it.each(['http://127.0.0.1:PORT/', 'http://localhost:1/', 'http://localhost/', 'https://localhost:PORT/', '/', 'file:///etc/passwd', 'x'])(
    'requests to %s are refused',
    async (address) => {
      const server = await web()
      const proxy = await started(`http://localhost:${String(server.port)}`)
      expect(statusOf(await talk(proxy, GET(address.replace('PORT', String(server.port)))))).toMatch(/^40[03]$/)
      expect(server.connections()).toBe(0)
    }
  )

  it('are no tunnels, and vice versa', async () => {
    const server = await web()
    const host = `localhost:${String(server.port)}`
    expect(statusOf(await talk(await started(`http://${host}`), CONNECT(host)))).toBe('403')
    expect(statusOf(await talk(await started(`https://${host}`), GET(`http://${host}/`)))).toBe('403')
    expect(server.connections()).toBe(0)
  })

  it('go to the port of HTTP where the server has none', async () => {
    const proxy = await started('http://knot.example', { resolve: () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]) })
    for (const address of ['http://knot.example/', 'http://knot.example:80/']) expect(statusOf(await talk(proxy, GET(address)))).toBe('502')
    for (const address of ['https://knot.example/', 'http://knot.example:443/']) expect(statusOf(await talk(proxy, GET(address)))).toBe('403')
  })

  it('break off with their answer', async () => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')))
    const at = `http://localhost:${String(server.port)}`
    const proxy = await started(at)
    expect(await talk(proxy, GET(`${at}/`))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhalf$/)
    expect(proxy.failure()).toBeNull()
  })

  it('leave a failure that is remembered when nothing comes of them', async () => {
    const proxy = await started('http://localhost:1')
    expect(statusOf(await talk(proxy, GET('http://localhost:1/')))).toBe('502')
    expect(proxy.failure()).toEqual({ isTooLarge: false, reason: expect.stringMatching(/ECONNREFUSED/) as string })
  })

  it('may have answers up to the limit', async () => {
    const server = await httpServer((_, response) => response.end('x'.repeat(100_000)))
    const at = `http://localhost:${String(server.port)}`
    const proxy = await started(at, { maxBytes: 100_000 })
    expect((await talk(proxy, GET(`${at}/`))).match(/x+$/)?.[0].length).toBe(100_000)
    expect(proxy.failure()).toBeNull()
  })

  it('are cut off beyond the limit', async () => {
    const server = await httpServer((_, response) => response.end('x'.repeat(100_000)))
    const at = `http://localhost:${String(server.port)}`
    const proxy = await started(at, { maxBytes: 99_999 })
    expect((await talk(proxy, GET(`${at}/`))).length).toBeLessThan(100_200)
    expect(proxy.failure()).toEqual({ isTooLarge: true, reason: 'more than 99999 bytes' })
  })
})

it.each([
  ['request', 'http'],
  ['tunnel', 'https']
])('whoever leaves ends the %s', async (_, scheme) => {
  let closed = 0
  const server = await tcpServer((socket) => socket.resume().once('close', () => (closed += 1)))
  const host = `localhost:${String(server.port)}`
  const proxy = await started(`${scheme}://${host}`)
  const { password, port, username } = new URL(proxy.url)
  const client = connectTcp(Number(port), '127.0.0.1')
  const headers = `Proxy-Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}\r\n`
  client.on('error', () => undefined).write(scheme === 'http' ? GET(`http://${host}/`, headers) : CONNECT(host, headers))
  await eventually(() => expect(server.connections()).toBe(1))
  client.resetAndDestroy()
  await eventually(() => expect(closed).toBe(1))
})

describe('tunnels', () => {
  it('lead to the one server', async () => {
    const server = await tcpServer((socket) => socket.on('data', (chunk: Buffer) => socket.end(`heard ${chunk.toString()}`)))
    const host = `localhost:${String(server.port)}`
    const answer = await talk(await started(`https://${host}`), CONNECT(host, 'PASSWORD\r\n', 'hello'))
    expect(answer).toBe('HTTP/1.1 200 Connected\r\n\r\nheard hello')
  })

  it.each(['127.0.0.1:PORT', 'localhost:1', 'localhost', ':PORT', 'localhost:PORT:PORT', 'other.example:443'])('are refused to %s', async (authority) => {
    const server = await echo()
    const proxy = await started(`https://localhost:${String(server.port)}`)
    expect(statusOf(await talk(proxy, CONNECT(authority.replaceAll('PORT', String(server.port)))))).toMatch(/^40[03]$/)
    expect(server.connections()).toBe(0)
  })

  it('are not made to a forbidden address', async () => {
    const server = await echo()
    const host = `localhost:${String(server.port)}`
    const proxy = await started(`https://${host}`, { policy: { allowLoopback: false } })
    await talk(proxy, CONNECT(host))
    expect(proxy.failure()?.reason).toMatch(/^the name resolves to a forbidden address: /)
    expect(server.connections()).toBe(0)
  })

  it('end beyond the limit, on both sides', async () => {
    let closed = 0
    const server = await tcpServer((socket) => {
      socket.resume().once('close', () => (closed += 1))
      socket.write(Buffer.alloc(100_000))
    })
    const host = `localhost:${String(server.port)}`
    const proxy = await started(`https://${host}`, { maxBytes: 99_999 })
    expect((await talk(proxy, CONNECT(host))).length).toBeLessThan(100_100)
    expect(proxy.failure()).toEqual({ isTooLarge: true, reason: 'more than 99999 bytes' })
    await eventually(() => expect(closed).toBe(1))
  })

  it('go to the port of HTTPS where the server has none', async () => {
    const proxy = await started('https://knot.example', { resolve: () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]) })
    expect(statusOf(await talk(proxy, CONNECT('knot.example:80')))).toBe('403')
    expect(statusOf(await talk(proxy, CONNECT('knot.example:443')))).not.toBe('403')
    expect(proxy.failure()?.reason).toBe('the server redirects, and redirects are not followed')
  })

  it('break off with the other side, and contain nothing of ours', async () => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const host = `localhost:${String(server.port)}`
    const proxy = await started(`https://${host}`)
    expect(await talk(proxy, CONNECT(host, 'PASSWORD\r\n', 'hello'))).toBe('HTTP/1.1 200 Connected\r\n\r\n')
    expect(proxy.failure()).toBeNull()
  })

  it('end with the proxy', async () => {
    const server = await echo()
    const host = `localhost:${String(server.port)}`
    const proxy = await started(`https://${host}`)
    const talking = talk(proxy, CONNECT(host))
    await eventually(() => expect(server.connections()).toBe(1))
    await proxy.close()
    await talking
  })
})
