/**
 * A peer: somebody who reads from a websocket, and whom nothing is expected of but signs of life.
 *
 * Whole messages are written as bytes that may be shared by many (`message` of the network's endpoint makes them); pings and close frames
 * are written by `ws`, on the same socket, between such writes. Whoever writes must stop when there is no room, until there is: so
 * what waits for a peer that does not read is at most what was written last.
 */
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Clock } from '../ports.js'

export interface Peer {
  /** Says goodbye; cuts the connection when the peer has not answered in time. Nothing is written any more. */
  readonly close: (code: number, reason: string) => void
  readonly isOpen: () => boolean
  /** Called once, when the connection has ended, in whatever way; at once if it has. */
  readonly onClose: (then: () => void) => void
  /** Called whenever there is room again after a write that found none. */
  readonly onRoom: (then: () => void) => void
  /** Writes whole messages. @returns whether there is room for more. */
  readonly write: (bytes: Buffer) => boolean
}

export interface PeerOptions {
  readonly clock: Clock
  /** How long the peer may take to answer a close. */
  readonly closeMs: number
  /** A peer from which nothing came between two pings, and that took nothing, is dead. */
  readonly pingMs: number
}

/** What may wait for a peer that asks for pongs and does not read them. */
const PONGS_MAX = 65_536

export const openPeer = (ws: WebSocket, socket: Socket, { clock, closeMs, pingMs }: PeerOptions): Peer => {
  let isGone = false
  /** How much had been read at the last ping; `null` when nothing can be concluded from it. */
  let heardBytes: number | null = null
  let disarm: () => void

  const beat = (): void => {
    if (socket.bytesRead === heardBytes) return ws.terminate()
    heardBytes = socket.bytesRead
    ws.ping()
    disarm = clock.after(pingMs, beat)
  }
  disarm = clock.after(pingMs, beat)

  // That something was taken is a sign of life too: a ping waits behind all that a slow peer has yet to read.
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
