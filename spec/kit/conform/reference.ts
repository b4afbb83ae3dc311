/** What is right, by the core: the states that a trace tells only the hashes of, and new traces. */
import * as E from 'fp-ts/lib/Either.js'
import { Config, Event, initial, type Json, State, step } from '../../../core/index.js'
import { type About, type Beginning, stateAt } from '../../../shell/trace.js'
import { type InitLine, type Trace, VERSION } from '../format.js'
import { stateHash, writtenState } from '../hash.js'

const beginningOf = (init: InitLine): State | null => {
  const decoded = 'config' in init ? E.map(initial)(Config.decode(init.config)) : State.decode(init.state)
  return E.isRight(decoded) ? decoded.right : null
}

/**
 * The state after `count` steps of the trace, as it is written, if the core comes to the same state as the trace; `null` when it
 * does not, as with a trace of a state or event that is none.
 */
export const stateAfter = ({ init, steps }: Pick<Trace, 'init' | 'steps'>, count: number): Json | null => {
  let state = beginningOf(init)
  for (const { event } of steps.slice(0, count)) {
    const decoded = Event.decode(event)
    state = state === null || E.isLeft(decoded) ? null : step(state, decoded.right)[0]
  }
  const hash = count === 0 ? init.hash : steps[count - 1]?.hash
  return state !== null && stateHash(state) === hash ? writtenState(state) : null
}

/** The trace of what the core does. */
export const record = (about: About, beginning: Beginning, events: ReadonlyArray<Event>): Trace => {
  const start = stateAt(beginning)
  let state = start
  const steps = events.map((event) => {
    const [after, effects] = step(state, event)
    state = after
    return { _tag: 'step' as const, effects, event, hash: stateHash(after) }
  })
  const from = 'config' in beginning ? beginning : { state: writtenState(start) }
  return {
    header: { _tag: 'trace', ...about, version: VERSION },
    init: { _tag: 'init', ...from, hash: stateHash(start) },
    steps,
    end: { _tag: 'end', state: writtenState(state) }
  }
}
