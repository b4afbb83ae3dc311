/**
 * `tack inspect`: what a store holds. It reads the files and takes no lock, so it works while `run` is running, and what it shows
 * is what a crash at this moment would leave.
 */
import * as E from 'fp-ts/lib/Either.js'
import { COLLABORATOR, type Commits, type Did, holdersOf, MEMBER, OrderedMap as M, REPO, type Rkey, type State } from '../../core/index.js'
import { readStore } from '../store.js'
import { table, when } from './text.js'

export interface Row {
  readonly collection: string
  readonly did: string
  readonly rkey: string
  /** Whether it counts: `false` while its account is set aside. */
  readonly active: boolean
  /** `null`: a tombstone. */
  readonly record: { readonly [field: string]: string | null } | null
  readonly rev: string | null
  readonly timeUs: number
}

const rowsOf = (did: Did, account: Commits.Account): ReadonlyArray<Row> => {
  const rows = <R extends Row['record'] & object>(collection: string, slots: M.OrderedMap<Rkey, Commits.Slot<R>>): ReadonlyArray<Row> =>
    M.toEntries(slots).map(([rkey, slot]) => ({ collection, did, rkey, active: account.active, ...slot }))
  return [...rows(MEMBER, account.members), ...rows(REPO, account.repos), ...rows(COLLABORATOR, account.collaborators)]
}

/** Everything there is to show about a state, as plain JSON. */
export const inspection = (state: State) => ({
  hostname: state.commits.policy.hostname,
  owner: state.commits.policy.owner,
  admission: state.commits.policy.admission,
  cursor: state.cursor.cursor,
  /** How far the reading of older events has come, while they are read again. */
  rereading: state.cursor.rereadUs,
  stream: state.cursor.stopped ? 'stopped' : state.cursor.connection.phase._tag,
  frames: state.counters.frames,
  members: M.keys(state.commits.members),
  subscriptions: M.toEntries(state.knots.subscriptions).map(([host, { connection, cursor }]) => ({
    knot: host,
    phase: connection.phase._tag,
    cursor,
    holders: holdersOf(host)(state)
  })),
  accounts: M.toEntries(state.commits.accounts).map(([did, { active, asOfUs, floor }]) => ({ did, active, asOfUs, floor })),
  rows: M.toEntries(state.commits.accounts).flatMap(([did, account]) => rowsOf(did, account)),
  reports: Object.fromEntries(M.toEntries(state.counters.reports)),
  recent: state.counters.recent
})

const SHOWN = 40

const details = (row: Row): string =>
  row.record === null
    ? 'deleted'
    : Object.entries(row.record)
        .filter(([field, value]) => field !== 'createdAt' && value !== '' && value !== null)
        .map(([field, value]) => `${field}=${value ?? ''}`)
        .join(' ')

const shortened = <A>(items: ReadonlyArray<A>, line: (item: A) => ReadonlyArray<string>, header: ReadonlyArray<string>): string =>
  items.length === 0
    ? '  none\n'
    : table([header, ...items.slice(0, SHOWN).map(line)]) +
      (items.length > SHOWN ? `  … and ${String(items.length - SHOWN)} more; --json shows all\n` : '')

/** The same for a reader. */
export const readable = (path: string, state: State): string => {
  const all = inspection(state)
  return [
    `store         ${path}`,
    `spindle       ${all.hostname}   owner ${all.owner}   admission ${all.admission}`,
    `cursor        ${when(all.cursor)}   frames ${String(all.frames)}`,
    ...(all.rereading === null ? [] : [`reading again ${when(all.rereading)}`]),
    `stream        ${all.stream}`,
    '',
    'Knots we listen to, and who holds them',
    shortened(
      all.subscriptions,
      ({ knot, phase, cursor, holders }) => [
        knot,
        phase,
        cursor ?? '-',
        holders.slice(0, 3).join('  ') + (holders.length > 3 ? `  +${String(holders.length - 3)}` : '')
      ],
      ['knot', 'connection', 'cursor', 'held by']
    ),
    'Members',
    shortened(all.members, (member) => [member], ['did']),
    'Rows',
    shortened(
      all.rows,
      (row) => [row.collection, row.did, row.rkey, row.record === null ? '-' : row.active ? 'counts' : 'set aside', details(row)],
      ['collection', 'did', 'rkey', 'state', 'record']
    ),
    'Reports',
    shortened(Object.entries(all.reports), ([kind, n]) => [kind, String(n)], ['kind', 'count']),
    'Last reports',
    shortened(
      all.recent.slice(-10),
      ({ _tag, at, ...rest }) => [
        when(at),
        _tag,
        Object.entries(rest)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => `${name}=${String(value)}`)
          .join(' ')
      ],
      ['at', 'kind', 'what']
    )
  ].join('\n')
}

/** Prints what the store at `folder` holds. Returns the exit code. */
export const inspect = async (folder: string, asJson: boolean, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const read = await readStore(folder)()
  if (E.isLeft(read)) {
    complain(`${read.left.path}: ${read.left.message}`)
    return 1
  }
  print(asJson ? JSON.stringify(inspection(read.right.state), null, 2) : readable(folder, read.right.state))
  return 0
}
