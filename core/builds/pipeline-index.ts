/**
 * Pipelines: what is announced of runs, found by repository, kind of trigger and commit without a look at the others
 * (T6).
 *
 * The stamp of its announcement tells a run from any other, whatever key its knot gave it: the log has each stamp once.
 * As a TID it is the name of the pipeline.
 */
import { fromPairs, insertAt, type MultiMap, removeAt } from '../data/multimap.js'
import type { PipelineEntry } from '../effect.js'
import type { Repository } from '../model/build.js'
import { type Cause, type CauseKind, kindOfCause } from '../model/trigger.js'
import { shaOf } from './plan.js'
import type { LogKey } from './status-log.js'

/** The keys of announcements in the log, by place: a repository's of one kind, and those of them of one commit. */
export type PipelineIndex = MultiMap<string, LogKey>

/** Where the pipelines of that kind are. Read from its end a place is of one repository, whatever its record says. */
export const placeOf = (did: string, kind: CauseKind): string => `${did} ${kind}`

/** Where those of them are that are of that commit. */
export const placeAt = (did: string, kind: CauseKind, commit: string): string => `${placeOf(did, kind)} ${commit}`

/** The places of a pipeline. A repository without a DID of its own has none: nobody can ask for it. */
export const placesOf = ({ did }: Repository, cause: Cause): ReadonlyArray<string> => {
  if (did === '') return []
  const kind = kindOfCause(cause)
  const commit = shaOf(cause)
  return commit === null ? [placeOf(did, kind)] : [placeOf(did, kind), placeAt(did, kind, commit)]
}

type Placed = Pick<PipelineEntry, 'cause' | 'repository'>

/** The index with an announcement. */
export const withPlaces = (index: PipelineIndex, key: LogKey, { cause, repository }: Placed): PipelineIndex =>
  placesOf(repository, cause).reduce((all, place) => insertAt(place, key)(all), index)

/** The index without it. */
export const withoutPlaces = (index: PipelineIndex, key: LogKey, { cause, repository }: Placed): PipelineIndex =>
  placesOf(repository, cause).reduce((all, place) => removeAt(place, key)(all), index)

/** The index of these announcements, whose keys rise. */
export const indexOf = (entries: ReadonlyArray<readonly [LogKey, Placed]>): PipelineIndex =>
  fromPairs(
    entries.flatMap(([key, { cause, repository }]) =>
      placesOf(repository, cause).map((place) => [place, key] as const)
    )
  )
