/**
 * Runs of the whole machine. What is generated is a script: commands that say what happens in the words of a director ("the
 * same commit again", "the connection closes", "somebody deletes their account"). Playing it turns each command into the
 * event it stands for in the state reached so far, with its connection number, its stamp and its rev.
 *
 * So most events are legal, whatever the length of the script, and a script from which commands are taken away is still one:
 * that is what makes failures shrink to a few events. About one event in five is not legal on purpose: of an older
 * connection, without a rev, from the future, out of order.
 */
import fc from 'fast-check'
import {
  type Admission,
  type Config,
  type Did,
  type Event,
  type FrameEvent,
  type HostName,
  type Knots,
  type Nanos,
  type Natural,
  type Nsid,
  OrderedMap as M,
  type KnotRejection,
  MEMBER,
  type Rejection,
  REPO,
  type Rkey,
  type State,
  type Tid,
  type TimeUs
} from '../../../core/index.js'
import { accountOf as accountEvent, type Change, commitOf, rawOf, tidAt, tidOf } from '../laws/events.js'
import { accountOf, FUTURE_US, isFrame, type Run, unfold } from '../laws/run.js'
import { changes, type Status, statuses } from './changes.js'
import { anyAdmission, configPairs } from './config.js'
import { DIDS, dids, EPOCH_US, KNOTS, pick, RKEYS, rkeys, SECOND_US, weighted } from './data.js'

// ---------------------------------------------------------------------------------------- commands

/** Whose connection an event carries the number of: the one that is there, an older one, or one that was never asked for. */
type From = 0 | -1 | 1

/**
 * What a sender stamps: what is to be expected, the last stamp again, an earlier one; the latest that is not from the future, and
 * the first that is; and around what the present resume asked for, the last and the first stamps that are a gap and are none.
 */
type Stamp = 'live' | 'tied' | 'behind' | 'brink' | 'future' | 'early' | 'asked' | 'tolerated' | 'late'

/** When something happens: how much later than the last thing, and what the sender stamps it with. */
interface When {
  readonly passUs: number
  readonly stamp: Stamp
}

/**
 * What an account event says of itself: nothing; its time and number; a time long past, or one to come; or that it is the last one
 * that was not active, sent again.
 */
type Said = 'nothing' | 'own' | 'ancient' | 'ahead' | 'again'

/** The rev of a commit; `brink` is the latest that is usable, `floor` the time of the account's deletion. */
type RevChoice = 'next' | 'last' | 'old' | 'none' | 'brink' | 'future' | 'floor' | 'floorNext'

/** `relapse`: the connection comes back, what was seen already comes again, and then the frame that closes it. */
type Move = 'next' | 'open' | 'close' | 'poison' | 'relapse' | 'wake' | 'frame' | 'reject'

type Act =
  | { readonly _tag: 'Start'; readonly backUs: number; readonly config: number; readonly resumeUs: number | null }
  | { readonly _tag: 'Stop' }
  | { readonly _tag: 'Stream'; readonly move: Move }
  | { readonly _tag: 'Knot'; readonly elsewhere: boolean; readonly move: Move; readonly stamped: boolean; readonly which: number }
  | { readonly _tag: 'Commit'; readonly change: Change; readonly did: Did; readonly rev: RevChoice; readonly rkey: Rkey }
  | { readonly _tag: 'Account'; readonly did: Did; readonly said: Said; readonly status: Status }
  | { readonly _tag: 'Advance'; readonly count: number; readonly spanUs: number }
  | { readonly _tag: 'Reject'; readonly hasTime: boolean; readonly reason: Rejection }
  | { readonly _tag: 'Again'; readonly back: number }

/** The number of a frame: the next of its server's; that of the frame the cursor stands on, with its stamp or another; or none. */
type Numbered = 'next' | 'mark' | 'lie' | 'none'

interface Command extends When {
  readonly act: Act
  readonly from: From
  readonly numbered: Numbered
  /** How often in a row. */
  readonly times: number
}

export interface Script {
  readonly commands: ReadonlyArray<Command>
  /** The configuration it begins with, and one to change to. */
  readonly configs: readonly [Config, Config]
  readonly epochUs: number
  /** Whether it begins with a start and an open connection. */
  readonly isStarted: boolean
  /** Whether the owner has members and repositories then. */
  readonly isSettled: boolean
  /** The knot of the owner's third repository then. */
  readonly third: string
}

// ---------------------------------------------------------------------------------------- playing

