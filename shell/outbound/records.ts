/**
 * Reads the records of an account from its own server, page by page.
 *
 * The account's DID document names the server. It is in the directory for `did:plc:…`, and on the host itself for `did:web:<host>`. Strangers name
 * these hosts and servers. Each host gets one request at a time, with a pause between two: this burdens no honest server, and a slow one delays
 * nobody else.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { isUtf8 } from 'node:buffer'
import { canonicalHost, decodeDidDocument, decodeListRecords, type Did, excerpt, type ListedPage, type Natural, type ReadRecords, type RequestFailed } from '../../core/index.js'
import { setNewest } from '../lib/newest.js'
import { createKeyedQueue } from '../lib/queue.js'
import type { Clock, Deliver, Log, Records } from '../ports.js'
import type { Policy, Resolve } from './guard.js'
import { type Fetch, httpClient } from './http-client.js'
import { resetMs, retryAfterMs } from './retry-after.js'
import { hasManyParts, MANY_PARTS } from './json-size.js'
import { platformResolve } from './resolver.js'

// ---------------------------------------------------------------------------------------- model

export interface RecordsOptions {
  readonly clock: Clock
  /** The directory of `did:plc:…`, if the operator configured one. `https://plc.directory` by default. */
  readonly directory?: string
  readonly log: Log
  /** The limit of concurrent requests; the rest wait. 4 by default. */
  readonly maxRequests?: number
  /** Called with the directory's time. */
  readonly onDate?: (host: string, dateMs: number) => void
  /** The pause between two requests to one host. 100 ms by default. */
  readonly pauseMs?: number
  readonly policy: Policy
  /** The policy's resolver by default; the platform's for the public directory, whose name no stranger wrote. */
  readonly resolve?: Resolve
  /** The time limit of a request. 15 s by default. */
  readonly timeoutMs?: number
}

/** What failed, and how long the server asks us to wait before a retry. */
interface Failure {
  readonly error: string
  readonly waitMs: number
}

const failure = (error: string, waitMs = 0): E.Either<Failure, never> => E.left({ error: excerpt(error), waitMs })

const MAX_PAGE_BYTES = 4 * 2 ** 20
const MAX_DOCUMENT_BYTES = 2 ** 18

/** How long the server of an account is cached, and for how many accounts. */
const DOCUMENT_US = 300_000_000
const MAX_DOCUMENTS = 10_000

// ---------------------------------------------------------------------------------------- addresses

const PLC = /^did:plc:[a-z2-7]{24}$/
const WEB = /^did:web:([A-Za-z0-9.-]+(?:%3[Aa][0-9]+)?)$/
const LOCAL = /(?:^|\.)localhost(?::|$)/

/** Whether the directory has the document of `did`. */
export const isListed = (did: Did): boolean => PLC.test(did)

/** The URL of the document of `did`; `Left` says why there is none. */
export const documentOf = (did: Did, directory: string, { allowLoopback }: Policy): E.Either<string, URL> => {
  if (isListed(did)) return E.right(new URL(`${directory.replace(/\/$/, '')}/${did}`))
  const [, written = ''] = WEB.exec(did) ?? []
  const host = canonicalHost({ defaultPort: 443, loopback: allowLoopback, ports: allowLoopback })(written.replace(/%3A/i, ':'))
  if (O.isNone(host)) return E.left('unsupported DID method')
  const address = `${LOCAL.test(host.value) ? 'http' : 'https'}://${host.value}/.well-known/did.json`
  // The platform rejects some valid names, because of characters that no registry allows.
  return URL.canParse(address) ? E.right(new URL(address)) : E.left('the name does not resolve')
}

/** The server that `endpoint` names: a URL without a path. The guard checks it when a request is sent. */
const serverOf = (endpoint: string): O.Option<URL> => {
  if (!URL.canParse(endpoint)) return O.none
  const url = new URL(endpoint)
  return /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href ? O.some(url) : O.none
}

// ---------------------------------------------------------------------------------------- answers

/** How long a response asks us to wait, in milliseconds. */
const waitOf = (headers: Headers, nowMs: number): number =>
  retryAfterMs(headers.get('retry-after'), nowMs) || resetMs(headers.get('ratelimit-reset'), nowMs)

/** The name of the XRPC error; empty if the response has none. */
const nameOf = (text: string): string => /"error"\s*:\s*"([A-Za-z]{1,64})"/.exec(text)?.[1] ?? ''

// ---------------------------------------------------------------------------------------- reading

interface Document {
  readonly server: URL
  readonly sinceUs: number
}

