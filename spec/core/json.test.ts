/** Foreign JSON: the source text of one value, and that depth and length are not ours to fear. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { isObject, parseJson, sourceAt } from '../../core/wire/json.js'
import { excerpt, wellFormed } from '../../core/data/text.js'

const DEEP = 100_000

describe('the source of the value at a key', () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, source: string | null]> = [
    ['a number with all its digits', '{"created":1767225600000000001}', '1767225600000000001'],
    ['not at its first place', '{"a":1,"b":"x","created":2,"c":3}', '2'],
    ['not there', '{"a":1,"b":{"c":2}}', null],
    ['an empty object', '{}', null],
    ['an empty object with blanks', ' { } ', null],
    ['of several the last one', '{"created":1,"created":2,"x":0,"created":3,"y":0}', '3'],
    ['an inner one does not count', '{"event":{"created":1},"list":[{"created":2}]}', null],
    ['an inner one before it', '{"event":{"created":1},"created":2}', '2'],
    ['an inner one after it', '{"created":2,"event":{"created":1}}', '2'],
    ['a key that is written with escapes', '{"cre\\u0061ted":7}', '7'],
    ['a key that holds escapes', '{"\\"created\\"":1,"\\\\":2,"created":3}', '3'],
    ['a key that begins or ends so', '{"created_at":1,"xcreated":2,"Created":3}', null],
    ['blanks of every kind', ' \t\n\r{ \t\n\r"created" \t\n\r: \t\n\r12 \t\n\r, \t\n\r"a":1}', '12'],
    ['blanks before the end', '{"created":12 }', '12'],
    ['a text', '{"created":"1,}]"}', '"1,}]"'],
    ['a text with escaped quotes', '{"a":"\\"","created":"\\\\\\"}"}', '"\\\\\\"}"'],
    ['a text that ends with an escaped backslash', '{"a":"\\\\","created":1}', '1'],
    ['a text as value that looks like the key', '{"a":"created","b":1}', null],
    ['braces and brackets within text', '{"a":"}","b":["]","{"],"c":{"d":"}]"},"created":1}', '1'],
    ['an object', '{"created":{"a":[1,{"b":2}]},"x":1}', '{"a":[1,{"b":2}]}'],
    ['an array', '{"created":[1,[2],"]"],"x":1}', '[1,[2],"]"]'],
    ['empty ones', '{"a":{},"b":[],"created":[]}', '[]'],
    ['null, true, false', '{"a":true,"b":false,"created":null}', 'null'],
    ['a number in any spelling', '{"a":-1.5e+3,"created":-0.0E-2}', '-0.0E-2'],
    ['the key __proto__', '{"__proto__":1,"created":2}', '2']
  ]
  for (const [name, text, source] of cases)
    test(name, () => {
      expect(O.toNullable(sourceAt('created')(text))).toBe(source)
      if (source !== null) expect(JSON.parse(text)).toHaveProperty('created', JSON.parse(source))
    })

  test('is found for any key', () => {
    expect(O.toNullable(sourceAt('')('{"":1}'))).toBe('1')
    expect(O.toNullable(sourceAt('"')('{"\\"":1}'))).toBe('1')
    expect(O.toNullable(sourceAt('__proto__')('{"__proto__":[1]}'))).toBe('[1]')
  })

  test('is found behind a text of a hundred thousand braces', () => {
    expect(O.toNullable(sourceAt('created')(`{"a":"${'}'.repeat(DEEP)}","created":5}`))).toBe('5')
  })
})

describe('JSON', () => {
  test('has a value where it is valid', () => {
    expect(['{"a":[1]}', 'null', '0', '"x"', ' [] '].map((text) => O.toUndefined(parseJson(text)))).toEqual([
      { a: [1] },
      null,
      0,
      'x',
      []
    ])
  })

  test('has no value where it is invalid, and causes no exception', () => {
    const texts = ['', ' ', '{', '{"a":}', '\ufeff{}', '\u0000', "{'a':1}", '[1,]', 'undefined', 'NaN', '01', '{"a":1}{"b":2}']
    expect(texts.map((text) => O.isNone(parseJson(text)))).toEqual(texts.map(() => true))
  })

  test('tells an object from an array and from null', () => {
    expect([{}, { a: 1 }, [], null, 'x', 7, undefined, true].map(isObject)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false
    ])
  })
})

describe('foreign text', () => {
  test('has each lone surrogate replaced by U+FFFD, and keeps pairs', () => {
    expect(['abc', '\ud83d\ude00', '\ud83d', '\ude00', '\ude00\ud83d', 'a\ud83d\ud83d\ude00b', ''].map(wellFormed)).toEqual([
      'abc',
      '\ud83d\ude00',
      '\ufffd',
      '\ufffd',
      '\ufffd\ufffd',
      'a\ufffd\ud83d\ude00b',
      ''
    ])
  })

  test('is cut to an excerpt of at most 120 characters and an ellipsis', () => {
    expect(excerpt('x'.repeat(120))).toBe('x'.repeat(120))
    expect(excerpt('x'.repeat(121))).toBe(`${'x'.repeat(120)}…`)
    expect(excerpt('')).toBe('')
  })

  test('is not cut within a pair', () => {
    expect(excerpt(`${'x'.repeat(119)}\ud83d\ude00`)).toBe(`${'x'.repeat(119)}\ufffd…`)
    expect(excerpt(`x\ud83d`)).toBe('x\ufffd')
  })
})
