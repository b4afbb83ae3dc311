/** The drive loop on simulated ports: journal first, then act; nothing lost, nothing ahead of what is safe. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  canonical,
  decodeFrame,
  type Event,
  type HostName,
  isWanted,
  type Json,
  type Natural,
  OrderedMap as M,
  type Rkey,
  run,
  State,
  type WorkflowName
} from '../../../core/index.js'
import { type Bridge, defaultLimits, startBridge } from '../../../shell/drive/runtime.js'
import type { Store, StoreError } from '../../../shell/store/index.js'
import { BEGIN, config, type Dial, fakeNetwork, fakeStore, HOSTNAME, manualClock, ports, settle } from '../support/bridge.js'
import { createWorld, HOSTNAME as SPINDLE, KNOT } from '../inbound/support.js'
import { rememberingLog } from '../support/sockets.js'

// ---------------------------------------------------------------------------------------- what the peers send

const DID = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'
const DIGITS = '234567abcdefghijklmnopqrstuvwxyz'
const rev = (n: number): string => `3mbcdefghi${[n >> 10, n >> 5, n].map((part) => DIGITS[part & 31] ?? '').join('')}`

const frame = (n: number, knot: string | null): string =>
  JSON.stringify({
    did: DID,
    time_us: BEGIN + n * 1_000,
    kind: 'commit',
    commit: {
      rev: rev(n),
      collection: 'sh.tangled.repo',
      rkey: `repo${String(n % 3)}`,
      ...(knot === null ? { operation: 'delete' } : { operation: 'create', record: { name: 'app', knot, spindle: HOSTNAME } })
    }
  })

const identity = (n: number): string => JSON.stringify({ did: DID, time_us: BEGIN + n * 1_000, kind: 'identity' })

const send = (dial: Dial, text: string, chars = text.length): void =>
  dial.deliver(E.toUnion(decodeFrame({ at: BEGIN, connection: dial.connection })(text)), chars)

const open = (dial: Dial): void =>
  dial.deliver(
    dial.host === null
      ? { _tag: 'JetstreamOpened', at: BEGIN, connection: dial.connection }
      : { _tag: 'KnotOpened', at: BEGIN, connection: dial.connection, host: dial.host }
  )

const lose = (dial: Dial): void =>
  dial.deliver(
    dial.host === null
      ? { _tag: 'JetstreamClosed', at: BEGIN, connection: dial.connection, poisoned: false }
      : { _tag: 'KnotClosed', at: BEGIN, connection: dial.connection, host: dial.host }
  )

const text = (state: State): string => canonical(State.encode(state) as Json)

const last = (dials: ReadonlyArray<Dial>): Dial => {
  const dial = dials.at(-1)
  if (dial === undefined) throw new Error('nothing was dialled')
  return dial
}

const setUp = () => {
  const clock = manualClock()
  const store = fakeStore()
  const { dials, network } = fakeNetwork()
  return { bridge: startBridge(ports(clock, network, store), config), clock, dials, store }
}

// ---------------------------------------------------------------------------------------- one thing each

describe('the drive loop', () => {
  test('starts by requesting the stream, and subscribes to a knot once the record is safe', async () => {
    const { bridge, dials, store } = setUp()
    await settle()
    expect(dials.map(({ cursor, host }) => ({ cursor, host }))).toEqual([{ cursor: null, host: null }])
    open(last(dials))
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    expect(last(dials).host).toBe('knot1.example')
    expect(store.acknowledged().map(({ _tag }) => _tag)).toEqual(['Started', 'JetstreamOpened', 'CommitReceived'])
    await bridge.stop()
  })

  test('starts although the server cannot be reached, and tries again after a pause (S5)', async () => {
    const { bridge, clock, dials } = setUp()
    await settle()
    lose(last(dials))
    await settle()
    expect(dials).toHaveLength(1)
    clock.advance(2_000)
    await settle()
    expect(dials).toHaveLength(2)
    expect(last(dials).connection).toBeGreaterThan(1)
    await bridge.stop()
  })

  test('S3 asks at a reconnect for what is saved then, not at the start', async () => {
    const { bridge, clock, dials } = setUp()
    await settle()
    open(last(dials))
    send(last(dials), frame(9_000, null))
    await settle()
    lose(last(dials))
    await settle()
    clock.advance(60_000)
    await settle()
    expect(last(dials).cursor).toBe(BEGIN + 9_000_000 - 5_000_000)
    await bridge.stop()
  })

  test('writes what only moves the cursor after a while, in one event, and shows it only then', async () => {
    const { bridge, clock, dials, store } = setUp()
    await settle()
    for (const n of [1, 2, 3]) {
      send(last(dials), identity(n))
      await settle()
    }
    expect(store.given().map(({ _tag }) => _tag)).toEqual(['Started'])
    expect(bridge.durable().cursor.cursor).toBeNull()
    clock.advance(defaultLimits.lazyMs)
    await settle()
    expect(store.given().slice(1).every(({ _tag }) => _tag === 'StreamAdvanced')).toBe(true)
    expect(bridge.durable().cursor.cursor).toBe(BEGIN + 3_000)
    await bridge.stop()
  })

  test('waits for company by one timer, which goes as soon as something is saved', async () => {
    const { bridge, clock, dials } = setUp()
    await settle()
    open(last(dials))
    await settle()
    for (const n of [1, 2, 3]) {
      send(last(dials), identity(n))
      await settle()
      expect(clock.armed()).toBe(1)
    }
    send(last(dials), frame(4, null))
    await settle()
    expect([clock.armed(), bridge.durable().counters.frames]).toEqual([0, 4])
    // Whoever comes then waits as long as ever.
    send(last(dials), identity(5))
    await settle()
    clock.advance(defaultLimits.lazyMs - 1)
    await settle()
    expect(bridge.durable().counters.frames).toBe(4)
    clock.advance(1)
    await settle()
    expect(bridge.durable().counters.frames).toBe(5)
    await bridge.stop()
  })

  test('writes one event for a flood that only moves the cursor, however many batches it comes in', async () => {
    const { bridge, clock, dials, store } = setUp()
    await settle()
    open(last(dials))
    await settle()
    for (let n = 1; n <= 20; n++) {
      for (let i = 0; i < 250; i++) send(last(dials), identity(n * 250 + i))
      await settle()
    }
    clock.advance(defaultLimits.lazyMs)
    await settle()
    expect(bridge.durable().counters.frames).toBe(5_000)
    // The first frame of a connection stands alone.
    const advances = store.given().flatMap((event) => (event._tag === 'StreamAdvanced' ? [event.count] : []))
    expect(advances.length).toBeLessThanOrEqual(2)
    expect(advances.reduce((sum, count) => sum + count, 0)).toBe(5_000)
    expect(text(store.surviving())).toBe(text(bridge.durable()))
    await bridge.stop()
  })

  test('waits for something to happen afterwards', async () => {
    const clock = manualClock()
    const { dials, network } = fakeNetwork()
    let turns = 0
    const bridge = startBridge(ports(clock, network, fakeStore()), config, null, () => (turns += 1))
    await settle()
    send(last(dials), identity(1))
    await settle()
    expect(turns).toBe(1)
    clock.advance(1_000)
    await settle()
    expect(turns).toBe(2)
    await settle()
    expect([turns, clock.armed()]).toEqual([2, 0])
    await bridge.stop()
  })

  test('does not put off writing for ever under steady noise', async () => {
    const { bridge, clock, dials } = setUp()
    await settle()
    for (let n = 1; n <= 5; n++) {
      send(last(dials), identity(n))
      await settle()
      clock.advance(defaultLimits.lazyMs / 2)
      await settle()
    }
    expect(bridge.durable().cursor.cursor).toBeGreaterThanOrEqual(BEGIN + 3_000)
    await bridge.stop()
  })

  test('S12 keeps back the effects of a failed save, pauses reading, and recovers by a snapshot', async () => {
    const { bridge, clock, dials, store } = setUp()
    await settle()
    const stream = last(dials)
    open(stream)
    await settle()
    store.fail(3)
    send(stream, frame(1, 'knot1.example'))
    await settle()
    expect(dials).toHaveLength(1)
    expect(stream.isPaused).toBe(true)
    send(stream, frame(2, 'knot2.example'))
    for (let i = 0; i < 4; i++) {
      clock.advance(30_000)
      await settle()
    }
    expect(stream.isPaused).toBe(false)
    expect(dials.map(({ host }) => host)).toEqual([null, 'knot1.example', 'knot2.example'])
    expect(text(store.surviving())).toBe(text(bridge.durable()))
    const saved = run(store.state, store.given().slice(0, 3))[0]
    expect(store.rescues().map(text)).toEqual([text(saved)])
    await bridge.stop()
  })

  test('reads on as soon as saving has recovered, though nothing else happens', async () => {
    const { bridge, clock, dials, store } = setUp()
    await settle()
    const stream = last(dials)
    open(stream)
    await settle()
    store.fail(1)
    send(stream, frame(1, 'knot1.example'))
    await settle()
    expect(stream.isPaused).toBe(true)
    clock.advance(30_000)
    await settle()
    expect(stream.isPaused).toBe(false)
    await bridge.stop()
  })

  test('retries a failed save after doubling pauses, up to the longest, and logs that', async () => {
    const clock = manualClock()
    const memory = fakeStore()
    const at: Array<number> = []
    const store: Store = { ...memory, rescue: (state) => (at.push((clock.now() - BEGIN) / 1_000), memory.rescue(state)) }
    const { dials, network } = fakeNetwork()
    const log = rememberingLog()
    const limits = { ...defaultLimits, rescueMs: { first: 100, last: 400 } }
    const bridge = startBridge({ ...ports(clock, network, store), log }, config, null, undefined, limits)
    await settle()
    memory.fail(5)
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    for (let i = 0; i < 40; i++) {
      expect(bridge.isSaving()).toBe(at.length === 5)
      clock.advance(50)
      await settle()
    }
    expect(at).toEqual([100, 300, 700, 1_100, 1_500])
    const fields = { path: 'memory', reason: 'no space left' }
    expect(log.lines).toEqual([
      { fields, level: 'error', message: 'save failed: reading is paused until saving recovers' },
      ...Array.from({ length: 4 }, () => ({ fields, level: 'error', message: 'save failed again' })),
      { fields: {}, level: 'info', message: 'saving recovered; nothing was lost' }
    ])
    await bridge.stop()
  })

  test('tells the watchdog that it is alive while a failed save is retried', async () => {
    const clock = manualClock()
    const store = fakeStore()
    const { dials, network } = fakeNetwork()
    const at: Array<number> = []
    const watchdog = { beat: () => void at.push((clock.now() - BEGIN) / 1_000), everyMs: 600_000 }
    const bridge = startBridge({ ...ports(clock, network, store), watchdog }, config)
    await settle()
    store.fail(12)
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    at.length = 0
    for (let i = 0; i < 150; i++) {
      clock.advance(1_000)
      await settle()
    }
    expect(bridge.isSaving()).toBe(false)
    // The longest pause between two attempts is 30 s, and systemd waits for 120 s.
    expect(at.length).toBeGreaterThan(5)
    for (const [i, ms] of at.entries()) expect(ms - (at[i - 1] ?? 0)).toBeLessThanOrEqual(60_000)
    await bridge.stop()
  })

  test('tells the watchdog that it is alive with every batch, and while nothing happens, by one timer', async () => {
    const clock = manualClock()
    const { dials, network } = fakeNetwork()
    let beats = 0
    const watchdog = { beat: () => void (beats += 1), everyMs: 1_000 }
    const bridge = startBridge({ ...ports(clock, network, fakeStore()), watchdog }, config, null, undefined, { ...defaultLimits, batchEvents: 1, lazyMs: 3_600_000 })
    await settle()
    open(last(dials))
    await settle()
    beats = 0
    for (let n = 1; n <= 50; n++) send(last(dials), frame(n, null))
    for (let n = 0; n < 10; n++) await settle()
    expect(bridge.durable().counters.frames).toBe(50)
    expect(beats).toBeGreaterThanOrEqual(50)
    expect(clock.armed()).toBe(1)
    beats = 0
    for (let n = 0; n < 5; n++) {
      clock.advance(1_000)
      await settle()
    }
    expect([beats >= 5, clock.armed()]).toEqual([true, 1])
    await bridge.stop()
    expect(clock.armed()).toBe(0)
  })

  test('has the documented limits', () =>
    expect(defaultLimits).toEqual({
      batchEvents: 1_500,
      batchLong: 64,
      batchMs: 5,
      inboxChars: 16_777_216,
      inboxEvents: 3_000,
      inboxLong: 250,
      journalBytes: { least: 8_388_608, most: 134_217_728, timesSnapshot: 4 },
      lazyMs: 1_000,
      rescueMs: { first: 250, last: 30_000 },
      stopMs: 3_000,
      turnChars: 1_048_576,
      turnEvents: 500
    }))

  test('ends at a stop while saving fails, and says that the last events are not safe', async () => {
    const clock = manualClock()
    const memory = fakeStore()
    let isClosed = false
    let snapshots = 0
    const store: Store = {
      ...memory,
      close: () => () => ((isClosed = true), Promise.resolve(E.right(undefined))),
      journalBytes: () => 1,
      snapshot: (state) => ((snapshots += 1), memory.snapshot(state))
    }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(clock, network, store), config)
    await settle()
    memory.fail(1_000)
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    expect(await bridge.stop()).toEqual(E.left('memory: no space left'))
    expect(dials).toHaveLength(1)
    // What cannot be saved is not tried once more.
    expect([clock.armed(), isClosed, snapshots]).toEqual([0, true, 0])
  })

  test('hears nobody any more once it is to stop: what has arrived by then is all that a stop waits for', async () => {
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(manualClock(), network, fakeStore()), config)
    await settle()
    open(last(dials))
    expect(last(dials).isPaused).toBe(false)
    const stopped = bridge.stop()
    expect(last(dials).isPaused).toBe(true)
    await stopped
  })

  test('takes in at a stop all that has arrived by then, in however many batches', async () => {
    const { dials, network } = fakeNetwork()
    const store = fakeStore()
    const bridge = startBridge(ports(manualClock(), network, store), config, null, undefined, { ...defaultLimits, batchEvents: 1 })
    await settle()
    const stream = last(dials)
    open(stream)
    await settle()
    const stopped = bridge.stop()
    // It is on its way already, and only moves the cursor.
    send(stream, identity(1))
    const safe = bridge.submit({ _tag: 'CancelRequested', at: BEGIN, knot: 'knot1.example' as HostName, rkey: 'a' as Rkey, workflow: null })
    send(stream, identity(2))
    expect(await stopped).toEqual(E.right(undefined))
    expect([await safe, bridge.backlog()]).toEqual([true, 0])
    expect(text(store.surviving())).toBe(text(bridge.durable()))
  })

  test('says when a store cannot be closed', async () => {
    const store: Store = { ...fakeStore(), close: () => () => Promise.resolve(E.left({ _tag: 'Failed' as const, message: 'why', path: '/store' })) }
    const bridge = startBridge(ports(manualClock(), fakeNetwork().network, store), config)
    await settle()
    expect(await bridge.stop()).toEqual(E.left('/store: why'))
  })

  test('pauses every connection, new ones included, while the inbox is full, and resumes them with an emptier one', async () => {
    const clock = manualClock()
    const store = fakeStore()
    const { dials, network } = fakeNetwork()
    const limits = { ...defaultLimits, batchEvents: 2, inboxEvents: 4 }
    const bridge = startBridge(ports(clock, network, store), config, null, undefined, limits)
    await settle()
    const stream = last(dials)
    for (let n = 1; n <= 8; n++) send(stream, frame(n, 'knot1.example'))
    expect(stream.isPaused).toBe(true)
    await settle()
    expect(stream.isPaused).toBe(false)
    expect(bridge.durable().counters.frames).toBe(8)
    await bridge.stop()
  })

  test.each([
    ['', 0],
    [', also when saving failed meanwhile', 1]
  ])('resumes connections once the inbox is half empty%s; ones opened before wait as well, ones opened later do not', async (_, failures) => {
    const clock = manualClock()
    const store = fakeStore()
    const { dials, network } = fakeNetwork()
    const limits = { ...defaultLimits, batchEvents: 1, inboxEvents: 8 }
    const paused: Array<ReadonlyArray<boolean>> = []
    const bridge = startBridge(ports(clock, network, store), config, null, () => paused.push(dials.map(({ isPaused }) => isPaused)), limits)
    await settle()
    paused.splice(0)
    store.fail(failures)
    for (let n = 1; n <= 8; n++) send(last(dials), frame(n, 'knot1.example'))
    await settle()
    clock.advance(limits.rescueMs.first)
    for (let i = 0; i < 3; i++) await settle()
    expect(paused).toEqual([[true], [true, true], [true, true], ...Array.from({ length: 5 }, () => [false, false])])
    const [stream] = dials
    if (stream !== undefined) send(stream, frame(9, 'knot2.example'))
    await settle()
    expect(dials.map(({ isPaused }) => isPaused)).toEqual([false, false, false])
    await bridge.stop()
  })

  test('bounds what arrives in one turn of the event loop: every connection waits for the next turn, unless saving fails', async () => {
    const clock = manualClock()
    const store = fakeStore()
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(clock, network, store), config, null, undefined, { ...defaultLimits, turnEvents: 3 })
    await settle()
    const stream = last(dials)
    const nextTurn = (): Promise<void> => new Promise(setImmediate)
    for (const round of [0, 1]) {
      for (const n of [1, 2]) send(stream, frame(3 * round + n, 'knot1.example'))
      expect(stream.isPaused).toBe(false)
      send(stream, frame(3 * round + 3, 'knot1.example'))
      expect(stream.isPaused).toBe(true)
      await nextTurn()
      expect(stream.isPaused).toBe(false)
    }
    // Those of another turn do not count.
    for (const n of [7, 8]) send(stream, frame(n, 'knot1.example'))
    await nextTurn()
    for (const n of [9, 10]) send(stream, frame(n, 'knot1.example'))
    expect(stream.isPaused).toBe(false)
    await settle()
    expect(bridge.durable().counters.frames).toBe(10)

    store.fail(1)
    send(stream, frame(11, 'knot1.example'))
    await settle()
    expect([bridge.isSaving(), stream.isPaused]).toEqual([false, true])
    for (const n of [12, 13, 14]) send(stream, frame(n, 'knot1.example'))
    await settle()
    expect(stream.isPaused).toBe(true)
    clock.advance(defaultLimits.rescueMs.first)
    await settle()
    expect([bridge.isSaving(), stream.isPaused, bridge.durable().counters.frames]).toEqual([true, false, 14])
    await bridge.stop()
  })

  test('bounds the characters of what arrives in one turn as well', async () => {
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(manualClock(), network, fakeStore()), config, null, undefined, { ...defaultLimits, turnChars: 100 })
    await settle()
    const stream = last(dials)
    const deliver = (chars: number): void => stream.deliver(E.toUnion(decodeFrame({ at: BEGIN, connection: stream.connection })(frame(1, null))), chars)
    for (const round of [0, 1]) {
      deliver(99)
      expect([round, stream.isPaused]).toEqual([round, false])
      deliver(1)
      expect(stream.isPaused).toBe(true)
      await new Promise(setImmediate)
      expect(stream.isPaused).toBe(false)
    }
    deliver(99)
    await new Promise(setImmediate)
    deliver(99)
    expect(stream.isPaused).toBe(false)
    await settle()
    await bridge.stop()
  })

  test('fills the inbox with a few large messages as well: a batch is written in one line', async () => {
    const clock = manualClock()
    const store = fakeStore()
    const { dials, network } = fakeNetwork()
    const limits = { ...defaultLimits, batchEvents: 3, inboxChars: 1_000 }
    const paused: Array<boolean | undefined> = []
    const bridge = startBridge(ports(clock, network, store), config, null, () => paused.push(dials[0]?.isPaused), limits)
    await settle()
    paused.splice(0)
    const stream = last(dials)
    for (let n = 1; n <= 3; n++) send(stream, frame(n, 'knot1.example'), 300)
    expect(stream.isPaused).toBe(false)
    for (let n = 4; n <= 8; n++) {
      send(stream, frame(n, 'knot1.example'), 100)
      expect(stream.isPaused).toBe(true)
    }
    await settle()
    expect(paused).toEqual([true, true, false])
    expect(bridge.durable().counters.frames).toBe(8)
    // What has been taken in does not count any more.
    send(stream, frame(9, 'knot1.example'), 999)
    expect(stream.isPaused).toBe(false)
    send(stream, frame(10, 'knot1.example'), 1)
    expect(stream.isPaused).toBe(true)
    await settle()
    expect([stream.isPaused, bridge.durable().counters.frames]).toEqual([false, 10])
    await bridge.stop()
  })

  test.each([
    ['none', 0, 2],
    ['2 ms', 2, 5],
    ['20 ms', 20, 15]
  ])('a batch is cut short when its time is up (100 events take %s), and nothing of the rest is lost or moved', async (_, ms, saves) => {
    const clock = manualClock()
    const slow = { ...clock, now: () => (clock.advance(ms), clock.now()) }
    const memory = fakeStore()
    const sizes: Array<number> = []
    const store: Store = { ...memory, append: (events) => (sizes.push(events.length), memory.append(events)) }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(slow, network, store), config, null, undefined, { ...defaultLimits, batchEvents: 1_000 })
    await settle()
    sizes.splice(0)
    const stream = last(dials)
    for (let n = 1; n <= 1_500; n++) send(stream, frame(n, 'knot1.example'))
    await settle()
    for (let i = 0; i < 20; i++) await settle()
    expect(sizes).toHaveLength(saves)
    const commits = memory.acknowledged().filter((event) => event._tag === 'CommitReceived')
    expect(commits.map(({ timeUs }) => timeUs)).toEqual(Array.from({ length: 1_500 }, (__, n) => BEGIN + (n + 1) * 1_000))
    await bridge.stop()
  })

  test('closes every connection at a stop, cancels every timer, saves, releases the store, and connects no more', async () => {
    const { bridge, clock, dials, store } = setUp()
    await settle()
    open(last(dials))
    send(last(dials), frame(1, 'knot1.example'))
    send(last(dials), identity(2))
    await settle()
    lose(last(dials))
    await settle()
    expect(E.isRight(await bridge.stop())).toBe(true)
    expect(dials.every(({ host, isClosed }) => isClosed || host !== null)).toBe(true)
    expect(store.isClosed()).toBe(true)
    expect(clock.armed()).toBe(0)
    expect(store.surviving().cursor.cursor).toBe(BEGIN + 2_000)
    const before = dials.length
    clock.advance(10_000_000)
    await settle()
    expect(dials).toHaveLength(before)
  })

  test('S16 works with a network on which nothing ever happens', async () => {
    const { bridge, clock, dials } = setUp()
    await settle()
    clock.advance(86_400_000)
    await settle()
    expect(dials).toHaveLength(1)
    expect(E.isRight(await bridge.stop())).toBe(true)
  })

  test('makes a snapshot of what is safe when the journal has grown, one at a time', async () => {
    const clock = manualClock()
    const taken: Array<string> = []
    let release: () => void = () => undefined
    const memory = fakeStore()
    const store = {
      ...memory,
      journalBytes: () => defaultLimits.journalBytes.least,
      snapshot: (state: State) => async () => {
        taken.push(text(state))
        await new Promise<void>((resolve) => (release = resolve))
        return E.right(undefined)
      }
    }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(clock, network, store), config)
    await settle()
    expect(taken).toHaveLength(1)
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    expect(taken).toEqual([text(run(memory.state, memory.acknowledged().slice(0, 1))[0])])
    release()
    await settle()
    send(last(dials), frame(2, 'knot1.example'))
    await settle()
    expect(taken).toHaveLength(2)
    release()
    const stopped = bridge.stop()
    for (let i = 0; i < 2; i++) {
      await settle()
      release()
    }
    await stopped
  })
})

describe('an admin request', () => {
  /** A bridge that has a run whose files are being read, and an order to cancel that. */
  const reading = () => {
    const world = createWorld({ clock: manualClock() })
    world.openStream()
    const { rkey } = world.pushUnread()
    const { network } = fakeNetwork()
    const bridge = startBridge(ports(manualClock(), network, { ...fakeStore(), state: world.state() }), {
      ...config,
      hostname: SPINDLE as typeof config.hostname,
      hosts: { ...config.hosts, defaultPort: 443 }
    })
    return { bridge, cancel: { _tag: 'CancelRequested', at: BEGIN, knot: KNOT as HostName, rkey: rkey as Rkey, workflow: null } as const }
  }

  test('is answered with its outcome in the state in which it is taken', async () => {
    const { bridge, cancel } = reading()
    await settle()
    // All of these are taken in, and made durable, at once.
    const outcomes = [bridge.admin({ ...cancel, workflow: 'ci.yml' as WorkflowName }), bridge.admin(cancel), bridge.admin(cancel)]
    expect(await Promise.all(outcomes)).toEqual(['unknown', 'accepted', 'unknown'])
    await bridge.stop()
  })

  test('sees what was changed by the events before it, whoever sent them', async () => {
    const { bridge, cancel } = reading()
    await settle()
    const [isSafe, outcome] = [bridge.submit(cancel), bridge.admin(cancel)]
    expect([await isSafe, await outcome]).toEqual([true, 'unknown'])
    await bridge.stop()
    expect(await bridge.admin(cancel)).toBe('unsafe')
  })
})

