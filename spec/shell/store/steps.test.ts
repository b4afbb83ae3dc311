/** Notes of steps that may take long: what each leaves in the folder, and what the next start makes of it. How such a step is noticed: hang.test.ts. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../core/index.js'
import { adviceOn, hungEvent, type Hung, lastHung, openSteps, readHung, writeHung } from '../../../shell/store/steps.js'
import { started, eventOf, at } from '../../suite/examples/support.js'
import { type Image, simulatedDisk, type SimulatedDisk } from '../support/disk.js'

const FOLDER = '/store'

const retry = (rkey: string): Event => ({ _tag: 'RetryRequested', at: at(1), knot: 'knot.example', rkey, workflow: null }) as unknown as Event
const [A, B, C] = [retry('a'), retry('b'), retry('c')] as const

const hung = (about: string, changes: Partial<Hung> = {}): Hung => ({ about: `knot.example/${about}`, isPassedOver: false, journal: null, of: 'RetryRequested', ...changes })

const imageOf = (files: { readonly [name: string]: string }): Image => new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))

const opening = async (disk: SimulatedDisk, told: Array<string> = []) => openSteps(disk, FOLDER, await disk.list(FOLDER), (message) => void told.push(message))

const noteIn = (disk: SimulatedDisk): string | undefined => disk.now().get('step.jsonl')?.toString()

/** What the next start finds after the process was ended. */
const foundIn = async (from: Image): Promise<Hung | null> => (await opening(simulatedDisk({ from, seed: 2 }))).found

describe('steps of events that arrive', () => {
  test('are noted before the first of them, durably; the one that goes on is what the next start finds; and nothing when they are over', async () => {
    const disk = simulatedDisk({ seed: 1 })
    const steps = await opening(disk)
    expect([steps.found, steps.passing, steps.wanted]).toEqual([null, null, null])
    await steps.begin([A, B, C])
    for (const image of disk.images()) expect(await foundIn(image)).toEqual(hung('a'))
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      steps.at(i)
      expect(await foundIn(disk.now())).toEqual(hung(name))
    }
    await steps.end()
    expect([noteIn(disk), await foundIn(disk.now())]).toEqual(['', null])
    await steps.begin([B])
    expect(await foundIn(disk.now())).toEqual(hung('b'))
  })

  test('replace those before them, whether or not their end was noted', async () => {
    const disk = simulatedDisk({ seed: 1 })
    const steps = await opening(disk)
    await steps.begin([A, B])
    steps.at(0)
    steps.at(1)
    await steps.end()
    await steps.begin([B])
    await steps.begin([C])
    expect(await foundIn(disk.now())).toEqual(hung('c'))
    steps.at(0)
    expect(noteIn(disk)).toBe('[{"about":"knot.example/c","of":"RetryRequested"}]\n0\n')
  })

  test('replace those of a process before, of which the note is left', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'step.jsonl': '[{"about":"knot.example/a","of":"RetryRequested"}]\n0\n' }), seed: 1 })
    const steps = await opening(disk)
    expect(steps.found).toEqual(hung('a'))
    await steps.begin([B])
    expect(await foundIn(disk.now())).toEqual(hung('b'))
  })

  test.each([
    ['ENOSPC', 'ENOSPC: simulated'],
    ['EIO', 'EIO: simulated']
  ] as const)('go on when they cannot be noted (%s), which is reported once', async (code, reason) => {
    let isFailing = false
    const told: Array<string> = []
    const steps = await opening(simulatedDisk({ before: () => (isFailing ? code : null), seed: 1 }), told)
    await steps.begin([A])
    isFailing = true
    steps.at(0)
    await steps.end()
    await steps.begin([A])
    steps.at(0)
    expect(told).toEqual([`long steps cannot be noted: ${reason}`])
  })

  test('leave no file open', async () => {
    let open = 0
    const inner = simulatedDisk({ seed: 1 })
    const disk: SimulatedDisk = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        open += 1
        return { ...file, close: () => ((open -= 1), file.close()) }
      }
    }
    const steps = await opening(disk)
    await steps.close()
    await steps.begin([A])
    await steps.end()
    await steps.begin([B])
    expect(open).toBe(1)
    await steps.close()
    await steps.close()
    expect(open).toBe(0)
    const failing = await opening(disk)
    await failing.reading(A, { index: 0, seq: 1 })
    await failing.abandon()
    expect(open).toBe(0)
  })
})

