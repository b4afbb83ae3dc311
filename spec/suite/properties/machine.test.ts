/** MACHINE, tried; and that the fence is shut. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  Access, asAdvance, Backfill, Builds, Commits, Cursor, decodeFrame, decodeKnotFrame, type Event, initial, Knots, Numbers, OrderedMap as M, type State
} from '../../../core/index.js'
import { configWith } from '../arbitraries/config.js'
import { withBuilds } from '../arbitraries/all.js'
import { anyFrames, anyKnotFrames } from '../arbitraries/frames.js'
import { runs } from '../arbitraries/script.js'
import { deepFreeze, pure } from '../laws/fence.js'
import { MACHINE } from '../laws/machine.js'
import {
  accountGoes,
  changesPolicy,
  has,
  reconnects,
  reconnectsKnot,
  releases,
  reports,
  some,
  staleFrame,
  subscribes
} from './cases.js'
import { check } from './support.js'

const splits = fc.record({ at: fc.nat(30), run: withBuilds(runs()) })

const streamSplits = fc.record({ at: fc.nat(10), run: runs({ about: 'stream' }) })

/** Two events in a row that only move the cursor, the second of them after `at`. */
const merges = ({
  at,
  run
}: {
  readonly at: number
  readonly run: { readonly steps: Parameters<typeof mergeable>[0] }
}): boolean => mergeable(run.steps.slice(at % (run.steps.length + 1)))

const mergeable = (steps: ReadonlyArray<Parameters<Parameters<typeof some>[0]>[0]>): boolean =>
  steps.some(({ before, event }, i) => {
    const next = steps[i + 1]
    return next !== undefined && asAdvance(before, event) !== null && asAdvance(next.before, next.event) !== null
  })

/** Whether the event is a trigger that brings what only a build needs. */
const bringsMuch = (event: Event): boolean => {
  if (event._tag !== 'KnotReceived' || event.payload._tag !== 'Trigger') return false
  const { cause, workflows } = event.payload.trigger
  return (workflows ?? []).length > 0 || (cause._tag === 'Push' ? cause.changedFiles !== null : cause._tag === 'Manual' && cause.inputs.length > 0)
}

const answers = ({ _tag }: Event): boolean => _tag.startsWith('Build') || _tag.startsWith('Records') || _tag.startsWith('Workflows')

describe('the fence', () => {
  test.each<readonly [string, () => unknown]>([
    ['the clock', () => Date.now()],
    ['the date', () => new Date()],
    ['chance', () => Math.random()],
    ['a timer', () => setTimeout(() => undefined, 0)],
    ['an interval', () => setInterval(() => undefined, 1_000)],
    ['a high clock', () => performance.now()]
  ])('throws when the core uses %s, and gives it back afterwards', (_, use) => {
    expect(() => pure(use)).toThrow()
    expect(Date.now()).toBeGreaterThan(0)
    expect(Math.random()).toBeLessThan(1)
    expect(performance.now()).toBeGreaterThan(0)
  })

  test('freezes a state to the bottom', () => {
    const state = deepFreeze({ ...initial(configWith({})) })
    expect(Object.isFrozen(state.cursor.connection.phase)).toBe(true)
  })
})

/** Whether the step may end once the rows have seen the event: it is a frame, but not of an account, and no news came of it. */
const endsAtRows = ({ before, event }: { readonly before: State; readonly event: Event }): boolean => {
  if (event._tag === 'FrameRejected' || event._tag === 'StreamAdvanced') return true
  if (event._tag !== 'CommitReceived') return false
  const { config, cursor } = before
  const answer = Cursor.reduce(cursor, event, { config })
  const commits = Commits.reduce(before.commits, event, { config, cursor: O.isSome(answer) ? answer.value[0].cursor : cursor.cursor })
  return O.isNone(commits) || commits.value[1].length === 0
}

