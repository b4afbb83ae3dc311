/** Globs: the answers of another implementation, and that no pattern takes long (formats, `when`). */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { faultOf, globNameOf, globOf, tryGlob, budgetOf } from '../../core/data/glob.js'
import { matchGlob } from '../../core/index.js'
import { GLOB_CASES } from './glob-cases.js'

/** What came of a try, and what all of it cost. */
const tried = (pattern: string, name: string, limit: number) => {
  const { isSpent, spend, take } = budgetOf(limit)
  let cost = 0
  const work = {
    isSpent,
    take,
    spend: (more: number) => {
      cost += more
      return spend(more)
    }
  }
  const outcome = tryGlob(globOf(pattern, work), globNameOf(name, work), work)
  return { cost, outcome }
}
const outcome = (pattern: string, name: string, limit = Infinity) => tried(pattern, name, limit).outcome

for (const { about, rows } of GLOB_CASES)
  describe(about, () => {
    test.each(rows)('%j and %j: %s', (pattern, name, answer) =>
      expect(matchGlob(pattern)(name)).toEqual(
        answer === 'bad' ? E.left(`${pattern} is not a pattern`) : E.right(answer === 'match')
      )
    )
  })

test('cases cover every answer', () => {
  const answers = GLOB_CASES.flatMap(({ rows }) => rows.map(([, , answer]) => answer))
  expect(['match', 'mismatch', 'bad'].map((answer) => answers.filter((a) => a === answer).length > 60)).toEqual([true, true, true])
})

describe('the cost of a match', () => {
  /** Besides eight for each code point of the pattern, and six for each of the name. */
  const costs: ReadonlyArray<readonly [pattern: string, name: string, cost: number]> = [
    // A try costs eight, and 32 more when it is not over at the first code point that differs from the plain beginning.
    ['abc', 'xbc', 8],
    ['abc', 'abd', 10],
    ['ab*', 'ax', 9],
    ['ab[', 'ax', 9],
    ['', '', 40],
    ['*', '', 41],
    ['abc', '', 43],
    // A turn costs four.
    ['', 'a', 44],
    ['abc', 'abc', 55],
    ['a?c', 'abc', 53],
    ['*c', 'abc', 56],
    ['**', 'abc', 44],
    // What is left of the pattern is looked at once more, for what is bad in it.
    ['a*c', 'abb', 58],
    ['a', 'ab', 49],
    ['abc', 'ab', 51],
    // A class costs eight, and what of it was looked at, and its bracket.
    ['[ab]c', 'ac', 60],
    ['[ab]c', 'bc', 60],
    ['[ab]c', 'cc', 57],
    ['[^b]', 'a', 56],
    ['[a-c]', 'b', 57],
    // A brace costs 150 and the pattern for each of its alternatives.
    ['{a,b}', 'b', 363],
    ['{a,b}', 'a', 358],
    ['{a,b}', '', 357],
    // Going back to behind a slash costs six and the way to it; looking for one that is not there, the way.
    ['**/b', 'aaa/b', 61],
    ['**/b', 'a/b', 59],
    ['**/b', 'aaaa', 53]
  ]
  test.each(costs)('%j and %j: %i', (pattern, name, beyond) => {
    const cost = beyond + 8 * pattern.length + 6 * name.length
    expect(tried(pattern, name, Infinity).cost).toBe(cost)
    expect(outcome(pattern, name, cost)).toBe(outcome(pattern, name))
    for (let limit = 0; limit < cost; limit++) expect([limit, outcome(pattern, name, limit)]).toEqual([limit, 'costly'])
  })
})

describe('limits', () => {
  test('a pattern has at most 1 000 code points', () => {
    expect(matchGlob('😀'.repeat(1_000))('😀'.repeat(1_000))).toEqual(E.right(true))
    expect(matchGlob('a'.repeat(1_001))('a'.repeat(1_001))).toEqual(E.left(`${'a'.repeat(120)}… is not a pattern`))
    // It is not made ready beyond that.
    expect(tried('a'.repeat(1_000_000), '', Infinity)).toEqual({ cost: 8 * 1_001 + 8, outcome: 'bad' })
  })

  test('a name has at most 4 096 code points', () => {
    expect(matchGlob('**')('😀'.repeat(4_096))).toEqual(E.right(true))
    expect(matchGlob('**')('😀'.repeat(4_097))).toEqual(E.right(false))
    expect(matchGlob('*')('a'.repeat(4_097))).toEqual(E.right(false))
    expect(tried('**', 'a'.repeat(1_000_000), Infinity)).toEqual({ cost: 8 * 2 + 6 * 4_097 + 8, outcome: 'mismatch' })
  })

  test('a match takes at most a hundred thousand units of work', () => {
    // Code points, the try, a turn for the star and for each point of the name, the rest, and 150 and 183 points for each of 180 alternatives.
    const pattern = `*b{${','.repeat(179)}}`
    expect(pattern.length).toBe(183)
    const named = (length: number) => `${'a'.repeat(length - 1)}b`
    const cost = (length: number) => 8 * 183 + 6 * length + 40 + 4 * (length + 1) + 181 + 180 * 333
    expect(tried(pattern, named(100), Infinity).cost).toBe(cost(100))
    const most = Math.floor((100_000 - cost(0)) / 10)
    expect(matchGlob(pattern)(named(most))).toEqual(E.right(true))
    expect(matchGlob(pattern)(named(most + 1))).toEqual(E.left(`the pattern *b{${','.repeat(117)}… takes too long`))
  })

  const hostile: ReadonlyArray<readonly [what: string, pattern: string, name: string, answer: string]> = [
    ['stars', '*a'.repeat(500), `${'a'.repeat(1_000)}b`, 'mismatch'],
    ['double stars', `${'**/'.repeat(300)}b`, 'a/'.repeat(500), 'mismatch'],
    ['equal alternatives', '{a,a}'.repeat(200), `${'a'.repeat(199)}b`, 'costly'],
    ['alternatives of nothing', '{a,}'.repeat(250), 'a'.repeat(251), 'costly'],
    ['deep braces', `${'{'.repeat(500)}${'}'.repeat(500)}`, 'a', 'mismatch'],
    ['deep braces of two', `${'{,'.repeat(333)}${'}'.repeat(333)}`, 'a', 'mismatch'],
    ['braces that do not close', '{'.repeat(1_000), 'a', 'bad'],
    ['wide braces', `{${','.repeat(300)}}{${','.repeat(300)}}`, 'x', 'costly'],
    ['classes that do not close', '['.repeat(1_000), 'a', 'bad']
  ]
  test.each(hostile)('%s', (_, pattern, name, answer) => expect(outcome(pattern, name, 4_000_000)).toBe(answer))
})

test('a fault quotes an excerpt of the pattern', () => {
  expect(faultOf('[', 'bad')).toBe('[ is not a pattern')
  expect(faultOf('x'.repeat(200), 'costly')).toBe(`the pattern ${'x'.repeat(120)}… takes too long`)
})
