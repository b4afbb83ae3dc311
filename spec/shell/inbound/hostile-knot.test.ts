/**
 * A hostile knot, on real sockets: it reuses the keys of runs on another knot, sends keys that are no TIDs, tells of repositories that are not its own,
 * and answers whatever it likes when it is asked who may push. Nothing of another's is shown, cancelled or built.
 */
import * as E from 'fp-ts/lib/Either.js'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { callAnswer, type Effect, Event, HostName, OrderedMap as M, type ReadAccess, type SubscribeKnot, tidOf, type TimeUs } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { accessReader, type AccessOptions } from '../../../shell/outbound/access.js'
import { knotClient } from '../../../shell/outbound/knot.js'
import { workflow } from '../../suite/examples/build-world.js'
import { must } from '../../suite/examples/support.js'
import { options, turns } from '../support/sockets.js'
import { ask, createWorld, eventually, PROVIDER, right, serve, type World } from './support.js'

const ALICE = 'did:plc:alice2222222222222222222'
const BOB = 'did:plc:bob222222222222222222222'
const MALLORY = 'did:plc:mallory22222222222222222'
/** Alice's repository, and Mallory's. */
const APP = 'did:plc:app22222222222222222222'
const TRAP = 'did:plc:trap2222222222222222222'
const KEY = tidOf(1_767_225_600_000_000 as TimeUs)
const KEEPS_LISTS = { capabilities: ['knot-acl'], version: '1.15' }

type Query = (method: string, query: URLSearchParams) => unknown

interface Knot {
  readonly asked: ReadonlyArray<string>
  readonly host: HostName
  readonly peers: ReadonlyArray<WebSocket>
  readonly send: (frame: unknown) => void
}

/** A knot that answers as `says`, and sends what it is told to. */
const knotThat = async (says: Query): Promise<Knot> => {
  const asked: Array<string> = []
  const peers: Array<WebSocket> = []
  const server = createServer((request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const method = pathname.split('.').at(-1) ?? ''
    asked.push(method)
    const body = says(method, searchParams)
    response.writeHead(body === undefined ? 404 : 200).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}))
  })
  new WebSocketServer({ server }).on('connection', (peer) => {
    peer.on('error', () => undefined)
    peers.push(peer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const peer of peers) peer.terminate()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    asked,
    host: must(HostName.decode(`localhost:${String((server.address() as AddressInfo).port)}`)),
    peers,
    send: (frame) => {
      for (const peer of peers) peer.send(JSON.stringify(frame))
    }
  }
}

const listing = (repo: string, owner: string, ...collaborators: ReadonlyArray<string>): Query => (method, query) => {
  if (method === 'version') return KEEPS_LISTS
  if (method === 'describeRepo') return query.get('repoDid') === repo ? { ownerDid: owner, repoDid: repo, rkey: 'app' } : undefined
  return { items: collaborators.map((subject) => ({ subject })) }
}

const pushOf = (repo: string, actor: string, rkey: unknown) => ({
  created: Date.now() * 1_000_000,
  event: { changedFiles: [], committerDid: actor, newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ownerDid: repo === APP ? ALICE : MALLORY, ref: 'refs/heads/main', repo },
  nsid: 'sh.tangled.git.refUpdate',
  rkey
})

const removal = (repo: string, op: string, subject: string) => ({ created: Date.now() * 1_000_000, event: { op, repo, subject }, nsid: 'sh.tangled.repo.collaboratorUpdate', rkey: KEY })

interface Place {
  /** How many frames have come from knots. */
  readonly frames: () => number
  readonly reports: ReadonlyArray<Extract<Effect, { readonly _tag: 'Report' }>['report']>
  readonly runsOn: (host: string) => ReadonlyArray<string>
  readonly world: World
}

