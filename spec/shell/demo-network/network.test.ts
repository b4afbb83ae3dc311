/**
 * The embedded network, on real sockets and with a plain client: it must be as awkward as the real one, or what runs against it
 * proves nothing. Time moves when a test says so.
 */
import { execFile } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  COLLABORATOR, Config, cursor, decodeFrame, decodeKnotFrame, defaults, type Did, type HostName, holdersOf, initial,
  isMember, type Natural, OrderedMap, REPO, type State, step, Tid, type TimeUs, wantedKnots
} from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import {
  type EmbeddedNetwork,
  type Expected,
  type JetstreamOptions,
  type JetstreamServer,
  type KnotOptions,
  knotFrameText,
  type KnotServer,
  type Operation,
  pipeline,
  pipelineWorkflow,
  play,
  refUpdate,
  startJetstream,
  startKnot,
  startNetwork,
  type Step,
  type World,
  world
} from '../../../shell/demo-network/index.js'
import type { Clock } from '../../../shell/ports.js'
import { BEGIN as NOW, manualClock } from '../support/bridge.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'

// ---------------------------------------------------------------------------------------- servers and clients

const undo: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const undone of undo.splice(0).reverse()) await undone()
})

const jetstream = async (clock: Clock, options: Partial<JetstreamOptions> = {}): Promise<JetstreamServer> => {
  const server = await startJetstream({ clock, generation: 'v2', seed: 1, ...options })
  undo.push(server.stop)
  return server
}

const knot = async (
  clock: Clock,
  generation: KnotOptions['generation'],
  options: Partial<KnotOptions> = {}
): Promise<KnotServer> => {
  const server = await startKnot({ clock, generation, ...options })
  undo.push(server.stop)
  return server
}

interface Client {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly frames: ReadonlyArray<string>
  readonly pings: () => number
  readonly ws: WebSocket
}

/** A client that is connected, and keeps all that it gets. */
const connect = async (url: string): Promise<Client> => {
  const ws = new WebSocket(url, { perMessageDeflate: false })
  const frames: Array<string> = []
  let pings = 0
  ws.on('message', (data: Buffer) => frames.push(data.toString()))
  ws.on('ping', () => (pings += 1))
  ws.on('error', () => undefined)
  undo.push(() => ws.terminate())
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject))
  return { closed, frames, pings: () => pings, ws }
}

/** The answer that a client gets in place of a connection. */
const refusal = (url: string, options = {}): Promise<{ readonly body: string; readonly status: number | undefined }> =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { perMessageDeflate: false, ...options })
    ws.on('open', () => {
      ws.terminate()
      reject(new Error('connected'))
    })
    ws.on('error', reject)
    ws.on('unexpected-response', (_, response) => {
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ body: body.trim(), status: response.statusCode }))
    })
  })

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error('not yet')
    },
    { interval: 2, timeout: 240_000 }
  )

/** The frames, once there are so many; more may come later. */
const have = async (client: Client, count: number): Promise<ReadonlyArray<string>> => {
  await until(() => client.frames.length >= count)
  return client.frames
}

/** Waits until all that was written before has arrived: a ping comes back behind it. */
const settled = ({ ws }: Client): Promise<void> =>
  new Promise((resolve) => {
    ws.once('pong', () => resolve())
    ws.ping()
  })

interface Frame {
  readonly account?: object
  readonly commit?: { readonly rev: string; readonly rkey: string; readonly record?: object }
  readonly cursor?: number
  readonly did: string
  readonly time_us: number
}
const parse = (text: string): Frame => JSON.parse(text) as Frame
const stamps = (frames: ReadonlyArray<string>): ReadonlyArray<number> => frames.map((text) => parse(text).time_us)
const rkeys = (frames: ReadonlyArray<string>): ReadonlyArray<string> => frames.map((text) => parse(text).commit?.rkey ?? '-')

/** The microseconds in a TID; its last ten bits say which server gave it out. */
const timeOf = (rev: string): bigint =>
  Array.from(rev).reduce((bits, digit) => bits * 32n + BigInt('234567abcdefghijklmnopqrstuvwxyz'.indexOf(digit)), 0n) >> 10n

const ALICE = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const EVE = 'did:plc:eeeeeeeeeeeeeeeeeeeeeeee'

const repo = (rkey: string, collection: string = REPO): Operation => ({
  collection,
  operation: 'create',
  record: { $type: collection, createdAt: '2026-05-28T20:26:40.000Z', knot: 'knot.example', name: rkey },
  rkey
})

/** Commits of alice under the keys `0`, `1`, …, from `NOW` on, one a second. */
const fill = (server: JetstreamServer, count: number): void => {
  for (let i = 0; i < count; i++) server.publishCommit({ did: ALICE, operations: [repo(String(i))], timeUs: NOW + i * 1_000_000 })
}

// ---------------------------------------------------------------------------------------- Jetstream

