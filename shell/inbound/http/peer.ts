/**
 * A peer: a client that reads from a websocket, and is expected to send nothing but pongs.
 *
 * Whole messages are written as bytes that many peers may share (`message` of the network's endpoint encodes them); pings and close frames are
 * written by `ws` on the same socket, between such writes. A writer must pause while there is no room, so at most the last write
 * waits for a peer that does not read.
 */
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Clock } from '../../ports.js'

export interface Peer {
  /** Sends a close; destroys the connection when the peer does not answer in time. Nothing is written after it. */
  readonly close: (code: number, reason: string) => void
  readonly isOpen: () => boolean
  /** Calls back once when the connection has ended, in whatever way; at once if it already has. */
  readonly onClose: (then: () => void) => void
  /** Calls back whenever there is room again after a write that found none. */
  readonly onRoom: (then: () => void) => void
  /** Writes whole messages. @returns whether there is room for more. */
  readonly write: (bytes: Buffer) => boolean
}

export interface PeerOptions {
  readonly clock: Clock
  /** How long the peer may take to answer a close. */
  readonly closeMs: number
  /** The interval of pings. A peer that sent and took nothing between two of them is dead. */
  readonly pingMs: number
}

/** The limit of unread pongs that a peer asked for. */
const PONGS_MAX = 65_536

export const openPeer = (ws: WebSocket, socket: Socket, { clock, closeMs, pingMs }: PeerOptions): Peer => {
  let isGone = false
  /** Bytes read at the last ping; `null` when nothing can be concluded from them. */
  let heardBytes: number | null = null
  let disarm: () => void

  const beat = (): void => {
    if (socket.bytesRead === heardBytes) return ws.terminate()
    heardBytes = socket.bytesRead
    ws.ping()
    disarm = clock.after(pingMs, beat)
  }
  disarm = clock.after(pingMs, beat)

  // Taking data shows life, too: a ping waits behind everything that a slow peer has yet to read.
  socket.on('drain', () => {
    heardBytes = null
  })
  ws.on('error', () => ws.terminate())
  ws.on('ping', () => {
    if (socket.writableLength > PONGS_MAX) ws.terminate()
  })
  ws.once('close', () => {
    isGone = true
    disarm()
  })

  return {
    close: (code, reason) => {
      if (ws.readyState !== WebSocket.OPEN) return
      ws.close(code, reason)
      disarm()
      disarm = clock.after(closeMs, () => ws.terminate())
    },
    isOpen: () => ws.readyState === WebSocket.OPEN,
    onClose: (then) => {
      if (isGone) then()
      else ws.once('close', then)
    },
    onRoom: (then) => void socket.on('drain', then),
    write: (bytes) => ws.readyState !== WebSocket.OPEN || socket.write(bytes)
  }
}
