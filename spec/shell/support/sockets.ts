/** What tests on real sockets share: servers on 127.0.0.1 that end with the test, and a log that remembers. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../../shell/lib/clock.js'
import type { NetOptions } from '../../../shell/outbound/websocket.js'
import type { Clock, Fields, Link, Log } from '../../../shell/ports.js'

export { eventually } from './eventually.js'

/** Lets the event loop go round: what this process has sent to itself has arrived by then. */
export const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await new Promise(setImmediate)
}

/** A port that nobody listens on, as far as that can be known. */
export const freePort = async (): Promise<number> => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Fields
}

/** A log that remembers its lines. */
export const rememberingLog = (): Log & { readonly lines: ReadonlyArray<LogLine> } => {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void lines.push({ fields, level, message })
  return { debug: at('debug'), error: at('error'), info: at('info'), lines, warn: at('warn') }
}

/** The real clock, how many of its timers are running, and for how long each was to run, in milliseconds. */
export const countingClock = (): { readonly armed: () => number; readonly asked: ReadonlyArray<number>; readonly clock: Clock } => {
  const { after, now } = systemClock()
  const asked: number[] = []
  const running = new Set<object>()
  return {
    armed: () => running.size,
    asked,
    clock: {
      after: (ms, then) => {
        const timer = {}
        asked.push(ms)
        running.add(timer)
        const cancel = after(ms, () => {
          running.delete(timer)
          then()
        })
        return () => {
          running.delete(timer)
          cancel()
        }
      },
      now
    }
  }
}

/** Options for connections to a server of a test: loopback is allowed, nobody is waited for for long. */
export const options = (changes: Partial<NetOptions> = {}): NetOptions => ({
  clock: systemClock(),
  closeGraceMs: 5_000,
  handshakeTimeoutMs: 10_000,
  log: rememberingLog(),
  policy: { allowLoopback: true },
  ...changes
})

/** The link, which is closed when the test is over. */
export const held = (link: Link): Link => {
  onTestFinished(() => link.close())
  return link
}

export interface Listening {
  /** How many connections were made to it. */
  readonly connections: () => number
  readonly port: number
}

const listen = async (server: Server): Promise<Listening> => {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { connections: () => sockets.length, port: (server.address() as AddressInfo).port }
}

/** A server that speaks whatever `talk` makes it speak. */
export const tcpServer = (talk: (socket: Socket) => void): Promise<Listening> =>
  listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined)
      talk(socket)
    })
  )

/** What a server does with a request for a websocket. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** A server that answers every request as `answer` does, a request for a websocket too, unless `upgrade` takes it. */
export const httpServer = (answer: RequestListener, upgrade?: Upgrade): Promise<Listening> => {
  const server = createServer(answer)
  if (upgrade !== undefined) server.on('upgrade', upgrade)
  return listen(server)
}

export interface WebSocketListening extends Listening {
  readonly requests: ReadonlyArray<IncomingMessage>
}

/** A websocket server; every peer comes with the socket beneath it. */
export const webSocketServer = async (
  talk: (peer: WebSocket, socket: Socket) => void,
  serverOptions: ServerOptions = {}
): Promise<WebSocketListening> => {
  const requests: IncomingMessage[] = []
  const server = createServer()
  new WebSocketServer({ ...serverOptions, server }).on('connection', (peer, request) => {
    requests.push(request)
    peer.on('error', () => undefined)
    talk(peer, request.socket)
  })
  return { ...(await listen(server)), requests }
}
