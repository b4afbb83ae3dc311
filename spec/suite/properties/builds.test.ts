/** BUILD and STREAM, tried. */
import fc from 'fast-check'
import { describe } from 'vitest'
import { type Builds, type Effect, OrderedMap as M, orderRefusal, type TimeUs } from '../../../core/index.js'
import { buildRuns, campaignOutcomes, crowdedRuns, namePairs, pushLives } from '../arbitraries/builds.js'
import { hoards } from '../arbitraries/hoards.js'
import { BUILD, type Hoard, isForWantOfRoom, nameText, NO_ROOM } from '../laws/builds.js'
import { announced, published, readAlong, STREAM } from '../laws/stream.js'
import { unitsOver } from '../laws/units.js'
import { reports, some } from './cases.js'
import { check } from './support.js'

const does = (tag: Effect['_tag']) => some(({ effects }) => effects.some((effect) => effect._tag === tag))

const publishes = (status: string) => some(({ effects }) => published(effects).some((entry) => entry.status === status))

const endsWithRight = some(
  ({ effects, event }) => event._tag === 'CommitReceived' && published(effects).some(({ status }) => status === 'cancelled')
)

const startsAfterAsking = some(({ effects, event }) => event._tag === 'BuildMissing' && effects.some(({ _tag }) => _tag === 'StartBuild'))

const waitsAfterAsking = some(({ effects, event }) => event._tag === 'BuildMissing' && effects.some(({ _tag }) => _tag === 'WakeAfter'))

const isIgnored = (reason: string) =>
  some(({ effects }) => effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'TriggerIgnored' && effect.report.reason === reason))

const isOrder = (tag: 'CancelRequested' | 'RetryRequested', refusal: Builds.OrderRefusal | null) =>
  some(({ before, event }) => event._tag === tag && orderRefusal(event)(before) === refusal)

const readings = fc.record(
  {
    beyond: fc.oneof(
      fc.constant(0),
      fc.constantFrom(1, 999, 1_000, -1, -1_000),
      fc.integer({ max: 5_000_000_000, min: -5_000_000_000 }),
      // Within a second and two of the margin, and far ahead.
      fc.integer({ max: 62_000_000_000, min: 58_000_000_000 }),
      fc.constant(3_600_000_000_000)
    ),
    from: fc.nat(1_000),
    limit: fc.integer({ max: 7, min: 1 }),
    rhythm: fc.array(fc.integer({ max: 40, min: 1 }), { maxLength: 4 }),
    run: buildRuns
  },
  { noNullPrototype: true }
)

