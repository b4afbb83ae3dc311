/**
 * Runs that wait for their workflow files or their pipeline. Their number is bounded for each knot, so a flood of
 * triggers costs only so much, and for each account, so none takes the places of others (T6).
 */
import * as O from 'fp-ts/lib/Option.js'
import type { Rows } from '../commits/index.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { addAt, countAt } from '../data/tally.js'
import type { BuildsState, Run, Waiting } from './model.js'
import { sharesOf } from './quota.js'

/** A sixteenth of the runs of one knot that may wait. */
const SIXTEENTH = 200

const NONE: Waiting = { keys: M.empty(), ofOwners: M.empty() }

const waitingOf = (waiting: BuildsState['waiting'], knot: HostName): Waiting =>
  O.toNullable(M.lookup(knot)(waiting)) ?? NONE

/** Whether the run waits. */
export const isWaiting = ({ phase }: Run): boolean => phase._tag !== 'Read'

/** Adds the run if it waits. It must not be there yet. */
export const waitingWith = (
  waiting: BuildsState['waiting'],
  knot: HostName,
  rkey: Rkey,
  run: Run
): BuildsState['waiting'] => {
  if (!isWaiting(run)) return waiting
  const { keys, ofOwners } = waitingOf(waiting, knot)
  return M.upsertAt(knot, {
    keys: M.upsertAt<Rkey, true>(rkey, true)(keys),
    ofOwners: addAt(ofOwners, run.repository.owner, 1)
  })(waiting)
}

/** Removes the run if it was waiting; `null`: there was no run. */
export const waitingWithout = (
  waiting: BuildsState['waiting'],
  knot: HostName,
  rkey: Rkey,
  run: Run | null
): BuildsState['waiting'] => {
  if (run === null || !isWaiting(run)) return waiting
  const before = waitingOf(waiting, knot)
  const keys = M.deleteAt(rkey)(before.keys)
  const ofOwners = addAt(before.ofOwners, run.repository.owner, -1)
  return M.isEmpty(keys) ? M.deleteAt(knot)(waiting) : M.upsertAt(knot, { keys, ofOwners })(waiting)
}

/** The keys of the runs of the knot that wait, ascending. */
export const waitingKeys = ({ waiting }: Pick<BuildsState, 'waiting'>, knot: HostName): ReadonlyArray<Rkey> =>
  M.keys(waitingOf(waiting, knot).keys)

/** Why no other run of the knot may wait for this account's repositories; `null` if one may. */
export const tooManyWait = (
  rows: Rows,
  { waiting }: Pick<BuildsState, 'waiting'>,
  knot: HostName,
  owner: Did
): string | null => {
  const shares = sharesOf(rows, owner)
  const { keys, ofOwners } = waitingOf(waiting, knot)
  const [ofKnot, ofOwner] = [shares.all * SIXTEENTH, shares.owner * SIXTEENTH]
  if (M.size(keys) >= ofKnot) return `${String(ofKnot)} triggers of this knot are waiting`
  return countAt(ofOwners, owner) >= ofOwner
    ? `${String(ofOwner)} triggers of this knot are waiting for one account`
    : null
}
