/**
 * Counters: how many frames there were, and how many reports of each kind. Every report of a step is counted here, so
 * none goes uncounted; the last few are kept for the operator.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import { type Effect, Report } from '../effect.js'

/** How many frames there were, and how many reports of each kind. */
export const Counters = t.readonly(
  t.strict({
    /** Frames of the stream, of every kind, understood or not. */
    frames: Natural,
    /**
     * The last reports, oldest first, at most 20. Ignored triggers are only counted: most are other people's pushes.
     */
    recent: t.readonlyArray(Report),
    /** How often each kind of report was made. A rejection counts under its reason: `FrameRejected/rkey`. */
    reports: orderedMap(t.string, Natural)
  }),
  'Counters'
)
export type Counters = t.TypeOf<typeof Counters>

/** Before anything has happened. */
export const initial: Counters = { frames: 0 as Natural, recent: [], reports: M.empty() }

const RECENT = 20

/** What a report counts as. */
export const kindOf = (report: Report): string => ('reason' in report ? `${report._tag}/${report.reason}` : report._tag)

const plus = (n: Natural, by: number): Natural => (n + by) as Natural

const noted = (counters: Counters, report: Report): Counters => ({
  frames: counters.frames,
  recent: report._tag === 'TriggerIgnored' ? counters.recent : [...counters.recent, report].slice(-RECENT),
  reports: pipe(
    M.lookup(kindOf(report))(counters.reports),
    O.getOrElse(() => 0 as Natural),
    (n) => M.upsertAt(kindOf(report), plus(n, 1))(counters.reports)
  )
})

/**
 * Counts `frames` more frames, and what the effects of the step report.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Counters, OrderedMap } from '@tack-ci/core'
 *
 * const at = clampTimeUs(1_767_225_600_000_000)
 * const gap = { _tag: 'Report', report: { _tag: 'Gap', askedUs: clampTimeUs(1), at, gotUs: at } } as const
 *
 * const counters = Counters.reduce(Counters.initial, 3, [gap])
 * assert.strictEqual(counters.frames, 3)
 * assert.deepStrictEqual(OrderedMap.toEntries(counters.reports), [['Gap', 1]])
 */
export const reduce = (counters: Counters, frames: number, effects: ReadonlyArray<Effect>): Counters => {
  const before =
    frames === 0
      ? counters
      : { frames: plus(counters.frames, frames), recent: counters.recent, reports: counters.reports }
  return effects.reduce((acc, effect) => (effect._tag === 'Report' ? noted(acc, effect.report) : acc), before)
}
