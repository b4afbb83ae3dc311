/**
 * Where a provider's adapter is tried: a real HTTP server on loopback that keeps a ledger of the builds it was made to start, and
 * misbehaves on command.
 *
 * What the server of one provider looks like (paths, bodies, who may ask) is written in the test of that provider, as one function
 * from a call to a reply. All that can go wrong between that function and the adapter is here, once.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Status } from '../../../core/index.js'
import { BEGIN } from '../support/bridge.js'

// ---------------------------------------------------------------------------------------- the ledger

/** A build as the server has it. */
export interface Entry {
  readonly external: string
  readonly key: string
  /** Lines, without line feeds. */
  readonly log: Array<string>
  isCancelled: boolean
  status: Status
}

export interface Ledger {
  readonly all: () => ReadonlyArray<Entry>
  /** The first build of the key. */
  readonly byKey: (key: string) => Entry | null
  readonly byExternal: (external: string) => Entry | null
  /** How many builds of the key were started, ever. */
  readonly count: (key: string) => number
  /** Starts a build, whatever there is already. `external` is made up where it is not given. */
  readonly start: (key: string, external?: string) => Entry
}

export const createLedger = (): Ledger => {
  const entries: Array<Entry> = []
  return {
    all: () => entries,
    byExternal: (external) => entries.find((entry) => entry.external === external) ?? null,
    byKey: (key) => entries.find((entry) => entry.key === key) ?? null,
    count: (key) => entries.filter((entry) => entry.key === key).length,
    start: (key, external = String(1000 + entries.length)) => {
      const entry: Entry = { external, isCancelled: false, key, log: [], status: 'pending' }
      entries.push(entry)
      return entry
    }
  }
}

// ---------------------------------------------------------------------------------------- faults

/** What a server refuses with for good. */
export const REFUSALS = ['refuse 401', 'refuse 403', 'refuse 404', 'refuse 422'] as const
export type RefusalFault = (typeof REFUSALS)[number]

/** What leaves it open whether anything was done. In all of these nobody says so in words that can be trusted. */
export const FAULTS = [
  /** 429 with `Retry-After: 7`; nothing is done. */
  'busy',
  /** 503 with `Retry-After` as a date, a minute after the clock of the tests begins; nothing is done. */
  'away',
  /** 500; nothing is done. */
  'broken',
  /** It is done, and then something between us and the server answers 502. */
  'done, then 502',
  /** The connection is reset; nothing is done. */
  'reset',
  'done, then reset',
  /** Nothing is done, and nothing is answered. */
  'silent',
  'done, then silent',
  /** It is done, and answered with 200 and a page of HTML. */
  'done, then garbled',
  /** It is done, and the answer breaks off in the middle. */
  'done, then cut'
] as const
export type Doubt = (typeof FAULTS)[number]

/**
 * `slow`: it is done, and the answer takes a while; no fault at all. `late`: nothing is answered, and it is done after the next call
 * was: only a server that knows a key again can be kept from starting twice by that.
 */
export type Fault = Doubt | RefusalFault | 'late' | 'slow'

/** How long the server asks to wait when it is `busy`. */
export const BUSY_SECONDS = 7

// ---------------------------------------------------------------------------------------- the server

export interface Call {
  readonly body: Buffer
  readonly headers: IncomingHttpHeaders
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
}

export interface Reply {
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
  readonly status: number
}

export interface LedgerServer {
  /** All that was asked and came to something, in order, with that: `POST /api/builds (404)`, or the error of the server of the test. */
  readonly answered: () => ReadonlyArray<string>
  /** How many calls are being worked on, those that will never be answered not among them. */
  readonly busy: () => number
  /** All that was asked, in order, also what was not done. */
  readonly calls: () => ReadonlyArray<Call>
  readonly close: () => Promise<void>
  /** How many connections are open. */
  readonly connections: () => number
  /** How many calls are waiting for an answer that will not come. */
  readonly held: () => number
  /** Every call from now on is met with what `choose` gives; `null` is none. */
  readonly misbehave: (choose: (call: Call) => Fault | null) => void
  /** `http://127.0.0.1:<port>` */
  readonly url: string
}

