/**
 * `tack inspect` shows what a store contains. It reads the files and takes no lock, so it works while `run` is running, and shows what a crash at
 * this moment would leave.
 */
import * as E from 'fp-ts/lib/Either.js'
import { Builds, COLLABORATOR, type Commits, type Did, holdersOf, MEMBER, OrderedMap as M, REPO, type Rkey, type State } from '../../core/index.js'
import { systemDisk } from '../store/disk.js'
import { readStore } from '../store/index.js'
import { adviceOn, hungEvent, lastHung } from '../store/steps.js'
import { storeTrouble } from './finding.js'
import { age, isOver, jsonText, table, when } from './text.js'

export interface Row {
  readonly collection: string
  readonly did: string
  readonly rkey: string
  /** Whether the row counts: `false` while its account is set aside. */
  readonly active: boolean
  /** `null` for a tombstone. */
  readonly record: { readonly [field: string]: string | null } | null
  readonly rev: string | null
  readonly timeUs: number
}

const rowsOf = (did: Did, account: Commits.Account): ReadonlyArray<Row> => {
  const rows = <R extends Row['record'] & object>(collection: string, slots: M.OrderedMap<Rkey, Commits.Slot<R>>): ReadonlyArray<Row> =>
    M.toEntries(slots).map(([rkey, slot]) => ({ collection, did, rkey, active: account.active, ...slot }))
  return [...rows(MEMBER, account.members), ...rows(REPO, account.repos), ...rows(COLLABORATOR, account.collaborators)]
}

/** The knot and the rkey of a run. */
const nameOf = (key: Builds.RunKey): { readonly knot: string; readonly rkey: string } => {
  const [knot, rkey] = Builds.splitKey(key)
  return { knot, rkey }
}

/** The attempts and the pause of the request in a phase. A phase without a request has neither. */
const askedIn = (phase: Builds.BuildPhase | Builds.RunPhase): { readonly attempt: number; readonly isPausing: boolean } =>
  'request' in phase ? { attempt: phase.request.attempt, isPausing: phase.request.phase === 'Pausing' } : { attempt: 0, isPausing: false }

/** All builds, the last changed first. Their plans are left out: they are long, and may be private. */
const buildsOf = ({ builds: { runs } }: State) =>
  M.toEntries(runs)
    .flatMap(([key, { builds, repository, retryOf }]) =>
      M.toEntries(builds).map(([workflow, { error, exitCode, phase, recipe, status, statusUs }]) => ({
        ...nameOf(key),
        workflow,
        repository: `${repository.owner}/${repository.name}`,
        status,
        statusUs,
        error,
        exitCode,
        provider: recipe?.provider ?? null,
        pipeline: recipe?.pipeline ?? null,
        /** The provider's name for the build; `null` while it is unknown whether the provider has it. */
        external: 'external' in phase ? phase.external : null,
        /** The pending request to the provider. */
        phase: phase._tag,
        ...askedIn(phase),
        retryOf
      }))
    )
    .sort((a, b) => b.statusUs - a.statusUs)

/** The runs whose workflow files are being read. */
const readingOf = ({ builds: { runs } }: State) =>
  M.toEntries(runs).flatMap(([key, { phase, repository, retryOf }]) =>
    phase._tag === 'Read' ? [] : [{ ...nameOf(key), repository: `${repository.owner}/${repository.name}`, phase: phase._tag, ...askedIn(phase), retryOf }]
  )

