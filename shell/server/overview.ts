/**
 * What the page shows: a view of the durable state, bounded however large that is, without anything that is not public anyway. The
 * plans of builds, with their variables and steps, stay here.
 */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Builds, Counters, type Did, excerpt, OrderedMap, Rkey, repoAt, type Report, type State } from '../../core/index.js'
import { type Answer, json, readByAll, text } from './http.js'

/** How many of each kind are shown. */
const SHOWN = { builds: 100, holders: 12, knots: 200, members: 200, reading: 50, repositories: 200 } as const

// ---------------------------------------------------------------------------------------- builds

/** A build as the page shows it. Times are in milliseconds. */
export interface ShownBuild {
  readonly cause: string
  readonly error: string | null
  readonly exitCode: number | null
  readonly knot: string
  readonly pipeline: string | null
  readonly provider: string | null
  readonly ref: string | null
  readonly repository: { readonly name: string; readonly owner: string }
  readonly retryOf: string | null
  readonly rkey: string
  readonly sha: string | null
  /** When its trigger was created. */
  readonly stampMs: number
  readonly status: string
  readonly statusMs: number
  readonly workflow: string
}

const msOfNanos = (nanos: string): number => Number(nanos.slice(0, -6) || '0')

const causeOf = ({ cause }: Builds.Run): Pick<ShownBuild, 'cause' | 'ref' | 'sha'> => {
  switch (cause._tag) {
    case 'Push':
      return { cause: 'push', ref: cause.ref, sha: cause.newSha }
    case 'PullRequest':
      return { cause: 'pull request', ref: `${cause.sourceBranch} → ${cause.targetBranch}`, sha: cause.sourceSha }
    case 'Manual':
      return { cause: 'manual', ref: cause.ref, sha: cause.sha }
  }
}

const splitKey = (key: Builds.RunKey): { readonly knot: string; readonly rkey: string } => {
  const slash = key.indexOf('/')
  return { knot: key.slice(0, slash), rkey: key.slice(slash + 1) }
}

const shown = (key: Builds.RunKey, run: Builds.Run, workflow: string, build: Builds.Build): ShownBuild => ({
  ...causeOf(run),
  error: build.error,
  exitCode: build.exitCode,
  ...splitKey(key),
  pipeline: build.plan?.pipeline ?? null,
  provider: build.plan?.provider ?? null,
  repository: { name: run.repository.name, owner: run.repository.owner },
  retryOf: run.retryOf,
  stampMs: msOfNanos(run.stamp),
  status: build.status,
  statusMs: Math.floor(build.statusUs / 1000),
  workflow
})

const isOver = (status: string): boolean => status !== 'pending' && status !== 'running'

type Entry = readonly [Builds.RunKey, Builds.Run]

/** Stamps are digits without leading zeros: what is longer is later. */
const isNewer = ([aKey, a]: Entry, [bKey, b]: Entry): number =>
  b.stamp.length - a.stamp.length || (a.stamp < b.stamp ? 1 : a.stamp > b.stamp ? -1 : aKey < bKey ? 1 : -1)

/** The runs, newest first. The state never changes, so what has been sorted once stays so. */
const sortedRuns = new WeakMap<State['builds']['runs'], ReadonlyArray<Entry>>()

const newestFirst = ({ builds: { runs } }: State): ReadonlyArray<Entry> => {
  const known = sortedRuns.get(runs)
  if (known !== undefined) return known
  const sorted = [...OrderedMap.toEntries(runs)].sort(isNewer)
  sortedRuns.set(runs, sorted)
  return sorted
}

const buildsOf = ([key, run]: Entry): ReadonlyArray<ShownBuild> =>
  OrderedMap.toEntries(run.builds).map(([workflow, build]) => shown(key, run, workflow, build))

export interface BuildsPage {
  readonly builds: ReadonlyArray<ShownBuild>
  /** Where the next page begins; `null` when this was the last. */
  readonly next: string | null
}

/**
 * The newest builds, whole runs at a time, from the run of key `from` on; `null` when there is no such run any more.
 */
