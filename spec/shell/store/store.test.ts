/**
 * The store on real files, and on damaged ones: what it writes, what it reads back, and what it refuses (STORE).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import fs, { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  Builds,
  canonical,
  Commits,
  cursor,
  Did,
  type Event,
  Head,
  headOf,
  HostName,
  type Json,
  type Natural,
  OrderedMap,
  rejectFrame,
  StatusEntry,
  type TimeUs
} from '../../../core/index.js'
import {
  type Disk,
  openStore,
  readReplay,
  readsAsJournal,
  readStore,
  type Store,
  type StoreError
} from '../../../shell/store/index.js'
import { systemDisk } from '../../../shell/store/disk.js'
import { MIGRATIONS } from '../../../shell/store/migrations.js'
import { type Format, FORMAT, snapshots } from '../../../shell/store/snapshot.js'
import { ALICE, at, CONFIG, K2, must, OWNER } from '../../suite/examples/support.js'
import { type Image, randomOf, type SimulatedDisk, simulatedDisk } from '../support/disk.js'
import { eventually } from '../support/eventually.js'
import { after, batchesOf, lifeOf, lives, start, written } from '../support/store-events.js'
import { right, left, initial, contents, appendAll, closed, LIFE, BATCHES, STATES, LAST, JOURNAL, journalName, FOLDER, openOn, diskOf, imageOf, withFile, withoutFile, fileIn } from '../support/store-files.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tack-store-'))
})
afterAll(() => rm(root, { recursive: true }))

const newFolder = (): Promise<string> => mkdtemp(join(root, 'store-'))

const openIn = async (folder: string, onReport: (message: string) => void = () => undefined): Promise<Store> =>
  right(await openStore({ folder, initial, onReport })())

// ---------------------------------------------------------------------------------------- real files

describe('a store', () => {
  it('begins with the initial state', async () => {
    const folder = join(await newFolder(), 'deep', 'below')
    const store = await openIn(folder)
    expect(written(store.state)).toBe(written(start))
    expect(store.journalBytes()).toBe(0)
    expect((await readdir(folder)).sort()).toEqual([journalName(1), 'lock', 'state.json'])
    await closed(store)
    expect((await readdir(folder)).sort()).toEqual([journalName(1), 'state.json'])
  })

  it('returns what was saved: load ∘ save = id (STORE-1)', async () => {
    await fc.assert(
      fc.asyncProperty(lives, fc.integer(), fc.nat(40), async (life, seed, at) => {
        const folder = await newFolder()
        const batches = batchesOf(life, randomOf(seed))
        const cut = at % (batches.length + 1)

        const first = await openIn(folder)
        const halfway = await appendAll(first, batches.slice(0, cut))
        await closed(first)

        const second = await openIn(folder)
        expect(written(second.state)).toBe(written(halfway))
        right(await second.snapshot(halfway)())
        expect((await readdir(folder)).filter((name) => JOURNAL.test(name))).toEqual([journalName(cut + 1)])
        const state = await appendAll(second, batches.slice(cut))
        await closed(second)

        const third = await openIn(folder)
        expect(written(third.state)).toBe(written(state))
        right(await third.snapshot(state)())
        await closed(third)
        expect(written(right(await readStore(folder)()).state)).toBe(written(state))
        await rm(folder, { recursive: true })
      }),
      { numRuns: 20 }
    )
  })

  it('keeps its snapshot as one JSON document, an account, a row, a run, a status and a knot a line', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    await appendAll(store, BATCHES)
    right(await store.snapshot(LAST)())
    await closed(store)

    const text = await readFile(join(folder, 'state.json'), 'utf8')
    const accounts = OrderedMap.toEntries(LAST.commits.accounts).flatMap(([did, { collaborators, members, repos, ...fields }]) => [
      [did, fields],
      ...Object.entries({ collaborators, members, repos }).flatMap(([list, slots]) =>
        OrderedMap.toEntries<string, unknown>(slots).map((row) => [list, ...row])
      )
    ])
    const { backfill, builds, knots, ...head } = JSON.parse(JSON.stringify(Head.encode(headOf(LAST)))) as Record<'backfill' | 'builds' | 'knots', Record<string, ReadonlyArray<readonly [unknown, Record<string, unknown>]>>>
    const growing = [
      ...(builds['mistaken'] ?? []).map((key) => ['mistaken', key]),
      ...(backfill['accounts'] ?? []).map((entry) => ['readings', ...entry]),
      ...(builds['sources'] ?? []).flatMap(([knot, { spent, ...source }]) => [
        ['sources', knot, source],
        ...(spent as ReadonlyArray<ReadonlyArray<unknown>>).map((entry) => ['spent', ...entry])
      ]),
      ...(knots['subscriptions'] ?? []).map((entry) => ['subscriptions', ...entry]),
      ...(builds['tokens'] ?? []).map((entry) => ['tokens', ...entry])
    ]
    const runs = OrderedMap.toEntries(LAST.builds.runs).map((entry) => Builds.RunEntry.encode([...entry]))
    const statuses = OrderedMap.toEntries(LAST.builds.log).map(([, entry]) => StatusEntry.encode(entry))
    const content = text.slice(0, text.lastIndexOf(']'))
    const crc = crc32(content).toString(16).padStart(8, '0')
    expect([accounts, growing, runs, statuses].map(({ length }) => length > 1)).toEqual([true, true, true, true])
    expect(JSON.parse(text)).toEqual({
      accounts,
      crc,
      format: 'tack-state',
      growing,
      head: {
        ...head,
        backfill: { ...backfill, accounts: [] },
        builds: { ...builds, mistaken: [], sources: [], tokens: [] },
        knots: { ...knots, subscriptions: [] }
      },
      runs,
      seq: BATCHES.length,
      statuses,
      version: 8
    })
    const linesOf = (entries: ReadonlyArray<unknown>) =>
      entries.map((entry, i) => canonical(entry as Json) + (i === entries.length - 1 ? '' : ','))
    expect(text.split('\n').slice(1, -2)).toEqual([
      ...linesOf(growing),
      '],"accounts":[',
      ...linesOf(accounts),
      '],"runs":[',
      ...linesOf(runs),
      '],"statuses":[',
      ...linesOf(statuses)
    ])
    expect(text).toMatch(/^\{"format":"tack-state","version":8,"seq":\d+,"head":\{.*\},"growing":\[\n/)
    expect(text).toMatch(/\n\],"crc":"[0-9a-f]{8}"\}\n$/)
  })

  it('keeps its journal as one batch a line', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    await appendAll(store, BATCHES)
    const text = await readFile(join(folder, journalName(1)), 'utf8')
    expect(store.journalBytes()).toBe(Buffer.byteLength(text))
    expect(text.split('\n').slice(0, -1)).toEqual(
      BATCHES.map((events, i) => {
        const content = `{"version":8,"seq":${String(i + 1)},"events":${JSON.stringify(events)}`
        return `${content},"crc":"${crc32(content).toString(16).padStart(8, '0')}"}`
      })
    )
    right(await store.snapshot(LAST)())
    expect(store.journalBytes()).toBe(0)
    await closed(store)
    expect(await readFile(join(folder, journalName(BATCHES.length + 1)), 'utf8')).toBe('')
  })

  it('writes whole what takes three bytes a character', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    const detail = '漢'.repeat(2_000)
    const event = { ...rejectFrame({ at: 0 as TimeUs, connection: 0 as Natural }, 'json', ''), detail }
    right(await store.append([event])())
    await closed(store)
    const content = `{"version":8,"seq":1,"events":${JSON.stringify([event])}`
    expect(await readFile(join(folder, journalName(1)), 'utf8')).toBe(`${content},"crc":"${crc32(content).toString(16).padStart(8, '0')}"}\n`)
  })

  it('says how large its snapshot is: the one that it finds, and each that it writes', async () => {
    const folder = await newFolder()
    const size = async (): Promise<number> => (await readFile(join(folder, 'state.json'))).length
    const first = await openIn(folder)
    expect(first.snapshotBytes()).toBe(await size())
    await appendAll(first, BATCHES)
    right(await first.snapshot(LAST)())
    const written = await size()
    expect(first.snapshotBytes()).toBe(written)
    await closed(first)
    const second = await openIn(folder)
    expect(second.snapshotBytes()).toBe(written)
    right(await second.rescue(LAST)())
    expect(second.snapshotBytes()).toBe(await size())
    await closed(second)
  })

  it('counts the journal that it finds', async () => {
    const folder = await newFolder()
    const first = await openIn(folder)
    await appendAll(first, BATCHES)
    const bytes = first.journalBytes()
    await closed(first)
    const second = await openIn(folder)
    expect(second.journalBytes()).toBe(bytes)
    await closed(second)
  })

  it('writes batches in the order of the calls, even when nobody waits', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    const results = await Promise.all(BATCHES.map((batch) => store.append(batch)()))
    expect(results.every(E.isRight)).toBe(true)
    await closed(store)
    expect(contents(right(await readStore(folder)()))).toEqual({ seq: BATCHES.length, state: written(LAST) })
  })

  it('waits for pending writes when it is closed, and accepts nothing more', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    const appended = store.append(BATCHES[0] ?? [])()
    const saved = store.snapshot(STATES[1] ?? start)()
    const late = store.append(BATCHES[1] ?? [])()
    let isSettled = false
    void Promise.all([appended, saved, late]).then(() => (isSettled = true))
    await closed(store)
    expect(isSettled).toBe(true)
    expect([await appended, await saved, await late].map(E.isRight)).toEqual([true, true, true])
    expect(left(await store.append([])()).message).toContain('closed')
    expect(left(await store.snapshot(start)()).message).toContain('closed')
    expect(left(await store.rescue(start)()).message).toContain('closed')
    await closed(store)
    const again = await openIn(folder)
    expect(written(again.state)).toBe(written(STATES[2] ?? start))
    await closed(again)
  })

  it('removes what was left unfinished, and nothing else', async () => {
    const folder = await newFolder()
    await closed(await openIn(folder))
    const mine = ['state.json.new', 'lock.new-0', 'lock.claim-0']
    const others = ['notes.txt', 'state.json.bak', 'journal-1.jsonl']
    for (const name of [...mine, ...others]) await writeFile(join(folder, name), 'x')
    await closed(await openIn(folder))
    expect((await readdir(folder)).sort()).toEqual([...others, journalName(1), 'state.json'].sort())
  })
})

// ---------------------------------------------------------------------------------------- simulated files

/** The contents with the checksum that belongs to them. */
const sealed = (text: string): string => {
  const content = text.slice(0, text.lastIndexOf(']'))
  return `${content}],"crc":"${crc32(content).toString(16).padStart(8, '0')}"}\n`
}

