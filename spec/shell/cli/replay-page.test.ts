/**
 * `tack replay --html`: the page, as it is printed and in a real browser, where there is one: it goes forward and back through the same states as the
 * machine, searches, and takes nothing that strangers wrote for anything but text.
 */
import * as E from 'fp-ts/lib/Either.js'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Did, type Event, type Json, type Natural, REPO, type Rkey, step, type TimeUs } from '../../../core/index.js'
import { replay, type ReplayOptions } from '../../../shell/cli/replay.js'
import { readTraces, type Recorded, stateAt, traceLines, writtenState } from '../../../shell/lib/trace.js'
import { CHROMIUM, launchChromium, visitPage } from '../support/browser.js'
import { inFolder } from '../support/process.js'

// A browser takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 })

const traceFile = (name: string): string => new URL(`../../data/traces/${name}.jsonl`, import.meta.url).pathname

/** What is printed of a file, and complained of. */
const replayed = async (path: string, options: Partial<ReplayOptions> = {}) => {
  const printed: Array<string> = []
  const complaints: Array<string> = []
  const code = await replay(path, { format: 'html', ...options }, (text) => printed.push(text), (text) => complaints.push(text.replace(`error: ${path}: `, '')))
  return { code, complaints, html: printed.join('\n'), printed }
}

const MARKUP = '</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u202e'

