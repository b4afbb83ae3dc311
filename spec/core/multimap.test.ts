/** Maps of sets: a value is there once, and a key only while there are values. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, test } from 'vitest'
import { fromPairs, insertAt, type MultiMap, removeAt, valuesAt } from '../../core/data/multimap.js'
import * as M from '../../core/data/ordered-map.js'

const insert = (key: string, value: string) => insertAt(key, value)
const remove = (key: string, value: string) => removeAt(key, value)
const values = (key: string) => valuesAt(key)

const EMPTY: MultiMap<string, string> = M.empty()

const written = (map: MultiMap<string, string>) => M.toEntries(map).map(([key, values]) => [key, M.toEntries(values)])

const TWO = pipe(EMPTY, insert('k', 'b'), insert('k', 'a'))

describe('a map of sets', () => {
  test('takes each value once, ascending', () => {
    expect(written(TWO)).toEqual([['k', [['a', true], ['b', true]]]])
    expect(written(insert('k', 'a')(TWO))).toEqual(written(TWO))
    expect(written(insert('j', 'a')(TWO))).toEqual([['j', [['a', true]]], ...written(TWO)])
  })

  test('has a key only while there are values', () => {
    const one = remove('k', 'b')(TWO)
    expect(written(one)).toEqual([['k', [['a', true]]]])
    expect(written(remove('k', 'a')(one))).toEqual([])
  })

  test('is unchanged by the removal of what is not there', () => {
    expect(written(remove('k', 'c')(TWO))).toEqual(written(TWO))
    expect(written(remove('j', 'a')(TWO))).toEqual(written(TWO))
    expect(written(remove('j', 'a')(EMPTY))).toEqual([])
  })

  test('returns the values of a key', () => {
    expect(M.keys(values('k')(TWO))).toEqual(['a', 'b'])
    expect(M.keys(values('j')(TWO))).toEqual([])
  })
})

describe('a map of pairs', () => {
  test('has each key once, with all its values, whatever the order of the keys', () => {
    const made = fromPairs([['k', 'a'], ['j', 'b'], ['k', 'b'], ['i', 'c'], ['j', 'd']])
    expect(written(made)).toEqual([['i', [['c', true]]], ['j', [['b', true], ['d', true]]], ['k', [['a', true], ['b', true]]]])
  })

  test('is empty where there are none', () => expect(written(fromPairs([]))).toEqual([]))
})
