/** XRPC, on real sockets: what clients of Tangled ask, answered to the byte, and everything else refused with a name, a status and a sentence. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { decodeFirst } from '@atcute/cbor'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type Did, type Effect, type HostName, type PipelineView, type Sha } from '../../../core/index.js'
import type { Definitions, NoDefinition } from '../../../shell/outbound/definitions.js'
import type { LogLine } from '../../../shell/providers/provider.js'
import { pipelineFrames } from '../../../shell/inbound/xrpc/subscribe-logs.js'
import { isErrorOutput, isLogFrame, isPipelineOutput, isQueryOutput } from '../../suite/laws/lexicon.js'
import { ask, createWorld, eventually, fakeProvider, KNOT, OWNER, serve, UPGRADE, type World } from './support.js'

const REPO = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr' as Did
const FORK = 'did:plc:ffffffffffffffffffffffff' as Did
const AT = 1_767_225_600_000

const started = (): World => {
  const world = createWorld()
  world.openStream()
  return world
}

const call = async (url: string, method: string, query: string): Promise<{ readonly body: unknown; readonly status: number }> => {
  const { body, headers, status } = await ask(url, `/xrpc/${method}${query === '' ? '' : `?${query}`}`)
  expect([headers['access-control-allow-origin'], headers['content-type']]).toEqual(['*', 'application/json; charset=utf-8'])
  return { body: JSON.parse(body) as unknown, status }
}

interface Page {
  readonly cursor?: string
  readonly pipelines: ReadonlyArray<PipelineView>
  readonly total: number
}

const pageOf = async (url: string, query: string): Promise<Page> => {
  const { body, status } = await call(url, 'sh.tangled.ci.queryPipelines', query)
  expect([status, isQueryOutput(body)]).toEqual([200, true])
  return body as Page
}

const pipelineOf = async (url: string, id: string): Promise<PipelineView> => {
  const { body, status } = await call(url, 'sh.tangled.ci.getPipeline', `pipeline=${id}`)
  expect([status, isPipelineOutput(body)]).toEqual([200, true])
  return body as PipelineView
}

const errorOf = async (url: string, method: string, query: string): Promise<readonly [number, string]> => {
  const { body, status } = await call(url, method, query)
  const { error, message } = body as { readonly error: string; readonly message: string }
  expect(isErrorOutput(body)).toBe(true)
  expect(message).toMatch(/^[^\n]{10,200}$/)
  return [status, error]
}

// ---------------------------------------------------------------------------------------- pipelines

it('lists the pipelines of a repository, and shows each by its own id, as its builds stand', async () => {
  const world = started()
  const { url } = await serve(world)
  expect(await pageOf(url, `repo=${REPO}`)).toEqual({ pipelines: [], total: 0 })
  const [running] = world.push({ repoDid: REPO })
  if (running === undefined) throw new Error('no build')
  world.report(running, 'n1', 'running')
  world.push({ faulty: { 'bad.yml': 'it is not YAML' }, workflows: [] })
  const { pipelines, total } = await pageOf(url, `repo=${REPO}`)
  expect(total).toBe(2)
  expect(pipelines.map(({ workflows }) => workflows.map(({ error, name, status }) => [name, status, error ?? null]))).toEqual([
    [['bad.yml', 'failed', 'it is not YAML']],
    [['ci.yml', 'running', null]]
  ])
  const [failed, first] = pipelines
  if (failed === undefined || first === undefined) throw new Error('no pipelines')
  expect([typeof first.workflows[0]?.startedAt, first.workflows[0]?.finishedAt]).toEqual(['string', undefined])
  expect([failed.workflows[0]?.startedAt, typeof failed.workflows[0]?.finishedAt]).toEqual([undefined, 'string'])
  expect([first.repo, first.trigger.$type]).toEqual([REPO, 'sh.tangled.ci.trigger#push'])
  expect(await pipelineOf(url, first.id)).toEqual(first)
  world.report(running, 'n1', 'success')
  expect((await pipelineOf(url, first.id)).workflows[0]?.status).toBe('success')
})

it('answers page by page, by kind, and with one pipeline of a commit', async () => {
  const world = started()
  const { url } = await serve(world)
  const sha = 'c'.repeat(40)
  for (let n = 0; n < 3; n++) world.push({ repoDid: REPO, workflows: [`${String(n)}.yml`] })
  world.push({ cause: { newSha: sha }, workflows: ['old.yml'] })
  world.push({ cause: { _tag: 'Manual', inputs: [], ref: null, sha }, workflows: ['new.yml'] })
  const names = ({ pipelines }: Page) => pipelines.map(({ workflows: [first] }) => first?.name)
  const first = await pageOf(url, `repo=${REPO}&limit=2`)
  expect([names(first), first.total]).toEqual([['new.yml', 'old.yml'], 5])
  // Whatever comes meanwhile stands before the first page.
  world.push({ workflows: ['later.yml'] })
  const second = await pageOf(url, `repo=${REPO}&limit=2&cursor=${first.cursor ?? ''}`)
  const third = await pageOf(url, `repo=${REPO}&limit=2&cursor=${second.cursor ?? ''}`)
  expect([names(second), names(third), third.cursor]).toEqual([['2.yml', '1.yml'], ['0.yml'], undefined])
  expect(names(await pageOf(url, `repo=${REPO}&kinds=manual&kinds=schedule`))).toEqual(['new.yml'])
  expect(names(await pageOf(url, `repo=${REPO}&kinds=schedule`))).toEqual([])
  expect(names(await pageOf(url, `repo=${REPO}&kinds=manual&branch=main&branch=next`))).toEqual(['new.yml'])
  expect(names(await pageOf(url, `repo=${REPO}&commits=${sha}&commits=main`))).toEqual(['new.yml'])
  expect(names(await pageOf(url, `repo=${REPO}&commits=${sha}&kinds=push&kinds=pull_request`))).toEqual(['old.yml'])
  expect(names(await pageOf(url, `repo=${FORK}`))).toEqual([])
})

it('tells two knots that use one key apart: neither page nor logs of one are those of the other', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const [mine] = world.push({ repoDid: REPO })
  if (mine === undefined) throw new Error('no build')
  const [shown] = (await pageOf(url, `repo=${REPO}`)).pipelines
  const host = 'hostile.example'
  world.publishRepo({ knot: host, name: 'theirs', repoDid: FORK })
  world.openKnot(host)
  /** What the knot tells under the key of the other, and what comes of it. */
  const tell = (did: Did): ReadonlyArray<Effect> =>
    world.apply({
      _tag: 'KnotReceived',
      at: world.clock.now(),
      connection: world.connection(host),
      created: null,
      host,
      nsid: 'sh.tangled.git.refUpdate',
      rkey: mine.rkey,
      payload: {
        _tag: 'Trigger',
        trigger: {
          actor: OWNER,
          cause: { _tag: 'Push', changedFiles: [], newSha: 'd'.repeat(40), oldSha: 'a'.repeat(40), ref: 'refs/heads/main', skipsCi: false },
          defaultBranch: 'main',
          kind: 'refUpdate',
          repo: { did, knot: null, name: null, owner: null },
          shape: 'detailed',
          unkept: [],
          workflows: null
        }
      }
    })
  // It speaks for no repository of another knot.
  expect(tell(REPO)).toMatchObject([{ report: { _tag: 'TriggerIgnored', reason: 'repo' } }])
  // Its own come under names of their own.
  const [asked] = tell(FORK)
  if (asked?._tag !== 'ReadWorkflows') throw new Error('nothing is read')
  const workflows = [{ _tag: 'Faulty', content: '', error: 'theirs', name: 'ci.yml', when: null }]
  world.apply({ _tag: 'WorkflowsRead', at: world.clock.now(), defaultBranch: 'main', knot: host, number: asked.number, rkey: mine.rkey, sources: null, unkept: [], workflows })
  const { pipelines: theirs } = await pageOf(url, `repo=${FORK}`)
  expect(theirs.map(({ workflows: [first] }) => first?.error)).toEqual(['theirs'])
  expect((await pageOf(url, `repo=${REPO}`)).pipelines).toEqual([shown])
  expect(await pipelineOf(url, shown?.id ?? '')).toEqual(shown)
  expect(new Set([shown?.id, theirs[0]?.id, mine.rkey]).size).toBe(3)
  expect(await errorOf(url, 'sh.tangled.ci.getPipeline', `pipeline=${mine.rkey}`)).toEqual([404, 'PipelineNotFound'])
})

