/**
 * When to believe a provider that says it does not have a build (T5). It may show a build only some time after taking
 * it on, and may carry out a request whose answer was lost. So "not found" counts once every start that may have been
 * under way would have come to light.
 */
import * as Request from '../base/request.js'
import type { TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { BuildMissing } from '../event.js'
import type { BuildName } from '../model/build.js'
import type { Build, BuildsState, BuildsStep } from './model.js'
import { buildOf, takeNumber, withBuild } from './runs.js'

/** How much longer a start may still come to light; 0 once the answer can be believed. At most `settleMs`. */
export const unsettledMs = ({ doubtUs }: Build, { at, settleMs }: BuildMissing): Natural => {
  if (doubtUs === null) return 0 as Natural
  const leftMs = settleMs - Math.floor((at - doubtUs) / 1_000)
  return Math.min(Math.max(leftMs, 0), settleMs) as Natural
}

/** Looks for the build again after `ms`. */
export const lookAgain = (
  state: BuildsState,
  name: BuildName,
  build: Build,
  request: Request.Request,
  ms: Natural
): BuildsStep => {
  const [after, number] = takeNumber(state)
  const [pausing, timer] = Request.postpone({ _tag: 'Build', build: name }, ms, number, request)
  return [withBuild(after, name, { ...build, phase: { _tag: 'Finding', request: pausing } }), [timer]]
}

/** Notes that a start of the build may have been under way until `at`. */
export const withDoubt = (state: BuildsState, name: BuildName, at: TimeUs): BuildsState => {
  const build = buildOf(state, name)
  return build === null ? state : withBuild(state, name, { ...build, doubtUs: at })
}
