/** The account server of the embedded network, on real sockets. */
import { getPublicKeyFromDidController, verifySig } from '@atcute/crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type PdsServer, startPds } from '../../../shell/demo-network/index.js'
import { eventually } from '../support/sockets.js'

describe('an account server', () => {
  const started = async (pageSize?: number): Promise<PdsServer> => {
    const pds = await startPds(pageSize === undefined ? {} : { pageSize })
    onTestFinished(pds.stop)
    return pds
  }
  const json = async (url: string): Promise<unknown> => {
    const response = await fetch(url)
    return [response.status, await response.json()]
  }
  const list = (pds: PdsServer, query: string): Promise<unknown> =>
    json(`${pds.url}/xrpc/com.atproto.repo.listRecords?repo=did:plc:a&collection=x.y.z${query}`)

  it('serves the documents of its accounts', async () => {
    const pds = await started()
    pds.putAccount('did:plc:a')
    pds.putAccount('did:plc:b', 'https://elsewhere.example')
    const document = (did: string, serviceEndpoint: string) : ReadonlyArray<unknown> => [
      200,
      expect.objectContaining({ id: did, service: [{ id: '#atproto_pds', serviceEndpoint, type: 'AtprotoPersonalDataServer' }] })
    ]
    expect(await json(`${pds.url}/did:plc:a`)).toEqual(document('did:plc:a', pds.url))
    expect(await json(`${pds.url}/did:plc:b`)).toEqual(document('did:plc:b', 'https://elsewhere.example'))
    expect(await json(`${pds.url}/did:plc:c`)).toEqual([404, { message: 'DID not registered' }])
    expect(await json(`${pds.url}/.well-known/did.json`)).toMatchObject([404, {}])
    const web = `did:web:localhost%3A${new URL(pds.url).port}`
    pds.putAccount(web)
    expect(await json(`${pds.url}/.well-known/did.json`)).toEqual(document(web, pds.url))
  })

  it('lists records from the latest key on, in pages', async () => {
    const pds = await started(2)
    for (const rkey of ['a', 'c', 'b']) pds.putRecord('did:plc:a', 'x.y.z', rkey, { is: rkey })
    pds.putRecord('did:plc:a', 'x.y', 'd', {})
    pds.putAccount('did:plc:a')
    const item = (rkey: string) => ({ cid: expect.any(String) as string, uri: `at://did:plc:a/x.y.z/${rkey}`, value: { is: rkey } })
    expect(await list(pds, '')).toEqual([200, { cursor: 'b', records: [item('c'), item('b')] }])
    expect(await list(pds, '&limit=1')).toEqual([200, { cursor: 'c', records: [item('c')] }])
    expect(await list(pds, '&cursor=b')).toEqual([200, { cursor: 'a', records: [item('a')] }])
    expect(await list(pds, '&cursor=a')).toEqual([200, { records: [] }])
    pds.removeRecord('did:plc:a', 'x.y.z', 'c')
    expect(await list(pds, '&limit=1')).toEqual([200, { cursor: 'b', records: [item('b')] }])
    expect(await list(pds, '&limit=101')).toMatchObject([400, { error: 'InvalidRequest' }])
    expect(await list(pds, '&limit=0')).toMatchObject([400, { error: 'InvalidRequest' }])
    expect(await json(`${pds.url}/xrpc/com.atproto.repo.listRecords?repo=did:plc:z`)).toMatchObject([400, { error: 'RepoNotFound' }])
  })

  it('gives who is signed in tokens that are signed by the key of the document, and names the knot of a repository', async () => {
    const pds = await started()
    pds.putAccount('did:plc:a')
    pds.putRepository('did:plc:r', 'http://localhost:1')
    const auth = (query: string, session: string): Promise<unknown> =>
      fetch(`${pds.url}/xrpc/com.atproto.server.getServiceAuth?${query}`, { headers: { authorization: `Bearer ${session}` } }).then(async (response) => [response.status, await response.json()])
    const session = pds.signIn('did:plc:a')
    expect(await auth('aud=did:web:x&lxm=a.b.c', 'x')).toMatchObject([401, { error: 'AuthMissing' }])
    expect(await auth('aud=x&lxm=a.b.c', session)).toMatchObject([400, { error: 'InvalidRequest' }])
    const [status, { token }] = (await auth('aud=did:web:x&lxm=a.b.c&exp=7', session)) as [number, { readonly token: string }]
    const [head = '', body = '', signature = ''] = token.split('.')
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect([status, read(head), read(body)]).toMatchObject([200, { alg: 'ES256K', typ: 'JWT' }, { aud: 'did:web:x', exp: 7, iss: 'did:plc:a', lxm: 'a.b.c' }])

    const isSigned = async (): Promise<boolean> => {
      const [, { verificationMethod }] = (await json(`${pds.url}/did:plc:a`)) as [number, { readonly verificationMethod: ReadonlyArray<{ readonly publicKeyMultibase: string; readonly type: string }> }]
      const key = getPublicKeyFromDidController(verificationMethod[0] ?? { publicKeyMultibase: '', type: '' })
      return verifySig(key, new Uint8Array(Buffer.from(signature, 'base64url')), new Uint8Array(Buffer.from(`${head}.${body}`)))
    }
    expect(await isSigned()).toBe(true)
    pds.changeKey('did:plc:a')
    expect(await isSigned().catch(() => false)).toBe(false)
    expect(await json(`${pds.url}/did:plc:r`)).toMatchObject([200, { id: 'did:plc:r', service: [{ id: '#tangled_knot', serviceEndpoint: 'http://localhost:1', type: 'TangledKnot' }] }])
  })

  it('misbehaves as often as it is asked to, and ends whatever is under way', async () => {
    const pds = await started()
    pds.putAccount('did:plc:a')
    pds.misbehave('records', { _tag: 'Answer', body: '{"a":1}', headers: { 'retry-after': '7' }, status: 429 }, { _tag: 'Hangup' }, { _tag: 'Endless' }, { _tag: 'Silent' })
    expect(await list(pds, '')).toEqual([429, { a: 1 }])
    await expect(list(pds, '')).rejects.toThrow()
    const endless = await fetch(`${pds.url}/xrpc/com.atproto.repo.listRecords`)
    const silent = fetch(`${pds.url}/xrpc/com.atproto.repo.listRecords`)
    await eventually(() => expect(pds.asked).toHaveLength(4))
    const ends = [expect(silent).rejects.toThrow(), expect(endless.text()).rejects.toThrow()]
    await Promise.all([pds.stop(), pds.stop()])
    for (const end of ends) await end
  })
})
