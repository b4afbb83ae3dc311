/**
 * The keys of accounts, and the service auth tokens that are signed with them, as account servers issue them for calls to a service.
 *
 * Keys are created on first use, and kept in memory only. Accounts get the two curves in turn, because both exist.
 *
 * Sources: atproto.com/specs/did, /specs/xrpc ("Inter-Service Authentication").
 */
import { type PrivateKeyExportable, P256PrivateKeyExportable, Secp256k1PrivateKeyExportable } from '@atcute/crypto'
import { randomBytes } from 'node:crypto'

/** The purpose of a token. */
export interface TokenFor {
  /** The DID of the service, with or without the fragment that names it. */
  readonly aud: string
  /** The expiry, in seconds since the epoch; in a minute by default. */
  readonly exp?: number
  /** The method that is called. */
  readonly lxm: string
}

export interface Signing {
  /** Gives the account a new key. Signatures with the old one become invalid. */
  readonly changeKey: (did: string) => void
  /** The verification method in the account's document. */
  readonly methodOf: (did: string) => Promise<unknown>
  /** A new token: each has a `jti` of its own. */
  readonly tokenOf: (did: string, token: TokenFor) => Promise<string>
}

const MINUTE_S = 60

const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url')

export const createSigning = (): Signing => {
  const keys = new Map<string, Promise<PrivateKeyExportable>>()
  let count = 0
  const created = (did: string): Promise<PrivateKeyExportable> => {
    const key = count++ % 2 === 0 ? Secp256k1PrivateKeyExportable.createKeypair() : P256PrivateKeyExportable.createKeypair()
    keys.set(did, key)
    return key
  }
  const keyOf = (did: string): Promise<PrivateKeyExportable> => keys.get(did) ?? created(did)

  return {
    changeKey: (did) => void keys.delete(did),
    methodOf: async (did) => ({
      controller: did,
      id: `${did}#atproto`,
      publicKeyMultibase: await (await keyOf(did)).exportPublicKey('multikey'),
      type: 'Multikey'
    }),
    tokenOf: async (did, { aud, exp, lxm }) => {
      const key = await keyOf(did)
      const iat = Math.floor(Date.now() / 1_000)
      const claims = { aud, exp: exp ?? iat + MINUTE_S, iat, iss: did, jti: randomBytes(16).toString('hex'), lxm }
      const signed = `${base64(JSON.stringify({ alg: key.jwtAlg, typ: 'JWT' }))}.${base64(JSON.stringify(claims))}`
      return `${signed}.${base64(await key.sign(new Uint8Array(Buffer.from(signed))))}`
    }
  }
}
