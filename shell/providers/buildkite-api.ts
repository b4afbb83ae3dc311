/** Requests to Buildkite's REST API (version 2), and where the builds of a job are there. */
import { resetMs } from '../outbound/retry-after.js'
import { Build, type Place, SLUG, wordsOf } from './buildkite-answers.js'
import { type Answer, type Client, decoded, type Request } from './common.js'
import type { Job, Missing, Refused, Uncertain } from './provider.js'

export interface BuildkiteApi {
  readonly ask: (path: string, request?: Omit<Request, 'url'>) => Promise<Answer | Uncertain>
  readonly buildAt: (external: string) => Promise<Build | Missing | Uncertain>
  readonly client: Client
  /** An answer that is none. */
  readonly doubt: (answer: Answer) => Uncertain
  /** Of a name that is none of a build. */
  readonly nameless: (external: string) => Uncertain
  /** The path of a pipeline. */
  readonly pathOf: (place: Place) => string
  /** The path of a build; `null` for what cannot be the name of one. */
  readonly pathOfBuild: (external: string) => string | null
  /** The pipeline of a job. */
  readonly placeOf: (job: Job) => Place | Refused
}

export interface BuildkiteAccount {
  readonly organizations: ReadonlyArray<string>
  readonly token: string
  readonly url: string
}

/** What a build is called here: organization, pipeline and number. */
export const EXTERNAL = /^([^/]+)\/([^/]+)\/([0-9]{1,15})$/

export const createBuildkiteApi = (client: Client, { organizations, token, url }: BuildkiteAccount): BuildkiteApi => {
  const ask = (path: string, request: Omit<Request, 'url'> = {}): Promise<Answer | Uncertain> =>
    client.ask({
      ...request,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers
      },
      url: `${url}/v2${path}`
    })

  /** An answer that is none. Too many requests: Buildkite says in `RateLimit-Reset` after how many seconds there may be more. */
  const doubt = (answer: Answer): Uncertain => {
    const asked = client.doubt(answer, wordsOf(answer))
    const waitMs = answer.status === 429 ? resetMs(answer.headers.get('ratelimit-reset'), client.nowMs()) : 0
    return { ...asked, waitMs: asked.waitMs === 0 ? waitMs : asked.waitMs }
  }

  const placeOf = ({ plan }: Job): Place | Refused => {
    const [organization = organizations[0] ?? ''] = plan.settings.filter(([key]) => key === 'org').map(([, value]) => value)
    if (!organizations.includes(organization)) return client.refuse(`Builds of the Buildkite organization "${organization}" are not started here.`)
    // A slug is a part of a path: anything else might lead to another one.
    if (!SLUG.test(plan.pipeline)) return client.refuse(`"${plan.pipeline}" is not the slug of a Buildkite pipeline.`)
    return { _tag: 'Place', organization, pipeline: plan.pipeline }
  }

  const pathOf = ({ organization, pipeline }: Place): string => `/organizations/${encodeURIComponent(organization)}/pipelines/${pipeline}`

  /** The path of a build. Its place is in its name: settings may have changed since. */
  const pathOfBuild = (external: string): string | null => {
    const [, organization, pipeline, number] = EXTERNAL.exec(external) ?? []
    if (organization === undefined || pipeline === undefined || number === undefined || !SLUG.test(pipeline)) return null
    return `${pathOf({ _tag: 'Place', organization, pipeline })}/builds/${number}`
  }

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" is not the name of a build at Buildkite`)

  const buildAt = async (external: string): Promise<Build | Missing | Uncertain> => {
    const path = pathOfBuild(external)
    if (path === null) return nameless(external)
    const answer = await ask(path)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    return (answer.status === 200 ? decoded(Build, answer) : null) ?? doubt(answer)
  }

  return { ask, buildAt, client, doubt, nameless, pathOf, pathOfBuild, placeOf }
}
