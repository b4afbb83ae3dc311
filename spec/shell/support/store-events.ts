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
  holdersOf,
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

/** Rows of everybody are kept, and so few statuses that some are dropped, and builds with them. */
export const config: Config = valid(
  Config.decode({
    ...defaults({ hostname: HOSTNAME, owner: OWNER }),
    backfill: false,
    caps: { admitted: 100_000, stranger: 100_000, strangers: 100_000 },
    builds: { ...defaults({ hostname: HOSTNAME, owner: OWNER }).builds, keepStatuses: 6, providers: ['p'] }
  })
)

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

/** A trigger of a repository that holds the knot. */
const triggerOf = (holder: string, text: string): Json => {
  const slash = holder.indexOf('/')
  return {
    actor: null,
    cause: { _tag: 'Push', changedFiles: [text], newSha: '2'.repeat(40), oldSha: '1'.repeat(40), ref: 'refs/heads/main', skipsCi: false },
    defaultBranch: 'main',
    kind: 'pipeline',
    repo: { did: null, knot: null, name: holder.slice(slash + 1), owner: holder.slice(0, slash) },
    shape: null,
    unkept: [],
    workflows: [{ name: 'w', text }]
  }
}

const workflowsOf = (text: string): Json => [
  {
    _tag: 'Defined',
    clone: { depth: 1, skip: false, submodules: false },
    content: '',
    engine: 'tack',
    environment: [[text, text]],
    name: 'CI é.yml',
    steps: [{ command: text, environment: [], name: text }],
    targets: [{ pipeline: text, provider: 'p', settings: [['key', text]] }],
    units: 200,
    when: []
  },
  { _tag: 'Faulty', content: '', error: text, name: 'bad.yml', when: null }
]

const splitKey = (key: string) => ({ knot: key.slice(0, key.indexOf('/')), rkey: key.slice(key.indexOf('/') + 1) })

/** The runs whose workflow files are being read, and the builds that something is owed about. */
const askedIn = ({ builds }: State) => {
  const runs = OrderedMap.toEntries(builds.runs)
  return {
    builds: runs.flatMap(([key, run]) =>
      OrderedMap.toEntries(run.builds).map(([workflow, { phase }]) => ({ build: { ...splitKey(key), workflow }, phase }))
    ),
    reading: runs.flatMap(([key, { phase }]) => (phase._tag === 'Reading' ? [{ ...splitKey(key), number: phase.request.number }] : []))
  }
}

/** What somebody says about a build or a trigger; `null` when there is none. */
const buildEvent = (state: State, kind: number, [which, how]: Draw, at: number, text: string): object | null => {
  const { builds, reading } = askedIn(state)
  const run = pick(reading, which)
  if (kind === 10)
    return run === undefined
      ? null
      : (how ?? 0) % 6 === 0
        ? { _tag: 'RequestFailed', at, error: text, isFinal: false, number: run.number, requested: { _tag: 'Workflows', knot: run.knot, rkey: run.rkey }, waitMs: 0 }
        : { _tag: 'WorkflowsRead', at, defaultBranch: 'main', sources: (how ?? 0) % 2 === 0 ? [{ name: 'ci.yml', text }] : null, unkept: (how ?? 0) % 3 === 0 ? [text] : [], workflows: workflowsOf(text), ...run }
  const asked = pick(builds, which)
  if (asked === undefined) return null
  const { build, phase } = asked
  const { knot, rkey, workflow } = build
  const number = 'request' in phase ? phase.request.number : 0
  switch (kind) {
    case 11:
      return [
        { _tag: 'BuildAccepted', at, build, external: text, number },
        { _tag: 'RequestFailed', at, error: text, isFinal: true, number, requested: { _tag: 'Build', build }, waitMs: 0 },
        { _tag: 'BuildMissing', at, build, number, settleMs: 0 },
        { _tag: 'RequestFailed', at, error: text, isFinal: false, number, requested: { _tag: 'Build', build }, waitMs: 7 },
        { _tag: 'CancelAcknowledged', at, build, number }
      ][(how ?? 0) % 5] ?? null
    case 12: {
      const status = pick(['running', 'success', 'failed', 'running'], how)
      return { _tag: 'BuildReported', at, build, error: text, exitCode: how, external: 'external' in phase ? (phase.external ?? text) : text, provider: 'p', status }
    }
    case 13:
      return { _tag: 'CancelRequested', at, knot, rkey, workflow: (how ?? 0) % 2 === 0 ? null : workflow }
    default:
      return { _tag: 'RetryRequested', at, knot, rkey, workflow: null }
  }
}

/** A page of the records that are being read, of which one is new. */
const pageOf = (state: State, which: number | undefined, at: number, record: Json): object | null => {
  const reading = pick(OrderedMap.toEntries(state.backfill.accounts), which)
  if (reading === undefined) return null
  const [did, { collection, request: { number } }] = reading
  return { _tag: 'RecordsRead', at, collection, did, next: null, number, records: [{ collection, record, rkey: 'read' }] }
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
          changedUs: how % 5 === 0 ? null : at,
          connection,
          did,
          ordinal: null,
          seq: how % 7 === 0 ? null : how,
          status: how % 3 === 0 ? 'deleted' : text,
          timeUs: at
        }
      case 4:
        return { _tag: 'StreamAdvanced', at, connection, count: 7, firstUs: at - 6, lastUs: at, ordinal: n }
      case 5:
        return {
          _tag: 'FrameRejected',
          at,
          collection,
          connection,
          detail: text,
          did,
          operation: null,
          ordinal: null,
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
              payload: how % 2 === 0 ? { _tag: 'Other' } : { _tag: 'Unreadable', detail: text },
              rkey: 'a'
            }
      case 9: {
        const holder = host === undefined ? undefined : pick(holdersOf(host)(state), what)
        return knot === undefined || holder === undefined
          ? null
          : {
              _tag: 'KnotReceived',
              at,
              connection: knot,
              created: `${String(at)}000`,
              host,
              nsid: 'sh.tangled.pipeline',
              payload: { _tag: 'Trigger', trigger: triggerOf(holder, text) },
              rkey: `t${String(n)}`
            }
      }
      case 10:
      case 11:
      case 12:
      case 13:
      case 14:
        return buildEvent(state, kind, [who ?? 0, how], at, text)
      case 15: {
        const reading = pick(OrderedMap.toEntries(state.backfill.accounts), who)
        return pageOf(state, who, at, recordOf(reading?.[1].collection ?? '', text, [how, n, kind]))
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
    ordinal: how % 2 === 0 ? n : null,
    record: how % 4 === 0 ? null : recordOf(collection, text, [how, n, kind]),
    rev: null,
    rkey: pick(RKEYS, how),
    timeUs: at
  }
  return valid(Event.decode(json() ?? commit))
}

/** One more than the greatest number in each place of a draw. */
const BELOW = [32, 4, 3, TEXTS.length, 12] as const

/** A start, a repository of the owner's, and a push to it: what every life begins with. */
const BEGINNING: ReadonlyArray<Draw> = [[0], [1], [20, 0, 0, 2, 5], [6], [9, 0, 0, 0], [10, 0, 0, 4, 1], [11, 0, 0, 3, 0], [12, 0, 0, 5, 0]]

/** What happened, from `Started` on. */
const lifeFrom = (draws: ReadonlyArray<Draw>): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  let state = start
  for (const [n, draw] of [...BEGINNING, ...draws].entries()) {
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
  return lifeFrom(Array.from({ length: length - BEGINNING.length }, () => BELOW.map(random)))
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