describe('an event that the operator has passed over', () => {
  const KNOT_SAYS: Event = {
    _tag: 'KnotReceived',
    at: BEGIN,
    connection: 1 as Natural,
    created: null,
    host: 'knot1.example' as HostName,
    nsid: 'sh.tangled.git.refUpdate' as Extract<Event, { readonly _tag: 'KnotReceived' }>['nsid'],
    payload: { _tag: 'Other' },
    rkey: 'bad' as Rkey
  }

  test('counts as one: orders before and after it are judged in their own turn, and answered when they are safe', async () => {
    const world = createWorld({ clock: manualClock() })
    world.openStream()
    const { rkey } = world.pushUnread()
    const nothing = (): Promise<void> => Promise.resolve()
    const steps = { at: nothing, begin: nothing, end: nothing, passed: nothing, wanted: { about: 'sh.tangled.git.refUpdate knot1.example/bad', of: 'KnotReceived' } }
    const store = { ...fakeStore(), state: world.state(), steps }
    const { network } = fakeNetwork()
    const bridge = startBridge(ports(manualClock(), network, store), { ...config, hostname: SPINDLE as typeof config.hostname, hosts: { ...config.hosts, defaultPort: 443 } })
    await settle()
    const cancel = { _tag: 'CancelRequested', at: BEGIN, knot: KNOT as HostName, rkey: rkey as Rkey, workflow: null } as const
    const outcomes = [bridge.admin(cancel), bridge.submit(KNOT_SAYS), bridge.admin(cancel)]
    expect(await Promise.all(outcomes)).toEqual(['accepted', true, 'unknown'])
    expect(store.acknowledged().map(({ _tag }) => _tag)).toContain('PassedOver')
    // Those that come later have their own turns, too.
    expect(await Promise.all([bridge.admin(cancel), bridge.admin(cancel)])).toEqual(['unknown', 'unknown'])
    await bridge.stop()
  })

  test('is durably passed over before anybody is answered, and before anything is done', async () => {
    const world = createWorld({ clock: manualClock() })
    world.openStream()
    const done: Array<string> = []
    let isPassed: () => void = () => undefined
    const nothing = (): Promise<void> => Promise.resolve()
    const passed = (): Promise<void> => {
      done.push('passed')
      return new Promise((resolve) => (isPassed = resolve))
    }
    const steps = { at: nothing, begin: nothing, end: nothing, passed, wanted: { about: 'sh.tangled.git.refUpdate knot1.example/bad', of: 'KnotReceived' } }
    const { network } = fakeNetwork()
    const known = ports(manualClock(), network, { ...fakeStore(), state: world.state(), steps })
    const bridge = startBridge(known, { ...config, hostname: SPINDLE as typeof config.hostname }, null, (_, events) => void done.push(...events.map(({ _tag }) => _tag)))
    await settle()
    done.length = 0
    void bridge.submit(KNOT_SAYS).then((isSafe) => done.push(`told ${String(isSafe)}`))
    await settle()
    expect(done).toEqual(['passed'])
    isPassed()
    await settle()
    expect([done[0], done.includes('PassedOver'), done.at(-1)]).toEqual(['passed', true, 'told true'])
    expect(done.filter((one) => one === 'passed')).toHaveLength(1)
    await bridge.stop()
  })
})

