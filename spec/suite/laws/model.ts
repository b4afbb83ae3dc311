/**
 * The naive model of rows: the same rules as the core's, written down a second time in the plainest way there is. Mutable
 * maps, no indexes; who is a member and which knots are wanted is found by reading all rows, every time.
 *
 * It shares no code with the core but the canonical form of host names, which has laws of its own.
 */
import * as O from 'fp-ts/lib/Option.js'
import {
  type AccountReceived,
  canonical,
  canonicalHost,
  COLLABORATOR,
  type Collection,
  type CommitReceived,
  type Commits,
  type Config,
  type Did,
  type Event,
  type Json,
  MEMBER,
  OrderedMap as M,
  REPO,
  type Tid
} from '../../../core/index.js'
import { timeOf } from './events.js'
import { FUTURE_US } from './run.js'

// ---------------------------------------------------------------------------------------- rows

interface Row {
  readonly record: Json
  readonly rev: Tid | null
  readonly timeUs: number
}

interface Account {
  active: boolean
  asOfUs: number
  floor: { readonly rev: Tid | null; readonly timeUs: number } | null
  readonly horizonUs: number | null
  setAside: { readonly changedUs: number; readonly isOver: boolean; readonly seq: number } | null
  /** By collection and rkey: `sh.tangled.repo/self`. */
  readonly rows: Map<string, Row>
}

export interface Model {
  readonly accounts: Map<string, Account>
  config: Config
  /** How far the stream has come: the greatest stamp that was not from the future. */
  cursor: number | null
}

export const modelOf = (config: Config): Model => ({ accounts: new Map(), config, cursor: null })

// ---------------------------------------------------------------------------------------- who is known

/** Whether only those are known who are admitted (D7). */
const isSelective = ({ admission, backfill }: Config): boolean => admission === 'members' && backfill

/** Whom live records of the owner name, whether or not the owner is set aside; by reading all of them. */
const namedIn = (model: Model): ReadonlySet<string> => {
  const rows = [...(model.accounts.get(model.config.owner)?.rows ?? [])]
  return new Set(
    rows.flatMap(([key, { record }]) =>
      key.startsWith(`${MEMBER}/`) && isMemberRecord(record) && record.instance === model.config.hostname && record.subject !== '' ? [record.subject] : []
    )
  )
}

const isMemberRecord = (record: Json): record is { readonly instance: string; readonly subject: string } =>
  typeof record === 'object' && record !== null && 'subject' in record && 'instance' in record

const isOurs = (model: Model, did: string): boolean => did === model.config.owner || namedIn(model).has(did)

/** Whoever is not named any more goes, and whoever is a member is known from now on. */
const settle = (model: Model): void => {
  if (!isSelective(model.config)) return
  for (const did of [...model.accounts.keys()]) if (!isOurs(model, did)) model.accounts.delete(did)
  if (model.accounts.get(model.config.owner)?.active === false) return
  for (const subject of namedIn(model)) if (isDid(subject)) admit(model, subject)
}

const isDid = (text: string): boolean => text.startsWith('did:')

const admit = (model: Model, did: string): void => {
  if (model.accounts.has(did)) return
  const { cursor } = model
  model.accounts.set(did, { active: true, asOfUs: cursor ?? 0, floor: null, horizonUs: cursor, rows: new Map<string, Row>(), setAside: null })
}

/** Whether there is room for one more key of the account, by counting all there are. */
const hasRoom = (model: Model, did: string): boolean => {
  const { caps } = model.config
  const own = model.accounts.get(did)?.rows.size ?? 0
  if (isOurs(model, did)) return own < caps.admitted
  const all = [...model.accounts].filter(([other]) => !isOurs(model, other)).reduce((n, [, { rows }]) => n + rows.size, 0)
  return own < caps.stranger && all < caps.strangers
}

const keyOf = (collection: Collection, rkey: string) => `${collection}/${rkey}`

/** A stamp from the future counts as its time of receipt (D5). */
const believed = (timeUs: number, at: number): number => (timeUs > at + FUTURE_US ? at : timeUs)

