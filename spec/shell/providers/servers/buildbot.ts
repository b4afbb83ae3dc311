/**
 * Stands in for Buildbot: the part of its REST API that is used, with the answers that Buildbot 4.3 was seen to give, its internal
 * errors among them. Against the real one, the adapter is tried in buildbot.test.ts, where there is one.
 */
import type { Status } from '../../../../core/index.js'
import { echo } from '../contract.js'
import { type Call, createLedger, type Entry, type Ledger, type LedgerServer, type Reply, startServer } from '../ledger.js'
import { isOpen } from './bench.js'

export const USER = 'tack'
export const PASSWORD = 'canary-pass/0f3a+9c'
/** What the log of a real one shows of its worker, unless that is turned off. */
export const WORKERS = 'TOKEN_OF_THE_WORKER=canary-6b1f'

const SESSION = 'canary-session-71c5e02b'

const RESULTS: { readonly [S in Status]: number } = { cancelled: 6, failed: 2, pending: -1, running: -1, success: 0, timeout: 2 }

type Params = { readonly [name: string]: unknown }

interface Forced {
  readonly entry: Entry
  readonly params: Params
  readonly submittedAt: number
}

export interface BuildbotServer extends LedgerServer {
  /** Changes what is said of a build request, and of its build. */
  readonly amend: (key: string, fields: { readonly build?: Params | null; readonly request?: Params }) => void
  /** Ends all sessions. */
  readonly forget: () => void
  readonly forced: () => ReadonlyArray<Forced>
  readonly ledger: Ledger
}

export interface BuildbotServerOptions {
  /** The parameters of the force scheduler, and of what type they are. */
  readonly fields?: ReadonlyArray<readonly [name: string, type: string]>
  /** Whether who has logged in may do nothing all the same. */
  readonly isBarred?: boolean
  /** Whether one has to log in. */
  readonly isGuarded?: boolean
  readonly nowS?: number
}

const field = (fullName: string, type: string) => ({ fullName, name: fullName, type })

