/**
 * Knots: which git servers to listen to, why, and how far each has come.
 *
 * A knot is wanted while at least one record holds it. The reducer is told which holds were made and released, keeps
 * the holders of each knot, and lets out exactly the difference: nothing is subscribed twice or let go while anybody
 * holds it (S13, D4). What one knot sends changes nothing about another.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { isConnecting, isLive, opened } from '../connection.js'
import type { HostName } from '../data/host-name.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Effect } from '../effect.js'
import type { Event } from '../event.js'
import { report, type Transition, unchanged } from '../transition.js'
import { closed, reconnect, start, stop } from './connections.js'
import {
  type HoldsChanged,
  type KnotsState,
  settingsOf,
  type Subscription,
  type TriggerArrived,
  update
} from './model.js'
import { received } from './received.js'
import { reconcile } from './reconcile.js'

export { type HoldsChanged, initial, type KnotsState, Subscription, type TriggerArrived } from './model.js'
export { fromWritten, toWritten, WrittenKnots } from './written.js'

/** The subscription that an event with this host and number is about, if it is the one that is there. */
const current = (state: KnotsState, host: HostName, number: Natural): O.Option<Subscription> =>
  pipe(
    M.lookup(host)(state.subscriptions),
    O.filter((subscription) => subscription.connection.number === number)
  )

const ifCurrent = (
  state: KnotsState,
  host: HostName,
  number: Natural,
  then: (subscription: Subscription) => Transition<KnotsState, Effect | TriggerArrived>
): Transition<KnotsState, Effect | TriggerArrived> =>
  pipe(
    current(state, host, number),
    O.match(() => unchanged(state), then)
  )

/**
 * The reducer of the knots. It takes every event and knows its own; an event of a knot that is not subscribed, or of an
 * older connection, changes nothing and causes nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, clampTimeUs, Config, defaults, Did, Knots, Rkey } from 'tack/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const did = Did.decode('did:plc:owner')
 * const rkey = Rkey.decode('self')
 * const knot = canonicalHost(config.right.hosts)('knot.example')
 * assert(did._tag === 'Right' && rkey._tag === 'Right' && knot._tag === 'Some')
 *
 * const at = clampTimeUs(1_767_225_600_000_000)
 * const hold = { did: did.right, knot: knot.value, rkey: rkey.right }
 * const [held, first] = Knots.reduce(Knots.initial(config.right), {
 *   _tag: 'HoldsChanged',
 *   at,
 *   changes: [{ _tag: 'HoldMade', ...hold }]
 * })
 * assert.deepStrictEqual(first, [{ _tag: 'SubscribeKnot', connection: 1, cursor: null, host: 'knot.example' }])
 *
 * const [, then] = Knots.reduce(held, { _tag: 'HoldsChanged', at, changes: [{ _tag: 'HoldReleased', ...hold }] })
 * assert.deepStrictEqual(then, [{ _tag: 'UnsubscribeKnot', connection: 1, host: 'knot.example' }])
 */
export const reduce = (
  state: KnotsState,
  event: Event | HoldsChanged
): Transition<KnotsState, Effect | TriggerArrived> => {
  switch (event._tag) {
    case 'HoldsChanged':
      return reconcile(state, event)

    case 'Started':
      return start({ ...state, settings: settingsOf(event.config), stopped: false }, event.at)

    case 'StopRequested':
      return state.stopped ? unchanged(state) : stop({ ...state, stopped: true })

    case 'TimerFired': {
      const { timer } = event
      return timer._tag !== 'KnotTimer'
        ? unchanged(state)
        : ifCurrent(state, timer.host, timer.connection, (subscription) =>
            subscription.connection.phase._tag === 'Waiting'
              ? reconnect(state, timer.host, subscription)
              : unchanged(state)
          )
    }

    case 'KnotOpened':
      return ifCurrent(state, event.host, event.connection, (subscription) =>
        isConnecting(subscription.connection)
          ? [update(state, event.host, { ...subscription, connection: opened(event.at, subscription.connection) }), []]
          : unchanged(state)
      )

    case 'KnotClosed':
      return ifCurrent(state, event.host, event.connection, (subscription) =>
        isLive(subscription.connection) ? closed(state, event.host, event.at, subscription) : unchanged(state)
      )

    case 'KnotReceived':
      return ifCurrent(state, event.host, event.connection, (subscription) => received(state, event, subscription))

    case 'KnotFrameRejected': {
      const { _tag, at, detail, host, reason } = event
      return ifCurrent(state, host, event.connection, () => [state, [report({ _tag, at, detail, host, reason })]])
    }

    default:
      return unchanged(state)
  }
}
