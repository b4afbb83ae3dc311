/** MACHINE: what holds of the machine as a whole, whatever the stream says. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import {
  asAdvance,
  CONCERNS,
  type Config,
  type Connections,
  type Counters,
  decodeFrame,
  decodeKnotFrame,
  type Effect,
  Event,
  fold,
  FrameRejected,
  type HostName,
  type KnotReceipt,
  KnotReceived,
  KnotFrameRejected,
  OrderedMap as M,
  type Receipt,
  type Report,
  State
} from '../../core/index.js'
import { pure, type Step, steps, take } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import {
  accountsOf,
  configured,
  effectsText,
  end,
  isFrame,
  isStale,
  reportsOf,
  type Run,
  runOf,
  subscribedBy,
  subscriptionsOf,
  textOf,
  unsubscribedBy
} from './run.js'
import { wantedIn } from './model.js'

// ---------------------------------------------------------------------------------------- helpers

/** The state as another process reads it back. */
export const reread = (state: State): State => {
  const text: unknown = JSON.parse(textOf(state))
  const decoded = pure(() => State.decode(text))
  if (E.isLeft(decoded)) throw new Error('a state does not decode')
  return decoded.right
}

const sameSteps = (found: ReadonlyArray<Step>, expected: ReadonlyArray<Step>): Verdict =>
  all(
    equal('steps', found.length, expected.length),
    every(found, (step, i) =>
      all(
        equal('effects', step.effects, expected[i]?.effects),
        because(same(step.after, expected[i]?.after), () => 'the states differ')
      )
    )
  )

/** A gap is reported with the time of receipt of the event that showed it; of merged events, that is the last. */
const undated = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> =>
  effects.map((effect) =>
    effect._tag === 'Report' && effect.report._tag === 'Gap' ? { ...effect, report: undatedReport(effect.report) } : effect
  )

const undatedReport = (report: Report): Report => (report._tag === 'Gap' ? { ...report, at: report.askedUs } : report)

const undatedState = (state: State): State => ({
  ...state,
  counters: { ...state.counters, recent: state.counters.recent.map(undatedReport) }
})

const opens = (effect: Effect): boolean =>
  effect._tag === 'OpenJetstream' ||
  effect._tag === 'SubscribeKnot' ||
  effect._tag === 'ReconnectKnot' ||
  effect._tag === 'WakeAfter'

const isAscending = (hosts: ReadonlyArray<HostName>): boolean => hosts.every((host, i) => i === 0 || (hosts[i - 1] ?? '') < host)

/** The place of an effect in the fixed order; the pause before a reconnection goes with what it is for. */
const place = (effect: Effect): number => {
  switch (effect._tag) {
    case 'OpenJetstream':
    case 'CloseJetstream':
      return 0
    case 'WakeAfter':
      return effect.timer._tag === 'JetstreamTimer' ? 0 : 1
    case 'SubscribeKnot':
    case 'ReconnectKnot':
      return 1
    case 'UnsubscribeKnot':
      return 2
    case 'Report':
      return 3
  }
}

const connectionsOf = ({ cursor, knots }: State): ReadonlyArray<Connections.Connection> => [
  cursor.connection,
  ...M.toEntries(knots.subscriptions).map(([, { connection }]) => connection)
]

/** What a configuration says to the stream, and to the knots. */
const settingsOf = ({ jetstreamBackoff, knotBackoff, rewindUs, toleranceUs }: Config) => [
  { backoff: jetstreamBackoff, rewindUs, toleranceUs },
  { backoff: knotBackoff, marginUs: rewindUs }
]

type Rejected = Extract<Event, { readonly _tag: 'FrameRejected' | 'KnotFrameRejected' }>

const isOfOldConnection = (state: State, event: Rejected): boolean =>
  event._tag === 'FrameRejected'
    ? isStale(state, event)
    : subscriptionsOf(state).get(event.host)?.connection.number !== event.connection

/** What is said about a rejection: all it knows but where on the wire it came from. */
const reported = (event: Rejected): object => {
  if (event._tag === 'KnotFrameRejected') {
    const { _tag, at, detail, host, reason } = event
    return { _tag, at, detail, host, reason }
  }
  const { _tag, at, collection, detail, did, operation, reason, rkey } = event
  return { _tag, at, collection, detail, did, operation, reason, rkey }
}

/** The slices of the state, each with its name in the table of concerns. */
const SLICES = ['commits', 'cursor', 'knots'] as const

const framesIn = ({ before, event }: Step): number => {
  if (!isFrame(event) || isStale(before, event)) return 0
  return event._tag === 'StreamAdvanced' ? event.count : 1
}

const kindsOf = (counters: Counters.Counters): ReadonlyMap<string, number> => new Map(M.toEntries(counters.reports))

