/**
 * Triggers: which of them begin a run (T1, T2).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Rights from '../access/rights.js'
import { chain, irrelevant, report, transitionTo } from '../base/transition.js'
import { canonicalHost, type HostName, type HostPolicy } from '../data/host-name.js'
import { type Did, isZeroSha, type Rkey } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { IgnoreReason, TriggerRefusal } from '../effect.js'
import type { Timer } from '../event.js'
import type { Subscription, TriggerArrived } from '../knots/index.js'
import type { Repository } from '../model/build.js'
import type { Cause, Push } from '../model/trigger.js'
import { counterpartOf, isMetByRun, withMet, type EarlierTrigger, actorOfPush } from './counterparts.js'
import { fullness } from './fullness.js'
import type { BuildsReduction, BuildsState, BuildsStep, Context, Run } from './model.js'
import { courseOf, type RememberedPush, rememberedPush, WAIT_MS } from './pushes.js'
import { abandonRun, askForFiles, namesRefused } from './reading.js'
import { andThen, runOf, takeNumber, withRun } from './runs.js'
import { withoutChanges } from './selection.js'
import { isSpent, withSourceKept, shownBy, sourceOf, withoutSpent, withSource, withSpent } from './sources.js'
import { waitingKeys } from './waiting.js'
import { shortName } from './when.js'

/** Providers name files after keys, and file systems limit names. A knot's own keys have 13 characters. */
const RKEY_MAX = 80

/** Why the cause calls for no builds in any repository; `null` when it may. */
const reasonToIgnore = (cause: Cause): IgnoreReason | null => {
  if (cause._tag !== 'Push') return null
  if (shortName(cause.ref) === null) return 'ref'
  if (isZeroSha(cause.newSha)) return 'deleted'
  if (cause.newSha === cause.oldSha) return 'unmoved'
  return cause.skipsCi ? 'skipped' : null
}

const ignored = (state: BuildsState, { at, knot, rkey }: TriggerArrived, reason: IgnoreReason): BuildsStep => [
  state,
  [report({ _tag: 'TriggerIgnored', at, knot, reason, rkey })]
]

const refusedFor = (
  state: BuildsState,
  { at, knot, rkey }: TriggerArrived,
  reason: TriggerRefusal,
  detail: string
): BuildsStep => [state, [report({ _tag: 'TriggerRefused', at, detail, knot, reason, rkey })]]

/** A trigger about a repository of ours. */
interface Claim {
  /** Who caused it, if the knot has said; `null` where the knot vouches for them. */
  readonly actor: Did | null
  readonly arrived: TriggerArrived
  /** Whether the actor has a say in the repository. */
  readonly isEntitled: boolean
  readonly context: Context
  readonly repository: Repository
}

// A repeat starts nothing: checks 8 to 10 of T1.

/** Check 8: a run has its key. */
const hasRun = (state: BuildsState, { knot, rkey }: TriggerArrived): boolean => runOf(state, knot, rkey) !== null

/** Check 9: its run is gone, or never began. */
const isKeySpent = (state: BuildsState, { knot, rkey }: TriggerArrived): boolean =>
  isSpent(sourceOf(state, knot), rkey)

/** Check 10: it is a push that a run has met under its other key. */
const isPushMet = (state: BuildsState, { knot, rkey, trigger: { cause } }: TriggerArrived): boolean =>
  cause._tag === 'Push' && isMetByRun(state, knot, rkey, cause)

/** The run that a trigger begins, if any. The checks are those of T1 and T2, in their order. */
export const onTrigger = (context: Context, before: BuildsState, arrived: TriggerArrived): BuildsReduction => {
  const { knot, rkey, trigger } = arrived
  const { cause, repo } = trigger
  if (rkey.length > RKEY_MAX)
    return O.some(refusedFor(before, arrived, 'rkey', `a key of ${String(rkey.length)} characters`))
  if (repo.knot !== null && !isSameHost(context.config.hosts, knot, repo.knot))
    return O.some(refusedFor(before, arrived, 'knot', repo.knot))
  const shown = shownBy(sourceOf(before, knot), trigger)
  const state = shown === null ? before : withSource(before, knot, { ...sourceOf(before, knot), ...shown })
  const meant = Rights.repositoriesClaimed(context, knot, repo)
  // A pipeline does not name who pushed; the refUpdate of the same push does.
  const actor = trigger.actor ?? actorOfPush(state, knot, trigger, meant)
  const entitlement = Rights.entitlement(context, knot, repo, actor)
  if (entitlement._tag === 'Unknown') return O.some(ignored(state, arrived, 'repo'))
  const idle = reasonToIgnore(cause)
  if (idle !== null) return O.some(ignored(state, arrived, idle))
  if (hasRun(state, arrived)) return shown === null ? irrelevant : transitionTo(state)
  // If it is not known yet, it is checked again once the files have been read.
  const isEntitled = entitlement._tag !== 'NotEntitled'
  return O.some(judgeNew(state, { actor, arrived, isEntitled, context, repository: entitlement.repository }, meant))
}

/** Judges a trigger that has no run: it may be new, or a repeat whose run is gone or never began. */
const judgeNew = (state: BuildsState, claim: Claim, meant: ReadonlyArray<Repository>): BuildsStep => {
  const { actor, arrived, isEntitled } = claim
  const { knot, trigger } = arrived
  const { cause, kind } = trigger
  if (isKeySpent(state, arrived) || isPushMet(state, arrived)) return ignored(state, arrived, 'before')
  if (cause._tag === 'Push') {
    const counterpart = counterpartOf(state, knot, kind, { meant, push: cause })
    switch (kind) {
      case 'pipeline':
        return pushPiped(state, claim, counterpart)
      case 'refUpdate':
        return pushUpdated(state, claim, cause, counterpart)
    }
  }
  if (!isEntitled) return refusedFor(state, arrived, 'actor', actor ?? '')
  return filesOf(state, state, claim, null)
}

