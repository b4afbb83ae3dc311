/** Calls and their tokens: what is read of the texts, and every claim that is wrong. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { clampTimeUs, decodeCall, decodeDidDocument, decodeKnotOfRepository, decodeServiceToken, decodeSigningKey, Did, judgeServiceToken } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const ALICE = must(Did.decode('did:plc:alice'))
const METHOD = 'sh.tangled.ci.triggerPipeline'
const AUDIENCE = 'did:web:ci.example'
const NOW = 1_000_000

const claimed = (claims: object = {}) => ({ aud: AUDIENCE, exp: NOW + 60, iat: NOW, iss: ALICE, jti: 'x', lxm: METHOD, ...claims })
const read = (header: unknown, claims: unknown) => decodeServiceToken(JSON.stringify(header), JSON.stringify(claims))
const HEADER = { alg: 'ES256K', typ: 'JWT' }

describe('a token', () => {
  test('says who calls whom, how, and until when', () => {
    expect(read(HEADER, claimed({ nbf: 7 }))).toEqual(
      E.right({ algorithm: 'ES256K', audience: AUDIENCE, expires: NOW + 60, id: 'x', issued: NOW, issuer: ALICE, method: METHOD, notBefore: 7 })
    )
    expect(read({ alg: 'ES256' }, { aud: 'a', exp: 0, iss: ALICE, jti: 'y', lxm: 'm' })).toEqual(
      E.right({ algorithm: 'ES256', audience: 'a', expires: 0, id: 'y', issued: null, issuer: ALICE, method: 'm', notBefore: null })
    )
  })

  test.each([{ typ: 'jwt' }, { typ: undefined }, { kid: '#atproto' }, { kid: `${ALICE}#atproto` }])('may have the header %j', (header) => {
    expect(E.isRight(read({ ...HEADER, ...header }, claimed()))).toBe(true)
  })

  test.each<readonly [string, string, unknown, unknown]>([
    ['BadJwt', 'the header of the token is not a JSON object', [], claimed()],
    ['BadJwt', 'the body of the token is not a JSON object', HEADER, null],
    ['BadJwtType', 'the token is not one of service auth: its "typ" is not "JWT"', { ...HEADER, typ: 'at+jwt' }, claimed()],
    ['BadJwtType', 'the token is not one of service auth: its "typ" is not "JWT"', { ...HEADER, typ: 7 }, claimed()],
    ['BadJwt', 'the token has "crit" in its header, which is not understood', { ...HEADER, crit: [] }, claimed()],
    ['BadJwt', 'the token is not signed by ES256 or ES256K', { alg: 'none' }, claimed()],
    ['BadJwtIss', '"iss" is not the DID of an account', HEADER, claimed({ iss: 'alice' })],
    ['BadJwtIss', 'the token must be signed by the key "#atproto" of its issuer', { ...HEADER, kid: '#other' }, claimed()],
    ['BadJwt', '"aud" is not one text', HEADER, claimed({ aud: [AUDIENCE] })],
    ['BadJwt', '"lxm" is missing: the token has to name the method', HEADER, claimed({ lxm: undefined })],
    ['BadJwt', '"exp" is not a time in whole seconds', HEADER, claimed({ exp: '1' })],
    ['BadJwt', '"exp" is not a time in whole seconds', HEADER, claimed({ exp: -1 })],
    ['BadJwt', '"exp" is not a time in whole seconds', HEADER, claimed({ exp: 1.5 })],
    ['BadJwt', '"iat" is not a time in whole seconds', HEADER, claimed({ iat: null })],
    ['BadJwt', '"nbf" is not a time in whole seconds', HEADER, claimed({ nbf: 'soon' })],
    ['BadJwt', '"jti" is not 1 to 256 visible characters of ASCII', HEADER, claimed({ jti: '' })]
  ])('%s: %s', (error, message, header, claims) => {
    expect(read(header, claims)).toEqual(E.left({ error, message }))
  })

  const judged = (claims: object, nowS = NOW) =>
    E.chain(judgeServiceToken({ at: clampTimeUs(nowS * 1_000_000), audience: AUDIENCE, method: METHOD, service: 'tangled_spindle' }))(read(HEADER, claimed(claims)))

  test.each<readonly [string, object, number]>([
    ['as it comes', {}, NOW],
    ['for the service by its id', { aud: `${AUDIENCE}#tangled_spindle` }, NOW],
    ['almost five seconds too late', {}, NOW + 64.999999],
    ['five seconds early', { exp: NOW + 60, iat: NOW + 5, nbf: NOW + 5 }, NOW],
    ['that is good for as long as one may be', { exp: NOW + 305, iat: undefined }, NOW],
    ['that was issued as long ago as one may be', { exp: NOW + 60, iat: NOW - 305 }, NOW]
  ])('counts: one %s', (_, claims, nowS) => {
    const { exp = NOW + 60 } = claims as { readonly exp?: number }
    expect(judged(claims, nowS)).toEqual(E.right({ id: 'x', untilUs: (exp + 5) * 1_000_000 }))
  })

  const LONG = 'the token is good for longer than 300 s: get one for a minute'
  test.each<readonly [string, string, object, number]>([
    ['BadJwtAudience', `the token is for somebody else: "aud" must be ${AUDIENCE}`, { aud: 'did:web:other.example' }, NOW],
    ['BadJwtAudience', `the token is for somebody else: "aud" must be ${AUDIENCE}`, { aud: `${AUDIENCE}#other` }, NOW],
    ['BadJwtLexiconMethod', `the token is for another method: "lxm" must be ${METHOD}`, { lxm: 'sh.tangled.ci.cancelPipeline' }, NOW],
    ['JwtExpired', 'the token has expired: get another', {}, NOW + 65],
    ['BadJwt', LONG, { exp: NOW + 306, iat: undefined }, NOW],
    ['BadJwt', LONG, { iat: NOW - 306 }, NOW],
    ['BadJwt', '"exp" is not later than "iat"', { exp: NOW + 3, iat: NOW + 3 }, NOW],
    ['JwtNotYetValid', 'the token is not valid yet: a clock is wrong', { iat: NOW + 6 }, NOW],
    ['JwtNotYetValid', 'the token is not valid yet: a clock is wrong', { iat: undefined, nbf: NOW + 6 }, NOW]
  ])('does not count: %s, %s', (error, message, claims, nowS) => {
    expect(judged(claims, nowS)).toEqual(E.left({ error, message }))
  })
})

describe('the body of a call', () => {
  const CANCEL = 'sh.tangled.ci.cancelPipeline'
  const SHA = 'a'.repeat(40)
  const REPO = 'did:plc:app'
  const ID = '3mbd3542k2222'
  const $type = 'sh.tangled.ci.trigger#manual'
  const cause = (fields: object) => ({ _tag: 'Manual', inputs: [], ref: null, sha: null, ...fields })

  test.each<readonly [string, typeof CANCEL | typeof METHOD, object, object]>([
    ['to cancel all', CANCEL, { pipeline: ID, repo: REPO }, { _tag: 'CancelPipeline', pipeline: ID, repo: REPO, workflows: null }],
    ['to cancel all, by a list of none', CANCEL, { pipeline: ID, repo: REPO, workflows: [] }, { _tag: 'CancelPipeline', pipeline: ID, repo: REPO, workflows: null }],
    ['to cancel some', CANCEL, { pipeline: ID, repo: REPO, workflows: ['ci.yml'] }, { _tag: 'CancelPipeline', pipeline: ID, repo: REPO, workflows: ['ci.yml'] }],
    [
      'to build a commit',
      METHOD,
      { repo: REPO, trigger: { $type, inputs: [{ key: 'k', value: 'v' }], ref: 'refs/heads/main', sha: SHA, sourceRepo: REPO } },
      { _tag: 'TriggerPipeline', cause: cause({ inputs: [['k', 'v']], ref: 'refs/heads/main', sha: SHA }), repo: REPO, workflows: null }
    ],
    [
      'to build the head again, which is shown as zeros',
      METHOD,
      { repo: REPO, trigger: { $type, sha: '0'.repeat(40), sourceRepo: null }, workflows: ['ci.yml'] },
      { _tag: 'TriggerPipeline', cause: cause({}), repo: REPO, workflows: ['ci.yml'] }
    ]
  ])('asks %s', (_, method, body, call) => {
    expect(decodeCall(method)(JSON.stringify(body))).toEqual(E.right(call))
  })

  test.each<readonly [string, typeof CANCEL | typeof METHOD, unknown]>([
    ['the body is not a JSON object', CANCEL, []],
    ['workflows[0] is not the name of a workflow', CANCEL, { pipeline: ID, repo: REPO, workflows: [7] }],
    ['pipeline is not the id of a pipeline, a TID', CANCEL, { pipeline: 'x', repo: REPO }],
    [`trigger is not of the kind "${$type}", and others are not built by a call`, METHOD, { repo: REPO, trigger: { $type: 'sh.tangled.ci.trigger#push', sha: SHA } }],
    ['trigger.sourceRepo is another repository, and what is in a fork is not built', METHOD, { repo: REPO, trigger: { $type, sha: SHA, sourceRepo: 'did:plc:fork' } }]
  ])('is refused: %s', (message, method, body) => {
    expect(decodeCall(method)(JSON.stringify(body))).toEqual(E.left(message))
  })

  test.each<readonly [string, typeof CANCEL | typeof METHOD, object]>([
    ['repo', CANCEL, { pipeline: ID }],
    ['trigger', METHOD, { repo: REPO }],
    ['trigger.sha', METHOD, { repo: REPO, trigger: { $type, sha: 'x' } }],
    ['trigger.sha', METHOD, { repo: REPO, trigger: { $type } }]
  ])('is refused, and %s is named', (place, method, body) => {
    expect(decodeCall(method)(JSON.stringify(body))).toEqual(E.left(expect.stringContaining(place)))
  })
})

describe('a DID document', () => {
  const document = (fields: object): string => JSON.stringify({ id: ALICE, ...fields })
  const key = (fields: object = {}) => ({ controller: ALICE, id: `${ALICE}#atproto`, publicKeyMultibase: 'zQ3s', type: 'Multikey', ...fields })
  const KEY = { publicKeyMultibase: 'zQ3s', type: 'Multikey' }

  test.each<readonly [string, ReadonlyArray<unknown>]>([
    ['by its whole id', [key()]],
    ['by its fragment', [key({ id: '#atproto' })]],
    ['without a controller', [key({ controller: undefined })]],
    ['after what is no key of its', [null, key({ id: '#other' }), key({ controller: 'did:plc:bob' }), key({ publicKeyMultibase: 7 }), key({ type: 7 }), key(), key({ publicKeyMultibase: 'z' })]]
  ])('has a key %s', (_, verificationMethod) => {
    expect(decodeSigningKey(ALICE)(document({ verificationMethod }))).toEqual(E.right(KEY))
  })

  test.each<readonly [string, string]>([
    ['the document is not JSON', '{'],
    ['the document is not an object', '[]'],
    ['the document is for another DID', '{"id":"did:plc:bob"}'],
    ['the document has no list of keys', document({})],
    ['the document has no key "#atproto"', document({ verificationMethod: [key({ id: '#other' })] })]
  ])('is without a key: %s', (message, text) => {
    expect(decodeSigningKey(ALICE)(text)).toEqual(E.left(message))
  })

  const service = (fields: object = {}) => ({ id: '#tangled_knot', serviceEndpoint: 'https://knot.example', type: 'TangledKnot', ...fields })
  test('names a server for records, and a knot, by fragment or whole id', () => {
    const pds = { id: `${ALICE}#atproto_pds`, serviceEndpoint: 'https://pds.example', type: 'AtprotoPersonalDataServer' }
    const text = document({ service: [7, service({ serviceEndpoint: 7 }), service({ type: 'Other' }), service({ id: '#x' }), service(), pds] })
    expect(decodeKnotOfRepository(ALICE)(text)).toEqual(E.right('https://knot.example'))
    expect(decodeDidDocument(ALICE)(text)).toEqual(E.right('https://pds.example'))
    expect(decodeKnotOfRepository(ALICE)(document({ service: [pds] }))).toEqual(E.right(null))
    expect(decodeDidDocument(ALICE)(document({ service: [service()] }))).toEqual(E.left('the document names no server for records'))
    expect(decodeDidDocument(ALICE)(document({}))).toEqual(E.left('the document names no server for records'))
    expect(decodeDidDocument(ALICE)('{"id":"did:plc:bob"}')).toEqual(E.left('the document is for another DID'))
  })
})