/** The greatest numbers handed out so far: for Jetstream, and for all knots together. */
const numbersRise = (taken: ReadonlyArray<Step>): Verdict => {
  let stream = 0
  let knots = 0
  return every(taken, ({ effects }) =>
    every(effects, (effect) => {
      const isNew =
        effect._tag === 'OpenJetstream'
          ? effect.connection > stream
          : effect._tag !== 'SubscribeKnot' || effect.connection > knots
      if (effect._tag === 'OpenJetstream') stream = effect.connection
      if (effect._tag === 'SubscribeKnot') knots = effect.connection
      return because(isNew, () => `the number of ${effectsText([effect])} was given out before`)
    })
  )
}

/** How often an event that only moves the cursor comes right after another, and our clock was not set back in between. */
const pairsToMerge = (taken: ReadonlyArray<Step>): number => {
  const atOf = (i: number): number => taken[i]?.event.at ?? 0
  const isAdvance = taken.map(({ before, event }) => pure(() => asAdvance(before, event)) !== null)
  return isAdvance.filter((advance, i) => advance && isAdvance[i - 1] === true && atOf(i - 1) <= atOf(i)).length
}

// ---------------------------------------------------------------------------------------- laws

export interface Split {
  readonly at: number
  readonly run: Run
}

/** A text that came, and how. */
export interface Frame {
  readonly receipt: Receipt
  readonly text: string
}

export interface KnotFrame {
  readonly receipt: KnotReceipt
  readonly text: string
}

