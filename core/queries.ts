/** Questions that the rows answer (S17). Pure functions of the state; what is set aside does not count. */
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Commits from './commits.js'
import type { HostName } from './data/host-name.js'
import type { Did, Rkey, TimeUs } from './data/identifiers.js'
import * as M from './data/ordered-map.js'
import type { Holder } from './knots.js'
import type { State } from './state.js'

/** Whether a live record of the owner, with our hostname as its instance, names `did` as its subject. */
export const isMember =
  (did: string) =>
  (state: State): boolean =>
    Commits.isMember(state.commits, did)

/** The live repo record at (did, rkey). */
export const repoAt =
  (did: Did, rkey: Rkey) =>
  (state: State): O.Option<Commits.Repo> =>
    Commits.liveRepo(state.commits, did, rkey)

/** The repo records that hold `host` through us, as `<did>/<rkey>`, ascending; empty when the knot is not wanted. */
export const holdersOf =
  (host: HostName) =>
  (state: State): ReadonlyArray<Holder> =>
    pipe(
      M.lookup(host)(state.knots.holders),
      O.match(() => [], M.keys)
    )

/** Whether any live, admitted repo record holds `host` through us. */
export const isWanted =
  (host: HostName) =>
  (state: State): boolean =>
    M.has(host)(state.knots.holders)

/** The knots that are wanted, ascending. */
export const wantedKnots = (state: State): ReadonlyArray<HostName> => M.keys(state.knots.holders)

/** How far the stream has been processed; `null` before the first frame. */
export const cursor = (state: State): TimeUs | null => state.cursor.cursor
