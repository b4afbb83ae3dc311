/**
 * The state of access.
 */
import * as t from 'io-ts'
import { Request } from '../base/request.js'
import type { Transition } from '../base/transition.js'
import type { ClaimChanged, CommitsState } from '../commits/index.js'
import type { Config } from '../config.js'
import type { HostName } from '../data/host-name.js'
import { type Did, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'
import type { Tally } from '../data/tally.js'
import type { Effect } from '../effect.js'
import type { CollaboratorTold } from '../knots/index.js'
import { Access } from '../model/access.js'

/** What is known of a repository on a knot, and the state of its request. */
export const Entry = t.readonly(
  t.strict({
    /** `null`: not known, so nothing is granted. */
    access: t.union([Access, t.null]),
    /** When the last request that was answered was sent; `null` if none was answered. */
    asOfUs: t.union([TimeUs, t.null]),
    /** Whether the knot has reported a change since it was asked: the answer may be older. */
    isOutdated: t.boolean,
    /** The request for the list. A pause follows every answer and every failure. */
    request: Request
  }),
  'AccessEntry'
)
export type Entry = t.TypeOf<typeof Entry>

export interface RepositoryKeyBrand {
  readonly RepositoryKey: unique symbol
}

/**
 * A repository on a knot: `<knot>/<DID>`, or `<knot>/` for all repositories of the knot that have no DID. A host has no
 * slash, so no two share a name.
 */
export const RepositoryKey = t.brand(
  t.string,
  (s): s is t.Branded<string, RepositoryKeyBrand> => /^[^/]+\/(?:did:[^/]+)?$/.test(s),
  'RepositoryKey'
)
export type RepositoryKey = t.TypeOf<typeof RepositoryKey>

/** The name of a repository on a knot. */
export const repositoryKey = (knot: HostName, repo: string): RepositoryKey => `${knot}/${repo}` as RepositoryKey

/** The parts of a name. */
export const splitName = (key: RepositoryKey): readonly [HostName, string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash) as HostName, key.slice(slash + 1)]
}

/** The slice. */
export interface AccessState {
  /** Derived: who claims each repository, and with how many records. */
  readonly claimants: M.OrderedMap<RepositoryKey, Tally<Did>>
  /** Derived: the number of collaborators on all lists. */
  readonly collaborators: number
  readonly entries: M.OrderedMap<RepositoryKey, Entry>
  /** Derived: the number of collaborators on the lists of each account. */
  readonly listed: Tally<Did>
  /** Derived: how many entries of each knot say that it keeps lists. */
  readonly listing: Tally<HostName>
  /** The number of the next request or pause. */
  readonly next: Natural
  /** Derived: for each account, how many of the repositories that it claims have entries. */
  readonly ofAccounts: Tally<Did>
}

/** The initial state. */
export const initial: AccessState = {
  claimants: M.empty(),
  collaborators: 0,
  entries: M.empty(),
  listed: M.empty(),
  listing: M.empty(),
  next: 1 as Natural,
  ofAccounts: M.empty()
}

/** The reducer's other arguments. */
export interface AccessGiven {
  /** The repositories that records have begun or ceased to claim in this step. */
  readonly claims: ReadonlyArray<ClaimChanged>
  /** The rows after the event: accounts that the owner's records name have higher limits than strangers. */
  readonly commits: Pick<CommitsState, 'named'>
  readonly config: Config
  readonly isStopped: boolean
  /** What knots have reported in this step. */
  readonly told: ReadonlyArray<CollaboratorTold>
}

/** A knot no longer says that a repository is its former owner's: builds for them end. */
export interface AccessLost {
  readonly _tag: 'AccessLost'
  readonly knot: HostName
  readonly repo: string
}

/** The outcomes of a step: effects, and repositories that are no longer their former owners'. */
export type AccessOutcome = AccessLost | Effect

export type AccessStep = Transition<AccessState, AccessOutcome>

/** The written form of the slice. */
export const WrittenAccess = t.readonly(
  t.strict({ entries: orderedMap(RepositoryKey, Entry), next: Natural }),
  'AccessEntries'
)
export type WrittenAccess = t.TypeOf<typeof WrittenAccess>
