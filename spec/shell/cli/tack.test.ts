/** The program as an operator has it: real processes, real sockets, real files, the embedded network around it. */
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  canonical,
  decodeFrame,
  type Did,
  type Event,
  initial,
  type Json,
  type Natural,
  OrderedMap as M,
  run,
  State,
  type TimeUs,
  wantedKnots
} from '../../../core/index.js'
import { configOf } from '../../../shell/cli/options.js'
import { NO_CONFIGURATION } from '../../../shell/cli/configuration.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { type EmbeddedNetwork, pipeline, pipelineWorkflow, startNetwork, startPds, tid } from '../../../shell/demo-network/index.js'
import { VERSION } from '../../../shell/lib/version.js'
import { readStore } from '../../../shell/store/index.js'
import { commandHere } from '../support/in-process.js'
import { eventually, inFolder, type Running, start, tack } from '../support/process.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did
const HOSTNAME = 'ci.example.com'
const BEGIN = 1_767_225_600_000_000

// ---------------------------------------------------------------------------------------- set up

let networks: ReadonlyArray<EmbeddedNetwork> = []
let bridges: ReadonlyArray<Running> = []

afterEach(async () => {
  await Promise.all(bridges.map((bridge) => bridge.end('SIGKILL')))
  await Promise.all(networks.map((network) => network.stop()))
  bridges = []
  networks = []
})

const network = async (generation: 'v1' | 'v2' = 'v2'): Promise<EmbeddedNetwork> => {
  const started = await startNetwork({ clock: systemClock(), generation, knots: 2, seed: 7 })
  networks = [...networks, started]
  return started
}

const flags = (around: EmbeddedNetwork, folder: string, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...['run', '--dev', '--hostname', HOSTNAME, '--owner', OWNER, '--jetstream', around.jetstreamUrl, '--store', folder],
  ...['--listen', '127.0.0.1:0', '--backfill', 'off'],
  ...['--max-backoff', '0.05', '--log', 'json', ...more]
]

const bridge = (...args: Parameters<typeof start>): Running => {
  const started = start(...args)
  bridges = [...bridges, started]
  return started
}

const stored = async (folder: string): Promise<State | null> => {
  const read = await readStore(folder)()
  return E.isRight(read) ? read.right.state : null
}

const textOf = (state: State): string => canonical(State.encode(state) as Json)

const knot = (around: EmbeddedNetwork, n: number): string => around.knots[n % around.knots.length]?.host ?? ''

/** The n-th commit of a stream: repos of a handful of owners come, go, and move between knots. Stamps rise by 1 ms. */
const publish = (around: EmbeddedNetwork, n: number): void => {
  const timeUs = BEGIN + n * 1_000
  const record = { $type: 'sh.tangled.repo', name: `repo ${String(n)}`, knot: knot(around, n >> 2), spindle: HOSTNAME, createdAt: '2026-01-01T00:00:00Z' }
  const key = { collection: 'sh.tangled.repo', rkey: `key${String(n % 3)}` }
  around.jetstream.publishCommit({
    did: `did:plc:${'abcde'[n % 5] ?? 'a'}${'b'.repeat(23)}`,
    operations: [n % 7 === 6 ? { ...key, operation: 'delete' } : { ...key, operation: 'create', record }],
    rev: tid(timeUs),
    timeUs
  })
}

/** What the rows must be: the fold of everything that the server has, by the core alone. */
const folded = (around: EmbeddedNetwork): State => {
  const config = configOf(
    {
      admission: 'open',
      collaborators: 'knots',
      backfill: 'off',
      dev: true,
      hostname: HOSTNAME,
      jetstream: new URL('ws://x'),
      listen: { port: 0 },
      logLevel: 'info',
      owner: OWNER,
      plc: new URL('http://x'),
      rewind: 5,
      store: '',
      tolerance: 60
    },
    NO_CONFIGURATION,
    []
  )
  if (E.isLeft(config)) throw new Error(config.left)
  const receipt = { at: (BEGIN + 1e12) as TimeUs, connection: 0 as Natural }
  const events = around.jetstream.history().map((text): Event => E.toUnion(decodeFrame(receipt)(text)))
  return run(initial(config.right), events)[0]
}

const rows = (state: State): string => canonical(M.toEntries(state.commits.accounts).map(([did, account]) => [did, M.toEntries(account.repos)]) as unknown as Json)

// ---------------------------------------------------------------------------------------- the command line

