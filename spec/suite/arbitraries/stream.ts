/**
 * Streams: frames alone, without the lives of connections, for the laws that are about rows. A machine that has not been
 * started takes frames of connection 0, so a stream needs no ceremony.
 *
 * A *clean* stream is what a well-kept server sends to somebody who was never away: commits with rising stamps and revs. An
 * *orderly* one is what a replay can promise for: the stamps of one DID never fall, no account event has a stamp that
 * another event of its DID has, nothing is from the future; revs may be anything.
 */
import fc from 'fast-check'
import type { Config, Did, FrameEvent, Rkey, Tid, TimeUs } from '../../../core/index.js'
import { accountOf, type Change, commitOf, rawOf, tidAt, tidOf } from '../laws/events.js'
import type { Interleaved, Replay } from '../laws/commit.js'
import { FUTURE_US, type Run, runOf } from '../laws/run.js'
import { changes, cleanChanges, type Status, statuses } from './changes.js'
import { anyAdmission, configOf, configWith, configs } from './config.js'
import { dids, EPOCH_US, RKEYS, rkeys, SECOND_US, weighted } from './data.js'

const plain = { noNullPrototype: true } as const

// ---------------------------------------------------------------------------------------- clean

const cleanSteps = fc.record(
  { change: cleanChanges, did: dids, passUs: weighted([3, 1_000], [1, 1], [1, SECOND_US]), rkey: rkeys },
  plain
)

/** Runs of clean streams of commits, in which whoever names us counts. */
export const cleanRuns: fc.Arbitrary<Run> = fc.array(cleanSteps, { maxLength: 30, size: 'max' }).map((steps) => {
  let timeUs = EPOCH_US
  return runOf(
    configWith({ admission: 'open' }),
    steps.map(({ change, did, passUs, rkey }) => {
      timeUs += passUs
      return commitOf(change, { at: timeUs + 10_000, connection: 0, did, rev: tidAt(timeUs), rkey, timeUs })
    })
  )
})

// ---------------------------------------------------------------------------------------- orderly

type RevChoice = 'next' | 'last' | 'old' | 'none' | 'brink' | 'future'

interface OrderlyStep {
  readonly did: Did
  /** How much later than the last of the whole stream; of its own DID it is never earlier than the last. */
  readonly passUs: number
  readonly what:
    | { readonly _tag: 'Account'; readonly status: Status }
    | { readonly _tag: 'Commit'; readonly change: Change; readonly rev: RevChoice; readonly rkey: Rkey }
}

const orderlySteps: fc.Arbitrary<OrderlyStep> = fc.record(
  {
    did: dids,
    passUs: weighted([4, 1_000], [2, 0], [2, SECOND_US], [1, -2 * SECOND_US], [1, 400 * SECOND_US]),
    what: fc.oneof(
      {
        arbitrary: fc.record(
          {
            _tag: fc.constant('Commit' as const),
            change: changes,
            rev: weighted<RevChoice>([10, 'next'], [2, 'last'], [2, 'old'], [3, 'none'], [1, 'brink'], [1, 'future']),
            rkey: rkeys
          },
          plain
        ),
        weight: 4
      },
      { arbitrary: fc.record({ _tag: fc.constant('Account' as const), status: statuses }, plain), weight: 1 }
    )
  },
  plain
)

const revOf = (choice: RevChoice, last: bigint, timeUs: number): Tid | null => {
  switch (choice) {
    case 'next':
      return rawOf(tidAt(timeUs)) > last ? tidAt(timeUs) : tidOf(last + 1n)
    case 'last':
      return tidOf(last)
    case 'old':
      return tidOf(last - (1n << 32n))
    case 'none':
      return null
    case 'brink':
      return tidAt(timeUs + FUTURE_US, 3)
    case 'future':
      return tidAt(timeUs + FUTURE_US + 1)
  }
}

/** Configurations under which everybody is known, and there is room for all. */
const roomy: fc.Arbitrary<Config> = configs(anyAdmission).map((config) =>
  configOf({ ...config, backfill: false, caps: { admitted: 1_000, stranger: 1_000, strangers: 1_000 } })
)

const orderlyEvents = (steps: ReadonlyArray<OrderlyStep>): ReadonlyArray<FrameEvent> => {
  const lasts = new Map<Did, { readonly isAccount: boolean; readonly rev: bigint; readonly timeUs: number }>()
  let streamUs = EPOCH_US
  return steps.map(({ did, passUs, what }) => {
    const last = lasts.get(did) ?? { isAccount: false, rev: 0n, timeUs: 0 }
    const earliest = last.timeUs + (last.isAccount || what._tag === 'Account' ? 1 : 0)
    const timeUs = Math.max(streamUs + passUs, earliest)
    streamUs = Math.max(streamUs, timeUs)
    const moment = { at: streamUs + 10_000, connection: 0, timeUs }
    const rev = what._tag === 'Commit' ? revOf(what.rev, last.rev, timeUs) : null
    lasts.set(did, {
      isAccount: what._tag === 'Account',
      rev: what._tag === 'Commit' && what.rev === 'next' && rev !== null ? rawOf(rev) : last.rev,
      timeUs
    })
    return what._tag === 'Account'
      ? accountOf(did, what.status.active, what.status.status, moment)
      : commitOf(what.change, { ...moment, did, rev, rkey: what.rkey })
  })
}