// ---------------------------------------------------------------------------------------- what is refused

describe('refuses', () => {
  const many = Array.from({ length: 251 }, (_, n) => `commits=${String(n)}`).join('&')
  it.each<[string, string, string, number, string]>([
    ['no repository', 'queryPipelines', '', 400, 'InvalidRequest'],
    ['an empty repository', 'queryPipelines', 'repo=', 400, 'InvalidRequest'],
    ['a repository that is no DID', 'queryPipelines', 'repo=alice/app', 400, 'InvalidRequest'],
    ['two repositories', 'queryPipelines', `repo=${REPO}&repo=${FORK}`, 400, 'InvalidRequest'],
    ['a limit of none', 'queryPipelines', `repo=${REPO}&limit=0`, 400, 'InvalidRequest'],
    ['a limit beyond 250', 'queryPipelines', `repo=${REPO}&limit=251`, 400, 'InvalidRequest'],
    ['a limit that is no number', 'queryPipelines', `repo=${REPO}&limit=1e2`, 400, 'InvalidRequest'],
    ['a cursor of another make', 'queryPipelines', `repo=${REPO}&cursor=1767225600000000000`, 400, 'InvalidRequest'],
    ['an absurd cursor', 'queryPipelines', `repo=${REPO}&cursor=${'z'.repeat(9_000)}`, 400, 'InvalidRequest'],
    ['two cursors', 'queryPipelines', `repo=${REPO}&cursor=3mbd3542k2222&cursor=3mbd3542k2222`, 400, 'InvalidRequest'],
    ['too many commits', 'queryPipelines', `repo=${REPO}&${many}`, 400, 'InvalidRequest'],
    ['no pipeline', 'getPipeline', '', 400, 'InvalidRequest'],
    ['a pipeline that is no TID', 'getPipeline', 'pipeline=at://did:web:knot/sh.tangled.pipeline/3mbd3542k2222', 400, 'InvalidRequest'],
    ['two pipelines', 'getPipeline', 'pipeline=3mbd3542k2222&pipeline=3mbd3542k2222', 400, 'InvalidRequest'],
    ['a pipeline that is not there', 'getPipeline', 'pipeline=3mbd3542k2222', 404, 'PipelineNotFound'],
    ['a method that is not there', 'approvePipeline', '', 501, 'MethodNotImplemented'],
    ['a definition where none are read', 'describeWorkflowDefinition', `repo=${REPO}&sha=${'a'.repeat(40)}`, 501, 'MethodNotImplemented']
  ])('%s', async (_, method, query, status, error) => {
    const { url } = await serve(started())
    expect(await errorOf(url, `sh.tangled.ci.${method}`, query)).toEqual([status, error])
  })

  it('a query that is posted, and a subscription that is no websocket', async () => {
    const { url } = await serve(started())
    const posted = await ask(url, `/xrpc/sh.tangled.ci.queryPipelines?repo=${REPO}`, { method: 'POST' })
    expect([posted.status, posted.headers.allow, JSON.parse(posted.body)]).toMatchObject([405, 'GET', { error: 'InvalidRequest' }])
    const plain = await ask(url, '/xrpc/sh.tangled.ci.subscribePipelineLogs?pipeline=3mbd3542k2222')
    expect([plain.status, plain.headers.upgrade, JSON.parse(plain.body)]).toMatchObject([426, 'websocket', { error: 'InvalidRequest' }])
    const deleted = await ask(url, '/xrpc/sh.tangled.owner', { method: 'DELETE' })
    expect(deleted.headers.allow).toBe('GET, POST, HEAD, OPTIONS')
  })

  it.each<[string, string, object, number, string]>([
    ['a way of asking that HTTP has', '/xrpc/sh.tangled.owner', { method: 'DELETE' }, 405, 'InvalidRequest'],
    ['a path below a method', '/xrpc/sh.tangled.owner/x', {}, 404, 'InvalidRequest'],
    ['a subscription that is not there', '/xrpc/sh.tangled.ci.subscribePipelines', { headers: UPGRADE }, 501, 'MethodNotImplemented'],
    ['a websocket to a query', `/xrpc/sh.tangled.ci.queryPipelines?repo=${REPO}`, { headers: UPGRADE }, 400, 'InvalidRequest']
  ])('%s, as XRPC has errors', async (_, path, how, status, error) => {
    const { url } = await serve(started())
    const { body, headers, status: given } = await ask(url, path, how)
    expect([given, headers['content-type'], headers['access-control-allow-origin']]).toEqual([status, 'application/json; charset=utf-8', '*'])
    const { error: name, message } = JSON.parse(body) as { readonly error: string; readonly message: string }
    expect([name, message]).toEqual([error, expect.stringMatching(/^.{5,200}$/)])
  })

  it('no query for its length that names as many commits as it may', async () => {
    const { url } = await serve(started())
    const commits = Array.from({ length: 250 }, (_, n) => `commits=${String(n).padStart(64, 'a')}`).join('&')
    expect(await call(url, 'sh.tangled.ci.queryPipelines', `repo=${REPO}&${commits}`)).toEqual({ body: { pipelines: [], total: 0 }, status: 200 })
  })

  it.each<[string, string, number, string]>([
    ['the logs of no pipeline', '', 400, 'InvalidRequest'],
    ['the logs of a pipeline that is no TID', 'pipeline=x', 400, 'InvalidRequest'],
    ['the logs of a pipeline that is not there', 'pipeline=3mbd3542k2222', 404, 'PipelineNotFound'],
    ['the logs of one of two pipelines', 'pipeline=3mbd3542k2222&pipeline=3mbd3542k2222', 400, 'InvalidRequest']
  ])('%s, before the upgrade', async (_, query, status, error) => {
    const { url } = await serve(started())
    const { body, headers, status: given } = await ask(url, `/xrpc/sh.tangled.ci.subscribePipelineLogs?${query}`, { headers: UPGRADE })
    expect([given, headers['content-type'], JSON.parse(body)]).toMatchObject([status, 'application/json; charset=utf-8', { error }])
  })

  it('the logs of a workflow that is not there', async () => {
    const world = started()
    const { url } = await serve(world)
    world.push({ repoDid: REPO })
    const [id] = (await pageOf(url, `repo=${REPO}`)).pipelines.map((pipeline) => pipeline.id)
    const { body, status } = await ask(url, `/xrpc/sh.tangled.ci.subscribePipelineLogs?pipeline=${id ?? ''}&workflows=ci.yml&workflows=other.yml`, { headers: UPGRADE })
    expect([status, JSON.parse(body)]).toMatchObject([404, { error: 'WorkflowNotFound' }])
  })
})