/** A line of a journal, with the checksum that belongs to it. */
const numbered = (version: number | null, seq: number, events: ReadonlyArray<unknown>): string => {
  const content = `{${version === null ? '' : `"version":${String(version)},`}"seq":${String(seq)},"events":${JSON.stringify(events)}`
  return `${content},"crc":"${crc32(content).toString(16).padStart(8, '0')}"}\n`
}

const sameFiles = (a: Image, b: Image): boolean =>
  a.size === b.size && [...a].every(([name, contents]) => b.get(name)?.equals(contents) === true)

/** Opens the store on the image; if it refuses, nothing may have changed. */
const outcome = async (image: Image) => {
  const disk = diskOf(image)
  const reports: Array<string> = []
  const opened = await openOn(disk, (message) => reports.push(message))
  if (E.isRight(opened)) {
    await closed(opened.right)
    return { reports, state: written(opened.right.state) }
  }
  if (opened.left._tag !== 'Refused' || !sameFiles(disk.now(), image)) expect.fail(`${opened.left._tag}: ${opened.left.message}`)
  return opened.left
}

const refusal = async (image: Image): Promise<StoreError> => {
  const result = await outcome(image)
  return '_tag' in result ? result : expect.fail('it was taken')
}

const flipped = (bytes: Buffer, i: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[i] = (copy[i] ?? 0) ^ (1 << (i % 8))
  return copy
}

const EDGE = 3
const STRIDE = 13

/**
 * Where files of lines are cut and changed: everywhere near the edges of lines, where what is read becomes something else, and now and then
 * between them, where only the checksum stands against it. The stride has no factor in common with the bits of a byte, each of which is flipped.
 */
const placesIn = (bytes: Buffer): ReadonlyArray<number> =>
  [...bytes.keys()].filter((i) => i % STRIDE === 0 || i >= bytes.length - EDGE || bytes.subarray(Math.max(0, i - EDGE), i + EDGE).includes(10))

