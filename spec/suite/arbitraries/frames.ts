/**
 * Frames as text: the same event spelled in many ways, damaged in known ways, and mangled in ways nobody knows.
 *
 * A frame is put together from the source texts of its fields, so that what no parser keeps apart (1e15 and 1000000000000000,
 * 19 digits, a key that comes twice, an escape in a key) can be told apart here.
 */
import fc from 'fast-check'
import type {
  AccountReceived,
  CommitReceived,
  FrameEvent,
  HostName,
  KnotReceived,
  Nanos,
  Natural,
  Nsid,
  Rejection,
  Rkey,
  TimeUs
} from '../../../core/index.js'
import { commitOf, tidAt, accountOf } from '../laws/events.js'
import type { Frame, KnotFrame } from '../laws/machine.js'
import type { Damaged, Spelled } from '../laws/wire.js'
import { changes, statuses } from './changes.js'
import { dids, EPOCH_US, rkeys, weighted } from './data.js'
import { texty } from './json.js'

const plain = { noNullPrototype: true } as const

// ---------------------------------------------------------------------------------------- source text

/** The source text of an object: its fields in the order of `order`, with space between everything. */
interface Style {
  readonly order: ReadonlyArray<number>
  readonly space: string
}

const styles: fc.Arbitrary<Style> = fc.record(
  { order: fc.array(fc.nat(100), { maxLength: 12, minLength: 12 }), space: weighted([3, ''], [1, ' '], [1, '\n\t']) },
  plain
)

type Fields = ReadonlyArray<readonly [key: string, source: string]>

const sourceOf = (fields: Fields, { order, space }: Style): string => {
  const inOrder = fields.map((field, i) => ({ field, rank: order[i] ?? i })).sort((a, b) => a.rank - b.rank)
  const inner = inOrder.map(
    ({ field: [key, source] }) => `${space}${key.startsWith('"') ? key : JSON.stringify(key)}${space}:${space}${source}${space}`
  )
  return `${space}{${inner.join(',')}}${space}`
}

const quoted = (value: unknown): string => JSON.stringify(value)

/** Stamps as they may be written: plain, with an exponent, with a fraction of nothing, as a minus zero. */
const stamps: fc.Arbitrary<readonly [TimeUs, string]> = fc.oneof(
  fc.nat(1_000_000).map((n) => [EPOCH_US + n, String(EPOCH_US + n)] as const),
  fc.constantFrom([1e15, '1e15'], [EPOCH_US, `${String(EPOCH_US)}.0`], [0, '-0'], [Number.MAX_SAFE_INTEGER, '9007199254740991'])
) as fc.Arbitrary<[TimeUs, string]>

/** What servers add that says nothing to us. */
const extras: fc.Arbitrary<Fields> = fc.subarray([
  ['cursors', '12345'],
  ['time_us_', '1'],
  ['x', '{"time_us":1,"did":"x","kind":"account","commit":null}']
])

// ---------------------------------------------------------------------------------------- frames of the stream

const commits: fc.Arbitrary<readonly [CommitReceived, string]> = fc
  .record({ change: changes, did: dids, hasRev: weighted([4, true], [1, false]), rkey: rkeys, stamp: stamps }, plain)
  .map(({ change, did, hasRev, rkey, stamp: [timeUs, source] }) => [
    commitOf(change, { at: EPOCH_US, connection: 3, did, rev: hasRev ? tidAt(EPOCH_US, 5) : null, rkey, timeUs }),
    source
  ])

/** The record as a stranger writes it: what is empty may be left out, or be `null`. */
const recordSource = (record: object, style: Style): string =>
  sourceOf(
    [
      ['$type', '"anything"'],
      ...Object.entries(record).flatMap(([key, value], i): Fields => {
        const text: unknown = value
        // What cannot be read as text comes as half a character.
        if (text !== '') return [[key, quoted(text).replace('\ufffd', '\\ud83d')]]
        const way = (style.order[i] ?? 0) % 3
        return way === 0 ? [] : [[key, way === 1 ? 'null' : '""']]
      })
    ],
    style
  )

const commitFields = (event: CommitReceived, style: Style, isUpdate: boolean): Fields => [
  ['collection', quoted(event.collection)],
  ['rkey', quoted(event.rkey)],
  ['operation', event.record === null ? '"delete"' : isUpdate ? '"update"' : '"create"'],
  ...(event.rev === null ? [['rev', '"3not-a-rev"'] as const] : [['rev', quoted(event.rev)] as const]),
  ...(event.record === null ? [] : [['record', recordSource(event.record, style)] as const])
]

/** Numbers as they may be written, and what is none. */
const ordinals: fc.Arbitrary<readonly [Natural | null, string]> = fc.constantFrom(
  [7, '7'],
  [0, '-0'],
  [1_000, '1e3'],
  [null, '"7"'],
  [null, '1e15'],
  [null, '0.5'],
  [null, 'null']
) as fc.Arbitrary<[Natural | null, string]>

