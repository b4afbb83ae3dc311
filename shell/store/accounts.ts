/**
 * Accounts in a snapshot: one line for each account, followed by one line for each of its rows, so that no line grows with how much somebody has
 * written.
 *
 *     ["did:plc:…",{"active":true,…}],
 *     ["repos","3mbd…",{"record":{…},"rev":"3mbd…","timeUs":1767225600000000}],
 */
import * as E from 'fp-ts/lib/Either.js'
import { AccountEntry, type Commits, type Did, OrderedMap } from '../../core/index.js'
import { decode } from './json.js'

/** The lists of an account's rows, in the order in which they are written. */
const LISTS = ['collaborators', 'members', 'repos'] as const
type List = (typeof LISTS)[number]

const textOf = (value: unknown): string => JSON.stringify(value)

/** The lines of an account, without the separators. Rows are plain JSON already; only maps need encoding. */
export function* linesOfAccount(did: Did, account: Commits.Account): Generator<string, void, undefined> {
  const { collaborators, members, repos, ...fields } = account
  yield textOf([did, fields])
  const rows = { collaborators, members, repos }
  for (const list of LISTS) for (const [rkey, slot] of OrderedMap.entriesFrom<string, unknown>(rows[list], '')) yield textOf([list, rkey, slot])
}

/** An account whose rows are still being read. */
interface Pending {
  readonly account: ReadonlyArray<unknown>
  readonly line: number
  readonly rows: { readonly [list in List]: Array<unknown> }
}

/** What is wrong, and in which line of the file. */
export interface Fault {
  readonly line: number
  readonly why: string
}

export interface AccountReader {
  /** Takes the value of the next line. @returns what is wrong with it, or with the account that it ends. */
  readonly take: (json: unknown, line: number) => E.Either<Fault, void>
  /** Ends the last account. @returns all accounts. */
  readonly end: () => E.Either<Fault, ReadonlyArray<AccountEntry>>
}

const isList = (u: unknown): u is List => LISTS.some((list) => list === u)

/** Assembles accounts from their lines. */
export const accountReader = (): AccountReader => {
  const accounts: Array<AccountEntry> = []
  let pending: Pending | null = null

  const finish = (): E.Either<Fault, void> => {
    if (pending === null) return E.right(undefined)
    const { account, line, rows } = pending
    pending = null
    const [did, fields] = account
    if (typeof fields === 'object' && fields !== null && LISTS.some((list) => list in fields))
      return E.left({ line, why: 'rows in the line of their account' })
    const entry = decode(AccountEntry, [did, typeof fields === 'object' ? { ...fields, ...rows } : fields])
    if (E.isLeft(entry)) return E.left({ line, why: entry.left })
    accounts.push(entry.right)
    return E.right(undefined)
  }

  return {
    take: (json, line) => {
      if (!Array.isArray(json)) return E.left({ line, why: 'neither an account nor a row' })
      const [list, rkey, slot, ...more] = json as ReadonlyArray<unknown>
      if (json.length === 2) {
        const finished = finish()
        pending = { account: json, line, rows: { collaborators: [], members: [], repos: [] } }
        return finished
      }
      if (slot === undefined || more.length > 0 || !isList(list)) return E.left({ line, why: 'neither an account nor a row' })
      if (pending === null) return E.left({ line, why: 'a row without its account' })
      pending.rows[list].push([rkey, slot])
      return E.right(undefined)
    },
    end: () => {
      const finished = finish()
      return E.isLeft(finished) ? finished : E.right(accounts)
    }
  }
}
