/** `/events`: every status once and in order, whoever restarts, and however slowly somebody else reads (STREAM). */
import * as E from 'fp-ts/lib/Either.js'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type BuildName, logFrame } from '../../../core/index.js'
import { seeded } from '../../../shell/demo-network/frames.js'
import { createEvents, defaultEventsLimits } from '../../../shell/inbound/readers/events.js'
import type { Peer } from '../../../shell/inbound/http/peer.js'
import { createTurns, defaultTurnsLimits } from '../../../shell/inbound/readers/turns.js'
import { silentLog } from '../../../shell/lib/log.js'
import { message as encoded } from '../../../shell/lib/messages.js'
import { manualClock } from '../support/bridge.js'
import { rememberingLog } from '../support/sockets.js'
import { ask, createWorld, eventually, raw, read, type Reading, serve, type Serving, UPGRADE, type World } from './support.js'

const createdIn = (frame: string): string => /"created":([0-9]+)\}$/.exec(frame)?.[1] ?? 'none'

const everything = (world: World): ReadonlyArray<string> => world.told().map(logFrame)

const started = (keepStatuses?: number): World => {
  const world = createWorld(keepStatuses === undefined ? {} : { keepStatuses })
  world.openStream()
  return world
}

/** A build from push to success: an announcement and three statuses. */
const succeed = (world: World): BuildName => {
  const [build] = world.push()
  if (build === undefined) throw new Error('no build')
  world.accept(build, 'one')
  world.report(build, 'one', 'running')
  world.report(build, 'one', 'success', { exitCode: 0 })
  return build
}

const metric = async ({ url }: Serving, name: string): Promise<number> => {
  const { body } = await ask(url, '/metrics')
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(body)?.[1] ?? NaN)
}

// ---------------------------------------------------------------------------------------- cursors

describe('the cursor', () => {
  const RULE = /nanoseconds/
  it.each([
    ['empty', '?cursor='],
    ['negative', '?cursor=-1'],
    ['with an exponent', '?cursor=1e3'],
    ['a fraction', '?cursor=1.5'],
    ['with a sign', '?cursor=%2B1'],
    ['hexadecimal', '?cursor=0x10'],
    ['with a space', '?cursor=%201'],
    ['2⁶³', '?cursor=9223372036854775808'],
    ['of a hundred digits', `?cursor=${'9'.repeat(100)}`],
    ['no number', '?cursor=now'],
    ['digits that are not ASCII', `?cursor=${encodeURIComponent('１２')}`]
  ])('is refused before the upgrade, with the rule, when it is %s', async (_, query) => {
    const { url } = await serve(started())
    const { body, status } = await ask(url, `/events${query}`, { headers: UPGRADE })
    expect([status, RULE.test(body)]).toEqual([400, true])
  })

  it('is refused before the upgrade when it is given twice', async () => {
    const { url } = await serve(started())
    const { body, status } = await ask(url, '/events?cursor=1&cursor=2', { headers: UPGRADE })
    expect([status, body]).toEqual([400, 'the cursor must be given only once\n'])
  })

  it('may be the last there is, and may be left out', async () => {
    const { url } = await serve(started())
    for (const query of ['', '?cursor=0', '?cursor=9223372036854775807', '?other=1'])
      expect((await ask(url, `/events${query}`, { headers: UPGRADE })).status).toBe(101)
  })

  it('gives everything kept at 0, what comes from now on when absent, and what follows it in between', async () => {
    const world = started()
    const { url } = await serve(world)
    succeed(world)
    const [first = ''] = everything(world)
    const all = await read(url, '/events?cursor=0')
    const rest = await read(url, `/events?cursor=${createdIn(first)}`)
    const within = await read(url, `/events?cursor=${String(BigInt(createdIn(first)) - 1n)}`)
    const live = await read(url, '/events')
    succeed(world)
    const expected = everything(world)
    await eventually(() => {
      expect(all.frames).toEqual(expected)
      expect(rest.frames).toEqual(expected.slice(1))
      expect(within.frames).toEqual(expected)
      expect(live.frames).toEqual(expected.slice(4))
    })
  })

  it('gives everything that comes when it is ahead of our clock', async () => {
    const world = started()
    const { url } = await serve(world)
    succeed(world)
    const ahead = await read(url, `/events?cursor=${String(BigInt(world.clock.now()) * 1_000n + 60_000_000_000n)}`)
    succeed(world)
    await eventually(() => expect(ahead.frames).toEqual(everything(world).slice(4)))
  })

  it('gives what came within the margin before it, too, when it is the reader’s clock', async () => {
    const world = started()
    const { url } = await serve(world)
    succeed(world)
    succeed(world)
    const stamp = BigInt(createdIn(everything(world)[2] ?? ''))
    const minute = 60_000_000_000n
    const moments: ReadonlyArray<readonly [nanos: bigint, missed: number]> = [
      [stamp, 3],
      [stamp + 1n, 0],
      [stamp + 5_000_000_000n, 0],
      [stamp + minute - 1n, 2],
      [stamp + minute, 3],
      [stamp + 60n * minute, 8]
    ]
    const readings = await Promise.all(moments.map(([nanos]) => read(url, `/events?cursor=${String(nanos)}`)))
    succeed(world)
    await eventually(() => expect(readings.map(({ frames }) => frames)).toEqual(moments.map(([, missed]) => everything(world).slice(missed))))
  })

  it('starts at the oldest status when it is below what is kept, and is counted', async () => {
    const world = started(4)
    // One entry at a time: however many chunks it takes, a reader counts once.
    const serving = await serve(world, { limits: { events: { chunkEntries: 1 } } })
    succeed(world)
    succeed(world)
    // Four statuses, and what announced their runs.
    const all = everything(world)
    const kept = [...all.slice(0, 1), ...all.slice(3)]
    const truncated = await read(serving.url, '/events?cursor=1000')
    const whole = await read(serving.url, '/events?cursor=0')
    await eventually(() => expect([truncated.frames, whole.frames]).toEqual([kept, kept]))
    expect(await metric(serving, 'tack_events_truncated_total')).toBe(1)
    expect(await metric(serving, 'tack_events_sent_total')).toBe(12)
    expect(await metric(serving, 'tack_events_readers')).toBe(2)
  })
})

