/** Connections, on real sockets: where they must not lead, and that whatever the peer does they end once, and in time. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { kindOf, type NetOptions, openSocket, type Resolve, withDefaults } from '../../../shell/outbound/websocket.js'
import type { Link } from '../../../shell/ports.js'
import { type ManualClock, manualClock } from '../support/bridge.js'
import {
  countingClock,
  eventually,
  held,
  httpServer,
  type LogLine,
  options,
  rememberingLog,
  tcpServer,
  turns,
  webSocketServer
} from '../support/sockets.js'

type Told =
  | readonly ['opened']
  | readonly ['text', string]
  | readonly ['rejected', string, string]
  | readonly ['closed', boolean]

/** A connection, everything its reader is told, and everything that is logged. */
interface Opened {
  /** How many timers are running. */
  readonly armed: () => number
  readonly link: Link
  readonly lines: ReadonlyArray<LogLine>
  readonly told: ReadonlyArray<Told>
}

const open = (
  address: string,
  changes: Partial<Omit<NetOptions, 'clock'>> & { readonly clock?: ManualClock } = {},
  onTold: (told: Told, link: () => Link) => void = () => undefined
): Opened => {
  const told: Told[] = []
  const log = rememberingLog()
  const { armed, clock } = changes.clock === undefined ? countingClock() : { armed: changes.clock.armed, clock: changes.clock }
  const tell = (what: Told): void => {
    told.push(what)
    onTold(what, () => link)
  }
  const link: Link = held(
    openSocket(withDefaults(options({ ...changes, clock, log })), address, {
      closed: (poisoned) => tell(['closed', poisoned]),
      host: 'the-peer',
      opened: () => tell(['opened']),
      rejected: (reason, detail) => tell(['rejected', reason, detail]),
      text: (text) => tell(['text', text])
    })
  )
  return { armed, lines: log.lines, link, told }
}

const at = (port: number, host = '127.0.0.1'): string => `ws://${host}:${String(port)}/events`

const closings = ({ told }: Opened): number => told.filter(([what]) => what === 'closed').length

/** The end of a connection, which leaves nothing behind: what its reader was told, and why, as the log has it. */
const ended = async (opened: Opened): Promise<{ readonly error: unknown; readonly told: ReadonlyArray<Told> }> => {
  await eventually(() => expect(closings(opened)).toBe(1))
  await opened.link.close()
  expect(closings(opened)).toBe(1)
  expect(opened.armed()).toBe(0)
  return { error: opened.lines[0]?.fields['error'], told: opened.told }
}

const PUBLIC_ONLY = { policy: { allowLoopback: false } }

/** Public by its range, and routed nowhere: the 6bone gave it back. */
const NOBODY = { address: '3ffe::1', family: 6 }

const resolvingTo =
  (...addresses: string[]): Resolve =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))