describe('a note', () => {
  test.each<[string, string, Hung | null]>([
    ['nothing', '', null],
    ['a first line that is torn: no step had begun', '[{"about":"knot.example/a","of":"Retry', null],
    ['a number that is torn: that step had not begun', '[{"about":"knot.example/a","of":"RetryRequested"},{"about":"knot.example/b","of":"RetryRequested"}]\n0\n1', hung('a')],
    ['no number: the first', '[{"about":"knot.example/a","of":"RetryRequested"},{"about":"knot.example/b","of":"RetryRequested"}]\n', hung('a')],
    ['a number of none', '[{"about":"knot.example/a","of":"RetryRequested"}]\n1\n', null],
    ['what is no note', 'x\n0\n', null],
    ['an event of the journal', '{"about":"knot.example/a","index":2,"of":"RetryRequested","seq":7}\n', hung('a', { journal: { index: 2, seq: 7 } })],
    [
      'several of the journal: the last that is whole',
      '{"about":"knot.example/a","index":2,"of":"RetryRequested","seq":7}\n{"about":"knot.example/b","index":0,"of":"RetryRequested","seq":8}\n{"abo',
      hung('b', { journal: { index: 0, seq: 8 } })
    ]
  ])('has %s', async (_, text, expected) => {
    const disk = simulatedDisk({ from: imageOf({ 'step.jsonl': text }), seed: 1 })
    expect(await lastHung(disk, FOLDER)).toEqual(expected)
    expect((await opening(disk)).found).toEqual(expected)
    expect(await readHung(disk, FOLDER)).toEqual(expected)
  })

  test('is kept in place of what was found before, until a start finds none', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'hung.json': JSON.stringify(hung('b')), 'step.jsonl': '[{"about":"knot.example/a","of":"RetryRequested"}]\n' }), seed: 1 })
    const steps = await opening(disk)
    expect([steps.found, await readHung(disk, FOLDER)]).toEqual([hung('a'), hung('a')])
    await steps.begin([C])
    await steps.end()
    expect(await lastHung(disk, FOLDER)).toEqual(hung('a'))
    expect((await opening(disk)).found).toBeNull()
    expect([await lastHung(disk, FOLDER), disk.now().has('hung.json')]).toEqual([null, false])
  })
})

describe('what the operator has decided', () => {
  const NOTE = '[{"about":"knot.example/a","of":"RetryRequested"}]\n'

  test.each<[string, Hung, Hung | null]>([
    ['about that event is what is found', hung('a', { isPassedOver: true }), hung('a', { isPassedOver: true })],
    ['about another event stands', hung('b', { isPassedOver: true }), hung('a')],
    ['about that event in the journal stands, and is another one', hung('a', { isPassedOver: true, journal: { index: 0, seq: 7 } }), hung('a')]
  ])('%s', async (_, decided, found) => {
    const disk = simulatedDisk({ from: imageOf({ 'hung.json': JSON.stringify(decided), 'step.jsonl': NOTE }), seed: 1 })
    const steps = await opening(disk)
    expect([steps.found, await readHung(disk, FOLDER)]).toEqual([found, decided])
    const { about, journal, of } = decided
    expect([steps.wanted, steps.passing]).toEqual(journal === null ? [{ about, of }, null] : [null, { about, of, ...journal }])
  })

  test.each([
    ['another batch', { index: 0, seq: 8 }],
    ['another place', { index: 1, seq: 7 }]
  ])('about an event of the journal is not about the same in %s', async (_, journal) => {
    const there = JSON.stringify({ about: 'knot.example/a', of: 'RetryRequested', ...journal })
    const disk = simulatedDisk({ from: imageOf({ 'hung.json': JSON.stringify(hung('a', { isPassedOver: true, journal: { index: 0, seq: 7 } })), 'step.jsonl': `${there}\n` }), seed: 1 })
    expect((await opening(disk)).found).toEqual(hung('a', { journal }))
    expect(await lastHung(disk, FOLDER)).toEqual(hung('a', { journal }))
  })

  test('is refused when it cannot be read, with its place', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'hung.json': '{"about":"a"' }), seed: 1 })
    const why = await opening(disk).then(
      () => 'nothing',
      (error: unknown) => error
    )
    expect(why).toMatchObject({ error: { _tag: 'Refused', path: join(FOLDER, 'hung.json') } })
    expect(disk.now().get('hung.json')?.toString()).toBe('{"about":"a"')
  })

  test('is read from a file of before there were places in the journal', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'hung.json': '{"about":"knot.example/a","isPassedOver":true,"of":"RetryRequested"}' }), seed: 1 })
    expect(await readHung(disk, FOLDER)).toEqual(hung('a', { isPassedOver: true }))
  })

  test('is over once the event was passed over, durably, and gone is gone', async () => {
    const disk = simulatedDisk({ seed: 1 })
    await writeHung(disk, FOLDER, hung('a', { isPassedOver: true }))
    const steps = await opening(disk)
    await steps.passed()
    for (const image of disk.images()) expect(image.has('hung.json')).toBe(false)
    await steps.passed()
  })

  test('replaces a file that a crash has left unfinished', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'hung.json.new': '{"abo' }), seed: 1 })
    await writeHung(disk, FOLDER, hung('a'))
    expect([...disk.now()].map(([name, bytes]) => [name, bytes.toString()])).toEqual([['hung.json', JSON.stringify(hung('a'))]])
  })
})