describe('STORE-4: any bytes as a state file give a valid state or a refusal', () => {
  it('prefixes, and flips of bytes', async () => {
    const image = await imageOf(5, BATCHES.slice(0, 5))
    const { builds, commits } = STATES[5] ?? start
    expect([commits.accounts, builds.runs, builds.log].map((map) => OrderedMap.isEmpty<string, unknown>(map))).toEqual([false, false, false])
    const bytes = fileIn(image, 'state.json')
    for (const i of placesIn(bytes)) {
      await refusal(withFile(image, 'state.json', bytes.subarray(0, i)))
      await refusal(withFile(image, 'state.json', flipped(bytes, i)))
    }
    expect(await outcome(image)).toEqual({ reports: [], state: written(STATES[5] ?? start) })
  })

  it.each([
    '',
    'null',
    '0',
    'false',
    '""',
    '[]',
    '{}',
    '{"posts":[]}\n',
    '\ufeff{"format":"tack-state","version":8,',
    '\u0000\u0000',
    'PK\u0003\u0004'
  ])('a foreign file: %j', async (text) => {
    const { message, path } = await refusal(withFile(await imageOf(2), 'state.json', text))
    expect(path).toBe('/store/state.json')
    expect(message).toMatch(/Nothing was changed\. Restore a backup of the whole folder, or move the folder away/)
  })

  it('a newer version: both are named', async () => {
    const image = await imageOf(3)
    const text = fileIn(image, 'state.json').toString()
    expect((await refusal(withFile(image, 'state.json', sealed(text.replace('"version":8', '"version":12'))))).message).toMatch(
      /line 1: it has version 12, and this tack reads versions up to 8/
    )
    expect((await refusal(withFile(image, 'state.json', sealed(text.replace('"version":8', '"version":0'))))).message).toMatch(
      /version 0/
    )
  })

  it('something that never was a state: line and place are named', async () => {
    const image = await imageOf(BATCHES.length)
    const text = fileIn(image, 'state.json').toString()
    const lines = text.split('\n')
    const [first = 0, second = 0, third = 0] = lines.flatMap((line, i) => (line.startsWith('["did:') || line.startsWith('],"runs"') ? [i] : []))
    const apart = (some: ReadonlyArray<string>): ReadonlyArray<string> => some.map((line) => `${line},`.replace(/,,$/, ','))
    const swapped = [...lines.slice(0, first), ...apart(lines.slice(second, third)), ...lines.slice(first, second), ...lines.slice(third)]
      .join('\n')
      .replace(/,(\n\],"runs")/, '$1')
    const line = (at: number, what: string): RegExp => new RegExp(`^line ${String(at + 1)}: ${what}`)
    const cases: ReadonlyArray<readonly [string, RegExp]> = [
      [text.replace('"active":true', '"active":"yes"'), line(first, 'at .*active: expected boolean, found "yes"')],
      [text.replace('\n["sources",', '\n["source",'), line(1, 'not a row of the head')],
      [text.replace('\n["sources","', '\n["sources",7,"'), line(1, 'not a row of the head')],
      [text.replace(/\n\["sources",[^\n]*/, '\n["spent","3mbd3542k2222",null],'), line(1, 'a spent key before any source')],
      [text.replace(/\n\["sources",[^\n]*/, '\n["spent","3mbd3542k2222",7],'), line(1, 'at .*expected ')],
      [text.replace('"pipelines":', '"spent":[],"pipelines":'), line(1, 'not a source without its spent keys')],
      [text.replace(/"leaving":[^]*?"pipelines"/, '"pipelines"'), line(1, 'at leaving')],
      [text.replace('"mistaken":[]', '"mistaken":["x"]'), /^at head.builds.mistaken: what grows has lines of its own/],
      [text.replace(/"isStopped":(?:true|false)/, '"isStopped":0'), /isStopped: expected boolean, found 0/],
      [text.replace('"seq":', '"seq":-'), /^line 1: at seq: /],
      [text.replace('\n["did:', '\n["di:'), line(first, '')],
      [text.replace('\n["did:', '\n[ did:'), line(first, 'it is not JSON')],
      [second > 0 ? swapped : '', /not in ascending order/],
      [[...lines.slice(0, first), ...lines.slice(first + 1)].join('\n'), line(first, 'a row without its account')],
      [text.replace('\n["repos",', '\n["repo",'), /^line \d+: neither an account nor a row/],
      [text.replace('\n["repos","', '\n["repos",7,"'), /^line \d+: neither an account nor a row/],
      [text.replace('"active":true', '"active":true,"repos":[]'), line(first, 'rows in the line of their account')],
      [text.replace('\n],"accounts":[\n', '\n],"runs":[\n'), /the checksum is not/],
      // A list under another name, one twice, and one that is missing.
      [text.replace('\n],"runs":[\n', '\n],"rums":[\n'), /the checksum is not/],
      [text.replace('\n],"runs":[\n', '\n],"statuses":[\n'), /the checksum is not/],
      [text.replace('\n],"statuses":[\n', '\n],"runs":[\n'), /the checksum is not/],
      [text.replace(/\n\],"runs":\[\n[^]*\n\],"statuses":\[\n/, '\n],"statuses":[\n'), /the checksum is not/],
      [text.replace(/\n\],"statuses":\[\n[^]*\n\],"crc"/, '\n],"crc"'), /the checksum is not/],
      [text.replace('"status":"', '"status":"un'), /status: expected/],
      [text.replace(/\],"statuses":\[\n([^\n]*),\n([^\n]*),\n/, '],"statuses":[\n$2,\n$1,\n'), /the statuses are not in the order of their stamps/],
      [text.replace(/"lastUs":\d+/, '"lastUs":1'), /a status is later than the last/]
    ]
    for (const [changed, message] of cases) {
      expect([message, changed]).not.toEqual([message, text])
      expect((await refusal(withFile(image, 'state.json', sealed(changed)))).message).toMatch(message)
    }
    expect((await refusal(withFile(image, 'state.json', `${text}\n`))).message).toMatch(/more after the end/)
  })

  it('an older version, migrated step by step', async () => {
    const image = await imageOf(3)
    const disk = diskOf(
      withFile(
        image,
        'state.json',
        sealed(fileIn(image, 'state.json').toString().replace('"version":8', '"version":0').replaceAll('"active"', '"alive"'))
      )
    )
    const renamed = (json: unknown): unknown => JSON.parse(JSON.stringify(json).replaceAll('"alive"', '"active"'))
    const adapter = snapshots(disk, FOLDER, {
      migrations: {
        0: (document) => ({ ...document, accounts: document.accounts.map(renamed) }),
        1: (document) => document,
        2: (document) => document,
        3: (document) => document
      },
      version: 8
    })
    const snapshot = await adapter.read()
    if (snapshot === null) return expect.fail('it is missing')
    expect(snapshot.version).toBe(0)
    expect(contents(snapshot)).toEqual({ seq: 3, state: written(STATES[3] ?? start) })
    await adapter.write(snapshot)
    expect(disk.now().get('state.json')).toEqual(fileIn(image, 'state.json'))
  })
})

