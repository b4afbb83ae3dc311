/**
 * The data of the page: a view of the durable state, bounded however large that is, with nothing that is not public anyway. The plans of builds,
 * with their variables and steps, stay here.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Builds, Counters, type Did, excerpt, isFinal, OrderedMap, Rkey, repoAt, type Report, type State, type Status, Tid, timeOfTid } from '../../core/index.js'
import { placeIn } from '../lib/place.js'
import { sentenceOf } from '../lib/report-text.js'
import { VERSION } from '../lib/version.js'
import { type Answer, json, readByAll, text } from './responses.js'
import type { Shown } from './shown.js'

/** The limit of entries of each kind. */
const SHOWN = { builds: 100, holders: 12, knots: 200, members: 200, reading: 50, repositories: 200 } as const

/** The limit of an error's length: as a rule all of what the author of a workflow is told. */
const ERROR_CHARS = 600

const upTo = (text: string, chars: number): string => (text.length <= chars ? text : `${text.slice(0, chars)}…`)

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
  /** When it began to run; `null` before, and where nobody said so. */
  readonly startedMs: number | null
  readonly status: string
  /** When the status last changed. */
  readonly statusMs: number
  /** When its trigger was created; `null` if unknown. */
  readonly triggeredMs: number | null
  /** Where its CI shows it; `null` where it does not, or it is not known. */
  readonly url: string | null
  readonly workflow: string
}

/** When the trigger was created, by its key; `null` when the key holds no time, or one still to come. */
const triggeredMs = (rkey: string, nowUs: number): number | null => (Tid.is(rkey) && timeOfTid(rkey) <= nowUs ? Math.floor(timeOfTid(rkey) / 1000) : null)

const causeOf = ({ cause }: Builds.Run): Pick<ShownBuild, 'cause' | 'ref' | 'sha'> => {
  switch (cause._tag) {
    case 'Push':
      return { cause: 'push', ref: excerpt(cause.ref), sha: cause.newSha }
    case 'PullRequest':
      return { cause: 'pull request', ref: `${excerpt(cause.sourceBranch)} → ${excerpt(cause.targetBranch)}`, sha: cause.sourceSha }
    case 'Manual':
      return { cause: 'manual', ref: cause.ref === null ? null : excerpt(cause.ref), sha: cause.sha }
  }
}

const repositoryIn = ({ repository: { name, owner } }: Builds.Run): ShownBuild['repository'] => ({ name: excerpt(name), owner: excerpt(owner) })

/** What the provider calls it, once it has it. */
const externalOf = ({ phase }: Builds.Build): string | null => ('external' in phase ? phase.external : null)

const shown = ([key, run, workflow, build]: Entry, { pageOf }: Shown): ShownBuild => {
  const [knot, rkey] = Builds.splitKey(key)
  const external = externalOf(build)
  return {
    ...causeOf(run),
    error: build.error === null ? null : upTo(build.error, ERROR_CHARS),
    exitCode: build.exitCode,
    knot,
    pipeline: build.recipe === null ? null : excerpt(build.recipe.pipeline),
    provider: build.recipe === null ? null : excerpt(build.recipe.provider),
    repository: repositoryIn(run),
    retryOf: run.retryOf,
    rkey,
    startedMs: build.startedUs === null ? null : Math.floor(build.startedUs / 1000),
    status: build.status,
    statusMs: Math.floor(build.statusUs / 1000),
    triggeredMs: triggeredMs(rkey, build.statusUs),
    url: build.recipe === null || external === null ? null : pageOf(build.recipe.provider, external),
    workflow
  }
}

type Entry = readonly [Builds.RunKey, Builds.Run, string, Builds.Build]

/** The result of a pass over all runs. States are immutable, so it can be cached. */
interface Seen {
  /** Running builds, the latest change first: no two changed at one time. */
  readonly active: ReadonlyArray<Entry>
  readonly counts: { readonly [status in Status]: number }
  readonly reading: ReadonlyArray<readonly [Builds.RunKey, Builds.Run]>
  /** When the status of each build changed last, ascending. */
  readonly times: ReadonlyArray<number>
}

type Runs = State['builds']['runs']