it('lets any web page ask, and says so beforehand', async () => {
  const { url } = await serve(started())
  const { headers, status } = await ask(url, `/xrpc/sh.tangled.ci.queryPipelines?repo=${REPO}`, { method: 'OPTIONS' })
  expect([status, headers['access-control-allow-origin'], headers['access-control-allow-headers']]).toEqual([204, '*', 'authorization, content-type'])
})

it('says whose spindle it is, and has a DID document', async () => {
  const { url } = await serve(started())
  expect(await call(url, 'sh.tangled.owner', '')).toEqual({ body: { owner: OWNER }, status: 200 })
  const { body, headers, status } = await ask(url, '/.well-known/did.json')
  expect([status, headers['content-type'], headers['access-control-allow-origin']]).toEqual([200, 'application/did+json', '*'])
  expect(JSON.parse(body)).toEqual({
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: 'did:web:spindle.example',
    service: [{ id: '#tangled_spindle', serviceEndpoint: 'https://spindle.example', type: 'TangledSpindle' }]
  })
})

// ---------------------------------------------------------------------------------------- logs

const step = (n: number, status: 'start' | 'end', command = 'make all'): LogLine => ({ _tag: 'Step', command, kind: command === '' ? 'system' : 'user', name: 'Make', status, step: n, timeMs: AT })
const said = (text: string): LogLine => ({ _tag: 'Text', step: 0, stream: 'stderr', text, timeMs: AT })