describe('a store of version 1', () => {
  const FIXTURE = new URL('../fixtures/store-v1/', import.meta.url)
  const image = async (): Promise<Image> =>
    new Map(
      await Promise.all((await readdir(FIXTURE)).map(async (name) => [name, await readFile(new URL(name, FIXTURE))] as const))
    )
  /** The state that it comes to: that version's, with what this one adds. */
  const arrived = async () => right(await readStore(FOLDER, diskOf(await image()))())

  it('is read: rows, stream and knots as they were, and nothing is built', async () => {
    const { seq, state } = await arrived()
    expect(seq).toBe(3)
    // The journal holds a start, at which whoever is not admitted goes: Bob, of whom there was a floor.
    expect(OrderedMap.keys(state.commits.accounts)).toEqual([ALICE, OWNER])
    expect(cursor(state)).toBe(at(64))
    expect(OrderedMap.keys(state.knots.subscriptions)).toEqual([K2])
    expect(state.counters.frames).toBe(8)
    expect([OrderedMap.size(state.builds.runs), OrderedMap.size(state.builds.log), OrderedMap.size(state.builds.sources)]).toEqual([0, 0, 0])
    // How much room there is for runs is said by the next start.
    const most = Number.MAX_SAFE_INTEGER
    expect(state.config).toMatchObject({ builds: { ...CONFIG.builds, keepUnits: most, owedUnits: most }, hosts: CONFIG.hosts, owner: OWNER })
  })

  it('knows the repositories by their DIDs', async () => {
    const { state } = await arrived()
    const claim = { did: must(Did.decode('did:plc:lib')), knot: null, name: null, owner: null }
    expect(Commits.entitlement(state, must(HostName.decode(K2)), claim, null)).toMatchObject({
      _tag: 'Entitled',
      repository: { did: 'did:plc:lib', name: 'lib', owner: ALICE, rkey: '__proto__' }
    })
  })

  it('ignores triggers from before the stream reached the snapshot, or five minutes before the start that came then', async () => {
    const { state } = await arrived()
    expect(OrderedMap.toEntries(state.knots.subscriptions).map(([, { since }]) => since)).toEqual([`${String(at(60) - 300_000_000)}000`])
  })

  it('has everybody that it knew read again once the next stream opens', async () => {
    const { state } = await arrived()
    expect(OrderedMap.toEntries(state.backfill.accounts).map(([did, { request }]) => [did, request.phase])).toEqual([
      [ALICE, 'Asked'],
      [OWNER, 'Asked']
    ])
    expect(state.config.backfill).toBe(true)
  })

  it('is written as version 8 before anything else, and then read as it was', async () => {
    const before = await arrived()
    const disk = diskOf(await image())
    const reports: Array<string> = []
    const store = right(await openOn(disk, (message) => reports.push(message)))
    expect(reports).toEqual(['store upgraded from version 1 to 8; older versions of tack cannot read it'])
    expect(store.journalBytes()).toBe(0)
    expect(written(store.state)).toBe(written(before.state))
    await closed(store)
    const text = disk.now().get('state.json')?.toString() ?? ''
    expect(text).toMatch(/^\{"format":"tack-state","version":8,"seq":3,/)
    expect(text).toMatch(/\n\],"runs":\[\n\n?\],"statuses":\[\n\n?\],"crc":"[0-9a-f]{8}"\}\n$/)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual(contents(before))
  })

  it('is refused when damaged, cut short or with a byte flipped', async () => {
    const whole = await image()
    const bytes = fileIn(whole, 'state.json')
    for (const i of placesIn(bytes)) {
      await refusal(withFile(whole, 'state.json', bytes.subarray(0, i)))
      await refusal(withFile(whole, 'state.json', flipped(bytes, i)))
    }
  })
})

