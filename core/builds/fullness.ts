/**
 * Whether there is room for another run (T1, T6).
 */
import { asked } from '../base/request.js'
import type { Rows } from '../commits/index.js'
import type { HostName } from '../data/host-name.js'
import { ZERO } from '../data/natural.js'
import type { WorkflowSource } from '../model/trigger.js'
import { type BuildsState, type Run } from './model.js'
import { roomFor, unitsOfRun } from './quota.js'
import { tooManyWait } from './waiting.js'

/** Why there is no room for this run; `null` if there is. */
export const noRoom = (rows: Rows, { kept }: BuildsState, knot: HostName, run: Run): string | null => {
  const { left, limit } = roomFor(rows, kept, knot, run.repository.owner)
  return unitsOfRun(run) > left ? limit : null
}

/** Why this run may not wait for its files: too many wait, or there is no room to keep it; `null` if it may. */
export const fullness = (
  rows: Rows,
  state: BuildsState,
  knot: HostName,
  run: Run,
  workflows: ReadonlyArray<WorkflowSource> | null
): string | null =>
  tooManyWait(rows, state, knot, run.repository.owner) ??
  noRoom(rows, state, knot, { ...run, phase: { _tag: 'Reading', request: asked(ZERO), workflows } })
