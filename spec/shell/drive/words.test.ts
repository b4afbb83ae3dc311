/** What the program says: logs, reports, progress, tables. Whatever strangers wrote, one call is one line. */
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { initial, type Natural, type Report, type State, type TimeUs } from '../../../core/index.js'
import { jsonText, table, when } from '../../../shell/cli/text.js'
import { systemClock, systemRandom } from '../../../shell/lib/clock.js'
import { createLog, type LogFormat } from '../../../shell/lib/log.js'
import type { Fields, Log } from '../../../shell/ports.js'
import { limitedLog } from '../../../shell/lib/log-limit.js'
import { createProgress, duration, QUIET_MS } from '../../../shell/drive/progress.js'
import { createReporter } from '../../../shell/drive/reporter.js'
import { BEGIN, config, manualClock } from '../support/bridge.js'

const collect = () => {
  const chunks: Array<string> = []
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString())
      done()
    }
  })
  return { out, text: () => chunks.join('') }
}

/** A log that keeps what it is told. */
const remembering = () => {
  const said: Array<{ readonly level: string; readonly message: string; readonly fields: Fields }> = []
  const say =
    (level: string) =>
    (message: string, fields: Fields = {}): void =>
      void said.push({ level, message, fields })
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  return { log, said }
}

const CONTROL = /[\p{Cc}\u2028\u2029]/u

/** All that a terminal might take for an order, or a reader for the end of a line. U+009B alone is what ESC [ is. */
const CODES = [...Array.from({ length: 0x20 }, (_, i) => i), ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i), 0x2028, 0x2029]

describe('the log', () => {
  test.each<LogFormat>(['json', 'pretty'])('%s: any text in any field is one line without control characters', (format) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { out, text: written } = collect()
        createLog(format, 'info', out).info('a message', { did: text, nested: { rkey: text } })
        const line = written()
        expect(line.endsWith('\n')).toBe(true)
        expect(line.slice(0, -1)).not.toMatch(CONTROL)
        if (format === 'json') expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'a message' })
      }),
      { numRuns: 200, seed: 20261124 }
    )
  })

  test.each<LogFormat>(['json', 'pretty'])('%s: every control character of ASCII and Latin 1, and every separator of lines, is written out', (format) => {
    for (const code of CODES) {
      const { out, text: written } = collect()
      const character = String.fromCharCode(code)
      createLog(format, 'info', out).info('a message', { did: `[${character}]`, nested: { rkey: character } })
      expect(written().slice(0, -1), code.toString(16)).not.toMatch(CONTROL)
      expect(written(), code.toString(16)).toContain(`\\u${code.toString(16).padStart(4, '0')}]`)
    }
  })

  test.each<LogFormat>(['json', 'pretty'])('%s: says nothing below its level', (format) => {
    const { out, text } = collect()
    const log = createLog(format, 'warn', out)
    log.debug('message d')
    log.info('message i')
    log.warn('message w')
    log.error('message e')
    expect(text().match(/message ./g)).toEqual(['message w', 'message e'])
  })

  test('has as JSON the level as a word, the time as a date, the message, and the fields', () => {
    const { out, text } = collect()
    createLog('json', 'info', out).warn('a message', { count: 7, found: { a: 1 }, none: null })
    expect(JSON.parse(text())).toEqual({
      count: 7,
      found: { a: 1 },
      level: 'warn',
      msg: 'a message',
      none: null,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string
    })
  })
})

