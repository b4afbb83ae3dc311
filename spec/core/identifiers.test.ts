/** What is an identifier and what is not, and that no digit of a stamp is lost (D13, F1, F3). */
import { describe, expect, test } from 'vitest'
import { Did, Nanos, Natural, Nsid, Rkey, Tid, TimeUs } from '../../core/index.js'
import {
  clampTimeUs,
  isFromFuture,
  isTidAfter,
  laterOf,
  nanosBefore,
  nanosOf,
  previousNano,
  timeOfTid,
  usAfter,
  usBefore
} from '../../core/data/identifiers.js'
import { must, rev } from '../suite/examples/support.js'

const MAX = 9_007_199_254_740_991

const us = (n: number) => must(TimeUs.decode(n))
const ns = (digits: string) => must(Nanos.decode(digits))
const tid = (text: string) => must(Tid.decode(text))

interface Codec {
  readonly is: (u: unknown) => boolean
}

/** One test for each value: what it is, and that the codec says so. */
const table = (codec: Codec, yes: ReadonlyArray<unknown>, no: ReadonlyArray<unknown>): void => {
  const named = (u: unknown) =>
    typeof u === 'string' ? JSON.stringify(u.length > 40 ? `${u.slice(0, 40)}… (${String(u.length)})` : u) : String(u)
  for (const u of yes) test(`${named(u)} is one`, () => expect(codec.is(u)).toBe(true))
  for (const u of no) test(`${named(u)} is none`, () => expect(codec.is(u)).toBe(false))
}

describe('DID', () => {
  table(
    Did,
    [
      'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
      'did:plc:short',
      'did:plc:AAAAAAAAAAAAAAAAAAAAAAAA',
      'did:web:localhost%3A1234',
      'did:web:127.0.0.1',
      'did:constructor:x',
      'did:m:0._:%-a',
      'did:m:-',
      'did:m:.',
      'did:m:a::b',
      `did:m:${'x'.repeat(2042)}`
    ],
    [
      'alice.example',
      '',
      'did',
      'did:',
      'did:plc',
      'did:plc:',
      'did::x',
      'DID:plc:x',
      'did:PLC:x',
      'did:plc1:x',
      'did:plc:x:',
      'did:plc:x%',
      'did:plc:x/y',
      'did:plc:x#y',
      'did:plc:x?y',
      'did:plc:x y',
      'did:plc:é',
      'did:plc:x\n',
      '\ndid:plc:x',
      ' did:plc:x',
      'xdid:plc:x',
      `did:m:${'x'.repeat(2043)}`,
      7,
      null,
      undefined,
      ['did:plc:x']
    ]
  )
})

describe('rkey', () => {
  table(
    Rkey,
    [
      'self',
      '3mbcdefghij2k',
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '10',
      '~',
      '...',
      '.a',
      ':',
      'a.b-c_d~e:F9',
      'k'.repeat(512)
    ],
    ['', '.', '..', 'a/b', '%2e%2e', 'a b', 'a\u0000', 'a\r\n', 'a\n', '\na', 'é', 'a@b', 'a+b', 'k'.repeat(513), 7, null]
  )
})

describe('rev', () => {
  table(
    Tid,
    ['2222222222222', '3mbcdefghij2k', 'jzzzzzzzzzzzz', '7zzzzzzzzzzzz', 'a222222222222'],
    [
      '',
      'k222222222222',
      'z222222222222',
      '222222222222',
      '22222222222222',
      '1222222222222',
      '2222222222221',
      '2222222222228',
      '222222222222A',
      'A222222222222',
      '222-222222222',
      '2222222222222\n',
      ' 222222222222',
      7,
      null
    ]
  )
})

