/**
 * How much a run may keep of what its trigger and its workflow files brought. Strangers write both, and a run is kept
 * until its last status is dropped, so all of it has one limit, whatever is in it: texts, names, variables, messages.
 */
import { canonical, type Json } from '../canonical.js'
import { type Budget, budgetOf } from '../data/budget.js'
import { utf8Length } from '../data/utf8.js'
import type { AnnouncedWorkflow } from '../effect.js'

/** What a run may be, written down, once its files are read: in bytes, as canonical JSON. */
export const RUN_BYTES_MAX = 1_048_576

/** What is set aside for what becomes of a run: who caused it, the key of its counterpart, that of what it repeats. */
const RUN_BYTES = 4_096

/**
 * What is set aside for what becomes of each build: its name, its status, its provider's name for it, and a sentence.
 */
const BUILD_BYTES = 8_192

/** How much of the files of a run its announcement repeats, in bytes of their texts, as canonical JSON. */
const TEXTS_BYTES_MAX = 65_536

/** How many bytes `value` is as canonical JSON. */
export const sizeOf = (value: Json): number => utf8Length(canonical(value))

/**
 * How much the runs of which nothing is owed may keep together, by `unitsOf`. Beyond it the oldest statuses go,
 * and these runs with them, however few statuses there are.
 */
export const RUNS_UNITS_MAX = 67_108_864

/** What each value counts besides its text: many small ones take memory, too. */
const VALUE_UNITS = 16

/** How much memory a value takes, roughly, by lengths alone: of each text its UTF-16 units, and 16 for each value. */
export const unitsOf = (value: Json): number => {
  if (typeof value === 'string') return VALUE_UNITS + value.length
  if (typeof value !== 'object' || value === null) return VALUE_UNITS
  return Object.values(value).reduce((sum: number, part: Json) => sum + unitsOf(part), VALUE_UNITS)
}

/** The workflows, each with its file as long as there is room for it. */
export const modest = (workflows: ReadonlyArray<AnnouncedWorkflow>): ReadonlyArray<AnnouncedWorkflow> => {
  const budget = budgetOf(TEXTS_BYTES_MAX)
  return workflows.map((workflow) =>
    budget.take(workflow.text === '' ? 0 : sizeOf(workflow.text)) ? workflow : { ...workflow, text: '' }
  )
}

/**
 * How many bytes there are for the recipes of a run, all of them together.
 *
 * @param run The run as it is written, before it is announced, and without a build.
 * @param announced The workflows of which it will have a build.
 */
export const roomIn = (run: Json, announced: ReadonlyArray<AnnouncedWorkflow>): Budget =>
  budgetOf(RUN_BYTES_MAX - RUN_BYTES - sizeOf(run) - sizeOf(modest(announced)) - announced.length * BUILD_BYTES)

/** Why there is no build of a workflow for which a run has no room, in a sentence for its author. */
export const NO_ROOM =
  'The workflows of this trigger come to more than 1,048,576 bytes, and there is no room left for this one.'
