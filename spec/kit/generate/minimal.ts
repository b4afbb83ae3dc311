/**
 * Runs of the minimal preset, chosen by hand: every limit is a few steps, and a few microseconds, away.
 *
 * Beside each event stands what is to be done because of it, in short; the generator fails when the core disagrees. So a wrong core
 * cannot bless itself, and an event that was meant to count cannot be stale by mistake.
 */
import { clampTimeUs, COLLABORATOR, type Config, type Effect, initial, KnotRejection, MEMBER, Rejection, REPO, type Report, step, tidOf } from '../../../core/index.js'
import {
  account,
  closed,
  collaborator,
  del,
  passedOver,
  frame,
  type Happening,
  knotClosed,
  knotFrame,
  knotOpened,
  knotTimer,
  member as memberRecord,
  opened,
  passing,
  poisoned,
  put,
  repo as repoRecord,
  rev,
  started,
  stop,
  timer,
  type WrittenConfig
} from '../../suite/examples/support.js'
import { eventsOf, MINIMAL, minimal, OWNER } from './presets.js'
import type { Plot, Plots } from './traces.js'

const ALICE = 'did:plc:alice'
const BOB = 'did:plc:bob'
const K1 = 'knot1.example'
const K2 = 'knot2.example'
const FIVE_MINUTES = 300_000_000
const LAST = Number.MAX_SAFE_INTEGER
const OPEN = { ...MINIMAL, admission: 'open' } as const
const EVERY_HOST = { defaultPort: 443, loopback: true, ports: true }
const ANY_PORT = { ...EVERY_HOST, loopback: false }
/** Pauses that are not capped before the core stops doubling them. */
const WIDE = { baseMs: 1, capMs: 2 ** 40, healthyAfterMs: 1 }

// ---------------------------------------------------------------------------------------- effects in short

const isAboutBuilds = ({ _tag }: Report): boolean => _tag === 'TriggerIgnored' || _tag === 'TriggerRefused' || _tag === 'WorkflowDropped'

const inShort = (effect: Effect): string => {
  switch (effect._tag) {
    case 'OpenJetstream':
      return `open ${String(effect.cursor)}${effect.ordinal === null ? '' : ` by ${String(effect.ordinal)}`}`
    case 'CloseJetstream':
      return 'close'
    case 'SubscribeKnot':
      return `subscribe ${effect.host} ${String(effect.cursor)}`
    case 'UnsubscribeKnot':
      return `unsubscribe ${effect.host}`
    case 'WakeAfter':
      return `wake ${String(effect.highMs)}`
    case 'ReadAccess':
      return `access ${effect.knot}/${effect.repo}`
    case 'ReadRecords':
      return `read ${effect.did} ${effect.collection} ${String(effect.cursor)}`
    case 'ReadWorkflows':
      return `files ${effect.rkey}`
    case 'StartBuild':
      return `start ${effect.build.rkey}/${effect.build.workflow}`
    case 'FindBuild':
      return `find ${effect.build.rkey}/${effect.build.workflow}`
    case 'FollowBuild':
      return `follow ${effect.build.rkey}/${effect.build.workflow}`
    case 'UnfollowBuild':
      return `unfollow ${effect.build.rkey}/${effect.build.workflow}`
    case 'CancelBuild':
      return `cancel ${effect.build.rkey}/${effect.build.workflow}`
    case 'PublishPipeline':
      return `announce ${effect.entry.rkey}`
    case 'PublishStatus':
      return `${effect.entry.status} ${effect.entry.build.rkey}/${effect.entry.build.workflow}`
    case 'Report':
      if (effect.report._tag === 'Gap') return `gap ${String(effect.report.askedUs)} ${String(effect.report.gotUs)}`
      return 'reason' in effect.report && isAboutBuilds(effect.report) ? `${effect.report._tag}/${effect.report.reason}` : effect.report._tag
  }
}

type Beat = readonly [event: Happening, effects: string]

/** @throws Error when the effects are not those that stand beside the event. */
const check = (name: string, config: Config, beats: ReadonlyArray<Beat>): void => {
  let state = initial(config)
  for (const [i, [happening, expected]] of beats.entries())
    for (const event of eventsOf([happening])) {
      const [after, effects] = step(state, event)
      state = after
      const actual = effects.map(inShort).join(', ')
      if (actual !== expected) throw new Error(`minimal.${name}, step ${String(i + 1)}: expected "${expected}", not "${actual}"`)
    }
}

const run = (name: string, about: string, rules: string, beats: ReadonlyArray<Beat>, changes: object = {}): Plot => {
  const config = minimal(changes)
  check(name, config, beats)
  return { about, config, events: eventsOf(beats.map(([event]) => event)), name: `minimal.${name}`, rules: rules.split(' ') }
}

// ---------------------------------------------------------------------------------------- events in short

/** A record as short as can be. */
const repo = (knot = K1) => repoRecord({ createdAt: '', knot, name: '' })
const member = (subject = ALICE) => memberRecord({ createdAt: '', subject })

/** A frame that says nothing to us. */
const tick = (timeUs: number, connection: number, at = timeUs): Happening => passing(timeUs, { at, connection })
/** The same, of a server that numbers its frames. */
const numbered = (ordinal: number, timeUs: number, connection: number): Happening => passing(timeUs, { at: timeUs, connection, ordinal })
const start = (at: number, config: WrittenConfig = MINIMAL, resumeFrom: number | null = null): Happening => started(at, config, resumeFrom)

const knotReceived = (created: string | null, at: number, connection: number, host = K1): Happening =>
  knotFrame(host, `{"nsid":"a.b.c","rkey":"x"${created === null ? '' : `,"created":${created}`}}`, at, connection)

/** A frame without a stamp, with that key. */
const knotKeyed = (rkey: string, at: number, connection: number): Happening =>
  knotFrame(K1, `{"nsid":"a.b.c","rkey":"${rkey}"}`, at, connection)

/** Rejections as the decoders and the shell say them. */
const rejected = (reason: string, timeUs: number | null) =>
  ({ _tag: 'FrameRejected', at: 20, collection: null, connection: 0, detail: 'x', did: null, operation: null, ordinal: null, reason, rkey: null, timeUs }) as Happening
/** A rejection with a stamp, over that connection. */
const rejectedAt = (timeUs: number, connection: number): Happening => frame(`{"did":"alice","time_us":${String(timeUs)}}`, 20, connection)
const knotRejected = (reason: string) =>
  ({ _tag: 'KnotFrameRejected', at: 20, connection: 1, detail: 'x', host: K1, reason }) as Happening

// ---------------------------------------------------------------------------------------- the stream

