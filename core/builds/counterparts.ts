/**
 * Counterparts: a knot may announce one push by two triggers, a refUpdate and a pipeline (T1).
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey } from '../data/identifiers.js'
import { valuesAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import type { Repository } from '../model/build.js'
import { type Push, type Trigger, type TriggerKind } from '../model/trigger.js'
import { type BuildsState, type Run } from './model.js'
import { type ClaimedPush, isSamePush, type RememberedPush, rememberedPush } from './pushes.js'
import { last, pushKey, pushThatBegan, runOf, withRun } from './runs.js'
import { sourceOf, withSpent } from './sources.js'

/** What to remember of a run's push once the run is gone; `null` if it can have no counterpart. */
export const rememberedFrom = (run: Run): RememberedPush | null => {
  const push = pushThatBegan(run)
  return push === null || run.kind === 'call'
    ? null
    : rememberedPush(push, run.repository, {
        actor: run.actor,
        kind: run.kind,
        outcome: run.met === null ? 'over' : 'met'
      })
}

/** An earlier trigger of the same push. */
export interface EarlierTrigger {
  readonly actor: Did | null
  /** Whether its counterpart may still begin a run for the push. */
  readonly isOpen: boolean
  readonly met: boolean
  readonly rkey: Rkey
}

/** The earlier triggers of that kind for the push, by key ascending. */
const earlierTriggers = (
  state: BuildsState,
  knot: HostName,
  kind: TriggerKind,
  claimed: ClaimedPush
): ReadonlyArray<EarlierTrigger> => {
  const isSame = (push: Pick<Push, 'newSha' | 'oldSha' | 'ref'>, owner: Did, record: Rkey) =>
    isSamePush(claimed, push, owner, record)
  const acted = M.keys(valuesAt(pushKey(knot, claimed.push))(state.pushes)).flatMap(
    (rkey): ReadonlyArray<readonly [Rkey, EarlierTrigger]> => {
      const run = runOf(state, knot, rkey)
      const push = run === null ? null : pushThatBegan(run)
      if (
        run === null ||
        push === null ||
        run.kind !== kind ||
        !isSame(push, run.repository.owner, run.repository.rkey)
      )
        return []
      return [[rkey, { actor: run.actor, isOpen: run.phase._tag === 'Waiting', met: run.met !== null, rkey }]]
    }
  )
  const told = M.toEntries(sourceOf(state, knot).spent).flatMap(
    ([rkey, told]): ReadonlyArray<readonly [Rkey, EarlierTrigger]> =>
      told?.kind === kind && isSame(told, told.owner, told.record)
        ? [[rkey, { actor: told.actor, isOpen: told.outcome === 'left', met: told.outcome === 'met', rkey }]]
        : []
  )
  return M.toEntries(
    [...acted, ...told].reduce(
      (all, [rkey, earlier]) => M.upsertAt(rkey, earlier)(all),
      M.empty<Rkey, EarlierTrigger>()
    )
  ).map(([, earlier]) => earlier)
}

/** The kind of a trigger's counterpart. */
const OTHER_KIND: { readonly [K in TriggerKind]: TriggerKind } = { pipeline: 'refUpdate', refUpdate: 'pipeline' }

/** The counterpart of a push's trigger: the last trigger of the other kind that has not met a counterpart yet. */
export const counterpartOf = (
  state: BuildsState,
  knot: HostName,
  kind: TriggerKind,
  claimed: ClaimedPush
): EarlierTrigger | null =>
  last(earlierTriggers(state, knot, OTHER_KIND[kind], claimed).filter(({ met }) => !met))

/** Who made the push of a pipeline: the last refUpdate of that push says so, if one has come. */
export const actorOfPush = (
  state: BuildsState,
  knot: HostName,
  { cause, kind }: Trigger,
  meant: ReadonlyArray<Repository>
): Did | null => {
  if (kind !== 'pipeline' || cause._tag !== 'Push') return null
  const claimed = { meant, push: cause }
  return (
    (counterpartOf(state, knot, kind, claimed) ?? last(earlierTriggers(state, knot, 'refUpdate', claimed)))?.actor ??
    null
  )
}

/** Whether a run of the same push has already met the trigger with that key. */
export const isMetByRun = (state: BuildsState, knot: HostName, rkey: Rkey, push: Push): boolean =>
  M.keys(valuesAt(pushKey(knot, push))(state.pushes)).some((other) => runOf(state, knot, other)?.met === rkey)

/**
 * The state in which the earlier trigger has met its counterpart.
 *
 * @param rkey The key of the counterpart.
 * @param actor Who pushed, if the counterpart says so.
 */
export const withMet = (
  state: BuildsState,
  knot: HostName,
  earlier: EarlierTrigger,
  rkey: Rkey,
  actor: Did | null
): BuildsState => {
  const run = runOf(state, knot, earlier.rkey)
  if (run !== null) return withRun(state, knot, earlier.rkey, { ...run, actor: run.actor ?? actor, met: rkey })
  return pipe(
    M.lookup(earlier.rkey)(sourceOf(state, knot).spent),
    O.match(
      () => state,
      (told) => withSpent(state, knot, earlier.rkey, told === null ? null : { ...told, outcome: 'met' })
    )
  )
}