describe('events of the journal', () => {
  const BEGINS = eventOf(started(at(1)))

  test('are noted with their places while it is read; when it has been read, nothing is left of that', async () => {
    const disk = simulatedDisk({ seed: 1 })
    const steps = await opening(disk)
    await steps.reading(A, { index: 3, seq: 5 })
    // What comes after the first need not be durable.
    for (const image of disk.images()) expect(await foundIn(image)).toEqual(hung('a', { journal: { index: 3, seq: 5 } }))
    await steps.reading(B, { index: 0, seq: 6 })
    expect(await foundIn(disk.now())).toEqual(hung('b', { journal: { index: 0, seq: 6 } }))
    await steps.hasRead()
    expect([noteIn(disk), await foundIn(disk.now())]).toEqual(['', null])
  })

  test('are noted in little room, however many there are, and the last is always among them', async () => {
    const disk = simulatedDisk({ seed: 1 })
    const steps = await opening(disk)
    let most = 0
    for (let seq = 1; seq <= 2_000; seq++) {
      await steps.reading(A, { index: 0, seq })
      const text = noteIn(disk) ?? ''
      most = Math.max(most, text.length)
      expect(text.split('\n').at(-2)).toContain(`"seq":${String(seq)}}`)
    }
    expect(most).toBeLessThanOrEqual(65_536)
    // It begins anew when it is full, and not before.
    expect(most).toBeGreaterThan(65_536 - 100)
  })

  test('events of the journal of which none may take long leave no note, and make no file', async () => {
    const disk = simulatedDisk({ seed: 1 })
    await (await opening(disk)).hasRead()
    expect(disk.now().size).toBe(0)
  })

  test('events about which the operator decided meanwhile are not passed over at a later start', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'step.jsonl': '{"about":"knot.example/a","index":2,"of":"RetryRequested","seq":7}\n' }), seed: 1 })
    const steps = await opening(disk)
    await writeHung(disk, FOLDER, hung('a', { isPassedOver: true, journal: { index: 2, seq: 7 } }))
    await steps.reading(A, { index: 2, seq: 7 })
    await steps.hasRead()
    expect(await readHung(disk, FOLDER)).toBeNull()
  })

  test('are no reason to forget a decision about one that is still to come', async () => {
    const disk = simulatedDisk({ seed: 1 })
    await writeHung(disk, FOLDER, hung('a', { isPassedOver: true }))
    const steps = await opening(disk)
    await steps.reading(BEGINS, { index: 0, seq: 1 })
    await steps.hasRead()
    expect(await readHung(disk, FOLDER)).toEqual(hung('a', { isPassedOver: true }))
  })

  test.each<[string, { readonly [name: string]: string }]>([
    ['without a note of before', {}],
    ['with an empty note of before', { 'step.jsonl': '' }]
  ])('events of the journal that cannot be read leave everything as it was, %s', async (_, files) => {
    const disk = simulatedDisk({ from: imageOf(files), seed: 1 })
    const steps = await opening(disk)
    await steps.reading(A, { index: 0, seq: 1 })
    await steps.abandon()
    expect([...disk.now()].map(([name, bytes]) => [name, bytes.toString()])).toEqual(Object.entries(files))
  })

  test('events of the journal that cannot be read leave an earlier note as it was, where none of them was noted', async () => {
    const disk = simulatedDisk({ from: imageOf({ 'step.jsonl': '[{"about":"knot.example/a","of":"RetryRequested"}]\n' }), seed: 1 })
    await (await opening(disk)).abandon()
    expect(await foundIn(disk.now())).toEqual(hung('a'))
  })
})

test('the operator is told which event it is, and what can be done', () => {
  expect(hungEvent(hung('a'))).toBe('"RetryRequested knot.example/a"')
  expect(hungEvent(hung('a', { journal: { index: 2, seq: 7 } }))).toBe('"RetryRequested knot.example/a" from batch 7 of the journal')
  expect(adviceOn(hung('a'))).toBe('if that happens again, its step hangs: skip it at the next start with tack pass-over "RetryRequested knot.example/a"')
  expect(adviceOn(hung('a', { isPassedOver: true }))).toBe('it will be passed over once')
  expect(hungEvent({ about: '', isPassedOver: false, journal: null, of: 'Started' })).toBe('"Started"')
  // A start cannot be passed over.
  expect(adviceOn({ about: '', isPassedOver: false, journal: null, of: 'Started' })).toBe('if that happens again, its step hangs')
})