/** What playing a script remembers. */
interface Stage {
  readonly frames: Array<FrameEvent>
  /** The last number of a frame. */
  lastOrdinal: number
  nowUs: number
  /** The last rev of each DID, as a number. */
  readonly revs: Map<Did, bigint>
  streamUs: number
}

const MAX_US = Number.MAX_SAFE_INTEGER

const clamp = (us: number): number => Math.min(Math.max(us, 0), MAX_US)

/** The time of receipt and the stamp. Time passes, and with a live stamp the stream has come as far. */
const stampOf = (stage: Stage, { config, cursor }: State, { passUs, stamp }: When): { readonly at: number; readonly timeUs: number } => {
  const at = clamp(stage.nowUs + passUs)
  stage.nowUs = at
  if (stamp === 'live') stage.streamUs = Math.max(stage.streamUs, clamp(at - 10_000))
  const asked = cursor.askedUs ?? stage.streamUs
  const timeUs: { readonly [S in Stamp]: number } = {
    asked,
    behind: stage.streamUs - 3 * SECOND_US,
    brink: at + FUTURE_US,
    early: asked - 1,
    future: at + FUTURE_US + 1,
    late: asked + config.toleranceUs + 1,
    live: stage.streamUs,
    tied: stage.streamUs,
    tolerated: asked + config.toleranceUs
  }
  return { at, timeUs: clamp(timeUs[stamp]) }
}

const revOf = (stage: Stage, state: State, choice: RevChoice, did: Did, timeUs: number): Tid | null => {
  const last = stage.revs.get(did) ?? 0n
  const floor = accountOf(state, did)?.floor?.timeUs ?? timeUs
  const risen = rawOf(tidAt(timeUs)) > last ? tidAt(timeUs) : tidOf(last + 1n)
  const rev = {
    brink: tidAt(timeUs + FUTURE_US, 7),
    floor: tidAt(floor, 1023),
    floorNext: tidAt(floor + 1),
    future: tidAt(timeUs + FUTURE_US + 1),
    last: tidOf(last),
    next: risen,
    none: null,
    old: tidOf(last - (5n << 30n))
  }[choice]
  if (choice === 'next') stage.revs.set(did, rawOf(risen))
  return rev
}

/** A connection that is to be lost to a frame is first brought so far, so that the same command several times loses several. */
const streamEvent = (state: State, move: Move, at: TimeUs, connection: Natural): Event => {
  const { askedUs, cursor, mark } = state.cursor
  const { phase } = state.cursor.connection
  switch (move) {
    case 'poison':
      if (phase._tag === 'Waiting') return streamEvent(state, 'wake', at, connection)
      return { _tag: 'JetstreamClosed', at, connection, poisoned: true }
    case 'relapse':
      if (phase._tag === 'Connecting') return streamEvent(state, 'open', at, connection)
      if (phase._tag !== 'Open' || askedUs === null || cursor === null) return streamEvent(state, 'poison', at, connection)
      return {
        _tag: 'StreamAdvanced',
        at,
        connection,
        count: 1 as Natural,
        firstUs: mark === null ? askedUs : cursor,
        lastUs: cursor < askedUs ? askedUs : cursor,
        ordinal: mark === null ? null : mark.ordinal
      }
    case 'close':
      return { _tag: 'JetstreamClosed', at, connection, poisoned: false }
    case 'wake':
      return { _tag: 'TimerFired', at, timer: { _tag: 'JetstreamTimer', connection } }
    case 'open':
      return { _tag: 'JetstreamOpened', at, connection }
    default:
      return streamEvent(state, phase._tag === 'Waiting' ? 'wake' : phase._tag === 'Open' ? 'close' : 'open', at, connection)
  }
}

/** The stamp of a knot's frame: nanoseconds, and of two in the same microsecond the second is later. */
const createdAt = (us: number, n: number): Nanos => String(BigInt(us) * 1000n + BigInt(n % 3)) as Nanos

const KNOT_REASONS: ReadonlyArray<KnotRejection> = ['size', 'nsid', 'created']

