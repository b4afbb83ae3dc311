/** What has come of playing a case. Plain data: what is printed, and what `--json` and `--junit` write, is made of it. */
import type { Breakdown } from './client.js'
import type { Difference } from './difference.js'

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
