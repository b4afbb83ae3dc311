/**
 * The written form of runs and builds, without what is derived.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { type Rkey, TimeUs } from '../data/identifiers.js'
import { insertAt } from '../data/multimap.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import type { StatusEntry } from '../effect.js'
import { type BuildsState, initial, Run, RunKey, Source, TokenKey } from './model.js'
import { indexOf } from './pipeline-index.js'
import { keptWith, unitsOfRun } from './quota.js'
import { pushKey, pushThatBegan, splitKey } from './runs.js'
import { type LogKey, logKey } from './status-log.js'
import { announcementOf } from './statuses.js'
import { waitingWith } from './waiting.js'

/** One run with its key. Many runs are written and read entry by entry. */
export const RunEntry = t.tuple([RunKey, Run], 'RunEntry')

export type RunEntry = t.TypeOf<typeof RunEntry>

/** The slice without runs and log, so it stays small. */
export const WrittenBuilds = t.readonly(
  t.strict({
    floorUs: t.union([TimeUs, t.null]),
    lastUs: TimeUs,
    mistaken: t.readonlyArray(t.string),
    next: Natural,
    sources: orderedMap(HostName, Source),
    tokens: orderedMap(TokenKey, TimeUs),
    tokensUs: TimeUs
  }),
  'Builds'
)

export type WrittenBuilds = t.TypeOf<typeof WrittenBuilds>

export const toWritten = ({
  floorUs,
  lastUs,
  mistaken,
  next,
  sources,
  tokens,
  tokensUs
}: BuildsState): WrittenBuilds => ({
  floorUs,
  lastUs,
  mistaken,
  next,
  sources,
  tokens,
  tokensUs
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
        E.filterOrElse(
          () => statuses.every(({ createdUs }) => createdUs <= written.lastUs),
          () => 'a status is later than the last'
        ),
        E.filterOrElse(
          () => runs.every(([, run]) => numbersOf(run).every((number) => number < written.next)),
          () => 'a request has a number that was never issued'
        ),
        E.bindTo('log'),
        E.bind('announcements', ({ log }) => announcementsOf(runs, log, written.lastUs)),
        E.map(({ announcements, log }) => ({
          ...written,
          announcements,
          kept: runs.reduce(withUnits, initial.kept),
          log,
          pipelines: indexOf(M.toEntries(announcements)),
          pushes: runs.reduce(withPush, M.empty<string, M.OrderedMap<Rkey, true>>()),
          runs: map,
          waiting: runs.reduce(withWaiting, initial.waiting)
        })),
        E.filterOrElse(
          ({ sources }) =>
            M.toEntries(sources).every(([, { leaving }]) => leaving === null || leaving.number < written.next),
          () => 'a timer of a knot has a number that was never issued'
        )
      )
    )
  )

/** The announcements of all runs. @returns `Left` with a sentence when their stamps cannot come from one log. */
const announcementsOf = (
  runs: ReadonlyArray<RunEntry>,
  log: BuildsState['log'],
  lastUs: TimeUs
): E.Either<string, BuildsState['announcements']> => {
  const entries = runs.flatMap(([key, run]) =>
    run.announced === null
      ? []
      : [[logKey(run.announced.createdUs), announcementOf(...splitKey(key), run, run.announced)] as const]
  )
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return pipe(
    M.fromSorted(sorted),
    E.fromOption(() => 'two runs are announced with one stamp'),
    E.filterOrElse(
      (map) => M.keys(map).every((key) => !M.has(key)(log)),
      () => 'a run is announced with the stamp of a status'
    ),
    E.filterOrElse(
      () => entries.every(([, { createdUs }]) => createdUs <= lastUs),
      () => 'a run is announced later than the last status'
    )
  )
}

const withPush = (pushes: BuildsState['pushes'], [key, run]: RunEntry): BuildsState['pushes'] => {
  const [knot, rkey] = splitKey(key)
  const push = pushThatBegan(run)
  return push === null ? pushes : insertAt(pushKey(knot, push), rkey)(pushes)
}

const withUnits = (kept: BuildsState['kept'], [key, run]: RunEntry): BuildsState['kept'] =>
  keptWith(kept, splitKey(key)[0], run, unitsOfRun(run))

const withWaiting = (waiting: BuildsState['waiting'], [key, run]: RunEntry): BuildsState['waiting'] =>
  waitingWith(waiting, ...splitKey(key), run)

const numbersOf = ({ builds, phase }: Run): ReadonlyArray<number> => [
  ...('number' in phase ? [phase.number] : []),
  ...('request' in phase ? [phase.request.number] : []),
  ...M.toEntries(builds).flatMap(([, build]) => [
    build.deadline,
    ...('request' in build.phase ? [build.phase.request.number] : [])
  ])
]
