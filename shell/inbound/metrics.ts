/** `/metrics` for Prometheus: counts and gauges, computed from the durable state on request. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { OrderedMap, Report, type State } from '../../core/index.js'
import { VERSION } from '../lib/version.js'
import type { Clock } from '../ports.js'
import { ADMIN_RESULTS, type AdminResult } from './admin.js'
import type { Gauges } from './gauges.js'
import { type HttpReply, text } from './http/responses.js'
import type { EventsCounts } from './readers/events.js'
import { buildsByStatus } from './shown-builds.js'
import { WEBHOOK_RESULTS, type WebhookResult } from './webhooks.js'

export interface MetricsPorts {
  readonly clock: Clock
  readonly durable: () => State
  readonly events: () => EventsCounts
  readonly gauges: Gauges
  readonly isSaving: () => boolean
  readonly logReaders: () => number
  /** The names of the providers that take webhooks. */
  readonly listening: ReadonlyArray<string>
  readonly lostMs: () => number
  /** The number of events that have arrived and are not folded yet. */
  readonly backlog: () => number
}

export interface Metrics {
  readonly answer: () => Promise<HttpReply>
  readonly countAdmin: (result: AdminResult) => void
  readonly countWebhook: (provider: string, result: WebhookResult) => void
}

const CONNECTED = ['Idle', 'Connecting', 'Open', 'Waiting'] as const

interface Labels {
  readonly kind: string
  readonly reason: string
}

/** Reports are counted under `kind/reason`, which become two labels. */
const kindAndReason = (kind: string): Labels => {
  const slash = kind.indexOf('/')
  return slash < 0 ? { kind, reason: '' } : { kind: kind.slice(0, slash), reason: kind.slice(slash + 1) }
}

/** Every kind of report, with its reasons. */
const KINDS = Report.types.flatMap(({ type: { type: { props } } }): ReadonlyArray<Labels> => {
  const kind = props._tag.value
  return 'reason' in props ? Object.keys(props.reason.keys).map((reason) => ({ kind, reason })) : [{ kind, reason: '' }]
})

const phasesOf = ({ knots: { subscriptions } }: State): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>(CONNECTED.map((phase) => [phase, 0]))
  for (const [, { connection }] of OrderedMap.entriesFrom(subscriptions, '')) counts.set(connection.phase._tag, (counts.get(connection.phase._tag) ?? 0) + 1)
  return counts
}

export const createMetrics = ({ backlog, gauges, clock, durable, events, isSaving, listening, logReaders, lostMs }: MetricsPorts): Metrics => {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })

  const gauge = (name: string, help: string, value: () => number | null): void => {
    new Gauge({
      collect() {
        const now = value()
        // Resetting a gauge sets it to 0, which would be a valid time.
        if (now === null) this.remove()
        else this.set(now)
      },
      help,
      name: `tack_${name}`,
      registers
    })
  }

  /** A counter that is kept elsewhere, and restarts when that does. */
  const total = (name: string, help: string, value: () => number): void => {
    new Counter({
      collect() {
        this.reset()
        this.inc(value())
      },
      help,
      name: `tack_${name}_total`,
      registers
    })
  }

  const labelled = (name: string, label: string, help: string, values: () => Iterable<readonly [string, number]>): void => {
    new Gauge({
      collect() {
        for (const [value, n] of values()) this.set({ [label]: value }, n)
      },
      help,
      labelNames: [label],
      name: `tack_${name}`,
      registers
    })
  }

  new Gauge({ help: 'The version of tack; always 1.', labelNames: ['version'], name: 'tack_build_info', registers }).set({ version: VERSION }, 1)
  total('stream_frames', 'Frames of the stream, of every kind, understood or not.', () => durable().counters.frames)
  gauge('stream_connected', 'Whether the stream is connected.', () => (durable().cursor.connection.phase._tag === 'Open' ? 1 : 0))
  gauge('stream_lost_seconds', 'How long the stream has been disconnected.', () => lostMs() / 1000)
  gauge('stream_cursor_seconds', 'How far the stream has been processed, as a Unix time.', () => {
    const { cursor } = durable().cursor
    return cursor === null ? null : cursor / 1e6
  })
  gauge('stream_cursor_age_seconds', 'The age of the stream cursor.', () => {
    const { cursor } = durable().cursor
    return cursor === null ? null : Math.max(0, (clock.now() - cursor) / 1e6)
  })
  gauge('saving', 'Whether the state can be saved.', () => (isSaving() ? 1 : 0))
  gauge('backlog_events', 'Events that have arrived and are not processed yet.', backlog)

  new Counter({
    collect() {
      this.reset()
      // Export zeros from the start: Prometheus does not take the first value of a counter for an increase.
      for (const labels of KINDS) this.inc({ ...labels }, 0)
      for (const [kind, n] of OrderedMap.entriesFrom(durable().counters.reports, '')) this.inc({ ...kindAndReason(kind) }, n)
    },
    help: 'Reports, by kind and reason.',
    labelNames: ['kind', 'reason'],
    name: 'tack_reports_total',
    registers
  })

  gauge('accounts', 'Accounts of which records are kept.', () => OrderedMap.size(durable().commits.accounts))
  gauge('members', 'Members.', () => OrderedMap.size(durable().commits.members))
  labelled('rows', 'collection', 'Records kept, by collection; tombstones mark deleted ones.', () => Object.entries(gauges.rows()))
  labelled('knots', 'phase', 'Knots subscribed to, by the phase of their connection.', () => phasesOf(durable()))
  gauge('runs', 'Runs remembered.', () => OrderedMap.size(durable().builds.runs))
  labelled('builds', 'status', 'Builds remembered, by status.', () => Object.entries(buildsByStatus(durable())))

  gauge('statuses', 'Statuses kept for readers.', () => OrderedMap.size(durable().builds.log))
  gauge('events_readers', 'Readers of /events.', () => events().readers)
  total('events_sent', 'Messages written to readers of /events.', () => events().sent)
  total('events_cut', 'Readers of /events disconnected for being too slow.', () => events().cut)
  total('events_truncated', 'Readers of /events whose cursor was older than the oldest status kept.', () => events().truncated)
  gauge('log_readers', 'Readers of /logs.', logReaders)

  const webhooks = new Counter({ help: 'Webhooks, by provider and result.', labelNames: ['provider', 'result'], name: 'tack_webhooks_total', registers })
  const adminRequests = new Counter({ help: 'Admin requests to cancel or retry, by result.', labelNames: ['result'], name: 'tack_orders_total', registers })

  for (const provider of listening) for (const result of WEBHOOK_RESULTS) webhooks.inc({ provider, result }, 0)
  for (const result of ADMIN_RESULTS) adminRequests.inc({ result }, 0)

  return {
    answer: async () => text(200, (await register.metrics()).trimEnd(), { 'content-type': register.contentType }),
    countAdmin: (result) => adminRequests.inc({ result }),
    countWebhook: (provider, result) => webhooks.inc({ provider, result })
  }
}
