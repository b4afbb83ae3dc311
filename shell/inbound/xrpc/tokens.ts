/** The token of a call: read from its header, judged by the core, its signature checked. */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import { decodeServiceToken, type Did, judgeServiceToken, type ServiceToken, type TimeUs, type Token, type TokenFault } from '../../../core/index.js'
import type { SigningKeys } from '../../outbound/signing-keys.js'
import { type HttpReply } from '../http/responses.js'
import { refused } from '../http/xrpc-answers.js'
import { webDid } from './did-document.js'

/** The limit of a token's length. A service auth token has a few hundred characters. */
const TOKEN_MAX = 8_192
const BEARER = /^Bearer +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+) *$/i

/** The caller, if the signature is theirs. */
export interface Claimed {
  readonly caller: Did
  readonly isSigned: (keys: SigningKeys) => Promise<HttpReply | null>
  readonly token: Token
}

const MISSING = refused(401, 'AuthMissing', 'a service auth token is required: "Authorization: Bearer …"', { 'www-authenticate': 'Bearer' })

export const badToken = ({ error, message }: TokenFault): HttpReply => refused(403, error, message)

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64url'))

/** UTF-8 text; invalid bytes make it invalid JSON as well. */
const textOf = (part: string): string => Buffer.from(part, 'base64url').toString()

const checked =
  ({ algorithm, issuer }: ServiceToken, message: string, signature: string): Claimed['isSigned'] =>
  async (keys) => {
    const found = await keys.isBy(issuer, { algorithm, message: new Uint8Array(Buffer.from(message)), signature: bytesOf(signature) })
    if (E.isRight(found))
      return found.right ? null : badToken({ error: 'BadJwtSignature', message: 'the token is not signed by the key "#atproto" of its issuer’s DID document' })
    const { kind, sentence } = found.left
    switch (kind) {
      case 'busy':
        return refused(503, 'NotEnoughResources', sentence, { 'retry-after': '5' })
      case 'missing':
        return badToken({ error: 'BadJwtIss', message: sentence })
      case 'unreachable':
        return refused(502, 'UpstreamFailure', `the DID document of the caller cannot be read: ${sentence}`)
    }
  }

/** Who calls by the claims of the token; `Left`: why it cannot be for this call. The signature is not checked yet. */
export const claimedBy = ({ headersDistinct }: IncomingMessage, hostname: string, method: string, at: TimeUs): E.Either<HttpReply, Claimed> => {
  const [header = '', ...others] = headersDistinct['authorization'] ?? []
  if (header === '') return E.left(MISSING)
  const [, head = '', body = '', signature = ''] = others.length === 0 && header.length <= TOKEN_MAX ? (BEARER.exec(header) ?? []) : []
  if (signature === '') return E.left(badToken({ error: 'BadJwt', message: 'the header "Authorization" must be "Bearer" and one token of three parts' }))
  const read = decodeServiceToken(textOf(head), textOf(body))
  if (E.isLeft(read)) return E.left(badToken(read.left))
  const token = judgeServiceToken({ at, audience: webDid(hostname), method, service: 'tangled_spindle' })(read.right)
  return E.isLeft(token)
    ? E.left(badToken(token.left))
    : E.right({ caller: read.right.issuer, isSigned: checked(read.right, `${head}.${body}`, signature), token: token.right })
}
