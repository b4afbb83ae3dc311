/**
 * Triggers: something happened in a repository that may call for builds.
 *
 * How a trigger arrives, and in which generation of the protocol, matters only at the border (wire/): what is here is
 * the same for all. Everything in a trigger is what a knot says, and is not believed yet.
 */
import * as t from 'io-ts'
import { Did, Sha, WorkflowName } from '../data/identifiers.js'

/** A name with a value. Lists of pairs, not objects: names are foreign text. */
export const Pair = t.readonly(t.tuple([t.string, t.string]), 'Pair')
export type Pair = t.TypeOf<typeof Pair>

/** A ref has moved. */
export const Push = t.readonly(
  t.strict({
    _tag: t.literal('Push'),
    /** The files that the push changed; `null` if the knot does not say. */
    changedFiles: t.union([t.readonlyArray(t.string), t.null]),
    newSha: Sha,
    oldSha: Sha,
    /** The whole name: `refs/heads/…`, `refs/tags/…`. */
    ref: t.string,
    /** Whether the pusher asked for no CI. */
    skipsCi: t.boolean
  }),
  'Push'
)
export type Push = t.TypeOf<typeof Push>

/** A pull request from a branch of the same repository was opened or has changed. */
export const PullRequest = t.readonly(
  t.strict({
    _tag: t.literal('PullRequest'),
    /** `opened`, `reopened`, `synchronize`, …; `null` if the knot does not say. */
    action: t.union([t.string, t.null]),
    sourceBranch: t.string,
    sourceSha: Sha,
    targetBranch: t.string
  }),
  'PullRequest'
)
export type PullRequest = t.TypeOf<typeof PullRequest>

/** Somebody asked for it. */
export const Manual = t.readonly(
  t.strict({
    _tag: t.literal('Manual'),
    inputs: t.readonlyArray(Pair),
    ref: t.union([t.string, t.null]),
    /** `null`: the head of the default branch. */
    sha: t.union([Sha, t.null])
  }),
  'Manual'
)
export type Manual = t.TypeOf<typeof Manual>

/** What a trigger reports. */
export const Cause = t.union([Push, PullRequest, Manual], 'Cause')
export type Cause = t.TypeOf<typeof Cause>

/** The kind of a cause, in Tangled's words. */
export const CauseKind = t.keyof({ push: null, pull_request: null, manual: null }, 'CauseKind')
export type CauseKind = t.TypeOf<typeof CauseKind>

/**
 * The kind of a cause.
 *
 * @example
 * import assert from 'node:assert'
 * import { kindOfCause } from '@tack-ci/core'
 *
 * assert.strictEqual(kindOfCause({ _tag: 'Manual', inputs: [], ref: null, sha: null }), 'manual')
 */
export const kindOfCause = ({ _tag }: Cause): CauseKind => {
  switch (_tag) {
    case 'Push':
      return 'push'
    case 'PullRequest':
      return 'pull_request'
    case 'Manual':
      return 'manual'
  }
}

/** How a knot names the repository. Any of these may be missing, and older generations leave out most. */
export const RepoClaim = t.readonly(
  t.strict({
    /** The repository's own DID. */
    did: t.union([Did, t.null]),
    /** The host that the trigger says it is from; `null` if it does not say. */
    knot: t.union([t.string, t.null]),
    /** Its name, or the rkey of its record. */
    name: t.union([t.string, t.null]),
    owner: t.union([Did, t.null])
  }),
  'RepoClaim'
)
export type RepoClaim = t.TypeOf<typeof RepoClaim>

/** A file of `.tangled/workflows` as it stands in the repository. */
export const WorkflowSource = t.readonly(t.strict({ name: WorkflowName, text: t.string }), 'WorkflowSource')
export type WorkflowSource = t.TypeOf<typeof WorkflowSource>

/** Which kind of event carried a trigger: a knot may send both for one push, and only one of them may count. */
export const TriggerKind = t.union([t.literal('pipeline'), t.literal('refUpdate')], 'TriggerKind')
export type TriggerKind = t.TypeOf<typeof TriggerKind>

/**
 * How much a refUpdate says, which tells the generation of its knot: no `repo` (`bare`); `repo` (`named`); also
 * `changedFiles` or `pushOptions` (`detailed`). `past` marks one from an old journal, of a time when every refUpdate
 * was acted on at once.
 */
export const RefUpdateShape = t.keyof({ bare: null, named: null, detailed: null, past: null }, 'RefUpdateShape')
export type RefUpdateShape = t.TypeOf<typeof RefUpdateShape>

/** What may call for builds. */
export const Trigger = t.readonly(
  t.strict({
    /** Who did it; `null` if the knot does not say, and vouches for them. */
    actor: t.union([Did, t.null]),
    cause: Cause,
    defaultBranch: t.union([t.string, t.null]),
    kind: TriggerKind,
    repo: RepoClaim,
    /** `null` for a pipeline. */
    shape: t.union([RefUpdateShape, t.null]),
    /** Excerpts of the names of workflow files that are left out because no build can carry them. */
    unkept: t.readonlyArray(t.string),
    /** The workflow files, if the trigger brings them; otherwise they are read from the repository. */
    workflows: t.union([t.readonlyArray(WorkflowSource), t.null])
  }),
  'Trigger'
)
export type Trigger = t.TypeOf<typeof Trigger>
