/** What has come of playing a case. Plain data: what is printed, and what `--json` and `--junit` write, is made of it. */
import type { Breakdown } from './client.js'
import type { Difference } from './difference.js'
import type { Case } from './load.js'

/** The first thing that was wrong. */
export interface Failure {
  /** 0 is the init, `null` the end of a trace, or a vector. */
  readonly step: number | null
  /** The event of the step, or the input of the vector. */
  readonly given: unknown
  /** What was expected of effects or output, and what came. */
  readonly effects: { readonly expected: unknown; readonly actual: unknown } | null
  readonly hashes: { readonly expected: string; readonly actual: string } | null
  readonly differences: ReadonlyArray<Difference>
  /** What else there is to say. */
  readonly remarks: ReadonlyArray<string>
}

export type Outcome =
  | { readonly _tag: 'passed' }
  | { readonly _tag: 'failed'; readonly failure: Failure }
  /** The port answered `errored`. */
  | { readonly _tag: 'errored'; readonly step: number | null; readonly given: unknown; readonly message: string }
  /** The port answered `skipped`. */
  | { readonly _tag: 'skipped'; readonly reason: string }
  /** The port broke down here. */
  | { readonly _tag: 'broken'; readonly breakdown: Breakdown }
  /** The port had broken down before. */
  | { readonly _tag: 'unreached' }

export type Totals = { readonly [tag in Outcome['_tag']]: number }

export const totalsOf = (outcomes: ReadonlyArray<Outcome>): Totals => {
  const count = (tag: Outcome['_tag']): number => outcomes.filter((outcome) => outcome._tag === tag).length
  return {
    passed: count('passed'),
    failed: count('failed'),
    errored: count('errored'),
    skipped: count('skipped'),
    broken: count('broken'),
    unreached: count('unreached')
  }
}

/** A case, and what has come of it. */
export interface Played {
  readonly one: Case
  readonly outcome: Outcome
}

/** What has come of a random search. */
export interface Search {
  /** How many steps or inputs were compared. */
  readonly count: number
  /** The smallest case that fails; the outcome is its. */
  readonly found: Case | null
  readonly outcome: Outcome
  /** How many steps or characters the failure had before it was made smaller. */
  readonly size: number
  /** How many steps or inputs were in what the port skipped. */
  readonly skipped: number
}

/** Everything that one run of the kit has found. */
export interface Run {
  /** Why the port was given up, if it was. */
  readonly breakdown: Breakdown | null
  readonly command: ReadonlyArray<string>
  /** What the port calls itself; `null` when it did not start. */
  readonly name: string | null
  readonly played: ReadonlyArray<Played>
  readonly random: { readonly inputs: Search; readonly seed: number; readonly steps: Search } | null
  readonly seconds: number
}

/** Whether everything that was played is right, and anything was. */
export const isGood = ({ breakdown, played, random }: Run): boolean => {
  const outcomes = [...played.map(({ outcome }) => outcome), ...(random === null ? [] : [random.steps.outcome, random.inputs.outcome])]
  const { broken, errored, failed, passed } = totalsOf(outcomes)
  return breakdown === null && passed > 0 && broken + errored + failed === 0
}
