/**
 * Runs and builds by name: how they are looked up, kept and numbered.
 */
import * as O from 'fp-ts/lib/Option.js'
import { withoutEffects } from '../base/transition.js'
import type { HostName } from '../data/host-name.js'
import { type Rkey, tidOf, type TimeUs } from '../data/identifiers.js'
import { insertAt, removeAt } from '../data/multimap.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import { type BuildName, type Recipe } from '../model/build.js'
import type { Push } from '../model/trigger.js'
import { type Build, type BuildsState, type BuildsStep, type Kept, type Run, type RunKey } from './model.js'
import { withoutPlaces } from './pipeline-index.js'
import { isOver, keptWith, unitsOfBuild, unitsOfRun } from './quota.js'
import { logKey } from './status-log.js'
import { waitingWith, waitingWithout } from './waiting.js'

/** The key of a run: that of its knot and of its trigger. */
export const runKey = (knot: HostName, rkey: Rkey): RunKey => `${knot}/${rkey}` as RunKey

/** The run of that trigger; `null` if there is none. */
export const runOf = (state: BuildsState, knot: HostName, rkey: Rkey): Run | null =>
  O.toNullable(M.lookup(runKey(knot, rkey))(state.runs))

/** The build of that name; `null` if there is none. */
export const buildOf = (state: BuildsState, { knot, rkey, workflow }: BuildName): Build | null => {
  const run = runOf(state, knot, rkey)
  return run === null ? null : O.toNullable(M.lookup(workflow)(run.builds))
}

export const pushKey = (knot: HostName, { newSha, oldSha, ref }: Push): string => `${knot}/${newSha}/${oldSha}/${ref}`

/** The push that began the run; `null` if something else did. */
export const pushThatBegan = ({ cause, retryOf }: Run): Push | null =>
  cause._tag === 'Push' && retryOf === null ? cause : null

/** Whether we made the key of the run, so that it says nothing about the knot's own triggers. */
export const isKeyOurs = ({ kind, retryOf }: Run): boolean => retryOf !== null || kind === 'call'

/** What is kept after that run is removed. */
const keptWithout = (kept: Kept, knot: HostName, run: Run | null): Kept =>
  run === null ? kept : keptWith(kept, knot, run, -unitsOfRun(run))

export const withRun = (state: BuildsState, knot: HostName, rkey: Rkey, run: Run): BuildsState => {
  const before = runOf(state, knot, rkey)
  const push = before === null ? pushThatBegan(run) : null
  return {
    ...state,
    kept: keptWith(keptWithout(state.kept, knot, before), knot, run, unitsOfRun(run)),
    pushes: push === null ? state.pushes : insertAt(pushKey(knot, push), rkey)(state.pushes),
    runs: M.upsertAt(runKey(knot, rkey), run)(state.runs),
    waiting: waitingWith(waitingWithout(state.waiting, knot, rkey, before), knot, rkey, run)
  }
}

/** The state without the run and its announcement. */
export const withoutRun = (state: BuildsState, knot: HostName, rkey: Rkey): BuildsState => {
  const run = runOf(state, knot, rkey)
  const announced = run === null || run.announced === null ? null : { key: logKey(run.announced.createdUs), run }
  const push = run === null ? null : pushThatBegan(run)
  return {
    ...state,
    announcements: announced === null ? state.announcements : M.deleteAt(announced.key)(state.announcements),
    kept: keptWithout(state.kept, knot, run),
    pipelines: announced === null ? state.pipelines : withoutPlaces(state.pipelines, announced.key, announced.run),
    pushes: push === null ? state.pushes : removeAt(pushKey(knot, push), rkey)(state.pushes),
    runs: M.deleteAt(runKey(knot, rkey))(state.runs),
    waiting: waitingWithout(state.waiting, knot, rkey, run)
  }
}

/**
 * Replaces a build of the run; `null` removes it. Counting a whole run is expensive, so only the difference of this
 * build is counted, unless the run ends by it or is no longer ended.
 */
const withBuildOf = (
  state: BuildsState,
  { knot, rkey, workflow }: BuildName,
  run: Run,
  build: Build | null
): BuildsState => {
  const before = O.toNullable(M.lookup(workflow)(run.builds))
  const builds = (build === null ? M.deleteAt(workflow) : M.upsertAt(workflow, build))(run.builds)
  const after: Run = { ...run, builds }
  const count = (of: Build | null): number => (of === null ? 0 : unitsOfBuild(of.recipe))
  const kept =
    isOver(run) === isOver(after)
      ? keptWith(state.kept, knot, after, count(build) - count(before))
      : keptWith(keptWithout(state.kept, knot, run), knot, after, unitsOfRun(after))
  return { ...state, kept, runs: M.upsertAt(runKey(knot, rkey), after)(state.runs) }
}

export const withBuild = (state: BuildsState, name: BuildName, build: Build): BuildsState => {
  const run = runOf(state, name.knot, name.rkey)
  return run === null ? state : withBuildOf(state, name, run, build)
}

/** The state without the build; its run stays. */
export const withoutBuild = (state: BuildsState, name: BuildName): BuildsState => {
  const run = runOf(state, name.knot, name.rkey)
  return run === null ? state : withBuildOf(state, name, run, null)
}

/** Applies `step` to the build if it has a recipe, so that a provider has it or may have it; else nothing changes. */
export const ifPlanned = (
  state: BuildsState,
  name: BuildName,
  step: (build: Build, recipe: Recipe, run: Run) => BuildsStep
): BuildsStep => {
  const run = runOf(state, name.knot, name.rkey)
  const build = run === null ? null : O.toNullable(M.lookup(name.workflow)(run.builds))
  return run === null || build === null || build.recipe === null
    ? withoutEffects(state)
    : step(build, build.recipe, run)
}

/** The builds of a run, by name. */
export const buildsOf = (knot: HostName, rkey: Rkey, run: Run): ReadonlyArray<readonly [BuildName, Build]> =>
  M.toEntries(run.builds).map(([workflow, build]) => [{ knot, rkey, workflow }, build])

/** Takes a number: the new state, and the number. */
export const takeNumber = (state: BuildsState): readonly [BuildsState, Natural] => [
  { ...state, next: (state.next + 1) as Natural },
  state.next
]

/** The result of `more` from the state that the first step led to, with the effects of both. */
export const andThen = (
  [state, effects]: BuildsStep,
  more: (state: BuildsState) => BuildsStep
): BuildsStep => {
  const [after, further] = more(state)
  return [after, [...effects, ...further]]
}

/** The parts of a key. */
export const splitKey = (key: RunKey): readonly [HostName, Rkey] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash) as HostName, key.slice(slash + 1) as Rkey]
}

/** The runs of a knot, by rkey. */
export const runsOf = (state: BuildsState, knot: HostName): ReadonlyArray<readonly [Rkey, Run]> => {
  const runs: Array<readonly [Rkey, Run]> = []
  for (const [key, run] of M.entriesFrom(state.runs, `${knot}/`)) {
    const [host, rkey] = splitKey(key)
    if (host !== knot) break
    runs.push([rkey, run])
  }
  return runs
}

export const last = <A>(list: ReadonlyArray<A>): A | null => list[list.length - 1] ?? null

/** A key made of this time, or of the next microsecond whose key no run of the knot has. */
export const freeKey = (state: BuildsState, knot: HostName, us: TimeUs): Rkey => {
  const key = tidOf(us) as string as Rkey
  return runOf(state, knot, key) === null ? key : freeKey(state, knot, (us + 1) as TimeUs)
}
