/** What the log shows of texts that strangers wrote: all that is in them can be seen. */
import { describe, expect, test } from 'vitest'
import { withoutControls } from '../../../shell/cli/text.js'
import { visible } from '../../../shell/lib/log.js'

const INVISIBLE: ReadonlyArray<readonly [string, string, string]> = [
  ['an escape', '\u001b[2J', '\\u001b[2J'],
  ['a line feed', 'a\nb', 'a\\u000ab'],
  ['a separator of lines', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['a text that turns its direction', 'gpj\u202egnp', 'gpj\\u202egnp'],
  ['an isolate, and its end', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['marks of direction', 'a\u200e\u200f\u061cb', 'a\\u200e\\u200f\\u061cb'],
  ['characters without width', 'o\u200bw\u200cn\u200de\u2060r\ufeff', 'o\\u200bw\\u200cn\\u200de\\u2060r\\ufeff'],
  ['a soft hyphen', 'own\u00ader', 'own\\u00ader'],
  ['a letter that is blank', 'a\u3164', 'a\\u3164'],
  ['a tag, of two code units', 'a\u{e0041}', 'a\\udb40\\udc41']
]

describe('a text of somebody else', () => {
  test.each(INVISIBLE)('shows %s', (_, text, shown) => expect(visible(text)).toBe(shown))

  test('is left alone in what can be seen, in any script', () => {
    const text = 'Grüße, שלום, 日本語, 🎉, e\u0301, \\u202e'
    expect(visible(text)).toBe(text)
  })

  test('means the same as JSON, where line feeds between values stay', () => {
    const value = INVISIBLE.map(([, text]) => text)
    const json = withoutControls(JSON.stringify(value, null, 2))
    expect(JSON.parse(json)).toEqual(value)
    expect(json.split('\n').map(visible).join('\n')).toBe(json)
    expect(json).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]/u)
  })
})
