/**
 * Time: pauses that are over, and builds that have taken too long (T5).
 */
import type { TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { Timer } from '../event.js'
import { type BuildName, isFinal } from '../model/build.js'
import { unchanged } from '../transition.js'
import { askedBuild } from './answers.js'
import { ask, askToEnd, end } from './asking.js'
import type { BuildsState, Step } from './model.js'
import { read } from './reading.js'
import { buildOf, runOf } from './runs.js'

const minutes = (ms: number): string => `${String(Math.ceil(ms / 60_000))} min`

const timeout = (state: BuildsState, at: TimeUs, name: BuildName, number: Natural): Step => {
  const build = buildOf(state, name)
  if (build === null || isFinal(build.status) || build.deadline !== number) return unchanged(state)
  const { pendingMs, runningMs } = state.settings.policy
  const error =
    build.status === 'running'
      ? `The build ran for more than ${minutes(runningMs)}.`
      : `The build did not begin within ${minutes(pendingMs)}.`
  return end(state, at, name, { error, exitCode: null, status: 'timeout' })
}

export const timer = (state: BuildsState, at: TimeUs, fired: Timer): Step => {
  switch (fired._tag) {
    case 'WorkflowsTimer': {
      const run = runOf(state, fired.knot, fired.rkey)
      return run?.phase._tag === 'ReadPausing' && run.phase.number === fired.number
        ? read(state, fired.knot, fired.rkey, run, run.phase.workflows)
        : unchanged(state)
    }
    case 'BuildTimer': {
      const build = askedBuild(state, fired.build, fired.number)
      if (build?.phase._tag === 'Pausing') return ask(state, fired.build, 'Finding')
      return build?.phase._tag === 'CancelPausing'
        ? askToEnd(state, fired.build, build.phase.external, build.attempt)
        : unchanged(state)
    }
    case 'DeadlineTimer':
      return timeout(state, at, fired.build, fired.number)
    default:
      return unchanged(state)
  }
}