const STREAM: ReadonlyArray<Plot> = [
  run('rewind', 'the rewind stops at 0', 'S3 S4', [
    [start(1), 'open null'],
    [tick(1, 1), ''],
    [start(2), 'open 0'],
    [tick(2, 2), ''],
    [start(3), 'open 0'],
    [tick(3, 3), ''],
    [start(4), 'open 1']
  ]),
  run('gap', 'what was asked for, one earlier, the tolerance, one more', 'D10 F7', [
    [tick(10, 0), ''],
    [start(20), 'open 8'],
    [tick(8, 1), ''],
    [start(21), 'open 8'],
    [tick(7, 2), ''],
    [tick(1, 2), ''],
    [start(22), 'open 8'],
    [tick(FIVE_MINUTES + 31, 3, 30), 'FrameFromFuture'],
    [tick(11, 3), ''],
    [start(23), 'open 9'],
    [tick(13, 4), 'gap 9 13'],
    [tick(99, 4), '']
  ]),
  run('cursor', 'the cursor follows neither the past nor the future', 'D1 F8', [
    [tick(5, 0), ''],
    [tick(4, 0), ''],
    [tick(5, 0), ''],
    [tick(FIVE_MINUTES + 10, 0, 9), 'FrameFromFuture'],
    [tick(FIVE_MINUTES + 10, 0, 10), ''],
    [put(ALICE, 'x', repo(), FIVE_MINUTES + 12, { at: 11 }), 'FrameFromFuture'],
    [account(ALICE, 'active', FIVE_MINUTES + 14, { at: 13 }), 'FrameFromFuture'],
    [tick(FIVE_MINUTES + 9, 0, 14), '']
  ]),
  run('silence', 'every frame moves the cursor, whatever is in it; one without a stamp does not', 'D2 S10 F1', [
    [frame('{"did":"did:plc:alice","kind":"identity","time_us":1}', 10), ''],
    [frame('{"did":"alice","time_us":2}', 10), 'FrameRejected'],
    [frame('{"did":"did:plc:alice","kind":"account","time_us":3}', 10), 'FrameRejected'],
    [frame('{"did":"did:plc:alice","time_us":"4"}', 10), 'FrameRejected'],
    [frame('4', 10), 'FrameRejected'],
    [frame('', 10), 'FrameRejected'],
    [account(BOB, 'deleted', 5, { at: 10 }), ''],
    [frame('{"did":"did:plc:alice","kind":"commit","time_us":6,"commit":{"collection":"a.b.c"}}', 10), '']
  ]),
  run('number', 'who numbers frames is asked for the last one, and believed if that comes first', 'D10', [
    [numbered(7, 10, 0), ''],
    [start(20), 'open 8 by 7'],
    [opened(1, 21), 'wake 10000'],
    [numbered(7, 10, 1), ''],
    [timer(1, 22), ''],
    [numbered(9, 20, 1), ''],
    [numbered(10, 20, 1), ''],
    [numbered(3, 19, 1), ''],
    [start(23), 'open 18 by 10'],
    [put(ALICE, 'x', repo(), 21, { at: 23, connection: 2, ordinal: 10 }), 'close, open 18'],
    [put(ALICE, 'x', repo(), 21, { at: 23, connection: 2, ordinal: 10 }), ''],
    [opened(3, 24), ''],
    [numbered(2, 18, 3), ''],
    [numbered(3, 21, 3), ''],
    [closed(3, 1_000_025), 'wake 1'],
    [timer(4, 1_000_026), 'open 19 by 3'],
    [closed(4, 1_000_027), 'wake 2'],
    [timer(5, 1_000_028), 'open 19 by 3'],
    [closed(5, 1_000_029), 'wake 4'],
    [timer(6, 1_000_030), 'open 19 by 3'],
    [closed(6, 1_000_031), 'wake 4'],
    [timer(7, 1_000_032), 'open 19 by 3'],
    [closed(7, 1_000_033), 'wake 4'],
    [timer(8, 1_000_034), 'open 19'],
    [numbered(2, 20, 8), ''],
    [closed(8, 1_000_035), 'wake 4'],
    [start(1_000_036), 'open 19 by 3'],
    [opened(10, 1_000_037), 'wake 10000'],
    [timer(10, 1_000_038), 'close, open 19'],
    [frame('{"did":"did:plc:alice","cursor":4,"time_us":22}', 1_000_039, 11), ''],
    [start(1_000_040, { ...MINIMAL, jetstream: 'wss://other.example/' }), 'open 20'],
    [start(1_000_041), 'open 20 by 4'],
    [frame('{', 1_000_042, 13), 'close, open 20'],
    [frame('{"did":"alice","cursor":5,"time_us":23}', 1_000_043, 14), 'FrameRejected'],
    [start(1_000_044, { ...MINIMAL, jetstream: '' }), 'open 21'],
    [numbered(6, 24, 15), ''],
    [start(1_000_045), 'open 22'],
    [numbered(7, 25, 16), ''],
    [tick(25, 16), ''],
    [start(1_000_046), 'open 23']
  ]),
  run('repeated', 'a rejection that a replay brings again is not reported again', 'D3 F2 S10', [
    [rejectedAt(10, 0), 'FrameRejected'],
    [rejectedAt(10, 0), 'FrameRejected'],
    [start(20), 'open 8'],
    [rejectedAt(9, 1), ''],
    [rejectedAt(10, 1), ''],
    [rejectedAt(11, 1), 'FrameRejected'],
    [rejectedAt(11, 1), 'FrameRejected'],
    [frame('{', 20, 1), 'FrameRejected'],
    [start(21, MINIMAL, 5), 'open 5'],
    [rejectedAt(6, 2), ''],
    [rejectedAt(12, 2), 'FrameRejected'],
    [start(22), 'open 10'],
    [rejectedAt(12, 3), '']
  ]),
  run('resume', 'what an operator asks for holds until an event answers', 'S3 S5 D10', [
    [tick(10, 0), ''],
    [start(20, MINIMAL, 5), 'open 5'],
    [opened(1, 21), ''],
    [closed(1, 22), 'wake 1'],
    [timer(2, 23), 'open 5'],
    [start(24), 'open 5'],
    [tick(6, 3), ''],
    [start(25), 'open 4'],
    [closed(4, 26), 'wake 1'],
    [stop(27), ''],
    [start(28, MINIMAL, 12), 'open 12'],
    [tick(12, 7), ''],
    [start(29, MINIMAL, 0), 'open 0'],
    [tick(4, 8), 'gap 0 4']
  ]),
  run('reread', 'reading again goes on over losses and restarts until it reaches the cursor', 'S3 S4 D1', [
    [tick(20, 0), ''],
    [start(30, MINIMAL, 10), 'open 10'],
    [tick(12, 1), ''],
    [tick(11, 1), ''],
    [closed(1, 31), 'wake 1'],
    [timer(2, 32), 'open 10'],
    [tick(13, 2), ''],
    [start(33), 'open 11'],
    [tick(FIVE_MINUTES + 35, 3, 34), 'FrameFromFuture'],
    [tick(11, 3), ''],
    [tick(19, 3), ''],
    [start(34), 'open 17'],
    [tick(17, 4), ''],
    [tick(20, 4), ''],
    [start(35), 'open 18'],
    [start(36, MINIMAL, 20), 'open 20'],
    [tick(20, 6), ''],
    [start(37, MINIMAL, 5), 'open 5'],
    [tick(6, 7), ''],
    [start(38, MINIMAL, 15), 'open 15'],
    [tick(15, 8), ''],
    [start(39), 'open 13'],
    [tick(13, 9), ''],
    [tick(25, 9), ''],
    [start(40), 'open 23']
  ]),
  run('poison-reread', 'what is read again is passed from where it has come to', 'D12 S3', [
    [tick(3_000_000, 0), ''],
    [start(3_000_001, MINIMAL, 10), 'open 10'],
    [tick(10, 1), ''],
    [poisoned(1, 3_000_002), 'wake 1'],
    [timer(2, 3_000_003), 'open 8'],
    [tick(10, 2), ''],
    [poisoned(2, 3_000_004), 'wake 2'],
    [timer(3, 3_000_005), 'open 8'],
    [tick(10, 3), ''],
    [poisoned(3, 3_000_006), 'wake 4, gap 10 1000010'],
    [timer(4, 3_000_007), 'open 1000010'],
    [tick(1_000_011, 4), ''],
    [closed(4, 3_000_008), 'wake 4'],
    [timer(5, 3_000_009), 'open 1000010'],
    [tick(1_000_011, 5), ''],
    [poisoned(5, 3_000_010), 'wake 4']
  ]),
  run('poison', 'the third loss to a frame at one cursor passes it, the fourth goes further; a move begins anew', 'D12', [
    [tick(10, 0), ''],
    [start(20), 'open 8'],
    [poisoned(1, 21), 'wake 1'],
    [timer(2, 22), 'open 8'],
    [closed(2, 23), 'wake 2'],
    [timer(3, 24), 'open 8'],
    [poisoned(3, 25), 'wake 4'],
    [timer(4, 26), 'open 8'],
    [tick(10, 4), ''],
    [poisoned(4, 27), 'wake 4, gap 10 1000010'],
    [timer(5, 28), 'open 1000010'],
    [poisoned(5, 29), 'wake 4, gap 1000010 3000010'],
    [timer(6, 30), 'open 3000010'],
    [tick(3_000_010, 6), ''],
    [closed(6, 3_000_011), 'wake 4'],
    [timer(7, 3_000_012), 'open 3000010'],
    [tick(3_000_012, 7), ''],
    [poisoned(7, 3_000_013), 'wake 4'],
    [timer(8, 3_000_014), 'open 3000010'],
    [tick(3_000_013, 8), ''],
    [closed(8, 3_000_021), 'wake 4'],
    [timer(9, 3_000_022), 'open 3000011']
  ]),
  run('poison-asked', 'beyond what was asked for, where that is later; and an operator ends the passing', 'D12 S3', [
    [tick(10, 0), ''],
    [start(20, MINIMAL, 50), 'open 50'],
    [poisoned(1, 21), 'wake 1'],
    [timer(2, 22), 'open 50'],
    [poisoned(2, 23), 'wake 2'],
    [timer(3, 24), 'open 50'],
    [poisoned(3, 25), 'wake 4, gap 50 1000050'],
    [start(26), 'open 1000050'],
    [start(27, MINIMAL, 5), 'open 5'],
    [poisoned(6, 28), 'wake 1'],
    [timer(7, 29), 'open 5'],
    [tick(11, 7), 'gap 5 11'],
    [closed(7, 30), 'wake 2'],
    [timer(8, 31), 'open 11']
  ]),
  run('poison-nothing', 'with neither a cursor nor anything asked for there is nothing to pass', 'D12', [
    [start(1), 'open null'],
    [poisoned(1, 2), 'wake 1'],
    [timer(2, 3), 'open null'],
    [poisoned(2, 4), 'wake 2'],
    [timer(3, 5), 'open null'],
    [poisoned(3, 6), 'wake 4'],
    [timer(4, 7), 'open null'],
    [poisoned(4, 8), 'wake 4']
  ]),
  run('pauses', 'pauses double up to the cap; one who was open for exactly 1 ms begins anew, one for less does not', 'D9', [
    [start(1), 'open null'],
    [closed(1, 2), 'wake 1'],
    [timer(2, 3), 'open null'],
    [closed(2, 4), 'wake 2'],
    [timer(3, 5), 'open null'],
    [closed(3, 6), 'wake 4'],
    [timer(4, 7), 'open null'],
    [closed(4, 8), 'wake 4'],
    [timer(5, 10), 'open null'],
    [opened(5, 1_000), ''],
    [closed(5, 1_999), 'wake 4'],
    [timer(6, 2_000), 'open null'],
    [opened(6, 2_000), ''],
    [opened(6, 2_500), ''],
    [closed(6, 3_000), 'wake 1'],
    [timer(7, 3_001), 'open null'],
    [closed(7, 5_000), 'wake 2'],
    [start(6_000), 'open null'],
    [closed(9, 6_001), 'wake 1']
  ]),
  run('phases', 'what does not fit the phase, or carries another number, changes nothing', 'S5 D9', [
    [stop(1), ''],
    [stop(2), ''],
    [timer(1, 3), ''],
    [opened(1, 3), ''],
    [closed(1, 3), ''],
    [start(4), 'open null'],
    [timer(2, 5), ''],
    [closed(1, 5), ''],
    [stop(6), 'close'],
    [start(7), 'open null'],
    [opened(4, 8), ''],
    [opened(4, 9), ''],
    [timer(4, 9), ''],
    [stop(10), 'close'],
    [closed(4, 11), ''],
    [start(12), 'open null'],
    [closed(6, 13), 'wake 1'],
    [closed(7, 14), ''],
    [opened(7, 14), ''],
    [timer(6, 14), ''],
    [stop(15), ''],
    [timer(7, 16), ''],
    [start(17), 'open null'],
    [closed(9, 18), 'wake 1'],
    [start(19), 'open null'],
    [timer(10, 20), ''],
    [start(21), 'open null'],
    [tick(22, 11), ''],
    [tick(22, 12), '']
  ])
]