describe('a step that ends at the rows', () => {
  test('would have come to nothing with everybody else: knots, who may push, backfill and builds', () => {
    let ends = 0
    fc.assert(
      fc.property(withBuilds(runs()), ({ steps }) => {
        for (const step of steps.filter(endsAtRows)) {
          ends += 1
          const { after, before, event } = step
          const { config, isStopped } = before
          expect(Knots.reduce(before.knots, event, { config, holds: [], isStopped })).toStrictEqual(O.none)
          expect(Access.reduce(before.access, event, { claims: [], commits: after.commits, config, isStopped, told: [] })).toStrictEqual(O.none)
          expect(Backfill.reduce(before.backfill, event, { commits: after.commits, config, isStopped, members: [] })).toStrictEqual(O.none)
          const given = { access: before.access, commits: after.commits, config, holds: [], knots: before.knots, lost: [], outcomes: [], wasStopped: isStopped }
          expect(Builds.reduce(before.builds, event, given)).toStrictEqual(O.none)
        }
      }),
      { numRuns: 100 }
    )
    expect(ends).toBeGreaterThan(200)
  })
})

describe('MACHINE', () => {
  check(MACHINE, 'MACHINE-18', fc.record({ by: fc.integer({ max: 1_000, min: 1 }), run: withBuilds(runs()) }, { noNullPrototype: true }), {
    'an answer to what is not asked any more': ({ run }) => run.steps.some(({ before, event }) => answers(event) && Numbers.numberIn(event) !== Numbers.openNumber(before, event)),
    'an answer to what is open': ({ run }) => run.steps.some(({ before, event }) => answers(event) && Numbers.numberIn(event) === Numbers.openNumber(before, event)),
    'a knot that speaks': ({ run }) => run.steps.some(({ before, event }) => event._tag === 'KnotReceived' && event.connection === Numbers.openNumber(before, event))
  })
  check(MACHINE, 'MACHINE-1', runs({ length: 20 }), {
    'a long run': ({ events }) => events.length > 12,
    subscriptions: subscribes
  })
  check(MACHINE, 'MACHINE-2', runs({ length: 15 }), {
    'a changed row': some(({ after, before }) => after.commits !== before.commits)
  })
  check(MACHINE, 'MACHINE-3', fc.record({ other: runs({ length: 15 }), run: runs({ length: 15 }) }), {
    'a state with knots': ({ run }) => subscribes(run),
    'events of another life': ({ other }) => other.events.length > 5
  })
  check(MACHINE, 'MACHINE-4', anyFrames, {
    'a frame that is understood': ({ receipt, text }) => E.isRight(decodeFrame(receipt)(text)),
    'a lone surrogate': ({ text }) => /[\ud800-\udfff]/u.test(text),
    'a rejection': ({ receipt, text }) => E.isLeft(decodeFrame(receipt)(text))
  })
  check(MACHINE, 'MACHINE-5', anyKnotFrames, {
    'a frame that is understood': ({ receipt, text }) => E.isRight(decodeKnotFrame(receipt)(text)),
    'a lone surrogate': ({ text }) => /[\ud800-\udfff]/u.test(text),
    'a rejection': ({ receipt, text }) => E.isLeft(decodeKnotFrame(receipt)(text))
  })
  check(MACHINE, 'MACHINE-6', runs({ about: 'knots', length: 45 }), {
    'a rejection that answers a resume': some(
      ({ before, event }) => event._tag === 'FrameRejected' && before.cursor.askedUs !== null
    ),
    'a rejection that moves the cursor': some(
      ({ after, before, event }) => event._tag === 'FrameRejected' && after.cursor.cursor !== before.cursor.cursor
    ),
    'a rejection of a knot': reports('KnotFrameRejected'),
    'a rejection without a stamp': some(({ event }) => event._tag === 'FrameRejected' && event.timeUs === null)
  })
  check(MACHINE, 'MACHINE-7', withBuilds(runs({ length: 20 })), {
    'builds to restore': some(({ before }) => !M.isEmpty(before.builds.runs)),
    'knots to restore': some(({ before }) => before.knots.holders.root !== null)
  })
  check(MACHINE, 'MACHINE-8', splits, { 'a split in the middle': ({ at, run }) => at > 3 && at < run.events.length - 3 })
  check(MACHINE, 'MACHINE-9', streamSplits, { 'events that are merged': merges })
  check(MACHINE, 'MACHINE-10', withBuilds(runs({ about: 'knots' })), {
    'a build beside a report': some(({ effects }) => effects.some(({ _tag }) => _tag === 'FindBuild') && effects.some(({ _tag }) => _tag === 'OpenJetstream')),
    'several subscriptions': some(({ effects }) => effects.filter(({ _tag }) => _tag === 'SubscribeKnot').length > 1),
    'several unsubscriptions': some(({ effects }) => effects.filter(({ _tag }) => _tag === 'UnsubscribeKnot').length > 1),
    'a report beside another effect': some(({ effects }) => effects.length > 1 && effects.some(({ _tag }) => _tag === 'Report'))
  })
  check(MACHINE, 'MACHINE-11', withBuilds(runs()), {
    'a build that is accepted': has('BuildAccepted'),
    'records that are read': has('RecordsRead'),
    'a knot that speaks': has('KnotReceived'),
    'the stream that closes': has('JetstreamClosed')
  })
  check(MACHINE, 'MACHINE-12', runs({ about: 'stream', length: 60 }), {
    'a frame that does not count': staleFrame,
    'more reports than are kept': ({ steps }) => steps.some(({ before }) => before.counters.recent.length === 20)
  })
  check(MACHINE, 'MACHINE-13', withBuilds(runs({ about: 'rows' })), {
    'an answer about a build after a stop': some(({ before, event }) => before.isStopped && 'build' in event),
    'a stop while knots are subscribed': some(({ effects, event }) => event._tag === 'StopRequested' && effects.length > 1),
    'a knot that is first wanted while the bridge is stopped': some(
      ({ after, before }) => after.isStopped && M.size(after.knots.subscriptions) > M.size(before.knots.subscriptions)
    ),
    'something after a stop': some(({ before, event }) => before.isStopped && event._tag !== 'Started')
  })
  check(MACHINE, 'MACHINE-14', withBuilds(runs({ about: 'knots' })), {
    'a start that owes a build': some(({ effects, event }) => event._tag === 'Started' && effects.some(({ _tag }) => _tag === 'FindBuild')),
    'a start with records to be read': some(({ after, event }) => event._tag === 'Started' && M.size(after.backfill.accounts) > 0),
    'a start with another meaning of the rows': changesPolicy,
    'a start with knots': some(({ effects, event }) => event._tag === 'Started' && effects.length > 1)
  })
  check(MACHINE, 'MACHINE-15', withBuilds(runs({ about: 'knots' })), {
    'a build that is asked about': some(({ effects }) => effects.some(({ _tag }) => _tag === 'StartBuild')),
    'a knot that reconnects': reconnectsKnot,
    'the stream that reconnects': reconnects
  })
  check(MACHINE, 'MACHINE-16', withBuilds(runs()), {
    'an account that goes': accountGoes,
    'an account event of a stranger': some(
      ({ before, event }) => event._tag === 'AccountReceived' && asAdvance(before, event) !== null
    ),
    releases
  })
  check(MACHINE, 'MACHINE-17', withBuilds(runs()), {
    'a trigger that begins a run': some(({ event, effects }) => bringsMuch(event) && effects.some(({ _tag }) => _tag === 'ReadWorkflows' || _tag === 'WakeAfter')),
    'a trigger that is ignored': some(({ event, effects }) => bringsMuch(event) && effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'TriggerIgnored')),
    'a trigger that is refused': some(({ event, effects }) => bringsMuch(event) && effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'TriggerRefused')),
    'files of which some come to nothing': some(
      ({ event, effects }) => event._tag === 'WorkflowsRead' && event.workflows.length > 1 && effects.filter(({ _tag }) => _tag === 'StartBuild').length === 1
    )
  })
})
