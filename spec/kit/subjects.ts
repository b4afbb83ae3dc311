/** What the core answers to the input of a vector, subject by subject (spec/formats.md). */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import {
  Access,
  applies,
  buildKey,
  BuildName,
  Builds,
  CALLED,
  canonical,
  canonicalHost,
  Cause,
  CauseKind,
  Collection,
  Condition,
  Config,
  cursor,
  decodeCall,
  decodeCursor,
  decodeFrame,
  decodeKnotFrame,
  decodeListRecords,
  decodeServiceToken,
  decodeTrigger,
  decodeWorkflow,
  Did,
  Event,
  excerpt,
  fold,
  holdersOf,
  HostName,
  HostPolicy,
  isMember,
  isTidAfter,
  judgeServiceToken,
  isWanted,
  type Json,
  matchGlob,
  mistakeIn,
  Nanos,
  Natural,
  Nsid,
  Pair,
  pipelineAt,
  PipelineEntry,
  pipelineFrame,
  queryPipelines,
  ReaderCursor,
  repoAt,
  Repository,
  Rkey,
  State,
  StatusEntry,
  statusFrame,
  Tid,
  timeOfDateTime,
  TimeUs,
  variablesOf,
  wantedKnots,
  withReserved,
  WorkflowName,
  type Yaml
} from '../../core/index.js'
import { must } from '../suite/examples/support.js'
import type { Subject } from './format.js'
import { hashOf, stateHash } from '../../shell/lib/trace.js'

const Question = t.union(
  [
    t.strict({ ask: t.literal('isMember'), did: t.string, state: State }),
    t.strict({ ask: t.literal('isWanted'), host: HostName, state: State }),
    t.strict({ ask: t.literal('holdersOf'), host: HostName, state: State }),
    t.strict({ ask: t.literal('wantedKnots'), state: State }),
    t.strict({ ask: t.literal('repoAt'), did: Did, rkey: Rkey, state: State }),
    t.strict({ ask: t.literal('cursor'), state: State }),
    t.strict({ after: TimeUs, ask: t.literal('statuses'), limit: Natural, state: State }),
    t.strict({ ask: t.literal('servedAfter'), cursor: t.union([ReaderCursor, t.null]), state: State }),
    t.strict({ ask: t.literal('pipeline'), id: Tid, state: State }),
    t.strict({
      ask: t.literal('pipelines'),
      commits: t.union([t.array(t.string), t.null]),
      cursor: t.union([Tid, t.null]),
      kinds: t.union([t.array(CauseKind), t.null]),
      limit: Natural,
      repo: Did,
      state: State
    })
  ],
  'Question'
)

const answerTo = (question: t.TypeOf<typeof Question>): unknown => {
  switch (question.ask) {
    case 'isMember':
      return isMember(question.did)(question.state)
    case 'isWanted':
      return isWanted(question.host)(question.state)
    case 'holdersOf':
      return holdersOf(question.host)(question.state)
    case 'wantedKnots':
      return wantedKnots(question.state)
    case 'repoAt':
      return O.toNullable(repoAt(question.did, question.rkey)(question.state))
    case 'cursor':
      return cursor(question.state)
    case 'statuses': {
      const { entries, isBelowFloor } = Builds.pageAfter(question.state.builds, question.after, question.limit)
      return { entries, isBelowFloor }
    }
    case 'servedAfter':
      return Builds.servedAfter(question.state.builds, question.cursor)
    case 'pipeline':
      return pipelineAt(question.id)(question.state)
    case 'pipelines':
      return queryPipelines(question)(question.state)
  }
}

const isWellFormed =
  (codec: { readonly decode: (u: unknown) => E.Either<t.Errors, unknown> }) =>
  (input: unknown): Json =>
    E.isRight(codec.decode(input))

/** An answer that depends on the input, which must be one of `codec`. */
const answer =
  <A>(codec: t.Type<A, unknown>, f: (input: A) => unknown) =>
  (input: unknown): Json =>
    f(must(codec.decode(input))) as Json

const Receipt = { at: TimeUs, connection: Natural }

/** What a YAML parser says, as the core takes it. */
const YamlValue: t.Type<Yaml> = t.recursion('Yaml', () =>
  t.union([
    t.null,
    t.string,
    t.readonlyArray(YamlValue),
    t.strict({ scalar: t.string }),
    t.strict({ map: t.readonlyArray(t.readonly(t.tuple([t.string, YamlValue]))) })
  ])
)

const Said = t.union([
  t.strict({ _tag: t.literal('Answered'), status: Natural, text: t.string, waitMs: Natural }),
  t.strict({ _tag: t.literal('Missing'), detail: t.string }),
  t.strict({ _tag: t.literal('Unanswered'), error: t.string, waitMs: Natural })
])

const Method = t.union([t.literal(CALLED[0]), t.literal(CALLED[1])])

