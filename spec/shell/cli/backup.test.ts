/** `tack backup` and `tack restore`, as an operator uses them: on a real store, of a tack that runs, with a build on this machine under way. */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { clampTimeUs, initial } from '../../../core/index.js'
import { backup, restore } from '../../../shell/cli/backup.js'
import { systemDisk } from '../../../shell/store/disk.js'
import { openStore } from '../../../shell/store/index.js'
import { config } from '../support/bridge.js'
import { startForge } from '../support/forge.js'
import { hasGit, WITHOUT_GIT } from '../support/git.js'
import { eventually, inFolder, start, tack } from '../support/process.js'
import { waitUntil } from '../support/steps.js'

const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const HOSTNAME = 'ci.example.com'

/** A build that says that it has begun, and goes on until it is let go. */
const waiting = (name: string, folder: string): string => `when:
  - event: push
    branch: main
engine: tack
tack:
  local: {}
steps:
  - command: |
      echo ${name} >> ${folder}/begun
      ${waitUntil(`test -e ${folder}/go`)}
`

describe.skipIf(!hasGit)(`a store with builds under way${WITHOUT_GIT}`, () => {
  test('is saved while tack runs, restored elsewhere, and gone on with: no build is lost, and none begun twice', () =>
    inFolder(async (folder) => {
      const { environment: env, push } = await startForge({ hostname: HOSTNAME, owner: OWNER })
      const config = join(folder, 'tack.yaml')
      await writeFile(config, `hostname: ${HOSTNAME}\nowner: ${OWNER}\nlisten: 127.0.0.1:0\nproviders:\n  local:\n    concurrent: 1\nallow: []\n`)
      const args = (command: string, store: string, ...more: ReadonlyArray<string>) => [command, '--config', config, '--store', join(folder, store), ...more]
      const builds = async (store: string): Promise<ReadonlyArray<{ readonly error: string | null; readonly status: string }>> =>
        JSON.parse((await tack(args('builds', store, '--json'), env)).out) as ReadonlyArray<{ readonly error: string | null; readonly status: string }>
      const begun = (): ReadonlyArray<string> => (existsSync(join(folder, 'begun')) ? readFileSync(join(folder, 'begun'), 'utf8').trim().split('\n').sort() : [])

      const first = start(args('run', 'first'), { env })
      onTestFinished(async () => {
        await first.end('SIGKILL')
      })
      await first.says('"event":"KnotOpened"')
      await push(['a', 'b'].map((name) => ({ content: waiting(name, folder), path: `.tangled/workflows/${name}.yml` })))
      await eventually(() => begun().length === 1)
      await eventually(async () => (await builds('first')).map(({ status }) => status).sort().join() === 'pending,running')

      const saved = await tack(args('backup', 'first', join(folder, 'saved')), env)
      const said = /: 1 account and 1 run as of batch \d+, and \d+ bytes of provider files\. All of it has been read back\.\n$/
      expect(saved).toMatchObject({ code: 0, err: '', out: expect.stringMatching(said) as string })
      expect((await readdir(join(folder, 'saved'))).sort()).toEqual(['providers', 'state.json'])
      await first.end('SIGKILL')
      await writeFile(join(folder, 'go'), '')

      expect(await tack(args('restore', 'second', join(folder, 'saved')), env)).toMatchObject({ code: 0, err: '' })
      const second = start(args('run', 'second'), { env })
      onTestFinished(async () => {
        await second.end('SIGKILL')
      })
      await eventually(async () => (await builds('second')).every(({ status }) => status !== 'pending' && status !== 'running'))
      expect((await builds('second')).map(({ error, status }) => [status, error]).sort()).toEqual([
        ['failed', 'The runner ended without a result.'],
        ['success', null]
      ])
      expect(begun()).toEqual(['a', 'b'])
      expect(await second.end('SIGTERM')).toBe(0)
    }))
})

