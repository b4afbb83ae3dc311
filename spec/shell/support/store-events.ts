/**
 * Events for the tests of the store: whatever a bridge may journal, over few DIDs, keys and knots, with text that is hard to
 * write down. They are made for the state they meet, so that most of them change it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import fc from 'fast-check'
import {
  canonical,
  Config,
  defaults,
  Event,
  explain,
  initial,
  type Json,
  OrderedMap,
  State,
  step,
  wantedKnots
} from '../../../core/index.js'
import { randomOf } from './disk.js'

const valid = <A>(result: E.Either<Parameters<typeof explain>[0], A>): A =>
  pipe(
    result,
    E.getOrElse((errors): A => {
      throw new Error(explain(errors))
    })
  )

const OWNER = 'did:plc:ownerownerownerownerowne'
const HOSTNAME = 'spindle.example'
const DIDS = [OWNER, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'did:web:b.example', 'did:plc:cccccccccccccccccccccccc']
const RKEYS = ['a', '__proto__', '3l2222222222a']
const KNOTS = ['knot.example', 'other.example', '127.0.0.1', '']
const TEXTS = [
  '',
  HOSTNAME,
  'plain',
  '","crc":"00000000"}\n',
  '\u0000\u2028\ufffd',
  '\u{1f9f5} naïve',
  '{"seq":1,"events":[',
  ...DIDS
]
const COLLECTIONS = ['sh.tangled.repo', 'sh.tangled.spindle.member', 'sh.tangled.repo.collaborator']

export const config: Config = valid(Config.decode(defaults({ hostname: HOSTNAME, owner: OWNER })))

export const start: State = initial(config)

/** The written form of a state: equal texts, equal states. */
export const written = (state: State): string => canonical(State.encode(state) as Json)

export const after = (state: State, events: ReadonlyArray<Event>): State =>
  events.reduce((before, event) => step(before, event)[0], state)

/** Numbers from which an event is made. */
type Draw = ReadonlyArray<number>

const pick = <A>(items: ReadonlyArray<A>, n: number | undefined): A | undefined => items[(n ?? 0) % items.length]

const recordOf = (collection: string, text: string, [a, b, c]: Draw): Json => {
  switch (collection) {
    case 'sh.tangled.repo':
      return {
        createdAt: text,
        knot: pick(KNOTS, a) ?? '',
        name: text,
        repoDid: '',
        spindle: (b ?? 0) % 4 === 0 ? text : HOSTNAME
      }
    case 'sh.tangled.spindle.member':
      return { createdAt: text, instance: HOSTNAME, subject: pick(DIDS, c) ?? '' }
    default:
      return { createdAt: text, repo: text, repoDid: '', subject: text }
  }
}

/** The n-th event, in this state. */
const eventOf = (state: State, n: number, draw: Draw): Event => {
  const [kind = 0, who, where, what, how = 0] = draw
  const at = 1_760_000_000_000_000 + n * 1_000
  const connection = state.cursor.connection.number
  const did = pick(DIDS, who)
  const collection = pick(COLLECTIONS, where) ?? ''
  const text = pick(TEXTS, what) ?? ''
  const host = pick(wantedKnots(state), who)
  const knot =
    host === undefined
      ? undefined
      : OrderedMap.toEntries(state.knots.subscriptions).find(([name]) => name === host)?.[1].connection.number
  const json = (): unknown => {
    switch (kind) {
      case 0:
        return { _tag: 'Started', at, config, resumeFrom: null }
      case 1:
        return { _tag: 'JetstreamOpened', at, connection }
      case 2:
        return { _tag: 'JetstreamClosed', at, connection, poisoned: how % 2 === 0 }
      case 3:
        return {
          _tag: 'AccountReceived',
          active: how % 2 === 0,
          at,
          connection,
          did,
          status: how % 3 === 0 ? 'deleted' : text,
          timeUs: at
        }
      case 4:
        return { _tag: 'StreamAdvanced', at, connection, count: 7, firstUs: at - 6, lastUs: at }
      case 5:
        return {
          _tag: 'FrameRejected',
          at,
          collection,
          connection,
          detail: text,
          did,
          operation: null,
          reason: 'record',
          rkey: text,
          timeUs: at
        }
      case 6:
        return knot === undefined ? null : { _tag: 'KnotOpened', at, connection: knot, host }
      case 7:
        return knot === undefined ? null : { _tag: 'KnotClosed', at, connection: knot, host }
      case 8:
        return knot === undefined
          ? null
          : {
              _tag: 'KnotReceived',
              at,
              connection: knot,
              created: `${String(at)}999`,
              host,
              nsid: 'sh.tangled.pipeline',
              rkey: 'a'
            }
      default:
        return null
    }
  }
  const commit = {
    _tag: 'CommitReceived',
    at,
    collection,
    connection,
    did,
    record: how % 4 === 0 ? null : recordOf(collection, text, [how, n, kind]),
    rev: null,
    rkey: pick(RKEYS, how),
    timeUs: at
  }
  return valid(Event.decode(json() ?? commit))
}

/** One more than the greatest number in each place of a draw. */
const BELOW = [21, 4, 3, TEXTS.length, 12] as const

/** What happened, from `Started` on. */
const lifeFrom = (draws: ReadonlyArray<Draw>): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  let state = start
  for (const [n, draw] of [[0], ...draws].entries()) {
    const event = eventOf(state, n, draw)
    events.push(event)
    state = step(state, event)[0]
  }
  return events
}

export const lives: fc.Arbitrary<ReadonlyArray<Event>> = fc
  .array(fc.tuple(...BELOW.map((below) => fc.nat(below - 1))), { maxLength: 40, size: 'max' })
  .map(lifeFrom)

/** A life of `length` events that a seed stands for. */
export const lifeOf = (seed: number, length: number): ReadonlyArray<Event> => {
  const random = randomOf(seed)
  return lifeFrom(Array.from({ length: length - 1 }, () => BELOW.map(random)))
}

/** `items` in groups of one to four, as a drive loop would batch them. */
export const batchesOf = <A>(items: ReadonlyArray<A>, random: (below: number) => number): ReadonlyArray<ReadonlyArray<A>> => {
  const batches: Array<ReadonlyArray<A>> = []
  for (let from = 0; from < items.length;) {
    const size = 1 + random(4)
    batches.push(items.slice(from, from + size))
    from += size
  }
  return batches
}