describe('bad usage exits with 2, and a line that names what is wrong', () => {
  type Case = readonly [args: ReadonlyArray<string>, env: Readonly<Record<string, string>>, line: RegExp]
  const cases: readonly [Case, ...ReadonlyArray<Case>] = [
    [
      ['run', '--hostname', 'ci.example.com'],
      { TACK_OWNER: OWNER },
      /^error: --owner: "owner" is missing: .*\nwarning: TACK_OWNER is not a setting, and is ignored\. Did you mean TACK_OWNER_DID\?\n$/
    ],
    [['run', '--owner', OWNER], {}, /^error: --hostname: "hostname" is missing: .* Set it in the configuration file \(--config FILE\), as --hostname, or as TACK_HOSTNAME\.\n$/],
    [['run', '--hostname', 'https://x', '--owner', OWNER], {}, /^error: --hostname: "https:\/\/x" is not allowed\. Allowed: .* Write x\.\n$/],
    [['run', '--hostname', HOSTNAME], { TACK_OWNER_DID: 'alice' }, /^error: .*TACK_OWNER_DID.* Allowed: a DID.*\n$/],
    [['run', '--hostname', HOSTNAME, '--owner', OWNER, '--admission', 'all'], {}, /^error: .*--admission.* Allowed choices are members, open\.\n$/],
    [['run', '--hostname', HOSTNAME, '--owner', OWNER], { TACK_JETSTREAM_URL: 'http://x' }, /^error: .*TACK_JETSTREAM_URL.* Allowed: .*wss:.*\n$/],
    [['run', '--hostname', HOSTNAME, '--owner', OWNER, '--cursor', '1'], {}, /^error: .*--cursor.* Allowed: .*\n$/],
    [['run', '--hostname', HOSTNAME, '--owner', OWNER, '--rewind', '-1'], {}, /^error: .*--rewind.* Allowed: .*\n$/],
    [['run', '--hostname', HOSTNAME, '--owner', OWNER, '--nonsense'], {}, /^error: unknown option '--nonsense'\n$/],
    [['nonsense'], {}, /^error: unknown command 'nonsense'\n$/],
    [['replay'], {}, /^error: missing required argument 'file'\n$/]
  ]
  test.each(cases)('%j %j', async (args, env, line) => {
    const { code, err, out } = await commandHere(args, env)
    expect(`${err}\n`).toMatch(line)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  test('a process exits with 2, too, with both lines on its standard error', async () => {
    const [[args, env, line]] = cases
    expect(await tack(args, env)).toEqual({ code: 2, err: expect.stringMatching(line) as string, out: '' })
  })

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { readonly version: string }
    expect(await tack(['--version'])).toEqual({ code: 0, err: '', out: `${version}\n` })
    expect(VERSION).toBe(version)
  })

  test('help names the guide where it is, from every folder', async () => {
    const { out } = await tack(['--help'], {}, '/')
    expect(existsSync(/The operator's guide: (\/.*README\.md)$/m.exec(out)?.[1] ?? '')).toBe(true)
  })

  test('help is no error, and names every environment variable', async () => {
    const { code, out } = await tack(['run', '--help'])
    expect(code).toBe(0)
    for (const name of ['TACK_HOSTNAME', 'TACK_OWNER_DID', 'TACK_DB_PATH', 'TACK_JETSTREAM_URL', 'TACK_DEV']) expect(out).toContain(name)
  })
})

// ---------------------------------------------------------------------------------------- running

describe('tack run', () => {
  test('stores records, subscribes, stops cleanly with everything saved, and can be inspected meanwhile', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      for (let n = 0; n < 40; n++) publish(around, n)
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      await eventually(() => around.knots.every(({ connections }) => connections().filter(({ isOpen }) => isOpen).length === 1))

      const table = await tack(['inspect', '--store', folder])
      expect(table.code).toBe(0)
      expect(table.out).toContain(knot(around, 0))
      const json = await tack(['inspect', '--store', folder, '--json'])
      const all = JSON.parse(json.out) as { subscriptions: ReadonlyArray<{ knot: string; holders: ReadonlyArray<string> }> }
      expect(all.subscriptions.map((held) => held.knot).sort()).toEqual([knot(around, 0), knot(around, 1)].sort())
      expect(all.subscriptions.every(({ holders }) => holders.length > 0)).toBe(true)

      expect(await running.end('SIGTERM')).toBe(0)
      const state = await stored(folder)
      expect(state === null ? '' : rows(state)).toBe(rows(folded(around)))
      expect(state?.isStopped).toBe(true)
    }))

  test('exits with 1 when the last events cannot be saved, and says so', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'), { maxFileKiB: 4 })
      await running.says('"event":"JetstreamOpened"')
      publish(around, 0)
      // Without a cursor, the next life would begin with what comes from then on.
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      for (let n = 1; n < 100; n++) publish(around, n)
      await running.says('save failed: reading is paused until saving recovers')
      expect(await running.end('SIGTERM')).toBe(1)
      expect(running.lines.at(-1)).toContain('last events not saved')
      // What was acknowledged is there, and the next life goes on from it.
      expect((await stored(folder))?.cursor.cursor ?? 0).toBeLessThan(around.jetstream.lastUs())
      const again = bridge(flags(around, folder, '--admission', 'open'))
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      expect(await again.end('SIGTERM')).toBe(0)
      const state = await stored(folder)
      expect(state === null ? '' : rows(state)).toBe(rows(folded(around)))
    }))

  test('logs one JSON object a line without control characters, whatever strangers write', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--log-level', 'debug'))
      await running.says('"event":"JetstreamOpened"')
      const evil = 'x\n{"level":"error"}\r\u001b[2J\u0007\u2028'
      around.jetstream.publishCommit({
        did: OWNER,
        operations: [{ operation: 'create', collection: 'sh.tangled.repo', rkey: 'r', record: { name: evil, knot: evil, spindle: HOSTNAME } }],
        timeUs: BEGIN
      })
      around.jetstream.publishRaw(`${evil}${evil}`)
      await running.says('stream frame rejected')
      await running.end('SIGTERM')
      for (const line of running.lines) {
        expect(() => JSON.parse(line) as unknown).not.toThrow()
        expect(line).toMatch(/^[^\p{Cc}\u2028]*$/u)
      }
    }))

  test('logs a failure that nobody waited for, and goes on', () =>
    inFolder(async (folder) => {
      const around = await network()
      const hook = join(folder, 'fail.mjs')
      await writeFile(hook, `process.on('SIGUSR2', () => void Promise.reject(new Error('forgotten')))\n`)
      const running = bridge(flags(around, join(folder, 'store')), { env: { NODE_OPTIONS: `--import ${pathToFileURL(hook).href}` } })
      await running.says('"event":"JetstreamOpened"')
      running.child.kill('SIGUSR2')
      const died = once(running.child, 'exit').then(() => 'it ended')
      expect(await Promise.race([running.says('"reason":"Error: forgotten"').then(() => 'it goes on'), died])).toBe('it goes on')
      expect(await running.end('SIGTERM')).toBe(0)
    }))

  test('logs few of the builds that come to nothing, however many a knot causes', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      const record = { knot: knot(around, 0), name: 'x', spindle: HOSTNAME }
      around.jetstream.publishCommit({ did: OWNER, operations: [{ collection: 'sh.tangled.repo', operation: 'create', record, rkey: 'r' }], timeUs: BEGIN })
      await running.says('"event":"KnotOpened"')
      const raw = 'engine: tack\nwhen:\n  - event: push\n    branch: main\ntack:\n  nobody: {}\n'
      const nowUs = Date.now() * 1_000
      for (let n = 0; n < 40; n++) {
        const push = { committerDid: OWNER, newSha: n.toString(16).padStart(40, 'a'), oldSha: 'b'.repeat(40), ownerDid: OWNER, ref: 'refs/heads/main', repo: '' }
        around.knots[0]?.publish(pipeline(tid(nowUs + n), knot(around, 0), 'x', push, [pipelineWorkflow('ci.yml', raw)]), BigInt(nowUs + n) * 1_000n)
      }
      await eventually(async () => M.size((await stored(folder))?.builds.log ?? M.empty()) === 40)
      expect(await running.end('SIGTERM')).toBe(0)
      expect(running.lines.filter((line) => line.includes('"build status changed"'))).toHaveLength(10)
    }))

  test('logs what happens, and what each line is about', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open', '--log-level', 'debug'))
      await running.says('"event":"JetstreamOpened"')
      const key = { collection: 'sh.tangled.repo', rkey: 'r' }
      const repo = `did:plc:${'r'.repeat(24)}`
      const record = { knot: knot(around, 0), name: 'x', repoDid: repo, spindle: HOSTNAME }
      around.jetstream.publishCommit({ did: OWNER, operations: [{ ...key, operation: 'create', record }], timeUs: BEGIN })
      await running.says('"event":"KnotOpened"')
      around.knots[0]?.publish({ event: {}, nsid: 'sh.tangled.knot.memberUpdate', rkey: 'k' }, 1_767_225_600_000_000_001n)
      await running.says('"event":"KnotReceived"')
      const push = { changedFiles: [], committerDid: OWNER, newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ownerDid: OWNER, ref: 'refs/heads/main', repo }
      around.knots[0]?.publish({ event: push, nsid: 'sh.tangled.git.refUpdate', rkey: 'p' }, BigInt(Date.now()) * 1_000_000n)
      await running.says('"event":"RequestFailed"')
      around.jetstream.publishCommit({ did: OWNER, operations: [{ ...key, operation: 'delete' }], timeUs: BEGIN + 1 })
      await running.says('"event":"UnsubscribeKnot"')
      around.jetstream.publishAccount({ active: false, did: OWNER, status: 'deactivated', timeUs: BEGIN + 2 })
      await running.says('"event":"AccountReceived"')
      expect(await running.end('SIGINT')).toBe(0)
      const said = running.lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      const host = knot(around, 0)
      for (const line of [
        { hostname: HOSTNAME, level: 'info', msg: 'starting', owner: OWNER, providers: [], store: folder, version: VERSION },
        { cursor: null, event: 'OpenJetstream', level: 'info', msg: 'connecting to the stream' },
        { did: OWNER, event: 'CommitReceived', level: 'debug', msg: 'record written', timeUs: BEGIN, ...key },
        { behind: expect.stringMatching(/ h /) as string, level: 'info', msg: 'catching up with the stream' },
        { cursor: null, event: 'SubscribeKnot', heldBy: [`${OWNER}/r`], knot: host, level: 'info', msg: 'subscribing to knot' },
        { event: 'KnotOpened', knot: host, level: 'info', msg: 'knot connected' },
        { created: '1767225600000000001', event: 'KnotReceived', knot: host, level: 'debug', msg: 'knot event', rkey: 'k' },
        { error: expect.stringMatching(/./) as string, event: 'RequestFailed', knot: host, level: 'info', msg: 'workflow files could not be read', rkey: 'p' },
        { did: OWNER, event: 'CommitReceived', level: 'debug', msg: 'record deleted', timeUs: BEGIN + 1, ...key },
        { event: 'UnsubscribeKnot', knot: host, level: 'info', msg: 'unsubscribing from knot' },
        { active: false, did: OWNER, event: 'AccountReceived', level: 'debug', msg: 'account changed', status: 'deactivated' },
        { level: 'info', msg: 'stopping', signal: 'SIGINT' },
        { cursor: BEGIN + 2, level: 'info', msg: 'stopped; everything is saved' }
      ])
        expect(said.find(({ msg }) => msg === line.msg)).toMatchObject(line)
    }))

  test('reports a member that nobody can look up, and tries again', () =>
    inFolder(async (folder) => {
      const around = await network()
      const pds = await startPds()
      onTestFinished(() => pds.stop())
      const subjects = ['did:web:xn--a.example', 'did:web:xn--c2g4b9x.example', 'did:web:%25']
      for (const [i, subject] of subjects.entries())
        pds.putRecord(OWNER, 'sh.tangled.spindle.member', `m${String(i)}`, { createdAt: '2026-01-01T00:00:00Z', instance: HOSTNAME, subject })
      const record = { createdAt: '2026-01-01T00:00:00Z', knot: 'xn--c2g4b9x.example', name: 'x', spindle: HOSTNAME }
      pds.putRecord(OWNER, 'sh.tangled.repo', 'r', record)
      // At every start it is met again.
      for (const life of ['first', 'second']) {
        const running = bridge([...flags(around, folder, '--plc', pds.url), '--backfill', 'on'])
        await running.says('account records could not be read')
        await running.says('"host":"xn--c2g4b9x.example"')
        await eventually(() => subjects.slice(0, 2).every((did) => running.lines.some((line) => line.includes(did))))
        expect([life, await running.end('SIGTERM')]).toEqual([life, 0])
        expect(running.lines.join('\n')).not.toContain('unhandled failure')
      }
    }))

  test('S5 starts although the stream cannot be reached, and connects when it can', () =>
    inFolder(async (folder) => {
      const around = await network()
      around.jetstream.setReady(false)
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await eventually(() => running.lines.filter((line) => line.includes('"event":"OpenJetstream"')).length >= 3)
      around.jetstream.setReady(true)
      await running.says('"event":"JetstreamOpened"')
      publish(around, 1)
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      expect(await running.end('SIGINT')).toBe(0)
    }))

  test('reads from a moment on with --cursor, although the store is new', () =>
    inFolder(async (folder) => {
      const around = await network()
      for (let n = 0; n < 30; n++) publish(around, n)
      const running = bridge(flags(around, folder, '--admission', 'open', '--cursor', String(BEGIN)))
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      await running.end('SIGTERM')
      const state = await stored(folder)
      expect(state === null ? '' : rows(state)).toBe(rows(folded(around)))
    }))

  test('applies all good messages around a poisoned one, at each of 100 positions', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      const poison = ['', 'null', '[]', '"x"', '{', '{"time_us":1e400}', '\u0000', `{"did":"${OWNER}","time_us":-1}`, '['.repeat(10_000)]
      for (let n = 0; n < 100; n++) {
        around.jetstream.publishRaw(n % 10 === 9 ? Buffer.from([0xff, 0xfe]) : (poison[n % poison.length] ?? ''), { binary: n % 20 === 19 })
        publish(around, n)
      }
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      await running.end('SIGTERM')
      const state = await stored(folder)
      expect(state === null ? '' : rows(state)).toBe(rows(folded(around)))
      const rejections = M.toEntries(state?.counters.reports ?? M.empty<string, Natural>())
      expect(rejections.reduce((sum, [, count]) => sum + count, 0)).toBe(100)
      expect(rejections.map(([kind]) => kind)).toEqual(expect.arrayContaining(['FrameRejected/json', 'FrameRejected/time', 'FrameRejected/utf8', 'FrameRejected/binary']))
    }))

  test('skips a frame beyond every limit after it has closed three connections (D12)', () =>
    inFolder(async (folder) => {
      const around = await network('v1')
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      publish(around, 0)
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      around.jetstream.publishRaw('x'.repeat(20 * 1024 * 1024), { timeUs: BEGIN + 500_000 })
      await eventually(() => running.lines.some((line) => line.includes('stream gap: events may have been missed')))
      publish(around, 2_000)
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      await running.end('SIGTERM')
    }))
})

