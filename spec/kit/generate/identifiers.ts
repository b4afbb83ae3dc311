/** Cases of identifiers and stamps: at each limit and one beyond it, and one fault each. */
import { tidAt, tidOf } from '../../suite/laws/events.js'
import { all, type Case, no, of, yes } from './cases.js'

const PLC = 'did:plc:abcdefghijklmnopqrstuvwx'

// ---------------------------------------------------------------------------------------- DID

export const DIDS: ReadonlyArray<Case> = [
  ...yes('F3 D13', {
    'a DID of the directory': PLC,
    'a DID of a web site': 'did:web:alice.example',
    'a port, written with %': 'did:web:alice.example%3A8443',
    'a method nobody knows': 'did:x:1',
    'a colon inside': 'did:web:alice.example:users:alice',
    'two colons in a row': 'did:a::b',
    'every character': 'did:abcxyz:AZaz09._:%-x',
    'a hyphen last': 'did:a:-',
    'a dot last': 'did:a:.',
    'an underscore last': 'did:a:_',
    '2048 characters': `did:a:${'b'.repeat(2042)}`
  }),
  ...no('F3 D13', {
    'the empty text': '',
    'no DID': 'alice.example',
    'no method': 'did::abc',
    'no id': 'did:plc:',
    'neither': 'did:',
    'no second colon': 'did:plc',
    'upper case first': 'DID:plc:abc',
    'upper case in the method': 'did:Plc:abc',
    'a digit in the method': 'did:plc2:abc',
    'a hyphen in the method': 'did:p-c:abc',
    'a colon last': 'did:plc:abc:',
    'a colon alone': 'did:a::',
    '% last': 'did:plc:abc%',
    'a slash': 'did:plc:a/b',
    'a blank': 'did:plc:a b',
    'a blank before': ' did:plc:abc',
    'a blank after': 'did:plc:abc ',
    'a line feed after': 'did:plc:abc\n',
    'a tilde': 'did:plc:a~b',
    'a letter beyond ASCII': 'did:plc:é',
    'a digit beyond ASCII': 'did:plc:٣',
    'a long s': 'did:plc:ſ',
    'a null character': 'did:plc:a\u0000b',
    'a query': 'did:plc:abc?x=1',
    'a fragment': 'did:plc:abc#key',
    '2049 characters': `did:a:${'b'.repeat(2043)}`
  })
]

// ---------------------------------------------------------------------------------------- rkey

export const RKEYS: ReadonlyArray<Case> = [
  ...yes('F3 D13', {
    'a TID': '3lbhqjzbkgk2a',
    'self': 'self',
    'one character': 'a',
    'every kind of character': 'AZaz09_~.:-',
    'three dots': '...',
    'a dot and a letter': '.a',
    'a colon': ':',
    'a tilde': '~',
    'a hyphen': '-',
    'digits': '0',
    '__proto__': '__proto__',
    'constructor': 'constructor',
    'toString': 'toString',
    'hasOwnProperty': 'hasOwnProperty',
    '512 characters': 'k'.repeat(512)
  }),
  ...no('F3 D13', {
    'the empty text': '',
    'a dot': '.',
    'two dots': '..',
    'a slash': 'a/b',
    'a blank': 'a b',
    'a line feed after': 'a\n',
    '%': 'a%20b',
    '@': 'a@b',
    '#': 'a#b',
    '+': 'a+b',
    'brackets': 'a[0]',
    'a letter beyond ASCII': 'ä',
    'a null character': 'a\u0000',
    'the Kelvin sign': '\u212a',
    '513 characters': 'k'.repeat(513)
  })
]

// ---------------------------------------------------------------------------------------- TID

