/**
 * Routes are data: only method, path segments and query decide.
 *
 * Paths are split first and decoded after, segment by segment, so that an encoded slash or dot is a character in a name, and never a path. Nothing
 * is normalised: only exact paths are found.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Peer } from './peer.js'
import { type HttpReply, notFound, readByAll, text } from './responses.js'

export interface Asked {
  /** The client's address. Behind a proxy that is the proxy. */
  readonly address: string
  readonly headers: IncomingHttpHeaders
  readonly method: string
  readonly query: URLSearchParams
}

export type Route =
  | {
      readonly _tag: 'Answers'
      readonly answer: (asked: Asked, request: IncomingMessage) => HttpReply | Promise<HttpReply | null> | null
      /** `GET` includes `HEAD`. */
      readonly methods: ReadonlyArray<'GET' | 'POST'>
      /** The answer to an upgrade, where it differs from the usual one. */
      readonly upgraded?: HttpReply
    }
  | {
      readonly _tag: 'Socket'
      /** Why the connection is not upgraded, or what serves it. */
      readonly admit: (asked: Asked) => E.Either<HttpReply, (peer: Peer) => void>
      /** The answer to a plain request, where it is not a sentence. */
      readonly plain?: HttpReply
    }

/** The route of a path, given as its decoded segments; `null` when there is none. */
export type Router = (segments: ReadonlyArray<string>) => Route | null

/** Long enough for 250 SHA-256 commits. */
const PATH_MAX = 20_480

/** The decoded path segments and the query; `null` when the request target is invalid. */
const targetOf = (url: string): { readonly query: URLSearchParams; readonly segments: ReadonlyArray<string> } | null => {
  if (!url.startsWith('/') || url.length > PATH_MAX) return null
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const segments = E.tryCatch(() => path.slice(1).split('/').map(decodeURIComponent), String)
  return E.isLeft(segments) ? null : { query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)), segments: segments.right }
}

/** The parsed request and its route; `null` when there is none. */
export const find = (router: Router, request: IncomingMessage): { readonly asked: Asked; readonly route: Route } | null => {
  const target = targetOf(request.url ?? '')
  const route = target === null ? null : router(target.segments)
  if (target === null || route === null) return null
  const { headers, method = '', socket } = request
  return { asked: { address: socket.remoteAddress ?? '', headers, method, query: target.query }, route }
}

export const upgradeRequired = text(426, 'this endpoint needs a websocket upgrade', { connection: 'upgrade', upgrade: 'websocket' })

/** The allowed methods. */
const allowed = (route: Route): ReadonlyArray<string> =>
  route._tag === 'Socket' ? ['GET'] : [...route.methods, ...(route.methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']

const preflight = (route: Route): HttpReply => ({
  headers: {
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-allow-methods': allowed(route).join(', '),
    'access-control-max-age': '86400',
    ...(route._tag === 'Answers' && route.methods.includes('GET') ? readByAll : {})
  },
  status: 204
})

/** The response to a request that is not for an upgrade; `null` when the client has gone. */
export const answerOf = async (router: Router, request: IncomingMessage): Promise<HttpReply | null> => {
  const found = find(router, request)
  if (found === null) return notFound
  const { asked, route } = found
  const methods = allowed(route)
  if (asked.method === 'OPTIONS') return preflight(route)
  if (!methods.includes(asked.method)) return text(405, `method not allowed: use ${methods.join(' or ')}`, { allow: methods.join(', ') })
  return route._tag === 'Socket' ? (route.plain ?? upgradeRequired) : route.answer(asked, request)
}
