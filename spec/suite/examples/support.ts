/**
 * Examples as data: what was there (`given`), what happens (`when`), what must follow (`then`).
 *
 * An example is plain JSON, events and frames and expectations alike, so that it can be handed to an implementation in
 * another language as it stands. The builders below only save typing; `play` is the one place that knows the core.
 *
 * What `then` does not name is not looked at, with two exceptions: effects and reports that are not named must not happen.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as t from 'io-ts'
import {
  AccountEntry,
  Builds,
  type Collaborator,
  COLLABORATOR,
  type Collection,
  type Commits,
  Config,
  cursor,
  decodeFrame,
  decodeKnotFrame,
  Did,
  type Effect,
  Event,
  explain,
  Head,
  headOf,
  holdersOf,
  HostName,
  initial,
  isMember,
  isWanted,
  type Member,
  MEMBER,
  Natural,
  OrderedMap as M,
  REPO,
  repoAt,
  type Report,
  type RepoRecord,
  Rkey,
  run,
  type State,
  StatusEntry,
  TimeUs,
  wantedKnots
} from '../../../core/index.js'

// ---------------------------------------------------------------------------------------- model

export type WrittenConfig = t.OutputOf<typeof Config>
export type WrittenEvent = t.OutputOf<typeof Event>
export type WrittenEffect = t.OutputOf<typeof Effect>
/** Without `detail`: that is prose, and no two implementations need agree on it. */
export type WrittenReport = WithoutDetail<t.OutputOf<typeof Report>>
type WithoutDetail<R> = R extends unknown ? Omit<R, 'detail'> : never

/** The text of a frame of the stream, as it came over connection `connection` at `at`. */
export interface JetstreamFrame {
  readonly _tag: 'JetstreamFrame'
  readonly at: number
  readonly connection: number
  readonly text: string
}

/** The text of a frame of the knot `host`. */
export interface KnotFrame {
  readonly _tag: 'KnotFrame'
  readonly at: number
  readonly connection: number
  readonly host: string
  readonly text: string
}

export type Happening = WrittenEvent | JetstreamFrame | KnotFrame

/** A record that counts, with its key. */
export type Row = {
  readonly did: string
  readonly rkey: string
} & (
  | { readonly collection: typeof MEMBER; readonly record: t.OutputOf<typeof Member> }
  | { readonly collection: typeof REPO; readonly record: t.OutputOf<typeof Commits.Repo> }
  | { readonly collection: typeof COLLABORATOR; readonly record: t.OutputOf<typeof Collaborator> }
)

/** A key at which something was deleted, with the gate that was left there. */
export interface Tombstone {
  readonly collection: Collection
  readonly did: string
  readonly rev: string | null
  readonly rkey: string
}

/** What is known about an account as a whole. */
export interface Standing {
  readonly active: boolean
  readonly asOfUs: number
  readonly did: string
  readonly floor: { readonly rev: string | null; readonly timeUs: number } | null
}

/** What is kept of a push with a spent key. */
export interface Spent {
  readonly actor: string | null
  readonly outcome: 'left' | 'met' | 'over'
  readonly rkey: string
}

/** A question to the state, and the answer (S17). */
export type Question =
  | { readonly ask: 'isMember'; readonly did: string; readonly answer: boolean }
  | {
      readonly ask: 'repoAt'
      readonly did: string
      readonly rkey: string
      readonly answer: t.OutputOf<typeof Commits.Repo> | null
    }
  | { readonly ask: 'isWanted'; readonly host: string; readonly answer: boolean }
  | { readonly ask: 'holdersOf'; readonly host: string; readonly answer: ReadonlyArray<string> }
  | { readonly ask: 'wantedKnots'; readonly answer: ReadonlyArray<string> }

export interface Expectation {
  readonly accounts?: ReadonlyArray<Standing>
  /** The slices of the state that `when` changes. */
  readonly changes?: ReadonlyArray<keyof State>
  readonly cursor?: number | null
  /** What is to be done because of `when`, reports aside, in order. Not named: nothing. */
  readonly effects?: ReadonlyArray<WrittenEffect>
  readonly questions?: ReadonlyArray<Question>
  /** What is reported because of `when`, in order. Not named: nothing. */
  readonly reports?: ReadonlyArray<WrittenReport>
  /** All rows that count, by DID, then members, repos and collaborators, then by rkey. */
  readonly rows?: ReadonlyArray<Row>
  /** All spent keys that are kept with what they told of a push (T6), by knot and key. */
  readonly spent?: ReadonlyArray<Spent>
  /** The knots to which we are subscribed, ascending. */
  readonly subscriptions?: ReadonlyArray<string>
  readonly tombstones?: ReadonlyArray<Tombstone>
}

