/**
 * Folds journals of numbers 1 and 2: by today's rules, except where these would lead to another state.
 *
 * Answers in these journals carry the numbers that were assigned at that time. Fewer are assigned now, because events about former names of knots are
 * dropped (former-knots.ts), and so are timers that did not exist. An answer whose number has not been assigned yet can only belong to the request
 * that is open now: the request gets that number, and later ones follow it. An answer with a number that has passed belongs to a request that had
 * been abandoned.
 */
import * as O from 'fp-ts/lib/Option.js'
import {
  type BuildName,
  Builds,
  type Event,
  type HostName,
  type Natural,
  OrderedMap as M,
  Numbers,
  type Requested,
  type RetryRequested,
  type Rkey,
  type State,
  step
} from '../../core/index.js'

// ---------------------------------------------------------------------------------------- numbers

/** The next number to assign, after `number` has been assigned. */
const beyond = (next: Natural, number: Natural): Natural => Math.max(next, number + 1) as Natural

/** Gives the connection to a knot that number. */
const connectionIs = (state: State, host: HostName, number: Natural): State => {
  const { knots } = state
  const subscription = O.toNullable(M.lookup(host)(knots.subscriptions))
  if (subscription === null) return state
  const connection = { ...subscription.connection, number }
  const subscriptions = M.upsertAt(host, { ...subscription, connection })(knots.subscriptions)
  return { ...state, knots: { ...knots, next: beyond(knots.next, number), subscriptions } }
}

const given = (state: State, number: Natural): State => ({ ...state, builds: { ...state.builds, next: beyond(state.builds.next, number) } })

/** Gives the request of a run that number. */
const runIs = (state: State, knot: HostName, rkey: Rkey, number: Natural): State => {
  const run = Builds.runOf(state.builds, knot, rkey)
  if (run === null) return state
  const phase: Builds.RunPhase =
    run.phase._tag === 'Reading' ? { ...run.phase, request: { ...run.phase.request, number } } : run.phase._tag === 'Waiting' ? { ...run.phase, number } : run.phase
  return given(withRun(state, Builds.runKey(knot, rkey), { ...run, phase }), number)
}

const withBuild = (state: State, name: BuildName, number: Natural, change: (build: Builds.Build) => Builds.Build): State => {
  const { knot, rkey, workflow } = name
  const [run, build] = [Builds.runOf(state.builds, knot, rkey), Builds.buildOf(state.builds, name)]
  if (run === null || build === null) return state
  return given(withRun(state, Builds.runKey(knot, rkey), { ...run, builds: M.upsertAt(workflow, change(build))(run.builds) }), number)
}

/** Gives the request of a build that number. */
const buildIs = (state: State, name: BuildName, number: Natural): State =>
  withBuild(state, name, number, (build) =>
    'request' in build.phase ? { ...build, phase: { ...build.phase, request: { ...build.phase.request, number } } } : build
  )

/** Gives the request that number. Requests for records need none, since as many were made then as now, and knots were not asked about access. */
const requestIs = (state: State, requested: Requested, number: Natural): State => {
  switch (requested._tag) {
    case 'Access':
    case 'Records':
      return state
    case 'Workflows':
      return runIs(state, requested.knot, requested.rkey, number)
    case 'Build':
      return buildIs(state, requested.build, number)
  }
}

/** Gives the deadline of a build that number. */
const deadlineIs = (state: State, name: BuildName, number: Natural): State => withBuild(state, name, number, (build) => ({ ...build, deadline: number }))

/** Gives the open request or timer the number that its answer carries. */
const numberedAsIn = (state: State, event: Event): State => {
  const [open, number] = [Numbers.openNumber(state, event), Numbers.numberIn(event)]
  if (open === null || number === null || number <= open) return state
  switch (event._tag) {
    case 'KnotOpened':
    case 'KnotClosed':
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return connectionIs(state, event.host, number)
    case 'WorkflowsRead':
      return runIs(state, event.knot, event.rkey, number)
    case 'BuildAccepted':
    case 'BuildMissing':
    case 'CancelAcknowledged':
      return buildIs(state, event.build, number)
    case 'RequestFailed':
      return requestIs(state, event.requested, number)
    case 'TimerFired':
      switch (event.timer._tag) {
        case 'KnotTimer':
          return connectionIs(state, event.timer.host, number)
        case 'RequestTimer':
          return requestIs(state, event.timer.requested, number)
        case 'DeadlineTimer':
          return deadlineIs(state, event.timer.build, number)
        default:
          return state
      }
    default:
      return state
  }
}

/** The number of a timer that is set at the next start. */
const UNSET = 0 as Natural

/** Takes back the numbers that were assigned for knots that nobody uses: these knots were not forgotten at that time. The next start forgets them. */
const withoutLeaving = (before: State, after: State): State => {
  const left = M.toEntries(after.builds.sources).flatMap(([knot, source]) =>
    source.leaving !== null && source.leaving.number >= before.builds.next ? [{ knot, leaving: source.leaving, source }] : []
  )
  if (left.length === 0) return after
  const numbers = new Set<number>(left.map(({ leaving }) => leaving.number))
  let { next, sources } = after.builds
  while (numbers.has(next - 1)) next = (next - 1) as Natural
  for (const { knot, leaving, source } of left) {
    const unset: Builds.Source = { ...source, leaving: { ...leaving, number: UNSET } }
    sources = M.upsertAt(knot, unset)(sources)
  }
  return { ...after, builds: { ...after.builds, next, sources } }
}

// ---------------------------------------------------------------------------------------- orders

/** Replaces an existing run. */
const withRun = (state: State, key: Builds.RunKey, run: Builds.Run): State => ({
  ...state,
  builds: { ...state.builds, runs: M.upsertAt(key, run)(state.builds.runs) }
})

/** The run without builds that never had a provider. */
const planned = (run: Builds.Run): Builds.Run => ({
  ...run,
  builds: M.toEntries(run.builds).reduce((builds, [name, { recipe }]) => (recipe === null ? M.deleteAt(name)(builds) : builds), run.builds)
})

/** A retry repeated only the builds that had a provider. The others are set aside for this step. */
const retried = (state: State, event: RetryRequested): State => {
  const key = Builds.runKey(event.knot, event.rkey)
  const run = M.lookup(key)(state.builds.runs)
  if (O.isNone(run)) return step(state, event)[0]
  return withRun(step(withRun(state, key, planned(run.value)), event)[0], key, run.value)
}

/** The state after an event of such a journal. */
export const stepFormer = (before: State, event: Event): State => {
  const state = numberedAsIn(before, event)
  return withoutLeaving(state, event._tag === 'RetryRequested' ? retried(state, event) : step(state, event)[0])
}
