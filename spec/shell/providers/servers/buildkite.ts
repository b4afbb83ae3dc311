/**
 * Stands in for Buildkite: the part of its REST API that is used, with the paths, methods, statuses and fields of its documentation
 * (https://buildkite.com/docs/apis/rest-api). Strict where Buildkite is, or may be one day: whatever it does not know is an error.
 */
import { BuildName, buildKey, type Status } from '../../../../core/index.js'
import { hmacOf } from '../../../../shell/providers/common.js'
import { echo } from '../contract.js'
import { type Call, createLedger, type Entry, type Ledger, type LedgerServer, type Reply, startServer } from '../ledger.js'
import { isOpen } from './bench.js'

export const TOKEN = 'bkua_canary0123456789abcdef'
export const SECRET = 'canary-5d1c0b7e92f4a3d8'
export const ORGANIZATION = 'acme'

const STATES: { readonly [S in Status]: string } = {
  cancelled: 'canceled',
  failed: 'failed',
  pending: 'scheduled',
  running: 'running',
  success: 'passed',
  timeout: 'failed'
}

interface Made {
  readonly body: { readonly [name: string]: unknown }
  readonly entry: Entry
  readonly number: number
  readonly organization: string
  readonly pipeline: string
}

export interface BuildkiteServer extends LedgerServer {
  /** Changes what is said of a build. */
  readonly amend: (key: string, fields: { readonly [name: string]: unknown }) => void
  /** The body of an event about the build as it stands. */
  readonly event: (key: string) => Buffer
  readonly ledger: Ledger
  readonly made: () => ReadonlyArray<Made>
}

