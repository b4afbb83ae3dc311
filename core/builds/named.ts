/**
 * Pipelines and workflows by the names that clients use.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import { type Rkey, type Tid, tidOf, timeOfTid, type WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { BuildsState, Run } from './model.js'
import { runOf } from './runs.js'
import { type LogKey, logKey } from './status-log.js'

/** A run, found by the name of its pipeline. */
export interface NamedRun {
  readonly knot: HostName
  readonly rkey: Rkey
  readonly run: Run
}

/** The run whose announcement has that key in the log. */
export const runAt = (state: BuildsState, key: LogKey): NamedRun | null =>
  pipe(
    M.lookup(key)(state.announcements),
    O.chain(({ knot, rkey }) =>
      pipe(
        O.fromNullable(runOf(state, knot, rkey)),
        O.map((run) => ({ knot, rkey, run }))
      )
    ),
    O.toNullable
  )

/** The run of the pipeline of that name. */
export const runNamed = (state: BuildsState, id: Tid): NamedRun | null => {
  const time = timeOfTid(id)
  // The same time with another clock id would be a second name for one pipeline.
  return tidOf(time) === id ? runAt(state, logKey(time)) : null
}

/** The most graphemes that the name of a workflow may have. A code point is a grapheme, or part of one. */
const NAME_MAX = 40

/**
 * The name of a workflow as clients see it: the beginning of a name that is too long.
 *
 * @example
 * import assert from 'node:assert'
 * import { shownName, WorkflowName } from '@tack-ci/core'
 *
 * const name = WorkflowName.decode(`${'n'.repeat(50)}.yml`)
 * assert(name._tag === 'Right')
 * assert.strictEqual(shownName(name.right), `${'n'.repeat(39)}…`)
 */
export const shownName = (name: WorkflowName): string =>
  name.length <= NAME_MAX ? name : `${name.slice(0, NAME_MAX - 1)}…`

/**
 * The workflow that clients mean by `name`: its whole name, or the short one that they are shown.
 *
 * @example
 * import assert from 'node:assert'
 * import { workflowCalled } from '@tack-ci/core'
 *
 * assert.strictEqual(workflowCalled('ci.yml', []), null)
 */
export const workflowCalled = (name: string, workflows: ReadonlyArray<WorkflowName>): WorkflowName | null =>
  workflows.find((workflow) => workflow === name) ?? workflows.find((workflow) => shownName(workflow) === name) ?? null
