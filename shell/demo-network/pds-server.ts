/**
 * An account server (PDS) and a directory of DIDs (PLC) on loopback, on one port. Accounts and their records are read from it, page by page, and an
 * account that is signed in gets tokens for calls to services. It misbehaves when told to.
 *
 * Sources: atproto.com/specs/did, /specs/xrpc; the lexicons `com.atproto.repo.listRecords` and `com.atproto.server.getServiceAuth`.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSigning, type TokenFor } from './signing.js'

// ---------------------------------------------------------------------------------------- model

/** A wrong way to answer a request. */
export type Misbehaviour =
  | { readonly _tag: 'Answer'; readonly body: string | Buffer; readonly headers?: Readonly<Record<string, string>>; readonly status: number }
  /** A body that does not end. */
  | { readonly _tag: 'Endless' }
  /** No answer, and no end. */
  | { readonly _tag: 'Silent' }
  /** Cuts the connection. */
  | { readonly _tag: 'Hangup' }

/** The kind of a request. */
export type Asked = 'document' | 'records'

export interface PdsOptions {
  /** The limit of records in a page, whatever is asked for. 100 by default. */
  readonly pageSize?: number
  /** 0, any free port, by default. */
  readonly port?: number
}

export interface PdsServer {
  /** Gives the account another key. */
  readonly changeKey: (did: string) => void
  /** The request lines so far, `GET /path?query`, in order. */
  readonly asked: ReadonlyArray<string>
  /** Answers the next requests of that kind like this, one after the other. */
  readonly misbehave: (asked: Asked, ...answers: ReadonlyArray<Misbehaviour>) => void
  /**
   * Creates the account. Its document names this server, or `endpoint`, and the handle; the handle names the account. The document of
   * `did:web:localhost%3A<port>` is at its well-known path.
   */
  readonly putAccount: (did: string, endpoint?: string, handle?: string) => void
  /** Makes the host of that name confirm the account, independently of the account's document. */
  readonly putHandle: (handle: string, did: string) => void
  /** Puts a record. Creates the account if it does not exist. */
  readonly putRecord: (did: string, collection: string, rkey: string, value: unknown) => void
  /** Creates the DID of a repository, whose document names its knot. */
  readonly putRepository: (did: string, knotUrl: string) => void
  readonly removeRecord: (did: string, collection: string, rkey: string) => void
  /** Signs in to an existing account. `getServiceAuth` recognises the account by the session that is returned. */
  readonly signIn: (did: string) => string
  /** Closes everything. Resolves when no socket is left. Idempotent. */
  readonly stop: () => Promise<void>
  /** A service auth token, signed by the account. */
  readonly tokenOf: (did: string, token: TokenFor) => Promise<string>
  /** The URL of the server and of the directory: `http://localhost:<port>`. */
  readonly url: string
}

interface Account {
  readonly document: { readonly [field: string]: unknown }
  /** Whether the account has a signing key. */
  readonly hasKey: boolean
  /** By collection and rkey: `<collection>/<rkey>`. */
  readonly records: Map<string, unknown>
}

// ---------------------------------------------------------------------------------------- answers

const say = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value))
}

const misbehaveSo = (answer: Misbehaviour, response: ServerResponse): void => {
  switch (answer._tag) {
    case 'Answer':
      return void response.writeHead(answer.status, answer.headers).end(answer.body)
    case 'Endless': {
      const chunk = Buffer.alloc(65_536, ' ')
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.on('drain', more)
      return more()
    }
    case 'Silent':
      return
    case 'Hangup':
      return void response.destroy()
  }
}

const SERVICE_AUTH = '/xrpc/com.atproto.server.getServiceAuth'
const LIST = '/xrpc/com.atproto.repo.listRecords'

const NUMBER = /^[0-9]{1,3}$/
const SECONDS = /^[0-9]{1,10}$/