describe('no connection leads into a private network', () => {
  it.each([
    '127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '①②⑦.0.0.1', '%31%32%37.0.0.1', '127.0.0.1.', '0', '0.0.0.0',
    '[::1]', '[::]',
    '[::ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '[::127.0.0.1]', '169.254.169.254', '10.0.0.1', '[fc00::1]',
    'user:pw@127.0.0.1', '127。0。0。1'
  ])('an address literal is refused, however it is spelt: %s', async (host) => {
    const server = await webSocketServer(() => undefined)
    const { error, told } = await ended(open(at(server.port, host), PUBLIC_ONLY))
    expect(told).toEqual([['closed', false]])
    expect(error).toMatch(/is not a host name$/)
    expect(server.connections()).toBe(0)
  })

  it.each([
    'localhost', 'x.localhost', 'LOCALHOST.', 'evil.com/x?', 'evil.com\\@127.0.0.1', 'evil.com:22', 'EXAMPLE.com.',
    'ex\tample.com', 'knot。example', 'еxample.com',
    'user:pw@evil.com', `${'a'.repeat(64)}.com`, `${'a.'.repeat(150)}com`, '', 'ci.example.com'
  ])('a name that resolves to this machine is refused, however it is spelt: %j', async (host) => {
    const server = await webSocketServer(() => undefined)
    const { error, told } = await ended(open(at(server.port, host), { ...PUBLIC_ONLY, resolve: resolvingTo('127.0.0.1') }))
    expect(told).toEqual([['closed', false]])
    expect(error).toMatch(/^the name resolves to a forbidden address: 127\.0\.0\.1$|^the name does not resolve$/)
    expect(server.connections()).toBe(0)
  })

  it.each(['evil.com#', 'evil.com#x', 'exa mple.com', 'evil.com:0x50', 'xn--a', 'exam\u200bple.com]', '1.2.3.4.5'])(
    'what is no address of a host is refused, and does not throw: %j',
    async (host) => {
      const resolve = resolvingTo('127.0.0.1')
      const { told } = await ended(open(at(1, host), { ...PUBLIC_ONLY, resolve }))
      expect(told).toEqual([['closed', false]])
    }
  )

  it.each(['http://localhost/', 'ws+unix:/tmp/socket:/events', 'file:///etc/passwd'])(
    'only websockets are opened, and not %s',
    async (address) => {
      const { error } = await ended(open(address))
      expect(error).toMatch(/^not a websocket URL/)
    }
  )

  it.each([
    '127.0.0.1', '127.8.9.10', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254',
    '192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1',
    '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1',
    '::ffff:10.0.0.1', '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b:1::7f00:1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%lo', 'fec0::1',
    'ff02::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '4000::1',
    'no address'
  ])('a name that resolves to %s is refused', async (address) => {
    const { error, told } = await ended(open('ws://knot.example/events', { ...PUBLIC_ONLY, resolve: resolvingTo(address) }))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe(`the name resolves to a forbidden address: ${address}`)
  })

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])('%s is public', (address) => {
    expect(kindOf(address)).toBe('public')
  })

  it.each(['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'])('%s is this machine', (address) => {
    expect(kindOf(address)).toBe('loopback')
  })

  it('one forbidden address among public ones refuses the name', async () => {
    const resolve = resolvingTo(NOBODY.address, '127.0.0.1')
    const { error } = await ended(open('ws://knot.example/events', { ...PUBLIC_ONLY, resolve }))
    expect(error).toBe('the name resolves to a forbidden address: 127.0.0.1')
  })

  it('a name that resolves to nothing, or whose look-up fails, closes the connection', async () => {
    const nothing = await ended(open('ws://knot.example/events', { resolve: resolvingTo() }))
    expect(nothing.error).toBe('the name has no address')
    const resolve: Resolve = () => Promise.reject(new Error('the resolver is away'))
    const failing = await ended(open('ws://knot.example/events', { resolve }))
    expect(failing.error).toBe('the resolver is away')
  })

  it('a public name that changes to this machine at the next connection is refused then', async () => {
    const server = await webSocketServer(() => undefined)
    let asked = 0
    const resolve: Resolve = () => Promise.resolve([asked++ === 0 ? NOBODY : { address: '127.0.0.1', family: 4 }])
    const first = open(at(server.port, 'knot.example'), { ...PUBLIC_ONLY, resolve })
    await eventually(() => expect(asked).toBe(1))
    await first.link.close()
    const second = await ended(open(at(server.port, 'knot.example'), { ...PUBLIC_ONLY, resolve }))
    expect(second.error).toBe('the name resolves to a forbidden address: 127.0.0.1')
    expect(asked).toBe(2)
    expect(server.connections()).toBe(0)
  })

  it.each(['ws', 'wss'])('nothing is sent over %s to an address other than the one that was checked', async (scheme) => {
    let received = 0
    const server = await tcpServer((socket) => socket.on('data', (chunk) => (received += chunk.length)))
    let looks = 0
    // An answer that is public when it is judged, and loopback when it is used.
    const turncoat = {
      family: 4,
      get address() {
        return looks++ === 0 ? '8.8.8.8' : '127.0.0.1'
      }
    }
    const address = `${scheme}://knot.example:${String(server.port)}/events`
    const { error, told } = await ended(open(address, { ...PUBLIC_ONLY, resolve: () => Promise.resolve([turncoat]) }))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('connected to a forbidden address: 127.0.0.1')
    await eventually(() => expect(server.connections()).toBe(1))
    expect(received).toBe(0)
  })

  it('a redirect is not followed', async () => {
    const target = await webSocketServer(() => undefined)
    const server = await httpServer((_, response) => response.writeHead(302, { location: at(target.port) }).end())
    const { error, told } = await ended(open(at(server.port)))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('Unexpected server response: 302')
    expect(target.connections()).toBe(0)
  })
})

