/**
 * Statuses and announcements: what readers of `/events` get, stamped and in order (T4, T6).
 */
import * as O from 'fp-ts/lib/Option.js'
import { withoutEffects } from '../base/transition.js'
import type { Config } from '../config.js'
import type { HostName } from '../data/host-name.js'
import { FUTURE_US, isTidAfter, laterOf, type Rkey, Tid, type TimeUs, usBefore } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { cut } from '../data/text.js'
import { type AnnouncedWorkflow, type PipelineEntry, type PublishStatus, type StatusEntry } from '../effect.js'
import type { BuildName, ExitCode, Status } from '../model/build.js'
import { rememberedFrom } from './counterparts.js'
import type { Build, BuildsState, BuildsStep, Context, Run } from './model.js'
import { withPlaces } from './pipeline-index.js'
import { withinTextLimit } from './quota.js'
import { buildOf, ifPlanned, isKeyOurs, runOf, withBuild, withoutBuild, withoutRun, withRun } from './runs.js'
import { isSpent, withSource, withSpent } from './sources.js'
import { logKey, oldestStatuses } from './status-log.js'

export const RANKS: { readonly [S in Status]: number } = {
  pending: 0,
  running: 1,
  success: 2,
  failed: 2,
  timeout: 2,
  cancelled: 2
}

/** Forgets a build that is settled and whose last status has been dropped; with its last build, the run. */
export const forgetIfDropped = (state: BuildsState, name: BuildName): BuildsState => {
  const run = runOf(state, name.knot, name.rkey)
  const build = buildOf(state, name)
  if (run === null || build?.phase._tag !== 'Settled' || M.has(logKey(build.statusUs))(state.log)) return state
  if (M.size(run.builds) > 1) return withoutBuild(state, name)
  const gone = withoutRun(state, name.knot, name.rkey)
  const source = O.toNullable(M.lookup(name.knot)(state.sources))
  // A key of ours says nothing about the knot's triggers; and nothing needs to be noted of a forgotten knot (T1).
  if (isKeyOurs(run) || source === null || isSpent(source, name.rkey)) return gone
  // If the key is a time, and not one from the future, all keys before it count as forgotten, too.
  const isTime = Tid.is(name.rkey) && !isTidAfter(name.rkey, state.lastUs, FUTURE_US)
  return isTime
    ? withSource(gone, name.knot, { ...source, forgotten: name.rkey })
    : withSpent(gone, name.knot, name.rkey, rememberedFrom(run))
}

/** The state without its oldest status, and without a build or run that is forgotten with it. */
const withoutStatus = (state: BuildsState, { build, createdUs }: StatusEntry): BuildsState =>
  forgetIfDropped({ ...state, floorUs: createdUs, log: M.deleteAt(logKey(createdUs))(state.log) }, build)

/** Drops the oldest statuses beyond `keepStatuses`. */
export const withinKeepStatuses = ({ builds: { keepStatuses } }: Config, state: BuildsState): BuildsState => {
  const surplus = M.size(state.log) - keepStatuses
  if (surplus <= 0) return state
  return oldestStatuses(state, surplus).reduce(withoutStatus, state)
}

/** Drops the oldest statuses until the runs that have ended keep no more than `keepUnits`. */
export const withinKeepUnits = ({ builds: { keepUnits } }: Config, state: BuildsState): BuildsState => {
  let acc = state
  while (acc.kept.over > keepUnits) {
    const [oldest] = oldestStatuses(acc, 1)
    if (oldest === undefined) return acc
    acc = withoutStatus(acc, oldest)
  }
  return acc
}

/** The stamp of the next status. It rises even if the clock is set back. */
export const nextStamp = (state: BuildsState, at: TimeUs): TimeUs => laterOf(at, (state.lastUs + 1) as TimeUs)

/** The announcement of a run, before its first status. */
export const announcementOf = (
  knot: HostName,
  rkey: Rkey,
  { cause, defaultBranch, repository }: Run,
  { createdUs, workflows }: NonNullable<Run['announced']>
): PipelineEntry => ({ cause, createdUs, defaultBranch, knot, repository, rkey, workflows })

/** Stores the run and announces it in the log: statuses of each of these workflows will follow. */
export const announce = (
  { at }: Context,
  state: BuildsState,
  knot: HostName,
  rkey: Rkey,
  run: Run,
  workflows: ReadonlyArray<AnnouncedWorkflow>
): BuildsStep => {
  if (workflows.length === 0) return withoutEffects(withRun(state, knot, rkey, run))
  // A microsecond before the event, if that is free, so that the first status can carry the time of the event.
  const createdUs = nextStamp(state, usBefore(at, 1))
  const announced = { createdUs, workflows: withinTextLimit(workflows) }
  const entry = announcementOf(knot, rkey, run, announced)
  const key = logKey(createdUs)
  const told = withRun(state, knot, rkey, { ...run, announced })
  const announcements = M.upsertAt(key, entry)(told.announcements)
  const pipelines = withPlaces(told.pipelines, key, entry)
  return [{ ...told, announcements, lastUs: createdUs, pipelines }, [{ _tag: 'PublishPipeline', entry }]]
}

/** The status that a build gets. */
export interface NewStatus {
  readonly error: string | null
  readonly exitCode: ExitCode | null
  readonly status: Status
}

/** How much of a provider's error is kept. */
const SENTENCE_MAX = 1_000

/** Stores the build with this status, and adds the status to the log. */
export const publish = (
  { at, config }: Context,
  state: BuildsState,
  name: BuildName,
  build: Build,
  { error: said, exitCode, status }: NewStatus
): BuildsStep => {
  const error = said === null ? null : cut(said, SENTENCE_MAX)
  const createdUs = nextStamp(state, at)
  const entry: StatusEntry = { build: name, createdUs, error, exitCode, status }
  const startedUs = status === 'running' ? createdUs : build.startedUs
  const written = withBuild(state, name, { ...build, error, exitCode, startedUs, status, statusUs: createdUs })
  const logged = { ...written, lastUs: createdUs, log: M.upsertAt(logKey(createdUs), entry)(written.log) }
  const effect: PublishStatus = { _tag: 'PublishStatus', entry }
  return [withinKeepStatuses(config, logged), [effect]]
}

/** Gives a build its next status. */
export const setStatus = (context: Context, state: BuildsState, name: BuildName, next: NewStatus): BuildsStep =>
  ifPlanned(state, name, (build) => publish(context, state, name, build, next))

export const failedStatus = (error: string): NewStatus => ({ error, exitCode: null, status: 'failed' })