const frameFields = (event: FrameEvent, stamp: string, kind: string): Fields => [
  ['time_us', stamp],
  ['did', quoted('did' in event ? event.did : 'did:plc:eve')],
  ['kind', quoted(kind)]
]

const spelledCommits: fc.Arbitrary<Spelled<FrameEvent>> = fc
  .record({ commit: commits, extra: extras, isUpdate: fc.boolean(), style: styles }, plain)
  .map(({ commit: [event, stamp], extra, isUpdate, style }) => ({
    event,
    text: sourceOf(
      [...frameFields(event, stamp, 'commit'), ['commit', sourceOf(commitFields(event, style, isUpdate), style)], ...extra],
      style
    )
  }))

/** What an account event says of itself: the value, and how it may be written. */
const numbersOfAccounts = fc.constantFrom<Array<readonly [number | null, string | null]>>(
  [null, null],
  [null, '"7"'],
  [null, '1.5'],
  [7, '7'],
  [1_000, '1e3'],
  [0, '-0']
)
const timesOfAccounts = fc.constantFrom<Array<readonly [number | null, string | null]>>(
  [null, null],
  [null, '"yesterday"'],
  [null, '1767225600000000'],
  [EPOCH_US, '"2026-01-01T00:00:00Z"'],
  [EPOCH_US + 1, '"2026-01-01t02:00:00.0000019+02:00"'],
  [0, '"0001-01-01T00:00:00Z"']
)

const spelledAccounts: fc.Arbitrary<Spelled<FrameEvent>> = fc
  .record({ did: dids, extra: extras, number: numbersOfAccounts, stamp: stamps, status: statuses, style: styles, time: timesOfAccounts }, plain)
  .map(({ did, extra, number: [seq, number], stamp: [timeUs, source], status: { active, status }, style, time: [changedUs, time] }) => {
    const event: AccountReceived = accountOf(did, active, status, { at: EPOCH_US, connection: 3, timeUs }, { changedUs, seq })
    const account = sourceOf(
      [
        ['active', String(active)],
        ['did', '"did:plc:somebody-else"'],
        ...(number === null ? [] : [['seq', number] as const]),
        ...(time === null ? [] : [['time', time] as const]),
        ...(status === null ? [] : [['status', quoted(status)] as const])
      ],
      style
    )
    return { event, text: sourceOf([...frameFields(event, source, 'account'), ['account', account], ...extra], style) }
  })

/** Frames in order that say nothing to us. */
const silent: ReadonlyArray<readonly [kind: string, commit: string]> = [
  ['identity', '{}'],
  ['kind-of-tomorrow', '{"collection":1}'],
  ['commit', 'null'],
  ['commit', '{"collection":"app.bsky.feed.post","operation":"create","rkey":".","record":1}'],
  ['commit', '{"operation":"create","rkey":1}'],
  ['commit', '{"collection":"sh.tangled.repo","rkey":"self","operation":"rebase"}'],
  ['commit', '{"collection":"sh.tangled.repo","rkey":"self"}']
]

const spelledSilences: fc.Arbitrary<Spelled<FrameEvent>> = fc
  .record({ kind: fc.constantFrom(...silent), number: ordinals, stamp: stamps, style: styles }, plain)
  .map(({ kind: [kind, commit], number: [ordinal, number], stamp: [timeUs, source], style }) => {
    const event: FrameEvent = {
      _tag: 'StreamAdvanced',
      at: EPOCH_US as TimeUs,
      connection: 3 as Natural,
      count: 1 as Natural,
      firstUs: timeUs,
      lastUs: timeUs,
      ordinal
    }
    return { event, text: sourceOf([...frameFields(event, source, kind), ['cursor', number], ['commit', commit]], style) }
  })

/** Frames of every kind, each with what it means. */
export const spelled: fc.Arbitrary<Spelled<FrameEvent>> = fc.oneof(
  { arbitrary: spelledCommits, weight: 4 },
  { arbitrary: spelledAccounts, weight: 1 },
  { arbitrary: spelledSilences, weight: 2 }
)

// ---------------------------------------------------------------------------------------- damage

/** What can be wrong with a commit, in the order in which it is looked at. `null` leaves the field out. */
const DAMAGES: ReadonlyArray<readonly [reason: Rejection, key: string, sources: ReadonlyArray<string | null>]> = [
  ['time', 'time_us', ['-1', '1.5', '"1"', '1e400', '9007199254740992', 'null', 'true', null]],
  ['did', 'did', ['"did:plc:"', '"alice.example"', '"did:PLC:a"', '"did:plc:\\u00e9"', '1', 'null', null]],
  ['commit', 'commit', ['1', '"x"', '[]', 'true']],
  ['collection', 'collection', ['1', '{}', '[]', 'false']],
  ['rkey', 'rkey', ['"."', '".."', '"a/b"', '""', '"a b"', '1', 'null', null]],
  ['operation', 'operation', ['1', '{}', '["create"]']],
  ['record', 'record', ['1', 'null', '[]', '"x"', '{"createdAt":1}', null]]
]

