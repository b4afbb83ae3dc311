/** Lists in the order in which all is written down. */
import { expect, test } from 'vitest'
import { ascending, sortedPairs } from '../../core/data/ascending.js'

test('texts ascend by UTF-16 code unit, each once', () => {
  expect(ascending(['b', 'a', 'b', 'B', '\ud83e\udd16', '\uff01', 'a', ''])).toEqual(['', 'B', 'a', 'b', '\ud83e\udd16', '\uff01'])
})

test('pairs ascend by their first part, and keep the order of those that share one', () => {
  const pairs = [['b', 1], ['a', 2], ['b', 3], ['a', 4], ['c', 5], ['a', 6]] as const
  expect(sortedPairs(pairs)).toEqual([['a', 2], ['a', 4], ['a', 6], ['b', 1], ['b', 3], ['c', 5]])
  expect(pairs[0]).toEqual(['b', 1])
})
