/** Who may push, as real servers say: knots with and without lists, honest ones and others. */
import * as E from 'fp-ts/lib/Either.js'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type AccessAnswer, type AccessRead, Did, type Event, HostName, Natural, type RequestFailed } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { accessReader, type AccessOptions } from '../../../shell/outbound/access.js'
import type { Resolve } from '../../../shell/outbound/guard.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { eventually, httpServer, tcpServer, turns } from '../support/sockets.js'

const APP = 'did:plc:app22222222222222222222'
const OWNER = 'did:plc:owner2222222222222222222'
const BOB = 'did:plc:bob222222222222222222222'
const CAROL = 'did:plc:carol2222222222222222222'

type Reply = readonly [status: number, body: unknown]
/** What a knot answers, by the last part of the method's name. */
type Answers = { readonly [method: string]: Reply | ((query: URLSearchParams) => Reply) }

const ends: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const knotWith = async (answers: Answers, retryAfter = '7'): Promise<{ readonly asked: Array<string>; readonly host: HostName }> => {
  const asked: Array<string> = []
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const method = pathname.split('.').at(-1) ?? ''
    asked.push(method)
    const answer = answers[method] ?? [404, 'not found']
    const [status, body]: Reply = request.headers.accept !== 'application/json' ? [406, ''] : typeof answer === 'function' ? answer(searchParams) : answer
    response.writeHead(status, { 'retry-after': retryAfter }).end(typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => new Promise((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  }))
  return { asked, host: must(HostName.decode(`localhost:${String((server.address() as AddressInfo).port)}`)) }
}

type Document = Awaited<ReturnType<AccessOptions['documents']['read']>>

/** The document of the repository, which names that address as its knot. */
const naming = (address: string | null): Document =>
  E.right(JSON.stringify({ id: APP, ...(address === null ? {} : { service: [{ id: '#tangled_knot', serviceEndpoint: address, type: 'TangledKnot' }] }) }))

interface How {
  /** An error: reading it fails in a way that nobody has thought of. */
  readonly document?: Document | Error
  readonly repo?: string
}

const ask = async (host: HostName, { document = naming(`http://${host}`), repo = APP }: How = {}): Promise<AccessRead | RequestFailed> => {
  const reader = accessReader({
    clock: systemClock(),
    documents: { read: () => (document instanceof Error ? Promise.reject(document) : Promise.resolve(document)) },
    hosts: { defaultPort: 80, loopback: true, ports: true },
    isInsecure: true,
    pauseMs: 0,
    policy: { allowLoopback: true }
  })
  ends.push(reader.close)
  const event = await new Promise<Event>((resolve) => reader.read({ _tag: 'ReadAccess', account: must(Did.decode(OWNER)), knot: host, number: must(Natural.decode(3)), repo }, resolve))
  if (event._tag !== 'AccessRead' && event._tag !== 'RequestFailed') throw new Error(event._tag)
  expect(event).toMatchObject({ number: 3, ...(event._tag === 'AccessRead' ? { knot: host, repo } : { requested: { _tag: 'Access', knot: host, repo } }) })
  return event
}

const accessIn = async (...asked: Parameters<typeof ask>): Promise<AccessAnswer> => {
  const event = await ask(...asked)
  return event._tag === 'AccessRead' ? event.access : expect.fail(event.error)
}

const VERSION: Reply = [200, { capabilities: ['knot-acl'], version: '1.15' }]
const DESCRIBED = [200, { ownerDid: OWNER, repoDid: APP, rkey: 'app' }] as const

/** The version of a knot without lists, in so many bytes. */
const padded = (bytes: number): string => JSON.stringify({ version: '1.11' }).padEnd(bytes)
const item = (subject: string) => ({ addedBy: OWNER, createdAt: '2026-01-01T00:00:00Z', subject })

const missing: Document = E.left({ kind: 'missing', sentence: 'there is no DID document' })
const unreachable: Document = E.left({ kind: 'unreachable', sentence: 'the directory is away' })
const elsewhere = naming('https://other.example')

