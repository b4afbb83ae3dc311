/**
 * The store on a disk that forgets what was not made durable, and fails at the worst moments (STORE).
 *
 * The claim: on everything that a power cut can leave, at any moment, the state is that after some of the batches that were
 * given, in order, and these include every one that had been acknowledged. A failure of the disk is reported, and changes
 * nothing about that.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Event, State } from '../../../core/index.js'
import { openStore, type Processes, readStore, type Store, type StoreError } from '../../../shell/store/index.js'
import { FORMAT } from '../../../shell/store/snapshot.js'
import { type Code, type Image, randomOf, type SimulatedDisk, simulatedDisk } from '../support/disk.js'
import { after, batchesOf, lifeOf, start, written } from '../support/store-events.js'

const FOLDER = '/store'

/** The processes after a power cut: a new one, and none of those before. */
const rebooted: Processes = {
  isGone: () => Promise.resolve(true),
  self: () => Promise.resolve({ hostname: 'host', pid: 1, startedAt: null })
}

const open = (disk: SimulatedDisk) => openStore({ disk, folder: FOLDER, initial: () => start, processes: rebooted })()

/** What is known about a run from outside. */
interface Ledger {
  /** How many batches have been given to the store. */
  given: number
  /** How many of them it has acknowledged. */
  acknowledged: number
  readonly failures: Array<StoreError>
}

/** No failure of the disk in these tests lasts as long. */
const MANY = 100

const noted = <A>(ledger: Ledger, result: E.Either<StoreError, A>): result is E.Right<A> => {
  if (E.isLeft(result)) ledger.failures.push(result.left)
  if (ledger.failures.length > MANY) throw new Error('it never ends')
  return E.isRight(result)
}

type Batches = ReadonlyArray<ReadonlyArray<Event>>

/** The life of a store: batches are appended, sometimes two at once, and snapshots are taken beside them. */
const live = async (disk: SimulatedDisk, batches: Batches, ledger: Ledger, random: (below: number) => number): Promise<void> => {
  const openAgain = async (): Promise<Store> => {
    const opened = await open(disk)
    return noted(ledger, opened) ? opened.right : openAgain()
  }
  const rescue = async (store: Store, state: State): Promise<void> => {
    if (!noted(ledger, await store.rescue(state)())) await rescue(store, state)
  }
  const store = await openAgain()
  const snapshots: Array<Promise<unknown>> = []
  let state = store.state
  while (ledger.given < batches.length) {
    const now = batches.slice(ledger.given, ledger.given + 1 + random(2))
    state = now.reduce(after, state)
    const saved = await Promise.all(
      now.map(async (batch) => {
        ledger.given += 1
        const n = ledger.given
        const appended = await store.append(batch)()
        if (noted(ledger, appended)) ledger.acknowledged = n
        return E.isRight(appended)
      })
    )
    if (saved.includes(false)) await rescue(store, state)
    ledger.acknowledged = ledger.given
    if (random(3) === 0)
      snapshots.push(
        store
          .snapshot(state)()
          .then((taken) => noted(ledger, taken))
      )
  }
  await Promise.all(snapshots)
  noted(ledger, await store.close()())
}

interface Cut {
  readonly given: number
  readonly acknowledged: number
  readonly images: ReadonlyArray<Image>
}

const cutAt = (disk: SimulatedDisk, { acknowledged, given }: Ledger): Cut => ({ acknowledged, given, images: disk.images() })

/** The states that the bridge may have after the cut: the fold of the first n batches, for every n that is allowed. */
const allowedAfter = (states: ReadonlyArray<string>, { acknowledged, given }: Cut): ReadonlyArray<string> =>
  states.slice(acknowledged, given + 1)

const statesOf = (batches: Batches): ReadonlyArray<string> =>
  batches.reduce((states, batch) => [...states, after(states[states.length - 1] ?? start, batch)], [start]).map(written)

/** The files, as one text: what a store makes of them depends on nothing else. */
const keyOf = (image: Image): string => {
  const hash = createHash('sha256')
  for (const name of [...image.keys()].sort()) hash.update(JSON.stringify([name, image.get(name)?.length])).update(image.get(name) ?? '')
  return hash.digest('base64')
}

