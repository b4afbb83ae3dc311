/** The life of a run, from its trigger to its builds, found by driving the machine. */
import * as O from 'fp-ts/lib/Option.js'
import { Builds, type Did, type HostName, type Knots, type Natural, OrderedMap as M, type Request, type Rkey, type State } from '../../../core/index.js'
import {
  building,
  cancel,
  comes,
  filesRead,
  KEY,
  OTHER,
  pipeline,
  pushTimer,
  running,
  trigger,
  workflow,
  workflowsTimer
} from '../../suite/examples/build-world.js'
import {
  at,
  BOB,
  CONFIG,
  eventOf,
  foldOf,
  type Happening as Happened,
  initialOf,
  K1,
  knotOpened,
  OWNER,
  put,
  repo,
  started,
  type WrittenEvent
} from '../../suite/examples/support.js'
import type { Machine, Move } from './explore.js'
import { ATTEMPT, counted, happen, type Happening, LIMITS, NEXT } from './happenings.js'

const KNOT = K1 as HostName
const KEY_OF_RUN = `${K1}/${KEY}` as Builds.RunKey

const runIn = (state: State): Builds.Run | null => O.toNullable(M.lookup(KEY_OF_RUN)(state.builds.runs))

const withRun = (state: State, changes: Partial<Builds.Run>): State => {
  const run = runIn(state)
  return run === null ? state : { ...state, builds: { ...state.builds, runs: M.upsertAt(KEY_OF_RUN, { ...run, ...changes })(state.builds.runs) } }
}

/** The request for its files. */
const requestIn = (state: State): Request | null => {
  const phase = runIn(state)?.phase
  return phase?._tag === 'Reading' ? phase.request : null
}

const numberIn = (state: State): number => {
  const phase = runIn(state)?.phase
  return phase?._tag === 'Waiting' ? phase.number : (requestIn(state)?.number ?? 0)
}

/** As if the knot had sent this so far. */
const shown =
  (details: boolean, pipelines: boolean) =>
  (state: State): State => {
    const source = O.toNullable(M.lookup(KNOT)(state.builds.sources))
    const before: Builds.Source = source ?? { details, forgotten: null, leaving: null, pipelines, spent: M.empty<Rkey, null>() }
    return { ...state, builds: { ...state.builds, sources: M.upsertAt<HostName, Builds.Source>(KNOT, { ...before, details, pipelines })(state.builds.sources) } }
  }

const subscriptionIn = (state: State): Knots.Subscription | null => O.toNullable(M.lookup(KNOT)(state.knots.subscriptions))

const connectionIn = (state: State): number => subscriptionIn(state)?.connection.number ?? 0

/** The connection to the knot is asked for, and not open. */
const unconnected = (state: State): State => {
  const subscription = subscriptionIn(state)
  if (subscription === null) return state
  const connecting: Knots.Subscription = { ...subscription, connection: { ...subscription.connection, phase: { _tag: 'Connecting' } } }
  return { ...state, knots: { ...state.knots, subscriptions: M.upsertAt(KNOT, connecting)(state.knots.subscriptions) } }
}

/** A reading of files that has had so many pauses. */
const afterPauses =
  (attempt: Natural) =>
  (state: State): State => {
    const phase = runIn(state)?.phase
    return phase?._tag === 'Reading' ? withRun(state, { phase: { ...phase, request: { ...phase.request, attempt } } }) : state
  }

const withoutRight = (state: State): State => withRun(state, { actor: BOB as Did })

type Happens = (state: State, at: number) => Happened

const move = (label: string, happens: Happens, given?: (state: State) => State): Move<State, Happening> => ({
  label,
  event: (state, at) => ({ event: eventOf(happens(state, at)), ...(given === undefined ? {} : { given }) })
})

const named = trigger({ shape: 'named' })

const told: Happens = (state, at) => comes(named, at, { connection: connectionIn(state) })

