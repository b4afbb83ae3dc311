/**
 * A stream whose stamps go back, and accounts' own servers beside it. The server's clock is set, it lags, and it is killed and sends again what it had
 * sent; accounts write, go, and come back; strangers become members; records are read in between. Then the same stream with four returns to an
 * earlier frame, from which everything is sent again, under the same stamps or new ones.
 */
import fc from 'fast-check'
import {
  COLLABORATOR,
  type Collection,
  type Config,
  type Did,
  type Effect,
  type Event,
  initial,
  type ListedRecord,
  MEMBER,
  type Natural,
  REPO,
  type Rkey,
  type State,
  type TimeUs
} from '../../../core/index.js'
import { accountOf, type Change, commitOf, tidAt } from '../laws/events.js'
import { take, type Step } from '../laws/fence.js'
import type { Replay } from '../laws/commit.js'
import type { Numbered, Resent } from '../laws/resent.js'
import { configWith } from './config.js'
import { ALICE, BOB, EPOCH_US, HOSTNAME, KNOTS, OWNER, pick, SECOND_US, weighted } from './data.js'

const plain = { noNullPrototype: true } as const

const DIDS = [OWNER, ALICE, BOB] as const
const RKEYS = ['a' as Rkey, 'b' as Rkey]

const SELECTIVE = configWith({ admission: 'members', backfill: true })

/** When everything is received: no stamp is from the future. */
const RECEIVED_US = EPOCH_US + 1_000_000 * SECOND_US

// ---------------------------------------------------------------------------------------- what happens

type Act =
  | { readonly _tag: 'Write'; readonly did: Did; readonly hasRev: boolean; readonly n: number; readonly passUs: number }
  | { readonly _tag: 'Account'; readonly did: Did; readonly isDeletion: boolean; readonly isTimed: boolean; readonly passUs: number }
  | { readonly _tag: 'Clock'; readonly byUs: number }
  | { readonly _tag: 'Again'; readonly count: number }
  | { readonly _tag: 'Answer' }

/** A return to an earlier frame: after which item, or at the end, how far back, and, under new stamps, how much later than the last stamp they begin. */
interface Return {
  readonly at: number
  readonly back: number
  readonly isFresh: boolean
  readonly stepUs: number
}

interface Drawn {
  readonly acts: ReadonlyArray<Act>
  /** How far the server's clock is ahead of the accounts'. */
  readonly aheadUs: number
  readonly config: Config
  /** Whether account events have later stamps than all of their account before. */
  readonly isRising: boolean
  /** Whether only activations may not say their time. */
  readonly isTimedAside: boolean
  readonly returns: ReadonlyArray<Return>
}

/** What an account does, as its own server has it. */
type Deed = { readonly did: Did; readonly us: number } & (
  | { readonly _tag: 'Commit'; readonly change: Change; readonly hasRev: boolean; readonly rkey: Rkey }
  | { readonly _tag: 'Account'; readonly isTimed: boolean; readonly seq: number; readonly status: 'active' | 'deactivated' | 'deleted' }
)

/** What comes, in order: a frame, or an answer of a server that knows so many deeds. */
type Item = { readonly _tag: 'Frame'; readonly deed: number; readonly timeUs: number } | { readonly _tag: 'Answer'; readonly deeds: number }

const changeOf = (did: Did, n: number): Change => {
  const collection: Collection = did === OWNER ? pick([MEMBER, MEMBER, MEMBER, REPO], n) : pick([REPO, REPO, COLLABORATOR], n)
  const isDeleted = (n >> 3) % 4 === 0
  switch (collection) {
    case MEMBER:
      return { collection, record: isDeleted ? null : { createdAt: '', instance: HOSTNAME, subject: pick(DIDS.slice(1), n >> 5) } }
    case REPO:
      return { collection, record: isDeleted ? null : { createdAt: '', knot: pick(KNOTS.slice(0, 2), n >> 5), name: `v${String(n)}`, repoDid: '', spindle: HOSTNAME } }
    case COLLABORATOR:
      return { collection, record: isDeleted ? null : { createdAt: '', repo: `v${String(n)}`, repoDid: '', subject: ALICE } }
  }
}

