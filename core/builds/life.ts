/**
 * The life of a build at its provider (T5): what is asked, and what each answer leads to.
 *
 *     phase       asked        accepted     missing     refused         failed          acknowledged
 *     ──────────  ───────────  ───────────  ──────────  ──────────────  ──────────────  ────────────
 *     Starting    StartBuild   Following ¹  –           Settled         Finding ² ³     –
 *     Finding     FindBuild    Following ¹  Starting ⁴  Settled         Finding ² ³     –
 *     Following   FollowBuild  –            –           –               –               –
 *     Cancelling  CancelBuild  –            –           Cancelling ² ³  Cancelling ² ³  Settled
 *     Settled     –            –            –           –               –               –
 *
 *     ¹ Cancelling, if the build has ended for us in the meantime.
 *     ² After a pause (base/request.ts). While Finding pauses, a report about the build ends the pause.
 *     ³ Settled, after 30 pauses, if the build has ended for us: its provider is left alone.
 *     ⁴ Finding, after a pause, while a start that was under way may still come to light (settle-time.ts).
 *       Settled, if the build has ended for us, the right to it is gone, or the operator no longer allows it.
 *
 * "Refused" is a `RequestFailed` that is final, "failed" any other. A build that is Following, or is to end, is Settled
 * when its provider reports an end.
 *
 * Beside the phase there is the status that readers see. It only moves forward, from pending through running to an end:
 * by a report, a time limit (timers.ts), an order (orders.ts), or because the right is gone (withdrawn.ts). A build
 * that has been pending for a minute because its provider does not answer is published once more, saying so. A build
 * that ends while Following becomes Cancelling; in any other phase the awaited answer decides, as in the table. A
 * restart asks again (resume.ts): Starting and Finding both become Finding, so nothing is started twice.
 *
 * An answer whose number is not that of the request, or that the table does not list, changes nothing. spec/machine.md
 * lists every transition with its effects.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Rights from '../access/rights.js'
import * as Request from '../base/request.js'
import { irrelevant, report, transitionTo, withoutEffects } from '../base/transition.js'
import type { TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { BuildAccepted, BuildMissing, BuildReported, CancelAcknowledged, RequestFailed } from '../event.js'
import { type BuildName, isFinal, type Recipe } from '../model/build.js'
import { allowanceOf, targetFault } from './allow.js'
import type { Build, BuildPhase, BuildsReduction, BuildsState, BuildsStep, Context, Run } from './model.js'
import { ask, askToCancel, externalOf, follow, requestOf, settle, withDeadline } from './provider-requests.js'
import { andThen, buildOf, ifPlanned, runOf, takeNumber, withBuild } from './runs.js'
import { lookAgain, unsettledMs } from './settle-time.js'
import { failedStatus, type NewStatus, RANKS, setStatus } from './statuses.js'
import { WITHDRAWN } from './withdrawn.js'

/** The build, if a request about it with that number is open at its provider. */
const askedBuild = (state: BuildsState, name: BuildName, number: Natural): Build | null => {
  const build = buildOf(state, name)
  const request = build === null ? null : requestOf(build.phase)
  return request !== null && Request.isAsked(request, number) ? build : null
}

const isAsking = ({ phase }: Build): boolean => phase._tag === 'Starting' || phase._tag === 'Finding'

/** A build, its run, and the recipe that its provider was given. */
interface Provided {
  readonly build: Build
  readonly recipe: Recipe
  readonly run: Run
}

/** The build of that name, if a provider has it or may have it. */
const providedBuild = (state: BuildsState, name: BuildName): Provided | null => {
  const run = runOf(state, name.knot, name.rkey)
  const build = buildOf(state, name)
  return run === null || build === null || build.recipe === null ? null : { build, recipe: build.recipe, run }
}

export const onAccepted = (state: BuildsState, event: BuildAccepted): BuildsReduction => {
  const build = askedBuild(state, event.build, event.number)
  if (build === null || !isAsking(build)) return irrelevant
  return O.some(
    isFinal(build.status) ? askToCancel(state, event.build, event.external) : follow(state, event.build, event.external)
  )
}

/**
 * The provider says "not found". While a start may still come to light, it is asked again later; then the build is
 * started, unless it has ended for us, the right to it is gone, or the operator no longer allows it.
 */
export const onMissing = (context: Context, state: BuildsState, event: BuildMissing): BuildsReduction => {
  const name = event.build
  const asked = askedBuild(state, name, event.number)
  const provided = providedBuild(state, name)
  if (asked?.phase._tag !== 'Finding' || provided === null) return irrelevant
  const { request } = asked.phase
  const ms = unsettledMs(asked, event)
  if (ms > 0) return O.some(lookAgain(state, name, asked, request, ms))
  const { recipe, run } = provided
  const ends = (last: NewStatus): BuildsStep =>
    andThen(setStatus(context, state, name, last), (after) => settle(after, name, null))
  if (isFinal(asked.status)) return O.some(settle(state, name, null))
  if (Rights.rightTo(context, name.knot, run) === 'refused') return O.some(ends(WITHDRAWN))
  // The operator may have changed the list since the build was planned.
  const fault = targetFault(context.config, allowanceOf(context.config, run.repository), recipe, run.repository)
  return O.some(fault === null ? ask(state, name, 'Starting', request.attempt) : ends(failedStatus(fault)))
}

