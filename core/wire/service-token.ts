/**
 * Service auth tokens: with one, somebody's account server vouches that a call is theirs.
 *
 * What a token claims is judged here; the shell checks whether its signature is that of its issuer. Sources:
 * atproto.com/specs/xrpc, "Inter-Service Authentication"; RFC 7515 and 7519.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { clampTimeUs, Did, type TimeUs } from '../data/identifiers.js'
import { type Token, TokenId } from '../model/call.js'
import { isObject, parseJson } from './json.js'

/** What is wrong with a token: an error name that AT Protocol servers use, and a sentence for the caller. */
export interface TokenFault {
  readonly error:
    | 'BadJwt'
    | 'BadJwtAudience'
    | 'BadJwtIss'
    | 'BadJwtLexiconMethod'
    | 'BadJwtSignature'
    | 'BadJwtType'
    | 'JwtExpired'
    | 'JwtNotYetValid'
    | 'NonceNotUnique'
  readonly message: string
}

/** How a token is signed. */
export type TokenAlgorithm = 'ES256' | 'ES256K'

/** What a token says. Times are in seconds. */
export interface ServiceToken {
  readonly algorithm: TokenAlgorithm
  readonly audience: string
  readonly expires: number
  readonly id: TokenId
  readonly issued: number | null
  readonly issuer: Did
  readonly method: string
  readonly notBefore: number | null
}

type Read<A> = E.Either<TokenFault, A>

const fault = (error: TokenFault['error'], message: string): Read<never> => E.left({ error, message })
const malformed = (message: string): Read<never> => fault('BadJwt', message)

type Fields = { readonly [key: string]: unknown }

const fieldsIn = (what: string, text: string): Read<Fields> =>
  pipe(
    parseJson(text),
    O.filter(isObject),
    E.fromOption((): TokenFault => ({ error: 'BadJwt', message: `the ${what} of the token is not a JSON object` }))
  )