/** Starts a server on 127.0.0.1. */
export const startPds = async ({ pageSize = 100, port = 0 }: PdsOptions = {}): Promise<PdsServer> => {
  const accounts = new Map<string, Account>()
  const asked: Array<string> = []
  const handles = new Map<string, string>()
  const plans: { readonly [kind in Asked]: Array<Misbehaviour> } = { document: [], records: [] }
  const sockets = new Set<Socket>()
  const signing = createSigning()
  /** The accounts that are signed in, by session. */
  const sessions = new Map<string, string>()

  const give = async (query: URLSearchParams, authorization: string, response: ServerResponse): Promise<void> => {
    const did = sessions.get(authorization.replace(/^Bearer /, ''))
    const [aud, lxm, exp] = [query.get('aud') ?? '', query.get('lxm') ?? '', query.get('exp')]
    if (did === undefined) say(response, 401, { error: 'AuthMissing', message: 'Authentication Required' })
    else if (!aud.startsWith('did:') || lxm === '' || (exp !== null && !SECONDS.test(exp)))
      say(response, 400, { error: 'InvalidRequest', message: '"aud" must be a DID, "lxm" a method, and "exp" a time in seconds' })
    else say(response, 200, { token: await signing.tokenOf(did, { aud, lxm, ...(exp === null ? {} : { exp: Number(exp) }) }) })
  }

  const list = (query: URLSearchParams, response: ServerResponse): void => {
    const [did, collection] = [query.get('repo') ?? '', query.get('collection') ?? '']
    const account = accounts.get(did)
    const limit = query.get('limit') ?? '50'
    if (account === undefined) return say(response, 400, { error: 'RepoNotFound', message: `Could not find repo: ${did}` })
    if (!NUMBER.test(limit) || Number(limit) < 1 || Number(limit) > 100)
      return say(response, 400, { error: 'InvalidRequest', message: 'limit must be from 1 to 100' })
    const prefix = `${collection}/`
    // From the latest key to the first, as real servers do.
    const keys = [...account.records.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort()
      .reverse()
    const cursor = query.get('cursor')
    const page = keys.filter((rkey) => cursor === null || rkey < cursor).slice(0, Math.min(Number(limit), pageSize))
    const last = page.at(-1)
    say(response, 200, {
      records: page.map((rkey) => ({
        cid: 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
        uri: `at://${did}/${prefix}${rkey}`,
        value: account.records.get(`${prefix}${rkey}`)
      })),
      ...(last === undefined ? {} : { cursor: last })
    })
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, pathname = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? []
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    if (pathname === SERVICE_AUTH) return give(new URLSearchParams(query), request.headers.authorization ?? '', response)
    const kind = pathname === LIST ? 'records' : 'document'
    const planned = plans[kind].shift()
    const account = accounts.get(pathname === '/.well-known/did.json' ? hostDid : pathname.slice(1))
    const named = handles.get(/^[^:]*/.exec(request.headers.host ?? '')?.[0] ?? '')
    if (planned !== undefined) misbehaveSo(planned, response)
    else if (pathname === '/.well-known/atproto-did') response.writeHead(named === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(named)
    else if (kind === 'records') list(new URLSearchParams(query), response)
    else if (account === undefined) say(response, 404, { message: 'DID not registered' })
    else {
      const { document, hasKey } = account
      say(response, 200, hasKey ? { ...document, verificationMethod: [await signing.methodOf(String(document['id']))] } : document)
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const listening = (server.address() as AddressInfo).port
  const url = `http://localhost:${String(listening)}`
  const hostDid = `did:web:localhost%3A${String(listening)}`

  const put = (did: string, service: object, hasKey: boolean, handle?: string): Account => {
    const account: Account = {
      document: {
        '@context': ['https://www.w3.org/ns/did/v1'],
        id: did,
        alsoKnownAs: handle === undefined ? [] : [`at://${handle}`],
        verificationMethod: [],
        service: [service]
      },
      hasKey,
      records: accounts.get(did)?.records ?? new Map<string, unknown>()
    }
    accounts.set(did, account)
    return account
  }
  const accountOf = (did: string, serviceEndpoint = url, handle?: string): Account =>
    put(did, { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint }, true, handle)

  let stopped: Promise<void> | null = null
  return {
    asked,
    changeKey: signing.changeKey,
    misbehave: (kind, ...answers) => void plans[kind].push(...answers),
    putAccount: (did, endpoint, handle) => {
      accountOf(did, endpoint, handle)
      if (handle !== undefined) handles.set(handle, did)
    },
    putHandle: (handle, did) => void handles.set(handle, did),
    putRecord: (did, collection, rkey, value) => void (accounts.get(did) ?? accountOf(did)).records.set(`${collection}/${rkey}`, value),
    putRepository: (did, serviceEndpoint) => void put(did, { id: '#tangled_knot', type: 'TangledKnot', serviceEndpoint }, false),
    removeRecord: (did, collection, rkey) => void accounts.get(did)?.records.delete(`${collection}/${rkey}`),
    signIn: (did) => {
      const session = randomBytes(16).toString('hex')
      sessions.set(session, did)
      return session
    },
    stop: () =>
      (stopped ??= new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })),
    tokenOf: signing.tokenOf,
    url
  }
}