describe('the development switch', () => {
  it.each(['127.0.0.1', '127.1', 'localhost'])('allows connections to %s', async (host) => {
    const server = await webSocketServer((peer) => peer.close())
    const { told } = await ended(open(at(server.port, host)))
    expect(told).toEqual([['opened'], ['closed', false]])
  })

  it('lets a resolver return several addresses of this machine, in either form', async () => {
    const server = await webSocketServer((peer) => peer.close())
    const { told } = await ended(open(at(server.port, 'knot.example'), { resolve: resolvingTo('127.0.0.1', '::ffff:127.0.0.1') }))
    expect(told).toEqual([['opened'], ['closed', false]])
  })

  it.each(['10.0.0.1', '169.254.169.254', '8.8.8.8', '0', '[fc00::1]'])('opens nothing else: %s', async (host) => {
    const { error } = await ended(open(at(1, host)))
    expect(error).toMatch(/is not a host name$/)
  })

  it.each(['10.0.0.1', '169.254.169.254', '0.0.0.0'])('opens nothing else: a name that resolves to %s', async (address) => {
    const { error } = await ended(open('ws://knot.example/events', { resolve: resolvingTo(address) }))
    expect(error).toMatch(/^the name resolves to a forbidden address/)
  })
})

describe('a handshake', () => {
  it('fails, and closes the connection, when the server never answers', async () => {
    const server = await tcpServer(() => undefined)
    const { error, told } = await ended(open(at(server.port), { handshakeTimeoutMs: 50 }))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('handshake timed out')
  })

  it('fails when the server answers a byte at a time, without end', async () => {
    const server = await tcpServer((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Patience: ')
      const drip = setInterval(() => socket.write('x'), 5)
      socket.on('close', () => clearInterval(drip))
    })
    const { error, told } = await ended(open(at(server.port), { handshakeTimeoutMs: 200 }))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('handshake timed out')
  })

  it('fails when the look-up never ends', async () => {
    const resolve: Resolve = () => new Promise(() => undefined)
    const { error } = await ended(open('ws://knot.example/events', { handshakeTimeoutMs: 50, resolve }))
    expect(error).toBe('handshake timed out')
  })

  it('fails when the server is not ready', async () => {
    const server = await httpServer((_, response) => response.writeHead(503).end('starting up'))
    const { error, told } = await ended(open(at(server.port)))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('Unexpected server response: 503')
  })

  it('fails when nobody listens', async () => {
    const { error, told } = await ended(open(at(1)))
    expect(told).toEqual([['closed', false]])
    expect(error).toBe('connect ECONNREFUSED 127.0.0.1:1')
  })

  it('fails when nobody listens at any of several addresses', async () => {
    const { error } = await ended(open(at(1, 'knot.example'), { resolve: resolvingTo('127.0.0.1', '127.0.0.2') }))
    expect(error).toBe('ECONNREFUSED')
  })

  it('fails when the server hangs up, or speaks something else', async () => {
    const hangingUp = await tcpServer((socket) => socket.end())
    expect((await ended(open(at(hangingUp.port)))).told).toEqual([['closed', false]])
    const babbling = await tcpServer((socket) => socket.end('220 smtp.example ESMTP\r\n'))
    expect((await ended(open(at(babbling.port)))).told).toEqual([['closed', false]])
  })
})

describe('the default', () => {
  it('is as it is said to be', () => {
    const { clock, log, policy } = options()
    expect(withDefaults({ clock, log, policy })).toMatchObject({
      closeGraceMs: 1_000,
      handshakeTimeoutMs: 15_000,
      maxMessageBytes: 1_048_576,
      pingIntervalMs: 30_000
    })
  })
})

