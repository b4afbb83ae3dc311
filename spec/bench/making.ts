/** How one more of each thing that a store keeps comes about: by the frames and answers that make it in the machine. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { decodeFrame, decodeKnotFrame, type Effect, Event, explain, fold, type HostName, type Natural, OrderedMap, type State, type TimeUs, type WorkflowName } from '../../core/index.js'
import { commitBody, frameText, knotFrameText, pipeline, pipelineWorkflow, plc, seeded, tid } from '../../shell/demo-network/frames.js'
import { parseWorkflow } from '../../shell/outbound/workflows.js'
import type { Kept } from './jobs.js'
import { RECEIVED_US, roomy, stampOf } from './workload.js'

export const must = <A>(result: t.Validation<A>): A => {
  if (E.isLeft(result)) throw new Error(explain(result.left))
  return result.right
}

const KNOT = 'localhost:1' as HostName
const REPO = 'sh.tangled.repo'
/** The machine as a store is filled: what it takes is the journal's, too. */
export interface Machine {
  readonly state: () => State
  readonly take: (...events: ReadonlyArray<Event>) => ReadonlyArray<Effect>
}

/** A record of a repository, written. */
const repository = ({ state, take }: Machine, n: number, did: string, knot: string): void => {
  const record = { $type: REPO, createdAt: '', knot, name: `project-${String(n)}`, spindle: roomy.hostname }
  const text = frameText(commitBody(did, tid(stampOf(n)), { collection: REPO, operation: 'create', record, rkey: `r${String(n)}` }), stampOf(n))
  take(E.toUnion(decodeFrame({ at: RECEIVED_US, connection: state().cursor.connection.number })(text)))
}

const connectionOf = ({ state }: Machine): Natural => {
  const [first] = OrderedMap.toEntries(state().knots.subscriptions)
  if (first === undefined) throw new Error('no knot is held')
  return first[1].connection.number
}

/** No provider is there, so its build has failed. */
const WORKFLOW = 'when:\n  - event: push\n    branch: main\nengine: tack\ntack:\n  ci: {}\n'
const workflows = [parseWorkflow({ bytes: Buffer.from(WORKFLOW), name: 'ci.yml' as WorkflowName })]

const run = (machine: Machine, n: number): void => {
  if (n === 0) {
    repository(machine, 0, roomy.owner, KNOT)
    machine.take(must(Event.decode({ _tag: 'KnotOpened', at: RECEIVED_US, connection: connectionOf(machine), host: KNOT })))
  }
  const at = (RECEIVED_US + n) as TimeUs
  const push = {
    committerDid: roomy.owner,
    newSha: (n + 1).toString(16).padStart(40, '0'),
    oldSha: 'f'.repeat(40),
    ownerDid: roomy.owner,
    ref: 'refs/heads/main',
    repo: ''
  }
  const text = knotFrameText(pipeline(tid(at), KNOT, 'project-0', push, [pipelineWorkflow('ci.yml', WORKFLOW)]), BigInt(at) * 1_000n)
  const effects = machine.take(E.toUnion(decodeKnotFrame({ at, connection: connectionOf(machine), host: KNOT })(text)))
  for (const effect of effects)
    if (effect._tag === 'ReadWorkflows') {
      const { knot, number, rkey } = effect
      machine.take(must(Event.decode({ _tag: 'WorkflowsRead', at, defaultBranch: null, knot, number, rkey, sources: null, unkept: [], workflows })))
    }
}

/** How the n-th of them comes about. */
export const MAKE: { readonly [kept in Kept]: (machine: Machine, n: number) => void } = {
  accounts: (machine, n) => repository(machine, n, plc(seeded(n)), KNOT),
  knots: (machine, n) => repository(machine, n, roomy.owner, `knot-${String(n)}.example.com`),
  rows: (machine, n) => repository(machine, n, roomy.owner, KNOT),
  runs: run
}

/** How many of them there are. */
export const COUNT: { readonly [kept in Kept]: (state: State) => number } = {
  accounts: ({ commits }) => OrderedMap.size(commits.accounts),
  knots: ({ knots }) => OrderedMap.size(knots.subscriptions),
  rows: ({ commits }) => OrderedMap.toEntries(commits.accounts).reduce((sum, [, { repos }]) => sum + OrderedMap.size(repos), 0),
  runs: ({ builds }) => OrderedMap.size(builds.log)
}

/** A machine that goes on from that state. `keep` gets what its journal would hold. */
export const machineFrom = (start: State, keep: (events: ReadonlyArray<Event>) => void): Machine => {
  let state = start
  return {
    state: () => state,
    take: (...batch) => {
      const { effects, events, state: after } = fold(state, batch)
      state = after
      keep(events)
      return effects
    }
  }
}
