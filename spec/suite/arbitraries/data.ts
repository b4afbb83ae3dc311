/** Small alphabets: few names, so that they collide, and among them those that break programs. */
import fc from 'fast-check'
import { COLLABORATOR, type Did, MEMBER, REPO, type Rkey } from '../../../core/index.js'

/** An arbitrary that picks one of the choices, each as often as its weight says. The first is what it shrinks to. */
export const weighted = <A>(...choices: ReadonlyArray<readonly [weight: number, value: A]>): fc.Arbitrary<A> =>
  fc.oneof(...choices.map(([weight, value]) => ({ arbitrary: fc.constant(value), weight })))

/** One item of a list that is not empty, whichever number comes. */
export const pick = <A>(list: ReadonlyArray<A>, i: number): A => {
  const item = list[i % list.length]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}

/** The owner comes first. Of two of them, one is the beginning of the other. */
export const OWNER = 'did:plc:owner' as Did
export const ALICE = 'did:plc:alice' as Did
export const BOB = 'did:plc:bob' as Did
export const DIDS = [OWNER, ALICE, 'did:web:bob.example' as Did, 'did:plc:alice-b' as Did, 'did:plc:eve' as Did] as const

export const dids: fc.Arbitrary<Did> = weighted(...DIDS.map((did, i): readonly [number, Did] => [i === 0 ? 4 : 2, did]))

export const RKEYS = ['self' as Rkey, '__proto__' as Rkey, 'constructor' as Rkey] as const

export const rkeys: fc.Arbitrary<Rkey> = fc.constantFrom(...RKEYS)

export const collections = fc.constantFrom(REPO, MEMBER, COLLABORATOR)

export const HOSTNAME = 'ci.example'
export const OTHER_HOSTNAME = 'ci2.example'

/** Knots, well and badly spelled. The first three are canonical and public. */
export const KNOTS = [
  'knot1.example',
  'knot2.example',
  'knot3.example',
  'KNOT1.Example.',
  'knot2.example:443',
  'knot1.example:8443',
  'localhost',
  '127.0.0.1',
  'knot 1',
  ''
] as const

/** 2026-01-01: where most runs begin. */
export const EPOCH_US = 1_767_225_600_000_000
export const SECOND_US = 1_000_000
