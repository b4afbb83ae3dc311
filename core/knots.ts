/**
 * Knots: which git servers to listen to, why, and how far each has come.
 *
 * A knot is wanted while at least one record holds it. The reducer is told which holds were made and released, keeps the
 * holders of each knot, and lets out exactly the difference: nothing is subscribed twice or let go while anybody holds it
 * (S13, D4). What one knot sends changes nothing about another.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { type HoldChanged, type Holder, holder } from './commits/index.js'
import { Backoff, type Config, Natural } from './config.js'
import { Connection, connecting, idle, isConnecting, isLive, lost, opened, woken } from './connection.js'
import { HostName } from './data/host-name.js'
import { FUTURE_US, isTidAfter, Nanos, nanosBefore, nanosOf, previousNano, type Rkey, Tid, timeOfTid, type TimeUs, usAfter, usBefore } from './data/identifiers.js'
import { insertAt, type MultiMap, removeAt } from './data/multimap.js'
import { orderedMap } from './data/ordered-map-codec.js'
import * as M from './data/ordered-map.js'
import type { Effect, ReconnectKnot, SubscribeKnot, UnsubscribeKnot } from './effect.js'
import type { Event, KnotReceived } from './event.js'
import { chain, report, type ReportEffect, type Transition, unchanged } from './transition.js'
import type { Trigger } from './trigger.js'

// ---------------------------------------------------------------------------------------- model

export const Subscription = t.readonly(
  t.strict({
    connection: Connection,
    /** The greatest `created` that has been processed; `null` until there was one, and again after the last holder went. */
    cursor: t.union([Nanos, t.null]),
    /** What was created before this happened before we listened: some knots send all they have to whoever is new. */
    since: Nanos
  }),
  'Subscription'
)
export type Subscription = t.TypeOf<typeof Subscription>

const Settings = t.readonly(
  t.strict({
    backoff: Backoff,
    /** How much earlier than its receipt a frame is taken to have been created that says nothing of that. */
    marginUs: Natural
  })
)

export type { Holder } from './commits/index.js'

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

const settingsOf = (config: Config): KnotsState['settings'] => ({ backoff: config.knotBackoff, marginUs: config.rewindUs })

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

// ---------------------------------------------------------------------------------------- holders

const apply = (holders: KnotsState['holders'], { _tag, did, knot, rkey }: HoldChanged): KnotsState['holders'] =>
  (_tag === 'HoldMade' ? insertAt(knot, holder(did, rkey)) : removeAt(knot, holder(did, rkey)))(holders)

// ---------------------------------------------------------------------------------------- reconciliation

/**
 * Where a connection asks to start: knots deliver what was created after the cursor, and older ones give several frames one
 * stamp, so the last stamp is asked for again. The repeats are recognised by what they are.
 */
const resumeAfter = (subscription: Subscription): Nanos | null =>
  subscription.cursor === null ? null : previousNano(subscription.cursor)

const toKnot = <T extends 'SubscribeKnot' | 'ReconnectKnot'>(_tag: T, host: HostName, subscription: Subscription) => ({
  _tag,
  connection: subscription.connection.number,
  cursor: resumeAfter(subscription),
  host
})

/** Clocks of knots may be as wrong as stamps may be at all (D1). */
const sinceOf = (at: TimeUs): Nanos => nanosOf(usBefore(at, FUTURE_US))

const subscribe =
  (at: TimeUs) =>
  (state: KnotsState, host: HostName): Transition<KnotsState, SubscribeKnot> => {
  const number = state.next
  const subscription: Subscription = { connection: state.stopped ? idle(number) : connecting(number), cursor: null, since: sinceOf(at) }
  return [
    { ...state, next: (number + 1) as Natural, subscriptions: M.upsertAt(host, subscription)(state.subscriptions) },
    state.stopped ? [] : [toKnot('SubscribeKnot', host, subscription)]
  ]
}

