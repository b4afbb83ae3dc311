/**
 * What is kept of knots, and how it begins.
 */
import * as t from 'io-ts'
import type { HoldChanged, Holder } from '../commits/index.js'
import { Backoff, type Config } from '../config.js'
import { Connection } from '../connection.js'
import type { HostName } from '../data/host-name.js'
import { Nanos, type Rkey, type TimeUs } from '../data/identifiers.js'
import type { MultiMap } from '../data/multimap.js'
import { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Trigger } from '../model/trigger.js'

export const Subscription = t.readonly(
  t.strict({
    connection: Connection,
    /**
     * The greatest `created` that has been processed; `null` until there was one, and again after the last holder went.
     */
    cursor: t.union([Nanos, t.null]),
    /** What was created before this happened before we listened: some knots send all they have to whoever is new. */
    since: Nanos
  }),
  'Subscription'
)

export type Subscription = t.TypeOf<typeof Subscription>

export const Settings = t.readonly(
  t.strict({
    backoff: Backoff,
    /** How much earlier than its receipt a frame is taken to have been created that says nothing of that. */
    marginUs: Natural
  })
)

export interface KnotsState {
  /** Derived: the records that hold each knot. */
  readonly holders: MultiMap<HostName, Holder>
  /** The number of the next connection, whichever knot it is for. */
  readonly next: Natural
  readonly settings: t.TypeOf<typeof Settings>
  readonly stopped: boolean
  /** One for every knot that is held, and no other. */
  readonly subscriptions: M.OrderedMap<HostName, Subscription>
}

export const settingsOf = (config: Config): KnotsState['settings'] => ({
  backoff: config.knotBackoff,
  marginUs: config.rewindUs
})

export const initial = (config: Config): KnotsState => ({
  holders: M.empty(),
  next: 1 as Natural,
  settings: settingsOf(config),
  stopped: false,
  subscriptions: M.empty()
})

/** Which holds were made and released: the input by which the rows reach the knots. */
export interface HoldsChanged {
  readonly _tag: 'HoldsChanged'
  readonly at: TimeUs
  readonly changes: ReadonlyArray<HoldChanged>
}

export const update = (state: KnotsState, host: HostName, subscription: Subscription): KnotsState => ({
  ...state,
  subscriptions: M.upsertAt(host, subscription)(state.subscriptions)
})

/** A trigger from a knot, over the connection that is there: the input by which frames reach the builds. */
export interface TriggerArrived {
  readonly _tag: 'TriggerArrived'
  readonly at: TimeUs
  readonly knot: HostName
  readonly rkey: Rkey
  readonly trigger: Trigger
}
