/**
 * What adapters share: requests to a server over HTTP, reading responses without trusting them, polling until a build has ended, and checking
 * signatures.
 *
 * Nothing here throws or rejects, and no message holds a secret: a server's response may repeat what it was sent.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { BuildName, buildKey, isFinal } from '../../core/index.js'
import { visible } from '../lib/log.js'
import type { Fetch } from '../outbound/http-client.js'
import { retryAfterMs } from '../outbound/retry-after.js'
import type { Clock } from '../ports.js'
import { decodeText } from '../store/json.js'
import { BEGINNING, createTurns, defaultLogTextLimits, type LogTextLimits, readingOf, type Turn } from './log-texts.js'
import type { LogLine, Missing, Progress, Refused, Uncertain, WebhookRequest } from './provider.js'

// ---------------------------------------------------------------------------------------- words

/** The limit of a sentence that is passed on, in UTF-16 units. */
const LONGEST_SENTENCE = 500

/** The encodings in which a secret may come back: as it is, in a URL, in a form, in JSON, in base64 alone. */
const disguises = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64url')
]

/** A function that removes all `secrets` from a text. An empty one is ignored. For basic authentication, pass `user:password`, too. */
export const redactor = (secrets: ReadonlyArray<string>): ((text: string) => string) => {
  const all = [...new Set(secrets.filter((secret) => secret !== '').flatMap(disguises))].sort((a, b) => b.length - a.length)
  return (text) => all.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text)
}

/**
 * Foreign text as a sentence: without secrets, control characters or surrogates, of bounded length. In this order: a cut must not hide part of a
 * secret.
 */
export const sentence = (redact: (text: string) => string, text: string): string => {
  const clean = visible(redact(text)).trim()
  const cut = clean.length <= LONGEST_SENTENCE ? clean : `${clean.slice(0, LONGEST_SENTENCE)}…`
  // Through UTF-8 and back: half of a pair becomes U+FFFD.
  return Buffer.from(cut).toString()
}

