/**
 * Connections: the one module that opens any.
 *
 * Whom we connect to is written by strangers, so a connection must not lead into a private network, whatever its name is
 * made to mean. Four checks, because each one alone has a way round it:
 *
 *   1. the host of the URL, as text, after the URL parser has made of it what it does (`0x7f.1` becomes `127.0.0.1`): an
 *      address literal is never looked up, so no look-up would catch it;
 *   2. every address that a name resolves to, at the look-up that the connection itself uses: a name that is resolved
 *      twice may mean two things;
 *   3. the address that the socket has in fact connected to, before anything is sent to it;
 *   4. no redirects.
 *
 * Above that, this is what Jetstream and knots have in common: one websocket from which text is read. Its peer may be slow,
 * silent, or hostile; it costs a bounded time and a bounded memory, and one close at the end, always.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import { WebSocket } from 'ws'
import { excerpt } from '../core/index.js'
import type { Clock, Link, Log } from './ports.js'

// ---------------------------------------------------------------------------------------- settings

/** The addresses of a host name. Rejects when there are none to be had. */
export type Resolve = (hostname: string, options: LookupOptions) => Promise<LookupAddress[]>

/** What connections need, and what may be said about them. All times and sizes have defaults, for the public network. */
export interface NetOptions {
  readonly clock: Clock
  /** How long a peer may take to answer a close before the socket is taken down. 2 s. */
  readonly closeGraceMs?: number
  /** How long everything may take, from the look-up of the name until the websocket is open. 15 s. */
  readonly handshakeTimeoutMs?: number
  readonly log: Log
  /** A larger message is rejected, and the stream goes on; one of more than sixteen times this ends the connection. 1 MiB. */
  readonly maxMessageBytes?: number
  /** 30 s. */
  readonly pingIntervalMs?: number
  /** `allowLoopback`: whether 127.0.0.0/8 and ::1 may be connected to, as on the embedded network. */
  readonly policy: { readonly allowLoopback: boolean }
  /** The resolver of the platform. */
  readonly resolve?: Resolve
}
export type NetSettings = Required<NetOptions>

/** `options` with defaults for what they leave open. */
export const withDefaults = (options: NetOptions): NetSettings => ({
  closeGraceMs: 2_000,
  handshakeTimeoutMs: 15_000,
  maxMessageBytes: 1_048_576,
  pingIntervalMs: 30_000,
  resolve: (hostname, lookupOptions) => lookup(hostname, { ...lookupOptions, all: true }),
  ...options
})

/** Between being rejected and ending the connection: a message must be read whole to be passed over. */
const HARD_LIMIT_FACTOR = 16

// ---------------------------------------------------------------------------------------- forbidden addresses

const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/** All that has ever been given out as global unicast; the rest of IPv6 that is not special is nobody's. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/** The address that packets end up at: a mapped or translated IPv6 address stands for an IPv4 address. */
const destination = (address: string) => {
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' && parsed.match(NAT64) ? ipaddr.fromByteArray(parsed.toByteArray().slice(12)) : parsed
}

/** What `address` is to us: whatever is neither public nor this machine itself is forbidden, also what is no address. */
export const kindOf = (address: string): 'public' | 'loopback' | 'forbidden' => {
  if (!ipaddr.isValid(address)) return 'forbidden'
  const to = destination(address)
  const range = to.range()
  if (range === 'loopback') return 'loopback'
  return range === 'unicast' && (to.kind() === 'ipv4' || to.match(GLOBAL_UNICAST)) ? 'public' : 'forbidden'
}

type Policy = NetOptions['policy']

const isAllowed = ({ allowLoopback }: Policy, address: string): boolean => {
  const kind = kindOf(address)
  return kind === 'public' || (kind === 'loopback' && allowLoopback)
}

/** Why `url` must not be opened, as far as its text says; `null` when nothing is wrong with it. */
const refusal = (url: URL, { allowLoopback }: Policy): string | null => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') return `not an address of a websocket: ${excerpt(url.protocol)}`
  if (url.hash !== '') return 'the address has a fragment'
  // A public address is refused as well: the hosts of the network have names, and certificates for names.
  if (isIP(host) !== 0 && !(allowLoopback && kindOf(host) === 'loopback')) return `${host} is no host name`
  return null
}

/** The look-up that a connection uses. One forbidden address among several refuses the name: which one is dialled is chance. */
const guardedLookup =
  ({ policy, resolve }: NetSettings): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, options).then(
      (addresses) => {
        const [first] = addresses
        const forbidden = addresses.find(({ address }) => !isAllowed(policy, address))
        if (first === undefined) callback(new Error('the name has no address'), [])
        else if (forbidden !== undefined) callback(new Error(`the name leads to a forbidden address: ${forbidden.address}`), [])
        // Node asks for all addresses when it may choose between IPv6 and IPv4, and for one when it may not.
        else if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), [])
    )
  }

/** Takes `socket` down if it has connected to where it must not. This comes before all that waits to be sent, TLS included. */
const guardPeer = (socket: Socket, policy: Policy): void => {
  socket.prependOnceListener('connect', () => {
    const { remoteAddress = '' } = socket
    if (!isAllowed(policy, remoteAddress)) socket.destroy(new Error(`connected to a forbidden address: ${remoteAddress}`))
  })
}

// ---------------------------------------------------------------------------------------- sockets