const unsubscribe = (state: KnotsState, host: HostName): Transition<KnotsState, UnsubscribeKnot> => [
  { ...state, subscriptions: M.deleteAt(host)(state.subscriptions) },
  state.stopped
    ? []
    : pipe(
        M.lookup(host)(state.subscriptions),
        O.match(
          () => [],
          ({ connection }) => [{ _tag: 'UnsubscribeKnot', connection: connection.number, host }]
        )
      )
]

/** Brings the subscriptions in line with who holds what now: first what is new, then what is over, each by host (S13). */
const reconcile = (before: KnotsState, { at, changes }: HoldsChanged): Transition<KnotsState, Effect> => {
  if (changes.length === 0) return unchanged(before)
  const state = { ...before, holders: changes.reduce(apply, before.holders) }
  const touched = [...new Set(changes.map((change) => change.knot))].sort()
  const made = touched.filter((host) => M.has(host)(state.holders) && !M.has(host)(state.subscriptions))
  const released = touched.filter((host) => !M.has(host)(state.holders) && M.has(host)(state.subscriptions))
  const [subscribed, first] = chain(state, made, subscribe(at))
  const [after, second] = chain(subscribed, released, unsubscribe)
  return [after, [...first, ...second]]
}

// ---------------------------------------------------------------------------------------- connections

const update = (state: KnotsState, host: HostName, subscription: Subscription): KnotsState => ({
  ...state,
  subscriptions: M.upsertAt(host, subscription)(state.subscriptions)
})

/** Every subscription connects anew, whatever it was before: the bridge has (re)started. A clock that was ahead does not count for ever. */
const start = (state: KnotsState, at: TimeUs): Transition<KnotsState, Effect> =>
  chain(state, M.toEntries(state.subscriptions), (before, [host, was]) => {
    const since = nanosBefore(sinceOf(at), was.since) ? sinceOf(at) : was.since
    const subscription: Subscription = { ...was, connection: connecting(before.next), since }
    return [
      { ...update(before, host, subscription), next: (before.next + 1) as Natural },
      [toKnot('SubscribeKnot', host, subscription)]
    ]
  })

/** Every connection ends; the subscriptions stay what the rows call for, with their cursors. */
const stop = (state: KnotsState): Transition<KnotsState, Effect> =>
  chain(state, M.toEntries(state.subscriptions), (before, [host, was]) => [
    { ...update(before, host, { ...was, connection: idle(before.next) }), next: (before.next + 1) as Natural },
    [{ _tag: 'UnsubscribeKnot', connection: was.connection.number, host }]
  ])

const reconnect = (state: KnotsState, host: HostName, subscription: Subscription): Transition<KnotsState, ReconnectKnot> => {
  const after = { ...subscription, connection: woken(subscription.connection) }
  return [update(state, host, after), [toKnot('ReconnectKnot', host, after)]]
}

const closed = (state: KnotsState, host: HostName, at: TimeUs, subscription: Subscription): Transition<KnotsState, Effect> => {
  const [connection, pause] = lost(state.settings.backoff, at, state.next, subscription.connection)
  return [
    { ...update(state, host, { ...subscription, connection }), next: (state.next + 1) as Natural },
    [{ _tag: 'WakeAfter', ...pause, timer: { _tag: 'KnotTimer', connection: connection.number, host } }]
  ]
}

// ---------------------------------------------------------------------------------------- cursors

/**
 * When the frame was created: its stamp; without one the time in its key, which the knot made just before; and where that is no TID,
 * or one from the future, a while before its receipt.
 */
const stampOf = (state: KnotsState, { at, created, rkey }: KnotReceived): Nanos => {
  if (created !== null) return created
  const isTime = Tid.is(rkey) && !isTidAfter(rkey, at, FUTURE_US)
  return nanosOf(isTime ? timeOfTid(rkey) : usBefore(at, state.settings.marginUs))
}

/** A trigger from a knot, over the connection that is there: the input by which frames reach the builds. */
export interface TriggerArrived {
  readonly _tag: 'TriggerArrived'
  readonly at: TimeUs
  readonly knot: HostName
  readonly rkey: Rkey
  readonly trigger: Trigger
}

