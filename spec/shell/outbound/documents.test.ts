/** DID documents, from real servers: what is read of them, and what asking for them may cost. */
import * as E from 'fp-ts/lib/Either.js'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Did } from '../../../core/index.js'
import { createKeeper } from '../../../shell/lib/keeper.js'
import { systemClock } from '../../../shell/lib/clock.js'
import type { Resolve } from '../../../shell/outbound/guard.js'
import { createDocuments, type Documents, type DocumentsOptions } from '../../../shell/outbound/documents.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { eventually, httpServer, tcpServer, turns } from '../support/sockets.js'

const did = (n = 0): Did => must(Did.decode(`did:plc:${String(n).replaceAll(/[0189]/g, 'a').padStart(24, 'b')}`))

const documentsWith = (options: Partial<DocumentsOptions> = {}): Documents => {
  const documents = createDocuments({ clock: systemClock(), policy: { allowLoopback: true }, ...options })
  onTestFinished(documents.close)
  return documents
}

/** The address of a directory that answers so, and the paths that it was asked for. */
const directory = async (answer: RequestListener) => {
  const asked: Array<string> = []
  const { port } = await httpServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  return { asked, at: `http://127.0.0.1:${String(port)}`, host: `127.0.0.1:${String(port)}` }
}

describe('a document', () => {
  it('a document of a DID in the directory is asked for there', async () => {
    const { asked, at } = await directory((request, response) => response.end(request.headers.accept === 'application/did+json, application/json' ? '{"é":1}' : ''))
    expect(await documentsWith({ directory: `${at}/` }).read(did())).toEqual(E.right('{"é":1}'))
    expect(asked).toEqual([`/${did()}`])
  })

  it.each(['%3A', '%3a'])('a document of a host is asked for at the host, whose port is behind %s', async (colon) => {
    const { asked, at } = await directory((_, response) => response.end('{}'))
    const host = must(Did.decode(`did:web:localhost${colon}${new URL(at).port}`))
    expect(await documentsWith().read(host)).toEqual(E.right('{}'))
    expect(asked).toEqual(['/.well-known/did.json'])
  })

  it.each<[string, number, string | Buffer, object]>([
    ['is not there', 404, '', { kind: 'missing', sentence: `${did()} has no DID document` }],
    ['is there no more', 410, '', { kind: 'missing', sentence: `${did()} has no DID document` }],
    ['cannot be had', 500, '', { kind: 'unreachable', sentence: 'HOST answered 500' }],
    ['leads elsewhere', 302, '', { kind: 'unreachable', sentence: 'HOST: the server redirects (302), and redirects are not followed' }],
    ['is too large', 200, 'x'.repeat(2 ** 18 + 1), { kind: 'unreachable', sentence: 'HOST: response larger than 262144 bytes' }]
  ])('an answer that %s is no document', async (_, status, body, why) => {
    const { at, host } = await directory((_, response) => response.writeHead(status).end(body))
    expect(await documentsWith({ directory: at }).read(did())).toEqual(E.left(JSON.parse(JSON.stringify(why).replace('HOST', host))))
  })

  it('a document that is not UTF-8 is empty', async () => {
    const { at } = await directory((_, response) => response.end(Buffer.from([0xff])))
    expect(await documentsWith({ directory: at }).read(did())).toEqual(E.right(''))
  })

  it.each(['did:key:z6Mk', 'did:web:10.0.0.1', 'did:web:host.example:path'])('a document of %s is not asked for', async (text) => {
    expect(await documentsWith().read(must(Did.decode(text)))).toMatchObject(E.left({ kind: 'missing' }))
  })

  it('is asked for at no more than two requests to one host, by no more than sixty-four', async () => {
    const held: Array<() => void> = []
    const { asked, at } = await directory((_, response) => held.push(() => response.end('{}')))
    const documents = documentsWith({ directory: at })
    const all = Array.from({ length: 64 }, () => documents.read(did()))
    await eventually(() => expect(held).toHaveLength(2))
    expect(await documents.read(did())).toEqual(E.left({ kind: 'busy', sentence: 'too many DID documents are being read; retry later' }))
    expect(asked).toHaveLength(2)
    for (let n = 0; n < 64; n++) {
      await eventually(() => expect(held.length).toBeGreaterThan(n))
      held[n]?.()
    }
    expect((await Promise.all(all)).every(E.isRight)).toBe(true)
    const again = documents.read(did())
    await eventually(() => expect(held).toHaveLength(65))
    held[64]?.()
    expect(E.isRight(await again)).toBe(true)
  })

  it('is waited for ten seconds, five of its own', async () => {
    const { asked, at, host } = await directory(() => undefined)
    const clock = manualClock()
    const documents = documentsWith({ clock, directory: at })
    const [first, second, third] = [documents.read(did()), documents.read(did()), documents.read(did())]
    await eventually(() => expect(asked).toHaveLength(2))
    clock.advance(5_000)
    expect(await first).toEqual(E.left({ kind: 'unreachable', sentence: `${host}: no answer within 5 s` }))
    expect(E.isLeft(await second)).toBe(true)
    await eventually(() => expect(asked).toHaveLength(3))
    clock.advance(5_000)
    expect(await third).toEqual(E.left({ kind: 'unreachable', sentence: `${host}: no answer in time` }))
    expect(clock.armed()).toBe(0)
  })

  it('a document of the directory waits for no other host, however many hosts say nothing', async () => {
    const { at } = await directory((_, response) => response.end('{}'))
    const { connections, port } = await tcpServer(() => undefined)
    const resolve: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
    const documents = documentsWith({ clock: manualClock(), directory: at, resolve })
    const mute = Array.from({ length: 65 }, (_, n) => documents.read(must(Did.decode(`did:web:host${String(n)}.localhost%3A${String(port)}`))))
    await eventually(() => expect(connections()).toBe(16))
    expect(await documents.read(did())).toEqual(E.right('{}'))
    // Beyond so many of them, another one is told so.
    expect(await mute.at(-1)).toMatchObject(E.left({ kind: 'busy' }))
    await turns()
    expect(connections()).toBe(16)
    // None of those that wait is begun by a close.
    await documents.close()
    expect(connections()).toBe(16)
  })

  it('is given up at a close, and not asked for after it', async () => {
    const { asked, at } = await directory(() => undefined)
    const documents = documentsWith({ directory: at })
    const reading = documents.read(did())
    await eventually(() => expect(asked).toHaveLength(1))
    await documents.close()
    expect(await reading).toEqual(E.left({ kind: 'busy', sentence: 'shutting down' }))
    expect(await documents.read(did())).toMatchObject(E.left({ kind: 'busy' }))
  })

  it('a document leaves no connection open after a close, neither to the directory nor to a host', async () => {
    const open = new Set<Socket>()
    const { at } = await directory(({ socket }, response) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      response.end('{}')
    })
    const documents = documentsWith({ directory: at })
    for (const one of [did(), must(Did.decode(`did:web:localhost%3A${new URL(at).port}`))]) await documents.read(one)
    expect(open.size).toBe(2)
    await documents.close()
    // Sooner than either side would end a connection that nobody uses.
    await eventually(() => expect(open.size).toBe(0), 200)
  })
})

describe('what is kept', () => {
  it('is asked for once at a time, again when it is old, and anew when it is not good enough', async () => {
    const clock = manualClock()
    const keeper = createKeeper<number>(clock, 2, (answer) => answer * 1_000_000)
    let asked = 0
    const ask = () => Promise.resolve((asked += 1))
    expect(keeper.has('a')).toBe(false)
    expect(await Promise.all([keeper.get('a', ask), keeper.get('a', ask)])).toEqual([1, 1])
    expect(keeper.has('a')).toBe(true)
    clock.advance(999)
    expect(await keeper.get('a', ask)).toBe(1)
    clock.advance(1)
    expect(keeper.has('a')).toBe(false)
    expect(await keeper.get('a', ask)).toBe(2)
    expect(await keeper.renew('a', ask)).toBe(3)
    expect(await keeper.get('a', ask)).toBe(3)
    expect(await Promise.all([keeper.get('b', ask), keeper.get('c', ask)])).toEqual([4, 5])
    expect([keeper.has('a'), keeper.has('b'), keeper.has('c')]).toEqual([false, true, true])
  })
})