/** Creates a reader. Reads that are running at a close get no answer: the core asks again at the next start. */
export const recordReader = (options: RecordsOptions): Records => {
  const { clock, directory = 'https://plc.directory', log, maxRequests = 4, pauseMs = 100, policy, resolve, timeoutMs = 15_000 } = options
  const settings = { clock, maxBodyBytes: MAX_PAGE_BYTES, maxConnections: 1, timeoutMs, ...(resolve === undefined ? {} : { resolve }) }
  const strangers = httpClient({ ...settings, policy })
  const dates = options.onDate === undefined ? {} : { onDate: options.onDate }
  const known = httpClient({ resolve: platformResolve, ...settings, ...dates, policy: { ...policy, trusted: options.directory !== undefined } })
  const documents = new Map<Did, Document>()
  const pauses = new Set<() => void>()
  let isClosed = false

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (isClosed) return resolve()
      const over = (): void => {
        cancel()
        pauses.delete(over)
        resolve()
      }
      const cancel = clock.after(pauseMs, over)
      pauses.add(over)
    })

  const requests = createKeyedQueue(maxRequests, 1, pause)

  /** Runs `job` in the queue of its host. Never settles if the reader is closed first. */
  const inTurn = <A>(host: string, job: () => Promise<A>): Promise<A> =>
    new Promise((resolve, reject) => requests.add(host, async () => job().then(resolve, reject)))

  /** The body of a response with status 200; any other response, and any error, as a failure. */
  const ask = async (fetch: Fetch, url: URL, maxBodyBytes: number): Promise<E.Either<Failure, string>> => {
    try {
      return await inTurn(url.host, async () => {
        const response = await fetch(url, { headers: { accept: 'application/json' }, maxBodyBytes })
        const bytes = Buffer.from(await response.arrayBuffer())
        if (response.status !== 200) {
          const errorName = nameOf(bytes.toString('latin1'))
          return failure(`${url.host} answered ${String(response.status)} ${errorName}`.trim(), waitOf(response.headers, clock.now() / 1000))
        }
        return isUtf8(bytes) ? E.right(bytes.toString()) : failure(`${url.host}: not UTF-8`)
      })
    } catch (error) {
      return failure(`${url.host}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  const serverFor = async (did: Did): Promise<E.Either<Failure, URL>> => {
    const cached = documents.get(did)
    if (cached !== undefined && clock.now() - cached.sinceUs < DOCUMENT_US) return E.right(cached.server)
    const url = documentOf(did, directory, policy)
    if (E.isLeft(url)) return failure(`${url.left}: ${did}`)
    const text = await ask(isListed(did) ? known.fetch : strangers.fetch, url.right, MAX_DOCUMENT_BYTES)
    if (E.isLeft(text)) return text
    const endpoint = decodeDidDocument(did)(text.right)
    if (E.isLeft(endpoint)) return failure(`${url.right.host}: ${endpoint.left}`)
    const server = serverOf(endpoint.right)
    if (O.isNone(server)) return failure(`the account’s server is not a URL: ${endpoint.right}`)
    setNewest(documents, did, { server: server.value, sinceUs: clock.now() }, MAX_DOCUMENTS)
    return E.right(server.value)
  }

  const readPage = async (server: URL, request: ReadRecords): Promise<E.Either<Failure, ListedPage>> => {
    const { collection, cursor, did } = request
    const url = new URL('/xrpc/com.atproto.repo.listRecords', server)
    url.search = new URLSearchParams({ collection, limit: '100', repo: did, ...(cursor === null ? {} : { cursor }) }).toString()
    const text = await ask(strangers.fetch, url, MAX_PAGE_BYTES)
    if (E.isLeft(text)) return text
    if (hasManyParts(text.right)) return failure(`${server.host}: ${MANY_PARTS}`)
    const page = decodeListRecords(request)(text.right)
    return E.isLeft(page) ? failure(`${server.host}: ${page.left}`) : page
  }

  const failed = ({ did, number }: ReadRecords, error: string, waitMs: Natural): RequestFailed =>
    ({ _tag: 'RequestFailed', at: clock.now(), error, isFinal: false, number, requested: { _tag: 'Records', did }, waitMs })

  const read = async (request: ReadRecords, deliver: Deliver): Promise<void> => {
    const { collection, cursor, did, number } = request
    const server = await serverFor(did)
    const page = E.isLeft(server) ? server : await readPage(server.right, request)
    if (isClosed) return
    if (E.isLeft(page)) {
      // The account may have moved.
      documents.delete(did)
      const { error, waitMs } = page.left
      deliver(failed(request, error, waitMs as Natural))
      return
    }
    const { next, records, rejected } = page.right
    if (rejected > 0) log.warn('invalid records skipped', { collection, cursor: cursor === null ? null : excerpt(cursor), did, rejected })
    deliver({ _tag: 'RecordsRead', at: clock.now(), collection, did, next, number, records })
  }

  return {
    close: async () => {
      isClosed = true
      const closed = Promise.all([requests.close(), strangers.close(), known.close()])
      for (const over of pauses) over()
      await closed
    },
    read: (request, deliver) => {
      read(request, deliver).catch((error: unknown) => {
        if (!isClosed) deliver(failed(request, excerpt(String(error)), 0 as Natural))
      })
    }
  }
}