/** How far an inquiry is, without sentences. */
const gistOf = (inquiry: Access.Inquiry): Json => {
  switch (inquiry._tag) {
    case 'AskCollaborators':
      return { _tag: inquiry._tag, cursor: inquiry.cursor }
    case 'Found':
      return { _tag: inquiry._tag, access: inquiry.access._tag === 'Denied' ? { _tag: 'Denied', keepsLists: inquiry.access.keepsLists } : inquiry.access }
    case 'Unread':
      return { _tag: inquiry._tag, waitMs: inquiry.waitMs }
    default:
      return { _tag: inquiry._tag }
  }
}

/** Yes or no, or the sentence that says why neither. */
const verdict: (result: E.Either<string, boolean>) => boolean | { readonly error: string } = E.matchW(
  (error) => ({ error }),
  (holds) => holds
)

/**
 * The answers.
 *
 * @throws Error when the input is not what the subject asks for.
 */
export const SUBJECT: { readonly [subject in Subject]: (input: unknown) => Json } = {
  did: isWellFormed(Did),
  rkey: isWellFormed(Rkey),
  tid: isWellFormed(Tid),
  nsid: isWellFormed(Nsid),
  nanos: isWellFormed(Nanos),
  'date-time': answer(t.string, (text) => O.toNullable(timeOfDateTime(text))),
  'tid-after': answer(t.strict({ tid: Tid, timeUs: TimeUs, toleranceUs: Natural }), ({ tid, timeUs, toleranceUs }) =>
    isTidAfter(tid, timeUs, toleranceUs)
  ),
  host: answer(t.strict({ hosts: HostPolicy, text: t.string }), ({ hosts, text }) => O.toNullable(canonicalHost(hosts)(text))),
  excerpt: answer(t.string, excerpt),
  canonical: answer(t.string, (text) => {
    const value = JSON.parse(text) as Json
    return { hash: hashOf(value), text: canonical(value) }
  }),
  jetstream: answer(t.strict({ ...Receipt, text: t.string }), ({ text, ...receipt }) => E.toUnion(decodeFrame(receipt)(text))),
  knot: answer(t.strict({ ...Receipt, host: HostName, text: t.string }), ({ text, ...receipt }) =>
    E.toUnion(decodeKnotFrame(receipt)(text))
  ),
  config: isWellFormed(Config),
  state: isWellFormed(State),
  query: answer(Question, answerTo),
  fold: answer(t.strict({ events: t.array(Event), state: State }), ({ events, state }) => {
    const folded = fold(state, events)
    return { effects: folded.effects, events: folded.events, hash: stateHash(folded.state), isLazy: folded.isLazy }
  }),
  trigger: answer(t.strict({ event: t.unknown, nsid: t.string }), ({ event, nsid }) => decodeTrigger(nsid, event)),
  mistake: answer(t.strict({ when: t.array(Condition) }), ({ when }) => mistakeIn(when)),
  workflow: answer(t.strict({ content: t.string, data: YamlValue, name: WorkflowName }), ({ content, data, name }) => {
    const workflow = decodeWorkflow(name, content, data)
    return workflow._tag === 'Faulty' ? { detail: workflow.error, when: workflow.when } : workflow
  }),
  glob: answer(t.strict({ name: t.string, pattern: t.string }), ({ name, pattern }) => verdict(matchGlob(pattern)(name))),
  when: answer(t.strict({ cause: Cause, when: t.array(Condition) }), ({ cause, when }) => verdict(applies(when, cause))),
  variables: answer(
    t.strict({
      cause: Cause,
      defaultBranch: t.union([t.string, t.null]),
      environment: t.array(Pair),
      knot: HostName,
      repository: Repository,
      rkey: Rkey
    }),
    ({ environment, ...facts }) => withReserved(environment, variablesOf(facts))
  ),
  'pipeline-frame': answer(PipelineEntry, pipelineFrame),
  'status-frame': answer(StatusEntry, statusFrame),
  cursor: answer(t.string, (text) => O.toNullable(O.fromEither(decodeCursor(text)))),
  'build-key': answer(BuildName, buildKey),
  inquiry: answer(t.strict({ hosts: HostPolicy, knot: HostName, repo: t.string, said: t.array(Said) }), ({ said, ...about }) => {
    const course = [Access.inquiry(about.repo)]
    for (const one of said) course.push(Access.afterAnswer(about, course.at(-1) ?? Access.inquiry(about.repo), one))
    return course.map(gistOf)
  }),
  'list-records': answer(
    t.strict({ collection: Collection, cursor: t.union([t.string, t.null]), did: Did, text: t.string }),
    ({ text, ...asked }) =>
      pipe(
        decodeListRecords(asked)(text),
        E.matchW(
          () => null,
          ({ next, records }) => ({ next, records })
        )
      )
  ),
  call: answer(t.strict({ method: Method, text: t.string }), ({ method, text }) => O.toNullable(O.fromEither(decodeCall(method)(text)))),
  'service-token': answer(
    t.strict({ at: TimeUs, audience: t.string, claims: t.string, header: t.string, method: t.string, service: t.string }),
    ({ claims, header, ...called }) =>
      pipe(
        decodeServiceToken(header, claims),
        E.chain(judgeServiceToken(called)),
        E.match(
          ({ error }): Json => ({ error }),
          (token): Json => token
        )
      )
  )
}
