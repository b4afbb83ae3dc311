/** Host names as strangers write them: names, names that are none, and two spellings of one. */
import fc from 'fast-check'
import { hostPolicies } from './config.js'
import type { Encoded } from '../laws/host.js'
import { weighted } from './data.js'
import { encodePunycode } from './punycode.js'

const LONG = 'a'.repeat(63)

const labels = weighted(
  [4, 'knot'],
  [4, 'a'],
  [2, 'B2'],
  [2, 'x-y'],
  [1, 'xn--bcher-kva'],
  [1, 'XN--Fiqs8s'],
  [1, LONG],
  [1, '0x1'],
  [1, '127'],
  [5, 'localhost'],
  [1, 'LocalHost']
)

/** Labels of none: empty, hyphen at an end, too long, of other characters. */
const badLabels = weighted(
  [1, ''],
  [1, '-a'],
  [1, 'a-'],
  [1, `${LONG}a`],
  [1, 'a_b'],
  [1, 'ä'],
  [1, 'a%41'],
  [1, '\u2460'],
  [1, 'a b'],
  [1, '\u212a'],
  [1, 'xn--a'],
  [1, 'xn--bcher-b']
)

const ports = weighted([5, ''], [5, ':8443'], [1, ':443'], [1, ':80'], [1, ':1'], [3, ':65535'])
const badPorts = weighted(
  [1, ':'],
  [1, ':0'],
  [1, ':65536'],
  [1, ':0443'],
  [1, ':1e3'],
  [1, ':99999999999999999999'],
  [1, ':443:443']
)

const joined = (parts: ReadonlyArray<string>, dot: string, port: string): string => `${parts.join('.')}${dot}${port}`

const dots = weighted([4, ''], [1, '.'])

const names: fc.Arbitrary<string> = fc
  .tuple(fc.array(labels, { maxLength: 4, minLength: 1 }), dots, ports)
  .map(([parts, dot, port]) => joined(parts, dot, port))

const almost: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.array(labels, { maxLength: 2 }), badLabels, fc.array(labels, { maxLength: 2 }), dots)
    .map(([before, bad, after, dot]) => joined([...before, bad, ...after], dot, '')),
  fc.tuple(fc.array(labels, { maxLength: 3, minLength: 1 }), badPorts).map(([parts, port]) => joined(parts, '', port)),
  fc
    .tuple(names, weighted([1, '/'], [1, '#'], [1, '?x'], [1, '@a'], [1, '\\a'], [1, '\t'], [1, '\u200b'], [1, '..']))
    .map(([name, tail]) => name + tail),
  names.map((name) => `user@${name}`),
  fc.constantFrom(
    '127.1',
    '0x7f.1',
    '2130706433',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '1.2.3.4',
    'a.0x',
    'knot\u3002example',
    'a..b',
    '.a'
  ),
  fc.string()
)

const texts = fc.oneof({ arbitrary: names, weight: 3 }, { arbitrary: almost, weight: 1 })

export const spellings = fc.record({ policy: hostPolicies, text: texts })

const flipped = (text: string, flips: ReadonlyArray<boolean>): string =>
  Array.from(text, (letter, i) => (flips[i % flips.length] === true ? letter.toUpperCase() : letter.toLowerCase())).join('')

/** Another spelling of the same host, or hardly another host. */
const respelled = (text: string, flips: ReadonlyArray<boolean>, way: number, defaultPort: number): string => {
  const [host = '', port] = flipped(text, flips).split(':')
  switch (way) {
    case 0:
      return port === undefined ? `${host}:${String(defaultPort)}` : host
    case 1:
      return (host.endsWith('.') ? host.slice(0, -1) : `${host}.`) + (port === undefined ? '' : `:${port}`)
    case 2:
      return `a${host}`
    default:
      return port === undefined ? host : `${host}:${port}`
  }
}

/** Two texts that may or may not be the same host. */
export const pairs = fc
  .record({ flips: fc.array(fc.boolean(), { maxLength: 5, minLength: 1 }), one: names, policy: hostPolicies, way: fc.nat(3) })
  .map(({ flips, one, policy, way }) => ({ one, other: respelled(one, flips, way, policy.defaultPort), policy }))

