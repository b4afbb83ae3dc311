/**
 * An event of the journal whose step does not end, and which is passed over when that is read: what comes after it is taken in as if it had never been there, and
 * once, whenever the process is killed or the power goes. How such a step is noticed: hang.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { aboutOf, canonical, type Event, MEMBER, OrderedMap as M, Numbers, REPO, type State, step } from '../../../core/index.js'
import { openStore, type Processes, readReplay, readStore, type Store, type StoreError } from '../../../shell/store/index.js'
import { type Disk, systemDisk } from '../../../shell/store/disk.js'
import { folding } from '../../../shell/store/fold.js'
import { lastHung, readHung, writeHung } from '../../../shell/store/steps.js'
import { building, comes, filesRead, KEY, name, OTHER, push, pushTimer, reports, running, says, trigger, workflow } from '../../suite/examples/build-world.js'
import { at, CONFIG, del, eventOf, foldOf, type Happening, initialOf, K1, opened, OWNER, started, type WrittenEvent } from '../../suite/examples/support.js'
import { simulatedDisk } from '../support/disk.js'
import { inFolder } from '../support/process.js'
import { later, STORIES } from '../support/stories.js'
import { written } from '../support/store-events.js'

const FOLDER = '/store'

const folded = (from: State, happenings: ReadonlyArray<Happening>): State => foldOf(from, happenings)[0]

const EMPTY = initialOf(CONFIG)
const BEFORE = folded(EMPTY, running())

// ---------------------------------------------------------------------------------------- numbers

const BACKFILL = { backfill: true }
const fires = (timer: Extract<WrittenEvent, { readonly _tag: 'TimerFired' }>['timer'], when: number): WrittenEvent => ({ _tag: 'TimerFired', at: when, timer })

/** What journals of before the first release do not tell of, or not by numbers that differ. */
const LATER_STORIES: { readonly [story: string]: readonly [ReadonlyArray<Happening>, ReadonlyArray<Happening>] } = {
  'a push that waits for its pipeline': [running(), [comes(trigger({ shape: 'named' }), at(20)), pushTimer(1, at(25)), filesRead([], at(26), { number: 2 })]],
  'a knot that nobody holds': [
    [...running(), comes(trigger(), at(20)), filesRead([], at(21)), del(OWNER, REPO, 'app', at(30), { connection: 1 })],
    [fires({ _tag: 'SourceTimer', knot: K1, number: 2 }, at(330))]
  ],
  'an account that is read': [
    [started(at(10), BACKFILL), opened(1, at(11))],
    [
      { _tag: 'RequestFailed', at: at(12), error: 'no', isFinal: false, number: 2, requested: { _tag: 'Records', did: OWNER }, waitMs: 0 },
      fires({ _tag: 'RequestTimer', number: 3, requested: { _tag: 'Records', did: OWNER } }, at(13)),
      { _tag: 'RecordsRead', at: at(14), collection: MEMBER, did: OWNER, next: null, number: 4, records: [] }
    ]
  ]
}

const ALL_STORIES = [
  ...Object.entries(STORIES).map(([story, events]) => [story, running(), events] as const),
  ...Object.entries(LATER_STORIES).map(([story, [given, events]]) => [story, given, events] as const)
]

describe('answers under numbers that are still to come', () => {
  test.each(ALL_STORIES)('%s: they are answers to what is open', (_, given, events) => {
    for (const by of [0, 1, 5, 1_000]) {
      const before = folded(EMPTY, given)
      let numbers = Numbers.NONE_RENUMBERED
      let [then, now] = [before, before]
      for (const [i, event] of events.map(eventOf).entries()) {
        then = step(then, event)[0]
        const [known, meant] = Numbers.renumber(numbers, now, later(event, by))
        numbers = known
        now = step(now, meant)[0]
        expect([i, written(now)]).toEqual([i, written(then)])
      }
      expect(written(then)).not.toBe(written(before))
    }
  })
})

