/**
 * Knots that nobody holds any more: what is remembered of them goes when their triggers would count again (T1).
 */
import type { HostName } from '../data/host-name.js'
import { FUTURE_US, laterOf, microsOf, type Nanos, type TimeUs, usAfter } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import * as M from '../data/ordered-map.js'
import type { Timer } from '../event.js'
import { chain, unchanged } from '../transition.js'
import { type BuildsState, NONE, type Step } from './model.js'
import { read } from './reading.js'
import { numbered, runOf } from './runs.js'
import { sourceOf, withSource } from './sources.js'

/** Nobody holds these knots any more. */
export interface KnotsLeft {
  readonly _tag: 'KnotsLeft'
  readonly at: TimeUs
  /** Whether a start has brought that about, which sets all timers. */
  readonly isStart: boolean
  /** With the cursor of each: its triggers were created no later. */
  readonly knots: ReadonlyArray<{ readonly cursor: Nanos | null; readonly host: HostName }>
}

/** A timer of a knot has fired. */
export interface KnotJudged {
  readonly _tag: 'KnotJudged'
  readonly at: TimeUs
  readonly isHeld: boolean
  /** Whether we are connected. */
  readonly isOpen: boolean
  readonly timer: Extract<Timer, { readonly _tag: 'PushTimer' | 'SourceTimer' }>
}

/** Sets the timer after which nothing of the knot is remembered. */
export const leave = (state: BuildsState, at: TimeUs, knot: HostName, untilUs: TimeUs): Step => {
  const [after, number] = numbered(state)
  // However our clock was set, it is no longer than a stamp from the future may make it.
  const ms = Math.min(Math.max(Math.ceil((untilUs - at) / 1_000), 0), (2 * FUTURE_US) / 1_000) as Natural
  return [
    withSource(after, knot, { ...sourceOf(after, knot), leaving: { number, untilUs } }),
    [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'SourceTimer', knot, number } }]
  ]
}

/**
 * What was told by a knot would count again, if it were held once more, for five minutes after it was created (T1). So
 * long it is remembered.
 */
export const left = (state: BuildsState, { at, isStart, knots }: KnotsLeft): Step =>
  chain(
    state,
    knots.filter(({ host }) => M.has(host)(state.sources)),
    (before, { cursor, host }) => {
      const untilUs = usAfter(cursor === null ? at : laterOf(at, microsOf(cursor)), FUTURE_US)
      return isStart
        ? unchanged(withSource(before, host, { ...sourceOf(before, host), leaving: { number: NONE, untilUs } }))
        : leave(before, at, host, untilUs)
    }
  )

export const knotJudged = (state: BuildsState, { isHeld, isOpen, timer: fired }: KnotJudged): Step => {
  if (fired._tag === 'PushTimer') {
    const run = runOf(state, fired.knot, fired.rkey)
    return isOpen && run?.phase._tag === 'Waiting' && run.phase.number === fired.number
      ? read(state, fired.knot, fired.rkey, run, null)
      : unchanged(state)
  }
  const source = sourceOf(state, fired.knot)
  if (source.leaving?.number !== fired.number) return unchanged(state)
  return unchanged(
    isHeld
      ? withSource(state, fired.knot, { ...source, leaving: null })
      : { ...state, sources: M.deleteAt(fired.knot)(state.sources) }
  )
}
