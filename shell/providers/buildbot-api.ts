/** Requests to Buildbot's REST API (version 2), and the session that they are made in. */
import type * as t from 'io-ts'
import { Builds, Requests, wordsOf } from './buildbot-answers.js'
import { type Answer, type Client, decoded, isRefusal, redactor } from './common.js'
import type { Missing, Refused, Uncertain } from './provider.js'

/** A request and its builds. */
export interface Standing {
  readonly _tag: 'Standing'
  readonly builds: t.TypeOf<typeof Builds>['builds']
  readonly request: t.TypeOf<typeof Requests>['buildrequests'][number]
}

export interface BuildbotApi {
  readonly ask: (path: string) => Promise<Answer | Uncertain>
  readonly client: Client
  /** A JSON-RPC call, as all that changes something is. */
  readonly command: (path: string, method: string, params: { readonly [name: string]: unknown }) => Promise<Answer | Uncertain>
  /** An answer that is none. */
  readonly doubt: (answer: Answer) => Uncertain
  readonly get: <A>(path: string, codec: t.Type<A, unknown>) => Promise<{ readonly _tag: 'Got'; readonly value: A } | Missing | Uncertain>
  /** Of a name that is none of a request. */
  readonly nameless: (external: string) => Uncertain
  readonly refusal: (what: string, answer: Answer) => Refused
  /** The number of a request; `null` for what cannot be one. */
  readonly requestOf: (external: string) => string | null
  /** A request and its builds. */
  readonly standing: (external: string) => Promise<Standing | Missing | Uncertain>
  /** What Buildbot says in an answer, without secrets. */
  readonly wordsIn: (answer: Answer) => string
}

/** A login as basic authentication has it. */
export const basicOf = ({ password, user }: { readonly password: string; readonly user: string }): string => `${user}:${password}`

export const createBuildbotApi = (
  client: Client,
  { login, url }: { readonly login: { readonly password: string; readonly user: string } | null; readonly url: string }
): BuildbotApi => {
  const basic = login === null ? null : basicOf(login)

  /** The session; `null`: there is none yet. Buildbot takes a password at one address only, and there gives out a cookie. */
  let cookie: string | null = null
  /** What a server says may repeat the cookie, too. */
  const clean = (words: string): string => redactor(cookie === null ? [] : cookie.split('; ').map((pair) => pair.replace(/^[^=]*=/, '')))(words)

  const send = (path: string, command: unknown): Promise<Answer | Uncertain> =>
    client.ask({
      headers: {
        accept: 'application/json',
        // A proxy before Buildbot may want it, which Buildbot itself does not mind.
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
    // Where there is nothing to log in to (501), or nobody is let in, it is the answer to the request itself that counts.
    if (given.length === 0 && answer.status !== 302 && answer.status !== 501 && !isRefusal(answer.status)) return doubt(answer)
    cookie = given.join('; ')
    return null
  }

  const ask = async (path: string, command: unknown = null): Promise<Answer | Uncertain> => {
    if (login !== null && cookie === null) {
      const failed = await logIn()
      if (failed !== null) return failed
    }
    const answer = await send(`/api/v2${path}`, command)
    if (login === null || answer._tag === 'Uncertain' || (answer.status !== 401 && answer.status !== 403)) return answer
    // Sessions end. What was not allowed was not done.
    return (await logIn()) ?? send(`/api/v2${path}`, command)
  }

  const command: BuildbotApi['command'] = (path, method, params) =>
    ask(path, { id: 1, jsonrpc: '2.0', method, params })

  const wordsIn = (answer: Answer): string => clean(wordsOf(answer))

  const doubt = (answer: Answer): Uncertain => client.doubt(answer, wordsIn(answer))

  const get: BuildbotApi['get'] = async (path, codec) => {
    const answer = await ask(path)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    const value = answer.status === 200 ? decoded(codec, answer) : null
    return value === null ? doubt(answer) : { _tag: 'Got', value }
  }

  const refusal = (what: string, answer: Answer): Refused => client.refuse(`${what} (${String(answer.status)}): ${wordsIn(answer)}`)

  const requestOf = (external: string): string | null => (/^[0-9]{1,15}$/.test(external) ? external : null)

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" is not the number of a request at Buildbot`)

  /** Asked in this order: a request that is complete has all its builds. */
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
