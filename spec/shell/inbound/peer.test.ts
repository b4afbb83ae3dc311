/** Who reads from a websocket, and how long somebody is taken to be there who says nothing. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { openPeer, type Peer } from '../../../shell/inbound/http/peer.js'
import { manualClock, type ManualClock } from '../support/bridge.js'
import { eventually, webSocketServer } from '../support/sockets.js'

const [CLOSE_MS, PING_MS] = [5_000, 1_000]

interface Met {
  readonly client: WebSocket
  readonly clock: ManualClock
  readonly peer: Peer
  /** The client's end of the connection. */
  readonly socket: Socket
  readonly ws: WebSocket
}

/** A peer, and its other end, which answers no ping. */
const met = async (): Promise<Met> => {
  const clock = manualClock()
  const ends: Array<readonly [ws: WebSocket, socket: Socket]> = []
  const { port } = await webSocketServer((ws, socket) => ends.push([ws, socket]), { perMessageDeflate: false })
  const client = new WebSocket(`ws://127.0.0.1:${String(port)}`, { autoPong: false, perMessageDeflate: false })
  onTestFinished(() => client.terminate())
  client.on('error', () => undefined)
  const upgraded = once(client, 'upgrade') as Promise<[IncomingMessage]>
  await once(client, 'open')
  const [{ socket: own }] = await upgraded
  await eventually(() => expect(ends).toHaveLength(1))
  const [end] = ends
  if (end === undefined) throw new Error('nobody has come')
  const [ws, socket] = end
  return { client, clock, peer: openPeer(ws, socket, { clock, closeMs: CLOSE_MS, pingMs: PING_MS }), socket: own, ws }
}

it('a peer is dropped at the second ping when nothing came from it', async () => {
  const { clock, peer } = await met()
  clock.advance(PING_MS)
  expect(peer.isOpen()).toBe(true)
  clock.advance(PING_MS)
  expect(peer.isOpen()).toBe(false)
})

/** A message. */
const chunk = Buffer.concat([Buffer.from([0x82, 126, 0xff, 0xff]), Buffer.alloc(65_535)])

it('a peer that was slow may be slow again: it is told each time that there is room', async () => {
  const { client, peer } = await met()
  let told = 0
  peer.onRoom(() => told++)
  for (const time of [1, 2, 3]) {
    client.pause()
    while (peer.write(chunk));
    client.resume()
    await eventually(() => expect(told).toBe(time))
  }
})

it('a peer is not dropped while it takes what was written, though it says nothing', async () => {
  const { client, clock, peer } = await met()
  client.pause()
  while (peer.write(chunk));
  clock.advance(PING_MS)
  const drained = new Promise<void>((resolve) => peer.onRoom(resolve))
  client.resume()
  await drained
  clock.advance(PING_MS)
  expect(peer.isOpen()).toBe(true)
  clock.advance(PING_MS)
  expect(peer.isOpen()).toBe(false)
})

it('a peer that does not answer a goodbye is disconnected, and not before its time', async () => {
  const { client, clock, peer, ws } = await met()
  client.pause()
  clock.advance(PING_MS)
  peer.close(1000, 'done')
  expect([peer.isOpen(), peer.write(Buffer.alloc(1))]).toEqual([false, true])
  clock.advance(CLOSE_MS - 1)
  expect(ws.readyState).toBe(WebSocket.CLOSING)
  const closed = once(ws, 'close')
  clock.advance(1)
  await closed
  expect(clock.armed()).toBe(0)
})

it('a peer that answers a goodbye is gone, later callers learn so, and nothing is left', async () => {
  const { client, clock, peer } = await met()
  let told = 0
  peer.onClose(() => told++)
  peer.close(1000, 'done')
  peer.close(1001, 'again')
  expect((await once(client, 'close')).slice(0, 1)).toEqual([1000])
  await eventually(() => expect(told).toBe(1))
  peer.onClose(() => told++)
  expect([told, clock.armed()]).toEqual([2, 0])
})

it('a peer that breaks the protocol is dropped at once, and nothing else', async () => {
  const { clock, peer, socket, ws } = await met()
  const closed = new Promise((resolve) => ws.once('close', resolve))
  // A client's frames are masked.
  socket.write(Buffer.from([0x81, 0x00]))
  await closed
  expect([peer.isOpen(), clock.armed()]).toEqual([false, 0])
})
