/**
 * The HTTP server: everything from clients has a limit, and nothing reaches further than its own response. Routes are data: method, path segments
 * and query decide, nothing else.
 *
 * Paths are split first and decoded after, segment by segment, so that an encoded slash or dot is a character in a name, and never a path. Nothing
 * is normalised: a path that is not exactly one of ours is not found.
 *
 * Clients are strangers. Hence limits for the time of headers and of whole requests, the size of headers and bodies, the number of connections, of
 * websockets for one address, and of what waits in an unread socket. Errors never carry more than a sentence.
 */
import * as E from 'fp-ts/lib/Either.js'
import ipaddr from 'ipaddr.js'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { excerpt } from '../../core/index.js'
import type { Clock, Log } from '../ports.js'
import { openPeer, type Peer } from './peer.js'

// ---------------------------------------------------------------------------------------- answers

export interface Answer {
  readonly body?: string | Buffer
  readonly headers?: { readonly [name: string]: string }
  readonly status: number
}

export const json = (status: number, value: unknown, headers: Answer['headers'] = {}): Answer => ({
  body: `${JSON.stringify(value)}\n`,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  status
})

export const text = (status: number, sentence: string, headers: Answer['headers'] = {}): Answer => ({
  body: `${sentence}\n`,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  status
})

export const notFound: Answer = text(404, 'not found')

/** Accepted means saved. What may not be saved must be sent again. */
export const unsaved = text(503, 'cannot be saved now; retry later', { 'retry-after': '5' })

/** Readable from any web page (CORS). */
export const readByAll = { 'access-control-allow-origin': '*' } as const

/** Keeps browsers from guessing types; the page has a policy of its own. */
const everywhere = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff'
} as const

// ---------------------------------------------------------------------------------------- routes

export interface Asked {
  /** The client's address. Behind a proxy that is the proxy. */
  readonly address: string
  readonly headers: IncomingHttpHeaders
  readonly method: string
  readonly query: URLSearchParams
}

export type Route =
  | {
      readonly _tag: 'Answers'
      readonly answer: (asked: Asked, request: IncomingMessage) => Answer | Promise<Answer | null> | null
      /** `GET` includes `HEAD`. */
      readonly methods: ReadonlyArray<'GET' | 'POST'>
    }
  | {
      readonly _tag: 'Socket'
      /** Why the connection is not upgraded, or what serves it. */
      readonly admit: (asked: Asked) => E.Either<Answer, (peer: Peer) => void>
      /** The answer to a request that is no upgrade, where it is not a sentence. */
      readonly plain?: Answer
    }

/** The route of a path, given as its decoded segments; `null` when there is none. */
export type Router = (segments: ReadonlyArray<string>) => Route | null

/** Long enough to name 250 commits. */
const PATH_MAX = 12_288

/** The decoded path segments, and the query; `null` when the target is not valid in a request. */
const targetOf = (url: string): { readonly query: URLSearchParams; readonly segments: ReadonlyArray<string> } | null => {
  if (!url.startsWith('/') || url.length > PATH_MAX) return null
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const segments = E.tryCatch(() => path.slice(1).split('/').map(decodeURIComponent), String)
  return E.isLeft(segments) ? null : { query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)), segments: segments.right }
}

// ---------------------------------------------------------------------------------------- bodies

/** A limit of the bytes of bodies in memory, for all requests together. */
export interface Budget {
  readonly take: (bytes: number) => boolean
  readonly give: (bytes: number) => void
}

export const createBudget = (limit: number): Budget => {
  let taken = 0
  return {
    give: (bytes) => {
      taken -= bytes
    },
    take: (bytes) => {
      if (taken + bytes > limit) return false
      taken += bytes
      return true
    }
  }
}

/** The raw body. `gone` when the client has disconnected. */
export const readBody = (request: IncomingMessage, limitBytes: number, budget: Budget): Promise<E.Either<'large' | 'busy' | 'gone', Buffer>> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let size = 0
    const end = (result: E.Either<'large' | 'busy' | 'gone', Buffer>): void => {
      request.off('data', take)
      budget.give(size)
      size = 0
      resolve(result)
    }
    const take = (chunk: Buffer): void => {
      if (size + chunk.length > limitBytes) return end(E.left('large'))
      if (!budget.take(chunk.length)) return end(E.left('busy'))
      size += chunk.length
      chunks.push(chunk)
    }
    // A body announced as too large is not read at all.
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) return end(E.left('large'))
    request.on('data', take)
    request.once('end', () => end(E.right(Buffer.concat(chunks))))
    request.once('close', () => end(E.left('gone')))
  })

// ---------------------------------------------------------------------------------------- limits