describe('a knot that keeps lists', () => {
  test('says whose the repository is, and who else may push, on all pages', async () => {
    const { asked, host } = await knotWith({
      describeRepo: (query) => (query.get('repoDid') === APP ? DESCRIBED : [404, {}]),
      listCollaborators: (query) => {
        if (query.get('subject') !== APP || query.get('limit') !== '100') return [400, {}]
        return query.get('cursor') === '1' ? [200, { items: [item(CAROL)] }] : [200, { cursor: '1', items: [item(BOB)] }]
      },
      version: VERSION
    })
    expect(await accessIn(host)).toEqual({ _tag: 'ByKnot', collaborators: [BOB, CAROL], owner: OWNER })
    expect(asked).toEqual(['version', 'describeRepo', 'listCollaborators', 'listCollaborators'])
  })

  test.each<readonly [string, Answers, How]>([
    ['it does not know the repository', { describeRepo: [404, { error: 'RepoNotFound', message: '' }], version: VERSION }, {}],
    ['the document of the repository names another', { version: VERSION }, { document: elsewhere }],
    ['the repository has no document', { version: VERSION }, { document: missing }],
    ['the document of the repository names no knot', { version: VERSION }, { document: naming(null) }]
  ])('is no authority where %s', async (_, answers, how) => {
    const { host } = await knotWith(answers)
    expect(await accessIn(host, how)).toMatchObject({ _tag: 'Denied' })
  })

  test.each<readonly [string, Answers, How, number]>([
    ['the directory does not answer', { version: VERSION }, { document: unreachable }, 0],
    ['the document is none', { version: VERSION }, { document: E.right('<html>') }, 0],
    ['the description is of another repository', { describeRepo: [200, { ownerDid: OWNER, repoDid: BOB }], version: VERSION }, {}, 0],
    ['there is no such method', { describeRepo: [404, 'not found'], version: VERSION }, {}, 0],
    ['the list is none', { describeRepo: DESCRIBED, listCollaborators: [200, { items: 7 }], version: VERSION }, {}, 0],
    ['the list never ends', { describeRepo: DESCRIBED, listCollaborators: (query) => [200, { cursor: `${query.get('cursor') ?? ''}1`, items: [item(BOB)] }], version: VERSION }, {}, 0],
    ['it breaks', { describeRepo: DESCRIBED, listCollaborators: [500, ''], version: VERSION }, {}, 7_000],
    ['it wants to be left alone', { version: [429, ''] }, {}, 7_000],
    ['its version is nothing', { version: [200, '<html>'] }, {}, 0],
    ['its answer is longer than 1 MiB', { version: [200, padded(2 ** 20 + 1)] }, {}, 0],
    ['its answer is not UTF-8', { describeRepo: [200, Buffer.from(JSON.stringify({ ...DESCRIBED[1], name: 'é' }), 'latin1')], listCollaborators: [200, { items: [] }], version: VERSION }, {}, 0]
  ])('is not understood where %s', async (_, answers, how, waitMs) => {
    const { host } = await knotWith(answers)
    expect(await ask(host, how)).toMatchObject({ _tag: 'RequestFailed', waitMs })
  })
})

test('a knot may say by a date until when it wants to be left alone', async () => {
  const { host } = await knotWith({ version: [503, ''] }, new Date(Date.now() + 3_000_000).toUTCString())
  const event = await ask(host)
  const waitMs = event._tag === 'RequestFailed' ? event.waitMs : 0
  expect(waitMs).toBeGreaterThan(1_000_000)
  expect(waitMs).toBeLessThanOrEqual(3_000_000)
})

