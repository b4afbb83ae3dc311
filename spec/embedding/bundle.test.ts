/**
 * The core in a browser and in a bare context: a bundle of it asks for nothing but the language, does there what it does here,
 * and costs what spec/embedding.md says.
 */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { canonical, type Json, run, State } from '../../core/index.js'
import { stateHash } from '../../shell/lib/trace.js'
import { EXAMPLES } from '../suite/examples/index.js'
import { eventOf, initialOf, must } from '../suite/examples/support.js'
import { createWorld, freeNames, NEEDED } from './bare.js'
import { type Bundle, bundle, GLOBAL } from './bundle.js'
import { createProject } from './project.js'
import { CHROMIUM, launchChromium } from '../shell/support/browser.js'

const project = await createProject()
afterAll(project.remove)

const whole = await bundle(project, { isMinified: false, isShaken: false, wanted: '*' })
const shaken = await bundle(project, { isMinified: false, isShaken: true, wanted: '*' })

// ---------------------------------------------------------------------------------------- purity

// Only fp-ts is another in the second, which every example comes by: a fifth of them is enough there.
describe.each([
  ['as it is', whole, EXAMPLES],
  ['with the modules of fp-ts', shaken, EXAMPLES.filter((_, i) => i % 5 === 0)]
])('the whole core in one file, %s', (_, { bytesFrom, text }, examples) => {
  test('consists of the core and two libraries', () => expect([...bytesFrom.keys()].sort()).toEqual(['core', 'fp-ts', 'io-ts']))

  test('needs the language, and nothing of it that knows the time or is left to chance', () =>
    expect(freeNames(text)).toEqual(NEEDED))

  test('plays examples in a bare context as here, reads the state back, and arrives at the same text and hash', () => {
    const world = createWorld()
    world.run(text)
    for (const { config, given, name, when } of examples) {
      const events = [...given, ...when].map(eventOf)
      const [state] = run(initialOf(config), events)
      const said = world.run(playThere(config, events))
      expect(said, name).toBe(canonical(State.encode(state) as Json))
      expect(stateHash(must(State.decode(JSON.parse(said)))), name).toBe(stateHash(state))
    }
    expect(examples.length).toBeGreaterThan(100)
  })
})

/** A script that plays the events one by one, from the written configuration, and after each reads back the state it wrote. */
const playThere = (config: object, events: ReadonlyArray<object>): string => `
(() => {
  const { canonical, Config, Event, initial, State, step } = ${GLOBAL}
  const must = (decoded) => {
    if (decoded._tag === 'Left') throw new Error(${GLOBAL}.explain(decoded.left))
    return decoded.right
  }
  let text = canonical(State.encode(initial(must(Config.decode(JSON.parse(${JSON.stringify(JSON.stringify(config))}))))))
  for (const event of JSON.parse(${JSON.stringify(JSON.stringify(events))})) {
    const [state] = step(must(State.decode(JSON.parse(text))), must(Event.decode(event)))
    text = canonical(State.encode(state))
  }
  return text
})()`

// ---------------------------------------------------------------------------------------- hosts

/** Every tenth example: the whole of them is played in the bare context. */
const SOME = EXAMPLES.filter((_, i) => i % 10 === 0).map(({ config, given, when }) => {
  const events = [...given, ...when].map(eventOf)
  return { expected: canonical(State.encode(run(initialOf(config), events)[0]) as Json), script: playThere(config, events) }
})

/** A script that plays them all, and hands over an array of texts. */
const playSome = (hand: string): string => `${whole.text}\n${hand}([${SOME.map(({ script }) => script.trim()).join(',')}])`

describe('the core plays some of the examples as here', () => {
  const expected = SOME.map((one) => one.expected)

  test('in a worker of Node', async () => {
    const worker = new Worker(playSome("require('node:worker_threads').parentPort.postMessage"), { eval: true })
    onTestFinished(async () => {
      await worker.terminate()
    })
    const said = await new Promise<unknown>((resolve, reject) => void worker.once('message', resolve).once('error', reject))
    expect(said).toEqual(expected)
  })

  test.skipIf(CHROMIUM === undefined)(`in the page of a browser, and in its worker${CHROMIUM === undefined ? ' (skipped: there is no Chromium)' : ''}`, async () => {
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    await page.addScriptTag({ content: playSome('globalThis.said = ') })
    expect(await page.evaluate('said')).toEqual(expected)
    const inWorker = `new Promise((resolve, reject) => {
      const worker = new Worker(URL.createObjectURL(new Blob([${JSON.stringify(playSome('postMessage'))}], { type: 'text/javascript' })))
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    })`
    expect(await page.evaluate(inWorker)).toEqual(expected)
  }, 120_000)
})

