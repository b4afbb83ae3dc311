/**
 * HTTP requests to accounts' servers and to providers.
 *
 * guard.ts decides where they may go. A server may be slow, silent or hostile: time and memory of a request are limited, body included, and no
 * redirect is followed. Responses are requested uncompressed, so that their size is the number of bytes received.
 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { connect as startTls } from 'node:tls'
import { Agent, type buildConnector } from 'undici'
import { excerpt } from '../../core/index.js'
import type { Clock } from '../ports.js'
import { dial, type Guard, hostOf, hostRefusal, type Policy, reasonOf, type Resolve, resolverFor } from './guard.js'

// ---------------------------------------------------------------------------------------- model

export interface HttpOptions {
  /** CA certificates as PEM. The platform's by default. */
  readonly ca?: string
  readonly clock: Clock
  /** The limit of a response body; a longer one is an error. 4 MiB by default. */
  readonly maxBodyBytes?: number
  /** The limit of connections to one server. Further requests wait; the wait counts towards their time limit. 8 by default. */
  readonly maxConnections?: number
  readonly policy: Policy
  /** Called with the server's time if a response has a `Date` header. */
  readonly onDate?: (host: string, dateMs: number) => void
  /** The policy's resolver by default. */
  readonly resolve?: Resolve
  /** The time limit of a request, from the look-up of the name to the last byte of the body. 30 s by default. */
  readonly timeoutMs?: number
}

/** The subset of the platform's `fetch` options that is supported. */
export interface HttpInit {
  readonly body?: string | Uint8Array | null
  readonly headers?: Headers | Readonly<Record<string, string>>
  /** Overrides the client's limit. */
  readonly maxBodyBytes?: number
  readonly method?: string
  /** `manual` returns a redirect as it is. Otherwise, it is an error. */
  readonly redirect?: string
  readonly signal?: AbortSignal | null
  readonly timeoutMs?: number
}

/**
 * The subset of the platform's `fetch` that is supported; it can be passed to libraries that accept one. Rejects with an `Error` whose message leaves
 * out path, query and headers of the request: they may hold secrets.
 */
export type Fetch = (input: string | URL, init?: HttpInit) => Promise<Response>

export interface HttpClient {
  /** Aborts all requests and closes all connections. Resolves when no socket is left. Idempotent. */
  readonly close: () => Promise<void>
  readonly fetch: Fetch
}

// ---------------------------------------------------------------------------------------- requests

/** Why `url` must not be requested, judged by its text; `null` if it may be. */
const refusal = (url: URL, policy: Policy): string | null => {
  const isPlain = url.protocol === 'http:'
  if (url.protocol !== 'https:' && !isPlain) return `neither http nor https: ${excerpt(url.protocol)}`
  if (isPlain && !policy.allowLoopback && policy.trusted !== true) return 'the address is not https'
  if (url.username !== '' || url.password !== '') return 'the address contains a user name or password'
  return hostRefusal(policy, hostOf(url))
}

/** This status has no body, but some servers send one. */
const RESET_CONTENT = 205
/** Statuses without a body; then, redirects. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, RESET_CONTENT, 304])
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** The platform's `Response` accepts no greater status. */
const MAX_STATUS = 599

/** The message of an error; its code if it has no message. */
const wordsOf = (error: unknown): string => (error instanceof Error ? reasonOf(error) : String(error))

/** The request headers. The platform's own error would quote a bad value, which may be a secret. */
const headersOf = (init: HttpInit): Record<string, string> => {
  try {
    const headers = new Headers({ 'accept-encoding': 'identity', 'user-agent': 'tack' })
    new Headers(init.headers).forEach((value, name) => headers.set(name, value))
    return Object.fromEntries(headers)
  } catch {
    throw new Error('malformed request header')
  }
}

/** The body, up to `maxBytes`. Calls `done` once, when nothing more will come. `failure` converts an error. */
const limited = (
  body: Readable,
  maxBytes: number,
  done: () => void,
  failure: (error: unknown) => Error
): ReadableStream<Uint8Array> => {
  const chunks: AsyncIterator<Uint8Array, undefined> = body[Symbol.asyncIterator]()
  let left = maxBytes
  return new ReadableStream<Uint8Array>(
    {
      cancel: () => {
        done()
        body.destroy()
      },
      pull: async (controller) => {
        try {
          const chunk = await chunks.next()
          if (chunk.done === true) {
            done()
            controller.close()
            return
          }
          left -= chunk.value.length
          if (left < 0) throw new Error(`response larger than ${String(maxBytes)} bytes`)
          controller.enqueue(chunk.value)
        } catch (error) {
          controller.error(failure(error))
          done()
          body.destroy()
        }
      }
    },
    // Read nothing before it is pulled.
    { highWaterMark: 0 }
  )
}