export interface HttpLimits {
  /** The limit of connections of every kind. */
  readonly connections: number
  /** The limit for one address; an IPv6 /64 network counts as one. Loopback, where a proxy runs, has no such limit. */
  readonly connectionsPerAddress: number
  readonly headerBytes: number
  /** How long a client may take to send its headers. */
  readonly headersMs: number
  /** How long a client may take to send the whole request. */
  readonly requestMs: number
  /** How long peers and clients have when the server closes. */
  readonly closeMs: number
  /** How long a peer may take to answer a close otherwise: a slow one has much to read before it gets there. */
  readonly goodbyeMs: number
  readonly pingMs: number
  /** The limit of requests on one connection: a client may send thousands without waiting for an answer. */
  readonly requestsPerConnection: number
  /** The limit of websockets for one address, in the same sense. */
  readonly socketsPerAddress: number
}

export const defaultHttpLimits: HttpLimits = {
  closeMs: 1_000,
  connections: 8_192,
  connectionsPerAddress: 256,
  goodbyeMs: 15_000,
  headerBytes: 16_384,
  headersMs: 10_000,
  pingMs: 30_000,
  requestMs: 30_000,
  requestsPerConnection: 100,
  socketsPerAddress: 64
}

/** The key of a client: an address, or an IPv6 /64 network; `null` when it is not counted. */
export const clientOf = (address: string): string | null => {
  if (!ipaddr.isValid(address)) return null
  const parsed = ipaddr.process(address)
  if (parsed.range() === 'loopback') return null
  return parsed.kind() === 'ipv4' ? parsed.toString() : ipaddr.fromByteArray([...parsed.toByteArray().slice(0, 8), ...Array<number>(8).fill(0)]).toString()
}

/** Counts by client. */
const tally = () => {
  const counts = new Map<string, number>()
  const change = (address: string, by: 1 | -1): void => {
    const client = clientOf(address)
    if (client === null) return
    const n = (counts.get(client) ?? 0) + by
    if (n === 0) counts.delete(client)
    else counts.set(client, n)
  }
  return {
    add: (address: string) => change(address, 1),
    count: (address: string): number => counts.get(clientOf(address) ?? '') ?? 0,
    remove: (address: string) => change(address, -1)
  }
}

/** How many connections may wait to be accepted, as far as the system allows. Any beyond that wait for a second, or three, or seven. */
const BACKLOG = 4_096

// ---------------------------------------------------------------------------------------- the server

const STATUS_TEXT: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [426, 'Upgrade Required'],
  [503, 'Service Unavailable']
])

