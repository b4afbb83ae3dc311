/**
 * Knots: which git servers to listen to, why, and how far we have read each of them.
 *
 * A knot is wanted while at least one record holds it. The reducer is given the holds that were made and released,
 * keeps the holders of each knot, and emits exactly the difference: nothing is subscribed twice, or dropped while any
 * record holds it (S13, D4). What one knot sends changes nothing about another.
 */
import * as O from 'fp-ts/lib/Option.js'
import { afterOpening, isConnecting, isLive } from '../base/connection.js'
import { irrelevant, type Reduction, report, transitionOf, transitionTo } from '../base/transition.js'
import type { HostName } from '../data/host-name.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Effect } from '../effect.js'
import type { Event } from '../event.js'
import { onClosed, reconnect, start, stop } from './connections.js'
import { type KnotOutcome, type KnotsGiven, type KnotsState, type Subscription, update } from './model.js'
import { onReceived } from './received.js'
import { reconcile } from './reconcile.js'

export {
  type CollaboratorTold,
  initial,
  type KnotLeft,
  type KnotOutcome,
  type KnotsGiven,
  type KnotsState,
  Subscription,
  type TriggerArrived
} from './model.js'
export { fromWritten, toWritten, WrittenKnots } from './written.js'

/** The subscription to this host, if its connection has this number. */
const current = (state: KnotsState, host: HostName, number: Natural): Subscription | null => {
  const subscription = O.toNullable(M.lookup(host)(state.subscriptions))
  return subscription?.connection.number === number ? subscription : null
}

/** Whether the event says that the connection to a knot has opened, and it is the one that is awaited. */
export const isOpenedBy = (state: KnotsState, event: Event): boolean => {
  if (event._tag !== 'KnotOpened') return false
  const subscription = current(state, event.host, event.connection)
  return subscription !== null && isConnecting(subscription.connection)
}

/**
 * The reducer of knots. It takes every event and ignores those that are not its own. The holds that the rows have made
 * and released come first, then the event; one from a knot without a subscription, or from an older connection, is
 * ignored.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, Config, defaults, Did, Event, Knots, Rkey } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const did = Did.decode('did:plc:owner')
 * const rkey = Rkey.decode('self')
 * const knot = canonicalHost(config.right.hosts)('knot.example')
 * const passed = Event.decode({ _tag: 'PassedOver', about: '', at: 1_767_225_600_000_000, of: '' })
 * assert(did._tag === 'Right' && rkey._tag === 'Right' && knot._tag === 'Some' && passed._tag === 'Right')
 *
 * const hold = { did: did.right, knot: knot.value, rkey: rkey.right }
 * const given = { config: config.right, isStopped: false }
 * const held = Knots.reduce(Knots.initial, passed.right, { ...given, holds: [{ _tag: 'HoldMade', ...hold }] })
 * assert(held._tag === 'Some')
 * const [state, effects] = held.value
 * assert.deepStrictEqual(effects, [{ _tag: 'SubscribeKnot', connection: 1, cursor: null, host: 'knot.example' }])
 *
 * const left = Knots.reduce(state, passed.right, { ...given, holds: [{ _tag: 'HoldReleased', ...hold }] })
 * assert(left._tag === 'Some')
 * assert.deepStrictEqual(left.value[1], [
 *   { _tag: 'UnsubscribeKnot', connection: 1, host: 'knot.example' },
 *   { _tag: 'KnotLeft', cursor: null, host: 'knot.example' }
 * ])
 */
export const reduce = (
  state: KnotsState,
  event: Event,
  given: KnotsGiven
): Reduction<KnotsState, Effect | KnotOutcome> => {
  if (given.holds.length === 0) return see(state, event, given)
  const [held, difference] = reconcile(state, event.at, given)
  const [seen, effects] = transitionOf(held, see(held, event, given))
  // At a start nothing is connected yet, so there is nothing to unsubscribe from.
  const first = event._tag === 'Started' ? difference.filter(({ _tag }) => _tag === 'KnotLeft') : difference
  return transitionTo(seen, [...first, ...effects])
}

const see = (state: KnotsState, event: Event, { config }: KnotsGiven): Reduction<KnotsState, Effect | KnotOutcome> => {
  switch (event._tag) {
    case 'Started':
      return O.some(start(state, event.at))

    case 'StopRequested':
      return O.some(stop(state))

    case 'TimerFired': {
      const { timer } = event
      const subscription = timer._tag === 'KnotTimer' ? current(state, timer.host, timer.connection) : null
      return timer._tag === 'KnotTimer' && subscription?.connection.phase._tag === 'Waiting'
        ? O.some(reconnect(state, timer.host, subscription))
        : irrelevant
    }

    case 'KnotOpened': {
      const subscription = current(state, event.host, event.connection)
      return subscription !== null && isOpenedBy(state, event)
        ? transitionTo(
            update(state, event.host, {
              ...subscription,
              connection: afterOpening(event.at, subscription.connection)
            })
          )
        : irrelevant
    }

    case 'KnotClosed': {
      const subscription = current(state, event.host, event.connection)
      return subscription !== null && isLive(subscription.connection)
        ? O.some(onClosed(config, state, event.host, event.at, subscription))
        : irrelevant
    }

    case 'CollaboratorUpdated':
    case 'KnotReceived': {
      const subscription = current(state, event.host, event.connection)
      return subscription === null ? irrelevant : onReceived(config, state, event, subscription)
    }

    case 'KnotFrameRejected': {
      const { _tag, at, detail, host, reason } = event
      return current(state, host, event.connection) === null
        ? irrelevant
        : transitionTo(state, [report({ _tag, at, detail, host, reason })])
    }

    default:
      return irrelevant
  }
}