describe('a store of another version', () => {
  /** A version to come, in which nothing has another shape. */
  const LATER: Format = { migrations: { ...MIGRATIONS, [FORMAT.version]: (document) => document }, version: FORMAT.version + 1 }
  const SENTENCE =
    /^line 1: an earlier tack wrote it after its last snapshot, for a store of version 8\. Nothing was changed\. Start that version once and stop it: /

  /** The same store after a stop, which leaves a snapshot of everything. */
  const stopped = (): Promise<Image> => imageOf(BATCHES.length)

  it('is read after a stop, and migrated before anything is appended', async () => {
    const disk = diskOf(await stopped())
    const store = right(await openOn(disk, undefined, LATER))
    expect(written(store.state)).toBe(written(LAST))
    expect(fileIn(disk.now(), 'state.json').toString()).toMatch(/^\{"format":"tack-state","version":9,/)
    right(await store.append(BATCHES[0] ?? [])())
    await closed(store)
    expect(fileIn(disk.now(), journalName(BATCHES.length + 1)).toString()).toMatch(/^\{"version":9,"seq":/)

    expect(contents(right(await readStore(FOLDER, disk, LATER)()))).toEqual({
      seq: BATCHES.length + 1,
      state: written(after(LAST, BATCHES[0] ?? []))
    })
    // There is no way back.
    expect((await refusal(disk.now())).message).toMatch(/it has version 9, and this tack reads versions up to 8: use a newer one/)
  })

  it('is refused with what to do, and not changed, when its journal goes on after the snapshot', async () => {
    const image = await imageOf(2)
    const disk = diskOf(image)
    const errors = [
      left(await openOn(disk, undefined, LATER)),
      left(await readStore(FOLDER, disk, LATER)()),
      left(await readReplay(`/store/${journalName(3)}`, disk, LATER)())
    ]
    for (const { _tag, message, path } of errors)
      expect([_tag, path, message]).toEqual(['Refused', `/store/${journalName(3)}`, expect.stringMatching(SENTENCE)])
    expect(sameFiles(disk.now(), image)).toBe(true)

    // What the sentence asks for.
    const store = right(await openOn(disk))
    right(await store.snapshot(store.state)())
    await closed(store)
    const later = right(await openOn(disk, undefined, LATER))
    expect(written(later.state)).toBe(written(LAST))
    await closed(later)
  })

  it('has the journal ignored that the snapshot includes', async () => {
    const image = await stopped()
    const lines = [numbered(8, BATCHES.length - 1, [{ _tag: 'Forgotten' }]), numbered(null, BATCHES.length, [{ _tag: 'Forgotten' }])]
    const included = withFile(withoutFile(image, journalName(BATCHES.length + 1)), journalName(BATCHES.length - 1), lines.join(''))
    const store = right(await openOn(diskOf(included), undefined, LATER))
    expect(written(store.state)).toBe(written(LAST))
    await closed(store)
  })

  it('may be in pieces: a journal of another version than its snapshot is folded only if it is today’s', async () => {
    const image = await stopped()
    const going = (line: string): Image => withFile(image, journalName(BATCHES.length + 1), line)
    const next = BATCHES.length + 1
    expect((await refusal(going(numbered(null, next, [])))).message).toMatch(/^line 1: it has no version number, and the snapshot before it has version 8/)
    expect((await refusal(going(numbered(2, next, [])))).message).toMatch(/^line 1: an earlier tack wrote it after its last snapshot, for a store of version 2/)
    expect((await refusal(going(numbered(9, next, [])))).message).toMatch(/^line 1: it has version 9, and this tack reads versions up to 8/)
    // A copy that was made while a new version started may have the snapshot from before.
    const store = right(await openOn(diskOf(going(numbered(9, next, BATCHES[0] ?? []))), undefined, LATER))
    expect(written(store.state)).toBe(written(after(LAST, BATCHES[0] ?? [])))
    await closed(store)
  })

  it('stays as it is where the new snapshot cannot be written, and opens once it can', async () => {
    let isFull = false
    const image = await stopped()
    const disk = simulatedDisk({ before: () => (isFull ? 'ENOSPC' : null), from: image, seed: 1 })
    const full: Disk = { ...disk, open: (path, mode) => ((isFull = path.endsWith('.new') || isFull), disk.open(path, mode)) }
    expect(left(await openOn(full, undefined, LATER))).toMatchObject({ _tag: 'Failed', message: 'ENOSPC: simulated' })
    isFull = false
    expect(disk.now().get('state.json')).toEqual(fileIn(image, 'state.json'))
    await disk.remove('/store/lock')
    await closed(right(await openOn(disk, undefined, LATER)))
  })
})

/** Events that make `n` rows, half of them in one account. A few thousand are more than is read at a time. */
const crowd = (n: number): ReadonlyArray<Event> => {
  const [commit] = lifeOf(1, 40).filter((event) => event._tag === 'CommitReceived' && event.record !== null)
  return Array.from(
    { length: n },
    (_, i): Event =>
      ({
        ...(commit ?? expect.fail()),
        did: `did:plc:${i % 2 === 0 ? 'many' : String(i)}`,
        rkey: String(i),
        connection: 0
      }) as Event
  )
}

describe('STORE-4: a damaged journal', () => {
  it('keeps the whole batches of each prefix', async () => {
    const image = await imageOf(2, BATCHES.slice(0, 5))
    const bytes = fileIn(image, journalName(3))
    for (const i of [...placesIn(bytes), bytes.length]) {
      const prefix = bytes.subarray(0, i)
      const whole = prefix.toString('latin1').split('\n').length - 1
      const isTorn = i > 0 && prefix[i - 1] !== 10
      const result = await outcome(withFile(image, journalName(3), prefix))
      expect(result).toEqual({
        reports: isTorn ? [expect.stringMatching(`line ${String(whole + 1)} was truncated`)] : [],
        state: written(STATES[2 + whole] ?? start)
      })
    }
  })

  it('a damaged journal with a byte flipped loses the last line, or is refused when the flip is anywhere else', async () => {
    const image = await imageOf(2, BATCHES.slice(0, 5))
    const bytes = fileIn(image, journalName(3))
    const lastLine = bytes.lastIndexOf('\n', bytes.length - 2) + 1
    for (const i of placesIn(bytes)) {
      const changed = flipped(bytes, i)
      const result = await outcome(withFile(image, journalName(3), changed))
      const isSplit = changed[i] === 10
      if (i < lastLine || isSplit)
        expect([i, result]).toEqual([i, expect.objectContaining({ _tag: 'Refused', path: `/store/${journalName(3)}` })])
      else
        expect([i, result]).toEqual([
          i,
          { reports: [expect.stringContaining('line 3 was truncated')], state: written(STATES[4] ?? start) }
        ])
    }
  })

  it('can have only one torn line: two invalid ones are refused', async () => {
    const image = await imageOf(2, BATCHES.slice(0, 4))
    const bytes = fileIn(image, journalName(3))
    const changed = Buffer.concat([bytes.subarray(0, -20), Buffer.from('\n'), bytes.subarray(-20)])
    expect((await refusal(withFile(image, journalName(3), changed))).message).toMatch(/^line 2: its checksum/)
  })

  it('has a torn tail cut for good, and what comes next is written in its place', async () => {
    const image = await imageOf(2, BATCHES.slice(0, 5))
    const bytes = fileIn(image, journalName(3))
    const disk = diskOf(withFile(image, journalName(3), bytes.subarray(0, -9)))
    const store = right(await openOn(disk))
    right(await store.append(BATCHES[4] ?? [])())
    await closed(store)
    expect(disk.now().get(journalName(3))?.length).toBe(bytes.lastIndexOf('\n', bytes.length - 2) + 1)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 5, state: written(STATES[5] ?? start) })
  })

  it('has a torn tail cut for good, wherever the power goes after that', async () => {
    const image = await imageOf(2, BATCHES.slice(0, 5))
    const torn = withFile(image, journalName(3), fileIn(image, journalName(3)).subarray(0, -9))
    const disk = diskOf(torn)
    const store = right(await openOn(disk))
    right(await store.append(BATCHES[4] ?? [])())
    for (const left of disk.images())
      expect(contents(right(await readStore(FOLDER, diskOf(left))()))).toEqual({ seq: 5, state: written(STATES[5] ?? start) })
  })

  it('has a torn tail cut where it begins, even far into a file', async () => {
    const image = await imageOf(0, [crowd(5_000), ...BATCHES.slice(0, 2)])
    const bytes = fileIn(image, journalName(1))
    const disk = diskOf(withFile(image, journalName(1), bytes.subarray(0, -9)))
    await closed(right(await openOn(disk)))
    expect(
      disk
        .now()
        .get(journalName(1))
        ?.equals(bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1))
    ).toBe(true)
  })

  it('is never cut where it is valid and cannot be understood', async () => {
    const image = await imageOf(2)
    const line = numbered(8, BATCHES.length + 1, [{ _tag: 'Invented', at: 1 }])
    const changed = withFile(image, journalName(3), Buffer.concat([fileIn(image, journalName(3)), Buffer.from(line)]))
    expect((await refusal(changed)).message).toMatch(new RegExp(`^line ${String(BATCHES.length - 1)}: at events\\.0`))
  })

  it('is refused with a line that is doubled, or out of order', async () => {
    const image = await imageOf(2)
    const lines = fileIn(image, journalName(3))
      .toString()
      .split(/(?<=\n)/)
    const twice = [...lines.slice(0, 2), ...lines.slice(1)].join('')
    expect((await refusal(withFile(image, journalName(3), twice))).message).toMatch(
      /^line 3: it is batch 4, but batch 5 has to come next/
    )
  })

  it('is ignored and removed where the snapshot includes it', async () => {
    const image = await imageOf(2)
    const disk = diskOf(withFile(image, journalName(1), 'anything'))
    await closed(right(await openOn(disk)))
    expect([...disk.now().keys()]).not.toContain(journalName(1))
  })

  it('is refused with files missing or out of sequence', async () => {
    const whole = await imageOf(2)
    const lines = fileIn(whole, journalName(3))
      .toString()
      .split(/(?<=\n)/)
    const parts = withFile(withFile(whole, journalName(3), lines.slice(0, 2).join('')), journalName(5), lines.slice(2).join(''))
    expect(await outcome(parts)).toEqual({ reports: [], state: written(LAST) })

    expect((await refusal(withoutFile(parts, journalName(3)))).message).toMatch(
      /begins with batch 5, but batch 3 has to come next/
    )
    expect((await refusal(withoutFile(parts, 'state.json'))).message).toMatch(/^it is missing/)
    const torn = withFile(parts, journalName(3), lines.slice(0, 2).join('').slice(0, -5))
    const { message, path } = await refusal(torn)
    expect([message, path]).toEqual([expect.stringMatching(/^line 2: it ends in the middle/), `/store/${journalName(3)}`])
    const gap = withFile(parts, journalName(5), lines.slice(3).join(''))
    expect((await refusal(gap)).message).toMatch(/^line 1: it is batch 6, but batch 5 has to come next/)
  })
})

