/**
 * An index of the announcements of runs, by repository, kind of trigger and commit (T6).
 *
 * A run is identified by the stamp of its announcement, whatever key its knot gave it: no two entries of the log share
 * a stamp. Written as a TID, the stamp is the name of the pipeline.
 */
import { fromPairs, insertAt, type MultiMap, removeAt } from '../data/multimap.js'
import type { PipelineEntry } from '../effect.js'
import type { Repository } from '../model/build.js'
import { type Cause, type CauseKind, kindOfCause } from '../model/trigger.js'
import { shaOf } from './plan.js'
import type { LogKey } from './status-log.js'

/** The keys of announcements, by place: a repository and a kind of trigger, or a repository, a kind and a commit. */
export type PipelineIndex = MultiMap<string, LogKey>

/** The place of a repository's pipelines of one kind. Only the DID can have blanks, so no two places share a text. */
export const placeOf = (did: string, kind: CauseKind): string => `${did} ${kind}`

/** The place of those for one commit. */
export const placeAt = (did: string, kind: CauseKind, commit: string): string => `${placeOf(did, kind)} ${commit}`

/** The places of a pipeline. A repository without a DID has none: clients ask by DID. */
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
