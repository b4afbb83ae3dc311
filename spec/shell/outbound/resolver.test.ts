/** Names: what strangers have us look up takes nothing from others, however mute the servers of their names are. */
import { getEventListeners } from 'node:events'
import { createSocket } from 'node:dgram'
import dns, { Resolver } from 'node:dns/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Did, HostName, Natural, Rkey } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { gitReader } from '../../../shell/outbound/git.js'
import { httpClient } from '../../../shell/outbound/http-client.js'
import { openSocket, type Policy, type Resolve, withDefaults } from '../../../shell/outbound/websocket.js'
import { dial, guardedLookup } from '../../../shell/outbound/guard.js'
import { limitResolve, ownResolve, strangersResolve, textsOf } from '../../../shell/outbound/resolver.js'
import { recordReader } from '../../../shell/outbound/records.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { eventually, held, options, tcpServer } from '../support/sockets.js'

/** Who is asked for which names. */
const asked = { own: new Array<string>(), platform: new Array<string>() }

const reader = { closed: () => undefined, host: 'the-peer', opened: () => undefined, rejected: () => undefined, text: () => undefined }

const mute: Resolve = () => new Promise(() => undefined)

/** What became of each look-up. */
const outcomes = (resolve: Resolve, names: ReadonlyArray<string>, gone?: AbortSignal): Array<string> => {
  const all = names.map(() => 'waits')
  names.forEach((name, i) => {
    resolve(name, {}, gone).then(
      (found) => (all[i] = found.map(({ address }) => address).join(' ')),
      (error: unknown) => (all[i] = error instanceof Error ? error.message : 'no error')
    )
  })
  return all
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done))

const names = (count: number, prefix = 'k'): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `${prefix}${String(i)}.example.com`)

