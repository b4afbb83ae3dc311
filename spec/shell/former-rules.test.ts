/** Journals of numbers 1 and 2 may tell of everything by later numbers than are given out when they are folded today. */
import { describe, expect, test } from 'vitest'
import { canonical, type Event, type Json, OrderedMap as M, REPO, State, step } from '../../core/index.js'
import { stepFormer } from '../../shell/store/former-rules.js'
import { buildTimer, cancel, comes, deadlineTimer, filesRead, KEY, name, OTHER, refuses, reports, retry, running, says, trigger, wavers, workflow, workflowsTimer } from '../examples/builds.js'
import { at, CONFIG, del, eventOf, type Happening, initialOf, K1, knotClosed, knotOpened, knotTimer, OWNER, started, type WrittenEvent } from '../examples/support.js'

const PENDING_S = CONFIG.builds.pendingMs / 1_000
const RUNNING_S = CONFIG.builds.runningMs / 1_000
const LATE = at(24 + PENDING_S)

const unread = (number: number, when: number, isFinal = false): WrittenEvent => ({ _tag: 'WorkflowsUnread', at: when, error: 'no', isFinal, knot: K1, number, rkey: KEY })
const rejected = (connection: number, when: number): WrittenEvent => ({ _tag: 'KnotFrameRejected', at: when, connection, detail: '', host: K1, reason: 'json' })

const BEGUN: ReadonlyArray<Happening> = [comes(trigger(), at(20)), unread(1, at(21)), workflowsTimer(2, at(22)), filesRead([workflow()], at(24), { number: 3 })]

const FOLLOWED: ReadonlyArray<Happening> = [
  ...BEGUN,
  wavers(5, at(25)),
  buildTimer(6, at(26)),
  says('BuildMissing', 7, at(27)),
  wavers(8, at(28)),
  buildTimer(9, at(29)),
  says('BuildAccepted', 10, at(30)),
  reports('running', LATE - 60_000_000)
]

/** What was told of builds and of a knot, by the numbers of then; there is every kind of answer and of timer in it. */
const STORIES: { readonly [story: string]: ReadonlyArray<Happening> } = {
  'a build whose time is over': [
    ...FOLLOWED,
    deadlineTimer(4, LATE),
    deadlineTimer(11, LATE + (RUNNING_S - 60) * 1_000_000),
    wavers(12, at(90_000)),
    buildTimer(13, at(90_001)),
    says('CancelHeard', 14, at(90_002))
  ],
  'a build that never began': [...BEGUN, deadlineTimer(4, LATE), says('BuildAccepted', 5, LATE + 1_000_000), says('CancelHeard', 6, LATE + 2_000_000)],
  'a build that was refused, and repeated': [...BEGUN, refuses(5, at(25)), retry(at(26)), comes(trigger(), at(27), { rkey: OTHER }), filesRead([workflow()], at(28), { number: 8, rkey: OTHER }), says('BuildAccepted', 10, at(29), name('ci.yml', OTHER))],
  'files that are not there': [...BEGUN.slice(0, 3), unread(3, at(23), true)],
  'an answer to what is not asked any more': [...BEGUN, says('BuildAccepted', 5, at(25)), cancel(at(26)), says('BuildMissing', 5, at(27)), wavers(5, at(28)), says('CancelHeard', 6, at(29))],
  'a knot that comes and goes': [knotClosed(K1, 2, at(20)), knotTimer(K1, 3, at(21)), knotOpened(K1, 3, at(22)), rejected(3, at(23)), comes(trigger(), at(24), { connection: 3 }), comes(trigger(), at(25), { connection: 2, rkey: OTHER })]
}

/** The event, its numbers `by` later. (The stream's own are no others.) */
const later = (event: Event, by: number): Event => {
  const plus = (key: string, value: unknown): unknown => (typeof value === 'number' && ['connection', 'number'].includes(key) ? value + by : value)
  return eventOf(JSON.parse(JSON.stringify(event, (key, value: unknown) => plus(key, value))) as WrittenEvent)
}

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
