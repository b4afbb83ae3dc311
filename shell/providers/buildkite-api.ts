/** Requests to Buildkite's REST API (version 2), and the paths of a job's builds there. */
import { resetMs } from '../outbound/retry-after.js'
import { Build, type PipelineRef, SLUG, wordsOf } from './buildkite-answers.js'
import { type HttpResponse, type Client, decodeAnswer, type Request } from './common.js'
import type { Job, Missing, Refused, Uncertain } from './provider.js'

export interface BuildkiteApi {
  readonly ask: (path: string, request?: Omit<Request, 'url'>) => Promise<HttpResponse | Uncertain>
  readonly buildAt: (external: string) => Promise<Build | Missing | Uncertain>
  readonly client: Client
  /** The result of an unexpected answer. */
  readonly doubt: (answer: HttpResponse) => Uncertain
  /** The result for a name that is not that of a build. */
  readonly nameless: (external: string) => Uncertain
  /** The path of a pipeline. */
  readonly pathOf: (place: PipelineRef) => string
  /** The path of a build; `null` if `external` cannot be its name. */
  readonly pathOfBuild: (external: string) => string | null
  /** The pipeline of a job. */
  readonly placeOf: (job: Job) => PipelineRef | Refused
}

export interface BuildkiteAccount {
  readonly organizations: ReadonlyArray<string>
  readonly token: string
  readonly url: string
}

/** The name of a build: organization, pipeline and number. */
export const EXTERNAL = /^([^/]+)\/([^/]+)\/([0-9]{1,15})$/

export const createBuildkiteApi = (client: Client, { organizations, token, url }: BuildkiteAccount): BuildkiteApi => {
  const ask = (path: string, request: Omit<Request, 'url'> = {}): Promise<HttpResponse | Uncertain> =>
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

  /** The result of an unexpected answer. On 429, `RateLimit-Reset` says after how many seconds the next request is allowed. */
  const doubt = (answer: HttpResponse): Uncertain => {
    const asked = client.doubt(answer, wordsOf(answer))
    const waitMs = answer.status === 429 ? resetMs(answer.headers.get('ratelimit-reset'), client.nowMs()) : 0
    return { ...asked, waitMs: asked.waitMs === 0 ? waitMs : asked.waitMs }
  }

  const placeOf = ({ plan }: Job): PipelineRef | Refused => {
    const [organization = organizations[0] ?? ''] = plan.settings.filter(([key]) => key === 'org').map(([, value]) => value)
    if (!organizations.includes(organization)) return client.refuse(`Builds of the Buildkite organization "${organization}" are not started here.`)
    // A slug is a segment of a path: anything else might lead to another one.
    if (!SLUG.test(plan.pipeline)) return client.refuse(`"${plan.pipeline}" is not the slug of a Buildkite pipeline.`)
    return { _tag: 'PipelineRef', organization, pipeline: plan.pipeline }
  }

  const pathOf = ({ organization, pipeline }: PipelineRef): string => `/organizations/${encodeURIComponent(organization)}/pipelines/${pipeline}`

  /** The path of a build. It comes from the name alone, because settings may have changed since. */
  const pathOfBuild = (external: string): string | null => {
    const [, organization, pipeline, number] = EXTERNAL.exec(external) ?? []
    if (organization === undefined || pipeline === undefined || number === undefined || !SLUG.test(pipeline)) return null
    return `${pathOf({ _tag: 'PipelineRef', organization, pipeline })}/builds/${number}`
  }

  const nameless = (external: string): Uncertain => client.uncertain(`"${external}" does not name a Buildkite build`)

  const buildAt = async (external: string): Promise<Build | Missing | Uncertain> => {
    const path = pathOfBuild(external)
    if (path === null) return nameless(external)
    const answer = await ask(path)
    if (answer._tag === 'Uncertain') return answer
    if (answer.status === 404) return { _tag: 'Missing' }
    return (answer.status === 200 ? decodeAnswer(Build, answer) : null) ?? doubt(answer)
  }

  return { ask, buildAt, client, doubt, nameless, pathOf, pathOfBuild, placeOf }
}
