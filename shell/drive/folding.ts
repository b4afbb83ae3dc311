/**
 * Folds as much of a batch as its time allows. Events whose steps may take long are noted first (store/steps.ts); the one that the operator
 * has passed over is replaced.
 */
import { aboutOf, type Effect, type Event, fold, mayTakeLong, passOver, type State } from '../../core/index.js'
import type { Clock } from '../ports.js'
import type { Steps } from '../store/steps.js'
import type { Callers } from './callers.js'
import type { Limits } from './limits.js'

/** The outcome of a batch. */
export interface Batch {
  readonly effects: ReadonlyArray<Effect>
  /** The events that the journal must hold. */
  readonly events: ReadonlyArray<Event>
  /** Whether it only moved the cursor. */
  readonly isLazy: boolean
  /** The events that were not folded. */
  readonly rest: ReadonlyArray<Event>
}

export interface Folding {
  readonly state: () => State
  /** How many events have been folded. */
  readonly taken: () => number
  /** The batch with the replacement of the event to be passed over, and how much longer that makes it. */
  readonly passed: (batch: ReadonlyArray<Event>) => { readonly batch: ReadonlyArray<Event>; readonly more: number }
  readonly fold: (batch: ReadonlyArray<Event>) => Promise<Batch>
  /** To be called when what was folded is durable. */
  readonly saved: () => Promise<void>
}

/** The clock is read once per this many events. */
const SLICE = 100

export interface FoldingPorts {
  readonly callers: Callers
  readonly clock: Clock
  readonly limits: Pick<Limits, 'batchMs'>
  /** `null`: nothing is noted. */
  readonly steps: Steps | null
}

export const createFolding = (start: State, { callers, clock, limits, steps }: FoldingPorts): Folding => {
  let state = start
  let taken = 0
  let wanted = steps?.wanted ?? null
  /** Whether the replacement of a passed-over event is not durable yet. */
  let isPassing = false

  /** The end of the slice that begins at `from`: the next event that is noted, or whose state somebody waits for. */
  const endOfSlice = (batch: ReadonlyArray<Event>, from: number, isNoting: boolean): number => {
    const nextLong = isNoting ? batch.findIndex((event, i) => i > from && mayTakeLong(event)) : -1
    const judged = callers.nextJudged()
    return Math.min(from + SLICE, nextLong < 0 ? batch.length : nextLong, judged === null ? batch.length : judged - taken - 1)
  }

  return {
    fold: async (batch) => {
      const long = steps === null ? [] : batch.filter(mayTakeLong)
      if (long.length > 0) await steps?.begin(long)
      const untilUs = clock.now() + limits.batchMs * 1000
      const effects: Array<Effect> = []
      const events: Array<Event> = []
      let isLazy = true
      let done = 0
      let noted = 0
      do {
        const first = batch[done]
        if (first !== undefined && mayTakeLong(first) && long.length > 0) {
          steps?.at(noted)
          noted += 1
        }
        callers.show(taken + done + 1, state)
        const slice = batch.slice(done, endOfSlice(batch, done, long.length > 0))
        const folded = fold(state, slice)
        done += slice.length
        state = folded.state
        events.push(...folded.events)
        for (const effect of folded.effects) effects.push(effect)
        isLazy &&= folded.isLazy
      } while (done < batch.length && clock.now() < untilUs)
      if (long.length > 0) await steps?.end()
      taken += done
      return { effects, events, isLazy, rest: batch.slice(done) }
    },
    passed: (batch) => {
      const same = { batch, more: 0 }
      if (wanted === null) return same
      const { about, of } = wanted
      const i = batch.findIndex((event) => event._tag === of && aboutOf(event) === about)
      const event = batch[i]
      const instead = event === undefined ? null : passOver(clock.now(), event)
      if (instead === null) return same
      wanted = null
      isPassing = true
      // The replacements count as the one event that arrived.
      const more = instead.length - 1
      callers.move(taken + i, more)
      return { batch: [...batch.slice(0, i), ...instead, ...batch.slice(i + 1)], more }
    },
    saved: async () => {
      if (!isPassing) return
      isPassing = false
      await steps?.passed()
    },
    state: () => state,
    taken: () => taken
  }
}
