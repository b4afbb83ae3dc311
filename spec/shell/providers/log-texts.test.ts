/** The texts of logs: pieces of lines, places, and how many texts are held for readers who take their time. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createWork, type TextLog } from '../../../shell/providers/common.js'
import { defaultLogTextLimits } from '../../../shell/providers/log-texts.js'
import type { LogLine } from '../../../shell/providers/provider.js'
import { defaultLogsLimits } from '../../../shell/inbound/readers/logs.js'
import { manualClock } from '../support/bridge.js'

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Readers of one log, each of which reads as much as it is told to. */
const setUp = (limits: Partial<typeof defaultLogTextLimits>, text: string, isComplete = true) => {
  const clock = manualClock()
  const work = createWork({ clock, logTexts: { ...defaultLogTextLimits, shortChars: 0, ...limits }, secrets: ['hush-hush'] })
  const asked: Array<string> = []
  const reader = (name: string) => {
    const gone = new AbortController()
    const read = (at: number): Promise<TextLog> => {
      asked.push(`${name} ${String(at)}`)
      return Promise.resolve({ _tag: 'Text', isComplete, text })
    }
    const lines = work.log({ everyMs: 1_000, name: 'Build', read, signal: gone.signal })
    const said: Array<string> = []
    const next = async (): Promise<void> => {
      const { done, value } = (await lines.next()) as IteratorResult<LogLine, undefined>
      said.push(done === true ? 'over' : value._tag === 'Text' ? value.text : value.status)
    }
    return {
      leave: async () => {
        gone.abort()
        await settle()
        await lines.return(undefined)
      },
      /** Asks for so many lines, and waits for what comes without time passing. */
      next: async (count = 1) => {
        let done: Promise<void> = Promise.resolve()
        for (let i = 0; i < count; i++) done = next()
        void done
        await settle()
      },
      said
    }
  }
  return { asked, clock, reader, work }
}

describe('the end of a line', () => {
  const linesIn = async (text: string) => {
    const { reader } = setUp({}, text)
    const { next, said } = reader('a')
    await next(100)
    return said.slice(1, said.indexOf('end'))
  }

  test('is not part of it, whatever it is', async () => {
    expect(await linesIn('a\r\r\n\r\n\n b\rc \r')).toEqual(['a', '', '', ' b\rc '])
  })

  // What takes the square of the length takes minutes here.
  test('is distinguished from what is overwritten in the line, however much that is', async () => {
    const progress = '\r'.repeat(500_000)
    const said = await linesIn(`${progress}x${progress}\nb`)
    expect([said.slice(0, -1).join('') === `${progress}x`, said.at(-1)]).toEqual([true, 'b'])
  })
})

describe('a long line', () => {
  const piecesIn = async (line: string) => {
    const { reader } = setUp({}, `${line}\nend`)
    const { next, said } = reader('a')
    await next(6)
    return said.slice(1, said.indexOf('end'))
  }

  test('is passed on in pieces as long as those shown, none of which ends within a character', async () => {
    expect(defaultLogsLimits.lineChars).toBe(16_384)
    expect((await piecesIn('x'.repeat(32_768))).map(({ length }) => length)).toEqual([16_384, 16_384])
    expect((await piecesIn('x'.repeat(16_385))).map(({ length }) => length)).toEqual([16_384, 1])
    expect(await piecesIn(`${'🧵'.repeat(16_384)}x`)).toEqual(['🧵'.repeat(16_384), 'x'])
    expect(await piecesIn(`${'\ud83e'.repeat(16_384)}\ud83e`)).toEqual(['\ud83e'.repeat(16_384), '\ud83e'])
  })

  test('is passed on without a secret that lies where it is cut', async () => {
    expect(await piecesIn(`${'x'.repeat(16_380)}hush-hush${'y'.repeat(3)}`)).toEqual([`${'x'.repeat(16_380)}***y`, 'yy'])
  })
})

