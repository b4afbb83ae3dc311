/** Tokens of calls: how many are remembered, of one caller and of all. */
import * as O from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { TOKENS_MAX, TOKENS_OF_CALLER_MAX, tokenRefusal } from '../../core/builds/tokens.js'
import type { Builds, CallReceived, TimeUs } from '../../core/index.js'
import { Did, OrderedMap as M } from '../../core/index.js'
import { must } from '../suite/examples/support.js'

const ALICE = must(Did.decode('did:plc:alice'))
const NOW = 1_000 as TimeUs

type Tokens = Builds.BuildsState['tokens']

/** So many tokens, of whom, and until when each is good. */
const kept = (count: number, callerOf: (i: number) => string, untilOf: (i: number) => number): Tokens => {
  const tokens = M.fromSorted(Array.from({ length: count }, (_, i) => [`${callerOf(i)} ${String(i).padStart(5, '0')}`, untilOf(i)] as const))
  return (O.isSome(tokens) ? tokens.value : M.empty()) as Tokens
}

/** Fifty of each of many others. */
const ofOthers = (count: number, overCount = 0): Tokens =>
  kept(count, (i) => `did:plc:bob${String(Math.floor(i / 50)).padStart(4, '0')}`, (i) => (i < overCount ? 1_000 : 1_001))

const ofOne = (caller: string, untilUs = 1_001): Tokens => kept(TOKENS_OF_CALLER_MAX, () => caller, () => untilUs)

const refusal = (tokens: Tokens) =>
  tokenRefusal({ tokens, tokensUs: NOW }, { at: NOW, caller: ALICE, token: { id: 'x', untilUs: 2_000 } } as CallReceived)

test.each<readonly [string, Tokens, ReturnType<typeof refusal>]>([
  ['as many as are remembered of all', ofOthers(TOKENS_MAX), 'busy'],
  ['one less', ofOthers(TOKENS_MAX - 1), null],
  ['as many, but the time of one is over', ofOthers(TOKENS_MAX, 1), null],
  ['as many as are remembered of the caller', ofOne(ALICE), 'busy'],
  ['as many of the caller, and the time of these is over', ofOne(ALICE, 1_000), null],
  ['as many of somebody whose DID begins like that of the caller', ofOne(`${ALICE}2`), null]
])('a call, where there are %s', (_, tokens, said) => {
  expect(refusal(tokens)).toBe(said)
})
