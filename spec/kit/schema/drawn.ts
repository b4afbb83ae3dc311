/** Values for trying schemas on: at the edges of what is well-formed, near it, and broken in one place. */
import fc from 'fast-check'
import type { Json } from '../../../core/index.js'
import { spellings } from '../../suite/arbitraries/hosts.js'
import { jsons } from '../../suite/arbitraries/json.js'
import type { Schema } from './constraints.js'

// ---------------------------------------------------------------------------------------- texts and numbers

const LONG = 'x'.repeat(63)

const words = (text: string): ReadonlyArray<string> => text.split(' ')

/** Texts at the edges of what is well-formed, and numbers at those of what is exact. */
export const EDGES: ReadonlyArray<Json> = [
  ...words(' . .. ...'),
  ...[511, 512, 513].map((length) => 'r'.repeat(length)),
  ...words('did:plc:a did:plc:a: did:plc:a% did:plc:a\n did:plc: did::a did:PLC:a DID:plc:a did:web:x.example%3A80'),
  ...[2_047, 2_048, 2_049].map((length) => `did:plc:${'a'.repeat(length - 8)}`),
  ...words('k222222222222 j222222222222 jzzzzzzzzzzzz 222222222222 22222222222222 1222222222222 222222222222A'),
  ...words('0 00 -0 1 01 1e3 1.0 9223372036854775807 9223372036854775808 9999999999999999999 10000000000000000000'),
  ...words('9223372036854775799 9223372036854775800 9223372036854776000 9300000000000000000 922337203685477580'),
  ...words('a.b.c a.b a.b.c1 a.b.1c a.b.c-d a-b.c-d.e 1a.b.c a.1b.c a.b-.c a-.b.c'),
  ...words(`a.${LONG}.c a.${LONG}x.c a.b.${LONG} a.b.${LONG}x`),
  ...[316, 317, 318].map((length) => `${`${LONG.slice(1)}.`.repeat(5)}${'x'.repeat(length - 315)}`),
  ...words('localhost a A a. .a a..b a:80 a:0 a:080 a:65535 a:65536 a:70000 a:100000 a: a:80:80 :80'),
  ...words('127.0.0.1 1 1:80 a.1 a.1:80 a.0x a.0x1:80 0x1 0xg.b 1.b a.1b -a a- a-b a_b é.example a\n'),
  ...[62, 63, 64].map((length) => 'l'.repeat(length)),
  ...[252, 253, 254].flatMap((length) => {
    const name = `${`${LONG}.`.repeat(3)}${'y'.repeat(length - 192)}`
    return [name, `${name}:80`, `${name}:65535`]
  }),
  ...words('0123456789abcdef 0123456789ABCDEF 0123456789abcde 0123456789abcdef0 0123456789abcdef\n'),
  ...[0, -0, 1, -1, 0.5, 65_535, 65_536, 1e300],
  ...[Number.MAX_SAFE_INTEGER, 2 ** 53, -Number.MAX_SAFE_INTEGER, -(2 ** 53)],
  ...[null, true, [], {}, ['did:plc:a'], { a: 'did:plc:a' }]
]

const PIECES: ReadonlyArray<string> = ['', '\n', ...words('a z k A Z 0 1 2 7 9 . : - _ ~ % x did: plc: 0x é \u{1f600} /')]

/** A text with one piece put in, or some of it taken out. */
const nicked = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(texts, fc.nat(40), fc.constantFrom(...PIECES), fc.nat(1))
    .map(([text, place, piece, taken]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + piece + text.slice(at + taken)
    })

/** What a constraint takes, what is near to that, and what is put together from pieces. */
export const candidates = (schema: Schema): fc.Arbitrary<Json> => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((list) => list.join(''))
  const pattern = typeof schema['pattern'] === 'string' ? [fc.stringMatching(new RegExp(schema['pattern'], 'u'))] : []
  const names = spellings.map(({ text }) => text)
  const numbers = fc.double({ noDefaultInfinity: true, noNaN: true })
  return fc.oneof<Array<fc.Arbitrary<Json>>>(...pattern, ...pattern.map(nicked), pieces, names, fc.maxSafeInteger(), numbers, jsons)
}

// ---------------------------------------------------------------------------------------- whole values

/** What is done to a value, where, and with what. */
export interface Breakage {
  readonly by: Json
  readonly how: 'add' | 'drop' | 'repeat' | 'replace' | 'reverse'
  readonly path: ReadonlyArray<number>
}

export const breakages: fc.Arbitrary<Breakage> = fc.record(
  {
    by: fc.oneof(jsons, fc.constantFrom(...EDGES, ...words('Idle Open Report Started KnotTimer members size'))),
    how: fc.constantFrom('add', 'drop', 'repeat', 'replace', 'reverse'),
    path: fc.array(fc.nat(20), { maxLength: 9, minLength: 1 })
  },
  { noNullPrototype: true }
)

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

/** The value, broken in one place. */
export const broken = (value: Json, { by, how, path: [first, ...path] }: Breakage): Json => {
  if (first === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  const key = keys[first % Math.max(1, keys.length)]
  if (key === undefined) return by
  const entries = Object.entries(value).flatMap(([name, item]): ReadonlyArray<readonly [string, Json]> => {
    if (name !== key) return [[name, item]]
    if (path.length > 0 && typeof item === 'object' && item !== null) return [[name, broken(item, { by, how, path })]]
    if (how === 'drop') return []
    if (how === 'repeat') return [0, 1].map(() => [name, item])
    return [[name, how === 'replace' ? by : item]]
  })
  const isHere = path.length === 0 || typeof value !== 'object'
  if (isArray(value)) {
    const items = entries.map(([, item]) => item)
    return isHere && how === 'reverse' ? items.reverse() : isHere && how === 'add' ? [...items, by] : items
  }
  return Object.fromEntries(isHere && how === 'add' ? [...entries, ['unknown', by]] : entries)
}
