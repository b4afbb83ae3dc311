/**
 * DID documents, as text: from the directory for `did:plc:…`, from the host itself for `did:web:<host>`.
 *
 * Strangers name the hosts, and decide how often a document is needed. So requests per host, the number of waiting requests, and the time and size of
 * an answer are limited. The directory has its own queue: silent hosts do not delay accounts that are listed there. The core decodes the documents;
 * callers cache what they need.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { type Did, excerpt } from '../../core/index.js'
import { createKeyedQueue } from '../lib/queue.js'
import type { Clock } from '../ports.js'
import type { Policy, Resolve } from './guard.js'
import { type HttpClient, httpClient } from './http-client.js'
import { documentOf, isListed } from './records.js'
import { platformResolve } from './resolver.js'

/** Why there is no document: it does not exist; the server does not answer; too many requests are waiting. */
export interface NoDocument {
  readonly kind: 'busy' | 'missing' | 'unreachable'
  readonly sentence: string
}

export interface Documents {
  /** Cancels all requests. Resolves when no connection is left. Idempotent. */
  readonly close: () => Promise<void>
  /** Fetches the DID's document. Never rejects. */
  readonly read: (did: Did) => Promise<E.Either<NoDocument, string>>
}

export interface DocumentsOptions {
  readonly clock: Clock
  /** The directory of `did:plc:…`, if the operator configured one. `https://plc.directory` by default. */
  readonly directory?: string
  readonly policy: Policy
  /** The policy's resolver by default; the platform's for the public directory. */
  readonly resolve?: Resolve
}

const MAX_BYTES = 2 ** 18
/** The time limit of a request. A read may take twice as long in all, the wait in the queue included. */
const TIMEOUT_MS = 5_000

/** Concurrent requests: per host (the directory counts as one), and per queue. Then, the limit of pending requests of a queue. */
const PER_HOST = 2
const AT_A_TIME = 16
const WAITING = 64

const no = (kind: NoDocument['kind'], sentence: string): E.Either<NoDocument, never> => E.left({ kind, sentence })

/** A queue of requests for documents: one serves the directory, another serves all other hosts. */
const createLine = ({ fetch }: Pick<HttpClient, 'fetch'>, clock: Clock) => {
  const queue = createKeyedQueue(AT_A_TIME, PER_HOST)
  /** Resolves the pending requests at a close. */
  const waiting = new Set<() => void>()

  const fetchAt = async (did: Did, url: URL): Promise<E.Either<NoDocument, string>> => {
    try {
      const response = await fetch(url, { headers: { accept: 'application/did+json, application/json' } })
      const bytes = Buffer.from(await response.arrayBuffer())
      if (response.status === 404 || response.status === 410) return no('missing', `${excerpt(did)} has no DID document`)
      if (response.status !== 200) return no('unreachable', `${url.host} answered ${String(response.status)}`)
      return E.right(isUtf8(bytes) ? bytes.toString() : '')
    } catch (error) {
      return no('unreachable', `${url.host}: ${excerpt(error instanceof Error ? error.message : String(error))}`)
    }
  }

  return {
    close: async () => {
      for (const giveUp of [...waiting]) giveUp()
      await queue.close()
    },
    read: async (did: Did, url: URL): Promise<E.Either<NoDocument, string>> => {
      if (waiting.size >= WAITING) return no('busy', 'too many DID documents are being read; retry later')
      return new Promise((resolve) => {
        const answer = (found: E.Either<NoDocument, string>): void => {
          cancel()
          waiting.delete(giveUp)
          resolve(found)
        }
        const giveUp = (): void => answer(no('busy', 'shutting down'))
        const cancel = clock.after(2 * TIMEOUT_MS, () => answer(no('unreachable', `${url.host}: no answer in time`)))
        waiting.add(giveUp)
        queue.add(url.host, async () => answer(await fetchAt(did, url)))
      })
    }
  }
}

export const createDocuments = ({ clock, directory = 'https://plc.directory', policy, resolve }: DocumentsOptions): Documents => {
  const settings = { clock, maxBodyBytes: MAX_BYTES, maxConnections: PER_HOST, timeoutMs: TIMEOUT_MS, ...(resolve === undefined ? {} : { resolve }) }
  const strangers = httpClient({ ...settings, policy })
  const known = httpClient({ resolve: platformResolve, ...settings, policy: { ...policy, trusted: directory !== 'https://plc.directory' } })
  const [hosts, listed] = [createLine(strangers, clock), createLine(known, clock)]
  let isClosed = false

  return {
    close: async () => {
      isClosed = true
      await Promise.all([hosts.close(), listed.close(), strangers.close(), known.close()])
    },
    read: async (did) => {
      const url = documentOf(did, directory, policy)
      if (E.isLeft(url)) return no('missing', `${excerpt(did)}: ${url.left}`)
      return isClosed ? no('busy', 'shutting down') : (isListed(did) ? listed : hosts).read(did, url.right)
    }
  }
}
