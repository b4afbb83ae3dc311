/** `sh.tangled.ci.queryPipelines` and `getPipeline`: the parameters read, the core asked, the answer written. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type CauseKind, CauseKind as Kind, pipelineAt, type PipelineQuery, queryPipelines, type State, Tid } from '../../../core/index.js'
import type { HttpReply } from '../http/responses.js'
import { invalid, noPipeline, ok } from '../http/xrpc-answers.js'
import { didIn, type Params, paramsOf, tidIn } from './params.js'

const LIMIT = 50
const LIMIT_MAX = 250
/** How many commits may be named in one call: as many as pipelines can be answered with. */
const COMMITS_MAX = 250

const DIGITS = /^[1-9][0-9]{0,2}$/

const limitIn = (params: Params): E.Either<string, number> => {
  const text = params.one('limit')
  if (text === null) return E.right(LIMIT)
  return DIGITS.test(text) && Number(text) <= LIMIT_MAX ? E.right(Number(text)) : E.left(`"limit" must be a number from 1 to ${String(LIMIT_MAX)}`)
}

const cursorIn = (params: Params): E.Either<string, Tid | null> => {
  const text = params.one('cursor')
  return text === null || Tid.is(text) ? E.right(text) : E.left('"cursor" is not valid: pass on that of the previous page, unchanged')
}

/** There are no pipelines of newer kinds here: a query for these alone finds none. */
const kindsIn = (params: Params): ReadonlyArray<CauseKind> | null => {
  const texts = params.all('kinds')
  return texts.length === 0 ? null : texts.filter(Kind.is)
}

const commitsIn = (params: Params): E.Either<string, ReadonlyArray<string> | null> => {
  const commits = [...new Set(params.all('commits'))]
  if (commits.length > COMMITS_MAX) return E.left(`"commits" may have at most ${String(COMMITS_MAX)} items`)
  return E.right(commits.length === 0 ? null : commits)
}

const queryIn = (query: URLSearchParams): E.Either<string, PipelineQuery> =>
  pipe(
    paramsOf(query, ['repo', 'cursor', 'limit']),
    E.chain((params) =>
      pipe(
        E.Do,
        E.bind('repo', () => didIn('repo')(params)),
        E.bind('commits', () => commitsIn(params)),
        E.bind('cursor', () => cursorIn(params)),
        E.let('kinds', () => kindsIn(params)),
        E.bind('limit', () => limitIn(params))
      )
    )
  )

/** `GET /xrpc/sh.tangled.ci.queryPipelines?repo=…`. */
export const answerQuery = (state: State, query: URLSearchParams): HttpReply =>
  pipe(
    queryIn(query),
    E.match(invalid, (asked) => {
      const { cursor, ...page } = queryPipelines(asked)(state)
      return ok(cursor === null ? page : { ...page, cursor })
    })
  )

/** The id of a pipeline, and the lists beside it. */
export const pipelineIn = (query: URLSearchParams): E.Either<string, { readonly id: Tid; readonly params: Params }> =>
  pipe(
    paramsOf(query, ['pipeline']),
    E.chain((params) =>
      pipe(
        tidIn('pipeline')(params),
        E.map((id) => ({ id, params }))
      )
    )
  )

/** `GET /xrpc/sh.tangled.ci.getPipeline?pipeline=…`. */
export const answerGet = (state: State, query: URLSearchParams): HttpReply =>
  pipe(
    pipelineIn(query),
    E.match(invalid, ({ id }) => {
      const view = pipelineAt(id)(state)
      return view === null ? noPipeline : ok(view)
    })
  )
