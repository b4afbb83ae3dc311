/** Calls over XRPC, on real sockets, by tokens that are signed and not signed: who may, what comes of it, and what everybody else hears. */
import { type PrivateKeyExportable, P256PrivateKeyExportable, Secp256k1PrivateKeyExportable } from '@atcute/crypto'
import * as E from 'fp-ts/lib/Either.js'
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Builds, type Did, HostName, OrderedMap, pipelineAt, Rkey, Tid, tidOf, TimeUs } from '../../../core/index.js'
import type { ServerConfig } from '../../../shell/inbound/server.js'
import { createBegunRuns } from '../../../shell/inbound/xrpc/calls.js'
import { claimedBy } from '../../../shell/inbound/xrpc/tokens.js'
import { createDocuments } from '../../../shell/outbound/documents.js'
import { createSigningKeys } from '../../../shell/outbound/signing-keys.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { httpServer } from '../support/sockets.js'
import { ask, createWorld, eventually, HOSTNAME, KNOT, raw, serve, type Serving, type World } from './support.js'

const ALICE = 'did:plc:aliceaaaaaaaaaaaaaaaaaaa' as Did
const BOB = 'did:plc:bobbbbbbbbbbbbbbbbbbbbbb' as Did
const REPO = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'
const AT = 1_767_225_600
const AUDIENCE = `did:web:${HOSTNAME}`
const TRIGGER = 'sh.tangled.ci.triggerPipeline'
const CANCEL = 'sh.tangled.ci.cancelPipeline'
const SHA = 'c'.repeat(40)

interface Place extends Serving {
  readonly asked: ReadonlyArray<string>
  readonly keys: Map<string, PrivateKeyExportable>
  readonly setDocument: (did: string, document: string | number) => void
  readonly world: World
  nowS: number
}

/** A spindle that builds Alice's repository, and a directory that has her document, and Bob's. */
const place = async (limits: NonNullable<ServerConfig['limits']> = {}): Promise<Place> => {
  const at = { nowS: AT }
  const world = createWorld({ clock: { after: () => () => undefined, now: () => (at.nowS * 1_000_000) as TimeUs } })
  world.openStream()
  world.publishRepo({ owner: ALICE, repoDid: REPO })
  world.openKnot()
  const keys = new Map<string, PrivateKeyExportable>([
    [ALICE, await Secp256k1PrivateKeyExportable.createKeypair()],
    [BOB, await P256PrivateKeyExportable.createKeypair()]
  ])
  const documents = new Map<string, string | number>()
  const asked: Array<string> = []
  const documentOf = async (did: string): Promise<string> => {
    const publicKeyMultibase = (await keys.get(did)?.exportPublicKey('multikey')) ?? ''
    return JSON.stringify({ id: did, verificationMethod: [{ controller: did, id: `${did}#atproto`, publicKeyMultibase, type: 'Multikey' }] })
  }
  const { port } = await httpServer((request, response) => {
    const did = (request.url ?? '').slice(1)
    asked.push(did)
    const given = documents.get(did)
    if (typeof given === 'number') response.writeHead(given).end()
    else void documentOf(did).then((text) => response.end(given ?? text))
  })
  const clock = { after: () => () => undefined, now: () => (at.nowS * 1_000_000) as TimeUs }
  const reader = createDocuments({ clock, directory: `http://127.0.0.1:${String(port)}`, policy: { allowLoopback: true } })
  onTestFinished(reader.close)
  const serving = await serve(world, { keys: createSigningKeys(clock, reader), limits })
  return Object.assign(at, serving, { asked, keys, setDocument: (did: string, document: string | number) => void documents.set(did, document), world })
}

interface Forged {
  readonly by?: string
  readonly claims?: object
  readonly header?: object
  /** What is made of the token when it has been signed. */
  readonly spoil?: (token: string) => string
}

const b64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
let tokens = 0