/** Whoever reads from a connection. Nothing is called before `openSocket` returns, nor after `closed`. */
export interface Reader {
  /** What the log calls the peer. */
  readonly host: string
  readonly opened: () => void
  readonly text: (text: string) => void
  /** A message that never became text: it is too large, or binary, or no UTF-8. The connection goes on. */
  readonly rejected: (reason: 'size' | 'binary' | 'utf8', detail: string) => void
  /**
   * The connection is over, or never was; this comes exactly once, in every case. `poisoned` says that it ended over a
   * message that cannot be taken in at all (D12).
   */
  readonly closed: (poisoned: boolean) => void
}

/**
 * Opens a websocket. Never throws: an address that is not allowed is a connection that closes.
 *
 * After `pause`, what had been read from the socket before (at most one chunk, 64 KiB) still comes. After `close`, nothing
 * comes any more but `closed`.
 */
export const openSocket = (settings: NetSettings, address: string, reader: Reader): Link => {
  if (!URL.canParse(address)) return neverOpened(settings.log, reader, 'not an address')
  const url = new URL(address)
  const refused = refusal(url, settings.policy)
  return refused === null ? connect(settings, url, reader) : neverOpened(settings.log, reader, refused)
}

const neverOpened = (log: Log, reader: Reader, error: string): Link => {
  const gone = Promise.resolve().then(() => {
    log.warn('connection refused by us', { error, host: reader.host })
    reader.closed(false)
  })
  return { close: () => gone, pause: () => undefined, resume: () => undefined }
}

/** The messages that end a connection because they cannot be taken in; they would end the next one as well (D12). */
const TOO_LARGE: ReadonlySet<unknown> = new Set([
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
])

const codeOf = (error: Error): unknown => ('code' in error ? error.code : null)

/** What went wrong, for the log. An error that sums up several attempts to connect has a code, and no message. */
const describe = (error: Error): string => excerpt(error.message === '' ? String(codeOf(error)) : error.message)

const connect = (settings: NetSettings, url: URL, reader: Reader): Link => {
  const { clock, log, maxMessageBytes, policy } = settings
  let stream: Socket | null = null
  let paused = false
  /** `close` was called, or the socket is gone. */
  let over = false
  let poisoned = false
  let failure: string | null = null

  const socket = new WebSocket(url, {
    finishRequest: (request) => {
      request.once('socket', (connecting) => {
        stream = connecting
        guardPeer(connecting, policy)
      })
      request.end()
    },
    followRedirects: false,
    lookup: guardedLookup(settings),
    maxPayload: maxMessageBytes * HARD_LIMIT_FACTOR,
    perMessageDeflate: false,
    // A message that is no UTF-8 would end the connection, and be met again at every rewind; it is looked at below.
    skipUTF8Validation: true
  })

  const giveUp = (why: string): void => {
    failure ??= why
    socket.terminate()
  }

  // A connection waits for one thing at a time: to be open, for a sign of life, to be closed.
  // The timeout that `ws` has for handshakes starts again at every byte, so a peer that sends one now and then has for ever.
  let disarm = clock.after(settings.handshakeTimeoutMs, () => giveUp('the handshake took too long'))

  const rearm = (ms: number, then: () => void): void => {
    disarm()
    disarm = clock.after(ms, then)
  }

  const endWithinGrace = (): void => rearm(settings.closeGraceMs, () => socket.terminate())

  /** How much had been read at the last ping; `null` when reading has been paused since, so that nothing can be concluded. */
  let heardBytes: number | null = null

  /**
   * Anything that comes is a sign of life, a pong as well as part of a long message; hence bytes are compared. Silence alone is
   * not death: a server may have nothing to say for minutes, but it answers pings.
   */
  const beat = (): void => {
    if (over || stream === null || socket.readyState !== WebSocket.OPEN) return
    if (stream.bytesRead === heardBytes) {
      giveUp('no sign of life since the last ping')
      return
    }
    socket.ping()
    heardBytes = paused ? null : stream.bytesRead
    // Once more round the event loop: if it was blocked for long, the answer is there, and has not been read yet.
    rearm(settings.pingIntervalMs, () => setImmediate(beat))
  }

  socket.on('open', () => {
    if (paused) socket.pause()
    beat()
    reader.opened()
  })

  socket.on('message', (data, isBinary) => {
    if (over) return
    const bytes = data as Buffer // as it is for the binary type `nodebuffer`, the default
    if (bytes.length > maxMessageBytes) reader.rejected('size', `${String(bytes.length)} bytes`)
    else if (isBinary) reader.rejected('binary', `${String(bytes.length)} bytes`)
    else if (isAscii(bytes)) reader.text(bytes.toString('latin1'))
    else if (!isUtf8(bytes)) reader.rejected('utf8', excerpt(bytes.toString()))
    else reader.text(bytes.toString())
  })

  socket.on('error', (error) => {
    failure ??= describe(error)
    poisoned ||= TOO_LARGE.has(codeOf(error))
    endWithinGrace()
  })

  const gone = new Promise<void>((resolve) => {
    socket.on('close', (code, reason) => {
      disarm()
      const fields = { code, error: failure, host: reader.host, reason: excerpt(reason.toString()) }
      if (over) log.debug('connection closed by us', fields)
      else log.warn('connection lost', fields)
      over = true
      reader.closed(poisoned)
      resolve()
    })
  })

  return {
    close: () => {
      if (!over) {
        over = true
        // Reading goes on, into nothing, until the answer to the close comes by.
        socket.resume()
        socket.close(1000)
        endWithinGrace()
      }
      return gone
    },
    pause: () => {
      if (over) return
      paused = true
      heardBytes = null
      socket.pause()
    },
    resume: () => {
      paused = false
      socket.resume()
    }
  }
}