describe('NSID', () => {
  table(
    Nsid,
    [
      'sh.tangled.repo',
      'sh.tangled.git.refUpdate',
      'a.b.c',
      'A.B.C',
      'com.1password.x',
      'a-b.c-d.e',
      'a1.b2.c3',
      `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}`,
      `a.${'b.'.repeat(157)}c`
    ],
    [
      '',
      'sh',
      'sh.tangled',
      'sh..tangled',
      '.sh.tangled.repo',
      'sh.tangled.repo.',
      '1sh.tangled.repo',
      'sh.tangled.1repo',
      'sh.tangled.re-po',
      'sh.tangled.re_po',
      '-a.b.c',
      'a-.b.c',
      'a.-b.c',
      'a.b-.c',
      'sh.tangled.*',
      'sh.tängled.repo',
      'sh.tangled.repo\n',
      `${'a'.repeat(64)}.b.c`,
      `a.${'b'.repeat(64)}.c`,
      `a.b.${'c'.repeat(64)}`,
      `aa.${'b.'.repeat(157)}c`,
      7,
      null
    ]
  )
})

describe('stamp in microseconds', () => {
  table(TimeUs, [0, 1, 1e15, MAX], [-1, 0.5, 1.5, 2 ** 53, 9.2e18, Infinity, -Infinity, NaN, '1', 1n, null, undefined, true])
})

describe('natural number', () => {
  table(Natural, [0, 1, MAX], [-1, 0.5, 2 ** 53, Infinity, NaN, '1', null])
})

describe('stamp in nanoseconds', () => {
  table(
    Nanos,
    ['0', '1', '10', '999999999999999999', '1767225600000000001', '9223372036854775807'],
    [
      '',
      '00',
      '01',
      '-1',
      '+1',
      '1.0',
      '1e3',
      ' 1',
      '1\n',
      '9223372036854775808',
      '9999999999999999999',
      '10000000000000000000',
      1,
      1n,
      null
    ]
  )
})

describe('time', () => {
  test('clamps a number into the range of a stamp, rounding towards zero', () => {
    expect([-1, -0.5, 0, 0.9, 1.9, MAX, 2 ** 53, 1e300, Infinity, -Infinity].map((n) => clampTimeUs(n) + 0)).toEqual([
      0,
      0,
      0,
      0,
      1,
      MAX,
      MAX,
      MAX,
      MAX,
      0
    ])
  })

  test('keeps a later stamp at most the last there is, and an earlier one at least 0', () => {
    expect(usAfter(us(5), 3)).toBe(8)
    expect(usAfter(us(MAX - 1), 3)).toBe(MAX)
    expect(usBefore(us(5), 3)).toBe(2)
    expect(usBefore(us(5), 5)).toBe(0)
    expect(usBefore(us(5), 6)).toBe(0)
  })

  test('finds the later of two stamps', () => {
    expect(laterOf(us(1), us(2))).toBe(2)
    expect(laterOf(us(2), us(1))).toBe(2)
    expect(laterOf(us(2), us(2))).toBe(2)
  })

  test('calls more than five minutes ahead the future', () => {
    expect(isFromFuture(us(300_000_000), us(0))).toBe(false)
    expect(isFromFuture(us(300_000_001), us(0))).toBe(true)
    expect(isFromFuture(us(0), us(1_000_000_000))).toBe(false)
  })
})

describe('nanoseconds', () => {
  test('tells apart neighbours that one double stands for', () => {
    const [a, b] = [ns('1767225600000000001'), ns('1767225600000000002')]
    expect(Number(a) === Number(b)).toBe(true)
    expect([nanosBefore(a, b), nanosBefore(b, a), nanosBefore(a, a)]).toEqual([true, false, false])
  })

  test('orders fewer digits as a smaller number, whatever they are', () => {
    expect(nanosBefore(ns('9'), ns('10'))).toBe(true)
    expect(nanosBefore(ns('10'), ns('9'))).toBe(false)
    expect(nanosBefore(ns('999999999999999999'), ns('1767225600000000001'))).toBe(true)
  })

  test('finds the exact predecessor, and none before 0', () => {
    expect(['0', '1', '10', '1000', '1767225600000000000', '9223372036854775807'].map((n) => previousNano(ns(n)))).toEqual([
      '0',
      '0',
      '9',
      '999',
      '1767225599999999999',
      '9223372036854775806'
    ])
  })

  test('converts a stamp in microseconds', () => {
    expect([0, 1, 1_767_225_600_000_001, MAX].map((n) => nanosOf(us(n)))).toEqual([
      '0',
      '1000',
      '1767225600000001000',
      '9007199254740991000'
    ])
  })
})