export interface Example {
  readonly config: WrittenConfig
  readonly given: ReadonlyArray<Happening>
  /** Begins with the number of the rule, and the number of the example under it: `S13.2`. */
  readonly name: string
  readonly then: Expectation
  readonly when: ReadonlyArray<Happening>
}

interface Parts {
  readonly config?: Partial<WrittenConfig>
  readonly given?: ReadonlyArray<Happening>
  readonly then: Expectation
  readonly when: ReadonlyArray<Happening>
}

// ---------------------------------------------------------------------------------------- the world of the examples

export const US = 'ci.example'
export const OWNER = 'did:plc:owner2222222222222222222'
export const ALICE = 'did:plc:alice2222222222222222222'
export const BOB = 'did:plc:bob222222222222222222222'
export const K1 = 'knot1.example'
export const K2 = 'knot2.example'

/** As in the model: whoever names us is listened to, and nobody's records are read. Examples of D7 and of the backfill say otherwise. */
export const CONFIG: WrittenConfig = {
  admission: 'open',
  backfill: false,
  builds: {
    allow: [],
    backoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 0 },
    keepStatuses: 20_000,
    keepUnits: 67_108_864,
    owedUnits: 134_217_728,
    pendingMs: 86_400_000,
    providers: [],
    runningMs: 21_600_000
  },
  caps: { admitted: 30_000, stranger: 1_000, strangers: 100_000 },
  collaborators: 'records',
  hostname: US,
  hosts: { defaultPort: 443, loopback: false, ports: false },
  jetstream: 'wss://stream.example/subscribe',
  jetstreamBackoff: { baseMs: 2_000, capMs: 60_000, healthyAfterMs: 30_000 },
  knotBackoff: { baseMs: 2_000, capMs: 300_000, healthyAfterMs: 30_000 },
  owner: OWNER,
  rewindUs: 5_000_000,
  toleranceUs: 60_000_000
}

export const example = (name: string, { config, given, then, when }: Parts): Example => ({
  config: { ...CONFIG, ...config },
  given: given ?? [],
  name,
  then,
  when
})

// ---------------------------------------------------------------------------------------- builders: times and revs

const NEW_YEAR_US = 1_767_225_600_000_000
const SECOND_US = 1_000_000
export const MINUTE = 60

/** The stamp `seconds` after the beginning of 2026, in microseconds. */
export const at = (seconds: number): number => NEW_YEAR_US + seconds * SECOND_US

const BASE32 = '234567abcdefghijklmnopqrstuvwxyz'

/** The rev of a commit made at `timeUs`, by the clock with this id. */
export const rev = (timeUs: number | bigint, clockId = 0): string => {
  const bits = (BigInt(timeUs) << 10n) | BigInt(clockId)
  return Array.from({ length: 13 }, (_, i) => BASE32.charAt(Number((bits >> BigInt(5 * (12 - i))) & 31n))).join('')
}

/** Frames of an example reach us a second after their stamp, so that the two cannot be mistaken for each other. */
export const receipt = (timeUs: number): number => timeUs + SECOND_US

// ---------------------------------------------------------------------------------------- builders: records and rows

const CREATED = '2026-01-01T00:00:00Z'

/** A member record, by default one that makes Alice a member of ours. */
export const member = (record: Partial<t.OutputOf<typeof Member>> = {}) =>
  ({
    collection: MEMBER,
    record: { createdAt: CREATED, instance: US, subject: ALICE, ...record }
  }) as const

/** A repo record, by default one that names us, on the first knot. */
export const repo = (record: Partial<t.OutputOf<typeof RepoRecord>> = {}) =>
  ({
    collection: REPO,
    record: { createdAt: CREATED, knot: K1, name: 'app', repoDid: '', spindle: US, ...record }
  }) as const