/** Whether the commit is news by every gate there is (D3, D5); what it was stopped by otherwise. */
export const gate = (model: Model, event: CommitReceived): 'none' | 'floor' | 'horizon' | 'rev' | 'room' | 'stranger' | 'time' => {
  const rev = usable(event)
  const account = model.accounts.get(event.did)
  const noRoom = hasRoom(model, event.did) ? 'none' : 'room'
  if (account === undefined) return isSelective(model.config) && event.did !== model.config.owner ? 'stranger' : noRoom
  const { floor } = account
  if (floor !== null) {
    if (rev === null) return 'floor'
    if (timeOf(rev) <= BigInt(floor.timeUs)) return 'floor'
    if (floor.rev !== null && rev <= floor.rev) return 'floor'
  }
  const row = account.rows.get(keyOf(event.collection, event.rkey))
  if (account.horizonUs !== null && event.timeUs <= account.horizonUs && (row?.rev ?? null) === null) return 'horizon'
  if (row === undefined) return noRoom
  if (rev === null) return event.timeUs > row.timeUs ? 'none' : 'time'
  return row.rev === null || rev > row.rev ? 'none' : 'rev'
}

/** The rev, unless it lies more than five minutes after its own event (D3). */
const usable = ({ rev, timeUs }: CommitReceived): Tid | null =>
  rev !== null && timeOf(rev) <= BigInt(timeUs) + BigInt(FUTURE_US) ? rev : null

const commit = (model: Model, event: CommitReceived): void => {
  if (gate(model, event) !== 'none') return
  const account = model.accounts.get(event.did) ?? {
    active: true,
    asOfUs: believed(event.timeUs, event.at),
    floor: null,
    horizonUs: null,
    rows: new Map<string, Row>(),
    setAside: null
  }
  const key = keyOf(event.collection, event.rkey)
  const before = account.rows.get(key)
  account.rows.set(key, {
    record: written(model.config, event),
    rev: usable(event) ?? before?.rev ?? null,
    timeUs: Math.max(event.timeUs, before?.timeUs ?? 0)
  })
  model.accounts.set(event.did, account)
}

/** How long a field may be (S9). */
const MOST: { readonly [field: string]: number } = {
  createdAt: 64,
  instance: 260,
  knot: 260,
  name: 512,
  repo: 2_600,
  repoDid: 2_048,
  spindle: 260,
  subject: 2_048
}

/** What counts of the record: nothing that is too long (S9). */
export const counted = <R extends object>(record: R): R =>
  Object.fromEntries(Object.entries(record).map(([field, text]: [string, string]) => [field, text.length > (MOST[field] ?? 0) ? '' : text])) as R

/** The fields of the record that do not count, with their limits. */
export const uncounted = (record: object): ReadonlyArray<readonly [field: string, limit: number]> =>
  Object.entries(record).flatMap(([field, text]: [string, string]) => (text.length > (MOST[field] ?? 0) ? [[field, MOST[field] ?? 0] as const] : []))

/** The record as it is kept: that of a repository has a canonical knot, or none (D6). */
const written = (config: Config, event: CommitReceived): Json => {
  if (event.record === null) return null
  if (event.collection !== REPO) return counted(event.record)
  const record = counted(event.record)
  return { ...record, knot: knotOf(config, record.knot) }
}

const knotOf = (config: Config, knot: string): string | null => O.toNullable(canonicalHost(config.hosts)(knot))

const account = (model: Model, event: AccountReceived): void => {
  const known = model.accounts.get(event.did)
  if (known === undefined || event.timeUs < known.asOfUs) return
  if (known.horizonUs !== null && event.timeUs <= known.horizonUs) return
  const { active, at, changedUs, seq, status, timeUs } = event
  const last = known.setAside
  const isRepeat = !active && last !== null && changedUs === last.changedUs && seq === last.seq
  if (isRepeat && last.isOver) return
  known.asOfUs = Math.max(known.asOfUs, believed(timeUs, at))
  known.active = active
  if (active) {
    if (last !== null && changedUs !== null && changedUs > last.changedUs) known.setAside = { ...last, isOver: true }
    return
  }
  known.setAside = changedUs === null || seq === null ? null : { changedUs, isOver: false, seq }
  const happenedUs = Math.min(changedUs ?? timeUs, timeUs, at)
  if (status !== 'deleted' || isRepeat || (known.floor !== null && happenedUs <= known.floor.timeUs)) return
  if (known.horizonUs !== null && happenedUs <= known.horizonUs) return
  const revs = [known.floor?.rev ?? null, ...[...known.rows.values()].map((row) => row.rev)].filter((rev) => rev !== null).sort()
  known.floor = { rev: revs[revs.length - 1] ?? null, timeUs: happenedUs }
  known.rows.clear()
}