describe('messages', () => {
  it('come as text, in order, each by itself', async () => {
    const texts = ['{"a":1}', '', 'zwölf €', '\ufeff{}', 'a\0b', '👍']
    const server = await webSocketServer((peer) => {
      texts.forEach((text) => peer.send(text))
      peer.close(1000)
    })
    const { told } = await ended(open(at(server.port)))
    expect(told).toEqual([['opened'], ...texts.map((text) => ['text', text]), ['closed', false]])
  })

  it('are rejected when binary, not UTF-8 or too large, and the stream goes on', async () => {
    const server = await webSocketServer((peer) => {
      peer.send(Buffer.from('{}'))
      peer.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
      peer.send(Buffer.from([0xed, 0xa0, 0x80]), { binary: false })
      peer.send('x'.repeat(100))
      peer.send('x'.repeat(101))
      peer.send('€'.repeat(34))
      peer.send('x'.repeat(1600))
      peer.send('still here')
      peer.close(1000)
    })
    const { told } = await ended(open(at(server.port), { maxMessageBytes: 100 }))
    expect(told).toEqual([
      ['opened'],
      ['rejected', 'binary', '2 bytes'],
      ['rejected', 'utf8', '"\ufffd"'],
      ['rejected', 'utf8', '\ufffd\ufffd\ufffd'],
      ['text', 'x'.repeat(100)],
      ['rejected', 'size', '101 bytes'],
      ['rejected', 'size', '102 bytes'],
      ['rejected', 'size', '1600 bytes'],
      ['text', 'still here'],
      ['closed', false]
    ])
  })

  it('end the connection as poisoned when far too large (D12)', async () => {
    const server = await webSocketServer((peer) => {
      peer.send('before')
      peer.send('x'.repeat(1601))
      peer.send('after')
    })
    const { error, told } = await ended(open(at(server.port), { maxMessageBytes: 100 }))
    expect(told).toEqual([['opened'], ['text', 'before'], ['closed', true]])
    expect(error).toBe('Max payload size exceeded')
  })

  it('end the connection as poisoned when their fragments never end', async () => {
    const server = await webSocketServer((peer) => {
      for (let fragments = 0; fragments < 20_000; fragments++) peer.send('x', { fin: false })
    })
    const { told } = await ended(open(at(server.port)))
    expect(told).toEqual([['opened'], ['closed', true]])
  })

  it('are not held any more when their connection is lost in the middle of one', async () => {
    const peers: Array<{ readonly peer: WebSocket; readonly socket: Socket }> = []
    const server = await webSocketServer((peer, socket) => void peers.push({ peer, socket }))
    const shared = withDefaults(options({ log: rememberingLog(), maxUnfinishedBytes: 100_000 }))
    /** A connection over which the beginning of a message has come. */
    const begun = async (chars: number) => {
      const told: Told[] = []
      held(
        openSocket(shared, at(server.port), {
          closed: (poisoned) => void told.push(['closed', poisoned]),
          host: 'peer',
          opened: () => void told.push(['opened']),
          rejected: (reason, detail) => void told.push(['rejected', reason, detail]),
          text: (text) => void told.push(['text', String(text.length)])
        })
      )
      await eventually(() => expect(told).toEqual([['opened']]))
      const last = peers.at(-1)
      if (last === undefined) throw new Error('nobody has come')
      const { peer, socket } = last
      peer.send('x'.repeat(chars), { fin: false })
      // All of it has come when there is an answer, and none comes from whoever was given up.
      const heard = Promise.race([once(peer, 'pong'), once(peer, 'close')])
      peer.ping()
      await heard
      return { peer, socket, told }
    }
    for (let n = 0; n < 4; n++) {
      const { socket, told } = await begun(20_000)
      socket.destroy()
      await eventually(() => expect(told).toEqual([['opened'], ['closed', false]]))
    }
    const { peer, told } = await begun(60_000)
    expect(told).toEqual([['opened']])
    peer.send('y')
    await eventually(() => expect(told).toEqual([['opened'], ['text', '60001']]))
  })

  it('take a bounded memory where many peers do not end theirs: whoever has sent most loses its connection, not as poisoned', async () => {
    const peers: Array<{ readonly peer: WebSocket; readonly socket: Socket }> = []
    const server = await webSocketServer((peer, socket) => void peers.push({ peer, socket }))
    const settings = { log: rememberingLog(), maxUnfinishedBytes: 100_000 }
    const shared = withDefaults(options(settings))
    const told: Array<ReadonlyArray<Told>> = []
    for (const n of [0, 1, 2]) {
      const own: Told[] = []
      told.push(own)
      held(
        openSocket(shared, at(server.port), {
          closed: (poisoned) => void own.push(['closed', poisoned]),
          host: `peer ${String(n)}`,
          opened: () => void own.push(['opened']),
          rejected: (reason, detail) => void own.push(['rejected', reason, detail]),
          text: (text) => void own.push(['text', String(text.length)])
        })
      )
      await eventually(() => expect(own).toEqual([['opened']]))
    }
    const [small, most, whole] = peers
    // What has ended counts no more, and a ping is no part of a message.
    for (let n = 0; n < 20; n++) whole?.peer.send('x'.repeat(30_000))
    await eventually(() => expect(told[2]?.length).toBe(21))
    let pongs = 0
    whole?.peer.on('pong', () => (pongs += 1))
    for (let round = 1; round <= 20; round++) {
      for (let n = 0; n < 50; n++) whole?.peer.ping('x'.repeat(125))
      await eventually(() => expect(pongs).toBe(50 * round))
    }
    small?.peer.send('x'.repeat(30_000), { fin: false })
    most?.peer.send('x'.repeat(90_000), { fin: false })
    await eventually(() => expect(told[1]).toEqual([['opened'], ['closed', false]]))
    expect(settings.log.lines[0]?.fields['error']).toBe('too much data in unfinished messages')
    small?.peer.send('', { fin: true })
    whole?.peer.send('x')
    await eventually(() => expect(told[0]).toEqual([['opened'], ['text', '30000']]))
    await eventually(() => expect(told[2]?.at(-1)).toEqual(['text', '1']))
  })

  it('count for more than their bytes when they come in tiny pieces', async () => {
    const server = await webSocketServer((_, socket) => {
      socket.setNoDelay(true)
      socket.write(Buffer.from([0x01, 0x7e, 0xff, 0xff]))
      const drip = (left: number): void => {
        if (left > 0) socket.write('x', () => setImmediate(drip, left - 1))
      }
      drip(1_000)
    })
    const { error, told } = await ended(open(at(server.port), { maxUnfinishedBytes: 20_000 }))
    expect(told).toEqual([['opened'], ['closed', false]])
    expect(error).toBe('too much data in unfinished messages')
  })

  it('end the connection, not as poisoned, when they break the protocol', async () => {
    // A reserved bit is set: a compressed message, though nothing of the kind was agreed on.
    const server = await webSocketServer((_, socket) => socket.write(Buffer.from([0xc1, 0x01, 0x78])))
    const { error, told } = await ended(open(at(server.port)))
    expect(told).toEqual([['opened'], ['closed', false]])
    expect(error).toBe('Invalid WebSocket frame: RSV1 must be clear')
  })

  it('are never compressed: compression is not requested', async () => {
    const server = await webSocketServer((peer) => peer.close(), { perMessageDeflate: true })
    await ended(open(at(server.port)))
    expect(server.requests[0]?.headers['sec-websocket-extensions']).toBeUndefined()
  })
})

