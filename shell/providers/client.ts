/** Requests to a server over HTTP, and reading its responses without trusting them. Nothing here rejects. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { createQueue } from '../lib/queue.js'
import type { Fetch } from '../outbound/http-client.js'
import { retryAfterMs } from '../outbound/retry-after.js'
import { decodeText } from '../store/json.js'
import type { Uncertain } from './provider.js'
import { createWork, type Work, type WorkOptions } from './work.js'

/** Temporary failures: time-out, conflict, too early, too many. Any other 4xx is a refusal. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** Whether a status says that nothing was done, and that asking again is useless. */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && !PASSING.has(status)

/** What is sent. */
export interface Request {
  readonly body?: string
  readonly headers?: { readonly [name: string]: string }
  readonly method?: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT'
  /** What to do with a response that is too large: fail (by default), or keep its beginning. */
  readonly overflow?: 'cut' | 'fail'
  readonly url: string
}

/** The server has responded, with whatever status. */
export interface Answer {
  readonly _tag: 'Answer'
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
  /** Sends one request. Anything but a response is uncertain. Redirects are not followed: they are responses. */
  readonly ask: (request: Request) => Promise<Answer | Uncertain>
  /** Interprets a response other than the expected one: `words` is the server's message. */
  readonly doubt: (answer: Answer, words: string) => Uncertain
}

/** The bytes of a response. Rejects when the connection breaks off, or when there are too many and that is a failure. */
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
 * How many builds are asked about at a time. A server has few connections (http-client.ts), and thousands of builds to be looked at must leave some
 * for those that are to begin.
 */
const POLLS = 4

export const createClient = (options: ClientOptions): Client => {
  const { clock, fetch, maxBytes = 4_194_304, timeoutMs = 20_000 } = options
  const work = createWork(options)
  const { nowMs, signal, track, uncertain } = work
  const polls = createQueue(POLLS)

  const fetchOnce = async (request: Request): Promise<Answer | Uncertain> => {
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
        // What is one too many is looked at here.
        maxBodyBytes: maxBytes + 1_048_576,
        method,
        redirect: 'manual',
        signal: limit.signal,
        timeoutMs: timeoutMs * 2,
        ...(body === undefined ? {} : { body })
      })
      return { _tag: 'Answer', headers: response.headers, status: response.status, ...(await read(response, maxBytes, overflow)) }
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
              // There may be thousands behind it.
              if (signal.aborted) resolve(uncertain('tack is shutting down'))
              else await question().then(resolve, reject)
            })
          ),
        report
      )
  }
}

/** The text of a response decoded by `codec`; `null` when it is something else. */
export const decoded = <A>(codec: t.Type<A, unknown>, { text }: { readonly text: string }): A | null => {
  const value = decodeText(codec, text)
  return E.isRight(value) ? value.right : null
}