/** Creates a client. It connects with the first request. */
export const httpClient = (options: HttpOptions): HttpClient => {
  const { ca, clock, maxBodyBytes = 4 * 2 ** 20, maxConnections = 8, onDate, policy, resolve = resolverFor(policy), timeoutMs = 30_000 } = options
  const guard: Guard = { policy, resolve }
  const sockets = new Set<Socket>()
  /** Each aborts a running request and clears its timer. */
  const asking = new Set<() => void>()
  let isClosed = false

  /** Connects. Gives up after the time limit of a request: by then nobody waits for the connection. */
  const connector: buildConnector.connector = ({ hostname, port, protocol }, callback) => {
    const isTls = protocol === 'https:'
    const host = hostname.replace(/^\[|\]$/g, '')
    const stream = dial(guard, host, port === '' ? (isTls ? 443 : 80) : Number(port))
    const socket = isTls ? startTls({ ALPNProtocols: ['http/1.1'], ca, servername: host, socket: stream }) : stream
    sockets.add(stream)
    let isOver = false
    const giveUp = clock.after(timeoutMs, () => stream.destroy(new Error('connecting timed out')))
    const over = (error: Error | null): void => {
      if (isOver) return
      isOver = true
      giveUp()
      if (error === null) callback(null, socket)
      else callback(error, null)
    }
    socket.once(isTls ? 'secureConnect' : 'connect', () => over(null))
    socket.on('error', over)
    stream.on('error', over)
    stream.once('close', () => {
      sockets.delete(stream)
      socket.destroy()
      over(new Error('the connection was closed'))
    })
  }

  const agent = new Agent({
    bodyTimeout: 0,
    connect: connector,
    connections: maxConnections,
    headersTimeout: 0,
    pipelining: 1
  })

  const fetch: Fetch = async (input, init = {}) => {
    if (!URL.canParse(String(input))) throw new Error('invalid URL')
    const url = new URL(String(input))
    const refused = refusal(url, policy)
    if (refused !== null) throw new Error(refused)

    if (isClosed) throw new Error('shutting down')
    const ms = init.timeoutMs ?? timeoutMs
    const given = init.signal ?? null
    const stopping = new AbortController()
    const stop = (): void => stopping.abort()
    // The agent looks at the signal of a request only when its turn comes. A request that is queued must be aborted before that.
    const stopped = new Promise<never>((_, reject) => {
      stopping.signal.addEventListener('abort', () => reject(new Error('the request is over')))
    })
    stopped.catch(() => undefined)
    let isLate = false
    // An unhandled rejection would end the process.
    const disarm = clock.after(ms, () => {
      isLate = true
      stop()
      done()
    })
    const done = (): void => {
      disarm()
      asking.delete(end)
      given?.removeEventListener('abort', stop)
    }
    const end = (): void => {
      stop()
      done()
    }
    asking.add(end)
    given?.addEventListener('abort', stop)
    if (given?.aborted === true) stop()
    const failure = (error: unknown): Error => {
      if (isLate) return new Error(`no answer within ${String(ms / 1000)} s`)
      if (isClosed) return new Error('shutting down')
      // A caller that aborted its request recognises the error by its name.
      return given?.aborted === true ? new DOMException('the request was aborted', 'AbortError') : new Error(excerpt(wordsOf(error)))
    }

    let asked: ReturnType<typeof agent.request> | null = null
    try {
      stopping.signal.throwIfAborted()
      asked = agent.request({
        body: init.body ?? null,
        headers: headersOf(init),
        method: (init.method ?? 'GET').toUpperCase(),
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        signal: stopping.signal
      })
      const answer = await Promise.race([asked, stopped])
      const { body, statusCode: status } = answer
      // An unhandled error would end the process.
      body.on('error', () => undefined)
      const refuse = (why: string): never => {
        throw new Error(why)
      }
      if (status > MAX_STATUS) refuse(`the server answered with an invalid status (${String(status)})`)
      const maxBytes = init.maxBodyBytes ?? maxBodyBytes
      if (REDIRECTS.has(status) && init.redirect !== 'manual') refuse(`the server redirects (${String(status)}), and redirects are not followed`)
      if (Number(answer.headers['content-length'] ?? 0) > maxBytes && init.method !== 'HEAD')
        refuse(`response larger than ${String(maxBytes)} bytes`)
      const encoding = answer.headers['content-encoding'] ?? 'identity'
      if (encoding !== 'identity') refuse('the response is compressed, though no compression was accepted')

      const received = new Headers()
      for (const [name, value] of Object.entries(answer.headers))
        for (const one of typeof value === 'string' ? [value] : (value ?? [])) received.append(name, one)
      const isEmpty = WITHOUT_BODY.has(status) || init.method === 'HEAD'
      if (isEmpty) {
        done()
        // There may be a body all the same, even an endless one.
        if (status === RESET_CONTENT) body.destroy()
        else body.resume()
      }
      const dateMs = Date.parse(received.get('date') ?? '')
      if (!Number.isNaN(dateMs)) onDate?.(url.host, dateMs)
      const response = new Response(isEmpty ? null : limited(body, maxBytes, done, failure), { headers: received, status })
      // A constructed `Response` has no URL, and libraries read it.
      return Object.defineProperty(response, 'url', { value: url.href })
    } catch (error) {
      done()
      asked?.then(
        ({ body }) => body.on('error', () => undefined).destroy(),
        () => undefined
      )
      throw failure(error)
    }
  }

  let closed: Promise<void> | null = null
  const close = async (): Promise<void> => {
    isClosed = true
    for (const end of [...asking]) end()
    // The agent would wait for connections whose peer may never finish its handshake, so destroy those sockets below.
    const destroyed = agent.destroy()
    await Promise.all(
      [...sockets].map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('close', () => resolve())
            socket.destroy()
          })
      )
    )
    await destroyed
  }

  return { close: () => (closed ??= close()), fetch }
}
