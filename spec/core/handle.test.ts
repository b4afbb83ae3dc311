/** The handle that a DID document names: what is one, and what is none. */
import { expect, test } from 'vitest'
import { decodeHandle, decodeKnotOfRepository, Did } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const ALICE = must(Did.decode('did:plc:alice'))
const handleIn = (alsoKnownAs: unknown) => decodeHandle(ALICE)(JSON.stringify({ alsoKnownAs, id: ALICE }))
const LABEL = 'a'.repeat(63)

test.each<[unknown, string | null]>([
  [['at://alice.example'], 'alice.example'],
  [['at://Alice.Bsky.Social'], 'alice.bsky.social'],
  [['https://alice.example', 7, 'at://alice.example', 'at://bob.example'], 'alice.example'],
  [['at://xn--bcher-kva.example'], 'xn--bcher-kva.example'],
  [['at://8.cn'], '8.cn'],
  [[`at://${LABEL}.example`], `${LABEL}.example`],
  [[`at://${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(61)}`], `${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(61)}`],
  [[`at://${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(62)}`], null],
  [[`at://a${LABEL}.example`], null],
  [undefined, null],
  ['at://alice.example', null],
  [[], null],
  [['alice.example'], null],
  [['xat://alice.example'], null],
  [['at://alice'], null],
  [['at://alice.example/x'], null],
  [['at://-alice.example'], null],
  [['at://alice-.example'], null],
  [['at://alice..example'], null],
  [['at://alice.example.'], null],
  [['at://192.0.2.1'], null],
  [['at://alice.example-'], null],
  [['at://al_ice.example'], null],
  [['at://аlice.example'], null],
  [['at://\u212aelvin.example'], null],
  [['at://alice.example\u202e'], null],
  [['at://alice.example\n'], null]
])('of %j is %j', (names, handle) => {
  expect(handleIn(names)).toEqual({ _tag: 'Right', right: handle })
})

test('of another’s document is not read', () => {
  expect(decodeHandle(ALICE)('{"id":"did:plc:bob"}')).toEqual({ _tag: 'Left', left: 'the document is for another DID' })
})

test('the knot of a document without services is none', () => {
  expect(decodeKnotOfRepository(ALICE)('{"id":"did:plc:alice"}')).toEqual({ _tag: 'Right', right: null })
})