const unread =
  (isFinal: boolean): Happens =>
  (state, at): WrittenEvent => ({ _tag: 'RequestFailed', at, error: 'no answer', isFinal, number: numberIn(state), requested: { _tag: 'Workflows', knot: K1, rkey: KEY }, waitMs: 0 })

const read =
  (...workflows: Parameters<typeof filesRead>[0]): Happens =>
  (state, at) =>
    filesRead(workflows, at, { number: numberIn(state) })

const MOVES: ReadonlyArray<Move<State, Happening>> = [
  move('its refUpdate, from a knot that sends details', told, shown(true, false)),
  move('its refUpdate, from a knot that has sent neither', told, shown(false, false)),
  move('its refUpdate, from a knot that sends pipelines', told, shown(false, true)),
  move('a pipeline of the push, under another key', (state, at) => comes(pipeline(), at, { connection: connectionIn(state), rkey: OTHER })),
  move('PushTimer', (state, at) => pushTimer(numberIn(state), at)),
  move('PushTimer, the knot not connected', (state, at) => pushTimer(numberIn(state), at), unconnected),
  move('KnotOpened', (state, at) => knotOpened(K1, connectionIn(state), at), unconnected),
  move('WorkflowsRead with a workflow that applies', read(workflow())),
  move('WorkflowsRead with none that applies', read()),
  move('WorkflowsRead, the right gone', read(workflow()), withoutRight),
  move('RequestFailed', unread(false)),
  move('RequestFailed, final, `attempt` being 4', unread(true), afterPauses((LIMITS.final - 1) as Natural)),
  move('RequestFailed, final, `attempt` being 5', unread(true), afterPauses(LIMITS.final)),
  move('RequestFailed, `attempt` being 30', unread(false), afterPauses(LIMITS.any)),
  move('RequestTimer', (state, at) => workflowsTimer(numberIn(state), at)),
  move('CancelRequested', (_, at) => cancel(at)),
  move('its record lets go of the knot', (state, at) => ({
    ...put(OWNER, 'app', repo({ spindle: 'other.example' }), at, { connection: state.cursor.connection.number }),
    at
  })),
  move('Started', (_, at) => started(at, building())),
  move('an answer or a timer of another number', (state, at) => filesRead([workflow()], at, { number: numberIn(state) + 1 }))
]

/** Where there is no run: what is remembered of its key. */
const spentOf = (state: State): string => {
  const source = O.toNullable(M.lookup(KNOT)(state.builds.sources))
  const told = source === null ? O.none : M.lookup(KEY as Rkey)(source.spent)
  if (O.isNone(told)) return 'no run'
  return told.value === null ? 'spent' : `spent, ${told.value.outcome}`
}

const kindOf = (state: State): string => {
  const phase = runIn(state)?.phase
  return phase === undefined ? spentOf(state) : `${phase._tag}${requestIn(state)?.phase === 'Pausing' ? ' pausing' : ''}`
}

/** Without the runs of other keys: what becomes of them is not looked at. */
const alone = (state: State): State => {
  if (runIn(state) !== null) return state
  const { builds } = state
  const sources = M.map((source: Builds.Source) => ({ ...source, reading: 0 as Natural }))(builds.sources)
  return { ...state, builds: { ...builds, kept: Builds.initial.kept, pushes: M.empty(), runs: M.empty(), sources } }
}

/** The run of one push, on a bridge that runs and is connected to its knot. */
export const RUN_MACHINE: Machine<State, Happening> = {
  start: foldOf(initialOf({ ...CONFIG, ...building() }), [put(OWNER, 'lib', repo({ name: 'lib' }), at(0)), ...running()])[0],
  moves: MOVES,
  kindOf,
  prepared: (state) => {
    const counting = alone(state)
    return afterPauses(ATTEMPT)({ ...counting, builds: { ...counting.builds, next: NEXT } })
  },
  reduce: happen,
  view: (state) => counted(state.builds.next, requestIn(state)?.attempt ?? ATTEMPT)
}
