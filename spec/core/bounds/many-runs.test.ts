/** What runs and triggers may keep: limits that only many of them reach. */
import { describe, expect, test } from 'vitest'
import { type Builds, OrderedMap as M, type State } from '../../../core/index.js'
import { cancel, comes, filesRead, push, running, trigger, workflow } from '../../suite/examples/build-world.js'
import { at, CONFIG, foldOf, type Happening, initialOf, rev } from '../../suite/examples/support.js'

const after = (happenings: ReadonlyArray<Happening>): State => foldOf(initialOf(CONFIG), happenings)[0]

const there = <A>(found: A | undefined): A => {
  if (found === undefined) throw new Error('it is not there')
  return found
}

describe('the cost of a flood of triggers', () => {
  const flood = (count: number): ReadonlyArray<Happening> => [
    ...running(),
    ...Array.from({ length: count }, (_, i) => comes(trigger(), at(20), { rkey: `k${String(1_000 + i)}` }))
  ]
  const sourceIn = (state: State): Builds.Source => there(M.toEntries(state.builds.sources)[0])[1]
  const sourceOf = (happenings: ReadonlyArray<Happening>): Builds.Source => sourceIn(after(happenings))
  const waitingIn = (state: State): number => M.toEntries(state.builds.waiting).reduce((n, [, { keys }]) => n + M.size(keys), 0)

  test('is at most 3 200 waiting runs for each knot', () => {
    const state = after(flood(3_202))
    expect([M.size(state.builds.runs), waitingIn(state)]).toEqual([3_200, 3_200])
    expect(state.counters.recent.map((report) => ('reason' in report ? report.reason : ''))).toEqual(['limit', 'limit'])
    expect(state.counters.recent.map((report) => ('detail' in report ? report.detail : ''))[0]).toBe('3200 triggers of this knot are waiting')
  })

  test('is two hundred remembered keys of triggers that came to nothing, the greatest ones', () => {
    const spent = (count: number) =>
      M.keys(sourceOf([...flood(count), ...Array.from({ length: count }, (_, i) => cancel(at(30), null, `k${String(1_000 + i)}`))]).spent)
    const [all, rest] = [spent(200), spent(201)]
    expect([all.length, all[0], rest.length, rest[0]]).toEqual([200, 'k1000', 200, 'k1001'])
  })
})

describe('mistakes in workflow files', () => {
  const MISTAKE = { branch: [], event: ['push'], paths: null, tag: [], types: null, unknown: 'branches' }

  test('are reported once for each content, as long as it is among the last thousand', () => {
    let state = after(running())
    let pushes = 0
    /** How many failures a push tells of whose files have these contents. */
    const failuresOf = (contents: ReadonlyArray<number>): number => {
      pushes += 1
      const rkey = rev(at(20 + pushes))
      const [now, effects] = foldOf(state, [
        comes(trigger({ cause: push({ newSha: String(pushes).padStart(40, 'c') }) }), at(20 + pushes), { rkey }),
        filesRead(contents.map((n) => workflow({ content: String(n), name: String(n).padStart(4, '0'), when: [MISTAKE] })), at(20 + pushes), {
          number: pushes,
          rkey
        })
      ])
      state = now
      return effects.filter((effect) => effect._tag === 'PublishStatus').length
    }
    for (let n = 0; n < 1_000; n += 50) expect(failuresOf(Array.from({ length: 50 }, (_, i) => n + i))).toBe(50)
    expect(failuresOf([0, 999])).toBe(0)
    expect(failuresOf([1_000])).toBe(1)
    expect(failuresOf([1, 1_000])).toBe(0)
    expect(failuresOf([0])).toBe(1)
  })
})