/** The three pieces of meta data as the name of a build. */
const nameOf = (meta: { readonly [name: string]: unknown }): BuildName => {
  const name = BuildName.decode({ knot: meta['tack:knot'], rkey: meta['tack:pipeline_rkey'], workflow: meta['tack:workflow'] })
  if (name._tag === 'Left') throw new Error(`no meta data of a build: ${JSON.stringify(meta)}`)
  return name.right
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the documentation of "Create a build" allows. */
const FIELDS = new Set(['author', 'branch', 'clean_checkout', 'commit', 'env', 'ignore_pipeline_branch_filters', 'message', 'meta_data'])

const wrong = (body: unknown): string | null => {
  if (!isRecord(body)) return 'the body is no object'
  const unknown = Object.keys(body).find((name) => !FIELDS.has(name))
  if (unknown !== undefined) return `unknown field ${unknown}`
  if (typeof body['commit'] !== 'string' || body['commit'] === '') return 'commit is missing'
  if (typeof body['branch'] !== 'string' || body['branch'] === '') return 'branch is missing'
  for (const name of ['env', 'meta_data']) {
    const map = body[name] ?? {}
    if (!isRecord(map) || !Object.values(map).every((value) => typeof value === 'string')) return `${name} is no map of texts`
  }
  return null
}

export const startBuildkite = async ({ scopes = ['read_builds', 'write_builds', 'read_build_logs', 'read_pipelines'] }: { readonly scopes?: ReadonlyArray<string> } = {}): Promise<BuildkiteServer> => {
  const ledger = createLedger()
  const made: Array<Made> = []
  const amended = new Map<string, { readonly [name: string]: unknown }>()

  const base = ({ number, organization, pipeline }: Made): string =>
    `https://api.buildkite.com/v2/organizations/${organization}/pipelines/${pipeline}/builds/${String(number)}`

  const jobOf = (one: Made): { readonly [name: string]: unknown } => {
    const { entry, number } = one
    const isDone = !isOpen(entry.status)
    return {
      command: 'make test',
      exit_status: isDone ? (entry.status === 'success' ? 0 : 2) : null,
      finished_at: isDone ? '2026-01-01T00:01:00.000Z' : null,
      id: `0190-job-${String(number)}`,
      log_url: `${base(one)}/jobs/0190-job-${String(number)}/log`,
      name: ':hammer: Test',
      soft_failed: false,
      started_at: entry.status === 'pending' ? null : '2026-01-01T00:00:30.000Z',
      state: isDone ? STATES[entry.status] : entry.status === 'running' ? 'running' : 'scheduled',
      type: 'script'
    }
  }

  const buildOf = (one: Made): { readonly [name: string]: unknown } => ({
    blocked: false,
    branch: one.body['branch'],
    cancel_reason: null,
    commit: one.body['commit'],
    env: one.body['env'],
    id: `0190-build-${String(one.number)}`,
    jobs: [{ id: '0190-wait', type: 'waiter' }, jobOf(one)],
    meta_data: one.body['meta_data'],
    number: one.number,
    state: STATES[one.entry.status],
    url: base(one),
    ...amended.get(one.entry.key)
  })

  const create = (organization: string, pipeline: string, call: Call): Reply => {
    if (call.headers['content-type'] !== 'application/json') return { body: { message: 'not JSON' }, status: 400 }
    const body: unknown = JSON.parse(call.body.toString())
    const fault = wrong(body)
    if (fault !== null || !isRecord(body)) return { body: { errors: [{ field: fault }], message: 'Validation Failed' }, status: 422 }
    const meta = body['meta_data']
    const number = made.length + 1
    const entry = ledger.start(buildKey(nameOf(isRecord(meta) ? meta : {})), `${organization}/${pipeline}/${String(number)}`)
    const one: Made = { body, entry, number, organization, pipeline }
    made.push(one)
    return { body: buildOf(one), status: 201 }
  }

  const list = (organization: string, pipeline: string, query: URLSearchParams): Reply => {
    const size = Number(query.get('per_page') ?? 30)
    const page = Number(query.get('page') ?? 1)
    const wanted = [...query].flatMap(([name, value]) => {
      const [, key] = /^meta_data\[(.*)\]$/.exec(name) ?? []
      return key === undefined ? [] : [{ key, value }]
    })
    const all = made
      .filter((one) => one.organization === organization && one.pipeline === pipeline)
      .filter(({ body: { meta_data: meta } }) => wanted.every(({ key, value }) => isRecord(meta) && meta[key] === value))
      .reverse()
    return { body: all.slice((page - 1) * size, page * size).map(buildOf), status: 200 }
  }

  const inBuild = ({ method, headers }: Call, one: Made, rest: string): Reply => {
    const { entry } = one
    if (rest === '' && method === 'GET') return { body: buildOf(one), status: 200 }
    if (rest === '/cancel' && method === 'PUT') {
      if (!isOpen(entry.status)) return { body: { message: "Build can't be canceled because it's already finished" }, status: 422 }
      entry.isCancelled = true
      entry.status = 'cancelled'
      return { body: buildOf(one), status: 200 }
    }
    if (rest === `/jobs/0190-job-${String(one.number)}/log` && method === 'GET') {
      if (headers.accept !== 'text/plain') return { body: { content: 'as JSON' }, status: 200 }
      // As agents write it: a mark with the time before each line, and line ends of a terminal.
      return { body: entry.log.map((line) => `\u001b_bk;t=1767225600000\u0007${line}\r\n`).join(''), status: 200 }
    }
    return { body: { message: 'Not Found' }, status: 404 }
  }

  const handle = (call: Call): Reply => {
    if (call.headers.authorization !== `Bearer ${TOKEN}`) return { body: { message: 'Authentication required' }, status: 401 }
    if (call.method === 'GET' && call.path === '/v2/access-token') return { body: { scopes, uuid: 'b63254c0' }, status: 200 }
    const [, organization = '', pipeline, rest = ''] = /^\/v2\/organizations\/([a-z0-9-]+)\/pipelines(?:\/([A-Za-z0-9-]+)(\/.*)?)?$/.exec(call.path) ?? []
    if (organization !== ORGANIZATION && organization !== 'other') return { body: { message: 'No organization found' }, status: 404 }
    if (pipeline === undefined) return { body: [], status: 200 }
    if (pipeline === 'nowhere') return { body: { message: 'No pipeline found' }, status: 404 }
    if (rest === '' && call.method === 'GET') return { body: { slug: pipeline }, status: 200 }
    if (rest === '/builds' && call.method === 'POST') return create(organization, pipeline, call)
    if (rest === '/builds' && call.method === 'GET') return list(organization, pipeline, call.query)
    const [, number, tail = ''] = /^\/builds\/([0-9]+)(\/.*)?$/.exec(rest) ?? []
    const one = made.find((build) => build.organization === organization && build.pipeline === pipeline && build.number === Number(number))
    return one === undefined ? { body: { message: 'No build found' }, status: 404 } : inBuild(call, one, tail)
  }

  const server = await startServer(handle, (status) => ({ body: { message: echo([TOKEN, SECRET]) }, status }))

  return {
    ...server,
    amend: (key, fields) => void amended.set(key, fields),
    event: (key) => {
      const one = made.find(({ entry }) => entry.key === key)
      if (one === undefined) throw new Error(`no build of ${key}`)
      // Webhooks say nothing of jobs.
      const build = Object.fromEntries(Object.entries(buildOf(one)).filter(([name]) => name !== 'jobs'))
      const event = one.entry.status === 'pending' ? 'build.scheduled' : one.entry.status === 'running' ? 'build.running' : 'build.finished'
      return Buffer.from(JSON.stringify({ build, event, pipeline: { slug: one.pipeline }, sender: { id: '8a7693f8', name: 'Some Person' } }))
    },
    ledger,
    made: () => made
  }
}

/** The header of a signed call. */
export const signature = (body: Buffer, atMs: number, secret = SECRET): string => {
  const seconds = String(Math.floor(atMs / 1000))
  return `timestamp=${seconds},signature=${hmacOf(secret, Buffer.concat([Buffer.from(`${seconds}.`), body]))}`
}