// ---------------------------------------------------------------------------------------- beside appends, and after failures

describe('a snapshot', () => {
  it('is written in slices, while events go on being appended', async () => {
    const events = crowd(5_000)
    const full = after(start, events)
    const sizes: Array<number> = []
    const order: Array<string> = []
    const inner = diskOf(new Map())
    const disk: Disk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        return path.endsWith('.new') ? { ...file, append: (bytes) => (sizes.push(bytes.length), file.append(bytes)) } : file
      }
    }
    const store = right(await openOn(disk))
    right(await store.append(events)())
    const saved = store
      .snapshot(full)()
      .then((result) => (right(result), order.push('saved')))
    right(await store.append(BATCHES[0] ?? [])())
    order.push('appended')
    await saved
    expect(store.journalBytes()).toBe(inner.now().get(journalName(2))?.length)
    await closed(store)

    expect(order).toEqual(['appended', 'saved'])
    expect(sizes.length).toBeGreaterThan(10)
    expect(Math.max(...sizes)).toBeLessThan(70_000)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 2, state: written(after(full, BATCHES[0] ?? [])) })
  })

  it('ends soon when it is called off, leaves the one before it, and can be repeated', async () => {
    const events = crowd(5_000)
    const full = after(start, events)
    const inner = diskOf(new Map())
    const off = new AbortController()
    let appends = 0
    const disk: Disk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        const append = (bytes: Uint8Array): Promise<void> => {
          appends += 1
          if (appends === 2) off.abort()
          return file.append(bytes)
        }
        return path.endsWith('.new') ? { ...file, append } : file
      }
    }
    const store = right(await openOn(inner))
    right(await store.append(events)())
    await closed(store)
    const again = right(await openOn(disk))
    expect(left(await again.snapshot(full, off.signal)()).message).toBe('it was called off')
    expect(appends).toBe(2)
    expect([...inner.now().keys()].sort()).toEqual([journalName(1), journalName(2), 'lock', 'state.json'])
    expect(contents(right(await readStore(FOLDER, inner)()))).toEqual({ seq: 1, state: written(full) })
    right(await again.snapshot(full)())
    expect(again.journalBytes()).toBe(0)
    await closed(again)
    expect(contents(right(await readStore(FOLDER, inner)()))).toEqual({ seq: 1, state: written(full) })
  })

  it('costs nothing when it fails: the journal goes on, and the next one is made', async () => {
    let isFull = false
    const disk: SimulatedDisk = simulatedDisk({ before: () => (isFull ? 'ENOSPC' : null), seed: 1 })
    const failing: Disk = {
      ...disk,
      rename: async (from, to) => {
        isFull = true
        await disk.rename(from, to).finally(() => (isFull = false))
      }
    }
    const first = right(await openOn(disk))
    await closed(first)
    const store = right(await openOn(failing))
    right(await store.append(BATCHES[0] ?? [])())
    const bytes = store.journalBytes()
    expect(left(await store.snapshot(STATES[1] ?? start)())).toEqual({
      _tag: 'Failed',
      message: 'ENOSPC: simulated',
      path: FOLDER
    })
    expect(store.journalBytes()).toBe(bytes)
    expect([...disk.now().keys()]).not.toContain('state.json.new')
    right(await store.append(BATCHES[1] ?? [])())
    await closed(store)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 2, state: written(STATES[2] ?? start) })
  })
})

