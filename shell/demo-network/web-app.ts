/**
 * A small web application that uses a spindle as Tangled's does: it lists pipelines, opens logs, cancels, retries, and compares the hashes of
 * workflow definitions.
 *
 * The browser reads public data from the spindle itself. Calls that need a token go through the application's server, as at Tangled: the account is
 * signed in there, its account server issues a token for this one call, and the browser sees neither.
 *
 * Sources: tangled.org/core, `appview/pipelines` and the lexicons of `sh.tangled.ci`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CALLED, type CalledMethod } from '../../core/index.js'
import type { PdsServer } from './pds-server.js'

/** An account or a repository, with its name for display. */
export interface Named {
  readonly did: string
  readonly name: string
}

export interface WebAppOptions {
  /** The accounts that are signed in. The first one acts unless another is chosen. */
  readonly accounts: ReadonlyArray<Named>
  readonly pds: PdsServer
  /** 0, any free port, by default. */
  readonly port?: number
  readonly repositories: ReadonlyArray<Named>
  readonly spindle: { readonly hostname: string; readonly url: string }
}

/** The spindle's answer. */
export interface Called {
  readonly body: { readonly [field: string]: unknown }
  readonly status: number
}

export interface WebApp {
  /** Calls the spindle on behalf of an account, with a new token. @throws if the account is not signed in. */
  readonly call: (as: string, method: CalledMethod, body: object) => Promise<Called>
  /** Closes everything. Idempotent. */
  readonly stop: () => Promise<void>
  readonly url: string
}

const BODY_MAX = 65_536

/** The folder is beside this module in the sources, and three folders above `dist/shell/demo-network` when compiled. */
const FOLDERS = ['./web-app/', '../../../shell/demo-network/web-app/'].map((path) => new URL(path, import.meta.url))
const FILES: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ['/', ['app.html', 'text/html']],
  ['/app.css', ['app.css', 'text/css']],
  ['/app.js', ['app.js', 'text/javascript']]
])

const fieldsOf = (u: unknown): { readonly [field: string]: unknown } => (typeof u === 'object' && u !== null ? { ...u } : {})

const isCalled = (u: unknown): u is CalledMethod => CALLED.some((method) => method === u)

/** The body of a request; `null` if it is too large. */
const bodyOf = async (request: IncomingMessage): Promise<string | null> => {
  const chunks: Array<Buffer> = []
  let length = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Buffer)
    length += bytes.length
    if (length > BODY_MAX) return null
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Starts an application on 127.0.0.1. */
export const startWebApp = async ({ accounts, pds, port = 0, repositories, spindle }: WebAppOptions): Promise<WebApp> => {
  const folder = FOLDERS.find((url) => existsSync(new URL('app.html', url)))
  if (folder === undefined) throw new Error('the files of the web application are missing: shell/demo-network/web-app is part of the program')
  const sessions = new Map(accounts.map(({ did }) => [did, pds.signIn(did)]))
  const { host } = new URL(spindle.url)
  const connect = `connect-src 'self' http://${host} ws://${host}`
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

  const say = (response: ServerResponse, status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value))
  }

  const call: WebApp['call'] = async (as, method, body) => {
    const session = sessions.get(as)
    if (session === undefined) throw new RangeError(`${as} is not signed in`)
    const query = new URLSearchParams({ aud: `did:web:${spindle.hostname}`, lxm: method })
    const given = await fetch(`${pds.url}/xrpc/com.atproto.server.getServiceAuth?${query.toString()}`, { headers: { authorization: `Bearer ${session}` } })
    const { token } = fieldsOf(await given.json())
    const response = await fetch(`${spindle.url}/xrpc/${method}`, {
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
      method: 'POST'
    })
    return { body: fieldsOf(await response.json()), status: response.status }
  }

  const answerTo = async (request: IncomingMessage): Promise<Called> => {
    // A page of another site cannot send JSON without a preflight request, which is never granted.
    if (request.headers['content-type'] !== 'application/json') return { body: { message: 'only JSON is taken' }, status: 415 }
    const text = await bodyOf(request)
    if (text === null) return { body: { message: `the body is larger than ${String(BODY_MAX)} bytes` }, status: 413 }
    const { as, body, method } = fieldsOf(parsed(text))
    if (typeof as !== 'string' || !sessions.has(as)) return { body: { message: '"as" is nobody who is signed in' }, status: 400 }
    if (!isCalled(method)) return { body: { message: '"method" is none that changes something' }, status: 400 }
    return call(as, method, fieldsOf(body)).catch((error: unknown) => ({ body: { message: `the spindle does not answer: ${String(error)}` }, status: 502 }))
  }

  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { body, status } = await answerTo(request)
    say(response, status, body)
  }

  const server = createServer((request, response) => {
    const { method, url = '' } = request
    // A request whose host name is somebody else's, although it leads here, is refused (DNS rebinding).
    const isOurs = request.headers.host === `localhost:${String(listening)}` || request.headers.host === `127.0.0.1:${String(listening)}`
    const file = FILES.get(url)
    if (!isOurs) say(response, 421, { message: 'this server has another name' })
    else if (method === 'POST' && url === '/call') take(request, response).catch(() => response.destroy())
    else if (method !== 'GET') say(response, 405, { message: 'method not allowed' })
    else if (url === '/setting.json') say(response, 200, { accounts, repositories, spindle: spindle.url })
    else if (file === undefined) say(response, 404, { message: 'not found' })
    else response.writeHead(200, { 'content-security-policy': policy, 'content-type': `${file[1]}; charset=utf-8` }).end(readFileSync(new URL(file[0], folder)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const listening = (server.address() as AddressInfo).port

  let stopped: Promise<void> | null = null
  return {
    call,
    stop: () =>
      (stopped ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })),
    url: `http://localhost:${String(listening)}`
  }
}
