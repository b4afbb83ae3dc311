/** Requests to Buildbot's REST API (version 2), and the session for them. */
import type * as t from 'io-ts'
import { Builds, Requests, wordsOf } from './buildbot-answers.js'
import { type HttpResponse, type Client, decodeAnswer, isRefusal, redactor } from './common.js'
import type { Missing, Refused, Uncertain } from './provider.js'

/** A build request and its builds. */
export interface Standing {
  readonly _tag: 'Standing'
  readonly builds: t.TypeOf<typeof Builds>['builds']
  readonly request: t.TypeOf<typeof Requests>['buildrequests'][number]
}

export interface BuildbotApi {
  readonly ask: (path: string) => Promise<HttpResponse | Uncertain>
  readonly client: Client
  /** Sends a JSON-RPC call. Everything that changes something at Buildbot is one. */
  readonly command: (path: string, method: string, params: { readonly [name: string]: unknown }) => Promise<HttpResponse | Uncertain>
  /** The result of an unexpected answer. */
  readonly doubt: (answer: HttpResponse) => Uncertain
  readonly get: <A>(path: string, codec: t.Type<A, unknown>) => Promise<{ readonly _tag: 'Got'; readonly value: A } | Missing | Uncertain>
  /** The result for a name that is not the number of a request. */
  readonly nameless: (external: string) => Uncertain
  readonly refusal: (what: string, answer: HttpResponse) => Refused
  /** The number of a request; `null` if `external` cannot be one. */
  readonly requestOf: (external: string) => string | null
  /** Reads a build request and its builds. */
  readonly standing: (external: string) => Promise<Standing | Missing | Uncertain>
  /** Buildbot's message in an answer, without secrets. */
  readonly wordsIn: (answer: HttpResponse) => string
}

/** A login in the form of basic authentication. */
export const basicOf = ({ password, user }: { readonly password: string; readonly user: string }): string => `${user}:${password}`

export const createBuildbotApi = (
  client: Client,
  { login, url }: { readonly login: { readonly password: string; readonly user: string } | null; readonly url: string }
): BuildbotApi => {
  const basic = login === null ? null : basicOf(login)

  /** The session cookie; `null` if there is no session yet. Buildbot accepts a password only at its login URL, and returns a cookie there. */
  let cookie: string | null = null
  /** Removes the cookie from a server's message, too. */
  const clean = (words: string): string => redactor(cookie === null ? [] : cookie.split('; ').map((pair) => pair.replace(/^[^=]*=/, '')))(words)

  const send = (path: string, command: unknown): Promise<HttpResponse | Uncertain> =>
    client.ask({
      headers: {
        accept: 'application/json',
        // A reverse proxy in front of Buildbot may need it; Buildbot itself ignores it.
        ...(basic === null ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
        ...(cookie === null || cookie === '' ? {} : { cookie }),
        ...(command === null ? {} : { 'content-type': 'application/json' })
      },
      ...(command === null ? {} : { body: JSON.stringify(command), method: 'POST' as const }),
      url: `${url}${path}`
    })

  const logIn = async (): Promise<Uncertain | null> => {
    cookie = null
    const answer = await send('/auth/login', null)
    if (answer._tag === 'Uncertain') return answer
    const given = answer.headers.getSetCookie().flatMap((one) => /^[^;]*/.exec(one) ?? [])
    // If Buildbot has no login (501) or refuses this one, the answer to the actual request decides.
    if (given.length === 0 && answer.status !== 302 && answer.status !== 501 && !isRefusal(answer.status)) return doubt(answer)
    cookie = given.join('; ')
    return null
  }

  const ask = async (path: string, command: unknown = null): Promise<HttpResponse | Uncertain> => {
    if (login !== null && cookie === null) {
      const failed = await logIn()
      if (failed !== null) return failed
    }
    const answer = await send(`/api/v2${path}`, command)
    if (login === null || answer._tag === 'Uncertain' || (answer.status !== 401 && answer.status !== 403)) return answer
    // The session may have expired. A request that was refused did nothing, so it is safe to repeat.
    return (await logIn()) ?? send(`/api/v2${path}`, command)
  }

  const command: BuildbotApi['command'] = (path, method, params) =>
    ask(path, { id: 1, jsonrpc: '2.0', method, params })

  const wordsIn = (answer: HttpResponse): string => clean(wordsOf(answer))

  const doubt = (answer: HttpResponse): Uncertain => client.doubt(answer, wordsIn(answer))

  const get: BuildbotApi['get'] = async (path, codec) => {
    const answer = await ask(path)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    const value = answer.status === 200 ? decodeAnswer(codec, answer) : null
    return value === null ? doubt(answer) : { _tag: 'Got', value }
  }

  const refusal = (what: string, answer: HttpResponse): Refused => client.refuse(`${what} (${String(answer.status)}): ${wordsIn(answer)}`)

  const requestOf = (external: string): string | null => (/^[0-9]{1,15}$/.test(external) ? external : null)

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" is not the number of a Buildbot build request`)

  /** Reads in this order: once a request is complete, all its builds exist. */
  const standing: BuildbotApi['standing'] = async (external) => {
    const id = requestOf(external)
    if (id === null) return nameless(external)
    const requests = await get(`/buildrequests/${id}`, Requests)
    if (requests._tag !== 'Got') return requests
    const [request] = requests.value.buildrequests
    if (request === undefined) return { _tag: 'Missing' }
    const builds = await get(`/buildrequests/${id}/builds?order=buildid`, Builds)
    if (builds._tag !== 'Got') return builds
    return { _tag: 'Standing', builds: builds.value.builds, request }
  }

  return { ask, client, command, doubt, get, nameless, refusal, requestOf, standing, wordsIn }
}