describe('a failed append', () => {
  it('closes the journal until a rescue has worked', async () => {
    let isFull = false
    const disk = simulatedDisk({ before: () => (isFull ? 'ENOSPC' : null), seed: 3 })
    const store = right(await openOn(disk))
    right(await store.append(BATCHES[0] ?? [])())
    isFull = true
    expect(left(await store.append(BATCHES[1] ?? [])())).toEqual({ _tag: 'Failed', message: 'ENOSPC: simulated', path: FOLDER })
    expect(left(await store.rescue(STATES[2] ?? start)())._tag).toBe('Failed')
    isFull = false
    for (const refused of [store.append(BATCHES[1] ?? []), store.snapshot(STATES[2] ?? start)])
      expect(left(await refused()).message).toMatch(/an earlier write failed/)
    right(await store.rescue(STATES[2] ?? start)())
    expect(store.journalBytes()).toBe(0)
    right(await store.append(BATCHES[2] ?? [])())
    await closed(store)
    expect([...disk.now().keys()].sort()).toEqual([journalName(3), 'state.json'])
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 3, state: written(STATES[3] ?? start) })
  })
})

describe('a snapshot that waits for another', () => {
  it('includes what came before it was asked for, and no more', async () => {
    let goOn = (): void => undefined
    const gate = new Promise<void>((resolve) => (goOn = resolve))
    const inner = simulatedDisk({ seed: 3 })
    let begun = 0
    const disk: Disk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        if (!path.endsWith('state.json.new')) return file
        begun += 1
        return { ...file, sync: () => (begun === 2 ? gate.then(file.sync) : file.sync()) }
      }
    }
    const store = right(await openOn(disk))
    right(await store.append(BATCHES[0] ?? [])())
    const first = store.snapshot(STATES[1] ?? start)()
    await eventually(() => expect(begun).toBe(2))
    right(await store.append(BATCHES[1] ?? [])())
    const second = store.snapshot(STATES[2] ?? start)()
    right(await store.append(BATCHES[2] ?? [])())
    const before = store.journalBytes()
    goOn()
    right(await first)
    right(await second)
    // The third batch is in the journal alone.
    expect(store.journalBytes()).toBeGreaterThan(0)
    expect(store.journalBytes()).toBeLessThan(before)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 3, state: written(STATES[3] ?? start) })
    await closed(store)
  })
})

describe('a rescue', () => {
  it('waits for the snapshot that is being written: the two have one name until they are complete', async () => {
    let isFull = false
    let goOn = (): void => undefined
    const gate = new Promise<void>((resolve) => (goOn = resolve))
    const inner = simulatedDisk({ before: () => (isFull ? 'ENOSPC' : null), seed: 3 })
    const begun: Array<string> = []
    const disk: Disk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        if (!path.endsWith('state.json.new')) return file
        begun.push(mode)
        return { ...file, sync: () => (begun.length === 2 ? gate.then(file.sync) : file.sync()) }
      }
    }
    const store = right(await openOn(disk))
    right(await store.append(BATCHES[0] ?? [])())
    const saving = store.snapshot(STATES[1] ?? start)()
    await eventually(() => expect(begun).toHaveLength(2))
    isFull = true
    left(await store.append(BATCHES[1] ?? [])())
    isFull = false
    const rescuing = store.rescue(STATES[2] ?? start)()
    for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate)
    expect(begun).toHaveLength(2)
    goOn()
    right(await saving)
    right(await rescuing)
    right(await store.append(BATCHES[2] ?? [])())
    await closed(store)
    expect(contents(right(await readStore(FOLDER, disk)()))).toEqual({ seq: 3, state: written(STATES[3] ?? start) })
  })
})

