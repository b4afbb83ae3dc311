/**
 * Servers of accounts beside the stream: what people write is on their servers at once, comes over the stream later, and is read
 * from the servers in pages, in between, in any interleaving. At the end everything has been delivered and answered.
 */
import fc from 'fast-check'
import {
  COLLABORATOR,
  COLLECTIONS,
  type Collection,
  type Config,
  type Did,
  type Effect,
  type Event,
  initial,
  isMember,
  type ListedRecord,
  MEMBER,
  type Natural,
  REPO,
  type Rkey,
  type State,
  step,
  type TimeUs
} from '../../../core/index.js'
import { type Change, commitOf, tidAt } from '../laws/events.js'
import type { Settled } from '../laws/backfill.js'
import { type Run, runOf } from '../laws/run.js'
import { configWith } from './config.js'
import { ALICE, BOB, EPOCH_US, HOSTNAME, OWNER, pick, SECOND_US, weighted } from './data.js'

const RKEYS = ['a', 'b', '__proto__'].map((rkey) => rkey as Rkey)
const PAGE = 2

interface Act {
  readonly kind: 'write' | 'deliver' | 'serve' | 'answer' | 'fail' | 'restart'
  readonly n: number
}

export interface Servers {
  readonly acts: ReadonlyArray<Act>
  /** How many writes there were before the stream began. */
  readonly before: number
}

const acts: fc.Arbitrary<Act> = fc.record(
  {
    kind: weighted<Act['kind']>([6, 'write'], [5, 'deliver'], [4, 'serve'], [4, 'answer'], [1, 'fail'], [1, 'restart']),
    n: fc.nat(10_000)
  },
  { noNullPrototype: true }
)

const recordOf = (collection: Collection, mark: number): Change => {
  const subject = pick([ALICE, BOB, OWNER], mark)
  switch (collection) {
    case REPO:
      return { collection, record: { createdAt: '', knot: 'knot1.example', name: `v${String(mark)}`, repoDid: '', spindle: HOSTNAME } }
    case MEMBER:
      return { collection, record: { createdAt: '', instance: HOSTNAME, subject } }
    case COLLABORATOR:
      return { collection, record: { createdAt: '', repo: '', repoDid: '', subject } }
  }
}

const markOf = ({ record }: Change): string => (record === null ? '' : 'name' in record ? record.name : record.subject)

/** Every start takes one of `configs`, the first one the first. */
const settle = ({ acts: drawn, before }: Servers, configs: ReadonlyArray<Config>): Settled => {
  const config = pick(configs, 0)
  const servers = new Map<Did, Map<string, Change>>([OWNER, ALICE, BOB].map((did) => [did, new Map()]))
  const stream: Array<(connection: number) => Event> = []
  const events: Array<Event> = []
  let asked: Array<Extract<Effect, { readonly _tag: 'ReadRecords' }>> = []
  let answers: Array<Event> = []
  let state: State = initial(config)
  let clock = EPOCH_US

  const tick = (): TimeUs => (clock += SECOND_US) as TimeUs

  const take = (event: Event): void => {
    events.push(event)
    const [after, effects] = step(state, event)
    state = after
    asked.push(...effects.flatMap((effect) => (effect._tag === 'ReadRecords' ? [effect] : [])))
    // Pauses end at once: what matters is the order of things, not how long they take.
    for (const effect of effects)
      if (effect._tag === 'WakeAfter' && effect.timer._tag === 'RequestTimer' && effect.timer.requested._tag === 'Records') take({ _tag: 'TimerFired', at: tick(), timer: effect.timer })
  }

  const write = (n: number, isHeard: boolean): void => {
    const did = pick([OWNER, OWNER, ALICE, BOB], n)
    const collection = pick(COLLECTIONS, n >> 2)
    const rkey = pick(RKEYS, n >> 4)
    const server = servers.get(did) ?? new Map<string, Change>()
    const key = `${collection} ${rkey}`
    const change: Change = (n >> 6) % 3 === 0 ? { collection, record: null } : recordOf(collection, n >> 8)
    if (change.record === null) server.delete(key)
    else server.set(key, change)
    const at = tick()
    if (isHeard) stream.push((connection) => commitOf(change, { at, connection, did, rev: tidAt(at), rkey, timeUs: at }))
  }

  const deliver = (): boolean => {
    const next = stream.shift()
    if (next !== undefined) take(next(state.cursor.connection.number))
    return next !== undefined
  }

  /** The server makes up its answer: what is there now. It may be on its way for long. */
  const serve = (fails: boolean): boolean => {
    const request = asked.shift()
    if (request === undefined) return false
    const { collection, cursor, did, number } = request
    if (fails) {
      answers.push({ _tag: 'RequestFailed', at: tick(), error: 'no answer', isFinal: false, number, requested: { _tag: 'Records', did }, waitMs: 0 as Natural })
      return true
    }
    const all = [...(servers.get(did) ?? new Map<string, Change>())]
      .filter(([key]) => key.startsWith(`${collection} `))
      .map(([key, change]): readonly [string, Change] => [key.slice(collection.length + 1), change])
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([rkey]) => cursor === null || rkey > cursor)
    const page = all.slice(0, PAGE)
    const records = page.flatMap(([rkey, { collection: of, record }]) =>
      record === null ? [] : [{ collection: of, record, rkey: rkey as Rkey } as ListedRecord]
    )
    const next = all.length > PAGE ? (page[page.length - 1]?.[0] ?? null) : null
    answers.push({ _tag: 'RecordsRead', at: tick(), collection, did, next, number, records })
    return true
  }

  const answer = (): boolean => {
    const next = answers.shift()
    if (next !== undefined) take(next)
    return next !== undefined
  }

  const start = (n: number): void => {
    asked = []
    answers = []
    take({ _tag: 'Started', at: tick(), config: pick(configs, n), resumeFrom: null })
    take({ _tag: 'JetstreamOpened', at: tick(), connection: state.cursor.connection.number })
  }

  const act = ({ kind, n }: Act): void => {
    switch (kind) {
      case 'write':
        return write(n, true)
      case 'deliver':
        return void deliver()
      case 'serve':
        return void serve(false)
      case 'answer':
        return void answer()
      case 'fail':
        return void serve(true)
      case 'restart':
        return start(n)
    }
  }

  for (let i = 0; i < before; i++) write(pick(drawn, i).n, false)
  start(0)
  drawn.forEach(act)
  while (deliver() || serve(false) || answer());

  const admitted = [OWNER, ALICE, BOB].filter((did) => did === OWNER || isMember(did)(state))
  return {
    end: state,
    run: runOf(config, events),
    servers: new Map(
      admitted.map((did) => [did, [...(servers.get(did) ?? new Map<string, Change>())].map(([key, change]) => `${key} ${markOf(change)}`).sort()])
    )
  }
}

const servers: fc.Arbitrary<Servers> = fc.record(
  { acts: fc.array(acts, { maxLength: 60, minLength: 1, size: 'max' }), before: fc.nat(12) },
  { noNullPrototype: true }
)

export const settled: fc.Arbitrary<Settled> = servers.map((drawn) => settle(drawn, [configWith({ backfill: true })]))

/** Runs in which starts may have another owner, or read nothing. */
export const successions: fc.Arbitrary<Run> = servers.map(
  (drawn) =>
    settle(drawn, [configWith({ backfill: true }), configWith({ backfill: true, owner: ALICE }), configWith({ backfill: false })]).run
)