/** Responds on a socket that has left HTTP. */
const refuse = (socket: Socket, { body = '', headers = {}, status }: Answer): void => {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) })
  // HTTP leaves its half of a connection open until the client closes the other: a deaf client would keep it for ever.
  socket.once('finish', () => socket.destroy())
  socket.write(`HTTP/1.1 ${String(status)} ${STATUS_TEXT.get(status) ?? 'Refused'}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  socket.end(body)
}

const upgradeRequired = text(426, 'this endpoint needs a websocket upgrade', { connection: 'upgrade', upgrade: 'websocket' })

/** The allowed methods. */
const allowed = (route: Route): ReadonlyArray<string> =>
  route._tag === 'Socket' ? ['GET'] : [...route.methods, ...(route.methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']

const preflight = (route: Route): Answer => ({
  headers: {
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-allow-methods': allowed(route).join(', '),
    'access-control-max-age': '86400',
    ...(route._tag === 'Answers' && route.methods.includes('GET') ? readByAll : {})
  },
  status: 204
})

export interface HttpServer {
  /** Closes everything, websockets with 1001. Resolves when no socket is left, within 2 s. Idempotent. */
  readonly close: () => Promise<void>
  readonly port: number
  readonly sockets: () => number
}

export interface HttpOptions {
  readonly clock: Clock
  readonly limits: HttpLimits
  readonly listen: { readonly host?: string; readonly port: number }
  readonly log: Log
  readonly router: Router
}

/** Listens. @throws when the address is in use, or is not ours. */
export const startHttp = async ({ clock, limits, listen, log, router }: HttpOptions): Promise<HttpServer> => {
  const peers = new Set<Peer>()
  const connections = tally()
  const websockets = tally()
  const upgraded = new Set<Socket>()
  let closing: Promise<void> | null = null

  const find = (request: IncomingMessage): { readonly asked: Asked; readonly route: Route } | null => {
    const target = targetOf(request.url ?? '')
    const route = target === null ? null : router(target.segments)
    if (target === null || route === null) return null
    const { headers, method = '', socket } = request
    return { asked: { address: socket.remoteAddress ?? '', headers, method, query: target.query }, route }
  }

  const answerOf = async (request: IncomingMessage): Promise<Answer | null> => {
    const found = find(request)
    if (found === null) return notFound
    const { asked, route } = found
    const methods = allowed(route)
    if (asked.method === 'OPTIONS') return preflight(route)
    if (!methods.includes(asked.method)) return text(405, `method not allowed: use ${methods.join(' or ')}`, { allow: methods.join(', ') })
    return route._tag === 'Socket' ? (route.plain ?? upgradeRequired) : route.answer(asked, request)
  }

  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    answerOf(request)
      .catch((error: unknown) => {
        log.error('HTTP request failed', { path: excerpt(request.url ?? ''), reason: excerpt(String(error)) })
        return text(500, 'internal error; it has been logged')
      })
      .then((answer) => {
        if (answer === null || response.destroyed) return
        const { body = '', headers = {}, status } = answer
        // A client that is still sending an unwanted body is not waited for.
        const rest = request.complete ? {} : { connection: 'close' }
        const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(body) }
        response.writeHead(status, { 'cache-control': 'no-store', ...everywhere, ...headers, ...rest, ...length })
        response.end(status === 204 || status === 304 ? undefined : body)
      })
      .catch((error: unknown) => {
        log.error('HTTP response could not be sent', { path: excerpt(request.url ?? ''), reason: excerpt(String(error)) })
        response.destroy()
      })
  }

  const acceptor = new WebSocketServer({ clientTracking: false, maxPayload: 4_096, noServer: true, perMessageDeflate: false })

  const http = createServer(
    {
      connectionsCheckingInterval: Math.min(limits.headersMs, 1_000),
      headersTimeout: limits.headersMs,
      keepAliveTimeout: 5_000,
      maxHeaderSize: limits.headerBytes,
      requestTimeout: limits.requestMs
    },
    respond
  )
  http.maxConnections = limits.connections
  // The last of them is answered with `connection: close`.
  http.maxRequestsPerSocket = limits.requestsPerConnection
  http.on('dropRequest', (_, socket) => socket.destroy())
  // A client that does not read its response is not waited for. Websockets have pings instead.
  http.timeout = 2 * limits.requestMs
  http.on('connection', (socket) => {
    const { remoteAddress = '' } = socket
    if (connections.count(remoteAddress) >= limits.connectionsPerAddress) return void socket.destroy()
    connections.add(remoteAddress)
    socket.once('close', () => connections.remove(remoteAddress))
  })

  const take = (ws: WebSocket, socket: Socket, address: string, then: (peer: Peer) => void): void => {
    const peer = openPeer(ws, socket, { clock, closeMs: limits.goodbyeMs, pingMs: limits.pingMs })
    peers.add(peer)
    websockets.add(address)
    peer.onClose(() => {
      peers.delete(peer)
      websockets.remove(address)
    })
    then(peer)
  }

  http.on('upgrade', (request, _, head) => {
    const { socket } = request
    socket.on('error', () => socket.destroy())
    socket.once('close', () => upgraded.delete(socket))
    upgraded.add(socket)
    const found = find(request)
    if (closing !== null) return refuse(socket, text(503, 'shutting down'))
    if (found === null) return refuse(socket, notFound)
    const { asked, route } = found
    if (route._tag !== 'Socket') return refuse(socket, text(400, 'this endpoint takes no websockets'))
    if (asked.method !== 'GET') return refuse(socket, text(405, 'method not allowed: use GET', { allow: 'GET' }))
    if (asked.headers.upgrade?.toLowerCase() !== 'websocket') return refuse(socket, upgradeRequired)
    if (websockets.count(asked.address) >= limits.socketsPerAddress) return refuse(socket, text(503, 'too many connections from your address'))
    const admitted = E.flatten(
      E.tryCatch(
        () => route.admit(asked),
        (error) => {
          log.error('HTTP request failed', { path: excerpt(request.url ?? ''), reason: excerpt(String(error)) })
          return text(500, 'internal error; it has been logged')
        }
      )
    )
    if (E.isLeft(admitted)) return refuse(socket, admitted.left)
    acceptor.handleUpgrade(request, socket, head, (ws) => take(ws, socket, asked.address, admitted.right))
  })

  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen({ backlog: BACKLOG, host: listen.host, port: listen.port }, () => {
      http.off('error', reject)
      http.on('error', (error) => log.error('HTTP server error', { reason: excerpt(error.message) }))
      resolve()
    })
  })

  const end = async (): Promise<void> => {
    const gone = new Promise<void>((resolve) => http.close(() => resolve()))
    http.closeIdleConnections()
    for (const peer of peers) peer.close(1001, 'going away')
    const cancel = clock.after(limits.closeMs, () => {
      http.closeAllConnections()
      for (const socket of upgraded) socket.destroy()
    })
    await gone
    cancel()
  }

  return {
    close: () => (closing ??= end()),
    port: (http.address() as AddressInfo).port,
    sockets: () => peers.size
  }
}
