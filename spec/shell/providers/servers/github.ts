/**
 * Stands in for GitHub: the part of its REST API that is used. What it answers is typed with GitHub's published description, so that a
 * field or a state that GitHub does not have does not compile; what it does not know in a request is an error, as at GitHub.
 *
 * As GitHub does, it answers a dispatch at once, and lists the run only later.
 */
import type { Endpoints } from '@octokit/types'
import type { Status } from '../../../../core/index.js'
import { hmacOf } from '../../../../shell/providers/common.js'
import { echo } from '../contract.js'
import { type Call, createLedger, type Entry, type Ledger, type LedgerServer, type Reply, startServer } from '../ledger.js'
import { isOpen } from './bench.js'

export const TOKEN = 'github_pat_canary0123456789'
export const SECRET = 'canary-0b1c7e5d92f4a3d8'

type WorkflowRun = Endpoints['GET /repos/{owner}/{repo}/actions/runs/{run_id}']['response']['data']
type SaidRun = Pick<WorkflowRun, 'conclusion' | 'created_at' | 'display_title' | 'event' | 'html_url' | 'id' | 'status'>
type WorkflowJob = Endpoints['GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs']['response']['data']['jobs'][number]
type SaidJob = Pick<WorkflowJob, 'conclusion' | 'id' | 'name' | 'status'>
type Dispatched = Endpoints['POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches']['response']['data']
type DispatchBody = Omit<Endpoints['POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches']['parameters'], 'owner' | 'repo' | 'workflow_id'>

const STANDS: { readonly [S in Status]: readonly [status: NonNullable<SaidRun['status']>, conclusion: SaidRun['conclusion']] } = {
  cancelled: ['completed', 'cancelled'],
  failed: ['completed', 'failure'],
  pending: ['queued', null],
  running: ['in_progress', null],
  success: ['completed', 'success'],
  timeout: ['completed', 'timed_out']
}

export interface Made {
  readonly body: DispatchBody
  readonly createdAt: string
  readonly entry: Entry
  readonly repository: string
  readonly title: string
  readonly workflow: string
}

export interface GitHubServer extends LedgerServer {
  /** A run that somebody has begun by hand. */
  readonly add: (title: string, createdAt: string) => void
  /** Changes what is said of a run. */
  readonly amend: (key: string, fields: Partial<SaidRun>) => void
  readonly event: (key: string, fullName?: string) => Buffer
  /** Runs are listed from now on, or are not. */
  readonly hide: (isHidden: boolean) => void
  readonly ledger: Ledger
  readonly made: () => ReadonlyArray<Made>
  readonly storage: LedgerServer
  /** How often it was answered that nothing has changed. */
  readonly unchanged: () => number
}

export interface GitHubServerOptions {
  /** The name that the workflow gives its runs. */
  readonly runName?: (key: string) => string
  /** A server before 3.21 does not answer with the run, and refuses to be asked for it. */
  readonly isOld?: boolean
}

const INPUTS = ['tack_key', 'tack_variables']

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)