describe('a knot without lists leaves it to the records', () => {
  test.each<readonly [string, Answers, How]>([
    ['a knot that says so', { version: [200, { version: '1.11' }] }, {}],
    ['a knot that says so in 1 MiB', { version: [200, padded(2 ** 20)] }, {}],
    ['a knot without a version', {}, {}],
    ['a repository without a document', {}, { document: missing }],
    ['a repository without a DID', {}, { repo: '' }],
    ['a repository without a DID, on a knot that keeps lists of others', { version: VERSION }, { repo: '' }]
  ])('%s', async (_, answers, how) => {
    const { host } = await knotWith(answers)
    expect(await accessIn(host, how)).toEqual({ _tag: 'ByRecords' })
  })

  test('except for repositories that are elsewhere by their documents', async () => {
    const { host } = await knotWith({})
    expect(await accessIn(host, { document: elsewhere })).toMatchObject({ _tag: 'Denied' })
  })
})

test('an inquiry that breaks off is answered as one that failed, so that it is tried again', async () => {
  const { host } = await knotWith({ version: VERSION })
  const event = await ask(host, { document: new Error('out of order') })
  expect(event).toMatchObject({ _tag: 'RequestFailed', isFinal: false, waitMs: 0 })
  expect(event._tag === 'RequestFailed' ? event.error : '').toContain('out of order')
})

const READING = { hosts: { defaultPort: 80, loopback: true, ports: true }, isInsecure: true, policy: { allowLoopback: true } } as const

const readAccess = (knot: HostName, repo: string, account = OWNER) => ({ _tag: 'ReadAccess', account: must(Did.decode(account)), knot, number: must(Natural.decode(3)), repo }) as const

/** Reads by one reader of many repositories. */
const readerWith = (options: Pick<AccessOptions, 'clock' | 'documents'>) => {
  // One address each: of two, the platform tries the second when the first has not answered for a moment.
  const resolve: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  const reader = accessReader({ ...READING, ...options, pauseMs: 0, promptMs: 1_000, resolve })
  ends.push(reader.close)
  return (knot: HostName, repo: string, account = OWNER): Promise<Event> =>
    new Promise((resolve) => reader.read(readAccess(knot, repo, account), resolve))
}

