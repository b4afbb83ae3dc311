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
  type Builds,
  type Connections,
  type Event,
  type HostName,
  type Natural,
  OrderedMap as M,
  type RetryRequested,
  type Rkey,
  type State,
  step,
  type TimeUs
} from '../../core/index.js'

// ---------------------------------------------------------------------------------------- numbers

/** The number that comes next, where `number` has been given out. */
const beyond = (next: Natural, number: Natural): Natural => Math.max(next, number + 1) as Natural

/** The connection to a knot, if it is in such a phase, has that number. */
const connectionIs = (state: State, host: HostName, number: Natural, phases: ReadonlyArray<Connections.Connection['phase']['_tag']>): State => {
  const { knots } = state
  const subscription = O.toNullable(M.lookup(host)(knots.subscriptions))
  if (subscription === null || number <= subscription.connection.number || !phases.includes(subscription.connection.phase._tag)) return state
  const connection = { ...subscription.connection, number }
  const subscriptions = M.upsertAt(host, { ...subscription, connection })(knots.subscriptions)
  return { ...state, knots: { ...knots, next: beyond(knots.next, number), subscriptions } }
}

const runKey = (knot: HostName, rkey: Rkey): Builds.RunKey => `${knot}/${rkey}` as Builds.RunKey

const runAt = (state: State, knot: HostName, rkey: Rkey): Builds.Run | null => O.toNullable(M.lookup(runKey(knot, rkey))(state.builds.runs))

const given = (state: State, number: Natural): State => ({ ...state, builds: { ...state.builds, next: beyond(state.builds.next, number) } })

/** What is asked about a run, in such a phase, has that number. */
const runIs = (state: State, knot: HostName, rkey: Rkey, number: Natural, phases: ReadonlyArray<Builds.RunPhase['_tag']>): State => {
  const run = runAt(state, knot, rkey)
  if (run === null || !('number' in run.phase) || number <= run.phase.number || !phases.includes(run.phase._tag)) return state
  return given(withRun(state, runKey(knot, rkey), { ...run, phase: { ...run.phase, number } }), number)
}

const withBuild = (state: State, { knot, rkey, workflow }: BuildName, change: (build: Builds.Build) => Builds.Build | null): State => {
  const run = runAt(state, knot, rkey)
  const build = run === null ? null : O.toNullable(M.lookup(workflow)(run.builds))
  const changed = build === null ? null : change(build)
  return run === null || changed === null ? state : withRun(state, runKey(knot, rkey), { ...run, builds: M.upsertAt(workflow, changed)(run.builds) })
}

/** What is asked about a build, in such a phase, has that number. */
const buildIs = (state: State, name: BuildName, number: Natural, phases: ReadonlyArray<Builds.BuildPhase['_tag']>): State => {
  const changed = withBuild(state, name, (build) =>
    'number' in build.phase && number > build.phase.number && phases.includes(build.phase._tag) ? { ...build, phase: { ...build.phase, number } } : null
  )
  return changed === state ? state : given(changed, number)
}

/** How much sooner than it should a timer may have fired. */
const EARLY_US = 1_000_000

/** The time of a build has that number, if it can be over: timers of a status that it has left fire, too. */
const deadlineIs = (state: State, at: TimeUs, name: BuildName, number: Natural): State => {
  const { pendingMs, runningMs } = state.builds.settings.policy
  const changed = withBuild(state, name, (build) => {
    const ms = build.status === 'running' ? runningMs : pendingMs
    return number > build.deadline && at - build.statusUs >= ms * 1_000 - EARLY_US ? { ...build, deadline: number } : null
  })
  return changed === state ? state : given(changed, number)
}

/** The state in which what the event answers has the number that it bears. */
const numberedAsIn = (state: State, event: Event): State => {
  switch (event._tag) {
    case 'KnotOpened':
      return connectionIs(state, event.host, event.connection, ['Connecting'])
    case 'KnotClosed':
      return connectionIs(state, event.host, event.connection, ['Connecting', 'Open'])
    case 'KnotFrameRejected':
    case 'KnotReceived':
      return connectionIs(state, event.host, event.connection, ['Open'])
    case 'WorkflowsRead':
    case 'WorkflowsUnread':
      return runIs(state, event.knot, event.rkey, event.number, ['Reading'])
    case 'BuildAccepted':
    case 'BuildRefused':
      return buildIs(state, event.build, event.number, ['Starting', 'Finding'])
    case 'BuildMissing':
      return buildIs(state, event.build, event.number, ['Finding'])
    case 'BuildUncertain':
      return buildIs(state, event.build, event.number, ['Starting', 'Finding', 'Cancelling'])
    case 'CancelHeard':
      return buildIs(state, event.build, event.number, ['Cancelling'])
    case 'TimerFired':
      switch (event.timer._tag) {
        case 'KnotTimer':
          return connectionIs(state, event.timer.host, event.timer.connection, ['Waiting'])
        case 'WorkflowsTimer':
          return runIs(state, event.timer.knot, event.timer.rkey, event.timer.number, ['ReadPausing'])
        case 'BuildTimer':
          return buildIs(state, event.timer.build, event.timer.number, ['Pausing', 'CancelPausing'])
        case 'DeadlineTimer':
          return deadlineIs(state, event.at, event.timer.build, event.timer.number)
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
  builds: M.toEntries(run.builds).reduce((builds, [name, { plan }]) => (plan === null ? M.deleteAt(name)(builds) : builds), run.builds)
})

/** To repeat a run was to repeat the builds that a provider had: the others are set aside for the step. */
const retried = (state: State, event: RetryRequested): State => {
  const key = runKey(event.knot, event.rkey)
  const run = M.lookup(key)(state.builds.runs)
  if (O.isNone(run)) return step(state, event)[0]
  return withRun(step(withRun(state, key, planned(run.value)), event)[0], key, run.value)
}

/** The state after an event of such a journal. */
export const stepFormer = (before: State, event: Event): State => {
  const state = numberedAsIn(before, event)
  return withoutLeaving(state, event._tag === 'RetryRequested' ? retried(state, event) : step(state, event)[0])
}
