/**
 * What the spindle serves: statuses, logs and its owner to Tangled, webhooks from providers, admin requests,
 * and a page and metrics to people and their monitoring.
 *
 * Everything shown comes from the durable state, so a crash takes nothing back that was shown. Everything received becomes an event.
 *
 *     GET  /events?cursor=…                           websocket   statuses                      readers/events.ts
 *     GET  /logs/{knot}/{rkey}/{workflow}             websocket   the log of a build            readers/logs.ts
 *     GET, POST /xrpc/{method}                                    pipelines, their logs, calls, whose spindle this is    xrpc/
 *     GET  /.well-known/did.json                                  the spindle's DID document    xrpc/did-document.ts
 *     POST /webhooks/{provider}                                   how builds stand              webhooks.ts
 *     POST /builds/{knot}/{rkey}[/{workflow}]/cancel, …/retry     with the admin token          admin.ts
 *     GET  /healthz, /metrics                                                                   health.ts, metrics.ts
 *     GET  /, /api/overview.json, /api/builds.json?…              the page, and what it shows   page/, overview.ts
 */
import type { Did, State } from '../../core/index.js'
import type { Observer } from '../drive/runtime.js'
import { limitedLog } from '../lib/log-limit.js'
import type { Definitions } from '../outbound/definitions.js'
import type { Handles } from '../outbound/handles.js'
import type { SigningKeys } from '../outbound/signing-keys.js'
import type { Clock, HandleAdmin, HandleCall, Log, Submit } from '../ports.js'
import type { Provider } from '../providers/provider.js'
import { takeAdmin } from './admin.js'
import { createGauges } from './gauges.js'
import { createHealth } from './health.js'
import type { ListenAddress } from './http/address.js'
import { createBudget } from './http/body.js'
import { defaultHttpLimits, type HttpLimits } from './http/http-limits.js'
import { startHttp } from './http/http-server.js'
import type { HttpReply } from './http/responses.js'
import type { Route, Router } from './http/routes.js'
import { createMetrics } from './metrics.js'
import { answerBuilds, createOverview } from './overview.js'
import { loadPage } from './page.js'
import { createEvents, defaultEventsLimits, type EventsLimits } from './readers/events.js'
import { createLogs, defaultLogsLimits, type LogsLimits } from './readers/logs.js'
import { createTurns, defaultTurnsLimits, type TurnsLimits } from './readers/turns.js'
import { shownBy } from './shown.js'
import { missWebhook, takeWebhook } from './webhooks.js'
import { CALL_BYTES_MAX, createBegunRuns } from './xrpc/calls.js'
import { didDocument } from './xrpc/did-document.js'
import { xrpcRoute } from './xrpc/index.js'

// ---------------------------------------------------------------------------------------- model

export interface ServerPorts {
  readonly admin: HandleAdmin
  /** The number of events that have arrived and are not folded yet. */
  readonly backlog: () => number
  /** Absent where nobody may call. */
  readonly calls?: { readonly handle: HandleCall; readonly keys: SigningKeys }
  readonly clock: Clock
  /** Absent where no repository is read. */
  readonly definitions?: Definitions
  /** Absent where accounts are shown by their DIDs alone. */
  readonly handles?: Handles
  readonly submit: Submit
  readonly durable: () => State
  /** Whether saving works. */
  readonly isSaving: () => boolean
  readonly log: Log
  readonly providers: ReadonlyArray<Provider>
}

export interface ServerLimits {
  readonly events: EventsLimits
  readonly http: HttpLimits
  readonly logs: LogsLimits
  readonly turns: TurnsLimits
  /** How long the stream may be lost before `/healthz` fails. */
  readonly lostMs: number
  /** The limit of one webhook's body. What providers send for a build is a tenth of that. */
  readonly webhookBytes: number
  /** The limit of all webhook bodies being received. */
  readonly webhooksBytes: number
}

export const defaultServerLimits: ServerLimits = {
  events: defaultEventsLimits,
  http: defaultHttpLimits,
  logs: defaultLogsLimits,
  turns: defaultTurnsLimits,
  lostMs: 300_000,
  webhookBytes: 1_048_576,
  webhooksBytes: 33_554_432
}

export interface ServerConfig {
  /** The token for cancelling and retrying builds; without it nobody can. A secret. */
  readonly adminToken?: string
  readonly limits?: { readonly [name in keyof ServerLimits]?: Partial<ServerLimits[name]> }
  readonly listen: ListenAddress
  readonly owner: Did
}

export interface Server {
  /** Closes everything within 2 s, readers with 1001. Idempotent. */
  readonly close: () => Promise<void>
  /** To be called with every durable batch. */
  readonly observe: Observer
  readonly port: number
}

// ---------------------------------------------------------------------------------------- the server

/** How many bodies of calls may be received at a time, if all are as long as one may be. */
const CALLS_AT_A_TIME = 32