describe('liveness', () => {
  const INTERVAL_MS = 10_000

  /** A server that counts the pings it gets, and does `onPing` about them. */
  const pinged = async (onPing: (peer: WebSocket, pings: number) => void) => {
    let pings = 0
    const server = await webSocketServer((peer) => peer.on('ping', () => onPing(peer, ++pings)), { autoPong: false })
    return { pings: () => pings, port: server.port }
  }

  /** A connection to it that has been open for so many pings, each of which had time to be answered; it is not ended before. */
  const openFor = async (
    server: { readonly pings: () => number; readonly port: number },
    pings: number,
    onTold?: (told: Told, link: () => Link) => void,
    clock = manualClock()
  ) => {
    const opened = open(at(server.port), { clock, pingIntervalMs: INTERVAL_MS }, onTold)
    for (let n = 1; n <= pings; n++) {
      await eventually(() => expect(server.pings()).toBeGreaterThanOrEqual(n))
      await turns()
      expect(closings(opened)).toBe(0)
      clock.advance(INTERVAL_MS)
    }
    return { ...opened, clock }
  }

  it('spares a server that answers pings and says nothing else', async () => {
    const server = await pinged((peer) => peer.pong())
    const opened = await openFor(server, 10)
    expect(opened.told).toEqual([['opened']])
  })

  it('spares a server that answers no pings, but sends', async () => {
    const server = await pinged((peer) => peer.send('x'))
    const opened = await openFor(server, 10)
    expect(closings(opened)).toBe(0)
  })

  it('counts a part of a long message as a sign of life', async () => {
    const server = await pinged((peer) => peer.send('x', { fin: false }))
    const opened = await openFor(server, 10)
    expect(opened.told).toEqual([['opened']])
  })

  it('gives up a server that no longer answers', async () => {
    const server = await pinged(() => undefined)
    const { error, told } = await ended(await openFor(server, 1))
    expect(told).toEqual([['opened'], ['closed', false]])
    expect(error).toBe('no answer since the last ping')
    expect(server.pings()).toBe(1)
  })

  it('gives up a server that falls silent later', async () => {
    const server = await pinged((peer, pings) => pings < 5 && peer.pong())
    const { error } = await ended(await openFor(server, 5))
    expect(error).toBe('no answer since the last ping')
    expect(server.pings()).toBe(5)
  })

  it('reads what has arrived before it judges, after a blocked loop', async () => {
    const clock = manualClock()
    // The time for an answer ends while the loop is blocked, and the answer has come: it is read after the timers.
    const blocked = new Int32Array(new SharedArrayBuffer(4))
    const server = await pinged((peer, pings) => {
      peer.pong()
      if (pings > 5) return
      setTimeout(() => clock.advance(INTERVAL_MS), 1)
      Atomics.wait(blocked, 0, 0, 5)
    })
    const opened = open(at(server.port), { clock, pingIntervalMs: INTERVAL_MS })
    await eventually(() => expect(server.pings()).toBe(6))
    expect(opened.told).toEqual([['opened']])
  })

  it('concludes nothing from silence while we do not read, and does afterwards', async () => {
    const server = await pinged((peer, pings) => pings > 5 && pings < 10 && peer.pong())
    const opened = await openFor(server, 5, ([what], link) => what === 'opened' && link().pause())
    await eventually(() => expect(server.pings()).toBe(6))
    opened.link.resume()
    for (let n = 6; n <= 10; n++) {
      await eventually(() => expect(server.pings()).toBe(n))
      await turns()
      opened.clock.advance(INTERVAL_MS)
    }
    const { error } = await ended(opened)
    expect(error).toBe('no answer since the last ping')
    expect(server.pings()).toBe(10)
  })
})

