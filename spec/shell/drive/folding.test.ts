/** Folding batches: which steps are noted, when, and what takes the place of the event that the operator has passed over. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { aboutOf, decodeFrame, type Event, mayTakeLong, type Natural, run, type State } from '../../../core/index.js'
import { createCallers } from '../../../shell/drive/callers.js'
import { createFolding } from '../../../shell/drive/folding.js'
import { defaultLimits } from '../../../shell/drive/limits.js'
import type { Noted, Steps } from '../../../shell/store/steps.js'
import { CONFIG, initialOf } from '../../suite/examples/support.js'
import { BEGIN, manualClock } from '../support/bridge.js'
import { written } from '../support/store-events.js'

const START = initialOf(CONFIG)

/** Its step may take long, and one whose step does not. */
const long = (rkey: string): Event => ({ _tag: 'RetryRequested', at: BEGIN, knot: 'knot.example', rkey, workflow: null }) as unknown as Event
const short = (rkey: string): Event => ({ _tag: 'CancelRequested', at: BEGIN, knot: 'knot.example', rkey, workflow: null }) as unknown as Event
const shorts = (count: number): ReadonlyArray<Event> => Array.from({ length: count }, (_, n) => short(String(n)))

const rkeyOf = (event: Event): string => ('rkey' in event ? String(event.rkey) : event._tag)

const setUp = (wanted: Noted | null = null) => {
  const clock = manualClock()
  const callers = createCallers()
  const done: Array<string> = []
  const doing = (what: string): Promise<void> => Promise.resolve(void done.push(what))
  const steps: Steps = {
    at: (i) => void done.push(`at ${String(i)}`),
    begin: (events) => doing(`begin ${events.map(rkeyOf).join(' ')}`),
    end: () => doing('end'),
    passed: () => doing('passed'),
    wanted
  }
  const folding = createFolding(START, { callers, clock, limits: defaultLimits, steps })
  /** Notes when the step of the event of that number begins. */
  const judge = (number: number): void => callers.judge(number, () => void done.push(`step ${String(number)}`))
  return { callers, clock, done, folding, judge }
}

describe('a batch', () => {
  test('has those of its steps noted that may take long: all before the first, each before its own, and their end', async () => {
    const { done, folding, judge } = setUp()
    for (const number of [1, 2, 3, 4]) judge(number)
    const batch = [long('a'), short('x'), long('b'), long('c'), short('y')]
    const { rest } = await folding.fold(batch)
    expect(done).toEqual(['begin a b c', 'at 0', 'step 1', 'step 2', 'at 1', 'step 3', 'at 2', 'step 4', 'end'])
    expect([rest, folding.taken()]).toEqual([[], 5])
    expect(written(folding.state())).toBe(written(run(START, batch)[0]))
  })

  test('has nothing noted when none of its steps may take long', async () => {
    const { done, folding } = setUp()
    await folding.fold(shorts(3))
    await folding.saved()
    expect(done).toEqual([])
  })

  test('is over when the end of its steps is noted', async () => {
    let noted = (): void => undefined
    const steps: Steps = {
      at: () => undefined,
      begin: () => Promise.resolve(),
      end: () => new Promise((resolve) => (noted = resolve)),
      passed: () => Promise.resolve(),
      wanted: null
    }
    const folding = createFolding(START, { callers: createCallers(), clock: manualClock(), limits: defaultLimits, steps })
    let isOver = false
    const folded = folding.fold([long('a')]).then(() => (isOver = true))
    await new Promise(setImmediate)
    expect(isOver).toBe(false)
    noted()
    await folded
  })

  test('has its effects in the order of its events', async () => {
    const { folding } = setUp()
    const batch = [{ _tag: 'Started', at: BEGIN, config: CONFIG, resumeFrom: null } as Event, short('a'), { _tag: 'StopRequested', at: BEGIN } as Event]
    const { effects } = await folding.fold(batch)
    expect(effects.length).toBeGreaterThan(1)
    expect(effects).toEqual(run(START, batch)[1])
  })

  test('is folded for five milliseconds, and a hundred events at least', async () => {
    for (const [passes, taken] of [[4_999, 200], [5_000, 100]] as const) {
      const { clock, folding } = setUp()
      const { now } = clock
      let looks = 0
      // The first look is at the beginning, each other one after a hundred events.
      const slow = createFolding(START, { callers: createCallers(), clock: { ...clock, now: () => (now() + (looks++ === 0 ? 0 : passes)) as ReturnType<typeof now> }, limits: defaultLimits, steps: null })
      const { rest } = await slow.fold(shorts(200))
      expect([passes, 200 - rest.length]).toEqual([passes, taken])
      expect((await folding.fold(shorts(200))).rest).toEqual([])
    }
  })

  test('has whoever asks for it see the state before their event, not one earlier or later', async () => {
    const { callers, folding } = setUp()
    const seen: Array<State> = []
    const batch = [{ _tag: 'Started', at: BEGIN, config: CONFIG, resumeFrom: null } as Event, short('a'), { _tag: 'StopRequested', at: BEGIN } as Event, short('b')]
    for (const number of [1, 2, 3, 4]) callers.judge(number, (before) => seen.push(before))
    await folding.fold(batch)
    expect(seen.map((state) => written(state))).toEqual([0, 1, 2, 3].map((n) => written(run(START, batch.slice(0, n))[0])))
  })
})