/** Other values of `typ` mark other kinds of tokens. */
const algorithmIn = ({ alg, crit, typ }: Fields): Read<TokenAlgorithm> => {
  if (typ !== undefined && (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT'))
    return fault('BadJwtType', 'the token is not one of service auth: its "typ" is not "JWT"')
  if (crit !== undefined) return malformed('the token has "crit" in its header, which is not understood')
  return alg === 'ES256' || alg === 'ES256K' ? E.right(alg) : malformed('the token is not signed by ES256 or ES256K')
}

const issuerIn = (header: Fields, claims: Fields): Read<Did> => {
  const { iss } = claims
  const { kid } = header
  if (!Did.is(iss)) return fault('BadJwtIss', '"iss" is not the DID of an account')
  return kid === undefined || kid === '#atproto' || kid === `${iss}#atproto`
    ? E.right(iss)
    : fault('BadJwtIss', 'the token must be signed by the key "#atproto" of its issuer')
}

const isSeconds = (u: unknown): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= 0

const secondsIn = (claims: Fields, name: 'iat' | 'nbf'): Read<number | null> => {
  const value = claims[name]
  if (value === undefined) return E.right(null)
  return isSeconds(value) ? E.right(value) : malformed(`"${name}" is not a time in whole seconds`)
}

const given = <A>(value: unknown, is: (u: unknown) => u is A, message: string): Read<A> =>
  is(value) ? E.right(value) : malformed(message)

const isText = (u: unknown): u is string => typeof u === 'string'

/**
 * What the texts of header and claims say. Total: any two strings give a token, or a sentence that says what is wrong.
 *
 * @example
 * import assert from 'node:assert'
 * import { decodeServiceToken } from '@tack-ci/core'
 *
 * const read = decodeServiceToken('{"alg":"none"}', '{}')
 * assert(read._tag === 'Left')
 * assert.strictEqual(read.left.error, 'BadJwt')
 */
export const decodeServiceToken = (header: string, claims: string): E.Either<TokenFault, ServiceToken> =>
  pipe(
    E.Do,
    E.bind('head', () => fieldsIn('header', header)),
    E.bind('body', () => fieldsIn('body', claims)),
    E.bind('algorithm', ({ head }) => algorithmIn(head)),
    E.bind('issuer', ({ body, head }) => issuerIn(head, body)),
    E.bind('audience', ({ body }) => given(body['aud'], isText, '"aud" is not one text')),
    E.bind('method', ({ body }) => given(body['lxm'], isText, '"lxm" is missing: the token has to name the method')),
    E.bind('expires', ({ body }) => given(body['exp'], isSeconds, '"exp" is not a time in whole seconds')),
    E.bind('issued', ({ body }) => secondsIn(body, 'iat')),
    E.bind('notBefore', ({ body }) => secondsIn(body, 'nbf')),
    E.bind('id', ({ body }) => given(body['jti'], TokenId.is, '"jti" is not 1 to 256 visible characters of ASCII')),
    E.map(({ algorithm, audience, expires, id, issued, issuer, method, notBefore }) => ({
      algorithm,
      audience,
      expires,
      id,
      issued,
      issuer,
      method,
      notBefore
    }))
  )

/** How far two clocks may differ, and how long a token may be good for, in seconds. */
const LEEWAY = 5
const LIFE = 300

/** Who is called, by which method, and when. */
export interface Addressed {
  readonly at: TimeUs
  /** The DID of the service that is called. */
  readonly audience: string
  readonly method: string
  /** The id under which the document of that DID lists the service: some servers append it to the audience. */
  readonly service: string
}

/**
 * Whether a token is for this call: the token to remember, or what is wrong. The signature has not been checked yet.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, decodeServiceToken, judgeServiceToken } from '@tack-ci/core'
 *
 * const method = 'sh.tangled.ci.triggerPipeline'
 * const claims = { aud: 'did:web:ci.example', exp: 60, iss: 'did:plc:alice', jti: 'x', lxm: method }
 * const token = decodeServiceToken('{"alg":"ES256K"}', JSON.stringify(claims))
 * assert(token._tag === 'Right')
 *
 * const call = { audience: 'did:web:ci.example', method, service: 'tangled_spindle' }
 * const judged = judgeServiceToken({ ...call, at: clampTimeUs(1_000_000) })(token.right)
 * assert.deepStrictEqual(judged, { _tag: 'Right', right: { id: 'x', untilUs: 65_000_000 } })
 *
 * const late = judgeServiceToken({ ...call, at: clampTimeUs(66_000_000) })(token.right)
 * assert(late._tag === 'Left')
 * assert.strictEqual(late.left.error, 'JwtExpired')
 */
export const judgeServiceToken =
  ({ at, audience, method, service }: Addressed) =>
  (token: ServiceToken): E.Either<TokenFault, Token> => {
    const now = at / 1_000_000
    const { expires, id, issued, notBefore } = token
    if (token.audience !== audience && token.audience !== `${audience}#${service}`)
      return fault('BadJwtAudience', `the token is for somebody else: "aud" must be ${audience}`)
    if (token.method !== method)
      return fault('BadJwtLexiconMethod', `the token is for another method: "lxm" must be ${method}`)
    if (now >= expires + LEEWAY) return fault('JwtExpired', 'the token has expired: get another')
    if (expires - now > LIFE + LEEWAY || (issued !== null && now - issued > LIFE + LEEWAY))
      return malformed(`the token is good for longer than ${String(LIFE)} s: get one for a minute`)
    if (issued !== null && issued >= expires) return malformed('"exp" is not later than "iat"')
    if ((issued !== null && issued > now + LEEWAY) || (notBefore !== null && notBefore > now + LEEWAY))
      return fault('JwtNotYetValid', 'the token is not valid yet: a clock is wrong')
    return E.right({ id, untilUs: clampTimeUs((expires + LEEWAY) * 1_000_000) })
  }
