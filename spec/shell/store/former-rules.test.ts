/** Journals of numbers 1 and 2 may tell of everything by later numbers than are given out when they are folded today. */
import { describe, expect, test } from 'vitest'
import { canonical, type Json, OrderedMap as M, REPO, State, step } from '../../../core/index.js'
import { stepFormer } from '../../../shell/store/former-rules.js'
import { deadlineTimer, running } from '../../suite/examples/build-world.js'
import { at, CONFIG, del, eventOf, type Happening, initialOf, K1, OWNER, started } from '../../suite/examples/support.js'
import { BEGUN, FOLLOWED, LATE, later, RUNNING_S, STORIES } from '../support/stories.js'

/** All but numbers. */
const outline = (state: State): string =>
  canonical(JSON.parse(JSON.stringify(State.encode(state), (key, value: unknown) => (['next', 'deadline', 'number'].includes(key) ? null : value))) as Json)

const folded = (from: State, events: ReadonlyArray<Happening>): State => events.map(eventOf).reduce((state, event) => step(state, event)[0], from)

const BEFORE = folded(initialOf(CONFIG), running())

const statusOf = (state: State): string | undefined =>
  M.toEntries(state.builds.runs).flatMap(([, { builds }]) => M.toEntries(builds).map(([, { status }]) => status))[0]

describe('what a former journal tells by later numbers', () => {
  test.each(Object.entries(STORIES))('%s: it is as if the numbers were ours', (_, events) => {
    for (const by of [0, 1, 5, 1_000]) {
      let [then, now] = [BEFORE, BEFORE]
      for (const [i, event] of events.map(eventOf).entries()) {
        then = step(then, event)[0]
        now = stepFormer(now, later(event, by))
        expect([i, outline(now)]).toEqual([i, outline(then)])
      }
      expect(State.decode(State.encode(now))._tag).toBe('Right')
    }
  })

  test('a timer of a status that a build has left does not end it, however late its number is', () => {
    const followed = folded(BEFORE, FOLLOWED)
    expect(statusOf(stepFormer(followed, eventOf(deadlineTimer(999, LATE))))).toBe('running')
    expect(statusOf(stepFormer(followed, eventOf(deadlineTimer(999, LATE + (RUNNING_S - 60) * 1_000_000))))).toBe('timeout')
  })

  test('a knot that nobody holds took no number then; it is forgotten from the next start on', () => {
    const gone = eventOf(del(OWNER, REPO, 'app', at(40), { connection: 1 }))
    const begun = folded(BEFORE, BEGUN)
    const left = stepFormer(begun, gone)
    expect([left.builds.next, step(begun, gone)[0].builds.next]).toEqual([begun.builds.next, begun.builds.next + 1])
    expect(M.toEntries(left.builds.sources).map(([knot, { leaving }]) => [knot, leaving?.number])).toEqual([[K1, 0]])
    expect(State.decode(State.encode(left))._tag).toBe('Right')
    const timers = step(left, eventOf(started(at(50))))[1].flatMap((effect) => (effect._tag === 'WakeAfter' && effect.timer._tag === 'SourceTimer' ? [effect.timer.number] : []))
    expect(timers).toHaveLength(1)
    expect(timers[0]).toBeGreaterThanOrEqual(begun.builds.next)
  })
})
