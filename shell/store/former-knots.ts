/**
 * Names that were taken for those of knots once, and are none any more: labels `xn--…` that stand for no text (behaviour F5). Stores of
 * numbers 1 and 2 may hold them. They are read as no knot: rows stay without one, subscriptions, runs and statuses there go, and
 * so does what the journal tells of there. Any other name that is none was never written, and is refused like all that is damaged.
 *
 * Connections and requests are numbered as they come: what the journal tells of others bears later numbers than are given out now
 * (former-rules.ts).
 */
import { HostName } from '../../core/index.js'

type Fields = { readonly [field: string]: unknown }

const fieldsOf = (u: unknown): Fields => (typeof u === 'object' && u !== null ? { ...u } : {})

const listOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

const ENCODED = /(?:^|\.)xn--/

/** Whether this is such a name. */
const isFormer = (name: unknown): boolean => typeof name === 'string' && ENCODED.test(name) && !HostName.is(name)

/** Lists of `[name or key, value]` without those whose name is one; a key is a name, a slash, and more. */
const withoutFormer = (list: unknown): ReadonlyArray<unknown> =>
  listOf(list).filter((entry) => {
    const [key] = listOf(entry)
    return !(typeof key === 'string' && isFormer(key.split('/')[0]))
  })

/** An account, its rows without such knots. */
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
 * Whether an event of a journal, or a report, tells of such a knot, its connections, its triggers or its builds. (What a report repeats of
 * a record is any text.)
 */
export const tellsOfFormerKnot = (event: unknown): boolean => {
  const { _tag, build, host, knot, timer } = fieldsOf(event)
  if (_tag === 'KnotRefused') return false
  const waited = fieldsOf(timer)
  return [host, knot, fieldsOf(build)['knot'], waited['host'], waited['knot'], fieldsOf(waited['build'])['knot']].some(isFormer)
}

export interface Parts {
  readonly accounts: ReadonlyArray<unknown>
  readonly head: unknown
  readonly runs: ReadonlyArray<unknown>
  readonly statuses: ReadonlyArray<unknown>
}

/** A snapshot of number 2 without them. */
export const withoutFormerKnots = ({ accounts, head: written, runs, statuses }: Parts): Parts => {
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