/** Calls `look` with every build: some thousands, so nothing is made of them that is not needed. */
const eachBuild = (runs: Runs, look: (key: Builds.RunKey, run: Builds.Run, workflow: string, build: Builds.Build) => void): void =>
  OrderedMap.reduceWithKey<Builds.RunKey, Builds.Run, undefined>(undefined, (key, _, run) =>
    OrderedMap.reduceWithKey<string, Builds.Build, undefined>(undefined, (workflow, __, build) => {
      look(key, run, workflow, build)
      return undefined
    })(run.builds)
  )(runs)

const newestFirst = (entries: Array<Entry>): ReadonlyArray<Entry> => entries.sort(([, , , a], [, , , b]) => b.statusUs - a.statusUs)

const lookedAt = new WeakMap<Runs, Seen>()

const look = (runs: Runs): Seen => {
  const known = lookedAt.get(runs)
  if (known !== undefined) return known
  const counts = { cancelled: 0, failed: 0, pending: 0, running: 0, success: 0, timeout: 0 }
  const active: Array<Entry> = []
  const times: Array<number> = []
  eachBuild(runs, (key, run, workflow, build) => {
    counts[build.status]++
    times.push(build.statusUs)
    if (!isFinal(build.status)) active.push([key, run, workflow, build])
  })
  const reading = OrderedMap.reduceWithKey<Builds.RunKey, Builds.Run, Array<readonly [Builds.RunKey, Builds.Run]>>([], (key, all, run) => {
    if (run.phase._tag !== 'Read') all.push([key, run])
    return all
  })(runs)
  const seen = { active: newestFirst(active), counts, reading, times: [...Float64Array.from(times).sort()] }
  lookedAt.set(runs, seen)
  return seen
}

export interface BuildsPage {
  readonly builds: ReadonlyArray<ShownBuild>
  /** The handles of the owners of their repositories, as far as they are known, by DID. */
  readonly handles: { readonly [did: string]: string }
  /** Where the next page begins: what changed before this; `null` on the last page. */
  readonly next: number | null
}

/** The handles of accounts, as far as they are known. What is cut is no DID any more, and has none. */
const handlesOf = (dids: Iterable<string>, { handleOf }: Shown): { readonly [did: string]: string } =>
  Object.fromEntries([...new Set(dids)].flatMap((did) => [handleOf(did)].flatMap((handle) => (handle === null ? [] : [[did, handle] as const]))))

const ownersOf = (those: ReadonlyArray<{ readonly repository: { readonly owner: string } }>): ReadonlyArray<string> => those.map(({ repository }) => repository.owner)

/** Builds whose status changed before that time, in microseconds, the latest change first. */
export const pageOfBuilds = ({ builds: { runs } }: State, beforeUs: number, names: Shown): BuildsPage => {
  const { times } = look(runs)
  const end = placeIn(times, (time) => time < beforeUs)
  const start = Math.max(0, end - SHOWN.builds)
  const firstUs = times[start] ?? Infinity
  const found: Array<Entry> = []
  eachBuild(runs, (key, run, workflow, build) => {
    if (build.statusUs >= firstUs && build.statusUs < beforeUs) found.push([key, run, workflow, build])
  })
  const builds = newestFirst(found).map((entry) => shown(entry, names))
  return { builds, handles: handlesOf(ownersOf(builds), names), next: start === 0 ? null : firstUs }
}

/** The number of builds by status. */
export const buildsByStatus = ({ builds: { runs } }: State): { readonly [status: string]: number } => look(runs).counts

/** Everything under way; of many, the latest changes. */
const active = ({ builds: { runs } }: State, names: Shown): ReadonlyArray<ShownBuild> =>
  look(runs)
    .active.slice(0, SHOWN.builds)
    .map((entry) => shown(entry, names))

/** The triggers whose workflow files are being read. */
const reading = ({ builds: { runs } }: State, nowUs: number) =>
  look(runs)
    .reading.slice(0, SHOWN.reading)
    .map(([key, run]) => {
      const [knot, rkey] = Builds.splitKey(key)
      return {
        ...causeOf(run),
        knot,
        repository: repositoryIn(run),
        retryOf: run.retryOf,
        rkey,
        triggeredMs: triggeredMs(rkey, nowUs)
      }
    })

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
  return { name: excerpt(name === '' ? rkey : name), owner: excerpt(owner), rkey: excerpt(rkey) }
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

