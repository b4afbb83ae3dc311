/** The knot client: what it asks a knot for, and what becomes of what the knot sends. */
import { expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import type { Event, HostName, Nanos, Natural, TimeUs } from '../../../core/index.js'
import { knotClient, type KnotOptions } from '../../../shell/outbound/knot.js'
import { eventually, held, options, rememberingLog, tcpServer, webSocketServer } from '../support/sockets.js'

const NOW = 1_767_225_600_000_000 as TimeUs

const localhost = (port: number) => `localhost:${String(port)}` as HostName

/** A connection to `host` with everything it delivers. Its clock stands still. */
const open = (host: HostName, cursor: Nanos | null = null, changes: Partial<KnotOptions> = {}) => {
  const events: Event[] = []
  const lengths: number[] = []
  const settings = options()
  const client = knotClient({ ...settings, clock: { ...settings.clock, now: () => NOW }, isInsecure: true, ...changes })
  const link = held(
    client(7 as Natural, host, cursor, (event, chars) => {
      events.push(event)
      lengths.push(chars ?? 0)
    })
  )
  return { events, lengths, link }
}

const isOver = ({ events }: { readonly events: ReadonlyArray<Event> }): void =>
  expect(events.filter(({ _tag }) => _tag === 'KnotClosed')).toHaveLength(1)

it('asks for what was created after the cursor it is given, to the digit; without one, from now', async () => {
  const server = await webSocketServer((peer) => peer.close())
  const host = localhost(server.port)
  for (const cursor of [null, '0', '1767225600000000001'] as ReadonlyArray<Nanos | null>) {
    const opened = open(host, cursor)
    await eventually(() => isOver(opened))
  }
  expect(server.requests.map(({ url }) => url)).toEqual(['/events', '/events?cursor=0', '/events?cursor=1767225600000000001'])
  expect(server.requests[0]?.headers.host).toBe(host)
})

it('delivers every frame as its event, or as its rejection, between Opened and Closed', async () => {
  const frame = '{"rkey":"3mbcdefghij2k","nsid":"sh.tangled.knot.memberUpdate","event":{},"created":1767225600000000001}'
  const server = await webSocketServer((peer) => {
    peer.send(frame)
    peer.send('')
    peer.send(Buffer.from(frame))
    peer.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
    peer.send('x'.repeat(1001))
    peer.send(frame)
    peer.close(1000)
  })
  const host = localhost(server.port)
  const opened = open(host, null, { maxMessageBytes: 1000 })
  await eventually(() => isOver(opened))
  const receipt = { at: NOW, connection: 7, host }
  const received = {
    _tag: 'KnotReceived', ...receipt, created: '1767225600000000001', nsid: 'sh.tangled.knot.memberUpdate', rkey: '3mbcdefghij2k',
    payload: { _tag: 'Other' }
  }
  expect(opened.events).toEqual([
    { _tag: 'KnotOpened', ...receipt },
    received,
    { _tag: 'KnotFrameRejected', ...receipt, detail: '', reason: 'json' },
    { _tag: 'KnotFrameRejected', ...receipt, detail: `${String(frame.length)} bytes`, reason: 'binary' },
    { _tag: 'KnotFrameRejected', ...receipt, detail: '"\ufffd"', reason: 'utf8' },
    { _tag: 'KnotFrameRejected', ...receipt, detail: '1001 bytes', reason: 'size' },
    received,
    { _tag: 'KnotClosed', ...receipt }
  ])
  // What the inbox is measured by.
  expect(opened.lengths).toEqual([0, frame.length, 0, 0, 0, 0, frame.length, 0])
})

it('does not parse a frame of very many lists, objects and keys, which takes the parser long', async () => {
  const deep = `${'['.repeat(100_001)}${']'.repeat(100_001)}`
  const server = await webSocketServer((peer) => {
    peer.send(deep)
    peer.close(1000)
  })
  const host = localhost(server.port)
  const opened = open(host, null)
  await eventually(() => isOver(opened))
  expect(opened.events).toContainEqual({ _tag: 'KnotFrameRejected', at: NOW, connection: 7, detail: 'more than 100000 lists, objects and keys', host, reason: 'size' })
  // It has been looked at: that counts.
  expect(opened.lengths).toEqual([0, deep.length, 0])
})

it('uses TLS unless told not to', async () => {
  let first: number | undefined
  const server = await tcpServer((socket) =>
    socket.once('data', (chunk) => {
      first = chunk[0]
      socket.destroy()
    })
  )
  const opened = open(localhost(server.port), null, { isInsecure: false })
  await eventually(() => isOver(opened))
  expect(opened.events).toEqual([{ _tag: 'KnotClosed', at: NOW, connection: 7, host: localhost(server.port) }])
  expect(first).toBe(0x16) // the record type of a TLS handshake
})

it('a knot at a forbidden address is Closed, and never connected to', async () => {
  const server = await webSocketServer(() => undefined)
  const policy = { allowLoopback: false }
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  for (const name of ['localhost', 'x.localhost', 'knot.example', 'xn--a']) {
    const host = `${name}:${String(server.port)}` as HostName
    const opened = open(host, null, { policy, resolve })
    await eventually(() => isOver(opened))
    expect(opened.events).toEqual([{ _tag: 'KnotClosed', at: NOW, connection: 7, host }])
  }
  expect(server.connections()).toBe(0)
})

it('a name that the platform refuses counts as unresolvable: the connection closes', async () => {
  for (const host of ['xn--c2g4b9x.example', 'xn--cv0t.example:8080', 'xn--a.example'] as ReadonlyArray<string>) {
    const opened = open(host as HostName)
    await eventually(() => isOver(opened))
    expect(opened.events).toHaveLength(1)
  }
})

it('logs few lines of knots that drop their connections, however many do', async () => {
  const server = await webSocketServer((peer) => peer.terminate())
  const log = rememberingLog()
  const settings = options({ log })
  const client = knotClient({ ...settings, clock: { ...settings.clock, now: () => NOW }, isInsecure: true })
  const closed: Event[] = []
  for (let n = 1; n <= 25; n++)
    held(
      client(n as Natural, localhost(server.port), null, (event) => {
        if (event._tag === 'KnotClosed') closed.push(event)
      })
    )
  await eventually(() => expect(closed).toHaveLength(25))
  expect(log.lines.filter(({ message }) => message === 'connection lost')).toHaveLength(10)
})

it('shares among all knots what may be held of messages that do not end', async () => {
  const peers: WebSocket[] = []
  const server = await webSocketServer((peer) => void peers.push(peer))
  const client = knotClient({ ...options({ maxUnfinishedBytes: 100_000 }), isInsecure: true })
  const opened = async (connection: number): Promise<{ readonly events: ReadonlyArray<Event>; readonly peer: WebSocket }> => {
    const events: Event[] = []
    held(client(connection as Natural, localhost(server.port), null, (event) => void events.push(event)))
    await eventually(() => expect(events).toHaveLength(1))
    return { events, peer: peers.at(-1) ?? expect.fail('nobody has connected') }
  }
  const [small, most] = [await opened(1), await opened(2)]
  small.peer.send('x'.repeat(60_000), { fin: false })
  most.peer.send('x'.repeat(70_000), { fin: false })
  await eventually(() => expect(most.events.at(-1)?._tag).toBe('KnotClosed'))
  small.peer.send('')
  await eventually(() => expect(small.events.map(({ _tag }) => _tag)).toEqual(['KnotOpened', 'KnotFrameRejected']))
})
