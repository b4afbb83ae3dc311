/**
 * Reconciliation: turns the holds that were made and released into subscriptions, exactly the difference (S13, D4).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { connecting, idle } from '../base/connection.js'
import { chain, type Transition, withoutEffects } from '../base/transition.js'
import { type HoldChanged, holder } from '../commits/index.js'
import { ascending } from '../data/ascending.js'
import type { HostName } from '../data/host-name.js'
import { FUTURE_US, type Nanos, nanosOf, previousNano, type TimeUs, usBefore } from '../data/identifiers.js'
import { insertAt, removeAt } from '../data/multimap.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Effect, SubscribeKnot, UnsubscribeKnot } from '../effect.js'
import type { KnotLeft, KnotsGiven, KnotsState, Subscription } from './model.js'

export const apply = (holders: KnotsState['holders'], { _tag, did, knot, rkey }: HoldChanged): KnotsState['holders'] =>
  (_tag === 'HoldMade' ? insertAt(knot, holder(did, rkey)) : removeAt(knot, holder(did, rkey)))(holders)

/**
 * Where a connection asks to start. Knots deliver what was created after the cursor, and older ones give several frames
 * the same stamp, so the last stamp is asked for again. Repeats are recognised by their content.
 */
const resumeAfter = (subscription: Subscription): Nanos | null =>
  subscription.cursor === null ? null : previousNano(subscription.cursor)

/** The request for the connection of the subscription. */
export const toKnot = (host: HostName, subscription: Subscription): SubscribeKnot => ({
  _tag: 'SubscribeKnot',
  connection: subscription.connection.number,
  cursor: resumeAfter(subscription),
  host
})

/** When listening begins, less what a clock of a knot may be off: as much as any stamp (D1). */
export const sinceOf = (at: TimeUs): Nanos => nanosOf(usBefore(at, FUTURE_US))

const subscribe =
  (at: TimeUs, isStopped: boolean) =>
  (state: KnotsState, host: HostName): Transition<KnotsState, SubscribeKnot> => {
    const number = state.next
    const subscription: Subscription = {
      connection: isStopped ? idle(number) : connecting(number),
      cursor: null,
      since: sinceOf(at)
    }
    return [
      { ...state, next: (number + 1) as Natural, subscriptions: M.upsertAt(host, subscription)(state.subscriptions) },
      [toKnot(host, subscription)]
    ]
  }

const unsubscribe = (state: KnotsState, host: HostName): Transition<KnotsState, UnsubscribeKnot | KnotLeft> => [
  { ...state, subscriptions: M.deleteAt(host)(state.subscriptions) },
  pipe(
    M.lookup(host)(state.subscriptions),
    O.match(
      () => [],
      ({ connection, cursor }) => [
        { _tag: 'UnsubscribeKnot', connection: connection.number, host },
        { _tag: 'KnotLeft', cursor, host }
      ]
    )
  )
]

/**
 * Brings the subscriptions in line with the present holds: first the new ones, then those that are over, each by host
 * (S13).
 */
export const reconcile = (
  before: KnotsState,
  at: TimeUs,
  { holds, isStopped }: KnotsGiven
): Transition<KnotsState, Effect | KnotLeft> => {
  if (holds.length === 0) return withoutEffects(before)
  const state = { ...before, holders: holds.reduce(apply, before.holders) }
  const touched = ascending(holds.map((change) => change.knot))
  const made = touched.filter((host) => M.has(host)(state.holders) && !M.has(host)(state.subscriptions))
  const released = touched.filter((host) => !M.has(host)(state.holders) && M.has(host)(state.subscriptions))
  const [subscribed, first] = chain(state, made, subscribe(at, isStopped))
  const [after, second] = chain(subscribed, released, unsubscribe)
  return [after, [...first, ...second]]
}
