/**
 * Events of requests: which request an event is about, and that one has failed. Answers are declared with what they
 * answer.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { Did, Rkey, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { BuildName } from '../model/build.js'

/** What a request is about. At most one request is open about each; its number identifies it. */
export const Requested = t.union(
  [
    /** The next page of an account's records. */
    t.readonly(t.strict({ _tag: t.literal('Records'), did: Did })),
    /** Who may push to a repository on a knot; `""` stands for all repositories that have no DID. */
    t.readonly(t.strict({ _tag: t.literal('Access'), knot: HostName, repo: t.string })),
    /** The workflow files of a trigger. */
    t.readonly(t.strict({ _tag: t.literal('Workflows'), knot: HostName, rkey: Rkey })),
    /** Whether a build was started, exists, or was cancelled. */
    t.readonly(t.strict({ _tag: t.literal('Build'), build: BuildName }))
  ],
  'Requested'
)

export type Requested = t.TypeOf<typeof Requested>

/** A request failed: there was no answer, an invalid one, or a refusal. */
export const RequestFailed = t.readonly(
  t.strict({
    _tag: t.literal('RequestFailed'),
    at: TimeUs,
    error: t.string,
    /**
     * Whether it is useless to ask again: the commit does not exist, or the provider refuses the build and has started
     * nothing. If it is not final, the request may have been carried out all the same.
     */
    isFinal: t.boolean,
    number: Natural,
    requested: Requested,
    /** How long the server wants us to wait. */
    waitMs: Natural
  }),
  'RequestFailed'
)

export type RequestFailed = t.TypeOf<typeof RequestFailed>
