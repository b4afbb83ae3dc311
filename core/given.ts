/**
 * What a reducer is given with an event: what has changed before it in the same step, and what the rows say now.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Backfill from './backfill.js'
import * as Builds from './builds/index.js'
import * as Commits from './commits/index.js'
import type { HostName } from './data/host-name.js'
import { Did, type Rkey } from './data/identifiers.js'
import * as M from './data/ordered-map.js'
import type { Effect } from './effect.js'
import type { Event } from './event.js'
import * as Knots from './knots/index.js'
import * as Rights from './rights.js'
import { chain, type Transition } from './transition.js'

/** The knots see first what the rows hold now, then the event. */
export const stepKnots = (
  state: Knots.KnotsState,
  event: Event,
  changes: ReadonlyArray<Commits.HoldChanged>
): Transition<Knots.KnotsState, Effect | Knots.TriggerArrived> => {
  if (changes.length === 0) return Knots.reduce(state, event)
  const [held, difference] = Knots.reduce(state, { _tag: 'HoldsChanged', at: event.at, changes })
  const [after, effects] = Knots.reduce(held, event)
  // At a start nothing is connected, and nothing is taken back: there are only the subscriptions that `Started` wants.
  return event._tag === 'Started' ? [after, effects] : [after, [...difference, ...effects]]
}

/** The backfill sees first the event, by which a start or an opened stream lets it ask, then who has come and gone. */
export const stepBackfill = (
  state: Backfill.BackfillState,
  event: Event,
  commits: Commits.CommitsState,
  outcomes: ReadonlyArray<Commits.MemberChanged>
): Transition<Backfill.BackfillState, Effect> => {
  const [seen, first] = Backfill.reduce(state, event)
  // Where the owner's reading begins, so do those of members that are known from before.
  const changes =
    seen.owner === state.owner
      ? outcomes
      : [
          ...outcomes.filter(({ _tag }) => _tag === 'Dismissed'),
          ...M.keys(commits.members)
            .filter(Did.is)
            .map((did) => ({ _tag: 'Admitted' as const, did }))
        ]
  if (changes.length === 0) return [seen, first]
  const [after, then] = Backfill.reduce(seen, { _tag: 'MembersChanged', changes })
  return [after, [...first, ...then]]
}

/**
 * The builds see first what rights are gone, then the event: at a start, nothing is asked for again that nobody may
 * have any more. A trigger, and a wish to build again, come with what the rows say about them now.
 */
export const stepBuilds = (
  state: Builds.BuildsState,
  event: Event,
  commits: Commits.CommitsState,
  changes: ReadonlyArray<Commits.HoldChanged>,
  [before, knots]: readonly [Knots.KnotsState, Knots.KnotsState],
  triggers: ReadonlyArray<Knots.TriggerArrived>
): Transition<Builds.BuildsState, Effect> => {
  const own = judged(state, commits, knots, event)
  if (changes.length === 0 && triggers.length === 0) return Builds.reduce(state, own)
  const inputs: ReadonlyArray<Builds.BuildsInput> = [
    ...(changes.length === 0
      ? []
      : [
          { _tag: 'HoldsChanged' as const, at: event.at, changes },
          {
            _tag: 'KnotsLeft' as const,
            at: event.at,
            isStart: event._tag === 'Started',
            knots: leftAmong(changes, before, knots)
          }
        ]),
    ...triggers.map((trigger) => triggerJudged(state, commits, trigger)),
    own
  ]
  return chain(state, inputs, Builds.reduce)
}

/** The knots that nobody holds any more, each with how far it had come. */
const leftAmong = (
  changes: ReadonlyArray<Commits.HoldChanged>,
  before: Knots.KnotsState,
  after: Knots.KnotsState
): Builds.KnotsLeft['knots'] =>
  [...new Set(changes.map(({ knot }) => knot))].sort().flatMap((host) => {
    const was = O.toNullable(M.lookup(host)(before.subscriptions))
    return was === null || M.has(host)(after.subscriptions) ? [] : [{ cursor: was.cursor, host }]
  })

/** The trigger with what the rows say. Who made the push that a pipeline tells of, its refUpdate has said. */
const triggerJudged = (
  state: Builds.BuildsState,
  commits: Commits.CommitsState,
  arrived: Knots.TriggerArrived
): Builds.TriggerJudged => {
  const { knot, trigger } = arrived
  const meant = Rights.claimed(commits, knot, trigger.repo)
  const actor = trigger.actor ?? Builds.tellerOf(state, knot, trigger, meant)
  return {
    _tag: 'TriggerJudged',
    actor,
    entitlement: Rights.entitlement(commits, knot, trigger.repo, actor),
    meant,
    trigger: arrived
  }
}

/**
 * What may have something started comes with the right to it, as it is now; a timer of a knot, with how things stand
 * with that.
 */
const judged = (
  state: Builds.BuildsState,
  commits: Commits.CommitsState,
  knots: Knots.KnotsState,
  event: Event
): Builds.BuildsInput => {
  switch (event._tag) {
    case 'TimerFired': {
      const { at, timer } = event
      if (timer._tag !== 'PushTimer' && timer._tag !== 'SourceTimer') return event
      const subscription = O.toNullable(M.lookup(timer.knot)(knots.subscriptions))
      return {
        _tag: 'KnotJudged',
        at,
        isHeld: subscription !== null,
        isOpen: subscription?.connection.phase._tag === 'Open',
        timer
      }
    }
    case 'WorkflowsRead':
    case 'RetryRequested':
      return { _tag: 'RightJudged', event, isEntitled: isEntitled(state, commits, event.knot, event.rkey) }
    case 'BuildMissing':
      return { _tag: 'RightJudged', event, isEntitled: isEntitled(state, commits, event.build.knot, event.build.rkey) }
    default:
      return event
  }
}

/** Whether the right to a run is there still, by what the rows say now (T2). */
export const isEntitled = (
  state: Builds.BuildsState,
  commits: Commits.CommitsState,
  knot: HostName,
  rkey: Rkey
): boolean => {
  const right = Builds.rightOf(state, knot, rkey)
  return (
    right !== null &&
    Commits.isHeld(commits, knot, right.repository) &&
    Rights.mayTrigger(commits, right.repository, right.actor)
  )
}