/**
 * Begins the run of a trigger by asking for its workflow files, if there is room for it.
 *
 * @param before The state to keep if there is no room.
 */
const filesOf = (before: BuildsState, state: BuildsState, claim: Claim, met: Rkey | null): BuildsStep => {
  const { arrived, context } = claim
  const { at, knot, rkey, trigger } = arrived
  const run = runBy(claim, met)
  const limit = fullness(context, state, knot, run, trigger.workflows)
  if (limit !== null) return refusedFor(before, arrived, 'limit', limit)
  // If the push left under this key stayed, its counterpart would take it for still open and discard the run.
  const unspent = withSourceKept(withoutSpent(state, knot, rkey), knot)
  return andThen(askForFiles(unspent, knot, rkey, run, trigger.workflows), (after) => [
    after,
    namesRefused(at, knot, rkey, trigger.unkept)
  ])
}

/** The run that a trigger begins. */
const runBy = ({ actor, arrived: { trigger }, repository }: Claim, met: Rkey | null): Run => ({
  actor,
  announced: null,
  builds: M.empty(),
  cause: withoutChanges(trigger.kind, trigger.cause),
  defaultBranch: trigger.defaultBranch,
  kind: trigger.kind,
  met,
  only: null,
  phase: { _tag: 'Read' },
  repository,
  retryOf: null
})

/**
 * A pipeline of a push. It replaces a refUpdate that waits for it or was left to it; if the refUpdate has already been
 * acted on, the pipeline is ignored.
 */
const pushPiped = (state: BuildsState, claim: Claim, counterpart: EarlierTrigger | null): BuildsStep => {
  const { actor, arrived, isEntitled } = claim
  const { knot, rkey } = arrived
  if (counterpart !== null && !counterpart.isOpen)
    return ignored(withSpent(withMet(state, knot, counterpart, rkey, null), knot, rkey, null), arrived, 'kind')
  if (!isEntitled) return refusedFor(state, arrived, 'actor', actor ?? '')
  const met = counterpart === null ? state : withMet(state, knot, counterpart, rkey, null)
  const alone =
    counterpart === null || runOf(met, knot, counterpart.rkey) === null ? met : abandonRun(met, knot, counterpart.rkey)
  return filesOf(state, alone, claim, counterpart?.rkey ?? null)
}

/** A refUpdate of a push: ignored if the pipeline was acted on first; otherwise `courseOf` decides. */
const pushUpdated = (state: BuildsState, claim: Claim, push: Push, counterpart: EarlierTrigger | null): BuildsStep => {
  const { actor, arrived, isEntitled, context, repository } = claim
  const { knot, rkey, trigger } = arrived
  const pushWith = (outcome: RememberedPush['outcome']): RememberedPush =>
    rememberedPush(push, repository, { actor, kind: 'refUpdate', outcome })
  if (counterpart !== null) {
    const met = withSpent(withMet(state, knot, counterpart, rkey, actor), knot, rkey, pushWith('met'))
    return isEntitled ? ignored(met, arrived, 'kind') : refusedFor(met, arrived, 'actor', actor ?? '')
  }
  const leftToIt = withSpent(state, knot, rkey, pushWith('left'))
  const course = courseOf(trigger.shape ?? 'past', sourceOf(state, knot))
  if (course === 'left') return ignored(leftToIt, arrived, 'kind')
  if (!isEntitled) return refusedFor(leftToIt, arrived, 'actor', actor ?? '')
  const run = runBy(claim, null)
  const limit = fullness(context, state, knot, run, null)
  if (limit !== null) return refusedFor(leftToIt, arrived, 'limit', limit)
  const unspent = withSourceKept(withoutSpent(state, knot, rkey), knot)
  return course === 'now' ? askForFiles(unspent, knot, rkey, run, null) : wait(unspent, knot, rkey, run)
}

/** Has the run wait for its pipeline, starting now. */
const wait = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): BuildsStep => {
  const [after, number] = takeNumber(state)
  const ms = WAIT_MS as Natural
  return [
    withRun(after, knot, rkey, { ...run, phase: { _tag: 'Waiting', number } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'PushTimer', knot, number, rkey } }]
  ]
}

/** A pipeline may have been sent while we were not connected, and comes now: the runs that wait start over. */
export const onKnotOpened = (state: BuildsState, knot: HostName): BuildsReduction => {
  const waiting = waitingKeys(state, knot).flatMap((rkey) => {
    const run = runOf(state, knot, rkey)
    return run?.phase._tag === 'Waiting' ? [[rkey, run] as const] : []
  })
  return waiting.length === 0
    ? irrelevant
    : O.some(chain(state, waiting, (before, [rkey, run]) => wait(before, knot, rkey, run)))
}

/** The wait for a pipeline is over. Without a connection the pipeline could not come, so the run waits on. */
export const onWaitOver = (
  { knots }: Context,
  state: BuildsState,
  { knot, number, rkey }: Extract<Timer, { readonly _tag: 'PushTimer' }>
): BuildsReduction => {
  const run = runOf(state, knot, rkey)
  const isOpen = O.exists(({ connection }: Subscription) => connection.phase._tag === 'Open')
  return run?.phase._tag === 'Waiting' && run.phase.number === number && isOpen(M.lookup(knot)(knots.subscriptions))
    ? O.some(askForFiles(state, knot, rkey, run, null))
    : irrelevant
}

const isSameHost = (hosts: HostPolicy, knot: HostName, name: string): boolean =>
  pipe(
    canonicalHost(hosts)(name),
    O.exists((host) => host === knot)
  )
