/** Which question an event answers, over every step of the examples: the law MACHINE-18, on events that are there for a reason. */
import { expect, test } from 'vitest'
import { type Event, Questions } from '../../core/index.js'
import { EXAMPLES } from '../suite/examples/index.js'
import { eventOf, initialOf } from '../suite/examples/support.js'
import { steps } from '../suite/laws/fence.js'
import { MACHINE } from '../suite/laws/machine.js'
import type { Run } from '../suite/laws/run.js'

/** An example as a run. */
const runOf = ({ config, given }: (typeof EXAMPLES)[number]): Run => {
  const start = initialOf(config)
  const events = given.map(eventOf)
  return { config: start.config, events, steps: steps(start, events), thrown: null }
}

const runs = EXAMPLES.map(runOf)

test('an event answers a question only if it is asked, under whatever number it is told', () => {
  expect(runs.map((run) => MACHINE['MACHINE-18']({ by: 7, run })).filter((verdict) => verdict !== true)).toEqual([])
})

test.each<Event['_tag']>([
  'BuildAccepted',
  'BuildMissing',
  'BuildRefused',
  'BuildUncertain',
  'RecordsRead',
  'RecordsUnread',
  'TimerFired',
  'WorkflowsRead',
  'WorkflowsUnread'
])('%s is known as the answer to what is asked', (tag) => {
  const answers = runs
    .flatMap((run) => run.steps)
    .filter(({ event }) => event._tag === tag)
    .map(({ before, event }) => Questions.numberIn(event) === Questions.openNumber(before, event))
  expect(answers).toContain(true)
})
