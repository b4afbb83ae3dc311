/**
 * Journals of numbers 1 and 2 are folded by today's rules, but where another state would come of them.
 *
 * Answers in them bear the numbers that were given out then. Fewer are given out now: what is told of knots whose names are none any more is
 * left out (former-knots.ts), and so are timers that there were not. A number that is still to come can only be that of the question
 * which is open now: it gets that number, and later ones follow it. One that has passed is of a question that had been let go of.
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

/** The number that comes next, where `number` has been given out. */
const beyond = (next: Natural, number: Natural): Natural => Math.max(next, number + 1) as Natural

/** The connection to a knot has that number. */
const connectionIs = (state: State, host: HostName, number: Natural): State => {
  const { knots } = state
  const subscription = O.toNullable(M.lookup(host)(knots.subscriptions))
  if (subscription === null) return state
  const connection = { ...subscription.connection, number }
  const subscriptions = M.upsertAt(host, { ...subscription, connection })(knots.subscriptions)
  return { ...state, knots: { ...knots, next: beyond(knots.next, number), subscriptions } }
}

const given = (state: State, number: Natural): State => ({ ...state, builds: { ...state.builds, next: beyond(state.builds.next, number) } })

/** What is asked about a run has that number. */
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

/** What is asked about a build has that number. */
const buildIs = (state: State, name: BuildName, number: Natural): State =>
  withBuild(state, name, number, (build) =>
    'request' in build.phase ? { ...build, phase: { ...build.phase, request: { ...build.phase.request, number } } } : build
  )

/** The request has that number. Of those for records, as many were made then as now; no knot was asked who may push. */
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

/** The time of a build has that number. */
const deadlineIs = (state: State, name: BuildName, number: Natural): State => withBuild(state, name, number, (build) => ({ ...build, deadline: number }))

/** The state in which what the event answers has the number that it bears. */
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

/** The state, but that no knot which nobody holds took a number: knots were not forgotten. They are from the next start on. */
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

/** The state with another run at a key that has one. */
const withRun = (state: State, key: Builds.RunKey, run: Builds.Run): State => ({
  ...state,
  builds: { ...state.builds, runs: M.upsertAt(key, run)(state.builds.runs) }
})

/** The run without the builds that no provider ever had. */
const planned = (run: Builds.Run): Builds.Run => ({
  ...run,
  builds: M.toEntries(run.builds).reduce((builds, [name, { recipe }]) => (recipe === null ? M.deleteAt(name)(builds) : builds), run.builds)
})

/** To repeat a run was to repeat the builds that a provider had: the others are set aside for the step. */
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