const orderly: fc.Arbitrary<{ readonly config: Config; readonly steps: ReadonlyArray<OrderlyStep> }> = fc.record(
  { config: roomy, steps: fc.array(orderlySteps, { maxLength: 30, size: 'max' }) },
  plain
)

/** Runs of orderly streams. */
export const orderlyRuns: fc.Arbitrary<Run> = orderly.map(({ config, steps }) => runOf(config, orderlyEvents(steps)))

/** Runs of orderly streams, and from where on they are replayed. */
export const replays: fc.Arbitrary<Replay> = fc.record({ from: fc.nat(29), run: orderlyRuns }, plain)

/**
 * Streams in which members come and go, where only those are known who are admitted, and from where on they are replayed. Revs rise
 * where commits have one; no account event has the stamp of any other event.
 */
export const admittingReplays: fc.Arbitrary<Replay> = fc
  .record({ from: fc.nat(39), steps: fc.array(orderlySteps, { maxLength: 40, size: 'max' }) }, plain)
  .map(({ from, steps }) => {
    const rising = steps.map((step): OrderlyStep => ({ ...step, what: step.what._tag === 'Commit' ? { ...step.what, rev: step.what.rev === 'none' ? 'none' : 'next' } : step.what }))
    const spaced = orderlyEvents(rising).map((event, i) => (event._tag === 'FrameRejected' || event._tag === 'StreamAdvanced' ? event : { ...event, timeUs: (event.timeUs + i) as TimeUs }))
    return { from, run: runOf(configWith({ admission: 'members', backfill: true }), spaced) }
  })

// ---------------------------------------------------------------------------------------- disorderly

const disorderlySteps = fc.record(
  {
    change: changes,
    did: dids,
    passUs: weighted([4, 1_000], [2, 0], [2, SECOND_US], [4, -2 * SECOND_US], [1, -400 * SECOND_US], [1, 400 * SECOND_US]),
    rev: weighted<RevChoice>([8, 'next'], [2, 'last'], [2, 'old'], [6, 'none'], [1, 'brink'], [1, 'future']),
    rkey: fc.constantFrom(...RKEYS.slice(0, 2))
  },
  plain
)

/** Commits whose stamps go back, at few keys, and from where on they are replayed. */
export const disorderlyReplays: fc.Arbitrary<Replay> = fc
  .record({ config: roomy, from: fc.nat(39), steps: fc.array(disorderlySteps, { maxLength: 40, size: 'max' }) }, plain)
  .map(({ config, from, steps }) => {
    const lasts = new Map<Did, bigint>()
    let timeUs = EPOCH_US
    const events = steps.map(({ change, did, passUs, rev: choice, rkey }) => {
      timeUs += passUs
      const last = lasts.get(did) ?? 0n
      const rev = revOf(choice, last, timeUs)
      if (choice === 'next' && rev !== null) lasts.set(did, rawOf(rev))
      return commitOf(change, { at: EPOCH_US + 1_000 * SECOND_US, connection: 0, did, rev, rkey, timeUs })
    })
    return { from, run: runOf(config, events) }
  })

// ---------------------------------------------------------------------------------------- interleaved

/** The same events in another order, in which those of each DID keep theirs. */
const interleave = (events: ReadonlyArray<FrameEvent>, draws: ReadonlyArray<number>): ReadonlyArray<FrameEvent> => {
  const queues = new Map<Did | null, Array<FrameEvent>>()
  for (const event of events) {
    const did = event._tag === 'CommitReceived' || event._tag === 'AccountReceived' ? event.did : null
    queues.set(did, [...(queues.get(did) ?? []), event])
  }
  return events.flatMap((_, i) => {
    const waiting = [...queues.values()].filter((queue) => queue.length > 0)
    return waiting[(draws[i] ?? 0) % waiting.length]?.splice(0, 1) ?? []
  })
}

/** Two runs of the same frames in two orders. */
export const interleavings: fc.Arbitrary<Interleaved> = fc
  .record({ draws: fc.array(fc.nat(4), { maxLength: 30, minLength: 30 }), stream: orderly }, plain)
  .map(({ draws, stream: { config, steps } }) => {
    const events = orderlyEvents(steps)
    return { other: runOf(config, interleave(events, draws)), run: runOf(config, events) }
  })
