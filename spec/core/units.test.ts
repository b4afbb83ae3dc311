/** How much memory a value takes, roughly. */
import { expect, test } from 'vitest'
import { unitsOf } from '../../core/data/units.js'

test.each<readonly [string, Parameters<typeof unitsOf>[0], number]>([
  ['nothing', null, 16],
  ['a number', 7, 16],
  ['a yes', true, 16],
  ['an empty text', '', 16],
  ['a text, by its code units', 'a😀', 19],
  ['an empty list', [], 16],
  ['a list', ['a', null], 16 + 17 + 16],
  ['an object, whose keys are free', { key: 'abc', none: null }, 16 + 19 + 16],
  ['what is nested', [['a'], { b: ['c'] }], 16 + (16 + 17) + (16 + (16 + 17))]
])('%s', (_, value, units) => expect(unitsOf(value)).toBe(units))