/** An error's message. Errors of `fetch` keep the reason in their cause. */
export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${wordsOf(error.cause)}`
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return `${error.message === '' ? code : error.message}${cause}`
}

// ---------------------------------------------------------------------------------------- builds

/** Decodes a segment of a key, if it is one. */
const unescaped = (segment: string): string =>
  Buffer.from(
    segment.replace(/=([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1'
  ).toString()

/** The build of a key: the inverse of `buildKey`. `null` if it is not a key; never two builds for one key. */
export const buildOfKey = (key: string): BuildName | null => {
  const [knot, rkey, workflow] = key.split('/').map(unescaped)
  const name = BuildName.decode({ knot, rkey, workflow })
  return E.isRight(name) && buildKey(name.right) === key ? name.right : null
}

// ---------------------------------------------------------------------------------------- signatures

/** How far the time of a signature may be from ours, in seconds. */
const WINDOW_S = 300

/** The value of a header that occurs once; `null` otherwise. `name` in lower case. */
export const headerOf = ({ headers }: WebhookRequest, name: string): string | null => {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

/** HMAC-SHA256 in hex. */
export const hmacOf = (secret: string, bytes: string | Buffer): string => createHmac('sha256', secret).update(bytes).digest('hex')

/** Whether `given` is `expected`, in a time that reveals neither the expected text nor its length. */
export const isSame = (expected: string, given: string | null): boolean => {
  // Digests have one length, which the comparison requires.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(expected), digest(given ?? '')) && given !== null
}

/** Whether `given` is the HMAC-SHA256 of `bytes` in lower-case hex. Without a secret nothing is signed. */
export const isSigned = (secret: string, bytes: string | Buffer, given: string | null): boolean =>
  isSame(hmacOf(secret, bytes), given) && secret !== ''

/** Whether a signature made at `seconds` (Unix time, digits) is still acceptable at `nowMs`. */
export const isTimely = (seconds: string, nowMs: number): boolean =>
  /^[0-9]{1,12}$/.test(seconds) && Math.abs(Math.floor(nowMs / 1000) - Number(seconds)) <= WINDOW_S

// ---------------------------------------------------------------------------------------- answers

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

export interface ClientOptions {
  readonly clock: Clock
  /** The `fetch` of a guarded client (http-client.ts), which decides where requests may go. */
  readonly fetch: Fetch
  readonly logTexts?: LogTextLimits
  /** The limit of a response, in bytes. 4 MiB by default. */
  readonly maxBytes?: number
  /** The secrets, which must not appear in messages. */
  readonly secrets: ReadonlyArray<string>
  /** The time limit of a request, to the last byte of the response. 20 s by default. */
  readonly timeoutMs?: number
}

/** How often to poll: at first this often, then after every failure half as often, down to once a minute. */
const LONGEST_PAUSE_MS = 60_000

/** The text of a log, as far as it exists. */
export type TextLog =
  | {
      readonly _tag: 'Text'
      /** The character of the log at which the text begins: 0, or another one not behind the requested one. */
      readonly from?: number
      readonly isComplete: boolean
      readonly text: string
    }
  /** There is none, and there will be none; the sentence tells the reader why. */
  | { readonly _tag: 'None'; readonly sentence: string }
  /** There is none yet. */
  | { readonly _tag: 'NotYet' }

/** Background work: everything it starts is over when `close` resolves. */
export interface Work {
  readonly close: () => Promise<void>
  /**
   * A log that is one text, read again every `everyMs` while it grows, as one step; few texts are held at a time (log-texts.ts). Failures are
   * reported in a system step.
   */
  readonly log: (
    options: {
      readonly everyMs: number
      /** The name of the step. */
      readonly name: string
      /** Reads the log. Text before the character `at` is not needed any more. */
      readonly read: (at: number) => Promise<TextLog | Refused | Uncertain>
      readonly signal: AbortSignal
    }
  ) => AsyncGenerator<LogLine>
  /** A system step with a sentence, as the `number`th of a log. */
  readonly note: (number: number, words: string) => ReadonlyArray<LogLine>
  /** The time in milliseconds. */
  readonly nowMs: () => number
  /** Resolves after `ms`, or when `signal` aborts, or at the close. */
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Polls a build until it has ended, and reports every change. Returns a function that stops it. */
  readonly poll: (
    everyMs: number,
    ask: () => Promise<Missing | Progress | Uncertain>,
    report: (progress: Progress) => void
  ) => () => void
  readonly refuse: (words: string) => Refused
  /** A text without secrets, as one sentence. */
  readonly say: (text: string) => string
  /** Aborts at the close. */
  readonly signal: AbortSignal
  /** Tracks a promise, so that a close can wait for it. */
  readonly track: <A>(work: Promise<A>) => Promise<A>
  readonly uncertain: (error: unknown, waitMs?: number) => Uncertain
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

const isSameProgress = (a: Progress | null, b: Progress): boolean =>
  a?.status === b.status && a.error === b.error && a.exitCode === b.exitCode && a.external === b.external

export const createWork = ({ clock, logTexts = defaultLogTextLimits, secrets }: Pick<ClientOptions, 'clock' | 'logTexts' | 'secrets'>): Work => {
  const redact = redactor(secrets)
  const turns = createTurns(clock, logTexts)
  const over = new AbortController()
  // One listener for each build and reader that waits: no leak.
  setMaxListeners(0, over.signal)
  const going = new Set<Promise<unknown>>()

  const say = (text: string): string => sentence(redact, text)

  const uncertain = (error: unknown, waitMs = 0): Uncertain => ({ _tag: 'Uncertain', error: say(wordsOf(error)), waitMs })

  const nowMs = (): number => Math.floor(clock.now() / 1000)

  const track = <A>(work: Promise<A>): Promise<A> => {
    going.add(work)
    const forget = (): void => void going.delete(work)
    work.then(forget, forget)
    return work
  }

  const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (over.signal.aborted || signal?.aborted === true) return resolve()
      const done = (): void => {
        cancel()
        over.signal.removeEventListener('abort', done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(ms, done)
      over.signal.addEventListener('abort', done)
      signal?.addEventListener('abort', done)
    })

  /** The pause after the `failures`th failure in a row. */
  const pauseAfter = (everyMs: number, failures: number, waitMs: number): number =>
    Math.max(everyMs, waitMs, Math.min(everyMs * 2 ** Math.min(failures, 16), LONGEST_PAUSE_MS))

  const poll: Client['poll'] = (everyMs, question, report) => {
    const stopped = new AbortController()
    const isOver = (): boolean => stopped.signal.aborted || over.signal.aborted
    const loop = async (): Promise<void> => {
      let last: Progress | null = null
      let failures = 0
      while (!isOver()) {
        const said: Missing | Progress | Uncertain = await question().catch((error: unknown) => uncertain(error))
        if (isOver()) return
        // A provider's words about a build may come from the build itself: of any length, and with secrets.
        const answer = 'status' in said && said.error !== null ? { ...said, error: say(said.error) } : said
        if ('status' in answer) {
          failures = 0
          if (!isSameProgress(last, answer)) report(answer)
          if (isFinal(answer.status)) return
          last = answer
          await pause(everyMs, stopped.signal)
        } else {
          failures++
          await pause(pauseAfter(everyMs, failures, 'waitMs' in answer ? answer.waitMs : 0), stopped.signal)
        }
      }
    }
    // A throwing listener would end the following silently.
    track(loop()).catch(() => undefined)
    return () => stopped.abort()
  }

  const step = (number: number, name: string, kind: 'system' | 'user', status: 'end' | 'start'): LogLine => ({
    _tag: 'Step',
    command: '',
    kind,
    name,
    status,
    step: number,
    timeMs: nowMs()
  })

  const textOf = (number: number, text: string): LogLine => ({ _tag: 'Text', step: number, stream: 'stdout', text, timeMs: nowMs() })

  const note = (number: number, words: string): ReadonlyArray<LogLine> => [
    step(number, 'Log', 'system', 'start'),
    textOf(number, words),
    step(number, 'Log', 'system', 'end')
  ]

  async function* log({ everyMs, name, read: readText, signal }: Parameters<Client['log']>[0]): AsyncGenerator<LogLine> {
    const isOver = (): boolean => signal.aborted || over.signal.aborted
    let steps = 0
    /** The number of the step with the text, once there is text. */
    let open: number | null = null
    let place = BEGINNING
    let failures = 0

    /** Requests the log. Only the turn holds its text: from there it can be taken away from a slow reader. */
    const ask = async (turn: Turn): Promise<Exclude<TextLog, { _tag: 'Text' }> | Refused | Uncertain | { readonly _tag: 'Held'; readonly isComplete: boolean }> => {
      const found: TextLog | Refused | Uncertain = await readText(place.at).catch((error: unknown) => uncertain(error))
      if (found._tag !== 'Text') return found
      turn.hold(readingOf({ from: 0, ...found }, redact), found.text.length)
      return { _tag: 'Held', isComplete: found.isComplete }
    }

    const following = (turn: Turn): string | null => {
      const next = turn.reading()?.next(place) ?? null
      if (next !== null) place = next.then
      return next?.piece ?? null
    }

    while (!isOver()) {
      const turn = await turns([signal, over.signal])
      if (turn === null) return
      let waitMs = 0
      try {
        const found = await ask(turn)
        if (isOver()) return
        if (found._tag === 'Held') {
          failures = 0
          if (open === null) {
            open = steps++
            yield step(open, name, 'user', 'start')
          }
          for (let piece = following(turn); piece !== null; piece = following(turn)) yield textOf(open, piece)
          // The text was given up for another reader: request the rest at once.
          if (turn.reading() === null) continue
        }
        // From here on, the reader holds no text.
        turn.end()
        if (found._tag === 'Held') {
          if (found.isComplete) {
            yield step(open ?? 0, name, 'user', 'end')
            return
          }
        } else if (found._tag === 'Uncertain') {
          failures++
          waitMs = found.waitMs
          if (failures === 1) yield* note(steps++, `The log is unavailable at the moment: ${found.error}`)
        } else if (found._tag !== 'NotYet') {
          yield* note(steps++, found._tag === 'Refused' ? `The log is unavailable: ${found.error}` : found.sentence)
          if (open !== null) yield step(open, name, 'user', 'end')
          return
        }
      } finally {
        turn.end()
      }
      await pause(pauseAfter(everyMs, failures, waitMs), signal)
    }
  }

  return {
    close: async () => {
      over.abort()
      await Promise.allSettled(going)
    },
    log,
    note,
    nowMs,
    pause,
    poll,
    refuse: (words) => ({ _tag: 'Refused', error: say(words) }),
    say,
    signal: over.signal,
    track,
    uncertain
  }
}

export const createClient = (options: ClientOptions): Client => {
  const { clock, fetch, maxBytes = 4_194_304, timeoutMs = 20_000 } = options
  const work = createWork(options)
  const { nowMs, signal, track, uncertain } = work

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
      )
  }
}

/** The text of a response decoded by `codec`; `null` when it is something else. */
export const decoded = <A>(codec: t.Type<A, unknown>, { text }: { readonly text: string }): A | null => {
  const value = decodeText(codec, text)
  return E.isRight(value) ? value.right : null
}
