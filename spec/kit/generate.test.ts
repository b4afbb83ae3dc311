/** What is generated is what is on the disk, and covers what there is to cover. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { callAnswer, initial, step } from '../../core/index.js'
import { ACCESS } from '../suite/laws/access.js'
import { pure } from '../suite/laws/fence.js'
import { runOf } from '../suite/laws/run.js'
import type { TraceHeader } from './format.js'
import { FOLDERS, generated, MANIFEST } from './generate/generated-files.js'
import { type Manifest, manifestOf } from './generate/manifest.js'
import { accessPlots } from './generate/random.js'
import type { Plot } from './generate/traces.js'

const DATA = new URL('../data/', import.meta.url)

const files = generated()

/** The generated files that are there, or something else in their place. */
const found = (): ReadonlyArray<string> => [
  MANIFEST,
  ...FOLDERS.flatMap((folder) => readdirSync(new URL(folder, DATA)).map((name) => `${folder}/${name}`))
]

/** The text on the disk; `null` when there is none. */
const onDisk = (path: string): string | null => {
  try {
    return readFileSync(new URL(path, DATA), 'utf8')
  } catch {
    return null
  }
}

test('the files on the disk are those that `npm run generate` makes', () => {
  const wrong = [...new Set([...files.keys(), ...found()])].filter((path) => onDisk(path) !== files.get(path))
  expect(wrong.map((path) => `spec/data/${path} is not as \`npm run generate\` makes it`)).toEqual([])
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

/** What a file has less of than so many events and effects, among those that it is about. */
const rare = (name: string, least: readonly [events: number, effects: number], isAbout: (tag: string) => boolean) => {
  const { effects, events } = manifestOf(without(`traces/${name}`))
  return [
    ...Object.entries(events).filter(([tag, count]) => isAbout(tag) && count < least[0]),
    ...Object.entries(effects).filter(([tag, count]) => isAbout(tag) && count < least[1])
  ]
}

/** Whether an event or effect is about builds, about calls, or about records that are read. */
const isOfBuilds = (tag: string): boolean => /Workflows|Build|Pipeline|Status|Cancel|Retry|RequestFailed/.test(tag)
const isOfCalls = (tag: string): boolean => tag === 'CallReceived'
const isOfAccess = (tag: string): boolean => /Access|Collaborator/.test(tag)
const isOfRecords = (tag: string): boolean => /Records|RequestFailed/.test(tag)

test('the long runs have many of every event and effect, except what an operator does once', () => {
  for (const name of ['random-members', 'random-open']) {
    expect(manifestOf(without(`traces/${name}`)).totals.steps).toBe(10_000)
    const isElsewhere = (tag: string): boolean => isOfBuilds(tag) || isOfRecords(tag) || isOfCalls(tag) || isOfAccess(tag)
    expect(rare(name, [40, 15], (tag) => !isElsewhere(tag) && tag !== 'PassedOver')).toEqual([])
  }
})

test('the runs of builds, of calls and of the backfill have many of their events and effects', () => {
  expect(rare('random-builds', [20, 15], isOfBuilds)).toEqual([])
  expect(rare('random-calls', [20, 0], isOfCalls)).toEqual([])
  expect(rare('random-backfill', [20, 15], isOfRecords)).toEqual([])
})

/** How often each kind of answer about who may push comes in the runs that are about that. */
const answersIn = (plots: ReadonlyArray<Plot>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = { ByKnot: 0, ByRecords: 0, Denied: 0, add: 0, failed: 0, granted: 0, refused: 0, remove: 0 }
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  for (const { config, events } of plots)
    events.reduce((before, event) => {
      if (event._tag === 'AccessRead') count(event.access._tag)
      if (event._tag === 'CollaboratorUpdated') count(event.update.op)
      if (event._tag === 'RequestFailed' && event.requested._tag === 'Access') count('failed')
      if (event._tag === 'CallReceived') count(callAnswer(event)(before)._tag === 'Refused' ? 'refused' : 'granted')
      return step(before, event)[0]
    }, initial(config))
  return counts
}

test('the runs in which knots say who may push have many of each thing that they say, and keep the laws', () => {
  expect(rare('random-access', [20, 20], isOfAccess)).toEqual([])
  const plots = accessPlots()
  expect(Object.entries(answersIn(plots)).filter(([, count]) => count < 20)).toEqual([])
  for (const { config, events } of plots.slice(0, 4)) {
    const run = runOf(config, events)
    for (const [id, holds] of Object.entries(ACCESS)) expect([id, pure(() => holds(run))]).toEqual([id, true])
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