describe('a submitted event', () => {
  const CANCEL: Event = { _tag: 'CancelRequested', at: BEGIN, knot: 'knot1.example' as HostName, rkey: 'a' as Rkey, workflow: null }
  /** Submits it, and says what has been heard of it so far. */
  const submitted = (bridge: Bridge): { heard: () => boolean | null } => {
    let heard: boolean | null = null
    void bridge.submit(CANCEL).then((isSafe) => (heard = isSafe))
    return { heard: () => heard }
  }

  test('is acknowledged when it is safe, and not before', async () => {
    const clock = manualClock()
    let release: () => void = () => undefined
    const memory = fakeStore()
    const store: Store = {
      ...memory,
      append: (events) => async () => {
        await new Promise<void>((resolve) => (release = resolve))
        return memory.append(events)()
      }
    }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(clock, network, store), config)
    await settle()
    release()
    await settle()
    send(last(dials), frame(1, 'knot1.example'))
    const { heard } = submitted(bridge)
    await settle()
    expect(heard()).toBeNull()
    // One that comes while a batch is being written is no part of that.
    const next = submitted(bridge)
    send(last(dials), frame(2, 'knot2.example'))
    release()
    await settle()
    expect([heard(), next.heard()]).toEqual([true, null])
    release()
    await settle()
    expect(next.heard()).toBe(true)
    const stopped = bridge.stop()
    await settle()
    release()
    await stopped
  })

  test('is acknowledged at once where it changes nothing', async () => {
    const { bridge } = setUp()
    await settle()
    const { heard } = submitted(bridge)
    await settle()
    expect(heard()).toBe(true)
    await bridge.stop()
  })

  test('is refused when saving fails, and when the bridge has ended', async () => {
    const { bridge, dials, store } = setUp()
    await settle()
    store.fail(2)
    send(last(dials), frame(1, 'knot1.example'))
    const { heard } = submitted(bridge)
    await settle()
    expect(heard()).toBe(false)
    expect(await bridge.submit(CANCEL)).toBe(false)
    await bridge.stop()
    expect(await bridge.submit(CANCEL)).toBe(false)
    expect(store.given().filter(({ _tag }) => _tag === 'CancelRequested').length).toBeLessThanOrEqual(1)
  })

  test('is refused when it came while saving failed, and the bridge ends before that works again', async () => {
    const { bridge, dials, store } = setUp()
    await settle()
    store.fail(1_000)
    send(last(dials), frame(1, 'knot1.example'))
    // It is taken in before the next turn of the loop, in which it is saved.
    await Promise.resolve()
    await Promise.resolve()
    const { heard } = submitted(bridge)
    await settle()
    expect([heard(), bridge.backlog()]).toEqual([null, 1])
    await bridge.stop()
    expect(heard()).toBe(false)
  })

  test('is refused by a bridge that has ended', async () => {
    const { bridge } = setUp()
    await settle()
    await bridge.stop()
    const { heard } = submitted(bridge)
    await settle()
    expect(heard()).toBe(false)
  })

  test('is saved with the last batch if it comes before that', async () => {
    const { bridge } = setUp()
    await settle()
    const stopped = bridge.stop()
    const { heard } = submitted(bridge)
    await stopped
    expect(heard()).toBe(true)
  })
})

