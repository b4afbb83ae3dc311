/**
 * Builds: from a trigger that both gates let through to a status that never changes again.
 *
 * A run is what one trigger comes to; it has one build for each workflow that applies. What is asked of the world (read the workflow
 * files, start, find, cancel) stands in the state until the world has answered, so that a crash can take nothing away and double
 * nothing: after a restart, a build whose start was asked for is looked for before it is started again (T5).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { Plan, Repository, Status } from './build.js'
import { type Config, BuildPolicy, Natural } from './config.js'
import { HostName, HostPolicy } from './data/host-name.js'
import { Nanos, Rkey, TimeUs, WorkflowName } from './data/identifiers.js'
import { orderedMap } from './data/ordered-map-codec.js'
import * as M from './data/ordered-map.js'
import { StatusEntry } from './effect.js'
import { Cause, WorkflowSource } from './trigger.js'

// ---------------------------------------------------------------------------------------- model

/** What is asked of the provider about a build, and under which number. */
export const BuildPhase = t.union(
  [
    /** It is asked to start it. */
    t.readonly(t.strict({ _tag: t.literal('Starting'), number: Natural })),
    /** It is asked whether it has it: it may have been started. */
    t.readonly(t.strict({ _tag: t.literal('Finding'), number: Natural })),
    /** A pause, and then it is asked whether it has it. */
    t.readonly(t.strict({ _tag: t.literal('Pausing'), number: Natural })),
    /** It has it. */
    t.readonly(t.strict({ _tag: t.literal('Following'), external: t.string })),
    /** It is asked to end it. */
    t.readonly(t.strict({ _tag: t.literal('Cancelling'), external: t.string, number: Natural })),
    /** A pause, and then it is asked again to end it. */
    t.readonly(t.strict({ _tag: t.literal('CancelPausing'), external: t.string, number: Natural })),
    /** Nothing is owed. `external` is `null` for a build that never reached its provider. */
    t.readonly(t.strict({ _tag: t.literal('Settled'), external: t.union([t.string, t.null]) }))
  ],
  'BuildPhase'
)
export type BuildPhase = t.TypeOf<typeof BuildPhase>

export const Build = t.readonly(
  t.strict({
    /** How many pauses there have been since the provider last answered. */
    attempt: Natural,
    /** The number of the timer that ends its time; the timers before it are void. */
    deadline: Natural,
    error: t.union([t.string, t.null]),
    exitCode: t.union([t.Int, t.null]),
    phase: BuildPhase,
    /** `null` for a workflow that never became one for a provider. */
    plan: t.union([Plan, t.null]),
    status: Status,
    /** When its status last changed: the key of its last entry in the log. */
    statusUs: TimeUs
  }),
  'Build'
)
export type Build = t.TypeOf<typeof Build>

/** Whether the workflow files are known yet. */
export const RunPhase = t.union(
  [
    t.readonly(t.strict({ _tag: t.literal('Reading'), number: Natural, workflows: t.union([t.readonlyArray(WorkflowSource), t.null]) })),
    t.readonly(t.strict({ _tag: t.literal('ReadPausing'), number: Natural, workflows: t.union([t.readonlyArray(WorkflowSource), t.null]) })),
    t.readonly(t.strict({ _tag: t.literal('Read') }))
  ],
  'RunPhase'
)
export type RunPhase = t.TypeOf<typeof RunPhase>

export const Run = t.readonly(
  t.strict({
    /** How many pauses there have been. */
    attempt: Natural,
    /** By the names of their workflows. */
    builds: orderedMap(WorkflowName, Build),
    cause: Cause,
    defaultBranch: t.union([t.string, t.null]),
    phase: RunPhase,
    repository: Repository,
    /** The rkey of the trigger that this one repeats; `null` for one that came from the knot. */
    retryOf: t.union([Rkey, t.null]),
    /** When the trigger was created, as far as can be told. */
    stamp: Nanos
  }),
  'Run'
)
export type Run = t.TypeOf<typeof Run>

export interface RunKeyBrand {
  readonly RunKey: unique symbol
}

