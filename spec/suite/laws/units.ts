/** What runs keep, counted once more: by nothing but what T6 says of it. */
import { type Builds, type Did, isMember, OrderedMap as M, type State } from '../../../core/index.js'

export const unitsOf = (value: unknown): number => {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 16
  return Object.values(value).reduce((sum: number, part: unknown) => sum + unitsOf(part), 16)
}

export const unitsOfRun = ({ announced, builds, cause, only, phase, repository }: Builds.Run): number => {
  const files = 'workflows' in phase ? phase.workflows : null
  const own = [cause, repository, announced, only, files].reduce((sum, part) => sum + unitsOf(part), 1_024)
  return M.toEntries(builds).reduce((sum, [, { recipe }]) => sum + 1_024 + unitsOf(recipe), own)
}

/** Whether it has builds, of none of which anything is owed. */
export const isOver = ({ builds, phase }: Builds.Run): boolean => {
  const of = M.toEntries(builds)
  return of.length > 0 && phase._tag === 'Read' && of.every(([, build]) => build.phase._tag === 'Settled')
}

interface Counted {
  readonly isOver: boolean
  readonly knot: string
  readonly owner: Did
  readonly units: number
}

export const counted = (state: State): ReadonlyArray<Counted> =>
  M.toEntries(state.builds.runs).map(([key, run]) => ({
    isOver: isOver(run),
    knot: key.slice(0, key.indexOf('/')),
    owner: run.repository.owner,
    units: unitsOfRun(run)
  }))

const sumOf = (runs: ReadonlyArray<Counted>): number => runs.reduce((sum, { units }) => sum + units, 0)

/** What the runs that are over keep, one after the other. */
export const unitsOver = (state: State): number => sumOf(counted(state).filter((run) => run.isOver))

/** A sum that has a limit, by its name. */
export interface Sum {
  readonly limit: number
  readonly name: string
  readonly units: number
}

/** Every sum of what is owed, with its limit: the account, knot and rank of each as `now` has them. */
export const sumsOf = (state: State, now: State): ReadonlyArray<Sum> => {
  const { owedUnits } = now.config.builds
  const owed = counted(state).filter((run) => !run.isOver)
  const isOwner = ({ owner }: Counted): boolean => owner === now.config.owner
  const isStranger = (run: Counted): boolean => !isOwner(run) && !isMember(run.owner)(now)
  const sums = (name: string, of: (run: Counted) => string, share: number, which: (run: Counted) => boolean): ReadonlyArray<Sum> => {
    const runs = owed.filter(which)
    return [...new Set(runs.map(of))].map((key) => ({
      limit: share * Math.floor(owedUnits / 16),
      name: `${name} ${key}`,
      units: sumOf(runs.filter((run) => of(run) === key))
    }))
  }
  const anybody = (): boolean => true
  const others = (run: Counted): boolean => !isOwner(run)
  return [
    ...sums('all', () => '', 16, anybody),
    ...sums('members’ and strangers’', () => '', 12, others),
    ...sums('strangers’', () => '', 8, isStranger),
    ...sums('on', ({ knot }) => knot, 8, anybody),
    ...sums('members’ and strangers’ on', ({ knot }) => knot, 4, others),
    ...sums('strangers’ on', ({ knot }) => knot, 2, isStranger),
    ...sums('of', ({ owner }) => owner, 2, others),
    ...sums('of the stranger', ({ owner }) => owner, 1, isStranger)
  ]
}

/** The sums that a trigger of the knot may meet the limit of, whoever's it is: those of the strictest shares. */
export const sumsFor = (state: State, { host }: { readonly host: string }): ReadonlyArray<Sum> => {
  const sixteenth = Math.floor(state.config.builds.owedUnits / 16)
  const owed = counted(state).filter((run) => !run.isOver)
  const sum = (name: string, share: number, runs: ReadonlyArray<Counted>): Sum => ({ limit: share * sixteenth, name, units: sumOf(runs) })
  const owners = [...new Set(owed.map(({ owner }) => owner))]
  return [
    sum('all', 8, owed),
    sum(host, 2, owed.filter(({ knot }) => knot === host)),
    ...owners.map((of) => sum(of, of === state.config.owner ? 16 : 1, owed.filter(({ owner }) => owner === of)))
  ]
}

/** How many runs wait, on each knot and of those for each account. */
export const waitsIn = (state: State): ReadonlyArray<readonly [where: string, count: number]> => {
  const waiting = M.toEntries(state.builds.runs).filter(([, { phase }]) => phase._tag !== 'Read')
  const places = waiting.flatMap(([key, { repository }]) => {
    const knot = key.slice(0, key.indexOf('/'))
    return [knot, `${knot} ${repository.owner}`]
  })
  return [...new Set(places)].sort().map((place) => [place, places.filter((other) => other === place).length])
}

/** The same, as the state has it. */
export const waitsKept = ({ builds: { waiting } }: State): ReadonlyArray<readonly [where: string, count: number]> =>
  M.toEntries(waiting)
    .flatMap(([knot, { keys, ofOwners }]) => [
      [knot, M.size(keys)] as const,
      ...M.toEntries(ofOwners).map(([owner, count]) => [`${knot} ${owner}`, count] as const)
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** How much the trigger of a run may count, at most, with what is not known of its repository. */
export const unitsOfTrigger = (trigger: unknown): number => 1_024 + 512 + unitsOf(trigger)
