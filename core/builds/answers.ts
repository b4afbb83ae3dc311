/**
 * What providers answer and report (T5).
 */
import type { Natural } from '../data/natural.js'
import type { BuildAccepted, BuildMissing, BuildRefused, BuildReported, BuildUncertain, CancelHeard } from '../event.js'
import { type BuildName, isFinal } from '../model/build.js'
import { report, unchanged } from '../transition.js'
import { allowanceOf, targetFault } from './allow.js'
import { armed, ask, askToEnd, ATTEMPTS, externalOf, follow, settled, wake } from './asking.js'
import { type Build, type BuildPhase, type BuildsState, type Step } from './model.js'
import { about, buildOf, numbered, andThen, withBuild } from './runs.js'
import { lookAgain, unsettledMs } from './settling.js'
import { become, failed, RANKS } from './statuses.js'
import { WITHDRAWN } from './withdrawn.js'

/** The build that is asked about under that number, if it is. */
export const askedBuild = (state: BuildsState, name: BuildName, number: Natural): Build | null => {
  const build = buildOf(state, name)
  return build !== null && 'number' in build.phase && build.phase.number === number ? build : null
}

const isAsking = ({ phase }: Build): boolean => phase._tag === 'Starting' || phase._tag === 'Finding'

export const accepted = (state: BuildsState, event: BuildAccepted): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return unchanged(state)
  return isFinal(build.status)
    ? askToEnd(state, event.build, event.external)
    : follow(state, event.build, event.external)
}

export const refused = (state: BuildsState, event: BuildRefused): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return unchanged(state)
  const ended = isFinal(build.status) ? unchanged(state) : become(state, event.at, event.build, failed(event.error))
  return andThen(ended, (after) => settled(after, event.build, null))
}

export const missing = (state: BuildsState, event: BuildMissing, isEntitled: boolean): Step => {
  const build = askedBuild(state, event.build, event.number)
  if (build?.phase._tag !== 'Finding') return unchanged(state)
  const ms = unsettledMs(build, event)
  if (ms > 0) return lookAgain(state, event.build, build, ms)
  if (isFinal(build.status)) return settled(state, event.build, null)
  return about(state, event.build, (_, recipe, { repository }) => {
    if (!isEntitled)
      return andThen(become(state, event.at, event.build, WITHDRAWN), (after) => settled(after, event.build, null))
    // The operator's list may be another one by now.
    const fault = targetFault(state, allowanceOf(state, repository), recipe, repository)
    if (fault === null) return ask(state, event.build, 'Starting')
    return andThen(become(state, event.at, event.build, failed(fault)), (after) => settled(after, event.build, null))
  })
}

export const uncertain = (state: BuildsState, event: BuildUncertain): Step => {
  const { at, build: name, error, number, waitMs } = event
  const asked = askedBuild(state, name, number)
  if (asked === null || !(isAsking(asked) || asked.phase._tag === 'Cancelling')) return unchanged(state)
  return about(state, name, ({ attempt, phase, status }, { provider }) => {
    if (isFinal(status) && attempt >= ATTEMPTS)
      return andThen(settled(state, name, externalOf(phase)), (after) => [
        after,
        [report({ _tag: 'BuildAbandoned', at, build: name, detail: error, provider })]
      ])
    const [after, next] = numbered(state)
    const pausing: BuildPhase =
      phase._tag === 'Cancelling'
        ? { _tag: 'CancelPausing', external: phase.external, number: next }
        : { _tag: 'Pausing', number: next }
    return [
      withBuild(after, name, {
        ...asked,
        attempt: (attempt + 1) as Natural,
        doubtUs: phase._tag === 'Starting' ? at : asked.doubtUs,
        phase: pausing
      }),
      [
        wake(state, attempt, waitMs, { _tag: 'BuildTimer', build: name, number: next }),
        report({ _tag: 'ProviderUncertain', at, build: name, detail: error, provider })
      ]
    ]
  })
}

export const cancelHeard = (state: BuildsState, event: CancelHeard): Step => {
  const build = askedBuild(state, event.build, event.number)
  return build?.phase._tag === 'Cancelling' ? settled(state, event.build, build.phase.external) : unchanged(state)
}

export const reported = (state: BuildsState, event: BuildReported): Step => {
  const { at, build: name, error, exitCode, provider, status } = event
  return about(state, name, (build, recipe) => {
    if (build.phase._tag === 'Settled') return unchanged(state)
    if (provider !== recipe.provider) return [state, [report({ _tag: 'ReportRefused', at, build: name, provider })]]
    // Before we know the provider's own name for it, the report may be about another that somebody has given our name:
    // we look at once.
    const known = externalOf(build.phase)
    if (known === null) return build.phase._tag === 'Pausing' ? ask(state, name, 'Finding') : unchanged(state)
    if (known !== event.external) return unchanged(state)
    const isNews = RANKS[status] > RANKS[build.status]
    const told = isNews ? become(state, at, name, { error, exitCode, status }) : unchanged(state)
    if (isFinal(status)) return andThen(told, (after) => settled(after, name, event.external))
    return isNews ? andThen(told, (after) => armed(after, name)) : told
  })
}
