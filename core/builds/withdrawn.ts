/**
 * Withdrawn rights: what is under way ends (T2).
 */
import type { AccessLost } from '../access/index.js'
import * as Rights from '../access/rights.js'
import { chain } from '../base/transition.js'
import type { HoldChanged } from '../commits/index.js'
import { ascending } from '../data/ascending.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey } from '../data/identifiers.js'
import { fromPairs, type MultiMap, valuesAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { BuildsState, BuildsStep, Context } from './model.js'
import { cancelRun } from './orders.js'
import { runOf, runsOf } from './runs.js'
import type { NewStatus } from './statuses.js'

export const WITHDRAWN: NewStatus = {
  error: 'The repository does not name this spindle any more, or its owner is not a member any more.',
  exitCode: null,
  status: 'cancelled'
}

/** The keys of these records' runs, by record, found in one pass however many records release one knot. */
const keysByRecord = (state: BuildsState, changes: ReadonlyArray<HoldChanged>): MultiMap<string, Rkey> => {
  const names = changes.reduce<M.OrderedMap<string, true>>(
    (acc, { did, knot, rkey }) => M.upsertAt<string, true>(recordName(knot, did, rkey), true)(acc),
    M.empty()
  )
  const runsOn = (knot: HostName): ReadonlyArray<readonly [string, Rkey]> =>
    runsOf(state, knot).map(([key, { repository }]) => [recordName(knot, repository.owner, repository.rkey), key])
  const knots = ascending(changes.map(({ knot }) => knot))
  return fromPairs(knots.flatMap(runsOn).filter(([name]) => M.has(name)(names)))
}

const recordName = (knot: HostName, did: Did, rkey: Rkey): string => `${knot}/${did}/${rkey}`

/** Records no longer hold their knots: what is under way for their repositories is cancelled (T2). */
export const cancelReleased = (
  context: Context,
  state: BuildsState,
  changes: ReadonlyArray<HoldChanged>
): BuildsStep => {
  const keys = keysByRecord(state, changes)
  return chain(state, changes, (before, { did, knot, rkey }) =>
    chain(
      before,
      M.keys(valuesAt(recordName(knot, did, rkey))(keys)).flatMap((key) => {
        // Cancelling one run may have dropped the last status of another, and so the run.
        const run = runOf(before, knot, key)
        return run === null ? [] : [[key, run] as const]
      }),
      (acc, [key, run]) => cancelRun(context, acc, [knot, key, run], WITHDRAWN)
    )
  )
}

export const NOT_THE_OWNERS: NewStatus = {
  error: 'The knot does not say that the repository is its owner’s.',
  exitCode: null,
  status: 'cancelled'
}

/** Knots say that repositories are not their supposed owners': what is under way for them is cancelled (T2). */
export const cancelDenied = (context: Context, state: BuildsState, lost: ReadonlyArray<AccessLost>): BuildsStep =>
  chain(state, lost, (before, { knot, repo }) =>
    chain(
      before,
      runsOf(before, knot).filter(
        ([, { repository }]) => repository.did === repo && Rights.isDenied(context, knot, repository)
      ),
      (acc, [key]) => {
        const run = runOf(acc, knot, key)
        return run === null ? [acc, []] : cancelRun(context, acc, [knot, key, run], NOT_THE_OWNERS)
      }
    )
  )
