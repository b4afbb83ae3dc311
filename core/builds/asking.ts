/**
 * What a provider is asked, and what the waiting for it is limited by.
 */
import { retryDelay } from '../connection.js'
import type { TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { Effect } from '../effect.js'
import type { Timer } from '../event.js'
import { type BuildName, type Recipe } from '../model/build.js'
import { type Build, type BuildPhase, type BuildsState, NONE, type Step } from './model.js'
import { planOf } from './plan.js'
import { about, numbered, andThen, withBuild } from './runs.js'
import { become, forget, type Outcome, publish } from './statuses.js'

/**
 * How often something is tried before it is left alone, where nothing else ends it: with the longest pauses, for two
 * hours.
 */
export const ATTEMPTS = 30

export const wake = (state: BuildsState, attempt: number, waitMs: number, timer: Timer): Effect => ({
  _tag: 'WakeAfter',
  ...retryDelay(state.settings.policy.backoff, attempt, waitMs),
  timer
})

/** Gives the build so long, from now on, to leave its status. */
export const armed = (state: BuildsState, name: BuildName): Step =>
  about(state, name, (build) => {
    const [after, deadline] = numbered(state)
    const { pendingMs, runningMs } = state.settings.policy
    const ms = build.status === 'running' ? runningMs : pendingMs
    return [
      withBuild(after, name, { ...build, deadline }),
      [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'DeadlineTimer', build: name, number: deadline } }]
    ]
  })

/** Asks the provider to start the build, or whether it has it. */
export const ask = (state: BuildsState, name: BuildName, _tag: 'Starting' | 'Finding'): Step =>
  about(state, name, (build, recipe, run) => {
    const [after, number] = numbered(state)
    return [
      withBuild(after, name, { ...build, phase: { _tag, number } }),
      [{ _tag: _tag === 'Starting' ? 'StartBuild' : 'FindBuild', build: name, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** Asks the provider to end the build, for the `attempt`th time. */
export const askToEnd = (state: BuildsState, name: BuildName, external: string, attempt: Natural = NONE): Step =>
  about(state, name, (build, recipe, run) => {
    const [after, number] = numbered(state)
    return [
      withBuild(after, name, { ...build, attempt, phase: { _tag: 'Cancelling', external, number } }),
      [{ _tag: 'CancelBuild', build: name, external, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** The provider has the build, and we want it. */
export const follow = (state: BuildsState, name: BuildName, external: string): Step =>
  about(state, name, (build, recipe, run) => [
    withBuild(state, name, { ...build, attempt: NONE, phase: { _tag: 'Following', external } }),
    [{ _tag: 'FollowBuild', build: name, external, plan: planOf(name, run, recipe) }]
  ])

/** Nothing more is owed to or by the provider: what it has to say of the build is not listened to any more. */
export const settled = (state: BuildsState, name: BuildName, external: string | null): Step =>
  about(state, name, (build) => [
    forget(withBuild(state, name, { ...build, phase: { _tag: 'Settled', external } }), name),
    externalOf(build.phase) === null ? [] : [{ _tag: 'UnfollowBuild', build: name }]
  ])

/**
 * The build ends here and now, whatever its provider does; one that the provider has, or may have, is to end there as
 * well.
 */
export const end = (state: BuildsState, at: TimeUs, name: BuildName, outcome: Outcome): Step =>
  about(state, name, ({ phase }) => {
    const ended = become(state, at, name, outcome)
    return phase._tag === 'Following' ? andThen(ended, (after) => askToEnd(after, name, phase.external)) : ended
  })

/** The provider's name for the build; `null` while none is known. */
export const externalOf = (phase: BuildPhase): string | null => ('external' in phase ? phase.external : null)

/** A build that is not there yet, with its first status. */
export const begin = (
  state: BuildsState,
  at: TimeUs,
  name: BuildName,
  recipe: Recipe | null,
  outcome: Outcome
): Step => {
  const build: Build = {
    attempt: NONE,
    deadline: NONE,
    doubtUs: null,
    error: null,
    exitCode: null,
    phase: { _tag: 'Settled', external: null },
    recipe,
    status: 'pending',
    statusUs: 0 as TimeUs
  }
  return publish(state, at, name, build, outcome)
}

/** A build that its provider is asked to start. */
export const start = (state: BuildsState, at: TimeUs, name: BuildName, recipe: Recipe): Step =>
  andThen(
    andThen(begin(state, at, name, recipe, { error: null, exitCode: null, status: 'pending' }), (after) =>
      armed(after, name)
    ),
    (after) => ask(after, name, 'Starting')
  )
