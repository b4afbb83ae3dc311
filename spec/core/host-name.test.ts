/** Which texts name a host that we would connect to, and in which spelling (D6, F5). */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, test } from 'vitest'
import { canonicalHost, HostName, HostPolicy } from '../../core/index.js'

const PUBLIC: HostPolicy = { defaultPort: 443, loopback: false, ports: false }
const EMBEDDED: HostPolicy = { defaultPort: 80, loopback: true, ports: true }

const read = (policy: HostPolicy, text: string): string | null => O.toNullable(canonicalHost(policy)(text))

const shown = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}… (${String(text.length)})` : text)

/** What leads somewhere else than it seems, is no name, or is another spelling of one: refused whatever is allowed. */
const REFUSED = [
  // Addresses that platforms take for what they are not.
  '127.1',
  '127.0.0.1',
  '127.0.0.1.',
  '0x7f.1',
  '0x7F000001',
  '2130706433',
  '017700000001',
  '0',
  '1.2.3.4.5',
  '169.254.169.254',
  '[::1]',
  '::1',
  '[::ffff:127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[fe80::1%25eth0]',
  'example.1',
  'example.0x1',
  'example.0X1',
  '1',
  '1.',
  '0x',
  // Other alphabets, and escapes.
  '①②⑦.0.0.1',
  '%31%32%37.0.0.1',
  'knot。example',
  'knоt.example',
  'KNÖT.example',
  '\u212anot.example',
  'ﬁ.example',
  // Whatever else an address of the web has, or may have hidden in it.
  'user:pw@127.0.0.1',
  'user@example.com',
  'evil.com/x?',
  'evil.com/',
  'evil.com?x',
  'evil.com#',
  'evil.com\\@127.0.0.1',
  'https://evil.com',
  '//evil.com',
  'evil.com,example.com',
  // Blanks and what cannot be seen.
  ' evil.com',
  'evil.com ',
  'evil .com',
  'evil\t.com',
  'evil.com\n',
  'evil\u200b.com',
  'evil\u0000.com',
  '\ufeffevil.com',
  // Labels.
  '',
  '.',
  '..',
  '.com',
  'evil..com',
  'evil.com..',
  '-evil.com',
  'evil-.com',
  'evil.-com',
  'evil.com-',
  'e_vil.com',
  '*.evil.com',
  `${'a'.repeat(64)}.com`,
  `com.${'a'.repeat(64)}`,
  'a.'.repeat(150),
  `${'a.'.repeat(126)}aa`,
  // What stands for no text, or for control characters.
  'xn--a.example',
  'XN--A.example',
  'knot.xn--a',
  'xn--bcher-kva.xn--a.example',
  'xn--5a.example',
  'xn--a-2bac.example',
  'xn--.example',
  'xn--bcher-.example',
  'xn--bcher-b.example',
  'xn--en32g.example',
  'xn--ib9b.example',
  'xn---kva.example',
  // Ports that are none.
  'evil.com:',
  'evil.com:0',
  'evil.com:022',
  'evil.com:65536',
  'evil.com:99999',
  'evil.com:100000',
  'evil.com:-1',
  'evil.com:+22',
  'evil.com:2 2',
  'evil.com:22x',
  'evil.com:22 ',
  'evil.com:22\n',
  'evil.com:22.0',
  'evil.com:2e1',
  'evil.com:٢٢',
  'evil.com:22:22',
  ':22',
  ':'
]

describe('refused under any policy', () => {
  for (const text of REFUSED)
    test(shown(text), () => {
      expect([canonicalHost(PUBLIC)(text), canonicalHost(EMBEDDED)(text), HostName.is(text)]).toEqual([O.none, O.none, false])
    })
})

/** Text, and its canonical form. */
const NAMES: ReadonlyArray<readonly [text: string, canonical: string]> = [
  ['example.com', 'example.com'],
  ['EXAMPLE.com.', 'example.com'],
  ['EXAMPLE', 'example'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZ.example', 'abcdefghijklmnopqrstuvwxyz.example'],
  ['ci.example', 'ci.example'],
  ['a', 'a'],
  ['a.', 'a'],
  ['x--y.example', 'x--y.example'],
  ['xn--n3h.example', 'xn--n3h.example'],
  ['XN--Bcher-KVA.example', 'xn--bcher-kva.example'],
  ['a.xn--fiqs8s', 'a.xn--fiqs8s'],
  ['xn--6a.example', 'xn--6a.example'],
  ['xn--a-xb3s.example', 'xn--a-xb3s.example'],
  ['axn--a.example', 'axn--a.example'],
  ['xn-a.example', 'xn-a.example'],
  ['1.example', '1.example'],
  ['0x7f.example', '0x7f.example'],
  ['127.0.0.1.example', '127.0.0.1.example'],
  ['1e1', '1e1'],
  ['a0x1', 'a0x1'],
  ['example.a0x1', 'example.a0x1'],
  ['localhost.example', 'localhost.example'],
  ['xlocalhost', 'xlocalhost'],
  ['localhostx', 'localhostx'],
  ['constructor', 'constructor'],
  [`${'a'.repeat(63)}.com`, `${'a'.repeat(63)}.com`],
  [`${'a.'.repeat(126)}a`, `${'a.'.repeat(126)}a`],
  [`${'a.'.repeat(126)}a.`, `${'a.'.repeat(126)}a`]
]

describe('accepted under any policy', () => {
  for (const [text, canonical] of NAMES)
    test(shown(text), () => {
      expect([read(PUBLIC, text), read(EMBEDDED, text)]).toEqual([canonical, canonical])
      expect([HostName.is(canonical), HostName.is(text)]).toEqual([true, text === canonical])
    })
})

describe('ports', () => {
  const ported: ReadonlyArray<readonly [text: string, canonical: string]> = [
    ['evil.com:22', 'evil.com:22'],
    ['EVIL.com.:22', 'evil.com:22'],
    ['evil.com:1', 'evil.com:1'],
    ['evil.com:443', 'evil.com:443'],
    ['evil.com:65535', 'evil.com:65535'],
    ['evil.com:80', 'evil.com'],
    ['evil.com:8080', 'evil.com:8080']
  ]
  for (const [text, canonical] of ported)
    test(`${text} is ${canonical} where ports are allowed, and refused where not`, () => {
      expect([read(PUBLIC, text), read(EMBEDDED, text)]).toEqual([null, canonical])
      expect(HostName.is(canonical)).toBe(true)
    })
})

describe('loopback', () => {
  for (const text of ['localhost', 'x.localhost', 'a.b.localhost', 'LOCALHOST', 'localhost.', 'X.LocalHost.'])
    test(`${text} is refused where it is not allowed`, () => {
      const canonical = text.toLowerCase().replace(/\.$/, '')
      expect([read(PUBLIC, text), read(EMBEDDED, text)]).toEqual([null, canonical])
      expect(HostName.is(canonical)).toBe(true)
    })
})

test('a policy is three decisions, and each must be made', () => {
  expect(HostPolicy.is(PUBLIC)).toBe(true)
  expect(
    [
      { ...PUBLIC, ports: 'no' },
      { ...PUBLIC, loopback: undefined },
      { ...PUBLIC, defaultPort: '443' }
    ].map((u) => HostPolicy.is(u))
  ).toEqual([false, false, false])
})