// ---------------------------------------------------------------------------------------- the public network

describe('tack without --dev', () => {
  const publicFlags = (around: EmbeddedNetwork, folder: string, ...more: ReadonlyArray<string>): ReadonlyArray<string> => [
    ...['run', '--hostname', HOSTNAME, '--owner', OWNER, '--jetstream', around.jetstreamUrl.replace('localhost', '127.0.0.1'), '--store', folder],
    ...['--listen', '127.0.0.1:0', '--backfill', 'off', '--admission', 'open', ...more]
  ]
  const repo = { createdAt: '2026-01-01T00:00:00Z', knot: 'localhost', name: 'x', spindle: HOSTNAME }
  const announce = (around: EmbeddedNetwork) =>
    around.jetstream.publishCommit({
      did: OWNER,
      operations: [{ collection: 'sh.tangled.repo', operation: 'create', record: repo, rkey: 'r' }],
      timeUs: BEGIN
    })

  test('reads the stream where the operator says, even on this machine, but no knot there', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(publicFlags(around, folder))
      await running.says('"event":"JetstreamOpened"')
      expect(running.lines[0]).toMatch(/^\{"level":"info".*"version":"/)
      announce(around)
      await running.says('repo record names an invalid knot')
      expect(running.lines.join()).not.toContain('SubscribeKnot')
      expect(await running.end('SIGTERM')).toBe(0)
    }))

  test('connects to no knot whose name leads to this machine', () =>
    inFolder(async (folder) => {
      const around = await network()
      // Name servers, as the process sees them, have this machine's address for every name.
      const names = join(folder, 'names.mjs')
      await writeFile(
        names,
        `import dns from 'node:dns/promises'
        import { syncBuiltinESMExports } from 'node:module'
        dns.lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
        dns.Resolver.prototype.resolve4 = () => Promise.resolve(['127.0.0.1'])
        dns.Resolver.prototype.resolve6 = () => Promise.resolve([])
        syncBuiltinESMExports()`
      )
      const running = bridge(publicFlags(around, join(folder, 'store')), { env: { NODE_OPTIONS: `--import ${pathToFileURL(names).href}` } })
      await running.says('"event":"JetstreamOpened"')
      around.jetstream.publishCommit({
        did: OWNER,
        operations: [{ collection: 'sh.tangled.repo', operation: 'create', record: { ...repo, knot: 'knot.example' }, rkey: 'r' }],
        timeUs: BEGIN
      })
      await running.says('"connection lost"')
      expect(running.lines.find((line) => line.includes('"connection lost"'))).toContain('forbidden address: 127.0.0.1"')
      expect(await running.end('SIGTERM')).toBe(0)
    }))

  test('connects to a knot over TLS', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(publicFlags(around, folder, '--allow-loopback'))
      await running.says('"event":"JetstreamOpened"')
      announce(around)
      await running.says('"connection lost"')
      expect(running.lines.find((line) => line.includes('"connection lost"'))).toMatch(/"error":".*:443"/)
      expect(await running.end('SIGTERM')).toBe(0)
    }))
})

