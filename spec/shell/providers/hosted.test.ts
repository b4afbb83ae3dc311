/** What adapters of CIs that run elsewhere share: since when a build can be there, and logs in parts. */
import { describe, expect, test } from 'vitest'
import { type BuildName, tidOf, type TimeUs } from '../../../core/index.js'
import { createClient, type TextLog } from '../../../shell/providers/common.js'
import { earliestMs, logOfParts, type LogPart, type LogParts } from '../../../shell/providers/hosted.js'
import type { LogLine, Refused, Uncertain } from '../../../shell/providers/provider.js'
import { BUILD, faultsOfLog, jobOf } from './contract.js'
import { manualClock } from '../support/bridge.js'

const NOW_MS = 1_767_225_600_000

const setUp = () => {
  const clock = manualClock()
  const client = createClient({ clock, fetch: () => Promise.reject(new Error('nobody is asked')), secrets: [] })
  /** Lets time pass, a second at a time, until it is settled. */
  const answer = async <A>(asked: Promise<A>): Promise<A> => {
    const state = { isSettled: false }
    const settle = (): void => {
      state.isSettled = true
    }
    asked.then(settle, settle)
    for (let turn = 1; !state.isSettled; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (turn % 5 === 0) clock.advance(1_000)
    }
    return asked
  }
  return { answer, client, clock }
}

describe('a build', () => {
  const job = jobOf(BUILD, {})

  test.each<[string, number | null]>([
    [tidOf((NOW_MS * 1000) as TimeUs), NOW_MS - 86_400_000],
    [tidOf(((NOW_MS - 5_000) * 1000) as TimeUs), NOW_MS - 5_000 - 86_400_000],
    [tidOf(((NOW_MS + 1) * 1000) as TimeUs), null],
    [tidOf(1000 as TimeUs), 0],
    ['self', null]
  ])('a build of a trigger called %s can date from %s at the earliest', (rkey, expected) => {
    expect(earliestMs(jobOf({ ...BUILD, rkey: rkey as BuildName['rkey'] }, {}), NOW_MS)).toBe(expected)
  })

  test('may be looked for with another margin', () => {
    expect(earliestMs(job, NOW_MS, 1_000)).toBe(NOW_MS - 1_000)
  })
})

describe('a log in parts', () => {
  const part = (id: string, isReadable = true): LogPart => ({ id, isReadable, name: `step ${id}` })
  const parts = (hasEnded: boolean, ...all: ReadonlyArray<LogPart>): LogParts => ({ _tag: 'LogParts', hasEnded, parts: all })
  const text = (lines: string, isComplete = true): TextLog => ({ _tag: 'Text', isComplete, text: lines })
  const refused: Refused = { _tag: 'Refused', error: 'no' }
  const away: Uncertain = { _tag: 'Uncertain', error: 'away', waitMs: 30_000 }

  const read = async (
    lists: ReadonlyArray<LogParts | Refused | Uncertain>,
    texts: { readonly [id: string]: ReadonlyArray<TextLog | Refused | Uncertain> },
    signal = new AbortController().signal
  ) => {
    const { answer, client, clock } = setUp()
    const before = clock.now()
    let asked = 0
    const reads = new Map<string, number>()
    const log = logOfParts(client, {
      everyMs: 1_000,
      list: () => Promise.resolve(lists[Math.min(asked++, lists.length - 1)] ?? parts(true)),
      read: ({ id }) => {
        const n = reads.get(id) ?? 0
        reads.set(id, n + 1)
        const all = texts[id] ?? []
        return Promise.resolve(all[Math.min(n, all.length - 1)] ?? text(''))
      },
      signal
    })
    const lines: Array<LogLine> = []
    const all = async (): Promise<void> => {
      for await (const line of log) lines.push(line)
    }
    await answer(all())
    expect(faultsOfLog(lines)).toEqual([])
    expect(clock.armed()).toBe(0)
    return {
      passedMs: (clock.now() - before) / 1000,
      said: lines.map((line) => `${String(line.step)} ${line._tag === 'Text' ? line.text : `${line.name} ${line.kind} ${line.status}`}`)
    }
  }

  test('has each part once, in the order in which they become readable, with steps numbered throughout', async () => {
    const { said } = await read(
      [parts(false), parts(false, part('a', false), part('b')), parts(false, part('a'), part('b')), parts(true, part('a'), part('b'), part('c', false))],
      { a: [text('1\n2\n')], b: [{ _tag: 'NotYet' }, text('x\n', false), text('x\ny\n')] }
    )
    expect(said).toEqual(['0 step b user start', '0 x', '0 y', '0 step b user end', '1 step a user start', '1 1', '1 2', '1 step a user end'])
  })

  test('says once that it cannot be fetched, waits as long as told to, and goes on', async () => {
    const { passedMs, said } = await read([away, away, parts(true, part('a'))], { a: [away, text('1\n')] })
    expect(said).toEqual([
      '0 Log system start',
      '0 The log is unavailable at the moment: away',
      '0 Log system end',
      '1 Log system start',
      '1 The log is unavailable at the moment: away',
      '1 Log system end',
      '2 step a user start',
      '2 1',
      '2 step a user end'
    ])
    expect(passedMs).toBe(90_000)
  })

  test('is requested less and less often while it cannot be fetched, and then as before', async () => {
    const doubt: Uncertain = { ...away, waitMs: 0 }
    const { passedMs, said } = await read([doubt, doubt, parts(false), doubt, parts(true)], {})
    expect(passedMs).toBe(2_000 + 4_000 + 1_000 + 2_000)
    expect(said.filter((line) => line.endsWith('away'))).toHaveLength(2)
  })

  test('ends with a sentence where it is refused, and goes on where only a part is', async () => {
    expect((await read([refused], {})).said).toEqual(['0 Log system start', '0 The log is unavailable: no', '0 Log system end'])
    const { said } = await read([parts(true, part('a'), part('b'))], { a: [refused], b: [{ _tag: 'None', sentence: 'Gone.' }] })
    expect(said.filter((line) => !/ (?:start|end)$/.test(line))).toEqual(['0 The log is unavailable: no', '1 Gone.'])
  })

  test('reports nothing for a reader that has left', async () => {
    expect((await read([parts(false, part('a'))], {}, AbortSignal.abort())).said).toEqual([])
  })
})
