/**
 * Folding a journal, and passing over the event in it that the operator has named (steps.ts).
 *
 * What takes that event's place is the core's to say (`passOver`), and it comes at the time of the event: whoever folds the journal comes to
 * the same state. Without the event some numbers are not given out, so what comes after it is read as the answer to what is open then.
 *
 * What is folded is given back: the state is the plain fold of these events.
 */
import { aboutOf, type Event, mayTakeLong, passOver, Numbers, type State, step } from '../../core/index.js'
import { stepFormer } from './former-rules.js'
import type { Batch } from './journal.js'

/** The place of an event in the journal. */
export interface Position {
  /** In its batch, from 0 on. */
  readonly index: number
  /** The number of the batch. */
  readonly seq: number
}

/** An event of the journal, by its place, its kind, and what says which one of these it is. */
export interface Placed extends Position {
  readonly about: string
  readonly of: string
}

export interface Folding {
  /** Whether the event that is to be passed over has been. */
  readonly hasPassed: () => boolean
  readonly state: () => State
  /** Folds a batch. Resolves with the events that were folded. */
  readonly take: (batch: Batch) => Promise<ReadonlyArray<Event>>
}

const isAt = ({ about, index, of, seq }: Placed, event: Event, at: Position): boolean =>
  at.seq === seq && at.index === index && event._tag === of && aboutOf(event) === about

/**
 * Folds batches from `start` on.
 *
 * @param passing What is passed over.
 * @param note Hears of each event whose step may take long, before that.
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
    // Effects of what has happened long ago are nobody's business.
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
