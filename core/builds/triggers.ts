/**
 * Triggers: which of them begin a run (T1, T2).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { canonicalHost, type HostName, type HostPolicy } from '../data/host-name.js'
import { type Did, isZeroSha, type Rkey } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { IgnoreReason, TriggerRefusal } from '../effect.js'
import type { Subscription, TriggerArrived } from '../knots/index.js'
import type { Timer } from '../event.js'
import type { Repository } from '../model/build.js'
import type { Cause, Push } from '../model/trigger.js'
import * as Rights from '../rights.js'
import { chain, nothing, report, to } from '../transition.js'
import { counterpartOf, isMet, meeting, type EarlierTrigger, actorOfPush } from './counterparts.js'
import { withoutChanges } from './selection.js'
import type { BuildsAnswer, BuildsState, BuildsStep, Context, Run } from './model.js'
import { courseOf, type RememberedPush, rememberedPush, WAIT_MS } from './pushes.js'
import { askForFiles, namesRefused, nothingOf } from './reading.js'
import { fullness } from './fullness.js'
import { andThen, numbered, runOf, withRun } from './runs.js'
import { isForgotten, remembering, shownBy, sourceOf, withoutSpent, withSource, withSpent } from './sources.js'
import { waitingKeys } from './waiting.js'
import { shortName } from './when.js'

/** Keys of triggers become names of files, of which a system has the first word; those of knots are 13 characters. */
const RKEY_MAX = 80

/** Why the cause calls for no builds, whoever's it is; `null` when it may. */
const idleness = (cause: Cause): IgnoreReason | null => {
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
  /** Who caused it, as far as the knot has said; `null` where it answers for that itself. */
  readonly actor: Did | null
  readonly arrived: TriggerArrived
  /** Whether the actor has a say in the repository. */
  readonly isEntitled: boolean
  readonly context: Context
  readonly repository: Repository
}

/** Which run a trigger begins, if it begins one. The order of the questions is that of T1 and T2. */
export const triggered = (context: Context, before: BuildsState, arrived: TriggerArrived): BuildsAnswer => {
  const { knot, rkey, trigger } = arrived
  const { cause, repo } = trigger
  if (rkey.length > RKEY_MAX)
    return O.some(refusedFor(before, arrived, 'rkey', `a key of ${String(rkey.length)} characters`))
  if (repo.knot !== null && !isSameHost(context.config.hosts, knot, repo.knot))
    return O.some(refusedFor(before, arrived, 'knot', repo.knot))
  const shown = shownBy(sourceOf(before, knot), trigger)
  const state = shown === null ? before : withSource(before, knot, { ...sourceOf(before, knot), ...shown })
  const meant = Rights.claimed(context, knot, repo)
  // Who made the push that a pipeline tells of, its refUpdate has said.
  const actor = trigger.actor ?? actorOfPush(state, knot, trigger, meant)
  const entitlement = Rights.entitlement(context, knot, repo, actor)
  if (entitlement._tag === 'Unknown') return O.some(ignored(state, arrived, 'repo'))
  const idle = idleness(cause)
  if (idle !== null) return O.some(ignored(state, arrived, idle))
  if (runOf(state, knot, rkey) !== null) return shown === null ? nothing : to(state)
  // Where it is not known yet, it will be by the time that the files are read.
  const isEntitled = entitlement._tag !== 'NotEntitled'
  return O.some(unseen(state, { actor, arrived, isEntitled, context, repository: entitlement.repository }, meant))
}

