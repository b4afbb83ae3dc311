/**
 * What CIs have in common whose builds are runs of dispatched workflows, in repositories that the operator lists: the mark in the name of a run, by which
 * it is recognised, its name, and which workflow a job means.
 */
import { createHash } from 'node:crypto'
import type { Client } from './common.js'
import type { Job, Refused, Uncertain } from './provider.js'

/** Longer names are not shown in full everywhere. */
const LONGEST_MARK = 100

/** The mark in the name of a run: the key of the build or, if that is long, its digest. */
export const markOf = (key: string): string => (key.length <= LONGEST_MARK ? key : `sha256/${createHash('sha256').update(key).digest('hex')}/long`)

/** All parts of a name that may be a mark: three segments of the characters that keys consist of. */
export const marksIn = (name: string): ReadonlyArray<string> => (name.match(/[a-z0-9._=/-]+/g) ?? []).filter((one) => one.split('/').length === 3)

/** The result of a search that met a run without a mark, at `link`: it may be the one that was looked for. */
export const unmarkedRun = (client: Client, link: string, workflow: string): Uncertain =>
  client.uncertain(
    `the name of run ${link} does not tell which build it is, so it may be this one: ` +
      `the workflow "${workflow}" needs a run-name with \${{ inputs.tack_key }}`
  )

export interface WorkflowRef {
  readonly _tag: 'WorkflowRef'
  readonly owner: string
  readonly repo: string
  readonly workflow: string
}

/** The name of an owner, a repository or a workflow file: one segment of a path. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/

/** Whether the operator's list contains the repository. */
const isListed = (repositories: ReadonlyArray<string>, owner: string, repo: string): boolean =>
  repositories.some((one) => [`${owner}/${repo}`, `${owner}/*`].some((name) => name.toLowerCase() === one.toLowerCase()))

export const settingOf = ({ plan }: Job, name: string): string | null => plan.settings.find(([key]) => key === name)?.[1] ?? null

/** The time before each line of a log. */
export const TIME_MARK = /^\uFEFF?\d{4}-\d\d-\d\dT[\d:.]+Z /gm

/** An entry of the operator's list: `owner/name`, or `owner/*`. */
export const LISTED = /^[A-Za-z0-9_-]+\/(?:\*|[A-Za-z0-9_-][A-Za-z0-9._-]*)$/

/**
 * The workflow that a job means: `ci.yml`, with the repository from the setting `repo` or the first one of the operator; or `owner/name/ci.yml`.
 *
 * @param ci - the name of the CI, for a refusal
 */
export const workflowOf = (client: Client, ci: string, repositories: ReadonlyArray<string>, job: Job): WorkflowRef | Refused => {
  const { pipeline } = job.plan
  const parts = pipeline.split('/')
  const workflow = parts.at(-1) ?? ''
  const repository = parts.length === 1 ? (settingOf(job, 'repo') ?? repositories[0] ?? '') : parts.slice(0, -1).join('/')
  const [owner = '', repo = '', ...rest] = repository.split('/')
  // Each is a segment of a path: anything else might lead to another one.
  if (!NAME.test(workflow)) return client.refuse(`"${pipeline}" is not the name of a workflow file at ${ci}.`)
  if (rest.length > 0 || !NAME.test(owner) || !NAME.test(repo)) return client.refuse(`"${repository}" is not a repository at ${ci}: write owner/name.`)
  if (!isListed(repositories, owner, repo)) return client.refuse(`Workflows of the ${ci} repository "${repository}" are not started here.`)
  return { _tag: 'WorkflowRef', owner, repo, workflow }
}

/** The name of a run: owner, repository and id. */
export const externalOf = ({ owner, repo }: { readonly owner: string; readonly repo: string }, id: number): string => `${owner}/${repo}/${String(id)}`

/** Parses the name of a run. The path comes from the name alone, because settings may have changed since. */
export const runAt = (external: string): { readonly owner: string; readonly repo: string; readonly run_id: number } | null => {
  const [, owner, repo, id] = /^([^/]+)\/([^/]+)\/([0-9]{1,15})$/.exec(external) ?? []
  if (owner === undefined || repo === undefined || id === undefined || !NAME.test(owner) || !NAME.test(repo)) return null
  return { owner, repo, run_id: Number(id) }
}