/** The deeds and the stream of what was drawn. */
const streamOf = ({ acts, aheadUs, isRising, isTimedAside }: Drawn): { readonly deeds: ReadonlyArray<Deed>; readonly items: ReadonlyArray<Item> } => {
  const deeds: Array<Deed> = []
  const items: Array<Item> = []
  const status = new Map<Did, 'active' | 'deactivated' | 'deleted'>()
  const latest = new Map<Did, { readonly accountUs: number; readonly us: number }>()
  let us = EPOCH_US
  let clockUs = aheadUs

  const send = (index: number): void => {
    const deed = pick(deeds, index)
    const last = latest.get(deed.did) ?? { accountUs: 0, us: 0 }
    const earliest = !isRising ? 0 : deed._tag === 'Account' ? last.us + 1_000 : last.accountUs + 1_000
    // No two frames share a stamp.
    const timeUs = Math.floor(Math.max(us + clockUs, earliest, EPOCH_US) / 1_000) * 1_000 + items.length
    latest.set(deed.did, { accountUs: deed._tag === 'Account' ? Math.max(last.accountUs, timeUs) : last.accountUs, us: Math.max(last.us, timeUs) })
    items.push({ _tag: 'Frame', deed: index, timeUs })
  }
  const happens = (deed: Deed): void => {
    deeds.push(deed)
    send(deeds.length - 1)
  }

  for (const act of acts)
    switch (act._tag) {
      case 'Write':
        us += act.passUs
        if ((status.get(act.did) ?? 'active') === 'active')
          happens({ _tag: 'Commit', change: changeOf(act.did, act.n), did: act.did, hasRev: act.hasRev, rkey: pick(RKEYS, act.n >> 7), us })
        break
      case 'Account': {
        us += act.passUs
        const next = (status.get(act.did) ?? 'active') === 'active' ? (act.isDeletion ? 'deleted' : 'deactivated') : 'active'
        status.set(act.did, next)
        const isTimed = act.isTimed || (isTimedAside && next !== 'active')
        happens({ _tag: 'Account', did: act.did, isTimed, seq: deeds.length, status: next, us })
        break
      }
      case 'Clock':
        clockUs += act.byUs
        break
      case 'Again':
        us += 1_000
        for (const item of items.filter(({ _tag }) => _tag === 'Frame').slice(-act.count)) if (item._tag === 'Frame') send(item.deed)
        break
      case 'Answer':
        items.push({ _tag: 'Answer', deeds: deeds.length })
    }
  return { deeds, items }
}

/** The records of the account on its own server after these deeds; `null`: it answers nothing, for the account is not active. */
const recordsOf = (deeds: ReadonlyArray<Deed>, did: Did): ReadonlyArray<ListedRecord> | null => {
  const records = new Map<string, ListedRecord>()
  let isActive = true
  for (const deed of deeds) {
    if (deed.did !== did) continue
    if (deed._tag === 'Account') {
      isActive = deed.status === 'active'
      if (deed.status === 'deleted') records.clear()
      continue
    }
    const key = `${deed.change.collection} ${deed.rkey}`
    if (deed.change.record === null) records.delete(key)
    else records.set(key, { ...deed.change, rkey: deed.rkey } as ListedRecord)
  }
  return isActive ? [...records.values()].sort((a, b) => (a.rkey < b.rkey ? -1 : 1)) : null
}

// ---------------------------------------------------------------------------------------- played

