/**
 * Calls over XRPC: to build a repository, or to cancel a pipeline (T7).
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Rights from '../access/rights.js'
import { chain, irrelevant, transitionTo } from '../base/transition.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey, WorkflowName } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { CallReceived } from '../event.js'
import { type BuildName, isFinal, type Repository } from '../model/build.js'
import type { Call } from '../model/call.js'
import { fullness } from './fullness.js'
import type { BuildsReduction, BuildsState, Context, Run } from './model.js'
import { type NamedRun, runNamed, workflowCalled } from './named.js'
import { CANCELLED, type OrderRefusal } from './orders.js'
import { end } from './provider-requests.js'
import { askForFiles } from './reading.js'
import { freeKey } from './runs.js'
import { withSourceKept } from './sources.js'
import { nextStamp } from './statuses.js'
import { type TokenRefusal, tokenRefusal, withToken } from './tokens.js'

/** Why a call is refused: its token, a reason that orders share, or a workflow that the pipeline does not have. */
export type CallRefusal = TokenRefusal | Exclude<OrderRefusal, 'running' | 'undecided'> | 'workflow'

/** The answer to a call. */
export type CallAnswer =
  | {
      /** A run has begun under this key, and reports like any other. */
      readonly _tag: 'Begun'
      readonly knot: HostName
      readonly repository: Repository
      readonly rkey: Rkey
    }
  | {
      readonly _tag: 'Cancelled'
      /** Which builds end. */
      readonly builds: ReadonlyArray<BuildName>
    }
  | { readonly _tag: 'Refused'; readonly refusal: CallRefusal }

type Cancel = Extract<Call, { readonly _tag: 'CancelPipeline' }>
type Trigger = Extract<Call, { readonly _tag: 'TriggerPipeline' }>

const refusedFor = (refusal: CallRefusal): CallAnswer => ({ _tag: 'Refused', refusal })

/** The run of the pipeline, if it is one of that repository. */
const runOfRepository = (state: BuildsState, { pipeline, repo }: Cancel): NamedRun | null => {
  const named = runNamed(state, pipeline)
  return named?.run.repository.did === repo ? named : null
}

/** The workflows of the run that the call means; `null` if it names one that the run does not have. */
const workflowsMeant = (run: Run, names: ReadonlyArray<WorkflowName> | null): ReadonlyArray<WorkflowName> | null => {
  const workflows = M.keys(run.builds)
  if (names === null) return workflows
  const called = names.map((name) => workflowCalled(name, workflows))
  return called.includes(null) ? null : workflows.filter((workflow) => called.includes(workflow))
}

/** A caller without a right to the repository gets the same answer whether or not the pipeline exists. */
const answerToCancel = (grounds: Rights.Grounds, state: BuildsState, caller: Did, call: Cancel): CallAnswer => {
  const named = runOfRepository(state, call)
  if (named === null)
    return refusedFor(Rights.repositoryOfCaller(grounds, call.repo, caller) === null ? 'right' : 'unknown')
  const { knot, rkey, run } = named
  const right = Rights.rightTo(grounds, knot, { actor: caller, repository: run.repository })
  if (right !== 'granted') return refusedFor('right')
  const workflows = workflowsMeant(run, call.workflows)
  if (workflows === null) return refusedFor('workflow')
  const builds = M.toEntries(run.builds).flatMap(([workflow, { status }]) =>
    workflows.includes(workflow) && !isFinal(status) ? [{ knot, rkey, workflow }] : []
  )
  return builds.length === 0 ? refusedFor('ended') : { _tag: 'Cancelled', builds }
}

/** The run that a call begins. */
const runBy = (caller: Did, { cause, workflows }: Trigger, repository: Repository): Run => ({
  actor: caller,
  announced: null,
  builds: M.empty(),
  cause,
  defaultBranch: null,
  kind: 'call',
  met: null,
  only: workflows,
  phase: { _tag: 'Read' },
  repository,
  retryOf: null
})

const answerToTrigger = (
  grounds: Rights.Grounds,
  state: BuildsState,
  { at, caller }: CallReceived,
  call: Trigger
): CallAnswer => {
  const held = Rights.repositoryOfCaller(grounds, call.repo, caller)
  if (held === null) return refusedFor('right')
  const { knot, repository } = held
  if (fullness(grounds, state, knot, runBy(caller, call, repository), null) !== null) return refusedFor('limit')
  return { _tag: 'Begun', knot, repository, rkey: freeKey(state, knot, nextStamp(state, at)) }
}

/** How a call is answered in this state. This is the only place that decides it. */
export const answerTo = (grounds: Rights.Grounds, state: BuildsState, event: CallReceived): CallAnswer => {
  const { call, caller } = event
  const refusal = tokenRefusal(state, event)
  if (refusal !== null) return refusedFor(refusal)
  return call._tag === 'CancelPipeline'
    ? answerToCancel(grounds, state, caller, call)
    : answerToTrigger(grounds, state, event, call)
}

/** Refusals that concern the caller, not what the call asks for. They do not use up the token. */
const ABOUT_CALLER: ReadonlyArray<CallRefusal> = ['expired', 'used', 'busy', 'right']

/** Whether such an answer uses up the token. Once the caller has a right to the repository, any answer does. */
const isTaken = (answer: CallAnswer): boolean =>
  answer._tag !== 'Refused' || !ABOUT_CALLER.includes(answer.refusal)

/** Carries out a call and uses up its token. One event does both, so neither is ever remembered without the other. */
export const onCall = (context: Context, state: BuildsState, event: CallReceived): BuildsReduction => {
  const { call, caller } = event
  const answer = answerTo(context, state, event)
  if (!isTaken(answer)) return irrelevant
  const taken = withToken(state, event)
  if (answer._tag === 'Cancelled')
    return O.some(chain(taken, answer.builds, (before, name) => end(context, before, name, CANCELLED)))
  if (answer._tag === 'Refused' || call._tag !== 'TriggerPipeline') return transitionTo(taken)
  const { knot, repository, rkey } = answer
  return O.some(askForFiles(withSourceKept(taken, knot), knot, rkey, runBy(caller, call, repository), null))
}