// ---------------------------------------------------------------------------------------- many losses in a row

/** `count` losses to a frame, one after the other: the pause before the next attempt, and how far the frame is passed. */
const losses = (count: number): ReadonlyArray<Beat> => {
  let reached = 10
  return Array.from({ length: count }, (_, n) => n).flatMap((n): ReadonlyArray<Beat> => {
    const wake = `wake ${String(2 ** Math.min(n, 30))}`
    const asked = reached
    if (n >= 2) reached += 1_000_000 * 2 ** Math.min(n - 2, 20)
    return [
      [poisoned(n + 1, 20 + 2 * n), n >= 2 ? `${wake}, gap ${String(asked)} ${String(reached)}` : wake],
      [timer(n + 2, 21 + 2 * n), `open ${String(n >= 2 ? reached : 8)}`]
    ]
  })
}

// ---------------------------------------------------------------------------------------- rows and gates

const ROWS: ReadonlyArray<Plot> = [
  run(
    'gates',
    'revs and times, each less, equal and greater',
    'D3',
    [
      [put(ALICE, 'x', repo(), 10, { rev: rev(10) }), `subscribe ${K1} null`],
      [del(ALICE, REPO, 'x', 11, { rev: rev(9, 1023) }), ''],
      [del(ALICE, REPO, 'x', 11, { rev: rev(10) }), ''],
      [put(ALICE, 'x', repo(K2), 5, { rev: rev(10, 1) }), `subscribe ${K2} null, unsubscribe ${K1}`],
      [del(ALICE, REPO, 'x', 6, { rev: null }), ''],
      [del(ALICE, REPO, 'x', 10, { rev: null }), ''],
      [del(ALICE, REPO, 'x', 11, { rev: null }), `unsubscribe ${K2}`],
      [put(ALICE, 'x', repo(), 11, { rev: null }), ''],
      [put(ALICE, 'x', repo(), 12, { rev: rev(10, 1) }), ''],
      [put(ALICE, 'x', repo(), 11, { rev: rev(FIVE_MINUTES + 12) }), ''],
      [put(ALICE, 'x', repo(), 12, { rev: rev(FIVE_MINUTES + 12, 1023) }), `subscribe ${K1} null`],
      [del(ALICE, REPO, 'x', 13, { rev: rev(FIVE_MINUTES + 14) }), `unsubscribe ${K1}`]
    ],
    OPEN
  ),
  run(
    'tombstone',
    'a delete where nothing is leaves a gate, and a later create lives',
    'D3 S8',
    [
      [del(ALICE, REPO, 'x', 10), ''],
      [put(ALICE, 'x', repo(), 9), ''],
      [put(ALICE, 'x', repo(), 10), ''],
      [put(ALICE, 'x', repo(), 11), `subscribe ${K1} null`],
      [del(ALICE, REPO, 'x', 12), `unsubscribe ${K1}`],
      [put(ALICE, 'x', repo(), 11), ''],
      [del(ALICE, MEMBER, 'x', 13), ''],
      [del(ALICE, COLLABORATOR, 'x', 14), '']
    ],
    OPEN
  ),
  run(
    'floor',
    'above the floor is only what is later, and greater than every rev below',
    'D5',
    [
      [account(ALICE, 'deleted', 1), ''],
      [put(ALICE, 'x', repo(), 10, { rev: rev(20) }), `subscribe ${K1} null`],
      [put(ALICE, 'y', collaborator({ createdAt: '', subject: '' }), 11, { rev: rev(25) }), ''],
      [account(ALICE, 'deleted', 22), `unsubscribe ${K1}`],
      [account(ALICE, 'active', 22), ''],
      [put(ALICE, 'x', repo(), 30, { rev: null }), ''],
      [put(ALICE, 'x', repo(), 30, { rev: rev(22, 1023) }), ''],
      [put(ALICE, 'x', repo(), 30, { rev: rev(25) }), ''],
      [put(ALICE, 'x', repo(), 30, { rev: rev(25, 1) }), `subscribe ${K1} null`],
      [account(ALICE, 'deleted', 21), ''],
      [account(ALICE, 'deleted', 22), `unsubscribe ${K1}`],
      [account(ALICE, 'active', 23), `subscribe ${K1} null`],
      [account(ALICE, 'deleted', 40), `unsubscribe ${K1}`],
      [account(ALICE, 'active', 40), ''],
      [put(ALICE, 'x', repo(), 50, { rev: rev(40, 5) }), ''],
      [put(ALICE, 'x', repo(), 50, { rev: rev(41) }), `subscribe ${K1} null`],
      [account(ALICE, 'deleted', FIVE_MINUTES + 40, { at: 30 }), `unsubscribe ${K1}, FrameFromFuture`]
    ],
    OPEN
  ),
  run(
    'aside',
    'an account is set aside and comes back; stamps older, equal and newer than what is known',
    'D5 S17',
    [
      [put(ALICE, 'x', repo(), 10), `subscribe ${K1} null`],
      [account(ALICE, 'deactivated', 9), ''],
      [account(ALICE, 'deactivated', 10), `unsubscribe ${K1}`],
      [put(ALICE, 'y', repo(K2), 11), ''],
      [account(ALICE, 'active', 9), ''],
      [account(ALICE, 'active', 10), `subscribe ${K1} null, subscribe ${K2} null`],
      [account(ALICE, 'deactivated', FIVE_MINUTES + 13, { at: 12 }), `unsubscribe ${K1}, unsubscribe ${K2}, FrameFromFuture`],
      [account(ALICE, 'active', 11), ''],
      [account(ALICE, 'active', 12), `subscribe ${K1} null, subscribe ${K2} null`],
      [put(BOB, 'x', repo(), FIVE_MINUTES + 15, { at: 14 }), 'FrameFromFuture'],
      [account(BOB, 'deactivated', 13), ''],
      [account(BOB, 'deactivated', 14), ''],
      [account(ALICE, 'deleted', FIVE_MINUTES + 22, { at: 21 }), `unsubscribe ${K1}, unsubscribe ${K2}, FrameFromFuture`],
      [account(ALICE, 'active', 21), ''],
      [put(ALICE, 'x', repo(), 22, { rev: rev(21, 7) }), ''],
      [put(ALICE, 'x', repo(), 22, { rev: rev(22) }), `subscribe ${K1} null`]
    ],
    OPEN
  ),
  run('margin', 'a frame without a stamp counts as created a margin before its receipt, but not before 0', 'S15 S16', [
    [put(OWNER, 'app', repo(), 0, { at: 0 }), 'subscribe knot1.example null'],
    [knotReceived(null, 1, 1), ''],
    [knotClosed(K1, 1, 2), 'wake 1'],
    [knotTimer(K1, 2, 3), 'subscribe knot1.example 0']
  ]),
  run('hostile', 'keys that break programs are keys like others', 'F3 D13 S17', [
    [put(OWNER, '__proto__', member(), 1), ''],
    [put(OWNER, 'constructor', member('__proto__'), 2), ''],
    [put(OWNER, 'toString', member('constructor'), 3), ''],
    [put(ALICE, '__proto__', repo('constructor'), 4), 'subscribe constructor null'],
    [put(ALICE, 'constructor', repo('tostring'), 5), 'subscribe tostring null'],
    [put(ALICE, 'toString', repo('constructor'), 6), ''],
    [put(ALICE, 'hasOwnProperty', repo('valueof'), 7), 'subscribe valueof null'],
    [del(ALICE, REPO, '__proto__', 8), ''],
    [del(ALICE, REPO, 'toString', 9), 'unsubscribe constructor'],
    [put(ALICE, '__proto__', repo('__proto__'), 10), 'KnotRefused'],
    [
      frame(
        `{"did":"did:plc:alice","time_us":11,"kind":"commit","commit":{"collection":"${REPO}","operation":"create","rkey":"__proto__","rev":"${rev(11)}",` +
          '"record":{"__proto__":{"knot":"evil.example"},"knot":"knot1.example","spindle":"ci.example"}}}',
        12
      ),
      `subscribe ${K1} null`
    ],
    [del(OWNER, MEMBER, '__proto__', 13), `unsubscribe ${K1}, unsubscribe tostring, unsubscribe valueof`]
  ]),
  run('rejections', 'each reason is counted for itself; of the stream and of a knot', 'S10 D12 F2', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    ...Object.keys(Rejection.keys).map((reason, i): Beat => [rejected(reason, i === 0 ? null : i), 'FrameRejected']),
    ...Object.keys(KnotRejection.keys).map((reason): Beat => [knotRejected(reason), 'KnotFrameRejected'])
  ]),
  run('counters', 'of 21 reports the last 20 are kept', 'S10 D12', [
    ...Array.from({ length: 21 }, (_, i): Beat => [frame('', i), 'FrameRejected']),
    [frame('0', 21), 'FrameRejected'],
    [frame('0', 22, 7), ''],
    [tick(LAST, 0, 23), 'FrameFromFuture']
  ])
]