/** How long a slow answer takes, in real time: long enough to be later than anything that was to be had at once. */
const SLOW_MS = 15

const read = async (request: IncomingMessage): Promise<Call> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? []
  return { body: Buffer.concat(chunks), headers: request.headers, method: request.method ?? '', path, query: new URLSearchParams(query) }
}

const write = (response: ServerResponse, { body = '', headers = {}, status }: Reply): void => {
  const isJson = typeof body !== 'string' && !Buffer.isBuffer(body)
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  // One connection per call: what is open then is what is being asked.
  response.writeHead(status, { connection: 'close', 'content-type': isJson ? 'application/json' : 'text/plain', ...headers })
  response.end(status === 204 ? undefined : bytes)
}

/**
 * Listens on a free port of 127.0.0.1. `handle` is what the server does; `refusal` is how it says no.
 */
export const startServer = async (
  handle: (call: Call) => Reply | Promise<Reply>,
  refusal: (status: number) => Reply
): Promise<LedgerServer> => {
  const answered: Array<string> = []
  const calls: Array<Call> = []
  const sockets = new Set<Socket>()
  const held = new Set<ServerResponse>()
  let late: ReadonlyArray<Call> = []
  let busy = 0
  let choose: (call: Call) => Fault | null = () => null

  /** What becomes of a call: a reply, or how it ends without one. */
  const meet = async (request: Call, fault: Fault | null): Promise<Reply | 'cut' | 'hold' | 'reset'> => {
    switch (fault) {
      case null:
        return handle(request)
      case 'slow': {
        const reply = await handle(request)
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
        return reply
      }
      case 'busy':
        return { body: { message: 'too many' }, headers: { 'retry-after': String(BUSY_SECONDS) }, status: 429 }
      case 'away':
        return { body: 'away', headers: { 'retry-after': new Date(BEGIN / 1000 + 60_000).toUTCString() }, status: 503 }
      case 'broken':
        return { body: 'broken', status: 500 }
      case 'done, then 502':
        await handle(request)
        return { body: '<html>Bad Gateway</html>', status: 502 }
      case 'reset':
        return 'reset'
      case 'done, then reset':
        await handle(request)
        return 'reset'
      case 'silent':
        return 'hold'
      case 'done, then silent':
        await handle(request)
        return 'hold'
      case 'done, then garbled':
        await handle(request)
        return { body: '<html>Welcome to our portal</html>', headers: { 'content-type': 'text/html' }, status: 200 }
      case 'done, then cut':
        await handle(request)
        return 'cut'
      case 'late':
        late = [...late, request]
        return 'hold'
      default:
        return refusal(Number(fault.slice(-3)))
    }
  }

  const respond = async (response: ServerResponse, outcome: Reply | 'cut' | 'hold' | 'reset'): Promise<void> => {
    switch (outcome) {
      case 'cut':
        response.writeHead(200, { connection: 'close', 'content-length': '1000', 'content-type': 'application/json' })
        await new Promise((resolve) => response.write('{"id":"12', resolve))
        response.socket?.destroy()
        return
      case 'hold':
        held.add(response)
        response.on('close', () => held.delete(response))
        return
      case 'reset':
        response.socket?.resetAndDestroy()
        return
      default:
        write(response, outcome)
    }
  }

  const server = createServer((request, response) => {
    busy++
    response.on('error', () => undefined)
    let asked = ''
    const work = async (): Promise<void> => {
      const call = await read(request)
      asked = `${call.method} ${call.path}`
      calls.push(call)
      const overdue = late
      late = []
      const outcome = await meet(call, choose(call))
      answered.push(`${asked} (${typeof outcome === 'string' ? outcome : String(outcome.status)})`)
      await respond(response, outcome)
      for (const one of overdue) await handle(one)
    }
    work()
      .catch((error: unknown) => {
        answered.push(`${asked} (the server of the test failed: ${String(error)})`)
        if (!response.headersSent) write(response, { body: `the server of the test failed: ${String(error)}`, status: 599 })
      })
      .finally(() => busy--)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    answered: () => answered,
    busy: () => busy,
    calls: () => calls,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
    connections: () => sockets.size,
    held: () => held.size,
    misbehave: (next) => {
      choose = next
    },
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  }
}