/** A spindle that listens to both knots, and asks them. */
const place = async (honest: Knot, hostile: Knot): Promise<Place> => {
  const world = createWorld({ collaborators: 'knots' })
  const reports: Array<Place['reports'][number]> = []
  let frames = 0
  const documents: AccessOptions['documents'] = {
    read: (id) => {
      const serviceEndpoint = `http://${id === APP ? honest.host : hostile.host}`
      return Promise.resolve(E.right(JSON.stringify({ id, service: [{ id: '#tangled_knot', serviceEndpoint, type: 'TangledKnot' }] })))
    }
  }
  const reader = accessReader({ clock: systemClock(), documents, hosts: { defaultPort: 80, loopback: true, ports: true }, isInsecure: true, pauseMs: 0, policy: { allowLoopback: true } })
  onTestFinished(reader.close)
  const open = knotClient({ ...options(), isInsecure: true })
  const deliver = (event: Event): void => {
    if (['KnotReceived', 'KnotFrameRejected', 'CollaboratorUpdated'].includes(event._tag)) frames++
    execute(world.apply(Event.encode(event)))
  }
  const connect = ({ connection, cursor, host }: SubscribeKnot): void => {
    const link = open(connection, host, cursor, deliver)
    onTestFinished(() => link.close())
  }
  const read = (effect: ReadAccess): void => reader.read(effect, deliver)
  const execute = (effects: ReadonlyArray<Effect>): void => {
    for (const effect of effects) {
      if (effect._tag === 'SubscribeKnot') connect(effect)
      if (effect._tag === 'ReadAccess') read(effect)
      if (effect._tag === 'Report') reports.push(effect.report)
    }
  }
  world.openStream()
  const at = world.clock.now()
  const claims = [
    [ALICE, honest.host, APP],
    [MALLORY, hostile.host, TRAP],
    // What is not hers, on a knot that is.
    [MALLORY, hostile.host, APP]
  ] as const
  claims.forEach(([did, knot, repoDid], i) => {
    const record = { createdAt: '', knot, name: `app${String(i)}`, repoDid, spindle: 'spindle.example' }
    const connection = world.state().cursor.connection.number
    execute(world.apply({ _tag: 'CommitReceived', at, collection: 'sh.tangled.repo', connection, did, ordinal: null, record, rev: null, rkey: `repo${String(i)}`, timeUs: at + i }))
  })
  const runsOn = (host: string): ReadonlyArray<string> => M.keys(world.state().builds.runs).filter((key) => key.startsWith(`${host}/`))
  await eventually(() => {
    expect([honest.peers.length, hostile.peers.length]).toEqual([1, 1])
    expect(M.toEntries(world.state().access.entries).every(([, { request }]) => request.phase === 'Pausing')).toBe(true)
  })
  return { frames: () => frames, reports, runsOn, world }
}

/** The files of the run are read, and its build runs. */
const built = (world: World, knot: HostName, rkey: string): void => {
  const entry = M.toEntries(world.state().builds.runs).find(([key]) => key === `${knot}/${rkey}`)?.[1]
  if (entry?.phase._tag !== 'Reading') throw new Error('no files are being read')
  const read = workflow({ targets: [{ pipeline: 'main', provider: PROVIDER, settings: [] }] })
  const answer = { defaultBranch: 'main', knot, number: entry.phase.request.number, rkey, sources: null, unkept: [] }
  world.apply({ _tag: 'WorkflowsRead', at: world.clock.now(), ...answer, workflows: [read] })
}

const pipelinesOf = async (url: string, repo: string): Promise<ReadonlyArray<{ readonly id: string }>> => {
  const { body } = await ask(url, `/xrpc/sh.tangled.ci.queryPipelines?repo=${repo}`)
  return (JSON.parse(body) as { readonly pipelines: ReadonlyArray<{ readonly id: string }> }).pipelines
}