describe('BUILD', () => {
  check(BUILD, 'BUILD-1', buildRuns, {
    'a right that is withdrawn': endsWithRight,
    'a start': does('StartBuild'),
    'one who may not': reports('TriggerRefused')
  })
  check(BUILD, 'BUILD-2', buildRuns, {
    'a restart while a build is started': some(({ effects, event }) => event._tag === 'Started' && effects.some(({ _tag }) => _tag === 'FindBuild')),
    'a second start': startsAfterAsking,
    'an answer that is not believed yet': waitsAfterAsking,
    'an answer that says nothing': reports('ProviderUncertain')
  })
  check(BUILD, 'BUILD-3', buildRuns, {
    'a list that does not allow it': some(({ effects }) =>
      published(effects).some(({ error }) => error?.startsWith('The operator') === true)
    ),
    'a provider that is gone': some(({ effects }) => published(effects).some(({ error }) => error?.startsWith('There is no provider') === true)),
    'a start': does('StartBuild')
  })
  check(BUILD, 'BUILD-4', buildRuns, {
    'a failure': publishes('failed'),
    'a report after the end': some(
      ({ before, effects, event }) =>
        event._tag === 'BuildReported' &&
        effects.length === 0 &&
        M.toEntries(before.builds.runs).some(([, run]) => M.toEntries(run.builds).some(([, { status }]) => status === 'success'))
    ),
    'a success': publishes('success'),
    'a time-out': publishes('timeout')
  })
  check(BUILD, 'BUILD-5', buildRuns, {
    'a build that is to end': does('CancelBuild'),
    'a pause': does('WakeAfter'),
    'a restart': some(({ effects, event }) => event._tag === 'Started' && effects.some(({ _tag }) => _tag === 'FollowBuild'))
  })
  check(BUILD, 'BUILD-6', buildRuns, {
    'a stray answer': some(
      ({ after, before, event }) => after === before && (event._tag === 'BuildAccepted' || event._tag === 'WorkflowsRead')
    )
  })
  check(BUILD, 'BUILD-7', buildRuns, {
    'two runs at one time': some(({ after }) => M.size(after.builds.runs) > 1)
  })
  check(BUILD, 'BUILD-8', namePairs, {
    'names that are the same': ([a, b]) => nameText(a) === nameText(b),
    'names that differ': ([a, b]) => nameText(a) !== nameText(b)
  })
  check(BUILD, 'BUILD-9', buildRuns, {
    'a push of the kind that does not count': isIgnored('kind'),
    'both kinds': some(({ after }) => M.toEntries(after.builds.runs).some(([, { met }]) => met !== null))
  })
  check(BUILD, 'BUILD-10', campaignOutcomes, {
    'a build that was looked for': ({ run }) => does('FindBuild')(run),
    'a build that was started again': ({ run }) => startsAfterAsking(run),
    'a build that may be shown late': ({ run }) => waitsAfterAsking(run),
    'several kills': ({ run }) => run.events.filter(({ _tag }) => _tag === 'Started').length > 3
  })
  check(BUILD, 'BUILD-11', pushLives, {
    'a knot that sends both': ({ told }) => [...told.values()].some(({ pipelines, refUpdates }) => pipelines.length > 0 && refUpdates.length > 0),
    'a push that asks for no CI': ({ knot, told }) =>
      (knot === 'bare' || knot === 'mute') && [...told.values()].some(({ pipelines, refUpdates }) => pipelines.length < refUpdates.length),
    'a wait that ends too early': ({ isHurried }) => isHurried,
    'a run under the key of a pipeline': ({ began }) => began.some((key) => key.startsWith('v')),
    'a run under the key of a refUpdate': ({ began }) => began.some((key) => key.startsWith('u')),
    'two pushes of one commit to one ref': ({ told }) => [...told.values()].some(({ refUpdates }) => refUpdates.length > 1)
  })
  check(BUILD, 'BUILD-12', buildRuns, {
    'a build that is cancelled': isOrder('CancelRequested', null),
    'a build that has ended': isOrder('CancelRequested', 'ended'),
    'a build that is not there': isOrder('CancelRequested', 'unknown'),
    'a retry': isOrder('RetryRequested', null),
    'a retry of what goes on': isOrder('RetryRequested', 'running'),
    'a retry without a right': isOrder('RetryRequested', 'right')
  })
  const noRoom = ({ effects }: Hoard): number => published(effects).filter(({ error }) => error === NO_ROOM).length
  check(BUILD, 'BUILD-13', hoards, {
    'all of them have room': (hoard) => noRoom(hoard) === 0,
    'more than half a mebibyte is kept': ({ rows: [row = ''] }) => Buffer.byteLength(row) > 524_288,
    'one that has no room, and a later one that has': ({ effects }) => {
      const errors = published(effects).map(({ error }) => error)
      return errors.includes(NO_ROOM) && errors.indexOf(null, errors.indexOf(NO_ROOM)) > 0
    },
    'texts that are more when they are written': ({ input }) => Buffer.byteLength(JSON.stringify(input)) > 2 * Buffer.byteLength(input)
  }, 1 / 4)
  check(BUILD, 'BUILD-14', buildRuns, {
    'a build that goes on while its provider is asked to end it': does('CancelBuild'),
    'a build that has ended': does('UnfollowBuild'),
    'a restart': some(({ effects, event }) => event._tag === 'Started' && effects.some(({ _tag }) => _tag === 'FollowBuild'))
  })
  check(BUILD, 'BUILD-15', crowdedRuns, {
    'a trigger for which there is no room': some(({ effects }) => isRoomless(effects)),
    'one for which there is room again': (run) => {
      const full = run.steps.findIndex(({ effects }) => isRoomless(effects))
      return full >= 0 && run.steps.slice(full).some(({ effects, event }) => event._tag === 'KnotReceived' && effects.some(({ _tag }) => _tag === 'ReadWorkflows'))
    },
    'a workflow for which there is no room': some(({ effects }) => published(effects).some(({ error }) => error?.startsWith('There is no room') === true)),
    'less room than is taken': some(({ after, event }) => event._tag === 'Started' && after.builds.kept.owed > after.config.builds.owedUnits)
  })
  check(BUILD, 'BUILD-16', buildRuns, {
    'a build that goes on after it has said why it waits': (run) => {
      const said = run.steps.findIndex(({ effects }) => saysWhyItWaits(effects))
      return said >= 0 && run.steps.slice(said).some(({ effects, event }) => event._tag !== 'RequestFailed' && published(effects).length > 0)
    },
    'a failure that comes soon enough to say nothing': some(
      ({ effects, event }) => event._tag === 'RequestFailed' && event.requested._tag === 'Build' && !event.isFinal && published(effects).length === 0
    ),
    'one of which it is said why it waits': some(({ effects }) => saysWhyItWaits(effects))
  })
})

