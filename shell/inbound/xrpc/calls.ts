/**
 * `sh.tangled.ci.triggerPipeline` and `cancelPipeline`: calls with a token. The core decides what comes of them (T7); here it is found
 * out who calls, and a pipeline that a call began is waited for until it has an id.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import { isUtf8 } from 'node:buffer'
import {
  type Builds,
  type Call,
  callAnswer,
  type CalledMethod,
  type CallReceived,
  decodeCall,
  type Effect,
  type HostName,
  pipelineUri,
  Rkey,
  runOutcome,
  type RunOutcome,
  type State,
  type Tid
} from '../../../core/index.js'
import type { SigningKeys } from '../../outbound/signing-keys.js'
import type { Clock, HandleCall } from '../../ports.js'
import { type Budget, readBody } from '../http/body.js'
import type { HttpReply } from '../http/responses.js'
import { invalid, noPipeline, ok, refused } from '../http/xrpc-answers.js'
import { badToken, claimedBy } from './tokens.js'

export interface CallPorts {
  readonly budget: Budget
  readonly clock: Clock
  readonly durable: () => State
  readonly handle: HandleCall
  readonly keys: SigningKeys
  readonly runs: BegunRuns
}

/** A body is a repository, a commit, names of workflows, and inputs of 64 KiB at most. */
export const CALL_BYTES_MAX = 262_144

const LARGE = refused(413, 'RequestTooLarge', `the body is larger than ${String(CALL_BYTES_MAX)} bytes`)
const BUSY = refused(503, 'NotEnoughResources', 'too many requests at once; retry later', { 'retry-after': '10' })
const UNSAVED = refused(503, 'InternalServerError', 'cannot be saved now; retry later with another token', { 'retry-after': '5' })
const SLOW = refused(504, 'UpstreamFailure', 'the knot has not given out the workflow files yet; the pipeline will be listed when it has')
const NO_RIGHT = refused(403, 'AccessControl', 'this account has no right to push to that repository, or it is not built here')

const REFUSALS: { readonly [refusal in Builds.CallRefusal]: HttpReply } = {
  busy: BUSY,
  ended: refused(409, 'PipelineEnded', 'nothing is left to cancel: it has ended'),
  expired: badToken({ error: 'JwtExpired', message: 'the token has expired: get another' }),
  limit: refused(503, 'NotEnoughResources', 'no room for another run: too many are waiting, or unfinished runs hold too much; retry later', { 'retry-after': '60' }),
  right: NO_RIGHT,
  unknown: noPipeline,
  used: badToken({ error: 'NonceNotUnique', message: 'the token has been used, and is valid only once: get another' }),
  workflow: refused(404, 'WorkflowNotFound', 'the pipeline has no workflow of that name: getPipeline lists those that it has')
}

const bodyOf = async (request: IncomingMessage, method: CalledMethod, budget: Budget): Promise<E.Either<HttpReply | null, Call>> => {
  const body = await readBody(request, CALL_BYTES_MAX, budget)
  if (E.isLeft(body)) return E.left(body.left === 'gone' ? null : body.left === 'large' ? LARGE : BUSY)
  const call = isUtf8(body.right) ? decodeCall(method)(body.right.toString()) : E.left('the body is not UTF-8')
  return E.isLeft(call) ? E.left(invalid(call.left)) : call
}

/** `POST /xrpc/sh.tangled.ci.{triggerPipeline,cancelPipeline}`. */
export const takeCall = async ({ budget, clock, durable, handle, keys, runs }: CallPorts, method: CalledMethod, request: IncomingMessage): Promise<HttpReply | null> => {
  const claimed = claimedBy(request, durable().config.hostname, method, clock.now())
  if (E.isLeft(claimed)) return claimed.left
  const call = await bodyOf(request, method, budget)
  if (E.isLeft(call)) return call.left
  const { caller, isSigned, token } = claimed.right
  const event = (): CallReceived => ({ _tag: 'CallReceived', at: clock.now(), call: call.right, caller, token })
  // No DID document is fetched for a call that would be refused in any case.
  const early = callAnswer(event())(durable())
  if (early._tag === 'Refused' && (early.refusal === 'right' || early.refusal === 'used')) return REFUSALS[early.refusal]
  const unsigned = await isSigned(keys)
  if (unsigned !== null) return unsigned
  const answered = async (wait: (run: Begun) => Promise<HttpReply>): Promise<HttpReply> => {
    const answer = await handle(event())
    if (answer === 'unsafe') return UNSAVED
    switch (answer._tag) {
      case 'Begun':
        return wait(answer)
      case 'Cancelled':
        return ok({})
      case 'Refused':
        return REFUSALS[answer.refusal]
    }
  }
  return runs.during(answered)
}

type Begun = Extract<Builds.CallAnswer, { readonly _tag: 'Begun' }>

/** Calls that wait for what they have begun. */
export interface BegunRuns {
  /** To be called with every durable batch. */
  readonly observe: (durable: State, effects: ReadonlyArray<Effect>) => void
  /** The answer to a call, which may have to wait for what it has begun; a refusal when too many wait. */
  readonly during: (call: (wait: (run: Begun) => Promise<HttpReply>) => Promise<HttpReply>) => Promise<HttpReply>
}

/** How many calls are answered at a time, and how long one waits for the files to be read: less than callers wait. */
const CALLS_MAX = 64
const WAIT_MS = 20_000

/** The address of a pipeline, of which clients take the last part as its id. */
const uriOf = (knot: HostName, id: Tid): string => (Rkey.is(id) ? pipelineUri(knot, id) : '')

const answerOf = ({ knot }: Begun, outcome: RunOutcome): HttpReply => {
  switch (outcome._tag) {
    case 'Announced':
      return ok({ pipeline: uriOf(knot, outcome.pipeline) })
    case 'Cancelled':
      return refused(409, 'PipelineEnded', 'it was cancelled before it began')
    case 'Empty':
      return invalid('there is nothing to run: .tangled/workflows has no workflow of that name at that commit')
    case 'Refused':
      return NO_RIGHT
    case 'Unreadable':
      return invalid(`the workflow files cannot be read: ${outcome.detail}`)
  }
}

export const createBegunRuns = (clock: Clock): BegunRuns => {
  const waiting = new Set<{ readonly run: Begun; readonly tell: (answer: HttpReply) => void }>()
  let calls = 0
  return {
    during: async (call) => {
      if (calls >= CALLS_MAX) return BUSY
      calls += 1
      try {
        return await call(
          (run) =>
            new Promise((resolve) => {
              const waiter = {
                run,
                tell: (answer: HttpReply): void => {
                  cancel()
                  waiting.delete(waiter)
                  resolve(answer)
                }
              }
              const cancel = clock.after(WAIT_MS, () => waiter.tell(SLOW))
              waiting.add(waiter)
            })
        )
      } finally {
        calls -= 1
      }
    },
    observe: (durable, effects) => {
      for (const waiter of [...waiting]) {
        const outcome = runOutcome(waiter.run)(durable, effects)
        if (outcome !== null) waiter.tell(answerOf(waiter.run, outcome))
      }
    }
  }
}