test('a knot that reuses the key of another’s run gets neither its page nor its cancel, and nothing of another’s repository is built for it', async () => {
  const honest = await knotThat(listing(APP, ALICE, BOB))
  const hostile = await knotThat((method, query) => (query.get('repoDid') === APP ? { ownerDid: MALLORY, repoDid: APP, rkey: 'app' } : listing(TRAP, MALLORY)(method, query)))
  const { frames, reports, runsOn, world } = await place(honest, hostile)
  const { url } = await serve(world)

  honest.send(pushOf(APP, BOB, KEY))
  await eventually(() => expect(runsOn(honest.host)).toEqual([`${honest.host}/${KEY}`]))
  built(world, honest.host, KEY)
  const [hers] = await pipelinesOf(url, APP)
  expect(hers).toMatchObject({ repo: APP })

  // The key of that run; for a repository of another, too; and whoever Alice's knot lists is not the hostile knot's to say.
  hostile.send(pushOf(APP, MALLORY, KEY))
  hostile.send(pushOf(APP, BOB, KEY))
  hostile.send(removal(APP, 'remove', BOB))
  hostile.send(removal(APP, 'add', MALLORY))
  hostile.send(pushOf(TRAP, MALLORY, KEY))
  await eventually(() => expect(runsOn(hostile.host)).toEqual([`${hostile.host}/${KEY}`]))
  built(world, hostile.host, KEY)
  expect(reports).toMatchObject([
    { _tag: 'TriggerIgnored', knot: hostile.host, reason: 'repo', rkey: KEY },
    { _tag: 'TriggerIgnored', knot: hostile.host, reason: 'repo', rkey: KEY }
  ])

  const [theirs, ...others] = await pipelinesOf(url, TRAP)
  expect([others, await pipelinesOf(url, APP)]).toEqual([[], [hers]])
  expect(theirs).toMatchObject({ repo: TRAP })
  expect(theirs?.id).not.toBe(hers?.id)

  for (const repo of [APP, TRAP]) {
    const at = world.clock.now()
    const call = right(
      Event.decode({ _tag: 'CallReceived', at, call: { _tag: 'CancelPipeline', pipeline: hers?.id, repo, workflows: null }, caller: MALLORY, token: { id: repo, untilUs: at + 60_000_000 } })
    )
    expect(call._tag === 'CallReceived' && callAnswer(call)(world.state())).toMatchObject({ _tag: 'Refused' })
  }
  const access = M.toEntries(world.state().access.entries).map(([key, entry]) => [key, entry.access?._tag, entry.access?._tag === 'ByKnot' ? entry.access.collaborators : []])
  expect(new Map(access.map(([key, ...rest]) => [key, rest]))).toEqual(
    new Map<unknown, unknown>([
      [`${honest.host}/${APP}`, ['ByKnot', [BOB]]],
      [`${hostile.host}/${APP}`, ['Denied', []]],
      [`${hostile.host}/${TRAP}`, ['ByKnot', []]]
    ])
  )

  // Keys that are no TIDs are keys like others, of its own repository alone; what is no key at all is rejected.
  const before = frames()
  const odd = ['..', '.', 'a/b', 'x'.repeat(600), '', 7, null, '__proto__', 'self']
  for (const rkey of odd) hostile.send(pushOf(TRAP, MALLORY, rkey))
  for (const rkey of odd) hostile.send(pushOf(APP, BOB, rkey))
  await eventually(() => expect(frames()).toBe(before + 2 * odd.length))
  expect([...runsOn(hostile.host)].sort()).toEqual([KEY, '__proto__', 'self'].map((rkey) => `${hostile.host}/${rkey}`).sort())
  expect([await pipelinesOf(url, APP), runsOn(honest.host)]).toEqual([[hers], [`${honest.host}/${KEY}`]])
  expect(hostile.asked.filter((method) => method === 'listCollaborators').length).toBeLessThan(8)
})

describe('a knot whose list is nothing of the kind grants nothing, for bounded work', () => {
  const items = (count: number) => Array.from({ length: count }, (_, i) => ({ subject: `did:plc:${String(i)}` }))
  test.each<readonly [string, (query: URLSearchParams) => unknown, most: number]>([
    ['it never ends', (query) => ({ cursor: `${query.get('cursor') ?? ''}1`, items: items(100) }), 6],
    ['it goes round', (query) => ({ cursor: query.get('cursor') === 'a' ? 'b' : 'a', items: items(100) }), 6],
    ['a page has more than was asked for', () => ({ items: items(101) }), 1],
    ['a page is huge', () => ({ items: [{ subject: 'x'.repeat(2 ** 21) }] }), 1],
    ['a page is deep, and cut off', () => `{"items":${'['.repeat(50_000)}`, 1]
  ])('%s', async (_, list, most) => {
    const honest = await knotThat(listing(APP, ALICE))
    const hostile = await knotThat((method, query) => (method === 'listCollaborators' ? list(query) : listing(TRAP, MALLORY)(method, query)))
    const { frames, reports, runsOn, world } = await place(honest, hostile)
    expect(reports).toMatchObject([{ _tag: 'AccessReadFailed', knot: hostile.host, repo: TRAP }])
    expect(hostile.asked.filter((method) => method === 'listCollaborators')).toHaveLength(most)

    hostile.send(pushOf(TRAP, BOB, KEY))
    await eventually(() => expect(frames()).toBe(1))
    await turns()
    // It waits for the list, and nothing of it is announced.
    expect(runsOn(hostile.host)).toEqual([`${hostile.host}/${KEY}`])
    built(world, hostile.host, KEY)
    expect(world.told()).toEqual([])
  })
})

