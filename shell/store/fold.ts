/**
 * Folds a journal, and passes over the one event that the operator has named (steps.ts).
 *
 * The core decides what replaces that event (`passOver`). The replacements have the time of the event, so every fold of the journal ends in the same
 * state. Without the event, some numbers are not assigned, so the answers after it are renumbered to match the requests that are open.
 *
 * `take` returns the events that were really folded: the state is the plain fold of these.
 */
import { aboutOf, type Event, mayTakeLong, passOver, Numbers, type State, step } from '../../core/index.js'
import { stepFormer } from './former-rules.js'
import type { Batch } from './journal.js'

/** The position of an event in the journal. */
export interface Position {
  /** Its index in the batch, from 0 on. */
  readonly index: number
  /** The number of the batch. */
  readonly seq: number
}

/** An event of the journal: its position, its kind (`of`), and what identifies it within that kind (`about`). */
export interface Placed extends Position {
  readonly about: string
  readonly of: string
}

export interface Folding {
  /** Whether the event has been passed over. */
  readonly hasPassed: () => boolean
  readonly state: () => State
  /** Folds a batch. Resolves with the events that were folded. */
  readonly take: (batch: Batch) => Promise<ReadonlyArray<Event>>
}

const isAt = ({ about, index, of, seq }: Placed, event: Event, at: Position): boolean =>
  at.seq === seq && at.index === index && event._tag === of && aboutOf(event) === about

/**
 * Starts a fold of batches from `start`.
 *
 * @param passing The event to pass over.
 * @param note Called with each event whose step may take long, before the step.
 */
export const folding = (start: State, passing: Placed | null, note: (event: Event, at: Position) => Promise<void> = () => Promise.resolve()): Folding => {
  let state = start
  let hasPassed = false
  let numbers = Numbers.NONE_RENUMBERED
  const renumbered = (event: Event): Event => {
    const [known, now] = Numbers.renumber(numbers, state, event)
    numbers = known
    return now
  }
  const fold = (event: Event, isFormer: boolean): void => {
    // Drop the effects: they were carried out long ago.
    state = isFormer ? stepFormer(state, event) : step(state, event)[0]
  }
  return {
    hasPassed: () => hasPassed,
    state: () => state,
    take: async ({ events, isFormer, seq }) => {
      const folded: Array<Event> = []
      for (const [index, event] of events.entries()) {
        const at = { index, seq }
        const instead = passing !== null && isAt(passing, event, at) ? passOver(event.at, event) : null
        if (instead !== null) {
          hasPassed = true
          for (const one of instead) fold(one, isFormer)
          folded.push(...instead)
          continue
        }
        const now = hasPassed && !isFormer ? renumbered(event) : event
        if (mayTakeLong(now)) await note(now, at)
        fold(now, isFormer)
        folded.push(now)
      }
      return folded
    }
  }
}
