/** The Jetstream client: what it asks the server for, and what becomes of what the server sends. */
import { expect, it } from 'vitest'
import type { Did, Event, Natural, TimeUs } from '../../../core/index.js'
import { jetstreamClient, type JetstreamOptions } from '../../../shell/outbound/jetstream.js'
import { eventually, held, httpServer, options, webSocketServer } from '../support/sockets.js'

const NOW = 1_767_225_600_000_000 as TimeUs
const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did

const base = (port: number, rest = '/subscribe'): URL => new URL(`ws://127.0.0.1:${String(port)}${rest}`)

/** A connection to `url` with everything it delivers. Its clock stands still. */
const open = (url: URL, cursor: TimeUs | null = null, changes: Partial<JetstreamOptions> = {}) => {
  const events: Event[] = []
  const lengths: number[] = []
  const settings = options()
  const client = jetstreamClient({ ...settings, clock: { ...settings.clock, now: () => NOW }, url, ...changes })
  const link = held(
    client(7 as Natural, cursor, (event, chars) => {
      events.push(event)
      lengths.push(chars ?? 0)
    })
  )
  return { events, lengths, link }
}

const isOver = ({ events }: { readonly events: ReadonlyArray<Event> }): void =>
  expect(events.filter(({ _tag }) => _tag === 'JetstreamClosed')).toHaveLength(1)

/** What the server was asked for: its path and its query. */
const asked = async (rest: string, cursor: TimeUs | null, changes: Partial<JetstreamOptions> = {}) => {
  const server = await webSocketServer((peer) => peer.close())
  const opened = open(base(server.port, rest), cursor, changes)
  await eventually(() => isOver(opened))
  return server.requests[0]?.url
}

const WANTED =
  'wantedCollections=sh.tangled.spindle.member&wantedCollections=sh.tangled.repo&wantedCollections=sh.tangled.repo.collaborator'

it('S1: asks for exactly the three collections, and for messages that are not too large', async () => {
  expect(await asked('/subscribe', null)).toBe(`/subscribe?${WANTED}&maxMessageSizeBytes=1048576`)
  expect(await asked('/subscribe', null, { maxMessageBytes: 1000 })).toBe(`/subscribe?${WANTED}&maxMessageSizeBytes=1000`)
})

it('S3: asks for what comes after the cursor it is given; without one, from now', async () => {
  expect(await asked('/subscribe', NOW)).toBe(`/subscribe?${WANTED}&cursor=1767225600000000&maxMessageSizeBytes=1048576`)
  expect(await asked('/subscribe', 0 as TimeUs)).toBe(`/subscribe?${WANTED}&cursor=0&maxMessageSizeBytes=1048576`)
})

it('keeps the operator’s path and parameters, except those that are ours', async () => {
  const rest = '/at/a/path?tenant=1&wantedCollections=app.bsky.feed.post&cursor=1&wantedDids=did:plc:x&maxMessageSizeBytes=1&compress=true&requireHello=true'
  expect(await asked(rest, null)).toBe(`/at/a/path?tenant=1&wantedDids=did%3Aplc%3Ax&maxMessageSizeBytes=1048576&${WANTED}`)
})

it('S2: delivers every frame as its event, in order, between Opened and Closed', async () => {
  const deletion = JSON.stringify({ did: DID, kind: 'account', time_us: 5, cursor: 7, account: { active: false, status: 'deleted' } })
  const identity = JSON.stringify({ did: DID, kind: 'identity', time_us: 6 })
  const server = await webSocketServer((peer) => {
    peer.send(deletion)
    peer.send(identity)
    peer.close(1000)
  })
  const opened = open(base(server.port))
  await eventually(() => isOver(opened))
  const receipt = { at: NOW, connection: 7 }
  expect(opened.events).toEqual([
    { _tag: 'JetstreamOpened', ...receipt },
    { _tag: 'AccountReceived', ...receipt, active: false, changedUs: null, did: DID, ordinal: 7, seq: null, status: 'deleted', timeUs: 5 },
    { _tag: 'StreamAdvanced', ...receipt, count: 1, firstUs: 6, lastUs: 6, ordinal: null },
    { _tag: 'JetstreamClosed', ...receipt, poisoned: false }
  ])
  // What the inbox is measured by.
  expect(opened.lengths).toEqual([0, deletion.length, identity.length, 0])
})

it('D12: rejects invalid frames, each for its reason, and goes on', async () => {
  const server = await webSocketServer((peer) => {
    peer.send('')
    peer.send('null')
    peer.send(`\ufeff{"did":"${DID}","time_us":5}`)
    peer.send(Buffer.from('{}'))
    peer.send(Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), { binary: false })
    peer.send('x'.repeat(1001))
    peer.send(`{"did":"${DID}","time_us":6}`)
    peer.close(1000)
  })
  const opened = open(base(server.port), null, { maxMessageBytes: 1000 })
  await eventually(() => isOver(opened))
  const told = opened.events.map((event) => (event._tag === 'FrameRejected' ? `${event.reason}: ${event.detail}` : event._tag))
  expect(told).toEqual([
    'JetstreamOpened',
    'json: ',
    'frame: not an object',
    `json: \ufeff{"did":"${DID}","time_us":5}`,
    'binary: 2 bytes',
    'utf8: {\ufffd(}',
    'size: 1001 bytes',
    'StreamAdvanced',
    'JetstreamClosed'
  ])
  expect(opened.events[4]).toMatchObject({ at: NOW, connection: 7, timeUs: null })
})

it('D12: reports a frame that closes the connection with the close', async () => {
  const server = await webSocketServer((peer) => peer.send('x'.repeat(16_001)))
  const opened = open(base(server.port), null, { maxMessageBytes: 1000 })
  await eventually(() => isOver(opened))
  expect(opened.events.at(-1)).toEqual({ _tag: 'JetstreamClosed', at: NOW, connection: 7, poisoned: true })
})

it('S5: a failed or forbidden connection is Closed and nothing else', async () => {
  const server = await httpServer((_, response) => response.writeHead(503).end())
  const failing = open(base(server.port))
  await eventually(() => isOver(failing))
  const refused = open(base(server.port), null, { policy: { allowLoopback: false } })
  await eventually(() => isOver(refused))
  const closed = [{ _tag: 'JetstreamClosed', at: NOW, connection: 7, poisoned: false }]
  expect([failing.events, refused.events]).toEqual([closed, closed])
  expect(server.connections()).toBe(1)
})

it('delivers nothing after close except one Closed', async () => {
  const server = await webSocketServer((peer) => {
    const sending = setInterval(() => peer.send(`{"did":"${DID}","time_us":5}`), 1)
    peer.on('close', () => clearInterval(sending))
  })
  const opened = open(base(server.port))
  await eventually(() => expect(opened.events.length).toBeGreaterThan(1))
  const before = opened.events.length
  await opened.link.close()
  expect(opened.events.slice(before).map(({ _tag }) => _tag)).toEqual(['JetstreamClosed'])
})
