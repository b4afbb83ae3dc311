/**
 * The store and real processes: one at a time, and killed in the middle of writes. The process is the compiled
 * `support/store-child.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore, readStore, type Store, type StoreError } from '../../../shell/store/index.js'
import { randomOf } from '../support/disk.js'
import { advance, begin } from '../support/store-child.js'
import { after, written } from '../support/store-events.js'

const CHILD = fileURLToPath(new URL('../../../dist/spec/shell/support/store-child.js', import.meta.url))

let folder = ''
let children: Array<ChildProcess> = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tack-store-'))
  children = []
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

interface Writer {
  /** The last number that it said. */
  readonly acknowledged: () => number
  readonly said: (n: number) => Promise<void>
  /** Resolves with its exit code and what it complained of. */
  readonly ended: Promise<{ readonly code: number | null; readonly complaint: string }>
  readonly kill: () => Promise<void>
}

const write = (): Writer => {
  const child = spawn(process.execPath, [CHILD, 'write', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let output = ''
  let complaint = ''
  let onOutput = (): void => undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    onOutput()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  // What follows the last line feed may be half a number.
  const acknowledged = (): number => Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1))
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, complaint }))
  return {
    acknowledged,
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    said: (n) =>
      Promise.race([
        new Promise<void>((resolve) => {
          onOutput = () => {
            if (acknowledged() >= n) resolve()
          }
          onOutput()
        }),
        ended.then(() => Promise.reject(new Error(`the child ended: ${complaint}`)))
      ])
  }
}

const right = <A>(result: E.Either<StoreError, A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left._tag} ${result.left.path}: ${result.left.message}`)
  return result.right
}

const open = async (onReport: (message: string) => void = () => undefined): Promise<Store> =>
  right(await openStore({ folder, initial: begin, onReport })())

describe('the process that has a store', () => {
  it('keeps out a second one at once, with a sentence that names the first', async () => {
    const store = await open()
    const { code, complaint } = await write().ended
    expect(code).toBe(1)
    expect(complaint).toContain(`Held ${join(folder, 'lock')}: process ${String(process.pid)} on host ${hostname()}`)
    right(await store.append([advance(1)])())
    right(await store.close()())
  })

  it('keeps this one out while it runs, though this one may read; its lock is taken over when it is killed', async () => {
    const writer = write()
    await writer.said(3)
    const refused = await openStore({ folder, initial: begin })()
    expect(refused).toMatchObject({ left: { _tag: 'Held' } })
    expect(right(await readStore(folder)()).seq).toBeGreaterThanOrEqual(3)
    await writer.kill()
    const reports: Array<string> = []
    const store = await open((message) => reports.push(message))
    expect(reports[0]).toMatch(/^process \d+ ended without releasing the folder/)
    right(await store.close()())
  })

  it.runIf(process.platform === 'linux')('is gone when killed, even before its parent has noticed', async () => {
    // The parent becomes `sleep`, which never asks for the end of a child.
    const parent = spawn('sh', ['-c', '"$0" "$1" write "$2" & exec sleep 60', process.execPath, CHILD, folder], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    children.push(parent)
    await once(parent.stdout, 'data')
    const [, pid = ''] = /"pid":(\d+)/.exec(await readFile(join(folder, 'lock'), 'utf8')) ?? []
    process.kill(Number(pid), 'SIGKILL')
    await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '))
    right(await (await open()).close()())
  })

  it.runIf(process.platform === 'linux')('is not impersonated by another process with its number', async () => {
    const store = await open()
    const lock = await readFile(join(folder, 'lock'), 'utf8')
    right(await store.close()())
    const earlier = lock.replace(/"startedAt":"[^"]*"/, '"startedAt":"an-earlier-boot/1"')
    expect(earlier).not.toBe(lock)
    await writeFile(join(folder, 'lock'), earlier)
    right(await (await open()).close()())
  })
})

describe('kill -9 in the middle of writes', () => {
  it('loses nothing that was acknowledged', async () => {
    const random = randomOf(20)
    let acknowledged = 0
    for (let kill = 1; kill <= 15; kill++) {
      const writer = write()
      await writer.said(acknowledged + 1 + random(80))
      await writer.kill()
      acknowledged = writer.acknowledged()

      const { seq, state } = right(await readStore(folder)())
      expect(seq).toBeGreaterThanOrEqual(acknowledged)
      // At most the one batch that was on its way.
      expect(seq).toBeLessThanOrEqual(acknowledged + 1)
      const events = Array.from({ length: seq }, (_, i) => advance(i + 1))
      expect(written(state)).toBe(written(after(begin(), events)))
      acknowledged = seq
    }
  })
})
