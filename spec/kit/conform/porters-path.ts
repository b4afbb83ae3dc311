/**
 * The porter's path (spec/porting.md): in which order the parts of a port are written, and so the order in which failures are shown. What
 * stands early is what the rest stands on.
 */
import type { Subject } from '../format.js'
import type { Case } from './load.js'

/** A step of the path: which vectors and which rules it makes pass. What no step names belongs to the whole machine. */
export interface Stage {
  readonly rules: ReadonlyArray<string>
  readonly subjects: ReadonlyArray<Subject>
}

const upTo = (letter: string, first: number, last: number): ReadonlyArray<string> =>
  Array.from({ length: last - first + 1 }, (_, i) => `${letter}${String(first + i)}`)

export const PATH: ReadonlyArray<Stage> = [
  { rules: [], subjects: ['did', 'rkey', 'tid', 'nsid', 'nanos', 'tid-after', 'date-time'] },
  { rules: [], subjects: ['host', 'excerpt'] },
  { rules: [], subjects: ['canonical'] },
  { rules: [], subjects: ['jetstream', 'knot'] },
  { rules: [], subjects: ['config'] },
  { rules: [...upTo('S', 1, 5), 'S11', 'S12', 'D1', 'D2', 'D9', 'D10', 'D12', 'F7', 'F8'], subjects: [] },
  { rules: [...upTo('S', 6, 10), 'D3', 'D5', 'D6', 'D7', 'D13', ...upTo('F', 1, 6), 'F9'], subjects: [] },
  { rules: [...upTo('S', 13, 17), 'D4'], subjects: [] },
  {
    rules: [],
    subjects: ['trigger', 'workflow', 'glob', 'when', 'mistake', 'variables', 'pipeline-frame', 'status-frame', 'cursor', 'build-key']
  },
  { rules: upTo('B', 1, 3), subjects: ['list-records'] },
  { rules: upTo('T', 1, 7), subjects: ['inquiry', 'service-token', 'call'] },
  { rules: ['F10', 'D11'], subjects: [] },
  { rules: [], subjects: ['state', 'query'] },
  { rules: [], subjects: ['fold'] }
]

/** Traces of no rule are about the whole machine. */
const WHOLE = PATH.findIndex(({ rules }) => rules.includes('F10'))

const stageOf = (one: Case): number => {
  const at = PATH.findIndex(({ rules, subjects }) =>
    one._tag === 'vector' ? subjects.some((subject) => subject === one.subject) : one.rules.some((rule) => rules.includes(rule))
  )
  return at < 0 ? WHOLE : at
}

/** Within a step, a subject and a rule come where the step names them. */
const placeIn = (stage: Stage | undefined, one: Case): number => {
  const names: ReadonlyArray<string> = (one._tag === 'vector' ? stage?.subjects : stage?.rules) ?? []
  const at = names.findIndex((name) => (one._tag === 'vector' ? one.subject === name : one.rules.includes(name)))
  return at < 0 ? names.length : at
}

/** The cases in the order of the path; those of one place stay in theirs. */
export const alongThePath = (cases: ReadonlyArray<Case>): ReadonlyArray<Case> => {
  const placed = cases.map((one) => {
    const stage = stageOf(one)
    return { one, place: placeIn(PATH[stage], one), stage }
  })
  return placed.sort((a, b) => a.stage - b.stage || a.place - b.place).map(({ one }) => one)
}