// ---------------------------------------------------------------------------------------- one journal

/** A push that is built, and then another. */
const FIRST = [comes(trigger(), at(20)), filesRead([workflow()], at(21)), says('BuildAccepted', 3, at(22)), reports('success', at(23))]
const SECOND = (from: number) => [
  comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(30), { rkey: OTHER }),
  filesRead([workflow()], at(31), { number: from, rkey: OTHER }),
  says('BuildAccepted', from + 2, at(32), name('ci.yml', OTHER)),
  reports('running', at(33), { build: name('ci.yml', OTHER) })
]
const JOURNAL: ReadonlyArray<ReadonlyArray<Event>> = [running(), FIRST, SECOND(5).slice(0, 2), SECOND(5).slice(2)].map((batch) => batch.map(eventOf))

const place = (seq: number, index: number) => {
  const event = JOURNAL[seq - 1]?.[index]
  if (event === undefined) throw new Error('there is no such event')
  return { about: aboutOf(event), index, of: event._tag, seq }
}

/** The state without what was counted of reports. */
const uncounted = (state: State): string => written({ ...state, counters: EMPTY.counters })

const passedIn = ({ counters }: State): number => M.toEntries(counters.reports).find(([kind]) => kind === 'PassedOver')?.[1] ?? 0

/** What is to come of the journal, by what is passed over in it. */
const OUTCOMES: ReadonlyArray<readonly [string, ReturnType<typeof place>, ReadonlyArray<Happening>]> = [
  ['a trigger', place(2, 0), [...running(), comes('passed over by the operator', at(20)), ...SECOND(1)]],
  ['workflow files', place(2, 1), [...running(), comes(trigger(), at(20)), filesRead([], at(21)), ...SECOND(2)]]
]

describe('folding a journal without one of its events', () => {
  test.each(OUTCOMES)('%s: what is folded is a plain fold, and what comes after it goes on as it was', async (_, passing, happenings) => {
    const fold = folding(EMPTY, passing)
    const events: Array<Event> = []
    for (const [i, batch] of JOURNAL.entries()) events.push(...(await fold.take({ events: batch, isFormer: false, seq: i + 1 })))
    expect(fold.hasPassed()).toBe(true)
    expect(uncounted(fold.state())).toBe(uncounted(folded(EMPTY, happenings)))
    expect(passedIn(fold.state())).toBe(1)
    expect(written(events.reduce((state, event) => step(state, event)[0], EMPTY))).toBe(written(fold.state()))
  })

  test.each([
    ['another batch', { ...place(2, 0), seq: 3 }],
    ['another place', { ...place(2, 0), index: 1 }],
    ['another kind', { ...place(2, 0), of: 'WorkflowsRead' }],
    ['another of its kind', { ...place(2, 0), about: 'x' }],
    ['a start', place(1, 1)]
  ])('%s: nothing is passed over', async (_, passing) => {
    const fold = folding(EMPTY, passing)
    for (const [i, batch] of JOURNAL.entries()) await fold.take({ events: batch, isFormer: false, seq: i + 1 })
    expect(fold.hasPassed()).toBe(false)
    expect(written(fold.state())).toBe(written(JOURNAL.flat().reduce((state, event) => step(state, event)[0], EMPTY)))
  })

  test('each event whose step may take long is reported with its place before the step', async () => {
    const told: Array<unknown> = []
    const fold = folding(EMPTY, null, (event, { index, seq }) => Promise.resolve(void told.push({ about: aboutOf(event), index, of: event._tag, seq })))
    for (const [i, batch] of JOURNAL.entries()) await fold.take({ events: batch, isFormer: false, seq: i + 1 })
    expect(told).toEqual([place(1, 1), place(2, 0), place(2, 1), place(3, 0), place(3, 1)])
  })
})

// ---------------------------------------------------------------------------------------- a store