describe('pausing', () => {
  const MESSAGES = 32_768
  const numbered = (n: number): string => String(n).padStart(1024, '0')
  const received = ({ told }: Opened): ReadonlyArray<string> => told.flatMap((what) => (what[0] === 'text' ? [what[1]] : []))

  /** A server that sends more than the kernel holds, and then closes. `isStuck` throws until nothing more can be written. */
  const flooding = async () => {
    let unsent = 0
    let peer: WebSocket | null = null
    const server = await webSocketServer((connected) => {
      peer = connected
      for (let n = 0; n < MESSAGES; n++) connected.send(numbered(n))
      connected.close(1000)
    })
    const isStuck = (): void => {
      const before = unsent
      unsent = peer?.bufferedAmount ?? 0
      expect(unsent).toBeGreaterThan(0)
      expect(unsent).toBe(before)
    }
    return { isStuck, port: server.port }
  }

  it.each([
    ['before the connection is open', 0],
    ['in the middle', 5_000]
  ])('%s stops what comes, and loses nothing of it', async (_, after) => {
    const server = await flooding()
    let count = 0
    const opened = open(at(server.port), {}, ([what], link) => what === 'text' && ++count === after && link().pause())
    if (after === 0) opened.link.pause()
    await eventually(() => expect(received(opened).length).toBeGreaterThanOrEqual(after))
    await eventually(server.isStuck)
    // At most one chunk of 64 KiB had been read before.
    expect(received(opened).length).toBeLessThan(after + 64)
    expect(closings(opened)).toBe(0)
    opened.link.resume()
    await ended(opened)
    expect(received(opened)).toEqual(Array.from({ length: MESSAGES }, (__, n) => numbered(n)))
    expect(opened.told.at(-1)).toEqual(['closed', false])
  })

  it('does not keep a connection from a polite close, before or after', async () => {
    const codes: number[] = []
    const server = await webSocketServer((peer) => {
      peer.on('close', (code) => codes.push(code))
      for (let n = 0; n < MESSAGES; n++) peer.send(numbered(n))
    })
    // All of it is read before the answer to the close, which takes as long as it does.
    const opened = open(at(server.port), { closeGraceMs: 86_400_000 }, ([what], link) => what === 'opened' && link().pause())
    await eventually(() => expect(opened.told).toEqual([['opened']]))
    const gone = opened.link.close()
    opened.link.pause()
    await gone
    await eventually(() => expect(codes).toEqual([1000]))
    expect(opened.told).toEqual([['opened'], ['closed', false]])
    expect(opened.lines[0]?.fields['code']).toBe(1000)
  })
})