describe('the Jetstream server', () => {
  it('sends frames in the shape of recorded ones, key for key', async () => {
    const server = await jetstream(manualClock(), { generation: 'v1' })
    const keys = (text: string | undefined, kind: string): ReadonlyArray<ReadonlyArray<string>> => {
      const frame = JSON.parse(text ?? '') as { readonly [key: string]: object }
      return [Object.keys(frame), Object.keys(frame[kind] ?? {})]
    }
    const [create, remove] = server.publishCommit({
      did: ALICE,
      operations: [repo('a'), { collection: REPO, operation: 'delete', rkey: 'b' }]
    })
    expect(keys(create, 'commit')).toEqual([
      ['did', 'time_us', 'kind', 'commit'],
      ['rev', 'operation', 'collection', 'rkey', 'record', 'cid']
    ])
    expect(keys(remove, 'commit')[1]).toEqual(['rev', 'operation', 'collection', 'rkey'])
    expect(keys(server.publishIdentity({ did: ALICE })[0], 'identity')).toEqual([
      ['did', 'time_us', 'kind', 'identity'],
      ['did', 'seq', 'time']
    ])
    expect(keys(server.publishAccount({ active: true, did: ALICE })[0], 'account')).toEqual([
      ['did', 'time_us', 'kind', 'account'],
      ['active', 'did', 'seq', 'time']
    ])
    expect(keys(server.publishAccount({ active: false, did: ALICE, status: 'deleted' })[0], 'account')[1]).toEqual([
      'active',
      'did',
      'seq',
      'status',
      'time'
    ])
    expect(create).toMatch(/"cid":"bafyrei[a-z2-7]{52}"/)
  })

  it('replays from the cursor on, the event at the cursor included, and goes on live', async () => {
    const server = await jetstream(manualClock())
    fill(server, 4)
    const client = await connect(`${server.url}?cursor=${String(NOW + 2_000_000)}`)
    await have(client, 2)
    fill(server, 1)
    expect(rkeys(await have(client, 3))).toEqual(['2', '3', '0'])
  })

  it('repeats after a rewind what was seen before, byte for byte', async () => {
    const server = await jetstream(manualClock())
    fill(server, 3)
    const first = await have(await connect(`${server.url}?cursor=${String(NOW)}`), 3)
    const again = await have(await connect(`${server.url}?cursor=${String(NOW + 1_000_000)}`), 2)
    expect(again).toEqual(first.slice(1))
  })

  it('starts from now without a cursor, with an empty one, and with one from the future', async () => {
    const server = await jetstream(manualClock())
    fill(server, 3)
    const queries = ['', '?cursor=', `?cursor=${String(NOW + 3_000_000)}`]
    const clients = await Promise.all(queries.map((query) => connect(server.url + query)))
    server.publishCommit({ did: ALICE, operations: [repo('live')], timeUs: NOW + 2_500_000 })
    for (const client of clients) expect(rkeys(await have(client, 1))).toEqual(['live'])
  })

  it('silently clamps a cursor to the oldest event kept, by count', async () => {
    const server = await jetstream(manualClock(), { retention: { count: 3 } })
    fill(server, 20)
    for (const old of ['0', String(NOW - 1), String(NOW + 5_000_000)])
      expect(rkeys(await have(await connect(`${server.url}?cursor=${old}`), 3))).toEqual(['17', '18', '19'])
    expect(rkeys(server.history())).toEqual(['17', '18', '19'])
  })

  it('silently clamps a cursor to the oldest event kept, by age', async () => {
    const clock = manualClock()
    const server = await jetstream(clock, { retention: { ageUs: 10_000_000 } })
    fill(server, 4)
    clock.advance(12_000)
    expect(rkeys(await have(await connect(`${server.url}?cursor=0`), 2))).toEqual(['2', '3'])
  })

  it('gives every operation a stamp of its own under v1; one commit, one rev', async () => {
    const server = await jetstream(manualClock(), { generation: 'v1' })
    const frames = server.publishCommit({ did: ALICE, operations: [repo('a'), repo('b'), repo('c')] })
    expect(stamps(frames)).toEqual([NOW, NOW + 1, NOW + 2])
    const [rev = '', ...others] = new Set(frames.map((text) => parse(text).commit?.rev))
    expect([Tid.is(rev), timeOf(rev), others]).toEqual([true, BigInt(NOW), []])
    expect(frames.map((text) => parse(text).cursor)).toEqual([undefined, undefined, undefined])
  })

  it('gives the operations of a commit one stamp, and every frame a number, under v2', async () => {
    const server = await jetstream(manualClock())
    const client = await connect(server.url)
    server.publishCommit({ did: ALICE, operations: [repo('a'), repo('b')] })
    server.publishCommit({ did: ALICE, operations: [repo('c')] })
    const frames = await have(client, 3)
    expect(stamps(frames)).toEqual([NOW, NOW, NOW])
    expect(frames.map((text) => parse(text).cursor)).toEqual([1, 2, 3])
    const [a = '', , c = ''] = frames.map((text) => parse(text).commit?.rev)
    expect(Tid.is(a) && Tid.is(c) && a < c).toBe(true)
  })

  it('reads cursors below 10^15 as sequence numbers under v2', async () => {
    const server = await jetstream(manualClock())
    fill(server, 4)
    expect(rkeys(await have(await connect(`${server.url}?cursor=3`), 2))).toEqual(['2', '3'])
    const ahead = await connect(`${server.url}?cursor=999999999999999`)
    server.publishCommit({ did: ALICE, operations: [repo('live')] })
    expect(rkeys(await have(ahead, 1))).toEqual(['live'])
  })

  it('reads every cursor as microseconds under v1', async () => {
    const server = await jetstream(manualClock(), { generation: 'v1' })
    fill(server, 2)
    expect(rkeys(await have(await connect(`${server.url}?cursor=3`), 2))).toEqual(['0', '1'])
  })

  it('filters commits by collection; account and identity events of strangers come all the same', async () => {
    const server = await jetstream(manualClock())
    const client = await connect(`${server.url}?wantedCollections=${REPO}&wantedCollections=app.bsky.graph.*`)
    const all = await connect(server.url)
    server.publishCommit({
      did: EVE,
      operations: [repo('a'), repo('b', COLLABORATOR), repo('c', 'app.bsky.graph.follow'), repo('d', 'app.bsky.graphics')]
    })
    server.publishIdentity({ did: EVE })
    server.publishAccount({ active: false, did: EVE, status: 'deactivated' })
    expect(rkeys(await have(all, 6))).toEqual(['a', 'b', 'c', 'd', '-', '-'])
    expect(rkeys(await have(client, 4))).toEqual(['a', 'c', '-', '-'])
  })

  it('filters everything by DID', async () => {
    const server = await jetstream(manualClock())
    const client = await connect(`${server.url}?wantedDids=${ALICE}`)
    server.publishAccount({ active: false, did: EVE })
    server.publishCommit({ did: EVE, operations: [repo('a')] })
    server.publishCommit({ did: ALICE, operations: [repo('b')] })
    expect(rkeys(await have(client, 1))).toEqual(['b'])
  })

  it('does not send what is larger than a client wants', async () => {
    const server = await jetstream(manualClock())
    const [text = ''] = server.publishCommit({ did: ALICE, operations: [repo('1')] })
    server.publishCommit({ did: ALICE, operations: [repo('22')] })
    const small = await connect(`${server.url}?cursor=0&maxMessageSizeBytes=${String(text.length)}`)
    const any = await connect(`${server.url}?cursor=0&maxMessageSizeBytes=none`)
    expect(rkeys(await have(any, 2))).toEqual(['1', '22'])
    await settled(small)
    expect(rkeys(small.frames)).toEqual(['1'])
  })

  it('refuses bad parameters with a 400 that says why', async () => {
    const { url } = await jetstream(manualClock())
    const many = (name: string, count: number, value: (i: number) => string) =>
      Array.from({ length: count }, (_, i) => `${name}=${value(i)}`).join('&')
    const answers = [
      ['wantedCollections=nonsense', 'invalid collection: nonsense'],
      ['wantedCollections=app.bsky.fo*', 'invalid collection: app.bsky.fo*'],
      [many('wantedCollections', 101, (i) => `a.b.c${String(i)}`), 'too many wanted collections: > 100'],
      ['wantedDids=alice', 'invalid DID: alice'],
      [many('wantedDids', 10_001, (i) => `did:plc:${String(i)}`), 'too many wanted DIDs: > 10000'],
      ['cursor=soon', 'invalid cursor: soon'],
      ['cursor=1.5', 'invalid cursor: 1.5'],
      ['cursor=-1', 'invalid cursor: -1'],
      ['compress=true', 'compression is not supported here']
    ] as const
    for (const [query, body] of answers) expect(await refusal(`${url}?${query}`)).toEqual({ body, status: 400 })
    const both = await refusal(`${url}?compress=true`, { perMessageDeflate: true })
    expect(both).toEqual({ body: 'choose one compression scheme: zstd or permessage-deflate, not both', status: 400 })
  })

  it('takes as many collections and DIDs as promised, and says what a client asked for', async () => {
    const server = await jetstream(manualClock())
    const dids = Array.from({ length: 10_000 }, (_, i) => `did:plc:${String(i).padStart(24, 'a')}`)
    const collections = Array.from({ length: 100 }, (_, i) => `a.b.c${String(i)}`)
    const query = new URLSearchParams([
      ...collections.map((name): [string, string] => ['wantedCollections', name]),
      ...dids.map((did): [string, string] => ['wantedDids', did]),
      ['cursor', '1767225595000000']
    ])
    await connect(`${server.url}?${query.toString()}`)
    const asked = { collections, cursor: '1767225595000000', dids, maxMessageSizeBytes: 0, requireHello: false }
    expect(server.connections()).toEqual([{ asked, isBlocked: false, isOpen: true }])
  })

  it('lets a client change its options while connected', async () => {
    const server = await jetstream(manualClock())
    const client = await connect(`${server.url}?wantedDids=${EVE}&cursor=0`)
    client.ws.send('{"type":"greeting"}')
    client.ws.send(JSON.stringify({ type: 'options_update', payload: { wantedCollections: [REPO], wantedDids: null } }))
    await settled(client)
    server.publishCommit({ did: ALICE, operations: [repo('a', COLLABORATOR), repo('b')] })
    expect(rkeys(await have(client, 1))).toEqual(['b'])
    expect(server.connections()[0]?.asked).toEqual({
      collections: [REPO],
      cursor: '0',
      dids: [],
      maxMessageSizeBytes: 0,
      requireHello: false
    })
  })

  it('keeps everything back from a client that announces a hello', async () => {
    const server = await jetstream(manualClock())
    fill(server, 2)
    const client = await connect(`${server.url}?cursor=0&requireHello=true`)
    await settled(client)
    expect(client.frames).toEqual([])
    client.ws.send('{"type":"options_update","payload":{}}')
    expect(rkeys(await have(client, 2))).toEqual(['0', '1'])
  })

  it('closes with 1007 on what it cannot read, with 1008 on what it does not accept', async () => {
    const server = await jetstream(manualClock())
    const update = (payload: unknown): string => JSON.stringify({ type: 'options_update', payload })
    const messages = [
      ['hello', 1007, 'bad envelope'],
      ['[]', 1007, 'bad envelope'],
      [update({ wantedDids: 'alice' }), 1007, 'bad options_update payload'],
      [update({ wantedDids: ['alice'] }), 1008, 'invalid DID: alice'],
      [update({ wantedCollections: ['é'.repeat(100)] }), 1008, `invalid collection: ${'é'.repeat(21)}`]
    ] as const
    for (const [text, code, reason] of messages) {
      const client = await connect(server.url)
      client.ws.send(text)
      expect(await client.closed).toEqual({ code, reason })
    }
  })

  it('answers 503 while it starts up, and 404 for unknown paths', async () => {
    const server = await jetstream(manualClock())
    server.setReady(false)
    expect(await refusal(server.url)).toEqual({ body: 'starting up', status: 503 })
    server.setReady(true)
    expect(await refusal(server.url.replace('subscribe', 'events'))).toEqual({ body: 'not found', status: 404 })
    expect(server.connections()).toEqual([])
    await connect(server.url)
  })

  it('pings every 30 seconds, busy or not', async () => {
    const clock = manualClock()
    const server = await jetstream(clock)
    const client = await connect(server.url)
    clock.advance(29_999)
    server.publishCommit({ did: ALICE, operations: [repo('a')] })
    await have(client, 1)
    await settled(client)
    expect(client.pings()).toBe(0)
    clock.advance(1)
    await until(() => client.pings() === 1)
    clock.advance(60_000)
    await until(() => client.pings() === 3)
  })

  it('disconnects a client that does not read, and leaves a healthy one unharmed', async () => {
    for (const [generation, blockedMs] of [['v1', 10_000], ['v2', 5_000]] as const) {
      const clock = manualClock()
      const server = await jetstream(clock, { generation })
      const slow = await connect(`${server.url}?cursor=0`)
      const healthy = await connect(`${server.url}?cursor=0`)
      slow.ws.pause()
      const big = 'x'.repeat(1_000_000)
      for (let i = 0; i < 20; i++) server.publishRaw(big)
      expect((await have(healthy, 20)).every((text) => text === big)).toBe(true)
      await until(() => server.connections()[1]?.isBlocked === false)
      expect(server.connections()[0]?.isBlocked).toBe(true)
      clock.advance(blockedMs - 1)
      expect(server.connections().map(({ isOpen }) => isOpen)).toEqual([true, true])
      clock.advance(1)
      expect(server.connections().map(({ isOpen }) => isOpen)).toEqual([false, true])
      slow.ws.resume()
      expect((await slow.closed).code).toBe(1006)
      server.publishCommit({ did: ALICE, operations: [repo('after')] })
      expect(rkeys((await have(healthy, 21)).slice(20))).toEqual(['after'])
    }
  })

  it('sends a long backlog at the client’s pace: a slow one that reads is not disconnected, and loses nothing', async () => {
    const clock = manualClock()
    const server = await jetstream(clock)
    const count = 10_000
    const record = { text: 'x'.repeat(2_000) }
    for (let i = 0; i < count; i++)
      server.publishCommit({ did: ALICE, operations: [{ collection: REPO, operation: 'create', record, rkey: String(i) }] })
    const client = await connect(`${server.url}?cursor=0`)
    for (const some of [0, 1_500, 3_000]) {
      await have(client, some)
      client.ws.pause()
      await until(() => server.connections()[0]?.isBlocked === true)
      clock.advance(4_999)
      client.ws.resume()
    }
    await have(client, count)
    expect(client.frames).toEqual(server.history())
  })

  it('ends connections with the requested code, with 1006 when cut, with 1001 when it stops', async () => {
    const server = await jetstream(manualClock())
    const first = await connect(server.url)
    server.dropConnections({ code: 1000, reason: 'replay failed' })
    expect(await first.closed).toEqual({ code: 1000, reason: 'replay failed' })
    const second = await connect(server.url)
    server.dropConnections()
    expect((await second.closed).code).toBe(1006)
    const third = await connect(server.url)
    await server.stop()
    expect((await third.closed).code).toBe(1001)
    await expect(refusal(server.url)).rejects.toThrow('ECONNREFUSED')
  })

  it('falls silent when it stalls: no frame, no ping, no pong, no close', async () => {
    const clock = manualClock()
    const server = await jetstream(clock)
    const client = await connect(server.url)
    const full = await connect(server.url)
    full.ws.pause()
    for (let i = 0; i < 20; i++) server.publishRaw('x'.repeat(1_000_000))
    await have(client, 20)
    expect(server.connections()[1]?.isBlocked).toBe(true)
    server.stall()
    const other = await connect(server.url)
    let pongs = 0
    client.ws.on('pong', () => (pongs += 1)).ping()
    server.publishCommit({ did: ALICE, operations: [repo('a')] })
    clock.advance(60_000)
    await have(other, 1)
    await until(() => other.pings() === 2)
    expect([client.frames.length, client.pings(), pongs]).toEqual([20, 0, 0])
    expect(server.connections().map(({ isOpen }) => isOpen)).toEqual([true, true, true])
  })

  it('repeats its last events after a restart under v1, with new stamps and the old revs', async () => {
    const server = await jetstream(manualClock(), { generation: 'v1' })
    fill(server, 3)
    const client = await connect(server.url)
    server.restart(2)
    expect((await client.closed).code).toBe(1006)
    const frames = await have(await connect(`${server.url}?cursor=0`), 5)
    expect(rkeys(frames)).toEqual(['0', '1', '2', '1', '2'])
    expect(stamps(frames)).toEqual([NOW, NOW + 1_000_000, NOW + 2_000_000, NOW + 2_000_001, NOW + 2_000_002])
    const revs = frames.map((text) => parse(text).commit?.rev)
    expect(revs.slice(3)).toEqual(revs.slice(1, 3))
  })

  it('repeats nothing after a restart under v2', async () => {
    const server = await jetstream(manualClock())
    fill(server, 3)
    server.restart(2)
    expect(rkeys(server.history())).toEqual(['0', '1', '2'])
  })

  it('repeats frames to connected clients, unchanged', async () => {
    const server = await jetstream(manualClock())
    fill(server, 3)
    const client = await connect(`${server.url}?cursor=2`)
    server.repeat(2)
    fill(server, 1)
    const frames = await have(client, 5)
    expect(rkeys(frames)).toEqual(['1', '2', '1', '2', '0'])
    expect(frames.slice(2, 4)).toEqual(frames.slice(0, 2))
    const later = await connect(`${server.url}?cursor=2`)
    expect(rkeys(await have(later, 3))).toEqual(['1', '2', '0'])
  })

  it('sends raw payloads unchanged, past filters and limits: torn, binary, invalid UTF-8', async () => {
    const server = await jetstream(manualClock())
    const client = await connect(`${server.url}?wantedDids=${ALICE}&maxMessageSizeBytes=1`)
    const kinds: Array<boolean> = []
    client.ws.on('message', (_, isBinary) => kinds.push(isBinary))
    server.publishRaw('{"did":')
    server.publishRaw(Buffer.from([1, 2]), { binary: true, kept: false })
    server.publishRaw('x'.repeat(70_000))
    expect((await have(client, 3)).map((text) => text.length)).toEqual([7, 2, 70_000])
    expect(kinds).toEqual([false, true, false])
    server.publishRaw(Buffer.from([0xff]))
    expect((await client.closed).code).toBe(1006)
    const later = await connect(`${server.url}?cursor=0`)
    expect((await have(later, 2)).map((text) => text.length)).toEqual([7, 70_000])
  })
})

