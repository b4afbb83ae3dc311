/** The files of a local build: each whole or not at all, and nothing beside them. */
import { build } from 'esbuild'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { logName, openLog, replaceFile, writeOnce } from '../../../shell/providers/local-files.js'
import { Cancel, readFileOf } from '../../../shell/providers/local-records.js'

const emptyFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tack-spec-local-files-'))
  onTestFinished(() => rmSync(folder, { force: true, recursive: true }))
  return folder
}

describe('a file', () => {
  test('is written once, whoever else wants to, and leaves nothing beside it', async () => {
    const folder = emptyFolder()
    expect(await Promise.all([1, 2, 3].map((atMs) => writeOnce(folder, 'cancel.json', { atMs }))).then((all) => all.filter((isFirst) => isFirst))).toEqual([true])
    const said = await readFileOf(Cancel, folder, 'cancel.json')
    expect(await writeOnce(folder, 'cancel.json', { atMs: 4 })).toBe(false)
    expect(await readFileOf(Cancel, folder, 'cancel.json')).toEqual(said)
    expect(readdirSync(folder)).toEqual(['cancel.json'])
  })

  test('is durable before it has its name, and its name before it is announced', async () => {
    const folder = emptyFolder()
    const handle = await open(folder)
    const prototype = Object.getPrototypeOf(handle) as Pick<typeof handle, 'datasync' | 'sync'>
    await handle.close()
    /** What was in the folder under the name at each sync, of a file or of the folder. */
    const seen: Array<readonly [whose: string, isThere: boolean]> = []
    const note = (whose: string) => (): Promise<void> => Promise.resolve(void seen.push([whose, readdirSync(folder).includes('cancel.json')]))
    const spies = [vi.spyOn(prototype, 'datasync').mockImplementation(note('file')), vi.spyOn(prototype, 'sync').mockImplementation(note('folder'))]
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore()
    })
    await writeOnce(folder, 'cancel.json', { atMs: 1 })
    expect(seen).toEqual([['file', false], ['folder', true]])
    rmSync(join(folder, 'cancel.json'))
    await replaceFile(folder, 'cancel.json', { atMs: 2 })
    expect(seen.slice(2)).toEqual([['file', false], ['folder', true]])
  })

  test('is replaced, and leaves nothing beside it', async () => {
    const folder = emptyFolder()
    for (const atMs of [1, 2]) {
      await replaceFile(folder, 'cancel.json', { atMs })
      expect([await readFileOf(Cancel, folder, 'cancel.json'), readdirSync(folder)]).toEqual([{ atMs }, ['cancel.json']])
    }
  })

  test('causes an error when it cannot be written, not a conflict', () => expect(writeOnce(join(emptyFolder(), 'gone'), 'cancel.json', {})).rejects.toThrow('ENOENT'))

  test('reads as absent, as intended, or as an error', async () => {
    const folder = emptyFolder()
    expect(await readFileOf(Cancel, folder, 'cancel.json')).toBeNull()
    for (const text of ['', '{"atMs":', '{"atMs":"1"}', '[]']) {
      writeFileSync(join(folder, 'cancel.json'), text)
      await expect(readFileOf(Cancel, folder, 'cancel.json')).rejects.toThrow('cancel.json is not valid')
    }
    await expect(readFileOf(Cancel, join(folder, 'cancel.json'), 'x')).rejects.toThrow('ENOTDIR')
  })
})

describe('a log', () => {
  const written = (maxBytes: number, ...texts: ReadonlyArray<string>): ReadonlyArray<unknown> => {
    const folder = emptyFolder()
    const log = openLog(folder, 'token', maxBytes, () => 7)
    const what = { command: 'make', kind: 'user', name: 'step' } as const
    log.step(1, 'start', what)
    for (const text of texts) log.text(1, 'stderr', text)
    log.step(1, 'end', what)
    log.close()
    return readFileSync(join(folder, logName('token')), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  }
  const step = (status: string) => ({ _tag: 'Step', command: 'make', kind: 'user', name: 'step', status, step: 1, timeMs: 7 })
  const text = (said: string) => ({ _tag: 'Text', step: 1, stream: 'stderr', text: said, timeMs: 7 })
  const CUT = text('The log is longer than 8 bytes. The rest is left out.')

  test.each<[string, ReadonlyArray<string>, ReadonlyArray<unknown>]>([
    ['as many bytes as may be, line feeds among them', ['abc', 'é1'], [text('abc'), text('é1')]],
    ['one more', ['abc', 'é12'], [text('abc'), CUT]],
    ['many more, and says so once', ['abcdefgh', 'x', 'y'], [CUT]]
  ])('has %s', (_, texts, lines) => expect(written(8, ...texts)).toEqual([step('start'), ...lines, step('end')]))

  test('goes on where another has ended', () => {
    const folder = emptyFolder()
    for (const said of ['one', 'two']) {
      const log = openLog(folder, 'token', 100, () => 7)
      log.text(1, 'stderr', said)
      log.close()
    }
    expect(readFileSync(join(folder, logName('token')), 'utf8')).toBe(`${JSON.stringify(text('one'))}\n${JSON.stringify(text('two'))}\n`)
  })

  test.runIf(process.platform === 'linux')('is closed at its end', () => {
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    for (let n = 0; n < 20; n++) written(8, 'abc')
    expect(open()).toBeLessThan(before + 10)
  })
})

test('the process of a build loads no library, nor the core: there is one for every build', async () => {
  const { metafile } = await build({
    bundle: true,
    entryPoints: [fileURLToPath(new URL('../../../dist/shell/providers/local-runner.js', import.meta.url))],
    format: 'esm',
    metafile: true,
    platform: 'node',
    write: false
  })
  const loaded = Object.keys(metafile.inputs)
  expect(loaded.map((name) => basename(name))).toContain('local-runner.js')
  expect(loaded.filter((name) => /(?:^|\/)(?:core|node_modules)\//.test(name))).toEqual([])
})
