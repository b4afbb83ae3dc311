/**
 * A websocket endpoint on loopback that feeds many readers, each at its own pace. The Jetstream server and the knots use it.
 *
 * Readers pull. Each has a `Feed` that knows its position. When there is news, and whenever a reader's socket has room again, the feed is asked for
 * the next bytes. So the backlog and live news are handled alike, a slow reader takes no memory and delays no other reader, and nothing is sent twice
 * or out of order.
 *
 * A feed returns whole websocket messages as bytes, header included (`message`). They are encoded once and written unchanged to every reader, many in
 * one write. `ws` writes pings and close frames on the same socket, between such writes.
 */
import * as E from 'fp-ts/lib/Either.js'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../ports.js'



/** Why a connection is not upgraded, as an HTTP response. */
export interface Refusal {
  readonly status: 400 | 404 | 503
  readonly reason: string
}

/** The close frame with which the server ends a connection. */
export interface Goodbye {
  readonly code: number
  readonly reason: string
}

/** The messages that one reader still has to get. */
export interface Feed<Asked> {
  /** What the client asks for. */
  readonly asked: () => Asked
  /** Handles a text message from the client. If a goodbye is returned, the connection is closed with it. */
  readonly receive: (text: string) => Goodbye | null
  /** The next bytes, whole messages; a goodbye to close the connection with; or `null` if there is nothing more for now. */
  readonly next: () => Buffer | Goodbye | null
}

/** A connection as a test sees it. Connections that have ended are included. */
export interface Connection<Asked> {
  readonly asked: Asked
  readonly isOpen: boolean
  /** Whether a write waits for the client to read. */
  readonly isBlocked: boolean
}

export interface EndpointOptions<Asked> {
  readonly clock: Clock
  readonly path: string
  /** 0 for any free port. */
  readonly port: number
  readonly pingMs: number
  /** Whether pings are sent even while messages are, or only after `pingMs` without any. */
  readonly pingsWhileBusy: boolean
  /** How long a write may wait for a client before the connection is cut. */
  readonly blockedMs: number
  /** Answers a request that is not for a websocket, or returns `false`. By default, only websockets are served. */
  readonly serve?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Accepts a client, or says why not. */
  readonly admit: (query: URLSearchParams, request: IncomingMessage) => E.Either<Refusal, Feed<Asked>>
}

/** What a test of a client can see of an endpoint, and do to it. */
export interface Controls<Asked> {
  /** All connections so far, in order. */
  readonly connections: () => ReadonlyArray<Connection<Asked>>
  /** Ends all connections: cuts them off (1006), or closes them with `goodbye`. Accepts new ones. */
  readonly dropConnections: (goodbye?: Goodbye) => void
  /** Makes the open connections fall silent: nothing more is read, written, answered or closed. */
  readonly stall: () => void
  /** While not ready, connections are refused with a 503 before the upgrade. */
  readonly setReady: (ready: boolean) => void
  /** Closes everything; readers get a 1001. Resolves when no socket is left. Idempotent. */
  readonly stop: () => Promise<void>
}

export interface Endpoint<Asked> {
  readonly controls: Controls<Asked>
  readonly port: number
  /** Asks every feed for news. */
  readonly wake: () => void
}

interface Reader<Asked> {
  readonly drop: (goodbye?: Goodbye) => void
  readonly leave: () => void
  readonly seen: () => Connection<Asked>
  readonly stall: () => void
  readonly wake: () => void
}