describe('reports', () => {
  const refused = { _tag: 'KnotFrameRejected', at: BEGIN, detail: 'x', host: 'k.example', reason: 'json' } as never
  const gap = { _tag: 'Gap', askedUs: BEGIN, at: BEGIN, gotUs: BEGIN } as const

  test('reports of each kind are logged ten times, then once in five minutes, with how many were left out', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const report = createReporter(clock, log)
    for (let i = 0; i < 25; i++) report(refused)
    report(gap)
    expect(said).toHaveLength(11)
    clock.advance(299_999)
    report(refused)
    expect(said).toHaveLength(11)
    clock.advance(1)
    report(refused)
    report(gap)
    expect(said.slice(11).map(({ message, fields }) => [message, fields['count'] ?? fields['_tag']])).toEqual([
      ['similar reports suppressed', 16],
      ['knot frame rejected', 'KnotFrameRejected'],
      ['stream gap: events may have been missed', 'Gap']
    ])
    // Of eight that may be written, and one more, that one is said to be left out.
    for (let i = 0; i < 10; i++) report(gap)
    clock.advance(300_000)
    report(gap)
    expect(said.slice(-2).map(({ fields }) => fields['count'] ?? fields['_tag'])).toEqual([1, 'Gap'])
  })

  test('have a sentence for each kind; one that calls for nothing does not warn', () => {
    const kinds: { readonly [kind in Report['_tag']]: 'debug' | 'warn' } = {
      AccessReadFailed: 'warn',
      BuildAbandoned: 'warn',
      FieldTooLong: 'warn',
      KeyRefused: 'warn',
      FrameFromFuture: 'warn',
      FrameRejected: 'warn',
      Gap: 'warn',
      KnotFrameFromFuture: 'warn',
      KnotFrameRejected: 'warn',
      KnotRefused: 'warn',
      PassedOver: 'warn',
      ProviderUncertain: 'warn',
      RecordsReadFailed: 'warn',
      ReportRefused: 'warn',
      TriggerIgnored: 'debug',
      TriggerRefused: 'warn',
      WorkflowDropped: 'warn',
      WorkflowNameRefused: 'warn',
      WorkflowsReadFailed: 'warn'
    }
    const { log, said } = remembering()
    const report = createReporter(manualClock(), log)
    for (const kind of Object.keys(kinds)) report({ _tag: kind } as Report)
    expect(said.map(({ fields, level }) => [fields['_tag'], level])).toEqual(Object.entries(kinds))
    const sentences = new Set(said.map(({ message }) => message))
    expect(sentences.size).toBe(said.length)
    for (const sentence of sentences) expect(sentence).toMatch(/^[a-z]+ \S.*[^.]$/)
  })

  test('are a few hundred lines a day, however they come, and none is forgotten', () => {
    for (const [atOnce, everyMs] of [[1, 1_000], [10, 10_000], [100, 60_000], [1_000, 600_000]] as const) {
      const clock = manualClock()
      const { log, said } = remembering()
      const limited = limitedLog(clock, log)
      let sent = 0
      for (let ms = 0; ms < 86_400_000; ms += everyMs) {
        for (let i = 0; i < atOnce; i++, sent++) limited.warn('connection lost')
        clock.advance(everyMs)
      }
      const counts = said.map(({ fields }) => fields['count']).filter((count) => typeof count === 'number')
      const lines = said.length - counts.length
      expect(lines).toBeLessThanOrEqual(10 + 288)
      clock.advance(300_000)
      limited.info('connection lost')
      const last = said.at(-2)?.fields['count']
      expect(lines + counts.reduce((sum, count) => sum + count, 0) + (typeof last === 'number' ? last : 0)).toBe(sent)
    }
  })

  test('are ten at once at most, however long it was quiet before', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const limited = limitedLog(clock, log)
    for (const quietMs of [0, 3_000_000, 7 * 86_400_000]) {
      clock.advance(quietMs)
      said.length = 0
      for (let i = 0; i < 100; i++) limited.warn('connection lost')
      expect(said.filter(({ message }) => message === 'connection lost')).toHaveLength(10)
    }
  })

  test('are counted under their own name even when they are suppressed unseen', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const report = createReporter(clock, log)
    for (let i = 0; i < 30; i++) report({ _tag: 'TriggerIgnored', at: BEGIN, knot: 'k.example', reason: 'repo', rkey: 'r' } as never)
    clock.advance(300_000)
    report({ _tag: 'TriggerIgnored', at: BEGIN, knot: 'k.example', reason: 'repo', rkey: 'r' } as never)
    expect(new Set(said.map(({ level }) => level))).toEqual(new Set(['debug']))
  })
})

test.each(['error', 'info', 'warn'] as const)('a limited log says at its level (%s) what it is told, with its fields, and of what it left out how much', (level) => {
  const clock = manualClock()
  const { log, said } = remembering()
  const limited = limitedLog(clock, log)
  for (let i = 0; i < 12; i++) limited[level]('connection lost', { host: 'knot.example' })
  expect(said).toEqual(Array.from({ length: 10 }, () => ({ fields: { host: 'knot.example' }, level, message: 'connection lost' })))
  clock.advance(300_000)
  limited[level]('connection lost')
  expect(said.slice(10)).toEqual([
    { fields: { count: 2, of: 'connection lost' }, level, message: 'similar messages suppressed' },
    { fields: {}, level, message: 'connection lost' }
  ])
})

