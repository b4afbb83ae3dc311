/** Decoders for Buildkite's answers, their meaning, and the names of builds at Buildkite. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { BuildName, type Status } from '../../core/index.js'
import { type HttpResponse, decodeAnswer } from './common.js'
import type { Job, Progress } from './provider.js'

export const MetaData = t.record(t.string, t.unknown)

export const BuildData = t.type({ number: t.Int, state: t.string })
export const BuildExtras = t.partial({ blocked: t.union([t.boolean, t.null]), cancel_reason: t.union([t.string, t.null]), meta_data: t.union([MetaData, t.null]) })

export const JobData = t.intersection([
  t.type({ id: t.string }),
  t.partial({
    command: t.union([t.string, t.null]),
    exit_status: t.union([t.Int, t.null]),
    finished_at: t.union([t.string, t.null]),
    name: t.union([t.string, t.null]),
    soft_failed: t.union([t.boolean, t.null]),
    started_at: t.union([t.string, t.null]),
    state: t.union([t.string, t.null]),
    type: t.string
  })
])
export type JobData = t.TypeOf<typeof JobData>

export const Build = t.intersection([BuildData, BuildExtras, t.partial({ jobs: t.array(JobData) })])
export type Build = t.TypeOf<typeof Build>

export const Trouble = t.intersection([t.type({ message: t.string }), t.partial({ errors: t.array(t.unknown) })])

export const Hook = t.type({ event: t.string })
export const BuildHook = t.type({ build: t.intersection([BuildData, BuildExtras, t.type({ url: t.string })]) })

export const AccessToken = t.type({ scopes: t.array(t.string) })

/** The status of a build; `null` for an undocumented state, which counts as uncertain. */
export const statusOf = ({ blocked, cancel_reason: reason, state }: Build): { readonly error: string | null; readonly status: Status } | null => {
  switch (state) {
    case 'creating':
    case 'scheduled':
      return { error: null, status: 'pending' }
    case 'canceling':
    case 'failing':
    case 'running':
    case 'waiting':
    case 'waiting_failed':
      return { error: null, status: 'running' }
    case 'blocked':
      return { error: 'The build is waiting at a block step until somebody unblocks it.', status: 'running' }
    case 'passed':
      return blocked === true
        ? { error: 'The build is waiting at a block step until somebody unblocks it.', status: 'running' }
        : { error: null, status: 'success' }
    case 'failed':
      return { error: 'The build failed.', status: 'failed' }
    case 'canceled':
      return { error: typeof reason === 'string' && reason !== '' ? `Cancelled at Buildkite: ${reason}` : null, status: 'cancelled' }
    case 'skipped':
      return { error: 'Buildkite skipped the build, most likely for a newer one of the same branch.', status: 'cancelled' }
    case 'not_run':
      return { error: 'Buildkite did not run the build: no step applies, or its settings exclude it.', status: 'failed' }
    default:
      return null
  }
}

/** The job that made the build fail, as far as the answer shows it. */
export const failedJob = (jobs: ReadonlyArray<JobData>): JobData | undefined =>
  jobs.find(({ exit_status: exit, soft_failed: isSoft, state }) => isSoft !== true && (state === 'timed_out' || (state === 'failed' && exit !== 0)))

export const nameOfJob = ({ command, name }: JobData): string => name ?? command ?? 'job'

export const progressOf = (build: Build, external: string): Progress | null => {
  const standing = statusOf(build)
  if (standing === null) return null
  const job = standing.status === 'failed' ? failedJob(build.jobs ?? []) : undefined
  if (job === undefined) return { ...standing, exitCode: null, external }
  const how = job.state === 'timed_out' ? 'took too long' : `ended with exit status ${String(job.exit_status ?? 'unknown')}`
  return { error: `The job "${nameOfJob(job)}" ${how}.`, exitCode: job.exit_status ?? null, external, status: 'failed' }
}

/** The build that the meta data names; `null` if tack did not start it. */
export const buildOf = (meta: t.TypeOf<typeof MetaData> | null | undefined): BuildName | null => {
  const name = BuildName.decode({ knot: meta?.['tack:knot'], rkey: meta?.['tack:pipeline_rkey'], workflow: meta?.['tack:workflow'] })
  return E.isRight(name) ? name.right : null
}

export const isBuild = (a: BuildName | null, b: BuildName): boolean => a?.knot === b.knot && a.rkey === b.rkey && a.workflow === b.workflow

/** Buildkite's message in an answer. */
export const wordsOf = (answer: HttpResponse): string => {
  const trouble = decodeAnswer(Trouble, answer)
  if (trouble === null) return ''
  return trouble.errors === undefined ? trouble.message : `${trouble.message} ${JSON.stringify(trouble.errors)}`
}

// ---------------------------------------------------------------------------------------- where a build is

/** The pipeline of a job. */
export interface PipelineRef {
  readonly _tag: 'PipelineRef'
  readonly organization: string
  readonly pipeline: string
}

export const SLUG = /^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/

/** The short name of a ref. Buildkite expects it as the branch, even for tags. */
export const branchOf = ({ plan }: Job): string =>
  plan.ref?.replace(/^refs\/(?:heads|tags)\//, '') ??
  plan.variables.find(([name]) => name === 'TANGLED_REPO_DEFAULT_BRANCH')?.[1] ??
  'HEAD'

export const messageOf = ({ build, plan }: Job): string =>
  plan.settings.find(([name]) => name === 'message')?.[1] ?? `${build.workflow} of ${plan.repository.name} for Tangled`

/** `org/pipeline/number`: the name of a build in all answers. */
export const externalOf = ({ organization, pipeline }: PipelineRef, number: number): string => `${organization}/${pipeline}/${String(number)}`

/**
 * Agents write the time of each line, and more, between these marks; a terminal shows none of it. A mark cannot contain the beginning of another one,
 * so that an unfinished mark does not make the search scan the rest of the log each time.
 */
export const AGENT_MARKS = /\u001b_bk;[^\u0007\u001b]*\u0007/g

