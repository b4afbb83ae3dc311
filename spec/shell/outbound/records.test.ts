/** Accounts' records, from servers on real sockets that behave, and that do not. */
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Collection, Did, type Event, Natural, type ReadRecords } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import type { Resolve } from '../../../shell/outbound/websocket.js'
import { type PdsServer, startPds } from '../../../shell/demo-network/index.js'
import type { Clock, Records } from '../../../shell/ports.js'
import { recordReader, type RecordsOptions } from '../../../shell/outbound/records.js'
import { must } from '../../suite/examples/support.js'
import { countingClock, eventually, httpServer, rememberingLog, tcpServer } from '../support/sockets.js'

const REPO = 'sh.tangled.repo'
const MEMBER = 'sh.tangled.spindle.member'
const plc = (letter: string): string => `did:plc:${letter.repeat(24)}`
const ALICE = plc('a')

const startServer = async (pageSize = 100): Promise<PdsServer> => {
  const pds = await startPds({ pageSize })
  onTestFinished(pds.stop)
  return pds
}

const request = (did: string, cursor: string | null = null, collection: Collection = REPO, number = 7): ReadRecords => ({
  _tag: 'ReadRecords',
  collection,
  cursor,
  did: must(Did.decode(did)),
  number: must(Natural.decode(number))
})

interface Reader {
  readonly ask: (request: ReadRecords) => Promise<Event>
  readonly log: ReturnType<typeof rememberingLog>
  readonly records: Records
}

const reader = (directory: string | null, changes: Partial<RecordsOptions> = {}): Reader => {
  const log = rememberingLog()
  const records = recordReader({
    clock: systemClock(),
    log,
    pauseMs: 1,
    policy: { allowLoopback: true },
    timeoutMs: 10_000,
    ...(directory === null ? {} : { directory }),
    ...changes
  })
  onTestFinished(records.close)
  return { ask: (one) => new Promise((resolve) => records.read(one, resolve)), log, records }
}

const unread = (error: unknown, waitMs: unknown = 0) => ({
  _tag: 'RequestFailed',
  at: expect.any(Number) as number,
  error,
  isFinal: false,
  number: 7,
  requested: { _tag: 'Records', did: ALICE },
  waitMs
})

const port = (url: string): string => new URL(url).host