const rebooted: Processes = { isGone: () => Promise.resolve(true), self: () => Promise.resolve({ hostname: 'host', pid: 1, startedAt: null }) }

const right = <A>(result: E.Either<StoreError, A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left._tag} ${result.left.path}: ${result.left.message}`)
  return result.right
}

const openOn = async (disk: Disk, folder = FOLDER, onReport: (message: string) => void = () => undefined): Promise<Store> =>
  right(await openStore({ disk, folder, initial: () => EMPTY, onReport, ...(folder === FOLDER ? { processes: rebooted } : {}) })())

const [, PASSING, WITHOUT] = OUTCOMES[0] ?? []
if (PASSING === undefined || WITHOUT === undefined) throw new Error('there are outcomes')
const EXPECTED = uncounted(folded(EMPTY, WITHOUT))
/** The same after a start. */
const STARTED = step(folded(EMPTY, WITHOUT), eventOf(started(at(50), building())))[0]
const EVENT = `${PASSING.of} ${PASSING.about}`

/** A store with the journal, after which its process was killed, and then the decision about one of its events. */
const decided = async (disk: Disk, folder = FOLDER, { index, seq, ...noted } = PASSING): Promise<void> => {
  const store = await openOn(disk, folder)
  for (const batch of JOURNAL) right(await store.append(batch)())
  right(await store.close()())
  await writeHung(disk, folder, { ...noted, isPassedOver: true, journal: { index, seq } })
}

/** Whoever opens it finds the state without the event, once, and goes on from there. */
const checkOutcome = async (disk: Disk, folder = FOLDER): Promise<void> => {
  for (const n of [1, 2, 3]) {
    const store = await openOn(disk, folder)
    expect([n, uncounted(store.state), passedIn(store.state)]).toEqual([n, n === 1 ? EXPECTED : uncounted(STARTED), 1])
    expect(await readHung(disk, folder)).toBeNull()
    if (n === 1) right(await store.append([eventOf(started(at(50), building()))])())
    right(await store.close()())
    const { state } = right(await readStore(folder, disk)())
    expect(uncounted(state)).toBe(uncounted(STARTED))
  }
}

describe('STORE-6: a store in whose journal an event is to be passed over', () => {
  test('a reader of a store does without the event that was passed over, before the next start and after it, and a replay is a plain fold', async () => {
    const disk = simulatedDisk({ seed: 1 })
    await decided(disk)
    expect(uncounted(right(await readStore(FOLDER, disk)()).state)).toBe(EXPECTED)
    const journal = [...disk.now().keys()].find((name) => name.startsWith('journal-'))
    const { events, start } = right(await readReplay(join(FOLDER, journal ?? ''), disk)())
    expect(start).not.toBeNull()
    expect(uncounted(events.reduce((state, event) => step(state, event)[0], start ?? EMPTY))).toBe(EXPECTED)
    expect(events.filter(({ _tag }) => _tag === 'PassedOver')).toHaveLength(1)
    const told: Array<string> = []
    const store = await openOn(disk, FOLDER, (message) => told.push(message))
    expect(told).toContain(`"${EVENT}" from batch 2 of the journal was passed over, as requested`)
    expect([uncounted(store.state), passedIn(store.state), store.journalBytes()]).toEqual([EXPECTED, 1, 0])
    expect(await lastHung(disk, FOLDER)).toBeNull()
    right(await store.close()())
  })

  test('nothing is passed over in a journal that does not hold the event: that is said, and the decision goes', async () => {
    const disk = simulatedDisk({ seed: 1 })
    await decided(disk, FOLDER, { ...PASSING, seq: 4 })
    const told: Array<string> = []
    const store = await openOn(disk, FOLDER, (message) => told.push(message))
    expect(told).toContain(`nothing was passed over: "${EVENT}" is not in batch 4 of the journal`)
    expect(passedIn(store.state)).toBe(0)
    expect(await readHung(disk, FOLDER)).toBeNull()
    right(await store.close()())
  })

  test('an event is passed over once, whenever the power goes', async () => {
    const from = simulatedDisk({ seed: 1 })
    await decided(from)
    const images = [from.now()]
    const disk = simulatedDisk({ before: () => (images.push(...disk.images()), null), from: from.now(), seed: 2 })
    right(await (await openOn(disk)).close()())
    images.push(...disk.images())
    expect(images.length).toBeGreaterThan(50)
    const seen = new Set<string>()
    for (const image of images) {
      const key = canonical([...image].map(([file, contents]) => [file, contents.toString('latin1')]).sort())
      if (seen.has(key)) continue
      seen.add(key)
      const store = await openOn(simulatedDisk({ from: image, seed: 3 }))
      expect([uncounted(store.state), passedIn(store.state)]).toEqual([EXPECTED, 1])
    }
    await checkOutcome(simulatedDisk({ from: from.now(), seed: 4 }))
  })

  test('a decision about an event that came only later is durable at once when the event is passed over', async () => {
    const disk = simulatedDisk({ seed: 1 })
    right(await (await openOn(disk)).close()())
    await writeHung(disk, FOLDER, { about: PASSING.about, isPassedOver: true, journal: null, of: PASSING.of })
    const { steps } = await openOn(disk)
    expect(steps?.wanted).toEqual({ about: PASSING.about, of: PASSING.of })
    await steps?.passed()
    for (const image of disk.images()) expect(await readHung(simulatedDisk({ from: image, seed: 2 }), FOLDER)).toBeNull()
  })

  test('an event is passed over once, also after kill -9 of a real process before any change that it makes to the disk', () =>
    inFolder(async (folder) => {
      const original = join(folder, 'original')
      await decided(systemDisk, original)
      const child = fileURLToPath(new URL('../../../dist/spec/shell/support/store-child.js', import.meta.url))
      const dies = async (n: number): Promise<boolean> => {
        const store = join(folder, String(n))
        await cp(original, store, { recursive: true })
        const opening: ChildProcess = spawn(process.execPath, [child, 'open', store, String(n)], { stdio: 'ignore' })
        await once(opening, 'close')
        if (opening.signalCode === null) expect(opening.exitCode).toBe(0)
        await checkOutcome(systemDisk, store)
        return opening.signalCode === 'SIGKILL'
      }
      let n = 1
      while (n < 200 && (await dies(n))) n += 1
      expect(n).toBeGreaterThan(12)
      // The last of them went through.
      expect(n).toBeLessThan(200)
    }))
})

test('the trigger that the tests pass over is the one that began the first run', () => {
  expect(M.keys(folded(BEFORE, FIRST).builds.runs)).toEqual([`${K1}/${KEY}`])
})

test('what is kept of a hung step is there whole, as it was or as it is, wherever the power goes', async () => {
  const [was, is] = [false, true].map((isPassedOver) => ({ about: 'knot.example 3mbd3542k2222', isPassedOver, journal: { index: 0, seq: 2 }, of: 'KnotReceived' }))
  if (was === undefined || is === undefined) throw new Error('nothing is kept')
  const first = simulatedDisk({ seed: 1 })
  await writeHung(first, FOLDER, was)
  const found = (from: ReadonlyMap<string, Buffer>) => readHung(simulatedDisk({ from, seed: 1 }), FOLDER)
  for (const image of first.images()) expect(await found(image)).toEqual(was)
  const images: Array<ReadonlyMap<string, Buffer>> = []
  const disk = simulatedDisk({
    before: () => {
      images.push(...disk.images())
      return null
    },
    from: first.now(),
    seed: 2
  })
  await writeHung(disk, FOLDER, is)
  expect(images.length).toBeGreaterThan(5)
  for (const image of images) expect([was, is]).toContainEqual(await found(image))
  for (const image of disk.images()) expect(await found(image)).toEqual(is)
})
