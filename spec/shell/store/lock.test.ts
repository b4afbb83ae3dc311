/**
 * The lock of a store: who has it, who takes it over, and when it goes (STORE).
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { canonical } from '../../../core/index.js'
import { type Disk, openStore, type Process, type Store, type StoreError } from '../../../shell/store/index.js'
import { systemProcesses } from '../../../shell/store/processes.js'
import { type Image } from '../support/disk.js'
import { right, left, initial, closed, journalName, FOLDER, processOf, processes, openOn, diskOf, imageOf, withFile } from '../support/store-files.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tack-store-'))
})
afterAll(() => rm(root, { recursive: true }))

const newFolder = (): Promise<string> => mkdtemp(join(root, 'store-'))

describe('the lock', () => {
  it.runIf(process.platform === 'linux')('tells a process from every other with its number, of whatever boot, earlier or later', async () => {
    const self = await systemProcesses.self()
    const [boot = '', ticks = ''] = (self.startedAt ?? '').split('/')
    const others = [`${boot}/${String(Number(ticks) - 1)}`, `${boot}/${String(Number(ticks) + 1)}`, `0/${ticks}`, `z/${ticks}`]
    expect(await Promise.all(others.map((startedAt) => systemProcesses.isGone({ ...self, startedAt })))).toEqual([true, true, true, true])
    expect(await systemProcesses.isGone(self)).toBe(false)
  })

  const lockOf = (process: Process, token: string): string => canonical({ ...process, token })
  const TOKEN = '00000000-0000-4000-8000-000000000000'

  it('is refused at once while the process that has it runs', async () => {
    const folder = await newFolder()
    const store = right(await openStore({ folder, initial })())
    const { _tag, message, path } = left(await openStore({ folder, initial })())
    expect(_tag).toBe('Held')
    expect(path).toBe(join(folder, 'lock'))
    expect(message).toContain(`process ${String(process.pid)} on host`)
    await closed(store)
    await closed(right(await openStore({ folder, initial })()))
  })

  it.each([
    ['EPERM', false],
    ['ESRCH', true]
  ])('a process that cannot be signalled (%s) is gone: %s', async (code, isGone) => {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code })
    })
    try {
      expect(await systemProcesses.isGone({ ...(await systemProcesses.self()), startedAt: null })).toBe(isGone)
    } finally {
      kill.mockRestore()
    }
  })

  it('is never taken over from another host, and the refusal says what to do', async () => {
    const disk = diskOf(new Map([['lock', Buffer.from(lockOf(processOf(9, 'elsewhere'), TOKEN))]]))
    const { _tag, message } = left(await openOn(disk))
    expect(_tag).toBe('Held')
    expect(message).toMatch(/process 9 on host elsewhere.*delete this file/)
    expect([...disk.now().keys()]).toEqual(['lock'])
  })

  it.each(['', '{', '{}', lockOf(processOf(9), '../../etc')])('a lock that is not readable is not taken over: %j', async (text) => {
    const disk = diskOf(new Map([['lock', Buffer.from(text)]]))
    const { _tag, message, path } = left(await openOn(disk))
    expect([_tag, message, path]).toEqual(['Held', expect.stringContaining('delete it'), '/store/lock'])
    expect(disk.now()).toEqual(new Map([['lock', Buffer.from(text)]]))
  })

  it('is taken over from a process that is gone, and that is reported', async () => {
    const disk = diskOf(new Map([['lock', Buffer.from(lockOf(processOf(9), TOKEN))]]))
    const reports: Array<string> = []
    const store = right(await openOn(disk, (message) => reports.push(message)))
    expect(reports).toEqual([expect.stringContaining('process 9')])
    expect(disk.now().get('lock')?.toString()).toContain('"pid":1,')
    await closed(store)
    expect([...disk.now().keys()].sort()).toEqual([journalName(1), 'state.json'])
  })

  it('is complete whenever the power goes', async () => {
    const inner = diskOf(new Map())
    const images: Array<Image> = []
    const disk: Disk = {
      ...inner,
      link: async (from, to) => {
        await inner.link(from, to)
        images.push(...inner.images())
      }
    }
    await closed(right(await openOn(disk)))
    const locks = images.flatMap((image) => image.get('lock') ?? [])
    expect(locks.length).toBeGreaterThan(0)
    for (const lock of locks) expect(lock.toString()).toMatch(/^\{.*"token":"[^"]*"\}$/)
  })

  it('is tried for again when the one before has gone in the meantime', async () => {
    const inner = diskOf(new Map())
    let links = 0
    const disk: Disk = { ...inner, link: (from, to) => (++links === 1 ? Promise.reject(Object.assign(new Error('taken'), { code: 'EEXIST' })) : inner.link(from, to)) }
    const store = right(await openOn(disk))
    expect(inner.now().has('lock')).toBe(true)
    await closed(store)
  })

  it('cannot be had where files have one name each, and that is said', async () => {
    const disk: Disk = { ...diskOf(new Map()), link: () => Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' })) }
    expect(left(await openOn(disk))).toMatchObject({ _tag: 'Failed', message: 'no links here' })
  })

  it.runIf(process.platform === 'linux')('is not taken from a process whose name looks like the rest of its line in /proc', async () => {
    const script = join(await newFolder(), 'a) Z 0')
    await writeFile(script, '#!/bin/sh\necho\nread line\n', { mode: 0o755 })
    const child = spawn(script, { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve))
      expect(readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')).toContain('(a) Z 0)')
      expect(await systemProcesses.isGone({ ...(await systemProcesses.self()), pid: child.pid ?? 0, startedAt: null })).toBe(false)
    } finally {
      child.stdin.end('\n')
      await new Promise((resolve) => child.once('close', resolve))
    }
  })

  it('is released when what it guards is refused', async () => {
    const disk = diskOf(withFile(await imageOf(2), 'state.json', '[]'))
    expect(left(await openOn(disk))._tag).toBe('Refused')
    expect([...disk.now().keys()]).not.toContain('lock')
  })

  it('is not released when another process has taken it meanwhile', async () => {
    const disk = diskOf(new Map())
    const store = right(await openOn(disk))
    await disk.remove('/store/lock')
    const other = right(await openStore({ disk, folder: FOLDER, initial, processes: processes(2) })())
    await closed(store)
    expect(disk.now().get('lock')?.toString()).toContain('"pid":2,')
    await closed(other)
  })

  it.each([
    ['nothing is there', {}],
    ['a dead lock is there', { lock: lockOf(processOf(9), TOKEN) }],
    [
      'a dead claim on it is there, too',
      { lock: lockOf(processOf(9), TOKEN), [`lock.claim-${TOKEN}`]: lockOf(processOf(8), TOKEN.replace('0', '1')) }
    ]
  ])('goes to exactly one of many that start at once, when %s', async (_, files) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const inner = diskOf(new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])))
        /** Every operation on names waits for its turn, in an order that the scheduler draws. */
        const disk: Disk = {
          ...inner,
          link: scheduler.scheduleFunction(inner.link),
          open: scheduler.scheduleFunction(inner.open),
          remove: scheduler.scheduleFunction(inner.remove),
          rename: scheduler.scheduleFunction(inner.rename)
        }
        const results: Array<E.Either<StoreError, Store>> = []
        const started = [1, 2, 3, 4].map(async (pid) => {
          results.push(await openStore({ disk, folder: FOLDER, initial, processes: processes(pid, (other) => other > 4) })())
        })
        await scheduler.waitFor(Promise.all(started))
        expect(results.map((result) => (E.isRight(result) ? 'opened' : result.left._tag)).sort()).toEqual(['Held', 'Held', 'Held', 'opened'])
        expect([...inner.now().keys()].sort()).toEqual([journalName(1), 'lock', 'state.json'])
      }),
      { numRuns: 60 }
    )
  })
})
