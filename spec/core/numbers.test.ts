/** Which question an event answers: the law MACHINE-18 on examples, where events are there for a reason. */
import { expect, test } from 'vitest'
import { Builds, clampTimeUs, type Event, HostName, Natural, OrderedMap as M, Numbers, type Status, type Timer, WorkflowName } from '../../core/index.js'
import { EXAMPLES } from '../suite/examples/index.js'
import { type Example, eventOf, initialOf, must } from '../suite/examples/support.js'
import { steps } from '../suite/laws/fence.js'
import { MACHINE } from '../suite/laws/machine.js'
import type { Run } from '../suite/laws/run.js'

/** An example as a run. */
const runOf = ({ config, given, when }: Example): Run => {
  const start = initialOf(config)
  const events = [...given, ...when].map(eventOf)
  return { config: start.config, events, steps: steps(start, events), thrown: null }
}

/** The shortest example in which an event of that kind comes. What it steps through belongs to the test that asks for it. */
const runWith = (tag: Event['_tag'], isMeant: (run: Run) => boolean = () => true): Run => {
  const examples = EXAMPLES.filter(({ given, when }) => [...given, ...when].some((happening) => happening._tag === tag))
  for (const example of examples.sort((a, b) => a.given.length + a.when.length - b.given.length - b.when.length)) {
    const run = runOf(example)
    if (isMeant(run)) return run
  }
  throw new Error(`no example has ${tag}`)
}

const ANSWERS: ReadonlyArray<Event['_tag']> = [
  'BuildAccepted',
  'BuildMissing',
  'CancelAcknowledged',
  'RecordsRead',
  'RequestFailed',
  'TimerFired',
  'WorkflowsRead'
]

test.each(ANSWERS)('%s answers what is asked, under whatever number it is told, and nothing else', (tag) => {
  const isAnswer = ({ before, event }: Run['steps'][number]): boolean =>
    event._tag === tag && Numbers.numberIn(event) === Numbers.openNumber(before, event)
  const run = runWith(tag, ({ steps: all }) => all.some(isAnswer))
  expect(MACHINE['MACHINE-18']({ by: 7, run })).toBe(true)
})

/** A build that is under way, with a state in which it stands. */
const underWay = (isMeant: (build: Builds.Build) => boolean = () => true) => {
  const buildsIn = ({ steps: all }: Run) =>
    all.flatMap(({ after: state }) =>
      M.toEntries(state.builds.runs).flatMap(([key, { builds }]) => {
        const [knot, rkey] = Builds.splitKey(key)
        return M.toEntries(builds)
          .filter(([, build]) => build.phase._tag !== 'Settled' && isMeant(build))
          .map(([workflow, build]) => ({ build, name: { knot, rkey, workflow }, state }))
      })
    )
  const [found] = buildsIn(runWith('BuildAccepted', (run) => buildsIn(run).length > 0))
  if (found === undefined) throw new Error('no example has such a build')
  return found
}

test.each<Status>(['pending', 'running'])('the time of a build that is %s may be over a second before it is', (status) => {
  const { build, name, state } = underWay((one) => one.status === status)
  const { pendingMs, runningMs } = state.config.builds
  const dueUs = build.statusUs + (status === 'pending' ? pendingMs : runningMs) * 1_000
  const openAt = (us: number): number | null =>
    Numbers.openNumber(state, { _tag: 'TimerFired', at: clampTimeUs(us), timer: { _tag: 'DeadlineTimer', build: name, number: build.deadline } })
  expect([dueUs - 1_000_001, dueUs - 1_000_000, dueUs].map(openAt)).toEqual([null, build.deadline, build.deadline])
})

test('of what is not there nothing is open', () => {
  const { build, name, state } = underWay()
  const elsewhere = { ...name, workflow: must(WorkflowName.decode('none.yml')) }
  const at = clampTimeUs(build.statusUs * 2)
  const timer = (of: Timer): number | null => Numbers.openNumber(state, { _tag: 'TimerFired', at, timer: of })
  const number = build.deadline
  expect(timer({ _tag: 'DeadlineTimer', build: elsewhere, number })).toBeNull()
  expect(timer({ _tag: 'RequestTimer', number, requested: { _tag: 'Build', build: elsewhere } })).toBeNull()
  expect(timer({ _tag: 'JetstreamTimer', connection: number })).toBeNull()
  expect(timer({ _tag: 'SourceTimer', knot: must(HostName.decode('nowhere.example')), number })).toBeNull()
  expect(timer({ _tag: 'KnotTimer', connection: number, host: must(HostName.decode('nowhere.example')) })).toBeNull()
})

test('a number stands for the question that was open when it was first told, and for no other afterwards', () => {
  const told = runWith('WorkflowsRead').steps.find(({ before, event }) => event._tag === 'WorkflowsRead' && event.number === Numbers.openNumber(before, event))
  if (told?.event._tag !== 'WorkflowsRead') throw new Error('no example has read workflows')
  const { before, event } = told
  const then = Numbers.withNumber(event, must(Natural.decode(event.number + 40)))
  const [known, meant] = Numbers.renumber(Numbers.NONE_RENUMBERED, before, then)
  expect(meant).toEqual(event)
  expect(M.toEntries(known.builds)).toEqual([[String(event.number + 40), event.number]])
  expect([known.knots, known.records].every(M.isEmpty)).toBe(true)
  // One that has been given out already is of another question.
  const old = Numbers.withNumber(event, must(Natural.decode(0)))
  expect(Numbers.renumber(Numbers.NONE_RENUMBERED, before, old)).toEqual([Numbers.NONE_RENUMBERED, old])
  expect(Numbers.renumber(known, before, then)[1]).toEqual(event)
})