// ---------------------------------------------------------------------------------------- a disk that fails

describe('a disk', () => {
  /** The program with a disk that does, at every sync, what stands in a file: `full`, `stuck`, or nothing. */
  const onBadDisk = async (folder: string) => {
    const [says, script] = [join(folder, 'disk'), join(folder, 'disk.mjs')]
    const behave = (how: 'full' | 'fine' | 'stuck'): Promise<void> => writeFile(says, how)
    await behave('fine')
    await writeFile(
      script,
      `import { readFileSync } from 'node:fs'
       import { open } from 'node:fs/promises'
       const handle = await open(${JSON.stringify(says)})
       const prototype = Object.getPrototypeOf(handle)
       const { datasync } = prototype
       await handle.close()
       prototype.datasync = function () {
         const how = readFileSync(${JSON.stringify(says)}, 'utf8')
         if (how === 'stuck') return new Promise(() => undefined)
         return how === 'full' ? Promise.reject(new Error('ENOSPC')) : datasync.call(this)
       }\n`
    )
    return { behave, environment: { NODE_OPTIONS: `--import=${script}` } }
  }

  test('shows from outside when it is full; a stuck one does not keep the bridge from ending', () =>
    inFolder(async (folder) => {
      const around = await network()
      const { behave, environment } = await onBadDisk(folder)
      const running = bridge(flags(around, join(folder, 'store'), '--admission', 'open'), { env: environment })
      await running.says('"event":"JetstreamOpened"')
      const { port } = JSON.parse(running.lines.find((line) => line.includes('"event":"Serving"')) ?? '{}') as { readonly port: number }
      const health = async (): Promise<number> => (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).status
      expect(await health()).toBe(200)
      await behave('full')
      publish(around, 0)
      await running.says('save failed: reading is paused until saving recovers')
      expect(await health()).toBe(503)
      await behave('fine')
      await running.says('saving recovered; nothing was lost')
      expect(await health()).toBe(200)
      await behave('stuck')
      for (const n of [4, 5, 6, 7]) publish(around, n)
      const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()
      await eventually(async () => {
        publish(around, 8)
        return /^tack_backlog_events [1-9]/m.test(await metrics())
      })
      expect(await running.end('SIGTERM')).toBe(1)
      expect(running.lines.at(-1)).toContain('stop timed out; everything acknowledged is saved')
    }))
})

