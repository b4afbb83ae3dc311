/** Responses: status, headers and body, and how they are sent. An error carries one sentence. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface HttpReply {
  readonly body?: string | Buffer
  readonly headers?: { readonly [name: string]: string }
  readonly status: number
}

export const json = (status: number, value: unknown, headers: HttpReply['headers'] = {}): HttpReply => ({
  body: `${JSON.stringify(value)}\n`,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  status
})

export const text = (status: number, sentence: string, headers: HttpReply['headers'] = {}): HttpReply => ({
  body: `${sentence}\n`,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  status
})

export const notFound: HttpReply = text(404, 'not found')

/** Accepted means saved. Whatever may not have been saved must be sent again. */
export const unsaved = text(503, 'cannot be saved now; retry later', { 'retry-after': '5' })

/** Readable from any web page (CORS). */
export const readByAll = { 'access-control-allow-origin': '*' } as const

/** Keeps browsers from guessing types; the page has a policy of its own. */
const everywhere = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff'
} as const

/** The cause is in the log, not in the answer. */
export const failed = text(500, 'internal error; it has been logged')

/** Sends a response. */
export const send = (request: IncomingMessage, response: ServerResponse, { body = '', headers = {}, status }: HttpReply): void => {
  const hasBody = status !== 204 && status !== 304
  // A client that is still sending an unwanted body is not waited for.
  const rest = request.complete ? {} : { connection: 'close' }
  const length = hasBody ? { 'content-length': Buffer.byteLength(body) } : {}
  response.writeHead(status, { 'cache-control': 'no-store', ...everywhere, ...headers, ...rest, ...length })
  response.end(hasBody ? body : undefined)
}

const STATUS_TEXT: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [426, 'Upgrade Required'],
  [431, 'Request Header Fields Too Large'],
  [503, 'Service Unavailable']
])

/** Responds on a socket that has left HTTP. */
export const refuse = (socket: Duplex, { body = '', headers = {}, status }: HttpReply): void => {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) })
  // HTTP keeps its half of a connection open until the client closes the other: a client that never does would hold it for ever.
  socket.once('finish', () => socket.destroy())
  socket.write(`HTTP/1.1 ${String(status)} ${STATUS_TEXT.get(status) ?? 'Refused'}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  socket.end(body)
}