/** `<knot>/<rkey>` of a trigger: a host has no slash, so no two triggers share a name. */
export const RunKey = t.brand(t.string, (s): s is t.Branded<string, RunKeyBrand> => /^[^/]+\/[^/]+$/.test(s), 'RunKey')
export type RunKey = t.TypeOf<typeof RunKey>

/** `createdUs` with 16 digits: as text in the order of time. */
export type LogKey = string

const Settings = t.readonly(t.strict({ hostname: t.string, hosts: HostPolicy, owner: t.string, policy: BuildPolicy }))

export interface BuildsState {
  /** By knot: triggers not later than this are forgotten, so a repeat of one could not be told. */
  readonly forgotten: M.OrderedMap<HostName, Nanos>
  /** The stamp of the last entry that was dropped; `null` while all are there. Readers below it start at it. */
  readonly floorUs: TimeUs | null
  /** The stamp of the newest entry there ever was. */
  readonly lastUs: TimeUs
  /** The log of statuses that Tangled reads, oldest first, at most `keepStatuses`. */
  readonly log: M.OrderedMap<LogKey, StatusEntry>
  /** The number of the next request or timer. */
  readonly next: Natural
  readonly runs: M.OrderedMap<RunKey, Run>
  readonly settings: t.TypeOf<typeof Settings>
  readonly stopped: boolean
}

export const initial = (config: Config): BuildsState => ({
  forgotten: M.empty(),
  floorUs: null,
  lastUs: 0 as TimeUs,
  log: M.empty(),
  next: 1 as Natural,
  runs: M.empty(),
  settings: { hostname: config.hostname, hosts: config.hosts, owner: config.owner, policy: config.builds },
  stopped: false
})

// ---------------------------------------------------------------------------------------- reading along

/** What follows a cursor. */
export interface Page {
  readonly entries: ReadonlyArray<StatusEntry>
  /** Whether entries between the cursor and the first of these are not kept any more. */
  readonly isBelowFloor: boolean
}

const logKey = (us: number): LogKey => String(us).padStart(16, '0')

/** The oldest entries created after `cursorUs`, at most `limit` (≥ 1): what a reader who has come so far gets next (STREAM). */
export const pageAfter = (state: BuildsState, cursorUs: TimeUs, limit: number): Page => {
  const entries: Array<StatusEntry> = []
  for (const [, entry] of M.entriesFrom(state.log, logKey(cursorUs + 1))) {
    if (entries.length === limit) break
    entries.push(entry)
  }
  return { entries, isBelowFloor: state.floorUs !== null && cursorUs < state.floorUs }
}

// ---------------------------------------------------------------------------------------- written form

/** One run with its key: the unit in which many are written and read. */
export const RunEntry = t.tuple([RunKey, Run], 'RunEntry')
export type RunEntry = t.TypeOf<typeof RunEntry>

/** The slice without runs and log: small, however many there are. */
export const WrittenBuilds = t.readonly(
  t.strict({
    floorUs: t.union([TimeUs, t.null]),
    forgotten: orderedMap(HostName, Nanos),
    lastUs: TimeUs,
    next: Natural,
    settings: Settings,
    stopped: t.boolean
  }),
  'Builds'
)
export type WrittenBuilds = t.TypeOf<typeof WrittenBuilds>

export const toWritten = ({ floorUs, forgotten, lastUs, next, settings, stopped }: BuildsState): WrittenBuilds => ({
  floorUs,
  forgotten,
  lastUs,
  next,
  settings,
  stopped
})

/** The slice of its parts. @returns `Left` with a sentence when they cannot come from one slice. */
export const fromWritten = (
  written: WrittenBuilds,
  runs: ReadonlyArray<RunEntry>,
  statuses: ReadonlyArray<StatusEntry>
): E.Either<string, BuildsState> =>
  pipe(
    M.fromSorted(runs),
    E.fromOption(() => 'the runs are not in ascending order of their keys'),
    E.chain((map) =>
      pipe(
        M.fromSorted(statuses.map((entry): readonly [LogKey, StatusEntry] => [logKey(entry.createdUs), entry])),
        E.fromOption(() => 'the statuses are not in the order of their stamps'),
        E.map((log) => ({ ...written, log, runs: map }))
      )
    )
  )