describe('progress', () => {
  const lost = (cursor: number | null, frames: number): State => {
    const state = initial(config)
    return {
      ...state,
      counters: { ...state.counters, frames: frames as Natural },
      cursor: { ...state.cursor, cursor: cursor as TimeUs | null }
    }
  }
  const at = (cursor: number | null, frames: number, number = 1): State => {
    const state = lost(cursor, frames)
    const connection = { attempt: 0 as Natural, number: number as Natural, phase: { _tag: 'Open' as const, openedAt: BEGIN } }
    return { ...state, cursor: { ...state.cursor, connection } }
  }

  test('shows how far it is, how fast, how long it takes, and when it has caught up', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const progress = createProgress(clock, log, null)
    progress.look(at(null, 0))
    progress.look(at(BEGIN - 7_200_000_000, 0))
    clock.advance(5_000)
    progress.look(at(BEGIN - 7_000_000_000, 1))
    clock.advance(5_000)
    progress.look(at(BEGIN - 3_600_000_000, 50_000))
    clock.advance(1_000)
    progress.look(at(BEGIN, 99_000))
    progress.look(at(BEGIN, 99_000))
    expect(said.map(({ message, fields }) => [message, fields])).toEqual([
      ['catching up with the stream', { behind: '2 h 00 min' }],
      ['catching up with the stream', { behind: '1 h 00 min', framesPerSecond: 5_000, left: '10 s' }],
      ['caught up with the stream', {}]
    ])
  })

  test('begins at a minute behind, and leaves no timer once it has caught up', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const progress = createProgress(clock, log, null)
    progress.look(at(BEGIN - 59_999_999, 0))
    expect(said).toHaveLength(0)
    progress.look(at(BEGIN - 60_000_000, 1))
    expect(said).toHaveLength(1)
    progress.look(at(BEGIN, 2))
    expect([said.length, clock.armed()]).toEqual([2, 0])
  })

  test('takes the stream into account, which goes on meanwhile', () => {
    const clock = manualClock()
    const { log, said } = remembering()
    const progress = createProgress(clock, log, null)
    progress.look(at(BEGIN - 7_200_000_000, 0))
    clock.advance(10_000)
    progress.look(at(BEGIN - 7_180_000_000, 50))
    clock.advance(10_000)
    progress.look(at(BEGIN - 7_170_000_000, 60))
    expect(said.slice(1).map(({ fields }) => fields)).toEqual([
      { behind: '1 h 59 min', framesPerSecond: 5, left: '1 h 59 min' },
      { behind: '1 h 59 min', framesPerSecond: 1 }
    ])
  })

  describe('on a quiet stream', () => {
    const open = (number: number, frames: number): State => at(BEGIN - 7_200_000_000, frames, number)
    const begin = (backlog: () => number = () => 0) => {
      const clock = manualClock()
      const { log, said } = remembering()
      return { clock, progress: createProgress(clock, log, null, backlog), told: () => said.map(({ message }) => message.split(' ')[0]) }
    }

    test('has caught up when the connection was open and silent for a minute and a half', () => {
      const { clock, progress, told } = begin()
      progress.look(open(1, 5))
      clock.advance(QUIET_MS - 1)
      expect(told()).toEqual(['catching'])
      clock.advance(1)
      expect(told()).toEqual(['catching', 'caught'])
      // Something else has happened meanwhile, and still nothing has come.
      progress.look(open(1, 5))
      expect(told()).toEqual(['catching', 'caught'])
      progress.look(open(1, 6))
      expect(told()).toEqual(['catching', 'caught', 'catching'])
    })

    test('has not caught up when something came in between, nor when the connection was lost', () => {
      const { clock, progress, told } = begin()
      progress.look(open(1, 5))
      clock.advance(QUIET_MS - 1)
      progress.look(open(1, 6))
      clock.advance(QUIET_MS - 1)
      progress.look(lost(BEGIN - 7_200_000_000, 6))
      clock.advance(10 * QUIET_MS)
      expect(told()).not.toContain('caught')
    })

    test('has caught up as long as nothing comes after a recent frame, whatever else happens', () => {
      const { clock, progress, told } = begin()
      progress.look(at(BEGIN, 5))
      for (let minutes = 0; minutes < 10; minutes++) {
        clock.advance(61_000)
        progress.look(at(BEGIN, 5))
      }
      expect(told()).toEqual([])
    })

    test.each([
      ['an old frame on the same connection', at(BEGIN + 1_000_000, 6)],
      ['another connection, until it has shown that it has nothing', at(BEGIN, 5, 2)]
    ])('is behind again with %s', (_, next) => {
      const { clock, progress, told } = begin()
      progress.look(at(BEGIN, 5))
      clock.advance(600_000)
      progress.look(next)
      expect(told()).toEqual(['catching'])
      clock.advance(QUIET_MS)
      expect(told()).toEqual(['catching', 'caught'])
    })

    test('catches up with nothing while it is not connected, nor when it stops', () => {
      const { clock, progress, told } = begin()
      progress.look(lost(BEGIN - 7_200_000_000, 0))
      progress.look(at(BEGIN, 5))
      clock.advance(600_000)
      progress.look(lost(BEGIN, 5))
      expect(told()).toEqual([])
    })

    test('has not caught up while received frames are still waiting', () => {
      let waiting = 1
      const { clock, progress, told } = begin(() => waiting)
      progress.look(open(1, 5))
      clock.advance(QUIET_MS)
      expect(told()).toEqual(['catching'])
      waiting = 0
      clock.advance(QUIET_MS)
      expect(told()).toEqual(['catching', 'caught'])
    })

    test('waits for nothing at the end', () => {
      const { clock, progress, told } = begin()
      progress.look(open(1, 5))
      progress.close()
      clock.advance(QUIET_MS)
      expect(told()).toEqual(['catching'])
    })
  })

  test('is one line on a terminal, written over', () => {
    const clock = manualClock()
    const { log } = remembering()
    const { out, text } = collect()
    const progress = createProgress(clock, log, out)
    progress.look(at(BEGIN - 7_200_000_000, 0))
    clock.advance(199)
    progress.look(at(BEGIN - 7_200_000_000, 9))
    clock.advance(1)
    progress.look(at(BEGIN - 7_200_000_000, 10))
    expect(text()).toBe('\r\u001b[Kcatching up: behind 2 h 00 min\r\u001b[Kcatching up: behind 2 h 00 min, framesPerSecond 50')
  })

  test.each([
    [0, '0 s'],
    [59_400_000, '59 s'],
    [60_000_000, '1 min 00 s'],
    [3_599_000_000, '59 min 59 s'],
    [7_500_000_000, '2 h 05 min']
  ])('%d µs is %s', (us, words) => expect(duration(us)).toBe(words))
})

