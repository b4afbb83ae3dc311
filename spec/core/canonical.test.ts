/** One value, one text: canonical JSON. */
import { expect, test } from 'vitest'
import { canonical, type Json } from '../../core/index.js'

const cases: ReadonlyArray<readonly [name: string, value: Json, text: string]> = [
  ['null', null, 'null'],
  ['booleans', [true, false], '[true,false]'],
  [
    'integers',
    [0, -0, 1, -1, 1e15, 9_007_199_254_740_991, -9_007_199_254_740_991],
    '[0,0,1,-1,1000000000000000,9007199254740991,-9007199254740991]'
  ],
  ['empty things', [{}, [], ''], '[{},[],""]'],
  ['keys ascend', { b: 1, a: 2, c: 3 }, '{"a":2,"b":1,"c":3}'],
  ['keys that ascend stay', { a: 1, b: 2 }, '{"a":1,"b":2}'],
  ['keys ascend within an object whose own ascend', { a: { d: 1, c: 2 }, b: 3 }, '{"a":{"c":2,"d":1},"b":3}'],
  ['keys ascend within an object that has only one', { a: { d: 1, c: 2 } }, '{"a":{"c":2,"d":1}}'],
  ['keys ascend within an array, also behind what is sorted', [{ a: 1 }, { b: 1, a: 2 }], '[{"a":1},{"a":2,"b":1}]'],
  ['keys ascend within an array', [{ b: 1, a: [{ d: 1, c: 2 }] }], '[{"a":[{"c":2,"d":1}],"b":1}]'],
  ['items of an array stay where they are', [3, 1, 2, 'b', 'a'], '[3,1,2,"b","a"]'],
  ['by code unit: upper case before lower case, digits before both', { a: 1, B: 2, '1': 3, _: 4 }, '{"1":3,"B":2,"_":4,"a":1}'],
  [
    'by code unit: a surrogate pair before U+FB33',
    { '\ufb33': 1, '\ud83d\ude00': 2, '\u20ac': 3 },
    '{"\u20ac":3,"\ud83d\ude00":2,"\ufb33":1}'
  ],
  ['a key that is the beginning of another one comes first', { ab: 1, a: 2, '': 3 }, '{"":3,"a":2,"ab":1}'],
  [
    'text is escaped where it must be, and only there',
    '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028é€😀',
    '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u2028é€😀"'
  ],
  ['a nested null', { b: null, a: null }, '{"a":null,"b":null}']
]

for (const [name, value, text] of cases) test(name, () => expect(canonical(value)).toBe(text))

test('canonical text leaves the value itself as it is', () => {
  const value = { b: [{ d: 1, c: 2 }], a: 1 }
  canonical(value)
  expect(JSON.stringify(value)).toBe('{"b":[{"d":1,"c":2}],"a":1}')
})