describe('what is saved and restored', () => {
  /** A store in `folder`, with what a tack that was killed has left, and what the commands say of it. */
  const made = async (folder: string) => {
    const store = join(folder, 'store')
    const opened = await openStore({ folder: store, initial: () => initial(config) })()
    if (E.isLeft(opened)) throw new Error(opened.left.message)
    expect(E.isRight(await opened.right.append([{ _tag: 'StopRequested', at: clampTimeUs(17) }])())).toBe(true)
    const build = join(store, 'providers', 'local', 'a'.repeat(40))
    await mkdir(join(build, 'work-1', 'source'), { recursive: true })
    for (const name of ['request.json', 'log-1.jsonl', `claim.json.${randomUUID()}`]) await writeFile(join(build, name), '{}')
    // Builds that are being made, and removed.
    for (const name of ['new-1', 'gone-1']) {
      await mkdir(join(store, 'providers', 'local', name))
      await writeFile(join(store, 'providers', 'local', name, 'request.json'), '{}')
    }
    const said: Array<string> = []
    const say = (text: string): void => void said.push(text.replaceAll(`${folder}/`, ''))
    return {
      backup: (to = 'saved') => backup(store, join(folder, to), say, say),
      build,
      close: async (): Promise<'closed'> => {
        await opened.right.close()()
        return 'closed'
      },
      restore: (to = 'again', from = 'saved') => restore(join(folder, from), join(folder, to), say, say),
      said,
      store
    }
  }

  test('is the state, and what others need of the builds; a restored store goes on where the saved one was', () =>
    inFolder(async (folder) => {
      const { backup: save, close, restore: bring, said } = await made(folder)
      expect([await save(), await close(), await bring()]).toEqual([0, 'closed', 0])
      expect(said).toEqual([
        'saved: 0 accounts and 0 runs as of batch 1, and 4 bytes of provider files. All of it has been read back.',
        'again: 0 accounts and 0 runs as of batch 1, and 4 bytes of provider files.'
      ])
      expect(await readdir(join(folder, 'again', 'providers', 'local'))).toEqual(['a'.repeat(40)])
      expect(await readdir(join(folder, 'again', 'providers', 'local', 'a'.repeat(40)))).toEqual(['log-1.jsonl', 'request.json'])
      const opened = await openStore({ folder: join(folder, 'again'), initial: () => initial(config) })()
      if (E.isLeft(opened)) throw new Error(opened.left.message)
      expect(opened.right.state.isStopped).toBe(true)
      await opened.right.close()()
    }))

  test.each([
    ['a folder that holds something', (folder: string) => mkdir(join(folder, 'saved', 'x'), { recursive: true }), 'error: saved is not empty: name a folder that does not exist yet'],
    ['a store that cannot be read', (folder: string) => writeFile(join(folder, 'store', 'state.json'), '{}'), /^error: store\/state\.json: line 1: it does not begin like a state of tack/],
    ['a file of a provider that cannot be read', (folder: string) => writeFile(join(folder, 'store', 'providers', 'x.json'), '{'), /^error: \.saved\.unfinished-\d+\/providers\/x\.json is not JSON/]
  ])('leaves nothing half saved: %s', (_, spoil, sentence) =>
    inFolder(async (folder) => {
      const { backup: save, close, said } = await made(folder)
      await spoil(folder)
      const before = await readdir(folder)
      expect(await save()).toBe(1)
      await close()
      expect(said).toEqual([typeof sentence === 'string' ? sentence : expect.stringMatching(sentence)])
      expect(await readdir(folder)).toEqual(before)
    }))

  test('is copied in the order in which it comes about, so that nothing saved is ahead of what it follows from', () =>
    inFolder(async (folder) => {
      const { backup: save, build, close } = await made(folder)
      for (const name of ['cancel.json', 'claim.json', 'result.json', 'runner.json']) await writeFile(join(build, name), '{}')
      const opened = vi.spyOn(systemDisk, 'open')
      onTestFinished(() => opened.mockRestore())
      expect([await save(), await close()]).toEqual([0, 'closed'])
      const copied = opened.mock.calls.flatMap(([path, mode]) => (mode === 'create' && path.includes('providers') ? [basename(path)] : []))
      expect(copied).toEqual(['request.json', 'claim.json', 'cancel.json', 'runner.json', 'result.json', 'log-1.jsonl'])
    }))

  test('is on the disk before it is said to be saved or restored, files and folders', () =>
    inFolder(async (folder) => {
      const { backup: save, close, restore: bring } = await made(folder)
      const done: Array<string> = []
      const note = (what: string, path: string): void => void done.push(`${what} ${relative(folder, path).replace(/unfinished-\d+/, 'unfinished')}`)
      const { open, syncFolder } = systemDisk
      const spies = [
        vi.spyOn(systemDisk, 'open').mockImplementation(async (path, mode) => {
          const file = await open(path, mode)
          if (mode === 'append') note('open', path)
          return { ...file, sync: () => file.sync().then(() => note('sync', path)) }
        }),
        vi.spyOn(systemDisk, 'syncFolder').mockImplementation((path) => syncFolder(path).then(() => note('sync', path)))
      ]
      onTestFinished(() => spies.forEach((spy) => spy.mockRestore()))
      const build = `providers/local/${'a'.repeat(40)}`
      const copied = (to: string) => [`${build}/request.json`, `${build}/log-1.jsonl`, build, 'providers/local', 'providers'].map((one) => `sync ${to}/${one}`)
      expect(await save()).toBe(0)
      expect([done.slice(0, 5), done.at(-1)]).toEqual([copied('.saved.unfinished'), 'sync '])
      await close()
      done.length = 0
      expect(await bring()).toBe(0)
      const begun = done.indexOf('open again/journal-0000000000000002.jsonl')
      expect(done.slice(begun, begun + 7)).toEqual(['open again/journal-0000000000000002.jsonl', 'sync again', ...copied('again')])
    }))

  test('is not saved in the store itself', () =>
    inFolder(async (folder) => {
      const { backup: save, close, said } = await made(folder)
      expect([await save('store/saved'), await close()]).toEqual([1, 'closed'])
      expect(said).toEqual(['error: store/saved is inside the store: name a folder elsewhere'])
    }))

  test('is not restored where something is, nor where a process is, nor of what is no backup', () =>
    inFolder(async (folder) => {
      const { backup: save, close, restore: bring, said } = await made(folder)
      await save()
      said.length = 0
      expect([await bring('store'), await close(), await bring('store'), await bring('again', 'nowhere')]).toEqual([1, 'closed', 1, 1])
      expect(said).toEqual([
        expect.stringMatching(/^error: store\/lock: process \d+ on host \S+ uses this folder; stop it first$/),
        'error: store: it is not empty (journal-0000000000000001.jsonl, providers, state.json): restore into an empty folder',
        'error: nowhere is not a backup of tack: it has no state.json'
      ])
    }))

  test('is not taken for a new store when restoring was broken off', () =>
    inFolder(async (folder) => {
      const { backup: save, close, restore: bring } = await made(folder)
      expect([await save(), await close(), await bring()]).toEqual([0, 'closed', 0])
      // The snapshot comes last.
      await rm(join(folder, 'again', 'state.json'))
      const opened = await openStore({ folder: join(folder, 'again'), initial: () => initial(config) })()
      expect(opened).toMatchObject({ left: { _tag: 'Refused', message: expect.stringContaining('it is missing, but a journal continues from it') as string } })
    }))
})