export const pageOfBuilds = (state: State, from: string | null): BuildsPage | null => {
  const runs = newestFirst(state)
  const start = from === null ? 0 : runs.findIndex(([key]) => key === from)
  if (start < 0) return null
  const builds: Array<ShownBuild> = []
  for (let i = start; i < runs.length; i++) {
    const entry = runs[i]
    if (entry === undefined) break
    if (builds.length >= SHOWN.builds) return { builds, next: entry[0] }
    builds.push(...buildsOf(entry).slice(0, SHOWN.builds))
  }
  return { builds, next: null }
}

/** How many builds stand how. */
const counted = new WeakMap<State['builds']['runs'], { readonly [status: string]: number }>()

export const buildsByStatus = ({ builds: { runs } }: State): { readonly [status: string]: number } => {
  const known = counted.get(runs)
  if (known !== undefined) return known
  const counts = { cancelled: 0, failed: 0, pending: 0, running: 0, success: 0, timeout: 0 }
  for (const [, run] of OrderedMap.entriesFrom(runs, '')) for (const [, build] of OrderedMap.entriesFrom(run.builds, '')) counts[build.status]++
  counted.set(runs, counts)
  return counts
}

/** All that is under way, newest first; of many, the newest. */
const active = (state: State): ReadonlyArray<ShownBuild> => {
  const { pending = 0, running = 0 } = buildsByStatus(state)
  if (pending + running === 0) return []
  const found: Array<ShownBuild> = []
  for (const entry of newestFirst(state)) {
    found.push(...buildsOf(entry).filter(({ status }) => !isOver(status)))
    if (found.length >= Math.min(SHOWN.builds, pending + running)) break
  }
  return found.slice(0, SHOWN.builds)
}

/** The triggers whose workflow files are being read. */
const reading = (state: State) =>
  newestFirst(state)
    .slice(0, SHOWN.builds)
    .filter(([, { phase }]) => phase._tag !== 'Read')
    .slice(0, SHOWN.reading)
    .map(([key, run]) => ({
      ...causeOf(run),
      ...splitKey(key),
      repository: { name: run.repository.name, owner: run.repository.owner },
      retryOf: run.retryOf,
      stampMs: msOfNanos(run.stamp)
    }))

// ---------------------------------------------------------------------------------------- knots and rows

/** The first `count` entries. */
const first = <K extends string, A>(map: OrderedMap.OrderedMap<K, A>, count: number): ReadonlyArray<readonly [K, A]> => {
  const entries: Array<readonly [K, A]> = []
  for (const entry of OrderedMap.entriesFrom(map, '')) {
    if (entries.length === count) break
    entries.push(entry)
  }
  return entries
}

const repositoryOf = (state: State, holder: string) => {
  const slash = holder.indexOf('/')
  const owner = holder.slice(0, slash) as Did // as the name of a holder is made
  const rkey = holder.slice(slash + 1)
  const name = Rkey.is(rkey)
    ? pipe(
        repoAt(owner, rkey)(state),
        O.match(
          () => '',
          (repo) => repo.name
        )
      )
    : ''
  // Since names went out of records, the key is the name.
  return { name: name === '' ? rkey : name, owner, rkey }
}

const knotsOf = (state: State) =>
  first(state.knots.holders, SHOWN.knots).map(([host, holders]) => ({
    holders: first(holders, SHOWN.holders).map(([holder]) => repositoryOf(state, holder)),
    holding: OrderedMap.size(holders),
    host,
    ...pipe(
      OrderedMap.lookup(host)(state.knots.subscriptions),
      O.match(
        () => ({ attempt: 0, phase: 'Idle', sinceMs: null as number | null }),
        ({ connection: { attempt, phase } }) => ({
          attempt,
          phase: phase._tag,
          sinceMs: phase._tag === 'Open' ? Math.floor(phase.openedAt / 1000) : null
        })
      )
    )
  }))

const repositoriesOf = (state: State) => {
  const found: Array<ReturnType<typeof repositoryOf> & { readonly knot: string }> = []
  for (const [host, holders] of OrderedMap.entriesFrom(state.knots.holders, '')) {
    for (const [holder] of first(holders, SHOWN.repositories - found.length)) found.push({ knot: host, ...repositoryOf(state, holder) })
    if (found.length >= SHOWN.repositories) break
  }
  return found
}

