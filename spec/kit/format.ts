/**
 * The lines of traces, of vectors and of the protocol between the kit and a port (spec/formats.md), with their codecs.
 *
 * What a line carries is plain JSON here: to say whether an event is one is for whoever steps it.
 */
import * as t from 'io-ts'
import { Hash, Present, VERSION } from '../../shell/lib/trace.js'

export { EndLine, InitLine, StepLine, type Trace, TraceHeader, VERSION } from '../../shell/lib/trace.js'

const Start = t.union([t.strict({ config: Present }), t.strict({ state: Present })], 'Start')

// ---------------------------------------------------------------------------------------- vectors

export const SUBJECTS = [
  'did',
  'rkey',
  'tid',
  'nsid',
  'nanos',
  'date-time',
  'tid-after',
  'host',
  'excerpt',
  'canonical',
  'jetstream',
  'knot',
  'config',
  'state',
  'query',
  'fold',
  'trigger',
  'workflow',
  'glob',
  'when',
  'mistake',
  'variables',
  'pipeline-frame',
  'status-frame',
  'cursor',
  'build-key',
  'service-token',
  'inquiry',
  'list-records',
  'call'
] as const
export type Subject = (typeof SUBJECTS)[number]

export const VectorsHeader = t.strict(
  { _tag: t.literal('vectors'), about: t.string, subject: t.string, version: t.literal(VERSION) },
  'vectors'
)
export type VectorsHeader = t.TypeOf<typeof VectorsHeader>

export const Vector = t.strict(
  { _tag: t.literal('vector'), input: Present, name: t.string, output: Present, rules: t.readonlyArray(t.string) },
  'vector'
)
export type Vector = t.TypeOf<typeof Vector>

// ---------------------------------------------------------------------------------------- the protocol

const Id = new t.Type<number>(
  'id',
  (u): u is number => Number.isSafeInteger(u),
  (u, context) => (Number.isSafeInteger(u) ? t.success(u as number) : t.failure(u, context)),
  t.identity
)

export const Request = t.union(
  [
    t.strict({ _tag: t.literal('start'), id: Id, version: t.number }),
    t.intersection([t.type({ _tag: t.literal('init'), id: Id }), Start]),
    t.strict({ _tag: t.literal('step'), event: Present, id: Id }),
    t.strict({ _tag: t.literal('state'), id: Id }),
    t.strict({ _tag: t.literal('decode'), id: Id, input: Present, subject: t.string }),
    t.strict({ _tag: t.literal('stop'), id: Id })
  ],
  'Request'
)
export type Request = t.TypeOf<typeof Request>

/** One codec for each answer, so that what is wrong with one can be said in a sentence. */
export const Answers = {
  started: t.strict({ _tag: t.literal('started'), id: Id, name: t.string, version: t.number }, 'started'),
  done: t.strict({ _tag: t.literal('done'), hash: Hash, id: Id }, 'done'),
  stepped: t.strict({ _tag: t.literal('stepped'), effects: t.readonlyArray(Present), hash: Hash, id: Id }, 'stepped'),
  state: t.strict({ _tag: t.literal('state'), id: Id, state: Present }, 'state'),
  decoded: t.strict({ _tag: t.literal('decoded'), id: Id, output: Present }, 'decoded'),
  skipped: t.strict({ _tag: t.literal('skipped'), id: Id, reason: t.string }, 'skipped'),
  errored: t.strict({ _tag: t.literal('errored'), id: Id, message: t.string }, 'errored')
}
export type Answer = { readonly [tag in keyof typeof Answers]: t.TypeOf<(typeof Answers)[tag]> }[keyof typeof Answers]

/** The answer to each request, when it is neither skipped nor errored. `stop` has none. */
export const ANSWER_TO = {
  start: 'started',
  init: 'done',
  step: 'stepped',
  state: 'state',
  decode: 'decoded'
} as const