describe('the platform’s resolver, with its few threads, is asked only for names that the operator wrote down', () => {
  const STRANGERS: Policy = { allowLoopback: true }
  const TRUSTED: Policy = { allowLoopback: true, trusted: true }
  const clock = systemClock()

  // No test asks the name servers of the machine.
  const nobody = (name: string): Promise<never> => {
    asked.own.push(name)
    return Promise.reject(new Error('there are no name servers here'))
  }
  beforeEach(() => {
    vi.spyOn(Resolver.prototype, 'resolve4').mockImplementation(nobody)
    vi.spyOn(Resolver.prototype, 'resolve6').mockImplementation(nobody)
    // The platform never answers.
    vi.spyOn(dns, 'lookup').mockImplementation((name: string) => {
      asked.platform.push(name)
      return new Promise(() => undefined)
    })
    // What others have imported is what is set here.
    syncBuiltinESMExports()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  const ways: ReadonlyArray<readonly [string, (policy: Policy, name: string) => void]> = [
    ['websockets', (policy, name) => held(openSocket(withDefaults(options({ policy })), `wss://${name}/`, reader))],
    [
      'requests',
      (policy, name) => {
        const { close, fetch } = httpClient({ clock, policy })
        onTestFinished(close)
        fetch(`https://${name}/`).catch(() => undefined)
      }
    ]
  ]

  it.each(ways)('%s', async (way, open) => {
    const theirs = names(20, `${way}-strange`)
    for (const name of theirs) open(STRANGERS, name)
    const ours = `${way}.known.example.com`
    open(TRUSTED, ours)
    await eventually(() => expect(asked.own).toEqual(expect.arrayContaining([...theirs])))
    await eventually(() => expect(asked.platform).toContain(ours))
    expect(asked.platform.filter((name) => theirs.includes(name))).toEqual([])
    expect(asked.own).not.toContain(ours)
  })

  it.skipIf(!hasGit)(`files of a knot, by git${WITHOUT_GIT}`, async () => {
    const read = gitReader({ clock, isInsecure: false, policy: STRANGERS, tmp: tmpdir() })
    const repository = { did: '', name: 'thing', owner: `did:plc:${'a'.repeat(24)}` as Did, rkey: 'r' as Rkey }
    const answer = await read({ knot: 'git.example.com' as HostName, repository, sha: null }, new AbortController().signal)
    expect(answer).toMatchObject({ error: 'the knot cannot be reached: there are no name servers here' })
    expect(asked.platform).not.toContain('git.example.com')
  })

  it('the public directory does not wait behind strangers', async () => {
    const records = recordReader({ clock, log: options().log, policy: STRANGERS })
    onTestFinished(records.close)
    const request = { _tag: 'ReadRecords', collection: 'sh.tangled.repo', cursor: null, did: `did:plc:${'a'.repeat(24)}` as Did, number: 0 as Natural } as const
    records.read(request, () => undefined)
    await eventually(() => expect(asked.platform).toContain('plc.directory'))
  })
})

describe('strangers’ look-ups are few at a time', () => {
  it('fifty are under way in the process, a thousand wait, and more fail at once', async () => {
    const asked: Array<string> = []
    const ends: Array<() => void> = []
    const spy = vi.spyOn(Resolver.prototype, 'resolve4').mockImplementation((name: string) => {
      asked.push(name)
      return new Promise((done) => ends.push(() => done([])))
    })
    onTestFinished(() => spy.mockRestore())
    const all = Array.from({ length: 1_051 }, (_, n) => strangersResolve(`k${String(n)}.example.com`, { family: 4 }))
    await expect(all.pop()).rejects.toThrow('too many look-ups at once')
    await eventually(() => expect(asked).toHaveLength(50))
    await settled()
    expect(asked).toHaveLength(50)
    await eventually(() => {
      for (const end of ends.splice(0)) end()
      expect(asked).toHaveLength(1_050)
    })
    for (const end of ends.splice(0)) end()
    await Promise.all(all)
  })

  it('mute names occupy all places, a number of others wait, and the next fails at once', async () => {
    const started: Array<string> = []
    const resolve = limitResolve((name, given) => (started.push(name), mute(name, given)), 2, 3)
    const all = outcomes(resolve, names(6))
    await settled()
    expect(all).toEqual(['waits', 'waits', 'waits', 'waits', 'waits', 'too many look-ups at once'])
    expect(started).toEqual(names(2))
  })

  it('a look-up that is over, whatever came of it, makes room for the last that came', async () => {
    const started: Array<string> = []
    const ends: Array<() => void> = []
    const resolve = limitResolve(
      (name) =>
        new Promise((done, fail) => {
          ends.push(() => (started.length % 2 === 0 ? done([]) : fail(new Error('the resolver is away'))))
          started.push(name)
        }),
      1,
      9
    )
    const all = outcomes(resolve, ['a', 'b', 'c', 'd'])
    for (let i = 0; i < 4; i++) {
      ends.at(i)?.()
      await settled()
    }
    expect(started).toEqual(['a', 'd', 'c', 'b'])
    expect(all).toEqual(['the resolver is away', '', 'the resolver is away', ''])
    outcomes(resolve, ['e', 'f'])
    expect(started.slice(4)).toEqual(['e'])
  })

  it('a look-up can be cancelled by its connection, and does not begin when that is gone', async () => {
    const signals: Array<AbortSignal | undefined> = []
    const resolve = limitResolve((_, __, gone) => (signals.push(gone), Promise.resolve([])), 1, 2)
    const { signal } = new AbortController()
    await resolve('knot.example.com', {}, signal)
    await expect(resolve('knot.example.com', {}, AbortSignal.abort())).rejects.toThrow('aborted')
    expect(signals).toEqual([signal])
  })

  it('a look-up whose connection is gone is skipped, and makes room for another', async () => {
    const started: Array<string> = []
    const gone = new AbortController()
    let end = (): void => undefined
    const resolve = limitResolve(
      (name) =>
        new Promise((done) => {
          started.push(name)
          end = () => done([{ address: '127.0.0.1', family: 4 }])
        }),
      1,
      2
    )
    outcomes(resolve, ['first.example.com'])
    const given = outcomes(resolve, ['given.example.com', 'up.example.com'], gone.signal)
    gone.abort()
    const good = outcomes(resolve, ['good.example.com', 'too.example.com'])
    await settled()
    expect(given).toEqual(['the look-up was cancelled', 'the look-up was cancelled'])
    for (let i = 0; i < 3; i++) {
      end()
      await settled()
    }
    expect(good).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(started).toEqual(['first.example.com', 'too.example.com', 'good.example.com'])
  })

  it.each(['a socket', 'a websocket'])('%s, once closed, says that the connection is gone', async (what) => {
    let signal: AbortSignal | undefined
    const resolve: Resolve = (_, __, gone) => {
      signal = gone
      return new Promise(() => undefined)
    }
    const policy = { allowLoopback: false }
    const close =
      what === 'a socket'
        ? ((socket) => () => socket.destroy())(dial({ policy, resolve }, 'knot.example', 443))
        : held(openSocket(withDefaults(options({ policy, resolve })), 'wss://knot.example/', reader)).close
    await eventually(() => expect(signal).toBeDefined())
    expect(signal?.aborted).toBe(false)
    void close()
    await eventually(() => expect(signal?.aborted).toBe(true))
  })
})

describe('the resolver without threads', () => {
  /** A name server that knows a few names, and is mute about `mute.…`; what it has been asked for. */
  const nameServer = async (known: Readonly<Record<string, ReadonlyArray<string>>>) => {
    const questions: Array<string> = []
    const socket = createSocket('udp4')
    socket.on('message', (question, { address, port }) => {
      const labels: Array<string> = []
      let at = 12
      for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
        labels.push(question.toString('latin1', at + 1, at + 1 + length))
        at += 1 + length
      }
      const type = question.readUInt16BE(at + 1)
      const name = labels.join('.')
      questions.push(`${name} ${type === 1 ? 'A' : type === 16 ? 'TXT' : 'AAAA'}`)
      if (name.startsWith('mute.')) return
      const wanted = (known[name] ?? []).filter((one) => type === 16 || one.includes(':') === (type === 28))
      const header = Buffer.from([0, 0, 0x81, name in known ? 0x80 : 0x83, 0, 1, 0, wanted.length, 0, 0, 0, 0])
      question.copy(header, 0, 0, 2)
      const answers = wanted.map((one) => {
        // `::n` is all the IPv6 that the tests need.
        const bytes =
          type === 1 ? one.split('.').map(Number) : type === 16 ? one.split('|').flatMap((part) => [part.length, ...Buffer.from(part)]) : [...new Uint8Array(15), Number(one.slice(2))]
        return Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, bytes.length, ...bytes])
      })
      socket.send(Buffer.concat([header, question.subarray(12, at + 5), ...answers]), port, address)
    })
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
    onTestFinished(() => new Promise<void>((done) => socket.close(() => done())))
    return { questions, servers: [`127.0.0.1:${String(socket.address().port)}`] }
  }

  const hostsFile = async (text: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'tack-names-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'hosts'), text)
    return join(folder, 'hosts')
  }

  it('finds addresses of both kinds, or of the one that is wanted', async () => {
    const { questions, servers } = await nameServer({ 'both.example': ['::7', '192.0.2.1', '192.0.2.2'], 'six.example': ['::8'] })
    const resolve = ownResolve({ hosts: '/nonexistent', servers })
    const both = [{ address: '192.0.2.1', family: 4 }, { address: '192.0.2.2', family: 4 }]
    expect(await resolve('both.example', {})).toEqual([...both, { address: '::7', family: 6 }])
    expect(await resolve('both.example', { family: 4 })).toEqual(both)
    expect(await resolve('both.example', { family: 'IPv6' })).toEqual([{ address: '::7', family: 6 }])
    expect(await resolve('six.example', { family: 0 })).toEqual([{ address: '::8', family: 6 }])
    expect([...questions].sort()).toEqual(
      ['both.example A', 'both.example A', 'both.example AAAA', 'both.example AAAA', 'six.example A', 'six.example AAAA']
    )
    await expect(resolve('nobody.example', {})).rejects.toThrow('ENOTFOUND')
  })

  it('asks nobody about this machine, whatever the hosts file lacks', async () => {
    const resolve = ownResolve({ hosts: '/nonexistent', servers: ['127.0.0.1:1'] })
    expect(await resolve('LocalHost', { family: 0 })).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 }
    ])
    expect(await resolve('localhost', { family: 6 })).toEqual([{ address: '::1', family: 6 }])
    expect(await resolve('alice.Localhost', { family: 4 })).toEqual([{ address: '127.0.0.1', family: 4 }])
    await expect(resolve('notlocalhost', { family: 4 })).rejects.toThrow()
  })

  it('asks nobody about names in the hosts file', async () => {
    const { questions, servers } = await nameServer({ 'other.example': ['192.0.2.1'] })
    const hosts = await hostsFile('# 10.0.0.1 localhost\n127.0.0.1\tlocalhost  Knot.Test # other.example\n::1 localhost\n127.0.0.2 site.localhost\n\nno-address other.example\n')
    const resolve = ownResolve({ hosts, servers })
    const four = { address: '127.0.0.1', family: 4 }
    expect(await resolve('localhost', {})).toEqual([four, { address: '::1', family: 6 }])
    expect(await resolve('localhost', { family: 6 })).toEqual([{ address: '::1', family: 6 }])
    for (const name of ['knot.test', 'KNOT.test']) expect(await resolve(name, {})).toEqual([four])
    expect(await resolve('site.localhost', {})).toEqual([{ address: '127.0.0.2', family: 4 }])
    expect(questions).toEqual([])
    const { signal } = new AbortController()
    expect(await resolve('other.example', {}, signal)).toEqual([{ address: '192.0.2.1', family: 4 }])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('is cancelled with the connection, before it asks and while it waits for an answer', async () => {
    const { questions, servers } = await nameServer({})
    const resolve = ownResolve({ hosts: '/nonexistent', servers })
    const gone = new AbortController()
    const waiting = outcomes(resolve, ['mute.example'], gone.signal)
    await eventually(() => expect(questions).toContain('mute.example A'))
    expect(waiting).toEqual(['waits'])
    gone.abort()
    await eventually(() => expect(waiting).toEqual([expect.stringContaining('ECANCELLED')]))
    await expect(resolve('late.example', {}, gone.signal)).rejects.toThrow('aborted')
    expect(questions.filter((question) => question.startsWith('late'))).toEqual([])
  })

  it('finds texts, of several parts each', async () => {
    const { servers } = await nameServer({ 'texts.example': ['did=did:plc|:abc', 'other'] })
    const { signal } = new AbortController()
    expect([...(await textsOf(servers)('texts.example', signal))].sort()).toEqual(['did=did:plc:abc', 'other'])
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await expect(textsOf(servers)('nobody.example', signal)).rejects.toThrow('ENOTFOUND')
  })

  it('is cancelled in its search for texts, before it asks and while it waits for an answer', async () => {
    const { questions, servers } = await nameServer({})
    const gone = new AbortController()
    const waiting = textsOf(servers)('mute.example', gone.signal)
    await eventually(() => expect(questions).toContain('mute.example TXT'))
    gone.abort()
    await expect(waiting).rejects.toThrow('ECANCELLED')
    await expect(textsOf(servers)('late.example', gone.signal)).rejects.toThrow('aborted')
    expect(questions.filter((question) => question.startsWith('late'))).toEqual([])
  })

  it.each([
    ['addresses', () => ownResolve({ hosts: '/nonexistent' })('knot.example', {})],
    ['texts', () => textsOf()('knot.example', new AbortController().signal)]
  ])('waits for a silent server for two seconds, and once more: %s', async (_, ask) => {
    const given: Array<unknown> = []
    const real = dns.Resolver
    dns.Resolver = class extends real {
      constructor(options?: ConstructorParameters<typeof real>[0]) {
        super(options)
        given.push(options)
        this.setServers(['127.0.0.1:1'])
      }
    }
    syncBuiltinESMExports()
    onTestFinished(() => {
      dns.Resolver = real
      syncBuiltinESMExports()
    })
    await expect(ask()).rejects.toThrow()
    expect(given).toEqual([{ timeout: 2_000, tries: 2 }])
  })

  it('is judged like any other: an address it finds is refused, or connected to', async () => {
    const { servers } = await nameServer({ 'knot.example': ['127.0.0.1'] })
    const server = await tcpServer((socket) => socket.end())
    const resolve = ownResolve({ hosts: '/nonexistent', servers })
    const reach = (allowLoopback: boolean) =>
      new Promise<string>((done) => {
        const lookup = guardedLookup({ policy: { allowLoopback }, resolve }, new AbortController().signal)
        const socket = connect({ host: 'knot.example', lookup, port: server.port })
        socket.once('connect', () => done('connected')).once('error', (error) => done(error.message))
        onTestFinished(() => void socket.destroy())
      })
    expect(await reach(false)).toBe('the name resolves to a forbidden address: 127.0.0.1')
    expect(await reach(true)).toBe('connected')
  })
})