describe('text for a terminal', () => {
  test('has aligned columns, and visible control characters', () => {
    expect(table([['a', 'bb'], ['\u001b[2J', 'x']])).toBe('  a          bb\n  \\u001b[2J  x\n')
    for (const code of CODES) expect(table([[String.fromCharCode(code)]])).toBe(`  \\u${code.toString(16).padStart(4, '0')}\n`)
  })

  test('is JSON that moves no cursor, and means what it did', () => {
    const every = String.fromCharCode(...CODES)
    const shown = jsonText({ [every]: [every] })
    expect(shown.replaceAll('\n', '')).not.toMatch(CONTROL)
    expect(JSON.parse(shown)).toEqual({ [every]: [every] })
  })

  test('has times', () => {
    expect(when(null)).toBe('never')
    expect(when(BEGIN)).toBe('2026-01-01T00:00:00.000Z (1767225600000000)')
    expect(when(Number.MAX_SAFE_INTEGER)).toBe('2255-06-05T23:47:34.740Z (9007199254740991)')
  })
})

describe('the real clock and the real dice', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  test('never go back, whatever the wall clock does', () => {
    const clock = systemClock()
    const before = clock.now()
    vi.spyOn(Date, 'now').mockReturnValue(0)
    expect(clock.now()).toBeGreaterThanOrEqual(before)
  })

  test('go ahead with the wall clock, and on from there as usual', () => {
    const clock = systemClock()
    const wall = Date.now() + 3_600_000
    const spy = vi.spyOn(Date, 'now').mockReturnValue(wall)
    expect(clock.now()).toBeGreaterThanOrEqual(wall * 1000)
    expect(clock.now()).toBeLessThan((wall + 60_000) * 1000)
    spy.mockReturnValue(wall - 3_600_000)
    expect(clock.now()).toBeGreaterThanOrEqual(wall * 1000)
  })

  test('do not go ahead for mere drift', () => {
    const steady = vi.spyOn(performance, 'now').mockReturnValue(1_000)
    const wall = vi.spyOn(Date, 'now').mockReturnValue(5_000_000)
    const clock = systemClock()
    steady.mockReturnValue(2_000)
    wall.mockReturnValue(5_002_000)
    expect(clock.now()).toBe(5_001_000_000)
    wall.mockReturnValue(5_002_001)
    expect(clock.now()).toBe(5_002_001_000)
  })

  test('can pause for longer than a platform timer holds, and be cancelled', () => {
    vi.useFakeTimers()
    const ms = 3 * (2 ** 31 - 1) + 5
    const fired: Array<string> = []
    systemClock().after(ms, () => fired.push('kept'))
    const cancel = systemClock().after(ms, () => fired.push('cancelled'))
    vi.advanceTimersByTime(ms - 1)
    expect(fired).toEqual([])
    cancel()
    vi.advanceTimersByTime(1)
    expect(fired).toEqual(['kept'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('draw within their range, both ends included', () => {
    const draws = Array.from({ length: 200 }, () => systemRandom.between(3, 5))
    expect([...new Set(draws)].sort()).toEqual([3, 4, 5])
    expect(systemRandom.between(7, 7)).toBe(7)
  })
})