/** The reasons they are rejected for. */
export const damages: ReadonlyArray<Rejection> = DAMAGES.map(([reason]) => reason)

const damageSets = fc.uniqueArray(fc.nat(DAMAGES.length - 1), { maxLength: 3, minLength: 1 })

/** Commits with something wrong in one place or several, and the first of what is wrong. */
export const damaged: fc.Arbitrary<Damaged> = fc
  .record({ commit: commits, pick: fc.nat(100), style: styles, which: damageSets }, plain)
  .filter(({ commit: [event] }) => event.record !== null)
  .map(({ commit: [event, stamp], pick, style, which }) => {
    const wrong = new Map(
      DAMAGES.filter((_, i) => which.includes(i)).map(([, key, sources]) => [key, sources[pick % sources.length] ?? null])
    )
    const apply = (fields: Fields): Fields =>
      fields.flatMap(([key, source]): Fields => {
        const damage = wrong.get(key)
        return damage === undefined ? [[key, source]] : damage === null ? [] : [[key, damage]]
      })
    const commit = sourceOf(apply(commitFields(event, style, false)), style)
    const reason = DAMAGES[Math.min(...which)]?.[0] ?? 'json'
    return { event, reason, text: sourceOf(apply([...frameFields(event, stamp, 'commit'), ['commit', commit]]), style) }
  })

/** The text with something cut out, doubled or put in. */
const mangle = (text: string, at: number, length: number, insert: string): string => {
  const from = at % (text.length + 1)
  return text.slice(0, from) + insert + text.slice(from + length)
}

const mangled = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      texts,
      fc.nat(400),
      fc.nat(6),
      weighted([2, ''], [1, '"'], [1, '\\'], [1, '{'], [1, '\u0000'], [1, '1e400'], [1, '\ud800'])
    )
    .map(([text, at, length, insert]) => mangle(text, at, length, insert))

const receipt = { at: EPOCH_US as TimeUs, connection: 3 as Natural }

/** Anything that may come as a frame of the stream. */
export const anyFrames: fc.Arbitrary<Frame> = fc
  .oneof(
    texty,
    spelled.map(({ text }) => text),
    damaged.map(({ text }) => text),
    mangled(spelled.map(({ text }) => text))
  )
  .map((text) => ({ receipt, text }))

// ---------------------------------------------------------------------------------------- frames of knots

const HOST = 'knot1.example' as HostName

/** `created`, last among those of its name, however the name is written; an inner one does not count. */
const created: fc.Arbitrary<readonly [Nanos | null, Fields]> = fc.oneof(
  fc
    .bigInt({ max: 2n ** 63n - 1n, min: 1_767_225_600_000_000_000n })
    .map((n): [Nanos, Fields] => [String(n) as Nanos, [['created', String(n)]]]),
  fc.constantFrom<Array<readonly [Nanos | null, Fields]>>(
    [null, []],
    [null, [['created', 'null']]],
    ['0' as Nanos, [['created', '0']]],
    ['9007199254740993' as Nanos, [['"\\u0063reated"', '9007199254740993']]]
  )
)

export const spelledKnots: fc.Arbitrary<Spelled<KnotReceived>> = fc
  .record(
    {
      created,
      earlier: fc.boolean(),
      inner: fc.constantFrom('{"created":1}', '["created",{"a":"\\"}"}]', '"x\\\\"', '{}'),
      rkey: rkeys,
      style: styles
    },
    plain
  )
  .map(({ created: [stamp, fields], earlier, inner, rkey, style }) => {
    const body = sourceOf([['nsid', '"sh.tangled.knot.memberUpdate"'], ['event', inner], ['rkey', quoted(rkey)], ...fields], style)
    return {
      event: {
        _tag: 'KnotReceived',
        ...receipt,
        created: stamp,
        host: HOST,
        nsid: 'sh.tangled.knot.memberUpdate' as Nsid,
        rkey: rkey satisfies Rkey,
        payload: { _tag: 'Other' }
      },
      // Of a key that comes twice the last one counts.
      text: earlier && fields.length > 0 ? body.replace('{', '{"created":7,') : body
    }
  })

/** Anything that may come as a frame of a knot. */
export const anyKnotFrames: fc.Arbitrary<KnotFrame> = fc
  .oneof(
    texty,
    spelledKnots.map(({ text }) => text),
    mangled(spelledKnots.map(({ text }) => text))
  )
  .map((text) => ({ receipt: { ...receipt, host: HOST }, text }))
