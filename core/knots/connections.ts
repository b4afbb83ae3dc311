/**
 * The connections to knots: opened when the bridge starts, closed when it stops, and reopened after a pause when lost.
 */
import { afterLoss, afterPause, connecting, idle } from '../base/connection.js'
import { chain, type Transition } from '../base/transition.js'
import type { Config } from '../config.js'
import type { HostName } from '../data/host-name.js'
import { nanosBefore, type TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Effect, SubscribeKnot } from '../effect.js'
import { type KnotsState, type Subscription, update } from './model.js'
import { sinceOf, toKnot } from './reconcile.js'

/**
 * Every subscription connects anew, whatever its state was: the bridge has (re)started. A `since` that lies in the
 * future, because the clock was ahead, is corrected.
 */
export const start = (state: KnotsState, at: TimeUs): Transition<KnotsState, Effect> =>
  chain(state, M.toEntries(state.subscriptions), (before, [host, was]) => {
    const since = nanosBefore(sinceOf(at), was.since) ? sinceOf(at) : was.since
    const subscription: Subscription = { ...was, connection: connecting(before.next), since }
    return [
      { ...update(before, host, subscription), next: (before.next + 1) as Natural },
      [toKnot(host, subscription)]
    ]
  })

/** Closes every connection. The subscriptions, with their cursors, stay as the rows call for them. */
export const stop = (state: KnotsState): Transition<KnotsState, Effect> =>
  chain(state, M.toEntries(state.subscriptions), (before, [host, was]) => [
    { ...update(before, host, { ...was, connection: idle(before.next) }), next: (before.next + 1) as Natural },
    [{ _tag: 'UnsubscribeKnot', connection: was.connection.number, host }]
  ])

export const reconnect = (
  state: KnotsState,
  host: HostName,
  subscription: Subscription
): Transition<KnotsState, SubscribeKnot> => {
  const after = { ...subscription, connection: afterPause(subscription.connection) }
  return [update(state, host, after), [toKnot(host, after)]]
}

export const onClosed = (
  { knotBackoff }: Config,
  state: KnotsState,
  host: HostName,
  at: TimeUs,
  subscription: Subscription
): Transition<KnotsState, Effect> => {
  const [connection, pause] = afterLoss(knotBackoff, at, state.next, subscription.connection)
  return [
    { ...update(state, host, { ...subscription, connection }), next: (state.next + 1) as Natural },
    [{ _tag: 'WakeAfter', ...pause, timer: { _tag: 'KnotTimer', connection: connection.number, host } }]
  ]
}