describe('closing', () => {
  it('is polite, happens once, and is over when its promise is', async () => {
    const codes: number[] = []
    const server = await webSocketServer((peer) => peer.on('close', (code) => codes.push(code)))
    const opened = open(at(server.port))
    await eventually(() => expect(opened.told).toEqual([['opened']]))
    await Promise.all([opened.link.close(), opened.link.close()])
    expect(opened.told).toEqual([['opened'], ['closed', false]])
    await eventually(() => expect(codes).toEqual([1000]))
    await ended(opened)
    expect(opened.lines.map(({ level }) => level)).toEqual(['debug'])
  })

  it('does not wait for ever for a peer that does not answer', async () => {
    const server = await webSocketServer((peer) => peer.pause())
    const opened = open(at(server.port), { closeGraceMs: 50 })
    await eventually(() => expect(opened.told).toEqual([['opened']]))
    await opened.link.close()
    expect(opened.told).toEqual([['opened'], ['closed', false]])
  })

  it('does not wait for ever for a peer that goes on sending', async () => {
    const server = await webSocketServer((peer, socket) => {
      socket.removeAllListeners('data')
      const sending = setInterval(() => socket.write(Buffer.from([0x81, 0x01, 0x78])), 1)
      peer.on('close', () => clearInterval(sending))
    })
    const opened = open(at(server.port), { closeGraceMs: 50 })
    await eventually(() => expect(opened.told.length).toBeGreaterThan(2))
    const before = opened.told.length
    await opened.link.close()
    expect(opened.told.slice(before)).toEqual([['closed', false]])
  })

  it('takes effect at once while the connection is being made', async () => {
    const server = await tcpServer(() => undefined)
    const opened = open(at(server.port))
    await eventually(() => expect(server.connections()).toBe(1))
    await opened.link.close()
    expect(opened.told).toEqual([['closed', false]])
  })

  it('takes effect at once while the name is looked up', async () => {
    const opened = open('ws://knot.example/events', { resolve: () => new Promise(() => undefined) })
    await opened.link.close()
    expect(opened.told).toEqual([['closed', false]])
  })

  it('happens once even for a connection that is refused anyhow', async () => {
    const opened = open('ws://10.0.0.1/events')
    expect(opened.told).toEqual([])
    await opened.link.close()
    expect(opened.told).toEqual([['closed', false]])
  })

  it.each([
    ['politely', (peer: WebSocket) => peer.close(1000, 'that is all'), 1000, 'that is all'],
    ['because it restarts', (peer: WebSocket) => peer.close(1001), 1001, ''],
    ['without a word', (peer: WebSocket) => peer.terminate(), 1006, '']
  ])('closing by the peer, %s, is the end of the connection, and logged', async (_, close, code, reason) => {
    const server = await webSocketServer(close)
    const opened = open(at(server.port))
    const { told } = await ended(opened)
    expect(told).toEqual([['opened'], ['closed', false]])
    expect(opened.lines).toEqual([
      { fields: { code, error: null, host: 'the-peer', reason }, level: 'warn', message: 'connection lost' }
    ])
  })

  it.each([
    ['4 GiB', [0, 0, 0, 1, 0, 0, 0, 0]],
    ['more than can be counted', [0x7f, 255, 255, 255, 255, 255, 255, 255]]
  ])('closing by a peer that never hangs up ends in time, over the head of a message of %s', async (_, length) => {
    const server = await webSocketServer((peer, socket) => {
      peer.pause()
      socket.write(Buffer.from([0x81, 0x7f, ...length]))
    })
    const { told } = await ended(open(at(server.port), { closeGraceMs: 50 }))
    expect(told).toEqual([['opened'], ['closed', true]])
  })
})

describe('the log', () => {
  it.each([
    ['refused', 'ws://user:canary@10.0.0.1/?token=canary'],
    ['malformed', 'ws://user:canary@exa mple/?token=canary'],
    ['of no websocket', 'http://user:canary@localhost/?token=canary'],
    ['with a fragment', 'ws://user:canary@localhost/#canary'],
    ['not reachable', 'ws://user:canary@127.0.0.1:1/?token=canary']
  ])('has no secrets of an address that is %s', async (_, address) => {
    const opened = open(address)
    await ended(opened)
    expect(opened.lines).toHaveLength(1)
    expect(JSON.stringify(opened.lines)).not.toContain('canary')
  })
})