/** A request to the provider was refused, or failed so that it may have been carried out all the same. */
export const onRequestFailed = (context: Context, state: BuildsState, event: RequestFailed): BuildsReduction => {
  if (event.requested._tag !== 'Build') return irrelevant
  const name = event.requested.build
  const build = askedBuild(state, name, event.number)
  if (build === null) return irrelevant
  // A provider can refuse for good only to take a build on. One that is to be cancelled is already there.
  const isRefused = event.isFinal && isAsking(build)
  return O.some(
    isRefused ? refused(context, state, name, build, event.error) : pauseAndRetry(context, state, name, event)
  )
}

const refused = (
  context: Context,
  state: BuildsState,
  name: BuildName,
  { status }: Build,
  error: string
): BuildsStep => {
  const ended = isFinal(status) ? withoutEffects(state) : setStatus(context, state, name, failedStatus(error))
  return andThen(ended, (after) => settle(after, name, null))
}

const pauseAndRetry = (context: Context, state: BuildsState, name: BuildName, event: RequestFailed): BuildsStep =>
  ifPlanned(state, name, (build, { provider }) => {
    const { at, error: detail } = event
    const { phase, status } = build
    const request = requestOf(phase)
    if (request === null) return withoutEffects(state)
    if (isFinal(status) && request.attempt >= Request.ATTEMPTS)
      return andThen(settle(state, name, externalOf(phase)), (after) => [
        after,
        [report({ _tag: 'BuildAbandoned', at, build: name, detail, provider })]
      ])
    const [after, number] = takeNumber(state)
    const [pausing, timer] = Request.retryLater(context.config.builds.backoff, event, number, request)
    const next: BuildPhase =
      phase._tag === 'Cancelling' ? { ...phase, request: pausing } : { _tag: 'Finding', request: pausing }
    const doubtUs = phase._tag === 'Starting' ? at : build.doubtUs
    const paused: BuildsStep = [
      withBuild(after, name, { ...build, doubtUs, phase: next }),
      [timer, report({ _tag: 'ProviderUncertain', at, build: name, detail, provider })]
    ]
    return isToSayWhy(build, at, timer.highMs)
      ? andThen(paused, (waiting) => setStatus(context, waiting, name, keptWaiting(provider)))
      : paused
  })

/** How long a build stays pending before its status says that the provider does not answer. */
const QUIETLY_US = 60_000_000

/**
 * Whether to say why a build is still pending: if the next request may come more than a minute after the first status.
 * A pending build that has a sentence has been explained, so this happens once.
 */
const isToSayWhy = ({ error, status, statusUs }: Build, at: TimeUs, pauseMs: Natural): boolean =>
  status === 'pending' && error === null && at + pauseMs * 1_000 >= statusUs + QUIETLY_US

/** The error itself may hold what only the operator should see, so it goes into the report and not into the status. */
const keptWaiting = (provider: string): NewStatus => ({
  error: `The provider "${provider}" does not answer, or only with errors. It is asked again until the time is up.`,
  exitCode: null,
  status: 'pending'
})

export const onCancelAcknowledged = (state: BuildsState, event: CancelAcknowledged): BuildsReduction => {
  const build = askedBuild(state, event.build, event.number)
  return build?.phase._tag === 'Cancelling' ? O.some(settle(state, event.build, build.phase.external)) : irrelevant
}

export const onReported = (context: Context, state: BuildsState, event: BuildReported): BuildsReduction => {
  const { at, build: name, error, exitCode, provider, status } = event
  const provided = providedBuild(state, name)
  if (provided === null || provided.build.phase._tag === 'Settled') return irrelevant
  const { build, recipe } = provided
  if (provider !== recipe.provider)
    return transitionTo(state, [report({ _tag: 'ReportRefused', at, build: name, provider })])
  // Until we know the provider's own name for the build, the report may be about another one that somebody named like
  // ours. So it is not believed, but it ends the pause: we ask at once.
  const known = externalOf(build.phase)
  const request = requestOf(build.phase)
  if (known === null && request?.phase === 'Pausing') return O.some(ask(state, name, 'Finding', request.attempt))
  if (known !== event.external) return irrelevant
  const isFurther = RANKS[status] > RANKS[build.status]
  const told = isFurther ? setStatus(context, state, name, { error, exitCode, status }) : withoutEffects(state)
  if (isFinal(status)) return O.some(andThen(told, (after) => settle(after, name, event.external)))
  return isFurther ? O.some(andThen(told, (after) => withDeadline(context, after, name))) : irrelevant
}
