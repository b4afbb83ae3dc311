/**
 * A loopback proxy for one run of a program that opens its own connections (git). The program reaches the one server that the proxy was started for,
 * through the guard, and nothing else, whatever names, redirects or settings say.
 *
 * The proxy requires the run's password, counts bytes, and closes all connections beyond the limit.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, request as sendRequest, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Duplex, Transform } from 'node:stream'
import { dial, type Guard, hostOf, reasonOf } from './guard.js'

export interface ProxyOptions extends Guard {
  /** The limit of bytes from the server. */
  readonly maxBytes: number
  /** The server; path and query do not matter. `http:` requests are forwarded, `https:` is tunnelled. */
  readonly target: URL
}

export interface Proxy {
  /** Closes all connections. Resolves when no socket is left. */
  readonly close: () => Promise<void>
  /** Why the server was not reached, or was cut off; `null` if nothing failed. */
  readonly failure: () => ProxyFailure | null
  /** The proxy URL for the program, password included. */
  readonly url: string
}

export interface ProxyFailure {
  readonly isTooLarge: boolean
  readonly reason: string
}

const portOf = (url: URL): number => (url.port !== '' ? Number(url.port) : url.protocol === 'https:' ? 443 : 80)

/** Hop-by-hop headers, which are not forwarded (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade'
])

const endToEnd = (raw: ReadonlyArray<string>): Array<string> => {
  const kept: Array<string> = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = raw.slice(i, i + 2)
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}

/** Starts a proxy on a free port of 127.0.0.1. */
export const startProxy = async ({ maxBytes, target, ...guard }: ProxyOptions): Promise<Proxy> => {
  const password = randomBytes(24).toString('base64url')
  const wanted = Buffer.from(`Basic ${Buffer.from(`tack:${password}`).toString('base64')}`)
  const host = hostOf(target)
  const port = portOf(target)
  const sockets = new Set<Duplex>()
  let failure: ProxyFailure | null = null
  let left = maxBytes

  const fail = (reason: string, isTooLarge = false): void => {
    failure ??= { isTooLarge, reason }
  }

  /** The status that refuses a request with a wrong password or target; `null` if both are right. */
  const refusal = (request: IncomingMessage, authority: string): 403 | 407 | null => {
    const given = Buffer.from(request.headers['proxy-authorization'] ?? '')
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 407
    if (authority === `${target.hostname}:${String(port)}`) return null
    fail('the server redirects, and redirects are not followed')
    return 403
  }

  /** Counts bytes from the server. Closes all connections beyond the limit. */
  const counted = (): Transform =>
    new Transform({
      transform: (chunk: Buffer, _, callback) => {
        left -= chunk.length
        if (left >= 0) return callback(null, chunk)
        fail(`more than ${String(maxBytes)} bytes`, true)
        for (const socket of sockets) socket.destroy()
        callback(new Error('too much'))
      }
    })

  const remember = <S extends Duplex>(socket: S): S => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }

  const reach = (): Socket => {
    const upstream = remember(dial(guard, host, port))
    let isReached = false
    upstream.once('connect', () => (isReached = !upstream.destroyed))
    // The program judges later failures itself: it may have got its whole response.
    upstream.on('error', (error) => isReached || fail(reasonOf(error)))
    return upstream
  }

  const forward = (request: IncomingMessage, response: ServerResponse): void => {
    const address = request.url ?? ''
    const url = URL.canParse(address) ? new URL(address) : null
    const refused = refusal(request, url === null ? '' : `${url.hostname}:${String(portOf(url))}`)
    if (refused !== null || url === null || url.protocol !== 'http:' || target.protocol !== 'http:') {
      response.writeHead(refused ?? 403).end()
      return
    }
    const upstream = sendRequest({
      // An agent, even a new one, would open the connection itself.
      createConnection: reach,
      headers: endToEnd(request.rawHeaders),
      // The host of the URL counts. The `Host` header is among the forwarded ones.
      host,
      method: request.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      port,
      setHost: false
    })
    upstream.on('error', (error) => {
      if (response.headersSent) {
        response.destroy()
        return
      }
      fail(reasonOf(error))
      response.writeHead(502).end()
    })
    upstream.on('response', (answer) => {
      try {
        response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders))
      } catch {
        // A status or a header that the parser accepts, but that cannot be sent.
        fail('the response is not HTTP')
        upstream.destroy()
        response.destroy()
        return
      }
      answer.on('error', () => response.destroy())
      answer.pipe(counted()).on('error', () => response.destroy()).pipe(response)
    })
    response.once('close', () => upstream.destroy())
    request.pipe(upstream)
  }

  const tunnel = (request: IncomingMessage, client: Duplex, head: Buffer): void => {
    client.on('error', () => client.destroy())
    const refused = target.protocol === 'https:' ? refusal(request, request.url ?? '') : 403
    if (refused !== null) {
      client.end(`HTTP/1.1 ${String(refused)} Refused\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const upstream = reach()
    const unreachable = (): void => void client.end('HTTP/1.1 502 Unreachable\r\nContent-Length: 0\r\n\r\n')
    upstream.once('connect', () => {
      if (upstream.destroyed) return
      // From here on the client gets the server's bytes, and sees an abrupt end as such.
      upstream.off('error', unreachable).on('error', () => client.destroy())
      client.write('HTTP/1.1 200 Connected\r\n\r\n')
      upstream.write(head)
      client.pipe(upstream)
      upstream.pipe(counted()).on('error', () => client.destroy()).pipe(client)
    })
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
    upstream.once('error', unreachable)
  }

  const server = createServer({ requestTimeout: 0 }, forward)
  server.on('connection', remember)
  server.on('connect', tunnel)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
    failure: () => failure,
    url: `http://tack:${password}@127.0.0.1:${String((server.address() as AddressInfo).port)}`
  }
}
