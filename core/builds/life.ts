/**
 * The life of a build at its provider (T5): what is asked, and where each answer leads.
 *
 *     phase          asked            accepted     refused   missing        uncertain       acknowledged
 *     ─────────────  ───────────────  ───────────  ────────  ─────────────  ──────────────  ────────────
 *     Starting       StartBuild       Following ¹  Settled   –              Pausing ²       –
 *     Finding        FindBuild        Following ¹  Settled   Starting ³     Pausing ²       –
 *     Pausing        BuildTimer: Finding. A report of it: Finding, at once
 *     Following      FollowBuild      reports only: an end makes it Settled
 *     Cancelling     CancelBuild      –            –         –              CancelPausing ² Settled
 *     CancelPausing  BuildTimer: Cancelling
 *     Settled        nothing is owed; what still comes is nothing
 *
 *     ¹ Cancelling, where the build has ended for us meanwhile.
 *     ² Settled, after 30 pauses, where the build has ended for us: its provider is left alone.
 *     ³ Pausing, as long as a start that was on its way may still come to light (settling.ts). Settled, where the
 *       build has ended for us, the right to it is gone, or the operator does not allow it any more.
 *
 * Beside the phase goes the status that readers see: it only ever moves from pending over running to an end, by
 * reports, by a limit of time (timers.ts), by an order (orders.ts), or with the right (withdrawn.ts). A build that ends
 * while it is Following is Cancelling from then on; in any other phase the answer that is awaited decides, as said
 * above. A start asks anew (resume.ts): Starting, Finding and Pausing become Finding, so nothing is started twice.
 *
 * An answer that bears another number than the phase, or that the table does not list, is nothing. Every transition
 * that there is, tried one by one, with what it takes and causes, is in spec/machine.md.
 */
import * as O from 'fp-ts/lib/Option.js'
import type { Natural } from '../data/natural.js'
import type {
  BuildAccepted,
  BuildMissing,
  BuildRefused,
  BuildReported,
  BuildUncertain,
  CancelAcknowledged
} from '../event.js'
import { type BuildName, isFinal, type Recipe } from '../model/build.js'
import * as Rights from '../rights.js'
import { nothing, report, to, unchanged } from '../transition.js'
import { allowanceOf, targetFault } from './allow.js'
import { armed, ask, askToEnd, ATTEMPTS, externalOf, follow, settled, wake } from './asking.js'
import type { Build, BuildPhase, BuildsAnswer, BuildsState, BuildsStep, Now, Run } from './model.js'
import { andThen, buildOf, numbered, runOf, withBuild } from './runs.js'
import { lookAgain, unsettledMs } from './settling.js'
import { become, failed, type NewStatus, RANKS } from './statuses.js'
import { WITHDRAWN } from './withdrawn.js'

/** The build that is asked about under that number, if it is. */
export const askedBuild = (state: BuildsState, name: BuildName, number: Natural): Build | null => {
  const build = buildOf(state, name)
  return build !== null && 'number' in build.phase && build.phase.number === number ? build : null
}

const isAsking = ({ phase }: Build): boolean => phase._tag === 'Starting' || phase._tag === 'Finding'

/** A build, what is asked of its provider, and its run. */
interface Provided {
  readonly build: Build
  readonly recipe: Recipe
  readonly run: Run
}

/** The build of that name, if a provider has it, or may have it. */
const providedBuild = (state: BuildsState, name: BuildName): Provided | null => {
  const run = runOf(state, name.knot, name.rkey)
  const build = buildOf(state, name)
  return run === null || build === null || build.recipe === null ? null : { build, recipe: build.recipe, run }
}

export const accepted = (state: BuildsState, event: BuildAccepted): BuildsAnswer => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return nothing
  return O.some(
    isFinal(build.status) ? askToEnd(state, event.build, event.external) : follow(state, event.build, event.external)
  )
}

