/** machine.md is what the code does, all of it, and would be another if the code did something else. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { canonical, type Concern, CONCERNS, Cursor, type Event, type Json, State, step } from '../../core/index.js'
import { BUILD_MACHINE } from './machine/life-of-build.js'
import { EPOCH_US, explore, kindsOf, type Machine } from './machine/explore.js'
import { machineFiles } from './machine/machine-files.js'
import { KNOT_MACHINE } from './machine/knot.js'
import { isRequest } from './machine/happenings.js'
import { diagram, outcomeTable } from './machine/markdown.js'
import { READING_MACHINE } from './machine/life-of-reading.js'
import { RUN_MACHINE } from './machine/life-of-run.js'
import { STREAM_MACHINE, streamBy } from './machine/stream.js'

test.each([...machineFiles()])('spec/%s is what the code does; if not: npm run generate', (name, content) =>
  expect(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(content)
)

describe('the table at the head of core/builds/life.ts', () => {
  const LABELS = {
    accepted: 'BuildAccepted',
    missing: 'BuildMissing',
    refused: 'RequestFailed, final',
    failed: 'RequestFailed',
    acknowledged: 'CancelAcknowledged'
  }
  const HEAD = ['phase', 'asked', ...Object.keys(LABELS)]
  const phaseIn = (kind: string): string => kind.replace(/[ ,].*$/, '')
  const lines = readFileSync(new URL('../../core/builds/life.ts', import.meta.url), 'utf8').split('\n')
  const cells = lines.map((line) => line.replace(/^ \* +/, '').split(/ {2,}/)).filter(({ length }) => length === HEAD.length)
  const [head, , ...rows] = cells
  const outcomes = explore(BUILD_MACHINE)

  test('has a line for each phase, and a column for each answer', () => {
    expect(head).toEqual(HEAD)
    expect(rows.map(([phase]) => phase)).toEqual(['Starting', 'Finding', 'Following', 'Cancelling', 'Settled'])
  })

  test.each(rows.map((row) => [row[0] ?? '', row] as const))('says what is asked while %s, and where each answer leads', (phase, row) => {
    const kind = outcomes.some(({ from }) => from === phase) ? phase : `${phase}, pending`
    const leads = Object.values(LABELS).map((label) => {
      const { changes, effects, reports, to } = outcomes.find((outcome) => outcome.from === kind && outcome.label === label) ?? expect.fail(`${kind}: ${label}`)
      return to === kind && changes.length + effects.length + reports.length === 0 ? '–' : phaseIn(to)
    })
    expect(row.slice(2).map(phaseIn)).toEqual(leads)
    const [, asked = ''] = row
    const begins = outcomes.filter(({ from, to }) => to === kind && phaseIn(from) !== phase)
    expect(begins.every(({ effects }) => asked === '–' || phase === 'Starting' || effects.includes(asked))).toBe(true)
    expect(asked === '–' || outcomes.some(({ effects }) => effects.includes(asked))).toBe(true)
  })
})

describe('every step is tried', () => {
  const tried = <S, E extends { readonly event: Event }>({ moves, start }: Machine<S, E>): ReadonlySet<string> =>
    new Set(moves.map(({ event }) => event(start, EPOCH_US).event._tag))
  const seenBy = (concern: Concern): ReadonlyArray<string> =>
    Object.entries(CONCERNS).flatMap(([event, concerns]) => (concerns.includes(concern) ? [event] : []))

  test('on the stream', () => expect(tried(STREAM_MACHINE)).toEqual(new Set(seenBy('cursor'))))

  test('on a knot, which hears of rows by the holds they make', () => {
    const rows = new Set(['CommitReceived', 'AccountReceived', 'RecordsRead'])
    expect(tried(KNOT_MACHINE)).toEqual(new Set([...seenBy('knots').filter((event) => !rows.has(event)), 'PassedOver']))
  })

  test('in every phase', () => {
    for (const phase of ['Idle', 'Connecting', 'Open', 'Waiting']) {
      expect(explore(STREAM_MACHINE).map(({ from }) => from)).toContain(phase)
      expect(explore(KNOT_MACHINE).map(({ from }) => from.replace(', stopped', ''))).toContain(phase)
    }
  })
})

describe('a bridge that is stopped', () => {
  const stopped = (state: State): State => ({ ...state, isStopped: true })
  const written = (state: State): string => canonical(State.encode(state) as Json)

  test('a step changes the same and takes the same numbers, and only requests and timers are left out', () => {
    let left = 0
    for (const { moves, ...machine } of [RUN_MACHINE, BUILD_MACHINE])
      for (const [kind, { at, state }] of kindsOf({ ...machine, moves }))
        for (const { event: happening, label } of moves) {
          const { event, given = (same: State) => same } = happening(state, at)
          if (event._tag === 'Started') continue
          const [after, effects] = step(given(state), event)
          const [whileStopped, news] = step(stopped(given(state)), event)
          const kept = effects.filter((effect) => !isRequest(effect))
          expect([kind, label, written(whileStopped), news]).toEqual([kind, label, written(stopped(after)), kept])
          left += effects.length - kept.length
        }
    expect(left).toBeGreaterThan(30)
  })
})

describe('the machines that are driven', () => {
  const kinds = <S, E>(machine: Machine<S, E>): ReadonlySet<string> => new Set([...kindsOf(machine).keys()].map((kind) => kind.replace(/, .*$/, '')))

  test('every phase of a build is met', () =>
    expect(kinds(BUILD_MACHINE)).toEqual(new Set(['Cancelling', 'Cancelling pausing', 'Finding', 'Finding pausing', 'Following', 'Settled', 'Starting'])))

  test('every state of a build is drawn', () => {
    const drawn = machineFiles().get('machine.md')?.split('## The life of a build')[1]?.split('```')[1] ?? ''
    const states = [...kindsOf(BUILD_MACHINE).keys()]
    expect(states.length).toBeGreaterThan(9)
    for (const state of states) expect(drawn).toContain(` --> ${state.replace(/\W+(\w)/g, (_, first: string) => first.toUpperCase())} : `)
  })

  test('every phase of a run is met', () => expect(kinds(RUN_MACHINE)).toEqual(new Set(['Read', 'Reading', 'Reading pausing', 'Waiting', 'no run', 'spent'])))

  test('every phase of a reading is met', () => expect(kinds(READING_MACHINE)).toEqual(new Set(['Asked', 'Pausing', 'Waiting', 'none'])))
})

describe('a machine that behaves differently', () => {
  const page = (reduce: typeof Cursor.reduce): readonly [string, string] => {
    const outcomes = explore({ ...STREAM_MACHINE, reduce: streamBy(reduce) })
    return [diagram('Idle', outcomes), outcomeTable(outcomes)]
  }
  const [drawn, tabled] = page(Cursor.reduce)

  test('has another diagram and another table', () => {
    const [otherDrawn, otherTabled] = page((state, event, given) =>
      event._tag === 'StopRequested' ? O.none : Cursor.reduce(state, event, given)
    )
    expect([otherDrawn === drawn, otherTabled === tabled]).toEqual([false, false])
  })

  test('has another table when only a field differs', () => {
    const [, other] = page((state, event, given) =>
      pipe(
        Cursor.reduce(state, event, given),
        O.map(([after, effects]) => [{ ...after, passedUs: state.passedUs, poisonings: state.poisonings }, effects])
      )
    )
    expect(other).not.toBe(tabled)
  })
})

test('every line of a diagram is one that Mermaid knows', () => {
  const text = [...machineFiles().values()].join('')
  const diagrams = [...text.matchAll(/```mermaid\n([^`]*)```/g)].map(([, body = '']) => body)
  expect(diagrams).toHaveLength(8)
  for (const body of diagrams) {
    const [head, ...lines] = body.trimEnd().split('\n')
    expect(head).toBe('stateDiagram-v2')
    for (const line of lines) expect(line).toMatch(/^ {4}(state "[^":]+" as \w+|\[\*\] --> \w+|\w+ --> \w+ : [^:;"]+)$/)
  }
})
