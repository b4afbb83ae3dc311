/** The adapter for any CI at all: the contract, what goes over the wire, and the example of its page, run as it stands there. */
import { describe, expect, test } from 'vitest'
import { buildKey } from '../../../core/index.js'
import { httpClient } from '../../../shell/http.js'
import { hmacOf } from '../../../shell/providers/common.js'
import type { Provider } from '../../../shell/providers/provider.js'
import { signature, webhook } from '../../../shell/providers/webhook.js'
import { BUILD, type Bench, describeProvider, echo, FAULTS, jobOf, openWorkshop, type Ports, REFUSALS, type Target } from './contract.js'
import { type Call, createLedger, type Reply, startServer } from './ledger.js'

const SECRET = 'canary-7c2f19d0a4e8b6'

const makeWith = (settings: unknown, { clock, log }: Ports, fetch = httpClient({ clock, policy: { allowLoopback: true, trusted: true } }).fetch) =>
  webhook.make(settings, {
    checkout: () => Promise.reject(new Error('nothing is checked out')),
    clock,
    environment: {},
    fetch,
    folder: '',
    log,
    name: 'our-ci'
  })

const isCall = (body: Buffer): { readonly action: string; readonly key: string } => JSON.parse(body.toString()) as never

/** A CI that does what the page asks for. */
const open = async (): Promise<Bench & { readonly calls: () => ReadonlyArray<Call>; readonly url: string }> => {
  const ledger = createLedger()

  const isSignedCall = ({ body, headers, method, query }: Call): boolean => {
    const [, seconds = '', hex = ''] = /^t=(\d+),v1=(.*)$/.exec(String(headers['x-tack-signature'])) ?? []
    const text = method === 'GET' ? query.toString() : body.toString()
    return hmacOf(SECRET, `${seconds}.${text}`) === hex
  }

  const handle = (call: Call): Reply => {
    if (!isSignedCall(call)) return { body: { message: 'wrong signature' }, status: 401 }
    if (call.method === 'POST') {
      const { action, key } = isCall(call.body)
      const there = ledger.byKey(key)
      if (action === 'start') {
        if (call.headers['idempotency-key'] !== key) return { body: 'the key is missing', status: 400 }
        return { body: { id: (there ?? ledger.start(key)).external }, status: 201 }
      }
      if (there === null) return { status: 404 }
      if (there.status !== 'pending' && there.status !== 'running') return { body: { message: 'it has ended' }, status: 409 }
      there.isCancelled = true
      there.status = 'cancelled'
      return { status: 204 }
    }
    const there = ledger.byKey(call.query.get('key') ?? '')
    if (there === null) return { status: 404 }
    if (call.query.get('log') === '1') return { body: there.log.map((line) => `${line}\n`).join(''), status: 200 }
    return { body: { id: there.external, status: there.status }, status: 200 }
  }

  const server = await startServer(handle, (status) => ({ body: { message: echo([SECRET]) }, status }))
  const clients: Array<ReturnType<typeof httpClient>> = []

  return {
    busy: server.busy,
    calls: server.calls,
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
      await server.close()
    },
    connections: server.connections,
    held: server.held,
    isCancelled: (key) => ledger.byKey(key)?.isCancelled ?? false,
    misbehave: server.misbehave,
    move: (key, status) => {
      const entry = ledger.byKey(key)
      if (entry !== null) entry.status = status
    },
    plan: {},
    provider: (ports): Provider => {
      const client = httpClient({ clock: ports.clock, policy: { allowLoopback: true, trusted: true } })
      clients.push(client)
      const made = makeWith({ secret: SECRET, url: `${server.url}/hook?team=a` }, ports, client.fetch)
      if (made._tag === 'Left') throw new Error(made.left)
      return made.right
    },
    say: (key, line) => void ledger.byKey(key)?.log.push(line),
    secrets: [SECRET],
    signing: {
      body: (key) => {
        const entry = ledger.byKey(key)
        return Buffer.from(JSON.stringify({ id: entry?.external, key, status: entry?.status }))
      },
      coversBody: true,
      hasTime: true,
      header: 'x-tack-signature',
      sign: (body, atMs) => {
        const seconds = String(atMs / 1000)
        return { 'x-tack-signature': `t=${seconds},v1=${hmacOf(SECRET, Buffer.concat([Buffer.from(`${seconds}.`), body]))}` }
      }
    },
    started: ledger.count,
    url: server.url
  }
}

const target: Target = {
  ends: ['success', 'failed', 'timeout'],
  faults: FAULTS,
  isIdempotent: true,
  name: 'webhook',
  open,
  refusals: REFUSALS
}

describeProvider(target)
