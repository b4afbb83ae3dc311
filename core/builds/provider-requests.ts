/**
 * Requests to providers, and the deadlines of builds.
 */
import * as Request from '../base/request.js'
import type { Config } from '../config.js'
import type { TimeUs } from '../data/identifiers.js'
import { type Natural, ZERO } from '../data/natural.js'
import { type BuildName, type Recipe } from '../model/build.js'
import { type Build, type BuildPhase, type BuildsState, type BuildsStep, type Context } from './model.js'
import { planOf } from './plan.js'
import { andThen, ifPlanned, takeNumber, withBuild } from './runs.js'
import { forgetIfDropped, type NewStatus, publish, setStatus } from './statuses.js'

/** How long a build may stay in its status. */
export const limitMs = ({ builds: { pendingMs, runningMs } }: Config, { status }: Build): Natural =>
  status === 'running' ? runningMs : pendingMs

/** Sets a new deadline by which the build has to leave its status. */
export const withDeadline = ({ config }: Context, state: BuildsState, name: BuildName): BuildsStep =>
  ifPlanned(state, name, (build) => {
    const [after, deadline] = takeNumber(state)
    const ms = limitMs(config, build)
    return [
      withBuild(after, name, { ...build, deadline }),
      [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'DeadlineTimer', build: name, number: deadline } }]
    ]
  })

/** Asks the provider to start the build (`Starting`), or whether it has it (`Finding`). */
export const ask = (
  state: BuildsState,
  name: BuildName,
  _tag: 'Starting' | 'Finding',
  attempt: Natural = Request.FIRST
): BuildsStep =>
  ifPlanned(state, name, (build, recipe, run) => {
    const [after, number] = takeNumber(state)
    return [
      withBuild(after, name, { ...build, phase: { _tag, request: Request.asked(number, attempt) } }),
      [{ _tag: _tag === 'Starting' ? 'StartBuild' : 'FindBuild', build: name, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** Asks the provider to cancel the build. */
export const askToCancel = (
  state: BuildsState,
  name: BuildName,
  external: string,
  attempt: Natural = Request.FIRST
): BuildsStep =>
  ifPlanned(state, name, (build, recipe, run) => {
    const [after, number] = takeNumber(state)
    const phase: BuildPhase = { _tag: 'Cancelling', external, request: Request.asked(number, attempt) }
    return [
      withBuild(after, name, { ...build, phase }),
      [{ _tag: 'CancelBuild', build: name, external, number, plan: planOf(name, run, recipe) }]
    ]
  })

/** The provider has the build, and it is still wanted. */
export const follow = (state: BuildsState, name: BuildName, external: string): BuildsStep =>
  ifPlanned(state, name, (build, recipe, run) => [
    withBuild(state, name, { ...build, phase: { _tag: 'Following', external } }),
    [{ _tag: 'FollowBuild', build: name, external, plan: planOf(name, run, recipe) }]
  ])

/** Nothing is owed on either side: from now on, the provider's reports about the build are not read. */
export const settle = (state: BuildsState, name: BuildName, external: string | null): BuildsStep =>
  ifPlanned(state, name, (build) => [
    forgetIfDropped(withBuild(state, name, { ...build, phase: { _tag: 'Settled', external } }), name),
    externalOf(build.phase) === null ? [] : [{ _tag: 'UnfollowBuild', build: name }]
  ])

/**
 * Ends the build at once, whatever its provider does. If the provider has it, or may have it, it is cancelled there.
 */
export const end = (context: Context, state: BuildsState, name: BuildName, last: NewStatus): BuildsStep =>
  ifPlanned(state, name, ({ phase }) => {
    const ended = setStatus(context, state, name, last)
    return phase._tag === 'Following' ? andThen(ended, (after) => askToCancel(after, name, phase.external)) : ended
  })

/** The request to the provider about a build; `null` if there is none. */
export const requestOf = (phase: BuildPhase): Request.Request | null => ('request' in phase ? phase.request : null)

/** The provider's name for the build; `null` while none is known. */
export const externalOf = (phase: BuildPhase): string | null => ('external' in phase ? phase.external : null)

/** Adds a build, with its first status. */
export const begin = (
  context: Context,
  state: BuildsState,
  name: BuildName,
  recipe: Recipe | null,
  first: NewStatus
): BuildsStep => {
  const build: Build = {
    deadline: ZERO,
    doubtUs: null,
    error: null,
    exitCode: null,
    phase: { _tag: 'Settled', external: null },
    recipe,
    startedUs: null,
    status: 'pending',
    statusUs: 0 as TimeUs
  }
  return publish(context, state, name, build, first)
}

/** Adds a build, and asks its provider to start it. */
export const start = (context: Context, state: BuildsState, name: BuildName, recipe: Recipe): BuildsStep =>
  andThen(
    andThen(begin(context, state, name, recipe, { error: null, exitCode: null, status: 'pending' }), (after) =>
      withDeadline(context, after, name)
    ),
    (after) => ask(after, name, 'Starting')
  )
