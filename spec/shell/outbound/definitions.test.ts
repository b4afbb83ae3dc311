/** Definitions of workflows: from a real repository, by the DID's own document, to the byte; and what asking for them may cost. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Did, HostName, type HostPolicy, Sha, WORKFLOW_BYTES_MAX } from '../../../core/index.js'
import { startKnot } from '../../../shell/demo-network/index.js'
import { systemClock } from '../../../shell/lib/clock.js'
import { createDefinitions, type Definitions, type DefinitionsOptions, hashOfFiles } from '../../../shell/outbound/definitions.js'
import { createDocuments } from '../../../shell/outbound/documents.js'
import { type FilesAsked, type FilesRead, gitReader } from '../../../shell/outbound/git.js'
import { must } from '../../suite/examples/support.js'
import { manualClock } from '../support/bridge.js'
import { hasGit } from '../support/git.js'
import { httpServer } from '../support/sockets.js'

const REPO = must(Did.decode('did:plc:rrrrrrrrrrrrrrrrrrrrrrrr'))
const KNOT = must(HostName.decode('knot.example'))
const SHA = must(Sha.decode('a'.repeat(40)))
const HOSTS = { defaultPort: 443, loopback: true, ports: true } as HostPolicy

const definitionsWith = ({ directory, ...options }: Partial<DefinitionsOptions> & { readonly directory?: string }): Definitions => {
  const policy = { allowLoopback: true }
  const documents = createDocuments({ clock: systemClock(), policy, ...(directory === undefined ? {} : { directory }) })
  const definitions = createDefinitions({ clock: systemClock(), documents, readFiles: () => Promise.reject(new Error('nothing is read here')), ...options })
  onTestFinished(async () => {
    await Promise.all([definitions.close(), documents.close()])
  })
  return definitions
}

describe('the hash of files', () => {
  it('is that of names and contents in one form, by name, whatever their order', () => {
    const bytes = Buffer.concat([
      Buffer.from('a.yml\0'), Buffer.from([14, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('engine: dummy\n'),
      Buffer.from('é.yml\0'), Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), Buffer.alloc(256, 'x')
    ])
    const files = [{ bytes: Buffer.alloc(256, 'x'), name: 'é.yml' }, { bytes: Buffer.from('engine: dummy\n'), name: 'a.yml' }]
    expect(hashOfFiles(files)).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
    expect(hashOfFiles([...files].reverse())).toBe(hashOfFiles(files))
  })

  it('the hash of no files is that of nothing', () => {
    expect(hashOfFiles([])).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })
})

describe.skipIf(!hasGit)('the definition at a commit', () => {
  it.each(['sha1', 'sha256'] as const)('is of every regular file of the folder, under the DID of the repository: %s', async (format) => {
    const knot = await startKnot({ clock: systemClock(), generation: 'newer', git: {} })
    onTestFinished(knot.stop)
    const repo = await knot.git.createRepository({ did: REPO, format })
    const tmp = mkdtempSync(path.join(tmpdir(), 'tack-spec-definitions-'))
    onTestFinished(() => rmSync(tmp, { recursive: true }))
    const at = (name: string): string => `.tangled/workflows/${name}`
    const { newSha } = await repo.commitAndPush([
      { content: 'engine: tack\n', path: at('ci.yml') },
      { content: 'what is here', path: at('README.md') },
      { content: Buffer.from([0xff, 0xfe]), path: at('binary') },
      { content: 'not in the folder', path: at('more/ci.yml') }
    ])
    const definitions = definitionsWith({ readFiles: gitReader({ clock: systemClock(), isInsecure: true, policy: { allowLoopback: true }, tmp }) })
    const files = [
      { bytes: Buffer.from('engine: tack\n'), name: 'ci.yml' },
      { bytes: Buffer.from('what is here'), name: 'README.md' },
      { bytes: Buffer.from([0xff, 0xfe]), name: 'binary' }
    ]
    const found = await definitions.describe(REPO, must(HostName.decode(knot.host)), must(Sha.decode(newSha)))
    expect(found).toEqual(E.right({ hash: hashOfFiles(files), workflows: ['README.md', 'binary', 'ci.yml'] }))
  })
})

describe('what is read', () => {
  const answers = (read: FilesRead) => {
    const asked: Array<FilesAsked> = []
    const readFiles = (what: FilesAsked): Promise<FilesRead> => {
      asked.push(what)
      return Promise.resolve(read)
    }
    return { asked, readFiles }
  }
  const FILES: FilesRead = { _tag: 'Files', defaultBranch: null, files: [], left: 0, unkept: [] }
  const name = 'ci.yml' as Extract<FilesRead, { readonly _tag: 'Files' }>['files'][number]['name']

  it.each<[string, FilesRead, string]>([
    ['a file that is too long', { ...FILES, files: [{ bytes: null, name }] }, `ci.yml is longer than ${String(WORKFLOW_BYTES_MAX / 1024)} KiB`],
    ['too many files', { ...FILES, left: 1 }, 'there are more than 50 files'],
    ['a file whose name is none', { ...FILES, unkept: ['a\\b.yml'] }, 'a\\b.yml is not a valid workflow name'],
    ['a repository that is too large', { _tag: 'Unread', error: 'it is too large', isFinal: true, isTooLarge: true }, 'it is too large']
  ])('has no definition with %s', async (_, read, sentence) => {
    const { readFiles } = answers(read)
    expect(await definitionsWith({ readFiles }).describe(REPO, KNOT, SHA)).toEqual(E.left({ kind: 'large', sentence }))
  })

  it('is read once, however often it is asked for', async () => {
    const { asked, readFiles } = answers(FILES)
    const definitions = definitionsWith({ readFiles })
    const all = await Promise.all([definitions.describe(REPO, KNOT, SHA), definitions.describe(REPO, KNOT, SHA)])
    await definitions.describe(REPO, KNOT, SHA)
    expect([all.map(E.isRight), asked]).toEqual([[true, true], [{ every: true, knot: KNOT, repository: { did: REPO, name: '', owner: REPO, rkey: 'self' }, sha: SHA }]])
    await definitions.describe(REPO, KNOT, must(Sha.decode('b'.repeat(40))))
    expect(asked).toHaveLength(2)
    // Another knot, and another repository, may have another; the first is kept beside them.
    await definitions.describe(REPO, must(HostName.decode('other.example')), SHA)
    await definitions.describe(must(Did.decode('did:plc:other2222222222222222222')), KNOT, SHA)
    expect(asked).toHaveLength(4)
    await definitions.describe(REPO, KNOT, SHA)
    expect(asked).toHaveLength(4)
  })

  it('a definition that was not there is read again after a minute', async () => {
    const clock = manualClock()
    const { asked, readFiles } = answers({ _tag: 'Unread', error: 'no such commit', isFinal: true })
    const definitions = definitionsWith({ clock, readFiles })
    const ask = () => definitions.describe(REPO, KNOT, SHA)
    expect(await ask()).toEqual(E.left({ kind: 'missing', sentence: 'no such commit' }))
    clock.advance(59_000)
    await ask()
    expect(asked).toHaveLength(1)
    clock.advance(2_000)
    await ask()
    expect(asked).toHaveLength(2)
  })

  it('is refused when too much is being read, and is read when there is room again', async () => {
    let finish: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => {
      finish = resolve
    })
    const readFiles = async (): Promise<FilesRead> => {
      await waiting
      return FILES
    }
    const definitions = definitionsWith({ readFiles })
    const sha = (n: number) => must(Sha.decode(String(n).padStart(40, '0')))
    const under = Array.from({ length: 16 }, (_, n) => definitions.describe(REPO, KNOT, sha(n)))
    expect(await definitions.describe(REPO, KNOT, sha(16))).toMatchObject(E.left({ kind: 'busy' }))
    finish()
    expect((await Promise.all(under)).every(E.isRight)).toBe(true)
    expect(E.isRight(await definitions.describe(REPO, KNOT, sha(16)))).toBe(true)
  })

  it('is given up at a close', async () => {
    const definitions = definitionsWith({
      readFiles: (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ _tag: 'Unread', error: 'shutting down', isFinal: false }), { once: true }))
    })
    const asked = definitions.describe(REPO, KNOT, SHA)
    await definitions.close()
    expect(await asked).toMatchObject(E.left({ kind: 'busy' }))
  })
})

describe('the knot of a repository', () => {
  const documentWith = (endpoint: string, changes: object = {}): string =>
    JSON.stringify({ id: REPO, service: [{ id: '#tangled_knot', serviceEndpoint: endpoint, type: 'TangledKnot' }], ...changes })

  const directory = async (status: number, body: string) => {
    const asked: Array<string> = []
    const { port } = await httpServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status).end(body)
    })
    return { asked, at: `http://127.0.0.1:${String(port)}` }
  }

  it('is the one that its document names, which is looked at once a minute', async () => {
    const { asked, at } = await directory(200, documentWith('https://Knot.example'))
    const clock = manualClock()
    const definitions = definitionsWith({ clock, directory: at })
    expect(await Promise.all([definitions.knotOf(REPO, HOSTS), definitions.knotOf(REPO, HOSTS)])).toEqual([E.right('knot.example'), E.right('knot.example')])
    expect(asked).toEqual([`/${REPO}`])
    clock.advance(61_000)
    await definitions.knotOf(REPO, HOSTS)
    expect(asked).toHaveLength(2)
  })

  it.each<[string, number, string, 'missing' | 'unreachable']>([
    ['is not there', 404, '', 'missing'],
    ['cannot be had', 500, '', 'unreachable'],
    ['leads elsewhere', 302, '', 'unreachable'],
    ['is not JSON', 200, 'x', 'missing'],
    ['is of somebody else', 200, documentWith('https://knot.example', { id: 'did:plc:other' }), 'missing'],
    ['names no knot', 200, documentWith('https://knot.example', { service: [] }), 'missing'],
    ['names a path', 200, documentWith('https://knot.example/x'), 'missing'],
    ['names no address', 200, documentWith('knot.example'), 'missing'],
    ['is too large', 200, documentWith('https://knot.example', { x: 'x'.repeat(300_000) }), 'unreachable']
  ])('is not known when the document %s', async (_, status, body, kind) => {
    const { at } = await directory(status, body)
    expect(await definitionsWith({ directory: at }).knotOf(REPO, HOSTS)).toMatchObject(E.left({ kind }))
  })

  it('is not asked for by a method of DIDs that nobody resolves', async () => {
    expect(await definitionsWith({}).knotOf(must(Did.decode('did:key:z6Mk')), HOSTS)).toMatchObject(E.left({ kind: 'missing' }))
  })
})
