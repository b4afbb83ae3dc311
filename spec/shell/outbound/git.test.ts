/**
 * Workflow files from real git repositories, over real sockets: which are read, at which commit, and that a knot costs no more
 * than it may and leads nowhere, whatever it does.
 */
import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Did, HostName, Rkey, Sha, WORKFLOW_BYTES_MAX } from '../../../core/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { type FilesAsked, type FilesRead, type GitOptions, gitReader } from '../../../shell/outbound/git.js'
import { gitProgram } from '../../../shell/outbound/git-program.js'
import type { Resolve } from '../../../shell/outbound/websocket.js'
import { type Change, type GitOptions as ServerOptions, type KnotServer, type Repo, type RepoOptions, startKnot } from '../../../shell/demo-network/index.js'
import { must } from '../../suite/examples/support.js'
import { CERTIFICATE, KEY } from '../support/certificate.js'
import { countingClock, eventually, httpServer, tcpServer } from '../support/sockets.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const REPO_DID = 'did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'
const FOLDER = '.tangled/workflows'

const file = (name: string, content: string | Buffer = `# ${name}\n`, mode?: Change['mode']): Change => ({
  content,
  path: `${FOLDER}/${name}`,
  ...(mode === undefined ? {} : { mode })
})

const startServer = async (git: ServerOptions = {}): Promise<KnotServer> => {
  const knot = await startKnot({ clock: systemClock(), generation: 'newer', git })
  onTestFinished(knot.stop)
  return knot
}

const served = async (git: ServerOptions = {}, options: RepoOptions = {}): Promise<{ readonly knot: KnotServer; readonly repo: Repo }> => {
  const knot = await startServer(git)
  return { knot, repo: await knot.git.createRepository({ name: 'thing', owner: OWNER, ...options }) }
}

/** So many more commits on the main branch, each of which writes the file anew: by one process, not by five for each. */
const commitMore = ({ folder }: Repo, from: string, count: number): void => {
  const commits = Array.from({ length: count }, (_, i) => {
    const content = `later ${String(i)}\n`
    const head = `commit refs/heads/main\ncommitter Somebody <somebody@example> ${String(1_767_225_600 + i)} +0000\ndata 0\n${i === 0 ? `from ${from}\n` : ''}`
    return `${head}M 100644 inline ${FOLDER}/ci.yml\ndata ${String(content.length)}\n${content}\n`
  })
  execFileSync('git', ['-C', folder, 'fast-import', '--quiet'], { input: commits.join('') })
}

/** An empty folder for temporary ones, which must be empty again in the end. */
const emptyFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tack-spec-git-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

interface Ask {
  readonly did?: string
  readonly name?: string
  readonly owner?: string
  readonly sha?: string | null
}

const asked = (host: string, { did = '', name = 'thing', owner = OWNER, sha = null }: Ask = {}): FilesAsked => ({
  knot: must(HostName.decode(host)),
  repository: { did, name, owner: must(Did.decode(owner)), rkey: must(Rkey.decode('r')) },
  sha: sha === null ? null : must(Sha.decode(sha))
})

const reader = (changes: Partial<GitOptions> = {}) =>
  // However busy the machine is: no knot here is late but where a test says so.
  gitReader({ clock: systemClock(), isInsecure: true, policy: { allowLoopback: true }, timeoutMs: 86_400_000, tmp: tmpdir(), ...changes })

/** Reads, and makes sure that nothing is left lying about. */
const read = async (what: FilesAsked, changes: Partial<GitOptions> = {}, signal = new AbortController().signal): Promise<FilesRead> => {
  const tmp = emptyFolder()
  const listening = () => process.getActiveResourcesInfo().filter((of) => of === 'TCPServerWrap').length
  const before = listening()
  const { armed, clock } = countingClock()
  const answer = await reader({ clock, tmp, ...changes })(what, signal)
  expect([readdirSync(tmp), armed(), getEventListeners(signal, 'abort')]).toEqual([[], 0, []])
  expect(listening()).toBeLessThanOrEqual(before)
  return answer
}

/** Whether there is such a process, and it has not ended. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The files by name, each as text. */
const texts = (answer: FilesRead): unknown =>
  answer._tag === 'Files' ? Object.fromEntries(answer.files.map(({ bytes, name }) => [name, bytes?.toString() ?? null])) : answer