const read = <Asked>(options: EndpointOptions<Asked>, feed: Feed<Asked>, ws: WebSocket, socket: Duplex): Reader<Asked> => {
  const { blockedMs, clock, pingMs, pingsWhileBusy } = options
  let stalled = false
  let unblock: (() => void) | null = null
  let cancelPing = (): void => undefined

  const isOpen = (): boolean => ws.readyState === WebSocket.OPEN

  const keepAlive = (): void => {
    cancelPing()
    cancelPing = clock.after(pingMs, () => {
      ws.ping()
      keepAlive()
    })
  }

  const drained = (): void => {
    unblock?.()
    unblock = null
    wake()
  }

  const wake = (): void => {
    while (isOpen() && !stalled && unblock === null) {
      const next = feed.next()
      if (next === null) return
      if (!Buffer.isBuffer(next)) return ws.close(next.code, next.reason)
      if (!socket.write(next)) {
        unblock = clock.after(blockedMs, () => ws.terminate())
        socket.once('drain', drained)
      }
      if (!pingsWhileBusy) keepAlive()
    }
  }

  ws.on('error', () => ws.terminate())
  ws.on('close', () => {
    cancelPing()
    unblock?.()
  })
  ws.on('message', (data: Buffer, isBinary) => {
    const goodbye = isBinary ? null : feed.receive(data.toString())
    if (goodbye === null) wake()
    else ws.close(goodbye.code, goodbye.reason)
  })
  keepAlive()
  wake()

  return {
    drop: (goodbye) => (goodbye === undefined ? ws.terminate() : ws.close(goodbye.code, goodbye.reason)),
    leave: () => {
      // A client that does not read would delay a proper close.
      if (socket.writableLength > 0 || stalled) return ws.terminate()
      ws.close(1001, 'server shutting down')
      socket.end(() => socket.destroy())
    },
    seen: () => ({ asked: feed.asked(), isBlocked: isOpen() && unblock !== null, isOpen: isOpen() }),
    stall: () => {
      stalled = true
      cancelPing()
      unblock?.()
      ws.pause()
    },
    wake
  }
}

const STATUS_TEXT = { 400: 'Bad Request', 404: 'Not Found', 503: 'Service Unavailable' } as const

const refuse = (socket: Duplex, { status, reason }: Refusal): void => {
  const body = `${reason}\n`
  // HTTP keeps its half of a connection open until the client closes the other half. A silent client would keep it for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${String(status)} ${STATUS_TEXT[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`
  )
}

/** 10 000 DIDs in a query are about 450 kB. */
const MAX_HEADER_BYTES = 2 ** 20

/** Listens on 127.0.0.1. @throws if the port is taken. */
export const startEndpoint = async <Asked>(options: EndpointOptions<Asked>): Promise<Endpoint<Asked>> => {
  const { admit, path, port, serve = () => false } = options
  const readers: Array<Reader<Asked>> = []
  const open = new Set<Reader<Asked>>()
  let ready = true

  const knock = (request: IncomingMessage): E.Either<Refusal, Feed<Asked>> => {
    // Not `new URL`: it throws on targets that a stranger may send.
    const [, pathname, query] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? []
    if (pathname !== path) return E.left({ status: 404, reason: 'not found' })
    if (!ready) return E.left({ status: 503, reason: 'starting up' })
    return admit(new URLSearchParams(query), request)
  }

  const acceptor = new WebSocketServer({ maxPayload: 2 ** 20, noServer: true, perMessageDeflate: false })
  const http = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    if (serve(request, response)) return
    response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(`${path} is for websockets\n`)
  })
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const admitted = knock(request)
    if (E.isLeft(admitted)) refuse(socket, admitted.left)
    else
      acceptor.handleUpgrade(request, socket, head, (ws) => {
        const reader = read(options, admitted.right, ws, socket)
        readers.push(reader)
        open.add(reader)
        ws.on('close', () => open.delete(reader))
      })
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', resolve)
  })

  const closed = new Promise<void>((resolve) => http.once('close', () => resolve()))
  return {
    controls: {
      connections: () => readers.map((reader) => reader.seen()),
      dropConnections: (goodbye) => open.forEach((reader) => reader.drop(goodbye)),
      setReady: (now) => {
        ready = now
      },
      stall: () => open.forEach((reader) => reader.stall()),
      stop: () => {
        http.close()
        http.closeAllConnections()
        open.forEach((reader) => reader.leave())
        return closed
      }
    },
    port: (http.address() as AddressInfo).port,
    wake: () => open.forEach((reader) => reader.wake())
  }
}
