/** An HTTP client that does not trust the server's responses. Nothing here rejects. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { createQueue } from '../lib/queue.js'
import type { Fetch } from '../outbound/http-client.js'
import { retryAfterMs } from '../outbound/retry-after.js'
import { decodeText } from '../store/json.js'
import type { Uncertain } from './provider.js'
import { createWork, type Work, type WorkOptions } from './work.js'

/** Temporary failures: time-out, conflict, too early, too many requests. Any other 4xx is a refusal. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** Whether a status says that nothing was done, and that a retry is useless. */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && !PASSING.has(status)

/** A request to send. */
export interface Request {
  readonly body?: string
  readonly headers?: { readonly [name: string]: string }
  readonly method?: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT'
  /** What to do with a response that is too large: fail (by default), or keep its beginning. */
  readonly overflow?: 'cut' | 'fail'
  readonly url: string
}

/** A response of the server, whatever its status. */
export interface HttpResponse {
  readonly _tag: 'HttpResponse'
  readonly headers: Headers
  readonly isCut: boolean
  readonly status: number
  readonly text: string
}

export interface ClientOptions extends WorkOptions {
  /** The `fetch` of a guarded client (http-client.ts), which decides where requests may go. */
  readonly fetch: Fetch
  /** The limit of a response, in bytes. 4 MiB by default. */
  readonly maxBytes?: number
  /** The time limit of a request, to the last byte of the response. 20 s by default. */
  readonly timeoutMs?: number
}

/** A client of one server. */
export interface Client extends Work {
  /** Sends one request. Anything but a response is uncertain. A redirect is not followed, and counts as a response. */
  readonly ask: (request: Request) => Promise<HttpResponse | Uncertain>
  /** The result of an unexpected response. `words` is the server's message. */
  readonly doubt: (answer: HttpResponse, words: string) => Uncertain
}

/** The bytes of a response. Rejects if the connection breaks off, or if there are too many bytes and `overflow` is `fail`. */
const read = async (response: Response, maxBytes: number, overflow: 'cut' | 'fail'): Promise<{ isCut: boolean; text: string }> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  if (response.body !== null)
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size > maxBytes && overflow === 'fail') throw new Error(`response larger than ${String(maxBytes)} bytes`)
      // Leaving the loop closes the connection.
      if (size > maxBytes) break
    }
  return { isCut: size > maxBytes, text: Buffer.concat(chunks).subarray(0, maxBytes).toString() }
}

/**
 * How many builds to poll at a time. A server has few connections (http-client.ts), and polls of thousands of builds must leave some for builds that
 * are to start.
 */
const POLLS = 4

export const createClient = (options: ClientOptions): Client => {
  const { clock, fetch, maxBytes = 4_194_304, timeoutMs = 20_000 } = options
  const work = createWork(options)
  const { nowMs, signal, track, uncertain } = work
  const polls = createQueue(POLLS)

  const fetchOnce = async (request: Request): Promise<HttpResponse | Uncertain> => {
    const { body, headers = {}, method = 'GET', overflow = 'fail', url } = request
    if (signal.aborted) return uncertain('tack is shutting down')
    const limit = new AbortController()
    let why = ''
    const giveUp = (reason: string) => (): void => {
      why = reason
      limit.abort()
    }
    const end = giveUp('tack is shutting down')
    const disarm = clock.after(timeoutMs, giveUp(`no answer within ${String(timeoutMs / 1000)} s`))
    signal.addEventListener('abort', end)
    try {
      const response = await fetch(url, {
        headers,
        // The limit is checked in `read`, which may cut the response; this one is only a backstop.
        maxBodyBytes: maxBytes + 1_048_576,
        method,
        redirect: 'manual',
        signal: limit.signal,
        timeoutMs: timeoutMs * 2,
        ...(body === undefined ? {} : { body })
      })
      return { _tag: 'HttpResponse', headers: response.headers, status: response.status, ...(await read(response, maxBytes, overflow)) }
    } catch (error) {
      return uncertain(why === '' ? error : why)
    } finally {
      disarm()
      signal.removeEventListener('abort', end)
    }
  }

  return {
    ...work,
    ask: (request) => track(fetchOnce(request)),
    doubt: (answer, words) =>
      uncertain(
        `the server answered ${String(answer.status)}${words === '' ? '' : `: ${words}`}`,
        retryAfterMs(answer.headers.get('retry-after'), nowMs())
      ),
    poll: (everyMs, question, report) =>
      work.poll(
        everyMs,
        () =>
          new Promise((resolve, reject) =>
            polls.add(async () => {
              // Thousands of polls may be waiting.
              if (signal.aborted) resolve(uncertain('tack is shutting down'))
              else await question().then(resolve, reject)
            })
          ),
        report
      )
  }
}

/** The text of a response decoded by `codec`; `null` if it does not match. */
export const decodeAnswer = <A>(codec: t.Type<A, unknown>, { text }: { readonly text: string }): A | null => {
  const value = decodeText(codec, text)
  return E.isRight(value) ? value.right : null
}