export const refused = (now: Now, state: BuildsState, event: BuildRefused): BuildsAnswer => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return nothing
  const ended = isFinal(build.status) ? unchanged(state) : become(now, state, event.build, failed(event.error))
  return O.some(andThen(ended, (after) => settled(after, event.build, null)))
}

/** The build is not there. It is started, if it is wanted still, and may be. */
export const missing = (now: Now, state: BuildsState, event: BuildMissing): BuildsAnswer => {
  const name = event.build
  const asked = askedBuild(state, name, event.number)
  const provided = providedBuild(state, name)
  if (asked?.phase._tag !== 'Finding' || provided === null) return nothing
  const ms = unsettledMs(asked, event)
  if (ms > 0) return O.some(lookAgain(state, name, asked, ms))
  const { recipe, run } = provided
  const ends = (last: NewStatus): BuildsStep =>
    andThen(become(now, state, name, last), (after) => settled(after, name, null))
  if (isFinal(asked.status)) return O.some(settled(state, name, null))
  if (!Rights.isEntitled(now, name.knot, run)) return O.some(ends(WITHDRAWN))
  // The operator's list may be another one by now.
  const fault = targetFault(now.config, allowanceOf(now.config, run.repository), recipe, run.repository)
  return O.some(fault === null ? ask(state, name, 'Starting') : ends(failed(fault)))
}

export const uncertain = (now: Now, state: BuildsState, event: BuildUncertain): BuildsAnswer => {
  const { at, build: name, error, number, waitMs } = event
  const asked = askedBuild(state, name, number)
  const provided = providedBuild(state, name)
  if (asked === null || provided === null || !(isAsking(asked) || asked.phase._tag === 'Cancelling')) return nothing
  const { attempt, phase, status } = asked
  const { provider } = provided.recipe
  if (isFinal(status) && attempt >= ATTEMPTS) {
    const [abandoned, effects] = settled(state, name, externalOf(phase))
    return to(abandoned, [...effects, report({ _tag: 'BuildAbandoned', at, build: name, detail: error, provider })])
  }
  const [after, next] = numbered(state)
  const pausing: BuildPhase =
    phase._tag === 'Cancelling'
      ? { _tag: 'CancelPausing', external: phase.external, number: next }
      : { _tag: 'Pausing', number: next }
  const doubtUs = phase._tag === 'Starting' ? at : asked.doubtUs
  return to(withBuild(after, name, { ...asked, attempt: (attempt + 1) as Natural, doubtUs, phase: pausing }), [
    wake(now, attempt, waitMs, { _tag: 'BuildTimer', build: name, number: next }),
    report({ _tag: 'ProviderUncertain', at, build: name, detail: error, provider })
  ])
}

export const cancelAcknowledged = (state: BuildsState, event: CancelAcknowledged): BuildsAnswer => {
  const build = askedBuild(state, event.build, event.number)
  return build?.phase._tag === 'Cancelling' ? O.some(settled(state, event.build, build.phase.external)) : nothing
}

export const reported = (now: Now, state: BuildsState, event: BuildReported): BuildsAnswer => {
  const { at, build: name, error, exitCode, provider, status } = event
  const provided = providedBuild(state, name)
  if (provided === null || provided.build.phase._tag === 'Settled') return nothing
  const { build, recipe } = provided
  if (provider !== recipe.provider) return to(state, [report({ _tag: 'ReportRefused', at, build: name, provider })])
  // Before we know the provider's own name for it, the report may be about another that somebody has given our name:
  // we look at once.
  const known = externalOf(build.phase)
  if (known === null) return build.phase._tag === 'Pausing' ? O.some(ask(state, name, 'Finding')) : nothing
  if (known !== event.external) return nothing
  const isFurther = RANKS[status] > RANKS[build.status]
  const told = isFurther ? become(now, state, name, { error, exitCode, status }) : unchanged(state)
  if (isFinal(status)) return O.some(andThen(told, (after) => settled(after, name, event.external)))
  return isFurther ? O.some(andThen(told, (after) => armed(now, after, name))) : nothing
}