export const collaborator = (record: Partial<t.OutputOf<typeof Collaborator>> = {}) =>
  ({
    collection: COLLABORATOR,
    record: { createdAt: CREATED, repo: '', repoDid: '', subject: BOB, ...record }
  }) as const

type Written = ReturnType<typeof member> | ReturnType<typeof repo> | ReturnType<typeof collaborator>

/** The row that a record becomes. */
export const row = (did: string, rkey: string, written: Written): Row => ({ did, rkey, ...written })

/** The row of a repo record whose knot was not accepted (D6), or that named none. */
export const knotless = (did: string, rkey: string, { collection, record }: ReturnType<typeof repo>): Row => ({
  collection,
  did,
  record: { ...record, knot: null },
  rkey
})

export const tombstone = (did: string, collection: Collection, rkey: string, rev: string | null): Tombstone => ({
  collection,
  did,
  rev,
  rkey
})

// ---------------------------------------------------------------------------------------- builders: what happens

interface Circumstances {
  readonly at?: number
  readonly connection?: number
  readonly ordinal?: number | null
  readonly rev?: string | null
}

const circumstances = (timeUs: number, given: Circumstances) => ({
  at: given.at ?? receipt(timeUs),
  connection: given.connection ?? 0,
  ordinal: given.ordinal ?? null,
  rev: given.rev === undefined ? rev(timeUs) : given.rev,
  timeUs
})

/** `did` puts a record at `rkey`: a commit stamped `timeUs`, by default with a rev of that time, before any connection. */
export const put = (did: string, rkey: string, written: Written, timeUs: number, given: Circumstances = {}): WrittenEvent => ({
  _tag: 'CommitReceived',
  did,
  rkey,
  ...written,
  ...circumstances(timeUs, given)
})

/** `did` deletes the record at `rkey`. */
export const del = (
  did: string,
  collection: Collection,
  rkey: string,
  timeUs: number,
  given: Circumstances = {}
): WrittenEvent => ({
  _tag: 'CommitReceived',
  collection,
  did,
  record: null,
  rkey,
  ...circumstances(timeUs, given)
})

/** What the account's own side says of an account event. */
interface Said {
  readonly changedUs?: number
  readonly seq?: number
}

/** The account of `did` is active (`'active'`), or is not, for the reason that is given. */
export const account = (did: string, status: string | null, timeUs: number, given: Circumstances & Said = {}): WrittenEvent => {
  const { at, connection, ordinal } = circumstances(timeUs, given)
  return {
    _tag: 'AccountReceived',
    active: status === 'active',
    at,
    changedUs: given.changedUs ?? null,
    connection,
    did,
    ordinal,
    seq: given.seq ?? null,
    status: status === 'active' ? null : status,
    timeUs
  }
}

/** A frame that concerns nobody here. */
export const passing = (timeUs: number, given: Circumstances = {}): WrittenEvent => {
  const { at, connection, ordinal } = circumstances(timeUs, given)
  return { _tag: 'StreamAdvanced', at, connection, count: 1, firstUs: timeUs, lastUs: timeUs, ordinal }
}

/** The text of a frame that is received at `received`. */
export const frame = (value: unknown, received: number, connection = 0): JetstreamFrame => ({
  _tag: 'JetstreamFrame',
  at: received,
  connection,
  text: typeof value === 'string' ? value : JSON.stringify(value)
})

export const knotFrame = (host: string, text: string, received: number, connection: number): KnotFrame => ({
  _tag: 'KnotFrame',
  at: received,
  connection,
  host,
  text
})

export const started = (when: number, config: Partial<WrittenConfig> = {}, resumeFrom: number | null = null): WrittenEvent => ({
  _tag: 'Started',
  at: when,
  config: { ...CONFIG, ...config },
  resumeFrom
})
/** The operator had an event passed over. */
export const passedOver = (of: string, about: string, when: number) => ({ _tag: 'PassedOver' as const, about, at: when, of })
export const stop = (when: number): WrittenEvent => ({ _tag: 'StopRequested', at: when })
export const opened = (connection: number, when: number): WrittenEvent => ({ _tag: 'JetstreamOpened', at: when, connection })
export const closed = (connection: number, when: number): WrittenEvent => ({
  _tag: 'JetstreamClosed',
  at: when,
  connection,
  poisoned: false
})
export const poisoned = (connection: number, when: number): WrittenEvent => ({
  _tag: 'JetstreamClosed',
  at: when,
  connection,
  poisoned: true
})
export const timer = (connection: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'JetstreamTimer', connection }
})
export const knotOpened = (host: string, connection: number, when: number): WrittenEvent => ({
  _tag: 'KnotOpened',
  at: when,
  connection,
  host
})
export const knotClosed = (host: string, connection: number, when: number): WrittenEvent => ({
  _tag: 'KnotClosed',
  at: when,
  connection,
  host
})
export const knotTimer = (host: string, connection: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'KnotTimer', connection, host }
})

