/**
 * The HTTP server: everything that clients send has a limit, and a failure affects no more than its own response.
 *
 * Clients are strangers. Hence limits on the time that headers and whole requests take, the size of headers and bodies, the number of connections, of
 * websockets per address, and the bytes buffered for an unread socket.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { excerpt } from '../../../core/index.js'
import type { Clock, Log } from '../../ports.js'
import { answerBroken } from './broken-requests.js'
import { tally } from './clients.js'
import type { HttpLimits } from './http-limits.js'
import { failed, send } from './responses.js'
import { answerOf, type Router } from './routes.js'
import { createUpgrades } from './upgrades.js'
import { asRead } from './xrpc-answers.js'

/** The listen backlog, as far as the system allows. Clients beyond it retry after one, three or seven seconds. */
const BACKLOG = 4_096

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
  /** Called with each connection that is accepted. */
  readonly onConnection: () => void
  readonly router: Router
}

/** Listens. @throws when the address is in use, or is not ours. */
export const startHttp = async ({ clock, limits, listen, log, onConnection, router }: HttpOptions): Promise<HttpServer> => {
  const connections = tally()
  const upgrades = createUpgrades({ clock, limits, log, router })
  let closing: Promise<void> | null = null

  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const say = (message: string, error: unknown): void => log.error(message, { path: excerpt(request.url ?? ''), reason: excerpt(String(error)) })
    answerOf(router, request)
      .catch((error: unknown) => {
        say('HTTP request failed', error)
        return failed
      })
      .then((answer) => {
        if (answer !== null && !response.destroyed) send(request, response, asRead(request.url ?? '', answer))
      })
      .catch((error: unknown) => {
        say('HTTP response could not be sent', error)
        response.destroy()
      })
  }

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
  // The last request is answered with `connection: close`.
  http.maxRequestsPerSocket = limits.requestsPerConnection
  http.on('dropRequest', (_, socket) => socket.destroy())
  // A client that does not read its response is not waited for. Websockets have pings instead.
  http.timeout = 2 * limits.requestMs
  http.on('connection', (socket) => {
    onConnection()
    const { remoteAddress = '' } = socket
    if (connections.count(remoteAddress) >= limits.connectionsPerAddress) return void socket.destroy()
    connections.add(remoteAddress)
    socket.once('close', () => connections.remove(remoteAddress))
  })

  answerBroken(http, limits.headerBytes)
  http.on('upgrade', (request, _, head) => upgrades.take(request, head))

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
    upgrades.close()
    const cancel = clock.after(limits.closeMs, () => {
      http.closeAllConnections()
      upgrades.destroy()
    })
    await gone
    cancel()
  }

  return {
    close: () => (closing ??= end()),
    port: (http.address() as AddressInfo).port,
    sockets: upgrades.size
  }
}