const NO_COMMIT = { _tag: 'Unread', error: 'no such commit', isFinal: true }
const NO_REPOSITORY = { _tag: 'Unread', error: 'no such repository on the knot', isFinal: true }

/** Knots differ in what their git does. */
const KINDS: ReadonlyArray<readonly [string, ServerOptions]> = [
  ['that does all', {}],
  ['that cannot leave out files', { filters: false }],
  ['that can, and does not say so', { filters: 'unannounced' }],
  ['of the older protocol', { protocol: 0 }],
  ['of the older protocol, which gives out branches only', { givesOutAny: false, protocol: 0 }],
  ['of the older protocol, which does neither', { filters: false, givesOutAny: false, protocol: 0 }]
]

describe.skipIf(!hasGit).each(KINDS)('a knot of the kind %s', (_, kind) => {
  it.each(['sha1', 'sha256'] as const)('gives out the files of a commit: %s', async (format) => {
    const { knot, repo } = await served(kind, { format })
    const { newSha } = await repo.commitAndPush([file('ci.yml', 'a: 1\n'), file('deploy.yml', 'b: 2\n'), { content: 'x', path: 'README' }])
    expect(newSha).toHaveLength(format === 'sha1' ? 40 : 64)
    const answer = await read(asked(knot.host, { sha: newSha }))
    expect(texts(answer)).toEqual({ 'ci.yml': 'a: 1\n', 'deploy.yml': 'b: 2\n' })
    expect(answer).toMatchObject({ defaultBranch: 'main', left: 0 })
  })

  it('gives out an earlier commit as it was', async () => {
    const { knot, repo } = await served(kind)
    const first = await repo.commitAndPush([file('ci.yml', 'first\n')])
    commitMore(repo, first.newSha, 20)
    expect(texts(await read(asked(knot.host, { sha: first.newSha })))).toEqual({ 'ci.yml': 'first\n' })
  })

  it('gives out the head of the default branch when no commit is named', async () => {
    const { knot, repo } = await served(kind, { defaultBranch: 'trunk/of.it' })
    await repo.commitAndPush([file('other.yml')], { ref: 'refs/heads/main' })
    await repo.commitAndPush([file('ci.yml')], { ref: 'refs/heads/trunk/of.it' })
    const answer = await read(asked(knot.host))
    expect(texts(answer)).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(answer).toMatchObject({ defaultBranch: 'trunk/of.it' })
  })

  it('lacks a commit for good', async () => {
    const { knot, repo } = await served(kind)
    const { newSha } = await repo.commitAndPush([file('ci.yml')])
    await repo.commitAndPush([file('ci.yml', 'anew')], { anew: true })
    await repo.collectGarbage()
    expect(await read(asked(knot.host, { sha: newSha }))).toEqual(NO_COMMIT)
    expect(await read(asked(knot.host, { sha: 'a'.repeat(64) }))).toEqual(NO_COMMIT)
  })
})