export const TIDS: ReadonlyArray<Case> = [
  ...yes('F3', {
    'a TID': '3lbhqjzbkgk2a',
    'the least': '2222222222222',
    'the greatest': 'jzzzzzzzzzzzz',
    'a digit first': '7222222222222',
    'a letter first': 'a222222222222'
  }),
  ...no('F3', {
    'the empty text': '',
    '12 characters': '3lbhqjzbkgk2',
    '14 characters': '3lbhqjzbkgk2aa',
    'the first too great': 'k222222222222',
    'the first the greatest digit': 'zzzzzzzzzzzzz',
    'a 0': '3lbhqjzbkgk20',
    'a 1': '3lbhqjzbkgk21',
    'an 8': '3lbhqjzbkgk28',
    'a 9': '3lbhqjzbkgk29',
    'a 0 first': '0lbhqjzbkgk2a',
    'upper case': '3LBHQJZBKGK2A',
    'one upper case letter': '3lbhqjzbkgk2A',
    'hyphens, as they were written once': '3lbh-qjz-bkgk-2a',
    'a line feed after': '3lbhqjzbkgk2a\n',
    'a blank before': ' lbhqjzbkgk2a',
    'a letter beyond ASCII': '3lbhqjzbkgk2ä'
  })
]

// ---------------------------------------------------------------------------------------- NSID

const label = (length: number): string => 'a'.repeat(length)
/** 63 · 4 + 4 dots + 61 = 317. */
const LONGEST = `${[label(63), label(63), label(63), label(63)].join('.')}.${label(61)}`

export const NSIDS: ReadonlyArray<Case> = [
  ...yes('', {
    'a collection of ours': 'sh.tangled.repo.collaborator',
    'three segments': 'a.b.c',
    'many segments': 'a.b.c.d.e.f.g',
    'upper case': 'Com.Example.fooBar',
    'a hyphen inside': 'com.ex-ample.thing',
    'two hyphens inside': 'com.ex--ample.thing',
    'a digit first in a segment between': 'com.4chan.thing',
    'digits alone in a segment between': 'com.123.thing',
    'a digit last in the name': 'com.example.v2',
    'a first segment of 63': `${label(63)}.b.c`,
    'a segment between of 63': `a.${label(63)}.c`,
    'a name of 63': `a.b.${label(63)}`,
    '317 characters': LONGEST
  }),
  ...no('', {
    'the empty text': '',
    'one segment': 'repo',
    'two segments': 'tangled.repo',
    'an empty segment': 'sh..repo',
    'a dot first': '.sh.tangled.repo',
    'a dot last': 'sh.tangled.repo.',
    'a digit first of all': '3sh.tangled.repo',
    'a hyphen first': '-sh.tangled.repo',
    'a hyphen last in a segment': 'sh-.tangled.repo',
    'a hyphen first in a segment between': 'sh.-tangled.repo',
    'a hyphen last in a segment between': 'sh.tangled-.repo',
    'a digit first in the name': 'sh.tangled.2repo',
    'a hyphen in the name': 'sh.tangled.re-po',
    'an underscore': 'sh.tan_gled.repo',
    'a wildcard': 'sh.tangled.*',
    'a fragment': 'sh.tangled.repo#main',
    'a blank': 'sh.tangled. repo',
    'a line feed after': 'sh.tangled.repo\n',
    'a letter beyond ASCII': 'sh.tängled.repo',
    'a first segment of 64': `${label(64)}.b.c`,
    'a segment between of 64': `a.${label(64)}.c`,
    'a name of 64': `a.b.${label(64)}`,
    '318 characters': `${LONGEST}a`
  })
]

// ---------------------------------------------------------------------------------------- nanoseconds

export const NANOS: ReadonlyArray<Case> = [
  ...yes('', {
    '0': '0',
    '1': '1',
    'a stamp': '1767225600000000001',
    '2⁵³ and 1, which is no double': '9007199254740993',
    'the greatest of 18 digits': '999999999999999999',
    '2⁶³−1': '9223372036854775807',
    'one less': '9223372036854775806'
  }),
  ...no('', {
    'the empty text': '',
    '2⁶³': '9223372036854775808',
    'the greatest of 19 digits': '9999999999999999999',
    '20 digits': '10000000000000000000',
    'a leading zero': '01',
    'two zeros': '00',
    '−0': '-0',
    'a minus': '-1',
    'a plus': '+1',
    'a fraction': '1.0',
    'an exponent': '1e18',
    'hexadecimal': '0x1',
    'separated': '1_000',
    'a blank before': ' 1',
    'a line feed after': '1\n',
    'digits beyond ASCII': '١٢٣'
  })
]

