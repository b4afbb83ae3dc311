/**
 * The dearest shapes of patterns and names, each up to the limit of the work, beside a hundred thousand steps that do nothing: the two take turns,
 * so that both meet the same machine. Time is that of processors.
 */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { applies, Cause, Event, explain, initial, step } from '../../core/index.js'
import type { Condition } from '../../core/model/workflow.js'
import { serve, whenJob } from './jobs.js'
import { config, RECEIVED_US } from './workload.js'

const IDLE_STEPS = 100_000

const many = (count: number, text: string): ReadonlyArray<string> => Array.from({ length: count }, () => text)

const LONG = 'a'.repeat(4_000)

/** What is tried on what. */
const SHAPES: { readonly [shape: string]: readonly [patterns: ReadonlyArray<string>, names: ReadonlyArray<string>] } = {
  'names of nothing': [many(900, 'b'), many(10_000, '')],
  'names that differ at once': [many(900, 'b'), many(10_000, 'a')],
  'long names': [['b'], many(2_000, LONG)],
  'long patterns': [many(1_000, `*${'a'.repeat(999)}`), ['']],
  'a class with many ranges': [many(50, `*[${'b-c'.repeat(300)}]`), many(2_000, LONG)],
  'short classes': [many(50, '*[b]'), many(2_000, LONG)],
  'negated classes': [many(50, '*[^b]b'), many(2_000, LONG)],
  'classes in a row': [many(50, `*${'[a]'.repeat(300)}b`), many(2_000, LONG)],
  'braces of two': [many(900, '{b,c}'), many(1_000, 'a')],
  'braces after a star': [many(200, '*{b,c}'), many(1_000, LONG)],
  'deep braces': [many(200, `${'{'.repeat(400)}b${'}'.repeat(400)}`), many(1_000, 'a')],
  'double stars': [many(50, '**/b'), many(2_000, 'a/'.repeat(2_000))],
  'double stars in a row': [many(50, `${'**/a/'.repeat(100)}b`), many(2_000, 'a/'.repeat(2_000))],
  'long literals': [many(50, `*${'a'.repeat(900)}b`), many(2_000, LONG)]
}

const conditionOf = (paths: ReadonlyArray<string>): Condition => ({ branch: ['**'], event: ['push'], paths, tag: [], types: null, unknown: null })

const must = <A>(result: t.Validation<A>): A => {
  if (E.isLeft(result)) throw new Error(explain(result.left))
  return result.right
}

const causeOf = (changedFiles: ReadonlyArray<string>): Cause =>
  must(Cause.decode({ _tag: 'Push', changedFiles, newSha: 'b'.repeat(40), oldSha: 'a'.repeat(40), ref: 'refs/heads/main', skipsCi: false }))

const cpuMs = (act: () => void): number => {
  const before = process.cpuUsage()
  act()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1_000
}

serve(whenJob, () => {
  // A timer of nothing that there is.
  const build = { knot: 'localhost:1', rkey: 'a', workflow: 'a' }
  const timer = must(Event.decode({ _tag: 'TimerFired', at: RECEIVED_US, timer: { _tag: 'RequestTimer', number: 1, requested: { _tag: 'Build', build } } }))
  const start = initial(config)
  const idle = (): void => {
    let state = start
    for (let i = 0; i < IDLE_STEPS; i++) state = step(state, timer)[0]
    if (state !== start) throw new Error('it did something')
  }
  return Promise.resolve(() =>
    Promise.resolve({
      shapes: Object.entries(SHAPES).map(([shape, [patterns, names]]) => {
        const [when, cause] = [[conditionOf(patterns)], causeOf(names)]
        const idleMs = cpuMs(idle)
        return { idleMs, ms: cpuMs(() => void applies(when, cause)), shape }
      })
    })
  )
})
