/**
 * Triggers: which of them begin a run (T1, T2).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { canonicalHost, type HostName, type HostPolicy } from '../data/host-name.js'
import { type Did, isZeroSha, type Rkey } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { TriggerIgnorance, TriggerRefusal } from '../effect.js'
import type { TriggerArrived } from '../knots/index.js'
import type { Repository } from '../model/build.js'
import { type Cause, type Push } from '../model/trigger.js'
import type { Entitlement } from '../rights.js'
import { chain, report, unchanged } from '../transition.js'
import { counterpartOf, isMet, meeting, type Teller } from './counterparts.js'
import { withoutChanges } from './judging.js'
import { type BuildsState, NONE, type Run, type Step } from './model.js'
import { courseOf, type Told, toldOf, WAIT_MS } from './pushes.js'
import { namesRefused, nothingOf, read } from './reading.js'
import { numbered, runOf, runsOf, andThen, withRun } from './runs.js'
import { isForgotten, sourceOf, withoutSpent, withReading, withShown, withSpent } from './sources.js'
import { shortName } from './when.js'

/** A trigger with what the records say about its repository and whoever caused it. */
export interface TriggerJudged {
  readonly _tag: 'TriggerJudged'
  /** Who caused it, as far as the knot has said; `null` where it answers for that itself. */
  readonly actor: Did | null
  readonly entitlement: Entitlement
  /** The repositories that it may mean. */
  readonly meant: ReadonlyArray<Repository>
  readonly trigger: TriggerArrived
}

/** One that is about a repository of ours. */
interface OursJudged extends TriggerJudged {
  readonly entitlement: Exclude<Entitlement, { readonly _tag: 'Unknown' }>
}

/** Keys of triggers become names of files, of which a system has the first word; those of knots are 13 characters. */
const RKEY_MAX = 80

/** How many runs of one knot may wait for their files: what a flood of triggers costs is bounded. */
export const READING_MAX = 500

/** Why the cause calls for no builds, whoever's it is; `null` when it may. */
const idleness = (cause: Cause): TriggerIgnorance | null => {
  if (cause._tag !== 'Push') return null
  if (shortName(cause.ref) === null) return 'ref'
  if (isZeroSha(cause.newSha)) return 'deleted'
  if (cause.newSha === cause.oldSha) return 'unmoved'
  return cause.skipsCi ? 'skipped' : null
}

const ignored = (state: BuildsState, { at, knot, rkey }: TriggerArrived, reason: TriggerIgnorance): Step => [
  state,
  [report({ _tag: 'TriggerIgnored', at, knot, reason, rkey })]
]

const refusedFor = (
  state: BuildsState,
  { at, knot, rkey }: TriggerArrived,
  reason: TriggerRefusal,
  detail: string
): Step => [state, [report({ _tag: 'TriggerRefused', at, detail, knot, reason, rkey })]]

export const judged = (before: BuildsState, input: TriggerJudged): Step => {
  const { actor, entitlement, meant, trigger: arrived } = input
  const { knot, rkey, trigger } = arrived
  const { cause, repo } = trigger
  if (rkey.length > RKEY_MAX) return refusedFor(before, arrived, 'rkey', `a key of ${String(rkey.length)} characters`)
  if (repo.knot !== null && !isSameHost(before.settings.hosts, knot, repo.knot))
    return refusedFor(before, arrived, 'knot', repo.knot)
  const state = withShown(before, knot, trigger)
  if (entitlement._tag === 'Unknown') return ignored(state, arrived, 'repo')
  const ours: OursJudged = { ...input, entitlement }
  const idle = idleness(cause)
  if (idle !== null) return ignored(state, arrived, idle)
  if (runOf(state, knot, rkey) !== null) return unchanged(state)
  if (isForgotten(sourceOf(state, knot), rkey)) return ignored(state, arrived, 'before')
  if (cause._tag === 'Push') {
    if (isMet(state, knot, rkey, cause)) return ignored(state, arrived, 'before')
    const counterpart = counterpartOf(state, knot, trigger.kind, { meant, push: cause })
    return trigger.kind === 'pipeline'
      ? pushPiped(state, ours, counterpart)
      : pushUpdated(state, ours, cause, counterpart)
  }
  if (entitlement._tag === 'NotEntitled') return refusedFor(state, arrived, 'actor', actor ?? '')
  return isFull(state, knot) ? full(state, arrived) : readOf(state, arrived, runBy(ours, null))
}