describe('texts of logs', () => {
  const TEXT = 'one\r\ntwo\nthree\n'

  test('are held a few at a time; the others wait', async () => {
    const { asked, reader } = setUp({ held: 2 }, TEXT)
    const [a, b, c, d] = [reader('a'), reader('b'), reader('c'), reader('d')]
    for (const { next } of [a, b, c, d]) await next()
    expect(asked).toEqual(['a 0', 'b 0'])
    await b.next(4)
    expect(b.said).toEqual(['start', 'one', 'two', 'three', 'end'])
    expect(asked).toEqual(['a 0', 'b 0', 'c 0'])
    await a.leave()
    expect(asked).toEqual(['a 0', 'b 0', 'c 0', 'd 0'])
  })

  test('are given up for others after a while, and requested again for the rest', async () => {
    const { asked, clock, reader } = setUp({ held: 1, turnMs: 5_000 }, TEXT)
    const [a, b] = [reader('a'), reader('b')]
    await a.next(2)
    await b.next()
    clock.advance(4_999)
    await settle()
    expect([a.said, b.said]).toEqual([['start', 'one'], []])
    clock.advance(1)
    await settle()
    expect(b.said).toEqual(['start'])
    // What has lasted long enough, somebody who comes later may take.
    clock.advance(5_000)
    await a.next(4)
    expect(a.said).toEqual(['start', 'one', 'two', 'three', 'end', 'over'])
    await b.next(5)
    expect(b.said).toEqual(['start', 'one', 'two', 'three', 'end', 'over'])
    expect(asked).toEqual(['a 0', 'b 0', 'a 5', 'b 0'])
    expect(clock.armed()).toBe(0)
  })

  test('are given up in the middle of a long line', async () => {
    const { clock, reader } = setUp({ held: 1 }, `hush-hush${'x'.repeat(16_381)}hush-hush\ntwo`)
    const [a, b] = [reader('a'), reader('b')]
    await a.next(2)
    await b.next()
    clock.advance(5_000)
    await b.next(4)
    await a.next(3)
    expect(a.said).toEqual(['start', `***${'x'.repeat(16_381)}`, '***', 'two', 'end'])
    expect(b.said).toEqual(a.said)
  })

  test('are not given up when nobody waits', async () => {
    const { asked, clock, reader } = setUp({ held: 1 }, TEXT)
    const a = reader('a')
    await a.next(2)
    clock.advance(60_000)
    await a.next(3)
    expect([a.said.at(-1), asked]).toEqual(['end', ['a 0']])
  })

  test('are not held while a log grows, or by a reader that has left, even before its turn', async () => {
    const { asked, reader, work } = setUp({ held: 1 }, TEXT, false)
    const [a, b, c, d] = [reader('a'), reader('b'), reader('c'), reader('d')]
    await a.next(3)
    await b.next()
    await c.next()
    await c.leave()
    expect([asked, c.said]).toEqual([['a 0'], ['over']])
    await a.next(2)
    expect(a.said).toEqual(['start', 'one', 'two', 'three'])
    expect(asked).toEqual(['a 0', 'b 0'])
    await d.next()
    await work.close()
    await settle()
    expect([a.said.at(-1), d.said]).toEqual(['over', ['over']])
  })

  test('do not wait when they are short', async () => {
    const { asked, reader } = setUp({ held: 1, shortChars: TEXT.length }, TEXT)
    const [a, b] = [reader('a'), reader('b')]
    await a.next(2)
    await b.next(2)
    expect([a.said, b.said, asked]).toEqual([['start', 'one'], ['start', 'one'], ['a 0', 'b 0']])
  })

  test('are as many, as short, and held as long as the guide says', async () => {
    const reading = async (chars: number) => {
      const { asked, clock, reader } = setUp(defaultLogTextLimits, 'x\n'.repeat(chars / 2))
      for (let i = 0; i < 20; i++) await reader(String(i)).next()
      const counts = [asked.length]
      for (const ms of [4_999, 1]) {
        clock.advance(ms)
        await settle()
        counts.push(asked.length)
      }
      return counts
    }
    expect(await reading(65_538)).toEqual([8, 8, 16])
    expect(await reading(65_536)).toEqual([20, 20, 20])
  })

  test('take no more memory than that, however many readers do not read', () => {
    const bench = `
      const { createWork } = await import(process.argv[1])
      // Time passes a thousand times as fast.
      const clock = { after: (ms, then) => { const timer = setTimeout(then, ms / 1000); return () => clearTimeout(timer) }, now: () => 0 }
      const work = createWork({ clock, secrets: ['hush-hush'] })
      const bytes = Buffer.from('x'.repeat(79).concat('\\n').repeat(5e4) + '\\n'.repeat(3e6))
      const read = () => Promise.resolve({ _tag: 'Text', isComplete: true, text: bytes.toString() })
      const all = []
      for (let i = 0; i < 40; i++) {
        const lines = work.log({ everyMs: 1000, name: 'Build', read, signal: new AbortController().signal })
        await lines.next()
        await lines.next()
        all.push(lines)
      }
      console.log(all.length)`
    const common = fileURLToPath(new URL('../../../dist/shell/providers/common.js', import.meta.url))
    const { stdout } = spawnSync(process.execPath, ['--max-old-space-size=128', '--input-type=module', '-e', bench, common], { encoding: 'utf8' })
    expect(stdout).toBe('40\n')
  })
})