describe.skipIf(!hasGit)(`reading files${WITHOUT_GIT}`, () => {
  it('finds those of a commit that only its name leads to, after a forced push', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([file('ci.yml', 'old\n')])
    await repo.commitAndPush([file('ci.yml', 'new\n')], { anew: true })
    expect(texts(await read(asked(knot.host, { sha: newSha })))).toEqual({ 'ci.yml': 'old\n' })
  })

  it('finds those of a tag object', async () => {
    const { knot, repo } = await served()
    const { newSha } = await repo.commitAndPush([file('ci.yml')])
    const env = { ...process.env, GIT_COMMITTER_EMAIL: 'a@example', GIT_COMMITTER_NAME: 'A' }
    execFileSync('git', ['-C', repo.folder, 'tag', '-a', '-m', 'one', 'v1', newSha], { env })
    const tag = execFileSync('git', ['-C', repo.folder, 'rev-parse', 'v1']).toString().trim()
    expect(tag).not.toBe(newSha)
    expect(texts(await read(asked(knot.host, { sha: tag })))).toEqual({ 'ci.yml': '# ci.yml\n' })
  })

  it('finds none where the folder is missing, or is something else', async () => {
    const { knot, repo } = await served()
    const none = { _tag: 'Files', defaultBranch: 'main', files: [], left: 0, unkept: [] }
    for (const change of [
      { content: 'x', path: 'README' },
      { content: 'x', path: '.tangled' },
      { content: 'x', path: FOLDER },
      { content: '/etc', mode: '120000', path: FOLDER },
      { content: '/etc', mode: '120000', path: '.tangled' }
    ] as const) {
      const { newSha } = await repo.commitAndPush([change], { anew: true })
      expect(await read(asked(knot.host, { sha: newSha }))).toEqual(none)
    }
  })

  it('finds none in an empty repository', async () => {
    const { knot } = await served()
    expect(await read(asked(knot.host))).toMatchObject({ _tag: 'Files', files: [] })
    expect(await read(asked(knot.host, { sha: 'a'.repeat(40) }))).toEqual(NO_COMMIT)
  })

  it('takes regular files directly in the folder that end as YAML does, and no names that no workflow can have', async () => {
    const { knot, repo } = await served()
    await repo.commitAndPush([
      file('ci.yml'),
      file('run.sh', '#!/bin/sh\n', '100755'),
      file('README'),
      file('-rf.yml'),
      file('__proto__.yaml', 'p'),
      file('with space "quoted" \'n such.yml'),
      file('größe.yml'),
      file('link.yml', '/etc/passwd', '120000'),
      file('below/ci.yml'),
      file('a\nb.yml'),
      file('x'.repeat(101)),
      { content: 'x', path: `.tangled/workflows2/ci.yml` }
    ])
    const answer = await read(asked(knot.host))
    expect(answer._tag === 'Files' && answer.files.map(({ name }) => name)).toEqual([
      '-rf.yml', '__proto__.yaml', 'ci.yml', 'größe.yml', 'with space "quoted" \'n such.yml'
    ])
  })

  it('tells the names of files that no build can carry, as excerpts, the first fifty', async () => {
    const { knot, repo } = await served()
    const long = Array.from({ length: 60 }, (_, i) => `${String(i).padStart(2, '0')}${'x'.repeat(130)}.yml`)
    await repo.commitAndPush([file('ci.yml'), file('a\\b.yaml'), file(`${'x'.repeat(101)}.md`)])
    const few = await read(asked(knot.host))
    expect(texts(few)).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(few).toMatchObject({ left: 0, unkept: ['a\\b.yaml'] })
    await repo.commitAndPush([...long].reverse().map((name) => file(name, `same in all\n`)))
    const many = await read(asked(knot.host))
    expect(many).toMatchObject({ left: 0, unkept: long.slice(0, 50).map((name) => `${name.slice(0, 120)}…`) })
  })

  it('takes the first fifty by name, and says how many more there are', async () => {
    const { knot, repo } = await served()
    const names = Array.from({ length: 53 }, (_, i) => `${String(i).padStart(2, '0')}.yml`)
    await repo.commitAndPush([...names].reverse().map((name) => file(name, `same in all\n`)))
    const answer = await read(asked(knot.host))
    expect(answer._tag === 'Files' && answer.files.map(({ name }) => name)).toEqual(names.slice(0, 50))
    expect(answer).toMatchObject({ left: 3 })
  })

  it('leaves out the contents of a file that is too long, and of no shorter one', async () => {
    const { knot, repo } = await served()
    await repo.commitAndPush([
      file('empty.yml', ''),
      file('full.yml', 'x'.repeat(WORKFLOW_BYTES_MAX)),
      file('over.yml', 'x'.repeat(WORKFLOW_BYTES_MAX + 1)),
      file('huge.yml', Buffer.alloc(20_000_000)),
      file('bytes.yml', Buffer.from([0, 10, 255, 10]))
    ])
    const answer = await read(asked(knot.host))
    const lengths = answer._tag === 'Files' ? answer.files.map(({ bytes, name }) => [name, bytes?.length ?? null]) : answer
    expect(lengths).toEqual([['bytes.yml', 4], ['empty.yml', 0], ['full.yml', WORKFLOW_BYTES_MAX], ['huge.yml', null], ['over.yml', null]])
  })

  it('fetches little more of the repository where the knot can leave out the rest', async () => {
    const { knot, repo } = await served()
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 13))
    await repo.commitAndPush([file('ci.yml'), { content: noise, path: 'large.bin' }])
    expect(texts(await read(asked(knot.host), { maxBytes: 50_000 }))).toEqual({ 'ci.yml': '# ci.yml\n' })
  })

  it('fetches the files at once, however many: git is not left to fetch each when it looks at it', async () => {
    const { knot, repo } = await served()
    const requests = async (count: number): Promise<number> => {
      const { newSha } = await repo.commitAndPush(Array.from({ length: count }, (_, i) => file(`${String(i)}.yml`)))
      const before = knot.git.asked.length
      expect(await read(asked(knot.host, { sha: newSha }))).toMatchObject({ files: { length: count } })
      return knot.git.asked.length - before
    }
    const forOne = await requests(1)
    expect(await requests(8)).toBe(forOne)
  })

  it.each(['sha1', 'sha256'] as const)('fetches no more where the knot can, and does not say so: %s', async (format) => {
    const { knot, repo } = await served({ filters: 'unannounced' }, { format })
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 13))
    await repo.commitAndPush([{ content: noise, path: 'large.bin' }])
    const { newSha } = await repo.commitAndPush([file('ci.yml')])
    expect(texts(await read(asked(knot.host, { sha: newSha }), { maxBytes: 50_000 }))).toEqual({ 'ci.yml': '# ci.yml\n' })
  })
})

