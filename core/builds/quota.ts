/**
 * Quotas: how much runs may keep of what triggers and workflow files brought (T6). Strangers write both, and a run is
 * kept until its last status is dropped. So each run has a limit, and all of them together: strangers cannot take the
 * operator's share, and no knot and no account can take everything.
 */
import { isMember } from '../commits/admission.js'
import type { Rows } from '../commits/index.js'
import { budgetOf } from '../data/budget.js'
import type { HostName } from '../data/host-name.js'
import type { Did } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import { addAt, countAt } from '../data/tally.js'
import { unitsOf } from '../data/units.js'
import type { AnnouncedWorkflow } from '../effect.js'
import type { Recipe } from '../model/build.js'
import type { Kept, Run } from './model.js'

/** The limit of one run, once its files are read, in units. */
export const RUN_UNITS_MAX = 1_048_576

/** The cost of a run beyond what is measured: names, numbers, its actor, its counterpart. */
const RUN_UNITS = 1_024

/** The cost of a build besides its recipe: its name, status, error, and the provider's name for it. */
const BUILD_UNITS = 1_024

/** How much text of workflow files one announcement may hold, in units. */
const TEXTS_UNITS_MAX = 65_536

export const unitsOfBuild = (recipe: Recipe | null): number => BUILD_UNITS + unitsOf(recipe)

/** The size of a run, including workflow files that its trigger brought and that are not read yet. */
export const unitsOfRun = ({ announced, builds, cause, only, phase, repository }: Run): number =>
  M.toEntries(builds).reduce(
    (sum, [, { recipe }]) => sum + unitsOfBuild(recipe),
    RUN_UNITS +
      unitsOf(cause) +
      unitsOf(repository) +
      unitsOf(announced) +
      unitsOf(only) +
      unitsOf('workflows' in phase ? phase.workflows : null)
  )

/** Whether the run has ended: it has builds, and none of them needs anything more. */
export const isOver = ({ builds, phase }: Run): boolean =>
  phase._tag === 'Read' &&
  !M.isEmpty(builds) &&
  M.toEntries(builds).every(([, build]) => build.phase._tag === 'Settled')

/** The workflows; the text of a file is left out once the limit is reached. */
export const withinTextLimit = (workflows: ReadonlyArray<AnnouncedWorkflow>): ReadonlyArray<AnnouncedWorkflow> => {
  const budget = budgetOf(TEXTS_UNITS_MAX)
  return workflows.map((workflow) =>
    budget.take(workflow.text === '' ? 0 : unitsOf(workflow.text)) ? workflow : { ...workflow, text: '' }
  )
}

// ------------------------------------------------------------------------------------- what all of them keep

/** What is kept after that run has grown by `units`, or shrunk if that is negative. */
export const keptWith = (kept: Kept, knot: HostName, run: Run, units: number): Kept =>
  isOver(run)
    ? { ...kept, over: kept.over + units }
    : {
        ...kept,
        ofKnots: addAt(kept.ofKnots, knot, units),
        ofOwners: addAt(kept.ofOwners, run.repository.owner, units),
        owed: kept.owed + units
      }

/** Shares of the total, in sixteenths. */
interface Shares {
  /** A run is taken in as long as all runs keep less than this. */
  readonly all: number
  /** The same, of the runs of its knot. */
  readonly knot: number
  /** The same, of the runs for its owner's repositories. */
  readonly owner: number
}

/** By who owns the repository: the owner of this spindle, a member, or anybody else. */
const SHARES: { readonly [whose in 'owner' | 'member' | 'stranger']: Shares } = {
  owner: { all: 16, knot: 8, owner: 16 },
  member: { all: 12, knot: 4, owner: 2 },
  stranger: { all: 8, knot: 2, owner: 1 }
}

export const sharesOf = (rows: Rows, owner: Did): Shares => {
  if (owner === rows.config.owner) return SHARES.owner
  return isMember(rows, owner) ? SHARES.member : SHARES.stranger
}

/** How many units are left, and the sentence for when they are not enough. */
export interface Room {
  readonly left: number
  readonly limit: string
}

/** The room of a run, apart from what other runs keep. */
export const RUN_ROOM: Room = { left: RUN_UNITS_MAX, limit: `a run may keep at most ${String(RUN_UNITS_MAX)} units` }

/** The one with less room; of two equal ones, the first. */
export const tighterRoom = (a: Room, b: Room): Room => (b.left < a.left ? b : a)

/** How much more the runs that have not ended may keep, on this knot and for this account's repositories. */
export const roomFor = (rows: Rows, kept: Kept, knot: HostName, owner: Did): Room => {
  const shares = sharesOf(rows, owner)
  const sixteenth = Math.floor(rows.config.builds.owedUnits / 16)
  const room = (share: number, taken: number, whose: string): Room => ({
    left: share * sixteenth - taken,
    limit: `unfinished runs${whose} may keep at most ${String(share * sixteenth)} units`
  })
  return tighterRoom(
    tighterRoom(room(shares.all, kept.owed, ''), room(shares.knot, countAt(kept.ofKnots, knot), ' of one knot')),
    room(shares.owner, countAt(kept.ofOwners, owner), ' for one account')
  )
}