// ---------------------------------------------------------------------------------------- the time in a TID

const NOW = 1_767_225_600_000_000
const FUTURE = 300_000_000
const LAST = Number.MAX_SAFE_INTEGER

const after = (timeUs: number | bigint, clock: number, than: number, toleranceUs: number) => ({
  tid: tidAt(timeUs, clock),
  timeUs: than,
  toleranceUs
})

export const TIDS_AFTER: ReadonlyArray<Case> = [
  ...all('F3 D3', true)({
    'one microsecond later': after(NOW + 1, 0, NOW, 0),
    'later than the tolerance by one': after(NOW + FUTURE + 1, 0, NOW, FUTURE),
    'one after nothing': after(1, 0, 0, 0),
    '2⁵³ after 2⁵³−1': after(2n ** 53n, 0, LAST, 0),
    '2⁵³ + 1 after 2⁵³−1 and 1': after(2n ** 53n + 1n, 0, LAST, 1),
    '2⁵³ + 3 after 2⁵³−1 and 3': after(2n ** 53n + 3n, 0, LAST, 3),
    '2⁵³ + 5 min after 2⁵³−1 and 5 min': after(2n ** 53n + 300_000_000n, 0, LAST, FUTURE),
    'the greatest there is': { tid: 'jzzzzzzzzzzzz', timeUs: LAST, toleranceUs: FUTURE },
    'the first digit decides': { tid: tidOf(1n << 63n), timeUs: LAST, toleranceUs: 0 }
  }),
  ...all('F3 D3', false)({
    'the same': after(NOW, 0, NOW, 0),
    'the same, with the greatest clock id': after(NOW, 1023, NOW, 0),
    'earlier, with the greatest clock id': after(NOW - 1, 1023, NOW, 0),
    'exactly the tolerance': after(NOW + FUTURE, 0, NOW, FUTURE),
    'exactly the tolerance, with the greatest clock id': after(NOW + FUTURE, 1023, NOW, FUTURE),
    'within the tolerance': after(NOW + FUTURE - 1, 0, NOW, FUTURE),
    'the least there is': { tid: '2222222222222', timeUs: 0, toleranceUs: 0 },
    '2⁵³−1 after 2⁵³−1': after(LAST, 1023, LAST, 0),
    '2⁵³ after 2⁵³−1 and 1': after(2n ** 53n, 1023, LAST, 1),
    '2⁵³ + 1 after 2⁵³−1 and 2': after(2n ** 53n + 1n, 1023, LAST, 2),
    '2⁵³ + 299 999 999 after 2⁵³−1 and 5 min': after(2n ** 53n + 299_999_999n, 1023, LAST, FUTURE)
  }),
  of('F3 D3')('the tolerance is greater than the time', after(5, 0, 0, FUTURE), false)
]

// ---------------------------------------------------------------------------------------- moments

const NEW_YEAR_US = 1_767_225_600_000_000
const LAST_US = Number.MAX_SAFE_INTEGER