const countHolds = (state: State): number =>
  OrderedMap.reduceWithKey<string, OrderedMap.OrderedMap<string, true>, number>(0, (_, sum, those) => sum + OrderedMap.size(those))(state.knots.holders)

// ---------------------------------------------------------------------------------------- what was noticed

/** A report, without a field that only says when or what kind. */
const told = (report: Report) => ({
  about: Object.entries(report)
    .filter(([name]) => name !== '_tag' && name !== 'at' && name !== 'reason')
    .map(([name, value]: readonly [string, unknown]) => [
      name,
      excerpt(typeof value === 'object' && value !== null ? Object.values(value).map(String).join('/') : String(value))
    ]),
  atMs: Math.floor(report.at / 1000),
  kind: Counters.kindOf(report),
  sentence: asSentence(sentenceOf(report))
})

const asSentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`

// ---------------------------------------------------------------------------------------- all of it

export interface Facts {
  /** Not compared: always different. */
  readonly nowUs: number
  readonly isHealthy: boolean
  readonly isSaving: boolean
}

export const overviewOf = (state: State, { isHealthy, isSaving, nowUs }: Facts, names: Shown) => {
  const { connection, cursor } = state.cursor
  const { builds, next } = pageOfBuilds(state, Infinity, names)
  const underway = active(state, names)
  const knots = knotsOf(state)
  const members = first(state.commits.members, SHOWN.members).map(([did]) => excerpt(did))
  const read = reading(state, nowUs)
  const repositories = repositoriesOf(state)
  const owners = [...repositories, ...knots.flatMap(({ holders }) => holders)].map(({ owner }) => owner)
  return {
    active: underway,
    admission: state.config.admission,
    builds,
    counts: {
      builds: buildsByStatus(state),
      knots: OrderedMap.size(state.knots.holders),
      members: OrderedMap.size(state.commits.members),
      repositories: countHolds(state),
      runs: OrderedMap.size(state.builds.runs)
    },
    handles: handlesOf([state.config.owner, ...members, ...ownersOf([...builds, ...underway, ...read]), ...owners], names),
    hostname: state.config.hostname,
    isHealthy,
    isSaving,
    knots,
    members,
    next,
    noticed: state.counters.recent.map(told).reverse(),
    owner: state.config.owner,
    reading: read,
    repositories,
    stream: {
      attempt: connection.attempt,
      cursorMs: cursor === null ? null : Math.floor(cursor / 1000),
      frames: state.counters.frames,
      phase: connection.phase._tag,
      sinceMs: connection.phase._tag === 'Open' ? Math.floor(connection.phase.openedAt / 1000) : null
    },
    version: VERSION
  }
}

interface Edition {
  readonly body: Buffer
  readonly facts: Facts
  readonly state: State
  readonly tag: string
  readonly version: number
  zipped: Buffer | null
}

/** How long an overview is reused, whatever happens. */
const FRESH_US = 250_000

/** Serves the overview. It is made, and compressed, once for each state that is requested. */
export const createOverview = (
  durable: () => State,
  facts: () => Facts,
  names: Shown
): ((headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }) => Answer) => {
  let edition: Edition | null = null

  const current = (): Edition => {
    const state = durable()
    const now = facts()
    const version = names.version()
    const isSame = edition?.state === state && edition.version === version && edition.facts.isHealthy === now.isHealthy && edition.facts.isSaving === now.isSaving
    // During a replay, a hundred batches a second each make another state.
    if (edition !== null && (isSame || now.nowUs - edition.facts.nowUs < FRESH_US)) return edition
    const body = Buffer.from(JSON.stringify(overviewOf(state, now, names)))
    edition = { body, facts: now, state, tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, version, zipped: null }
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

const TIME = /^[0-9]{1,16}$/

/** `GET /api/builds.json?before=…`: builds, page by page; without `before` the first of them. */
export const answerBuilds = (state: State, query: URLSearchParams, names: Shown): Answer => {
  const before = query.get('before')
  if (before === null) return json(200, pageOfBuilds(state, Infinity, names), readByAll)
  return TIME.test(before) ? json(200, pageOfBuilds(state, Number(before), names), readByAll) : text(400, '"before" must be the "next" of the previous page', readByAll)
}
