/**
 * Pushes. A knot may announce one push twice: by a `sh.tangled.git.refUpdate`, and by a `sh.tangled.pipeline` under
 * another key.
 *
 * One push begins one run (T1), under the key of its pipeline if there is one: readers of such a knot know no other.
 * This file decides which of the two counts.
 */
import * as t from 'io-ts'
import { Did, Rkey, Sha } from '../data/identifiers.js'
import type { Repository } from '../model/build.js'
import { type Push, type RefUpdateShape, TriggerKind } from '../model/trigger.js'

/** What a knot has sent so far, for any repository. It tells whether a pipeline will follow a refUpdate. */
export interface Shown {
  /** Whether a refUpdate came with `changedFiles` or `pushOptions`. */
  readonly details: boolean
  /** Whether a pipeline of a push came. */
  readonly pipelines: boolean
}

/**
 * What becomes of the first trigger of a push, if that is a refUpdate: act `now`, `wait` first, or leave it to its
 * pipeline.
 */
export type Course = 'now' | 'wait' | 'left'

/**
 * Knots that name no `repo` send a pipeline for every push that is to be built, and honour `skip-ci` by sending none.
 * Some knots that name it do the same: what they have sent so far tells them apart.
 */
export const courseOf = (shape: RefUpdateShape, { details, pipelines }: Shown): Course => {
  if (shape === 'past') return 'now'
  if (shape === 'bare') return 'left'
  if (details) return pipelines ? 'wait' : 'now'
  return pipelines ? 'left' : 'wait'
}

/** How long a refUpdate waits for its pipeline, counted from its arrival or from when its knot was last connected. */
export const WAIT_MS = 5_000

/** A push without a run. */
export const RememberedPush = t.readonly(
  t.strict({
    actor: t.union([Did, t.null]),
    /** The kind of trigger that announced it. */
    kind: TriggerKind,
    newSha: Sha,
    oldSha: Sha,
    /**
     * `left`: its counterpart may still begin a run. `over`: it began no run, and neither will its counterpart. `met`:
     * the counterpart has come.
     */
    outcome: t.keyof({ left: null, over: null, met: null }),
    owner: Did,
    /** The key of the record of its repository. */
    record: Rkey,
    ref: t.string
  }),
  'RememberedPush'
)
export type RememberedPush = t.TypeOf<typeof RememberedPush>

/** What to remember of a push without a run. */
export const rememberedPush = (
  { newSha, oldSha, ref }: Push,
  { owner, rkey: record }: Repository,
  { actor, kind, outcome }: Pick<RememberedPush, 'actor' | 'kind' | 'outcome'>
): RememberedPush => ({ actor, kind, newSha, oldSha, outcome, owner, record, ref })

/** A push, and the repositories that its trigger may mean. */
export interface ClaimedPush {
  readonly meant: ReadonlyArray<Repository>
  readonly push: Push
}

/** Whether both are one push: the same ref and commits, in a repository that is meant. */
export const isSamePush = (
  { meant, push }: ClaimedPush,
  { newSha, oldSha, ref }: Pick<Push, 'newSha' | 'oldSha' | 'ref'>,
  owner: Did,
  record: Rkey
): boolean =>
  push.newSha === newSha &&
  push.oldSha === oldSha &&
  push.ref === ref &&
  meant.some((repository) => repository.owner === owner && repository.rkey === record)