it('announces a run under the key that its statuses name, before the first of them', async () => {
  const world = started()
  const { url } = await serve(world)
  succeed(world)
  const { frames } = await read(url, '/events?cursor=0')
  await eventually(() => expect(frames).toHaveLength(4))
  const [run, ...statuses] = frames.map((text) => JSON.parse(text) as { readonly event: { readonly pipeline?: string; readonly status?: string }; readonly nsid: string; readonly rkey: string })
  expect(run).toMatchObject({
    event: {
      $type: 'sh.tangled.pipeline',
      triggerMetadata: { kind: 'push', push: { ref: 'refs/heads/main' }, repo: { defaultBranch: 'main', knot: 'knot.example' } },
      workflows: [{ clone: { depth: 1, skip: false, submodules: false }, engine: 'tack', name: 'ci.yml', raw: '' }]
    },
    nsid: 'sh.tangled.pipeline'
  })
  expect(statuses.map(({ event, nsid }) => [nsid, event.pipeline, event.status])).toEqual(
    ['pending', 'running', 'success'].map((status) => ['sh.tangled.pipeline.status', `at://did:web:knot.example/sh.tangled.pipeline/${run?.rkey ?? ''}`, status])
  )
})

it('answers requests without an upgrade with 426, and other methods with 405', async () => {
  const { url } = await serve(started())
  const plain = await ask(url, '/events')
  expect([plain.status, plain.headers.upgrade]).toEqual([426, 'websocket'])
  expect((await ask(url, '/events', { method: 'POST' })).status).toBe(405)
  expect((await ask(url, '/events', { headers: { connection: 'Upgrade', upgrade: 'h2c' } })).status).toBe(426)
  expect((await ask(url, '/events/', { headers: UPGRADE })).status).toBe(404)
})

it('accepts no more readers than allowed', async () => {
  const serving = await serve(started(), { limits: { events: { readers: 2 } } })
  const { socket } = await read(serving.url, '/events')
  await read(serving.url, '/events')
  expect(await ask(serving.url, '/events', { headers: UPGRADE })).toMatchObject({ headers: { 'retry-after': '30' }, status: 503 })
  socket.close()
  await once(socket, 'close')
  await eventually(async () => expect(await metric(serving, 'tack_events_readers')).toBe(1))
  await read(serving.url, '/events')
})

// ---------------------------------------------------------------------------------------- no gap, no repeat

it('resumes readers after a restart of the server, without gap or repeat', async () => {
  const world = started()
  const before = await serve(world)
  succeed(world)
  const first = await read(before.url, '/events?cursor=0')
  await eventually(() => expect(first.frames).toHaveLength(4))
  const goodbye = first.closed
  await before.server.close()
  expect(await goodbye).toEqual({ code: 1001, reason: 'going away' })
  succeed(world)
  const after = await serve(world, { port: before.server.port })
  const second = await read(after.url, `/events?cursor=${createdIn(first.frames.at(-1) ?? '')}`)
  succeed(world)
  await eventually(() => expect([...first.frames, ...second.frames]).toEqual(everything(world)))
})