describe('a failed snapshot', () => {
  test('is retried when the journal has grown by another quarter, and then as usual', async () => {
    const clock = manualClock()
    const limit = defaultLimits.journalBytes.least
    let bytes = limit
    let isFull = true
    const at: Array<number> = []
    const store = {
      ...fakeStore(),
      journalBytes: () => bytes,
      snapshot: () => () => {
        at.push(bytes)
        return Promise.resolve(isFull ? E.left({ _tag: 'Failed' as const, message: 'the disk is full', path: 'x' }) : E.right(undefined))
      }
    }
    const { dials, network } = fakeNetwork()
    const log = rememberingLog()
    const bridge = startBridge({ ...ports(clock, network, store), log }, config)
    let n = 0
    const saved = async (grown: number): Promise<void> => {
      bytes = grown
      send(last(dials), frame(++n, 'knot1.example'))
      await settle()
    }
    await settle()
    for (const grown of [limit, limit * 1.25 - 1, limit * 1.25, limit * 1.25]) await saved(grown)
    isFull = false
    await saved(limit * 1.5)
    for (const grown of [0, limit - 1, limit]) await saved(grown)
    expect(at).toEqual([limit, limit * 1.25, limit * 1.5, limit])
    expect(log.lines).toEqual(
      Array.from({ length: 2 }, () => ({ fields: { path: 'x', reason: 'the disk is full' }, level: 'warn', message: 'snapshot failed: the journal goes on' }))
    )
    await bridge.stop()
  })

  test.each([
    ['of nothing', 0, defaultLimits.journalBytes.least],
    ['of a quarter of the least', defaultLimits.journalBytes.least / 4, defaultLimits.journalBytes.least],
    ['larger than that', 10_000_000, 40_000_000],
    ['larger than the most', 1_000_000_000, defaultLimits.journalBytes.most]
  ])('is due when the journal is four times as large as one %s, between the least and the most', async (_, snapshotBytes, due) => {
    let bytes = 0
    const at: Array<number> = []
    const memory = fakeStore()
    const store: Store = {
      ...memory,
      journalBytes: () => bytes,
      snapshot: () => () => {
        at.push(bytes)
        return Promise.resolve(E.right(undefined))
      },
      snapshotBytes: () => snapshotBytes
    }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(manualClock(), network, store), config)
    await settle()
    for (const [n, grown] of [due / 2, due - 1, due].entries()) {
      bytes = grown
      send(last(dials), frame(n + 1, 'knot1.example'))
      await settle()
    }
    expect(at).toEqual([due])
    bytes = 0
    await bridge.stop()
  })
})