/** Plays a stream to a machine, with returns. What it asks for is answered; at the end by all servers whose accounts are active. */
const play = (config: Config, isRising: boolean, deeds: ReadonlyArray<Deed>, items: ReadonlyArray<Item>, returns: ReadonlyArray<Return>): Numbered => {
  const events: Array<Event> = []
  const frames: Array<number | null> = []
  const steps: Array<Step> = []
  let state: State = initial(config)
  let asked: Array<Extract<Effect, { readonly _tag: 'ReadRecords' }>> = []
  let lastUs = EPOCH_US
  let greatestUs = EPOCH_US
  let known = 0
  /** By how much the server's clock is later than it was when the stream came once. */
  let shiftUs = 0
  const shifts = new Map<number, number>()
  const at = RECEIVED_US as TimeUs

  const happens = (event: Event, frame: number | null = null): void => {
    const step = take(state, event)
    events.push(event)
    frames.push(frame)
    steps.push(step)
    state = step.after
    asked.push(...step.effects.flatMap((effect) => (effect._tag === 'ReadRecords' ? [effect] : [])))
  }
  const start = (resumeFrom: number | null): void => {
    asked = []
    happens({ _tag: 'Started', at, config, resumeFrom: resumeFrom as TimeUs | null })
    happens({ _tag: 'JetstreamOpened', at, connection: state.cursor.connection.number })
  }
  const deliver = (index: number, timeUs: number): void => {
    const deed = pick(deeds, index)
    const where = { at, connection: state.cursor.connection.number, timeUs }
    lastUs = timeUs
    greatestUs = Math.max(greatestUs, timeUs)
    known = Math.max(known, index + 1)
    happens(
      deed._tag === 'Commit'
        ? commitOf(deed.change, { ...where, did: deed.did, rev: deed.hasRev ? tidAt(deed.us) : null, rkey: deed.rkey })
        : accountOf(deed.did, deed.status === 'active', deed.status === 'active' ? null : deed.status, where, deed.isTimed ? { changedUs: deed.us, seq: deed.seq } : {}),
      index
    )
  }
  const answer = (upTo: number): boolean => {
    const request = asked.shift()
    if (request === undefined) return false
    const { collection, did, number } = request
    const records = recordsOf(deeds.slice(0, Math.max(upTo, known)), did)
    if (records !== null) {
      happens({ _tag: 'RecordsRead', at, collection, did, next: null, number, records: records.filter((record) => record.collection === collection) })
      return true
    }
    const failed = state.backfill.next
    happens({ _tag: 'RequestFailed', at, error: 'no such account', isFinal: false, number, requested: { _tag: 'Records', did }, waitMs: 0 as Natural })
    if (upTo < deeds.length) happens({ _tag: 'TimerFired', at, timer: { _tag: 'RequestTimer', number: failed, requested: { _tag: 'Records', did } } })
    return true
  }
  const goBack = ({ back, isFresh, stepUs }: Return, i: number): void => {
    const from = Math.max(0, i - back)
    const again = items.slice(from, i).flatMap((item, n) => (item._tag === 'Frame' ? [{ ...item, at: from + n }] : []))
    const [first] = again
    if (first === undefined) return
    start(isFresh ? null : first.timeUs + (shifts.get(first.at) ?? 0))
    let timeUs = isRising ? greatestUs + SECOND_US : Math.max(EPOCH_US, lastUs + stepUs)
    const beforeUs = lastUs
    for (const item of again) {
      timeUs += 1_000
      deliver(item.deed, isFresh ? timeUs : item.timeUs + (shifts.get(item.at) ?? 0))
    }
    if (!isFresh) return
    const rest = items.slice(i).flatMap((item) => (item._tag === 'Frame' ? [item.timeUs] : []))
    const leastUs = Math.min(...rest, timeUs)
    shiftUs = isRising ? timeUs - leastUs + 1_000 : Math.max(EPOCH_US - leastUs, timeUs - beforeUs)
  }

  start(null)
  for (let i = 0; i <= items.length; i++) {
    for (const one of returns) if (Math.min(one.at, items.length) === i) goBack(one, i)
    const item = items[i]
    if (item?._tag === 'Frame') {
      shifts.set(i, shiftUs)
      deliver(item.deed, item.timeUs + shiftUs)
    } else if (item?._tag === 'Answer') answer(item.deeds)
  }
  while (answer(deeds.length));
  return { frames, run: { config, events, steps, thrown: null } }
}