/** Opens the store on the image, checks that it goes on from there, and gives the state that is there. */
const stateOn = async (image: Image, next: ReadonlyArray<Event>): Promise<string> => {
  const disk = simulatedDisk({ from: image, seed: 1 })
  const opened = await open(disk)
  if (E.isLeft(opened)) return expect.fail(`refused: ${opened.left.path}: ${opened.left.message}`)
  const store = opened.right
  expect(await store.append(next)()).toEqual(E.right(undefined))
  expect(await store.close()()).toEqual(E.right(undefined))
  const read = await readStore(FOLDER, disk)()
  if (E.isLeft(read)) return expect.fail(`unreadable: ${read.left.path}: ${read.left.message}`)
  expect(written(read.right.state)).toBe(written(after(store.state, next)))
  return written(store.state)
}

/** What happens after a store was opened. */
const NEXT = batchesOf(lifeOf(1, 24), randomOf(1))[0] ?? []

/** What was found on each image. Cuts at neighbouring moments leave the same files, and so do failures of one life: each is opened once. */
const found = new Map<string, Promise<string>>()

/** Checks what is on an image, and that it goes on from there. */
const check = async (image: Image, allowed: ReadonlyArray<string>): Promise<void> => {
  const key = keyOf(image)
  const state = found.get(key) ?? stateOn(image, NEXT)
  found.set(key, state)
  expect(allowed).toContain(await state)
}

/** What the seed stands for: batches of a life, and chance. */
const scriptOf = (seed: number) => {
  const random = randomOf(seed)
  const batches = batchesOf(lifeOf(seed, 24), random)
  return { batches, random, states: statesOf(batches) }
}

const newLedger = (): Ledger => ({ acknowledged: 0, failures: [], given: 0 })

const SEEDS = [1, 2, 3, 4]

describe('STORE-3: a power cut', () => {
  it.each(SEEDS)('loses nothing that was acknowledged, at any moment (seed %i)', async (seed) => {
    const { batches, random, states } = scriptOf(seed)
    const ledger = newLedger()
    const cuts: Array<Cut> = []
    const disk: SimulatedDisk = simulatedDisk({ before: () => (cuts.push(cutAt(disk, ledger)), null), seed })
    await live(disk, batches, ledger, random)
    cuts.push(cutAt(disk, ledger))

    expect(ledger).toEqual({ acknowledged: batches.length, failures: [], given: batches.length })
    const images = cuts.flatMap((cut) => cut.images.map((image) => ({ allowed: allowedAfter(states, cut), image })))
    expect(images.length).toBeGreaterThan(2 * cuts.length)
    for (const { allowed, image } of images) await check(image, allowed)
  })

  it.each(SEEDS)('loses nothing when it happens again during the next start (seed %i)', async (seed) => {
    const { batches, random, states } = scriptOf(seed)
    const ledger = newLedger()
    const cuts: Array<Cut> = []
    const disk: SimulatedDisk = simulatedDisk({ before: () => (cuts.push(cutAt(disk, ledger)), null), seed })
    await live(disk, batches, ledger, random)

    let checked = 0
    for (const cut of cuts) {
      const image = cut.images[random(cut.images.length)] ?? new Map<string, Buffer>()
      const at = 1 + random(40)
      const during: Array<ReadonlyArray<Image>> = []
      const starting: SimulatedDisk = simulatedDisk({
        before: (n) => {
          if (n === at) during.push(starting.images())
          return null
        },
        from: image,
        seed
      })
      expect(E.isRight(await open(starting))).toBe(true)
      // The start has fewer operations than that: then the cut comes right after it.
      const images = during[0] ?? starting.images()
      for (const again of images) await check(again, allowedAfter(states, cut))
      checked += images.length
    }
    expect(checked).toBeGreaterThan(2 * cuts.length)
  })
})

/** Runs the script with the failures that `fails` decides on; cuts the power at the end, and before the operations in `at`. */
const liveWith = async (seed: number, fails: (n: number) => Code | null, at: (n: number) => boolean) => {
  const { batches, random, states } = scriptOf(seed)
  const ledger = newLedger()
  const cuts: Array<Cut> = []
  let fired = 0
  const disk: SimulatedDisk = simulatedDisk({
    before: (n) => {
      if (at(n)) cuts.push(cutAt(disk, ledger))
      const code = fails(n)
      if (code !== null) fired += 1
      return code
    },
    seed
  })
  await live(disk, batches, ledger, random)
  cuts.push(cutAt(disk, ledger))
  for (const cut of cuts) for (const image of cut.images) await check(image, allowedAfter(states, cut))
  return { failures: ledger.failures, fired, operations: disk.operations() }
}

