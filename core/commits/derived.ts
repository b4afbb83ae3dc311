/**
 * What is derived from the rows: the members, and the repositories by their own DIDs.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Config } from '../config.js'
import { ascending } from '../data/ascending.js'
import { Did, type Rkey } from '../data/identifiers.js'
import { insertAt, removeAt } from '../data/multimap.js'
import * as M from '../data/ordered-map.js'
import { addAt, type Tally } from '../data/tally.js'
import type { Member } from '../event.js'
import { type Account, NOBODY, type Repo, sizeOf, type Slot, type Slots } from './account.js'
import { isMember, isOurs } from './admission.js'
import { type CommitsState, holder, type MemberChanged, type Rows } from './model.js'

/** The subject that the owner's record makes a member; `""` if it makes none. */
export const subjectOf = (config: Config, record: Member | null): string =>
  record !== null && record.instance === config.hostname ? record.subject : ''

/** Counts one record more, or one less, that names `subject`. An empty subject is not counted. */
export const count =
  (subject: string, by: 1 | -1) =>
  (members: Tally<string>): Tally<string> =>
    subject === '' ? members : addAt(members, subject, by)

/** The subjects that the owner's rows name. */
export const namedBy = (config: Config, accounts: CommitsState['accounts']): CommitsState['named'] =>
  pipe(
    M.lookup(config.owner)(accounts),
    O.match(
      () => M.empty<string, number>(),
      (owner) =>
        M.reduceWithKey<Rkey, Slot<Member>, CommitsState['members']>(M.empty(), (_, members, slot) =>
          count(subjectOf(config, slot.record), 1)(members)
        )(owner.members)
    )
  )

/** The members: all subjects that are named, or none while the owner's account is set aside. */
export const membersOf = (
  config: Config,
  accounts: CommitsState['accounts'],
  named: CommitsState['named']
): CommitsState['members'] =>
  pipe(
    M.lookup(config.owner)(accounts),
    O.match(
      () => M.empty(),
      (owner) => (owner.active ? named : M.empty())
    )
  )

/** The subjects that are DIDs, without duplicates, ascending: the order in which changes to them come out. */
export const didsOf = (subjects: ReadonlyArray<string>): ReadonlyArray<Did> =>
  ascending(subjects.filter(Did.is))

/** Which of these subjects have become members, and which no longer are. */
export const membersChanged = (
  before: Rows,
  after: Rows,
  subjects: ReadonlyArray<Did>
): ReadonlyArray<MemberChanged> =>
  subjects.flatMap((did): ReadonlyArray<MemberChanged> => {
    const is = isMember(after, did)
    return is === isMember(before, did) ? [] : [{ _tag: is ? 'Admitted' : 'Dismissed', did }]
  })

/**
 * The DID that a row gives its repository; `""` if it gives none or does not name us. Only rows that name us are ever
 * looked up by DID.
 */
export const repoDidOf = (config: Config, row: Repo | null): string =>
  row !== null && row.spindle === config.hostname ? row.repoDid : ''

/** The index after the row at a key, which gave `old`, gives `now`. */
export const reindex = (
  index: CommitsState['repoDids'],
  did: Did,
  rkey: Rkey,
  old: string,
  now: string
): CommitsState['repoDids'] => {
  if (old === now) return index
  const name = holder(did, rkey)
  const without = old === '' ? index : removeAt(old, name)(index)
  return now === '' ? without : insertAt(now, name)(without)
}

/** The index after the rows of an account have changed from `old` to `now`. */
export const reindexAll = (
  index: CommitsState['repoDids'],
  config: Config,
  did: Did,
  old: Slots<Repo>,
  now: Slots<Repo>
): CommitsState['repoDids'] => {
  if (old === now) return index
  const without = M.reduceWithKey<Rkey, Slot<Repo>, CommitsState['repoDids']>(index, (rkey, acc, { record }) =>
    reindex(acc, did, rkey, repoDidOf(config, record), '')
  )(old)
  return M.reduceWithKey<Rkey, Slot<Repo>, CommitsState['repoDids']>(without, (rkey, acc, { record }) =>
    reindex(acc, did, rkey, '', repoDidOf(config, record))
  )(now)
}

/** These rows with everything derived from them. Linear in the number of rows. */
export const derive = (config: Config, accounts: CommitsState['accounts']): CommitsState => {
  const named = namedBy(config, accounts)
  return {
    accounts,
    members: membersOf(config, accounts, named),
    named,
    repoDids: M.reduceWithKey<Did, Account, CommitsState['repoDids']>(M.empty(), (did, index, { repos }) =>
      reindexAll(index, config, did, NOBODY.repos, repos)
    )(accounts),
    strangerKeys: M.reduceWithKey<Did, Account, number>(0, (did, n, account) =>
      isOurs(config, { named }, did) ? n : n + sizeOf(account)
    )(accounts)
  }
}