// ---------------------------------------------------------------------------------------- knots

const KNOTS: ReadonlyArray<Plot> = [
  run(
    'holders',
    'a knot stays until its last holder goes, however it goes',
    'S13 S15 D4',
    [
      [put(ALICE, 'x', repo(), 1), `subscribe ${K1} null`],
      [put(BOB, 'x', repo(), 2), ''],
      [del(ALICE, REPO, 'x', 3), ''],
      [put(BOB, 'y', repo(), 4), ''],
      [put(BOB, 'x', repo(K2), 5), `subscribe ${K2} null`],
      [put(BOB, 'y', repo(K2), 6), `unsubscribe ${K1}`],
      [put(BOB, 'x', repo(K1), 7), `subscribe ${K1} null`],
      [put(BOB, 'y', repo(K1), 8), `unsubscribe ${K2}`],
      [put(BOB, 'y', repo(''), 9), ''],
      [put(BOB, 'x', repo('127.0.0.1'), 10), `unsubscribe ${K1}, KnotRefused`],
      [put(BOB, 'x', repo(K1), 11), `subscribe ${K1} null`],
      [put(BOB, 'y', repo(K2), 12), `subscribe ${K2} null`],
      [account(BOB, 'deleted', 13), `unsubscribe ${K1}, unsubscribe ${K2}`]
    ],
    OPEN
  ),
  run('members', 'a member is one until the last record that names them goes; with the owner all members go', 'D7 F6', [
    [put(ALICE, 'x', repo(), 1), ''],
    [put(OWNER, 'a', member(), 2), `subscribe ${K1} null`],
    [put(OWNER, 'b', member(), 3), ''],
    [del(OWNER, MEMBER, 'a', 4), ''],
    [put(OWNER, 'b', member(BOB), 5), `unsubscribe ${K1}`],
    [put(BOB, 'x', repo(K2), 6), `subscribe ${K2} null`],
    [put(ALICE, 'm', member(), 7), ''],
    [put(OWNER, 'a', memberRecord({ createdAt: '', instance: 'other.example', subject: ALICE }), 8), ''],
    [put(OWNER, 'a', member(), 9), `subscribe ${K1} null`],
    [put(OWNER, 'x', repo(K2), 10), ''],
    [account(OWNER, 'deactivated', 11), `unsubscribe ${K1}, unsubscribe ${K2}`],
    [put(OWNER, 'b', member(ALICE), 12), ''],
    [account(OWNER, 'active', 13), `subscribe ${K1} null, subscribe ${K2} null`],
    [account(OWNER, 'deleted', 14), `unsubscribe ${K1}, unsubscribe ${K2}`],
    [put(OWNER, 'a', member(''), 15), ''],
    [account(OWNER, 'active', 16), ''],
    [put(OWNER, 'a', member(), 17), `subscribe ${K1} null`]
  ]),
  run(
    'knot-phases',
    'the connection of a knot: pauses, health, stale events, stop and start in each phase',
    'S13 S15 S16 D9',
    [
      [put(ALICE, 'x', repo(), 1), `subscribe ${K1} null`],
      [knotClosed(K1, 1, 2), 'wake 1'],
      [knotClosed(K1, 2, 3), ''],
      [knotOpened(K1, 2, 3), ''],
      [knotTimer(K1, 1, 3), ''],
      [knotTimer(K2, 2, 3), ''],
      [knotTimer(K1, 2, 4), `subscribe ${K1} null`],
      [knotTimer(K1, 2, 5), ''],
      [knotClosed(K1, 2, 6), 'wake 2'],
      [knotTimer(K1, 3, 7), `subscribe ${K1} null`],
      [knotClosed(K1, 3, 8), 'wake 4'],
      [knotTimer(K1, 4, 9), `subscribe ${K1} null`],
      [knotOpened(K1, 4, 1_000), ''],
      [knotOpened(K1, 4, 1_500), ''],
      [knotClosed(K1, 4, 1_999), 'wake 4'],
      [knotTimer(K1, 5, 2_000), `subscribe ${K1} null`],
      [knotOpened(K1, 5, 2_000), ''],
      [knotClosed(K1, 5, 3_000), 'wake 1'],
      [stop(3_001), `unsubscribe ${K1}`],
      [knotTimer(K1, 6, 3_002), ''],
      [put(ALICE, 'y', repo(K2), 3_003, { connection: 1 }), ''],
      [stop(3_004), ''],
      [start(3_005, OPEN), `open 3001, subscribe ${K1} null, subscribe ${K2} null`],
      [knotOpened(K2, 10, 3_006), ''],
      [stop(3_007), `close, unsubscribe ${K1}, unsubscribe ${K2}`],
      [put(ALICE, 'y', repo(K1), 3_008, { connection: 3 }), 'gap 3001 3008'],
      [start(3_009, OPEN), `open 3006, subscribe ${K1} null`],
      [start(3_010, OPEN), `open 3006, subscribe ${K1} null`]
    ],
    OPEN
  ),
  run(
    'knot-cursor',
    'the cursor of a knot, to the nanosecond',
    'S15 D1',
    [
      [put(ALICE, 'x', repo(), 1), `subscribe ${K1} null`],
      [knotReceived('0', 10, 1), ''],
      [knotClosed(K1, 1, 11), 'wake 1'],
      [knotTimer(K1, 2, 12), `subscribe ${K1} 0`],
      [knotReceived('1', 12, 2), ''],
      [knotReceived('0', 12, 2), ''],
      [knotClosed(K1, 2, 13), 'wake 2'],
      [knotTimer(K1, 3, 14), `subscribe ${K1} 0`],
      [knotReceived(null, 1, 3), ''],
      [knotReceived(null, 2, 3), ''],
      [knotReceived(null, 15, 3), ''],
      [start(16, OPEN), `open 0, subscribe ${K1} 12999`],
      [knotReceived('12999', 17, 4), ''],
      [knotReceived('13001', 17, 4), ''],
      [knotReceived('99999', 17, 3), ''],
      [knotReceived('99999', 17, 4, K2), ''],
      [knotReceived('300000017001', 17, 4), 'KnotFrameFromFuture'],
      [knotReceived('"1"', 17, 4), 'KnotFrameRejected'],
      [knotReceived('"1"', 17, 3), ''],
      [start(18, OPEN), `open 0, subscribe ${K1} 13000`],
      [knotReceived('300000017000', 17, 5), ''],
      [start(19, OPEN), `open 0, subscribe ${K1} 300000016999`],
      [del(ALICE, REPO, 'x', 20, { connection: 3 }), `unsubscribe ${K1}, gap 0 20`],
      [put(ALICE, 'x', repo(), 21, { connection: 3 }), `subscribe ${K1} null`]
    ],
    OPEN
  ),
  run(
    'knot-key',
    'the time in its key is the stamp of a frame without one',
    'S15 D1',
    [
      [put(ALICE, 'x', repo(), 1), `subscribe ${K1} null`],
      [knotKeyed(rev(7n, 1023), 10, 1), ''],
      [start(11, OPEN), `open 0, subscribe ${K1} 6999`],
      [knotKeyed(rev(9n), 12, 2), ''],
      [knotKeyed(rev(8n), 12, 2), ''],
      [start(13, OPEN), `open 0, subscribe ${K1} 8999`],
      [knotKeyed(rev(300_000_015n), 14, 3), ''],
      [start(15, OPEN), `open 0, subscribe ${K1} 11999`],
      [knotKeyed(rev(300_000_016n), 16, 4), ''],
      [start(17, OPEN), `open 0, subscribe ${K1} 300000015999`]
    ],
    OPEN
  ),
  run(
    'far',
    'stamps at the end of what there is',
    'F1 F3 D12',
    [
      [tick(LAST, 0, LAST), ''],
      [put(ALICE, 'x', repo(), LAST, { at: LAST, rev: rev(2n ** 53n + 299_999_999n, 1023) }), `subscribe ${K1} null`],
      [put(ALICE, 'x', repo(K2), LAST, { at: LAST, rev: 'jzzzzzzzzzzzz' }), ''],
      [knotReceived('9007199254740991000', LAST - 1, 1), ''],
      [knotReceived('9007199254740991001', LAST - 1, 1), 'KnotFrameFromFuture'],
      [knotReceived('9223372036854775807', LAST, 1), 'KnotFrameFromFuture'],
      [start(LAST, OPEN), `open ${String(LAST - 2)}, subscribe ${K1} 9007199254740990999`],
      [poisoned(1, LAST), 'wake 1'],
      [timer(2, LAST), `open ${String(LAST - 2)}`],
      [poisoned(2, LAST), 'wake 2'],
      [timer(3, LAST), `open ${String(LAST - 2)}`],
      [poisoned(3, LAST), `wake 4, gap ${String(LAST)} ${String(LAST)}`],
      [timer(4, LAST), `open ${String(LAST)}`]
    ],
    OPEN
  ),
  run(
    'losses',
    'pauses stop growing at 2³⁰, and steps over a frame at 2²⁰ s',
    'D9 D12',
    [[tick(10, 0), ''], [start(15, { ...MINIMAL, jetstreamBackoff: WIDE }), 'open 8'], ...losses(33)],
    { jetstreamBackoff: WIDE }
  )
]

