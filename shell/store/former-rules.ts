/**
 * Journals of numbers 1 and 2 are folded by today's rules, but where another state would come of them: answers in them bear the numbers
 * that were given out then.
 */
import * as O from 'fp-ts/lib/Option.js'
import { type Builds, type Event, OrderedMap as M, type RetryRequested, type State, step } from '../../core/index.js'

/** The state with another run at a key that has one. */
const withRun = (state: State, key: Builds.RunKey, run: Builds.Run): State => ({
  ...state,
  builds: { ...state.builds, runs: M.upsertAt(key, run)(state.builds.runs) }
})

/** The run without the builds that no provider ever had. */
const planned = (run: Builds.Run): Builds.Run => ({
  ...run,
  builds: M.toEntries(run.builds).reduce((builds, [name, { plan }]) => (plan === null ? M.deleteAt(name)(builds) : builds), run.builds)
})

/** To repeat a run was to repeat the builds that a provider had: the others are set aside for the step. */
const retried = (state: State, event: RetryRequested): State => {
  const key = `${event.knot}/${event.rkey}` as Builds.RunKey
  const run = M.lookup(key)(state.builds.runs)
  if (O.isNone(run)) return step(state, event)[0]
  return withRun(step(withRun(state, key, planned(run.value)), event)[0], key, run.value)
}

/** The state after an event of such a journal. */
export const stepFormer = (state: State, event: Event): State => (event._tag === 'RetryRequested' ? retried(state, event) : step(state, event)[0])
