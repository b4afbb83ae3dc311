/** Requests to Gitea. */
import type * as t from 'io-ts'
import { type HttpResponse, type Client, decodeAnswer, isRefusal } from './common.js'
import { type WorkflowRef, runAt } from './dispatched.js'
import { Complaint, Dispatched, Repository, Run, User } from './gitea-answers.js'
import type { Missing, Uncertain } from './provider.js'

/** An answer that was as expected; its value. */
export interface Good<A> {
  readonly _tag: 'Good'
  readonly value: A
}

/** The owner and the name of a repository, and what follows in the path. */
type Path = readonly [owner: string, repo: string, ...rest: ReadonlyArray<string>]

export interface GiteaApi {
  readonly client: Client
  /** Dispatches a workflow. */
  readonly dispatch: (
    place: Pick<WorkflowRef, 'owner' | 'repo' | 'workflow'>,
    body: { readonly inputs: { readonly [name: string]: string }; readonly ref: string }
  ) => Promise<HttpResponse | Good<t.TypeOf<typeof Dispatched>> | Uncertain>
  /** The result of an unexpected answer. */
  readonly doubt: (answer: HttpResponse | Uncertain) => Uncertain
  /** Asks for something of a repository. */
  readonly get: <A>(codec: t.Type<A, unknown>, path: Path, query?: { readonly [name: string]: string }) => Promise<HttpResponse | Good<A> | Uncertain>
  readonly getUser: (login: string) => Promise<HttpResponse | Good<t.TypeOf<typeof User>> | Uncertain>
  /** Whether the answer is a refusal that will not pass. */
  readonly isNo: (answer: HttpResponse) => boolean
  /** The result for a name that is not that of a run. */
  readonly nameless: (external: string) => Uncertain
  /** The log of a job; a log that is too long is cut. */
  readonly readLog: (path: Path) => Promise<HttpResponse | Uncertain>
  readonly runOf: (external: string) => Promise<Run | Missing | Uncertain>
  readonly wordsOf: (answer: HttpResponse) => string
}

export const createGiteaApi = (client: Client, { token, url }: { readonly token: string; readonly url: string }): GiteaApi => {
  const headers = { accept: 'application/json', authorization: `token ${token}` }
  const at = (path: ReadonlyArray<string>, query: { readonly [name: string]: string } = {}): string => {
    const asked = new URLSearchParams(query).toString()
    return `${url}/api/v1/${path.map(encodeURIComponent).join('/')}${asked === '' ? '' : `?${asked}`}`
  }

  const wordsOf = (answer: HttpResponse): string => decodeAnswer(Complaint, answer)?.message ?? ''
  const doubt = (answer: HttpResponse | Uncertain): Uncertain => (answer._tag === 'Uncertain' ? answer : client.doubt(answer, wordsOf(answer)))
  const isNo = ({ status }: HttpResponse): boolean => isRefusal(status)
  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" does not name a Gitea run`)

  const read = <A>(codec: t.Type<A, unknown>, answer: HttpResponse | Uncertain): HttpResponse | Good<A> | Uncertain => {
    if (answer._tag === 'Uncertain' || answer.status !== 200) return answer
    const value = decodeAnswer(codec, answer)
    return value === null ? doubt(answer) : { _tag: 'Good', value }
  }

  const get: GiteaApi['get'] = async (codec, path, query) => read(codec, await client.ask({ headers, url: at(['repos', ...path], query) }))

  const runOf = async (external: string): Promise<Run | Missing | Uncertain> => {
    const run = runAt(external)
    if (run === null) return nameless(external)
    const answer = await get(Run, [run.owner, run.repo, 'actions', 'runs', String(run.run_id)])
    if (answer._tag === 'Good') return answer.value
    if (answer._tag === 'Uncertain' || answer.status !== 404) return doubt(answer)
    // If we lack the permission to see the repository, that proves nothing.
    const repository = await get(Repository, [run.owner, run.repo])
    return repository._tag === 'Good' ? { _tag: 'Missing' } : doubt(repository)
  }

  return {
    client,
    dispatch: async ({ owner, repo, workflow }, body) =>
      read(
        Dispatched,
        await client.ask({
          body: JSON.stringify(body),
          headers: { ...headers, 'content-type': 'application/json' },
          method: 'POST',
          url: at(['repos', owner, repo, 'actions', 'workflows', workflow, 'dispatches'], { return_run_details: 'true' })
        })
      ),
    doubt,
    get,
    getUser: async (login) => read(User, await client.ask({ headers, url: at(['users', login]) })),
    isNo,
    nameless,
    readLog: (path) => client.ask({ headers, overflow: 'cut', url: at(['repos', ...path]) }),
    runOf,
    wordsOf
  }
}
