/** Configurations that traces and vectors share. */
import type { Config, Event } from '../../../core/index.js'
import { configOf } from '../../suite/arbitraries/config.js'
import { eventOf, type Happening } from '../../suite/examples/support.js'

export const OWNER = 'did:plc:owner'
export const US = 'ci.example'

/**
 * So small that every limit is a few steps, and a few microseconds, away: a rewind of 2 µs, a tolerance of 3 µs, pauses of
 * 1, 2, 4, 4 … ms, health after 1 ms; three statuses are kept, and of runs some ten that are over, and three that are not of anybody's; a build may be pending for 6 ms and run for 5; there is room for five keys
 * of whoever is admitted, three of a stranger, and four of all strangers.
 */
export const MINIMAL = {
  admission: 'members',
  backfill: false,
  builds: {
    allow: [],
    backoff: { baseMs: 1, capMs: 4, healthyAfterMs: 0 },
    keepStatuses: 3,
    keepUnits: 16_384,
    owedUnits: 65_536,
    pendingMs: 6,
    providers: ['p'],
    runningMs: 5
  },
  caps: { admitted: 5, stranger: 3, strangers: 4 },
  collaborators: 'records',
  hostname: US,
  hosts: { defaultPort: 443, loopback: false, ports: false },
  jetstream: 'wss://stream.example/subscribe',
  jetstreamBackoff: { baseMs: 1, capMs: 4, healthyAfterMs: 1 },
  knotBackoff: { baseMs: 1, capMs: 4, healthyAfterMs: 1 },
  owner: OWNER,
  rewindUs: 2,
  toleranceUs: 3
} as const

export const minimal = (changes: object = {}): Config => configOf({ ...MINIMAL, ...changes })

/** The events that these stand for. */
export const eventsOf = (written: ReadonlyArray<Happening>): ReadonlyArray<Event> => written.map(eventOf)