/** Asks for the workflow files of a run that a trigger begins, as far as they can be kept. */
const readOf = (
  state: BuildsState,
  { at, knot, rkey, trigger: { unkept, workflows } }: TriggerArrived,
  run: Run
): Step =>
  andThen(read(withReading(state, knot, 1), knot, rkey, run, workflows), (after) => [
    after,
    namesRefused(at, knot, rkey, unkept)
  ])

const isFull = (state: BuildsState, knot: HostName): boolean => sourceOf(state, knot).reading >= READING_MAX

const full = (state: BuildsState, arrived: TriggerArrived): Step =>
  refusedFor(state, arrived, 'limit', `${String(READING_MAX)} triggers of this knot are waiting`)

/** What a trigger begins. */
const runBy = ({ actor, entitlement: { repository }, trigger: { trigger } }: OursJudged, met: Rkey | null): Run => ({
  actor,
  announced: null,
  attempt: NONE,
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
const pushPiped = (state: BuildsState, input: OursJudged, counterpart: Teller | null): Step => {
  const { actor, entitlement, trigger: arrived } = input
  const { knot, rkey } = arrived
  if (counterpart !== null && !counterpart.isOpen)
    return ignored(withSpent(meeting(state, knot, counterpart, rkey, null), knot, rkey, null), arrived, 'kind')
  if (entitlement._tag === 'NotEntitled') return refusedFor(state, arrived, 'actor', actor ?? '')
  const met = counterpart === null ? state : meeting(state, knot, counterpart, rkey, null)
  const alone =
    counterpart === null || runOf(met, knot, counterpart.rkey) === null ? met : nothingOf(met, knot, counterpart.rkey)
  return isFull(alone, knot) ? full(state, arrived) : readOf(alone, arrived, runBy(input, counterpart?.rkey ?? null))
}

/** A refUpdate of a push: it comes after a pipeline that was acted on, or takes its course. */
const pushUpdated = (state: BuildsState, input: OursJudged, push: Push, counterpart: Teller | null): Step => {
  const { actor, entitlement, trigger: arrived } = input
  const { knot, rkey, trigger } = arrived
  const told = (outcome: Told['outcome']): Told =>
    toldOf(push, entitlement.repository, { actor, kind: 'refUpdate', outcome })
  const isRefused = entitlement._tag === 'NotEntitled'
  if (counterpart !== null) {
    const met = withSpent(meeting(state, knot, counterpart, rkey, actor), knot, rkey, told('met'))
    return isRefused ? refusedFor(met, arrived, 'actor', actor ?? '') : ignored(met, arrived, 'kind')
  }
  const left = withSpent(state, knot, rkey, told('left'))
  const course = courseOf(trigger.shape ?? 'past', sourceOf(state, knot))
  if (course === 'left') return ignored(left, arrived, 'kind')
  if (isRefused) return refusedFor(left, arrived, 'actor', actor ?? '')
  if (isFull(state, knot)) return full(left, arrived)
  const counted = withReading(withoutSpent(state, knot, rkey), knot, 1)
  return course === 'now'
    ? read(counted, knot, rkey, runBy(input, null), null)
    : wait(counted, knot, rkey, runBy(input, null))
}

/** The run waits for its pipeline, from now on. */
const wait = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): Step => {
  const [after, number] = numbered(state)
  const ms = WAIT_MS as Natural
  return [
    withRun(after, knot, rkey, { ...run, phase: { _tag: 'Waiting', number } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'PushTimer', knot, number, rkey } }]
  ]
}

/** What may have been sent while nobody listened comes now: whoever waits begins to wait anew. */
export const connected = (state: BuildsState, knot: HostName): Step =>
  sourceOf(state, knot).reading === 0
    ? unchanged(state)
    : chain(
        state,
        runsOf(state, knot).filter(([, { phase }]) => phase._tag === 'Waiting'),
        (before, [rkey, run]) => wait(before, knot, rkey, run)
      )

const isSameHost = (hosts: HostPolicy, knot: HostName, name: string): boolean =>
  pipe(
    canonicalHost(hosts)(name),
    O.exists((host) => host === knot)
  )