describe('the bare context is bare', () => {
  const { run: tryThere } = createWorld()

  const hosts = ['console', 'process', 'URL', 'TextEncoder', 'structuredClone', 'setTimeout', 'queueMicrotask']
  for (const name of [...hosts, 'Intl', 'Promise', 'WeakRef'])
    test(`has no ${name}`, () => expect(tryThere(`typeof ${name}`)).toBe('undefined'))

  test('has no time', () => expect(() => tryThere('new Date().getTime()')).toThrow('Date is not defined'))
  test('has no chance', () => expect(() => tryThere('Math.random()')).toThrow('Math.random is not a function'))
  test('turns no text into code', () => expect(() => tryThere('(() => 1).constructor("return 1")()')).toThrow('Code generation'))
  test('notices a name that is not declared', () => expect(freeNames('const x = 1; f(x, Date.now())')).toEqual(['Date', 'f']))
})

// ---------------------------------------------------------------------------------------- size

interface Sizes {
  readonly gzip: number
  readonly minified: number
}

const sizesOf = (text: string): Sizes => ({ gzip: gzipSync(text, { level: 9 }).length, minified: Buffer.byteLength(text) })

/** Stated sizes are for people, in kB with one decimal; a library or the compiler may make a small difference. */
const isNear = (stated: number, bytes: number): boolean => Math.abs(bytes - stated * 1000) <= Math.max(100, stated * 100)

const PAGE = readFileSync(new URL('../embedding.md', import.meta.url), 'utf8')

/** The rows of tables on the page that begin with code and go on with numbers alone. */
const rows = PAGE.split('\n').flatMap((line) => {
  const [, name, rest] = /^\| `([^`]+)` \|((?: *[\d.]+ \|)+)$/.exec(line) ?? []
  return name === undefined || rest === undefined ? [] : [{ name, stated: rest.split('|').slice(0, -1).map(Number) }]
})

const made = new Map<string, Promise<Bundle>>()

/** The bundle for browsers of what is wanted, made once. */
const small = (wanted: string, isShaken: boolean): Promise<Bundle> => {
  const name = `${wanted} ${String(isShaken)}`
  const one = made.get(name) ?? bundle(project, { isMinified: true, isShaken, wanted })
  made.set(name, one)
  return one
}

const minified = async (wanted: string, isShaken: boolean): Promise<Sizes> => sizesOf((await small(wanted, isShaken)).text)

describe('the sizes in spec/embedding.md (kB) are those of the bundle', () => {
  const wanted = rows.filter(({ stated }) => stated.length === 4)
  const parts = rows.filter(({ stated }) => stated.length === 2)

  test('cover at least one import', () => expect([wanted.length, parts.length]).toEqual([7, 3]))

  test.each(wanted)('$name', async ({ name, stated }) => {
    const [plain, shaken] = [await minified(name, false), await minified(name, true)]
    const measured = [plain.minified, plain.gzip, shaken.minified, shaken.gzip]
    expect(
      stated.every((size, i) => isNear(size, measured[i] ?? Infinity)),
      `measured ${measured.map((bytes) => (bytes / 1000).toFixed(1)).join(' | ')}`
    ).toBe(true)
  })

  test('are divided among all packages', async () => {
    const measured = await Promise.all([false, true].map(async (isShaken) => (await small('*', isShaken)).bytesFrom))
    for (const { name, stated } of parts) {
      const bytes = measured.map((bytesFrom) => bytesFrom.get(name) ?? Infinity)
      expect(
        stated.every((size, i) => isNear(size, bytes[i] ?? Infinity)),
        `${name}: measured ${bytes.map((each) => (each / 1000).toFixed(1)).join(' | ')}`
      ).toBe(true)
    }
  })
})

describe('the bundle of one function is little more than that function', () => {
  test.each([
    ['{ canonical }', 0.02],
    ['{ OrderedMap }', 0.2],
    ['{ canonicalHost }', 0.5],
    ['{ Cursor }', 0.5]
  ])('%s', async (wanted, part) => {
    const all = await minified('*', true)
    expect((await minified(wanted, true)).minified).toBeLessThan(all.minified * part)
  })
})
