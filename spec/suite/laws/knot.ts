/** KNOT: what holds of subscriptions, their holders, connections and cursors. The words are in laws.md. */
import * as O from 'fp-ts/lib/Option.js'
import * as Connections from '../../../core/base/connection.js'
import {
  type Backoff,
  type Config,
  Commits,
  type Effect,
  type Event,
  type HostName,
  holdersOf,
  isWanted,
  Knots,
  type KnotReceived,
  OrderedMap as M,
  type State,
  wantedKnots
} from '../../../core/index.js'
import { pure, type Step } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import { agrees, type Moment, pauseAfter } from './life.js'
import { wantedIn } from './model.js'
import {
  accountsOf,
  configured,
  effectsText,
  FUTURE_US,
  isFrame,
  isStale,
  knotEffectsOf,
  reportsOf,
  type Run,
  subscribedBy,
  subscriptionsOf,
  unsubscribedBy
} from './run.js'

// ---------------------------------------------------------------------------------------- helpers

const wantedHosts = (state: State, config: Config): ReadonlyArray<string> =>
  wantedIn(accountsOf(state), config).map(([host]) => host)

const without = (hosts: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> =>
  hosts.filter((host) => !others.includes(host))

/** The knot an event is about, and the number of the connection it came over. */
const origin = ({ event }: Step): { readonly connection: number; readonly host: HostName } | null => {
  switch (event._tag) {
    case 'KnotOpened':
    case 'KnotClosed':
    case 'CollaboratorUpdated':
    case 'KnotReceived':
    case 'KnotFrameRejected':
      return event
    case 'TimerFired':
      return event.timer._tag === 'KnotTimer' ? event.timer : null
    default:
      return null
  }
}

const isCurrent = (step: Step): boolean => {
  const from = origin(step)
  return from !== null && subscriptionsOf(step.before).get(from.host)?.connection.number === from.connection
}

const SORTABLE = '234567abcdefghijklmnopqrstuvwxyz'

/** The time in a key, microseconds; `null` when it is no TID. */
const timeIn = (key: string): bigint | null =>
  /^[2-7a-j][2-7a-z]{12}$/.test(key) ? Array.from(key.slice(0, 11)).reduce((time, digit) => time * 32n + BigInt(SORTABLE.indexOf(digit)), 0n) : null

/** The stamp a frame of a knot goes by, nanoseconds: its own, the time in its key, or one a margin before its receipt. */
export const stampOf = ({ at, created, rkey }: KnotReceived, marginUs: number): bigint => {
  if (created !== null) return BigInt(created)
  const time = timeIn(rkey)
  return (time !== null && time <= BigInt(at + FUTURE_US) ? time : BigInt(Math.max(0, at - marginUs))) * 1000n
}

/** The knot to which we connect again because a pause is over, if the event is that. */
const reconnectedBy = (event: Event, effects: ReadonlyArray<Effect>): ReadonlyArray<HostName> =>
  event._tag === 'TimerFired' && event.timer._tag === 'KnotTimer' ? subscribedBy(effects) : []

/** Runs `look` with the connections that the effects alone leave open, by host, and the number of each. */
const lives = (run: Run, look: (step: Step, open: ReadonlyMap<HostName, number>) => Verdict): Verdict => {
  const open = new Map<HostName, number>()
  // Of which hosts the connection was lost, and may be asked for again.
  const lost = new Set<HostName>()
  return every(run.steps, (step) => {
    if (step.event._tag === 'Started') {
      open.clear()
      lost.clear()
    }
    const applied = every(step.effects, (effect) => {
      switch (effect._tag) {
        case 'SubscribeKnot':
          if (lost.delete(effect.host)) return because(open.get(effect.host) === effect.connection, () => `${effect.host} reconnects as another`)
          if (open.has(effect.host)) return `${effect.host} is subscribed twice`
          open.set(effect.host, effect.connection)
          return true
        case 'WakeAfter':
          if (effect.timer._tag === 'KnotTimer') {
            open.set(effect.timer.host, effect.timer.connection)
            lost.add(effect.timer.host)
          }
          return true
        case 'UnsubscribeKnot':
          if (open.get(effect.host) !== effect.connection) return `${effect.host} is unsubscribed by a number it does not have`
          open.delete(effect.host)
          lost.delete(effect.host)
          return true
        default:
          return true
      }
    })
    return all(applied, look(step, open))
  })
}

/** Whether every subscription but that of `host` is as it was. */
const othersAreUntouched = ({ after, before }: Step, host: HostName): Verdict => {
  const now = subscriptionsOf(after)
  return all(
    equal('knots', [...now.keys()], [...subscriptionsOf(before).keys()]),
    every(
      subscriptionsOf(before),
      ([other, subscription]) => other === host || now.get(other) === subscription || `${other} was touched`
    )
  )
}

export interface Pausing {
  readonly attempt: number
  readonly backoff: Backoff
}

// ---------------------------------------------------------------------------------------- laws

export const KNOT = {
  'KNOT-1': (run: Run): Verdict =>
    configured(run, ({ after }, config) =>
      equal('subscriptions', [...subscriptionsOf(after).keys()], wantedHosts(after, config))
    ),

  'KNOT-2': (run: Run): Verdict =>
    configured(run, ({ after }, config) => {
      const wanted = wantedIn(accountsOf(after), config)
      const answered = pure(() => wantedKnots(after))
      return all(
        equal('holders', heldBy(after.knots), wanted),
        equal('wanted', answered, wantedHosts(after, config)),
        every([...subscriptionsOf(after).keys(), 'nowhere.example' as HostName], (host) => {
          const holders = wanted.find(([name]) => name === host)?.[1] ?? []
          const answer = pure(() => [isWanted(host)(after), holdersOf(host)(after)])
          return equal(host, answer, [holders.length > 0, holders])
        })
      )
    }),

  'KNOT-3': (run: Run): Verdict =>
    configured(run, ({ after, before, effects, event }, config) => {
      if (event._tag === 'Started' || event._tag === 'StopRequested') return true
      const [old, now] = [wantedHosts(before, config), wantedHosts(after, config)]
      const speaks = !after.isStopped
      return all(
        equal('subscribed', subscribedBy(effects), speaks ? [...without(now, old), ...reconnectedBy(event, effects)] : []),
        equal('unsubscribed', unsubscribedBy(effects), speaks ? without(old, now) : [])
      )
    }),

  'KNOT-4': (run: Run): Verdict =>
    lives(run, ({ after }, open) =>
      equal(
        'what the effects leave subscribed',
        [...open].sort(([a], [b]) => (a < b ? -1 : 1)),
        after.isStopped ? [] : [...subscriptionsOf(after)].map(([host, { connection }]) => [host, connection.number])
      )
    ),

  'KNOT-5': (run: Run): Verdict =>
    every(run.steps, ({ after, before, event }) => {
      if (isFrame(event) && isStale(before, event)) return true
      const rows = pure(() => Commits.reduce(before.commits, event, { config: before.config, cursor: after.cursor.cursor }))
      const outcomes = O.isSome(rows) ? rows.value[1] : []
      const holds = outcomes.filter((outcome): outcome is Commits.HoldChanged => outcome._tag === 'HoldMade' || outcome._tag === 'HoldReleased')
      const nothing: Event = { _tag: 'PassedOver', about: '', at: event.at, of: '' }
      const answer = pure(() => Knots.reduce(after.knots, nothing, { config: after.config, holds, isStopped: after.isStopped }))
      const [again, effects] = O.isSome(answer) ? answer.value : [after.knots, []]
      return all(
        equal('effects', effects, []),
        equal('subscriptions', M.toEntries(again.subscriptions), M.toEntries(after.knots.subscriptions)),
        equal('holders', heldBy(again), heldBy(after.knots))
      )
    }),

  'KNOT-6': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const from = origin(step)
      if (from === null) return true
      const { after, before, effects } = step
      return all(
        othersAreUntouched(step, from.host),
        because(after.commits === before.commits && after.cursor === before.cursor, () => 'rows or the stream changed'),
        every(knotEffectsOf(effects), (effect) =>
          because(effectsText([effect]).includes(`"${from.host}"`), () => 'it is about another knot')
        )
      )
    }),

  'KNOT-7': ({ attempt, backoff }: Pausing): Verdict => {
    const pause = pure(() => Connections.pause(backoff, attempt))
    return all(
      equal('range', pause, pauseAfter(backoff, attempt)),
      because(pause.highMs <= pure(() => Connections.pause(backoff, attempt + 1)).highMs, () => 'a later pause is shorter')
    )
  },

  'KNOT-8': (life: { readonly moments: ReadonlyArray<Moment> }): Verdict => every(life.moments, agrees),

  'KNOT-9': (run: Run): Verdict =>
    every(run.steps, (step) =>
      when(origin(step) !== null && !isCurrent(step), () =>
        because(
          step.effects.length === 0 && same(step.after, step.before),
          () => 'an event of another connection changed something'
        )
      )
    ),

  'KNOT-10': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects }) => {
      const old = subscriptionsOf(before)
      return all(
        every(subscriptionsOf(after), ([host, { cursor }]) => when(!old.has(host), () => equal(host, cursor, null))),
        every(effects, (effect) => {
          if (effect._tag !== 'SubscribeKnot') return true
          const cursor = subscriptionsOf(after).get(effect.host)?.cursor ?? null
          return equal('asked', effect.cursor, cursor === null ? null : cursor === '0' ? '0' : String(BigInt(cursor) - 1n))
        })
      )
    }),

  'KNOT-11': (run: Run): Verdict =>
    configured(run, (step, config) => {
      const { after, before, effects, event } = step
      const now = subscriptionsOf(after)
      return every(subscriptionsOf(before), ([host, { cursor }]) => {
        const reached = now.get(host)?.cursor
        if (reached === undefined) return true
        if (event._tag !== 'KnotReceived' || event.host !== host || !isCurrent(step)) return equal(host, reached, cursor)
        const stamp = stampOf(event, config.rewindUs)
        const isFuture = stamp > BigInt(Math.min(event.at + FUTURE_US, Number.MAX_SAFE_INTEGER)) * 1000n
        const expected = isFuture || (cursor !== null && stamp <= BigInt(cursor)) ? cursor : String(stamp)
        return all(
          equal(host, reached, expected),
          equal(
            'reports',
            reportsOf(effects),
            isFuture ? [{ _tag: 'KnotFrameFromFuture', at: event.at, created: String(stamp), host }] : []
          )
        )
      })
    })
} satisfies Laws

const heldBy = ({ holders }: Knots.KnotsState) => M.toEntries(holders).map(([host, those]) => [host, M.keys(those)])
