/** Cases of text: what a report repeats of it, and canonical JSON. */
import { type Case, of } from './cases.js'

// ---------------------------------------------------------------------------------------- excerpts

const x = (length: number): string => 'x'.repeat(length)
/** Two code units, one character. */
const PAIR = '\u{1F9F5}'

const excerpt = of('')

export const EXCERPTS: ReadonlyArray<Case> = [
  excerpt('the empty text', '', ''),
  excerpt('short text', 'knot', 'knot'),
  excerpt('text beyond ASCII', 'bücher 本 🧵', 'bücher 本 🧵'),
  excerpt('control characters stay', 'a\u0000b\tc\nd\u007f', 'a\u0000b\tc\nd\u007f'),
  excerpt('119 code units', x(119), x(119)),
  excerpt('120 code units', x(120), x(120)),
  excerpt('121 code units', x(121), `${x(120)}…`),
  excerpt('many', x(1_000), `${x(120)}…`),
  excerpt('120 code units of which the last two are one character', `${x(118)}${PAIR}`, `${x(118)}${PAIR}`),
  excerpt('a pair that ends at the cut', `${x(118)}${PAIR}y`, `${x(118)}${PAIR}…`),
  excerpt('a pair across the cut: its first half is replaced', `${x(119)}${PAIR}`, `${x(119)}\ufffd…`),
  excerpt('a pair across the cut, and more', `${x(119)}${PAIR}${x(40)}`, `${x(119)}\ufffd…`),
  excerpt('a pair that begins at the cut', `${x(120)}${PAIR}`, `${x(120)}…`),
  excerpt('60 characters of two code units', PAIR.repeat(60), PAIR.repeat(60)),
  excerpt('61 characters of two code units', PAIR.repeat(61), `${PAIR.repeat(60)}…`),
  excerpt('120 characters of three bytes', '本'.repeat(120), '本'.repeat(120)),
  excerpt('121 characters of three bytes', '本'.repeat(121), `${'本'.repeat(120)}…`),
  excerpt('marks are characters of their own', 'e\u0301'.repeat(61), `${'e\u0301'.repeat(60)}…`),
  excerpt('a replacement character stays one', `${x(119)}\ufffd`, `${x(119)}\ufffd`),
  excerpt('an ellipsis at the limit', `${x(119)}…`, `${x(119)}…`)
]

// ---------------------------------------------------------------------------------------- canonical JSON

const same = (name: string, text: string): Case => of('')(name, text, text)
const canonical = of('')

