/** The examples, played on the core. One test per example; its name begins with the number of the rule it shows. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { COLLECTIONS, type Event, State, step } from '../../../core/index.js'
import { EXAMPLES } from './index.js'
import { eventOf, expected, initialOf, play, spokenOf } from './support.js'

describe('examples', () => {
  for (const example of EXAMPLES)
    test(example.name, () => {
      expect(spokenOf(example.then, play(example))).toEqual(expected(example.then))
    })
})

describe('rules that are not about events', () => {
  test('S1.2 the filter names exactly three collections', () => {
    expect(COLLECTIONS).toEqual(['sh.tangled.spindle.member', 'sh.tangled.repo', 'sh.tangled.repo.collaborator'])
  })

  test('D11.1 anything that is not a state is refused, and is never taken for an empty one', () => {
    const refused = [null, 0, false, '', [], {}, { accounts: [] }, { head: {} }, { accounts: [], head: {} }, undefined, 'state']
    expect(refused.map((value) => E.isLeft(State.decode(value)))).toEqual(refused.map(() => true))
  })
})

describe('the examples as a whole', () => {
  const names = [...EXAMPLES.map((example) => example.name), 'S1.2', 'D11.1']

  test('every rule has an example', () => {
    const stream = Array.from({ length: 17 }, (_, i) => `S${String(i + 1)}`)
    const decisions = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13].map((n) => `D${String(n)}`)
    const finePrint = Array.from({ length: 9 }, (_, i) => `F${String(i + 1)}`)
    const backfill = ['B1', 'B2', 'B3']
    const builds = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7']
    const without = [...stream, ...decisions, ...finePrint, ...backfill, ...builds].filter((id) => !names.some((name) => name.startsWith(`${id}.`)))
    expect(without).toEqual([])
  })

  test('no two examples have one name', () => {
    expect(new Set(names).size).toBe(names.length)
  })

  /** What comes of something that the bridge has asked for: about nothing that is asked for, it would do nothing. */
  const ANSWERS: ReadonlySet<Event['_tag']> = new Set<Event['_tag']>([
    'BuildAccepted',
    'BuildMissing',
    'BuildReported',
    'CancelAcknowledged',
    'RecordsRead',
    'RequestFailed',
    'TimerFired',
    'WorkflowsRead'
  ])

  test('every answer that is given is one to something', () => {
    const idle = EXAMPLES.flatMap(({ config, given, name }) => {
      let state = initialOf(config)
      return given.map(eventOf).flatMap((event, i) => {
        const [after, effects] = step(state, event)
        const isIdle = ANSWERS.has(event._tag) && after === state && effects.length === 0
        state = after
        return isIdle ? [`${name}: ${event._tag}, the ${String(i + 1)}th`] : []
      })
    })
    expect(idle).toEqual([])
  })

  test('the examples are plain JSON', () => {
    expect(JSON.parse(JSON.stringify(EXAMPLES))).toEqual(EXAMPLES)
  })
})
