/** Cases of host names: every clause of F5, under each policy that it depends on. */
import { type Case, of } from './cases.js'

const PUBLIC = { defaultPort: 443, loopback: false, ports: false }
const PORTS = { ...PUBLIC, ports: true }
const LOOPBACK = { ...PUBLIC, loopback: true }
const DEV = { defaultPort: 80, loopback: true, ports: true }

const asked = of('F5 D6')

/** Names that have a canonical form under `hosts`. */
const named = (hosts: typeof PUBLIC, names: { readonly [text: string]: readonly [about: string, name: string] }): ReadonlyArray<Case> =>
  Object.entries(names).map(([text, [about, name]]) => asked(about, { hosts, text }, name))

/** Texts that have none. */
const refused = (hosts: typeof PUBLIC, texts: { readonly [text: string]: string }): ReadonlyArray<Case> =>
  Object.entries(texts).map(([text, about]) => asked(about, { hosts, text }, null))

const label = (length: number): string => 'a'.repeat(length)
/** Four labels and their dots: 253 characters. */
const LONGEST = [label(63), label(63), label(63), label(61)].join('.')

export const HOSTS: ReadonlyArray<Case> = [
  ...named(PUBLIC, {
    'knot.example': ['a name', 'knot.example'],
    'knot1.tangled.sh': ['three labels', 'knot1.tangled.sh'],
    'KNOT.Example': ['upper case is lowered', 'knot.example'],
    'knot.example.': ['a dot last is dropped', 'knot.example'],
    'KNOT.EXAMPLE.': ['both', 'knot.example'],
    knot: ['a single label', 'knot'],
    a: ['a single letter', 'a'],
    'a.b': ['labels of one letter', 'a.b'],
    'my-knot.example': ['a hyphen inside', 'my-knot.example'],
    'a--b.example': ['two hyphens inside', 'a--b.example'],
    'xn--bcher-kva.example': ['a name beyond ASCII, as the network writes it', 'xn--bcher-kva.example'],
    'XN--Bcher-KVA.example': ['the same in upper case', 'xn--bcher-kva.example'],
    'a.xn--fiqs8s': ['nothing but characters beyond ASCII, in the last label', 'a.xn--fiqs8s'],
    'xn--a-xb3s.example': ['a code point beyond the first plane', 'xn--a-xb3s.example'],
    'xn--6a.example': ['U+00A0, the first after the control characters', 'xn--6a.example'],
    'xn--hb9b.example': ['U+D7FF, the last before the surrogates', 'xn--hb9b.example'],
    'xn--0y0c.example': ['U+E000, the first after them', 'xn--0y0c.example'],
    'xn--dn32g.example': ['U+10FFFF, the last code point', 'xn--dn32g.example'],
    'xn--ihqwcrb4cv8a8dqg056pqjye.example': ['nine characters, none of ASCII', 'xn--ihqwcrb4cv8a8dqg056pqjye.example'],
    'xn--hello-another-way--fc4qua05auwb3674vfr0b.example': ['ASCII with hyphens before what is not', 'xn--hello-another-way--fc4qua05auwb3674vfr0b.example'],
    'a.xn-a.b': ['one hyphen is not two', 'a.xn-a.b'],
    'axn--a.b': ['not at the beginning of a label', 'axn--a.b'],
    'x.ab--a.b': ['other letters before two hyphens', 'x.ab--a.b'],
    '1.example': ['a label of digits, not the last', '1.example'],
    '127.0.0.1.example': ['an address as the beginning of a name', '127.0.0.1.example'],
    '0x7f.example': ['hexadecimal, not the last', '0x7f.example'],
    '1and1': ['a last label that only begins with digits', '1and1'],
    'knot.0y1': ['a last label that begins with 0 and not with 0x', 'knot.0y1'],
    'knot.1e': ['digits and a letter', 'knot.1e'],
    'knot.x0': ['an x first', 'knot.x0'],
    'localhost.example': ['localhost, not the last', 'localhost.example'],
    'notlocalhost': ['a name that ends like localhost', 'notlocalhost'],
    'my-localhost': ['the same, with a hyphen', 'my-localhost']
  }),
  asked('a label of 63', { hosts: PUBLIC, text: `${label(63)}.example` }, `${label(63)}.example`),
  asked('253 characters', { hosts: PUBLIC, text: LONGEST }, LONGEST),
  asked('253 characters and a dot', { hosts: PUBLIC, text: `${LONGEST}.` }, LONGEST),
  ...refused(PUBLIC, {
    '': 'the empty text',
    '.': 'a dot',
    '..': 'two dots',
    'knot.example..': 'two dots last',
    '.knot.example': 'a dot first',
    'knot..example': 'an empty label',
    '-knot.example': 'a hyphen first',
    'knot-.example': 'a hyphen last',
    'knot.-': 'a label that is a hyphen',
    'knot.example-': 'a hyphen last of all',
    'kn_ot.example': 'an underscore',
    'xn--a.example': 'a label xn-- that is U+0080, a control character',
    'knot.xn--a': 'the same, last',
    'XN--A.example': 'the same in upper case',
    'xn--bcher-kva.xn--a.example': 'the same after a good one',
    'xn--5a.example': 'U+009F, the last control character',
    'xn--a-2bac.example': 'U+009F beside U+00A0',
    'xn--.example': 'nothing after xn--',
    'xn--bcher-.example': 'ASCII alone, and a hyphen last',
    'xn--bcher-b.example': 'a number without an end',
    'xn--99999999.example': 'another',
    'xn--en32g.example': 'one more than U+10FFFF',
    'xn--99999999999999999999999999999999a.example': 'a number beyond 2^31',
    'xn--ib9b.example': 'U+D800, the first surrogate',
    'xn--zy0c.example': 'U+DFFF, the last one',
    'xn---kva.example': 'a hyphen that separates nothing',
    'constructor ': 'a blank last',
    ' knot.example': 'a blank first',
    'knot example': 'a blank inside',
    'knot.example\n': 'a line feed last',
    'knot.example\t': 'a tab last',
    'knot\u0000.example': 'a null character',
    'bücher.example': 'a letter beyond ASCII',
    'knot。example': 'another kind of dot',
    'ｋnot.example': 'a wide letter',
    'ſ.example': 'a letter that is an s in upper case',
    '\u212anot.example': 'the Kelvin sign, which is a k in lower case',
    'İ.example': 'a letter that is two in lower case',
    '127.0.0.1': 'an IPv4 address',
    '127.1': 'a short one',
    '2130706433': 'one number',
    '0177.0.0.1': 'octal',
    '0x7f.0.0.1': 'the first hexadecimal',
    '0x7f000001': 'hexadecimal',
    '0X7F000001': 'hexadecimal in upper case',
    'knot.0x': 'a last label that is 0x',
    'knot.0xg': 'a last label that only looks like hexadecimal',
    '127.0.0.1.': 'an IPv4 address with a dot last',
    'knot.1': 'a last label of digits',
    'knot.007': 'a last label of digits and zeros',
    '1.2.3.4.5': 'five numbers',
    '::1': 'an IPv6 address',
    '[::1]': 'an IPv6 address in brackets',
    '[::1]:443': 'the same, with a port',
    'user@knot.example': 'a user',
    'user:secret@knot.example': 'a user with a password',
    'https://knot.example': 'a URL',
    '//knot.example': 'half a URL',
    'knot.example/': 'a slash last',
    'knot.example/path': 'a path',
    'knot.example?x': 'a query',
    'knot.example#x': 'a fragment',
    'knot.example\\x': 'a backslash',
    '%6bnot.example': 'an escape',
    '*.example': 'a wildcard',
    'knot.example,knot2.example': 'two names',
    localhost: 'localhost',
    'LOCALHOST.': 'localhost, spelled otherwise',
    'knot.localhost': 'a name in localhost',
    'knot.example:443': 'the default port, where there are no ports',
    'knot.example:8443': 'a port, where there are none',
    'knot.example:': 'a colon and no port, where there are none'
  }),
  asked('a label of 64', { hosts: PUBLIC, text: `${label(64)}.example` }, null),
  asked('a last label of 64', { hosts: PUBLIC, text: label(64) }, null),
  asked('254 characters', { hosts: PUBLIC, text: `${LONGEST}a` }, null),
  asked('254 characters and a dot', { hosts: PUBLIC, text: `${LONGEST}a.` }, null),

  ...named(LOOPBACK, {
    localhost: ['localhost, where it is allowed', 'localhost'],
    'LocalHost.': ['localhost in another spelling', 'localhost'],
    'knot.localhost': ['a name in localhost', 'knot.localhost'],
    'knot.example': ['a public name, where localhost is allowed', 'knot.example']
  }),
  ...refused(LOOPBACK, {
    '127.0.0.1': 'the address of localhost, where localhost is allowed',
    'localhost:443': 'localhost with a port, where there are no ports'
  }),

  ...named(PORTS, {
    'knot.example': ['no port, where there are ports', 'knot.example'],
    'knot.example:8443': ['a port', 'knot.example:8443'],
    'knot.example:443': ['the default port is dropped', 'knot.example'],
    'knot.example:80': ['another default port is not', 'knot.example:80'],
    'knot.example.:8443': ['a dot before the port is dropped', 'knot.example:8443'],
    'KNOT.example:443': ['upper case, and the default port', 'knot.example'],
    'knot.example:1': ['the least port', 'knot.example:1'],
    'knot.example:65535': ['the greatest port', 'knot.example:65535'],
    'knot:22': ['a single label with a port', 'knot:22']
  }),
  asked('253 characters and a port', { hosts: PORTS, text: `${LONGEST}:8443` }, `${LONGEST}:8443`),
  ...refused(PORTS, {
    'knot.example:': 'a colon and no port',
    'knot.example:0': 'port 0',
    'knot.example:65536': 'a port too great by one',
    'knot.example:99999': 'the greatest of five digits',
    'knot.example:100000': 'six digits',
    'knot.example:0443': 'a leading zero',
    'knot.example:00443': 'two leading zeros',
    'knot.example:+443': 'a sign',
    'knot.example:-1': 'a negative port',
    'knot.example:44 3': 'a blank in the port',
    'knot.example: 443': 'a blank before the port',
    'knot.example:443 ': 'a blank after the port',
    'knot.example:443\n': 'a line feed after the port',
    'knot.example:4.0': 'a fraction',
    'knot.example:1e3': 'an exponent',
    'knot.example:0x1bb': 'a hexadecimal port',
    'knot.example:https': 'the name of a port',
    'knot.example:٤٤٣': 'digits beyond ASCII',
    'knot.example:443:443': 'two ports',
    'knot.example:8443.': 'a dot after the port',
    'knot.example:8443/': 'a path after the port',
    ':8443': 'a port alone',
    '.:8443': 'a dot and a port',
    '127.0.0.1:8443': 'an address with a port',
    '[::1]:8443': 'an IPv6 address with a port',
    'localhost:8443': 'localhost with a port'
  }),

  ...named(DEV, {
    'knot.example:80': ['the default port is another', 'knot.example'],
    'knot.example:443': ['and then this one is kept', 'knot.example:443'],
    'localhost:80': ['localhost with the default port', 'localhost'],
    'LOCALHOST.:5555': ['localhost with a port', 'localhost:5555'],
    'knot.localhost:5555': ['a name in localhost with a port', 'knot.localhost:5555']
  }),
  ...refused(DEV, {
    '127.0.0.1': 'an address, where nearly all is allowed',
    '127.0.0.1:5555': 'an address with a port, where nearly all is allowed',
    'user@localhost': 'a user, where nearly all is allowed'
  })
]
