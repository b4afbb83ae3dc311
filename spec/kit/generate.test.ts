/** What is generated is what is on the disk, and covers what there is to cover. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TraceHeader } from './format.js'
import { BY_HAND, FOLDERS, generated, MANIFEST } from './generate/files.js'
import { type Manifest, manifestOf } from './generate/manifest.js'

const SPEC = new URL('../', import.meta.url)

const files = generated()

/** The generated files that are there, or something else in their place. */
const found = (): ReadonlyArray<string> => [
  MANIFEST,
  ...FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, SPEC))
      .filter((name) => name !== BY_HAND)
      .map((name) => `${folder}/${name}`)
  )
]

/** The text on the disk; `null` when there is none. */
const onDisk = (path: string): string | null => {
  try {
    return readFileSync(new URL(path, SPEC), 'utf8')
  } catch {
    return null
  }
}

test('the files on the disk are those that `npm run generate` makes', () => {
  const wrong = [...new Set([...files.keys(), ...found()])].filter((path) => onDisk(path) !== files.get(path))
  expect(wrong.map((path) => `spec/${path} is not as \`npm run generate\` makes it`)).toEqual([])
})

// ---------------------------------------------------------------------------------------- coverage

const without = (prefix: string): ReadonlyMap<string, string> =>
  new Map([...files].filter(([path]) => path !== MANIFEST && path.startsWith(prefix)))

const never = (counts: Readonly<Record<string, number>>): ReadonlyArray<string> =>
  Object.keys(counts).filter((name) => counts[name] === 0)

const all: Manifest = manifestOf(without(''))

test('every rule has a trace or a vector', () => {
  expect(never(all.rules.traces).filter((rule) => (all.rules.vectors[rule] ?? 0) === 0)).toEqual([])
})

test('every event, effect and kind of report comes in a trace', () => {
  expect([...never(all.events), ...never(all.effects), ...never(all.reports)]).toEqual([])
})

test('every subject has vectors', () => {
  expect(never(all.subjects)).toEqual([])
})

test('the long runs have many of every event and effect', () => {
  for (const name of ['random-members', 'random-open']) {
    const { effects, events, totals } = manifestOf(without(`traces/${name}`))
    expect(totals.steps).toBe(10_000)
    expect(Object.entries(events).filter(([, count]) => count < 40)).toEqual([])
    expect(Object.entries(effects).filter(([, count]) => count < 15)).toEqual([])
  }
})

test('every trace has a name of its own', () => {
  const names = [...without('traces/').values()].flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{"_tag":"trace"'))
      .map((line) => (JSON.parse(line) as TraceHeader).name)
  )
  expect(new Set(names).size).toBe(names.length)
})