const knotEvent = (state: State, { from, act }: Command, at: TimeUs, timeUs: number): Event => {
  if (act._tag !== 'Knot') throw new Error('no command to a knot')
  const subscribed: ReadonlyArray<readonly [HostName, Knots.Subscription]> = M.toEntries(state.knots.subscriptions)
  const [host, subscription] =
    act.elsewhere || subscribed.length === 0 ? ['nowhere.example' as HostName, undefined] : pick(subscribed, act.which)
  const connection = Math.max(0, (subscription?.connection.number ?? act.which) + from) as Natural
  const phase = subscription?.connection.phase._tag ?? 'Idle'
  const naturally = phase === 'Waiting' ? 'wake' : phase === 'Open' ? 'frame' : 'open'
  switch (act.move === 'next' ? naturally : act.move) {
    case 'open':
      return { _tag: 'KnotOpened', at, connection, host }
    case 'close':
    case 'poison':
    case 'relapse':
      return { _tag: 'KnotClosed', at, connection, host }
    case 'wake':
      return { _tag: 'TimerFired', at, timer: { _tag: 'KnotTimer', connection, host } }
    case 'frame':
      return {
        _tag: 'KnotReceived',
        at,
        connection,
        created: act.stamped ? createdAt(timeUs, act.which) : null,
        host,
        nsid: 'sh.tangled.knot.memberUpdate' as Nsid,
        // Knots that send no stamps make keys that tell the time, some of a clock that is ahead.
        rkey: (!act.stamped && act.which % 3 > 0 ? tidAt(act.which === 2 ? clamp(timeUs + 2 * FUTURE_US) : timeUs) : 'self') as Rkey,
        payload: { _tag: 'Other' }
      }
    case 'reject':
      return { _tag: 'KnotFrameRejected', at, connection, detail: 'x', host, reason: pick(KNOT_REASONS, act.which) }
  }
}

const saidOf = (stage: Stage, said: Said, at: number, timeUs: number): { readonly changedUs: number | null; readonly seq: number | null } => {
  const seq = stage.frames.length
  switch (said) {
    case 'nothing':
      return { changedUs: null, seq: null }
    case 'ancient':
      return { changedUs: 0, seq }
    case 'ahead':
      return { changedUs: clamp(at + 2 * FUTURE_US), seq }
    default:
      return { changedUs: clamp(timeUs - 2_000), seq }
  }
}

const ordinalOf = (stage: Stage, { cursor: { mark } }: State, numbered: Numbered): Natural | null => {
  if (numbered === 'none') return null
  if (numbered === 'next' || mark === null) stage.lastOrdinal += 1
  return numbered === 'next' || mark === null ? (stage.lastOrdinal as Natural) : mark.ordinal
}

const eventOf = (stage: Stage, state: State, script: Script, command: Command): Event => {
  const { act, from } = command
  const isFrameAct = act._tag === 'Commit' || act._tag === 'Account' || act._tag === 'Advance' || act._tag === 'Reject'
  const ordinal = isFrameAct ? ordinalOf(stage, state, command.numbered) : null
  const moment = stampOf(stage, state, command)
  const at = moment.at as TimeUs
  const timeUs = command.numbered === 'mark' && state.cursor.mark !== null ? (state.cursor.cursor ?? (0 as TimeUs)) : (moment.timeUs as TimeUs)
  const connection = Math.max(0, state.cursor.connection.number + from) as Natural
  switch (act._tag) {
    case 'Start':
      stage.nowUs = clamp(at - act.backUs)
      return {
        _tag: 'Started',
        at: stage.nowUs as TimeUs,
        config: pick(script.configs, act.config),
        resumeFrom: act.resumeUs === null ? null : (clamp(stage.streamUs + act.resumeUs) as TimeUs)
      }
    case 'Stop':
      return { _tag: 'StopRequested', at }
    case 'Stream':
      return streamEvent(state, act.move, at, connection)
    case 'Knot':
      return knotEvent(state, command, at, timeUs)
    case 'Commit':
      return commitOf(act.change, {
        at,
        connection,
        did: act.did,
        ordinal,
        rev: revOf(stage, state, act.rev, act.did, timeUs),
        rkey: act.rkey,
        timeUs
      })
    case 'Account': {
      const last = [...stage.frames].reverse().find((frame) => frame._tag === 'AccountReceived' && frame.did === act.did && !frame.active)
      if (act.said === 'again' && last?._tag === 'AccountReceived') return { ...last, at, connection, ordinal, timeUs }
      return accountEvent(act.did, act.status.active, act.status.status, { at, connection, ordinal, timeUs }, saidOf(stage, act.said, at, timeUs))
    }
    case 'Advance':
      return {
        _tag: 'StreamAdvanced',
        at,
        connection,
        count: act.count as Natural,
        firstUs: timeUs,
        lastUs: clamp(timeUs + act.spanUs) as TimeUs,
        ordinal
      }
    case 'Reject':
      return {
        _tag: 'FrameRejected',
        at,
        collection: null,
        connection,
        detail: 'x',
        did: null,
        operation: null,
        ordinal,
        reason: act.reason,
        rkey: null,
        timeUs: act.hasTime ? timeUs : null
      }
    case 'Again': {
      const again = stage.frames[stage.frames.length - 1 - act.back]
      return again === undefined
        ? { _tag: 'StreamAdvanced', at, connection, count: 1 as Natural, firstUs: timeUs, lastUs: timeUs, ordinal: null }
        : { ...again, at, connection }
    }
  }
}

