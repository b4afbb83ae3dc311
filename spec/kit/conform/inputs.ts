/** Random runs and random inputs of decoders, from the arbitraries of the specification. The same seed gives the same ones. */
import fc from 'fast-check'
import { type Event, type Json, step } from '../../../core/index.js'
import { type Beginning, stateAt } from '../../../shell/lib/trace.js'
import { accessRuns } from '../../suite/arbitraries/access.js'
import { settled } from '../../suite/arbitraries/backfill.js'
import { buildRuns } from '../../suite/arbitraries/builds.js'
import { anyFrames, anyKnotFrames } from '../../suite/arbitraries/frames.js'
import { known, spellings } from '../../suite/arbitraries/hosts.js'
import { facts } from '../../suite/arbitraries/inquiries.js'
import { causes, pathNames, patterns, whens } from '../../suite/arbitraries/patterns.js'
import { runs } from '../../suite/arbitraries/script.js'
import { triggerEvents, workflowValues } from '../../suite/arbitraries/told.js'
import { HOSTS as PUBLIC, KNOT } from '../../suite/laws/inquiry.js'
import type { Run } from '../../suite/laws/run.js'
import type { Subject } from '../format.js'

/** A run by what decides it. */
export interface Course {
  readonly beginning: Beginning
  readonly events: ReadonlyArray<Event>
}

export interface Input {
  readonly input: { readonly [key: string]: Json }
  readonly subject: Subject
  /** The part of the input that is a text, and can be made shorter; `null` where there is none. */
  readonly text: string | null
}

const LENGTH = 60
const BATCH = 20

const ABOUT = ['everything', 'knots', 'rows', 'stream'] as const

/** Seeds that differ in one give inputs that have nothing in common. */
const seedOf = (seed: number, n: number): number => Math.imul(seed, 0x9e3779b1) + n * 7_919

/** As many of the items as are asked for: batch after batch. */
function* sampled<A>(arbitraries: ReadonlyArray<fc.Arbitrary<A>>, seed: number): Generator<A, never, undefined> {
  for (let n = 0; ; n++) {
    const arbitrary = arbitraries[n % arbitraries.length]
    if (arbitrary !== undefined) yield* fc.sample(arbitrary, { numRuns: BATCH, seed: seedOf(seed, n) | 0 })
  }
}

/** Every third run begins with the state that its first half leads to. */
const fromState = ({ config, events }: Run): Course => {
  const half = events.length >> 1
  const state = events.slice(0, half).reduce((before, event) => step(before, event)[0], stateAt({ config }))
  return { beginning: { state }, events: events.slice(half) }
}

/**
 * Every third run has its timers fire again, each a few steps later: such a timer is void, or belongs to something else that came under its
 * number.
 */
const withVoidTimers = ({ config, events }: Run): Course => {
  const late = new Map(events.flatMap((event, i) => (event._tag === 'TimerFired' ? [[i + 3, event] as const] : [])))
  return {
    beginning: { config },
    events: events.flatMap((event, i): ReadonlyArray<Event> => {
      const again = late.get(i)
      return again === undefined ? [event] : [event, { ...again, at: event.at }]
    })
  }
}

const plainly = ({ config, events }: Run): Course => ({ beginning: { config }, events })

const WAYS = [plainly, fromState, withVoidTimers] as const

/** Runs of `steps` steps together. */
export function* courses(seed: number, steps: number): Generator<Course, void, undefined> {
  const all = sampled<Run>(
    [...ABOUT.map((about) => runs({ about, length: LENGTH })), buildRuns, settled.map(({ run }) => run), accessRuns],
    seed
  )
  let n = 0
  for (let left = steps; left > 0; ) {
    const way = WAYS[n++ % WAYS.length] ?? plainly
    const { beginning, events } = way(all.next().value)
    yield { beginning, events: events.slice(0, left) }
    left -= events.length
  }
}

const FRAMES: fc.Arbitrary<Input> = anyFrames.map(({ receipt, text }) => ({ input: { ...receipt, text }, subject: 'jetstream', text: 'text' }))

const KNOT_FRAMES: fc.Arbitrary<Input> = anyKnotFrames.map(({ receipt, text }) => ({ input: { ...receipt, text }, subject: 'knot', text: 'text' }))

const HOSTS: fc.Arbitrary<Input> = fc
  .oneof(spellings, known)
  .map(({ policy, text }) => ({ input: { hosts: policy, text }, subject: 'host', text: 'text' }))

const GLOBS: fc.Arbitrary<Input> = fc
  .tuple(pathNames, patterns)
  .map(([name, pattern]) => ({ input: { name, pattern }, subject: 'glob', text: 'pattern' }))

const WHENS: fc.Arbitrary<Input> = fc
  .tuple(causes, whens)
  .map(([cause, when]) => ({ input: { cause, when: when.map((condition) => ({ ...condition })) }, subject: 'when', text: null }))

const MISTAKES: fc.Arbitrary<Input> = whens.map((when) => ({
  input: { when: when.map((condition) => ({ ...condition })) },
  subject: 'mistake',
  text: null
}))

const TRIGGERS: fc.Arbitrary<Input> = triggerEvents.map(({ event, nsid }) => ({ input: { event, nsid }, subject: 'trigger', text: null }))

const WORKFLOWS: fc.Arbitrary<Input> = workflowValues.map((data) => ({
  input: { content: '', data, name: 'ci.yml' },
  subject: 'workflow',
  text: null
}))

const INQUIRIES: fc.Arbitrary<Input> = facts.map((given) => {
  const { description, document, pages, repo, version } = given
  const said = [version, document, description, ...pages].map((one): Json => ({ ...one.said }))
  return { input: { hosts: { ...PUBLIC }, knot: KNOT, repo, said }, subject: 'inquiry', text: null }
})

/** A request is written as UTF-8, which has no lone surrogates. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** So many inputs of decoders. */
export function* inputs(seed: number, count: number): Generator<Input, void, undefined> {
  const all = sampled([FRAMES, KNOT_FRAMES, HOSTS, GLOBS, WHENS, TRIGGERS, WORKFLOWS, MISTAKES, INQUIRIES], seed)
  for (let left = count; left > 0; ) {
    const one = all.next().value
    if (LONE_SURROGATE.test(textOf(one))) continue
    yield one
    left--
  }
}

/** The text in an input, `""` where there is none. */
export const textOf = ({ input, text }: Input): string => {
  const value = text === null ? '' : input[text]
  return typeof value === 'string' ? value : ''
}

export const withText = (one: Input, text: string): Input => (one.text === null ? one : { ...one, input: { ...one.input, [one.text]: text } })