// ---------------------------------------------------------------------------------------- knots

const PUSH = {
  committerDid: ALICE,
  newSha: '1'.repeat(40),
  oldSha: '0'.repeat(40),
  ownerDid: ALICE,
  ref: 'refs/heads/main',
  repo: EVE
}
const push = (rkey: string) => refUpdate(rkey, PUSH)

const events = (server: KnotServer, cursor?: string): string =>
  `ws://${server.host}/events${cursor === undefined ? '' : `?cursor=${cursor}`}`

/** The rkeys of a knot's frames. */
const told = (frames: ReadonlyArray<string>): ReadonlyArray<string> =>
  frames.map((text) => (JSON.parse(text) as { readonly rkey: string }).rkey)

const numbers = (from: number, to: number): ReadonlyArray<string> => Array.from({ length: to - from }, (_, i) => String(from + i))

const BASE = 1_767_225_600_000_000_001n

describe('a knot server', () => {
  it('writes every digit of created, and what follows the cursor to the nanosecond', async () => {
    const server = await knot(manualClock(), 'newer')
    for (const i of [0n, 1n, 2n]) server.publish(push(String(i)), BASE + i)
    const frames = await have(await connect(events(server, String(BASE))), 2)
    expect(told(frames)).toEqual(['1', '2'])
    expect(frames[0]).toContain('"created":1767225600000000002}')
    expect(frames[1]).toContain('"created":1767225600000000003}')
    expect(Object.keys(JSON.parse(frames[0] ?? '') as object)).toEqual(['rkey', 'nsid', 'event', 'created'])
    expect(server.connections().map(({ asked }) => asked.cursor)).toEqual([String(BASE)])
  })

  it('has rising stamps in the newer generation even when the clock stands still', async () => {
    const server = await knot(manualClock(), 'newer')
    expect([server.publish(push('a')), server.publish(push('b')), server.publish(push('c'), 5n)]).toEqual([
      BASE - 1n,
      BASE,
      BASE + 1n
    ])
  })

  it('starts from now in the newer generation without a cursor and with an invalid one; zero replays everything', async () => {
    const server = await knot(manualClock(), 'newer')
    server.publish(push('old'))
    const [absent, invalid] = [await connect(events(server)), await connect(events(server, 'soon'))]
    const zero = await connect(events(server, '0'))
    server.publish(push('live'))
    for (const client of [absent, invalid]) expect(told(await have(client, 1))).toEqual(['live'])
    expect(told(await have(zero, 2))).toEqual(['old', 'live'])
  })

  it('starts from now in the older generation without a cursor, with zero and with an invalid one', async () => {
    const clock = manualClock()
    const server = await knot(clock, 'older')
    server.publish(push('old'))
    const clients = await Promise.all([undefined, 'soon', '0'].map((cursor) => connect(events(server, cursor))))
    clock.advance(1)
    server.publish(push('live'))
    for (const client of clients) expect(told(await have(client, 1))).toEqual(['live'])
  })

  it('sends at most 100 per notification in the older generation; the rest waits for the next event', async () => {
    const server = await knot(manualClock(), 'older')
    for (let i = 0n; i < 250n; i++) server.publish(push(String(i)), BASE + i)
    const client = await connect(events(server, String(BASE - 1n)))
    await have(client, 100)
    await settled(client)
    expect(told(client.frames)).toEqual(numbers(0, 100))
    server.publish(push('250'), BASE + 250n)
    await have(client, 200)
    await settled(client)
    expect(told(client.frames)).toEqual(numbers(0, 200))
  })

  it('may repeat stamps in the older generation, and loses siblings at the edge of a page', async () => {
    const server = await knot(manualClock(), 'older')
    for (let i = 0; i < 103; i++) server.publish(push(String(i)), BASE + BigInt(Math.min(i, 98)))
    const client = await connect(events(server, String(BASE - 1n)))
    server.publish(push('next'), BASE + 200n)
    expect(told(await have(client, 101))).toEqual([...numbers(0, 100), 'next'])
  })

  it('shows no created in the older generation, unless told to', async () => {
    const [silent, open] = [await knot(manualClock(), 'older'), await knot(manualClock(), 'older', { showsCreated: true })]
    const [a, b] = [await connect(events(silent)), await connect(events(open))]
    silent.publish(push('a'))
    open.publish(push('b'))
    expect(await have(a, 1)).not.toEqual([expect.stringContaining('created')])
    expect(await have(b, 1)).toEqual([expect.stringContaining('"created":1767225600000000000}')])
  })

  it('reports pushes as its generation does: an older one twice, under two keys, and once what is not to be built', async () => {
    const applied = { name: 'app', workflows: [pipelineWorkflow('ci.yml', '')] }
    const moved = { committerDid: 'did:plc:a', newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ownerDid: 'did:plc:b', ref: 'refs/heads/main', repo: 'did:plc:c' }
    const branches = { sourceBranch: 's', sourceSha: 'a'.repeat(40), targetBranch: 'main' }
    const [update, piped] = ['sh.tangled.git.refUpdate', 'sh.tangled.pipeline']
    const cases = [
      [{ generation: 'older' }, [update, piped, update, update, piped], ['repoDid', 'repoName']],
      [{ generation: 'older', pushes: 2 }, [update, piped, update, update, piped], ['ownerDid', 'repoDid', 'repoName']],
      [{ generation: 'older', pushes: 3 }, [update, piped, update, update, piped], ['ownerDid', 'repo']],
      [{ generation: 'newer' }, [update, update, update, piped], ['ownerDid', 'repo']]
    ] as const
    for (const [options, kinds, names] of cases) {
      const server = await knot(manualClock(), options.generation, options)
      const client = await connect(events(server))
      const keys = [
        ...server.publishPush(moved, applied),
        ...server.publishPush({ ...moved, pushOptions: ['skip-ci'] }, applied),
        ...server.publishPush(moved, { ...applied, workflows: [] }),
        server.publishPullRequest('did:plc:b', branches, applied)
      ]
      const frames = (await have(client, kinds.length)).map((text) => JSON.parse(text) as { created?: unknown; event: object; nsid: string; rkey: string })
      expect(frames.map(({ nsid }) => nsid)).toEqual(kinds)
      expect(frames.map(({ rkey }) => rkey)).toEqual(keys)
      expect([...new Set(keys)].sort()).toEqual(keys)
      expect(frames.map((frame) => 'created' in frame)).toEqual(kinds.map(() => options.generation === 'newer'))
      expect(Object.keys(frames[0]?.event ?? {}).filter((name) => /^(ownerDid|repo)/.test(name)).sort()).toEqual(names)
      expect(JSON.stringify(frames.at(-1)?.event)).toContain('"action":"create"')
    }
  })

  it('loses nothing in the older generation for a reader that goes on at the time in a key', async () => {
    const server = await knot(manualClock(), 'older')
    const applied = { name: 'app', workflows: [pipelineWorkflow('ci.yml', '')] }
    const moved = { committerDid: 'did:plc:a', newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ownerDid: 'did:plc:b', ref: 'refs/heads/main', repo: 'did:plc:c' }
    const first = await connect(events(server))
    const keys = Array.from({ length: 130 }, () => server.publishPush(moved, applied)).flat()
    await have(first, keys.length)
    const client = await connect(events(server, `${String(timeOf(keys[59] ?? ''))}000`))
    await have(client, 100)
    await settled(client)
    // The one at which the reader stands comes again, since its stamp is later than its key, and 100 rows come at a time.
    expect(told(client.frames)).toEqual(keys.slice(59, 159))
  })

  it('drains the whole backlog in the newer generation', async () => {
    const server = await knot(manualClock(), 'newer')
    for (let i = 0; i < 250; i++) server.publish(push(String(i)))
    expect(told(await have(await connect(events(server, '0')), 250))).toEqual(numbers(0, 250))
  })

  it('disconnects a client after so many batches in the newer generation; it can come back for the rest', async () => {
    const server = await knot(manualClock(), 'newer', { maxBatches: 2 })
    for (let i = 0n; i < 250n; i++) server.publish(push(String(i)), BASE + i)
    const first = await connect(events(server, '0'))
    expect(await first.closed).toEqual({ code: 1013, reason: 'reconnect to continue' })
    expect(told(first.frames)).toEqual(numbers(0, 200))
    const second = await connect(events(server, String(BASE + 199n)))
    expect(told(await have(second, 50))).toEqual(numbers(200, 250))
    for (let i = 250; i < 253; i++) {
      server.publish(push(String(i)))
      await have(second, i - 199)
    }
    expect(second.ws.readyState).toBe(WebSocket.OPEN)
  })

  it('pings after 30 idle seconds, not while there is news', async () => {
    const clock = manualClock()
    const server = await knot(clock, 'newer')
    const client = await connect(events(server))
    clock.advance(29_000)
    server.publish(push('a'))
    clock.advance(29_000)
    await have(client, 1)
    await settled(client)
    expect(client.pings()).toBe(0)
    clock.advance(1_000)
    await until(() => client.pings() === 1)
  })

  it('can flap, stall, and send nonsense', async () => {
    const clock = manualClock()
    const server = await knot(clock, 'newer')
    const first = await connect(events(server))
    server.dropConnections()
    expect((await first.closed).code).toBe(1006)
    const second = await connect(events(server))
    server.publishRaw('nonsense')
    expect(await have(second, 1)).toEqual(['nonsense'])
    server.stall()
    const third = await connect(events(server))
    server.publish(push('a'))
    await have(third, 1)
    expect(second.frames.length).toBe(1)
    expect(server.connections().map(({ isOpen }) => isOpen)).toEqual([false, true, true])
  })

  it('makes triggers of both generations that the core can read', () => {
    const decode = decodeKnotFrame({ at: NOW, connection: 1 as Natural, host: 'knot.example' as HostName })
    const older = pipeline('3mbcdefghij2k', 'knot.example', 'app', PUSH, [{ name: 'ci.yml' }])
    for (const event of [older, push('3mbcdefghij2k')])
      expect(decode(knotFrameText(event, BASE))).toEqual(
        E.right(expect.objectContaining({ created: String(BASE), nsid: event.nsid, rkey: '3mbcdefghij2k' }))
      )
    expect(older.event).toMatchObject({ triggerMetadata: { kind: 'push', push: { ref: 'refs/heads/main' } } })
  })
})

