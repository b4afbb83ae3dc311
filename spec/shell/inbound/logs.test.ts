/** `/logs`: the log of a known build, from its first line to its last, and of nothing else. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { type BuildName, buildKey } from '../../../core/index.js'
import { createLogs, defaultLogsLimits, logFrames } from '../../../shell/inbound/readers/logs.js'
import { createTurns } from '../../../shell/inbound/readers/turns.js'
import { silentLog } from '../../../shell/lib/log.js'
import type { Job, LogLine, Provider } from '../../../shell/providers/provider.js'
import { manualClock } from '../support/bridge.js'
import { ask, createWorld, eventually, fakeProvider, KNOT, read, serve, UPGRADE, type World } from './support.js'

const AT = 1_767_225_600_000

const step = (step: number, status: 'start' | 'end', name = 'make', kind: 'system' | 'user' = 'user', command = 'make all'): LogLine & { readonly _tag: 'Step' } => ({
  _tag: 'Step', command, kind, name, status, step, timeMs: AT
})
const said = (text: string, stream: 'stdout' | 'stderr' = 'stdout', step = 0): LogLine => ({ _tag: 'Text', step, stream, text, timeMs: AT })

const pathOf = ({ knot, rkey, workflow }: BuildName): string => `/logs/${[knot, rkey, workflow].map(encodeURIComponent).join('/')}`

const one = (builds: ReadonlyArray<BuildName>): BuildName => {
  const [build] = builds
  if (build === undefined) throw new Error('no build')
  return build
}

const started = (): World => {
  const world = createWorld()
  world.openStream()
  return world
}

const following = (world: World, external = 'n1'): BuildName => {
  const build = one(world.push())
  world.accept(build, external)
  return build
}

// ---------------------------------------------------------------------------------------- frames

describe('a frame', () => {
  const time = '2026-01-01T00:00:00.000Z'
  const line = (content: string, stream = 'stdout') => ({ kind: 'data', content, time, step_id: 0, stream })
  it.each<[string, LogLine, ReadonlyArray<unknown>]>([
    ['the start of a step of the workflow', step(2, 'start'), [{ kind: 'control', content: 'make', time, step_id: 2, step_status: 'start', step_kind: 1, step_command: 'make all' }]],
    ['the end of a step of the system', step(0, 'end', 'clone', 'system', ''), [{ kind: 'control', content: 'clone', time, step_id: 0, step_status: 'end' }]],
    [
      'the end of a step that has failed',
      { ...step(2, 'end'), hasFailed: true },
      [{ kind: 'control', content: 'make', time, step_id: 2, step_status: 'end', step_kind: 1, step_command: 'make all', step_failed: true }]
    ],
    ['a line', said('hello'), [line('hello')]],
    ['a line with its end', said('hello\n', 'stderr'), [line('hello', 'stderr')]],
    ['a line that ends as on Windows', said('hello\r\n'), [line('hello')]],
    ['an empty line', said('\n'), [line('')]],
    ['several lines', said('a\n\nb'), [line('a'), line(''), line('b')]],
    ['a line of progress', said('10 %\r20 %'), [line('10 %\r20 %')]],
    ['a line too long by half of a character', said(`${'x'.repeat(8)}🧵`), [line(`${'x'.repeat(8)}🧵`)]],
    ['a line too long, with halves of characters in it', said('\ud83e'.repeat(10)), [line('\ud83e'.repeat(9)), line('\ud83e')]],
    ['a line too long, cut between characters', said('🧵'.repeat(10)), [line('🧵'.repeat(9)), line('🧵')]]
  ])('is made of %s', (_, from, to) => {
    expect(logFrames(from, 9).map((text) => JSON.parse(text) as unknown)).toEqual(to)
  })

  it.each([NaN, Infinity, -1, 1e300])('carries some time where there is none: %d', (timeMs) => {
    expect(logFrames({ ...said('x'), timeMs })).toHaveLength(1)
  })
})

it('a long line is cut in little more memory than its own', () => {
  const bench = `
    const { logFrames } = await import(process.argv[1])
    const frames = logFrames({ _tag: 'Text', step: 0, stream: 'stdout', text: 'x'.repeat(2 ** 24), timeMs: 0 })
    console.log(frames.length)`
  const logs = fileURLToPath(new URL('../../../dist/shell/inbound/readers/logs.js', import.meta.url))
  // Of old space, the frames take a quarter; as many elements of an array would take all of it.
  const { stdout } = spawnSync(process.execPath, ['--max-old-space-size=80', '--input-type=module', '-e', bench, logs], { encoding: 'utf8' })
  expect(stdout).toBe('1024\n')
})

// ---------------------------------------------------------------------------------------- reading

it('replays from the first line, follows, and ends with the log', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const build = following(world)
  const before = [step(0, 'start'), said('one')]
  provider.say(...before)
  const first = await read(url, pathOf(build))
  await eventually(() => expect(first.frames).toHaveLength(2))
  const late = await read(url, pathOf(build))
  const after = [said('two\nthree', 'stderr'), step(0, 'end')]
  provider.say(...after, null)
  const expected = [...before, ...after].flatMap((line) => logFrames(line))
  expect(await first.closed).toEqual({ code: 1000, reason: 'log stream complete' })
  expect(await late.closed).toEqual({ code: 1000, reason: 'log stream complete' })
  expect([first.frames, late.frames]).toEqual([expected, expected])
  // The log of a running build is read once for all.
  expect(provider.asked).toEqual(['n1'])
  await eventually(() => expect(provider.reading()).toBe(0))
})

it('waits for a build to reach its provider', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  provider.say(said('begun'), null)
  const build = one(world.push())
  const readers = [await read(url, pathOf(build)), await read(url, pathOf(build))]
  expect(provider.asked).toEqual([])
  world.accept(build, 'n7')
  // Whatever else happens to it, its log is read once, for all who waited.
  world.report(build, 'n7', 'running')
  for (const { closed, frames } of readers) {
    expect(await closed).toEqual({ code: 1000, reason: 'log stream complete' })
    expect(frames).toEqual(logFrames(said('begun')))
  }
  expect(provider.asked).toEqual(['n7'])
})

it('forgets a reader that leaves before the build has reached its provider', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const build = one(world.push())
  const leaving = await read(url, pathOf(build))
  leaving.socket.terminate()
  await eventually(async () => expect((await ask(url, '/metrics')).body).toContain('tack_log_readers 0\n'))
  world.accept(build, 'n7')
  // Whatever began then for the one that has left would have begun by now.
  await ask(url, '/healthz')
  expect(provider.asked).toEqual([])
  const coming = await read(url, pathOf(build))
  provider.say(null)
  await coming.closed
  expect(provider.asked).toEqual(['n7'])
})

it('asks the provider for the build by its key, its name and its plan', async () => {
  const world = started()
  const jobs: Array<Job> = []
  const provider: Provider = {
    ...fakeProvider(),
    async *logs(job) {
      jobs.push(job)
      yield* await Promise.resolve([])
    }
  }
  const { url } = await serve(world, { providers: [{ ...provider, name: 'other' }, provider] })
  const build = one(world.push())
  const { phase } = world.build(build)
  const told = world.apply({ _tag: 'BuildAccepted', at: world.clock.now(), build, external: 'n7', number: 'request' in phase ? phase.request.number : 0 })
  const plan = told.flatMap((effect) => (effect._tag === 'FollowBuild' ? [effect.plan] : []))[0]
  await (await read(url, pathOf(build))).closed
  expect(plan?.variables.length).toBeGreaterThan(5)
  expect(jobs).toEqual([{ build, key: buildKey(build), plan }])
})

it('drops a reader that does not answer the goodbye, after a while', async () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  world.openStream()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const readers = async (): Promise<boolean> => (await ask(url, '/metrics')).body.includes('tack_log_readers 1\n')
  await read(url, pathOf(following(world)), { isStalled: true })
  await eventually(() => expect(provider.reading()).toBe(1))
  provider.say(null)
  await eventually(() => expect(provider.reading()).toBe(0))
  expect(await readers()).toBe(true)
  clock.advance(14_999)
  expect(await readers()).toBe(true)
  clock.advance(1)
  await eventually(async () => expect(await readers()).toBe(false))
})

const sentencesIn = (frames: ReadonlyArray<string>): ReadonlyArray<string> =>
  frames.map((frame) => JSON.parse(frame) as { readonly content: string; readonly kind: string }).filter(({ kind }) => kind === 'data').map(({ content }) => content)

it('says in a system step, with its time, why a build never reached its provider', async () => {
  const clock = manualClock()
  const world = createWorld({ clock })
  world.openStream()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const [refused, faulty] = world.push({ faulty: { 'broken.yml': 'line 3: a tab' } })
  if (refused === undefined || faulty === undefined) throw new Error('no builds')
  const waiting = await read(url, pathOf(refused))
  world.refuse(refused, 'no such pipeline: main')
  expect(await waiting.closed).toEqual({ code: 1000, reason: 'log stream complete' })
  expect(sentencesIn(waiting.frames)).toEqual(['no such pipeline: main'])
  const file = await read(url, pathOf(faulty))
  await file.closed
  expect(file.frames.map((frame) => (JSON.parse(frame) as { readonly time: string }).time)).toEqual(Array<string>(3).fill('2026-01-01T00:00:00.000Z'))
  expect(file.frames.map((frame) => JSON.parse(frame) as unknown)).toMatchObject([
    { kind: 'control', step_id: 0, step_status: 'start' },
    { kind: 'data', content: 'line 3: a tab', step_id: 0, stream: 'stderr' },
    { kind: 'control', step_id: 0, step_status: 'end' }
  ])
  expect(file.frames.some((frame) => frame.includes('step_kind'))).toBe(false)
  expect(provider.asked).toEqual([])
})

it('says when the provider is no longer configured, and when its log breaks off', async () => {
  const world = started()
  const gone = await serve(world)
  const build = following(world)
  const without = await read(gone.url, pathOf(build))
  await without.closed
  expect(sentencesIn(without.frames)).toEqual(['the log’s provider, fake, is no longer configured'])

  const broken: Provider = {
    ...fakeProvider(),
    async *logs() {
      yield step(0, 'start')
      await Promise.resolve()
      throw new Error('secret: hunter2')
    }
  }
  const serving = await serve(world, { providers: [broken] })
  const { closed, frames } = await read(serving.url, pathOf(build))
  expect((await closed).code).toBe(1000)
  expect(Math.abs(Date.now() - Date.parse((JSON.parse(frames[1] ?? '') as { readonly time: string }).time))).toBeLessThan(60_000)
  expect(frames.map((frame) => JSON.parse(frame) as unknown)).toMatchObject([{ step_id: 0 }, { step_id: 1, step_status: 'start' }, { step_id: 1, kind: 'data' }, { step_id: 1, step_status: 'end' }])
  expect(frames.join()).not.toContain('hunter2')
  expect(serving.log.lines).toEqual([{ fields: { provider: 'fake', reason: 'Error: secret: hunter2' }, level: 'error', message: 'build log ended early' }])
})

it('cuts lines at the configured length', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { limits: { logs: { lineChars: 3 } }, providers: [provider] })
  provider.say(said('abcde'), null)
  const { closed, frames } = await read(url, pathOf(following(world)))
  await closed
  expect(sentencesIn(frames)).toEqual(['abc', 'de'])
})

it('releases the provider when the reader leaves, and when the server ends', async () => {
  const world = started()
  const provider = fakeProvider()
  const serving = await serve(world, { providers: [provider] })
  const path = pathOf(following(world))
  const going = await read(serving.url, path)
  await eventually(() => expect(provider.reading()).toBe(1))
  going.socket.terminate()
  await eventually(() => expect(provider.reading()).toBe(0))
  const staying = await read(serving.url, path)
  await eventually(() => expect(provider.reading()).toBe(1))
  await serving.server.close()
  expect(await staying.closed).toEqual({ code: 1001, reason: 'going away' })
  await eventually(() => expect(provider.reading()).toBe(0))
})

it('lets the provider finish when a reader leaves that had no room for more', async () => {
  const world = started()
  let given = 0
  let isOver = false
  const provider: Provider = {
    ...fakeProvider(),
    async *logs() {
      try {
        for (;; given++) {
          yield said('x'.repeat(16_000))
          await Promise.resolve()
        }
      } finally {
        isOver = true
      }
    }
  }
  const { url } = await serve(world, { providers: [provider] })
  const { socket } = await read(url, pathOf(following(world)), { isStalled: true })
  let before = -1
  await eventually(() => {
    const same = given === before
    before = given
    expect(same && given > 1).toBe(true)
  })
  socket.terminate()
  await eventually(() => expect(isOver).toBe(true))
})

it('reads from the provider no faster than the reader reads', async () => {
  const world = started()
  let given = 0
  const total = 3_000
  const provider: Provider = {
    ...fakeProvider(),
    async *logs() {
      for (; given < total; given++) {
        yield said('x'.repeat(16_000))
        await Promise.resolve()
      }
    }
  }
  const { url } = await serve(world, { providers: [provider] })
  const { closed, frames, socket } = await read(url, pathOf(following(world)), { isStalled: true })
  let before = -1
  // Until what both kernels hold is full.
  await eventually(() => {
    const same = given === before
    before = given
    expect(same && given > 1).toBe(true)
  })
  expect(given).toBeLessThan(total)
  socket.resume()
  expect((await closed).code).toBe(1000)
  expect(frames).toHaveLength(total)
})

it('shares each turn of the loop among readers with room, however fast the provider is', async () => {
  const world = started()
  const provider: Provider = {
    ...fakeProvider(),
    async *logs() {
      for (let n = 0; n < 100; n++) {
        yield said('x'.repeat(10_000))
        await Promise.resolve()
      }
    }
  }
  const quietBytes = 50_000
  const turns = createTurns({ busyBytes: 1, busyWrites: 1, quietBytes })
  const logs = createLogs({ clock: world.clock, durable: world.state, log: silentLog, providers: [provider], turns }, defaultLogsLimits)
  const { knot, rkey, workflow } = following(world)
  let written = 0
  let all = 0
  const read = (): (() => void) => {
    let close: () => void = () => undefined
    let isOpen = true
    const admitted = logs.admit(knot, rkey, workflow)
    if (E.isRight(admitted))
      admitted.right({
        close: () => (isOpen = false),
        isOpen: () => isOpen,
        onClose: (then) => (close = then),
        onRoom: () => undefined,
        write: (bytes) => {
          if (!isOpen) return true
          written += bytes.length
          all += 1
          return true
        }
      })
    return () => {
      isOpen = false
      close()
    }
  }
  const leave = read()
  for (let n = 0; n < 20; n++) read()
  leave()
  const gone = all
  let turn = 0
  for (; all < gone + 20 * 100; turn++) {
    // One write may go beyond.
    expect(written).toBeLessThanOrEqual(quietBytes + 11_000)
    written = 0
    await new Promise(setImmediate)
  }
  expect(turn).toBeGreaterThan(100)
  expect(gone).toBeLessThan(100)
})

it('accepts no more readers than allowed', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { limits: { logs: { readers: 1 } }, providers: [provider] })
  const path = pathOf(following(world))
  const { socket } = await read(url, path)
  expect(await ask(url, path, { headers: UPGRADE })).toMatchObject({ headers: { 'retry-after': '10' }, status: 503 })
  socket.close()
  await once(socket, 'close')
  await eventually(async () => expect((await ask(url, path, { headers: UPGRADE })).status).toBe(101))
})

// ---------------------------------------------------------------------------------------- what is not there

describe('the server answers 404 before the upgrade, and asks no provider, for', () => {
  const HOSTILE: ReadonlyArray<readonly [string, (rkey: string) => string]> = [
    ['another knot', (rkey) => `/logs/other.example/${rkey}/ci.yml`],
    ['another trigger', () => `/logs/${KNOT}/3mbd3542k2222/ci.yml`],
    ['another workflow', (rkey) => `/logs/${KNOT}/${rkey}/other.yml`],
    ['no workflow', (rkey) => `/logs/${KNOT}/${rkey}`],
    ['an empty workflow', (rkey) => `/logs/${KNOT}/${rkey}/`],
    ['more than a workflow', (rkey) => `/logs/${KNOT}/${rkey}/ci.yml/x`],
    ['a doubled slash', (rkey) => `/logs//${KNOT}/${rkey}/ci.yml`],
    ['a path that leads up', () => '/logs/../../../etc/passwd'],
    ['one that leads up, encoded', () => '/logs/%2e%2e/%2e%2e/passwd'],
    ['encoded slashes', (rkey) => `/logs/${KNOT}%2F${rkey}/x/ci.yml`],
    ['encoded slashes in the workflow', (rkey) => `/logs/${KNOT}/${rkey}/..%2F..%2Fci.yml`],
    ['encoded backslashes', (rkey) => `/logs/${KNOT}/${rkey}/..%5Cci.yml`],
    ['encoding that is encoded', (rkey) => `/logs/${KNOT}/${rkey}/%252e%252e%252fci.yml`],
    ['NUL', (rkey) => `/logs/${KNOT}/${rkey}/ci.yml%00`],
    ['ends of lines', (rkey) => `/logs/${KNOT}/${rkey}/ci.yml%0d%0aX:%20y`],
    ['bytes that are no UTF-8', (rkey) => `/logs/${KNOT}/${rkey}/%ff`],
    ['half an encoding', (rkey) => `/logs/${KNOT}/${rkey}/ci.yml%`],
    ['a lone surrogate', (rkey) => `/logs/${KNOT}/${rkey}/%ed%a0%80`],
    ['__proto__', () => `/logs/${KNOT}/__proto__/ci.yml`],
    ['__proto__ as a knot', (rkey) => `/logs/__proto__/${rkey}/ci.yml`],
    ['constructor', (rkey) => `/logs/${KNOT}/${rkey}/constructor`],
    ['an address', (rkey) => `/logs/127.1/${rkey}/ci.yml`],
    ['a rkey of 600 characters', () => `/logs/${KNOT}/${'x'.repeat(600)}/ci.yml`],
    ['a workflow of 101 characters', (rkey) => `/logs/${KNOT}/${rkey}/${'x'.repeat(101)}`],
    ['a target without a slash', (rkey) => `http://x/logs/${KNOT}/${rkey}/ci.yml`]
  ]
  it.each(HOSTILE)('%s', async (_, path) => {
    const world = started()
    const provider = fakeProvider()
    const { url } = await serve(world, { providers: [provider] })
    const { rkey } = following(world)
    expect((await ask(url, path(rkey), { headers: UPGRADE })).status).toBe(404)
    expect(provider.asked).toEqual([])
  })
})

it('finds a build by any spelling of its knot, and by names that need encoding', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const build = one(world.push({ knot: 'localhost:8443', name: 'lib', workflows: ['häkeln <b>&.yml'] }))
  expect((await ask(url, `/logs/LOCALHOST%3A8443/${build.rkey}/${encodeURIComponent(build.workflow)}`, { headers: UPGRADE })).status).toBe(101)
  expect((await ask(url, `/logs/localhost:8443/${build.rkey}/${encodeURIComponent(build.workflow)}`, { headers: UPGRADE })).status).toBe(101)
  expect((await ask(url, pathOf(build))).status).toBe(426)
})
