/** The life of a build, found by driving the machine: what its provider answers, what people want, what time and rights do. */
import * as O from 'fp-ts/lib/Option.js'
import { type Builds, type Did, type Natural, OrderedMap as M, type Request, type State, type TimeUs, type WorkflowName } from '../../../core/index.js'
import {
  building,
  buildTimer,
  cancel,
  deadlineTimer,
  KEY,
  missing,
  reports,
  refuses,
  retry,
  says,
  STARTING,
  wavers
} from '../../suite/examples/build-world.js'
import { at, BOB, CONFIG, eventOf, foldOf, type Happening as Happened, initialOf, K1, OWNER, put, repo, started } from '../../suite/examples/support.js'
import type { Machine, Move } from './explore.js'
import { ATTEMPT, counted, happen, type Happening, LIMITS, NEXT } from './happenings.js'

const KEY_OF_RUN = `${K1}/${KEY}` as Builds.RunKey
const WORKFLOW = 'ci.yml' as WorkflowName

const runIn = (state: State): Builds.Run | null => O.toNullable(M.lookup(KEY_OF_RUN)(state.builds.runs))

const buildIn = (state: State): Builds.Build | null => {
  const run = runIn(state)
  return run === null ? null : O.toNullable(M.lookup(WORKFLOW)(run.builds))
}

const withRun = (state: State, run: Builds.Run): State => ({
  ...state,
  builds: { ...state.builds, runs: M.upsertAt(KEY_OF_RUN, run)(state.builds.runs) }
})

const withBuild = (state: State, changes: Partial<Builds.Build>): State => {
  const run = runIn(state)
  const build = buildIn(state)
  return run === null || build === null ? state : withRun(state, { ...run, builds: M.upsertAt(WORKFLOW, { ...build, ...changes })(run.builds) })
}

/** What its provider is asked. */
const requestIn = (state: State): Request | null => {
  const phase = buildIn(state)?.phase
  return phase !== undefined && 'request' in phase ? phase.request : null
}

const numberIn = (state: State): number => requestIn(state)?.number ?? 0

const afterAttempts = (state: State, attempt: Natural): State => {
  const phase = buildIn(state)?.phase
  return phase !== undefined && 'request' in phase ? withBuild(state, { phase: { ...phase, request: { ...phase.request, attempt } } }) : state
}

const withoutRight = (state: State): State => {
  const run = runIn(state)
  return run === null ? state : withRun(state, { ...run, actor: BOB as Did })
}

const withoutProvider = (state: State): State => {
  const { config } = state
  return { ...state, config: { ...config, builds: { ...config.builds, providers: [] } } }
}

/** Its provider was asked to start it a moment ago. */
const withDoubt = (state: State): State => withBuild(state, { doubtUs: at(1_000_000) as TimeUs })

const afterPauses = (state: State): State => afterAttempts(state, LIMITS.any)

type Happens = (state: State, at: number) => Happened

const move = (label: string, happens: Happens, given?: (state: State) => State): Move<State, Happening> => ({
  label,
  event: (state, at) => ({ event: eventOf(happens(state, at)), ...(given === undefined ? {} : { given }) })
})

/** The record of the repository names another spindle from now on. */
const released: Happens = (state, at) => ({
  ...put(OWNER, 'app', repo({ spindle: 'other.example' }), at, { connection: state.cursor.connection.number }),
  at
})

const MOVES: ReadonlyArray<Move<State, Happening>> = [
  move('BuildAccepted', (state, at) => says('BuildAccepted', numberIn(state), at)),
  move('RequestFailed, final', (state, at) => refuses(numberIn(state), at)),
  move('BuildMissing', (state, at) => says('BuildMissing', numberIn(state), at)),
  move('BuildMissing, while a start may still come to light', (state, at) => missing(numberIn(state), at, 1_000), withDoubt),
  move('BuildMissing, the right gone', (state, at) => says('BuildMissing', numberIn(state), at), withoutRight),
  move('BuildMissing, no longer allowed', (state, at) => says('BuildMissing', numberIn(state), at), withoutProvider),
  move('BuildMissing, neither right nor allowed', (state, at) => says('BuildMissing', numberIn(state), at), (state) => withoutProvider(withoutRight(state))),
  move('RequestFailed', (state, at) => wavers(numberIn(state), at)),
  move('RequestFailed, `attempt` being 30', (state, at) => wavers(numberIn(state), at), afterPauses),
  move('CancelAcknowledged', (state, at) => says('CancelAcknowledged', numberIn(state), at)),
  ...(['pending', 'running', 'success'] as const).map((status) =>
    move(`BuildReported ${status === 'success' ? 'an end' : status}`, (_, at) => reports(status, at))
  ),
  move('BuildReported under another external name', (_, at) => reports('success', at, { external: '8' })),
  move('BuildReported by another provider', (_, at) => reports('success', at, { provider: 'local' })),
  move('RequestTimer', (state, at) => buildTimer(numberIn(state), at)),
  move('DeadlineTimer', (state, at) => deadlineTimer(buildIn(state)?.deadline ?? 0, at)),
  move('CancelRequested', (_, at) => cancel(at)),
  move('its record lets go of the knot', released),
  move('Started', (_, at) => started(at, building())),
  move('Started, its provider gone', (_, at) => started(at, building({ providers: ['local'] }))),
  move('an answer or a RequestTimer of another number', (state, at) => says('BuildAccepted', numberIn(state) + 1, at)),
  move('a DeadlineTimer of another number', (state, at) => deadlineTimer((buildIn(state)?.deadline ?? 0) + 1, at)),
  move('RetryRequested', (_, at) => retry(at))
]

const kindOf = (state: State): string => {
  const build = buildIn(state)
  if (build === null) return 'forgotten'
  const phase = `${build.phase._tag}${requestIn(state)?.phase === 'Pausing' ? ' pausing' : ''}`
  if (build.phase._tag === 'Settled' || build.phase._tag === 'Cancelling') return phase
  return build.status === 'pending' || build.status === 'running' ? `${phase}, ${build.status}` : `${phase}, ended`
}

const config = { ...CONFIG, ...building() }

/** A build of which a provider was asked to start it, on a bridge that runs. Another record holds the knot all the time. */
export const BUILD_MACHINE: Machine<State, Happening> = {
  start: foldOf(initialOf(config), [put(OWNER, 'lib', repo({ name: 'lib' }), at(0)), ...STARTING])[0],
  moves: MOVES,
  kindOf,
  prepared: (state) => {
    const counting = { ...state, builds: { ...state.builds, next: NEXT } }
    return afterAttempts(counting, ATTEMPT)
  },
  reduce: happen,
  view: (state) => counted(state.builds.next, requestIn(state)?.attempt ?? ATTEMPT)
}
