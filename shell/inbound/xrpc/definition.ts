/** `sh.tangled.ci.describeWorkflowDefinition`: the workflow files of a commit in one hash, by which Tangled warns of a pull request that changes them. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Did, type HostName, repositoriesCalled, Sha, type State } from '../../../core/index.js'
import type { Definitions, NoDefinition } from '../../outbound/definitions.js'
import type { HttpReply } from '../http/responses.js'
import { invalid, ok, refused } from '../http/xrpc-answers.js'
import { didIn, type Params, paramsOf } from './params.js'

interface DefinitionAsked {
  readonly repo: Did
  readonly sha: Sha
  readonly source: Did
}

const shaIn = (params: Params): E.Either<string, Sha> => {
  const text = params.one('sha')
  return Sha.is(text) ? E.right(text) : E.left('"sha" must be the hash of a commit, 40 or 64 hexadecimal digits')
}

const sourceIn = (params: Params, repo: Did): E.Either<string, Did> => {
  const text = params.one('sourceRepo')
  if (text === null) return E.right(repo)
  return Did.is(text) ? E.right(text) : E.left('"sourceRepo" is not a DID')
}

const askedIn = (query: URLSearchParams): E.Either<string, DefinitionAsked> =>
  pipe(
    paramsOf(query, ['repo', 'sha', 'sourceRepo']),
    E.chain((params) =>
      pipe(
        E.Do,
        E.bind('repo', () => didIn('repo')(params)),
        E.bind('sha', () => shaIn(params)),
        E.bind('source', ({ repo }) => sourceIn(params, repo))
      )
    )
  )

const failed = ({ kind, sentence }: NoDefinition, missing: 'RefNotFound' | 'RepoNotFound'): HttpReply => {
  switch (kind) {
    case 'busy':
      return refused(503, 'NotEnoughResources', sentence, { 'retry-after': '10' })
    case 'large':
      return refused(400, 'InvalidRequest', `the workflow files cannot be compared: ${sentence}`)
    case 'missing':
      return refused(404, missing, missing === 'RefNotFound' ? `${sentence} in that repository, as its knot has it` : sentence)
    case 'unreachable':
      return refused(502, 'UpstreamFailure', sentence)
  }
}

const NOT_OURS = refused(404, 'RepoNotFound', 'no repository with that DID is built here, on the knot that its DID document names')

/** Whether a live record of a member gives the repository to us, on that very knot. */
const isOurs = (state: State, repo: Did, knot: HostName): boolean => repositoriesCalled(repo)(state).some((held) => held.knot === knot)

/** `GET /xrpc/sh.tangled.ci.describeWorkflowDefinition?repo=…&sha=…`. */
export const describeDefinition = async (state: State, { describe, knotOf }: Definitions, query: URLSearchParams): Promise<HttpReply> => {
  const asked = askedIn(query)
  if (E.isLeft(asked)) return invalid(asked.left)
  const { repo, sha, source } = asked.right
  // Nothing is fetched for repositories that are not built here.
  if (repositoriesCalled(repo)(state).length === 0) return NOT_OURS
  const { hosts } = state.config
  const knot = await knotOf(repo, hosts)
  if (E.isLeft(knot)) return failed(knot.left, 'RepoNotFound')
  if (!isOurs(state, repo, knot.right)) return NOT_OURS
  const from = source === repo ? knot : await knotOf(source, hosts)
  if (E.isLeft(from)) return failed(from.left, 'RepoNotFound')
  const found = await describe(source, from.right, sha)
  return E.isLeft(found) ? failed(found.left, 'RefNotFound') : ok({ derived: true, ...found.right })
}