// ---------------------------------------------------------------------------------------- traps of the platform

describe('traps of the platform, from the socket to the file and back', () => {
  test('do no harm: neighbouring nanoseconds, hostile keys, deep records and numbers beyond all bounds', () =>
    inFolder(async (folder) => {
      const around = await network()
      const first = bridge(flags(around, folder, '--admission', 'open'))
      await first.says('"event":"JetstreamOpened"')
      const put = (rkey: string, record: string): void =>
        around.jetstream.publishRaw(
          `{"did":"${OWNER}","time_us":${String(around.jetstream.lastUs() + 1)},"kind":"commit",` +
            `"commit":{"operation":"create","collection":"sh.tangled.repo","rkey":"${rkey}","record":${record}}}`,
          { timeUs: around.jetstream.lastUs() + 1 }
        )
      around.jetstream.publishIdentity({ did: OWNER, timeUs: BEGIN })
      const deep = `${'{"a":'.repeat(4_400)}1${'}'.repeat(4_400)}`
      const repo = (more: string): string => `{"name":"x","knot":"${knot(around, 0)}","spindle":"${HOSTNAME}"${more}}`
      for (const rkey of ['__proto__', 'constructor', 'toString']) put(rkey, repo(''))
      put('deep', repo(`,"extra":${deep}`))
      put('deeper', `{"name":${deep}}`)
      put('endless', repo(',"extra":1e400'))
      put('number', '{"name":1e400}')
      put('polluting', '{"__proto__":{"name":"polluted","knot":"evil.example"}}')
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())

      await eventually(() => around.knots[0]?.connections().some(({ isOpen }) => isOpen) === true)
      const event = { rkey: '3mbcdefghij2k', nsid: 'sh.tangled.knot.memberUpdate', event: { created: 5 } }
      around.knots[0]?.publish(event, 1_767_225_600_000_000_001n)
      around.knots[0]?.publish(event, 1_767_225_600_000_000_003n)
      const cursorOf = async () => {
        const state = await stored(folder)
        return state === null ? null : M.toEntries(state.knots.subscriptions)[0]?.[1].cursor
      }
      await eventually(async () => (await cursorOf()) === '1767225600000000003')
      await first.end('SIGKILL')

      const second = bridge(flags(around, folder, '--admission', 'open'))
      await second.says('"event":"KnotOpened"')
      const rejections = async () => M.toEntries((await stored(folder))?.counters.reports ?? M.empty<string, Natural>())
      // Both bad records and this one; what comes again in the replay after the kill is not counted again.
      put('another', '{"name":1e400}')
      await eventually(async () => (await rejections()).some(([, count]) => count >= 3))
      expect((await rejections()).map(([, count]) => count)).toEqual([3])
      expect((await rejections()).map(([kind]) => kind)).toEqual(['FrameRejected/record'])
      expect(around.knots[0]?.connections().at(-1)?.asked.cursor).toBe('1767225600000000002')
      await second.end('SIGTERM')
      const state = await stored(folder)
      if (state === null) throw new Error('the store is gone')
      const [[, account] = [null, null]] = M.toEntries(state.commits.accounts)
      expect(account === null ? [] : M.toEntries(account.repos).map(([rkey, { record }]) => [rkey, record?.name, record?.knot])).toEqual([
        ['__proto__', 'x', knot(around, 0)],
        ['constructor', 'x', knot(around, 0)],
        ['deep', 'x', knot(around, 0)],
        ['endless', 'x', knot(around, 0)],
        ['polluting', '', null],
        ['toString', 'x', knot(around, 0)]
      ])
      expect(Object.keys(Object.prototype)).toEqual([])
    }))

  test('one knot that floods, stalls and lies leaves the other alone', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      for (let n = 0; n < 20; n++) publish(around, n)
      await eventually(() => around.knots.every(({ connections }) => connections().some(({ isOpen }) => isOpen)))
      const [bad, good] = around.knots
      const event = { rkey: '3mbcdefghij2k', nsid: 'sh.tangled.git.refUpdate', event: {} }
      bad?.publishRaw('{"rkey":"a","nsid":"sh.tangled.git.refUpdate","created":9000000000000000000}')
      for (let i = 0; i < 2_000; i++) bad?.publishRaw(i % 2 === 0 ? '{' : `{"rkey":"../${String(i)}","nsid":"x.y.z"}`)
      good?.publish(event, 1_767_225_600_000_000_007n)
      bad?.publishRaw(Buffer.alloc(20 * 1024 * 1024, 'x'))
      good?.publish(event, 1_767_225_600_000_000_009n)
      const cursors = async () => {
        const state = await stored(folder)
        return state === null ? [] : M.toEntries(state.knots.subscriptions).map(([host, { cursor }]) => [host, cursor])
      }
      await eventually(async () => (await cursors()).some(([host, cursor]) => host === good?.host && cursor === '1767225600000000009'))
      expect((await cursors()).find(([host]) => host === bad?.host)?.[1]).toBeNull()
      const state = await stored(folder)
      expect(M.toEntries(state?.counters.reports ?? M.empty<string, Natural>()).map(([kind]) => kind)).toEqual(
        expect.arrayContaining(['KnotFrameFromFuture', 'KnotFrameRejected/json', 'KnotFrameRejected/rkey'])
      )
      expect(running.lines.length).toBeLessThan(200)
      expect(await running.end('SIGTERM')).toBe(0)
    }))
})