const hex = (...texts: ReadonlyArray<string>): string => Buffer.from(texts.join(''), 'latin1').toString('hex')
/** A text or the key of a map, short enough for its length to stand in the first byte. */
const t = (text: string): string => String.fromCharCode(0x60 + Buffer.byteLength(text)) + Buffer.from(text).toString('latin1')
const long = (text: string): string => `\x78${String.fromCharCode(text.length)}${text}`
const TIME = long('2026-01-01T00:00:00.000Z')

describe('a frame', () => {
  it('has two maps, keys by length and then by their bytes', () => {
    expect(pipelineFrames('ci.yml', step(2, 'start')).map((payload) => payload.toString('hex'))).toEqual([
      hex('\xa2', t('t'), t('#control'), t('op'), '\x01', '\xa7', t('kind'), t('user'), t('step'), '\x02', t('time'), TIME, t('status'), t('start'), t('command'), t('make all'), t('content'), t('Make'), t('workflow'), t('ci.yml'))
    ])
    expect(pipelineFrames('ci.yml', step(0, 'end', '')).map((payload) => payload.toString('hex'))).toEqual([
      hex('\xa2', t('t'), t('#control'), t('op'), '\x01', '\xa6', t('kind'), t('system'), t('step'), '\x00', t('time'), TIME, t('status'), t('end'), t('content'), t('Make'), t('workflow'), t('ci.yml'))
    ])
  })

  it('has one line, with its end', () => {
    expect(pipelineFrames('ci.yml', said('é\nb\n')).map((payload) => payload.toString('hex'))).toEqual(
      ['é\n', 'b\n'].map((content) => hex('\xa2', t('t'), t('#data'), t('op'), '\x01', '\xa5', t('step'), '\x00', t('time'), TIME, t('stream'), t('stderr'), t('content'), t(content), t('workflow'), t('ci.yml')))
    )
  })

  it('has a character for what is none', () => {
    const [payload] = pipelineFrames('ci.yml', said('\ud83e'))
    const [, rest] = decodeFirst(payload ?? new Uint8Array()) as Decoded
    expect((decodeFirst(rest) as Decoded)[0]).toMatchObject({ content: '\ufffd\n' })
  })
})