// ---------------------------------------------------------------------------------------- builders: what follows

export const open = (connection: number, cursor: number | null, ordinal: number | null = null): WrittenEffect => ({
  _tag: 'OpenJetstream',
  connection,
  cursor,
  ordinal
})
export const close = (connection: number): WrittenEffect => ({ _tag: 'CloseJetstream', connection })
export const subscribe = (host: string, connection: number, cursor: string | null = null): WrittenEffect => ({
  _tag: 'SubscribeKnot',
  connection,
  cursor,
  host
})
export const unsubscribe = (host: string, connection: number): WrittenEffect => ({ _tag: 'UnsubscribeKnot', connection, host })
export const wake = (connection: number, highMs: number, lowMs = 0): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs,
  lowMs,
  timer: { _tag: 'JetstreamTimer', connection }
})
export const wakeKnot = (host: string, connection: number, highMs: number): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs,
  lowMs: 0,
  timer: { _tag: 'KnotTimer', connection, host }
})

type Of<Tag extends WrittenReport['_tag']> = Extract<WrittenReport, { readonly _tag: Tag }>

export const rejected = (
  reason: Of<'FrameRejected'>['reason'],
  when: number,
  named: Partial<Pick<Of<'FrameRejected'>, 'collection' | 'did' | 'operation' | 'rkey'>> = {}
): WrittenReport => ({
  _tag: 'FrameRejected',
  at: when,
  collection: null,
  did: null,
  operation: null,
  reason,
  rkey: null,
  ...named
})
export const fromFuture = (did: string | null, timeUs: number, when: number): WrittenReport => ({
  _tag: 'FrameFromFuture',
  at: when,
  did,
  timeUs
})
export const gap = (askedUs: number, gotUs: number, when: number): WrittenReport => ({ _tag: 'Gap', askedUs, at: when, gotUs })
export const tooLong = (did: string, collection: Collection, rkey: string, [field, limit]: readonly [string, number], when: number): WrittenReport => ({
  _tag: 'FieldTooLong',
  at: when,
  collection,
  did,
  field,
  limit,
  rkey
})
export const refused = (did: string, rkey: string, knot: string, when: number): WrittenReport => ({
  _tag: 'KnotRefused',
  at: when,
  did,
  knot,
  rkey
})

// ---------------------------------------------------------------------------------------- playing

/** The value of what is right, or an error that says what is wrong with it: an example that is no example has failed. */
export const must = <A>(decoded: E.Either<t.Errors, A>): A => {
  if (E.isLeft(decoded)) throw new Error(explain(decoded.left))
  return decoded.right
}

const receiptOf = ({ at, connection }: JetstreamFrame | KnotFrame) => ({
  at: must(TimeUs.decode(at)),
  connection: must(Natural.decode(connection))
})

/** The event that a happening stands for: frames are decoded. */
export const eventOf = (happening: Happening): Event => {
  switch (happening._tag) {
    case 'JetstreamFrame':
      return E.toUnion(decodeFrame(receiptOf(happening))(happening.text))
    case 'KnotFrame':
      return E.toUnion(decodeKnotFrame({ ...receiptOf(happening), host: must(HostName.decode(happening.host)) })(happening.text))
    default:
      return must(Event.decode(happening))
  }
}

const slotsOf = (state: State) =>
  M.toEntries(state.commits.accounts).flatMap(([did, { active, collaborators, members, repos }]) => [
    ...M.toEntries(members).map(([rkey, slot]) => ({ active, collection: MEMBER, did, rkey, slot }) as const),
    ...M.toEntries(repos).map(([rkey, slot]) => ({ active, collection: REPO, did, rkey, slot }) as const),
    ...M.toEntries(collaborators).map(([rkey, slot]) => ({ active, collection: COLLABORATOR, did, rkey, slot }) as const)
  ])