describe.skipIf(!hasGit)(`a repository is looked for${WITHOUT_GIT}`, () => {
  it('a repository is looked for under its own DID where the owner has none of that name', async () => {
    const knot = await startServer()
    const repo = await knot.git.createRepository({ did: REPO_DID })
    await repo.commitAndPush([file('ci.yml')])
    expect(texts(await read(asked(knot.host, { did: REPO_DID })))).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(knot.git.asked[0]).toBe(`GET /${OWNER}/thing/info/refs?service=git-upload-pack`)
  })

  it('a repository is looked for under its own DID where the one of that name does not have the commit', async () => {
    const knot = await startServer()
    const named = await knot.git.createRepository({ name: 'thing', owner: OWNER })
    await named.commitAndPush([file('not.yml')])
    const repo = await knot.git.createRepository({ did: REPO_DID })
    const { newSha } = await repo.commitAndPush([file('ci.yml')])
    expect(texts(await read(asked(knot.host, { did: REPO_DID, sha: newSha })))).toEqual({ 'ci.yml': '# ci.yml\n' })
  })

  it('a repository is looked for under the owner first', async () => {
    const { knot, repo } = await served({}, { did: REPO_DID })
    await repo.commitAndPush([file('ci.yml')])
    expect(texts(await read(asked(knot.host, { did: REPO_DID })))).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(knot.git.asked.every((line) => line.includes(`/${OWNER}/thing/`))).toBe(true)
  })

  it('nowhere else: one that is not there is final', async () => {
    const knot = await startServer()
    expect(await read(asked(knot.host, { did: REPO_DID }))).toEqual(NO_REPOSITORY)
    expect(knot.git.asked).toHaveLength(2)
  })

  it.each([
    ['..', ''],
    ['.', 'did:x'],
    ['', '--upload-pack=x'],
    ['a\nb', ''],
    ['a\u0000', 'did:plc:\n']
  ])('a repository of the name %j, with the DID %j, is asked for nowhere', async (name, did) => {
    const knot = await startServer()
    expect(await read(asked(knot.host, { did, name }))).toEqual(NO_REPOSITORY)
    expect(knot.git.asked).toEqual([])
  })

  it.each([
    ['../../etc', '..%2F..%2Fetc'],
    ['a b?c#d', 'a%20b%3Fc%23d'],
    ['--upload-pack=touch x', '--upload-pack%3Dtouch%20x'],
    ['%2e%2e', '%252e%252e'],
    ['\ud800', '%EF%BF%BD'],
    ['$(x)"', '$(x)%22']
  ])('the name %j is one segment of the path', async (name, segment) => {
    const knot = await startServer()
    expect(await read(asked(knot.host, { name }))).toEqual(NO_REPOSITORY)
    expect(knot.git.asked).toEqual([`GET /${OWNER}/${segment.replace('$(x)', '%24(x)')}/info/refs?service=git-upload-pack`])
  })

  it('a repository is looked for with an escaped DID when that has a port', async () => {
    const owner = 'did:web:localhost%3A1234'
    const { knot, repo } = await served({}, { owner })
    await repo.commitAndPush([file('ci.yml')])
    expect(texts(await read(asked(knot.host, { owner })))).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(knot.git.asked[0]).toMatch(/^GET \/did:web:localhost%253A1234\/thing\//)
  })

  it.each(['--upload-pack=x', '', 'HEAD', 'A'.repeat(40), `${'a'.repeat(40)}\n`])('what is no object name reaches nobody: %j', async (sha) => {
    const knot = await startServer()
    // The brand is there to keep this from compiling.
    const forged = { ...asked(knot.host), sha } as FilesAsked
    expect(await read(forged)).toEqual(NO_COMMIT)
    expect(knot.git.asked).toEqual([])
  })
})

describe.skipIf(!hasGit)(`git on the network${WITHOUT_GIT}`, () => {
  const resolvingTo =
    (...answers: ReadonlyArray<string>): Resolve =>
    () =>
      Promise.resolve(answers.map((address) => ({ address, family: 4 })))

  it.each([['https', false], ['http', true]])('refuses a name of this machine, or of a private network, over %s', async (_, isInsecure) => {
    const forbidden = await tcpServer(() => undefined)
    for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254']) {
      const host = `knot.example:${String(forbidden.port)}`
      const answer = await read(asked(host), { isInsecure, policy: { allowLoopback: false }, resolve: resolvingTo('8.8.8.8', address) })
      expect(answer).toEqual({
        _tag: 'Unread',
        error: `the knot cannot be reached: the name resolves to a forbidden address: ${address}`,
        isFinal: false
      })
    }
    expect(forbidden.connections()).toBe(0)
  })

  it('refuses a name that changes to a private one between two look-ups', async () => {
    const forbidden = await tcpServer(() => undefined)
    let asks = 0
    // The answers that do not change are those of the knot itself.
    const { knot, repo } = await served()
    await repo.commitAndPush([file('ci.yml')])
    const port = knot.host.replace('localhost:', '')
    const resolve: Resolve = () => Promise.resolve([{ address: asks++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }])
    const answer = await read(asked(`knot.example:${port}`), { resolve })
    expect(answer).toMatchObject({ error: 'the knot cannot be reached: the name resolves to a forbidden address: 10.0.0.1' })
    expect(asks).toBeGreaterThan(1)
    expect(forbidden.connections()).toBe(0)
  })

  it.each([301, 302, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const forbidden = await httpServer((_, response) => response.end())
    const knot = await httpServer((request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${String(forbidden.port)}${request.url ?? ''}` }).end()
    })
    expect(await read(asked(`localhost:${String(knot.port)}`))).toEqual({
      _tag: 'Unread',
      error: 'the knot redirects, and redirects are not followed',
      isFinal: true
    })
    expect(forbidden.connections()).toBe(0)
  })

  it('does not ask an address that an answer names', async () => {
    const forbidden = await httpServer((_, response) => response.end())
    // The old protocol of plain files can name other folders to look for objects in.
    const knot = await httpServer((request, response) => {
      const url = request.url ?? ''
      if (url.includes('/info/refs')) response.end(`${'a'.repeat(40)}\trefs/heads/main\n${'a'.repeat(40)}\tHEAD\n`)
      else if (url.endsWith('/HEAD')) response.end('ref: refs/heads/main\n')
      else if (url.includes('alternates')) response.end(`http://127.0.0.1:${String(forbidden.port)}/objects\n`)
      else response.writeHead(404).end()
    })
    expect(await read(asked(`localhost:${String(knot.port)}`, { sha: 'a'.repeat(40) }))).toMatchObject({ _tag: 'Unread' })
    expect(forbidden.connections()).toBe(0)
  })

  it('speaks without TLS only where that is allowed', async () => {
    const knot = await tcpServer((socket) => socket.destroy())
    expect(await read(asked(`localhost:${String(knot.port)}`), { isInsecure: false })).toMatchObject({ isFinal: false })
    expect(knot.connections()).toBeGreaterThan(0)
  })

  it('refuses an unknown certificate, and accepts a known one', async () => {
    const { knot, repo } = await served()
    await repo.commitAndPush([file('ci.yml')])
    const folder = emptyFolder()
    // As an operator may call it: git's settings have quotes of their own.
    const caFile = path.join(folder, 'the "authority" \\ of all.pem')
    writeFileSync(caFile, CERTIFICATE)
    const front = createHttpsServer({ cert: CERTIFICATE, key: KEY }, (request, response) => {
      void fetch(`http://${knot.host}${request.url ?? ''}`, {
        body: request.method === 'POST' ? request : null,
        duplex: 'half',
        headers: Object.entries(request.headers).filter((one): one is [string, string] => /^(?:content-|git-|accept$)/.test(one[0])),
        method: request.method ?? 'GET'
      }).then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
    })
    const sockets: Socket[] = []
    front.on('connection', (socket: Socket) => sockets.push(socket))
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => front.close(resolve))
    })
    const address = front.address()
    const host = `localhost:${String(typeof address === 'object' ? (address?.port ?? 0) : 0)}`
    expect(texts(await read(asked(host), { caFile, isInsecure: false }))).toEqual({ 'ci.yml': '# ci.yml\n' })
    expect(await read(asked(host), { isInsecure: false })).toMatchObject({ _tag: 'Unread', isFinal: false })
  })
})