describe('reading records', () => {
  it('goes page by page, each collection by itself', async () => {
    const pds = await startServer(2)
    for (const rkey of ['a', 'b', 'c']) pds.putRecord(ALICE, REPO, rkey, { knot: 'knot.example', name: rkey })
    pds.putRecord(ALICE, MEMBER, 'm', { subject: plc('b') })
    const { ask } = reader(pds.url)
    const record = (name: string) => ({
      collection: REPO,
      record: { createdAt: '', knot: 'knot.example', name, repoDid: '', spindle: '' },
      rkey: name
    })
    expect(await ask(request(ALICE))).toEqual({
      _tag: 'RecordsRead',
      at: expect.any(Number) as number,
      collection: REPO,
      did: ALICE,
      next: 'b',
      number: 7,
      records: [record('c'), record('b')]
    })
    expect(await ask(request(ALICE, 'b'))).toMatchObject({ next: 'a', records: [record('a')] })
    expect(await ask(request(ALICE, 'a'))).toMatchObject({ next: null, records: [] })
    expect(await ask(request(ALICE, null, MEMBER))).toMatchObject({ collection: MEMBER, next: 'm', records: [{ rkey: 'm' }] })
    expect(pds.asked).toEqual([
      `GET /${ALICE}`,
      ...['', '&cursor=b', '&cursor=a'].map(
        (cursor) => `GET /xrpc/com.atproto.repo.listRecords?collection=${REPO}&limit=100&repo=did%3Aplc%3A${'a'.repeat(24)}${cursor}`
      ),
      `GET /xrpc/com.atproto.repo.listRecords?collection=${MEMBER}&limit=100&repo=did%3Aplc%3A${'a'.repeat(24)}`
    ])
  })

  it('reading records of a did:web asks its host', async () => {
    const pds = await startServer()
    const did = `did:web:localhost%3A${port(pds.url).slice('localhost:'.length)}`
    pds.putRecord(did, REPO, 'a', { name: 'a' })
    expect(await reader('http://localhost:1').ask(request(did))).toMatchObject({ did, records: [{ rkey: 'a' }] })
    expect(pds.asked[0]).toBe('GET /.well-known/did.json')
  })

  it('skips bad records, and says how many', async () => {
    const pds = await startServer()
    pds.putRecord(ALICE, REPO, 'bad', { name: 7 })
    pds.putRecord(ALICE, REPO, 'good', { name: 'good' })
    const { ask, log } = reader(pds.url)
    expect(await ask(request(ALICE))).toMatchObject({ records: [{ rkey: 'good' }] })
    expect(log.lines).toEqual([
      { fields: { collection: REPO, cursor: null, did: ALICE, rejected: 1 }, level: 'warn', message: 'invalid records skipped' }
    ])
  })

  it('looks a document up once in five minutes, and again after anything went wrong', async () => {
    const pds = await startServer()
    pds.putRecord(ALICE, REPO, 'a', {})
    const documents = (): number => pds.asked.filter((line) => line === `GET /${ALICE}`).length
    const real = systemClock()
    let later = 0
    const clock: Clock = { ...real, now: () => (real.now() + later) as ReturnType<Clock['now']> }
    const { ask } = reader(pds.url, { clock })
    await ask(request(ALICE))
    later = 299_000_000
    await ask(request(ALICE))
    expect(documents()).toBe(1)
    later = 301_000_000
    await ask(request(ALICE))
    expect(documents()).toBe(2)
    pds.misbehave('records', { _tag: 'Hangup' })
    expect(await ask(request(ALICE))).toMatchObject({ _tag: 'RequestFailed' })
    expect(documents()).toBe(2)
    expect(await ask(request(ALICE))).toMatchObject({ _tag: 'RecordsRead' })
    expect(documents()).toBe(3)
  })

  it('ends where a server says that the next page is the same again', async () => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    const body = JSON.stringify({ cursor: 'x', records: [{ uri: `at://${ALICE}/${REPO}/a`, value: {} }] })
    pds.misbehave('records', { _tag: 'Answer', body, status: 200 }, { _tag: 'Answer', body, status: 200 })
    const { ask } = reader(pds.url)
    expect(await ask(request(ALICE))).toMatchObject({ next: 'x' })
    expect(await ask(request(ALICE, 'x'))).toMatchObject({ next: null })
  })

  it('is the same from a directory whose address ends with a slash', async () => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    await reader(`${pds.url}/`).ask(request(ALICE))
    expect(pds.asked[0]).toBe(`GET /${ALICE}`)
  })

  it('sends any cursor back unchanged', async () => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    await reader(pds.url).ask(request(ALICE, 'a&repo=x#/../ é'))
    expect(new URLSearchParams(pds.asked[1]?.replace(/^[^?]*/, '')).getAll('repo')).toEqual([ALICE])
    expect(new URLSearchParams(pds.asked[1]?.replace(/^[^?]*/, '')).get('cursor')).toBe('a&repo=x#/../ é')
  })
})