const NEVER = () => false

describe('STORE-3: a failing disk', () => {
  it.each([
    ['EIO', 1],
    ['ENOSPC', 2]
  ] as const)('is reported at every operation, and nothing acknowledged is lost (%s, seed %i)', async (code, seed) => {
    const { operations } = await liveWith(seed, () => null, NEVER)
    const random = randomOf(seed)
    for (let k = 1; k <= operations; k++) {
      const cut = k + 1 + random(12)
      const { failures, fired } = await liveWith(
        seed,
        (n) => (n === k ? code : null),
        (n) => n === cut
      )
      expect([k, fired]).toEqual([k, 1])
      expect([k, failures.length > 0 && failures.every(({ _tag }) => _tag === 'Failed')]).toEqual([k, true])
      expect(failures[0]?.message).toContain(code)
    }
  })

  it.each(SEEDS)('may go on failing for a while (seed %i)', async (seed) => {
    const from = 12 + 4 * seed
    const { failures, fired } = await liveWith(
      seed,
      (n) => (n >= from && n < from + 30 ? 'ENOSPC' : null),
      (n) => n >= from && n % 7 === 0
    )
    expect(fired).toBe(30)
    expect(failures.length).toBeGreaterThan(1)
  })
})

// ---------------------------------------------------------------------------------------- stores of earlier numbers

const OLD = ['store-v1', 'store-v2', 'store-v2-journal', 'store-v2-stopped']

const imageOf = async (name: string): Promise<Image> => {
  const folder = new URL(`../fixtures/${name}/`, import.meta.url)
  const names = (await readdir(folder)).filter((file) => file !== 'frames.jsonl')
  return new Map(await Promise.all(names.map(async (file) => [file, await readFile(new URL(file, folder))] as const)))
}

describe('STORE-5: a store of an earlier number', () => {
  it.each(OLD)('%s: a power cut at any moment leaves it as it was, or in today’s format', async (name) => {
    const image = await imageOf(name)
    const cuts: Array<Cut> = []
    const ledger: Ledger = newLedger()
    const disk: SimulatedDisk = simulatedDisk({ before: () => (cuts.push(cutAt(disk, ledger)), null), from: image, seed: 1 })
    const opened = await open(disk)
    if (E.isLeft(opened)) return expect.fail(opened.left.message)
    const store = opened.right
    // The first thing that is appended is appended to a store of today.
    ledger.given = 1
    const before = cuts.length
    expect(disk.images().every((left) => left.get('state.json')?.toString().startsWith(`{"format":"tack-state","version":${String(FORMAT.version)},`))).toBe(true)
    expect(E.isRight(await store.append(NEXT)())).toBe(true)
    ledger.acknowledged = 1
    expect(E.isRight(await store.close()())).toBe(true)
    cuts.push(cutAt(disk, ledger))

    expect(before).toBeGreaterThan(10)
    const states = [store.state, after(store.state, NEXT)].map(written)
    for (const cut of cuts) for (const left of cut.images) await check(left, allowedAfter(states, cut))
  })

  it.each(OLD)('%s: a disk that fails at any operation is reported, and the next start finds everything', async (name) => {
    const image = await imageOf(name)
    const whole = await open(simulatedDisk({ from: image, seed: 1 }))
    if (E.isLeft(whole)) return expect.fail(whole.left.message)
    for (let k = 1, isDone = false; !isDone; k++) {
      let fired = false
      const disk: SimulatedDisk = simulatedDisk({ before: (n) => (n === k ? ((fired = true), 'ENOSPC') : null), from: image, seed: k })
      const opened = await open(disk)
      isDone = !fired
      if (E.isLeft(opened)) expect([k, opened.left._tag, opened.left.message]).toEqual([k, 'Failed', 'ENOSPC: simulated'])
      for (const left of disk.images()) await check(left, [written(whole.right.state)])
    }
  })
})