// ---------------------------------------------------------------------------------------- configurations

const CHANGES: ReadonlyArray<Plot> = [
  run(
    'config',
    'another configuration takes effect at a start: hosts, hostname, admission, owner, durations',
    'D6 D7 F5 S15',
    [
      [put(ALICE, 'a', repo(K1), 1), `subscribe ${K1} null`],
      [put(ALICE, 'b', repo('knot2.example:8443'), 2), `subscribe ${K2}:8443 null`],
      [put(ALICE, 'c', repo('localhost'), 3), 'subscribe localhost null'],
      [put(OWNER, 'm', member(BOB), 4), ''],
      [put(BOB, 'a', repo('knot3.example'), 5), 'subscribe knot3.example null'],
      [start(6, { ...OPEN, hosts: ANY_PORT }), `open 3, subscribe ${K1} null, subscribe ${K2}:8443 null, subscribe knot3.example null`],
      [start(7, { ...OPEN, hosts: { ...ANY_PORT, defaultPort: 8443 } }), `open 3, subscribe ${K1} null, subscribe ${K2} null, subscribe knot3.example null`],
      [start(8, { ...OPEN, hosts: EVERY_HOST }), `open 3, subscribe ${K1} null, subscribe ${K2} null, subscribe knot3.example null`],
      [start(9), 'open 3, subscribe knot3.example null'],
      [start(10, { ...MINIMAL, owner: ALICE }), `open 3, subscribe ${K1} null, subscribe ${K2} null`],
      [start(11, { ...OPEN, hostname: 'other.example' }), 'open 3'],
      [put(ALICE, 'a', repo(K1), 12, { connection: 6 }), 'gap 3 12'],
      [start(13, { ...OPEN, rewindUs: 0, toleranceUs: 0 }), `open 12, subscribe ${K1} null, subscribe ${K2} null, subscribe knot3.example null`],
      [tick(13, 7), 'gap 12 13'],
      [start(14, { ...OPEN, rewindUs: 20, knotBackoff: { baseMs: 0, capMs: 9, healthyAfterMs: 0 } }), `open 0, subscribe ${K1} null, subscribe ${K2} null, subscribe knot3.example null`],
      [knotReceived(null, 30, 26), ''],
      [knotClosed(K1, 26, 31), 'wake 0'],
      [knotTimer(K1, 29, 32), `subscribe ${K1} 9999`]
    ],
    { ...OPEN, hosts: EVERY_HOST }
  )
]