export const CANONICAL: ReadonlyArray<Case> = [
  same('null', 'null'),
  same('true', 'true'),
  same('false', 'false'),
  same('an empty text', '""'),
  same('an empty array', '[]'),
  same('an empty object', '{}'),
  same('arrays keep their order', '[3,1,2,"b","a",null]'),
  same('arrays in arrays', '[[],[[]],[{}]]'),

  // Numbers.
  same('0', '0'),
  canonical('−0', '-0', '0'),
  canonical('−0 as a fraction', '-0.0', '0'),
  canonical('−0 in an object', '{"n":-0}', '{"n":0}'),
  same('1', '1'),
  same('−1', '-1'),
  same('a stamp', '1767225600000000'),
  same('2⁵³−1', '9007199254740991'),
  same('−(2⁵³−1)', '-9007199254740991'),
  canonical('an exponent', '1e3', '1000'),
  canonical('an exponent with a sign, in upper case', '1E+3', '1000'),
  canonical('an exponent that takes a fraction away', '1.5e1', '15'),
  canonical('an exponent that is negative', '1200e-2', '12'),
  canonical('a fraction of zeros', '1.000', '1'),
  canonical('2⁵³−1 with an exponent', '9007199254740991e0', '9007199254740991'),
  canonical('10¹⁵ with an exponent', '1e15', '1000000000000000'),
  same('wider integers are text', '"9223372036854775807"'),

  // Text.
  same('a quote and a backslash', '"\\"\\\\"'),
  same('the five short escapes', '"\\b\\t\\n\\f\\r"'),
  canonical('the five short escapes, written long', '"\\u0008\\u0009\\u000a\\u000C\\u000D"', '"\\b\\t\\n\\f\\r"'),
  canonical('other control characters', '"\\u0000\\u0001\\u000B\\u000e\\u001F"', '"\\u0000\\u0001\\u000b\\u000e\\u001f"'),
  canonical('a quote and a backslash, written long', '"\\u0022\\u005c"', '"\\"\\\\"'),
  canonical('a slash is not escaped', '"\\/\\u002f"', '"//"'),
  canonical('U+007F is not escaped', '"\\u007f"', '"\u007f"'),
  canonical('nor are U+0080 and U+009F', '"\\u0080\\u009f"', '"\u0080\u009f"'),
  canonical('nor are U+2028 and U+2029', '"\\u2028\\u2029"', '"\u2028\u2029"'),
  canonical('nor is what is beyond ASCII', '"\\u00e9\\u672c\\ufeff\\uffff"', '"é本\ufeff\uffff"'),
  canonical('nor is what is beyond U+FFFF', '"\\ud83e\\uddf5"', '"🧵"'),
  same('what is beyond U+FFFF, as it stands', '"🧵\u{10FFFF}"'),
  same('nor are <, > and &', '"<a href=\'x\'>&amp;</a>"'),
  canonical('letters that are escaped needlessly', '"\\u0061b\\u0063"', '"abc"'),
  same('two spellings of one letter are two texts', '["é","e\u0301"]'),
  same('a replacement character', '"\ufffd"'),

  // White space.
  canonical('blanks everywhere', ' \t\r\n{ "a" : [ 1 , 2 , { } ] , "b" : { "c" : null } } \n', '{"a":[1,2,{}],"b":{"c":null}}'),
  same('blanks in text stay', '" a  b "'),

  // Keys.
  canonical('keys ascend', '{"b":1,"a":2}', '{"a":2,"b":1}'),
  canonical('arrays keep their order also where keys do not', '{"b":[2,1],"a":0}', '{"a":0,"b":[2,1]}'),
  canonical('keys ascend in objects in arrays in objects', '{"z":[{"b":1,"a":[{"d":1,"c":2}]}]}', '{"z":[{"a":[{"c":2,"d":1}],"b":1}]}'),
  canonical('a key that is the beginning of another comes first', '{"aa":1,"a":2,"":3}', '{"":3,"a":2,"aa":1}'),
  canonical('upper case comes before lower case', '{"a":1,"B":2,"b":3,"A":4}', '{"A":4,"B":2,"a":1,"b":3}'),
  canonical('an underscore comes between them', '{"a":1,"_tag":2,"Z":3}', '{"Z":3,"_tag":2,"a":1}'),
  canonical('digits in keys are compared as text', '{"a10":1,"a9":2,"a1":3}', '{"a1":3,"a10":1,"a9":2}'),
  canonical('keys with escapes', '{"\\n":1,"\\u0000":2,"\\"":3}', '{"\\u0000":2,"\\n":1,"\\"":3}'),
  canonical('a key that is escaped needlessly', '{"b":1,"\\u0061":2}', '{"a":2,"b":1}'),
  canonical('keys beyond ASCII', '{"本":1,"é":2,"z":3}', '{"z":3,"é":2,"本":1}'),
  canonical('keys beyond U+FFFF come before U+E000: code units decide', '{"\ue000":1,"\u{10000}":2}', '{"\u{10000}":2,"\ue000":1}'),
  canonical(
    'the keys of RFC 8785',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","a1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    '{"\\r":"Carriage Return","a1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
  ),
  canonical('hostile keys', '{"toString":1,"__proto__":{"b":1,"a":2},"constructor":2}', '{"__proto__":{"a":2,"b":1},"constructor":2,"toString":1}'),
  canonical('of a key that comes twice the last counts', '{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
  same('a map of the machine', '[["__proto__",{"record":null,"rev":null,"timeUs":0}],["constructor",1],["self",2]]'),
  same('an event', '{"_tag":"StopRequested","at":1767225600000000}'),
  canonical('an event with its keys in another order', '{"connection":1,"at":0,"_tag":"JetstreamOpened"}', '{"_tag":"JetstreamOpened","at":0,"connection":1}')
]
