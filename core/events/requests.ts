/**
 * Events of requests: which one an event is about, and that one has failed. What an answer says is with what was asked.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { Did, Rkey, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { BuildName } from '../model/build.js'

/** What a request is about. There is at most one about each: its number tells which. */
export const Requested = t.union(
  [
    /** The next page of an account's records. */
    t.readonly(t.strict({ _tag: t.literal('Records'), did: Did })),
    /** Who may push to a repository on a knot; `""` stands for all that have no DID. */
    t.readonly(t.strict({ _tag: t.literal('Access'), knot: HostName, repo: t.string })),
    /** The workflow files of a trigger. */
    t.readonly(t.strict({ _tag: t.literal('Workflows'), knot: HostName, rkey: Rkey })),
    /** That a build is started, found or cancelled. */
    t.readonly(t.strict({ _tag: t.literal('Build'), build: BuildName }))
  ],
  'Requested'
)

export type Requested = t.TypeOf<typeof Requested>

/** What was asked for was not given: nobody answered, or what came was no answer, or a no. */
export const RequestFailed = t.readonly(
  t.strict({
    _tag: t.literal('RequestFailed'),
    at: TimeUs,
    error: t.string,
    /**
     * Whether it is no use to ask again: the commit is not there, or the provider will not take the build on, and has
     * started nothing. Where it is not, what was asked for may have been done all the same.
     */
    isFinal: t.boolean,
    number: Natural,
    requested: Requested,
    /** How long whoever was asked wants us to wait. */
    waitMs: Natural
  }),
  'RequestFailed'
)

export type RequestFailed = t.TypeOf<typeof RequestFailed>
