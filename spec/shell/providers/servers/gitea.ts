/**
 * Stands in for Gitea: the part of its REST API that is used, with the paths, statuses and fields that Gitea 1.27 answers with. A list shows three runs on
 * a page, whatever is asked for.
 *
 * As at Gitea, a run ends where another one of its concurrency group begins; nothing else of the API ends a run.
 */
import type { Status } from '../../../../core/index.js'
import { gitea } from '../../../../shell/providers/gitea.js'
import { markOf } from '../../../../shell/providers/dispatched.js'
import { BEGIN } from '../../support/bridge.js'
import { type Bench, echo, FAULTS, REFUSALS, type Target } from '../contract.js'
import { type Call, createLedger, type Entry, type Ledger, type LedgerServer, type Reply, startServer } from '../ledger.js'
import { benchOf, isOpen } from './bench.js'

/** Nobody but the CI may ever see it: the contract looks for it in all that is said. */
export const TOKEN = 'canary0d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3'

export const REPOSITORY = 'acme/app'

/** The most runs on a page, whatever limit is asked for. */
const PAGE = 3

/** What a run says of each status. */
const STANDS: { readonly [S in Status]: readonly [status: string, conclusion?: string] } = {
  cancelled: ['completed', 'cancelled'],
  failed: ['completed', 'failure'],
  pending: ['queued'],
  running: ['in_progress'],
  success: ['completed', 'success'],
  // It has no such end: a job that takes too long has failed.
  timeout: ['completed', 'failure']
}

/** A time that has not come. */
const NEVER = '1970-01-01T00:00:00Z'

export interface Made {
  readonly entry: Entry
  readonly inputs: { readonly [name: string]: string }
  readonly ref: string
  readonly startedAt: string
  /** As much of its name as is kept: 255 characters. */
  readonly title: string
  readonly workflow: string
}

export interface GiteaServer extends LedgerServer {
  /** A run that somebody has begun by hand; it has started where there is a time. */
  readonly add: (title: string, startedAt?: string) => void
  readonly ledger: Ledger
  /** Everything that was dispatched, also runs that cancel others. */
  readonly made: () => ReadonlyArray<Made>
  /** Removes a run, as an administrator may. */
  readonly remove: (key: string) => void
}

export interface GiteaOptions {
  /** What the token may do in the repository. */
  readonly mayPush?: boolean
  /** The workflows of the repository. */
  readonly workflows?: ReadonlyArray<string>
  /** Whether the workflows have a concurrency group. */
  readonly hasGroup?: boolean
}

const isText = (value: unknown): value is string => typeof value === 'string'

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)

