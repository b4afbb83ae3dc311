/** Upgrades to websockets: which are refused, and the peers that are connected. */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { excerpt } from '../../../core/index.js'
import type { Clock, Log } from '../../ports.js'
import { tally } from './clients.js'
import type { HttpLimits } from './http-limits.js'
import { openPeer, type Peer } from './peer.js'
import { type HttpReply, failed, notFound, refuse, text } from './responses.js'
import { type Asked, find, type Router, upgradeRequired } from './routes.js'
import { asRead } from './xrpc-answers.js'

export interface Upgrades {
  /** Takes a request for an upgrade. */
  readonly take: (request: IncomingMessage, head: Buffer) => void
  /** Sends a close to every peer, and refuses new ones. */
  readonly close: () => void
  /** Destroys the connections that are left. */
  readonly destroy: () => void
  readonly size: () => number
}

export interface UpgradesOptions {
  readonly clock: Clock
  readonly limits: HttpLimits
  readonly log: Log
  readonly router: Router
}

const NO_SOCKETS = text(400, 'this endpoint does not take websockets: send a plain request')

export const createUpgrades = ({ clock, limits, log, router }: UpgradesOptions): Upgrades => {
  const acceptor = new WebSocketServer({ clientTracking: false, maxPayload: 4_096, noServer: true, perMessageDeflate: false })
  const peers = new Set<Peer>()
  const counts = tally()
  const sockets = new Set<Socket>()
  let isClosing = false

  /** What serves the connection, or why it is not upgraded. */
  const admitted = (request: IncomingMessage): E.Either<HttpReply, { readonly asked: Asked; readonly serve: (peer: Peer) => void }> => {
    const found = find(router, request)
    if (isClosing) return E.left(text(503, 'shutting down'))
    if (found === null) return E.left(notFound)
    const { asked, route } = found
    if (route._tag !== 'Socket') return E.left(route.upgraded ?? NO_SOCKETS)
    if (asked.method !== 'GET') return E.left(text(405, 'method not allowed: use GET', { allow: 'GET' }))
    if (asked.headers.upgrade?.toLowerCase() !== 'websocket') return E.left(upgradeRequired)
    if (counts.count(asked.address) >= limits.socketsPerAddress) return E.left(text(503, 'too many connections from your address'))
    const serving = E.tryCatch(
      () => route.admit(asked),
      (error) => {
        log.error('HTTP request failed', { path: excerpt(request.url ?? ''), reason: excerpt(String(error)) })
        return failed
      }
    )
    return E.map((serve: (peer: Peer) => void) => ({ asked, serve }))(E.flatten(serving))
  }

  const open = (ws: WebSocket, socket: Socket, address: string): Peer => {
    const peer = openPeer(ws, socket, { clock, closeMs: limits.goodbyeMs, pingMs: limits.pingMs })
    peers.add(peer)
    counts.add(address)
    peer.onClose(() => {
      peers.delete(peer)
      counts.remove(address)
    })
    return peer
  }

  return {
    close: () => {
      isClosing = true
      for (const peer of peers) peer.close(1001, 'going away')
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy()
    },
    size: () => peers.size,
    take: (request, head) => {
      const { socket } = request
      socket.on('error', () => socket.destroy())
      socket.once('close', () => sockets.delete(socket))
      sockets.add(socket)
      const found = admitted(request)
      if (E.isLeft(found)) return refuse(socket, asRead(request.url ?? '', found.left))
      const { asked, serve } = found.right
      acceptor.handleUpgrade(request, socket, head, (ws) => serve(open(ws, socket, asked.address)))
    }
  }
}