describe('the snapshot at a stop', () => {
  const FULL = E.left({ _tag: 'Failed' as const, message: 'the disk is full', path: 'x' })
  const LATE = E.left({ _tag: 'Failed' as const, message: 'it was called off', path: 'x' })

  /** A bridge whose store writes snapshots as `snapshot` says; `order` has what was done to the store, in order. */
  const stopping = (snapshot: (signal: AbortSignal | undefined) => Promise<E.Either<StoreError, void>>, journalBytes = 1) => {
    const clock = manualClock()
    const memory = fakeStore()
    const log = rememberingLog()
    const order: Array<string> = []
    const store: Store = {
      ...memory,
      close: () => () => (order.push('closed'), Promise.resolve(E.right(undefined))),
      journalBytes: () => journalBytes,
      snapshot: (state, signal) => async () => {
        const saved = await snapshot(signal)
        order.push(`${saved._tag} ${text(state)}`)
        return saved
      }
    }
    const { network } = fakeNetwork()
    return { bridge: startBridge({ ...ports(clock, network, store), log }, config), clock, log, memory, order }
  }

  /** Waits until the signal calls the writing off. */
  const never = (signal: AbortSignal | undefined): Promise<E.Either<StoreError, void>> =>
    new Promise((resolve) => signal?.addEventListener('abort', () => resolve(LATE)))

  test('has everything that happened, and comes before the folder is released', async () => {
    const { bridge, log, memory, order } = stopping(() => Promise.resolve(E.right(undefined)))
    await settle()
    expect(order).toEqual([])
    expect(await bridge.stop()).toEqual(E.right(undefined))
    expect(memory.acknowledged().at(-1)?._tag).toBe('StopRequested')
    expect(order).toEqual([`Right ${text(run(memory.state, memory.acknowledged())[0])}`, 'closed'])
    expect(log.lines).toEqual([])
  })

  test('is not written when nothing has happened since the last one', async () => {
    const { bridge, order } = stopping(() => Promise.resolve(E.right(undefined)), 0)
    await settle()
    await bridge.stop()
    expect(order).toEqual(['closed'])
  })

  test('does not hold up the stop: it is called off when its time is over, and the stop is as good as any', async () => {
    const { bridge, clock, log, order } = stopping(never)
    await settle()
    let hasEnded = false
    const stopped = bridge.stop().then((result) => ((hasEnded = true), result))
    await settle()
    clock.advance(defaultLimits.stopMs - 1)
    await settle()
    expect(hasEnded).toBe(false)
    clock.advance(1)
    for (let n = 0; n < 5; n++) await settle()
    expect(hasEnded).toBe(true)
    expect(await stopped).toEqual(E.right(undefined))
    expect(order).toEqual([expect.stringMatching(/^Left/), 'closed'])
    expect(log.lines).toEqual([
      { fields: { path: 'x', reason: 'it was called off' }, level: 'warn', message: expect.stringMatching(/^snapshot at stop failed: nothing is lost/) as string }
    ])
  })

  test('is reported when the disk is full, and the stop is as good as any', async () => {
    const { bridge, log, order } = stopping(() => Promise.resolve(FULL))
    await settle()
    expect(await bridge.stop()).toEqual(E.right(undefined))
    expect(order).toEqual([expect.stringMatching(/^Left/), 'closed'])
    expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
  })

  test('replaces one that is being written', async () => {
    let taken = 0
    const { bridge, log, order } = stopping((signal) => (taken++ === 0 ? never(signal) : Promise.resolve(E.right(undefined))), defaultLimits.journalBytes.least)
    await settle()
    expect(taken).toBe(1)
    expect(await bridge.stop()).toEqual(E.right(undefined))
    expect(order.map((line) => line.split(' ')[0])).toEqual(['Left', 'Right', 'closed'])
    expect(log.lines).toEqual([])
  })
})

