/**
 * The state of knots.
 */
import * as t from 'io-ts'
import { Connection } from '../base/connection.js'
import type { HoldChanged, Holder } from '../commits/index.js'
import type { Config } from '../config.js'
import type { HostName } from '../data/host-name.js'
import { Nanos, type Rkey, type TimeUs } from '../data/identifiers.js'
import type { MultiMap } from '../data/multimap.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { CollaboratorUpdate } from '../event.js'
import type { Trigger } from '../model/trigger.js'

/** The subscription to a knot that is held, with its cursor. */
export const Subscription = t.readonly(
  t.strict({
    connection: Connection,
    /**
     * The greatest `created` that has been processed; `null` until there is one, and again once the last holder has
     * gone.
     */
    cursor: t.union([Nanos, t.null]),
    /**
     * Whatever was created before this happened before we listened: some knots send all that they have to a new client.
     */
    since: Nanos
  }),
  'Subscription'
)

export type Subscription = t.TypeOf<typeof Subscription>

/** The holders of each knot, and the subscriptions. */
export interface KnotsState {
  /** Derived: the records that hold each knot. */
  readonly holders: MultiMap<HostName, Holder>
  /** The number of the next connection, whichever knot it is for. */
  readonly next: Natural
  /** Exactly one for each knot that is held. */
  readonly subscriptions: M.OrderedMap<HostName, Subscription>
}

/** The initial state. */
export const initial: KnotsState = { holders: M.empty(), next: 1 as Natural, subscriptions: M.empty() }

/** The reducer's other arguments. */
export interface KnotsGiven {
  readonly config: Config
  /** Which holds the rows have made and released in this step: exactly the difference. */
  readonly holds: ReadonlyArray<HoldChanged>
  readonly isStopped: boolean
}

export const update = (state: KnotsState, host: HostName, subscription: Subscription): KnotsState => ({
  ...state,
  subscriptions: M.upsertAt(host, subscription)(state.subscriptions)
})

/** A trigger came from a knot, over its present connection. */
export interface TriggerArrived {
  readonly _tag: 'TriggerArrived'
  readonly at: TimeUs
  readonly knot: HostName
  readonly rkey: Rkey
  readonly trigger: Trigger
}

/** The knot has lost its last holder. */
export interface KnotLeft {
  readonly _tag: 'KnotLeft'
  /** How far the knot had been read: its triggers were created no later. */
  readonly cursor: Nanos | null
  readonly host: HostName
}

/** A knot has reported that somebody may push to a repository, or no longer may. */
export interface CollaboratorTold {
  readonly _tag: 'CollaboratorTold'
  readonly knot: HostName
  readonly update: CollaboratorUpdate
}

/** The outcomes of a step among the knots that concern builds, or who may push. */
export type KnotOutcome = CollaboratorTold | KnotLeft | TriggerArrived