export const MACHINE = {
  'MACHINE-1': (run: Run): Verdict => sameSteps(runOf(structuredClone(run.config), structuredClone(run.events)).steps, run.steps),

  'MACHINE-2': (run: Run): Verdict =>
    every(run.steps, ({ before, event }) => {
      const [state, copy] = [structuredClone(before), structuredClone(event)]
      take(before, event)
      return because(same(before, state) && same(event, copy), () => 'an input was changed')
    }),

  'MACHINE-3': ({ other, run }: { readonly other: Run; readonly run: Run }): Verdict =>
    every(other.events, (event) => because(State.is(take(end(run), event).after), () => 'no state came out')),

  'MACHINE-4': ({ receipt, text }: Frame): Verdict => {
    const decoded = pure(() => decodeFrame(receipt)(text))
    return E.isLeft(decoded)
      ? because(FrameRejected.is(decoded.left), () => 'the rejection is no event')
      : because(Event.is(decoded.right), () => `no event: ${JSON.stringify(decoded.right)}`)
  },

  'MACHINE-5': ({ receipt, text }: KnotFrame): Verdict => {
    const decoded = pure(() => decodeKnotFrame(receipt)(text))
    return E.isLeft(decoded)
      ? because(KnotFrameRejected.is(decoded.left), () => 'the rejection is no event')
      : because(KnotReceived.is(decoded.right), () => `no event: ${JSON.stringify(decoded.right)}`)
  },

  'MACHINE-6': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      if (event._tag !== 'FrameRejected' && event._tag !== 'KnotFrameRejected') return true
      const { askedUs, cursor, poisonings, rereadUs } = after.cursor
      const isWhereItWas = cursor === before.cursor.cursor && rereadUs === before.cursor.rereadUs
      return all(
        because(same(after.commits, before.commits) && same(after.knots, before.knots), () => 'rows or knots changed'),
        equal('the stream', after.cursor, { ...before.cursor, askedUs, cursor, poisonings, rereadUs }),
        // The losses at one place are counted from zero wherever we move to.
        when(isWhereItWas, () => equal('poisonings', poisonings, before.cursor.poisonings)),
        when(event._tag === 'KnotFrameRejected', () => equal('the stream', after.cursor, before.cursor)),
        every(effects, (effect) => effect._tag === 'Report'),
        equal(
          'the report of it',
          reportsOf(effects).filter((report) => report._tag === event._tag),
          isOfOldConnection(before, event) ? [] : [reported(event)]
        )
      )
    }),

  'MACHINE-7': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      const restored = take(reread(before), event)
      return all(
        equal('effects', restored.effects, effects),
        because(same(restored.after, after), () => 'the states differ')
      )
    }),

  'MACHINE-8': ({ at, run }: Split): Verdict => {
    const half = at % (run.events.length + 1)
    const snapshot = half === 0 ? runOf(run.config, []) : { ...run, steps: run.steps.slice(0, half) }
    return sameSteps(steps(reread(end(snapshot)), run.events.slice(half)), run.steps.slice(half))
  },

  'MACHINE-9': ({ at, run }: Split): Verdict => {
    const half = at % (run.events.length + 1)
    const start = half === 0 ? end(runOf(run.config, [])) : end({ ...run, steps: run.steps.slice(0, half) })
    const rest = run.steps.slice(half)
    const folded = pure(() => fold(start, run.events.slice(half)))
    const journalled = steps(start, folded.events)
    const reached = journalled[journalled.length - 1]?.after ?? start
    return all(
      because(same(folded.state, reached), () => 'the batch is not the fold of what it journals'),
      equal(
        'effects of what it journals',
        folded.effects,
        journalled.flatMap((step) => step.effects)
      ),
      because(same(undatedState(folded.state), undatedState(end(run))), () => 'merged and one by one end in different states'),
      equal('effects', undated(folded.effects), undated(rest.flatMap((step) => step.effects))),
      because(folded.events.length <= rest.length - pairsToMerge(rest), () => 'two advances in a row were left apart'),
      because(
        journalled.every(({ after, before, effects }) => after !== before || effects.length > 0),
        () => 'what changed nothing is journalled'
      )
    )
  },

  'MACHINE-10': (run: Run): Verdict =>
    every(run.steps, ({ effects, event }) =>
      all(
        every(effects, (effect, i) => {
          const previous = effects[i - 1]
          return previous === undefined || place(previous) <= place(effect) || `${previous._tag} comes before ${effect._tag}`
        }),
        because(isAscending(subscribedBy(effects)), () => 'subscriptions do not ascend'),
        because(isAscending(unsubscribedBy(effects)), () => `unsubscriptions do not ascend at ${event._tag}`)
      )
    ),

  'MACHINE-11': (run: Run): Verdict =>
    every(run.steps, ({ after, before, event }) =>
      every(
        SLICES.filter((slice) => !CONCERNS[event._tag].includes(slice)),
        (slice) => because(after[slice] === before[slice], () => `${event._tag} changed ${slice}`)
      )
    ),

  'MACHINE-12': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const { after, before, effects } = step
      const reports = reportsOf(effects)
      const counted = new Map(kindsOf(before.counters))
      for (const report of reports) {
        const kind = 'reason' in report ? `${report._tag}/${report.reason}` : report._tag
        counted.set(kind, (counted.get(kind) ?? 0) + 1)
      }
      return all(
        equal('frames', after.counters.frames, before.counters.frames + framesIn(step)),
        equal(
          'reports',
          [...kindsOf(after.counters)],
          [...counted].sort(([a], [b]) => (a < b ? -1 : 1))
        ),
        equal('recent', after.counters.recent, [...before.counters.recent, ...reports].slice(-20))
      )
    }),

  'MACHINE-13': (run: Run): Verdict => {
    let stopped = false
    return every(run.steps, ({ after, before, effects, event }) => {
      const wasStopped = stopped
      stopped = event._tag === 'StopRequested' || (stopped && event._tag !== 'Started')
      const isLive = before.cursor.connection.phase._tag === 'Connecting' || before.cursor.connection.phase._tag === 'Open'
      return all(
        equal('stopped', [after.cursor.stopped, after.knots.stopped], [stopped, stopped]),
        when(stopped, () => every(connectionsOf(after), ({ phase }) => equal('connection', phase._tag, 'Idle'))),
        when(stopped, () => every(effects, (effect) => because(!opens(effect), () => `${effect._tag} after a stop`))),
        when(wasStopped && stopped, () => every(effects, (effect) => effect._tag === 'Report')),
        when(!wasStopped && stopped, () =>
          equal('what a stop ends', effects, [
            ...(isLive ? [{ _tag: 'CloseJetstream', connection: before.cursor.connection.number }] : []),
            ...M.toEntries(before.knots.subscriptions).map(([host, { connection }]) => ({
              _tag: 'UnsubscribeKnot',
              connection: connection.number,
              host
            }))
          ])
        )
      )
    })
  },

  'MACHINE-14': (run: Run): Verdict =>
    configured(run, ({ after, effects, event }, config) =>
      when(event._tag === 'Started', () => {
        const wanted = wantedIn(accountsOf(after), config).map(([host]) => host)
        return all(
          equal(
            'effects',
            effects.map((effect) => effect._tag),
            ['OpenJetstream', ...wanted.map(() => 'SubscribeKnot')]
          ),
          equal('subscribed', subscribedBy(effects), wanted),
          equal('settings', [after.cursor.settings, after.knots.settings], settingsOf(config)),
          every(connectionsOf(after), ({ attempt, phase }) => equal('connection', [attempt, phase._tag], [0, 'Connecting']))
        )
      })
    ),

  'MACHINE-15': (run: Run): Verdict => numbersRise(run.steps),

  'MACHINE-16': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      const lazy = pure(() => fold(before, [event])).isLazy
      return all(
        when(pure(() => asAdvance(before, event)) !== null, () =>
          because(
            after.commits === before.commits && after.knots === before.knots,
            () => 'an advance changed more than the cursor'
          )
        ),
        when(lazy, () =>
          equal('lazy', [after.commits === before.commits, after.knots === before.knots, effects.length], [true, true, 0])
        )
      )
    })
} satisfies Laws