const tokenOf = async ({ keys, nowS }: Place, { by = ALICE, claims = {}, header = {}, spoil = (token) => token }: Forged = {}): Promise<string> => {
  const key = keys.get(by) ?? (await P256PrivateKeyExportable.createKeypair())
  const body = { aud: AUDIENCE, exp: nowS + 60, iat: nowS, iss: by, jti: `t${String((tokens += 1))}`, lxm: TRIGGER, ...claims }
  const message = `${b64({ alg: key.jwtAlg, typ: 'JWT', ...header })}.${b64(body)}`
  return spoil(`${message}.${Buffer.from(await key.sign(new Uint8Array(Buffer.from(message)))).toString('base64url')}`)
}

const wish = (changes: object = {}): string => JSON.stringify({ repo: REPO, trigger: { $type: 'sh.tangled.ci.trigger#manual', sha: SHA }, ...changes })

const post = async ({ url }: Place, method: string, body: string, authorization: string | null): Promise<{ readonly body: Record<string, string>; readonly status: number }> => {
  const heard = await ask(url, `/xrpc/${method}`, {
    body,
    headers: { 'content-length': String(Buffer.byteLength(body)), 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
    method: 'POST'
  })
  expect(heard.headers['access-control-allow-origin']).toBe('*')
  expect(heard.headers['www-authenticate']).toBe(heard.status === 401 ? 'Bearer' : undefined)
  const said = JSON.parse(heard.body) as Record<string, string>
  if (heard.status !== 200) expect(said['message']).toMatch(/^[^\n]{10,300}$/)
  return { body: said, status: heard.status }
}

const waiting = ({ world }: Place) =>
  OrderedMap.toEntries(world.state().builds.runs).flatMap(([key, { phase }]) =>
    phase._tag === 'Reading' ? [{ knot: Builds.splitKey(key)[0], number: phase.request.number, rkey: Builds.splitKey(key)[1] }] : []
  )

/** The files of all that is waited for are read: a workflow of another engine. */
const readAll = (at: Place, names = ['ci.yml']): void => {
  for (const run of waiting(at))
    at.world.apply({
      _tag: 'WorkflowsRead',
      at: at.nowS * 1_000_000,
      defaultBranch: 'main',
      ...run,
      sources: [],
      unkept: [],
      workflows: names.map((name) => ({ _tag: 'Faulty', content: '', error: 'not YAML', name, when: null }))
    })
}

/** Calls with that token, and lets what it begins be read. */
const triggers = async (at: Place, forged: Forged, body = wish()): Promise<readonly [number, string]> => {
  const answer = post(at, TRIGGER, body, `Bearer ${await tokenOf(at, forged)}`)
  await Promise.race([answer, eventually(() => expect(waiting(at)).toHaveLength(1))])
  readAll(at)
  const { body: said, status } = await answer
  return [status, said['error'] ?? said['pipeline'] ?? '']
}

const PIPELINE = new RegExp(`^at://did:web:${KNOT}/sh\\.tangled\\.pipeline/([2-7a-j][2-7a-z]{12})$`)

/** The signature with n − s for s, which is as good: n is the order of K-256. */
const otherForm = (signature: string): string => {
  const bytes = Buffer.from(signature, 'base64url')
  const s = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString('base64url')
}

describe('a token', () => {
  const GOOD: ReadonlyArray<readonly [string, Forged]> = [
    ['by ES256K', {}],
    ['of a person with a key of ES256', { by: BOB }],
    ['with the fragment of the service', { claims: { aud: `${AUDIENCE}#tangled_spindle` } }],
    ['without "typ"', { header: { typ: undefined } }],
    ['with "typ" in small letters', { header: { typ: 'jwt' } }],
    ['that names its key', { header: { kid: '#atproto' } }],
    ['without "iat"', { claims: { iat: undefined } }],
    ['with "nbf"', { claims: { nbf: AT } }],
    ['by a clock that is four seconds ahead', { claims: { exp: AT + 64, iat: AT + 4, nbf: AT + 4 } }],
    ['with the other form of its signature', { spoil: (token) => token.replace(/[^.]+$/, otherForm) }],
    ['that ended four seconds ago, by ours', { claims: { exp: AT - 4, iat: AT - 64 } }]
  ]
  it.each(GOOD)('counts: %s', async (_, forged) => {
    const at = await place()
    at.world.apply(collaborator(at))
    const [status, said] = await triggers(at, forged)
    expect([status, said]).toEqual([200, expect.stringMatching(PIPELINE)])
  })

  const FORGED: ReadonlyArray<readonly [string, Forged, string]> = [
    ['signed by nobody', { header: { alg: 'none' } }, 'BadJwt'],
    ['signed by a secret', { header: { alg: 'HS256' } }, 'BadJwt'],
    ['that says the other curve', { header: { alg: 'ES256' } }, 'BadJwtSignature'],
    ['signed by somebody else', { by: BOB, claims: { iss: ALICE }, header: { alg: 'ES256K' } }, 'BadJwtSignature'],
    ['changed after it was signed', { spoil: (token) => token.replace(/\.[^.]+\./, `.${b64({ aud: AUDIENCE, exp: AT + 61, iss: ALICE, jti: 'x', lxm: TRIGGER })}.`) }, 'BadJwtSignature'],
    ['with a signature of zeros', { spoil: (token) => token.replace(/[^.]+$/, 'A'.repeat(86)) }, 'BadJwtSignature'],
    ['with a signature that is too short', { spoil: (token) => token.slice(0, -4) }, 'BadJwtSignature'],
    ['without a signature', { spoil: (token) => token.replace(/[^.]+$/, '') }, 'BadJwt'],
    ['of four parts', { spoil: (token) => `${token}.x` }, 'BadJwt'],
    ['that is none', { spoil: () => 'secret' }, 'BadJwt'],
    ['that is too long', { spoil: (token) => token.padEnd(9_000, 'A') }, 'BadJwt'],
    ['whose body is no JSON', { spoil: (token) => token.replace(/\.[^.]+\./, `.${b64('x')}.`) }, 'BadJwt'],
    ['that is over', { claims: { exp: AT - 5, iat: AT - 65 } }, 'JwtExpired'],
    ['that is good for an hour', { claims: { exp: AT + 3_600 } }, 'BadJwt'],
    ['that was issued ten minutes ago', { claims: { iat: AT - 600 } }, 'BadJwt'],
    ['that ends before it begins', { claims: { exp: AT + 1, iat: AT + 2 } }, 'BadJwt'],
    ['that was issued tomorrow', { claims: { exp: AT + 90, iat: AT + 30 } }, 'JwtNotYetValid'],
    ['that is not good yet', { claims: { nbf: AT + 30 } }, 'JwtNotYetValid'],
    ['without an end', { claims: { exp: undefined } }, 'BadJwt'],
    ['for another spindle', { claims: { aud: 'did:web:other.example' } }, 'BadJwtAudience'],
    ['for another service of ours', { claims: { aud: `${AUDIENCE}#tangled_knot` } }, 'BadJwtAudience'],
    ['for several', { claims: { aud: [AUDIENCE] } }, 'BadJwt'],
    ['for another method', { claims: { lxm: CANCEL } }, 'BadJwtLexiconMethod'],
    ['for every method', { claims: { lxm: undefined } }, 'BadJwt'],
    ['without an id', { claims: { jti: undefined } }, 'BadJwt'],
    ['with an id that is too long', { claims: { jti: 'x'.repeat(257) } }, 'BadJwt'],
    ['of a service', { claims: { iss: `${ALICE}#bsky_fg` } }, 'BadJwtIss'],
    ['by another key', { header: { kid: '#other' } }, 'BadJwtIss'],
    ['of another kind', { header: { typ: 'at+jwt' } }, 'BadJwtType'],
    ['with what has to be understood', { header: { crit: ['x'] } }, 'BadJwt']
  ]
  it.each(FORGED)('does not count: %s', async (_, forged, error) => {
    const at = await place()
    expect(await triggers(at, forged)).toEqual([403, error])
    expect(at.delivered).toEqual([])
  })

  it('counts once, also where nothing came of it', async () => {
    const at = await place()
    const claims = { jti: 'once' }
    expect((await triggers(at, { claims }))[0]).toBe(200)
    expect(await triggers(at, { claims })).toEqual([403, 'NonceNotUnique'])
    at.nowS += 64
    expect(await triggers(at, { claims: { ...claims, exp: AT + 60, iat: AT } })).toEqual([403, 'NonceNotUnique'])
    // What was read of its issuer is too old by now, and not read again.
    expect(at.asked).toEqual([ALICE])
    at.nowS += 2
    expect(await triggers(at, { claims: { ...claims, exp: AT + 60, iat: AT } })).toEqual([403, 'JwtExpired'])
  })

  it('a token that is missing, or comes twice, is asked for', async () => {
    const at = await place()
    const token = await tokenOf(at)
    expect(await post(at, TRIGGER, wish(), null)).toMatchObject({ body: { error: 'AuthMissing' }, status: 401 })
    expect(await post(at, TRIGGER, wish(), 'Basic x')).toMatchObject({ body: { error: 'BadJwt' }, status: 403 })
    const twice = Array.from({ length: 2 }, () => `Authorization: Bearer ${token}\r\n`).join('')
    const socket = await raw(at.url)
    socket.write(`POST /xrpc/${TRIGGER} HTTP/1.1\r\nHost: x\r\n${twice}Connection: close\r\nContent-Length: ${String(wish().length)}\r\n\r\n${wish()}`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 [\s\S]*"BadJwt"/)
    expect(at.delivered).toEqual([])
  })

  it('a token may be as long as 8 192 characters with its scheme, and no longer', async () => {
    const at = await place()
    const padded = (length: number) => ({ spoil: (token: string) => token.padEnd(length - 'Bearer '.length, 'A') })
    expect(await triggers(at, padded(8_192))).toEqual([403, 'BadJwtSignature'])
    expect(await triggers(at, padded(8_193))).toEqual([403, 'BadJwt'])
  })

  it('a key that cannot be looked up for now is to be asked for again after five seconds', async () => {
    const at = await place()
    const request = new IncomingMessage(new Socket())
    request.headersDistinct['authorization'] = [`Bearer ${await tokenOf(at)}`]
    const claimed = claimedBy(request, HOSTNAME, TRIGGER, must(TimeUs.decode(AT * 1_000_000)))
    if (E.isLeft(claimed)) expect.fail('the token is not read')
    const answer = await claimed.right.isSigned({ isBy: () => Promise.resolve(E.left({ kind: 'busy', sentence: 'too many' })) })
    expect(answer).toMatchObject({ headers: { 'retry-after': '5' }, status: 503 })
  })

  it('a token by a key that was changed counts after one more look, and forged ones cause no more', async () => {
    const at = await place()
    expect((await triggers(at, {}))[0]).toBe(200)
    at.keys.set(ALICE, await P256PrivateKeyExportable.createKeypair())
    expect((await triggers(at, {}))[0]).toBe(200)
    expect(at.asked).toEqual([ALICE, ALICE])
    const forged: Forged = { spoil: (token) => token.replace(/[^.]+$/, 'A'.repeat(86)) }
    for (let n = 0; n < 5; n++) expect(await triggers(at, forged)).toEqual([403, 'BadJwtSignature'])
    // Nor do they for as long as the key that was read is fresh.
    at.nowS += 59
    expect(await triggers(at, forged)).toEqual([403, 'BadJwtSignature'])
    expect(at.asked).toEqual([ALICE, ALICE, ALICE])
  })

  it.each<[string, string | number, number, string]>([
    ['is not there', 404, 403, 'BadJwtIss'],
    ['cannot be had', 500, 502, 'UpstreamFailure'],
    ['is of somebody else', JSON.stringify({ id: BOB, verificationMethod: [] }), 403, 'BadJwtIss'],
    ['has no key', JSON.stringify({ id: ALICE, verificationMethod: [] }), 403, 'BadJwtIss'],
    ['has a key of another curve', JSON.stringify({ id: ALICE, verificationMethod: [{ id: '#atproto', publicKeyMultibase: 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK', type: 'Multikey' }] }), 403, 'BadJwtIss'],
    ['is too large', 'x'.repeat(300_000), 502, 'UpstreamFailure']
  ])('is refused when the document of its issuer %s', async (_, document, status, error) => {
    const at = await place()
    at.setDocument(ALICE, document)
    expect(await triggers(at, {})).toEqual([status, error])
  })
})

/** Bob is a collaborator on Alice's repository. */
const collaborator = ({ nowS, world }: Place) => ({
  _tag: 'CommitReceived',
  at: nowS * 1_000_000,
  collection: 'sh.tangled.repo.collaborator',
  connection: world.state().cursor.connection.number,
  did: ALICE,
  ordinal: null,
  record: { createdAt: '', repo: '', repoDid: REPO, subject: BOB },
  rev: null,
  rkey: 'c',
  timeUs: nowS * 1_000_000
})

describe('a call', () => {
  it('a call by somebody without a right is refused before anything is looked up, whether or not there is such a repository', async () => {
    const at = await place()
    expect(await triggers(at, { by: BOB })).toEqual([403, 'AccessControl'])
    expect(await triggers(at, {}, wish({ repo: 'did:plc:nothing' }))).toEqual([403, 'AccessControl'])
    const cancelled = await post(at, CANCEL, JSON.stringify({ pipeline: '3mbd3542k2222', repo: REPO }), `Bearer ${await tokenOf(at, { by: BOB, claims: { lxm: CANCEL } })}`)
    expect([cancelled.status, cancelled.body['error']]).toEqual([403, 'AccessControl'])
    expect([at.asked, at.delivered]).toEqual([[], []])
  })

  it('a call to build is answered with the id of the pipeline, which shows what was asked for', async () => {
    const at = await place()
    const trigger = { $type: 'sh.tangled.ci.trigger#manual', inputs: [{ key: 'k', value: 'v' }], ref: 'refs/heads/main', sha: SHA }
    const [status, uri] = await triggers(at, {}, wish({ trigger, workflows: ['ci.yml'] }))
    const id = PIPELINE.exec(uri)?.[1]
    expect(status).toBe(200)
    expect(at.delivered).toMatchObject([{ _tag: 'CallReceived', at: AT * 1_000_000, caller: ALICE }])
    expect(pipelineAt(must(Tid.decode(id)))(at.world.state())).toMatchObject({ commit: SHA, repo: REPO, trigger, workflows: [{ name: 'ci.yml', status: 'failed' }] })
  })

  it('a call to build what is not there says so', async () => {
    const at = await place()
    const answer = post(at, TRIGGER, wish({ workflows: ['none.yml'] }), `bearer ${await tokenOf(at)}`)
    await eventually(() => expect(waiting(at)).toHaveLength(1))
    readAll(at)
    expect(await answer).toMatchObject({ body: { error: 'InvalidRequest' }, status: 400 })
  })

  it('a call to build at a commit that is not there says so', async () => {
    const at = await place()
    const answer = post(at, TRIGGER, wish(), `Bearer ${await tokenOf(at)}`)
    await eventually(() => expect(waiting(at)).toHaveLength(1))
    for (const { knot, number, rkey } of waiting(at))
      at.world.apply({ _tag: 'RequestFailed', at: AT * 1_000_000, error: 'no such commit', isFinal: true, number, requested: { _tag: 'Workflows', knot, rkey }, waitMs: 0 })
    expect(await answer).toEqual({ body: { error: 'InvalidRequest', message: 'the workflow files cannot be read: no such commit' }, status: 400 })
  })

  it('a call to cancel ends what is being built, once', async () => {
    const at = await place()
    const [build] = at.world.push({ owner: ALICE, repoDid: REPO })
    if (build === undefined) expect.fail('nothing is built')
    const run = Builds.runOf(at.world.state().builds, build.knot, build.rkey)
    const pipeline = at.world.told().flatMap((entry) => ('status' in entry ? [] : [entry.createdUs]))
    expect(run).not.toBeNull()
    const body = (changes: object = {}): string => JSON.stringify({ pipeline: tidOf(pipeline[0] ?? (0 as TimeUs)), repo: REPO, ...changes })
    const cancels = async (changes: object = {}) => post(at, CANCEL, body(changes), `Bearer ${await tokenOf(at, { claims: { lxm: CANCEL } })}`)
    expect(await cancels({ workflows: ['none.yml'] })).toMatchObject({ body: { error: 'WorkflowNotFound' }, status: 404 })
    expect(await cancels({ pipeline: '3mbd3542k2222' })).toMatchObject({ body: { error: 'PipelineNotFound' }, status: 404 })
    expect(await cancels()).toEqual({ body: {}, status: 200 })
    expect(await cancels()).toMatchObject({ body: { error: 'PipelineEnded' }, status: 409 })
  })

  it('a call that cannot be saved is refused, and may be made again', async () => {
    const at = await place()
    at.setSaving(false)
    expect((await triggers(at, {}))[0]).toBe(503)
    const headers = { authorization: `Bearer ${await tokenOf(at)}` }
    expect((await ask(at.url, `/xrpc/${TRIGGER}`, { body: wish(), headers, method: 'POST' })).headers['retry-after']).toBe('5')
  })

  it('waits with 63 others at most, for twenty seconds, and then makes room for another', async () => {
    const clock = manualClock()
    const runs = createBegunRuns(clock)
    const { owner, rkey } = { owner: ALICE, rkey: must(Rkey.decode('self')) }
    const begun = { _tag: 'Begun', knot: must(HostName.decode(KNOT)), repository: { did: REPO, name: 'app', owner, rkey }, rkey } as const
    const answers = Array.from({ length: 64 }, () => runs.during((wait) => wait(begun)))
    expect(await runs.during(() => expect.fail('there is no room'))).toMatchObject({ headers: { 'retry-after': '10' }, status: 503 })
    clock.advance(20_000)
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 504))
    expect((await runs.during(() => Promise.resolve({ status: 200 }))).status).toBe(200)
    expect(clock.armed()).toBe(0)
  })

  it('is not read while too much is being sent at once', async () => {
    const at = await place({ http: { requestMs: 900_000 } })
    const authorization = `Bearer ${await tokenOf(at)}`
    const status = async () => (await post(at, TRIGGER, 'x'.repeat(200), authorization)).status
    const sockets = await Promise.all(Array.from({ length: 32 }, () => raw(at.url)))
    for (const socket of sockets)
      socket.write(`POST /xrpc/${TRIGGER} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 262144\r\n\r\n${'x'.repeat(262_143)}`)
    await eventually(async () => expect(await status()).toBe(503))
    for (const socket of sockets) socket.destroy()
    await eventually(async () => expect(await status()).toBe(400))
  })

  it.each<[string, string, number, string]>([
    ['is no JSON', 'x', 400, 'InvalidRequest'],
    ['is deep', '['.repeat(100_000), 400, 'InvalidRequest'],
    ['is too large', `{"x":"${'x'.repeat(262_144)}"}`, 413, 'RequestTooLarge'],
    ['names no repository', wish({ repo: undefined }), 400, 'InvalidRequest'],
    ['names no commit', wish({ trigger: { $type: 'sh.tangled.ci.trigger#manual' } }), 400, 'InvalidRequest'],
    ['names a fork', wish({ trigger: { $type: 'sh.tangled.ci.trigger#manual', sha: SHA, sourceRepo: BOB } }), 400, 'InvalidRequest'],
    ['tells of a pull request', wish({ trigger: { $type: 'sh.tangled.ci.trigger#pullRequest', sourceSha: SHA, targetBranch: 'main' } }), 400, 'InvalidRequest'],
    ['names workflows by numbers', wish({ workflows: [1] }), 400, 'InvalidRequest'],
    ['names too many workflows', wish({ workflows: Array.from({ length: 51 }, (_, i) => `w${String(i)}`) }), 400, 'InvalidRequest']
  ])('a call with a body that %s is refused', async (_, body, status, error) => {
    const at = await place()
    expect(await triggers(at, {}, body)).toEqual([status, error])
  })

  it('a request by another method of HTTP, or without any keys, is no call', async () => {
    const at = await place()
    expect((await ask(at.url, `/xrpc/${TRIGGER}`)).status).toBe(405)
    const { url } = await serve(at.world)
    expect((await ask(url, `/xrpc/${TRIGGER}`, { method: 'POST' })).status).toBe(501)
  })
})