const saysWhyItWaits = (effects: ReadonlyArray<Effect>): boolean => published(effects).some(({ error, status }) => status === 'pending' && error !== null)

const isRoomless = (effects: ReadonlyArray<Effect>): boolean =>
  effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'TriggerRefused' && isForWantOfRoom(effect.report))

describe('STREAM', () => {
  check(STREAM, 'STREAM-1', buildRuns, {
    'a clock that was set back': some(({ before, effects, event }) => published(effects).length > 0 && event.at < before.builds.lastUs)
  })
  check(STREAM, 'STREAM-2', readings, {
    'a clock that is ahead': ({ beyond }) => beyond > 1_000_000_000,
    'a reader below the floor': (reading) => readAlong(reading).wasBelow,
    'a stamp of ours': (reading) => !readAlong(reading).isForeign,
    'a time within the margin of what was read': (reading) => readAlong(reading).isForeign && readAlong(reading).dueUs > 0,
    'several pages': (reading) => readAlong(reading).got.length > reading.limit
  })
  check(STREAM, 'STREAM-3', fc.oneof(buildRuns, crowdedRuns), {
    'an entry that is dropped': some(({ after, before }) => after.builds.floorUs !== before.builds.floorUs),
    'fewer to be kept': some(
      ({ after, before }) => after.config.builds.keepStatuses < before.config.builds.keepStatuses
    ),
    'a restart with a run that is over': some(({ after, event }) => event._tag === 'Started' && unitsOver(after) > 0),
    'a run that is over, and forgotten': some(({ after, before }) => unitsOver(after) < unitsOver(before)),
    'too much that is over': some(({ after, before }) => before.builds.kept.over > 0 && after.builds.floorUs !== before.builds.floorUs && M.size(after.builds.log) < after.config.builds.keepStatuses),
    'a run with a build that is over, and one that is not': some(({ after }) =>
      M.toEntries(after.builds.runs).some(([, { builds }]) => new Set(M.toEntries(builds).map(([, { phase }]) => phase._tag === 'Settled')).size === 2)
    )
  })
  check(
    STREAM,
    'STREAM-4',
    buildRuns.chain((run) => {
      const stamps = run.steps.flatMap(({ effects }) => published(effects).map(({ createdUs }) => createdUs))
      return fc.record(
        {
          cursorUs: fc.constantFrom(0, ...stamps.flatMap((us) => [us - 1, us, us + 1])).map((us) => us as TimeUs),
          run: fc.constant(run)
        },
        { noNullPrototype: true }
      )
    }),
    {
      'a cursor at an entry': ({ cursorUs, run }) => run.steps.some(({ effects }) => published(effects).some((entry) => entry.createdUs === cursorUs)),
      'a cursor below the floor': ({ cursorUs, run }) => cursorUs < (run.steps[run.steps.length - 1]?.after.builds.floorUs ?? 0)
    }
  )
  check(STREAM, 'STREAM-5', buildRuns, {
    'a repeated run': some(({ effects, event }) => event._tag === 'RetryRequested' && announced(effects).length > 0),
    'a run that failed before it began': some(({ effects }) => announced(effects).length > 0 && published(effects).every(({ status }) => status === 'failed')),
    'a run that is forgotten': some(
      ({ after, before }) => M.size(after.builds.announcements) < M.size(before.builds.announcements)
    ),
    'an older announcement than the oldest status': some(({ after: { builds: { announcements, floorUs } } }) =>
      M.keys(announcements).some((key) => Number(key) < (floorUs ?? 0))
    )
  })
})