describe.skipIf(!hasGit)(`a failed reading${WITHOUT_GIT}`, () => {
  const answering = async (status: number, body = ''): Promise<string> => {
    const knot = await httpServer((_, response) => response.writeHead(status).end(body))
    return `localhost:${String(knot.port)}`
  }

  it.each([400, 401, 403, 404, 410])('is final with status %i: there is no such repository', async (status) => {
    expect(await read(asked(await answering(status), { did: REPO_DID }))).toEqual(NO_REPOSITORY)
  })

  it.each([429, 500, 502, 503])('may succeed next time with status %i', async (status) => {
    expect(await read(asked(await answering(status)))).toEqual({
      _tag: 'Unread',
      error: `the knot answered ${String(status)}`,
      isFinal: false
    })
  })

  it('takes at most a minute, unless configured otherwise', async () => {
    const { asked: waits, clock } = countingClock()
    const byDefault = gitReader({ clock, isInsecure: true, policy: { allowLoopback: true }, tmp: emptyFolder() })
    await byDefault(asked('localhost:1'), new AbortController().signal)
    expect(waits).toEqual([60_000])
  })

  it.each([[true], [false]])('reports a repository without the commit rather than no repository: named %s', async (isNamed) => {
    const knot = await startServer()
    const repo = await knot.git.createRepository(isNamed ? { name: 'thing', owner: OWNER } : { did: REPO_DID })
    await repo.commitAndPush([file('ci.yml')])
    expect(await read(asked(knot.host, { did: REPO_DID, sha: 'a'.repeat(40) }))).toEqual(NO_COMMIT)
  })

  it('reports what may be read another time rather than what is not there', async () => {
    const knot = await httpServer((request, response) => response.writeHead(request.url?.includes('thing') === true ? 503 : 404).end())
    expect(await read(asked(`localhost:${String(knot.port)}`, { did: REPO_DID }))).toMatchObject({ isFinal: false })
  })

  it('is due to a page that is not git', async () => {
    expect(await read(asked(await answering(200, '<html>'), { sha: 'a'.repeat(40) }))).toMatchObject({ _tag: 'Unread' })
  })

  it('is due to a name that does not resolve when the platform refuses it', async () => {
    expect(await read(asked('xn--c2g4b9x.example'))).toEqual({ _tag: 'Unread', error: 'the knot cannot be reached: its name does not resolve', isFinal: false })
  })

  it.each(['HTTP/1.1 099 X', 'HTTP/1.1 000 X', 'HTTP/1.1 999 X', 'HTTP/1.1 200 OK\r\nX: \u0001', 'HTTP/1.1 102 X', 'HTTP/1.1 103 X\r\nX: \u0000', 'HTTP/1.0 200'])(
    'what is hardly HTTP is a report: %j',
    async (head) => {
      const knot = await tcpServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end(`${head}\r\n\r\nx`))
      })
      expect(await read(asked(`localhost:${String(knot.port)}`, { sha: 'a'.repeat(40) }))).toMatchObject({ _tag: 'Unread', isFinal: false })
    }
  )

  it('is due to nobody listening', async () => {
    expect(await read(asked('localhost:1'))).toEqual({
      _tag: 'Unread',
      error: expect.stringMatching(/^the knot cannot be reached: .*ECONNREFUSED/) as string,
      isFinal: false
    })
  })

  it('does not ask a silent knot for the other place', async () => {
    let asks = 0
    const resolve: Resolve = () => (asks++, Promise.reject(new Error('the resolver is away')))
    expect(await read(asked('knot.example', { did: REPO_DID }), { resolve })).toMatchObject({ error: 'the knot cannot be reached: the resolver is away', isFinal: false })
    expect(asks).toBe(1)
  })

  it('ends with a silent knot, and everything that was started', async () => {
    const knot = await tcpServer(() => undefined)
    expect(await read(asked(`localhost:${String(knot.port)}`), { timeoutMs: 400 })).toEqual({
      _tag: 'Unread',
      error: 'the knot took more than 0.4 s',
      isFinal: false
    })
  })

  it('ends with a knot that trickles', async () => {
    const knot = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      const dripping = setInterval(() => response.write('0'), 20)
      response.once('close', () => clearInterval(dripping))
    })
    expect(await read(asked(`localhost:${String(knot.port)}`), { timeoutMs: 400 })).toMatchObject({ isFinal: false })
  })

  it('cuts off an endless knot, for good', async () => {
    const knot = await httpServer((_, response) => {
      const line = `003d${'a'.repeat(40)} refs/heads/mainn\n`.repeat(1_000)
      const more = (): void => {
        while (!response.destroyed && response.write(line));
      }
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      response.write('001e# service=git-upload-pack\n0000')
      response.on('drain', more)
      more()
    })
    expect(await read(asked(`localhost:${String(knot.port)}`), { maxBytes: 3_000_000 })).toEqual({
      _tag: 'Unread',
      error: 'the repository is too large: more than 3000000 bytes',
      isFinal: true,
      isTooLarge: true
    })
  })

  it('cuts off a repository that is too large, for good', async () => {
    const { knot, repo } = await served({ filters: false })
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => Math.imul(i ^ (i << 7), 2_654_435_761) >>> 11))
    await repo.commitAndPush([file('ci.yml'), { content: noise, path: 'large.bin' }])
    expect(await read(asked(knot.host), { maxBytes: 50_000 })).toMatchObject({ error: expect.stringContaining('too large') as string, isFinal: true, isTooLarge: true })
  })

  it('ends at once when it is no longer wanted, with everything that it started', async () => {
    const knot = await tcpServer(() => undefined)
    const closing = new AbortController()
    const reading = read(asked(`localhost:${String(knot.port)}`), {}, closing.signal)
    await eventually(() => expect(knot.connections()).toBe(1))
    closing.abort()
    expect(await reading).toEqual({ _tag: 'Unread', error: 'shutting down', isFinal: false })
    expect(await read(asked(`localhost:${String(knot.port)}`), {}, closing.signal)).toMatchObject({ error: 'shutting down' })
    expect(knot.connections()).toBe(1)
  })

  it('ends everything that git has started', async () => {
    const folder = emptyFolder()
    const script = path.join(folder, 'git')
    const pids = path.join(folder, 'pids')
    writeFileSync(script, `#!/bin/sh\nsleep 1000 &\necho $$ $! >> ${pids}\nwait\n`, { mode: 0o755 })
    expect(await read(asked('localhost:1'), { git: script, timeoutMs: 500 })).toMatchObject({ error: 'the knot took more than 0.5 s' })
    const started = readFileSync(pids, 'utf8').trim().split(/\s/).map(Number)
    expect(started).toHaveLength(2)
    // Whoever inherits what was killed may take a moment to notice.
    for (const pid of started) await eventually(() => expect(isRunning(pid)).toBe(false))
  })

  it('ends what git leaves behind when it ends by itself', async () => {
    const folder = emptyFolder()
    const script = path.join(folder, 'git')
    writeFileSync(script, '#!/bin/sh\nsleep 1000 </dev/null >/dev/null 2>&1 &\necho $!\n', { mode: 0o755 })
    const { run } = await gitProgram({ caFile: null, folder, git: script, isInsecure: false, proxy: '', signal: new AbortController().signal })
    const { code, stdout } = await run([])
    const pid = Number(stdout.toString())
    onTestFinished(() => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL')
    })
    expect([code, pid > 1]).toEqual([0, true])
    await eventually(() => expect(isRunning(pid)).toBe(false))
  })

  it('is bounded in memory, files and dumps', async () => {
    const folder = emptyFolder()
    const script = path.join(folder, 'git')
    writeFileSync(script, '#!/bin/sh\nulimit -v\nulimit -f\nulimit -c\n', { mode: 0o755 })
    const { signal } = new AbortController()
    const { run } = await gitProgram({ caFile: null, folder, git: script, isInsecure: false, proxy: '', signal })
    const [memory, files, dumps] = (await run([])).stdout.toString().trim().split('\n')
    expect([memory, dumps]).toEqual(['1048576', '0'])
    // Shells count in blocks of 512 bytes, or of 1 024.
    expect(Number(files)).toBe(262_144)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('refuses a folder that is inside another repository: git would find no settings there', async () => {
    const options = { caFile: null, git: 'git', isInsecure: false, proxy: '', signal: new AbortController().signal }
    await expect(gitProgram({ ...options, folder: 'tmp' })).rejects.toThrow('the git folder must be an absolute path: tmp')
    expect(await reader({ tmp: '.' })(asked('localhost:1'), options.signal)).toMatchObject({
      _tag: 'Unread',
      error: expect.stringContaining('must be an absolute path') as string
    })
  })

  it('is due to a program that leaves something behind, or says too much', async () => {
    const folder = emptyFolder()
    const script = path.join(folder, 'git')
    const pids = path.join(folder, 'pids')
    writeFileSync(script, `#!/bin/sh\nsleep 1000 &\necho $! >> ${pids}\n`, { mode: 0o755 })
    expect(await read(asked('localhost:1'), { git: script })).toMatchObject({ _tag: 'Files', files: [] })
    const left = Number(readFileSync(pids, 'utf8'))
    await eventually(() => expect(isRunning(left)).toBe(false))
    writeFileSync(script, '#!/bin/sh\nwhile :; do echo noise noise noise noise; echo more >&2; done\n', { mode: 0o755 })
    expect(await read(asked('localhost:1'), { git: script })).toEqual({ _tag: 'Unread', error: 'the knot sent too much output', isFinal: true })
  })

  it('is due to a missing place for temporary folders', async () => {
    expect(await reader({ tmp: '/nonexistent' })(asked('localhost:1'), new AbortController().signal)).toMatchObject({
      _tag: 'Unread',
      error: expect.stringMatching(/^the repository could not be read: ENOENT/) as string,
      isFinal: false
    })
  })

  it('is due to a missing git', async () => {
    const { knot } = await served()
    for (const git of ['/nonexistent/git', '/etc/passwd'])
      expect(await read(asked(knot.host), { git })).toEqual({ _tag: 'Unread', error: 'git cannot be run here', isFinal: false })
  })
})

