/**
 * Starting again: what was under way is asked for anew (T5).
 */
import type { Config } from '../config.js'
import type { TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { Effect } from '../effect.js'
import { type BuildName, isFinal, type Recipe } from '../model/build.js'
import { chain, unchanged } from '../transition.js'
import { armed, ask, askToEnd, externalOf, follow, settled } from './asking.js'
import { leave } from './leaving.js'
import { type Build, type BuildsState, NONE, settingsOf, type Step } from './model.js'
import { read } from './reading.js'
import { about, buildsOf, splitKey, andThen, withBuild, withRun } from './runs.js'
import { withDoubt } from './settling.js'
import { become, failed, trimmed } from './statuses.js'

/** Asks for all that is outstanding. What may have been started is looked for first. */
const resume = (state: BuildsState, at: TimeUs, name: BuildName): Step =>
  about(state, name, (build, recipe) => {
    const { phase } = build
    if (phase._tag === 'Settled') return unchanged(state)
    if (!state.settings.policy.providers.includes(recipe.provider)) return orphaned(state, at, name, build, recipe)
    const anew = withBuild(state, name, { ...build, attempt: NONE })
    const timed = isFinal(build.status) ? unchanged(anew) : armed(anew, name)
    switch (phase._tag) {
      case 'Following':
        return andThen(timed, (after) => follow(after, name, phase.external))
      case 'Cancelling':
      case 'CancelPausing':
        return andThen(timed, (after) => askToEnd(after, name, phase.external))
      default:
        // The process before this one may have asked for it until its end.
        return andThen(timed, (after) => ask(withDoubt(after, name, at), name, 'Finding'))
    }
  })

/** The provider is not there any more: nobody will ever say how the build ends. */
const orphaned = (
  state: BuildsState,
  at: TimeUs,
  name: BuildName,
  { phase, status }: Build,
  { provider }: Recipe
): Step => {
  const ended = isFinal(status)
    ? unchanged(state)
    : become(state, at, name, failed(`There is no provider "${provider}" here any more.`))
  return andThen(ended, (after) => settled(after, name, externalOf(phase)))
}

export const started = (before: BuildsState, at: TimeUs, config: Config): Step => {
  const state = trimmed({ ...before, settings: settingsOf(config), stopped: false })
  const remembered = chain(
    state,
    M.toEntries(state.sources).flatMap(([knot, { leaving }]) =>
      leaving === null ? [] : [[knot, leaving.untilUs] as const]
    ),
    (acc, [knot, untilUs]) => leave(acc, at, knot, untilUs)
  )
  const taken = chain(remembered[0], M.toEntries(state.runs), (acc, [key, run]): Step => {
    const [knot, rkey] = splitKey(key)
    // Who waits for a pipeline waits from when the knot is connected.
    if (run.phase._tag === 'Waiting') return unchanged(withRun(acc, knot, rkey, { ...run, attempt: NONE }))
    return run.phase._tag === 'Read'
      ? chain(acc, buildsOf(knot, rkey, run), (inner, [name]) => resume(inner, at, name))
      : read(acc, knot, rkey, { ...run, attempt: NONE }, run.phase.workflows)
  })
  return [taken[0], [...remembered[1], ...taken[1]]]
}

/** What may be let out while the bridge is stopped: news, but no requests. They are made at the next start. */
export const isNews = ({ _tag }: Effect): boolean =>
  _tag === 'PublishPipeline' || _tag === 'PublishStatus' || _tag === 'Report'