export const startBuildbot = async ({
  fields = [
    ['tack_key', 'text'],
    ['tack_variables', 'textarea']
  ],
  isBarred = false,
  isGuarded = true,
  nowS = 1_767_225_600
}: BuildbotServerOptions = {}): Promise<BuildbotServer> => {
  const ledger = createLedger()
  const forced: Array<Forced> = []
  const amended = new Map<string, { readonly build?: Params | null; readonly request?: Params }>()
  let session = 0

  const problem = (status: number, error: string): Reply => ({ body: { error }, headers: { 'content-type': 'text/plain; charset=utf-8' }, status })
  const notFound = (path: string): Reply => problem(404, `not found while getting from endpoint for ${path}`)
  const list = (name: string, items: ReadonlyArray<unknown>): Reply => ({ body: { [name]: items, meta: { total: items.length } }, status: 200 })

  const requestOf = ({ entry, params, submittedAt }: Forced, property: string | null): Params => ({
    builderid: 1,
    buildrequestid: Number(entry.external),
    claimed: entry.status !== 'pending',
    complete: !isOpen(entry.status),
    properties: property === null ? null : property in params ? { [property]: [params[property], 'Force Build Form'] } : {},
    results: RESULTS[entry.status],
    submitted_at: submittedAt,
    ...amended.get(entry.key)?.request
  })

  const buildsOf = ({ entry }: Forced): ReadonlyArray<Params> => {
    const change = amended.get(entry.key)?.build
    if (entry.status === 'pending' || change === null) return []
    const isDone = !isOpen(entry.status)
    return [
      {
        buildid: Number(entry.external) * 10,
        buildrequestid: Number(entry.external),
        complete: isDone,
        results: isDone ? RESULTS[entry.status] : null,
        state_string: isDone ? (entry.status === 'success' ? 'build successful' : "failed 'make test' (failure)") : 'building',
        ...change
      }
    ]
  }

  const force = (params: Params): Reply => {
    const { builderNames, tack_key: key } = params
    if (!Array.isArray(builderNames) || builderNames[0] !== 'demo')
      return { body: { error: { code: -32603, message: "KeyError('builderNames not specified or not supported')" }, id: 1, jsonrpc: '2.0' }, status: 500 }
    if (typeof key !== 'string' || key.trim() === '')
      return { body: { error: { code: -32602, message: { tack_key: "'tack_key' needs to be specified" } }, id: 1, jsonrpc: '2.0' }, status: 400 }
    if (!Object.values(params).every((value) => typeof value === 'string' || Array.isArray(value))) return problem(500, 'a parameter is no text')
    const entry = ledger.start(key)
    forced.push({ entry, params, submittedAt: nowS })
    return { body: { id: 1, jsonrpc: '2.0', result: [Number(entry.external) + 5000, { 1: Number(entry.external) }] }, status: 200 }
  }

  const done: Reply = { body: { id: 1, jsonrpc: '2.0', result: null }, status: 200 }

  const end = (entry: Entry | null): Reply => {
    if (entry !== null && isOpen(entry.status)) {
      entry.isCancelled = true
      entry.status = 'cancelled'
    }
    return done
  }

  const post = (path: string, call: Call): Reply => {
    if (call.headers['content-type'] !== 'application/json')
      return { body: { error: { code: -32600, message: 'Invalid content-type (use application/json)' }, jsonrpc: '2.0' }, status: 400 }
    const { jsonrpc, method, params } = JSON.parse(call.body.toString()) as { readonly jsonrpc: string; readonly method: string; readonly params: Params }
    if (jsonrpc !== '2.0') return { body: { error: { code: -32600, message: 'only JSONRPC 2.0 is supported' }, jsonrpc: '2.0' }, status: 400 }
    if (path === '/forceschedulers/tack' && method === 'force') return force(params)
    const [, kind, id] = /^\/(buildrequests|builds)\/([0-9]+)$/.exec(path) ?? []
    if (kind === 'buildrequests' && method === 'cancel') return end(ledger.byExternal(String(id)))
    if (kind === 'builds' && method === 'stop') return end(ledger.byExternal(String(Number(id) / 10)))
    return { body: { error: { code: -32601, message: 'invalid control action' }, jsonrpc: '2.0' }, status: 501 }
  }

  const page = (query: URLSearchParams): Reply => {
    const since = Number(query.get('submitted_at__ge') ?? 0)
    const offset = Number(query.get('offset') ?? 0)
    const limit = Number(query.get('limit') ?? forced.length)
    const all = forced.filter(({ submittedAt }) => submittedAt >= since)
    if (query.get('order') === '-buildrequestid') all.reverse()
    return list('buildrequests', all.slice(offset, offset + limit).map((one) => requestOf(one, query.get('property'))))
  }

  const get = (path: string, { query }: Call): Reply => {
    if (path === '/forceschedulers/tack')
      return list('forceschedulers', [
        {
          all_fields: [
            { fields: [field('username', 'username'), field('reason', 'text')], fullName: null, type: 'nested' },
            ...fields.map(([name, type]) => field(name, type))
          ],
          builder_names: ['demo', 'other'],
          name: 'tack'
        }
      ])
    if (path === '/builders/demo') return list('builders', [{ builderid: 1, name: 'demo' }])
    if (path === '/builders/1/buildrequests') return page(query)
    const [, kind, id = '', rest = ''] = /^\/(buildrequests|builds|steps|logs)\/([0-9]+)(\/.*)?$/.exec(path) ?? []
    const number = kind === 'buildrequests' ? Number(id) : Math.floor(Number(id) / 10)
    const one = forced.find(({ entry }) => entry.external === String(number))
    // Of what there is not, lists are empty.
    if (kind === 'buildrequests' && rest === '/builds') return list('builds', one === undefined ? [] : buildsOf(one))
    if (one === undefined) return notFound(path)
    const isDone = !isOpen(one.entry.status)
    const lines = one.entry.log.map((line) => `o${line}\n`)
    const all = ['hmake test\n', `h  ${WORKERS}\n`, ...lines, ...(isDone ? ['hprogram finished with exit code 0\n'] : [])]
    const log = { complete: isDone, logid: number * 10 + 3, name: 'stdio', num_lines: all.length, slug: 'stdio', stepid: number * 10 + 2, type: 's' }
    if (kind === 'buildrequests' && rest === '') return list('buildrequests', [requestOf(one, query.get('property'))])
    if (kind === 'builds' && rest === '/steps')
      return list('steps', [
        { hidden: false, name: 'worker_preparation', number: 0, stepid: number * 10 + 1 },
        { hidden: false, name: 'make', number: 1, stepid: number * 10 + 2 },
        { hidden: true, name: 'secretly', number: 2, stepid: number * 10 + 2 }
      ])
    if (kind === 'steps' && rest === '/logs') return list('logs', id.endsWith('2') ? [log, { ...log, logid: log.logid + 1, name: 'page', type: 'h' }] : [])
    if (kind === 'logs' && rest === '') return list('logs', [log])
    if (kind === 'logs' && rest === '/contents') {
      const offset = Number(query.get('offset') ?? 0)
      return list('logchunks', [{ content: all.slice(offset, offset + Number(query.get('limit') ?? all.length)).join(''), firstline: offset }])
    }
    return notFound(path)
  }

  const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`

  const handle = (call: Call): Reply => {
    const cookie = `TWISTED_SESSION=${SESSION}${String(session)}`
    if (call.path === '/auth/login' && call.method === 'GET')
      return !isGuarded
        ? { body: 'not implemented', status: 501 }
        : call.headers.authorization === basic
          ? { headers: { location: '/', 'set-cookie': `${cookie}; Path=/; HttpOnly` }, status: 302 }
          : { body: 'unauthorized', status: 401 }
    const [, path] = /^\/api\/v2(\/.*)$/.exec(call.path) ?? []
    if (path === undefined) return notFound(call.path)
    if (isBarred || (isGuarded && call.headers.cookie !== cookie)) return problem(403, `you need to have role 'admins', ${call.headers.cookie ?? 'no cookie'}`)
    return call.method === 'POST' ? post(path, call) : get(path, call)
  }

  const server = await startServer(handle, (status) =>
    status === 422
      ? { body: { error: { code: -32602, message: echo([PASSWORD, basic]) }, id: 1, jsonrpc: '2.0' }, status }
      : problem(status, echo([PASSWORD, basic]))
  )

  return {
    ...server,
    amend: (key, change) => void amended.set(key, change),
    forced: () => forced,
    forget: () => {
      session++
    },
    ledger
  }
}

export const CANARIES = [PASSWORD, SESSION, Buffer.from(`${USER}:${PASSWORD}`).toString('base64')]