// ---------------------------------------------------------------------------------------- crashes

describe('a process', () => {
  test('killed by kill -9 at any moment under load leaves rows, subscriptions and cursor as if nothing had happened', () =>
    inFolder(async (folder) => {
      const around = await network('v1')
      let sent = 0
      for (let life = 0; life < 6; life++) {
        const running = bridge(flags(around, folder, '--admission', 'open', ...(life === 0 ? ['--cursor', String(BEGIN)] : [])))
        await running.says('"event":"OpenJetstream"')
        if (life > 0) await running.says('ended without releasing the folder: stale lock replaced')
        const before = (await stored(folder))?.cursor.cursor ?? 0
        for (let n = 0; n < 400; n++) publish(around, sent++)
        await eventually(async () => ((await stored(folder))?.cursor.cursor ?? 0) > before + life * 20_000)
        await running.end('SIGKILL')
      }
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      expect(await running.end('SIGTERM')).toBe(0)
      const state = await stored(folder)
      if (state === null) throw new Error('the store is gone')
      expect(rows(state)).toBe(rows(folded(around)))
      expect(wantedKnots(state)).toEqual(wantedKnots(folded(around)))
    }))

  test('a process whose store cannot be created exits with 1, and says what to do', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '')
      const around = await network()
      const { code, err } = await tack(flags(around, join(folder, 'file', 'store')))
      expect([code, err]).toEqual([1, expect.stringMatching(/^error: .*ENOTDIR.* The user that runs tack must be able to create and write the folder: .*--store\.\n$/)])
    }))

  test('a process on an occupied address exits with 1, and leaves the store free', () =>
    inFolder(async (folder) => {
      const around = await network()
      const port = new URL(around.jetstreamUrl).port
      const { code, err } = await tack(flags(around, folder, '--listen', `127.0.0.1:${port}`))
      expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`^error: cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there .*EADDRINUSE.*: stop it, or choose another address with --listen\\.\\n$`))])
      expect(await readdir(folder)).not.toContain('lock')
    }))

  test('a process on a store in use exits at once, and says who has it', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder))
      await running.says('"event":"JetstreamOpened"')
      const configuration = join(folder, 'tack.yaml')
      await writeFile(configuration, 'providers:\n  local:\n')
      const second = await tack([...flags(around, folder), '--config', configuration])
      expect(second.code).toBe(1)
      expect(second.err).toContain(folder)
      expect(second.err).toContain(String(running.child.pid))
      // What waits in the folders of providers is for the first one to begin.
      expect(await readdir(folder)).not.toContain('providers')
      expect(await running.end('SIGTERM')).toBe(0)
    }))

  test('a process on an occupied port exits, and leaves most of what waits for another time', () =>
    inFolder(async (folder) => {
      const around = await network()
      const builds = ['a', 'b', 'c', 'd'].map((letter) => join(folder, 'providers', 'local', letter.repeat(40)))
      const plan = {
        clone: { depth: 1, skip: true, submodules: false },
        pipeline: 'p',
        provider: 'local',
        ref: null,
        repository: { did: '', name: 'app', owner: OWNER, rkey: 'app' },
        settings: [],
        sha: null,
        steps: [{ command: 'sleep 0.5', environment: [], name: 's' }],
        variables: []
      }
      for (const [n, path] of builds.entries()) {
        await mkdir(path, { recursive: true })
        const build = { knot: 'knot.example', rkey: `k${String(n)}`, workflow: 'w' }
        await writeFile(join(path, 'request.json'), JSON.stringify({ build, createdMs: n, key: String(n), plan }))
      }
      const configuration = join(folder, 'tack.yaml')
      await writeFile(configuration, 'providers:\n  local:\n    concurrent: 1\n')
      const taken = createServer()
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
      const { port } = taken.address() as AddressInfo
      const { code, err } = await tack([...flags(around, folder, '--listen', `127.0.0.1:${String(port)}`), '--config', configuration])
      taken.close()
      expect([code, err]).toEqual([1, expect.stringContaining(String(port))])
      const begun = await Promise.all(builds.map(async (path) => (await readdir(path)).includes('claim.json')))
      expect(begun.slice(1)).toEqual([false, false, false])
    }))

  test.each([
    ['state.json', '', 'empty'],
    ['state.json', 'null', 'null'],
    ['state.json', '{"rows":[]}', 'foreign'],
    ['state.json', '{"format":"tack-state","version":99,"seq":0,"head":{},"accounts":[\n],"crc":"00000000"}', 'newer']
  ])('a %s that is %j (%s) is refused with its path, and left as it is', (name, content) =>
    inFolder(async (folder) => {
      const around = await network()
      const path = join(folder, name)
      await writeFile(path, content)
      const { code, err } = await tack(flags(around, folder))
      expect(code).toBe(1)
      expect(err).toContain(path)
      expect(err.trim().split('\n')).toHaveLength(1)
      expect(await readFile(path, 'utf8')).toBe(content)
    })
  )
})

