/**
 * Pushes, each of which a knot may tell of twice: by a `sh.tangled.git.refUpdate`, and by a `sh.tangled.pipeline` under
 * another key.
 *
 * One push begins one run (T1), under the key of its pipeline wherever there is one, since readers of such a knot know
 * no other. What is here says which of the two counts; what comes of it is for the builds.
 */
import * as t from 'io-ts'
import { Did, Rkey, Sha } from '../data/identifiers.js'
import type { Repository } from '../model/build.js'
import { type Push, type RefUpdateShape, TriggerKind } from '../model/trigger.js'

/** What a knot has sent so far, for whatever repository: it tells whether a pipeline follows a refUpdate. */
export interface Shown {
  /** Whether a refUpdate came with `changedFiles` or `pushOptions`. */
  readonly details: boolean
  /** Whether a pipeline of a push came. */
  readonly pipelines: boolean
}

/**
 * What becomes of a refUpdate of a push that nothing has told of yet: it is acted on, after a wait or at once, or left
 * to its pipeline.
 */
export type Course = 'now' | 'wait' | 'left'

/**
 * Knots that name no `repo` send a pipeline of every push that is to be built, and tell `skip-ci` by leaving it out. So
 * do some that name it; they are told by what they have sent.
 */
export const courseOf = (shape: RefUpdateShape, { details, pipelines }: Shown): Course => {
  if (shape === 'past') return 'now'
  if (shape === 'bare') return 'left'
  if (details) return pipelines ? 'wait' : 'now'
  return pipelines ? 'left' : 'wait'
}

/** How long a refUpdate waits for its pipeline, from when it came, or the connection to its knot was opened. */
export const WAIT_MS = 5_000

/** A push that was told of, and of which there is no run. */
export const RememberedPush = t.readonly(
  t.strict({
    actor: t.union([Did, t.null]),
    /** By which kind of trigger. */
    kind: TriggerKind,
    newSha: Sha,
    oldSha: Sha,
    /**
     * `left`: nothing has begun, and its counterpart may begin a run. `over`: it came to nothing, and so will its
     * counterpart. `met`: that has come.
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

/** The push as it is remembered without a run. */
export const rememberedPush = (
  { newSha, oldSha, ref }: Push,
  { owner, rkey: record }: Repository,
  { actor, kind, outcome }: Pick<RememberedPush, 'actor' | 'kind' | 'outcome'>
): RememberedPush => ({ actor, kind, newSha, oldSha, outcome, owner, record, ref })

/** A push that a trigger tells of: what moved where, and which repositories that may mean. */
export interface ClaimedPush {
  readonly meant: ReadonlyArray<Repository>
  readonly push: Push
}

/** Whether both tell of one push: the same ref and both commits, in a repository that is meant. */
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
