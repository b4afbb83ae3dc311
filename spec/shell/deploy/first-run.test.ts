/**
 * A first run, as README.md writes it: its configuration file and its commands, with every default, in a folder in which nothing was
 * before, and from another one. A real knot, a real push, a real build. Only what is around is on this machine, which the environment says.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startForge } from '../support/forge.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { eventually, inFolder, start, tack } from '../support/process.js'

const README = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8')

/** The configuration file of the README. */
const [, FILE = ''] = /```yaml\n([\s\S]*?)```/.exec(README) ?? []
const [, OWNER = ''] = /^owner: (\S+)/m.exec(FILE) ?? []
const [, HOSTNAME = ''] = /^hostname: (\S+)/m.exec(FILE) ?? []

/** The arguments that the README gives this command, the configuration file at `file` instead of in the working folder. */
const args = (command: 'check' | 'run', file = 'tack.yaml'): ReadonlyArray<string> => {
  const [, written = ''] = new RegExp(`^npx tack (${command} .*?) *(?:#.*)?$`, 'm').exec(README) ?? []
  return written.split(' ').map((word) => (word === 'tack.yaml' ? file : word))
}

const WORKFLOW = `when:
  - event: push
    branch: main
engine: tack
tack:
  local: {}
steps:
  - name: greet
    command: test "$(cat README)" = "A forge."
`

/** What is around. The port of the README may be taken here. */
const world = async () => {
  const { environment, push } = await startForge({ hostname: HOSTNAME, owner: OWNER })
  return {
    environment: { ...environment, TACK_LISTEN_ADDR: '127.0.0.1:0' },
    push: () => push([{ content: 'A forge.', path: 'README' }, { content: WORKFLOW, path: '.tangled/workflows/ci.yml' }])
  }
}

interface Build {
  readonly error: string | null
  readonly status: string
}

/** Starts tack in the folder `cwd`, pushes, and resolves with the builds, as `tack builds` in that folder tells of them when all are over. */
const firstBuild = async (cwd: string, file: string, more: Readonly<Record<string, string>> = {}): Promise<ReadonlyArray<Build>> => {
  const { environment, push } = await world()
  const env = { ...environment, ...more }
  const running = start(args('run', file), { cwd, env })
  onTestFinished(async () => {
    await running.end('SIGKILL')
  })
  await running.says('"event":"KnotOpened"')
  await push()
  await running.says('"event":"Serving"')
  const { port } = JSON.parse(running.lines.find((line) => line.includes('"event":"Serving"')) ?? '{}') as { readonly port: number }
  const url = `http://127.0.0.1:${String(port)}/api/builds.json`
  await eventually(async () => {
    const { builds } = (await (await fetch(url)).json()) as { readonly builds: ReadonlyArray<Build> }
    return builds.length > 0 && builds.every(({ status }) => status !== 'pending' && status !== 'running')
  })
  const { out } = await tack(['builds', '--config', file, '--json'], env, cwd)
  const all = JSON.parse(out) as ReadonlyArray<Build>
  expect(await running.end('SIGTERM')).toBe(0)
  return all
}

const SUCCESS = [expect.objectContaining({ error: null, status: 'success' })]

describe.skipIf(!hasGit)(`a local build as in the README${WITHOUT_GIT}`, () => {
  test('works in an empty folder, with every default', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'tack.yaml'), FILE)
      expect(await firstBuild(folder, 'tack.yaml')).toEqual(SUCCESS)
      expect((await readdir(folder)).sort()).toEqual(['.tack', 'tack.yaml'])
    }))

  test('works from another folder: paths in the file are relative to the file', () =>
    inFolder(async (folder) => {
      const [etc, elsewhere] = [join(folder, 'etc'), join(folder, 'elsewhere')]
      for (const made of [etc, elsewhere]) await mkdir(made)
      await writeFile(join(etc, 'tack.yaml'), `${FILE}store: ../data/7\n`)
      expect(await firstBuild(elsewhere, '../etc/tack.yaml')).toEqual(SUCCESS)
      expect([existsSync(join(folder, 'data/7/state.json')), await readdir(elsewhere)]).toEqual([true, []])
    }))

  test('works from another folder: paths in the environment are relative to that folder, as are temporary files', () =>
    inFolder(async (folder) => {
      const elsewhere = join(folder, 'elsewhere')
      await mkdir(join(elsewhere, 'tmp'), { recursive: true })
      await writeFile(join(folder, 'tack.yaml'), `${FILE}store: not-here\n`)
      expect(await firstBuild(elsewhere, '../tack.yaml', { TACK_DB_PATH: './my store', TMPDIR: 'tmp' })).toEqual(SUCCESS)
      expect([(await readdir(elsewhere)).sort(), await readdir(folder)]).toEqual([['my store', 'tmp'], ['elsewhere', 'tack.yaml']])
    }))
})

describe('a path is resolved once', () => {
  /** What `tack check` says of the store, and of builds on this machine. */
  const said = async (cwd: string, more: Readonly<Record<string, string>>, ...others: ReadonlyArray<string>) => {
    const { environment } = await world()
    const { out } = await tack([...args('check', '../tack.yaml'), ...others, '--json'], { ...environment, ...more }, cwd)
    const all = JSON.parse(out) as ReadonlyArray<{ readonly isFine: boolean; readonly sentence: string; readonly what: string }>
    return all.filter(({ what }) => what === 'store' || what === 'provider local')
  }

  test.each<[string, string, ReadonlyArray<string>, Readonly<Record<string, string>>, string]>([
    ['the default', '', [], {}, 'in/.tack'],
    ['a flag', 'store: a\n', ['--store', 'b/../c'], { TACK_DB_PATH: 'd' }, 'in/c'],
    ['the environment', 'store: a\n', [], { TACK_DB_PATH: 'd' }, 'in/d'],
    ['the file', 'store: a\n', [], {}, 'a'],
    ['a number in the file', 'store: 7\n', [], {}, '7'],
    ['an absolute path', 'store: /nowhere/a\n', [], {}, '/nowhere/a']
  ])('%s', (_, line, flags, environment, where) =>
    inFolder(async (folder) => {
      const cwd = join(folder, 'in')
      await mkdir(cwd)
      await writeFile(join(folder, 'tack.yaml'), `${FILE}${line}`)
      const [store, local] = await said(cwd, { ...environment, TMPDIR: '.' }, ...flags)
      expect(store?.sentence).toMatch(where.startsWith('/') ? /^\/nowhere\/a / : new RegExp(`^${join(folder, where)} `))
      expect(local).toMatchObject({ isFine: true })
      expect(await readdir(cwd)).toEqual([])
    })
  )

  test('an invalid path is refused', async () => {
    const { code, err } = await tack(['run', '--hostname', HOSTNAME, '--owner', OWNER, '--store', ''])
    expect([code, err]).toEqual([2, expect.stringMatching(/^error: .*--store.* Allowed: the path of a folder\.\n$/)])
  })
})