/** Whether labels make a name: enough of the grammar to know it for the labels above, and no more. */
const makeName = (parts: ReadonlyArray<string>): boolean => {
  const last = parts[parts.length - 1]?.toLowerCase() ?? ''
  return parts.join('.').length <= 253 && !/^(?:[0-9]+|0x.*)$/.test(last)
}

/** 253 characters, and 254. */
const longest = fc.constantFrom([LONG, LONG, LONG, 'a'.repeat(61)], [LONG, LONG, LONG, 'a'.repeat(62)])

const labelLists = fc.oneof(
  { arbitrary: fc.array(labels, { maxLength: 4, minLength: 1 }), weight: 6 },
  { arbitrary: longest, weight: 1 }
)

const madeNames = fc
  .record({ dot: dots, parts: labelLists, policy: hostPolicies, port: ports })
  .map(({ dot, parts, policy, port }) => ({
    isName:
      makeName(parts) &&
      (port === '' || policy.ports) &&
      (policy.loopback || parts[parts.length - 1]?.toLowerCase() !== 'localhost'),
    policy,
    text: joined(parts, dot, port)
  }))

/** Texts of which it is known whether they are names under the policy, because of how they were made. */
export const known = fc.oneof(
  madeNames,
  madeNames,
  fc
    .record({ parts: fc.array(labels, { maxLength: 3, minLength: 1 }), policy: hostPolicies, port: badPorts })
    .map(({ parts, policy, port }) => ({ isName: false, policy, text: joined(parts, '', port) })),
  fc
    .record({
      after: fc.array(labels, { maxLength: 2, minLength: 1 }),
      bad: badLabels,
      before: fc.array(labels, { maxLength: 2 }),
      policy: hostPolicies
    })
    .map(({ after, bad, before, policy }) => ({ isName: false, policy, text: joined([...before, bad, ...after], '', '') }))
)

// ---------------------------------------------------------------------------------------- labels beyond ASCII

const letters = fc.constantFrom(...Array.from('az09-', (c) => c.codePointAt(0) ?? 0))

/** Code points by where they stand: characters of few scripts and of all, what is beside what is none, and what is none. */
const characters = fc.oneof(
  { arbitrary: letters, weight: 3 },
  { arbitrary: fc.integer({ max: 0x24f, min: 0xdf }), weight: 3 },
  { arbitrary: fc.integer({ max: 0x4eff, min: 0x4e00 }), weight: 2 },
  { arbitrary: fc.integer({ max: 0xd7ff, min: 0xa0 }), weight: 2 },
  { arbitrary: fc.integer({ max: 0x10ffff, min: 0xe000 }), weight: 2 },
  { arbitrary: fc.constantFrom(0xa0, 0xd7ff, 0xe000, 0x10ffff), weight: 1 }
)

const noCharacters = fc.oneof(fc.integer({ max: 0x9f, min: 0x80 }), fc.constantFrom(0x80, 0x9f, 0xd800, 0xdfff, 0x110000), fc.integer({ max: 0xdfff, min: 0xd800 }))

const points = fc.oneof(
  { arbitrary: fc.array(characters, { maxLength: 12, minLength: 1 }), weight: 3 },
  { arbitrary: fc.tuple(fc.array(characters, { maxLength: 4 }), noCharacters, fc.array(characters, { maxLength: 4 })).map(([a, b, c]) => [...a, b, ...c]), weight: 1 }
)

const isCharacter = (point: number): boolean => point < 0x80 || (point >= 0xa0 && point < 0xd800) || (point > 0xdfff && point <= 0x10ffff)

/** Labels as they are written for code points that are text, and for such as are none. */
export const encodedLabels: fc.Arbitrary<Encoded> = points
  .map((list) => ({ isText: list.some((point) => point >= 0xa0) && list.every(isCharacter), label: `xn--${encodePunycode(list)}`, points: list }))
  .filter(({ label }) => label.length <= 63)
