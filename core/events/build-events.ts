/**
 * Events of builds: workflow files, what providers answer and report, and orders.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { Rkey, TimeUs, WorkflowName } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { BuildName, ExitCode, Status } from '../model/build.js'
import { WorkflowSource } from '../model/trigger.js'
import { Workflow } from '../model/workflow.js'

/** The workflow files of a trigger have been read, each as far as it can be understood. */
export const WorkflowsRead = t.readonly(
  t.strict({
    _tag: t.literal('WorkflowsRead'),
    at: TimeUs,
    /** The branch that the repository's HEAD points to; `null` if that is not known. */
    defaultBranch: t.union([t.string, t.null]),
    knot: HostName,
    number: Natural,
    rkey: Rkey,
    /** The files as they stand in the repository, if they are text; `null` if they came with the trigger. */
    sources: t.union([t.readonlyArray(WorkflowSource), t.null]),
    /** Excerpts of the names of files that are left out because no build can carry them. */
    unkept: t.readonlyArray(t.string),
    workflows: t.readonlyArray(Workflow)
  }),
  'WorkflowsRead'
)

export type WorkflowsRead = t.TypeOf<typeof WorkflowsRead>

/** The provider has the build: it took it on now, or had done so before. */
export const BuildAccepted = t.readonly(
  t.strict({
    _tag: t.literal('BuildAccepted'),
    at: TimeUs,
    build: BuildName,
    /** The provider's own name for it. */
    external: t.string,
    number: Natural
  }),
  'BuildAccepted'
)

export type BuildAccepted = t.TypeOf<typeof BuildAccepted>

/** The provider was asked for the build, and does not show it. */
export const BuildMissing = t.readonly(
  t.strict({
    _tag: t.literal('BuildMissing'),
    at: TimeUs,
    build: BuildName,
    number: Natural,
    /** How long the provider may take to show a build that it was asked to start. */
    settleMs: Natural
  }),
  'BuildMissing'
)

export type BuildMissing = t.TypeOf<typeof BuildMissing>

/** The provider reports the status of the build. */
export const BuildReported = t.readonly(
  t.strict({
    _tag: t.literal('BuildReported'),
    at: TimeUs,
    build: BuildName,
    error: t.union([t.string, t.null]),
    exitCode: t.union([ExitCode, t.null]),
    external: t.string,
    /** The provider that reports. */
    provider: t.string,
    status: Status
  }),
  'BuildReported'
)

export type BuildReported = t.TypeOf<typeof BuildReported>

/** The provider was asked to cancel the build, and has acknowledged that: nothing more is owed. */
export const CancelAcknowledged = t.readonly(
  t.strict({ _tag: t.literal('CancelAcknowledged'), at: TimeUs, build: BuildName, number: Natural }),
  'CancelAcknowledged'
)

export type CancelAcknowledged = t.TypeOf<typeof CancelAcknowledged>

/** Somebody with the right to do so cancels the build of that workflow; with `null`, all builds of the trigger. */
export const CancelRequested = t.readonly(
  t.strict({
    _tag: t.literal('CancelRequested'),
    at: TimeUs,
    knot: HostName,
    rkey: Rkey,
    workflow: t.union([WorkflowName, t.null])
  }),
  'CancelRequested'
)

export type CancelRequested = t.TypeOf<typeof CancelRequested>

/** Somebody with the right to do so retries the build of that workflow; with `null`, all builds of the trigger. */
export const RetryRequested = t.readonly(
  t.strict({
    _tag: t.literal('RetryRequested'),
    at: TimeUs,
    knot: HostName,
    rkey: Rkey,
    workflow: t.union([WorkflowName, t.null])
  }),
  'RetryRequested'
)

export type RetryRequested = t.TypeOf<typeof RetryRequested>
