/** Random runs and random inputs of decoders, from the arbitraries of the specification. The same seed gives the same ones. */
import fc from 'fast-check'
import type { Event, Json } from '../../../core/index.js'
import type { Beginning } from '../../../shell/trace.js'
import { settled } from '../../arbitraries/backfill.js'
import { buildRuns } from '../../arbitraries/builds.js'
import { anyFrames, anyKnotFrames } from '../../arbitraries/frames.js'
import { known, spellings } from '../../arbitraries/hosts.js'
import { runs } from '../../arbitraries/script.js'
import type { Run } from '../../laws/run.js'
import type { Subject } from '../format.js'

/** A run by what decides it. */
export interface Course {
  readonly beginning: Beginning
  readonly events: ReadonlyArray<Event>
}

export interface Input {
  readonly input: { readonly [key: string]: Json; readonly text: string }
  readonly subject: Subject
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

/** Runs of `steps` steps together. */
export function* courses(seed: number, steps: number): Generator<Course, void, undefined> {
  const all = sampled<Run>(
    [...ABOUT.map((about) => runs({ about, length: LENGTH })), buildRuns, settled.map(({ run }) => run)],
    seed
  )
  for (let left = steps; left > 0; ) {
    const { config, events } = all.next().value
    yield { beginning: { config }, events: events.slice(0, left) }
    left -= events.length
  }
}

const FRAMES: fc.Arbitrary<Input> = anyFrames.map(({ receipt, text }) => ({ input: { ...receipt, text }, subject: 'jetstream' }))

const KNOT_FRAMES: fc.Arbitrary<Input> = anyKnotFrames.map(({ receipt, text }) => ({ input: { ...receipt, text }, subject: 'knot' }))

const HOSTS: fc.Arbitrary<Input> = fc
  .oneof(spellings, known)
  .map(({ policy, text }) => ({ input: { hosts: policy, text }, subject: 'host' }))

/** A request is written as UTF-8, which has no lone surrogates. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** So many inputs of decoders. */
export function* inputs(seed: number, count: number): Generator<Input, void, undefined> {
  const all = sampled([FRAMES, KNOT_FRAMES, HOSTS], seed)
  for (let left = count; left > 0; ) {
    const one = all.next().value
    if (LONE_SURROGATE.test(textOf(one))) continue
    yield one
    left--
  }
}

/** The text in an input: all of them have one. */
export const textOf = ({ input }: Input): string => input.text

export const withText = ({ input, subject }: Input, text: string): Input => ({ input: { ...input, text }, subject })