/** A trace in a file, in which everything that can be a stranger's text is markup. */
const hostile = async (folder: string): Promise<string> => {
  const path = join(folder, `${MARKUP.replaceAll('/', '')}.jsonl`)
  const { beginning } = await firstOf('D1')
  const event = (rkey: string): Event => ({
    _tag: 'CommitReceived',
    at: 1_767_225_600_000_000 as TimeUs,
    collection: REPO,
    connection: 0 as Natural,
    did: 'did:plc:owner2222222222222222222' as Did,
    ordinal: null,
    record: { createdAt: MARKUP, knot: MARKUP, name: MARKUP, repoDid: '', spindle: MARKUP },
    rev: null,
    rkey: rkey as Rkey,
    timeUs: 1_767_225_600_000_000 as TimeUs
  })
  const lines = [...traceLines({ about: MARKUP, name: MARKUP, rules: [] }, beginning, [event('app'), event('__proto__')])]
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

/** The first trace of a file. */
const firstOf = async (name: string): Promise<Recorded> => {
  const read = await readTraces(traceFile(name))()
  if (E.isLeft(read)) throw new Error(read.left.message)
  const [first] = read.right
  if (first === undefined) throw new Error('no trace')
  return first
}

describe('the range', () => {
  test('chooses steps, by their numbers in the whole file, for every format', async () => {
    const path = traceFile('B1')
    const all = await replayed(path, { format: 'json' })
    const some = await replayed(path, { format: 'json', range: { from: 3, to: 7 } })
    expect(some.printed).toEqual(all.printed.slice(2, 7))
    const last = await replayed(path, { format: 'json', range: { from: all.printed.length, to: null } })
    expect(last.printed).toEqual(all.printed.slice(-1))
  })

  test('makes a trace that goes on from the state before the first of them, and passes', () =>
    inFolder(async (folder) => {
      const { printed } = await replayed(traceFile('random-members'), { format: 'trace', range: { from: 20, to: 30 } })
      const path = join(folder, 'part.jsonl')
      await writeFile(path, printed.map((line) => `${line}\n`).join(''))
      const again = await replayed(path, { format: 'text' })
      expect([again.code, again.printed.length]).toEqual([0, 12])
    }))

  test('a range without a step is refused, and told how many steps there are', async () => {
    const total = (await replayed(traceFile('D1'), { format: 'json' })).printed.length
    const { code, complaints } = await replayed(traceFile('D1'), { range: { from: total + 1, to: null } })
    expect([code, complaints]).toEqual([1, [`it has ${String(total)} steps, and none of them is in that range: see --from and --to`]])
  })
})

describe('the page that is printed', () => {
  test('holds no more steps and characters than it may, and says where to go on', async () => {
    const path = traceFile('random-members')
    const total = (await replayed(path, { format: 'json' })).printed.length
    const few = await replayed(path, { limits: { characters: 10_000_000, steps: 10 } })
    expect(few.html).toContain(`"about":{"file":"random-members.jsonl","first":1,"last":10,"total":${String(total)}}`)
    expect([few.code, few.complaints]).toEqual([
      0,
      [`${path}: the page ends before step 11 of ${String(total)}: it holds at most 10 steps, and 10000000 characters. For the steps after it, use --from 11`]
    ])
    const small = await replayed(path, { limits: { characters: 20_000, steps: 1_000 } })
    expect(small.complaints).toEqual([expect.stringMatching(/: the page ends before step [0-9]+ of/)])
    const empty = (await replayed(path, { limits: { characters: 20_000, steps: 1_000 }, range: { from: 1, to: 1 } })).html
    expect(small.html.length - empty.length).toBeLessThan(20_000)
  })

  test('leaves out a state that has no room, and keeps the steps', async () => {
    const { html } = await replayed(traceFile('D1'), { limits: { characters: 2_000, steps: 1_000 } })
    expect(html).toContain('{"state":null,"title":"')
  })

  test('says of itself that nothing is loaded, and holds no markup of strangers', () =>
    inFolder(async (folder) => {
      const { html } = await replayed(await hostile(folder))
      expect(html).not.toContain('alert(1)</script>')
      expect(html.match(/<script/g)).toHaveLength(2)
      expect(html).toContain(`content="default-src 'none'; script-src 'sha256-`)
      expect(html).not.toMatch(/<[^>]*\s(?:src|href|action)=/)
    }))
})


describe.skipIf(CHROMIUM === undefined)(CHROMIUM === undefined ? 'in a browser (skipped: there is no Chromium)' : 'in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  /** The page of a file, opened from the disk, with all that the browser finds fault with. */
  const visit = async (folder: string, path: string, hash = ''): Promise<{ readonly faults: ReadonlyArray<string>; readonly page: Page }> => {
    const { code, html } = await replayed(path)
    expect(code).toBe(0)
    const file = join(folder, 'page.html')
    await writeFile(file, html)
    const url = pathToFileURL(file).href
    return visitPage(browser, { options: { offline: true }, own: url, timeoutMs: 120_000, url: `${url}${hash}` })
  }

  /** The state that the page shows: everything opened, as lines. */
  const shownState = async (page: Page): Promise<string> => {
    for (;;) {
      const closed = page.locator('#state details:not([open]) > summary')
      if ((await closed.count()) === 0) return page.locator('#state').innerText()
      await closed.first().click()
    }
  }

  /** A state as the page has it: a line each, in the order of names. */
  const linesOf = (json: Json, name = 'state'): ReadonlyArray<string> => {
    if (typeof json !== 'object' || json === null) return [`${name}: ${JSON.stringify(json)}`]
    const list: ReadonlyArray<Json> | null = Array.isArray(json) ? json : null
    const pairs = list?.flatMap((item: Json): ReadonlyArray<readonly [string, Json]> =>
      Array.isArray(item) && item.length === 2 && typeof item[0] === 'string' ? [[item[0], item[1]]] : []
    )
    const isMap = list === null || (pairs?.length === list.length && new Set(pairs.map(([key]) => key)).size === list.length)
    const children: ReadonlyArray<readonly [string, Json]> =
      list === null ? Object.entries(json) : isMap ? (pairs ?? []) : list.map((item, i) => [String(i), item])
    if (children.length === 0) return [`${name}: none`]
    const sorted = isMap ? [...children].sort(([a], [b]) => (a < b ? -1 : 1)) : children
    return [`${name} (${String(children.length)})`, ...sorted.flatMap(([key, value]) => linesOf(value, key))]
  }

  test('goes forward and back through the states of the machine, and over the ends of traces', () =>
    inFolder(async (folder) => {
      const { beginning, steps } = await firstOf('B1')
      const states = steps.reduce(
        (all, { event }) => [...all, step(all.at(-1) ?? stateAt(beginning), event)[0]],
        [stateAt(beginning)]
      )
      const { faults, page } = await visit(folder, traceFile('B1'))
      const expectState = async (n: number): Promise<void> => {
        const state = states[n]
        expect((await shownState(page)).split('\n')).toEqual(state === undefined ? [] : linesOf(writtenState(state)))
      }
      expect(await page.locator('#back').isDisabled()).toBe(true)
      await expectState(0)
      for (const n of steps.keys()) {
        await page.keyboard.press('ArrowRight')
        expect(await page.locator('#title').innerText()).toBe(`${String(n + 1)} ${steps[n]?.event._tag ?? ''}`)
      }
      await expectState(steps.length)
      const { effects = [] } = steps.at(-1) ?? {}
      expect((await page.locator('#effects pre').allInnerTexts()).map((text): unknown => JSON.parse(text))).toEqual(effects)
      // Over the beginning of the second trace, and back.
      await page.locator('#forward').click()
      await page.locator('#forward').click()
      await page.locator('#back').click()
      await page.locator('#back').click()
      await expectState(steps.length)
      for (const n of [...steps.keys()].reverse()) {
        await page.locator('#back').click()
        if (n === Math.floor(steps.length / 2)) await expectState(n)
      }
      await expectState(0)
      await page.keyboard.press('End')
      expect(await page.locator('#forward').isDisabled()).toBe(true)
      await page.keyboard.press('Home')
      expect(await page.locator('#back').isDisabled()).toBe(true)
      expect(faults).toEqual([])
    }))

  test('searches by kind and text, and steps through what was found', () =>
    inFolder(async (folder) => {
      const { faults, page } = await visit(folder, traceFile('B1'), '#1')
      expect(await page.locator('#title').innerText()).toMatch(/^1 /)
      const { printed } = await replayed(traceFile('B1'), { format: 'json' })
      const count = (text: string): number => printed.filter((line) => line.includes(text)).length
      await page.selectOption('#kind', '→ ReadRecords')
      const found = count('"_tag":"ReadRecords"')
      expect(found).toBeGreaterThan(2)
      expect(await page.locator('#steps li').count()).toBe(found)
      expect(await page.locator('#found').innerText()).toContain(`${String(found)} of ${String(printed.length)} steps`)
      await page.locator('#first').click()
      await page.locator('#forward').click()
      const second = printed.findIndex((line, i) => i > printed.findIndex((one) => one.includes('"ReadRecords"')) && line.includes('"_tag":"ReadRecords"')) + 1
      expect(await page.locator('#title').innerText()).toMatch(new RegExp(`^${String(second)} `))
      await page.selectOption('#kind', '')
      await page.keyboard.press('Escape')
      await page.keyboard.press('/')
      await page.keyboard.type('OWNER22222 recordsread')
      const both = printed.filter((line) => /owner22222/.test(line) && line.includes('"RecordsRead"')).length
      expect(both).toBeGreaterThan(0)
      expect(await page.locator('#steps li').count()).toBe(both)
      expect(faults).toEqual([])
    }))

  test('shows markup as text, and what cannot be seen as escapes', () =>
    inFolder(async (folder) => {
      const { faults, page } = await visit(folder, await hostile(folder), '#2')
      expect(await page.locator('#event').innerText()).toContain('<img src=x onerror=alert(2)>\\u202e')
      expect(await shownState(page)).toContain('</script><script>alert(1)</script>')
      expect(await page.locator('#changes').innerText()).toContain('repos.__proto__')
      expect(await page.content()).not.toContain('\u202e')
      expect(await page.locator('img').count()).toBe(0)
      expect(faults).toEqual([])
    }))

  test('says at its step what a trace expects and does not come', () =>
    inFolder(async (folder) => {
      const { beginning, steps } = await firstOf('D1')
      const lines = [...traceLines({ about: '', name: 'odd', rules: [] }, beginning, steps.slice(0, 2).map(({ event }) => event))]
      const path = join(folder, 'odd.jsonl')
      await writeFile(path, lines.map((line) => `${line.replace(/"hash":"[0-9a-f]+"}$/, '"hash":"0123456789abcdef"}').replace(/^\{"_tag":"end".*/, '{"_tag":"end","state":null}')}\n`).join(''))
      const { code, html } = await replayed(path)
      expect(code).toBe(1)
      const file = join(folder, 'page.html')
      await writeFile(file, html)
      const page = await browser.newPage()
      onTestFinished(() => page.close())
      await page.goto(`${pathToFileURL(file).href}#2`)
      expect(await page.locator('#surprises li').allInnerTexts()).toEqual([
        expect.stringMatching(/^the trace has another state after this: its hash is 0123456789abcdef, not [0-9a-f]{16}$/),
        'the trace ends in another state'
      ])
    }))
})
