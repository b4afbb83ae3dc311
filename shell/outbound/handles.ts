/**
 * Verified handles of accounts, for display: the handle that an account's DID document names, if the handle names the account as well.
 *
 * Nobody waits for a handle: `of` returns what is known, and starts a look-up if nothing is. Strangers write documents and handles, so the number of
 * look-ups, their time and their size are limited, each goes through the guard, and a handle that cannot be verified is not shown.
 *
 * A handle is verified by the TXT record of `_atproto.<handle>` or, if there is none, by `https://<handle>/.well-known/atproto-did`. No library is
 * used: it would take more code to make one use the guard than these two look-ups and a comparison. Source: atproto.com/specs/handle.
 */
import * as E from 'fp-ts/lib/Either.js'
import { isUtf8 } from 'node:buffer'
import { decodeHandle, type Did } from '../../core/index.js'
import { setNewest } from '../lib/newest.js'
import { createKeyedQueue } from '../lib/queue.js'
import type { Clock } from '../ports.js'
import type { Documents } from './documents.js'
import type { Policy, Resolve } from './guard.js'
import { httpClient } from './http-client.js'
import { type ResolveText, textsOf } from './resolver.js'

export interface Handles {
  /** Cancels all look-ups. Resolves when no connection is left. Idempotent. */
  readonly close: () => Promise<void>
  /** The verified handle of the account; `null` while none is known. */
  readonly of: (did: Did) => string | null
  /** Increases whenever a result of `of` changes. */
  readonly version: () => number
}

export interface HandlesOptions {
  readonly clock: Clock
  readonly documents: Pick<Documents, 'read'>
  /** The port at which names below `.localhost` are served over plain HTTP, on the embedded network. Unset, such names are not handles. */
  readonly localPort?: number
  readonly policy: Policy
  readonly resolve?: Resolve
  readonly texts?: ResolveText
}

/** How many accounts are cached. The page shows some three thousand at most. */
const KEPT = 5_000

/** After how long a handle is looked up again; then, the same for an account without one, or after a failure. */
const AGAIN_US = 3_600_000_000
const WITHOUT_US = 600_000_000

/** How long a handle is shown if it cannot be verified again: a day. */
const SHOWN_US = 86_400_000_000

/** Concurrent look-ups, and the limit of pending ones. A look-up beyond it is dropped, and starts the next time the handle is asked for. */
const AT_A_TIME = 4
const WAITING = 500

const MAX_BODY_BYTES = 2_048
const TIMEOUT_MS = 5_000

interface Known {
  readonly handle: string | null
  /** When to look it up again. */
  readonly againUs: number
  /** When it was last verified. */
  readonly sinceUs: number
}

/** Whether the handle belongs to the account; `null` if this cannot be told now. */
type Verdict = boolean | null

/** What the TXT records say; `null` if there are none. Several that differ do not verify the handle. */
const saidIn = (records: ReadonlyArray<string>, did: Did): boolean | null => {
  const named = new Set(records.flatMap((record) => (record.startsWith('did=') ? [record.slice(4)] : [])))
  return named.size === 0 ? null : named.size === 1 && named.has(did)
}

export const createHandles = ({ clock, documents, localPort, policy, resolve, texts = textsOf() }: HandlesOptions): Handles => {
  const client = httpClient({ clock, maxBodyBytes: MAX_BODY_BYTES, maxConnections: 1, policy, timeoutMs: TIMEOUT_MS, ...(resolve === undefined ? {} : { resolve }) })
  const queue = createKeyedQueue(AT_A_TIME, 1)
  const known = new Map<Did, Known>()
  const waiting = new Set<Did>()
  const closing = new AbortController()
  let version = 0

  const isLocal = (handle: string): boolean => handle.endsWith('.localhost')

  const byText = async (handle: string, did: Did): Promise<Verdict> =>
    isLocal(handle) ? null : saidIn(await texts(`_atproto.${handle}`, closing.signal).catch(() => []), did)

  const byHost = async (handle: string, did: Did): Promise<Verdict> => {
    const server = isLocal(handle) ? `http://${handle}:${String(localPort)}` : `https://${handle}`
    if (!URL.canParse(server)) return false
    try {
      const response = await client.fetch(`${server}/.well-known/atproto-did`, { headers: { accept: 'text/plain' } })
      const bytes = Buffer.from(await response.arrayBuffer())
      if (response.status === 200) return isUtf8(bytes) && bytes.toString().trim() === did
      return response.status === 404 || response.status === 410 ? false : null
    } catch {
      return null
    }
  }

  const lookUp = async (did: Did): Promise<string | null | undefined> => {
    const document = await documents.read(did)
    if (E.isLeft(document)) return document.left.kind === 'missing' ? null : undefined
    const handle = decodeHandle(did)(document.right)
    if (E.isLeft(handle)) return undefined
    if (handle.right === null || (isLocal(handle.right) && localPort === undefined)) return null
    const verdict = (await byText(handle.right, did)) ?? (await byHost(handle.right, did))
    return verdict === null ? undefined : verdict ? handle.right : null
  }

  const keep = (did: Did, found: string | null | undefined): void => {
    const now = clock.now()
    const before = known.get(did)
    const isBelieved = before !== undefined && now - before.sinceUs < SHOWN_US
    const handle = found === undefined ? (isBelieved ? before.handle : null) : found
    const sinceUs = found === undefined && before !== undefined ? before.sinceUs : now
    setNewest(known, did, { againUs: now + (found === undefined || handle === null ? WITHOUT_US : AGAIN_US), handle, sinceUs }, KEPT)
    if (handle !== (before?.handle ?? null)) version++
  }

  const begin = (did: Did): void => {
    if (waiting.size >= WAITING || waiting.has(did) || closing.signal.aborted) return
    waiting.add(did)
    queue.add(did, async () => {
      const found = await lookUp(did).catch(() => undefined)
      waiting.delete(did)
      if (!closing.signal.aborted) keep(did, found)
    })
  }

  return {
    close: async () => {
      closing.abort()
      await Promise.all([queue.close(), client.close()])
    },
    of: (did) => {
      const found = known.get(did)
      if (found === undefined || clock.now() >= found.againUs) begin(did)
      return found === undefined || clock.now() - found.sinceUs >= SHOWN_US ? null : found.handle
    },
    version: () => version
  }
}
