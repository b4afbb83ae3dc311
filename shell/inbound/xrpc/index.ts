/**
 * XRPC, as Tangled's web application and other clients call it: the methods of `sh.tangled.ci`, and the owner of this spindle.
 *
 * Reading is public, and needs no token; triggering and cancelling do (calls.ts). Methods that do not
 * exist are answered with 501, which clients take for a spindle without them.
 */
import type { CalledMethod, Did, State } from '../../../core/index.js'
import type { Definitions } from '../../outbound/definitions.js'
import type { Asked, Route } from '../http/routes.js'
import { ok, refused } from '../http/xrpc-answers.js'
import type { Logs } from '../readers/logs.js'
import { type CallPorts, takeCall } from './calls.js'
import { describeDefinition } from './definition.js'
import { answerGet, answerQuery } from './pipelines.js'
import { admitToLogs } from './subscribe-logs.js'

export interface XrpcPorts {
  /** `undefined`: no definitions are read, and the method does not exist. */
  readonly definitions: Definitions | undefined
  /** `undefined`: nobody may call, and the methods do not exist. */
  readonly calls: CallPorts | undefined
  readonly durable: () => State
  readonly logs: Logs
  readonly owner: Did
}

type Answers = Extract<Route, { readonly _tag: 'Answers' }>

const NOT_A_QUERY = refused(405, 'InvalidRequest', 'this method is a query: use GET', { allow: 'GET' })
const NOT_A_PROCEDURE = refused(405, 'InvalidRequest', 'this method is a procedure: use POST', { allow: 'POST' })
const NO_SOCKET = refused(426, 'InvalidRequest', 'this method is a subscription: open it as a websocket', { connection: 'upgrade', upgrade: 'websocket' })
const NOT_THERE = refused(501, 'MethodNotImplemented', 'method not implemented by this spindle')

const query = (answer: (query: URLSearchParams) => ReturnType<Answers['answer']>): Route => ({
  _tag: 'Answers',
  answer: ({ method, query }: Asked) => (method === 'POST' ? NOT_A_QUERY : answer(query)),
  methods: ['GET', 'POST']
})

const procedure = (ports: CallPorts | undefined, called: CalledMethod): Route => ({
  _tag: 'Answers',
  answer: ({ method }, request) => {
    if (ports === undefined) return NOT_THERE
    return method === 'POST' ? takeCall(ports, called, request) : NOT_A_PROCEDURE
  },
  methods: ['GET', 'POST']
})

/** The route of a method, whatever it is called. */
export const xrpcRoute = ({ calls, definitions, durable, logs, owner }: XrpcPorts, method: string): Route => {
  switch (method) {
    case 'sh.tangled.ci.cancelPipeline':
    case 'sh.tangled.ci.triggerPipeline':
      return procedure(calls, method)
    case 'sh.tangled.ci.describeWorkflowDefinition':
      return query((params) => (definitions === undefined ? NOT_THERE : describeDefinition(durable(), definitions, params)))
    case 'sh.tangled.ci.getPipeline':
      return query((params) => answerGet(durable(), params))
    case 'sh.tangled.ci.queryPipelines':
      return query((params) => answerQuery(durable(), params))
    case 'sh.tangled.ci.subscribePipelineLogs':
      return { _tag: 'Socket', admit: (asked) => admitToLogs(durable(), logs, asked.query), plain: NO_SOCKET }
    case 'sh.tangled.owner':
      return query(() => ok({ owner }))
    default:
      return { _tag: 'Answers', answer: () => NOT_THERE, methods: ['GET', 'POST'], upgraded: NOT_THERE }
  }
}
