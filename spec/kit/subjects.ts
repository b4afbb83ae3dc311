/** What the core answers to the input of a vector, subject by subject (spec/formats.md). */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import {
  canonical,
  canonicalHost,
  Config,
  cursor,
  decodeFrame,
  decodeKnotFrame,
  Did,
  Event,
  excerpt,
  fold,
  holdersOf,
  HostName,
  HostPolicy,
  isMember,
  isTidAfter,
  isWanted,
  type Json,
  Nanos,
  Natural,
  Nsid,
  repoAt,
  Rkey,
  State,
  Tid,
  TimeUs,
  wantedKnots
} from '../../core/index.js'
import { must } from '../examples/support.js'
import type { Subject } from './format.js'
import { hashOf, stateHash } from '../../shell/trace.js'

const Question = t.union(
  [
    t.strict({ ask: t.literal('isMember'), did: t.string, state: State }),
    t.strict({ ask: t.literal('isWanted'), host: HostName, state: State }),
    t.strict({ ask: t.literal('holdersOf'), host: HostName, state: State }),
    t.strict({ ask: t.literal('wantedKnots'), state: State }),
    t.strict({ ask: t.literal('repoAt'), did: Did, rkey: Rkey, state: State }),
    t.strict({ ask: t.literal('cursor'), state: State })
  ],
  'Question'
)

const answerTo = (question: t.TypeOf<typeof Question>): Json => {
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
  })
}