/** What the frame means for builds. */
const triggered = (since: Nanos, stamp: Nanos, event: KnotReceived): ReadonlyArray<TriggerArrived | ReportEffect> => {
  const { at, host, rkey, trigger } = event
  if (trigger === null) return []
  if (typeof trigger === 'string') return [report({ _tag: 'KnotFrameRejected', at, detail: trigger, host, reason: 'trigger' })]
  return nanosBefore(stamp, since)
    ? [report({ _tag: 'TriggerIgnored', at, knot: host, reason: 'before', rkey })]
    : [{ _tag: 'TriggerArrived', at, knot: host, rkey, trigger }]
}

const received = (state: KnotsState, event: KnotReceived, subscription: Subscription): Transition<KnotsState, TriggerArrived | ReportEffect> => {
  const stamp = stampOf(state, event)
  const outcomes = triggered(subscription.since, stamp, event)
  if (isNanosFromFuture(stamp, event.at))
    return [state, [...outcomes, report({ _tag: 'KnotFrameFromFuture', at: event.at, created: stamp, host: event.host })]]
  return subscription.cursor !== null && !nanosBefore(subscription.cursor, stamp)
    ? [state, outcomes]
    : [update(state, event.host, { ...subscription, cursor: stamp }), outcomes]
}

/** A knot that stamps its frames far ahead would make us skip, after a reconnect, whatever it says until then. */
const isNanosFromFuture = (created: Nanos, at: TimeUs): boolean => nanosBefore(nanosOf(latestBelievable(at)), created)

const latestBelievable = (at: TimeUs): TimeUs => usAfter(at, FUTURE_US)

// ---------------------------------------------------------------------------------------- reducer

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
 * const [held, first] = Knots.reduce(Knots.initial(config.right), { _tag: 'HoldsChanged', at, changes: [{ _tag: 'HoldMade', ...hold }] })
 * assert.deepStrictEqual(first, [{ _tag: 'SubscribeKnot', connection: 1, cursor: null, host: 'knot.example' }])
 *
 * const [, then] = Knots.reduce(held, { _tag: 'HoldsChanged', at, changes: [{ _tag: 'HoldReleased', ...hold }] })
 * assert.deepStrictEqual(then, [{ _tag: 'UnsubscribeKnot', connection: 1, host: 'knot.example' }])
 */
export const reduce = (state: KnotsState, event: Event | HoldsChanged): Transition<KnotsState, Effect | TriggerArrived> => {
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
            subscription.connection.phase._tag === 'Waiting' ? reconnect(state, timer.host, subscription) : unchanged(state)
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

// ---------------------------------------------------------------------------------------- written form

/** The slice without what is derived. */
export const WrittenKnots = t.readonly(
  t.strict({ next: Natural, settings: Settings, stopped: t.boolean, subscriptions: orderedMap(HostName, Subscription) }),
  'Knots'
)
export type WrittenKnots = t.TypeOf<typeof WrittenKnots>

export const toWritten = ({ next, settings, stopped, subscriptions }: KnotsState): WrittenKnots => ({ next, settings, stopped, subscriptions })

/**
 * The slice with these holds.
 *
 * @returns `Left` with a sentence when the subscriptions are not those that the holds call for, or a connection bears a
 *   number that was never given out.
 */
export const fromWritten = (written: WrittenKnots, holds: ReadonlyArray<HoldChanged>): E.Either<string, KnotsState> => {
  const holders = holds.reduce<KnotsState['holders']>(apply, M.empty())
  const wanted = M.keys(holders)
  const subscribed = M.toEntries(written.subscriptions)
  if (wanted.length !== subscribed.length || subscribed.some(([host], i) => host !== wanted[i]))
    return E.left('the subscriptions are not those that the rows call for')
  return subscribed.some(([, { connection }]) => connection.number >= written.next)
    ? E.left('a connection bears a number that was never given out')
    : E.right({ ...written, holders })
}