export const startGitHub = async ({ isOld = false, runName = (key) => `tack ${key}` }: GitHubServerOptions = {}): Promise<GitHubServer> => {
  const ledger = createLedger()
  const made: Array<Made> = []
  const amended = new Map<string, Partial<SaidRun>>()
  let isHidden = false
  let unchanged = 0

  const not = (status: number, message: string): Reply => ({ body: { documentation_url: 'https://docs.github.com/rest', message, status: String(status) }, status })

  const runOf = ({ createdAt, entry, repository, title }: Made): SaidRun => {
    const [status, conclusion] = STANDS[entry.status]
    return {
      conclusion,
      created_at: createdAt,
      display_title: title,
      event: 'workflow_dispatch',
      html_url: `https://github.com/${repository}/actions/runs/${entry.external}`,
      id: Number(entry.external),
      status,
      ...amended.get(entry.key)
    }
  }

  const jobsOf = (one: Made): ReadonlyArray<SaidJob> => {
    const isDone = !isOpen(one.entry.status)
    const id = Number(one.entry.external) * 10
    if (one.entry.status === 'pending') return []
    return [
      { conclusion: isDone ? 'success' : null, id, name: 'test (20)', status: isDone ? 'completed' : 'in_progress' },
      { conclusion: isDone ? 'skipped' : null, id: id + 1, name: 'deploy', status: isDone ? 'completed' : 'waiting' }
    ]
  }

  const dispatch = (repository: string, workflow: string, call: Call): Reply => {
    const body: unknown = JSON.parse(call.body.toString())
    if (!isRecord(body) || typeof body['ref'] !== 'string') return not(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    const unknown = Object.keys(body).find((name) => !['inputs', 'ref', ...(isOld ? [] : ['return_run_details'])].includes(name))
    if (unknown !== undefined) return not(400, `Invalid request. "${unknown}" is not a permitted key.`)
    const inputs = isRecord(body['inputs']) ? body['inputs'] : {}
    const unexpected = Object.keys(inputs).filter((name) => !INPUTS.includes(name))
    if (unexpected.length > 0) return not(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`)
    const key = inputs['tack_key']
    if (typeof key !== 'string' || typeof inputs['tack_variables'] !== 'string') return not(422, "Required input 'tack_key' not provided")
    if (JSON.stringify(inputs).length > 65_535) return not(422, 'inputs are too large')
    if (body['ref'] === 'gone') return not(422, 'No ref found for: gone')
    const entry = ledger.start(key)
    const saidBody: DispatchBody = { inputs, ref: body['ref'], ...(body['return_run_details'] === true ? { return_run_details: true } : {}) }
    made.push({ body: saidBody, createdAt: '2026-01-01T00:00:05Z', entry, repository, title: runName(key), workflow })
    if (body['return_run_details'] !== true) return { status: 204 }
    const url = `https://api.github.com/repos/${repository}/actions/runs/${entry.external}`
    const said: Dispatched = { html_url: url, run_url: url, workflow_run_id: Number(entry.external) }
    return { body: said, status: 200 }
  }

  const isWithin = (at: string, created: string): boolean => {
    const [, from, to] = /^(.+)\.\.(.+)$/.exec(created) ?? []
    if (from !== undefined && to !== undefined) return at >= from && at <= to
    return created.startsWith('>=') ? at >= created.slice(2) : created.startsWith('<=') ? at <= created.slice(2) : false
  }

  const list = (repository: string, workflow: string, query: URLSearchParams): Reply => {
    if (query.get('event') !== 'workflow_dispatch') return not(422, 'the event is not asked for')
    const size = Number(query.get('per_page') ?? 30)
    const page = Number(query.get('page') ?? 1)
    const created = query.get('created')
    const all = made
      .filter((one) => one.repository.toLowerCase() === repository.toLowerCase() && one.workflow === workflow)
      .filter(({ createdAt }) => created === null || isWithin(createdAt, created))
      .reverse()
    const shown = isHidden ? [] : all.slice((page - 1) * size, page * size)
    // A search has no more than a thousand results.
    return { body: { total_count: all.length, workflow_runs: (page * size > 1_000 ? [] : shown).map(runOf) }, status: 200 }
  }

  const storage = await startServer(
    ({ headers, path }) => {
      if (headers.authorization !== undefined) return { body: 'the token was shown to somebody else', status: 400 }
      const entry = ledger.byExternal(path.slice(1))
      if (entry === null) return { status: 404 }
      return { body: `\uFEFF${entry.log.map((line) => `2026-01-01T00:00:00.1234567Z ${line}\n`).join('')}`, headers: { 'content-type': 'text/plain' }, status: 200 }
    },
    () => ({ status: 500 })
  )

  const inRun = (repository: string, id: string, rest: string, { headers, method }: Call): Reply => {
    const one = made.find(({ entry, repository: where }) => entry.external === id && where.toLowerCase() === repository.toLowerCase())
    if (one === undefined) return not(404, 'Not Found')
    if (method === 'GET' && rest === '') {
      const run = runOf(one)
      const etag = `W/"${hmacOf('etag', JSON.stringify(run))}"`
      if (headers['if-none-match'] !== etag) return { body: run, headers: { etag }, status: 200 }
      unchanged++
      return { headers: { etag }, status: 304 }
    }
    if (method === 'GET' && rest === '/jobs') return { body: { jobs: jobsOf(one), total_count: jobsOf(one).length }, status: 200 }
    if (method === 'POST' && rest === '/cancel') {
      if (!isOpen(one.entry.status)) return not(409, 'Cannot cancel a workflow run that is completed.')
      one.entry.isCancelled = true
      one.entry.status = 'cancelled'
      return { body: {}, status: 202 }
    }
    return not(404, 'Not Found')
  }

  const handle = (call: Call): Reply => {
    if (call.headers.authorization !== `Bearer ${TOKEN}`) return not(401, 'Bad credentials')
    if (call.headers['x-github-api-version'] !== '2022-11-28') return not(400, 'no version of the API was asked for')
    if (call.method === 'GET' && call.path === '/users/acme') return { body: { login: 'acme' }, status: 200 }
    const [, repository = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(call.path) ?? []
    if (!/^acme\/(?:app|other)$/i.test(repository)) return not(404, 'Not Found')
    if (call.method === 'GET' && rest === '') return { body: { default_branch: 'trunk', full_name: repository }, status: 200 }
    if (call.method === 'GET' && rest === '/actions/workflows') return { body: { total_count: 0, workflows: [] }, status: 200 }
    const [, workflow, what] = /^\/actions\/workflows\/([^/]+)\/(dispatches|runs)$/.exec(rest) ?? []
    if (workflow !== undefined && workflow !== 'ci.yml') return not(404, 'Not Found')
    if (workflow !== undefined && what === 'dispatches' && call.method === 'POST') return dispatch(repository, workflow, call)
    if (workflow !== undefined && what === 'runs' && call.method === 'GET') return list(repository, workflow, call.query)
    const [, job] = /^\/actions\/jobs\/([0-9]+)\/logs$/.exec(rest) ?? []
    if (job !== undefined && call.method === 'GET')
      return { headers: { location: `${storage.url}/${String(Math.floor(Number(job) / 10))}?sig=x` }, status: 302 }
    const [, run = '', tail = ''] = /^\/actions\/runs\/([0-9]+)(\/.*)?$/.exec(rest) ?? []
    return inRun(repository, run, tail, call)
  }

  const server = await startServer(handle, (status) => not(status, echo([TOKEN, SECRET])))

  return {
    ...server,
    add: (title, createdAt) =>
      void made.push({ body: { ref: 'main' }, createdAt, entry: ledger.start(`by hand ${title}`), repository: 'acme/app', title, workflow: 'ci.yml' }),
    amend: (key, fields) => void amended.set(key, fields),
    close: async () => {
      await storage.close()
      await server.close()
    },
    connections: () => server.connections() + storage.connections(),
    event: (key, fullName) => {
      const one = made.find(({ entry }) => entry.key === key)
      if (one === undefined) throw new Error(`no run of ${key}`)
      const action = one.entry.status === 'pending' ? 'requested' : one.entry.status === 'running' ? 'in_progress' : 'completed'
      return Buffer.from(JSON.stringify({ action, repository: { full_name: fullName ?? one.repository }, workflow_run: runOf(one) }))
    },
    hide: (value) => {
      isHidden = value
    },
    ledger,
    made: () => made,
    storage,
    unchanged: () => unchanged
  }
}

export const signature = (body: Buffer, secret = SECRET): string => `sha256=${hmacOf(secret, body)}`