// ---------------------------------------------------------------------------------------- builds and the backfill

const SHA = 'a'.repeat(40)
const OLD = 'b'.repeat(40)

/** A push to a repository of the owner's, whose workflow files come along. */
const pushed = (rkey: string, at: number, connection = 1, changes: object = {}): Happening =>
  ({
    _tag: 'KnotReceived',
    at,
    connection,
    created: null,
    host: K1,
    nsid: 'sh.tangled.pipeline',
    rkey,
    payload: {
      _tag: 'Trigger',
      trigger: {
        actor: null,
        cause: { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: OLD, ref: 'refs/heads/main', skipsCi: false },
        defaultBranch: null,
        kind: 'pipeline',
        repo: { did: null, knot: null, name: 'x', owner: OWNER },
        shape: null,
        unkept: [],
        workflows: [],
        ...changes
      }
    }
  })

/** A push to a branch of that name. */
const onBranch = (name: string): object => ({
  cause: { _tag: 'Push', changedFiles: null, newSha: SHA, oldSha: OLD, ref: `refs/heads/${name}`, skipsCi: false }
})

const asks = (_tag: 'CancelRequested' | 'RetryRequested', rkey: string, at: number): Happening =>
  ({ _tag, at, knot: K1, rkey, workflow: null })

const REPO_DID = 'did:plc:r'

/** A call by the owner; its token, of that id, is good until then. */
const calls = (call: object, at: number, id: string, untilUs: number, changes: object = {}): Happening =>
  ({ _tag: 'CallReceived', at, call: { repo: REPO_DID, workflows: null, ...call }, caller: OWNER, token: { id, untilUs }, ...changes }) as Happening

const WISH = { _tag: 'TriggerPipeline', cause: { _tag: 'Manual', inputs: [], ref: null, sha: SHA } }
const endOf = (us: number): object => ({ _tag: 'CancelPipeline', pipeline: tidOf(clampTimeUs(us)) })
const keyOfCall = (us: number): string => tidOf(clampTimeUs(us))

/** Keys that rise, and tell no time. */
const keys = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `r${String(i).padStart(3, '0')}`)

/** A push to a repository of that account. */
const pushedTo = (owner: string, rkey: string, at: number): Happening =>
  pushed(rkey, at, 1, { repo: { did: null, knot: null, name: 'x', owner } })

