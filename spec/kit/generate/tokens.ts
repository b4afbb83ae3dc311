/** Tokens of service auth: every claim that is good, and every one that is not, at its limits. */
import { all, type Case, of } from './cases.js'

const NOW = 1_000_000
const CALL = { at: NOW * 1_000_000, audience: 'did:web:ci.example', method: 'sh.tangled.ci.triggerPipeline', service: 'tangled_spindle' }
const HEADER = { alg: 'ES256K', typ: 'JWT' }
const CLAIMS = { aud: CALL.audience, exp: NOW + 60, iat: NOW, iss: 'did:plc:alice', jti: 'x', lxm: CALL.method }

interface Written {
  readonly at?: number
  readonly claims?: object
  readonly header?: object
}

const token = ({ at = NOW, claims = {}, header = {} }: Written) => ({
  ...CALL,
  at: Math.round(at * 1_000_000),
  claims: JSON.stringify({ ...CLAIMS, ...claims }),
  header: JSON.stringify({ ...HEADER, ...header })
})

const good = (name: string, written: Written, id = 'x', exp = NOW + 60): Case => of('T7')(name, token(written), { id, untilUs: (exp + 5) * 1_000_000 })

const bad = (error: string, cases: { readonly [name: string]: Written }): ReadonlyArray<Case> =>
  all('T7', { error })(Object.fromEntries(Object.entries(cases).map(([name, written]) => [name, token(written)])))

export const SERVICE_TOKENS: ReadonlyArray<Case> = [
  good('a token by ES256K', {}),
  good('by ES256', { header: { alg: 'ES256' } }),
  good('for the service by its fragment', { claims: { aud: `${CALL.audience}#tangled_spindle` } }),
  good('without "typ"', { header: { typ: undefined } }),
  good('with "typ" in small letters', { header: { typ: 'jwt' } }),
  good('that names its key', { header: { kid: '#atproto' } }),
  good('that names its key in full', { header: { kid: 'did:plc:alice#atproto' } }),
  good('without "iat"', { claims: { iat: undefined } }),
  good('with fields that nobody knows', { claims: { scope: 'x' }, header: { x: 1 } }),
  good('with an id of 256 characters', { claims: { jti: '!'.repeat(256) } }, '!'.repeat(256)),
  good('a microsecond before it is too late', { at: NOW + 64.999999 }),
  good('five seconds early', { claims: { iat: NOW + 5, nbf: NOW + 5 } }),
  good('good for as long as one may be', { claims: { exp: NOW + 305, iat: undefined } }, 'x', NOW + 305),
  good('issued as long ago as one may be', { claims: { iat: NOW - 305 } }),
  of('T7')('a time that is written with a fraction of zero', { ...token({}), claims: JSON.stringify(CLAIMS).replace(String(NOW + 60), `${String(NOW + 60)}.0`) }, { id: 'x', untilUs: (NOW + 65) * 1_000_000 }),
  of('T7')('a claim that comes twice: the last counts', { ...token({}), claims: JSON.stringify(CLAIMS).replace('"jti":"x"', '"jti":"y","jti":"x"') }, { id: 'x', untilUs: (NOW + 65) * 1_000_000 }),
  of('T7')('a header that is no JSON', { ...token({}), header: '{' }, { error: 'BadJwt' }),
  of('T7')('claims that are a list', { ...token({}), claims: '[]' }, { error: 'BadJwt' }),
  ...bad('BadJwtType', {
    'of another kind': { header: { typ: 'at+jwt' } },
    'whose kind is no text': { header: { typ: 7 } },
    'whose kind is null': { header: { typ: null } }
  }),
  ...bad('BadJwt', {
    'signed by nobody': { header: { alg: 'none' } },
    'by a secret': { header: { alg: 'HS256' } },
    'with what has to be understood': { header: { crit: [] } },
    'for several': { claims: { aud: [CALL.audience] } },
    'for any method': { claims: { lxm: undefined } },
    'without an end': { claims: { exp: undefined } },
    'with a part of a second': { claims: { exp: NOW + 0.5 } },
    'that ends before the epoch': { claims: { exp: -1 } },
    'whose end is text': { claims: { exp: String(NOW + 60) } },
    'with "iat" null': { claims: { iat: null } },
    'with "nbf" that is text': { claims: { nbf: 'soon' } },
    'with "nbf" before the epoch': { claims: { nbf: -1 } },
    'without an id': { claims: { jti: undefined } },
    'with an empty id': { claims: { jti: '' } },
    'with an id of 257 characters': { claims: { jti: 'x'.repeat(257) } },
    'with a blank in its id': { claims: { jti: 'a b' } },
    'with a line end after its id': { claims: { jti: 'a\n' } },
    'good for too long': { claims: { exp: NOW + 306, iat: undefined } },
    'issued too long ago': { claims: { iat: NOW - 306 } },
    'that ends as it begins': { claims: { exp: NOW + 3, iat: NOW + 3 } }
  }),
  ...bad('BadJwtIss', {
    'of nobody': { claims: { iss: undefined } },
    'of a handle': { claims: { iss: 'alice.example' } },
    'of a service': { claims: { iss: 'did:plc:alice#bsky_fg' } },
    'by another key': { header: { kid: '#other' } },
    'by a key of somebody else': { header: { kid: 'did:plc:bob#atproto' } },
    'by a key that is null': { header: { kid: null } }
  }),
  ...bad('BadJwtAudience', {
    'for another spindle': { claims: { aud: 'did:web:other.example' } },
    'for another service': { claims: { aud: `${CALL.audience}#tangled_knot` } }
  }),
  ...bad('BadJwtLexiconMethod', { 'for another method': { claims: { lxm: 'sh.tangled.ci.cancelPipeline' } } }),
  ...bad('JwtExpired', { 'five seconds too late': { at: NOW + 65 } }),
  ...bad('JwtNotYetValid', {
    'issued later than now': { claims: { iat: NOW + 6 } },
    'not valid yet': { claims: { iat: undefined, nbf: NOW + 6 } }
  })
]