const limitsOf = ({ events, http, logs, turns, ...others }: NonNullable<ServerConfig['limits']>): ServerLimits => ({
  ...defaultServerLimits,
  ...others,
  events: { ...defaultServerLimits.events, ...events },
  http: { ...defaultServerLimits.http, ...http },
  logs: { ...defaultServerLimits.logs, ...logs },
  turns: { ...defaultServerLimits.turns, ...turns }
})

const get = (answer: (headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }, query: URLSearchParams) => HttpReply | Promise<HttpReply>): Route => ({
  _tag: 'Answers',
  answer: async ({ headers, query }) => answer(headers, query),
  methods: ['GET']
})

/** Starts the server. @throws when the address is in use, or is not ours. */
export const startServer = async (ports: ServerPorts, config: ServerConfig): Promise<Server> => {
  const { backlog, clock, durable, isSaving, providers, submit } = ports
  // Limited, because clients decide how often these are logged.
  const log = limitedLog(clock, ports.log)
  const limits = limitsOf(config.limits ?? {})
  const page = loadPage()
  const turns = createTurns(limits.turns)
  const events = createEvents(durable, log, turns, limits.events)
  const logs = createLogs({ clock, durable, log, providers, turns }, limits.logs)
  const health = createHealth({ clock, durable, isSaving, lostLimitMs: limits.lostMs })
  const gauges = createGauges(clock, durable)
  const metrics = createMetrics({
    backlog,
    clock,
    durable,
    events: events.counts,
    gauges,
    isSaving,
    listening: providers.filter(({ webhook }) => webhook !== undefined).map(({ name }) => name),
    logReaders: logs.readers,
    lostMs: health.lostMs
  })
  const names = shownBy(providers, ports.handles)
  const overview = createOverview(durable, () => ({ isHealthy: health.isHealthy(), isSaving: isSaving(), nowUs: clock.now() }), names)
  const shared = { clock, log }
  const webhooks = { ...shared, budget: createBudget(limits.webhooksBytes), count: metrics.countWebhook, limitBytes: limits.webhookBytes, submit }
  const admin = { ...shared, count: metrics.countAdmin, durable, handle: ports.admin, token: config.adminToken }

  const runs = createBegunRuns(clock)
  const calls = ports.calls === undefined ? undefined : { ...ports.calls, budget: createBudget(CALLS_AT_A_TIME * CALL_BYTES_MAX), clock, durable, runs }
  const xrpc = { calls, definitions: ports.definitions, durable, logs, owner: config.owner }

  const webhookRoute = (name: string): Route => {
    const provider = providers.find((one) => one.name === name)
    const webhook = provider?.webhook
    return {
      _tag: 'Answers',
      answer: (asked, request) =>
        webhook === undefined ? missWebhook(log, name, provider !== undefined, asked) : takeWebhook(webhooks, name, webhook, asked, request),
      methods: ['POST']
    }
  }

  const builds = (names: ReadonlyArray<string>, action: string | undefined): Route | null =>
    action === 'cancel' || action === 'retry' ? { _tag: 'Answers', answer: (asked) => takeAdmin(admin, asked, names, action), methods: ['POST'] } : null

  const router: Router = (segments) => {
    const [head = '', ...rest] = segments
    const [one, two, three] = rest
    switch (rest.length) {
      case 0: {
        const file = page.get(head)
        if (file !== undefined) return get((headers) => file(String(headers['if-none-match'])))
        if (head === 'events') return { _tag: 'Socket', admit: ({ query }) => events.admit(query) }
        if (head === 'healthz') return get(health.answer)
        return head === 'metrics' ? get(metrics.answer) : null
      }
      case 1:
        if (head === 'xrpc' && one !== undefined) return xrpcRoute(xrpc, one)
        if (head === '.well-known' && one === 'did.json') return get(() => didDocument(durable().config.hostname))
        if (head === 'webhooks' && one !== undefined) return webhookRoute(one)
        if (head === 'api' && one === 'overview.json') return get(overview)
        return head === 'api' && one === 'builds.json' ? get((_, query) => answerBuilds(durable(), query, names)) : null
      case 3:
        if (head === 'builds') return builds(rest.slice(0, 2), three)
        return head === 'logs' && one !== undefined && two !== undefined && three !== undefined
          ? { _tag: 'Socket', admit: () => logs.admit(one, two, three) }
          : null
      case 4:
        return head === 'builds' ? builds(rest.slice(0, 3), rest[3]) : null
      default:
        return null
    }
  }

  const http = await startHttp({ clock, limits: limits.http, listen: config.listen, log, onConnection: turns.accepted, router })
  return {
    close: async () => {
      gauges.close()
      await http.close()
    },
    observe: (durable, _, effects) => {
      runs.observe(durable, effects)
      health.look()
      events.wake()
      logs.wake()
    },
    port: http.port
  }
}
