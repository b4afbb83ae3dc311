/**
 * Builds as the page shows them: what is under way, what changed last, page by page, and what is being read. Plans, with their variables and steps, stay
 * here.
 */
import * as O from 'fp-ts/lib/Option.js'
import { Builds, excerpt, HostName, isFinal, OrderedMap, Rkey, type State, type Status, Tid, timeOfTid } from '../../core/index.js'
import { latestBelow, NO_SPAN, type Numbered, type Span, spanOf, summary, union } from '../lib/summaries.js'
import type { Shown } from './shown.js'

/** The limit of entries of each kind. */
const SHOWN = { builds: 100, reading: 50 } as const

/** The limit of an error's length, enough for most sentences. */
const ERROR_CHARS = 600

const upTo = (text: string, chars: number): string => (text.length <= chars ? text : `${text.slice(0, chars)}…`)

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
  /** When it began to run; `null` before that, or if the provider did not say. */
  readonly startedMs: number | null
  readonly status: string
  /** When the status last changed. */
  readonly statusMs: number
  /** When its trigger was created; `null` if unknown. */
  readonly triggeredMs: number | null
  /** Its address at the CI; `null` if it has none, or none is known. */
  readonly url: string | null
  readonly workflow: string
}

/** When the trigger was created, by its key; `null` when the key holds no time, or one in the future. */
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

/** The provider's name for it, once there is one. */
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

/** An index of the runs, so that a page of a hundred need not visit thousands. */
interface Seen {
  /** When unfinished builds last changed. */
  readonly active: Span
  /** When builds last changed. */
  readonly all: Span
  readonly counts: { readonly [status in Status]: number }
  /** How many are being read. */
  readonly reading: number
}

const NONE: Seen = { active: NO_SPAN, all: NO_SPAN, counts: { cancelled: 0, failed: 0, pending: 0, running: 0, success: 0, timeout: 0 }, reading: 0 }

const ofBuild = ({ status, statusUs }: Builds.Build): Seen => {
  const span = spanOf(statusUs)
  return { active: isFinal(status) ? NO_SPAN : span, all: span, counts: { ...NONE.counts, [status]: 1 }, reading: 0 }
}

const plus = (a: Seen, b: Seen): Seen => ({
  active: union(a.active, b.active),
  all: union(a.all, b.all),
  counts: {
    cancelled: a.counts.cancelled + b.counts.cancelled,
    failed: a.counts.failed + b.counts.failed,
    pending: a.counts.pending + b.counts.pending,
    running: a.counts.running + b.counts.running,
    success: a.counts.success + b.counts.success,
    timeout: a.counts.timeout + b.counts.timeout
  },
  reading: a.reading + b.reading
})

const isRead = ({ phase }: Builds.Run): boolean => phase._tag === 'Read'

const seenIn = summary<Builds.RunKey, Builds.Run, Seen>({
  of: (_, run) =>
    OrderedMap.reduceWithKey<string, Builds.Build, Seen>({ ...NONE, reading: isRead(run) ? 0 : 1 }, (__, seen, build) => plus(seen, ofBuild(build)))(run.builds),
  plus,
  zero: NONE
})

/** At most `limit` items. */
const firstOf = <A>(all: Iterable<A>, limit: number): ReadonlyArray<A> => {
  const found: Array<A> = []
  for (const one of all) {
    if (found.length === limit) break
    found.push(one)
  }
  return found
}

type Runs = State['builds']['runs']

const entriesIn = (key: Builds.RunKey, run: Builds.Run): ReadonlyArray<Numbered<Entry>> =>
  OrderedMap.toEntries(run.builds).map(([workflow, build]) => ({ at: build.statusUs, entry: [key, run, workflow, build] }))

const activeIn = (key: Builds.RunKey, run: Builds.Run): ReadonlyArray<Numbered<Entry>> =>
  entriesIn(key, run).filter(({ entry: [, , , { status }] }) => !isFinal(status))

/** Runs that are being read, in the order of their keys. */
function* readingIn(part: Runs['root']): Generator<readonly [Builds.RunKey, Builds.Run], void, undefined> {
  if (part === null || seenIn(part).reading === 0) return
  yield* readingIn(part.left)
  if (!isRead(part.value)) yield [part.key, part.value]
  yield* readingIn(part.right)
}

export interface BuildsPage {
  readonly builds: ReadonlyArray<ShownBuild>
  /** The handles of the owners of their repositories, as far as they are known, by DID. */
  readonly handles: { readonly [did: string]: string }
  /** Where the next page begins: what changed before this; `null` on the last page. */
  readonly next: number | null
}

/** The handles of accounts, as far as they are known. What is cut is no DID any more, and has none. */
export const handlesOf = (dids: Iterable<string>, { handleOf }: Shown): { readonly [did: string]: string } =>
  Object.fromEntries([...new Set(dids)].flatMap((did) => [handleOf(did)].flatMap((handle) => (handle === null ? [] : [[did, handle] as const]))))

export const ownersOf = (those: ReadonlyArray<{ readonly repository: { readonly owner: string } }>): ReadonlyArray<string> => those.map(({ repository }) => repository.owner)

/** Builds whose status changed before that time, in microseconds, the latest change first. */
export const pageOfBuilds = ({ builds: { runs } }: State, beforeUs: number, names: Shown): BuildsPage => {
  const found = latestBelow(runs, (part) => seenIn(part).all, entriesIn, beforeUs, SHOWN.builds + 1)
  const there = found.slice(0, SHOWN.builds)
  const builds = there.map(({ entry }) => shown(entry, names))
  return { builds, handles: handlesOf(ownersOf(builds), names), next: found.length > there.length ? (there.at(-1)?.at ?? null) : null }
}

/** The builds of one run, the latest change first; empty if there is no such run. */
export const buildsOfRun = ({ builds: { runs } }: State, knot: string, rkey: string, names: Shown): BuildsPage => {
  const key = HostName.is(knot) && Rkey.is(rkey) ? Builds.runKey(knot, rkey) : null
  const run = key === null ? O.none : OrderedMap.lookup(key)(runs)
  const entries = key === null || O.isNone(run) ? [] : [...entriesIn(key, run.value)].sort((a, b) => b.at - a.at)
  const builds = entries.map(({ entry }) => shown(entry, names))
  return { builds, handles: handlesOf(ownersOf(builds), names), next: null }
}

/** The number of builds by status. */
export const buildsByStatus = ({ builds: { runs } }: State): { readonly [status: string]: number } => seenIn(runs.root).counts

/** Everything under way; of many, the latest changes. */
export const active = ({ builds: { runs } }: State, names: Shown): ReadonlyArray<ShownBuild> =>
  latestBelow(runs, (part) => seenIn(part).active, activeIn, Infinity, SHOWN.builds).map(({ entry }) => shown(entry, names))

/** The triggers whose workflow files are being read. */
export const reading = ({ builds: { runs } }: State, nowUs: number) =>
  firstOf(readingIn(runs.root), SHOWN.reading).map(([key, run]) => {
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
