/**
 * Events of readings: what an account's own server lists, and who may push to a repository.
 */
import * as t from 'io-ts'
import { HostName } from '../data/host-name.js'
import { COLLABORATOR, Collection, Did, MEMBER, REPO, Rkey, TimeUs } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { Access } from '../model/access.js'
import { Collaborator, Member, RepoRecord } from '../model/record.js'

const listed = <C extends string, R extends t.Mixed>(collection: C, record: R) =>
  t.readonly(t.strict({ collection: t.literal(collection), record, rkey: Rkey }))

/** A record as the account's own server lists it. */
export const ListedRecord = t.union(
  [listed(MEMBER, Member), listed(REPO, RepoRecord), listed(COLLABORATOR, Collaborator)],
  'ListedRecord'
)

export type ListedRecord = t.TypeOf<typeof ListedRecord>

/** A page of an account's records came from its own server. */
export const RecordsRead = t.readonly(
  t.strict({
    _tag: t.literal('RecordsRead'),
    at: TimeUs,
    collection: Collection,
    did: Did,
    /** The server's cursor for the next page of this collection; `null` if this was the last. */
    next: t.union([t.string, t.null]),
    number: Natural,
    records: t.readonlyArray(ListedRecord)
  }),
  'RecordsRead'
)

export type RecordsRead = t.TypeOf<typeof RecordsRead>

/** A knot, and the DID document of the repository, have said who may push to it. */
export const AccessRead = t.readonly(
  t.strict({
    _tag: t.literal('AccessRead'),
    access: Access,
    at: TimeUs,
    knot: HostName,
    number: Natural,
    /** The repository's own DID; `""` for all repositories of the knot that have none. */
    repo: t.string
  }),
  'AccessRead'
)

export type AccessRead = t.TypeOf<typeof AccessRead>