describe('nobody waits for', () => {
  test('knots that say nothing, of which there are many, but for the time in which these turn out to be slow', async () => {
    const clock = manualClock()
    const asked = new Set<string>()
    const { port } = await tcpServer((socket) => socket.on('data', (text) => asked.add(/host: (\S+)/i.exec(String(text))?.[1] ?? '')))
    const read = readerWith({ clock, documents: { read: () => Promise.resolve(missing) } })
    const late: Array<Event> = []
    for (let n = 0; n < 40; n++) void read(must(HostName.decode(`knot${String(n)}.localhost:${String(port)}`)), APP).then((event) => late.push(event))
    const [first, second] = [await knotWith({}), await knotWith({})]
    const answer = read(first.host, APP)
    for (const count of [16, 32]) {
      await eventually(() => expect(asked.size).toBe(count))
      expect(first.asked).toEqual([])
      clock.advance(1_000)
    }
    expect(await answer).toMatchObject({ _tag: 'AccessRead', access: { _tag: 'ByRecords' } })
    // The rest of them has begun beside it, and is slow, too: the next one waits for no time at all.
    clock.advance(1_000)
    expect(await read(second.host, APP)).toMatchObject({ _tag: 'AccessRead' })
    expect(late).toEqual([])
    // They are asked all the same, and given up one after the other.
    await eventually(() => {
      clock.advance(1_000)
      expect(late).toHaveLength(40)
    })
    expect(late.every(({ _tag }) => _tag === 'RequestFailed')).toBe(true)
  })

  test('documents that do not come, of repositories on the same knot', async () => {
    const { host } = await knotWith({})
    const listed = `did:plc:${'a'.repeat(24)}`
    const documents = { read: (did: string) => (did === listed ? Promise.resolve(missing) : new Promise<never>(() => undefined)) }
    const read = readerWith({ clock: systemClock(), documents })
    for (let n = 0; n < 40; n++) void read(host, `did:web:host${String(n)}.example`)
    expect(await read(host, listed)).toMatchObject({ _tag: 'AccessRead', access: { _tag: 'ByRecords' } })
  })

  test('an account with many repositories: on the knot, on other knots, or in the directory of DIDs', async () => {
    const describe = [200, { ownerDid: BOB, repoDid: APP, rkey: 'app' }] as const
    const asked: string[] = []
    const knot = await knotWith({
      describeRepo: (query) => {
        asked.push(query.get('repoDid') ?? '')
        return describe
      },
      version: VERSION
    })
    const directory: string[] = []
    const documents = {
      read: (did: string) => {
        directory.push(did)
        return Promise.resolve(E.right(JSON.stringify({ id: did, service: [{ id: '#tangled_knot', serviceEndpoint: `http://${knot.host}`, type: 'TangledKnot' }] })))
      }
    }
    const read = readerWith({ clock: systemClock(), documents })
    const many = Array.from({ length: 200 }, (_, n) => read(knot.host, `did:plc:${String(n).padStart(3, '2').replace(/[0189]/g, 'z')}${'a'.repeat(20)}${String(n)}`))
    await eventually(() => expect(asked.length).toBeGreaterThan(2))
    const [documentsBefore, questionsBefore] = [directory.length, asked.length]
    const one = 'did:web:one.example'
    await read(knot.host, one, BOB)
    // Between its first and its last turn each queue has let in one question of the other account for each of its own.
    expect(asked.indexOf(one) - questionsBefore).toBeLessThan(10)
    expect(directory.indexOf(one) - documentsBefore).toBeLessThan(20)
    await Promise.all(many)
  })

  test.each([
    ['two in the directory', 2, (n: number) => `did:plc:${'a'.repeat(22)}${String.fromCharCode(97 + (n >> 4))}${String.fromCharCode(97 + (n & 15))}`],
    ['eight on hosts', 8, (n: number) => `did:web:host${String(n)}.example`]
  ])('documents, of which %s are read at a time, of an account with many repositories', async (_, atATime, didOf) => {
    const { host } = await knotWith({})
    const asked: string[] = []
    const ends: Array<() => void> = []
    const documents = {
      read: (did: string) => {
        asked.push(did)
        return new Promise<Document>((resolve) => ends.push(() => resolve(missing)))
      }
    }
    const read = readerWith({ clock: systemClock(), documents })
    for (let n = 0; n < 100; n++) void read(host, didOf(n))
    await eventually(() => expect(asked.length).toBeGreaterThan(0))
    await turns()
    expect(asked).toHaveLength(atATime)
    void read(host, didOf(200), BOB)
    // As they end, one of the first account may begin before it.
    await eventually(() => {
      ends.shift()?.()
      expect(asked).toContain(didOf(200))
    })
    expect(asked.indexOf(didOf(200))).toBeLessThan(20)
  })

  test('the question about a knot that an account asks with many others before it', async () => {
    const clock = manualClock()
    const silent = new Set<string>()
    const { port } = await tcpServer((socket) => socket.on('data', (text) => silent.add(/host: (\S+)/i.exec(String(text))?.[1] ?? '')))
    const read = readerWith({ clock, documents: { read: () => Promise.resolve(missing) } })
    const before: number[] = []
    const version = (): Reply => {
      before.push(silent.size)
      return [404, 'not found']
    }
    const knot = await knotWith({ version })
    for (let n = 0; n < 40; n++) void read(must(HostName.decode(`knot${String(n)}.localhost:${String(port)}`)), APP)
    void read(knot.host, APP)
    const answer = read(knot.host, 'did:web:one.example', BOB)
    await eventually(() => expect(silent.size).toBe(16))
    // They turn out to be slow. Then it is the turn of the other account, and not of all that the first one asks.
    clock.advance(1_000)
    expect(await answer).toMatchObject({ _tag: 'AccessRead' })
    expect(before[0]).toBeLessThan(33)
  })

  test('slow knots, of which another account asks many', async () => {
    const clock = manualClock()
    const asked: string[] = []
    const { port } = await tcpServer((socket) => socket.on('data', (text) => asked.push(/host: (\w+)/i.exec(String(text))?.[1] ?? '')))
    const read = readerWith({ clock, documents: { read: () => Promise.resolve(missing) } })
    const knot = (name: string): HostName => must(HostName.decode(`${name}.localhost:${String(port)}`))
    for (let n = 0; n < 40; n++) void read(knot(`knot${String(n)}`), APP)
    void read(knot('other'), APP, BOB)
    // After a second sixteen are slow, of which eight are asked again, and sixteen more are asked, the other among them.
    for (const count of [16, 16 + 8 + 16]) {
      await eventually(() => expect(asked).toHaveLength(count))
      clock.advance(1_000)
    }
    expect(asked).toContain('other')
    // Places come free as the eight are given up. The next account in line is the other.
    await eventually(() => expect(asked).toHaveLength(16 + 8 + 16 + 9))
    clock.advance(9_000)
    await eventually(() => expect(asked.filter((name) => name === 'other')).toHaveLength(2))
    const before = asked.slice(0, asked.lastIndexOf('other'))
    expect(before.length - new Set(before).size).toBeLessThan(8 + 8)
  })
})

