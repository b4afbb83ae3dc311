/** Globs: the answers of another implementation, and that no pattern takes long (formats, `when`). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { faultOf, pointsOf, tryGlob } from '../../core/data/glob.js'
import { matchGlob } from '../../core/index.js'
import { GLOB_CASES } from './glob-cases.js'

const tried = (pattern: string, name: string, limit: number) => tryGlob(pointsOf(pattern), pointsOf(name), limit)
const outcome = (pattern: string, name: string, limit = Infinity) => tried(pattern, name, limit).outcome

for (const { about, rows } of GLOB_CASES)
  describe(about, () => {
    test.each(rows)('%j and %j: %s', (pattern, name, answer) =>
      expect(matchGlob(pattern)(name)).toEqual(
        answer === 'bad' ? E.left(`${pattern} is not a pattern`) : E.right(answer === 'match')
      )
    )
  })

test('there are cases of every answer', () => {
  const answers = GLOB_CASES.flatMap(({ rows }) => rows.map(([, , answer]) => answer))
  expect(['match', 'mismatch', 'bad'].map((answer) => answers.filter((a) => a === answer).length > 60)).toEqual([true, true, true])
})

describe('what a match costs', () => {
  const costs: ReadonlyArray<readonly [pattern: string, name: string, cost: number]> = [
    ['', '', 0],
    ['', 'a', 1],
    ['*', '', 0],
    ['abc', 'abc', 3],
    // What is left of the pattern is looked at once more, for what is bad in it.
    ['abc', 'abd', 4],
    ['abc', 'xbc', 4],
    ['a?c', 'abc', 3],
    ['*c', 'abc', 4],
    ['**', 'abc', 1],
    // A class costs what of it was looked at, and its bracket: two turns, and three points.
    ['[ab]c', 'ac', 6],
    ['[ab]c', 'bc', 6],
    ['[ab]c', 'cc', 6],
    // A brace costs the pattern for each of its alternatives.
    ['{a,b}', 'b', 14],
    ['{a,b}', 'a', 12],
    ['{a,b}', '', 10],
    // Going back to behind a slash costs the way to it.
    ['**/b', 'aaa/b', 6],
    ['**/b', 'a/b', 4]
  ]
  test.each(costs)('%j and %j: %i', (pattern, name, cost) => {
    expect(tried(pattern, name, Infinity).cost).toBe(cost)
    expect(outcome(pattern, name, cost)).toBe(outcome(pattern, name))
    for (let limit = 0; limit < cost; limit++) expect([limit, outcome(pattern, name, limit)]).toEqual([limit, 'costly'])
  })
})

describe('limits', () => {
  test('of a pattern: 1 000 code points', () => {
    expect(matchGlob('😀'.repeat(1_000))('😀'.repeat(1_000))).toEqual(E.right(true))
    expect(matchGlob('a'.repeat(1_001))('a'.repeat(1_001))).toEqual(E.left(`${'a'.repeat(120)}… is not a pattern`))
    expect(tried('a'.repeat(1_001), '', Infinity)).toEqual({ cost: 0, outcome: 'bad' })
  })

  test('of the work: a million', () => {
    // One turn for the star, one for each point of the name, and 994 points for each of 991 alternatives.
    const pattern = `*b{${','.repeat(990)}}`
    const named = (turns: number) => `${'a'.repeat(turns - 2)}b`
    expect(matchGlob(pattern)(named(1_000_000 - 991 * 994))).toEqual(E.right(true))
    expect(matchGlob(pattern)(named(1_000_001 - 991 * 994))).toEqual(E.left(`the pattern *b{${','.repeat(117)}… takes too long`))
  })

  const hostile: ReadonlyArray<readonly [what: string, pattern: string, name: string, answer: string]> = [
    ['stars', '*a'.repeat(500), `${'a'.repeat(1_000)}b`, 'mismatch'],
    ['double stars', `${'**/'.repeat(300)}b`, 'a/'.repeat(500), 'mismatch'],
    ['stars and classes that are slashes', `**/*${'[^q]'.repeat(200)}/z`, 'a/'.repeat(500), 'mismatch'],
    ['equal alternatives', '{a,a}'.repeat(200), `${'a'.repeat(199)}b`, 'costly'],
    ['alternatives of nothing', '{a,}'.repeat(250), 'a'.repeat(251), 'costly'],
    ['deep braces', `${'{'.repeat(500)}${'}'.repeat(500)}`, 'a', 'mismatch'],
    ['deep braces of two', `${'{,'.repeat(333)}${'}'.repeat(333)}`, 'a', 'mismatch'],
    ['braces that do not close', '{'.repeat(1_000), 'a', 'bad'],
    ['wide braces', `{${','.repeat(300)}}{${','.repeat(300)}}`, 'x', 'costly'],
    ['classes that do not close', '['.repeat(1_000), 'a', 'bad']
  ]
  test.each(hostile)('%s', (_, pattern, name, answer) => expect(outcome(pattern, name, 1_000_000)).toBe(answer))
})

test('a fault is told with an excerpt of the pattern', () => {
  expect(faultOf('[', 'bad')).toBe('[ is not a pattern')
  expect(faultOf('x'.repeat(200), 'costly')).toBe(`the pattern ${'x'.repeat(120)}… takes too long`)
})
