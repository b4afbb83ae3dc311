/**
 * The data of the page: a view of the durable state, bounded however large that is, and limited to what is public anyway.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { Counters, type Did, excerpt, OrderedMap, Rkey, repoAt, type Report, type State } from '../../core/index.js'
import { sentenceOf } from '../lib/report-text.js'
import { summary } from '../lib/summaries.js'
import { VERSION } from '../lib/version.js'
import { type HttpReply, json, readByAll, text } from './http/responses.js'
import { active, buildsByStatus, buildsOfRun, handlesOf, ownersOf, pageOfBuilds, reading } from './shown-builds.js'
import type { Shown } from './shown.js'

/** The limit of entries of each kind. */
const SHOWN = { holders: 12, knots: 200, members: 200, repositories: 200 } as const

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

const holdsIn = summary<string, OrderedMap.OrderedMap<string, true>, number>({ of: (_, holders) => OrderedMap.size(holders), plus: (a, b) => a + b, zero: 0 })

// ---------------------------------------------------------------------------------------- what was noticed

/** A report, without a field that only says when or what kind. */
const reportView = (report: Report) => ({
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
  /** Left out of comparisons: it always differs. */
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
      repositories: holdsIn(state.knots.holders.root),
      runs: OrderedMap.size(state.builds.runs)
    },
    handles: handlesOf([state.config.owner, ...members, ...ownersOf([...builds, ...underway, ...read]), ...owners], names),
    hostname: state.config.hostname,
    isHealthy,
    isSaving,
    knots,
    members,
    next,
    noticed: state.counters.recent.map(reportView).reverse(),
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

/** How long an overview is reused even if the state changes. */
const FRESH_US = 250_000

/** Serves the overview, which is made and compressed once per requested state. */
export const createOverview = (
  durable: () => State,
  facts: () => Facts,
  names: Shown
): ((headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }) => HttpReply) => {
  let edition: Edition | null = null

  const current = (): Edition => {
    const state = durable()
    const now = facts()
    const version = names.version()
    const isSame = edition?.state === state && edition.version === version && edition.facts.isHealthy === now.isHealthy && edition.facts.isSaving === now.isSaving
    // During a replay, the state changes a hundred times a second.
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

/**
 * `GET /api/builds.json?before=…`: builds, page by page; without `before` the first of them. `GET /api/builds.json?knot=…&rkey=…`: the builds of that
 * run.
 */
export const answerBuilds = (state: State, query: URLSearchParams, names: Shown): HttpReply => {
  const [before, knot, rkey] = [query.get('before'), query.get('knot'), query.get('rkey')]
  if (knot !== null || rkey !== null)
    return knot !== null && rkey !== null && before === null
      ? json(200, buildsOfRun(state, knot, rkey, names), readByAll)
      : text(400, 'A run is named by "knot" and "rkey", and has no pages', readByAll)
  if (before === null) return json(200, pageOfBuilds(state, Infinity, names), readByAll)
  return TIME.test(before) ? json(200, pageOfBuilds(state, Number(before), names), readByAll) : text(400, '"before" must be the "next" of the previous page', readByAll)
}
