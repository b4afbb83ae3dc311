/**
 * How much runs may keep of what triggers and workflow files brought. Strangers write both, and a run is kept until its
 * last status is dropped, so there is a limit for each run, and for all of them: what strangers keep going takes no
 * room of the operator's, and no knot and no account takes all that there is (T6).
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

/** What a run may be once its files are read, in units. */
export const RUN_UNITS_MAX = 1_048_576

/** What a run counts for all that has no count of its own: its names and numbers, who caused it, what it has met. */
const RUN_UNITS = 1_024

/** What a build counts besides its recipe: its name, its status, its provider's name for it, and a sentence. */
const BUILD_UNITS = 1_024

/** How much of the files of a run its announcement repeats, in units of their texts. */
const TEXTS_UNITS_MAX = 65_536

export const unitsOfBuild = (recipe: Recipe | null): number => BUILD_UNITS + unitsOf(recipe)

/** What a run counts, with the workflow files that came along, as long as they wait to be read. */
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

/** Whether the run has its builds, and nothing of them is owed any more. */
export const isOver = ({ builds, phase }: Run): boolean =>
  phase._tag === 'Read' &&
  !M.isEmpty(builds) &&
  M.toEntries(builds).every(([, build]) => build.phase._tag === 'Settled')

/** The workflows, each with its file as long as there is room for it. */
export const withinTextLimit = (workflows: ReadonlyArray<AnnouncedWorkflow>): ReadonlyArray<AnnouncedWorkflow> => {
  const budget = budgetOf(TEXTS_UNITS_MAX)
  return workflows.map((workflow) =>
    budget.take(workflow.text === '' ? 0 : unitsOf(workflow.text)) ? workflow : { ...workflow, text: '' }
  )
}

// ------------------------------------------------------------------------------------- what all of them keep

/** What is kept with so many units more of that run of the knot; or fewer, where they are less than 0. */
export const keptWith = (kept: Kept, knot: HostName, run: Run, units: number): Kept =>
  isOver(run)
    ? { ...kept, over: kept.over + units }
    : {
        ...kept,
        ofKnots: addAt(kept.ofKnots, knot, units),
        ofOwners: addAt(kept.ofOwners, run.repository.owner, units),
        owed: kept.owed + units
      }

/** Shares of what there is room for, in sixteenths. */
interface Shares {
  /** What all runs may keep when one of these comes. */
  readonly all: number
  /** What those of its knot may keep then. */
  readonly knot: number
  /** What those for repositories of its owner may. */
  readonly owner: number
}

/** For repositories of the owner of this spindle, of members, and of anybody else. */
const SHARES: { readonly [whose in 'owner' | 'member' | 'stranger']: Shares } = {
  owner: { all: 16, knot: 8, owner: 16 },
  member: { all: 12, knot: 4, owner: 2 },
  stranger: { all: 8, knot: 2, owner: 1 }
}

export const sharesOf = (rows: Rows, owner: Did): Shares => {
  if (owner === rows.config.owner) return SHARES.owner
  return isMember(rows, owner) ? SHARES.member : SHARES.stranger
}

/** So many units there is room for, and what to say when that is not enough. */
export interface Room {
  readonly left: number
  readonly limit: string
}

/** What a run may be once its files are read, whatever else there is. */
export const RUN_ROOM: Room = { left: RUN_UNITS_MAX, limit: `a run keeps ${String(RUN_UNITS_MAX)} units at most` }

/** The one with less room, the first of two with as much. */
export const tighter = (a: Room, b: Room): Room => (b.left < a.left ? b : a)

/** How much more may be kept on the knot of what has not ended, for repositories of this account. */
export const roomFor = (rows: Rows, kept: Kept, knot: HostName, owner: Did): Room => {
  const shares = sharesOf(rows, owner)
  const sixteenth = Math.floor(rows.config.builds.owedUnits / 16)
  const room = (share: number, taken: number, whose: string): Room => ({
    left: share * sixteenth - taken,
    limit: `runs${whose} that have not ended keep ${String(share * sixteenth)} units at most`
  })
  return tighter(
    tighter(room(shares.all, kept.owed, ''), room(shares.knot, countAt(kept.ofKnots, knot), ' of one knot')),
    room(shares.owner, countAt(kept.ofOwners, owner), ' for one account')
  )
}