/** Everything worth showing of a state, as plain JSON. */
export const inspection = (state: State) => ({
  hostname: state.config.hostname,
  owner: state.config.owner,
  admission: state.config.admission,
  cursor: state.cursor.cursor,
  /** How far older events have been read again; `null` if none are being read again. */
  rereading: state.cursor.rereadUs,
  stream: state.isStopped ? 'stopped' : state.cursor.connection.phase._tag,
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
  builds: buildsOf(state),
  /** Triggers whose workflow files are being read. */
  reading: readingOf(state),
  /** The statuses that readers of `/events` get. Those up to `floorUs` have been removed. */
  statuses: { kept: M.size(state.builds.log), floorUs: state.builds.floorUs, lastUs: state.builds.lastUs === 0 ? null : state.builds.lastUs },
  /** Accounts whose records are being read from their own servers. */
  backfill: M.toEntries(state.backfill.accounts).map(([did, { collection, pages, request: { attempt, phase } }]) => ({ did, collection, pages, phase, attempt })),
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

type Inspected = ReturnType<typeof inspection>

const buildLine = (nowMs: number) => ({ error, knot, phase, provider, repository, rkey, status, statusUs, workflow }: Inspected['builds'][number]) => [
  status,
  age(nowMs - statusUs / 1000),
  knot,
  rkey,
  workflow,
  provider ?? '-',
  repository,
  error ?? (isOver(status) ? '' : phase)
]

const BUILD_HEADER = ['status', 'age', 'knot', 'rkey', 'workflow', 'provider', 'repository', 'what']

/** How many ended builds to show. */
const RECENT = 15

const recentOf = (over: ReadonlyArray<Inspected['builds'][number]>, nowMs: number): string =>
  over.length <= RECENT
    ? shortened(over, buildLine(nowMs), BUILD_HEADER)
    : `${table([BUILD_HEADER, ...over.slice(0, RECENT).map(buildLine(nowMs))])}  … and ${String(over.length - RECENT)} more; "tack builds" lists them\n`

/** The same as text. */
export const inspectionText = (path: string, state: State, nowMs: number): string => {
  const all = inspection(state)
  const over = all.builds.filter(({ status }) => isOver(status))
  const { floorUs, kept, lastUs } = all.statuses
  return [
    `store         ${path}`,
    `spindle       ${all.hostname}   owner ${all.owner}   admission ${all.admission}`,
    `cursor        ${when(all.cursor)}   frames ${String(all.frames)}`,
    ...(all.rereading === null ? [] : [`reading again ${when(all.rereading)}`]),
    `stream        ${all.stream}`,
    `statuses      ${String(kept)} kept, the last ${when(lastUs)}${floorUs === null ? '' : `, none up to ${when(floorUs)}`}`,
    '',
    'Subscribed knots, and who holds them',
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
    'Running builds',
    shortened(all.builds.filter(({ status }) => !isOver(status)), buildLine(nowMs), BUILD_HEADER),
    'Ended builds',
    recentOf(over, nowMs),
    'Triggers whose workflow files are being read',
    shortened(
      all.reading,
      ({ attempt, isPausing, knot, phase, repository, rkey }) => [knot, rkey, repository, isPausing ? `${phase}, pausing` : phase, String(attempt)],
      ['knot', 'rkey', 'repository', 'phase', 'attempt']
    ),
    'Accounts whose records are being read',
    shortened(
      all.backfill,
      ({ attempt, collection, did, pages, phase }) => [did, collection, String(pages), phase, String(attempt)],
      ['did', 'collection', 'pages', 'phase', 'attempt']
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

/** Prints what the store in `folder` contains. Returns the exit code. */
export const inspect = async (folder: string, asJson: boolean, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  // A copy of a store may lack the file. If it is unreadable, the next start reports that.
  const hung = await lastHung(systemDisk, folder).catch(() => null)
  // This comes first: reading a journal with a step that hangs would hang as well.
  if (hung !== null && !asJson) print(`step          tack is processing ${hungEvent(hung)}, or ended while it did; ${adviceOn(hung)}`)
  const read = await readStore(folder)()
  if (E.isLeft(read)) {
    complain(`error: ${storeTrouble(read.left, 'read')}`)
    return 1
  }
  const { state } = read.right
  print(asJson ? jsonText({ ...inspection(state), hung }) : inspectionText(folder, state, Date.now()))
  return 0
}
