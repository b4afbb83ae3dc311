/**
 * An event of a knot: it moves the knot's cursor, and may be a trigger (S10, T1).
 */
import { irrelevant, type Reduction, report, type ReportEffect, transitionTo } from '../base/transition.js'
import type { Config } from '../config.js'
import {
  FUTURE_US,
  isTidAfter,
  type Nanos,
  nanosBefore,
  nanosOf,
  Tid,
  timeOfTid,
  type TimeUs,
  usAfter,
  usBefore
} from '../data/identifiers.js'
import type { CollaboratorUpdated, KnotReceived } from '../event.js'
import { type CollaboratorTold, type KnotsState, type Subscription, type TriggerArrived, update } from './model.js'

/**
 * When the frame was created: its stamp; without one, the time in its key, which the knot made just before; and if the
 * key is not a TID, or is one from the future, a while before its receipt.
 */
const stampOf = ({ rewindUs }: Config, { at, created, rkey }: CollaboratorUpdated | KnotReceived): Nanos => {
  if (created !== null) return created
  const isTime = Tid.is(rkey) && !isTidAfter(rkey, at, FUTURE_US)
  return nanosOf(isTime ? timeOfTid(rkey) : usBefore(at, rewindUs))
}

type Meant = CollaboratorTold | TriggerArrived | ReportEffect

/** The outcomes of the frame: for builds, and for push rights. */
const meantBy = (
  since: Nanos,
  stamp: Nanos,
  event: CollaboratorUpdated | KnotReceived
): ReadonlyArray<Meant> =>
  event._tag === 'KnotReceived'
    ? triggered(since, stamp, event)
    : // Whenever it was created: a right that it takes away is gone at once; one that it gives is left to the list.
      [{ _tag: 'CollaboratorTold', knot: event.host, update: event.update }]

const triggered = (since: Nanos, stamp: Nanos, event: KnotReceived): ReadonlyArray<TriggerArrived | ReportEffect> => {
  const { at, host, payload, rkey } = event
  switch (payload._tag) {
    case 'Other':
      return []
    case 'Unreadable':
      return [report({ _tag: 'KnotFrameRejected', at, detail: payload.detail, host, reason: 'trigger' })]
    case 'Trigger':
      return nanosBefore(stamp, since)
        ? [report({ _tag: 'TriggerIgnored', at, knot: host, reason: 'before', rkey })]
        : [{ _tag: 'TriggerArrived', at, knot: host, rkey, trigger: payload.trigger }]
  }
}

export const onReceived = (
  config: Config,
  state: KnotsState,
  event: CollaboratorUpdated | KnotReceived,
  subscription: Subscription
): Reduction<KnotsState, Meant> => {
  const stamp = stampOf(config, event)
  const outcomes = meantBy(subscription.since, stamp, event)
  if (isNanosFromFuture(stamp, event.at))
    return transitionTo(state, [
      ...outcomes,
      report({ _tag: 'KnotFrameFromFuture', at: event.at, created: stamp, host: event.host })
    ])
  if (subscription.cursor === null || nanosBefore(subscription.cursor, stamp))
    return transitionTo(update(state, event.host, { ...subscription, cursor: stamp }), outcomes)
  return outcomes.length === 0 ? irrelevant : transitionTo(state, outcomes)
}

/** A knot that stamps its frames far ahead would make us skip, after a reconnect, whatever it says until then. */
const isNanosFromFuture = (created: Nanos, at: TimeUs): boolean => nanosBefore(nanosOf(latestBelievable(at)), created)

const latestBelievable = (at: TimeUs): TimeUs => usAfter(at, FUTURE_US)