export const DATE_TIMES: ReadonlyArray<Case> = [
  ...(
    [
      ['a moment', '2026-01-01T00:00:00Z', NEW_YEAR_US],
      ['milliseconds', '2026-01-01T00:00:00.001Z', NEW_YEAR_US + 1_000],
      ['microseconds', '2026-01-01T00:00:00.000001Z', NEW_YEAR_US + 1],
      ['nanoseconds, cut off', '2026-01-01T00:00:00.000001999Z', NEW_YEAR_US + 1],
      ['one digit of a fraction', '2026-01-01T00:00:00.5Z', NEW_YEAR_US + 500_000],
      ['lower case', '2026-01-01t00:00:00z', NEW_YEAR_US],
      ['east of Greenwich', '2026-01-01T01:30:00+01:30', NEW_YEAR_US],
      ['west of Greenwich, the year before', '2025-12-31T16:00:00-08:00', NEW_YEAR_US],
      ['of no known offset', '2026-01-01T00:00:00-00:00', NEW_YEAR_US],
      ['the greatest offset', '2026-01-01T23:59:00+23:59', NEW_YEAR_US],
      ['a leap day', '2024-02-29T00:00:00Z', 1_709_164_800_000_000],
      ['a leap day of a century', '2000-02-29T23:59:59Z', 951_868_799_000_000],
      ['the last second of a year', '2025-12-31T23:59:59.999999Z', NEW_YEAR_US - 1],
      ['a leap second is the first of the next minute', '2016-12-31T23:59:60Z', 1_483_228_800_000_000],
      ['a second 60 anywhere', '2026-01-01T00:00:60Z', NEW_YEAR_US + 60_000_000],
      ['the beginning', '1970-01-01T00:00:00Z', 0],
      ['before the beginning', '1969-12-31T23:59:59.999999Z', 0],
      ['before the beginning, by its offset', '1970-01-01T00:00:00+00:01', 0],
      ['the year 1', '0001-01-01T00:00:00Z', 0],
      ['the year 0, which has a leap day', '0000-02-29T00:00:00Z', 0],
      ['the last stamp there is', '2255-06-05T23:47:34.740991Z', LAST_US],
      ['one before it', '2255-06-05T23:47:34.740990Z', LAST_US - 1],
      ['beyond it', '9999-12-31T23:59:59Z', LAST_US],
      ['64 characters', `2026-01-01T00:00:00.${'0'.repeat(43)}Z`, NEW_YEAR_US]
    ] as const
  ).map(([name, input, expected]) => of('D5 F9')(name, input, expected)),
  ...all('D5 F9', null)({
    'the empty text': '',
    'a date alone': '2026-01-01',
    'no offset': '2026-01-01T00:00:00',
    'a blank in place of the T': '2026-01-01 00:00:00Z',
    'no seconds': '2026-01-01T00:00Z',
    'a point without a fraction': '2026-01-01T00:00:00.Z',
    'a comma': '2026-01-01T00:00:00,5Z',
    'month 0': '2026-00-01T00:00:00Z',
    'month 13': '2026-13-01T00:00:00Z',
    'day 0': '2026-01-00T00:00:00Z',
    'day 32': '2026-01-32T00:00:00Z',
    'April 31': '2026-04-31T00:00:00Z',
    'a leap day in a year that has none': '2026-02-29T00:00:00Z',
    'a leap day in a century that has none': '1900-02-29T00:00:00Z',
    'hour 24': '2026-01-01T24:00:00Z',
    'minute 60': '2026-01-01T00:60:00Z',
    'second 61': '2026-01-01T00:00:61Z',
    'an offset of 24 hours': '2026-01-01T00:00:00+24:00',
    'an offset of 60 minutes': '2026-01-01T00:00:00+00:60',
    'an offset without a colon': '2026-01-01T00:00:00+0100',
    'a minus that is none': '2026-01-01T00:00:00−01:00',
    'a sign before the year': '+2026-01-01T00:00:00Z',
    'five digits of a year': '12026-01-01T00:00:00Z',
    'one digit of a day': '2026-01-1T00:00:00Z',
    'digits beyond ASCII': '٢٠٢٦-01-01T00:00:00Z',
    'a blank before': ' 2026-01-01T00:00:00Z',
    'a line feed after': '2026-01-01T00:00:00Z\n',
    'seconds since 1970': '1767225600',
    'a word': 'now',
    '65 characters': `2026-01-01T00:00:00.${'0'.repeat(44)}Z`
  })
]
