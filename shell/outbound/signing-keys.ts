/**
 * Verifies signatures against the signing keys of accounts.
 *
 * The key is in the account's DID document, and cached for a minute. If a signature does not match the cached key, the document is read once more:
 * the key may have been rotated. If the key is the same, the document is not read again for another minute: anybody can send tokens that nobody
 * signed.
 *
 * The library is @atcute/crypto: it reads the key formats of DID documents, supports both curves, and runs on Node 20. (`@atproto/crypto` and
 * `@atcute/xrpc-server`, which verify whole tokens, need Node 22; judging what a token claims is the core's task.)
 */
import { type FoundPublicKey, getPublicKeyFromDidController, verifySig } from '@atcute/crypto'
import * as E from 'fp-ts/lib/Either.js'
import { decodeSigningKey, type Did, excerpt, type TokenAlgorithm } from '../../core/index.js'
import { createKeeper } from '../lib/keeper.js'
import { setNewest } from '../lib/newest.js'
import type { Clock } from '../ports.js'
import type { Documents, NoDocument } from './documents.js'

export interface Signed {
  readonly algorithm: TokenAlgorithm
  readonly message: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

export interface SigningKeys {
  /** Whether the account's key made the signature; `Left` if its key cannot be read. Never rejects. */
  readonly isBy: (account: Did, signed: Signed) => Promise<E.Either<NoDocument, boolean>>
}

/** How many keys are cached, and for how long. */
const KEPT = 1_000
const FRESH_US = 60_000_000

type Found = E.Either<NoDocument, FoundPublicKey>

const keyIn = (account: Did, document: E.Either<NoDocument, string>): Found => {
  if (E.isLeft(document)) return document
  const written = decodeSigningKey(account)(document.right)
  const none = (sentence: string): Found => E.left({ kind: 'missing', sentence: `${excerpt(account)}: ${sentence}` })
  if (E.isLeft(written)) return none(written.left)
  const key = E.tryCatch(() => getPublicKeyFromDidController(written.right), String)
  return E.isLeft(key) ? none('the key "#atproto" of its document is none of P-256 or K-256') : key
}

const isSame = (a: FoundPublicKey, b: FoundPublicKey): boolean => a.type === b.type && Buffer.compare(a.publicKeyBytes, b.publicKeyBytes) === 0

/**
 * Whether `key` made the signature; `false` for a malformed one. Both forms of an ECDSA signature (low and high S) are accepted: token libraries
 * produce either, and replays are detected by the id of the token.
 */
const isBySafely = async (key: FoundPublicKey, { algorithm, message, signature }: Signed): Promise<boolean> =>
  key.jwtAlg === algorithm && signature.length === 64 && (await verifySig(key, signature, message, { allowMalleableSig: true }).catch(() => false))

export const createSigningKeys = (clock: Clock, documents: Documents): SigningKeys => {
  const keys = createKeeper<Found>(clock, KEPT, () => FRESH_US)
  /** Until when the document of an account is not read again. */
  const quiet = new Map<Did, number>()
  const ask = (account: Did) => async (): Promise<Found> => keyIn(account, await documents.read(account))

  return {
    isBy: async (account, signed) => {
      const isKept = keys.has(account)
      const cached = await keys.get(account, ask(account))
      if (E.isRight(cached) && (await isBySafely(cached.right, signed))) return E.right(true)
      if (!isKept || clock.now() < (quiet.get(account) ?? 0)) return E.isLeft(cached) ? cached : E.right(false)
      const renewed = await keys.renew(account, ask(account))
      if (E.isRight(cached) && E.isRight(renewed) && isSame(cached.right, renewed.right)) setNewest(quiet, account, clock.now() + FRESH_US, KEPT)
      return E.isLeft(renewed) ? renewed : E.right(await isBySafely(renewed.right, signed))
    }
  }
}