test('a batch only moves the cursor when all of it does, in whatever slices it is folded', async () => {
  const frame = (n: number): Event => E.toUnion(decodeFrame({ at: BEGIN, connection: 1 as Natural })(JSON.stringify({ did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb', kind: 'identity', time_us: BEGIN + n })))
  const frames = Array.from({ length: 250 }, (_, n) => frame(n + 1))
  const started = { _tag: 'Started', at: BEGIN, config: CONFIG, resumeFrom: null } as Event
  const opened = { _tag: 'JetstreamOpened', at: BEGIN, connection: 1 } as Event
  const closed = { _tag: 'JetstreamClosed', at: BEGIN, connection: 1, poisoned: false } as Event
  for (const [before, batch, isLazy] of [
    [[started, opened, frame(0)], frames, true],
    [[started], [opened, ...frames], false],
    [[started, opened, frame(0)], [...frames.slice(0, 120), closed, ...frames.slice(120)], false],
    [[started, opened, frame(0)], [...frames, { _tag: 'StopRequested', at: BEGIN } as Event], false]
  ] as const) {
    const { folding } = setUp()
    await folding.fold(before)
    const folded = await folding.fold(batch)
    expect(folded.isLazy).toBe(isLazy)
    // One event for each slice of moves: what strangers write must not make the journal grow.
    expect(folded.events.length).toBeLessThan(10)
  }
})

describe('the event that the operator has passed over', () => {
  const BAD = { about: aboutOf(long('bad')), of: 'RetryRequested' }

  test('is replaced the first time that it comes, and nothing else is, whatever it resembles', () => {
    const { clock, folding } = setUp(BAD)
    clock.advance(5)
    const others = [long('good'), short('bad')]
    expect(folding.passed(others)).toEqual({ batch: others, more: 0 })
    const { batch, more } = folding.passed([short('x'), long('bad'), long('bad')])
    expect(batch.map(({ _tag }) => _tag)).toEqual(['CancelRequested', 'PassedOver', ...batch.slice(2, -1).map(({ _tag }) => _tag), 'RetryRequested'])
    // It is said when it was passed over.
    expect(batch[1]).toMatchObject({ ...BAD, at: clock.now() })
    expect(batch).toHaveLength(3 + more)
    const again = [long('bad')]
    expect(folding.passed(again)).toEqual({ batch: again, more: 0 })
    expect(batch.slice(1, -1).some(mayTakeLong)).toBe(false)
  })

  test('is durably passed over once what was folded is, and that is noted once', async () => {
    const { done, folding } = setUp(BAD)
    await folding.saved()
    expect(done).toEqual([])
    await folding.fold(folding.passed([long('bad')]).batch)
    expect(done).not.toContain('passed')
    await folding.saved()
    await folding.saved()
    expect(done.filter((one) => one === 'passed')).toHaveLength(1)
  })

  test('counts as what comes in its place: those who wait for it and for events behind it are answered then, and those before it as ever', async () => {
    const knot = { _tag: 'KnotReceived', at: BEGIN, connection: 1, created: null, host: 'knot.example', nsid: 'sh.tangled.git.refUpdate', payload: { _tag: 'Trigger' }, rkey: 'bad' } as unknown as Event
    for (const bad of [long('bad'), knot]) {
      const { callers, folding } = setUp({ about: aboutOf(bad), of: bad._tag })
      await folding.fold(shorts(7))
      const answered: Array<number> = []
      for (const number of [8, 9, 10]) void callers.wait(number).then(() => answered.push(number))
      const { batch, more } = folding.passed([short('a'), bad, short('b')])
      const answers: Array<ReadonlyArray<number>> = []
      for (let number = 8; number < 8 + batch.length; number++) {
        callers.answer(true, number)
        await new Promise(setImmediate)
        answers.push([...answered])
      }
      expect(answers).toEqual([[8], ...Array<ReadonlyArray<number>>(more).fill([8]), [8, 9], [8, 9, 10]])
    }
  })
})