// ---------------------------------------------------------------------------------------- the world

const HOSTNAME = 'spindle.localhost'
const OWNER = 'did:plc:ooooooooooooooooooooo234' as Did
const HOSTS = ['localhost:4001', 'localhost:4002', 'localhost:4003']

const network = async (clock: Clock, generation: JetstreamOptions['generation'], seed = 1): Promise<EmbeddedNetwork> => {
  const started = await startNetwork({ clock, generation, knots: 3, seed })
  undo.push(started.stop)
  return started
}

const BRIDGE_QUERY = `wantedCollections=sh.tangled.spindle.member&wantedCollections=${REPO}&wantedCollections=${COLLABORATOR}`

/** The core as a bridge would run it, without its shell: it folds what a connection brings, and can come back with a cursor. */
const follower = (url: string) => {
  const config = Config.decode({
    ...defaults({ hostname: HOSTNAME, owner: OWNER }),
    // Nobody reads accounts from their own servers here: rows of strangers are kept.
    backfill: false,
    hosts: { defaultPort: 80, loopback: true, ports: true }
  })
  if (E.isLeft(config)) throw new Error('not a configuration')
  const reports: Array<string> = []
  const changes: Array<string> = []
  let state: State = initial(config.right)
  let client: Client | null = null

  const take = (text: string): void => {
    const decoded = decodeFrame({ at: NOW, connection: 0 as Natural })(text)
    const [after, effects] = step(state, E.isLeft(decoded) ? decoded.left : decoded.right)
    state = after
    for (const effect of effects) {
      if (effect._tag === 'Report') reports.push(effect.report._tag)
      if (effect._tag === 'SubscribeKnot' || effect._tag === 'UnsubscribeKnot') changes.push(`${effect._tag} ${effect.host}`)
    }
  }
  return {
    changes,
    closed: async () => {
      await client?.closed
    },
    connect: async () => {
      const from = cursor(state)
      client = await connect(`${url}?${BRIDGE_QUERY}${from === null ? '' : `&cursor=${String(from - 5_000_000)}`}`)
      client.frames.forEach(take)
      client.ws.on('message', (data: Buffer) => take(data.toString()))
    },
    isConnected: () => client?.ws.readyState === WebSocket.OPEN,
    kill: async () => {
      client?.ws.terminate()
      await client?.closed
    },
    reports,
    settled: async () => {
      if (client !== null) await settled(client)
    },
    state: () => state
  }
}

