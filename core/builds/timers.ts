/**
 * Timers: pauses end, and builds exceed their time limits (T4, T5).
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Request from '../base/request.js'
import { irrelevant } from '../base/transition.js'
import type { Natural } from '../data/natural.js'
import type { Timer } from '../event.js'
import { type BuildName, isFinal } from '../model/build.js'
import type { BuildsReduction, BuildsState, Context } from './model.js'
import { ask, askToCancel, end, requestOf } from './provider-requests.js'
import { askForFiles } from './reading.js'
import { forget } from './retention.js'
import { buildOf, runOf } from './runs.js'
import { onWaitOver } from './triggers.js'

const minutes = (ms: number): string => `${String(Math.ceil(ms / 60_000))} min`

const timeout = (context: Context, state: BuildsState, name: BuildName, number: Natural): BuildsReduction => {
  const build = buildOf(state, name)
  if (build === null || isFinal(build.status) || build.deadline !== number) return irrelevant
  const { pendingMs, runningMs } = context.config.builds
  const error =
    build.status === 'running'
      ? `The build ran for more than ${minutes(runningMs)}.`
      : `The build did not begin within ${minutes(pendingMs)}.`
  return O.some(end(context, state, name, { error, exitCode: null, status: 'timeout' }))
}

/** Makes a request again after its pause. */
const woken = (
  state: BuildsState,
  { number, requested }: Extract<Timer, { readonly _tag: 'RequestTimer' }>
): BuildsReduction => {
  switch (requested._tag) {
    case 'Access':
    case 'Records':
      return irrelevant
    case 'Workflows': {
      const { knot, rkey } = requested
      const run = runOf(state, knot, rkey)
      if (run?.phase._tag !== 'Reading' || !Request.isPausing(run.phase.request, number)) return irrelevant
      return O.some(askForFiles(state, knot, rkey, run, run.phase.workflows, run.phase.request.attempt))
    }
    case 'Build': {
      const name = requested.build
      const phase = buildOf(state, name)?.phase
      const request = phase === undefined ? null : requestOf(phase)
      if (phase === undefined || request === null || !Request.isPausing(request, number)) return irrelevant
      return O.some(
        phase._tag === 'Cancelling'
          ? askToCancel(state, name, phase.external, request.attempt)
          : ask(state, name, 'Finding', request.attempt)
      )
    }
  }
}

export const onTimer = (context: Context, state: BuildsState, fired: Timer): BuildsReduction => {
  switch (fired._tag) {
    case 'PushTimer':
      return onWaitOver(context, state, fired)
    case 'SourceTimer':
      return forget(context, state, fired)
    case 'RequestTimer':
      return woken(state, fired)
    case 'DeadlineTimer':
      return timeout(context, state, fired.build, fired.number)
    case 'JetstreamTimer':
    case 'KnotTimer':
      return irrelevant
  }
}