describe('a failed reading', () => {
  const answer = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}) =>
    ({ _tag: 'Answer', body: typeof value === 'string' ? value : JSON.stringify(value), headers, status }) as const

  it.each([
    [400, { error: 'RepoNotFound', message: 'Could not find repo' }, ' RepoNotFound'],
    [400, { error: 'RepoDeactivated' }, ' RepoDeactivated'],
    [400, { error: 'RepoTakendown' }, ' RepoTakendown'],
    [404, 'not found', ''],
    [500, { error: 'a secret\u0000', message: 'x' }, ''],
    [502, '<html>', '']
  ])('an answer with %i is no page', async (status, body, said) => {
    const pds = await startServer()
    pds.putRecord(ALICE, REPO, 'a', {})
    pds.misbehave('records', answer(status, body))
    expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`${port(pds.url)} answered ${String(status)}${said}`))
  })

  it.each([
    [{ 'retry-after': '7' }, 7_000, 7_000],
    [{ 'retry-after': '0' }, 0, 0],
    [{ 'retry-after': new Date(Date.now() + 3_000_000).toUTCString() }, 1_000_000, 3_000_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0, 0],
    [{ 'retry-after': '99999999' }, 3_600_000, 3_600_000],
    [{ 'retry-after': 'soon' }, 0, 0],
    [{ 'ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3_000) }, 1_000_000, 3_000_000],
    [{ 'ratelimit-reset': '30' }, 30_000, 30_000],
    [{ 'ratelimit-reset': '-5' }, 0, 0],
    [{ 'ratelimit-reset': '30', 'retry-after': '7' }, 7_000, 7_000],
    [{}, 0, 0]
  ])('an answer may ask us to wait: %j', async (headers, least, most) => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    pds.misbehave('records', answer(429, { error: 'RateLimitExceeded' }, { ...headers }))
    const event = await reader(pds.url).ask(request(ALICE))
    expect(event).toEqual(unread(`${port(pds.url)} answered 429 RateLimitExceeded`, expect.any(Number)))
    expect(event._tag === 'RequestFailed' && event.waitMs).toBeGreaterThanOrEqual(least)
    expect(event._tag === 'RequestFailed' && event.waitMs).toBeLessThanOrEqual(most)
  })

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['no object', '[]', 'not an object'],
    ['no page', '{}', 'records is not a list'],
    ['a long cursor', JSON.stringify({ cursor: 'x'.repeat(513), records: [] }), 'cursor is not well-formed']
  ])('%s is no page', async (_, body, why) => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    pds.misbehave('records', answer(200, body))
    expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`${port(pds.url)}: ${why}`))
  })

  it.each([
    ['of another DID', { id: plc('b'), service: [] }, 'the document is for another DID'],
    ['without a server', { id: ALICE, service: [] }, 'the document names no server for records'],
    ['that is none', '<html>', 'the document is not JSON']
  ])('a document %s leads nowhere', async (_, document, why) => {
    const pds = await startServer()
    pds.misbehave('document', answer(200, document))
    expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`${port(pds.url)}: ${why}`))
    expect(pds.asked).toHaveLength(1)
  })

  it('is due to an account that the directory does not know', async () => {
    const pds = await startServer()
    expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`${port(pds.url)} answered 404`))
  })

  it('is due to an unresolvable name where the platform refuses a host', async () => {
    // An invalid character of a script that there is; to us it is a name.
    const did = 'did:web:xn--c2g4b9x.example'
    const pds = await startServer()
    expect(await reader(pds.url).ask(request(did))).toEqual({ ...unread(`the name does not resolve: ${did}`), requested: { _tag: 'Records', did } })
    expect(pds.asked).toEqual([])
  })

  it.each(['did:web:xn--a.example', 'did:key:abc', 'did:plc:short', `did:plc:${'A'.repeat(24)}`, 'did:web:a:b', 'did:web:127.0.0.1', 'did:web:a%2Fb', 'did:constructor:x'])(
    '%s is not looked up',
    async (did) => {
      const pds = await startServer()
      expect(await reader(pds.url).ask(request(did))).toMatchObject({ error: `unsupported DID method: ${did}` })
      expect(pds.asked).toEqual([])
    }
  )

  it.each(['', 'pds.example', 'ftp://pds.example', 'https://pds.example/path', 'https://pds.example/?q', 'https://user@pds.example', 'javascript:x'])(
    'a server at %j is not asked',
    async (endpoint) => {
      const pds = await startServer()
      pds.putAccount(ALICE, endpoint)
      expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`the account’s server is not a URL: ${endpoint}`))
    }
  )

  it.each([
    ['says nothing', { _tag: 'Silent' } as const, /: no answer within 0\.3 s$/],
    ['does not end', { _tag: 'Endless' } as const, /: response larger than 4194304 bytes$/],
    ['hangs up', { _tag: 'Hangup' } as const, /: /],
    ['sends very many lists, objects and keys', { _tag: 'Answer', body: `{"records":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, status: 200 } as const, /: more than 100000 lists, objects and keys$/],
    ['is no UTF-8', { _tag: 'Answer', body: Buffer.from('{"records":[],"x":"\xff"}', 'latin1'), status: 200 } as const, /: not UTF-8$/]
  ])('a server that %s', async (_, behaviour, why) => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    pds.misbehave('records', behaviour)
    // Only the one that says nothing is to be given up for that, however busy the machine is.
    expect(await reader(pds.url, { timeoutMs: behaviour._tag === 'Silent' ? 300 : 240_000 }).ask(request(ALICE))).toEqual(unread(expect.stringMatching(why)))
  })
})

it('a document has at most 256 KiB', async () => {
  const pds = await startServer()
  pds.misbehave('document', { _tag: 'Endless' })
  expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(`${port(pds.url)}: response larger than 262144 bytes`))
})

describe('no look-up leads into a private network', () => {
  const PUBLIC_ONLY = { policy: { allowLoopback: false } }

  it.each([
    ['http://localhost:PORT', 'the address is not https'],
    ['https://localhost:PORT', 'the name resolves to a forbidden address: '],
    ['https://127.0.0.1:PORT', '127.0.0.1 is not a host name'],
    ['https://127.1:PORT', '127.0.0.1 is not a host name'],
    ['https://10.0.0.1', '10.0.0.1 is not a host name'],
    ['https://[::ffff:7f00:1]:PORT', '::ffff:7f00:1 is not a host name']
  ])('the document names %s', async (endpoint, why) => {
    const pds = await startServer()
    const forbidden = await tcpServer(() => undefined)
    pds.putAccount(ALICE, endpoint.replace('PORT', String(forbidden.port)))
    // The directory is one that the operator wrote down by hand, and so may be here.
    expect(await reader(pds.url, PUBLIC_ONLY).ask(request(ALICE))).toEqual(unread(expect.stringContaining(why)))
    expect(pds.asked).toHaveLength(1)
    expect(forbidden.connections()).toBe(0)
  })

  it('a name that changes to this machine is refused', async () => {
    const pds = await startServer()
    const forbidden = await tcpServer(() => undefined)
    pds.putAccount(ALICE, `https://pds.example:${String(forbidden.port)}`)
    const resolve: Resolve = (name) => Promise.resolve([{ address: name === 'localhost' ? '127.0.0.1' : '169.254.169.254', family: 4 }])
    expect(await reader(pds.url, { ...PUBLIC_ONLY, resolve }).ask(request(ALICE))).toEqual(
      unread(expect.stringContaining('the name resolves to a forbidden address: 169.254.169.254'))
    )
    expect(forbidden.connections()).toBe(0)
  })

  it.each(['document', 'records'] as const)('a redirect is not followed: %s', async (asked) => {
    const pds = await startServer()
    const forbidden = await httpServer((_, response) => response.end('{}'))
    pds.putAccount(ALICE)
    const location = `http://127.0.0.1:${String(forbidden.port)}/`
    pds.misbehave(asked, { _tag: 'Answer', body: '', headers: { location }, status: 302 })
    expect(await reader(pds.url).ask(request(ALICE))).toEqual(unread(expect.stringContaining('redirects are not followed')))
    expect(forbidden.connections()).toBe(0)
  })

  it.each(['did:web:localhost', 'did:web:localhost%3A80', 'did:web:x.localhost'])('%s is not looked up', async (did) => {
    expect(await reader(null, PUBLIC_ONLY).ask(request(did))).toMatchObject({ error: `unsupported DID method: ${did}` })
  })

  it('a directory is judged like everybody unless the operator wrote it down', async () => {
    const resolve: Resolve = () => Promise.resolve([{ address: '10.0.0.1', family: 4 }])
    expect(await reader(null, { ...PUBLIC_ONLY, resolve }).ask(request(ALICE))).toEqual(
      unread('plc.directory: the name resolves to a forbidden address: 10.0.0.1')
    )
  })
})