/** How things stand in a state, said as the script says it. */
const standing = (state: State, { expected, names }: World): Omit<Expected, 'subscriptions'> & { readonly subscriptions: unknown } => {
  const accounts = OrderedMap.toEntries(state.commits.accounts)
  const repos = (active: boolean) =>
    accounts
      .filter(([, account]) => account.active === active)
      .flatMap(([did, account]) =>
        OrderedMap.toEntries(account.repos).flatMap(([rkey, { record }]) =>
          record === null ? [] : [{ did, rkey, name: record.name, knot: record.knot, spindle: record.spindle }]
        )
      )
  const live = (of: 'collaborators' | 'members') =>
    accounts.flatMap(([did, account]) =>
      OrderedMap.toEntries<string, { readonly record: unknown }>(account[of]).flatMap(([rkey, { record }]) =>
        record === null || !account.active ? [] : [{ did, rkey }]
      )
    )
  const isStranger = ({ did }: { readonly did: Did }): boolean => did !== OWNER && !expected.members.includes(did)
  return {
    collaborators: live('collaborators'),
    cursor: cursor(state) ?? (0 as TimeUs),
    memberRecords: live('members'),
    members: names.map(([did]) => did).filter((did) => isMember(did)(state)).sort(),
    repos: repos(true).filter((repo) => !isStranger(repo)),
    setAside: repos(false),
    strangers: repos(true).filter(isStranger),
    subscriptions: wantedKnots(state).map((host) => ({ holders: holdersOf(host)(state), host }))
  }
}

