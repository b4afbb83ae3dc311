/**
 * `sh.tangled.ci.subscribePipelineLogs`: the logs of a pipeline over a websocket, each from its first line on, until all have ended.
 *
 * A message is two maps in DAG-CBOR, one after the other: a header that says what it is, and a body (atproto.com/specs/event-stream). Source:
 * tangled.org/core, the lexicon of that name, and `spindle/xrpc`.
 */
import { encode } from '@atcute/cbor'
import * as E from 'fp-ts/lib/Either.js'
import { type BuildName, OrderedMap, pipelineRun, shownName, type State, workflowCalled } from '../../../core/index.js'
import { message } from '../../lib/messages.js'
import type { LogLine } from '../../providers/provider.js'
import type { Peer } from '../http/peer.js'
import type { HttpReply } from '../http/responses.js'
import { invalid, noPipeline, refused } from '../http/xrpc-answers.js'
import { defaultLogsLimits, linesOf, type LogFraming, type Logs, timeOf } from '../readers/logs.js'
import { pipelineIn } from './pipelines.js'

const CONTROL = encode({ op: 1, t: '#control' })
const DATA = encode({ op: 1, t: '#data' })
const ERROR = encode({ op: -1 })

const frame = (header: Uint8Array, body: object): Buffer => Buffer.concat([header, encode(body)])

/** A line of the log of a workflow, as the payloads of messages. */
export const pipelineFrames = (workflow: string, line: LogLine, lineChars = defaultLogsLimits.lineChars): ReadonlyArray<Buffer> => {
  const { step } = line
  const time = timeOf(line.timeMs)
  switch (line._tag) {
    case 'Step': {
      const { command, kind, name, status } = line
      return [frame(CONTROL, { content: name, kind, status, step, time, workflow, ...(command === '' ? {} : { command }) })]
    }
    case 'Text':
      return linesOf(line.text, lineChars).map((content) => frame(DATA, { content: `${content}\n`, step, stream: line.stream, time, workflow }))
  }
}

const framing: LogFraming = {
  failure: () => [message(frame(ERROR, { error: 'InternalServerError', message: 'the log is unavailable' }), true)],
  messages: ({ workflow }, line) => pipelineFrames(shownName(workflow), line).map((payload) => message(payload, true))
}

const FULL: HttpReply = refused(503, 'NotEnoughResources', 'too many log readers; retry later', { 'retry-after': '10' })

/** What serves a reader, or why it is refused. */
export const admitToLogs = (state: State, logs: Logs, query: URLSearchParams): E.Either<HttpReply, (peer: Peer) => void> => {
  const asked = pipelineIn(query)
  if (E.isLeft(asked)) return E.left(invalid(asked.left))
  const named = pipelineRun(asked.right.id)(state)
  if (named === null) return E.left(noPipeline)
  const workflows = OrderedMap.keys(named.run.builds)
  const called = [...new Set(asked.right.params.all('workflows'))].map((name) => workflowCalled(name, workflows))
  const known = called.filter((workflow) => workflow !== null)
  if (known.length < called.length) return E.left(refused(404, 'WorkflowNotFound', 'the pipeline has no workflow of that name: getPipeline lists those that it has'))
  const names = (known.length === 0 ? workflows : [...new Set(known)]).map((workflow): BuildName => ({ knot: named.knot, rkey: named.rkey, workflow }))
  const serve = logs.follow(names, framing)
  return serve === null ? E.left(FULL) : E.right(serve)
}
