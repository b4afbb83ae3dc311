/** BACKFILL: what holds of what is read from accounts' own servers. The words are in laws.md. */
import { COLLABORATOR, type Collection, type Did, type Effect, isMember, MEMBER, OrderedMap as M, REPO, type State } from '../../../core/index.js'
import { all, because, equal, every, type Laws } from './law.js'
import { accountOf, configured, type Run } from './run.js'

/** What the accounts' own servers hold at the end, as `<collection> <rkey> <mark>`, ascending. */
export interface Settled {
  readonly end: State
  readonly run: Run
  readonly servers: ReadonlyMap<Did, ReadonlyArray<string>>
}

/** The live rows of an account, in the same words. */
export const rowsOf = (state: State, did: Did): ReadonlyArray<string> => {
  const account = accountOf(state, did)
  if (account === undefined) return []
  const said = (collection: Collection, rkey: string, mark: string | undefined): ReadonlyArray<string> =>
    mark === undefined ? [] : [`${collection} ${rkey} ${mark}`]
  return [
    ...M.toEntries(account.collaborators).flatMap(([rkey, { record }]) => said(COLLABORATOR, rkey, record?.subject)),
    ...M.toEntries(account.members).flatMap(([rkey, { record }]) => said(MEMBER, rkey, record?.subject)),
    ...M.toEntries(account.repos).flatMap(([rkey, { record }]) => said(REPO, rkey, record?.name))
  ].sort()
}

const reads = (effects: ReadonlyArray<Effect>) => effects.flatMap((effect) => (effect._tag === 'ReadRecords' ? [effect] : []))

export const BACKFILL = {
  'BACKFILL-1': ({ end, servers }: Settled) =>
    all(
      because(M.isEmpty(end.backfill.accounts), () => 'something is still being read'),
      every(servers, ([did, rows]) => equal(did, rowsOf(end, did), rows))
    ),

  'BACKFILL-2': (run: Run) =>
    configured(run, ({ after, effects }, { backfill, owner }) =>
      every(reads(effects), ({ did }) => because(backfill && (did === owner || isMember(did)(after)), () => `${did} is read`))
    ),

  'BACKFILL-3': (run: Run) => {
    const last = new Map<Did, number>()
    return every(run.steps, ({ after, before, effects, event }) => {
      for (const { did, number } of reads(effects)) last.set(did, number)
      return all(
        every(M.toEntries(after.backfill.accounts), ([did, { request: { number, phase } }]) =>
          because(after.isStopped || phase !== 'Asked' || number === last.get(did), () => `${did}: ${String(number)} was never asked for`)
        ),
        because(
          event._tag !== 'RecordsRead' || event.number === last.get(event.did) || after === before || reads(effects).some(({ did }) => did === event.did),
          () => 'a page that nobody waited for was taken'
        )
      )
    })
  }
} satisfies Laws