const now = (act: Act): Command => ({ act, from: 0, numbered: 'none', passUs: 0, stamp: 'live', times: 1 })

const OPENING: ReadonlyArray<Command> = [
  now({ _tag: 'Start', backUs: 0, config: 0, resumeUs: null }),
  now({ _tag: 'Stream', move: 'open' })
]

/** The owner's records: two that make one subject a member, and repositories on two knots. */
const settling = ({ hostname, owner }: Config, third: string): ReadonlyArray<Command> =>
  RKEYS.flatMap((rkey, i) => {
    const member: Change = { collection: MEMBER, record: { createdAt: '', instance: hostname, subject: pick(DIDS, 1) } }
    const repo: Change = {
      collection: REPO,
      record: { createdAt: '', knot: pick([...KNOTS.slice(0, 2), third], i), name: 'app', repoDid: '', spindle: hostname }
    }
    return [repo, ...(i < 2 ? [member] : [])].map((change) => now({ _tag: 'Commit', change, did: owner, rev: 'next', rkey }))
  })

/** Plays the script on a new machine. */
export const play = (script: Script): Run => {
  const stage: Stage = { frames: [], lastOrdinal: 0, nowUs: script.epochUs, revs: new Map(), streamUs: clamp(script.epochUs - 10_000) }
  const commands = [
    ...(script.isStarted ? OPENING : []),
    ...(script.isSettled ? settling(script.configs[0], script.third) : []),
    ...script.commands.flatMap((command) => Array.from({ length: command.times }, () => command))
  ]
  return unfold(script.configs[0], commands.length, (state, i) => {
    const event = eventOf(stage, state, script, pick(commands, i))
    if (isFrame(event)) stage.frames.push(event)
    return event
  })
}

// ---------------------------------------------------------------------------------------- arbitraries

const plain = { noNullPrototype: true } as const

const froms = weighted<From>([12, 0], [1, -1], [1, 1])

/** The kinds of acts, each as often as `about` says. */
const ACTS: { readonly [T in Act['_tag']]: fc.Arbitrary<Act> } = {
  Account: fc.record(
    {
      _tag: fc.constant('Account'),
      did: dids,
      said: weighted<Said>([4, 'nothing'], [6, 'own'], [1, 'ancient'], [1, 'ahead'], [4, 'again']),
      status: statuses
    },
    plain
  ),
  Advance: fc.record(
    { _tag: fc.constant('Advance'), count: fc.integer({ max: 3, min: 1 }), spanUs: weighted([2, 0], [1, 5_000]) },
    plain
  ),
  Again: fc.record({ _tag: fc.constant('Again'), back: fc.nat(8) }, plain),
  Commit: fc.record(
    {
      _tag: fc.constant('Commit'),
      change: changes,
      did: dids,
      rev: weighted<RevChoice>(
        [16, 'next'],
        [2, 'last'],
        [2, 'old'],
        [5, 'none'],
        [1, 'brink'],
        [1, 'future'],
        [2, 'floor'],
        [2, 'floorNext']
      ),
      rkey: rkeys
    },
    plain
  ),
  Knot: fc.record(
    {
      _tag: fc.constant('Knot'),
      elsewhere: weighted([9, false], [1, true]),
      move: weighted<Move>([5, 'next'], [1, 'open'], [3, 'close'], [1, 'wake'], [4, 'frame'], [1, 'reject']),
      stamped: weighted([3, true], [1, false]),
      which: fc.nat(3)
    },
    plain
  ),
  Reject: fc.record(
    {
      _tag: fc.constant('Reject'),
      hasTime: weighted([3, true], [1, false]),
      reason: fc.constantFrom<Array<Rejection>>('record', 'rkey', 'json')
    },
    plain
  ),
  Start: fc.record(
    {
      _tag: fc.constant('Start'),
      backUs: weighted([3, 0], [1, 10 * SECOND_US]),
      config: fc.nat(1),
      resumeUs: weighted([6, null], [2, -120 * SECOND_US], [1, 30 * SECOND_US])
    },
    plain
  ),
  Stop: fc.constant({ _tag: 'Stop' }),
  Stream: fc.record(
    {
      _tag: fc.constant('Stream'),
      move: weighted<Move>([4, 'next'], [1, 'open'], [1, 'close'], [2, 'poison'], [3, 'relapse'], [1, 'wake'])
    },
    plain
  )
}

