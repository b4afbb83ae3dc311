/**
 * What is remembered of a knot as a source of triggers (T1).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import type { Rkey } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { Trigger } from '../model/trigger.js'
import type { BuildsState, Source } from './model.js'
import type { RememberedPush } from './pushes.js'

const NEW_SOURCE: Source = {
  details: false,
  forgotten: null,
  leaving: null,
  pipelines: false,
  spent: M.empty()
}

export const sourceOf = (state: BuildsState, knot: HostName): Source =>
  pipe(
    M.lookup(knot)(state.sources),
    O.getOrElse(() => NEW_SOURCE)
  )

/** Whether a trigger with this key has begun a run or was given up, so that a repeat starts nothing. */
export const isSpent = ({ forgotten, spent }: Source, rkey: Rkey): boolean =>
  (forgotten !== null && rkey <= forgotten) ||
  pipe(
    M.lookup(rkey)(spent),
    O.exists((told) => told?.outcome !== 'left')
  )

const SPENT_MAX = 200

/** The state in which the key never counts again, unless its push is `left`. */
export const withSpent = (state: BuildsState, knot: HostName, rkey: Rkey, told: RememberedPush | null): BuildsState => {
  const source = sourceOf(state, knot)
  const spent = M.upsertAt(rkey, told)(source.spent)
  const [least] = M.keys(spent)
  return withSource(state, knot, {
    ...source,
    spent: M.size(spent) > SPENT_MAX && least !== undefined ? M.deleteAt(least)(spent) : spent
  })
}

/** The state in which the key may count again. */
export const withoutSpent = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const source = sourceOf(state, knot)
  return M.has(rkey)(source.spent)
    ? withSource(state, knot, { ...source, spent: M.deleteAt(rkey)(source.spent) })
    : state
}

/** The state in which the knot is remembered, because it has a run whose key must not count again. */
export const withSourceKept = (state: BuildsState, knot: HostName): BuildsState =>
  withSource(state, knot, sourceOf(state, knot))

export const withSource = (state: BuildsState, knot: HostName, source: Source): BuildsState => ({
  ...state,
  sources: M.upsertAt(knot, source)(state.sources)
})

/** What this trigger shows of its knot; `null` if it shows nothing new. */
export const shownBy = (
  source: Source,
  { cause, kind, shape }: Trigger
): Pick<Source, 'details' | 'pipelines'> | null => {
  const details = source.details || shape === 'detailed'
  const pipelines = source.pipelines || (kind === 'pipeline' && cause._tag === 'Push')
  return details === source.details && pipelines === source.pipelines ? null : { details, pipelines }
}