describe('the time in a rev', () => {
  const isAfter = (time: bigint, than: number, tolerance = 0) => isTidAfter(tid(rev(time)), us(than), tolerance)

  test('is exact at the present time', () => {
    const now = 1_767_225_600_000_000
    expect([-1n, 0n, 1n].map((d) => isAfter(BigInt(now) + d, now))).toEqual([false, false, true])
    expect([-1n, 0n, 1n].map((d) => isAfter(BigInt(now) + 300_000_000n + d, now, 300_000_000))).toEqual([false, false, true])
  })

  test('is exact at the end of what a double holds', () => {
    const last = BigInt(MAX)
    expect([-1n, 0n, 1n, 2n].map((d) => isAfter(last + d, MAX))).toEqual([false, false, true, true])
    expect([-1n, 0n, 1n, 2n, 3n].map((d) => isAfter(last + 300_000_000n + d, MAX, 300_000_000))).toEqual([
      false,
      false,
      true,
      true,
      true
    ])
    expect([-1n, 0n, 1n].map((d) => isAfter(last - 1n + 300_000_000n + d, MAX - 1, 300_000_000))).toEqual([false, false, true])
  })

  test('is exact at the beginning of time', () => {
    expect([0n, 1n].map((time) => isAfter(time, 0))).toEqual([false, true])
    expect([300_000_000n, 300_000_001n].map((time) => isAfter(time, 0, 300_000_000))).toEqual([false, true])
  })

  test('is exact where its two halves meet', () => {
    const half = 1 << 25
    expect([-1n, 0n, 1n].map((d) => isAfter(BigInt(half) + d, half))).toEqual([false, false, true])
    expect([-1n, 0n, 1n].map((d) => isAfter(BigInt(half) + d, half - 1))).toEqual([false, true, true])
  })

  test.each([0, 1, 33_554_431, 33_554_432, 33_554_433, 1_767_225_600_000_001, MAX])('of the TID %s is as given', (time) => {
    expect([0, 1, 1023].map((clock) => timeOfTid(tid(rev(time, clock))))).toEqual([time, time, time])
  })

  test('is the greatest stamp where it would be later than that', () => {
    expect([rev(BigInt(MAX) + 1n), 'jzzzzzzzzzzzz'].map((text) => timeOfTid(tid(text)))).toEqual([MAX, MAX])
  })

  test('does not depend on the clock id', () => {
    expect([0, 1, 1023].map((clock) => isTidAfter(tid(rev(1_000, clock)), us(1_000), 0))).toEqual([false, false, false])
    expect([0, 1, 1023].map((clock) => isTidAfter(tid(rev(1_001, clock)), us(1_000), 0))).toEqual([true, true, true])
  })

  test('is later than any stamp in the greatest rev', () => {
    expect(isTidAfter(tid('jzzzzzzzzzzzz'), us(MAX), 300_000_000)).toBe(true)
  })

  test('uses every digit at its value', () => {
    const digits = '234567abcdefghijklmnopqrstuvwxyz'
    for (let value = 0; value < 32; value++) {
      const text = `2222222222${digits.charAt(value)}22`
      expect([isTidAfter(tid(text), us(value), 0), value === 0 || isTidAfter(tid(text), us(value - 1), 0)]).toEqual([false, true])
    }
  })
})