const workflow = (name: string, changes: object = {}) => ({
  _tag: 'Defined',
  clone: { depth: 1, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [],
  name,
  steps: [],
  targets: [{ pipeline: 'q', provider: 'p', settings: [] }],
  units: 200,
  when: [],
  ...changes
})

const files = (rkey: string, number: number, at: number, ...workflows: ReadonlyArray<object>): Happening =>
  ({ _tag: 'WorkflowsRead', at, defaultBranch: null, knot: K1, number, rkey, sources: null, unkept: [], workflows }) as Happening

const filesUnread = (rkey: string, number: number, at: number, isFinal: boolean): Happening =>
  ({ _tag: 'RequestFailed', at, error: 'e', isFinal, number, requested: { _tag: 'Workflows', knot: K1, rkey }, waitMs: 0 })

/** So many answers without files from a number on, and each time another attempt. */
const doubts = (rkey: string, first: number, count: number, isFinal: boolean): ReadonlyArray<Beat> =>
  Array.from({ length: count }, (_, i): ReadonlyArray<Beat> => {
    const number = first + 2 * i
    return [
      [filesUnread(rkey, number, 3, isFinal), `wake ${String(Math.min(4, 2 ** i))}`],
      [{ _tag: 'TimerFired', at: 3, timer: { _tag: 'RequestTimer', number: number + 1, requested: { _tag: 'Workflows', knot: K1, rkey } } }, `files ${rkey}`]
    ]
  }).flat()

/** As long as what is kept, longer, and with a character of two code units where it is cut. */
const SENTENCES = ['e'.repeat(1_000), 'e'.repeat(1_001), `${'e'.repeat(999)}\u{1f916}`, '\u{1f916}'.repeat(501), '\u{1f916}'.repeat(500)]

/** A pattern that is looked at more than a million times for a branch with a name of 3 000 times `a`. */
const COSTLY = { branch: [`*${'a'.repeat(500)}b`], event: ['push'], paths: null, tag: [], types: null, unknown: null }

const says = (_tag: string, number: number, at: number, more: object = {}, rkey = 't', name = 'w'): Happening =>
  ({ _tag, at, build: { knot: K1, rkey, workflow: name }, number, ...more }) as Happening

const reports = (status: string, at: number, rkey = 't', external = '7'): Happening =>
  ({
    _tag: 'BuildReported',
    at,
    build: { knot: K1, rkey, workflow: 'w' },
    error: null,
    exitCode: null,
    external,
    provider: 'p',
    status
  }) as Happening

const fired = (_tag: string, number: number, at: number, rkey = 't'): Happening =>
  ({ _tag: 'TimerFired', at, timer: { _tag, build: { knot: K1, rkey, workflow: 'w' }, number } }) as Happening

const fails = (number: number, at: number, waitMs: number): Happening =>
  ({ _tag: 'RequestFailed', at, error: 'e', isFinal: false, number, requested: { _tag: 'Build', build: { knot: K1, rkey: 't', workflow: 'w' } }, waitMs })

const refuses = (number: number, at: number, rkey: string): Happening =>
  ({ _tag: 'RequestFailed', at, error: 'no', isFinal: true, number, requested: { _tag: 'Build', build: { knot: K1, rkey, workflow: 'w' } }, waitMs: 0 })

const woken = (number: number, at: number): Happening =>
  ({ _tag: 'TimerFired', at, timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Build', build: { knot: K1, rkey: 't', workflow: 'w' } } } })

const readings = (did: string, number: number, at: number, next: string | null, ...records: ReadonlyArray<object>): Happening =>
  ({ _tag: 'RecordsRead', at, collection: MEMBER, did, next, number, records }) as Happening

const unread = (did: string, number: number, at: number, waitMs: number): Happening =>
  ({ _tag: 'RequestFailed', at, error: 'e', isFinal: false, number, requested: { _tag: 'Records', did }, waitMs })

const BACKFILL = { ...MINIMAL, backfill: true }

const BUILDS: ReadonlyArray<Plot> = [
  run(
    'backfill',
    'who is read, and who not any more: members that come and go, also when a configuration changes; pauses, and pages',
    'B1 B2 B3',
    [
      [put(OWNER, 'm', member(), 1), ''],
      [start(2, BACKFILL), 'open 0'],
      [opened(0, 3), ''],
      [opened(1, 3), `read ${ALICE} ${MEMBER} null, read ${OWNER} ${MEMBER} null`],
      [opened(1, 4), ''],
      [unread(ALICE, 5, 5, 0), 'wake 1, RecordsReadFailed'],
      [unread(ALICE, 5, 5, 0), ''],
      [{ _tag: 'TimerFired', at: 6, timer: { _tag: 'RequestTimer', number: 7, requested: { _tag: 'Records', did: ALICE } } }, `read ${ALICE} ${MEMBER} null`],
      [unread(ALICE, 8, 7, 9), 'wake 9, RecordsReadFailed'],
      [readings(OWNER, 6, 8, 'c', { collection: MEMBER, record: { createdAt: '', instance: 'ci.example', subject: BOB }, rkey: 'n' }), `read ${OWNER} ${MEMBER} c, read ${BOB} ${MEMBER} null`],
      [readings(OWNER, 6, 9, null), ''],
      [readings(OWNER, 10, 10, 'c'), `read ${OWNER} ${REPO} null`],
      [start(11, { ...BACKFILL, hostname: 'other.example' }), 'open 0'],
      [opened(2, 12), `read ${OWNER} ${REPO} null`],
      [start(13, { ...BACKFILL, owner: BOB }), 'open 0'],
      [opened(3, 14), `read ${BOB} ${MEMBER} null`],
      [account(BOB, 'active', 15, { connection: 3 }), `read ${BOB} ${MEMBER} null, gap 0 15`],
      [stop(16), 'close'],
      [start(17), 'open 13'],
      [opened(5, 18), '']
    ],
    { backfill: true }
  ),
  run('builds', 'one build: uncertain, missing, started again, found, too late, and ended at its provider', 'T1 T3 T4 T5', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('t', 2), 'files t'],
    [pushed('t', 3), ''],
    [files('t', 1, 4, workflow('w'), workflow('z', { engine: null })), 'announce t, pending t/w, wake 6, start t/w, WorkflowDropped/engine'],
    [fails(3, 5, 0), 'wake 1, ProviderUncertain'],
    [says('BuildAccepted', 3, 5, { external: '7' }), ''],
    [woken(3, 6), ''],
    [woken(4, 6), 'find t/w'],
    [fails(5, 7, 9), 'wake 9, ProviderUncertain'],
    [woken(6, 8), 'find t/w'],
    [says('BuildMissing', 7, 9, { settleMs: 0 }), 'start t/w'],
    [says('BuildMissing', 8, 10, { settleMs: 0 }), ''],
    [start(11), `open 0, subscribe ${K1} 999, wake 6, find t/w`],
    [says('BuildAccepted', 8, 12, { external: '7' }), ''],
    [says('BuildAccepted', 10, 12, { external: '7' }), 'follow t/w'],
    [fired('DeadlineTimer', 2, 13), ''],
    [reports('running', 14, 't', '8'), ''],
    [reports('running', 14), 'running t/w, wake 5'],
    [reports('pending', 15), ''],
    [fired('DeadlineTimer', 9, 16), ''],
    [fired('DeadlineTimer', 11, 17), 'timeout t/w, cancel t/w'],
    [reports('running', 18), ''],
    [stop(19), `close, unsubscribe ${K1}`],
    [fails(12, 20, 0), 'ProviderUncertain'],
    [start(21), `open 0, subscribe ${K1} 999, cancel t/w`],
    [says('CancelAcknowledged', 12, 22), ''],
    [says('CancelAcknowledged', 14, 23), 'unfollow t/w'],
    [reports('success', 24), ''],
    [passedOver('o', 'a', 24), 'PassedOver'],
    [del(OWNER, REPO, 'x', 25, { connection: 3 }), `unsubscribe ${K1}, wake 300000, gap 0 25`]
  ]),
  run('late', 'a build that its provider may show late: its "no" counts to the millisecond, again from a start on, and not for one that is to end', 'T5', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('t', 2), 'files t'],
    [files('t', 1, 4, workflow('w')), 'announce t, pending t/w, wake 6, start t/w'],
    [fails(3, 5, 0), 'wake 1, ProviderUncertain'],
    [woken(4, 6), 'find t/w'],
    [says('BuildMissing', 5, 3, { settleMs: 1 }), 'wake 1'],
    [woken(6, 7), 'find t/w'],
    [says('BuildMissing', 7, 1_004, { settleMs: 2 }), 'wake 2'],
    [woken(8, 1_005), 'find t/w'],
    [says('BuildMissing', 9, 1_005, { settleMs: 1 }), 'start t/w'],
    [start(1_006), `open 0, subscribe ${K1} 0, wake 6, find t/w`],
    [says('BuildMissing', 12, 2_005, { settleMs: 1 }), 'wake 1'],
    [asks('CancelRequested', 't', 2_005), 'cancelled t/w'],
    [woken(13, 2_005), 'find t/w'],
    [says('BuildMissing', 14, 2_005, { settleMs: 1 }), 'wake 1'],
    [woken(15, 2_006), 'find t/w'],
    [says('BuildMissing', 16, 2_006, { settleMs: 1 }), '']
  ]),
  run(
    'flood',
    'how many of a stranger’s may wait on a knot, beside those of another; and how many keys of what came to nothing are kept',
    'T1 T3 T6',
    [
      [put(ALICE, 'x', repo(), 1), `subscribe ${K1} null`],
      [put(BOB, 'x', repo(), 1), ''],
      ...keys(200).map((rkey): Beat => [pushedTo(ALICE, rkey, 2), `files ${rkey}`]),
      [pushedTo(ALICE, 's', 3), 'TriggerRefused/limit'],
      [pushedTo(BOB, 'other', 3), 'files other'],
      [pushedTo(ALICE, 'r000', 3), ''],
      [filesUnread('r001', 2, 4, false), 'wake 1'],
      [pushedTo(ALICE, 's', 4), 'TriggerRefused/limit'],
      [files('r000', 1, 4), 'TriggerIgnored/workflows'],
      [pushedTo(ALICE, 's', 5), 'files s'],
      [pushedTo(ALICE, 't', 5), 'TriggerRefused/limit'],
      ...keys(200).map((rkey): Beat => [asks('CancelRequested', rkey, 6), '']),
      [pushedTo(ALICE, 'r000', 7), 'TriggerIgnored/before'],
      [asks('CancelRequested', 's', 8), ''],
      [pushedTo(ALICE, 'r001', 9), 'TriggerIgnored/before'],
      [pushedTo(ALICE, 'r000', 9), 'files r000']
    ],
    { admission: 'open', builds: { ...MINIMAL.builds, owedUnits: 16 * 1_048_576 } }
  ),
  run('rights', 'who has no say any more has nothing begun, and nothing built again', 'T2 T5', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [put(OWNER, 'c', collaborator({ repo: `at://${OWNER}/${REPO}/x`, subject: ALICE }), 2), ''],
    [pushed('t', 3, 1, { actor: ALICE }), 'files t'],
    [pushed('u', 3, 1, { actor: ALICE }), 'files u'],
    [pushed('v', 3, 1, { actor: BOB }), 'TriggerRefused/actor'],
    [files('t', 1, 4, workflow('w')), 'announce t, pending t/w, wake 6, start t/w'],
    [fails(4, 5, 0), 'wake 1, ProviderUncertain'],
    [woken(5, 6), 'find t/w'],
    [del(OWNER, COLLABORATOR, 'c', 7), ''],
    [files('u', 1, 8), ''],
    [files('u', 2, 8, workflow('w')), 'TriggerRefused/actor'],
    [pushed('u', 9, 1, { actor: ALICE }), 'TriggerIgnored/before'],
    [says('BuildMissing', 6, 10, { settleMs: 0 }), 'cancelled t/w'],
    [asks('RetryRequested', 't', 11), 'TriggerIgnored/repo'],
    [put(OWNER, 'c', collaborator({ repo: `at://${OWNER}/${REPO}/x`, subject: ALICE }), 12), ''],
    [asks('RetryRequested', 't', 13), 'announce 2222222222h22, pending 2222222222h22/w, wake 6, start 2222222222h22/w']
  ]),
  run(
    'owners',
    'a repository that several claim by its DID is the own of whom causes a push, or nobody knows whose',
    'T2',
    [
      [put(ALICE, 'x', repoRecord({ createdAt: '', knot: K1, name: '', repoDid: 'did:plc:r' }), 1), `subscribe ${K1} null`],
      [put(ALICE, 'c', collaborator({ repo: 'did:plc:r', subject: OWNER }), 2), ''],
      [pushed('a', 3, 1, { actor: OWNER, repo: { did: 'did:plc:r', knot: null, name: null, owner: null } }), 'files a'],
      [put(BOB, 'x', repoRecord({ createdAt: '', knot: K1, name: 'y', repoDid: 'did:plc:r' }), 4), ''],
      [pushed('b', 5, 1, { actor: OWNER, repo: { did: 'did:plc:r', knot: null, name: null, owner: null } }), 'TriggerRefused/actor'],
      [pushed('b', 5, 1, { actor: null, repo: { did: 'did:plc:r', knot: null, name: null, owner: null } }), 'TriggerRefused/actor'],
      [pushed('b', 5, 1, { actor: BOB, repo: { did: 'did:plc:r', knot: null, name: null, owner: null } }), 'files b'],
      [pushed('c', 5, 1, { actor: OWNER, repo: { did: 'did:plc:r', knot: null, name: null, owner: ALICE } }), 'files c'],
      [put(BOB, 'z', repoRecord({ createdAt: '', knot: K2, name: '', repoDid: 'did:plc:s' }), 6), `subscribe ${K2} null`],
      [pushed('d', 7, 1, { repo: { did: 'did:plc:s', knot: null, name: null, owner: BOB } }), 'TriggerIgnored/repo'],
      [pushed('d', 7, 1, { repo: { did: 'did:plc:s', knot: null, name: 'y', owner: BOB } }), 'files d']
    ],
    OPEN
  ),
  run('doubts', 'a last word on workflow files is doubted five times, any other thirty times; then its trigger is spent', 'T3', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('t', 2), 'files t'],
    ...doubts('t', 1, 5, true),
    [filesUnread('t', 11, 3, true), 'WorkflowsReadFailed'],
    [pushed('t', 4), 'TriggerIgnored/before'],
    [pushed('u', 4), 'files u'],
    ...doubts('u', 12, 30, false),
    [filesUnread('u', 72, 5, false), 'WorkflowsReadFailed'],
    [pushed('u', 6), 'TriggerIgnored/before']
  ]),
  run('costs', 'what it may cost to choose all workflows of a run', 'T3', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('t', 2, 1, onBranch('a'.repeat(900))), 'files t'],
    [
      files(
        't',
        1,
        3,
        ...['u', 'v', 'w', 'x'].map((name) => workflow(name, { when: [COSTLY] })),
        workflow('y'),
        workflow('z', { when: [{ ...COSTLY, branch: ['**'] }] })
      ),
      'announce t, pending t/y, wake 6, start t/y, WorkflowDropped/when, WorkflowDropped/when, WorkflowDropped/when'
    ]
  ]),
  run('sentences', 'how much of what others say a status holds', 'T4', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    ...SENTENCES.flatMap((error, i): ReadonlyArray<Beat> => [
      [pushed(`r${String(i)}`, 2), `files r${String(i)}`],
      [files(`r${String(i)}`, i + 1, 3, { _tag: 'Faulty', content: '', error, name: 'w', when: null }), `announce r${String(i)}, failed r${String(i)}/w`]
    ])
  ]),
  run('guesses', 'what is reported before a build has a name at its provider makes us look', 'T4 T5', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('t', 2), 'files t'],
    [files('t', 1, 3, workflow('w')), 'announce t, pending t/w, wake 6, start t/w'],
    [reports('success', 4), ''],
    [fails(3, 5, 0), 'wake 1, ProviderUncertain'],
    [reports('success', 6), 'find t/w'],
    [reports('success', 7), ''],
    [woken(4, 8), ''],
    [says('BuildAccepted', 5, 9, { external: '7' }), 'follow t/w'],
    [reports('success', 10, 't', '8'), ''],
    [reports('success', 10), 'success t/w, unfollow t/w']
  ]),
  run(
    'keys',
    'of a key that tells the time, all before it are forgotten; of any other, and of one from the future, that one alone',
    'T1 T6',
    [
      [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
      ...['2222222222k22', '3mbd3542k2222', 'r'].flatMap((rkey, i): ReadonlyArray<Beat> => [
        [pushed(rkey, 2), `files ${rkey}`],
        [files(rkey, i + 1, 3, { _tag: 'Faulty', content: '', error: 'e', name: 'w', when: null }), `announce ${rkey}, failed ${rkey}/w`]
      ]),
      [pushed('2222222222b22', 4), 'TriggerIgnored/before'],
      [pushed('2222222222k22', 4), 'TriggerIgnored/before'],
      [pushed('3mbd3542k2222', 4), 'TriggerIgnored/before'],
      [pushed('r', 4), 'TriggerIgnored/before'],
      [pushed('2222222222m22', 4), 'files 2222222222m22'],
      [pushed('3mbd3542k222a', 4), 'files 3mbd3542k222a'],
      [pushed('q', 4), 'files q']
    ],
    { builds: { ...MINIMAL.builds, keepStatuses: 0 } }
  ),
  run('clocks', 'since when triggers of a knot count does not stay ahead of a clock that is set back', 'T1', [
    [put(OWNER, 'x', repo(), FIVE_MINUTES + 9), `subscribe ${K1} null`],
    [pushed('a', FIVE_MINUTES + 9 + 2), 'files a'],
    [pushed('b', 10), 'TriggerIgnored/before'],
    [start(FIVE_MINUTES + 20), `open ${String(FIVE_MINUTES + 7)}, subscribe ${K1} ${String(FIVE_MINUTES + 8)}999, files a`],
    [pushed('b', 10, 2), 'TriggerIgnored/before'],
    [start(FIVE_MINUTES + 8), `open ${String(FIVE_MINUTES + 7)}, subscribe ${K1} ${String(FIVE_MINUTES + 8)}999, files a`],
    [pushed('b', 10, 3), 'files b']
  ]),
  run('calls', 'a token counts once, until it is over by the clock that has come furthest; what is called is begun, and ended, by who has a say', 'T7', [
    [put(OWNER, 'x', repoRecord({ createdAt: '', knot: K1, name: 'x', repoDid: REPO_DID }), 1), `subscribe ${K1} null`],
    [calls(WISH, 10, 'a', 20, { caller: ALICE }), ''],
    [calls(WISH, 10, 'a', 10), ''],
    [calls(WISH, 10, 'a', 20), `files ${keyOfCall(10)}`],
    [calls(WISH, 11, 'a', 20), ''],
    [files(keyOfCall(10), 1, 12, workflow('w')), `announce ${keyOfCall(10)}, pending ${keyOfCall(10)}/w, wake 6, start ${keyOfCall(10)}/w`],
    [calls({ ...endOf(11), workflows: ['v'] }, 13, 'b', 30), ''],
    [calls(endOf(11), 13, 'b', 30), ''],
    [calls({ ...endOf(11), repo: 'did:plc:other' }, 13, 'c', 30), ''],
    [calls(endOf(11), 13, 'c', 30), `cancelled ${keyOfCall(10)}/w`],
    [calls(endOf(11), 14, 'd', 30), ''],
    [calls(WISH, 20, 'a', 30), `files ${keyOfCall(20)}`],
    [calls(WISH, 5, 'a', 20), ''],
    [filesUnread(keyOfCall(20), 4, 21, true), 'WorkflowsReadFailed']
  ]),
  run('statuses', 'three statuses are kept: what ends is forgotten, and not begun again', 'T6', [
    [put(OWNER, 'x', repo(), 1), `subscribe ${K1} null`],
    [pushed('a', 2), 'files a'],
    [files('a', 1, 3, workflow('w'), { _tag: 'Faulty', content: '', error: 'e', name: 'v', when: null }), 'announce a, failed a/v, pending a/w, wake 6, start a/w'],
    [refuses(3, 4, 'a'), 'failed a/w'],
    [pushed('a', 5), ''],
    [pushed('b', 6), 'files b'],
    [files('b', 4, 7, workflow('w')), 'announce b, pending b/w, wake 6, start b/w'],
    [says('BuildAccepted', 6, 8, { external: '7' }, 'b'), 'follow b/w'],
    [reports('running', 8, 'b'), 'running b/w, wake 5'],
    [pushed('a', 9), ''],
    [reports('success', 8, 'b'), 'success b/w, unfollow b/w'],
    [pushed('a', 10), 'TriggerIgnored/before'],
    [pushed('b', 10), ''],
    [start(11, { ...MINIMAL, builds: { ...MINIMAL.builds, keepStatuses: 0 } }), `open 0, subscribe ${K1} 7999`],
    [pushed('b', 12, 2), 'TriggerIgnored/before'],
    [pushed('c', 13, 2), 'files c'],
    [files('c', 8, 14, workflow('w'), { _tag: 'Faulty', content: '', error: 'e', name: 'v', when: null }), 'announce c, failed c/v, pending c/w']
  ])
]

export const minimalPlots = (): Plots => new Map([['minimal', [...STREAM, ...ROWS, ...KNOTS, ...CHANGES, ...BUILDS]]])
