/**
 * DID documents, as text: from the directory for `did:plc:…`, from the host itself for `did:web:<host>`.
 *
 * Hosts are named by strangers, who also decide how often one is asked for. So each is asked few things at a time, so many wait and no more, and
 * what an answer may cost is bounded. The directory has a line of its own: hosts that say nothing keep nobody waiting who is listed there. What is
 * read of a document is the core's to say; who asks keeps it for as long as it is good.
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

/** Why there is none: it is not there; whoever has it does not answer; too many are being asked for. */
export interface NoDocument {
  readonly kind: 'busy' | 'missing' | 'unreachable'
  readonly sentence: string
}

export interface Documents {
  /** Ends all reading. Resolves when no connection is left. Idempotent. */
  readonly close: () => Promise<void>
  /** The text of the DID's document, as it is now. Never rejects. */
  readonly read: (did: Did) => Promise<E.Either<NoDocument, string>>
}

export interface DocumentsOptions {
  readonly clock: Clock
  /** The directory of `did:plc:…`, as the operator configured it; `https://plc.directory` by default. */
  readonly directory?: string
  readonly policy: Policy
  /** The resolver of the policy by default; for the public directory that of the platform. */
  readonly resolve?: Resolve
}

const MAX_BYTES = 2 ** 18
/** How long a document may take, all of it; and how long those that wait for their turn may wait before. */
const TIMEOUT_MS = 5_000

/** How many requests go on at a time: to one host, the directory among them, and to all hosts; and how many wait in either line. */
const PER_HOST = 2
const AT_A_TIME = 16
const WAITING = 64

const no = (kind: NoDocument['kind'], sentence: string): E.Either<NoDocument, never> => E.left({ kind, sentence })

/** Who waits for a document, of the directory or of other hosts. */
const createLine = ({ fetch }: Pick<HttpClient, 'fetch'>, clock: Clock) => {
  const queue = createKeyedQueue(AT_A_TIME, PER_HOST)
  /** What those hear who wait, when there is a close. */
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