describe('files', () => {
  /** A disk that counts how many files are open on it. */
  const counting = (inner: Disk): { readonly disk: Disk; readonly opened: () => number } => {
    let opened = 0
    return {
      disk: {
        ...inner,
        open: async (path, mode) => {
          const file = await inner.open(path, mode)
          opened += 1
          return { ...file, close: () => ((opened -= 1), file.close()) }
        }
      },
      opened: () => opened
    }
  }

  it('are closed, whatever fails', async () => {
    for (let k = 0, operations = 1; k <= operations; k++) {
      const simulated: SimulatedDisk = simulatedDisk({ before: (n) => (n === k ? 'EIO' : null), seed: 1 })
      const { disk, opened } = counting(simulated)
      let store = await openOn(disk)
      if (E.isLeft(store)) {
        expect([k, opened()]).toEqual([k, 0])
        store = await openOn(disk)
      }
      const { append, close, rescue, snapshot } = right(store)
      await append(BATCHES[0] ?? [])()
      await snapshot(STATES[1] ?? start)()
      await append(BATCHES[1] ?? [])()
      await rescue(STATES[2] ?? start)()
      expect([k, opened()]).toEqual([k, 1])
      await close()()
      expect([k, opened()]).toEqual([k, 0])
      if (k === 0) operations = simulated.operations()
    }
  })

  it('do not keep the folder locked when one cannot be closed', async () => {
    const inner = diskOf(new Map())
    const disk: Disk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        return JOURNAL.test(path.replace('/store/', '')) ? { ...file, close: () => Promise.reject(new Error('EIO')) } : file
      }
    }
    const store = right(await openOn(disk))
    expect(left(await store.close()())).toMatchObject({ _tag: 'Failed', message: 'EIO' })
    expect([...inner.now().keys()].sort()).toEqual([journalName(1), 'state.json'])
  })

  it.runIf(process.platform === 'linux')('are all closed on a real disk, those of folders and of notes as well', async () => {
    const folder = await newFolder()
    const held = (): ReadonlyArray<string> =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => path.startsWith(folder))
        } catch {
          return []
        }
      })
    const store = await openIn(folder)
    await store.steps?.begin([{ _tag: 'StopRequested', at: at(0) } as Event])
    right(await store.append(BATCHES[0] ?? [])())
    right(await store.snapshot(STATES[1] ?? start)())
    expect(held().map((path) => path.slice(folder.length + 1)).sort()).toEqual([journalName(2), 'step.jsonl'])
    await closed(store)
    expect(held()).toEqual([])
  })

  it('have a note at once, and one that is to be new is not there yet', async () => {
    const path = join(await newFolder(), 'file')
    const file = await systemDisk.open(path, 'create')
    file.note(Buffer.from('noted'))
    expect(readFileSync(path, 'utf8')).toBe('noted')
    await file.close()
    await expect(systemDisk.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('have the names of new folders synced where they stand: in the folders that hold them', async () => {
    const folder = await newFolder()
    const opened: Array<string> = []
    const { open: real } = fs
    const spy = vi.spyOn(fs, 'open').mockImplementation((path, ...more) => {
      opened.push(String(path))
      return real(path, ...more)
    })
    try {
      syncBuiltinESMExports()
      await systemDisk.makeFolder(join(folder, 'a', 'b'))
    } finally {
      spy.mockRestore()
      syncBuiltinESMExports()
    }
    expect(opened.sort()).toEqual([folder, join(folder, 'a')])
  })

  it('are synced on request, as are the names of new folders', async () => {
    const folder = await newFolder()
    const handle = await open(folder)
    const prototype = Object.getPrototypeOf(handle) as typeof handle
    await handle.close()
    const [contents, names] = [vi.spyOn(prototype, 'datasync'), vi.spyOn(prototype, 'sync')]
    try {
      await systemDisk.makeFolder(join(folder, 'a', 'b'))
      expect(names).toHaveBeenCalledTimes(2)
      await systemDisk.makeFolder(join(folder, 'a', 'b'))
      await systemDisk.syncFolder(folder)
      expect(names).toHaveBeenCalledTimes(3)
      const file = await systemDisk.open(join(folder, 'file'), 'create')
      await file.sync()
      await file.close()
      expect([contents.mock.calls.length + names.mock.calls.length, names.mock.calls.length]).toEqual([4, 3])
    } finally {
      contents.mockRestore()
      names.mockRestore()
    }
  })
})

// ---------------------------------------------------------------------------------------- reading only

describe('reading a store in use', () => {
  it('needs no lock, and ignores a line that is being written', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    await appendAll(store, BATCHES)
    await writeFile(join(folder, journalName(1)), '{"seq":', { flag: 'a' })
    expect(contents(right(await readStore(folder)()))).toEqual({ seq: BATCHES.length, state: written(LAST) })
    expect(await readFile(join(folder, journalName(1)), 'utf8')).toMatch(/\n\{"seq":$/)
    await closed(store)
  })

  it('sees one state after another, while snapshots replace the files', async () => {
    const folder = await newFolder()
    const store = await openIn(folder)
    const state = { isWriting: true }
    const writing = (async () => {
      for (let round = 0; round < 3; round++)
        for (const [i, batch] of BATCHES.entries()) {
          right(await store.append(batch)())
          if (round === 0) right(await store.snapshot(STATES[i + 1] ?? start)())
        }
    })().finally(() => (state.isWriting = false))
    let seq = 0
    let readings = 0
    for (let isLast = false; !isLast; readings++) {
      isLast = !state.isWriting
      const read = right(await readStore(folder)())
      expect(read.seq).toBeGreaterThanOrEqual(seq)
      if (read.seq < STATES.length) expect(written(read.state)).toBe(written(STATES[read.seq] ?? start))
      seq = read.seq
    }
    await writing
    expect(seq).toBe(3 * BATCHES.length)
    expect(readings).toBeGreaterThan(3)
    await closed(store)
  })

  it('says when there is none', async () => {
    expect(left(await readStore(join(root, 'nowhere'))())).toMatchObject({
      _tag: 'Failed',
      message: 'there is no store here: name its folder with --store or TACK_DB_PATH'
    })
  })

  it('refuses what the owner would refuse', async () => {
    const disk = diskOf(withFile(await imageOf(2), 'state.json', 'null'))
    expect(left(await readStore(FOLDER, disk)())).toMatchObject({ _tag: 'Refused', path: '/store/state.json' })
  })
})

describe('replay', () => {
  it('reads a journal from the state before it', async () => {
    const disk = diskOf(await imageOf(2))
    const { events, start: before } = right(await readReplay(`/store/${journalName(3)}`, disk)())
    expect(events).toEqual(BATCHES.slice(2).flat())
    expect(written(before ?? start)).toBe(written(STATES[2] ?? start))
  })

  it('reads a journal that continues another', async () => {
    const image = await imageOf(2)
    const lines = fileIn(image, journalName(3)).toString().split(/(?<=\n)/)
    const disk = diskOf(withFile(withFile(image, journalName(3), lines.slice(0, 2).join('')), journalName(5), lines.slice(2).join('')))
    for (const [first, end] of [
      [3, 4],
      [5, undefined]
    ] as const) {
      const { events, start: before } = right(await readReplay(`/store/${journalName(first)}`, disk)())
      expect(events).toEqual(BATCHES.slice(first - 1, end).flat())
      expect(written(before ?? start)).toBe(written(STATES[first - 1] ?? start))
    }
  })

  it('reads of a partly included journal what comes after the snapshot', async () => {
    const image = await imageOf(2)
    const all = fileIn(await imageOf(0), journalName(1))
    const disk = diskOf(withFile(withoutFile(image, journalName(3)), journalName(1), all))
    const { events, start: before } = right(await readReplay(`/store/${journalName(1)}`, disk)())
    expect(events).toEqual(BATCHES.slice(2).flat())
    expect(written(before ?? start)).toBe(written(STATES[2] ?? start))
  })

  it('reads a journal alone', async () => {
    const disk = diskOf(new Map([['copy', fileIn(await imageOf(0), journalName(1))]]))
    expect(right(await readReplay('/store/copy', disk)())).toEqual({ events: LIFE, start: null })
    expect(left(await readReplay('/store/none', disk)())).toMatchObject({ _tag: 'Failed', path: '/store/none' })
  })

  it('tells a journal from a trace by how it begins', async () => {
    const files = { journal: '{"version":8,"seq":1,"events":[]', begun: '', old: '{"seq":1,"events":[]', trace: '{"_tag":"trace"', other: 'x' }
    const disk = diskOf(new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])))
    const answers = await Promise.all(Object.keys(files).map(async (name) => right(await readsAsJournal(`/store/${name}`, disk)())))
    expect(answers).toEqual([true, true, true, false, false])
  })
})
