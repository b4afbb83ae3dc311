/** Requests to GitHub, built by Octokit from GitHub's published API description: what is not in it does not compile. */
import { endpoint } from '@octokit/endpoint'
import type { Endpoints } from '@octokit/types'
import { resetMs } from '../outbound/retry-after.js'
import { type HttpResponse, type Client, decodeAnswer, isRefusal } from './common.js'
import { runAt } from './dispatched.js'
import { isLimited, Run, wordsOf } from './github-answers.js'
import type { Missing, Uncertain } from './provider.js'

/** The version of the API that the description belongs to. */
const VERSION = '2022-11-28'

export interface GithubApi {
  readonly ask: <R extends keyof Endpoints>(
    route: R,
    parameters: Endpoints[R]['parameters'],
    headers?: { readonly [name: string]: string }
  ) => Promise<HttpResponse | Uncertain>
  readonly client: Client
  /** The result of an unexpected answer. */
  readonly doubt: (answer: HttpResponse) => Uncertain
  /** Whether the answer is a refusal that will not pass. */
  readonly isNo: (answer: HttpResponse) => boolean
  /** The result for a name that is not that of a run. */
  readonly nameless: (external: string) => Uncertain
  readonly runOf: (external: string) => Promise<Run | Missing | Uncertain>
}

export const createGithubApi = (client: Client, { token, url }: { readonly token: string; readonly url: string }): GithubApi => {
  const ask = <R extends keyof Endpoints>(
    route: R,
    parameters: Endpoints[R]['parameters'],
    headers: { readonly [name: string]: string } = {}
  ): Promise<HttpResponse | Uncertain> => {
    const built = endpoint(route, { ...parameters, baseUrl: url })
    const body: unknown = 'body' in built ? built.body : undefined
    return client.ask({
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'x-github-api-version': VERSION,
        ...headers
      },
      method: route.startsWith('POST ') ? 'POST' : 'GET',
      url: built.url,
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  }

  /** The result of an unexpected answer. At a rate limit, GitHub gives the time of its reset; if it does not, wait a minute. */
  const doubt = (answer: HttpResponse): Uncertain => {
    const asked = client.doubt(answer, wordsOf(answer))
    if (asked.waitMs > 0 || !isLimited(answer)) return asked
    const reset = Number(answer.headers.get('x-ratelimit-reset') ?? Number.NaN)
    const isSpent = answer.headers.get('x-ratelimit-remaining') === '0' && Number.isSafeInteger(reset)
    return { ...asked, waitMs: isSpent ? Math.max(resetMs(String(reset), client.nowMs()), 1_000) : 60_000 }
  }

  const isNo = (answer: HttpResponse): boolean => isRefusal(answer.status) && !isLimited(answer)

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" does not name a GitHub run`)

  const runOf = async (external: string): Promise<Run | Missing | Uncertain> => {
    const at = runAt(external)
    if (at === null) return nameless(external)
    const answer = await ask('GET /repos/{owner}/{repo}/actions/runs/{run_id}', at)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    return (answer.status === 200 ? decodeAnswer(Run, answer) : null) ?? doubt(answer)
  }

  return { ask, client, doubt, isNo, nameless, runOf }
}
