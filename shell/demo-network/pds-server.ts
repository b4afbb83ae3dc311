/**
 * An account server (PDS) and a directory of DIDs (PLC) for loopback, on one port: what is read about accounts is read from here, page
 * by page. It misbehaves when told to.
 *
 * Sources: atproto.com/specs/did, /specs/xrpc; the lexicon `com.atproto.repo.listRecords`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

// ---------------------------------------------------------------------------------------- model

/** How a request is answered other than it should be. */
export type Misbehaviour =
  | { readonly _tag: 'Answer'; readonly body: string | Buffer; readonly headers?: Readonly<Record<string, string>>; readonly status: number }
  /** A body that does not end. */
  | { readonly _tag: 'Endless' }
  /** No answer, and no end. */
  | { readonly _tag: 'Silent' }
  /** The connection is cut off. */
  | { readonly _tag: 'Hangup' }

/** What a request is for. */
export type Asked = 'document' | 'records'

export interface PdsOptions {
  /** How many records a page has at most, whatever is asked for: 100 if not given. */
  readonly pageSize?: number
  /** 0, any free one, if not given. */
  readonly port?: number
}

export interface PdsServer {
  /** The lines in which clients asked, `GET /path?query`, in order. */
  readonly asked: ReadonlyArray<string>
  /** The next requests of that kind are answered so, one after the other. */
  readonly misbehave: (asked: Asked, ...answers: ReadonlyArray<Misbehaviour>) => void
  /** Creates the account. Its document names this server, or `endpoint`. Of `did:web:localhost%3A<port>`, the document is well-known. */
  readonly putAccount: (did: string, endpoint?: string) => void
  /** Puts a record. Of an account that is not there, it creates it. */
  readonly putRecord: (did: string, collection: string, rkey: string, value: unknown) => void
  readonly removeRecord: (did: string, collection: string, rkey: string) => void
  /** Closes everything. Resolves when no socket is left. Idempotent. */
  readonly stop: () => Promise<void>
  /** Its address, and that of the directory: `http://localhost:<port>`. */
  readonly url: string
}

interface Account {
  readonly document: unknown
  /** By collection and rkey, `<collection>/<rkey>`. */
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

const LIST = '/xrpc/com.atproto.repo.listRecords'

const NUMBER = /^[0-9]{1,3}$/

/** A server on 127.0.0.1. */
export const startPds = async ({ pageSize = 100, port = 0 }: PdsOptions = {}): Promise<PdsServer> => {
  const accounts = new Map<string, Account>()
  const asked: Array<string> = []
  const plans: { readonly [kind in Asked]: Array<Misbehaviour> } = { document: [], records: [] }
  const sockets = new Set<Socket>()

  const list = (query: URLSearchParams, response: ServerResponse): void => {
    const [did, collection] = [query.get('repo') ?? '', query.get('collection') ?? '']
    const account = accounts.get(did)
    const limit = query.get('limit') ?? '50'
    if (account === undefined) return say(response, 400, { error: 'RepoNotFound', message: `Could not find repo: ${did}` })
    if (!NUMBER.test(limit) || Number(limit) < 1 || Number(limit) > 100)
      return say(response, 400, { error: 'InvalidRequest', message: 'limit must be from 1 to 100' })
    const prefix = `${collection}/`
    // From the latest key to the first, as servers do.
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

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const [, pathname = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '') ?? []
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const kind = pathname === LIST ? 'records' : 'document'
    const planned = plans[kind].shift()
    if (planned !== undefined) return misbehaveSo(planned, response)
    if (kind === 'records') return list(new URLSearchParams(query), response)
    const account = accounts.get(pathname === '/.well-known/did.json' ? hostDid : pathname.slice(1))
    if (account === undefined) say(response, 404, { message: 'DID not registered' })
    else say(response, 200, account.document)
  }

  const server = createServer(answer)
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

  const accountOf = (did: string, endpoint = url): Account => {
    const account: Account = {
      document: {
        '@context': ['https://www.w3.org/ns/did/v1'],
        id: did,
        alsoKnownAs: [],
        verificationMethod: [],
        service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }]
      },
      records: accounts.get(did)?.records ?? new Map<string, unknown>()
    }
    accounts.set(did, account)
    return account
  }

  let stopped: Promise<void> | null = null
  return {
    asked,
    misbehave: (kind, ...answers) => void plans[kind].push(...answers),
    putAccount: (did, endpoint) => void accountOf(did, endpoint),
    putRecord: (did, collection, rkey, value) => void (accounts.get(did) ?? accountOf(did)).records.set(`${collection}/${rkey}`, value),
    removeRecord: (did, collection, rkey) => void accounts.get(did)?.records.delete(`${collection}/${rkey}`),
    stop: () =>
      (stopped ??= new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })),
    url
  }
}