const answerTo = (question: Question, state: State): Question => {
  switch (question.ask) {
    case 'isMember':
      return { ...question, answer: isMember(question.did)(state) }
    case 'repoAt':
      return {
        ...question,
        answer: O.toNullable(repoAt(must(Did.decode(question.did)), must(Rkey.decode(question.rkey)))(state))
      }
    case 'isWanted':
      return { ...question, answer: isWanted(must(HostName.decode(question.host)))(state) }
    case 'holdersOf':
      return { ...question, answer: holdersOf(must(HostName.decode(question.host)))(state) }
    case 'wantedKnots':
      return { ...question, answer: wantedKnots(state) }
  }
}

const SLICES: ReadonlyArray<keyof State> = ['access', 'backfill', 'builds', 'commits', 'config', 'counters', 'cursor', 'isStopped', 'knots']

/** Each slice as it is written down: what is derived, and the shape of trees, is no part of its value. */
const writtenOf = (state: State): { readonly [slice in keyof State]: string } => {
  const { access, backfill, builds, config, counters, cursor, isStopped, knots } = Head.encode(headOf(state))
  const accounts = M.toEntries(state.commits.accounts).map(([did, account]) => AccountEntry.encode([did, account]))
  const runs = M.toEntries(state.builds.runs).map(([key, run]) => Builds.RunEntry.encode([key, run]))
  const statuses = M.toEntries(state.builds.log).map(([, entry]) => StatusEntry.encode(entry))
  return {
    access: JSON.stringify(access),
    backfill: JSON.stringify(backfill),
    builds: JSON.stringify([builds, runs, statuses]),
    commits: JSON.stringify(accounts),
    config: JSON.stringify(config),
    counters: JSON.stringify(counters),
    cursor: JSON.stringify(cursor),
    isStopped: JSON.stringify(isStopped),
    knots: JSON.stringify(knots)
  }
}

const withoutDetail = (report: object): object =>
  Object.fromEntries(Object.entries(report).filter(([field]) => field !== 'detail'))

/** What an expectation may speak of, as the core has it. Every field is there; `questions` are those that were asked. */
export type Observation = { readonly [field in keyof Required<Expectation>]: unknown }

export const initialOf = (config: WrittenConfig): State => initial(must(Config.decode(config)))

export const foldOf = (state: State, happenings: ReadonlyArray<Happening>) => run(state, happenings.map(eventOf))

/** Plays the example on the core, and says what came of it. */
export const play = ({ config, given, then, when }: Example): Observation => {
  const [before] = foldOf(initialOf(config), given)
  const [after, effects] = foldOf(before, when)
  const slots = slotsOf(after)
  const [was, is] = [writtenOf(before), writtenOf(after)]
  return {
    accounts: M.toEntries(after.commits.accounts).map(([did, { active, asOfUs, floor }]) => ({ active, asOfUs, did, floor })),
    changes: SLICES.filter((slice) => was[slice] !== is[slice]),
    cursor: cursor(after),
    effects: effects.filter((effect) => effect._tag !== 'Report'),
    questions: (then.questions ?? []).map((question) => answerTo(question, after)),
    reports: effects.flatMap((effect) => (effect._tag === 'Report' ? [withoutDetail(effect.report)] : [])),
    rows: slots.flatMap(({ active, collection, did, rkey, slot }) =>
      active && slot.record !== null ? [{ collection, did, record: slot.record, rkey }] : []
    ),
    spent: M.toEntries(after.builds.sources).flatMap(([, { spent }]) =>
      M.toEntries(spent).flatMap(([rkey, told]) => (told === null ? [] : [{ actor: told.actor, outcome: told.outcome, rkey }]))
    ),
    subscriptions: M.keys(after.knots.subscriptions),
    tombstones: slots.flatMap(({ collection, did, rkey, slot }) =>
      slot.record === null ? [{ collection, did, rev: slot.rev, rkey }] : []
    )
  }
}

/** The expectation with what goes without saying. */
export const expected = (then: Expectation): Expectation => ({ effects: [], reports: [], ...then })

/** The part of an observation that the example speaks of. */
export const spokenOf = (then: Expectation, observed: Observation): Partial<Observation> =>
  Object.fromEntries(Object.entries(observed).filter(([field]) => field in expected(then)))
