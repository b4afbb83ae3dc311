/** What matching may cost: limits that only many names and long patterns reach. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { budgetOf, globNameOf, globOf, tryGlob } from '../../../core/data/glob.js'
import { appliesWithin, WHEN_COST_MAX } from '../../../core/builds/when.js'
import { applies, Cause, type Condition } from '../../../core/index.js'
import { must } from '../../suite/examples/support.js'

const SHA = 'a'.repeat(40)

const push = (ref: string, changedFiles: ReadonlyArray<string> | null = null) =>
  must(Cause.decode({ _tag: 'Push', changedFiles, newSha: SHA, oldSha: SHA, ref, skipsCi: false }))
const NOTHING: Condition = { branch: [], event: [], paths: null, tag: [], types: null, unknown: null }
const when = (...conditions: ReadonlyArray<Partial<Condition>>): ReadonlyArray<Condition> =>
  conditions.map((condition) => ({ ...NOTHING, ...condition }))

describe('the work of matching', () => {
  const of = (files: ReadonlyArray<string>, ...conditions: ReadonlyArray<Partial<Condition>>) =>
    applies(when(...conditions), push('refs/heads/m', files))
  /** The branch: a code point of each made ready, a try of it, and a turn. */
  const BRANCH = 8 + 6 + 8 + 1 + 32 + 4
  const condition = { event: ['push'], branch: ['m'], paths: ['y'] }
  /** Files of one code point: that made ready, and a try that is over at once. */
  const files = (count: number): ReadonlyArray<string> => Array.from({ length: count }, () => 'x')
  const COUNT = Math.floor((WHEN_COST_MAX - BRANCH - 8) / 14)

  test('is at most two million', () => {
    expect(WHEN_COST_MAX).toBe(2_000_000)
    expect(of(files(COUNT), condition)).toEqual(E.right(false))
    expect(of(files(COUNT + 1), condition)).toEqual(E.left('the pattern y takes too long'))
  })

  test('is shared by all conditions', () => {
    const half = Math.floor((WHEN_COST_MAX / 2 - BRANCH - 8) / 14)
    expect(of(files(half), condition, condition)).toEqual(E.right(false))
    expect(of(files(half + 1), condition, condition)._tag).toBe('Left')
  })

  test('counts names that match nothing', () => {
    // A try of nothing, and what is left of the pattern.
    const most = Math.floor((WHEN_COST_MAX - BRANCH - 8) / 41)
    const empty = (count: number) => Array.from({ length: count }, () => '')
    expect(of(empty(most), condition)).toEqual(E.right(false))
    expect(of(empty(most + 1), condition)).toEqual(E.left('the pattern y takes too long'))
  })

  test('is within the limit for three thousand files and twenty folders', () => {
    const names = Array.from({ length: 3_000 }, (_, i) => `packages/server/source/components/list/item-${String(i)}.ts`)
    const paths = Array.from({ length: 20 }, (_, i) => `packages/client-${String(i)}/**/*.{ts,js}`)
    expect(of(names, { ...condition, paths })).toEqual(E.right(false))
    expect(of([...names, 'packages/client-19/a/b.js'], { ...condition, paths })).toEqual(E.right(true))
  })

  /** What strangers may bring: names and patterns, each of fifty workflows. */
  const attacks: ReadonlyArray<readonly [what: string, count: number, length: number, patterns: ReadonlyArray<string>]> = [
    ['names of nothing', 10_000, 0, Array.from({ length: 990 }, () => 'a')],
    ['names of nothing, and long patterns', 10_000, 0, Array.from({ length: 260 }, () => 'a'.repeat(1_000))],
    ['names that differ at the end of long patterns', 900, 1_000, Array.from({ length: 260 }, () => `${'x'.repeat(998)}y`)],
    ['names of a megabyte', 3, 950_000, Array.from({ length: 990 }, () => '**/x')],
    ['names without a slash', 1_500, 600, Array.from({ length: 900 }, () => '**/b')],
    ['patterns that are too long', 10_000, 90, Array.from({ length: 250 }, () => 'a'.repeat(1_001))],
    ['braces', 10_000, 1, Array.from({ length: 260 }, () => `{${','.repeat(990)}}`)]
  ]
  test.each(attacks)('is no more for fifty workflows: %s', (_, count, length, paths) => {
    const cause = push('refs/heads/m', Array.from({ length: count }, () => 'x'.repeat(length)))
    const { isSpent, spend, take } = budgetOf(WHEN_COST_MAX)
    let spent = 0
    const work = {
      isSpent,
      take,
      spend: (cost: number) => {
        spent += cost
        return spend(cost)
      }
    }
    for (let i = 0; i < 50; i++) appliesWithin(work, when({ ...condition, paths }), cause)
    expect(isSpent()).toBe(true)
    // Beyond it, one pattern and one name are made ready, and the alternatives of one brace.
    expect(spent).toBeLessThan(WHEN_COST_MAX + 8 * 1_001 + 6 * 4_097 + 1_000 * 1_150)
  })
})

test('stars, and classes that could be slashes, stay within the limit', () => {
  const work = budgetOf(4_000_000)
  expect(tryGlob(globOf(`**/*${'[^q]'.repeat(200)}/z`, work), globNameOf('a/'.repeat(500), work), work)).toBe('mismatch')
})