/** A trigger of which there is no run. */
const unseen = (state: BuildsState, claim: Claim, meant: ReadonlyArray<Repository>): BuildsStep => {
  const { actor, arrived, isEntitled } = claim
  const { knot, rkey, trigger } = arrived
  const { cause, kind } = trigger
  if (isForgotten(sourceOf(state, knot), rkey)) return ignored(state, arrived, 'before')
  if (cause._tag === 'Push') {
    if (isMet(state, knot, rkey, cause)) return ignored(state, arrived, 'before')
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
 * Asks for the workflow files of a run that a trigger begins, as far as they can be kept.
 *
 * @param before What stays where there is no room.
 */
const filesOf = (before: BuildsState, state: BuildsState, claim: Claim, met: Rkey | null): BuildsStep => {
  const { arrived, context } = claim
  const { at, knot, rkey, trigger } = arrived
  const run = runBy(claim, met)
  const limit = fullness(context, state, knot, run, trigger.workflows)
  if (limit !== null) return refusedFor(before, arrived, 'limit', limit)
  // What was left under this key, the run stands for no more: whoever meets it would take the run away.
  const unspent = remembering(withoutSpent(state, knot, rkey), knot)
  return andThen(askForFiles(unspent, knot, rkey, run, trigger.workflows), (after) => [
    after,
    namesRefused(at, knot, rkey, trigger.unkept)
  ])
}

/** What a trigger begins. */
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
 * A pipeline of a push: it takes the place of the refUpdate that waits for it or was left to it, and comes after one
 * that was acted on.
 */
const pushPiped = (state: BuildsState, claim: Claim, counterpart: EarlierTrigger | null): BuildsStep => {
  const { actor, arrived, isEntitled } = claim
  const { knot, rkey } = arrived
  if (counterpart !== null && !counterpart.isOpen)
    return ignored(withSpent(meeting(state, knot, counterpart, rkey, null), knot, rkey, null), arrived, 'kind')
  if (!isEntitled) return refusedFor(state, arrived, 'actor', actor ?? '')
  const met = counterpart === null ? state : meeting(state, knot, counterpart, rkey, null)
  const alone =
    counterpart === null || runOf(met, knot, counterpart.rkey) === null ? met : nothingOf(met, knot, counterpart.rkey)
  return filesOf(state, alone, claim, counterpart?.rkey ?? null)
}

/** A refUpdate of a push: it comes after a pipeline that was acted on, or takes its course. */
const pushUpdated = (state: BuildsState, claim: Claim, push: Push, counterpart: EarlierTrigger | null): BuildsStep => {
  const { actor, arrived, isEntitled, context, repository } = claim
  const { knot, rkey, trigger } = arrived
  const told = (outcome: RememberedPush['outcome']): RememberedPush =>
    rememberedPush(push, repository, { actor, kind: 'refUpdate', outcome })
  if (counterpart !== null) {
    const met = withSpent(meeting(state, knot, counterpart, rkey, actor), knot, rkey, told('met'))
    return isEntitled ? ignored(met, arrived, 'kind') : refusedFor(met, arrived, 'actor', actor ?? '')
  }
  const leftToIt = withSpent(state, knot, rkey, told('left'))
  const course = courseOf(trigger.shape ?? 'past', sourceOf(state, knot))
  if (course === 'left') return ignored(leftToIt, arrived, 'kind')
  if (!isEntitled) return refusedFor(leftToIt, arrived, 'actor', actor ?? '')
  const run = runBy(claim, null)
  const limit = fullness(context, state, knot, run, null)
  if (limit !== null) return refusedFor(leftToIt, arrived, 'limit', limit)
  const unspent = remembering(withoutSpent(state, knot, rkey), knot)
  return course === 'now' ? askForFiles(unspent, knot, rkey, run, null) : wait(unspent, knot, rkey, run)
}

/** The run waits for its pipeline, from now on. */
const wait = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): BuildsStep => {
  const [after, number] = numbered(state)
  const ms = WAIT_MS as Natural
  return [
    withRun(after, knot, rkey, { ...run, phase: { _tag: 'Waiting', number } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'PushTimer', knot, number, rkey } }]
  ]
}

/** What may have been sent while nobody listened comes now: whoever waits begins to wait anew. */
export const connected = (state: BuildsState, knot: HostName): BuildsAnswer => {
  const waiting = waitingKeys(state, knot).flatMap((rkey) => {
    const run = runOf(state, knot, rkey)
    return run?.phase._tag === 'Waiting' ? [[rkey, run] as const] : []
  })
  return waiting.length === 0
    ? nothing
    : O.some(chain(state, waiting, (before, [rkey, run]) => wait(before, knot, rkey, run)))
}

/** The time for its pipeline is over. Without a connection it could not come, and whoever waits goes on waiting. */
export const waitOver = (
  { knots }: Context,
  state: BuildsState,
  { knot, number, rkey }: Extract<Timer, { readonly _tag: 'PushTimer' }>
): BuildsAnswer => {
  const run = runOf(state, knot, rkey)
  const isOpen = O.exists(({ connection }: Subscription) => connection.phase._tag === 'Open')
  return run?.phase._tag === 'Waiting' && run.phase.number === number && isOpen(M.lookup(knot)(knots.subscriptions))
    ? O.some(askForFiles(state, knot, rkey, run, null))
    : nothing
}

const isSameHost = (hosts: HostPolicy, knot: HostName, name: string): boolean =>
  pipe(
    canonicalHost(hosts)(name),
    O.exists((host) => host === knot)
  )