const resentOf = (drawn: Drawn): Resent => {
  const { deeds, items } = streamOf(drawn)
  const played = (returns: ReadonlyArray<Return>) => play(drawn.config, drawn.isRising, deeds, items, returns)
  return { again: played(drawn.returns), once: played([]) }
}

// ---------------------------------------------------------------------------------------- drawn

const passUs = weighted([2, 1_000], [2, SECOND_US], [1, 5 * SECOND_US])

const dids: fc.Arbitrary<Did> = weighted<Did>([2, OWNER], [1, ALICE], [1, BOB])

/** Acts in which one of so many commits has no usable rev, and one of so many account events does not say its time; `0`: none. */
const actsOf = (withoutRev: number, untimed: number, accounts: number): fc.Arbitrary<Act> => {
  const oneOf = (n: number): fc.Arbitrary<boolean> => (n === 0 ? fc.constant(true) : weighted([n - 1, true], [1, false]))
  return fc.oneof(
    { arbitrary: fc.record({ _tag: fc.constant('Write' as const), did: dids, hasRev: oneOf(withoutRev), n: fc.nat(1_023), passUs }, plain), weight: 12 },
    {
      arbitrary: fc.record({ _tag: fc.constant('Account' as const), did: dids, isDeletion: fc.boolean(), isTimed: oneOf(untimed), passUs }, plain),
      weight: accounts
    },
    {
      arbitrary: fc.record({ _tag: fc.constant('Clock' as const), byUs: weighted([2, -2 * SECOND_US], [2, -30 * SECOND_US], [1, 2 * SECOND_US], [1, 60 * SECOND_US]) }, plain),
      weight: 4
    },
    { arbitrary: fc.record({ _tag: fc.constant('Again' as const), count: fc.integer({ max: 4, min: 1 }) }, plain), weight: 1 },
    { arbitrary: fc.constant<Act>({ _tag: 'Answer' }), weight: 10 }
  )
}

const returns: fc.Arbitrary<ReadonlyArray<Return>> = fc.array(
  fc.record(
    {
      at: weighted([1, 20], [1, 40], [2, 60]),
      back: fc.nat(60),
      isFresh: fc.boolean(),
      stepUs: weighted([2, SECOND_US], [1, 60 * SECOND_US], [1, -2 * SECOND_US], [1, -30 * SECOND_US])
    },
    plain
  ),
  { maxLength: 4, minLength: 1 }
)

const drawn: fc.Arbitrary<Drawn> = fc
  .record({ accounts: weighted([1, 0], [2, 6]), untimed: weighted([2, 0], [1, 2]), withoutRev: weighted([1, 0], [1, 3]) }, plain)
  .chain(({ accounts, untimed, withoutRev }) =>
    fc.record(
      {
        acts: fc.array(actsOf(withoutRev, untimed, accounts), { maxLength: 60, size: 'max' }),
        aheadUs: weighted([1, 0], [1, 1_000 * SECOND_US]),
        config: fc.constantFrom(SELECTIVE, configWith({ admission: 'open', backfill: false })),
        isRising: fc.boolean(),
        isTimedAside: fc.boolean(),
        returns
      },
      plain
    )
  )

/** Streams with parts sent again, under both admissions. */
export const resent: fc.Arbitrary<Resent> = drawn.map(resentOf)

/**
 * Streams whose stamps go back, where only admitted accounts are known and records are read in between; and from where on the frames are
 * replayed. No two frames share a stamp.
 */
export const readReplays: fc.Arbitrary<Replay> = fc.record({ from: fc.nat(59), stream: drawn }, plain).map(({ from, stream }) => {
  const { deeds, items } = streamOf(stream)
  return { from, run: play(SELECTIVE, stream.isRising, deeds, items, []).run }
})
