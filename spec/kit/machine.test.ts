/** machine.md is what the code does, all of it, and would be another if the code did something else. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Concern, CONCERNS, Cursor } from '../../core/index.js'
import { EPOCH_US, explore, type Machine } from './machine/explore.js'
import { machineFiles } from './machine/files.js'
import { KNOT_MACHINE } from './machine/knot.js'
import { diagram, outcomeTable } from './machine/markdown.js'
import { STREAM_MACHINE } from './machine/stream.js'

test.each([...machineFiles()])('spec/%s is what the code does; if not: npm run generate', (name, content) =>
  expect(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(content)
)

describe('every step is tried', () => {
  const tried = <S, E extends { readonly _tag: string }>({ moves, start }: Machine<S, E>): ReadonlySet<string> =>
    new Set(moves.map(({ event }) => event(start, EPOCH_US)._tag))
  const seenBy = (concern: Concern): ReadonlyArray<string> =>
    Object.entries(CONCERNS).flatMap(([event, concerns]) => (concerns.includes(concern) ? [event] : []))

  test('on the stream', () => expect(tried(STREAM_MACHINE)).toEqual(new Set(seenBy('cursor'))))

  test('on a knot, which hears of rows by the holds they make', () => {
    const rows = new Set(['CommitReceived', 'AccountReceived', 'RecordsRead'])
    expect(tried(KNOT_MACHINE)).toEqual(new Set([...seenBy('knots').filter((event) => !rows.has(event)), 'HoldsChanged']))
  })

  test('in every phase', () => {
    for (const phase of ['Idle', 'Connecting', 'Open', 'Waiting']) {
      expect(explore(STREAM_MACHINE).map(({ from }) => from)).toContain(phase)
      expect(explore(KNOT_MACHINE).map(({ from }) => from.replace(', stopped', ''))).toContain(phase)
    }
  })
})

describe('a machine that behaves differently', () => {
  const page = (reduce: typeof Cursor.reduce): readonly [string, string] => {
    const outcomes = explore({ ...STREAM_MACHINE, reduce })
    return [diagram('Idle', outcomes), outcomeTable(outcomes)]
  }
  const [drawn, tabled] = page(Cursor.reduce)

  test('has another diagram and another table', () => {
    const [otherDrawn, otherTabled] = page((state, event) =>
      event._tag === 'StopRequested' ? [state, []] : Cursor.reduce(state, event)
    )
    expect([otherDrawn === drawn, otherTabled === tabled]).toEqual([false, false])
  })

  test('has another table when only a field differs', () => {
    const [, other] = page((state, event) => {
      const [after, effects] = Cursor.reduce(state, event)
      return [{ ...after, passedUs: state.passedUs, poisonings: state.poisonings }, effects]
    })
    expect(other).not.toBe(tabled)
  })
})

test('every line of a diagram is one that Mermaid knows', () => {
  const text = [...machineFiles().values()].join('')
  const diagrams = [...text.matchAll(/```mermaid\n([^`]*)```/g)].map(([, body = '']) => body)
  expect(diagrams).toHaveLength(5)
  for (const body of diagrams) {
    const [head, ...lines] = body.trimEnd().split('\n')
    expect(head).toBe('stateDiagram-v2')
    for (const line of lines) expect(line).toMatch(/^ {4}(state "[^":]+" as \w+|\[\*\] --> \w+|\w+ --> \w+ : [^:;"]+)$/)
  }
})