const written = (steps: ReadonlyArray<Step>): string =>
  JSON.stringify(steps, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

describe('the script', () => {
  it('has an older knot report each push twice, and expects the time in its last key', () => {
    const setting = { hostname: HOSTNAME, knots: HOSTS, older: HOSTS.slice(2), owner: OWNER }
    const { expected, steps } = world(1, setting)
    for (const [knotAt, host] of HOSTS.entries()) {
      const pushes = steps.flatMap(({ action }) => (action._tag === 'Push' && action.knot === knotAt ? [action.events] : []))
      expect(pushes.length).toBeGreaterThan(0)
      for (const each of pushes)
        expect(each.map(({ event }) => event.nsid)).toEqual(['sh.tangled.git.refUpdate', ...(knotAt === 2 ? ['sh.tangled.pipeline'] : [])])
      const last = pushes.at(-1)?.at(-1) ?? expect.fail()
      const reached = BigInt(expected.subscriptions.find((subscription) => subscription.host === host)?.cursor ?? 0)
      expect(reached).toBe(knotAt === 2 ? timeOf(last.event.rkey) * 1_000n : last.created)
    }
  })

  it('is the same for the same seed, and different for another', () => {
    const setting = { hostname: HOSTNAME, knots: HOSTS, owner: OWNER }
    const texts = [1, 1, 2].map((seed) => written(world(seed, setting).steps))
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toBe(texts[2])
    expect(() => world(1, { ...setting, knots: HOSTS.slice(1) })).toThrow(RangeError)
  })

  it.each(['v1', 'v2'] as const)('%s: the same seed gives the same frames, byte for byte', async (generation) => {
    const setting = { hostname: HOSTNAME, knots: HOSTS, owner: OWNER }
    const framesOf = async (seed: number): Promise<ReadonlyArray<string>> => {
      const net = await network(manualClock(), generation, seed)
      for (const each of world(seed, setting).steps) play(net, each)
      return have(await connect(`${net.jetstreamUrl}?cursor=0`), net.jetstream.history().length)
    }
    const first = await framesOf(7)
    expect(first.length).toBeGreaterThan(40)
    expect(await framesOf(7)).toEqual(first)
    expect(await framesOf(8)).not.toEqual(first)
  })

  it.each([
    ['v1', 1],
    ['v2', 1],
    ['v2', 2026]
  ] as const)('%s, seed %d: ends as the script says, for a bridge that was away in the middle', async (generation, seed) => {
    const net = await network(manualClock(), generation, seed)
    const story = world(seed, { hostname: HOSTNAME, knots: net.knots.map(({ host }) => host), owner: OWNER })
    const bridge = follower(net.jetstreamUrl)
    await bridge.connect()
    for (const [i, each] of story.steps.entries()) {
      if (i === story.away.from) await bridge.kill()
      if (i === story.away.to) await bridge.connect()
      play(net, each)
      if (each.action._tag === 'Restart') {
        await bridge.closed()
        await bridge.connect()
      }
      if (bridge.isConnected()) await bridge.settled()
    }
    expect(standing(bridge.state(), story)).toEqual({
      ...story.expected,
      subscriptions: story.expected.subscriptions.map(({ holders, host }) => ({ holders, host }))
    })
    // Once each, but for what the rewind brings again.
    expect(new Set(bridge.reports)).toEqual(new Set(['KnotRefused', 'FrameRejected', 'FrameFromFuture']))
    const [one, two, three] = net.knots.map(({ host }) => host)
    expect(bridge.changes).toEqual([
      `SubscribeKnot ${one ?? ''}`,
      `SubscribeKnot ${two ?? ''}`,
      `SubscribeKnot ${three ?? ''}`,
      `UnsubscribeKnot ${two ?? ''}`,
      `SubscribeKnot ${two ?? ''}`,
      `UnsubscribeKnot ${two ?? ''}`,
      `SubscribeKnot ${two ?? ''}`
    ])
  })

  it('names the last push of each knot as what a bridge must have reached', async () => {
    const net = await network(manualClock(), 'v2')
    const story = world(3, { hostname: HOSTNAME, knots: net.knots.map(({ host }) => host), owner: OWNER })
    const clients = await Promise.all(net.knots.map((server) => connect(events(server))))
    for (const each of story.steps) if (each.action._tag !== 'Flap') play(net, each)
    for (const [i, client] of clients.entries()) {
      await settled(client)
      const { cursor: last } = story.expected.subscriptions.find(({ host }) => host === net.knots[i]?.host) ?? {}
      expect(client.frames.at(-1)).toContain(`"created":${String(last)}}`)
    }
  })

  it('tells its steps in words of their own, some of them while the bridge is away', () => {
    const { away, steps } = world(1, { hostname: HOSTNAME, knots: HOSTS, owner: OWNER })
    expect(steps.length).toBeGreaterThanOrEqual(40)
    expect(new Set(steps.map(({ caption }) => caption)).size).toBeGreaterThan(steps.length - 3)
    expect(0 < away.from && away.from < away.to && away.to < steps.length).toBe(true)
    expect(new Set(steps.map(({ action }) => action._tag)).size).toBe(8)
  })
})

describe('the network', () => {
  it('names its knots by names that resolve to loopback', async () => {
    const { knots } = await network(manualClock(), 'v2')
    expect(new Set(knots.map(({ host }) => host)).size).toBe(3)
    for (const { host } of knots) expect(host).toMatch(/^localhost:[1-9][0-9]+$/)
    expect(['127.0.0.1', '::1']).toContain((await lookup('localhost')).address)
  })

  it('plays what happens to connections: a restart ends those to Jetstream, a flap those to one knot', async () => {
    const net = await network(manualClock(), 'v2')
    const stream = await connect(net.jetstreamUrl)
    const [first, second] = await Promise.all(net.knots.map((server) => connect(events(server))))
    play(net, { action: { _tag: 'Flap', knot: 0 }, caption: '' })
    expect((await first?.closed)?.code).toBe(1006)
    expect([stream.ws.readyState, second?.ws.readyState]).toEqual([WebSocket.OPEN, WebSocket.OPEN])
    play(net, { action: { _tag: 'Restart', again: 0 }, caption: '' })
    expect((await stream.closed).code).toBe(1006)
  })

  it('refuses to play a step for a knot that is not there', async () => {
    const small = await startNetwork({ clock: manualClock(), generation: 'v2', knots: 1, seed: 1 })
    undo.push(small.stop)
    expect(() => play(small, { action: { _tag: 'Flap', knot: 1 }, caption: '' })).toThrow(RangeError)
  })

  it('closes everything without waiting for a timer, whether clients read, do not read, were stalled or refused', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length
    const before = sockets()
    const clock = manualClock()
    const net = await network(clock, 'v2')
    const [first] = net.knots
    if (first === undefined) throw new Error('no knot')
    const stalled = await connect(events(first))
    first.stall()
    const request = 'GET / HTTP/1.1\r\nHost: knot\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
    const [refused, hesitant] = [request, request.slice(0, -2)].map((text) => {
      const port = Number(first.host.split(':')[1])
      const socket = createConnection({ allowHalfOpen: true, host: '127.0.0.1', port }).on('error', () => undefined)
      undo.push(() => void socket.destroy())
      socket.write(text)
      return socket
    })
    if (refused === undefined || hesitant === undefined) throw new Error('no socket')
    await once(refused, 'data')
    const deaf = await connect(net.jetstreamUrl)
    deaf.ws.pause()
    for (let i = 0; i < 30; i++) net.jetstream.publishRaw('x'.repeat(1_000_000))
    const healthy = await connect(events(first))
    expect(net.jetstream.connections()[0]?.isBlocked).toBe(true)
    await Promise.all([net.stop(), net.stop()])
    deaf.ws.resume()
    expect((await healthy.closed).code).toBe(1001)
    expect((await stalled.closed).code).toBe(1006)
    expect((await deaf.closed).code).toBe(1006)
    refused.end()
    hesitant.end()
    // Nothing stays open, and no timer is armed.
    await until(() => sockets() <= before && clock.armed() === 0)
  })
})

