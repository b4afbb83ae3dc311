/**
 * Restarting: everything outstanding is asked for again (T5).
 */
import { chain, withoutEffects } from '../base/transition.js'
import * as M from '../data/ordered-map.js'
import { type BuildName, isFinal, type Recipe } from '../model/build.js'
import type { Build, BuildsState, BuildsStep, Context } from './model.js'
import { ask, askToCancel, externalOf, follow, settle, withDeadline } from './provider-requests.js'
import { askForFiles } from './reading.js'
import { forgetLater } from './retention.js'
import { andThen, buildsOf, ifPlanned, splitKey } from './runs.js'
import { withDoubt } from './settle-time.js'
import { failedStatus, setStatus, withinKeepStatuses } from './statuses.js'

/** Asks for what is outstanding of one build. If it may have been started, the provider is asked whether it has it. */
const resume = (context: Context, state: BuildsState, name: BuildName): BuildsStep =>
  ifPlanned(state, name, (build, recipe) => {
    const { phase } = build
    if (phase._tag === 'Settled') return withoutEffects(state)
    if (!context.config.builds.providers.includes(recipe.provider)) return orphaned(context, state, name, build, recipe)
    const timed = isFinal(build.status) ? withoutEffects(state) : withDeadline(context, state, name)
    switch (phase._tag) {
      case 'Following':
        return andThen(timed, (after) => follow(after, name, phase.external))
      case 'Cancelling':
        return andThen(timed, (after) => askToCancel(after, name, phase.external))
      case 'Starting':
      case 'Finding':
        // A start request of the previous process may have been under way until that process ended.
        return andThen(timed, (after) => ask(withDoubt(after, name, context.at), name, 'Finding'))
    }
  })

/** Fails a build whose provider is no longer configured: nobody could report its end. */
const orphaned = (
  context: Context,
  state: BuildsState,
  name: BuildName,
  { phase, status }: Build,
  { provider }: Recipe
): BuildsStep => {
  const ended = isFinal(status)
    ? withoutEffects(state)
    : setStatus(context, state, name, failedStatus(`There is no provider "${provider}" here any more.`))
  return andThen(ended, (after) => settle(after, name, externalOf(phase)))
}

/** Asks for everything outstanding, under the present configuration. */
export const onStarted = (context: Context, before: BuildsState): BuildsStep => {
  const state = withinKeepStatuses(context.config, before)
  const remembered = chain(
    state,
    M.toEntries(state.sources).flatMap(([knot, { leaving }]) =>
      leaving === null ? [] : [[knot, leaving.untilUs] as const]
    ),
    (acc, [knot, untilUs]) => forgetLater(acc, context.at, knot, untilUs)
  )
  return andThen(remembered, (known) =>
    chain(known, M.toEntries(known.runs), (acc, [key, run]): BuildsStep => {
      const [knot, rkey] = splitKey(key)
      // A run that waits for its pipeline starts over when its knot is connected.
      if (run.phase._tag === 'Waiting') return withoutEffects(acc)
      return run.phase._tag === 'Read'
        ? chain(acc, buildsOf(knot, rkey, run), (inner, [name]) => resume(context, inner, name))
        : askForFiles(acc, knot, rkey, run, run.phase.workflows)
    })
  )
}
