/**
 * Builds as the page shows them: what is under way, what changed last, page by page, and what is being read. Plans, with their variables and steps, stay
 * here.
 */
import { Builds, excerpt, isFinal, OrderedMap, type State, type Status, Tid, timeOfTid } from '../../core/index.js'
import { placeIn } from '../lib/place.js'
import type { Shown } from './shown.js'

/** The limit of entries of each kind. */
const SHOWN = { builds: 100, reading: 50 } as const

/** The limit of an error's length: as a rule all of what the author of a workflow is told. */
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
export const handlesOf = (dids: Iterable<string>, { handleOf }: Shown): { readonly [did: string]: string } =>
  Object.fromEntries([...new Set(dids)].flatMap((did) => [handleOf(did)].flatMap((handle) => (handle === null ? [] : [[did, handle] as const]))))

export const ownersOf = (those: ReadonlyArray<{ readonly repository: { readonly owner: string } }>): ReadonlyArray<string> => those.map(({ repository }) => repository.owner)

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
export const active = ({ builds: { runs } }: State, names: Shown): ReadonlyArray<ShownBuild> =>
  look(runs)
    .active.slice(0, SHOWN.builds)
    .map((entry) => shown(entry, names))

/** The triggers whose workflow files are being read. */
export const reading = ({ builds: { runs } }: State, nowUs: number) =>
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
