/** What makes a run an interesting one: the words in which properties name the cases they are about. */
import type { Event, Report } from '../../../core/index.js'
import type { Step } from '../laws/fence.js'
import type { Moment } from '../laws/life.js'
import { gate, apply, modelOf } from '../laws/model.js'
import { isFrame, isStale, reportsOf, type Run, subscribedBy, unsubscribedBy } from '../laws/run.js'

/** Whether any step of a run is so. */
export const some =
  (isCase: (step: Step) => boolean) =>
  (run: Run): boolean =>
    run.steps.some(isCase)

export const reports = (tag: Report['_tag']) => some(({ effects }) => reportsOf(effects).some((report) => report._tag === tag))

export const has = (tag: Event['_tag']) => some(({ event }) => event._tag === tag)

/** A knot is subscribed because rows changed, not because the bridge starts. */
export const subscribes = some(({ effects, event }) => event._tag !== 'Started' && subscribedBy(effects).length > 0)

export const releases = some(({ effects, event }) => event._tag !== 'StopRequested' && unsubscribedBy(effects).length > 0)

export const isDeletion = ({ event }: Step): boolean =>
  event._tag === 'AccountReceived' && !event.active && event.status === 'deleted'

/** An account that is known goes, so that rows or members do. */
export const accountGoes = some((step) => isDeletion(step) && step.after.commits !== step.before.commits)

export const staleFrame = some(({ before, event }) => isFrame(event) && isStale(before, event))

export const reconnects = some(({ effects }) =>
  effects.some((effect) => effect._tag === 'OpenJetstream' && effect.cursor !== null)
)

export const reconnectsKnot = some(({ effects, event }) => event._tag === 'TimerFired' && effects.some((effect) => effect._tag === 'SubscribeKnot'))

/** A changed configuration gives the same rows another meaning. */
export const changesPolicy = some(
  ({ after, before, event }) => event._tag === 'Started' && after.knots.holders !== before.knots.holders
)

/** What the gates stop in a run. */
export const stoppedBy =
  (by: 'floor' | 'rev' | 'time') =>
  (run: Run): boolean => {
    const model = modelOf(run.config)
    return run.steps.some(({ before, event }) => {
      if (isFrame(event) && isStale(before, event)) return false
      const isCase = event._tag === 'CommitReceived' && gate(model, event) === by
      apply(model, event)
      return isCase
    })
  }

/** Whether any moment of a life is so. */
export const someMoment =
  (isCase: (moment: Moment) => boolean) =>
  ({ moments }: { readonly moments: ReadonlyArray<Moment> }): boolean =>
    moments.some(isCase)
