/** KNOT and NONINTERFERENCE, tried. */
import fc from 'fast-check'
import { describe } from 'vitest'
import { OrderedMap as M } from '../../../core/index.js'
import { backoffs } from '../arbitraries/config.js'
import { knotLives } from '../arbitraries/lives.js'
import { runs } from '../arbitraries/script.js'
import { cleanRuns } from '../arbitraries/stream.js'
import { KNOT, stampOf } from '../laws/knot.js'
import { admittedIn, isBy, NONINTERFERENCE } from '../laws/noninterference.js'
import { subscribedBy, subscriptionsOf, unsubscribedBy } from '../laws/run.js'
import { accountGoes, changesPolicy, has, reconnectsKnot, releases, reports, some, someMoment, subscribes } from './cases.js'
import { check } from './support.js'

const holdsTwice = some(({ after }) => M.toEntries(after.knots.holders).some(([, those]) => M.size(those) > 1))

const moves = some(
  ({ effects, event }) =>
    event._tag === 'CommitReceived' && subscribedBy(effects).length > 0 && unsubscribedBy(effects).length > 0
)

const hasCursor = some(({ after }) => [...subscriptionsOf(after).values()].some(({ cursor }) => cursor !== null))

const attempts = fc.oneof(fc.nat(8), fc.nat(40), fc.nat(1_000_000))

describe('KNOT', () => {
  check(KNOT, 'KNOT-1', runs({ about: 'rows', length: 40 }), {
    'an account that goes': accountGoes,
    'another configuration': changesPolicy,
    releases,
    subscribes
  })
  check(KNOT, 'KNOT-2', runs({ about: 'rows' }), { 'a knot that two records hold': holdsTwice, releases })
  check(KNOT, 'KNOT-3', fc.oneof({ arbitrary: runs({ about: 'rows' }), weight: 3 }, { arbitrary: cleanRuns, weight: 1 }), {
    'a knot that is first wanted while the bridge is stopped': some(
      ({ after, before }) => after.isStopped && subscriptionsOf(after).size > subscriptionsOf(before).size
    ),
    'a record that moves to another knot': moves,
    releases,
    subscribes
  })
  check(KNOT, 'KNOT-4', runs({ about: 'knots' }), {
    'a knot that is lost, and released while it waits': (run) => reconnectsKnot(run) || releases(run),
    'a start after a stop': some(
      ({ before, effects, event }) => event._tag === 'Started' && before.isStopped && subscribedBy(effects).length > 0
    )
  })
  check(KNOT, 'KNOT-5', runs({ about: 'rows', length: 40 }), { 'another configuration': changesPolicy, releases, subscribes })
  check(KNOT, 'KNOT-6', runs({ about: 'knots' }), {
    'a knot that speaks beside another': some(
      ({ after, before, event }) => event._tag === 'KnotReceived' && after !== before && M.size(after.knots.subscriptions) > 1
    ),
    'a knot that is lost beside another': some(
      ({ after, effects, event }) => event._tag === 'KnotClosed' && effects.length > 0 && M.size(after.knots.subscriptions) > 1
    )
  })
  check(KNOT, 'KNOT-7', fc.record({ attempt: attempts, backoff: backoffs }), {
    'a pause below the cap': ({ attempt, backoff }) => attempt < 5 && 2 ** attempt * backoff.baseMs < backoff.capMs,
    'a very late attempt': ({ attempt }) => attempt > 100_000
  })
  check(KNOT, 'KNOT-8', knotLives, {
    'a loss in health': someMoment(({ expected, kind }) => kind === 'closed' && expected.length > 0),
    'a timer that fires': someMoment(({ expected, kind }) => kind === 'fired' && expected.length > 0),
    'an old connection that closes': someMoment(({ kind }) => kind === 'old closed'),
    'three losses in a row': someMoment(({ connections }) => connections.some(({ life }) => life.losses > 2))
  })
  check(KNOT, 'KNOT-9', runs({ about: 'knots' }), {
    'a knot that is not subscribed': some(({ event }) => 'host' in event && event.host === 'nowhere.example'),
    'an old connection': some(
      ({ before, event }) =>
        'host' in event && (subscriptionsOf(before).get(event.host)?.connection.number ?? event.connection) !== event.connection
    )
  })
  check(KNOT, 'KNOT-10', runs({ about: 'knots' }), {
    'a cursor that goes with the last holder': some(({ after, before }) =>
      [...subscriptionsOf(before)].some(([host, { cursor }]) => cursor !== null && !subscriptionsOf(after).has(host))
    ),
    'a reconnection with a cursor': some(({ effects, event }) =>
      event._tag === 'TimerFired' && effects.some((effect) => effect._tag === 'SubscribeKnot' && effect.cursor !== null)
    ),
    'a start with a cursor': some(({ effects, event }) =>
      event._tag === 'Started' && effects.some((effect) => effect._tag === 'SubscribeKnot' && effect.cursor !== null)
    )
  })
  check(KNOT, 'KNOT-11', runs({ about: 'knots' }), {
    'a cursor': hasCursor,
    'a frame without a stamp whose key is no TID': some(
      ({ after, before, event }) => event._tag === 'KnotReceived' && event.created === null && event.rkey === 'self' && after.knots !== before.knots
    ),
    'a frame whose key is its stamp': some(
      ({ after, before, event }) => event._tag === 'KnotReceived' && event.created === null && event.rkey !== 'self' && after.knots !== before.knots
    ),
    'a key from the future': some(
      ({ event }) => event._tag === 'KnotReceived' && event.created === null && event.rkey !== 'self' && stampOf(event, 0) === BigInt(event.at) * 1000n
    ),
    'a stamp from the future': reports('KnotFrameFromFuture')
  })
})

describe('NONINTERFERENCE', () => {
  const members = runs({ admissions: fc.constant('members' as const), length: 45 })
  check(NONINTERFERENCE, 'NONINTERFERENCE-1', members, {
    'a stranger whose record names us': (run) => {
      const admitted = admittedIn(run)
      return run.steps.some(
        ({ event }) =>
          !isBy(admitted, event) &&
          event._tag === 'CommitReceived' &&
          event.record !== null &&
          'spindle' in event.record &&
          event.record.spindle === run.config.hostname
      )
    },
    'account events': has('AccountReceived'),
    'knots all the same': subscribes
  })
})