/** A map, and the bytes after it. */
type Decoded = readonly [value: unknown, rest: Uint8Array]

interface Line {
  readonly content: string
  readonly workflow: string
}

interface Frames {
  readonly closed: Promise<number>
  readonly lines: ReadonlyArray<Line>
  readonly socket: WebSocket
}

const subscribe = async (url: string, query: string): Promise<Frames> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/xrpc/sh.tangled.ci.subscribePipelineLogs?${query}`, { perMessageDeflate: false })
  const lines: Array<Line> = []
  socket.on('message', (data: Buffer, isBinary) => {
    const [header, rest] = decodeFirst(data) as Decoded
    const [body, nothing] = decodeFirst(rest) as Decoded
    expect([isBinary, isLogFrame(header, body), nothing.length]).toEqual([true, true, 0])
    lines.push(body as Line)
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return { closed, lines, socket }
}

const idIn = async (url: string): Promise<string> => (await pageOf(url, `repo=${REPO}`)).pipelines[0]?.id ?? ''

it('streams the logs of several workflows at a time, waits for those that have not begun, and ends with the last', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const [a, b] = world.push({ faulty: { 'bad.yml': 'it is not YAML' }, repoDid: REPO, workflows: ['a.yml', 'b.yml'] })
  if (a === undefined || b === undefined) throw new Error('no builds')
  world.accept(a, 'n1')
  provider.say(step(0, 'start'), said('one'))
  const id = await idIn(url)
  const all = await subscribe(url, `pipeline=${id}`)
  const some = await subscribe(url, `pipeline=${id}&workflows=a.yml&workflows=a.yml`)
  const contents = ({ lines }: Frames, of: string) => lines.flatMap(({ content, workflow }) => (workflow === of ? [content] : []))
  await eventually(() => expect([contents(all, 'a.yml'), contents(all, 'bad.yml')]).toEqual([['Make', 'one\n'], ['workflow', 'it is not YAML\n', 'workflow']]))
  expect(contents(all, 'b.yml')).toEqual([])
  world.accept(b, 'n2')
  await eventually(() => expect(contents(all, 'b.yml')).toEqual(['Make', 'one\n']))
  provider.say(said('two'), null)
  expect([await all.closed, await some.closed]).toEqual([1000, 1000])
  expect([contents(all, 'a.yml'), contents(all, 'b.yml'), some.lines.map(({ content }) => content)]).toEqual(Array(3).fill(['Make', 'one\n', 'two\n']))
})

it('knows a workflow by what is shown of its name', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const long = `${'n'.repeat(60)}.yml`
  const [build] = world.push({ repoDid: REPO, workflows: [long] })
  if (build === undefined) throw new Error('no build')
  world.accept(build, 'n1')
  provider.say(said('one'), null)
  const [pipeline] = (await pageOf(url, `repo=${REPO}`)).pipelines
  const shown = pipeline?.workflows[0]?.name ?? ''
  expect([shown.length, pipeline?.workflows[0]?.id]).toEqual([40, long])
  const { closed, lines } = await subscribe(url, `pipeline=${pipeline?.id ?? ''}&workflows=${encodeURIComponent(shown)}`)
  expect([await closed, lines.map(({ workflow }) => workflow)]).toEqual([1000, [shown]])
})

it('reads a log that grows once for all, and for who comes after its end once more', async () => {
  const world = started()
  const provider = fakeProvider()
  const { url } = await serve(world, { providers: [provider] })
  const [build] = world.push({ repoDid: REPO })
  if (build === undefined) throw new Error('no build')
  world.accept(build, 'n1')
  provider.say(said('one'))
  const id = await idIn(url)
  const readers = await Promise.all(Array.from({ length: 5 }, () => subscribe(url, `pipeline=${id}`)))
  await eventually(() => expect(readers.map(({ lines }) => lines.length)).toEqual([1, 1, 1, 1, 1]))
  expect([provider.asked, provider.reading()]).toEqual([['n1'], 1])
  readers[0]?.socket.terminate()
  provider.say(said('two'))
  await eventually(() => expect(readers.slice(1).map(({ lines }) => lines.length)).toEqual([2, 2, 2, 2]))
  for (const { socket } of readers) socket.terminate()
  await eventually(() => expect(provider.reading()).toBe(0))
  world.report(build, 'n1', 'success')
  provider.say(null)
  const late = await subscribe(url, `pipeline=${id}`)
  expect([await late.closed, late.lines.map(({ content }) => content), provider.asked]).toEqual([1000, ['one\n', 'two\n'], ['n1', 'n1']])
})

it('lists fifty pipelines where nothing is said, and up to 250', async () => {
  const world = started()
  const { url } = await serve(world)
  for (let n = 0; n < 51; n++) world.push({ repoDid: REPO })
  expect((await pageOf(url, `repo=${REPO}`)).pipelines).toHaveLength(50)
  expect((await pageOf(url, `repo=${REPO}&limit=250`)).pipelines).toHaveLength(51)
})

it('turns readers away when there are too many', async () => {
  const world = started()
  const { url } = await serve(world, { limits: { logs: { readers: 1 } } })
  world.push({ repoDid: REPO })
  const id = await idIn(url)
  await subscribe(url, `pipeline=${id}`)
  const { body, headers, status } = await ask(url, `/xrpc/sh.tangled.ci.subscribePipelineLogs?pipeline=${id}`, { headers: UPGRADE })
  expect([status, headers['retry-after'], JSON.parse(body)]).toMatchObject([503, '10', { error: 'NotEnoughResources' }])
})

// ---------------------------------------------------------------------------------------- definitions

const SHA = 'a'.repeat(40) as Sha

/** Definitions as a test has them: by repository and knot. */
const definitionsOf = (knots: { readonly [did: string]: string | NoDefinition }, found: E.Either<NoDefinition, { readonly hash: string; readonly workflows: ReadonlyArray<string> }>) => {
  const asked: Array<readonly [string, string, string]> = []
  const definitions: Definitions = {
    close: () => Promise.resolve(),
    describe: (repo, knot, sha) => {
      asked.push([repo, knot, sha])
      return Promise.resolve(found)
    },
    knotOf: (repo) => {
      const knot = knots[repo] ?? { kind: 'missing', sentence: 'there is no such document' }
      return Promise.resolve(typeof knot === 'string' ? E.right(knot as HostName) : E.left(knot))
    }
  }
  return { asked, definitions }
}

const HASH = `sha256:${createHash('sha256').digest('hex')}`

describe('a definition', () => {
  const world = (): World => {
    const made = started()
    made.publishRepo({ repoDid: REPO })
    return made
  }
  const method = 'sh.tangled.ci.describeWorkflowDefinition'

  it('is that of the repository, or of another that has the commit, from the knot that its document names', async () => {
    const { asked, definitions } = definitionsOf({ [FORK]: 'fork.example', [REPO]: KNOT }, E.right({ hash: HASH, workflows: ['ci.yml'] }))
    const { url } = await serve(world(), { definitions })
    expect(await call(url, method, `repo=${REPO}&sha=${SHA}`)).toEqual({ body: { derived: true, hash: HASH, workflows: ['ci.yml'] }, status: 200 })
    expect((await call(url, method, `repo=${REPO}&sha=${SHA}&sourceRepo=${FORK}`)).status).toBe(200)
    expect(asked).toEqual([[REPO, KNOT, SHA], [FORK, 'fork.example', SHA]])
  })

  it.each<[string, { readonly [did: string]: string | NoDefinition }, string, number, string]>([
    ['of a repository that nobody has built here', { [FORK]: KNOT }, `repo=${FORK}&sha=${SHA}`, 404, 'RepoNotFound'],
    ['of one whose record names another knot than its document', { [REPO]: 'elsewhere.example' }, `repo=${REPO}&sha=${SHA}`, 404, 'RepoNotFound'],
    ['of one without a document', {}, `repo=${REPO}&sha=${SHA}`, 404, 'RepoNotFound'],
    ['of one whose document cannot be had', { [REPO]: { kind: 'unreachable', sentence: 'the directory answered 500' } }, `repo=${REPO}&sha=${SHA}`, 502, 'UpstreamFailure'],
    ['of a fork without a document', { [REPO]: KNOT }, `repo=${REPO}&sha=${SHA}&sourceRepo=${FORK}`, 404, 'RepoNotFound'],
    ['without a commit', { [REPO]: KNOT }, `repo=${REPO}`, 400, 'InvalidRequest'],
    ['of what is no commit', { [REPO]: KNOT }, `repo=${REPO}&sha=main`, 400, 'InvalidRequest'],
    ['of a fork that is no DID', { [REPO]: KNOT }, `repo=${REPO}&sha=${SHA}&sourceRepo=fork`, 400, 'InvalidRequest']
  ])('is not given %s', async (_, knots, query, status, error) => {
    const { asked, definitions } = definitionsOf(knots, E.right({ hash: HASH, workflows: [] }))
    const { url } = await serve(world(), { definitions })
    expect(await errorOf(url, method, query)).toEqual([status, error])
    expect(asked).toEqual([])
  })

  it.each<[NoDefinition['kind'], number, string]>([
    ['busy', 503, 'NotEnoughResources'],
    ['large', 400, 'InvalidRequest'],
    ['missing', 404, 'RefNotFound'],
    ['unreachable', 502, 'UpstreamFailure']
  ])('a definition that is %s is answered by a status of its own', async (kind, status, error) => {
    const { definitions } = definitionsOf({ [REPO]: KNOT }, E.left({ kind, sentence: 'some sentence about it' }))
    const { url } = await serve(world(), { definitions })
    expect(await errorOf(url, method, `repo=${REPO}&sha=${SHA}`)).toEqual([status, error])
    const { headers } = await ask(url, `/xrpc/${method}?repo=${REPO}&sha=${SHA}`)
    expect(headers['retry-after']).toBe(status === 503 ? '10' : undefined)
  })
})