// ---------------------------------------------------------------------------------------- looking back

describe('tack replay', () => {
  test('prints every step of a journal, ending in the state that the store holds', () =>
    inFolder(async (folder) => {
      const around = await network()
      const running = bridge(flags(around, folder, '--admission', 'open'))
      await running.says('"event":"JetstreamOpened"')
      for (let n = 0; n < 10; n++) publish(around, n)
      await eventually(async () => (await stored(folder))?.cursor.cursor === around.jetstream.lastUs())
      // A stop would leave no journal.
      await running.end('SIGKILL')
      const journal = (await readdir(folder)).find((name) => name.startsWith('journal-')) ?? ''
      const { code, out } = await tack(['replay', join(folder, journal)])
      expect(code).toBe(0)
      expect(out).toContain('Started')
      expect(out).toContain(`→ SubscribeKnot  connection=1 host=${knot(around, 0)}`)

      const json = await tack(['replay', join(folder, journal), '--json'])
      const events = json.out.trim().split('\n').map((line) => (JSON.parse(line) as { event: Event }).event)
      const state = await stored(folder)
      if (state === null) throw new Error('the store is gone')
      const [started] = events
      if (started?._tag !== 'Started') throw new Error('a journal begins with a start')
      expect(textOf(run(initial(started.config), events)[0])).toBe(textOf(state))
      expect(events.filter(({ _tag }) => _tag === 'CommitReceived')).toHaveLength(10)

      const trace = join(folder, 'trace.jsonl')
      await writeFile(trace, (await tack(['replay', join(folder, journal), '--trace'])).out)
      const again = await tack(['replay', trace])
      expect([again.code, again.out.slice(again.out.indexOf('\n') + 1)]).toEqual([0, out])
    }))

  test('refuses anything else, with the line', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'x')
      await writeFile(path, '{"_tag":"Nonsense"}\n')
      const { code, err } = await tack(['replay', path])
      expect(code).toBe(1)
      expect(err).toContain(path)
      expect(err).toContain('line 1')
    }))
})
