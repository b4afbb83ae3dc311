/**
 * Callers that wait for what becomes of an event of theirs: whether it is safe, and, of an admin request, what the state says in which its turn
 * comes. Events are known by their number, in order of arrival.
 */
import type { State } from '../../core/index.js'

export interface Callers {
  /** Resolves to whether the `number`th event is safe. */
  readonly wait: (number: number) => Promise<boolean>
  /** Shows the state in which the `number`th event is folded, before that. */
  readonly judge: (number: number, judge: (before: State) => void) => void
  readonly isWaiting: () => boolean
  /** Answers those that wait for one of the first `until` events. */
  readonly answer: (isSafe: boolean, until: number) => void
  /** The turn of the `number`th event has come. */
  readonly show: (number: number, before: State) => void
  /** The number of the next event of which somebody wants to see the state; `null` when nobody does. */
  readonly nextJudged: () => number | null
  /** What comes after the `number`th event comes `by` later. */
  readonly move: (number: number, by: number) => void
}

export const createCallers = (): Callers => {
  let waiting: ReadonlyArray<{ readonly number: number; readonly tell: (isSafe: boolean) => void }> = []
  let judging: ReadonlyArray<{ readonly number: number; readonly judge: (before: State) => void }> = []
  return {
    answer: (isSafe, until) => {
      const due = waiting.filter(({ number }) => number <= until)
      waiting = waiting.filter(({ number }) => number > until)
      for (const { tell } of due) tell(isSafe)
    },
    isWaiting: () => waiting.length > 0,
    judge: (number, judge) => {
      judging = [...judging, { judge, number }]
    },
    move: (after, by) => {
      const moved = (number: number): number => (number > after ? number + by : number)
      waiting = waiting.map((one) => ({ ...one, number: moved(one.number) }))
      judging = judging.map((one) => ({ ...one, number: moved(one.number) }))
    },
    nextJudged: () => judging[0]?.number ?? null,
    show: (number, before) => {
      for (const { judge } of judging.filter((one) => one.number === number)) judge(before)
      judging = judging.filter((one) => one.number > number)
    },
    wait: (number) =>
      new Promise((tell) => {
        waiting = [...waiting, { number, tell }]
      })
  }
}
