/**
 * Host names that were once accepted as names of knots, and no longer are: those with a label `xn--…` that encodes no text (behaviour F5). Stores of
 * numbers 1 and 2 may contain them. On reading, rows lose such a knot, and its subscriptions, runs, statuses and events in the journal are dropped.
 * No other invalid name was ever written, so any other one is damage, and is refused.
 *
 * Numbers of connections and requests are assigned in sequence, so without these events the rest of the journal carries later numbers than would be
 * assigned now (former-rules.ts).
 */
import { HostName } from '../../core/index.js'

type Fields = { readonly [field: string]: unknown }

const fieldsOf = (u: unknown): Fields => (typeof u === 'object' && u !== null ? { ...u } : {})

const listOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

const ENCODED = /(?:^|\.)xn--/

/** Whether this is such a name. */
const isFormer = (name: unknown): boolean => typeof name === 'string' && ENCODED.test(name) && !HostName.is(name)

/** A list of `[name or key, value]` without the entries of such knots. A key is a name, a slash, and more. */
const withoutFormer = (list: unknown): ReadonlyArray<unknown> =>
  listOf(list).filter((entry) => {
    const [key] = listOf(entry)
    return !(typeof key === 'string' && isFormer(key.split('/')[0]))
  })

/** The account; its rows lose such knots. */
const accountWithout = (account: unknown): unknown => {
  const { repos, ...others } = fieldsOf(account)
  const rows = listOf(repos).map((entry) => {
    const [rkey, slot] = listOf(entry)
    const { record, ...gate } = fieldsOf(slot)
    return isFormer(fieldsOf(record)['knot']) ? [rkey, { ...gate, record: { ...fieldsOf(record), knot: null } }] : entry
  })
  return { ...others, repos: rows }
}

/**
 * Whether an event of a journal, or a report, is about such a knot, its connections, its triggers or its builds. (The text that a report quotes from
 * a record does not count.)
 */
export const tellsOfFormerKnot = (event: unknown): boolean => {
  const { _tag, build, host, knot, timer } = fieldsOf(event)
  if (_tag === 'KnotRefused') return false
  const waited = fieldsOf(timer)
  return [host, knot, fieldsOf(build)['knot'], waited['host'], waited['knot'], fieldsOf(waited['build'])['knot']].some(isFormer)
}

export interface SnapshotParts {
  readonly accounts: ReadonlyArray<unknown>
  readonly head: unknown
  readonly runs: ReadonlyArray<unknown>
  readonly statuses: ReadonlyArray<unknown>
}

/** A snapshot of number 2 without such knots. */
export const withoutFormerKnots = ({ accounts, head: written, runs, statuses }: SnapshotParts): SnapshotParts => {
  const head = fieldsOf(written)
  const [builds, counters, knots] = [fieldsOf(head['builds']), fieldsOf(head['counters']), fieldsOf(head['knots'])]
  return {
    accounts: accounts.map((entry) => {
      const [did, account] = listOf(entry)
      return [did, accountWithout(account)]
    }),
    head: {
      ...head,
      builds: { ...builds, sources: withoutFormer(builds['sources']) },
      counters: { ...counters, recent: listOf(counters['recent']).filter((report) => !tellsOfFormerKnot(report)) },
      knots: { ...knots, subscriptions: withoutFormer(knots['subscriptions']) }
    },
    runs: withoutFormer(runs),
    statuses: statuses.filter((status) => !isFormer(fieldsOf(fieldsOf(status)['build'])['knot']))
  }
}
