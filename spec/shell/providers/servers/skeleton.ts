/**
 * The CI of the provider to begin with (shell/providers/skeleton.ts), as a server on loopback, and how the contract tries the one with the other. Copy it,
 * and change what the server answers to what your CI does. What can go wrong on the way is the ledger's.
 */
import type { Status } from '../../../../core/index.js'
import { skeleton } from '../../../../shell/providers/skeleton.js'
import { type Bench, echo, FAULTS, REFUSALS, type Target } from '../contract.js'
import { type Call, createLedger, type Entry, type Reply, startServer } from '../ledger.js'
import { benchOf, isOpen } from './bench.js'

/** Nobody but the CI may ever see it: the contract looks for it in all that is said. */
const TOKEN = 'canary-4d8e03b1c6f2a7'

/** What this CI calls each status. */
const STATES: { readonly [S in Status]: string } = {
  cancelled: 'canceled',
  failed: 'failed',
  pending: 'queued',
  running: 'running',
  success: 'passed',
  timeout: 'timed out'
}

const written = ({ external, key, status }: Entry) => ({ exitCode: status === 'failed' ? 1 : null, key, number: Number(external), state: STATES[status] })

export const openSkeleton = async (): Promise<Bench> => {
  const ledger = createLedger()
  const handle = ({ body, headers, method, path, query }: Call): Reply => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return { body: { message: 'wrong token' }, status: 401 }
    if (path === '/api/user') return { body: {}, status: 200 }
    if (path === '/api/builds' && method === 'POST') {
      const { key } = JSON.parse(body.toString()) as { readonly key: string }
      return { body: written(ledger.start(key)), status: 201 }
    }
    if (path === '/api/builds') return { body: ledger.all().filter(({ key }) => key === query.get('key')).map(written), status: 200 }
    const [, number = '', what] = /^\/api\/builds\/([0-9]+)(?:\/(cancel|log))?$/.exec(path) ?? []
    const entry = ledger.byExternal(number)
    if (entry === null) return { body: { message: 'there is no such build' }, status: 404 }
    if (what === 'log') return { body: entry.log.map((line) => `${line}\n`).join(''), status: 200 }
    if (what === undefined) return { body: written(entry), status: 200 }
    if (!isOpen(entry.status)) return { body: { message: 'it has ended' }, status: 409 }
    entry.isCancelled = true
    entry.status = 'cancelled'
    return { status: 204 }
  }
  const server = await startServer(handle, (status) => ({ body: { message: echo([TOKEN]) }, status }))
  return benchOf({ kind: skeleton, ledger, server, settings: { token: TOKEN, url: server.url } }, { plan: {}, secrets: [TOKEN], signing: null })
}

export const target: Target = {
  ends: ['success', 'failed', 'timeout'],
  faults: FAULTS,
  isIdempotent: false,
  name: 'skeleton',
  open: openSkeleton,
  refusals: REFUSALS
}