describe('the request rate', () => {
  /** A server that answers when told to, and knows how many wait. */
  const slowServer = async () => {
    const waiting: Array<() => void> = []
    let most = 0
    const server = await httpServer((_, response) => {
      waiting.push(() => response.end('{"records":[]}'))
      most = Math.max(most, waiting.length)
    })
    return { most: () => most, server, url: `http://localhost:${String(server.port)}`, waiting }
  }

  it('is one request at a time to one host, with a pause in between', async () => {
    const pds = await startServer()
    const slow = await slowServer()
    for (const letter of 'abcde') pds.putAccount(plc(letter), slow.url)
    const { ask } = reader(pds.url, { pauseMs: 50 })
    const times: number[] = []
    const asking = Promise.all(['a', 'b', 'c', 'd', 'e'].map((letter) => ask(request(plc(letter)))))
    for (let i = 0; i < 5; i++) {
      await eventually(() => expect(slow.waiting).toHaveLength(1))
      times.push(performance.now())
      slow.waiting.shift()?.()
    }
    expect((await asking).every(({ _tag }) => _tag === 'RecordsRead')).toBe(true)
    expect(slow.most()).toBe(1)
    for (const [i, time] of times.entries()) if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThan(45)
  })

  it('is 15 s for a request and 100 ms for the pause by default', async () => {
    const pds = await startServer()
    pds.putAccount(ALICE)
    const { armed, asked, clock } = countingClock()
    const records = recordReader({ clock, directory: pds.url, log: rememberingLog(), policy: { allowLoopback: true } })
    onTestFinished(records.close)
    await new Promise((resolve) => records.read(request(ALICE), resolve))
    expect([...new Set(asked)].sort((a, b) => a - b)).toEqual([100, 15_000])
    await records.close()
    expect(armed()).toBe(0)
  })

  it('is four at a time in all, and a slow host does not hold up the others', async () => {
    const pds = await startServer()
    const slow = await Promise.all(Array.from({ length: 6 }, slowServer))
    const first = slow[0]?.url ?? ''
    // One host with many accounts, and five more.
    const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    letters.forEach((letter, i) => pds.putAccount(plc(letter), i < 5 ? first : slow[i - 4]?.url))
    const { ask } = reader(pds.url)
    const asking = letters.map((letter) => ask(request(plc(letter))))
    const count = (): number => slow.reduce((sum, { waiting }) => sum + waiting.length, 0)
    await eventually(() => expect(count()).toBe(4))
    expect(slow[0]?.waiting).toHaveLength(1)
    const most: number[] = []
    const answering = setInterval(() => {
      most.push(count())
      for (const { waiting } of slow) waiting.shift()?.()
    }, 5)
    onTestFinished(() => clearInterval(answering))
    const events = await Promise.all(asking)
    expect(events.every(({ _tag }) => _tag === 'RecordsRead')).toBe(true)
    expect(Math.max(...most)).toBeLessThanOrEqual(4)
  })

  it('ends with a close, which leaves running and waiting requests unanswered', async () => {
    const pds = await startServer()
    let open = 0
    const silent = await tcpServer((socket) => {
      open += 1
      socket.resume().once('close', () => (open -= 1))
    })
    for (const letter of 'abc') pds.putAccount(plc(letter), `http://localhost:${String(silent.port)}`)
    const { records } = reader(pds.url)
    const answers: Array<Event> = []
    const deliver = (event: Event): void => void answers.push(event)
    for (const letter of 'abc') records.read(request(plc(letter)), deliver)
    await eventually(() => expect(open).toBe(1))
    await records.close()
    await records.close()
    await eventually(() => expect(open).toBe(0))
    records.read(request(ALICE), deliver)
    expect(silent.connections()).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toEqual([])
  })

  it('closing leaves no connection to the directory open', async () => {
    const open = new Set<Socket>()
    const { port } = await httpServer(({ socket }, response) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      response.end('{}')
    })
    const { ask, records } = reader(`http://127.0.0.1:${String(port)}`)
    await ask(request(ALICE))
    expect(open.size).toBe(1)
    await records.close()
    // Sooner than either side would end a connection that nobody uses.
    await eventually(() => expect(open.size).toBe(0), 200)
  })

  it('closing ends no pause that is over', async () => {
    const pds = await startServer()
    let [passed, ended] = [0, 0]
    const after: Clock['after'] = (ms, then) => {
      const cancel = systemClock().after(ms, () => {
        then()
        if (ms === 7) passed += 1
      })
      return () => {
        if (ms === 7) ended += 1
        cancel()
      }
    }
    const { ask, records } = reader(pds.url, { clock: { ...systemClock(), after }, pauseMs: 7 })
    await ask(request(ALICE))
    await eventually(() => expect(passed).toBe(1))
    expect(ended).toBe(1)
    await records.close()
    expect(ended).toBe(1)
  })

  it('closing waits for no pause, and leaves no timer', async () => {
    const pds = await startServer()
    const { armed, clock } = countingClock()
    const { ask, records } = reader(pds.url, { clock, pauseMs: 3_600_000 })
    expect(await ask(request(ALICE))).toMatchObject({ _tag: 'RequestFailed' })
    await eventually(() => expect(armed()).toBe(1))
    await records.close()
    expect(armed()).toBe(0)
  })
})