describe.skipIf(!hasGit)(`the environment of git${WITHOUT_GIT}`, () => {
  it('includes no repository that the temporary folders are in', async () => {
    const { knot, repo } = await served()
    await repo.commitAndPush([file('ci.yml', 'a: 1\n')])
    const tmp = emptyFolder()
    execFileSync('git', ['init', '--quiet', tmp])
    execFileSync('git', ['-C', tmp, 'config', 'url.http://localhost:1/.insteadOf', `http://${knot.host}/`])
    expect(texts(await reader({ tmp })(asked(knot.host), new AbortController().signal))).toEqual({ 'ci.yml': 'a: 1\n' })
  })

  it('includes neither our variables nor our settings', async () => {
    const folder = emptyFolder()
    const script = path.join(folder, 'git')
    writeFileSync(script, `#!/bin/sh\nenv > ${path.join(folder, 'env')}\ncat "$HOME/.gitconfig" > ${path.join(folder, 'settings')}\nexit 1\n`, { mode: 0o755 })
    process.env['TACK_CANARY'] = 'canary'
    process.env['GIT_CONFIG_COUNT'] = '0'
    process.env['https_proxy'] = 'http://canary'
    onTestFinished(() => {
      for (const name of ['TACK_CANARY', 'GIT_CONFIG_COUNT', 'https_proxy']) Reflect.deleteProperty(process.env, name)
    })
    await read(asked('localhost:1'), { git: script })
    const env = readFileSync(path.join(folder, 'env'), 'utf8')
    expect(env).not.toContain('canary')
    const names = env.split('\n').map((line) => line.split('=')[0] ?? '').filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name))
    expect(names.sort()).toEqual(['GIT_ATTR_NOSYSTEM', 'GIT_CEILING_DIRECTORIES', 'GIT_CONFIG_NOSYSTEM', 'GIT_TERMINAL_PROMPT', 'HOME', 'LC_ALL', 'PATH', 'TMPDIR', 'XDG_CONFIG_HOME'])
    expect(readFileSync(path.join(folder, 'settings'), 'utf8')).toMatch(/proxy = "http:\/\/tack:[^"]+@127\.0\.0\.1:/)
  })
})
