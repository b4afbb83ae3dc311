/** Punycode, against the samples of RFC 3492 (7.1), and at the edges. */
import { describe, expect, test } from 'vitest'
import { decodePunycode } from '../../core/data/punycode.js'

/** What each stands for. */
const SAMPLES: ReadonlyArray<readonly [written: string, text: string]> = [
  ['egbpdaj6bu4bxfgehfvwxn', 'ليهمابتكلموشعربي؟'],
  ['ihqwcrb4cv8a8dqg056pqjye', '他们为什么不说中文'],
  ['ihqwctvzc91f659drss3x8bo0yb', '他們爲什麽不說中文'],
  ['4dbcagdahymbxekheh6e0a7fei0b', 'למההםפשוטלאמדבריםעברית'],
  ['i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd', 'यहलोगहिन्दीक्योंनहींबोलसकतेहैं'],
  ['n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa', 'なぜみんな日本語を話してくれないのか'],
  ['b1abfaaepdrnnbgefbadotcwatmq2g4l', 'почемужеонинеговорятпорусски'],
  ['proprostnemluvesky-uyb24dma41a', 'pročprostěnemluvíčesky'],
  ['3b-ww4c5e180e575a65lsy2b', '3年b組金八先生'],
  ['-with-super-monkeys-pc58ag80a8qai00g7n9n', '安室奈美恵-with-super-monkeys'],
  ['hello-another-way--fc4qua05auwb3674vfr0b', 'hello-another-way-それぞれの場所'],
  ['2-u9tlzr9756bt3uc0v', 'ひとつ屋根の下2'],
  ['d9juau41awczczp', 'そのスピードで'],
  ['a', '\u0080'],
  ['a-xb3s', 'a💩'],
  ['dn32g', '\u{10ffff}'],
  ['hb9b', '\ud7ff'],
  ['0y0c', '\ue000'],
  ['abc-', 'abc'],
  ['', '']
]

describe('what stands for a text', () => {
  for (const [written, text] of SAMPLES)
    test(written, () => expect(decodePunycode(written)).toEqual(Array.from(text, (c) => c.codePointAt(0))))
})

describe('what stands for none', () => {
  const none: ReadonlyArray<readonly [about: string, written: string]> = [
    ['a number that has no end', 'b'],
    ['one after ASCII', 'abc-b'],
    ['one after another', 'bcher-kva9'],
    ['other characters', 'ab_c'],
    ['upper case', 'A'],
    ['characters beyond ASCII', 'ä'],
    ['a hyphen that separates nothing', '-kva'],
    ['a code point after the last', 'en32g'],
    ['a number that no text has', '99999999999999999999999999999999a'],
    ['the first surrogate', 'ib9b'],
    ['the last surrogate', 'zy0c']
  ]
  for (const [about, written] of none) test(`${about}: ${written}`, () => expect(decodePunycode(written)).toBeNull())
})
