/**
 * Pipelines as Tangled's web application and its other clients read them over XRPC.
 *
 * Source: tangled.org/core, lexicons `sh.tangled.ci.pipeline` and `sh.tangled.ci.trigger`. Clients reject what does not
 * fit the lexicons, so every required field is present, and none exceeds its limit.
 */
import type { Build, Run } from '../builds/model.js'
import { shownName } from '../builds/named.js'
import { shaOf } from '../builds/plan.js'
import { Did, type Tid, tidOf, type TimeUs, type WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { isFinal, type Status } from '../model/build.js'
import type { Cause } from '../model/trigger.js'
import { rfc3339 } from '../wire/status.js'

/** What caused a pipeline. */
export type TriggerView =
  | {
      readonly $type: 'sh.tangled.ci.trigger#push'
      readonly newSha: string
      readonly oldSha: string
      readonly ref: string
    }
  | {
      readonly $type: 'sh.tangled.ci.trigger#pullRequest'
      readonly action?: string
      readonly sourceBranch: string
      readonly sourceSha: string
      readonly targetBranch: string
    }
  | {
      readonly $type: 'sh.tangled.ci.trigger#manual'
      readonly inputs?: ReadonlyArray<{ readonly key: string; readonly value: string }>
      readonly ref?: string
      readonly sha: string
    }

/** A workflow of a pipeline. Times are in RFC 3339. */
export interface WorkflowView {
  readonly error?: string
  readonly finishedAt?: string
  /** The whole name of the file. */
  readonly id: string
  /** The name of the file, shortened to the limit. */
  readonly name: string
  readonly startedAt?: string
  readonly status: Status
}

/** A pipeline, as clients read it. */
export interface PipelineView {
  readonly commit: string
  readonly createdAt: string
  readonly id: Tid
  /** The repository's own DID, if it has one. */
  readonly repo?: Did
  readonly trigger: TriggerView
  /** By name, ascending; at least one. */
  readonly workflows: ReadonlyArray<WorkflowView>
}

const triggerView = (cause: Cause, commit: string): TriggerView => {
  switch (cause._tag) {
    case 'Push': {
      const { newSha, oldSha, ref } = cause
      return { $type: 'sh.tangled.ci.trigger#push', newSha, oldSha, ref }
    }
    case 'PullRequest': {
      const { action, sourceBranch, sourceSha, targetBranch } = cause
      return {
        $type: 'sh.tangled.ci.trigger#pullRequest',
        ...(action === null ? {} : { action }),
        sourceBranch,
        sourceSha,
        targetBranch
      }
    }
    case 'Manual':
      return {
        $type: 'sh.tangled.ci.trigger#manual',
        ...(cause.inputs.length === 0 ? {} : { inputs: cause.inputs.map(([key, value]) => ({ key, value })) }),
        ...(cause.ref === null ? {} : { ref: cause.ref }),
        sha: commit
      }
  }
}

const workflowView = (id: WorkflowName, { error, startedUs, status, statusUs }: Build): WorkflowView => ({
  ...(error === null ? {} : { error }),
  ...(isFinal(status) ? { finishedAt: rfc3339(statusUs) } : {}),
  id,
  name: shownName(id),
  ...(startedUs === null ? {} : { startedAt: rfc3339(startedUs) }),
  status
})

/** Stands for a commit that is not known: git gives this name to no object. */
const NO_COMMIT = '0'.repeat(40)

/** The pipeline of a run that was announced at that time. */
export const pipelineView = (announcedUs: TimeUs, { builds, cause, repository: { did } }: Run): PipelineView => {
  const commit = shaOf(cause) ?? NO_COMMIT
  return {
    commit,
    createdAt: rfc3339(announcedUs),
    id: tidOf(announcedUs),
    ...(Did.is(did) ? { repo: did } : {}),
    trigger: triggerView(cause, commit),
    workflows: M.toEntries(builds).map(([name, build]) => workflowView(name, build))
  }
}