describe('a knot', () => {
  test('is asked for its version once a minute by each account, and again at once where that failed', async () => {
    const clock = manualClock()
    const [first, second] = [await knotWith({}), await knotWith({ version: [500, ''] })]
    const read = readerWith({ clock, documents: { read: () => Promise.resolve(missing) } })
    const ask = async (knot: HostName): Promise<void> => {
      let isTold = false
      void read(knot, APP).then(() => (isTold = true))
      await eventually(() => {
        // The knot is left alone for a moment between two questions.
        clock.advance(0)
        expect(isTold).toBe(true)
      })
    }
    await ask(first.host)
    for (const count of [1, 2]) {
      await ask(second.host)
      expect(second.asked).toHaveLength(count)
    }
    clock.advance(59_999)
    await ask(first.host)
    expect(first.asked).toHaveLength(1)
    clock.advance(1)
    await ask(first.host)
    expect(first.asked).toHaveLength(2)
  })

  test.each([
    ['prompt', 0],
    ['slow', 1_000]
  ])('that is %s is asked one thing at a time, 50 ms after the one before', async (_, lateMs) => {
    const clock = manualClock()
    const waiting: Array<() => void> = []
    let asked = 0
    const { port } = await httpServer((_, response) => {
      asked += 1
      waiting.push(() => response.writeHead(404).end())
    })
    const reader = accessReader({ ...READING, clock, documents: { read: () => Promise.resolve(missing) }, promptMs: 1_000 })
    ends.push(reader.close)
    const told: Array<Event> = []
    for (const account of [OWNER, BOB, CAROL]) reader.read(readAccess(must(HostName.decode(`localhost:${String(port)}`)), APP, account), (event) => told.push(event))
    await eventually(() => expect(asked).toBe(1))
    if (lateMs > 0) {
      // Given up, and asked again as a slow one. The others are not asked before it: they wait for the same knot.
      clock.advance(lateMs)
      await eventually(() => expect(asked).toBe(2))
      clock.advance(50)
    }
    const before = asked
    for (const n of [0, 1, 2]) {
      await turns()
      expect(asked).toBe(before + n)
      for (const answer of waiting.splice(0)) answer()
      await eventually(() => expect(told).toHaveLength(n + 1))
      if (n === 2) break
      clock.advance(49)
      await turns()
      expect(asked).toBe(before + n)
      clock.advance(1)
      await eventually(() => expect(asked).toBe(before + n + 1))
    }
  })
})

