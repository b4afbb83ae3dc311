/** Handles, looked up at real servers of this machine: which are shown, which never, and what looking them up may cost. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Did } from '../../../core/index.js'
import type { NoDocument } from '../../../shell/outbound/documents.js'
import { createHandles, type Handles, type HandlesOptions } from '../../../shell/outbound/handles.js'
import { startPds } from '../../../shell/demo-network/index.js'
import { createDocuments } from '../../../shell/outbound/documents.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { eventually, httpServer, tcpServer, turns } from '../support/sockets.js'

const ALICE = must(Did.decode('did:plc:alice2222222222222222222'))
const HOUR_MS = 3_600_000

type Names = ReadonlyArray<unknown>

const HERE = () => Promise.resolve([{ address: '127.0.0.1', family: 4 as const }])

const naming = (...alsoKnownAs: Names): E.Either<NoDocument, string> => E.right(JSON.stringify({ alsoKnownAs, id: ALICE }))

/** Handles of whom these are the documents, and these the text records. */
const place = (options: Partial<HandlesOptions> = {}, document: () => E.Either<NoDocument, string> = () => naming('at://alice.example')) => {
  const clock = manualClock()
  const asked: Array<string> = []
  let read = 0
  const handles = createHandles({
    clock,
    documents: {
      read: () => {
        read++
        return Promise.resolve(document())
      }
    },
    policy: { allowLoopback: true },
    resolve: (name) => Promise.reject(new Error(`${name} is not there`)),
    texts: (name) => {
      asked.push(name)
      return Promise.resolve([`did=${ALICE}`])
    },
    ...options
  })
  onTestFinished(handles.close)
  return { asked, clock, handles, read: () => read }
}

/** Until an account has been looked up for the nth time. */
const lookedUp = async (handles: Handles, read: () => number, times: number): Promise<string | null> => {
  handles.of(ALICE)
  await eventually(() => expect(read()).toBe(times))
  // What is answered at once is kept by the next turn of the loop.
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  return handles.of(ALICE)
}

describe('a handle', () => {
  it('is not waited for, and shown once it names the account, too', async () => {
    const { asked, handles } = place()
    expect(handles.of(ALICE)).toBe(null)
    expect(handles.version()).toBe(0)
    await eventually(() => expect(handles.of(ALICE)).toBe('alice.example'))
    expect([asked, handles.version()]).toEqual([['_atproto.alice.example'], 1])
  })

  it.each<[string, () => E.Either<NoDocument, string>]>([
    ['there is no document', () => E.left({ kind: 'missing', sentence: '' })],
    ['the directory is away', () => E.left({ kind: 'unreachable', sentence: '' })],
    ['the document names none', () => naming()],
    ['the document is none', () => E.right('<html>')],
    ['it is a name of this machine', () => naming('at://alice.localhost')],
    ['it is no text of ASCII', () => naming('at://аlice.example')],
    ['it turns the direction of text', () => naming('at://\u202ealice.example')],
    ['it is too long', () => naming(`at://${'a.'.repeat(200)}example`)]
  ])('is not known where %s', async (_, document) => {
    const { handles, read } = place({}, document)
    expect(await lookedUp(handles, read, 1)).toBe(null)
    expect(handles.version()).toBe(0)
  })

  it.each<[string, ReadonlyArray<string>]>([
    ['names another account', ['did=did:plc:mallory']],
    ['names two', [`did=${ALICE}`, 'did=did:plc:mallory']]
  ])('is not shown when its record %s', async (_, records) => {
    const { handles, read } = place({ texts: () => Promise.resolve(records) })
    expect(await lookedUp(handles, read, 1)).toBe(null)
  })

  it('is shown for a day without an answer, and goes as soon as it is another’s', async () => {
    let document = naming('at://alice.example')
    const { clock, handles, read } = place({}, () => document)
    expect(await lookedUp(handles, read, 1)).toBe('alice.example')
    document = E.left({ kind: 'unreachable', sentence: '' })
    clock.advance(HOUR_MS)
    expect(await lookedUp(handles, read, 2)).toBe('alice.example')
    document = naming('at://alice.other')
    clock.advance(HOUR_MS)
    expect(await lookedUp(handles, read, 3)).toBe('alice.other')
    document = E.left({ kind: 'missing', sentence: '' })
    clock.advance(HOUR_MS)
    expect(await lookedUp(handles, read, 4)).toBe(null)
    expect(handles.version()).toBe(3)
  })

  it.each<[string, E.Either<NoDocument, string>, number]>([
    ['it was verified', naming('at://alice.example'), 60],
    ['there was none', naming(), 10],
    ['nobody could be asked', E.left({ kind: 'unreachable', sentence: '' }), 10]
  ])('is looked up again when %s, after so many minutes and not before', async (_, said, minutes) => {
    let document = naming('at://alice.example')
    const { clock, handles, read } = place({}, () => document)
    expect(await lookedUp(handles, read, 1)).toBe('alice.example')
    document = said
    clock.advance(HOUR_MS)
    await lookedUp(handles, read, 2)
    const readAfter = (ms: number): number => {
      clock.advance(ms)
      handles.of(ALICE)
      return read()
    }
    expect([readAfter(minutes * 60_000 - 1), readAfter(1)]).toEqual([2, 3])
  })

  it('is not shown any more when nobody could be asked for a day', async () => {
    let document = naming('at://alice.example')
    const { clock, handles, read } = place({}, () => document)
    expect(await lookedUp(handles, read, 1)).toBe('alice.example')
    document = E.left({ kind: 'unreachable', sentence: '' })
    clock.advance(24 * HOUR_MS)
    expect(handles.of(ALICE)).toBe(null)
  })
})