const countHolds = (state: State): number => OrderedMap.reduceWithKey<string, OrderedMap.OrderedMap<string, true>, number>(0, (_, sum, those) => sum + OrderedMap.size(those))(state.knots.holders)

// ---------------------------------------------------------------------------------------- what was noticed

/** A report, without a field that only says when or what kind. */
const told = (report: Report) => ({
  about: Object.entries(report)
    .filter(([name]) => name !== '_tag' && name !== 'at' && name !== 'reason')
    .map(([name, value]) => [name, excerpt(typeof value === 'object' && value !== null ? Object.values(value).map(String).join('/') : String(value))]),
  atMs: Math.floor(report.at / 1000),
  kind: Counters.kindOf(report)
})

// ---------------------------------------------------------------------------------------- all of it

export interface Facts {
  readonly isHealthy: boolean
  readonly isSaving: boolean
}

export const overviewOf = (state: State, { isHealthy, isSaving }: Facts) => {
  const { connection, cursor } = state.cursor
  const { builds, next } = pageOfBuilds(state, null) ?? { builds: [], next: null }
  return {
    active: active(state),
    admission: state.commits.policy.admission,
    builds,
    counts: {
      builds: buildsByStatus(state),
      knots: OrderedMap.size(state.knots.holders),
      members: OrderedMap.size(state.commits.members),
      repositories: countHolds(state),
      runs: OrderedMap.size(state.builds.runs)
    },
    hostname: state.commits.policy.hostname,
    isHealthy,
    isSaving,
    knots: knotsOf(state),
    members: first(state.commits.members, SHOWN.members).map(([did]) => did),
    next,
    noticed: state.counters.recent.map(told).reverse(),
    owner: state.commits.policy.owner,
    reading: reading(state),
    repositories: repositoriesOf(state),
    stream: {
      attempt: connection.attempt,
      cursorMs: cursor === null ? null : Math.floor(cursor / 1000),
      frames: state.counters.frames,
      phase: connection.phase._tag,
      sinceMs: connection.phase._tag === 'Open' ? Math.floor(connection.phase.openedAt / 1000) : null
    }
  }
}

interface Edition {
  readonly body: Buffer
  readonly facts: Facts
  readonly state: State
  readonly tag: string
  zipped: Buffer | null
}

/** Answers whoever asks for the overview. It is made, and packed, once for each state that somebody asks about. */
export const createOverview = (durable: () => State, facts: () => Facts): ((headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }) => Answer) => {
  let edition: Edition | null = null

  const current = (): Edition => {
    const state = durable()
    const now = facts()
    if (edition?.state === state && edition.facts.isHealthy === now.isHealthy && edition.facts.isSaving === now.isSaving) return edition
    const body = Buffer.from(JSON.stringify(overviewOf(state, now)))
    edition = { body, facts: now, state, tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, zipped: null }
    return edition
  }

  return (headers) => {
    const made = current()
    const shared = { ...readByAll, 'cache-control': 'no-cache', etag: made.tag, vary: 'accept-encoding' }
    if (headers['if-none-match'] === made.tag) return { headers: shared, status: 304 }
    const type = { 'content-type': 'application/json; charset=utf-8' }
    if (!String(headers['accept-encoding'] ?? '').includes('gzip')) return { body: made.body, headers: { ...shared, ...type }, status: 200 }
    made.zipped ??= gzipSync(made.body, { level: 4 })
    return { body: made.zipped, headers: { ...shared, ...type, 'content-encoding': 'gzip' }, status: 200 }
  }
}

/** `GET /api/builds.json?from=…`: what follows the builds of the overview, page by page. */
export const answerBuilds = (state: State, query: URLSearchParams): Answer => {
  const page = pageOfBuilds(state, query.get('from'))
  return page === null ? text(404, 'there is no such run, or none any more: begin again without "from"', readByAll) : json(200, page, readByAll)
}
