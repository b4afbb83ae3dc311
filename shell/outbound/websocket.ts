/**
 * Websockets, for Jetstream and knots alike: a connection from which text is read.
 *
 * guard.ts decides where it may lead. The peer may be slow, silent or hostile; a connection costs bounded time and memory, and always ends with
 * exactly one close.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { excerpt } from '../../core/index.js'
import type { Clock, Link, Log } from '../ports.js'
import { guardedLookup, guardPeer, hostOf, hostRefusal, type Policy, reasonOf, type Resolve, resolverFor } from './guard.js'

export { kindOf, type Policy, type Resolve } from './guard.js'

// ---------------------------------------------------------------------------------------- settings

/** Options of connections. All times and sizes have defaults, for the public network. */
export interface NetOptions {
  readonly clock: Clock
  /** How long a peer may take to answer a close before the socket is destroyed. 1 s by default. */
  readonly closeGraceMs?: number
  /** The time limit from the look-up of the name until the websocket is open. 15 s by default. */
  readonly handshakeTimeoutMs?: number
  readonly log: Log
  /** A larger message is rejected, and the stream goes on; one sixteen times as large ends the connection. 1 MiB by default. */
  readonly maxMessageBytes?: number
  /** What may be held of messages that have not ended, over all connections that share these settings; whoever has sent most is given up beyond it. 64 MiB. */
  readonly maxUnfinishedBytes?: number
  /** 30 s. */
  readonly pingIntervalMs?: number
  readonly policy: Policy
  /** That of the policy. */
  readonly resolve?: Resolve
}
export interface NetSettings extends Required<NetOptions> {
  readonly unfinished: Unfinished
}

/** `options` with defaults for what they leave open. Connections that are made with the result share what it allows. */
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
/** What a piece costs to hold, however short it is. */
const PIECE_BYTES = 256

/** What is held of messages that have not ended. A message may be long, and a thousand peers may send one each and never end it. */
interface Unfinished {
  /** That much is held of `peer` now. Gives up whoever has sent most, as long as all of it together is too much. */
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

/** Of a ping or a pong, which are short and come unmasked from a server. */
const CONTROL_HEADER_BYTES = 2

/** Why `url` must not be opened, judged by its text; `null` when nothing is wrong with it. */
const refusal = (url: URL, policy: Policy): string | null => {
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') return `not a websocket URL: ${excerpt(url.protocol)}`
  if (url.hash !== '') return 'the address has a fragment'
  return hostRefusal(policy, hostOf(url))
}

// ---------------------------------------------------------------------------------------- sockets

/** The reader of a connection. Nothing is called before `openSocket` returns, nor after `closed`. */
export interface Reader {
  /** The peer's name in the log. */
  readonly host: string
  readonly opened: () => void
  readonly text: (text: string) => void
  /** A message that is too large, binary, or not UTF-8. The connection goes on. */
  readonly rejected: (reason: 'size' | 'binary' | 'utf8', detail: string) => void
  /**
   * The connection has ended, or never opened; called exactly once, in every case. `poisoned` says that it ended over a message that cannot be read
   * at all (D12).
   */
  readonly closed: (poisoned: boolean) => void
}

/**
 * Opens a websocket. Never throws: a forbidden address is a connection that closes.
 *
 * After `pause`, what had been read from the socket before (at most one chunk, 64 KiB) still arrives. After `close`, nothing arrives but `closed`.
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

/** The errors that end a connection because a message cannot be read; it would end the next connection as well (D12). */
const TOO_LARGE: ReadonlySet<unknown> = new Set([
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
])

const codeOf = (error: Error): unknown => ('code' in error ? error.code : null)

/** What went wrong, for the log. */
const describe = (error: Error): string => excerpt(reasonOf(error))

const connect = (settings: NetSettings, url: URL, reader: Reader): Link => {
  const { clock, log, maxMessageBytes, policy } = settings
  let stream: Socket | null = null
  let paused = false
  /** `close` was called, or the socket is gone. */
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
    // A message that is no UTF-8 would end the connection, and be met again at every rewind; it is looked at below.
    skipUTF8Validation: true
  })

  const giveUp = (why: string): void => {
    failure ??= why
    socket.terminate()
  }

  // A connection waits for one thing at a time: to be open, for a sign of life, to be closed.
  // The timeout that `ws` has for handshakes starts again at every byte, so a peer that sends one now and then has for ever.
  let disarm = clock.after(settings.handshakeTimeoutMs, () => giveUp('handshake timed out'))

  const rearm = (ms: number, then: () => void): void => {
    disarm()
    disarm = clock.after(ms, then)
  }

  /** What has come of a message that has not ended, and in how many pieces. */
  let [unfinishedBytes, pieces] = [0, 0]
  const hold = (bytes: number): void => {
    unfinishedBytes = Math.max(0, bytes)
    if (unfinishedBytes === 0) pieces = 0
    settings.unfinished.hold(socket, unfinishedBytes + pieces * PIECE_BYTES, () => giveUp('too much is held of messages that do not end'))
  }
  /** Pings and pongs may come in the middle of a message. */
  const pass = (data: Buffer): void => hold(unfinishedBytes - data.length - CONTROL_HEADER_BYTES)
  socket.on('ping', pass)
  socket.on('pong', pass)

  const endWithinGrace = (): void => rearm(settings.closeGraceMs, () => socket.terminate())

  /** Bytes read at the last ping; `null` when reading was paused since, so that nothing can be concluded. */
  let heardBytes: number | null = null

  /**
   * Anything received is a sign of life, a pong as well as part of a long message, so bytes are compared. Silence alone is not death: a server may
   * have nothing to send for minutes, but it answers pings.
   */
  const beat = (): void => {
    if (over || stream === null || socket.readyState !== WebSocket.OPEN) return
    if (stream.bytesRead === heardBytes) {
      giveUp('no sign of life since the last ping')
      return
    }
    socket.ping()
    heardBytes = paused ? null : stream.bytesRead
    // Give the event loop one more turn: after a long block, the answer may be there unread.
    rearm(settings.pingIntervalMs, () => setImmediate(beat))
  }

  socket.on('open', () => {
    if (paused) socket.pause()
    // Before the message is made of it. Who listens in this way does not set a paused socket going.
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
        // Reading goes on, into nothing, until the answer to the close comes by.
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