describe('a close', () => {
  test('begins nothing of what waits, tells nobody, and leaves no timer', async () => {
    const manual = manualClock()
    let looks = 0
    const clock = { ...manual, now: () => (looks++, manual.now()) }
    let asked = 0
    const { port } = await tcpServer((socket) => socket.on('data', () => (asked += 1)))
    const read: string[] = []
    const documents = {
      read: (did: string) => {
        read.push(did)
        return new Promise<never>(() => undefined)
      }
    }
    const reader = accessReader({ ...READING, clock, documents, promptMs: 1_000, resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) })
    const told: Array<Event> = []
    const ask = (knot: string, account: string): void =>
      reader.read(readAccess(must(HostName.decode(`${knot}.localhost:${String(port)}`)), APP, account), (event) => told.push(event))
    for (let n = 0; n < 16; n++) ask(`knot${String(n)}`, OWNER)
    await eventually(() => expect(asked).toBe(16))
    manual.advance(1_000)
    // Eight slow ones are asked again, eight wait for that, and two hundred for the places of prompt ones.
    await eventually(() => expect(asked).toBe(16 + 8))
    for (let n = 16; n < 216; n++) ask(`knot${String(n)}`, BOB)
    await eventually(() => expect(asked).toBe(16 + 8 + 16))
    const before = looks
    await reader.close()
    await turns()
    expect(asked).toBe(16 + 8 + 16)
    expect(told).toEqual([])
    expect(read).toEqual([])
    expect(manual.armed()).toBe(0)
    // Of each that was being asked it is seen how long it took.
    expect(looks - before).toBeLessThan(100)
  })
})

test.each([
  [999, 'prompt'],
  [1_000, 'slow']
])('a knot that takes %i ms to answer is %s at the next question', async (ms, line) => {
  const clock = manualClock()
  const waiting: Array<() => void> = []
  let asked = 0
  const { port } = await httpServer((_, response) => {
    asked += 1
    waiting.push(() => response.writeHead(404).end())
  })
  const read = readerWith({ clock, documents: { read: () => Promise.resolve(missing) } })
  /** How often the knot is asked until it has answered, when its answer takes that long. */
  const asking = async (account: string, lateMs: number): Promise<number> => {
    const before = asked
    let told: Event | null = null
    void read(must(HostName.decode(`localhost:${String(port)}`)), APP, account).then((event) => (told = event))
    await eventually(() => {
      // The knot is left alone for a moment between two questions.
      clock.advance(0)
      expect(asked).toBe(before + 1)
    })
    clock.advance(lateMs)
    await eventually(() => {
      for (const answer of waiting.splice(0)) answer()
      expect(told).toMatchObject({ _tag: 'AccessRead' })
    })
    return asked - before
  }
  expect(await asking(OWNER, ms)).toBe(line === 'prompt' ? 1 : 2)
  // Only a prompt knot is given up after so short a time, and asked again as a slow one.
  expect(await asking(BOB, 1_000)).toBe(line === 'prompt' ? 2 : 1)
})

test('inquiries that nobody waits for any more are bounded, for each account and in all: further ones fail, and are tried again', async () => {
  const ends: Array<() => void> = []
  const documents = { read: () => new Promise<Document>((resolve) => ends.push(() => resolve(missing))) }
  const { host } = await knotWith({})
  const read = readerWith({ clock: systemClock(), documents })
  const full = { _tag: 'RequestFailed', error: 'too many questions wait', isFinal: false }
  const answered = { _tag: 'AccessRead' }
  const accountOf = (n: number): string => `did:plc:${String.fromCharCode(97 + n).repeat(24)}`
  const all: Array<Promise<Event>> = []
  const fill = (account: string): void => {
    for (let n = 0; n < 10_000; n++) all.push(read(host, `did:web:host${String(n)}.example`, account))
  }
  for (let n = 0; n < 9; n++) fill(accountOf(n))
  expect(await read(host, APP, accountOf(0))).toMatchObject(full)
  expect(await Promise.all([read(host, '', BOB), read(host, '', BOB)])).toMatchObject([answered, answered])
  fill(accountOf(9))
  // With a hundred thousand in all, whoever has none yet may have one.
  expect(await Promise.all([read(host, '', BOB), read(host, '', BOB), read(host, APP, accountOf(9))])).toMatchObject([answered, full, full])
  await eventually(() => {
    for (const end of ends.splice(0)) end()
    expect(all).toHaveLength(100_000)
  })
})