export const startGitea = async (options: GiteaOptions = {}): Promise<GiteaServer> => {
  const { hasGroup = true, mayPush = true, workflows = ['ci.yml', 'tack-cancel.yml'] } = options
  const ledger = createLedger()
  const made: Array<Made> = []
  const removed = new Set<string>()
  const base = `/api/v1/repos/${REPOSITORY}`

  const no = (status: number, message: string): Reply => ({ body: { message, url: 'http://localhost/api/swagger' }, status })

  const runOf = ({ entry, ref, startedAt, title, workflow }: Made): { readonly [name: string]: unknown } => {
    const [status, conclusion] = STANDS[entry.status]
    return {
      // A run that has not ended has no conclusion at all.
      ...(conclusion === undefined ? {} : { conclusion }),
      display_title: title,
      event: 'workflow_dispatch',
      html_url: `http://gitea.example/${REPOSITORY}/actions/runs/${entry.external}`,
      id: Number(entry.external),
      path: `${workflow}@refs/heads/${ref}`,
      started_at: entry.status === 'pending' ? NEVER : startedAt,
      status
    }
  }

  const jobOf = ({ entry }: Made): { readonly [name: string]: unknown } => {
    const [status, conclusion] = STANDS[entry.status]
    return { ...(conclusion === undefined ? {} : { conclusion }), id: Number(entry.external) * 10, name: 'test', run_id: Number(entry.external), status, steps: [] }
  }

  const dispatch = (workflow: string, call: Call): Reply => {
    if (!workflows.includes(workflow)) return no(404, `workflow "${workflow}" doesn't exist`)
    if (!mayPush) return no(403, 'user should have a permission to write to a repo')
    const body: unknown = JSON.parse(call.body.toString())
    const ref = isRecord(body) ? body['ref'] : undefined
    if (typeof ref !== 'string' || ref === '') return no(422, '[Ref]: Required')
    if (ref !== 'main') return no(404, `ref "${ref}" doesn't exist`)
    const given = isRecord(body) && isRecord(body['inputs']) ? body['inputs'] : {}
    // An input that is not text is no request; one that is missing is empty; one that is not declared is passed over.
    if (!Object.values(given).every(isText)) return no(422, 'json: cannot unmarshal into Go struct field of type string')
    const inputOf = (name: string): string => (isText(given[name]) ? given[name] : '')
    const inputs = { tack_key: inputOf('tack_key'), tack_variables: inputOf('tack_variables') }
    if (hasGroup)
      for (const { entry } of made)
        if (entry.key === inputs.tack_key && isOpen(entry.status)) {
          entry.isCancelled = true
          entry.status = 'cancelled'
        }
    // A run of another workflow is none of the builds that are counted.
    const isBuild = workflow !== 'tack-cancel.yml'
    const external = String(1000 + made.length)
    const entry: Entry = isBuild ? ledger.start(inputs.tack_key, external) : { external, isCancelled: false, key: `cancel ${inputs.tack_key}`, log: [], status: 'success' }
    made.push({ entry, inputs, ref, startedAt: new Date(BEGIN / 1000).toISOString().replace('.000', ''), title: `Tangled ${inputs.tack_key}`.slice(0, 255), workflow })
    if (call.query.get('return_run_details') !== 'true') return { status: 204 }
    const url = `${base}/actions/runs/${external}`
    return { body: { html_url: url, run_url: url, workflow_run_id: Number(external) }, status: 200 }
  }

  const list = (workflow: string, { query }: Call): Reply => {
    if (!workflows.includes(workflow)) return no(404, `workflow "${workflow}" not found`)
    const size = Math.min(Number(query.get('limit') ?? 30), PAGE)
    const page = Number(query.get('page') ?? 1)
    const all = made.filter((one) => one.workflow === workflow && !removed.has(one.entry.key)).reverse()
    return { body: { total_count: all.length, workflow_runs: all.slice((page - 1) * size, page * size).map(runOf) }, status: 200 }
  }

  const handle = (call: Call): Reply => {
    const { headers, method, path } = call
    if (headers.authorization !== `token ${TOKEN}`) return no(401, 'invalid username, password or token')
    if (method === 'GET' && path === '/api/v1/users/acme') return { body: { login: 'acme' }, status: 200 }
    if (method === 'GET' && path === base)
      return { body: { default_branch: 'main', full_name: REPOSITORY, has_actions: true, permissions: { admin: false, pull: true, push: mayPush } }, status: 200 }
    if (!path.startsWith(`${base}/actions/`)) return no(404, 'not found')
    const rest = path.slice(`${base}/actions/`.length)
    const [, workflow = '', what] = /^workflows\/([A-Za-z0-9._-]+)(?:\/(dispatches|runs))?$/.exec(rest) ?? []
    if (workflow !== '') {
      if (method === 'POST' && what === 'dispatches') return dispatch(workflow, call)
      if (method === 'GET' && what === 'runs') return list(workflow, call)
      return method === 'GET' && what === undefined && workflows.includes(workflow) ? { body: { id: workflow, state: 'active' }, status: 200 } : no(404, 'not found')
    }
    const [, kind = '', id = '', tail = ''] = /^(jobs|runs)\/([0-9]+)(\/jobs|\/logs)?$/.exec(rest) ?? []
    if (kind === '' || method !== 'GET') return no(404, 'not found')
    const number = kind === 'jobs' ? id.slice(0, -1) : id
    const one = made.find(({ entry }) => entry.external === number && !removed.has(entry.key))
    if (one === undefined) return no(404, `run with id ${id}: resource does not exist`)
    if (kind === 'runs') return tail === '/jobs' ? { body: { jobs: [jobOf(one)], total_count: 1 }, status: 200 } : { body: runOf(one), status: 200 }
    if (tail === '') return { body: jobOf(one), status: 200 }
    if (one.entry.status === 'pending') return no(404, 'job not started')
    return { body: one.entry.log.map((line) => `2026-12-02T19:07:14.9385027Z ${line}\n`).join(''), status: 200 }
  }

  const server = await startServer(handle, (status) => no(status, echo([TOKEN])))
  return {
    ...server,
    add: (title, startedAt = NEVER) => {
      const entry: Entry = { external: String(1000 + made.length), isCancelled: false, key: `by hand ${title}`, log: [], status: startedAt === NEVER ? 'pending' : 'success' }
      made.push({ entry, inputs: {}, ref: 'main', startedAt, title, workflow: 'ci.yml' })
    },
    ledger,
    made: () => made,
    remove: (key) => void removed.add(key)
  }
}

/** A bench, and the server that it stands on. */
export const benchOfGitea = async (options: GiteaOptions = {}, more: { readonly [name: string]: unknown } = {}): Promise<Bench & { readonly server: GiteaServer }> => {
  const server = await startGitea(options)
  const settings = { repositories: [REPOSITORY], token: TOKEN, url: server.url, ...more }
  const given = { kind: gitea, ledger: server.ledger, nameOf: markOf, server, settings }
  return { ...benchOf(given, { plan: { pipeline: 'ci.yml' }, secrets: [TOKEN], signing: null }), server }
}

export const target: Target = {
  ends: ['success', 'failed'],
  faults: FAULTS,
  isIdempotent: false,
  name: 'gitea',
  open: () => benchOfGitea(),
  refusals: REFUSALS
}
