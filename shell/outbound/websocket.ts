/**
 * Websockets for Jetstream and knots: connections that deliver text.
 *
 * guard.ts decides where they may lead. The peer may be slow, silent or hostile: time and memory of a connection are limited, and it always ends with
 * exactly one call of `closed`.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { excerpt } from '../../core/index.js'
import type { Clock, Link, Log } from '../ports.js'
import { guardedLookup, guardPeer, hostOf, hostRefusal, type Policy, reasonOf, type Resolve, resolverFor } from './guard.js'

export { kindOf, type Policy, type Resolve } from './guard.js'

// ---------------------------------------------------------------------------------------- settings

/** Options of connections. All times and sizes have defaults that suit the public network. */
export interface NetOptions {
  readonly clock: Clock
  /** How long a peer may take to answer a close before the socket is destroyed. 1 s by default. */
  readonly closeGraceMs?: number
  /** The time limit from the look-up of the name until the websocket is open. 15 s by default. */
  readonly handshakeTimeoutMs?: number
  readonly log: Log
  /** The limit of a message. A larger one is rejected, and the stream goes on; one sixteen times as large ends the connection. 1 MiB by default. */
  readonly maxMessageBytes?: number
  /**
   * The limit of memory for unfinished messages, for all connections that share these settings. Beyond it, the connection that holds most is closed.
   * 64 MiB.
   */
  readonly maxUnfinishedBytes?: number
  /** 30 s by default. */
  readonly pingIntervalMs?: number
  readonly policy: Policy
  /** The policy's resolver by default. */
  readonly resolve?: Resolve
}
export interface NetSettings extends Required<NetOptions> {
  readonly unfinished: Unfinished
}

/** `options` with defaults. Connections that use the same result share its limits. */
export const withDefaults = (options: NetOptions): NetSettings => ({
  closeGraceMs: 1_000,
  handshakeTimeoutMs: 15_000,
  maxMessageBytes: 1_048_576,
  maxUnfinishedBytes: MAX_UNFINISHED_BYTES,
  pingIntervalMs: 30_000,
  resolve: resolverFor(options.policy),
  ...options,
  unfinished: createUnfinished(options.maxUnfinishedBytes ?? MAX_UNFINISHED_BYTES)
})

const MAX_UNFINISHED_BYTES = 67_108_864
/** The overhead of holding a fragment, however short. */
const PIECE_BYTES = 256

/** The memory that unfinished messages take. A message may be long, and a thousand peers may each send one and never finish it. */
interface Unfinished {
  /** Sets the number of bytes held for `peer`. While the total exceeds the limit, gives up the peer that holds most. */
  readonly hold: (peer: object, bytes: number, giveUp: () => void) => void
}

const createUnfinished = (maxBytes: number): Unfinished => {
  const peers = new Map<object, { readonly bytes: number; readonly giveUp: () => void }>()
  let total = 0
  const forget = (peer: object): void => {
    total -= peers.get(peer)?.bytes ?? 0
    peers.delete(peer)
  }
  return {
    hold: (peer, bytes, giveUp) => {
      forget(peer)
      if (bytes === 0) return
      peers.set(peer, { bytes, giveUp })
      total += bytes
      while (total > maxBytes) {
        const [most, held] = [...peers].reduce((a, b) => (b[1].bytes > a[1].bytes ? b : a))
        forget(most)
        held.giveUp()
      }
    }
  }
}

/** The factor between rejecting a message and ending the connection: a message must be read whole to be skipped. */
const HARD_LIMIT_FACTOR = 16

/** The header of a ping or a pong: both are short, and a server does not mask them. */
const CONTROL_HEADER_BYTES = 2

/** Why `url` must not be opened, judged by its text; `null` if it may be. */
const refusal = (url: URL, policy: Policy): string | null => {
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') return `not a websocket URL: ${excerpt(url.protocol)}`
  if (url.hash !== '') return 'the address has a fragment'
  return hostRefusal(policy, hostOf(url))
}

// ---------------------------------------------------------------------------------------- sockets

/** Receives what a connection delivers. Nothing is called before `openSocket` returns, nor after `closed`. */
export interface Reader {
  /** The peer's name for the log. */
  readonly host: string
  readonly opened: () => void
  readonly text: (text: string) => void
  /** A message is too large, binary, or not UTF-8. The connection goes on. */
  readonly rejected: (reason: 'size' | 'binary' | 'utf8', detail: string) => void
  /**
   * The connection has ended, or never opened. Called exactly once in every case. `poisoned` says that it ended because of a message that cannot be
   * read at all (D12).
   */
  readonly closed: (poisoned: boolean) => void
}

/**
 * Opens a websocket. Never throws: if the address is forbidden, the connection closes.
 *
 * After `pause`, data that had already been read from the socket (at most one chunk, 64 KiB) still arrives. After `close`, only `closed` is called.
 */
