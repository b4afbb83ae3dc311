/**
 * Time: pauses that are over, and builds that have taken too long (T4, T5).
 */
import * as O from 'fp-ts/lib/Option.js'
import type { Natural } from '../data/natural.js'
import type { Timer } from '../event.js'
import { type BuildName, isFinal } from '../model/build.js'
import { nothing } from '../transition.js'
import { askedBuild } from './life.js'
import { ask, askToEnd, end } from './asking.js'
import { memoryOver } from './leaving.js'
import type { BuildsAnswer, BuildsState, Now } from './model.js'
import { askForFiles } from './reading.js'
import { buildOf, runOf } from './runs.js'
import { waitOver } from './triggers.js'

const minutes = (ms: number): string => `${String(Math.ceil(ms / 60_000))} min`

const timeout = (now: Now, state: BuildsState, name: BuildName, number: Natural): BuildsAnswer => {
  const build = buildOf(state, name)
  if (build === null || isFinal(build.status) || build.deadline !== number) return nothing
  const { pendingMs, runningMs } = now.config.builds
  const error =
    build.status === 'running'
      ? `The build ran for more than ${minutes(runningMs)}.`
      : `The build did not begin within ${minutes(pendingMs)}.`
  return O.some(end(now, state, name, { error, exitCode: null, status: 'timeout' }))
}

export const timer = (now: Now, state: BuildsState, fired: Timer): BuildsAnswer => {
  switch (fired._tag) {
    case 'PushTimer':
      return waitOver(now, state, fired)
    case 'SourceTimer':
      return memoryOver(now, state, fired)
    case 'WorkflowsTimer': {
      const run = runOf(state, fired.knot, fired.rkey)
      return run?.phase._tag === 'ReadPausing' && run.phase.number === fired.number
        ? O.some(askForFiles(state, fired.knot, fired.rkey, run, run.phase.workflows))
        : nothing
    }
    case 'BuildTimer': {
      const build = askedBuild(state, fired.build, fired.number)
      if (build?.phase._tag === 'Pausing') return O.some(ask(state, fired.build, 'Finding'))
      return build?.phase._tag === 'CancelPausing'
        ? O.some(askToEnd(state, fired.build, build.phase.external, build.attempt))
        : nothing
    }
    case 'DeadlineTimer':
      return timeout(now, state, fired.build, fired.number)
    default:
      return nothing
  }
}