describe('a name of this machine, on the embedded network', () => {
  it('is verified by its host', async () => {
    const pds = await startPds()
    onTestFinished(pds.stop)
    pds.putAccount(ALICE, undefined, 'alice.localhost')
    const BOB = must(Did.decode('did:plc:bob222222222222222222222'))
    pds.putAccount(BOB, undefined, 'bob.localhost')
    pds.putHandle('bob.localhost', ALICE)
    const clock = manualClock()
    const documents = createDocuments({ clock, directory: pds.url, policy: { allowLoopback: true } })
    onTestFinished(documents.close)
    const handles = createHandles({ clock, documents, localPort: Number(new URL(pds.url).port), policy: { allowLoopback: true } })
    onTestFinished(handles.close)
    expect([handles.of(ALICE), handles.of(BOB)]).toEqual([null, null])
    await eventually(() => expect(handles.of(ALICE)).toBe('alice.localhost'))
    await eventually(() => expect(pds.asked.filter((line) => line.endsWith('/.well-known/atproto-did'))).toHaveLength(2))
    expect(handles.of(BOB)).toBe(null)
  })

  it.each<[string, number, string]>([
    ['has no such file', 404, ''],
    ['breaks', 500, ALICE],
    ['leads elsewhere', 302, ALICE],
    ['says too much', 200, ALICE.padEnd(3_000)],
    ['names another', 200, 'did:plc:mallory']
  ])('is not shown when its host %s', async (_, status, body) => {
    let asked = 0
    const { port } = await httpServer((__, response) => {
      asked++
      response.writeHead(status).end(body)
    })
    const { clock, handles, read } = place({ localPort: port, resolve: HERE }, () => naming('at://alice.localhost'))
    expect(await lookedUp(handles, read, 1)).toBe(null)
    await eventually(() => expect(asked).toBe(1))
    // The answer has been taken in when nothing is waited for any more.
    await eventually(() => expect(clock.armed()).toBe(0))
    await turns()
    expect(handles.of(ALICE)).toBe(null)
    await handles.close()
    expect(handles.of(ALICE)).toBe(null)
  })

  it('is waited for five seconds at its host, and not beyond a close', async () => {
    let asked = 0
    const open = new Set<object>()
    const { port } = await tcpServer((socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      socket.on('data', () => (asked += 1))
    })
    const { clock, handles, read } = place({ localPort: port, resolve: HERE }, () => naming('at://alice.localhost'))
    await lookedUp(handles, read, 1)
    await eventually(() => expect(asked).toBe(1))
    clock.advance(4_999)
    expect(clock.armed()).toBe(1)
    clock.advance(1)
    expect(clock.armed()).toBe(0)
    await turns()
    clock.advance(HOUR_MS)
    await eventually(() => {
      handles.of(ALICE)
      expect(asked).toBe(2)
    })
    await handles.close()
    await eventually(() => expect([clock.armed(), open.size]).toEqual([0, 0]))
  })
})

it('four of thousands of accounts are looked up at a time, and five hundred wait', async () => {
  let read = 0
  const ends: Array<() => void> = []
  let document: E.Either<NoDocument, string> = E.left({ kind: 'unreachable', sentence: '' })
  const { handles } = place({
    documents: {
      read: () => {
        read++
        return new Promise((resolve) => ends.push(() => resolve(document)))
      }
    }
  })
  const many = Array.from({ length: 3_000 }, (_, i) => must(Did.decode(`did:web:host${String(i)}.example`)))
  for (const did of many) expect(handles.of(did)).toBe(null)
  await new Promise((resolve) => setImmediate(resolve))
  expect(read).toBe(4)
  await eventually(() => {
    for (const end of ends.splice(0)) end()
    expect(read).toBe(500)
  })
  for (const end of ends.splice(0)) end()
  await turns()
  // What is known of these is kept. The others were left out, and are looked up when they are asked for again.
  for (const did of many.slice(0, 500)) handles.of(did)
  await turns()
  expect(read).toBe(500)
  for (const did of [ALICE, ...many.slice(500)]) handles.of(did)
  await turns()
  expect(read).toBe(504)
  // A close begins none of those that wait, waits for those under way, and believes none of them.
  document = naming('at://alice.example')
  let isClosed = false
  const closed = handles.close().then(() => (isClosed = true))
  await turns()
  expect([isClosed, read]).toEqual([false, 504])
  for (const end of ends.splice(0)) end()
  await closed
  expect([handles.of(ALICE), handles.version()]).toEqual([null, 0])
  await turns()
  expect(read).toBe(504)
})
