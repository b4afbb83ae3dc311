/**
 * The packages as somebody gets them who installs the tarballs in an empty folder: what is in them, how much, that it runs, and what publint and
 * attw say. Of the network nothing is needed: libraries lie where the project has them.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasGit, WITHOUT_GIT } from '../shell/support/git.js'
import { nameOf, packAll } from './packages.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly [field: string]: unknown
  readonly dependencies: Readonly<Record<string, string>>
  readonly name: string
}

const manifestIn = (folder: string): Manifest => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest

const OURS = manifestIn(ROOT)
const SCOPE = path.posix.dirname(OURS.name)

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tack-packages-')))
afterAll(() => rmSync(folder, { force: true, recursive: true }))

const tarballs = new Map<string, string>()
beforeAll(async () => {
  for (const [part, file] of Object.entries(await packAll(path.join(folder, 'packed')))) tarballs.set(part, file)
})

const tarball = (part: string): string => tarballs.get(part) ?? ''

/** Puts a package, and links to the libraries that it asks for, where npm puts them. @returns where the package is. */
const install = (part: string, project: string): string => {
  const modules = path.join(project, 'node_modules')
  const name = part === 'program' ? OURS.name : `${SCOPE}/${part}`
  const at = path.join(modules, name)
  mkdirSync(at, { recursive: true })
  execFileSync('tar', ['-xzf', tarball(part), '-C', at, '--strip-components=1'])
  const { bin, dependencies } = manifestIn(at)
  for (const library of Object.keys(dependencies)) {
    const link = path.join(modules, library)
    mkdirSync(path.dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(path.join(ROOT, 'node_modules', library), link, 'dir')
  }
  for (const [command, script] of Object.entries((bin ?? {}) as Readonly<Record<string, string>>)) {
    chmodSync(path.join(at, script), 0o755)
    mkdirSync(path.join(modules, '.bin'), { recursive: true })
    symlinkSync(path.join(at, script), path.join(modules, '.bin', command))
  }
  return at
}

interface Ended {
  readonly code: number
  readonly text: string
}

/** What is written in the manifest of a package, without unpacking all of it. */
const manifestOf = (part: string): Manifest =>
  JSON.parse(execFileSync('tar', ['-xzOf', tarball(part), 'package/package.json'], { encoding: 'utf8' })) as Manifest

/** Runs `tack` as it is installed in a project, which is where it runs, and with nothing of ours in its environment. */
const tack = (project: string, args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TACK_'))), ...more }
    const child = execFile(path.join(project, 'node_modules', '.bin', 'tack'), args, { cwd: project, env }, (_, out, err) => resolve({ code: child.exitCode ?? -1, text: out + err }))
  })

/** The paths of all files, and how many bytes they are together. */
const contents = (at: string): { readonly bytes: number; readonly files: ReadonlyArray<string> } => {
  const files = readdirSync(at, { encoding: 'utf8', recursive: true }).filter((name) => statSync(path.join(at, name)).isFile())
  return { bytes: files.reduce((sum, name) => sum + statSync(path.join(at, name)).size, 0), files }
}

const PARTS = ['program', 'core', 'conform']

describe.each(PARTS)('the package: %s', (part) => {
  test('is clean, say publint and attw', async () => {
    const data = Uint8Array.from(readFileSync(tarball(part)))
    const { messages } = await publint({ pack: { tarball: data.buffer }, strict: true })
    const { types, ...found } = await checkPackage(createPackageFromTarballData(data))
    expect([messages, 'problems' in found ? found.problems : []]).toEqual([[], []])
    expect(types === false).toBe(part !== 'core')
  })

  test('has the addresses of the project, its version and its licence', () => {
    const fields = ['version', 'license', 'homepage', 'bugs', 'repository', 'engines']
    const [ours, written] = [OURS, manifestOf(part)].map((manifest) => fields.map((field) => manifest[field]))
    expect(ours).not.toContain(undefined)
    expect(written).toEqual(ours)
  })
})

describe('the program', () => {
  const project = path.join(folder, 'program')
  let at = ''
  beforeAll(() => void (at = install('program', project)))

  test('is small, and brings no trace, vector, source map, type or test', () => {
    const { bytes, files } = contents(at)
    expect(files.filter((name) => /\.map$|\.ts$|\.test\.|^spec|^dist\/spec|\.jsonl$|tsbuildinfo/.test(name))).toEqual([])
    expect(bytes).toBeLessThan(3_000_000)
    for (const name of ['README.md', 'CHANGELOG.md', 'shell/deploy/README.md', 'shell/deploy/tack.service', 'shell/inbound/page/page.js', 'shell/cli/steps-page/steps.js']) expect(files).toContain(name)
  })

  test('runs', async () => {
    expect(await tack(project, ['--version'])).toEqual({ code: 0, text: `${String(OURS['version'])}\n` })
    writeFileSync(path.join(project, 'ci.yml'), 'engine: tack\nsteps:\n  - name: a\n')
    expect(await tack(project, ['lint', 'ci.yml'])).toEqual({ code: 1, text: expect.stringContaining('ci.yml:') as string })
    const config = ['--hostname', 'ci.example', '--owner', 'did:plc:owner', '--jetstream', 'ws://localhost:1/', '--plc', 'http://localhost:1/']
    expect(await tack(project, ['check', '--json', '--allow-loopback', ...config])).toEqual({ code: 1, text: expect.stringContaining('"isFine"') as string })
    expect(await tack(project, ['run', '--hostname', 'ci.example'])).toEqual({ code: 2, text: expect.stringContaining('--owner') as string })
  })

  test.skipIf(!hasGit)(`runs the script of the demo with --once, kills and restarts the bridge, and exits with 0, without its own folder${WITHOUT_GIT}`, async () => {
    const scratch = path.join(folder, 'scratch')
    mkdirSync(scratch)
    const { code, text } = await tack(project, ['demo', '--once'], { TMPDIR: scratch })
    // Where to look comes first, and a build before the records.
    expect(text).toMatch(/^ {2}The page of the spindle: +http:[^]*ci\.yml is success[^]*Time to the first build: [0-9.]+ s\.[^]*Records\./)
    expect(text).toContain('Nothing was lost, and nothing was done twice.')
    expect(text).not.toContain('NOT')
    expect(code).toBe(0)
    expect(readdirSync(scratch).filter((name) => name.startsWith('tack-demo-'))).toEqual([])
  })

  test('names the package that has the kit, and plays it when it is there', async () => {
    const echo = ['conform', '--only', 'canonical', '--', 'cat']
    expect(await tack(project, echo)).toEqual({ code: 2, text: expect.stringContaining(`install ${nameOf('conform')} beside tack`) as string })
    install('conform', project)
    const { code, text } = await tack(project, echo)
    expect([code, text]).toEqual([1, expect.stringMatching(/canonical/)])
  })
})

describe('the core', () => {
  test('brings fp-ts and io-ts, and for both kinds of modules the same files', () => {
    const at = install('core', path.join(folder, 'core'))
    expect(Object.keys(manifestIn(at).dependencies)).toEqual(['fp-ts', 'io-ts'])
    const { files } = contents(at)
    const inFolder = (name: string): ReadonlyArray<string> => files.filter((file) => file.startsWith(`${name}/`)).map((file) => file.slice(name.length + 1))
    expect(inFolder('esm').filter((name) => !/\.(?:js|d\.ts)$/.test(name))).toEqual([])
    expect(inFolder('cjs').filter((name) => name !== 'package.json').sort()).toEqual([...inFolder('esm')].sort())
  })
})