/** What a reader does that saves its cursor after each frame, and is cut off in between. */
const churn = async (world: World, seed: number, rounds: number): Promise<void> => {
  const random = seeded(seed)
  const chunkEntries = random.between(1, 5)
  const serving = await serve(world, { limits: { events: { chunkBytes: random.between(1, 2_000), chunkEntries } } })
  const seen: Array<string> = []
  let reading: Reading | null = null
  let taken = 0
  const take = (): void => {
    seen.push(...(reading?.frames.slice(taken) ?? []))
    taken = reading?.frames.length ?? 0
  }
  for (let round = 0; round < rounds; round++) {
    for (let n = random.between(0, 3); n > 0; n--) succeed(world)
    if (random.between(0, 2) === 0) {
      take()
      // What arrives after this is lost with the reader: it asks for it again.
      reading?.socket.terminate()
      reading = null
    }
    if (reading === null && random.between(0, 1) === 0) {
      taken = 0
      const opening = read(serving.url, `/events?cursor=${seen.length === 0 ? '0' : createdIn(seen.at(-1) ?? '')}`)
      // Statuses arrive while the reader is let in.
      succeed(world)
      reading = await opening
      reading.socket.on('message', take)
    }
    for (let n = random.between(0, 3); n > 0; n--) await new Promise(setImmediate)
  }
  if (reading === null) {
    taken = 0
    reading = await read(serving.url, `/events?cursor=${createdIn(seen.at(-1) ?? '"created":0}')}`)
    reading.socket.on('message', take)
  }
  await eventually(() => {
    take()
    expect(seen).toEqual(everything(world))
  })
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('loses and repeats nothing for a reader that comes and goes, with chunks of any size, while statuses arrive (seed %i)', async (seed) => {
  const world = started()
  succeed(world)
  await churn(world, seed, 60)
})

it('delivers what follows any cursor, for a backlog of many chunks', async () => {
  const world = started()
  const { url } = await serve(world)
  for (let n = 0; n < 400; n++) succeed(world)
  const expected = everything(world)
  const random = seeded(7)
  for (let n = 0; n < 12; n++) {
    const from = random.between(0, expected.length - 1)
    const { frames, socket } = await read(url, `/events?cursor=${createdIn(expected[from] ?? '')}`)
    await eventually(() => expect(frames).toHaveLength(expected.length - from - 1))
    expect(frames).toEqual(expected.slice(from + 1))
    socket.terminate()
  }
})

// ---------------------------------------------------------------------------------------- slow and dead readers

it('disconnects a reader that does not read, which can resume; fifty others notice nothing', async () => {
  // A close has as long as it takes: fifty others are to be looked at meanwhile.
  const world = createWorld({ clock: manualClock() })
  world.openStream()
  const serving = await serve(world, { limits: { events: { owedBytes: 200_000 } } })
  const noise = '\u20ac'.repeat(1_000)
  const tell = (statuses: number): void => {
    for (let n = 0; n < statuses; n++) {
      const [one] = world.push()
      if (one !== undefined) world.refuse(one, noise)
    }
  }
  // Three thousand bytes each: more than two kernels' buffers hold.
  tell(4_000)
  const backlog = everything(world).length

  const stalled = await read(serving.url, '/events?cursor=0', { isStalled: true })
  const healthy = await Promise.all(Array.from({ length: 50 }, () => read(serving.url, '/events')))
  for (let rounds = 1; (await metric(serving, 'tack_events_cut_total')) === 0; rounds++) {
    if (rounds > 200) expect.fail('six megabytes of news wait for a reader that does not read, and it is still connected')
    tell(10)
  }
  const expected = everything(world)
  await eventually(() => {
    for (const { frames, socket } of healthy) expect([frames.length, socket.readyState]).toEqual([expected.length - backlog, WebSocket.OPEN])
  })
  for (const { frames } of healthy) expect(frames).toEqual(expected.slice(backlog))

  stalled.socket.resume()
  expect(await stalled.closed).toEqual({ code: 1013, reason: 'reconnect to continue' })
  expect(stalled.frames.length).toBeLessThan(expected.length)
  const resumed = await read(serving.url, `/events?cursor=${createdIn(stalled.frames.at(-1) ?? '')}`)
  await eventually(() => expect(stalled.frames.length + resumed.frames.length).toBe(expected.length))
  expect([...stalled.frames, ...resumed.frames]).toEqual(expected)
})

it('shares each turn of the loop among readers with room, so that thousands with an old cursor hold up nobody', async () => {
  const world = started()
  for (let n = 0; n < 300; n++) {
    const [one] = world.push()
    if (one !== undefined) world.refuse(one, 'x'.repeat(60_000))
  }
  const quietBytes = 1_000_000
  const events = createEvents(world.state, silentLog, createTurns({ busyBytes: 1, busyWrites: 1, quietBytes }), defaultEventsLimits)
  const expected = everything(world)
  let written = 0
  let all = 0
  const readers = Array.from({ length: 40 }, () => {
    const taken: Array<Buffer> = []
    let close: () => void = () => undefined
    const peer: Peer = {
      close: () => undefined,
      isOpen: () => true,
      onClose: (then) => (close = then),
      onRoom: () => undefined,
      write: (bytes) => {
        written += bytes.length
        all += bytes.length
        return taken.push(bytes) > 0
      }
    }
    return { close: () => close(), peer, taken }
  })
  for (const { peer } of readers) {
    const admitted = events.admit(new URLSearchParams('cursor=0'))
    if (E.isRight(admitted)) admitted.right(peer)
  }
  readers[7]?.close()
  const rest = readers.filter((_, i) => i !== 7)
  const message = Buffer.concat(expected.map((text) => encoded(text)))
  let turns = 0
  const gone = readers[7]?.taken.reduce((sum, { length }) => sum + length, 0) ?? 0
  while (all < rest.length * message.length + gone) {
    // One write may go beyond.
    expect(written).toBeLessThanOrEqual(quietBytes + defaultEventsLimits.chunkBytes)
    written = 0
    if (++turns > 10_000) expect.fail('ten thousand turns have passed, and somebody still waits for what there is')
    await new Promise(setImmediate)
  }
  expect(turns).toBeGreaterThan(10)
  for (const { taken } of rest) expect(Buffer.concat(taken).equals(message)).toBe(true)
  expect(gone).toBeLessThan(message.length)
})

it('hands a thousand readers the same bytes of a status, made once, and asks for no turn of their own for each of them', async () => {
  const world = started()
  const { take, ...others } = createTurns(defaultTurnsLimits)
  let asked = 0
  const counted = {
    ...others,
    take: (run: () => void) => {
      asked += 1
      take(run)
    }
  }
  const events = createEvents(world.state, silentLog, counted, defaultEventsLimits)
  const readers = Array.from({ length: 1_000 }, () => {
    const taken: Array<Buffer> = []
    const peer: Peer = { close: () => undefined, isOpen: () => true, onClose: () => undefined, onRoom: () => undefined, write: (bytes) => taken.push(bytes) > 0 }
    return { peer, taken }
  })
  for (const { peer } of readers) {
    const admitted = events.admit(new URLSearchParams())
    if (E.isRight(admitted)) admitted.right(peer)
  }
  asked = 0
  const news = 3
  for (let n = 1; n <= news; n++) {
    succeed(world)
    events.wake()
    for (let turns = 0; readers.some(({ taken }) => taken.length < n); turns++) {
      if (turns > 1_000) expect.fail('a thousand turns have passed, and somebody still waits for a status')
      await new Promise(setImmediate)
    }
  }
  const [first, ...rest] = readers
  const made = new Set(first?.taken)
  expect(made.size).toBe(news)
  for (const { taken } of rest) expect(taken.every((bytes) => made.has(bytes))).toBe(true)
  expect(asked).toBeLessThan(100)
})

/** A reader that takes what it is given, or is full after each write. */
const reader = (isFull = false) => {
  const taken: Array<Buffer> = []
  const closed: Array<number> = []
  let isOpen = true
  const peer: Peer = {
    close: (code) => {
      closed.push(code)
      isOpen = false
    },
    isOpen: () => isOpen,
    onClose: () => undefined,
    onRoom: () => undefined,
    write: (bytes) => taken.push(bytes) > 0 && !isFull
  }
  return { closed, peer, taken }
}

it('keeps what it has encoded for thirty-two positions, and no more, however many readers ask from others', async () => {
  const world = started()
  for (let n = 0; n < 50; n++) world.push()
  const events = createEvents(world.state, silentLog, createTurns(defaultTurnsLimits), { ...defaultEventsLimits, chunkEntries: 2 })
  const cursors = world.told().slice(0, 50).map((entry) => createdIn(logFrame(entry)))
  const firsts = async (): Promise<ReadonlyArray<Buffer | undefined>> => {
    const readers = cursors.map((cursor) => ({ cursor, ...reader(true) }))
    for (const { cursor, peer } of readers) {
      const admitted = events.admit(new URLSearchParams({ cursor }))
      if (E.isRight(admitted)) admitted.right(peer)
    }
    for (let n = 0; n < 100; n++) await new Promise(setImmediate)
    return readers.map(({ taken: [first] }) => first)
  }
  const [before, after] = [await firsts(), await firsts()]
  expect(before.every((bytes) => bytes !== undefined)).toBe(true)
  expect(after.map((bytes, i) => bytes?.equals(before[i] ?? Buffer.alloc(0)))).toEqual(Array(50).fill(true))
  const kept = after.filter((bytes, i) => bytes === before[i]).length
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThanOrEqual(32)
})

it('counts all news that waits for a reader, however much comes at once, and each reader that it disconnects once', () => {
  const world = started()
  world.push()
  const log = rememberingLog()
  const events = createEvents(world.state, log, createTurns(defaultTurnsLimits), { ...defaultEventsLimits, chunkEntries: 2, owedBytes: 2_000 })
  const { closed, peer } = reader(true)
  const admitted = events.admit(new URLSearchParams('cursor=0'))
  if (E.isRight(admitted)) admitted.right(peer)
  const before = everything(world).length
  for (let n = 0; n < 12; n++) world.push()
  events.wake()
  expect([closed, events.counts().cut]).toEqual([[1013], 1])
  const owed = everything(world).slice(before).reduce((sum, text) => sum + encoded(text).length, 0)
  expect(log.lines.map(({ fields, message }) => [message, fields['owedBytes']])).toEqual([['events reader too slow: disconnected, it can resume', owed]])
  world.push()
  events.wake()
  expect([closed, events.counts().cut]).toEqual([[1013], 1])
})

it('lets in whoever comes at once before it writes much to any of them', async () => {
  const world = started()
  const noise = '\u20ac'.repeat(1_000)
  for (let n = 0; n < 1_000; n++) {
    const [one] = world.push()
    if (one !== undefined) world.refuse(one, noise)
  }
  const bytesEach = everything(world).reduce((sum, text) => sum + encoded(text).length, 0) / everything(world).length
  const serving = await serve(world)
  const { hostname, port } = new URL(serving.url)
  const readers = 200
  const upgrade = Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  for (let n = 0; n < readers; n++) {
    const socket = connect(Number(port), hostname).pause()
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    socket.write(`GET /events?cursor=0 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`)
  }
  // The question waits behind them. Were a turn that accepts one like any other, each of them would have cost what a quiet turn may.
  const sent = await metric(serving, 'tack_events_sent_total')
  expect(await metric(serving, 'tack_events_readers')).toBe(readers)
  expect(sent * bytesEach).toBeLessThan((readers * defaultTurnsLimits.quietBytes) / 3)
})

it('pings every 30 s, and drops readers that do not answer', async () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  world.openStream()
  const serving = await serve(world)
  const alive = await read(serving.url, '/events')
  let pings = 0
  alive.socket.on('ping', () => pings++)
  const dead = await raw(serving.url)
  let heard = ''
  dead.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
  dead.write(`GET /events HTTP/1.1\r\nHost: x\r\n${Object.entries(UPGRADE).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  await eventually(() => expect(heard).toMatch(/^HTTP\/1.1 101 /))
  const gone = once(dead, 'close')

  clock.advance(29_999)
  expect(pings).toBe(0)
  for (let n = 1; n <= 3; n++) {
    clock.advance(n === 1 ? 1 : 30_000)
    await eventually(() => expect(pings).toBe(n))
    // The answer is on its way, and there before that of a question asked later.
    await ask(serving.url, '/healthz')
  }
  await gone
  expect(alive.socket.readyState).toBe(WebSocket.OPEN)
})

it('ends without waiting for readers that do not read, nor for the rest of a request', async () => {
  const world = started()
  const serving = await serve(world, { limits: { http: { requestMs: 600_000 } } })
  for (let n = 0; n < 300; n++) {
    const [one] = world.push()
    if (one !== undefined) world.refuse(one, 'x'.repeat(60_000))
  }
  await read(serving.url, '/events?cursor=0', { isStalled: true })
  const polite = await read(serving.url, '/events')
  const slow = await raw(serving.url)
  slow.write('GET /healthz HT')
  let isClosed = false
  void serving.server.close().then(() => (isClosed = true))
  await eventually(() => expect(isClosed).toBe(true), 2_000)
  expect(await polite.closed).toEqual({ code: 1001, reason: 'going away' })
})