const isRepo = (record: Json): record is { readonly knot: string | null } =>
  typeof record === 'object' && record !== null && 'knot' in record

/** A changed configuration: the knots are read again by what is allowed now. */
const started = (model: Model, config: Config): void => {
  const samePolicy = canonical({ ...model.config.hosts }) === canonical({ ...config.hosts })
  model.config = config
  // Where strangers are known, too, nobody has a horizon, and nobody is known for nothing.
  if (!isSelective(config))
    for (const [did, account] of [...model.accounts])
      if (account.rows.size === 0 && account.floor === null) model.accounts.delete(did)
      else model.accounts.set(did, { ...account, horizonUs: null })
  settle(model)
  if (isSelective(config)) admit(model, config.owner)
  if (samePolicy) return
  for (const { rows } of model.accounts.values())
    for (const [key, row] of rows)
      if (isRepo(row.record)) rows.set(key, { ...row, record: { ...row.record, knot: knotOf(config, row.record.knot ?? '') } })
}

const noteStamp = (model: Model, timeUs: number, at: number): void => {
  if (timeUs <= at + FUTURE_US) model.cursor = Math.max(model.cursor ?? 0, timeUs)
}

/** What `event` does to the rows. The caller sees to it that it came over the connection that is there. */
export const apply = (model: Model, event: Event): void => {
  if ('timeUs' in event && event.timeUs !== null) noteStamp(model, event.timeUs, event.at)
  switch (event._tag) {
    case 'CommitReceived':
      commit(model, event)
      if (event.did === model.config.owner) settle(model)
      return
    case 'AccountReceived':
      account(model, event)
      if (event.did === model.config.owner) settle(model)
      return
    case 'StreamAdvanced':
      noteStamp(model, event.lastUs, event.at)
      return
    case 'Started':
      started(model, event.config)
      return
    default:
  }
}

/** The rows in the written form of the state's accounts. */
export const modelText = (model: Model): string => {
  const slots = (rows: Account['rows'], collection: Collection): Json =>
    [...rows]
      .filter(([key]) => key.startsWith(`${collection}/`))
      .map(([key, row]) => [key.slice(collection.length + 1), { ...row }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  return canonical(
    [...model.accounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([did, { active, asOfUs, floor, horizonUs, rows, setAside }]) => [
        did,
        {
          active,
          asOfUs,
          collaborators: slots(rows, COLLABORATOR),
          floor: floor === null ? null : { ...floor },
          horizonUs,
          members: slots(rows, MEMBER),
          repos: slots(rows, REPO),
          setAside: setAside === null ? null : { ...setAside }
        }
      ])
  )
}

// ---------------------------------------------------------------------------------------- what rows mean

type Accounts = ReadonlyArray<readonly [Did, Commits.Account]>
type Policy = Pick<Config, 'admission' | 'hostname' | 'owner'>

/** How many live records of the owner make each subject a member, by reading all of them. */
export const membersIn = (accounts: Accounts, { hostname, owner }: Policy): ReadonlyMap<string, number> => {
  const members = new Map<string, number>()
  for (const [did, account] of accounts)
    if (did === owner && account.active)
      for (const [, { record }] of M.toEntries(account.members))
        if (record !== null && record.instance === hostname && record.subject !== '')
          members.set(record.subject, (members.get(record.subject) ?? 0) + 1)
  return members
}

/** Which knots are wanted, and by which records (`<did>/<rkey>`), by reading all rows; both ascending. */
export const wantedIn = (accounts: Accounts, policy: Policy): ReadonlyArray<readonly [string, ReadonlyArray<string>]> => {
  const members = membersIn(accounts, policy)
  const wanted = new Map<string, Array<string>>()
  for (const [did, account] of accounts) {
    const isAdmitted = policy.admission === 'open' || did === policy.owner || members.has(did)
    if (!account.active || !isAdmitted) continue
    for (const [rkey, { record }] of M.toEntries(account.repos))
      if (record !== null && record.spindle === policy.hostname && record.knot !== null)
        wanted.set(record.knot, [...(wanted.get(record.knot) ?? []), `${did}/${rkey}`])
  }
  return [...wanted].map(([host, holders]) => [host, holders.sort()] as const).sort(([a], [b]) => (a < b ? -1 : 1))
}