describe('a snapshot that is under way at a stop', () => {
  test.each([
    ['is waited for before the folder is released', 0],
    ['is waited for when saving fails, too', 1_000]
  ])('%s', async (_, failures) => {
    const clock = manualClock()
    const memory = fakeStore()
    const order: Array<string> = []
    let release: () => void = () => undefined
    const store: Store = {
      ...memory,
      close: () => () => (order.push('closed'), Promise.resolve(E.right(undefined))),
      journalBytes: () => defaultLimits.journalBytes.least,
      snapshot: () => async () => {
        if (order.length > 0) return E.right(undefined)
        order.push('begun')
        await new Promise<void>((resolve) => (release = resolve))
        order.push('over')
        return E.right(undefined)
      }
    }
    const { dials, network } = fakeNetwork()
    const bridge = startBridge(ports(clock, network, store), config)
    await settle()
    memory.fail(failures)
    send(last(dials), frame(1, 'knot1.example'))
    await settle()
    const stopped = bridge.stop()
    for (let n = 0; n < 5; n++) await settle()
    expect(order).toEqual(['begun'])
    release()
    await stopped
    expect(order).toEqual(['begun', 'over', 'closed'])
  })
})

// ---------------------------------------------------------------------------------------- races

type Move =
  | { readonly _tag: 'frame'; readonly knot: number | null }
  | { readonly _tag: 'noise' }
  | { readonly _tag: 'open' | 'lose'; readonly which: number }
  | { readonly _tag: 'time'; readonly ms: number }
  | { readonly _tag: 'fail'; readonly saves: number }
  | { readonly _tag: 'settle' }

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ _tag: fc.constant('frame' as const), knot: fc.option(fc.nat(2)) }, { noNullPrototype: true }) },
  { weight: 2, arbitrary: fc.constant<Move>({ _tag: 'noise' }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constantFrom('open' as const, 'lose' as const), which: fc.nat(5) }, { noNullPrototype: true }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant('time' as const), ms: fc.constantFrom(500, 2_000, 60_000) }, { noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant('fail' as const), saves: fc.integer({ min: 1, max: 3 }) }, { noNullPrototype: true }) },
  { weight: 3, arbitrary: fc.constant<Move>({ _tag: 'settle' }) }
)