describe('git over a knot', () => {
  const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), 'tack-spec-clone-'))
    undo.push(() => rmSync(made, { recursive: true }))
    return made
  }
  const git = promisify(execFile)

  it.skipIf(!hasGit).each(['sha1', 'sha256'] as const)(`clones like any repository, with its history: %s${WITHOUT_GIT}`, async (format) => {
    const server = await knot(systemClock(), 'newer')
    const repo = await server.git.createRepository({ did: 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr', format, name: 'thing', owner: OWNER })
    const first = await repo.commitAndPush([{ content: 'one\n', path: 'a "b"\\c' }, { content: 'x', path: 'gone' }])
    const second = await repo.commitAndPush([{ content: null, path: 'gone' }, { content: 'a', mode: '120000', path: 'd/link' }])
    expect([/^0+$/.test(first.oldSha), second.oldSha, second.ref]).toEqual([true, first.newSha, 'refs/heads/main'])
    for (const at of repo.paths) {
      const clone = path.join(folder(), 'clone')
      await git('git', ['clone', '--quiet', `http://${server.host}/${at}`, clone])
      const { stdout } = await git('git', ['-C', clone, 'log', '--format=%H'])
      expect(stdout.trim().split('\n')).toEqual([second.newSha, first.newSha])
      expect(readdirSync(clone).sort()).toEqual(['.git', 'a "b"\\c', 'd'])
      expect(readlinkSync(path.join(clone, 'd/link'))).toBe('a')
    }
    const tag = await repo.commitAndPush([], { anew: true, ref: 'refs/tags/v1' })
    expect(/^0+$/.test(tag.oldSha)).toBe(true)
    expect(await repo.deleteRef('refs/tags/v1')).toEqual({ newSha: tag.oldSha, oldSha: tag.newSha, ref: 'refs/tags/v1' })
    const { stdout } = await git('git', ['ls-remote', `http://${server.host}/${OWNER}/thing`])
    expect(stdout).toBe(`${second.newSha}\tHEAD\n${second.newSha}\trefs/heads/main\n`)
  })

  it.skipIf(!hasGit)(`serves no other paths, accepts no pushes, and goes with the knot${WITHOUT_GIT}`, async () => {
    const server = await knot(systemClock(), 'newer')
    const repo = await server.git.createRepository({ name: 'thing', owner: OWNER })
    await repo.commitAndPush([{ content: 'x', path: 'a' }])
    const status = async (rest: string): Promise<number> => (await fetch(`http://${server.host}${rest}`)).status
    expect(await status(`/${OWNER}/other/info/refs?service=git-upload-pack`)).toBe(404)
    expect(await status(`/${OWNER}/thing/info/refs?service=git-receive-pack`)).toBe(403)
    expect(await status(`/${OWNER}/thing/../../etc/info/refs?service=git-upload-pack`)).toBe(404)
    for (const rest of ['/', '/events', `/${OWNER}/thing/HEAD`]) expect(await status(rest)).toBe(400)
    await expect(server.git.createRepository({ name: 'thing' })).rejects.toThrow(RangeError)
    expect(existsSync(repo.folder)).toBe(true)
    await server.stop()
    expect(existsSync(repo.folder)).toBe(false)
  })

  it.skipIf(!hasGit)(`breaks off when there is no git any more, and goes on${WITHOUT_GIT}`, async () => {
    const server = await knot(systemClock(), 'newer')
    await server.git.createRepository({ name: 'thing', owner: OWNER })
    const ask = (): Promise<Response> => fetch(`http://${server.host}/${OWNER}/thing/info/refs?service=git-upload-pack`)
    vi.stubEnv('PATH', '/nowhere')
    undo.push(() => void vi.unstubAllEnvs())
    await expect(ask()).rejects.toThrow()
    vi.unstubAllEnvs()
    expect((await ask()).status).toBe(200)
  })

  it.skipIf(!hasGit || !existsSync('/proc/self/environ'))(`ends the git of a client that goes away in the middle of its request, and that of no other${WITHOUT_GIT}`, async () => {
    const server = await knot(systemClock(), 'newer')
    const running = ({ folder }: { readonly folder: string }): boolean =>
      readdirSync('/proc').some((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`GIT_PROJECT_ROOT=${folder}`)
        } catch {
          return false
        }
      })
    /** A request whose body never comes to its end: git answers the beginning, and waits for the rest. */
    const ask = async (name: string) => {
      const { folder } = await server.git.createRepository({ name, owner: OWNER })
      const [host, port] = server.host.split(':')
      const socket = createConnection(Number(port), host)
      undo.push(() => void socket.destroy())
      socket.write(
        `POST /${OWNER}/${name}/git-upload-pack HTTP/1.1\r\nhost: ${server.host}\r\ncontent-type: application/x-git-upload-pack-request\r\ncontent-length: 1000\r\n\r\n0011command=fetch`
      )
      await once(socket, 'data')
      return { folder, socket }
    }
    const [going, staying] = [await ask('going'), await ask('staying')]
    expect([running(going), running(staying)]).toEqual([true, true])
    going.socket.destroy()
    await until(() => !running(going))
    expect(running(staying)).toBe(true)
    await server.stop()
    expect(running(staying)).toBe(false)
  })
})