/** What a run is about: how often each kind of act comes. */
const ABOUT = {
  everything: { Account: 4, Advance: 2, Again: 3, Commit: 14, Knot: 7, Reject: 2, Start: 2, Stop: 1, Stream: 5 },
  knots: { Account: 1, Advance: 1, Again: 1, Commit: 5, Knot: 20, Reject: 2, Start: 3, Stop: 1, Stream: 3 },
  rows: { Account: 9, Advance: 1, Again: 3, Commit: 20, Knot: 1, Reject: 1, Start: 3, Stop: 3, Stream: 1 },
  stream: { Account: 1, Advance: 4, Again: 2, Commit: 3, Knot: 1, Reject: 3, Start: 2, Stop: 1, Stream: 10 }
} as const

type About = keyof typeof ABOUT

/** In runs about rows or the stream, stamps close to a limit come often. */
const STAMPS: { readonly [A in About]: fc.Arbitrary<Stamp> } = {
  everything: weighted<Stamp>([16, 'live'], [3, 'tied'], [2, 'behind'], [1, 'brink'], [1, 'future']),
  knots: weighted<Stamp>([16, 'live'], [3, 'tied'], [2, 'behind'], [1, 'brink'], [1, 'future']),
  rows: weighted<Stamp>([16, 'live'], [3, 'tied'], [2, 'behind'], [3, 'brink'], [4, 'future']),
  stream: weighted<Stamp>(
    [12, 'live'],
    [3, 'tied'],
    [2, 'behind'],
    [3, 'brink'],
    [2, 'future'],
    [2, 'early'],
    [3, 'asked'],
    [3, 'tolerated'],
    [2, 'late']
  )
}

const passes = weighted([8, 1_000], [4, 0], [6, SECOND_US], [2, 31 * SECOND_US], [2, 70 * SECOND_US])

/** In runs about the stream our own clock may be set back, by more than a stamp may be ahead of it. */
const passesOrNot = weighted([8, 1_000], [4, 0], [6, SECOND_US], [2, 31 * SECOND_US], [2, 70 * SECOND_US], [1, -2 * FUTURE_US])

const times = weighted([9, 1], [1, 6])
const manyTimes = weighted([9, 1], [1, 6], [1, 24])

const commands = (about: About): fc.Arbitrary<Command> => {
  const weights = ABOUT[about]
  const acts = (Object.keys(ACTS) as ReadonlyArray<Act['_tag']>).map((tag) => ({ arbitrary: ACTS[tag], weight: weights[tag] }))
  return fc.record(
    {
      act: fc.oneof(...acts),
      from: froms,
      numbered: about === 'stream' || about === 'everything' ? weighted<Numbered>([8, 'next'], [4, 'mark'], [1, 'lie'], [1, 'none']) : fc.constant<Numbered>('none'),
      passUs: about === 'stream' ? passesOrNot : passes,
      stamp: STAMPS[about],
      times: about === 'stream' ? manyTimes : times
    },
    plain
  )
}

const anyEpoch = weighted([12, EPOCH_US], [2, 0], [2, MAX_US - 5 * SECOND_US])

export interface Choices {
  readonly about?: About
  readonly admissions?: fc.Arbitrary<Admission>
  /** Where runs begin: now, unless said otherwise, but sometimes where stamps begin or end. */
  readonly epochs?: fc.Arbitrary<number>
  readonly length?: number
}

/**
 * Scripts of up to `length` commands. Those about knots, and most
 * about rows, begin with an owner who has members and repositories.
 */
export const scripts = ({
  about = 'everything',
  admissions = anyAdmission,
  epochs = anyEpoch,
  length = 30
}: Choices = {}): fc.Arbitrary<Script> =>
  fc.record(
    {
      commands: fc.array(commands(about), { maxLength: length, size: 'max' }),
      configs: configPairs(admissions),
      epochUs: epochs,
      isSettled: about === 'knots' ? fc.constant(true) : weighted([about === 'rows' ? 2 : 0, true], [1, false]),
      isStarted: weighted([5, true], [1, false]),
      third: fc.constantFrom('knot1.example', 'localhost', 'knot1.example:8443')
    },
    plain
  )

/** Runs of the whole machine. */
export const runs = (choices: Choices = {}): fc.Arbitrary<Run> => scripts(choices).map(play)
