/** The states that a trace tells only the hashes of. */
import * as E from 'fp-ts/lib/Either.js'
import { Event, type Json, step } from '../../../core/index.js'
import { beginningOf, stateAt, stateHash, type Trace, writtenState } from '../../../shell/lib/trace.js'

/**
 * The state after `count` steps of the trace, as it is written, if the core comes to the same state as the trace; `null` when it
 * does not, as with a trace of a state or event that is none.
 */
export const stateAfter = ({ init, steps }: Pick<Trace, 'init' | 'steps'>, count: number): Json | null => {
  const beginning = beginningOf(init)
  let state = E.isLeft(beginning) ? null : stateAt(beginning.right)
  for (const { event } of steps.slice(0, count)) {
    const decoded = Event.decode(event)
    state = state === null || E.isLeft(decoded) ? null : step(state, decoded.right)[0]
  }
  const hash = count === 0 ? init.hash : steps[count - 1]?.hash
  return state !== null && stateHash(state) === hash ? writtenState(state) : null
}