export const openSocket = (settings: NetSettings, address: string, reader: Reader): Link => {
  if (!URL.canParse(address)) return neverOpened(settings.log, reader, 'the name does not resolve')
  const url = new URL(address)
  const refused = refusal(url, settings.policy)
  if (refused !== null) return neverOpened(settings.log, reader, refused)
  try {
    return connect(settings, url, reader)
  } catch (error) {
    return neverOpened(settings.log, reader, excerpt(String(error)))
  }
}

const neverOpened = (log: Log, reader: Reader, error: string): Link => {
  const gone = Promise.resolve().then(() => {
    log.warn('connection blocked', { error, host: reader.host })
    reader.closed(false)
  })
  return { close: () => gone, gone, pause: () => undefined, resume: () => undefined }
}

/** The errors for a message that cannot be read. It would end the next connection as well (D12). */
const TOO_LARGE: ReadonlySet<unknown> = new Set([
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
])

const codeOf = (error: Error): unknown => ('code' in error ? error.code : null)

/** The error, for the log. */
const describe = (error: Error): string => excerpt(reasonOf(error))

const connect = (settings: NetSettings, url: URL, reader: Reader): Link => {
  const { clock, log, maxMessageBytes, policy } = settings
  let stream: Socket | null = null
  let paused = false
  /** Set by `close`, and when the socket is gone. */
  let over = false
  let poisoned = false
  let failure: string | null = null
  const lookingUp = new AbortController()

  const socket = new WebSocket(url, {
    finishRequest: (request) => {
      request.once('socket', (connecting) => {
        stream = connecting
        guardPeer(connecting, policy)
      })
      request.end()
    },
    followRedirects: false,
    lookup: guardedLookup(settings, lookingUp.signal),
    maxPayload: maxMessageBytes * HARD_LIMIT_FACTOR,
    perMessageDeflate: false,
    // A message that is not UTF-8 would end the connection, and come again after every rewind. The message handler below checks it instead.
    skipUTF8Validation: true
  })

  const giveUp = (why: string): void => {
    failure ??= why
    socket.terminate()
  }

  // A connection has one timer at a time: for the handshake, for the next ping, or for the close. The handshake timeout of `ws` restarts with every
  // byte, so a peer that trickles bytes would never time out.
  let disarm = clock.after(settings.handshakeTimeoutMs, () => giveUp('handshake timed out'))

  const rearm = (ms: number, then: () => void): void => {
    disarm()
    disarm = clock.after(ms, then)
  }

  /** The bytes and the fragments of the unfinished message. */
  let [unfinishedBytes, pieces] = [0, 0]
  const hold = (bytes: number): void => {
    unfinishedBytes = Math.max(0, bytes)
    if (unfinishedBytes === 0) pieces = 0
    settings.unfinished.hold(socket, unfinishedBytes + pieces * PIECE_BYTES, () => giveUp('too much data in unfinished messages'))
  }
  /** Pings and pongs may come in the middle of a message, and are not part of it. */
  const pass = (data: Buffer): void => hold(unfinishedBytes - data.length - CONTROL_HEADER_BYTES)
  socket.on('ping', pass)
  socket.on('pong', pass)

  const endWithinGrace = (): void => rearm(settings.closeGraceMs, () => socket.terminate())

  /** `bytesRead` at the last ping; `null` if reading was paused since, which makes it useless. */
  let heardBytes: number | null = null

  /**
   * Compares bytes, because anything received is a sign of life: a pong, or part of a long message. Silence alone is none of death: a server may have
   * nothing to send for minutes, but it answers pings.
   */
  const beat = (): void => {
    if (over || stream === null || socket.readyState !== WebSocket.OPEN) return
    if (stream.bytesRead === heardBytes) {
      giveUp('no answer since the last ping')
      return
    }
    socket.ping()
    heardBytes = paused ? null : stream.bytesRead
    // Wait one more turn of the event loop: after a long block, the answer may not have been read yet.
    rearm(settings.pingIntervalMs, () => setImmediate(beat))
  }

  socket.on('open', () => {
    if (paused) socket.pause()
    // Prepended, so that it runs before `ws` assembles the message. A `data` listener added this way does not resume a paused socket.
    stream?.prependListener('data', (piece: Buffer) => {
      pieces += 1
      hold(unfinishedBytes + piece.length)
    })
    beat()
    reader.opened()
  })

  socket.on('message', (data, isBinary) => {
    hold(0)
    if (over) return
    const bytes = data as Buffer // the binary type is `nodebuffer`, the default
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
      hold(0)
      lookingUp.abort()
      const fields = { code, error: failure, host: reader.host, reason: excerpt(reason.toString()) }
      if (over) log.debug('connection closed', fields)
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
        // Keep reading, and discard, until the peer answers the close.
        socket.resume()
        socket.close(1000)
        endWithinGrace()
      }
      return gone
    },
    gone,
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