describe('interleavings', () => {
  test('STORE-2: no order of saves, frames, losses and timers lets an effect get ahead of what is safe, or loses anything', async () => {
    let retried = 0
    let reconnected = 0
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(move, { maxLength: 40 }), async (scheduler, moves) => {
        const clock = manualClock()
        const store = fakeStore(scheduler)
        const faults: Array<string> = []
        const { dials, network } = fakeNetwork((dial) => {
          const safe = store.surviving()
          const isNamed = store.acknowledged().some((event) => event._tag === 'CommitReceived' && JSON.stringify(event.record).includes(`"${String(dial.host)}"`))
          if (dial.host !== null && !isNamed) faults.push(`${dial.host} was dialled before its record was safe`)
          const reached = safe.cursor.cursor
          if (dial.host === null && dial.cursor !== null && (reached === null || Number(dial.cursor) > reached))
            faults.push(`the stream was asked for from ${String(dial.cursor)}, ahead of ${String(reached)}`)
          if (dial.host === null && dial.connection > 1) reconnected++
        })
        const bridge = startBridge(ports(clock, network, store), config)
        await settle(scheduler)
        const sent: Array<string> = []
        for (const made of moves) {
          const stream = last(dials.filter(({ host }) => host === null))
          switch (made._tag) {
            case 'frame':
            case 'noise': {
              if (stream.isPaused) break
              const n = sent.length + 1
              const payload = made._tag === 'noise' ? identity(n) : frame(n, made.knot === null ? null : `knot${String(made.knot)}.example`)
              sent.push(payload)
              send(stream, payload)
              break
            }
            case 'open':
            case 'lose': {
              const dial = dials[dials.length - 1 - (made.which % dials.length)]
              if (dial !== undefined) (made._tag === 'open' ? open : lose)(dial)
              break
            }
            case 'time':
              clock.advance(made.ms)
              break
            case 'fail':
              store.fail(made.saves)
              retried++
              break
            case 'settle':
              await settle(scheduler)
          }
        }
        store.fail(0)
        const stopped = bridge.stop()
        for (let done = false; !done; ) {
          await settle(scheduler)
          clock.advance(60_000)
          done = await Promise.race([stopped.then(() => true), settle(scheduler).then(() => false)])
        }
        expect(E.isRight(await stopped)).toBe(true)
        expect(faults).toEqual([])
        expect(text(store.surviving())).toBe(text(bridge.durable()))
        const subscribed: ReadonlyArray<HostName> = M.keys(store.surviving().knots.subscriptions)
        expect(subscribed.every((host) => isWanted(host)(store.surviving()))).toBe(true)
      }),
      { numRuns: 150, seed: 20261124 }
    )
    expect(retried).toBeGreaterThan(0)
    expect(reconnected).toBeGreaterThan(0)
  })
})
